#!/bin/bash
# linuxbridge.sh: the linuxbridge driver on a real kernel, inside a lab.  77: this machine cannot, and why.
set -u
src=${srcdir:-.}; top=${top_builddir:-.}
name=${LAB:-net-$$}
skip() { echo "SKIP: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root"
for p in ip nft dnsmasq busybox ping nsenter; do command -v $p > /dev/null || skip "needs $p"; done
[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
[ -e /proc/sys/net/bridge ] || modprobe br_netfilter 2> /dev/null || skip "the kernel has no br_netfilter"
driver=$top/drivers/network/.libs/network-linuxbridge.so
[ -f "$driver" ] || skip "the driver was not built"
lab=$src/tests/beds/lab
trap '"$lab" --end "$name"' EXIT
"$lab" "$name" true || skip "cannot make a lab"
timeout 300 "$lab" "$name" "$top/tests/drivers/linuxbridge_test" "$driver" "$top/tests/drivers/tapguest"
