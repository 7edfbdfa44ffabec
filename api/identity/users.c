/* users.c: the resource "users".  A password is hashed before the transaction that stores it begins, so that nobody waits for the hash. */
#include "config.h"
#include "identity/resources.h"

#include "base/clock.h"
#include "base/ids.h"
#include "identity/compliance.h"
#include "identity/external.h"
#include "identity/federated_users.h"
#include "identity/login.h"
#include "identity/password.h"
#include "identity/passwords.h"
#include "identity/proof.h"
#include "identity/revoke.h"
#include "identity/who.h"

static const char *const user_options[] = {
    OPTION_LOCK_PASSWORD, OPTION_IGNORE_FIRST_USE, OPTION_IGNORE_EXPIRY, OPTION_IGNORE_LOCKOUT, OPTION_IGNORE_INACTIVE, OPTION_MFA_ENABLED, OPTION_MFA_RULES, NULL
};

static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, "/v3/users", row_text(row, "id"));
}

/* Who was away for too long is disabled, though no row says so. */
static int
enabled_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    int enabled = row_int(row, "enabled") != 0;

    (void)call;
    (void)err;
    if (enabled && compliance_active_since() != 0) {
        CLEANUP_JSON json_t *options = json_of_column(row_text(row, "options"));

        enabled = !compliance_inactive(options, row_int(row, "active_day"), row_int(row, "created_us"));
    }
    jo_bool(out, "enabled", enabled);
    return 0;
}

static const struct rest_attr user_attrs[] = {
    { .name = "id",                  .column = "t.id",                 .type = REST_ID,     .flags = REST_READ },
    { .name = "name",                .column = "t.name",               .type = REST_STRING, .flags = REST_READ | REST_FILTER | REST_SORT },
    { .name = "domain_id",           .column = "t.domain_id",          .type = REST_STRING, .flags = REST_READ | REST_FILTER },
    { .name = "enabled",             .column = "t.enabled",            .type = REST_BOOL,   .flags = REST_READ, .emit = enabled_emit },
    { .name = "description",         .column = "t.description",        .type = REST_TEXT,   .flags = REST_READ | REST_HIDDEN_NULL },
    { .name = "email",               .column = "t.email",              .type = REST_STRING, .flags = REST_READ | REST_HIDDEN_NULL },
    { .name = "default_project_id",  .column = "t.default_project_id", .type = REST_STRING, .flags = REST_READ | REST_HIDDEN_NULL | REST_FILTER },
    { .name = "password_expires_at", .column = "(select p.expires_us from passwords p where p.user_id = t.id order by p.created_us desc, p.id desc limit 1)",
      .type = REST_TIME, .flags = REST_READ },
    { .name = "options",             .column = "t.options",            .type = REST_JSON,   .flags = REST_READ, .emit = options_emit },
    { .name = "extra",               .column = "t.extra",              .type = REST_JSON,   .flags = REST_READ, .emit = extra_emit },
    { .name = "links",               .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN, .emit = links_emit },
    { .name = NULL }
};

/* Bodies: the same attributes at create and update, but for what must be there. */
#define USER_BODY(required, enabled_dflt) \
    { .name = "name",               .type = REST_STRING, .flags = REST_CREATE | REST_TRIM | (required), .min = 1, .max = 255 }, \
    { .name = "domain_id",          .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 64 }, \
    { .name = "enabled",            .type = REST_BOOL,   .flags = REST_CREATE, .dflt = enabled_dflt }, \
    { .name = "description",        .type = REST_TEXT,   .flags = REST_CREATE | REST_NULL }, \
    { .name = "email",              .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 255 }, \
    { .name = "default_project_id", .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 64 }, \
    { .name = "password",           .type = REST_STRING, .flags = REST_CREATE | REST_NULL | REST_SECRET, .min = 1, .max = 510 }, \
    { .name = "options",            .type = REST_OBJECT, .flags = REST_CREATE }, \
    { .name = "federated",          .type = REST_LIST, .of = federated_item, .flags = REST_CREATE, .max = 64 }, \
    SAME_ID, \
    { .name = "links",              .type = REST_JSON,   .flags = REST_READ }, \
    { .name = "password_expires_at", .type = REST_TIME,  .flags = REST_READ }, \
    { .name = NULL }
static const struct rest_attr user_create_attrs[] = { USER_BODY(REST_REQUIRED, "true") };
static const struct rest_attr user_update_attrs[] = { USER_BODY(0, NULL) };

