# SPDX-License-Identifier: Apache-2.0
"""A whole line as processes: local cloud, fleetlined, simulated boards. For scripts/rehearse and the end-to-end tests.

Nothing here waits by sleeping: readiness comes over the service manager's notify socket and the parts' own output, and
outcomes from the daemon's API.
"""
import argparse
import http.client
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import time

MARKER = ".fleetline-rehearsal"
STATION = "rehearsal-1"
TEMPLATE = "fleetline-rehearsal"
FAULT_TEXTS = ("operation", "serial", "client", "errorCode", "errorMessage")  # keys of faults whose values are strings
ENDED = ("passed", "failed", "refused", "abandoned")


class LineError(Exception):
    """The line cannot run; the text is for people."""


class FaultError(argparse.ArgumentTypeError):
    """What was written is no fault; the text is for people."""


def fault_from(text):
    """A fault as written on a command line, KIND[:KEY=VALUE,...], as the cloud takes it."""
    kind, _, rest = text.partition(":")
    fault = {"kind": kind}
    for word in rest.split(",") if rest else ():
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise FaultError(f"{word!r} is not KEY=VALUE")
        # A serial number may be all digits, and stays a string.
        fault[key] = int(value) if value.isdecimal() and key not in FAULT_TEXTS else value
    return fault


def tail(path, lines=15):
    try:
        text = path.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(text[-lines:])


