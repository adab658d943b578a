#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks a ledger's chain of events as schema/ledger/README.md describes it, with nothing of fleetline.

usage: verify_chain.py LEDGER. Prints the number of events and the head; exit 1 and the first wrong event else."""
import hashlib
import json
import sqlite3
import sys


def main(path):
    ledger = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    stations = dict(ledger.execute("SELECT number, name FROM station"))
    previous, expected = bytes(32), 1
    columns = "seq, station, recorded_at, clock_synchronised, kind, attempt, payload, previous_hash, hash"
    for seq, station, at, synchronised, kind, attempt, payload, before, digest in ledger.execute(
            f"SELECT {columns} FROM event ORDER BY seq"):
        if seq != expected:
            return f"event {expected} is missing"
        if before != previous:
            return f"event {seq} does not follow event {seq - 1}"
        lines = ["fleetline-event-1", before.hex(), seq, stations[station], at, synchronised, kind, attempt or 0, payload]
        if hashlib.sha256("\n".join(map(str, lines)).encode()).digest() != digest:
            return f"event {seq} does not have its hash"
        canonical = json.dumps(json.loads(payload), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if payload != canonical:
            return f"event {seq} is not canonical JSON"
        previous, expected = digest, seq + 1
    head = ledger.execute("SELECT seq, hash FROM head").fetchone()
    if head != (expected - 1, previous):
        return f"the head is event {head[0]}, the last event is {expected - 1}"
    print(expected - 1, previous.hex())
    return None


if __name__ == "__main__":
    problem = main(sys.argv[1])
    if problem:
        sys.exit(problem)
