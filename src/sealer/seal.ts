/**
 * Sealing: a closed segment becomes a file that nobody can change at all, and of which nobody has ever held a descriptor
 * for writing. The attribute `a` must go before fs-verity or a rename is possible, and then a descriptor the gateway has
 * kept could write anywhere. So a copy is made while the segment is still append-only, readable for the group and
 * writable for nobody, and takes the segment's place; the old file, its reserved space and whatever is done to it vanish.
 *
 *   1. copy to `.sealer/{name}.part`, on disk; fs-verity where there is any
 *   2. rename to `….ready`                        from here on the copy is what counts
 *   3. shut the door (guarded-folder.ts), chattr -a the segment; it must not have grown
 *   4. rename the copy over it, open the door
 *   5. chattr +i
 *
 * Every step is on disk before the next. Killed before 2: the copy is thrown away. After 2: the next start, or the next
 * request, goes on from where it stopped.
 */
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { CounterfoilError } from '../base/errors.ts';
import type { SealResult } from '../base/sealer-wire.ts';
import { openOwn, syncFile, syncFolder, unfit } from './guarded.ts';
import { type GuardedFolder, SEALED_MODE } from './guarded-folder.ts';
import { changeFlag, enableVerity, readFlags } from './tools.ts';

const CHUNK_BYTES = 1024 * 1024;

export interface Workshop {
  /** `{trail_dir}/.sealer`: on the trail's file system, only for the sealer. */
  readonly path: string;
  /** Whether fs-verity was seen to work there. */
  readonly verity: boolean;
  /** Told what was found that should not be. */
  readonly onFinding: (finding: Finding) => void;
}

/** Something the sealer met and has put right, but somebody should know of. */
export interface Finding {
  /** Label of its folder. */
  readonly folder: string;
  readonly file: string;
  readonly message: string;
}

/** Seals a file, whatever an earlier attempt has left. Throws `storage_full`, `storage_io`, `trail_unfit`. */
export async function sealFile(folder: GuardedFolder, workshop: Workshop, name: string): Promise<SealResult> {
  const copy = readyPath(folder, workshop, name);
  const { appendOnly, immutable, verity } = await readFlags(folder.path, name);
  if (immutable) {
    rmSync(copy, { force: true });
    return { immutable, verity };
  }
  // Append-only: nothing but growth can have happened to it since a copy was made, so a new copy is as good and simpler.
  if (appendOnly) await makeCopy(folder, workshop, name);
  if (existsSync(copy)) await takePlace(folder, workshop, name);
  else requireReplaced(folder, name);
  await changeFlag(folder.path, name, '+i');
  const now = await readFlags(folder.path, name);
  if (!now.immutable) throw unfit(`${name} does not stay immutable`, 'Put the trail on a file system such as ext4.');
  syncFile(join(folder.path, name));
  return { immutable: true, verity: now.verity };
}

/** Where a complete copy of a segment waits to take its place. */
export function readyPath(folder: GuardedFolder, workshop: Workshop, name: string): string {
  return join(workshop.path, `${folder.label}-${name}.ready`);
}

async function makeCopy(folder: GuardedFolder, workshop: Workshop, name: string): Promise<void> {
  const part = `${folder.label}-${name}.part`;
  const path = join(workshop.path, part);
  rmSync(path, { force: true });
  try {
    copyOnDisk(join(folder.path, name), path);
    // Needs the right to write, so it comes before the mode that takes it away.
    if (workshop.verity && !(await enableVerity(workshop.path, part))) {
      workshop.onFinding({
        folder: folder.label,
        file: name,
        message: 'fs-verity could not be enabled; the file is immutable without it',
      });
    }
    chmodSync(path, SEALED_MODE);
    syncFile(path);
    renameSync(path, readyPath(folder, workshop, name));
  } catch (error) {
    rmSync(path, { force: true });
    throw storageError(error);
  }
  syncFolder(workshop.path);
}

/** Exchanges the segment for its copy. `a` is already gone where an earlier attempt was killed here. */
async function takePlace(folder: GuardedFolder, workshop: Workshop, name: string): Promise<void> {
  const path = join(folder.path, name);
  const copy = readyPath(folder, workshop, name);
  const isOpen = !(await readFlags(folder.path, name)).appendOnly;
  folder.shutTheDoor();
  if (!isOpen) await changeFlag(folder.path, name, '-a');
  const found = compareFiles(path, copy);
  if (found === 'longer') {
    await changeFlag(folder.path, name, '+a');
    rmSync(copy);
    folder.openTheDoor();
    throw new CounterfoilError(
      'usage',
      `${name} of ${folder.label} grew while it was being sealed`,
      'Nothing may be appended to a segment that is to be sealed. Ask again once it is closed.',
    );
  }
  if (found === 'other') {
    const message = 'a segment was changed in the moment in which it was not append-only; the copy made before stays';
    workshop.onFinding({ folder: folder.label, file: name, message });
  }
  renameSync(copy, path);
  syncFolder(folder.path);
  folder.openTheDoor();
}

/** Without attribute and without a copy, it must be the copy: readable and no more. */
function requireReplaced(folder: GuardedFolder, name: string): void {
  if (folder.isSealedCopy(name)) return;
  throw unfit(
    `${join(folder.path, name)} is not append-only, and nothing the sealer did explains it`,
    'Somebody with root rights has cleared the attribute. Keep a copy, then run "counterfoil trail verify" with witnesses.',
  );
}

function copyOnDisk(from: string, to: string): void {
  const source = openOwn(from, constants.O_RDONLY);
  const target = openSync(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let got = readSync(source, chunk); got > 0; got = readSync(source, chunk)) {
      for (let done = 0; done < got; ) done += writeSync(target, chunk, done, got - done);
    }
    fsyncSync(target);
  } finally {
    closeSync(target);
    closeSync(source);
  }
}

/** How a file differs from its copy: not, by bytes behind those of the copy, or otherwise. */
function compareFiles(path: string, copy: string): 'same' | 'longer' | 'other' {
  const now = openOwn(path, constants.O_RDONLY);
  const kept = openOwn(copy, constants.O_RDONLY);
  try {
    const [one, other] = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
    for (let at = 0; ; ) {
      const got = readSync(kept, other, 0, CHUNK_BYTES, at);
      if (got === 0) return readSync(now, one, 0, 1, at) > 0 ? 'longer' : 'same';
      const found = readSync(now, one, 0, got, at);
      if (found < got || !one.subarray(0, got).equals(other.subarray(0, got))) return 'other';
      at += got;
    }
  } finally {
    closeSync(kept);
    closeSync(now);
  }
}

function storageError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const hint = 'The segment stays append-only and is sealed once there is space.';
    return new CounterfoilError('storage_full', 'no space for the copy that seals a segment', hint, error);
  }
  if (code !== 'EIO') return error;
  const hint = 'The disk fails. The segment stays append-only; "counterfoil trail verify" says what can be read of it.';
  return new CounterfoilError('storage_io', 'a segment cannot be copied to be sealed', hint, error);
}
