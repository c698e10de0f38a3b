/** A store's heartbeat under simulated time; the verdict on the line is the product's own (`src/link`). */
import { deliveryVerdict, type StreamDelivery } from '../../src/link/delivery.ts';
import { LINK_DEFAULTS } from '../../src/link/options.ts';
import { afterDelivery, afterProbe, type LayerVerdict, type LinkState, unprobed } from '../../src/link/verdict.ts';
import type { Surroundings } from './surroundings.ts';

export class LinkModel {
  readonly #parts: Surroundings;
  /** Null once nothing is left to deliver. */
  readonly #deliveries: () => readonly StreamDelivery[] | null;
  readonly #onRestored: () => void;
  #state: LinkState;
  #roundAtMs = Number.NEGATIVE_INFINITY;
  /** Since when heartbeats pass; null while they do not. */
  #passingSinceMs: number | null = null;

  constructor(parts: Surroundings, deliveries: () => readonly StreamDelivery[] | null, onRestored: () => void) {
    this.#parts = parts;
    this.#deliveries = deliveries;
    this.#onRestored = onRestored;
    this.#state = unprobed(parts.events.nowMs);
  }

  get heartbeatOk(): boolean {
    return this.#state.layers.heartbeat.verdict === 'ok';
  }

  beat(): void {
    const { comebackMs, events, pms, world } = this.#parts;
    const fail = () => events.after(this.#failedProbeMs(), () => this.#judge('fail'));
    if (events.nowMs < comebackMs) {
      fail();
      return;
    }
    events.after(world.oneWayMs, () => {
      const taken = pms.ping(() => events.after(world.oneWayMs, () => this.#judge('ok')));
      if (!taken) fail();
    });
  }

  /** A receipt may end what the delivery layer had against the line. */
  receipt(): void {
    const streams = this.#deliveries();
    if (streams === null || this.#state.layers.delivery.verdict !== 'fail') return;
    const { nowMs } = this.#parts.events;
    this.#become(afterDelivery(this.#state, this.#delivery(streams), nowMs, LINK_DEFAULTS));
  }

  #judge(verdict: 'ok' | 'fail'): void {
    const { events } = this.#parts;
    const { nowMs } = events;
    const streams = this.#deliveries();
    if (streams === null) return;
    const heartbeat: LayerVerdict = {
      layer: 'heartbeat',
      verdict,
      latencyMs: null,
      code: verdict === 'ok' ? null : 'connect_timeout',
      reason: null,
      advice: null,
      atMs: nowMs,
    };
    this.#passingSinceMs = verdict === 'ok' ? (this.#passingSinceMs ?? nowMs) : null;
    const receiptSeen = streams.some(({ lastReceiptAtMs }) => (lastReceiptAtMs ?? -1) > this.#roundAtMs);
    this.#roundAtMs = nowMs;
    const probed = afterProbe(this.#state, [heartbeat, this.#delivery(streams)], receiptSeen, nowMs, LINK_DEFAULTS);
    this.#become(probed);
    events.after(LINK_DEFAULTS.heartbeatMs, () => this.beat());
  }

  #delivery(streams: readonly StreamDelivery[]): LayerVerdict {
    const { nowMs } = this.#parts.events;
    return deliveryVerdict(
      streams,
      { monotonicMs: nowMs, utcMs: nowMs },
      LINK_DEFAULTS.deliveryLimitMs,
      this.#passingSinceMs,
    );
  }

  #become(next: LinkState): void {
    const before = this.#state.link;
    this.#state = next;
    if (next.link === 'ONLINE' && before !== 'ONLINE') this.#onRestored();
  }

  /** A round of probes that nobody answers: the first TCP attempt and its retries, each with its time-out. */
  #failedProbeMs(): number {
    const { world, random } = this.#parts;
    const { tcpRetries, tcpRetryBaseMs } = LINK_DEFAULTS;
    let ms = world.connectTimeoutMs;
    for (let retry = 0; retry < tcpRetries; retry += 1) {
      ms += world.connectTimeoutMs + tcpRetryBaseMs * 2 ** retry * (0.5 + random() / 2);
    }
    return ms;
  }
}
