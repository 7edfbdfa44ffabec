/* lister.c: rows of a resource as JSON text, a batch at a time: one cursor for the rows, one query for each kind of children. */
#include <config.h>
#include "rest/lister.h"

#include <string.h>

static void
items_clear(struct lister *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->items[i].id);
    l->count = 0;
    str_reset(&l->rows_text);
    str_reset(&l->children_text);
}

void
lister_free(struct lister *l)
{
    if (l == NULL)
        return;
    rows_close(l->rows);
    items_clear(l);
    str_free(&l->rows_text);
    str_free(&l->children_text);
    shape_free(&l->shape);
    list_query_free(&l->query);
    free(l->first_id);
    free(l->last_id);
    free(l);
}

static int
read_rows(struct lister *l, struct cairn_error *err)
{
    while (l->count < REST_BATCH) {
        struct item *item = &l->items[l->count];
        struct json_out out;
        int row;

        if ((row = rows_next(l->rows, err)) < 0)
            return -1;
        if (row == 0 || (l->query.page.limit >= 0 && l->emitted == l->query.page.limit)) {
            l->more = row;
            l->finished = 1;
            return 0;
        }
        memset(item, 0, sizeof *item);
        item->text.at = l->rows_text.len;
        item->id = xstrdup(row_text_at(l->rows, 0));
        l->count++;
        l->emitted++;
        jo_init(&out, &l->rows_text);
        jo_object(&out, NULL);
        if (shape_emit(l->call, &l->shape, l->rows, &out, err) < 0)
            return -1;
        item->comma = out.need_comma;
        item->text.len = l->rows_text.len - item->text.at;
    }
    return 0;
}

/* --- children */

struct rest_group {
    struct rows *rows;          /* NULL: this parent has none */
    const char *parent;
    int fresh;                  /* the current row has not been given out */
    int state;                  /* what the last rows_next() answered */
};

int
rest_group_next(struct rest_group *g, struct rows **ret_row, struct cairn_error *err)
{
    if (g->rows == NULL || g->state <= 0)
        return g->rows == NULL ? 0 : g->state;
    if (!g->fresh) {
        g->state = rows_next(g->rows, err);
        if (g->state <= 0)
            return g->state;
        g->fresh = 1;
        if (!str_eq(row_text(g->rows, "parent"), g->parent))
            return 0;           /* the next parent's; stays current */
    } else if (!str_eq(row_text(g->rows, "parent"), g->parent)) {
        return 0;
    }
    g->fresh = 0;
    *ret_row = g->rows;
    return 1;
}

static int
emit_group(struct lister *l, size_t child, struct item *item, struct rest_group *g, struct cairn_error *err)
{
    const struct rest_child *k = l->shape.children[child];
    struct span *span = &item->children[child];
    struct json_out out;
    struct rows *row;
    int state;

    span->at = l->children_text.len;
    jo_init(&out, &l->children_text);
    if (k->emit_group != NULL) {
        if (k->emit_group(l->call, &out, g, err) < 0)
            return -1;
        while ((state = rest_group_next(g, &row, err)) > 0)
            ;
    } else {
        if (k->is_object)
            jo_object(&out, k->name);
        else
            jo_array(&out, k->name);
        while ((state = rest_group_next(g, &row, err)) > 0)
            if (k->emit(l->call, &out, row, err) < 0)
                return -1;
        if (k->is_object)
            jo_end_object(&out);
        else
            jo_end_array(&out);
    }
    span->len = l->children_text.len - span->at;
    return state;
}

static int
by_id(const void *a, const void *b)
{
    return strcmp((*(struct item *const *)a)->id, (*(struct item *const *)b)->id);
}

static int
id_against(const void *key, const void *element)
{
    return strcmp(key, (*(struct item *const *)element)->id);
}

static int
query_children(struct lister *l, const struct rest_child *k, struct rows **ret, struct cairn_error *err)
{
    CLEANUP_STR struct str sql = STR_INIT;
    struct sql_value ids[REST_BATCH];
    const char *hole = strstr(k->sql, "%IDS%");
    size_t n = 1;

    while (n < l->count)        /* the last id again up to a power of two: few different statements to prepare and keep */
        n *= 2;
    str_add_n(&sql, k->sql, (size_t)(hole - k->sql));
    for (size_t i = 0; i < n; i++) {
        str_add(&sql, i > 0 ? ", ?" : "?");
        ids[i] = (struct sql_value){ .type = 's', .p = l->items[i < l->count ? i : l->count - 1].id };
    }
    str_add(&sql, hole + 5);
    return tx_query_v(l->call->tx, ret, err, sql.text, ids, n);
}

static int
read_children(struct lister *l, size_t child, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    struct item *sorted[REST_BATCH], **found;
    struct rest_group g = { .state = 1 };
    int done[REST_BATCH] = { 0 };

    for (size_t i = 0; i < l->count; i++)
        sorted[i] = &l->items[i];
    qsort(sorted, l->count, sizeof *sorted, by_id);
    if (query_children(l, l->shape.children[child], &rows, err) < 0)
        return -1;
    g.rows = rows;
    g.state = rows_next(rows, err);
    g.fresh = 1;
    while (g.state > 0) {
        CLEANUP_FREE char *parent = xstrdup(row_text(rows, "parent"));

        found = parent != NULL ? bsearch(parent, sorted, l->count, sizeof *sorted, id_against) : NULL;
        if (found == NULL || done[*found - l->items])
            return cairn_fail(err, CAIRN_INTERNAL, "children '%s' of %s are not ordered by parent", l->shape.children[child]->name, l->shape.resource->plural);
        g.parent = parent;
        done[*found - l->items] = 1;
        if (emit_group(l, child, *found, &g, err) < 0)
            return -1;
    }
    if (g.state < 0)
        return -1;
    for (size_t i = 0; i < l->count; i++) {
        struct rest_group nobody = { .rows = NULL };

        if (!done[i] && emit_group(l, child, &l->items[i], &nobody, err) < 0)
            return -1;
    }
    return 0;
}

static void
put_together(struct lister *l, struct str *out)
{
    for (size_t i = 0; i < l->count; i++) {
        struct item *item = &l->items[i];

        if (l->any)
            str_add_c(out, ',');
        l->any = 1;
        str_add_n(out, l->rows_text.text + item->text.at, item->text.len);
        for (size_t k = 0; k < l->shape.children_count; k++) {
            if (item->children[k].len == 0)
                continue;
            if (item->comma)
                str_add_c(out, ',');
            item->comma = 1;
            str_add_n(out, l->children_text.text + item->children[k].at, item->children[k].len);
        }
        str_add_c(out, '}');
    }
}

int
lister_batch(struct lister *l, struct str *out, struct cairn_error *err)
{
    items_clear(l);
    if (read_rows(l, err) < 0)
        return -1;
    if (l->count == 0)
        return 0;
    for (size_t k = 0; k < l->shape.children_count; k++)
        if (read_children(l, k, err) < 0)
            return -1;
    put_together(l, out);
    if (l->first_id == NULL)
        l->first_id = xstrdup(l->items[0].id);
    free(l->last_id);
    l->last_id = xstrdup(l->items[l->count - 1].id);
    return 0;
}
