/* limits.c: the resources "registered_limits" (what a resource is limited to unless said otherwise) and "limits" (said otherwise, for one project or domain).
 *
 * Services read them and enforce them; this one keeps them true to its enforcement model: "flat" compares nothing, "strict_two_level" keeps a
 * project's limit within that of its parent. */
#include "config.h"
#include "identity/resources.h"

#include "base/clock.h"
#include "base/ids.h"

#define LIMIT_MAX 0x7fffffff
#define BATCH_MAX 500               /* limits that one request makes */

/* --- registered limits */
static int
registered_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, "/v3/registered_limits", row_text(row, "id"));
}

static const struct rest_attr registered_attrs[] = {
    { .name = "id",            .column = "t.id",            .type = REST_ID,     .flags = REST_READ },
    SAME_ID,
    { .name = "service_id",    .column = "t.service_id",    .type = REST_STRING, .flags = REST_READ | REST_UPDATE | REST_FILTER, .max = 64 },
    { .name = "region_id",     .column = "t.region_id",     .type = REST_STRING, .flags = REST_READ | REST_UPDATE | REST_NULL | REST_FILTER, .max = 255 },
    { .name = "resource_name", .column = "t.resource_name", .type = REST_STRING, .flags = REST_READ | REST_UPDATE | REST_FILTER, .min = 1, .max = 255 },
    { .name = "default_limit", .column = "t.default_limit", .type = REST_INT,    .flags = REST_READ | REST_UPDATE, .min = -1, .max = LIMIT_MAX },
    { .name = "description",   .column = "t.description",   .type = REST_TEXT,   .flags = REST_READ | REST_UPDATE | REST_NULL },
    { .name = "links", .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = registered_links },
    { .name = NULL }
};
static const struct rest_attr registered_item[] = {
    { .name = "service_id",    .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .max = 64 },
    { .name = "region_id",     .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 255 },
    { .name = "resource_name", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255 },
    { .name = "default_limit", .type = REST_INT,    .flags = REST_CREATE | REST_REQUIRED, .min = -1, .max = LIMIT_MAX },
    { .name = "description",   .type = REST_TEXT,   .flags = REST_CREATE | REST_NULL },
    { .name = NULL }
};
static const struct rest_attr registered_body[] = {
    { .name = "registered_limits", .type = REST_LIST, .of = registered_item, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = BATCH_MAX },
    { .name = NULL }
};

/* What a limit names must be there; a mistake of the body, not of the path. */
static int
named_exists(struct rest_call *call, const json_t *body, const char *key, const char *table, struct cairn_error *err)
{
    const char *id = json_str(body, key);

    if (id == NULL || must_exist(call->tx, key, table, id, err) == 0)
        return 0;
    if (err->code != CAIRN_NOT_FOUND)
        return -1;
    return cairn_fail(err, CAIRN_INVALID, "Expecting to find valid %s in the limit: there is no '%.80s'.", key, id);
}

static int
service_and_region_exist(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    return named_exists(call, body, "service_id", "services", err) < 0 || named_exists(call, body, "region_id", "regions", err) < 0 ? -1 : 0;
}

static int
registered_is_free(struct rest_call *call, const char *id, struct cairn_error *err)
{
    int64_t used;

    if (tx_int(call->tx, &used, 0, err, "select count(*) from limits where registered_limit_id = ?", "s", id) < 0)
        return -1;
    return used == 0 ? 0 : cairn_fail(err, CAIRN_DENIED, "Unable to update or delete registered limit %.80s because there are project or domain limits that refer to it.", id);
}

static int
registered_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    return known_only(registered_attrs, REST_UPDATE, json_object_get(call->document, "registered_limit"), err) < 0 || service_and_region_exist(call, body, err) < 0 ? -1 : registered_is_free(call, row_text(old, "id"), err);
}