class Process:
    """A part of the line, its log in a file; stopped with SIGTERM."""

    def __init__(self, name, argv, log, env=None, **kwargs):
        self.name, self.log = name, pathlib.Path(log)
        self.out = open(log, "ab")
        self.popen = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stderr=self.out,
                                      env={**os.environ, **(env or {})}, **{"stdout": self.out, **kwargs})

    @property
    def running(self):
        return self.popen.poll() is None

    def stop(self, patience=40):
        if self.running:
            self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(patience)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise LineError(f"{self.name} did not stop within {patience} s:\n{tail(self.log)}")
        finally:
            self.close()
        return self.popen.returncode

    def kill(self):
        if self.running:
            self.popen.kill()
        self.popen.wait()
        self.close()

    def close(self):
        self.out.close()
        if self.popen.stdout:
            self.popen.stdout.close()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Line:
    def __init__(self, directory, programs, cloud_programs=None):
        self.dir = pathlib.Path(directory).absolute()
        self.programs = pathlib.Path(programs)
        self.cloud_programs = pathlib.Path(cloud_programs or programs)
        self.cloud = self.daemon = self.boards = None
        self.control = None

    # -- directory and configuration ----------------------------------------------------------------------------------
    def prepare(self):
        """An empty directory of ours; refuses to clear one that is not."""
        if self.dir.exists() and any(self.dir.iterdir()) and not (self.dir / MARKER).exists():
            raise LineError(f"{self.dir} is not empty and was not made by a rehearsal")
        shutil.rmtree(self.dir, ignore_errors=True)
        for name in (self.dir, self.dir / "usb", self.dir / "devices", self.dir / "cloud"):
            name.mkdir(parents=True, exist_ok=True)
        (self.dir / MARKER).touch()

    @property
    def api_socket(self):
        # Unix socket paths end at 107 bytes; the directory may be deeper than that.
        path = self.dir / "api.sock"
        return path if len(str(path)) < 100 else pathlib.Path(f"/tmp/fleetline-{os.getpid()}.sock")

    def configure(self, slots, cloud, baud=115200, dialects=("freertos-cli",), template=TEMPLATE, product_lines="",
                  cloud_lines="", station_lines="", api_lines=""):
        """`cloud`: host, port, ca, claim, claim_key. One product a dialect; slots take them in turn."""
        text = f'''# Written by scripts/rehearse.
[station]
id = "{STATION}"
{station_lines}
[cloud]
endpoint = "{cloud['host']}"
port = {cloud['port']}
ca_file = "{cloud['ca']}"
claim_certificate_file = "{cloud['claim']}"
claim_key_file = "{cloud['claim_key']}"
create_certificate_rate = 200.0
register_thing_rate = 200.0
{cloud_lines}
[ledger]
file = "ledger.db"
[api]
socket = "{self.api_socket}"
{api_lines}
[usb]
directory = "usb"
'''
        for dialect in dialects:
            thing = f'thing_name = "fleetline-{{serial}}"\nserial_echo = "serialNumber"\ncertificate_echo = "certificateId"' if template == TEMPLATE else ""
            text += f'''
[[product]]
name = "{dialect}-board"
dialect = "{dialect}"
baud = {baud}
template = "{template}"
board_ca_file = "{cloud['ca']}"
{thing}
{product_lines}
'''
        for number in range(1, slots + 1):
            text += f'''
[[slot]]
name = "A{number}"
port = "platform-rehearsal-usb-0:1.{number}"
product = "{dialects[(number - 1) % len(dialects)]}-board"
'''
        (self.dir / "fleetline.toml").write_text(text)

    # -- the parts ----------------------------------------------------------------------------------------------------
    def start_cloud(self, rtt=0, port=0, http_port=0, extra=()):
        folder = self.dir / "cloud"
        argv = [self.cloud_programs / "fleetline-rehearsal-cloud", "--dir", folder, "--rtt", rtt, "--port", port,
                "--http-port", http_port, "--template", TEMPLATE, *extra]
        self.cloud = Process("the local cloud", argv, self.dir / "cloud.log", stdout=subprocess.PIPE)
        self.read_until(self.cloud, b"ready", 30)
        values = dict(line.split("=", 1) for line in (folder / "env").read_text().splitlines() if "=" in line)
        self.cloud_env = {key.replace("export ", ""): value.strip('"') for key, value in values.items()}
        return self.cloud_env

    @property
    def local_cloud(self):
        folder = self.dir / "cloud"
        return {"host": self.cloud_env["IOT_HOST"], "port": self.cloud_env["IOT_PORT"], "ca": folder / "ca.pem",
                "claim": folder / "claim.pem", "claim_key": folder / "claim.key"}

    def read_until(self, process, word, patience):
        """Reads a part's standard output until a line holds `word`."""
        deadline = time.monotonic() + patience
        seen = b""
        while word not in seen:
            ready, _, _ = select.select([process.popen.stdout], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(process.popen.stdout.fileno(), 4096) if ready else b""
            if not chunk:
                raise LineError(f"{process.name} did not start:\n{seen.decode(errors='replace')}\n{tail(process.log)}")
            seen += chunk

    def start_daemon(self, kill_at="", patience=60, wrapper=(), notices=None):
        """Returns when it says READY=1, or has ended. `notices`: a socket of the caller's that it tells that, and goes on to."""
        if notices:
            return self.start_daemon_at(notices, kill_at, patience, wrapper)
        notify = pathlib.Path(f"/tmp/fleetline-notify-{os.getpid()}.sock")
        notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(str(notify))
            try:
                self.start_daemon_at(server, kill_at, patience, wrapper)
            finally:
                notify.unlink(missing_ok=True)

    def start_daemon_at(self, server, kill_at, patience, wrapper):
        server.settimeout(0.25)
        self.daemon = Process("fleetlined", [*wrapper, self.programs / "fleetlined", "--config", self.dir / "fleetline.toml"],
                              self.dir / "fleetlined.log",
                              env={"NOTIFY_SOCKET": server.getsockname(), "FLEETLINE_TEST_KILL_AT": kill_at})
        deadline = time.monotonic() + patience
        while True:
            try:
                if b"READY=1" in server.recv(4096):
                    return
            except socket.timeout:
                if not self.daemon.running:
                    raise LineError(f"fleetlined did not start:\n{tail(self.daemon.log)}") from None
                if time.monotonic() > deadline:
                    raise LineError("fleetlined is not ready in time") from None

    def start_boards(self, count=0, baud=115200, serials=(), unplugged=False, extra=()):
        control = self.dir / "boards.sock"
        self.control_path = control if len(str(control)) < 100 else pathlib.Path(f"/tmp/fleetline-boards-{os.getpid()}.sock")
        argv = [self.programs / "fleetline-rehearsal-board", "--usb", self.dir / "usb", "--devices", self.dir / "devices",
                "--baud", baud, "--control", self.control_path]
        argv += ["--count", count] if count else []
        for serial in serials:
            argv += ["--serial", serial]
        argv += ["--unplugged"] if unplugged else []
        self.boards = Process("the boards", [*argv, *extra], self.dir / "boards.log")

    def board(self, command, patience=30):
        """One command to the boards' control socket; its JSON answer."""
        deadline = time.monotonic() + patience
        while True:
            with socket.socket(socket.AF_UNIX) as client:
                try:
                    client.connect(str(self.control_path))
                except OSError:
                    if time.monotonic() > deadline or not self.boards.running:
                        raise
                    time.sleep(0.02)  # until the boards' process listens: it has no other way to say so
                    continue
                client.settimeout(patience)
                client.sendall(command.encode() + b"\n")
                answer = b""
                while not answer.endswith(b"\n"):
                    chunk = client.recv(65536)
                    if not chunk:
                        break
                    answer += chunk
            return json.loads(answer)

    # -- asking -------------------------------------------------------------------------------------------------------
    def api(self, path, method="GET", body=None):
        connection = UnixConnection(self.api_socket)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def metrics(self):
        connection = UnixConnection(self.api_socket)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def fault(self, **fault):
        """Makes the local cloud misbehave; see tests/rehearsal/cloud/README.md."""
        return self.cloud_http("POST", fault)

    def cloud_http(self, method, body=None, target="/rehearsal/faults"):
        host = self.cloud_env["AWS_ENDPOINT_URL"].removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=10)
        try:
            connection.request(method, target, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                raise LineError(f"the cloud refused {target}: {text.decode(errors='replace')}")
            return json.loads(text) if text else None
        finally:
            connection.close()

    def cli(self, *arguments, check=True):
        run = subprocess.run([self.programs / "fleetline", "--config", self.dir / "fleetline.toml", *arguments],
                             capture_output=True, text=True)
        if check and run.returncode != 0:
            raise LineError(f"fleetline {' '.join(arguments)} ended with {run.returncode}:\n{run.stderr}")
        return run

    def json_lines(self, *arguments):
        return [json.loads(line) for line in self.cli("--json", *arguments).stdout.splitlines()]

    def slots(self):
        return {slot["slot"]: slot for slot in self.api("/api/v1/status")[1]["slots"]}

    def wait_for(self, what, holds, patience=120, pause=0.05):
        """Asks `holds` until it answers something true; the daemon must go on running."""
        deadline = time.monotonic() + patience
        while True:
            result = holds()
            if result:
                return result
            if self.daemon and not self.daemon.running:
                raise LineError(f"fleetlined ended while waiting for {what}:\n{tail(self.daemon.log)}")
            if time.monotonic() > deadline:
                raise LineError(f"no {what} within {patience} s:\n{tail(self.dir / 'fleetlined.log')}")
            time.sleep(pause)

    def wait_for_outcomes(self, count, patience=120):
        """Until that many slots show an outcome; answers the slots by name."""
        def ended():
            slots = self.slots()
            return slots if sum(s["state"] in ENDED for s in slots.values()) >= count else None
        return self.wait_for(f"outcome of {count} boards", ended, patience)

    def stop(self):
        """The daemon first, while its boards and its cloud are there; each part, whatever happens to another."""
        troubles = []
        for process in (self.daemon, self.boards, self.cloud):
            if process is None or process.out.closed:
                continue
            try:
                process.stop()
            except LineError as trouble:
                troubles.append(str(trouble))
        self.daemon = self.boards = self.cloud = None
        if troubles:
            raise LineError("\n".join(troubles))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.daemon, self.boards, self.cloud):
            if process is not None and not process.out.closed:
                process.kill()
