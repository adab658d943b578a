#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments of a line under load (invariants I3, I5): sixteen boards are plugged at once, the daemon is killed
while they are worked on, and started again. The chain must hold, every outcome that was shown must be there, every board must
end passed, and the books must agree with the cloud's.

FLEETLINE_CRASHES: how many times (3). FLEETLINE_CRASH_SEED: of the moments (of the clock, and printed)."""
import os
import random
import time

from line_case import ENDED, LineCase, main


class Crash(LineCase):
    slots = 16
    baud = 921600  # a moment's work, so that there are many moments

    @classmethod
    def setUpClass(cls):
        cls.crashes = int(os.environ.get("FLEETLINE_CRASHES", "3"))
        seed = os.environ.get("FLEETLINE_CRASH_SEED") or str(time.time_ns())
        print(f"FLEETLINE_CRASH_SEED={seed}", flush=True)
        cls.chance = random.Random(seed)
        super().setUpClass()
        cls.boards_ = range(1, cls.slots + 1)
        cls.shown = {}  # outcome by attempt, as the page would have shown it
        cls.cycle = 4.0  # seconds until the last of them has passed
        cls.killed_in = {}

    def note_shown(self):
        slots = self.line.slots()
        for slot in slots.values():
            if slot["state"] in ENDED and slot["attempt_id"]:
                self.shown[slot["attempt_id"]] = slot["state"]
        return slots

    def release_all(self):
        """Boards that have passed are to be done again, so that there is always work."""
        passed = {row["serial"] for row in self.line.json_lines("devices") if row["outcome"] in ("passed", "refused")}
        for number in self.boards_:
            if self.serial(number) in passed:
                status, answer = self.line.api("/api/v1/rework", "POST", {"serial": self.serial(number), "reason": "crash test"})
                self.assertLess(status, 300, answer)

    def work_until_killed(self):
        for number in self.boards_:
            self.plug(number)
        began = time.monotonic()
        until = began + self.chance.uniform(0, self.cycle)
        slots = self.note_shown()
        while time.monotonic() < until:
            slots = self.note_shown()
        self.line.daemon.kill()
        for slot in slots.values():
            where = slot["step"] if slot["state"] == "working" else slot["state"]
            self.killed_in[where] = self.killed_in.get(where, 0) + 1

    def all_end_well(self):
        """The boards are there still, and found at the start."""
        began = time.monotonic()

        def ended():
            slots = self.note_shown()
            return slots if all(slot["state"] in ENDED and slot["plugged"] for slot in slots.values()) else None
        for name, slot in self.line.wait_for("outcome of all boards", ended, 240).items():
            if slot["failure_code"] != "already-provisioned":
                self.assertEqual((name, slot["state"], slot["failure_reason"]), (name, "passed", ""))
        for number in self.boards_:
            self.unplug(number)
        self.line.wait_for("empty slots", lambda: not any(slot["plugged"] for slot in self.line.slots().values()))
        return time.monotonic() - began

    def assert_shown_is_recorded(self):
        recorded = {row["attempt_id"]: row["outcome"] for row in self.line.json_lines("attempts", "--limit", "1000000")}
        lost = {attempt: state for attempt, state in self.shown.items() if recorded.get(attempt) != state}
        self.assertEqual(lost, {}, "outcomes that were shown and are not recorded")

    def test_killed_at_random_moments(self):
        for number in self.boards_:
            self.plug(number)
        type(self).cycle = self.all_end_well() + 0.5
        began = time.monotonic()
        for done in range(1, self.crashes + 1):
            self.release_all()
            self.work_until_killed()
            self.assert_ledger_holds()
            self.assert_shown_is_recorded()
            self.line.start_daemon()
            self.connected()
            self.all_end_well()
            if done % 10 == 0 or done == self.crashes:
                print(f"{done} crashes in {time.monotonic() - began:.0f} s, {len(self.shown)} outcomes shown; killed in "
                      f"{self.killed_in}", flush=True)
        self.assert_ledger_holds()
        self.assert_shown_is_recorded()
        self.assert_books_agree()


if __name__ == "__main__":
    main()
