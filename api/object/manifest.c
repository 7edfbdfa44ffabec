/* manifest.c: the manifest of a static large object as a client writes it: read, bounded, and every fault in it told at once. */
#include "config.h"
#include "object/private.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* A document of few bytes can be one of very many values: they are counted before any memory is taken for them. */
static int
count_values(const char *body, size_t len, struct cairn_error *err)
{
    int64_t values = 1;
    int in_string = 0;

    for (size_t i = 0; i < len; i++) {
        if (in_string) {
            if (body[i] == '\\')
                i++;
            else if (body[i] == '"')
                in_string = 0;
        } else {
            in_string = body[i] == '"';
            values += body[i] == ',' || body[i] == '[' || body[i] == '{';
        }
    }
    return values <= MANIFEST_VALUES_MAX ? 0 : object_fail(err, 413, "The manifest has more than %d values", MANIFEST_VALUES_MAX);
}

unsigned char *
manifest_data(const char *base64, size_t *ret_len)
{
    size_t len = strlen(base64);

    return base64[strcspn(base64, "\r\n")] == '\0' ? str_unbase64(base64, len, 0, ret_len) : NULL;
}

/* --- ranges */

/* "M-N", "M-", "-N": -1 where one is not there.  -1: it is no range. */
static int
split_range(const char *range, int64_t *ret_from, int64_t *ret_to)
{
    const char *dash = strchr(range, '-');
    char from[24];

    *ret_from = *ret_to = -1;
    if (dash == NULL || dash - range >= (int)sizeof from || (dash == range && dash[1] == '\0'))
        return -1;
    snprintf(from, sizeof from, "%.*s", (int)(dash - range), range);
    if ((from[0] != '\0' && str_to_int(from, 0, INT64_MAX, ret_from) < 0) || (dash[1] != '\0' && str_to_int(dash + 1, 0, INT64_MAX, ret_to) < 0))
        return -1;
    return *ret_from >= 0 && *ret_to >= 0 && *ret_to < *ret_from ? -1 : 0;
}

int
manifest_range(const char *range, int64_t size, int64_t *ret_from, int64_t *ret_len)
{
    int64_t from, to;

    if (split_range(range, &from, &to) < 0)
        return -1;
    if (from < 0) {                     /* the last 'to' bytes */
        if (to == 0)
            return -1;
        from = to < size ? size - to : 0;
        to = size - 1;
    } else if (to < 0 || to >= size) {
        to = size - 1;
    }
    if (from >= size)
        return -1;
    *ret_from = from;
    *ret_len = to - from + 1;
    return 0;
}

/* --- segments */

struct parse { const char *own; size_t index, count; struct str *faults; int faults_count; };

CAIRN_PRINTF(2, 3) static json_t *
fault(struct parse *p, const char *fmt, ...)
{
    va_list ap;
    char text[300];

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (p->faults_count++ < MANIFEST_FAULTS_MAX)
        str_addf(p->faults, "Index %zu: %s\n", p->index, text);
    return NULL;
}

static json_t *
extraneous(struct parse *p, const json_t *given, const char *const *known, size_t known_count)
{
    CLEANUP_STR struct str names = STR_INIT;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)given, name, value) {
        size_t i;

        for (i = 0; i < known_count && strcmp(known[i], name) != 0; i++)
            ;
        if (i == known_count)
            str_addf(&names, "%s\"%s\"", names.len > 0 ? ", " : "", name);
    }
    return names.len > 0 ? fault(p, "extraneous keys %s", names.text) : json_object();
}

static json_t *
parse_data(struct parse *p, const json_t *given)
{
    static const char *const known[] = { "data" };
    json_t *seg = extraneous(p, given, known, ARRAY_LEN(known));
    CLEANUP_FREE unsigned char *bytes = NULL;
    CLEANUP_FREE char *text = NULL;
    size_t len = 0;

    if (seg == NULL)
        return NULL;
    bytes = json_str(given, "data") != NULL ? manifest_data(json_str(given, "data"), &len) : NULL;
    if (bytes == NULL || len == 0) {
        json_decref(seg);
        return fault(p, bytes == NULL ? "data must be valid base64" : "too small; each segment must be at least 1 byte.");
    }
    text = str_base64(bytes, len, 0);
    json_object_set_new(seg, "data", json_string(text));
    return seg;
}

