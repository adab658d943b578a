# SPDX-License-Identifier: Apache-2.0
"""scripts/bench cloud: fleetline's session beside AWS's own client, on the rehearsal cloud, in one run.

Peers: the SDK as its sample does it (a connection for each device, in turn), sixteen such connections at once, and one
shared connection; each through both of its clients (v1: IotIdentityClient, MQTT 3.1.1; v2: IotIdentityClientv2, MQTT 5), and
the faster one counts. fleetline with 1, 16 and 64 requests in flight. Wall time has connecting and leaving in it."""
import asyncio
import json
import pathlib
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build" / "release" / "bin"
sys.path.insert(0, str(ROOT / "tests" / "rehearsal"))

from line import TEMPLATE, Line  # noqa: E402  (the path is set above)

RTTS = (0, 40, 200)
HOOKS = (0, 800)
# name: (client, way, devices at once, boards by round trip and hook: about five seconds each)
SDK = {"sample": ("each", 1), "sixteen": ("each", 16), "shared": ("shared", 1)}
WINDOWS = (1, 16, 64)


def make_boards(count):
    """Serial numbers and certificate requests, made beforehand: boards make them themselves."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
    boards = []
    for number in range(count):
        serial = f"B{number:06}"
        key = ec.generate_private_key(ec.SECP256R1())
        csr = (x509.CertificateSigningRequestBuilder()
               .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, serial)])).sign(key, hashes.SHA256()))
        boards.append({"serial": serial, "csr": csr.public_bytes(serialization.Encoding.PEM).decode()})
    return boards


class Counter:
    """Passes TCP on to a port of this machine and counts bytes, on a thread of its own."""

    def __init__(self, port):
        self.target, self.bytes = port, 0
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        threading.Thread(target=self.run, args=(started,), daemon=True).start()
        started.wait()

    def run(self, started):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self.pump(reader, far_writer), self.pump(far_reader, writer))

    async def pump(self, reader, writer):
        try:
            while data := await reader.read(65536):
                self.bytes += len(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()


class Bench:
    def __init__(self, folder, boards):
        self.folder, self.all, self.used = pathlib.Path(folder), boards, 0

    def boards(self, count):
        """The next ones; each is made only once."""
        taken = self.all[self.used:self.used + count]
        if len(taken) < count:
            raise SystemExit("bench: too few boards were made")
        self.used += count
        return taken

    def run(self, argv, **options):
        run = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=300, **options)
        if run.returncode != 0:
            raise SystemExit(f"bench: {argv[0]} failed:\n{run.stdout}{run.stderr}")
        row = json.loads(run.stdout)
        if row["passed"] != row["boards"]:
            raise SystemExit(f"bench: only {row['passed']} of {row['boards']} boards passed")
        row["rate"] = row["boards"] / row["seconds"]
        row["cpu"] = row["cpu_ms"] / row["boards"]
        return row

    def sdk(self, cloud, client, way, at_once, count):
        given = {"host": cloud["host"], "port": int(cloud["port"]), "ca": str(cloud["ca"]), "claim": str(cloud["claim"]),
                 "claim_key": str(cloud["claim_key"]), "template": TEMPLATE, "boards": self.boards(count)}
        return self.run(["node", ROOT / "tests" / "bench" / "sdk_peer.mjs", client, way, at_once], input=json.dumps(given))

    def fleetline(self, cloud, window, count):
        file = self.folder / "boards.json"
        file.write_text(json.dumps(self.boards(count)))
        return self.run([BIN / "bench_cloud", cloud["host"], cloud["port"], cloud["ca"], cloud["claim"], cloud["claim_key"],
                         TEMPLATE, file, window])


def counts(rtt, hook):
    """How many boards each takes on: enough to be steady, few enough to end in some seconds."""
    trip = max(rtt, 20) + hook
    slow = max(4, min(30, 4000 // (trip * 8)))
    return {"sample": slow, "sixteen": max(32, slow), "shared": max(5, slow),
            1: max(6, min(400, 4000 // max(2 * rtt + hook, 8))), 16: 64 if hook else max(192, 640 if rtt < 100 else 192),
            64: 128 if hook else 640 if rtt >= 100 else 1280 if rtt else 2560}


def peers(bench, cloud, rtt, hook):
    """Rows by peer: the SDK's faster client of each way, and fleetline."""
    number = counts(rtt, hook)
    found = {}
    for name, (way, at_once) in SDK.items():
        rows = {client: bench.sdk(cloud, client, way, at_once, number[name]) for client in ("v1", "v2")}
        client = max(rows, key=lambda c: rows[c]["rate"])
        found[name] = {**rows[client], "client": client}
    for window in WINDOWS:
        found[f"window{window}"] = {**bench.fleetline(cloud, window, number[window]), "client": ""}
    return found


