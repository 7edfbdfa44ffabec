/* credentials.c: the resource "credentials": whatever a user must keep that services need whole: EC2 keys, TOTP seeds, certificates. */
#include "config.h"
#include "identity/resources.h"

#include "base/ids.h"
#include "identity/credential_store.h"
#include "identity/delegated.h"

#define PATH "/v3/credentials"

static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, PATH, row_text(row, "id"));
}

static int
blob_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    CLEANUP_FREE char *blob = NULL;

    (void)call;
    if (unseal_text(identity_state.credential_keys, row_text(row, "id"), row_text(row, "sealed"), &blob, err) < 0)
        return cairn_error_context(err, "credential %.80s", row_text(row, "id"));
    jo_str(out, "blob", blob);
    explicit_bzero(blob, strlen(blob));
    return 0;
}

static const struct rest_attr credential_attrs[] = {
    { .name = "id",         .column = "t.id",         .type = REST_STRING, .flags = REST_READ },
    { .name = "user_id",    .column = "t.user_id",    .type = REST_ID,     .flags = REST_READ | REST_FILTER },
    { .name = "project_id", .column = "t.project_id", .type = REST_ID,     .flags = REST_READ },
    { .name = "type",       .column = "t.type",       .type = REST_STRING, .flags = REST_READ | REST_FILTER },
    { .name = "blob",       .column = "t.sealed",     .type = REST_TEXT,   .flags = REST_READ | REST_SECRET, .emit = blob_emit },
    { .name = "extra",      .column = "t.extra",      .type = REST_JSON,   .flags = REST_READ, .emit = extra_emit },
    { .name = "links",      .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN, .emit = links_emit },
    { .name = NULL }
};

static int
is_delegated(const struct auth *who)
{
    return who->delegation != AUTH_DIRECT || is_by_signature(who);
}

/* Who acts by leave of another sees what belongs to the project of that leave, and no secret that would let them be more than the leave says: no seed of
 * TOTP, no EC2 key but those that were made by the same leave. */
static int
credential_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    (void)err;
    if (is_delegated(call->auth)) {
        str_add(where, " and t.project_id = ? and lower(t.type) <> '" CREDENTIAL_TOTP "' and (lower(t.type) <> '" CREDENTIAL_EC2 "' or t.delegation_id = ?)");
        rest_push_text(values, call->auth->project_id);
        rest_push_text(values, call->auth->delegation_id);
    }
    return 0;
}

const struct rest_resource identity_credentials = {
    .name = "credential", .plural = "credentials", .noun = "credential", .path = PATH, .table = "credentials", .visible = "t.user_id = :user", .admin_all = 1,
    .attrs = credential_attrs, .rules = { .all = "identity:list_all_credentials" }, .default_sort = "t.created_us, t.id", .narrow = credential_narrow,
    .columns = "t.id, t.sealed, t.extra",
};

static int
within_leave(struct rest_call *call, const char *project, const char *type, const char *delegation_id, struct cairn_error *err)
{
    if (!is_delegated(call->auth))
        return 0;
    if (!str_eq(project, call->auth->project_id))
        return cairn_fail(err, CAIRN_DENIED, "Credential project does not match the project scope of the delegated token");
    if (strcasecmp(type, CREDENTIAL_TOTP) == 0 || (strcasecmp(type, CREDENTIAL_EC2) == 0 && strcmp(delegation_id, call->auth->delegation_id) != 0))
        return cairn_fail(err, CAIRN_DENIED, "This credential would give more than the delegated token has");
    return 0;
}

static int
object_within_leave(struct rest_call *call, struct cairn_error *err)
{
    return within_leave(call, row_text(call->object, "project_id"), row_text(call->object, "type"), row_text(call->object, "delegation_id"), err);
}

static int
credentials_list(struct rest_call *call, struct cairn_error *err)
{
    return rest_list(call, &identity_credentials, 1, err);
}

static int
credential_show(struct rest_call *call, struct cairn_error *err)
{
    if (object_within_leave(call, err) < 0)
        return -1;
    return rest_emit_object(call, &identity_credentials, "credential", row_text(call->object, "id"), err);
}

