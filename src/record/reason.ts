/** Small helpers for saying why a publish is not a record. */
import type { Reason, ReasonCode } from './types.ts';

/** `message` says what to send instead and must never repeat what was sent (promise 7). */
export function reason(code: ReasonCode, field: string | null, message: string): Reason {
  return { code, field, message };
}
