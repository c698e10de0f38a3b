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

  constructor(path: string) {
    this.path = path;
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
    execFileSync('mount', ['-o', 'loop,nodev,nosuid,noexec', image, path]);
    scene.onClose(() => execFileSync('umount', ['--lazy', path]));
    return new SmallDisk(path);
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
