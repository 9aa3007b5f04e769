#!/usr/bin/env bash
# Compares with other programs and writes docs/benchmarks.md.
#
#   scripts/bench.sh                     everything
#   scripts/bench.sh listener            what the listener costs a Spark driver
#   scripts/bench.sh history [PART…]     the history against Spark's History Server, both in the same run; parts:
#                                        open-100k, open-1m, ingest, warm-1m, small-logs, sql
#   scripts/bench.sh generate [PART…]    generated data sets against Python; parts: generate-tables, generate-10m,
#                                        generate-log
#   scripts/bench.sh serve [JOBS…]       lists of jobs against a FastAPI and pandas server, both in the same run; 1000000
#                                        and 10000000 jobs when left out (pandas takes 6 GB for the latter)
#   scripts/bench.sh define [PART…]      checks, columns and previews of specs, the latter against a warm local Spark; parts:
#                                        define-checks, define-columns, define-preview
#   scripts/bench.sh scale [MB]          a descriptive job on a CSV file (1000 MB when left out) on Sail against local Spark
#   scripts/bench.sh run [PART…]         runs on clusters; parts: reconciler (a thousand in flight), kubernetes (submissions,
#                                        against spark-submit)
#   scripts/bench.sh report              only the document, from the results that are kept
#
#   TINDERBOX_BENCH_ROUNDS (3)           rounds; the sides take turns within a round
#   TINDERBOX_BENCH_TASKS (10000)        tasks of the listener's application, each almost empty
#   TINDERBOX_BENCH_SECONDS (60)         how long is submitted to Kubernetes
#   TINDERBOX_BENCH_LOGS                 folder of the event logs, made when missing: 3.8 GB, and for a while 2.5 GB
#     ($TINDERBOX_CACHE/bench)           of small ones
#
# Measures what `scripts/build.sh --bench` built. Each part keeps its results in bench/results, so that parts can be
# measured one by one; the document is written from all of them. Exit code 1 when a figure misses its bar. CPU seconds
# of whole processes stand beside wall time, which on a busy machine is noise: run it on a quiet one.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

rounds=${TINDERBOX_BENCH_ROUNDS:-3}
tasks=${TINDERBOX_BENCH_TASKS:-10000}
logs=${TINDERBOX_BENCH_LOGS:-$TINDERBOX_CACHE/bench}
results=$PWD/bench/results
export TINDERBOX_BIN=$CARGO_TARGET_DIR/dist/tinderbox
python=$TINDERBOX_SPARK_3_5/bin/python
home=$(spark_home "$TINDERBOX_SPARK_3_5")
started=$SECONDS

main() {
  local section=${1:-all}
  [ $# -eq 0 ] || shift
  case $section in
    all)
      listener
      history
      generate
      serve
      define
      scale
      run_clusters
      ;;
    listener) listener ;;
    history) history "$@" ;;
    generate) generate "$@" ;;
    serve) serve "$@" ;;
    define) define "$@" ;;
    scale) scale "$@" ;;
    run) run_clusters "$@" ;;
    report) ;;
    *) give_up "unknown benchmark: $section" "use one of: listener, history, generate, serve, define, scale, run, report" ;;
  esac
  printf 'benchmarks took %d s\n' $((SECONDS - started))
  "$python" scripts/bench_report.py bench/results docs/benchmarks.md
}

listener() {
  local jar=$PWD/dist/tinderbox-listener.jar round mode
  [ -f "$jar" ] || give_up "dist/tinderbox-listener.jar is missing" "run: make build"
  # Not local: the trap outlives the function.
  unfinished=$(mktemp)
  trap 'rm -f "$unfinished"' EXIT
  "$python" bench/history/machine.py listener >"$unfinished"
  for round in $(seq "$rounds"); do
    for mode in off fast dead stuck; do
      arguments=(--sink "$mode")
      [ "$mode" != off ] || arguments=(--listener off)
      printf 'round %d of %d: %s\n' "$round" "$rounds" "$mode"
      "$python" jvm/listener/tests/real_spark.py --spark-home "$home" --jar "$jar" --tasks "$tasks" \
        "${arguments[@]}" | tail -n1 | sed "s/^{/{\"mode\": \"$mode\", /" >>"$unfinished"
    done
  done
  # Kept whole or as it was.
  mkdir -p "$results"
  cp "$unfinished" "$results/listener.jsonl"
}

