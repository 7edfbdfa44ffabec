/* file.c: storage driver "file": volumes, images and blobs as files in one directory (any file system with hard links, NFS too). */
#include "file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* QEMU may run as a user of its own: it passes through these folders to a file that it is given, but cannot look around. */
#define FOLDER_OPEN 0711
#define FOLDER_OURS 0700

static const struct cairn_key key_dir = CAIRN_KEY("dir", CAIRN_KEY_PATH, NULL,
    "Directory of the pool; made if missing. Without it: the driver's own state directory.");
static const struct cairn_key key_format = CAIRN_KEY("format", CAIRN_KEY_STRING, "qcow2",
    "Format of new volumes: qcow2 (instant clones, snapshots) or raw (fastest, full copies).");
static const struct cairn_key key_reserved = CAIRN_KEY("reserved", CAIRN_KEY_SIZE, "1G",
    "Free space of the file system that is never given out.");
static const struct cairn_key key_convert = CAIRN_KEY("convert_timeout", CAIRN_KEY_DURATION, "1h",
    "How long one full copy of a disk may take.");
static const struct cairn_key *const file_keys[] = { &key_dir, &key_format, &key_reserved, &key_convert, NULL };

static void
file_forget_fds(struct file_pool *pool)
{
    pool->lock_fd = pool->volumes_fd = pool->base_fd = pool->images_fd = pool->blobs_fd = pool->tmp_fd = -1;
}

static int
file_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    const char *dir = host->get_string(host->instance, "dir");
    const char *format = host->get_string(host->instance, "format");
    struct file_pool *pool = calloc(1, sizeof *pool);
    int64_t convert_ms = host->get_int(host->instance, "convert_timeout");
    int len;

    if (pool == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a pool");
    file_forget_fds(pool);
    pool->host = host;
    pool->reserved_bytes = (uint64_t)host->get_int(host->instance, "reserved");
    pool->convert_ms = convert_ms > INT32_MAX ? (uint32_t)INT32_MAX : (uint32_t)convert_ms;
    len = snprintf(pool->dir, sizeof pool->dir, "%s", dir != NULL ? dir : host->state_dir);
    if (len < 0 || (size_t)len >= sizeof pool->dir || pool->dir[0] != '/') {
        free(pool);
        return cairn_fail(err, CAIRN_INVALID, "dir = '%s': need an absolute path of at most %zu bytes", dir != NULL ? dir : host->state_dir,
                          sizeof pool->dir - 1);
    }
    if (format == NULL || strcmp(format, "qcow2") == 0)
        pool->format = CAIRN_FORMAT_QCOW2;
    else if (strcmp(format, "raw") == 0)
        pool->format = CAIRN_FORMAT_RAW;
    else {
        cairn_fail(err, CAIRN_INVALID, "format = '%s': this driver makes volumes as qcow2 or raw", format);
        free(pool);
        return -1;
    }
    *ret_self = pool;
    return 0;
}

static int
folder_open(const struct file_pool *pool, int top_fd, const char *name, mode_t mode, int *ret_fd, struct cairn_error *err)
{
    if (mkdirat(top_fd, name, mode) < 0 && errno != EEXIST)
        return cairn_fail_errno(err, errno, "cannot make folder '%s/%s'", pool->dir, name);
    *ret_fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*ret_fd < 0)
        return cairn_fail_errno(err, errno, "cannot open folder '%s/%s'", pool->dir, name);
    return 0;
}

static int
sweep_tmp(void *arg, const char *name)
{
    struct file_pool *pool = arg;

    unlinkat(pool->tmp_fd, name, 0);
    return 0;
}

