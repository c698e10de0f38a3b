/**
 * How full the gateway is: the largest of several shares, each of which alone would stop it. Pure.
 *
 * Bytes are counted as they can be used: free pages inside the buffer's file take new records without a byte of disk, so
 * they count as free; the ballast is room that is meant to be given up, so it counts as used whether it is there or not.
 */

/** Bytes of one filesystem as an unprivileged process sees them (statfs: blocks − bfree, bavail). */
export interface Space {
  readonly usedBytes: number;
  readonly freeBytes: number;
}

export interface StorageReading {
  readonly bufferDisk: Space;
  /** Null while it cannot be measured: a lost partition is another part's trouble, not a full one. */
  readonly trailDisk: Space | null;
  /** The buffer's files: database and write-ahead log. */
  readonly bufferBytes: number;
  /** Of them, free pages. */
  readonly reusableBytes: number;
  readonly records: number;
  readonly ballastBytes: number;
}

export interface StorageLimits {
  readonly openAt: number;
  readonly closeAt: number;
  readonly reserveAt: number;
  /** From here on settled records leave for the archive before their time. */
  readonly reclaimAt: number;
  readonly maxBytes: number | null;
  readonly maxRecords: number | null;
  /** Size the ballast has when nothing is short. */
  readonly ballastBytes: number;
  /** What must stay free on a filesystem for the next commit to have a chance: the write-ahead log's growth. */
  readonly minFreeBytes: number;
  /** With less free than this the ballast is given up for the next Schedule II record. */
  readonly giveUpBelowBytes: number;
}

export type StorageMeasure = 'buffer_disk' | 'trail_disk' | 'buffer_bytes' | 'records';

export interface Utilisation {
  /** 0 to 1, above 1 where the ballast has been given up and is being used. */
  readonly share: number;
  /** Which measure it is. */
  readonly by: StorageMeasure;
  /** A limit is reached: nothing more fits, Schedule II included. */
  readonly isFull: boolean;
  readonly shares: Readonly<Partial<Record<StorageMeasure, number>>>;
}

export function utilisationOf(reading: StorageReading, limits: StorageLimits): Utilisation {
  const { bufferDisk, trailDisk, bufferBytes, reusableBytes, records, ballastBytes } = reading;
  const missingBallast = Math.max(0, limits.ballastBytes - ballastBytes);
  const held = bufferBytes - reusableBytes;
  const shares: Partial<Record<StorageMeasure, number>> = {
    buffer_disk: shareOf(bufferDisk, missingBallast - reusableBytes),
    ...(trailDisk === null ? {} : { trail_disk: shareOf(trailDisk, 0) }),
    ...(limits.maxBytes === null ? {} : { buffer_bytes: held / limits.maxBytes }),
    ...(limits.maxRecords === null ? {} : { records: records / limits.maxRecords }),
  };
  const [by, share] = largest(shares);
  const noRoom = ballastBytes === 0 && bufferDisk.freeBytes + reusableBytes < limits.minFreeBytes;
  const overLimit = (shares.buffer_bytes ?? 0) >= 1 || (shares.records ?? 0) >= 1;
  return { share, by, isFull: noRoom || overLimit, shares };
}

function shareOf({ usedBytes, freeBytes }: Space, moreUsedBytes: number): number {
  const total = usedBytes + freeBytes;
  return total === 0 ? 1 : Math.max(0, usedBytes + moreUsedBytes) / total;
}

function largest(shares: Readonly<Partial<Record<StorageMeasure, number>>>): [StorageMeasure, number] {
  let found: [StorageMeasure, number] = ['buffer_disk', shares.buffer_disk ?? 0];
  for (const by of ['trail_disk', 'buffer_bytes', 'records'] as const) {
    const share = shares[by];
    if (share !== undefined && share > found[1]) found = [by, share];
  }
  return found;
}

/** A hundredth of the filesystem, between 2 and 64 MiB: room for thousands of Schedule II records. */
export function ballastFor({ usedBytes, freeBytes }: Space): number {
  const MIB = 1024 * 1024;
  return Math.round(Math.min(64 * MIB, Math.max(2 * MIB, (usedBytes + freeBytes) / 100)));
}
