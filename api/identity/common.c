/* common.c: what the resources of identity have in common: extra attributes, options, filters, links, and the target of their policies. */
#include "config.h"
#include "identity/resources.h"

#include "identity/proof.h"
#include "identity/sessions.h"

const char *const options_resource[] = { "immutable", NULL };

/* Attributes that are ours, and nobody's business: neither shown nor taken. */
static int
is_private(const char *name)
{
    return str_starts(name, "cairn:");
}

static int
is_known(const struct rest_attr *attrs, const char *name)
{
    for (const struct rest_attr *a = attrs; a->name != NULL; a++) {
        if (strcmp(a->name, name) == 0 && strcmp(name, "extra") != 0)
            return 1;
    }
    return 0;
}

int
extra_fold(const struct rest_attr *attrs, struct rows *old, json_t *body, struct cairn_error *err)
{
    CLEANUP_JSON json_t *extra = old != NULL ? json_of_column(row_text(old, "extra")) : json_object();
    CLEANUP_JSON json_t *given = json_copy(body);
    int changed = old == NULL;
    const char *key;
    json_t *value;

    json_object_foreach(given, key, value) {
        if (is_known(attrs, key))
            continue;
        json_object_del(body, key);
        if (is_private(key))
            continue;
        if (json_is_null(value))
            json_object_del(extra, key);
        else
            json_object_set(extra, key, value);
        changed = 1;
    }
    if (json_object_size(extra) > 64)
        return cairn_fail(err, CAIRN_INVALID, "at most 64 attributes of your own may be added to one object");
    if (changed)
        json_object_set(body, "extra", extra);
    return 0;
}

int
extra_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    CLEANUP_JSON json_t *extra = json_of_column(row_text(row, "extra"));
    const char *key;
    json_t *value;

    (void)call;
    (void)err;
    json_object_foreach(extra, key, value) {
        if (!is_private(key))
            jo_json(out, key, value);
    }
    return 0;
}

int
known_only(const struct rest_attr *attrs, unsigned access, const json_t *given, struct cairn_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)given, key, value) {
        const struct rest_attr *a = attrs;

        if (access == REST_CREATE && strcmp(key, "id") == 0)
            continue;                   /* the engine's, of the path */
        while (a->name != NULL && (strcmp(a->name, key) != 0 || (access != 0 && (a->flags & access) == 0)))
            a++;
        if (a->name == NULL)
            return cairn_fail(err, CAIRN_INVALID, "Additional properties are not allowed ('%.60s' was unexpected)", key);
    }
    return 0;
}

int
same_id_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    const char *id = call->object != NULL ? row_text(call->object, "id") : rest_param(call, "user_id");

    if (id == NULL || str_eq(json_string_value(value), id))
        return 0;
    return cairn_fail(err, CAIRN_INVALID, "Cannot change the ID of %s.", id);
}

int
fixed_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    (void)call;
    (void)value;
    return cairn_fail(err, CAIRN_INVALID, "Additional properties are not allowed: what is given cannot be changed");
}

void
null_is_empty(json_t *body, const char *key)
{
    if (json_is_null(json_object_get(body, key)))
        json_object_set_new(body, key, json_string(""));
}

int
options_fold(struct rows *old, json_t *body, const char *const *known, struct cairn_error *err)
{
    json_t *given = json_object_get(body, "options"), *value;
    CLEANUP_JSON json_t *options = old != NULL ? json_of_column(row_text(old, "options")) : json_object();
    const char *key;

    if (given == NULL)
        return 0;
    json_object_foreach(given, key, value) {
        size_t i = 0;

        while (known[i] != NULL && strcmp(known[i], key) != 0)
            i++;
        if (known[i] == NULL)
            return cairn_fail(err, CAIRN_INVALID, "the option '%.60s' is not known here", key);
        if (strcmp(key, OPTION_MFA_RULES) == 0) {
            if (!json_is_null(value) && !factors_rules_ok(value))
                return cairn_fail(err, CAIRN_INVALID, "the option '%s' must be a list of lists of names of methods, or null", key);
        } else if (!json_is_boolean(value) && !json_is_null(value)) {
            return cairn_fail(err, CAIRN_INVALID, "the option '%s' must be true, false or null", key);
        }
        if (json_is_null(value))
            json_object_del(options, key);
        else
            json_object_set(options, key, value);
    }
    json_object_set(body, "options", options);
    return 0;
}

int
options_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_raw(out, "options", row_text(row, "options"));
    return 0;
}

