/**
 * What health needs to know, as small types; main passes the functions in. Each answers at once from memory: nothing
 * here may wait for the writer, the disk or the network, or a scrape would hang exactly when it is needed.
 */
import type { UserRole } from '../base/access.ts';
import type { Clock } from '../base/clock.ts';
import type { BufferFacts, ClockQuality, TrailLog } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';
import type { MirrorFacts } from './mirror-facts.ts';
import type { EnrolmentFacts } from './proof-facts.ts';
import type { PushFacts } from './push/pusher.ts';
import type { UploadFacts } from './upload-facts.ts';

/** What does not change while the process runs. */
export interface About {
  readonly gatewayId: string;
  readonly store: string;
  readonly storeName: string | null;
  readonly version: string;
  readonly production: boolean;
  /** UTC and monotonic time of the start. */
  readonly startedAtMs: number;
  readonly startedAtMonotonicMs: number;
}

export interface HealthLimits {
  /** A record pending longer is late. */
  readonly oldestPendingMs: number;
  readonly scheduleTwoDepth: number;
  /** A clock that is off by more is a warning. */
  readonly clockWarnMs: number;
}

/** The latest commit failed; nothing of it was acknowledged. */
export interface CommitFailure {
  /** Code of the `CounterfoilError`. */
  readonly code: string;
  readonly atMs: number;
}

/** One lane; counts since the gateway's start. */
interface LaneFacts {
  readonly lane: string;
  readonly connections: number;
  readonly lastSeenAtMs: number;
  readonly publishes: number;
  readonly refused: number;
  /** Numbers the lane has left out and not sent since, and since when (UTC). */
  readonly missing: number;
  readonly missingSinceMs: number | null;
  /** How far the till's clock is ahead of ours, by the times of its latest records; null before the first. */
  readonly clockOffsetMs: number | null;
}

/** The shop's own broker as the source of records; counts since the start. */
export interface ExternalFacts {
  readonly url: string;
  readonly role: 'single' | 'active' | 'standby';
  readonly acknowledge: 'after_commit' | 'after_sync';
  /** `standby`: another gateway consumes. `waiting`: this one listens for another, or connects. */
  readonly standing: 'consuming' | 'standby' | 'waiting';
  /** The connection for receipts and status. */
  readonly connected: boolean;
  readonly sessionPresent: boolean | null;
  /** The broker had forgotten our session. */
  readonly sessionLost: boolean;
  /** Delivered and not acknowledged. */
  readonly unacknowledged: number;
  /** Monotonic. */
  readonly oldestUnacknowledgedAtMs: number | null;
  readonly waitingForPms: number;
  readonly sessionsTotal: number;
  readonly takeOversTotal: number;
  readonly contested: boolean;
  readonly discardedTotal: number;
  readonly receiptsDroppedTotal: number;
  readonly problem: { readonly code: string; readonly text: string } | null;
}

export interface IntakeFacts {
  readonly listening: boolean;
  readonly addresses: readonly string[];
  readonly connections: number;
  readonly connectionsLimit: number;
  /** Publishes taken in and not yet answered. */
  readonly queueDepth: number;
  readonly queueLimit: number;
  readonly lanes: readonly LaneFacts[];
  /** Null when lanes connect to the gateway itself. */
  readonly external: ExternalFacts | null;
}

export const LINK_LAYERS = ['dns', 'tcp', 'tls', 'heartbeat', 'delivery'] as const;
export type LinkLayer = (typeof LINK_LAYERS)[number];

export interface LayerFacts {
  readonly verdict: 'ok' | 'fail' | 'unknown';
  readonly latencyMs: number | null;
  /** What is wrong, from a closed list; null unless it fails. */
  readonly code: string | null;
  /** The same as a sentence. */
  readonly reason: string | null;
  /** What to do about it; null unless it fails. */
  readonly advice: string | null;
  readonly atMs: number | null;
}

export interface LinkFacts {
  readonly link: 'ONLINE' | 'DEGRADED' | 'OFFLINE';
  /** UTC. */
  readonly sinceMs: number;
  readonly layers: Readonly<Record<LinkLayer, LayerFacts>>;
  /** UTC when the PMS's certificate and our own for it end; null without TLS, or before the first handshake. */
  readonly certificateUntilMs: number | null;
  readonly clientCertificateUntilMs: number | null;
}

