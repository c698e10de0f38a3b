import type { Database } from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrailLog } from '../../src/buffer/api.ts';
import { bufferPaths, openForReading } from '../../src/buffer/files.ts';
import { RunReader } from '../../src/buffer/run-reader.ts';
import type { FixedByLog } from '../../src/buffer/session.ts';
import { TrailReader } from '../../src/buffer/trail-reader.ts';
import type { Writer } from '../../src/buffer/writer.ts';
import type { ManifestStatement } from '../../src/record/manifest.ts';
import type { Schedule } from '../../src/record/types.ts';
import { anyKey, inFolder, item, openWriter } from './fixture.ts';
import { TrailLogModel } from './trail-log.ts';

const SMALL_TAIL = { generationKeys: 5, sliceKeys: 2 };
const PRUNE = { pruneEntries: 4 };
const LOGS = [0, 1] as const;
const NAMES: readonly [TrailLog, TrailLog] = ['audit', 'schedule_two'];

const open = (dir: string) => openWriter(dir, SMALL_TAIL, 'boot-1', PRUNE);
const rowsOf = (db: Database, log: 0 | 1): number[] =>
  db.prepare<[number], number>('SELECT i FROM trail_entry WHERE log = ? ORDER BY i').pluck().all(log);
const sizeOf = (writer: Writer, log: 0 | 1): number => writer.facts().auditSize[NAMES[log]];
const notes = (writer: Writer, count: number, log: TrailLog = 'audit') => {
  for (let n = 0; n < count; n += 1) writer.note(log, 'hold', { sequences: [n + 1] });
};

describe('rows of entries that are in the segments', () => {
  it('go a few at a time with later transactions, and leave the one the next is linked to', () =>
    inFolder((dir) => {
      const { writer, db } = open(dir);
      notes(writer, 10);
      writer.markStored('audit', 10);
      expect(rowsOf(db, 0).length).toBe(10);
      notes(writer, 1);
      expect(rowsOf(db, 0)[0]).toBe(4);
      notes(writer, 1);
      expect(rowsOf(db, 0)[0]).toBe(8);
      notes(writer, 8);
      expect(rowsOf(db, 0)[0]).toBe(8);
      writer.flush();
      expect(rowsOf(db, 0)[0]).toBe(8);
      writer.markStored('audit', 12);
      writer.flush();
      expect(rowsOf(db, 0)[0]).toBe(11);
      db.close();
    }));

  it('are never deleted by any program before they are stored, and what is stored stays so', () =>
    inFolder((dir) => {
      const { writer, db } = open(dir);
      notes(writer, 10);
      expect(() => db.exec('DELETE FROM trail_entry')).toThrow(/never deleted/);
      writer.markStored('audit', 6);
      writer.flush();
      expect(() => db.exec('DELETE FROM trail_entry WHERE i = 6')).toThrow(/never deleted/);
      expect(() => db.exec('UPDATE trail_store SET stored_size = 5 WHERE log = 0')).toThrow(/stays stored/);
      db.close();
    }));

  it('are not taken for more than there are', () =>
    inFolder((dir) => {
      const { writer, db } = open(dir);
      notes(writer, 5);
      writer.markStored('audit', 1000);
      writer.flush();
      notes(writer, 1);
      expect(rowsOf(db, 0)).toContain(5);
      expect(writer.facts().auditSize.audit).toBe(6);
      db.close();
    }));

  it('leave the head where it was, also when all of them are gone at the next start', () =>
    inFolder((dir) => {
      const first = open(dir);
      first.writer.intake([item({ key: anyKey() })]);
      notes(first.writer, 20);
      for (let n = 0; n < 6; n += 1) {
        first.writer.markStored('audit', 21 + n);
        notes(first.writer, 1);
      }
      first.writer.markStored('audit', 27);
      first.writer.flush();
      first.db.exec('UPDATE trail_store SET stored_size = 99');
      first.db.exec('DELETE FROM trail_entry');
      first.db.close();
      const second = open(dir);
      expect(second.writer.facts().auditSize.audit).toBe(27);
      second.db.close();
    }));

  it('stay while the run under way needs them; manifests and their key stay for ever', () =>
    inFolder((dir) => {
      const { writer, db } = open(dir);
      notes(writer, 3, 'schedule_two');
      const run = writer.beginRun();
      writer.intake([item({ key: anyKey(), schedule: 'II' })]);
      writer.settle('schedule_two', [{ sequence: 1, to: 'SYNCED', pmsId: null, reason: null, verification: null }]);
      notes(writer, 10, 'schedule_two');
      writer.markStored('schedule_two', sizeOf(writer, 1));
      notes(writer, 3);
      expect(rowsOf(db, 1)[0]).toBe(3);
      const runs = new RunReader(db);
      expect(runs.outcomes(run.run, { laneHashOf: () => null })).toMatchObject([{ sequence: 1, state: 'SYNCED' }]);
      writer.closeRun(run.run, [{ records: [] }], STATEMENT);
      notes(writer, 30, 'schedule_two');
      writer.markStored('schedule_two', sizeOf(writer, 1));
      notes(writer, 12);
      const kinds = db
        .prepare<[], string>(`SELECT json_extract(entry, '$.k') FROM trail_entry WHERE log = 1`)
        .pluck()
        .all();
      expect(new Set(kinds)).toEqual(new Set(['gateway_key', 'manifest_part', 'manifest', 'hold']));
      expect(kinds.filter((kind) => kind === 'hold').length).toBeLessThan(8);
      expect(runs.manifests()).toMatchObject([{ run: 1, parts: [{ part: 1 }] }]);
      db.close();
    }));

  it('stand back on a full disk, so that records do not wait for them', () =>
    inFolder((dir) => {
      const { writer, db } = open(dir);
      notes(writer, 40);
      writer.markStored('audit', 40);
      db.pragma(`max_page_count = ${Number(db.pragma('page_count', { simple: true }))}`);
      const big = Array.from({ length: 30 }, () => item({ key: anyKey(), body: 'z'.repeat(300) }));
      expect(() => writer.intake(big)).toThrow(/is full/);
      const before = rowsOf(db, 0).length;
      db.pragma('max_page_count = 1000000');
      notes(writer, 1);
      expect(rowsOf(db, 0).length).toBe(before + 1);
      notes(writer, 80);
      expect(rowsOf(db, 0)[0]).toBe(36);
      db.close();
    }));
});

