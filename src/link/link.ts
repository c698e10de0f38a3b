/** The link monitor: probes at every heartbeat and tells main when its word about the link changes. */
import type { Clock, Random, Timers } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { deliveryVerdict, type StreamDelivery } from './delivery.ts';
import type { Address } from './dial.ts';
import { Heartbeat, type Pulse } from './heartbeat.ts';
import { afterVerdicts, EMPTY_JOURNAL, type Journal, type LayerChange } from './journal.ts';
import type { LinkOptions } from './options.ts';
import { Probe } from './probe.ts';
import { afterDelivery, afterProbe, type LayerVerdict, type LinkState, type LinkWord, unprobed } from './verdict.ts';

export interface LinkChange {
  readonly from: LinkWord;
  readonly to: LinkWord;
  /** UTC. */
  readonly atMs: number;
  /** Layer and sentence of the first failure from the cable upwards; null when there is none. */
  readonly reason: string | null;
  /** Layer and code of the same, such as `tls certificate_expired`, for the trail. */
  readonly fault: string | null;
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
  readonly delivery: () => readonly StreamDelivery[];
  readonly onChange: (change: LinkChange) => void;
  /** Layers whose verdict or code has changed, for the trail; never at every probe. */
  readonly onLayers: (changes: readonly LayerChange[]) => void;
  /** A heartbeat passed; it carries the PMS's word about the time. */
  readonly onPulse: (pulse: Pulse) => void;
  /** Heartbeats pass again, or for the first time: a good moment to try what was put off. */
  readonly onHeartbeatBack: () => void;
  /** After every round of probes, changed or not; for the mode. */
  readonly onProbe: (state: LinkState) => void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #parts: LinkParts;
  readonly #heartbeat: Heartbeat;
  readonly #probe: Probe;
  #state: LinkState;
  #journal: Journal = EMPTY_JOURNAL;
  /** Monotonic time of the latest round of probes. */
  #roundAtMs = Number.NEGATIVE_INFINITY;
  /** Monotonic time since when heartbeats pass; null while they do not. */
  #passingSinceMs: number | null = null;
  #cancelTimer: () => void = () => {};
  #cancelTick: () => void = () => {};
  #stopped: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: LinkOptions, parts: LinkParts) {
    this.#options = options;
    this.#parts = parts;
    this.#heartbeat = new Heartbeat(options, parts);
    this.#probe = new Probe(options, parts, this.#heartbeat);
    this.#state = unprobed(parts.clock.utcMs());
  }

  /** Starts the first probe at once. */
  start(): void {
    this.#heartbeat.start();
    const stopped = new AbortController();
    this.#stopped = stopped;
    this.#beat(stopped.signal);
    this.#tick();
  }

  async stop(): Promise<void> {
    this.#stopped?.abort();
    this.#stopped = null;
    this.#cancelTimer();
    this.#cancelTick();
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
    const { clock, delivery, onHeartbeatBack, onProbe, onPulse } = this.#parts;
    const { verdicts, pulse, certificateUntilMs } = await this.#probe.run(signal);
    if (signal.aborted) return;
    const monotonicMs = clock.monotonicMs();
    const utcMs = clock.utcMs();
    const receiptSeen = delivery().some(
      ({ lastReceiptAtMs }) => (lastReceiptAtMs ?? this.#roundAtMs) > this.#roundAtMs,
    );
    this.#roundAtMs = monotonicMs;
    const isBack = pulse !== null && this.#passingSinceMs === null;
    this.#passingSinceMs = pulse === null ? null : (this.#passingSinceMs ?? monotonicMs);
    const all = [...verdicts, this.#delivery()];
    const known = certificateUntilMs ?? this.#state.certificateUntilMs;
    const next = afterProbe(this.#state, all, receiptSeen, utcMs, this.#options);
    if (pulse !== null) onPulse(pulse);
    this.#become({ ...next, certificateUntilMs: known }, all);
    if (isBack) onHeartbeatBack();
    onProbe(this.#state);
  }

  /** Between the heartbeats only the delivery layer can be judged: a wait grows by itself. */
  #tick(): void {
    this.#cancelTick = this.#parts.timers.after(this.#options.deliveryTickMs, () => this.#tick());
    try {
      this.#judgeDelivery();
    } catch (error) {
      this.#parts.log.error('the delivery layer could not be judged', { error: messageOf(error) });
    }
  }

  #judgeDelivery(): void {
    const { clock } = this.#parts;
    const delivery = this.#delivery();
    const before = this.#state.layers.delivery;
    // What was measured in a round stays as it is until the verdict or the fault changes; the wait in the text grows.
    if (before.verdict === delivery.verdict && delivery.verdict !== 'fail') return;
    this.#become(afterDelivery(this.#state, delivery, clock.utcMs(), this.#options), [delivery]);
  }

  #delivery(): LayerVerdict {
    const { clock, delivery } = this.#parts;
    const now = { monotonicMs: clock.monotonicMs(), utcMs: clock.utcMs() };
    const verdict = deliveryVerdict(delivery(), now, this.#options.deliveryLimitMs, this.#passingSinceMs);
    // While a receipt is awaited the latest latency is the best that is known.
    return { ...verdict, latencyMs: verdict.latencyMs ?? this.#state.layers.delivery.latencyMs };
  }

  /** Takes the new state and tells who has to hear of it. */
  #become(next: LinkState, verdicts: readonly LayerVerdict[]): void {
    const { clock, log, onChange, onLayers } = this.#parts;
    const before = this.#state;
    this.#state = next;
    const { journal, tell } = afterVerdicts(this.#journal, verdicts, clock.monotonicMs(), this.#options.journalEveryMs);
    this.#journal = journal;
    if (tell.length > 0) onLayers(tell);
    if (next.link === before.link) return;
    const found = lowestFailure(next);
    const change = {
      from: before.link,
      to: next.link,
      atMs: clock.utcMs(),
      reason: found === null ? null : `${found.layer}: ${found.reason ?? 'failed'}`,
      fault: found === null ? null : `${found.layer} ${found.code ?? 'failed'}`,
    };
    const why = change.reason === null ? {} : { reason: change.reason };
    log.warn('the link has changed', { from: change.from, to: change.to, ...why });
    onChange(change);
  }
}

function lowestFailure({ layers }: LinkState): LayerVerdict | null {
  const { dns, tcp, tls, heartbeat, delivery } = layers;
  return [dns, tcp, tls, heartbeat, delivery].find((layer) => layer.verdict === 'fail') ?? null;
}
