/* copy.c: COPY, and PUT with X-Copy-From.  A plain copy within a store is a row that shares the blob: it takes no time and no space. */
#include "config.h"
#include "object/private.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

struct ends { char *from_account, *from_container, *from_object; };

static void
ends_clear(struct ends *e)
{
    free(e->from_account);
    free(e->from_container);
    free(e->from_object);
}

/* "[/]CONTAINER/OBJECT", percent-encoded. */
static int
split(const char *header, const char *value, char **ret_container, char **ret_object, struct cairn_error *err)
{
    CLEANUP_FREE char *plain = object_unquote(value);
    const char *start, *slash;

    start = plain != NULL ? plain + (plain[0] == '/') : "";
    slash = strchr(start, '/');
    if (slash == NULL || slash == start || slash[1] == '\0')
        return object_fail(err, 412, "%s header must be of the form <container name>/<object name>", header);
    if (strlen(slash + 1) > OBJECT_NAME_MAX)
        return object_fail(err, 400, "Object name length of %zu longer than %d", strlen(slash + 1), OBJECT_NAME_MAX);
    *ret_container = xstrndup(start, (size_t)(slash - start));
    *ret_object = xstrdup(slash + 1);
    return 0;
}

static int
account_of(struct object_call *c, const char *header, char **ret, struct cairn_error *err)
{
    const char *value = http_header(c->req, header);
    char *plain;

    if (value == NULL || *value == '\0') {
        *ret = xstrdup(c->account);
        return 0;
    }
    plain = object_unquote(value);
    if (plain == NULL || strchr(plain, '/') != NULL || !str_starts(plain, "AUTH_")) {
        free(plain);
        return object_fail(err, 412, "%s is not the name of an account", header);
    }
    *ret = plain;
    return 0;
}

/* Metadata: the source's, unless the client wants none of it, then the request's. */
static int
describe(struct object_call *c, const struct reading *r, struct object *o, struct cairn_error *err)
{
    const char *fresh = http_header(c->req, "X-Fresh-Metadata");
    int is_fresh = 0;
    int64_t delete_at_us;

    if (fresh != NULL && str_to_bool(fresh, &is_fresh) < 0)
        is_fresh = 0;
    o->name = xstrdup(c->object);
    o->meta = is_fresh ? json_object() : json_deep_copy(r->object.meta);
    o->sys = json_object();
    delete_at_us = is_fresh ? 0 : r->object.delete_at_us;
    if (!r->is_raw)
        json_object_del(o->meta, "x-object-manifest");
    if (object_from_request(c, o, err) < 0)
        return -1;
    if (o->delete_at_us == 0)
        o->delete_at_us = delete_at_us;
    if (o->type == NULL)
        o->type = xstrdup(r->object.type);
    if (r->is_raw || r->object.kind == OBJECT_SYMLINK) {
        json_object_update(o->sys, r->object.sys);
        o->kind = r->object.kind;
    }
    if (json_str(o->meta, "x-object-manifest") != NULL)
        o->kind = OBJECT_DLO;
    return 0;
}

static int
copy_bytes(struct reading *r, struct upload *u, struct cairn_error *err)
{
    enum { STEP = 256 << 10 };
    CLEANUP_FREE char *buf = xmalloc(STEP);
    uint64_t at = 0;
    size_t n = 0;

    do {
        if (chain_read(r->bytes, at, buf, STEP, &n, err) < 0 || (n > 0 && upload_write(u, buf, n, err) < 0))
            return -1;
        at += n;
    } while (n > 0);
    return upload_seal(u, err);
}

/* The range of the source that is asked for. */
static int
narrow(struct object_call *c, struct reading *r, struct cairn_error *err)
{
    const char *range = http_header(c->req, "Range");
    int64_t from, to = r->size - 1;
    struct chain *part;
    char *end;

    if (range == NULL)
        return 0;
    if (strncasecmp(range, "bytes=", 6) != 0 || strchr(range, ',') != NULL)
        return object_fail(err, 416, "%s", "");
    if (range[6] == '-') {
        from = r->size - strtoll(range + 7, NULL, 10);
        from = from < 0 ? 0 : from;
    } else {
        from = strtoll(range + 6, &end, 10);
        if (*end == '-' && end[1] != '\0' && strtoll(end + 1, NULL, 10) < to)
            to = strtoll(end + 1, NULL, 10);
    }
    if (from < 0 || from > to)
        return object_fail(err, 416, "%s", "");
    part = chain_new(c->service);
    chain_part(part, r->bytes, from, to - from + 1);
    chain_free(r->bytes);
    r->bytes = part;
    r->size = to - from + 1;
    r->is_large = 1;                    /* not the blob as it is */
    return 0;
}

