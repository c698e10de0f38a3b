/** A disk so small that a test can fill it: a tmpfs of a given size, which only root may mount. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a tmpfs can be mounted here; tried once on `folder`, which is made and removed. */
export function canMount(folder: string): boolean {
  if (process.getuid?.() !== 0) return false;
  const disk = new SmallDisk(folder);
  try {
    disk.mount(64 * 1024);
    return true;
  } catch {
    return false;
  } finally {
    disk.unmount();
  }
}

export class SmallDisk {
  readonly folder: string;
  #mounted = false;

  constructor(folder: string) {
    this.folder = folder;
  }

  mount(sizeBytes: number): void {
    mkdirSync(this.folder, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0700`, 'tmpfs', this.folder], {
      stdio: 'pipe',
    });
    this.#mounted = true;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Fills the disk with a file that is nobody's, all but about `leaveBytes`; others may write to it meanwhile. */
  fill(leaveBytes: number): void {
    try {
      writeFileSync(join(this.folder, 'filler'), Buffer.alloc(Math.max(0, this.freeBytes - leaveBytes)));
    } catch (error) {
      // Another's write took the last of it first: full is what was asked for.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }

  /** Takes the filler away again. */
  free(): void {
    rmSync(join(this.folder, 'filler'), { force: true });
  }

  unmount(): void {
    if (this.#mounted) execFileSync('umount', ['--lazy', this.folder], { stdio: 'pipe' });
    this.#mounted = false;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
