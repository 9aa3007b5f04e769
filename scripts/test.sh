#!/usr/bin/env bash
# Every test there is, one suite after the other, each with its time.
#
#   scripts/test.sh             all suites
#   scripts/test.sh NAME...     only these, after the same build
#   TINDERBOX_SPARKS=both       every test on Spark 3.5 and on Spark 4 and with all its cases, as scripts/soak.sh does; without
#                               it the longest ones take turns: each is there on both within four days, the longest lists of
#                               cases in parts
#
# A failing suite does not stop the others, a failing build does. The table at the end shows every
# suite; the last line is `N passed, N failed`, counted in tests where a suite prints how many it
# ran, else the suite counts as one. Exit code 1 when something failed.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

# A missing engine, browser or database is a failure here, not a skip.
export TINDERBOX_REQUIRE_ALL=1

# Which Spark rests today, and which of the two lists below. What is about the versions themselves, and what runs jobs where
# people do, is on both every day.
day=$(($(date +%s) / 86400))
case ${TINDERBOX_SPARKS:-$((day % 2))} in
  both) rests=none ;;
  0 | 3.5) rests=4 ;;
  1 | 4) rests=3_5 ;;
  *) give_up "TINDERBOX_SPARKS=$TINDERBOX_SPARKS is no choice" "set it to 3.5, 4 or both" ;;
esac
# 3.5 for the first one, 4 for the second one, 3.5 for the second one, 4 for the first one.
resting_list=none
[ -n "${TINDERBOX_SPARKS:-}" ] || case $((day % 4)) in
  0 | 3) resting_list=second ;;
  1 | 2) resting_list=first ;;
esac
every_day="
on_yarn_with_VERSION
"
# Each list has something of every engine and of every walk.
first="
drivers_are_started_followed_and_killed_on_VERSION
real_spark_VERSION_computes_when_submitted_natively
real_spark_VERSION_ends_as_it_should
spark_VERSION_is_cancelled_within_the_grace
sources_and_sinks_on_real_servers_on_VERSION
sql_gives_the_rows_of_the_transformations_on_VERSION
streams_give_their_rows_on_VERSION
generated_logs_are_served_by_spark_VERSION
generated_logs_of_every_form_are_served_by_spark_VERSION
real_spark_VERSION_does_every_task
real_spark_and_sail_agree_on_rows_and_on_the_list
"
second="
a_standalone_cluster_on_VERSION
run_in_pods_on_VERSION
runs_in_pods_on_VERSION
real_spark_VERSION_computes_on_the_cluster
spark_VERSION_runs_a_program_to_its_end
finds_their_connectors_on_VERSION
on_a_server_that_speaks_it_on_VERSION
real_spark_learns_on_VERSION
real_spark_quality_on_VERSION
refuses_what_the_rules_refuse_on_VERSION
transformations_give_their_rows_on_VERSION
of_the_pyspark_program_on_VERSION
pipelines_of_tables_and_of_streams_on_VERSION
logs_come_from_the_history_server_of_spark_VERSION
agrees_with_the_history_server_of_spark_VERSION
sessions_on_real_spark_VERSION
real_spark_VERSION_reads_and_writes_s3
"
resting() {
  local test
  [ "$rests" != none ] || return 0
  for test in $every_day $first $second; do
    case $test in *VERSION*) printf -- '--skip %s ' "${test/VERSION/$rests}" ;; esac
  done
  [ "$resting_list" != none ] || return 0
  for test in ${!resting_list}; do
    printf -- '--skip %s --skip %s ' "${test/VERSION/3_5}" "${test/VERSION/4}"
  done
}
if command -v cargo-nextest >/dev/null; then
  rust_tests="cargo nextest run --locked ${CARGO_SELECTION[*]} --"
else
  rust_tests=scripts/rust_tests.sh
fi
quick='env JAVA_HOME=$(scripts/quick_java.sh)'
rust_tests="$quick $rust_tests $(resting)"

