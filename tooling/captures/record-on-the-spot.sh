#!/usr/bin/env bash
# Records a large capture now: at least FRAMES frames (100,000 unless said) of mixed traffic between two network namespaces,
# MTU 1500, every offload off, frames whole. For suites that replay traffic nobody has looked at before.
#   record-on-the-spot.sh OUT.pcap [FRAMES]
# Exits 77 when this machine cannot: namespaces denied, or a package that can neither be found nor installed.
# Invariant: OUT.pcap appears only when it is complete; without one, the exit code is not 0.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=namespaces.sh
source "$here/namespaces.sh"

get() { curl --silent --show-error --fail --max-time 120 --output /dev/null "$@"; }

# iperf3 can wait for ever for a datagram that the link lost, and a lost datagram is only more of the mix: no error here.
iperf() { timeout 5 iperf3 --client "$@" >/dev/null 2>&1 || true; }

# Only root may send the next ping as soon as the last one is answered.
pace=(-f)
[ "$(id -u)" -eq 0 ] || pace=(-i 0.002)
flood() { ping -q -n -W 1 "${pace[@]}" "$@" >/dev/null || true; }

# One round: about 20,000 frames of many lengths, fragments included, from both ends, over IPv4 and IPv6.
round() {
  local server url length
  for url in "http://$server4/text/6000000" "http://[$server6]/text/6000000"; do get "$url"; done
  for server in "$server4" "$server6"; do
    iperf "$server" --bytes 3M --parallel 4
    iperf "$server" --bytes 3M --reverse
    for length in 16 100 700 1400; do iperf "$server" --udp --bitrate 0 --length "$length" --bytes $((length * 400)); done
    for length in 0 56 1400 4000; do flood -c 200 -s "$length" "$server"; done
  done
}

record() {
  local out=$1 frames=$2 rounds=0
  open_server_namespace
  open_link 1500 off both
  serve 80 node "$here/text-server.mjs" 80
  serve 5201 iperf3 --server
  start_capture "$out" -c "$frames" -B 65536 --time-stamp-precision=nano
  while capturing; do
    round
    rounds=$((rounds + 1))
    sleep 0.1 # tcpdump reads what the last frames filled
  done
  stop_capture
  say "recorded $frames frames in $rounds rounds and $SECONDS s, $(wc -c <"$out") bytes, $dropped frames not recorded for want of buffers"
}

if [ "${1-}" = --inside ]; then
  work=$2
  record "$3" "$4"
  exit
fi

if [ $# -lt 1 ] || [ "${1#-}" != "$1" ]; then fail "usage: record-on-the-spot.sh OUT.pcap [FRAMES]"; fi
out=$1 frames=${2:-100000}
[[ $frames =~ ^[1-9][0-9]{0,7}$ ]] || fail "expected a number of frames, got '$frames'"
work=$(mktemp -d)
partial=$out.partial.$$ # beside OUT.pcap, so that the last step is a rename
trap 'leave_namespaces; rm -rf "$work" "$partial"' EXIT
touch "$partial" # before any work, so that a folder that cannot be written says so at once
need ip=iproute2 sysctl=procps tcpdump=tcpdump iperf3=iperf3 curl=curl ping=iputils-ping ethtool=ethtool
inside_namespaces 600 "${BASH_SOURCE[0]}" --inside "$work" "$partial" "$frames"
mv "$partial" "$out"
