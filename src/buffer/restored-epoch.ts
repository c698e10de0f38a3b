/** What a restored or rescued buffer file needs before a gateway may start on it, and what such a start must know. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { EpochAct, EpochOpened } from './epoch.ts';
import { RESTORED } from './epoch.ts';
import { openForReading, openForWriting } from './files.ts';
import { bootId } from './open.ts';
import type { PresentEpoch } from './open-epoch.ts';
import { storageError } from './storage-error.ts';
import { Writer } from './writer.ts';

export interface RestoredFile {
  /** The buffer file; nobody else has it open. */
  readonly path: string;
  readonly boxKey: Uint8Array;
  /** SHA-256 of the backup's manifest, base64. */
  readonly backup: string;
  readonly madeAtMs: number;
  /** Signs, knowing the epoch that ends; null: nobody does. */
  readonly act: ((present: PresentEpoch) => EpochAct) | null;
}

/**
 * Opens the new epoch in the file and folds its WAL back, so that the file alone is the buffer. Throws `key_missing` when the
 * box key is another box's, and what opening a buffer throws.
 */
export function openRestoredEpoch({ path, boxKey, backup, madeAtMs, act }: RestoredFile, clock: Clock): EpochOpened {
  try {
    const db = openForWriting(path);
    try {
      const writer = new Writer(db, { clock, bootId: bootId(), boxKey });
      const signed = act === null ? null : act({ epoch: writer.facts().epoch });
      const opened = writer.openEpoch({ act: signed, backup, madeAtMs }, randomBytes(4).toString('hex'));
      db.pragma('wal_checkpoint(TRUNCATE)');
      return opened;
    } finally {
      db.close();
    }
  } catch (error) {
    throw storageError(error);
  }
}

/** Whether the buffer was restored and no person has signed an epoch since. */
export function isRestoredUnsigned(path: string): boolean {
  const db = openForReading(path);
  try {
    const newest = db
      .prepare<[], { reason: string; opened_ms: number }>(
        'SELECT reason, opened_ms FROM epoch ORDER BY ordinal DESC LIMIT 1',
      )
      .get();
    if (newest?.reason !== RESTORED) return false;
    const signed = db.prepare("SELECT 1 FROM act WHERE step = 'epoch' AND done_ms = ?").get(newest.opened_ms);
    return signed === undefined;
  } catch (error) {
    throw storageError(error);
  } finally {
    db.close();
  }
}
