/**
 * The disk under a recorded program: files (file-model.ts) and the names they stand under, moved forward event by event.
 *
 * Names change in order and reach the disk in order, as in a journalling file system. What makes them certain:
 * - `journal` (ext4, xfs, btrfs): syncing a directory settles its names; syncing a new or renamed file settles its own
 *   name; and with either everything earlier in the journal.
 * - `strict` (what POSIX promises): only syncing the directory that holds the name.
 */
import { dirname, relative } from 'node:path';
import { FileModel } from './file-model.ts';
import type { DiskEvent, LogEvent, OpenEvent, SyncEndEvent } from './log.ts';

export type NameRule = 'journal' | 'strict';

type Node = FileModel | 'directory';

interface NameChange {
  readonly index: number;
  /** Path relative to the root that appears or, with `node` null, disappears. */
  readonly path: string;
  readonly node: Node | null;
  /** The old name when a file was renamed to `path`. */
  readonly from: string | null;
  committed: boolean;
}

/** Which names exist after the cut: the first `namesKept` undecided name changes happened, the rest did not. */
export interface Names {
  readonly files: ReadonlyMap<string, FileModel>;
  readonly directories: ReadonlySet<string>;
}

export class DiskModel {
  readonly #root: string;
  readonly #rule: NameRule;
  readonly #ignore: (path: string) => boolean;
  readonly #names = new Map<string, Node>();
  #nameChanges: NameChange[] = [];
  readonly #inodes = new Map<bigint, FileModel>();
  readonly #syncBegins = new Map<number, number>();

  /**
   * `initial`: files that were there before the recording, by path relative to `root`; a path that ends with a slash is
   * an empty directory. `ignore`: relative paths that need
   * not survive (SQLite's -shm, which is memory in the shape of a file).
   */
  constructor(
    root: string,
    rule: NameRule,
    initial: ReadonlyMap<string, Buffer> = new Map(),
    ignore: (path: string) => boolean = (path) => path.endsWith('-shm'),
  ) {
    this.#root = root;
    this.#rule = rule;
    this.#ignore = ignore;
    for (const [path, content] of initial) {
      for (let up = dirname(path); up !== '.'; up = dirname(up)) this.#names.set(up, 'directory');
      if (path.endsWith('/')) this.#names.set(path.slice(0, -1), 'directory');
      else this.#names.set(path, new FileModel(content));
    }
  }

  apply(event: LogEvent): void {
    if (event.kind === 'send') return;
    const path = relative(this.#root, event.path);
    if (this.#ignore(path)) return;
    if (event.kind === 'open') this.#open(event, path);
    else if (event.kind === 'write') this.#file(event).add(event.index, event.offset, event.data);
    else if (event.kind === 'truncate') this.#file(event).add(event.index, event.size, null);
    else if (event.kind === 'sync-begin') this.#syncBegins.set(event.sync, event.index);
    else if (event.kind === 'sync-end') this.#synced(event, path);
    else if (event.kind === 'mkdir') this.#name(event.index, path, 'directory', null);
    else if (event.kind === 'rename') this.#name(event.index, relative(this.#root, event.to), this.#file(event), path);
    else if (event.kind === 'unlink' || event.kind === 'rmdir') this.#name(event.index, path, null, null);
  }

  /** Number of name changes that may or may not be on disk. */
  undecidedNames(): number {
    return this.#nameChanges.filter((change) => !change.committed).length;
  }

  /** The names after the cut when the first `kept` undecided changes reached the disk. */
  namesAfter(kept: number): Names {
    const names = new Map(this.#names);
    let left = kept;
    for (const change of this.#nameChanges) {
      if (!change.committed && left-- <= 0) continue;
      if (change.from !== null) names.delete(change.from);
      if (change.node === null) names.delete(change.path);
      else names.set(change.path, change.node);
    }
    return separate(names);
  }

  #open(event: OpenEvent, path: string): void {
    if (event.directory) return;
    if (event.created) {
      const file = new FileModel();
      this.#inodes.set(event.inode, file);
      this.#name(event.index, path, file, null);
    }
    if (event.truncated) this.#file(event).add(event.index, 0, null);
  }

  #file(event: DiskEvent): FileModel {
    const known = this.#inodes.get(event.inode);
    if (known !== undefined) return known;
    const named = this.namesAfter(Number.POSITIVE_INFINITY).files.get(relative(this.#root, event.path));
    if (named === undefined) throw new Error(`crash model: ${event.path} was neither created nor there before`);
    this.#inodes.set(event.inode, named);
    return named;
  }

  #synced(event: SyncEndEvent, path: string): void {
    const beginIndex = this.#syncBegins.get(event.sync);
    this.#syncBegins.delete(event.sync);
    if (beginIndex === undefined || event.noop) return;
    const file = this.#inodes.get(event.inode) ?? this.namesAfter(Number.POSITIVE_INFINITY).files.get(path);
    file?.synced(beginIndex, event.ok);
    if (event.ok) this.#commitNames(beginIndex, path, file ?? null);
  }

  #commitNames(beginIndex: number, path: string, file: FileModel | null): void {
    const concerned = this.#nameChanges.filter((change) => {
      if (change.index >= beginIndex) return false;
      if (file !== null) return this.#rule === 'journal' && change.node === file;
      return dirname(change.path) === (path === '' ? '.' : path);
    });
    const last = concerned.at(-1)?.index ?? -1;
    for (const change of this.#nameChanges) {
      if (this.#rule === 'journal' ? change.index <= last : concerned.includes(change)) change.committed = true;
    }
    while (this.#nameChanges[0]?.committed === true) {
      const { path: name, node, from } = this.#nameChanges.shift() as NameChange;
      if (from !== null) this.#names.delete(from);
      if (node === null) this.#names.delete(name);
      else this.#names.set(name, node);
    }
  }

  #name(index: number, path: string, node: Node | null, from: string | null): void {
    this.#nameChanges.push({ index, path, node, from, committed: false });
  }
}

/** Files and directories that can be reached: a name below a directory that never came to be is not there. */
function separate(names: ReadonlyMap<string, Node>): Names {
  const reachable = (path: string): boolean => {
    const parent = dirname(path);
    return parent === '.' || (names.get(parent) === 'directory' && reachable(parent));
  };
  const files = new Map<string, FileModel>();
  const directories = new Set<string>();
  for (const [path, node] of names) {
    if (!reachable(path)) continue;
    if (node === 'directory') directories.add(path);
    else files.set(path, node);
  }
  return { files, directories };
}
