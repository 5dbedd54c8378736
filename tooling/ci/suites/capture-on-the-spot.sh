#!/usr/bin/env bash
# 100,000 frames recorded just now in network namespaces, replayed with every frame equal and in order
set -euo pipefail
cd "$(dirname "$0")/../../.."

frames=100000
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Ends with 77 where the machine allows no namespaces; its last line says so.
tooling/captures/record-on-the-spot.sh "$folder/recorded.pcap" "$frames"
node apps/netcx/dist/main.js replay "$folder/recorded.pcap" --out "$folder/replayed.pcapng" --verify --json >"$folder/report.json" || {
  cat "$folder/report.json"
  exit 1
}
node --input-type=module - "$folder/report.json" "$frames" <<'PROGRAM'
import { readFileSync } from 'node:fs';
import { strictEqual, ok } from 'node:assert';

const [file, least] = process.argv.slice(2);
const { ok: isGood, verdict, frames, buffers } = JSON.parse(readFileSync(file, 'utf8'));
const { read, equal, padded } = frames;
ok(isGood, verdict);
ok(read >= Number(least), `${read} frames were read, not ${least}`);
strictEqual(equal + padded, read, 'every frame equal, the short ones padded');
strictEqual(buffers.leaked, 0);
console.log(verdict);
PROGRAM
