#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs one file of browser tests; exit 77 (ctest: skipped) with the reason when what it needs is not on this machine.
# Usage: run.sh FILE.test.mjs
cd "$(dirname "$0")" || exit 1
skip() {
    echo "SKIPPED: $1"
    exit 77
}
file=$1
command -v node >/dev/null || skip "node is not installed (scripts/install-packages)"
case $file in
translations.*) ;;
*)
    [ -f "${FLEETLINE_PAGE:-../../build/www}/index.html" ] || skip "the page is not built (scripts/page)"
    [ -d node_modules/playwright-core ] || skip "the tests' packages are not installed (scripts/page --tests)"
    ;;
esac
case $file in
translations.* | size.*) ;;
*)
    [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || skip "chromium is not installed (scripts/install-packages)"
    ;;
esac
exec node --test "$file"
