#!/bin/bash
# rbd.sh: holds the rbd driver to the conformance kit and runs rbd_test, on a real Ceph in a lab of its own.  Ends with 77 when something it needs is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(pwd)
beds=$here/../beds
name=rbd-test-$$

skip() { echo "SKIP: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root (network namespace)"
for tool in ip nsenter unshare qemu-img rbd rados; do
    command -v $tool > /dev/null || skip "needs $tool"
done
module=$build/drivers/storage/.libs/storage-rbd.so
[ -e "$module" ] || skip "the rbd driver is not built"

work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-rbd-XXXXXX")
trap '"$beds/ceph" down "$work/ceph"; "$beds/lab" --end "$name"; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
"$beds/lab" "$name" true 2> "$work/lab.log" || skip "no network namespace can be made here: $(tail -n1 "$work/lab.log")"
"$beds/lab" "$name" "$beds/ceph" up "$work/ceph" vms images > "$work/ceph.log" 2>&1 || {
    rc=$?; tail -n5 "$work/ceph.log"; exit $rc; }
# children of the daemon see no sanitizer's options: QEMU's parts have leaks of their own
"$beds/lab" "$name" "$build/cairn-driver-check" "$module" conf="$work/ceph/ceph.conf" keyring="$work/ceph/client.cairn.keyring" pool=vms image_pool=images
RBD_TEST_CEPH=$work/ceph RBD_TEST_PIDS=$("$beds/ceph" pids "$work/ceph" | tr '\n' ' ') "$beds/lab" "$name" "$build/tests/drivers/rbd_test"
