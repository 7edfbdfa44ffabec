/* versions.c: what becomes of an object that is overwritten or deleted.
 *
 * Object versioning (X-Versions-Enabled) keeps old rows beside the latest, and a row that says "deleted".  The older versioned writes move
 * old rows into another container: X-Versions-Location brings the last one back at a delete, X-History-Location writes down that it was
 * deleted. */
#include "config.h"
#include "object/private.h"
#include "flow/object_sync.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define DELETED_TYPE "application/x-deleted;swift_versions_deleted=1"

int
versions_enabled(const struct container *k)
{
    const char *value = json_str(k->meta, "x-versions-enabled");

    return value == NULL ? -1 : strcasecmp(value, "true") == 0;
}

void
versions_id_text(const struct object *o, char buf[32])
{
    if (o->versioned)
        snprintf(buf, 32, "%010" PRId64 ".%05d", o->version_us / 1000000, (int)(o->version_us % 1000000 / 10));
    else
        snprintf(buf, 32, "null");
}

/* --- headers of containers */

static int
set_location(struct object_call *c, json_t *meta, const char *header, const char *removal, const char *key, const char *other, struct cairn_error *err)
{
    const char *value = http_header(c->req, header);
    CLEANUP_FREE char *plain = NULL;

    if (value != NULL && *value != '\0') {
        plain = object_unquote(value);
        if (plain == NULL || strchr(plain, '/') != NULL || strlen(plain) > OBJECT_CONTAINER_NAME_MAX)
            return object_fail(err, 412, "%s must be the name of a container", header);
        json_object_set_new(meta, key, json_string(plain));
        json_object_del(meta, other);
    } else if (value != NULL || http_header(c->req, removal) != NULL) {
        json_object_del(meta, key);
    }
    return 0;
}

int
versions_check_headers(struct object_call *c, struct tx *tx, const struct container *k, json_t *meta, struct cairn_error *err)
{
    const char *enabled = http_header(c->req, "X-Versions-Enabled"), *location = http_header(c->req, "X-Versions-Location");
    const char *history = http_header(c->req, "X-History-Location");
    int on, legacy;

    (void)tx, (void)k;
    if (object_has(c, "versioned_writes")) {
        if (location != NULL && *location != '\0' && history != NULL && *history != '\0')
            return object_fail(err, 400, "Only one of X-Versions-Location or X-History-Location may be specified");
        if (set_location(c, meta, "X-Versions-Location", "X-Remove-Versions-Location", "x-versions-location", "x-history-location", err) < 0 ||
            set_location(c, meta, "X-History-Location", "X-Remove-History-Location", "x-history-location", "x-versions-location", err) < 0)
            return -1;
    }
    legacy = json_str(meta, "x-versions-location") != NULL || json_str(meta, "x-history-location") != NULL;
    if (enabled == NULL || !object_has(c, "object_versioning"))
        return 0;
    if (str_to_bool(enabled, &on) < 0)
        return object_fail(err, 400, "X-Versions-Enabled must be true or false");
    if (on && legacy)
        return object_fail(err, 400, "Cannot enable object versioning on a container that is already using the legacy versioned writes feature.");
    if (on || json_str(meta, "x-versions-enabled") != NULL)
        json_object_set_new(meta, "x-versions-enabled", json_string(on ? "True" : "False"));
    return 0;
}

/* --- rows move */

static int
demote(struct tx *tx, const struct container *k, int64_t id, struct cairn_error *err)
{
    return object_sync_note(tx, id, err) < 0 || tx_exec(tx, err, "update objects set latest = 0 where id = ? and latest = 1", "i", id) < 0 ||
           tx_exec(tx, err, "update object_containers set object_count = object_count - ? where id = ?", "ii", tx_changes(tx), k->id) < 0 ? -1 : 0;
}

static int
promote(struct tx *tx, const struct container *k, int64_t id, struct cairn_error *err)
{
    return object_sync_note(tx, id, err) < 0 || tx_exec(tx, err, "update objects set latest = 1 where id = ? and latest = 0", "i", id) < 0 ||
           tx_exec(tx, err, "update object_containers set object_count = object_count + ? where id = ?", "ii", tx_changes(tx), k->id) < 0 ? -1 : 0;
}

static int
move(struct tx *tx, const struct container *from, const struct container *to, const struct object *o, const char *name, struct cairn_error *err)
{
    return tx_exec(tx, err, "update objects set container_id = ?, name = ? where id = ?", "isi", to->id, name, o->id) < 0 ||
           tx_exec(tx, err, "update object_containers set object_count = object_count - 1, bytes_used = bytes_used - ? where id = ?", "ii", o->size, from->id) < 0 ||
           tx_exec(tx, err, "update object_containers set object_count = object_count + 1, bytes_used = bytes_used + ? where id = ?", "ii", o->size, to->id) < 0
               ? -1 : 0;
}

