/**
 * Watches the box's wall clock and never sets it: asks the time servers now and then, takes the PMS's word from every
 * heartbeat, and sees when somebody sets the clock (the wall clock moves and the monotonic one does not).
 *
 * Nothing here is on disk: after a restart the quality is `unknown` until the first answer, within seconds where time
 * servers are configured. Each change of quality and each step is told once, for the trail.
 */
import type { Clock, Random, Timers } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Address } from '../dial.ts';
import type { Pulse } from '../heartbeat.ts';
import { type ClockLimits, type ClockQuality, type ClockWord, clockWord } from './clock-verdict.ts';
import { type NtpOptions, NtpServer, type NtpState } from './ntp-server.ts';
import { consensus, type Now, type Reading, readPulse, surer } from './reading.ts';

export interface TimekeeperOptions extends ClockLimits {
  /** `host` or `host:port`. */
  readonly ntpServers: readonly string[];
  readonly intervalMs: number;
  readonly ntp: NtpOptions;
}

/** The clock was set: it moved by this much against the monotonic clock. */
export interface ClockStep {
  readonly byMs: number;
  /** Over 1 when several came in a row: a clock that is set every second must not fill the trail. */
  readonly count: number;
  /** UTC after it. */
  readonly atMs: number;
}

export interface TimekeeperParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly resolve: (host: string) => Promise<readonly Address[]>;
  readonly onQuality: (word: ClockWord, was: ClockQuality) => void;
  readonly onStep: (step: ClockStep) => void;
}

export interface ClockFacts extends ClockWord {
  /** Steps seen since the start. */
  readonly steps: number;
  readonly servers: readonly { readonly server: string; readonly state: NtpState }[];
}

const TICK_MS = 1000;
/** Time services slew by less than this in a second; more is a step. */
const STEP_MS = 500;
/** After a step was told, those that follow within this are told together. */
const STEP_QUIET_MS = 60_000;
/** Until a server has answered it is asked more often: 64 s is the shortest interval of RFC 5905 (MINPOLL). */
const EAGER_MS = 64_000;
/** A reading older than this is worth nothing any more, however long the interval: it has gone wrong by seconds. */
const STALE_MS = 24 * 3600 * 1000;

/** Two clocks are read at one moment when it took less than this; tried again so often. */
const ONE_MOMENT_MS = 50;
const LOOKS = 5;

interface Source {
  readonly server: NtpServer;
  reading: Reading | null;
  cancel: () => void;
}

export class Timekeeper {
  readonly #options: TimekeeperOptions;
  readonly #parts: TimekeeperParts;
  readonly #sources: readonly Source[];
  #pms: Reading | null = null;
  #word: ClockWord;
  /** The wall clock's distance from the monotonic one when it was looked at last. */
  #distanceMs: number;
  #steps = 0;
  #untold = { byMs: 0, count: 0 };
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #stopped: AbortController | null = null;
  readonly #polls = new Set<Promise<void>>();
  #cancelTick: () => void = () => {};

