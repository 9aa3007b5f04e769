#!/bin/sh
# Builds the listener jar, byte for byte the same for the same JDK and sources.
#
#   SPARK_JARS_DIR=<SPARK_HOME>/jars ./build.sh OUTPUT.jar
#
# Needs a JDK 17 or newer; the jar runs on Java 8 and newer.
set -eu

if [ $# -ne 1 ] || [ -z "${SPARK_JARS_DIR:-}" ]; then
    echo "usage: SPARK_JARS_DIR=<SPARK_HOME>/jars $0 OUTPUT.jar" >&2
    exit 2
fi
if ! ls "$SPARK_JARS_DIR"/spark-core_*.jar >/dev/null 2>&1; then
    echo "no spark-core jar in SPARK_JARS_DIR=$SPARK_JARS_DIR; set it to the jars folder of a Spark 3.5 or 4.x" >&2
    exit 2
fi
for tool in javac jar; do
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is missing; install a JDK 17 or newer" >&2
        exit 2
    fi
done

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$(dirname "$1")"
output=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Without -g the line numbers stay, for stack traces in a driver's log.
javac --release 8 -Xlint:all,-options,-classfile,-path -proc:none -encoding UTF-8 \
    -cp "$SPARK_JARS_DIR/*" -d "$work/classes" "$here"/src/dev/tinderbox/listener/*.java

# Created-By would name the JDK otherwise; the file list is sorted and the dates are fixed.
printf 'Created-By: Tinderbox\nImplementation-Title: tinderbox-listener\n' >"$work/manifest"
(cd "$work/classes" && LC_ALL=C find . -name '*.class' | sed 's|^\./||' | LC_ALL=C sort >"$work/files")
(cd "$work/classes" && jar --create --file "$work/listener.jar" --date 2020-01-01T00:00:00Z \
    --manifest "$work/manifest" "@$work/files")
mv "$work/listener.jar" "$output"
