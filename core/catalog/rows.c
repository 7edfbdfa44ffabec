/* rows.c: statements within a transaction: parameters in, rows out. */
#include "config.h"
#define LOG_MODULE "catalog"
#include "catalog/private.h"

#include <stdarg.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

/* A constraint costs its statement only; whatever else went wrong costs the transaction. */
static int
tx_failed(struct tx *tx, const char *sql, const struct cairn_error *err)
{
    switch (err->code) {
    case CAIRN_EXISTS:
    case CAIRN_CONFLICT:
    case CAIRN_INVALID:
        return -1;
    }
    if (tx->failure == NULL) {
        tx->failure = xmalloc(sizeof *tx->failure);
        *tx->failure = *err;
    }
    if (err->code == CAIRN_INTERNAL)
        log_error("%s: %s", err->message, sql);     /* callers' faults do not show SQL */
    return -1;
}

/* Statement, bound.  On error nothing is held. */
static int
make_ready(struct tx *tx, const char *sql, const struct sql_value *values, size_t count, int copy, struct stmt **ret, struct cairn_error *err)
{
    struct cairn_error own = CAIRN_ERROR_INIT;
    struct stmt *stmt;

    if (err == NULL)
        err = &own;
    if (tx->failure != NULL)
        return cairn_fail(err, tx->failure->code, "the transaction failed already: %s", tx->failure->message);
    if (conn_statement(tx->conn, sql, &stmt, err) < 0)
        return tx_failed(tx, sql, err);
    if (tx->conn->backend->bind(stmt->handle, values, count, copy, err) < 0) {
        stmt_release(stmt);
        return tx_failed(tx, sql, err);
    }
    *ret = stmt;
    return 0;
}

static int
step(struct tx *tx, struct stmt *stmt, struct cairn_error *err)
{
    struct cairn_error own = CAIRN_ERROR_INIT;
    int rc;

    if (err == NULL)
        err = &own;
    rc = tx->conn->backend->step(stmt->handle, err);
    return rc < 0 ? tx_failed(tx, stmt->sql, err) : rc;
}

int
tx_exec_v(struct tx *tx, struct cairn_error *err, const char *sql, const struct sql_value *values, size_t count)
{
    struct stmt *stmt;
    int rc;

    if (tx->mode == TX_READ)
        catalog_bug("a change in a TX_READ transaction: %s", sql);
    if (make_ready(tx, sql, values, count, 0, &stmt, err) < 0)
        return -1;
    do
        rc = step(tx, stmt, err);
    while (rc > 0);     /* rows of "... RETURNING" that nobody wants */
    if (rc == 0)
        tx->changes = tx->conn->backend->changes(tx->conn->handle);
    stmt_release(stmt);
    return rc;
}

int64_t
tx_changes(struct tx *tx)
{
    return tx->changes;
}

int
tx_query_v(struct tx *tx, struct rows **ret, struct cairn_error *err, const char *sql, const struct sql_value *values, size_t count)
{
    struct stmt *stmt;
    struct rows *r;

    if (make_ready(tx, sql, values, count, 1, &stmt, err) < 0)
        return -1;
    r = xcalloc(1, sizeof *r);
    r->tx = tx;
    r->stmt = stmt;
    r->next = tx->open;
    if (tx->open != NULL)
        tx->open->prev = r;
    tx->open = r;
    *ret = r;
    return 0;
}

/* The arguments that 'types' describes. */
static size_t
collect(struct sql_value values[PARAMS_MAX], const char *sql, const char *types, va_list ap)
{
    size_t count = 0;

    for (; types != NULL && types[count] != '\0'; count++) {
        struct sql_value *v = &values[count];

        if (count == PARAMS_MAX)
            catalog_bug("more than %d parameters: %s", PARAMS_MAX, sql);
        *v = (struct sql_value){ .type = types[count] };
        switch (v->type) {
        case 's':
            v->p = va_arg(ap, const char *);
            break;
        case 'i':
            v->i = va_arg(ap, int64_t);
            break;
        case 'd':
            v->d = va_arg(ap, double);
            break;
        case 'b':
            v->p = va_arg(ap, const void *);
            v->len = va_arg(ap, size_t);
            break;
        case 'n':
            break;
        default:
            catalog_bug("parameter type '%c' is none of sidbn: %s", v->type, sql);
        }
    }
    return count;
}

