/* audit_storage.c: checks of disks and images against the storage drivers. */
#include "config.h"
#define LOG_MODULE "reconcile"
#include "flow/audit.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "plugin/storage.h"

/* An upload writes its row at once after its bytes: who is not told of earlier runs takes bytes this old for forgotten. */
#define FORGOTTEN_US (INT64_C(60) * 1000000)

/* --- every storage instance in turn */

struct stores { struct ptrs list; struct arena arena; };

static int
keep_store(void *arg, struct driver *d)
{
    struct stores *s = arg;

    ptrs_add(&s->arena, &s->list, driver_ref(d));
    return 0;
}

/* One store that fails does not hide the others: its error is a finding. */
static int
each_store(struct audit *a, int (*fn)(struct audit *a, struct driver *store, struct cairn_error *err))
{
    struct stores s = { { NULL, 0, 0 }, ARENA_INIT };

    plugins_each(a->o->plugins, CAIRN_STORAGE, keep_store, &s);
    for (size_t i = 0; i < s.list.n; i++) {
        struct driver *store = (struct driver *)(uintptr_t)s.list.at[i];
        struct cairn_error err = CAIRN_ERROR_INIT;

        if (fn(a, store, &err) < 0 && err.code != CAIRN_UNSUPPORTED)
            audit_found(a, driver_instance(store), 0, &err, "store '%s' cannot be compared", driver_instance(store));
        driver_put(store);
    }
    arena_free(&s.arena);
    return 0;
}

/* --- volumes */

struct volumes { struct arena arena; struct ptrs handles, ids; };

static int
volume_add(void *arg, const void *item)
{
    struct volumes *v = arg;
    const struct cairn_volume_info *info = item;

    ptrs_add(&v->arena, &v->handles, arena_strdup(&v->arena, info->handle));
    ptrs_add(&v->arena, &v->ids, arena_strdup(&v->arena, info->id));
    return 0;
}

static int
strays_in(struct audit *a, struct driver *store, const struct volumes *v, struct cairn_error *err)
{
    for (size_t i = 0; i < v->handles.n; i++) {
        const char *handle = v->handles.at[i], *id = v->ids.at[i];
        struct cairn_error why = CAIRN_ERROR_INIT;
        int64_t known;

        if (audit_count(a, &known, err, "select count(*) from server_disks where id = ? or (store = ? and handle = ?)", id, driver_instance(store), handle,
                        NULL) < 0)
            return -1;
        if (known > 0)
            continue;
        audit_found(a, id, a->repair && storage_volume_delete(store, NULL, handle, &why) == 0, &why, "store '%s' has volume %s, which is nobody's disk",
                    driver_instance(store), handle);
    }
    return 0;
}

static int
check_volumes(struct audit *a, struct driver *store, struct cairn_error *err)
{
    struct volumes v = { ARENA_INIT, { NULL, 0, 0 }, { NULL, 0, 0 } };
    struct cairn_sink sink = { volume_add, &v };
    int rc = storage_volume_list(store, &sink, err);

    if (rc == 0)
        rc = strays_in(a, store, &v, err);
    arena_free(&v.arena);
    return rc;
}

static int
check_disks(struct audit *a, struct driver *store, struct cairn_error *err)
{
    struct volumes v = { ARENA_INIT, { NULL, 0, 0 }, { NULL, 0, 0 } };
    struct cairn_sink sink = { volume_add, &v };
    struct ptrs wanted = { NULL, 0, 0 };
    int rc = audit_ids(a, &v.arena, &wanted, err,
                       "select d.handle from server_disks d join servers s on s.id = d.server_id join hosts h on h.id = s.host_id where d.store = ?"
                       " and d.handle is not null and d.role <> 'config' and s.deleted_us is null and ('' = ? or h.name = ?) and not " AUDIT_OPEN("s.id"),
                       driver_instance(store), audit_host(a), audit_host(a));

    if (rc == 0)
        rc = storage_volume_list(store, &sink, err);
    audit_sort(&v.handles);
    for (size_t i = 0; rc == 0 && i < wanted.n; i++) {
        struct cairn_volume_info info = { .size = sizeof info };
        int64_t still = 0;

        if (audit_has(&v.handles, wanted.at[i]) || storage_volume_info(store, wanted.at[i], &info, err) == 0)
            continue;
        rc = err->code == CAIRN_NOT_FOUND ? 0 : -1;
        if (rc == 0) {
            cairn_error_clear(err);
            rc = audit_count(a, &still, err, "select count(*) from server_disks d where d.store = ? and d.handle = ? and not " AUDIT_OPEN("d.server_id"),
                             driver_instance(store), wanted.at[i], NULL, NULL);
        }
        if (rc == 0 && still > 0)
            audit_found(a, wanted.at[i], 0, NULL, "a server's disk %s is not in store '%s'", (const char *)wanted.at[i], driver_instance(store));
    }
    arena_free(&v.arena);
    return rc;
}

