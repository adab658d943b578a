#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks every operation of schema/openapi.yaml of a running server and checks that what is documented is what is served.

Usage: check_openapi.py SERVE_EXAMPLE OPENAPI_YAML
"""
import base64
import http.client
import json
import pathlib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile

import jsonschema
import yaml

complaints = []


def complain(text):
    complaints.append(text)
    print("wrong:", text)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


class Server:
    def __init__(self, program, directory):
        certificate, key = directory / "tls.pem", directory / "tls.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-out", certificate, "-keyout", key], check=True, capture_output=True)
        self.program = subprocess.Popen([program, certificate, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.where = json.loads(self.program.stdout.readline())
        self.tls = ssl.create_default_context(cafile=certificate)

    def stop(self):
        self.program.stdin.close()
        return self.program.wait(10)

    def ask(self, verb, path, body=None, kind="application/json", headers=None, over_tls=False):
        if over_tls:
            connection = http.client.HTTPSConnection("127.0.0.1", self.where["port"], timeout=10, context=self.tls)
        else:
            connection = UnixConnection(self.where["socket"])
        headers = dict(headers or {})
        if body is not None:
            headers["Content-Type"] = kind
        connection.request(verb, path, body=body, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, (answer.getheader("Content-Type") or "").split(";")[0], text

    def live(self, path):
        """The first message of a WebSocket."""
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(10)
            one.connect(self.where["socket"])
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
            stream = one.makefile("rb")
            status = int(stream.readline().split()[1])
            while stream.readline() not in (b"\r\n", b""):
                pass
            if status != 101:
                return status, None
            length = stream.read(2)[1] & 127
            if length == 126:
                length, = struct.unpack(">H", stream.read(2))
            elif length == 127:
                length, = struct.unpack(">Q", stream.read(8))
            return status, json.loads(stream.read(length))


class Document:
    def __init__(self, file):
        self.all = yaml.safe_load(file.read_text(encoding="utf-8"))
        self.resolver = jsonschema.RefResolver("", self.all)

    def at(self, part):
        while isinstance(part, dict) and "$ref" in part:
            _, part = self.resolver.resolve(part["$ref"])
        return part

    def check(self, value, schema, what):
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        for error in sorted(validator.iter_errors(value), key=str)[:3]:
            complain(f"{what}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")

    def operations(self):
        for path, item in self.all["paths"].items():
            for verb in ("get", "post", "put", "delete", "patch"):
                if verb in item:
                    yield verb.upper(), path, item[verb]

    def check_answer(self, operation, status, kind, text, what):
        documented = operation["responses"].get(str(status)) or operation["responses"].get("default")
        documented = documented and self.at(documented)
        if not documented:
            return complain(f"{what}: answers {status}, which is not documented")
        content = documented.get("content", {})
        if kind not in content:
            return complain(f"{what}: answers {status} as {kind}, which is not documented")
        if kind.endswith("json"):
            self.check(json.loads(text), content[kind]["schema"], f"{what} {status}")
        return None


def compare_tables(document, server):
    documented = {(verb, path): sorted(op["x-roles"]) for verb, path, op in document.operations()}
    served = {(r["verb"], r["path"]): sorted(r["roles"]) for r in server.where["routes"]}
    for one in sorted(documented.keys() | served.keys()):
        if documented.get(one) != served.get(one):
            complain(f"{one}: documented for {documented.get(one)}, served to {served.get(one)}")


def requests_of(document, path, operation, attempt):
    """Paths to ask: without a query, with each parameter's example, with every one of them."""
    parameters = [document.at(p) for p in operation.get("parameters", [])]
    for one in (p for p in parameters if p["in"] == "path"):
        path = path.replace("{" + one["name"] + "}", one.get("example", attempt))
    queries = [f"{p['name']}={p['example']}" for p in parameters if p["in"] == "query" and "example" in p]
    yield path
    for query in queries:
        yield f"{path}?{query}"
    if queries:
        yield path + "?" + "&".join(queries)


def body_of(document, operation):
    body = document.at(operation.get("requestBody", {}))
    if not body:
        return None
    return json.dumps(body["content"]["application/json"]["example"])