static int
registered_before_delete(struct rest_call *call, struct rows *old, struct cairn_error *err)
{
    return registered_is_free(call, row_text(old, "id"), err);
}

static int
registered_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    (void)err;
    return narrow_common(call, &identity_registered_limits, where, values);
}

const struct rest_resource identity_registered_limits = {
    .name = "registered_limit", .plural = "registered_limits", .noun = "registered limit", .path = "/v3/registered_limits", .table = "registered_limits",
    .visible = "1 = 1", .admin_all = 1, .attrs = registered_attrs, .ops = REST_LIST_OP | REST_SHOW_OP | REST_UPDATE_OP | REST_DELETE_OP, .update_method = "PATCH",
    .rules = { "identity:list_registered_limits", "identity:get_registered_limit", NULL, "identity:update_registered_limit", "identity:delete_registered_limit", NULL },
    .default_sort = "t.service_id, t.resource_name, t.id", .before_update = registered_before_update, .before_delete = registered_before_delete,
    .narrow = registered_narrow,
};

/* Writes {"KEY": [...]} of what was made; 'ids' are JSON strings. */
static int
write_made(struct rest_call *call, const struct rest_resource *resource, const json_t *ids, struct cairn_error *err)
{
    size_t i;
    json_t *id;

    jo_object(call->out, NULL);
    jo_array(call->out, resource->plural);
    json_array_foreach((json_t *)(uintptr_t)ids, i, id) {
        if (rest_emit_object(call, resource, NULL, json_string_value(id), err) < 0)
            return -1;
    }
    jo_end_array(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
registered_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *made = json_array();
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)(uintptr_t)rest_value(call, "registered_limits"), i, item) {
        char id[ID_HEX];

        if (known_only(registered_item, 0, item, err) < 0 || service_and_region_exist(call, item, err) < 0)
            return -1;
        id_hex(id);
        if (tx_exec(call->tx, err,
                    "insert into registered_limits (id, service_id, region_id, resource_name, default_limit, description, created_us) values (?, ?, ?, ?, ?, ?, ?)",
                    "ssssisi", id, json_str(item, "service_id"), json_str(item, "region_id"), json_str(item, "resource_name"),
                    json_int(item, "default_limit", 0), json_str(item, "description"), clock_us()) < 0)
            return err->code != CAIRN_EXISTS ? -1
                   : cairn_fail(err, CAIRN_EXISTS, "Conflict occurred attempting to store registered_limit - %s has a limit for this service and region already.",
                                json_str(item, "resource_name"));
        json_array_append_new(made, json_string(id));
    }
    return write_made(call, &identity_registered_limits, made, err);
}

/* --- limits */
static int
limit_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, "/v3/limits", row_text(row, "id"));
}

static const struct rest_attr limit_attrs[] = {
    { .name = "id",             .column = "t.id",             .type = REST_ID,     .flags = REST_READ },
    SAME_ID,
    { .name = "project_id",     .column = "t.project_id",     .type = REST_STRING, .flags = REST_READ | REST_FILTER },
    { .name = "domain_id",      .column = "t.domain_id",      .type = REST_STRING, .flags = REST_READ | REST_FILTER },
    { .name = "service_id",     .column = "r.service_id",     .type = REST_STRING, .flags = REST_READ | REST_FILTER },
    { .name = "region_id",      .column = "r.region_id",      .type = REST_STRING, .flags = REST_READ | REST_FILTER },
    { .name = "resource_name",  .column = "r.resource_name",  .type = REST_STRING, .flags = REST_READ | REST_FILTER },
    { .name = "resource_limit", .column = "t.resource_limit", .type = REST_INT,    .flags = REST_READ | REST_UPDATE, .min = -1, .max = LIMIT_MAX },
    { .name = "description",    .column = "t.description",    .type = REST_TEXT,   .flags = REST_READ | REST_UPDATE | REST_NULL },
    FIXED("project_id"), FIXED("domain_id"), FIXED("service_id"), FIXED("region_id"), FIXED("resource_name"),
    { .name = "domain.id",         .column = "t.domain_id",   .type = REST_STRING, .flags = 0 },       /* for policy targets */
    { .name = "project.domain_id", .column = "p.domain_id",   .type = REST_STRING, .flags = 0 },
    { .name = "links", .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = limit_links },
    { .name = NULL }
};
static const struct rest_attr limit_item[] = {
    { .name = "project_id",     .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 64 },
    { .name = "domain_id",      .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 64 },
    { .name = "service_id",     .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .max = 64 },
    { .name = "region_id",      .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 255 },
    { .name = "resource_name",  .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255 },
    { .name = "resource_limit", .type = REST_INT,    .flags = REST_CREATE | REST_REQUIRED, .min = -1, .max = LIMIT_MAX },
    { .name = "description",    .type = REST_TEXT,   .flags = REST_CREATE | REST_NULL },
    { .name = NULL }
};
static const struct rest_attr limit_body[] = {
    { .name = "limits", .type = REST_LIST, .of = limit_item, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = BATCH_MAX }, { .name = NULL }
};

