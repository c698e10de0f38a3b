import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BackupFile } from '../../src/backup/container.ts';
import { Scene } from '../harness/scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const one = (text: string) => ({ bytes: text.length, pieces: [Buffer.from(text)] });

test('the file has its name only once it is whole, and the hash told is its own', () => {
  const folder = scene.folder();
  const path = join(folder, 'b.cfb');
  const backup = new BackupFile(path, () => []);
  backup.add('config/a', one('x'));
  expect(readdirSync(folder)).toEqual(['b.cfb.part']);
  const finished = backup.finish();
  expect(readdirSync(folder)).toEqual(['b.cfb']);
  const bytes = readFileSync(path);
  expect(finished).toEqual({ bytes: bytes.length, hash: hash('sha256', bytes, 'base64') });
});

test('what does not come to its length, or fails while it is read, leaves nothing', () => {
  const folder = scene.folder();
  const short = new BackupFile(join(folder, 'a'), () => []);
  expect(() => short.add('config/a', { bytes: 2, pieces: [Buffer.from('x')] })).toThrow('came to 1 bytes');
  const failing = new BackupFile(join(folder, 'b'), () => []);
  const pieces = {
    *[Symbol.iterator]() {
      yield Buffer.from('x');
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    },
  };
  expect(() => failing.add('config/a', { bytes: 2, pieces })).toThrow('no backup was made');
  expect(readdirSync(folder)).toEqual([]);
});

test('where nothing can be written the words say what to do', () => {
  const folder = scene.folder();
  expect(() => new BackupFile(join(folder, 'no/such/b'), () => [])).toThrow(
    expect.objectContaining({ code: 'storage_io' }),
  );
  mkdirSync(join(folder, 'b'));
  writeFileSync(join(folder, 'b', 'x'), '');
  const onto = new BackupFile(join(folder, 'b'), () => []);
  expect(() => onto.finish()).toThrow('no backup was made');
  expect(existsSync(join(folder, 'b.part'))).toBe(false);
});
