/**
 * The reference PMS's SQLite file. Made for reading by others too: whoever wants to know what the PMS holds can open
 * it with the `sqlite3` shell while the server runs.
 *
 * - `records`: one row per accepted key of a gateway. `deliveries` counts how often it was sent, retries included.
 * - `places`: one row per used number of a stream, whatever used it: a record, a refused record or a gap marker.
 *   A stream's next number is the highest place plus one, so order and content cannot disagree.
 * - `batches`: answers by batch key, so that a repeated batch gets the answer whose delivery failed.
 * - `checkpoints`: what gateways signed about their trails, kept as a witness outside the store.
 * - `cosigned`: the newest checkpoint of each origin that this PMS has cosigned; `log_keys`: whose signature counts for a
 *   gateway's trail, pinned when it was first seen (delete a row to let a new key in); `cosigner`: this PMS's own key.
 */

/** `application_id` of the file ("CFPM"): opening another program's database by mistake must not add tables to it. */
export const APPLICATION_ID = 0x4346504d;
export const SCHEMA_VERSION = 2;

export const SCHEMA = `
CREATE TABLE records (
  id INTEGER PRIMARY KEY,
  gateway_id TEXT NOT NULL,
  epoch TEXT NOT NULL,
  stream TEXT NOT NULL,
  stream_sequence INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  sequence_id TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  lane TEXT NOT NULL,
  lane_hash TEXT NOT NULL,
  payload_hash TEXT NOT NULL,
  schedule TEXT NOT NULL,
  flags TEXT NOT NULL,
  received_at_utc TEXT NOT NULL,
  payload TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('accepted', 'pending_verification', 'declined')),
  lookups_left INTEGER,
  decision TEXT CHECK (decision IN ('verified', 'declined')),
  verifier_id TEXT,
  verified_at_utc TEXT,
  first_delivered_at_utc TEXT NOT NULL,
  last_delivered_at_utc TEXT NOT NULL,
  deliveries INTEGER NOT NULL DEFAULT 1,
  UNIQUE (idempotency_key, gateway_id)
) STRICT;

CREATE TABLE places (
  gateway_id TEXT NOT NULL,
  epoch TEXT NOT NULL,
  stream TEXT NOT NULL,
  stream_sequence INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  idempotency_key TEXT,
  payload_hash TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('stored', 'rejected', 'noted')),
  reason TEXT,
  record_id INTEGER REFERENCES records (id),
  used_at_utc TEXT NOT NULL,
  PRIMARY KEY (gateway_id, epoch, stream, stream_sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX places_rejected ON places (idempotency_key) WHERE status = 'rejected';

CREATE TABLE batches (
  id INTEGER PRIMARY KEY,
  gateway_id TEXT NOT NULL,
  epoch TEXT NOT NULL,
  stream TEXT NOT NULL,
  first_sequence INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL,
  batch_key TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  answer TEXT NOT NULL,
  answered_at_utc TEXT NOT NULL,
  UNIQUE (gateway_id, batch_key)
) STRICT;

CREATE INDEX batches_of_stream ON batches (gateway_id, epoch, stream);

CREATE TABLE checkpoints (
  gateway_id TEXT NOT NULL,
  epoch TEXT NOT NULL,
  stream TEXT NOT NULL,
  checkpoint TEXT NOT NULL,
  received_at_utc TEXT NOT NULL,
  PRIMARY KEY (gateway_id, epoch, stream, checkpoint)
) STRICT, WITHOUT ROWID;
`;

/** What version 2 added. */
export const WITNESS_SCHEMA = `
CREATE TABLE cosigned (
  origin TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  root BLOB NOT NULL,
  note TEXT NOT NULL,
  cosigned_at_utc TEXT NOT NULL
) STRICT;

CREATE TABLE log_keys (
  gateway_id TEXT NOT NULL,
  log TEXT NOT NULL,
  public_key BLOB NOT NULL,
  first_seen_utc TEXT NOT NULL,
  PRIMARY KEY (gateway_id, log)
) STRICT, WITHOUT ROWID;

CREATE TABLE cosigner (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  private_key TEXT NOT NULL
) STRICT;
`;