describe('checkpoints and cosignatures', () => {
  it('are remembered with their entries in one commit', () =>
    inFolder((dir) => {
      const { writer, db } = open(dir);
      notes(writer, 3);
      const place = writer.noteCheckpoint('audit', 'origin\n3\nroot\n\n— sig\n');
      writer.noteCosignature('audit', 3, '— witness');
      writer.noteCosignature('audit', 2, '— witness');
      const reader = new TrailReader(db);
      expect(place.index).toBe(3);
      expect(reader.store(0)).toMatchObject({ note: 'origin\n3\nroot\n\n— sig\n', cosigned: 3 });
      expect(reader.store(1)).toMatchObject({ note: null, cosigned: 0 });
      const kinds = reader.read(0, 3, 10, 1e6).map(({ text }) => JSON.parse(text));
      expect(kinds.map(({ k, r }) => [k, r])).toEqual([
        ['cp', { note: 'origin\n3\nroot\n\n— sig\n' }],
        ['cosigned', { cosignature: '— witness', size: 3 }],
        ['cosigned', { cosignature: '— witness', size: 2 }],
      ]);
      db.close();
    }));

  it('are not remembered when their commit fails', () =>
    inFolder((dir) => {
      const { writer, db } = open(dir);
      expect(() => writer.noteCheckpoint('audit', 'x'.repeat(70_000))).toThrow(/over 65535/);
      expect(new TrailReader(db).store(0).note).toBeNull();
      db.close();
    }));
});

