/* cmd_catalog.c: backup, restore and check of the catalog. */
#include "config.h"
#include "cairn/tool.h"

#include <sys/stat.h>
#include <unistd.h>

COMMAND(cmd_catalog_backup)
{
    struct stat st;
    mode_t mask;
    int rc;

    optind = 1;
    if (tool_arguments(argc, 1, 1, err) < 0)
        return -1;
    if (stat(argv[1], &st) == 0)
        return cairn_fail(err, CAIRN_EXISTS, "'%s' is there already: a backup never replaces a file", argv[1]);
    if (tool_open(t, 0, err) < 0)
        return -1;
    mask = umask(0077);                 /* password hashes are in it */
    rc = catalog_backup(t->catalog, argv[1], err);
    umask(mask);
    if (rc < 0)
        return -1;
    if (stat(argv[1], &st) == 0)
        printf("%s: %lld bytes, schema %lld\n", argv[1], (long long)st.st_size, (long long)catalog_schema_version(t->catalog));
    return 0;
}

COMMAND(cmd_catalog_restore)
{
    const char *path = str_starts(t->catalog_url, "sqlite:") ? t->catalog_url + 7 : NULL;
    CLEANUP_FREE char *kept = NULL;

    optind = 1;
    if (tool_arguments(argc, 1, 1, err) < 0)
        return -1;
    if (tool_daemon_runs(t))
        return cairn_fail(err, CAIRN_CONFLICT, "the daemon runs on '%s': stop it first", t->state_dir);
    if (access(argv[1], R_OK) < 0)
        return cairn_fail_errno(err, errno, "cannot read the backup '%s'", argv[1]);
    /* What is there now may be the better one after all.  It is copied as a catalog, so that its journal is in it. */
    if (path != NULL && access(path, F_OK) == 0) {
        struct catalog *now;
        int rc;

        kept = xasprintf("%s.replaced", path);
        if (unlink(kept) < 0 && errno != ENOENT)
            return cairn_fail_errno(err, errno, "cannot replace '%s'", kept);
        if (catalog_open(t->catalog_url, &now, err) == 0) {
            rc = catalog_backup(now, kept, err);
            catalog_close(now);
            if (rc < 0)
                return -1;
        } else if (rename(path, kept) < 0) {    /* too broken to be opened: as it is */
            return cairn_fail_errno(err, errno, "cannot keep '%s'", path);
        }
        cairn_error_clear(err);
    }
    if (catalog_restore(t->catalog_url, argv[1], err) < 0)
        return -1;
    printf("%s is restored from %s\n", t->catalog_url, argv[1]);
    if (kept != NULL)
        printf("what was there is kept as %s\n", kept);
    return 0;
}

COMMAND(cmd_catalog_check)
{
    (void)argv;
    optind = 1;
    if (tool_arguments(argc, 0, 0, err) < 0 || tool_open(t, 0, err) < 0 || catalog_check(t->catalog, err) < 0)
        return -1;
    printf("%s is whole, schema %lld\n", t->catalog_url, (long long)catalog_schema_version(t->catalog));
    return 0;
}
