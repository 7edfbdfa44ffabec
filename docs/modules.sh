#!/bin/sh
# modules.sh: prints docs/modules.md from what drivers and plugins say of themselves.  docs_test.sh holds the page to it.
#
#   docs/modules.sh [CAIRN]     CAIRN: the operator's tool of a build tree (./cairn)
cairn=${1:-./cairn}
cat <<'X'
# Settings of drivers and plugins

The keys that stand in a section of their own: `[compute:NAME]`, `[storage:NAME]`, `[network:NAME]` and `[auth:DOMAIN]` of `cairn.conf`, `[filter:NAME]` of `pipeline.ini`.
Those that a vendor's module has are told by `cairn drivers --dump FILE`. `docs/modules.sh` prints this page.
X
for module in compute-kvm storage-file storage-rbd network-linuxbridge auth-ldap filter-request_id filter-size_limit filter-cors filter-ratelimit filter-token_auth \
    filter-tempurl filter-formpost filter-healthcheck filter-crossdomain \
    compute-fake storage-fake network-fake; do
    "$cairn" drivers --dump $module 2> /dev/null | awk -v module=$module '
        function cell(s) { gsub(/\|/, "\\|", s); return s }
        $1 == "description:" { sub(/^description: /, ""); about = $0 }
        $1 == "keys:" { split(module, m, "-"); printf "\n## %s %s\n\n%s.\n", m[1], m[2], toupper(substr(about, 1, 1)) substr(about, 2); first = 1; keys = 1; next }
        $1 == "operations:" { keys = 0 }
        keys && match($0, /\): /) {
            if (first) { print "\n| key | kind | default | meaning |\n| --- | --- | --- | --- |"; first = 0 }
            head = substr($0, 3, RSTART - 3); meaning = substr($0, RSTART + 3)
            name = head; sub(/ \(.*/, "", name); kind = head; sub(/^[^(]*\(/, "", kind); dflt = ""
            if (match(kind, /, default ".*"$/)) { dflt = "`" substr(kind, RSTART + 11, RLENGTH - 12) "`"; kind = substr(kind, 1, RSTART - 1) }
            if (dflt == "``") dflt = ""
            printf "| `%s` | %s | %s | %s |\n", name, kind, cell(dflt), cell(meaning)
        }'
done
