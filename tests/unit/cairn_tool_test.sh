#!/bin/sh
# cairn_tool_test.sh: the operator's tool on a catalog of its own, without a daemon.
set -u
cairn=${CAIRN_TOOL:-./cairn}
src=${srcdir:-.}
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-tool-XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
failed=0
unset CAIRN_CONFIG

mkdir "$work/state" "$work/run"
cat > "$work/cairn.conf" <<X
[daemon]
state_dir = $work/state
run_dir = $work/run
[http]
port = 7
[compute:c]
driver = fake
[storage:s]
driver = fake
[network:n]
driver = fake
X

# expect STATUS TEXT COMMAND...: it ends so, and says this.
expect() {
    status=$1 text=$2
    shift 2
    out=$("$cairn" -c "$work/cairn.conf" "$@" 2>&1 < /dev/null)
    got=$?
    if [ $got -ne "$status" ]; then
        echo "FAIL: cairn $*: ends with $got, not $status: $out"
        failed=1
    fi
    case $out in
    *"$text"*) ;;
    *) echo "FAIL: cairn $*: does not say '$text' but: $out"; failed=1 ;;
    esac
}

# Help: every command has one, and the manual page knows it.
"$cairn" --help | sed -n 's/^  \([a-z]*\( [a-z][a-z]*\)\{0,1\}\)\( .*\|$\)/\1/p' | sed '/^$/d' > "$work/commands"
for words in status hosts drivers reload tasks trace audit "policy explain" "policy list" "policy reload" "catalog backup" "catalog restore" "catalog check" \
    "user password" "mapping test" bootstrap "token rotate" "credential rotate" "credential migrate" log; do
    grep -q "$words" "$work/commands" || { echo "FAIL: $words is not in the help"; failed=1; }
    # shellcheck disable=SC2086
    expect 0 "Usage: cairn $words" $words --help
    grep -q "$words" "$src/api/cairn/cairn.8" || { echo "FAIL: $words is not in cairn.8"; failed=1; }
done
expect 2 "did you mean 'catalog backup'" catlog backup
expect 2 "cairn catalog backup FILE" catalog
expect 2 "usage: cairn trace ID" trace
expect 2 "usage: cairn status" status --loud
expect 1 "did you mean 'port'" -s http.prt=1 status

# Before there is a cloud.
expect 1 "cannot use the catalog" status
expect 1 "--password-file FILE is missing" bootstrap
expect 1 "does not begin with http" bootstrap --base-url ftp://x

# A cloud is made, and made again.
expect 0 "http://127.0.0.1:7/identity/v3" bootstrap --password-file "$work/pw" --clouds "$work/clouds.yaml"
[ "$(stat -c %a "$work/pw" "$work/clouds.yaml" | tr '\n' ' ')" = "600 600 " ] || { echo "FAIL: secrets are open to others"; failed=1; }
grep -q "$(cat "$work/pw")" "$work/clouds.yaml" || { echo "FAIL: clouds.yaml lacks the password"; failed=1; }
expect 0 "http://cloud.example/identity/v3" bootstrap --base-url http://cloud.example/
expect 0 "does not run" status
expect 0 "no host has reported yet" hosts
expect 0 "no task is open" tasks
expect 0 "there was never a task" tasks --all
expect 0 "knows nothing of it" trace req-none
expect 0 "books and machine agree" audit
expect 0 "nothing is loaded" drivers
expect 0 "operations:" drivers --dump storage-fake
expect 1 "neither a path nor KIND-NAME" drivers --dump nothing

# Policy.
expect 0 "admin MAY identity:list_users" policy explain identity:list_users --project admin
expect 0 "admin may NOT identity:list_users" policy explain identity:list_users --project admin --role reader
expect 0 "admin MAY identity:get_user" policy explain identity:get_user --domain default --role reader --target target.user.domain_id=default
expect 1 "there is no rule" policy explain identity:list_user
expect 1 "has no role in this scope" policy explain identity:list_users --project service
expect 1 "Could not find user" policy explain identity:list_users --user nobody
expect 0 "identity:create_user" policy list create_user
expect 0 "object:operator" policy list object:
expect 0 "admin MAY object:reseller" policy explain object:reseller --project admin

# The catalog.
expect 0 "is whole" catalog check
expect 0 "bytes" catalog backup "$work/copy"
expect 1 "is there already" catalog backup "$work/copy"
expect 0 "is restored" catalog restore "$work/copy"
expect 1 "cannot read the backup" catalog restore "$work/none"
[ -f "$work/state/catalog.db.replaced" ] || { echo "FAIL: the replaced catalog is not kept"; failed=1; }

# Users and keys.
echo "new secret" > "$work/new"
expect 0 "is set" user password admin --password-file "$work/new"
expect 1 "there is no user 'nobody'" user password nobody --password-file "$work/new"
expect 1 "there is no password on standard input" user password admin
expect 0 "key 2" token rotate
expect 0 "key 2: 0 of them" credential rotate
expect 0 "key 2: 0 of them" credential migrate

# Mappings.
cat > "$work/rules" <<X
{"rules": [{"local": [{"user": {"name": "{0}"}}, {"groups": "{1}", "domain": {"id": "default"}}],
            "remote": [{"type": "MELLON_USER"}, {"type": "MELLON_GROUPS", "blacklist": ["b"]}]}]}
X
printf '# who\nMELLON_USER: bob\nMELLON_GROUPS: a;b\nPATH: /bin\n' > "$work/said"
expect 0 '"name": "bob"' mapping test --rules "$work/rules" --input "$work/said" --prefix MELLON_
expect 0 '"name": "a"' mapping test --rules "$work/rules" --input "$work/said"
expect 1 "no rule of the mapping fits" mapping test --rules "$work/rules" --input /dev/null
expect 1 "no schema version '7'" mapping test --rules "$work/rules" --input "$work/said" --schema-version 7
expect 1 'is not "Name: value"' mapping test --rules "$work/rules" --input "$work/new"
expect 1 "either --rules FILE, or" mapping test --input "$work/said"
expect 1 "cannot open" mapping test --rules "$work/none" --input "$work/said"
expect 1 "Could not find federated protocol" mapping test --identity-provider acme --protocol saml2 --input "$work/said"

expect 1 "cannot reach cairnd" log
expect 1 "cannot reach cairnd" policy reload
expect 1 "cannot reach cairnd" reload storage s

# A daemon that holds the state folder is not robbed of its catalog.
(flock -x 9 && "$cairn" -c "$work/cairn.conf" catalog restore "$work/copy" > "$work/out" 2>&1; echo $? > "$work/rc") 9> "$work/run/cairnd.pid"
grep -q "stop it first" "$work/out" && [ "$(cat "$work/rc")" = 1 ] || { echo "FAIL: restored under a running daemon"; failed=1; }
exit $failed
