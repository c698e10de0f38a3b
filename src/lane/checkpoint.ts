/**
 * The till as a witness: it remembers the newest checkpoint of the audit trail that it was shown, and carries it back
 * in its next record. A gateway that lost the end of its trail learns so from any till.
 */
import type { Receipt, SeenStatus } from '../record/lane-wire.ts';

/** The checkpoint to remember after seeing `shown` (a C2SP signed note) with `known` in hand. */
export function newerCheckpoint(known: string | null, shown: string | null): string | null {
  if (shown === null || known === null) return shown ?? known;
  const [knownOrigin, knownSize] = head(known);
  const [shownOrigin, shownSize] = head(shown);
  // A smaller tree of the same origin is what we are here to notice: it must not replace the larger one.
  return knownOrigin === shownOrigin && shownSize < knownSize ? known : shown;
}

/** Lines 1 and 2 of a checkpoint: origin and tree size (-1 when there is none). */
function head(note: string): [origin: string, size: number] {
  const [origin = '', size = ''] = note.split('\n', 2);
  return [origin, /^\d{1,15}$/.test(size) ? Number(size) : -1];
}

/** The audit trail's checkpoint in a message of the gateway, if it has one. */
export function checkpointIn(message: Receipt | SeenStatus): string | null {
  if (!('trail' in message)) return message.checkpoint;
  return message.trail?.log === 'audit' ? message.trail.checkpoint : null;
}
