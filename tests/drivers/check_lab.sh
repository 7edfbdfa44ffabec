#!/bin/bash
# check_lab.sh: holds the drivers that touch the machine to the conformance kit, on real bridges and a real libvirtd, in a lab of its own.
# Run by make check in the build tree; needs root.
set -u
src=$(cd "${srcdir:-.}" && pwd)
lab=$src/tests/beds/lab
name=check-$$
work=$(mktemp -d)
failed=0 ran=0
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
"$lab" "$name" true || { echo "a lab cannot be made here"; rm -rf "$work"; exit 77; }
trap '"$lab" --end "$name"; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

check() {
    echo "== $*"
    "$lab" "$name" ${preload:-} ./cairn-driver-check "$@" || failed=1
    ran=$((ran + 1))
}
lacks() {
    local tool
    for tool in "$@"; do
        command -v "$tool" > /dev/null || { echo "# $tool is missing"; return 0; }
    done
    return 1
}
module=drivers/network/.libs/network-linuxbridge.so
if [ -e $module ] && ! lacks ip nft dnsmasq; then
    check $module
fi
module=drivers/compute/.libs/compute-kvm.so
if [ -e $module ] && ! lacks libvirtd qemu-system-x86_64 as ld && "$src/tests/image/mkpower" -o "$work" && "$lab" --libvirtd "$name"; then
    # sanitizers stand in for the XDR functions, and find the real ones only in libraries that are there from the beginning
    case $(ldd $module) in
    *libasan*|*libtsan*)
        export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
        preload="env LD_PRELOAD=$(ldconfig -p | awk '/libtirpc.so.3/ && !n++ { print $NF }')" ;;
    esac
    check --image "$work/power.raw" $module
fi
[ $ran -gt 0 ] || exit 77
exit $failed
