#!/bin/bash
# bootstrap_test.sh: bootstrap elsewhere than on Debian: every package it may want has a name there, and what is missing is said in those names.
set -u
src=${srcdir:-$(dirname "$0")/../..}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
rc=0
fail() { echo "FAIL: $*"; rc=1; }

names=$(sed -n '/^names() {/,/^X$/p' "$src/bootstrap" | sed '1d;$d')
for p in $(awk -F'"' '/^(build|run|test)_packages="/ { print $2; in_list = NF < 3; next } in_list { print $1; in_list = NF < 2 }' "$src/bootstrap"); do
    [ "$(awk -v p="$p" '$1 == p && NF == 6' <<< "$names" | wc -l)" = 1 ] || fail "bootstrap: names() has not one row with six columns for '$p'"
done

# bootstrap in a root of its own would need root; a copy that finds its facts in a folder does not.
mkdir "$work/bin" && for c in bash cat awk sort env dirname nproc; do ln -s "$(command -v $c)" "$work/bin/$c"; done
sed -e "s|/etc/os-release|$work/os-release|g" -e "s|:/usr/sbin:/sbin||" -e "s|/usr/include/|$work/|; s|/usr/local/include/|$work/|" -e 's|f:/usr/lib|f:/nowhere|' \
    "$src/bootstrap" > "$work/bootstrap"
said() { echo "ID=$1" > "$work/os-release"; PATH=$work/bin bash "$work/bootstrap" build 2>&1 | tail -n 1; }
case $(said fedora) in *"dnf install "*" jansson-devel "*) ;; *) fail "fedora: $(said fedora)" ;; esac
case $(said opensuse-leap) in *"zypper install "*" libjansson-devel "*) ;; *) fail "opensuse: $(said opensuse-leap)" ;; esac
case $(said alpine) in *"apk add "*" jansson-dev "*) ;; *) fail "alpine: $(said alpine)" ;; esac
case $(said arch) in *"pacman -S "*" jansson "*) ;; *) fail "arch: $(said arch)" ;; esac
case $(said slackware) in *"what Debian calls "*" libjansson-dev "*) ;; *) fail "another: $(said slackware)" ;; esac
# What is there is not asked for.
printf '#!/bin/sh\ntest "$2" = jansson\n' > "$work/bin/pkg-config"; chmod +x "$work/bin/pkg-config"
case $(said fedora) in *jansson*) fail "asks for jansson, which pkg-config knows" ;; *libcurl-devel*) ;; *) fail "asks for nothing: $(said fedora)" ;; esac
exit $rc
