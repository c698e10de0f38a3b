/**
 * Rebuilds both trails from their segments and, above these, from the rows of a buffer, and follows their chain from the
 * first entry to the last. What stands in both must be the same. In the buffer, entries of kind `intake` are not stored as
 * text: their bytes follow from the record rows of their pack, so a changed row breaks the chain like a changed entry.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { canonicalJson } from './canonical.ts';
import { readSegments } from './segments.ts';

const TRAILS = ['audit', 'schedule_two'] as const;
const NO_LEAF = Buffer.alloc(32);
const SCHEDULES: Readonly<Record<number, string>> = { 0: 'NONE', 2: 'II', 3: 'III', 4: 'IV', 5: 'V' };

interface Link {
  readonly index: number;
  /** Leaf as stored. */
  readonly leaf: Buffer;
  /** The entry, given the leaf before it. */
  readonly entry: (previous: Buffer) => string;
  /** What the rows of a pack say of its records. */
  readonly records?: readonly unknown[];
}

interface PackRow {
  readonly pack: number;
  readonly trail_index: number;
  readonly leaf: Buffer;
  readonly boot_id: string;
  readonly monotonic_ms: number;
  readonly committed_ms: number;
  readonly two: number;
}

interface StatedRow {
  readonly record_id: number;
  readonly lane: string;
  readonly schedule: number;
  readonly lane_hash: Buffer;
  readonly payload_hash: Buffer;
  readonly received_ms: number;
  readonly clock: number;
  readonly flags: number;
}

/** RFC 6962, section 2.1: SHA-256 of a zero byte and the entry. */
export function leafHash(entry: string): Buffer {
  return createHash('sha256')
    .update(Buffer.from([0]))
    .update(entry, 'utf8')
    .digest();
}

/** record_id before sequence 1, as it was when this row was taken: an epoch counts for the rows above its `opened_after`. */
function baseWhenTaken(db: Database.Database): (recordId: number) => number {
  const epochs = db
    .prepare<[], { base: number; after: number }>(
      'SELECT base_record_id AS base, opened_after AS after FROM epoch ORDER BY ordinal DESC',
    )
    .all();
  return (recordId) => epochs.find(({ after }) => recordId > after)?.base ?? 0;
}

function intakeLinks(db: Database.Database, trail: number): Link[] {
  const baseOf = baseWhenTaken(db);
  const packs = db.prepare<[], PackRow>(
    `SELECT record_id AS pack, trail_index, leaf, boot_id, monotonic_ms, committed_ms, schedule = 2 AS two
     FROM record JOIN boot USING (boot) WHERE sealed IS NOT NULL ORDER BY record_id`,
  );
  const members = db.prepare<[number], StatedRow>(
    `SELECT record_id, lane.name AS lane, schedule, lane_hash, payload_hash, received_ms, clock, flags
     FROM record JOIN lane USING (lane) WHERE pack = ? ORDER BY slot`,
  );
  const ofTrail = packs.all().filter(({ two }) => two === trail);
  return ofTrail.map((pack) => {
    const records = members
      .all(pack.pack)
      .map((row) => [
        row.record_id - baseOf(row.record_id),
        row.lane,
        SCHEDULES[row.schedule],
        row.lane_hash.toString('base64'),
        row.payload_hash.toString('base64'),
        row.received_ms,
        row.clock,
        row.flags,
      ]);
    const head = { b: pack.boot_id, i: pack.trail_index, k: 'intake', m: pack.monotonic_ms };
    const entry = (previous: Buffer) =>
      canonicalJson({
        ...head,
        p: previous.toString('base64'),
        r: { records },
        t: new Date(pack.committed_ms).toISOString(),
      });
    return { index: pack.trail_index, leaf: pack.leaf, entry, records };
  });
}

function textLinks(db: Database.Database, trail: number): Link[] {
  const rows = db.prepare<[number], { i: number; entry: string; leaf: Buffer }>(
    'SELECT i, entry, leaf FROM trail_entry WHERE log = ? ORDER BY i',
  );
  return rows.all(trail).map(({ i, entry, leaf }) => ({ index: i, leaf, entry: () => entry }));
}

/** A pack on its way to the archive: some of its rows have gone, and those that are left are what the entry states. */
function isLeaving({ leaf, records }: Link, text: string): boolean {
  if (records === undefined || !leafHash(text).equals(leaf)) return false;
  const stated = (JSON.parse(text) as { r: { records: unknown[] } }).r.records.map((each) => JSON.stringify(each));
  return records.length < stated.length && records.every((each) => stated.includes(JSON.stringify(each)));
}

/** A trail as its segments and the rows above them tell it. */
export interface WholeTrail {
  /** Texts from index 0 on, up to the first broken place. */
  readonly texts: readonly string[];
  /** At most the first. */
  readonly problems: readonly string[];
}

/** One trail (0 audit, 1 schedule_two); its problems are at most the first broken place. */
export function wholeTrail(db: Database.Database, trailDir: string, trail: 0 | 1): WholeTrail {
  const name = TRAILS[trail];
  // Rows first: an entry that leaves them in between is in the segments by then.
  const rows = new Map<number, Link>();
  const texts: string[] = [];
  const broken = (what: string): WholeTrail => ({ texts, problems: [`trail ${name} ${what}`] });
  for (const link of [...intakeLinks(db, trail), ...textLinks(db, trail)]) {
    if (rows.has(link.index)) return broken(`entry ${link.index} is there twice`);
    rows.set(link.index, link);
  }
  const stored = db.prepare<[number], number>('SELECT stored_size FROM trail_store WHERE log = ?').pluck().get(trail);
  const { entries, problems } = readSegments(join(trailDir, name));
  if (problems.length > 0) return broken(problems.join('; '));
  if ((stored ?? 0) > entries.length)
    return broken(`has ${entries.length} entries in segments, ${stored} are gone from the buffer`);
  let previous: Buffer = NO_LEAF;
  const end = Math.max(entries.length, ...[...rows.keys()].map((index) => index + 1));
  for (let place = 0; place < end; place += 1) {
    const where = `entry ${place}`;
    const row = rows.get(place);
    const inSegment = entries[place];
    if (row === undefined && inSegment === undefined) return broken(`${where} is missing`);
    const text = inSegment?.text ?? row?.entry(previous) ?? '';
    const isWhole = row === undefined || inSegment === undefined || !isLeaving(row, inSegment.text);
    const leaf = leafHash(isWhole ? (row?.entry(previous) ?? text) : text);
    if (row !== undefined && !leaf.equals(row.leaf)) return broken(`${where} does not match its leaf`);
    if (inSegment !== undefined && leaf.toString('base64') !== inSegment.leaf)
      return broken(`${where} is another in the segments`);
    const stated = JSON.parse(text) as { i: unknown; p: unknown };
    if (stated.i !== place || stated.p !== previous.toString('base64'))
      return broken(`${where} does not continue the chain`);
    texts.push(text);
    previous = leaf;
  }
  return { texts, problems: [] };
}

/** Every entry of one trail of a gateway's data_dir, as text, oldest first. Throws when it is broken. */
export function readWholeTrail(dataDir: string, trail: 0 | 1): readonly string[] {
  const db = new Database(join(dataDir, 'buffer.db'), { readonly: true, fileMustExist: true });
  try {
    const { texts, problems } = db.transaction(() => wholeTrail(db, join(dataDir, 'trail'), trail))();
    if (problems.length > 0) throw new Error(problems.join('; '));
    return texts;
  } finally {
    db.close();
  }
}