/* --- lists: GET /users, /groups/{group_id}/users */
static int
narrow_expiry(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    static const struct { const char *word; const char *op; } ops[] = {
        { "lt:", "<" }, { "lte:", "<=" }, { "gt:", ">" }, { "gte:", ">=" }, { "eq:", "=" }, { "neq:", "<>" }, { "", "=" }
    };
    const char *text = rest_query(call, "password_expires_at");
    size_t i = 0;
    int64_t us;

    if (text == NULL)
        return 0;
    while (!str_starts(text, ops[i].word))
        i++;
    if (clock_parse(text + strlen(ops[i].word), &us) < 0)
        return cairn_fail(err, CAIRN_INVALID, "password_expires_at must be lt:, lte:, gt:, gte:, eq: or neq: and a time like 2030-01-01T00:00:00Z.");
    str_addf(where, " and (select p.expires_us from passwords p where p.user_id = t.id order by p.created_us desc, p.id desc limit 1) %s ?", ops[i].op);
    rest_push_int(values, us);
    return 0;
}

static int
narrow_enabled(struct rest_call *call, struct str *where, struct rest_values *values)
{
    const char *text = rest_query(call, "enabled");
    int64_t since = compliance_active_since();
    int wanted;

    if (text == NULL)
        return 0;
    wanted = strcasecmp(text, "false") != 0 && strcmp(text, "0") != 0;      /* any other value means yes, as clients are used to */
    if (since == 0) {
        str_addf(where, " and t.enabled = %d", wanted);
        return 0;
    }
    str_addf(where, " and %s(t.enabled = 1 and (coalesce(t.active_day, t.created_us / 86400000000) >= ? or t.options like '%%\"" OPTION_IGNORE_INACTIVE "\":true%%'))",
             wanted ? "" : "not ");
    rest_push_int(values, since);
    return 0;
}

static int
user_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    const char *group = call->route != NULL ? rest_param(call, "group_id") : NULL;

    if (group != NULL) {
        str_add(where, " and t.id in (select user_id from group_members where group_id = ?)");
        rest_push_text(values, group);
    }
    federated_narrow(call, where, values);
    return narrow_enabled(call, where, values) < 0 || narrow_expiry(call, where, values, err) < 0 ? -1 : narrow_common(call, &identity_users, where, values);
}

static int
user_before_delete(struct rest_call *call, struct rows *old, struct cairn_error *err)
{
    return external_guard(call, row_text(old, "id"), err) < 0 ? -1 : user_goes(call->tx, row_text(old, "id"), err);
}

const struct rest_resource identity_users = {
    .name = "user", .plural = "users", .noun = "user", .path = "/v3/users", .table = "users", .visible = "1 = 1", .admin_all = 1,
    .attrs = user_attrs, .children = federated_children, .ops = REST_LIST_OP | REST_SHOW_OP | REST_DELETE_OP,
    .rules = { "identity:list_users", "identity:get_user", NULL, NULL, "identity:delete_user", NULL },
    .default_sort = "t.name, t.id", .before_delete = user_before_delete, .after_delete = changed_hook_delete, .narrow = user_narrow,
};

/* --- create and update */

/* '*ret' NULL: the body has none.  No transaction is open. */
static int
hash_given(struct rest_call *call, char **ret, struct cairn_error *err)
{
    const char *secret = rest_str(call, "password");

    if (secret == NULL)
        return 0;
    return compliance_fits(secret, err) < 0 || password_hash(secret, ret, err) < 0 ? retry_later(call, err) : 0;
}

/* A default project must be a project; a domain would never give a token. */
static int
check_default_project(struct tx *tx, const json_t *body, struct cairn_error *err)
{
    const char *project = json_str(body, "default_project_id");
    int64_t is_domain;

    if (project == NULL)
        return 0;
    if (tx_int(tx, &is_domain, 0, err, "select 1 from domains where id = ?", "s", project) < 0)
        return -1;
    return is_domain ? cairn_fail(err, CAIRN_INVALID, "User's default project ID cannot be a domain ID: %.64s", project) : 0;
}

static int
duplicate(const char *name, const char *domain, struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_EXISTS, "Conflict occurred attempting to store user - Duplicate entry found with name %s at domain ID %s.", name, domain);
}

