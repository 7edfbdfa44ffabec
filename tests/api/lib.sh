# lib.sh: what the tests of the API through the `openstack` tool share.  Sourced.
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
run=${CAIRN_RUN:-$top/run}
[ -s "$run/clouds.yaml" ] || { echo "no cloud in $run: ./bootstrap run first"; exit 77; }
export OS_CLIENT_CONFIG_FILE=$run/clouds.yaml OS_CLOUD=cairn
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-api-XXXXXX")
ok=0 bad=0
undo=()
finish() {
    local i
    for ((i = ${#undo[@]} - 1; i >= 0; i--)); do eval "${undo[i]}" > /dev/null 2>&1; done
    rm -rf "$work"
    echo "$ok passed, $bad failed"
    [ $bad = 0 ]
}
trap finish EXIT
later() { undo+=("$*"); }

pass() { ok=$((ok + 1)); echo "ok   $1"; }
fail() { bad=$((bad + 1)); echo "FAIL $1"; [ $# -lt 2 ] || printf '%s\n' "$2" | sed 's/^/     | /' | tail -n 15; }
# works NAME COMMAND...: the command succeeds; its output is in $out.
works() { local name=$1; shift; if out=$("$@" 2>&1); then pass "$name"; else fail "$name" "$out"; return 1; fi; }
# refused NAME PATTERN COMMAND...: it fails, and says why in words that match.
refused() {
    local name=$1 pattern=$2; shift 2
    if out=$("$@" 2>&1); then fail "$name" "it succeeded: $out"; elif grep -qE "$pattern" <<< "$out"; then pass "$name"; else fail "$name" "$out"; fi
}
is() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "expected '$3', got '$2'"; fi; }
has() { if grep -qE -- "$3" <<< "$2"; then pass "$1"; else fail "$1" "no '$3' in: $2"; fi; }
value() { openstack "$@" -f value; }
# until_true SECONDS COMMAND...
until_true() { local end=$((SECONDS + $1)); shift; until "$@" > /dev/null 2>&1; do [ $SECONDS -lt $end ] || return 1; sleep 1; done; }
status_is() { [ "$(value server show "$1" -c status)" = "$2" ]; }
url=$(python3 -c 'import sys,yaml; print(yaml.safe_load(open(sys.argv[1]))["clouds"]["cairn"]["auth"]["auth_url"].rsplit("/identity", 1)[0])' "$run/clouds.yaml")
