#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boards whose serial number the work order hands out, through the CLI, on a running line: each number once, across SIGKILL too."""
from line_case import LineCase, main


class SerialRange(LineCase):
    slots = 6
    product_lines = 'serial_source = "range"\nserial_pattern = "SN[0-9]{6}"'

    def refuses(self, *arguments):
        run = self.line.cli("order", "open", *arguments, check=False)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("[station-request-invalid]", run.stderr)
        return run.stderr

    def numbers(self):
        return [row["serial"] for row in reversed(self.line.json_lines("attempts", "--outcome", "passed"))]

    def test_numbers_of_an_order(self):
        self.assert_fails(self.attempt(1), ("order-none-open",))
        self.refuses("WO-1")
        self.refuses("WO-1", "--first", "SN000500")
        self.refuses("WO-1", "--first", "SN000500", "--last", "SN000499")
        self.refuses("WO-1", "--first", "XX000500", "--last", "XX000509")
        self.refuses("WO-1", "--first", "SN000500", "--last", "SN000509", "--allow-list")
        self.assertIn("10 serial numbers for 11 boards",
                      self.refuses("WO-1", "--first", "SN000500", "--last", "SN000509", "--quota", "11"))
        self.line.cli("order", "open", "WO-1", "--first", "SN000500", "--last", "SN000504", "--quota", "4")
        self.assertIn("SN000500 to SN000504, none handed out yet, next SN000500", self.line.cli("order", "show", "WO-1").stdout)

        # Two at once.
        self.plug(1)
        self.plug(2)
        self.line.wait_for("two boards passed", lambda: all(self.slot(n)["state"] == "passed" for n in (1, 2)))
        self.assertEqual({self.slot(1)["serial"], self.slot(2)["serial"]}, {"SN000500", "SN000501"})
        first = self.slot(1)["serial"]
        self.unplug(1)
        self.unplug(2)
        self.line.wait_for("empty slot", lambda: not self.slot(1)["plugged"])
        again = self.attempt(1)
        self.assert_fails(again, ("already-provisioned",))
        self.assertEqual(again["serial"], first)

        shown = self.line.api("/api/v1/status")[1]["orders"][0]
        self.assertEqual((shown["first_serial"], shown["next_serial"], shown["last_serial"]),
                         ("SN000500", "SN000502", "SN000504"))
        self.assertIn("next SN000502 up to SN000504", self.line.cli("status").stdout)

        # Killed when the number is durable and nothing has been done with it: it stays given away.
        self.line.daemon.stop()
        self.line.start_daemon(kill_at="after serial-assigned")
        self.connected()
        self.plug(3)
        self.assertEqual(self.line.daemon.popen.wait(60), -9)
        self.line.daemon.out.close()
        self.line.start_daemon()
        result = self.outcome_after("", 3)
        self.assert_passed(result)
        self.assertEqual((result["serial"], result["thing_name"]), ("SN000503", "fleetline-SN000503"))
        self.unplug(3)

        self.assertEqual(self.attempt(4)["serial"], "SN000504")
        self.assertIn("handed out up to SN000504, none left", self.line.cli("order", "show", "WO-1").stdout)
        self.assertIn("SN000500 to SN000504, none left", self.line.cli("order", "list").stdout)
        self.assertIn("no serial number left up to SN000504", self.line.cli("status").stdout)
        self.assert_fails(self.attempt(5), ("order-quota-reached",))
        self.line.cli("order", "close", "WO-1")
        self.line.cli("order", "open", "WO-1", "--first", "SN000500", "--last", "SN000504")
        result = self.attempt(5)
        self.assert_fails(result, ("order-range-exhausted",))
        self.assertEqual(result["state"], "refused")
        self.assertEqual(sorted(self.numbers()), ["SN000500", "SN000501", "SN000503", "SN000504"])
        orders = self.line.api("/api/v1/orders")[1]["orders"]
        self.assertEqual((orders[0]["first_serial"], orders[0]["last_serial"], orders[0]["last_assigned"]),
                         ("SN000500", "SN000504", "SN000504"))
        self.assert_ledger_holds()
        self.assert_books_agree()


if __name__ == "__main__":
    main()
