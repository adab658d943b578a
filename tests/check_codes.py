#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a failure code is used that the catalogue does not have, or the catalogue has one that nobody uses.

Usage: check_codes.py SOURCE_DIR
"""
import pathlib
import re
import sys

CODE = re.compile(r'"((?:device|port|cloud|order|station)-[a-z0-9]+(?:-[a-z0-9]+)*|already-provisioned)"')
ENTRY = re.compile(r'failure_entry\{\s*"([a-z0-9-]+)"')
# Event kinds and other words that look like a code but are none.
NOT_CODES = {"station-started", "station-stopped", "order-opened", "order-closed", "order-serials-imported"}


def main():
    root = pathlib.Path(sys.argv[1])
    catalogue_file = root / "lib" / "station" / "failure_catalogue.cpp"
    catalogue = set(ENTRY.findall(catalogue_file.read_text(encoding="utf-8")))
    used = {}
    for folder in ("lib", "daemon"):
        for file in sorted((root / folder).rglob("*.[ch]pp")):
            if file == catalogue_file:
                continue
            for code in CODE.findall(file.read_text(encoding="utf-8")):
                used.setdefault(code, file.relative_to(root))
    found = [f"{file}: '{code}' is not in the catalogue" for code, file in used.items()
             if code not in catalogue and code not in NOT_CODES]
    found += [f"'{code}' is in the catalogue, and nothing uses it" for code in sorted(catalogue - set(used))]
    print("\n".join(found) or f"{len(catalogue)} codes, each in the catalogue and in use")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