/* A project's is never above that of what it stands below, which is a domain or a project, and has the default unless said otherwise; -1 is
 * any number. */
static int
within_model(struct rest_call *call, const char *id, struct cairn_error *err)
{
    int64_t broken;

    if (!identity_state.strict_two_level)
        return 0;
    if (tx_int(call->tx, &broken, 0, err,
               "select count(*) from limits c join projects p on p.id = c.project_id join registered_limits r on r.id = c.registered_limit_id"
               " left join limits d on d.registered_limit_id = c.registered_limit_id and (d.project_id = p.parent_id or (p.parent_id is null and d.domain_id = p.domain_id))"
               " where (c.id = ? or d.id = ?) and coalesce(d.resource_limit, r.default_limit) <> -1"
               " and (c.resource_limit = -1 or c.resource_limit > coalesce(d.resource_limit, r.default_limit))", "ss", id, id) < 0)
        return -1;
    return broken == 0 ? 0 : cairn_fail(err, CAIRN_DENIED, "Invalid resource limit: it does not satisfy the current hierarchy model: a limit may not be above that of the parent.");
}

static int
limit_after_update(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    (void)body;
    return within_model(call, row_text(call->object, "id"), err);
}

static int
limit_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    (void)old;
    (void)body;
    return known_only(limit_attrs, REST_UPDATE, json_object_get(call->document, "limit"), err);
}

/* GET /limits shows everybody their own; a domain's token the domain's. */
static int
limit_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    const struct auth *who = call->auth;

    (void)err;
    if (!rest_allowed(call, "identity:list_limits_of_all")) {
        if (who->scope == AUTH_DOMAIN) {
            str_add(where, " and (t.domain_id = ? or p.domain_id = ?)");
            rest_push_text(values, who->domain_id);
            rest_push_text(values, who->domain_id);
        } else {
            str_add(where, " and t.project_id = ?");
            rest_push_text(values, who->project_id);
        }
    }
    return 0;
}

const struct rest_resource identity_limits = {
    .name = "limit", .plural = "limits", .noun = "limit", .path = "/v3/limits", .table = "limits",
    .from = "limits t join registered_limits r on r.id = t.registered_limit_id left join projects p on p.id = t.project_id",
    .visible = "1 = 1", .admin_all = 1, .attrs = limit_attrs, .ops = REST_LIST_OP | REST_SHOW_OP | REST_UPDATE_OP | REST_DELETE_OP, .update_method = "PATCH",
    .rules = { "identity:list_limits", "identity:get_limit", NULL, "identity:update_limit", "identity:delete_limit", NULL },
    .default_sort = "t.id", .before_update = limit_before_update, .after_update = limit_after_update, .narrow = limit_narrow,
};

