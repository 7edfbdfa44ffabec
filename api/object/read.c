/* read.c: what a reader of an object gets: links followed, manifests put together, conditions, ranges. */
#include "config.h"
#define LOG_MODULE "object"
#include "object/private.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"

#define RANGES_MAX 50

void
reading_clear(struct reading *r)
{
    container_clear(&r->container);
    object_clear(&r->object);
    chain_free(r->bytes);
    free(r->etag);
    free(r->location);
    *r = (struct reading){ 0 };
}

/* The object of this name, if the caller may read it. */
static int
open_one(struct object_call *c, struct tx *tx, const char *account, const char *container, const char *name, const char *version, struct reading *r,
         struct cairn_error *err)
{
    int found = container_find(tx, account, container, &r->container, err);

    if (found < 0)
        return -1;
    if (!found) {
        access_judge(c, tx);
        return access_reader(c, err) < 0 ? -1 : object_fail(err, 404, "%s", "");
    }
    if (access_objects(c, tx, &r->container, MAY_READ, err) < 0 || (version != NULL && access_owner(c, err) < 0) ||
        (found = object_find(tx, r->container.id, name, version, &r->object, err)) < 0)
        return -1;
    if (found && r->object.marker) {    /* what is told of a deletion */
        http_reply_header(c->req, "X-Object-Version-Id", version);
        http_reply_header(c->req, "Content-Type", r->object.type);
        http_reply(c->req, 404, NULL, NULL);
        return -1;
    }
    if (!found)
        return object_fail(err, 404, "%s", "");
    return 0;
}

static int
follow_link(struct object_call *c, struct tx *tx, struct reading *r, int depth, struct cairn_error *err)
{
    CLEANUP_FREE char *account = NULL, *container = NULL, *name = NULL, *etag = xstrdup(json_str(r->object.sys, "symlink_etag"));
    CLEANUP_STR struct str path = STR_INIT;

    if (depth >= SYMLINKS_MAX)
        return object_fail(err, 409, "Too many levels of symbolic links, maximum allowed is %d", SYMLINKS_MAX);
    if (symlink_target(&r->object, r->container.account, &account, &container, &name) < 0)
        return object_fail(err, 409, "The target of this symlink is damaged");
    free(r->location);
    str_add(&path, "/v1/");
    object_quote(account, &path);
    str_add(&path, "/");
    object_quote(container, &path);
    str_add(&path, "/");
    object_quote(name, &path);
    r->location = str_take(&path);
    if (r->walk == NULL)
        http_reply_header(c->req, "Content-Location", r->location);     /* also where it leads to nothing */
    if (open_one(c, tx, account, container, name, NULL, r, err) < 0)
        return -1;
    if (etag != NULL && r->object.kind != OBJECT_SYMLINK && strcmp(etag, r->object.etag) != 0)
        return object_fail(err, 409, "The object that the symlink points to has changed since: its ETag is not %s", etag);
    return 0;
}

static int
is_quarantined(struct tx *tx, const char *blob, int *ret, struct cairn_error *err)
{
    int64_t n = 0;

    if (blob != NULL && tx_int(tx, &n, 0, err, "select count(*) from object_quarantine where blob = ?", "s", blob) < 0)
        return -1;
    *ret = n > 0;
    return 0;
}

int
reading_open(struct object_call *c, struct tx *tx, const char *account, const char *container, const char *name, struct reading *r, struct cairn_error *err)
{
    /* Who has a signature for an object has it for the latest. */
    int is_asked = r->walk == NULL && http_note(c->req, "object.signed_for") == NULL;
    const char *version = is_asked && object_has(c, "object_versioning") ? http_query(c->req, "version-id") : NULL;
    const char *manifest = r->walk == NULL ? http_query(c->req, "multipart-manifest") : NULL;
    const char *symlink = r->walk == NULL ? http_query(c->req, "symlink") : NULL;
    int bad;

    if (open_one(c, tx, account, container, name, version, r, err) < 0)
        return -1;
    if (!str_eq(symlink, "get"))
        for (int depth = 0; r->object.kind == OBJECT_SYMLINK && object_has(c, "symlink"); depth++)
            if (follow_link(c, tx, r, depth, err) < 0)
                return -1;
    if (is_quarantined(tx, r->object.blob, &bad, err) < 0)
        return -1;
    if (bad)
        return object_fail(err, 404, "The bytes of this object were damaged and are kept apart");
    r->modified_us = r->object.updated_us;
    r->bytes = chain_new(c->service);
    r->is_raw = str_eq(manifest, "get");
    if (r->object.kind == OBJECT_DLO && !r->is_raw && object_has(c, "dlo"))
        return dlo_assemble(c, tx, r, err);
    if (r->object.kind == OBJECT_SLO && object_has(c, "slo"))
        return r->is_raw ? slo_raw(c, r, err) : slo_assemble(c, tx, r, err);
    chain_blob(r->bytes, r->object.store, r->object.blob, 0, r->object.size);
    r->size = r->object.size;
    r->etag = xstrdup(r->object.etag);
    return 0;
}

