/**
 * Both trails as one line of entries in the order in which they happened, each with the time by which it is counted.
 *
 * Order: boots follow each other as trail `audit` tells (each start writes there first), and within a boot the monotonic
 * clock orders. The wall clock never does.
 *
 * Time: an entry's own. Only while the trail does not call the clock synchronised, an entry is not counted before the
 * one it follows: a box that starts in 1970 must not put today's records into a window nobody will ever look at. A told
 * clock step is believed.
 */
import { type ReadingFaults, readEntries, type TrailEntry } from './segments.ts';

export interface PlacedEntry extends TrailEntry {
  /** UTC ms by which it is counted. */
  readonly atMs: number;
}

/** @throws CounterfoilError `storage_io`. */
export function* readTrails(trailDir: string, faults: ReadingFaults): Generator<PlacedEntry, undefined> {
  yield* placed(inOrder(readEntries(trailDir, 'audit', faults), readEntries(trailDir, 'schedule_two', faults)));
  return undefined;
}

/** Merges the two lines of entries. */
export function* inOrder(
  audit: Iterator<TrailEntry>,
  scheduleTwo: Iterator<TrailEntry>,
): Generator<TrailEntry, undefined> {
  const boots = new Set<string>();
  let one = audit.next();
  let two = scheduleTwo.next();
  while (one.done !== true || two.done !== true) {
    if (two.done === true || (one.done !== true && isFirst(one.value, two.value, boots))) {
      if (one.done === true) return undefined;
      boots.add(one.value.boot);
      yield one.value;
      one = audit.next();
    } else {
      yield two.value;
      two = scheduleTwo.next();
    }
  }
  return undefined;
}

/** Whether the entry of `audit` comes before that of `schedule_two`. */
function isFirst(one: TrailEntry, two: TrailEntry, boots: ReadonlySet<string>): boolean {
  if (one.boot === two.boot) return one.monotonicMs <= two.monotonicMs;
  // A boot that audit has passed is an earlier one; one it has not come to is a later one.
  return !boots.has(two.boot);
}

/** Gives each entry its time. */
export function* placed(entries: Iterable<TrailEntry>): Generator<PlacedEntry, undefined> {
  let isSynchronised = false;
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const entry of entries) {
    if (entry.kind === 'start') isSynchronised = false;
    if (entry.kind === 'clock') isSynchronised = wordOf(entry.body, 'to') === 'synchronised';
    const isTrusted = isSynchronised || entry.kind === 'clock_step';
    const atMs = isTrusted ? entry.utcMs : Math.max(entry.utcMs, latestMs);
    latestMs = atMs;
    yield { ...entry, atMs };
  }
  return undefined;
}

function wordOf(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
}
