/**
 * The gateway's seat at the broker: acts on what `standing.ts` decides, opens the consumer when it is this gateway's turn,
 * and tells trail and log about every change.
 */
import type { Clock, Random, Timers } from '../../base/clock.ts';
import { CounterfoilError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { TrailBodyOf, TrailKind } from '../../record/trail-kinds.ts';
import type { Gate } from '../gate.ts';
import type { ExternalFacts } from '../stage.ts';
import { type Closing, closing } from './closing.ts';
import type { ConnectionOptions } from './connection.ts';
import { Consumer, type Delivery } from './consumer.ts';
import {
  connectAtMs,
  isContested,
  type StandingEvent,
  type StandingLimits,
  type StandingState,
  startStanding,
  stepStanding,
} from './standing.ts';

export interface SeatParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly gate: Gate;
  readonly note: <K extends TrailKind>(kind: K, body: TrailBodyOf<K>) => void;
  readonly onConsuming: () => void;
}

export interface SeatEvents {
  onDelivery(delivery: Delivery): void;
  /** The session is over; its unacknowledged publishes come again. */
  onOver(): void;
}

type SeatFacts = Pick<
  ExternalFacts,
  | 'standing'
  | 'sessionPresent'
  | 'sessionLost'
  | 'unacknowledged'
  | 'oldestUnacknowledgedAtMs'
  | 'sessionsTotal'
  | 'takeOversTotal'
  | 'contested'
  | 'problem'
>;

export class Seat {
  readonly #options: ConnectionOptions;
  readonly #filter: string;
  readonly #limits: StandingLimits;
  readonly #events: SeatEvents;
  readonly #parts: SeatParts;
  #state: StandingState;
  #consumer: Consumer | null = null;
  #sessionsTotal = 0;
  #sessionPresent: boolean | null = null;
  #sessionLost = false;
  #expectsSession: boolean;
  #problem: Closing | null = null;
  #wasContested = false;
  #isStopped = false;
  #cancelTurn: () => void = () => {};

  constructor(
    options: ConnectionOptions,
    plan: { readonly filter: string; readonly limits: StandingLimits; readonly expectsSession: boolean },
    events: SeatEvents,
    parts: SeatParts,
  ) {
    this.#options = options;
    this.#filter = plan.filter;
    this.#limits = plan.limits;
    this.#expectsSession = plan.expectsSession;
    this.#events = events;
    this.#parts = parts;
    this.#state = startStanding(parts.clock.monotonicMs());
  }

  get standing(): ExternalFacts['standing'] {
    if (this.#state.name === 'consuming') return 'consuming';
    return this.#state.heardAtMs !== null && this.#state.hearingSinceMs !== null ? 'standby' : 'waiting';
  }

  facts(): SeatFacts {
    const problem = this.#state.name === 'consuming' ? null : this.#problem;
    return {
      standing: this.standing,
      sessionPresent: this.#sessionPresent,
      sessionLost: this.#sessionLost,
      unacknowledged: this.#consumer?.unacknowledged ?? 0,
      oldestUnacknowledgedAtMs: this.#consumer?.oldestAtMs ?? null,
      sessionsTotal: this.#sessionsTotal,
      takeOversTotal: this.#state.takeOversTotal,
      contested: isContested(this.#state, this.#parts.clock.monotonicMs(), this.#limits),
      problem,
    };
  }

  hearing(): void {
    this.#step({ type: 'hearing' });
  }

  deaf(why: Closing): void {
    const isNews = this.#problem?.code !== why.code;
    this.#problem = why;
    // Once, not at every attempt: a broker can be away for days.
    if (isNews && why.code !== 'stopped')
      this.#parts.log.warn('the broker is not reached', { code: why.code, reason: why.text });
    this.#step({ type: 'deaf' });
  }

  /** Another gateway speaks for this store. */
  heard(): void {
    const { standing: earlier } = this.facts();
    const isNews = !this.#step({ type: 'heard' }) && earlier === 'waiting' && this.standing === 'standby';
    if (isNews) this.#parts.log.info('another gateway consumes; standing by');
  }

  /** Reads no further; what was read can still be acknowledged. */
  pause(): void {
    this.#isStopped = true;
    this.#cancelTurn();
    this.#consumer?.pause();
  }

  stop(): void {
    this.#consumer?.close(closing('stopped'));
  }

  /** True when the step says that another gateway has taken over. */
  #step(event: StandingEvent): boolean {
    const { clock, log, note, random } = this.#parts;
    const before = this.#state.takeOversTotal;
    this.#state = stepStanding(this.#state, event, clock.monotonicMs(), this.#limits, random);
    this.#plan();
    const count = this.#state.takeOversTotal;
    if (count === before) return false;
    log.warn('another gateway has taken over; this one stands by', { count });
    note('intake_taken_over', { count });
    return true;
  }

  /** Looks again when the state says so. */
  #plan(): void {
    this.#cancelTurn();
    const atMs = connectAtMs(this.#state, this.#limits);
    if (atMs === null || this.#isStopped) return;
    const waitMs = Math.max(0, atMs - this.#parts.clock.monotonicMs());
    this.#cancelTurn = this.#parts.timers.after(waitMs, () => this.#connect());
  }

  #connect(): void {
    this.#step({ type: 'connecting' });
    let isOpen = false;
    const events = {
      onOpen: (sessionPresent: boolean) => {
        isOpen = true;
        this.#opened(sessionPresent);
      },
      onDelivery: (delivery: Delivery) => this.#events.onDelivery(delivery),
      onClosed: (why: Closing) => this.#lost(why, isOpen),
    };
    try {
      this.#consumer = new Consumer(this.#options, this.#filter, events, this.#parts);
    } catch (error) {
      if (!(error instanceof CounterfoilError)) throw error;
      this.#lost(closing('tls', error.message), false);
    }
  }

  #opened(sessionPresent: boolean): void {
    this.#sessionsTotal += 1;
    const tookOver = this.#state.heardAtMs !== null;
    // The first session at a new broker is new by nature; a later one that is new has lost what was published meanwhile.
    const isLost = !sessionPresent && (this.#expectsSession || tookOver);
    this.#expectsSession = true;
    if (isLost) this.#sessionLost = true;
    this.#sessionPresent = sessionPresent;
    this.#step({ type: 'opened' });
    this.#parts.note('intake_session', { session_present: sessionPresent, took_over: tookOver, lost: isLost });
    this.#parts.log.info('consuming from the broker', { address: this.#options.address.url });
    if (isLost)
      this.#parts.log.error('the broker has forgotten our session: records published meanwhile may be lost there', {
        hint: 'make its session store durable and without expiry; let tills send again what is not synced',
      });
    this.#parts.onConsuming();
  }

  #lost(why: Closing, wasOpen: boolean): void {
    this.#consumer = null;
    this.#problem = why;
    this.#events.onOver();
    this.#step({ type: 'lost', byBroker: wasOpen && why.code === 'closed_by_broker' });
    if (why.code !== 'stopped')
      this.#parts.log.warn('the session at the broker ended', { code: why.code, reason: why.text });
    const contested = this.facts().contested;
    if (contested && !this.#wasContested) {
      this.#parts.log.error('two gateways throw each other out at the broker', {
        hint: 'let both read pos/{store}/status, or stop one of them; give both the same takeover_seconds',
      });
      this.#parts.note('intake_contested', { sessions: this.#sessionsTotal });
    }
    this.#wasContested = contested;
  }
}
