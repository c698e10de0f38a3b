-- Format 2: what waits for a person, signed acts, lanes in training, receipts that prove nothing, epochs that take a
-- backlog along, and a way to find a stream's place without reading the whole table.

-- 1: the PMS named key and hash. 0: it named neither, and the configuration lets that count (sync.accept_unproved).
ALTER TABLE delivery ADD COLUMN proof INTEGER NOT NULL DEFAULT 1 CHECK (proof IN (0, 1));
CREATE INDEX delivery_unproved ON delivery (delivery_id) WHERE proof = 0;

-- State the record had when its marker entered the line (4 SET_ASIDE, 5 QUARANTINED): it outlives the review.
ALTER TABLE gap ADD COLUMN state INTEGER;
UPDATE gap SET state = (SELECT state FROM record WHERE record.record_id = gap.record_id);

-- A later epoch may begin below records that wait for the PMS: they get numbers in it. Numbers on the wire are those of
-- the rows less these; rows above opened_after were taken in this epoch, and their `intake` entries say so.
ALTER TABLE epoch ADD COLUMN base_standard INTEGER NOT NULL DEFAULT 0;
ALTER TABLE epoch ADD COLUMN base_schedule_two INTEGER NOT NULL DEFAULT 0;
ALTER TABLE epoch ADD COLUMN opened_after INTEGER NOT NULL DEFAULT 0;

-- A PMS that asks for an earlier place (409). The standard stream needs none: its numbers rise with record_id.
CREATE INDEX record_two ON record (stream_sequence) WHERE schedule = 2;
CREATE INDEX record_waits_for_person ON record (record_id) WHERE state IN (3, 4, 5, 6);
CREATE INDEX evidence_waits_for_person ON evidence (evidence_id) WHERE state IN (7, 8);

-- A person's signed act, as signed. Final, like the trail entries that name it.
CREATE TABLE act (
  act_id       TEXT PRIMARY KEY,
  step         TEXT NOT NULL CHECK (step IN ('release', 'dismiss', 'resolve', 'epoch')),
  statement    TEXT NOT NULL,
  signature    TEXT NOT NULL,
  key_id       TEXT NOT NULL,
  printed_name TEXT NOT NULL,
  meaning      TEXT NOT NULL,
  signed_ms    INTEGER NOT NULL,
  done_ms      INTEGER NOT NULL,
  log          INTEGER NOT NULL,
  trail_index  INTEGER NOT NULL,
  leaf         BLOB NOT NULL CHECK (length(leaf) = 32)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER act_is_final BEFORE UPDATE ON act
BEGIN SELECT RAISE(ABORT, 'counterfoil: a signed act is final'); END;
CREATE TRIGGER act_stays BEFORE DELETE ON act
BEGIN SELECT RAISE(ABORT, 'counterfoil: a signed act is never deleted'); END;

-- Lanes in training, and their practice records: apart from all others, without bytes, gone when training ends.
CREATE TABLE lane_training (
  lane     INTEGER PRIMARY KEY REFERENCES lane,
  until_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE practice (
  practice_id  INTEGER PRIMARY KEY AUTOINCREMENT,
  lane         INTEGER NOT NULL REFERENCES lane,
  key          BLOB NOT NULL CHECK (length(key) = 16),
  received_ms  INTEGER NOT NULL,
  flags        INTEGER NOT NULL,
  lane_hash    BLOB NOT NULL CHECK (length(lane_hash) = 32),
  payload_hash BLOB NOT NULL CHECK (length(payload_hash) = 32),
  log          INTEGER NOT NULL,
  trail_index  INTEGER NOT NULL,
  leaf         BLOB NOT NULL CHECK (length(leaf) = 32),
  UNIQUE (lane, key)
) STRICT;

-- A reconciliation run: from the loss of the line until the queue is empty, or it is lost again. Its outcomes are the
-- entries of trail schedule_two from began_index on; manifest_index is the signed entry that ends it, NULL where it
-- carried no Schedule II record.
CREATE TABLE reconciliation (
  run            INTEGER PRIMARY KEY,
  began_ms       INTEGER NOT NULL,
  began_index    INTEGER NOT NULL,
  ended_ms       INTEGER,
  manifest_index INTEGER
) STRICT;
CREATE UNIQUE INDEX reconciliation_open ON reconciliation (ended_ms IS NULL) WHERE ended_ms IS NULL;

-- The gateway's own signing key (Ed25519): public as SPKI, private as PKCS #8 sealed like a record's bytes.
CREATE TABLE gateway_key (
  kid        TEXT PRIMARY KEY,
  public_key BLOB NOT NULL,
  sealed     BLOB NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
