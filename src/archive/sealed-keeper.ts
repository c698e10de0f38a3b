/**
 * The archive's files in the sealer's keeping: it makes them append-only, seals them, and destroys one only when its time is over by
 * its own clock. What it says of a file is not believed but tried: opening it for overwriting has to fail.
 */
import { constants, existsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CounterfoilError } from '../base/errors.ts';
import { callSealer } from '../base/sealer-call.ts';
import { archiveExpireResult, archiveOpenResult, sealResult } from '../base/sealer-wire.ts';
import { type ArchiveFileName, archivePath } from '../buffer/api.ts';
import type { ArchiveKeeper } from './keeper.ts';

/** `directory` is `{trail_dir}/archive`. */
export function sealedKeeper(socketPath: string, directory: string): ArchiveKeeper {
  const pathOf = (name: ArchiveFileName) => join(directory, archivePath(name));
  const seal = async (name: ArchiveFileName) => {
    await callSealer(socketPath, 'archive_seal', numbersOf(name), sealResult);
    await requireRefused(pathOf(name), constants.O_WRONLY | constants.O_APPEND);
  };
  return {
    async prepare(name) {
      const path = pathOf(name);
      const { immutable } = await callSealer(socketPath, 'archive_open', numbersOf(name), archiveOpenResult);
      await requireRefused(path, constants.O_WRONLY);
      return { path, bytes: (await stat(path)).size, isSealed: immutable };
    },
    seal,
    async remove(name) {
      if (!existsSync(pathOf(name))) return;
      await seal(name);
      await callSealer(socketPath, 'archive_expire', numbersOf(name), archiveExpireResult);
    },
  };
}

/** Month and part in numbers: no text of ours becomes a name. */
function numbersOf({ stream, month, part }: ArchiveFileName) {
  const [year, number] = month.split('-').map(Number);
  return { stream, year, month: number, part };
}

async function requireRefused(path: string, flags: number): Promise<void> {
  try {
    await (await open(path, flags | constants.O_NOFOLLOW)).close();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EPERM') return;
    throw error;
  }
  const hint = 'Run "lsattr" on it: it must say "a" or "i". See whether the sealer works on the same trail_dir.';
  throw new CounterfoilError('trail_unfit', `${path} can be changed though the sealer keeps it`, hint);
}
