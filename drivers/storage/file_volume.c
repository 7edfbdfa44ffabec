/* file_volume.c: storage driver "file": volumes.  What is copied in full stands in file_copy.c, snapshots in file_snapshot.c. */
#include "file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#define SECTOR 512

int
file_path(const struct file_pool *pool, const char *folder, const char *name, char ret_path[FILE_PATH], struct cairn_error *err)
{
    int len = snprintf(ret_path, FILE_PATH, "%s/%s/%s", pool->dir, folder, name);

    if (len < 0 || len >= FILE_PATH)
        return cairn_fail(err, CAIRN_INVALID, "the path of '%s' in '%s' is too long", name, pool->dir);
    return 0;
}

/* -- handles -- */

static int
handle_parse(const char *handle, char ret_id[64], uint32_t *ret_format, struct cairn_error *err)
{
    const char *dot;
    size_t len;

    if (file_name_check("volume handle", handle, FILE_HANDLE - 1, err) < 0)
        return -1;
    dot = strrchr(handle, '.');
    len = dot != NULL ? (size_t)(dot - handle) : 0;
    if (len == 0 || len >= 64 || (strcmp(dot, ".qcow2") != 0 && strcmp(dot, ".raw") != 0))
        return cairn_fail(err, CAIRN_INVALID, "'%.80s' is no volume handle of this driver: need ID.qcow2 or ID.raw", handle);
    memcpy(ret_id, handle, len);
    ret_id[len] = '\0';
    *ret_format = strcmp(dot, ".raw") == 0 ? CAIRN_FORMAT_RAW : CAIRN_FORMAT_QCOW2;
    return 0;
}

