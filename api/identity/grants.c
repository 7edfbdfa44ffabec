/* grants.c: giving, checking, listing and taking roles: a user or group, on a project, domain or the system, there or inherited below.
 *
 * Which of these a request means stands in its path alone: the parameters it has, and "OS-INHERIT". */
#include "config.h"
#include "identity/resources.h"

struct grant {
    const char *actor_type, *actor_id;
    const char *target_type, *target_id;
    int64_t inherited;
};

static struct grant
grant_of(const struct rest_call *call)
{
    const char *user = rest_param(call, "user_id"), *project = rest_param(call, "project_id"), *domain = rest_param(call, "domain_id");

    return (struct grant){
        .actor_type = user != NULL ? "user" : "group",
        .actor_id = user != NULL ? user : rest_param(call, "group_id"),
        .target_type = project != NULL ? "project" : domain != NULL ? "domain" : "system",
        .target_id = project != NULL ? project : domain != NULL ? domain : "all",
        .inherited = str_starts(call->route->path, "/v3/OS-INHERIT/"),
    };
}

static int
ends_exist(struct rest_call *call, const struct grant *g, struct cairn_error *err)
{
    int user = strcmp(g->actor_type, "user") == 0;

    if (must_exist(call->tx, g->actor_type, user ? "users" : "groups_", g->actor_id, err) < 0)
        return -1;
    if (strcmp(g->target_type, "project") == 0)
        return must_exist(call->tx, "project", "projects", g->target_id, err);
    return strcmp(g->target_type, "domain") == 0 ? must_exist(call->tx, "domain", "domains", g->target_id, err) : 0;
}

int
grants_narrow(struct rest_call *call, struct str *where, struct rest_values *values)
{
    struct grant g = grant_of(call);

    str_add(where, " and t.id in (select a.role_id from assignments a where a.actor_type = ? and a.actor_id = ? and a.target_type = ?"
                   " and a.target_id = ? and a.inherited = ?)");
    rest_push_text(values, g.actor_type);
    rest_push_text(values, g.actor_id);
    rest_push_text(values, g.target_type);
    rest_push_text(values, g.target_id);
    rest_push_int(values, g.inherited);
    return 0;
}

static int
grants_list(struct rest_call *call, struct cairn_error *err)
{
    struct grant g = grant_of(call);

    return ends_exist(call, &g, err) < 0 ? -1 : rest_list(call, &identity_roles, 1, err);
}

static int
grant_check(struct rest_call *call, struct cairn_error *err)
{
    struct grant g = grant_of(call);
    const char *role = rest_param(call, "role_id");
    int64_t found;

    if (ends_exist(call, &g, err) < 0 || must_exist(call->tx, "role", "roles", role, err) < 0)
        return -1;
    if (tx_int(call->tx, &found, 0, err,
               "select 1 from assignments where actor_type = ? and actor_id = ? and target_type = ? and target_id = ? and role_id = ? and inherited = ?",
               "sssssi", g.actor_type, g.actor_id, g.target_type, g.target_id, role, g.inherited) < 0)
        return -1;
    return found ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Could not find role assignment with role: %.80s, user or group: %.80s, project, domain, or system: %.80s.",
                                  role, g.actor_id, g.target_id);
}

/* A role of a domain can be given on that domain's projects only; on domains it may be, whatever it is good for there. */
static int
role_fits(struct rest_call *call, const struct grant *g, const char *role, struct cairn_error *err)
{
    CLEANUP_FREE char *role_domain = NULL;
    CLEANUP_FREE char *domain = NULL;

    if (tx_text(call->tx, &role_domain, err, "select domain_id from roles where id = ?", "s", role) < 0)
        return -1;
    if (role_domain == NULL || role_domain[0] == '\0' || strcmp(g->target_type, "project") != 0)
        return 0;
    if (tx_text(call->tx, &domain, err, "select domain_id from projects where id = ?", "s", g->target_id) < 0)
        return -1;
    return str_eq(domain, role_domain) ? 0 : cairn_fail(err, CAIRN_DENIED, "The role %.80s belongs to another domain: it cannot be given here.", role);
}

