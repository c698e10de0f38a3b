/**
 * Reads a buffer's trails as a stranger would, from docs/FORMATS.md alone: rebuilds every `intake` entry, hashes every
 * entry, follows the chain, and checks that rows and entries tell the same.
 */
import { createHash } from 'node:crypto';
import type { Database } from 'better-sqlite3';

interface Carrier {
  record_id: number;
  trail_index: number;
  monotonic_ms: number;
  committed_ms: number;
  boot_id: string;
  leaf: Buffer;
}

interface Row {
  record_id: number;
  lane: string;
  schedule: number;
  lane_hash: Buffer;
  payload_hash: Buffer;
  received_ms: number;
  clock: number;
  flags: number;
}

const SCHEDULES: Record<number, string> = { 0: 'NONE', 2: 'II', 3: 'III', 4: 'IV', 5: 'V' };

/** record_id before sequence 1 when this row was taken. */
function baseWhenTaken(db: Database): (recordId: number) => number {
  const epochs = db
    .prepare<[], { base: number; after: number }>(
      'SELECT base_record_id AS base, opened_after AS after FROM epoch ORDER BY ordinal DESC',
    )
    .all();
  return (recordId) => epochs.find(({ after }) => recordId > after)?.base ?? 0;
}

function entries(db: Database, log: 0 | 1): Map<number, { text: (previous: string) => string; leaf: Buffer }> {
  const found = new Map<number, { text: (previous: string) => string; leaf: Buffer }>();
  const stored = db.prepare<[number], { i: number; entry: string; leaf: Buffer }>(
    'SELECT i, entry, leaf FROM trail_entry WHERE log = ?',
  );
  for (const { i, entry, leaf } of stored.all(log)) found.set(i, { text: () => entry, leaf });
  const carriers = db.prepare<[number], Carrier>(
    `SELECT r.record_id, trail_index, monotonic_ms, committed_ms, boot_id, leaf FROM record r JOIN boot b ON b.boot = r.boot
     WHERE r.pack = r.record_id AND (r.schedule = 2) = ?`,
  );
  const members = db.prepare<[number], Row>(
    `SELECT record_id, name AS lane, schedule, lane_hash, payload_hash, received_ms, clock, flags
     FROM record r JOIN lane l ON l.lane = r.lane WHERE pack = ? ORDER BY slot`,
  );
  const baseOf = baseWhenTaken(db);
  for (const carrier of carriers.all(log)) {
    if (found.has(carrier.trail_index)) throw new Error(`trail ${log} has two entries ${carrier.trail_index}`);
    const records = members
      .all(carrier.record_id)
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
    const text = (previous: string) =>
      JSON.stringify({
        b: carrier.boot_id,
        i: carrier.trail_index,
        k: 'intake',
        m: carrier.monotonic_ms,
        p: previous,
        r: { records },
        t: new Date(carrier.committed_ms).toISOString(),
      });
    found.set(carrier.trail_index, { text, leaf: carrier.leaf });
  }
  return found;
}

/** Throws at the first thing that is not as the formats say. */
export function checkChain(db: Database): void {
  for (const log of [0, 1] as const) {
    const all = entries(db, log);
    let previous = Buffer.alloc(32).toString('base64');
    for (let i = 0; i < all.size; i += 1) {
      const entry = all.get(i);
      if (entry === undefined) throw new Error(`trail ${log} lacks entry ${i} of ${all.size}`);
      const text = entry.text(previous);
      const leaf = createHash('sha256')
        .update(Buffer.from([0]))
        .update(text)
        .digest();
      if (!leaf.equals(entry.leaf)) throw new Error(`trail ${log} entry ${i}: leaf does not match`);
      const parsed = JSON.parse(text);
      if (parsed.i !== i || parsed.p !== previous) throw new Error(`trail ${log} entry ${i}: chain broken`);
      previous = leaf.toString('base64');
    }
  }
  const ids = db.prepare<[], { record_id: number }>('SELECT record_id FROM record ORDER BY record_id').all();
  ids.forEach(({ record_id }, at) => {
    if (record_id !== at + 1) throw new Error(`sequence ${at + 1} is missing`);
  });
}
