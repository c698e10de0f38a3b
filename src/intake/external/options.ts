/** What the external source is told; times in ms. */
import type { Clock, Random, Timers } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { TrailBodyOf, TrailKind } from '../../record/trail-kinds.ts';
import type { Admission, IntakeSink } from '../committer.ts';
import type { ExamineOptions } from '../examine.ts';
import type { ReceiptSource } from '../receipt.ts';
import type { BrokerAddress } from './broker-url.ts';
import type { Role, StandingLimits } from './standing.ts';

export interface ExternalOptions extends ExamineOptions {
  readonly store: string;
  readonly source: ReceiptSource;
  readonly address: BrokerAddress;
  /** Whose session at the broker holds the records; the same on a standby. */
  readonly clientId: string;
  /** When the broker may forget a record. */
  readonly acknowledge: 'after_commit' | 'after_sync';
  readonly standing: StandingLimits;
  /** This buffer holds records already: a broker that knows no session of ours has probably forgotten one. */
  readonly expectsSession: boolean;
  readonly keepAliveSeconds: number;
  readonly connectTimeoutMs: number;
  /** Publishes and bytes taken in and not yet committed. */
  readonly queueLimit: number;
  readonly maxInFlightBytes: number;
}

export interface ExternalParts {
  readonly sink: IntakeSink;
  /** The storage breaker; without it everything is let in until the disk is full. */
  readonly admission?: Admission;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  /** Called after each group that is on disk. */
  readonly onCommitted: () => void;
  /** What an answered record has carried back as a witness of the trail. */
  readonly onWitnessed: (lane: string, checkpoint: string) => void;
  /** Writes an entry to the audit trail. */
  readonly note: <K extends TrailKind>(kind: K, body: TrailBodyOf<K>) => void;
  /** This gateway consumes now: its status is to be told at once. */
  readonly onConsuming: () => void;
}

export const EXTERNAL_DEFAULTS = { keepAliveSeconds: 15, connectTimeoutMs: 10_000 } as const;

/** The retained status is also the word by which a standby knows that the other gateway lives. */
const BEATS_PER_TAKEOVER = 6;
const MAX_BEAT_MS = 15_000;

/** How often a gateway that consumes tells its status. */
export function beatMsOf(takeoverSeconds: number): number {
  return Math.min(MAX_BEAT_MS, (takeoverSeconds * 1000) / BEATS_PER_TAKEOVER);
}

export function standingLimits(role: Role, takeoverSeconds: number): StandingLimits {
  return {
    role,
    takeoverMs: takeoverSeconds * 1000,
    beatMs: beatMsOf(takeoverSeconds),
    retryBaseMs: 500,
    retryCapMs: 30_000,
    contestedCapMs: 300_000,
    steadyMs: 30_000,
  };
}
