#!/bin/sh
# An S3 server for tests, on loopback only: moto in a virtual environment of its own, kept between runs.
#
#   deploy/test/s3.sh COMMAND…      starts the server, runs COMMAND with LAKEFRONT_TEST_S3 set, stops the server
#
# The port is free at the start; set LAKEFRONT_TEST_S3_PORT to choose one.
set -eu

[ $# -gt 0 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }

venv="${XDG_CACHE_HOME:-$HOME/.cache}/lakefront/moto"
if [ ! -x "$venv/bin/moto_server" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'moto[server,s3]==5.2.5'
fi

port="${LAKEFRONT_TEST_S3_PORT:-$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')}"
log="$(mktemp)"
"$venv/bin/moto_server" -H 127.0.0.1 -p "$port" >"$log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -f "$log"' EXIT INT TERM

endpoint="http://127.0.0.1:$port"
tries=0
until python3 -c "import urllib.request; urllib.request.urlopen('$endpoint/moto-api/', timeout=1)" 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$log" >&2
        exit 1
    fi
    sleep 0.1
done

LAKEFRONT_TEST_S3="$endpoint" "$@"
