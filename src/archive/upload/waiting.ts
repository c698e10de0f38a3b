/** What is closed and not yet in the object store: segments below the one being written, and sealed files of the archive. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type ArchiveFileName, archivePath } from '../../buffer/api.ts';
import type { Ledger, UploadLog } from './ledger.ts';

/** A file that waits. */
export interface Waiting {
  readonly path: string;
  /** Its place in trail_dir, and in the store's folder. */
  readonly name: string;
  readonly bytes: number;
  readonly changedMs: number;
  readonly of:
    | { readonly kind: 'segment'; readonly log: UploadLog; readonly n: number }
    | { readonly kind: 'archive'; readonly file: string };
}

export interface ClosedFiles {
  readonly trailDir: string;
  readonly ledger: Ledger;
  /** Number of the segment a trail is being written to; null while there is none. */
  readonly openSegment: (log: UploadLog) => number | null;
  readonly sealedParts: () => readonly ArchiveFileName[];
}

/** How many files are looked at in one go: a box that turns uploads on late has thousands. */
const MOST = 1000;

/** Schedule II first, then the audit trail, then the archive; each oldest first. Files that are not there are left out. */
export function waitingFiles({ trailDir, ledger, openSegment, sealedParts }: ClosedFiles): Waiting[] {
  const found: Waiting[] = [];
  const add = (name: string, of: Waiting['of']) => {
    const path = join(trailDir, name);
    const about = statSync(path, { throwIfNoEntry: false });
    if (about !== undefined) found.push({ path, name, bytes: about.size, changedMs: Math.trunc(about.mtimeMs), of });
  };
  for (const log of ['schedule_two', 'audit'] as const) {
    const open = openSegment(log) ?? 0;
    for (let n = ledger.nextSegment(log); n < open && found.length < MOST; n += 1) {
      add(`${log}/s${String(n).padStart(8, '0')}.log`, { kind: 'segment', log, n });
    }
  }
  for (const name of sealedParts()) {
    const file = archivePath(name);
    if (found.length < MOST && !ledger.hasArchive(file)) add(`archive/${file}`, { kind: 'archive', file });
  }
  return found;
}
