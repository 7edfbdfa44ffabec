/* tables.c: a service's tables as one list of routes, and the checks that keep a daemon with a wrong table from starting. */
#include <config.h>
#include "rest/engine.h"

#include <string.h>

static const char *
or_else(const char *text, const char *dflt)
{
    return text != NULL ? text : dflt;
}

static int
each_of_resource(const struct rest_resource *r, int (*fn)(void *arg, const struct variant *v), void *arg)
{
    const struct { unsigned needs; enum rest_op op; const char *method, *tail, *rule; int status; } ops[] = {
        { REST_LIST_OP,   OP_LIST,   "GET",    "",        r->rules.list,   200 },
        { REST_DETAIL_OP, OP_DETAIL, "GET",    "/detail", r->rules.list,   200 },
        { REST_SHOW_OP,   OP_SHOW,   "GET",    "/{id}",   r->rules.show,   200 },
        { REST_CREATE_OP, OP_CREATE, "POST",   "",        r->rules.create, r->create_status != 0 ? r->create_status : 201 },
        { REST_PUT_OP,    OP_CREATE, "PUT",    "/{id}",   r->rules.create, r->create_status != 0 ? r->create_status : 201 },
        { REST_UPDATE_OP, OP_UPDATE, or_else(r->update_method, "PUT"), "/{id}", r->rules.update, r->update_status != 0 ? r->update_status : 200 },
        { REST_DELETE_OP, OP_DELETE, "DELETE", "/{id}",   r->rules.del,    r->delete_status != 0 ? r->delete_status : 204 },
    };
    const struct { enum rest_op op; const char *method, *tail, *rule; int status; } tags[] = {
        { OP_TAGS,       "GET",    "/{id}/tags",       r->rules.show,   200 },
        { OP_TAGS_PUT,   "PUT",    "/{id}/tags",       r->rules.update, 200 },
        { OP_TAGS_CLEAR, "DELETE", "/{id}/tags",       r->rules.update, 204 },
        { OP_TAG,        "GET",    "/{id}/tags/{tag}", r->rules.show,   204 },
        { OP_TAG_PUT,    "PUT",    "/{id}/tags/{tag}", r->rules.update, 201 },
        { OP_TAG_CLEAR,  "DELETE", "/{id}/tags/{tag}", r->rules.update, 204 },
    };
    struct variant v = { .resource = r, .since = r->since, .until = r->until };
    int answer = 0;

    for (size_t i = 0; i < ARRAY_LEN(ops) && answer == 0; i++) {
        CLEANUP_FREE char *path = xasprintf("%s%s", r->path, ops[i].tail);

        if ((r->ops & ops[i].needs) == 0)
            continue;
        v.op = ops[i].op;
        v.method = ops[i].method;
        v.path = path;
        v.rule = ops[i].rule;
        v.status = ops[i].status;
        answer = fn(arg, &v);
    }
    for (size_t i = 0; i < ARRAY_LEN(tags) && answer == 0 && r->tags_type != NULL; i++) {
        CLEANUP_FREE char *path = xasprintf("%s%s", r->path, tags[i].tail);

        v.op = tags[i].op;
        v.method = tags[i].method;
        v.path = path;
        v.rule = tags[i].rule;
        v.status = tags[i].status;
        answer = fn(arg, &v);
    }
    return answer;
}

int
rest_each_variant(const struct rest_service *service, int (*fn)(void *arg, const struct variant *v), void *arg)
{
    int answer = 0;

    for (size_t i = 0; service->resources != NULL && service->resources[i] != NULL && answer == 0; i++)
        answer = each_of_resource(service->resources[i], fn, arg);
    for (size_t i = 0; service->routes != NULL && service->routes[i] != NULL && answer == 0; i++)
        for (const struct rest_route *r = service->routes[i]; r->method != NULL && answer == 0; r++) {
            struct variant v = { .op = OP_ROUTE, .route = r, .resource = r->object, .method = r->method, .path = r->path, .action = r->action, .rule = r->rule,
                                 .status = r->status != 0 ? r->status : 200, .flags = r->flags, .since = r->since, .until = r->until };

            answer = fn(arg, &v);
        }
    return answer;
}

struct each { void (*fn)(void *, const char *, const char *, const char *, struct rest_version, const char *); void *arg; };

