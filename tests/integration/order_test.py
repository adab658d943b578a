#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Work orders on a running line, through the CLI: quota, allow-list, closing; a refused board costs no cloud call. Tokens beside them."""
import hashlib
import json
import os
import pwd
import sqlite3
import unittest

from line_case import LineCase, main


class WorkOrders(LineCase):
    slots = 8
    product_lines = 'order_required = true\nserial_pattern = "SN[0-9]{6}"'

    def order(self, *arguments):
        return self.line.cli("order", *arguments, check=False)

    def does(self, *arguments):
        run = self.order(*arguments)
        self.assertEqual(run.returncode, 0, run.stderr)

    def refuses(self, code, *arguments):
        run = self.order(*arguments)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn(f"[{code}]", run.stderr)
        return run.stderr

    def imports(self, order, lines, code=None):
        path = self.line.dir / "list.csv"
        path.write_text("".join(line + "\n" for line in lines))
        if code is None:
            self.does("import", order, str(path))
            return ""
        return self.refuses(code, "import", order, str(path))

    def test_the_life_of_an_order(self):
        certificates = len(self.registry("SELECT id FROM certificate"))
        self.assert_fails(self.attempt(1), ("order-none-open",))
        self.refuses("order-not-open", "close", "WO-1")
        self.does("open", "WO-1", "--quota", "2", "--allow-list")
        self.refuses("order-open-already", "open", "WO-2")
        self.refuses("station-request-invalid", "open", "WO-2", "--product", "toaster")
        shown = lambda: [(row["order"], row["passed"], row["quota"]) for row in self.line.api("/api/v1/status")[1]["orders"]]
        self.assertEqual(shown(), [("WO-1", 0, 2)])
        self.assert_fails(self.attempt(1), ("order-not-on-list",))
        refused = self.imports("WO-1", ["Serial number", "SN000001", "toaster", "SN000002", "kettle"], "station-request-invalid")
        self.assertIn("\n  line 3: 'toaster' is no serial number of the order's product", refused)
        self.assertIn("\n  line 5: 'kettle' is no", refused)
        self.assert_fails(self.attempt(1), ("order-not-on-list",))  # all or nothing
        self.assertEqual(len(self.registry("SELECT id FROM certificate")), certificates)
        self.imports("WO-1", [self.serial(number) for number in (1, 2, 3)])
        with sqlite3.connect(f"file:{self.line.dir}/ledger.db?mode=ro", uri=True) as book:
            (event,), = book.execute("SELECT payload FROM event WHERE kind = 'order-serials-imported'").fetchall()
        event, sent = json.loads(event), (self.line.dir / "list.csv").read_bytes()
        self.assertEqual((event["by"], event["count"], event["source_lines"], event["source_sha256"]),
                         (pwd.getpwuid(os.geteuid()).pw_name, 3, 3, hashlib.sha256(sent).hexdigest()))
        self.assert_passes(1)
        self.assert_passes(2)
        self.assert_fails(self.attempt(3), ("order-quota-reached",))
        self.line.wait_for("two boards counted", lambda: shown() == [("WO-1", 2, 2)])
        self.does("close", "WO-1")
        self.assertEqual(shown(), [])
        self.imports("WO-1", ["SN000004"], "order-not-open")
        self.does("open", "WO-2")
        self.assert_passes(3)
        self.imports("WO-2", ["SN000004"], "station-request-invalid")  # it takes any
        orders = {row["order"]: row for row in self.line.json_lines("order", "list")}
        self.assertEqual((orders["WO-1"]["passed"], orders["WO-1"]["quota"], bool(orders["WO-1"]["closed_at"])), (2, 2, True))
        self.assertEqual((orders["WO-2"]["passed"], bool(orders["WO-2"]["closed_at"])), (1, False))
        attempts = {row["serial"]: row for row in self.line.json_lines("attempts", "--outcome", "passed")}
        self.assertEqual({serial: row["order"] for serial, row in attempts.items()},
                         {"SN000001": "WO-1", "SN000002": "WO-1", "SN000003": "WO-2"})
        self.assert_ledger_holds()

    def test_a_token_is_told_once_and_revoked(self):
        token = self.line.cli("token", "add", "anna", "--role", "auditor").stdout.split()[0]
        self.assertRegex(token, "^flt_[A-Za-z0-9_-]{43}$")
        self.assertEqual([row["name"] for row in self.line.json_lines("token", "list")], ["anna"])
        self.assertNotIn(token, (self.line.dir / "tokens").read_text())
        self.assertEqual(self.line.cli("token", "add", "anna", "--role", "auditor", check=False).returncode, 1)
        self.assertEqual(self.line.cli("token", "add", "otto", "--role", "king", check=False).returncode, 2)
        self.line.cli("token", "revoke", "anna")
        self.assertEqual(self.line.json_lines("token", "list"), [])
        self.assertEqual(self.line.cli("token", "revoke", "anna", check=False).returncode, 1)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    main()
