# shellcheck shell=bash
# The catalogue of shipped captures: how each link is set up, and the commands that make its traffic.
# Sourced after namespaces.sh by scripts that set $here, this folder.
# Invariant: the notes beside the captures are printed from this file (describe.sh), so they say what was really run.

# name | file format | timestamps | MTU | offloads | address families | what it holds
# shellcheck disable=SC2034 # read by record.sh and describe.sh
recorded=(
  'http-download|pcap|micro|1500|off|ipv4|One HTTP download of 120,000 bytes of generated text over TCP and IPv4.'
  'dns|pcap|micro|1500|off|both|DNS over IPv4 and IPv6: A, AAAA, TXT, MX, SRV, CNAME, NXDOMAIN, and a truncated answer asked for again over TCP.'
  'ipv6|pcapng|nano|1500|off|both|An IPv6 host that comes up and works: duplicate address detection, multicast listener reports, router solicitations, neighbour discovery, ping, ICMPv6 errors, HTTP.'
  'icmp|pcap|nano|1500|off|ipv4|ICMP: pings of many sizes, IP options, time exceeded, fragmentation needed, and three kinds of unreachable.'
  'ip-fragments|pcap|micro|1500|off|both|Datagrams longer than the MTU, fragmented by their sender: pings over IPv4 and IPv6, UDP there and back.'
  'jumbo|pcapng|nano|9000|off|both|Jumbo frames (MTU 9000): pings that fill the MTU, and HTTP over IPv4 and IPv6.'
  'short-frames|pcap|micro|1500|off|ipv4|Frames below the 60 bytes of a wire: ARP, pings of 0 to 19 bytes, UDP datagrams of 1 to 20, TCP without timestamps. A NIC pads them; this link did not.'
  'udp-tcp-mix|pcap|micro|1500|off|both|iperf3: UDP datagrams of 32, 512 and 1400 bytes over IPv4 and IPv6, TCP both ways, each with its TCP control connection.'
  'above-segmentation-offload|pcap|micro|1500|on|both|Above the segmentation offload: HTTP downloads recorded before anything cut or checksummed them. TCP frames of up to 64 KiB at an MTU of 1500, longer than a NIC can send, and unfinished checksums.'
)

get() { curl --silent --show-error --fail --max-time 10 --user-agent capture --output /dev/null "$@"; }
ask() { dig +tries=1 +time=2 +nocookie "$@" >/dev/null; }

# Not every ping is meant to be answered.
pings() { ping -n -q -W 1 "$@" >/dev/null || true; }

# The servers of the catalogue; they listen on every address, so they outlive a link.
# shellcheck disable=SC2154 # $here is set where this file is sourced, the addresses in namespaces.sh
start_servers() {
  serve 80 node "$here/text-server.mjs" 80
  serve 7 socat -b 65535 UDP6-RECVFROM:7,ipv6only=0,fork PIPE
  serve 5201 iperf3 --server
  serve 53 dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root --group=root --pid-file \
    --log-facility=- --local=/example/ --local-ttl=300 \
    --host-record="server.example,$server4,$server6" --cname=www.example,server.example \
    --mx-host=mail.example,server.example,10 --srv-host=_http._tcp.example,server.example,80 \
    --txt-record=greeting.example,"every frame equal and in order" \
    --txt-record=long.example,"$(printf '%0200d,%0200d,%0200d,%0200d,%0200d,%0200d,%0200d,%0200d' 1 2 3 4 5 6 7 8)"
}

traffic_http_download() {
  get http://192.0.2.2/text/120000
}

traffic_dns() {
  local server
  for server in 192.0.2.2 2001:db8::2; do
    ask @"$server" server.example A
    ask @"$server" server.example AAAA
    ask @"$server" www.example A
    ask @"$server" mail.example MX
    ask @"$server" _http._tcp.example SRV
    ask @"$server" greeting.example TXT
    ask @"$server" absent.example A
    ask @"$server" long.example TXT
    ask @"$server" +noedns +ignore long.example TXT
    ask @"$server" +tcp server.example A
  done
}

