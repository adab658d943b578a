-- SPDX-License-Identifier: Apache-2.0
-- The same checks in other words. For IN with more than two of them SQLite makes a table each time a row is written, which
-- took longer than the writing. No row and no index changes, so the texts alone are changed
-- (https://sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes").

PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, 'CHECK (outcome IN (''passed'', ''failed'', ''refused'', ''abandoned''))',
                  'CHECK (outcome = ''passed'' OR outcome = ''failed'' OR
                                                        outcome = ''refused'' OR outcome = ''abandoned'')')
WHERE type = 'table' AND name = 'attempt';
UPDATE sqlite_schema
SET sql = replace(sql, 'CHECK (state IN (''issued'', ''requested'', ''registered'', ''delivered'', ''proved'',
                                                        ''current'', ''unaccounted'', ''orphaned'', ''superseded'',
                                                        ''revoked''))',
                  'CHECK (state = ''issued'' OR state = ''requested'' OR
                                                     state = ''registered'' OR state = ''delivered'' OR
                                                     state = ''proved'' OR state = ''current'' OR
                                                     state = ''unaccounted'' OR state = ''orphaned'' OR
                                                     state = ''superseded'' OR state = ''revoked'')')
WHERE type = 'table' AND name = 'certificate';
PRAGMA writable_schema = RESET;

-- So that whoever has the ledger open reads its schema anew.
CREATE TABLE schema_was_changed (one INTEGER) STRICT;
DROP TABLE schema_was_changed;
