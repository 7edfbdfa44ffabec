/* write.c: objects come, change and go: one transaction each, whatever their size. */
#include "config.h"
#define LOG_MODULE "object"
#include "object/private.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "flow/object_sync.h"

/* --- quotas: counted in the transaction that uses them up */

static int
over(const json_t *meta, const char *name, int64_t used, int64_t more)
{
    const char *value = json_str(meta, name);
    int64_t limit;

    return more > 0 && value != NULL && str_to_int(value, 0, INT64_MAX, &limit) == 0 && used + more > limit;
}

int
quota_check(struct object_call *c, struct tx *tx, const struct container *k, int64_t count, int64_t bytes, struct cairn_error *err)
{
    CLEANUP_ACCOUNT struct account a = { 0 };
    CLEANUP_ROWS struct rows *r = NULL;

    if (object_has(c, "container_quotas") &&
        (over(k->meta, "x-container-meta-quota-bytes", k->bytes, bytes) || over(k->meta, "x-container-meta-quota-count", k->count, count)))
        return object_fail(err, 413, "Upload exceeds quota.");
    if (!object_has(c, "account_quotas") || c->is_reseller)
        return 0;
    if (account_find(tx, k->account, &a, err) < 0)
        return -1;
    if (json_str(a.meta, "x-account-meta-quota-bytes") == NULL && json_str(a.meta, "x-account-meta-quota-count") == NULL)
        return 0;
    if (tx_query(tx, &r, err, "select coalesce(sum(object_count), 0) as objects, coalesce(sum(bytes_used), 0) as bytes from object_containers where account_id = ?",
                 "i", a.id) < 0 || rows_next(r, err) < 0)
        return -1;
    if (over(a.meta, "x-account-meta-quota-count", row_int(r, "objects"), count) || over(a.meta, "x-account-meta-quota-bytes", row_int(r, "bytes"), bytes))
        return object_fail(err, 413, "Upload exceeds quota.");
    return 0;
}

/* --- rows */

