#!/usr/bin/env bash
# The long suites: what `make test` does once, many times. Resumable: finished rounds are counted in the cache for this
# commit, so that a second call goes on where the first one ended.
#
#   TINDERBOX_SOAK_ROUNDS (50)      rounds of each suite that has no number of its own
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

rounds=${TINDERBOX_SOAK_ROUNDS:-50}
state=$TINDERBOX_CACHE/soak/$(git rev-parse HEAD)
mkdir -p "$state"
export TINDERBOX_REQUIRE_ALL=1
failed=0

# name | command | rounds, where more would only say the same
suites="
compat 3.5     | scripts/compat.sh --shape 3.5 | 1
compat 4.x     | scripts/compat.sh --shape 4.x | 1
retained 3.5   | scripts/compat.sh --shape 3.5 --retained-tasks 10 | 1
retained 4.x   | scripts/compat.sh --shape 4.x --retained-tasks 10 | 1
server killed  | cargo test --locked ${CARGO_SELECTION[*]} -q --test it -- real_spark_a_run
ids            | $TINDERBOX_SPARK_3_5/bin/python scripts/soak_ids.py $TINDERBOX_BIN $state/ids | 1
listener 3.5   | scripts/listener.sh spark-3.5
listener 4     | scripts/listener.sh spark-4
"

while IFS='|' read -r name command most; do
  name=$(echo $name)
  [ -n "$name" ] || continue
  most=$(echo ${most:-$rounds})
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
printf '%d suites failed\n' "$failed"
[ "$failed" -eq 0 ]
