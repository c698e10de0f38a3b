/** Whether this process, on this file system, can do what the sealer is for: tried on a file, never assumed. */
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unfit } from './guarded.ts';
import { changeFlag, enableVerity } from './tools.ts';

const NAME = 'probe';

/**
 * Makes a file in `folder` append-only and immutable and sees that it is; gives whether fs-verity works too. Throws
 * `trail_unfit` where a file can be overwritten that should not be.
 */
export async function probeAttributes(folder: string): Promise<boolean> {
  const path = join(folder, NAME);
  await clear(folder, path);
  writeFileSync(path, 'probe\n', { mode: 0o600 });
  const verity = await enableVerity(folder, NAME);
  rmSync(path);
  writeFileSync(path, 'probe\n', { mode: 0o600 });
  await changeFlag(folder, NAME, '+a');
  const overwritten = opens(path, 'r+');
  await changeFlag(folder, NAME, '+i');
  const appended = opens(path, 'a');
  await clear(folder, path);
  if (!overwritten && !appended) return verity;
  throw unfit(
    `files in ${folder} can be changed though they are marked append-only and immutable`,
    'Put the trail on a file system that keeps these attributes, such as ext4.',
  );
}

async function clear(folder: string, path: string): Promise<void> {
  try {
    rmSync(path, { force: true });
  } catch {
    // Left by a life that was killed here.
    await changeFlag(folder, NAME, '-i');
    await changeFlag(folder, NAME, '-a');
    rmSync(path);
  }
}

function opens(path: string, how: 'r+' | 'a'): boolean {
  try {
    closeSync(openSync(path, how));
    return true;
  } catch {
    return false;
  }
}
