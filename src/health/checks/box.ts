/** The box itself: settings, process. */
import { type Check, type Checker, seconds } from './check.ts';

export const boxChecks: Checker = (snapshot) => [
  ...snapshot.warnings.map(
    ({ key, message }): Check => ({
      name: 'configuration:setting',
      componentId: key,
      componentType: 'component',
      observedValue: key,
      status: 'warn',
      output: message,
    }),
  ),
  {
    name: 'process:uptime',
    componentType: 'system',
    observedValue: seconds(snapshot.uptimeMs),
    observedUnit: 's',
    status: 'pass',
  },
  {
    name: 'process:memory',
    componentType: 'system',
    observedValue: snapshot.residentBytes,
    observedUnit: 'bytes',
    status: 'pass',
  },
];
