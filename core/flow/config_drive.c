/* config_drive.c: the config drive of a server: an ISO 9660 file that genisoimage makes from its metadata documents. */
#include "config.h"
#define LOG_MODULE "flow"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/log.h"
#include "base/run.h"
#include "base/tree.h"
#include "flow/server.h"

char *
config_drive_path(const struct config *config, const char *server_id)
{
    return xasprintf("%s/config-drives/%s.iso", config_string(config, "daemon", "state_dir"), server_id);
}

/* Makes the folders of 'path' below 'dir' and writes the file. */
static int
write_file(void *arg, const char *path, const char *bytes, size_t len, struct cairn_error *err)
{
    const char *dir = arg;
    CLEANUP_FREE char *full = xasprintf("%s/%s", dir, path);
    char *slash = strrchr(full, '/');
    CLEANUP_FD int fd = -1;

    *slash = '\0';
    if (tree_make(full, 0700, err) < 0)
        return -1;
    *slash = '/';
    fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return cairn_fail_errno(err, errno, "cannot create '%s'", full);
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0)
            return cairn_fail_errno(err, errno, "cannot write '%s'", full);
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

static int
make_iso(const char *tree, const char *iso, struct cairn_error *err)
{
    CLEANUP_FREE char *tmp = xasprintf("%s.tmp", iso);

    if (run_argv(err, 60000, NULL, "genisoimage", "-quiet", "-ldots", "-allow-lowercase", "-allow-multidot", "-l", "-J", "-r", "-V", "config-2",
                 "-publisher", "Cairn", "-o", tmp, tree, NULL) < 0)
        return -1;
    crash_here("config-drive:iso");
    if (chmod(tmp, 0644) < 0 || rename(tmp, iso) < 0)
        return cairn_fail_errno(err, errno, "cannot put config drive '%s' in place", iso);
    return 0;
}

int
config_drive_make(struct flow_run *run, const char *server_id, char **ret_path, struct cairn_error *err)
{
    CLEANUP_FREE char *iso = config_drive_path(run->config, server_id);
    CLEANUP_FREE char *tree = xasprintf("%s.d", iso);
    char *slash = strrchr(iso, '/');
    struct tx *tx;
    int rc;

    *slash = '\0';
    if (mkdir(iso, 0711) < 0 && errno != EEXIST)
        return cairn_fail_errno(err, errno, "cannot make folder '%s'", iso);
    *slash = '/';
    tree_remove(tree, NULL);
    if (mkdir(tree, 0700) < 0 && errno != EEXIST)
        return cairn_fail_errno(err, errno, "cannot make folder '%s'", tree);
    if (tx_begin(run->catalog, TX_READ, &tx, err) < 0)
        return -1;
    rc = metadata_files(tx, server_id, write_file, tree, err);
    tx_rollback(tx);
    crash_here("config-drive:tree");
    if (rc == 0)
        rc = make_iso(tree, iso, err);
    tree_remove(tree, NULL);
    if (rc < 0)
        return cairn_error_context(err, "config drive of server %s", server_id);
    *ret_path = steal(&iso);
    return 0;
}

int
config_drive_remove(const struct config *config, const char *server_id, struct cairn_error *err)
{
    CLEANUP_FREE char *iso = config_drive_path(config, server_id);
    CLEANUP_FREE char *tree = xasprintf("%s.d", iso);

    tree_remove(tree, NULL);
    if (unlink(iso) < 0 && errno != ENOENT)
        return cairn_fail_errno(err, errno, "cannot delete '%s'", iso);
    return 0;
}