def traffic(bench, line):
    """Bytes a device, both ways; they do not depend on the speed."""
    counter = Counter(int(line.local_cloud["port"]))
    cloud = {**line.local_cloud, "port": counter.port}
    found = {}
    for name, run in (("sample", lambda: bench.sdk(cloud, "v1", "each", 1, 10)),
                      ("shared", lambda: bench.sdk(cloud, "v1", "shared", 1, 100)),
                      ("window64", lambda: bench.fleetline(cloud, 64, 500))):
        before = counter.bytes
        row = run()
        found[name] = (counter.bytes - before) / row["boards"]
    return found


def show(rtt, hook, rows):
    print(f"\n  round trip {rtt} ms, hook {hook} ms")
    print(f"    {'':<34}{'devices/s':>10}{'median ms':>11}{'p95 ms':>9}{'CPU ms':>8}{'ratio':>8}")
    base = rows["sample"]["rate"]
    words = {"sample": "SDK, a connection a device", "sixteen": "SDK, sixteen connections", "shared": "SDK, one connection",
             "window1": "fleetline, 1 in flight", "window16": "fleetline, 16 in flight", "window64": "fleetline, 64 in flight"}
    for name, row in rows.items():
        label = words[name] + (f" ({row['client']})" if row["client"] else "")
        print(f"    {label:<34}{row['rate']:>10.1f}{row['median_ms']:>11.1f}{row['p95_ms']:>9.1f}{row['cpu']:>8.2f}"
              f"{row['rate'] / base:>8.1f}")


def bench_cloud():
    if not (ROOT / "tests" / "sdk" / "node_modules" / "aws-iot-device-sdk-v2").exists():
        raise SystemExit("bench: AWS's SDK is not there: run scripts/sdk")
    metrics = []
    with tempfile.TemporaryDirectory(prefix="fleetline-bench-") as folder:
        boards = make_boards(16000)
        bench = Bench(folder, boards)
        for rtt in RTTS:
            with Line(pathlib.Path(folder) / f"rtt{rtt}", BIN) as line:
                line.prepare()
                line.start_cloud(rtt=rtt, extra=("--limit", "publishes_per_second=0"))
                for hook in HOOKS:
                    if hook:
                        line.fault(kind="delay", operation="RegisterThing", ms=hook)
                    rows = peers(bench, line.local_cloud, rtt, hook)
                    show(rtt, hook, rows)
                    metrics += metrics_of(f"cloud.rtt{rtt}.hook{hook}", rows)
                line.cloud_http("DELETE")
                if rtt == 0:
                    size = traffic(bench, line)
                    metrics += [(f"cloud.bytes.{name}", value, "B/device") for name, value in size.items()]
                    metrics.append(("cloud.bytes.ratio", size["window64"] / size["sample"], "x"))
                line.stop()
    return metrics


def metrics_of(prefix, rows):
    found = []
    for name, row in rows.items():
        found += [(f"{prefix}.{name}.rate", row["rate"], "devices/s"), (f"{prefix}.{name}.median", row["median_ms"], "ms"),
                  (f"{prefix}.{name}.p95", row["p95_ms"], "ms"), (f"{prefix}.{name}.cpu", row["cpu"], "ms/device")]
    best = rows["window64"]["rate"]
    found += [(f"{prefix}.over_{name}", best / rows[name]["rate"], "x") for name in SDK]
    return found
