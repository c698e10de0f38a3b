/**
 * The stored bytes of the records that some `intake` entries tell of, for figures that the trail has no room for. Beside a
 * running gateway and never in its way: short reads, so that the WAL can be folded back between them.
 */
import type { Database } from 'better-sqlite3';
import { FrameReader } from './archive/frames.ts';
import { KeptReader } from './archive/kept.ts';
import { logName, streamName } from './codes.ts';
import { bufferPaths, openForReading, readBoxKey } from './files.ts';
import { readKeyring } from './keyring.ts';
import type { TrailLog } from './trail-api.ts';

/** Whether an `intake` entry's records are asked for. */
export type WantsIntake = (log: TrailLog, index: number) => boolean;

const ROWS_AT_ONCE = 1024;
const FRAMES_AT_ONCE = 32;

/**
 * Payloads in no particular order, each record once, null for one whose bytes cannot be read any more.
 * @throws what opening a buffer throws.
 */
export function* readPayloads(
  dataDir: string,
  archiveDir: string,
  wants: WantsIntake,
): Generator<Buffer | string | null, undefined> {
  const paths = bufferPaths(dataDir);
  const boxKey = readBoxKey(paths);
  const db = openForReading(paths.db);
  try {
    const ring = readKeyring(db, boxKey);
    const seen = new Set<number>();
    yield* fromBuffer(db, new KeptReader(db, ring), wants, seen);
    yield* fromArchive(new FrameReader(db, ring, archiveDir), wants, seen);
  } finally {
    db.close();
  }
  return undefined;
}

function* fromBuffer(
  db: Database,
  kept: KeptReader,
  wants: WantsIntake,
  seen: Set<number>,
): Generator<Buffer | null, undefined> {
  const rows = db.prepare<[number, number], { record: number; slot: number; pack: number }>(
    'SELECT record_id AS record, slot, pack FROM record WHERE record_id > ? ORDER BY record_id LIMIT ?',
  );
  const carriers = db.prepare<[number], { two: number; i: number }>(
    'SELECT (schedule = 2) AS two, trail_index AS i FROM record WHERE record_id = ?',
  );
  // Packs of one commit lie among each other: a page at a time is remembered.
  const wanted = new Map<number, boolean>();
  const isWanted = (pack: number): boolean => {
    const known = wanted.get(pack);
    if (known !== undefined) return known;
    const carrier = carriers.get(pack);
    const is = carrier !== undefined && wants(logName(carrier.two), carrier.i);
    wanted.set(pack, is);
    return is;
  };
  for (let after = 0; ; ) {
    const page = rows.all(after, ROWS_AT_ONCE);
    for (const { record, slot, pack } of page) {
      after = record;
      if (!isWanted(pack)) continue;
      seen.add(record);
      yield kept.open(pack)?.payloads?.[slot] ?? null;
    }
    if (page.length < ROWS_AT_ONCE) return undefined;
    wanted.clear();
  }
}

function* fromArchive(
  frames: FrameReader,
  wants: WantsIntake,
  seen: ReadonlySet<number>,
): Generator<string | null, undefined> {
  for (let after = 0; ; ) {
    const page = frames.framesAfter(after, FRAMES_AT_ONCE);
    for (const frame of page) {
      after = frame.frame;
      const log: TrailLog = streamName(frame.stream) === 'schedule_two' ? 'schedule_two' : 'audit';
      for (const { record_id: id, trail, payload } of frames.open(frame)?.records() ?? []) {
        if (wants(log, trail.index) && !seen.has(id)) yield payload;
      }
    }
    if (page.length < FRAMES_AT_ONCE) return undefined;
  }
}
