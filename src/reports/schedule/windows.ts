/** Which window a report is about that is due at some moment: always one that is over, in the store's days. */
import type { ReportKind, ReportWindow } from '../api.ts';
import { dateOf, startOf } from '../figures/window.ts';

/**
 * The newest whole window of its kind before a moment: the day before, the week (Monday to Sunday) before, the month before.
 * The register takes a month, an inspection pack the last two years, for which records must be kept (21 CFR 1304.04).
 */
export function latestWindow(kind: ReportKind, atUtcMs: number, timeZone: string): ReportWindow {
  const today = dateOf(atUtcMs, timeZone);
  const [from, to] = daysOf(kind, today);
  return { fromUtcMs: startOf(from, timeZone), toUtcMs: startOf(to, timeZone), timeZone };
}

function daysOf(kind: ReportKind, today: Temporal.PlainDate): [Temporal.PlainDate, Temporal.PlainDate] {
  switch (kind) {
    case 'daily':
      return [today.subtract({ days: 1 }), today];
    case 'weekly': {
      const monday = today.subtract({ days: today.dayOfWeek - 1 });
      return [monday.subtract({ weeks: 1 }), monday];
    }
    case 'monthly':
    case 'schedule_two': {
      const first = today.with({ day: 1 });
      return [first.subtract({ months: 1 }), first];
    }
    case 'inspection':
    case 'biennial':
      return [today.subtract({ years: 2 }), today];
  }
}
