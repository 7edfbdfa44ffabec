/* mapping_match.c: see mapping.h: conditions on values, and lists that are written into one text. */
#include "config.h"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "identity/mapping.h"

#include <string.h>
#include "base/json.h"

#define STEPS_MAX 200000        /* of one expression on one value: what takes longer is refused, not waited for */

static void
cleanup_code(pcre2_code **code)
{
    pcre2_code_free(*code);
}

static pcre2_code *
compile(const char *pattern, struct cairn_error *err)
{
    PCRE2_SIZE at;
    int code;
    unsigned char why[128];
    pcre2_code *made = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);

    if (made == NULL) {
        pcre2_get_error_message(code, why, sizeof why);
        cairn_fail(err, CAIRN_INVALID, "'%.100s' is no regular expression: %s, at character %zu", pattern, (const char *)why, (size_t)at);
    }
    return made;
}

int
mapping_regex_check(const char *pattern, struct cairn_error *err)
{
    CLEANUP(cleanup_code) pcre2_code *code = compile(pattern, err);

    return code != NULL ? 0 : -1;
}

static int
regex_found(const char *pattern, const char *value, struct cairn_error *err)
{
    CLEANUP(cleanup_code) pcre2_code *code = compile(pattern, err);
    pcre2_match_data *data;
    pcre2_match_context *limits;
    int got;

    if (code == NULL)
        return -1;
    data = pcre2_match_data_create_from_pattern(code, NULL);
    limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(limits, STEPS_MAX);
    pcre2_set_depth_limit(limits, STEPS_MAX / 100);
    got = pcre2_match(code, (PCRE2_SPTR)value, PCRE2_ZERO_TERMINATED, 0, 0, data, limits);
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    if (got >= 0 || got == PCRE2_ERROR_NOMATCH)
        return got >= 0;
    return cairn_fail(err, CAIRN_INVALID, "the regular expression '%.100s' cannot be tried on a value of the assertion: it takes too long, or the value is no UTF-8", pattern);
}

int
mapping_match(const json_t *list, int regex, const char *value, struct cairn_error *err)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)(uintptr_t)list, i, item) {
        int found = regex ? regex_found(json_string_value(item), value, err) : strcmp(json_string_value(item), value) == 0;

        if (found != 0)
            return found;
    }
    return 0;
}

/* --- lists in one text */
static const char *
skip_blanks(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* The text behind an opening quote; '*p' goes behind the closing one.  0, or -1: there is none. */
static int
quoted(const char **p, struct str *out)
{
    char quote = *(*p)++;

    for (; **p != quote; ++*p) {
        if (**p == '\0')
            return -1;
        if (**p == '\\' && (*p)[1] != '\0')
            ++*p;
        str_add_c(out, **p);
    }
    ++*p;
    return 0;
}

json_t *
mapping_list_parse(const char *text)
{
    CLEANUP_JSON json_t *list = json_array();
    CLEANUP_STR struct str item = STR_INIT;
    const char *p = skip_blanks(text);

    if (*p++ != '[')
        return NULL;
    for (p = skip_blanks(p); *p != ']'; p = skip_blanks(p)) {
        str_reset(&item);
        if ((*p != '\'' && *p != '"') || quoted(&p, &item) < 0)
            return NULL;
        json_array_append_new(list, json_string(item.text != NULL ? item.text : ""));
        p = skip_blanks(p);
        if (*p == ',')
            p++;
        else if (*p != ']')
            return NULL;
    }
    return *skip_blanks(p + 1) == '\0' ? steal(&list) : NULL;
}

char *
mapping_list_text(const json_t *list)
{
    struct str out = STR_INIT;
    size_t i;
    json_t *item;

    str_add(&out, "[");
    json_array_foreach((json_t *)(uintptr_t)list, i, item) {
        str_add(&out, i > 0 ? ", '" : "'");
        for (const char *p = json_string_value(item); *p != '\0'; p++) {
            if (*p == '\'' || *p == '\\')
                str_add_c(&out, '\\');
            str_add_c(&out, *p);
        }
        str_add(&out, "'");
    }
    str_add(&out, "]");
    return str_take(&out);
}
