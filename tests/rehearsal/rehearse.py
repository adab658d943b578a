#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole line with no hardware and no AWS account: local cloud, simulated boards, the real daemon.

Exit status 0 only if every board passed."""
import argparse
import pathlib
import signal
import socket
import sys
import urllib.request

from line import ENDED, Line, LineError, TEMPLATE, fault_from

ROOT = pathlib.Path(__file__).resolve().parents[2]


def parse():
    # allow_abbrev off: an option that is misspelt must not become another one.
    p = argparse.ArgumentParser(prog="scripts/rehearse", description=__doc__, allow_abbrev=False,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--devices", type=int, default=4, metavar="N", help="boards, each in a slot of its own (default 4)")
    p.add_argument("--dialect", action="append", metavar="NAME", help="dialect of the boards; slots take several in turn")
    p.add_argument("--rtt", type=int, default=0, metavar="MS", help="round trip to the local cloud, milliseconds")
    p.add_argument("--baud", type=int, default=115200, metavar="N", help="of the boards (default 115200)")
    p.add_argument("--dir", type=pathlib.Path, default=ROOT / "build" / "rehearsal", metavar="DIR",
                   help="where everything lies (default build/rehearsal)")
    p.add_argument("--fault", action="append", default=[], type=fault_from, metavar="KIND[:KEY=VALUE,...]",
                   help="make the local cloud misbehave, e.g. throttle:tps=2, lose:operation=RegisterThing,count=1, "
                        "hook-denial:serial=SN000002, disconnect:step=after-puback,count=1, outage:seconds=10; may be given "
                        "several times; all kinds and keys: tests/rehearsal/cloud/README.md")
    stay = p.add_mutually_exclusive_group()
    stay.add_argument("--keep", action="store_true", help="stay when the boards are done, and tell how to look around")
    stay.add_argument("--cloud-only", action="store_true", help="start just the local cloud, and stay")
    real = p.add_argument_group("work against another cloud (a real AWS account, for one)")
    real.add_argument("--endpoint", metavar="HOST")
    real.add_argument("--port", type=int, default=8883, metavar="P")
    real.add_argument("--ca", type=pathlib.Path, metavar="FILE")
    real.add_argument("--claim", type=pathlib.Path, metavar="FILE")
    real.add_argument("--claim-key", type=pathlib.Path, metavar="FILE")
    real.add_argument("--template", metavar="NAME")
    p.add_argument("--programs", type=pathlib.Path, default=ROOT / "build" / "release" / "bin", help=argparse.SUPPRESS)
    options = p.parse_args()
    if options.devices < 0 or options.devices > 1000:
        p.error("--devices: from 0 to 1000")
    needed = ("ca", "claim", "claim_key", "template")
    if options.endpoint and not all(getattr(options, name) for name in needed):
        p.error("--endpoint needs --ca, --claim, --claim-key and --template")
    if not options.endpoint and any(getattr(options, name) for name in needed):
        p.error("--ca, --claim, --claim-key and --template need --endpoint")
    if options.endpoint and options.fault:
        p.error("--fault is for the local cloud; it cannot be given with --endpoint")
    return options


def table(rows, header):
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def milliseconds_of(text):
    hours, minutes, seconds = text[11:-1].split(":")
    return (int(hours) * 3600 + int(minutes) * 60) * 1000 + round(float(seconds) * 1000)


def print_outcomes(attempts):
    rows = [(a["serial"], a["thing_name"] or "-", (a["certificate_id"] or "-")[:16], a["outcome"],
             f"{(a['duration_ms'] or 0) / 1000:.2f} s", a["failure_code"] or "") for a in attempts]
    table(sorted(rows), ("SERIAL", "THING", "CERTIFICATE", "OUTCOME", "TIME", ""))


def print_summary(attempts):
    passed = [a for a in attempts if a["outcome"] == "passed"]
    print(f"\n{len(passed)} of {len(attempts)} boards passed", end="")
    if passed:
        wall = max(milliseconds_of(a["finished_at"]) for a in attempts) - min(
            milliseconds_of(a["started_at"]) for a in attempts)
        one = sorted(a["duration_ms"] for a in passed)[len(passed) // 2]
        print(f" in {wall / 1000:.2f} s; one board took {one / 1000:.2f} s (median)", end="")
    print(".")


def tell_how_to_look_around(line, options):
    bin_dir = options.programs
    page = f"The operator's page: {line.page_url}" if answers(line.page_url) else "No operator's page: scripts/page builds it."
    print(f"""
The line stays. {page}
In another terminal:
  {bin_dir}/fleetline --config {line.dir}/fleetline.toml status
  {bin_dir}/fleetline --config {line.dir}/fleetline.toml attempts
  {bin_dir}/fleetline --config {line.dir}/fleetline.toml show SN000001
  tail -f {line.dir}/fleetlined.log {line.dir}/boards.log {line.dir}/cloud.log
Plug a board into slot A1:   ln -s /dev/pts/N {line.dir}/usb/NAME   (with NAME.json beside it; see README.md)
Stop with Ctrl-C.""", flush=True)


def page_address():
    """Where the operator's page will be, and the configuration for it; nothing where it was not built (scripts/page)."""
    if not (ROOT / "build" / "www" / "index.html").exists():
        return "", ""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    return f"http://{listen}/", f'listen = "{listen}"\npage_directory = "{ROOT}/build/www"'


def answers(url):
    try:
        return bool(url) and urllib.request.urlopen(url, timeout=5).status == 200
    except OSError:
        return False


def stay():
    """Until Ctrl-C or SIGTERM."""
    both = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, both)
    signal.sigwait(both)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, both)


def begin_faults(options, line):
    for fault in options.fault:
        line.fault(**fault)
        print("Fault:", ", ".join(f"{key} {value}" for key, value in fault.items()), flush=True)


def rehearse(options, line):
    line.prepare()
    if not options.endpoint:
        line.start_cloud(rtt=options.rtt)
    if options.cloud_only:
        begin_faults(options, line)
        print(f"The local cloud is ready; its settings are in {line.dir}/cloud/env. Stop with Ctrl-C.", flush=True)
        stay()
        return True
    cloud = line.local_cloud if not options.endpoint else {
        "host": options.endpoint, "port": options.port, "ca": options.ca.absolute(), "claim": options.claim.absolute(),
        "claim_key": options.claim_key.absolute()}
    line.page_url, api_lines = page_address()
    line.configure(max(options.devices, 1), cloud, baud=options.baud, dialects=options.dialect or ("freertos-cli",),
                   template=options.template or TEMPLATE, api_lines=api_lines)
    line.start_daemon()
    begin_faults(options, line)
    line.start_boards(count=options.devices, baud=options.baud)
    attempts = []
    if options.devices:
        line.wait_for_outcomes(options.devices, patience=60 + options.devices * 5)
        attempts = [a for a in line.json_lines("attempts") if a["outcome"] in ENDED]
        print_outcomes(attempts)
        print_summary(attempts)
    line.cli("report", "--format", "csv", "-o", str(line.dir / "report.csv"))
    print(f"Report: {line.dir}/report.csv")
    if options.keep:
        tell_how_to_look_around(line, options)
        stay()
    return len({a["serial"] for a in attempts if a["outcome"] == "passed"}) == options.devices


def main():
    options = parse()

    def interrupted(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupted)
    with Line(options.dir, options.programs) as line:
        try:
            good = rehearse(options, line)
            line.stop()
        except LineError as trouble:
            print(f"rehearse: {trouble}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            line.stop()
            return 130
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
