/** What health is told of uploads. */

/** Copies of closed segments and archive files in an object store. */
export interface UploadFacts {
  readonly waitingFiles: number;
  readonly waitingBytes: number;
  /** Last change of the file that waits longest, UTC ms; null when none does. */
  readonly oldestMs: number | null;
  readonly uploadedTotal: number;
  readonly lastStoredMs: number | null;
  readonly fault: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly sinceMs: number;
  } | null;
}
