/* application_credentials.c: part of a user's rights in one project, under a secret of its own, for programs: the resource, and the login by it. */
#include "config.h"
#include "identity/resources.h"

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/ids.h"
#include "identity/delegated.h"
#include "identity/delegation.h"
#include "identity/password.h"
#include "identity/proof.h"
#include "identity/revoke.h"

#define PER_USER_MAX 1000
#define SECRET_BYTES 64                 /* of those that we make: no dictionary has them, so a plain digest keeps them */
#define DIGEST_PREFIX "$cairn-256$"
#define PATH "/v3/users/{user_id}/application_credentials"
#define SECRET_NOTE "identity.app-cred-secret"

/* --- secrets */
static char *
digest_of(const char *secret)
{
    uint8_t hash[32];
    unsigned len = sizeof hash;
    CLEANUP_FREE char *text = NULL;

    EVP_Digest(secret, strlen(secret), hash, &len, EVP_sha256(), NULL);
    text = str_base64(hash, sizeof hash, 1);
    return xasprintf(DIGEST_PREFIX "%s", text);
}

static int
verify_secret(const char *id, const char *secret, const char *hash, struct cairn_error *err)
{
    CLEANUP_FREE char *digest = NULL;

    if (hash == NULL || !str_starts(hash, DIGEST_PREFIX))
        return password_verify(id, secret, hash, err);
    digest = digest_of(secret);
    if (strlen(digest) == strlen(hash) && str_secret_eq(digest, hash, strlen(hash)))
        return 0;
    return password_verify(NULL, secret, NULL, err);    /* fails, after the time that it takes where nobody is there */
}

/* --- what is shown */
static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s/application_credentials", row_text(row, "user_id"));

    (void)err;
    return links_emit_at(call, out, path, row_text(row, "id"));
}

static int
unrestricted_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_bool(out, "unrestricted", row_int(row, "unrestricted") != 0);
    jo_null(out, "system");
    return 0;
}

/* The one time of identity that is told without a zone: it is UTC all the same. */
static int
expires_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    char text[CLOCK_TEXT];

    (void)call;
    (void)err;
    jo_str(out, "expires_at", row_null(row, "expires_us") ? NULL : clock_format(row_int(row, "expires_us"), CLOCK_MICRO, text));
    return 0;
}

/* Told once, in the answer to the create. */
static int
secret_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *secret = http_note(call->req, SECRET_NOTE);

    (void)row;
    (void)err;
    if (secret != NULL)
        jo_str(out, "secret", secret);
    return 0;
}

static const struct rest_attr app_cred_attrs[] = {
    { .name = "id",           .column = "t.id",           .type = REST_ID,     .flags = REST_READ },
    { .name = "name",         .column = "t.name",         .type = REST_STRING, .flags = REST_READ | REST_FILTER | REST_SORT },
    { .name = "description",  .column = "t.description",  .type = REST_TEXT,   .flags = REST_READ },
    { .name = "user_id",      .column = "t.user_id",      .type = REST_ID,     .flags = REST_READ },
    { .name = "project_id",   .column = "t.project_id",   .type = REST_ID,     .flags = REST_READ },
    { .name = "expires_at",   .column = "t.expires_us",   .type = REST_TIME,   .flags = REST_READ, .emit = expires_emit },
    { .name = "unrestricted", .column = "t.unrestricted", .type = REST_BOOL,   .flags = REST_READ, .emit = unrestricted_emit },
    { .name = "secret",       .type = REST_STRING, .flags = REST_READ | REST_NO_COLUMN | REST_SECRET, .emit = secret_emit },
    { .name = "links",        .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN, .emit = links_emit },
    { .name = NULL }
};

static int
role_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *domain = row_text(row, "domain_id");

    (void)call;
    (void)err;
    jo_object(out, NULL);
    jo_str(out, "id", row_text(row, "id"));
    jo_str(out, "name", row_text(row, "name"));
    jo_str(out, "domain_id", domain[0] != '\0' ? domain : NULL);
    jo_str(out, "description", row_text(row, "description"));
    jo_raw(out, "options", row_text(row, "options"));
    jo_end_object(out);
    return 0;
}

