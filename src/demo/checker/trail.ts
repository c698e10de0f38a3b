/**
 * Follows both trails from the first entry to the last, after docs/FORMATS.md: the segments, and above them the rows of the
 * buffer. Entries that stand in both must be the same. In the buffer, entries of kind `intake` are not stored as text: they
 * are rebuilt from the record rows they speak of, so a changed row breaks the chain just as a changed entry does.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { canonicalText } from './canonical.ts';
import { type Epochs, SCHEDULES } from './epochs.ts';
import { type StoredLine, storedLines } from './segments.ts';

const TRAILS = ['audit', 'schedule_two'] as const;

interface Entry {
  readonly index: number;
  /** As stored. */
  readonly leaf: Buffer;
  /** What the entry is about, for people. */
  readonly about: string;
  textAfter(previousLeaf: string): string;
}

interface CarrierRow {
  readonly pack: number;
  readonly trail_index: number;
  readonly leaf: Buffer;
  readonly boot_id: string;
  readonly monotonic_ms: number;
  readonly committed_ms: number;
}

interface MemberRow {
  readonly record_id: number;
  readonly lane: string;
  readonly schedule: number;
  readonly lane_hash: Buffer;
  readonly payload_hash: Buffer;
  readonly received_ms: number;
  readonly clock: number;
  readonly flags: number;
}

/** What is wrong with the trails, one sentence for each trail that is broken: only its first break says anything. */
export function trailProblems(db: Database.Database, trailDir: string, epochs: Epochs): string[] {
  return TRAILS.flatMap((name, log) => {
    // Rows first: an entry that leaves the buffer meanwhile is in the segments before.
    const entries = [...intakeEntries(db, log, epochs), ...textEntries(db, log)];
    const stored = db.prepare<[number], number>('SELECT stored_size FROM trail_store WHERE log = ?').pluck().get(log);
    const problem = problemOf(() => firstBreak(merged(storedLines(join(trailDir, name)), entries, stored ?? 0)));
    return problem === null ? [] : [`trail ${name}: ${problem}`];
  });
}

/** A sentence that was thrown is a problem too. */
function problemOf(look: () => string | null): string | null {
  try {
    return look();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Throws where the segments have less than the buffer has let go, or something else than the buffer holds. */
function merged(lines: readonly StoredLine[], entries: readonly Entry[], stored: number): Entry[] {
  if (lines.length < stored)
    throw new Error(`the segments hold ${lines.length} entries, ${stored} have left the buffer`);
  for (const { index, leaf, about } of entries) {
    const line = lines[index];
    if (line !== undefined && leaf.toString('base64') !== line.leaf)
      throw new Error(`entry ${index} (${about}) is another in the segments`);
  }
  const inBuffer = new Map(entries.map((entry) => [entry.index, entry]));
  const inSegments = lines.map(
    ({ text, leaf }, index): Entry =>
      inBuffer.get(index) ?? { index, leaf: Buffer.from(leaf, 'base64'), about: 'an event', textAfter: () => text },
  );
  return [...inSegments, ...entries.filter(({ index }) => index >= lines.length)].sort((a, b) => a.index - b.index);
}

function firstBreak(entries: readonly Entry[]): string | null {
  let previous = Buffer.alloc(32).toString('base64');
  for (const [place, entry] of entries.entries()) {
    if (entry.index > place) return `entry ${place} is missing`;
    if (entry.index < place) return `entry ${entry.index} is there twice`;
    const text = entry.textAfter(previous);
    if (!leafOf(text).equals(entry.leaf)) return `entry ${place} (${entry.about}) is not what its hash was taken of`;
    const stated = JSON.parse(text) as { readonly i?: unknown; readonly p?: unknown };
    if (stated.i !== place || stated.p !== previous)
      return `entry ${place} (${entry.about}) does not continue the chain`;
    previous = entry.leaf.toString('base64');
  }
  return null;
}

/** RFC 6962, section 2.1. */
function leafOf(text: string): Buffer {
  return createHash('sha256')
    .update(Buffer.from([0]))
    .update(text)
    .digest();
}

function textEntries(db: Database.Database, log: number): Entry[] {
  const rows = db.prepare<[number], { i: number; entry: string; leaf: Buffer }>(
    'SELECT i, entry, leaf FROM trail_entry WHERE log = ?',
  );
  return rows.all(log).map(({ i, entry, leaf }) => ({ index: i, leaf, about: 'an event', textAfter: () => entry }));
}

function intakeEntries(db: Database.Database, log: number, epochs: Epochs): Entry[] {
  const carriers = db.prepare<[number], CarrierRow>(
    `SELECT record_id AS pack, trail_index, leaf, boot_id, monotonic_ms, committed_ms FROM record JOIN boot USING (boot)
     WHERE pack = record_id AND (schedule = 2) = ?`,
  );
  const members = db.prepare<[number], MemberRow>(
    `SELECT record_id, lane.name AS lane, schedule, lane_hash, payload_hash, received_ms, clock, flags
     FROM record JOIN lane USING (lane) WHERE pack = ? ORDER BY slot`,
  );
  return carriers.all(log).map((carrier) => intakeEntry(carrier, members.all(carrier.pack), epochs));
}

function intakeEntry(carrier: CarrierRow, members: readonly MemberRow[], epochs: Epochs): Entry {
  const records = members.map((row) => [
    epochs.sequenceWhenTaken(row.record_id),
    row.lane,
    SCHEDULES[row.schedule],
    row.lane_hash.toString('base64'),
    row.payload_hash.toString('base64'),
    row.received_ms,
    row.clock,
    row.flags,
  ]);
  const [first, last] = [records[0]?.[0], records.at(-1)?.[0]];
  return {
    index: carrier.trail_index,
    leaf: carrier.leaf,
    about: first === last ? `record ${first}` : `records ${first} to ${last}`,
    textAfter: (previousLeaf) =>
      canonicalText({
        b: carrier.boot_id,
        i: carrier.trail_index,
        k: 'intake',
        m: carrier.monotonic_ms,
        p: previousLeaf,
        r: { records },
        t: new Date(carrier.committed_ms).toISOString(),
      }),
  };
}
