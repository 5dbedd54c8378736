# Read before every script of the host: what the scripts share.

# busybox's shell takes its own applets for these names; the guest has the real programs.
ip() { /usr/bin/ip -color=never "$@"; }
nstat() { /usr/bin/nstat "$@"; }

# on NAMESPACE COMMAND...
on() { /usr/bin/ip netns exec "$@"; }

# until_true COMMAND...: until the command succeeds. The limit is for what hangs, not for what is slow: the machine below may be
# busy, and each of these is a matter of a second or two on one that is not.
until_true() {
  limit=$(($(date +%s) + 240))
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$limit" ] || { echo "not true in time: $*"; "$@"; return 1; }
    usleep 50000
  done
}

has_carrier() { [ "$(cat "/sys/class/net/$1/carrier" 2>/dev/null)" = 1 ]; }
has_no_carrier() { [ "$(cat "/sys/class/net/$1/carrier" 2>/dev/null)" = 0 ]; }
# The same inside a namespace, where sysfs shows its own devices.
carrier_in() { on "$1" grep -qx "$3" "/sys/class/net/$2/carrier"; }

# ready NAME: loads the driver's NIC, brings it up and waits for its link.
ready() {
  until_true test -e "/sys/class/net/$1" && ip link set "$1" up && until_true has_carrier "$1"
}

# two_namespaces: eth0 in namespace a, eth1 in namespace b, with addresses of both families and their links up.
two_namespaces() {
  for pair in 'a eth0 1' 'b eth1 2'; do
    set -- $pair
    until_true test -e "/sys/class/net/$2" || return 1
    test -e "/run/netns/$1" || ip netns add "$1" || return 1
    ip link set "$2" netns "$1" || return 1
    on "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
    in_namespace "$1" "$2" "$3" || return 1
  done
  until_true carrier_in a eth0 1 && until_true carrier_in b eth1 1
}

# in_namespace NAMESPACE DEVICE NUMBER: what a device needs again after its driver was reloaded.
in_namespace() {
  on "$1" ip link set lo up
  on "$1" ip address replace "192.0.2.$3/24" dev "$2" &&
    on "$1" ip -6 address replace "2001:db8::$3/64" dev "$2" nodad && on "$1" ip link set "$2" up
}

# streams PROTOCOL ADDRESS_A ADDRESS_B COUNT KIB: that many streams each way between the namespaces, all at the same time.
streams() {
  killall -q -KILL perl # of streams that were given up
  seed=$(cat /proc/sys/kernel/random/uuid | cut -c 1-6)
  on b perl /guest/streams.pl "$1" "$3" "$2" "$4" "$5" "$((0x$seed))" >/tmp/streams-b 2>&1 &
  on a perl /guest/streams.pl "$1" "$2" "$3" "$4" "$5" "$((0x$seed))" >/tmp/streams-a 2>&1
  code=$?
  wait $! && [ $code = 0 ] || { sed 's/^/a: /' /tmp/streams-a; sed 's/^/b: /' /tmp/streams-b; return 1; }
  cat /tmp/streams-a /tmp/streams-b
}

# streams_until FILE ...: such streams, one lot after the other, until the file exists.
streams_until() {
  end=$1
  shift
  until test -e "$end"; do streams "$@" || return 1; done
}

# background NAME COMMAND...: runs it beside what follows; `finished NAME` waits for its end and gives its code.
background() {
  name=$1
  shift
  rm -f "/tmp/$name.code"
  { "$@" >"/tmp/$name.log" 2>&1; echo $? >"/tmp/$name.code"; } &
}
finished() {
  until_true test -s "/tmp/$1.code" || { echo "$1 did not end"; cat "/tmp/$1.log"; look; return 1; }
  cat "/tmp/$1.log"
  return "$(cat "/tmp/$1.code")"
}

# look: how connections and NICs are, for whoever has to find out why something did not end.
look() {
  for pair in 'a eth0' 'b eth1'; do
    set -- $pair
    on "$1" ss -Htnoi
    on "$1" ethtool -S "$2" | grep -v ': 0$'
  done
}

# handed DEVICE SIZE: how often Linux handed the device a datagram to cut into segments of that size, since `watch_handed`.
watch_handed() {
  test -e /sys/kernel/tracing/trace || mount -t tracefs tracefs /sys/kernel/tracing
  echo "gso_size == $1" >/sys/kernel/tracing/events/net/net_dev_start_xmit/filter
  echo >/sys/kernel/tracing/trace
  echo 1 >/sys/kernel/tracing/events/net/net_dev_start_xmit/enable
}
handed() {
  echo 0 >/sys/kernel/tracing/events/net/net_dev_start_xmit/enable
  grep -c "dev=$1 .*gso_size=$2 " /sys/kernel/tracing/trace
}
