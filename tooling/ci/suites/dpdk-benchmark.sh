#!/usr/bin/env bash
# the thin slice beside DPDK testpmd's null devices, as a ratio within one run
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tooling/ci/apt.sh

need dpdk-testpmd=dpdk-dev
npm run bench -- testpmd
