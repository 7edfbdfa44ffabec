/* endpoint_filter.c: which endpoints a project's catalog shows: endpoint groups, and projects that endpoints or groups are given to.
 *
 * A project that nothing is given to sees all endpoints: see service_catalog.c. */
#include "config.h"
#include "identity/resources.h"

static const char *const interfaces[] = { "public", "internal", "admin", NULL };

static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, "/v3/OS-EP-FILTER/endpoint_groups", row_text(row, "id"));
}

static int
filters_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    static const char *const names[] = { "interface", "region_id", "service_id" };

    (void)call;
    (void)err;
    jo_object(out, "filters");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!row_null(row, names[i]))
            jo_str(out, names[i], row_text(row, names[i]));
    }
    jo_end_object(out);
    return 0;
}

static const struct rest_attr group_attrs[] = {
    { .name = "id",          .column = "t.id",          .type = REST_ID,     .flags = REST_READ },
    SAME_ID,
    { .name = "name",        .column = "t.name",        .type = REST_STRING, .flags = REST_WRITE | REST_REQUIRED | REST_FILTER, .min = 1, .max = 255 },
    { .name = "description", .column = "t.description", .type = REST_TEXT,   .flags = REST_WRITE | REST_NULL },
    { .name = "filters",     .type = REST_OBJECT, .flags = REST_WRITE | REST_REQUIRED | REST_NO_COLUMN, .emit = filters_emit },
    { .name = "service_id",  .column = "t.service_id",  .type = REST_STRING, .flags = REST_WRITE & ~REST_READ, .max = 64 },
    { .name = "region_id",   .column = "t.region_id",   .type = REST_STRING, .flags = REST_WRITE & ~REST_READ, .max = 255 },
    { .name = "interface",   .column = "t.interface",   .type = REST_STRING, .flags = REST_WRITE & ~REST_READ, .max = 16 },
    { .name = "links",       .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = links_emit },
    { .name = NULL }
};
static const struct rest_attr filters_body[] = {
    { .name = "service_id", .type = REST_STRING, .min = 1, .max = 64 },
    { .name = "region_id",  .type = REST_STRING, .min = 1, .max = 255 },
    { .name = "interface",  .type = REST_ENUM, .choices = interfaces },
    { .name = NULL }
};

/* "filters" becomes the columns that it stands for. */
static int
filters_fold(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    json_t *filters = json_object_get(body, "filters");

    for (const struct rest_attr *a = filters_body; a->name != NULL; a++)
        json_object_del(body, a->name);
    if (filters == NULL)
        return 0;
    if (json_object_size(filters) == 0)
        return cairn_fail(err, CAIRN_INVALID, "filters field is required and cannot be empty");
    if (rest_check(call, filters_body, filters, 0, "filters", err) < 0 || known_only(filters_body, 0, filters, err) < 0)
        return -1;
    for (const struct rest_attr *a = filters_body; a->name != NULL; a++) {
        json_t *value = json_object_get(filters, a->name);

        json_object_set_new(body, a->name, value != NULL ? json_incref(value) : json_null());
    }
    return 0;
}

static int
group_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    return filters_fold(call, body, err);
}

static int
group_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    (void)old;
    return filters_fold(call, body, err);
}

static int
group_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    const char *project = call->route != NULL ? rest_param(call, "project_id") : NULL;

    (void)err;
    if (project != NULL) {
        str_add(where, " and t.id in (select group_id from endpoint_group_projects where project_id = ?)");
        rest_push_text(values, project);
    }
    return narrow_common(call, &identity_endpoint_groups, where, values);
}

