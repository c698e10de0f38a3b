import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CounterfoilError } from '../../src/base/errors.ts';
import type { IntakeResult } from '../../src/buffer/api.ts';
import { EVIDENCE_BYTES_PER_LANE } from '../../src/buffer/evidence.ts';
import { bufferPaths, openForWriting } from '../../src/buffer/files.ts';
import type { Schedule } from '../../src/record/types.ts';
import { checkChain } from './chain.ts';
import { anyKey, inFolder, item, openWriter, refusal } from './fixture.ts';

const SMALL_TAIL = { generationKeys: 5, sliceKeys: 2 };

function accepted(result: IntakeResult | undefined): Extract<IntakeResult, { status: 'accepted' | 'duplicate' }> {
  if (result === undefined || !('sequence' in result)) throw new Error(`not accepted: ${result?.status}`);
  return result;
}

describe('intake', () => {
  it('numbers records without gaps, in the order given, across groups and both streams', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const schedules: Schedule[] = ['NONE', 'II', 'III', 'II', 'V'];
      const first = writer.intake(schedules.map((schedule) => item({ key: anyKey(), schedule })));
      const second = writer.intake([item({ key: anyKey(), schedule: 'II' })]);
      expect([...first, ...second].map((result) => accepted(result).sequence)).toEqual([1, 2, 3, 4, 5, 6]);
      const rows = db.prepare('SELECT schedule, stream_sequence AS n FROM record ORDER BY record_id').all();
      expect(rows).toEqual([
        { schedule: 0, n: 1 },
        { schedule: 2, n: 1 },
        { schedule: 3, n: 2 },
        { schedule: 2, n: 2 },
        { schedule: 5, n: 3 },
        { schedule: 2, n: 3 },
      ]);
      db.close();
    }));

  it('answers the same record again with its present state and first place, also within one group', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const record = item({ key: 'key-00001' });
      const [first, again] = writer.intake([record, record]).map(accepted);
      expect(first?.status).toBe('accepted');
      expect(again).toEqual({ ...first, status: 'duplicate' });
      writer.settle('audit', [{ sequence: 1, to: 'SYNCED', pmsId: 'p', reason: null, verification: null }]);
      const [later] = writer.intake([record]).map(accepted);
      expect(later).toMatchObject({ status: 'duplicate', state: 'SYNCED', sequence: 1, trail: first?.trail });
      expect(writer.facts()).toMatchObject({ acceptedTotal: 1, duplicatesTotal: 2, lastSequence: 1 });
      db.close();
    }));

  it('keeps the second record of a key as a conflict, once, and gives it no number', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const other = item({ key: 'key-00001', body: 'other', lane: 'lane-2' });
      writer.intake([item({ key: 'key-00001' })]);
      const [first] = writer.intake([other]);
      const [again] = writer.intake([other]);
      expect(first).toMatchObject({ status: 'conflict', state: 'CONFLICT' });
      expect(again).toEqual(first);
      expect(writer.facts()).toMatchObject({ conflictOpen: 1, lastSequence: 1 });
      db.close();
    }));

  it('keeps what is no record, once, until the lane has used up its evidence budget', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const big = (fill: number) => refusal(Buffer.alloc(EVIDENCE_BYTES_PER_LANE / 4, fill));
      const statuses = [1, 2, 3, 4, 5].map((fill) => writer.intake([big(fill)])[0]?.status);
      expect(statuses).toEqual(['refused', 'refused', 'refused', 'refused', 'evidence_full']);
      expect(writer.intake([big(1)])[0]?.status).toBe('refused');
      expect(writer.intake([refusal(Buffer.from('x'), 'lane-2')])[0]?.status).toBe('refused');
      expect(writer.facts().refusedOpen).toBe(5);
      db.close();
    }));

  it('flags the same fill sold twice, unless it was voided between', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir, SMALL_TAIL);
      const sell = (key: string) => accepted(writer.intake([item({ key, fill: 'RX-1|0|' })])[0]).flags;
      expect(sell('sale-0001')).toEqual([]);
      expect(sell('sale-0002')).toEqual(['possible_double_sale']);
      for (let n = 0; n < 12; n += 1) writer.intake([item({ key: anyKey() })]);
      const undo = (refersTo: string) =>
        accepted(writer.intake([item({ key: anyKey(), kind: 'VOID', refersTo })])[0]).flags;
      expect(undo('sale-0002')).toEqual([]);
      expect(undo('sale-0001')).toEqual([]);
      expect(sell('sale-0003')).toEqual([]);
      expect(undo('never-seen')).toEqual(['refers_to_unknown']);
      db.close();
    }));

  it('flags a hole in a lane installation numbering, not a late one', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const flags = [1, 2, 4, 3, 5].map(
        (laneSequence) => accepted(writer.intake([item({ key: anyKey(), laneSequence })])[0]).flags,
      );
      expect(flags).toEqual([[], [], ['lane_sequence_gap'], [], []]);
      db.close();
    }));
});

