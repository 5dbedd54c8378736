#!/usr/bin/env bash
# Records the captures that ship with netcx, anew: real traffic between two network namespaces, by tcpdump.
#   record.sh [FOLDER]        the folder is apps/netcx/captures unless said
# Invariant: nothing in the folder changes unless every capture was recorded without loss and passed check.sh.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=namespaces.sh
source "$here/namespaces.sh"
# shellcheck source=traffic.sh
source "$here/traffic.sh"

# Inside the namespaces: every capture of the catalogue, into $work.
record_all() {
  local line name format precision mtu offloads family holds
  open_server_namespace
  start_servers
  for line in "${recorded[@]}"; do
    IFS='|' read -r name format precision mtu offloads family holds <<<"$line"
    open_link "$mtu" "$offloads" "$family"
    # What the kernel says of its own accord when a link comes up is over by then.
    [ "$family" = ipv4 ] || sleep 3
    start_capture "$work/$name.raw" --immediate-mode --time-stamp-precision="$precision"
    "traffic_${name//-/_}"
    stop_capture
    [ "$dropped" = 0 ] || fail "$name: tcpdump lost $dropped frames"
    case $format in
      pcap) mv "$work/$name.raw" "$work/out/$name.pcap" ;;
      pcapng) editcap -F pcapng --capture-comment "$holds" "$work/$name.raw" "$work/out/$name.pcapng" ;;
    esac
    say "recorded $name"
  done
}

if [ "${1-}" = --inside ]; then
  work=$2
  record_all
  exit
fi

folder=${1:-$here/../../apps/netcx/captures}
work=$(mktemp -d)
trap 'leave_namespaces; rm -rf "$work"' EXIT
need ip=iproute2 sysctl=procps tcpdump=tcpdump tshark=tshark editcap=wireshark-common ping=iputils-ping ethtool=ethtool \
  curl=curl dig=bind9-dnsutils dnsmasq=dnsmasq-base iperf3=iperf3 socat=socat
mkdir "$work/out"
inside_namespaces 120 "${BASH_SOURCE[0]}" --inside "$work"
node "$here/made.mjs" vlan "$work/out/icmp.pcap" "$work/out/vlan-tagged-made.pcap"
node "$here/made.mjs" qinq "$work/out/ip-fragments.pcap" "$work/out/qinq-tagged-made.pcap"
node "$here/made.mjs" big-endian "$work/out/dns.pcap" "$work/out/big-endian-made.pcap"
bash "$here/check.sh" "$work/out"
bash "$here/describe.sh" "$work/out" >"$work/README.md"
mv "$work/README.md" "$work/out/"
mkdir -p "$folder"
rm -f "$folder"/*.pcap "$folder"/*.pcapng
mv "$work/out/"* "$folder/"
say "the captures and their README are in $folder"