/* --- conditions */

/* 1: one of the tags in the list is this one. */
static int
names_etag(const char *list, const char *etag)
{
    CLEANUP_FREE char *copy = xstrdup(list);
    size_t len = strlen(etag), skip = etag[0] == '"';
    char *save = NULL;

    for (char *item = strtok_r(copy, ",", &save); item != NULL; item = strtok_r(NULL, ",", &save)) {
        size_t n;

        item += strspn(item, " \t");
        if (strncmp(item, "W/", 2) == 0)
            item += 2;
        n = strlen(item);
        while (n > 0 && strchr(" \t", item[n - 1]) != NULL)
            n--;
        if (n == 1 && *item == '*')
            return 1;
        if (n >= 2 && *item == '"' && item[n - 1] == '"') {
            item++;
            n -= 2;
        }
        if (n == len - 2 * skip && memcmp(item, etag + skip, n) == 0)
            return 1;
    }
    return 0;
}

/* 0: go on; else the status to answer. */
static int
conditions(struct object_call *c, const char *etag, int64_t modified_us)
{
    const char *match = http_header(c->req, "If-Match"), *none = http_header(c->req, "If-None-Match");
    const char *since = http_header(c->req, "If-Modified-Since"), *unmodified = http_header(c->req, "If-Unmodified-Since");
    int64_t us, rounded = (modified_us + 999999) / 1000000 * 1000000;

    if (match != NULL && !names_etag(match, etag))
        return 412;
    if (unmodified != NULL && object_parse_date(unmodified, &us) == 0 && rounded > us)
        return 412;
    if (none != NULL)
        return names_etag(none, etag) ? 304 : 0;
    if (since != NULL && object_parse_date(since, &us) == 0 && rounded <= us)
        return 304;
    return 0;
}

/* --- ranges */

struct range { int64_t from, len; };

/* How many of the ranges lie inside; -1: the header says nothing that we understand; -2: too many. */
static int
parse_ranges(const char *header, int64_t size, struct range *ranges)
{
    CLEANUP_FREE char *copy = NULL;
    char *save = NULL;
    int n = 0, given = 0, descending = 0, overlapping = 0;

    if (header == NULL || strncasecmp(header, "bytes=", 6) != 0)
        return -1;
    copy = xstrdup(header + 6);
    for (char *item = strtok_r(copy, ",", &save); item != NULL; item = strtok_r(NULL, ",", &save)) {
        int64_t from = -1, to = -1;
        char *dash;

        item += strspn(item, " \t");
        item[strcspn(item, " \t")] = '\0';
        dash = strchr(item, '-');
        if (dash == NULL)
            return -1;
        *dash++ = '\0';
        if ((*item != '\0' && str_to_int(item, 0, INT64_MAX, &from) < 0) || (*dash != '\0' && str_to_int(dash, 0, INT64_MAX, &to) < 0) ||
            (*item == '\0' && *dash == '\0') || (*item != '\0' && *dash != '\0' && to < from))
            return -1;
        if (++given > RANGES_MAX)
            return -2;
        if (*item == '\0') {            /* the last 'to' bytes */
            if (to == 0)
                continue;
            from = to < size ? size - to : 0;
            to = size - 1;
        } else if (*dash == '\0' || to >= size) {
            to = size - 1;
        }
        if (from >= size && !(size == 0 && *item == '\0'))
            continue;
        ranges[n++] = (struct range){ from, to - from + 1 };
    }
    if (given == 0)
        return -1;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++) {
            overlapping += ranges[k].from < ranges[i].from + ranges[i].len && ranges[i].from < ranges[k].from + ranges[k].len;
            descending += k == i - 1 && ranges[k].from > ranges[i].from;
        }
    return overlapping > 2 || descending > 8 ? -2 : n;
}

/* If-Range: the ranges count only for these very bytes. */
static int
range_holds(struct object_call *c, const struct reading *r)
{
    const char *value = http_header(c->req, "If-Range");
    int64_t us;

    if (value == NULL)
        return 1;
    if (object_parse_date(value, &us) == 0)
        return (r->modified_us + 999999) / 1000000 * 1000000 <= us;
    return names_etag(value, r->etag);
}

static struct chain *
multipart(const struct object_service *s, const struct reading *r, const struct range *ranges, int n, const char *type, const char *boundary)
{
    struct chain *ch = chain_new(s);
    CLEANUP_STR struct str head = STR_INIT;

    for (int i = 0; i < n; i++) {
        str_reset(&head);
        str_addf(&head, "%s--%s\r\nContent-Type: %s\r\nContent-Range: bytes %" PRId64 "-%" PRId64 "/%" PRId64 "\r\n\r\n", i > 0 ? "\r\n" : "", boundary, type,
                 ranges[i].from, ranges[i].from + ranges[i].len - 1, r->size);
        chain_text(ch, head.text, head.len);
        chain_part(ch, r->bytes, ranges[i].from, ranges[i].len);
    }
    str_reset(&head);
    str_addf(&head, "\r\n--%s--", boundary);
    chain_text(ch, head.text, head.len);
    return ch;
}