describe('a full disk', () => {
  it('keeps nothing of the group and goes on when there is room again', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir, SMALL_TAIL);
      writer.intake([item({ key: 'key-00001' })]);
      const before = writer.facts();
      const pages = Number(db.pragma('page_count', { simple: true }));
      db.pragma(`max_page_count = ${pages}`);
      const group = Array.from({ length: 20 }, (_, n) => item({ key: `full-${n}-xx`, body: 'y'.repeat(500) }));
      const attempt = () => writer.intake(group);
      expect(attempt).toThrowError(CounterfoilError);
      expect(attempt).toThrowError(/is full; nothing/);
      expect(writer.facts()).toEqual(before);
      db.pragma('max_page_count = 1000000');
      expect(writer.intake(group).map((result) => accepted(result).sequence)).toEqual(group.map((_, n) => n + 2));
      checkChain(db);
      db.close();
    }));
});

describe('states', () => {
  it('lets no program take a step that is not in state_step, edit a record or drop an unsettled one', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      writer.intake([item({ key: 'key-00001' })]);
      expect(() => db.exec('UPDATE record SET state = 9')).toThrow(/state step is not allowed/);
      expect(() => db.exec('UPDATE record SET payload_hash = zeroblob(32)')).toThrow(/never edited/);
      expect(() => db.exec('UPDATE record SET stream_sequence = 7')).toThrow(/given once/);
      expect(() => db.exec('DELETE FROM record')).toThrow(/never deleted/);
      expect(() => db.exec("UPDATE trail_entry SET entry = ''")).not.toThrow(); // no rows yet
      writer.note('audit', 'stop', {});
      expect(() => db.exec("UPDATE trail_entry SET entry = ''")).toThrow(/final/);
      db.close();
    }));

  it('skips a settlement that is not legal where the record stands', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      writer.intake([item({ key: 'key-00001', schedule: 'II' })]);
      const settle = (to: 'SYNCED' | 'REJECTED' | 'AWAITING_VERIFICATION') =>
        writer.settle('schedule_two', [{ sequence: 1, to, pmsId: null, reason: null, verification: null }]).length;
      expect([
        settle('AWAITING_VERIFICATION'),
        settle('AWAITING_VERIFICATION'),
        settle('SYNCED'),
        settle('REJECTED'),
      ]).toEqual([1, 0, 1, 0]);
      expect(
        writer.settle('audit', [{ sequence: 1, to: 'SYNCED', pmsId: null, reason: null, verification: null }]),
      ).toEqual([]);
      checkChain(db);
      db.close();
    }));
});

type Step =
  | { readonly do: 'intake'; readonly keys: readonly number[]; readonly schedule: Schedule }
  | { readonly do: 'settle'; readonly count: number }
  | { readonly do: 'quarantine' }
  | { readonly do: 'reopen' }
  | { readonly do: 'fail' };

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('intake' as const),
        keys: fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }),
        schedule: fc.constantFrom<Schedule>('NONE', 'II', 'IV'),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('settle' as const), count: fc.nat(4) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('quarantine' as const, 'reopen' as const, 'fail' as const) }),
    },
  ),
  { maxLength: 40 },
) as fc.Arbitrary<Step[]>;

describe('any history', () => {
  it('leaves sequences gapless, the chain whole, and the same memory after reopening', () =>
    fc.assert(
      fc.asyncProperty(steps, async (history) => {
        await inFolder((dir) => play(dir, history));
      }),
      { numRuns: 60 },
    ));
});

/** Plays a history against the real writer and a model of it. */
function play(dir: string, history: readonly Step[]): void {
  let opened = openWriter(dir, SMALL_TAIL);
  const model = new Map<number, { schedule: Schedule; sequence: number; open: boolean }>();
  for (const step of history) {
    const { writer } = opened;
    const open = [...model.values()].filter((entry) => entry.open && entry.schedule !== 'II');
    if (step.do === 'intake') {
      for (const [at, result] of writer
        .intake(step.keys.map((key) => wish(key, model.get(key)?.schedule ?? step.schedule)))
        .entries()) {
        const key = step.keys[at] ?? 0;
        const { sequence } = accepted(result);
        expect(sequence).toBe(model.get(key)?.sequence ?? model.size + 1);
        if (!model.has(key)) model.set(key, { schedule: step.schedule, sequence, open: true });
      }
    } else if (step.do === 'settle') {
      const chosen = open.slice(0, step.count);
      const settled = writer.settle(
        'audit',
        chosen.map(({ sequence }) => ({ sequence, to: 'SYNCED', pmsId: null, reason: null, verification: null })),
      );
      expect(settled.length).toBe(chosen.length);
      for (const entry of chosen) entry.open = false;
    } else if (step.do === 'quarantine') {
      const last = open.at(-1);
      if (last !== undefined) writer.quarantine('audit', [last.sequence]);
      if (last !== undefined) last.open = false;
    } else if (step.do === 'fail') {
      const { db } = opened;
      db.pragma(`max_page_count = ${Number(db.pragma('page_count', { simple: true }))}`);
      const group = Array.from({ length: 30 }, () => item({ key: anyKey(), body: 'z'.repeat(300) }));
      expect(() => writer.intake(group)).toThrow();
      db.pragma('max_page_count = 1000000');
    } else {
      const before = writer.facts();
      opened.db.close();
      opened = openWriter(dir, SMALL_TAIL);
      const after = opened.writer.facts();
      expect({ ...after, ...sinceStart }).toEqual({ ...before, ...sinceStart });
    }
  }
  expect(opened.writer.facts().lastSequence).toBe(model.size);
  checkChain(opened.db);
  opened.db.close();
}