int
file_volume_open(const struct file_pool *pool, const char *handle, int flags, struct file_volume *ret_volume, struct cairn_error *err)
{
    struct file_volume volume = FILE_VOLUME_INIT;
    struct stat st;

    *ret_volume = volume;
    if (handle_parse(handle, volume.id, &volume.format, err) < 0)
        return -1;
    volume.fd = openat(pool->volumes_fd, handle, flags | O_NOFOLLOW | O_CLOEXEC);
    if (volume.fd < 0 && errno == ENOENT)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no volume '%s' in '%s'", handle, pool->dir);
    if (volume.fd < 0)
        return cairn_fail_errno(err, errno, "cannot open volume '%s'", handle);
    if (fstat(volume.fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(volume.fd);
        return cairn_fail(err, CAIRN_CORRUPT, "volume '%s' is not a regular file", handle);
    }
    volume.size_bytes = (uint64_t)st.st_size;
    volume.used_bytes = (uint64_t)st.st_blocks * 512;
    if (volume.format == CAIRN_FORMAT_QCOW2) {
        if (file_qcow2_read(volume.fd, &volume.header, err) < 0) {
            close(volume.fd);
            return cairn_error_context(err, "volume '%s'", handle);
        }
        volume.size_bytes = volume.header.size_bytes;
    }
    *ret_volume = volume;
    return 0;
}

void
file_volume_close(struct file_volume *volume)
{
    if (volume->fd >= 0)
        close(volume->fd);
    volume->fd = -1;
}

/* QEMU marks what it does with an image by locks on single bytes: 100+n "I do this", 200+n "nobody else may", n = 1 for writing. */
int
file_volume_idle(const struct file_volume *volume, const char *handle, int alone, struct cairn_error *err)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = alone ? 100 : 101, .l_len = alone ? 200 : 1 };

    if (fcntl(volume->fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
        return 0;
    return cairn_fail(err, CAIRN_CONFLICT, "volume '%s' is in use by a running guest or tool", handle);
}

int
file_tool(const struct file_pool *pool, struct cairn_op *op, uint32_t timeout_ms, const char *const *argv, struct cairn_error *err)
{
    /* Few arenas, because address space is limited: a hostile image must not eat the host's memory. */
    static const char *const env[] = { "MALLOC_ARENA_MAX=2", NULL };
    struct cairn_child child = { .size = sizeof child, .timeout_ms = timeout_ms, .argv = argv, .env = env,
                                 .limit_cpu_s = timeout_ms / 1000 + 1, .limit_as_bytes = UINT64_C(4) << 30 };

    return pool->host->run(pool->host->instance, op, &child, NULL, NULL, NULL, err);
}

int
file_qcow2_grow(const struct file_pool *pool, struct cairn_op *op, const char *path, uint64_t size_bytes, struct cairn_error *err)
{
    char size[32];
    const char *argv[] = { "qemu-img", "resize", "-q", "-f", "qcow2", "--", path, size, NULL };

    snprintf(size, sizeof size, "%" PRIu64, size_bytes);
    return file_tool(pool, op, 60000, argv, err);
}

/* -- create -- */

int
file_base_link(const struct file_pool *pool, int dir_fd, const char *name, const char *id, struct cairn_error *err)
{
    int again = 0;

    while (linkat(dir_fd, name, pool->base_fd, id, 0) < 0) {
        if (errno == ENOENT)
            return cairn_fail(err, CAIRN_NOT_FOUND, "there is no image '%s' in '%s'", name, pool->dir);
        if (errno == EMLINK)
            return cairn_fail(err, CAIRN_NO_SPACE, "image '%s' has as many volumes as the file system of '%s' allows links", name, pool->dir);
        if (errno != EEXIST || again++)
            return cairn_fail_errno(err, errno, "cannot link the base of volume '%s'", id);
        if (unlinkat(pool->base_fd, id, 0) < 0 && errno != ENOENT)
            return cairn_fail_errno(err, errno, "cannot remove the old base of volume '%s'", id);
    }
    if (fsync(pool->base_fd) < 0)
        return cairn_fail_errno(err, errno, "cannot sync '%s/base'", pool->dir);
    return 0;
}

/* An empty qcow2 over the image: no byte is copied, however large the image is. */
static int
fill_overlay(const struct file_pool *pool, const struct cairn_volume *vol, struct file_tmp *tmp, struct cairn_error *err)
{
    struct file_qcow2 header;
    struct stat st;
    uint64_t source_bytes;
    char backing[80];
    int fd;

    if (file_base_link(pool, pool->images_fd, vol->source_handle, vol->id, err) < 0)
        return -1;
    fd = openat(pool->base_fd, vol->id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        int saved = errno;

        if (fd >= 0)
            close(fd);
        return cairn_fail_errno(err, saved, "cannot open image '%s'", vol->source_handle);
    }
    source_bytes = (uint64_t)st.st_size;
    if (vol->source_format == CAIRN_FORMAT_QCOW2) {
        if (file_qcow2_read(fd, &header, err) < 0 || file_qcow2_standalone(&header, err) < 0) {
            close(fd);
            return cairn_error_context(err, "image '%s'", vol->source_handle);
        }
        source_bytes = header.size_bytes;
    }
    close(fd);
    if (source_bytes > vol->size_bytes)
        return cairn_fail(err, CAIRN_INVALID, "image '%s' holds %" PRIu64 " bytes, the volume only %" PRIu64, vol->source_handle, source_bytes,
                          vol->size_bytes);
    snprintf(backing, sizeof backing, "../base/%s", vol->id);
    return file_qcow2_write(tmp->fd, vol->size_bytes, backing, file_format_name(vol->source_format), err);
}

static int
fill_empty(const struct file_pool *pool, const struct cairn_volume *vol, struct file_tmp *tmp, struct cairn_error *err)
{
    int rc;

    if (pool->format == CAIRN_FORMAT_QCOW2)
        return file_qcow2_write(tmp->fd, vol->size_bytes, NULL, NULL, err);
    if (ftruncate(tmp->fd, (off_t)vol->size_bytes) < 0)
        return cairn_fail_errno(err, errno, "cannot size volume '%s'", vol->id);
    if (vol->preallocate) {
        if (file_room_for(pool, vol->size_bytes, err) < 0)
            return -1;
        if ((rc = posix_fallocate(tmp->fd, 0, (off_t)vol->size_bytes)) != 0)
            return cairn_fail_errno(err, rc, "cannot allocate volume '%s'", vol->id);
    }
    return 0;
}

/* 1: there and as asked for; 0: not there; -1: there and different. */
static int
volume_there(const struct file_pool *pool, const struct cairn_volume *vol, char ret_handle[256], struct cairn_error *err)
{
    static const char *const endings[] = { "qcow2", "raw" };
    struct file_volume volume;
    struct cairn_error why = CAIRN_ERROR_INIT;
    struct stat image, base;
    char handle[FILE_HANDLE];

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(handle, sizeof handle, "%.63s.%s", vol->id, endings[i]);
        if (file_volume_open(pool, handle, O_RDONLY, &volume, &why) < 0) {
            if (why.code == CAIRN_NOT_FOUND)
                continue;
            if (err != NULL)
                *err = why;
            return -1;
        }
        file_volume_close(&volume);
        if (volume.size_bytes != vol->size_bytes)
            return cairn_fail(err, CAIRN_EXISTS, "volume '%s' is there with %" PRIu64 " bytes, not %" PRIu64, handle, volume.size_bytes,
                              vol->size_bytes);
        /* While both the image and the base are there, they tell whether this is a clone of that image. */
        if (vol->source_kind == CAIRN_SOURCE_IMAGE && fstatat(pool->images_fd, vol->source_handle, &image, AT_SYMLINK_NOFOLLOW) == 0 &&
            fstatat(pool->base_fd, vol->id, &base, AT_SYMLINK_NOFOLLOW) == 0 && (image.st_ino != base.st_ino || image.st_dev != base.st_dev))
            return cairn_fail(err, CAIRN_EXISTS, "volume '%s' is there, but not made from image '%s'", handle, vol->source_handle);
        snprintf(ret_handle, 256, "%s", handle);
        return 1;
    }
    return 0;
}

