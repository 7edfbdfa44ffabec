/* quotas.c: what a project may have. */
#include <config.h>
#include "network/private.h"

#include <string.h>

static const char *const quota_names[] = { "network", "subnet", "port", "security_group", "security_group_rule" };

#define LIMIT(name_) { .name = name_, .type = REST_INT, .flags = REST_UPDATE | REST_LAX, .min = -1, .max = INT32_MAX }
static const struct rest_attr quota_body[] = {
    LIMIT("network"), LIMIT("subnet"), LIMIT("port"), LIMIT("security_group"), LIMIT("security_group_rule"),
    { .name = "force", .type = REST_BOOL, .flags = REST_UPDATE | REST_LAX },
    { .name = "check_limit", .type = REST_BOOL, .flags = REST_UPDATE | REST_LAX },
    { 0 },
};

static void
emit_limits(struct rest_call *call, const char *project)
{
    for (size_t i = 0; i < ARRAY_LEN(quota_names); i++)
        jo_int(call->out, quota_names[i], rest_quota_limit(call->tx, call->env, "network", project, quota_names[i]));
}

static int
quota_show(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    jo_object(call->out, NULL);
    jo_object(call->out, "quota");
    emit_limits(call, rest_param(call, "project_id"));
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
quota_default(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    jo_object(call->out, NULL);
    jo_object(call->out, "quota");
    emit_limits(call, "class:default");
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
quota_details(struct rest_call *call, struct cairn_error *err)
{
    const char *project = rest_param(call, "project_id");

    (void)err;
    jo_object(call->out, NULL);
    jo_object(call->out, "quota");
    for (size_t i = 0; i < ARRAY_LEN(quota_names); i++) {
        jo_object(call->out, quota_names[i]);
        jo_int(call->out, "limit", rest_quota_limit(call->tx, call->env, "network", project, quota_names[i]));
        jo_int(call->out, "used", network_quota_used(call->tx, project, quota_names[i]));
        jo_int(call->out, "reserved", 0);
        jo_end_object(call->out);
    }
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
quota_update(struct rest_call *call, struct cairn_error *err)
{
    const char *project = rest_param(call, "project_id");

    for (size_t i = 0; i < ARRAY_LEN(quota_names); i++) {
        int64_t limit = rest_int(call, quota_names[i], -1);

        if (!rest_given(call, quota_names[i]))
            continue;
        if (rest_bool(call, "check_limit", 0) && limit >= 0 && limit < network_quota_used(call->tx, project, quota_names[i]))
            return cairn_fail_tag(err, CAIRN_INVALID, "InvalidQuotaValue", "Change would make usage less than 0 for the following resources: %s.", quota_names[i]);
        if (tx_exec(call->tx, err,
                    "insert into quotas (service, project_id, resource, hard_limit) values ('network', ?, ?, ?)"
                    " on conflict (service, project_id, resource) do update set hard_limit = excluded.hard_limit", "ssi", project, quota_names[i], limit) < 0)
            return -1;
    }
    return quota_show(call, err);
}

static int
quota_reset(struct rest_call *call, struct cairn_error *err)
{
    const char *project = rest_param(call, "project_id");

    if (tx_exec(call->tx, err, "delete from quotas where service = 'network' and project_id = ?", "s", project) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail_tag(err, CAIRN_NOT_FOUND, "TenantQuotaNotFound", "Quota for tenant %.64s could not be found.", project);
    return 0;
}

/* Projects whose limits are their own. */
static int
quota_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int more;

    if (tx_query(call->tx, &r, err, "select distinct project_id from quotas where service = 'network' and project_id not like 'class:%' order by project_id", "") < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "quotas");
    while ((more = rows_next(r, err)) > 0) {
        jo_object(call->out, NULL);
        jo_str(call->out, "project_id", row_text(r, "project_id"));
        jo_str(call->out, "tenant_id", row_text(r, "project_id"));
        emit_limits(call, row_text(r, "project_id"));
        jo_end_object(call->out);
    }
    jo_end_array(call->out);
    jo_end_object(call->out);
    return more;
}

static int
own_project(struct rest_call *call, struct cairn_error *err)
{
    const char *key = str_ends(call->route->path, "/tenant") ? "tenant" : "project";
    char id[32];

    (void)err;
    snprintf(id, sizeof id, "%s_id", key);
    jo_object(call->out, NULL);
    jo_object(call->out, key);
    jo_str(call->out, id, call->auth->project_id);
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

const struct rest_route network_quota_routes[] = {
    { .method = "GET", .path = "/v2.0/quotas", .rule = "list_quotas", .handle = quota_list },
    { .method = "GET", .path = "/v2.0/quotas/tenant", .rule = "get_quota", .handle = own_project },
    { .method = "GET", .path = "/v2.0/quotas/project", .rule = "get_quota", .handle = own_project },
    { .method = "GET", .path = "/v2.0/quotas/{project_id}", .rule = "get_quota", .handle = quota_show },
    { .method = "GET", .path = "/v2.0/quotas/{project_id}/default", .rule = "get_quota", .handle = quota_default },
    { .method = "GET", .path = "/v2.0/quotas/{project_id}/details", .rule = "get_quota", .handle = quota_details },
    { .method = "GET", .path = "/v2.0/quotas/{project_id}/details.json", .rule = "get_quota", .handle = quota_details },
    { .method = "PUT", .path = "/v2.0/quotas/{project_id}", .rule = "update_quota", .body = quota_body, .body_key = "quota", .handle = quota_update },
    { .method = "DELETE", .path = "/v2.0/quotas/{project_id}", .rule = "delete_quota", .status = 204, .handle = quota_reset },
    { 0 },
};
