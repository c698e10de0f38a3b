/**
 * Numbers a lane has left out: a till numbers its records without gaps (`lane_sequence` of a `lane_instance`), so a number
 * that does not come is a record that is still at that till, or lost with it. Kept since the start of the gateway; each
 * record that follows a gap is flagged for good in the buffer, whatever happens here.
 */
import type { Clock } from '../base/clock.ts';
import type { IntakeItem, IntakeResult } from '../buffer/api.ts';

export interface LaneGap {
  /** Numbers that have not come. */
  readonly missing: number;
  /** UTC since when the first of them is missing; null for none. */
  readonly missingSinceMs: number | null;
}

/** Of one lane: one who invents numbers must not grow our memory. */
const MOST_NUMBERS = 1000;
/** As many lanes as the intake stage knows. */
const MOST_LANES = 1000;
const NONE: LaneGap = { missing: 0, missingSinceMs: null };

interface Instance {
  last: number;
  /** Missing numbers, and since when (UTC). */
  readonly missing: Map<number, number>;
}

export class LaneGaps {
  readonly #clock: Pick<Clock, 'utcMs'>;
  readonly #lanes = new Map<string, Map<string, Instance>>();

  constructor(clock: Pick<Clock, 'utcMs'>) {
    this.#clock = clock;
  }

  /** What became of a group. */
  see(items: readonly IntakeItem[], results: readonly IntakeResult[]): void {
    results.forEach((result, at) => {
      const item = items[at];
      if (result.status !== 'accepted' || item === undefined || !('record' in item)) return;
      const { laneInstance, laneSequence } = item.record;
      if (laneInstance === null || laneSequence === null) return;
      this.#take(item.lane, laneInstance, laneSequence, result.flags.includes('lane_sequence_gap'));
    });
  }

  of(lane: string): LaneGap {
    const since = [...(this.#lanes.get(lane)?.values() ?? [])].flatMap(({ missing }) => [...missing.values()]);
    return since.length === 0 ? NONE : { missing: since.length, missingSinceMs: Math.min(...since) };
  }

  #take(lane: string, name: string, sequence: number, isAfterGap: boolean): void {
    const instance = this.#instance(lane, name);
    if (instance === null) return;
    instance.missing.delete(sequence);
    // After a restart nobody here knows where the gap begins, but the buffer does know that there is one.
    const from = instance.last === 0 ? sequence - 1 : instance.last + 1;
    if (isAfterGap) {
      const nowMs = this.#clock.utcMs();
      for (let n = from; n < sequence && instance.missing.size < MOST_NUMBERS; n += 1) instance.missing.set(n, nowMs);
    }
    instance.last = Math.max(instance.last, sequence);
  }

  #instance(lane: string, name: string): Instance | null {
    const instances = this.#lanes.get(lane) ?? new Map<string, Instance>();
    if (!this.#lanes.has(lane)) {
      if (this.#lanes.size >= MOST_LANES) return null;
      this.#lanes.set(lane, instances);
    }
    const known = instances.get(name);
    if (known !== undefined) return known;
    // A till that was set up again begins a new instance; the old one's gap stays until a person has looked, so two are kept.
    if (instances.size >= 2) instances.delete([...instances.keys()][0] ?? '');
    const made = { last: 0, missing: new Map<number, number>() };
    instances.set(name, made);
    return made;
  }
}