/** Figures that count from the process's start. */
const sinceStart = { acceptedTotal: 0, duplicatesTotal: 0, commitsTotal: 0, recentCommitMs: [], lastCommitAtMs: null };

const wish = (key: number, schedule: Schedule) => item({ key: `model-key-${key}`, schedule, fill: `fill-${key % 7}` });

describe('what a review found', () => {
  it('writes down any answer a PMS can give about its verifier', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      writer.intake(Array.from({ length: 100 }, () => item({ key: anyKey(), schedule: 'II' })));
      const odd = [`\uD800${'\u0001'.repeat(128)}`, '9'.repeat(5000)];
      const settled = writer.settle(
        'schedule_two',
        Array.from({ length: 100 }, (_, n) => ({
          sequence: n + 1,
          to: 'SYNCED' as const,
          pmsId: null,
          reason: null,
          verification: { verifierId: odd[0] ?? '', verifiedAt: odd[1] ?? '' },
        })),
      );
      expect(settled.length).toBe(100);
      checkChain(db);
      db.close();
    }));

  it('goes on after a request that could not be written down, as if it had not been', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      writer.intake([item({ key: 'key-00001' })]);
      const before = writer.facts();
      expect(() => writer.note('audit', 'cp', { note: 'x'.repeat(70_000) })).toThrow(/over 65535/);
      expect(writer.facts()).toEqual(before);
      writer.note('audit', 'stop', {});
      checkChain(db);
      db.close();
    }));

  it('forgets lanes and installations of a group that was rolled back', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      writer.intake([item({ key: 'key-00001', lane: 'lane-a', laneSequence: 1 })]);
      db.pragma(`max_page_count = ${Number(db.pragma('page_count', { simple: true }))}`);
      const big = Array.from({ length: 20 }, (_, n) =>
        item({ key: anyKey(), lane: 'lane-b', laneSequence: n + 100, body: 'q'.repeat(500) }),
      );
      expect(() => writer.intake(big)).toThrow(CounterfoilError);
      db.pragma('max_page_count = 1000000');
      writer.intake([item({ key: anyKey(), lane: 'lane-c', laneSequence: 1 })]);
      writer.intake([item({ key: anyKey(), lane: 'lane-b', laneSequence: 1 })]);
      const flags = accepted(writer.intake([item({ key: anyKey(), lane: 'lane-b', laneSequence: 200 })])[0]).flags;
      expect(flags).toEqual(['lane_sequence_gap']);
      const wrong = db
        .prepare(
          'SELECT COUNT(*) AS n FROM record r JOIN lane_instance i ON i.instance = r.instance WHERE i.lane <> r.lane',
        )
        .get();
      expect(wrong).toEqual({ n: 0 });
      db.close();
    }));

  it('still sees the first sale of a fill after the second was voided, also over a restart', () =>
    inFolder((dir) => {
      const first = openWriter(dir, SMALL_TAIL);
      const sell = (writer: typeof first.writer, key: string) =>
        accepted(writer.intake([item({ key, fill: 'RX-9|0|' })])[0]).flags;
      sell(first.writer, 'sale-0001');
      sell(first.writer, 'sale-0002');
      first.writer.intake([item({ key: anyKey(), kind: 'VOID', refersTo: 'sale-0002' })]);
      first.db.close();
      const second = openWriter(dir, SMALL_TAIL);
      expect(sell(second.writer, 'sale-0003')).toEqual(['possible_double_sale']);
      second.db.close();
    }));

  it('gives a request back, and nothing more, while another program holds the write lock', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      db.pragma('busy_timeout = 1');
      const other = openForWriting(bufferPaths(dir).db);
      other.exec('BEGIN IMMEDIATE');
      expect(() => writer.intake([item({ key: 'key-00001' })])).toThrow(/write lock/);
      other.exec('ROLLBACK');
      other.close();
      expect(accepted(writer.intake([item({ key: 'key-00001' })])[0]).sequence).toBe(1);
      db.close();
    }));
});
