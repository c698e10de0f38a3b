/** The words of the benchmark: what is measured, where, and what one measurement holds. Types and closed lists only. */

/** How many connections publish at once, and how many unacknowledged records each may have. */
export interface Point {
  readonly name: string;
  readonly connections: number;
  readonly inFlight: number;
}

export const POINTS: readonly Point[] = [
  { name: '1x1', connections: 1, inFlight: 1 },
  { name: '8x1', connections: 8, inFlight: 1 },
  { name: '32x1', connections: 32, inFlight: 1 },
  { name: '8x32', connections: 8, inFlight: 32 },
];

/** A thing that takes records: the gateway (alone, or answering subscribed receipts too) or one of its peers. */
export type SystemName = 'gateway' | 'gateway-receipts' | 'gateway-bare' | 'ceiling' | 'rabbitmq' | 'python';

/** What `--only` may name. `gateway-receipts` is chosen by `--receipts`. */
export const PARTS = ['raw', 'gateway', 'ceiling', 'rabbitmq', 'python', 'preloaded'] as const;
export type Part = (typeof PARTS)[number];

/** How people read a system in tables. */
export const SYSTEM_TITLES: Readonly<Record<SystemName, string>> = {
  gateway: 'Counterfoil',
  'gateway-receipts': 'Counterfoil, receipts on',
  'gateway-bare': 'Counterfoil without its trail',
  ceiling: 'aedes alone (stores nothing)',
  rabbitmq: 'RabbitMQ quorum queue',
  python: 'Mosquitto + Python + SQLite',
};

/**
 * What counts as acknowledged. `puback`: the broker's PUBACK. `message`: a message the consumer publishes to the
 * lane's receipt topic after its commit, because the broker's PUBACK in front of it says nothing about the disk.
 */
export type Acknowledgement = 'puback' | 'message';

/** One run of the load process, as its parent orders it. */
export interface LoadOrder {
  readonly port: number;
  readonly username: string | null;
  readonly password: string | null;
  readonly connections: number;
  readonly inFlight: number;
  readonly acknowledgement: Acknowledgement;
  /** Subscribe to the lanes' receipts and acknowledge them. */
  readonly receipts: boolean;
  /** Time before the window in which records flow but are not measured. */
  readonly rampMs: number;
  /** Length of the measured window; with `records` set, only a limit. */
  readonly windowMs: number;
  /** Publish exactly this many and measure all of them; null: publish until the window is over. */
  readonly records: number | null;
  /** How many idempotency keys to make before the clock starts; the run fails when they are used up. */
  readonly keys: number;
}

/** What the load process saw. */
export interface LoadResult {
  readonly windowMs: number;
  readonly ackedInWindow: number;
  /** Ramp, window and drain together: what the server's counters are divided by. */
  readonly ackedTotal: number;
  readonly receiptsTotal: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Share of one core the load process itself used; near 1 it was the limit, not the server. */
  readonly loadCores: number;
}

/** One system at one point: in a round, or the median over rounds. */
export interface Sample {
  readonly recordsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly cpuSecondsPerThousand: number;
  /** Largest sum of VmRSS over the system's processes while records flowed. */
  readonly loadRssBytes: number;
  /** `write_bytes` of the system's processes per record: pages made dirty, without the file system's own journal. */
  readonly bytesPerRecord: number;
  /** Bytes the block device took per record: with the journal, and with whatever else the machine wrote. */
  readonly deviceBytesPerRecord: number | null;
  readonly syncsPerRecord: number | null;
  readonly loadCores: number;
}

/** Raw 4 KiB write and sync, without any server: what the disk allows one writer at a time. */
export interface RawSync {
  readonly appendP50Ms: number;
  readonly appendP99Ms: number;
  readonly overwriteP50Ms: number;
  readonly overwriteP99Ms: number;
}

/** A system over all rounds. `points` maps a point's name to its median. */
export interface SystemResult {
  readonly name: SystemName;
  readonly version: string;
  readonly readyMs: number;
  readonly idleRssBytes: number;
  readonly points: ReadonlyMap<string, Sample>;
}

/** The gateway with many records in its buffer against the same gateway without. */
export interface PreloadedResult {
  readonly preloadedRecords: number;
  readonly fillRecordsPerSecond: number;
  /** By point name: records a second with an empty and with the filled buffer. */
  readonly rates: ReadonlyMap<string, { readonly empty: number; readonly filled: number }>;
  readonly emptyReadyMs: number;
  readonly filledReadyMs: number;
  readonly emptyIdleRssBytes: number;
  readonly filledIdleRssBytes: number;
  readonly emptyLoadRssBytes: number;
  readonly filledLoadRssBytes: number;
}

/** Everything one run of the benchmark found. */
export interface BenchResult {
  readonly startedAtUtcMs: number;
  readonly windowSeconds: number;
  readonly rounds: number;
  readonly machine: readonly string[];
  readonly raw: RawSync | null;
  readonly systems: readonly SystemResult[];
  readonly preloaded: PreloadedResult | null;
  /** What was not measured, and why. */
  readonly skipped: readonly string[];
}
