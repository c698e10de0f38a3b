/**
 * A folder of files that the gateway may only append to, and how they become append-only before anybody can write to them.
 *
 * A file that was opened before it became append-only can still be overwritten through that descriptor, and an append-only
 * file can neither be moved nor given another mode. So a file is made under its final name and mode while the door is
 * shut: the folder lets nobody in but its owner until the attribute is set and on disk. Descriptors of older files go
 * on working meanwhile; somebody who reads the folder may meet EACCES for some milliseconds.
 *
 * If the power goes, or we are killed, the door stays shut until the next start has finished the file (recover.ts).
 */
import { chmodSync, closeSync, constants, lstatSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { syncFile, syncFolder, unfit } from './guarded.ts';
import { changeFlag, readFlags, reserve } from './tools.ts';

/** The gateway (the group) appends and reads; nobody else. */
const GROWING_MODE = 0o660;
/** A sealed one is only read. */
export const SEALED_MODE = 0o440;
const OPEN_DOOR = 0o750;
const SHUT_DOOR = 0o700;

export interface KeptFile {
  readonly name: string;
  readonly sizeBytes: number;
}

export class GuardedFolder {
  /** Names it for people, and its copies in the workshop. */
  readonly label: string;
  readonly path: string;
  readonly #pattern: RegExp;

  constructor(path: string, label: string, pattern: RegExp) {
    this.path = path;
    this.label = label;
    this.#pattern = pattern;
  }

  /** All files by name. Throws `trail_unfit` for one that is not a plain file of ours. */
  files(): KeptFile[] {
    const names = readdirSync(this.path).filter((name) => this.#pattern.test(name));
    return names.sort().map((name) => {
      const found = lstatSync(join(this.path, name));
      if (!found.isFile() || found.nlink !== 1 || found.uid !== process.geteuid?.()) {
        const hint = 'Only root can have put it there. Find out who did, and move it away.';
        throw unfit(`${join(this.path, name)} is not a plain file of the sealer's`, hint);
      }
      return { name, sizeBytes: found.size };
    });
  }

  /** Whether a file is what sealing puts in a file's place: nobody may write to it. */
  isSealedCopy(name: string): boolean {
    return (lstatSync(join(this.path, name)).mode & 0o777) === SEALED_MODE;
  }

  /** Whether the gateway's group is kept out just now. */
  get isShut(): boolean {
    return (lstatSync(this.path).mode & 0o777) === SHUT_DOOR;
  }

  /** Names in the folder that are none of its files: nobody but root can have put them there. */
  strangers(): string[] {
    return readdirSync(this.path).filter((name) => !this.#pattern.test(name));
  }

  /** Lets the gateway's group in: everything that can be opened for writing is append-only. */
  openTheDoor(): void {
    chmodSync(this.path, OPEN_DOOR);
  }

  /** Makes a file: empty, append-only, so much space reserved. Throws `storage_full`, `trail_unfit`. */
  async make(name: string, reservedBytes: number): Promise<void> {
    const path = join(this.path, name);
    this.shutTheDoor();
    closeSync(openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600));
    try {
      if (reservedBytes > 0) await reserve(this.path, name, reservedBytes);
      await this.#protect(name);
    } catch (error) {
      // A full disk, or a capability that is missing: no reason to keep the gateway from the files that are there.
      unlinkSync(path);
      throw error;
    } finally {
      this.openTheDoor();
    }
  }

  /** Takes away an empty file that never became append-only. */
  removeUnfinished(name: string): void {
    this.shutTheDoor();
    unlinkSync(join(this.path, name));
    syncFolder(this.path);
  }

  /** Makes a file append-only that should have been. */
  async repair(name: string): Promise<void> {
    this.shutTheDoor();
    await this.#protect(name);
    this.openTheDoor();
  }

  /** Keeps the gateway's group out while there is something in it that is not append-only. */
  shutTheDoor(): void {
    chmodSync(this.path, SHUT_DOOR);
  }

  /** Mode and attribute of a file, on disk when this resolves. */
  async #protect(name: string): Promise<void> {
    const path = join(this.path, name);
    chmodSync(path, GROWING_MODE);
    await changeFlag(this.path, name, '+a');
    if (!(await readFlags(this.path, name)).appendOnly) {
      throw unfit(`${path} does not stay append-only`, 'Put the trail on a file system such as ext4.');
    }
    syncFile(path);
    syncFolder(this.path);
  }
}
