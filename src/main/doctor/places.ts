/** The directories the gateway writes to: theirs, writable, on a local file system with room, and honest about fsync. */
import { accessSync, constants, existsSync, readFileSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import type { Config } from '../../base/config/load.ts';
import { tryWal } from '../../buffer/try-wal.ts';
import { emmcWear, type Mount, mountOf } from '../../storage/device.ts';
import { type Finding, fail, ok, unknown, warn } from './finding.ts';

/** Where SQLite's shared memory or fsync cannot be relied on (sqlite.org/wal.html, sqlite.org/howtocorrupt.html). */
const NOT_LOCAL = /^(nfs|nfs4|cifs|smb3?|9p|fuse(\..*)?|ceph|glusterfs|afs)$/;
const NOT_DURABLE = /^(tmpfs|ramfs|devtmpfs)$/;
/** No modes, no owners, and no journal. */
const NO_MODES = /^(vfat|msdos|exfat)$/;
const SLOW_COMMIT_MS = 500;
const GIB = 2 ** 30;
const LOW_BYTES = 2 * GIB;

export interface PlaceSources {
  /** Text of /proc/self/mountinfo. */
  readonly mounts: () => string;
}

export const SYSTEM_PLACES: PlaceSources = { mounts: () => readFileSync('/proc/self/mountinfo', 'utf8') };

export function placeFindings({ dataDir, storage, trailDir }: Config, { mounts }: PlaceSources): Finding[] {
  const data = nearest(dataDir);
  const trail = nearest(trailDir);
  const mounted = mounts();
  return [
    directory('data_dir', dataDir, true),
    ...medium('data_dir', mountOf(realpathSync(data), mounted)),
    room('data_dir', data, storage.openAt),
    wal(data),
    ...wear(mountOf(realpathSync(data), mounted)),
    directory('trail_dir', trailDir, false),
    ...medium('trail_dir', mountOf(realpathSync(trail), mounted)),
    room('trail_dir', trail, storage.openAt),
  ];
}

/** The directory itself, or the one it will be made in. */
export function nearest(path: string): string {
  let at = path;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

function directory(name: string, path: string, isPrivate: boolean): Finding {
  const there = existsSync(path);
  const at = nearest(path);
  try {
    accessSync(at, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    const what = there ? `${path} cannot be written` : `${path} is not there and cannot be made in ${at}`;
    return fail(name, what, `Give it to the gateway's user: install -d -m 0700 -o counterfoil ${path}`);
  }
  if (!there) return ok(name, `${path} will be made`);
  const { mode } = statSync(path);
  if (isPrivate && (mode & 0o077) !== 0)
    return fail(name, `${path} is open to others (mode ${(mode & 0o777).toString(8)})`, `Run: chmod 700 ${path}`);
  return ok(name, `${path}, mode ${(mode & 0o777).toString(8)}`);
}

function medium(name: string, mount: Mount | null): Finding[] {
  const check = `${name} disk`;
  if (mount === null) return [unknown(check, 'the mount could not be found', null)];
  const { fileSystem, isReadOnly, point } = mount;
  const seen = `${fileSystem} on ${point}`;
  if (isReadOnly)
    return [
      fail(check, `${seen}, read-only`, 'The kernel does that when a disk fails: look at dmesg, replace the disk.'),
    ];
  if (NOT_LOCAL.test(fileSystem))
    return [
      fail(
        check,
        seen,
        'Use a local disk with ext4, xfs or btrfs; a write over the network can be lost after its acknowledgement.',
      ),
    ];
  if (NOT_DURABLE.test(fileSystem))
    return [fail(check, seen, 'This is memory: everything is lost with the power. Use a disk.')];
  if (NO_MODES.test(fileSystem))
    return [fail(check, seen, 'Use ext4, xfs or btrfs: this one knows no owners and no journal.')];
  return [ok(check, seen)];
}

function room(name: string, path: string, openAt: number): Finding {
  const { bavail, bfree, blocks, bsize } = statfsSync(path);
  const used = blocks === 0 ? 0 : 1 - bavail / (blocks - bfree + bavail);
  const seen = `${(used * 100).toFixed(0)} % used, ${((bavail * bsize) / GIB).toFixed(1)} GiB free`;
  const check = `${name} room`;
  if (used >= openAt)
    return fail(
      check,
      seen,
      `From ${openAt * 100} % on only controlled substances are taken (storage.open_at): make room or use a larger disk.`,
    );
  if (bavail * bsize < LOW_BYTES) return warn(check, seen, 'docs/how-to/size-a-disk.md says how much a store needs.');
  return ok(check, seen);
}

function wal(directoryPath: string): Finding {
  const check = 'commits';
  const { commitMs, fault } = tryWal(directoryPath, () => systemClock.monotonicMs());
  if (fault !== null)
    return fail(
      check,
      `WAL with synchronous=FULL does not work: ${fault}`,
      'Use a local disk with ext4, xfs or btrfs that has room and that this user may write.',
    );
  const median = commitMs[Math.floor(commitMs.length / 2)] ?? 0;
  const worst = commitMs.at(-1) ?? 0;
  const seen = `WAL with synchronous=FULL works, a commit takes ${median.toFixed(2)} ms (worst of ${commitMs.length}: ${worst.toFixed(1)} ms)`;
  if (median >= SLOW_COMMIT_MS)
    return warn(check, seen, 'Tills would wait. Look for other load on this disk; check its wear; use a better one.');
  return ok(check, seen);
}

function wear(mount: Mount | null): Finding[] {
  const found = mount === null ? null : emmcWear(mount.device);
  if (found === null) return [];
  const seen = found.usedPercent === null ? 'the card does not tell' : `${found.usedPercent} % of its life used`;
  if (found.isFailing)
    return [fail('wear', seen, 'The card says that its end is near: make a backup now and replace it.')];
  return [ok('wear', seen)];
}
