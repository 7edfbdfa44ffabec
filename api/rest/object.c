/* object.c: one object by its id, if the caller may know of it. */
#include <config.h>
#include "rest/engine.h"

#include <string.h>

int
object_not_found(struct rest_call *call, const struct rest_resource *r, const char *id, struct cairn_error *err)
{
    char message[512];

    snprintf(message, sizeof message, call->service->not_found != NULL ? call->service->not_found : "%s %s could not be found.",
             r->noun != NULL ? r->noun : r->name, id);
    return cairn_fail(err, CAIRN_NOT_FOUND, "%s", message);
}

/* "id" first, then the table as it is, then what the table does not have under its own name. */
static void
object_select(const struct rest_call *call, const struct rest_resource *r, struct str *sql)
{
    char from[128], plain[64];

    str_addf(sql, "select %s as id", resource_id(r));
    if (r->table != NULL)
        str_add(sql, ", t.*");
    for (const struct rest_attr *a = r->attrs; a->name != NULL; a++) {
        if ((a->flags & REST_NO_COLUMN) || !version_in(call->version, a->since, a->until))
            continue;
        if (column_plain(a, plain, sizeof plain) == NULL)
            str_addf(sql, ", %s as \"%s\"", a->column != NULL ? a->column : a->name, a->name);
        else if (r->table == NULL)
            str_addf(sql, ", %s", a->column != NULL ? a->column : a->name);
    }
    str_addf(sql, " from %s where %s = ?", resource_from(r, from, sizeof from), resource_id(r));
}

int
object_load(struct rest_call *call, const struct rest_resource *r, const char *id, struct rows **ret, struct cairn_error *err)
{
    CLEANUP_STR struct str sql = STR_INIT;
    CLEANUP_ROWS struct rows *rows = NULL;
    struct rest_values values = { NULL, 0, 0 };
    int ok;

    object_select(call, r, &sql);
    rest_push_text(&values, id);
    select_visible(call, r, 0, &sql, &values);
    ok = tx_query_v(call->tx, &rows, err, sql.text, values.v, values.n);
    values_free(&values);
    if (ok < 0 || (ok = rows_next(rows, err)) < 0)
        return -1;
    if (ok == 0)
        return object_not_found(call, r, id, err);
    for (int i = 0; i < rows_columns(rows); i++)
        (void)row_null_at(rows, i);     /* handlers read what they need of it */
    *ret = steal(&rows);
    return 0;
}

int
rest_load(struct rest_call *call, const struct rest_resource *resource, const char *id, struct rows **ret, struct cairn_error *err)
{
    return object_load(call, resource, id, ret, err);
}
