/**
 * The shell of the storage breaker: measures every second and before each group, lets in what the level allows, gives up
 * the ballast when the disk is full and lays it in again when there is room, drives reclaim, and tells of each change.
 * Nothing of it outlives the process: the first measurement after a start puts the level where it belongs.
 */
import type { Clock, Timers } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Ballast } from './ballast.ts';
import { type Arrival, admits, type BreakerState, startBreaker, stepBreaker, Trickle } from './breaker.ts';
import { Forecast } from './forecast.ts';
import { KeptNotes } from './kept-notes.ts';
import { type StorageLimits, type StorageReading, type Utilisation, utilisationOf } from './level.ts';
import { type ReclaimPace, reclaimPace, type StorageFacts, type StorageParts, type StorageTiming } from './options.ts';

const NOTHING: Readonly<Record<Arrival, number>> = { schedule_two: 0, controlled: 0, other: 0 };
const UNMEASURED: Utilisation = { share: 0, by: 'buffer_disk', isFull: false, shares: {} };

export class Storage {
  readonly #limits: StorageLimits;
  readonly #timing: StorageTiming;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #log: Log;
  readonly #parts: StorageParts;
  readonly #ballast: Ballast;
  readonly #forecast = new Forecast();
  readonly #trickle: Trickle;
  #state: BreakerState;
  #utilisation: Utilisation = UNMEASURED;
  #reading: StorageReading | null = null;
  #measuredAtMs = Number.NEGATIVE_INFINITY;
  #isBlind = false;
  #pace: ReclaimPace = 'off';
  #deferred: Record<Arrival, number> = { ...NOTHING };
  #deferredTotal: Record<Arrival, number> = { ...NOTHING };
  #toldAtMs: number;
  readonly #notes: KeptNotes;
  #cancel: () => void = () => {};
  /** A commit has failed for want of room with no ballast left: no other is tried before. Monotonic ms. */
  #noRoomUntilMs = Number.NEGATIVE_INFINITY;
  /** How long the next such failure closes the door: twice as long each time, until a commit succeeds. */
  #noRoomForMs: number;

  constructor(limits: StorageLimits, timing: StorageTiming, parts: StorageParts) {
    this.#limits = limits;
    this.#timing = timing;
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#timers = parts.timers;
    this.#log = parts.log;
    this.#ballast = parts.ballast;
    this.#notes = new KeptNotes(parts);
    const nowMs = parts.clock.monotonicMs();
    this.#state = startBreaker(nowMs);
    this.#toldAtMs = nowMs;
    this.#trickle = new Trickle(timing.trickle, nowMs);
    this.#noRoomForMs = timing.measureAgeMs;
  }

  /** Measures at once, so that the first record already meets the right level. */
  start(): void {
    this.#beat();
  }

  /** The last count of deferrals is told before the buffer closes. */
  stop(): void {
    this.#cancel();
    this.#tellDeferred();
    this.#notes.stop();
  }

