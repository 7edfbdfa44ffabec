/* roles.c: the resource "roles" (of the cloud, and of single domains), and which role implies which. */
#include "config.h"
#include "identity/resources.h"

#include "base/ids.h"

static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, "/v3/roles", row_text(row, "id"));
}

/* '' in the catalog, so that names are unique there too; null on the wire. */
static int
domain_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *domain = row_text(row, "domain_id");

    (void)call;
    (void)err;
    jo_str(out, "domain_id", domain[0] != '\0' ? domain : NULL);
    return 0;
}

static const struct rest_attr role_attrs[] = {
    { .name = "id",          .column = "t.id",          .type = REST_ID,     .flags = REST_READ },
    SAME_ID,
    { .name = "name",        .column = "t.name",        .type = REST_STRING, .flags = REST_WRITE | REST_REQUIRED | REST_FILTER | REST_SORT, .min = 1, .max = 255 },
    { .name = "domain_id",   .column = "t.domain_id",   .type = REST_STRING, .flags = REST_READ | REST_CREATE | REST_NULL | REST_FILTER, .max = 64, .emit = domain_emit },
    { .name = "domain_id",   .type = REST_STRING, .flags = REST_UPDATE | REST_NULL | REST_NO_COLUMN, .max = 64 },
    { .name = "description", .column = "t.description", .type = REST_TEXT,   .flags = REST_WRITE | REST_NULL },
    { .name = "options",     .column = "t.options",     .type = REST_JSON,   .flags = REST_WRITE, .emit = options_emit, .dflt = "{}" },
    { .name = "extra",       .column = "t.extra",       .type = REST_JSON,   .flags = REST_WRITE, .emit = extra_emit },
    { .name = "links",       .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = links_emit },
    { .name = NULL }
};

static int
role_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    const char *domain = json_str(body, "domain_id");

    if (domain != NULL && domain[0] != '\0') {
        if (rest_allow(call, "identity:create_domain_role", err) < 0 || must_exist(call->tx, "domain", "domains", domain, err) < 0)
            return -1;
    } else {
        json_object_set_new(body, "domain_id", json_string(""));
    }
    return options_fold(NULL, body, options_resource, err) < 0 ? -1 : extra_fold(role_attrs, NULL, body, err);
}

/* Roles of a domain have rules of their own beside those of all roles. */
static int
role_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    const char *domain = row_text(old, "domain_id");
    json_t *wish = json_object_get(body, "domain_id");

    if (domain[0] != '\0' && rest_allow(call, "identity:update_domain_role", err) < 0)
        return -1;
    if (wish != NULL && strcmp(json_is_null(wish) ? "" : json_string_value(wish), domain) != 0)
        return cairn_fail(err, CAIRN_INVALID, "Change of domain_id is not allowed: a role stays where it is.");
    json_object_del(body, "domain_id");
    if (immutable_guard("role", old, body, err) < 0 || options_fold(old, body, options_resource, err) < 0)
        return -1;
    return extra_fold(role_attrs, old, body, err);
}

static int
role_before_delete(struct rest_call *call, struct rows *old, struct cairn_error *err)
{
    if (row_text(old, "domain_id")[0] != '\0' && rest_allow(call, "identity:delete_domain_role", err) < 0)
        return -1;
    return immutable_guard("role", old, NULL, err) < 0 ? -1 : role_goes(call->tx, row_text(old, "id"), err);
}

/* GET /roles shows those of the cloud unless a domain is named; under a user or group it shows what was given: see grants.c. */
static int
role_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    if (call->route != NULL && (rest_param(call, "user_id") != NULL || rest_param(call, "group_id") != NULL))
        return grants_narrow(call, where, values);
    if (rest_query(call, "domain_id") == NULL)
        str_add(where, " and t.domain_id = ''");
    else if (rest_allow(call, "identity:list_domain_roles", err) < 0)
        return -1;
    return narrow_common(call, &identity_roles, where, values);
}

