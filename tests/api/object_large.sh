#!/bin/bash
# object_large.sh: static large objects: made, read in parts, held to their segments, nested, copied, listed and deleted, as Swift's clients expect them.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
token=$(value token issue -c id)
store=$url/object-store/v1/AUTH_$(value token issue -c project_id)
# The status; the reply's headers and body are in the files head and body.
http() { : > body; curl -s -o body -D head -w '%{http_code}' -H "X-Auth-Token: $token" "$@"; }
header() { tr -d '\r' < head | awk -v h="$1:" 'tolower($1) == tolower(h) { sub(/^[^ ]* /, ""); print }'; }
put() { http -X PUT --data-binary "$2" -H "Content-Type: ${3:-text/plain}" "$store/$1" > /dev/null; header Etag | tr -d '"'; }
# manifest NAME JSON [CURL OPTIONS]
manifest() { local name=$1 json=$2; shift 2; http -X PUT --data-binary "$json" -H 'Content-Type: text/plain' "$@" "$store/$name?multipart-manifest=put"; }
read_it() { http "$@"; cat body; }
listed() { http "$store/$1?format=json&prefix=$2" > /dev/null; python3 -c 'import json; print(*("%s:%s:%s:%s" % (o["name"], o["bytes"], o["content_type"], o.get("slo_etag", "-")) for o in json.load(open("body"))))'; }
md5() { printf %s "$1" | md5sum | cut -d' ' -f1; }

later "for c in t-slo t-seg t-slov t-slob; do http $store/\$c?format=json; python3 -c 'import json; [print(o[\"name\"]) for o in json.load(open(\"body\"))]' | while read -r n; do http -X DELETE $store/\$c/\$n; done; http -X DELETE $store/\$c; done"
for c in t-slo t-seg t-slob; do http -X PUT "$store/$c" > /dev/null; done
a=$(put t-seg/a aaaaa); b=$(put t-seg/b bbbbb); put t-seg/e e > /dev/null
whole=$(md5 "$a$b")
is "a manifest is put" "$(manifest t-slo/ab "[{\"path\":\"t-seg/a\",\"etag\":\"$a\",\"size_bytes\":5},{\"path\":\"/t-seg/b\"}]")" 201
is "its ETag is that of its segments' ETags" "$(header Etag)" "\"$whole\""
is "it is read whole" "$(read_it "$store/t-slo/ab"; header Etag; header X-Static-Large-Object)" "200aaaaabbbbb\"$whole\"
True"
is "HEAD tells the same" "$(http -I "$store/t-slo/ab"; header Content-Length; header Etag)" "20010
\"$whole\""
is "a range goes over segments" "$(read_it -H 'Range: bytes=3-6' "$store/t-slo/ab"; header Content-Range)" "206aabbbytes 3-6/10"
is "the last bytes" "$(read_it -H 'Range: bytes=-2' "$store/t-slo/ab")" 206bb
is "outside is 416" "$(http -H 'Range: bytes=10-' "$store/t-slo/ab"; header Content-Range)" "416bytes */10"
is "several ranges" "$(http -H 'Range: bytes=4-5,0-0' "$store/t-slo/ab"; grep -ac '^Content-Range: bytes \(4-5\|0-0\)/10' body; header Content-Type | cut -d';' -f1)" "2062
multipart/byteranges"
is "conditions are on the ETag of the whole" "$(http -H "If-None-Match: \"$whole\"" "$store/t-slo/ab"; http -H 'If-Match: "x"' "$store/t-slo/ab"; http -H "If-Match: $whole" "$store/t-slo/ab")" 304412200
is "the manifest itself" "$(http "$store/t-slo/ab?multipart-manifest=get"; header Content-Type; python3 -c 'import json; print([(s["name"], s["bytes"], s["hash"]) for s in json.load(open("body"))])')" \
    "200application/json; charset=utf-8