/* --- create and change */
#define BODY(required) \
    { .name = "blob",       .type = REST_TEXT,   .flags = REST_CREATE | (required) | REST_SECRET, .max = 65535 }, \
    { .name = "type",       .type = REST_STRING, .flags = REST_CREATE | (required), .min = 1, .max = 255 }, \
    { .name = "user_id",    .type = REST_STRING, .flags = REST_CREATE | (required), .min = 1, .max = 64 }, \
    { .name = "project_id", .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 64 }, \
    { .name = "id",         .type = REST_STRING, .flags = REST_READ }, \
    { .name = "links",      .type = REST_JSON,   .flags = REST_READ }, \
    { .name = "extra",      .type = REST_JSON,   .flags = REST_READ }, \
    { .name = NULL }
static const struct rest_attr create_body[] = { BODY(REST_REQUIRED) };
static const struct rest_attr update_body[] = { BODY(0) };

/* The blob of an EC2 credential: an object with an access key.  '*ret' is a new reference. */
static int
parse_ec2(const char *blob, json_t **ret, struct cairn_error *err)
{
    struct cairn_error bad = CAIRN_ERROR_INIT;
    CLEANUP_JSON json_t *object = NULL;

    if (json_parse(blob, strlen(blob), &object, &bad) < 0 || !json_is_object(object))
        return cairn_fail(err, CAIRN_INVALID, "Invalid blob in credential");
    if (json_str(object, "access") == NULL || json_str(object, "access")[0] == '\0')
        return cairn_fail(err, CAIRN_INVALID, "Expecting to find access in the blob of a credential of type ec2.");
    *ret = steal(&object);
    return 0;
}

/* What a credential was made by the leave of stays with it: its tokens never have more.  Keys of the blob, by kind. */
static const char *const leave_keys[] = { [AUTH_DIRECT] = NULL, [AUTH_BY_TRUST] = "trust_id", [AUTH_BY_APP_CRED] = "app_cred_id", [AUTH_BY_OAUTH] = "access_token_id" };

static int
prepare_ec2(struct rest_call *call, struct credential *c, struct cairn_error *err)
{
    CLEANUP_JSON json_t *blob = NULL;
    char id[ACCESS_ID];

    if (is_by_signature(call->auth))
        return cairn_fail(err, CAIRN_DENIED, "This cannot be done with a token that came by an EC2 signature.");
    if (refuse_restricted(call, err) < 0 || parse_ec2(c->blob, &blob, err) < 0)
        return -1;
    if (c->project_id[0] == '\0')
        return cairn_fail(err, CAIRN_INVALID, "Expecting to find project_id in credential: one of type ec2 is for a project.");
    if (call->auth->delegation != AUTH_DIRECT) {
        json_object_set_new(blob, leave_keys[call->auth->delegation], json_string(call->auth->delegation_id));
        free(c->blob);
        c->blob = json_text(blob);
    }
    credential_access_id(json_str(blob, "access"), id);
    free(c->id);
    c->id = xstrdup(id);
    return 0;
}

static int
credential_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_CREDENTIAL struct credential c = { 0 };
    CLEANUP_JSON json_t *body = json_deep_copy(call->body);
    CLEANUP_FREE char *extra = NULL;
    const char *project = rest_str(call, "project_id");
    char id[ID_HEX];

    id_hex(id);
    c = (struct credential){ .id = xstrdup(id), .user_id = xstrdup(rest_str(call, "user_id")), .project_id = xstrdup(project != NULL ? project : ""),
                             .type = xstrdup(rest_str(call, "type")), .blob = xstrdup(rest_str(call, "blob")),
                             .delegation_id = xstrdup(call->auth->delegation_id) };
    if (extra_fold(create_body, NULL, body, err) < 0 || must_exist(call->tx, "user", "users", c.user_id, err) < 0
        || within_leave(call, c.project_id, c.type, c.delegation_id, err) < 0 || (strcasecmp(c.type, CREDENTIAL_EC2) == 0 && prepare_ec2(call, &c, err) < 0))
        return -1;
    extra = json_text(json_object_get(body, "extra"));
    return credential_store(call->tx, &c, extra, err) < 0 ? -1 : rest_emit_object(call, &identity_credentials, "credential", c.id, err);
}

