/** The reports of a running gateway, put together: what is due, the process that makes it, the entries in the trail. */
import { hash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemTimers } from '../../base/clock.ts';
import type { Config } from '../../base/config/load.ts';
import type { Log } from '../../base/log.ts';
import type { ClockQuality, RecordBuffer } from '../../buffer/api.ts';
import type { ReportOutbox, StoredReport } from '../../reports/api.ts';
import { readReport } from '../../reports/folder.ts';
import type { Run } from '../../reports/schedule/plan.ts';
import { Scheduler } from '../../reports/schedule/scheduler.ts';
import type { Trail } from '../../trail/api.ts';
import { makeInChild } from './child.ts';
import { reportsDirectory, taskOf } from './task.ts';

export interface ReportParts {
  readonly buffer: RecordBuffer;
  readonly trail: Trail | null;
  readonly log: Log;
  readonly clockQuality: () => ClockQuality;
  /** Null: nothing brings reports out. */
  readonly outbox: ReportOutbox | null;
}

export interface Reports {
  readonly scheduler: Scheduler;
  start(): void;
  stop(): Promise<void>;
}

export function openReports(config: Config, parts: ReportParts): Reports {
  const { buffer, trail, log, clockQuality, outbox } = parts;
  const directory = reportsDirectory(config);
  const stop = new AbortController();
  const scheduler = new Scheduler({
    plan: { ...config.reports, timeZone: config.gateway.timeZone },
    clock: systemClock,
    timers: systemTimers,
    log,
    ledgerPath: join(directory, 'runs.jsonl'),
    names: () => (existsSync(directory) ? readdirSync(directory).filter((name) => !name.includes('.')) : []),
    read: (name) => readReport(join(directory, name)),
    isTimeKnown: () => clockQuality() !== 'unsynchronised',
    make: async (run) => {
      await tellBegin(buffer, run);
      // What the figures must take in is in the segments then, and one entry behind the window's end.
      await trail?.drained();
      return makeInChild(taskOf(config, run.kind, run.window, run.key), stop.signal);
    },
    hand: async (report) => {
      await tellMade(buffer, report);
      await outbox?.enqueue(report);
      log.info('a report is made', { reason: report.manifest.id });
    },
  });
  return {
    scheduler,
    start: () => scheduler.start(),
    stop: async () => {
      stop.abort();
      await scheduler.stop();
    },
  };
}

async function tellBegin(buffer: RecordBuffer, { kind, window }: Run): Promise<void> {
  const { fromUtcMs, toUtcMs } = window;
  await buffer.note('audit', 'report', { from_ms: fromUtcMs, kind, step: 'begin', to_ms: toUtcMs });
  if (kind !== 'schedule_two') return;
  // The register shows what records say: that is a look, and is told before anything is read.
  const filter = `report ${kind} ${fromUtcMs} ${toUtcMs}`;
  const look = randomBytes(8).toString('hex');
  const body = {
    by: null,
    filter: buffer.archive.filterHash(filter),
    kinds: ['report'],
    look,
    of: 'records',
    way: 'export',
  } as const;
  await buffer.note('audit', 'access', body);
  await buffer.note('schedule_two', 'access', body);
}

async function tellMade(buffer: RecordBuffer, { manifest, folder }: StoredReport): Promise<void> {
  const figures = hash('sha256', readFileSync(join(folder, 'figures.json')), 'base64');
  await buffer.note('audit', 'report', { figures, holds: manifest.trailHolds, id: manifest.id, step: 'made' });
}
