/** What a line is like, whichever way it is made. */
export type Discipline = 'fifo' | 'fair';

/** How much a line of packets keeps before it drops, as time at its speed: a plain router's. */
export const QUEUE_MS = 200;

export interface LineShape {
  readonly roundTripMs: number;
  /** From those who connect to the target. */
  readonly upBitsPerSecond: number;
  readonly downBitsPerSecond: number;
  readonly discipline: Discipline;
  /** `model`: a proxy that behaves like a line; else the kernel's TCP with this congestion control over a line of packets. */
  readonly congestion: 'model' | 'bbr' | 'cubic' | 'reno';
}

export interface LineCounts {
  /** Of the TCP payloads, what was sent again included. */
  readonly upBytes: number;
  readonly downBytes: number;
  /** UTC ms of the first byte towards the target; null before it. */
  readonly firstByteAtMs: number | null;
}
