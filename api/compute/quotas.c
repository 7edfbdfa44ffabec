/* quotas.c: limits of a project: os-quota-sets and limits.  Use is counted from the rows. */
#include "config.h"
#include "compute/compute.h"

#include <string.h>

#include "base/str.h"

/* X(resource, SQL of its use by project or NULL, last minor version that shows it) */
#define NO_USE NULL
static const struct { const char *resource, *use; int until_minor; } kinds[] = {
    { "instances", "select count(*) from servers where project_id = ? and deleted_us is null", 999 },
    { "cores", "select coalesce(sum(vcpus), 0) from allocations where project_id = ?", 999 },
    { "ram", "select coalesce(sum(ram_mib), 0) from allocations where project_id = ?", 999 },
    { "metadata_items", NO_USE, 999 },
    { "key_pairs", NO_USE, 999 },
    { "server_groups", "select count(*) from server_groups where project_id = ?", 999 },
    { "server_group_members", NO_USE, 999 },
    /* What nova once kept of networks: old versions show and set them, and nobody counts by them any more. */
    { "fixed_ips", NO_USE, 35 }, { "floating_ips", NO_USE, 35 }, { "security_groups", NO_USE, 35 }, { "security_group_rules", NO_USE, 35 },
    { "injected_files", NO_USE, 56 }, { "injected_file_content_bytes", NO_USE, 56 }, { "injected_file_path_bytes", NO_USE, 56 },
};

static int
is_kept(size_t i)
{
    return kinds[i].until_minor == 999;
}

static int
shown(struct rest_call *call, size_t i)
{
    return is_kept(i) || !rest_since(call, 2, kinds[i].until_minor + 1);
}

/* Networks are counted by the network service, so no limit here. */
static int64_t
limit_of(struct rest_call *call, const char *project, size_t i)
{
    return rest_quota_limit(call->tx, call->env, "compute", project, kinds[i].resource);
}

static int
use_of(struct rest_call *call, const char *project, size_t i, int64_t *ret, struct cairn_error *err)
{
    *ret = 0;
    return kinds[i].use == NULL ? 0 : tx_int(call->tx, ret, 0, err, kinds[i].use, "s", project);
}

static int
write_set(struct rest_call *call, const char *project, int with_id, int with_use, struct cairn_error *err)
{
    struct json_out *o = call->out;
    int64_t used;

    jo_object(o, NULL);
    jo_object(o, "quota_set");
    if (with_id)
        jo_str(o, "id", rest_param(call, "project_id"));
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!shown(call, i))
            continue;
        if (!with_use) {
            jo_int(o, kinds[i].resource, limit_of(call, project, i));
            continue;
        }
        if (use_of(call, project, i, &used, err) < 0)
            return -1;
        jo_object(o, kinds[i].resource);
        jo_int(o, "limit", limit_of(call, project, i));
        jo_int(o, "in_use", used);
        jo_int(o, "reserved", 0);
        jo_end_object(o);
    }
    jo_end_object(o);
    jo_end_object(o);
    return 0;
}

/* From 2.1 on a project that is not there is a mistake of the caller's. */
static int
known_project(struct rest_call *call, struct cairn_error *err)
{
    int64_t n;

    if (tx_int(call->tx, &n, 0, err, "select count(*) from projects where id = ?", "s", rest_param(call, "project_id")) < 0)
        return -1;
    return n > 0 ? 0 : cairn_fail(err, CAIRN_INVALID, "Project ID %.64s is not a valid project.", rest_param(call, "project_id"));
}

static int
quota_show(struct rest_call *call, struct cairn_error *err)
{
    return known_project(call, err) < 0 ? -1 : write_set(call, rest_param(call, "project_id"), 1, 0, err);
}

static int
quota_detail(struct rest_call *call, struct cairn_error *err)
{
    return known_project(call, err) < 0 ? -1 : write_set(call, rest_param(call, "project_id"), 1, 1, err);
}

static int
quota_defaults(struct rest_call *call, struct cairn_error *err)
{
    return known_project(call, err) < 0 ? -1 : write_set(call, "", 1, 0, err);
}

#define LIMIT(n, ...) { .name = n, .type = REST_INT, .flags = REST_CREATE | REST_LAX, .min = -1, .max = INT32_MAX, ##__VA_ARGS__ }
static const struct rest_attr quota_body[] = {
    LIMIT("instances"), LIMIT("cores"), LIMIT("ram"), LIMIT("metadata_items"), LIMIT("key_pairs"), LIMIT("server_groups"),
    LIMIT("server_group_members"), LIMIT("fixed_ips", .until = { 2, 35 }), LIMIT("floating_ips", .until = { 2, 35 }),
    LIMIT("security_groups", .until = { 2, 35 }), LIMIT("security_group_rules", .until = { 2, 35 }), LIMIT("injected_files", .until = { 2, 56 }),
    LIMIT("injected_file_content_bytes", .until = { 2, 56 }), LIMIT("injected_file_path_bytes", .until = { 2, 56 }),
    { .name = "force", .type = REST_BOOL, .flags = REST_CREATE | REST_LAX },
    { .name = "tenant_id", .type = REST_STRING, .flags = REST_CREATE, .max = 255 },
    { .name = NULL },
};