static char *
archive_prefix(const char *name)
{
    return xasprintf("%03zx%s/", strlen(name), name);
}

static char *
archive_name(const char *name, int64_t us)
{
    return xasprintf("%03zx%s/%010" PRId64 ".%05d", strlen(name), name, us / 1000000, (int)(us % 1000000 / 10));
}

/* The name of the container that old rows go to; NULL: none is asked for. */
static const char *
archive_named(struct object_call *c, const struct container *k)
{
    const char *name = json_str(k->meta, "x-versions-location");

    if (name == NULL)
        name = json_str(k->meta, "x-history-location");
    return name != NULL && object_has(c, "versioned_writes") && strcmp(name, k->name) != 0 ? name : NULL;
}

static int
no_archive(const struct container *k, struct cairn_error *err)
{
    return object_fail(err, 412, "The container that versions of objects in '%s' go to does not exist", k->name);
}

/* 1 there is one, 0 not. */
static int
archive_of(struct object_call *c, struct tx *tx, const struct container *k, struct container *ret, struct cairn_error *err)
{
    const char *name = archive_named(c, k);

    return name != NULL ? container_find(tx, k->account, name, ret, err) : 0;
}

int
versions_keep_old(struct object_call *c, struct tx *tx, const struct container *k, struct object *old, struct cairn_error *err)
{
    CLEANUP_CONTAINER struct container archive = { 0 };
    CLEANUP_FREE char *name = NULL;
    int found;

    if (old->id == 0)
        return 0;
    if (object_has(c, "object_versioning") && (versions_enabled(k) == 1 || (versions_enabled(k) == 0 && old->versioned)))
        return demote(tx, k, old->id, err);
    if ((found = archive_of(c, tx, k, &archive, err)) < 0)
        return -1;
    if (!found)
        return archive_named(c, k) != NULL ? no_archive(k, err) : object_drop_row(tx, old->id, err);
    name = archive_name(old->name, old->version_us);
    return move(tx, k, &archive, old, name, err);
}

static int
insert_marker(struct object_call *c, struct tx *tx, const struct container *k, const char *name, struct cairn_error *err)
{
    char version[32];
    CLEANUP_OBJECT struct object o = { .id = object_id(), .name = xstrdup(name), .etag = xstrdup("d41d8cd98f00b204e9800998ecf8427e"), .type = xstrdup(DELETED_TYPE),
                                       .versioned = 1, .marker = 1 };

    if (object_next_version(tx, k, name, &o.version_us, err) < 0)
        return -1;
    o.updated_us = o.version_us;
    versions_id_text(&o, version);
    http_reply_header(c->req, "X-Object-Version-Id", version);
    return object_insert_row(tx, k, &o, err);
}

/* The newest row in the archive; 0: there is none. */
static int
archive_last(struct tx *tx, const struct container *archive, const char *name, struct object *ret, struct cairn_error *err)
{
    CLEANUP_FREE char *prefix = archive_prefix(name);
    CLEANUP_FREE char *end = listing_successor(prefix);

    for (;;) {
        CLEANUP_FREE char *last = NULL;
        int found;

        if (tx_text(tx, &last, err, "select name from objects where container_id = ? and latest = 1 and name >= ? and name < ? order by name desc limit 1", "iss",
                    archive->id, prefix, end) < 0)
            return -1;
        if (last == NULL || (found = object_find(tx, archive->id, last, NULL, ret, err)) != 0)
            return last == NULL ? 0 : found;
        if (object_drop_row(tx, ret->id, err) < 0)      /* expired */
            return -1;
    }
}

/* The last row in the archive comes back in place of what was deleted.  Where that row says "deleted", a first delete just leads there again, and one
 * of nothing takes the mark away, with what it had hidden coming back.  1: something was there. */
static int
bring_back(struct tx *tx, const struct container *k, const struct container *archive, const char *name, int had_one, struct cairn_error *err)
{
    CLEANUP_OBJECT struct object o = { 0 };
    int found = archive_last(tx, archive, name, &o, err), was_mark;

    if (found <= 0)
        return found;
    was_mark = strcmp(o.type, DELETED_TYPE) == 0;
    if (was_mark) {
        if (had_one)
            return 1;
        if (object_drop_row(tx, o.id, err) < 0 || (found = archive_last(tx, archive, name, &o, err)) < 0)
            return -1;
        if (!found || strcmp(o.type, DELETED_TYPE) == 0)
            return 1;
    }
    return move(tx, archive, k, &o, name, err) < 0 ? -1 : 1;
}

