# SPDX-License-Identifier: Apache-2.0
"""The package in the course of a station's life: upgraded in a shift, never downgraded below its ledger, removed, purged."""
import pathlib
import subprocess

from station import PORTS, ROOT, slot_of


class PackageCases:
    def apt(self, *words, check=True):
        return self.rig.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", *words, check=check, patience=400)

    def next_package(self, name="next"):
        """The package with a later version number."""
        folder = self.station.dir / name
        subprocess.run(["dpkg-deb", "-R", self.station.package, folder], check=True)
        control = pathlib.Path(folder / "DEBIAN/control")
        text = control.read_text()
        version = text.split("\nVersion: ")[1].split("\n")[0]
        control.write_text(text.replace(f"\nVersion: {version}\n", f"\nVersion: {version}+{name}\n"))
        target = self.station.dir / f"{name}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "-b", folder, target], check=True, stdout=subprocess.DEVNULL)
        self.rig.put(f"/root/{name}.deb", target.read_bytes())
        return f"{version}+{name}"

    def version(self):
        return self.rig.sh("dpkg-query -W -f '${Version}' fleetline")

    def test_23_an_upgrade_lets_the_boards_in_their_slots_finish(self):
        self.station.configure()
        self.rig.run("fleetline", "backup", "/var/backups/fleetline/before.db")
        later = self.next_package()
        self.assertNotEqual(later, self.version())
        serial = self.station.fresh("UPG")
        self.station.fixture.plug(serial, PORTS[0], slow_flash=2500)
        self.rig.wait_for("board under way", lambda: self.station.slots()[slot_of(PORTS[0])]["state"] == "working", 30, 0)
        self.apt("install", "/root/next.deb")
        self.assertEqual(later, self.version())
        self.station.wait_until_connected()
        attempts = [a for a in self.station.attempts() if a["serial"] == serial]
        print("during the upgrade:", [(a["outcome"], a["failure_code"]) for a in reversed(attempts)], flush=True)
        if attempts[-1]["outcome"] != "passed":
            self.rig.wait_for("pass", lambda: any(a["serial"] == serial and a["outcome"] == "passed"
                                                  for a in self.station.attempts()))
        self.assertEqual("passed", attempts[-1]["outcome"], attempts)
        self.station.fixture.unplug_all()
        self.rig.run("fleetline", "audit", "verify")

    def test_24_an_upgrade_brings_the_ledger_of_an_older_version_up_to_date_and_keeps_a_copy(self):
        self.station.configure()
        fixture, board = self.station.fixture, self.station.fresh("OLD")
        fixture.plug(board, PORTS[0])
        self.station.wait_for_outcomes({slot_of(PORTS[0]): board})
        fixture.unplug_all()
        attempts, certificates = self.station.attempts(), self.station.certificates()
        migrations = sorted((ROOT / "schema/ledger").glob("[0-9]*.sql"))
        for migration in migrations:
            self.rig.put(f"/root/schema/{migration.name}", migration.read_text())
        ledger = "/var/lib/fleetline/ledger.db"
        self.rig.sh(f"systemctl stop fleetlined && python3 /usr/lib/rig/older_ledger.py {ledger} 1 /root/schema")
        refused = self.rig.run("fleetline", "attempts", check=False)
        self.assertEqual(5, refused["status"])
        self.assertIn("start fleetlined once", refused["err"])
        later = self.next_package("nextbutone")
        self.apt("install", "/root/nextbutone.deb")
        self.assertEqual(later, self.version())
        self.station.wait_until_connected()
        version = "od -An -tu1 -j60 -N4 %s | awk '{ print $4 }'"
        self.assertEqual(f"{len(migrations)}\n", self.rig.sh(version % ledger))
        self.assertEqual(attempts, self.station.attempts())
        self.assertEqual(certificates, self.station.certificates())
        self.rig.run("fleetline", "audit", "verify")
        self.assertEqual("1\n", self.rig.sh(version % f"{ledger}.version-1"))
        self.assertEqual("fleetline fleetline 640\n", self.rig.sh(f"stat -c '%U %G %a' {ledger}.version-1"))
        held = self.rig.sh(f"python3 -c 'import sqlite3; copy = sqlite3.connect(\"{ledger}.version-1\"); print(*copy.execute(\"PRAGMA "
                           "integrity_check\").fetchone(), *copy.execute(\"SELECT count(*) FROM attempt\").fetchone())'")
        self.assertEqual(f"ok {len(attempts)}\n", held)
        # What it knew of its boards it still knows.
        fixture.plug(board, PORTS[0])
        new = self.station.fresh("OLD")
        fixture.plug(new, PORTS[1])
        slots = self.station.wait_for_outcomes({slot_of(PORTS[0]): board, slot_of(PORTS[1]): new})
        self.assertEqual("already-provisioned", slots[slot_of(PORTS[0])]["failure_code"])
        self.assertEqual("passed", slots[slot_of(PORTS[1])]["state"])
        fixture.unplug_all()

    def test_25_no_older_program_is_put_to_a_newer_ledger(self):
        self.station.configure()
        before = self.version()
        set_version = "python3 -c 'import sqlite3; sqlite3.connect(\"/var/lib/fleetline/ledger.db\").execute(\"PRAGMA user_version = %d\")'"
        real = int(self.rig.sh("od -An -tu1 -j63 -N1 /var/lib/fleetline/ledger.db"))
        self.rig.sh("systemctl stop fleetlined && " + set_version % 99)
        refused = self.apt("install", "--reinstall", "--allow-downgrades", "/root/fleetline.deb", check=False)
        self.assertNotEqual(0, refused["status"])
        self.assertIn("has version 99", refused["out"] + refused["err"])
        self.assertEqual(before, self.version())
        # Nor by way of a removal.
        self.apt("remove", "fleetline")
        refused = self.apt("install", "/root/fleetline.deb", check=False)
        self.assertNotEqual(0, refused["status"])
        self.assertIn("has version 99", refused["out"] + refused["err"])
        self.rig.sh(set_version % real)
        self.apt("install", "/root/fleetline.deb")
        self.assertEqual("active\n", self.rig.sh("systemctl is-active fleetlined || true"))

    def test_26_removal_keeps_ledger_and_configuration_and_a_purge_says_what_it_deletes(self):
        self.station.configure()
        attempts = len(self.station.attempts())
        self.apt("remove", "fleetline")
        self.assertNotEqual(0, self.rig.run("systemctl", "is-active", "fleetlined", check=False)["status"])
        self.rig.sh("test -s /var/lib/fleetline/ledger.db && test -s /etc/fleetline/fleetline.toml && test -s /etc/fleetline/claim.key")
        self.rig.sh("! test -e /usr/sbin/fleetlined")
        self.apt("install", "/root/fleetline.deb")
        self.station.wait_until_connected()
        self.assertEqual(attempts, len(self.station.attempts()))
        self.rig.run("fleetline", "audit", "verify")
        said = self.apt("purge", "fleetline")["out"]
        for place in ("/var/lib/fleetline", "/var/backups/fleetline", "/etc/fleetline"):
            self.assertIn(f"fleetline: deleted {place}", said)
            self.rig.sh(f"! test -e {place}")
        self.station.installed = self.station.configured = False
