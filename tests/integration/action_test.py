#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fleetline retry, rework and sign-on against a running daemon, and what it refuses in words; a restart in mid-shift."""
import json
import sqlite3

from line_case import LineCase, main


class Actions(LineCase):
    slots = 4
    product_lines = 'serial_pattern = "SN[0-9]{6}"\nfailures_allowed = 2'

    def refuses(self, code, words, *arguments):
        run = self.line.cli(*arguments, check=False)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn(f"[{code}]", run.stderr)
        self.assertIn(words, run.stderr)

    def retries(self, number):
        """Tries the board in the slot again where it sits; the slot when that has ended."""
        earlier = self.slot(number)["attempt_id"]
        self.assertEqual(self.line.cli("retry", "--slot", f"A{number}").stdout.strip(), f"slot A{number} tries again")
        return self.outcome_after(earlier, number)

    def reworks(self):
        """What was authorised: serial number and reason."""
        with sqlite3.connect(f"file:{self.line.dir}/ledger.db?mode=ro", uri=True) as book:
            rows = book.execute("SELECT payload FROM event WHERE kind = 'rework-authorised' ORDER BY seq").fetchall()
        return [(event["serial"], event["reason"]) for event in (json.loads(text) for (text,) in rows)]

    def test_a_board_that_fails_is_retried_then_released(self):
        sn = self.serial(1)
        self.refuses("station-slot-busy", "there is no board", "retry", "--slot", "A1")
        self.refuses("station-slot-unknown", "there is no such slot", "retry", "--slot", "Z9")
        self.refuses("station-request-not-found", "was ever worked on here", "rework", sn, "--reason", "new antenna")
        self.tell_board(f"fault {sn} keygen-fails")
        self.plug(1)
        self.assert_fails(self.outcome_after("", 1), ("device-key-failed",))
        self.refuses("station-request-invalid", "has failed 1 times of the 2", "rework", sn, "--reason", "new antenna")
        self.assert_fails(self.retries(1), ("device-key-failed",))
        self.assert_fails(self.retries(1), ("order-retest-limit",))
        self.refuses("station-request-invalid", "it is blank", "rework", sn, "--reason", "   ")
        self.assertEqual(self.reworks(), [])
        run = self.line.cli("rework", sn, "--reason", "new fixture pins")
        self.assertEqual(run.stdout.strip(), f"rework of {sn} authorised: plug the board in")
        self.assertEqual(self.reworks(), [(sn, "new fixture pins")])
        self.tell_board(f"clear-faults {sn}")
        passed = self.retries(1)
        self.assert_passed(passed)

        # A PASS stays until a rework.
        self.refuses("already-provisioned", "has passed there", "retry", "--slot", "A1")
        self.assertEqual(self.slot(1), passed)
        self.line.cli("rework", sn, "--reason", "new antenna")
        again = self.retries(1)
        self.assert_passed(again)
        self.assertNotEqual(again["certificate_id"], passed["certificate_id"])
        self.unplug(1)
        self.assert_ledger_holds()

    def test_a_restart_in_mid_shift_remembers_who_works_here(self):
        self.line.cli("sign-on", "Kim Öztürk")
        since = self.line.api("/api/v1/status")[1]["operator_since"]
        self.assertTrue(since)
        self.line.daemon.kill()
        self.line.start_daemon()
        self.connected()
        status = self.line.api("/api/v1/status")[1]
        self.assertEqual((status["operator"], status["operator_since"]), ("Kim Öztürk", since))
        self.tell_board(f"fault {self.serial(2)} silent")
        self.assert_fails(self.attempt(2), ("device-no-answer",))
        row, = self.line.json_lines("attempts", "--limit", "1")
        self.assertEqual((row["outcome"], row["serial"], row["operator"]), ("failed", "", "Kim Öztürk"))
        self.line.cli("sign-on")
        self.line.daemon.stop()
        self.line.start_daemon()
        self.assertEqual(self.line.api("/api/v1/status")[1]["operator"], "")


if __name__ == "__main__":
    main()
