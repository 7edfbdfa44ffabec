#!/bin/sh
# headers.sh: each public header stands alone, as C17 and as C++17, without a warning, and needs nothing but itself and libc.
set -u
src=$(cd "${srcdir:-.}" && pwd)/core/include
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
failed=0
try() {
    language=$1 compiler=$2; shift 2
    command -v "${compiler%% *}" > /dev/null || { echo "no $compiler: $language is left out"; return; }
    for header in "$src"/cairn/*.h; do
        name=cairn/$(basename "$header")
        # twice: the guard works; used: the inline functions are compiled
        printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' "$name" "$name" > "$top/t.$language"
        $compiler "$@" -Wall -Wextra -Wpedantic -Werror -I"$src" -c -o "$top/t.o" "$top/t.$language" || { echo "<$name> as $language ($compiler $*)"; failed=1; }
    done
}
try c "${CC:-cc}" -std=c17 -Wno-pedantic
try c clang -std=c17
try cc "${CXX:-c++}" -std=c++17
try cc clang++ -std=c++17
if grep -n '#include' "$src"/cairn/*.h | grep -v '<cairn/\|<std[a-z]*\.h>\|<string\.h>\|<errno\.h>'; then
    echo "a public header includes more than <cairn/...> and the C library"
    failed=1
fi
exit $failed
