/**
 * Everything between the buffer and the PMS, put together: the link's probes, the two sync streams, and the mode that
 * tells people how far the PMS is behind. Each change of link and mode is a trail entry.
 */
import { type Clock, systemTimers } from '../base/clock.ts';
import type { Config } from '../base/config/load.ts';
import { readSecret } from '../base/config/secrets.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer, SettledRecord } from '../buffer/api.ts';
import { Link } from '../link/link.ts';
import { MODE_LIMITS, type ModeLimits, type ModeState, startMode, step } from '../link/mode.ts';
import { LINK_DEFAULTS } from '../link/options.ts';
import { systemResolve } from '../link/probe.ts';
import type { LinkState } from '../link/verdict.ts';
import { SYNC_DEFAULTS } from '../sync/options.ts';
import { Sync } from '../sync/sync.ts';

export interface UplinkParts {
  readonly buffer: RecordBuffer;
  readonly clock: Clock;
  readonly log: Log;
  readonly onSettled: (records: readonly SettledRecord[]) => void;
  /** Link or mode has changed. */
  readonly onChange: () => void;
}

/** How often the mode is looked at while nothing else happens: ages grow without an event. */
const MODE_TICK_MS = 1000;
/** A change can lead straight to the next; more than this many at once would be a circle. */
const MODE_STEPS = 3;

export class Uplink {
  readonly #parts: UplinkParts;
  readonly #limits: ModeLimits;
  readonly #link: Link;
  readonly #sync: Sync;
  #mode: ModeState;
  #cancelTick: () => void = () => {};

  constructor(config: Config, parts: UplinkParts) {
    this.#parts = parts;
    this.#mode = startMode(parts.clock.monotonicMs());
    this.#limits = {
      ...MODE_LIMITS,
      oldestPendingMs: config.fallback.oldestPendingSeconds * 1000,
      scheduleTwoDepthLimit: config.fallback.scheduleTwoDepthLimit,
    };
    const readToken = () => readSecret(config.pms.tokenFile, 'pms_token', process.env);
    const shared = { clock: parts.clock, timers: systemTimers, random: Math.random, log: parts.log };
    this.#sync = new Sync(
      { ...SYNC_DEFAULTS, pmsUrl: config.pms.url, batchSize: config.sync.batchSize },
      {
        ...shared,
        buffer: parts.buffer,
        readToken,
        heartbeatOk: () => this.#link.heartbeatOk(),
        checkpoint: () => null,
        events: {
          onSettled: parts.onSettled,
          onDelivery: () => this.#judge(),
          onAlarm: (stream, alarm, active) => {
            if (active) parts.log.error('sync needs attention', { stream, reason: alarm });
            else parts.log.info('sync is well again', { stream, reason: alarm });
          },
        },
      },
    );
    this.#link = new Link(
      { ...LINK_DEFAULTS, pmsUrl: config.pms.url, heartbeatMs: config.pms.heartbeatSeconds * 1000 },
      {
        ...shared,
        resolve: systemResolve,
        authorization: () => bearer(readToken),
        delivery: () => this.#sync.delivery(),
        onProbe: () => this.#judge(),
        onChange: ({ from, to, reason }) => {
          this.#note('link', { from, to, reason: reason ?? '' });
          if (to === 'ONLINE') this.#sync.linkRestored();
          parts.onChange();
        },
      },
    );
  }

  start(): void {
    this.#sync.start();
    this.#link.start();
    this.#tick();
  }

  async stop(): Promise<void> {
    this.#cancelTick();
    await this.#link.stop();
    await this.#sync.stop();
  }

  /** New records are on disk. */
  wake(): void {
    this.#sync.wake();
  }

  link(): LinkState {
    return this.#link.state();
  }

  mode(): ModeState {
    return this.#mode;
  }

  streams() {
    return this.#sync.status();
  }

  #tick(): void {
    this.#judge();
    this.#cancelTick = systemTimers.after(MODE_TICK_MS, () => this.#tick());
  }

  /** Steps the mode by the facts of now. */
  #judge(): void {
    for (let turn = 0; turn < MODE_STEPS; turn += 1) {
      const { state, change } = step(this.#mode, this.#modeFacts(), this.#parts.clock.monotonicMs(), this.#limits);
      this.#mode = state;
      if (change === null) return;
      const { from, to, reasons } = change;
      this.#parts.log.warn('the mode has changed', { from, to, reason: reasons.join(', ') });
      this.#note('mode', { from, to, reasons: [...reasons] });
      this.#parts.onChange();
    }
  }

  #modeFacts() {
    const facts = this.#parts.buffer.facts();
    return {
      link: this.#link.state().link,
      oldestPending: Object.values(facts.oldestPending),
      scheduleTwoDepth: facts.counts.II.PENDING ?? 0,
      storageOpen: false,
      lastReceiptAtMs: this.#sync.delivery().lastReceiptAtMs,
      captureOnly: false,
    };
  }

  /** A trail entry that nothing waits for; if the disk fails under it, the buffer ends the process itself. */
  #note(kind: string, body: Readonly<Record<string, unknown>>): void {
    this.#parts.buffer.note('audit', kind, body).catch((error: unknown) => {
      this.#parts.log.error('a trail entry could not be written', { error: messageOf(error) });
    });
  }
}

/** The heartbeat's own look at the token: an unreadable one is the sync stage's alarm, not a dead link. */
function bearer(read: () => string | null): string | null {
  try {
    const token = read()?.trim();
    return token === undefined || token === '' ? null : `Bearer ${token}`;
  } catch {
    return null;
  }
}
