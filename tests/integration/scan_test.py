#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boards whose serial number is on their label: what an operator with a scanner does, through the CLI, on a running line."""
import sqlite3

from line_case import LineCase, main


class Labels(LineCase):
    slots = 4
    product_lines = 'serial_source = "scan"\nserial_pattern = "SN[0-9]{6}"\nfailures_allowed = 3'
    station_lines = 'badge_pattern = "OP-[0-9]+"'

    def scan(self, *arguments):
        return self.line.cli("scan", *arguments, check=False)

    def refuses(self, code, *arguments):
        run = self.scan(*arguments)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn(f"[{code}]", run.stderr)

    def waits(self, number):
        self.line.wait_for("a slot that waits for its label", lambda: self.slot(number)["state"] == "waiting-for-scan")

    def test_a_scanned_board_passes_under_its_label(self):
        self.refuses("order-scan-unexpected", "SN000001")
        self.plug(1)
        self.waits(1)
        self.assertIn("waiting for its label", self.line.cli("status").stdout)
        self.assertEqual(self.scan("OP-17").stdout, "OP-17 works here now\n")
        self.assertEqual(self.line.api("/api/v1/status")[1]["operator"], "OP-17")
        self.assertRegex(self.line.cli("status").stdout, r"operator +OP-17\n")
        self.waits(1)
        self.assertEqual(self.scan("toaster").stdout.strip(), "toaster is for slot A1")
        self.assert_fails(self.outcome_after("", 1), ("order-serial-invalid",))
        earlier = self.slot(1)["attempt_id"]
        self.assertEqual(self.scan("SN000901").stdout.strip(), "SN000901 is for slot A1")
        self.assert_passed(self.outcome_after(earlier, 1))
        self.pass_stays_until_a_rework(1)
        self.unplug(1)
        row = self.line.json_lines("attempts", "--outcome", "passed")[0]
        self.assertEqual((row["serial"], row["serial_source"], row["operator"]), ("SN000901", "scan", "OP-17"))

        # Two that wait: the label alone does not say whose it is.
        self.plug(2)
        self.plug(3)
        self.waits(2)
        self.waits(3)
        self.refuses("order-scan-ambiguous", "SN000902")
        self.assertEqual(self.scan("SN000902", "--slot", "A3").returncode, 0)
        self.assert_passed(self.outcome_after("", 3))
        self.assertEqual(self.slot(3)["serial"], "SN000902")
        self.assertEqual(self.scan("SN000903").returncode, 0)
        self.assert_passed(self.outcome_after("", 2))

        # One label on two boards.
        self.plug(4)
        self.waits(4)
        self.unplug(2)
        self.assertEqual(self.scan("SN000901").returncode, 0)
        self.assert_fails(self.outcome_after("", 4), ("already-provisioned",))
        self.assertEqual(self.line.cli("sign-on").stdout.strip(), "nobody is signed on")
        self.assertRegex(self.line.cli("status").stdout, r"operator +nobody signed on\n")
        self.assert_ledger_holds()
        self.metrics_tell_what_was_done()

    def pass_stays_until_a_rework(self, number):
        retry = lambda: self.line.cli("retry", "--slot", f"A{number}", check=False)
        passed = self.slot(number)
        run = retry()
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("[already-provisioned]", run.stderr)
        self.assertEqual(self.slot(number), passed)
        self.line.cli("rework", passed["serial"], "--reason", "new antenna")
        self.assertEqual(retry().returncode, 0)
        again = self.outcome_after(passed["attempt_id"], number)
        self.assert_passed(again)
        self.assertNotEqual(again["certificate_id"], passed["certificate_id"])

    def metrics_tell_what_was_done(self):
        numbers = dict(line.rsplit(" ", 1) for line in self.line.metrics().splitlines() if not line.startswith("#"))
        left = lambda step: int(numbers[f'fleetline_step_duration_seconds_count{{step="{step}"}}'])
        self.assertEqual([left(step) for step in ("identify", "admit", "prove", "finish")], [6, 6, 4, 4])
        with sqlite3.connect(f"file:{self.line.dir}/ledger.db?mode=ro", uri=True) as book:
            events, = book.execute("SELECT seq FROM head").fetchone()
        self.assertEqual(int(numbers["fleetline_ledger_events_total"]), events)
        commits = int(numbers["fleetline_ledger_commit_seconds_count"])
        self.assertTrue(0 < commits <= events, commits)


if __name__ == "__main__":
    main()
