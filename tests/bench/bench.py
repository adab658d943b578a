#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the line and the ledger on this machine. Absolute times are this machine's; read the ratios.

line: one board's cycle time beside its floor (bytes on the wire at the baud rate, the board's own work, two round trips to
the cloud, and what a board that has just booted is given), and sixteen boards side by side beside one, both without that.
cloud: one session beside AWS's own client (see cloud_peers.py); some minutes.
ledger: a ledger of --attempts attempts (bench_ledger), lookups, statistics of a day, csv beside sqlite3's own, xlsx and pdf, audit verify
beside one thread that reads and hashes every event, group commit beside a transaction for each event on the same disk, one slot's
events beside bare appends and syncs, whole calls of the programs and the memory they took.
slots: a board in each of --slots slots at once, how long others wait for the event loop meanwhile, memory; then the same with
fifty open pages and one that takes nothing (see slots_bench.py)."""
import argparse
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "rehearsal"))

from cloud_peers import bench_cloud  # noqa: E402  (the path is set above)
from line import Line  # noqa: E402
from slots_bench import bench_slots, memory_mib  # noqa: E402

BAUD = 115200
# The simulated board's own work, as it was started below: key pair, request, pause before the reset, boot.
BOARD_WORK_MS = 50 + 5 + 100 + 7
# How long a FreeRTOS board must be up that has not said that its files are mounted.
SETTLED_MS = 2000


def settling_ms(line, attempt):
    """How long the station had to leave a board alone that had just booted: until it says that its files are mounted, or has been
    up for long enough. It is asked for its uptime first."""
    text = line.cli("show", "--transcript", attempt["serial"]).stdout
    up = re.search(r"^[ |]*(\d+\.\d+) < up (\d+) day\(s\) (\d+):(\d+):([\d.]+)", text, re.M)
    if up is None:
        raise SystemExit("bench: the board was not asked for its uptime")
    asked, days, hours, minutes, seconds = (float(part) for part in up.groups())
    over = asked + SETTLED_MS / 1000 - (((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    mounted = re.search(r"^[ |]*(\d+\.\d+) < .*File System mounted", text, re.M)
    if mounted:
        over = min(over, float(mounted[1]))
    return max(0, over - asked) * 1000


def wire_ms(line, attempt):
    """How long the bytes of the busier direction take. The board echoes what it is sent, so that both overlap."""
    text = line.cli("show", "--transcript", attempt["serial"]).stdout
    received = sent = 0
    for direction, content in re.findall(r"^[ |]*\d+\.\d+ ([<>]) (.*)$", text, re.M):
        size = len(re.sub(r"\\x[0-9a-f]{2}", "?", content)) + 2
        if direction == "<":
            received += size
        else:
            sent += size
    if not received:
        raise SystemExit("bench: the attempt has no transcript")
    return max(received, sent) * 10 * 1000 / BAUD


def run_boards(folder, count, rtt):
    """Passed attempts of that many boards plugged at once, and the daemon's memory and idle load afterwards."""
    with Line(folder / f"line{count}", ROOT / "build" / "release" / "bin") as line:
        line.prepare()
        line.start_cloud(rtt=rtt)
        line.configure(count, line.local_cloud)
        line.start_daemon()
        line.wait_for("session", lambda: line.api("/api/v1/status")[1]["cloud"]["connected"])
        line.start_boards(count=count)
        line.wait_for_outcomes(count)
        attempts = [a for a in line.json_lines("attempts") if a["outcome"] == "passed"]
        if len(attempts) != count:
            raise SystemExit(f"bench: {len(attempts)} of {count} boards passed")
        wire = wire_ms(line, attempts[0])
        settling = settling_ms(line, max(attempts, key=lambda one: one["finished_at"]))
        memory = memory_mib(line.daemon.popen.pid, "VmRSS")
        idle = idle_percent(line.daemon.popen.pid, 5) if count > 1 else 0.0
        line.stop()
    return attempts, wire, settling, memory, idle


def cpu_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def idle_percent(pid, seconds):
    before = cpu_ticks(pid)
    time.sleep(seconds)  # a measurement over time, not a synchronisation
    return (cpu_ticks(pid) - before) / seconds  # 100 ticks a second


