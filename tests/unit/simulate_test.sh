#!/bin/sh
# simulate_test.sh: what docs/simulate.md tells people who test clients: delays and faults of a simulated cloud, from settings and while it runs.
set -u
cairnd=${CAIRND:-./cairnd} cairn=${CAIRN_TOOL:-./cairn}
command -v curl > /dev/null || { echo "no curl"; exit 77; }
[ -e drivers/compute/.libs/compute-fake.so ] || { echo "no fake drivers here"; exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-simulate-XXXXXX") || exit 99
daemon=
trap '[ -z "$daemon" ] || kill "$daemon" 2> /dev/null; wait; rm -rf "$work"' EXIT
failed=0
fail() { echo "FAIL: $*"; failed=1; }
unset CAIRN_CONFIG

"$cairnd" --simulate=2 --state-dir "$work/state" --port 0 --port-file "$work/port" --set compute:default.script="$work/rules" \
    --set compute:default.delay_op=server_create=1s > "$work/out" 2>&1 &
daemon=$!
# within SECONDS COMMAND...: it succeeds sooner or later.
within() {
    n=$(($1 * 10)); shift
    while ! "$@" > /dev/null 2>&1; do
        n=$((n - 1)); [ $n -gt 0 ] || return 1
        sleep 0.1
    done
}
within 60 test -s "$work/port" || { cat "$work/out"; exit 1; }
url=http://127.0.0.1:$(cat "$work/port")
password=$(sed -n 's/^ *password: *//p' "$work/state/clouds.yaml")
token=$(curl -s -D - -o /dev/null -H 'Content-Type: application/json' "$url/identity/v3/auth/tokens" -d '{"auth": {"identity": {"methods": ["password"],
    "password": {"user": {"name": "admin", "domain": {"id": "default"}, "password": "'"$password"'"}}}, "scope": {"project": {"name": "admin",
    "domain": {"id": "default"}}}}}' | sed -n 's/^X-Subject-Token: *\([^ ]*\).*/\1/Ip' | tr -d '\r')
[ -n "$token" ] || { fail "no token"; exit 1; }
call() { # METHOD PATH [DATA [TYPE]]
    curl -s -X "$1" -H "X-Auth-Token: $token" -H 'OpenStack-API-Version: compute 2.67' -H "Content-Type: ${4:-application/json}" ${3:+--data-binary "$3"} "$url$2"
}
id_of() { sed -n 's/.*"id": *"\([0-9a-f-]*\)".*/\1/p' | head -n 1; }
field() { grep -o "\"$1\": *\"[^\"]*\"" | head -n 1 | sed 's/.*: *"\(.*\)"/\1/'; }

image=$(call POST /image/v2/images '{"name": "blank", "disk_format": "raw", "container_format": "bare"}' | field id)
call PUT "/image/v2/images/$image/file" "some bytes of a disk" application/octet-stream
flavor=$(call GET '/compute/v2.1/flavors' | field id)
server() { call POST /compute/v2.1/servers "{\"server\": {\"name\": \"$1\", \"imageRef\": \"$image\", \"flavorRef\": \"$flavor\", \"networks\": \"none\"}}" | field id; }
state() { call GET "/compute/v2.1/servers/$1" | field status; }
is() { [ "$(state "$1")" = "$2" ]; }

# A delay from the settings: it builds for a second.
first=$(server first)
[ -n "$first" ] || { fail "no server: $(call POST /compute/v2.1/servers '{"server": {}}')"; exit 1; }
sleep 0.3
is "$first" BUILD || fail "'delay_op' does not delay"
within 30 is "$first" ACTIVE || fail "the first server is $(state "$first")"

# A fault while it runs: the next one fails, the one after that does not.
echo 'server_create fail no_space 1' > "$work/rules"
second=$(server second)
within 60 is "$second" ERROR || fail "the second server is $(state "$second"), not ERROR"
call GET "/compute/v2.1/servers/$second" | grep -q "simulation was told so" || fail "the fault does not say that the simulation was told so"
third=$(server third)
within 60 is "$third" ACTIVE || fail "the third server is $(state "$third")"

# A call that hangs until the rule goes: `cairn tasks` shows it and for how long, and the rest of the cloud goes on.
echo 'server_stop hang' > "$work/rules"
call POST "/compute/v2.1/servers/$first/action" '{"os-stop": null}'
tool() { "$cairn" --set daemon.state_dir="$work/state" --set daemon.run_dir="$work/state/run" "$@"; }
hangs() { tool tasks | grep -q "server_stop *$first *[0-9]* \(ms\|s\) "; }
within 30 hangs || fail "cairn tasks does not tell of the call that hangs, or of its age: $(tool tasks)"
call POST "/compute/v2.1/servers/$third/action" '{"pause": null}'
within 30 is "$third" PAUSED || fail "another server waits, too: $(state "$third")"
: > "$work/rules"
within 30 is "$first" SHUTOFF || fail "the call that hung does not come back: $(state "$first")"
exit $failed
