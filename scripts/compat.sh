#!/usr/bin/env bash
# Spark's own History Servers, 3.5 and 4, and ours answer over the same event logs; every value is compared.
#
#   scripts/compat.sh [--shape 3.5|4.x] [--logs DIR] [--report DIR] [--part-of N] [--retained-tasks N]
#
# The logs are made by real Spark once (about 4 minutes) and kept in the cache. With TINDERBOX_EXTRA_EVENT_LOGS
# the logs of that directory are compared as well. With --part-of N only one log in N is compared, another part every
# day (or TINDERBOX_COMPAT_SEED). compat/README.md says what is compared and how.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh

exec python3 compat/run.py "$@"