int
object_insert_row(struct tx *tx, const struct container *k, struct object *o, struct cairn_error *err)
{
    CLEANUP_FREE char *meta = o->meta != NULL ? json_text(o->meta) : xstrdup("{}");
    CLEANUP_FREE char *sys = o->sys != NULL ? json_text(o->sys) : xstrdup("{}");
    const struct sql_value delete_at = { .type = o->delete_at_us > 0 ? 'i' : 'n', .i = o->delete_at_us };
    const struct sql_value values[] = {
        { .type = 'i', .i = o->id }, { .type = 'i', .i = k->id }, { .type = 's', .p = o->name }, { .type = 'i', .i = o->version_us },
        { .type = 'i', .i = o->latest }, { .type = 'i', .i = o->versioned }, { .type = 'i', .i = o->marker }, { .type = 'i', .i = o->kind },
        { .type = 'i', .i = o->size }, { .type = 's', .p = o->etag }, { .type = 's', .p = o->type }, { .type = 's', .p = meta }, { .type = 's', .p = sys },
        { .type = 's', .p = o->store }, { .type = 's', .p = o->blob }, { .type = 'i', .i = o->updated_us }, delete_at,
    };

    return tx_exec_v(tx, err,
                     "insert into objects (id, container_id, name, version_us, latest, versioned, marker, kind, size_bytes, etag, content_type, meta, sys, store,"
                     " blob, updated_us, delete_at_us) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values, ARRAY_LEN(values)) < 0 ||
           (o->latest && object_sync_note(tx, o->id, err) < 0) ||
           tx_exec(tx, err, "update object_containers set object_count = object_count + ?, bytes_used = bytes_used + ? where id = ?", "iii",
                   (int64_t)o->latest, o->size, k->id) < 0 ? -1 : 0;
}

/* Timestamps of one name only grow, whatever the clock does. */
int
object_next_version(struct tx *tx, const struct container *k, const char *name, int64_t *ret, struct cairn_error *err)
{
    int64_t last, now = object_now_us();

    if (tx_int(tx, &last, 0, err, "select max(version_us) from objects where container_id = ? and name = ?", "is", k->id, name) < 0)
        return -1;
    *ret = now > last ? now : last + 10;
    return 0;
}

int
object_store_row(struct object_call *c, struct tx *tx, const struct container *k, struct object *o, struct cairn_error *err)
{
    CLEANUP_OBJECT struct object old = { 0 };
    int64_t id, old_size = 0;

    if (tx_int(tx, &id, 0, err, "select id from objects where container_id = ? and name = ? and latest = 1", "is", k->id, o->name) < 0 ||
        (id != 0 && tx_int(tx, &old_size, 0, err, "select size_bytes from objects where id = ?", "i", id) < 0) ||
        quota_check(c, tx, k, id == 0, o->size - (versions_enabled(k) == 1 ? 0 : old_size), err) < 0 || object_next_version(tx, k, o->name, &o->version_us, err) < 0)
        return -1;
    if (c->sync_us > 0)
        o->version_us = c->sync_us;
    if (id != 0) {
        int found = object_find(tx, k->id, o->name, NULL, &old, err);

        if (found < 0)
            return -1;
        if (!found) {                   /* expired: it is nobody's version */
            if (object_drop_row(tx, id, err) < 0)
                return -1;
            object_clear(&old);
        }
    }
    o->versioned = object_has(c, "object_versioning") && versions_enabled(k) == 1;
    if (versions_keep_old(c, tx, k, &old, err) < 0)
        return -1;
    if (versions_enabled(k) == 0) {     /* there is one version without an id */
        int64_t null_id;

        if (tx_int(tx, &null_id, 0, err, "select id from objects where container_id = ? and name = ? and versioned = 0", "is", k->id, o->name) < 0 ||
            object_drop_row(tx, null_id, err) < 0)
            return -1;
    }
    o->id = object_id();
    o->container_id = k->id;
    o->latest = 1;
    o->updated_us = o->version_us;
    return object_insert_row(tx, k, o, err);
}

int
object_remove(struct object_call *c, struct tx *tx, const struct container *k, const char *name, struct cairn_error *err)
{
    CLEANUP_OBJECT struct object old = { 0 };
    int found = object_find(tx, k->id, name, NULL, &old, err);

    if (found < 0)
        return -1;
    if (!found && old.id != 0)          /* expired */
        return object_drop_row(tx, old.id, err) < 0 ? -1 : 0;
    if (!found)
        old.name = xstrdup(name);
    return versions_on_delete(c, tx, k, &old, err);
}

/* --- what the request says about an object */

int
object_check_type(const char *type, struct cairn_error *err)
{
    for (const char *p = type; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 && *p != '\t')
            return object_fail(err, 400, "Please specify a valid Content-Type");
    return 0;
}

static int
manifest_ok(const char *value)
{
    CLEANUP_FREE char *plain = object_unquote(value);
    const char *slash;

    if (plain == NULL)
        return 0;
    slash = strchr(plain, '/');
    return slash != NULL && slash != plain && slash[1] != '\0' && strpbrk(plain, "?&") == NULL;
}

int
object_from_request(struct object_call *c, struct object *o, struct cairn_error *err)
{
    const char *type = http_header(c->req, "Content-Type"), *manifest;

    if (o->meta == NULL)
        o->meta = json_object();
    if (o->sys == NULL)
        o->sys = json_object();
    if (object_query_true(c, "detect") || (http_header(c->req, "X-Detect-Content-Type") != NULL && strcasecmp(http_header(c->req, "X-Detect-Content-Type"), "true") == 0))
        type = NULL;
    if (type != NULL && *type != '\0' && object_check_type(type, err) < 0)
        return -1;
    if (type != NULL && *type != '\0') {
        free(o->type);
        o->type = xstrdup(type);
    }
    if (meta_of_object(c, o->meta, err) < 0 || meta_delete_at(http_header(c->req, "X-Delete-At"), http_header(c->req, "X-Delete-After"), &o->delete_at_us, err) < 0)
        return -1;
    manifest = json_str(o->meta, "x-object-manifest");
    if (manifest != NULL && !manifest_ok(manifest))
        return object_fail(err, 400, "X-Object-Manifest must be in the format container/prefix");
    return 0;
}

int
object_check_reserved(struct object_call *c, struct cairn_error *err)
{
    if (http_header(c->req, "X-Static-Large-Object") == NULL || !object_has(c, "slo"))
        return 0;
    return object_fail(err, 400, "X-Static-Large-Object is set by the server alone: a PUT with multipart-manifest=put makes a static large object.");
}

int
object_check_name(const char *name, struct cairn_error *err)
{
    if (strlen(name) > OBJECT_NAME_MAX)
        return object_fail(err, 400, "Object name length of %zu longer than %d", strlen(name), OBJECT_NAME_MAX);
    return 0;
}

void
object_replied_created(struct object_call *c, const struct object *o)
{
    char version[32];

    http_reply_header(c->req, "Etag", o->etag);
    object_last_modified(c, o->updated_us);
    object_timestamp_header(c, "X-Timestamp", o->updated_us);
    if (o->versioned) {
        versions_id_text(o, version);
        http_reply_header(c->req, "X-Object-Version-Id", version);
    }
    http_reply_header(c->req, "Content-Type", "text/html; charset=UTF-8");
    http_reply(c->req, 201, NULL, NULL);
}

/* --- PUT */

/* 1: what another cloud pushes is not newer than what is here. */
static int
is_stale(struct object_call *c, struct tx *tx, const struct container *k, int *ret, struct cairn_error *err)
{
    int64_t have = 0;

    if (c->sync_us > 0 && tx_int(tx, &have, 0, err, "select max(case when updated_us > version_us then updated_us else version_us end) from objects"
                                 " where container_id = ? and name = ?", "is", k->id, c->object) < 0)
        return -1;
    *ret = c->sync_us > 0 && have >= c->sync_us;
    return 0;
}

struct put {
    struct object_call *c;
    int stale;                          /* it is here already, or newer */
    struct upload upload;
    struct object object;
};

static void
put_free(struct put *p)
{
    upload_drop(&p->upload);
    object_clear(&p->object);
    object_call_free(p->c);
    free(p);
}

static int
put_write(void *arg, const void *bytes, size_t len, struct cairn_error *err)
{
    struct put *p = arg;

    if (p->object.kind == OBJECT_SYMLINK)
        return object_fail(err, 400, "Symlink requests require a zero byte body");
    return upload_write(&p->upload, bytes, len, err);
}

int
object_only_if_new(struct object_call *c, struct tx *tx, const struct container *k, const char *name, struct cairn_error *err)
{
    CLEANUP_OBJECT struct object o = { 0 };
    const char *none = http_header(c->req, "If-None-Match");
    int found;

    if (none == NULL)
        return 0;
    if (strcmp(none, "*") != 0)
        return object_fail(err, 400, "If-None-Match with any value other than * is not supported");
    found = object_find(tx, k->id, name, NULL, &o, err);
    return found > 0 ? object_fail(err, 412, "%s", "") : found;
}

static int
check_etag(struct object_call *c, const char *etag, struct cairn_error *err)
{
    const char *asked = http_header(c->req, "Etag");
    size_t skip;

    if (asked == NULL || *asked == '\0')
        return 0;
    skip = *asked == '"';
    if (strlen(asked) != 32 + 2 * skip || strncasecmp(asked + skip, etag, 32) != 0)
        return object_fail(err, 422, "%s", "");
    return 0;
}

static int
put_commit(struct put *p, struct cairn_error *err)
{
    struct object_call *c = p->c;
    struct object *o = &p->object;
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };

    if (upload_seal(&p->upload, err) < 0 || check_etag(c, p->upload.etag, err) < 0)
        return -1;
    o->etag = xstrdup(p->upload.etag);
    o->size = p->upload.size;
    o->store = xstrdup(driver_instance(p->upload.store));
    o->blob = o->size > 0 ? xstrdup(p->upload.key) : NULL;
    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0 || container_for_write(c, tx, c->account, c->container, &k, err) < 0 ||
        object_only_if_new(c, tx, &k, o->name, err) < 0 || symlink_from_request(c, tx, o, err) < 0 || is_stale(c, tx, &k, &p->stale, err) < 0 ||
        (!p->stale && object_store_row(c, tx, &k, o, err) < 0))
        return -1;
    return p->stale ? 0 : tx_commit(steal(&tx), err);
}

