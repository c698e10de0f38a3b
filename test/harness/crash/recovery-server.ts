/**
 * The side of a recovery process (recovery.ts starts it): reads folders line by line, recovers each as the program under
 * test would at its start, and answers in order.
 */
import { createInterface } from 'node:readline';

export interface RecoveryAnswer {
  /** Null when the folder opened; else why it did not. */
  readonly error: string | null;
}

/** Serves until standard input ends. `recover` opens and closes what lies in a folder; what it throws is the answer. */
export async function serveRecovery(recover: (folder: string) => Promise<void> | void): Promise<void> {
  for await (const folder of createInterface({ input: process.stdin })) {
    let error: string | null = null;
    try {
      await recover(folder);
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
    }
    process.stdout.write(`${JSON.stringify({ error } satisfies RecoveryAnswer)}\n`);
  }
}
