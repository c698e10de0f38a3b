import { expect, test } from 'vitest';
import { bytes, figure, many, percent, span, Times, whole } from '../../src/dashboard/words.ts';

test('spans show the two units that matter', () => {
  const of = (seconds: number) => span(seconds * 1000);
  expect([0, 119, 120, 7199, 7200, 12_000, 172_799, 172_800, 180_000].map(of)).toEqual([
    '0 s',
    '119 s',
    '2 min',
    '119 min',
    '2 h',
    '3 h 20 min',
    '47 h 59 min',
    '2 d',
    '2 d 2 h',
  ]);
  expect(span(-5000)).toBe('0 s');
});

test('figures are short, and what is not known is a dash', () => {
  expect([figure(0), figure(1.25), figure(12.6), figure(12_345), figure(null)]).toEqual([
    '0',
    '1.3',
    '13',
    '12,345',
    '–',
  ]);
  expect([percent(0.269), percent(null)]).toEqual(['26.9 %', '–']);
  expect([bytes(999), bytes(1000), bytes(80_123_000_000)]).toEqual(['999 B', '1 kB', '80 GB']);
  expect([many(1, 'record'), many(2, 'record'), many(3, 'more', 'more'), whole(1234)]).toEqual([
    '1 record',
    '2 records',
    '3 more',
    '1,234',
  ]);
});

test('times are those of the store', () => {
  const times = new Times('America/New_York');
  const atMs = Date.UTC(2026, 10, 22, 4, 5, 9);
  expect(times.short(atMs)).toBe('Nov 21, 23:05');
  expect(times.long(atMs)).toBe('Nov 21, 2026, 23:05:09 EST');
  expect(() => new Times('Nowhere/Nothing')).toThrow(RangeError);
});
