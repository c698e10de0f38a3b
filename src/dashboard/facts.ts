/**
 * What the pages need to know, as small types; main passes the functions in. Facts come from memory and cost nothing;
 * lists of records, reports and people are read when somebody asks for their page.
 */
import type { Clock } from '../base/clock.ts';
import type { BufferFacts, DoubleSale, TrailLog } from '../buffer/api.ts';
import type { ReviewDesk } from './review/ports.ts';
import type { PeopleDesk, ReportShelf } from './shelf.ts';

export type Verdict = 'pass' | 'warn' | 'fail';

export interface About {
  readonly gatewayId: string;
  readonly store: string;
  readonly storeName: string | null;
  readonly version: string;
  readonly production: boolean;
}

/** Something that is not as it should be, with what to do about it. */
export interface Problem {
  readonly name: string;
  readonly componentId?: string;
  readonly status: Verdict;
  readonly output?: string;
}

/** One lane; counts since the gateway's start. */
export interface LaneFacts {
  readonly lane: string;
  readonly connections: number;
  readonly lastSeenAtMs: number;
  readonly publishes: number;
  readonly refused: number;
  /** Numbers the lane has left out and not sent since, and since when (UTC). */
  readonly missing: number;
  readonly missingSinceMs: number | null;
  /** How far the till's clock is ahead of ours; null before its first record. */
  readonly clockOffsetMs: number | null;
}

/** How a lane proves who it is. */
export interface LaneProofFacts {
  readonly lane: string;
  readonly state: 'invited' | 'enrolled' | 'password' | 'revoked' | 'chain';
  /** UTC; null without a certificate. */
  readonly certificate: { readonly untilMs: number } | null;
  readonly grace: 'expired' | 'not_yet_valid' | null;
  /** In the last day. */
  readonly isTwice: boolean;
  readonly isKnocking: boolean;
}

/** Where reports are brought; times are UTC. */
export interface TargetFacts {
  readonly name: string;
  readonly waiting: number;
  /** When the oldest that waits was queued. */
  readonly oldestMs: number | null;
  readonly delivered: number;
  readonly lastDeliveredMs: number | null;
  readonly fault: { readonly sinceMs: number; readonly message: string; readonly hint: string } | null;
}

export const LINK_LAYERS = ['dns', 'tcp', 'tls', 'heartbeat', 'delivery'] as const;

export interface LayerFacts {
  readonly verdict: 'ok' | 'fail' | 'unknown';
  readonly latencyMs: number | null;
  readonly reason: string | null;
  readonly advice: string | null;
}

export interface LinkFacts {
  readonly link: 'ONLINE' | 'DEGRADED' | 'OFFLINE';
  /** UTC. */
  readonly sinceMs: number;
  readonly layers: Readonly<Record<(typeof LINK_LAYERS)[number], LayerFacts>>;
}

export interface StorageFacts {
  readonly level: 'CLOSED' | 'HALF_OPEN' | 'OPEN' | 'RESERVE' | 'FULL';
  /** 0 to 1; above 1 while the ballast is being used. */
  readonly utilisation: number;
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Null while no forecast can be made or nothing fills up. */
  readonly fullInMs: number | null;
}

export interface TrailLogFacts {
  readonly fixedSize: number;
  readonly storedSize: number;
  readonly lagMs: number;
  readonly checkpoint: {
    readonly size: number;
    readonly note: string;
    readonly verifierKey: string;
    /** UTC. */
    readonly atMs: number;
  } | null;
  readonly cosignedSize: number;
}

export interface TrailFacts {
  readonly worm: 'none' | 'append_only' | 'sealed';
  readonly logs: Readonly<Record<TrailLog, TrailLogFacts>>;
}

/** Everything at one moment. */
export interface Facts {
  readonly about: About;
  /** UTC. */
  readonly nowMs: number;
  readonly monotonicMs: number;
  readonly uptimeMs: number;
  /** The worst of `problems`. */
  readonly status: Verdict;
  readonly problems: readonly Problem[];
  /** Null while the buffer is not open. */
  readonly buffer: BufferFacts | null;
  readonly commitP50Ms: number | null;
  readonly commitP99Ms: number | null;
  readonly intake: { readonly listening: boolean; readonly lanes: readonly LaneFacts[] };
  readonly link: LinkFacts | null;
  readonly mode: { readonly mode: 'NORMAL' | 'FALLBACK' | 'RECONCILING' | 'CAPTURE' };
  readonly streams: readonly { readonly settledTotal: number }[];
  readonly limits: { readonly scheduleTwoDepth: number };
  readonly storage: StorageFacts | null;
  readonly wallClock: { readonly quality: string; readonly offsetMs: number | null };
  readonly trail: TrailFacts | null;
  readonly archive: { readonly records: number } | null;
  /** Null where no listener asks for a proof. */
  readonly enrolment: { readonly lanes: readonly LaneProofFacts[] } | null;
  readonly delivery: { readonly targets: readonly TargetFacts[] } | null;
}

/** A setting as it is in force, and where it comes from: `default`, the file, or a variable. */
export interface Setting {
  readonly key: string;
  readonly value: string;
  readonly origin: string;
}

export interface DashboardSources {
  readonly clock: Clock;
  /** IANA name of the store's time zone, in which people read times. */
  readonly timeZone: string;
  readonly settings: readonly Setting[];
  facts(): Facts;
  readonly review: ReviewDesk;
  readonly reports: ReportShelf;
  readonly people: PeopleDesk;
  /** Sales that may have been sold twice, newest first. A short read of the buffer's reading connection. */
  doubleSales(limit: number): readonly DoubleSale[];
}
