#!/usr/bin/env bash
# The servers that lake.py needs, and the measurement.
#
#   deploy/bench/lake.sh LAKEFRONT [OPTIONS]
set -euo pipefail
cd "$(dirname "$0")/../.."

. deploy/test/servers.sh
serve postgres postgres
# The lake that is set up takes no call without TLS.
serve aws aws tls
python3 deploy/bench/lake.py "$@"
