/* file_copy.c: storage driver "file": volumes that are full copies (of volumes, snapshots, connections; of images in raw pools). */
#include "file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

/* Where a copy comes from. */
struct source {
    char path[FILE_PATH];
    char snapshot[96];          /* "snapshot.name=ID" or empty */
    uint32_t format;
    uint64_t size_bytes;        /* virtual */
    int fd;                     /* owned; -1 before it is open */
    char base_format[16];       /* set: it is an overlay, and the copy lies over the same base */
};

static int
source_of_image(const struct file_pool *pool, const struct cairn_volume *vol, struct source *src, struct cairn_error *err)
{
    struct file_qcow2 header;
    struct stat st;

    src->fd = openat(pool->images_fd, vol->source_handle, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (src->fd < 0 || fstat(src->fd, &st) < 0)
        return cairn_fail_errno(err, errno, "cannot open image '%s'", vol->source_handle);
    src->format = vol->source_format;
    src->size_bytes = (uint64_t)st.st_size;
    if (src->format == CAIRN_FORMAT_QCOW2) {
        if (file_qcow2_read(src->fd, &header, err) < 0 || file_qcow2_standalone(&header, err) < 0)
            return cairn_error_context(err, "image '%s'", vol->source_handle);
        src->size_bytes = header.size_bytes;
    }
    return file_path(pool, "images", vol->source_handle, src->path, err);
}

static int
source_of_volume(const struct file_pool *pool, const struct cairn_volume *vol, struct source *src, struct cairn_error *err)
{
    struct file_volume volume = FILE_VOLUME_INIT;
    char handle[FILE_HANDLE], snapshot[64] = "";
    int found, rc;

    if (vol->source_kind == CAIRN_SOURCE_SNAPSHOT) {
        if (file_snapshot_parse(vol->source_handle, NULL, handle, snapshot, err) < 0)
            return -1;
        snprintf(src->snapshot, sizeof src->snapshot, "snapshot.name=%s", snapshot);
    } else
        snprintf(handle, sizeof handle, "%.255s", vol->source_handle != NULL ? vol->source_handle : "");
    if (file_volume_open(pool, handle, O_RDONLY, &volume, err) < 0)
        return -1;
    src->fd = volume.fd;
    src->format = volume.format;
    src->size_bytes = volume.size_bytes;
    rc = file_volume_idle(&volume, handle, 0, err);
    if (rc == 0 && snapshot[0] != '\0' && (found = file_qcow2_has_snapshot(volume.fd, &volume.header, snapshot, err)) != 1)
        rc = found < 0 ? -1 : cairn_fail(err, CAIRN_NOT_FOUND, "volume '%s' has no snapshot '%s'", handle, snapshot);
    /* The copy gets a link of its own to the base, and then holds only what the source wrote itself. */
    if (rc == 0 && volume.header.backing[0] != '\0' && pool->format == CAIRN_FORMAT_QCOW2) {
        rc = file_base_link(pool, pool->base_fd, volume.id, vol->id, err);
        snprintf(src->base_format, sizeof src->base_format, "%s", volume.header.backing_format[0] != '\0' ? volume.header.backing_format : "raw");
    }
    return rc < 0 ? -1 : file_path(pool, "volumes", handle, src->path, err);
}

static int
source_of_connection(const struct cairn_volume *vol, struct source *src, struct cairn_error *err)
{
    const struct cairn_connection *conn = vol->source;
    struct file_qcow2 header;
    off_t end;

    if (conn == NULL || (conn->kind != CAIRN_CONN_FILE && conn->kind != CAIRN_CONN_BLOCK))
        return cairn_fail(err, CAIRN_UNSUPPORTED, "this driver copies from files and block devices only");
    if (conn->path[0] != '/' || memchr(conn->path, '\0', sizeof conn->path) == NULL)
        return cairn_fail(err, CAIRN_INVALID, "the source's path is not absolute");
    if (conn->format != CAIRN_FORMAT_RAW && conn->format != CAIRN_FORMAT_QCOW2)
        return cairn_fail(err, CAIRN_INVALID, "the source's format is not told (%" PRIu32 ")", conn->format);
    snprintf(src->path, sizeof src->path, "%s", conn->path);
    src->format = conn->format;
    src->fd = open(conn->path, O_RDONLY | O_CLOEXEC);
    if (src->fd < 0 || (end = lseek(src->fd, 0, SEEK_END)) < 0)
        return cairn_fail_errno(err, errno, "cannot open the source '%s'", conn->path);
    src->size_bytes = (uint64_t)end;
    if (src->format == CAIRN_FORMAT_QCOW2) {
        /* It may be an image of another pool: what it refers to must not be followed here either. */
        if (file_qcow2_read(src->fd, &header, err) < 0 || file_qcow2_standalone(&header, err) < 0)
            return cairn_error_context(err, "source '%s'", conn->path);
        src->size_bytes = header.size_bytes;
    }
    return 0;
}

static int
convert(const struct file_pool *pool, struct cairn_op *op, const struct source *src, const char *target, const char *backing,
        struct cairn_error *err)
{
    const char *argv[24];
    size_t n = 0;

    argv[n++] = "qemu-img";
    argv[n++] = "convert";
    argv[n++] = "-q";
    argv[n++] = "-f";
    argv[n++] = file_format_name(src->format);
    argv[n++] = "-O";
    argv[n++] = file_format_name(pool->format);
    if (src->snapshot[0] != '\0') {
        argv[n++] = "-l";
        argv[n++] = src->snapshot;
    }
    if (src->base_format[0] != '\0') {
        argv[n++] = "-B";
        argv[n++] = backing;
        argv[n++] = "-F";
        argv[n++] = src->base_format;
    }
    argv[n++] = "--";
    argv[n++] = src->path;
    argv[n++] = target;
    argv[n] = NULL;
    return file_tool(pool, op, pool->convert_ms, argv, err);
}

static int
fill(const struct file_pool *pool, struct cairn_op *op, const struct cairn_volume *vol, struct source *src, struct file_tmp *tmp,
     struct cairn_error *err)
{
    char target[FILE_PATH], backing[80];
    struct file_qcow2 header;
    struct stat st;
    int rc;

    if (src->size_bytes > vol->size_bytes)
        return cairn_fail(err, CAIRN_INVALID, "the source holds %" PRIu64 " bytes, the volume only %" PRIu64, src->size_bytes, vol->size_bytes);
    if (file_path(pool, "tmp", tmp->name, target, err) < 0)
        return -1;
    if (src->format == CAIRN_FORMAT_RAW && pool->format == CAIRN_FORMAT_RAW) {
        if ((rc = file_copy(pool, op, src->fd, tmp->fd, src->size_bytes)) != 0)
            return cairn_fail_errno(err, rc, "cannot copy");
    } else {
        snprintf(backing, sizeof backing, "../base/%s", vol->id);
        if (convert(pool, op, src, target, backing, err) < 0)
            return -1;
    }
    if (pool->format == CAIRN_FORMAT_RAW) {
        if (fstat(tmp->fd, &st) < 0 || ((uint64_t)st.st_size < vol->size_bytes && ftruncate(tmp->fd, (off_t)vol->size_bytes) < 0))
            return cairn_fail_errno(err, errno, "cannot size the copy");
        if ((uint64_t)st.st_size > vol->size_bytes)
            return cairn_fail(err, CAIRN_INVALID, "the source holds %lld bytes, the volume only %" PRIu64, (long long)st.st_size, vol->size_bytes);
        return 0;
    }
    if (file_qcow2_read(tmp->fd, &header, err) < 0)
        return -1;
    if (header.size_bytes > vol->size_bytes)
        return cairn_fail(err, CAIRN_INVALID, "the source holds %" PRIu64 " bytes, the volume only %" PRIu64, header.size_bytes, vol->size_bytes);
    return header.size_bytes < vol->size_bytes ? file_qcow2_grow(pool, op, target, vol->size_bytes, err) : 0;
}

int
file_fill_copy(const struct file_pool *pool, struct cairn_op *op, const struct cairn_volume *vol, struct file_tmp *tmp, struct cairn_error *err)
{
    struct source src = { .fd = -1 };
    int rc;

    if (vol->source_kind == CAIRN_SOURCE_IMAGE)
        rc = source_of_image(pool, vol, &src, err);
    else if (vol->source_kind == CAIRN_SOURCE_CONNECTION)
        rc = source_of_connection(vol, &src, err);
    else
        rc = source_of_volume(pool, vol, &src, err);
    if (rc == 0)
        rc = fill(pool, op, vol, &src, tmp, err);
    if (src.fd >= 0)
        close(src.fd);
    return rc;
}
