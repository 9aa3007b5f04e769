# Sourced: numbered steps with their usual and their real duration.

STEP=0
STEPS=${STEPS:-0}

# A step with nothing to do.
step_ready() { # TITLE
  STEP=$((STEP + 1))
  printf '[%d/%d] %s: ready\n' "$STEP" "$STEPS" "$1"
}

# Runs a command with its output in a log, a sign of life every 15 s, and the end of the log when
# it fails. The command must be a program, not a function: `set -e` has no effect inside `if`.
step_run() { # TITLE USUAL_DURATION LOG_NAME COMMAND...
  local title=$1 usual=$2 log=$TINDERBOX_CACHE/logs/$3.log started=$SECONDS status=0 ticker
  shift 3
  STEP=$((STEP + 1))
  printf '[%d/%d] %s (usually %s)\n' "$STEP" "$STEPS" "$title" "$usual"
  mkdir -p "${log%/*}"
  # The sleep may outlive the step: it must hold neither the caller's output nor its lock.
  ( while sleep 15 >/dev/null 2>&1 9>&-; do printf '      … %d s\n' $((SECONDS - started)); done ) &
  ticker=$!
  "$@" >"$log" 2>&1 || status=$?
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  if [ "$status" -ne 0 ]; then
    tail -n 30 "$log" >&2
    printf 'error: %s failed after %d s; the whole log is %s\n' "$title" $((SECONDS - started)) "$log" >&2
    return "$status"
  fi
  printf '      done in %d s\n' $((SECONDS - started))
}

# Ends the script over something that the user has to change.
give_up() { # WHAT HINT
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 2
}
