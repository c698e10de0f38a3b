/** What a counter is: it sees every entry up to the window's end, and afterwards says what it counted. */
import type { ReportWindow } from '../api.ts';
import type { Told } from './bodies.ts';

/** Where an entry lies: before the window its only use is to know how things stood when the window began. */
export interface Counter {
  see(entry: Told, isInWindow: boolean): void;
  /** The window is over. */
  end(): void;
}

export type Bounds = Pick<ReportWindow, 'fromUtcMs' | 'toUtcMs'>;

/** Counts by name, in the order of the names. */
export class Tally<K extends string> {
  readonly #counts = new Map<K, number>();

  add(name: K, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  get(name: K): number {
    return this.#counts.get(name) ?? 0;
  }

  get figures(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
