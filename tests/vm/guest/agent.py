# SPDX-License-Identifier: Apache-2.0
"""In the machine: answers the rig, one JSON line a request, over a virtio port. Run as root."""
import base64
import json
import os
import subprocess
import time


def answer(request):
    if "run" in request:
        try:
            done = subprocess.run(request["run"], stdin=subprocess.DEVNULL, capture_output=True, timeout=request["timeout"])
            return {"status": done.returncode, "out": done.stdout.decode(errors="replace"),
                    "err": done.stderr.decode(errors="replace")}
        except subprocess.TimeoutExpired:
            return {"error": "did not end in time"}
    if "put" in request:
        os.makedirs(os.path.dirname(request["put"]), exist_ok=True)
        with open(request["put"], "wb") as out:
            out.write(base64.b64decode(request["data"]))
        os.chmod(request["put"], request["mode"])
        return {}
    with open(request["get"], "rb") as file:
        return {"data": base64.b64encode(file.read()).decode()}


def main():
    with open("/dev/virtio-ports/rig", "r+b", buffering=0) as port:
        pending = b""
        while True:
            chunk = port.read(65536)
            if not chunk:
                time.sleep(0.1)  # nobody at the other end yet
                continue
            pending += chunk
            while b"\n" in pending:
                line, pending = pending.split(b"\n", 1)
                try:
                    reply = answer(json.loads(line))
                except Exception as trouble:  # the rig is told of anything
                    reply = {"error": repr(trouble)}
                data = json.dumps(reply).encode() + b"\n"
                while data:
                    data = data[port.write(data):]


main()
