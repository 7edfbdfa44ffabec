#!/bin/sh
# fetch_test.sh: cairn-fetch talks to nobody that it is not told it may: this machine, its neighbours, metadata services, by any way of writing them.
set -u
fetch=${FETCH:-./cairn-fetch}
[ -x "$fetch" ] || { echo "no cairn-fetch in this build"; exit 77; }
failed=0
refused() { # SENTENCE ARGUMENT...
    sentence=$1; shift
    out=$("$fetch" "$@" 2>&1 > /dev/null) && { echo "FAIL: $* was fetched"; failed=1; return; }
    echo "$out" | grep -q "$sentence" || { echo "FAIL: $*: $out"; failed=1; }
}
for host in 127.0.0.1 127.1 2130706433 0x7f000001 0.0.0.0 localhost 169.254.169.254 10.0.0.1 172.16.0.1 192.168.1.1 100.64.0.1 '[::1]' '[::]' '[fe80::1]' '[fc00::1]' \
    '[::ffff:127.0.0.1]' '[::ffff:a9fe:a9fe]' '[64:ff9b::7f00:1]' '[2002:7f00:1::]' 255.255.255.255; do
    refused "not one that images may come from" "http://$host/"
done
refused "not a URI that can be fetched" file:///etc/passwd
refused "scheme 'ftp' is not allowed" ftp://192.0.2.1/
refused "port 22 is not allowed" http://192.0.2.1:22/
refused "user's name" http://me@192.0.2.1/
refused "host 'other.example' is not allowed" --hosts one.example http://other.example/
refused "host 'one.example' is not allowed" --hosts-refused one.example http://one.example/
exit $failed
