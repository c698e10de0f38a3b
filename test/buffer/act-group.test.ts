import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CounterfoilError } from '../../src/base/errors.ts';
import type { IntakeItem, ReviewSubject, SignedAct, WaitingState } from '../../src/buffer/api.ts';
import type { Writer } from '../../src/buffer/writer.ts';
import { checkChain } from './chain.ts';
import { anyKey, inFolder, item, openWriter, refusal } from './fixture.ts';

const SMALL_TAIL = { generationKeys: 5, sliceKeys: 2 };
let acts = 0;

function act(step: SignedAct['step'], subjects: readonly ReviewSubject[]): SignedAct {
  acts += 1;
  return {
    actId: `act-${acts}`,
    step,
    subjects,
    statement: `{"act_id":"act-${acts}"}`,
    signature: 'header..signature',
    keyId: 'ada-1',
    printedName: 'Ada Example',
    meaning: 'reviewed',
    signedAtMs: 1_800_000_000_000,
  };
}

const held = (key: string): IntakeItem => ({ ...item({ key, schedule: 'II' }), hold: true });

function subject(number: number, state: WaitingState, made: IntakeItem): ReviewSubject {
  const bytes = made.type === 'record' ? made.record.payloadHash : made.hash;
  return { of: made.type === 'record' ? 'record' : 'evidence', number, state, hash: bytes };
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof CounterfoilError ? error.code : `unexpected ${String(error)}`;
  }
  return 'none';
}

const counts = (writer: Writer) => writer.facts().counts.II;

describe('a held record', () => {
  it('starts HELD without a stream number, with a hold entry, and is not in the line', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const [first, second] = writer.intake([held('key-00001'), item({ key: 'key-00002', schedule: 'II' })]);
      expect(first).toMatchObject({ status: 'accepted', state: 'HELD', sequence: 1 });
      expect(second).toMatchObject({ status: 'accepted', state: 'PENDING', sequence: 2 });
      const rows = db.prepare('SELECT state, stream_sequence AS n FROM record ORDER BY record_id').all();
      expect(rows).toEqual([
        { state: 6, n: null },
        { state: 0, n: 1 },
      ]);
      expect(counts(writer)).toEqual({ HELD: 1, PENDING: 1 });
      const entry = db
        .prepare<[], { entry: string }>('SELECT entry FROM trail_entry WHERE entry LIKE \'%"hold"%\'')
        .get();
      expect(JSON.parse(entry?.entry ?? '{}').r).toEqual({ sequences: [1] });
      expect(writer.intake([held('key-00001')])[0]).toMatchObject({ status: 'duplicate', state: 'HELD' });
      checkChain(db);
      db.close();
    }));

  it('cannot be settled, and only Schedule II is ever held', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      writer.intake([held('key-00001'), { ...item({ key: 'key-00002', schedule: 'III' }), hold: true }]);
      const synced = { sequence: 1, to: 'SYNCED', pmsId: null, reason: null, verification: null } as const;
      expect(writer.settle('schedule_two', [synced])).toEqual([]);
      expect(writer.facts().counts.III).toEqual({ PENDING: 1 });
      db.close();
    }));

  it('gets the next stream number when a person releases it, and goes behind those that went before', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir, SMALL_TAIL);
      const one = held('key-00001');
      writer.intake([one]);
      for (let n = 2; n < 20; n += 1) writer.intake([item({ key: `key-${n}-two`, schedule: 'II' })]);
      const done = writer.review(act('release', [subject(1, 'HELD', one)]), null);
      expect(done.moved).toMatchObject([{ sequence: 1, state: 'PENDING', lane: 'lane-1' }]);
      const number = db.prepare('SELECT stream_sequence AS n FROM record WHERE record_id = 1').get();
      expect(number).toEqual({ n: 19 });
      checkChain(db);
      db.close();
      // The number is on disk, though the row lies below those that are read at start.
      const again = openWriter(dir, SMALL_TAIL);
      again.writer.intake([item({ key: 'key-after', schedule: 'II' })]);
      expect(again.db.prepare('SELECT MAX(stream_sequence) AS n FROM record').get()).toEqual({ n: 20 });
      expect(counts(again.writer)).toEqual({ PENDING: 20 });
      again.db.close();
    }));
});

