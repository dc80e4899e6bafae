#!/usr/bin/env bash
# An S3 server for tests, on loopback only: moto in a virtual environment of its own, kept between runs.
#
#   eval "$(deploy/test/s3.sh start DIR)"    starts it, keeps its pid and log in DIR, sets LAKEFRONT_TEST_S3
#   deploy/test/s3.sh stop DIR               stops it
set -euo pipefail

action=${1-}
dir=${2-}
[ -n "$dir" ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }

. "$(dirname "$0")/python_server.sh"

case $action in
start)
  install_server moto moto_server 'moto[server,s3]==5.2.5'
  mkdir -p "$dir"
  port=$(free_port)
  "$program" -H 127.0.0.1 -p "$port" >"$dir/log" 2>&1 &
  await_server "$dir" "$port" $! LAKEFRONT_TEST_S3
  ;;
stop) stop_server "$dir" ;;
*) exec "$0" ;;
esac
