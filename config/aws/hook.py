# SPDX-License-Identifier: Apache-2.0
"""Pre-provisioning hook of AWS IoT fleet provisioning: who may be registered. A Lambda function (handler: hook.handler) in
one file, Python's standard library only.

It says no to everything but what its settings allow. They are in hook.json, beside this file in the function's zip:

    {
      "mode": "signed",
      "stations": {"line-3": {"modulus": "C0FFEE..."}},
      "orders": {"WO-17": ["SN000001", "SN000002"], "": ["SN900001"]}
    }

mode       "signed": the station signed the request, and the serial number is on the order's list.
           "password": the serial number is on the order's list, with the password that was sent.
stations   signed: the stations that may ask, by id: their public key's modulus, in hexadecimal, as
           `openssl x509 -in station.pem -noout -modulus` prints it. RSA, 3072 bits or more, exponent 65537.
orders     the serial numbers of each work order; "" is for boards that are made without one.
           signed: a list, or "*" for any serial number (then the station alone decides).
           password: {"SN000001": "SHA-256 of SERIAL:PASSWORD, in hexadecimal"}. Passwords must be random, and 16
           characters or longer. The hook remembers nothing: that a password serves once is up to the template, whose
           OverrideSettings must say FAIL.
serial_parameter    the template's parameter that holds the serial number [SerialNumber]
max_age_s           how old a signature may be [900]; a station may wait some minutes for its turn
max_ahead_s         how far a station's clock may be ahead [300]

The template's parameters beside the serial number:

    StationOrder        the work order; left out when there is none
    StationId           signed: the station; also its MQTT client id
    StationTime         signed: when it signed, 2026-11-24T12:00:00.000Z
    StationSignature    signed: base64 of RSASSA-PKCS1-v1_5 with SHA-256 over this text in UTF-8, each line ended by \\n:
                            fleetline registration 1
                            certificate: CERTIFICATE-ID
                            serial: SERIAL
                            order: ORDER
                            station: STATION
                            time: TIME
    Password            password: the serial number's

The certificate id is the one AWS names in the event, so a captured request is good for no other certificate; and the
station's key stays on the station, so a stolen claim certificate registers nothing.

AWS tells a refused device no reason. It is in the function's log, one line of JSON for each request; never a password or a
signature.
"""
import base64
import binascii
import hashlib
import hmac
import json
import pkgutil
import re
import time
from datetime import datetime, timezone

LONGEST = 256  # of any value but the signature
LEAST_KEY_BITS = 3072
EXPONENT = 65537
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017, 9.2
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
CERTIFICATE_ID = re.compile(r"[0-9a-f]{64}")


class Refused(Exception):
    """The text says why, for the log."""


def registration_text(certificate, serial, order, station, when):
    return (f"fleetline registration 1\ncertificate: {certificate}\nserial: {serial}\norder: {order}\nstation: {station}\n"
            f"time: {when}\n").encode()