static int
volume_check(const struct file_pool *pool, const struct cairn_volume *vol, struct cairn_error *err)
{
    if (file_name_check("volume id", vol->id, 63, err) < 0)
        return -1;
    if (vol->size_bytes == 0 || vol->size_bytes % SECTOR != 0 || vol->size_bytes > INT64_MAX)
        return cairn_fail(err, CAIRN_INVALID, "a volume cannot have %" PRIu64 " bytes: need a multiple of %d", vol->size_bytes, SECTOR);
    if (vol->preallocate && (pool->format != CAIRN_FORMAT_RAW || vol->source_kind != CAIRN_SOURCE_NONE))
        return cairn_fail(err, CAIRN_UNSUPPORTED, "only empty volumes of a pool with format = raw can be allocated beforehand");
    if (vol->source_kind == CAIRN_SOURCE_IMAGE) {
        if (file_name_check("image handle", vol->source_handle, FILE_HANDLE - 1, err) < 0)
            return -1;
        if (vol->source_format != CAIRN_FORMAT_RAW && vol->source_format != CAIRN_FORMAT_QCOW2)
            return cairn_fail(err, CAIRN_INVALID, "the format of image '%s' is not told (%" PRIu32 ")", vol->source_handle, vol->source_format);
    }
    if (vol->source_kind > CAIRN_SOURCE_CONNECTION)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "a volume cannot be made from a source of kind %" PRIu32, vol->source_kind);
    return 0;
}

