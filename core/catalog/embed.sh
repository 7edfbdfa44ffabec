#!/bin/sh
# embed.sh FILE.sql...: prints the C table of migrations; NNNN-service.sql becomes number NNNN, name "service".
set -eu
cat <<'HEAD'
/* schema.c: made by embed.sh from core/catalog/schema/; do not edit. */
#include "catalog/migrate.h"

const struct catalog_migration catalog_migrations[] = {
HEAD
for file in "$@"; do
    base=$(basename "$file" .sql)
    case $base in
    [0-9][0-9][0-9][0-9]-?*) ;;
    *) echo "embed.sh: '$file' is not named NNNN-service.sql" >&2; exit 1 ;;
    esac
    number=$(echo "${base%%-*}" | sed 's/^0*//')
    if [ "${number:-0}" = "${last:-0}" ]; then
        echo "embed.sh: '$file': two files have number $number" >&2; exit 1
    fi
    last=$number
    echo "    { $number, \"${base#*-}\","
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/      "/' -e 's/$/\\n"/' "$file"
    echo "    },"
done
echo "    { 0, NULL, NULL },"
echo "};"
