/**
 * The stored form of a record: as sent but for `ndc`, `schedule` and `dispensed_at_utc`, each with `…_sent` beside it
 * where it changed. The stored text is the sent text with a few edits; the record is not written twice.
 */
import { type CanonicalMembers, canonicalText, memberText } from './canonical.ts';
import { SENT_BESIDE } from './schema.ts';

type NormalisedName = keyof typeof SENT_BESIDE;

const NORMALISED_NAMES = ['dispensed_at_utc', 'ndc', 'schedule'] as const satisfies readonly NormalisedName[];

export type Normalised = Readonly<Record<NormalisedName, string>>;

/**
 * RFC 8785 text of the stored form: `sentText` with up to six edits, made from front to back. `sent` are the members
 * `sentText` was joined from and must have all three names; `values` are the stored values. Null when nothing changes, so
 * that the caller need not hash the same text twice.
 */
export function normalisedText(sent: CanonicalMembers, sentText: string, values: Normalised): string | null {
  const { names, texts } = sent;
  let stored = '';
  let takenOver = 0;
  // Member `index` starts at `offset` of sentText, after the brace or a comma.
  let index = 0;
  let offset = 1;
  for (const name of NORMALISED_NAMES) {
    for (; (names[index] ?? name) < name; index++) offset += (texts[index] ?? '').length + 1;
    const before = texts[index] ?? '';
    const now = memberText(name, values[name]);
    if (now === before) continue;
    stored += sentText.slice(takenOver, offset) + now;
    takenOver = offset + before.length;
    // Other members may sort between the two (`ndc`, `ndc_note`, `ndc_sent`).
    const sentName = SENT_BESIDE[name];
    for (; (names[index] ?? sentName) < sentName; index++) offset += (texts[index] ?? '').length + 1;
    stored += `${sentText.slice(takenOver, offset - 1)},"${sentName}":${before.slice(before.indexOf(':') + 1)}`;
    takenOver = offset - 1;
  }
  return takenOver === 0 ? null : stored + sentText.slice(takenOver);
}

/**
 * The RFC 8785 bytes a lane sent, from those that are stored: SHA-256 of the result is `lane_hash`. This is what lanes
 * sign. `payload` must be stored bytes; throws `SyntaxError` for bytes that are not JSON.
 */
export function asSent(payload: Buffer): Buffer {
  const stored: Record<string, unknown> = JSON.parse(payload.toString('utf8'));
  const names = Object.keys(stored);
  const replaced = NORMALISED_NAMES.filter((name) => names.includes(SENT_BESIDE[name]));
  if (replaced.length === 0) return payload;
  for (const name of replaced) {
    stored[name] = stored[SENT_BESIDE[name]];
    delete stored[SENT_BESIDE[name]];
  }
  return Buffer.from(canonicalText(stored), 'utf8');
}
