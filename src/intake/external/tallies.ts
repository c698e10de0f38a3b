/** Counts since the start, by lane. A lane is what the broker let publish on its topic. */
import { LaneClock } from '../lane-clock.ts';
import type { LaneView, Seen } from '../lanes.ts';

/** More lanes than any store has; further ones are served and not listed. */
const MAX_LANES = 1000;

interface Figures {
  lastSeenAtMs: number;
  publishes: number;
  refused: number;
  readonly clock: LaneClock;
}

export class Tallies {
  readonly #lanes = new Map<string, Figures>();
  readonly #discarded = new Map<string, number>();
  #discardedTotal = 0;

  seen(lane: string, { aheadMs, atMs, refused }: Seen): void {
    const known = this.#lanes.get(lane);
    if (known === undefined && this.#lanes.size >= MAX_LANES) return;
    const figures = known ?? { lastSeenAtMs: atMs, publishes: 0, refused: 0, clock: new LaneClock() };
    this.#lanes.set(lane, figures);
    figures.lastSeenAtMs = atMs;
    figures.publishes += 1;
    figures.refused += Number(refused);
    if (aheadMs !== null) figures.clock.take(aheadMs);
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
    return [...this.#lanes].map(([lane, { clock, ...figures }]) => ({
      ...{ lane, connections: 0, proofs: [], clockOffsetMs: clock.offsetMs },
      ...figures,
    }));
  }
}
