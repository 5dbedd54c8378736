#!/usr/bin/env bash
# the C twin of the data path, made from the built packages' structs: it compiles, and what leaves it is what came
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tooling/ci/apt.sh

need gcc=gcc
for adapters in 2 16; do
  node apps/reference-driver/bench/twin.mjs 64 "$adapters"
done
