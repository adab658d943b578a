#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boards that vanish or lie, a cloud that leaves or lies: each ends in a failure with its own code, and the next try in
that slot passes. Other slots do not notice."""
import json
import os
import pathlib
import random
import re
import unittest

from line_case import ENDED, PROGRAMS, LineCase, main


class BoardThatBlinks(LineCase):
    """A board goes away in the middle and is back at another tty: the attempt goes on."""
    slots = 8
    station_lines = "longest_absence_s = 60\n"

    def tty(self):
        """Of the one board that is plugged."""
        return [os.readlink(link) for link in (self.line.dir / "usb").iterdir() if link.is_symlink()]

    def test_comes_back_at_each_step(self):
        for step in ("conf set", "pki generate key", "pki generate csr", "pki import cert", "conf commit", "pki export cert", "reset"):
            with self.subTest(step=step):
                board = self.new_board()
                self.tell_board(f"unplug-at {self.serial(board)} {step} middle")
                self.plug(board)
                first = self.tty()
                self.line.wait_for("the board to leave", lambda: not self.slot(board)["plugged"])
                self.line.wait_for("the tty to vanish", lambda: not os.path.exists(first[0]))
                while not os.path.exists(first[0]):  # until its number is somebody else's
                    self.addCleanup(os.close, os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
                attempt = self.slot(board)["attempt_id"]
                self.plug(board)
                self.assertNotEqual(first, self.tty())
                now = self.line.wait_for("outcome", lambda: (now := self.slot(board))["state"] in ENDED and now)
                self.assert_passed(now)
                self.assertEqual(now["attempt_id"], attempt)
                rows = [row for row in self.line.json_lines("attempts") if row["serial"] == self.serial(board)]
                self.assertEqual(1, len(rows), rows)
                self.unplug(board)
        self.assert_ledger_holds()
        self.assert_books_agree()


class BoardTrouble(LineCase):
    slots = 40

    def fails_then_passes(self, command, codes):
        """First attempt under the fault, the second without."""
        board = self.new_board()
        self.tell_board(command.format(self.serial(board)))
        self.assert_fails(self.attempt(board), codes)
        self.line.board(f"clear-faults {self.serial(board)}")
        self.assert_passes(board)

    def test_vanishes_at_each_step(self):
        for step in ("conf set", "pki generate key", "pki generate csr", "pki import cert", "conf commit",
                     "pki export cert"):
            for when in ("before", "middle"):
                with self.subTest(step=step, when=when):
                    self.fails_then_passes(f"unplug-at {{}} {step} {when}", ("port-gone",))
        self.assert_ledger_holds()
        self.assert_books_agree()

    def test_lies_and_failures(self):
        for fault, codes in {
                "csr-bad-signature": ("device-csr-invalid",), "csr-wrong-subject": ("device-csr-invalid",),
                "csr-wrong-key": ("device-csr-invalid",), "keygen-fails": ("device-key-failed",),
                "import-corrupts": ("device-proof-failed",), "readback-other-cert": ("device-proof-failed",),
                "readback-nothing": ("device-proof-failed",), "import-drops-line": ("device-write-failed",),
                "reboot-midway": ("device-restarted", "device-answer-invalid", "device-write-failed"), "silent": ("device-no-answer",),
                "wrong-baud": ("device-no-answer", "device-answer-invalid")}.items():
            with self.subTest(fault):
                self.fails_then_passes(f"fault {{}} {fault}", codes)
        self.assert_ledger_holds()
        self.assert_books_agree()

    def fails_or_passes_then_passes(self, board, result):
        """Noise may be over before the board is asked; where it is not, the failure has a name."""
        if result["state"] != "passed":
            self.assertRegex(result["failure_code"], "^(device|port)-")
            self.assertTrue(result["failure_text"] and result["next_action"], result)
            self.assert_passes(board)

    def test_noise_from_the_start(self):
        for fault in ("random-garbage 100", "random-garbage 262144", "line-1mib"):
            with self.subTest(fault):
                board = self.new_board()
                self.tell_board(f"fault {self.serial(board)} {fault}")
                result = self.attempt(board)
                self.line.board(f"clear-faults {self.serial(board)}")
                self.fails_or_passes_then_passes(board, result)
        self.assert_ledger_holds()
        self.assert_books_agree()

    def test_noise_all_the_time(self):
        chance = random.Random(20)
        for kind, noise in {"any bytes": lambda: chance.randbytes(512),
                            "one line without an end": lambda: b"x" * 4096,
                            "prompts": lambda: b"\r\n> " * 64,
                            "numbers, quotes and PEM": lambda: b'thing_name="' + chance.randbytes(9) + b"-----BEGIN CERTIFICATE-----\r\n"
                            }.items():
            with self.subTest(kind):
                board = self.new_board()
                earlier = self.slot(board)["attempt_id"]
                self.plug(board)
                while (now := self.slot(board))["attempt_id"] == earlier or now["state"] not in ENDED:
                    self.tell_board(f"raw {self.serial(board)} {noise().hex()}")
                self.unplug(board)
                self.line.wait_for("empty slot", lambda: not self.slot(board)["plugged"])
                self.fails_or_passes_then_passes(board, now)
        self.assert_ledger_holds()
        self.assert_books_agree()


class CloudTrouble(LineCase):
    slots = 40
    cloud_lines = "request_timeout_s = 1.0"
    product_lines = "patience_s = 20"

    def test_answers_that_are_wrong(self):
        both = ("CreateCertificateFromCsr", "RegisterThing")
        for kind, operations in (("foreign-certificate", both[:1]), ("wrong-certificate-id", both[:1]),
                                 ("wrong-thing-name", both[1:]), ("not-json", both), ("missing-fields", both)):
            for operation in operations:
                with self.subTest(kind=kind, operation=operation):
                    board = self.new_board()
                    self.line.fault(kind=kind, operation=operation, count=1)
                    result = self.attempt(board)
                    self.line.cloud_http("DELETE")
                    if result["state"] != "passed":  # else asked again within its patience
                        self.assertRegex(result["failure_code"], "^cloud-")
                        self.assertTrue(result["failure_text"] and result["next_action"])
                        self.assert_passes(board)
        self.assert_ledger_holds()
        self.assert_books_agree()
        self.assert_each_board_is_its_own()

    def test_answers_that_are_late_twice_or_lost(self):
        both = ("CreateCertificateFromCsr", "RegisterThing")
        for fault in ({"kind": "lose"}, {"kind": "late", "ms": 1500}, {"kind": "duplicate"}, {"kind": "extra-fields"},
                      {"kind": "throttle", "tps": 0}):
            for operation in both:
                with self.subTest(fault=fault, operation=operation):
                    board = self.new_board()
                    self.line.fault(operation=operation, count=1, **fault)
                    result = self.attempt(board)
                    self.line.cloud_http("DELETE")
                    if result["state"] != "passed":
                        self.assert_passes(board)
        self.assert_ledger_holds()
        self.assert_books_agree()
        self.assert_each_board_is_its_own()

    def test_the_session_breaks_at_each_step(self):
        for operation in ("CreateCertificateFromCsr", "RegisterThing"):
            for step in ("before-puback", "after-puback", "after-answer"):
                with self.subTest(operation=operation, step=step):
                    board = self.new_board()
                    self.line.fault(kind="disconnect", operation=operation, step=step, count=1)
                    result = self.attempt(board)
                    self.line.cloud_http("DELETE")
                    self.assert_passed(result)
        self.assert_ledger_holds()
        self.assert_books_agree()

    def test_the_broker_goes_away_and_returns(self):
        self.line.fault(kind="outage", mode="refuse")
        self.line.wait_for("lost session", lambda: not self.line.api("/api/v1/status")[1]["cloud"]["connected"])
        board = self.new_board()
        earlier = self.slot(board)["attempt_id"]
        self.plug(board)
        self.line.wait_for("board that waits", lambda: self.slot(board)["state"] == "waiting-for-cloud")
        self.line.cloud_http("DELETE")
        result = self.outcome_after(earlier, board)
        self.unplug(board)
        self.assert_passed(result)

    def test_the_claim_is_deactivated_under_way(self):
        cloud = lambda: self.line.api("/api/v1/status")[1]["cloud"]  # noqa: E731
        self.line.cloud_http("PUT", target=f"/certificates/{self.claim_id()}?newStatus=INACTIVE")
        try:
            self.line.wait_for("its name", lambda: cloud()["trouble_code"] == "cloud-claim-refused")
            self.assertIn("not active", cloud()["trouble"])
            board = self.new_board()
            earlier = self.slot(board)["attempt_id"]
            self.plug(board)
            self.line.wait_for("board that waits", lambda: self.slot(board)["state"] == "waiting-for-cloud")
        finally:
            self.line.cloud_http("PUT", target=f"/certificates/{self.claim_id()}?newStatus=ACTIVE")
        result = self.outcome_after(earlier, board)
        self.unplug(board)
        self.assert_passed(result)

    def assert_each_board_is_its_own(self):
        for device in self.line.json_lines("devices"):
            if device["outcome"] == "passed":
                self.assertEqual(device["thing_name"], f"fleetline-{device['serial']}")
                self.assertIn((device["certificate_id"],), self.registry(
                    "SELECT certificate_id FROM attachment WHERE thing = ?", device["thing_name"]))


class CloudRefusals(LineCase):
    """On a line of their own: after a request that timed out, a rejection may be its late answer, and fails nobody."""
    slots = 8

    def test_a_refusal_ends_the_attempt_in_the_cloud_s_words(self):
        both = ("CreateCertificateFromCsr", "RegisterThing")
        for fault, operations, code in (
                ({"kind": "reject", "statusCode": 400, "errorCode": "InvalidParameters",
                  "errorMessage": "Cannot resolve reference value: X"}, both, "cloud-rejected"),
                ({"kind": "reject", "statusCode": 403, "errorCode": "AccessDenied", "errorMessage": "not this one"}, both,
                 "cloud-denied"),
                ({"kind": "hook-denial"}, both[1:], "cloud-denied")):
            for operation in operations:
                with self.subTest(fault=fault, operation=operation):
                    board = self.new_board()
                    self.line.fault(operation=operation, count=1, **fault)
                    result = self.attempt(board)
                    self.line.cloud_http("DELETE")
                    self.assert_fails(result, (code,))
                    self.assertIn(fault.get("errorMessage", ""), result["failure_reason"])
                    self.assert_passes(board)
        self.assert_ledger_holds()
        self.assert_books_agree()


class Duplicates(LineCase):
    def test_a_board_that_passed_is_refused_and_told_when_and_where(self):
        board = self.new_board()
        self.assert_passes(board)
        before = self.registry("SELECT count(*) FROM certificate")
        again = self.attempt(board)
        self.assertEqual((again["state"], again["failure_code"]), ("refused", "already-provisioned"))
        self.assertIn(f"in slot A{board}", again["failure_reason"])
        self.assertRegex(again["failure_reason"], r"passed 20\d\d-\d\d-\d\dT")
        self.assertEqual(self.registry("SELECT count(*) FROM certificate"), before)

    def test_one_serial_in_two_slots(self):
        board, other = self.new_board(), self.new_board()
        self.plug(board)
        self.tell_board(f"plug {self.serial(board)} twin")  # a second board with that serial number, ...
        link = self.line.dir / "usb" / "twin"
        about = json.loads(link.with_suffix(".json").read_text())
        about["id_path"] = f"platform-rehearsal-usb-0:1.{other}"  # ... moved into the other slot
        link.with_suffix(".json").write_text(json.dumps(about))
        target = os.readlink(link)
        link.unlink()
        os.symlink(target, link)
        results = [self.outcome_after("", number) for number in (board, other)]
        self.assertEqual(sorted(r["state"] for r in results), ["passed", "refused"])
        refused = next(r for r in results if r["state"] == "refused")
        self.assertIn(refused["failure_code"], ("order-in-progress", "already-provisioned"))


@unittest.skipIf("asan" in PROGRAMS.parts or "tsan" in PROGRAMS.parts, "sanitizers take memory of their own")
class Resources(LineCase):
    slots = 16

    def test_sixteen_boards_fit_in_48_mib(self):
        for board in range(1, 17):
            self.plug(board)
        for board in range(1, 17):
            self.assert_passed(self.outcome_after("", board))
        status = pathlib.Path(f"/proc/{self.line.daemon.popen.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
        print(f"peak resident memory: {peak / 1024:.1f} MiB")
        self.assertLess(peak, 48 * 1024)


if __name__ == "__main__":
    main()