int
tx_exec(struct tx *tx, struct cairn_error *err, const char *sql, const char *types, ...)
{
    struct sql_value values[PARAMS_MAX];
    size_t count;
    va_list ap;

    va_start(ap, types);
    count = collect(values, sql, types, ap);
    va_end(ap);
    return tx_exec_v(tx, err, sql, values, count);
}

int
tx_query(struct tx *tx, struct rows **ret, struct cairn_error *err, const char *sql, const char *types, ...)
{
    struct sql_value values[PARAMS_MAX];
    size_t count;
    va_list ap;

    va_start(ap, types);
    count = collect(values, sql, types, ap);
    va_end(ap);
    return tx_query_v(tx, ret, err, sql, values, count);
}

int
tx_text(struct tx *tx, char **ret, struct cairn_error *err, const char *sql, const char *types, ...)
{
    struct sql_value values[PARAMS_MAX];
    struct stmt *stmt;
    size_t count;
    va_list ap;
    int rc;

    va_start(ap, types);
    count = collect(values, sql, types, ap);
    va_end(ap);
    if (make_ready(tx, sql, values, count, 0, &stmt, err) < 0)
        return -1;
    rc = step(tx, stmt, err);
    if (rc >= 0)
        *ret = rc > 0 ? xstrdup(tx->conn->backend->column_text(stmt->handle, 0)) : NULL;
    stmt_release(stmt);
    return rc < 0 ? -1 : 0;
}

int
tx_int(struct tx *tx, int64_t *ret, int64_t dflt, struct cairn_error *err, const char *sql, const char *types, ...)
{
    struct sql_value values[PARAMS_MAX];
    struct stmt *stmt;
    size_t count;
    va_list ap;
    int rc;

    va_start(ap, types);
    count = collect(values, sql, types, ap);
    va_end(ap);
    if (make_ready(tx, sql, values, count, 0, &stmt, err) < 0)
        return -1;
    rc = step(tx, stmt, err);
    if (rc >= 0)
        *ret = rc > 0 && !tx->conn->backend->column_null(stmt->handle, 0) ? tx->conn->backend->column_int(stmt->handle, 0) : dflt;
    stmt_release(stmt);
    return rc < 0 ? -1 : 0;
}

int
rows_next(struct rows *r, struct cairn_error *err)
{
    int rc;

    r->on_row = 0;
    if (r->tx == NULL)
        return cairn_fail(err, CAIRN_INTERNAL, "a query outlived its transaction");
    if (r->at_end)
        return 0;       /* a back end might start again */
    if (r->tx->failure != NULL)
        return cairn_fail(err, r->tx->failure->code, "the transaction failed already: %s", r->tx->failure->message);
    rc = step(r->tx, r->stmt, err);
    r->next_column = 0;
    r->at_end = rc == 0;
    r->on_row = rc > 0;
    r->gave_rows |= rc > 0;
    return rc;
}

/* Gives the statement back; 'r' stays, dead. */
static void
detach(struct rows *r)
{
    if (r->prev != NULL)
        r->prev->next = r->next;
    else
        r->tx->open = r->next;
    if (r->next != NULL)
        r->next->prev = r->prev;
    stmt_release(r->stmt);
    r->tx = NULL;
    r->stmt = NULL;
    r->on_row = 0;
}

#ifdef CAIRN_DEBUG
/* A loop over all rows must have read each column of at least one.  Who stops early (a refusal) may have had no reason to: such a
 * statement is only told of when its connection closes and nobody ever read the column. */
