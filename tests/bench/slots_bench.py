# SPDX-License-Identifier: Apache-2.0
"""256 slots on one station: how long anybody waits for the event loop while boards are worked on in all of them.

The delay is that of /healthz, asked over and over on one connection of the Unix socket: it waits for the same turns of the
event loop as every slot does. What it takes while nothing happens is subtracted. Boards and cloud are simulated on the same
processors; they are given less of them, as on a real line they are elsewhere. One page more is open that takes nothing: it is
gone at the end."""
import base64
import multiprocessing
import os
import pathlib
import re
import select
import socket
import struct
import sys
import tempfile
import threading
import time

from line import Line, UnixConnection

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = 50


class Probe:
    """Asks for /healthz until it is stopped; how long each answer took, in ms."""

    def __init__(self, path):
        self.connection = UnixConnection(path)
        self.all = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def ask(self):
        began = time.monotonic()
        self.connection.request("GET", "/healthz")
        self.connection.getresponse().read()
        self.all.append((time.monotonic() - began) * 1000)

    def run(self):
        while not self.ended.wait(0.005):
            self.ask()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.connection.close()

    def percentile(self, share):
        return sorted(self.all)[min(len(self.all) - 1, int(len(self.all) * share))]


def open_page(path):
    """A live feed, as a browser opens it; its first bytes are the answer's head."""
    page = socket.socket(socket.AF_UNIX)
    page.connect(str(path))
    key = base64.b64encode(os.urandom(16)).decode()
    page.sendall(f"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    return page


def frames_of(held):
    """Takes the whole frames off the front of what came: (opcode, content) of each."""
    while len(held) >= 2:
        length, at = held[1] & 127, 2
        if length >= 126:
            size = 2 if length == 126 else 8
            if len(held) < 2 + size:
                return
            length, at = int.from_bytes(held[2:2 + size], "big"), 2 + size
        if len(held) < at + length:
            return
        frame = held[0] & 15, bytes(held[at:at + length])
        del held[:at + length]
        yield frame


def read_pages(path, count, opened):
    """Takes what so many pages are sent, and answers pings, until the daemon ends."""
    pages = {open_page(path): bytearray() for _ in range(count)}
    heads = set(pages)
    while pages:
        for page in select.select(list(pages), [], [])[0]:
            chunk = page.recv(1 << 20)
            if not chunk:
                pages.pop(page).clear()
                continue
            held = pages[page]
            held += chunk
            if page in heads and b"\r\n\r\n" in held:
                del held[:held.index(b"\r\n\r\n") + 4]
                heads.discard(page)
                if not heads:
                    opened.set()
            if page in heads:
                continue
            for opcode, content in frames_of(held):
                if opcode == 9:
                    page.sendall(struct.pack("!BB4x", 0x8a, 0x80 | len(content)) + content)  # masked with zeros


def metric(line, name):
    return int(re.search(rf"(?m)^{name} (\d+)$", line.metrics())[1])


def memory_mib(pid, which):
    """`which`: VmRSS, what it has now; VmHWM, the most that it had."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{which}:\s+(\d+) kB", status)[1]) / 1024


def ended(line):
    return sum(int(count) for count in re.findall(r'(?m)^fleetline_attempts_total\{.*\} (\d+)$', line.metrics()))


def work(folder, slots, pages):
    """All slots get a board at once: what of it passed, the wall time, delays while nothing happens and meanwhile, and memory."""
    with Line(folder, ROOT / "build" / "release" / "bin") as line:
        line.prepare()
        line.start_cloud()
        line.configure(slots, line.local_cloud)
        line.start_daemon()
        line.wait_for("session", lambda: line.api("/api/v1/status")[1]["cloud"]["connected"])
        reader = stuck = None
        if pages:
            opened = multiprocessing.Event()
            reader = multiprocessing.Process(target=read_pages, args=(line.api_socket, pages, opened), daemon=True)
            reader.start()
            if not opened.wait(30):
                raise SystemExit("bench: the pages did not open")
            stuck = open_page(line.api_socket)  # and never takes anything
        with Probe(line.api_socket) as quiet:
            line.wait_for("quiet probes", lambda: len(quiet.all) >= 300)
        with Probe(line.api_socket) as busy:
            line.start_boards(count=slots)
            for process in (line.boards, line.cloud):
                os.setpriority(os.PRIO_PROCESS, process.popen.pid, 10)
            began = time.monotonic()
            line.wait_for(f"outcome of {slots} boards", lambda: ended(line) >= slots, patience=600, pause=0.5)
            wall = (time.monotonic() - began) * 1000
        attempts = line.json_lines("attempts", "--limit", str(2 * slots))
        for a in attempts:
            if a["outcome"] != "passed":
                print(f"  {a['serial']} {a['outcome']}: {a['failure_code']} in {a['failure_step']}", file=sys.stderr)
        result = {"passed": sum(a["outcome"] == "passed" for a in attempts),
                  "wall": wall, "p50": busy.percentile(0.5) - quiet.percentile(0.5),
                  "p95": busy.percentile(0.95) - quiet.percentile(0.5), "max": max(busy.all),
                  "resident": memory_mib(line.daemon.popen.pid, "VmHWM"), "clients": metric(line, "fleetline_live_clients")}
        line.stop()
        if reader:
            reader.join(10)
            stuck.close()
    return result


def bench_slots(slots):
    with tempfile.TemporaryDirectory(prefix="fleetline-bench-") as folder:
        alone = work(pathlib.Path(folder) / "alone", slots, 0)
        watched = work(pathlib.Path(folder) / "watched", slots, PAGES)
    return [("slots.count", slots, "slots"), ("slots.passed", alone["passed"], "boards"), ("slots.wall", alone["wall"], "ms"),
            ("slots.added_delay.p50", alone["p50"], "ms"), ("slots.added_delay.p95", alone["p95"], "ms"),
            ("slots.delay.max", alone["max"], "ms"), ("slots.resident", alone["resident"], "MiB"),
            ("slots.pages.count", PAGES, "pages"), ("slots.pages.passed", watched["passed"], "boards"),
            ("slots.pages.added_delay.p95", watched["p95"], "ms"),
            ("slots.pages.added_delay.p95_over_none", watched["p95"] - alone["p95"], "ms"),
            ("slots.pages.resident", watched["resident"], "MiB"), ("slots.pages.open_at_the_end", watched["clients"], "pages")]
