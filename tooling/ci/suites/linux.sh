#!/usr/bin/env bash
# Linux's igb driver, in two versions, and iPXE judge the NIC model from inside virtual machines, over vfio-user
set -euo pipefail
cd "$(dirname "$0")/../../.."

# Not by npm, whose own last line would hide ours when the suite is skipped.
exec node tooling/scripts/run.js test:linux
