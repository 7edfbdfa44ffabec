#!/bin/sh
# symbols.sh: every module exports one symbol, cairn_driver_entry, and nothing leaks into the daemon beside it.  Run in the build tree.
set -u
command -v nm > /dev/null || { echo "nm is missing"; exit 77; }
count=0 failed=0
for module in drivers/*/.libs/*.so plugins/*/.libs/*.so; do
    [ -e "$module" ] || continue
    count=$((count + 1))
    names=$(nm -D --defined-only "$module" | awk '{ print $NF }' | grep -v '^__\(asan\|odr_asan\|ubsan\|gcov\|llvm\|start___\|stop___\)' | sort | tr '\n' ' ')
    if [ "$names" != "cairn_driver_entry " ]; then
        echo "$module exports: $names"
        failed=1
    fi
done
echo "$count modules looked at"
[ $count -gt 0 ] || exit 77
exit $failed