/* A project that is a domain is meant as the domain. */
static int
whose(struct rest_call *call, json_t *item, struct cairn_error *err)
{
    const char *project = json_str(item, "project_id"), *domain = json_str(item, "domain_id");
    int64_t is_domain = 0;

    if ((project == NULL) == (domain == NULL))
        return cairn_fail(err, CAIRN_INVALID, "A limit is for a project or for a domain: one of project_id and domain_id is required.");
    if (project != NULL && tx_int(call->tx, &is_domain, 0, err, "select 1 from domains where id = ?", "s", project) < 0)
        return -1;
    if (is_domain) {
        json_object_set(item, "domain_id", json_object_get(item, "project_id"));
        json_object_del(item, "project_id");
    }
    return named_exists(call, item, "project_id", "projects", err) < 0 || named_exists(call, item, "domain_id", "domains", err) < 0 ? -1 : 0;
}

static int
limit_create_one(struct rest_call *call, json_t *item, const char *id, struct cairn_error *err)
{
    CLEANUP_FREE char *registered = NULL;
    const char *region = json_str(item, "region_id");

    if (known_only(limit_item, 0, item, err) < 0 || service_and_region_exist(call, item, err) < 0 || whose(call, item, err) < 0)
        return -1;
    if (tx_text(call->tx, &registered, err, "select id from registered_limits where service_id = ? and coalesce(region_id, '') = ? and resource_name = ?", "sss",
                json_str(item, "service_id"), region != NULL ? region : "", json_str(item, "resource_name")) < 0)
        return -1;
    if (registered == NULL)
        return cairn_fail(err, CAIRN_DENIED, "Unable to create a limit that has no corresponding registered limit: %s.", json_str(item, "resource_name"));
    if (tx_exec(call->tx, err, "insert into limits (id, registered_limit_id, project_id, domain_id, resource_limit, description, created_us) values (?, ?, ?, ?, ?, ?, ?)",
                "ssssisi", id, registered, json_str(item, "project_id"), json_str(item, "domain_id"), json_int(item, "resource_limit", 0),
                json_str(item, "description"), clock_us()) < 0)
        return err->code != CAIRN_EXISTS ? -1
               : cairn_fail(err, CAIRN_EXISTS, "Conflict occurred attempting to store limit - this project or domain has a limit for %s already.",
                            json_str(item, "resource_name"));
    return 0;
}

static int
limits_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *made = json_array();
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)(uintptr_t)rest_value(call, "limits"), i, item) {
        char id[ID_HEX];

        id_hex(id);
        if (limit_create_one(call, item, id, err) < 0)
            return -1;
        json_array_append_new(made, json_string(id));
    }
    json_array_foreach(made, i, item) {         /* once all are there: one request may raise a domain's and its projects' */
        if (within_model(call, json_string_value(item), err) < 0)
            return -1;
    }
    return write_made(call, &identity_limits, made, err);
}

static int
model_show(struct rest_call *call, struct cairn_error *err)
{
    int strict = identity_state.strict_two_level;

    (void)err;
    jo_object(call->out, NULL);
    jo_object(call->out, "model");
    jo_str(call->out, "name", strict ? "strict_two_level" : "flat");
    jo_str(call->out, "description", strict ? "At most two levels of projects: the limit of a project is never above that of its parent."
                                            : "Limits are compared with nothing: what each project may use does not depend on where it is in the hierarchy.");
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

const struct rest_route identity_limit_routes[] = {
    { .method = "POST", .path = "/v3/registered_limits", .rule = "identity:create_registered_limits", .status = 201, .body = registered_body, .handle = registered_create },
    { .method = "POST", .path = "/v3/limits", .rule = "identity:create_limits", .status = 201, .body = limit_body, .handle = limits_create },
    { .method = "GET",  .path = "/v3/limits/model", .rule = "identity:get_limit_model", .status = 200, .handle = model_show },
    { .method = NULL }
};