  /** Whether this arrival may be taken now. Measures again when the last look is old. */
  admit(arrival: Arrival): boolean {
    const nowMs = this.#clock.monotonicMs();
    // In the last of the room every look counts, and few arrive.
    const maxAgeMs = this.#state.level === 'RESERVE' ? 0 : this.#timing.measureAgeMs;
    if (nowMs - this.#measuredAtMs >= maxAgeMs) this.#measure(nowMs);
    if (arrival === 'schedule_two') this.#makeRoom(nowMs);
    return admits(this.#state.level, arrival, () => this.#trickle.take(nowMs));
  }

  /** One was not taken: by this breaker, by a full disk, or because an earlier one of its lane had to wait. */
  deferred(arrival: Arrival): void {
    this.#deferred[arrival] += 1;
    this.#deferredTotal[arrival] += 1;
  }

  /** A commit met a full disk: nothing of it was kept. Gives up the ballast and takes Schedule II only from here on. */
  noRoom(): void {
    const nowMs = this.#clock.monotonicMs();
    const gaveUp = this.#giveUpBallast();
    if (!gaveUp) {
      this.#noRoomUntilMs = nowMs + this.#noRoomForMs;
      this.#noRoomForMs = Math.min(2 * this.#noRoomForMs, this.#timing.dwellMs);
    }
    this.#take({ ...this.#utilisation, share: Math.max(1, this.#utilisation.share), isFull: !gaveUp }, nowMs);
  }

  /** A commit has found room. */
  committed(): void {
    this.#noRoomForMs = this.#timing.measureAgeMs;
  }

  #giveUpBallast(): boolean {
    try {
      return this.#ballast.release();
    } catch (error) {
      this.#log.error('the ballast could not be given up', { error: messageOf(error) });
      return false;
    }
  }

  facts(): StorageFacts {
    const { level, sinceMs } = this.#state;
    return {
      level,
      levelForMs: this.#clock.monotonicMs() - sinceMs,
      utilisation: this.#utilisation,
      reading: this.#reading,
      isBlind: this.#isBlind,
      fullInMs: this.#forecast.fullInMs(this.#utilisation.share),
      ballastBytes: this.#reading?.ballastBytes ?? 0,
      ballastTargetBytes: this.#limits.ballastBytes,
      pace: this.#pace,
      deferredTotal: { ...this.#deferredTotal },
    };
  }

  #beat(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#measure(nowMs);
    this.#forecastAndBallast(nowMs);
    if (nowMs - this.#toldAtMs >= this.#timing.tellDeferredMs) this.#tellDeferred();
    this.#cancel = this.#timers.after(this.#timing.intervalMs, () => this.#beat());
  }

  #measure(nowMs: number): void {
    this.#measuredAtMs = nowMs;
    try {
      this.#reading = this.#parts.read();
      this.#isBlind = false;
    } catch (error) {
      // The level stays where it is: a disk that cannot be asked may still take records, and a commit will tell.
      if (!this.#isBlind) this.#log.warn('the space on disk cannot be measured', { error: messageOf(error) });
      this.#isBlind = true;
      return;
    }
    this.#take(utilisationOf(this.#reading, this.#limits), nowMs);
  }

  /**
   * Gives the ballast up for a Schedule II record that could meet a full disk otherwise. Not before one has come: another
   * program that fills the disk would take the room.
   */
  #makeRoom(nowMs: number): void {
    if (this.#reading === null || this.#reading.ballastBytes === 0) return;
    const { bufferDisk, reusableBytes } = this.#reading;
    if (bufferDisk.freeBytes + reusableBytes >= this.#limits.giveUpBelowBytes) return;
    if (this.#giveUpBallast()) this.#measure(nowMs);
  }

  #take(measured: Utilisation, nowMs: number): void {
    const utilisation = nowMs < this.#noRoomUntilMs ? { ...measured, isFull: true } : measured;
    this.#utilisation = utilisation;
    const before = this.#state;
    this.#state = stepBreaker(before, utilisation, nowMs, { ...this.#limits, dwellMs: this.#timing.dwellMs });
    this.#setPace(reclaimPace(this.#state.level, utilisation.share, this.#reading, this.#limits));
    if (this.#state.level === before.level) return;
    const { by, share } = utilisation;
    this.#log.warn('the storage breaker has changed', { from: before.level, to: this.#state.level, reason: by });
    this.#notes.add('breaker', {
      by,
      from: before.level,
      lasted_ms: Math.round(nowMs - before.sinceMs),
      share_permille: Math.round(share * 1000),
      to: this.#state.level,
    });
    this.#tellDeferred();
    this.#parts.onChange();
  }

  #setPace(pace: ReclaimPace): void {
    if (pace === this.#pace) return;
    this.#pace = pace;
    this.#parts.reclaim(pace);
  }

  #forecastAndBallast(nowMs: number): void {
    this.#forecast.take(nowMs, this.#utilisation.share);
    const isCalm = this.#state.level === 'CLOSED' && this.#utilisation.share < this.#limits.closeAt;
    if (!isCalm || this.#isBlind || this.#reading === null) return;
    if (this.#reading.ballastBytes >= this.#limits.ballastBytes) return;
    if (this.#reading.bufferDisk.freeBytes < 2 * this.#limits.ballastBytes) return;
    try {
      this.#ballast.restoreStep();
    } catch (error) {
      this.#log.warn('the ballast could not be laid in', { error: messageOf(error) });
    }
  }

  /** Deferrals are counted in the trail, not listed. */
  #tellDeferred(): void {
    this.#toldAtMs = this.#clock.monotonicMs();
    const counted = this.#deferred;
    if (counted.schedule_two + counted.controlled + counted.other === 0) return;
    this.#deferred = { ...NOTHING };
    this.#notes.add('deferred', { ...counted });
  }
}
