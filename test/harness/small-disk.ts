/**
 * A disk of a few MiB: an ext4 file system in a file, mounted over the loop device, so that "full" is the kernel's own word.
 * Needs root (CI has it) and e2fsprogs, mount and umount.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Scene } from './scene.ts';

const MIB = 1024 * 1024;
const FILLER = 'filler';

export class SmallDisk {
  /** Where it is mounted. */
  readonly path: string;
  readonly #image: string;
  #isIn = false;

  constructor(path: string, image = '') {
    this.path = path;
    this.#image = image;
  }

  /** Made, mounted, and gone with the scene. No block is kept back for root: tests run as root. */
  static mount(scene: Scene, mib: number): SmallDisk {
    const folder = scene.folder();
    const image = join(folder, 'disk.img');
    const path = join(folder, 'disk');
    mkdirSync(path);
    closeSync(openSync(image, 'w'));
    truncateSync(image, mib * MIB);
    execFileSync('mkfs.ext4', ['-q', '-m', '0', '-b', '1024', image]);
    const disk = new SmallDisk(path, image);
    disk.plug();
    scene.onClose(() => disk.#isIn && disk.pull());
    return disk;
  }

  /** Mounts it again, here or at another place. */
  plug(path = this.path): void {
    execFileSync('mount', ['-o', 'loop,nodev,nosuid,noexec', this.#image, path]);
    this.#isIn = path === this.path;
  }

  /** Takes it away under whoever uses it; the folder stays. */
  pull(path = this.path): void {
    execFileSync('umount', ['--lazy', path]);
    this.#isIn = false;
  }

  /** What the kernel does with a device that answers with errors: nothing can be written any more, not even by who has it open. */
  breakDown(): void {
    execFileSync('mount', ['-o', 'remount,abort', this.path]);
  }

  /** Used share as df(1) reckons. */
  get share(): number {
    const { bavail, bfree, blocks } = statfsSync(this.path);
    return (blocks - bfree) / (blocks - bfree + bavail);
  }

  /** Another program's file grows until this share is used (1: until nothing fits). */
  fillTo(share: number): void {
    const file = openSync(join(this.path, FILLER), 'a');
    try {
      while (this.share < share) writeSync(file, Buffer.alloc(64 * 1024));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  /** The other program's file is gone. */
  empty(): void {
    rmSync(join(this.path, FILLER), { force: true });
  }
}
