/* connection.c: a connection and the statements it has prepared. */
#include "config.h"
#define LOG_MODULE "catalog"
#include "catalog/private.h"

#include <string.h>

#include "base/log.h"
#include "base/str.h"

int
conn_open(const struct catalog_backend *backend, const char *rest, int read_only, struct conn **ret, struct cairn_error *err)
{
    struct backend_conn *handle;
    struct conn *conn;

    if (backend->connect(rest, read_only, &handle, err) < 0)
        return -1;
    conn = xcalloc(1, sizeof *conn);
    conn->backend = backend;
    conn->handle = handle;
    *ret = conn;
    return 0;
}

static void
stmt_free(struct stmt *stmt)
{
#ifdef CAIRN_DEBUG
    for (int i = 0; stmt->gave_rows && i < stmt->columns; i++)
        if (!column_set_has(&stmt->read, i))
            log_warn("column '%s' was never read of: %s", stmt->names[i], stmt->sql);
#endif
    stmt->conn->backend->finalize(stmt->handle);
    for (int i = 0; i < stmt->columns; i++)
        free(stmt->names[i]);
    free(stmt->names);
    free(stmt->sql);
    free(stmt);
}

void
conn_close(struct conn *conn)
{
    if (conn == NULL)
        return;
    for (int i = 0; i < STMT_BUCKETS; i++)
        while (conn->buckets[i] != NULL) {
            struct stmt *stmt = conn->buckets[i];

            conn->buckets[i] = stmt->next;
            stmt_free(stmt);
        }
    conn->backend->disconnect(conn->handle);
    free(conn);
}

/* Makes room: queries that are put together at run time must not fill the memory. */
static void
forget_oldest(struct conn *conn)
{
    struct stmt **oldest = NULL, *stmt;

    for (int i = 0; i < STMT_BUCKETS; i++)
        for (struct stmt **p = &conn->buckets[i]; *p != NULL; p = &(*p)->next)
            if (!(*p)->busy && (oldest == NULL || (*p)->used < (*oldest)->used))
                oldest = p;
    if (oldest == NULL)
        return;
    stmt = *oldest;
    *oldest = stmt->next;
    conn->count--;
    stmt_free(stmt);
}

static int
prepare(struct conn *conn, const char *sql, uint64_t hash, struct stmt **ret, struct cairn_error *err)
{
    const struct catalog_backend *b = conn->backend;
    struct backend_stmt *handle;
    struct stmt *stmt;
    int columns;

    if (b->prepare(conn->handle, sql, &handle, err) < 0)
        return -1;
    columns = b->columns(handle);
    if (columns > COLUMNS_MAX) {
        b->finalize(handle);
        return cairn_fail(err, CAIRN_INTERNAL, "a query of %d columns; %d at most", columns, COLUMNS_MAX);
    }
    stmt = xcalloc(1, sizeof *stmt);
    stmt->conn = conn;
    stmt->handle = handle;
    stmt->hash = hash;
    stmt->sql = xstrdup(sql);
    stmt->columns = columns;
    stmt->names = xcalloc((size_t)columns, sizeof *stmt->names);
    for (int i = 0; i < columns; i++) {
        stmt->names[i] = xstrdup(b->column_name(handle, i));
        for (int k = 0; k < i; k++)
            stmt->repeated_names |= str_eq(stmt->names[k], stmt->names[i]);
    }
    *ret = stmt;
    return 0;
}

/* The statement for this text, from the table if it is free.  The caller is its only user until stmt_release(). */
int
conn_statement(struct conn *conn, const char *sql, struct stmt **ret, struct cairn_error *err)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    struct stmt **bucket, *stmt;
    int taken = 0;

    for (const char *p = sql; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
    bucket = &conn->buckets[(hash >> 32) % STMT_BUCKETS];
    for (stmt = *bucket; stmt != NULL; stmt = stmt->next)
        if (stmt->hash == hash && strcmp(stmt->sql, sql) == 0) {
            taken = stmt->busy;
            break;
        }
    if (stmt == NULL || taken) {
        if (prepare(conn, sql, hash, &stmt, err) < 0)
            return -1;
        stmt->loose = taken;
        if (!taken) {
            if (conn->count >= STMT_MAX)
                forget_oldest(conn);
            stmt->next = *bucket;
            *bucket = stmt;
            conn->count++;
        }
    }
    stmt->busy = 1;
    stmt->used = ++conn->tick;
    *ret = stmt;
    return 0;
}

void
stmt_release(struct stmt *stmt)
{
    stmt->conn->backend->reset(stmt->handle);
    stmt->busy = 0;
    if (stmt->loose)
        stmt_free(stmt);
}
