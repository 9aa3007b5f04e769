#!/usr/bin/env bash
# Installs what a verb needs and is missing; a second call finds everything ready within a second.
#
#   scripts/setup.sh build|demo   Java, Node, PySpark 3.5, npm packages
#   scripts/setup.sh test         the same, PySpark 4, Sail, published clients, Chromium, PostgreSQL, MariaDB and jars of Kafka, HDFS, YARN,
#                                 a Kubernetes API server and connectors
#
# Debian packages are system-wide and announced one by one; all else goes to $TINDERBOX_CACHE and
# ui/node_modules. Needs the network only for what is missing. Exit code 2: something that only the
# user can do, with the command to type.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

mode=${1:-build}
case $mode in
  build | demo) environments=(spark-3.5) ;;
  test) environments=(spark-3.5 spark-4 s3 sail livy clients) ;;
  *) give_up "unknown set-up: $mode" "use one of: build, demo, test" ;;
esac
STEPS=$((3 + ${#environments[@]}))
[ "$mode" != test ] || STEPS=$((STEPS + 1))
started=$SECONDS

# Two checkouts share the cache: the second one waits, then finds the work done.
mkdir -p "$TINDERBOX_CACHE"
exec 9>"$TINDERBOX_CACHE/setup.lock"
if ! flock --nonblock 9; then
  echo "waiting for another set-up in $TINDERBOX_CACHE"
  flock 9
fi

# --- System packages -------------------------------------------------------------------------
scripts/setup/packages.sh "$mode" 9>&-
# It may just have installed Node from a wheel.
source scripts/environment.sh
step_ready "System packages"

# --- Rust ------------------------------------------------------------------------------------
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
found=$(cargo --version 2>/dev/null | cut -d' ' -f2 || true)
if [ -z "$found" ] || [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n1)" != "$wanted" ]; then
  give_up "Rust $wanted or newer is needed, found ${found:-none}" \
    "install it with rustup (https://rustup.rs), or run: rustup update stable"
fi
step_ready "Rust $found"

# --- Python environments ---------------------------------------------------------------------
for environment in "${environments[@]}"; do
  title="Python environment $environment"
  if scripts/setup/python.sh is-ready "$environment"; then
    step_ready "$title"
  else
    step_run "$title" "1 to 3 min" "setup-$environment" \
      scripts/setup/python.sh install "$environment" 9>&-
  fi
done

# --- Servers and connectors of tests ------------------------------------------------------------
if [ "$mode" = test ]; then
  if scripts/setup/connectors.sh is-ready; then
    step_ready "Jars of servers and connectors"
  else
    step_run "Jars of servers and connectors" "1 to 6 min" setup-connectors \
      scripts/setup/connectors.sh install 9>&-
  fi
fi

# --- npm packages ----------------------------------------------------------------------------
if scripts/setup/npm.sh is-ready; then
  step_ready "npm packages"
else
  step_run "npm packages" "20 s to 1 min" setup-npm scripts/setup/npm.sh install 9>&-
fi

printf 'set-up complete in %d s\n' $((SECONDS - started))
