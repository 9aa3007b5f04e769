#!/usr/bin/env bash
# Writes the first inputs of all fuzz targets to fuzz/corpus, made from the logs of real applications that the tests use.
# What a fuzzer has found there stays.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
claim_cargo_output

CARGO_TARGET_DIR=$CARGO_TARGET_DIR/fuzz cargo run --quiet --release --locked --manifest-path fuzz/Cargo.toml \
  --example corpus -- crates/tinderbox-spark/tests/fixtures fuzz/corpus
