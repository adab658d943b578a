# SPDX-License-Identifier: Apache-2.0
"""A running line for a test case: local cloud, daemon, boards that are plugged on demand. All of it real processes."""
import hashlib
import os
import pathlib
import sqlite3
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "rehearsal"))

from line import ENDED, Line, LineError  # noqa: E402  (the path is set above)

PROGRAMS = pathlib.Path(os.environ.get("FLEETLINE_BIN_DIR", ROOT / "build" / "release" / "bin"))


class LineCase(unittest.TestCase):
    slots = 2
    board_arguments = ()
    cloud_arguments = ()
    cloud_lines = ""
    product_lines = ""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="fleetline-")
        cls.line = Line(pathlib.Path(cls.folder.name) / "line", PROGRAMS)
        cls.addClassCleanup(cls.tear_down_line)
        cls.line.prepare()
        cls.line.start_cloud(extra=cls.cloud_arguments)
        cls.line.configure(cls.slots, cls.line.local_cloud, cloud_lines=cls.cloud_lines, product_lines=cls.product_lines)
        cls.line.start_daemon()
        cls.line.start_boards(extra=cls.board_arguments)
        cls.connected()

    @classmethod
    def tear_down_line(cls):
        with cls.line:
            pass
        cls.folder.cleanup()

    @classmethod
    def connected(cls):
        cls.line.wait_for("session with the cloud", lambda: cls.line.api("/api/v1/status")[1]["cloud"]["connected"])

    # -- boards -------------------------------------------------------------------------------------------------------
    def plug(self, serial, slot=1):
        answer = self.line.board(f"plug {serial} port{slot:02}")
        self.assertTrue(answer["ok"], answer)

    def unplug(self, serial):
        self.line.board(f"unplug {serial}")

    def slot(self, number=1):
        return self.line.slots()[f"A{number}"]

    def outcome_after(self, earlier, slot=1, patience=60):
        """The slot when an attempt later than `earlier` has ended."""
        def ended():
            now = self.slot(slot)
            return now if now["attempt_id"] != earlier and now["state"] in ENDED else None
        return self.line.wait_for(f"outcome in slot A{slot}", ended, patience)

    def attempt(self, serial, slot=1, patience=60):
        """Plugs, waits for the outcome, unplugs; answers the slot as it was."""
        earlier = self.slot(slot)["attempt_id"]
        self.plug(serial, slot)
        result = self.outcome_after(earlier, slot, patience)
        self.unplug(serial)
        return result

    def fault(self, **fault):
        self.line.fault(**fault)
        self.addCleanup(self.line.cloud_http, "DELETE")

    # -- books --------------------------------------------------------------------------------------------------------
    def registry(self, query, *values):
        with sqlite3.connect(f"file:{self.line.dir}/cloud/registry.db?mode=ro", uri=True) as db:
            return db.execute(query, values).fetchall()

    def assert_ledger_holds(self):
        self.assertEqual(self.line.cli("audit", "verify", check=False).returncode, 0)

    def assert_books_agree(self):
        """Every certificate the cloud handed out is in the ledger, but for as many as are noted as never answered."""
        recorded = self.line.json_lines("certificates")
        known = {row["certificate_id"] for row in recorded}
        unknown = [id for (id,) in self.registry("SELECT id FROM certificate") if id not in known]
        unknown = [id for id in unknown if id != self.claim_id()]
        notes = [row for row in recorded if not row["certificate_id"]]
        self.assertLessEqual(len(unknown), len(notes), f"certificates nobody can explain: {unknown}")

    def claim_id(self):
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding
        pem = (self.line.dir / "cloud" / "claim.pem").read_bytes()
        return hashlib.sha256(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)).hexdigest()


def main():
    unittest.main(verbosity=2)


__all__ = ["ENDED", "Line", "LineCase", "LineError", "PROGRAMS", "ROOT", "main"]
