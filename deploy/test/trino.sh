#!/usr/bin/env bash
# A real Trino for tests, on loopback only, with the catalogs tpch and memory. Trino's release is on no package
# registry, its parts are: they are put together from Maven Central once and kept between runs.
#
#   eval "$(deploy/test/trino.sh start DIR)"    starts it; its settings, pid and log are in DIR
#   deploy/test/trino.sh stop DIR               stops it and removes DIR
#   deploy/test/trino.sh test [ARG…]            starts it, runs the tests of the Trino client against it, stops it
#   deploy/test/trino.sh fuzz BINARY [ARG…]     starts it, compares random queries with the binary (trino/fuzz.py), stops it
#   deploy/test/trino.sh values BINARY [ARG…]   the same with random expressions (trino/values.py)
#   deploy/test/trino.sh grid BINARY [ARG…]     every scalar function on all pairs of many values (trino/grid.py)
#
# With LAKEFRONT_TEST_LAKE_S3 (http://host:port, see lake_s3.py) it has the catalog `lake` too: Hive tables over that S3.
# Sets LAKEFRONT_TEST_TRINO (http://user@host:port) and, for the same server with TLS and sign-in by token,
# LAKEFRONT_TEST_TRINO_TLS (https://host:port), LAKEFRONT_TEST_TRINO_CA (a PEM file) and LAKEFRONT_TEST_TRINO_JWT.
# Everything secret in it is made for this one start.
set -euo pipefail

version=435 # the last that runs on Debian's JDK 17
action=${1-}
parts="${XDG_CACHE_HOME:-$HOME/.cache}/lakefront/trino/$version"

