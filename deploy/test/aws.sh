#!/usr/bin/env bash
# An AWS that enforces IAM, for tests, on loopback only: MiniStack in a virtual environment of its own, kept between runs.
#
#   eval "$(deploy/test/aws.sh start DIR)"    starts it, keeps its pid and log in DIR, sets LAKEFRONT_TEST_AWS
#   deploy/test/aws.sh stop DIR               stops it
set -euo pipefail

action=${1-}
dir=${2-}
[ -n "$dir" ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }

case $action in
start)
  venv="${XDG_CACHE_HOME:-$HOME/.cache}/lakefront/ministack"
  if [ ! -x "$venv/bin/ministack" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'ministack==1.5.33' >&2
  fi
  mkdir -p "$dir"
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  (cd "$dir" && AUTH=true IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 GATEWAY_PORT="$port" BIND_HOST=127.0.0.1 \
    exec "$venv/bin/ministack" >log 2>&1) &
  server=$!
  echo "$server" >"$dir/pid"
  for _ in $(seq 300); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "export LAKEFRONT_TEST_AWS=http://127.0.0.1:$port"
      exit 0
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$dir/log" >&2
  kill "$server" 2>/dev/null || true
  exit 1
  ;;
stop)
  [ ! -f "$dir/pid" ] || kill "$(cat "$dir/pid")" 2>/dev/null || true
  rm -rf "$dir"
  ;;
*)
  exec "$0"
  ;;
esac
