#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The station's claim: fetched by a command, and replaced while boards are being made."""
import json
import os
import shutil
import signal
import stat

from line_case import LineCase, main


class FetchedClaim(LineCase):
    slots = 2

    @classmethod
    def configure_line(cls):
        """A command that prints the local cloud's claim as `aws iot create-provisioning-claim` does."""
        folder = cls.line.dir
        claim = {"certificatePem": (folder / "cloud" / "claim.pem").read_text(),
                 "keyPair": {"PrivateKey": (folder / "cloud" / "claim.key").read_text()}, "expiration": "2049-12-31T23:59:59Z"}
        (folder / "claim.json").write_text(json.dumps(claim))
        script = folder / "fetch claim.sh"  # the space: no shell is in between
        script.write_text(f"#!/bin/sh\necho fetched >> '{folder}/fetched'\ncat \"$1\"\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        cls.station_lines = 'log_level = "debug"'
        cls.cloud_lines = f'claim_source = "command"\nclaim_command = ["{script}", "{folder}/claim.json"]'
        super().configure_line()
        text = (folder / "fleetline.toml").read_text().splitlines(keepends=True)
        (folder / "fleetline.toml").write_text(
            "".join(row for row in text if not row.startswith(("claim_certificate_file", "claim_key_file"))))

    def test_a_board_passes_with_a_claim_that_a_command_fetched(self):
        self.assert_passes(self.new_board())
        self.assertEqual((self.line.dir / "fetched").read_text(), "fetched\n")
        self.assertEqual(self.line.api("/api/v1/status")[1]["cloud"]["claim_not_after"], "2049-12-31T23:59:59.000Z")
        key = json.loads((self.line.dir / "claim.json").read_text())["keyPair"]["PrivateKey"]
        log = (self.line.dir / "fleetlined.log").read_text()
        self.assertRegex(log, r'MQTT answer \$aws/certificates/create-from-csr/json/accepted \{"certificateId":"[0-9a-f]{64}",'
                              r'"certificateOwnershipToken":"\(\d+ bytes\)"')
        for secret in (key.splitlines()[1], "-----BEGIN", "PRIVATE KEY"):
            self.assertNotIn(secret, log)
        told = self.line.cli("show", self.serial(1)).stdout
        self.assertRegex(told, r"handed out, valid until [-0-9]+ \(request sent after .*, acknowledged after .*, answered after ")
        self.assertRegex(told, r"registered as thing .* \(request sent after .*, answered after ")


class CredentialClaim(LineCase):
    """As systemd hands it over with LoadCredentialEncrypted=claim.key:...: read only, in a directory that the environment names."""
    slots = 1

    @classmethod
    def configure_line(cls):
        folder = cls.line.dir / "credentials"
        folder.mkdir()
        (folder / "claim.key").write_bytes((cls.line.dir / "cloud" / "claim.key").read_bytes())
        (folder / "claim.key").chmod(0o400)
        os.environ["CREDENTIALS_DIRECTORY"] = str(folder)
        cls.addClassCleanup(os.environ.pop, "CREDENTIALS_DIRECTORY")
        cls.line.configure(cls.slots, {**cls.line.local_cloud, "claim_key": "$CREDENTIALS_DIRECTORY/claim.key"})

    def test_a_board_passes_with_a_claim_key_that_systemd_hands_over(self):
        self.assert_passes(self.new_board())
        self.assertNotIn("not the station's alone", (self.line.dir / "fleetlined.log").read_text())


class ReplacedClaim(LineCase):
    slots = 8

    @classmethod
    def configure_line(cls):
        folder = cls.line.dir
        for name in ("claim.pem", "claim.key"):
            shutil.copy(folder / "cloud" / name, folder / name)
        cloud = {**cls.line.local_cloud, "claim": folder / "claim.pem", "claim_key": folder / "claim.key"}
        cls.line.configure(cls.slots, cloud)

    def reload(self):
        self.line.daemon.popen.send_signal(signal.SIGHUP)

    def log(self):
        return (self.line.dir / "fleetlined.log").read_text()

    def test_replaced_claim_files_are_taken_on_reload_without_losing_a_board(self):
        boards = [self.new_board() for _ in range(self.slots)]
        for board in boards[:4]:
            self.plug(board)
        (self.line.dir / "claim.key").write_text("no key")
        self.reload()
        self.line.wait_for("warning", lambda: "The new claim cannot be used" in self.log())
        for board in boards[4:]:
            self.plug(board)
        shutil.copy(self.line.dir / "cloud" / "claim.key", self.line.dir / "claim.key")
        self.reload()
        self.line.wait_for("second session", lambda: self.log().count("Connected to the cloud") == 2)
        for board in boards:
            self.assert_passed(self.outcome_after("", board))
        self.assertEqual(len(self.line.json_lines("attempts")), len(boards))


if __name__ == "__main__":
    main()
