/** The crash model itself: what must be there, what may be there, and what a name needs to last. */
import { describe, expect, it } from 'vitest';
import { DiskModel, type NameRule } from './disk-model.ts';
import type { Change, Fate } from './file-model.ts';
import type { LogEvent } from './log.ts';

const ROOT = '/box';

/** A small script of a program's calls; each makes one event, syncs two. */
class Script {
  readonly disk: DiskModel;
  #index = 0;
  #sync = 0;

  constructor(rule: NameRule = 'journal') {
    this.disk = new DiskModel(ROOT, rule);
  }

  create(name: string, inode: bigint): this {
    return this.#apply({ kind: 'open', created: true, truncated: false, directory: false, ...this.#at(name, inode) });
  }

  write(name: string, inode: bigint, offset: number, text: string): this {
    return this.#apply({ kind: 'write', offset, data: Buffer.from(text), ...this.#at(name, inode) });
  }

  truncate(name: string, inode: bigint, size: number): this {
    return this.#apply({ kind: 'truncate', size, ...this.#at(name, inode) });
  }

  rename(name: string, inode: bigint, to: string): this {
    return this.#apply({ kind: 'rename', to: `${ROOT}/${to}`, ...this.#at(name, inode) });
  }

  unlink(name: string): this {
    return this.#apply({ kind: 'unlink', ...this.#at(name, 0n) });
  }

  sync(name: string, inode: bigint, outcome: { ok?: boolean; noop?: boolean; between?: () => void } = {}): this {
    const sync = ++this.#sync;
    this.#apply({ kind: 'sync-begin', sync, ...this.#at(name, inode) });
    outcome.between?.();
    const { ok = true, noop = false } = outcome;
    return this.#apply({ kind: 'sync-end', sync, ok, noop, ...this.#at(name, inode) });
  }

  /** Text of a file when undecided changes end as `fate` says and all names are kept; null when it is not there. */
  read(name: string, fate: Fate | ((change: Change) => Fate), namesKept = Number.POSITIVE_INFINITY): string | null {
    const file = this.disk.namesAfter(namesKept).files.get(name);
    return file?.contentWith(typeof fate === 'function' ? fate : () => fate).toString() ?? null;
  }

  #at(name: string, inode: bigint) {
    return { index: this.#index, inode, path: name === '' ? ROOT : `${ROOT}/${name}` };
  }

  #apply(event: LogEvent): this {
    this.#index += 1;
    this.disk.apply(event);
    return this;
  }
}

describe('bytes', () => {
  it('are there once a sync that began after them has succeeded', () => {
    const script = new Script().create('a', 1n).write('a', 1n, 0, 'one').sync('a', 1n).write('a', 1n, 3, 'two');
    expect(script.read('a', 'missing')).toBe('one');
    expect(script.read('a', 'applied')).toBe('onetwo');
  });

  it('written while a sync runs are not covered by it', () => {
    const script = new Script().create('a', 1n).write('a', 1n, 0, 'one');
    script.sync('a', 1n, { between: () => script.write('a', 1n, 3, 'two') });
    expect(script.read('a', 'missing')).toBe('one');
  });

  it.each([{ noop: true }, { ok: false }])('stay in doubt after a sync that ended %o', (outcome) => {
    const script = new Script().create('a', 1n).write('a', 1n, 0, 'one').sync('a', 1n, outcome);
    expect(script.read('a', 'missing')).toBe('');
  });

  it('of a failed sync are not made certain by a later one that succeeds', () => {
    const script = new Script().create('a', 1n).write('a', 1n, 0, 'one').sync('a', 1n, { ok: false });
    script.write('a', 1n, 3, 'two').sync('a', 1n);
    expect(script.read('a', 'missing')).toBe('\0\0\0two');
    expect(script.read('a', 'applied')).toBe('onetwo');
  });

  it('arrive in part: head, tail, or as zeroes where the file grew', () => {
    const script = new Script().create('a', 1n).write('a', 1n, 0, 'xxxx').sync('a', 1n).write('a', 1n, 2, 'abcd');
    expect(script.read('a', { head: 1 })).toBe('xxax');
    expect(script.read('a', { tail: 1 })).toBe('xxxx\0d');
    expect(script.read('a', 'zeroed')).toBe('xxxx\0\0');
  });

  it('cut off by a truncation come back as zeroes when the file grows again', () => {
    const script = new Script().create('a', 1n).write('a', 1n, 0, 'abcdef').truncate('a', 1n, 2).truncate('a', 1n, 4);
    expect(script.read('a', 'applied')).toBe('ab\0\0');
    expect(script.read('a', (change) => (change.data === null ? 'missing' : 'applied'))).toBe('abcdef');
  });
});

describe('names', () => {
  it('of a new file last with its first sync in a journalling file system, not by POSIX alone', () => {
    const make = (rule: NameRule) => new Script(rule).create('a', 1n).write('a', 1n, 0, 'one').sync('a', 1n);
    expect(make('journal').read('a', 'missing', 0)).toBe('one');
    expect(make('strict').read('a', 'missing', 0)).toBeNull();
    expect(make('strict').sync('', 9n).read('a', 'missing', 0)).toBe('one');
  });

  it('change in order: a rename that arrived was preceded by all before it', () => {
    const script = new Script().create('a.new', 1n).write('a.new', 1n, 0, 'one').rename('a.new', 1n, 'a').unlink('b');
    expect(script.disk.undecidedNames()).toBe(3);
    expect([...script.disk.namesAfter(1).files.keys()]).toEqual(['a.new']);
    expect([...script.disk.namesAfter(2).files.keys()]).toEqual(['a']);
    script.sync('', 9n);
    expect(script.disk.undecidedNames()).toBe(0);
    expect(script.read('a', 'missing', 0)).toBe('');
  });

  it('of a removed file may come back, with the bytes it had', () => {
    const script = new Script().create('a', 1n).write('a', 1n, 0, 'one').sync('a', 1n).unlink('a');
    expect(script.read('a', 'missing', 0)).toBe('one');
    expect(script.read('a', 'missing')).toBeNull();
  });

  it('do not mix up files when the kernel uses an inode number again', () => {
    const script = new Script().create('a', 1n).write('a', 1n, 0, 'old').unlink('a').create('b', 1n);
    script.write('b', 1n, 0, 'new');
    expect(script.read('b', 'applied')).toBe('new');
    expect(script.read('a', 'applied', 1)).toBe('old');
  });
});