int
immutable_guard(const char *noun, struct rows *old, const json_t *body, struct cairn_error *err)
{
    CLEANUP_JSON json_t *options = json_of_column(row_text(old, "options"));
    const json_t *change = body != NULL ? json_object_get(body, "options") : NULL;
    const json_t *wish = json_object_get(change, "immutable");

    if (!json_bool(options, "immutable", 0))
        return 0;
    if (body != NULL && json_object_size(body) == 1 && json_object_size(change) == 1 && (json_is_false(wish) || json_is_null(wish)))
        return 0;
    return cairn_fail(err, CAIRN_DENIED, "Cannot %s the %s %s: its option 'immutable' is set.", body != NULL ? "update" : "delete",
                      noun, row_text(old, "id"));
}

int
links_emit_at(struct rest_call *call, struct json_out *out, const char *path, const char *id)
{
    CLEANUP_FREE char *url = rest_url(call, "%s/%s", path, id);

    jo_object(out, "links");
    jo_str(out, "self", url);
    jo_end_object(out);
    return 0;
}

void
list_links(struct rest_call *call)
{
    CLEANUP_FREE char *self = rest_self_url(call);

    jo_object(call->out, "links");
    jo_null(call->out, "next");
    jo_str(call->out, "self", self);
    jo_null(call->out, "previous");
    jo_end_object(call->out);
}

/* --- filters */
static void
push_like(struct rest_values *values, const char *before, const char *text, const char *after)
{
    CLEANUP_STR struct str pattern = STR_INIT;

    str_add(&pattern, before);
    for (; *text != '\0'; text++) {
        if (strchr("%_\\", *text) != NULL)
            str_add_c(&pattern, '\\');
        str_add_c(&pattern, *text);
    }
    str_add(&pattern, after);
    rest_push_text(values, pattern.text);
}

static const struct comparator { const char *suffix; const char *sql; const char *before, *after; } comparators[] = {
    { "__contains",    " and %s like ? escape '\\'", "%", "%" },
    { "__icontains",   " and lower(%s) like lower(?) escape '\\'", "%", "%" },
    { "__startswith",  " and %s like ? escape '\\'", "", "%" },
    { "__istartswith", " and lower(%s) like lower(?) escape '\\'", "", "%" },
    { "__endswith",    " and %s like ? escape '\\'", "%", "" },
    { "__iendswith",   " and lower(%s) like lower(?) escape '\\'", "%", "" },
    { "__equals",      " and %s = ?", NULL, NULL },
    { "__iequals",     " and lower(%s) = lower(?)", NULL, NULL },
};

int
narrow_common(struct rest_call *call, const struct rest_resource *resource, struct str *where, struct rest_values *values)
{
    const struct auth *who = call->auth;

    for (const struct rest_attr *a = resource->attrs; a->name != NULL; a++) {
        const char *column = a->column != NULL ? a->column : a->name;

        if ((a->flags & REST_FILTER) == 0 || (a->type != REST_STRING && a->type != REST_TEXT))
            continue;
        for (size_t i = 0; i < ARRAY_LEN(comparators); i++) {
            CLEANUP_FREE char *name = xasprintf("%s%s", a->name, comparators[i].suffix);
            const char *value = rest_query(call, name);

            if (value == NULL)
                continue;
            str_addf(where, comparators[i].sql, column);
            if (comparators[i].before != NULL)
                push_like(values, comparators[i].before, value, comparators[i].after);
            else
                rest_push_text(values, value);
        }
        /* A token for a domain shows that domain, whatever its bearer asks for. */
        if (strcmp(a->name, "domain_id") == 0 && resource != &identity_roles && who->scope == AUTH_DOMAIN && !who->is_admin) {
            str_addf(where, " and %s = ?", column);
            rest_push_text(values, who->domain_id);
        }
    }
    return 0;
}

int
retry_later(struct rest_call *call, const struct cairn_error *err)
{
    if (err->code == CAIRN_UNAVAILABLE)
        rest_header(call, "Retry-After", "1");
    return -1;
}

const char *
default_domain(struct rest_call *call)
{
    if (call->auth->domain_id[0] != '\0')
        return call->auth->domain_id;
    return call->auth->project_domain_id[0] != '\0' ? call->auth->project_domain_id : "default";
}

int
must_exist(struct tx *tx, const char *noun, const char *table, const char *id, struct cairn_error *err)
{
    char sql[128];
    int64_t found;

    snprintf(sql, sizeof sql, "select 1 from %s where id = ?", table);
    if (tx_int(tx, &found, 0, err, sql, "s", id) < 0)
        return -1;
    return found ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Could not find %s: %.80s.", noun, id);
}

