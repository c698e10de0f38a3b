/**
 * Who works first. Both streams share one thread and one writer; what Schedule II has to do there (reading, noting,
 * settling) is short, and the standard stream, which works in slices, lets it go before each slice. While Schedule II
 * waits for the PMS it works on nothing, so the standard stream is held up for milliseconds, never for a round trip.
 */
import { setImmediate } from 'node:timers/promises';

export interface Turn {
  /** Between the two, this stream has something to do here. */
  enter(): void;
  leave(): void;
  /** Before the next slice of work: lets the event loop, and whoever goes first, have their turn. */
  pass(): Promise<void>;
}

/** The turns of the stream that goes first, and of the one that lets it. */
export function makeTurns(): { readonly first: Turn; readonly second: Turn } {
  let working = 0;
  let waiting: (() => void)[] = [];
  const free = () => new Promise<void>((resolve) => waiting.push(resolve));
  const first: Turn = {
    enter() {
      working += 1;
    },
    leave() {
      working -= 1;
      if (working > 0) return;
      const freed = waiting;
      waiting = [];
      for (const resolve of freed) resolve();
    },
    async pass() {
      await setImmediate();
    },
  };
  const second: Turn = {
    enter() {},
    leave() {},
    async pass() {
      await setImmediate();
      while (working > 0) await free();
    },
  };
  return { first, second };
}

/** For work that nobody has to wait for. */
export const NO_TURN: Turn = { enter() {}, leave() {}, async pass() {} };
