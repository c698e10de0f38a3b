/** The bar comes after two seconds, only for somebody at a terminal, and goes away. */
import { expect, test } from 'vitest';
import { progressBar } from '../../../src/main/commands/progress.ts';

function shown(isTerminal: boolean, steps: readonly (readonly [atMs: number, done: number])[]): string[] {
  const written: string[] = [];
  let nowMs = 0;
  const bar = progressBar(
    'verifying',
    { isTTY: isTerminal, write: (text: string) => written.push(text) > 0 },
    { utcMs: () => 0, monotonicMs: () => nowMs },
  );
  for (const [atMs, done] of steps) {
    nowMs = atMs;
    bar.show(done, 200);
  }
  bar.end();
  return written;
}

test('nothing is drawn within two seconds, or where nobody looks', () => {
  expect(
    shown(true, [
      [500, 20],
      [1999, 190],
    ]),
  ).toEqual([]);
  expect(shown(false, [[5000, 100]])).toEqual([]);
});

test('drawn ten times a second at most, and wiped at the end', () => {
  const written = shown(true, [
    [2500, 50],
    [2550, 60],
    [2600, 100],
  ]);
  expect(written.map((text) => text.trim().split('] ').at(-1))).toEqual(['25 %', '50 %', '\u001b[K']);
});
