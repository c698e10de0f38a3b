/**
 * Before a box goes to a store (`doctor --commission`): is its disk honest about fsync as far as software can see, fast
 * enough, and does a watchdog start the box again when it hangs. Whether a disk lies shows only when the power is cut.
 */
import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, realpathSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import type { Config } from '../../base/config/load.ts';
import { messageOf } from '../../base/errors.ts';
import { mountOf } from '../../storage/device.ts';
import { type Finding, fail, ok, unknown, warn } from './finding.ts';
import { nearest, type PlaceSources } from './places.ts';

const SYNCS = 200;
const BLOCK = 4096;
const MIB = 2 ** 20;
const VOLUME_MIB = 64;
/** No flash chip programs a page in less; what answers sooner has not written, or keeps power for what it holds. */
const FASTEST_FLASH_MS = 0.05;
/** A disk of 15,000 turns a minute needs 4 ms for one. */
const FASTEST_TURN_MS = 2;
const SLOW_MIB_PER_SECOND = 5;

export type Progress = (done: number, total: number) => void;

export interface DeviceFacts {
  readonly rotational: boolean;
  /** `write back`, `write through`, or null when the kernel does not tell. */
  readonly cache: string | null;
}

export function commissionFindings({ dataDir }: Config, { mounts }: PlaceSources, progress: Progress): Finding[] {
  const place = nearest(dataDir);
  const mount = mountOf(realpathSync(place), mounts());
  const device = mount === null ? null : deviceFacts(mount.device);
  const path = join(place, `.doctor-${process.pid}`);
  try {
    const syncMs = measureSyncs(path, progress);
    const rate = measureVolume(path, progress);
    return [honesty(syncMs, device), speed(rate), watchdog()];
  } catch (error) {
    return [
      fail('fsync', `could not be tried: ${messageOf(error)}`, 'Give the disk room and this user the right to write.'),
      watchdog(),
    ];
  } finally {
    rmSync(path, { force: true });
  }
}

/** Durations of writes that each end in fdatasync, ascending. */
function measureSyncs(path: string, progress: Progress): number[] {
  const file = openSync(path, 'w', 0o600);
  try {
    const block = Buffer.alloc(BLOCK, 0x5a);
    const taken = Array.from({ length: SYNCS }, (_, at) => {
      const startedMs = systemClock.monotonicMs();
      // Always over the same block: a new one would also time the file system's journal.
      writeSync(file, block, 0, BLOCK, 0);
      fdatasyncSync(file);
      progress(at, SYNCS + VOLUME_MIB);
      return systemClock.monotonicMs() - startedMs;
    });
    return taken.toSorted((a, b) => a - b);
  } finally {
    closeSync(file);
  }
}

/** MiB a second, written and synced. */
function measureVolume(path: string, progress: Progress): number {
  const file = openSync(path, 'w', 0o600);
  try {
    const startedMs = systemClock.monotonicMs();
    const chunk = Buffer.alloc(MIB, 0xa5);
    for (let at = 0; at < VOLUME_MIB; at += 1) {
      writeSync(file, chunk);
      progress(SYNCS + at, SYNCS + VOLUME_MIB);
    }
    fdatasyncSync(file);
    return (VOLUME_MIB * 1000) / Math.max(1, systemClock.monotonicMs() - startedMs);
  } finally {
    closeSync(file);
  }
}

/** What the times say beside what the kernel knows of the device. Pure. */
export function honesty(syncMs: readonly number[], device: DeviceFacts | null): Finding {
  const check = 'fsync';
  const median = syncMs[Math.floor(syncMs.length / 2)] ?? 0;
  const worst = syncMs.at(-1) ?? 0;
  const cache = device?.cache == null ? '' : `, cache: ${device.cache}`;
  const kind = device === null ? 'device not known' : device.rotational ? 'rotating disk' : 'flash or virtual disk';
  const seen = `${median.toFixed(3)} ms (worst ${worst.toFixed(1)} ms), ${kind}${cache}`;
  const limitMs = device?.rotational === true ? FASTEST_TURN_MS : FASTEST_FLASH_MS;
  if (median < limitMs) {
    const advice =
      'Faster than such a disk can write: it has a cache that keeps its power, or it lies. Unless you know the first, cut the power under load and count (docs/crash-testing.md), or use another disk.';
    return warn(check, seen, advice);
  }
  return ok(check, seen);
}

function speed(mibPerSecond: number): Finding {
  const seen = `${mibPerSecond.toFixed(0)} MiB/s`;
  return mibPerSecond < SLOW_MIB_PER_SECOND
    ? warn('write speed', seen, 'Backups and the archive will take long: use a better disk.')
    : ok('write speed', seen);
}

function watchdog(): Finding {
  const check = 'watchdog';
  if (!existsSync('/dev/watchdog') && !existsSync('/dev/watchdog0'))
    return warn(
      check,
      'this box has none',
      'A box that hangs waits for a person. Load its driver, or softdog (modprobe softdog).',
    );
  const told = configured();
  return told === null
    ? unknown(
        check,
        'there is one; who feeds it is not known',
        'Let systemd feed it: RuntimeWatchdogSec=30 in /etc/systemd/system.conf.d/.',
      )
    : ok(check, `fed by systemd (RuntimeWatchdogSec=${told})`);
}

function configured(): string | null {
  for (const path of ['/etc/systemd/system.conf', '/etc/systemd/system.conf.d/counterfoil.conf']) {
    try {
      const found = /^\s*RuntimeWatchdogSec=(\S+)/m.exec(readFileSync(path, 'utf8'))?.[1];
      if (found !== undefined && found !== '0' && found !== 'off') return found;
    } catch {
      // Not there: the other one may be.
    }
  }
  return null;
}

function deviceFacts(device: string, sysRoot = '/sys'): DeviceFacts | null {
  try {
    const block = realpathSync(join(sysRoot, 'dev/block', device));
    // A partition's folder lies in its disk's, and only the disk has a queue.
    const disk = existsSync(join(block, 'queue')) ? block : dirname(block);
    const read = (name: string) => readFileSync(join(disk, 'queue', name), 'utf8').trim();
    return {
      rotational: read('rotational') === '1' && !/^(vd|xvd|loop|dm-)/.test(basename(disk)),
      cache: read('write_cache'),
    };
  } catch {
    return null;
  }
}
