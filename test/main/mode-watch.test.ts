import { expect, test } from 'vitest';
import { loadConfig } from '../../src/base/config/load.ts';
import type { ModeFacts } from '../../src/link/mode.ts';
import { ModeWatch } from '../../src/main/mode-watch.ts';
import { HandTime } from '../harness/hand-time.ts';

const CALM: ModeFacts = {
  link: 'ONLINE',
  oldestPending: [],
  scheduleTwoDepth: 0,
  storageOpen: false,
  lastReceiptAtMs: null,
  capture: null,
};

function watch(overrides: Record<string, unknown>) {
  const time = new HandTime();
  let facts = CALM;
  const changes: string[] = [];
  const config = loadConfig({ env: {}, overrides: { 'gateway.store': '0042', ...overrides } });
  const made = new ModeWatch(config, {
    clock: time,
    timers: time,
    facts: () => facts,
    onChange: ({ from, to }) => changes.push(`${from} ${to} at ${time.monotonicMs() / 1000} s`),
  });
  made.start();
  const become = (part: Partial<ModeFacts>) => {
    facts = { ...CALM, ...part };
  };
  return { made, time, changes, become };
}

test('an outage by the limits of the configuration, each change told once and counted', async () => {
  const { made, time, changes, become } = watch({ 'fallback.dwell_seconds': 3 });
  become({ link: 'OFFLINE' });
  await time.pass(1_000);
  become({});
  await time.pass(20_000);
  expect(changes).toEqual(['NORMAL FALLBACK at 1 s', 'FALLBACK RECONCILING at 4 s', 'RECONCILING NORMAL at 7 s']);
  expect(made.entered()).toEqual({ NORMAL: 1, FALLBACK: 1, RECONCILING: 1, CAPTURE: 0 });
});

test('age and depth by the limits of the configuration', async () => {
  const { made, time, become } = watch({
    'fallback.oldest_pending_seconds': 30,
    'fallback.settled_seconds': 5,
    'fallback.schedule_two_depth_limit': 10,
  });
  become({ oldestPending: [{ ageMs: 30_001, sameBoot: true }] });
  await time.pass(1_000);
  expect(made.state()).toMatchObject({ mode: 'FALLBACK', reasons: ['oldest_pending'] });
  become({ oldestPending: [{ ageMs: 6_000, sameBoot: true }], lastReceiptAtMs: 2_000 });
  await time.pass(20_000);
  expect(made.state().mode).toBe('RECONCILING');
  become({ oldestPending: [{ ageMs: 4_000, sameBoot: true }] });
  await time.pass(20_000);
  expect(made.state().mode).toBe('NORMAL');
  become({ scheduleTwoDepth: 8 });
  made.judge();
  expect(made.state().reasons).toEqual(['schedule_two_depth']);
});

test('a watch that is stopped looks no more', async () => {
  const { made, time, changes, become } = watch({});
  made.stop();
  become({ link: 'OFFLINE' });
  await time.pass(60_000);
  expect(changes).toEqual([]);
});
