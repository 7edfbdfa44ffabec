/* rbd_volume.c: storage driver "rbd": volumes.  Each is made under a name of its own and gets its real one when it is whole. */
#include "rbd.h"

#include <inttypes.h>
#include <time.h>

#define PROVISIONED_S 300       /* how long a sum of all volumes' sizes is good enough */

static int
stat_of(struct ceph_link *link, rbd_image_t image, const char *name, uint64_t *ret_size, struct cairn_error *err)
{
    int rc = rbd_get_size(image, ret_size);

    return rc < 0 ? ceph_fail(link, rc, err, "cannot read the size of '%s'", name) : 0;
}

/* -- create -- */

/* 1: there and as asked for; 0: not there; -1: there and different. */
static int
volume_there(struct ceph_link *link, const struct cairn_volume *vol, const char *name, struct cairn_error *err)
{
    struct cairn_error why = CAIRN_ERROR_INIT;
    CEPH_IMAGE_OPEN image = NULL;
    struct ceph_parent parent;
    uint64_t size;

    if (ceph_open(link, link->volumes, name, 0, &image, &why) < 0) {
        if (why.code == CAIRN_NOT_FOUND)
            return 0;
        if (err != NULL)
            *err = why;
        return -1;
    }
    if (stat_of(link, image, name, &size, err) < 0)
        return -1;
    if (size != vol->size_bytes)
        return cairn_fail(err, CAIRN_EXISTS, "'%s' is there with %" PRIu64 " bytes, not %" PRIu64, name, size, vol->size_bytes);
    ceph_parent_of(image, &parent);
    if (vol->source_kind == CAIRN_SOURCE_IMAGE && parent.id[0] != '\0' && !parent.trash && strcmp(parent.name, vol->source_handle) != 0)
        return cairn_fail(err, CAIRN_EXISTS, "'%s' is there, but made from '%s', not from '%s'", name, parent.name, vol->source_handle);
    return 1;
}

static int
volume_check(const struct cairn_volume *vol, struct cairn_error *err)
{
    const char *id;

    if (vol->size_bytes == 0 || vol->size_bytes % 512 != 0 || vol->size_bytes > INT64_MAX)
        return cairn_fail(err, CAIRN_INVALID, "a volume cannot have %" PRIu64 " bytes: need a multiple of 512", vol->size_bytes);
    if (vol->preallocate)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "volumes of this driver are thin: none can be allocated beforehand");
    if (vol->source_kind > CAIRN_SOURCE_CONNECTION)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "a volume cannot be made from a source of kind %" PRIu32, vol->source_kind);
    if (vol->source_kind != CAIRN_SOURCE_IMAGE)
        return vol->source_kind == CAIRN_SOURCE_VOLUME ? ceph_handle(CEPH_VOLUME, vol->source_handle, &id, err) : 0;
    if (vol->source_format != CAIRN_FORMAT_RAW && vol->source_format != CAIRN_FORMAT_QCOW2)
        return cairn_fail(err, CAIRN_INVALID, "the format of image '%s' is not told (%" PRIu32 ")", vol->source_handle, vol->source_format);
    return ceph_handle(CEPH_IMAGE, vol->source_handle, &id, err);
}

/* The clone as large as the volume shall be, and not on top of too many others. */
static int
fit(struct ceph_link *link, struct cairn_op *op, const struct cairn_volume *vol, const char *part, struct cairn_error *err)
{
    CEPH_IMAGE_OPEN image = NULL;
    uint64_t size;
    int rc;

    (void)op;
    if (ceph_open(link, link->volumes, part, 1, &image, err) < 0 || stat_of(link, image, part, &size, err) < 0)
        return -1;
    if (size > vol->size_bytes)
        return cairn_fail(err, CAIRN_INVALID, "'%s' holds %" PRIu64 " bytes, the volume only %" PRIu64, vol->source_handle, size, vol->size_bytes);
    if (size < vol->size_bytes && (rc = rbd_resize(image, vol->size_bytes)) < 0)
        return ceph_fail(link, rc, err, "cannot resize '%s'", part);
    if (ceph_depth(link, image) > link->pool->depth && (rc = rbd_flatten(image)) < 0)
        return ceph_fail(link, rc, err, "cannot flatten '%s'", part);
    return 0;
}

/* Of a volume as it is now: a snapshot that nobody else sees, and that the clone alone keeps. */
static int
clone_volume(struct ceph_link *link, const char *source, const char *part, struct cairn_error *err)
{
    CEPH_IMAGE_OPEN image = NULL;
    char snap[CEPH_NAME];
    int rc, failed;

    ceph_part_name(snap);
    if (ceph_open(link, link->volumes, source, 1, &image, err) < 0)
        return -1;
    if ((rc = rbd_snap_create(image, snap)) < 0)
        return ceph_fail(link, rc, err, "cannot make a snapshot of '%s'", source);
    failed = ceph_clone(link, link->volumes, source, snap, part, err);
    if ((rc = rbd_snap_remove(image, snap)) < 0 && failed == 0)
        failed = ceph_fail(link, rc, err, "cannot remove the snapshot of '%s'", source);
    return failed;
}

