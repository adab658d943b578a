-- SPDX-License-Identifier: Apache-2.0
-- Signed heads of the chain (schema/ledger/README.md says what is signed), and old transcripts found at once.

CREATE TABLE signer (
    certificate_sha256 TEXT PRIMARY KEY,
    certificate_pem    TEXT NOT NULL
) STRICT;

CREATE TABLE checkpoint (
    seq       INTEGER PRIMARY KEY REFERENCES event (seq),
    station   INTEGER NOT NULL REFERENCES station (number),
    hash      BLOB NOT NULL CHECK (length(hash) = 32),
    made_at   TEXT NOT NULL,
    signer    TEXT NOT NULL REFERENCES signer (certificate_sha256),
    signature TEXT NOT NULL
) STRICT;

CREATE INDEX transcript_by_age ON transcript (stored_at);
