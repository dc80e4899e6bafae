#!/usr/bin/env bash
# The servers that lake.py needs, and the measurement.
#
#   deploy/bench/lake.sh LAKEFRONT [OPTIONS]
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
stop() {
  deploy/test/postgres.sh stop "$work/postgres" || true
  deploy/test/aws.sh stop "$work/aws" || true
  rm -rf "$work"
}
trap stop EXIT
eval "$(deploy/test/postgres.sh start "$work/postgres")"
eval "$(deploy/test/aws.sh start "$work/aws")"
python3 deploy/bench/lake.py "$@"
