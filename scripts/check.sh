#!/usr/bin/env bash
# What to run before a commit: format, lints, repository rules and the tests that start nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
claim_cargo_output

cargo fmt --all --check
cargo clippy --locked "${CARGO_SELECTION[@]}" --all-targets -- -D warnings
cargo xtask tidy
# Unit tests only: neither Spark nor a browser nor a server.
cargo test --locked --quiet "${CARGO_SELECTION[@]}" --lib --bins
npm --prefix ui run --silent check
npm --prefix ui run --silent test
echo "all checks passed"
