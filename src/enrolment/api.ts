/** What this room offers and needs; main connects it with intake, control and health. */
import type { X509Certificate } from 'node:crypto';
import type { BestTime } from '../pki/client-verdict.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';

export type LaneKindName =
  | 'lanes'
  | 'lane'
  | 'lane_certificate'
  | 'lane_known'
  | 'lane_refused'
  | 'lane_twice'
  | 'enroll_refused';

/** Writes an entry into trail `audit`; resolves when it is on disk. */
export type NoteLanes = <K extends LaneKindName>(kind: K, body: TrailBodyOf<K>) => Promise<unknown>;

/** Why a connection is turned away. */
export const LANE_REFUSALS = [
  'no_proof',
  'foreign',
  'purpose',
  'name',
  'expired',
  'not_yet_valid',
  'revoked',
  'password',
  'busy',
  'unproved',
] as const;
export type LaneRefusal = (typeof LANE_REFUSALS)[number];

/** Why an enrolment or a renewal is refused. `code`: wrong, used, or too late; who guesses is not told which. */
export type EnrolFault = 'code' | 'request' | 'key' | 'certificate' | 'often' | 'unavailable';

export type EnrolAnswer =
  | {
      readonly ok: true;
      readonly lane: string;
      readonly certificate: X509Certificate;
      readonly authority: X509Certificate;
    }
  | { readonly ok: false; readonly fault: EnrolFault };

export interface RegisterOptions {
  readonly dataDir: string;
  readonly gatewayId: string;
  /** Whether this gateway is an authority of its own; false: a chain's issues the certificates. */
  readonly isAuthority: boolean;
  /** Under which the authority's key is sealed. */
  readonly boxKey: Uint8Array;
  readonly certificateMs: number;
  readonly codeMs: number;
}

/** One lane as the command line shows it. Times are UTC. */
export interface LaneEntry {
  readonly lane: string;
  readonly state: 'invited' | 'enrolled' | 'password' | 'revoked';
  /** The newest certificate that is not revoked; null without one. */
  readonly certificate: Validity | null;
  /** End of the code that waits; null without one. */
  readonly codeUntilMs: number | null;
  readonly certificates: number;
}

/** From when until when something is good, UTC. */
export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface RegisterFacts {
  /** The file, or the authority, cannot be used: what is wrong; else null. */
  readonly trouble: string | null;
  readonly authority: { readonly sha256: string; readonly untilMs: number } | null;
  readonly lanes: readonly LaneEntry[];
}

/** Since the start. */
export interface DoorFacts {
  /** By lane: the certificate it has shown last. */
  readonly shown: ReadonlyMap<string, Validity>;
  /** Lanes seen at work from two addresses at once in the last day. */
  readonly twice: readonly string[];
  /** Lanes that are revoked and have tried to get in all the same in the last day. */
  readonly knocking: readonly string[];
  readonly refused: Readonly<Record<LaneRefusal, number>>;
}

/** One lane as health shows it: what is on record of it and what was seen at the door. */
export interface LaneStanding {
  readonly lane: string;
  /** `chain`: never enrolled here, comes with a certificate of another authority. */
  readonly state: LaneEntry['state'] | 'chain';
  /** Of the certificate it has shown last since the start, else of the newest it was given; null without one. */
  readonly certificate: Validity | null;
  readonly isTwice: boolean;
  readonly isKnocking: boolean;
}

/** The best there is to know of the time. */
export type NowBest = () => BestTime;
