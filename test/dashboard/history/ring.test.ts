import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Ring } from '../../../src/dashboard/history/ring.ts';
import { ROW_BYTES } from '../../../src/dashboard/history/row.ts';
import { temporaryFolder } from '../folder.ts';
import { quiet } from '../quiet.ts';

const SHAPE = { periodMs: 60_000, places: 5 };

async function openRing(path: string): Promise<Ring> {
  const ring = new Ring(SHAPE);
  await ring.open(path);
  onTestFinished(() => ring.close());
  return ring;
}

test('rows outlive the process, and a place that comes round again belongs to the newer period', async () => {
  const path = join(temporaryFolder(), 'r.ring');
  const first = await openRing(path);
  await first.put({ period: 100, figures: quiet({ pending: 1 }) });
  await first.put({ period: 101, figures: quiet({ pending: 2 }) });
  await first.put({ period: 105, figures: quiet({ pending: 3 }) });
  await first.close();
  const second = await openRing(path);
  expect([100, 101, 105, 106].map((period) => second.get(period)?.figures.pending)).toEqual([
    undefined,
    2,
    3,
    undefined,
  ]);
  expect(statSync(path)).toMatchObject({ size: SHAPE.places * ROW_BYTES });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a file that is short or full of something else is an empty ring, and works', async () => {
  const path = join(temporaryFolder(), 'r.ring');
  writeFileSync(path, 'not a ring');
  const ring = await openRing(path);
  expect(ring.get(100)).toBeNull();
  await ring.put({ period: 100, figures: quiet() });
  expect(ring.get(100)).not.toBeNull();
  expect(statSync(path).size).toBe(SHAPE.places * ROW_BYTES);
});

test('without a file it works in memory', async () => {
  const ring = new Ring(SHAPE);
  await expect(ring.open(join(temporaryFolder(), 'no', 'such', 'folder'))).rejects.toThrow('ENOENT');
  await ring.put({ period: 7, figures: quiet({ pending: 4 }) });
  expect(ring.get(7)?.figures.pending).toBe(4);
});
