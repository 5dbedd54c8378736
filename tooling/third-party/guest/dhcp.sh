#!/bin/sh
# What udhcpc calls: takes the address that was offered, and remembers who else there is.
[ "$1" = bound ] || exit 0
/usr/bin/ip address replace "$ip/$mask" dev "$interface"
echo "$router" >/tmp/router
echo "$siaddr" >/tmp/server
