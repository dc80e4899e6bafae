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

. deploy/test/servers.sh
serve aws plain
export LAKEFRONT_TEST_AWS_PLAIN="$LAKEFRONT_TEST_AWS"
serve aws aws tls
"${program%/*}/python" deploy/test/setup_aws.py "$binary" "$work/test"
