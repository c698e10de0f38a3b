import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { copyBuffer } from '../../src/buffer/copy.ts';
import { examineCopy } from '../../src/buffer/copy-examine.ts';
import { figuresOf } from '../../src/buffer/copy-figures.ts';
import { bufferPaths, FORMAT, readBoxKey } from '../../src/buffer/files.ts';
import { anyKey, inFolder, item, openWriter, refusal } from './fixture.ts';

const SCHEDULES = ['NONE', 'II', 'IV', 'II', 'V'] as const;

function filled(dir: string) {
  const opened = openWriter(dir);
  for (let n = 0; n < 4; n += 1) {
    opened.writer.intake(SCHEDULES.map((schedule) => item({ key: anyKey(), schedule })));
  }
  opened.writer.intake([refusal(Buffer.from('x'))]);
  opened.writer.settle('audit', [{ sequence: 1, to: 'SYNCED', pmsId: null, reason: null, verification: null }]);
  const copy = join(dir, 'copy.db');
  return { ...opened, copy, paths: bufferPaths(dir) };
}

test('a copy is what the buffer was at that moment, whatever is written meanwhile', () =>
  inFolder((dir) => {
    const { writer, db, copy, paths } = filled(dir);
    const facts = writer.facts();
    copyBuffer(paths, copy, dir);
    writer.intake([item({ key: anyKey() })]);
    const figures = figuresOf(copy);
    expect(figures).toMatchObject({
      gateway_id: 'gw-test',
      epoch: facts.epoch,
      records: 20,
      schedule_two: 8,
      last_sequence: 20,
      states: { PENDING: 19, SYNCED: 1, REFUSED: 1 },
      tables: { record: 20, evidence: 1 },
    });
    expect(figures.trails.audit).toMatchObject({ size: facts.auditSize.audit, stored: 0, checkpoint: null });
    expect(examineCopy(copy, readBoxKey(paths))).toEqual({
      entries: facts.auditSize.audit + facts.auditSize.schedule_two,
      payloads: 20,
      damaged: [],
    });
    expect(examineCopy(copy, null).payloads).toBeNull();
    db.close();
  }));

test('a changed payload, a changed row of the trail and a damaged page are each found', () =>
  inFolder((dir) => {
    const { db, copy, paths } = filled(dir);
    const key = readBoxKey(paths);
    const spoil = (sql: string) => {
      rmSync(copy, { force: true });
      copyBuffer(paths, copy, dir);
      const other = new Database(copy);
      for (const trigger of ['record_is_never_edited', 'trail_entry_is_final']) other.exec(`DROP TRIGGER ${trigger}`);
      other.exec(sql);
      other.close();
    };
    spoil('UPDATE record SET payload_hash = zeroblob(32) WHERE record_id = 7');
    // The leaf of its intake entry is no longer that of the row either.
    expect(() => examineCopy(copy, key)).toThrow('is not what was fixed');
    spoil("UPDATE trail_entry SET entry = replace(entry, 'refused', 'refusex')");
    expect(() => examineCopy(copy, key)).toThrow('is not what was fixed');
    spoil('UPDATE record SET sealed = zeroblob(length(sealed)) WHERE record_id = 1');
    const { payloads, damaged } = examineCopy(copy, key);
    expect([(payloads ?? 0) + damaged.length, damaged.includes(1)]).toEqual([20, true]);
    rmSync(copy);
    copyBuffer(paths, copy, dir);
    const bytes = readFileSync(copy);
    bytes.fill(0xff, 512 * 12, 512 * 40);
    writeFileSync(copy, bytes);
    expect(() => examineCopy(copy, key)).toThrow(expect.objectContaining({ code: 'buffer_damaged' }));
    db.close();
  }));

test('another box’s key is told, and where there is no buffer nothing is copied', () =>
  inFolder((dir) => {
    const { db, copy, paths } = filled(dir);
    copyBuffer(paths, copy, dir);
    expect(() => examineCopy(copy, Buffer.alloc(32))).toThrow(expect.objectContaining({ code: 'key_missing' }));
    db.close();
    writeFileSync(paths.db, 'no database at all, though it is long enough to be looked at');
    expect(() => copyBuffer(paths, `${copy}2`, dir)).toThrow(expect.objectContaining({ code: 'buffer_damaged' }));
    expect(existsSync(`${copy}2`)).toBe(false);
  }));

test.each([1, 2])('the copy of a buffer of format %i is of this format, and the buffer stays as it is', (format) =>
  inFolder((dir) => {
    cpSync(join(import.meta.dirname, `format-${format}`), dir, { recursive: true });
    const paths = bufferPaths(dir);
    const copy = join(dir, 'copy.db');
    copyBuffer(paths, copy, dir);
    const { format: made, records } = figuresOf(copy);
    expect([made, records > 0]).toEqual([FORMAT, true]);
    expect(examineCopy(copy, readFileSync(paths.boxKey))).toMatchObject({ payloads: records, damaged: [] });
    const db = new Database(paths.db, { readonly: true });
    expect(db.pragma('user_version', { simple: true })).toBe(format);
    db.close();
    expect(readdirSync(dir).filter((name) => /^copy.db./.test(name))).toEqual([]);
  }),
);
