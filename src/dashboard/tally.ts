/** Sums over the buffer's counts. */
import { type BufferFacts, type OldestPending, WAITING_STATES } from '../buffer/api.ts';
import { SCHEDULES, type Schedule, type State } from '../record/types.ts';

/** Records in a state, of the schedules named; 0 while the buffer is not open. */
export function countOf(buffer: BufferFacts | null, state: State, schedules: readonly Schedule[] = SCHEDULES): number {
  return schedules.reduce((sum, schedule) => sum + (buffer?.counts[schedule][state] ?? 0), 0);
}

/** Every record the buffer holds, whatever its state. */
export function countAll(buffer: BufferFacts | null): number {
  if (buffer === null) return 0;
  return SCHEDULES.flatMap((schedule) => Object.values(buffer.counts[schedule])).reduce((sum, count) => sum + count, 0);
}

/** What waits for a person, records and publishes that became none. */
export function waitingCount(buffer: BufferFacts | null): number {
  const records = WAITING_STATES.reduce((sum, state) => sum + countOf(buffer, state), 0);
  return records + (buffer?.refusedOpen ?? 0) + (buffer?.conflictOpen ?? 0);
}

/** The record that has waited longest of the schedules named; order is by sequence, never by time. */
export function oldestOf(buffer: BufferFacts | null, schedules: readonly Schedule[]): OldestPending | null {
  const waiting = schedules.flatMap((schedule) => buffer?.oldestPending[schedule] ?? []);
  return waiting.toSorted((a, b) => a.sequence - b.sequence)[0] ?? null;
}

/** Its age in ms, a lower bound over a power-off; null when nothing waits. */
export function oldestAgeMs(buffer: BufferFacts | null, schedules: readonly Schedule[]): number | null {
  return oldestOf(buffer, schedules)?.ageMs ?? null;
}