/* What was there goes to the archive, and a mark that it was deleted; the mark alone, where nothing was.  1: something was there. */
static int
write_history(struct tx *tx, const struct container *k, const struct container *archive, struct object *old, struct cairn_error *err)
{
    CLEANUP_FREE char *name = archive_name(old->name, old->version_us);
    int64_t now = object_now_us() > old->version_us ? object_now_us() : old->version_us + 10;
    CLEANUP_OBJECT struct object marker = { .id = object_id(), .name = archive_name(old->name, now), .etag = xstrdup("d41d8cd98f00b204e9800998ecf8427e"),
                                            .type = xstrdup(DELETED_TYPE), .version_us = now, .updated_us = now, .latest = 1 };

    if ((old->id != 0 && move(tx, k, archive, old, name, err) < 0) || object_insert_row(tx, archive, &marker, err) < 0)
        return -1;
    return old->id != 0;
}

int
versions_on_delete(struct object_call *c, struct tx *tx, const struct container *k, struct object *old, struct cairn_error *err)
{
    CLEANUP_CONTAINER struct container archive = { 0 };
    int enabled = object_has(c, "object_versioning") ? versions_enabled(k) : -1, found, back;

    if (enabled >= 0) {
        if (old->id != 0 && (enabled == 1 || old->versioned ? demote(tx, k, old->id, err) < 0 : object_drop_row(tx, old->id, err) < 0))
            return -1;
        /* Where nothing was, that, too, is noted; while versions are suspended, nothing is. */
        return enabled && insert_marker(c, tx, k, old->name, err) < 0 ? -1 : old->id != 0;
    }
    if ((found = archive_of(c, tx, k, &archive, err)) < 0)
        return -1;
    if (json_str(k->meta, "x-history-location") != NULL) {
        if (found == 0 && archive_named(c, k) != NULL)
            return no_archive(k, err);
        if (found)
            return write_history(tx, k, &archive, old, err);
    }
    if (old->id != 0 && object_drop_row(tx, old->id, err) < 0)
        return -1;
    back = found ? bring_back(tx, k, &archive, old->name, old->id != 0, err) : 0;
    return back < 0 ? -1 : old->id != 0 || back;
}

/* --- by their ids */

int
versions_remove(struct object_call *c, struct tx *tx, const struct container *k, const char *id, struct object *ret, struct cairn_error *err)
{
    int found, is_null;

    if (*id == '\0')
        return object_fail(err, 400, "Invalid version parameter");
    if (versions_enabled(k) < 0 && strcmp(id, "null") == 0)
        return object_remove(c, tx, k, c->object, err);         /* the one that there is */
    if (access_owner(c, err) < 0 || (found = object_find(tx, k->id, c->object, id, ret, err)) < 0)
        return -1;
    /* "null" is what stands outside of the versions: when that is the newest of them, it goes from there and stays a version. */
    is_null = !found && strcmp(id, "null") == 0;
    if (is_null && (found = object_find(tx, k->id, c->object, NULL, ret, err)) < 0)
        return -1;
    if (!found)
        return 0;
    return (is_null ? demote(tx, k, ret->id, err) : object_drop_row(tx, ret->id, err)) < 0 ? -1 : 1;
}

int
versions_delete(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    CLEANUP_OBJECT struct object o = { 0 };
    const char *id = http_query(c->req, "version-id");
    int found;

    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0 || container_for_write(c, tx, c->account, c->container, &k, err) < 0)
        return -1;
    if (versions_enabled(&k) < 0 && strcmp(id, "null") == 0) {
        tx_rollback(steal(&tx));
        return object_delete(c, err);   /* the one that there is */
    }
    if ((found = versions_remove(c, tx, &k, id, &o, err)) < 0)
        return -1;
    if (!found)
        return object_fail(err, 404, "%s", "");
    if (tx_commit(steal(&tx), err) < 0)
        return -1;
    http_reply_header(c->req, "X-Object-Version-Id", id);
    object_header(c, "X-Object-Current-Version-Id", "%s", o.latest ? id : "null");
    object_reply_empty(c, 204);
    return 0;
}

int
versions_put(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    CLEANUP_OBJECT struct object o = { 0 };
    const char *id = http_query(c->req, "version-id"), *length = http_header(c->req, "Content-Length");
    int64_t latest;
    int found;

    if (length != NULL && strcmp(length, "0") != 0)
        return object_fail(err, 400, "PUT version-id requests require a zero byte body");
    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0 || container_for_write(c, tx, c->account, c->container, &k, err) < 0 ||
        access_owner(c, err) < 0 || (found = object_find(tx, k.id, c->object, id, &o, err)) < 0)
        return -1;
    if (!found || o.marker)
        return object_fail(err, 404, "%s", "");
    if (tx_int(tx, &latest, 0, err, "select id from objects where container_id = ? and name = ? and latest = 1", "is", k.id, c->object) < 0 ||
        (latest != 0 && demote(tx, &k, latest, err) < 0) || promote(tx, &k, o.id, err) < 0 || tx_commit(steal(&tx), err) < 0)
        return -1;
    object_replied_created(c, &o);
    return 0;
}