[('/t-seg/a', 5, '$a'), ('/t-seg/b', 5, '$b')]"
is "as a client would write it" "$(read_it "$store/t-slo/ab?multipart-manifest=get&format=raw"; header Content-Type)" "200[{\"path\":\"/t-seg/a\",\"size_bytes\":5,\"etag\":\"$a\"},{\"path\":\"/t-seg/b\",\"size_bytes\":5,\"etag\":\"$b\"}]text/plain"
cp body raw.json
is "which can be put again" "$(manifest t-slo/again @raw.json; header Etag)" "201\"$whole\""
is "the list shows the size of the whole" "$(listed t-slo ab)" "ab:10:text/plain:\"$whole\""
has "the container counts the manifest" "$(http -I "$store/t-slo"; header X-Container-Bytes-Used)" '^204[0-9]{3}$'

is "ranges of segments, and bytes of the manifest's own" "$(manifest t-slo/mixed '[{"data":"PDw="},{"path":"t-seg/a","range":"1-2"},{"path":"t-seg/b","range":"-1"},{"data":"Pj4="}]'; read_it "$store/t-slo/mixed")" '201200<<aab>>'
is "its ETag is of those, too" "$(header Etag)" "\"$(md5 "$(md5 '<<')$a:1-2;$b:4-4;$(md5 '>>')")\""
is "a manifest in a manifest" "$(manifest t-slo/nested '[{"path":"t-slo/mixed","range":"1-5"},{"path":"t-slo/ab"}]'; read_it "$store/t-slo/nested")" '201200<aab>aaaaabbbbb'
is "a range of that" "$(read_it -H 'Range: bytes=3-6' "$store/t-slo/nested")" '206b>aa'
previous=ab
for n in 1 2 3 4 5 6 7 8 9 10; do manifest "t-slo/deep$n" "[{\"path\":\"t-slo/$previous\"}]" > /dev/null; previous=deep$n; done
is "ten deep, and no deeper" "$(read_it "$store/t-slo/deep9" | head -c 13; http "$store/t-slo/deep10")" '200aaaaabbbbb409'

is "all that is wrong is told" "$(manifest t-slo/x '[{"path":"t-seg/a","etag":"bad"},{"path":"t-seg/b","size_bytes":4},{"path":"t-seg/none"},{"path":"t-none/a"},{"path":"t-seg/a","range":"7-"}]'; cat body)" \
    "400Errors:
