-- Format 1 of the buffer: one SQLite file in WAL mode, 1 KiB pages, STRICT tables.
-- Why it looks like this (measured, see docs/decisions/0004): a commit of one record should dirty one page.
-- So a record's row also carries, when it is the first of its commit group and trail, the sealed bytes of the whole
-- group ("pack") and the trail entry's place; and the key and fill indexes are merged in slices, not row by row.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One life of the buffer. sequence = record_id - base_record_id for the records above base_record_id.
CREATE TABLE epoch (
  ordinal        INTEGER PRIMARY KEY,
  epoch          TEXT NOT NULL UNIQUE CHECK (epoch GLOB '[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]'),
  predecessor    TEXT,
  reason         TEXT NOT NULL,
  base_record_id INTEGER NOT NULL,
  opened_ms      INTEGER NOT NULL
) STRICT;

-- Machine boots, so that a row can say in a byte which monotonic clock it was taken on.
CREATE TABLE boot (
  boot    INTEGER PRIMARY KEY,
  boot_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE lane (
  lane INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- A till installation that numbers its own records.
CREATE TABLE lane_instance (
  instance INTEGER PRIMARY KEY,
  lane     INTEGER NOT NULL REFERENCES lane,
  name     TEXT NOT NULL,
  last_sequence INTEGER NOT NULL DEFAULT 0,      -- as of index_merge.record_id
  UNIQUE (lane, name)
) STRICT;

-- Data keys, each wrapped (AES-256-GCM) under the box's key. purpose: 1 seals payloads, 2 keys the look-up hashes.
CREATE TABLE data_key (
  key_id     INTEGER PRIMARY KEY,
  purpose    INTEGER NOT NULL CHECK (purpose IN (1, 2)),
  wrapped    BLOB NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE state (
  state INTEGER PRIMARY KEY,
  name  TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO state VALUES
  (0, 'PENDING'), (1, 'SYNCED'), (2, 'AWAITING_VERIFICATION'), (3, 'REJECTED'), (4, 'SET_ASIDE'),
  (5, 'QUARANTINED'), (6, 'HELD'), (7, 'REFUSED'), (8, 'CONFLICT'), (9, 'RESOLVED');

-- The only steps a state may take; a trigger below holds every program to it.
CREATE TABLE state_step (
  from_state INTEGER NOT NULL REFERENCES state,
  to_state   INTEGER NOT NULL REFERENCES state,
  PRIMARY KEY (from_state, to_state)
) STRICT, WITHOUT ROWID;
INSERT INTO state_step VALUES
  (0, 1), (0, 2), (0, 3), (0, 4), (0, 5),
  (2, 1), (2, 3), (2, 4), (2, 5),
  (6, 0), (6, 5), (6, 9),
  (3, 9), (4, 9), (5, 9), (7, 9), (8, 9);

CREATE TABLE record (
  record_id       INTEGER PRIMARY KEY,
  state           INTEGER NOT NULL REFERENCES state,
  schedule        INTEGER NOT NULL CHECK (schedule IN (0, 2, 3, 4, 5)),
  stream_sequence INTEGER,                       -- NULL while HELD
  lane            INTEGER NOT NULL REFERENCES lane,
  instance        INTEGER REFERENCES lane_instance,
  lane_sequence   INTEGER,
  received_ms     INTEGER NOT NULL,              -- gateway's wall clock, ms since 1970
  clock           INTEGER NOT NULL CHECK (clock IN (0, 1, 2)), -- unknown, synchronised, unsynchronised
  flags           INTEGER NOT NULL,              -- bits, see src/record/types.ts FLAGS
  pack            INTEGER NOT NULL,              -- record_id of the row whose `sealed` holds this record's bytes
  slot            INTEGER NOT NULL,              -- position inside that pack
  key             BLOB NOT NULL CHECK (length(key) = 16),     -- keyed hash of the idempotency key
  fill            BLOB CHECK (length(fill) = 16),             -- keyed hash of prescription, fill and partial number
  undoes          INTEGER,                       -- VOID, RETURN: record_id of the record whose sale it undoes
  prior           INTEGER,                       -- sale of a fill that already had a standing sale: that one's record_id
  lane_hash       BLOB NOT NULL CHECK (length(lane_hash) = 32),
  payload_hash    BLOB NOT NULL CHECK (length(payload_hash) = 32),
  -- Carrier columns: only where pack = record_id.
  boot            INTEGER REFERENCES boot,
  monotonic_ms    INTEGER,
  committed_ms    INTEGER,
  trail_index     INTEGER,                       -- index of the group's `intake` entry in its trail
  leaf            BLOB CHECK (length(leaf) = 32),
  sealed          BLOB
) STRICT;

-- Schedule II finds its next record at once, however many standard ones wait.
CREATE INDEX record_two_pending ON record (stream_sequence) WHERE schedule = 2 AND state = 0;
CREATE INDEX record_awaiting ON record (record_id) WHERE state = 2;

CREATE TRIGGER record_starts_open BEFORE INSERT ON record WHEN NEW.state NOT IN (0, 6)
BEGIN SELECT RAISE(ABORT, 'counterfoil: a record starts PENDING or HELD'); END;

CREATE TRIGGER record_steps BEFORE UPDATE OF state ON record
WHEN NOT EXISTS (SELECT 1 FROM state_step WHERE from_state = OLD.state AND to_state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'counterfoil: this state step is not allowed'); END;

CREATE TRIGGER record_is_never_edited BEFORE UPDATE OF record_id, schedule, lane, instance, lane_sequence, received_ms,
  clock, flags, pack, slot, key, fill, undoes, prior, lane_hash, payload_hash, boot, monotonic_ms, committed_ms, trail_index, leaf,
  sealed ON record
BEGIN SELECT RAISE(ABORT, 'counterfoil: a record is never edited'); END;

CREATE TRIGGER record_number_is_given_once BEFORE UPDATE OF stream_sequence ON record
WHEN OLD.stream_sequence IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'counterfoil: a stream number is given once'); END;

CREATE TRIGGER record_leaves_settled BEFORE DELETE ON record WHEN OLD.state NOT IN (1, 9)
BEGIN SELECT RAISE(ABORT, 'counterfoil: an unsettled record is never deleted'); END;

-- Key index: every key ever taken, merged in slices behind the record rows (see index_merge). lane_hash and state are
-- filled in when the record's own row leaves for the archive.
CREATE TABLE key_index (
  key       BLOB PRIMARY KEY,
  record_id INTEGER NOT NULL,
  lane_hash BLOB,
  state     INTEGER
) STRICT, WITHOUT ROWID;

-- Newest sale of each fill that has not been undone.
CREATE TABLE fill_index (
  fill      BLOB PRIMARY KEY,
  record_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the indexes and counters reach; rows above it are read at start.
CREATE TABLE index_merge (
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  record_id INTEGER NOT NULL
) STRICT;
INSERT INTO index_merge VALUES (1, 0);

-- Records up to index_merge.record_id, by schedule and state.
CREATE TABLE counter (
  schedule INTEGER NOT NULL,
  state    INTEGER NOT NULL,
  count    INTEGER NOT NULL,
  PRIMARY KEY (schedule, state)
) STRICT, WITHOUT ROWID;

-- 0 standard, 1 schedule_two. last_number and the head of the stream's trail are those at the last index merge (rows
-- above it are read at start); no record of the stream at or below settled_through is PENDING.
CREATE TABLE stream (
  stream          INTEGER PRIMARY KEY,
  last_number     INTEGER NOT NULL,
  settled_through INTEGER NOT NULL,
  trail_size      INTEGER NOT NULL,
  trail_leaf      BLOB NOT NULL
) STRICT;
INSERT INTO stream VALUES (0, 0, 0, 0, zeroblob(32)), (1, 0, 0, 0, zeroblob(32));

-- Publishes that became no record: refused (7) and conflicting (8), kept as evidence.
CREATE TABLE evidence (
  evidence_id INTEGER PRIMARY KEY,
  state       INTEGER NOT NULL REFERENCES state,
  lane        INTEGER NOT NULL REFERENCES lane,
  received_ms INTEGER NOT NULL,
  key         BLOB,
  hash        BLOB NOT NULL CHECK (length(hash) = 32), -- lane_hash; SHA-256 of the bytes where there is none
  record_id   INTEGER,                           -- for a conflict: the record that holds the key
  reasons     TEXT NOT NULL,                     -- JSON: codes and fields, never values
  bytes       INTEGER NOT NULL,                  -- length of what was published
  log         INTEGER NOT NULL,                  -- trail and index of its entry
  trail_index INTEGER NOT NULL,
  leaf        BLOB NOT NULL CHECK (length(leaf) = 32),
  sealed      BLOB NOT NULL
) STRICT;
CREATE INDEX evidence_by_hash ON evidence (hash);
CREATE TRIGGER evidence_steps BEFORE UPDATE OF state ON evidence
WHEN NOT EXISTS (SELECT 1 FROM state_step WHERE from_state = OLD.state AND to_state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'counterfoil: this state step is not allowed'); END;
CREATE TRIGGER evidence_stays BEFORE DELETE ON evidence WHEN OLD.state <> 9
BEGIN SELECT RAISE(ABORT, 'counterfoil: open evidence is never deleted'); END;

-- What the PMS said about each record, one row an answer that changed something.
CREATE TABLE delivery (
  delivery_id INTEGER PRIMARY KEY,
  record_id   INTEGER NOT NULL,
  answered_ms INTEGER NOT NULL,
  outcome     INTEGER NOT NULL,                  -- state it led to; 100 = gap marker noted
  pms_id      TEXT,
  reason      TEXT
) STRICT;

-- A record that goes as a gap marker: its number must be used up at the PMS before the line can go on.
CREATE TABLE gap (
  record_id       INTEGER PRIMARY KEY,
  stream          INTEGER NOT NULL,
  stream_sequence INTEGER NOT NULL,
  noted_ms        INTEGER
) STRICT;
CREATE INDEX gap_open ON gap (stream, stream_sequence) WHERE noted_ms IS NULL;

-- Trail entries other than `intake` (those are rebuilt from the record rows). log: 0 audit, 1 schedule_two.
CREATE TABLE trail_entry (
  log   INTEGER NOT NULL,
  i     INTEGER NOT NULL,
  entry TEXT NOT NULL,
  leaf  BLOB NOT NULL CHECK (length(leaf) = 32),
  PRIMARY KEY (log, i)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER trail_entry_is_final BEFORE UPDATE ON trail_entry
BEGIN SELECT RAISE(ABORT, 'counterfoil: a trail entry is final'); END;

-- The published diagnostic view.
CREATE VIEW offline_transaction_buffer AS
SELECT
  (SELECT COUNT(*) FROM record WHERE state = 0) AS queue_depth,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.received_ms / 1000.0, 'unixepoch') AS created_at,
  CASE r.schedule WHEN 0 THEN 'NONE' WHEN 2 THEN 'II' WHEN 3 THEN 'III' WHEN 4 THEN 'IV' ELSE 'V' END AS schedule,
  s.name AS sync_status,
  r.record_id AS record_id
FROM record r JOIN state s ON s.state = r.state;
