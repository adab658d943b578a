#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The reference hook (config/aws/hook.py): what it lets pass, and what it must refuse. Keys and signatures are OpenSSL's
(the cryptography package); forged ones are made number by number."""
import base64
import contextlib
import copy
import hashlib
import importlib.util
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zipfile

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "config" / "aws" / "hook.py"


def load(path=SOURCE):
    spec = importlib.util.spec_from_file_location("hook", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["hook"] = module
    with contextlib.redirect_stdout(io.StringIO()):  # it says that there is no hook.json here
        spec.loader.exec_module(module)
    return module


hook = load()
KEY = rsa.generate_private_key(65537, 3072)
OTHER_KEY = rsa.generate_private_key(65537, 3072)
MODULUS = KEY.public_key().public_numbers().n
CERTIFICATE = hashlib.sha256(b"a certificate").hexdigest()
OTHER_CERTIFICATE = hashlib.sha256(b"another certificate").hexdigest()
WHEN = "2026-11-24T12:00:00.000Z"
NOW = 1795521600.0  # the same instant
SETTINGS = {
    "mode": "signed",
    "stations": {"line-3": {"modulus": f"{MODULUS:X}"},
                 "line-4": {"modulus": f"{OTHER_KEY.public_key().public_numbers().n:x}"}},
    "orders": {"WO-17": ["SN000001", "SN000002"], "WO-18": ["SN000003"], "": ["SN900001"], "WO-any": "*"},
}


def sign(text, key=KEY):
    return key.sign(text, padding.PKCS1v15(), hashes.SHA256())


def key_in(file):
    return serialization.load_pem_private_key(file.read_bytes(), None)


def event(serial="SN000001", order="WO-17", station="line-3", when=WHEN, certificate=CERTIFICATE, key=KEY, **parameters):
    """What AWS hands to the hook for a request that the station signed; `parameters` are put over it, None removes one."""
    signature = base64.b64encode(sign(hook.registration_text(certificate, serial, order, station, when), key)).decode()
    values = {"SerialNumber": serial, "StationOrder": order, "StationId": station, "StationTime": when,
              "StationSignature": signature, **parameters}
    return {"claimCertificateId": hashlib.sha256(b"claim").hexdigest(), "certificateId": certificate,
            "certificatePem": "-----BEGIN CERTIFICATE-----\n...", "clientId": station,
            "templateArn": "arn:aws:iot:eu-central-1:123456789012:provisioningtemplate/fleetline-sensor",
            "parameters": {name: value for name, value in values.items() if value is not None}}


def with_member(base, **members):
    changed = copy.deepcopy(base)
    for name, value in members.items():
        if value is None:
            del changed[name]
        else:
            changed[name] = value
    return changed


def raw_signature(encoded, key=KEY):
    """The RSA operation alone over any encoded message: what someone with the key could make, and a verifier must judge."""
    private = key.private_numbers()
    number = pow(int.from_bytes(encoded, "big"), private.d, private.public_numbers.n)
    return number.to_bytes(len(encoded), "big")


class Allowed(unittest.TestCase):
    def test_a_request_that_the_station_signed_for_a_serial_on_the_orders_list_passes(self):
        self.assertIsNone(hook.decide(event(), SETTINGS, NOW))

    def test_a_board_without_an_order_passes_by_the_list_for_those(self):
        for order in ("", None):
            with self.subTest(order):
                self.assertIsNone(hook.decide(event("SN900001", "", StationOrder=order), SETTINGS, NOW))

    def test_where_the_list_is_a_star_the_station_alone_decides(self):
        self.assertIsNone(hook.decide(event("SN777777", "WO-any"), SETTINGS, NOW))
        self.assertIsNotNone(hook.decide(event("SN777777", "WO-any", key=OTHER_KEY), SETTINGS, NOW))

    def test_the_serial_may_be_in_another_parameter(self):
        settings = {**SETTINGS, "serial_parameter": "DeviceSerial"}
        asked = event(SerialNumber=None, DeviceSerial="SN000001")
        self.assertIsNone(hook.decide(asked, settings, NOW))
        self.assertIsNotNone(hook.decide(event(), settings, NOW))

    def test_text_that_is_not_ascii_is_signed_as_utf_8(self):
        settings = {**SETTINGS, "orders": {"Auftrag-Ä": ["SN-日本"]}}
        self.assertIsNone(hook.decide(event("SN-日本", "Auftrag-Ä"), settings, NOW))

    def test_the_same_request_asked_again_passes_again(self):
        # The station asks again when an answer is lost; the certificate is the same.
        asked = event()
        self.assertEqual([hook.decide(asked, SETTINGS, NOW + late) for late in (0, 20, 300)], [None] * 3)

    def test_the_signed_text_is_the_documented_one(self):
        self.assertEqual(hook.registration_text("ab", "SN1", "WO", "line-3", WHEN),
                         f"fleetline registration 1\ncertificate: ab\nserial: SN1\norder: WO\nstation: line-3\ntime: {WHEN}\n"
                         .encode())


class Refused(unittest.TestCase):
    """Each row: the request (or the settings) with one thing wrong, and a word of the reason in the log."""

    def refused(self, asked, why, settings=None, now=NOW):
        answer = hook.decide(asked, SETTINGS if settings is None else settings, now)
        self.assertIsNotNone(answer, "it was allowed")
        self.assertRegex(answer, why)
        self.assertNotIn("defect", answer)

    def test_serials_and_orders(self):
        for name, asked, why in [
            ("a serial of no list", event("SN000099"), "not on the order's list"),
            ("a serial of another order", event("SN000003", "WO-17"), "not on the order's list"),
            ("an order that is not known", event(order="WO-99"), "order is not known"),
            ("no order, the serial only on an order's list", event(order=""), "not on the order's list"),
            ("a serial that is empty", event(""), "empty"),
            ("a serial that only begins like one", event("SN00000"), "not on the order's list"),
            ("a serial in another case", event("sn000001"), "not on the order's list"),
        ]:
            with self.subTest(name):
                self.refused(asked, why)

    def test_requests_that_the_station_did_not_sign(self):
        text = hook.registration_text(CERTIFICATE, "SN000001", "WO-17", "line-3", WHEN)
        good = event()["parameters"]["StationSignature"]
        spoilt = bytearray(base64.b64decode(good))
        spoilt[100] ^= 1
        for name, asked, why in [
            ("no signature: a stolen claim certificate", event(StationSignature=None), "Signature is missing"),
            ("no station", event(StationId=None), "StationId is missing"),
            ("no time", event(StationTime=None), "StationTime is missing"),
            ("a signature that is empty", event(StationSignature=""), "not this station's"),
            ("by another key", event(key=OTHER_KEY), "not this station's"),
            ("by another station's key, in the name of this one", event(key=OTHER_KEY, station="line-3"), "not this station's"),
            ("an unknown station", event(station="line-9"), "station is not known"),
            ("captured, for another certificate", with_member(event(), certificateId=OTHER_CERTIFICATE), "not this station's"),
            ("captured, for another serial", event(SerialNumber="SN000002"), "not this station's"),
            ("captured, for another order", event("SN000003", "WO-17", StationOrder="WO-18"), "not this station's"),
            ("captured, made younger", event(StationTime="2026-11-24T12:00:01.000Z"), "not this station's"),
            ("one bit is wrong", event(StationSignature=base64.b64encode(spoilt).decode()), "not this station's"),
            ("over SHA-512", event(StationSignature=base64.b64encode(
                KEY.sign(text, padding.PKCS1v15(), hashes.SHA512())).decode()), "not this station's"),
            ("PSS", event(StationSignature=base64.b64encode(
                KEY.sign(text, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())).decode()), "not this station's"),
            ("over another text", event(StationSignature=base64.b64encode(sign(b"hello")).decode()), "not this station's"),
            ("another client id: one station's claim speaks for another", with_member(event(), clientId="line-4"), "client id"),
        ]:
            with self.subTest(name):
                self.refused(asked, why)

    def test_times(self):
        for when, late, why in [
            (WHEN, 901, "too old"), (WHEN, 86400 * 365, "too old"), (WHEN, -301, "has not come"),
            ("2026-11-24T12:00:00Z", 0, "StationTime is not like"), ("2026-11-24 12:00:00.000Z", 0, "StationTime is not like"),
            ("2026-11-24T12:00:00.000+00:00", 0, "StationTime is not like"), ("", 0, "StationTime is not like"),
            ("2026-13-24T12:00:00.000Z", 0, "no time"), ("0000-01-01T00:00:00.000Z", 0, "no time"),
            ("0001-01-01T00:00:00.000Z", 0, "too old|no time"), ("9999-12-31T23:59:59.999Z", 0, "has not come"),
            ("٢٠٢٦-11-24T12:00:00.000Z", 0, "StationTime is not like"), (WHEN + "\n", 0, "printable"),
        ]:
            with self.subTest(when=when, late=late):
                self.refused(event(when=when), why, now=NOW + late)
        for late in (900, 899.9, 0, -300):
            with self.subTest(allowed=late):
                self.assertIsNone(hook.decide(event(), SETTINGS, NOW + late))
        self.refused(event(), "too old", {**SETTINGS, "max_age_s": 10}, NOW + 11)
        self.refused(event(), "has not come", {**SETTINGS, "max_ahead_s": 0}, NOW - 0.5)

    def test_signatures_that_are_no_base64(self):
        good = event()["parameters"]["StationSignature"]
        for name, written in [("letters", "not base64!"), ("a line end", good[:64] + "\n" + good[64:]), ("a space", " " + good),
                              ("cut", good[:-1]), ("cut by four", good[:-4]), ("longer", good + "AAAA"), ("padding", good + "===="),
                              ("not ASCII", "Ä" * 512), ("URL-safe", good.replace("+", "-").replace("/", "_") + "-_-_"),
                              ("endless", "A" * 100_000), ("a NUL", "\0" + good)]:
            with self.subTest(name):
                self.refused(event(StationSignature=written), "StationSignature|not this station's")

    def test_a_signature_is_compared_as_a_whole_encoded_message(self):
        size = 384
        digest = hashlib.sha256(hook.registration_text(CERTIFICATE, "SN000001", "WO-17", "line-3", WHEN)).digest()
        info = hook.SHA256_INFO + digest
        no_null = bytes.fromhex("302f300b0609608648016503040201") + bytes.fromhex("0420") + digest
        sha1_info = bytes.fromhex("3021300906052b0e03021a05000414") + digest[:20]

        def padded(tail, fill=b"\xff", start=b"\x00\x01"):
            return start + fill * (size - len(start) - 1 - len(tail)) + b"\x00" + tail

        self.assertTrue(hook.signature_is_good(MODULUS, raw_signature(padded(info)), self.text()))
        for name, encoded in [
            ("garbage behind the digest", b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + b"\x5a" * (size - 11 - len(info))),
            ("zeros behind the digest", b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + b"\x00" * (size - 11 - len(info))),
            ("garbage in front of the digest", padded(b"\x5a" * 40 + info)),
            ("padded with zeros", padded(info, b"\x00")),
            ("padded with something else", padded(info, b"\xfe")),
            ("block type 2", padded(info, b"\x41", b"\x00\x02")),
            ("block type 0", padded(info, b"\x00", b"\x00\x00")),
            ("the digest alone", padded(digest)),
            ("without the algorithm's NULL", padded(no_null)),
            ("SHA-1's name", padded(sha1_info)),
            ("no separator", b"\x00\x01" + b"\xff" * (size - 2 - len(info)) + info),
            ("one separator more", b"\x00\x01" + b"\xff" * (size - 4 - len(info)) + b"\x00\x00" + info),
        ]:
            with self.subTest(name):
                self.assertFalse(hook.signature_is_good(MODULUS, raw_signature(encoded), self.text()))

    @staticmethod
    def text():
        return hook.registration_text(CERTIFICATE, "SN000001", "WO-17", "line-3", WHEN)

    def test_a_cube_root_forges_nothing(self):
        # Bleichenbacher 2006: with a small exponent and a verifier that skips padding, no key is needed.
        digest = hashlib.sha256(self.text()).digest()
        head = b"\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00" + hook.SHA256_INFO + digest
        target = int.from_bytes(head + b"\xff" * (384 - len(head)), "big")
        low, high = 0, 1 << 1024
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if middle ** 3 <= target else (low, middle - 1)
        self.assertTrue((low ** 3).to_bytes(384, "big").startswith(head))  # it would fool such a verifier
        self.assertFalse(hook.signature_is_good(MODULUS, low.to_bytes(384, "big"), self.text()))

    def test_numbers_that_are_no_signature(self):
        good = int.from_bytes(sign(self.text()), "big")
        for name, written in [("0", bytes(384)), ("1", bytes(383) + b"\x01"), ("the modulus", MODULUS.to_bytes(384, "big")),
                              ("one less than the modulus", (MODULUS - 1).to_bytes(384, "big")),
                              ("the modulus added", (good + MODULUS).to_bytes(385, "big")),
                              ("a zero in front", b"\x00" + sign(self.text())), ("all ones", b"\xff" * 384), ("empty", b"")]:
            with self.subTest(name):
                self.assertFalse(hook.signature_is_good(MODULUS, written, self.text()))

    def test_a_signature_has_one_number_only(self):
        # The same number plus the modulus is the same to pow().
        for attempt in range(500):
            text = b"text %d" % attempt
            sum_ = int.from_bytes(sign(text), "big") + MODULUS
            if sum_ < 1 << 3072:
                break
        else:
            self.skipTest("this key's modulus leaves no room for the sum")
        self.assertTrue(hook.signature_is_good(MODULUS, (sum_ - MODULUS).to_bytes(384, "big"), text))
        self.assertFalse(hook.signature_is_good(MODULUS, sum_.to_bytes(384, "big"), text))

    def test_malformed_events(self):
        good = event()
        for name, asked in [
            ("nothing", None), ("a text", "event"), ("a list", [good]), ("a number", 7), ("an empty map", {}),
            ("no parameters", with_member(good, parameters=None)), ("parameters are null", {**good, "parameters": None}),
            ("parameters are a list", with_member(good, parameters=["SerialNumber"])),
            ("parameters are a text", with_member(good, parameters="SerialNumber")),
            ("no certificate id", with_member(good, certificateId=None)),
            ("a certificate id that is a number", with_member(good, certificateId=7)),
            ("a certificate id in capitals", with_member(good, certificateId=CERTIFICATE.upper())),
            ("a certificate id that is short", with_member(good, certificateId="ab")),
            ("a client id that is a map", with_member(good, clientId={})),
        ]:
            with self.subTest(name):
                self.refused(asked, ".")
        for name in ("SerialNumber", "StationOrder", "StationId", "StationTime", "StationSignature"):
            for value in (7, True, [], ["SN000001"], {}, {"SN000001": 1}, 1.5):
                with self.subTest(parameter=name, value=value):
                    self.refused(event(**{name: value}), name)
        for name in ("SerialNumber", "StationOrder", "StationId", "StationTime"):
            for value in ("x" * 257, "a\nb", "a\0b", "\ud800", "\u202e"):
                with self.subTest(parameter=name, value=ascii(value)):
                    self.refused(event(**{name: value}), name)

    def test_a_line_end_in_a_value_cannot_move_the_signed_lines(self):
        # Both make the same text: without the check one signature would be good for both.
        one = hook.registration_text(CERTIFICATE, "SN000001\norder: WO-17", "", "line-3", WHEN)
        self.assertIn(b"serial: SN000001\norder: WO-17\n", one)
        self.refused(event("SN000001\norder: WO-17", ""), "printable")

    def test_broken_settings_refuse(self):
        small = rsa.generate_private_key(65537, 2048)
        stations = SETTINGS["stations"]
        for name, settings, why in [
            ("none", 7, "hook.json"), ("no mode", with_member(SETTINGS, mode=None), "mode"),
            ("another mode", with_member(SETTINGS, mode="open"), "mode"),
            ("no stations", with_member(SETTINGS, stations=None), "station is not known"),
            ("stations are a list", with_member(SETTINGS, stations=["line-3"]), "stations"),
            ("a station without a key", with_member(SETTINGS, stations={"line-3": {}}), "modulus"),
            ("a station that is a text", with_member(SETTINGS, stations={"line-3": "AB"}), "station"),
            ("a modulus that is no number", with_member(SETTINGS, stations={"line-3": {"modulus": "Modulus=AB"}}), "modulus"),
            ("a modulus that is a number", with_member(SETTINGS, stations={"line-3": {"modulus": 7}}), "modulus"),
            ("an even modulus", with_member(SETTINGS, stations={"line-3": {"modulus": f"{MODULUS - 1:x}"}}), "no RSA key"),
            ("a key that is too small", with_member(SETTINGS, stations={"line-3": {
                "modulus": f"{small.public_key().public_numbers().n:x}"}}), "3072"),
            ("no orders", with_member(SETTINGS, orders=None), "order is not known"),
            ("orders are a list", with_member(SETTINGS, orders=["SN000001"]), "orders"),
            ("an order's list is a text", with_member(SETTINGS, orders={"WO-17": "SN000001,SN000002"}), "not on the order's list"),
            ("an order's list is null", {**SETTINGS, "orders": {"WO-17": None}}, "not on the order's list"),
            ("an age that is no number", {**SETTINGS, "max_age_s": "900"}, "max_age_s"),
            ("an age that is not a number", {**SETTINGS, "max_age_s": float("nan")}, "max_age_s"),
            ("an age below nothing", {**SETTINGS, "max_age_s": -1}, "max_age_s"),
            ("a serial parameter that is a list", {**SETTINGS, "serial_parameter": []}, "serial_parameter"),
        ]:
            with self.subTest(name):
                self.refused(event(), why, settings)
        self.assertEqual(stations, SETTINGS["stations"])


class Passwords(unittest.TestCase):
    SETTINGS = {"mode": "password",
                "orders": {"WO-17": {"SN000001": hashlib.sha256(b"SN000001:correct horse battery").hexdigest(),
                                     "SN000002": hashlib.sha256(b"SN000002:something else, long").hexdigest(),
                                     "SN000003": "no digest"}}}

    def ask(self, **parameters):
        values = {"SerialNumber": "SN000001", "StationOrder": "WO-17", "Password": "correct horse battery", **parameters}
        asked = {"certificateId": CERTIFICATE, "clientId": "any",
                 "parameters": {name: value for name, value in values.items() if value is not None}}
        return hook.decide(asked, self.SETTINGS, NOW)

    def test_the_serials_own_password_passes(self):
        self.assertIsNone(self.ask())

    def test_anything_else_is_refused(self):
        for name, parameters, why in [
            ("none", {"Password": None}, "missing"), ("empty", {"Password": ""}, "wrong"), ("wrong", {"Password": "x"}, "wrong"),
            ("another serial's", {"SerialNumber": "SN000002"}, "wrong"),
            ("the digest itself", {"Password": self.SETTINGS["orders"]["WO-17"]["SN000001"]}, "wrong"),
            ("a serial of no list", {"SerialNumber": "SN000009"}, "not on the order's list"),
            ("an unknown order", {"StationOrder": "WO-1"}, "order is not known"), ("no order", {"StationOrder": None}, "no list"),
            ("a broken list", {"SerialNumber": "SN000003"}, "hook.json"), ("a number", {"Password": 7}, "Password"),
        ]:
            with self.subTest(name):
                self.assertRegex(self.ask(**parameters) or "it was allowed", why)

    def test_a_star_is_no_list_of_passwords(self):
        asked = {"certificateId": CERTIFICATE, "parameters": {"SerialNumber": "SN000001", "Password": "x"}}
        self.assertIn("not a map", hook.decide(asked, {"mode": "password", "orders": {"": "*"}}, NOW))


class AsAFunction(unittest.TestCase):
    """As Lambda has it, unpacked, and as an import from the zip; in a Python of its own."""

    def run_hook(self, asked, settings, zipped):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            place = folder / ("hook.zip" if zipped else "task")
            files = {"hook.py": SOURCE.read_text()} | ({} if settings is None else {"hook.json": settings})
            if zipped:
                with zipfile.ZipFile(place, "w") as archive:
                    for name, text in files.items():
                        archive.writestr(name, text)
            else:
                place.mkdir()
                for name, text in files.items():
                    (place / name).write_text(text)
            code = ("import sys, json; sys.path.insert(0, sys.argv[1]); import hook; "
                    "print('ANSWER ' + json.dumps(hook.handler(json.load(sys.stdin), None)))")
            done = subprocess.run([sys.executable, "-I", "-c", code, place], input=json.dumps(asked), capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            *log, answer = done.stdout.splitlines()
            return json.loads(answer.removeprefix("ANSWER ")), [json.loads(line) for line in log]

    def test_it_reads_its_settings_from_beside_itself(self):
        from datetime import datetime, timezone
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for zipped in (False, True):
            with self.subTest(zipped=zipped):
                answer, log = self.run_hook(event(when=now), json.dumps(SETTINGS), zipped)
                self.assertEqual(answer, {"allowProvisioning": True})
                self.assertEqual([(line["allowed"], line["serial"], line["station"]) for line in log], [(True, "SN000001", "line-3")])
                answer, log = self.run_hook(event("SN000099", when=now), json.dumps(SETTINGS), zipped)
                self.assertEqual(answer, {"allowProvisioning": False})
                self.assertIn("not on the order's list", log[0]["why"])

    def test_settings_that_are_missing_or_broken_refuse_everything(self):
        for settings in (None, "", "{", "[]", "7", "null", '{"serial_parameter": {}}', "[" * 100_000):
            for asked in (event(), None, [], {"parameters": 7}):
                with self.subTest(settings=str(settings)[:20], asked=type(asked)):
                    answer, log = self.run_hook(asked, settings, zipped=True)
                    self.assertEqual(answer, {"allowProvisioning": False})
                    self.assertTrue(log[-1]["why"])

    def test_neither_password_nor_signature_is_logged(self):
        for settings in (SETTINGS, Passwords.SETTINGS):
            asked = event(Password="correct horse battery")
            _, log = self.run_hook(asked, json.dumps(settings), zipped=False)
            self.assertNotIn("correct horse", json.dumps(log))
            self.assertNotIn(asked["parameters"]["StationSignature"][:40], json.dumps(log))


class SettingsFromTheSetUp(unittest.TestCase):
    """scripts/aws-setup makes hook.json: with what it made the hook must decide as was meant."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.list = self.folder / "serials.txt"

    def documents(self, *arguments, text="", status=0):
        done = subprocess.run([sys.executable, ROOT / "scripts" / "aws-setup.d" / "documents.py", *map(str, arguments)], input=text,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def settle(self, source, into, mode="signed", order="", serials=None, certificate="", status=0):
        if serials is not None:
            self.list.write_text("".join(f"{serial}\n" for serial in serials))
        return self.documents("hook-settings", self.folder / source, self.folder / into, mode, "line-3", order,
                              "" if serials is None else self.list, certificate, status=status).strip()

    def settings(self, name):
        return json.loads((self.folder / name).read_text())

    def test_lists_and_stations_are_added_and_the_rest_stays(self):
        certificate = self.folder / "station.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-keyout", self.folder / "station.key", "-out",
                        certificate, "-subj", "/CN=line-3"], check=True, capture_output=True)
        self.assertEqual(self.settle("none", "a", order="WO-17", serials=["SN000001", " SN000002 ", "", "SN000001"]), "changed")
        self.assertEqual(self.settings("a")["orders"], {"WO-17": ["SN000001", "SN000002"]})
        self.assertEqual(self.settle("a", "b", serials=["SN900001"], certificate=certificate), "changed")
        self.assertEqual(self.settle("b", "c", certificate=certificate), "same")
        self.assertEqual(self.settings("b"), self.settings("c"))
        key = key_in(self.folder / "station.key")
        self.assertIsNone(hook.decide(event(key=key), self.settings("c"), NOW))
        self.assertIsNone(hook.decide(event("SN900001", "", key=key), self.settings("c"), NOW))
        self.assertIsNotNone(hook.decide(event("SN000003", key=key), self.settings("c"), NOW))
        self.assertIsNotNone(hook.decide(event(key=OTHER_KEY), self.settings("c"), NOW))

    def test_a_certificate_that_is_no_stations_and_a_broken_file_are_refused(self):
        (self.folder / "broken").write_text("[")
        self.settle("none", "a", certificate=self.folder / "nothing.pem", status=1)
        self.settle("broken", "a", status=1)
        self.assertFalse((self.folder / "a").exists())

    def test_passwords_are_random_written_down_once_and_kept_as_digests(self):
        self.settle("none", "a", mode="password", order="WO-17", serials=["SN000001", "SN000002"])
        passwords = dict(line.split(",") for line in (self.folder / "a.passwords").read_text().split()[1:])
        self.assertEqual(sorted(passwords), ["SN000001", "SN000002"])
        self.assertEqual(len(set(passwords.values())), 2)
        self.assertTrue(all(len(password) >= 16 for password in passwords.values()))
        for serial, password in passwords.items():
            self.assertNotIn(password, (self.folder / "a").read_text())
            asked = {"certificateId": CERTIFICATE, "parameters": {"SerialNumber": serial, "StationOrder": "WO-17", "Password": password}}
            self.assertIsNone(hook.decide(asked, self.settings("a"), NOW))
        self.assertEqual(self.settle("a", "b", mode="password", order="WO-17", serials=["SN000001", "SN000002"]), "same")
        self.assertFalse((self.folder / "b.passwords").exists())  # those that were given out stay good
        self.settle("a", "c", mode="signed", order="WO-17", serials=["SN000002", "SN000003"])  # the file says what it is for
        self.assertEqual(self.settings("c")["orders"]["WO-17"]["SN000002"], self.settings("a")["orders"]["WO-17"]["SN000002"])
        (self.folder / "signed").write_text(json.dumps(SETTINGS))
        self.settle("signed", "d", mode="password", status=1)

    def test_the_template_for_passwords_serves_each_once(self):
        template = (ROOT / "config" / "aws" / "template.json").read_text()
        (self.folder / "signed").write_text(json.dumps(SETTINGS))
        (self.folder / "password").write_text(json.dumps(Passwords.SETTINGS))
        self.assertEqual(json.loads(self.documents("template", self.folder / "signed", text=template)), json.loads(template))
        made = json.loads(self.documents("template", self.folder / "password", text=template))
        self.assertEqual(set(made["Resources"]["thing"]["OverrideSettings"].values()), {"FAIL"})
        self.assertEqual(sorted(made["Parameters"]), ["Password", "SerialNumber", "StationOrder"])

    def test_the_zip_is_the_same_bytes_every_time(self):
        (self.folder / "hook.json").write_text(json.dumps(SETTINGS))
        for name in ("one.zip", "two.zip"):
            self.documents("hook-zip", self.folder / name, SOURCE, self.folder / "hook.json")
        self.assertEqual((self.folder / "one.zip").read_bytes(), (self.folder / "two.zip").read_bytes())
        with zipfile.ZipFile(self.folder / "one.zip") as archive:
            self.assertEqual(archive.namelist(), ["hook.py", "hook.json"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
