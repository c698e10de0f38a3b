/** Limits of the link stage, with their defaults. */

export interface ProbeOptions {
  /** Base address of the PMS; may have a path. */
  readonly pmsUrl: string;
  /** Time for one attempt of one layer. */
  readonly timeoutMs: number;
  /** Further TCP attempts after the first. */
  readonly tcpRetries: number;
  /** The wait before retry n is uniform in [0.5, 1) of base * 2^n. */
  readonly tcpRetryBaseMs: number;
  /** PEM authorities to trust instead of Node's; null: Node's. */
  readonly ca: string | null;
  /** Client certificate and key (mTLS), PEM; null: none. */
  readonly cert: string | null;
  readonly key: string | null;
}

export interface LinkOptions extends ProbeOptions {
  /** From the end of one round of probes to the begin of the next. */
  readonly heartbeatMs: number;
  /** Failed heartbeats in a row until OFFLINE. */
  readonly offlineAfter: number;
  /** Passed heartbeats in a row until ONLINE, after a missed one. */
  readonly onlineAfter: number;
  /** A wait without receipt that is longer fails the delivery layer. */
  readonly deliveryLimitMs: number;
  /** How often the delivery layer is looked at: a wait grows without an event. */
  readonly deliveryTickMs: number;
  /** The trail hears of a layer that goes to and fro about this often. */
  readonly journalEveryMs: number;
}

export const LINK_DEFAULTS: Omit<LinkOptions, 'pmsUrl'> = {
  timeoutMs: 5_000,
  tcpRetries: 3,
  tcpRetryBaseMs: 250,
  ca: null,
  cert: null,
  key: null,
  heartbeatMs: 15_000,
  offlineAfter: 3,
  onlineAfter: 2,
  deliveryLimitMs: 25_000,
  deliveryTickMs: 1_000,
  journalEveryMs: 300_000,
};

/** The kernel asks whether the peer still lives after a connection was idle for this long. */
export const TCP_KEEP_ALIVE_MS = 15_000;
