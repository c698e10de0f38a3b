/**
 * Keeps a till connected: opens a session, and when it is gone opens the next one after a random, growing delay.
 *
 *   stopped ──start──> connecting ──subscribed──> ready
 *                          ▲  └────gone────> waiting ──delay──> connecting
 *                          └───────────gone─────┘ (from ready)
 */
import { EventEmitter } from 'node:events';
import type { Random, Timers } from '../base/clock.ts';
import { type LaneSession, openSession, type SessionOptions } from './session.ts';

/** The first new attempt comes within half a second, later ones within half a minute. */
const RECONNECT_FIRST_MS = 500;
const RECONNECT_MAX_MS = 30_000;
/** Below this a gateway that refuses at once would be asked without a pause. */
const RECONNECT_MIN_MS = 50;

interface ConnectionEvents {
  ready: [];
  message: [topic: string, payload: Buffer, isLive: boolean];
  gone: [reason: string];
}

/** `ready` and `gone` alternate; a failed attempt also says `gone`, each time with its reason. */
export class LaneConnection extends EventEmitter<ConnectionEvents> {
  readonly #options: SessionOptions;
  readonly #timers: Timers;
  readonly #random: Random;
  #session: LaneSession | null = null;
  #isReady = false;
  #failedAttempts = 0;
  #cancelReconnect: (() => void) | null = null;
  #isStopped = true;

  constructor(options: SessionOptions, timers: Timers, random: Random) {
    super();
    this.#options = options;
    this.#timers = timers;
    this.#random = random;
  }

  /** Throws `usage` for a URL that is none; that the gateway does not answer is no error. */
  start(): void {
    this.#isStopped = false;
    this.#connect();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#isReady = false;
    this.#cancelReconnect?.();
    const session = this.#session;
    this.#session = null;
    await session?.close();
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Publishes when ready, else does nothing: the outbox will bring it again. `onPuback` never comes after `gone`. */
  publish(payload: Buffer, onPuback: () => void): void {
    if (this.#isReady) this.#session?.publish(payload, onPuback);
  }

  /** Gives up the present connection; the next one follows. */
  renew(reason: string): void {
    this.#session?.drop(reason);
  }

  #connect(): void {
    this.#cancelReconnect = null;
    this.#session = openSession(this.#options, {
      onReady: () => this.#onReady(),
      onMessage: (topic, payload, isLive) => this.emit('message', topic, payload, isLive),
      onGone: (reason) => this.#onGone(reason),
    });
  }

  #onReady(): void {
    if (this.#isStopped) return;
    this.#isReady = true;
    this.#failedAttempts = 0;
    this.emit('ready');
  }

  #onGone(reason: string): void {
    if (this.#isStopped) return;
    this.#isReady = false;
    this.#session = null;
    const longestMs = Math.min(RECONNECT_MAX_MS, RECONNECT_FIRST_MS * 2 ** this.#failedAttempts);
    this.#failedAttempts += 1;
    const delayMs = Math.max(RECONNECT_MIN_MS, this.#random() * longestMs);
    this.#cancelReconnect = this.#timers.after(delayMs, () => this.#connect());
    this.emit('gone', reason);
  }
}