static int
tell_route(void *arg, const struct variant *v)
{
    struct each *e = arg;

    e->fn(e->arg, v->method, v->path, v->action, v->since, v->rule);
    return 0;
}

void
rest_each_route(const struct rest_service *service,
                void (*fn)(void *arg, const char *method, const char *path, const char *action, struct rest_version since, const char *rule), void *arg)
{
    struct each e = { fn, arg };

    (void)rest_each_variant(service, tell_route, &e);
}

/* --- checks */

struct adding { struct rest_api *api; struct cairn_error *err; };

static int
add_variant(void *arg, const struct variant *v)
{
    struct adding *a = arg;
    struct variant *copy;

    if ((v->flags & REST_PUBLIC) == 0 && v->rule == NULL)
        return cairn_fail(a->err, CAIRN_INVALID, "%s: route %s %s has no policy rule", a->api->service->name, v->method, v->path);
    if (v->rule != NULL && !policy_known(a->api->env.policy, v->rule))
        return cairn_fail(a->err, CAIRN_INVALID, "%s: route %s %s names policy rule '%s', which no table defines", a->api->service->name, v->method, v->path, v->rule);
    if (v->op == OP_ROUTE && v->route->handle == NULL)
        return cairn_fail(a->err, CAIRN_INVALID, "%s: route %s %s has no handler", a->api->service->name, v->method, v->path);
    copy = xmalloc(sizeof *copy);
    *copy = *v;
    copy->path = xstrdup(v->path);
    return router_add(a->api->router, copy, a->err);
}

static int
check_rules(const struct rest_api *api, const struct rest_resource *r, struct cairn_error *err)
{
    for (const struct rest_attr *a = r->attrs; a->name != NULL; a++) {
        if (a->read_policy != NULL && !policy_known(api->env.policy, a->read_policy))
            return cairn_fail(err, CAIRN_INVALID, "%s: attribute %s.%s names policy rule '%s', which no table defines", api->service->name, r->name, a->name, a->read_policy);
        if (a->write_policy != NULL && !policy_known(api->env.policy, a->write_policy))
            return cairn_fail(err, CAIRN_INVALID, "%s: attribute %s.%s names policy rule '%s', which no table defines", api->service->name, r->name, a->name, a->write_policy);
    }
    for (const struct rest_attr *a = r->query; a != NULL && a->name != NULL; a++)
        if (a->read_policy != NULL && !policy_known(api->env.policy, a->read_policy))
            return cairn_fail(err, CAIRN_INVALID, "%s: query parameter %s of %s names policy rule '%s', which no table defines", api->service->name, a->name, r->plural,
                              a->read_policy);
    if (r->rules.all != NULL && !policy_known(api->env.policy, r->rules.all))
        return cairn_fail(err, CAIRN_INVALID, "%s: resource %s names policy rule '%s', which no table defines", api->service->name, r->name, r->rules.all);
    return 0;
}

/* Runs a statement that finds nothing: it prepares, or the table is wrong. */
static int
try_sql(const struct rest_api *api, const struct rest_resource *r, const char *what, const char *sql, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    CLEANUP_TX struct tx *tx = NULL;
    struct sql_value values[64];
    size_t n = 0;
    int ok;

    for (const char *s = sql; *s != '\0'; s++)
        n += *s == '?';
    for (size_t i = 0; i < n && i < ARRAY_LEN(values); i++)
        values[i] = (struct sql_value){ .type = 's', .p = "" };
    if (n > ARRAY_LEN(values))
        return cairn_fail(err, CAIRN_INVALID, "%s: %s of %s has too many parameters", api->service->name, what, r->name);
    if (tx_begin(api->env.catalog, TX_READ, &tx, err) < 0)
        return -1;
    ok = tx_query_v(tx, &rows, err, sql, values, n);
    if (ok == 0)
        ok = rows_next(rows, err);
    rows_close(steal(&rows));
    return ok < 0 ? cairn_error_context(err, "%s: %s of %s is no SQL: %s", api->service->name, what, r->name, sql) : 0;
}

