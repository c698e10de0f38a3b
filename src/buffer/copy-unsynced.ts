/** What of a copied buffer has not reached the PMS, in counts. */
import { withCopy } from './copy.ts';

export interface Unsynced {
  readonly schedule: string;
  readonly state: string;
  readonly records: number;
}

/** Every state that waits for something, by schedule; Schedule II first. Throws what opening a buffer throws. */
export function unsyncedOf(path: string): Unsynced[] {
  return withCopy(path, (db) =>
    db
      .prepare<[], Unsynced>(
        `SELECT schedule, sync_status AS state, count(*) AS records FROM offline_transaction_buffer
         WHERE sync_status NOT IN ('SYNCED', 'RESOLVED')
         GROUP BY schedule, sync_status ORDER BY schedule = 'II' DESC, schedule, sync_status`,
      )
      .all(),
  );
}