static int
rule_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_object(out, NULL);
    jo_str(out, "id", row_text(row, "id"));
    jo_str(out, "service", row_text(row, "service"));
    jo_str(out, "method", row_text(row, "method"));
    jo_str(out, "path", row_text(row, "path"));
    jo_end_object(out);
    return 0;
}

static const struct rest_child app_cred_children[] = {
    { .name = "roles", .emit = role_emit,
      .sql = "select a.application_credential_id as parent, r.id as id, r.name as name, r.domain_id as domain_id, r.description as description, r.options as options"
             " from application_credential_roles a join roles r on r.id = a.role_id where a.application_credential_id in (%IDS%) order by parent, name" },
    { .name = "access_rules", .emit = rule_emit,
      .sql = "select a.application_credential_id as parent, r.id as id, r.service as service, r.method as method, r.path as path"
             " from application_credential_rules a join access_rules r on r.id = a.access_rule_id where a.application_credential_id in (%IDS%) order by parent, a.position" },
    { .name = NULL }
};

static int
app_cred_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    (void)err;
    str_add(where, " and t.user_id = ?");
    rest_push_text(values, rest_param(call, "user_id"));
    return narrow_common(call, &identity_app_creds, where, values);
}

const struct rest_resource identity_app_creds = {
    .name = "application_credential", .plural = "application_credentials", .noun = "Application Credential", .path = PATH, .table = "application_credentials",
    .visible = "1 = 1", .admin_all = 1, .attrs = app_cred_attrs, .children = app_cred_children, .default_sort = "t.name, t.id", .narrow = app_cred_narrow,
    .columns = "t.id, t.user_id, t.unrestricted, t.expires_us",
};

/* --- routes */
static int
app_creds_list(struct rest_call *call, struct cairn_error *err)
{
    return refuse_handed_on(call, err) < 0 ? -1 : rest_list(call, &identity_app_creds, 1, err);
}

static int
of_this_user(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "application_credential_id");
    CLEANUP_FREE char *owner = NULL;

    if (tx_text(call->tx, &owner, err, "select user_id from application_credentials where id = ?", "s", id) < 0)
        return -1;
    if (owner == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find Application Credential: %.80s.", id);
    return strcmp(owner, rest_param(call, "user_id")) == 0 ? 0 : cairn_fail(err, CAIRN_DENIED, "This application credential is another user's.");
}

static int
app_cred_show(struct rest_call *call, struct cairn_error *err)
{
    if (refuse_handed_on(call, err) < 0 || of_this_user(call, err) < 0)
        return -1;
    return rest_emit_object(call, &identity_app_creds, "application_credential", rest_param(call, "application_credential_id"), err);
}

static int
app_cred_delete(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "application_credential_id");
    struct revocation what = { .delegation_id = id, .delegation = REVOKED_APP_CRED };

    if (refuse_handed_on(call, err) < 0 || refuse_restricted(call, err) < 0 || of_this_user(call, err) < 0
        || revoke_add(call->tx, &what, identity_state.lifetime_us, err) < 0
        || tx_exec(call->tx, err, "delete from application_credentials where id = ?", "s", id) < 0)
        return -1;
    return identity_changed(call->tx, err);
}

/* --- create */
static const char *const rule_methods[] = { "DELETE", "GET", "HEAD", "PATCH", "POST", "PUT", NULL };
static const struct rest_attr rule_attrs[] = {
    { .name = "id",      .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 64 },
    { .name = "service", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 64 },
    { .name = "method",  .type = REST_ENUM,   .flags = REST_CREATE, .choices = rule_methods },
    { .name = "path",    .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 128 },
    { .name = NULL }
};
static const struct rest_attr create_body[] = {
    { .name = "name",         .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255 },
    { .name = "description",  .type = REST_TEXT,   .flags = REST_CREATE | REST_NULL, .max = 4096 },
    { .name = "secret",       .type = REST_STRING, .flags = REST_CREATE | REST_NULL | REST_SECRET, .min = 1, .max = 255 },
    { .name = "expires_at",   .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 64 },
    { .name = "roles",        .type = REST_LIST,   .flags = REST_CREATE | REST_NULL, .of = role_ref_attrs, .max = 64 },
    { .name = "unrestricted", .type = REST_BOOL,   .flags = REST_CREATE | REST_NULL },
    { .name = "access_rules", .type = REST_LIST,   .flags = REST_CREATE | REST_NULL, .of = rule_attrs, .max = 64 },
    { .name = "project_id",   .type = REST_STRING, .flags = REST_CREATE | REST_NULL },
    { .name = NULL }
};

