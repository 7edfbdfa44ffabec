#!/bin/sh
# vendor.sh: a driver and a filter built outside of the tree, against an installed copy of the headers alone, load, keep their promises, and are
# used by a daemon.
# Run by make check in the build tree; $srcdir is the top of the sources.
set -eu
src=$(cd "${srcdir:-.}" && pwd)
for tool in pkg-config curl "${CC:-cc}"; do
    command -v "${tool%% *}" > /dev/null || { echo "$tool is missing"; exit 77; }
done
top=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || kill "$daemon" 2> /dev/null || true; rm -rf "$top"' EXIT
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
cp "$src/tests/abi/vendor/acme.c" "$src/tests/abi/vendor/greeter.c" "$src/tests/abi/vendor/Makefile" "$top/vendor"
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

# A daemon loads both at run time: the driver is one of its instances, the filter stands before a service.  Its own modules stay where they are.
folders=$(dirname "$driver")
for dir in "$here"/drivers/*/.libs "$here"/plugins/*/.libs; do
    [ ! -d "$dir" ] || folders=$folders:$dir
done
sed -e 's/^\(filters = request_id\) cors/\1 greeter cors/' "$src/api/http/pipeline.ini" > "$top/pipeline.ini"
printf '\n[filter:greeter]\ngreeting = good day\n' >> "$top/pipeline.ini"
[ -e "$here/drivers/compute/.libs/compute-fake.so" ] || { echo "no fake drivers here: no daemon is started"; exit 0; }
printf '[daemon]\nrun_dir = %s/run\n' "$top" > "$top/cairn.conf"
"$here/cairnd" --simulate -c "$top/cairn.conf" --state-dir "$top/state" --port 0 --port-file "$top/port" --set daemon.driver_path="$folders" \
    --set daemon.pipeline="$top/pipeline.ini" --set storage:vault.driver=acme --set storage:vault.limit=64K > "$top/out" 2>&1 &
daemon=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
    [ ! -s "$top/port" ] || break
    kill -0 $daemon 2> /dev/null || { cat "$top/out"; echo "the daemon did not take them"; exit 1; }
    sleep 1
done
url=http://127.0.0.1:$(cat "$top/port")
curl -s -o /dev/null -D - "$url/identity/v3" > "$top/out"
grep -qi '^X-Greeting: good day' "$top/out" || { cat "$top/out"; echo "the filter does not greet"; exit 1; }
curl -s -w '%{http_code}' -H 'X-Closed: yes' "$url/compute/v2.1/servers" > "$top/out"
grep -q 'Come again in the morning.*403' "$top/out" || { cat "$top/out"; echo "the filter does not turn anybody away"; exit 1; }
curl -s "$url/healthz" > "$top/out"
grep -q '^ok .*vault' "$top/out" || { cat "$top/out"; echo "the driver is not among the daemon's"; exit 1; }
