import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceDurably, syncFile, writeDurably } from '../../src/base/durable.ts';
import { replaceDurably as replaceWhileServing } from '../../src/base/durable-async.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'durable-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('a small file', () => {
  it('is written whole, whatever its size, for its owner alone', () => {
    const path = join(folder, 'a');
    const content = Buffer.alloc(3_000_000, 'ab');
    writeDurably(path, content);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(modeOf(path)).toBe(0o600);
    writeDurably(path, 'short');
    expect(readFileSync(path, 'utf8')).toBe('short');
  });

  it('is appended to, or refused where there is one', () => {
    const path = join(folder, 'a');
    writeDurably(path, 'one', 'a');
    writeDurably(path, 'two', 'a');
    expect(readFileSync(path, 'utf8')).toBe('onetwo');
    expect(() => writeDurably(path, 'three', 'wx')).toThrow(/EEXIST/);
    expect(readFileSync(path, 'utf8')).toBe('onetwo');
  });

  it('that is not there cannot be synced', () => {
    expect(() => syncFile(join(folder, 'none'))).toThrow(/ENOENT/);
  });
});

describe.each([
  ['at once', async (path: string, text: string) => replaceDurably(path, text)],
  ['while serving', replaceWhileServing],
])('a file that is replaced %s', (_name, replace) => {
  it('has the new content, nothing left beside it, and is its owner’s alone even if a draft was open to all', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'old');
    writeFileSync(`${path}.new`, 'a draft that was cut short');
    chmodSync(`${path}.new`, 0o666);
    await replace(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(modeOf(path)).toBe(0o600);
    expect(existsSync(`${path}.new`)).toBe(false);
  });

  it('stays as it was when the draft cannot be written', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'old');
    writeFileSync(join(folder, 'b'), '');
    await expect(replace(join(folder, 'b', 'a'), 'new')).rejects.toThrow(/ENOTDIR/);
    expect(readFileSync(path, 'utf8')).toBe('old');
  });
});
