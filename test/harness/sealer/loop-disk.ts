/**
 * An ext4 of its own in a file, mounted through a loop device: the real append-only attribute, and nothing of it outlives
 * the test, because the whole file system goes with its image (append-only files cannot be removed one by one).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const IMAGE_BYTES = 96 * 1024 * 1024;

export class LoopDisk {
  readonly path: string;
  readonly #image: string;
  #mounted = false;

  /** Makes and mounts it below `folder`. The loop device is freed by the kernel when it is unmounted. */
  constructor(folder: string, sizeBytes = IMAGE_BYTES) {
    this.#image = join(folder, 'disk.img');
    this.path = join(folder, 'disk');
    writeFileSync(this.#image, '');
    truncateSync(this.#image, sizeBytes);
    run('mkfs.ext4', '-q', '-m', '0', '-E', 'lazy_itable_init=1,lazy_journal_init=1', this.#image);
    mkdirSync(this.path);
    run('mount', '-o', 'loop', this.#image, this.path);
    this.#mounted = true;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** As a power cut and a start leave it, but for what was not on disk: everything here is read anew. */
  remount(): void {
    run('umount', this.path);
    this.#mounted = false;
    run('mount', '-o', 'loop', this.#image, this.path);
    this.#mounted = true;
  }

  /** Unmounts whatever still uses it, and removes the image. Safe to call again. */
  remove(): void {
    if (this.#mounted) run('umount', '--lazy', this.path);
    this.#mounted = false;
    rmSync(this.#image, { force: true });
    // Never a recursive removal of what may still be a mount.
    rmdirSync(this.path);
  }
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, [...args], { stdio: 'pipe' });
}
