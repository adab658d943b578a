# SPDX-License-Identifier: Apache-2.0
"""The station as a whole for the cases: machine, local cloud on the host, boards, and the package installed for real."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import image
from boards import Fixture
from rig import Rig

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "rehearsal"))
from line import Line  # noqa: E402

PORTS = ("1.1", "1.2", "1.3", "1.4", "2.1", "2.2", "2.3", "2.4")
ENDED = ("passed", "failed", "refused", "abandoned")
NEVER_PLUGGED = ("3.1", "3.2", "3.3", "3.4", "4.1", "4.2", "4.3", "4.4")
SERIALS = tuple(f"SN{number:06}" for number in range(1, len(PORTS) + 1))


def slot_of(port):
    return "H" + port.replace(".", "P")


def configuration(port_of_cloud):
    text = f'''[station]
id = "vm-1"
[cloud]
endpoint = "localhost"
port = {port_of_cloud}
ca_file = "ca.pem"
claim_certificate_file = "claim.pem"
claim_key_file = "claim.key"
create_certificate_rate = 200.0
register_thing_rate = 200.0
keep_alive_s = 30
[[product]]
name = "board"
template = "fleetline-rehearsal"
thing_name = "fleetline-{{serial}}"
serial_echo = "serialNumber"
certificate_echo = "certificateId"
board_ca_file = "ca.pem"
'''
    for port in PORTS + NEVER_PLUGGED:
        text += f'[[slot]]\nname = "{slot_of(port)}"\nport = "pci-0000:00:04.0-usb-0:{port}:1.0"\n'
    return text


class Station:
    def __init__(self):
        self.installed = self.configured = False
        self.made = 0
        self.package, self.rehearsal_package = image.our_packages()
        self.image = image.build(self.package, self.rehearsal_package)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fleetline-vm-"))
        programs = self.dir / "programs"
        for package in (self.package, self.rehearsal_package):
            subprocess.run(["dpkg-deb", "-x", package, programs], check=True)
        disk = self.dir / "disk.ext4"
        subprocess.run(["cp", "--sparse=always", self.image / "root.ext4", disk], check=True)
        self.rig = Rig(self.dir, self.image, disk)
        self.line = Line(self.dir / "line", programs / "usr/lib/fleetline/rehearsal/bin")
        self.line.prepare()
        self.line.start_cloud()
        self.line.start_boards(serials=SERIALS, unplugged=True)
        self.fixture = Fixture(self.line, self.rig)

    def install(self):
        self.installed = True
        self.rig.put("/root/fleetline.deb", self.package.read_bytes())
        return self.rig.sh("DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
                           "/root/fleetline.deb 2>&1", patience=400)

    def configure(self):
        """Installed, configured and connected to the cloud on the host, unless it is so already."""
        if self.configured:
            return
        if not self.installed:
            self.install()
        folder = self.line.dir / "cloud"
        for name in ("ca.pem", "claim.pem", "claim.key"):
            self.rig.put(f"/etc/fleetline/{name}", (folder / name).read_bytes(), 0o600)
        self.rig.put("/etc/fleetline/fleetline.toml", configuration(self.line.cloud_env["IOT_PORT"]))
        self.rig.sh("chown fleetline: /etc/fleetline/*.pem /etc/fleetline/claim.key && sync && systemctl restart fleetlined")
        self.configured = True
        self.wait_until_connected()

    def status(self):
        """Of the running daemon; empty while there is none."""
        answer = self.rig.run("fleetline", "--json", "status", check=False)
        told = json.loads(answer["out"]) if answer["status"] == 0 else {}
        return told if "cloud" in told else {}

    def slots(self):
        return {slot["slot"]: slot for slot in self.status().get("slots", ())}

    def wait_until_connected(self):
        self.rig.wait_for("connection to the cloud", lambda: self.status().get("cloud", {}).get("connected"))

    def wait_for_outcomes(self, serials, patience=180):
        """`serials`: slot to serial number. Answers the slots when each shows the outcome of that board, plugged now."""
        def all_there():
            slots = self.slots()
            return slots if slots and all(
                slots[name]["state"] in ENDED and slots[name]["serial"] == serial and slots[name]["plugged"]
                for name, serial in serials.items()) else None
        return self.rig.wait_for(f"outcomes of {', '.join(serials)}", all_there, patience)

    def shown(self):
        """The outcomes that the station has shown so far, by attempt."""
        file = self.rig.path("shown.jsonl")
        lines = file.read_text(errors="replace").splitlines() if file.exists() else ()
        told = {}
        for line in lines:
            try:
                outcome = json.loads(line)
            except ValueError:  # the plug was pulled in the middle of it
                continue
            told[outcome["attempt_id"]] = outcome
        return told

    def registered(self):
        """What the cloud has: thing and the certificates that are active and attached to it."""
        with sqlite3.connect(f"file:{self.line.dir}/cloud/registry.db?mode=ro", uri=True) as registry:
            return set(registry.execute("SELECT thing, certificate_id FROM attachment"))

    def fresh(self, prefix):
        """A serial number that no board had."""
        self.made += 1
        return f"{prefix}{self.made:05}"

    def certificates(self):
        return [json.loads(line) for line in self.rig.run("fleetline", "--json", "certificates")["out"].splitlines()]

    def attempts(self):
        return [json.loads(line) for line in self.rig.run("fleetline", "--json", "attempts", "--limit", 0)["out"].splitlines()]

    def close(self):
        self.rig.close()
        for _, wire in self.fixture.wires.values():
            wire.close()
        self.line.__exit__()
        if os.environ.get("FLEETLINE_VM_KEEP"):
            print("kept:", self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
