#!/usr/bin/env bash
# The listener's own tests, each against the Spark that it names.
#
#   scripts/listener.sh check        one jar for both lines, and its classes' tests on each
#   scripts/listener.sh spark-3.5    the built jar in real applications on Spark 3.5
#   scripts/listener.sh spark-4      the same on Spark 4
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

main() { # WHAT
  case $1 in
    check)
      local jars_3_5 jars_4
      jars_3_5=$(spark_home "$TINDERBOX_SPARK_3_5")/jars
      jars_4=$(spark_home "$TINDERBOX_SPARK_4")/jars
      exec jvm/listener/check.sh "$jars_3_5" "$jars_4"
      ;;
    spark-3.5) on_real_spark "$TINDERBOX_SPARK_3_5" ;;
    spark-4) on_real_spark "$TINDERBOX_SPARK_4" ;;
    *) give_up "unknown listener test: $1" "use one of: check, spark-3.5, spark-4" ;;
  esac
}

# A receiver that answers, none at all, and one that never reads: the application must succeed with each.
on_real_spark() { # ENVIRONMENT
  local listener=$PWD/dist/tinderbox-listener.jar sink home passed=0 failed=0
  [ -f "$listener" ] || give_up "dist/tinderbox-listener.jar is missing" "run: make build"
  home=$(spark_home "$1")
  for sink in fast dead stuck killed; do
    if "$1/bin/python" jvm/listener/tests/real_spark.py --spark-home "$home" --jar "$listener" --sink "$sink"; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
    fi
  done
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

main "${1:-}"
