#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who is who on the Unix socket, by what the kernel says of the other end: users that are made up ask a running server.

Usage: check_peers.py SERVE_EXAMPLE. Needs root, to be somebody else; else says so and ends with 77.
"""
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile

USER, OTHER_GROUP = 64123, 64124  # nobody's

ASK = """
import http.client, json, socket, sys
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(sys.argv[1])
def ask(verb, path, body=None):
    one = Unix("localhost", timeout=10)
    one.request(verb, path, body, {"Content-Type": "application/json"} if body else {})
    answer = one.getresponse()
    answer.read()
    return answer.status
try:
    print(json.dumps([ask("GET", "/api/v1/status"), ask("POST", "/api/v1/scan", '{"serial": "SN1"}'),
                      ask("POST", "/api/v1/rework", '{"serial": "SN1", "reason": "test"}'), ask("GET", "/api/v1/report")]))
except PermissionError:
    print('"not let in"')
"""
# status, scan, rework, report
ENGINEER, OPERATOR, NOT_LET_IN = [200, 200, 200, 200], [200, 200, 403, 403], "not let in"


def ask_as(socket, *who):
    setpriv = ["setpriv", *who, "--"] if who else []
    run = subprocess.run([*setpriv, sys.executable, "-I", "-c", ASK, socket], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(run.stdout)


def main():
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        print("left out: it takes root and setpriv to be somebody else")
        return 77
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-out", folder / "tls.pem", "-keyout", folder / "tls.key"],
                       check=True, capture_output=True)
        group = "daemon"  # of every Debian; nobody of these is in it unless said so
        with subprocess.Popen([sys.argv[1], folder / "tls.pem", folder / "tls.key", group], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as server:
            socket = pathlib.Path(json.loads(server.stdout.readline())["socket"])
            socket.parent.chmod(0o755)
            made = socket.stat()
            if stat.S_IMODE(made.st_mode) != 0o660 or made.st_gid != int(subprocess.run(
                    ["getent", "group", group], capture_output=True, text=True, check=True).stdout.split(":")[2]):
                wrong.append(f"the socket's mode is {made.st_mode:o}, its group {made.st_gid}")
            stranger = ["--reuid", str(USER), "--regid", str(OTHER_GROUP)]
            cases = [("root", (), ENGINEER),
                     ("a member of the group, beside his own", (*stranger, "--groups", str(made.st_gid)), ENGINEER),
                     ("one whose own group it is", ("--reuid", str(USER), "--regid", str(made.st_gid), "--clear-groups"), ENGINEER),
                     ("anybody else", (*stranger, "--clear-groups"), NOT_LET_IN)]
            for name, who, expected in cases:
                got = ask_as(socket, *who)
                if got != expected:
                    wrong.append(f"{name}: {got}, not {expected}")
            # As an ACL on the socket does for one user.
            socket.chmod(0o666)
            for name, who, expected in (("one who was let in", (*stranger, "--clear-groups"), OPERATOR),
                                        ("a member still", (*stranger, "--groups", str(made.st_gid)), ENGINEER)):
                got = ask_as(socket, *who)
                if got != expected:
                    wrong.append(f"{name}: {got}, not {expected}")
            server.stdin.close()
    for text in wrong:
        print("wrong:", text)
    print(f"{len(wrong)} of 6 are not who they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
