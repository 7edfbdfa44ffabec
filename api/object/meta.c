/* meta.c: the headers that accounts, containers and objects keep. */
#include "config.h"
#include "object/private.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Lower case, and '-' for '_': gateways in front of such services write one for the other. */
static char *
lower(const char *text)
{
    char *copy = xstrdup(text);

    for (char *p = copy; *p != '\0'; p++)
        *p = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
    return copy;
}

int
meta_check(const json_t *meta, const char *prefix, struct cairn_error *err)
{
    size_t prefix_len = strlen(prefix), count = 0, size = 0;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)meta, name, value) {
        const char *text = json_string_value(value);
        size_t name_len, len;

        if (strncmp(name, prefix, prefix_len) != 0)
            continue;
        name_len = strlen(name) - prefix_len;
        len = strlen(text);
        if (name_len == 0)
            return object_fail(err, 400, "Metadata name cannot be empty");
        if (name_len > OBJECT_META_NAME_MAX)
            return object_fail(err, 400, "Metadata name too long: %s", name);
        if (len > OBJECT_META_VALUE_MAX)
            return object_fail(err, 400, "Metadata value longer than %d: %s", OBJECT_META_VALUE_MAX, name);
        count++;
        size += name_len + len;
    }
    if (count > OBJECT_META_COUNT_MAX)
        return object_fail(err, 400, "Too many metadata items; max %d", OBJECT_META_COUNT_MAX);
    if (size > OBJECT_META_SIZE_MAX)
        return object_fail(err, 400, "Total metadata too large; max %d", OBJECT_META_SIZE_MAX);
    return 0;
}

static int
header_too_long(void *arg, const char *name, const char *value)
{
    struct cairn_error *err = arg;

    if (strlen(name) + strlen(value) <= OBJECT_HEADER_MAX)
        return 0;
    object_fail(err, 400, "Header value too long: %.40s", name);
    return 1;
}

int
meta_check_headers(struct object_call *c, struct cairn_error *err)
{
    http_header_each(c->req, header_too_long, err);
    return err->code != CAIRN_OK ? -1 : 0;
}

/* --- accounts, containers: each header by itself */

struct merge { json_t *meta, *changed; char prefix[32], removal[40]; struct cairn_error *err; };

static int
merge_one(void *arg, const char *name, const char *value)
{
    struct merge *m = arg;
    CLEANUP_FREE char *low = lower(name);
    CLEANUP_FREE char *key = NULL;

    if (str_starts(low, m->prefix)) {
        key = xstrdup(low);
    } else if (str_starts(low, m->removal)) {
        key = xasprintf("%s%s", m->prefix, low + strlen(m->removal));
        value = "";
    } else {
        return 0;
    }
    /* A header that sets wins over one that removes the same. */
    if (*value == '\0' && json_str(m->changed, key) != NULL && json_str(m->changed, key)[0] != '\0')
        return 0;
    json_object_set_new(m->changed, key, json_string(value));
    return 0;
}

int
meta_merge(struct object_call *c, const char *kind, json_t *meta, struct cairn_error *err)
{
    CLEANUP_JSON json_t *changed = json_object();
    struct merge m = { .meta = meta, .changed = changed, .err = err };
    const char *key;
    json_t *value;

    snprintf(m.prefix, sizeof m.prefix, "x-%s-meta-", kind);
    snprintf(m.removal, sizeof m.removal, "x-remove-%s-meta-", kind);
    http_header_each(c->req, merge_one, &m);
    if (meta_check(changed, m.prefix, err) < 0)
        return -1;
    json_object_foreach(changed, key, value) {
        if (json_string_value(value)[0] != '\0')
            json_object_set(meta, key, value);
        else
            json_object_del(meta, key);
    }
    return meta_check(meta, m.prefix, err);
}

/* --- objects: all at once */

static const char *const kept[] = { "content-encoding", "content-disposition", "x-object-manifest", "cache-control", "content-language", "expires",
                                    "x-robots-tag" };

static int
take_one(void *arg, const char *name, const char *value)
{
    CLEANUP_FREE char *low = lower(name);
    json_t *meta = arg;

    if (str_starts(low, "x-object-meta-"))
        json_object_set_new(meta, low, json_string(value));
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (strcmp(low, kept[i]) == 0 && *value != '\0')
            json_object_set_new(meta, low, json_string(value));
    return 0;
}

struct names { struct cairn_error *err; };

static int
check_name(void *arg, const char *name, const char *value)
{
    struct names *n = arg;

    if (strncasecmp(name, "x-object-meta-", 14) != 0)
        return 0;
    if (name[14] == '\0')
        object_fail(n->err, 400, "Metadata name cannot be empty");
    else if (strlen(name) - 14 > OBJECT_META_NAME_MAX)
        object_fail(n->err, 400, "Metadata name too long: %s", name);
    (void)value;
    return n->err->code != CAIRN_OK;
}

