/** What is simulated, with every assumption as a number, and what is found. */
/** What a PMS that has no room says besides `503`. */
export type RoomPolicy =
  /** Nothing. */
  | 'bare'
  /** `Retry-After: 30`, to everybody. */
  | 'fixed'
  /** `Retry-After` reckoned from what is queued and what it has promised others: its own rate, handed out in slots. */
  | 'rate';

/** How a gateway tries again. */
export type RetryPolicy =
  /** Every 5 s, whatever was said. */
  | 'fixed'
  /** 1, 2, 4 … 60 s, without jitter, whatever was said. */
  | 'exponential'
  /** The same, but never before `Retry-After` is over. */
  | 'exponential-obeying'
  /** The product's own code. */
  | 'counterfoil';

/** `line`: the gateways ran through the outage and tried. `power`: they all start within one second. */
export type Comeback = 'line' | 'power';

export interface Scenario {
  readonly name: string;
  readonly retry: RetryPolicy;
  readonly room: RoomPolicy;
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'every 5 s', retry: 'fixed', room: 'bare' },
  { name: 'exponential, no jitter', retry: 'exponential', room: 'bare' },
  { name: 'exponential, no jitter, obeys Retry-After: 30', retry: 'exponential-obeying', room: 'fixed' },
  { name: 'Counterfoil, PMS says nothing', retry: 'counterfoil', room: 'bare' },
  { name: 'Counterfoil, Retry-After: 30', retry: 'counterfoil', room: 'fixed' },
  { name: 'Counterfoil, the PMS gives the rate', retry: 'counterfoil', room: 'rate' },
];

export interface World {
  readonly stores: number;
  /** Mean backlog of a store; each has 0.5 to 1.5 times as much. */
  readonly standardRecords: number;
  readonly scheduleTwoRecords: number;
  /** Records in a request of the naive ones; the product's own code has its own mind about it. */
  readonly batches: { readonly standard: number; readonly scheduleTwo: number };
  readonly oneWayMs: number;
  /** Upload of one record, on top. */
  readonly uploadMsPerRecord: number;
  /** How long an attempt takes that nobody answers. */
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How long the line was away in `line`; long enough for every back-off to reach its cap. */
  readonly outageMs: number;
  /** Span in which all start in `power`. */
  readonly startSpanMs: number;
  /** The simulation ends so long after the come-back at the latest. */
  readonly limitMs: number;
  readonly pms: PmsOptions;
}

export interface PmsOptions {
  readonly workers: number;
  /** A worker's time for a request and for each record in it. */
  readonly requestMs: number;
  readonly recordMs: number;
  /** What a refusal takes of the workers' time: TLS, token, reading a body to its end. */
  readonly refusalMs: number;
  /** Requests that may wait for a worker; one more gets `503`. */
  readonly queueLimit: number;
  /** Requests a second that are read at all, refused ones and heartbeats included. */
  readonly frontPerSecond: number;
  /** Requests that may wait to be read; one more is not even accepted. */
  readonly frontLimit: number;
  /** Seconds of `Retry-After` under `fixed`. */
  readonly fixedRetrySeconds: number;
}

export const WORLD: World = {
  stores: 10_000,
  standardRecords: 3_000,
  scheduleTwoRecords: 360,
  batches: { standard: 500, scheduleTwo: 20 },
  oneWayMs: 40,
  uploadMsPerRecord: 0.16,
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 30_000,
  outageMs: 300_000,
  startSpanMs: 1_000,
  limitMs: 3_600_000,
  pms: {
    workers: 50,
    requestMs: 20,
    recordMs: 0.16,
    refusalMs: 5,
    queueLimit: 1_000,
    frontPerSecond: 4_000,
    frontLimit: 4_000,
    fixedRetrySeconds: 30,
  },
};

/** One value for each second after the come-back. */
export interface Series {
  readonly offered: readonly number[];
  readonly served: readonly number[];
}

export interface HerdResult {
  readonly scenario: Scenario;
  readonly comeback: Comeback;
  readonly series: Series;
  /** Largest work offered in a second over what the workers do in one. */
  readonly peakOverCapacity: number;
  readonly peakRequestsPerSecond: number;
  /** Seconds in which more than twice the capacity was offered. */
  readonly overloadedSeconds: number;
  readonly requests: number;
  /** Requests that were refused, not accepted, or given up, and the records that went up with them for nothing. */
  readonly wasted: number;
  readonly wastedRecords: number;
  /** Seconds until half, 99 % and all of the stores had nothing left; null: not within the simulation. */
  readonly halfSeconds: number | null;
  readonly mostSeconds: number | null;
  readonly allSeconds: number | null;
  /** Until no store had Schedule II left. */
  readonly scheduleTwoSeconds: number | null;
}
