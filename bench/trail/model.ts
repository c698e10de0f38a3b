/** What the trail benchmark found. */
import type { SystemResult } from '../model.ts';

/** Entries of one kind in both trails. */
export interface KindSize {
  readonly kind: string;
  readonly entries: number;
  /** Lines with their hashes. */
  readonly bytes: number;
}

/** The trail of records sold one by one, each synced before the next. */
export interface SizeResult {
  readonly sales: number;
  readonly kinds: readonly KindSize[];
}

export interface TrailResult {
  readonly startedAtUtcMs: number;
  readonly machine: readonly string[];
  readonly version: string;
  readonly windowSeconds: number;
  readonly rounds: number;
  readonly without: SystemResult;
  readonly withTrail: SystemResult;
  readonly size: SizeResult | null;
}
