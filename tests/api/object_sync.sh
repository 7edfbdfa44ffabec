#!/bin/bash
# object_sync.sh: container sync between two clouds that share a realm.
. "$(dirname "$0")/lib.sh"
. "$top/tests/api/object_clouds"
cd "$work" || exit 1
header() { tr -d '\r' < head | awk -v h="$1:" 'tolower($1) == tolower(h) { sub(/^[^ ]* /, ""); print }'; }
use=$filters settings=''
printf '[R]\nkey = realm\nkey2 = older\n' > realms
cloud a --set object.sync_interval=200ms; a=$store ta=$token ra=$root
cloud b --set object.sync_interval=200ms; b=$store tb=$token rb=$root
printf 'cluster_one = %s/object-store/v1/\ncluster_Two = %s/object-store/v1\n' "$ra" "$rb" >> realms
A() { curl -s -o body -D head -w '%{http_code}' -H "X-Auth-Token: $ta" "$@"; }
B() { curl -s -o body -D head -w '%{http_code}' -H "X-Auth-Token: $tb" "$@"; }
anyone() { curl -s -o body -D head -w '%{http_code}' "$@"; }
# soon NAME EXPECTED COMMAND...: it is so within a minute
soon() { local name=$1 want=$2 i got; shift 2; for i in $(seq 300); do got=$("$@"); [ "$got" = "$want" ] && break; sleep .2; done; is "$name" "$got" "$want"; }
in_b() { B "$b/s/$1"; cat body; }
in_a() { A "$a/s/$1"; cat body; }
is "/info names the realm, and no key" "$(anyone "$ra/info"; python3 -c 'import json; print(json.load(open("body"))["container_sync"])')" "200{'realms': {'R': {'clusters': {'one': {}, 'Two': {}}}}}"
B -X PUT -H 'X-Container-Sync-Key: shared' "$b/s" > /dev/null
A -X PUT "$a/s" > /dev/null; A -X PUT -d before "$a/s/before" > /dev/null
for to in "$b/s" //R/two/AUTH_x //R/three/AUTH_x/s //Q/two/AUTH_x/s //R/two/AUTH_x/s/o; do is "no target: ${to#"$rb"}" "$(A -X POST -H "X-Container-Sync-To: $to" "$a/s")" 400; done
is "a target" "$(A -X POST -H "X-Container-Sync-To: //R/two/${b##*/}/s" -H 'X-Container-Sync-Key: shared' "$a/s")" 204
soon "what was there already comes" 200before in_b before
head -c 3000000 /dev/urandom > big
A -X PUT --data-binary @big -H 'Content-Type: text/x-odd' -H 'X-Object-Meta-Colour: red' -H 'X-Object-Meta-Empty;' -H 'X-Delete-After: 1000' "$a/s/a%20%C3%A4%3F/b" > /dev/null
in_big() { B "$b/s/a%20%C3%A4%3F/b"; md5sum < body; }
soon "a large one with a name that is quoted" "200$(md5sum < big)" in_big
is "with type, metadata and expiry" "$(header Content-Type) $(header X-Object-Meta-Colour) $(header X-Delete-At | wc -c)" "text/x-odd red 11"
stamp=$(B -I "$b/s/a%20%C3%A4%3F/b" > /dev/null; header X-Timestamp)
is "and of the same time" "$(A -I "$a/s/a%20%C3%A4%3F/b" > /dev/null; header X-Timestamp)" "$stamp"
A -X POST -H 'X-Object-Meta-Colour: blue' "$a/s/before" > /dev/null
colour() { B -I "$b/s/before" > /dev/null; header X-Object-Meta-Colour; }
soon "new metadata" blue colour
A -X PUT -d later "$a/s/before" > /dev/null; soon "new bytes" 200later in_b before
A -X DELETE "$a/s/before" > /dev/null
gone() { B -I "$b/s/$1"; }
soon "and that it is gone" 404 gone before
is "both ways" "$(B -X POST -H "X-Container-Sync-To: //R/one/${a##*/}/s" "$b/s")" 204
B -X PUT -d back "$b/s/back" > /dev/null; soon "what is put there comes here" 200back in_a back
A -X PUT -d '' "$a/s/empty" > /dev/null; soon "an empty one" 200 in_b empty
B -X DELETE "$b/s/back" > /dev/null; gone_a() { A -I "$a/s/back"; }; soon "and goes" 404 gone_a
A -X PUT -d second "$a/s/again" > /dev/null; soon "a name" 200second in_b again
# The queues are empty: nothing goes round for ever.
queued() { python3 -c 'import sqlite3,sys; print(sum(sqlite3.connect("file:%s/catalog.db?mode=ro" % d, uri=True).execute("select count(*) from object_sync_queue").fetchone()[0] for d in sys.argv[1:]))' a b; }
soon "then there is peace" 0 queued

# --- who may push
path=/v1/${b##*/}/s/forged
sign() { printf '%s\n%s\n%s\n%s\n%s' "$1" "$path" "$3" nonce "$4" | openssl dgst -sha1 -hmac "$2" | sed 's/.* //'; }
now=$(date +%s).00000
push() { anyone -X "$1" -d forged -H "X-Timestamp: $2" -H "X-Container-Sync-Auth: $3" "$rb/object-store$path"; }
is "another realm's key" "$(push PUT "$now" "R nonce $(sign PUT wrong "$now" shared)"; cat body)" "401X-Container-Sync-Auth header not valid; contact cluster operator for support."
is "another container's key" "$(push PUT "$now" "R nonce $(sign PUT realm "$now" other)")" 401
is "another time" "$(push PUT "1$now" "R nonce $(sign PUT realm "$now" shared)")" 401
is "another method" "$(push DELETE "$now" "R nonce $(sign PUT realm "$now" shared)")" 401
is "no time" "$(push PUT soon "R nonce $(sign PUT realm soon shared)")" 401
is "no realm" "$(push PUT "$now" "Q nonce $(sign PUT realm "$now" shared)")" 401
is "reading is not pushing" "$(anyone -H "X-Timestamp: $now" -H "X-Container-Sync-Auth: R nonce $(sign GET realm "$now" shared)" "$b/s/again")" 401
is "the realm's older key" "$(push PUT "$now" "R nonce $(sign PUT older "$now" shared)")" 201
is "what is not newer changes nothing" "$(push PUT "$now" "R nonce $(sign PUT older "$now" shared)")" 202
is "nor does an older delete" "$(push DELETE 1000.00000 "R nonce $(sign DELETE realm 1000.00000 shared)"; B "$b/s/forged")" 409200

# --- a cloud that is away
A -X POST -H "X-Container-Sync-To: //R/gone/AUTH_x/s" "$a/s" > /dev/null
printf 'cluster_gone = http://127.0.0.1:1/v1\n' >> realms
is "a cluster that the file names since" "$(A -X POST -H "X-Container-Sync-To: //R/gone/AUTH_x/s" "$a/s")" 204
tries() { python3 -c 'import sqlite3; print(sqlite3.connect("file:a/catalog.db?mode=ro", uri=True).execute("select count(*) > 0 and min(tries) > 0 from object_sync_queue").fetchone()[0])'; }
soon "is tried again" 1 tries
is "and forgotten when the target goes" "$(A -X POST -H 'X-Remove-Container-Sync-To: x' "$a/s"; queued)" 2040
