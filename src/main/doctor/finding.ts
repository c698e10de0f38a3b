/** What `doctor` says about one thing. */

/** `ok`: as it should be. `warn`: works, and somebody should look. `fail`: stops the gateway or endangers records. */
export type FindingStatus = 'ok' | 'warn' | 'fail' | 'unknown';

export interface Finding {
  /** What was looked at, for people and for programs. */
  readonly check: string;
  readonly status: FindingStatus;
  /** What was seen. */
  readonly seen: string;
  /** What to do; null when nothing is to be done. */
  readonly advice: string | null;
}

export const ok = (check: string, seen: string): Finding => ({ check, status: 'ok', seen, advice: null });
export const warn = (check: string, seen: string, advice: string): Finding => ({ check, status: 'warn', seen, advice });
export const fail = (check: string, seen: string, advice: string): Finding => ({ check, status: 'fail', seen, advice });
export const unknown = (check: string, seen: string, advice: string | null): Finding => ({
  check,
  status: 'unknown',
  seen,
  advice,
});
