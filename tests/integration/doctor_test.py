#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fleetline doctor against troubles that are there: each is named, with a remedy, and the exit status is 1."""
import concurrent.futures
import ctypes
import datetime
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from line_case import PROGRAMS, Line, main

DAY = datetime.timedelta(days=1)
CRLF = b"\r\n"


def pem_of_key(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Workshop:
    """Certificates of the local cloud's CA, or of a stranger's."""

    def __init__(self, folder, ca_pem=None, ca_key=None):
        self.folder = pathlib.Path(folder)
        if ca_pem:
            self.ca = x509.load_pem_x509_certificate(pathlib.Path(ca_pem).read_bytes())
            self.key = serialization.load_pem_private_key(pathlib.Path(ca_key).read_bytes(), None)
        else:
            self.key = ec.generate_private_key(ec.SECP256R1())
            self.ca = None
            self.ca = self.certificate(self.key, "Stranger", ca=True)
            (self.folder / "stranger.pem").write_bytes(self.ca.public_bytes(serialization.Encoding.PEM))

    def certificate(self, key, name, begins=-DAY, ends=365 * DAY, host="", ca=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.ca.subject if self.ca else subject)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now + begins).not_valid_after(now + ends)
                   .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def pair(self, file, name="Claim", **wish):
        """Writes FILE.pem and FILE.key; answers their paths and the certificate's id."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.certificate(key, name, **wish)
        pem, key_file = self.folder / f"{file}.pem", self.folder / f"{file}.key"
        pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.touch(0o600)
        key_file.write_bytes(pem_of_key(key))
        return pem, key_file, hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


class Doctor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="fleetline-")
        cls.addClassCleanup(folder.cleanup)
        cls.dir = pathlib.Path(folder.name)
        cls.line = Line(cls.dir / "line", PROGRAMS)
        cls.addClassCleanup(cls.line.__exit__)
        cls.line.prepare()
        cls.line.start_cloud()
        cloud = cls.line.dir / "cloud"
        cls.known = Workshop(cls.dir, cloud / "ca.pem", cloud / "ca.key")
        cls.stranger = Workshop(cls.dir)
        cls.number = 0

    # -- stations -----------------------------------------------------------------------------------------------------
    def station(self, name, product="", slot=True, ledger="ledger.db", echo="", certificate_echo="", **cloud):
        """A configuration of its own; `cloud` replaces keys of [cloud]."""
        at = self.line.local_cloud
        keys = {"endpoint": at["host"], "port": int(at["port"]), "ca_file": str(at["ca"]),
                "claim_certificate_file": str(at["claim"]), "claim_key_file": str(at["claim_key"]), **cloud}
        folder = self.dir / name
        (folder / "usb").mkdir(parents=True)
        text = f'[station]\nid = "station-{name}"\n[cloud]\n'
        text += "".join(f"{key} = {json.dumps(str(value) if isinstance(value, pathlib.Path) else value)}\n"
                        for key, value in keys.items() if value is not None)
        text += f'[ledger]\nfile = "{ledger}"\n[api]\nsocket = "api.sock"\n[usb]\ndirectory = "usb"\n'
        text += f'[[product]]\nname = "board"\ntemplate = "{product or "fleetline-rehearsal"}"\n'
        text += f'serial_echo = "{echo}"\n' if echo else ""
        text += f'certificate_echo = "{certificate_echo}"\n' if certificate_echo else ""
        text += '[[slot]]\nname = "A1"\nport = "1"\n' if slot else ""
        (folder / "fleetline.toml").write_text(text)
        return folder

    def claim(self, name, status="ACTIVE", without=(), **wish):
        """A claim certificate that the local cloud knows; its policy lacks the actions in `without`."""
        pem, key, id = self.known.pair(name, **wish)
        with sqlite3.connect(self.line.dir / "cloud" / "registry.db", timeout=20) as db:
            (document,) = db.execute("SELECT document FROM policy_versions WHERE policy IN (SELECT policy FROM "
                                     "policy_attachments WHERE target = ?)", (f"cert/{self.claim_id()}",)).fetchone()
            policy = json.loads(document)
            for statement in policy["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                statement["Action"] = [a for a in actions if a not in without] or ["iot:GetThingShadow"]
            db.execute("INSERT INTO certificates(id, pem, status, origin, created_ms, modified_ms) VALUES(?,?,?,'rest-csr',0,0)",
                       (id, pem.read_text(), status))
            db.execute("INSERT INTO policies(name, created_ms, modified_ms) VALUES(?,0,0)", (name,))
            db.execute("INSERT INTO policy_versions VALUES(?,1,?,0)", (name, json.dumps(policy)))
            db.execute("INSERT INTO policy_attachments VALUES(?,?)", (name, f"cert/{id}"))
        return {"claim_certificate_file": pem, "claim_key_file": key}

    def claim_id(self):
        pem = (self.line.dir / "cloud" / "claim.pem").read_bytes()
        return hashlib.sha256(x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)).hexdigest()

    @staticmethod
    def doctor(folder, *arguments, wrapper=(), aws=None):
        """`aws`: what the AWS CLI needs; without it this user holds no rights."""
        nobody = {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_CONFIG_FILE": "/nowhere", "AWS_DEFAULT_REGION": "eu-west-1"}
        mine = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        began = time.monotonic()
        run = subprocess.run([*wrapper, PROGRAMS / "fleetline", "--config", folder / "fleetline.toml", *arguments, "doctor"],
                             capture_output=True, text=True, timeout=60, env={**mine, **nobody, **(aws or {})})
        run.seconds = time.monotonic() - began
        return run

    def checks(self, folder, **options):
        run = self.doctor(folder, "--json", **options)
        document = json.loads(run.stdout)
        self.assertEqual(run.returncode, 0 if document["healthy"] else 1, run.stdout)
        for check in document["checks"]:
            self.assertEqual(bool(check["remedy"]), check["state"] != "good", check)
        return document, run

    def names(self, folder, code, what, words, **options):
        """The first bad check says so."""
        document, run = self.checks(folder, **options)
        bad = [c for c in document["checks"] if c["state"] == "bad"]
        self.assertTrue(bad, run.stdout)
        self.assertEqual((bad[0]["code"], bad[0]["what"]), (code, what), run.stdout)
        self.assertIn(words, bad[0]["text"])
        self.assertEqual(run.returncode, 1)
        return run

    def server(self, name, **wish):
        """openssl s_server with a certificate of the local cloud's CA; answers its port."""
        pem, key, _ = self.known.pair(name, name="localhost", **wish)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = subprocess.Popen(["openssl", "s_server", "-accept", str(port), "-cert", pem, "-key", key, "-Verify", "1",
                                    "-CAfile", self.line.dir / "cloud" / "ca.pem"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        while b"ACCEPT" not in process.stdout.readline():
            self.assertIsNone(process.poll())
        return port

    def serve(self, answer, context=None):
        """A server of a few lines: what each client says first is answered so. Answers its port."""
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)

        def talk(client):
            try:
                with context.wrap_socket(client, server_side=True) if context else client as stream:
                    if stream.recv(4096):
                        stream.sendall(answer)
                    while stream.recv(4096):
                        pass
            except OSError:
                pass  # it left

        def take():
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(client,), daemon=True).start()

        threading.Thread(target=take, daemon=True).start()
        return listening.getsockname()[1]

    def broker(self, name, connack):
        """Takes each client's certificate, and answers its CONNECT so."""
        pem, key, _ = self.known.pair(name, name="localhost", host="localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        context.load_verify_locations(self.line.dir / "cloud" / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        return self.serve(connack, context)

    # -- tests --------------------------------------------------------------------------------------------------------
    def test_a_station_that_is_well_is_told_so(self):
        folder = self.station("well", **self.claim("good"))
        run = self.doctor(folder)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertNotIn("BAD", run.stdout)
        for words in ("signed in as 'station-well'", "4 can be subscribed to", "the cloud answers (400", "nobody else's"):
            self.assertIn(words, run.stdout)
        self.assertIn("364 days more", run.stdout)

    def test_a_claim_that_ends_soon_is_told_of_and_harms_nobody(self):
        claim = self.claim("ending", ends=10 * DAY)
        document, run = self.checks(self.station("ending", **claim))
        (check,) = [c for c in document["checks"] if c["what"] == "claim"]
        self.assertEqual((check["state"], check["code"]), ("doubtful", "cloud-claim-expired"), run.stdout)
        self.assertIn("9 days more", check["text"])

    def test_each_trouble_is_named(self):
        """All at once: they wait more than they work."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            refused = nobody.getsockname()[1]
        strange = self.stranger.pair("strange")
        old = self.known.pair("old", ends=-DAY / 24)
        early = self.known.pair("early", begins=DAY, ends=2 * DAY)
        other = self.known.pair("other")
        readable = self.known.pair("readable")
        readable[1].chmod(0o644)

        def using(made):
            return {"claim_certificate_file": made[0], "claim_key_file": made[1]}

        fetch = {"claim_source": "command", "claim_certificate_file": None, "claim_key_file": None}
        cases = [
            (self.station("ca", ca_file=self.dir / "stranger.pem"), "cloud-server-untrusted", "server", "does not come from"),
            (self.station("no-ca", ca_file=self.dir / "nowhere.pem"), "cloud-ca-unreadable", "claim", "No such file"),
            (self.station("old", **using(old)), "cloud-claim-expired", "claim", "expired on"),
            (self.station("early", **using(early)), "station-clock-wrong", "claim", "valid from"),
            (self.station("readable", **using(readable)), "cloud-claim-invalid", "claim", "anybody may read"),
            (self.station("mixed", **using((old[0], other[1]))), "cloud-claim-expired", "claim", "expired"),
            (self.station("mismatch", **using((other[0], old[1]))), "cloud-claim-mismatched", "claim", "does not belong"),
            (self.station("unknown", **using(strange)), "cloud-claim-refused", "claim's welcome", "does not accept"),
            (self.station("command", claim_command=["/bin/sh", "-c", "echo no rights >&2; exit 3"], **fetch),
             "cloud-claim-unavailable", "claim", "status 3: no rights"),
            (self.station("host", port=self.server("host", host="elsewhere.example")), "cloud-host-mismatched", "server",
             "another name"),
            (self.station("tomorrow", port=self.server("tomorrow", host="localhost", begins=DAY)), "station-clock-wrong", "server",
             "clock says"),
            (self.station("yesterday", port=self.server("yesterday", host="localhost", ends=-DAY / 24)),
             "cloud-server-expired" if self.clock_in_sync() else "station-clock-wrong", "server", "was valid until"),
            (self.station("dns", endpoint="no-such-cloud.invalid"), "cloud-name-unknown", "name", "no-such-cloud.invalid"),
            (self.station("refused", port=refused), "cloud-unreachable", "port", "refuses connections"),
            (self.station("blocked", port=silent.getsockname()[1]), "cloud-port-blocked", "server", "says nothing"),
            (self.station("proxy", proxy=f"http://127.0.0.1:{refused}"), "cloud-proxy-failed", "port", "The proxy"),
            (self.station("denying-proxy", proxy=f"http://127.0.0.1:{self.serve(b'HTTP/1.1 403 Not that way' + 2 * CRLF)}"),
             "cloud-proxy-failed", "proxy", "403 Not that way"),
            (self.station("throttled", mqtt_version="5", port=self.broker("full", b"\x20\x03\x00\x97\x00")), "cloud-throttled",
             "session", "no more connections"),
            (self.station("away", port=self.broker("away", b"\x20\x02\x00\x03")), "cloud-unreachable", "session",
             "not available now"),
            (self.station("id", port=self.broker("id", b"\x20\x02\x00\x02")), "cloud-policy-denies", "session",
             "client id 'station-id'"),
            (self.station("inactive", **self.claim("inactive", status="INACTIVE")), "cloud-claim-refused", "session",
             "not active"),
            (self.station("connect", **self.claim("no-connect", without=["iot:Connect"])), "cloud-claim-refused", "session",
             "station-connect"),
            (self.station("template", product="another"), "cloud-policy-denies", "answer topics",
             "provisioning-templates/another/provision/json/accepted"),
            (self.station("publish", **self.claim("no-publish", without=["iot:Publish"])), "cloud-policy-denies",
             "certificate request", "publishes to $aws/certificates/create-from-csr/json"),
            (self.station("receive", **self.claim("no-receive", without=["iot:Receive"])), "cloud-no-answer",
             "certificate request", "iot:Receive"),
        ]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            runs = {pool.submit(self.names, *case): case for case in cases}
            for done in concurrent.futures.as_completed(runs):
                with self.subTest(runs[done][0].name):
                    run = done.result()
                    self.assertLess(run.seconds, 15)

    def silent_dns(self, folder):
        """What comes before a program that is to find a name service that says nothing."""
        if subprocess.run(["unshare", "--mount", "--net", "true"], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no network of its own can be made here")
        return ["unshare", "--mount", "--net", sys.executable, pathlib.Path(__file__).with_name("silent_dns.py"), folder]

    def test_a_name_service_that_says_nothing_is_named_in_time(self):
        folder = self.station("silent-dns", endpoint="cloud.example")
        run = self.names(folder, "cloud-name-unknown", "name", "does not answer for cloud.example", wrapper=self.silent_dns(folder))
        self.assertLess(run.seconds, 15)

    def test_a_name_service_that_says_nothing_does_not_hold_the_daemon_s_stop(self):
        folder = self.station("silent-stop", endpoint="cloud.example")
        daemon = subprocess.Popen([*self.silent_dns(folder), PROGRAMS / "fleetlined", "--config", folder / "fleetline.toml"],
                                  stderr=subprocess.PIPE, text=True)
        self.addCleanup(daemon.stderr.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        while "does not answer for cloud.example" not in (line := daemon.stderr.readline()):
            self.assertTrue(line, "the daemon ended")
        daemon.send_signal(signal.SIGTERM)  # the look-up goes on for minutes
        self.assertEqual(daemon.wait(20), 0)

    def test_the_environment_s_proxy_is_not_the_session_s(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            proxy = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        run = self.doctor(self.station("past-proxy", **self.claim("past-proxy")), aws={"https_proxy": proxy, "http_proxy": proxy})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("signed in as 'station-past-proxy'", run.stdout)

    def test_what_is_on_the_machine_is_named(self):
        good = self.claim("machine")
        with self.subTest("ledger on a tmpfs"), tempfile.TemporaryDirectory(dir="/dev/shm") as shm:
            self.names(self.station("tmpfs", ledger=f"{shm}/ledger.db", endpoint="no.invalid"), "station-ledger-unwritable", "disk",
                       "tmpfs")
        with self.subTest("no ledger, but another file"):
            folder = self.station("no-ledger", endpoint="no.invalid")
            (folder / "ledger.db").write_bytes(b"this is no ledger " * 100)
            self.names(folder, "station-ledger-broken", "ledger", "")
        with self.subTest("a link to a tty that is gone"):
            folder = self.station("gone", endpoint="no.invalid")
            os.symlink("/dev/pts/gone", folder / "usb" / "board")
            self.names(folder, "port-gone", "ports", "No such file")
        with self.subTest("no slot"):
            self.names(self.station("slotless", slot=False, endpoint="no.invalid"), "station-configuration", "ports", "[[slot]]")
        with self.subTest("a tty that may not be opened"):
            if os.getuid() != 0:
                self.skipTest("needs root")
            folder = self.station("forbidden", endpoint="no.invalid", **good)
            master, slave = os.openpty()
            self.addCleanup(os.close, master)
            self.addCleanup(os.close, slave)
            os.fchmod(slave, 0o600)
            os.symlink(os.ttyname(slave), folder / "usb" / "board")
            for path in (self.dir, folder, folder / "usb"):
                path.chmod(0o755)
            self.names(folder, "port-failed", "ports", "may not open",
                       wrapper=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
        for meddler in ("ModemManager", "brltty"):
            with self.subTest(meddler):
                program = self.dir / meddler
                shutil.copy(shutil.which("sleep"), program)
                running = subprocess.Popen([program, "600"])
                try:
                    self.names(self.station(f"with-{meddler}", endpoint="no.invalid"), "port-busy", "interference", f"{meddler} runs")
                finally:
                    running.kill()
                    running.wait()

    def backup(self, name, daily="active", result="success", exited="", copies=(), user=None):
        """The checks of the backup on a machine with these units and copies (their ages); systemd does not run here, so its
        answer is written down as Debian 12's systemctl prints it."""
        if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no mounts of its own can be made here")
        folder = self.station(name, endpoint="no.invalid")
        place = folder / "backups" / "fleetline"
        place.mkdir(parents=True)
        for number, age in enumerate(copies):
            copy = place / f"ledger-{number}.db"
            copy.touch()
            os.utime(copy, (time.time() - age, time.time() - age))
        place.chmod(0o700)
        answer = folder / "units"
        answer.write_text(f"Result=success\nId=fleetline-backup.timer\nActiveState={daily}\n\nExecMainExitTimestamp={exited}\n"
                          f"Result={result}\nId=fleetline-backup.service\nActiveState=inactive\n")
        systemctl = folder / "bin" / "systemctl"
        systemctl.parent.mkdir()
        systemctl.write_text(f'#!/bin/sh\n[ "$1" = show ] && cat {answer}\n')
        systemctl.chmod(0o755)
        script = f'mount --bind {folder}/backups /var/backups && PATH={folder}/bin:$PATH exec "$@"'
        wrapper = ["unshare", "--mount", "sh", "-c", script, "sh"]
        if user:
            for path in (self.dir, folder):
                path.chmod(0o755)
            wrapper += ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        document, _ = self.checks(folder, wrapper=wrapper)
        return [(c["state"], c["text"], c["remedy"]) for c in document["checks"] if c["what"] == "backup"]

    def test_a_backup_that_failed_or_is_old_is_told(self):
        hour = 3600
        with self.subTest("all is well"):
            self.assertEqual(self.backup("backup-kept", copies=(30 * hour, 5 * hour)),
                             [("good", "the newest copy of the ledger is 5 h 00 min old", "")])
        with self.subTest("the last run failed"):
            ((state, text, remedy),) = self.backup("backup-failed", result="exit-code", copies=(30 * hour,))
            self.assertEqual((state, text), ("bad", "the last daily backup failed (exit-code)"))
            self.assertIn("journalctl -u fleetline-backup.service", remedy)
        with self.subTest("older than two days"):
            ((state, text, _),) = self.backup("backup-old", copies=(72 * hour, 49 * hour))
            self.assertEqual((state, text), ("bad", "the newest copy of the ledger is 49 h 00 min old"))
        with self.subTest("somebody has switched it off"):
            ((state, _, remedy),) = self.backup("backup-off", daily="inactive", copies=(72 * hour,))
            self.assertEqual((state, remedy), ("bad", "systemctl enable --now fleetline-backup.timer"))
        with self.subTest("none yet"):
            ((state, text, _),) = self.backup("backup-none")
            self.assertEqual((state, text), ("doubtful", "there is no copy of the ledger in /var/backups/fleetline yet"))
        with self.subTest("never set up"):
            self.assertEqual(self.backup("backup-never", daily="inactive"), [])

    def test_who_may_not_see_the_copies_is_told_when_the_last_one_was_made(self):
        if os.getuid() != 0:
            self.skipTest("needs root")
        made = f"@{int(time.time()) - 7200}"
        self.assertEqual(self.backup("backup-hidden", exited=made, copies=(7200,), user=65534),
                         [("good", "the newest copy of the ledger is 2 h 00 min old", "")])
        ((state, _, remedy),) = self.backup("backup-unseen", copies=(7200,), user=65534)
        self.assertEqual((state, remedy), ("doubtful", "sudo fleetline doctor"))

    @staticmethod
    def clock_in_sync():
        timex = ctypes.create_string_buffer(512)  # struct timex: modes 0 only reads; TIME_ERROR is 5
        return ctypes.CDLL(None).adjtimex(timex) != 5

    def test_a_claim_key_that_others_may_read_is_told_at_connect(self):
        claim = self.claim("exposed")
        claim["claim_key_file"].chmod(0o640)
        folder = self.station("exposed", endpoint="no.invalid", **claim)
        daemon = subprocess.Popen([PROGRAMS / "fleetlined", "--config", folder / "fleetline.toml"], stderr=subprocess.PIPE, text=True)
        self.addCleanup(daemon.stderr.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        while "not the station's alone" not in (line := daemon.stderr.readline()):
            self.assertTrue(line, "the daemon ended")
        self.assertIn(f"its group may read {claim['claim_key_file']} (mode 0640)", line)

    def test_the_clock_is_told_as_the_kernel_has_it(self):
        document, _ = self.checks(self.station("clock", endpoint="no.invalid"))
        (check,) = [c for c in document["checks"] if c["what"] == "clock"]
        in_sync = self.clock_in_sync()
        self.assertEqual(check["state"], "good" if in_sync else "doubtful")
        self.assertIn("synchronised" if in_sync else "not synchronised", check["text"])

    def echo(self, folder, of="template", **options):
        document, run = self.checks(folder, **options)
        (check,) = [c for c in document["checks"] if c["what"] == f"{of}'s echo"]
        self.assertLess(run.seconds, 15)
        return check, run

    def test_the_template_s_echo_is_asked_of_aws_where_that_is_allowed(self):
        aws = {"aws": {"AWS_ENDPOINT_URL": self.line.cloud_env["AWS_ENDPOINT_URL"], "AWS_ACCESS_KEY_ID": "test",
                       "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}}
        check, run = self.echo(self.station("echo", echo="serialNumber", **self.claim("echo")), **aws)
        self.assertEqual((check["state"], run.returncode), ("good", 0), run.stdout)
        self.assertEqual(check["text"], "fleetline-rehearsal repeats the serial as 'serialNumber'")

        check, run = self.echo(self.station("wrong-echo", echo="colour", **self.claim("wrong-echo")), **aws)
        self.assertEqual((check["state"], check["code"], run.returncode), ("bad", "cloud-answer-mismatched", 1), run.stdout)
        self.assertIn("has no 'colour' in its DeviceConfiguration", check["text"])

        check, _ = self.echo(self.station("unused-echo", **self.claim("unused-echo")), **aws)
        self.assertEqual(check["state"], "doubtful")
        self.assertIn('serial_echo = "serialNumber"', check["remedy"])

    def test_the_certificate_s_echo_is_asked_of_aws_too(self):
        aws = {"aws": {"AWS_ENDPOINT_URL": self.line.cloud_env["AWS_ENDPOINT_URL"], "AWS_ACCESS_KEY_ID": "test",
                       "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}}
        check, run = self.echo(self.station("id-echo", certificate_echo="certificateId", **self.claim("id-echo")), "certificate", **aws)
        self.assertEqual((check["state"], run.returncode), ("good", 0), run.stdout)
        self.assertEqual(check["text"], "fleetline-rehearsal repeats the certificate id as 'certificateId'")

        check, run = self.echo(self.station("wrong-id", certificate_echo="colour", **self.claim("wrong-id")), "certificate", **aws)
        self.assertEqual((check["state"], check["code"], run.returncode), ("bad", "cloud-answer-mismatched", 1), run.stdout)
        self.assertIn('Add "colour": {"Ref": "AWS::IoT::Certificate::Id"}', check["remedy"])

        check, _ = self.echo(self.station("serial-as-id", certificate_echo="serialNumber", **self.claim("serial-as-id")),
                             "certificate", **aws)
        self.assertEqual(check["state"], "doubtful")
        self.assertIn("may not be the certificate id", check["text"])

        check, _ = self.echo(self.station("unused-id", **self.claim("unused-id")), "certificate", **aws)
        self.assertEqual(check["state"], "doubtful")
        self.assertIn('certificate_echo = "certificateId"', check["remedy"])

    def test_without_aws_rights_the_last_board_tells_of_the_template_s_echo(self):
        check, run = self.echo(self.station("no-rights", echo="serialNumber", endpoint="no.invalid"))
        self.assertEqual((check["state"], check["code"]), ("doubtful", "cloud-answer-mismatched"), run.stdout)
        self.assertIn("Unable to locate credentials", check["text"])

        with Line(self.dir / "passed", PROGRAMS) as line:
            line.prepare()
            line.start_cloud()
            line.configure(1, line.local_cloud)
            line.start_daemon()
            line.start_boards(1)
            line.wait_for_outcomes(1)
            check, run = self.echo(line.dir)
            (device,) = line.json_lines("devices")
            self.assertEqual(check["state"], "good", run.stdout)
            self.assertIn(f"repeats the serial as 'serialNumber': it did for {device['serial']} on 20", check["text"])
            check, _ = self.echo(line.dir, "certificate")
            self.assertEqual(check["state"], "good", run.stdout)
            self.assertIn(f"repeats the certificate id as 'certificateId': it did for {device['serial']} on 20", check["text"])
            toml = line.dir / "fleetline.toml"
            toml.write_text(toml.read_text().replace('serial_echo = "serialNumber"', 'serial_echo = "colour"'))
            check, _ = self.echo(line.dir)
            self.assertEqual(check["state"], "doubtful")
            self.assertIn("did not repeat the serial as 'colour'", check["text"])

    def test_the_daemon_that_holds_the_session_is_asked_and_another_with_its_id_is_found(self):
        self.line.configure(1, self.line.local_cloud)
        self.line.start_daemon()
        self.addCleanup(lambda: self.line.daemon.kill())
        connected = lambda: self.line.api("/api/v1/status")[1]["cloud"]["connected"]  # noqa: E731
        self.line.wait_for("session", connected)
        metrics = self.line.metrics()
        self.assertIn("\nfleetline_cloud_connects_total 1\n", metrics)
        self.assertIn('\nfleetline_cloud_requests_total{topic="$aws/certificates/create-from-csr/json",event="asked"} 0\n', metrics)
        document, _ = self.checks(self.line.dir)
        self.assertTrue(document["healthy"], document)
        self.assertEqual(document["checks"][-1]["text"], "the daemon is connected")
        self.assertTrue(connected())  # it was not pushed out

        folder = self.station("twin")
        text = (folder / "fleetline.toml").read_text()
        (folder / "fleetline.toml").write_text(text.replace("station-twin", "rehearsal-1"))
        self.names(folder, "cloud-client-id-taken", "client id", "another client connects with the id 'rehearsal-1'")
        self.line.daemon.popen.send_signal(signal.SIGTERM)
        self.line.daemon.popen.wait(30)


if __name__ == "__main__":
    sys.exit(main())
