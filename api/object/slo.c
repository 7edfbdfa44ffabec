/* slo.c: static large objects: a manifest names its segments, each with what it is; readers get them as one, and never anything else. */
#include "config.h"
#define LOG_MODULE "object"
#include "object/private.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"

/* --- reading */

int
slo_manifest(const struct object_service *s, const struct object *o, json_t **ret, struct cairn_error *err)
{
    CLEANUP_STR struct str text = STR_INIT;
    struct chain *ch = chain_new(s);
    int rc;

    chain_blob(ch, o->store, o->blob, 0, o->size);
    rc = chain_gather(ch, SLO_MANIFEST_MAX * 2, &text, err);
    chain_free(ch);
    return rc < 0 || json_parse(text.text != NULL ? text.text : "", text.len, ret, err) < 0 ? -1 : 0;
}

/* "CONTAINER/OBJECT" behind slashes.  -1: it is none. */
static int
split_name(const char *name, char **ret_container, const char **ret_object)
{
    const char *plain = name != NULL ? name + strspn(name, "/") : "", *slash = strchr(plain, '/');

    if (slash == NULL || slash[1] == '\0')
        return -1;
    *ret_container = xstrndup(plain, (size_t)(slash - plain));
    *ret_object = slash + 1;
    return 0;
}

/* The tag without its quotes. */
static int
same_etag(const char *told, const char *plain)
{
    size_t skip = told[0] == '"', len = strlen(plain);

    return strlen(told) == len + 2 * skip && strncmp(told + skip, plain, len) == 0;
}

static int
is_ours(const struct cairn_error *err)
{
    return object_status_of(err) >= 500;
}

/* What the segment gives to the whole.  What it cannot give is noted, and found by who comes to read it: the reply ends there. */
static int
add_segment(struct object_call *c, struct tx *tx, struct reading *r, struct slo_walk *walk, const json_t *seg, struct cairn_error *err)
{
    const char *name = json_str(seg, "name"), *hash = json_str(seg, "hash"), *range = json_str(seg, "range"), *object;
    int64_t bytes = json_int(seg, "bytes", 0), from = 0, len = bytes;
    CLEANUP_READING struct reading sub = { .walk = walk };
    CLEANUP_FREE char *container = NULL;
    CLEANUP_FREE char *why = NULL;
    struct cairn_error own = CAIRN_ERROR_INIT;

    if (hash == NULL || split_name(name, &container, &object) < 0 || (range != NULL && manifest_range(range, bytes, &from, &len) < 0))
        return object_fail(err, 409, "The manifest is damaged");
    if (++walk->segments > SLO_WALK_SEGMENTS_MAX)
        return object_fail(err, 409, "The manifest and those in it have more than %d segments", SLO_WALK_SEGMENTS_MAX);
    if (json_bool(seg, "sub_slo", 0) && walk->depth >= SLO_DEPTH_MAX) {
        why = xasprintf("Manifests are in manifests more than %d deep", SLO_DEPTH_MAX);
    } else if (reading_open(c, tx, r->container.account, container, object, &sub, &own) < 0) {
        if (is_ours(&own)) {
            *err = own;
            return -1;
        }
        why = xasprintf("Segment %s cannot be read: %d %s", name, object_status_of(&own), own.message);
    } else if (sub.size != bytes || !same_etag(sub.etag, hash)) {
        why = xasprintf("Segment %s is not what it was when the manifest was made", name);
    }
    if (why != NULL)
        chain_gone(r->bytes, len, why);
    else
        chain_part(r->bytes, sub.bytes, from, len);
    return 0;
}

static int
add_data(struct reading *r, const char *data, struct cairn_error *err)
{
    CLEANUP_FREE unsigned char *bytes = NULL;
    size_t len;

    bytes = manifest_data(data, &len);
    if (bytes == NULL)
        return object_fail(err, 409, "The manifest is damaged");
    chain_text(r->bytes, (const char *)bytes, len);
    return 0;
}

