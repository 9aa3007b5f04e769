# The verbs that a person types; what they do is in scripts/. `make` alone lists them.
#
# CARGO_TARGET_DIR and TINDERBOX_CACHE may be set; the defaults, shared by all checkouts, are in
# scripts/environment.sh, which every script reads.

.DEFAULT_GOAL := help
.PHONY: help build demo demo-once test check bench soak fuzz fmt clean

help:
	@echo "make demo       set up, build, run the example on real Spark, leave the server up (5 to 10 min cold, 1 min warm)"
	@echo "make demo-once  the same, and exit"
	@echo "make test       set up, build, run all tests                  (40 to 60 min cold, 15 to 25 min warm)"
	@echo "make build      set up and build the binary                   (8 min cold)"
	@echo "make check      format, lints, repository rules, fast tests   (2 min warm)"
	@echo "make bench      compare with others, write docs/benchmarks.md (25 min on a quiet machine; parts: scripts/bench.sh)"
	@echo "make soak       the long suites"
	@echo "make fuzz       readers and fold on random bytes, 5 min each of 4 targets; needs nightly Rust"
	@echo "make fmt        format all sources"
	@echo "make clean      remove dist/; the shared build cache stays"

build:
	@scripts/setup.sh build
	@scripts/build.sh

# One at a time, in this order, even under `make -j`.
demo:
	@scripts/setup.sh demo
	@scripts/build.sh
	@scripts/demo.sh

demo-once:
	@scripts/setup.sh demo
	@scripts/build.sh
	@scripts/demo.sh --once

test:
	@scripts/setup.sh test
	@scripts/test.sh

check:
	@scripts/setup.sh build
	@scripts/check.sh

bench:
	@scripts/setup.sh build
	@scripts/build.sh --bench
	@scripts/bench.sh

soak:
	@scripts/setup.sh test
	@scripts/build.sh --tests
	@scripts/soak.sh

fuzz:
	@scripts/fuzz.sh

fmt:
	@cargo fmt --all
	@npm --prefix ui run --silent format

clean:
	@rm -rf dist