const struct rest_resource identity_endpoint_groups = {
    .name = "endpoint_group", .plural = "endpoint_groups", .noun = "endpoint group", .path = "/v3/OS-EP-FILTER/endpoint_groups", .table = "endpoint_groups",
    .visible = "1 = 1", .admin_all = 1, .attrs = group_attrs, .ops = REST_ALL_OPS, .update_method = "PATCH",
    .rules = { "identity:list_endpoint_groups", "identity:get_endpoint_group", "identity:create_endpoint_group", "identity:update_endpoint_group",
               "identity:delete_endpoint_group", NULL },
    .default_sort = "t.name, t.id", .before_create = group_before_create, .after_create = changed_hook, .before_update = group_before_update,
    .after_update = changed_hook, .after_delete = changed_hook_delete, .narrow = group_narrow,
    .columns = "t.interface, t.region_id, t.service_id",
};

/* --- what is given to whom: the two ends stand in the path */
struct given { const char *table, *column, *noun, *of, *id, *project; };

static struct given
given_of(const struct rest_call *call)
{
    const char *group = rest_param(call, "endpoint_group_id");

    return (struct given){
        .table = group != NULL ? "endpoint_group_projects" : "endpoint_projects",
        .column = group != NULL ? "group_id" : "endpoint_id",
        .noun = group != NULL ? "endpoint group" : "endpoint",
        .of = group != NULL ? "endpoint_groups" : "endpoints",
        .id = group != NULL ? group : rest_param(call, "endpoint_id"),
        .project = rest_param(call, "project_id"),
    };
}

static int
ends_exist(struct rest_call *call, const struct given *g, struct cairn_error *err)
{
    if (g->id != NULL && must_exist(call->tx, g->noun, g->of, g->id, err) < 0)
        return -1;
    return g->project != NULL ? must_exist(call->tx, "project", "projects", g->project, err) : 0;
}

static int
given_check(struct rest_call *call, struct cairn_error *err)
{
    struct given g = given_of(call);
    CLEANUP_FREE char *sql = xasprintf("select 1 from %s where %s = ? and project_id = ?", g.table, g.column);
    int64_t found;

    if (ends_exist(call, &g, err) < 0 || tx_int(call->tx, &found, 0, err, sql, "ss", g.id, g.project) < 0)
        return -1;
    return found ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "The %s %.80s is not associated with project %.80s.", g.noun, g.id, g.project);
}

static int
given_put(struct rest_call *call, struct cairn_error *err)
{
    struct given g = given_of(call);
    CLEANUP_FREE char *sql = xasprintf("insert into %s (%s, project_id) values (?, ?) on conflict (%s, project_id) do nothing", g.table, g.column, g.column);

    if (ends_exist(call, &g, err) < 0 || tx_exec(call->tx, err, sql, "ss", g.id, g.project) < 0)
        return -1;
    return identity_changed(call->tx, err);
}

static int
given_delete(struct rest_call *call, struct cairn_error *err)
{
    struct given g = given_of(call);
    CLEANUP_FREE char *sql = xasprintf("delete from %s where %s = ? and project_id = ?", g.table, g.column);

    if (given_check(call, err) < 0 || tx_exec(call->tx, err, sql, "ss", g.id, g.project) < 0)
        return -1;
    return identity_changed(call->tx, err);
}

