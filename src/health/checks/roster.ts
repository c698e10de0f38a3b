/** Who may sign Schedule II records: whether the roster is in order, and for how long. */
import { type Check, type Checker, span, verdict } from './check.ts';

/** A new key takes a person some days: from so long before the end on, somebody should know. */
const ENDS_SOON_MS = 14 * 24 * 3600 * 1000;

export const rosterChecks: Checker = ({ roster }) => {
  if (roster === null) return [];
  const { broken, signersNow, firstEndsInMs } = roster;
  const endsSoon = firstEndsInMs !== null && firstEndsInMs < ENDS_SOON_MS;
  const file: Check = {
    name: 'roster:file',
    componentType: 'component',
    observedValue: broken ? 'unusable' : 'in force',
    ...verdict(
      broken && {
        status: 'warn',
        output:
          'The roster file cannot be used; the one before it, if any, is in force. Run "counterfoil roster check" on it, mend it, then send the gateway SIGHUP.',
      },
    ),
  };
  const signers: Check = {
    name: 'roster:signers',
    componentType: 'component',
    observedValue: signersNow,
    ...verdict(
      signersNow === 0
        ? {
            status: 'warn',
            output:
              'No pharmacist has a key that is good now: no Schedule II record can be signed. Add a key to the roster.',
          }
        : endsSoon && {
            status: 'warn',
            output: `A pharmacist's last key ends in ${span(firstEndsInMs)}. Make a new one with "counterfoil roster keygen".`,
          },
    ),
  };
  return [file, signers];
};