export interface ModeFacts {
  readonly mode: 'NORMAL' | 'FALLBACK' | 'RECONCILING' | 'CAPTURE';
  /** Monotonic. */
  readonly sinceMs: number;
  readonly reasons: readonly string[];
  /** How often each mode was entered since the start. */
  readonly entered: Readonly<Record<ModeFacts['mode'], number>>;
}

/** One stream to the PMS. Times are monotonic, null when it never happened. */
export interface StreamFacts {
  readonly stream: Stream;
  readonly stopped: boolean;
  /** Code of what a person has to mend, null when nothing. */
  readonly alarm: string | null;
  readonly breaker: 'closed' | 'open' | 'half_open';
  readonly lastAttemptAtMs: number | null;
  readonly lastReceiptAtMs: number | null;
  /** Since when something waits without any receipt; null when nothing does. */
  readonly waitingSinceMs: number | null;
  readonly lastFault: string | null;
  readonly attemptsTotal: number;
  readonly receiptsTotal: number;
  readonly settledTotal: number;
  /** Those settled on an answer that proves nothing (`sync.accept_unproved`). */
  readonly unprovedTotal: number;
}

export type StorageMeasure = 'buffer_disk' | 'trail_disk' | 'buffer_bytes' | 'records';

export interface StorageFacts {
  /** The storage breaker's level, and since how long. */
  readonly level: 'CLOSED' | 'HALF_OPEN' | 'OPEN' | 'RESERVE' | 'FULL';
  readonly levelForMs: number;
  /** The largest of the shares, 0 to 1 (above 1 while the ballast is being used), and which one it is. */
  readonly utilisation: number;
  readonly by: StorageMeasure;
  readonly shares: Readonly<Partial<Record<StorageMeasure, number>>>;
  /** Of the data partition. */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Forecast from the trend; null while none can be made or nothing fills up. */
  readonly fullInMs: number | null;
  /** The last measurement failed; the figures are those before. */
  readonly isBlind: boolean;
  readonly ballastBytes: number;
  readonly ballastTargetBytes: number;
  /** Publishes not taken since the start. */
  readonly deferredTotal: Readonly<Record<'schedule_two' | 'controlled' | 'other', number>>;
}

/** The disks themselves; null for what a device does not tell. */
export interface DiskFacts {
  /** Partitions the kernel lets nobody write to. */
  readonly readOnly: readonly ('data' | 'trail')[];
  readonly wear: {
    readonly usedPercent: number | null;
    readonly isFailing: boolean;
    readonly temperatureC: number | null;
  } | null;
  readonly smartReport: 'ok' | 'none' | 'missing' | 'stale' | 'unreadable';
  /** By the gateway's process, at the pace of the last day. */
  readonly writtenPerDayBytes: number | null;
  /** Until the rated volume is written. */
  readonly daysLeft: number | null;
  readonly boxTemperatureC: number | null;
}

/** Who may sign Schedule II records, by the roster in force. */
export interface RosterFacts {
  /** The file could not be used when it was last read: the one before it is in force, or none. */
  readonly broken: boolean;
  /** Pharmacists with a key that is good now. */
  readonly signersNow: number;
  /** Until the first of them has no good key left; null without any. */
  readonly firstEndsInMs: number | null;
}

/** Offsets are what has to be added to this box's clock to get the source's time; null without a source. */
export interface WallClockFacts {
  readonly quality: ClockQuality;
  readonly source: 'ntp' | 'pms' | 'none';
  readonly offsetMs: number | null;
  /** The truth is within this of the offset. */
  readonly uncertaintyMs: number | null;
  /** The same for the PMS's clock, whatever the source. */
  readonly pmsOffsetMs: number | null;
  readonly pmsUncertaintyMs: number | null;
  /** Code of why the clock is doubted; null when it is not. */
  readonly doubt: string | null;
  /** How often somebody set the clock since the start. */
  readonly steps: number;
  /** Each configured time server and what came of its latest poll. */
  readonly servers: readonly { readonly server: string; readonly state: string }[];
}

/** Where settled records go. Times are UTC. */
/** Where reports go. */
export interface DeliveryFacts {
  readonly targets: readonly {
    readonly name: string;
    readonly waiting: number;
    /** UTC; null when nothing waits. */
    readonly oldestMs: number | null;
    readonly delivered: number;
    readonly lastDeliveredMs: number | null;
    readonly fault: {
      readonly code: string;
      readonly sinceMs: number;
      readonly attempts: number;
      readonly message: string;
      readonly hint: string;
    } | null;
  }[];
}

