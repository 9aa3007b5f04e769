#!/usr/bin/env bash
# Jars of the servers that tests start, and of the connectors that they use, from Maven Central; and Azurite, from npm.
#
#   scripts/setup/connectors.sh is-ready   exit 0 when nothing is to be done
#   scripts/setup/connectors.sh install    downloads what is missing
#
# Spark's own client for Maven does it, into folders that the tests name as `spark.jars.ivy`. The hash of the list is kept
# beside them, so that deleting $TINDERBOX_CONNECTORS is all it takes to start over.
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/environment.sh
source scripts/progress.sh

LIST=scripts/requirements/connectors.txt
STAMP=$TINDERBOX_CONNECTORS/.tinderbox-requirements
AZURITE=3.35.0

hash_of_list() {
  sha256sum <"$LIST" | cut -d' ' -f1
}

is_ready() {
  [ "$(cat "$STAMP" 2>/dev/null)" = "$(hash_of_list)" ] && azurite_is_ready
}

azurite_is_ready() {
  grep -qs "\"version\": \"$AZURITE\"" "$TINDERBOX_CONNECTORS/azurite/node_modules/azurite/package.json"
}

install() {
  azurite_is_ready || npm install --prefix "$TINDERBOX_CONNECTORS/azurite" --no-audit --no-fund "azurite@$AZURITE"
  [ "$(cat "$STAMP" 2>/dev/null)" != "$(hash_of_list)" ] || return 0
  local folder environment coordinates
  mkdir -p "$TINDERBOX_CONNECTORS"
  program=$(mktemp --suffix=.py)
  trap 'rm -f "$program"' EXIT
  while read -r folder environment; do
    coordinates=$(awk -v folder="$folder" '$1 == folder { print $3 }' "$LIST" | paste -sd,)
    # A slow registry gives up now and then; what has come stays.
    fetch "$folder" "$environment" "$coordinates" "$program" || fetch "$folder" "$environment" "$coordinates" "$program" ||
      give_up "Maven Central did not give $coordinates" "try again"
  done < <(awk '!/^#/ { print $1, $2 }' "$LIST" | sort -u)
  hash_of_list >"$STAMP"
}

fetch() { # FOLDER ENVIRONMENT COORDINATES PROGRAM
  local venv
  case $2 in
    spark-3.5) venv=$TINDERBOX_SPARK_3_5 ;;
    *) venv=$TINDERBOX_SPARK_4 ;;
  esac
  # The program is empty: packages are loaded before it starts.
  PYSPARK_PYTHON=$venv/bin/python SPARK_LOCAL_IP=127.0.0.1 "$(spark_home "$venv")/bin/spark-submit" \
    --conf "spark.jars.ivy=$TINDERBOX_CONNECTORS/$1" --packages "$3" "$4"
}

case ${1:-} in
  is-ready) is_ready ;;
  install) install ;;
  *) give_up "unknown command: ${1:-}" "read the head of $0" ;;
esac
