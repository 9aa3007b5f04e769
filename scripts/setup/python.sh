#!/usr/bin/env bash
# One Python environment per Spark line, one with an S3 server, one with Sail, one with a client of Livy, one with other
# published clients and one for benchmarks, in the cache, with exactly what its requirements file says.
#
#   scripts/setup/python.sh is-ready NAME            exit 0 when nothing is to be done
#   scripts/setup/python.sh install NAME             creates or repairs it
#   scripts/setup/python.sh interpreter              prints a Python that can make environments
#   scripts/setup/python.sh interpreter-needed MODE  exit 0 when one is needed and there is none
#
# The hash of the requirements file is kept inside the environment, so that deleting the folder is
# all it takes to start over. An environment that somebody else made is adopted when its packages
# have the right versions.
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/environment.sh
source scripts/progress.sh

STAMP=.tinderbox-requirements

folder_of() { # NAME
  case $1 in
    spark-3.5) echo "$TINDERBOX_SPARK_3_5" ;;
    spark-4) echo "$TINDERBOX_SPARK_4" ;;
    s3) echo "$TINDERBOX_MOTO" ;;
    sail) echo "$TINDERBOX_SAIL" ;;
    livy) echo "$TINDERBOX_LIVY_CLIENT" ;;
    clients) echo "$TINDERBOX_CLIENTS" ;;
    peers) echo "$TINDERBOX_PEERS" ;;
    *) give_up "unknown Python environment: $1" "use one of: spark-3.5, spark-4, s3, sail, livy, clients, peers" ;;
  esac
}

hash_of() { # NAME
  sha256sum <"scripts/requirements/$1.txt" | cut -d' ' -f1
}

is_ready() { # NAME
  local folder
  folder=$(folder_of "$1")
  [ -x "$folder/bin/python" ] || return 1
  [ "$(cat "$folder/$STAMP" 2>/dev/null)" = "$(hash_of "$1")" ] && return
  has_versions "$folder" "$1" && hash_of "$1" >"$folder/$STAMP"
}

# Compares installed versions with the requirements file, in the environment itself.
has_versions() { # FOLDER NAME
  "$1/bin/python" - "scripts/requirements/$2.txt" <<'PYTHON' 2>/dev/null
import importlib.metadata, sys

for line in open(sys.argv[1]):
    requirement = line.split("#")[0].strip()
    if requirement:
        name, version = requirement.split("==")
        if importlib.metadata.version(name) != version:
            sys.exit(1)
PYTHON
}

install() { # NAME
  local folder python
  folder=$(folder_of "$1")
  if ! "$folder/bin/python" -c 'import pip' 2>/dev/null; then
    python=$(interpreter) || give_up "no Python 3.11 to 3.13 with venv was found" \
      "install python3 and python3-venv, or set TINDERBOX_PYTHON to one"
    # Never empties a folder that is something else, whatever the variables say.
    [ ! -e "$folder" ] || [ -f "$folder/pyvenv.cfg" ] ||
      give_up "$folder exists and is no Python environment" "move it away"
    "$python" -m venv --clear "$folder"
  fi
  rm -f "$folder/$STAMP"
  "$folder/bin/python" -m pip --disable-pip-version-check install --no-input --progress-bar off \
    -r "scripts/requirements/$1.txt"
  has_versions "$folder" "$1" || give_up "pip did not install the versions in scripts/requirements/$1.txt" \
    "remove $folder and try again"
  hash_of "$1" >"$folder/$STAMP"
}

# 3.11 and 3.12 first: PySpark 3.5 names 3.11 as its newest, and Python functions in a query depend
# on the bytecode; plain queries run on 3.13 too.
interpreter() {
  local python
  for python in "${TINDERBOX_PYTHON:-}" python3.11 python3.12 python3 python3.13; do
    if [ -n "$python" ] && "$python" -c '
import sys, venv, ensurepip
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      command -v "$python"
      return
    fi
  done
  return 1
}

interpreter_needed() { # MODE
  local name names=(spark-3.5)
  [ "$1" != test ] || names+=(spark-4 s3 sail livy clients)
  for name in "${names[@]}"; do
    is_ready "$name" || { ! interpreter >/dev/null; return; }
  done
  return 1
}

case ${1:-} in
  is-ready) is_ready "$2" ;;
  install) install "$2" ;;
  interpreter) interpreter ;;
  interpreter-needed) interpreter_needed "$2" ;;
  *) give_up "unknown command: ${1:-}" "read the head of $0" ;;
esac
