#!/usr/bin/env bash
# 100,000 frames recorded just now in network namespaces, replayed with every frame equal and in order
set -euo pipefail
cd "$(dirname "$0")/../../.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Ends with 77 where the machine allows no namespaces; its last line says so.
tooling/captures/record-on-the-spot.sh "$folder/recorded.pcap" 100000
node apps/netcx/dist/main.js replay "$folder/recorded.pcap" --verify --json --out "$folder/replayed.pcapng"
