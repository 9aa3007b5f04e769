#!/usr/bin/env bash
# The page's npm packages, exactly as ui/package-lock.json names them.
#
#   scripts/setup/npm.sh is-ready   exit 0 when nothing is to be done
#   scripts/setup/npm.sh install    npm ci
#
# The hash of the lock file is kept inside node_modules. A folder that `npm install` has just
# brought to the state of the lock file is adopted.
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/environment.sh
source scripts/progress.sh

STAMP=ui/node_modules/.tinderbox-lock

hash_of_lock() {
  sha256sum <ui/package-lock.json | cut -d' ' -f1
}

is_ready() {
  [ "$(cat "$STAMP" 2>/dev/null)" = "$(hash_of_lock)" ] && return
  tree_matches_lock && hash_of_lock >"$STAMP"
}

# npm keeps a lock file of what it installed; packages for other systems are absent from it.
tree_matches_lock() {
  [ -f ui/node_modules/.package-lock.json ] || return 1
  node -e '
    const read = (file) => JSON.parse(require("fs").readFileSync(file)).packages;
    const wanted = read("ui/package-lock.json"), found = read("ui/node_modules/.package-lock.json");
    const differs = ([path, entry]) => path !== "" &&
      (found[path] ? found[path].version !== entry.version : !entry.optional);
    process.exit(Object.entries(wanted).some(differs) ? 1 : 0);'
}

install() {
  rm -f "$STAMP"
  npm --prefix ui ci --no-audit --no-fund --prefer-offline
  hash_of_lock >"$STAMP"
}

[ -f ui/package-lock.json ] || give_up "ui/package-lock.json is missing" "is this a whole checkout?"
case ${1:-} in
  is-ready) is_ready ;;
  install) install ;;
  *) give_up "unknown command: ${1:-}" "read the head of $0" ;;
esac
