# SPDX-License-Identifier: Apache-2.0
"""The commands of walkthrough.txt, word for word, against a local cloud. Ours are only the FILL-INs, AWS_* variables, an `aws`
that adds the endpoint, and a `wget` that brings the local cloud's CA in place of Amazon's."""
import json
import os
import pathlib
import re
import shutil
import subprocess

from line_case import Line, PROGRAMS

HERE = pathlib.Path(__file__).resolve().parent
# Debian's, where it is installed; another one may come first in PATH.
AWS = "/usr/bin/aws" if os.access("/usr/bin/aws", os.X_OK) else shutil.which("aws")

AWS_WRAPPER = """#!/bin/bash
# Adds the endpoint; keeps what was asked and what was answered.
calls=("$CALLS"/*.argv)
[ -e "${calls[0]}" ] || calls=()
call=$CALLS/$(printf %03d ${#calls[@]})
printf '%s\\0' "$@" >"$call.argv"
"$REAL_AWS" --endpoint-url "$AWS_ENDPOINT_URL" "$@" > >(tee "$call.out") 2> >(tee "$call.err" >&2)
status=$?
wait
echo $status >"$call.status"
exit $status
"""
WGET_WRAPPER = """#!/bin/bash
# wget -O FILE URL
[ "$1" = -O ] && [[ $3 == */AmazonRootCA1.pem ]] && exec cp "$CLOUD_CA" "$2"
echo "only the root CA can be had: $*" >&2
exit 1
"""
PRINTED = """#!/bin/bash
# The value that an earlier answer gave under this key.
cat "$CALLS"/*.out | sed -n 's/.*"'"$1"'": "\\(.*\\)".*/\\1/p' | tail -n 1
"""
FILL_INS = {
    "export AWS_ACCESS_KEY_ID=": "export AWS_ACCESS_KEY_ID=rehearsal",
    "export AWS_SECRET_ACCESS_KEY=": "export AWS_SECRET_ACCESS_KEY=rehearsal",
    "CERTIFICATE_ARN=": "CERTIFICATE_ARN=$(printed certificateArn)",
}


def filled_in(text):
    """The commands with what the reader fills in; every FILL-IN must be known."""
    def fill(match):
        return FILL_INS[match.group(1)]
    return re.sub(r"^(.*=)\s*# FILL-IN.*$", fill, text, flags=re.MULTILINE)


class Call:
    """One `aws` command as it was given, and its answer."""

    def __init__(self, stem):
        self.arguments = stem.with_suffix(".argv").read_bytes().decode().split("\0")[:-1]
        self.name = " ".join(self.arguments[:2])
        self.output = stem.with_suffix(".out").read_text()
        self.errors = stem.with_suffix(".err").read_text()
        self.status = int(stem.with_suffix(".status").read_text())

    @property
    def json(self):
        return json.loads(self.output)


class Walkthrough:
    """A local cloud, and a folder in which the commands were run."""

    def __init__(self, folder):
        self.line = Line(pathlib.Path(folder) / "line", PROGRAMS)
        self.line.prepare()
        self.folder = pathlib.Path(folder) / "walk"
        self.calls_folder = self.folder.with_name("calls")
        self.bin = self.folder.with_name("bin")
        for one in (self.folder, self.calls_folder, self.bin):
            one.mkdir()
        for name, text in (("aws", AWS_WRAPPER), ("wget", WGET_WRAPPER), ("printed", PRINTED)):
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    def start_cloud(self, **options):
        self.line.start_cloud(**options)
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")}, **self.line.cloud_env,
            "PATH": f"{self.bin}:{os.environ['PATH']}", "CALLS": str(self.calls_folder), "REAL_AWS": AWS,
            "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1", "HOME": str(self.folder)}

    def run(self):
        """All of it, in one shell that stops at the first command that fails."""
        commands = filled_in((HERE / "walkthrough.txt").read_text())
        return subprocess.run(["bash", "-e", "-c", commands], cwd=self.folder, env=self.environment, capture_output=True,
                              text=True, timeout=300)

    def aws(self, *arguments):
        """One more command, after the walkthrough's; its exit status, answer and complaint."""
        keys = {"AWS_DEFAULT_REGION": "ap-northeast-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        run = subprocess.run([self.bin / "aws", *arguments], cwd=self.folder, env={**self.environment, **keys},
                             capture_output=True, text=True, timeout=60)
        return run.returncode, run.stdout, run.stderr

    def calls(self):
        return [Call(path.with_suffix("")) for path in sorted(self.calls_folder.glob("*.status"))]

    def stop(self):
        with self.line:
            pass
