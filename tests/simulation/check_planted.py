#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a planted bug no longer fits the code: what cannot be planted is not looked for.

Usage: check_planted.py SOURCE_DIR
"""
import pathlib
import subprocess
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    patches = sorted((root / "tests/simulation/planted").glob("*.patch"))
    unfit = []
    for patch in patches:
        tried = subprocess.run(["patch", "--dry-run", "--force", "-p1", "-d", root, "-i", patch], capture_output=True, text=True)
        if tried.returncode != 0:
            unfit.append(f"{patch.name}: {tried.stdout}{tried.stderr}")
    if unfit or not patches:
        print("\n".join(unfit) or "no planted bugs found")
        return 1
    print(f"{len(patches)} planted bugs fit the code")
    return 0


if __name__ == "__main__":
    sys.exit(main())
