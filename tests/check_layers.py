#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the #include lines and fails on an arrow that points up or around: the design's rooms.

Usage: check_layers.py SOURCE_DIR
"""
import pathlib
import re
import sys

# Which rooms each room may see. A header named here is the only one of that room.
MAY_SEE = {
    "core": set(),
    "config": {"core"},
    "x509": {"core"},
    "ledger": {"core", "x509"},
    "serial": {"core"},
    "station": {"core", "ledger", "x509"},
    "cloud": {"core", "x509", "station/issuer.hpp"},
    "dialect": {"core", "x509", "serial", "station/board.hpp"},
    "report": {"core", "ledger", "x509", "station"},
    "api": {"core", "ledger", "report", "station", "x509"},
    "daemon": {"core", "config", "x509", "ledger", "serial", "station", "cloud", "dialect", "report", "api"},
}
# Third-party headers that one room alone may use.
ONLY_IN = {
    r"mqtt/|MQTT": {"cloud"},
    r"SQLiteCpp/|sqlite3": {"ledger"},
    r"termios|libudev": {"serial"},
    r"boost/beast": {"api"},
    r"xlsxwriter|cairo|pango": {"report"},
    r"toml\+\+": {"config"},
    r"CLI/": {"daemon"},
}
HEAVY = re.compile(r"boost/beast|nlohmann/json\.hpp|CLI/|SQLiteCpp|mqtt/|openssl/|spdlog/|boost/asio/(?!awaitable|any_)")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
# Headers that are meant for .cpp files: they say so in their first lines.
PRIVATE = re.compile(r"[Nn]ot included outside|For \.cpp files only")


def complaints(root):
    for room, seen in MAY_SEE.items():
        folder = root / "daemon" if room == "daemon" else root / "lib" / room
        for file in sorted(folder.rglob("*.[ch]pp")):
            text = file.read_text(encoding="utf-8")
            where = file.relative_to(root)
            for name in INCLUDE.findall(text):
                other = name.split("/")[0]
                if "/" in name and other in MAY_SEE and other != room and other not in seen and name not in seen:
                    yield f"{where}: room '{room}' may not see {name}"
                for pattern, rooms in ONLY_IN.items():
                    if re.match(pattern, name) and room not in rooms:
                        yield f"{where}: <{name}> belongs to {', '.join(sorted(rooms))} alone"
                if file.suffix == ".hpp" and HEAVY.match(name) and not PRIVATE.search(text):
                    yield f"{where}: heavy <{name}> in a header"
    for file in sorted((root / "tests" / "rehearsal").rglob("*.[ch]pp")):
        for name in INCLUDE.findall(file.read_text(encoding="utf-8")):
            if name.split("/")[0] in MAY_SEE and (root / "lib" / name).exists() and not (file.parent / name).exists():
                yield f"{file.relative_to(root)}: the rehearsal shares no code with the station ({name})"


def main():
    found = list(complaints(pathlib.Path(sys.argv[1])))
    print("\n".join(found) or "every include points downwards")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
