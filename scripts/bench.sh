#!/usr/bin/env bash
# Measures what the listener costs a Spark driver, and writes docs/benchmarks.md.
#
#   TINDERBOX_BENCH_ROUNDS (3)      rounds; the modes take turns within a round
#   TINDERBOX_BENCH_TASKS (10000)   tasks of the application, each almost empty
#
# CPU seconds of the whole Spark process are compared: wall time of a busy machine is noise. Run it on a quiet one.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

rounds=${TINDERBOX_BENCH_ROUNDS:-3}
tasks=${TINDERBOX_BENCH_TASKS:-10000}
listener=$PWD/dist/tinderbox-listener.jar
[ -f "$listener" ] || give_up "dist/tinderbox-listener.jar is missing" "run: make build"
results=$(mktemp)
trap 'rm -f "$results"' EXIT

python=$TINDERBOX_SPARK_3_5/bin/python
home=$(spark_home "$TINDERBOX_SPARK_3_5")
for round in $(seq "$rounds"); do
  for mode in off fast dead stuck; do
    arguments=(--sink "$mode")
    [ "$mode" != off ] || arguments=(--listener off)
    printf 'round %d of %d: %s\n' "$round" "$rounds" "$mode"
    "$python" jvm/listener/tests/real_spark.py --spark-home "$home" --jar "$listener" --tasks "$tasks" \
      "${arguments[@]}" | tail -n1 | sed "s/^{/{\"mode\": \"$mode\", /" >>"$results"
  done
done
# Kept whole or as it was.
report=$("$python" scripts/bench_report.py "$results")
printf '%s\n' "$report" | tee docs/benchmarks.md