export interface ArchiveFacts {
  readonly records: number;
  readonly bytes: number;
  /** Reception of the first settled record in the buffer, as of the last run. */
  readonly oldestSettledMs: number | null;
  readonly lastRunMs: number | null;
  readonly archivedTotal: number;
  readonly trouble: { readonly code: 'archive_write' | 'archive_damaged'; readonly sinceMs: number } | null;
}

export const TRAIL_LOGS = ['audit', 'schedule_two'] as const satisfies readonly TrailLog[];

/** One trail. */
export interface TrailLogFacts {
  /** Entries fixed by the buffer, and those that are synced in segments. */
  readonly fixedSize: number;
  readonly storedSize: number;
  /** Age of the oldest entry that is not yet synced in a segment; 0 without one. */
  readonly lagMs: number;
  /** The newest that is signed, and when (UTC); of an earlier process, when it was read. */
  readonly checkpoint: {
    readonly size: number;
    readonly note: string;
    /** C2SP verifier key of its signature. */
    readonly verifierKey: string;
    readonly atMs: number;
  } | null;
  /** Entries the PMS has cosigned. */
  readonly cosignedSize: number;
  /** Times are monotonic. */
  readonly witness: {
    /** Code of what is wrong between the PMS and this trail. */
    readonly alarm: string | null;
    /** The latest since the start. */
    readonly cosigned: { readonly note: string; readonly cosignature: string; readonly atMs: number } | null;
    /** Since when it takes batches and does not cosign. */
    readonly unwitnessedSinceMs: number | null;
  };
}

export interface TrailFacts {
  /** Level of protection of the trail's files. */
  readonly worm: 'none' | 'append_only' | 'sealed';
  readonly logs: Readonly<Record<TrailLog, TrailLogFacts>>;
  /** The key by which the PMS cosigns, configured or seen. */
  readonly witnessKey: string | null;
  /** What needs a person. */
  readonly troubles: readonly {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly sinceMs: number;
  }[];
}

/** A setting that is allowed and leaves the box weaker than it could be. */
export interface StandingWarning {
  /** Dotted key of the configuration, or another short name. */
  readonly key: string;
  readonly message: string;
}

/** Who may log in; no names. */
export interface PeopleFacts {
  /** `open`: nobody is defined. `damaged`: the file of users cannot be used. */
  readonly state: 'open' | 'named' | 'damaged';
  readonly trouble: string | null;
  readonly users: number;
  readonly withRole: Readonly<Record<UserRole, number>>;
  readonly withoutSecondFactor: number;
  readonly sessions: number;
  readonly breakGlass: 'none' | 'sealed' | 'used';
  readonly lockedOut: number;
}

export interface HealthSources {
  readonly clock: Clock;
  readonly about: About;
  readonly limits: HealthLimits;
  /** Null while the buffer is not open. */
  buffer(): BufferFacts | null;
  /** Null when the latest commit succeeded, or none was tried. */
  commitFailure(): CommitFailure | null;
  intake(): IntakeFacts;
  /** Null when no link is watched. */
  link(): LinkFacts | null;
  mode(): ModeFacts;
  streams(): readonly StreamFacts[];
  /** Null before the first measurement. */
  storage(): StorageFacts | null;
  disk(): DiskFacts;
  /** Null without `storage.mirror_dir`. */
  mirror(): MirrorFacts | null;
  wallClock(): WallClockFacts;
  /** Null while the trail is not open. */
  trail(): TrailFacts | null;
  /** Null where nothing brings reports out, as in a test of something else. */
  delivery(): DeliveryFacts | null;
  /** Null without an archive. */
  archive(): ArchiveFacts | null;
  /** Null when nothing is uploaded. */
  uploads(): UploadFacts | null;
  /** Null where the configuration names none. */
  roster(): RosterFacts | null;
  warnings(): readonly StandingWarning[];
  /** Null where there are no named users, as in a test of something else. */
  people(): PeopleFacts | null;
  /** Null where no summaries go out. Main fills it in: a summary is made of all the others. */
  push?(): PushFacts | null;
  /** Null where no listener asks for a proof. */
  enrolment(): EnrolmentFacts | null;
  /** UTC, when the certificate of the HTTPS listener ends; null without TLS. The listener fills it in. */
  certificateUntilMs?(): number | null;
}
