#!/usr/bin/env bash
# Prints the home of a Java that starts quickly: this machine's, with the first of its two compilers alone, one thread for
# garbage, Spark's classes from an archive (AppCDS), and no Spark UI unless a job asks for it. A JVM that lives for seconds, as
# those of most tests do, spends half of its time in the second compiler, of the rest 40 % reading and checking classes, and 8 %
# starting its UI.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

program=$(command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java") || give_up "no Java was found" "install a JDK 17"
real=$(dirname "$(dirname "$(readlink -f "$program")")")
home=$TINDERBOX_CACHE/quick-java
archives=$TINDERBOX_CACHE/quick-java-archives

# What most tests do, so that its classes are in the archive.
read -r -d '' USUAL <<'EOF' || true
import sys
from pyspark.sql import SparkSession, functions
spark = SparkSession.builder.getOrCreate()
rows = spark.range(1000).selectExpr("id", "id % 7 AS k", "cast(id AS string) AS s")
grouped = rows.groupBy("k").agg(functions.count("*").alias("n"), functions.max("s").alias("m"))
for form in ["parquet", "csv", "json"]:
    grouped.write.mode("overwrite").format(form).save(f"{sys.argv[1]}/{form}")
    spark.read.format(form).load(f"{sys.argv[1]}/{form}").count()
rows.join(grouped, "k").createOrReplaceTempView("joined")
spark.sql("SELECT k, row_number() OVER (PARTITION BY k ORDER BY id) AS r FROM joined WHERE id > 3").collect()
rows.rdd.map(lambda row: row.id).count()
spark.stop()
EOF

# Makes the archive of a Spark unless it is there for this Java and these jars. Without one everything works all the same.
archive_of() { # SPARK_HOME
  local of archive work
  of=$({ "$program" -version 2>&1 && ls "$1/jars"; } | sha256sum | cut -c1-16)
  archive=$archives/$of.jsa
  if [ ! -f "$archive" ]; then
    mkdir -p "$archives" "$TINDERBOX_CACHE/logs"
    work=$(mktemp -d "$archives/work.XXXXXX")
    printf '%s\n' "$USUAL" >"$work/usual.py"
    # With the flags of the wrapper below: an archive is for one kind of garbage collection.
    env SPARK_HOME="$1" PYSPARK_PYTHON="$1/../../../../bin/python" SPARK_LOCAL_IP=127.0.0.1 \
      timeout 300 "$1/bin/spark-submit" --master 'local[1]' --conf spark.ui.enabled=false \
      --driver-java-options "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ArchiveClassesAtExit=$work/made.jsa" \
      "$work/usual.py" "$work" >"$TINDERBOX_CACHE/logs/quick-java-archive.log" 2>&1 || true
    [ ! -f "$work/made.jsa" ] || mv "$work/made.jsa" "$archive"
    rm -rf "$work"
  fi
  [ ! -f "$archive" ] || printf '%s\n' "$archive"
}

made=$(mktemp -d "$TINDERBOX_CACHE/quick-java.XXXXXX")
mkdir "$made/bin"
for entry in "$real"/* "$real"/bin/*; do
  case ${entry#"$real"/} in
    bin | bin/java) ;;
    *) ln -s "$entry" "$made/${entry#"$real"/}" ;;
  esac
done
{
  cat <<'EOF'
#!/bin/sh
archive= before=
# A home of links to Spark's own, as runs with executors of their own have it, is Spark's own here.
case "$*" in
  */spark-home/jars/*) for argument do
    shift
    if [ "$before" = -cp ]; then
      links=${argument%%/spark-home/jars/*}
      links=${links##*:}/spark-home/
      home=$(readlink -f "${links}jars")
      while [ "$argument" != "${argument#*"$links"}" ]; do
        argument=${argument%%"$links"*}${home%jars}${argument#*"$links"}
      done
    fi
    before=$argument
    set -- "$@" "$argument"
  done ;;
esac
EOF
  for environment in "$TINDERBOX_SPARK_3_5" "$TINDERBOX_SPARK_4"; do
    spark=$(spark_home "$environment" 2>/dev/null) || continue
    archive=$(archive_of "$spark")
    [ -z "$archive" ] || cat <<EOF
case "\$* \$CLASSPATH" in *"$spark/jars/"*) spark="$spark" archive="$archive" ;; esac
EOF
  done
  cat <<EOF
# An archive is for class paths that begin as its own: what stands before Spark's goes behind it.
before=
[ -z "\$archive" ] || for argument do
  shift
  if [ "\$before" = -cp ]; then
    first=\${argument%%"\$spark/conf"*}
    [ "\$first" = "\$argument" ] || [ -z "\$first" ] || argument="\${argument#"\$first"}:\${first%:}"
  fi
  before=\$argument
  set -- "\$@" "\$argument"
done
# YARN's containers have theirs in the environment.
[ -z "\$archive" ] || case "\$CLASSPATH" in *"\$spark/jars/*"*)
  first=\${CLASSPATH%%"\$spark/jars/*"*}
  CLASSPATH=\$spark/conf/:\${CLASSPATH#"\$first"}:\${first%:}
esac
# Where the class path is another one, the archive is left alone, and nothing is said.
exec "$real/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dspark.ui.enabled=false \
  \${archive:+-XX:SharedArchiveFile="\$archive" -Xshare:auto "-Xlog:cds*=off" "-Xlog:class+path*=off"} "\$@"
EOF
} >"$made/bin/java"
chmod +x "$made/bin/java"
# Another call may be using the one that is there.
if [ ! -x "$home/bin/java" ] || ! cmp -s "$made/bin/java" "$home/bin/java"; then
  rm -rf "$home"
  mv "$made" "$home"
fi
rm -rf "$made"
echo "$home"
