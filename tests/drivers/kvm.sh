#!/bin/bash
# kvm.sh: runs kvm_test in a lab of its own (tests/beds/lab) with a real libvirtd and QEMU.  Ends with 77 when something it needs is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(pwd)
lab=$here/../beds/lab
name=kvm-test-$$

skip() { echo "SKIP: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root (network namespace, libvirtd)"
for tool in ip nsenter unshare libvirtd virsh qemu-system-x86_64 qemu-img qemu-io qemu-nbd as ld; do
    command -v $tool > /dev/null || skip "needs $tool"
done
module=$build/drivers/compute/.libs/compute-kvm.so
[ -e "$module" ] || skip "the kvm driver is not built"
test=$build/tests/drivers/kvm_test
[ -x "$test" ] || skip "kvm_test is not built"

work=$(mktemp -d)
trap '"$lab" --end "$name"; rm -rf "$work"' EXIT
"$lab" "$name" true 2> "$work/lab.log" || skip "no network namespace can be made here: $(tail -n1 "$work/lab.log")"
"$lab" --libvirtd "$name"
"$here/../image/mkpower" -o "$work"
# sanitizers stand in for the XDR functions, and find the real ones only in libraries that are there from the beginning
case $(ldd "$module") in
*libasan*|*libtsan*)
    export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
    preload="env LD_PRELOAD=$(ldconfig -p | awk '/libtirpc.so.3/ && !n++ { print $NF }')" ;;
esac
KVM_TEST_MODULE=$module KVM_TEST_DIR=$work KVM_TEST_POWER=$work/power.raw "$lab" "$name" ${preload:-} "$test"
