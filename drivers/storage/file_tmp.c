/* file_tmp.c: storage driver "file": names, space, and files that appear whole or not at all. */
#include "file.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <linux/fs.h>
#include <time.h>
#include <unistd.h>

int
file_name_ok(const char *name, size_t max)
{
    size_t len;

    if (name == NULL || name[0] == '.' || name[0] == '\0')
        return 0;
    len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return name[len] == '\0' && len <= max;
}

int
file_name_check(const char *what, const char *name, size_t max, struct cairn_error *err)
{
    if (file_name_ok(name, max))
        return 0;
    return cairn_fail(err, CAIRN_INVALID, "'%.64s' is no %s: need 1 to %zu of A-Z a-z 0-9 . _ -, without a dot in front",
                      name != NULL ? name : "(null)", what, max);
}

const char *
file_format_name(uint32_t format)
{
    return format == CAIRN_FORMAT_QCOW2 ? "qcow2" : "raw";
}

static int
tmp_open_named(const struct file_pool *pool, struct file_tmp *tmp)
{
    static atomic_uint counter;
    struct timespec now;

    for (int tries = 0; tries < 100; tries++) {
        clock_gettime(CLOCK_REALTIME, &now);
        snprintf(tmp->name, sizeof tmp->name, "t%d-%u-%lx", (int)getpid(), atomic_fetch_add(&counter, 1), (unsigned long)now.tv_nsec);
        tmp->fd = openat(pool->tmp_fd, tmp->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (tmp->fd >= 0 || errno != EEXIST)
            return tmp->fd;
    }
    return -1;
}

int
file_tmp_open(const struct file_pool *pool, int named, struct file_tmp *ret_tmp, struct cairn_error *err)
{
    *ret_tmp = (struct file_tmp){ .fd = -1 };
    if (!named)
        ret_tmp->fd = openat(pool->tmp_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    /* EISDIR: a kernel, EOPNOTSUPP: a file system (NFS) that has no nameless files. */
    if (named || (ret_tmp->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)))
        tmp_open_named(pool, ret_tmp);
    if (ret_tmp->fd < 0)
        return cairn_fail_errno(err, errno, "cannot make a temporary file in '%s/tmp'", pool->dir);
    return 0;
}

int
file_tmp_publish(const struct file_pool *pool, struct file_tmp *tmp, int dir_fd, const char *name)
{
    char self[64];

    if (fsync(tmp->fd) < 0)
        return errno;
    snprintf(self, sizeof self, "/proc/self/fd/%d", tmp->fd);
    if (tmp->name[0] != '\0' ? linkat(pool->tmp_fd, tmp->name, dir_fd, name, 0) < 0 : linkat(AT_FDCWD, self, dir_fd, name, AT_SYMLINK_FOLLOW) < 0)
        return errno;
    if (fsync(dir_fd) < 0)
        return errno;
    return 0;
}

void
file_tmp_drop(const struct file_pool *pool, struct file_tmp *tmp)
{
    if (tmp->name[0] != '\0')
        unlinkat(pool->tmp_fd, tmp->name, 0);
    if (tmp->fd >= 0)
        close(tmp->fd);
    *tmp = (struct file_tmp){ .fd = -1 };
}

int
file_pread_all(int fd, void *buf, size_t len, uint64_t offset, size_t *ret_len)
{
    size_t done = 0;
    ssize_t n;

    if (offset > INT64_MAX - len)
        return EINVAL;
    while (done < len) {
        n = pread(fd, (char *)buf + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *ret_len = done;
    return 0;
}

int
file_pwrite_all(int fd, const void *buf, size_t len, uint64_t offset)
{
    size_t done = 0;
    ssize_t n;

    if (offset > INT64_MAX - len)
        return EFBIG;
    while (done < len) {
        n = pwrite(fd, (const char *)buf + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno != EINTR)
            return errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int
file_copy(const struct file_pool *pool, struct cairn_op *op, int from, int to, uint64_t size)
{
    enum { STEP = 16 << 20, BUF = 1 << 18 };
    uint64_t done = 0;
    int kernel = 1;     /* copy_file_range works between these two */
    size_t got = 0;
    ssize_t n;
    char *buf;
    int rc = 0;

    if (ioctl(to, FICLONE, from) == 0)
        return 0;
    if ((buf = malloc(BUF)) == NULL)
        return ENOMEM;
    while (rc == 0 && done < size) {
        loff_t in = (loff_t)done, out = (loff_t)done;

        if (op != NULL && pool->host->cancelled(op)) {
            rc = ECANCELED;
            break;
        }
        n = kernel ? copy_file_range(from, &in, to, &out, size - done < STEP ? (size_t)(size - done) : STEP, 0) : -1;
        if (kernel && n == 0)           /* some file systems answer 0 for files they cannot copy */
            kernel = 0;
        else if (n > 0)
            done += (uint64_t)n;
        else if (kernel && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
            kernel = 0;
        else if (kernel)
            rc = errno == EINTR ? 0 : errno;
        else if ((rc = file_pread_all(from, buf, size - done < BUF ? (size_t)(size - done) : BUF, done, &got)) == 0) {
            if (got == 0)
                rc = EIO;               /* shorter than it was */
            else if ((rc = file_pwrite_all(to, buf, got, done)) == 0)
                done += got;
        }
        if (op != NULL && size > 0)
            pool->host->progress(op, (double)done / (double)size);
    }
    free(buf);
    return rc;
}

int
file_free_bytes(const struct file_pool *pool, uint64_t *ret_total, uint64_t *ret_free, struct cairn_error *err)
{
    struct statvfs fs;
    uint64_t available;

    if (fstatvfs(pool->volumes_fd, &fs) < 0)
        return cairn_fail_errno(err, errno, "cannot ask for the space of '%s'", pool->dir);
    available = (uint64_t)fs.f_bavail * fs.f_frsize;
    *ret_total = (uint64_t)fs.f_blocks * fs.f_frsize;
    *ret_free = available > pool->reserved_bytes ? available - pool->reserved_bytes : 0;
    return 0;
}

int
file_room_for(const struct file_pool *pool, uint64_t bytes, struct cairn_error *err)
{
    uint64_t total = 0, available = 0;

    if (file_free_bytes(pool, &total, &available, err) < 0)
        return -1;
    if (bytes > available)
        return cairn_fail(err, CAIRN_NO_SPACE, "'%s' has %" PRIu64 " MiB left to give (%" PRIu64 " MiB are reserved), %" PRIu64 " MiB are needed",
                          pool->dir, available >> 20, pool->reserved_bytes >> 20, (bytes + (1 << 20) - 1) >> 20);
    return 0;
}

int
file_each_name(int dir_fd, int (*fn)(void *arg, const char *name), void *arg, struct cairn_error *err)
{
    /* A descriptor of its own: several lists may run at once, and each needs its own position. */
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (dir == NULL) {
        int saved = errno;

        if (fd >= 0)
            close(fd);
        return cairn_fail_errno(err, saved, "cannot read a folder of the pool");
    }
    errno = 0;
    while ((entry = readdir(dir)) != NULL) {
        if (file_name_ok(entry->d_name, 255) && fn(arg, entry->d_name))
            break;
        errno = 0;
    }
    if (entry == NULL && errno != 0) {
        int saved = errno;

        closedir(dir);
        return cairn_fail_errno(err, saved, "cannot read a folder of the pool");
    }
    closedir(dir);
    return 0;
}
