#!/usr/bin/env bash
# `lakefront setup aws` from its plan to its end, on an AWS that enforces IAM and takes TLS alone.
#
#   deploy/test/setup_aws.sh LAKEFRONT
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "$0")/../.."

. deploy/test/python_server.sh
# It brings boto3, the AWS of other people's programs.
install_server moto moto_server 'moto[server,s3]==5.2.5'

work=$(mktemp -d)
stop() {
  deploy/test/aws.sh stop "$work/aws" || true
  deploy/test/aws.sh stop "$work/plain" || true
  rm -rf "$work"
}
trap stop EXIT
eval "$(deploy/test/aws.sh start "$work/plain")"
export LAKEFRONT_TEST_AWS_PLAIN="$LAKEFRONT_TEST_AWS"
eval "$(deploy/test/aws.sh start "$work/aws" tls)"
"${program%/*}/python" deploy/test/setup_aws.py "$binary" "$work/test"
