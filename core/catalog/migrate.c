/* migrate.c: brings a catalog to the schema of this binary, or refuses with a sentence. */
#include "config.h"
#define LOG_MODULE "catalog"
#include "catalog/private.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

static const char create_table[] =
    "create table if not exists schema_migrations (number bigint primary key, name text not null, applied_us bigint not null)";

/* The steps that the catalog has, in order. */
struct applied {
    int64_t *numbers;
    size_t count;
};

static void applied_free(struct applied *a) { free(a->numbers); }

static int
read_applied(struct conn *conn, struct applied *ret, struct cairn_error *err)
{
    struct stmt *stmt;
    int rc;

    if (conn_statement(conn, "select number from schema_migrations order by number", &stmt, err) < 0)
        return -1;
    while ((rc = conn->backend->step(stmt->handle, err)) > 0) {
        ret->numbers = xrealloc(ret->numbers, (ret->count + 1) * sizeof *ret->numbers);
        ret->numbers[ret->count++] = conn->backend->column_int(stmt->handle, 0);
    }
    stmt_release(stmt);
    return rc;
}

static int
is_applied(const struct applied *a, int64_t number)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->numbers[i] == number)
            return 1;
    return 0;
}

/* The first step of the catalog that this binary does not know, 0 if it knows all. */
static int64_t
unknown_step(const struct applied *a, const struct catalog_migration *steps)
{
    for (size_t i = 0; i < a->count; i++) {
        size_t k = 0;

        while (steps[k].number != 0 && steps[k].number != a->numbers[i])
            k++;
        if (steps[k].number == 0)
            return a->numbers[i];
    }
    return 0;
}

static int64_t
last_step(const struct catalog_migration *steps)
{
    int64_t last = 0;

    for (; steps->number != 0; steps++)
        last = steps->number;
    return last;
}

static int
refuse_newer(const struct applied *a, const char *url, const struct catalog_migration *steps, struct cairn_error *err)
{
    int64_t unknown = unknown_step(a, steps);

    if (unknown == 0)
        return 0;
    return cairn_fail(err, CAIRN_INVALID,
                      "catalog '%s' was made by a newer Cairn: it has schema step %" PRId64 ", this one knows steps up to %" PRId64
                      "; install the newer Cairn, or restore the copy made before the upgrade", url, unknown, last_step(steps));
}

int
migrate_check(struct conn *conn, const char *url, const struct catalog_migration *steps, struct cairn_error *err)
{
    CLEANUP(applied_free) struct applied applied = { NULL, 0 };

    if (read_applied(conn, &applied, err) < 0)
        return cairn_fail(err, CAIRN_INVALID, "'%s' is no catalog of Cairn", url);
    return refuse_newer(&applied, url, steps, err);
}

static int
apply(struct conn *conn, const struct catalog_migration *step, struct cairn_error *err)
{
    const struct sql_value values[] = {
        { .type = 'i', .i = step->number }, { .type = 's', .p = step->name }, { .type = 'i', .i = clock_us() },
    };
    struct stmt *stmt;
    int rc = -1;

    if (conn->backend->script(conn->handle, step->sql, err) < 0)
        return cairn_error_context(err, "schema step %04" PRId64 "-%s", step->number, step->name);
    if (conn_statement(conn, "insert into schema_migrations (number, name, applied_us) values (?, ?, ?)", &stmt, err) < 0)
        return -1;
    if (conn->backend->bind(stmt->handle, values, ARRAY_LEN(values), 0, err) == 0)
        rc = conn->backend->step(stmt->handle, err);
    stmt_release(stmt);
    return rc;
}

/* The transaction keeps writers out, and this connection's reader sees the state before it: so the copy is exactly what is upgraded. */
static int
copy_first(struct conn *conn, const char *rest, int64_t version, struct cairn_error *err)
{
    CLEANUP_FREE char *path = conn->backend->copy_path(rest, version);
    struct conn *reader;
    int rc;

    if (path == NULL)
        return 0;
    if (conn_open(conn->backend, rest, 1, &reader, err) < 0)
        return -1;
    rc = conn->backend->backup(reader->handle, path, err);
    conn_close(reader);
    if (rc == 0)
        log_info("the catalog as it was before the upgrade is kept in '%s'", path);
    return rc;
}

static int
migrate_in_tx(struct conn *conn, const char *url, const char *rest, const struct catalog_migration *steps, struct cairn_error *err)
{
    CLEANUP(applied_free) struct applied applied = { NULL, 0 };
    size_t missing = 0;

    if (conn->backend->script(conn->handle, create_table, err) < 0 || read_applied(conn, &applied, err) < 0)
        return -1;
    if (refuse_newer(&applied, url, steps, err) < 0)
        return -1;
    for (const struct catalog_migration *step = steps; step->number != 0; step++)
        missing += !is_applied(&applied, step->number);
    if (missing == 0)
        return 0;
    if (applied.count > 0 && copy_first(conn, rest, last_step(steps), err) < 0)
        return cairn_error_context(err, "cannot copy the catalog before its upgrade");
    for (const struct catalog_migration *step = steps; step->number != 0; step++)
        if (!is_applied(&applied, step->number) && apply(conn, step, err) < 0)
            return -1;
    log_info("catalog '%s': %zu schema steps applied, now at %" PRId64, url, missing, last_step(steps));
    return 0;
}

int
migrate(struct conn *conn, const char *url, const struct catalog_migration *steps, int64_t *ret_version, struct cairn_error *err)
{
    const struct catalog_backend *backend;
    const char *rest;

    if (catalog_backend_of(url, &backend, &rest, err) < 0)
        return -1;
    if (backend->begin(conn->handle, TX_WRITE, err) < 0)
        return -1;
    if (migrate_in_tx(conn, url, rest, steps, err) < 0) {
        backend->rollback(conn->handle);
        return -1;
    }
    if (backend->commit(conn->handle, err) < 0)
        return -1;
    backend->durable(conn->handle, backend->committed(conn->handle));
    *ret_version = last_step(steps);
    return 0;
}
