/** All facts at one moment, so that the parts of one answer agree with each other. */
import type { BufferFacts, OldestPending } from '../buffer/api.ts';
import { SCHEDULES, type Schedule, type State } from '../record/types.ts';
import type { MirrorFacts } from './mirror-facts.ts';
import type { EnrolmentFacts } from './proof-facts.ts';
import type { PushFacts } from './push/pusher.ts';
import type {
  About,
  ArchiveFacts,
  CommitFailure,
  DeliveryFacts,
  DiskFacts,
  HealthLimits,
  HealthSources,
  IntakeFacts,
  LinkFacts,
  ModeFacts,
  PeopleFacts,
  RosterFacts,
  StandingWarning,
  StorageFacts,
  StreamFacts,
  TrailFacts,
  WallClockFacts,
} from './sources.ts';
import type { UploadFacts } from './upload-facts.ts';

export interface Snapshot {
  readonly about: About;
  readonly limits: HealthLimits;
  /** UTC. */
  readonly nowMs: number;
  readonly monotonicMs: number;
  readonly uptimeMs: number;
  readonly buffer: BufferFacts | null;
  readonly commitFailure: CommitFailure | null;
  /** Of recent commits; null before the first. */
  readonly commitP50Ms: number | null;
  readonly commitP99Ms: number | null;
  readonly intake: IntakeFacts;
  readonly link: LinkFacts | null;
  readonly mode: ModeFacts;
  readonly streams: readonly StreamFacts[];
  readonly storage: StorageFacts | null;
  readonly disk: DiskFacts;
  readonly mirror: MirrorFacts | null;
  readonly wallClock: WallClockFacts;
  readonly trail: TrailFacts | null;
  readonly delivery: DeliveryFacts | null;
  readonly archive: ArchiveFacts | null;
  readonly uploads: UploadFacts | null;
  readonly roster: RosterFacts | null;
  readonly warnings: readonly StandingWarning[];
  readonly people: PeopleFacts | null;
  readonly enrolment: EnrolmentFacts | null;
  readonly push: PushFacts | null;
  readonly certificateUntilMs: number | null;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
}

/** Asks every source once. Takes well under a millisecond and waits for nothing. */
export function takeSnapshot(sources: HealthSources): Snapshot {
  const { about, clock, limits } = sources;
  const monotonicMs = clock.monotonicMs();
  const buffer = sources.buffer();
  const commits = (buffer?.recentCommitMs ?? []).map(toMicroseconds).toSorted((a, b) => a - b);
  const cpu = process.cpuUsage();
  return {
    about,
    limits,
    nowMs: clock.utcMs(),
    monotonicMs,
    uptimeMs: monotonicMs - about.startedAtMonotonicMs,
    buffer,
    commitFailure: sources.commitFailure(),
    commitP50Ms: percentile(commits, 0.5),
    commitP99Ms: percentile(commits, 0.99),
    intake: sources.intake(),
    link: sources.link(),
    mode: sources.mode(),
    streams: sources.streams(),
    storage: sources.storage(),
    disk: sources.disk(),
    mirror: sources.mirror(),
    wallClock: sources.wallClock(),
    trail: sources.trail(),
    delivery: sources.delivery(),
    archive: sources.archive(),
    uploads: sources.uploads(),
    roster: sources.roster(),
    warnings: sources.warnings(),
    people: sources.people(),
    push: sources.push?.() ?? null,
    enrolment: sources.enrolment(),
    certificateUntilMs: sources.certificateUntilMs?.() ?? null,
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
}

/** What a clock says beyond the microsecond is noise, and long to read. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Nearest-rank percentile of ascending numbers; null when there are none. */
export function percentile(ascending: readonly number[], share: number): number | null {
  const rank = Math.max(1, Math.ceil(share * ascending.length));
  return ascending[rank - 1] ?? null;
}

/** Records in a state, of one schedule or of all. */
export function countOf(buffer: BufferFacts | null, state: State, schedule?: Schedule): number {
  if (buffer === null) return 0;
  if (schedule !== undefined) return buffer.counts[schedule][state] ?? 0;
  return SCHEDULES.reduce<number>((sum, name) => sum + (buffer.counts[name][state] ?? 0), 0);
}

/** The record that has waited longest. Order is by sequence, never by time: a clock can jump. */
export function oldestOf(buffer: BufferFacts | null): (OldestPending & { readonly schedule: Schedule }) | null {
  let oldest: (OldestPending & { readonly schedule: Schedule }) | null = null;
  for (const schedule of SCHEDULES) {
    const candidate = buffer?.oldestPending[schedule];
    if (candidate === undefined || (oldest !== null && candidate.sequence > oldest.sequence)) continue;
    oldest = { ...candidate, schedule };
  }
  return oldest;
}

/** Records of an earlier boot are late: how long the box was off, nobody knows. */
export function isLate(oldest: OldestPending, limits: HealthLimits): boolean {
  return !oldest.sameBoot || oldest.ageMs > limits.oldestPendingMs;
}

/** Whether a lane can be acknowledged now; otherwise every reason why not. */
export function readinessOf(snapshot: Snapshot): { readonly ready: boolean; readonly reasons: readonly string[] } {
  const reasons: string[] = [];
  if (snapshot.buffer === null) reasons.push('the buffer is not open');
  if (snapshot.commitFailure !== null) reasons.push(`the latest commit failed (${snapshot.commitFailure.code})`);
  if (!snapshot.intake.listening) {
    const { external } = snapshot.intake;
    reasons.push(external === null ? 'the broker is not listening' : 'this gateway does not consume from the broker');
  }
  return { ready: reasons.length === 0, reasons };
}
