/* backend.h: what a catalog back end provides; sqlite.c is one.  A PostgreSQL plugin fills the same table without touching a caller.
 *
 * A connection and its statements are used by one thread at a time.  Errors: CAIRN_EXISTS (unique), CAIRN_CONFLICT (foreign key),
 * CAIRN_INVALID (check, not null), CAIRN_NO_SPACE, CAIRN_UNAVAILABLE (busy), CAIRN_CORRUPT, else CAIRN_INTERNAL.  After the first
 * three a transaction goes on as if the statement had not been; after the others the catalog rolls it back. */
#ifndef CATALOG_BACKEND_H
#define CATALOG_BACKEND_H
#include "catalog/catalog.h"

struct backend_conn;            /* one connection */
struct backend_stmt;            /* one prepared statement of a connection, kept for its life */

struct catalog_backend {
    const char *scheme;         /* "sqlite"; 'rest' below is what follows "sqlite:" in the URL */
    /* 1: there can be only one connection (a catalog in memory); every transaction then waits for every other. */
    int (*single)(const char *rest);
    /* A connection that may not be 'read_only' makes the catalog if there is none. */
    int (*connect)(const char *rest, int read_only, struct backend_conn **ret, struct cairn_error *err);
    void (*disconnect)(struct backend_conn *conn);
    int (*begin)(struct backend_conn *conn, enum tx_mode mode, struct cairn_error *err);
    int (*commit)(struct backend_conn *conn, struct cairn_error *err);      /* failed: rolled back */
    /* What durable() has to wait for behind that commit, asked before anybody else begins; 0: nothing.  durable() is called while others
     * begin and commit on the connection, from any thread: commits that come together may share one sync. */
    uint64_t (*committed)(struct backend_conn *conn);
    void (*durable)(struct backend_conn *conn, uint64_t committed);
    void (*rollback)(struct backend_conn *conn);
    int (*script)(struct backend_conn *conn, const char *sql, struct cairn_error *err);     /* many statements: migrations */
    int (*prepare)(struct backend_conn *conn, const char *sql, struct backend_stmt **ret, struct cairn_error *err);
    void (*finalize)(struct backend_stmt *stmt);
    /* 'copy' 0: the values live until reset(). */
    int (*bind)(struct backend_stmt *stmt, const struct sql_value *values, size_t count, int copy, struct cairn_error *err);
    int (*step)(struct backend_stmt *stmt, struct cairn_error *err);        /* 1 row, 0 done, -1 error */
    void (*reset)(struct backend_stmt *stmt);
    int64_t (*changes)(struct backend_conn *conn);
    int (*columns)(struct backend_stmt *stmt);
    const char *(*column_name)(struct backend_stmt *stmt, int i);
    const char *(*column_text)(struct backend_stmt *stmt, int i);
    int64_t (*column_int)(struct backend_stmt *stmt, int i);
    double (*column_real)(struct backend_stmt *stmt, int i);
    int (*column_null)(struct backend_stmt *stmt, int i);
    const void *(*column_blob)(struct backend_stmt *stmt, int i, size_t *ret_len);
    int (*backup)(struct backend_conn *conn, const char *path, struct cairn_error *err);
    int (*check)(struct backend_conn *conn, struct cairn_error *err);
    /* Where a copy goes before an upgrade to 'version', malloc'd; NULL: this back end keeps its copies itself. */
    char *(*copy_path)(const char *rest, int64_t version);
    /* Puts the copy in place of a catalog that nobody has open (CAIRN_CONFLICT). */
    int (*restore)(const char *rest, const char *path, struct cairn_error *err);
};
extern const struct catalog_backend catalog_sqlite;
#endif
