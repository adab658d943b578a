#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/rehearse --fault: what is written on the command line reaches the cloud, and shows in the outcome."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

from line_case import PROGRAMS, ROOT, main

from line import FaultError, fault_from  # its folder is in the path since line_case


class Faults(unittest.TestCase):
    def rehearse(self, *arguments):
        with tempfile.TemporaryDirectory(prefix="fleetline-") as folder:
            return subprocess.run([sys.executable, ROOT / "tests" / "rehearsal" / "rehearse.py", "--programs", PROGRAMS, "--dir",
                                   pathlib.Path(folder) / "line", *arguments], capture_output=True, text=True, timeout=120)

    def test_words_become_faults(self):
        for text, fault in (
                ("lose", {"kind": "lose"}),
                ("throttle:tps=2", {"kind": "throttle", "tps": 2}),
                ("hook-denial:serial=000123", {"kind": "hook-denial", "serial": "000123"}),
                ("disconnect:step=after-puback,count=1", {"kind": "disconnect", "step": "after-puback", "count": 1}),
                ("reject:errorMessage=a=b", {"kind": "reject", "errorMessage": "a=b"})):
            self.assertEqual(fault_from(text), fault)
        for text in ("lose:count", "lose:=1", "lose:count=1,,"):
            self.assertRaises(FaultError, fault_from, text)

    def test_the_hook_denies_one_board_and_the_others_get_through_what_is_lost_and_cut(self):
        run = self.rehearse("--devices", "3", "--fault", "hook-denial:serial=SN000002", "--fault",
                            "disconnect:step=after-puback,operation=CreateCertificateFromCsr,count=1", "--fault",
                            "duplicate:ms=50")
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("Fault: kind hook-denial, serial SN000002", run.stdout)
        self.assertIn("2 of 3 boards passed", run.stdout)
        self.assertRegex(run.stdout, r"(?m)^SN000002 .* failed .* cloud-")

    def test_what_is_no_fault_is_refused_in_words(self):
        for arguments, words in ((("--fault", "no-such-kind"), "is not one of: throttle"),
                                 (("--fault", "disconnect"), "step must be before-puback"),
                                 (("--fault", "lose:count"), "'count' is not KEY=VALUE")):
            with self.subTest(arguments):
                run = self.rehearse("--devices", "1", *arguments)
                self.assertIn(run.returncode, (1, 2))
                self.assertIn(words, run.stderr)


if __name__ == "__main__":
    main()
