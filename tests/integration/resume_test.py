#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The resume table with the real parts (invariant I5): the daemon is killed with SIGKILL around each event of an attempt,
started again, and the same board must pass; no certificate of the cloud may be missing or unexplained."""
from line_case import LineCase, main

# The design's table, by the last event that is durable when the process dies; each row before and after its event.
ROWS = {
    "nothing durable yet": ["before attempt-started", "after attempt-started"],
    "identified, admitted, csr made": ["after identified", "after admitted", "after csr-made"],
    "issue requested, no answer recorded": ["after issue-requested", "before issued"],
    "issued, not registered": ["after issued", "before registration-requested"],
    "registration requested, no answer recorded": ["after registration-requested", "before registered"],
    "registered, not delivered": ["after registered", "before delivery-started", "after delivery-started"],
    "delivered, not proved": ["before delivered", "after delivered", "before proved", "after proved"],
    "proved, no outcome": ["before attempt-finished"],
    "passed": ["after attempt-finished"],
}


class Resume(LineCase):
    slots = sum(len(places) for places in ROWS.values()) + 1

    def test_a_board_that_has_passed_and_stays_is_shown_as_passed_after_a_restart(self):
        board = self.new_board()
        self.plug(board)
        before = self.outcome_after("", board)
        self.assert_passed(before)
        for end in (self.line.daemon.stop, lambda: self.line.daemon.kill()):
            end()
            self.line.start_daemon()
            after = self.outcome_after("", board)
            self.assertEqual({**after, "since": 0}, {**before, "since": 0})
        self.unplug(board)
        self.line.wait_for("empty slot", lambda: not self.slot(board)["plugged"])
        self.assertEqual(self.attempt(board)["failure_code"], "already-provisioned")

    def kill_and_go_on(self, where):
        board = self.new_board()
        self.line.daemon.stop()
        self.line.start_daemon(kill_at=where)
        self.connected()
        self.plug(board)
        self.assertEqual(self.line.daemon.popen.wait(60), -9, f"not killed at '{where}'")
        self.line.daemon.out.close()

        self.line.start_daemon()  # the board is still there: found at the start, as if it were plugged
        result = self.outcome_after("", board)
        self.unplug(board)
        self.assert_passed(result)
        serial = self.serial(board)
        if where == "after attempt-finished":
            self.assertEqual([a["attempt_id"] for a in self.line.json_lines("attempts") if a["serial"] == serial],
                             [result["attempt_id"]])
        device = next(d for d in self.line.json_lines("devices") if d["serial"] == serial)
        attached = self.registry("SELECT certificate_id FROM attachment WHERE thing = ?", f"fleetline-{serial}")
        self.assertIn((device["certificate_id"],), attached)
        self.assert_ledger_holds()
        self.assert_books_agree()


def row_test(places):
    def test(self):
        for where in places:
            with self.subTest(where):
                self.kill_and_go_on(where)
    return test


for title, places in ROWS.items():
    name = "test_" + "".join(c if c.isalnum() else "_" for c in title)
    setattr(Resume, name, row_test(places))

if __name__ == "__main__":
    main()