def signature_is_good(modulus, signature, message):
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2.2): the encoded message is made and compared as a whole, so no other
    padding, hash or trailing byte passes."""
    size = (modulus.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != size or number >= modulus:
        return False
    info = SHA256_INFO + hashlib.sha256(message).digest()
    wanted = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
    return hmac.compare_digest(pow(number, EXPONENT, modulus).to_bytes(size, "big"), wanted)


def text_of(values, name, default=None):
    """A parameter that is there, printable, and of sane length."""
    value = values.get(name, default)
    if value is None:
        raise Refused(f"{name} is missing")
    if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
        raise Refused(f"{name} is not a printable text of at most {LONGEST} characters")
    return value


def map_of(value, what):
    if not isinstance(value, dict):
        raise Refused(f"{what} is not a map")
    return value


def seconds_of(settings, name, default):
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise Refused(f"hook.json: {name} is not a number of seconds")
    return value


def modulus_of(settings, station):
    known = map_of(settings.get("stations", {}), "hook.json: stations")
    if station not in known:
        raise Refused("the station is not known")
    written = map_of(known[station], "hook.json: the station").get("modulus")
    if not isinstance(written, str) or not re.fullmatch(r"[0-9A-Fa-f]+", written):
        raise Refused("hook.json: the station's modulus is not hexadecimal")
    modulus = int(written, 16)
    if modulus.bit_length() < LEAST_KEY_BITS or modulus % 2 == 0:
        raise Refused(f"hook.json: the station's key is no RSA key of {LEAST_KEY_BITS} bits or more")
    return modulus


def check_time(settings, when, now):
    if not TIME.fullmatch(when):
        raise Refused("StationTime is not like 2026-11-24T12:00:00.000Z")
    try:
        signed = datetime.strptime(when, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc).timestamp()
    except (ValueError, OverflowError):
        raise Refused("StationTime is no time") from None
    if now - signed > seconds_of(settings, "max_age_s", 900):
        raise Refused("the signature is too old")
    if signed - now > seconds_of(settings, "max_ahead_s", 300):
        raise Refused("the signature's time has not come: is the station's clock right?")


def check_signature(event, settings, serial, order, now):
    parameters = event["parameters"]
    certificate = text_of(event, "certificateId")
    if not CERTIFICATE_ID.fullmatch(certificate):
        raise Refused("certificateId is not the id of a certificate")
    station = text_of(parameters, "StationId")
    # The claim certificate's policy binds the client id, so one station's claim cannot speak for another station.
    if text_of(event, "clientId", station) != station:
        raise Refused("the MQTT client id is not the station's id")
    modulus = modulus_of(settings, station)
    when = text_of(parameters, "StationTime")
    check_time(settings, when, now)
    written = parameters.get("StationSignature")
    if not isinstance(written, str):
        raise Refused("StationSignature is missing")
    if len(written) > 4096:
        raise Refused("StationSignature is too long")
    try:
        signature = base64.b64decode(written.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        raise Refused("StationSignature is not base64") from None
    if base64.b64encode(signature).decode() != written:  # one signature, one spelling
        raise Refused("StationSignature is not base64 as it is usually written")
    if not signature_is_good(modulus, signature, registration_text(certificate, serial, order, station, when)):
        raise Refused("the signature is not this station's for this certificate, serial number, order and time")


def check_password(event, wanted, serial):
    if not isinstance(wanted, str) or not re.fullmatch(r"[0-9a-f]{64}", wanted):
        raise Refused("hook.json: the password's SHA-256 is not 64 hexadecimal digits")
    sent = text_of(event["parameters"], "Password")
    if not hmac.compare_digest(hashlib.sha256(f"{serial}:{sent}".encode()).hexdigest(), wanted):
        raise Refused("the password is wrong")


def check(event, settings, now):
    """Throws Refused unless this request may be carried out."""
    map_of(event, "the event")
    map_of(settings, "hook.json")
    parameters = map_of(event.get("parameters"), "parameters")
    mode = settings.get("mode")
    if mode not in ("signed", "password"):
        raise Refused("hook.json: mode is neither signed nor password")
    serial_parameter = settings.get("serial_parameter", "SerialNumber")
    if not isinstance(serial_parameter, str):
        raise Refused("hook.json: serial_parameter is not a text")
    serial = text_of(parameters, serial_parameter)
    if not serial:
        raise Refused(f"{serial_parameter} is empty")
    order = text_of(parameters, "StationOrder", "")
    if mode == "signed":  # before the lists: who did not sign learns nothing about them, not even by how long it takes
        check_signature(event, settings, serial, order, now)
    orders = map_of(settings.get("orders", {}), "hook.json: orders")
    if order not in orders:
        raise Refused("the order is not known" if order else "there is no list for boards without an order")
    allowed = orders[order]
    if mode == "password":
        if serial not in map_of(allowed, "hook.json: the order's list"):
            raise Refused("the serial number is not on the order's list")
        return check_password(event, allowed[serial], serial)
    if allowed != "*" and not (isinstance(allowed, list) and serial in allowed):
        raise Refused("the serial number is not on the order's list")
    return None


def load_settings():
    """hook.json, also from inside of a zip that is imported as it is. A broken one refuses everything, and says why."""
    try:
        return json.loads(pkgutil.get_data(__name__, "hook.json"))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        print(json.dumps({"hook.json": f"cannot be read: {error}"}))
        return None


def printable_of(parameters, name):
    value = parameters.get(name)
    return value[:LONGEST] if isinstance(value, str) else None


def log(event, why):
    event = event if isinstance(event, dict) else {}
    parameters = event.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    serial_parameter = SETTINGS.get("serial_parameter") if isinstance(SETTINGS, dict) else None
    serial_parameter = serial_parameter if isinstance(serial_parameter, str) else "SerialNumber"
    print(json.dumps({"allowed": why is None, "why": why, "serial": printable_of(parameters, serial_parameter),
                      "order": printable_of(parameters, "StationOrder"), "station": printable_of(parameters, "StationId"),
                      "certificateId": printable_of(event, "certificateId"), "clientId": printable_of(event, "clientId"),
                      "claimCertificateId": printable_of(event, "claimCertificateId")}))


def decide(event, settings, now):
    """None if the request may be carried out, or why not. Never throws."""
    try:
        check(event, settings, now)
        return None
    except Refused as refused:
        return str(refused)
    except Exception as error:  # whatever was forgotten above: no
        return f"the hook has a defect: {type(error).__name__}"


SETTINGS = load_settings()


def handler(event, _context):
    why = decide(event, SETTINGS, time.time())
    log(event, why)
    return {"allowProvisioning": why is None}