static void
put_done(void *arg, struct cairn_request *req)
{
    struct put *p = arg;
    struct cairn_error err = CAIRN_ERROR_INIT;

    (void)req;
    if (put_commit(p, &err) < 0) {
        object_reply_fault(p->c, &err);
    } else if (p->stale) {
        object_reply_empty(p->c, 202);
    } else {
        if (p->object.size > 0)
            upload_done(&p->upload);
        object_replied_created(p->c, &p->object);
    }
    put_free(p);
}

static void
put_aborted(void *arg, struct cairn_request *req, const struct cairn_error *err)
{
    struct put *p = arg;

    (void)req;
    if (err != NULL)
        object_reply_fault(p->c, err);
    put_free(p);
}

static int
check_length(struct object_call *c, int64_t *ret, struct cairn_error *err)
{
    const char *length = http_header(c->req, "Content-Length");

    *ret = 0;
    if (length == NULL && http_header(c->req, "Transfer-Encoding") == NULL)
        return object_fail(err, 411, "Missing Content-Length header.");
    if (length != NULL && str_to_int(length, 0, INT64_MAX, ret) < 0)
        return object_fail(err, 400, "Invalid Content-Length header value");
    if (*ret > OBJECT_FILE_MAX)
        return object_fail(err, 413, "Your request is too large.");
    return 0;
}

