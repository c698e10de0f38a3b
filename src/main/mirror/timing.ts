/** How often the mirror is brought up to date. */
export interface MirrorTiming {
  /** From an answer to the next tick: with the time a tick takes, well under a second. */
  readonly tickMs: number;
  /** After a fault; doubled each time, up to the longest. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
  /** After the process has ended. */
  readonly respawnMs: number;
  /** How long a clean stop waits for each of its steps. */
  readonly lastTickMs: number;
}

export const MIRROR_TIMING: MirrorTiming = {
  tickMs: 200,
  retryMs: 1000,
  longestRetryMs: 10_000,
  respawnMs: 5000,
  lastTickMs: 3000,
};
