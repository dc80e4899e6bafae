#!/usr/bin/env bash
# Builds the workspace once and runs all of its tests, with a private PostgreSQL, PgBouncer and S3 on loopback.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/test/prepare.sh
work=$(mktemp -d)
stop() {
  deploy/test/postgres.sh stop "$work/postgres" || true
  deploy/test/s3.sh stop "$work/s3" || true
  deploy/test/aws.sh stop "$work/aws" || true
  rm -rf "$work"
}
trap stop EXIT

cargo test --workspace --locked --no-run
eval "$(deploy/test/postgres.sh start "$work/postgres")"
eval "$(deploy/test/s3.sh start "$work/s3")"
# The same server plays Glue.
export LAKEFRONT_TEST_MOTO="$LAKEFRONT_TEST_S3"
# This one knows who may do what.
eval "$(deploy/test/aws.sh start "$work/aws")"
cargo test --workspace --locked "$@"
