/** The segments of one trail, in a folder of theirs. */
import { join } from 'node:path';
import { CounterfoilError } from '../base/errors.ts';
import { MAX_SEGMENT, type SealedLog } from '../base/sealer-wire.ts';
import { GuardedFolder, type KeptFile } from './guarded-folder.ts';

/** A segment is ended at this size, so this much is reserved for each: enough to go on for a while on a full disk. */
const RESERVED_BYTES = 8 * 1024 * 1024;

export interface SegmentFile extends KeptFile {
  readonly n: number;
}

const SEGMENT_NAME = /^s\d{8}\.log$/;

export const segmentName = (n: number) => `s${String(n).padStart(8, '0')}.log`;

export class SegmentFolder extends GuardedFolder {
  constructor(trailDir: string, log: SealedLog) {
    super(join(trailDir, log), log, SEGMENT_NAME);
  }

  /** All segments by number. Throws `trail_unfit` for one that is not a plain file of ours. */
  list(): SegmentFile[] {
    return this.files().map((file) => ({ ...file, n: Number(file.name.slice(1, 9)) }));
  }

  /** The newest segment that holds anything; null without one. */
  newest(): SegmentFile | null {
    return this.list().findLast(({ sizeBytes }) => sizeBytes > 0) ?? null;
  }

  /** Makes segment `n`: empty, append-only, its space reserved. Throws `storage_full`, `trail_unfit`. */
  async create(n: number): Promise<void> {
    if (n > MAX_SEGMENT) throw new CounterfoilError('usage', 'there are no more segment numbers', 'Open a new trail.');
    await this.make(segmentName(n), RESERVED_BYTES);
  }
}
