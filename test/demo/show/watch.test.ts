import { expect, test } from 'vitest';
import type { GatewayFigures } from '../../../src/demo/show/figures.ts';
import { changes, Watch } from '../../../src/demo/show/watch.ts';
import { HandTime } from '../../harness/hand-time.ts';
import { someFigures } from './scenes.ts';

test('what changed is told in sentences', () => {
  const before = someFigures();
  expect(changes(null, before)).toEqual([]);
  expect(changes(before, before)).toEqual([]);
  const waiting = { pending: 4, oldestSeconds: 3 };
  expect(
    changes(
      before,
      someFigures({ link: 'OFFLINE', mode: 'FALLBACK', modeReasons: ['link_offline'], standard: waiting }),
    ),
  ).toEqual(['gateway: link ONLINE -> OFFLINE', 'gateway: mode NORMAL -> FALLBACK (link_offline), 4 pending']);
  expect(changes(before, someFigures({ quarantined: 1 }))).toEqual([
    'gateway: 1 altered, QUARANTINED; the PMS gets a gap marker',
  ]);
});

test('keeps a minute of depths, a number a second, and what was known while nobody answers', async () => {
  const time = new HandTime();
  let figures: GatewayFigures | null = someFigures({ standard: { pending: 7, oldestSeconds: 1 } });
  const told: string[] = [];
  const watch = new Watch({
    clock: time,
    timers: time,
    readFigures: async () => figures,
    onEvent: ({ text }) => told.push(text),
  });
  watch.start();
  await time.pass(10_000);
  expect(watch.depths.slice(1)).toEqual(Array.from({ length: watch.depths.length - 1 }, () => 7));
  expect(watch.depths.length).toBeGreaterThanOrEqual(9);
  expect(watch.depths.length).toBeLessThanOrEqual(11);
  figures = null;
  await time.pass(120_000);
  expect(watch.depths).toHaveLength(60);
  expect(watch.figures?.standard.pending).toBe(7);
  expect(await watch.look()).toBeNull();
  watch.note('something happened');
  expect(told).toEqual(['something happened']);
  expect(watch.events.at(-1)).toEqual({ atMs: 130_000, text: 'something happened' });
  watch.stop();
});