static int
group_in_project_show(struct rest_call *call, struct cairn_error *err)
{
    const char *group = rest_param(call, "endpoint_group_id"), *project = rest_param(call, "project_id");
    CLEANUP_FREE char *url = NULL;

    if (given_check(call, err) < 0)
        return -1;
    url = rest_url(call, "/v3/OS-EP-FILTER/endpoint_groups/%s/projects/%s", group, project);
    jo_object(call->out, NULL);
    jo_object(call->out, "project_endpoint_group");
    jo_str(call->out, "endpoint_group_id", group);
    jo_str(call->out, "project_id", project);
    jo_object(call->out, "links");
    jo_str(call->out, "self", url);
    jo_end_object(call->out);
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

/* --- lists: their conditions are in the narrow() of what is listed */
#define IN_GROUP "(g.service_id is null or g.service_id = t.service_id) and (g.region_id is null or g.region_id = t.region_id)" \
    " and (g.interface is null or g.interface = t.interface)"

void
endpoint_filter_narrow(struct rest_call *call, struct str *where, struct rest_values *values)
{
    const char *group = rest_param(call, "endpoint_group_id"), *project = rest_param(call, "project_id");

    if (group != NULL) {
        str_add(where, " and exists (select 1 from endpoint_groups g where g.id = ? and " IN_GROUP ")");
        rest_push_text(values, group);
    } else if (project != NULL) {
        str_add(where, " and (t.id in (select endpoint_id from endpoint_projects where project_id = ?)"
                       " or exists (select 1 from endpoint_group_projects x join endpoint_groups g on g.id = x.group_id where x.project_id = ? and " IN_GROUP "))");
        rest_push_text(values, project);
        rest_push_text(values, project);
    }
}

int
endpoint_filter_projects(struct rest_call *call, struct str *where, struct rest_values *values)
{
    struct given g = given_of(call);

    if (g.id == NULL)
        return 0;
    str_addf(where, " and t.id in (select project_id from %s where %s = ?)", g.table, g.column);
    rest_push_text(values, g.id);
    return 1;
}

static int
list_of(struct rest_call *call, const struct rest_resource *resource, struct cairn_error *err)
{
    struct given g = given_of(call);

    return ends_exist(call, &g, err) < 0 ? -1 : rest_list(call, resource, 1, err);
}

static int
list_projects(struct rest_call *call, struct cairn_error *err)
{
    return list_of(call, &identity_projects, err);
}

static int
list_endpoints(struct rest_call *call, struct cairn_error *err)
{
    return list_of(call, &identity_endpoints, err);
}

static int
list_groups(struct rest_call *call, struct cairn_error *err)
{
    return list_of(call, &identity_endpoint_groups, err);
}

#define FILTER "/v3/OS-EP-FILTER"
#define GROUP FILTER "/endpoint_groups/{endpoint_group_id}"
#define PROJECT FILTER "/projects/{project_id}"
const struct rest_route identity_endpoint_filter_routes[] = {
    { .method = "GET",    .path = GROUP "/endpoints", .rule = "identity:list_endpoints_associated_with_endpoint_group", .status = 200, .handle = list_endpoints },
    { .method = "GET",    .path = GROUP "/projects", .rule = "identity:list_projects_associated_with_endpoint_group", .status = 200, .handle = list_projects },
    { .method = "GET",    .path = GROUP "/projects/{project_id}", .rule = "identity:get_endpoint_group_in_project", .status = 200, .handle = group_in_project_show },
    { .method = "PUT",    .path = GROUP "/projects/{project_id}", .rule = "identity:add_endpoint_group_to_project", .status = 204, .handle = given_put },
    { .method = "DELETE", .path = GROUP "/projects/{project_id}", .rule = "identity:remove_endpoint_group_from_project", .status = 204, .handle = given_delete },
    { .method = "GET",    .path = FILTER "/endpoints/{endpoint_id}/projects", .rule = "identity:list_projects_for_endpoint", .status = 200, .handle = list_projects },
    { .method = "GET",    .path = PROJECT "/endpoint_groups", .rule = "identity:list_endpoint_groups_for_project", .status = 200, .handle = list_groups },
    { .method = "GET",    .path = PROJECT "/endpoints", .rule = "identity:list_endpoints_for_project", .status = 200, .handle = list_endpoints },
    { .method = "GET",    .path = PROJECT "/endpoints/{endpoint_id}", .rule = "identity:check_endpoint_in_project", .status = 204, .handle = given_check },
    { .method = "PUT",    .path = PROJECT "/endpoints/{endpoint_id}", .rule = "identity:add_endpoint_to_project", .status = 204, .handle = given_put },
    { .method = "DELETE", .path = PROJECT "/endpoints/{endpoint_id}", .rule = "identity:remove_endpoint_from_project", .status = 204, .handle = given_delete },
    { .method = NULL }
};
