import { expect, test } from 'vitest';
import { Strays } from '../../src/sync/stray.ts';

/** Asks `times` times, a second apart; gives what the last one gives up. */
function asked(strays: Strays, sequences: readonly number[], times: number, fromMs = 0): readonly number[] {
  let given: readonly number[] = [];
  for (let n = 0; n < times; n += 1) given = strays.unknown(sequences, fromMs + n * 1000);
  return given;
}

test('gives up one or two, after six look-ups and not before its time', () => {
  expect(asked(new Strays(5000), [7, 8], 5)).toEqual([]);
  expect(asked(new Strays(5000), [7, 8], 6)).toEqual([7, 8]);
  expect(asked(new Strays(60_000), [7, 8], 6)).toEqual([]);
  expect(asked(new Strays(60_000), [7, 8], 61)).toEqual([7, 8]);
});

test('never gives up three at once', () => {
  expect(asked(new Strays(0), [7, 8, 9], 100)).toEqual([]);
});

test('counts anew once the PMS has known it', () => {
  const strays = new Strays(0);
  asked(strays, [7], 5);
  strays.unknown([], 5000);
  expect(asked(strays, [7], 5, 6000)).toEqual([]);
});