static int
fill(struct ceph_link *link, struct cairn_op *op, const struct cairn_volume *vol, const char *part, struct cairn_error *err)
{
    char source[CEPH_NAME];
    const char *snap;
    int rc;

    switch (vol->source_kind) {
    case CAIRN_SOURCE_NONE:
        return ceph_create(link, link->volumes, part, vol->size_bytes, err);
    case CAIRN_SOURCE_VOLUME:
        rc = clone_volume(link, vol->source_handle, part, err);
        break;
    case CAIRN_SOURCE_SNAPSHOT:
        if (ceph_snapshot_parse(vol->source_handle, NULL, source, &snap, err) < 0)
            return -1;
        rc = ceph_clone(link, link->volumes, source, snap, part, err);
        break;
    case CAIRN_SOURCE_IMAGE:
        if (vol->source_format == CAIRN_FORMAT_RAW) {
            rc = ceph_clone(link, link->images, vol->source_handle, CEPH_SNAP, part, err);
            break;
        }
        /* fall through */
    default:
        return ceph_create(link, link->volumes, part, vol->size_bytes, err) < 0 ? -1 : ceph_fill(link, op, vol, part, err);
    }
    return rc < 0 ? -1 : fit(link, op, vol, part, err);
}

int
ceph_volume_create(void *self, struct cairn_op *op, const struct cairn_volume *vol, char ret_handle[256], struct cairn_error *err)
{
    struct ceph_pool *pool = self;
    char name[CEPH_NAME], part[CEPH_NAME];
    CEPH_LINK link = NULL;
    int there, rc;

    if (volume_check(vol, err) < 0 || ceph_name(CEPH_VOLUME, vol->id, name, err) < 0 || (link = ceph_get(pool, err)) == NULL ||
        (there = volume_there(link, vol, name, err)) < 0)
        return -1;
    if (!there) {
        ceph_part_name(part);
        if (fill(link, op, vol, part, err) < 0) {
            ceph_drop(link, link->volumes, part);
            return cairn_error_context(err, "volume '%s'", vol->id);
        }
        if ((rc = rbd_rename(link->volumes, part, name)) < 0) {
            ceph_drop(link, link->volumes, part);
            return ceph_fail(link, rc, err, "cannot name '%s'", name);
        }
    }
    snprintf(ret_handle, 256, "%s", name);
    return 0;
}

/* -- the other operations -- */

int
ceph_volume_delete(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err)
{
    struct ceph_pool *pool = self;
    CEPH_LINK link = NULL;
    const char *id;

    (void)op;
    if (ceph_handle(CEPH_VOLUME, handle, &id, err) < 0 || (link = ceph_get(pool, err)) == NULL)
        return -1;
    ceph_forget(pool, handle);
    return ceph_delete(link, link->volumes, handle, NULL, err);
}

int
ceph_volume_extend(void *self, struct cairn_op *op, const char *handle, uint64_t size_bytes, struct cairn_error *err)
{
    struct ceph_pool *pool = self;
    CEPH_LINK link = NULL;
    CEPH_IMAGE_OPEN image = NULL;
    const char *id;
    uint64_t size;
    int rc;

    (void)op;
    if (ceph_handle(CEPH_VOLUME, handle, &id, err) < 0 || (link = ceph_get(pool, err)) == NULL ||
        ceph_open(link, link->volumes, handle, 1, &image, err) < 0 || stat_of(link, image, handle, &size, err) < 0)
        return -1;
    if (size_bytes % 512 != 0 || size_bytes > INT64_MAX)
        return cairn_fail(err, CAIRN_INVALID, "a volume cannot have %" PRIu64 " bytes: need a multiple of 512", size_bytes);
    if (size_bytes < size)
        return cairn_fail(err, CAIRN_INVALID, "'%s' has %" PRIu64 " bytes: it cannot shrink to %" PRIu64, handle, size, size_bytes);
    ceph_forget(pool, handle);
    if (size_bytes > size && (rc = rbd_resize(image, size_bytes)) < 0)
        return ceph_fail(link, rc, err, "cannot extend '%s'", handle);
    return 0;
}

static int
add_used(uint64_t offset, size_t len, int exists, void *arg)
{
    uint64_t *used = arg;

    (void)offset;
    *used += exists ? len : 0;
    return 0;
}