const struct rest_resource identity_roles = {
    .name = "role", .plural = "roles", .noun = "role", .path = "/v3/roles", .table = "roles", .visible = "1 = 1", .admin_all = 1, .tells_unknown = 1,
    .attrs = role_attrs, .ops = REST_LIST_OP | REST_CREATE_OP | REST_UPDATE_OP | REST_DELETE_OP, .update_method = "PATCH",
    .rules = { "identity:list_roles", NULL, "identity:create_role", "identity:update_role", "identity:delete_role", NULL },
    .default_sort = "t.name, t.id",
    .before_create = role_before_create, .after_create = changed_hook, .before_update = role_before_update, .after_update = changed_hook,
    .before_delete = role_before_delete, .after_delete = changed_hook_delete, .narrow = role_narrow,
};

static int
role_show(struct rest_call *call, struct cairn_error *err)
{
    if (row_text(call->object, "domain_id")[0] != '\0' && rest_allow(call, "identity:get_domain_role", err) < 0)
        return -1;
    return rest_emit_object(call, &identity_roles, "role", row_text(call->object, "id"), err);
}

/* --- implied roles */
struct role { char *id, *name, *domain_id; };

static void
role_free(struct role *r)
{
    free(r->id);
    free(r->name);
    free(r->domain_id);
}
#define CLEANUP_ROLE CLEANUP(role_free)

static int
role_load(struct rest_call *call, const char *param, struct role *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    const char *id = rest_param(call, param);
    int got;

    if (tx_query(call->tx, &rows, err, "select id, name, domain_id from roles where id = ?", "s", id) < 0 || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find role: %.80s.", id);
    *ret = (struct role){ xstrdup(row_text(rows, "id")), xstrdup(row_text(rows, "name")), xstrdup(row_text(rows, "domain_id")) };
    return 0;
}

static void
role_write(struct rest_call *call, const char *key, const char *id, const char *name)
{
    jo_object(call->out, key);
    jo_str(call->out, "id", id);
    jo_str(call->out, "name", name);
    links_emit_at(call, call->out, "/v3/roles", id);
    jo_end_object(call->out);
}

static void
self_link(struct rest_call *call)
{
    CLEANUP_FREE char *url = rest_url(call, "%s", http_path(call->req));

    jo_object(call->out, "links");
    jo_str(call->out, "self", url);
    jo_end_object(call->out);
}

static int
pair_load(struct rest_call *call, struct role *prior, struct role *implied, struct cairn_error *err)
{
    return role_load(call, "prior_role_id", prior, err) < 0 || role_load(call, "implies_role_id", implied, err) < 0 ? -1 : 0;
}

static void
pair_write(struct rest_call *call, const struct role *prior, const struct role *implied)
{
    jo_object(call->out, NULL);
    jo_object(call->out, "role_inference");
    role_write(call, "prior_role", prior->id, prior->name);
    role_write(call, "implies", implied->id, implied->name);
    jo_end_object(call->out);
    self_link(call);
    jo_end_object(call->out);
}

static int
pair_must_be(struct rest_call *call, const struct role *prior, const struct role *implied, struct cairn_error *err)
{
    int64_t found;

    if (tx_int(call->tx, &found, 0, err, "select 1 from implied_roles where prior_id = ? and implied_id = ?", "ss", prior->id, implied->id) < 0)
        return -1;
    return found ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "%s does not imply %s.", prior->name, implied->name);
}

static int
implied_show(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROLE struct role prior = { 0 }, implied = { 0 };

    if (pair_load(call, &prior, &implied, err) < 0 || pair_must_be(call, &prior, &implied, err) < 0)
        return -1;
    if (call->route->status == 200)
        pair_write(call, &prior, &implied);
    return 0;
}

