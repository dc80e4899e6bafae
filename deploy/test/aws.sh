#!/usr/bin/env bash
# An AWS that enforces IAM, for tests, on loopback only: MiniStack in a virtual environment of its own, kept between runs.
#
#   eval "$(deploy/test/aws.sh start DIR)"    starts it, keeps its pid and log in DIR, sets LAKEFRONT_TEST_AWS
#   deploy/test/aws.sh start DIR tls          the same by https alone; sets SSL_CERT_FILE, too, so that it is trusted
#   deploy/test/aws.sh stop DIR               stops it
set -euo pipefail

action=${1-}
dir=${2-}
[ -n "$dir" ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }

. "$(dirname "$0")/python_server.sh"

case $action in
start)
  install_server ministack ministack 'ministack==1.5.33'
  mkdir -p "$dir"
  port=$(free_port)
  certificate=$(cd "$dir" && pwd)/certificate.pem
  if [ "${3-}" = tls ]; then
    # An authority and what it signs: one certificate for both is not trusted.
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=test \
      -keyout "$dir/authority.key" -out "$certificate" 2>/dev/null
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=127.0.0.1 -CA "$certificate" -CAkey "$dir/authority.key" \
      -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE \
      -keyout "$dir/server.key" -out "$dir/server.pem" 2>/dev/null
    export USE_SSL=1 MINISTACK_SSL_CERT=${certificate%/*}/server.pem MINISTACK_SSL_KEY=${certificate%/*}/server.key
  fi
  (cd "$dir" && AUTH=true IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 GATEWAY_PORT="$port" BIND_HOST=127.0.0.1 \
    exec "$program" >log 2>&1) &
  if [ "${3-}" = tls ]; then
    await_server "$dir" "$port" $! LAKEFRONT_TEST_AWS | sed 's/http:/https:/'
    echo "export SSL_CERT_FILE=$certificate"
  else
    await_server "$dir" "$port" $! LAKEFRONT_TEST_AWS
  fi
  ;;
stop) stop_server "$dir" ;;
*) exec "$0" ;;
esac
