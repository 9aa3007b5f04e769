#!/usr/bin/env bash
# Prints the home of a Java that starts quickly: this machine's, with the first of its two compilers alone and one thread for
# garbage. A JVM that lives for seconds, as those of most tests do, spends half of its time in the second one.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
source scripts/progress.sh

program=$(command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java") || give_up "no Java was found" "install a JDK 17"
real=$(dirname "$(dirname "$(readlink -f "$program")")")
home=$TINDERBOX_CACHE/quick-java
made=$(mktemp -d "$TINDERBOX_CACHE/quick-java.XXXXXX")
mkdir "$made/bin"
for entry in "$real"/* "$real"/bin/*; do
  case ${entry#"$real"/} in
    bin | bin/java) ;;
    *) ln -s "$entry" "$made/${entry#"$real"/}" ;;
  esac
done
cat >"$made/bin/java" <<EOF
#!/bin/sh
exec "$real/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "\$@"
EOF
chmod +x "$made/bin/java"
# Another call may be using the one that is there.
if [ ! -x "$home/bin/java" ] || ! cmp -s "$made/bin/java" "$home/bin/java"; then
  rm -rf "$home"
  mv "$made" "$home"
fi
rm -rf "$made"
echo "$home"
