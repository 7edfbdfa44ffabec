#!/bin/sh
# docs_test.sh: what is written about the programs is what they say themselves: configuration keys, commands, options, links.
set -u
src=${srcdir:-.}
cairnd=${CAIRND:-./cairnd} cairn=${CAIRN_TOOL:-./cairn}
failed=0
fail() { echo "FAIL: $*"; failed=1; }

# The page of keys is what the daemon prints, below a heading.
# Two defaults follow from the prefix; the page has those of /usr/local.
keys() { sed 's/^\(| `\(state\|run\)_dir` | path | \)`[^`]*`/\1/'; }
"$cairnd" --help-config=md | keys > docs_test.keys
sed 1,4d "$src/docs/configuration.md" | keys | diff - docs_test.keys ||
    fail "docs/configuration.md is stale; this refreshes it: { head -n4 docs/configuration.md; $cairnd --help-config=md; } > new && mv new docs/configuration.md"
rm -f docs_test.keys

# The page of modules' settings has a row for each key of each module that is built here, as the module tells it, and so for all else on the page.
"$src/docs/modules.sh" "$cairn" > docs_test.modules
grep -c '^## ' docs_test.modules > docs_test.count
[ "$(cat docs_test.count)" -gt 3 ] || fail "no modules were found"
grep -vFxf "$src/docs/modules.md" docs_test.modules && fail "docs/modules.md lacks these lines; this refreshes it: docs/modules.sh $cairn > docs/modules.md"
[ "$(cat docs_test.count)" != "$(grep -c '^## ' "$src/docs/modules.md")" ] || cmp -s docs_test.modules "$src/docs/modules.md" ||
    fail "docs/modules.md has lines that no module tells; docs/modules.sh $cairn > docs/modules.md"
rm -f docs_test.modules docs_test.count

# Each long option that a program's help names is in its manual page.
options() { # PROGRAM PAGE
    for option in $("$1" --help | grep -o -- '--[a-z][a-z-]*' | sort -u); do
        sed 's/\\-/-/g' "$src/$2" | grep -q -- "$option" || fail "$2 does not tell of $option"
    done
}
options "$cairnd" docs/man/cairnd.8
options "$cairn" api/cairn/cairn.8

# So is each command of the operator's tool, with its options.
sed -e 's/\\f.//g' -e 's/\\-/-/g' -e 's/^\.[A-Z]* //' "$src/api/cairn/cairn.8" > docs_test.page
"$cairn" --help | sed -n 's/^  \([a-z][a-z]*\( [a-z]*\)\{0,1\}\).*/\1/p' > docs_test.commands
[ -s docs_test.commands ] || fail "cairn --help names no command"
while read -r command; do
    grep -q "^$command" docs_test.page || fail "api/cairn/cairn.8 does not tell of 'cairn $command'"
    # shellcheck disable=SC2086
    for option in $("$cairn" $command --help < /dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u); do
        grep -q -- "$option" docs_test.page || fail "api/cairn/cairn.8 does not tell of '$option' of 'cairn $command'"
    done
done < docs_test.commands
rm -f docs_test.commands docs_test.page

# Links between the pages lead somewhere.
for page in README.md docs/tour.md docs/request-to-server.md docs/add-a-resource.md docs/write-a-driver.md docs/limits.md docs/coverage.md docs/benchmarks.md docs/simulate.md; do
    for link in $(grep -o '](\([^)#]*\)' "$src/$page" | sed 's/](//' | grep -v '://'); do
        [ -e "$src/$(dirname "$page")/$link" ] || fail "$page links to $link, which is not there"
    done
done
exit $failed
