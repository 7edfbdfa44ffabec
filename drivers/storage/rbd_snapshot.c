/* rbd_snapshot.c: storage driver "rbd": snapshots of volumes, and the bytes of volumes.
 *
 * A snapshot's handle is "VOLUME@ID": it tells the volume too, so that a new volume can be made from the handle alone. */
#include "rbd.h"

#include <inttypes.h>

int
ceph_snapshot_parse(const char *snapshot, const char *handle, char ret_volume[CEPH_NAME], const char **ret_id, struct cairn_error *err)
{
    const char *at = snapshot != NULL ? strchr(snapshot, '@') : NULL, *id;
    size_t len = at != NULL ? (size_t)(at - snapshot) : 0;

    if (len == 0 || len >= CEPH_NAME || !ceph_name_ok(at + 1, 63))
        return cairn_fail(err, CAIRN_INVALID, "'%.80s' is no snapshot handle of this driver: need VOLUME@ID", snapshot != NULL ? snapshot : "(null)");
    memcpy(ret_volume, snapshot, len);
    ret_volume[len] = '\0';
    if (handle != NULL && strcmp(handle, ret_volume) != 0)
        return cairn_fail(err, CAIRN_INVALID, "snapshot '%.80s' is not one of volume '%.80s'", snapshot, handle);
    *ret_id = at + 1;
    return ceph_handle(CEPH_VOLUME, ret_volume, &id, err);
}

static int
snapshot_there(struct ceph_link *link, rbd_image_t image, const char *handle, const char *id, bool *ret_there, struct cairn_error *err)
{
    int rc = rbd_snap_exists(image, id, ret_there);

    return rc < 0 ? ceph_fail(link, rc, err, "cannot look for snapshot '%s@%s'", handle, id) : 0;
}

int
ceph_snapshot_create(void *self, struct cairn_op *op, const char *handle, const char *snapshot_id, char ret_handle[256], struct cairn_error *err)
{
    CEPH_LINK link = NULL;
    CEPH_IMAGE_OPEN image = NULL;
    const char *id;
    int rc;

    (void)op;
    if (!ceph_name_ok(snapshot_id, 63) || strncmp(snapshot_id, CEPH_PART, strlen(CEPH_PART)) == 0)
        return cairn_fail(err, CAIRN_INVALID, "'%.64s' is no snapshot id", snapshot_id != NULL ? snapshot_id : "(null)");
    if (ceph_handle(CEPH_VOLUME, handle, &id, err) < 0 || (link = ceph_get(self, err)) == NULL ||
        ceph_open(link, link->volumes, handle, 1, &image, err) < 0)
        return -1;
    if ((rc = rbd_snap_create(image, snapshot_id)) < 0 && rc != -EEXIST)
        return ceph_fail(link, rc, err, "cannot make snapshot '%s@%s'", handle, snapshot_id);
    snprintf(ret_handle, 256, "%s@%s", handle, snapshot_id);
    return 0;
}

int
ceph_snapshot_delete(void *self, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err)
{
    struct cairn_error why = CAIRN_ERROR_INIT;
    CEPH_LINK link = NULL;
    CEPH_IMAGE_OPEN image = NULL;
    char volume[CEPH_NAME];
    const char *id;
    int rc;

    (void)op;
    if (ceph_snapshot_parse(snapshot_handle, handle, volume, &id, err) < 0 || (link = ceph_get(self, err)) == NULL)
        return -1;
    if (ceph_open(link, link->volumes, volume, 1, &image, &why) < 0) {
        if (why.code == CAIRN_NOT_FOUND)        /* gone with its volume */
            return 0;
        if (err != NULL)
            *err = why;
        return -1;
    }
    if ((rc = rbd_snap_remove(image, id)) < 0 && rc != -ENOENT)     /* clones of it keep what they need */
        return ceph_fail(link, rc, err, "cannot delete snapshot '%s'", snapshot_handle);
    return 0;
}

int
ceph_volume_revert(void *self, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err)
{
    struct ceph_pool *pool = self;
    CEPH_LINK link = NULL;
    CEPH_IMAGE_OPEN image = NULL;
    char volume[CEPH_NAME];
    uint64_t before = 0, after = 0;
    const char *id;
    bool there;
    int rc;

    (void)op;
    if (ceph_snapshot_parse(snapshot_handle, handle, volume, &id, err) < 0 || (link = ceph_get(pool, err)) == NULL ||
        ceph_open(link, link->volumes, volume, 1, &image, err) < 0 || snapshot_there(link, image, volume, id, &there, err) < 0)
        return -1;
    if (!there)
        return cairn_fail(err, CAIRN_NOT_FOUND, "volume '%s' has no snapshot '%s'", volume, id);
    ceph_forget(pool, volume);
    rc = rbd_get_size(image, &before);
    if (rc == 0)
        rc = rbd_snap_rollback(image, id);
    /* A snapshot remembers the size of its day; the volume keeps the one that its owner pays for. */
    if (rc == 0 && (rc = rbd_get_size(image, &after)) == 0 && after < before)
        rc = rbd_resize(image, before);
    return rc < 0 ? ceph_fail(link, rc, err, "cannot revert '%s' to '%s'", volume, id) : 0;
}

