import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plainKeeper } from '../../src/archive/keeper.ts';
import { CounterfoilError } from '../../src/base/errors.ts';
import type { BufferArchive, IntakeResult } from '../../src/buffer/api.ts';
import { DAY_MS, item, Store } from './store.ts';

let store: Store;
beforeEach(async () => {
  store = await Store.open();
});
afterEach(() => store.close());

const wishes = (count: number, prefix = 'record-') =>
  Array.from({ length: count }, (_, n) => ({ key: `${prefix}${n}` }));

/** Publishes each in a commit of its own. */
async function takeEach(count: number, prefix = 'record-'): Promise<IntakeResult[]> {
  const results: IntakeResult[] = [];
  for (const wish of wishes(count, prefix)) results.push(...(await store.take(wish)));
  return results;
}

/** Settles all, lets time pass, and adds a young one so that the old ones are not the newest of the stream. */
async function growOld(days = 20): Promise<void> {
  await store.settleAll();
  store.nowMs += days * DAY_MS;
  await store.take({ key: `young-${store.nowMs}` }, { key: `young-two-${store.nowMs}`, schedule: 'II' });
  await store.settleAll();
}

const files = (stream: string) => readdirSync(join(store.archiveDir, stream)).sort();

describe('the archiver', () => {
  it('moves what is settled and old; what is young, not settled, or the newest of its stream stays', async () => {
    await store.take(...wishes(20));
    await store.settleAll();
    await store.take({ key: 'pending-0' });
    store.nowMs += 15 * DAY_MS;
    // The 20 are one pack, and it holds the newest SYNCED record.
    expect((await store.archive()).records).toBe(0);
    await store.take({ key: 'young-000' });
    await store.settleAll();
    const facts = await store.archive();
    expect(facts).toMatchObject({ trouble: null, records: 21, archivedTotal: 21, files: 1 });
    expect(store.rows).toEqual([22]);
    expect(store.query('SELECT COUNT(*) AS n FROM delivery')).toEqual([{ n: 1 }]);
  });

  it('keeps Schedule II apart, by months of reception, in files nobody else can read', async () => {
    await store.take({ key: 'standard-1' }, { key: 'two-00001', schedule: 'II' });
    store.nowMs += 35 * DAY_MS;
    await store.take({ key: 'standard-2' }, { key: 'two-00002', schedule: 'II' });
    await growOld();
    await store.archive();
    for (const stream of ['standard', 'schedule_two']) {
      expect(files(stream)).toEqual(['2026-11.0001.cfa', '2026-12.0001.cfa']);
      expect(statSync(join(store.archiveDir, stream)).mode & 0o777).toBe(0o700);
      expect(statSync(join(store.archiveDir, stream, '2026-11.0001.cfa')).mode & 0o777).toBe(0o600);
    }
    expect(
      store.query('SELECT month, stream, sealed_ms IS NOT NULL AS sealed FROM archive_file ORDER BY file'),
    ).toEqual([
      { month: '2026-11', stream: 0, sealed: 1 },
      { month: '2026-12', stream: 0, sealed: 0 },
      { month: '2026-11', stream: 1, sealed: 1 },
      { month: '2026-12', stream: 1, sealed: 0 },
    ]);
  });

  it('leaves a pack in which one record waits for a person, and takes it once that has ended', async () => {
    await store.take(...wishes(3));
    const { entries } = store.buffer.readPending('standard', 10, 1e6);
    const [first] = entries;
    const rejected = {
      sequence: first?.sequence ?? 0,
      to: 'REJECTED',
      pmsId: null,
      reason: 'no',
      verification: null,
    } as const;
    await store.buffer.settle('standard', [rejected]);
    await growOld();
    await store.archive();
    expect(store.rows.slice(0, 3)).toEqual([1, 2, 3]);
    const [waiting] = store.buffer.readWaiting({ states: ['REJECTED'], of: 'record', after: 0, limit: 9 });
    if (waiting === undefined) throw new Error('nothing waits');
    await store.buffer.review(
      {
        actId: 'act-1',
        step: 'dismiss',
        subjects: [waiting],
        statement: '{}',
        signature: 's',
        keyId: 'k',
        printedName: 'P',
        meaning: 'm',
        signedAtMs: 1,
      },
      null,
    );
    await store.archive();
    expect(store.rows).not.toContain(1);
  });

  it('waits for the segments: an entry that stands only in its rows keeps them', async () => {
    await takeEach(3);
    await growOld();
    const archiver = store.archiver();
    await archiver.runSoon();
    await archiver.stop();
    expect(archiver.facts().records).toBe(0);
    expect((await store.archive()).records).toBe(3);
  });

  it('leaves Schedule II in the buffer while a reconciliation run is under way', async () => {
    await store.take({ key: 'two-00001', schedule: 'II' }, { key: 'standard-1' });
    await growOld();
    const { run } = await store.buffer.beginRun();
    expect((await store.archive()).records).toBe(1);
    await store.buffer.closeRun(run, [], null);
    expect((await store.archive()).records).toBe(2);
  });

  it('answers a late resend with state and first receipt, another record of the key with a conflict, and survives a start', async () => {
    const [first] = await store.take({ key: 'record-0', schedule: 'II', members: { ndc: '1' } });
    await growOld();
    await store.archive();
    await store.buffer.close();
    await store.reopen();
    const [again] = await store.take({ key: 'record-0', schedule: 'II', members: { ndc: '1' } });
    expect(again).toEqual({ ...first, status: 'duplicate', state: 'SYNCED' });
    const [other] = await store.take({ key: 'record-0', schedule: 'II', members: { ndc: '2' } });
    expect(other).toMatchObject({ status: 'conflict', trail: { log: 'schedule_two' } });
    const [next] = await store.take({ key: 'record-new' });
    expect(next).toMatchObject({ status: 'accepted', sequence: 4 });
  });

  it('never takes a resend for a new sale, even when its file is gone', async () => {
    await store.take({ key: 'record-0' });
    await growOld();
    await store.archive();
    const path = join(store.archiveDir, 'standard/2026-11.0001.cfa');
    writeFileSync(
      path,
      readFileSync(path).map((byte) => byte ^ 1),
    );
    await store.buffer.close();
    await store.reopen();
    expect(await store.take({ key: 'record-0' })).toEqual([{ status: 'failed' }]);
    expect(await store.take({ key: 'record-0', members: { ndc: '2' } })).toMatchObject([{ status: 'conflict' }]);
  });

  it('hands out archived records to a PMS that asks for an earlier place, between those that are still here', async () => {
    const taken = await takeEach(6);
    await store.settleAll();
    store.nowMs += 20 * DAY_MS;
    await takeEach(3, 'young-');
    await store.settleAll();
    await store.archive();
    expect(store.rows).toEqual([7, 8, 9]);
    const { entries } = store.buffer.readFrom('standard', 3, 5, 1e6);
    expect(
      entries.map((entry) => ('gap' in entry ? 'gap' : [entry.streamSequence, entry.idempotencyKey, entry.state])),
    ).toEqual([
      [3, 'record-2', 'SYNCED'],
      [4, 'record-3', 'SYNCED'],
      [5, 'record-4', 'SYNCED'],
      [6, 'record-5', 'SYNCED'],
      [7, 'young-0', 'SYNCED'],
    ]);
    const [third] = entries;
    const wanted = item({ key: 'record-2' }).record.payload;
    expect(third !== undefined && 'payload' in third && third.payload.equals(wanted)).toBe(true);
    expect(taken).toHaveLength(6);
  });

  it('knows a sale it has archived when a void undoes it', async () => {
    await store.take({ key: 'sale-0001', fill: 'RX-1' });
    await growOld();
    await store.archive();
    await store.take({ key: 'void-0001', kind: 'VOID', refersTo: 'sale-0001' });
    const [again] = await store.take({ key: 'sale-0002', fill: 'RX-1' });
    const [third] = await store.take({ key: 'sale-0003', fill: 'RX-1' });
    expect(again).toMatchObject({ flags: [] });
    expect(third).toMatchObject({ flags: ['possible_double_sale'] });
  });
});

