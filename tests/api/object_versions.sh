#!/bin/bash
# object_versions.sh: versions of objects in both manners, symlinks, pages of other origins, and the words of faults, as Swift's clients expect them.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
token=$(value token issue -c id)
store=$url/object-store/v1/AUTH_$(value token issue -c project_id)
# The status; the reply's headers and body are in the files head and body.
http() { curl -s -o body -D head -w '%{http_code}' -H "X-Auth-Token: $token" "$@"; }
header() { tr -d '\r' < head | awk -v h="$1:" 'tolower($1) == tolower(h) { sub(/^[^ ]* /, ""); print }'; }
put() { http -X PUT -d "$2" -H "Content-Type: ${3:-text/plain}" "$store/$1" > /dev/null; header X-Object-Version-Id; }
# What a list of versions says: NAME:LATEST:deleted or size, newest first.
versions() { http "$store/$1?versions${2:+&$2}" > /dev/null; python3 -c 'import json; print(" ".join("%s:%d:%s" % (o["name"], o["is_latest"], "deleted" if "deleted" in o["content_type"] else o["bytes"]) for o in json.load(open("body"))))'; }
clean() { http "$store/$1?versions" > /dev/null; python3 -c 'import json; [print(o["name"], o["version_id"]) for o in json.load(open("body"))]' | while read -r n v; do curl -s -X DELETE -H "X-Auth-Token: $token" "$store/$1/$n?version-id=$v"; done; http -X DELETE "$store/$1"; }

later "clean t-versions"
is "versions are switched on" "$(http -X PUT -H 'X-Versions-Enabled: true' "$store/t-versions")" 201
v1=$(put t-versions/a one); v2=$(put t-versions/a twoo)
has "each write has a version" "$v1 $v2" '^[0-9]{10}\.[0-9]{5} [0-9]{10}\.[0-9]{5}$'
is "the list shows them, newest first" "$(versions t-versions)" "a:1:4 a:0:3"
is "and in reverse the other way" "$(versions t-versions reverse=1)" "a:0:3 a:1:4"
is "a page goes on behind a version" "$(versions t-versions "marker=a&version_marker=$v2")" "a:0:3"
is "in reverse, too" "$(versions t-versions "reverse=1&marker=a&version_marker=$v1")" "a:1:4"
is "a list of versions is JSON or nothing" "$(http "$store/t-versions?versions&format=plain")" 406
is "the old one is still read" "$(http "$store/t-versions/a?version-id=$v1"; cat body)" 200one
is "the newest says where it will be" "$(http "$store/t-versions/a"; header Content-Location)" "200/v1/${store##*/}/t-versions/a?version-id=$v2"
is "a delete leaves a mark" "$(http -X DELETE "$store/t-versions/a")" 204
mark=$(header X-Object-Version-Id)
is "which is the latest" "$(versions t-versions)" "a:1:deleted a:0:4 a:0:3"
is "nothing is read" "$(http "$store/t-versions/a")" 404
is "the mark says what it is" "$(http -I "$store/t-versions/a?version-id=$mark"; header Content-Type)" "404application/x-deleted;swift_versions_deleted=1"
is "a delete of nothing is 404 and leaves a mark, too" "$(http -X DELETE "$store/t-versions/b"; versions t-versions prefix=b)" "404b:1:deleted"
is "an old version is made the latest" "$(http -X PUT -H 'Content-Length: 0' "$store/t-versions/a?version-id=$v1"; http "$store/t-versions/a"; cat body)" 201200one
is "and the list knows" "$(versions t-versions prefix=a)" "a:0:deleted a:0:4 a:1:3"
is "'null' takes what is current away, and no version" "$(http -X DELETE "$store/t-versions/a?version-id=null"; http "$store/t-versions/a"; versions t-versions prefix=a)" "204404a:1:deleted a:0:4 a:0:3"
is "versions are suspended" "$(http -X POST -H 'X-Versions-Enabled: false' "$store/t-versions")" 204
is "a write has none then" "$(put t-versions/s 1)" ""
is "a delete leaves no mark then" "$(http -X DELETE "$store/t-versions/s"; versions t-versions prefix=s)" 204
is "a container with old versions is not empty" "$(http -X DELETE "$store/t-versions")" 409