int
meta_of_object(struct object_call *c, json_t *meta, struct cairn_error *err)
{
    struct names n = { err };

    http_header_each(c->req, check_name, &n);
    if (err->code != CAIRN_OK)
        return -1;
    http_header_each(c->req, take_one, meta);
    return meta_check(meta, "x-object-meta-", err);
}

#define DELETE_AT_MAX INT64_C(9999999999)       /* seconds; what is later is that */

int
meta_delete_at(const char *at, const char *after, int64_t *ret_us, struct cairn_error *err)
{
    int64_t seconds;

    *ret_us = 0;
    if (after != NULL && *after != '\0') {
        if (str_to_int(after, INT64_MIN, INT64_MAX, &seconds) < 0)
            return object_fail(err, 400, "Non-integer X-Delete-After");
        if (seconds <= 0)
            return object_fail(err, 400, "X-Delete-After in past");
        seconds = seconds < DELETE_AT_MAX ? clock_us() / 1000000 + seconds : DELETE_AT_MAX;
        *ret_us = (seconds < DELETE_AT_MAX ? seconds : DELETE_AT_MAX) * 1000000;
    } else if (at != NULL && *at != '\0') {
        if (strlen(at) > 18 && at[strspn(at, "0123456789")] == '\0')
            seconds = DELETE_AT_MAX;
        else if (str_to_int(at, INT64_MIN, INT64_MAX, &seconds) < 0)
            return object_fail(err, 400, "Non-integer X-Delete-At");
        if (seconds <= clock_us() / 1000000)
            return object_fail(err, 400, "X-Delete-At in past");
        *ret_us = (seconds < DELETE_AT_MAX ? seconds : DELETE_AT_MAX) * 1000000;
    }
    return 0;
}

/* --- out */

/* What only the account's owner sees. */
static int
is_private(const char *name)
{
    static const char *const names[] = { "x-container-read", "x-container-write", "x-container-sync-key", "x-container-sync-to", "x-account-access-control" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return 1;
    return str_starts(name, "x-account-meta-temp-url-key") || str_starts(name, "x-container-meta-temp-url-key");
}

/* "x-object-meta-*" stands for all that begin so. */
static int
is_among(const json_t *patterns, const char *name)
{
    for (size_t i = 0; i < json_array_size(patterns); i++) {
        const char *pattern = json_string_value(json_array_get(patterns, i));
        size_t len = pattern != NULL ? strcspn(pattern, "*") : 0;

        if (len > 0 && strncasecmp(name, pattern, len) == 0 && (pattern[len] == '*' || name[len] == '\0'))
            return 1;
    }
    return 0;
}

void
meta_reply(struct object_call *c, const json_t *meta, int all)
{
    CLEANUP_JSON json_t *signed_url = json_of_column(http_note(c->req, "object.signed_for") != NULL ? http_feature(c->req, "tempurl") : NULL);
    const char *name;
    json_t *value;

    cors_expose(c, meta);
    json_object_foreach((json_t *)(uintptr_t)meta, name, value) {
        CLEANUP_FREE char *title = NULL;

        if (!all && is_private(name))
            continue;
        if (is_among(json_object_get(signed_url, "outgoing_remove_headers"), name) && !is_among(json_object_get(signed_url, "outgoing_allow_headers"), name))
            continue;
        title = xstrdup(name);
        for (char *p = title; *p != '\0'; p++)
            if (p == title || p[-1] == '-')
                *p = (char)toupper((unsigned char)*p);
        http_reply_header(c->req, title, json_string_value(value));
    }
}

/* --- content types by the end of the name */

static const char *const types[][2] = {
    { "html", "text/html" }, { "htm", "text/html" }, { "txt", "text/plain" }, { "css", "text/css" }, { "csv", "text/csv" }, { "js", "text/javascript" },
    { "json", "application/json" }, { "xml", "application/xml" }, { "pdf", "application/pdf" }, { "zip", "application/zip" }, { "tar", "application/x-tar" },
    { "gz", "application/gzip" }, { "tgz", "application/gzip" }, { "bz2", "application/x-bzip2" }, { "xz", "application/x-xz" }, { "png", "image/png" },
    { "jpg", "image/jpeg" }, { "jpeg", "image/jpeg" }, { "gif", "image/gif" }, { "svg", "image/svg+xml" }, { "webp", "image/webp" }, { "ico", "image/x-icon" },
    { "mp3", "audio/mpeg" }, { "ogg", "audio/ogg" }, { "wav", "audio/x-wav" }, { "mp4", "video/mp4" }, { "mpeg", "video/mpeg" }, { "webm", "video/webm" },
    { "md", "text/markdown" }, { "py", "text/x-python" }, { "c", "text/x-csrc" }, { "h", "text/x-chdr" }, { "sh", "application/x-sh" }, { "log", "text/plain" },
    { "wasm", "application/wasm" }, { "woff2", "font/woff2" }, { "iso", "application/x-iso9660-image" }, { "doc", "application/msword" },
};

const char *
meta_guess_type(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && strchr(dot, '/') == NULL && i < ARRAY_LEN(types); i++)
        if (strcasecmp(dot + 1, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}
