/* regions.c: the resources "regions", "services" and "endpoints": what the service catalog is made of. */
#include "config.h"
#include "identity/resources.h"

#include "base/ids.h"
#include "identity/service_catalog.h"

/* --- regions: the client may choose the id */
static int
region_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, "/v3/regions", row_text(row, "id"));
}

static const struct rest_attr region_attrs[] = {
    { .name = "id",               .column = "t.id",          .type = REST_STRING, .flags = REST_READ },
    SAME_ID,
    { .name = "description",      .column = "t.description", .type = REST_TEXT,   .flags = REST_WRITE | REST_NULL, .dflt = "\"\"" },
    { .name = "parent_region_id", .column = "t.parent_id",   .type = REST_STRING, .flags = REST_WRITE | REST_NULL | REST_FILTER, .max = 255 },
    { .name = "extra",            .column = "t.extra",       .type = REST_JSON,   .flags = REST_WRITE, .emit = extra_emit },
    { .name = "links",            .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = region_links },
    { .name = NULL }
};
static const struct rest_attr region_create_attrs[] = {
    { .name = "id",               .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 255 },
    { .name = "description",      .type = REST_TEXT,   .flags = REST_CREATE | REST_NULL },
    { .name = "parent_region_id", .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 255 },
    { .name = NULL }
};

/* A parent that is there, and not below the region itself. */
static int
region_parent_ok(struct rest_call *call, const char *id, const char *parent, struct cairn_error *err)
{
    int64_t below;

    if (parent == NULL)
        return 0;
    if (must_exist(call->tx, "region", "regions", parent, err) < 0)
        return -1;
    if (tx_int(call->tx, &below, 0, err,
               "with recursive up(id, parent_id) as (select id, parent_id from regions where id = ?"
               " union select r.id, r.parent_id from regions r join up on r.id = up.parent_id) select 1 from up where id = ?", "ss", parent, id) < 0)
        return -1;
    return below ? cairn_fail(err, CAIRN_CONFLICT, "Region %s cannot be below itself.", id) : 0;
}

static int
region_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    null_is_empty(body, "description");
    return region_parent_ok(call, row_text(old, "id"), json_str(body, "parent_region_id"), err) < 0 ? -1 : extra_fold(region_attrs, old, body, err);
}

static int
region_before_delete(struct rest_call *call, struct rows *old, struct cairn_error *err)
{
    int64_t used;

    if (tx_int(call->tx, &used, 0, err, "select count(*) from regions where parent_id = ?", "s", row_text(old, "id")) < 0)
        return -1;
    if (used > 0)
        return cairn_fail(err, CAIRN_DENIED, "Unable to delete region %s because it has regions below it.", row_text(old, "id"));
    if (tx_int(call->tx, &used, 0, err, "select count(*) from endpoints where region_id = ?", "s", row_text(old, "id")) < 0)
        return -1;
    if (used > 0)
        return cairn_fail(err, CAIRN_DENIED, "Unable to delete region %s because it has endpoints.", row_text(old, "id"));
    return 0;
}

static int
region_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    (void)err;
    return narrow_common(call, &identity_regions, where, values);
}

const struct rest_resource identity_regions = {
    .name = "region", .plural = "regions", .noun = "region", .path = "/v3/regions", .table = "regions", .visible = "1 = 1", .admin_all = 1,
    .attrs = region_attrs, .ops = REST_LIST_OP | REST_SHOW_OP | REST_UPDATE_OP | REST_DELETE_OP, .update_method = "PATCH",
    .rules = { "identity:list_regions", "identity:get_region", NULL, "identity:update_region", "identity:delete_region", NULL },
    .default_sort = "t.id", .before_update = region_before_update, .after_update = changed_hook, .before_delete = region_before_delete,
    .after_delete = changed_hook_delete, .narrow = region_narrow,
};

