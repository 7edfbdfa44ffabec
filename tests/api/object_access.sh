#!/bin/bash
# object_access.sh: who may what in the object store: access lists of containers and accounts, other projects, referrers, reseller admins, storage policies.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
project=$(value token issue -c project_id)
store=$url/object-store/v1/AUTH_$project
header() { tr -d '\r' < head | awk -v h="$1:" 'tolower($1) == tolower(h) { sub(/^[^ ]* /, ""); print }'; }
# person NAME PROJECT ROLE: makes one, whose token is then in ${token[NAME]} and id in ${id[NAME]}
declare -A token id
person() {
    id[$1]=$(value user create --or-show --password pw "$1" -c id); later "openstack user delete ${id[$1]}"
    openstack role add --user "${id[$1]}" --project "$2" "$3"
    token[$1]=$(openstack --os-username "$1" --os-password pw --os-user-domain-id default --os-project-name '' --os-project-id "$2" token issue -f value -c id)
}
token[admin]=$(value token issue -c id)
other=$(value project create --or-show t-other -c id); later "openstack project delete $other"
openstack role create --or-show ResellerAdmin > /dev/null
openstack role create --or-show t-role > /dev/null; later "openstack role delete t-role"
person t-member "$project" member; person t-reader "$project" reader; person t-role-holder "$project" t-role
person t-stranger "$other" member; person t-second "$other" member; person t-reseller "$other" ResellerAdmin
as() { local who=$1; shift; curl -s -o body -D head -w '%{http_code}' ${token[$who]:+-H "X-Auth-Token: ${token[$who]}"} "$@"; }
token[nobody]=
later "for o in o new; do as admin -X DELETE $store/t-acl/\$o; done; as admin -X DELETE $store/t-acl"
list() { if [ -n "$2" ]; then as t-member -X POST -H "X-Container-$1: $2" "$store/t-acl"; else as t-member -X POST -H "X-Remove-Container-$1: x" "$store/t-acl"; fi > /dev/null; }

# --- roles
is "a member makes a container" "$(as t-member -X PUT "$store/t-acl")" 201
is "and objects" "$(as t-member -X PUT -d hello "$store/t-acl/o")" 201
is "a reader reads and lists" "$(as t-reader "$store/t-acl/o"; as t-reader "$store/t-acl"; as t-reader "$store")" 200200200
is "and no more" "$(as t-reader -X PUT -d x "$store/t-acl/o"; as t-reader -X DELETE "$store/t-acl/o"; as t-reader -X POST "$store/t-acl"; as t-reader -X PUT "$store/t-new")" 403403403403
is "with another role one may nothing" "$(as t-role-holder "$store/t-acl/o"; as t-role-holder "$store")" 403403
is "a stranger may nothing" "$(as t-stranger "$store/t-acl/o"; as t-stranger "$store/t-acl"; as t-stranger -X PUT -d x "$store/t-acl/o")" 403403403
is "nobody may nothing" "$(as nobody "$store/t-acl/o"; as nobody "$store/none/o")" 401401

# --- lists of other projects, by ids and names
for item in "$other:${id[t-stranger]}" "$other:*" "*:${id[t-stranger]}" "t-other:t-stranger" "*:t-stranger" "*:*"; do
    list Read "$item"
    is "read list $item" "$(as t-stranger "$store/t-acl/o"; as t-stranger "$store/t-acl"; as t-stranger -X PUT -d x "$store/t-acl/new"; as nobody "$store/t-acl/o")" 200200403401
done
list Read "$other:${id[t-stranger]}"
is "it names one user only" "$(as t-second "$store/t-acl/o")" 403
list Read "$project:${id[t-stranger]}"; is "of one project only" "$(as t-stranger "$store/t-acl/o")" 403
list Read t-role; is "a role" "$(as t-role-holder "$store/t-acl/o"; as t-stranger "$store/t-acl/o")" 200403
list Read ''
list Write "$other:${id[t-stranger]}"
is "a write list: put and delete, no more" "$(as t-stranger -X PUT -d x "$store/t-acl/new"; as t-stranger "$store/t-acl/new"; as t-stranger -X POST "$store/t-acl/new"; as t-stranger -X DELETE "$store/t-acl/new"; as t-stranger -X POST "$store/t-acl"; as t-stranger "$store/t-acl")" 201403202204403403
list Read "$other:*"
is "lists are for owners' eyes" "$(as t-stranger -I "$store/t-acl"; header X-Container-Read; header X-Container-Write; as t-member -I "$store/t-acl"; header X-Container-Read)" "204204$other:*"
is "a copy from there to here" "$(as t-stranger -X PUT "$url/object-store/v1/AUTH_$other/mine"; as t-stranger -X PUT -H 'Content-Length: 0' -H "X-Copy-From-Account: AUTH_$project" -H 'X-Copy-From: t-acl/o' "$url/object-store/v1/AUTH_$other/mine/o"; as t-stranger "$url/object-store/v1/AUTH_$other/mine/o"; cat body)" 201201200hello
as t-stranger -X DELETE "$url/object-store/v1/AUTH_$other/mine/o" > /dev/null; as t-stranger -X DELETE "$url/object-store/v1/AUTH_$other/mine" > /dev/null
list Write ''

