#!/usr/bin/env bash
# An AWS that enforces IAM, for tests, on loopback only: MiniStack in a virtual environment of its own, kept between runs.
#
#   eval "$(deploy/test/aws.sh start DIR)"    starts it, keeps its pid and log in DIR, sets LAKEFRONT_TEST_AWS
#   deploy/test/aws.sh stop DIR               stops it
set -euo pipefail

action=${1-}
dir=${2-}
[ -n "$dir" ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }

. "$(dirname "$0")/python_server.sh"

case $action in
start)
  install_server ministack ministack 'ministack==1.5.33'
  mkdir -p "$dir"
  port=$(free_port)
  (cd "$dir" && AUTH=true IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 GATEWAY_PORT="$port" BIND_HOST=127.0.0.1 \
    exec "$program" >log 2>&1) &
  await_server "$dir" "$port" $! LAKEFRONT_TEST_AWS
  ;;
stop) stop_server "$dir" ;;
*) exec "$0" ;;
esac
