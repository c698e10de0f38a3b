/**
 * What somebody with root on the box can do: change a record that waits to be sent, behind the database's triggers, and
 * seal it again with the box's own key. Nothing of the file looks wrong afterwards; only the record's hash tells.
 * Not while a gateway has the file open: it may hold the record in memory already, and then nothing is changed for it.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Epochs } from './epochs.ts';
import { Seals } from './sealed.ts';

interface Row {
  readonly record_id: number;
  readonly pack: number;
  readonly slot: number;
  readonly sealed: Buffer;
}

const PENDING_NEWEST_FIRST = `SELECT r.record_id, r.pack, r.slot, c.sealed FROM record r JOIN record c ON c.record_id = r.pack
  WHERE r.state = 0 ORDER BY r.record_id DESC`;
const GUARD = 'record_is_never_edited';

/** Multiplies the quantity of the newest pending record by ten. Gives its sequence, or null when none is pending. */
export function alterPending(dataDir: string): number | null {
  const db = new Database(join(dataDir, 'buffer.db'), { fileMustExist: true });
  try {
    db.pragma('synchronous = FULL');
    return db.transaction(() => alterOne(db, dataDir)).immediate();
  } finally {
    db.close();
  }
}

function alterOne(db: Database.Database, dataDir: string): number | null {
  const seals = new Seals(db, dataDir);
  for (const { record_id, pack, slot, sealed } of db.prepare<[], Row>(PENDING_NEWEST_FIRST).all()) {
    const payloads = seals.openPack(pack, sealed);
    const altered = payloads === null ? null : withMore(payloads[slot]);
    if (payloads === null || altered === null) continue;
    const changed = seals.sealPack(pack, payloads.with(slot, altered), sealed);
    unguarded(db, () => db.prepare('UPDATE record SET sealed = ? WHERE record_id = ?').run(changed, pack));
    return new Epochs(db).placeOf(record_id).sequence;
  }
  return null;
}

/** The record with ten times its quantity; null when it has none that is a whole number. */
function withMore(payload: Buffer | undefined): Buffer | null {
  if (payload === undefined) return null;
  const record = JSON.parse(payload.toString('utf8')) as Record<string, unknown>;
  const { quantity } = record;
  if (typeof quantity !== 'number') return null;
  return Buffer.from(JSON.stringify({ ...record, quantity: quantity * 10 }));
}

/** Runs `work` without the trigger that forbids it, and puts the trigger back. */
function unguarded(db: Database.Database, work: () => void): void {
  const trigger = db.prepare<[string], { sql: string }>('SELECT sql FROM sqlite_schema WHERE name = ?').get(GUARD);
  db.exec(`DROP TRIGGER IF EXISTS ${GUARD}`);
  work();
  if (trigger !== undefined) db.exec(trigger.sql);
}
