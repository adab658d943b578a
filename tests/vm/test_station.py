#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A station that boots: Debian 12 with systemd and udev under QEMU, the package installed, boards on its USB ports.

Cases run in the order of their names on one machine, whose life they follow: installed, started, used, cut off, removed.
"""
import os
import random
import time
import unittest

from station import PORTS, SERIALS, Station, slot_of

CUTS = int(os.environ.get("FLEETLINE_VM_CUTS", "3"))


class Life(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.station = Station()
        cls.addClassCleanup(cls.station.close)
        cls.rig = cls.station.rig
        print(f"\nfirst boot: {cls.rig.boot():.1f} s", flush=True)

    def plug_all(self):
        for serial, port in zip(SERIALS, PORTS):
            self.station.fixture.plug(serial, port)

    def verify(self):
        self.assertEqual(0, self.rig.run("fleetline", "audit", "verify")["status"])

    def test_1_apt_installs_the_package_and_the_service_is_enabled(self):
        self.station.install()
        self.assertEqual("enabled\n", self.rig.sh("systemctl is-enabled fleetlined"))
        self.assertEqual("fleetline\n", self.rig.sh("stat -c %G /etc/fleetline"))
        # Not configured yet: it says what is missing, whether it waits or has given up.
        told = self.rig.sh("journalctl -u fleetlined --no-pager; fleetline config check 2>&1 || true")
        self.assertIn("AmazonRootCA1.pem", told)

    def test_2_systemd_scores_the_sandbox_one_and_a_half_or_better(self):
        text = self.rig.sh("systemd-analyze security --no-pager fleetlined | tail -1")
        self.assertLessEqual(float(text.split(":")[1].split()[0]), 1.5, text)

    def test_3_after_a_boot_eight_boards_at_once_pass_each_in_its_own_slot(self):
        self.station.configure()
        self.station.wait_until_connected()
        self.rig.shut_down()
        print(f"\nboot: {self.rig.boot():.1f} s", flush=True)
        self.rig.wait_for("a running service", lambda: self.rig.run("systemctl", "is-active", "fleetlined", check=False)["status"] == 0)
        self.station.wait_until_connected()
        began = time.monotonic()
        self.plug_all()
        slots = self.station.wait_for_outcomes([slot_of(port) for port in PORTS])
        print(f"eight boards: {time.monotonic() - began:.1f} s", flush=True)
        self.assertEqual({slot_of(port): ("passed", serial) for serial, port in zip(SERIALS, PORTS)},
                         {name: (slot["state"], slot["serial"]) for name, slot in slots.items()})
        self.verify()
        self.station.fixture.unplug_all()

    def test_4_a_power_cut_at_any_moment_loses_no_outcome_that_was_shown(self):
        chance = random.Random(7)
        for number in range(CUTS):
            known = {a["attempt_id"]: a["outcome"] for a in self.station.attempts() if a["outcome"]}
            for serial in SERIALS:
                self.rig.run("fleetline", "rework", serial, "--reason", "power cut", check=False)
            self.plug_all()
            time.sleep(chance.uniform(0, 12))  # the random moment that the case is about
            shown = {slot["serial"]: slot["state"] for slot in self.station.slots().values() if slot["state"] == "passed"}
            lost = self.rig.power_cut(keep=0.5, seed=number)
            self.station.fixture.unplug_all()
            self.rig.boot()
            self.station.wait_until_connected()
            self.verify()
            now = {a["attempt_id"]: a["outcome"] for a in self.station.attempts()}
            self.assertEqual(known, {key: now.get(key) for key in known})
            passed = [a["serial"] for a in self.station.attempts() if a["outcome"] == "passed"]
            for serial in shown:
                self.assertIn(serial, passed)
            print(f"\ncut {number}: {len(shown)} outcomes shown, {lost} sectors lost", flush=True)

    def test_5_removal_keeps_the_ledger_and_purge_says_what_it_deleted(self):
        self.rig.run("dpkg", "--remove", "fleetline")
        self.rig.run("test", "-s", "/var/lib/fleetline/ledger.db")
        self.rig.run("test", "-s", "/etc/fleetline/fleetline.toml")
        self.assertIn("deleted /var/lib/fleetline", self.rig.sh("dpkg --purge fleetline 2>&1"))
        self.rig.run("test", "!", "-e", "/var/lib/fleetline")


if __name__ == "__main__":
    unittest.main(verbosity=2)