static int
may_create(struct rest_call *call, struct cairn_error *err)
{
    const char *user = rest_param(call, "user_id"), *project = rest_str(call, "project_id");

    if (refuse_handed_on(call, err) < 0 || refuse_restricted(call, err) < 0)
        return -1;
    if (strcmp(call->auth->user_id, user) != 0)
        return cairn_fail(err, CAIRN_DENIED, "Cannot create an application credential for another user.");
    if (call->auth->scope != AUTH_PROJECT)
        return cairn_fail(err, CAIRN_INVALID, "An application credential is made with a token for the project that it is to be for.");
    if (project != NULL && strcmp(project, call->auth->project_id) != 0)
        return cairn_fail(err, CAIRN_INVALID, "An application credential is for the project of the token that makes it, not for %.64s.", project);
    return 0;
}

static int
add_role(struct rest_call *call, const char *id, const char *role, struct cairn_error *err)
{
    return tx_exec(call->tx, err,
                   "insert into application_credential_roles (application_credential_id, role_id) values (?, ?)"
                   " on conflict (application_credential_id, role_id) do nothing", "ss", id, role);
}

/* All that these roles imply is given, too; the bearer sees what they are made of. */
#define IMPLIED \
    "insert into application_credential_roles (application_credential_id, role_id, chosen)" \
    " with recursive r(id) as (select role_id from application_credential_roles where application_credential_id = ?" \
    " union select i.implied_id from implied_roles i join r on i.prior_id = r.id)" \
    " select ?, r.id, 0 from r join roles ro on ro.id = r.id where ro.domain_id = ''" \
    " and r.id not in (select role_id from application_credential_roles where application_credential_id = ?)"
/* Who gave no list wants all roles of the token: those that another one brings are not counted one by one. */
#define UNCHOOSE \
    "update application_credential_roles set chosen = 0 where application_credential_id = ? and role_id in (select i.implied_id from implied_roles i" \
    " join application_credential_roles a on a.role_id = i.prior_id where a.application_credential_id = ?)"

static int
store_roles(struct rest_call *call, const char *id, struct cairn_error *err)
{
    const json_t *roles = rest_value(call, "roles");
    size_t i;
    json_t *role;

    json_array_foreach(roles, i, role) {
        CLEANUP_FREE char *role_id = NULL;

        if (find_role(call->tx, role, &role_id, err) < 0)
            return -1;
        if (!has_role_id(call->auth, role_id))
            return cairn_fail(err, CAIRN_INVALID, "Invalid application credential: Cannot create an application credential with unassigned role");
        if (add_role(call, id, role_id, err) < 0)
            return -1;
    }
    if (json_array_size(roles) > 0)
        return tx_exec(call->tx, err, IMPLIED, "sss", id, id, id);
    for (unsigned r = 0; r < call->auth->roles_count; r++) {
        if (add_role(call, id, call->auth->role_ids[r], err) < 0)
            return -1;
    }
    return tx_exec(call->tx, err, UNCHOOSE, "ss", id, id);
}

