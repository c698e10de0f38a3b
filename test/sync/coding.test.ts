import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { codingFrom, decode, encode } from '../../src/sync/coding.ts';

describe('what the PMS takes', () => {
  const cases: [string | null, string | null][] = [
    [null, null],
    ['', 'identity'],
    ['identity', 'identity'],
    ['gzip', 'gzip'],
    ['GZIP, Zstd', 'zstd'],
    ['gzip;q=1.0, zstd;q=0', 'gzip'],
    ['zstd;q=0.0, gzip; q=0.000', 'identity'],
    ['br, x-gzip;q=0.5', 'gzip'],
  ];
  test.each(cases)('%s', (header, coding) => {
    expect(codingFrom(header)).toBe(coding);
  });
});

describe('the body', () => {
  const body = Buffer.from('counterfoil '.repeat(500));

  test('comes back from either coding', async () => {
    expect(gunzipSync((await encode(body, 'gzip')).bytes).equals(body)).toBe(true);
    expect(zstdDecompressSync((await encode(body, 'zstd')).bytes).equals(body)).toBe(true);
  });

  test('travels as it is when it is small', async () => {
    const small = Buffer.from('{}');
    expect(await encode(small, 'zstd')).toEqual({ bytes: small, coding: 'identity' });
  });
});

describe('an answer', () => {
  const body = Buffer.from('{"results":[]}'.repeat(500));

  test('is read from the codings we ask for, and as it is', async () => {
    for (const coding of ['zstd', 'gzip'] as const) {
      const { bytes } = await encode(body, coding);
      expect(await decode(bytes, coding.toUpperCase(), 100_000)).toEqual(body);
    }
    expect(await decode(body, null, 100_000)).toBe(body);
    expect(await decode(body, 'identity', 100_000)).toBe(body);
  });

  test('in another coding, or not in its own, is unreadable', async () => {
    expect(await decode(body, 'br', 100_000)).toBe('unreadable');
    expect(await decode(body, 'gzip, zstd', 100_000)).toBe('unreadable');
    expect(await decode(body, 'zstd', 100_000)).toBe('unreadable');
  });

  test('that unpacks to more than is allowed is not unpacked', async () => {
    for (const coding of ['zstd', 'gzip'] as const) {
      const { bytes } = await encode(Buffer.alloc(10_000_000), coding);
      expect(bytes.length).toBeLessThan(100_000);
      expect(await decode(bytes, coding, 100_000)).toBe('too_large');
    }
  });
});
