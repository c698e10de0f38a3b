/** Whether reports reach those they are for. Nothing of it endangers a record, so it never fails the gateway. */
import { type Check, type Checker, span, verdict } from './check.ts';

export const deliveryChecks: Checker = ({ delivery, nowMs }) =>
  (delivery?.targets ?? []).map(
    ({ name, fault, waiting }): Check => ({
      name: 'reports:delivery',
      componentId: name,
      componentType: 'component',
      observedValue: fault?.code ?? 'ok',
      ...verdict(
        fault !== null && {
          status: 'warn',
          output: `${waiting === 1 ? '1 report waits' : `${waiting} reports wait`} for "${name}" since ${span(nowMs - fault.sinceMs)}: ${fault.message}. ${fault.hint}`,
        },
      ),
    }),
  );
