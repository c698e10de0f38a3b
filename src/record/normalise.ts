/**
 * The stored form of a record: as sent but for `ndc`, `schedule` and `dispensed_at_utc`, each with `…_sent` beside it
 * where it changed. Both forms come from one walk over the record; only changed members are written a second time.
 */
import { type CanonicalMembers, canonicalText, joinMembers, memberText } from './canonical.ts';
import { SENT_BESIDE } from './schema.ts';

export type NormalisedName = keyof typeof SENT_BESIDE;

const NORMALISED_NAMES = ['dispensed_at_utc', 'ndc', 'schedule'] as const satisfies readonly NormalisedName[];

export type Normalised = Readonly<Record<NormalisedName, string>>;

/**
 * RFC 8785 text of the stored form. `sent` are the canonical members as sent, `values` the stored values of the three.
 * Null when nothing changes, so that the caller need not write and hash the same text twice.
 */
export function normalisedText(sent: CanonicalMembers, values: Normalised): string | null {
  let names: string[] | null = null;
  let texts: string[] = [];
  for (const name of NORMALISED_NAMES) {
    const now = memberText(name, values[name]);
    const place = (names ?? sent.names).indexOf(name);
    const before = (names === null ? sent.texts : texts)[place] ?? '';
    if (now === before) continue;
    if (names === null) {
      names = [...sent.names];
      texts = [...sent.texts];
    }
    texts[place] = now;
    const sentName = SENT_BESIDE[name];
    // Other members may sort between the two (`ndc`, `ndc_note`, `ndc_sent`).
    let beside = place + 1;
    while (beside < names.length && (names[beside] ?? '') < sentName) beside++;
    names.splice(beside, 0, sentName);
    texts.splice(beside, 0, memberText(sentName, null).slice(0, -4) + before.slice(before.indexOf(':') + 1));
  }
  return names === null ? null : joinMembers({ names, texts });
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
