import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyTrail } from '../../../src/inspect/verify.ts';
import { FLAGS, SCHEDULES } from '../../../src/record/types.ts';
import { type Counted, countTrail } from '../../../src/reports/figures/count.ts';
import { makeHistory } from '../history.ts';
import { NaiveCount, type RawEntry, rawEntries } from '../naive-count.ts';

const ZONE = 'America/New_York';
let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'counterfoil-count-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Case {
  readonly counted: Counted;
  readonly naive: NaiveCount;
}

/** Random histories and random windows in them. */
const cases = fc.record({
  seed: fc.nat(2 ** 31),
  steps: fc.integer({ min: 1, max: 120 }),
  begin: fc.double({ min: 0, max: 0.9, noNaN: true }),
  length: fc.double({ min: 0.05, max: 1.2, noNaN: true }),
});
let made = 0;

function holds(check: (each: Case) => void): void {
  fc.assert(
    fc.property(cases, ({ seed, steps, begin, length }) => {
      made += 1;
      const trailDir = join(scratch, `history-${made}`);
      const { fromMs, toMs } = makeHistory(trailDir, { seed, steps });
      const from = Math.floor(fromMs + (toMs - fromMs) * begin);
      const to = Math.floor(from + (toMs - fromMs) * length) + 1;
      const { counted } = countTrail(trailDir, { fromUtcMs: from, toUtcMs: to, timeZone: ZONE });
      check({ counted, naive: new NaiveCount(rawEntries(trailDir), from, to) });
      rmSync(trailDir, { recursive: true });
    }),
    { numRuns: 60 },
  );
}

