#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/aws-setup with the AWS CLI against the local cloud, from an empty account to boards that pass and back: each test is a
step of one story, in the order of their names."""
import base64
import json
import pathlib
import re
import sqlite3
import subprocess
import tempfile

from aws_setup_cli import AwsCli
from line_case import PROGRAMS, ROOT, Line, LineCase, main

PRODUCT, STATION = "sensor", "line-3"
NAME = f"fleetline-{PRODUCT}"


class AwsSetup(LineCase):
    slots = 3

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="fleetline-")
        root = pathlib.Path(cls.folder.name)
        cls.line = Line(root / "line", PROGRAMS)
        cls.addClassCleanup(cls.tear_down_line)
        cls.line.prepare()
        cls.line.start_cloud()
        cls.cli = AwsCli(root / "cli")
        cls.addClassCleanup(cls.cli.stop)
        cls.files = root / "aws" / STATION
        cls.empty = cls.account()

    # -- helpers ------------------------------------------------------------------------------------------------------
    @classmethod
    def setup_(cls, *arguments, status=0):
        env = cls.line.cloud_env
        done = subprocess.run([ROOT / "scripts" / "aws-setup", "--product", PRODUCT, "--station", STATION, "--dir", cls.files.parent,
                               "--region", "ap-northeast-1", "--endpoint-url", env["AWS_ENDPOINT_URL"], "--port", env["IOT_PORT"],
                               "--ca", cls.line.dir / "cloud" / "ca.pem", *arguments],
                              env=cls.cli.environment(), capture_output=True, text=True)
        if done.returncode != status:
            raise AssertionError(f"aws-setup {arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout + done.stderr

    @classmethod
    def aws(cls, *words):
        done = subprocess.run(["aws", "--region", "ap-northeast-1", "--endpoint-url", cls.line.cloud_env["AWS_ENDPOINT_URL"], *words],
                              env=cls.cli.environment(), capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"aws {words}: {done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    @classmethod
    def account(cls):
        """All that the cloud knows, but for counters and traces of what has gone."""
        with sqlite3.connect(f"file:{cls.line.dir}/cloud/registry.db?mode=ro", uri=True) as db:
            tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            return {name: sorted(db.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr) for name in tables
                    if name not in ("sqlite_sequence", "meta")}

    def files_now(self):
        return {str(file): (file.read_bytes(), file.stat().st_mtime_ns) for file in sorted(self.files.parent.rglob("*")) if file.is_file()}

    def things(self):
        return sorted(name for (name,) in self.registry("SELECT name FROM thing"))

    def configure_for_the_test(self):
        """The written file, with slots, and with what differs on this machine."""
        text = (self.files / "fleetline.toml").read_text()
        text += f'[ledger]\nfile = "{self.line.dir}/ledger.db"\n[api]\nsocket = "{self.line.api_socket}"\n'
        text += f'[usb]\ndirectory = "{self.line.dir}/usb"\n'
        for number in range(1, self.slots + 1):
            text += f'[[slot]]\nname = "A{number}"\nport = "platform-rehearsal-usb-0:1.{number}"\n'
        text = text.replace('file = "c', f'file = "{self.files}/c')
        (self.line.dir / "fleetline.toml").write_text(text)

    # -- the story ----------------------------------------------------------------------------------------------------
    def test_1_a_dry_run_tells_what_it_would_do_and_does_nothing(self):
        self.cli.take_calls()
        said = self.setup_("--dry-run")
        for what in ("would make role fleetline-sensor-provisioning", "would make function fleetline-sensor-hook",
                     "would make template fleetline-sensor", "would make the claim certificate of line-3"):
            self.assertIn(what, said)
        self.assertEqual(self.cli.take_changes(), [])
        self.assertEqual(self.account(), self.empty)
        self.assertFalse(self.files.parent.exists())

    def test_2_cut_half_way_it_is_run_again(self):
        self.cli.fail("lambda create-function", carried_out=True)
        self.assertIn("run this again", self.setup_(status=1))
        self.cli.fail("iot create-certificate-from-csr")
        self.assertIn("run this again", self.setup_(status=1))
        self.assertFalse((self.files / "claim.pem").exists())
        self.cli.take_calls()
        said = self.setup_()
        self.assertEqual(self.cli.take_changes(), ["iot create-certificate-from-csr", "iot create-policy", "iot attach-policy"])
        self.assertIn("--station-certificate", said)  # what is still to be done

    def test_3_run_twice_it_changes_nothing(self):
        account, files = self.account(), self.files_now()
        self.cli.take_calls()
        self.assertIn("Nothing to do", self.setup_())
        self.assertEqual(self.cli.take_changes(), [])
        self.assertEqual(self.account(), account)
        self.assertEqual(self.files_now(), files)

    def test_4_the_files_are_ready(self):
        for name in ("claim.pem", "claim.key"):
            self.assertEqual((self.files / name).stat().st_mode & 0o777, 0o600, name)
        checked = subprocess.run([PROGRAMS / "fleetline", "--config", self.files / "fleetline.toml", "config", "check"],
                                 capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        policy = self.aws("iot", "get-policy", "--policy-name", f"{NAME}-claim.{STATION}")["policyDocument"]
        self.assertLessEqual(len(policy), 2048)  # AWS's limit
        self.assertNotIn("*", policy)
        self.assertEqual(re.findall(r"client/([^\"]*)", policy), [STATION])

    def test_4_a_file_that_somebody_changed_stays_and_what_it_lacks_is_shown(self):
        file = self.files / "fleetline.toml"
        text = file.read_text()
        old = re.sub("certificate_echo.*\n", "", text)
        self.assertNotEqual(old, text)
        file.write_text(old)
        self.assertIn('      +certificate_echo = "CertificateId"', self.setup_())
        self.assertEqual(file.read_text(), old)
        file.write_text(text)

    def test_5_a_station_that_the_hook_does_not_know_is_refused_in_plain_words(self):
        self.configure_for_the_test()
        self.line.start_daemon()
        self.line.start_boards(count=self.slots, unplugged=True)
        self.connected()
        result = self.attempt(1)
        self.assertEqual(result["failure_code"], "cloud-denied")
        self.assertEqual(self.things(), [])

    def test_6_boards_on_the_list_pass_through_template_and_hook_and_others_are_refused(self):
        certificate = self.line.dir / "station.pem"
        allowed = self.line.dir / "serials.txt"
        allowed.write_text("SN000001\nSN000002\n\n")
        said = self.setup_("--station-certificate", certificate, "--allow-list", allowed)
        self.assertIn(f"give function {NAME}-hook its new settings", said)
        self.assertNotIn("does not know the station", said)
        self.assert_passes(1)
        self.plug(2)
        self.assert_passed(self.outcome_after("", 2))
        # It connects with what it was given, under the boards' policy; unplugged before that, it would not.
        self.line.wait_for("first connect", lambda: re.search(r'"event":"first-connect"[^\n]*SN000002"[^\n]*"result":"ok"',
                                                              (self.line.dir / "boards.log").read_text()))
        self.unplug(2)
        self.assertEqual(self.things(), ["sensor-SN000001", "sensor-SN000002"])
        thing = self.aws("iot", "describe-thing", "--thing-name", "sensor-SN000001")
        self.assertEqual((thing["thingTypeName"], thing["attributes"]), (NAME, {"SerialNumber": "SN000001", "Station": STATION}))
        grouped = self.aws("iot", "list-things-in-thing-group", "--thing-group-name", NAME)["things"]
        self.assertEqual(sorted(grouped), ["sensor-SN000001", "sensor-SN000002"])
        refused = self.attempt(3)
        self.assertEqual(refused["failure_code"], "cloud-denied")
        self.assertEqual(refused["failure_text"], "The cloud's check refused this serial number.")
        self.assertIn("Put the board aside", refused["next_action"])
        self.assertIn("403", refused["failure_reason"])
        self.assertNotIn("Traceback", json.dumps(refused))
        self.assertNotIn("sensor-SN000003", self.things())
        why = (self.line.dir / "cloud" / "functions" / "log").read_text()  # AWS: the function's log
        self.assertIn("the serial number is not on the order's list", why)
        self.assert_ledger_holds()

    def mqtt(self, topic, answer, body, client=STATION):
        """One request with the claim, from outside of the station; the answer on that topic."""
        done = subprocess.run(["mosquitto_rr", "-V", "5", "-h", self.line.cloud_env["IOT_HOST"], "-p", self.line.cloud_env["IOT_PORT"],
                               "--cafile", self.files / "ca.pem", "--cert", self.files / "claim.pem", "--key", self.files / "claim.key",
                               "-i", client, "-q", "1", "-t", topic, "-e", f"{topic}/{answer}", "-m", json.dumps(body), "-W", "10"],
                              capture_output=True, text=True)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def new_certificate(self, serial):
        csr = subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                              "/dev/null", "-subj", f"/CN={serial}"], capture_output=True, text=True, check=True).stdout
        return self.mqtt("$aws/certificates/create-from-csr/json", "accepted", {"certificateSigningRequest": csr})

    def test_7_a_stolen_claim_registers_nothing(self):
        self.line.daemon.stop()  # it holds the client id
        self.assertIsNone(self.mqtt("$aws/certificates/create-from-csr/json", "accepted", {}, client="thief"))
        made = self.new_certificate("SN000002")
        # What was captured on the line: the parameters of board 2, as the station sent them.
        with sqlite3.connect(f"file:{self.line.dir}/ledger.db?mode=ro", uri=True) as db:
            payloads = [text for (text,) in db.execute("SELECT payload FROM event WHERE payload LIKE '%StationSignature%'")]
        captured = next(p["parameters"] for p in map(json.loads, payloads) if p["parameters"]["SerialNumber"] == "SN000002")
        self.assertEqual(len(base64.b64decode(captured["StationSignature"])), 384)
        before = self.account()
        unsigned = {"SerialNumber": "SN000002"}
        for name, parameters in {"unsigned": unsigned, "nothing": {}, "captured": captured,
                                 "in another name": {**captured, "StationId": "line-4"}}.items():
            with self.subTest(name):
                answer = self.mqtt(f"$aws/provisioning-templates/{NAME}/provision/json", "rejected",
                                   {"certificateOwnershipToken": made["certificateOwnershipToken"], "parameters": parameters})
                self.assertEqual((answer["statusCode"], answer["errorCode"]), (403, "AccessDenied"))
        self.assertEqual(self.account(), before)
        self.assertEqual(self.things(), ["sensor-SN000001", "sensor-SN000002"])

    def test_8_deleted_it_leaves_what_boards_in_the_field_need(self):
        said = self.setup_("--delete", "--dry-run")
        self.assertIn("would delete template fleetline-sensor", said)
        said = self.setup_("--delete")
        self.assertIn("boards in the field need them", said)
        left = self.account()
        self.assertEqual([row[0] for row in left["roles"]], [row[0] for row in self.empty["roles"]])
        self.assertFalse((self.files / "claim.key").exists())
        self.assertEqual(self.things(), ["sensor-SN000001", "sensor-SN000002"])
        self.assertEqual(len(self.aws("iot", "list-targets-for-policy", "--policy-name", f"{NAME}-board")["targets"]), 2)

    def test_9_with_the_boards_gone_it_leaves_nothing(self):
        for thing in self.things():
            for principal in self.aws("iot", "list-thing-principals", "--thing-name", thing)["principals"]:
                self.aws("iot", "detach-thing-principal", "--thing-name", thing, "--principal", principal)
                self.aws("iot", "detach-policy", "--policy-name", f"{NAME}-board", "--target", principal)
                self.aws("iot", "update-certificate", "--certificate-id", principal.split("/")[1], "--new-status", "INACTIVE")
            self.aws("iot", "delete-thing", "--thing-name", thing)
        self.setup_("--delete")
        left = self.account()
        for table, rows in self.empty.items():
            if table not in ("certificates", "ownership_tokens"):  # the boards', which are theirs
                self.assertEqual(left[table], rows, table)
        active = [[row[0] for row in state["certificates"] if "ACTIVE" in row] for state in (self.empty, left)]
        self.assertEqual(*active)
        self.assertIn("Nothing to do", self.setup_("--delete"))


if __name__ == "__main__":
    main()