# name | usual seconds with everything built, on two cores | command
#
# A suite is warned about above its usual time and stopped after ten times as much (at least ten minutes).
suites="
format            |  5 | cargo fmt --all --check
tidy              |  3 | \"\$CARGO_TARGET_DIR/release/xtask\" tidy
clippy            | 90 | cargo clippy --locked ${CARGO_SELECTION[*]} --all-targets -- -D warnings
rust              | 900| $rust_tests
rust docs         | 30 | cargo test --locked ${CARGO_SELECTION[*]} --doc
listener          | 60 | scripts/listener.sh check
listener spark 3.5| 60 | $quick scripts/listener.sh spark-3.5
listener spark 4  | 60 | $quick scripts/listener.sh spark-4
ui types and lint | 20 | npm --prefix ui run --silent check
ui                | 30 | npm --prefix ui run --silent test
browser           | 90 | scripts/e2e.sh
history compat    | 90 | $quick scripts/compat.sh --part-of 8
"
[ "$rests" != 4 ] || suites=$(grep -v '^listener spark 4' <<<"$suites")
[ "$rests" != 3_5 ] || suites=$(grep -v '^listener spark 3[.]5' <<<"$suites")

logs=$TINDERBOX_CACHE/logs/test-$$
table=""
passed=0
failed=0
running=""
started=$SECONDS
mkdir -p "$logs"

main() {
  trap 'stop_running; exit 130' INT TERM
  echo "running all tests; logs are in $logs"
  [ "$rests" = none ] || echo "tests that take turns rest on Spark ${rests/_/.} today; all of them: TINDERBOX_SPARKS=both"
  if ! run_suite build 600 scripts/build.sh --tests; then
    summary
  fi
  local name usual command
  while IFS='|' read -r name usual command; do
    name=$(trim "$name")
    if [ -n "$name" ] && is_wanted "$name"; then
      run_suite "$name" "$(trim "$usual")" bash -c "$(trim "$command")" || true
    fi
  done <<<"$suites"
  summary
}

# Shows the output as it comes and keeps it; adds the suite's line to the table.
run_suite() { # NAME USUAL COMMAND...
  local name=$1 usual=$2 log="$logs/${1// /-}.log" before=$SECONDS status=0 limit
  shift 2
  limit=$((usual * 10 > 600 ? usual * 10 : 600))
  printf '\n=== %s (usually %d s)\n' "$name" "$usual"
  # In the background, so that Ctrl-C reaches the trap above and not only bash's wait for the suite.
  timeout --kill-after=20 "$limit" "$@" > >(tee "$log") 2>&1 </dev/null &
  running=$!
  wait "$running" || status=$?
  running=""
  sleep 0.1 # tee's last lines

  local seconds=$((SECONDS - before)) good bad note=""
  read -r good bad <<<"$(count_tests "$log")"
  if [ "$status" -eq 0 ]; then
    [ $((good + bad)) -gt 0 ] || good=1
  else
    [ "$bad" -gt 0 ] || bad=1
    note="FAILED"
    [ "$status" -ne 124 ] || note="FAILED: stopped after $limit s"
  fi
  [ "$seconds" -le "$usual" ] || note="$note (usually $usual s)"
  passed=$((passed + good))
  failed=$((failed + bad))
  table+=$(printf '%-20s %6d %8d %8d  %s' "$name" "$seconds" "$good" "$bad" "$note")$'\n'
  return "$status"
}

# Sums what cargo test, nextest, vitest, unittest and our own scripts print at the end.
count_tests() { # LOG
  sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
    function number_before(word,   i) {
      for (i = 2; i <= NF; i++) if ($i ~ "^" word "[;,.)]*$") return $(i - 1) + 0
      return 0
    }
    /^test result: / || /^ *Summary \[/ || /^ +Tests  / || /^[0-9]+ passed, [0-9]+ failed$/ {
      good += number_before("passed"); bad += number_before("failed")
    }
    # The listener: spark-core_2.12-3.5.8: 40 tests, 0 failed []
    / [0-9]+ tests, [0-9]+ failed \[/ {
      good += number_before("tests") - number_before("failed"); bad += number_before("failed")
    }
    END { print good + 0, bad + 0 }'
}

summary() {
  printf '\n%-20s %6s %8s %8s\n%s' suite seconds passed failed "$table"
  printf 'all suites took %d s\n' $((SECONDS - started))
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ] && exit 0
  exit 1
}

stop_running() {
  [ -z "$running" ] || kill "$running" 2>/dev/null || true
}

is_wanted() { # NAME
  local wanted
  [ "${#only[@]}" -gt 0 ] || return 0
  for wanted in "${only[@]}"; do
    [ "$wanted" != "$1" ] || return 0
  done
  return 1
}

trim() {
  local text=$1
  text=${text#"${text%%[![:space:]]*}"}
  printf '%s' "${text%"${text##*[![:space:]]}"}"
}

only=("$@")
main
