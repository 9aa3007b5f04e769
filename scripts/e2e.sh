#!/usr/bin/env bash
# The browser tests: the built binary, a real Spark and a headless Chromium.
#
#   scripts/e2e.sh [WORD...]     only test files whose name holds one of the words
#
# Starts a server with a run that is in progress and the jobs of a data set, and ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh
unset TINDERBOX_URL TINDERBOX_TOKEN TINDERBOX_DATA_DIR

[ -x "$TINDERBOX_BIN" ] || give_up "$TINDERBOX_BIN is missing" "run: make build"
TINDERBOX_CHROMIUM=$(find_chromium) || give_up "no Chromium was found" "run: scripts/setup.sh test"
export TINDERBOX_CHROMIUM

place=$(mktemp -d)
data=$TINDERBOX_CACHE/e2e/customer-analytics
spec=examples/customer-analytics.yaml
python=$TINDERBOX_SPARK_3_5/bin/python
server=""
trap finish EXIT
trap 'exit 130' INT TERM

main() {
  # Large enough that Spark works for some ten seconds.
  "$python" examples/customer_analytics_data.py --out "$data"
  "$TINDERBOX_BIN" serve --listen 127.0.0.1:0 --data-dir "$place/home" 2>"$place/server.log" &
  server=$!
  until_true "a server" url_is_known
  # Something for the list beside the run: one that failed, because its rows are not as expected.
  sed 's|^      path: ${param:data}/customers$|&\n      expectations: [{not_null: age}, {name: grown, sql: age > 200, on_fail: fail}]|' \
    "$spec" >"$place/failing.yaml"
  "$TINDERBOX_BIN" run "$place/failing.yaml" --data-dir "$place/home" --set data="$data" \
    >"$place/failing.log" 2>&1 || true

  # Jobs of a data set, which are older.
  "$TINDERBOX_BIN" generate --jobs 300 --out "$place/set" --data-dir "$place/home" 2>"$place/generate.log"
  "$TINDERBOX_BIN" import "$place/set" --data-dir "$place/home" >"$place/import.log" 2>&1

  TINDERBOX_JOB_ID=$("$TINDERBOX_BIN" run "$spec" --data-dir "$place/home" --set data="$data" --detach)
  export TINDERBOX_JOB_ID
  until_true "a running run" run_is_running
  npm --prefix ui run --silent e2e -- "$@"
}

url_is_known() {
  TINDERBOX_BASE_URL=$(sed -n 's/.*Tinderbox is at \(http:[^ ]*\) .*/\1/p' "$place/server.log")
  export TINDERBOX_BASE_URL
  [ -n "$TINDERBOX_BASE_URL" ]
}

run_is_running() {
  curl -sf "$TINDERBOX_BASE_URL/api/jobs/$TINDERBOX_JOB_ID" | grep -q '"state":"running"'
}

until_true() { # WHAT COMMAND
  for _ in $(seq 600); do
    if "$2"; then
      return
    fi
    sleep 0.1
  done
  cat "$place/server.log" >&2
  give_up "there was no $1 within a minute" "look at the server's log above"
}

finish() {
  if [ -n "$server" ]; then
    if [ -n "${TINDERBOX_JOB_ID:-}" ]; then
      "$TINDERBOX_BIN" cancel "$TINDERBOX_JOB_ID" --data-dir "$place/home" >/dev/null 2>&1 || true
    fi
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$place"
}

main "$@"
