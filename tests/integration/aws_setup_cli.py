# SPDX-License-Identifier: Apache-2.0
"""The real AWS CLI as the command `aws` of a script under test: every call is noted, and one can be made to fail. Debian's
awscli is imported once and forked for each call, which takes a third of the time of starting it."""
import array
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

CLIENT = """#!/usr/bin/python3 -IS
import array, json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({path!r})
call = json.dumps({{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}).encode()
server.sendmsg([len(call).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
server.sendall(call)
sys.exit(int(server.makefile().read()))
"""
READS = ("get-", "list-", "describe-")


class AwsCli:
    """`failing`: words of the call that is to fail, and whether it is carried out first (its answer is lost then)."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.calls = self.folder / "calls"
        path = str(self.folder / "socket")
        client = self.folder / "aws"
        client.write_text(CLIENT.format(path=path))
        client.chmod(0o755)
        self.server = subprocess.Popen(["/usr/bin/python3", __file__, self.folder], stdout=subprocess.PIPE)
        if self.server.stdout.readline() != b"ready\n":
            raise RuntimeError("the AWS CLI (Debian's awscli) cannot be imported")

    def environment(self):
        return {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "AWS_ACCESS_KEY_ID": "rehearsal",
                "AWS_SECRET_ACCESS_KEY": "rehearsal", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}

    def fail(self, words, carried_out=False):
        (self.folder / "fail").write_text(json.dumps({"words": words, "carried_out": carried_out}))

    def take_calls(self):
        """The operations since the last time: ["iot create-policy", ...]"""
        calls = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return calls

    def take_changes(self):
        return [call for call in self.take_calls() if not call.split()[1].startswith(READS)]

    def stop(self):
        self.server.terminate()
        self.server.wait()
        self.server.stdout.close()


def operation(arguments):
    """("iot", "create-policy"), wherever the options stand."""
    words, skip = [], False
    for word in arguments:
        if skip:
            skip = False
        elif word.startswith("--"):
            skip = word in ("--region", "--endpoint-url", "--profile", "--query", "--output")
        else:
            words.append(word)
            if len(words) == 2:
                break
    return " ".join(words)


def carry_out(folder, driver, call):
    name = operation(call["arguments"])
    with open(folder / "calls", "a") as log:
        log.write(name + "\n")
    rule = folder / "fail"
    failing = json.loads(rule.read_text()) if rule.exists() else {}
    hit = failing.get("words") == name
    if hit:
        rule.unlink()
    if not hit or failing["carried_out"]:
        status = driver.main(call["arguments"])
        sys.stdout.flush()
    if hit:
        print("An error occurred: the test cut the line", file=sys.stderr, flush=True)
        return 255
    return status


def answer(connection, folder, driver):
    handles = array.array("i")
    head, ancillary, *_ = connection.recvmsg(4, socket.CMSG_LEN(3 * handles.itemsize))
    handles.frombytes(ancillary[0][2])
    size, data = int.from_bytes(head, "big"), b""
    while len(data) < size:
        data += connection.recv(size - len(data))
    call = json.loads(data)
    for number, handle in enumerate(handles):
        os.dup2(handle, number)
        os.close(handle)
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    try:
        status = carry_out(folder, driver, call)
    except SystemExit as end:
        status = end.code or 0
    connection.sendall(str(status).encode())


def serve(folder):
    sys.path.append("/usr/lib/python3/dist-packages")
    import awscli.clidriver
    driver = awscli.clidriver.create_clidriver()
    for service in ("iot", "iam", "lambda", "sts"):
        driver.session.get_service_model(service)  # kept for the children
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    listener.listen(8)
    os.write(1, b"ready\n")
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            try:
                answer(connection, folder, driver)
            finally:
                os._exit(0)
        connection.close()


if __name__ == "__main__":
    serve(pathlib.Path(sys.argv[1]))