/* Everything that can be refused before the bytes come. */
static int
put_begin(struct put *p, int64_t length, struct cairn_error *err)
{
    struct object_call *c = p->c;
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    CLEANUP_OBJECT struct object trial = { .sys = json_object() };

    if (tx_begin(c->service->env.catalog, TX_READ, &tx, err) < 0 || container_for_write(c, tx, c->account, c->container, &k, err) < 0 ||
        object_only_if_new(c, tx, &k, c->object, err) < 0 || symlink_from_request(c, tx, &trial, err) < 0)
        return -1;
    if (length > 0 && trial.kind == OBJECT_SYMLINK)
        return object_fail(err, 400, "Symlink requests require a zero byte body");
    p->object.kind = trial.kind;
    if (quota_check(c, tx, &k, 0, versions_enabled(&k) == 1 ? length : 0, err) < 0)
        return -1;
    tx_rollback(steal(&tx));
    return upload_open(&p->upload, c->service, k.policy, length, OBJECT_FILE_MAX, err);
}

int
object_put(struct object_call *c, struct cairn_error *err)
{
    static const struct http_sink sink = { put_write, put_done, put_aborted };
    struct put *p;
    int64_t length;

    if (http_header(c->req, "X-Copy-From") != NULL)
        return object_copy_from(c, err);
    if (object_check_reserved(c, err) < 0 || object_check_name(c->object, err) < 0 || check_length(c, &length, err) < 0)
        return -1;
    p = xcalloc(1, sizeof *p);
    p->c = c;
    p->object.name = xstrdup(c->object);
    if (object_from_request(c, &p->object, err) < 0 || put_begin(p, length, err) < 0) {
        p->c = NULL;
        put_free(p);
        return -1;
    }
    if (p->object.type == NULL)
        p->object.type = xstrdup(meta_guess_type(c->object));
    if (p->object.kind == OBJECT_PLAIN && json_str(p->object.meta, "x-object-manifest") != NULL)
        p->object.kind = OBJECT_DLO;
    c->kept = 1;
    http_receive(c->req, &sink, p);
    return 0;
}

/* --- POST: all metadata anew */

/* The link took the metadata, as every object does; who meant what it points to is told where that is. */
static int
post_elsewhere(struct object_call *c, const struct object *link, struct cairn_error *err)
{
    CLEANUP_FREE char *account = NULL, *container = NULL, *name = NULL;
    CLEANUP_STR struct str path = STR_INIT;

    if (symlink_target(link, c->account, &account, &container, &name) < 0)
        return object_fail(err, 409, "The target of this symlink is damaged");
    str_addf(&path, "%s/v1/%s/", strcmp(http_mount(c->req), "/") == 0 ? "" : http_mount(c->req), account);
    object_quote(container, &path);
    str_add(&path, "/");
    object_quote(name, &path);
    http_reply_header(c->req, "Location", path.text);
    symlink_reply(c, link);
    return object_fail(err, 307, "The requested POST was made to a symlink; its target is at Location.");
}

