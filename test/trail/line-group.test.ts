import { describe, expect, it } from 'vitest';
import { LineGroup } from '../../src/trail/line-group.ts';
import { MemoryOutbox } from './memory-outbox.ts';

function entries(count: number, filler = 0) {
  const outbox = new MemoryOutbox();
  outbox.keepsRows = true;
  outbox.fix('audit', [{ kind: 'settle', body: { name: 'Zoë — 日本' } }]);
  outbox.add(count - 1, 'audit', filler);
  return outbox.read('audit', 0, count, Number.MAX_SAFE_INTEGER);
}

function groupOf(all: ReturnType<typeof entries>) {
  const [first] = all;
  if (first === undefined) throw new Error('no entries');
  return new LineGroup(first, null);
}

describe('a group of lines', () => {
  it('holds entry, TAB, leaf, LF', () => {
    const all = entries(50, 700);
    const group = groupOf(all);
    for (const entry of all) expect(group.add(entry)).toBe(true);
    expect(group.bytes.toString()).toBe(all.map(({ text, leaf }) => `${text}\t${leaf}\n`).join(''));
    expect(group.leaves.map((leaf) => leaf.toString('base64'))).toEqual(all.map(({ leaf }) => leaf));
    expect([group.first, group.end, group.lastLeaf]).toEqual([0, 50, all.at(-1)?.leaf]);
  });

  it('takes nothing that does not continue it, or is not what its leaf says', () => {
    const all = entries(4);
    const [first, second, third] = all;
    if (first === undefined || second === undefined || third === undefined) throw new Error('no entries');
    const group = groupOf(all);
    expect(group.add(first)).toBe(true);
    expect(group.add(third)).toBe(false);
    expect(group.add({ ...second, text: second.text.replace('"settle"', '"settlf"') })).toBe(false);
    expect(group.add({ ...second, leaf: third.leaf })).toBe(false);
    expect(group.add(second)).toBe(true);
    expect(group.bytes.toString().split('\n')).toHaveLength(3);
  });

  it('is full at some size, but takes any single entry', () => {
    const all = entries(60, 60_000);
    const group = groupOf(all);
    const taken = all.findIndex((entry) => !group.add(entry));
    expect(taken).toBeGreaterThan(20);
    expect(group.bytes.length).toBeLessThan(2.1 * 1024 * 1024);
  });

  it('knows whether anything in it is worth a checkpoint', () => {
    const outbox = new MemoryOutbox();
    const fixed = outbox.fix('audit', [
      { kind: 'cp', body: {} },
      { kind: 'settle', body: {} },
      { kind: 'segment', body: {} },
    ]);
    const group = groupOf(fixed);
    const seen = fixed.map((entry) => {
      group.add(entry);
      return group.newestTelling;
    });
    expect(seen).toEqual([-1, 1, 1]);
  });
});
