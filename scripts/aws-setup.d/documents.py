# SPDX-License-Identifier: Apache-2.0
"""For scripts/aws-setup: the JSON documents and the zip that it hands to AWS. Each command prints or writes one of them."""
import csv
import hashlib
import json
import os
import secrets
import subprocess
import sys
import zipfile


def compact():
    """A document without white space (AWS counts it), its keys in order (so that two can be compared)."""
    print(json.dumps(json.load(sys.stdin), sort_keys=True, separators=(",", ":")), end="")


def modulus_in(certificate):
    run = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-modulus"], capture_output=True, text=True)
    modulus = run.stdout.strip().removeprefix("Modulus=")
    if run.returncode != 0 or not all(c in "0123456789ABCDEF" for c in modulus) or len(modulus) < 3072 // 4:
        raise ValueError(f"{certificate} is not the certificate of a station (RSA, 3072 bits)")
    return modulus


def with_passwords(serials, known, into):
    """Digests by serial; the passwords that are new go into a file, and nowhere else."""
    fresh = {serial: secrets.token_urlsafe(18) for serial in serials if serial not in known}
    if fresh:
        with open(into, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("serial", "password"), *fresh.items()])
    return {serial: hashlib.sha256(f"{serial}:{fresh[serial]}".encode()).hexdigest() if serial in fresh else known[serial]
            for serial in serials}


def hook_settings(source, into, mode, station, order, allow_list, certificate):
    """hook.json with station and allow-list put in; all else stays. Prints whether that changes it."""
    before = json.load(open(source, encoding="utf-8")) if os.path.exists(source) else None
    settings = json.loads(json.dumps(before)) if before is not None else {"mode": mode, "stations": {}, "orders": {}}
    if mode == "password" and settings["mode"] != mode:
        raise ValueError(f"{source} is for station signatures; passwords need a product of their own")
    if certificate:
        settings.setdefault("stations", {})[station] = {"modulus": modulus_in(certificate)}
    if allow_list:
        lines = open(allow_list, encoding="utf-8").read().splitlines()
        serials = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        if settings["mode"] == "password":
            serials = with_passwords(serials, settings.get("orders", {}).get(order, {}), into + ".passwords")
        settings.setdefault("orders", {})[order] = serials
    with open(into, "w", encoding="utf-8") as file:
        file.write(json.dumps(settings, indent=2, ensure_ascii=False) + "\n")
    print("same" if settings == before else "changed")


def hook_zip(into, hook, settings):
    """The same bytes for the same content, wherever and whenever it is made: AWS's digest then tells whether it is there."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in (("hook.py", hook), ("hook.json", settings)):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, open(file, "rb").read())


def template(settings):
    """The template on standard input, made to fit the hook's mode."""
    document = json.load(sys.stdin)
    if json.load(open(settings, encoding="utf-8")).get("mode") == "password":
        # A password serves once: a thing that is there is not registered again. No station signs.
        thing = document["Resources"]["thing"]
        thing["OverrideSettings"] = dict.fromkeys(("AttributePayload", "ThingTypeName", "ThingGroups"), "FAIL")
        del thing["Properties"]["AttributePayload"]["Station"]
        document["Parameters"] = {name: {"Type": "String"} for name in ("SerialNumber", "StationOrder", "Password")}
    json.dump(document, sys.stdout)


def main():
    command, *arguments = sys.argv[1:]
    try:
        {"compact": compact, "hook-settings": hook_settings, "hook-zip": hook_zip, "template": template}[command](*arguments)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.exit(f"aws-setup: {' '.join(arguments[:1])}: {error}".replace(": : ", ": "))


if __name__ == "__main__":
    main()
