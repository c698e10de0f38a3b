import type { Summary } from '../../../src/health/push/summary.ts';

/** A summary of a gateway that is well. */
export function aSummary(at: string): Summary {
  return {
    at_utc: at,
    status: 'pass',
    ready: true,
    mode: 'NORMAL',
    link: 'ONLINE',
    storage: 'CLOSED',
    storage_utilisation: 0.1,
    pending: 0,
    pending_schedule_two: 0,
    oldest_pending_seconds: 0,
    oldest_pending_schedule_two_seconds: 0,
    commit_p99_ms: 3,
    clock: 'synchronised',
    clock_offset_ms: 1,
    lane_connections: 4,
    problems: [],
  };
}
