/** Who could exchange a folder, or a file in it: real folders, real modes. */
import { chmodSync, constants, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFolder, openOwn, requireGuarded } from '../../src/sealer/guarded.ts';

let base = '';
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'cf-guarded-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

describe('requireGuarded', () => {
  test('an own folder below others that only root or this user can change, a sticky one among them', () => {
    mkdirSync(join(base, 'trail'), { mode: 0o750 });
    expect(() => requireGuarded(join(base, 'trail'))).not.toThrow();
  });

  test.each([0o770, 0o757, 0o1777])('not with mode %o: others could put another file under a name', (mode) => {
    mkdirSync(join(base, 'trail'));
    chmodSync(join(base, 'trail'), mode);
    expect(() => requireGuarded(join(base, 'trail'))).toThrow(/can be changed by others/);
  });

  test('not below a folder that others can change', () => {
    mkdirSync(join(base, 'mnt/trail'), { recursive: true });
    chmodSync(join(base, 'mnt'), 0o775);
    expect(() => requireGuarded(join(base, 'mnt/trail'))).toThrow(/mnt can be changed by others/);
  });

  test('not through a symbolic link, not what is no folder, not what is not there', () => {
    mkdirSync(join(base, 'real'));
    symlinkSync(join(base, 'real'), join(base, 'link'));
    writeFileSync(join(base, 'file'), '');
    expect(() => requireGuarded(join(base, 'link'))).toThrow(/no folder/);
    expect(() => requireGuarded(join(base, 'file'))).toThrow(/no folder/);
    expect(() => requireGuarded(join(base, 'gone'))).toThrow(/cannot be looked at/);
  });
});

describe('openOwn', () => {
  test('not a symbolic link, not a file with a second name', () => {
    writeFileSync(join(base, 'file'), '');
    symlinkSync(join(base, 'file'), join(base, 'link'));
    expect(() => openOwn(join(base, 'link'), constants.O_RDONLY)).toThrow(/not a plain file/);
    linkSync(join(base, 'file'), join(base, 'second'));
    expect(() => openOwn(join(base, 'file'), constants.O_RDONLY)).toThrow(/not a plain file/);
  });
});

test('makeFolder leaves a folder that is there as it is', () => {
  makeFolder(join(base, 'a'), 0o700);
  writeFileSync(join(base, 'a/kept'), '');
  expect(() => makeFolder(join(base, 'a'), 0o755)).not.toThrow();
  expect(() => openOwn(join(base, 'a/kept'), constants.O_RDONLY)).not.toThrow();
});