/* POST /regions, with an id in the body or one of ours, and PUT /regions/{region_id}. */
static int
region_create(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "region_id"), *wish = rest_str(call, "id"), *parent = rest_str(call, "parent_region_id");
    CLEANUP_JSON json_t *body = json_deep_copy(call->body);
    CLEANUP_FREE char *extra = NULL;
    char fresh[ID_HEX];

    if (id != NULL && wish != NULL && strcmp(id, wish) != 0)
        return cairn_fail(err, CAIRN_INVALID, "The region's id in the body, '%s', is not the one in the URL.", wish);
    if (id == NULL && wish != NULL && wish[0] != '\0')
        id = wish;
    if (id == NULL) {
        id_hex(fresh);
        id = fresh;
    }
    if (strlen(id) > 255 || strchr(id, '/') != NULL)
        return cairn_fail(err, CAIRN_INVALID, "A region's id has at most 255 characters and no slash.");
    if (region_parent_ok(call, id, parent, err) < 0)
        return -1;
    json_object_del(body, "id");
    json_object_del(body, "description");
    json_object_del(body, "parent_region_id");
    json_object_del(body, "links");
    extra = json_text(body);
    if (tx_exec(call->tx, err, "insert into regions (id, parent_id, description, extra) values (?, ?, ?, ?)", "ssss", id, parent,
                rest_str(call, "description") != NULL ? rest_str(call, "description") : "", extra) < 0) {
        if (err->code == CAIRN_EXISTS)
            return cairn_fail(err, CAIRN_EXISTS, "Conflict occurred attempting to store region - Duplicate ID, %s.", id);
        return -1;
    }
    if (identity_changed(call->tx, err) < 0)
        return -1;
    return rest_emit_object(call, &identity_regions, "region", id, err);
}

const struct rest_route identity_region_routes[] = {
    { .method = "POST", .path = "/v3/regions", .rule = "identity:create_region", .status = 201, .body = region_create_attrs, .body_key = "region", .handle = region_create },
    { .method = "PUT", .path = "/v3/regions/{region_id}", .rule = "identity:create_region", .status = 201, .body = region_create_attrs, .body_key = "region", .handle = region_create },
    { .method = NULL }
};

/* --- services */
static int
service_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, "/v3/services", row_text(row, "id"));
}

static const struct rest_attr service_attrs[] = {
    { .name = "id",          .column = "t.id",          .type = REST_ID,     .flags = REST_READ },
    SAME_ID,
    { .name = "type",        .column = "t.type",        .type = REST_STRING, .flags = REST_WRITE | REST_REQUIRED | REST_FILTER | REST_SORT, .min = 1, .max = 255 },
    { .name = "name",        .column = "t.name",        .type = REST_STRING, .flags = REST_WRITE | REST_NULL | REST_FILTER | REST_HIDDEN_NULL, .max = 255 },
    { .name = "description", .column = "t.description", .type = REST_TEXT,   .flags = REST_WRITE | REST_NULL | REST_HIDDEN_NULL },
    { .name = "enabled",     .column = "t.enabled",     .type = REST_BOOL,   .flags = REST_WRITE, .dflt = "true" },
    { .name = "extra",       .column = "t.extra",       .type = REST_JSON,   .flags = REST_WRITE, .emit = extra_emit },
    { .name = "links",       .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = service_links },
    { .name = NULL }
};

static int
service_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    (void)call;
    return extra_fold(service_attrs, NULL, body, err);
}

static int
service_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    (void)call;
    return extra_fold(service_attrs, old, body, err);
}

static int
service_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    (void)err;
    return narrow_common(call, &identity_services, where, values);
}

const struct rest_resource identity_services = {
    .name = "service", .plural = "services", .noun = "service", .path = "/v3/services", .table = "services", .visible = "1 = 1", .admin_all = 1,
    .attrs = service_attrs, .ops = REST_LIST_OP | REST_SHOW_OP | REST_CREATE_OP | REST_UPDATE_OP | REST_DELETE_OP, .update_method = "PATCH",
    .rules = { "identity:list_services", "identity:get_service", "identity:create_service", "identity:update_service", "identity:delete_service", NULL },
    .default_sort = "t.type, t.id", .before_create = service_before_create, .after_create = changed_hook, .before_update = service_before_update,
    .after_update = changed_hook, .after_delete = changed_hook_delete, .narrow = service_narrow,
};

/* --- endpoints */
static const char *const interfaces[] = { "public", "internal", "admin", NULL };

static int
endpoint_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, "/v3/endpoints", row_text(row, "id"));
}

static int
url_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    (void)call;
    return service_url_check(json_string_value(value), err);
}

/* "region" is the old spelling: written like region_id, shown beside it. */
static int
region_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_str(out, "region", row_text(row, "region_id"));
    return 0;
}

