# SPDX-License-Identifier: Apache-2.0
"""Boards come and go."""
import time

from station import PORTS, SERIALS, slot_of


class LineCases:
    def test_03_a_port_that_is_plugged_is_the_stations_alone(self):
        self.station.configure()
        self.station.fixture.plug(self.station.fresh("PORT"), "1.1")
        self.addCleanup(self.station.fixture.unplug_all)
        self.rig.wait_for("tty", lambda: self.rig.run("test", "-e", "/dev/ttyUSB0", check=False)["status"] == 0)
        self.rig.run("udevadm", "settle")
        self.assertEqual("fleetline 660\n", self.rig.sh("stat -c '%G %a' /dev/ttyUSB0"))
        told = self.rig.sh("udevadm info /dev/ttyUSB0")
        self.assertIn("ID_MM_PORT_IGNORE=1", told)
        self.assertIn("ID_PATH=pci-0000:00:04.0-usb-0:1.1:1.0", told)
        self.assertEqual("1\n", self.rig.sh("cat /sys/class/tty/ttyUSB0/device/latency_timer"))
        # The machine's own serial port is none of the station's.
        self.assertNotIn("fleetline", self.rig.sh("stat -c %G /dev/ttyS0"))

    def plug_all(self, serials):
        for serial, port in zip(serials, PORTS):
            self.station.fixture.plug(serial, port)

    def assert_all_pass(self, serials, again=False):
        """Plugged: each passes in its own slot. With `again` it may have passed before and be refused for that."""
        slots = self.station.wait_for_outcomes({slot_of(port): serial for serial, port in zip(serials, PORTS)})
        for serial, port in zip(serials, PORTS):
            slot = slots[slot_of(port)]
            passed = slot["state"] == "passed" or (again and slot["failure_code"] == "already-provisioned")
            self.assertTrue(slot["serial"] == serial and passed, slot)
            self.assertTrue((self.station.line.dir / "devices" / serial / "certificate.pem").exists())

    def test_04_eight_boards_plugged_at_once_behind_two_hubs_pass(self):
        self.station.configure()
        began = time.monotonic()
        self.plug_all(SERIALS)
        self.assert_all_pass(SERIALS)
        print(f"eight boards: {time.monotonic() - began:.1f} s", flush=True)
        self.station.fixture.unplug_all()
        self.rig.run("fleetline", "audit", "verify")
