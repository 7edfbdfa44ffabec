/* quota.c: limits: a project's own, else the default class's, else the configuration's.  Use is counted by the callers, never kept. */
#include <config.h>
#include "rest/rest.h"

#include <inttypes.h>
#include <string.h>

#define LIMIT(name, dflt, help) CAIRN_KEY_RANGE(name, dflt, -1, INT32_MAX, help)

const struct cairn_key rest_quota_keys[] = {
    LIMIT("compute_instances", "10", "servers of a project; -1: no limit, here and below"),
    LIMIT("compute_cores", "20", "virtual CPUs of a project's servers"),
    LIMIT("compute_ram", "51200", "MiB of memory of a project's servers"),
    LIMIT("compute_metadata_items", "128", "metadata items of a server"),
    LIMIT("compute_key_pairs", "100", "key pairs of a user"),
    LIMIT("compute_server_groups", "10", "server groups of a project"),
    LIMIT("compute_server_group_members", "10", "servers of a server group"),
    LIMIT("compute_injected_files", "5", "files that a new server may be given (API up to 2.56)"),
    LIMIT("compute_injected_file_content_bytes", "10240", "bytes of such a file"),
    LIMIT("compute_injected_file_path_bytes", "255", "bytes of its path"),
    LIMIT("image_size_total", "-1", "MiB of all images of a project"),
    LIMIT("image_stage_total", "-1", "MiB of a project's images that wait for import"),
    LIMIT("image_count_total", "-1", "images of a project"),
    LIMIT("image_count_uploading", "-1", "uploads and imports of a project at a time"),
    LIMIT("network_network", "100", "networks of a project"),
    LIMIT("network_subnet", "100", "subnets of a project"),
    LIMIT("network_port", "500", "ports of a project"),
    LIMIT("network_router", "10", "routers of a project"),
    LIMIT("network_floatingip", "50", "floating addresses of a project"),
    LIMIT("network_security_group", "10", "security groups of a project"),
    LIMIT("network_security_group_rule", "100", "security group rules of a project"),
    LIMIT("network_rbac_policy", "10", "RBAC policies of a project"),
    LIMIT("network_subnetpool", "-1", "subnet pools of a project"),
    { 0 },
};

static const struct cairn_key *
key_of(const char *service, const char *resource)
{
    CLEANUP_FREE char *name = xasprintf("%s_%s", service, resource);

    for (const struct cairn_key *k = rest_quota_keys; k->name != NULL; k++)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

int64_t
rest_quota_limit(struct tx *tx, const struct rest_env *env, const char *service, const char *project_id, const char *resource)
{
    static const char sql[] = "select hard_limit from quotas where service = ? and resource = ? and project_id = ?";
    const struct cairn_key *key = key_of(service, resource);
    const int64_t unset = INT64_MIN;
    struct cairn_error err;
    int64_t limit = unset;

    if (tx_int(tx, &limit, unset, &err, sql, "sss", service, resource, project_id) == 0 && limit == unset)
        (void)tx_int(tx, &limit, unset, &err, sql, "sss", service, resource, "class:default");
    if (limit != unset)
        return limit;
    if (key == NULL)
        return -1;
    if (env->config != NULL)
        return config_int(env->config, "quota", key->name);
    return str_to_int(key->dflt, -1, INT32_MAX, &limit) == 0 ? limit : -1;
}

int
rest_quota(struct rest_call *call, const char *service, const char *project_id, const char *resource, int64_t used, int64_t more, struct cairn_error *err)
{
    int64_t limit = rest_quota_limit(call->tx, call->env, service, project_id, resource);

    if (limit < 0 || more <= 0 || used + more <= limit)
        return 0;
    if (strcmp(service, "network") == 0)
        return cairn_fail_tag(err, CAIRN_OVER_QUOTA, "OverQuota", "Quota exceeded for resources: ['%s'].", resource);
    return cairn_fail(err, CAIRN_OVER_QUOTA, "Quota exceeded for %s: Requested %" PRId64 ", but already used %" PRId64 " of %" PRId64 " %s", resource, more, used,
                      limit, resource);
}