traffic_ipv6() {
  # Down and up again: the client makes its addresses anew, and for once asks for routers.
  sysctl -qw net.ipv6.conf.wire.accept_ra=1
  ip link set wire down
  ip link set wire up
  ip address add 2001:db8::1/64 dev wire
  sleep 2.5
  pings -c 2 2001:db8::2
  pings -c 1 -s 0 2001:db8::2
  pings -c 1 -s 1452 2001:db8::2
  pings -c 2 ff02::1%wire
  pings -c 1 2001:db8::99
  ip route add 2001:db8:1::/48 via 2001:db8::2
  on_server ip route add 2001:db8:1:1::/64 via 2001:db8::1 mtu 1280
  on_server ip route add prohibit 2001:db8:1:2::/64
  pings -c 1 -t 1 2001:db8:1:1::7
  pings -c 1 -M "do" -s 1400 2001:db8:1:1::7
  pings -c 1 2001:db8:1:2::7
  echo closed >/dev/udp/2001:db8::2/9
  get 'http://[2001:db8::2]/text/50000'
}

traffic_icmp() {
  local bytes
  for bytes in 0 1 17 18 19 56 57 512 1000 1471 1472; do
    pings -c 2 -i 0.01 -s "$bytes" 192.0.2.2
  done
  pings -c 1 -R 192.0.2.2
  pings -c 1 -T tsandaddr 192.0.2.2
  ip route add 198.51.100.0/24 via 192.0.2.2
  on_server ip route add 198.51.100.0/25 via 192.0.2.1 mtu 1000
  on_server ip route add unreachable 198.51.100.128/26
  on_server ip route add prohibit 198.51.100.192/26
  pings -c 2 -i 0.01 -t 1 198.51.100.7
  pings -c 1 -M "do" -s 1200 198.51.100.7
  pings -c 1 198.51.100.129
  pings -c 1 198.51.100.193
  echo closed >/dev/udp/192.0.2.2/9
}

traffic_ip_fragments() {
  local server bytes
  for server in 192.0.2.2 2001:db8::2; do
    for bytes in 1473 4000 8000; do
      pings -c 1 -s "$bytes" "$server"
    done
  done
  for server in UDP4:192.0.2.2:7 'UDP6:[2001:db8::2]:7'; do
    printf '%05000d' 0 | socat -b 65535 -t 0.3 - "$server" >/dev/null
  done
}

traffic_jumbo() {
  local server
  for server in 192.0.2.2 2001:db8::2; do
    pings -c 1 -s 1473 "$server"
    pings -c 1 -M "do" -s 8000 "$server"
    pings -c 1 -M "do" -s 8952 "$server"
  done
  pings -c 1 -M "do" -s 8972 192.0.2.2
  get http://192.0.2.2/text/60000
  get 'http://[2001:db8::2]/text/60000'
}

traffic_short_frames() {
  local bytes
  for bytes in 0 1 2 15 16 17 18 19; do
    pings -c 1 -s "$bytes" 192.0.2.2
  done
  for bytes in 1 2 3 16 17 18 19 20; do
    printf "%0${bytes}d" 0 | socat -t 0.1 - UDP4:192.0.2.2:7 >/dev/null
  done
  pings -c 1 192.0.2.99
  sysctl -qw net.ipv4.tcp_timestamps=0
  get http://192.0.2.2/text/5
  sysctl -qw net.ipv4.tcp_timestamps=1
}

traffic_udp_tcp_mix() {
  local server
  local iperf=(iperf3 --repeating-payload)
  for server in 192.0.2.2 2001:db8::2; do
    "${iperf[@]}" --client "$server" --udp --length 32 --bitrate 400K --bytes 2K >/dev/null
    "${iperf[@]}" --client "$server" --udp --length 512 --bitrate 4M --bytes 10K >/dev/null
    "${iperf[@]}" --client "$server" --udp --length 1400 --bitrate 8M --bytes 20K >/dev/null
  done
  "${iperf[@]}" --client 192.0.2.2 --length 4K --bytes 40K >/dev/null
  "${iperf[@]}" --client 192.0.2.2 --length 4K --bytes 40K --reverse >/dev/null
}

traffic_above_segmentation_offload() {
  get http://192.0.2.2/text/250000
  get 'http://[2001:db8::2]/text/150000'
}
