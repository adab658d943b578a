# SPDX-License-Identifier: Apache-2.0
"""The sandbox from inside, and what goes wrong around a station: it says so, keeps what it has and recovers."""
import json
import os
import random
import time

from acm import AcmWire
from boards import Flood
from station import ENDED, PORTS, slot_of

OFFLINE = int(os.environ.get("FLEETLINE_VM_OFFLINE", 0))

PROBE_UNIT = r"""
sed -e '/^\(ExecStart\|ExecReload\|Watchdog\|Restart\|NotifyAccess\|Type\|RestartPrevent\)/d' \
    -e '/^\[Service\]/a Type=oneshot\nExecStart=/usr/bin/python3 -S -I /usr/lib/rig/probe.py PORT\nRuntimeDirectoryPreserve=yes\nStandardOutput=truncate:/run/probe.out' \
    /lib/systemd/system/fleetlined.service >/run/systemd/system/probe.service
systemctl daemon-reload
systemctl start probe
"""


class TroubleCases:
    def plug(self, port, serial="", **fault):
        serial = serial or self.station.fresh("TRB")
        self.station.fixture.plug(serial, port, **fault)
        return serial

    def assert_passes(self, serial, port, patience=180):
        slot = self.station.wait_for_outcomes({slot_of(port): serial}, patience)[slot_of(port)]
        self.assertEqual((serial, "passed"), (slot["serial"], slot["state"]), slot)

    def wait_for_code(self, code, port):
        """An attempt that ended before it was known which board it is at."""
        self.rig.wait_for(f"failure {code}", lambda: self.station.slots().get(slot_of(port), {}).get("failure_code") == code, 60)

    def assert_pass_where_they_sit(self, *boards):
        """The boards that met the trouble pass with nobody touching them. One that had passed before may be refused for that."""
        for serial, port in boards:
            self.rig.wait_for(f"pass of {serial}", lambda wanted=serial: any(
                a["serial"] == wanted and a["outcome"] == "passed" for a in self.station.attempts()))
            slot = self.station.wait_for_outcomes({slot_of(port): serial})[slot_of(port)]
            self.assertTrue(slot["state"] == "passed" or slot["failure_code"] == "already-provisioned", slot)

    def assert_well_again(self, *boards):
        """The boards that met the trouble pass, plugged again if need be; a new one passes; the ledger is whole."""
        for serial, port in boards:
            self.rig.wait_for("end of the attempt", lambda name=slot_of(port): self.station.slots()[name]["state"] in ENDED)
            slot = self.station.slots()[slot_of(port)]
            if (slot["state"], slot["serial"]) != ("passed", serial):
                self.station.fixture.unplug(port)
                self.rig.wait_for("unplugged slot", lambda name=slot_of(port): not self.station.slots()[name]["plugged"])
                self.station.fixture.plug(serial, port)
                self.rig.wait_for(f"pass of {serial}", lambda wanted=serial: any(
                    a["serial"] == wanted and a["outcome"] == "passed" for a in self.station.attempts()))
        self.station.fixture.unplug_all()
        self.assert_passes(self.plug(PORTS[0]), PORTS[0])
        self.station.fixture.unplug_all()
        self.rig.run("fleetline", "audit", "verify")

    def test_07_nothing_that_is_not_the_services_can_be_had_from_its_sandbox(self):
        self.station.configure()
        self.rig.sh("useradd -m somebody; echo secret >/home/somebody/secret; chmod -R a+rX /home/somebody; echo x >/tmp/of-somebody; "
                    "install -d -o somebody -m 700 /var/lib/somebody; install -o somebody -m 600 /dev/null /var/lib/somebody/secret; "
                    "install -m 4755 /usr/bin/id /usr/local/bin/root-id")
        self.assertEqual("0\n", self.rig.sh("runuser -u somebody -- /usr/local/bin/root-id -u"))  # anybody else does become root
        boards = {slot_of(PORTS[0]): self.plug(PORTS[0]), slot_of(PORTS[4]): self.plug(PORTS[4], wired=AcmWire)}
        self.addCleanup(self.station.fixture.unplug_all)
        self.station.wait_for_outcomes(boards)  # and lets go of the ports
        self.rig.sh("test -c /dev/ttyUSB0 && test -c /dev/ttyACM0")
        self.rig.sh(PROBE_UNIT.replace("PORT", str(self.station.line.cloud_env["IOT_PORT"])))
        tried = [json.loads(line) for line in self.rig.sh("cat /run/probe.out").splitlines()]
        self.assertGreater(len(tried), 30)
        for attempt in tried:
            self.assertEqual(attempt["wanted"], attempt["done"], attempt)

    def test_08_a_hub_that_resets(self):
        self.station.configure()
        boards = [(self.plug(port), port) for port in PORTS[:4]]
        self.rig.wait_for("boards under way", lambda: any(s["state"] == "working" for s in self.station.slots().values()), 30, 0)
        self.rig.sh("for on in 0 1; do echo $on >/sys/bus/usb/devices/1-1/authorized; done")
        self.assert_pass_where_they_sit(*boards)
        self.assert_well_again()

    def test_09_a_tty_that_floods(self):
        self.station.configure()
        flood = Flood(self.rig.path("flood.sock"), 1_000_000)
        self.addCleanup(flood.close)
        self.rig.plug("flood", PORTS[7], flood.path, "FLOOD1")
        self.addCleanup(self.rig.unplug, "flood")
        began = time.monotonic()
        serial = self.plug(PORTS[0])
        self.assert_passes(serial, PORTS[0])
        passed_after = time.monotonic() - began
        self.wait_for_code("device-flooded", PORTS[7])
        print(f"beside a flood of {flood.sent} bytes a board passed in {passed_after:.1f} s", flush=True)
        self.assertLess(int(self.memory_kib()), 60 * 1024)
        self.station.fixture.unplug_all()

    def memory_kib(self):
        return self.rig.sh("awk '/VmRSS/ { print $2 }' /proc/$(systemctl show -P MainPID fleetlined)/status").strip()

    def keep_plugging(self, seconds):
        """Boards come and go that nothing can be done for; each has patience for a while. Answers their serial numbers."""
        chance, until, serials = random.Random(seconds), time.monotonic() + seconds, []
        while time.monotonic() < until:
            port = chance.choice(PORTS[2:])
            serials.append(self.plug(port))
            time.sleep(chance.uniform(1, 90))
            self.station.fixture.unplug(port)
        return serials

    def test_10_the_network_goes_and_comes_back(self):
        self.station.configure()
        self.rig.command_qmp("set_link", name="nic", up=False)
        before = (self.plug(PORTS[0]), PORTS[0])  # under way before anybody can know
        self.rig.wait_for("word that the cloud is away", lambda: not self.station.status()["cloud"]["connected"], 120)
        after = (self.plug(PORTS[1]), PORTS[1])
        self.rig.wait_for("slot that waits for the cloud",
                          lambda: self.station.slots()[slot_of(PORTS[1])]["state"] == "waiting-for-cloud", 60)
        came = self.keep_plugging(OFFLINE)
        self.rig.command_qmp("set_link", name="nic", up=True)
        if OFFLINE:  # longer than a board waits
            self.station.wait_until_connected()
            self.assert_well_again(before, after)
        else:
            self.assert_pass_where_they_sit(before, after)
            self.assert_well_again()
        for first in range(0, len(came), len(PORTS)):
            serials = came[first:first + len(PORTS)]
            self.plug_all(serials)
            self.assert_all_pass(serials)
            self.station.fixture.unplug_all()
        self.rig.run("fleetline", "audit", "verify")
        print(f"{len(came)} boards came while the network was away, and passed afterwards", flush=True)

    def test_11_the_clock_jumps_a_year(self):
        self.station.configure()
        for jump in ("+1 year", "-2 years", "+1 year"):
            self.rig.run("date", "-s", jump)
            serial = self.plug(PORTS[0])
            slot = self.station.wait_for_outcomes({slot_of(PORTS[0]): serial})[slot_of(PORTS[0])]
            self.assertEqual("passed", slot["state"], slot)
            self.station.fixture.unplug_all()
            self.rig.run("fleetline", "audit", "verify")
        self.rig.run("date", "-s", f"@{int(time.time())}")
        self.station.wait_until_connected()
        self.assert_well_again()

    def fill_the_disk(self):
        self.rig.sh("fallocate -l $(df --output=avail -B1 / | tail -1) /filler || true; "
                    "dd if=/dev/zero of=/filler2 bs=4k 2>/dev/null || true")
        self.addCleanup(self.free_the_disk)

    def free_the_disk(self):
        self.rig.sh("rm -f /filler /filler2")

    def test_12_the_disk_is_full(self):
        self.station.configure()
        self.rig.sh("systemctl restart fleetlined")  # no old write-ahead log that has room still
        self.station.wait_until_connected()
        self.fill_the_disk()
        serial = self.plug(PORTS[0])
        self.wait_for_code("station-ledger-unwritable", PORTS[0])
        self.assertFalse(self.station.status()["ledger_writable"])
        self.free_the_disk()
        self.assert_well_again((serial, PORTS[0]))
        self.assertTrue(self.station.status()["ledger_writable"])

    def restarts(self):
        return int(self.rig.sh("systemctl show -P NRestarts fleetlined"))

    def test_13_a_service_that_starts_on_a_full_disk_comes_back_by_itself(self):
        self.station.configure()
        # Every start fails until there is room again, however many those are. Here they follow each other quickly, and were
        # there a limit of starts, it would be met soon.
        self.rig.put("/run/systemd/system/fleetlined.service.d/quick.conf", "[Unit]\nStartLimitBurst=3\n[Service]\nRestartSec=50ms\n")
        self.addCleanup(self.rig.sh, "rm -r /run/systemd/system/fleetlined.service.d; systemctl daemon-reload")
        self.rig.run("systemctl", "daemon-reload")
        self.rig.run("systemctl", "stop", "fleetlined")  # leaves no write-ahead log that has room still
        self.fill_the_disk()
        self.rig.run("systemctl", "start", "--no-block", "fleetlined")
        self.rig.wait_for("start after start", lambda: self.restarts() > 4, 180)
        self.free_the_disk()
        self.station.wait_until_connected()
        self.assert_well_again()

    def test_14_the_disk_fails_and_turns_read_only(self):
        self.station.configure()
        self.rig.sh("mount -o remount,errors=remount-ro / && echo test >/sys/fs/ext4/vda/trigger_fs_error")
        self.rig.wait_for("read-only disk", lambda: self.rig.run("touch", "/probe", check=False)["status"] != 0, 30)
        serial = self.plug(PORTS[0])
        self.wait_for_code("station-ledger-unwritable", PORTS[0])
        self.assertFalse(self.station.status()["ledger_writable"])
        # Such a disk can be written again after a restart only.
        self.rig.power_cut(keep=0)
        self.station.fixture.unplug_all()
        self.rig.boot()
        self.station.wait_until_connected()
        self.rig.run("fleetline", "audit", "verify")
        passed = {attempt["attempt_id"] for attempt in self.station.attempts() if attempt["outcome"] == "passed"}
        self.assertLessEqual({attempt for attempt, shown in self.station.shown().items() if shown["state"] == "passed"}, passed)
        self.station.fixture.plug(serial, PORTS[0])
        self.assert_well_again((serial, PORTS[0]))

    def test_15_boards_sit_in_their_slots_at_boot_and_the_cloud_is_away(self):
        self.station.configure()
        self.rig.shut_down()
        self.station.line.cloud.stop()
        boards = [(self.station.fresh("TRB"), port) for port in (PORTS[0], PORTS[7])]
        self.rig.boot(seat=lambda: [self.station.fixture.plug(*board) for board in boards])
        self.rig.wait_for("station", lambda: self.station.status(), 60)
        self.assertEqual("active\n", self.rig.sh("systemctl is-active fleetlined || true"))
        boards.append((self.plug(PORTS[1]), PORTS[1]))
        for _, port in boards:
            self.rig.wait_for("slot that waits for the cloud",
                              lambda name=slot_of(port): self.station.slots()[name]["state"] == "waiting-for-cloud", 60)
        self.assertTrue(self.station.status()["cloud"]["trouble_code"])
        self.station.line.start_cloud(port=self.station.line.cloud_env["IOT_PORT"])
        self.assert_pass_where_they_sit(*boards)
        self.assert_well_again()

    def test_16_sixteen_empty_slots_cost_next_to_nothing(self):
        self.station.configure()
        self.rig.sh("systemctl restart fleetlined")
        self.station.wait_until_connected()
        pid = "$(systemctl show -P MainPID fleetlined)"
        count = lambda: [int(number) for number in self.rig.sh(  # noqa: E731
            f"awk '{{ print $14 + $15 }}' /proc/{pid}/stat; "
            f"cat /proc/{pid}/task/*/status | awk '/^voluntary_ctxt/ {{ n += $2 }} END {{ print n }}'").split()]
        self.rig.sh("systemctl stop rig-shown; sleep 3")
        before = count()
        self.rig.sh("sleep 20")
        # Hundredths of a second a second: per cent; and how often one of its threads woke up in a second.
        share, wakes = [(after - was) / 20 for was, after in zip(before, count())]
        self.rig.sh("systemctl start rig-shown")
        memory = int(self.memory_kib()) / 1024
        print(f"idle: {share:.2f} % CPU (emulated), {wakes:.1f} wake-ups a second, {memory:.1f} MiB resident", flush=True)
        self.assertLess(memory, 25)
        self.assertLess(wakes, 10)
        # Emulated, and by how busy the host is: `scripts/bench line` has the share of a real processor.
        self.assertLess(share, 2)
