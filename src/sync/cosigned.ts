/** Reads a witness's signature lines under a checkpoint. Pure. */
import { verifyCosignature } from '../tlog/cosignature.ts';
import { parseNote } from '../tlog/note.ts';
import { KEY_TYPE, parseVerifierKey } from '../tlog/verifier-key.ts';

/** More lines than any witness has keys. */
const MAX_LINES = 16;

/**
 * The line that is true by the pinned key; while none is pinned, by the one that came along. Null when there is none, and
 * then nobody has said anything.
 */
export function readCosignature(
  cosignature: string,
  checkpoint: string,
  pinned: string | null,
  offered: string | null | undefined,
): { readonly line: string; readonly key: string } | null {
  const reading = parseVerifierKey(pinned ?? offered ?? '');
  const note = parseNote(checkpoint);
  if (!reading.ok || reading.key.type !== KEY_TYPE.cosignature || !note.ok) return null;
  const { key } = reading;
  const lines = cosignature.split('\n').slice(0, MAX_LINES);
  const line = lines.find((each) => verifyCosignature(each, note.note.text, key).ok);
  return line === undefined ? null : { line, key: key.text };
}