t-seg/a, Etag Mismatch
t-seg/b, Size Mismatch
t-seg/none, 404 Not Found
t-none/a, 404 Not Found
t-seg/a, Unsatisfiable Range"
is "in JSON, too" "$(manifest t-slo/x '[{"path":"t-seg/none"}]' -H 'Accept: application/json'; cat body)" '400{"Errors":[["t-seg/none","404 Not Found"]]}'
has "and in XML" "$(manifest t-slo/x '[{"path":"t-seg/none"}]' -H 'Accept: application/xml'; tr -d '\n' < body)" '^400.*<upload><errors><object><name>t-seg/none</name><status>404 Not Found</status></object></errors></upload>$'
is "what cannot be meant" "$(manifest t-slo/x '[1,{"path":"t-slo/x"}]'; cat body)" "400Index 0: not a JSON object
Index 1: manifest must not include itself as a segment"
is "no JSON, no list" "$(manifest t-slo/x '['; manifest t-slo/x '{}')" 400400
is "too many segments" "$(manifest t-slo/x "[$(printf '{"path":"t-seg/a"},%.0s' {1..1000}){\"path\":\"t-seg/a\"}]")" 413
is "a thousand are not" "$(manifest t-slo/k "[$(printf '{"path":"t-seg/a"},%.0s' {1..999}){\"path\":\"t-seg/a\"}]"; http "$store/t-slo/k"; wc -c < body)" 2012005000
is "one reader goes through ten thousand at most" "$(manifest t-slo/many "[$(printf '{"path":"t-slo/k"},%.0s' {1..10}){\"path\":\"t-slo/k\"}]"; http "$store/t-slo/many"; http -I "$store/t-slo/many"; header Content-Length)" 20140920055000
is "another ETag than the client's" "$(manifest t-slo/x '[{"path":"t-seg/a"}]' -H 'Etag: 0123'; manifest t-slo/x '[{"path":"t-seg/a"}]' -H "Etag: $(md5 "$a")")" 422201
is "a link has no segments" "$(manifest t-slo/y '[{"path":"t-seg/a"}]' -H 'X-Symlink-Target: t-seg/a')" 400
is "only if it is not there" "$(manifest t-slo/x '[{"path":"t-seg/a"}]' -H 'If-None-Match: *')" 412
is "the header is the server's own" "$(http -X PUT -d 1 -H 'X-Static-Large-Object: true' "$store/t-slo/x"; http -X POST -H 'X-Static-Large-Object: true' "$store/t-slo/ab")" 400400
is "its body says how it went" "$(http -X PUT --data-binary '[{"path":"t-seg/none"}]' "$store/t-slo/x?multipart-manifest=put&heartbeat=on"; tr -d '\r' < body | grep -a Status; http -X PUT --data-binary '[{"path":"t-seg/a"}]' "$store/t-slo/x?multipart-manifest=put&heartbeat=on"; grep -a Status body)" \
    "202Response Status: 400 Bad Request
202Response Status: 201 Created"

is "POST changes what describes it" "$(http -X POST -H 'X-Object-Meta-A: b' -H 'Content-Type: image/x' "$store/t-slo/ab"; read_it "$store/t-slo/ab"; header X-Object-Meta-A; listed t-slo ab)" "202200aaaaabbbbbb
ab:10:image/x:\"$whole\""
is "a copy is of the bytes" "$(http -X COPY -H 'Destination: t-slo/copy' "$store/t-slo/ab"; read_it "$store/t-slo/copy?multipart-manifest=get"; header X-Static-Large-Object)" 201200aaaaabbbbb
is "or of the manifest" "$(http -X COPY -H 'Destination: t-slo/copy' "$store/t-slo/ab?multipart-manifest=get"; read_it "$store/t-slo/copy"; header Etag; listed t-slo copy)" "201200aaaaabbbbb\"$whole\"
copy:10:image/x:\"$whole\""
is "a copy of a part" "$(http -X COPY -H 'Destination: t-slo/part' -H 'Range: bytes=4-5' "$store/t-slo/ab"; read_it "$store/t-slo/part")" 201200ab
http "$store/t-slo/ab?multipart-manifest=get" > /dev/null; own=$(header Etag)
link() { http -X PUT -H 'Content-Length: 0' -H 'X-Symlink-Target: t-slo/ab' -H "X-Symlink-Target-Etag: $1" "$store/t-slo/link"; }
is "a static link is held to its manifest" "$(link "$whole"; link "$own"; read_it "$store/t-slo/link"; listed t-slo link)" "409201200aaaaabbbbblink:0:image/x:\"$whole\""
http -X PUT -H 'Content-Length: 0' -H 'X-Symlink-Target: t-seg/b' "$store/t-seg/toward-b" > /dev/null
is "a link as a segment" "$(manifest t-slo/linked '[{"path":"t-seg/a"},{"path":"t-seg/toward-b"}]'; read_it "$store/t-slo/linked")" 201200aaaaabbbbb
http -X PUT -H 'Content-Length: 0' -H 'X-Object-Manifest: t-seg/a' "$store/t-slo/dynamic" > /dev/null
is "a dynamic large object as a segment" "$(manifest t-slo/of-dynamic '[{"path":"t-slo/dynamic"},{"path":"t-seg/b"}]'; read_it "$store/t-slo/of-dynamic")" 201200aaaaabbbbb

http -X POST -H 'X-Container-Read: .r:*' "$store/t-slo" > /dev/null
is "a stranger needs the right to the segments" "$(curl -s -o body -w '%{http_code}' "$store/t-slo/ab")" 409
http -X POST -H 'X-Container-Read: .r:*' "$store/t-seg" > /dev/null
is "and with it reads" "$(curl -s -o body -w '%{http_code}' "$store/t-slo/ab"; cat body)" 200aaaaabbbbb
http -X POST -H 'X-Container-Meta-Quota-Bytes: 20' "$store/t-slob" > /dev/null
is "quotas count the manifest" "$(manifest t-slob/x '[{"path":"t-seg/a"}]')" 413

put t-seg/b BBBBB > /dev/null
is "a segment has changed: the reply ends there" "$(curl -s -o body -w '%{http_code}:%{exitcode}' -H "X-Auth-Token: $token" "$store/t-slo/ab"; cat body)" 200:18aaaaa
is "what does not need it is read" "$(read_it -H 'Range: bytes=0-4' "$store/t-slo/ab")" 206aaaaa
is "what begins with it is a conflict" "$(http -H 'Range: bytes=5-' "$store/t-slo/ab"; http -I "$store/t-slo/ab")" 409200
is "a copy of it, too" "$(http -X COPY -H 'Destination: t-slo/broken' "$store/t-slo/ab")" 409
http -X DELETE "$store/t-seg/a" > /dev/null
is "a segment is gone" "$(http "$store/t-slo/ab")" 409
is "the manifest is still there" "$(http "$store/t-slo/ab?multipart-manifest=get")" 200
is "a plain DELETE leaves the segments" "$(http -X DELETE "$store/t-slo/ab"; http -I "$store/t-seg/e")" 204200

put t-seg/d1 1 > /dev/null; put t-seg/d2 2 > /dev/null
manifest t-slo/inner '[{"path":"t-seg/d2"}]' > /dev/null
is "a delete takes all segments, and theirs" "$(manifest t-slo/outer '[{"path":"t-seg/d1"},{"path":"t-slo/inner"}]'; http -X DELETE -H 'Accept: application/json' "$store/t-slo/outer?multipart-manifest=delete"; cat body; for o in t-seg/d1 t-seg/d2 t-slo/inner t-slo/outer; do http -I "$store/$o"; done)" \
    '201200{"Number Deleted":4,"Number Not Found":0,"Response Body":"","Response Status":"200 OK","Errors":[]}404404404404'
put t-seg/d1 1 > /dev/null; manifest t-slo/outer '[{"path":"t-seg/d1"}]' > /dev/null; http -X DELETE "$store/t-seg/d1" > /dev/null
is "what is gone is counted" "$(http -X DELETE "$store/t-slo/outer?multipart-manifest=delete"; cat body)" "200Number Deleted: 1
Number Not Found: 1
Response Body: 
Response Status: 200 OK
Errors:"
is "nothing there" "$(http -X DELETE "$store/t-slo/outer?multipart-manifest=delete"; grep Found body)" "200Number Not Found: 1"
is "what is no manifest stays" "$(http -X DELETE "$store/t-seg/e?multipart-manifest=delete"; tail -n 3 body; http -I "$store/t-seg/e")" "200Response Status: 400 Bad Request
Errors:
t-seg/e, Not an SLO manifest
200"
manifest t-slo/ring '[{"path":"t-seg/e"}]' > /dev/null; manifest t-slo/ring2 '[{"path":"t-slo/ring"}]' > /dev/null
is "a ring of manifests is gone through once" "$(manifest t-slo/ring '[{"path":"t-slo/ring2"}]'; http "$store/t-slo/ring"; http -X DELETE "$store/t-slo/ring?multipart-manifest=delete"; grep Deleted body)" "201409200Number Deleted: 2"

later "http '$store/t-slov?versions'; python3 -c 'import json; [print(o[\"name\"], o[\"version_id\"]) for o in json.load(open(\"body\"))]' | while read -r n v; do http -X DELETE \"$store/t-slov/\$n?version-id=\$v\"; done"
http -X PUT -H 'X-Versions-Enabled: true' "$store/t-slov" > /dev/null
put t-seg/v1 one > /dev/null; put t-seg/v2 two > /dev/null
manifest t-slov/o '[{"path":"t-seg/v1"}]' > /dev/null; v1=$(header X-Object-Version-Id)
manifest t-slov/o '[{"path":"t-seg/v2"}]' > /dev/null
is "versions of it are read" "$(read_it "$store/t-slov/o"; read_it "$store/t-slov/o?version-id=$v1")" 200two200one
is "and deleted with their segments" "$(http -X DELETE "$store/t-slov/o?multipart-manifest=delete&version-id=$v1"; grep Deleted body; http -I "$store/t-seg/v1"; http -I "$store/t-slov/o?version-id=$v1"; read_it "$store/t-slov/o")" "200Number Deleted: 2
404404200two"

# Clients that remove segments in bulk (rclone) send this, as whoever may delete accounts, too; without the filter it must not mean the account.
has "a bulk delete never means the account" "$(http -X DELETE "$store?bulk-delete=1"; http -I "$store")" '^(200|405)204$'
