#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What no board holds any more is revoked by the script that the station prints, with the AWS CLI against the local cloud."""
import pathlib
import subprocess

from aws_setup_cli import AwsCli
from line_case import LineCase, main


class Revoke(LineCase):
    slots = 3

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        root = pathlib.Path(cls.folder.name)
        cls.cli = AwsCli(root / "cli")
        cls.addClassCleanup(cls.cli.stop)
        # The script is for AWS itself: this `aws` knows where the local cloud is.
        cls.bin = root / "bin"
        cls.bin.mkdir()
        (cls.bin / "aws").write_text(f"#!/bin/sh\nexec {cls.cli.folder}/aws --region ap-northeast-1 --endpoint-url "
                                     f"{cls.line.cloud_env['AWS_ENDPOINT_URL']} \"$@\"\n")
        (cls.bin / "aws").chmod(0o755)

    def environment(self):
        cli = self.cli.environment()
        return {**cli, "PATH": f"{self.bin}:{cli['PATH']}"}

    def aws(self, *words):
        subprocess.run(["aws", *words], env=self.environment(), check=True, capture_output=True)

    def statuses(self):
        return dict(self.registry("SELECT id, status FROM certificates"))

    def test_one_that_the_cloud_no_longer_has_does_not_keep_the_others(self):
        for number in (1, 2, 3):
            self.assert_passes(number)
        held_by_nobody = [row["certificate_id"] for row in self.line.json_lines("certificates")
                          if row["serial"] != self.serial(3)]
        for number in (1, 2):
            self.line.api("/api/v1/rework", "POST", {"serial": self.serial(number), "reason": "new antenna"})
            self.assert_passes(number)
        before = self.statuses()
        self.assertEqual(sorted(row["certificate_id"] for row in self.line.json_lines("certificates", "--to-revoke")),
                         sorted(held_by_nobody))
        gone, left = held_by_nobody
        self.aws("iot", "update-certificate", "--certificate-id", gone, "--new-status", "INACTIVE")
        arn = f"arn:aws:iot:ap-northeast-1:123456789012:cert/{gone}"
        for (thing,) in self.registry("SELECT thing FROM attachment WHERE certificate_id = ?", gone):
            self.aws("iot", "detach-thing-principal", "--thing-name", thing, "--principal", arn)
        self.aws("iot", "delete-certificate", "--certificate-id", gone, "--force-delete")

        script = self.line.cli("certificates", "--to-revoke", "--format", "aws-cli").stdout
        run = subprocess.run(["sh"], input=script, env=self.environment(), capture_output=True, text=True)

        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("ResourceNotFoundException", run.stderr)
        self.assertTrue(run.stderr.endswith(f"not revoked: {gone}\n"), run.stderr)
        self.assertNotIn(f"not revoked: {left}", run.stderr)
        del before[gone]
        self.assertEqual(self.statuses(), {**before, left: "REVOKED"})

        for certificate in (gone, left):
            self.line.cli("certificates", "mark-revoked", certificate, "--by", "Chen", "--note", "ticket 4711")
        script = self.line.cli("certificates", "--to-revoke", "--format", "aws-cli").stdout
        self.assertEqual(subprocess.run(["sh"], input=script, text=True, env=self.environment()).returncode, 0)
        self.assert_ledger_holds()


if __name__ == "__main__":
    main()
