import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { segmentsUpTo } from '../../src/backup/trail-files.ts';
import { leafHash } from '../../src/tlog/merkle.ts';
import { Scene } from '../harness/scene.ts';

let scene: Scene;
let folder: string;
beforeEach(() => {
  scene = new Scene();
  folder = join(scene.folder(), 'audit');
  mkdirSync(folder);
});
afterEach(() => scene.close());

const entry = (i: number) => `{"b":"boot","i":${i},"k":"start","m":1,"p":"","r":{},"t":""}`;
const leaf = (text: string) => leafHash(text).toString('base64');
const line = (text: string) => `${text}\t${leaf(text)}\n`;
const framing = (n: number) => line(`{"k":"seg","r":{"n":${n}}}`);
const name = (n: number) => `s${String(n).padStart(8, '0')}.log`;

/** Segments with entries `from` to below `to`, each followed by `torn`. */
function segments(...parts: readonly (readonly [from: number, to: number, torn?: string])[]): void {
  for (const [n, [from, to, torn = '']] of parts.entries()) {
    let text = framing(n);
    for (let i = from; i < to; i += 1) text += line(entry(i));
    writeFileSync(join(folder, name(n)), text + torn);
  }
}

const copied = (size: number, stored: number) => ({ size, stored, stored_leaf: leaf(entry(stored - 1)) });
/** The bytes that belong, as text. */
const taken = (size: number, stored: number) =>
  segmentsUpTo(folder, copied(size, stored)).map(({ path, bytes }) => readFileSync(path).toString('latin1', 0, bytes));

test('lines up to the last entry the copy has, and whole segments before', () => {
  segments([0, 5], [5, 9], [9, 20]);
  expect(taken(12, 10)).toHaveLength(3);
  expect(taken(12, 10).at(-1)).toBe(framing(2) + [9, 10, 11].map((i) => line(entry(i))).join(''));
  expect(taken(9, 3)).toHaveLength(2);
  expect(taken(30, 20).at(-1)).toBe(readFileSync(join(folder, name(2)), 'latin1'));
  expect(taken(3, 0)).toHaveLength(1);
  expect(taken(0, 0)).toEqual([]);
});

test('what a torn tail repeats is taken with it, and the segment behind counts', () => {
  const torn = [5, 6].map((i) => line(entry(i))).join('');
  segments([0, 5, torn], [5, 12]);
  expect(taken(6, 6)).toEqual([readFileSync(join(folder, name(0)), 'latin1'), framing(1) + line(entry(5))]);
});

test('a torn line at the end is left out', () => {
  segments([0, 5, line(entry(5)).slice(0, 30)]);
  expect(taken(6, 5)).toEqual([framing(0) + [0, 1, 2, 3, 4].map((i) => line(entry(i))).join('')]);
});

test.each([
  ['no segments', () => {}],
  ['segments that end before', () => segments([0, 5])],
  [
    'a segment that is missing',
    () => {
      segments([0, 5], [5, 12]);
      writeFileSync(join(folder, name(3)), framing(3) + line(entry(12)));
    },
  ],
])('%s: the trail is not what the buffer knows', (_, make) => {
  make();
  expect(() => segmentsUpTo(folder, copied(14, 13))).toThrow(expect.objectContaining({ code: 'trail_damaged' }));
});

test('another entry in the place of the last one is no part of it', () => {
  segments([0, 5]);
  expect(() => segmentsUpTo(folder, { size: 5, stored: 5, stored_leaf: leaf('x') })).toThrow('do not hold');
});
