#!/usr/bin/env bash
# Fuzzes the readers and the fold; docs/fuzzing.md says what is checked.
#
#   scripts/fuzz.sh             all targets
#   scripts/fuzz.sh TARGET...   only these
#
#   TINDERBOX_FUZZ_SECONDS (300)    for each target
#
# Needs a nightly toolchain; cargo-fuzz is installed when it is missing. Each run adds a line to
# fuzz/executions.tsv. Exit code 1: something was found, and the input is in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

seconds=${TINDERBOX_FUZZ_SECONDS:-300}
table=fuzz/executions.tsv
targets=("$@")
[ $# -gt 0 ] || targets=(codecs zstd_frames lines_and_fold layout)

rustup run nightly rustc --version >/dev/null 2>&1 ||
  give_up "fuzzing needs a nightly compiler" "run: rustup toolchain install nightly --profile minimal"
STEPS=$((2 + ${#targets[@]}))
if cargo fuzz --version >/dev/null 2>&1; then
  step_ready "cargo-fuzz"
else
  step_run "cargo-fuzz" "1 to 3 min" fuzz-install cargo install cargo-fuzz --locked
fi
step_run "Corpus" "30 s" fuzz-corpus scripts/fuzz_corpus.sh

# User and system time of this shell's children between two outputs of `times`, in whole seconds: what other work on
# this machine did not take away.
cpu_between() {
  awk 'FNR == 2 { split($1 "m" $2, t, /[ms]+/); s = 60 * (t[1] + t[3]) + t[2] + t[4] - s } END { printf "%d", s }' "$1" "$2"
}

commit=$(git rev-parse --short=10 HEAD)
[ -z "$(git status --porcelain --untracked-files=no -- crates fuzz/src ":!$table")" ] || commit=$commit+
build=(--target-dir "$CARGO_TARGET_DIR/fuzz")
failed=()
for target in "${targets[@]}"; do
  STEP=$((STEP + 1))
  log=$TINDERBOX_CACHE/logs/fuzz-$target.log
  mkdir -p "${log%/*}"
  printf '[%d/%d] %s (%d s)\n' "$STEP" "$STEPS" "$target" "$seconds"
  # A target that does not build ends the script; the time counts from here on.
  cargo +nightly fuzz build "${build[@]}" "$target" >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 2; }
  started=$SECONDS status=0
  times >"$log.before"
  cargo +nightly fuzz run "${build[@]}" "$target" -- -max_total_time="$seconds" -max_len=16384 \
    -timeout=30 -rss_limit_mb=1024 -print_final_stats=1 >"$log" 2>&1 </dev/null || status=$?
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
  times >"$log.after"
  cpu=$(cpu_between "$log.before" "$log.after")
  printf '%s\t%s\t%s\t%d\t%d\t%d\n' "$(date -u +%Y-%m-%d)" "$commit" "$target" \
    $((SECONDS - started)) "$cpu" "${executions:-0}" >>"$table"
  printf '      %d executions in %d s, %d CPU seconds\n' "${executions:-0}" $((SECONDS - started)) "$cpu"
  if [ "$status" -ne 0 ]; then
    failed+=("$target")
    grep -aE 'panicked|^==.*ERROR|SUMMARY|Test unit written|cargo fuzz run' -A 1 "$log" >&2 || tail -n 30 "$log" >&2
  fi
done

awk -F '\t' 'NR > 1 { s += $5; n += $6 } END { printf "in total %.1f CPU hours and %.1f million executions\n", s / 3600, n / 1e6 }' "$table"
if [ ${#failed[@]} -gt 0 ]; then
  echo "error: found something in ${failed[*]}; the inputs are in fuzz/artifacts" >&2
  exit 1
fi
