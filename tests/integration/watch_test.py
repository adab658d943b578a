#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fleetline watch goes on whatever becomes of the daemon, and says what it sees: hung, killed over its answer, back, too busy."""
import os
import select
import signal
import socket
import subprocess
import time

from line_case import PROGRAMS, LineCase, main

MORE_THAN_IT_SERVES = 256  # connections on one socket


class Watch(LineCase):
    slots = 1

    def setUp(self):
        self.watch = subprocess.Popen([PROGRAMS / "fleetline", "--config", self.line.dir / "fleetline.toml", "watch"],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(self.watch.stdout.close)
        self.addCleanup(self.watch.wait)
        self.addCleanup(self.watch.kill)
        self.shown = b""

    def sees(self, words, patience=60):
        """Reads on until it shows `words`."""
        deadline = time.monotonic() + patience
        while words not in self.shown:
            ready, _, _ = select.select([self.watch.stdout], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(self.watch.stdout.fileno(), 4096) if ready else b""
            self.assertTrue(piece, f"no {words} but {self.shown[-400:]}, ended: {self.watch.poll()}")
            self.shown += piece
        self.shown = self.shown.partition(words)[2]

    def test_it_goes_on(self):
        self.sees(b"running for")
        self.line.daemon.popen.send_signal(signal.SIGSTOP)
        self.sees(b"cannot be seen, trying again\nthe daemon does not answer")
        self.line.daemon.kill()  # while the next question waits for its answer
        self.sees(b"daemon not running")
        self.line.start_daemon()
        self.sees(b"running for")

        held = []
        for _ in range(MORE_THAN_IT_SERVES):
            one = socket.socket(socket.AF_UNIX)
            held.append(one)
            one.connect(str(self.line.api_socket))
        self.sees(b"cannot be seen, trying again\n")
        for one in held:
            one.close()
        self.sees(b"running for")
        self.assertIsNone(self.watch.poll())


if __name__ == "__main__":
    main()