/* Numbers, and text of one.  -1: neither. */
static int
whole_number(const json_t *value, int64_t *ret)
{
    if (json_is_integer(value)) {
        *ret = (int64_t)json_integer_value(value);
        return 0;
    }
    if (json_is_real(value) && fabs(json_real_value(value)) < 9e15) {
        *ret = (int64_t)json_real_value(value);
        return 0;
    }
    return json_is_string(value) ? str_to_int(json_string_value(value), INT64_MIN, INT64_MAX, ret) : -1;
}

/* What of a segment's range is wrong; NULL: nothing. */
static const char *
range_fault(const json_t *value, const json_t *size)
{
    const char *range = json_string_value(value);
    int64_t from, len;

    if (range != NULL && strchr(range, ',') != NULL)
        return "multiple ranges (only one allowed)";
    if (range == NULL || split_range(range, &from, &len) < 0)
        return "invalid range";
    return size != NULL && manifest_range(range, json_integer_value(size), &from, &len) < 0 ? "unsatisfiable range" : NULL;
}

/* Copies into 'seg'; what is wrong, or NULL. */
static const char *
fill_path(const struct parse *p, const json_t *given, json_t *seg)
{
    const char *path = json_str(given, "path"), *plain = path, *slash, *wrong;
    json_t *etag = json_object_get(given, "etag"), *size = json_object_get(given, "size_bytes"), *range = json_object_get(given, "range");
    int64_t bytes;

    if (path == NULL)
        return "\"path\" must be a string";
    if (etag != NULL && !json_is_null(etag) && !json_is_string(etag))
        return "\"etag\" must be a string or null (if provided)";
    plain += strspn(plain, "/");
    slash = strchr(plain, '/');
    if (slash == NULL || slash[strspn(slash, "/")] == '\0')
        return "path does not refer to an object. Path must be of the form /container/object.";
    json_object_set(seg, "path", json_object_get(given, "path"));
    if (json_is_string(etag))
        json_object_set(seg, "etag", etag);
    if (size != NULL && !json_is_null(size)) {
        if (whole_number(size, &bytes) < 0)
            return "invalid size_bytes";
        if (bytes < 1 && p->index != p->count - 1)
            return "too small; each segment must be at least 1 byte.";
        json_object_set_new(seg, "size_bytes", json_integer(bytes));
    }
    if (strcmp(plain, p->own) == 0)
        return "manifest must not include itself as a segment";
    if (range == NULL || json_is_null(range) || (json_is_string(range) && json_string_length(range) == 0))
        return NULL;
    if ((wrong = range_fault(range, json_object_get(seg, "size_bytes"))) == NULL)
        json_object_set(seg, "range", range);
    return wrong;
}

static json_t *
parse_path(struct parse *p, const json_t *given)
{
    static const char *const known[] = { "path", "etag", "size_bytes", "range" };
    json_t *seg = extraneous(p, given, known, ARRAY_LEN(known));
    const char *wrong;

    if (seg == NULL)
        return NULL;
    wrong = fill_path(p, given, seg);
    if (wrong == NULL)
        return seg;
    json_decref(seg);
    return fault(p, "%s", wrong);
}

static json_t *
parse_segment(struct parse *p, const json_t *given)
{
    if (!json_is_object(given))
        return fault(p, "not a JSON object");
    if (json_object_get(given, "data") != NULL)
        return parse_data(p, given);
    if (json_object_get(given, "path") != NULL)
        return parse_path(p, given);
    return fault(p, "expected keys to include one of 'data' or 'path'");
}

int
manifest_parse(const char *body, size_t len, const char *own, json_t **ret, struct str *faults, struct cairn_error *err)
{
    CLEANUP_JSON json_t *given = NULL;
    CLEANUP_JSON json_t *segments = json_array();
    struct cairn_error why = CAIRN_ERROR_INIT;
    struct parse p = { .own = own, .faults = faults };
    json_t *seg;
    int has_path = 0;

    if (count_values(body, len, err) < 0)
        return -1;
    if (json_parse(body, len, &given, &why) < 0)
        return object_fail(err, 400, "Manifest must be valid JSON.\n");
    if (!json_is_array(given))
        return object_fail(err, 400, "Manifest must be a list.\n");
    p.count = json_array_size(given);
    json_array_foreach(given, p.index, seg) {
        json_t *kept = parse_segment(&p, seg);

        has_path |= json_is_object(seg) && json_object_get(seg, "data") == NULL;
        if (kept != NULL)
            json_array_append_new(segments, kept);
    }
    if (p.count > 0 && !has_path && p.faults_count == 0)
        str_add(faults, "Inline data segments require at least one object-backed segment.\n");
    *ret = steal(&segments);
    return 0;
}
