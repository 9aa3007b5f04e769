#!/usr/bin/env bash
# Runs the tests of all crates, two of their programs at a time: one alone leaves a core idle while its longest test ends.
#
#   scripts/rust_tests.sh [ARGUMENT…]   arguments for each program, for instance --skip NAME
#
# What a program prints comes when it has ended. Exit code 1 when one failed.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

# Folder and program of each crate's tests, as cargo tells them.
tests_of() {
  cargo test --locked "${CARGO_SELECTION[@]}" --lib --bins --tests --no-run --message-format=json-render-diagnostics |
    grep '"profile":{[^}]*"test":true' |
    sed -n 's|.*"manifest_path":"\([^"]*\)/Cargo.toml".*"executable":"\([^"]*\)".*|\1:\2|p'
}

# Most tests of the command line start Spark and few keep it long: two of them have one at a time and wait for it a good part
# of theirs, one that needs none goes on beside them. It takes as long as all others together, so it begins.
run_one() { # ARGUMENT... FOLDER:PROGRAM
  local folder=${*: -1} program threads=2 status=0 said
  program=${folder#*:} folder=${folder%%:*}
  set -- "${@:1:$#-1}"
  case $folder in */tinderbox-cli) threads=3 ;; esac
  said=$(mktemp "$outputs/XXXXXX")
  echo "${folder##*/}: $(basename "$program") begins"
  (cd "$folder" && RUST_TEST_THREADS=$threads "$program" "$@") >"$said" 2>&1 || status=1
  flock "$outputs" bash -c 'printf "\n%s: %s\n" "$1" "$2"; cat "$3"' - "${folder##*/}" "$(basename "$program")" "$said"
  return "$status"
}

programs=$(tests_of | awk '/tinderbox-cli:.*\/it-/ { print; next } { rest = rest $0 "\n" } END { printf "%s", rest }')
[ -n "$programs" ] || give_up "cargo names no tests" "look at what it prints above"
outputs=$(mktemp -d)
trap 'rm -rf "$outputs"' EXIT
export outputs
export -f run_one
printf '%s\n' "$programs" | xargs -d '\n' -P 2 -n 1 bash -c 'run_one "$@"' - "$@"
