/** The link monitor: probes at every heartbeat and tells main when its word about the link changes. */
import type { Clock, Random, Timers } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Address } from './dial.ts';
import { Heartbeat } from './heartbeat.ts';
import type { LinkOptions } from './options.ts';
import { Probe } from './probe.ts';
import { afterProbe, type DeliveryFacts, deliveryVerdict, type LinkState, type LinkWord, unprobed } from './verdict.ts';

export interface LinkChange {
  readonly from: LinkWord;
  readonly to: LinkWord;
  /** UTC. */
  readonly atMs: number;
  /** Layer and reason of the first failure from the cable upwards; null when there is none. */
  readonly reason: string | null;
}

export interface LinkParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  /** Addresses of a host name; `systemResolve` in `probe.ts` asks the machine. */
  readonly resolve: (host: string) => Promise<readonly Address[]>;
  /** Value of the `Authorization` header, null for none. Asked at every heartbeat, so a renewed token is used. */
  readonly authorization: () => string | null;
  /** What sync knows about delivery, fed to the delivery layer. */
  readonly delivery: () => DeliveryFacts;
  readonly onChange: (change: LinkChange) => void;
  /** After every round of probes, changed or not; for the mode. */
  readonly onProbe: (state: LinkState) => void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #parts: LinkParts;
  readonly #heartbeat: Heartbeat;
  readonly #probe: Probe;
  #state: LinkState;
  /** Monotonic time of the latest round of probes. */
  #roundAtMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: () => void = () => {};
  #stopped: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: LinkOptions, parts: LinkParts) {
    this.#options = options;
    this.#parts = parts;
    this.#heartbeat = new Heartbeat(options, parts.timers, parts.authorization);
    this.#probe = new Probe(options, parts, this.#heartbeat);
    this.#state = unprobed(parts.clock.utcMs());
  }

  /** Starts the first probe at once. */
  start(): void {
    this.#heartbeat.start();
    const stopped = new AbortController();
    this.#stopped = stopped;
    this.#beat(stopped.signal);
  }

  async stop(): Promise<void> {
    this.#stopped?.abort();
    this.#stopped = null;
    this.#cancelTimer();
    await this.#running;
    await this.#heartbeat.stop();
  }

  state(): LinkState {
    return this.#state;
  }

  /** Whether the latest heartbeat passed. */
  heartbeatOk(): boolean {
    return this.#state.layers.heartbeat.verdict === 'ok';
  }

  #beat(signal: AbortSignal): void {
    const round = this.#round(signal).catch((error: unknown) => {
      this.#parts.log.error('a round of link probes failed', { error: messageOf(error) });
    });
    this.#running = round.then(() => {
      if (signal.aborted) return;
      this.#cancelTimer = this.#parts.timers.after(this.#options.heartbeatMs, () => this.#beat(signal));
    });
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { clock, delivery, log, onChange, onProbe } = this.#parts;
    const verdicts = await this.#probe.run(signal);
    if (signal.aborted) return;
    const now = { monotonicMs: clock.monotonicMs(), utcMs: clock.utcMs() };
    const facts = delivery();
    const receiptSeen = facts.lastReceiptAtMs !== null && facts.lastReceiptAtMs > this.#roundAtMs;
    this.#roundAtMs = now.monotonicMs;
    const all = [...verdicts, deliveryVerdict(facts, now, this.#options.deliveryLimitMs)];
    const before = this.#state;
    this.#state = afterProbe(before, all, receiptSeen, now.utcMs, this.#options);
    if (this.#state.link !== before.link) {
      const reason = reasonOf(this.#state);
      const change = { from: before.link, to: this.#state.link, atMs: now.utcMs, reason };
      log.warn('the link has changed', { from: change.from, to: change.to, ...(reason === null ? {} : { reason }) });
      onChange(change);
    }
    onProbe(this.#state);
  }
}

function reasonOf(state: LinkState): string | null {
  const { dns, tcp, tls, heartbeat, delivery } = state.layers;
  const failure = [dns, tcp, tls, heartbeat, delivery].find((layer) => layer.verdict === 'fail');
  return failure === undefined ? null : `${failure.layer}: ${failure.reason ?? 'failed'}`;
}