static void
check_columns_read(struct rows *r)
{
    struct stmt *stmt = r->stmt;

    stmt->gave_rows |= r->gave_rows;
    for (int i = 0; i < stmt->columns; i++) {
        if (column_set_has(&r->read, i))
            column_set_add(&stmt->read, i);
        else if (r->gave_rows && r->at_end)
            catalog_bug("column '%s' is selected but not read: %s", stmt->names[i], stmt->sql);
    }
}
#endif

void
rows_close(struct rows *r)
{
    if (r == NULL)
        return;
    if (r->tx != NULL) {
#ifdef CAIRN_DEBUG
        check_columns_read(r);
#endif
        detach(r);
    }
    free(r);
}

void
rows_abandon(struct tx *tx)
{
    while (tx->open != NULL) {
#ifdef CAIRN_DEBUG
        catalog_bug("the transaction ends with a query still open: %s", tx->open->stmt->sql);
#else
        detach(tx->open);
#endif
    }
}

/* Names are mostly asked for in the order in which they were selected: look from where the last one was. */
static int
column(struct rows *r, const char *name)
{
    const struct stmt *stmt = r->stmt;

    if (!r->on_row)
        catalog_bug("column '%s' asked for without a row%s%s", name, stmt != NULL ? ": " : "", stmt != NULL ? stmt->sql : "");
    for (int k = 0, i = stmt->repeated_names ? 0 : r->next_column; k < stmt->columns; k++, i++) {
        if (i >= stmt->columns)
            i = 0;
        if (stmt->names[i][0] == name[0] && strcmp(stmt->names[i], name) == 0) {
            r->next_column = i + 1;
            column_set_add(&r->read, i);
            return i;
        }
    }
    catalog_bug("column '%s' was not selected: %s", name, stmt->sql);
}

static int
position(struct rows *r, int i)
{
    if (!r->on_row || i < 0 || i >= r->stmt->columns)
        catalog_bug("column %d asked for, but there is no such%s%s", i, r->stmt != NULL ? ": " : "", r->stmt != NULL ? r->stmt->sql : "");
    column_set_add(&r->read, i);
    return i;
}

static const struct catalog_backend *
backend_of(const struct rows *r)
{
    return r->stmt->conn->backend;
}

const char *
row_text(struct rows *r, const char *name)
{
    int i = column(r, name);

    return backend_of(r)->column_text(r->stmt->handle, i);
}

int64_t
row_int(struct rows *r, const char *name)
{
    int i = column(r, name);

    return backend_of(r)->column_int(r->stmt->handle, i);
}

double
row_real(struct rows *r, const char *name)
{
    int i = column(r, name);

    return backend_of(r)->column_real(r->stmt->handle, i);
}

int
row_null(struct rows *r, const char *name)
{
    int i = column(r, name);

    return backend_of(r)->column_null(r->stmt->handle, i);
}

const void *
row_blob(struct rows *r, const char *name, size_t *ret_len)
{
    int i = column(r, name);

    return backend_of(r)->column_blob(r->stmt->handle, i, ret_len);
}

int
rows_has(const struct rows *r, const char *name)
{
    for (int i = 0; r->stmt != NULL && i < r->stmt->columns; i++)
        if (strcmp(r->stmt->names[i], name) == 0)
            return 1;
    return 0;
}

int
rows_columns(struct rows *r)
{
    return r->stmt != NULL ? r->stmt->columns : 0;
}

const char *
row_text_at(struct rows *r, int i)
{
    i = position(r, i);
    return backend_of(r)->column_text(r->stmt->handle, i);
}

int64_t
row_int_at(struct rows *r, int i)
{
    i = position(r, i);
    return backend_of(r)->column_int(r->stmt->handle, i);
}

double
row_real_at(struct rows *r, int i)
{
    i = position(r, i);
    return backend_of(r)->column_real(r->stmt->handle, i);
}

int
row_null_at(struct rows *r, int i)
{
    i = position(r, i);
    return backend_of(r)->column_null(r->stmt->handle, i);
}