def ask_everything(document, server, attempt):
    for verb, path, operation in document.operations():
        what = f"{verb} {path}"
        for target in requests_of(document, path, operation, attempt):
            if operation["operationId"] == "live":
                status, message = server.live(target)
                if status != 101:
                    complain(f"{what}: answers {status}")
                document.check(message, {"$ref": "#/components/schemas/LiveMessage"}, what)
                continue
            status, kind, text = server.ask(verb, target, body_of(document, operation))
            if status >= 300:
                complain(f"{what}: {target} answers {status}: {text[:200]}")
            document.check_answer(operation, status, kind, text, what)
        check_refusals(document, server, verb, path, operation, attempt)


def check_refusals(document, server, verb, path, operation, attempt):
    """Beyond loopback: nobody without a token, then each role."""
    what = f"{verb} {path} over TLS"
    target = next(requests_of(document, path, operation, attempt))
    body = body_of(document, operation)
    everybody = operation.get("security") == [{}]
    for role in (None, "operator", "engineer", "auditor"):
        headers = {"Authorization": "Bearer " + server.where["tokens"][role]} if role else {}
        status, kind, text = server.ask(verb, target, body, headers=headers, over_tls=True)
        if status >= 400:
            document.check_answer(operation, status, kind, text, f"{what} as {role}")
        refused = status in (401, 403)
        wanted = not everybody and (role is None or role not in operation["x-roles"])
        if refused != wanted or (role is None and refused and status != 401):
            complain(f"{what} as {role}: answers {status}")


def check_strangers(document, server):
    """Beyond loopback and without a token there is nothing but /healthz: no page, no feed, no word of which paths there are."""
    paths = {path.replace("{", "").replace("}", "") for _, path, _ in document.operations()}
    paths |= {"/", "/index.html", "/assets/page.js", "/api/v1/nothing", "/api", "/healthz/", "/%68ealthz/..", "/../etc/passwd"}
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode()}
    for path in sorted(paths - {"/healthz"}):
        asked = [(verb, {}) for verb in ("GET", "HEAD", "POST", "DELETE", "OPTIONS")]
        asked += [("GET", headers) for headers in (upgrade, {"Authorization": "Bearer flt_guess"}, {"Authorization": "Basic Og=="})]
        for verb, headers in asked:
            status, _, text = server.ask(verb, path, headers=headers, over_tls=True)
            if status != 401 or b"allowed here" in text:
                complain(f"{verb} {path} of a stranger with {sorted(headers)}: answers {status}")


def check_mistakes(document, server):
    operation = {"responses": {"default": {"$ref": "#/components/responses/Problem"}}}
    for verb, target, body, wanted in (("GET", "/api/v1/nothing", None, 404), ("GET", "/api/v1/attempts/none", None, 404),
                                       ("GET", "/api/v1/attempts?limit=x", None, 400), ("PUT", "/api/v1/orders", "{}", 405),
                                       ("POST", "/api/v1/scan", "{", 400), ("POST", "/api/v1/scan", "x" * 70000, 413),
                                       ("POST", "/api/v1/orders/WO/serials", '["a a", "b", "b"]', 400)):
        status, kind, text = server.ask(verb, target, body)
        if status != wanted:
            complain(f"{verb} {target}: answers {status}, not {wanted}")
        document.check_answer(operation, status, kind, text, f"{verb} {target}")


def main():
    document = Document(pathlib.Path(sys.argv[2]))
    with tempfile.TemporaryDirectory() as directory:
        server = Server(sys.argv[1], pathlib.Path(directory))
        try:
            compare_tables(document, server)
            _, _, text = server.ask("GET", "/api/v1/attempts?outcome=passed&limit=1")
            attempt = json.loads(text)["attempts"][0]["attempt_id"]
            ask_everything(document, server, attempt)
            check_strangers(document, server)
            check_mistakes(document, server)
        finally:
            if server.stop() != 0:
                complain("the server did not end well")
    print(f"{len(complaints)} complaints about {len(list(document.operations()))} operations")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