int
slo_assemble(struct object_call *c, struct tx *tx, struct reading *r, struct cairn_error *err)
{
    struct slo_walk own = { 0 }, *walk = r->walk != NULL ? r->walk : &own;
    CLEANUP_JSON json_t *manifest = NULL;
    size_t i;
    json_t *seg;
    int rc = 0;

    r->is_large = 1;
    r->etag = xasprintf("\"%s\"", json_str(r->object.sys, "slo_etag"));
    r->size = json_int(r->object.sys, "slo_size", 0);
    if (r->is_head) {
        chain_gone(r->bytes, r->size, "");
        return 0;
    }
    walk->bytes += r->object.size;
    if (walk->bytes > SLO_WALK_BYTES_MAX)
        return object_fail(err, 409, "The manifest and those in it are larger than %d bytes", SLO_WALK_BYTES_MAX);
    if (slo_manifest(c->service, &r->object, &manifest, err) < 0)
        return -1;
    walk->depth++;
    json_array_foreach(manifest, i, seg)
        if (rc == 0)
            rc = json_str(seg, "data") != NULL ? add_data(r, json_str(seg, "data"), err) : add_segment(c, tx, r, walk, seg, err);
    walk->depth--;
    return rc;
}

/* --- the manifest itself */

/* From how it is kept to how a client writes it. */
static json_t *
as_written(const json_t *manifest)
{
    static const char *const names[][2] = { { "name", "path" }, { "bytes", "size_bytes" }, { "hash", "etag" }, { "range", "range" }, { "data", "data" } };
    json_t *out = json_array(), *seg;
    size_t i;

    json_array_foreach(manifest, i, seg) {
        json_t *to = json_object();

        for (size_t k = 0; k < ARRAY_LEN(names); k++)
            if (json_object_get(seg, names[k][0]) != NULL)
                json_object_set(to, names[k][1], json_object_get(seg, names[k][0]));
        json_array_append_new(out, to);
    }
    return out;
}

static EVP_MD_CTX *
md5_new(struct cairn_error *err)
{
    EVP_MD_CTX *md5 = EVP_MD_CTX_new();

    if (md5 != NULL && EVP_DigestInit_ex(md5, EVP_md5(), NULL) == 1)
        return md5;
    EVP_MD_CTX_free(md5);
    cairn_fail(err, CAIRN_INTERNAL, "MD5 cannot be had from libcrypto");
    return NULL;
}

/* MD5 in hex. */
static int
hash_of(const void *bytes, size_t len, char buf[33], struct cairn_error *err)
{
    EVP_MD_CTX *md5 = md5_new(err);
    char quoted[35];

    if (md5 == NULL)
        return -1;
    EVP_DigestUpdate(md5, bytes, len);
    large_etag(md5, quoted);
    EVP_MD_CTX_free(md5);
    snprintf(buf, 33, "%.32s", quoted + 1);
    return 0;
}

int
slo_raw(struct object_call *c, struct reading *r, struct cairn_error *err)
{
    CLEANUP_JSON json_t *manifest = NULL;
    CLEANUP_JSON json_t *written = NULL;
    CLEANUP_FREE char *text = NULL;
    char etag[33];

    if (!str_eq(http_query(c->req, "format"), "raw")) {
        chain_blob(r->bytes, r->object.store, r->object.blob, 0, r->object.size);
        r->size = r->object.size;
        r->etag = xstrdup(r->object.etag);
        return 0;
    }
    if (slo_manifest(c->service, &r->object, &manifest, err) < 0)
        return -1;
    written = as_written(manifest);
    text = json_text(written);
    r->size = (int64_t)strlen(text);
    chain_text(r->bytes, text, (size_t)r->size);
    if (hash_of(text, (size_t)r->size, etag, err) < 0)
        return -1;
    r->etag = xstrdup(etag);
    return 0;
}

/* --- making one */

struct making {
    struct object_call *c;
    json_t *manifest;                   /* to be kept */
    json_t *seen;                       /* path -> what is there, or its status */
    json_t *failed;
    struct slo_walk walk;
    int64_t size;
    char etag[35];                      /* of the whole, in quotes */
    int heartbeat, format;
};

static void
making_clear(struct making *m)
{
    json_decref(m->manifest);
    json_decref(m->seen);
    json_decref(m->failed);
}

static void
failed(struct making *m, const char *path, const char *fmt, ...) CAIRN_PRINTF(3, 4);

static void
failed(struct making *m, const char *path, const char *fmt, ...)
{
    CLEANUP_STR struct str name = STR_INIT;
    char why[100];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    json_array_append_new(m->failed, json_pack("[s, s]", object_quote(path, &name), why));
}

