/**
 * Look-up help of a frame: a Bloom filter over what its records can be searched by, so that a search through years opens
 * only the frames that may hold something. It is sealed like the records: its bits would tell which frames share a patient.
 *
 * Bit positions of a value: SHA-256 of `name` 00 `value`; a and b are its first two 32-bit words (big-endian); position i
 * is (a + i * b) mod bits, for i from 0 to 6. Ten bits a value leave about one false hit in a hundred (Kirsch and
 * Mitzenmacher, "Less hashing, same performance", 2006).
 */
import { hash } from 'node:crypto';
import type { LookupValue } from '../../record/lookup.ts';

const POSITIONS = 7;
const BITS_PER_VALUE = 10;

export function bloomOf(values: readonly LookupValue[]): Buffer {
  const distinct = new Set(values.map(({ name, value }) => `${name}\u0000${value}`));
  const bits = Buffer.alloc(Math.max(8, Math.ceil((distinct.size * BITS_PER_VALUE) / 8)));
  for (const text of distinct) {
    for (const position of positions(text, bits.length * 8)) {
      bits.writeUInt8(bits.readUInt8(position >> 3) | (1 << (position & 7)), position >> 3);
    }
  }
  return bits;
}

/** False: it is surely not there. */
export function mayHold(bloom: Buffer, { name, value }: LookupValue): boolean {
  return positions(`${name}\u0000${value}`, bloom.length * 8).every(
    (position) => (bloom.readUInt8(position >> 3) & (1 << (position & 7))) !== 0,
  );
}

function positions(text: string, bits: number): number[] {
  const digest = hash('sha256', text, 'buffer');
  const [a, b] = [digest.readUInt32BE(0), digest.readUInt32BE(4)];
  return Array.from({ length: POSITIONS }, (_, i) => (a + i * b) % bits);
}
