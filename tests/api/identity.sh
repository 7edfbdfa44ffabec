#!/bin/bash
# identity.sh: every noun of identity through the openstack tool (identity.cli), then tokens as they are on the wire.
. "$(dirname "$0")/lib.sh"

session=$(CAIRN_URL=$url "$top/tests/api/osc" "$top/tests/api/identity.cli" 2>&1)
printf '%s\n' "$session"
ok=$(grep -c '^ok ' <<< "$session") bad=$(grep -c '^FAIL ' <<< "$session")
has "the session went to its end" "$session" "passed, $bad failed$"

works "token issue" openstack token issue -f value -c id
token=$out
works "catalog list" openstack catalog list
for s in identity compute image network; do has "the catalog names $s" "$out" "$s"; done
works "project create" openstack project create --description d test-p -f value -c id; later openstack project delete test-p
works "user create" openstack user create --project test-p --password pw-1 test-u -f value -c id; later openstack user delete test-u
works "role add" openstack role add --user test-u --project test-p member
me() { OS_CLOUD='' openstack --os-auth-url "$url/identity/v3" --os-username test-u --os-password "$1" --os-project-name test-p --os-user-domain-name Default \
    --os-project-domain-name Default --os-identity-api-version 3 "${@:2}"; }
works "the new user gets a token" me pw-1 token issue -f value -c id
mine=$out
code() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
is "a token is validated" "$(code -H "X-Auth-Token: $token" -H "X-Subject-Token: $mine" "$url/identity/v3/auth/tokens")" 200
is "without a token: 401" "$(code "$url/identity/v3/users")" 401
is "a damaged token: 401" "$(code -H "X-Auth-Token: ${token}x" "$url/identity/v3/users")" 401
is "forged identity headers give nothing" "$(code -H 'X-Roles: admin' -H 'X-User-Id: admin' -H 'X-Identity-Status: Confirmed' "$url/identity/v3/users")" 401
is "a token is revoked" "$(code -X DELETE -H "X-Auth-Token: $token" -H "X-Subject-Token: $mine" "$url/identity/v3/auth/tokens")" 204
is "and then refused at once" "$(code -H "X-Auth-Token: $mine" "$url/compute/v2.1/servers")" 401
works "another token" me pw-1 token issue -f value -c id
mine=$out
works "user disable" openstack user set --disable test-u
is "a disabled user's token is refused at once" "$(code -H "X-Auth-Token: $mine" "$url/compute/v2.1/servers")" 401
