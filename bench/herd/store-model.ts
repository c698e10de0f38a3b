/** One store: two streams with a backlog each, and the heartbeat whose verdict on the line is the product's own. */
import type { Random } from '../../src/base/clock.ts';
import { LINK_DEFAULTS } from '../../src/link/options.ts';
import { afterProbe, deliveryVerdict, type LayerVerdict, type LinkState, unprobed } from '../../src/link/verdict.ts';
import { type Client, clientOf } from './client.ts';
import type { Events } from './events.ts';
import type { RetryPolicy, World } from './model.ts';
import type { PmsAnswer, PmsModel } from './pms-model.ts';

export interface Surroundings {
  readonly world: World;
  readonly events: Events;
  readonly pms: PmsModel;
  readonly random: Random;
  readonly retry: RetryPolicy;
  /** Before this moment nobody answers. */
  readonly comebackMs: number;
  /** A request has ended without its records being settled. */
  readonly onWasted: (records: number) => void;
  readonly onStreamDone: (stream: 'standard' | 'schedule_two', store: Store) => void;
}

export class Store {
  readonly #parts: Surroundings;
  readonly #streams: readonly StreamModel[];
  #link: LinkState;
  #roundAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: Surroundings) {
    const { world, random, events } = parts;
    const share = 0.5 + random();
    this.#parts = parts;
    this.#link = unprobed(events.nowMs);
    const standard = Math.max(1, Math.round(world.standardRecords * share));
    const scheduleTwo = Math.max(1, Math.round(world.scheduleTwoRecords * share));
    this.#streams = [
      new StreamModel(parts, scheduleTwo, world.batches.scheduleTwo, () => parts.onStreamDone('schedule_two', this)),
      new StreamModel(parts, standard, world.batches.standard, () => parts.onStreamDone('standard', this)),
    ];
  }

  get isDone(): boolean {
    return this.#streams.every((stream) => stream.isDone);
  }

  start(streamDelayMs: number, heartbeatDelayMs: number): void {
    for (const stream of this.#streams) this.#parts.events.after(streamDelayMs, () => stream.step());
    this.#parts.events.after(heartbeatDelayMs, () => this.#beat());
  }

  #beat(): void {
    const { comebackMs, events, pms, world } = this.#parts;
    if (events.nowMs < comebackMs) {
      events.after(failedProbeMs(this.#parts), () => this.#judge('fail'));
      return;
    }
    events.after(world.oneWayMs, () => {
      const taken = pms.ping(() => events.after(world.oneWayMs, () => this.#judge('ok')));
      if (!taken) events.after(failedProbeMs(this.#parts), () => this.#judge('fail'));
    });
  }

  #judge(verdict: 'ok' | 'fail'): void {
    const { events } = this.#parts;
    const nowMs = events.nowMs;
    const heartbeat: LayerVerdict = { layer: 'heartbeat', verdict, latencyMs: null, reason: null, atMs: nowMs };
    const receipts = this.#streams.map((stream) => stream.lastReceiptAtMs).filter((atMs) => atMs !== null);
    const lastReceiptAtMs = receipts.length === 0 ? null : Math.max(...receipts);
    const facts = { lastReceiptAtMs, waitingSinceMs: this.isDone ? null : (this.#streams[0]?.startedAtMs ?? null) };
    const delivery = deliveryVerdict(facts, { monotonicMs: nowMs, utcMs: nowMs }, LINK_DEFAULTS.deliveryLimitMs);
    const receiptSeen = lastReceiptAtMs !== null && lastReceiptAtMs > this.#roundAtMs;
    this.#roundAtMs = nowMs;
    const before = this.#link.link;
    this.#link = afterProbe(this.#link, [heartbeat, delivery], receiptSeen, nowMs, LINK_DEFAULTS);
    if (this.#link.link === 'ONLINE' && before !== 'ONLINE') {
      for (const stream of this.#streams) stream.linkRestored();
    }
    if (!this.isDone) events.after(LINK_DEFAULTS.heartbeatMs, () => this.#beat());
  }
}

/** A round of probes that nobody answers: the first TCP attempt and its retries, each with its time-out. */
function failedProbeMs({ world, random }: Surroundings): number {
  const { tcpRetries, tcpRetryBaseMs } = LINK_DEFAULTS;
  let ms = world.connectTimeoutMs;
  for (let retry = 0; retry < tcpRetries; retry += 1) {
    ms += world.connectTimeoutMs + tcpRetryBaseMs * 2 ** retry * (0.5 + random() / 2);
  }
  return ms;
}

class StreamModel {
  readonly #parts: Surroundings;
  readonly #client: Client;
  readonly #onDone: () => void;
  #left: number;
  #inFlight = false;
  /** Counts waits; an alarm clock of an earlier one finds another number and does nothing. */
  #wait = 0;
  lastReceiptAtMs: number | null = null;
  startedAtMs: number | null = null;

  constructor(parts: Surroundings, records: number, batchSize: number, onDone: () => void) {
    this.#parts = parts;
    this.#client = clientOf(parts.retry, batchSize, parts.random);
    this.#left = records;
    this.#onDone = onDone;
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  linkRestored(): void {
    this.#client.linkRestored();
    this.step();
  }

  step(): void {
    if (this.#inFlight || this.isDone) return;
    const { events } = this.#parts;
    this.startedAtMs ??= events.nowMs;
    this.#wait += 1;
    const { notBeforeMs, limit } = this.#client.next(events.nowMs);
    if (notBeforeMs > events.nowMs) {
      const wait = this.#wait;
      events.after(notBeforeMs - events.nowMs, () => {
        if (wait === this.#wait) this.step();
      });
      return;
    }
    this.#send(Math.min(limit, this.#left));
  }

  #send(records: number): void {
    const { comebackMs, events, pms, world } = this.#parts;
    this.#inFlight = true;
    if (events.nowMs < comebackMs) {
      events.after(world.connectTimeoutMs, () => this.#failed(records, 0, null));
      return;
    }
    let open = true;
    const end = (task: () => void) => {
      if (!open) return;
      open = false;
      task();
    };
    events.after(world.oneWayMs + world.uploadMsPerRecord * records, () => {
      const taken = pms.take(this, records, (answer) => {
        events.after(world.oneWayMs, () => end(() => this.#take(records, answer)));
      });
      if (!taken) events.after(world.connectTimeoutMs, () => end(() => this.#failed(records, 0, null)));
    });
    events.after(world.requestTimeoutMs, () => end(() => this.#failed(records, 0, null)));
  }

  #take(records: number, answer: PmsAnswer): void {
    if (answer.kind === 'busy') {
      this.#failed(records, 503, answer.retryAfter);
      return;
    }
    const { events } = this.#parts;
    this.#inFlight = false;
    this.#left -= records;
    this.lastReceiptAtMs = events.nowMs;
    this.#client.answered(events.nowMs, records);
    if (this.isDone) this.#onDone();
    else this.step();
  }

  #failed(records: number, status: 0 | 503, retryAfter: string | null): void {
    const { comebackMs, events, onWasted } = this.#parts;
    this.#inFlight = false;
    if (events.nowMs >= comebackMs) onWasted(records);
    this.#client.failed(events.nowMs, records, status, retryAfter);
    this.step();
  }
}
