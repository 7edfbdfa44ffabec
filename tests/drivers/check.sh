#!/bin/sh
# check.sh: holds the drivers that need nothing but a file system to the conformance kit.  Run by make check in the build tree.
set -u
failed=0
run() {
    driver=$1; shift
    if [ ! -e "$driver" ]; then
        echo "# $driver is not built: left out"
        return
    fi
    echo "== $driver $*"
    ./cairn-driver-check "$driver" "$@" || failed=1
}
run drivers/storage/.libs/storage-file.so reserved=0
run drivers/storage/.libs/storage-file.so reserved=0 format=raw
run drivers/storage/.libs/storage-fake.so
run drivers/storage/.libs/storage-fake.so memory_max=1M
run drivers/compute/.libs/compute-fake.so
run drivers/network/.libs/network-fake.so
run drivers/storage/.libs/storage-debug.so
run drivers/compute/.libs/compute-debug.so
run drivers/network/.libs/network-debug.so
# images that do not fit the memory are in files, and then have descriptors
run drivers/storage/.libs/storage-fake.so memory_max=1K --only "an image's descriptor"

# the kit itself: a driver that breaks a promise is told, in words
broken() {
    driver=$1 promise=$2; shift 2
    [ -e "$driver" ] || return
    echo "== $driver $* (shall fail)"
    out=$(./cairn-driver-check "$driver" "$@" 2>&1)
    status=$?
    if [ $status -ne 1 ] || ! echo "$out" | grep -q "^not ok .*$promise"; then
        echo "$out"
        echo "cairn-driver-check did not notice: exit status $status"
        failed=1
    fi
}
broken drivers/storage/.libs/storage-fake.so "deleted for good" fail=volume_delete=internal
broken drivers/compute/.libs/compute-fake.so "a server reboots" fail=server_reboot=unavailable:1
broken drivers/network/.libs/network-fake.so "a port is plugged" fail=port_unplug=internal
rules=$(mktemp -d) || exit 1
trap 'rm -rf "$rules"' EXIT
echo 'volume_create rubbish' > "$rules/storage"
echo 'server_state rubbish' > "$rules/compute"
echo 'port_plug rubbish' > "$rules/network"
broken drivers/storage/.libs/storage-debug.so "a volume grows" script="$rules/storage"
broken drivers/compute/.libs/compute-debug.so "a server pauses" script="$rules/compute"
broken drivers/network/.libs/network-debug.so "a port is plugged" script="$rules/network"
exit $failed