int
file_volume_create(void *self, struct cairn_op *op, const struct cairn_volume *vol, char ret_handle[256], struct cairn_error *err)
{
    struct file_pool *pool = self;
    struct file_tmp tmp = { .fd = -1 };
    char handle[FILE_HANDLE];
    int instant, there, rc;

    if (volume_check(pool, vol, err) < 0 || (there = volume_there(pool, vol, ret_handle, err)) < 0)
        return -1;
    if (there)
        return 0;
    instant = vol->source_kind == CAIRN_SOURCE_NONE || (vol->source_kind == CAIRN_SOURCE_IMAGE && pool->format == CAIRN_FORMAT_QCOW2);
    if (file_room_for(pool, FILE_LITTLE, err) < 0 || file_tmp_open(pool, !instant, &tmp, err) < 0)
        return -1;
    rc = !instant                                ? file_fill_copy(pool, op, vol, &tmp, err)
         : vol->source_kind == CAIRN_SOURCE_NONE ? fill_empty(pool, vol, &tmp, err)
                                                 : fill_overlay(pool, vol, &tmp, err);
    if (rc == 0) {
        snprintf(handle, sizeof handle, "%s.%s", vol->id, file_format_name(pool->format));
        rc = file_tmp_publish(pool, &tmp, pool->volumes_fd, handle);
        if (rc != 0)
            rc = cairn_fail_errno(err, rc, "cannot name volume '%s'", handle);
    }
    file_tmp_drop(pool, &tmp);
    if (rc < 0) {
        struct cairn_error lost;

        /* Only the base of a volume that is not there may go: somebody else's publishing may have come first. */
        if (volume_there(pool, vol, handle, &lost) == 0)
            unlinkat(pool->base_fd, vol->id, 0);
        return cairn_error_context(err, "volume '%s'", vol->id);
    }
    snprintf(ret_handle, 256, "%s", handle);
    return 0;
}

/* -- the other operations -- */

int
file_volume_delete(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err)
{
    struct file_pool *pool = self;
    struct cairn_error why = CAIRN_ERROR_INIT;
    struct file_volume volume;
    uint32_t format;
    char id[64];

    (void)op;
    if (handle_parse(handle, id, &format, err) < 0)
        return -1;
    if (file_volume_open(pool, handle, O_RDONLY, &volume, &why) == 0) {
        int busy = file_volume_idle(&volume, handle, 1, err) < 0;

        file_volume_close(&volume);
        if (busy)
            return -1;
        if (volume.header.snapshots_count > 0)
            return cairn_fail(err, CAIRN_CONFLICT, "volume '%s' has %" PRIu32 " snapshots: delete them first", handle,
                              volume.header.snapshots_count);
    } else if (why.code != CAIRN_NOT_FOUND && why.code != CAIRN_CORRUPT) {      /* a damaged volume can be deleted */
        if (err != NULL)
            *err = why;
        return -1;
    }
    if (unlinkat(pool->volumes_fd, handle, 0) < 0 && errno != ENOENT)           /* gone already is success */
        return cairn_fail_errno(err, errno, "cannot delete volume '%s'", handle);
    if (fsync(pool->volumes_fd) < 0)
        return cairn_fail_errno(err, errno, "cannot sync '%s/volumes'", pool->dir);
    if (format == CAIRN_FORMAT_QCOW2 && unlinkat(pool->base_fd, id, 0) < 0 && errno != ENOENT)
        return cairn_fail_errno(err, errno, "cannot delete the base of volume '%s'", handle);
    return 0;
}

int
file_volume_extend(void *self, struct cairn_op *op, const char *handle, uint64_t size_bytes, struct cairn_error *err)
{
    struct file_pool *pool = self;
    struct file_volume volume;
    char path[FILE_PATH];
    int rc = -1;

    if (file_volume_open(pool, handle, O_RDWR, &volume, err) < 0)
        return -1;
    if (size_bytes % SECTOR != 0 || size_bytes > INT64_MAX)
        cairn_fail(err, CAIRN_INVALID, "a volume cannot have %" PRIu64 " bytes: need a multiple of %d", size_bytes, SECTOR);
    else if (size_bytes < volume.size_bytes)
        cairn_fail(err, CAIRN_INVALID, "volume '%s' has %" PRIu64 " bytes: it cannot shrink to %" PRIu64, handle, volume.size_bytes, size_bytes);
    else if (size_bytes == volume.size_bytes)
        rc = 0;
    else if (file_room_for(pool, FILE_LITTLE, err) < 0)
        rc = -1;
    else if (volume.format == CAIRN_FORMAT_RAW)     /* a running guest may have it open: growing does not disturb it */
        rc = ftruncate(volume.fd, (off_t)size_bytes) < 0 || fsync(volume.fd) < 0 ? cairn_fail_errno(err, errno, "cannot extend volume '%s'", handle) : 0;
    else if (file_volume_idle(&volume, handle, 0, err) == 0 && file_path(pool, "volumes", handle, path, err) == 0)
        rc = file_qcow2_grow(pool, op, path, size_bytes, err);
    file_volume_close(&volume);
    return rc;
}

