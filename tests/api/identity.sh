#!/bin/bash
# identity.sh: tokens, catalog, projects, users and roles through the openstack tool.
. "$(dirname "$0")/lib.sh"

works "token issue" openstack token issue -f value -c id
token=$out
works "catalog list" openstack catalog list
for s in identity compute image network; do has "the catalog names $s" "$out" "$s"; done
works "project create" openstack project create --description d test-p -f value -c id; later openstack project delete test-p
works "project show" openstack project show test-p
works "project list" openstack project list -f value -c Name; has "the project is listed" "$out" "^test-p$"
refused "a second project of that name is a conflict" "409|Conflict" openstack project create test-p
works "user create" openstack user create --project test-p --password pw-1 test-u -f value -c id; later openstack user delete test-u
works "role list" openstack role list -f value -c Name; has "role member is there" "$out" "^member$"
works "role add" openstack role add --user test-u --project test-p member
works "role create" openstack role create test-r -f value -c id
works "role show" openstack role show test-r
works "role delete" openstack role delete test-r
me() { OS_CLOUD='' openstack --os-auth-url "$url/identity/v3" --os-username test-u --os-password "$1" --os-project-name test-p --os-user-domain-name Default \
    --os-project-domain-name Default --os-identity-api-version 3 "${@:2}"; }
works "the new user gets a token" me pw-1 token issue -f value -c id
mine=$out
refused "a wrong password is refused" "401|requires authentication" me pw-2 token issue
refused "a member may not list users" "403|not authorized|forbidden" me pw-1 user list
refused "a member may not create projects" "403|not authorized|forbidden" me pw-1 project create x
is "a token is validated" "$(curl -s -o /dev/null -w '%{http_code}' -H "X-Auth-Token: $token" -H "X-Subject-Token: $mine" "$url/identity/v3/auth/tokens")" 200
is "without a token: 401" "$(curl -s -o /dev/null -w '%{http_code}' "$url/identity/v3/users")" 401
is "a damaged token: 401" "$(curl -s -o /dev/null -w '%{http_code}' -H "X-Auth-Token: ${token}x" "$url/identity/v3/users")" 401
is "forged identity headers give nothing" "$(curl -s -o /dev/null -w '%{http_code}' -H 'X-Roles: admin' -H 'X-User-Id: admin' -H 'X-Identity-Status: Confirmed' \
    "$url/identity/v3/users")" 401
is "a token is revoked" "$(curl -s -o /dev/null -w '%{http_code}' -X DELETE -H "X-Auth-Token: $token" -H "X-Subject-Token: $mine" "$url/identity/v3/auth/tokens")" 204
is "and then refused at once" "$(curl -s -o /dev/null -w '%{http_code}' -H "X-Auth-Token: $mine" "$url/compute/v2.1/servers")" 401
works "another token" me pw-1 token issue -f value -c id
mine=$out
works "user disable" openstack user set --disable test-u
is "a disabled user's token is refused at once" "$(curl -s -o /dev/null -w '%{http_code}' -H "X-Auth-Token: $mine" "$url/compute/v2.1/servers")" 401
works "user delete" openstack user delete test-u
works "project delete" openstack project delete test-p
refused "what is deleted is gone" "No project|not found|404" openstack project show test-p
