#!/bin/bash
# object_filters.sh: features of the object store are filters of its pipeline: each one left out is gone, from /info too; and what can be set of them.
. "$(dirname "$0")/lib.sh"
. "$top/tests/api/object_clouds"
cd "$work" || exit 1
http() { curl -s -o body -D head -w '%{http_code}' -H "X-Auth-Token: $token" "$@"; }
anyone() { curl -s -o body -D head -w '%{http_code}' "$@"; }
header() { tr -d '\r' < head | awk -v h="$1:" 'tolower($1) == tolower(h) { sub(/^[^ ]* /, ""); print }'; }
info() { http "$root/info" > /dev/null; python3 -c 'import json,sys; print(" ".join(sorted(json.load(open("body")))))'; }

# --- each there, then none of them
some="tempurl formpost staticweb slo dlo symlink versioned_writes object_versioning container_quotas account_quotas healthcheck crossdomain list_endpoints container_sync"
# features: one word for each that works
features() {
    local expires sig path=/v1/AUTH_$project/f/o r
    expires=$(($(date +%s) + 600))
    http -X PUT "$store/f" > /dev/null; http -X PUT -d bytes "$store/f/o" > /dev/null
    http -X POST -H 'X-Account-Meta-Temp-URL-Key: k' "$store" > /dev/null
    sig=$(printf 'GET\n%s\n%s' "$expires" "$path" | openssl dgst -sha256 -hmac k | sed 's/.* //')
    [ "$(anyone "$store/f/o?temp_url_sig=$sig&temp_url_expires=$expires")" = 200 ] && echo tempurl
    sig=$(printf '%s\n\n100\n2\n%s' "/v1/AUTH_$project/f/" "$expires" | openssl dgst -sha256 -hmac k | sed 's/.* //')
    [ "$(anyone -F max_file_size=100 -F max_file_count=2 -F "expires=$expires" -F "signature=$sig" -F a=@head "$store/f/")" = 201 ] && echo formpost
    http -X POST -H 'X-Container-Read: .r:*,.rlistings' -H 'X-Container-Meta-Web-Index: o' "$store/f" > /dev/null
    [ "$(anyone "$store/f/"; cat body)" = 200bytes ] && echo staticweb
    http -X PUT -d '[{"path":"/f/o"}]' "$store/f/slo?multipart-manifest=put" > /dev/null; [ "$(http "$store/f/slo"; cat body)" = 200bytes ] && echo slo
    http -X PUT -d '' -H 'X-Object-Manifest: f/o' "$store/f/dlo" > /dev/null; [ "$(http "$store/f/dlo"; cat body)" = 200bytes ] && echo dlo
    http -X PUT -d '' -H 'X-Symlink-Target: f/o' "$store/f/link" > /dev/null; [ "$(http "$store/f/link"; cat body)" = 200bytes ] && echo symlink
    http -X PUT "$store/old" > /dev/null; http -X PUT -H 'X-Versions-Location: old' "$store/v" > /dev/null
    http -X PUT -d 1 "$store/v/o" > /dev/null; http -X PUT -d 2 "$store/v/o" > /dev/null; http "$store/old" > /dev/null; [ -s body ] && echo versioned_writes
    http -X PUT -H 'X-Versions-Enabled: true' "$store/w" > /dev/null; http -X PUT -d 1 "$store/w/o" > /dev/null; [ -n "$(header X-Object-Version-Id)" ] && echo object_versioning
    http -X PUT -H 'X-Container-Meta-Quota-Bytes: 1' "$store/q" > /dev/null; [ "$(http -X PUT -d 22 "$store/q/o")" = 413 ] && echo container_quotas
    http -X POST -H 'X-Account-Meta-Quota-Bytes: 1' "$store" > /dev/null
    r=$(http -I "$store"; header X-Account-Meta-Quota-Bytes); [ -n "${r#204}" ] && [ "$(member -X PUT -d 22 "$store/f/more")" = 413 ] && echo account_quotas
    http -X POST -H 'X-Container-Sync-To: nowhere' "$store/f" > /dev/null; grep -q X-Container-Sync-To body && echo container_sync
    [ "$(anyone "$root/healthcheck")" = 200 ] && echo healthcheck
    [ "$(anyone "$root/crossdomain.xml")" = 200 ] && echo crossdomain
    [ "$(anyone "$root/endpoints/AUTH_$project/f/o")" = 200 ] && echo list_endpoints
}
# member ARG...: as one of the project who is no operator
member() { curl -s -o body -D head -w '%{http_code}' -H "X-Auth-Token: $member_token" "$@"; }
member_of() {
    export OS_CLIENT_CONFIG_FILE=$work/$1/clouds.yaml
    openstack user create --password pw worker > /dev/null
    openstack role add --user worker --project "$project" member
    member_token=$(openstack --os-username worker --os-password pw --os-user-domain-id default --os-project-id "$project" token issue -f value -c id)
}
sorted() { tr ' ' '\n' <<< "$*" | sort | tr '\n' ' '; }
use=$filters settings='' cloud all; member_of all
is "with all filters each feature is there" "$(sorted $(features all))" "$(sorted $some)"
told=$(info); for f in $some; do has "/info names $f" "$told" "(^| )$f( |\$)"; done
use=request_id\ trans_id\ cors\ token_auth settings='' cloud bare; member_of bare
is "with none of them none is" "$(sorted $(features bare))" "$(sorted)"
is "nor does /info name one" "$(info)" "swift"
for f in $some; do
    use=$(tr ' ' '\n' <<< "$filters" | grep -vx "$f" | tr '\n' ' ') settings='' cloud "no-$f"; member_of "no-$f"
    is "without $f the others are there" "$(sorted $(features "no-$f"))" "$(sorted $(tr ' ' '\n' <<< "$some" | grep -vx "$f"))"
    grep -qw "$f" <<< "$(info)" && fail "/info does not name $f" "$(info)" || pass "/info does not name $f"