static void
info_fill(const struct file_volume *volume, const char *handle, struct cairn_volume_info *ret_info)
{
    ret_info->format = volume->format;
    snprintf(ret_info->id, sizeof ret_info->id, "%s", volume->id);
    snprintf(ret_info->handle, sizeof ret_info->handle, "%s", handle);
    ret_info->size_bytes = volume->size_bytes;
    ret_info->used_bytes = volume->used_bytes;
}

int
file_volume_info(void *self, const char *handle, struct cairn_volume_info *ret_info, struct cairn_error *err)
{
    struct file_volume volume;

    if (file_volume_open(self, handle, O_RDONLY, &volume, err) < 0)
        return -1;
    file_volume_close(&volume);
    info_fill(&volume, handle, ret_info);
    return 0;
}

struct listing {
    const struct file_pool *pool;
    struct cairn_sink *sink;
};

static int
emit_volume(void *arg, const char *name)
{
    struct listing *list = arg;
    struct cairn_volume_info info = { .size = sizeof info };
    struct file_volume volume;

    /* One that was deleted meanwhile, or that is damaged, is not told: the others are. */
    if (file_volume_open(list->pool, name, O_RDONLY, &volume, NULL) < 0)
        return 0;
    file_volume_close(&volume);
    info_fill(&volume, name, &info);
    return list->pool->host->emit(list->sink, &info) != 0;
}

int
file_volume_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    struct listing list = { self, sink };

    return file_each_name(list.pool->volumes_fd, emit_volume, &list, err);
}

int
file_volume_flatten(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err)
{
    struct file_pool *pool = self;
    struct file_volume volume;
    char path[FILE_PATH];
    const char *argv[] = { "qemu-img", "rebase", "-q", "-f", "qcow2", "-b", "", "--", path, NULL };
    int busy;

    if (file_volume_open(pool, handle, O_RDONLY, &volume, err) < 0)
        return -1;
    busy = file_volume_idle(&volume, handle, 1, err) < 0;
    file_volume_close(&volume);
    if (busy)
        return -1;
    if (volume.header.snapshots_count > 0)
        return cairn_fail(err, CAIRN_CONFLICT, "volume '%s' has snapshots, and they need its base too", handle);
    if (volume.header.backing[0] != '\0') {
        if (file_room_for(pool, FILE_LITTLE, err) < 0 || file_path(pool, "volumes", handle, path, err) < 0 ||
            file_tool(pool, op, pool->convert_ms, argv, err) < 0)
            return -1;
    }
    if (volume.format == CAIRN_FORMAT_QCOW2 && unlinkat(pool->base_fd, volume.id, 0) < 0 && errno != ENOENT)
        return cairn_fail_errno(err, errno, "cannot delete the base of volume '%s'", handle);
    return 0;
}

int
file_volume_connect(void *self, struct cairn_op *op, const char *handle, const char *host_name, uint32_t read_only,
                    struct cairn_connection *ret_connection, struct cairn_error *err)
{
    struct file_pool *pool = self;
    struct cairn_connection conn = { .size = sizeof conn, .kind = CAIRN_CONN_FILE };
    struct file_volume volume;

    (void)op;
    if (host_name != NULL && strcmp(host_name, pool->host->host_name) != 0)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "volume '%s' is on host %s; host %s cannot reach it", handle, pool->host->host_name, host_name);
    if (file_volume_open(pool, handle, O_RDONLY, &volume, err) < 0)
        return -1;
    file_volume_close(&volume);
    if (file_path(pool, "volumes", handle, conn.path, err) < 0)
        return -1;
    conn.format = volume.format;
    conn.read_only = read_only != 0;
    conn.size_bytes = volume.size_bytes;
    *ret_connection = conn;
    return 0;
}