/* What is there under the path, as it is kept of a segment; or a text: its status.  Borrowed of m->seen; NULL: an error of ours. */
static json_t *
look(struct making *m, struct tx *tx, const char *path, struct cairn_error *err)
{
    CLEANUP_READING struct reading r = { .walk = &m->walk, .is_head = 1 };
    CLEANUP_FREE char *container = NULL;
    struct cairn_error own = CAIRN_ERROR_INIT;
    json_t *found = json_object_get(m->seen, path);
    const char *object;
    char when[CLOCK_TEXT];

    if (found != NULL)
        return found;
    if (split_name(path, &container, &object) < 0)
        object_fail(&own, 404, "%s", "");
    else if (reading_open(m->c, tx, m->c->account, container, object, &r, &own) == 0)
        own.code = CAIRN_OK;
    if (own.code != CAIRN_OK && is_ours(&own)) {
        *err = own;
        return NULL;
    }
    if (own.code != CAIRN_OK) {
        found = json_sprintf("%d %s", object_status_of(&own), object_title(object_status_of(&own)));
    } else {
        size_t skip = r.etag[0] == '"';

        listing_time((r.modified_us + 999999) / 1000000 * 1000000, when);
        found = json_pack("{s:s+, s:I, s:s%, s:s, s:s}", "name", "/", path + strspn(path, "/"), "bytes", (json_int_t)r.size, "hash", r.etag + skip,
                          strlen(r.etag) - 2 * skip, "content_type", r.object.type, "last_modified", when);
        if (found != NULL && r.object.kind == OBJECT_SLO && object_has(m->c, "slo"))
            json_object_set_new(found, "sub_slo", json_true());
    }
    if (found == NULL) {
        cairn_fail(err, CAIRN_INTERNAL, "segment %s cannot be described", path);
        return NULL;
    }
    json_object_set_new(m->seen, path, found);
    return found;
}

static int
take_segment(struct making *m, struct tx *tx, EVP_MD_CTX *md5, const json_t *asked, int is_last, struct cairn_error *err)
{
    const char *path = json_str(asked, "path"), *etag = json_str(asked, "etag"), *range = json_str(asked, "range");
    json_t *found = look(m, tx, path, err);
    CLEANUP_JSON json_t *seg = NULL;
    int64_t size, from = 0, len;

    if (found == NULL)
        return -1;
    if (json_is_string(found)) {
        failed(m, path, "%s", json_string_value(found));
        return 0;
    }
    seg = json_copy(found);
    size = len = json_int(seg, "bytes", 0);
    if (range != NULL && manifest_range(range, size, &from, &len) < 0)
        failed(m, path, "Unsatisfiable Range");
    if (len < 1 && !is_last)
        failed(m, path, "Too small; each segment must be at least 1 byte.");
    if (json_int(asked, "size_bytes", size) != size)
        failed(m, path, "Size Mismatch");
    if (etag != NULL && !same_etag(etag, json_str(seg, "hash")))
        failed(m, path, "Etag Mismatch");
    EVP_DigestUpdate(md5, json_str(seg, "hash"), strlen(json_str(seg, "hash")));
    if (range != NULL && len != size) {
        CLEANUP_FREE char *text = xasprintf(":%" PRId64 "-%" PRId64 ";", from, from + len - 1);

        EVP_DigestUpdate(md5, text, strlen(text));
        json_object_set_new(seg, "range", json_sprintf("%" PRId64 "-%" PRId64, from, from + len - 1));
    }
    if (len > INT64_MAX - m->size)
        return object_fail(err, 413, "The segments are larger than any object can be");
    m->size += len;
    json_array_append_new(m->manifest, steal(&seg));
    return 0;
}

static int
take_data(struct making *m, EVP_MD_CTX *md5, const json_t *seg, struct cairn_error *err)
{
    CLEANUP_FREE unsigned char *bytes = NULL;
    size_t len;
    char hash[33];

    bytes = manifest_data(json_str(seg, "data"), &len);
    if (bytes == NULL)
        return object_fail(err, 400, "data must be valid base64");
    if (hash_of(bytes, len, hash, err) < 0)
        return -1;
    EVP_DigestUpdate(md5, hash, strlen(hash));
    m->size += (int64_t)len;
    json_array_append(m->manifest, (json_t *)(uintptr_t)seg);
    return 0;
}

/* Every segment is looked at, and all that is wrong with them noted. */
static int
take_all(struct making *m, const json_t *asked, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    EVP_MD_CTX *md5 = md5_new(err);
    int rc = md5 == NULL || tx_begin(m->c->service->env.catalog, TX_READ, &tx, err) < 0 ? -1 : 0;
    size_t i;
    json_t *seg;

    m->manifest = json_array();
    m->seen = json_object();
    m->failed = json_array();
    json_array_foreach(asked, i, seg)
        if (rc == 0)
            rc = json_str(seg, "data") != NULL ? take_data(m, md5, seg, err) : take_segment(m, tx, md5, seg, i == json_array_size(asked) - 1, err);
    if (rc == 0)
        large_etag(md5, m->etag);
    EVP_MD_CTX_free(md5);
    return rc;
}

