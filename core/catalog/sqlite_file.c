/* sqlite_file.c: SQLite catalogs as files: copies that are whole or absent, and putting one back. */
#include "config.h"
#include "catalog/sqlite_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

static void cleanup_db(sqlite3 **db) { sqlite3_close_v2(*db); }
#define CLEANUP_DB CLEANUP(cleanup_db)

int
sqlite_make_private(const char *path, struct cairn_error *err)
{
    CLEANUP_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

    return fd >= 0 ? 0 : cairn_fail_errno(err, errno, "cannot open '%s'", path);
}

char *
sqlite_copy_path(const char *rest, int64_t version)
{
    return str_eq(rest, ":memory:") ? NULL : xasprintf("%s.before-%" PRId64, rest, version);
}

/* A name is on disk only when its directory is. */
static int
sync_parent(const char *path, struct cairn_error *err)
{
    CLEANUP_FREE char *dir = xstrdup(path);
    char *slash = strrchr(dir, '/');
    CLEANUP_FD int fd = -1;

    if (slash == dir)
        slash++;
    if (slash != NULL)
        *slash = '\0';
    fd = open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return cairn_fail_errno(err, errno, "cannot sync the directory of '%s'", path);
    return 0;
}

static int
sync_file(const char *path, struct cairn_error *err)
{
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return cairn_fail_errno(err, errno, "cannot sync '%s'", path);
    return 0;
}

/* All pages of 'from', as of one moment, into a new file. */
static int
copy_pages(sqlite3 *from, const char *path, struct cairn_error *err)
{
    CLEANUP_DB sqlite3 *to = NULL;
    sqlite3_backup *copy;
    int rc;

    if (unlink(path) < 0 && errno != ENOENT)
        return cairn_fail_errno(err, errno, "cannot remove '%s'", path);
    if (sqlite_make_private(path, err) < 0)
        return -1;
    rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return sqlite_fail(to, rc, err);
    sqlite3_extended_result_codes(to, 1);
    sqlite3_busy_timeout(from, 10000);
    copy = sqlite3_backup_init(to, "main", from, "main");
    if (copy == NULL)
        return sqlite_fail(to, sqlite3_errcode(to), err);
    do
        rc = sqlite3_backup_step(copy, -1);
    while (rc == SQLITE_OK);
    sqlite3_backup_finish(copy);
    if (rc != SQLITE_DONE)
        return sqlite_fail(to, rc, err);
    /* One plain file: a copy must not need a log beside it. */
    rc = sqlite3_exec(to, "pragma journal_mode=delete", NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : sqlite_fail(to, rc, err);
}

int
sqlite_backup(sqlite3 *db, const char *path, struct cairn_error *err)
{
    CLEANUP_FREE char *part = xasprintf("%s.part", path);

    if (copy_pages(db, part, err) < 0 || sync_file(part, err) < 0) {
        unlink(part);
        return cairn_error_context(err, "cannot copy the catalog to '%s'", path);
    }
    if (rename(part, path) < 0) {
        cairn_fail_errno(err, errno, "cannot rename '%s' to '%s'", part, path);
        unlink(part);
        return -1;
    }
    return sync_parent(path, err);
}

/* Holds the file so that nobody else has it open, its log written back.  A file that is damaged is nobody's. */
static int
lock_out_others(const char *path, sqlite3 **ret, struct cairn_error *err)
{
    int rc;

    if (access(path, F_OK) < 0)
        return 0;
    rc = sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(*ret, 500);
        rc = sqlite3_exec(*ret, "pragma journal_mode=delete; pragma locking_mode=exclusive; begin exclusive", NULL, NULL, NULL);
    }
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return 0;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return cairn_fail(err, CAIRN_CONFLICT, "catalog '%s' is in use: stop cairnd first", path);
    }
    return sqlite_fail(*ret, rc, err);
}

int
sqlite_restore(const char *rest, const char *path, struct cairn_error *err)
{
    CLEANUP_FREE char *fresh = xasprintf("%s.restore", rest);
    CLEANUP_FREE char *wal = xasprintf("%s-wal", rest);
    CLEANUP_FREE char *shm = xasprintf("%s-shm", rest);
    CLEANUP_DB sqlite3 *old = NULL;
    CLEANUP_DB sqlite3 *copy = NULL;
    int rc = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc != SQLITE_OK)
        return sqlite_fail(copy, rc, err);
    if (lock_out_others(rest, &old, err) < 0)
        return -1;
    if (sqlite_backup(copy, fresh, err) < 0)
        return -1;
    /* The old log must not be played into the new file: it goes first. */
    if ((unlink(wal) < 0 && errno != ENOENT) || (unlink(shm) < 0 && errno != ENOENT) || rename(fresh, rest) < 0) {
        cairn_fail_errno(err, errno, "cannot put '%s' in the place of '%s'", fresh, rest);
        unlink(fresh);
        return -1;
    }
    return sync_parent(rest, err);
}
