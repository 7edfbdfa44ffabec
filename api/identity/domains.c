/* domains.c: the resource "domains": who belongs together.  A domain is also shown as a project that is a domain: see projects.c. */
#include "config.h"
#include "identity/resources.h"

#include "base/ids.h"
#include "identity/revoke.h"

static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, "/v3/domains", row_text(row, "id"));
}

static const struct rest_attr domain_attrs[] = {
    { .name = "id",          .column = "t.id",          .type = REST_ID,     .flags = REST_READ },
    SAME_ID,
    { .name = "name",        .column = "t.name",        .type = REST_STRING, .flags = REST_WRITE | REST_REQUIRED | REST_FILTER | REST_SORT | REST_TRIM, .min = 1, .max = 64 },
    { .name = "description", .column = "t.description", .type = REST_TEXT,   .flags = REST_WRITE | REST_NULL, .dflt = "\"\"" },
    { .name = "enabled",     .column = "t.enabled",     .type = REST_BOOL,   .flags = REST_WRITE | REST_FILTER, .dflt = "true" },
    { .name = "explicit_domain_id", .type = REST_ID, .flags = REST_CREATE | REST_NO_COLUMN },
    { .name = "options",     .column = "t.options",     .type = REST_JSON,   .flags = REST_WRITE, .emit = options_emit, .dflt = "{}" },
    { .name = "extra",       .column = "t.extra",       .type = REST_JSON,   .flags = REST_WRITE, .emit = extra_emit },
    { .name = "links",       .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = links_emit },
    { .name = NULL }
};

static int
domain_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    const char *wish = json_str(body, "explicit_domain_id");
    char *hex, *w;

    (void)call;
    if (wish != NULL) {                 /* a UUID with or without dashes; kept without */
        hex = w = xstrdup(wish);
        for (const char *p = wish; *p != '\0'; p++) {
            if (*p != '-')
                *w++ = *p;
        }
        *w = '\0';
        json_object_set_new(body, "id", json_string(hex));
        free(hex);
        json_object_del(body, "explicit_domain_id");
    }
    null_is_empty(body, "description");
    return options_fold(NULL, body, options_resource, err) < 0 || extra_fold(domain_attrs, NULL, body, err) < 0 ? -1 : 0;
}

static int
domain_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    if (immutable_guard("domain", old, body, err) < 0 || options_fold(old, body, options_resource, err) < 0)
        return -1;
    if (strcmp(row_text(old, "id"), "default") == 0 && json_is_false(json_object_get(body, "enabled")))
        return cairn_fail(err, CAIRN_DENIED, "Cannot disable the domain 'default': this cloud's own administrators live in it.");
    /* Tokens of the time before do not come back when the domain is enabled again. */
    if (row_int(old, "enabled") && json_is_false(json_object_get(body, "enabled"))) {
        struct revocation what = { .domain_id = row_text(old, "id") };

        if (revoke_add(call->tx, &what, identity_state.lifetime_us, err) < 0)
            return -1;
    }
    null_is_empty(body, "description");
    return extra_fold(domain_attrs, old, body, err);
}

int
domain_may_go(struct rest_call *call, struct rows *row, struct cairn_error *err)
{
    if (immutable_guard("domain", row, NULL, err) < 0)
        return -1;
    if (row_int(row, "enabled"))
        return cairn_fail(err, CAIRN_DENIED, "Cannot delete a domain that is enabled, please disable it first.");
    return domain_goes(call->tx, row_text(row, "id"), err);
}

/* GET /domains, and GET /auth/domains. */
static int
domain_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    static const char given[] =
        " and t.enabled = 1 and t.id in (select a.target_id from assignments a where a.target_type = 'domain' and a.inherited = 0"
        " and ((a.actor_type = 'user' and a.actor_id = ?)"
        " or (a.actor_type = 'group' and a.actor_id in (select group_id from group_members where user_id = ?))))";

    (void)err;
    if (call->route != NULL && strcmp(call->route->rule, "identity:get_auth_domains") == 0) {
        str_add(where, given);
        rest_push_text(values, call->auth->user_id);
        rest_push_text(values, call->auth->user_id);
        return 0;
    }
    if (call->auth->scope == AUTH_DOMAIN && !call->auth->is_admin) {
        str_add(where, " and t.id = ?");
        rest_push_text(values, call->auth->domain_id);
    }
    return narrow_common(call, &identity_domains, where, values);
}

const struct rest_resource identity_domains = {
    .name = "domain", .plural = "domains", .noun = "domain", .path = "/v3/domains", .table = "domains", .visible = "1 = 1", .admin_all = 1,
    .attrs = domain_attrs, .ops = REST_LIST_OP | REST_SHOW_OP | REST_CREATE_OP | REST_UPDATE_OP | REST_DELETE_OP, .update_method = "PATCH",
    .rules = { "identity:list_domains", "identity:get_domain", "identity:create_domain", "identity:update_domain", "identity:delete_domain", NULL },
    .default_sort = "t.name, t.id",
    .before_create = domain_before_create, .after_create = changed_hook, .before_update = domain_before_update, .after_update = changed_hook,
    .before_delete = domain_may_go, .after_delete = changed_hook_delete, .narrow = domain_narrow,
};
