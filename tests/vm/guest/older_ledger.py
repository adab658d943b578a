# SPDX-License-Identifier: Apache-2.0
"""In the machine, the station stopped: makes of today's ledger the one that an older version would have left.

    older_ledger.py LEDGER VERSION SCHEMA-DIRECTORY

Fails unless its tables are then, word for word, those that the first VERSION files of schema/ledger make.
"""
import pathlib
import sqlite3
import sys

# What takes back each file of schema/ledger.
UNDO = {
    4: """PRAGMA writable_schema = ON;
          UPDATE sqlite_schema
          SET sql = replace(sql, 'CHECK (outcome = ''passed'' OR outcome = ''failed'' OR
                                                        outcome = ''refused'' OR outcome = ''abandoned'')',
                            'CHECK (outcome IN (''passed'', ''failed'', ''refused'', ''abandoned''))')
          WHERE name = 'attempt';
          UPDATE sqlite_schema
          SET sql = replace(sql, 'CHECK (state = ''issued'' OR state = ''requested'' OR
                                                     state = ''registered'' OR state = ''delivered'' OR
                                                     state = ''proved'' OR state = ''current'' OR
                                                     state = ''unaccounted'' OR state = ''orphaned'' OR
                                                     state = ''superseded'' OR state = ''revoked'')',
                            'CHECK (state IN (''issued'', ''requested'', ''registered'', ''delivered'', ''proved'',
                                                        ''current'', ''unaccounted'', ''orphaned'', ''superseded'',
                                                        ''revoked''))')
          WHERE name = 'certificate';
          PRAGMA writable_schema = RESET;""",
    3: """DROP INDEX attempt_by_key;
          ALTER TABLE work_order DROP COLUMN last_assigned;
          ALTER TABLE work_order DROP COLUMN last_serial;
          ALTER TABLE work_order DROP COLUMN first_serial;""",
    2: """DROP INDEX transcript_by_age;
          DROP TABLE checkpoint;
          DROP TABLE signer;""",
}


def tables_of(ledger):
    return {name: " ".join(sql.split()) for name, sql in
            ledger.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")}


def main():
    file, version, schema = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
    ledger = sqlite3.connect(f"file:{file}?mode=rw", uri=True)
    for newer in range(ledger.execute("PRAGMA user_version").fetchone()[0], version, -1):
        ledger.executescript(UNDO[newer])
    ledger.execute(f"PRAGMA user_version = {version}")
    wanted = sqlite3.connect(":memory:")
    for migration in sorted(schema.glob("[0-9]*.sql"))[:version]:
        wanted.executescript(migration.read_text())
    assert tables_of(ledger) == tables_of(wanted), (tables_of(ledger), tables_of(wanted))
    ledger.close()


main()
