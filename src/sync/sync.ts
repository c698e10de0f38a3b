/**
 * The sync stage: buffer to PMS. Two streams that know nothing of each other, so that Schedule II waits for nothing; what
 * they share is the token and the agent, which opens a connection for each request that finds none free.
 */
import { messageOf } from '../base/errors.ts';
import type { TrailLog } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';
import { STREAMS } from '../record/types.ts';
import { Exchange } from './exchange.ts';
import { MemoryCheck } from './memory-check.ts';
import { type SyncOptions, URGENT_SPREAD } from './options.ts';
import { logOf, type SyncParts, type WitnessAlarm } from './ports.ts';
import { StreamSync } from './stream-sync.ts';
import type { StreamStatus } from './tally.ts';
import { Token } from './token.ts';
import { makeTurns, NO_TURN } from './turn.ts';
import { Upstream } from './upstream.ts';
import { VerificationPoll } from './verification-poll.ts';
import { Witness, type WitnessFacts } from './witness.ts';

/** For the link stage's delivery layer. Monotonic times, over both streams. */
export interface DeliveryFacts {
  readonly lastReceiptAtMs: number | null;
  /** Since when something waits without any receipt; null when nothing waits. */
  readonly waitingSinceMs: number | null;
}

export type Way = Pick<Upstream, 'start' | 'stop' | 'breakOff' | 'post'>;

export class Sync {
  readonly #options: SyncOptions;
  readonly #parts: SyncParts;
  readonly #token: Token;
  readonly #upstream: Way;
  readonly #streams: readonly StreamSync[];
  readonly #polls: readonly VerificationPoll[];
  readonly #checks: readonly MemoryCheck[];
  readonly #witnesses: Readonly<Record<TrailLog, Witness>>;

  /** `upstream`: another way to the PMS than HTTP, for tests without a network. */
  constructor(options: SyncOptions, parts: SyncParts, upstream: Way = new Upstream(options, parts.timers)) {
    this.#options = options;
    this.#parts = parts;
    this.#token = new Token(() => parts.readToken(), parts.log);
    this.#upstream = upstream;
    const turns = makeTurns();
    const witness = (log: TrailLog) => new Witness(log, { ...parts, onAlarm: (...word) => this.#tell(...word) });
    this.#witnesses = { audit: witness('audit'), schedule_two: witness('schedule_two') };
    this.#streams = STREAMS.map((stream) => {
      const turn = stream === 'schedule_two' ? turns.first : turns.second;
      const exchange = new Exchange(stream, parts, options, upstream, this.#token, turn);
      const ofTrail = this.#witnesses[logOf(stream)];
      return new StreamSync(stream, loopOptions(stream, options), parts, exchange, this.#token, turn, ofTrail);
    });
    // A PMS that knows no batches knows no look-up.
    const polled = options.profile === 'batch' ? STREAMS : [];
    this.#polls = polled.map((stream) => {
      const exchange = new Exchange(stream, parts, options, upstream, this.#token, NO_TURN);
      return new VerificationPoll(stream, options, parts, exchange);
    });
    this.#checks = this.#streams.flatMap((stream) => {
      if (options.profile !== 'batch') return [];
      const exchange = new Exchange(stream.stream, parts, options, upstream, this.#token, NO_TURN);
      return new MemoryCheck(stream.stream, options, parts, exchange, stream);
    });
  }

  start(): void {
    this.#token.reload();
    this.#upstream.start();
    for (const part of [...this.#streams, ...this.#polls, ...this.#checks]) part.start();
  }

  /** Lets running requests finish for `stopGraceMs`, then breaks them off; their records stay PENDING. */
  async stop(): Promise<void> {
    const cancel = this.#parts.timers.after(this.#options.stopGraceMs, () => this.#upstream.breakOff());
    await Promise.all([...this.#streams, ...this.#polls, ...this.#checks].map((part) => part.stop()));
    cancel();
    await this.#upstream.stop();
    for (const witness of Object.values(this.#witnesses)) await witness.settled();
  }

  /** Something new may be in the buffer; `stream` null: in either stream. */
  wake(stream: Stream | null = null): void {
    for (const part of this.#streams) if (stream === null || part.stream === stream) part.wake();
  }

  linkRestored(): void {
    for (const part of this.#streams) part.linkRestored();
    for (const check of this.#checks) check.soon();
  }

  /** A person says that the other side is mended: streams that stopped try now. */
  resume(): void {
    for (const part of this.#streams) part.resume();
  }

  status(): readonly StreamStatus[] {
    return this.#streams.map((part) => part.status());
  }

  witnesses(): Readonly<Record<TrailLog, WitnessFacts>> {
    const { audit, schedule_two } = this.#witnesses;
    return { audit: audit.facts(), schedule_two: schedule_two.facts() };
  }

  delivery(): DeliveryFacts {
    const states = this.status();
    const receipts = states.flatMap((state) => state.lastReceiptAtMs ?? []);
    const waits = states.flatMap((state) => state.waitingSinceMs ?? []);
    return {
      lastReceiptAtMs: receipts.length === 0 ? null : Math.max(...receipts),
      waitingSinceMs: waits.length === 0 ? null : Math.min(...waits),
    };
  }

  #tell(log: TrailLog, alarm: WitnessAlarm, active: boolean): void {
    const { buffer, events, log: writer } = this.#parts;
    const stream = log === 'schedule_two' ? 'schedule_two' : 'standard';
    if (active) writer.error('sync alarm', { stream, code: alarm });
    else writer.info('sync alarm over', { stream, code: alarm });
    events.onAlarm?.(stream, alarm, active);
    buffer.note(log, 'sync_alarm', { stream, alarm, active }).catch((error: unknown) => {
      writer.error('a trail entry could not be written', { error: messageOf(error) });
    });
  }
}

/** `batchSize` is looked at anew each time: it may change in the run. */
function loopOptions(stream: Stream, options: SyncOptions) {
  const urgent = stream === 'schedule_two';
  const single = options.profile === 'single';
  return {
    ...options,
    ...(urgent ? { lingerMs: 0, overlapFromBytes: Number.POSITIVE_INFINITY } : {}),
    startSpreadMs: urgent ? options.startSpreadMs * URGENT_SPREAD : options.startSpreadMs,
    coding: single ? ('identity' as const) : options.coding,
    get batchSize() {
      if (single) return 1;
      return urgent ? options.scheduleTwoBatchSize : options.batchSize;
    },
    // Without verified TLS anybody on the line can say yes.
    acceptUnproved: options.acceptUnproved && options.profile === 'single' && isVerified(options.pmsUrl),
  };
}

function isVerified(pmsUrl: string): boolean {
  return new URL(pmsUrl).protocol === 'https:';
}
