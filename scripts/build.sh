#!/usr/bin/env bash
# Builds the listener and the page into dist/, then the binary that embeds both.
#
#   scripts/build.sh            the binary, at $CARGO_TARGET_DIR/release/tinderbox
#   scripts/build.sh --tests    the same, with all test programs, as `make test` needs it
#   scripts/build.sh --bench    as it is released (profile dist), at $CARGO_TARGET_DIR/dist/tinderbox, with the
#                               yardsticks of `make bench`
#
# Listener and page are skipped when nothing that goes into them has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

cargo_command=(cargo build --locked "${CARGO_SELECTION[@]}" --bins)
usual="3 to 6 min cold, seconds warm"
if [ "${1:-}" = --bench ]; then
  cargo_command=("${cargo_command[@]/--release/--profile=dist}" --example typed_scan --example history_sql_bench
    --example requests --example define_bench --example serve)
  TINDERBOX_BIN=$CARGO_TARGET_DIR/dist/tinderbox
  usual="8 to 15 min cold, 4 min warm"
elif [ "${1:-}" = --tests ]; then
  # One selection for binary and tests: a second one would compile dependencies again wherever a
  # dev-dependency switches on a feature.
  cargo_command+=(--lib --tests)
  usual="5 to 10 min cold, seconds warm"
fi
STEPS=3
started=$SECONDS

main() {
  local jars
  jars=$(spark_home "$TINDERBOX_SPARK_3_5")/jars
  build_part "Spark listener" "10 s" listener dist/tinderbox-listener.jar \
    "$(hash_of jvm/listener/src jvm/listener/build.sh) $(basename "$(dirname "$jars")")" \
    env SPARK_JARS_DIR="$jars" jvm/listener/build.sh "$PWD/dist/tinderbox-listener.jar"
  build_part "Web page" "20 s" ui dist/ui/index.html "$(hash_of ui)" \
    npm --prefix ui run --silent build -- --outDir "$PWD/dist/ui" --emptyOutDir

  claim_cargo_output
  # Cargo shows its own progress.
  STEP=$((STEP + 1))
  printf '[%d/%d] %s (usually %s)\n' "$STEP" "$STEPS" "Tinderbox" "$usual"
  "${cargo_command[@]}"
  printf 'built %s in %d s\n' "$TINDERBOX_BIN" $((SECONDS - started))
}

# Runs the command unless the product exists and was made from the same input.
build_part() { # TITLE USUAL NAME PRODUCT HASH COMMAND...
  local title=$1 usual=$2 name=$3 product=$4 hash=$5 stamp=dist/.$3.sha256
  shift 5
  if [ -f "$product" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ]; then
    step_ready "$title"
    return
  fi
  mkdir -p dist
  rm -f "$stamp"
  step_run "$title" "$usual" "build-$name" "$@"
  [ -f "$product" ] || give_up "the build of $name left no $product" "see $TINDERBOX_CACHE/logs/build-$name.log"
  echo "$hash" >"$stamp"
}

# One hash over names and contents of all files below, without what tools and browser tests leave there.
hash_of() { # PATH...
  find "$@" -type f \
    -not -path '*/node_modules/*' -not -path '*/coverage/*' -not -path 'ui/e2e/*' -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

main
