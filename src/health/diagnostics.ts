/**
 * `/api/v1/diagnostics`: the published diagnostic query done right. Its own `oldest_pending` takes the newest creation
 * time, and it mixes schedules; here the oldest is the oldest, for all records and for each schedule. No record data.
 */
import { z } from 'zod';
import { toUtcText } from '../base/clock.ts';
import { SCHEDULES, type State } from '../record/types.ts';
import { countOf, oldestOf, type Snapshot } from './snapshot.ts';
import { oldestAnswer } from './status.ts';
import { oldestSchema } from './status-schema.ts';

const whole = z.int().nonnegative();

export const diagnosticsSchema = z.object({
  time_utc: z.iso.datetime(),
  /** Null while the buffer is not open; so is everything that is counted there. */
  epoch: z.string().nullable(),
  queue_depth: whole,
  total_pending: whole,
  c2_pending: whole,
  oldest_pending: oldestSchema.nullable(),
  by_schedule: z.array(
    z.object({ schedule: z.enum(SCHEDULES), pending: whole, oldest_pending: oldestSchema.nullable() }),
  ),
  awaiting_verification: whole,
  /** What stays until a person acts, by state. */
  for_a_person: z.object({
    rejected: whole,
    set_aside: whole,
    quarantined: whole,
    held: whole,
    refused: whole,
    conflict: whole,
  }),
  /** Since the gateway's start. */
  totals: z.object({ accepted: whole, duplicates: whole, commits: whole }),
  synced: whole,
  last_sequence: whole,
});
export type Diagnostics = z.infer<typeof diagnosticsSchema>;

export function diagnostics({ buffer, limits, nowMs }: Snapshot): Diagnostics {
  const count = (state: State) => countOf(buffer, state);
  const pending = count('PENDING');
  return {
    time_utc: toUtcText(nowMs),
    epoch: buffer?.epoch ?? null,
    queue_depth: pending,
    total_pending: pending,
    c2_pending: countOf(buffer, 'PENDING', 'II'),
    oldest_pending: oldestAnswer(oldestOf(buffer), limits),
    by_schedule: SCHEDULES.map((schedule) => ({
      schedule,
      pending: countOf(buffer, 'PENDING', schedule),
      oldest_pending: oldestAnswer(buffer?.oldestPending[schedule], limits),
    })),
    awaiting_verification: count('AWAITING_VERIFICATION'),
    for_a_person: {
      rejected: count('REJECTED'),
      set_aside: count('SET_ASIDE'),
      quarantined: count('QUARANTINED'),
      held: count('HELD'),
      refused: buffer?.refusedOpen ?? 0,
      conflict: buffer?.conflictOpen ?? 0,
    },
    totals: {
      accepted: buffer?.acceptedTotal ?? 0,
      duplicates: buffer?.duplicatesTotal ?? 0,
      commits: buffer?.commitsTotal ?? 0,
    },
    synced: count('SYNCED'),
    last_sequence: buffer?.lastSequence ?? 0,
  };
}
