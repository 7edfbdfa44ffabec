/* sqlite_private.h: what the two files of the SQLite back end share. */
#ifndef CATALOG_SQLITE_PRIVATE_H
#define CATALOG_SQLITE_PRIVATE_H
#include <sqlite3.h>
#include "catalog/backend.h"

/* sqlite_file.c */
int sqlite_backup(sqlite3 *db, const char *path, struct cairn_error *err);
char *sqlite_copy_path(const char *rest, int64_t version);
int sqlite_restore(const char *rest, const char *path, struct cairn_error *err);
/* Creates the file, if it is not there, for the owner alone: it holds password hashes. */
int sqlite_make_private(const char *path, struct cairn_error *err);

/* sqlite_sync.c: the log of the catalog at this path.  log_sync_written() right behind each commit, while no other can come between;
 * log_sync_wait() from any thread: returns when that commit, and so all before it, is on the disk. */
struct log_sync;
struct log_sync *log_sync_new(const char *catalog_path);
void log_sync_free(struct log_sync *s);         /* NULL is allowed */
uint64_t log_sync_written(struct log_sync *s);
void log_sync_wait(struct log_sync *s, uint64_t ticket);

/* sqlite_regexp.c: an SQLite code. */
int sqlite_add_regexp(sqlite3 *db);

/* sqlite.c: the error of the last call on 'db'. */
int sqlite_fail(sqlite3 *db, int rc, struct cairn_error *err);
#endif