/* --- the reply */

/* Where this very version will be found later. */
static void
version_location(struct object_call *c, const char *version)
{
    CLEANUP_STR struct str path = STR_INIT;

    str_addf(&path, "/v1/%s/", c->account);
    object_quote(c->container, &path);
    str_add(&path, "/");
    object_quote(c->object, &path);
    str_addf(&path, "?version-id=%s", version);
    http_reply_header(c->req, "Content-Location", path.text);
}

static void
object_headers(struct object_call *c, const struct reading *r)
{
    const struct object *o = &r->object;
    char version[32];

    meta_reply(c, o->meta, 1);
    http_reply_header(c->req, "Content-Type", o->type);
    http_reply_header(c->req, "Etag", r->etag);
    http_reply_header(c->req, "Accept-Ranges", "bytes");
    object_last_modified(c, r->modified_us);
    object_timestamp_header(c, "X-Timestamp", r->modified_us);
    if (o->delete_at_us > 0)
        object_header(c, "X-Delete-At", "%" PRId64, o->delete_at_us / 1000000);
    if (o->kind == OBJECT_SLO) {
        http_reply_header(c->req, "X-Static-Large-Object", "True");
        if (!r->is_raw)
            object_header(c, "X-Manifest-Etag", "%s", o->etag);
    }
    if (o->kind == OBJECT_SYMLINK)
        symlink_reply(c, o);
    if (object_has(c, "object_versioning") && versions_enabled(&r->container) >= 0) {
        versions_id_text(o, version);
        http_reply_header(c->req, "X-Object-Version-Id", version);
        if (o->versioned && r->location == NULL && http_query(c->req, "version-id") == NULL)
            version_location(c, version);
    }
}

static void
empty(struct object_call *c, int status)
{
    http_reply(c->req, status, NULL, NULL);
}

int
object_serve(struct object_call *c, struct reading *r, struct cairn_error *err)
{
    struct range ranges[RANGES_MAX];
    int is_manifest = r->is_raw && r->object.kind == OBJECT_SLO && !str_eq(http_query(c->req, "format"), "raw");
    const char *type = is_manifest ? "application/json; charset=utf-8" : r->object.type;
    const char *gone;
    struct chain *ch;
    int status, n;

    object_headers(c, r);
    http_reply_header(c->req, "Content-Type", type);
    status = conditions(c, r->etag, r->modified_us);
    if (status == 304) {
        empty(c, 304);
        return 0;
    }
    if (status != 0)
        return object_fail(err, status, "%s", "");
    n = range_holds(c, r) ? parse_ranges(http_header(c->req, "Range"), r->size, ranges) : -1;
    if (n == 0 || n == -2) {
        object_header(c, "Content-Range", "bytes */%" PRId64, r->size);
        return object_fail(err, 416, "%s", "");
    }
    gone = c->is_head ? NULL : chain_gone_at(r->bytes, n > 0 ? ranges[0].from : 0);
    if (gone != NULL) {                 /* which of its segments, and why, is not every reader's business */
        log_info("%s: %s", http_full_path(c->req), gone);
        return object_fail(err, 409, "%s", "");
    }
    if (n < 0 || r->size == 0 || (n > 1 && r->object.kind == OBJECT_DLO && !r->is_raw)) {
        chain_reply(steal(&r->bytes), c->req, 200, type, c->is_head);
        return 0;
    }
    if (n == 1) {
        object_header(c, "Content-Range", "bytes %" PRId64 "-%" PRId64 "/%" PRId64, ranges[0].from, ranges[0].from + ranges[0].len - 1, r->size);
        ch = chain_new(c->service);
        chain_part(ch, r->bytes, ranges[0].from, ranges[0].len);
        chain_reply(ch, c->req, 206, type, c->is_head);
    } else {
        char boundary[ID_HEX];

        id_hex(boundary);
        ch = multipart(c->service, r, ranges, n, type, boundary);
        object_header(c, "Content-Type", "multipart/byteranges;boundary=%s", boundary);
        chain_reply(ch, c->req, 206, NULL, c->is_head);
    }
    return 0;
}

int
object_get(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_READING struct reading r = { .is_head = c->is_head };

    if (tx_begin(c->service->env.catalog, TX_READ, &tx, err) < 0 || reading_open(c, tx, c->account, c->container, c->object, &r, err) < 0)
        return -1;
    tx_rollback(steal(&tx));
    return object_serve(c, &r, err);
}