/* -- bytes -- */

static int
range_fail(const char *handle, uint64_t offset, size_t len, uint64_t size, struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_INVALID, "%zu bytes at %" PRIu64 " end behind '%s' of %" PRIu64 " bytes", len, offset, handle, size);
}

int
ceph_volume_read(void *self, const char *handle, uint64_t offset, void *buf, size_t len, struct cairn_error *err)
{
    const char *id;
    size_t got = 0;

    if (ceph_handle(CEPH_VOLUME, handle, &id, err) < 0 || ceph_read(self, ceph_io_volumes, handle, offset, buf, len, &got, err) < 0)
        return -1;
    if (got < len) {                            /* it may have grown since it was opened */
        ceph_forget(self, handle);
        if (ceph_read(self, ceph_io_volumes, handle, offset, buf, len, &got, err) < 0)
            return -1;
    }
    return got < len ? range_fail(handle, offset, len, offset + got, err) : 0;
}

int
ceph_volume_write(void *self, const char *handle, uint64_t offset, const void *buf, size_t len, struct cairn_error *err)
{
    CEPH_LINK link = NULL;
    CEPH_IMAGE_OPEN image = NULL;
    const char *id;
    uint64_t size = 0;
    ssize_t done;
    int rc;

    if (ceph_handle(CEPH_VOLUME, handle, &id, err) < 0 || (link = ceph_get(self, err)) == NULL ||
        ceph_open(link, link->volumes, handle, 1, &image, err) < 0)
        return -1;
    if ((rc = rbd_get_size(image, &size)) < 0)
        return ceph_fail(link, rc, err, "cannot read the size of '%s'", handle);
    if (offset > size || len > size - offset)
        return range_fail(handle, offset, len, size, err);
    done = rbd_write(image, offset, len, buf);
    if (done != (ssize_t)len)
        return ceph_fail(link, done < 0 ? (int)done : -EIO, err, "cannot write '%s'", handle);
    rc = rbd_flush(image);
    return rc < 0 ? ceph_fail(link, rc, err, "cannot write '%s'", handle) : 0;
}

/* Sends extents on as they come, neighbours of one kind as one: librbd tells each object's. */
struct changes {
    const struct cairn_host *host;
    struct cairn_sink *sink;
    struct cairn_extent last;   /* length 0: none yet */
    int enough;
};

static void
changes_flush(struct changes *changes)
{
    if (changes->last.length > 0 && !changes->enough)
        changes->enough = changes->host->emit(changes->sink, &changes->last) != 0;
    changes->last.length = 0;
}

static int
add_change(uint64_t offset, size_t len, int exists, void *arg)
{
    struct changes *changes = arg;

    if (changes->last.length == 0 || changes->last.zero != !exists || changes->last.offset + changes->last.length != offset) {
        changes_flush(changes);
        changes->last = (struct cairn_extent){ .size = sizeof changes->last, .zero = !exists, .offset = offset };
    }
    changes->last.length += len;
    return changes->enough ? -ECANCELED : 0;
}

int
ceph_volume_changes(void *self, const char *handle, const char *since, struct cairn_sink *sink, struct cairn_error *err)
{
    struct ceph_pool *pool = self;
    struct changes changes = { .host = pool->host, .sink = sink };
    CEPH_LINK link = NULL;
    CEPH_IMAGE_OPEN image = NULL;
    char volume[CEPH_NAME];
    const char *id, *snap = NULL;
    uint64_t size = 0;
    bool there;
    int rc;

    if (ceph_handle(CEPH_VOLUME, handle, &id, err) < 0 || (since != NULL && ceph_snapshot_parse(since, handle, volume, &snap, err) < 0) ||
        (link = ceph_get(pool, err)) == NULL || ceph_open(link, link->volumes, handle, 0, &image, err) < 0)
        return -1;
    if (snap != NULL && snapshot_there(link, image, handle, snap, &there, err) < 0)
        return -1;
    if (snap != NULL && !there)
        return cairn_fail(err, CAIRN_NOT_FOUND, "volume '%s' has no snapshot '%s'", handle, snap);
    rc = rbd_get_size(image, &size);
    if (rc == 0)
        rc = rbd_diff_iterate2(image, snap, 0, size, 1, 0, add_change, &changes);
    if (rc < 0 && !changes.enough)
        return ceph_fail(link, rc, err, "cannot see what changed in '%s'", handle);
    changes_flush(&changes);
    return 0;
}
