#!/bin/bash
# object.sh: the object store through the openstack and swift tools, and through plain HTTP where they say too little.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
token=$(value token issue -c id)
project=$(value token issue -c project_id)
store=$url/object-store/v1/AUTH_$project
http() { curl -s -o body -D head -w '%{http_code}' -H "X-Auth-Token: $token" "$@"; }
header() { tr -d '\r' < head | awk -v h="$1:" 'tolower($1) == tolower(h) { sub(/^[^ ]* /, ""); print }'; }
later "http -X DELETE $store/t-objects"
later "for o in a%20b/c z copy big p/1 p/2 link; do http -X DELETE $store/t-objects/\$o; done"

works "container create" openstack container create t-objects
head -c 3000000 /dev/urandom > big
works "object create" openstack object create t-objects big
works "object save" openstack object save --file back t-objects big
is "the same bytes come back" "$(md5sum < back)" "$(md5sum < big)"
works "object list" openstack object list t-objects -f value; has "it is listed" "$out" "^big$"
is "a name with a blank and a slash" "$(http -X PUT --data-binary hello -H 'X-Object-Meta-Colour: red' "$store/t-objects/a%20b/c")" 201
is "its ETag is MD5" "$(header Etag)" "$(printf hello | md5sum | cut -d' ' -f1)"
is "metadata comes back" "$(http -I "$store/t-objects/a%20b/c"; header X-Object-Meta-Colour)" "200red"
is "POST replaces all metadata" "$(http -X POST -H 'X-Object-Meta-Size: 1' "$store/t-objects/a%20b/c"; http -I "$store/t-objects/a%20b/c"; header X-Object-Meta-Colour)" 202200
is "metadata may be empty" "$(http -X POST -H 'X-Object-Meta-Empty;' "$store/t-objects/a%20b/c"; http -I "$store/t-objects/a%20b/c"; grep -ci '^x-object-meta-empty: *.$' head)" 2022001
is "a wrong ETag is 422" "$(http -X PUT --data-binary hello -H 'ETag: 00000000000000000000000000000000' "$store/t-objects/z")" 422
is "nothing of it stays" "$(http "$store/t-objects/z")" 404
is "If-None-Match: * keeps what is there" "$(http -X PUT --data-binary other -H 'If-None-Match: *' "$store/t-objects/a%20b/c")" 412
is "a range" "$(http -H 'Range: bytes=1-2' "$store/t-objects/a%20b/c"; cat body)" 206el
is "two ranges are multipart" "$(http -H 'Range: bytes=0-0,4-4' "$store/t-objects/a%20b/c"; header Content-Type | cut -d';' -f1)" 206multipart/byteranges
is "a range beyond the end" "$(http -H 'Range: bytes=9-' "$store/t-objects/a%20b/c")" 416
is "a copy" "$(http -X COPY -H 'Destination: t-objects/copy' "$store/t-objects/a%20b/c"; http "$store/t-objects/copy"; cat body)" 201200hello
is "the copy outlives its source" "$(http -X DELETE "$store/t-objects/a%20b/c"; http "$store/t-objects/copy"; cat body)" 204200hello
is "a delimiter gathers" "$(http -X PUT -d 1 "$store/t-objects/p/1"; http -X PUT -d 22 "$store/t-objects/p/2"; http "$store/t-objects?delimiter=/&prefix=p"; cat body)" "201201200p/"
is "markers and limits" "$(http "$store/t-objects?marker=big&end_marker=p/2&limit=5"; tr '\n' ' ' < body)" "200copy p/1 "
is "reverse" "$(http "$store/t-objects?reverse=1&limit=1"; cat body)" 200p/2
is "a limit above 10000 is 412" "$(http "$store/t-objects?limit=10001")" 412
is "statistics follow" "$(http -I "$store/t-objects"; header X-Container-Object-Count)" 2044
is "a full container stays" "$(http -X DELETE "$store/t-objects")" 409
is "a stranger is sent away" "$(curl -s -o body -w '%{http_code}' "$store/t-objects/copy")" 401
works "swift post" swift --os-auth-url "$url/identity/v3" post -r '.r:*' t-objects --os-storage-url "$store" --os-auth-token "$token"
is "a public container is read without a token" "$(curl -s -w '%{http_code}' "$store/t-objects/copy")" hello200
is "but not listed" "$(curl -s -o body -w '%{http_code}' "$store/t-objects")" 401
is "a dynamic large object" "$(http -X PUT -d '' -H 'X-Object-Manifest: t-objects/p/' "$store/t-objects/z"; http "$store/t-objects/z"; cat body)" 201200122
is "a symlink" "$(http -X PUT -d '' -H 'X-Symlink-Target: t-objects/copy' "$store/t-objects/link"; http "$store/t-objects/link"; cat body)" 201200hello
is "OSSA-2015-006: a stranger deletes no version" "$(curl -s -o body -w '%{http_code}' -X DELETE "$store/t-objects/copy")" 401
is "an expired object is gone" "$(http -X POST -H 'X-Delete-After: 1' "$store/t-objects/copy"; sleep 2; http "$store/t-objects/copy")" 202404
http -X POST -H 'X-Remove-Container-Read: x' "$store/t-objects" > /dev/null
http -X POST -H 'X-Account-Meta-Temp-URL-Key: secret' "$store" > /dev/null; later "http -X POST -H 'X-Remove-Account-Meta-Temp-URL-Key: x' $store"
path=/v1/AUTH_$project/t-objects/big
signed=$(swift tempurl GET 600 "$path" secret --digest sha256)
is "a temporary URL opens its object" "$(curl -s -o body -w '%{http_code}' "$url/object-store$signed"; md5sum < body)" "200$(md5sum < big)"
is "OSSA-2014-002: another signature does not" "$(curl -s -o body -w '%{http_code}' "$url/object-store${signed/sig=?/sig=x}")" 401
is "nor another method" "$(curl -s -o body -w '%{http_code}' -X DELETE "$url/object-store$signed")" 401
expires=$(($(date +%s) + 600))
sig=$(printf 'GET\n%s\n%s' "$expires" "/object-store$path" | openssl dgst -sha512 -hmac secret | sed 's/.* //')
mounted="/object-store$path?temp_url_sig=$sig&temp_url_expires=$expires"
is "a URL signed with the mount's path opens too" "$(curl -s -o body -w '%{http_code}' "$url$mounted")" 200
# temp METHOD PATH KEY DIGEST [EXPIRES [PREFIX [RANGE]]]: the query that opens it
temp() { printf "temp_url_sig=%s&temp_url_expires=%s" "$(printf '%s%s\n%s\n%s' "${7:+ip=$7
}" "$1" "${5:-$expires}" "${6:+prefix:}${6:-$2}" | openssl dgst "-$4" -hmac "$3" | sed 's/.* //')" "${5:-$expires}"; }
opened() { curl -s -o body -D head -w '%{http_code}' "${@:2}" "$url/object-store$1"; }
http -X POST -H 'X-Container-Meta-Temp-URL-Key: c1' -H 'X-Container-Meta-Temp-URL-Key-2: c2' "$store/t-objects" > /dev/null
http -X POST -H 'X-Account-Meta-Temp-URL-Key-2: secret2' "$store" > /dev/null; later "http -X POST -H 'X-Remove-Account-Meta-Temp-URL-Key-2: x' $store"
for key in secret secret2 c1 c2; do for digest in sha1 sha256 sha512; do is "a URL signed with key $key and $digest" "$(opened "$path?$(temp GET "$path" $key $digest)")" 200; done; done
raw() { printf 'GET\n%s\n%s' "$expires" "$path" | openssl dgst -sha512 -hmac secret -binary | base64 -w0 | tr "$1" "$2"; }
is "in base64" "$(opened "$path?temp_url_expires=$expires&temp_url_sig=sha512:$(raw x x | sed 's/+/%2B/g; s,/,%2F,g; s/=/%3D/g')")" 200
is "in base64 for URLs" "$(opened "$path?temp_url_expires=$expires&temp_url_sig=sha512:$(raw +/ -_ | tr -d =)")" 200
iso=$(date -u -d "@$expires" +%Y-%m-%dT%H:%M:%SZ)
is "a time in ISO 8601" "$(opened "$path?$(temp GET "$path" secret sha256 | sed "s/expires=.*/expires=$iso/")"; header Expires)" "200$(LC_ALL=C date -u -d "@$expires" '+%a, %d %b %Y %H:%M:%S GMT')"
is "a time that is over" "$(opened "$path?$(temp GET "$path" secret sha256 1000)")" 401
is "no time" "$(opened "$path?$(temp GET "$path" secret sha256 soon)")" 401
in=/v1/AUTH_$project/t-objects/p/
prefixed=$(temp GET "$in" secret sha256 "" "$in")\&temp_url_prefix=p/
is "a prefix opens what is under it" "$(opened "${in}1?$prefixed"; cat body)" 2001
is "and nothing else" "$(opened "$path?$prefixed")" 401
near=$(temp GET "$path" secret sha256 "" "" 127.0.0.0/8)\&temp_url_ip_range=
is "who comes from the range" "$(opened "$path?${near}127.0.0.0/8")" 200
is "nobody else: another range was signed" "$(opened "$path?${near}127.0.0.1")" 401
far=$(temp GET "$path" secret sha256 "" "" 192.0.2.0/24)\&temp_url_ip_range=192.0.2.0/24
is "who comes from elsewhere" "$(opened "$path?$far")" 401
get=$(temp GET "$path" secret sha256)
is "the file has the object's name" "$(opened "$path?$get"; header Content-Disposition)" "200attachment; filename=\"big\"; filename*=UTF-8''big"
is "or the URL's" "$(opened "$path?$get&filename=a%22%0d%0ab%20%c3%a4"; header Content-Disposition)" "200attachment; filename=\"a%22%0D%0Ab %C3%A4\"; filename*=UTF-8''a%22%0D%0Ab%20%C3%A4"
is "or is shown" "$(opened "$path?$get&inline"; header Content-Disposition)" 200inline
is "HEAD with GET's signature" "$(opened "$path?$get" -I)" 200
is "metadata is hidden but for public" "$(http -X POST -H 'X-Object-Meta-Mine: 1' -H 'X-Object-Meta-Public-Ours: 2' "$store/t-objects/big"; opened "$path?$get"; header X-Object-Meta-Mine; header X-Object-Meta-Public-Ours)" 2022002
put=$(temp PUT "${path}2" secret sha256); post=$(temp POST "$path" secret sha256)
is "PUT by signature" "$(opened "${path}2?$put" -X PUT -d hi; http -X DELETE "$store/t-objects/big2")" 201204
for h in X-Object-Manifest X-Symlink-Target X-Copy-From; do is "no pointer by signature: $h" "$(opened "${path}2?$put" -X PUT -d '' -H "$h: t-objects/big"; cat body; opened "$path?$post" -X POST -d '' -H "$h: t-objects/big")" "400The header '$h' is not allowed in this tempurl400"; done
is "no archive by one object's signature" "$(opened "${path}2?$put&extract-archive=tar" -X PUT -d '')" 400
is "a container's key opens no other" "$(http -X PUT "$store/t-other"; http -X PUT -d x "$store/t-other/x"; opened "/v1/AUTH_$project/t-other/x?$(temp GET "/v1/AUTH_$project/t-other/x" c1 sha256)"; http -X DELETE "$store/t-other/x"; http -X DELETE "$store/t-other")" 201201401204204
is "'_' in a header's name is '-'" "$(http -X POST -H 'X-Container-Meta-test_me: 1' "$store/t-objects"; http -I "$store/t-objects"; header X-Container-Meta-Test-Me)" 2042041