static int
quota_update(struct rest_call *call, struct cairn_error *err)
{
    const char *project = rest_param(call, "project_id");

    if (known_project(call, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        int64_t limit = rest_int(call, kinds[i].resource, -1), used;

        if (!rest_given(call, kinds[i].resource))
            continue;
        if (use_of(call, project, i, &used, err) < 0)
            return -1;
        if (limit >= 0 && limit < used && !rest_bool(call, "force", 0))
            return cairn_fail(err, CAIRN_INVALID, "Quota limit %lld for %s must be greater than or equal to already used and reserved %lld.", (long long)limit,
                              kinds[i].resource, (long long)used);
        if (tx_exec(call->tx, err,
                    "insert into quotas (service, project_id, resource, hard_limit) values ('compute', ?, ?, ?) on conflict (service, project_id, resource)"
                    " do update set hard_limit = excluded.hard_limit", "ssi", project, kinds[i].resource, limit) < 0)
            return -1;
    }
    return write_set(call, project, 0, 0, err);
}

static int
quota_delete(struct rest_call *call, struct cairn_error *err)
{
    return tx_exec(call->tx, err, "delete from quotas where service = 'compute' and project_id = ?", "s", rest_param(call, "project_id"));
}

/* --- limits */

static int
limits_show(struct rest_call *call, struct cairn_error *err)
{
    static const struct { const char *name, *resource; int use, until_minor; } rows[] = {
        { "maxTotalInstances", "instances", 0, 999 }, { "maxTotalCores", "cores", 0, 999 }, { "maxTotalRAMSize", "ram", 0, 999 },
        { "maxServerMeta", "metadata_items", 0, 999 }, { "maxTotalKeypairs", "key_pairs", 0, 999 }, { "maxServerGroups", "server_groups", 0, 999 },
        { "maxServerGroupMembers", "server_group_members", 0, 999 }, { "maxImageMeta", "metadata_items", 0, 38 },
        { "maxPersonality", "injected_files", 0, 56 }, { "maxPersonalitySize", "injected_file_content_bytes", 0, 56 },
        { "maxSecurityGroups", "security_groups", 0, 35 }, { "maxSecurityGroupRules", "security_group_rules", 0, 35 },
        { "maxTotalFloatingIps", "floating_ips", 0, 35 }, { "totalInstancesUsed", "instances", 1, 999 }, { "totalCoresUsed", "cores", 1, 999 },
        { "totalRAMUsed", "ram", 1, 999 }, { "totalServerGroupsUsed", "server_groups", 1, 999 }, { "totalSecurityGroupsUsed", "security_groups", 1, 35 },
        { "totalFloatingIpsUsed", "floating_ips", 1, 35 },
    };
    const char *project = rest_query(call, "tenant_id");
    struct json_out *o = call->out;

    if (project != NULL && strcmp(project, call->auth->project_id) != 0 && rest_allow(call, "os_compute_api:limits:other_project", err) < 0)
        return -1;
    if (project == NULL)
        project = call->auth->project_id;
    jo_object(o, NULL);
    jo_object(o, "limits");
    jo_array(o, "rate");
    jo_end_array(o);
    jo_object(o, "absolute");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t k = 0;
        int64_t n;

        if (rows[i].until_minor != 999 && rest_since(call, 2, rows[i].until_minor + 1))
            continue;
        while (strcmp(kinds[k].resource, rows[i].resource) != 0)
            k++;
        n = limit_of(call, project, k);
        if (rows[i].use && use_of(call, project, k, &n, err) < 0)
            return -1;
        jo_int(o, rows[i].name, n);
    }
    jo_end_object(o);
    jo_end_object(o);
    jo_end_object(o);
    return 0;
}

static const struct rest_attr user_query[] = { { .name = "user_id", .type = REST_STRING }, { .name = NULL } };
static const struct rest_attr limits_query[] = { { .name = "tenant_id", .type = REST_STRING }, { .name = NULL } };

#define QUOTA "os_compute_api:os-quota-sets:"
const struct rest_route quota_routes[] = {
    { .method = "GET", .path = "/v2.1/os-quota-sets/{project_id}", .rule = QUOTA "show", .status = 200, .query = user_query, .handle = quota_show },
    { .method = "GET", .path = "/v2.1/os-quota-sets/{project_id}/detail", .rule = QUOTA "detail", .status = 200, .query = user_query, .handle = quota_detail },
    { .method = "GET", .path = "/v2.1/os-quota-sets/{project_id}/defaults", .rule = QUOTA "defaults", .status = 200, .handle = quota_defaults },
    { .method = "PUT", .path = "/v2.1/os-quota-sets/{project_id}", .rule = QUOTA "update", .status = 200, .query = user_query, .body = quota_body, .body_key = "quota_set",
      .handle = quota_update },
    { .method = "DELETE", .path = "/v2.1/os-quota-sets/{project_id}", .rule = QUOTA "delete", .status = 202, .query = user_query, .handle = quota_delete },
    { .method = "GET", .path = "/v2.1/limits", .rule = "os_compute_api:limits", .status = 200, .query = limits_query, .handle = limits_show },
    { .method = NULL },
};
