/** As `durable.ts`, without holding up the event loop: on disk once the promise has resolved. */
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Replaces the whole content of a file (mode 0600): after a power cut it is the old or the new one. */
export async function replaceDurably(path: string, content: string): Promise<void> {
  const fresh = `${path}.new`;
  const file = await open(fresh, 'w', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  await syncDirectory(dirname(path));
}

/** Makes a directory (0700) and what is missing above it, names and all. */
export async function makeDirectory(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made === undefined) {
    // An earlier life may have made it, and the folder it is in, and ended before their names were on disk.
    const parent = dirname(resolve(path));
    await syncDirectory(parent);
    await syncDirectory(dirname(parent)).catch((error: NodeJS.ErrnoException) => {
      // What this user may not read it cannot have made.
      if (error.code !== 'EACCES') throw error;
    });
    return;
  }
  const top = dirname(resolve(made));
  for (let at = dirname(resolve(path)); ; at = dirname(at)) {
    await syncDirectory(at);
    if (at === top || at === dirname(at)) return;
  }
}

/** Names made or removed in it are on disk when this resolves. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
