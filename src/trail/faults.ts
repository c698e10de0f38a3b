/**
 * What a fault of the trail's disk means: words for people, an entry in the trail where a segment was abandoned, and
 * whether the process may go on.
 *
 * A full disk never ends the gateway: what cannot be appended stays in the buffer. An I/O error that comes back with a new
 * segment each time ends it, once: the next start reads everything again. When the disk fails from that start on, ending
 * again would only lock the lanes out, so the gateway goes on taking records and says loudly what is missing.
 */
import { CounterfoilError } from '../base/errors.ts';
import type { FaultStep, SegmentFault } from './appender.ts';
import type { TroubleTexts } from './troubles.ts';

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'storage_full']);
const IO: ReadonlySet<string> = new Set(['EIO', 'storage_io']);
/** Faults in a row, each with a segment of its own, that are no accident. */
const FATAL_IN_A_ROW = 3;
/** A folder may be shut for some milliseconds while the sealer makes a segment. */
const OPEN_TRIES = 3;

/** Codes of all troubles that end when something could be written again. A sealer that is away is back when it signs. */
export const FAULT_CODES: readonly string[] = ['trail_full', 'segment_open', 'segment_write', 'segment_sync'];

/** Null while it may still be an accident. */
export function troubleOf({ n, step, code, cause }: SegmentFault, inARow: number): TroubleTexts | null {
  if (FULL.has(code)) {
    return {
      code: 'trail_full',
      message: `no space for the trail (segment ${n})`,
      hint: 'Make room on the file system of trail_dir. Records are taken as before; their entries wait in the buffer.',
    };
  }
  if (cause instanceof CounterfoilError) return { code: cause.code, message: cause.message, hint: cause.hint };
  if (step === 'open' && inARow < OPEN_TRIES) return null;
  return {
    code: `segment_${step}`,
    message: `segment ${n} could not be ${DONE[step]} (${code})`,
    hint: 'Look at the disk of trail_dir. Records are taken as before; their entries wait in the buffer.',
  };
}

const DONE: Readonly<Record<FaultStep, string>> = { open: 'opened', write: 'written', sync: 'synced', seal: 'sealed' };

/** Whether the process must end. `hasWorked`: something was written in its life. */
export function isFatal({ code }: SegmentFault, inARow: number, hasWorked: boolean): boolean {
  return IO.has(code) && inARow >= FATAL_IN_A_ROW && hasWorked;
}

export function fatalError({ n, step, code }: SegmentFault): CounterfoilError {
  return new CounterfoilError(
    'storage_io',
    `the disk of the trail fails: segment ${n} could not be ${DONE[step]} (${code}), nor those before it`,
    'Nothing that was acknowledged is lost. Check the disk of trail_dir; the next start reads it again.',
  );
}