describe('figures against an independent computation from the raw trail', () => {
  test('the histories are trails that hold', () => {
    const trailDir = join(scratch, 'sound');
    makeHistory(trailDir, { seed: 7, steps: 300 });
    expect(verifyTrail({ directory: trailDir, log: null, key: null, witnesses: [] })).toMatchObject({
      logs: { audit: { faults: [] }, schedule_two: { faults: [] } },
    });
  });

  test('reconciliation by schedule, and that it balances', () =>
    holds(({ counted, naive }) => {
      for (const schedule of SCHEDULES) {
        const figures = counted.reconciliation[schedule];
        const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
        expect(figures).toEqual({
          open_before: sum(naive.open(naive.from, schedule)),
          captured: naive.captured(schedule),
          moved_to: naive.movedTo(schedule),
          unproved: naive.unproved(schedule),
          open_after: naive.open(naive.to, schedule),
          oldest_open_ms: naive.oldestOpen(naive.to, schedule),
          latency_ms: naive.latencies(schedule),
        });
        const { open_before: before, captured, moved_to: moved, open_after: after } = figures;
        expect(before + captured).toBe((moved.SYNCED ?? 0) + (moved.RESOLVED ?? 0) + sum(after));
      }
    }));

  test('records still open, with state and age', () =>
    holds(({ counted, naive }) => {
      const open = [...naive.statesBefore(naive.to)].filter(([, state]) => !['SYNCED', 'RESOLVED'].includes(state));
      const expected = open.map(([hash, state]) => {
        const record = naive.records.get(hash);
        return [record?.sequence, state, Math.max(0, naive.to - (record?.received ?? 0)), hash];
      });
      expect(counted.open.map(([sequence, , state, , , age, hash]) => [sequence, state, age, hash])).toEqual(expected);
    }));

  test('queue depth and oldest age over time', () =>
    holds(({ counted, naive }) => {
      const expected = naive.queue(counted.queue.step_ms);
      expect(counted.queue.standard).toEqual(expected.standard);
      expect(counted.queue.schedule_two).toEqual(expected.two);
      expect(counted.queue.oldest_seconds).toEqual(expected.oldest);
    }));

  test('link, mode, storage and clock over time, and when the gateway did not run', () =>
    holds(({ counted, naive }) => {
      const { link, mode, storage, clock, gateway } = counted.running;
      expect(link.ms).toEqual(naive.states('link', 'DEGRADED'));
      expect(mode.ms).toEqual(naive.states('mode', 'NORMAL'));
      expect(storage.ms).toEqual(naive.states('breaker', 'CLOSED'));
      expect(clock.ms).toEqual(naive.states('clock', 'unknown'));
      expect(gateway.ms).toEqual(naive.states('', 'running'));
      for (const state of [link, mode, storage, clock, gateway]) {
        expect(Object.values(state.ms).reduce((a, b) => a + b, 0)).toBe(naive.to - naive.from);
      }
    }));

  test('flags, named records, evidence and how it ended, duplicates', () =>
    holds(({ counted, naive }) => {
      const taken = [...naive.records.values()].filter((record) => naive.within.includes(record.taken));
      const flagged = (name: (typeof FLAGS)[number]) =>
        taken.filter(({ flags }) => (flags >> FLAGS.indexOf(name)) % 2 === 1).map(({ sequence }) => sequence);
      const { doubts } = counted;
      for (const flag of FLAGS) expect(doubts.flags[flag] ?? 0).toBe(flagged(flag).length);
      expect(numbers(doubts.ndc_unresolved)).toEqual(flagged('ndc_unresolved'));
      expect(numbers(doubts.possible_double_sales)).toEqual(flagged('possible_double_sale'));
      expect(numbers(doubts.lane_sequence_gaps)).toEqual(flagged('lane_sequence_gap'));
      expect(doubts.conflicts.map(([at, , , hash, , ended]) => [at, hash, ended])).toEqual(
        ended(naive, 'conflict', 'lane_hash'),
      );
      expect(doubts.refused.map(([at, , , hash, , how]) => [at, hash, how])).toEqual(ended(naive, 'refused', 'hash'));
      const duplicates = of(naive, 'duplicates').flatMap(({ r }) => r.lanes as [string, number][]);
      expect(doubts.duplicates).toBe(duplicates.reduce((sum, [, count]) => sum + count, 0));
    }));

  test('requests, people, checkpoints, kinds, incidents', () =>
    holds(({ counted, naive }) => {
      const { traffic, people, proofs, reading } = counted;
      expect(reading).toMatchObject({
        kinds: naive.kinds(),
        unreadable: 0,
        missing: 0,
        not_understood: 0,
        unknown_steps: 0,
      });
      expect(traffic.requests).toBe(of(naive, 'sync_attempt').length);
      expect(traffic.bytes).toBe(of(naive, 'sync_attempt').reduce((sum, { r }) => sum + Number(r.bytes), 0));
      expect(traffic.outcomes['200'] ?? 0).toBe(of(naive, 'sync_answer').filter(({ r }) => r.status === 200).length);
      expect(traffic.outcomes.timeout ?? 0).toBe(
        of(naive, 'sync_answer').filter(({ r }) => r.fault === 'timeout').length,
      );
      expect(people.acts.map(([at, , act]) => [at, act])).toEqual(of(naive, 'review').map(({ at, r }) => [at, r.act]));
      expect(people.looks).toHaveLength(new Set(of(naive, 'access').map(({ r }) => r.look)).size);
      for (const log of ['audit', 'schedule_two'] as const) {
        expect(proofs.logs[log].checkpoints).toBe(of(naive, 'cp').filter((entry) => entry.log === log).length);
        expect(proofs.logs[log].size_after).toBe(
          naive.entries.filter((entry) => entry.log === log && entry.at < naive.to).length,
        );
        expect(proofs.logs[log].size_before).toBe(
          naive.entries.filter((entry) => entry.log === log && entry.at < naive.from).length,
        );
      }
      const outages = of(naive, 'link').filter(({ r }) => r.to === 'OFFLINE').length;
      expect(counted.incidents.filter(([, , , , kind]) => kind === 'link')).toHaveLength(outages);
    }));

  test('days: as many as the zone has, and their sums are those of the window', () =>
    holds(({ counted, naive }) => {
      const sum = (pick: (day: Counted['days'][number]) => number) =>
        counted.days.reduce((all, day) => all + pick(day), 0);
      for (const schedule of SCHEDULES)
        expect(sum((day) => day.captured[schedule] ?? 0)).toBe(naive.captured(schedule));
      expect(sum(({ synced }) => synced)).toBe(
        SCHEDULES.reduce((all, each) => all + (naive.movedTo(each).SYNCED ?? 0), 0),
      );
      expect(sum(({ offline_ms: ms }) => ms)).toBe(counted.running.link.ms.OFFLINE ?? 0);
      expect(Math.round(sum(({ hours }) => hours) * 3_600_000)).toBe(naive.to - naive.from);
    }));
});

const numbers = (named: readonly (readonly [number, ...unknown[]])[]): number[] => named.map(([sequence]) => sequence);
const of = ({ within }: NaiveCount, kind: string): RawEntry[] => within.filter(({ k }) => k === kind);

/** `[at, hash, how it ended before the window's end]` of each piece of evidence. */
function ended(naive: NaiveCount, kind: string, member: string): unknown[] {
  return of(naive, kind).map(({ at, r }) => {
    const act = naive.entries.find(
      (entry) =>
        entry.k === 'review' &&
        entry.at < naive.to &&
        (entry.r.subjects as unknown[][]).some((row) => row[0] === 'evidence' && row[4] === r[member]),
    );
    return [at, r[member], act === undefined ? null : [act.r.step, act.at]];
  });
}
