/** The records of a buffer and its archive, opened for a search: read-only, also beside a running gateway. */
import { existsSync } from 'node:fs';
import { CounterfoilError } from '../base/errors.ts';
import { mayHold } from './archive/bloom.ts';
import { FrameReader, type FrameRow } from './archive/frames.ts';
import { KeptReader } from './archive/kept.ts';
import { type ArchivedFrame, archivePath, type KeptRecord, type RecordSource, type RowGlance } from './archive-api.ts';
import { scheduleName, stateName, streamName } from './codes.ts';
import { bufferPaths, openForReading, readBoxKey } from './files.ts';
import { readKeyring } from './keyring.ts';

const ROWS_AT_ONCE = 512;
const FRAMES_AT_ONCE = 64;

/**
 * Opens the buffer in `dataDir` and the archive in `archiveDir`. Throws `config_invalid` where there is no buffer, and what
 * opening one throws.
 */
export function openRecords(dataDir: string, archiveDir: string): RecordSource {
  const paths = bufferPaths(dataDir);
  if (!existsSync(paths.db)) {
    const hint = 'Check data_dir; the gateway makes a buffer at its first start.';
    throw new CounterfoilError('config_invalid', `there is no buffer in ${dataDir}`, hint);
  }
  const boxKey = readBoxKey(paths);
  const db = openForReading(paths.db);
  try {
    const ring = readKeyring(db, boxKey);
    const kept = new KeptReader(db, ring);
    const frames = new FrameReader(db, ring, archiveDir);
    const gateway = db.prepare<[], { value: string }>("SELECT value FROM meta WHERE name = 'gateway_id'").get();
    return {
      gatewayId: gateway?.value ?? '',
      fromBuffer: (keep) => rowsOf(kept, keep),
      fromArchive: () => framesOf(frames),
      close: () => db.close(),
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

function* rowsOf(kept: KeptReader, keep: (row: RowGlance) => boolean): Generator<KeptRecord> {
  for (let after = 0; ; ) {
    const rows = kept.rowsFrom(after, ROWS_AT_ONCE);
    for (const row of rows) {
      after = row.recordId;
      const glance = { schedule: scheduleName(row.schedule), state: stateName(row.state), lane: row.lane };
      if (!keep({ ...glance, receivedMs: row.receivedMs })) continue;
      // Null: it has left for the archive since, and is found there.
      const record = kept.kept(row);
      if (record !== null) yield record;
    }
    if (rows.length < ROWS_AT_ONCE) return;
  }
}

function* framesOf(frames: FrameReader): Generator<ArchivedFrame> {
  for (let after = 0; ; ) {
    const rows = frames.framesAfter(after, FRAMES_AT_ONCE);
    for (const row of rows) {
      after = row.frame;
      yield frameOf(frames, row);
    }
    if (rows.length < FRAMES_AT_ONCE) return;
  }
}

function frameOf(frames: FrameReader, row: FrameRow): ArchivedFrame {
  const stream = streamName(row.stream);
  let opened: ReturnType<FrameReader['open']> | undefined;
  const open = () => {
    opened ??= frames.open(row);
    return opened;
  };
  return {
    fromMs: row.fromMs,
    toMs: row.toMs,
    stream,
    file: archivePath({ stream, month: row.month, part: row.part }),
    count: row.records,
    mayHold(values) {
      const frame = open();
      return frame === null || values.some((value) => mayHold(frame.help, value));
    },
    records: () => open()?.records() ?? null,
  };
}
