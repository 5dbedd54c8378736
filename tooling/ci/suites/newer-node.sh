#!/usr/bin/env bash
# what `npm test` checks, in its quick size, on newer versions of Node, whose V8 has other ideas of what is fast and what is garbage
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tooling/ci/apt.sh

# on VERSION COMMAND...: runs a command with that version of Node, which ships inside a registry package, first on PATH.
on() {
  local version=$1
  shift
  npx --yes --package="node@$version" -- "$@"
}

# fetch VERSION: has that version in npm's cache, or skips the suite.
fetch() {
  local try
  for try in 1 2 3; do
    on "$1" node --version && return
    sleep $((try * 5))
  done
  skip "could not download Node $1 in three tries"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0
versions=(22 24)
# All before the first is tested: a suite that is skipped has counted nothing.
for version in "${versions[@]}"; do fetch "$version"; done
for version in "${versions[@]}"; do
  NETCX_TEST_SIZE=quick on "$version" node tooling/scripts/run.js check | tee "$log" || true # counted below
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
  read -r p _ f _ s _ <<<"$line"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
