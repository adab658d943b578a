-- SPDX-License-Identifier: Apache-2.0
-- fleetline's ledger, version 1. schema/README.md says what each column means and how the hashes are made.
-- What is not known is NULL, never an empty text.

-- Which stations wrote into this file; usually one.
CREATE TABLE station (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE CHECK (name <> '')
) STRICT;

-- What happened, in the order in which it became durable. Everything below but order_serial, transcript and
-- ownership_token can be rebuilt from this table.
CREATE TABLE event (
    seq                INTEGER PRIMARY KEY,
    station            INTEGER NOT NULL REFERENCES station (number),
    recorded_at        TEXT    NOT NULL,
    clock_synchronised INTEGER NOT NULL CHECK (clock_synchronised IN (0, 1)),
    kind               TEXT    NOT NULL,
    attempt            INTEGER REFERENCES event (seq),
    payload            TEXT    NOT NULL,
    previous_hash      BLOB    NOT NULL CHECK (length(previous_hash) = 32),
    hash               BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX event_of_attempt ON event (attempt) WHERE attempt IS NOT NULL;

CREATE TRIGGER event_is_appended BEFORE INSERT ON event
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM event)
BEGIN SELECT raise(ABORT, 'events are only appended, in order'); END;
CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event
BEGIN SELECT raise(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event
BEGIN SELECT raise(ABORT, 'events are never deleted'); END;

-- The last event: a chain cut short at its end shows here.
CREATE TABLE head (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO head (one, seq, hash) VALUES (1, 0, zeroblob(32));

CREATE TABLE attempt (
    number             INTEGER PRIMARY KEY REFERENCES event (seq),
    attempt_id         TEXT    NOT NULL UNIQUE,
    station            INTEGER NOT NULL REFERENCES station (number),
    slot               TEXT,
    port               TEXT,
    product            TEXT,
    started_at         TEXT    NOT NULL,
    clock_synchronised INTEGER NOT NULL,
    serial             TEXT,
    serial_source      TEXT,
    dialect            TEXT,
    firmware_version   TEXT,
    work_order         TEXT,
    operator_name      TEXT,
    template_name      TEXT,
    rework             INTEGER NOT NULL CHECK (rework IN (0, 1)),
    stage              TEXT    NOT NULL,
    key_origin         TEXT,
    public_key_sha256  TEXT,
    certificate        INTEGER REFERENCES certificate (number) DEFERRABLE INITIALLY DEFERRED,
    thing_name         TEXT,
    proof              TEXT,
    replaces           TEXT,
    outcome            TEXT CHECK (outcome IN ('passed', 'failed', 'refused', 'abandoned')),
    failure_code       TEXT,
    failure_step       TEXT,
    failure_text       TEXT,
    finished_at        TEXT,
    duration_ms        INTEGER,
    step_ms            TEXT,
    last_event         INTEGER NOT NULL REFERENCES event (seq)
) STRICT;
CREATE INDEX attempt_by_serial ON attempt (serial) WHERE serial IS NOT NULL;
CREATE INDEX attempt_by_thing ON attempt (thing_name) WHERE thing_name IS NOT NULL;
CREATE INDEX attempt_by_order ON attempt (work_order) WHERE work_order IS NOT NULL;
CREATE INDEX attempt_by_start ON attempt (started_at);
CREATE INDEX attempt_open ON attempt (number) WHERE outcome IS NULL;

CREATE TABLE certificate (
    number            INTEGER PRIMARY KEY REFERENCES event (seq),
    certificate_id    TEXT UNIQUE,
    attempt           INTEGER REFERENCES attempt (number) DEFERRABLE INITIALLY DEFERRED,
    serial            TEXT,
    public_key_sha256 TEXT,
    issued_at         TEXT    NOT NULL,
    not_after         TEXT,
    thing_name        TEXT,
    registration      INTEGER REFERENCES event (seq),
    state             TEXT    NOT NULL CHECK (state IN ('issued', 'requested', 'registered', 'delivered', 'proved',
                                                        'current', 'unaccounted', 'orphaned', 'superseded',
                                                        'revoked')),
    state_event       INTEGER NOT NULL REFERENCES event (seq),
    why               TEXT,
    replaced_by       TEXT,
    revoked_at        TEXT,
    revoked_by        TEXT,
    revoked_note      TEXT
) STRICT;
CREATE UNIQUE INDEX certificate_current ON certificate (serial) WHERE state = 'current';
CREATE INDEX certificate_by_serial ON certificate (serial) WHERE serial IS NOT NULL;
CREATE INDEX certificate_to_revoke ON certificate (state) WHERE state IN ('orphaned', 'superseded');

-- The ownership token of a certificate that is not registered yet: the one secret of this file. Not part of
-- any event; deleted (and overwritten, secure_delete) as soon as it can no longer be needed.
CREATE TABLE ownership_token (
    certificate INTEGER PRIMARY KEY REFERENCES certificate (number) DEFERRABLE INITIALLY DEFERRED,
    token       BLOB NOT NULL,
    expires_at  TEXT NOT NULL
) STRICT;

CREATE TABLE rework (
    number        INTEGER PRIMARY KEY REFERENCES event (seq),
    serial        TEXT NOT NULL,
    reason        TEXT,
    authorised_by TEXT,
    authorised_at TEXT NOT NULL
) STRICT;
CREATE INDEX rework_by_serial ON rework (serial);

CREATE TABLE work_order (
    name       TEXT PRIMARY KEY,
    product    TEXT,
    quota      INTEGER NOT NULL,
    allow_list INTEGER NOT NULL CHECK (allow_list IN (0, 1)),
    opened_at  TEXT    NOT NULL,
    opened_by  TEXT,
    closed_at  TEXT,
    closed_by  TEXT,
    passed     INTEGER NOT NULL,
    last_event INTEGER NOT NULL REFERENCES event (seq)
) STRICT;

-- The serial numbers an order allows; import: the order-serials-imported event whose digest covers them.
CREATE TABLE order_serial (
    work_order TEXT    NOT NULL REFERENCES work_order (name) DEFERRABLE INITIALLY DEFERRED,
    serial     TEXT    NOT NULL,
    import     INTEGER NOT NULL REFERENCES event (seq),
    PRIMARY KEY (work_order, serial)
) STRICT, WITHOUT ROWID;

CREATE TABLE transcript (
    attempt   INTEGER PRIMARY KEY REFERENCES attempt (number),
    stored_at TEXT NOT NULL,
    text      TEXT NOT NULL
) STRICT;

-- For people with the sqlite3 shell; the station works out the same from the tables.
CREATE VIEW device AS
SELECT a.serial,
       (SELECT count(*) FROM attempt AS other WHERE other.serial = a.serial) AS attempts,
       a.attempt_id, a.slot, a.product, a.work_order, a.outcome, a.finished_at,
       (SELECT c.certificate_id FROM certificate AS c WHERE c.serial = a.serial AND c.state = 'current')
           AS certificate_id,
       (SELECT c.thing_name FROM certificate AS c WHERE c.serial = a.serial AND c.state = 'current') AS thing_name
FROM attempt AS a
WHERE a.serial IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM attempt AS later WHERE later.serial = a.serial AND later.number > a.number);
