import type { Database } from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CounterfoilError } from '../../src/base/errors.ts';
import { bufferPaths, openForReading } from '../../src/buffer/files.ts';
import type { FixedByLog } from '../../src/buffer/session.ts';
import { TrailReader } from '../../src/buffer/trail-reader.ts';
import type { Writer } from '../../src/buffer/writer.ts';
import type { Schedule } from '../../src/record/types.ts';
import { anyKey, inFolder, item, openWriter, refusal } from './fixture.ts';
import { TrailLogModel } from './trail-log.ts';

const SMALL_TAIL = { generationKeys: 5, sliceKeys: 2 };
const LOGS = [0, 1] as const;

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof CounterfoilError ? error.code : `unexpected ${String(error)}`;
  }
  return 'none';
}

/** A reader on a connection of its own. */
function readerOf(dir: string): { reader: TrailReader; close: () => void } {
  const db = openForReading(bufferPaths(dir).db);
  return { reader: new TrailReader(db), close: () => db.close() };
}

function mixed(writer: Writer): void {
  const schedules: Schedule[] = ['NONE', 'II', 'IV', 'II', 'II', 'V'];
  writer.note('audit', 'stop', {});
  writer.intake(schedules.map((schedule) => item({ key: anyKey(), schedule })));
  writer.note('schedule_two', 'stop', {});
  writer.intake([{ ...item({ key: anyKey(), schedule: 'II' }), hold: true }, refusal(Buffer.from('x'))]);
  writer.intake(schedules.map((schedule) => item({ key: anyKey(), schedule, lane: 'lane-2' })));
}

describe('reading a trail back', () => {
  it('gives rows and rebuilt intake entries as they were fixed, from any place, in any portions', () =>
    inFolder((dir) => {
      const told: [string[], string[]] = [[], []];
      const onFixed = (fixed: FixedByLog) => {
        for (const log of LOGS) told[log].push(...fixed[log].map(({ text }) => text));
      };
      const { writer, db } = openWriter(dir, SMALL_TAIL, 'boot-1', { onFixed });
      mixed(writer);
      const { reader, close } = readerOf(dir);
      for (const log of LOGS) {
        const all = reader.read(log, 0, 1000, 1e9);
        expect(all.map(({ text }) => text)).toEqual(told[log]);
        for (let from = all.length; from >= 0; from -= 1) {
          expect(reader.read(log, from, 2, 1e9)).toEqual(all.slice(from, from + 2));
          expect(reader.read(log, from, 1000, 1)).toEqual(all.slice(from, from + 1));
        }
      }
      close();
      db.close();
    }));

  it('sees what is committed after it came to the head', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir, SMALL_TAIL);
      const { reader, close } = readerOf(dir);
      const models = [new TrailLogModel(), new TrailLogModel()] as const;
      for (let n = 0; n < 5; n += 1) {
        mixed(writer);
        for (const log of LOGS)
          for (const entry of reader.read(log, models[log].size, 1000, 1e9)) models[log].append(entry);
        for (const log of LOGS) expect(reader.read(log, models[log].size, 1000, 1e9)).toEqual([]);
      }
      const { auditSize } = writer.facts();
      expect(models.map(({ size }) => size)).toEqual([auditSize.audit, auditSize.schedule_two]);
      close();
      db.close();
    }));

  it('states the number a record had when it was taken, also after a later epoch', () =>
    inFolder((dir) => {
      const first = openWriter(dir, SMALL_TAIL);
      mixed(first.writer);
      const before = readerOf(dir);
      const texts = LOGS.map((log) => before.reader.read(log, 0, 1000, 1e9));
      before.close();
      first.writer.openEpoch(epochAct, '0badcafe');
      mixed(first.writer);
      const after = readerOf(dir);
      for (const log of LOGS) {
        const all = after.reader.read(log, 0, 1000, 1e9);
        expect(all.slice(0, texts[log]?.length)).toEqual(texts[log]);
        const model = new TrailLogModel();
        for (const entry of all) model.append(entry);
      }
      after.close();
      first.db.close();
    }));
});