static int
keep(struct making *m, struct object *o, struct cairn_error *err)
{
    struct object_call *c = m->c;
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    CLEANUP(upload_drop) struct upload u = { 0 };
    CLEANUP_FREE char *text = json_text(m->manifest);

    if (tx_begin(c->service->env.catalog, TX_READ, &tx, err) < 0 || container_for_write(c, tx, c->account, c->container, &k, err) < 0)
        return -1;
    tx_rollback(steal(&tx));
    if (upload_open(&u, c->service, k.policy, (int64_t)strlen(text), SLO_MANIFEST_MAX * 2, err) < 0 || upload_write(&u, text, strlen(text), err) < 0 ||
        upload_seal(&u, err) < 0)
        return -1;
    o->kind = OBJECT_SLO;
    o->etag = xstrdup(u.etag);
    o->size = u.size;
    o->store = xstrdup(driver_instance(u.store));
    o->blob = xstrdup(u.key);
    json_object_set_new(o->sys, "slo_etag", json_stringn(m->etag + 1, 32));
    json_object_set_new(o->sys, "slo_size", json_integer(m->size));
    container_clear(&k);
    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0 || container_for_write(c, tx, c->account, c->container, &k, err) < 0 ||
        object_only_if_new(c, tx, &k, o->name, err) < 0 || object_store_row(c, tx, &k, o, err) < 0 || tx_commit(steal(&tx), err) < 0)
        return -1;
    upload_done(&u);
    return 0;
}

/* --- replies */

struct beat { struct str text; };

static int
beat_fill(void *arg, struct str *out)
{
    struct beat *b = arg;

    str_add_n(out, b->text.text, b->text.len);
    return 0;
}

static void
beat_free(void *arg)
{
    struct beat *b = arg;

    str_free(&b->text);
    free(b);
}

/* The reply of a PUT with heartbeat=on: its status was told before anything was known, so all is in the body. */
static void
reply_beat(struct making *m, const struct report_line *lines, size_t count)
{
    struct beat *b = xcalloc(1, sizeof *b);

    str_add(&b->text, " \r\n\r\n");
    report_write(&b->text, m->format, "upload", lines, count, m->failed);
    http_reply_pull(m->c->req, 202, report_type(m->format), beat_fill, beat_free, b);
}

/* Programs compare what Swift says here. */
static const char *
beat_words(int status)
{
    switch (status) {
    case 400: return "Bad Request\nThe server could not comply with the request since it is either malformed or otherwise incorrect.";
    case 422: return "Unprocessable Entity\nUnable to process the contained instructions";
    default:  return object_title(status);
    }
}

static void
reply_failed(struct making *m, int status, const char *said)
{
    char text[60];
    const struct report_line lines[] = { { "Response Body", said != NULL && *said != '\0' ? said : beat_words(status), 0 }, { "Response Status", text, 0 } };
    struct str body = STR_INIT;

    snprintf(text, sizeof text, "%d %s", status, object_title(status));
    if (m->heartbeat) {
        reply_beat(m, lines, ARRAY_LEN(lines));
        return;
    }
    report_write(&body, m->format, "upload", NULL, 0, m->failed);
    http_reply_header(m->c->req, "Content-Type", report_type(m->format));
    http_reply(m->c->req, status, report_type(m->format), &body);
}

static void
reply_made(struct making *m, const struct object *o)
{
    struct object told = *o;
    char when[CLOCK_TEXT];

    told.etag = m->etag;
    if (m->heartbeat) {
        const struct report_line lines[] = {
            { "Etag", m->etag, 0 }, { "Last Modified", clock_format((o->updated_us + 999999) / 1000000 * 1000000, CLOCK_HTTP, when), 0 },
            { "Response Body", "", 0 }, { "Response Status", "201 Created", 0 } };

        reply_beat(m, lines, ARRAY_LEN(lines));
        return;
    }
    object_replied_created(m->c, &told);
}

/* The ETag that the client says the whole has. */
static int
etag_fits(struct object_call *c, const char *etag)
{
    const char *asked = http_header(c->req, "Etag");
    size_t skip;

    if (asked == NULL || *asked == '\0')
        return 1;
    if (strncmp(asked, "W/", 2) == 0)
        asked += 2;
    skip = *asked == '"';
    return strlen(asked) == 32 + 2 * skip && strncmp(asked + skip, etag + 1, 32) == 0;
}

