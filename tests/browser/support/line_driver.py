#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rehearsal's line for the browser tests: real daemon, local cloud, simulated boards. Takes one JSON command a line,
gives one JSON answer a line.  line_driver.py PROGRAMS PAGE DIRECTORY"""
import json
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "rehearsal"))
from line import Line, LineError  # noqa: E402

BAUD = 921600


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start(line, page):
    listen = f"127.0.0.1:{free_port()}"
    line.prepare()
    line.start_cloud()
    line.configure(4, line.local_cloud, baud=BAUD, api_lines=f'listen = "{listen}"\npage_directory = "{page}"')
    line.start_daemon()
    line.start_boards(count=4, baud=BAUD, unplugged=True)
    return {"url": f"http://{listen}/"}


def obey(line, page, command):
    what = command["do"]
    if what == "start":
        return start(line, page)
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
