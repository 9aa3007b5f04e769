# Sourced by every script: where things are. A variable that is already set wins.
# Sourcing it starts no program and changes no file.

TINDERBOX_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export TINDERBOX_ROOT

# Kept between runs and shared by all checkouts: Python environments, cargo's output, logs.
export TINDERBOX_CACHE=${TINDERBOX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tinderbox}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$TINDERBOX_CACHE/target}

# Python environments with PySpark: what `spark: {venv: …}` of a cluster profile points to.
export TINDERBOX_SPARK_3_5=${TINDERBOX_SPARK_3_5:-$TINDERBOX_CACHE/spark-3.5}
export TINDERBOX_SPARK_4=${TINDERBOX_SPARK_4:-$TINDERBOX_CACHE/spark-4}

# Python environment with moto's server, an S3 for tests.
export TINDERBOX_MOTO=${TINDERBOX_MOTO:-$TINDERBOX_CACHE/s3}

# Jars of servers and connectors that tests use.
export TINDERBOX_CONNECTORS=${TINDERBOX_CONNECTORS:-$TINDERBOX_CACHE/connectors}

# The Python environment with Sail: where `tinderbox engine install sail` puts it.
export TINDERBOX_SAIL=${TINDERBOX_SAIL:-$TINDERBOX_CACHE/sail}

# Python environment with a published client of Livy.
export TINDERBOX_LIVY_CLIENT=${TINDERBOX_LIVY_CLIENT:-$TINDERBOX_CACHE/livy}

# Python environment with published clients of interfaces that Tinderbox has or makes use of.
export TINDERBOX_CLIENTS=${TINDERBOX_CLIENTS:-$TINDERBOX_CACHE/clients}

# Python environment with the programs that `make bench` measures against.
export TINDERBOX_PEERS=${TINDERBOX_PEERS:-$TINDERBOX_CACHE/peers}

# Both Sparks, for the binary.
export TINDERBOX_SPARK_HOMES=${TINDERBOX_SPARK_HOMES:-$TINDERBOX_SPARK_3_5:$TINDERBOX_SPARK_4}

# The binary that `make build` leaves behind.
export TINDERBOX_BIN=${TINDERBOX_BIN:-$CARGO_TARGET_DIR/release/tinderbox}

# Node from a Python wheel, used where Debian's own is too old (see setup/packages.sh).
if [ -x "$TINDERBOX_CACHE/node/bin/node" ]; then
  PATH=$TINDERBOX_CACHE/node/bin:$PATH
fi

# The Java that Spark starts is also the one that compiles the listener.
if [ -n "${JAVA_HOME:-}" ]; then
  PATH=$JAVA_HOME/bin:$PATH
fi

# Every cargo call that builds uses the same profile and features, so nothing is compiled twice.
CARGO_SELECTION=(--release --workspace --features tinderbox-cli/bundle)

# Lets cargo compile our crates again when another checkout compiled them last into the shared directory: cargo goes by
# their times of change and would take another checkout's crates for this one's. Dependencies stay.
claim_cargo_output() {
  local owner=$CARGO_TARGET_DIR/checkout
  [ "$(cat "$owner" 2>/dev/null)" = "$TINDERBOX_ROOT" ] && return
  mkdir -p "$CARGO_TARGET_DIR"
  find "$CARGO_TARGET_DIR" -maxdepth 5 -type d \( -path '*/.fingerprint/tinderbox-*' -o -path '*/.fingerprint/xtask-*' \) \
    -prune -exec rm -rf {} +
  printf '%s\n' "$TINDERBOX_ROOT" >"$owner"
}

# The SPARK_HOME inside a PySpark environment.
spark_home() { # ENVIRONMENT
  local home
  for home in "$1"/lib/python3.*/site-packages/pyspark; do
    [ -d "$home/jars" ] && printf '%s\n' "$home" && return
  done
  echo "no PySpark in $1; run scripts/setup.sh test" >&2
  return 2
}

# Chromium for the browser tests; fails when there is none.
find_chromium() {
  local name
  for name in "${TINDERBOX_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$name" ] && command -v "$name" && return
  done
  return 1
}
