import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { DiskWatch } from '../../src/storage/disk-watch.ts';
import { HandTime } from '../harness/hand-time.ts';

const HOUR_MS = 3_600_000;
const GIB = 1024 ** 3;
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'disk-watch-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function rig({ smart = false, ratedBytes = null as number | null } = {}) {
  const time = new HandTime();
  const world = { data: 'rw', trail: 'rw', written: 0 as number | null, celsius: 48 as number | null };
  const smartFile = smart ? join(directory, 'smart.json') : null;
  const watch = new DiskWatch(
    { dataDir: '/data', trailDir: '/worm/trail', smartFile, ratedBytes },
    {
      clock: time,
      timers: time,
      log: silentLog,
      temperatureC: async () => world.celsius,
      mounts: () => `1 0 8:1 / / rw - ext4 /dev/a rw
2 1 8:2 / /data rw - ext4 /dev/b ${world.data}
3 1 8:3 / /worm rw - ext4 /dev/c ${world.trail}
`,
      written: () => world.written,
    },
  );
  return { time, world, watch, smartFile: smartFile ?? '' };
}

test('a partition the kernel has made read-only is named', async () => {
  const { watch, world } = rig();
  await watch.look();
  expect(watch.facts()).toMatchObject({ readOnly: [], boxTemperatureC: 48, smartReport: 'none', wear: null });
  world.trail = 'ro,errors=remount-ro';
  await watch.look();
  expect(watch.facts().readOnly).toEqual(['trail']);
  world.data = 'ro';
  await watch.look();
  expect(watch.facts().readOnly).toEqual(['data', 'trail']);
});

test('what it writes in a day, and how long the disk lasts at that', async () => {
  const { time, watch, world } = rig({ ratedBytes: 100 * GIB });
  await watch.look();
  expect(watch.facts().writtenPerDayBytes).toBeNull();
  await time.pass(HOUR_MS);
  world.written = GIB / 24;
  await watch.look();
  expect(watch.facts()).toMatchObject({ writtenPerDayBytes: GIB, daysLeft: 100 });
});

test('a kernel that does not count says nothing', async () => {
  const { time, watch, world } = rig({ ratedBytes: GIB });
  world.written = null;
  await watch.look();
  await time.pass(HOUR_MS);
  await watch.look();
  expect(watch.facts()).toMatchObject({ writtenPerDayBytes: null, daysLeft: null });
});

test('a report of smartctl: there, renewed, readable, or told', async () => {
  const { time, watch, smartFile } = rig({ smart: true });
  await watch.look();
  expect(watch.facts()).toMatchObject({ smartReport: 'missing', wear: null });

  writeFileSync(smartFile, JSON.stringify({ nvme_smart_health_information_log: { percentage_used: 83 } }));
  utimesSync(smartFile, time.utcMs() / 1000, time.utcMs() / 1000);
  await watch.look();
  expect(watch.facts()).toMatchObject({ smartReport: 'ok', wear: { usedPercent: 83 } });

  await time.pass(49 * HOUR_MS);
  await watch.look();
  expect(watch.facts()).toMatchObject({ smartReport: 'stale', wear: null });

  writeFileSync(smartFile, 'smartctl: cannot open');
  utimesSync(smartFile, time.utcMs() / 1000, time.utcMs() / 1000);
  await watch.look();
  expect(watch.facts().smartReport).toBe('unreadable');
});

test('looks every minute until it is stopped', async () => {
  const { time, watch, world } = rig();
  watch.start();
  await time.pass(0);
  expect(watch.facts().boxTemperatureC).toBe(48);
  world.celsius = 91;
  await time.pass(59_999);
  expect(watch.facts().boxTemperatureC).toBe(48);
  await time.pass(1);
  expect(watch.facts().boxTemperatureC).toBe(91);
  watch.stop();
  world.celsius = 20;
  await time.pass(600_000);
  expect(watch.facts().boxTemperatureC).toBe(91);
});