jdk() {
  local home major
  for home in ${JAVA_HOME:-} /usr/lib/jvm/*; do
    [ -x "$home/bin/javac" ] || continue
    major=$("$home/bin/java" -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p')
    if [ "${major:-0}" -ge 17 ] && [ "$major" -le 21 ]; then echo "$home"; return; fi
  done
}

tools() {
  local missing=()
  [ -n "$(jdk)" ] || missing+=(openjdk-17-jdk-headless)
  for tool in maven:mvn unzip:unzip curl:curl openssl:openssl; do
    command -v "${tool#*:}" >/dev/null || missing+=("${tool%:*}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local sudo=""
  [ "$(id -u)" -eq 0 ] || sudo="sudo"
  echo "installing ${missing[*]}" >&2
  $sudo apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

assemble() {
  [ -f "$parts/complete" ] && return
  echo "putting Trino $version together" >&2
  rm -rf "$parts"
  mkdir -p "$parts/plugin"
  cat >"$parts/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>trino</artifactId><version>1</version><packaging>pom</packaging>
  <dependencyManagement><dependencies><dependency>
    <groupId>io.trino</groupId><artifactId>trino-root</artifactId><version>$version</version>
    <type>pom</type><scope>import</scope>
  </dependency></dependencies></dependencyManagement>
  <dependencies><dependency>
    <groupId>io.trino</groupId><artifactId>trino-main</artifactId><version>$version</version>
  </dependency></dependencies>
</project>
POM
  local maven=org.apache.maven.plugins:maven-dependency-plugin:3.6.1
  JAVA_HOME=$(jdk) mvn -B -q -f "$parts/pom.xml" "$maven:copy-dependencies" \
    -DincludeScope=runtime -DoutputDirectory="$parts/lib" >&2
  for plugin in memory tpch; do
    JAVA_HOME=$(jdk) mvn -B -q -f "$parts/pom.xml" "$maven:copy" \
      -Dartifact="io.trino:trino-$plugin:$version:zip" -DoutputDirectory="$parts/zip" >&2
    unzip -qo "$parts/zip/trino-$plugin-$version.zip" -d "$parts/plugin"
  done
  rm -rf "$parts/zip"
  cat >"$parts/Launch.java" <<'JAVA'
final class Launch
{
    public static void main(String[] version)
    {
        new io.trino.server.Server().start(version[0]);
    }
}
JAVA
  touch "$parts/complete"
}

# Reads Parquet as its documented settings say, but for what would hide which column chunks were needed: files are not
# read whole for being small, and chunks are not joined over gaps. Page indexes are left aside, as the embedded engine does.
lake_catalog() {
  mkdir -p "$1/plugin"
  if [ ! -d "$parts/hive/trino-hive-$version" ]; then
    JAVA_HOME=$(jdk) mvn -B -q -f "$parts/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
      -Dartifact="io.trino:trino-hive:$version:zip" -DoutputDirectory="$1/zip" >&2
    unzip -qo "$1/zip/trino-hive-$version.zip" -d "$1/unzipped"
    mkdir -p "$parts/hive"
    mv "$1/unzipped/trino-hive-$version" "$parts/hive/"
    rm -rf "$1/zip" "$1/unzipped"
  fi
  ln -s "$parts"/plugin/* "$parts"/hive/* "$1/plugin/"
  cat >"$1/etc/catalog/lake.properties" <<CONF
connector.name=hive
hive.metastore=file
hive.metastore.catalog.dir=s3://scratch/metastore
fs.hadoop.enabled=false
fs.native-s3.enabled=true
s3.endpoint=$LAKEFRONT_TEST_LAKE_S3
s3.region=us-east-1
s3.path-style-access=true
s3.aws-access-key=test
s3.aws-secret-key=test
parquet.small-file-threshold=0B
parquet.max-merge-distance=0B
parquet.use-column-index=${LAKEFRONT_TEST_COLUMN_INDEX:-false}
CONF
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

base64url() {
  openssl base64 -A | tr '+/' '-_' | tr -d '='
}

# A certificate and the authority that signed it, and a token of the user ben.
secrets() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Lakefront's tests" -keyout ca.key -out ca.pem 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout key.pem -out request.pem 2>/dev/null
  printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >extensions
  openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions \
    -out certificate.pem 2>/dev/null
  cat key.pem certificate.pem >etc/server.pem
  openssl rsa -in key.pem -pubout -out etc/jwt.pem 2>/dev/null
  local claims
  claims="$(printf '{"alg":"RS256","typ":"JWT"}' | base64url).$(printf '{"sub":"ben","exp":%d}' $(($(date +%s) + 86400)) | base64url)"
  jwt="$claims.$(printf '%s' "$claims" | openssl dgst -sha256 -sign key.pem -binary | base64url)"
}

start() {
  tools
  assemble
  mkdir -p "$1/etc/catalog"
  cd "$1"
  local port tls
  port=$(free_port) tls=$(free_port)
  secrets
  local plugins="$parts/plugin"
  if [ -n "${LAKEFRONT_TEST_LAKE_S3-}" ]; then
    lake_catalog "$PWD"
    plugins="$PWD/plugin"
  fi
  cat >etc/config.properties <<CONF
node.environment=test
node.internal-address=127.0.0.1
node.bind-ip=127.0.0.1
coordinator=true
node-scheduler.include-coordinator=true
discovery.uri=http://127.0.0.1:$port
http-server.http.port=$port
http-server.https.enabled=true
http-server.https.port=$tls
http-server.https.keystore.path=$PWD/etc/server.pem
http-server.authentication.type=JWT
http-server.authentication.allow-insecure-over-http=true
http-server.authentication.jwt.key-file=$PWD/etc/jwt.pem
internal-communication.shared-secret=$(openssl rand -hex 32)
plugin.dir=$plugins
catalog.config-dir=$PWD/etc/catalog
task.concurrency=2
task.max-worker-threads=4
query.max-memory-per-node=256MB
memory.heap-headroom-per-node=256MB
query.min-expire-age=5m
CONF
  printf 'io=WARN\n' >etc/log.properties
  printf 'connector.name=memory\nmemory.max-data-per-node=128MB\n' >etc/catalog/memory.properties
  printf 'connector.name=tpch\ntpch.splits-per-node=2\n' >etc/catalog/tpch.properties

  "$(jdk)/bin/java" -Xmx3G -XX:+UseParallelGC -XX:MetaspaceSize=1G -XX:ReservedCodeCacheSize=512M \
    -XX:+ExitOnOutOfMemoryError -Djdk.attach.allowAttachSelf=true \
    -Dfile.encoding=UTF-8 -Duser.timezone=UTC -cp "$parts/lib/*" \
    -Dconfig=etc/config.properties -Dlog.levels-file=etc/log.properties -Dlog.enable-console=true \
    "$parts/Launch.java" "$version" >log 2>&1 &
  local server=$!
  echo "$server" >pid
  for _ in $(seq 180); do
    if curl -sf "http://127.0.0.1:$port/v1/info" | grep -q '"starting":false'; then
      echo "export LAKEFRONT_TEST_TRINO=http://lakefront@127.0.0.1:$port"
      echo "export LAKEFRONT_TEST_TRINO_TLS=https://127.0.0.1:$tls"
      echo "export LAKEFRONT_TEST_TRINO_CA=$PWD/ca.pem"
      echo "export LAKEFRONT_TEST_TRINO_JWT=$jwt"
      return
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 1
  done
  tail -n 40 log >&2
  kill "$server" 2>/dev/null || true
  exit 1
}

stop() {
  if [ -f "$1/pid" ]; then
    local server
    server=$(cat "$1/pid")
    kill "$server" 2>/dev/null || true
    for _ in $(seq 200); do
      kill -0 "$server" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$server" 2>/dev/null || true
  fi
  rm -rf "$1"
}

case $action:$# in
start:2) start "$2" ;;
stop:2) stop "$2" ;;
test:* | fuzz:* | values:* | grid:*)
  shift
  cd "$(dirname "$0")/../.."
  work=$(mktemp -d)
  trap 'deploy/test/trino.sh stop "$work"' EXIT
  settings=$(deploy/test/trino.sh start "$work")
  eval "$settings"
  if [ "$action" != test ]; then
    python3 "deploy/test/trino/$action.py" "$@"
    exit
  fi
  # Without these the tests would be skipped.
  : "${LAKEFRONT_TEST_TRINO:?}" "${LAKEFRONT_TEST_TRINO_TLS:?}" "${LAKEFRONT_TEST_TRINO_CA:?}" "${LAKEFRONT_TEST_TRINO_JWT:?}"
  rooms=(live linked trino)
  cargo test --workspace --locked --test trino --test suite --test http -- "${rooms[@]/%/::}" "$@" | tee "$work/tests"
  for room in "${rooms[@]}"; do
    grep -q "^test $room::.* ok$" "$work/tests" || { echo "none of the tests $room:: ran" >&2; exit 1; }
  done
  ;;
*)
  sed -n '2,15s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac
