#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rehearsal's line for the browser tests: real daemon, local cloud, simulated boards. Takes one JSON command a line,
gives one JSON answer a line.  line_driver.py PROGRAMS PAGE DIRECTORY"""
import json
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "rehearsal"))
from line import Line, LineError  # noqa: E402

BAUD = 921600
# The fifth board's label is to be scanned, and must say what the board says.
LABELLED = """
[[product]]
name = "labelled-board"
dialect = "freertos-cli"
baud = {baud}
template = "fleetline-rehearsal"
board_ca_file = "{ca}"
thing_name = "fleetline-{{serial}}"
serial_echo = "serialNumber"
certificate_echo = "certificateId"
start = "scan"

[[slot]]
name = "B1"
port = "platform-rehearsal-usb-0:1.5"
product = "labelled-board"
"""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def certificate(line):
    """Self-signed, as a station's first one: the browser is told not to mind."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=station", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", line.dir / "tls.key",
                    "-out", line.dir / "tls.pem"], check=True, capture_output=True)
    return f'tls_certificate_file = "{line.dir}/tls.pem"\ntls_key_file = "{line.dir}/tls.key"\n'


def start(line, page, beyond_loopback=False):
    """`beyond_loopback`: on every address, with TLS; what comes to 127.0.0.1 is a stranger there too."""
    port = free_port()
    listen = f"{'0.0.0.0' if beyond_loopback else '127.0.0.1'}:{port}"
    line.prepare()
    tls = certificate(line) if beyond_loopback else ""
    line.start_cloud()
    line.configure(4, line.local_cloud, baud=BAUD, api_lines=f'{tls}listen = "{listen}"\npage_directory = "{page}"')
    with open(line.dir / "fleetline.toml", "a") as more:
        more.write(LABELLED.format(baud=BAUD, ca=line.local_cloud["ca"]))
    line.start_daemon()
    line.start_boards(count=5, baud=BAUD, unplugged=True)
    return {"url": f"{'https' if tls else 'http'}://127.0.0.1:{port}/"}


def obey(line, page, command):
    what = command["do"]
    if what == "start":
        return start(line, page, command.get("beyond_loopback", False))
    if what == "token":
        return {"token": line.cli("token", "add", command["name"], "--role", command["role"]).stdout.split()[0]}
    if what == "board":
        return line.board(command["say"])
    if what == "kill":
        line.daemon.kill()
    elif what == "start-daemon":
        line.start_daemon()
    elif what == "stop-cloud":
        line.cloud.kill()
    else:
        return {"error": f"unknown command {what}"}
    return {}


def main():
    programs, page, directory = sys.argv[1:]
    with Line(directory, programs) as line:
        for text in sys.stdin:
            try:
                answer = obey(line, page, json.loads(text))
            except (LineError, OSError) as trouble:
                answer = {"error": str(trouble)}
            print(json.dumps(answer), flush=True)


main()
