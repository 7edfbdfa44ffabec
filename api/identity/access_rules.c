/* access_rules.c: the resource "access_rules": what tokens of application credentials may ask.  They are made with these, and kept for the next. */
#include "config.h"
#include "identity/resources.h"

#include "identity/delegated.h"

#define PATH "/v3/users/{user_id}/access_rules"

static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s/access_rules", row_text(row, "user_id"));

    (void)err;
    return links_emit_at(call, out, path, row_text(row, "id"));
}

static const struct rest_attr rule_attrs[] = {
    { .name = "id",      .column = "t.id",      .type = REST_ID,     .flags = REST_READ },
    { .name = "service", .column = "t.service", .type = REST_STRING, .flags = REST_READ | REST_FILTER | REST_SORT },
    { .name = "path",    .column = "t.path",    .type = REST_STRING, .flags = REST_READ | REST_FILTER | REST_SORT },
    { .name = "method",  .column = "t.method",  .type = REST_STRING, .flags = REST_READ | REST_FILTER | REST_SORT },
    { .name = "links",   .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN, .emit = links_emit },
    { .name = NULL }
};

static int
rule_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    (void)err;
    str_add(where, " and t.user_id = ?");
    rest_push_text(values, rest_param(call, "user_id"));
    return narrow_common(call, &identity_access_rules, where, values);
}

const struct rest_resource identity_access_rules = {
    .name = "access_rule", .plural = "access_rules", .noun = "Access Rule", .path = PATH, .table = "access_rules", .visible = "1 = 1", .admin_all = 1,
    .attrs = rule_attrs, .default_sort = "t.service, t.path, t.id", .narrow = rule_narrow, .columns = "t.id, t.user_id",
};

static int
rules_list(struct rest_call *call, struct cairn_error *err)
{
    return refuse_handed_on(call, err) < 0 ? -1 : rest_list(call, &identity_access_rules, 1, err);
}

static int
of_this_user(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "access_rule_id");
    int64_t found;

    if (refuse_handed_on(call, err) < 0
        || tx_int(call->tx, &found, 0, err, "select 1 from access_rules where id = ? and user_id = ?", "ss", id, rest_param(call, "user_id")) < 0)
        return -1;
    return found ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Could not find Access Rule: %.80s.", id);
}

static int
rule_show(struct rest_call *call, struct cairn_error *err)
{
    return of_this_user(call, err) < 0 ? -1 : rest_emit_object(call, &identity_access_rules, "access_rule", rest_param(call, "access_rule_id"), err);
}

static int
rule_delete(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "access_rule_id");
    int64_t used;

    if (of_this_user(call, err) < 0 || refuse_restricted(call, err) < 0
        || tx_int(call->tx, &used, 0, err, "select count(*) from application_credential_rules where access_rule_id = ?", "s", id) < 0)
        return -1;
    if (used > 0)
        return cairn_fail(err, CAIRN_DENIED, "May not delete access rule in use: application credentials still have it.");
    return tx_exec(call->tx, err, "delete from access_rules where id = ?", "s", id);
}

const struct rest_route identity_access_rule_routes[] = {
    { .method = "GET",    .path = PATH, .rule = "identity:list_access_rules", .status = 200, .handle = rules_list },
    { .method = "GET",    .path = PATH "/{access_rule_id}", .rule = "identity:get_access_rule", .status = 200, .handle = rule_show },
    { .method = "DELETE", .path = PATH "/{access_rule_id}", .rule = "identity:delete_access_rule", .status = 204, .handle = rule_delete },
    { .method = NULL }
};
