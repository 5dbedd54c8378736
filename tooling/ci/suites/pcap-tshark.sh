#!/usr/bin/env bash
# what @netcx/pcap reads and writes, judged by Wireshark's own tools
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tooling/ci/apt.sh

need tshark=tshark capinfos=wireshark-common
NETCX_HOST_TOOLS=1 npx --no-install vitest run packages/pcap/test/tshark.test.ts
