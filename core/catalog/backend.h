/* backend.h: what a catalog back end provides; sqlite.c is one.  A PostgreSQL plugin fills the same table without touching a caller. */
#ifndef CATALOG_BACKEND_H
#define CATALOG_BACKEND_H
#include "catalog/catalog.h"

struct backend_conn;            /* one connection */
struct backend_stmt;            /* one prepared statement of a connection, kept for its life */

struct catalog_backend {
    const char *scheme;         /* "sqlite" */
    int (*connect)(const char *rest, int read_only, struct backend_conn **ret, struct cairn_error *err);
    void (*disconnect)(struct backend_conn *conn);
    int (*begin)(struct backend_conn *conn, enum tx_mode mode, struct cairn_error *err);
    int (*commit)(struct backend_conn *conn, struct cairn_error *err);
    void (*rollback)(struct backend_conn *conn);
    int (*script)(struct backend_conn *conn, const char *sql, struct cairn_error *err);     /* many statements: migrations */
    int (*prepare)(struct backend_conn *conn, const char *sql, struct backend_stmt **ret, struct cairn_error *err);
    void (*finalize)(struct backend_stmt *stmt);
    int (*bind)(struct backend_stmt *stmt, const struct sql_value *values, size_t count, struct cairn_error *err);
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
    int memory_only;            /* filled by connect's owner: one connection only */
};
extern const struct catalog_backend catalog_sqlite;
#endif
