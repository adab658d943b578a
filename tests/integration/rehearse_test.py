#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/rehearse as a user runs it, then everything it claims is checked from outside: with OpenSSL's eyes (the
cryptography package), with SQLite on the cloud's registry, and by looking for private keys where none may be."""
import csv
import hashlib
import pathlib
import sqlite3
import subprocess
import tempfile
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding

from line_case import PROGRAMS, ROOT, main

DEVICES = 16


def der_of(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def public_bytes(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


class Rehearsal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="fleetline-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.dir = pathlib.Path(cls.folder.name) / "rehearsal"
        cls.run_ = subprocess.run([ROOT / "scripts" / "rehearse", "--devices", str(DEVICES), "--dir", cls.dir, "--programs",
                                   PROGRAMS], capture_output=True, text=True)
        print(cls.run_.stdout, cls.run_.stderr)
        with open(cls.dir / "report.csv", newline="", encoding="utf-8") as file:
            cls.report = {row["serial"]: row for row in csv.DictReader(file)}
        cls.boards = sorted((cls.dir / "devices").iterdir())

    def test_every_board_passes(self):
        self.assertEqual(self.run_.returncode, 0)
        self.assertIn(f"{DEVICES} of {DEVICES} boards passed", self.run_.stdout)
        self.assertEqual(len(self.boards), DEVICES)

    def test_every_mapping_checks_out_from_outside(self):
        ca = x509.load_pem_x509_certificate((self.dir / "cloud" / "ca.pem").read_bytes())
        registry = sqlite3.connect(f"file:{self.dir}/cloud/registry.db?mode=ro", uri=True)
        ledger = sqlite3.connect(f"file:{self.dir}/ledger.db?mode=ro", uri=True)
        seen = set()
        for board in self.boards:
            with self.subTest(board.name):
                certificate = x509.load_pem_x509_certificate((board / "certificate.pem").read_bytes())
                # Signed by the local CA, or by an issuing CA that it vouches for.
                if certificate.issuer == ca.subject:
                    ca.public_key().verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(),
                                           certificate.signature_hash_algorithm)
                self.assertEqual(subprocess.run(["openssl", "verify", "-CAfile", self.dir / "cloud" / "ca.pem",
                                                 board / "certificate.pem"], capture_output=True).returncode, 0)
                key = serialization.load_pem_private_key((board / "private_key.pem").read_bytes(), None)
                self.assertEqual(public_bytes(key.public_key()), public_bytes(certificate.public_key()))
                fingerprint = hashlib.sha256(der_of(certificate)).hexdigest()
                thing = (board / "thing_name").read_text().strip()
                self.assertEqual(registry.execute("SELECT status FROM certificate WHERE id = ?",
                                                  (fingerprint,)).fetchall(), [("ACTIVE",)])
                self.assertEqual(registry.execute("SELECT certificate_id FROM attachment WHERE thing = ?",
                                                  (thing,)).fetchall(), [(fingerprint,)])
                row = self.report[board.name]
                self.assertEqual(row["outcome"], "passed")
                self.assertEqual((row["certificate_id"], row["certificate_sha256"], row["thing_name"]),
                                 (fingerprint, fingerprint, thing))
                self.assertEqual(row["public_key_sha256"],
                                 hashlib.sha256(public_bytes(certificate.public_key())).hexdigest())
                self.assertIn(fingerprint, {one for (one,) in ledger.execute("SELECT certificate_id FROM certificate")})
                seen.add((thing, fingerprint))
        self.assertEqual(len(seen), DEVICES)

    def test_each_board_connected_with_its_own_credential(self):
        log = (self.dir / "boards.log").read_text()
        for board in self.boards:
            self.assertRegex(log, rf'"event":"first-connect"[^\n]*"serial":"{board.name}"[^\n]*"result":"ok"')

    def test_no_private_key_leaves_its_board(self):
        secrets = []
        for board in self.boards:
            pem = (board / "private_key.pem").read_text()
            key = serialization.load_pem_private_key(pem.encode(), None)
            der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                    serialization.NoEncryption())
            scalar = key.private_numbers().private_value.to_bytes(32, "big")
            secrets += [der, scalar, scalar.hex().encode(), *(line.encode() for line in pem.splitlines()[1:3] if len(line) > 40)]
        looked_at = 0
        for file in self.dir.rglob("*"):
            if not file.is_file() or file.is_relative_to(self.dir / "devices"):
                continue
            looked_at += 1
            data = file.read_bytes()
            for secret in secrets:
                self.assertNotIn(secret, data, file)
        self.assertGreater(looked_at, 8)
        transcripts = subprocess.run(["sqlite3", self.dir / "ledger.db", ".dump"], capture_output=True).stdout
        self.assertNotIn(b"PRIVATE KEY", transcripts)

    def test_the_ledger_verifies_and_a_changed_one_does_not(self):
        fleetline = [PROGRAMS / "fleetline", "--config", self.dir / "fleetline.toml", "audit", "verify"]
        self.assertEqual(subprocess.run(fleetline, capture_output=True).returncode, 0)
        copy = self.dir / "copy"
        copy.mkdir()
        (copy / "fleetline.toml").write_text((self.dir / "fleetline.toml").read_text())
        subprocess.run(["sqlite3", self.dir / "ledger.db", f".backup {copy}/ledger.db"], check=True)
        with sqlite3.connect(copy / "ledger.db") as db:
            for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                db.execute(f'DROP TRIGGER "{trigger}"')
            db.execute("UPDATE event SET payload = replace(payload, 'SN000003', 'SN999999') WHERE payload LIKE '%SN000003%'")
        fleetline[2] = copy / "fleetline.toml"
        found = subprocess.run(fleetline, capture_output=True, text=True)
        self.assertEqual(found.returncode, 1, found)


if __name__ == "__main__":
    main()