done

# --- what can be set
use=$filters
settings="[filter:healthcheck]
disable_path = $work/off
[filter:crossdomain]
cross_domain_policy = <allow-access-from domain=\"example.com\" secure=\"true\" />
[filter:tempurl]
allowed_digests = sha256
methods = GET" cloud set --set object.info_admin_key=secret --set object.info_disallowed_sections=swift.policies,dlo
is "healthcheck" "$(anyone "$root/healthcheck"; cat body)" 200OK
is "and off by a file" "$(: > off; anyone "$root/healthcheck"; cat body)" "503DISABLED BY FILE"
has "a policy of one's own" "$(anyone "$root/crossdomain.xml"; cat body)" '<allow-access-from domain="example.com" secure="true" />'
is "what /info shall not tell" "$(info > /dev/null; python3 -c 'import json; d=json.load(open("body")); print("dlo" in d, "policies" in d["swift"], "admin" in d, d["tempurl"]["methods"], d["tempurl"]["allowed_digests"])')" "False False False ['GET'] ['sha256']"
expires=$(($(date +%s) + 600))
signed() { printf '%s\n%s\n/info' "$1" "$expires" | openssl dgst "-$3" -hmac "$2" | sed 's/.* //'; }
is "operators see more" "$(anyone "$root/info?swiftinfo_sig=$(signed GET secret sha1)&swiftinfo_expires=$expires"; python3 -c 'import json; print(json.load(open("body"))["admin"])')" "200{'disallowed_sections': ['swift.policies', 'dlo']}"
is "HEAD, signed for HEAD" "$(anyone -I "$root/info?swiftinfo_sig=$(signed HEAD secret sha256)&swiftinfo_expires=$expires")" 200
is "another key" "$(anyone "$root/info?swiftinfo_sig=$(signed GET other sha1)&swiftinfo_expires=$expires")" 401
is "another time" "$(anyone "$root/info?swiftinfo_sig=$(signed GET secret sha1)&swiftinfo_expires=$((expires + 1))")" 401
is "a time that is over" "$(expires=1000; anyone "$root/info?swiftinfo_sig=$(signed GET secret sha1)&swiftinfo_expires=$expires")" 401
http -X PUT "$store/c" > /dev/null; http -X PUT -d x "$store/c/o" > /dev/null; http -X POST -H 'X-Account-Meta-Temp-URL-Key: k' "$store" > /dev/null
temp() { printf '%s\n%s\n/v1/AUTH_%s/c/o' "$1" "$expires" "$project" | openssl dgst "-$2" -hmac k | sed 's/.* //'; }
is "a digest that is allowed" "$(anyone "$store/c/o?temp_url_sig=$(temp GET sha256)&temp_url_expires=$expires")" 200
is "one that is not" "$(anyone "$store/c/o?temp_url_sig=$(temp GET sha1)&temp_url_expires=$expires")" 401
is "a method that is not" "$(anyone -X DELETE "$store/c/o?temp_url_sig=$(temp DELETE sha256)&temp_url_expires=$expires")" 401
is "endpoints of an object" "$(anyone "$root/endpoints/AUTH_x/c%20d/o"; cat body)" "200[\"$root/object-store/v1/AUTH_x/c%20d/o\"]"
is "as version 2 has them" "$(anyone "$root/object-store/endpoints/v2/AUTH_x/c"; cat body)" "200{\"endpoints\":[\"$root/object-store/v1/AUTH_x/c\"],\"headers\":{}}"
is "of nothing" "$(anyone "$root/object-store/v1/endpoints"; cat body)" "400No account specified"
is "only GET" "$(anyone -X PUT -d '' "$root/endpoints/AUTH_x")" 405
use=$filters settings='' cloud quiet --set object.expose_info=no
is "/info can be off" "$(anyone "$root/info")" 403
