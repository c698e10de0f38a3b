/** The buffer while no gateway runs: held under its lock, to write trail entries of what is done meanwhile. */
import { existsSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { CounterfoilError } from '../base/errors.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import type { TrailLog } from './api.ts';
import { bufferPaths, openForWriting, quickCheck, readBoxKey } from './files.ts';
import { readKeyring } from './keyring.ts';
import { lockDataDir } from './lock.ts';
import { bootId } from './open.ts';
import { storageError } from './storage-error.ts';
import { Writer } from './writer.ts';

export interface BufferAlone {
  /** On disk when it returns. */
  noteAccess(log: TrailLog, body: TrailBodyOf<'access'>): void;
  filterHash(filter: string): string;
  close(): void;
}

/** Throws `buffer_locked` while a gateway runs, `config_invalid` where there is no buffer, and what opening one throws. */
export function openAlone(dataDir: string, clock: Clock): BufferAlone {
  const paths = bufferPaths(dataDir);
  if (!existsSync(paths.db)) {
    const hint = 'Check data_dir; the gateway makes a buffer at its first start.';
    throw new CounterfoilError('config_invalid', `there is no buffer in ${dataDir}`, hint);
  }
  const unlock = lockDataDir(dataDir);
  try {
    const db = openForWriting(paths.db);
    try {
      quickCheck(db, paths.db);
      const boxKey = readBoxKey(paths);
      const writer = new Writer(db, { clock, bootId: bootId(), boxKey });
      const ring = readKeyring(db, boxKey);
      return {
        noteAccess: (log, body) => void writer.note(log, 'access', body),
        filterHash: (filter) => ring.filterHash(filter),
        close() {
          db.close();
          unlock();
        },
      };
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    unlock();
    throw storageError(error);
  }
}
