/* rows.c: accounts, containers and objects as they stand in the catalog. */
#include "config.h"
#include "object/private.h"

#include <string.h>

void
account_clear(struct account *a)
{
    free(a->name);
    json_decref(a->meta);
    *a = (struct account){ 0 };
}

void
container_clear(struct container *k)
{
    free(k->account);
    free(k->name);
    free(k->policy);
    json_decref(k->meta);
    *k = (struct container){ 0 };
}

void
object_clear(struct object *o)
{
    free(o->name);
    free(o->etag);
    free(o->type);
    free(o->store);
    free(o->blob);
    json_decref(o->meta);
    json_decref(o->sys);
    *o = (struct object){ 0 };
}

int
account_find(struct tx *tx, const char *name, struct account *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(tx, &r, err, "select id, meta, created_us from object_accounts where name = ? and deleted_us is null", "s", name) < 0 ||
        (rc = rows_next(r, err)) < 0)
        return -1;
    account_clear(ret);
    ret->name = xstrdup(name);
    ret->meta = json_of_column(rc ? row_text(r, "meta") : NULL);
    ret->id = rc ? row_int(r, "id") : 0;
    ret->created_us = rc ? row_int(r, "created_us") : 0;
    return rc;
}

int
account_ensure(struct tx *tx, const char *name, struct account *ret, struct cairn_error *err)
{
    int64_t known;
    int found = account_find(tx, name, ret, err);

    if (found != 0)
        return found < 0 ? -1 : 0;
    if (tx_int(tx, &known, 0, err, "select (select count(*) from projects where id = ?) * (1 - (select count(*) from object_accounts where name = ?))", "ss",
               name + strlen("AUTH_"), name) < 0)
        return -1;
    if (!known)
        return object_fail(err, 404, "%s", "");
    ret->id = object_id();
    ret->created_us = object_now_us();
    return tx_exec(tx, err, "insert into object_accounts (id, name, created_us) values (?, ?, ?)", "isi", ret->id, name, ret->created_us);
}

int
container_find(struct tx *tx, const char *account, const char *name, struct container *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(tx, &r, err,
                 "select k.id as id, k.account_id as account_id, k.policy as policy, k.meta as meta, k.created_us as created_us, k.updated_us as updated_us,"
                 " k.object_count as object_count, k.bytes_used as bytes_used from object_containers k join object_accounts a on a.id = k.account_id"
                 " where a.name = ? and a.deleted_us is null and k.name = ?", "ss", account, name) < 0 || (rc = rows_next(r, err)) < 0)
        return -1;
    if (rc == 0)
        return 0;
    container_clear(ret);
    *ret = (struct container){ .id = row_int(r, "id"), .account_id = row_int(r, "account_id"), .account = xstrdup(account), .name = xstrdup(name),
                               .policy = xstrdup(row_text(r, "policy")), .meta = json_of_column(row_text(r, "meta")),
                               .created_us = row_int(r, "created_us"), .updated_us = row_int(r, "updated_us"), .count = row_int(r, "object_count"),
                               .bytes = row_int(r, "bytes_used") };
    return 1;
}

#define COLUMNS \
    " o.id as id, o.container_id as container_id, o.name as name, o.version_us as version_us, o.latest as latest, o.versioned as versioned," \
    " o.marker as marker, o.kind as kind, o.size_bytes as size_bytes, o.etag as etag, o.content_type as content_type, o.meta as meta, o.sys as sys," \
    " o.store as store, o.blob as blob, o.updated_us as updated_us, o.delete_at_us as delete_at_us "

const char object_columns[] = COLUMNS;

void
object_take(struct rows *r, struct object *ret)
{
    object_clear(ret);
    *ret = (struct object){ .id = row_int(r, "id"), .container_id = row_int(r, "container_id"), .name = xstrdup(row_text(r, "name")),
                            .etag = xstrdup(row_text(r, "etag")), .type = xstrdup(row_text(r, "content_type")), .store = xstrdup(row_text(r, "store")),
                            .blob = xstrdup(row_text(r, "blob")), .version_us = row_int(r, "version_us"), .size = row_int(r, "size_bytes"),
                            .updated_us = row_int(r, "updated_us"), .delete_at_us = row_int(r, "delete_at_us"), .latest = (int)row_int(r, "latest"),
                            .versioned = (int)row_int(r, "versioned"), .marker = (int)row_int(r, "marker"), .kind = (enum object_kind)row_int(r, "kind"),
                            .meta = json_of_column(row_text(r, "meta")), .sys = json_of_column(row_text(r, "sys")) };
}

/* "1700000000.12345" as microseconds; -1: it is none. */
static int64_t
version_us(const char *text)
{
    int64_t s, part;
    const char *dot = strchr(text, '.');
    char whole[24];

    if (dot == NULL || dot - text >= (int)sizeof whole || strlen(dot + 1) != 5 || str_to_int(dot + 1, 0, 99999, &part) < 0)
        return -1;
    snprintf(whole, sizeof whole, "%.*s", (int)(dot - text), text);
    return str_to_int(whole, 0, INT64_MAX / 2000000, &s) < 0 ? -1 : s * 1000000 + part * 10;
}

int
object_find(struct tx *tx, int64_t container_id, const char *name, const char *version, struct object *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int64_t at = 0;
    int rc;

    if (version == NULL)
        rc = tx_query(tx, &r, err, "select" COLUMNS "from objects o where o.container_id = ? and o.name = ? and o.latest = 1", "is", container_id, name);
    else if (strcmp(version, "null") == 0)
        rc = tx_query(tx, &r, err, "select" COLUMNS "from objects o where o.container_id = ? and o.name = ? and o.versioned = 0", "is", container_id, name);
    else if ((at = version_us(version)) < 0)
        return object_fail(err, 400, "Invalid version parameter");
    else
        rc = tx_query(tx, &r, err, "select" COLUMNS "from objects o where o.container_id = ? and o.name = ? and o.version_us = ? and o.versioned = 1", "isi",
                      container_id, name, at);
    if (rc < 0 || (rc = rows_next(r, err)) <= 0)
        return rc < 0 ? -1 : 0;
    object_take(r, ret);
    return ret->delete_at_us == 0 || ret->delete_at_us > clock_us() || (version != NULL && ret->versioned);
}
