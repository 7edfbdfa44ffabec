#!/bin/sh
# vendor.sh: a driver built outside of the tree, against an installed copy of the headers alone, loads and keeps its promises.
# Run by make check in the build tree; $srcdir is the top of the sources.
set -eu
src=$(cd "${srcdir:-.}" && pwd)
for tool in pkg-config "${CC:-cc}"; do
    command -v "${tool%% *}" > /dev/null || { echo "$tool is missing"; exit 77; }
done
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
# Our own make's flags are not the vendor's business.
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS CPPFLAGS LDFLAGS 2> /dev/null || true
make -s install-cairnincludeHEADERS install-pkgconfigDATA DESTDIR="$top/sysroot" > "$top/log" 2>&1 || { cat "$top/log"; exit 1; }
pc=$(find "$top/sysroot" -name cairn-driver.pc)
PKG_CONFIG_LIBDIR=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$top/sysroot
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1        # with --prefix=/usr, too
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_ALLOW_SYSTEM_CFLAGS
case $(pkg-config --cflags cairn-driver) in
    *"$top/sysroot"*) ;;
    *) echo "pkg-config does not point into the installed copy: $(pkg-config --cflags cairn-driver)"; exit 1 ;;
esac
mkdir "$top/vendor"
cp "$src/tests/abi/vendor/acme.c" "$src/tests/abi/vendor/Makefile" "$top/vendor"
make -s -C "$top/vendor" install DESTDIR="$top/root"
driver=$(find "$top/root" -path '*/cairn/drivers/storage-acme.so')
[ -n "$driver" ] || { echo "the driver was not installed below driversdir"; exit 1; }
here=$(pwd)
"$here/cairn-driver-check" "$driver" limit=64K > "$top/out" || { cat "$top/out"; exit 1; }
cat "$top/out"
grep -q '^ok .*blobs are kept' "$top/out"
# a setting that the driver does not have is refused with the nearest name
if "$here/cairn-driver-check" "$driver" limt=64K > "$top/out" 2>&1; then
    echo "an unknown setting was taken"; exit 1
fi
grep -q limit "$top/out"
