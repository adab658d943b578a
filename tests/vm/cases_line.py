# SPDX-License-Identifier: Apache-2.0
"""Boards come and go, and the plug is pulled."""
import json
import os
import random
import time

from station import PORTS, SERIALS, slot_of

CYCLES = int(os.environ.get("FLEETLINE_VM_CYCLES", 24))
CUTS = int(os.environ.get("FLEETLINE_VM_CUTS", 3))
SEED = int(os.environ.get("FLEETLINE_VM_SEED", 1))


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

    def open_ttys(self):
        return self.rig.sh("ls -l /proc/$(systemctl show -P MainPID fleetlined)/fd | grep -c /dev/tty || true").strip()

    def test_05_boards_plugged_and_unplugged_at_random_moments(self):
        self.station.configure()
        fixture, chance = self.station.fixture, random.Random(SEED)
        sitting, begun = {}, []
        plugs = 0
        while plugs < CYCLES:
            port = chance.choice(PORTS)
            if port in sitting:
                fixture.unplug(port)
                del sitting[port]
            else:
                # A new board, or one that was pulled out before.
                out = [serial for serial in begun if serial not in sitting.values()]
                serial = chance.choice(out) if out and chance.random() < 0.5 else self.station.fresh("RND")
                begun += [serial] if serial not in begun else []
                fixture.plug(serial, port)
                sitting[port] = serial
                plugs += 1
            time.sleep(chance.uniform(0, 1.2))  # the random moment
        fixture.unplug_all()
        self.rig.wait_for("end of all ports", lambda: self.open_ttys() == "0", 60)
        # Each board that was touched gets its way, eight at a time; no slot is dead.
        while len(begun) % len(PORTS):
            begun.append(self.station.fresh("RND"))
        for first in range(0, len(begun), len(PORTS)):
            serials = begun[first:first + len(PORTS)]
            self.plug_all(serials)
            self.assert_all_pass(serials, again=True)
            fixture.unplug_all()
        passed = {attempt["serial"] for attempt in self.station.attempts() if attempt["outcome"] == "passed"}
        self.assertLessEqual(set(begun), passed)
        self.rig.wait_for("end of all ports", lambda: self.open_ttys() == "0", 60)
        # A tty that is held keeps its number: the next would be another.
        fixture.plug(self.station.fresh("RND"), PORTS[0])
        self.rig.wait_for("tty", lambda: self.rig.sh("ls /dev/ttyUSB* 2>/dev/null || true") == "/dev/ttyUSB0\n", 30)
        fixture.unplug_all()
        self.rig.run("fleetline", "audit", "verify")

    def assert_nothing_is_lost(self):
        self.rig.run("fleetline", "audit", "verify")
        recorded = {attempt["attempt_id"]: attempt for attempt in self.station.attempts()}
        for attempt, shown in self.station.shown().items():
            self.assertIn(attempt, recorded, shown)
            self.assertEqual((shown["state"], shown["serial"], shown["thing_name"]),
                             tuple(recorded[attempt][key] for key in ("outcome", "serial", "thing_name")))
        known = {certificate["certificate_id"] for certificate in self.station.certificates()}
        self.assertLessEqual({certificate for _, certificate in self.station.registered()}, known)

    def open_an_order(self, name, serials):
        """Acknowledged when it returns; the answer looks whether it still holds."""
        self.rig.put("/run/list.csv", "".join(serial + "\n" for serial in serials))
        self.rig.run("fleetline", "order", "open", name, "--allow-list")
        self.rig.run("fleetline", "order", "import", name, "/run/list.csv")

        def look():
            order = json.loads(self.rig.run("fleetline", "--json", "order", "show", name)["out"])
            self.assertEqual((len(serials), ""), (order["listed"], order["closed_at"]))
            self.rig.run("fleetline", "order", "close", name)
        return look

    def authorise_a_rework(self, serial, port):
        """The same, of a board that has passed."""
        self.rig.run("fleetline", "rework", serial, "--reason", "the plug is about to be pulled")

        def look():
            self.station.fixture.plug(serial, port)
            slot = self.station.wait_for_outcomes({slot_of(port): serial})[slot_of(port)]
            self.assertEqual("passed", slot["state"], slot)
            self.station.fixture.unplug_all()
        return look

    def test_06_the_plug_is_pulled_at_random_moments_under_load(self):
        self.station.configure()
        fixture, chance = self.station.fixture, random.Random(SEED)
        passed = []
        for cut in range(CUTS):
            serials = [self.station.fresh("CUT") for _ in PORTS]
            before, keep = len(self.station.shown()), chance.choice((0.0, 0.3, 0.5, 0.9))
            began = time.monotonic()
            self.plug_all(serials)
            time.sleep(chance.uniform(0, 3.5))  # the eight take four to five seconds
            if cut % 2:
                still_holds = self.authorise_a_rework(chance.choice(passed), PORTS[0])
            else:
                still_holds = self.open_an_order(f"CUT-{cut}", serials)
            time.sleep(chance.uniform(0, 0.5))  # the random moment: what was acknowledged had the disk flushed just now
            at, shown = time.monotonic() - began, len(self.station.shown()) - before
            lost = self.rig.power_cut(keep, seed=chance.randrange(1 << 30))
            fixture.unplug_all()
            seconds = self.rig.boot()
            self.station.wait_until_connected()
            self.assert_nothing_is_lost()
            self.plug_all(serials)
            self.assert_all_pass(serials, again=True)
            passed += serials
            fixture.unplug_all()
            still_holds()
            self.assert_nothing_is_lost()
            print(f"cut {cut + 1} after {at:.2f} s and {shown} outcomes: {lost} sectors lost, {seconds:.1f} s to boot; all "
                  f"{len(self.station.shown())} outcomes shown so far are there", flush=True)
