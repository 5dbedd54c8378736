#!/usr/bin/env bash
# the reference documentation of every package, which warns of what a public signature uses and nobody can name
set -euo pipefail
cd "$(dirname "$0")/../../.."
exec npm run docs
