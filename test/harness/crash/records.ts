/** Records for crash tests: valid, all different, made from a seed, so that a run can be repeated. */
import type { Random } from '../../../src/base/clock.ts';
import { laneHashOf } from '../checker/canonical.ts';
import { below, pick } from './random.ts';

export interface TestRecord {
  readonly key: string;
  /** SHA-256 of its RFC 8785 form, hexadecimal: its name in every check. */
  readonly laneHash: string;
  /** What goes over the wire. */
  readonly bytes: Buffer;
}

function hex(random: Random, digits: number): string {
  let text = '';
  while (text.length < digits)
    text += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return text.slice(0, digits);
}

/** Random text that hardly compresses: six bits a character. */
function noise(random: Random, length: number): string {
  const words = Uint32Array.from({ length: Math.ceil(length / 5) }, () => Math.floor(random() * 2 ** 32));
  return Buffer.from(words.buffer).toString('base64url').slice(0, length);
}

/** Mostly small; some large enough that a commit group spans many pages. */
function noteLength(random: Random): number {
  const size = random();
  return size < 0.7 ? 0 : size < 0.95 ? below(random, 2000) : 4000 + below(random, 16_000);
}

const SCHEDULES = ['II', 'CII', 'III', 'IV', 'C-IV', 'V', 'NONE'];

/** A record nobody has sent before. Schedules are mixed, so both streams and both trails grow. */
export function makeRecord(
  random: Random,
  noteCharacters: number = noteLength(random),
  schedule: string = pick(random, SCHEDULES),
): TestRecord {
  const key = `crash-${hex(random, 24)}`;
  const note = noise(random, noteCharacters);
  const record = {
    idempotency_key: key,
    ndc: pick(random, ['0574-4072-05', '00574407205', '60505-2519-01']),
    quantity: 1 + below(random, 90),
    schedule,
    prescription_id: `RX-${hex(random, 10)}`,
    pharmacist_npi: '1234567893',
    dispensed_at_utc: new Date(Date.UTC(2026, 10, 22, 9, 0, below(random, 3600))).toISOString(),
    ...(note === '' ? {} : { store_note: note }),
  };
  return { key, laneHash: laneHashOf(record), bytes: Buffer.from(JSON.stringify(record)) };
}
