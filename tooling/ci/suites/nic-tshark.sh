#!/usr/bin/env bash
# what the NIC's offload engines send, judged by Wireshark's own tools
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tooling/ci/apt.sh

need tshark=tshark
NETCX_HOST_TOOLS=1 npx --no-install vitest run packages/nic-82576/test/tshark.test.ts packages/wires/test/tshark.test.ts