describe('a signed act', () => {
  it('ends what waits as RESOLVED, records and evidence, and gives the lane its evidence budget back', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const one = item({ key: 'key-00001' });
      const bad = refusal(Buffer.from('no record'));
      writer.intake([one, bad]);
      writer.settle('audit', [{ sequence: 1, to: 'REJECTED', pmsId: null, reason: 'no', verification: null }]);
      const subjects = [subject(1, 'REJECTED', one), subject(1, 'REFUSED', bad)];
      const done = writer.review(act('dismiss', subjects), null);
      expect(done.moved).toMatchObject([{ sequence: 1, state: 'RESOLVED' }]);
      expect(writer.facts()).toMatchObject({ refusedOpen: 0, counts: { NONE: { RESOLVED: 1 } } });
      expect(db.prepare('SELECT COUNT(*) AS n FROM evidence WHERE state = 9').get()).toEqual({ n: 1 });
      checkChain(db);
      db.close();
    }));

  it('admits a corrected record in the same commit, or nothing at all', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const one = item({ key: 'key-00001' });
      writer.intake([one, item({ key: 'key-00002' })]);
      writer.settle('audit', [{ sequence: 1, to: 'REJECTED', pmsId: null, reason: 'no', verification: null }]);
      const resolve = act('resolve', [subject(1, 'REJECTED', one)]);
      expect(codeOf(() => writer.review(resolve, item({ key: 'key-00002' })))).toBe('review_stale');
      expect(writer.facts().counts.NONE).toEqual({ PENDING: 1, REJECTED: 1 });
      const done = writer.review(resolve, item({ key: 'key-00003', refersTo: 'key-00001' }));
      expect(done.correction).toMatchObject({ status: 'accepted', sequence: 3 });
      expect(writer.facts().counts.NONE).toEqual({ PENDING: 2, RESOLVED: 1 });
      checkChain(db);
      db.close();
    }));

  it('is refused whole when one subject is no longer what was signed', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const [one, two] = [held('key-00001'), held('key-00002')];
      writer.intake([one, two]);
      writer.review(act('release', [subject(1, 'HELD', one)]), null);
      const before = db.prepare('SELECT COUNT(*) AS n FROM trail_entry').get();
      const both = [subject(2, 'HELD', two), subject(1, 'HELD', one)];
      expect(codeOf(() => writer.review(act('dismiss', both), null))).toBe('review_stale');
      const other = { ...subject(2, 'HELD', two), hash: hash('sha256', 'other', 'buffer') };
      expect(codeOf(() => writer.review(act('dismiss', [other]), null))).toBe('review_stale');
      expect(codeOf(() => writer.review(act('release', [subject(9, 'HELD', two)]), null))).toBe('review_stale');
      expect(db.prepare('SELECT COUNT(*) AS n FROM trail_entry').get()).toEqual(before);
      expect(counts(writer)).toEqual({ HELD: 1, PENDING: 1 });
      db.close();
    }));

  it('does nothing the second time, and says so', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const one = held('key-00001');
      writer.intake([one]);
      const release = act('release', [subject(1, 'HELD', one)]);
      const first = writer.review(release, null);
      const second = writer.review(release, null);
      expect(first.repeated).toBe(false);
      expect(second).toEqual({ repeated: true, moved: [], correction: null, trail: first.trail });
      expect(() => db.prepare('DELETE FROM act').run()).toThrow('never deleted');
      expect(() => db.prepare("UPDATE act SET meaning = 'x'").run()).toThrow('final');
      db.close();
    }));

  it('tells each trail of its own records only', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const [two, five] = [held('key-00001'), item({ key: 'key-00002', schedule: 'V' })];
      writer.intake([two, five]);
      writer.settle('audit', [{ sequence: 2, to: 'REJECTED', pmsId: null, reason: null, verification: null }]);
      writer.review(act('dismiss', [subject(1, 'HELD', two), subject(2, 'REJECTED', five)]), null);
      const told = db
        .prepare<[], { log: number; entry: string }>('SELECT log, entry FROM trail_entry ORDER BY log, i')
        .all()
        .map(({ log, entry }) => ({ log, ...JSON.parse(entry) }))
        .filter(({ k }) => k === 'review')
        .map(({ log, r }) => [log, r.subjects.map((each: unknown[]) => each[1])]);
      expect(told).toEqual([
        [0, [2]],
        [1, [1]],
      ]);
      db.close();
    }));
});

describe('any order of holds, releases and sales', () => {
  it('leaves Schedule II numbers gapless and counts right after reopening', () =>
    inFolder((dir) => {
      let run = 0;
      fc.assert(
        fc.property(
          fc.array(fc.constantFrom('hold', 'sell', 'release', 'dismiss', 'reopen'), { maxLength: 40 }),
          (steps) => {
            run += 1;
            const folder = `${dir}-${run}`;
            let opened = openWriter(folder, SMALL_TAIL);
            const waiting: { number: number; made: IntakeItem }[] = [];
            let sequence = 0;
            for (const step of steps) {
              if (step === 'hold' || step === 'sell') {
                sequence += 1;
                const made = step === 'hold' ? held(anyKey()) : item({ key: anyKey(), schedule: 'II' });
                opened.writer.intake([made]);
                if (step === 'hold') waiting.push({ number: sequence, made });
              } else if (step === 'reopen') {
                opened.db.close();
                opened = openWriter(folder, SMALL_TAIL);
              } else {
                const next = waiting.shift();
                if (next !== undefined)
                  opened.writer.review(act(step, [subject(next.number, 'HELD', next.made)]), null);
              }
            }
            const numbers = opened.db
              .prepare<[], { n: number }>(
                'SELECT stream_sequence AS n FROM record WHERE stream_sequence IS NOT NULL ORDER BY n',
              )
              .all()
              .map(({ n }) => n);
            expect(numbers).toEqual(numbers.map((_, at) => at + 1));
            expect(counts(opened.writer).HELD ?? 0).toBe(waiting.length);
            checkChain(opened.db);
            opened.db.close();
          },
        ),
        { numRuns: 40 },
      );
    }));
});
