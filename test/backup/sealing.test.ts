import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CHUNK_BYTES, openSealed, SealedWriter } from '../../src/backup/sealing.ts';

const TAG_BYTES = 16;
const key = randomBytes(32);

function seal(plain: Uint8Array, step = plain.length || 1): Buffer {
  const chunks: Buffer[] = [];
  const writer = new SealedWriter(key, (bytes) => chunks.push(bytes));
  for (let at = 0; at < plain.length; at += step) writer.push(plain.subarray(at, at + step));
  writer.end();
  return Buffer.concat(chunks);
}

function open(sealed: Buffer, by: Uint8Array = key): Buffer {
  const read = (offset: number, bytes: number) => sealed.subarray(offset, offset + bytes);
  return Buffer.concat([...openSealed(by, read, 0, sealed.length)].map((chunk) => Buffer.from(chunk)));
}

describe('what was sealed comes back', () => {
  for (const bytes of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5]) {
    test(`${bytes} bytes`, () => {
      const plain = randomBytes(bytes);
      for (const step of [bytes || 1, 1000]) expect(open(seal(plain, step)).equals(plain)).toBe(true);
    });
  }
});

describe('refused', () => {
  const plain = randomBytes(2 * CHUNK_BYTES + 100);
  const sealed = seal(plain);
  const whole = CHUNK_BYTES + TAG_BYTES;

  test('cut off between two chunks, and the words say so', () => {
    for (const chunks of [1, 2]) expect(() => open(sealed.subarray(0, chunks * whole))).toThrow('cut off');
    expect(() => open(Buffer.alloc(0))).toThrow('cut off');
  });

  test('two chunks in the other order', () => {
    const swapped = Buffer.concat([
      sealed.subarray(whole, 2 * whole),
      sealed.subarray(0, whole),
      sealed.subarray(2 * whole),
    ]);
    expect(() => open(swapped)).toThrow('not those written');
  });

  test('a chunk left out, a chunk twice, something behind the last', () => {
    expect(() => open(sealed.subarray(whole))).toThrow('not those written');
    expect(() => open(Buffer.concat([sealed.subarray(0, whole), sealed]))).toThrow('not those written');
    expect(() => open(Buffer.concat([sealed, Buffer.from('x')]))).toThrow('damaged');
  });

  test('another key', () => {
    expect(() => open(sealed, randomBytes(32))).toThrow('not those written');
  });
});
