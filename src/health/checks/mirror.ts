/** The copy of the buffer on a second medium. Records are safe without it, so it never fails health. */
import { type Check, type Checker, seconds, span, verdict } from './check.ts';

/** It promises a second; a medium that is busy for a moment wakes nobody. */
const LATE_MS = 10_000;

export const mirrorChecks: Checker = ({ mirror, uptimeMs }) => {
  if (mirror === null) return [];
  const { fault, lagMs, lagRecords } = mirror;
  const lacks = lagRecords === null ? '' : ` and lacks ${lagRecords} records`;
  const late = `The copy on the second medium is ${span(lagMs)} behind${lacks}. It catches up by itself; if it does not, the medium is too slow or hangs.`;
  return [
    {
      name: 'mirror:lag',
      componentType: 'component',
      observedValue: seconds(lagMs),
      observedUnit: 's',
      ...verdict(
        fault === null
          ? lagMs > LATE_MS && uptimeMs > LATE_MS && { status: 'warn', output: late }
          : { status: 'warn', output: `The copy on the second medium is not kept: ${fault.message}. ${fault.hint}` },
      ),
    },
    {
      name: 'mirror:records',
      componentType: 'component',
      observedValue: lagRecords,
      status: 'pass',
    },
  ] satisfies Check[];
};
