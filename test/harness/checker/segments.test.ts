/** Can this reader fail? Good segments, then one thing changed in them. */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { anyKey, inFolder, item, openWriter, refusal } from '../../buffer/fixture.ts';
import { intoSegments } from '../segment-writer.ts';
import { readSegments } from './segments.ts';
import { wholeTrail } from './trail.ts';

/** A buffer with a bit of everything, most of it in segments. */
function withSegments<T>(work: (dir: string, segment: (n: number) => string) => T) {
  return inFolder((dir) => {
    const { writer, db } = openWriter(dir);
    for (let n = 0; n < 8; n += 1) {
      writer.intake([item({ key: anyKey() }), item({ key: anyKey(), schedule: 'II' }), refusal(Buffer.from(anyKey()))]);
    }
    db.close();
    intoSegments(dir);
    return work(dir, (n) => join(dir, 'trail/audit', `s0000000${n}.log`));
  });
}

function verdict(dir: string): string {
  const db = new Database(join(dir, 'buffer.db'), { readonly: true });
  const problems = ([0, 1] as const).flatMap((log) => wholeTrail(db, join(dir, 'trail'), log).problems);
  db.close();
  return problems.join('\n');
}

/** Changes a file. */
function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
}

test('segments with torn tails and the rows above them are one trail', () =>
  withSegments((dir) => {
    expect(verdict(dir)).toBe('');
    expect(readSegments(join(dir, 'trail/audit')).entries.length).toBe(14);
    expect(readSegments(join(dir, 'trail/nothing'))).toEqual({ entries: [], problems: [] });
  }));

test('files made ready ahead, and what is being written, are no harm', () =>
  withSegments((dir, segment) => {
    writeFileSync(segment(5), '');
    appendFileSync(segment(4), '{"half');
    expect(verdict(dir)).toBe('');
  }));

describe('notices', () => {
  test.each<[string, (segment: (n: number) => string) => void, RegExp]>([
    [
      'a byte changed',
      (of) => edit(of(1), (text) => text.replace('lane-1', 'lane-2')),
      /segment 1 line \d does not match/,
    ],
    ['a whole segment gone', (of) => rmSync(of(1)), /stands where number 1 is due/],
    ['the last one gone', (of) => rmSync(of(4)), /has 12 entries in segments, 14 are gone/],
    ['a valid part cut short', (of) => edit(of(0), (text) => text.slice(0, 400)), /shorter than its valid part/],
    ['two entries that changed places', (of) => edit(of(2), swapped), /does not continue the chain/],
  ])('%s', (_what, change, problem) =>
    withSegments((dir, segment) => {
      change(segment);
      expect(verdict(dir)).toMatch(problem);
    }),
  );

  test('a row that is another in the segments', () =>
    withSegments((dir) => {
      const db = new Database(join(dir, 'buffer.db'));
      db.exec('DROP TRIGGER record_is_never_edited; UPDATE record SET received_ms = 1 WHERE record_id = 1');
      db.close();
      expect(verdict(dir)).toMatch(/trail audit entry 0 does not match its leaf/);
    }));
});

const swapped = (text: string): string => {
  const [framing = '', first = '', second = '', ...rest] = text.split('\n');
  return [framing, second, first, ...rest].join('\n');
};
