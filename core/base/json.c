/* json.c: JSON documents by jansson, behind bounds of our own. */
#include <config.h>
#define LOG_MODULE "json"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { DEPTH_MAX = 32 };

/* Jansson recurses: look at the brackets before it does.  What is no JSON at all is left to it. */
static int
check_depth(const char *text, size_t len, struct cairn_error *err)
{
    int depth = 0, line = 1, in_string = 0;
    size_t line_start = 0;

    for (size_t i = 0; i < len; i++) {
        switch (text[i]) {
        case '"':
            in_string = !in_string;
            break;
        case '\\':
            i += in_string != 0;
            break;
        case '\n':
            line++;
            line_start = i + 1;
            break;
        case '[':
        case '{':
            if (!in_string && ++depth > DEPTH_MAX)
                return cairn_fail(err, CAIRN_INVALID, "JSON is nested deeper than %d levels at line %d, column %zu", DEPTH_MAX, line,
                                  i - line_start + 1);
            break;
        case ']':
        case '}':
            depth -= !in_string;
            break;
        }
    }
    return 0;
}

int
json_parse(const char *text, size_t len, json_t **ret, struct cairn_error *err)
{
    json_error_t why;
    json_t *value;

    if (check_depth(text, len, err) < 0)
        return -1;
    value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (value == NULL)
        return cairn_fail(err, CAIRN_INVALID, "not valid JSON: %s at line %d, column %d", why.text, why.line, why.column);
    *ret = value;
    return 0;
}

json_t *
json_of_column(const char *text)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    json_t *value = NULL;

    if (text != NULL && text[0] != '\0' && json_parse(text, strlen(text), &value, &err) < 0)
        log_error("a JSON column of the catalog cannot be read: %s", err.message);
    if (value == NULL)
        value = json_object();
    if (value == NULL)
        abort();
    return value;
}

char *
json_text(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    if (text == NULL)
        abort();        /* out of memory, or a value that is none */
    return text;
}

const char *
json_str(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int64_t
json_int(const json_t *object, const char *key, int64_t dflt)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? (int64_t)json_integer_value(value) : dflt;
}

int
json_bool(const json_t *object, const char *key, int dflt)
{
    const json_t *value = json_object_get(object, key);

    return json_is_boolean(value) ? json_is_true(value) : dflt;
}
