# shellcheck shell=bash disable=SC2154,SC2034
# Sourced by the recording scripts: the tools they need, two network namespaces joined by a veth pair, and tcpdump on it.
# The script that sources it sets $here, this folder, and $work, one for logs; in a trap it removes $work and calls leave_namespaces.
# Invariant: nothing outlives the script. Both namespaces belong to one process tree with a PID namespace of its own, so
# the kernel removes them, the link and every process when that tree ends, even when it is killed.

readonly client_mac=02:00:00:00:00:01 server_mac=02:00:00:00:00:02
readonly client4=192.0.2.1 server4=192.0.2.2 client6=2001:db8::1 server6=2001:db8::2
PATH=$PATH:/usr/sbin:/sbin # where Debian keeps ip, ethtool and sysctl, and where not every user looks

# shellcheck source=../ci/apt.sh
source "$here/../ci/apt.sh" # need and skip

say() { echo "${0##*/}: $*" >&2; }
fail() { say "$*"; exit 1; }

# inside_namespaces SECONDS SCRIPT [ARGUMENT...]: runs the script with every right in namespaces of its own, killed when the
# time is up. The caller's exit trap calls leave_namespaces, so that a signal to the caller ends the script too.
inside_namespaces() {
  local limit=$1 flags=(--net --mount --pid --fork --kill-child --mount-proc) code=0
  shift
  # Root needs no user namespace. Anyone else gets the rights but not the name: tcpdump as root wants to become another
  # user, and a user namespace has no other.
  [ "$(id -u)" -eq 0 ] || flags+=(--user --map-current-user --keep-caps)
  unshare "${flags[@]}" true 2>"$work/unshare.log" ||
    skip "this machine denies network namespaces ($(tail -n 1 "$work/unshare.log"))"
  unshare "${flags[@]}" timeout --foreground --signal=KILL "$limit" bash "$@" </dev/null &
  namespaces_pid=$!
  wait "$namespaces_pid" 2>/dev/null || code=$?
  namespaces_pid=
  [ "$code" -ne 137 ] || fail "killed after $SECONDS s (it may take $limit s)"
  return "$code"
}

# unshare ignores the gentler signals; --kill-child takes the whole tree down with it.
namespaces_pid=
leave_namespaces() { [ -z "$namespaces_pid" ] || kill -KILL "$namespaces_pid" 2>/dev/null || true; }

# The script's own namespace is the client's; a sleeping process holds the server's.
open_server_namespace() {
  unshare --net sleep infinity &
  server_pid=$!
  disown "$server_pid" # bash then says nothing when it is killed
  until [ "$(readlink "/proc/$server_pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
  ip link set lo up
  on_server ip link set lo up
  # The server answers as a router does, and every time: the rate limits of ICMP errors would make a capture a matter of luck.
  on_server sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratemask=0 net.ipv6.conf.all.forwarding=1 net.ipv6.icmp.ratelimit=0
}

on_client() { "$@"; }
on_server() { nsenter --target "$server_pid" --net "$@"; }

# open_link MTU on|off ipv4|both: a new veth pair, fixed MACs, addresses from the ranges kept for documentation.
# "off" switches every segmentation, coalescing and checksum offload off at both ends: what is recorded is what a wire carries.
open_link() {
  local mtu=$1 offloads=$2 family=$3 end
  ip link delete wire 2>/dev/null || true
  ip link add wire address "$client_mac" mtu "$mtu" type veth \
    peer name wire address "$server_mac" mtu "$mtu" netns "$server_pid" 2>"$work/veth.log" ||
    skip "this machine denies a veth pair ($(tail -n 1 "$work/veth.log"))"
  for end in on_client on_server; do
    [ "$offloads" = on ] || "$end" ethtool -K wire tso off gso off gro off tx off rx off >"$work/ethtool.log"
    [ "$family" = both ] || "$end" sysctl -qw net.ipv6.conf.wire.disable_ipv6=1
    "$end" sysctl -qw net.ipv6.conf.wire.accept_ra=0 # else it asks for routers, at times of its own choosing
    "$end" ip link set wire up
    "$end" ip tcp_metrics flush >/dev/null 2>&1 || true # what an earlier link taught TCP is not to shape this one's traffic
  done
  on_client ip address add "$client4/24" dev wire
  on_server ip address add "$server4/24" dev wire
  [ "$family" = both ] || return 0
  on_client ip address add "$client6/64" dev wire nodad
  on_server ip address add "$server6/64" dev wire nodad
}

# wait_for WHAT COMMAND...: up to a minute, for a thing that another process is about to do.
wait_for() {
  local what=$1
  shift
  for _ in $(seq 1200); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.05
  done
  tail -n 3 "$work"/*.log >&2
  fail "$what did not come within a minute"
}

listening() { on_server ss -Hlntu "sport = :$1" | grep -q .; }

# serve PORT COMMAND...: starts a server in the server's namespace and waits for its port.
serve() {
  local port=$1
  shift
  on_server "$@" </dev/null >"$work/serve-$port.log" 2>&1 &
  disown $!
  wait_for "the server on port $port" listening "$port"
}

# start_capture FILE [tcpdump option...]: records the server's end of the link.
start_capture() {
  local file=$1
  shift
  local as_is=()
  [ "$(id -u)" -ne 0 ] || as_is=(-Z root) # else it becomes a user of its own, who cannot write here
  nsenter --target "$server_pid" --net tcpdump -i wire -p -n -s 0 "${as_is[@]}" -w "$file" "$@" </dev/null 2>"$work/tcpdump.log" &
  capture_pid=$!
  wait_for 'the start of tcpdump' grep -q 'listening on' "$work/tcpdump.log"
}

capturing() { [ -d "/proc/$capture_pid" ] && ! grep -q '^State:.Z' "/proc/$capture_pid/status" 2>/dev/null; }

# Ends the capture if it is not over yet; `dropped` is then the number of frames that the kernel did not hand over.
stop_capture() {
  capturing && sleep 0.3 && kill "$capture_pid"
  wait "$capture_pid" || fail "tcpdump failed: $(tail -n 2 "$work/tcpdump.log")"
  dropped=$(sed -n 's/^\([0-9]*\) packets\{0,1\} dropped by kernel$/\1/p' "$work/tcpdump.log")
}
