-- Format 4: settled records move into encrypted files outside this one (docs/FORMATS.md, "The archive"), and what is left
-- of them here is their key, so that a late resend is never a new sale.

-- Data keys that seal archive files, wrapped like those of data_key (purpose 3); every file carries its own wrapped key too.
CREATE TABLE archive_key (
  key_id     INTEGER PRIMARY KEY,
  wrapped    BLOB NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

-- A file that holds at least one frame. stream: 0 standard, 1 schedule_two. Bytes beyond `bytes` in it do not count.
CREATE TABLE archive_file (
  file        INTEGER PRIMARY KEY,
  stream      INTEGER NOT NULL CHECK (stream IN (0, 1)),
  month       TEXT NOT NULL,
  part        INTEGER NOT NULL,
  file_id     TEXT NOT NULL UNIQUE,
  key_id      INTEGER NOT NULL REFERENCES archive_key,
  bytes       INTEGER NOT NULL,
  frames      INTEGER NOT NULL,
  records     INTEGER NOT NULL,
  hash        BLOB NOT NULL CHECK (length(hash) = 32), -- of the newest frame
  from_ms     INTEGER NOT NULL,                  -- first and last reception in it
  to_ms       INTEGER NOT NULL,
  archived_ms INTEGER NOT NULL,                  -- time of the newest frame
  sealed_ms   INTEGER,
  expired_by  TEXT,                              -- act_id in expiry: it is to go
  removed_ms  INTEGER,                           -- it is gone
  UNIQUE (stream, month, part)
) STRICT;

-- A frame that is on disk. `leaving`: JSON array of the record_ids whose rows are still here, in the order they go; NULL
-- once none is. Numbers are those of the rows, as in record.stream_sequence.
CREATE TABLE archive_frame (
  frame        INTEGER PRIMARY KEY,
  file         INTEGER NOT NULL REFERENCES archive_file,
  number       INTEGER NOT NULL,
  place        INTEGER NOT NULL,                 -- offset in the file
  bytes        INTEGER NOT NULL,
  records      INTEGER NOT NULL,
  stream       INTEGER NOT NULL,
  first_record INTEGER NOT NULL,
  last_record  INTEGER NOT NULL,
  first_number INTEGER,                          -- NULL where no record of it was ever free to go
  last_number  INTEGER,
  leaving      TEXT,
  UNIQUE (file, number)
) STRICT;
CREATE INDEX archive_frame_leaving ON archive_frame (frame) WHERE leaving IS NOT NULL;
-- A PMS that asks for a place that has been archived.
CREATE INDEX archive_frame_line ON archive_frame (stream, last_number);

-- Where an archived record is; lane_hash and state stand beside it since format 1.
ALTER TABLE key_index ADD COLUMN frame INTEGER;

CREATE INDEX delivery_of_record ON delivery (record_id);

CREATE TRIGGER record_leaves_archived BEFORE DELETE ON record
WHEN OLD.state IN (1, 9) AND NOT EXISTS (SELECT 1 FROM key_index WHERE key = OLD.key AND record_id = OLD.record_id AND frame IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'counterfoil: a record leaves only for the archive'); END;

-- The act by which archived months are destroyed: two people, each with a statement of their own. Final.
CREATE TABLE expiry (
  act_id       TEXT NOT NULL,
  signer       INTEGER NOT NULL CHECK (signer IN (1, 2)),
  statement    TEXT NOT NULL,
  signature    TEXT NOT NULL,
  key_id       TEXT NOT NULL,
  printed_name TEXT NOT NULL,
  meaning      TEXT NOT NULL,
  signed_ms    INTEGER NOT NULL,
  done_ms      INTEGER NOT NULL,
  log          INTEGER NOT NULL,
  trail_index  INTEGER NOT NULL,
  leaf         BLOB NOT NULL CHECK (length(leaf) = 32),
  PRIMARY KEY (act_id, signer)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER expiry_is_final BEFORE UPDATE ON expiry
BEGIN SELECT RAISE(ABORT, 'counterfoil: a signed act is final'); END;
CREATE TRIGGER expiry_stays BEFORE DELETE ON expiry
BEGIN SELECT RAISE(ABORT, 'counterfoil: a signed act is never deleted'); END;
