# SPDX-License-Identifier: Apache-2.0
"""The station as a whole for the cases: machine, local cloud on the host, boards, and the package installed for real."""
import json
import os
import pathlib
import shutil
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
[[product]]
name = "board"
template = "fleetline-rehearsal"
thing_name = "fleetline-{{serial}}"
serial_echo = "serialNumber"
board_ca_file = "ca.pem"
'''
    for port in PORTS:
        text += f'[[slot]]\nname = "{slot_of(port)}"\nport = "pci-0000:00:04.0-usb-0:{port}:1.0"\n'
    return text


class Station:
    def __init__(self):
        self.package = next((ROOT / "build" / "deb").glob("fleetline_*.deb"))
        self.image = image.build(self.package)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fleetline-vm-"))
        programs = self.dir / "programs"
        for package in (ROOT / "build" / "deb").glob("fleetline*_*.deb"):
            if "dbgsym" not in package.name:
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
        self.rig.put("/root/fleetline.deb", self.package.read_bytes())
        return self.rig.sh("DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
                           "/root/fleetline.deb 2>&1", patience=400)

    def configure(self):
        folder = self.line.dir / "cloud"
        for name in ("ca.pem", "claim.pem", "claim.key"):
            self.rig.put(f"/etc/fleetline/{name}", (folder / name).read_bytes(), 0o600)
        self.rig.put("/etc/fleetline/fleetline.toml", configuration(self.line.cloud_env["IOT_PORT"]))
        self.rig.sh("chown fleetline: /etc/fleetline/*.pem /etc/fleetline/claim.key && systemctl restart fleetlined")

    def slots(self):
        answer = self.rig.run("fleetline", "--json", "status", check=False)
        if answer["status"] != 0:
            return {}
        return {slot["slot"]: slot for slot in json.loads(answer["out"])["slots"]}

    def wait_until_connected(self):
        def connected():
            answer = self.rig.run("fleetline", "--json", "status", check=False)
            return answer["status"] == 0 and json.loads(answer["out"])["cloud"]["connected"]
        self.rig.wait_for("connection to the cloud", connected)

    def wait_for_outcomes(self, names, patience=180):
        ended = ("passed", "failed", "refused", "abandoned")

        def all_there():
            slots = self.slots()
            return slots if slots and all(slots[name]["state"] in ended for name in names) else None
        return self.rig.wait_for(f"outcomes of {', '.join(names)}", all_there, patience)

    def attempts(self):
        return [json.loads(line) for line in self.rig.run("fleetline", "--json", "attempts", "--limit", 1000)["out"].splitlines()]

    def close(self):
        self.rig.close()
        for _, wire in self.fixture.wires.values():
            wire.close()
        self.line.__exit__()
        if os.environ.get("FLEETLINE_VM_KEEP"):
            print("kept:", self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
