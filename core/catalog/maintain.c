/* maintain.c: backup, restore and check of a catalog. */
#include "config.h"
#include "catalog/private.h"

#include "base/str.h"

static void cleanup_conn(struct conn **conn) { conn_close(*conn); }

/* Runs 'fn' on a connection that is in no transaction. */
static int
on_connection(struct catalog *c, int (*fn)(struct conn *conn, const char *path, struct cairn_error *err), const char *path, struct cairn_error *err)
{
    CLEANUP(cleanup_conn) struct conn *conn = NULL;
    int rc;

    if (!c->single)
        return conn_open(c->backend, c->rest, 1, &conn, err) < 0 ? -1 : fn(conn, path, err);
    catalog_take_writer(c);
    rc = fn(c->writer, path, err);
    catalog_give_writer(c);
    return rc;
}

static int
backup(struct conn *conn, const char *path, struct cairn_error *err)
{
    return conn->backend->backup(conn->handle, path, err);
}

static int
check(struct conn *conn, const char *path, struct cairn_error *err)
{
    (void)path;
    return conn->backend->check(conn->handle, err);
}

int
catalog_backup(struct catalog *c, const char *path, struct cairn_error *err)
{
    return on_connection(c, backup, path, err);
}

int
catalog_check(struct catalog *c, struct cairn_error *err)
{
    return on_connection(c, check, NULL, err);
}

/* Is the copy whole, and ours, before anything is touched? */
static int
check_copy(const struct catalog_backend *backend, const char *path, struct cairn_error *err)
{
    CLEANUP(cleanup_conn) struct conn *conn = NULL;

    if (conn_open(backend, path, 1, &conn, err) < 0)
        return -1;
    if (backend->check(conn->handle, err) < 0)
        return -1;
    return migrate_check(conn, path, catalog_migrations, err);
}

int
catalog_restore(const char *url, const char *backup_path, struct cairn_error *err)
{
    const struct catalog_backend *backend;
    const char *rest;

    if (catalog_backend_of(url, &backend, &rest, err) < 0)
        return -1;
    if (backend->single(rest))
        return cairn_fail(err, CAIRN_UNSUPPORTED, "catalog '%s' lives in memory: nothing can be put in its place", url);
    if (check_copy(backend, backup_path, err) < 0)
        return cairn_error_context(err, "cannot restore from '%s'", backup_path);
    return backend->restore(rest, backup_path, err);
}
