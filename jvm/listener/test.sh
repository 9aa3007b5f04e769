#!/bin/sh
# Runs the listener's own tests against one Spark; no Spark application is started.
#
#   SPARK_JARS_DIR=<SPARK_HOME>/jars ./test.sh LISTENER.jar [PART_OF_A_TEST_NAME]
set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ] || [ -z "${SPARK_JARS_DIR:-}" ]; then
    echo "usage: SPARK_JARS_DIR=<SPARK_HOME>/jars $0 LISTENER.jar [PART_OF_A_TEST_NAME]" >&2
    exit 2
fi

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

javac -proc:none -encoding UTF-8 -cp "$1:$SPARK_JARS_DIR/*" -d "$work" "$here"/tests/java/dev/tinderbox/listener/*.java
java -Xmx256m -cp "$1:$work:$SPARK_JARS_DIR/*" dev.tinderbox.listener.TestMain ${2:+"$2"}
