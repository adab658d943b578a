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
    """Board N has the serial number SN00000N and sits in slot AN, unplugged until a test plugs it."""
    slots = 4
    board_arguments = ()
    cloud_arguments = ()
    cloud_lines = ""
    station_lines = ""
    product_lines = ""
    baud = 115200

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="fleetline-")
        cls.line = Line(pathlib.Path(cls.folder.name) / "line", PROGRAMS)
        cls.addClassCleanup(cls.tear_down_line)
        cls.line.prepare()
        cls.line.start_cloud(extra=cls.cloud_arguments)
        cls.configure_line()
        cls.line.start_daemon()
        cls.line.start_boards(count=cls.slots, baud=cls.baud, unplugged=True, extra=cls.board_arguments)
        cls.fresh = iter(range(1, cls.slots + 1))
        cls.connected()

    @classmethod
    def configure_line(cls):
        cls.line.configure(cls.slots, cls.line.local_cloud, cloud_lines=cls.cloud_lines, product_lines=cls.product_lines,
                           station_lines=cls.station_lines, baud=cls.baud)

    @classmethod
    def tear_down_line(cls):
        with cls.line:
            pass
        cls.folder.cleanup()

    @classmethod
    def connected(cls):
        cls.line.wait_for("session with the cloud", lambda: cls.line.api("/api/v1/status")[1]["cloud"]["connected"])

    # -- boards -------------------------------------------------------------------------------------------------------
    @staticmethod
    def serial(number):
        return f"SN{number:06}"

    def new_board(self):
        return next(type(self).fresh)

    def tell_board(self, command):
        answer = self.line.board(command)
        self.assertTrue(answer["ok"], (command, answer))

    def plug(self, number):
        self.tell_board(f"plug {self.serial(number)}")

    def unplug(self, number):
        self.line.board(f"unplug {self.serial(number)}")  # it may have left by itself

    def slot(self, number):
        return self.line.slots()[f"A{number}"]

    def outcome_after(self, earlier, number, patience=60):
        """The slot when an attempt later than `earlier` has ended."""
        def ended():
            now = self.slot(number)
            return now if now["attempt_id"] != earlier and now["state"] in ENDED else None
        return self.line.wait_for(f"outcome in slot A{number}", ended, patience)

    def attempt(self, number, patience=60):
        """Plugs, waits for the outcome, unplugs; answers the slot as it was."""
        earlier = self.slot(number)["attempt_id"]
        self.plug(number)
        result = self.outcome_after(earlier, number, patience)
        self.unplug(number)
        self.line.wait_for("empty slot", lambda: not self.slot(number)["plugged"])
        return result

    def assert_passes(self, number):
        self.assert_passed(self.attempt(number))

    def assert_passed(self, result):
        self.assertEqual(result["failure_reason"], "")
        self.assertEqual(result["state"], "passed")

    def assert_fails(self, result, codes):
        self.assertIn(result["failure_code"], codes, result)
        self.assertTrue(result["failure_text"] and result["next_action"], result)

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