static const struct rest_attr endpoint_attrs[] = {
    { .name = "id",         .column = "t.id",         .type = REST_ID,     .flags = REST_READ },
    SAME_ID,
    { .name = "interface",  .column = "t.interface",  .type = REST_ENUM,   .flags = REST_WRITE | REST_REQUIRED | REST_FILTER, .choices = interfaces },
    { .name = "service_id", .column = "t.service_id", .type = REST_STRING, .flags = REST_WRITE | REST_REQUIRED | REST_FILTER, .max = 64 },
    { .name = "region_id",  .column = "t.region_id",  .type = REST_STRING, .flags = REST_WRITE | REST_NULL | REST_FILTER, .max = 255 },
    { .name = "region",     .type = REST_STRING, .flags = REST_WRITE | REST_NULL | REST_NO_COLUMN, .max = 255, .emit = region_emit },
    { .name = "url",        .column = "t.url",        .type = REST_TEXT,   .flags = REST_WRITE | REST_REQUIRED, .min = 1, .max = 2048, .check = url_check },
    { .name = "enabled",    .column = "t.enabled",    .type = REST_BOOL,   .flags = REST_WRITE, .dflt = "true" },
    { .name = "extra",      .column = "t.extra",      .type = REST_JSON,   .flags = REST_WRITE, .emit = extra_emit },
    { .name = "links",      .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = endpoint_links },
    { .name = NULL }
};

/* A region given by the old spelling is made when it is not there; one given by region_id must be there. */
static int
endpoint_fold(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    const char *region = json_str(body, "region"), *region_id = json_str(body, "region_id"), *service = json_str(body, "service_id");

    if (service != NULL && must_exist(call->tx, "service", "services", service, err) < 0)
        return err->code == CAIRN_NOT_FOUND ? cairn_fail(err, CAIRN_INVALID, "Could not find service: %.80s.", service) : -1;
    if (region_id != NULL && must_exist(call->tx, "region", "regions", region_id, err) < 0)
        return err->code == CAIRN_NOT_FOUND ? cairn_fail(err, CAIRN_INVALID, "Could not find region: %.80s.", region_id) : -1;
    if (region != NULL && region_id == NULL) {
        if (tx_exec(call->tx, err, "insert into regions (id, parent_id, description) values (?, null, '') on conflict (id) do nothing", "s", region) < 0)
            return -1;
        json_object_set_new(body, "region_id", json_string(region));
    }
    json_object_del(body, "region");
    return 0;
}

static int
endpoint_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    return endpoint_fold(call, body, err) < 0 ? -1 : extra_fold(endpoint_attrs, NULL, body, err);
}

static int
endpoint_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    if (endpoint_fold(call, body, err) < 0 || extra_fold(endpoint_attrs, old, body, err) < 0)
        return -1;
    if (json_str(body, "url") == NULL)
        return 0;
    /* An operator's own address does not follow the cloud's any more: see bootstrap.c. */
    if (json_object_get(body, "extra") == NULL)
        json_object_set_new(body, "extra", json_of_column(row_text(old, "extra")));
    json_object_del(json_object_get(body, "extra"), ENDPOINT_MARK);
    return 0;
}

static int
endpoint_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    (void)err;
    if (call->route != NULL && rest_param(call, "policy_id") != NULL)
        policy_endpoints_narrow(rest_param(call, "policy_id"), where, values);
    else if (call->route != NULL)
        endpoint_filter_narrow(call, where, values);
    return narrow_common(call, &identity_endpoints, where, values);
}

const struct rest_resource identity_endpoints = {
    .name = "endpoint", .plural = "endpoints", .noun = "endpoint", .path = "/v3/endpoints", .table = "endpoints", .visible = "1 = 1", .admin_all = 1,
    .tells_unknown = 1, .attrs = endpoint_attrs, .ops = REST_LIST_OP | REST_SHOW_OP | REST_CREATE_OP | REST_UPDATE_OP | REST_DELETE_OP, .update_method = "PATCH",
    .rules = { "identity:list_endpoints", "identity:get_endpoint", "identity:create_endpoint", "identity:update_endpoint", "identity:delete_endpoint", NULL },
    .default_sort = "t.service_id, t.interface, t.id", .before_create = endpoint_before_create, .after_create = changed_hook,
    .before_update = endpoint_before_update, .after_update = changed_hook, .after_delete = changed_hook_delete, .narrow = endpoint_narrow,
};