/* Only these bytes, still referred to, may be shared. */
static int
still_there(struct tx *tx, const char *blob, struct cairn_error *err)
{
    int64_t n;

    if (tx_int(tx, &n, 0, err, "select count(*) from objects where blob = ?", "s", blob) < 0)
        return -1;
    return n > 0 ? 0 : object_fail(err, 404, "The source was deleted meanwhile");
}

static void
copied_from(struct object_call *c, const struct ends *e, const struct reading *r)
{
    CLEANUP_STR struct str path = STR_INIT;
    char when[CLOCK_TEXT];

    object_quote(e->from_container, &path);
    str_add(&path, "/");
    object_quote(e->from_object, &path);
    http_reply_header(c->req, "X-Copied-From", path.text);
    http_reply_header(c->req, "X-Copied-From-Account", e->from_account);
    http_reply_header(c->req, "X-Copied-From-Last-Modified",
                      clock_format((r->modified_us + 999999) / 1000000 * 1000000, CLOCK_HTTP, when));
}

/* c->account, container, object: where to. */
static int
copy(struct object_call *c, const struct ends *e, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_READING struct reading r = { 0 };
    CLEANUP_CONTAINER struct container k = { 0 };
    CLEANUP_OBJECT struct object o = { 0 };
    CLEANUP(upload_drop) struct upload u = { 0 };
    CLEANUP_DRIVER struct driver *store = NULL;
    int shares;

    if (tx_begin(c->service->env.catalog, TX_READ, &tx, err) < 0 || container_for_write(c, tx, c->account, c->container, &k, err) < 0 ||
        reading_open(c, tx, e->from_account, e->from_container, e->from_object, &r, err) < 0 || narrow(c, &r, err) < 0)
        return -1;
    tx_rollback(steal(&tx));
    if (r.size > OBJECT_FILE_MAX)
        return object_fail(err, 413, "The source is larger than one object can be.");
    if (describe(c, &r, &o, err) < 0 || policy_open(c->service, k.policy, &store, err) < 0)
        return -1;
    if (r.is_raw && r.object.kind == OBJECT_SLO && object_has(c, "slo")) {
        copied_from(c, e, &r);
        return slo_copy(c, &r, &o, err);
    }
    shares = !r.is_large && (r.object.blob == NULL || strcmp(driver_instance(store), r.object.store) == 0);
    if (shares) {
        o.etag = xstrdup(r.object.etag);
        o.size = r.object.size;
        o.store = xstrdup(driver_instance(store));
        o.blob = xstrdup(r.object.blob);
    } else {
        if (upload_open(&u, c->service, k.policy, r.size, OBJECT_FILE_MAX, err) < 0 || copy_bytes(&r, &u, err) < 0)
            return -1;
        o.etag = xstrdup(u.etag);
        o.size = u.size;
        o.store = xstrdup(driver_instance(u.store));
        o.blob = o.size > 0 ? xstrdup(u.key) : NULL;
    }
    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0 || (shares && o.blob != NULL && still_there(tx, o.blob, err) < 0) ||
        container_for_write(c, tx, c->account, c->container, &k, err) < 0 || object_store_row(c, tx, &k, &o, err) < 0 || tx_commit(steal(&tx), err) < 0)
        return -1;
    if (!shares && o.size > 0)
        upload_done(&u);
    copied_from(c, e, &r);
    meta_reply(c, o.meta, 1);
    object_replied_created(c, &o);
    return 0;
}

int
object_copy_from(struct object_call *c, struct cairn_error *err)
{
    CLEANUP(ends_clear) struct ends e = { NULL, NULL, NULL };
    const char *length = http_header(c->req, "Content-Length");

    if (http_header(c->req, "Transfer-Encoding") != NULL || (length != NULL && strcmp(length, "0") != 0))
        return object_fail(err, 400, "Copy requests require a zero byte body");
    if (strlen(c->object) > OBJECT_NAME_MAX)
        return object_fail(err, 400, "Object name length of %zu longer than %d", strlen(c->object), OBJECT_NAME_MAX);
    if (split("X-Copy-From", http_header(c->req, "X-Copy-From"), &e.from_container, &e.from_object, err) < 0 ||
        account_of(c, "X-Copy-From-Account", &e.from_account, err) < 0)
        return -1;
    return copy(c, &e, err);
}

int
object_copy(struct object_call *c, struct cairn_error *err)
{
    CLEANUP(ends_clear) struct ends e = { NULL, NULL, NULL };
    const char *to = http_header(c->req, "Destination");
    char *container, *object, *account;

    if (to == NULL)
        return object_fail(err, 412, "Destination header required");
    if (split("Destination", to, &container, &object, err) < 0)
        return -1;
    if (account_of(c, "Destination-Account", &account, err) < 0) {
        free(container);
        free(object);
        return -1;
    }
    e = (struct ends){ c->account, c->container, c->object };
    c->account = account;
    c->container = container;
    c->object = object;
    return copy(c, &e, err);
}
