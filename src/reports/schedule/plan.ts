/** Which runs are due: by cron expression, and by windows that follow each other from a day on. Pure but for the zone's rules. */
import { Cron } from 'croner';
import type { ReportKind, ReportWindow } from '../api.ts';
import { startOf } from '../figures/window.ts';
import { latestWindow } from './windows.ts';

export interface CronSchedule {
  readonly name: string;
  readonly kind: Exclude<ReportKind, 'biennial'>;
  /** Five fields, in the store's time zone. */
  readonly cron: string;
}

export interface Cycle {
  readonly name: string;
  readonly kind: 'biennial' | 'inspection';
  /** First day of the first window, `2026-05-01`. */
  readonly from: string;
  readonly months: number;
}

export interface Plan {
  readonly schedules: readonly CronSchedule[];
  readonly cycles: readonly Cycle[];
  /** IANA name. */
  readonly timeZone: string;
}

export interface Run {
  /** Schedule and window: the same run is never done twice. */
  readonly key: string;
  readonly name: string;
  readonly kind: ReportKind;
  readonly window: ReportWindow;
  /** When it was due, UTC ms. */
  readonly dueMs: number;
}

export interface DueRuns {
  readonly runs: readonly Run[];
  /** Older ones that are left out, because nobody wants hundreds of them at once. */
  readonly left: number;
}

/** Most runs of one schedule that are made up for after a long time off. */
export const MOST_MISSED = 40;

/** Runs of a schedule or cycle due after `sinceMs` up to `untilMs`, oldest first. */
export function dueRuns(plan: Plan, name: string, sinceMs: number, untilMs: number): DueRuns {
  const schedule = plan.schedules.find((each) => each.name === name);
  const cycle = plan.cycles.find((each) => each.name === name);
  const all = [
    ...(schedule === undefined ? [] : cronRuns(schedule, plan.timeZone, sinceMs, untilMs)),
    ...(cycle === undefined ? [] : cycleRuns(cycle, plan.timeZone, sinceMs, untilMs)),
  ];
  const runs = all.slice(-MOST_MISSED);
  return { runs, left: all.length - runs.length };
}

function cronRuns({ name, kind, cron }: CronSchedule, timeZone: string, sinceMs: number, untilMs: number): Run[] {
  const clock = new Cron(cron, { paused: true, timezone: timeZone });
  const runs: Run[] = [];
  for (let at = clock.nextRun(new Date(sinceMs)); at !== null && at.getTime() <= untilMs; at = clock.nextRun(at)) {
    runs.push(runOf(name, kind, latestWindow(kind, at.getTime(), timeZone), at.getTime()));
  }
  return runs;
}

/** A window is due when it is over. */
function cycleRuns({ name, kind, from, months }: Cycle, timeZone: string, sinceMs: number, untilMs: number): Run[] {
  const first = Temporal.PlainDate.from(from);
  const runs: Run[] = [];
  for (let n = 0; ; n += 1) {
    // Each from the first day: adding month after month would lose the 31st.
    const fromUtcMs = startOf(first.add({ months: n * months }), timeZone);
    const toUtcMs = startOf(first.add({ months: (n + 1) * months }), timeZone);
    if (toUtcMs > untilMs) return runs;
    if (toUtcMs > sinceMs) runs.push(runOf(name, kind, { fromUtcMs, toUtcMs, timeZone }, toUtcMs));
  }
}

function runOf(name: string, kind: ReportKind, window: ReportWindow, dueMs: number): Run {
  return { key: `${name}|${window.fromUtcMs}|${window.toUtcMs}`, name, kind, window, dueMs };
}