int
object_post(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    CLEANUP_OBJECT struct object old = { 0 }, o = { 0 };
    CLEANUP_FREE char *meta = NULL;
    struct sql_value values[6];
    int found;

    if (http_header(c->req, "X-Symlink-Target") != NULL && object_has(c, "symlink"))
        return object_fail(err, 400, "A PUT request is required to set a symlink target");
    if (object_check_reserved(c, err) < 0 || object_from_request(c, &o, err) < 0 || tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0 ||
        container_for_write(c, tx, c->account, c->container, &k, err) < 0 || (found = object_find(tx, k.id, c->object, NULL, &old, err)) < 0)
        return -1;
    if (!found)
        return object_fail(err, 404, "%s", "");
    o.kind = old.kind;
    if (o.kind == OBJECT_DLO || o.kind == OBJECT_PLAIN)
        o.kind = json_str(o.meta, "x-object-manifest") != NULL ? OBJECT_DLO : OBJECT_PLAIN;
    meta = json_text(o.meta);
    values[0] = (struct sql_value){ .type = 's', .p = meta };
    values[1] = (struct sql_value){ .type = 's', .p = o.type != NULL ? o.type : old.type };
    values[2] = (struct sql_value){ .type = 'i', .i = o.kind };
    values[3] = (struct sql_value){ .type = 'i', .i = object_now_us() };
    values[4] = (struct sql_value){ .type = o.delete_at_us > 0 ? 'i' : 'n', .i = o.delete_at_us };
    values[5] = (struct sql_value){ .type = 'i', .i = old.id };
    if (tx_exec_v(tx, err, "update objects set meta = ?, content_type = ?, kind = ?, updated_us = ?, delete_at_us = ? where id = ?", values, ARRAY_LEN(values)) < 0 ||
        object_sync_note(tx, old.id, err) < 0 || tx_commit(steal(&tx), err) < 0)
        return -1;
    if (old.kind == OBJECT_SYMLINK && object_has(c, "symlink"))
        return post_elsewhere(c, &old, err);
    object_reply_empty(c, 202);
    return 0;
}

/* X-If-Delete-At: only what expires then. */
static int
if_delete_at(struct object_call *c, struct tx *tx, const struct container *k, struct cairn_error *err)
{
    const char *asked = http_header(c->req, "X-If-Delete-At");
    int64_t seconds, delete_at_us;

    if (asked == NULL)
        return 0;
    if (str_to_int(asked, 0, INT64_MAX, &seconds) < 0)
        return object_fail(err, 400, "Bad X-If-Delete-At header value");
    if (tx_int(tx, &delete_at_us, 0, err, "select delete_at_us from objects where container_id = ? and name = ? and latest = 1", "is", k->id, c->object) < 0)
        return -1;
    return delete_at_us / 1000000 == seconds ? 0 : object_fail(err, 412, "X-If-Delete-At and X-Delete-At do not match");
}

int
object_delete(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    int found, stale;

    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0 || container_for_write(c, tx, c->account, c->container, &k, err) < 0 ||
        is_stale(c, tx, &k, &stale, err) < 0)
        return -1;
    if (stale)
        return object_fail(err, 409, "%s", "");
    if (if_delete_at(c, tx, &k, err) < 0 || (found = object_remove(c, tx, &k, c->object, err)) < 0)
        return -1;
    /* Whoever is told of it in turn hears of the time when it was deleted first: something newer there stays. */
    if (c->sync_us > 0 && tx_exec(tx, err, "update object_sync_queue set changed_us = ? where container_id = ? and name = ?", "iis", c->sync_us, k.id, c->object) < 0)
        return -1;
    if (tx_commit(steal(&tx), err) < 0)
        return -1;
    if (!found)
        return object_fail(err, 404, "%s", "");
    object_reply_empty(c, 204);
    return 0;
}