static int
make(struct making *m, const json_t *asked, struct object *o, struct cairn_error *err)
{
    struct object_call *c = m->c;
    struct listing l;
    struct cairn_error own = CAIRN_ERROR_INIT;
    json_t *seg;
    size_t i;
    int64_t max = object_limit(c, "slo", "max_manifest_segments", SLO_SEGMENTS_MAX), n = 0;

    json_array_foreach(asked, i, seg)
        n += json_str(seg, "path") != NULL;
    if (n > max)
        return object_fail(err, 413, "Number of object-backed segments must be <= %" PRId64, max);
    m->format = listing_parse(c, OBJECT_LISTING_MAX, 0, &l, &own) < 0 ? LIST_TEXT : (int)l.format;
    if (take_all(m, asked, err) < 0)
        return -1;
    if (json_array_size(m->failed) > 0) {
        reply_failed(m, 400, NULL);
        return 0;
    }
    own.code = CAIRN_OK;
    if (!etag_fits(c, m->etag)) {
        if (!m->heartbeat)
            return object_fail(err, 422, "%s", "");
        reply_failed(m, 422, NULL);
        return 0;
    }
    if (keep(m, o, &own) < 0) {
        if (!m->heartbeat) {
            *err = own;
            return -1;
        }
        if (is_ours(&own))
            log_error("%s %s: %s", http_method(c->req), http_full_path(c->req), own.message);
        reply_failed(m, object_status_of(&own), is_ours(&own) ? NULL : own.message);
        return 0;
    }
    reply_made(m, o);
    return 0;
}

static int
put_body(struct object_call *c, const char *body, size_t len, struct cairn_error *err)
{
    CLEANUP(making_clear) struct making m = { .c = c, .heartbeat = object_query_true(c, "heartbeat") };
    CLEANUP_OBJECT struct object o = { .name = xstrdup(c->object) };
    CLEANUP_FREE char *own = xasprintf("%s/%s", c->container, c->object);
    CLEANUP_JSON json_t *asked = NULL;
    CLEANUP_STR struct str faults = STR_INIT;

    if (manifest_parse(body, len, own, &asked, &faults, err) < 0)
        return -1;
    if (faults.len > 0) {
        http_reply_header(c->req, "Content-Type", "text/plain");
        http_reply(c->req, 400, "text/plain", &faults);
        return 0;
    }
    if (object_from_request(c, &o, err) < 0)
        return -1;
    if (o.type == NULL)
        o.type = xstrdup(meta_guess_type(c->object));
    return make(&m, asked, &o, err);
}

int
slo_put(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    const char *length = http_header(c->req, "Content-Length");
    int64_t max = object_limit(c, "slo", "max_manifest_size", SLO_MANIFEST_MAX), n = 0;

    if (http_header(c->req, "X-Copy-From") != NULL)
        return object_fail(err, 405, "Multipart Manifest PUTs cannot be COPY requests");
    if (http_header(c->req, "X-Symlink-Target") != NULL && object_has(c, "symlink"))
        return object_fail(err, 400, "Symlink requests require a zero byte body");
    if (length == NULL && http_header(c->req, "Transfer-Encoding") == NULL)
        return object_fail(err, 411, "Missing Content-Length header.");
    if (length != NULL && str_to_int(length, 0, INT64_MAX, &n) < 0)
        return object_fail(err, 400, "Invalid Content-Length header value");
    if (n > max)
        return object_fail(err, 413, "Manifest File > %" PRId64 " bytes", max);
    if (object_check_name(c->object, err) < 0 || tx_begin(c->service->env.catalog, TX_READ, &tx, err) < 0 ||
        container_for_write(c, tx, c->account, c->container, &k, err) < 0 || object_only_if_new(c, tx, &k, c->object, err) < 0)
        return -1;
    tx_rollback(steal(&tx));
    return object_gather(c, (size_t)max, put_body, err);
}

int
slo_copy(struct object_call *c, const struct reading *from, struct object *o, struct cairn_error *err)
{
    CLEANUP(making_clear) struct making m = { .c = c };
    CLEANUP_JSON json_t *manifest = NULL;
    CLEANUP_JSON json_t *asked = NULL;

    if (slo_manifest(c->service, &from->object, &manifest, err) < 0)
        return -1;
    asked = as_written(manifest);
    return make(&m, asked, o, err);
}
