/* scopes.c: what the bearer of a token can see and get: /auth/catalog, /auth/projects, /auth/domains, /auth/system. */
#include "config.h"
#include "identity/resources.h"

#include "identity/service_catalog.h"

static int
catalog_show(struct rest_call *call, struct cairn_error *err)
{
    if (call->auth->scope == AUTH_UNSCOPED)
        return cairn_fail(err, CAIRN_DENIED, "There is no catalog for a token without a scope.");
    jo_object(call->out, NULL);
    if (service_catalog(call->tx, call->auth->project_id, call->auth->user_id, call->out, "catalog", err) < 0)
        return -1;
    list_links(call);
    jo_end_object(call->out);
    return 0;
}

int
scope_projects(struct rest_call *call, struct cairn_error *err)
{
    return rest_list(call, &identity_projects, 1, err);
}

int
scope_domains(struct rest_call *call, struct cairn_error *err)
{
    return rest_list(call, &identity_domains, 1, err);
}

static int
system_list(struct rest_call *call, struct cairn_error *err)
{
    const char *user = call->auth->user_id;
    int64_t roles;

    if (tx_int(call->tx, &roles, 0, err,
               "select count(*) from assignments a where a.target_type = 'system' and ((a.actor_type = 'user' and a.actor_id = ?)"
               " or (a.actor_type = 'group' and a.actor_id in (select group_id from group_members where user_id = ?)))", "ss", user, user) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "system");
    if (roles > 0) {
        jo_object(call->out, NULL);
        jo_bool(call->out, "all", 1);
        jo_end_object(call->out);
    }
    jo_end_array(call->out);
    list_links(call);
    jo_end_object(call->out);
    return 0;
}

const struct rest_route identity_scope_routes[] = {
    { .method = "GET", .path = "/v3/auth/catalog",  .rule = "identity:get_auth_catalog",  .status = 200, .handle = catalog_show },
    { .method = "GET", .path = "/v3/auth/projects", .rule = "identity:get_auth_projects", .status = 200, .handle = scope_projects },
    { .method = "GET", .path = "/v3/auth/domains",  .rule = "identity:get_auth_domains",  .status = 200, .handle = scope_domains },
    { .method = "GET", .path = "/v3/auth/system",   .rule = "identity:get_auth_system",   .status = 200, .handle = system_list },
    { .method = NULL }
};