static int volumes_known(struct audit *a, struct cairn_error *err) { (void)err; return each_store(a, check_volumes); }
static int disks_there(struct audit *a, struct cairn_error *err) { (void)err; return each_store(a, check_disks); }

/* --- images */

struct blobs { struct arena arena; struct ptrs list; };

static int
blob_add(void *arg, const void *item)
{
    struct blobs *b = arg;
    struct cairn_blob_info *copy = arena_alloc(&b->arena, sizeof *copy);

    *copy = *(const struct cairn_blob_info *)item;
    ptrs_add(&b->arena, &b->list, copy);
    return 0;
}

/* An upload commits its bytes just before its row: bytes without a row may only be young. */
static int
is_forgotten(struct audit *a, const char *store, const struct cairn_blob_info *blob)
{
    CLEANUP_FREE char *name = xasprintf("image %s %s", store, blob->key);
    int twice = audit_seen_twice(a, name);

    if (a->r == NULL)
        return blob->created_us < clock_us() - FORGOTTEN_US;
    return twice || blob->created_us < a->process_start_us;
}

/* Is it an image's, a copy's, or staged? */
#define IMAGE_BYTES "select count(*) from (select ? as s, ? as h) b where exists (select 1 from images where store = b.s and handle = b.h)" \
    " or exists (select 1 from images where staged_store = b.s and staged_handle = b.h)"                                                  \
    " or exists (select 1 from image_copies where store = b.s and handle = b.h)"

static int
check_image_bytes(struct audit *a, struct driver *store, struct cairn_error *err)
{
    struct blobs b = { ARENA_INIT, { NULL, 0, 0 } };
    struct cairn_sink sink = { blob_add, &b };
    int rc = storage_image_list(store, &sink, err);

    for (size_t i = 0; rc == 0 && i < b.list.n; i++) {
        const struct cairn_blob_info *blob = b.list.at[i];
        struct cairn_error why = CAIRN_ERROR_INIT;
        int64_t known;

        rc = audit_count(a, &known, err, IMAGE_BYTES, driver_instance(store), blob->key, NULL, NULL);
        if (rc == 0 && known == 0 && is_forgotten(a, driver_instance(store), blob))
            audit_found(a, blob->key, a->repair && storage_image_delete(store, blob->key, &why) == 0, &why,
                        "store '%s' has image bytes %s, which are no image's", driver_instance(store), blob->key);
    }
    arena_free(&b.arena);
    return rc;
}

static int
check_images(struct audit *a, struct driver *store, struct cairn_error *err)
{
    static const char sql[] = "select handle from images where store = ? and handle is not null and status in ('active', 'deactivated')";
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    struct ptrs handles = { NULL, 0, 0 };

    if (audit_ids(a, &arena, &handles, err, sql, driver_instance(store), NULL, NULL) < 0)
        return -1;
    for (size_t i = 0; i < handles.n; i++) {
        struct cairn_blob_info info = { .size = sizeof info };
        int64_t still;

        if (storage_image_info(store, handles.at[i], &info, err) == 0)
            continue;
        if (err->code != CAIRN_NOT_FOUND)
            return -1;
        cairn_error_clear(err);
        if (audit_count(a, &still, err, "select count(*) from images where store = ? and handle = ? and status in ('active', 'deactivated')",
                        driver_instance(store), handles.at[i], NULL, NULL) < 0)
            return -1;
        if (still > 0)
            audit_found(a, handles.at[i], 0, NULL, "an image's bytes %s are not in store '%s'", (const char *)handles.at[i], driver_instance(store));
    }
    return 0;
}

