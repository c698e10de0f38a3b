import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import type { ReportManifest, StoredReport } from '../../../src/reports/api.ts';
import type { Run } from '../../../src/reports/schedule/plan.ts';
import { Scheduler } from '../../../src/reports/schedule/scheduler.ts';

const DAY_MS = 86_400_000;
const ZONE = 'America/New_York';
/** 12:00 UTC: today's report, due at 05:15 there, is made. */
const NOON = Date.UTC(2026, 10, 25, 12);

/** A gateway's disk and clock as far as the scheduler meets them; both outlive a scheduler, as they outlive a process. */
class Store {
  readonly folder = mkdtempSync(join(tmpdir(), 'counterfoil-scheduler-'));
  readonly reports = new Map<string, StoredReport>();
  readonly made: string[] = [];
  readonly handed: string[] = [];
  nowMs = NOON;
  monotonicMs = 0;
  isTimeKnown = true;
  /** Ends the process at this point: nothing after it happens. */
  diesAt: 'making' | 'handing' | null = null;
  #count = 0;

  scheduler(): Scheduler {
    return new Scheduler({
      plan: { schedules: [{ name: 'daily', kind: 'daily', cron: '15 5 * * *' }], cycles: [], timeZone: ZONE },
      clock: { utcMs: () => this.nowMs, monotonicMs: () => this.monotonicMs },
      timers: { after: () => () => {} },
      log: silentLog,
      ledgerPath: join(this.folder, 'runs.jsonl'),
      names: () => [...this.reports.keys()],
      read: (name) => this.reports.get(name) ?? null,
      isTimeKnown: () => this.isTimeKnown,
      make: async (run) => this.#make(run),
      hand: async ({ manifest }) => {
        if (this.diesAt === 'handing') throw new Error('the power went');
        this.handed.push(manifest.id);
      },
    });
  }

  async #make(run: Run): Promise<StoredReport> {
    if (this.diesAt === 'making') throw new Error('the power went');
    this.made.push(new Date(run.window.fromUtcMs).toISOString().slice(0, 10));
    return this.put(run.key);
  }

  put(run: string | null): StoredReport {
    this.#count += 1;
    const id = `daily-${this.#count}`;
    const report = { folder: id, manifest: { id, run } as ReportManifest };
    this.reports.set(id, report);
    return report;
  }
}

let store: Store;
beforeEach(() => {
  store = new Store();
});
afterEach(() => rmSync(store.folder, { recursive: true, force: true }));

async function begun(): Promise<Scheduler> {
  const scheduler = store.scheduler();
  await scheduler.look();
  return scheduler;
}

describe('what is due', () => {
  test("nothing at the first start: what was before is not this gateway's", async () => {
    await begun();
    expect(store.made).toEqual([]);
  });

  test('each day once, however often it looks', async () => {
    const scheduler = await begun();
    for (const day of [1, 2]) {
      store.nowMs = NOON + day * DAY_MS;
      await scheduler.look();
      await scheduler.look();
    }
    expect(store.made).toEqual(['2026-11-25', '2026-11-26']);
    expect(store.handed).toEqual(['daily-1', 'daily-2']);
  });

  test('missed days are made up for by the next process, oldest first, and once', async () => {
    await begun();
    store.nowMs = NOON + 3 * DAY_MS;
    await begun();
    await begun();
    expect(store.made).toEqual(['2026-11-25', '2026-11-26', '2026-11-27']);
  });

  test('not while the clock is known to be wrong', async () => {
    const scheduler = await begun();
    store.isTimeKnown = false;
    store.nowMs = Date.UTC(2099, 0, 1);
    await scheduler.look();
    expect(store.made).toEqual([]);
  });
});

describe('if the power goes', () => {
  test('while a report is made, it is made again', async () => {
    await begun();
    store.nowMs += DAY_MS;
    store.diesAt = 'making';
    await begun();
    store.diesAt = null;
    await begun();
    expect([store.made, store.handed]).toEqual([['2026-11-25'], ['daily-1']]);
  });

  test('between its folder and telling of it, it is told of and not made again', async () => {
    await begun();
    store.nowMs += DAY_MS;
    store.diesAt = 'handing';
    await begun();
    store.diesAt = null;
    await begun();
    await begun();
    expect([store.made, store.handed]).toEqual([['2026-11-25'], ['daily-1']]);
  });

  test('in the middle of a line of the ledger, the line is none and the next ones count', async () => {
    await begun();
    appendFileSync(join(store.folder, 'runs.jsonl'), '{"step":"handed","run":"daily|1');
    store.nowMs += DAY_MS;
    await begun();
    await begun();
    expect([store.made, store.handed]).toEqual([['2026-11-25'], ['daily-1']]);
  });
});

test('a report that somebody made on demand is handed on once', async () => {
  const scheduler = await begun();
  store.put(null);
  await scheduler.look();
  await begun();
  expect(store.handed).toEqual(['daily-1']);
});

test('after a failure it waits, longer each time, and says so meanwhile', async () => {
  const scheduler = await begun();
  store.nowMs += DAY_MS;
  store.diesAt = 'making';
  await scheduler.look();
  expect(scheduler.facts()).toMatchObject({ failed: 1, trouble: 'the power went' });
  store.diesAt = null;
  store.monotonicMs = 59_000;
  await scheduler.look();
  expect(store.made).toEqual([]);
  store.monotonicMs = 60_000;
  await scheduler.look();
  expect(store.made).toEqual(['2026-11-25']);
  expect(scheduler.facts()).toMatchObject({ made: 1, failed: 1, trouble: null });
});
