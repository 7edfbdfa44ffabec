/* sqlite_regexp.c: regexp_like(text, pattern, 'i') for SQLite: what other databases have built in. */
#include "config.h"
#include "catalog/sqlite_private.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define EFFORT 20000            /* steps of one match: a pattern that explodes finds nothing instead of holding up a list */
#define HEAP_KIB 1024           /* of one match: each step remembers all groups, and a pattern may have thousands */

static pcre2_code *
compile(const char *pattern, PCRE2_SIZE len, char *why, size_t size)
{
    PCRE2_SIZE at;
    int code;
    pcre2_code *made = pcre2_compile((PCRE2_SPTR)pattern, len, PCRE2_UTF | PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);

    if (made == NULL && why != NULL)
        pcre2_get_error_message(code, (PCRE2_UCHAR *)why, size);
    return made;
}

int
catalog_check_pattern(const char *pattern, struct cairn_error *err)
{
    char why[128] = "";
    pcre2_code *code = compile(pattern, strlen(pattern), why, sizeof why);

    if (code == NULL)
        return cairn_fail(err, CAIRN_INVALID, "'%.64s' is not a regular expression: %s", pattern, why);
    pcre2_code_free(code);
    return 0;
}

static void free_code(void *code) { pcre2_code_free(code); }

static void
regexp_like(sqlite3_context *context, int n, sqlite3_value **args)
{
    const char *text = (const char *)sqlite3_value_text(args[0]), *pattern = (const char *)sqlite3_value_text(args[1]);
    pcre2_code *code = sqlite3_get_auxdata(context, 1), *fresh = NULL;
    pcre2_match_context *limits = NULL;
    pcre2_match_data *match = NULL;
    int found = 0;

    (void)n;
    if (text == NULL || pattern == NULL)
        return;                         /* null, as of any comparison with null */
    if (code == NULL)
        code = fresh = compile(pattern, (PCRE2_SIZE)sqlite3_value_bytes(args[1]), NULL, 0);
    if (code != NULL && (limits = pcre2_match_context_create(NULL)) != NULL && (match = pcre2_match_data_create(1, NULL)) != NULL) {
        pcre2_set_match_limit(limits, EFFORT);
        pcre2_set_depth_limit(limits, EFFORT);
        pcre2_set_heap_limit(limits, HEAP_KIB);
        found = pcre2_match(code, (PCRE2_SPTR)text, (PCRE2_SIZE)sqlite3_value_bytes(args[0]), 0, 0, match, limits) >= 0;
    }
    pcre2_match_data_free(match);
    pcre2_match_context_free(limits);
    if (fresh != NULL)
        sqlite3_set_auxdata(context, 1, fresh, free_code);
    sqlite3_result_int(context, found);
}

int
sqlite_add_regexp(sqlite3 *db)
{
    return sqlite3_create_function_v2(db, "regexp_like", 3, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, regexp_like, NULL, NULL, NULL);
}
