/* groups.c: the resource "groups", and who is in them. */
#include "config.h"
#include "identity/resources.h"

#include "base/ids.h"
#include "identity/external.h"

static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, "/v3/groups", row_text(row, "id"));
}

static const struct rest_attr group_attrs[] = {
    { .name = "id",          .column = "t.id",          .type = REST_ID,     .flags = REST_READ },
    SAME_ID,
    { .name = "name",        .column = "t.name",        .type = REST_STRING, .flags = REST_WRITE | REST_REQUIRED | REST_FILTER | REST_SORT, .min = 1, .max = 64 },
    { .name = "domain_id",   .column = "t.domain_id",   .type = REST_STRING, .flags = REST_READ | REST_CREATE | REST_FILTER, .max = 64 },
    { .name = "domain_id",   .type = REST_STRING, .flags = REST_UPDATE | REST_NO_COLUMN, .max = 64 },
    { .name = "description", .column = "t.description", .type = REST_TEXT,   .flags = REST_WRITE | REST_NULL, .dflt = "\"\"" },
    { .name = "extra",       .column = "t.extra",       .type = REST_JSON,   .flags = REST_WRITE, .emit = extra_emit },
    { .name = "links",       .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = links_emit },
    { .name = NULL }
};

static int
group_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    null_is_empty(body, "description");
    if (json_str(body, "domain_id") == NULL)
        json_object_set_new(body, "domain_id", json_string(default_domain(call)));
    if (must_exist(call->tx, "domain", "domains", json_str(body, "domain_id"), err) < 0 || external_guard(call, json_str(body, "domain_id"), err) < 0)
        return -1;
    return extra_fold(group_attrs, NULL, body, err);
}

static int
group_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    const char *domain = json_str(body, "domain_id");

    if (external_guard(call, row_text(old, "id"), err) < 0)
        return -1;
    if (domain != NULL && strcmp(domain, row_text(old, "domain_id")) != 0)
        return cairn_fail(err, CAIRN_INVALID, "Change of domain_id is not allowed: a group stays in its domain.");
    json_object_del(body, "domain_id");
    null_is_empty(body, "description");
    return extra_fold(group_attrs, old, body, err);
}

static int
group_before_delete(struct rest_call *call, struct rows *old, struct cairn_error *err)
{
    return external_guard(call, row_text(old, "id"), err) < 0 ? -1 : group_goes(call->tx, row_text(old, "id"), err);
}

/* GET /groups, and GET /users/{user_id}/groups. */
static int
group_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    const char *user = rest_param(call, "user_id");

    (void)err;
    if (user != NULL) {
        str_add(where, " and t.id in (select group_id from group_members where user_id = ?)");
        rest_push_text(values, user);
    }
    return narrow_common(call, &identity_groups, where, values);
}

const struct rest_resource identity_groups = {
    .name = "group", .plural = "groups", .noun = "group", .path = "/v3/groups", .table = "groups_", .visible = "1 = 1", .admin_all = 1,
    .attrs = group_attrs, .ops = REST_LIST_OP | REST_SHOW_OP | REST_CREATE_OP | REST_UPDATE_OP | REST_DELETE_OP, .update_method = "PATCH",
    .rules = { "identity:list_groups", "identity:get_group", "identity:create_group", "identity:update_group", "identity:delete_group", NULL },
    .default_sort = "t.name, t.id",
    .before_create = group_before_create, .after_create = changed_hook, .before_update = group_before_update, .after_update = changed_hook,
    .before_delete = group_before_delete, .after_delete = changed_hook_delete, .narrow = group_narrow,
};

/* --- membership */
static int
both_exist(struct rest_call *call, struct cairn_error *err)
{
    return must_exist(call->tx, "group", "groups_", rest_param(call, "group_id"), err) < 0
           || must_exist(call->tx, "user", "users", rest_param(call, "user_id"), err) < 0 ? -1 : 0;
}

static int
member_is(struct rest_call *call, struct cairn_error *err)
{
    const char *user = rest_param(call, "user_id"), *group = rest_param(call, "group_id");
    int64_t found;

    if (both_exist(call, err) < 0)
        return -1;
    if (tx_int(call->tx, &found, 0, err, "select 1 from group_members where group_id = ? and user_id = ?", "ss", group, user) < 0)
        return -1;
    return found ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Could not find user %s in group %s.", user, group);
}

static int
member_put(struct rest_call *call, struct cairn_error *err)
{
    if (both_exist(call, err) < 0 || external_guard(call, rest_param(call, "group_id"), err) < 0)
        return -1;
    if (tx_exec(call->tx, err, "insert into group_members (group_id, user_id) values (?, ?) on conflict (group_id, user_id) do nothing", "ss",
                rest_param(call, "group_id"), rest_param(call, "user_id")) < 0)
        return -1;
    return identity_changed(call->tx, err);
}

static int
member_delete(struct rest_call *call, struct cairn_error *err)
{
    if (member_is(call, err) < 0 || external_guard(call, rest_param(call, "group_id"), err) < 0)
        return -1;
    if (tx_exec(call->tx, err, "delete from group_members where group_id = ? and user_id = ?", "ss", rest_param(call, "group_id"),
                rest_param(call, "user_id")) < 0)
        return -1;
    return identity_changed(call->tx, err);
}

static int
members_list(struct rest_call *call, struct cairn_error *err)
{
    return must_exist(call->tx, "group", "groups_", rest_param(call, "group_id"), err) < 0 ? -1 : rest_list(call, &identity_users, 1, err);
}

static int
groups_of_user(struct rest_call *call, struct cairn_error *err)
{
    return must_exist(call->tx, "user", "users", rest_param(call, "user_id"), err) < 0 ? -1 : rest_list(call, &identity_groups, 1, err);
}

#define MEMBER "/v3/groups/{group_id}/users/{user_id}"
const struct rest_route identity_group_routes[] = {
    { .method = "GET",    .path = "/v3/groups/{group_id}/users", .rule = "identity:list_users_in_group", .status = 200, .handle = members_list },
    { .method = "GET",    .path = "/v3/users/{user_id}/groups", .rule = "identity:list_groups_for_user", .status = 200, .handle = groups_of_user },
    { .method = "PUT",    .path = MEMBER, .rule = "identity:add_user_to_group",      .status = 204, .handle = member_put },
    { .method = "HEAD",   .path = MEMBER, .rule = "identity:check_user_in_group",    .status = 204, .flags = REST_READ_TX | REST_INLINE, .handle = member_is },
    { .method = "GET",    .path = MEMBER, .rule = "identity:check_user_in_group",    .status = 204, .handle = member_is },
    { .method = "DELETE", .path = MEMBER, .rule = "identity:remove_user_from_group", .status = 204, .handle = member_delete },
    { .method = NULL }
};
