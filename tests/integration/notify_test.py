#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the daemon tells the service manager, heard at its socket: its status as things come and go, and how long it needs."""
import pathlib
import re
import socket
import sqlite3
import tempfile
import unittest

from line_case import PROGRAMS, ROOT, Line, main


class Notices:
    """The service manager's end."""

    def __init__(self, folder):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(pathlib.Path(folder) / "notify.sock"))
        self.heard = []

    def getsockname(self):
        return self.socket.getsockname()

    def settimeout(self, seconds):
        self.socket.settimeout(seconds)

    def recv(self, size):
        message = self.socket.recv(size)
        self.heard.append(message.decode())
        return message

    def until(self, pattern, patience=60):
        """Listens until a message matches; answers that."""
        self.settimeout(patience)
        while True:
            try:
                message = self.recv(4096).decode()
            except socket.timeout:
                raise AssertionError(f"nothing like {pattern!r} within {patience} s: {self.heard}") from None
            if re.search(pattern, message):
                return message


class ServiceManager(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="fleetline-")
        self.addCleanup(self.folder.cleanup)
        self.line = Line(pathlib.Path(self.folder.name) / "line", PROGRAMS)
        self.addCleanup(lambda: self.line.__exit__())
        self.line.prepare()
        self.notices = Notices(self.folder.name)
        self.addCleanup(self.notices.socket.close)

    def start(self, **more):
        self.line.start_cloud()
        self.line.configure(2, self.line.local_cloud, **more)
        self.line.start_daemon(notices=self.notices)

    def test_the_status_follows_the_station(self):
        self.start()
        self.notices.until(r"STATUS=Ready: 2 slots; cloud connected$")
        # A board at work: one that says nothing is given up after some seconds only.
        self.line.start_boards(1, unplugged=True)
        self.assertTrue(self.line.board("fault SN000001 silent")["ok"])
        self.line.board("plug SN000001")
        self.notices.until(r"STATUS=Ready: 2 slots, 1 board at work; cloud connected$")
        self.notices.until(r"STATUS=Ready: 2 slots; cloud connected$")
        self.line.cloud.stop()
        self.notices.until(r"STATUS=Ready: 2 slots; cloud away: .")
        ledger = self.line.dir / "ledger.db"
        ledger.rename(self.line.dir / "elsewhere.db")
        ledger.mkdir()
        self.notices.until(r"; the ledger cannot be written: .")
        ledger.rmdir()
        (self.line.dir / "elsewhere.db").rename(ledger)
        self.notices.until(r"STATUS=Ready: 2 slots; cloud away: [^;]*$")

    def test_a_stop_asks_for_its_time(self):
        self.start(station_lines="stop_grace_s = 300")
        self.line.daemon.popen.terminate()
        message = self.notices.until("STOPPING=1")
        self.assertIn("EXTEND_TIMEOUT_USEC=320000000", message)
        self.assertEqual(self.line.daemon.popen.wait(60), 0)

    def test_a_migration_asks_for_its_time(self):
        with sqlite3.connect(self.line.dir / "ledger.db") as old:
            old.executescript((ROOT / "tests/data/ledger/version-1.sql").read_text())
        self.start()
        self.assertTrue([m for m in self.notices.heard if "EXTEND_TIMEOUT_USEC=" in m], self.notices.heard)


if __name__ == "__main__":
    main()