history() { # PART...
  local program examples=$CARGO_TARGET_DIR/dist/examples
  for program in "$TINDERBOX_BIN" "$examples/typed_scan" "$examples/history_sql_bench"; do
    [ -x "$program" ] || give_up "$program is missing" "run: scripts/build.sh --bench"
  done
  if [ $# -eq 0 ] || [[ " $* " == *" sql "* ]]; then
    scripts/setup/python.sh is-ready sail ||
      step_run "Python environment sail" "1 to 3 min" setup-sail scripts/setup/python.sh install sail
  fi
  mkdir -p "$logs"
  "$python" bench/history/run.py --binary "$TINDERBOX_BIN" --examples "$examples" --spark-home "$home" \
    --logs "$logs" --results "$results" --rounds "$rounds" "$@"
}

generate() { # PART...
  [ -x "$TINDERBOX_BIN" ] || give_up "$TINDERBOX_BIN is missing" "run: scripts/build.sh --bench"
  need_peers
  PYTHONPATH=bench/history "$python" bench/generate/run.py --binary "$TINDERBOX_BIN" \
    --peers "$TINDERBOX_PEERS/bin/python" --work "$logs" --results "$results" --rounds "$rounds" "$@"
}

serve() { # JOBS...
  local jobs program requests=$CARGO_TARGET_DIR/dist/examples/requests
  for program in "$TINDERBOX_BIN" "$requests"; do
    [ -x "$program" ] || give_up "$program is missing" "run: scripts/build.sh --bench"
  done
  need_peers
  [ $# -gt 0 ] || set -- 1000000 10000000
  for jobs in "$@"; do
    printf 'lists of %s jobs\n' "$jobs"
    "$python" bench/serve/run.py "$jobs" --binary "$TINDERBOX_BIN" --requests "$requests" \
      --peer "$TINDERBOX_PEERS/bin/python" --sets "$logs" --results "$results"
  done
}

define() { # PART...
  local needed program=$CARGO_TARGET_DIR/dist/examples/define_bench
  for needed in "$TINDERBOX_BIN" "$program"; do
    [ -x "$needed" ] || give_up "$needed is missing" "run: scripts/build.sh --bench"
  done
  scripts/setup/python.sh is-ready sail ||
    step_run "Python environment sail" "1 to 3 min" setup-sail scripts/setup/python.sh install sail
  scripts/setup/python.sh is-ready spark-4 ||
    step_run "Python environment spark-4" "1 to 3 min" setup-spark-4 scripts/setup/python.sh install spark-4
  PYTHONPATH=bench/history "$TINDERBOX_SPARK_4/bin/python" bench/define/run.py --binary "$TINDERBOX_BIN" \
    --program "$program" --spark "$TINDERBOX_SPARK_4/bin/python" --data "$logs/define" --results "$results" "$@"
}

scale() { # [MB]
  local environment
  for environment in sail spark-4; do
    scripts/setup/python.sh is-ready "$environment" ||
      step_run "Python environment $environment" "1 to 3 min" "setup-$environment" scripts/setup/python.sh install "$environment"
  done
  PYTHONPATH=bench/history "$TINDERBOX_SPARK_4/bin/python" bench/scale/run.py "$@" --sail "$TINDERBOX_SAIL" \
    --spark "$TINDERBOX_SPARK_4" --data "$logs/scale" --results "$results" --rounds "$rounds"
}

run_clusters() { # PART...
  local part program examples=$CARGO_TARGET_DIR/dist/examples
  [ $# -gt 0 ] || set -- reconciler kubernetes
  for part in "$@"; do
    case $part in
      reconciler) set -- "$TINDERBOX_BIN" ;;
      kubernetes) set -- "$TINDERBOX_BIN" "$examples/serve" ;;
      *) give_up "unknown part: $part" "use one of: reconciler, kubernetes" ;;
    esac
    for program in "$@"; do
      [ -x "$program" ] || give_up "$program is missing" "run: scripts/build.sh --bench"
    done
    case $part in
      reconciler) "$python" bench/run/reconciler.py --binary "$1" --results "$results" ;;
      kubernetes)
        "$python" bench/run/kubernetes.py --binary "$1" --cluster "$2" --spark-home "$home" \
          --seconds "${TINDERBOX_BENCH_SECONDS:-60}" --results "$results"
        ;;
    esac
  done
}

need_peers() {
  scripts/setup/python.sh is-ready peers ||
    step_run "Python environment peers" "1 min" setup-peers scripts/setup/python.sh install peers
}

main "$@"
