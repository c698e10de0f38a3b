/**
 * The show without a person: the same trouble in a fixed order, told in plain lines. Each step waits for what it is about
 * to happen (bounded), not for a while and a hope.
 */
import type { Verdict } from '../checker/verdict.ts';
import { type Look, pendingOf } from './look.ts';
import { type Time, until } from './wait.ts';

/** What the script needs of a show. */
export interface ScriptedShow {
  look(): Look;
  isSettled(): boolean;
  cut(kind: 'cut' | 'silent'): Promise<void>;
  heal(): Promise<void>;
  portal(): Promise<void>;
  kill(): Promise<void>;
  alter(): Promise<void>;
  check(): Promise<Verdict>;
}

/** For a mode or a till to follow; past it the script goes on and the checker has the last word. */
const STEP_LIMIT_MS = 15_000;
/** Lengths of the selling stretches as shares of the whole; waiting for the gateway takes the rest. */
const SHARE = { sales: 0.12, offline: 0.08, afterKill: 0.08, portal: 0.1 } as const;

/**
 * Plays all of it in about `durationMs`; how the show is ended afterwards is the caller's. `isOver` says that somebody has
 * interrupted: the waits end and no further step is taken.
 */
export async function playScript(
  show: ScriptedShow,
  time: Time,
  durationMs: number,
  isOver: () => boolean,
): Promise<void> {
  const wait = (isTrue: () => boolean, limitMs = STEP_LIMIT_MS) => until(time, () => isOver() || isTrue(), limitMs);
  const sell = (share: number) => wait(isOver, share * durationMs);
  const steps: readonly (() => Promise<unknown>)[] = [
    () => wait(() => show.isSettled()),
    () => sell(SHARE.sales),

    () => show.cut('cut'),
    () => wait(() => show.look().figures?.mode === 'FALLBACK'),
    () => sell(SHARE.offline),
    () => show.kill(),
    () => wait(() => show.look().tills.every(({ isLit, kept }) => isLit && kept === 0)),
    () => sell(SHARE.afterKill),
    () => show.heal(),
    () => wait(() => show.isSettled()),
    () => show.check(),

    () => show.portal(),
    () => sell(SHARE.portal),
    () => show.cut('cut'),
    () => wait(() => pendingOf(show.look().figures) > 0),
    () => show.alter(),
    () => show.heal(),
    () => wait(() => show.isSettled()),
  ];
  for (const step of steps) {
    if (isOver()) return;
    await step();
  }
}
