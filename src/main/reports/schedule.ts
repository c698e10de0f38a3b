/** The reports of a running gateway, put together: what is due, the process that makes it, the entries in the trail. */
import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemTimers } from '../../base/clock.ts';
import type { Config } from '../../base/config/load.ts';
import type { Log } from '../../base/log.ts';
import type { ClockQuality, RecordBuffer } from '../../buffer/api.ts';
import type { ReportBegin, ReportDesk } from '../../control/reports.ts';
import type { ReportOutbox, StoredReport } from '../../reports/api.ts';
import { readReport } from '../../reports/folder.ts';
import type { Plan } from '../../reports/schedule/plan.ts';
import { Scheduler } from '../../reports/schedule/scheduler.ts';
import type { Trail } from '../../trail/api.ts';
import { makeInChild } from './child.ts';
import { registerFilter, registerLook } from './register-look.ts';
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
  /** For people on the box. */
  readonly desk: ReportDesk;
  start(): void;
  stop(): Promise<void>;
}

export function openReports(config: Config, parts: ReportParts): Reports {
  const { buffer, trail, log, clockQuality, outbox } = parts;
  const directory = reportsDirectory(config);
  const stop = new AbortController();
  const begin = async (of: ReportBegin) => {
    await tellBegin(buffer, of);
    // What the figures must take in is in the segments then, and one entry behind the window's end.
    await trail?.drained();
  };
  const scheduler = new Scheduler({
    get plan() {
      return planOf(config);
    },
    clock: systemClock,
    timers: systemTimers,
    log,
    ledgerPath: join(directory, 'runs.jsonl'),
    names: () => (existsSync(directory) ? readdirSync(directory).filter((name) => !name.includes('.')) : []),
    read: (name) => readReport(join(directory, name)),
    isTimeKnown: () => clockQuality() !== 'unsynchronised',
    make: async (run) => {
      const { fromUtcMs, toUtcMs } = run.window;
      await begin({ kind: run.kind, from_ms: fromUtcMs, to_ms: toUtcMs, caller: null });
      return makeInChild(taskOf(config, run.kind, run.window, run.key), stop.signal);
    },
    hand: async (report) => {
      await tellMade(buffer, report);
      await outbox?.enqueue(report);
      const { id, unsigned } = report.manifest;
      log.info('a report is made', { reason: id });
      if (unsigned === null) return;
      log.error('a report is not signed', { reason: id, error: unsigned.message, hint: unsigned.hint });
    },
  });
  return {
    scheduler,
    desk: { begin, made: () => scheduler.look() },
    start: () => scheduler.start(),
    stop: async () => {
      stop.abort();
      await scheduler.stop();
    },
  };
}

/** Without schedules it still takes on what people make. */
function planOf({ reports, gateway }: Config): Plan {
  const { enabled, schedules, cycles } = reports;
  return { schedules: enabled ? schedules : [], cycles: enabled ? cycles : [], timeZone: gateway.timeZone };
}

async function tellBegin(buffer: RecordBuffer, of: ReportBegin): Promise<void> {
  const { kind, from_ms: fromMs, to_ms: toMs, caller } = of;
  await buffer.note('audit', 'report', { from_ms: fromMs, kind, step: 'begin', to_ms: toMs });
  if (kind !== 'schedule_two') return;
  const body = registerLook(caller, buffer.archive.filterHash(registerFilter(fromMs, toMs)));
  await buffer.note('audit', 'access', body);
  await buffer.note('schedule_two', 'access', body);
}

async function tellMade(buffer: RecordBuffer, { manifest, folder }: StoredReport): Promise<void> {
  const figures = hash('sha256', readFileSync(join(folder, 'figures.json')), 'base64');
  await buffer.note('audit', 'report', { figures, holds: manifest.trailHolds, id: manifest.id, step: 'made' });
}
