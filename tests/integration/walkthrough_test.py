#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""AWS's walkthrough of Fleet Provisioning, command by command, with Debian's awscli against the local cloud; then devices that
provision by what it made, with AWS's IoT Device SDK v2 for JavaScript (tests/sdk)."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from line_case import ENDED, ROOT, main
from walkthrough import AWS, Walkthrough

REGION, ACCOUNT = "ap-northeast-1", "123456789012"
IOT = f"arn:aws:iot:{REGION}:{ACCOUNT}:"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:FPTestHookLambda"

# What the commands ask of AWS, in their order.
ASKED = ["iam create-role", "iam attach-role-policy", "iam create-role", "iam attach-role-policy", "iam get-role",
         "lambda create-function", "lambda add-permission", "lambda get-function", "iam get-role",
         "iot create-provisioning-template", "iot create-keys-and-certificate", "sts get-caller-identity",
         "iot create-policy", "iot attach-policy"]


class TheWalkthrough(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="fleetline-")
        cls.addClassCleanup(folder.cleanup)
        cls.walk = Walkthrough(folder.name)
        cls.addClassCleanup(lambda: cls.walk.stop())
        cls.walk.start_cloud()
        cls.run_ = cls.walk.run()
        cls.calls = cls.walk.calls()

    def call(self, name, nth=0):
        return [call for call in self.calls if call.name == name][nth]

    def asked_again(self, *arguments):
        status, output, errors = self.walk.aws(*arguments)
        self.assertEqual((status, errors), (0, ""))
        return json.loads(output) if output.strip() else None

    def test_01_every_command_succeeds_in_its_order(self):
        self.assertEqual(self.run_.returncode, 0, self.run_.stderr)
        self.assertEqual([call.name for call in self.calls], ASKED)
        for call in self.calls:
            self.assertEqual((call.status, call.errors), (0, ""), call.arguments)

    def test_02_the_roles_are_as_asked_for(self):
        for nth, (name, service) in enumerate((("FPTemplateTestRole", "iot"), ("FPTestHookLambdaRole", "lambda"))):
            role = self.call("iam create-role", nth).json["Role"]
            self.assertEqual((role["RoleName"], role["Arn"]), (name, ROLE + name))
            statement = role["AssumeRolePolicyDocument"]["Statement"][0]
            self.assertEqual(statement["Principal"]["Service"], f"{service}.amazonaws.com")
        self.assertEqual(self.call("iam get-role", 0).output.strip(), ROLE + "FPTestHookLambdaRole")
        self.assertEqual(self.call("iam get-role", 1).output.strip(), ROLE + "FPTemplateTestRole")
        attached = self.asked_again("iam", "list-attached-role-policies", "--role-name", "FPTemplateTestRole")
        self.assertEqual(attached["AttachedPolicies"], [
            {"PolicyName": "AWSIoTThingsRegistration",
             "PolicyArn": "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration"}])

    def test_03_the_function_is_as_uploaded(self):
        made = self.call("lambda create-function").json
        self.assertEqual((made["FunctionArn"], made["Runtime"], made["Handler"], made["Role"], made["State"]),
                         (FUNCTION, "python3.8", "lambda_function.lambda_handler", ROLE + "FPTestHookLambdaRole", "Active"))
        self.assertEqual(made["CodeSize"], (self.walk.folder / "lambda.zip").stat().st_size)
        self.assertEqual(self.call("lambda get-function").output.strip(), FUNCTION)
        statement = json.loads(self.call("lambda add-permission").json["Statement"])
        self.assertEqual((statement["Sid"], statement["Principal"], statement["Action"]),
                         ("iot-permission", {"Service": "iot.amazonaws.com"}, "lambda:InvokeFunction"))

    def test_04_the_template_is_as_written(self):
        self.assertEqual(self.call("iot create-provisioning-template").json, {
            "templateArn": IOT + "provisioningtemplate/FPTestTemplate", "templateName": "FPTestTemplate", "defaultVersionId": 1})
        told = self.asked_again("iot", "describe-provisioning-template", "--template-name", "FPTestTemplate")
        self.assertEqual(told["templateBody"], (self.walk.folder / "fleet-provisioning-template.json").read_text())
        self.assertEqual(told["preProvisioningHook"], {"targetArn": FUNCTION, "payloadVersion": "2020-04-01"})
        self.assertEqual((told["enabled"], told["provisioningRoleArn"]), (True, ROLE + "FPTemplateTestRole"))

    def test_05_the_claim_is_active_and_has_its_policy(self):
        claim = self.call("iot create-keys-and-certificate").json
        told = self.asked_again("iot", "describe-certificate", "--certificate-id", claim["certificateId"])
        self.assertEqual(told["certificateDescription"]["status"], "ACTIVE")
        self.assertEqual(claim["certificateArn"], IOT + "cert/" + claim["certificateId"])
        certs = self.walk.folder / "certs"
        self.assertEqual((certs / "claim_cert.crt").read_text(), claim["certificatePem"])
        self.assertEqual((certs / "claim_private.key").stat().st_mode & 0o777, 0o600)
        # Its ARN is percent-encoded in the path of this call.
        attached = self.asked_again("iot", "list-attached-policies", "--target", claim["certificateArn"])
        self.assertEqual([policy["policyName"] for policy in attached["policies"]], ["FPTestIoTPolicy"])
        self.assertEqual(self.call("sts get-caller-identity").output.strip(), ACCOUNT)
        document = json.loads(self.call("iot create-policy").json["policyDocument"])
        self.assertIn(IOT + "topic/$aws/certificates/create/*", document["Statement"][1]["Resource"])

    def test_06_a_second_time_says_what_is_there(self):
        for arguments, code in (
                (self.call("iam create-role").arguments, "EntityAlreadyExists"),
                (self.call("iot create-provisioning-template").arguments, "ResourceAlreadyExistsException"),
                (("iot", "start-on-demand-audit-task", "--target-check-names", "X"), "NotImplementedException")):
            with self.subTest(arguments[:2]):
                status, _, errors = self.walk.aws(*arguments)
                self.assertNotEqual(status, 0)
                self.assertIn(f"An error occurred ({code})", errors)

    def test_07_all_of_it_survives_a_restart(self):
        self.walk.line.cloud.stop()
        self.walk.start_cloud()
        names = self.asked_again("iot", "list-provisioning-templates", "--query", "templates[].templateName")
        self.assertEqual(names, ["FPTestTemplate", "fleetline-rehearsal"])

    def test_08_devices_with_the_sdk_of_aws_provision_by_it(self):
        sdk = ROOT / "tests" / "sdk"
        if shutil.which("node") is None or not (sdk / "node_modules" / "aws-iot-device-sdk-v2").is_dir():
            self.skipTest("AWS's IoT Device SDK is not installed (scripts/sdk; it needs npm and its registry)")
        certs, cloud = self.walk.folder / "certs", self.walk.line.cloud_env
        settings = {"host": cloud["IOT_HOST"], "port": int(cloud["IOT_PORT"]), "http": cloud["AWS_ENDPOINT_URL"],
                    "ca": str(certs / "root.ca.pem"), "claim": (certs / "claim_cert.crt").read_text(),
                    "claim_key": (certs / "claim_private.key").read_text(), "template": "FPTestTemplate", "arn": IOT}
        run = subprocess.run(["node", "--test-reporter=tap", sdk / "fleet.test.mjs"], capture_output=True, text=True, timeout=400,
                             env={**os.environ, "FLEETLINE_SDK_SETTINGS": json.dumps(settings)})
        print(run.stdout, run.stderr)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(len(re.findall("(?m)^ok ", run.stdout)), (sdk / "fleet.test.mjs").read_text().count("\ntest("))

    def test_09_the_daemon_provisions_by_the_same_template_and_hook(self):
        # The walkthrough's own claim may ask for keys only, not send CSRs; a five-minute one for its template may.
        made = self.asked_again("iot", "create-provisioning-claim", "--template-name", "FPTestTemplate")
        line, claim, key = self.walk.line, self.walk.folder / "five.pem", self.walk.folder / "five.key"
        claim.write_text(made["certificatePem"])
        key.touch(0o600)
        key.write_text(made["keyPair"]["PrivateKey"])
        line.configure(2, {**line.local_cloud, "claim": claim, "claim_key": key}, template="FPTestTemplate")
        line.start_daemon()
        line.start_boards(count=2)
        line.wait_for("two outcomes", lambda: all(slot["state"] in ENDED for slot in line.slots().values()), 60)
        for serial, slot in zip(("SN000001", "SN000002"), line.slots().values()):
            self.assertEqual((slot["failure_reason"], slot["state"], slot["thing_name"]), ("", "passed", f"FPTest_{serial}"))
            thing = self.asked_again("iot", "describe-thing", "--thing-name", slot["thing_name"])
            self.assertEqual(thing["attributes"]["SerialNumber"], serial)
            self.assertTrue(thing["attributes"]["CreateDateTime"])  # made by the hook


if __name__ == "__main__":
    for program in ("aws", "zip"):
        if (AWS if program == "aws" else shutil.which(program)) is None:
            print(f"SKIPPED: {program} is not installed (scripts/install-packages)")
            sys.exit(77)
    main()
