#!/usr/bin/env bash
# the reference driver on QEMU's own 82576
set -euo pipefail
cd "$(dirname "$0")/../../.."
exec node tooling/third-party/test-qemu.js