  constructor(options: TimekeeperOptions, parts: TimekeeperParts) {
    this.#options = options;
    this.#parts = parts;
    this.#sources = options.ntpServers.map((name) => ({
      server: new NtpServer(name, options.ntp, parts),
      reading: null,
      cancel: () => {},
    }));
    const now = this.#now();
    this.#distanceMs = now.utcMs - now.monotonicMs;
    // A clock that cannot be right is known to be wrong before the first record.
    this.#word = clockWord({ ntp: null, serversDisagree: false, pms: null }, now, options, 'unknown');
  }

  start(): void {
    const stopped = new AbortController();
    this.#stopped = stopped;
    for (const source of this.#sources) this.#poll(source, stopped.signal);
    if (this.#word.quality !== 'unknown') this.#parts.onQuality(this.#word, 'unknown');
    this.#tick();
  }

  /** Steps that were to be told together with later ones are told now: there are no later ones. */
  async stop(): Promise<void> {
    this.#watchStep();
    if (this.#untold.count > 0) this.#tellStep(this.#now());
    this.#stopped?.abort();
    this.#stopped = null;
    this.#cancelTick();
    for (const source of this.#sources) source.cancel();
    await Promise.all(this.#polls);
  }

  /** What a record taken now may say about its time. Sees a step since the last look. */
  quality(): ClockQuality {
    this.#watchStep();
    return this.#word.quality;
  }

  facts(): ClockFacts {
    const servers = this.#sources.map(({ server }) => ({ server: server.name, state: server.state }));
    return { ...this.#word, steps: this.#steps, servers };
  }

  /** A heartbeat passed. */
  takePulse(pulse: Pulse): void {
    const reading = readPulse(pulse);
    if (reading === null) return;
    this.#pms = surer(this.#fresh(this.#pms, this.#now()), reading);
    this.#judge();
  }

  /** Both clocks at one moment: a process that was stopped between two looks would see a step that never was. */
  #now(): Now {
    const { clock } = this.#parts;
    let now = { monotonicMs: clock.monotonicMs(), utcMs: clock.utcMs() };
    for (let look = 0; look < LOOKS && clock.monotonicMs() - now.monotonicMs > ONE_MOMENT_MS; look += 1) {
      now = { monotonicMs: clock.monotonicMs(), utcMs: clock.utcMs() };
    }
    return now;
  }

  #tick(): void {
    this.#cancelTick = this.#parts.timers.after(TICK_MS, () => this.#tick());
    this.#watchStep();
    this.#judge();
  }

  #watchStep(): void {
    const { utcMs, monotonicMs } = this.#now();
    const byMs = utcMs - monotonicMs - this.#distanceMs;
    if (Math.abs(byMs) >= STEP_MS) {
      this.#distanceMs += byMs;
      this.#steps += 1;
      this.#untold = { byMs: this.#untold.byMs + byMs, count: this.#untold.count + 1 };
      this.#judge();
    }
    if (this.#untold.count === 0 || monotonicMs - this.#toldAtMs < STEP_QUIET_MS) return;
    this.#tellStep({ utcMs, monotonicMs });
  }

  #tellStep({ utcMs, monotonicMs }: Now): void {
    const step = { ...this.#untold, atMs: utcMs };
    this.#untold = { byMs: 0, count: 0 };
    this.#toldAtMs = monotonicMs;
    this.#parts.log.warn('the clock was set', { durationMs: Math.round(step.byMs), count: step.count });
    this.#parts.onStep(step);
  }

  #judge(): void {
    const now = this.#now();
    // Slewing is no step, however long it lasts.
    if (Math.abs(now.utcMs - now.monotonicMs - this.#distanceMs) < STEP_MS) {
      this.#distanceMs = now.utcMs - now.monotonicMs;
    }
    const readings = this.#sources.flatMap(({ reading }) => this.#fresh(reading, now) ?? []);
    const ntp = consensus(readings, now.monotonicMs);
    const sources = { ntp, serversDisagree: ntp === null && readings.length > 0, pms: this.#fresh(this.#pms, now) };
    const was = this.#word.quality;
    this.#word = clockWord(sources, now, this.#options, was);
    if (this.#word.quality === was) return;
    this.#parts.log.warn('the quality of the clock has changed', { from: was, to: this.#word.quality });
    this.#parts.onQuality(this.#word, was);
  }

  #fresh(reading: Reading | null, { monotonicMs }: Now): Reading | null {
    return reading !== null && monotonicMs - reading.takenAtMs < STALE_MS ? reading : null;
  }

  #poll(source: Source, signal: AbortSignal): void {
    const poll = this.#ask(source, signal)
      .catch((error: unknown) => this.#parts.log.error('asking a time server failed', { error: messageOf(error) }))
      .finally(() => this.#polls.delete(poll));
    this.#polls.add(poll);
  }

  async #ask(source: Source, signal: AbortSignal): Promise<void> {
    const reading = await source.server.poll(signal);
    if (signal.aborted) return;
    if (reading !== null) source.reading = reading;
    this.#judge();
    const { intervalMs } = this.#options;
    const eagerMs = source.reading === null ? Math.min(EAGER_MS, intervalMs) : intervalMs;
    const waitMs = eagerMs * source.server.patience * (0.75 + this.#parts.random() / 2);
    source.cancel = this.#parts.timers.after(waitMs, () => this.#poll(source, signal));
  }
}
