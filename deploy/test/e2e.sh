#!/usr/bin/env bash
# The binary as it is used: the browser's tests, a lake on an emulated AWS, functions of constants and columns, then the
# attacks.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/test/prepare.sh
# The binary that the other tests use: `cargo build` alone would choose other features and build the engine again.
cargo test --workspace --locked --no-run
export LAKEFRONT_BIN="${LAKEFRONT_BIN:-${CARGO_TARGET_DIR:-$PWD/target}/debug/lakefront}"
(cd e2e && npm run --silent check && npm test --silent -- "$@")
deploy/test/setup_aws.sh "$LAKEFRONT_BIN"
python3 deploy/test/trino/places.py "$LAKEFRONT_BIN" --rounds 1
# Promised times are for the release; this build is several times slower.
python3 deploy/test/security.py "$LAKEFRONT_BIN" --slack 6
