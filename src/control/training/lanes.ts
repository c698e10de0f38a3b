/**
 * Which lanes are in training. IT puts a lane there for at most eight hours and it ends by itself; only while it lasts
 * does the gateway take practice records from that lane. The buffer holds until when, so a restart changes nothing.
 *
 * States of a lane: selling (the usual), in training until a time. put → in training; time over, or taken out → selling.
 * The end is measured on both clocks: a wall clock that is set back must not make a lane practise for days.
 */
import { type Clock, type Timers, toUtcText } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { LaneTraining, RecordBuffer } from '../../buffer/api.ts';

export const MAX_TRAINING_HOURS = 8;
const HOUR_MS = 3_600_000;

export type TrainingBuffer = Pick<RecordBuffer, 'setTraining' | 'trainingLanes'>;

export interface TrainingParts {
  readonly buffer: TrainingBuffer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

interface Ending extends LaneTraining {
  readonly untilMonotonicMs: number;
  readonly cancel: () => void;
}

export class TrainingLanes {
  readonly #parts: TrainingParts;
  readonly #lanes = new Map<string, Ending>();

  constructor(parts: TrainingParts) {
    this.#parts = parts;
  }

  /** Goes on with what the buffer remembers; what ran out meanwhile is ended now. */
  start(): void {
    for (const training of this.#parts.buffer.trainingLanes()) this.#keep(training);
  }

  stop(): void {
    for (const { cancel } of this.#lanes.values()) cancel();
    this.#lanes.clear();
  }

  /** Whether the lane's practice records are taken now. */
  has(lane: string): boolean {
    const ending = this.#lanes.get(lane);
    if (ending === undefined) return false;
    const { clock } = this.#parts;
    return clock.monotonicMs() < ending.untilMonotonicMs && clock.utcMs() < ending.untilMs;
  }

  /** Lanes in training, by name. */
  list(): readonly LaneTraining[] {
    return [...this.#lanes.values()]
      .filter(({ lane }) => this.has(lane))
      .map(({ lane, untilMs }) => ({ lane, untilMs }))
      .sort((a, b) => (a.lane < b.lane ? -1 : 1));
  }

  /** Puts a lane in training from now on, or gives it another end. Resolves when that is on disk. */
  async put(lane: string, hours: number): Promise<LaneTraining> {
    const untilMs = Math.trunc(this.#parts.clock.utcMs() + hours * HOUR_MS);
    await this.#parts.buffer.setTraining(lane, untilMs);
    this.#keep({ lane, untilMs });
    this.#parts.log.warn('lane in training: what it publishes on its training topic is no record', {
      lane,
      to: toUtcText(untilMs),
    });
    return { lane, untilMs };
  }

  /** Ends a lane's training; fine when it has none. The lane sells from this moment on, whatever the disk says. */
  async end(lane: string): Promise<void> {
    this.#lanes.get(lane)?.cancel();
    if (!this.#lanes.delete(lane)) return;
    this.#parts.log.info('the training of a lane has ended', { lane });
    await this.#parts.buffer.setTraining(lane, null);
  }

  #keep({ lane, untilMs }: LaneTraining): void {
    const { clock, timers, log } = this.#parts;
    this.#lanes.get(lane)?.cancel();
    const leftMs = Math.min(Math.max(0, untilMs - clock.utcMs()), MAX_TRAINING_HOURS * HOUR_MS);
    const cancel = timers.after(leftMs, () => {
      // Not on disk is no harm: the next start finds the time run out and ends it then.
      this.end(lane).catch((error: unknown) =>
        log.warn('the end of a training could not be written down', { lane, error: messageOf(error) }),
      );
    });
    this.#lanes.set(lane, { lane, untilMs, untilMonotonicMs: clock.monotonicMs() + leftMs, cancel });
  }
}
