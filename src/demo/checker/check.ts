/**
 * The independent checker: reads the tills' outboxes, the gateway's buffer and the PMS's database with code of its own
 * and says whether every promise was kept. Safe to run beside all of them.
 */
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { readBuffer } from './buffer-file.ts';
import { type Expected, judge } from './judge.ts';
import { readPms } from './pms-file.ts';
import { readTills } from './tills.ts';
import type { Verdict } from './verdict.ts';

export interface CheckedFiles {
  /** Folder of the lanes' outboxes. */
  readonly outboxes: string;
  readonly dataDir: string;
  /** SQLite file of the reference PMS. */
  readonly pmsDb: string;
}

/** Throws `storage_io` when one of the three cannot be read at all: that is no verdict. */
export function check(files: CheckedFiles, expected: Expected): Verdict {
  // In this order, see judge.ts.
  const tills = readable('the outboxes', files.outboxes, readTills);
  const buffer = readable('the buffer', files.dataDir, readBuffer);
  const pms = readable('the PMS database', files.pmsDb, readPms);
  return judge({ tills, buffer, pms }, expected);
}

function readable<T>(what: string, path: string, read: (path: string) => T): T {
  try {
    return read(path);
  } catch (error) {
    throw new CounterfoilError(
      'storage_io',
      `${what} in ${path} cannot be read: ${messageOf(error)}`,
      'Check the paths; the gateway and the PMS may be running, or must have ended cleanly.',
      error,
    );
  }
}