def wall_ms(attempts):
    def at(text):
        hours, minutes, seconds = text[11:-1].split(":")
        return (int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000
    return max(at(a["finished_at"]) for a in attempts) - min(at(a["started_at"]) for a in attempts)


def bench_line():
    rtt = 40
    with tempfile.TemporaryDirectory(prefix="fleetline-bench-") as folder:
        one, wire, settling, _, _ = run_boards(pathlib.Path(folder), 1, rtt)
        many, _, settling_of_many, memory, idle = run_boards(pathlib.Path(folder), 16, rtt)
    cycle = one[0]["duration_ms"]
    floor = wire + settling + BOARD_WORK_MS + 2 * rtt
    wall = wall_ms(many)
    return [("line.one.cycle", cycle, "ms"), ("line.one.wire", wire, "ms"), ("line.one.board_work", BOARD_WORK_MS, "ms"),
            ("line.one.round_trips", 2 * rtt, "ms"), ("line.one.settling", settling, "ms"), ("line.one.floor", floor, "ms"),
            ("line.one.cycle_over_floor", cycle / floor, "x"), ("line.sixteen.wall", wall, "ms"),
            ("line.sixteen.wall_over_one", (wall - settling_of_many) / (cycle - settling), "x"), ("line.sixteen.resident", memory, "MiB"),
            ("line.sixteen.idle_cpu", idle, "%")]


def whole_calls(folder, ledger, boards):
    """`fleetline show` as a whole by serial number, thing and certificate, and the daemon's start until it says that it is ready,
    with that ledger; the most memory that each took."""
    run = lambda *words: subprocess.run(words, check=True, capture_output=True)  # noqa: E731
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
        "/CN=bench", "-keyout", folder / "claim.key", "-out", folder / "claim.pem")
    (folder / "usb").mkdir()
    config = folder / "fleetline.toml"
    config.write_text(f"""[station]
id = "bench"
[cloud]
endpoint = "127.0.0.1"
port = 9
ca_file = "claim.pem"
claim_certificate_file = "claim.pem"
claim_key_file = "claim.key"
[ledger]
file = "{ledger}"
[api]
socket = "{folder}/api.sock"
[usb]
directory = "usb"
[[product]]
name = "meter"
template = "fleetline-meter"
[[slot]]
name = "A1"
port = "1"
""")
    programs = ROOT / "build" / "release" / "bin"
    fleetline = (programs / "fleetline", "--config", config)
    serials = [f"SN{number:010}" for number in range(0, boards, max(1, boards // 40))]
    told = [json.loads(run(*fleetline, "--json", "show", serial).stdout) for serial in serials]
    certificates = [one["certificates"][0]["certificate_id"][:12] for one in told if one["certificates"]]
    rows = []
    for name, keys in (("show", serials), ("show_thing", [f"meter-{serial}" for serial in serials]),
                       ("show_certificate", certificates)):
        calls = [whole_call(*fleetline, "show", key) for key in keys]
        took = sorted(milliseconds for milliseconds, _ in calls)
        rows += [(f"ledger.cli.{name}.p50", took[len(took) // 2], "ms"), (f"ledger.cli.{name}.max", took[-1], "ms"),
                 (f"ledger.cli.{name}.peak_memory", max(memory for _, memory in calls), "MiB")]
    starts = [start_to_ready(programs / "fleetlined", config, folder) for _ in range(5)]
    ready = [milliseconds for milliseconds, _ in starts]
    return rows + [("ledger.daemon.first_start", ready[0], "ms"), ("ledger.daemon.start", sorted(ready[1:])[1], "ms"),
                   ("ledger.daemon.start.peak_memory", max(memory for _, memory in starts), "MiB")]


def whole_call(*words):
    """How long it took, and the most memory that it had."""
    began = time.monotonic()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as call:
        _, status, used = os.wait4(call.pid, 0)
        call.returncode = os.waitstatus_to_exitcode(status)
    took = (time.monotonic() - began) * 1000
    if call.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, words))} failed")
    return took, used.ru_maxrss / 1024


def start_to_ready(program, config, folder):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        name = folder / "notify"
        name.unlink(missing_ok=True)
        told.bind(str(name))
        told.settimeout(30)
        began = time.monotonic()
        with subprocess.Popen([program, "--config", config], env=dict(os.environ, NOTIFY_SOCKET=str(name)),
                              stderr=subprocess.DEVNULL) as daemon:
            try:
                while b"READY=1" not in told.recv(4096):
                    pass
                return (time.monotonic() - began) * 1000, memory_mib(daemon.pid, "VmHWM")
            finally:
                daemon.terminate()


def bench_ledger(attempts):
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-ledger-", dir=ROOT / "build") as folder:
        ledger = pathlib.Path(folder) / "ledger.db"
        run = subprocess.run([ROOT / "build" / "release" / "bin" / "bench_ledger", "--attempts", str(attempts), "--file",
                              ledger, "--keep"], stdout=subprocess.PIPE, check=True)
        rows = [(row["metric"], row["value"], row["unit"]) for row in json.loads(run.stdout)]
        boards = int(next(value for metric, value, _ in rows if metric == "ledger.boards"))
        return rows + whole_calls(pathlib.Path(folder), ledger, boards)


BENCHES = {"line": lambda _: bench_line(), "cloud": lambda _: bench_cloud(),
           "ledger": lambda options: bench_ledger(options.attempts), "slots": lambda options: bench_slots(options.slots)}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", nargs="*", metavar="line|cloud|ledger|slots", help="default: all")
    parser.add_argument("--attempts", type=int, default=100_000, metavar="N", help="in the ledger (default: %(default)s)")
    parser.add_argument("--slots", type=int, default=256, metavar="N", help="of the station (default: %(default)s)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE")
    options = parser.parse_args()
    unknown = [name for name in options.bench if name not in BENCHES]
    if unknown:
        parser.error(f"no bench '{unknown[0]}'; there are {', '.join(BENCHES)}")
    rows = []
    for name in options.bench or BENCHES:
        print(f"\n{name}")
        for metric, value, unit in BENCHES[name](options):
            print(f"  {metric:<40} {value:>12.2f} {unit}")
            rows.append({"metric": metric, "value": round(value, 4), "unit": unit})
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
