/* service.c: the network service as a whole: its dialect, and small things that its resources share. */
#include <config.h>
#include "network/private.h"

#include <ctype.h>
#include <string.h>

int64_t
network_setting(const struct rest_env *env, const char *key, int64_t dflt)
{
    return env->config != NULL ? config_int(env->config, "networking", key) : dflt;
}

const char *
network_setting_text(const struct rest_env *env, const char *key, const char *dflt)
{
    const char *text = env->config != NULL ? config_string(env->config, "networking", key) : NULL;

    return text != NULL ? text : dflt;
}

const char *
network_request(const struct rest_call *call)
{
    return call->req != NULL ? http_request_id(call->req) : NULL;
}

const char *
network_body_project(const struct rest_call *call, const json_t *body)
{
    const char *project = json_str(body, "project_id");

    return project != NULL ? project : call->auth != NULL ? call->auth->project_id : "";
}

int
network_same_project(json_t *body, struct cairn_error *err)
{
    const char *tenant = json_str(body, "tenant_id"), *project = json_str(body, "project_id");

    if (tenant != NULL && project != NULL && strcmp(tenant, project) != 0)
        return cairn_fail(err, CAIRN_INVALID, "'project_id' and 'tenant_id' do not match");
    if (project == NULL && tenant != NULL)
        json_object_set(body, "project_id", json_object_get(body, "tenant_id"));
    return 0;
}

int
network_emit_tag(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_str(out, NULL, row_text(row, "tag"));
    return 0;
}

int
network_check_dns(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    const char *name = json_string_value(value);
    size_t label = 0;

    (void)call;
    for (const char *s = name; *s != '\0'; s++) {
        label = *s == '.' ? 0 : label + 1;
        if ((!isalnum((unsigned char)*s) && *s != '-' && *s != '.') || label > 63 || (label == 1 && *s == '-'))
            return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for DNS name. Reason: '%.80s' not a valid PQDN or FQDN.", name);
    }
    return 0;
}

/* --- faults: {"NeutronError": {"type", "message", "detail"}} */

static const char *
type_of(const struct rest_call *call, int status, const struct cairn_error *err)
{
    static const struct { uint32_t code; const char *type; } types[] = {
        { CAIRN_INVALID, "HTTPBadRequest" }, { CAIRN_DENIED, "PolicyNotAuthorized" }, { CAIRN_UNAUTHENTICATED, "HTTPUnauthorized" },
        { CAIRN_EXISTS, "Conflict" }, { CAIRN_CONFLICT, "Conflict" }, { CAIRN_OVER_QUOTA, "OverQuota" }, { CAIRN_NO_SPACE, "IpAddressGenerationFailure" },
        { CAIRN_UNAVAILABLE, "HTTPServiceUnavailable" }, { CAIRN_TIMEOUT, "HTTPServiceUnavailable" }, { CAIRN_UNSUPPORTED, "HTTPNotImplemented" },
        { CAIRN_RATE_LIMITED, "HTTPTooManyRequests" }, { CAIRN_TOO_LARGE, "HTTPRequestEntityTooLarge" },
    };
    static const struct { const struct rest_resource *resource; const char *type; } missing[] = {
        { &network_networks, "NetworkNotFound" }, { &network_subnets, "SubnetNotFound" }, { &network_ports, "PortNotFound" }, { &network_groups, "SecurityGroupNotFound" },
        { &network_rules, "SecurityGroupRuleNotFound" },
    };

    if (err->tag[0] != '\0')
        return err->tag;
    if (status == 404) {
        for (size_t i = 0; i < ARRAY_LEN(missing); i++)
            if (missing[i].resource == call->resource)
                return missing[i].type;
        return "HTTPNotFound";
    }
    if (status == 405)
        return "HTTPMethodNotAllowed";
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (types[i].code == err->code)
            return types[i].type;
    return "HTTPInternalServerError";
}

static void
network_fault(struct rest_call *call, int status, const struct cairn_error *err, struct json_out *out)
{
    jo_object(out, NULL);
    jo_object(out, "NeutronError");
    jo_str(out, "type", type_of(call, status, err));
    jo_str(out, "message", err->message);
    jo_str(out, "detail", "");
    jo_end_object(out);
    jo_end_object(out);
}

static int
network_status_of(const struct cairn_error *err)
{
    if (strcmp(err->tag, "RevisionNumberConstraintFailed") == 0)
        return 412;
    switch (err->code) {
    case CAIRN_OVER_QUOTA: case CAIRN_NO_SPACE:
        return 409;
    default:
        return 0;
    }
}

/* --- quotas */

static const struct { const char *resource, *count; } counted[] = {
    { "network", "select count(*) from networks where project_id = ?" },
    { "subnet", "select count(*) from subnets where project_id = ?" },
    { "port", "select count(*) from ports where project_id = ? and device_owner <> 'network:dhcp'" },
    { "security_group", "select count(*) from security_groups where project_id = ?" },
    { "security_group_rule", "select count(*) from security_group_rules where project_id = ?" },
};

int64_t
network_quota_used(struct tx *tx, const char *project_id, const char *resource)
{
    struct cairn_error err;
    int64_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(counted); i++)
        if (strcmp(counted[i].resource, resource) == 0)
            (void)tx_int(tx, &n, 0, &err, counted[i].count, "s", project_id);
    return n;
}

int
network_take_quota(struct rest_call *call, const char *project_id, const char *resource, struct cairn_error *err)
{
    if (rest_quota_limit(call->tx, call->env, "network", project_id, resource) < 0)
        return 0;               /* nothing to count for */
    return rest_quota(call, "network", project_id, resource, network_quota_used(call->tx, project_id, resource), 1, err);
}

/* --- policy targets that stand in other rows: the network's owner */

static const char *
network_target(struct rest_call *call, const char *attr)
{
    static _Thread_local char owner[65];
    CLEANUP_FREE char *text = NULL;
    struct cairn_error err;
    const char *network_id = NULL;

    int64_t shared;

    if (strcmp(attr, "network:tenant_id") != 0 && strcmp(attr, "network:project_id") != 0 && strcmp(attr, "network:shared") != 0)
        return NULL;
    if (call->object != NULL && rows_has(call->object, "network_id"))
        network_id = row_text(call->object, "network_id");
    else if (call->body != NULL)
        network_id = rest_str(call, "network_id");
    if (network_id == NULL || call->tx == NULL)
        return NULL;
    if (strcmp(attr, "network:shared") == 0)
        return tx_int(call->tx, &shared, 0, &err, "select shared from networks where id = ?", "s", network_id) == 0 && shared ? "True" : "False";
    if (tx_text(call->tx, &text, &err, "select project_id from networks where id = ?", "s", network_id) < 0 || text == NULL)
        return NULL;
    snprintf(owner, sizeof owner, "%s", text);
    return owner;
}



static const struct rest_resource *const resources[] = { &network_networks, &network_subnets, &network_ports, &network_groups, &network_rules, NULL };
static const struct rest_route *const routes[] = { network_discovery_routes, network_group_routes, network_quota_routes, NULL };

const struct rest_service network_service = {
    .name = "network",
    .releases = network_releases,
    .resources = resources,
    .routes = routes,
    .policies = network_policies,
    .request_id_headers = { "X-Openstack-Request-Id" },
    .time_style = REST_TIME_Z,
    .paging = REST_PAGE_NEUTRON,
    .fault = network_fault,
    .status_of = network_status_of,
    .not_found = "%s %s could not be found.",
    .unknown_is_error = 1,
    .json_suffix = 1,
    .target = network_target,
};
