/* oauth_access_tokens.c: OS-OAUTH1: the access tokens that a user has authorized, and what they may do. */
#include "config.h"
#include "identity/resources.h"

#include "identity/delegated.h"
#include "identity/revoke.h"

#define PATH "/v3/users/{user_id}/OS-OAUTH1/access_tokens"

static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    CLEANUP_FREE char *self = rest_url(call, "/v3/users/%s/OS-OAUTH1/access_tokens/%s", row_text(row, "user_id"), row_text(row, "id"));
    CLEANUP_FREE char *roles = xasprintf("%s/roles", self);

    (void)err;
    jo_object(out, "links");
    jo_str(out, "self", self);
    jo_str(out, "roles", roles);
    jo_end_object(out);
    return 0;
}

static const struct rest_attr access_attrs[] = {
    { .name = "id",                  .column = "t.id",          .type = REST_ID,   .flags = REST_READ },
    { .name = "consumer_id",         .column = "t.consumer_id", .type = REST_ID,   .flags = REST_READ },
    { .name = "authorizing_user_id", .column = "t.user_id",     .type = REST_ID,   .flags = REST_READ },
    { .name = "project_id",          .column = "t.project_id",  .type = REST_ID,   .flags = REST_READ },
    { .name = "expires_at",          .column = "t.expires_us",  .type = REST_TIME, .flags = REST_READ },
    { .name = "links",               .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN, .emit = links_emit },
    { .name = NULL }
};

static int
access_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    (void)err;
    str_add(where, " and t.user_id = ?");
    rest_push_text(values, rest_param(call, "user_id"));
    return 0;
}

const struct rest_resource identity_access_tokens = {
    .name = "access_token", .plural = "access_tokens", .noun = "access token", .path = PATH, .table = "oauth_access_tokens", .visible = "1 = 1", .admin_all = 1,
    .attrs = access_attrs, .default_sort = "t.id", .narrow = access_narrow, .columns = "t.id, t.user_id",
};

static int
of_this_user(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "access_token_id");
    int64_t found;

    if (tx_int(call->tx, &found, 0, err, "select 1 from oauth_access_tokens where id = ? and user_id = ?", "ss", id, rest_param(call, "user_id")) < 0)
        return -1;
    return found ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Could not find access token: %.80s.", id);
}

static int
access_list(struct rest_call *call, struct cairn_error *err)
{
    return refuse_delegated(call, err) < 0 ? -1 : rest_list(call, &identity_access_tokens, 1, err);
}

static int
access_show(struct rest_call *call, struct cairn_error *err)
{
    if (refuse_delegated(call, err) < 0 || of_this_user(call, err) < 0)
        return -1;
    return rest_emit_object(call, &identity_access_tokens, "access_token", rest_param(call, "access_token_id"), err);
}

static int
access_delete(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "access_token_id");
    struct revocation what = { .delegation_id = id, .delegation = REVOKED_ACCESS_TOKEN };

    if (refuse_delegated(call, err) < 0 || of_this_user(call, err) < 0 || revoke_add(call->tx, &what, identity_state.lifetime_us, err) < 0
        || tx_exec(call->tx, err, "delete from oauth_access_tokens where id = ?", "s", id) < 0)
        return -1;
    return identity_changed(call->tx, err);
}

static void
write_role(struct rest_call *call, const char *key, struct json_out *out, struct rows *row)
{
    const char *domain = row_text(row, "domain_id");

    jo_object(out, key);
    jo_str(out, "id", row_text(row, "id"));
    jo_str(out, "name", row_text(row, "name"));
    jo_str(out, "domain_id", domain[0] != '\0' ? domain : NULL);
    links_emit_at(call, out, "/v3/roles", row_text(row, "id"));
    jo_end_object(out);
}

static int
roles(struct rest_call *call, const char *role, struct cairn_error *err)
{
    static const char sql[] = "select r.id as id, r.name as name, r.domain_id as domain_id from oauth_access_token_roles t join roles r on r.id = t.role_id"
                              " where t.access_token_id = ? and (? = '' or r.id = ?) order by r.name";

    return of_this_user(call, err) < 0 ? -1 : handed_roles(call, sql, rest_param(call, "access_token_id"), role, write_role, err);
}

static int
roles_list(struct rest_call *call, struct cairn_error *err)
{
    return roles(call, NULL, err);
}

static int
role_show(struct rest_call *call, struct cairn_error *err)
{
    return roles(call, rest_param(call, "role_id"), err);
}

#define ONE PATH "/{access_token_id}"
const struct rest_route identity_access_token_routes[] = {
    { .method = "GET",    .path = PATH, .rule = "identity:list_access_tokens", .status = 200, .handle = access_list },
    { .method = "GET",    .path = ONE, .rule = "identity:get_access_token", .status = 200, .handle = access_show },
    { .method = "DELETE", .path = ONE, .rule = "identity:delete_access_token", .status = 204, .handle = access_delete },
    { .method = "GET",    .path = ONE "/roles", .rule = "identity:list_access_token_roles", .status = 200, .handle = roles_list },
    { .method = "GET",    .path = ONE "/roles/{role_id}", .rule = "identity:get_access_token_role", .status = 200, .handle = role_show },
    { .method = NULL }
};
