/** One store: two streams with a backlog each, and a heartbeat. */
import { LinkModel } from './link-model.ts';
import { StreamModel } from './stream-model.ts';
import type { Surroundings } from './surroundings.ts';

export type OnStreamDone = (stream: 'standard' | 'schedule_two', store: Store) => void;

export class Store {
  readonly #parts: Surroundings;
  readonly #scheduleTwo: StreamModel;
  readonly #standard: StreamModel;
  readonly #link: LinkModel;

  constructor(parts: Surroundings, onStreamDone: OnStreamDone) {
    const { world, random } = parts;
    const share = 0.5 + random();
    this.#parts = parts;
    const deliveries = () =>
      this.isDone ? null : [this.#scheduleTwo.delivery('schedule_two'), this.#standard.delivery('standard')];
    this.#link = new LinkModel(parts, deliveries, () => {
      this.#scheduleTwo.linkRestored();
      this.#standard.linkRestored();
    });
    const streamOf = (stream: 'standard' | 'schedule_two', records: number, batchSize: number) =>
      new StreamModel(
        parts,
        Math.max(1, Math.round(records * share)),
        { batchSize, isUrgent: stream === 'schedule_two' },
        {
          heartbeatOk: () => this.#link.heartbeatOk,
          onReceipt: () => this.#link.receipt(),
          onDone: () => onStreamDone(stream, this),
        },
      );
    this.#scheduleTwo = streamOf('schedule_two', world.scheduleTwoRecords, world.batches.scheduleTwo);
    this.#standard = streamOf('standard', world.standardRecords, world.batches.standard);
  }

  get isDone(): boolean {
    return this.#scheduleTwo.isDone && this.#standard.isDone;
  }

  start(streamDelayMs: number, heartbeatDelayMs: number): void {
    const { events } = this.#parts;
    events.after(streamDelayMs, () => this.#scheduleTwo.step());
    events.after(streamDelayMs, () => this.#standard.step());
    events.after(heartbeatDelayMs, () => this.#link.beat());
  }
}
