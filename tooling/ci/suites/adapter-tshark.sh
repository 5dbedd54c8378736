#!/usr/bin/env bash
# what the adapter's software does in place of a NIC, and traces of packets, judged by Wireshark's own tools
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tooling/ci/apt.sh

need tshark=tshark
NETCX_HOST_TOOLS=1 npx --no-install vitest run packages/adapter/test/tshark.test.ts packages/adapter/test/tshark-receive.test.ts \
  packages/trace/test/tshark.test.ts
