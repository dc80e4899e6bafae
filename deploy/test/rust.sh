#!/usr/bin/env bash
# Builds the workspace once and runs all of its tests, with a private PostgreSQL, PgBouncer and S3 on loopback.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/test/prepare.sh
. deploy/test/servers.sh

cargo test --workspace --locked --no-run
serve postgres postgres
serve s3 s3
# The same server plays Glue.
export LAKEFRONT_TEST_MOTO="$LAKEFRONT_TEST_S3"
# This one knows who may do what.
serve aws aws
cargo test --workspace --locked "$@"