int
file_volume_disconnect(void *self, struct cairn_op *op, const char *handle, const char *host_name, struct cairn_error *err)
{
    uint32_t format;
    char id[64];

    /* A file needs no undoing; a wrong handle is told all the same. */
    (void)self, (void)op, (void)host_name;
    return handle_parse(handle, id, &format, err);
}

/* -- bytes: raw only.  The bytes of a qcow2 volume cannot be reached without QEMU, so that is said. -- */

static int
open_bytes(const struct file_pool *pool, const char *handle, int flags, struct file_volume *ret_volume, struct cairn_error *err)
{
    if (file_volume_open(pool, handle, flags, ret_volume, err) < 0)
        return -1;
    if (ret_volume->format == CAIRN_FORMAT_RAW)
        return 0;
    file_volume_close(ret_volume);
    return cairn_fail(err, CAIRN_UNSUPPORTED, "the bytes of volume '%s' cannot be read or written directly: it is not raw", handle);
}

static int
check_range(const struct file_volume *volume, uint64_t offset, size_t len, const char *handle, struct cairn_error *err)
{
    if (offset <= volume->size_bytes && len <= volume->size_bytes - offset)
        return 0;
    return cairn_fail(err, CAIRN_INVALID, "%zu bytes at %" PRIu64 " end behind volume '%s' of %" PRIu64 " bytes", len, offset, handle,
                      volume->size_bytes);
}

int
file_volume_read(void *self, const char *handle, uint64_t offset, void *buf, size_t len, struct cairn_error *err)
{
    struct file_volume volume;
    size_t got = 0;
    int rc;

    if (open_bytes(self, handle, O_RDONLY, &volume, err) < 0)
        return -1;
    rc = check_range(&volume, offset, len, handle, err);
    if (rc == 0) {
        int saved = file_pread_all(volume.fd, buf, len, offset, &got);

        if (saved != 0 || got != len)
            rc = cairn_fail_errno(err, saved != 0 ? saved : EIO, "cannot read volume '%s'", handle);
    }
    file_volume_close(&volume);
    return rc;
}

int
file_volume_write(void *self, const char *handle, uint64_t offset, const void *buf, size_t len, struct cairn_error *err)
{
    struct file_volume volume;
    int rc;

    if (open_bytes(self, handle, O_RDWR, &volume, err) < 0)
        return -1;
    rc = check_range(&volume, offset, len, handle, err);
    if (rc == 0) {
        int saved = file_pwrite_all(volume.fd, buf, len, offset);

        if (saved == 0 && fdatasync(volume.fd) < 0)
            saved = errno;
        if (saved != 0)
            rc = cairn_fail_errno(err, saved, "cannot write volume '%s'", handle);
    }
    file_volume_close(&volume);
    return rc;
}

int
file_volume_changes(void *self, const char *handle, const char *since, struct cairn_sink *sink, struct cairn_error *err)
{
    struct file_pool *pool = self;
    struct file_volume volume;
    off_t data = 0, hole;
    int rc = 0;

    if (since != NULL)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "what changed since a snapshot is not known here");
    if (open_bytes(pool, handle, O_RDONLY, &volume, err) < 0)
        return -1;
    while ((data = lseek(volume.fd, data, SEEK_DATA)) >= 0 && (hole = lseek(volume.fd, data, SEEK_HOLE)) >= 0) {
        struct cairn_extent extent = { .size = sizeof extent, .offset = (uint64_t)data, .length = (uint64_t)(hole - data) };

        if (pool->host->emit(sink, &extent) != 0)
            break;
        data = hole;
    }
    if (data < 0 && errno != ENXIO)         /* ENXIO: no data from here to the end */
        rc = cairn_fail_errno(err, errno, "cannot look for the data of volume '%s'", handle);
    file_volume_close(&volume);
    return rc;
}
