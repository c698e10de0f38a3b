/** Whose outbox a file is: one row that is written when the file is made and read at every start. */
import { randomUUID } from 'node:crypto';
import type Database from 'better-sqlite3';
import { CounterfoilError } from '../base/errors.ts';

export interface OutboxOwner {
  readonly store: string;
  readonly lane: string;
}

export interface LaneIdentity {
  /** UUID of this installation of the till. A re-imaged till has a new file, so a new one, and counts from 1 again. */
  readonly laneInstance: string;
  /** The buffer this till last spoke to, or null before the first. */
  readonly epoch: string | null;
  /** Newest checkpoint this till was shown, or null. */
  readonly checkpoint: string | null;
}

interface LaneRow extends OutboxOwner {
  readonly lane_instance: string;
  readonly epoch: string | null;
  readonly checkpoint: string | null;
}

/** Writes the row of a new file, then reads it. Throws `config_invalid` when the file is another till's. */
export function claimLane(db: Database.Database, { store, lane }: OutboxOwner): LaneIdentity {
  db.prepare('INSERT OR IGNORE INTO lane VALUES (1, ?, ?, ?, 1, NULL, NULL)').run(store, lane, randomUUID());
  const row = db.prepare<[], LaneRow>('SELECT * FROM lane').get();
  if (row?.store !== store || row.lane !== lane) {
    throw new CounterfoilError(
      'config_invalid',
      `this outbox belongs to lane ${row?.lane} of store ${row?.store}`,
      'give every lane an outbox file of its own',
    );
  }
  return { laneInstance: row.lane_instance, epoch: row.epoch, checkpoint: row.checkpoint };
}

/** The next lane sequence; call it in the transaction that keeps the record, so that no number is ever missing. */
export function takeLaneSequence(db: Database.Database): number {
  const sql = 'UPDATE lane SET next_lane_sequence = next_lane_sequence + 1 RETURNING next_lane_sequence - 1';
  const taken = db.prepare<[], number>(sql).pluck().get();
  if (taken === undefined) throw new CounterfoilError('buffer_damaged', 'the outbox names no lane', 'keep the file');
  return taken;
}
