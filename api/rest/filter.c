/* filter.c: conditions of a list, from its query parameters. */
#include <config.h>
#include "rest/engine.h"

#include <string.h>

int
query_is_paging(const struct rest_service *service, const char *name)
{
    static const char *const names[] = { "limit", "marker", "sort_key", "sort_dir" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return 1;
    if (service->paging == REST_PAGE_NEUTRON)
        return strcmp(name, "fields") == 0 || strcmp(name, "page_reverse") == 0;
    return service->paging == REST_PAGE_GLANCE && strcmp(name, "sort") == 0;
}

int
query_is_strict(const struct rest_call *call)
{
    struct rest_version since = call->route != NULL && call->route->strict_since.major != 0 ? call->route->strict_since : call->service->strict_since;

    return call->service->strict_query && version_cmp(call->version, since) >= 0;
}

static int
one(const struct rest_resource *r, const struct rest_attr *a, const char *value, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    char plain[64];
    const char *column = a->column != NULL ? a->column : a->name;
    const char *prefix = r->table != NULL && column_plain(a, plain, sizeof plain) != NULL && strncmp(column, "t.", 2) != 0 ? "t." : "";

    if (a->filter != NULL) {
        str_addf(where, "(%s)", a->filter);
        return schema_text_value(a, value, values, err);
    }
    if (a->flags & REST_REGEX) {
        if (catalog_check_pattern(value, err) < 0)
            return cairn_error_context(err, "Invalid input for query parameter %s", a->name);
        str_addf(where, "regexp_like(%s%s, ?, 'i')", prefix, column);
        rest_push_text(values, value);
        return 0;
    }
    str_addf(where, "%s%s = ?", prefix, column);
    return schema_text_value(a, value, values, err);
}

static int
is_ignored(const struct rest_resource *r, const char *name)
{
    for (size_t i = 0; r->ignored_query != NULL && r->ignored_query[i] != NULL; i++)
        if (strcmp(r->ignored_query[i], name) == 0)
            return 1;
    return r->admin_all == 2 && (strcmp(name, "all_tenants") == 0 || strcmp(name, "all_projects") == 0);
}

/* A repeated parameter means any of its values; different ones must all hold. */
int
filter_apply(struct rest_call *call, const struct rest_resource *r, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    struct call *c = call_of(call);

    for (size_t i = 0; i < c->query_count; i++) {
        const char *name = c->query_names[i];
        const struct rest_attr *a = attr_query(r, name, call->version, REST_FILTER);
        int seen = 0;

        for (size_t j = 0; j < i; j++)
            seen |= strcmp(c->query_names[j], name) == 0;
        if (seen)
            continue;
        if (a == NULL) {
            if (query_is_paging(call->service, name) || is_ignored(r, name) || (r->tags_type != NULL && tags_is_filter(name)) || !query_is_strict(call))
                continue;
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameters. Additional properties are not allowed ('%.60s' was unexpected)", name);
        }
        if (a->read_policy != NULL && !target_allowed(call, a->read_policy, NULL, NULL, NULL))
            continue;                   /* no answer by filtering to what is not shown */
        str_add(where, " and (");
        for (size_t j = i; j < c->query_count; j++) {
            if (strcmp(c->query_names[j], name) != 0)
                continue;
            if (j > i)
                str_add(where, " or ");
            if (one(r, a, c->query_values[j], where, values, err) < 0)
                return -1;
        }
        str_add(where, ")");
    }
    if (r->tags_type != NULL)
        tags_filter(call, r, where, values);
    return 0;
}