# --- referrers
from() { curl -s -o body -D head -w '%{http_code}' -H "Referer: $1" "$store/t-acl$2"; }
list Read '.r:*'; is "everybody reads, nobody lists" "$(as nobody "$store/t-acl/o"; as nobody "$store/t-acl")" 200401
list Read '.r:*,.rlistings'; is "and lists" "$(as nobody "$store/t-acl")" 200
list Read '.rlistings'; is "listings alone open nothing" "$(as nobody "$store/t-acl")" 401
list Read '.r:example.com'
is "who comes from a page" "$(from http://example.com/x /o; from http://www.example.com/ /o; from http://example.com.evil/ /o; as nobody "$store/t-acl/o")" 200401401401
list Read '.r:.example.com,.r:-evil.example.com'
is "from a domain but one host" "$(from https://www.example.com:8080/ /o; from http://user@a.b.example.com/ /o; from http://evil.example.com/ /o; from http://other/ /o)" 200200401401
is "lists that cannot be" "$(as t-member -X POST -H 'X-Container-Write: .r:*' "$store/t-acl"; as t-member -X POST -H 'X-Container-Read: .x:y' "$store/t-acl"; as t-member -X POST -H 'X-Container-Read: .r:' "$store/t-acl")" 400400400

# --- lists of accounts
list Read ''
account() { as t-member -X POST -H "X-Account-Access-Control: $1" "$store"; }
later "as admin -X POST -H 'X-Account-Access-Control;' $store"
is "read-only" "$(account "{\"read-only\":[\"$other:${id[t-stranger]}\"]}"; as t-stranger "$store"; as t-stranger "$store/t-acl/o"; as t-stranger -X PUT -d x "$store/t-acl/o"; as t-stranger -X PUT "$store/t-new")" 204200200403403
is "read-write" "$(account "{\"read-write\":[\"$other:${id[t-stranger]}\"]}"; as t-stranger "$store/t-acl/o"; as t-stranger -X PUT -d hello "$store/t-acl/o"; as t-stranger -X POST "$store")" 204200201403
is "admin" "$(account "{\"admin\":[\"$other:${id[t-stranger]}\"]}"; as t-stranger -X PUT "$store/t-new"; as t-stranger -X DELETE "$store/t-new"; as t-stranger -I "$store"; header X-Account-Access-Control | wc -w)" 2042012042041
is "others stay out" "$(as t-second "$store/t-acl/o")" 403
for wrong in '{' '[]' '{"owner":["x"]}' '{"admin":"x"}' '{"admin":[1]}'; do is "no list: $wrong" "$(account "$wrong")" 400; done
is "and then nobody" "$(account '{}'; as t-stranger "$store/t-acl/o")" 204403

# --- reseller admins
is "a reseller admin is at home everywhere" "$(as t-reseller "$store"; as t-reseller -X PUT -d hello "$store/t-acl/o"; as t-reseller -X POST -H 'X-Account-Meta-T: 1' "$store")" 200201204
is "and alone sets quotas of accounts" "$(as t-member -X POST -H 'X-Account-Meta-Quota-Bytes: 1' "$store"; as t-reseller -X POST -H 'X-Account-Meta-Quota-Bytes: 1' "$store")" 403204
is "which hold" "$(as t-member -X PUT -d more "$store/t-acl/new"; as t-reseller -X POST -H 'X-Remove-Account-Meta-Quota-Bytes: x' "$store"; as t-member -X PUT -d more "$store/t-acl/new")" 413204201
is "members delete no account" "$(as t-member -X DELETE "$store")" 403
theirs=$url/object-store/v1/AUTH_$other
is "a reseller admin does" "$(as t-stranger -X PUT "$theirs/c"; as t-reseller -X DELETE "$theirs"; as t-stranger "$theirs/c")" 201204404

# --- storage policies
policy=$(curl -s "$url/info" | python3 -c 'import json,sys; print(json.load(sys.stdin)["swift"]["policies"][0]["name"])')
is "a container has the first policy" "$(as t-member -I "$store/t-acl"; header X-Storage-Policy)" "204$policy"
is "another cannot be had" "$(as t-member -X PUT -H 'X-Storage-Policy: none' "$store/t-new")" 400
is "the one may be named, in any case" "$(as t-member -X PUT -H "X-Storage-Policy: ${policy^^}" "$store/t-acl"; as t-member "$store/t-acl/o"; cat body)" 202200hello