static int
grant_put(struct rest_call *call, struct cairn_error *err)
{
    struct grant g = grant_of(call);
    const char *role = rest_param(call, "role_id");

    if (ends_exist(call, &g, err) < 0 || must_exist(call->tx, "role", "roles", role, err) < 0 || role_fits(call, &g, role, err) < 0)
        return -1;
    if (tx_exec(call->tx, err,
                "insert into assignments (actor_type, actor_id, target_type, target_id, role_id, inherited) values (?, ?, ?, ?, ?, ?)"
                " on conflict (actor_type, actor_id, target_type, target_id, role_id, inherited) do nothing",
                "sssssi", g.actor_type, g.actor_id, g.target_type, g.target_id, role, g.inherited) < 0)
        return -1;
    return identity_changed(call->tx, err);
}

static int
grant_delete(struct rest_call *call, struct cairn_error *err)
{
    struct grant g = grant_of(call);

    if (grant_check(call, err) < 0)
        return -1;
    if (tx_exec(call->tx, err,
                "delete from assignments where actor_type = ? and actor_id = ? and target_type = ? and target_id = ? and role_id = ? and inherited = ?",
                "sssssi", g.actor_type, g.actor_id, g.target_type, g.target_id, rest_param(call, "role_id"), g.inherited) < 0)
        return -1;
    if (strcmp(g.actor_type, "user") == 0 && strcmp(g.target_type, "project") == 0 && !g.inherited
        && grant_goes(call->tx, g.actor_id, g.target_id, rest_param(call, "role_id"), err) < 0)
        return -1;
    return identity_changed(call->tx, err);
}

#define GRANT(path_, suffix, rule_) \
    { .method = "PUT",    .path = path_ "/{role_id}" suffix, .rule = "identity:create_" rule_, .status = 204, .handle = grant_put }, \
    { .method = "HEAD",   .path = path_ "/{role_id}" suffix, .rule = "identity:check_" rule_,  .status = 204, .flags = REST_READ_TX | REST_INLINE, .handle = grant_check }, \
    { .method = "GET",    .path = path_ "/{role_id}" suffix, .rule = "identity:check_" rule_,  .status = 204, .handle = grant_check }, \
    { .method = "DELETE", .path = path_ "/{role_id}" suffix, .rule = "identity:revoke_" rule_, .status = 204, .handle = grant_delete }
#define LIST(path_, rule_) { .method = "GET", .path = path_, .rule = "identity:list_" rule_, .status = 200, .handle = grants_list }
#define INHERITED "/inherited_to_projects"

const struct rest_route identity_grant_routes[] = {
    LIST("/v3/projects/{project_id}/users/{user_id}/roles", "grants"),
    GRANT("/v3/projects/{project_id}/users/{user_id}/roles", "", "grant"),
    LIST("/v3/projects/{project_id}/groups/{group_id}/roles", "grants"),
    GRANT("/v3/projects/{project_id}/groups/{group_id}/roles", "", "grant"),
    LIST("/v3/domains/{domain_id}/users/{user_id}/roles", "grants"),
    GRANT("/v3/domains/{domain_id}/users/{user_id}/roles", "", "grant"),
    LIST("/v3/domains/{domain_id}/groups/{group_id}/roles", "grants"),
    GRANT("/v3/domains/{domain_id}/groups/{group_id}/roles", "", "grant"),
    LIST("/v3/system/users/{user_id}/roles", "system_grants_for_user"),
    GRANT("/v3/system/users/{user_id}/roles", "", "system_grant_for_user"),
    LIST("/v3/system/groups/{group_id}/roles", "system_grants_for_group"),
    GRANT("/v3/system/groups/{group_id}/roles", "", "system_grant_for_group"),
    LIST("/v3/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles" INHERITED, "grants"),
    GRANT("/v3/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles", INHERITED, "grant"),
    LIST("/v3/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles" INHERITED, "grants"),
    GRANT("/v3/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles", INHERITED, "grant"),
    GRANT("/v3/OS-INHERIT/projects/{project_id}/users/{user_id}/roles", INHERITED, "grant"),
    GRANT("/v3/OS-INHERIT/projects/{project_id}/groups/{group_id}/roles", INHERITED, "grant"),
    { .method = NULL }
};
