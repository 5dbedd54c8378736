#!/usr/bin/busybox sh
# The guest's first program: mounts what Linux offers, then serves the host's commands on the second serial port.
# Invariant: it never ends, since Linux panics when its first program does.
/usr/bin/busybox mkdir -p /proc /sys /dev /tmp /usr/bin /usr/sbin
/usr/bin/busybox --install -s /usr/bin 2>/dev/null
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mkdir -p /run/netns
depmod
# Nobody here is a router, and a solicitation that waits in the NIC when a test takes the link away makes the driver reset it.
for scope in all default; do echo 0 >/proc/sys/net/ipv6/conf/$scope/router_solicitations; done
ip link set lo up
while :; do
  setsid sh /guest/agent.sh </dev/ttyS1 >/dev/ttyS1 2>&1
  sleep 1
done