const epochAct = {
  actId: 'act-epoch',
  statement: '{}',
  signature: 'header..signature',
  keyId: 'ada-1',
  printedName: 'Ada Example',
  meaning: 'new PMS',
  signedAtMs: 1_800_000_000_000,
  reason: 'new_pms',
};

/** Changes a buffer behind the program's back. */
function tamper(db: Database, statement: string): void {
  db.exec('DROP TRIGGER IF EXISTS trail_entry_is_final; DROP TRIGGER IF EXISTS record_is_never_edited');
  db.exec('DROP TRIGGER IF EXISTS trail_entry_leaves_stored; DROP TRIGGER IF EXISTS record_leaves_archived');
  db.exec(statement);
}

describe('damage', () => {
  const found = (statement: string, log: 0 | 1 = 0) =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir, SMALL_TAIL);
      mixed(writer);
      tamper(db, statement);
      const { reader, close } = readerOf(dir);
      const code = codeOf(() => reader.read(log, 0, 1000, 1e9));
      close();
      db.close();
      return code;
    });

  it.each([
    ['a row changed', "UPDATE trail_entry SET entry = replace(entry, 'stop', 'step') WHERE i = 0 AND log = 0"],
    ['a leaf changed', 'UPDATE trail_entry SET leaf = zeroblob(32) WHERE i = 0 AND log = 0'],
    ['a row gone', 'DELETE FROM trail_entry WHERE i = 0 AND log = 0'],
    ['a record changed', 'UPDATE record SET received_ms = received_ms + 1 WHERE record_id = 3'],
    ['a record moved to another lane', 'UPDATE record SET lane = 2 WHERE record_id = 1'],
    ['a carrier gone', 'DROP TRIGGER record_leaves_settled; DELETE FROM record WHERE record_id = 1'],
  ])('is told: %s', async (_, statement) => {
    expect(await found(statement)).toBe('buffer_damaged');
  });

  it('is told: a row and its leaf changed together', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir, SMALL_TAIL);
      writer.note('audit', 'stop', {});
      writer.note('audit', 'stop', {});
      tamper(db, 'CREATE TEMP TABLE other AS SELECT * FROM trail_entry WHERE i = 0');
      db.exec('DELETE FROM trail_entry WHERE i = 0');
      const other = openWriter(`${dir}-other`);
      other.writer.note('audit', 'link_layer', { layers: [] });
      const row = other.db.prepare('SELECT entry, leaf FROM trail_entry').raw().get() as [string, Buffer];
      other.db.close();
      db.prepare('INSERT INTO trail_entry VALUES (0, 0, ?, ?)').run(...row);
      const { reader, close } = readerOf(dir);
      expect(codeOf(() => reader.read(0, 0, 1000, 1e9))).toBe('buffer_damaged');
      close();
      db.close();
    }));
});

const commits = fc.array(
  fc.array(fc.constantFrom<Schedule | 'note' | 'refused'>('NONE', 'II', 'IV', 'note', 'refused'), { maxLength: 5 }),
  { maxLength: 25 },
);

describe('any history', () => {
  it('reads every entry once, in order, from any place', () =>
    fc.assert(
      fc.asyncProperty(commits, fc.array(fc.nat(60), { maxLength: 10 }), async (history, places) => {
        await inFolder((dir) => {
          const { writer, db } = openWriter(dir, SMALL_TAIL);
          const { reader, close } = readerOf(dir);
          for (const wishes of history) {
            const items = wishes.flatMap((wish) => {
              if (wish === 'note') return [];
              return wish === 'refused' ? refusal(Buffer.from(anyKey())) : item({ key: anyKey(), schedule: wish });
            });
            if (wishes.includes('note')) writer.note('audit', 'link_layer', { layers: [] });
            writer.intake(items);
          }
          const sizes = [writer.facts().auditSize.audit, writer.facts().auditSize.schedule_two];
          for (const log of LOGS) {
            const all = reader.read(log, 0, 1000, 1e9);
            const model = new TrailLogModel();
            for (const entry of all) model.append(entry);
            expect(model.size).toBe(sizes[log]);
            for (const place of places) expect(reader.read(log, place, 3, 1e9)).toEqual(all.slice(place, place + 3));
          }
          close();
          db.close();
        });
      }),
      { numRuns: 40 },
    ));
});
