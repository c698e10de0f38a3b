/** Bodies of trail entries, read by their schemas: what is not as docs/FORMATS.md says is not counted, and that is counted. */
import { TRAIL_KINDS, type TrailBodyOf, type TrailKind } from '../../record/trail-kinds.ts';
import type { Schedule, State } from '../../record/types.ts';
import type { PlacedEntry } from './merged.ts';

/** An entry of a known kind. */
export type Told = {
  [K in TrailKind]: Omit<PlacedEntry, 'kind' | 'body'> & { readonly kind: K; readonly body: TrailBodyOf<K> };
}[TrailKind];

/** Many and simple, and the verifier has looked at them: only their outline is checked. */
const OUTLINE: ReadonlySet<string> = new Set(['intake', 'settle', 'quarantine', 'hold', 'gap_noted']);

/** Null for a kind that this program does not know, or a body that is not as it should be. */
export function toldBy(entry: PlacedEntry): Told | null {
  if (!Object.hasOwn(TRAIL_KINDS, entry.kind)) return null;
  const kind = entry.kind as TrailKind;
  if (OUTLINE.has(kind)) return hasList(entry.body) ? (entry as Told) : null;
  return TRAIL_KINDS[kind].safeParse(entry.body).success ? (entry as Told) : null;
}

function hasList(body: unknown): boolean {
  const { records, sequences } = body as { records?: unknown; sequences?: unknown };
  return Array.isArray(records ?? sequences);
}

/** A record as its `intake` entry tells of it. */
export interface TakenRecord {
  readonly sequence: number;
  readonly lane: string;
  readonly schedule: Schedule;
  /** SHA-256 of the normalised record, base64: names it for good, whatever epoch numbers it. */
  readonly hash: string;
  readonly receivedMs: number;
  /** 0 unknown, 1 synchronised, 2 unsynchronised. */
  readonly clock: number;
  readonly flags: number;
}

export function takenIn(body: TrailBodyOf<'intake'>): TakenRecord[] {
  return body.records.map(([sequence, lane, schedule, , hash, receivedMs, clock, flags]) => ({
    sequence,
    lane,
    schedule,
    hash,
    receivedMs,
    clock,
    flags,
  }));
}

/** A record's step as `settle` and `quarantine` tell of it. */
export interface ToldStep {
  readonly sequence: number;
  readonly state: State;
  readonly hash: string;
  readonly isUnproved: boolean;
}

export function stepsIn(body: TrailBodyOf<'settle'>): ToldStep[] {
  return body.records.map(([sequence, , state, hash, word, more]) => ({
    sequence,
    state,
    hash,
    isUnproved: word === 'unproved' && more === undefined,
  }));
}
