#!/usr/bin/env bash
# Linux's TCP/IP above two drivers and two NIC models, between two network namespaces
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tooling/ci/apt.sh

need ip=iproute2 ping=iputils-ping iperf3=iperf3 curl=curl tshark=tshark passt=passt
exec node tooling/net/test-net.js
