/** Names on disk: `{trail_dir}/{log}/s00000000.log` (docs/FORMATS.md, "The trail on disk"). */
import { join } from 'node:path';
import type { TrailLog } from '../buffer/api.ts';

export const LOGS: readonly TrailLog[] = ['audit', 'schedule_two'];

/** A trail has at most 10^8 segments: at 8 MiB each 800 TB. */
const DIGITS = 8;

export function logDirectory(trailDir: string, log: TrailLog): string {
  return join(trailDir, log);
}

export function segmentName(n: number): string {
  return `s${String(n).padStart(DIGITS, '0')}.log`;
}

export function segmentPath(trailDir: string, log: TrailLog, n: number): string {
  return join(trailDir, log, segmentName(n));
}

/** Number of the segment of this file name; null for any other file. */
export function segmentNumber(name: string): number | null {
  const digits = /^s(\d{8})\.log$/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}