/* '*ret' is the rule's id; one that the user has already is used again. */
static int
store_rule(struct rest_call *call, const json_t *rule, char **ret, struct cairn_error *err)
{
    static const char same[] = "select id from access_rules where user_id = ? and service = ? and method = ? and path = ?";
    const char *user = call->auth->user_id, *given = json_str(rule, "id"), *service = json_str(rule, "service"), *method = json_str(rule, "method"),
               *path = json_str(rule, "path");
    char id[ID_HEX];

    if (given != NULL && service == NULL && method == NULL && path == NULL) {
        if (tx_text(call->tx, ret, err, "select id from access_rules where id = ? and user_id = ?", "ss", given, user) < 0)
            return -1;
        return *ret != NULL ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Could not find Access Rule: %.64s.", given);
    }
    if (service == NULL || method == NULL || path == NULL || path[0] != '/')
        return cairn_fail(err, CAIRN_INVALID, "An access rule is the id of one, or a service, a method and a path that begins with '/'.");
    if (tx_text(call->tx, ret, err, same, "ssss", user, service, method, path) < 0 || *ret != NULL)
        return *ret != NULL ? 0 : -1;
    id_hex(id);
    *ret = xstrdup(id);
    return tx_exec(call->tx, err, "insert into access_rules (id, user_id, service, method, path) values (?, ?, ?, ?, ?)", "sssss", id, user, service, method, path);
}

/* One that has access rules hands on these or fewer. */
static int
has_rule(const struct auth *who, const char *id)
{
    for (unsigned i = 0; i < who->rules_count; i++) {
        if (strcmp(who->rules[i].id, id) == 0)
            return 1;
    }
    return who->rules == NULL;
}

static int
store_rules(struct rest_call *call, const char *id, struct cairn_error *err)
{
    size_t i;
    json_t *rule;

    if (call->auth->rules != NULL && json_array_size(rest_value(call, "access_rules")) == 0)
        return cairn_fail(err, CAIRN_DENIED, "An application credential with access rules makes none without.");
    json_array_foreach(rest_value(call, "access_rules"), i, rule) {
        CLEANUP_FREE char *rule_id = NULL;

        if (store_rule(call, rule, &rule_id, err) < 0)
            return -1;
        if (!has_rule(call->auth, rule_id))
            return cairn_fail(err, CAIRN_DENIED, "An application credential with access rules hands on its own only.");
        if (tx_exec(call->tx, err,
                    "insert into application_credential_rules (application_credential_id, access_rule_id, position) values (?, ?, ?)"
                    " on conflict (application_credential_id, access_rule_id) do nothing", "ssi", id, rule_id, (int64_t)i) < 0)
            return -1;
    }
    return 0;
}

static int
store(struct rest_call *call, const char *id, const char *hash, int64_t expires_us, struct cairn_error *err)
{
    const char *user = call->auth->user_id, *name = rest_str(call, "name");
    int64_t have;

    if (tx_int(call->tx, &have, 0, err, "select count(*) from application_credentials where user_id = ?", "s", user) < 0)
        return -1;
    if (have >= PER_USER_MAX)
        return cairn_fail(err, CAIRN_DENIED, "Unable to create additional application credentials, maximum of %d already exceeded for user.", PER_USER_MAX);
    if (tx_exec(call->tx, err,
                "insert into application_credentials (id, user_id, project_id, name, description, secret_hash, unrestricted, expires_us, created_us)"
                " values (?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?)", "ssssssiii", id, user, call->auth->project_id, name, rest_str(call, "description"), hash,
                (int64_t)rest_bool(call, "unrestricted", 0), expires_us, clock_us()) < 0)
        return err->code == CAIRN_EXISTS ? cairn_fail(err, CAIRN_EXISTS, "Conflict occurred attempting to store application_credential - Duplicate entry found with name %s.", name)
                                         : -1;
    return store_roles(call, id, err) < 0 || store_rules(call, id, err) < 0 ? -1 : 0;
}

static void
free_secret(void *arg)
{
    explicit_bzero(arg, strlen(arg));
    free(arg);
}

