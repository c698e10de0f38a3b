/**
 * How far the till's own clock is off, by the gateway's status. Only a status that comes live counts: the retained one of
 * the broker may be seconds old. The gateway tells how far its own clock is off where it knows; a gateway that knows only
 * that it is wrong says nothing about the till's.
 */
import type { SeenStatus } from '../record/lane-wire.ts';

export interface TillClockWord {
  /** Positive: the till is ahead. */
  readonly offMs: number;
  /** Off by more than five seconds: the till's times are doubtful, somebody should set its clock. */
  readonly isOff: boolean;
}

/** A status is on its way for less than this, also from a busy gateway. */
const OFF_MS = 5_000;
/** Back only well inside, so that a clock at the limit does not flutter. */
const RIGHT_MS = 3_000;

export class TillClock {
  #isOff = false;

  /** The word about the till's clock when it has changed, else null. `utcMs` is the till's time when the status came. */
  take(status: SeenStatus, utcMs: number): TillClockWord | null {
    const gatewayMs = Date.parse(status.gateway_time_utc);
    const known = status.clock_offset_ms !== null || status.clock !== 'unsynchronised';
    if (Number.isNaN(gatewayMs) || !known) return null;
    const offMs = utcMs - gatewayMs - (status.clock_offset_ms ?? 0);
    const isOff = Math.abs(offMs) > (this.#isOff ? RIGHT_MS : OFF_MS);
    if (isOff === this.#isOff) return null;
    this.#isOff = isOff;
    return { offMs, isOff };
  }
}