const STATEMENT: ManifestStatement = {
  began_at_utc: '2027-01-15T08:00:00.000Z',
  checkpoint: null,
  dea_registration: null,
  ended: 'drained',
  ended_at_utc: '2027-01-15T08:00:00.000Z',
  epoch: '00000000',
  gateway_id: 'gw-test',
  outcomes: {},
  records: 0,
  store: '0042',
  unsigned: 0,
};

type Step =
  | { readonly do: 'intake'; readonly schedules: readonly Schedule[] }
  | { readonly do: 'note' | 'store'; readonly log: 0 | 1 }
  | { readonly do: 'settle' | 'run' | 'reopen' | 'fail' | 'lose' };

const log = fc.constantFrom(0 as const, 1 as const);
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('intake' as const),
        schedules: fc.array(fc.constantFrom<Schedule>('NONE', 'II', 'IV'), { minLength: 1, maxLength: 4 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('note' as const, 'store' as const), log }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom('settle', 'run', 'reopen', 'fail', 'lose') }),
    },
  ),
  { minLength: 20, maxLength: 80 },
) as fc.Arbitrary<Step[]>;

describe('any history', () => {
  it('gives the trail each entry once, from where it is stored to the head, whatever goes when', () =>
    fc.assert(
      fc.asyncProperty(steps, async (history) => {
        await inFolder((dir) => play(dir, history));
      }),
      { numRuns: 40 },
    ));
});

/** Plays a history; the segments take what was told or, now and then, read it back. */
function play(dir: string, history: readonly Step[]): void {
  const segments = [new TrailLogModel(), new TrailLogModel()] as const;
  const told: [number, number] = [0, 0];
  const onFixed = (fixed: FixedByLog) => {
    for (const at of LOGS) told[at] += fixed[at].length;
  };
  const start = () => openWriter(dir, SMALL_TAIL, 'boot-1', { pruneEntries: 2, onFixed });
  let opened = start();
  let reading = openForReading(bufferPaths(dir).db);
  let reader = new TrailReader(reading);
  const store = (at: 0 | 1) => {
    // A reader that knows its place, and one that has to look for it.
    if (segments[at].size % 2 === 0) reader = new TrailReader(reading);
    for (let more = true; more; ) {
      const entries = reader.read(at, segments[at].size, 3, 1e6);
      for (const entry of entries) segments[at].append(entry);
      more = entries.length > 0;
    }
    expect(segments[at].size).toBe(sizeOf(opened.writer, at));
    opened.writer.markStored(NAMES[at], segments[at].size);
  };
  let sequence = 0;
  for (const step of history) {
    const { writer, db } = opened;
    const before = [...told];
    const sizes = LOGS.map((at) => sizeOf(writer, at));
    if (step.do === 'intake') writer.intake(step.schedules.map((schedule) => item({ key: anyKey(), schedule })));
    else if (step.do === 'note') writer.note(NAMES[step.log], 'stop', {});
    else if (step.do === 'store') store(step.log);
    else if (step.do === 'settle') {
      sequence = Math.min(sequence + 1, writer.facts().lastSequence);
      const settlement = { sequence, to: 'SYNCED', pmsId: null, reason: null, verification: null } as const;
      for (const name of NAMES) writer.settle(name, [settlement]);
    } else if (step.do === 'run') {
      const { run } = writer.beginRun();
      if (sequence % 2 === 0) writer.closeRun(run, [], STATEMENT);
    } else if (step.do === 'fail') {
      expect(() => writer.note('audit', 'cp', { note: 'x'.repeat(70_000) })).toThrow();
    } else {
      if (step.do === 'reopen') writer.flush();
      reading.close();
      db.close();
      opened = start();
      reading = openForReading(bufferPaths(dir).db);
      reader = new TrailReader(reading);
    }
    const grown = LOGS.map((at) => sizeOf(opened.writer, at) - (sizes[at] ?? 0));
    expect(LOGS.map((at) => told[at] - (before[at] ?? 0))).toEqual(grown);
    for (const at of LOGS) expect(reader.store(at).stored).toBeLessThanOrEqual(segments[at].size);
  }
  for (const at of LOGS) store(at);
  reading.close();
  opened.db.close();
}
