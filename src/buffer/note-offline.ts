/** One trail entry written while no gateway runs. */
import type { Clock } from '../base/clock.ts';
import type { TrailBodyOf, TrailKind } from '../record/trail-kinds.ts';
import type { TrailLog, TrailPlace } from './api.ts';
import { bufferPaths, openForWriting, readBoxKey } from './files.ts';
import { lockDataDir } from './lock.ts';
import { bootId } from './open.ts';
import { storageError } from './storage-error.ts';
import { Writer } from './writer.ts';

/** Throws `buffer_locked` while a gateway runs, and what opening a buffer throws. */
export function noteOffline<K extends TrailKind>(
  dataDir: string,
  clock: Clock,
  log: TrailLog,
  kind: K,
  body: TrailBodyOf<K>,
): TrailPlace {
  const paths = bufferPaths(dataDir);
  const unlock = lockDataDir(dataDir);
  try {
    const db = openForWriting(paths.db);
    try {
      return new Writer(db, { clock, bootId: bootId(), boxKey: readBoxKey(paths) }).note(log, kind, body);
    } finally {
      db.close();
    }
  } catch (error) {
    throw storageError(error);
  } finally {
    unlock();
  }
}