/* 'count': also how much of it is used, which is quick only with the map of its objects that librbd keeps. */
static int
info_of(struct ceph_link *link, const char *name, int count, struct cairn_volume_info *ret_info, struct cairn_error *err)
{
    CEPH_IMAGE_OPEN image = NULL;
    uint64_t features = 0, size, used = 0;

    if (ceph_open(link, link->volumes, name, 0, &image, err) < 0 || stat_of(link, image, name, &size, err) < 0)
        return -1;
    if (count && rbd_get_features(image, &features) == 0 && (features & RBD_FEATURE_FAST_DIFF) != 0)
        rbd_diff_iterate2(image, NULL, 0, size, 0, 1, add_used, &used);
    ret_info->format = CAIRN_FORMAT_RAW;
    snprintf(ret_info->id, sizeof ret_info->id, "%s", name + strlen(CEPH_VOLUME));
    snprintf(ret_info->handle, sizeof ret_info->handle, "%s", name);
    ret_info->size_bytes = size;
    ret_info->used_bytes = used;
    return 0;
}

int
ceph_volume_info(void *self, const char *handle, struct cairn_volume_info *ret_info, struct cairn_error *err)
{
    CEPH_LINK link = NULL;
    const char *id;

    if (ceph_handle(CEPH_VOLUME, handle, &id, err) < 0 || (link = ceph_get(self, err)) == NULL)
        return -1;
    return info_of(link, handle, 1, ret_info, err);
}

struct listing {
    struct ceph_link *link;
    struct cairn_sink *sink;    /* NULL: only the sum */
    uint64_t bytes;
};

static int
emit_volume(void *arg, const char *name)
{
    struct listing *list = arg;
    struct cairn_volume_info info = { .size = sizeof info };

    /* One that was deleted meanwhile, or that is damaged, is not told: the others are. */
    if (!ceph_name_ok(name, 63 + strlen(CEPH_VOLUME)) || info_of(list->link, name, 0, &info, NULL) < 0)
        return 0;
    list->bytes += info.size_bytes;
    return list->sink != NULL && list->link->pool->host->emit(list->sink, &info) != 0;
}

int
ceph_volume_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    CEPH_LINK link = ceph_get(self, err);
    struct listing list = { link, sink, 0 };

    if (link == NULL)
        return -1;
    ceph_sweep(link, link->volumes);
    return ceph_each(link, link->volumes, CEPH_VOLUME, emit_volume, &list, err);
}

int
ceph_provisioned(struct ceph_link *link, uint64_t *ret_bytes, struct cairn_error *err)
{
    struct ceph_pool *pool = link->pool;
    struct listing list = { link, NULL, 0 };
    int64_t now = time(NULL);
    int known;

    pthread_mutex_lock(&pool->lock);
    known = pool->provisioned_at != 0 && now - pool->provisioned_at < PROVISIONED_S && now >= pool->provisioned_at;
    *ret_bytes = pool->provisioned;
    pthread_mutex_unlock(&pool->lock);
    if (known)
        return 0;
    if (ceph_each(link, link->volumes, CEPH_VOLUME, emit_volume, &list, err) < 0)
        return -1;
    pthread_mutex_lock(&pool->lock);
    pool->provisioned = *ret_bytes = list.bytes;
    pool->provisioned_at = now;
    pthread_mutex_unlock(&pool->lock);
    return 0;
}

int
ceph_volume_flatten(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err)
{
    struct ceph_parent parent;
    CEPH_LINK link = NULL;
    CEPH_IMAGE_OPEN image = NULL;
    const char *id;
    int rc;

    (void)op;
    if (ceph_handle(CEPH_VOLUME, handle, &id, err) < 0 || (link = ceph_get(self, err)) == NULL ||
        ceph_open(link, link->volumes, handle, 1, &image, err) < 0)
        return -1;
    ceph_parent_of(image, &parent);
    if (parent.id[0] == '\0')                   /* it stands alone */
        return 0;
    if ((rc = rbd_flatten(image)) < 0)
        return ceph_fail(link, rc, err, "cannot flatten '%s'", handle);
    ceph_parent_purge(link, &parent);
    return 0;
}

int
ceph_volume_connect(void *self, struct cairn_op *op, const char *handle, const char *host_name, uint32_t read_only,
                    struct cairn_connection *ret_connection, struct cairn_error *err)
{
    struct ceph_pool *pool = self;
    CEPH_LINK link = NULL;
    CEPH_IMAGE_OPEN image = NULL;
    const char *id;
    uint64_t size;

    (void)op, (void)host_name;                  /* every host reaches the cluster */
    if (ceph_handle(CEPH_VOLUME, handle, &id, err) < 0 || (link = ceph_get(pool, err)) == NULL ||
        ceph_open(link, link->volumes, handle, 0, &image, err) < 0 || stat_of(link, image, handle, &size, err) < 0)
        return -1;
    ceph_connection(pool, pool->volumes, handle, size, ret_connection);
    ret_connection->read_only = read_only != 0;
    return 0;
}

int
ceph_volume_disconnect(void *self, struct cairn_op *op, const char *handle, const char *host_name, struct cairn_error *err)
{
    const char *id;

    /* QEMU lets go of it by itself; a wrong handle is told all the same. */
    (void)self, (void)op, (void)host_name;
    return ceph_handle(CEPH_VOLUME, handle, &id, err);
}