static int
user_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *body = json_deep_copy(call->body);
    CLEANUP_FREE char *hash = NULL;
    CLEANUP_FREE char *options = NULL;
    CLEANUP_FREE char *extra = NULL;
    const char *domain = rest_str(call, "domain_id") != NULL ? rest_str(call, "domain_id") : default_domain(call);
    char id[ID_HEX];

    if (options_fold(NULL, body, user_options, err) < 0 || extra_fold(user_create_attrs, NULL, body, err) < 0 || hash_given(call, &hash, err) < 0)
        return -1;
    options = json_object_get(body, "options") != NULL ? json_text(json_object_get(body, "options")) : xstrdup("{}");
    extra = json_text(json_object_get(body, "extra"));
    id_hex(id);
    if (tx_begin(call->env->catalog, TX_WRITE, &call->tx, err) < 0 || must_exist(call->tx, "domain", "domains", domain, err) < 0
        || external_guard(call, domain, err) < 0 || check_default_project(call->tx, body, err) < 0)
        return -1;
    if (tx_exec(call->tx, err,
                "insert into users (id, domain_id, name, description, email, default_project_id, enabled, options, extra, created_us)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "ssssssissi", id, domain, rest_str(call, "name"), rest_str(call, "description"),
                rest_str(call, "email"), rest_str(call, "default_project_id"), (int64_t)rest_bool(call, "enabled", 1), options, extra, clock_us()) < 0)
        return err->code == CAIRN_EXISTS ? duplicate(rest_str(call, "name"), domain, err) : -1;
    if ((hash != NULL && passwords_store(call->tx, id, hash, json_object_get(body, "options"), 0, err) < 0)
        || federated_store(call->tx, id, rest_value(call, "federated"), err) < 0 || identity_changed(call->tx, err) < 0)
        return -1;
    return rest_emit_object(call, &identity_users, "user", id, err);
}

static int
refuse_moves(const struct rest_call *call, struct rows *old, struct cairn_error *err)
{
    const char *domain = rest_str(call, "domain_id");

    if (rest_given(call, "domain_id") && !str_eq(domain, row_text(old, "domain_id")))
        return cairn_fail(err, CAIRN_INVALID, "Change of domain_id is not allowed: a user stays in its domain.");
    return 0;
}

static int
revoke_user(struct tx *tx, const char *id, struct cairn_error *err)
{
    struct revocation what = { .user_id = id };

    return revoke_add(tx, &what, identity_state.lifetime_us, err);
}

static int
update_column(struct rest_call *call, const char *id, const char *sql, const char *key, struct cairn_error *err)
{
    return rest_value(call, key) == NULL ? 0 : tx_exec(call->tx, err, sql, "ss", rest_str(call, key), id);
}

static int
update_document(struct tx *tx, const char *id, const char *sql, const json_t *value, struct cairn_error *err)
{
    CLEANUP_FREE char *text = value != NULL ? json_text(value) : NULL;

    return text == NULL ? 0 : tx_exec(tx, err, sql, "ss", text, id);
}

static int
store_update(struct rest_call *call, struct rows *old, json_t *body, const char *hash, struct cairn_error *err)
{
    const char *id = row_text(old, "id");
    int was = row_int(old, "enabled") != 0, enabled = rest_bool(call, "enabled", was);
    CLEANUP_JSON json_t *options = json_object_get(body, "options") != NULL ? json_deep_copy(json_object_get(body, "options")) : json_of_column(row_text(old, "options"));

    if (update_column(call, id, "update users set name = ? where id = ?", "name", err) < 0)
        return err->code == CAIRN_EXISTS ? duplicate(rest_str(call, "name"), row_text(old, "domain_id"), err) : -1;
    if (update_column(call, id, "update users set description = ? where id = ?", "description", err) < 0
        || update_column(call, id, "update users set email = ? where id = ?", "email", err) < 0
        || update_column(call, id, "update users set default_project_id = ? where id = ?", "default_project_id", err) < 0
        || update_document(call->tx, id, "update users set options = ? where id = ?", json_object_get(body, "options"), err) < 0
        || update_document(call->tx, id, "update users set extra = ? where id = ?", json_object_get(body, "extra"), err) < 0
        || federated_store(call->tx, id, rest_value(call, "federated"), err) < 0
        || tx_exec(call->tx, err, "update users set enabled = ? where id = ?", "is", (int64_t)enabled, id) < 0)
        return -1;
    if (rest_given(call, "enabled") && enabled && compliance_pardon(call->tx, id, err) < 0)
        return -1;
    if (hash != NULL && passwords_store(call->tx, id, hash, options, 0, err) < 0)
        return -1;
    if (hash == NULL && json_is_null(rest_value(call, "password")) && passwords_clear(call->tx, id, err) < 0)
        return -1;
    /* What was handed out under the old password, or before the user was disabled, is worth nothing afterwards. */
    return rest_value(call, "password") != NULL || (was && !enabled) ? revoke_user(call->tx, id, err) : 0;
}

