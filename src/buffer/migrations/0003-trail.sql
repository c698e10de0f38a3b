-- Format 3: the trail leaves the buffer. Entries are appended to segments outside this file; a row of trail_entry goes once
-- its entry is synced there.

-- Per trail (0 audit, 1 schedule_two). Written now and then, not with every group: it may lag behind the segments.
CREATE TABLE trail_store (
  log           INTEGER PRIMARY KEY CHECK (log IN (0, 1)),
  stored_size   INTEGER NOT NULL,                -- entries below it are synced in segments
  pruned_size   INTEGER NOT NULL,                -- rows below it are gone, but for the kinds that are kept
  after_record  INTEGER NOT NULL,                -- carriers up to this record_id hold no entry from pruned_size on
  checkpoint    TEXT,                            -- newest signed note
  cosigned_size INTEGER NOT NULL                 -- newest size a witness has cosigned
) STRICT;
INSERT INTO trail_store VALUES (0, 0, 0, 0, NULL, 0), (1, 0, 0, 0, NULL, 0);

-- The gateway's newest start: what the next one compares itself with.
CREATE TABLE gateway_start (
  one           INTEGER PRIMARY KEY CHECK (one = 1),
  trail_index   INTEGER NOT NULL,                -- of its `start` entry, trail audit
  boot          INTEGER NOT NULL REFERENCES boot,
  version       TEXT NOT NULL,
  configuration TEXT NOT NULL,                   -- SHA-256 of all settings, base64
  settings      TEXT NOT NULL,                   -- JSON: SHA-256 of each, by its name
  ended         INTEGER NOT NULL CHECK (ended IN (0, 1)) -- 1 once its `stop` entry is written
) STRICT;

CREATE TRIGGER trail_store_never_shrinks BEFORE UPDATE OF stored_size ON trail_store WHEN NEW.stored_size < OLD.stored_size
BEGIN SELECT RAISE(ABORT, 'counterfoil: what is stored stays stored'); END;

CREATE TRIGGER trail_entry_leaves_stored BEFORE DELETE ON trail_entry
WHEN OLD.i >= (SELECT stored_size FROM trail_store WHERE log = OLD.log)
BEGIN SELECT RAISE(ABORT, 'counterfoil: a trail entry outside the segments is never deleted'); END;
