#!/bin/sh
# Proves that one jar serves both Spark lines: builds it against each, compares, and runs the tests
# of the first build on both.
#
#   ./check.sh SPARK35_JARS SPARK4_JARS
set -eu

if [ $# -ne 2 ]; then
    echo "usage: $0 SPARK35_JARS SPARK4_JARS" >&2
    exit 2
fi

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
jar="$work/3.5/tinderbox-listener.jar"

fail() {
    echo "listener check: $1" >&2
    exit 1
}

SPARK_JARS_DIR=$1 TZ=UTC "$here/build.sh" "$jar" >"$work/warnings" 2>&1 || { cat "$work/warnings" >&2; fail "does not build against $1"; }
[ ! -s "$work/warnings" ] || { cat "$work/warnings" >&2; fail "javac warns"; }
SPARK_JARS_DIR=$2 TZ=Asia/Tokyo "$here/build.sh" "$work/4/tinderbox-listener.jar" || fail "does not build against $2"

# The same bytes from both lines mean the same descriptors, so the jar links on both.
cmp "$jar" "$work/4/tinderbox-listener.jar" || fail "the builds against the two Spark lines differ"

size=$(wc -c <"$jar")
[ "$size" -lt 40960 ] || fail "the jar has $size bytes, 40960 are allowed"

mkdir "$work/classes"
(cd "$work/classes" && jar --extract --file "$jar")
! grep -rlE 'scala/|Lscala|json4s|jetty' "$work/classes" || fail "a class names Scala, json4s or Jetty"
# Class file version 52 is Java 8.
for class in "$work"/classes/dev/tinderbox/listener/*.class; do
    version=$(od -An -j7 -N1 -tu1 "$class" | tr -d ' ')
    [ "$version" = 52 ] || fail "$class has class file version $version, not 52"
done

for jars in "$1" "$2"; do
    SPARK_JARS_DIR=$jars "$here/test.sh" "$jar" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "tests fail on $jars"; }
    echo "$(basename "$(ls "$jars"/spark-core_*.jar)" .jar): $(tail -1 "$work/log")"
done
echo "one jar of $size bytes, the same from both builds"