/* A base whose volume was never finished, or was deleted just before a crash. */
static int
sweep_base(void *arg, const char *name)
{
    struct file_pool *pool = arg;
    char handle[FILE_HANDLE];

    snprintf(handle, sizeof handle, "%.200s.qcow2", name);
    if (faccessat(pool->volumes_fd, handle, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT && unlinkat(pool->base_fd, name, 0) == 0)
        pool->host->log(pool->host->instance, CAIRN_LOG_INFO, "removed base '%s': its volume does not exist", name);
    return 0;
}

/* Every live instance holds the lock shared (after a reload there are two for a while), so whoever gets it alone sees only leftovers. */
static int
file_sweep(struct file_pool *pool, struct cairn_error *err)
{
    if (flock(pool->lock_fd, LOCK_EX | LOCK_NB) == 0) {
        if (file_each_name(pool->tmp_fd, sweep_tmp, pool, err) < 0 || file_each_name(pool->base_fd, sweep_base, pool, err) < 0)
            return -1;
    }
    if (flock(pool->lock_fd, LOCK_SH) < 0)
        return cairn_fail_errno(err, errno, "cannot lock '%s/.lock'", pool->dir);
    return 0;
}

static void
file_stop(void *self)
{
    struct file_pool *pool = self;
    int *fds[] = { &pool->lock_fd, &pool->volumes_fd, &pool->base_fd, &pool->images_fd, &pool->blobs_fd, &pool->tmp_fd };

    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (*fds[i] >= 0)
            close(*fds[i]);
    file_forget_fds(pool);
}

static int
file_start(void *self, struct cairn_error *err)
{
    struct file_pool *pool = self;
    const struct { const char *name; mode_t mode; int *fd; } folders[] = {
        { "volumes", FOLDER_OPEN, &pool->volumes_fd }, { "base",  FOLDER_OPEN, &pool->base_fd }, { "images", FOLDER_OPEN, &pool->images_fd },
        { "blobs",   FOLDER_OURS, &pool->blobs_fd },   { "tmp",   FOLDER_OPEN, &pool->tmp_fd },
    };
    int top_fd;
    int failed = 0;

    if (mkdir(pool->dir, FOLDER_OPEN) < 0 && errno != EEXIST)
        return cairn_fail_errno(err, errno, "cannot make the pool's directory '%s'", pool->dir);
    top_fd = open(pool->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top_fd < 0)
        return cairn_fail_errno(err, errno, "cannot open the pool's directory '%s'", pool->dir);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && !failed; i++)
        failed = folder_open(pool, top_fd, folders[i].name, folders[i].mode, folders[i].fd, err) < 0;
    if (!failed) {
        pool->lock_fd = openat(top_fd, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        failed = pool->lock_fd < 0 ? (cairn_fail_errno(err, errno, "cannot open '%s/.lock'", pool->dir), 1) : file_sweep(pool, err) < 0;
    }
    if (!failed && fsync(top_fd) < 0)
        failed = (cairn_fail_errno(err, errno, "cannot sync '%s'", pool->dir), 1);
    close(top_fd);
    if (failed)
        file_stop(pool);
    return failed ? -1 : 0;
}

static void
file_destroy(void *self)
{
    free(self);
}

static int
file_health(void *self, struct cairn_health *ret_health, struct cairn_error *err)
{
    struct file_pool *pool = self;
    uint64_t total = 0, available = 0;

    if (file_free_bytes(pool, &total, &available, err) < 0)
        return -1;
    ret_health->ok = 1;
    snprintf(ret_health->text, sizeof ret_health->text, "%.120s: %" PRIu64 " of %" PRIu64 " MiB free", pool->dir, available >> 20, total >> 20);
    return 0;
}

struct provisioned {
    const struct file_pool *pool;
    uint64_t bytes;
};

static int
add_provisioned(void *arg, const char *name)
{
    struct provisioned *sum = arg;
    struct file_volume volume = FILE_VOLUME_INIT;

    if (file_volume_open(sum->pool, name, O_RDONLY, &volume, NULL) == 0)
        sum->bytes += volume.size_bytes;
    file_volume_close(&volume);
    return 0;
}

static int
file_pool_info(void *self, struct cairn_pool_info *ret_info, struct cairn_error *err)
{
    struct file_pool *pool = self;
    struct provisioned sum = { pool, 0 };

    if (file_free_bytes(pool, &ret_info->total_bytes, &ret_info->free_bytes, err) < 0 ||
        file_each_name(pool->volumes_fd, add_provisioned, &sum, err) < 0)
        return -1;
    ret_info->provisioned_bytes = sum.bytes;
    ret_info->thin = 1;
    return 0;
}

static const struct cairn_storage_driver file_driver = {
    CAIRN_DRIVER_HEAD(CAIRN_STORAGE, "file", struct cairn_storage_driver),
    .version = DRIVER_VERSION,
    .description = "volumes, images and blobs as files in a directory",
    .threads = CAIRN_THREADS_PER_OBJECT,
    .keys = file_keys,
    .capabilities = CAIRN_STORAGE_CAN_VOLUMES | CAIRN_STORAGE_CAN_IMAGES | CAIRN_STORAGE_CAN_BLOBS | CAIRN_STORAGE_CAN_CLONE |
                    CAIRN_STORAGE_CAN_SNAPSHOT | CAIRN_STORAGE_CAN_REVERT,
    .configure = file_configure,
    .start = file_start,
    .stop = file_stop,
    .destroy = file_destroy,
    .health = file_health,
    .pool_info = file_pool_info,
    .volume_create = file_volume_create,
    .volume_delete = file_volume_delete,
    .volume_extend = file_volume_extend,
    .volume_info = file_volume_info,
    .volume_list = file_volume_list,
    .volume_flatten = file_volume_flatten,
    .snapshot_create = file_snapshot_create,
    .snapshot_delete = file_snapshot_delete,
    .volume_revert = file_volume_revert,
    .volume_connect = file_volume_connect,
    .volume_disconnect = file_volume_disconnect,
    .volume_changes = file_volume_changes,
    .volume_read = file_volume_read,
    .volume_write = file_volume_write,
    .image_open = file_image_open,
    .image_write = file_stream_write,
    .image_commit = file_image_commit,
    .image_abort = file_stream_abort,
    .image_read = file_image_read,
    .image_fd = file_image_fd,
    .image_info = file_image_info,
    .image_delete = file_image_delete,
    .image_list = file_image_list,
    .image_connect = file_image_connect,
    .blob_open = file_blob_open,
    .blob_write = file_stream_write,
    .blob_commit = file_blob_commit,
    .blob_abort = file_stream_abort,
    .blob_read = file_blob_read,
    .blob_fd = file_blob_fd,
    .blob_info = file_blob_info,
    .blob_delete = file_blob_delete,
    .blob_list = file_blob_list,
};
CAIRN_DRIVER_EXPORT(file_driver)