later "for n in 1 2 3; do http -X DELETE $store/t-stack/o; http -X DELETE $store/t-hist/o; done; for c in t-stack t-hist t-arch; do http $store/\$c; while read -r n; do http -X DELETE $store/\$c/\$n; done < body; http -X DELETE $store/\$c; done"
http -X PUT "$store/t-arch" > /dev/null
is "writes go to another container" "$(http -X PUT -H 'X-Versions-Location: t-arch' "$store/t-stack"; put t-stack/o 1; put t-stack/o 22; http "$store/t-arch"; wc -l < body)" "2012001"
is "a delete brings the last one back" "$(http -X DELETE "$store/t-stack/o"; http "$store/t-stack/o"; cat body)" 2042001
http -X POST -H 'X-History-Location: t-arch' "$store/t-stack" > /dev/null
is "history: a delete is written down" "$(http -X DELETE "$store/t-stack/o"; http "$store/t-stack/o"; http "$store/t-arch"; wc -l < body)" 2044042002
is "also one of nothing, which is 404" "$(http -X DELETE "$store/t-stack/o"; http "$store/t-arch"; wc -l < body)" 4042003
http -X POST -H 'X-Versions-Location: t-arch' "$store/t-stack" > /dev/null
is "a stack takes one mark away" "$(http -X DELETE "$store/t-stack/o"; http "$store/t-stack/o"; http "$store/t-arch"; wc -l < body)" 2044042002
is "and then what it had hidden comes back" "$(http -X DELETE "$store/t-stack/o"; http "$store/t-stack/o"; cat body)" 2042001
is "a place that is not there is 412" "$(http -X PUT -H 'X-Versions-Location: t-nowhere' "$store/t-hist"; put t-hist/o 1; http -X PUT -d 2 "$store/t-hist/o")" 201412
is "names are told as they are given" "$(http -X POST -H 'X-Versions-Location: %C3%A4' "$store/t-hist"; http -I "$store/t-hist"; header X-Versions-Location)" "204204%C3%A4"

later "for o in target link static chain; do http -X DELETE $store/t-links/\$o; done; http -X DELETE $store/t-links"
http -X PUT "$store/t-links" > /dev/null
http -X PUT -H 'X-Symlink-Target: t-links/target' -H 'Content-Length: 0' "$store/t-links/link" > /dev/null
is "a link to nothing says where that is" "$(http "$store/t-links/link"; header Content-Location)" "404/v1/${store##*/}/t-links/target"
put t-links/target hello application/x-t > /dev/null; etag=$(header Etag | tr -d '"')
link() { http -X PUT -H "X-Symlink-Target: t-links/$2" -H "X-Symlink-Target-Etag: $3" -H 'Content-Length: 0' "$store/t-links/$1"; }
is "a static link is held to what it points to" "$(link static target "$etag"; link static target 0123; cat body)" "201409Object Etag '$etag' does not match X-Symlink-Target-Etag header '0123'"
is "a link to a static link, too" "$(link chain static "$etag"; link chain static 0123)" 201409
is "lists show it as its target" "$(http "$store/t-links?prefix=static&format=json"; grep -o 'application/x-t' body)" 200application/x-t
is "POST goes to the link, and tells of the target" "$(http -X POST -H 'X-Object-Meta-A: b' "$store/t-links/link"; header Location; http -I "$store/t-links/link?symlink=get"; header X-Object-Meta-A)" "307/object-store/v1/${store##*/}/t-links/target
200b"
is "POST makes no link" "$(http -X POST -H 'X-Symlink-Target: a/b' "$store/t-links/target"; cat body)" "400A PUT request is required to set a symlink target"
is "the target changed: 409, and where it is" "$(put t-links/target other; http "$store/t-links/static"; header Content-Location)" "409/v1/${store##*/}/t-links/target"

origin=https://page.example
is "pages of other origins see nothing" "$(http -H "Origin: $origin" "$store/t-links/target"; header Access-Control-Allow-Origin)" 200
is "until the container lets them" "$(http -X POST -H "X-Container-Meta-Access-Control-Allow-Origin: https://a.example $origin" -H 'X-Container-Meta-Access-Control-Max-Age: 7' "$store/t-links"; http -H "Origin: $origin" "$store/t-links/target"; header Access-Control-Allow-Origin)" "204200$origin"
has "with the headers that they may read" "$(header Access-Control-Expose-Headers)" 'etag, x-timestamp, x-trans-id'
is "others do not" "$(http -H 'Origin: https://evil.example' "$store/t-links/target"; header Access-Control-Allow-Origin)" 200
is "a preflight" "$(curl -s -o body -D head -w '%{http_code}' -X OPTIONS -H "Origin: $origin" -H 'Access-Control-Request-Method: PUT' -H 'Access-Control-Request-Headers: x-auth-token' "$store/t-links/target"; header Access-Control-Allow-Headers; header Access-Control-Max-Age)" "200x-auth-token
7"
is "one that asks for nothing" "$(curl -s -o body -w '%{http_code}' -X OPTIONS -H "Origin: $origin" "$store/t-links/target")" 401

is "a NUL in a name" "$(http -X PUT -d 1 "$store/t-links/a%00b"; cat body)" "412Invalid UTF8 or contains NULL"
is "a time that is none" "$(http -X PUT -d 1 -H 'X-Delete-At: soon' "$store/t-links/x"; cat body)" "400Non-integer X-Delete-At"
is "a delete only of what expires then" "$(http -X DELETE -H 'X-If-Delete-At: bad' "$store/t-links/target"; http -X DELETE -H 'X-If-Delete-At: 7' "$store/t-links/target")" 400412
is "what can be markup is told as text" "$(http -X PUT -d 1 -H 'X-Symlink-Target: a<b' "$store/t-links/x"; header Content-Type)" "412text/plain; charset=UTF-8"
