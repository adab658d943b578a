#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What can happen to the ledger's file under a running station: the station stops taking boards, says so, loses nothing that it
has acknowledged, and goes on by itself where that is safe."""
import os
import sqlite3
import subprocess
import sys
import unittest

from line_case import LineCase, main

OWN_MOUNTS = "FLEETLINE_TEST_OWN_MOUNTS"


class LedgerCase(LineCase):
    ledger = "ledger.db"

    def setUp(self):
        self.shown_passed = set()

    @property
    def file(self):
        return self.line.dir / self.ledger

    def passes(self, number):
        result = self.attempt(number)
        self.assert_passed(result)
        self.shown_passed.add(result["attempt_id"])

    def status(self):
        return self.line.api("/api/v1/status")[1]

    def certificates_of_the_cloud(self):
        return self.registry("SELECT count(*) FROM certificates")[0][0]

    def assert_takes_no_board(self, number, why):
        """A board that is plugged now is refused in the ledger's name, without a certificate asked for, and all say so."""
        before = self.certificates_of_the_cloud()
        result = self.attempt(number)
        self.assert_fails(result, ("station-ledger-unwritable", "station-ledger-broken"))
        self.assertEqual(self.certificates_of_the_cloud(), before)
        status = self.status()
        self.assertFalse(status["ledger_writable"])
        self.assertIn(why, status["ledger_trouble"])
        self.assertEqual(self.line.api("/healthz")[0], 503)
        self.assertIn("cannot be written", self.line.cli("status", check=False).stdout)
        self.assertIn("fleetline_ledger_writable 0", self.line.metrics())

    def assert_nothing_is_lost(self):
        self.assert_ledger_holds()
        self.assert_books_agree()
        passed = {row["attempt_id"] for row in self.line.json_lines("attempts") if row["outcome"] == "passed"}
        self.assertLessEqual(self.shown_passed, passed)

    def wait_until_writable(self):
        self.line.wait_for("ledger that can be written", lambda: self.status()["ledger_writable"])


class LedgerFile(LedgerCase):
    slots = 6

    def test_1_deleted_while_a_board_is_under_way(self):
        first, second, third = (self.new_board() for _ in range(3))
        self.passes(first)
        before = self.slot(second)["attempt_id"]
        self.plug(second)
        self.line.wait_for("board under way", lambda: self.slot(second)["attempt_id"] != before)
        for ending in ("", "-wal", "-shm"):
            os.remove(f"{self.file}{ending}")
        result = self.outcome_after(before, second)
        self.assert_passed(result)
        self.shown_passed.add(result["attempt_id"])
        self.passes(third)
        self.assert_nothing_is_lost()
        self.assertTrue(self.status()["ledger_writable"])

    def test_2_locked_for_longer_than_it_is_waited_for(self):
        board = self.new_board()
        other = sqlite3.connect(self.file, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        self.assert_takes_no_board(board, "locked")
        other.execute("ROLLBACK")
        self.wait_until_writable()
        self.passes(board)
        self.assert_nothing_is_lost()

    def test_3_a_report_over_the_api_leaves_a_signed_head(self):
        with sqlite3.connect(f"file:{self.file}?mode=ro", uri=True) as book:
            signed = "SELECT count(*) FROM checkpoint JOIN head USING (seq, hash)"
            self.assertEqual(book.execute(signed).fetchone()[0], 0)
            # An empty one, which is no JSON document either.
            self.assertEqual(self.line.api("/api/v1/report?format=jsonl&limit=0")[0], 200)
            self.assertEqual(book.execute(signed).fetchone()[0], 1)
        self.assert_ledger_holds()

    def test_4_a_page_is_damaged(self):
        copy = self.line.dir / "copy.db"
        self.line.cli("backup", str(copy))
        other = sqlite3.connect(self.file, isolation_level=None)
        self.addCleanup(other.close)
        root, size = other.execute("SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema "
                                   "WHERE name = 'attempt'").fetchone()
        self.assertEqual(other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0], 0)
        with open(self.file, "r+b") as file:
            file.seek((root - 1) * size)
            file.write(b"\xff" * size)
        other.execute("UPDATE head SET seq = seq")  # the daemon forgets the pages that it has read
        first, second = self.new_board(), self.new_board()
        self.assert_takes_no_board(first, "malformed")
        self.assert_takes_no_board(second, "malformed")
        self.assertIn("fleetline restore", self.status()["ledger_trouble"])
        other.close()
        self.line.daemon.stop()

        self.line.cli("restore", str(copy))
        self.line.start_daemon()
        self.connected()
        self.passes(first)
        self.assert_nothing_is_lost()


@unittest.skipUnless(OWN_MOUNTS in os.environ, "takes the right to mount a file system")
class ReadOnly(LedgerCase):
    """As ext4 does it with errors=remount-ro, the disk of a station: read-only until it is mounted anew."""
    slots = 2
    ledger = "disk/ledger.db"

    @classmethod
    def configure_line(cls):
        super().configure_line()
        image, disk = cls.line.dir / "disk.img", cls.line.dir / "disk"
        disk.mkdir()
        with open(image, "wb") as file:
            file.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        cls.mount = ["mount", "-o", "loop", image, disk]
        if subprocess.run(cls.mount, capture_output=True).returncode != 0:
            raise unittest.SkipTest("a file cannot be mounted as a disk here")
        settings = cls.line.dir / "fleetline.toml"
        settings.write_text(settings.read_text().replace('"ledger.db"', f'"{cls.ledger}"'))

    @classmethod
    def tear_down_line(cls):
        with cls.line:
            pass
        subprocess.run(["umount", cls.line.dir / "disk"])
        cls.folder.cleanup()

    def test_the_file_system_turns_read_only(self):
        first, second = self.new_board(), self.new_board()
        self.passes(first)
        subprocess.run(["mount", "-o", "remount,abort", self.line.dir / "disk"], check=True)
        self.assert_takes_no_board(second, "")
        self.line.daemon.stop()
        subprocess.run(["umount", self.line.dir / "disk"], check=True)
        subprocess.run(self.mount, check=True)
        self.line.start_daemon()
        self.connected()
        self.passes(second)
        self.assert_nothing_is_lost()


if __name__ == "__main__":
    if OWN_MOUNTS not in os.environ and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0:
        os.environ[OWN_MOUNTS] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])
    main()
