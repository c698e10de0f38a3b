/**
 * What the trail needs of others, and what it tells them. `SegmentKeeper` and `CheckpointSigner` are what the sealer does
 * for the gateway; without a sealer (development, demo) `src/trail/` does both itself and says `worm: none`.
 */
import type { TrailLog } from '../buffer/api.ts';

/** How far segments are kept from being changed: by nobody, append-only, or append-only and sealed when closed. */
export type Worm = 'none' | 'append_only' | 'sealed';

export interface PreparedSegment {
  readonly path: string;
  readonly appendOnly: boolean;
}

/** Makes segments ready and puts closed ones away. Throws `CounterfoilError`; every call may be repeated. */
export interface SegmentKeeper {
  /** Segment `n` exists, as it was left or empty, and appends to it are allowed when this returns. */
  prepare(log: TrailLog, n: number): Promise<PreparedSegment>;
  /** Nothing more will be appended to segment `n`. */
  seal(log: TrailLog, n: number): Promise<void>;
  worm(): Worm;
  close(): Promise<void>;
}

export interface SignRequest {
  readonly log: TrailLog;
  readonly origin: string;
  readonly size: number;
  /** Root of the first `size` entries, 32 bytes. */
  readonly root: Buffer;
  /** RFC 6962 consistency proof from the newest size signed for this origin; empty when there is none. */
  readonly proof: readonly Buffer[];
}

/** What a signer remembers of a trail. */
export interface SignedHead {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** The checkpoint as signed. */
  readonly note: string;
}

/** Signs checkpoints and remembers them: never a smaller tree, never another one, for an origin. */
export interface CheckpointSigner {
  /** Verifier key (C2SP signed note) under that name. */
  verifierKey(origin: string): Promise<string>;
  newest(log: TrailLog): Promise<SignedHead | null>;
  /** The signed note. Throws `checkpoint_refused` when it would contradict what was signed before. */
  sign(request: SignRequest): Promise<string>;
}

/** One trail as health and status tell it. */
export interface LogFacts {
  /** Entries fixed by the buffer, and those that are synced in segments. */
  readonly fixedSize: number;
  readonly storedSize: number;
  /** Age of the oldest entry that is not yet synced in a segment, ms; 0 without one. */
  readonly lagMs: number;
  readonly segment: number | null;
  readonly checkpoint: {
    readonly size: number;
    readonly note: string;
    /** C2SP verifier key of its signature. */
    readonly verifierKey: string;
    /** UTC; of an earlier process, when it was read. */
    readonly atMs: number;
  } | null;
  readonly cosignedSize: number;
}

export interface TrailTrouble {
  /** `tail_lost`, `fork`, `segment_write`, `segment_sync`, `sealer_unreachable`, `checkpoint_refused`, … */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly sinceMs: number;
}

export interface TrailFacts {
  readonly worm: Worm;
  readonly logs: Readonly<Record<TrailLog, LogFacts>>;
  /** What needs a person, newest last; empty when all is well. */
  readonly troubles: readonly TrailTrouble[];
}

/** A checkpoint to send to a witness, with what it needs to see that nothing before it has changed. */
export interface WitnessedCheckpoint {
  readonly note: string;
  readonly verifierKey: string;
  /** Size the witness is known to have cosigned, and the consistency proof from there. */
  readonly oldSize: number;
  readonly proof: readonly Buffer[];
}

/** What somebody outside says it has seen of a trail. */
export type WitnessVerdict = 'consistent' | 'ahead' | 'fork' | 'not_ours';

export interface Trail {
  facts(): TrailFacts;
  /** Newest signed checkpoint of a trail, null before the first. */
  checkpoint(log: TrailLog): string | null;
  /** Newest checkpoint with a proof from the size the PMS has cosigned; null when there is nothing new to witness. */
  forWitness(log: TrailLog, oldSize: number): Promise<WitnessedCheckpoint | null>;
  /** Judges a checkpoint that somebody outside shows (a lane's echo, the PMS); logs and alarms what does not fit. */
  judge(by: 'lane' | 'pms', note: string): Promise<WitnessVerdict>;
  /** The PMS has cosigned. */
  takeCosignature(log: TrailLog, size: number, cosignature: string): Promise<void>;
  /** Resolves when everything fixed so far is synced in segments. Used at the end, and by tests. */
  drained(): Promise<void>;
  stop(): Promise<void>;
}
