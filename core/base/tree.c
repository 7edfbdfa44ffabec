/* tree.c: see tree.h. */
#include <config.h>
#include "base/tree.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/str.h"

int
tree_make(const char *path, mode_t mode, struct cairn_error *err)
{
    CLEANUP_FREE char *copy = xstrdup(path);

    for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0755) < 0 && errno != EEXIST)
            return cairn_fail_errno(err, errno, "cannot make folder '%s'", copy);
        *slash = '/';
    }
    if (mkdir(copy, mode) < 0 && errno != EEXIST)
        return cairn_fail_errno(err, errno, "cannot make folder '%s'", copy);
    return 0;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int
tree_remove(const char *path, struct cairn_error *err)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
        return cairn_fail_errno(err, errno, "cannot remove '%s'", path);
    return 0;
}
