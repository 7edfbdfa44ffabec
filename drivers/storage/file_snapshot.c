/* file_snapshot.c: storage driver "file": snapshots, kept inside the qcow2 file.  A raw volume has none.
 *
 * A snapshot's handle is "VOLUME@ID": it tells the volume too, so that a new volume can be made from the handle alone. */
#include "file.h"

#include <fcntl.h>
#include <unistd.h>

int
file_snapshot_parse(const char *snapshot_handle, const char *handle, char ret_volume[FILE_HANDLE], char ret_id[64], struct cairn_error *err)
{
    const char *at = snapshot_handle != NULL ? strchr(snapshot_handle, '@') : NULL;
    size_t len = at != NULL ? (size_t)(at - snapshot_handle) : 0;

    if (len == 0 || len >= FILE_HANDLE || !file_name_ok(at + 1, 63))
        return cairn_fail(err, CAIRN_INVALID, "'%.80s' is no snapshot handle of this driver: need VOLUME@ID",
                          snapshot_handle != NULL ? snapshot_handle : "(null)");
    memcpy(ret_volume, snapshot_handle, len);
    ret_volume[len] = '\0';
    if (handle != NULL && strcmp(handle, ret_volume) != 0)
        return cairn_fail(err, CAIRN_INVALID, "snapshot '%.80s' is not one of volume '%.80s'", snapshot_handle, handle);
    snprintf(ret_id, 64, "%s", at + 1);
    return 0;
}

/* Opens the volume for a change of its snapshots; '*ret_there' tells whether 'id' is one of them. */
static int
snapshot_open(const struct file_pool *pool, const char *handle, const char *id, struct file_volume *ret_volume, int *ret_there,
              struct cairn_error *err)
{
    struct file_volume volume = FILE_VOLUME_INIT;

    if (file_volume_open(pool, handle, O_RDONLY, &volume, err) < 0)
        return -1;
    if (volume.format != CAIRN_FORMAT_QCOW2) {
        file_volume_close(&volume);
        return cairn_fail(err, CAIRN_UNSUPPORTED, "volume '%s' is raw: it cannot have snapshots", handle);
    }
    *ret_there = file_qcow2_has_snapshot(volume.fd, &volume.header, id, err);
    if (*ret_there < 0) {
        file_volume_close(&volume);
        return cairn_error_context(err, "volume '%s'", handle);
    }
    *ret_volume = volume;
    return 0;
}

/* qemu-img snapshot has no -f, so the format is pinned by image options; a comma in a value is doubled there. */
static int
snapshot_tool(const struct file_pool *pool, struct cairn_op *op, const char *handle, const char *action, const char *id, struct cairn_error *err)
{
    char path[FILE_PATH], options[2 * FILE_PATH + 64];
    const char *argv[] = { "qemu-img", "snapshot", "-q", "--image-opts", action, id, "--", options, NULL };
    size_t n;

    if (file_path(pool, "volumes", handle, path, err) < 0)
        return -1;
    n = (size_t)snprintf(options, sizeof options, "driver=qcow2,file.driver=file,file.filename=");
    for (const char *p = path; *p != '\0'; p++) {
        options[n++] = *p;
        if (*p == ',')
            options[n++] = ',';
    }
    options[n] = '\0';
    return file_tool(pool, op, 300000, argv, err);
}

int
file_snapshot_create(void *self, struct cairn_op *op, const char *handle, const char *snapshot_id, char ret_handle[256], struct cairn_error *err)
{
    struct file_pool *pool = self;
    struct file_volume volume;
    int there, rc = 0;

    if (file_name_check("snapshot id", snapshot_id, 63, err) < 0 || snapshot_open(pool, handle, snapshot_id, &volume, &there, err) < 0)
        return -1;
    if (!there) {
        rc = file_volume_idle(&volume, handle, 1, err);
        if (rc == 0 && (rc = file_room_for(pool, FILE_LITTLE, err)) == 0)
            rc = snapshot_tool(pool, op, handle, "-c", snapshot_id, err);
    }
    file_volume_close(&volume);
    if (rc == 0)
        snprintf(ret_handle, 256, "%s@%s", handle, snapshot_id);
    return rc;
}

int
file_snapshot_delete(void *self, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err)
{
    struct file_pool *pool = self;
    struct cairn_error why = CAIRN_ERROR_INIT;
    struct file_volume volume;
    char of[FILE_HANDLE], id[64];
    int there, rc = 0;

    if (file_snapshot_parse(snapshot_handle, handle, of, id, err) < 0)
        return -1;
    if (snapshot_open(pool, handle, id, &volume, &there, &why) < 0) {
        if (why.code == CAIRN_NOT_FOUND)        /* gone with its volume */
            return 0;
        if (err != NULL)
            *err = why;
        return -1;
    }
    if (there && (rc = file_volume_idle(&volume, handle, 1, err)) == 0)
        rc = snapshot_tool(pool, op, handle, "-d", id, err);
    file_volume_close(&volume);
    return rc;
}

int
file_volume_revert(void *self, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err)
{
    struct file_pool *pool = self;
    struct file_volume volume, after = FILE_VOLUME_INIT;
    char of[FILE_HANDLE], id[64], path[FILE_PATH];
    int there, rc;

    if (file_snapshot_parse(snapshot_handle, handle, of, id, err) < 0 || snapshot_open(pool, handle, id, &volume, &there, err) < 0)
        return -1;
    rc = there ? file_volume_idle(&volume, handle, 1, err)
               : cairn_fail(err, CAIRN_NOT_FOUND, "volume '%s' has no snapshot '%s'", handle, id);
    if (rc == 0)
        rc = snapshot_tool(pool, op, handle, "-a", id, err);
    file_volume_close(&volume);
    /* A snapshot remembers the size of its day; the volume keeps the one that its owner pays for. */
    if (rc == 0 && (rc = file_volume_open(pool, handle, O_RDONLY, &after, err)) == 0) {
        file_volume_close(&after);
        if (after.size_bytes < volume.size_bytes && (rc = file_path(pool, "volumes", handle, path, err)) == 0)
            rc = file_qcow2_grow(pool, op, path, volume.size_bytes, err);
    }
    return rc;
}
