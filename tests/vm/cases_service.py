# SPDX-License-Identifier: Apache-2.0
"""What a service owes the machine it runs on: consoles of every kind, its watchdog, its journal, reloads, backups, rehearsals."""
import json

from acm import AcmWire
from station import PORTS, slot_of


class ServiceCases:
    def test_17_a_board_with_a_usb_port_of_its_own_passes(self):
        self.station.configure()
        serial = self.station.fresh("ACM")
        wire = self.station.fixture.plug(serial, PORTS[7], wired=AcmWire)
        self.assert_passes(serial, PORTS[7])
        # Of its two consoles the station has the one at its slot's interface, at the product's rate; lines that were let go
        # for a moment would have reset the board.
        self.assertEqual([115200, [3], []], [wire.rates[0], *wire.lines])
        self.assertEqual("fleetline 660\nfleetline 660\n", self.rig.sh("stat -c '%G %a' /dev/ttyACM0 /dev/ttyACM1"))
        told = self.rig.sh("udevadm info /dev/ttyACM0")
        for fact in ("ID_MM_PORT_IGNORE=1", "ID_PATH=pci-0000:00:04.0-usb-0:2.4:1.0", f"ID_SERIAL_SHORT={serial}"):
            self.assertIn(fact, told)
        self.station.fixture.unplug_all()
        self.rig.wait_for("end of the port", lambda: self.open_ttys() == "0", 30)

    def main_pid(self):
        return self.rig.sh("systemctl show -P MainPID fleetlined").strip()

    def test_18_a_daemon_that_is_stuck_is_restarted_and_its_board_passes(self):
        self.station.configure()
        self.rig.run("systemctl", "restart", "fleetlined")  # counts its restarts from here
        self.station.wait_until_connected()
        serial, stuck = self.plug(PORTS[0], slow_flash=1000), self.main_pid()
        self.rig.wait_for("board under way", lambda: self.station.slots()[slot_of(PORTS[0])]["state"] == "working", 30, 0)
        self.addCleanup(self.rig.run, "kill", "-CONT", stuck, check=False)
        self.rig.run("kill", "-STOP", stuck)
        self.rig.wait_for("restart", lambda: self.restarts() == 1, 60)
        self.assert_pass_where_they_sit((serial, PORTS[0]))
        self.assertNotEqual(stuck, self.main_pid())
        self.assertIn("Watchdog timeout", self.rig.sh("journalctl --no-pager -b -u fleetlined -o cat"))
        self.assertEqual(1, self.restarts())
        self.station.fixture.unplug_all()
        self.rig.run("fleetline", "audit", "verify")

    def journal(self, **fields):
        """The entries that have all of these fields."""
        found = self.rig.run("journalctl", "-o", "json", *(f"{name}={value}" for name, value in fields.items()))["out"]
        return [json.loads(line) for line in found.splitlines()]

    def test_19_the_journal_is_searched_by_slot_serial_attempt_and_code(self):
        self.station.configure()
        good, bad = self.plug(PORTS[0]), self.plug(PORTS[1], keygen_fails=1)
        slots = self.station.wait_for_outcomes({slot_of(PORTS[0]): good, slot_of(PORTS[1]): bad})
        self.station.fixture.unplug_all()
        passed, failed = slots[slot_of(PORTS[0])], slots[slot_of(PORTS[1])]
        self.assertEqual(("passed", "failed"), (passed["state"], failed["state"]))
        for slot, code in ((passed, {}), (failed, {"CODE": failed["failure_code"]})):
            entries = self.journal(SLOT=slot["slot"], SERIAL=slot["serial"], ATTEMPT=slot["attempt_id"], **code)
            self.assertEqual([f"attempt {slot['state']}"], [one["MESSAGE"][:14] for one in entries if "attempt" in one["MESSAGE"]])
            # As text it has them too.
            self.assertIn(f"SERIAL={slot['serial']}", entries[-1]["MESSAGE"])
        self.assertEqual([], self.journal(SLOT=passed["slot"], SERIAL=bad))

    def replace_claim(self, **files):
        for name, text in files.items():
            self.rig.put(f"/etc/fleetline/claim.{name}", text, 0o600)
        self.rig.sh("chown fleetline: /etc/fleetline/claim.*")
        self.rig.run("systemctl", "reload", "fleetlined")

    def sessions(self):
        return self.rig.sh("journalctl --no-pager -b -u fleetlined -o cat").count("Connected to the cloud")

    def test_20_a_reload_takes_a_replaced_claim(self):
        self.station.configure()
        folder = self.station.line.dir / "cloud"
        own = {"pem": (folder / "claim.pem").read_text(), "key": (folder / "claim.key").read_text()}
        self.addCleanup(self.replace_claim, **own)
        made = self.station.line.cloud_http("POST", {}, "/provisioning-templates/fleetline-rehearsal/provisioning-claim")
        daemon, before = self.main_pid(), self.sessions()
        self.replace_claim(key=made["keyPair"]["PrivateKey"])  # half of it: the session stays as it is
        self.rig.wait_for("warning", lambda: "The new claim cannot be used" in
                          self.rig.sh("journalctl --no-pager -b -u fleetlined -o cat"), 30)
        self.assertTrue(self.station.status()["cloud"]["connected"])
        self.assertEqual(before, self.sessions())
        self.replace_claim(pem=made["certificatePem"])
        self.rig.wait_for("session of the new claim", lambda: self.sessions() == before + 1, 30)
        self.assert_passes(self.plug(PORTS[0]), PORTS[0])
        self.station.fixture.unplug_all()
        self.replace_claim(**own)
        self.rig.wait_for("session of the old claim", lambda: self.sessions() == before + 2, 30)
        self.station.wait_until_connected()
        self.assertEqual(daemon, self.main_pid())

    def test_20_b_the_claims_key_can_be_one_that_systemd_keeps_encrypted(self):
        self.station.configure()
        drop_in, settings = "/etc/systemd/system/fleetlined.service.d/claim.conf", "/etc/fleetline/fleetline.toml"
        as_it_was = f"rm -f {drop_in} && mv -f {settings}.plain {settings} && mv -f /root/claim.key /etc/fleetline"
        self.addCleanup(self.rig.sh, f"{as_it_was} && systemctl daemon-reload && systemctl restart fleetlined")
        # As the manual page says.
        self.rig.sh("cd /etc/fleetline && systemd-creds encrypt --name=claim.key claim.key claim.key.cred && mv claim.key /root"
                    f" && mkdir -p {drop_in.rpartition('/')[0]} && cp -p {settings} {settings}.plain && sed -i "
                    f"'s|^claim_key_file = .*|claim_key_file = \"$CREDENTIALS_DIRECTORY/claim.key\"|' {settings}")
        self.rig.put(drop_in, "[Service]\nLoadCredentialEncrypted=claim.key:/etc/fleetline/claim.key.cred\n")
        self.rig.sh("systemctl daemon-reload && systemctl restart fleetlined")
        self.station.wait_until_connected()
        self.assert_passes(self.plug(PORTS[0]), PORTS[0])
        self.assertEqual("", self.rig.sh("grep -rl PRIVATE.KEY /etc/fleetline || true"))

    def doctor_about_backups(self):
        document = json.loads(self.rig.run("fleetline", "--json", "doctor", check=False)["out"])
        return next(check["state"] for check in document["checks"] if check["what"] == "backup")

    def test_21_the_daily_backup_is_made_and_can_be_restored(self):
        self.station.configure()
        self.assertEqual("enabled\nactive\n", self.rig.sh("for is in enabled active; do systemctl is-$is fleetline-backup.timer; done"))
        self.assertRegex(self.rig.sh("systemctl show -P NextElapseUSecRealtime fleetline-backup.timer"), r"\d\d:\d\d:\d\d")
        attempts, certificates = self.station.attempts(), self.station.certificates()
        self.rig.sh("rm -f /var/backups/fleetline/ledger-*")
        self.rig.run("systemctl", "start", "fleetline-backup")  # answers when it has ended, and fails if it has
        copies = self.rig.sh("ls /var/backups/fleetline/ledger-*").split()
        self.assertRegex(" ".join(copies), r"^/var/backups/fleetline/ledger-[A-Z][a-z]{2}\.db$")
        self.assertEqual("fleetline 640\n", self.rig.sh(f"stat -c '%U %a' {copies[0]}"))  # in a directory of mode 700
        self.assertEqual("good", self.doctor_about_backups())
        self.rig.sh("mkdir -p /run/systemd/system/fleetline-backup.service.d && printf '[Service]\\nExecStart=\\nExecStart=false\\n' "
                    ">/run/systemd/system/fleetline-backup.service.d/fails.conf && systemctl daemon-reload; "
                    "systemctl start fleetline-backup; rm -r /run/systemd/system/fleetline-backup.service.d; systemctl daemon-reload")
        self.assertEqual("bad", self.doctor_about_backups())
        self.rig.run("systemctl", "start", "fleetline-backup")
        # The ledger is lost, and put back from it.
        self.rig.sh("systemctl stop fleetlined && rm /var/lib/fleetline/ledger.db*")
        self.assertIn("verified", self.rig.run("fleetline", "restore", copies[0])["out"])
        self.assertEqual("fleetline 640\n", self.rig.sh("stat -c '%U %a' /var/lib/fleetline/ledger.db"))
        self.rig.run("systemctl", "start", "fleetlined")
        self.station.wait_until_connected()
        self.rig.run("fleetline", "audit", "verify")
        self.assertEqual((attempts, certificates), (self.station.attempts(), self.station.certificates()))
        self.assert_well_again()

    def test_22_the_rehearsal_package_rehearses(self):
        self.station.configure()
        self.rig.put("/root/fleetline-rehearsal.deb", self.station.rehearsal_package.read_bytes())
        self.apt("install", "/root/fleetline-rehearsal.deb")
        # Anybody may rehearse; and to that line's cloud "localhost" is this machine.
        self.rig.sh("id trainee 2>/dev/null || useradd -m trainee; echo 127.0.0.1 localhost >/run/hosts")
        told = self.rig.sh("unshare -m sh -c 'mount --bind /run/hosts /etc/hosts && exec runuser -u trainee -- "
                           "sh -c \"cd && fleetline-rehearse --devices 1 2>&1\"'")
        self.assertIn("1 of 1 boards passed", told)
        self.rig.sh("cd /home/trainee/rehearsal && test -s report.csv && test -s devices/SN000001/certificate.pem")
        self.apt("purge", "fleetline-rehearsal")
        self.rig.sh("! test -e /usr/bin/fleetline-rehearse && ! test -e /usr/lib/fleetline/rehearsal")
        self.assertTrue(self.station.status()["cloud"]["connected"])
