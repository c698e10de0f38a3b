/** The buffer's facts as the stages and the health page read them: a copy, made after each commit. */
import { SCHEDULES, type Schedule } from '../record/types.ts';
import type { BufferFacts, OldestPending } from './api.ts';
import { scheduleName } from './codes.ts';
import type { Session } from './session.ts';

/** Figures the writer counts itself; since start, except the open ones. */
export interface FactsSource {
  refusedOpen: number;
  conflictOpen: number;
  duplicatesTotal: number;
  acceptedTotal: number;
  unprovedTotal: number;
  lastCommitAtMs: number | null;
  commitsTotal: number;
  recentCommitMs: number[];
}

/** Oldest pending without its age, which grows without the writer's help. */
type OldestFact = Omit<OldestPending, 'ageMs'> & { readonly takenAtMonotonicMs: number };

export type WriterFacts = Omit<BufferFacts, 'oldestPending'> & {
  readonly oldestPending: Readonly<Partial<Record<Schedule, OldestFact>>>;
};

export function factsOf(session: Session, source: FactsSource): WriterFacts {
  const { ledger } = session;
  return {
    ...source,
    epoch: ledger.epoch,
    lastSequence: ledger.lastRecordId - ledger.baseRecordId,
    counts: ledger.countsByName(),
    oldestPending: oldestPending(session),
    recentCommitMs: source.recentCommitMs.slice(),
    auditSize: { audit: ledger.heads[0].size, schedule_two: ledger.heads[1].size },
  };
}

function oldestPending(session: Session): WriterFacts['oldestPending'] {
  const found: Partial<Record<Schedule, OldestFact>> = {};
  for (const [schedule, oldest] of session.ledger.oldest()) {
    const carrier = session.sql.carrier.get(oldest.pack);
    if (carrier === undefined) continue;
    const sameBoot = carrier.boot === session.boot;
    found[scheduleName(schedule)] = {
      sequence: oldest.recordId - session.ledger.baseRecordId,
      receivedAtMs: oldest.receivedMs,
      takenAtMonotonicMs: sameBoot ? carrier.monotonic_ms : 0,
      sameBoot,
    };
  }
  return found;
}

/**
 * Adds the ages, by the monotonic clock. A record taken in an earlier boot has no comparable time: it is at least as
 * old as this boot is long.
 */
export function withAges(facts: WriterFacts, nowMonotonicMs: number): BufferFacts {
  const oldestPending: Partial<Record<Schedule, OldestPending>> = {};
  for (const schedule of SCHEDULES) {
    const fact = facts.oldestPending[schedule];
    if (fact === undefined) continue;
    const { takenAtMonotonicMs, ...oldest } = fact;
    oldestPending[schedule] = { ...oldest, ageMs: Math.max(0, nowMonotonicMs - takenAtMonotonicMs) };
  }
  return { ...facts, oldestPending };
}
