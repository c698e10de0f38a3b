import { expect, test } from 'vitest';
import { type Figures, merge, ROW_BYTES, readRow, writeRow } from '../../../src/dashboard/history/row.ts';

const FIGURES: Figures = {
  pending: 12,
  pendingTwo: 3,
  oldestSeconds: 40.5,
  oldestTwoSeconds: 0,
  commitP50Ms: 1.5,
  commitP99Ms: null,
  utilisation: 0.25,
  fullInSeconds: null,
  accepted: 100,
  settled: 90,
  offlineSeconds: 10,
  degradedSeconds: 0,
  waiting: 2,
  seenSeconds: 60,
};

test('a row is read as it was written', () => {
  const bytes = Buffer.alloc(3 * ROW_BYTES);
  writeRow(bytes, ROW_BYTES, { period: 29_000_000, figures: FIGURES });
  expect(readRow(bytes, ROW_BYTES)).toEqual({ period: 29_000_000, figures: FIGURES });
  expect([readRow(bytes, 0), readRow(bytes, 2 * ROW_BYTES)]).toEqual([null, null]);
});

test('a row with any bit changed is none', () => {
  const bytes = Buffer.alloc(ROW_BYTES);
  writeRow(bytes, 0, { period: 29_000_000, figures: FIGURES });
  for (let index = 0; index < ROW_BYTES; index += 1) {
    const torn = Buffer.from(bytes);
    torn.writeUInt8(torn.readUInt8(index) ^ 0x10, index);
    expect(readRow(torn, 0), `byte ${index}`).toBeNull();
  }
});

test('periods become one: the worst, the sum, the latest; what is not known is passed over', () => {
  const later = { ...FIGURES, pending: 5, commitP99Ms: 9, utilisation: 0.2, accepted: 1, offlineSeconds: 5 };
  expect(merge([FIGURES, later])).toMatchObject({
    pending: 12,
    commitP99Ms: 9,
    utilisation: 0.2,
    fullInSeconds: null,
    accepted: 101,
    offlineSeconds: 15,
    seenSeconds: 120,
  });
  expect(merge([])).toBeNull();
});
