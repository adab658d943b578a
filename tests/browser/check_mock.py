#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The made-up station of the browser tests says what schema/openapi.yaml says: every operation is asked of it, as every role,
and its live feed is read. check_openapi.py does the same with the real one."""
import http.client
import json
import pathlib
import shutil
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "unit" / "api"))
import check_openapi as real  # noqa: E402

# The page does not use them, or they are no JSON.
LEFT_OUT = {"metrics", "health", "live"}


def ask(port, verb, path, body, role):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": f"Bearer flt_{role}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(verb, path, body=body, headers=headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, (answer.getheader("Content-Type") or "").split(";")[0], text


def check(document, where):
    for verb, path, operation in document.operations():
        if operation["operationId"] in LEFT_OUT:
            continue
        for role in ("operator", "auditor", "engineer"):
            for target in real.requests_of(document, path, operation, where["attempt"]):
                status, kind, text = ask(where["port"], verb, target, real.body_of(document, operation), role)
                what = f"{verb} {target} as {role}"
                document.check_answer(operation, status, kind, text, what)
                if (status == 403) != (role not in operation["x-roles"]) or (status >= 300 and status != 403):
                    real.complain(f"{what}: answers {status}")
    for message in where["live"]:
        document.check(message, {"$ref": "#/components/schemas/LiveMessage"}, f"live {message['seq']}")


def main():
    if not shutil.which("node") or not (here / "node_modules" / "ws").is_dir():
        print("SKIPPED: node or the tests' packages are not there (scripts/page --tests)")
        return 77
    document = real.Document(here.parents[1] / "schema" / "openapi.yaml")
    with subprocess.Popen(["node", "mock/serve.mjs"], cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as station:
        check(document, json.loads(station.stdout.readline()))
        station.stdin.close()
    print(f"{len(real.complaints)} complaints about the made-up station")
    return 1 if real.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
