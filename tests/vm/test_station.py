#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A station that boots: Debian 12 with systemd and udev under QEMU, the package installed.

Cases run in the order of their names on one machine, whose life they follow.
"""
import signal
import sys
import time
import unittest

from cases_line import LineCases
from cases_package import PackageCases
from cases_service import ServiceCases
from cases_trouble import TroubleCases
from station import Station


class Life(LineCases, TroubleCases, ServiceCases, PackageCases, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.station = Station()
        cls.addClassCleanup(cls.station.close)
        cls.rig = cls.station.rig
        print(f"\nfirst boot: {cls.rig.boot():.1f} s", flush=True)

    def setUp(self):
        began = time.monotonic()
        self.addCleanup(lambda: print(f"{time.monotonic() - began:.1f} s", flush=True))

    def tearDown(self):
        if self.rig.qemu:
            self.station.fixture.unplug_all()

    def test_01_apt_installs_the_package_and_the_service_is_enabled(self):
        self.station.install()
        self.assertEqual("enabled\n", self.rig.sh("systemctl is-enabled fleetlined"))
        self.assertEqual("root fleetline 750\n", self.rig.sh("stat -c '%U %G %a' /etc/fleetline"))
        self.assertNotIn("the mode is different", self.rig.sh("journalctl --no-pager"))
        # Not configured yet: it runs and says what is missing, and what to do.
        self.assertEqual("active\n", self.rig.sh("systemctl is-active fleetlined || true"))
        for told in (self.rig.sh("fleetline status"), self.rig.sh("journalctl -u fleetlined -o cat CODE=cloud-ca-unreadable")):
            self.assertIn("/etc/fleetline/AmazonRootCA1.pem", told)
        self.assertIn("Next: ", self.rig.sh("fleetline status"))

    def test_02_systemd_scores_the_sandbox_one_and_a_half_or_better(self):
        text = self.rig.sh("systemd-analyze security --no-pager fleetlined | tail -1")
        self.assertLessEqual(float(text.split(":")[1].split()[0]), 1.5, text)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the machine is switched off
    unittest.main(verbosity=2)