static int
implied_put(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROLE struct role prior = { 0 }, implied = { 0 };

    if (pair_load(call, &prior, &implied, err) < 0)
        return -1;
    if (strcmp(prior.id, implied.id) == 0)
        return cairn_fail(err, CAIRN_INVALID, "The role %s cannot imply itself.", prior.name);
    if (strcmp(implied.name, "admin") == 0 && implied.domain_id[0] == '\0')
        return cairn_fail(err, CAIRN_DENIED, "The role admin may not be implied by another.");
    if (prior.domain_id[0] == '\0' && implied.domain_id[0] != '\0')
        return cairn_fail(err, CAIRN_DENIED, "The role %s of the whole cloud cannot imply %s, which is of one domain.", prior.name, implied.name);
    if (tx_exec(call->tx, err, "insert into implied_roles (prior_id, implied_id) values (?, ?) on conflict (prior_id, implied_id) do nothing", "ss",
                prior.id, implied.id) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail(err, CAIRN_EXISTS, "The role %s implies %s already.", prior.name, implied.name);
    if (identity_changed(call->tx, err) < 0)
        return -1;
    pair_write(call, &prior, &implied);
    return 0;
}

static int
implied_delete(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROLE struct role prior = { 0 }, implied = { 0 };

    if (pair_load(call, &prior, &implied, err) < 0 || pair_must_be(call, &prior, &implied, err) < 0)
        return -1;
    if (tx_exec(call->tx, err, "delete from implied_roles where prior_id = ? and implied_id = ?", "ss", prior.id, implied.id) < 0)
        return -1;
    return identity_changed(call->tx, err);
}

static int
implied_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROLE struct role prior = { 0 };
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (role_load(call, "prior_role_id", &prior, err) < 0)
        return -1;
    if (tx_query(call->tx, &rows, err, "select r.id as id, r.name as name from implied_roles i join roles r on r.id = i.implied_id where i.prior_id = ? order by r.name, r.id",
                 "s", prior.id) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_object(call->out, "role_inference");
    role_write(call, "prior_role", prior.id, prior.name);
    jo_array(call->out, "implies");
    while ((got = rows_next(rows, err)) > 0)
        role_write(call, NULL, row_text(rows, "id"), row_text(rows, "name"));
    jo_end_array(call->out);
    jo_end_object(call->out);
    self_link(call);
    jo_end_object(call->out);
    return got;
}

static int
inferences_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    char now[64] = "";
    int got;

    if (tx_query(call->tx, &rows, err,
                 "select p.id as prior_id, p.name as prior_name, r.id as id, r.name as name from implied_roles i join roles p on p.id = i.prior_id"
                 " join roles r on r.id = i.implied_id order by p.name, p.id, r.name, r.id", "") < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "role_inferences");
    while ((got = rows_next(rows, err)) > 0) {
        const char *prior = row_text(rows, "prior_id"), *prior_name = row_text(rows, "prior_name");

        if (strcmp(now, prior) != 0) {
            if (now[0] != '\0') {
                jo_end_array(call->out);
                jo_end_object(call->out);
            }
            snprintf(now, sizeof now, "%s", prior);
            jo_object(call->out, NULL);
            role_write(call, "prior_role", prior, prior_name);
            jo_array(call->out, "implies");
        }
        role_write(call, NULL, row_text(rows, "id"), row_text(rows, "name"));
    }
    if (now[0] != '\0') {
        jo_end_array(call->out);
        jo_end_object(call->out);
    }
    jo_end_array(call->out);
    self_link(call);
    jo_end_object(call->out);
    return got;
}

#define IMPLIES "/v3/roles/{prior_role_id}/implies"
const struct rest_route identity_role_routes[] = {
    { .method = "GET",    .path = "/v3/roles/{role_id}", .rule = "identity:get_role", .status = 200, .object = &identity_roles, .handle = role_show },
    { .method = "GET",    .path = IMPLIES, .rule = "identity:list_implied_roles", .status = 200, .handle = implied_list },
    { .method = "GET",    .path = IMPLIES "/{implies_role_id}", .rule = "identity:get_implied_role",    .status = 200, .handle = implied_show },
    { .method = "HEAD",   .path = IMPLIES "/{implies_role_id}", .rule = "identity:check_implied_role",  .status = 204, .flags = REST_READ_TX | REST_INLINE, .handle = implied_show },
    { .method = "PUT",    .path = IMPLIES "/{implies_role_id}", .rule = "identity:create_implied_role", .status = 201, .handle = implied_put },
    { .method = "DELETE", .path = IMPLIES "/{implies_role_id}", .rule = "identity:delete_implied_role", .status = 204, .handle = implied_delete },
    { .method = "GET",    .path = "/v3/role_inferences", .rule = "identity:list_role_inference_rules", .status = 200, .handle = inferences_list },
    { .method = NULL }
};