/* Whose it is, what for and of what kind cannot change: a credential moved to another owner or project would open what it was never meant for (OSSA-2020-004). */
static int
refuse_moves(const struct rest_call *call, const struct credential *c, struct cairn_error *err)
{
    const struct { const char *key, *was; } fixed[] = { { "user_id", c->user_id }, { "project_id", c->project_id }, { "type", c->type } };

    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        const char *wish = rest_str(call, fixed[i].key);

        if (rest_given(call, fixed[i].key) && strcmp(wish != NULL ? wish : "", fixed[i].was) != 0)
            return cairn_fail(err, CAIRN_INVALID, "%s can not be updated for credential", fixed[i].key);
    }
    return 0;
}

static int
check_new_ec2(const struct credential *c, const char *blob, struct cairn_error *err)
{
    static const char *const fixed[] = { "access", "trust_id", "app_cred_id", "access_token_id" };
    CLEANUP_JSON json_t *old = NULL;
    CLEANUP_JSON json_t *new = NULL;

    if (parse_ec2(c->blob, &old, err) < 0 || parse_ec2(blob, &new, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        const json_t *was = json_object_get(old, fixed[i]), *is = json_object_get(new, fixed[i]);

        if (json_is_null(was))
            was = NULL;
        if (json_is_null(is))
            is = NULL;
        if ((was == NULL) != (is == NULL) || (was != NULL && !json_equal(was, is)))
            return cairn_fail(err, CAIRN_INVALID, "%s can not be updated for credential", fixed[i]);
    }
    return 0;
}

static int
credential_update(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_CREDENTIAL struct credential c = { 0 };
    CLEANUP_JSON json_t *body = json_deep_copy(call->body);
    CLEANUP_FREE char *extra = NULL;
    const char *id = row_text(call->object, "id"), *blob = rest_str(call, "blob");

    if (object_within_leave(call, err) < 0 || refuse_restricted(call, err) < 0
        || credential_load(call->tx, id, &c, err) < 0 || refuse_moves(call, &c, err) < 0 || extra_fold(update_body, call->object, body, err) < 0)
        return -1;
    if (blob != NULL && strcasecmp(c.type, CREDENTIAL_EC2) == 0 && check_new_ec2(&c, blob, err) < 0)
        return -1;
    if (blob != NULL && credential_change(call->tx, id, blob, err) < 0)
        return -1;
    if (json_object_get(body, "extra") != NULL) {
        extra = json_text(json_object_get(body, "extra"));
        if (tx_exec(call->tx, err, "update credentials set extra = ? where id = ?", "ss", extra, id) < 0)
            return -1;
    }
    return rest_emit_object(call, &identity_credentials, "credential", id, err);
}

static int
credential_delete(struct rest_call *call, struct cairn_error *err)
{
    if (object_within_leave(call, err) < 0 || refuse_restricted(call, err) < 0)
        return -1;
    return tx_exec(call->tx, err, "delete from credentials where id = ?", "s", row_text(call->object, "id"));
}

#define ONE PATH "/{credential_id}"
const struct rest_route identity_credential_routes[] = {
    { .method = "GET",    .path = PATH, .rule = "identity:list_credentials", .status = 200, .handle = credentials_list },
    { .method = "POST",   .path = PATH, .rule = "identity:create_credential", .status = 201, .body = create_body, .body_key = "credential", .handle = credential_create },
    { .method = "GET",    .path = ONE, .rule = "identity:get_credential", .status = 200, .object = &identity_credentials, .handle = credential_show },
    { .method = "PATCH",  .path = ONE, .rule = "identity:update_credential", .status = 200, .object = &identity_credentials, .body = update_body,
      .body_key = "credential", .handle = credential_update },
    { .method = "DELETE", .path = ONE, .rule = "identity:delete_credential", .status = 204, .object = &identity_credentials, .handle = credential_delete },
    { .method = NULL }
};
