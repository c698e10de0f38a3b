import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MirrorTree } from '../../src/backup/mirror-tree.ts';

let folder: string;
let tree: MirrorTree;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-tree-'));
  mkdirSync(join(folder, 'stick'));
  tree = new MirrorTree({ dataDir: join(folder, 'data'), trailDir: join(folder, 'trail'), to: join(folder, 'stick') });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}
const there = (name: string) => readFileSync(join(folder, 'stick', name), 'utf8');

test('segments and archive grow, small files are replaced, nothing else comes along', async () => {
  put('trail/audit/s00000000.log', 'one\n');
  put('trail/audit/notes.txt', 'not ours');
  put('trail/archive/standard/2026-10.0001.cfa', 'AAAA');
  put('data/people.json', '{}');
  put('data/lanes/lanes.json', '[1]');
  put('data/box.key', 'secret');
  put('data/box.key.recovery', 'wrapped');
  await tree.sync(true);
  appendFileSync(join(folder, 'trail/audit/s00000000.log'), 'two\n');
  put('trail/audit/s00000001.log', 'three\n');
  put('data/lanes/lanes.json', '[1,2]');
  await tree.sync(false);
  expect(there('trail/audit/s00000000.log')).toBe('one\ntwo\n');
  expect(there('trail/audit/s00000001.log')).toBe('three\n');
  expect(there('trail/archive/standard/2026-10.0001.cfa')).toBe('AAAA');
  expect(there('lanes/lanes.json')).toBe('[1,2]');
  expect(there('people.json')).toBe('{}');
  expect(there('box.key.recovery')).toBe('wrapped');
  for (const name of ['box.key', 'trail/audit/notes.txt']) expect(existsSync(join(folder, 'stick', name))).toBe(false);
});

test('what the medium has torn or changed is copied anew; what the source has lost stays', async () => {
  put('trail/audit/s00000000.log', 'a long first line\n');
  put('trail/schedule_two/s00000000.log', 'kept\n');
  await tree.sync(true);
  writeFileSync(join(folder, 'stick/trail/audit/s00000000.log'), 'a long fXXXX');
  rmSync(join(folder, 'trail/schedule_two'), { recursive: true });
  await tree.sync(true);
  expect(there('trail/audit/s00000000.log')).toBe('a long first line\n');
  expect(there('trail/schedule_two/s00000000.log')).toBe('kept\n');
});

test('only what an act of expiry has destroyed goes', async () => {
  put('trail/archive/standard/2026-10.0001.cfa', 'AAAA');
  put('trail/archive/standard/2026-11.0001.cfa', 'BBBB');
  await tree.sync(true);
  rmSync(join(folder, 'trail/archive'), { recursive: true });
  await tree.sync(true);
  await tree.expire(['standard/2026-10.0001.cfa']);
  expect(existsSync(join(folder, 'stick/trail/archive/standard/2026-10.0001.cfa'))).toBe(false);
  expect(there('trail/archive/standard/2026-11.0001.cfa')).toBe('BBBB');
});
