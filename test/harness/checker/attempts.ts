/**
 * Does the trail say what happened? Every request the PMS saw was on record before it left; every attempt has its answer,
 * but for those under way when a process ended; and the last word of the trail about each record is its state.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { readWholeTrail } from './trail.ts';

/** A request as the PMS saw it. */
export interface SeenRequest {
  /** SHA-256 of its body, hexadecimal. */
  readonly key: string;
}

export interface AttemptRules {
  /** Most answers that a failing disk kept from the trail, in one life of the gateway. */
  readonly unwritten: number;
}

export interface TrailEntry {
  /** Kind. */
  readonly k: string;
  /** Monotonic ms: orders the entries of both trails. */
  readonly m: number;
  readonly r: Readonly<Record<string, unknown>>;
}

const ASKING = ['sync_attempt', 'sync_lookup'];
/**
 * What may be under way when the process ends. Look-ups: one after a 409, one of the verification poll. Batches: one whose
 * verdicts are being written, one with the PMS, and one whose last bytes are held back.
 */
const UNDER_WAY: Readonly<Record<string, number>> = { sync_attempt: 3, sync_lookup: 2 };

/** Entries of both trails, in order. Throws when a trail is broken. */
export function readTrail(dataDir: string): { audit: TrailEntry[]; schedule_two: TrailEntry[] } {
  const entries = (log: 0 | 1) => readWholeTrail(dataDir, log).map((text) => JSON.parse(text) as TrailEntry);
  return { audit: entries(0), schedule_two: entries(1) };
}

/** Sentences, one for each thing the trail does not say or says wrongly. */
export function checkAttempts(
  dataDir: string,
  requests: readonly SeenRequest[],
  rules: AttemptRules,
  trail = readTrail(dataDir),
): string[] {
  const starts = trail.audit.filter(({ k }) => k === 'start').map(({ m }) => m);
  const problems = [
    ...checkOnRecord([...trail.audit, ...trail.schedule_two], requests),
    ...checkAnswered('audit', trail.audit, starts, rules),
    ...checkAnswered('schedule_two', trail.schedule_two, starts, rules),
    ...checkLastWords(dataDir, [...trail.audit, ...trail.schedule_two]),
  ];
  return problems.length > 8 ? [...problems.slice(0, 8), `and ${problems.length - 8} more`] : problems;
}

function checkOnRecord(entries: readonly TrailEntry[], requests: readonly SeenRequest[]): string[] {
  const left = new Map<string, number>();
  for (const { k, r } of entries) {
    if (ASKING.includes(k)) left.set(String(r.batch), (left.get(String(r.batch)) ?? 0) + 1);
  }
  const unrecorded = requests.filter(({ key }) => {
    const count = left.get(key) ?? 0;
    left.set(key, count - 1);
    return count <= 0;
  });
  return unrecorded.length > 0 ? [`${unrecorded.length} requests reached the PMS without an attempt on record`] : [];
}

function checkAnswered(
  log: string,
  entries: readonly TrailEntry[],
  starts: readonly number[],
  rules: AttemptRules,
): string[] {
  const lifeOf = ({ m }: TrailEntry) => starts.filter((start) => start <= m).length;
  const open: TrailEntry[] = [];
  const problems: string[] = [];
  for (const entry of entries) {
    if (ASKING.includes(entry.k)) open.push(entry);
    if (entry.k !== 'sync_answer') continue;
    const asked = open.findIndex((each) => each.r.batch === entry.r.batch && lifeOf(each) === lifeOf(entry));
    if (asked < 0) problems.push(`trail ${log} has an answer to nothing that was asked`);
    else open.splice(asked, 1);
  }
  for (const kind of ASKING) {
    const byLife = Map.groupBy(
      open.filter(({ k }) => k === kind),
      lifeOf,
    );
    for (const [life, unanswered] of byLife) {
      const limit = (UNDER_WAY[kind] ?? 0) + rules.unwritten;
      if (unanswered.length > limit)
        problems.push(`trail ${log}: ${unanswered.length} ${kind} of life ${life} without an answer`);
    }
  }
  return problems;
}

/** Entries `settle` and `quarantine` name `[sequence, stream_sequence, state, …]`. */
function checkLastWords(dataDir: string, entries: readonly TrailEntry[]): string[] {
  const words = new Map<number, string>();
  for (const { k, r } of entries) {
    if (k !== 'settle' && k !== 'quarantine') continue;
    for (const [sequence, , state] of r.records as [number, number, string][]) words.set(sequence, state);
  }
  const db = new Database(join(dataDir, 'buffer.db'), { readonly: true, fileMustExist: true });
  try {
    const rows = db.prepare<[], { sequence: number; state: string }>(
      `SELECT record_id - (SELECT base_record_id FROM epoch ORDER BY ordinal DESC LIMIT 1) AS sequence, state.name AS state
       FROM record JOIN state USING (state)`,
    );
    const wrong = rows.all().filter(({ sequence, state }) => (words.get(sequence) ?? 'PENDING') !== state);
    return wrong.map(
      ({ sequence, state }) => `sequence ${sequence} is ${state}, the trail says ${words.get(sequence)}`,
    );
  } finally {
    db.close();
  }
}
