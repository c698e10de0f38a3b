/** One finding about one thing: what was observed, whether that is well, and what to do if it is not. */
import type { Snapshot } from '../snapshot.ts';

/** `warn`: records are safe and lanes are served, but somebody should look. `fail`: lanes or records are in danger. */
export type CheckStatus = 'pass' | 'warn' | 'fail';

export interface Check {
  /** `component:measurement`, after draft-inadarei-api-health-check-06 section 4. */
  readonly name: string;
  /** Which of several: a schedule, a stream, a layer. */
  readonly componentId?: string;
  readonly componentType: 'component' | 'datastore' | 'system';
  readonly observedValue: number | string | boolean | null;
  readonly observedUnit?: string;
  readonly status: CheckStatus;
  /** What it means and what to do; absent when all is well. Never record data (promise 7). */
  readonly output?: string;
}

/** Looks at the facts; one check for each thing observed. */
export type Checker = (snapshot: Snapshot) => readonly Check[];

/** The worst of several; `pass` for none. */
export function worst(statuses: readonly CheckStatus[]): CheckStatus {
  if (statuses.includes('fail')) return 'fail';
  return statuses.includes('warn') ? 'warn' : 'pass';
}

/** `pass`, or the given status with the text that belongs to it. */
export function verdict(problem: false | { readonly status: 'warn' | 'fail'; readonly output: string }) {
  return problem === false ? ({ status: 'pass' } as const) : problem;
}

/** Milliseconds as seconds with three places. */
export function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

/** A span for people: `45 s`, `3 min`, `7 h`, `12 d`. */
export function span(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  return s < 172_800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86_400)} d`;
}