static int
app_cred_create(struct rest_call *call, struct cairn_error *err)
{
    const char *given = rest_str(call, "secret");
    CLEANUP_FREE char *hash = NULL;
    uint8_t random[SECRET_BYTES];
    char id[ID_HEX], *secret;
    int64_t expires_us;

    if (may_create(call, err) < 0 || read_expiry(rest_str(call, "expires_at"), &expires_us, err) < 0)
        return -1;
    if (given != NULL) {
        if (password_hash(given, &hash, err) < 0)
            return retry_later(call, err);
        secret = xstrdup(given);
    } else {
        id_random(random, sizeof random);
        secret = str_base64(random, sizeof random, 1);
        explicit_bzero(random, sizeof random);
        hash = digest_of(secret);
    }
    http_set_note(call->req, SECRET_NOTE, secret, free_secret);
    id_hex(id);
    if (tx_begin(call->env->catalog, TX_WRITE, &call->tx, err) < 0 || store(call, id, hash, expires_us, err) < 0)
        return -1;
    return rest_emit_object(call, &identity_app_creds, "application_credential", id, err);
}

/* --- the login */
struct found { char *id, *user_id, *project_id, *hash; int64_t expires_us; };

static void
found_free(struct found *f)
{
    free(f->id);
    free(f->user_id);
    free(f->project_id);
    free(f->hash);
}

static int
find(struct rest_call *call, const json_t *data, const char *user_id, struct found *ret, struct cairn_error *err)
{
    static const char columns[] = "select id, user_id, project_id, secret_hash, expires_us from application_credentials where ";
    const char *id = json_str(data, "id"), *name = json_str(data, "name");
    CLEANUP_FREE char *sql = xasprintf("%s%s", columns, id != NULL ? "id = ?" : "user_id = ? and name = ?");
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (tx_begin(call->env->catalog, TX_READ, &tx, err) < 0)
        return -1;
    got = id != NULL ? tx_query(tx, &rows, err, sql, "s", id) : tx_query(tx, &rows, err, sql, "ss", user_id != NULL ? user_id : "", name);
    if (got < 0 || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got > 0)
        *ret = (struct found){ xstrdup(row_text(rows, "id")), xstrdup(row_text(rows, "user_id")), xstrdup(row_text(rows, "project_id")),
                               xstrdup(row_text(rows, "secret_hash")), row_int(rows, "expires_us") };
    return 0;
}

/* Nobody there costs what somebody does; whether user, project and roles are still there is seen when the token is resolved. */
int
proof_by_app_cred(struct rest_call *call, const json_t *data, struct proof *proof, struct cairn_error *err)
{
    CLEANUP(found_free) struct found found = { 0 };
    CLEANUP_WHO_USER struct who_user user = { 0 };

    if (proof_need_one_of(json_str(data, "id"), json_str(data, "name"), "application_credential", err) < 0)
        return -1;
    if (json_str(data, "id") == NULL && proof_find_user(call, json_object_get(data, "user"), &user, err) < 0 && err->code != CAIRN_NOT_FOUND)
        return -1;
    if (find(call, data, user.id, &found, err) < 0)
        return -1;
    if (verify_secret(found.id, json_str(data, "secret"), found.hash, err) < 0)
        return proof_veil(err);
    if (found.expires_us != 0 && found.expires_us <= clock_us())
        return proof_refused(err);
    proof->methods |= TOKEN_BY_APP_CRED;
    if (proof_by_delegation(proof, AUTH_BY_APP_CRED, found.id, found.project_id, found.expires_us, err) < 0)
        return -1;
    return proof_user(proof, found.user_id, err);
}

const struct rest_route identity_app_cred_routes[] = {
    { .method = "GET",    .path = PATH, .rule = "identity:list_application_credentials", .status = 200, .handle = app_creds_list },
    { .method = "POST",   .path = PATH, .rule = "identity:create_application_credential", .status = 201, .flags = REST_NO_TX | REST_SLOW, .body = create_body,
      .body_key = "application_credential", .handle = app_cred_create },
    { .method = "GET",    .path = PATH "/{application_credential_id}", .rule = "identity:get_application_credential", .status = 200, .handle = app_cred_show },
    { .method = "DELETE", .path = PATH "/{application_credential_id}", .rule = "identity:delete_application_credential", .status = 204, .handle = app_cred_delete },
    { .method = NULL }
};
