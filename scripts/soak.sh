#!/usr/bin/env bash
# The long suites: what `make test` does once, many times. Resumable: finished rounds are counted in the cache for this
# content of the repository (what measurements write and the fuzz targets apart, which no suite runs), so that a second call goes on where the first one ended.
#
#   scripts/soak.sh [SUITE…]   all suites, or these of the table below
#   TINDERBOX_SOAK_ROUNDS      rounds of each suite, instead of its own number
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

[ -z "$(git status --porcelain)" ] || give_up "the working tree has changes, and rounds count for a content" "commit them first"
measured=(':!CHANGELOG.md' ':!docs/benchmarks.md' ':!bench/results' ':!fuzz')
state=$TINDERBOX_CACHE/soak/$(git ls-files -s -- . "${measured[@]}" | git hash-object --stdin)
mkdir -p "$state"
export TINDERBOX_REQUIRE_ALL=1
failed=0

# name | command | rounds: one where more would only say the same, many where the moment of a death decides
suites="
compat 3.5     | scripts/compat.sh --shape 3.5 | 1
compat 4.x     | scripts/compat.sh --shape 4.x | 1
retained 3.5   | scripts/compat.sh --shape 3.5 --retained-tasks 10 | 1
retained 4.x   | scripts/compat.sh --shape 4.x --retained-tasks 10 | 1
server killed  | cargo test --locked ${CARGO_SELECTION[*]} -q --test it -- real_spark_a_run | 20
kills          | TINDERBOX_KILLS=40 cargo test --locked ${CARGO_SELECTION[*]} -q --test it -- kills_ | 5
ids            | $TINDERBOX_SPARK_3_5/bin/python scripts/soak_ids.py $TINDERBOX_BIN $state/ids | 1
equivalence    | TINDERBOX_AGREEMENT=graphs cargo test --locked ${CARGO_SELECTION[*]} -q --test it -- real_spark_and_sail | 1
verified list  | TINDERBOX_AGREEMENT=list cargo test --locked ${CARGO_SELECTION[*]} -q --test it -- real_spark_and_sail | 1
advice gains   | TINDERBOX_ADVICE=measured cargo test --locked ${CARGO_SELECTION[*]} -q --test it -- real_spark_advice | 1
both Sparks    | TINDERBOX_SPARKS=both scripts/test.sh rust | 1
listener 3.5   | scripts/listener.sh spark-3.5 | 10
listener 4     | scripts/listener.sh spark-4 | 10
"

is_wanted() { # NAME WANTED...
  local name=$1 one
  shift
  [ $# -gt 0 ] || return 0
  for one in "$@"; do
    [ "$one" != "$name" ] || return 0
  done
  return 1
}

while IFS='|' read -r name command most; do
  name=$(echo $name)
  [ -n "$name" ] && is_wanted "$name" "$@" || continue
  most=$(echo ${TINDERBOX_SOAK_ROUNDS:-$most})
  done_file=$state/${name// /-}
  for round in $(seq $(($(cat "$done_file" 2>/dev/null || echo 0) + 1)) "$most"); do
    printf '%s: round %d of %d\n' "$name" "$round" "$most"
    if bash -c "$command" >"$state/last.log" 2>&1 </dev/null; then
      echo "$round" >"$done_file"
      continue
    fi
    tail -n 40 "$state/last.log" >&2
    echo "failed: $name, round $round; the next call begins with it" >&2
    failed=$((failed + 1))
    break
  done
done <<<"$suites"

[ $# -eq 0 ] || exit $((failed > 0))

# Fuzzing counts over all its runs, whenever they were: scripts/fuzz.sh adds to the table.
hours=$(awk -F '\t' 'NR > 1 { s += $5 } END { printf "%.1f", s / 3600 }' fuzz/executions.tsv)
printf 'fuzzing: %s CPU hours of 8\n' "$hours"
if awk "BEGIN { exit !($hours < 8) }"; then
  echo "failed: too little fuzzing; run make fuzz and commit fuzz/executions.tsv" >&2
  failed=$((failed + 1))
fi
printf '%d suites failed\n' "$failed"
[ "$failed" -eq 0 ]
