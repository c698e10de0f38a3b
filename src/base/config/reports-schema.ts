/** Keys of `reports`: which reports are made by themselves, and when. */
import { Cron } from 'croner';
import { z } from 'zod';
import { oneOf, text, wholeNumber, yesNo } from './leaves.ts';
import { deliver, signing } from './reports-delivery-schema.ts';

const name = () => text(/^[a-z][a-z0-9-]{0,39}$/, 'a short name such as daily or state-board (a-z, 0-9, -)');

/** Five fields, in the store's time zone. */
function cron() {
  const write = 'a cron expression with five fields such as "15 5 * * *" (05:15 each day)';
  return z.string({ error: write }).refine(isCron, { error: write });
}

function isCron(pattern: string): boolean {
  if (pattern.trim().split(/\s+/).length !== 5) return false;
  try {
    return new Cron(pattern, { paused: true }).nextRun(new Date(0)) !== null;
  } catch {
    return false;
  }
}

function calendarDay() {
  const write = 'a day that exists, such as "2026-05-01"';
  return z.iso.date({ error: write });
}

const schedule = z.strictObject({
  name: name().describe('Name of the schedule; a run is known by it and by its window.'),
  kind: oneOf(['daily', 'weekly', 'monthly', 'schedule_two', 'inspection']).describe('Kind of report.'),
  cron: cron().describe("When it is made, in the store's time zone; the window is the newest one that is over."),
});

const cycle = z.strictObject({
  name: name().describe('Name of the cycle, such as biennial or state-board.'),
  kind: oneOf(['biennial', 'inspection']).default('inspection').describe('Kind of report.'),
  from: calendarDay().describe("First day of the first window; for the biennial one the day of the store's inventory."),
  months: wholeNumber(1, 120, 'months').default(24).describe('Length of a window. Its report is made once it is over.'),
});

export const reports = z.strictObject({
  enabled: yesNo().default(true).describe('false: reports are made only when somebody asks.'),
  schedules: z
    .array(schedule, { error: 'a list, each item "- {name: daily, kind: daily, cron: "15 5 * * *"}"' })
    .max(32, { error: 'at most 32 schedules' })
    .default([
      { name: 'daily', kind: 'daily', cron: '15 5 * * *' },
      { name: 'weekly', kind: 'weekly', cron: '30 5 * * 1' },
      { name: 'monthly', kind: 'monthly', cron: '0 6 1 * *' },
      { name: 'schedule-two', kind: 'schedule_two', cron: '15 6 1 * *' },
    ])
    .describe('Which reports are made by themselves, and when. Missed ones are made up for after a power cut.'),
  cycles: z
    .array(cycle, { error: 'a list, each item "- {name: biennial, kind: biennial, from: "2026-05-01", months: 24}"' })
    .max(16, { error: 'at most 16 cycles' })
    .default([])
    .describe(
      'Windows that follow each other from a day on: the biennial inventory, an inspection of the state board.',
    ),
  signing: signing.prefault({}).describe('The key reports are signed with.'),
  deliver: deliver.prefault({}).describe('Where reports are brought.'),
});
