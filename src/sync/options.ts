/** Every limit of the sync stage with its default and why. */

export type Coding = 'identity' | 'gzip' | 'zstd';

/** PEM texts for the connection to the PMS; each null means Node's default or none. */
interface TlsMaterial {
  /** Certificate authorities to trust instead of the system's. */
  readonly ca: string | null;
  /** Client certificate and its key (mTLS). */
  readonly cert: string | null;
  readonly key: string | null;
}

export interface SyncOptions {
  /** Base address of the PMS; may have a path. */
  readonly pmsUrl: string;
  /** `single`: one record per request, for a PMS that knows no batches. */
  readonly profile: 'batch' | 'single';
  /** With `single`: an answer that names neither key nor hash settles its record. Ignored without https. */
  readonly acceptUnproved: boolean;
  /** Most records in a request of the standard stream; how many there are follows the line (`pace.ts`). */
  readonly batchSize: number;
  /** The same for Schedule II: it starts with few and grows only while a backlog leaves quickly. */
  readonly scheduleTwoBatchSize: number;
  /** Largest body in bytes before compression; a single larger record still goes, alone. */
  readonly maxBodyBytes: number;
  /** A body of at least so many bytes crosses the line while the PMS works on the one before (`hold.ts`). */
  readonly overlapFromBytes: number;
  /** How long a standard batch that is not full waits for more; saves commits. Schedule II never waits. */
  readonly lingerMs: number;
  /** A stream with nothing to do looks again after this long, even if nobody woke it. */
  readonly idlePollMs: number;
  /** `auto`: what the PMS says it takes (RFC 9110 section 12.5.3), identity until it has. */
  readonly coding: 'auto' | Coding;
  readonly connectTimeoutMs: number;
  /** From the first byte out to the last byte in. */
  readonly requestTimeoutMs: number;
  readonly maxAnswerBytes: number;
  /** Full jitter: a wait is uniform in [0, min(cap, base * 2^n)). */
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  /** Longest `Retry-After` obeyed. */
  readonly retryAfterCapMs: number;
  /** Failures in a row after which only single records go out as trials. */
  readonly breakerThreshold: number;
  /** How long a lone record must have failed, while look-ups pass, before its marker goes out as a trial. */
  readonly suspectAfterMs: number;
  /** A start with a backlog waits a random part of this, Schedule II of a third: many stores get their power back at once. */
  readonly startSpreadMs: number;
  /** Time between trials of a stream that stopped with an alarm. */
  readonly stoppedRetryMs: number;
  /** Time between look-ups of records the PMS is still verifying. */
  readonly verificationPollMs: number;
  /** About so often the newest synced record is looked up: a PMS from a copy has forgotten it. */
  readonly memoryCheckMs: number;
  /** How long `stop` lets a running request finish. */
  readonly stopGraceMs: number;
  readonly tls: TlsMaterial | null;
}

/** Share of `startSpreadMs` that Schedule II waits at most. */
export const URGENT_SPREAD = 1 / 3;

export const SYNC_DEFAULTS: Omit<SyncOptions, 'pmsUrl'> = {
  profile: 'batch',
  acceptUnproved: false,
  batchSize: 5_000,
  scheduleTwoBatchSize: 500,
  maxBodyBytes: 4 * 1024 * 1024,
  overlapFromBytes: 32 * 1024,
  lingerMs: 200,
  idlePollMs: 5_000,
  coding: 'auto',
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 30_000,
  maxAnswerBytes: 8 * 1024 * 1024,
  retryBaseMs: 500,
  retryCapMs: 60_000,
  retryAfterCapMs: 600_000,
  breakerThreshold: 5,
  suspectAfterMs: 300_000,
  startSpreadMs: 15_000,
  stoppedRetryMs: 60_000,
  verificationPollMs: 30_000,
  memoryCheckMs: 1_800_000,
  stopGraceMs: 3_000,
  tls: null,
};
