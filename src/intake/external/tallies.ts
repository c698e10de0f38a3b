/** Counts since the start, by lane. A lane is what the broker let publish on its topic. */
import type { LaneView } from '../lanes.ts';

/** More lanes than any store has; further ones are served and not listed. */
const MAX_LANES = 1000;

export class Tallies {
  readonly #lanes = new Map<string, { lastSeenAtMs: number; publishes: number; refused: number }>();
  readonly #discarded = new Map<string, number>();
  #discardedTotal = 0;

  seen(lane: string, atMs: number, refused: boolean): void {
    const figures = this.#lanes.get(lane);
    if (figures !== undefined) {
      figures.lastSeenAtMs = atMs;
      figures.publishes += 1;
      figures.refused += Number(refused);
    } else if (this.#lanes.size < MAX_LANES) {
      this.#lanes.set(lane, { lastSeenAtMs: atMs, publishes: 1, refused: Number(refused) });
    }
  }

  /** Gives how often that has happened to this lane. */
  discarded(lane: string): number {
    const count = (this.#discarded.get(lane) ?? 0) + 1;
    this.#discarded.set(lane, count);
    this.#discardedTotal += 1;
    return count;
  }

  get discardedTotal(): number {
    return this.#discardedTotal;
  }

  /** Connections are the broker's affair: none is counted here. */
  lanes(): LaneView[] {
    return [...this.#lanes].map(([lane, figures]) => ({ lane, connections: 0, proofs: [], ...figures }));
  }
}