static int
check_children(const struct rest_api *api, const struct rest_resource *r, struct cairn_error *err)
{
    for (const struct rest_child *k = r->children; k != NULL && k->name != NULL; k++) {
        const char *hole = strstr(k->sql, "%IDS%");
        CLEANUP_FREE char *sql = hole != NULL ? xasprintf("%.*s?%s", (int)(hole - k->sql), k->sql, hole + 5) : NULL;

        if (sql == NULL || (k->emit == NULL && k->emit_group == NULL))
            return cairn_fail(err, CAIRN_INVALID, "%s: child %s of %s lacks %%IDS%% or emit", api->service->name, k->name, r->name);
        if (try_sql(api, r, k->name, sql, err) < 0)
            return -1;
    }
    return 0;
}

static int
check_resource(const struct rest_api *api, const struct rest_resource *r, struct cairn_error *err)
{
    char from[128];
    CLEANUP_STR struct str sql = STR_INIT;

    if (r->attrs == NULL || (r->table == NULL && r->from == NULL) || r->path == NULL)
        return cairn_fail(err, CAIRN_INVALID, "%s: resource %s lacks attributes, table or path", api->service->name, r->name);
    if (r->table == NULL && (r->ops & (REST_CREATE_OP | REST_PUT_OP | REST_UPDATE_OP | REST_DELETE_OP)))
        return cairn_fail(err, CAIRN_INVALID, "%s: resource %s is written but has no table", api->service->name, r->name);
    if (check_rules(api, r, err) < 0)
        return -1;
    str_addf(&sql, "select %s, %s", resource_id(r), r->owner_column != NULL ? r->owner_column : "''");
    for (const struct rest_attr *a = r->attrs; a->name != NULL; a++)
        if ((a->flags & REST_NO_COLUMN) == 0)
            str_addf(&sql, ", %s", a->column != NULL ? a->column : a->name);
    if (r->columns != NULL)
        str_addf(&sql, ", %s", r->columns);
    str_addf(&sql, " from %s where 1 = 0", resource_from(r, from, sizeof from));
    for (const struct rest_attr *a = r->attrs; a->name != NULL; a++)
        if (a->filter != NULL)
            str_addf(&sql, " and (%s)", a->filter);
    for (const struct rest_attr *a = r->query; a != NULL && a->name != NULL; a++) {
        if ((a->flags & REST_NO_COLUMN) == 0)
            str_addf(&sql, " and %s is null", a->column != NULL ? a->column : a->name);
        if (a->filter != NULL)
            str_addf(&sql, " and (%s)", a->filter);
    }
    str_addf(&sql, " order by %s", r->default_sort != NULL ? r->default_sort : resource_id(r));
    if (try_sql(api, r, "the table", sql.text, err) < 0)
        return -1;
    return check_children(api, r, err);
}

static int
find_facts(struct rest_api *api, const struct rest_resource *r, struct cairn_error *err)
{
    struct facts *f = &api->facts[api->facts_count];
    CLEANUP_ROWS struct rows *rows = NULL;
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_FREE char *sql = NULL;

    f->resource = r;
    api->facts_count++;
    if (r->table == NULL)
        return 0;
    sql = xasprintf("select t.* from %s t where 1 = 0", r->table);
    if (tx_begin(api->env.catalog, TX_READ, &tx, err) < 0 || tx_query(tx, &rows, err, sql, "") < 0)
        return cairn_error_context(err, "%s: resource %s", api->service->name, r->name);
    f->created = rows_has(rows, "created_us");
    f->updated = rows_has(rows, "updated_us");
    f->revision = rows_has(rows, "revision");
    f->user = rows_has(rows, "user_id");
    rows_close(steal(&rows));
    return 0;
}

const struct facts *
rest_facts(const struct rest_api *api, const struct rest_resource *resource)
{
    static const struct facts none = { NULL, 0, 0, 0, 0 };

    for (size_t i = 0; i < api->facts_count; i++)
        if (api->facts[i].resource == resource)
            return &api->facts[i];
    return &none;
}

int
tables_check(struct rest_api *api, struct cairn_error *err)
{
    const struct rest_service *s = api->service;
    struct adding a = { api, err };
    size_t n = 0;

    if (s->policies != NULL && policy_add_defaults(api->env.policy, s->policies, err) < 0)
        return -1;
    while (s->resources != NULL && s->resources[n] != NULL)
        n++;
    api->facts = xcalloc(n + 1, sizeof *api->facts);
    for (size_t i = 0; i < n; i++)
        if (check_resource(api, s->resources[i], err) < 0 || find_facts(api, s->resources[i], err) < 0)
            return -1;
    return rest_each_variant(s, add_variant, &a) != 0 ? -1 : 0;
}
