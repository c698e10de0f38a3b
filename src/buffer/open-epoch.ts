/** Opening a new epoch from outside: takes the lock, so that no gateway can be running, makes the change and lets go. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { EpochAct, EpochOpened } from './epoch.ts';
import { bufferPaths, openForWriting, quickCheck, readBoxKey } from './files.ts';
import { lockDataDir } from './lock.ts';
import { bootId } from './open.ts';
import { storageError } from './storage-error.ts';
import { Writer } from './writer.ts';

export interface PresentEpoch {
  /** The epoch that is about to end. */
  readonly epoch: string;
}

/**
 * Opens the next epoch of the buffer in `dataDir` by a signed act whose signature the caller has checked; `act` is called
 * under the lock, so what it names is still so when the epoch is opened. Throws what `act` throws,
 * `buffer_locked` while a gateway runs, `review_stale` when records wait that could not be numbered again, and what
 * opening a buffer throws.
 */
export function openNewEpoch(dataDir: string, clock: Clock, act: (present: PresentEpoch) => EpochAct): EpochOpened {
  const paths = bufferPaths(dataDir);
  const unlock = lockDataDir(dataDir);
  try {
    const db = openForWriting(paths.db);
    try {
      quickCheck(db, paths.db);
      const writer = new Writer(db, { clock, bootId: bootId(), boxKey: readBoxKey(paths) });
      return writer.openEpoch(act({ epoch: writer.facts().epoch }), randomBytes(4).toString('hex'));
    } finally {
      db.close();
    }
  } catch (error) {
    throw storageError(error);
  } finally {
    unlock();
  }
}
