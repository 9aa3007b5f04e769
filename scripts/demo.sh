#!/usr/bin/env bash
# The main job end to end on real Spark: data, run, findings, advice, second run, comparison.
#
#   scripts/demo.sh           leaves the server up until Ctrl-C
#   scripts/demo.sh --once    the same, and exits: 0 when the second run was at least 25 % shorter
#
# The data goes to examples/data, so that the example can be run by hand afterwards; TINDERBOX_DEMO_PURCHASES sets its size.
# TINDERBOX_DEMO_DIR holds the history (default: demo/ in the cache).
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh
# The demo has a server and a data directory of its own.
unset TINDERBOX_URL TINDERBOX_TOKEN TINDERBOX_DATA_DIR

once=""
case ${1:-} in
  "") ;;
  --once) once=yes ;;
  *) give_up "unknown argument: $1" "use --once or nothing" ;;
esac

demo=${TINDERBOX_DEMO_DIR:-$TINDERBOX_CACHE/demo}
spec=examples/customer-analytics.yaml
data=examples/data/customer-analytics
home=$demo/home
server=""
started=$SECONDS
mkdir -p "$demo"

main() {
  trap stop_server EXIT
  trap 'exit 130' INT TERM

  headline "1 of 6: data (12 million purchases, 1 million customers, seeded; 10 s the first time)"
  "$TINDERBOX_SPARK_3_5/bin/python" examples/customer_analytics_data.py \
    --out "$data" --purchases "${TINDERBOX_DEMO_PURCHASES:-12000000}"

  headline "2 of 6: server"
  start_server
  echo "open $url in a browser to watch"

  headline "3 of 6: first run on real Spark (about 40 s)"
  run_spec
  before=$run
  # What `compile` prints is what spark-submit received.
  "$TINDERBOX_BIN" compile "$spec" 2>/dev/null |
    cmp - "$home/runs/$before/attempt-1/job.py"

  headline "4 of 6: what was found"
  "$TINDERBOX_BIN" analyze "$before" --data-dir "$home"

  headline "5 of 6: the advice applied, and run again"
  run_spec --apply-advice
  after=$run

  headline "6 of 6: before and after, read from the event logs"
  "$TINDERBOX_BIN" compare "$before" "$after" --data-dir "$home"
  judge

  echo
  echo "took $((SECONDS - started)) s; both runs are at $url/jobs"
  if [ -z "$once" ]; then
    echo "the server stays up; Ctrl-C stops it"
    wait "$server"
  fi
}

headline() {
  printf '\n== %s\n' "$1"
}

# On a free port, so that nothing that listens already is in the way.
start_server() {
  "$TINDERBOX_BIN" serve --listen "127.0.0.1:${TINDERBOX_DEMO_PORT:-0}" --data-dir "$home" 2>"$demo/server.log" &
  server=$!
  for _ in $(seq 100); do
    url=$(sed -n 's/.*Tinderbox is at \(http:[^ ]*\) .*/\1/p' "$demo/server.log")
    [ -z "$url" ] || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$demo/server.log" >&2
  give_up "the server did not start" "if another demo is running, stop it or set TINDERBOX_DEMO_DIR"
}

run_spec() { # ARGUMENT...
  "$TINDERBOX_BIN" run "$spec" --data-dir "$home" --format json "$@" >"$demo/run.json"
  run=$("$TINDERBOX_SPARK_3_5/bin/python" -c \
    'import json, sys; print(json.load(open(sys.argv[1]))["job"]["job_id"])' "$demo/run.json")
}

# The promise: at least 25 % less wall time or task time.
judge() {
  "$TINDERBOX_BIN" compare "$before" "$after" --data-dir "$home" --format json |
    "$TINDERBOX_SPARK_3_5/bin/python" scripts/demo_verdict.py
}

stop_server() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
}

main
