import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { codingFrom, encode } from '../../src/sync/coding.ts';

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
