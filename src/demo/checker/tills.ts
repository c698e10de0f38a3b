/**
 * What the tills were promised, from their outboxes. A till holds its file locked while it runs, so the files are copied
 * first, and the copies read: between two looks at the main file and at the head of its write-ahead log that agree, the
 * log was only appended to, and SQLite itself drops a tail that was cut off in the middle (sqlite.org/fileformat2.html,
 * section 4.4).
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { sha256 } from './canonical.ts';

/** One publish a till has kept. */
export interface TillRecord {
  readonly lane: string;
  /** SHA-256 (hex) under which the gateway may hold it: `lane_hash`, and that of the bytes, which names what is no record. */
  readonly hashes: readonly string[];
  /** False while the gateway has not acknowledged it: then nothing was promised. */
  readonly acknowledged: boolean;
}

interface OutboxRow {
  readonly lane_hash: string | null;
  readonly bytes: Buffer | null;
  readonly state: string;
}

const COPY_TRIES = 100;
const WAL_HEADER_BYTES = 32;

/** Reads every outbox (`*.db`) of a folder; tills may be running. Throws when one cannot be read. */
export function readTills(folder: string): TillRecord[] {
  const outboxes = readdirSync(folder).filter((name) => name.endsWith('.db'));
  const copies = mkdtempSync(join(tmpdir(), 'counterfoil-check-'));
  try {
    return outboxes.flatMap((name) => {
      const copy = join(copies, name);
      copyDatabase(join(folder, name), copy);
      return readOutbox(copy);
    });
  } finally {
    rmSync(copies, { recursive: true, force: true });
  }
}

function readOutbox(file: string): TillRecord[] {
  const db = new Database(file, { fileMustExist: true });
  try {
    const verdict = db.pragma('quick_check', { simple: true });
    if (verdict !== 'ok') throw new Error(`outbox ${basename(file)} is damaged: ${String(verdict)}`);
    const lane = db.prepare<[], string>('SELECT lane FROM lane').pluck().get() ?? basename(file, '.db');
    const rows = db.prepare<[], OutboxRow>('SELECT lane_hash, bytes, state FROM record ORDER BY position').all();
    return rows.map(({ lane_hash, bytes, state }) => ({
      lane,
      hashes: [...(lane_hash === null ? [] : [lane_hash]), ...(bytes === null ? [] : [sha256(bytes)])],
      acknowledged: state !== 'kept',
    }));
  } finally {
    db.close();
  }
}

/** Copies a SQLite file and its write-ahead log as they are at one moment, while another process may write to them. */
function copyDatabase(from: string, to: string): void {
  for (let tries = 1; ; tries += 1) {
    const before = stamp(from);
    copyFileSync(from, to);
    if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`);
    if (stamp(from) === before) return;
    rmSync(`${to}-wal`, { force: true });
    if (tries >= COPY_TRIES) throw new Error(`${from} changes too fast to be copied`);
  }
}

/** Changes whenever the main file is written to or the log starts anew, not when the log grows. */
function stamp(file: string): string {
  const { mtimeNs, size } = statSync(file, { bigint: true });
  const header = Buffer.alloc(WAL_HEADER_BYTES);
  if (existsSync(`${file}-wal`)) {
    const log = openSync(`${file}-wal`, 'r');
    readSync(log, header, 0, WAL_HEADER_BYTES, 0);
    closeSync(log);
  }
  return `${mtimeNs} ${size} ${header.toString('hex')}`;
}