describe('while the disk fills up', () => {
  it('takes what is settled at once, and nothing at all when only Schedule II may have room', async () => {
    await takeEach(3);
    await store.settleAll();
    store.nowMs += 1;
    await store.storeTrail();
    const archiver = store.archiver();
    archiver.setPace('stopped');
    await archiver.runSoon();
    expect(archiver.facts()).toMatchObject({ archivedTotal: 0, trouble: null });
    archiver.setPace('early');
    await archiver.runSoon();
    await archiver.stop();
    // The newest of the stream stays.
    expect(archiver.facts()).toMatchObject({ archivedTotal: 2, trouble: null });
  });
});

describe('what an unclean end leaves', () => {
  /** An archive whose steps fail from a certain one on, as if the power had gone there. */
  function failingAt(step: 'noteFrame' | 'removeRows', after: number): BufferArchive {
    let calls = 0;
    return new Proxy(store.buffer.archive, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        if (name !== step) return member.bind(target);
        return async (...args: unknown[]) => {
          calls += 1;
          if (calls > after) throw new CounterfoilError('storage_full', 'the power has gone', 'none');
          return await member.apply(target, args);
        };
      },
    });
  }

  const recordsSeen = () => store.buffer.readFrom('standard', 1, 100, 1e9).entries.map(({ sequence }) => sequence);

  it('a frame that was never noted does not count: its records go into another part', async () => {
    await takeEach(5);
    await growOld();
    await store.archive({ archive: failingAt('noteFrame', 0) });
    expect(store.rows).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await store.buffer.close();
    await store.reopen();
    expect((await store.archive()).records).toBe(5);
    expect(files('standard')).toEqual(['2026-11.0001.cfa', '2026-11.0002.cfa']);
    expect(recordsSeen()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('a torn tail is never cut: another part begins, and says how much of the one before counts', async () => {
    await takeEach(4);
    await growOld();
    await store.archive({ frameRecords: 2 });
    const path = join(store.archiveDir, 'standard/2026-11.0001.cfa');
    const before = readFileSync(path);
    writeFileSync(path, Buffer.concat([before, Buffer.from('CFFR torn')]));
    await store.buffer.close();
    await store.reopen();
    store.nowMs -= 20 * DAY_MS;
    await store.take({ key: 'late-0001' });
    store.nowMs += 20 * DAY_MS;
    await growOld(1);
    await store.archive();
    expect(readFileSync(path).length).toBe(before.length + 9);
    const second = readFileSync(join(store.archiveDir, 'standard/2026-11.0002.cfa'));
    const header = JSON.parse(second.toString('utf8', 12, 12 + second.readUInt32BE(8)));
    expect(header).toMatchObject({ part: 2, previous: { frames: 2, bytes: before.length } });
    expect(recordsSeen().slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
  });

  it('rows on their way out go on leaving; meanwhile every record is seen once', async () => {
    await store.take(...wishes(10));
    await growOld();
    await store.archive({ archive: failingAt('removeRows', 4), removeRows: 3 });
    expect(store.rows.length).toBeGreaterThan(2);
    expect(store.rows.length).toBeLessThan(12);
    expect(recordsSeen()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const [again] = await store.take({ key: 'record-0' });
    expect(again).toMatchObject({ status: 'duplicate', sequence: 1 });
    await store.buffer.close();
    await store.reopen();
    await store.archive();
    expect(store.rows).toEqual([11, 12]);
    expect(recordsSeen()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('a failed append gives the part up and is told; the next run begins another one', async () => {
    await takeEach(2);
    await growOld();
    const keeper = plainKeeper(store.archiveDir);
    const path = join(store.folder, 'missing/file');
    const broken = { ...keeper, prepare: async () => ({ path, bytes: 0, isSealed: false }) };
    expect(await store.archive({ keeper: broken })).toMatchObject({ trouble: { code: 'archive_write' }, records: 0 });
    expect(await store.archive()).toMatchObject({ trouble: null, records: 2 });
  });
});

describe('any history', () => {
  it('has every record in the buffer or in the archive, and each is found by its key', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), count: fc.integer({ min: 1, max: 5 }) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('days' as const), days: fc.integer({ min: 1, max: 12 }) }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('archive' as const), fails: fc.integer({ min: 0, max: 3 }) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        const own = await Store.open();
        const saved = store;
        store = own;
        const taken: IntakeResult[] = [];
        try {
          for (const each of steps) {
            if (each.do === 'take') {
              const first = taken.length;
              const more = Array.from({ length: each.count }, (_, n) => {
                const schedule = (first + n) % 3 === 0 ? ('II' as const) : ('NONE' as const);
                return { key: `record-${first + n}`, schedule };
              });
              taken.push(...(await own.take(...more)));
            } else if (each.do === 'settle') await own.settleAll();
            else if (each.do === 'days') own.nowMs += each.days * DAY_MS;
            else if (each.do === 'archive') {
              const archive = each.fails === 0 ? own.buffer.archive : failing(own, each.fails);
              await own.archive({ archive, frameRecords: 3, removeRows: 2 });
            } else {
              await own.buffer.close();
              await own.reopen();
            }
          }
          await agrees(own, taken);
        } finally {
          await own.close();
          store = saved;
        }
      }),
      { numRuns: 6 },
    );
  });

  function failing(own: Store, after: number): BufferArchive {
    let calls = 0;
    return new Proxy(own.buffer.archive, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        if (name !== 'noteFrame' && name !== 'removeRows') return member.bind(target);
        return async (...args: unknown[]) => {
          calls += 1;
          if (calls > after) throw new CounterfoilError('storage_full', 'the power has gone', 'none');
          return await member.apply(target, args);
        };
      },
    });
  }

  async function agrees(own: Store, taken: readonly IntakeResult[]): Promise<void> {
    const rows = new Set(own.rows);
    const keys = own.query<{ id: number }>('SELECT record_id AS id FROM key_index WHERE frame IS NOT NULL');
    const archived = new Set(keys.map(({ id }) => id));
    for (const [at, first] of taken.entries()) {
      expect(rows.has(at + 1) !== archived.has(at + 1)).toBe(true);
      const schedule = at % 3 === 0 ? ('II' as const) : ('NONE' as const);
      const [again] = await own.buffer.intake([item({ key: `record-${at}`, schedule })]);
      if (again === undefined || !('sequence' in again) || !('sequence' in first)) throw new Error('not answered');
      expect(again).toEqual({ ...first, status: 'duplicate', state: again.state });
    }
    for (const stream of ['standard', 'schedule_two'] as const) {
      const { entries } = own.buffer.readFrom(stream, 1, 1000, 1e9);
      expect(entries.map(({ streamSequence }) => streamSequence)).toEqual(entries.map((_, n) => n + 1));
    }
  }
});
