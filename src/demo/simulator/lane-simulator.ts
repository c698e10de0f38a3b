/**
 * Tills that sell by themselves: takes traffic as it falls due and publishes it through real lane clients, each with an
 * outbox of its own. What a client is, is for main to say; this needs only what is below.
 */
import type { Clock, Timers } from '../../base/clock.ts';
import { signAs } from './signers.ts';
import type { SimulatedRecord } from './store.ts';
import { type TrafficEvent, type TrafficOptions, traffic } from './traffic.ts';

/** How many records of a lane's outbox are in which state. */
export interface LaneCounts {
  readonly kept: number;
  readonly acknowledged: number;
  readonly held: number;
  readonly conflict: number;
  readonly synced: number;
  readonly refused: number;
  readonly rejected: number;
  readonly resolved: number;
}

/** A lane client as the simulator uses it. */
export interface SimulatedLane {
  start(): void;
  stop(): Promise<void>;
  /** Durable at the lane when it returns; throws when the lane's own disk fails. `sign` makes the signatures. */
  publish(record: SimulatedRecord, sign: ReturnType<typeof signAs>): unknown;
  publishRaw(bytes: Uint8Array): unknown;
  counts(): LaneCounts;
  readonly isOnline: boolean;
}

export interface LaneSimulatorOptions extends Omit<TrafficOptions, 'startUtcMs'> {
  /** Makes the client of a lane; it is started and stopped here. */
  readonly openLane: (lane: string) => SimulatedLane;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A lane could not keep a record: its disk is full or broken. */
  readonly onFailure?: (lane: string, error: unknown) => void;
}

/** The outboxes of all lanes together; records of earlier runs with the same outboxes included. */
export interface SimulatorCounts extends LaneCounts {
  /** Publishes handed to the lanes since the start, resends included. */
  readonly published: number;
  /** Publishes a lane could not even keep. */
  readonly failed: number;
  readonly lanes: number;
  readonly lanesOnline: number;
}

/** Publishes in one go when behind; then others get a turn. */
const AT_ONCE = 50;
/** Further behind than this (the machine slept), the missed time is skipped instead of caught up with. */
const MAX_BEHIND_MS = 5_000;

const NO_COUNTS: LaneCounts = {
  kept: 0,
  acknowledged: 0,
  held: 0,
  conflict: 0,
  synced: 0,
  refused: 0,
  rejected: 0,
  resolved: 0,
};

/** Lanes are called `lane-1`, `lane-2` and so on. */
const laneName = (index: number): string => `lane-${index + 1}`;

export class LaneSimulator {
  readonly #options: LaneSimulatorOptions;
  #lanes: SimulatedLane[] = [];
  #published = 0;
  #failed = 0;
  #startedAtMs = 0;
  #cancelNext: (() => void) | null = null;

  constructor(options: LaneSimulatorOptions) {
    this.#options = options;
  }

  /** Starts every lane and then the traffic. If a lane does not start, those before it are stopped and its error thrown. */
  async start(): Promise<void> {
    const { clock, lanes, openLane } = this.#options;
    try {
      for (let index = 0; index < lanes; index++) {
        const lane = openLane(laneName(index));
        lane.start();
        this.#lanes.push(lane);
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#startedAtMs = clock.monotonicMs();
    const events = traffic({ ...this.#options, startUtcMs: clock.utcMs() });
    this.#await(events.next().value, events);
  }

  /** No new sales; the lanes go on sending what they keep. */
  closeShop(): void {
    this.#cancelNext?.();
    this.#cancelNext = null;
  }

  async stop(): Promise<void> {
    this.closeShop();
    const lanes = this.#lanes;
    this.#lanes = [];
    await Promise.all(lanes.map((lane) => lane.stop()));
  }

  counts(): SimulatorCounts {
    const sum = { ...NO_COUNTS };
    for (const lane of this.#lanes) {
      const counts = lane.counts();
      for (const state of Object.keys(sum) as (keyof LaneCounts)[]) sum[state] += counts[state];
    }
    return {
      ...sum,
      published: this.#published,
      failed: this.#failed,
      lanes: this.#lanes.length,
      lanesOnline: this.#lanes.filter(({ isOnline }) => isOnline).length,
    };
  }

  #await(event: TrafficEvent, rest: Generator<TrafficEvent, never>): void {
    const delayMs = Math.max(0, event.atMs - this.#elapsedMs());
    this.#cancelNext = this.#options.timers.after(delayMs, () => this.#publishDue(event, rest));
  }

  #publishDue(first: TrafficEvent, rest: Generator<TrafficEvent, never>): void {
    const behindMs = this.#elapsedMs() - first.atMs;
    if (behindMs > MAX_BEHIND_MS) this.#startedAtMs += behindMs;
    let event = first;
    for (let count = 0; count < AT_ONCE && event.atMs <= this.#elapsedMs(); count++) {
      this.#publish(event);
      event = rest.next().value;
    }
    this.#await(event, rest);
  }

  #publish({ lane: index, publish }: TrafficEvent): void {
    const lane = this.#lanes[index];
    if (lane === undefined) return;
    try {
      if (publish.type === 'record') lane.publish(publish.record, signAs(publish.signer));
      else lane.publishRaw(publish.bytes);
      this.#published += 1;
    } catch (error) {
      this.#failed += 1;
      this.#options.onFailure?.(laneName(index), error);
    }
  }

  #elapsedMs(): number {
    return this.#options.clock.monotonicMs() - this.#startedAtMs;
  }
}