static int
user_update(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *body = json_deep_copy(call->body);
    CLEANUP_FREE char *hash = NULL;
    CLEANUP_ROWS struct rows *old = NULL;
    const char *id = rest_param(call, "user_id");
    int result = -1;

    if (hash_given(call, &hash, err) < 0 || tx_begin(call->env->catalog, TX_WRITE, &call->tx, err) < 0
        || rest_load(call, &identity_users, id, &old, err) < 0)
        return -1;
    if (external_guard(call, id, err) == 0 && refuse_moves(call, old, err) == 0 && options_fold(old, body, user_options, err) == 0 && extra_fold(user_update_attrs, old, body, err) == 0
        && check_default_project(call->tx, body, err) == 0 && store_update(call, old, body, hash, err) == 0 && identity_changed(call->tx, err) == 0)
        result = rest_emit_object(call, &identity_users, "user", id, err);
    rows_close(steal(&old));            /* before the engine ends the transaction */
    return result;
}

/* --- POST /users/{user_id}/password: the old password is the credential */
static const struct rest_attr password_body[] = {
    { .name = "original_password", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED | REST_SECRET, .max = PASSWORD_MAX },
    { .name = "password",          .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED | REST_SECRET, .min = 1, .max = 510 },
    { .name = NULL }
};

static int
load_for_change(struct rest_call *call, const char *id, struct who_user *user, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    if (tx_begin(call->env->catalog, TX_READ, &tx, err) < 0)
        return -1;
    if (who_user_load(tx, id, NULL, NULL, NULL, user, err) < 0)
        return err->code == CAIRN_NOT_FOUND ? 0 : -1;       /* told apart from a wrong password by nobody */
    return 0;
}

/* The user is known by the old password.  Which rules the new one must keep, and its hash. */
static int
new_password(struct rest_call *call, const struct who_user *user, char **ret_hash, struct cairn_error *err)
{
    const char *secret = rest_str(call, "password");

    if (user->external)
        return cairn_fail(err, CAIRN_DENIED, "Your password is kept elsewhere: it cannot be changed here.");
    if (json_bool(user->options, OPTION_LOCK_PASSWORD, 0))
        return cairn_fail(err, CAIRN_INVALID, "You cannot change your password at this time: its option 'lock_password' is set. Please contact your administrator.");
    return compliance_fits(secret, err) < 0 || passwords_may_follow(call->env->catalog, user->id, secret, err) < 0 || password_hash(secret, ret_hash, err) < 0 ? -1 : 0;
}

static int
password_change(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_WHO_USER struct who_user user = { 0 };
    CLEANUP_FREE char *hash = NULL;
    const char *id = rest_param(call, "user_id");

    if (load_for_change(call, id, &user, err) < 0)
        return -1;
    if (login_password(call->env, &user, rest_str(call, "original_password"), LOGIN_EXPIRED_TOO, err) < 0 || new_password(call, &user, &hash, err) < 0)
        return retry_later(call, err);
    if (tx_begin(call->env->catalog, TX_WRITE, &call->tx, err) < 0)
        return -1;
    /* Two changes at once: the one that proved an old password loses. */
    if (passwords_still(call->tx, id, user.hash, err) < 0 || passwords_store(call->tx, id, hash, user.options, 1, err) < 0 || revoke_user(call->tx, id, err) < 0)
        return -1;
    return identity_changed(call->tx, err);
}

const struct rest_route identity_user_routes[] = {
    { .method = "POST",  .path = "/v3/users", .rule = "identity:create_user", .status = 201, .flags = REST_NO_TX | REST_SLOW, .body = user_create_attrs, .body_key = "user", .handle = user_create },
    { .method = "PATCH", .path = "/v3/users/{user_id}", .rule = "identity:update_user", .status = 200, .flags = REST_NO_TX | REST_SLOW, .body = user_update_attrs, .body_key = "user", .handle = user_update },
    { .method = "POST",  .path = "/v3/users/{user_id}/password", .status = 204, .flags = REST_NO_TX | REST_PUBLIC | REST_SLOW, .body = password_body, .body_key = "user", .handle = password_change },
    { .method = NULL }
};
