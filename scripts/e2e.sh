#!/usr/bin/env bash
# The browser tests: the built binary, a real Spark and a headless Chromium.
#
#   scripts/e2e.sh [ARGUMENT...]     arguments go to the tests, for instance a file name
#
# They find TINDERBOX_BIN, TINDERBOX_CHROMIUM and TINDERBOX_SPARK_3_5 in the environment.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

[ -x "$TINDERBOX_BIN" ] || give_up "$TINDERBOX_BIN is missing" "run: make build"
TINDERBOX_CHROMIUM=$(find_chromium) || give_up "no Chromium was found" "run: scripts/setup.sh test"
export TINDERBOX_CHROMIUM
exec npm --prefix ui run --silent e2e -- "$@"