int
changed_hook(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    (void)body;
    return identity_changed(call->tx, err);
}

int
changed_hook_delete(struct rest_call *call, struct cairn_error *err)
{
    return identity_changed(call->tx, err);
}

/* --- the target of policies */
static const struct { const char *attr, *param, *sql; } path_targets[] = {
    { "target.user.domain_id",    "user_id",    "select domain_id from users where id = ?" },
    { "target.group.domain_id",   "group_id",   "select domain_id from groups_ where id = ?" },
    { "target.project.domain_id", "project_id", "select domain_id from projects where id = ?" },
    { "target.role.name",         "role_id",    "select name from roles where id = ? and domain_id = ''" },
    { "target.actor.domain_id",   "user_id",    "select domain_id from users where id = ?" },
    { "target.actor.domain_id",   "group_id",   "select domain_id from groups_ where id = ?" },
    { "target.scope.domain_id",   "project_id", "select domain_id from projects where id = ?" },
    { "target.scope.domain_id",   "domain_id",  "select id from domains where id = ?" },
};

/* For the next rule of this request; copied. */
static void
target_note(struct rest_call *call, const char *attr, const char *value)
{
    http_set_note(call->req, attr, xstrdup(value), free);
}

static char *
ask(struct rest_call *call, const char *sql, const char *id)
{
    CLEANUP_TX struct tx *own = NULL;
    char *value = NULL;

    if (call->tx == NULL && tx_begin(call->env->catalog, TX_READ, &own, NULL) < 0)
        return NULL;
    return tx_text(call->tx != NULL ? call->tx : own, &value, NULL, sql, "s", id) < 0 ? NULL : value;
}

/* The body of a create as its own target: "target.user.domain_id" is what the new user will have. */
static const char *
body_target(struct rest_call *call, const char *attr)
{
    const char *dot = strrchr(attr, '.'), *value, *parent;

    if (call->object != NULL || call->body == NULL || strcmp(http_method(call->req), "POST") != 0)
        return NULL;
    value = json_str(call->body, dot + 1);
    if (value != NULL || strcmp(dot + 1, "domain_id") != 0)
        return value;
    parent = json_str(call->body, "parent_id");
    if (parent != NULL && strcmp(attr, "target.project.domain_id") == 0) {
        CLEANUP_FREE char *domain = ask(call, "select domain_id from projects where id = ?", parent);

        target_note(call, "target.project.domain_id", domain != NULL ? domain : parent);
        return http_note(call->req, "target.project.domain_id");
    }
    return default_domain(call);
}

/* A token that is none belongs to whoever asks, so that everybody is told the same: there is no such token. */
static const char *
token_target(struct rest_call *call)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    const struct auth *who = subject_token(call, &err);

    return who != NULL ? who->user_id : call->auth->user_id;
}

const char *
identity_target(struct rest_call *call, const char *attr)
{
    const char *noted, *id;

    if (!str_starts(attr, "target."))
        return NULL;
    if ((noted = http_note(call->req, attr)) != NULL)
        return noted;
    /* What belongs to a user belongs to the one of the path, whatever the body says. */
    if (strcmp(attr, "target.user.id") == 0 && (id = rest_param(call, "user_id")) != NULL)
        return id;
    if (strcmp(attr, "target.token.user_id") == 0)
        return token_target(call);
    if (call->object == NULL && strcmp(attr, "target.credential.user_id") == 0 && strcmp(http_method(call->req), "GET") == 0
        && rest_param(call, "credential_id") == NULL)
        return call->auth->user_id;     /* a list is of one's own; see list_all_credentials */
    if (call->object == NULL && strcmp(attr, "target.trust.trustor_user_id") == 0 && rest_param(call, "trust_id") != NULL)
        return call->auth->user_id;     /* a trust ends by itself, and whoever used it hears that it is gone */
    if (call->object == NULL && str_starts(attr, "target.trust.") && strcmp(http_method(call->req), "GET") == 0)
        return rest_query(call, attr + strlen("target.trust."));
    if (strcmp(attr, "target.domain_id") == 0) {
        id = rest_query(call, "domain_id");
        return id != NULL ? id : call->auth->domain_id;
    }
    for (size_t i = 0; i < ARRAY_LEN(path_targets); i++) {
        if (strcmp(path_targets[i].attr, attr) != 0 || (id = rest_param(call, path_targets[i].param)) == NULL)
            continue;
        http_set_note(call->req, path_targets[i].attr, ask(call, path_targets[i].sql, id), free);
        return http_note(call->req, path_targets[i].attr);
    }
    return body_target(call, attr);
}