static int image_bytes_known(struct audit *a, struct cairn_error *err) { (void)err; return each_store(a, check_image_bytes); }
static int images_there(struct audit *a, struct cairn_error *err) { (void)err; return each_store(a, check_images); }

/* --- images whose upload died with its process */

static int
image_restart(struct audit *a, const char *id, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    if (tx_begin(a->o->catalog, TX_WRITE, &tx, err) < 0 ||
        tx_exec(tx, err, "update images set status = 'queued', size_bytes = null, virtual_size_bytes = null, checksum = null, os_hash_algo = null,"
                " os_hash_value = null, store = null, handle = null, updated_us = ? where id = ? and updated_us < ? and"
                " status in ('saving', 'uploading', 'importing') and staged_handle is null", "isi", clock_us(), id, a->process_start_us) < 0)
        return -1;
    if (tx_changes(tx) == 0)
        return 0;
    return tx_commit(steal(&tx), err) < 0 ? -1 : 1;
}

static int
uploads_dead(struct audit *a, struct arena *arena, struct ptrs *ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_begin(a->o->catalog, TX_READ, &tx, err) < 0 ||
        tx_query(tx, &r, err, "select i.id as id from images i where i.status in ('saving', 'uploading', 'importing') and i.staged_handle is null"
                 " and i.updated_us < ? and not "
                 AUDIT_OPEN("i.id"), "i", a->process_start_us) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        ptrs_add(arena, ret, arena_strdup(arena, row_text(r, "id")));
    return rc;
}

/* Only the process that takes uploads can know which of them are alive. */
static int
uploads_alive(struct audit *a, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    struct ptrs list = { NULL, 0, 0 };

    if (a->r == NULL)
        return 0;
    if (uploads_dead(a, &arena, &list, err) < 0)
        return -1;
    for (size_t i = 0; i < list.n; i++) {
        struct cairn_error why = CAIRN_ERROR_INIT;
        int mended = image_restart(a, list.at[i], &why);

        if (mended != 0)
            audit_found(a, list.at[i], mended > 0, &why, "the upload of image %s ended with the process that took it", (const char *)list.at[i]);
    }
    return 0;
}

/* --- the object store's blobs */

#define BLOBS_AT_ONCE 1000              /* there may be many millions: a page of them is in memory */

struct blob_page { struct cairn_blob_info *at; size_t n; };

static int
blob_page_add(void *arg, const void *item)
{
    struct blob_page *page = arg;

    page->at[page->n++] = *(const struct cairn_blob_info *)item;
    return page->n == BLOBS_AT_ONCE;
}

static int
check_blob_known(struct audit *a, struct driver *store, const struct cairn_blob_info *blob, struct cairn_error *err)
{
    struct cairn_error why = CAIRN_ERROR_INIT;
    int64_t known;

    if (audit_count(a, &known, err, "select (select count(*) from objects where blob = ?) + (select count(*) from object_garbage where blob = ?)", blob->key,
                    blob->key, NULL, NULL) < 0)
        return -1;
    if (known == 0 && is_forgotten(a, driver_instance(store), blob))
        audit_found(a, blob->key, a->repair && storage_blob_delete(store, blob->key, &why) == 0, &why, "store '%s' has blob %s, which is no object's",
                    driver_instance(store), blob->key);
    return 0;
}

static int
check_object_bytes(struct audit *a, struct driver *store, struct cairn_error *err)
{
    CLEANUP_FREE struct cairn_blob_info *items = xcalloc(BLOBS_AT_ONCE, sizeof *items);
    struct blob_page page = { items, 0 };
    struct cairn_sink sink = { blob_page_add, &page };
    char after[sizeof items[0].key] = "";

    do {
        page.n = 0;
        if (storage_blob_list(store, after[0] != '\0' ? after : NULL, &sink, err) < 0)
            return -1;
        for (size_t i = 0; i < page.n; i++)
            if (check_blob_known(a, store, &items[i], err) < 0)
                return -1;
        if (page.n > 0)
            snprintf(after, sizeof after, "%s", items[page.n - 1].key);
    } while (page.n == BLOBS_AT_ONCE);
    return 0;
}

