/** The small summary of health that goes out: what a NOC sorts its stores by. No record data, no names of tills. */
import { z } from 'zod';
import type { GatewayStatus } from '../status-schema.ts';

const count = z.int().nonnegative();
const span = z.number().nonnegative();

export const summarySchema = z.object({
  at_utc: z.iso.datetime(),
  status: z.enum(['pass', 'warn', 'fail']),
  /** A till can be acknowledged. */
  ready: z.boolean(),
  mode: z.string(),
  link: z.string().nullable(),
  storage: z.string().nullable(),
  storage_utilisation: span.nullable(),
  pending: count,
  pending_schedule_two: count,
  oldest_pending_seconds: span,
  oldest_pending_schedule_two_seconds: span,
  commit_p99_ms: span.nullable(),
  clock: z.string(),
  clock_offset_ms: z.number().nullable(),
  lane_connections: count,
  /** Names of checks that do not pass, as in `/health`; the texts stay at the gateway. */
  problems: z.array(z.object({ check: z.string(), status: z.string() })).max(20),
});
export type Summary = z.infer<typeof summarySchema>;

/** What is posted: summaries in the order of their times. */
export const pushBodySchema = z.object({
  v: z.literal(1),
  gateway_id: z.string(),
  store: z.string(),
  version: z.string(),
  samples: z.array(summarySchema),
});
export type PushBody = z.infer<typeof pushBodySchema>;

const MOST_PROBLEMS = 20;

export function summaryOf(status: GatewayStatus): Summary {
  const { clock, commits, health, lanes, link, mode, records, storage } = status;
  const schedules = records?.schedules ?? [];
  const two = schedules.find(({ schedule }) => schedule === 'II');
  const worst = health.problems.toSorted((a, b) => Number(b.status === 'fail') - Number(a.status === 'fail'));
  return {
    at_utc: status.time_utc,
    status: health.status,
    ready: health.ready,
    mode: mode.mode,
    link: link?.link ?? null,
    storage: storage?.level ?? null,
    storage_utilisation: storage?.utilisation ?? null,
    pending: schedules.reduce((sum, { states }) => sum + (states.PENDING ?? 0), 0),
    pending_schedule_two: two?.states.PENDING ?? 0,
    oldest_pending_seconds: Math.max(0, ...schedules.map(({ oldest_pending: oldest }) => oldest?.age_seconds ?? 0)),
    oldest_pending_schedule_two_seconds: two?.oldest_pending?.age_seconds ?? 0,
    commit_p99_ms: commits.p99_ms,
    clock: clock.quality,
    clock_offset_ms: clock.offset_ms,
    lane_connections: lanes.connections,
    problems: worst.slice(0, MOST_PROBLEMS).map(({ check, status: word }) => ({ check, status: word })),
  };
}
