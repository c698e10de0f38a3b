/** The mode, stepped by the facts of now: every second, and when link or sync have news. Each change is told once. */
import type { Clock, Timers } from '../base/clock.ts';
import { following } from '../base/config/following.ts';
import type { Config } from '../base/config/load.ts';
import {
  MODE_LIMITS,
  type Mode,
  type ModeChange,
  type ModeFacts,
  type ModeLimits,
  type ModeState,
  startMode,
  step,
} from '../link/mode.ts';

/** How often the mode is looked at while nothing else happens: ages grow without an event. */
const MODE_TICK_MS = 1000;
/** A change can lead straight to the next; more than this many at once would be a circle. */
const MODE_STEPS = 3;

export interface ModeWatchParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly facts: () => ModeFacts;
  readonly onChange: (change: ModeChange) => void;
}

export class ModeWatch {
  readonly #limits: ModeLimits;
  readonly #parts: ModeWatchParts;
  readonly #entered: Record<Mode, number> = { NORMAL: 0, FALLBACK: 0, RECONCILING: 0, CAPTURE: 0 };
  #state: ModeState;
  #cancelTick: () => void = () => {};

  constructor(config: Config, parts: ModeWatchParts) {
    this.#parts = parts;
    this.#state = startMode(parts.clock.monotonicMs());
    this.#limits = following(() => limitsOf(config));
  }

  start(): void {
    this.judge();
    this.#cancelTick = this.#parts.timers.after(MODE_TICK_MS, () => this.start());
  }

  stop(): void {
    this.#cancelTick();
  }

  state(): ModeState {
    return this.#state;
  }

  /** How often each mode was entered since the start. */
  entered(): Readonly<Record<Mode, number>> {
    return this.#entered;
  }

  judge(): void {
    const { clock, facts, onChange } = this.#parts;
    for (let turn = 0; turn < MODE_STEPS; turn += 1) {
      const { state, change } = step(this.#state, facts(), clock.monotonicMs(), this.#limits);
      this.#state = state;
      if (change === null) return;
      this.#entered[change.to] += 1;
      onChange(change);
    }
  }
}

function limitsOf({ fallback }: Config): ModeLimits {
  return {
    ...MODE_LIMITS,
    oldestPendingMs: fallback.oldestPendingSeconds * 1000,
    scheduleTwoDepthLimit: fallback.scheduleTwoDepthLimit,
    settledMs: fallback.settledSeconds * 1000,
    stalledMs: fallback.stalledSeconds * 1000,
    dwellMs: fallback.dwellSeconds * 1000,
  };
}