static int
check_object_blob(struct audit *a, struct driver *store, const char *blob, struct cairn_error *err)
{
    struct cairn_blob_info info = { .size = sizeof info };
    int64_t still;

    if (storage_blob_info(store, blob, &info, err) == 0)
        return 0;
    if (err->code != CAIRN_NOT_FOUND)
        return -1;
    cairn_error_clear(err);
    if (audit_count(a, &still, err, "select count(*) from objects where blob = ?", blob, NULL, NULL, NULL) < 0)
        return -1;
    if (still > 0)
        audit_found(a, blob, 0, NULL, "an object's bytes %s are not in store '%s'", blob, driver_instance(store));
    return 0;
}

static int
check_objects(struct audit *a, struct driver *store, struct cairn_error *err)
{
    static const char sql[] = "select distinct blob from objects where blob > ? and store = ? order by blob limit 1000";
    CLEANUP_FREE char *after = xstrdup("");
    size_t n;

    do {
        CLEANUP_ARENA struct arena arena = ARENA_INIT;
        struct ptrs blobs = { NULL, 0, 0 };

        if (audit_ids(a, &arena, &blobs, err, sql, after, driver_instance(store), NULL) < 0)
            return -1;
        n = blobs.n;
        for (size_t i = 0; i < n; i++)
            if (check_object_blob(a, store, blobs.at[i], err) < 0)
                return -1;
        if (n > 0) {
            free(after);
            after = xstrdup(blobs.at[n - 1]);
        }
    } while (n > 0);
    return 0;
}

static int object_bytes_known(struct audit *a, struct cairn_error *err) { (void)err; return each_store(a, check_object_bytes); }
static int objects_there(struct audit *a, struct cairn_error *err) { (void)err; return each_store(a, check_objects); }

static int
object_recount(struct audit *a, struct tx *tx, const char *id, struct cairn_error *err)
{
    (void)a;
    return tx_exec(tx, err,
                   "update object_containers set object_count = (select count(*) from objects o where o.container_id = object_containers.id and o.latest = 1),"
                   " bytes_used = (select coalesce(sum(o.size_bytes), 0) from objects o where o.container_id = object_containers.id) where id = cast(? as bigint)", "s", id);
}

const struct audit_check audit_storage[] = {
    { .name = "volume-without-server", .needs_drivers = 1, .remedy = "delete the volume", .fn = volumes_known },
    { .name = "disk-without-volume", .needs_drivers = 1, .remedy = "none by itself: restore the volume, or delete the server", .fn = disks_there },
    { .name = "image-bytes-without-image", .needs_drivers = 1, .remedy = "delete the bytes", .fn = image_bytes_known },
    { .name = "image-without-bytes", .needs_drivers = 1, .remedy = "none by itself: restore the bytes, or delete the image", .fn = images_there },
    /* Last: what a dead upload left in the store is gone before the next one may begin. */
    { .name = "image-upload-dead", .remedy = "back to queued, so that it can be uploaded again", .fn = uploads_alive },
    { .name = "object-bytes-without-object", .needs_drivers = 1, .remedy = "delete the bytes", .fn = object_bytes_known },
    { .name = "object-without-bytes", .needs_drivers = 1, .remedy = "none by itself: restore the bytes, or delete the object", .fn = objects_there },
    { .name = "object-statistics", .remedy = "count again",
      .find = "select k.id as id, '' as owner, 'container ' || k.name || ' does not count what is in it' as detail from object_containers k where"
              " k.object_count <> (select count(*) from objects o where o.container_id = k.id and o.latest = 1) or"
              " k.bytes_used <> (select coalesce(sum(o.size_bytes), 0) from objects o where o.container_id = k.id)",
      .repair = object_recount },
    { .name = NULL },
};
