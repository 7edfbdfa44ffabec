/* netns.c: network namespaces by name, as `ip netns` keeps them, and work inside one without moving the process there. */
#define _GNU_SOURCE                     /* setns() */
#include "linuxbridge.h"
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>

static void
netns_path(char ret[128], const char *name)
{
    snprintf(ret, 128, "/run/netns/%s", name);
}

int
netns_open(const char *name)
{
    char path[128];
    struct statfs fs;
    int fd;

    netns_path(path, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    /* A file that is no namespace is what a crash or a reboot left of one. */
    if (fd >= 0 && (fstatfs(fd, &fs) < 0 || (unsigned long)fs.f_type != NSFS_MAGIC)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

struct visit {
    int fd;
    int (*fn)(void *arg, struct cairn_error *err);
    void *arg;
    struct cairn_error *err;
    int result;
};

static void *
visit_thread(void *p)
{
    struct visit *v = p;

    if (setns(v->fd, CLONE_NEWNET) < 0)
        v->result = cairn_fail_errno(v->err, errno, "cannot enter a network namespace");
    else
        v->result = v->fn(v->arg, v->err);
    return NULL;
}

int
netns_run(const char *name, int (*fn)(void *arg, struct cairn_error *err), void *arg, struct cairn_error *err)
{
    CLEANUP_FD int fd = netns_open(name);
    struct visit v = { fd, fn, arg, err, -1 };
    pthread_t thread;
    int rc;

    if (fd < 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no network namespace '%s'", name);
    rc = pthread_create(&thread, NULL, visit_thread, &v);
    if (rc != 0)
        return cairn_fail_errno(err, rc, "cannot start a thread for network namespace '%s'", name);
    pthread_join(thread, NULL);
    return v.result;
}

int
netns_make(const struct lb *lb, const char *name, struct cairn_error *err)
{
    const char *const argv[] = { "ip", "netns", "add", name, NULL };
    char path[128];
    int fd = netns_open(name);

    if (fd >= 0) {
        close(fd);
        return 0;
    }
    netns_path(path, name);
    if (unlink(path) < 0 && errno != ENOENT)
        return cairn_fail_errno(err, errno, "cannot remove the stale %s", path);
    return lb_run(lb, NULL, argv, NULL, 0, NULL, err);
}

int
netns_remove(const char *name, struct cairn_error *err)
{
    char path[128];

    netns_path(path, name);
    while (umount2(path, MNT_DETACH) == 0)
        continue;
    if (unlink(path) < 0 && errno != ENOENT)
        return cairn_fail_errno(err, errno, "cannot remove network namespace '%s'", name);
    return 0;
}

int
netns_sysctl(const char *family, const char *device, const char *key, const char *value, struct cairn_error *err)
{
    char path[160];

    snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s/%s", family, device, key);
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return 0;
    return lb_write_file(path, value, err);
}
