/* ec2_credentials.c: users' EC2 keys under /users/{id}/credentials/OS-EC2: credentials of type "ec2" in other clothes, named by their access key. */
#include "config.h"
#include "identity/resources.h"

#include "base/ids.h"
#include "identity/credential_store.h"
#include "identity/delegated.h"

#define PATH "/v3/users/{user_id}/credentials/OS-EC2"

static void
write_credential(struct rest_call *call, const char *key, const struct credential *c)
{
    CLEANUP_JSON json_t *blob = json_of_column(c->blob);
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s/credentials/OS-EC2", c->user_id);
    const char *access = json_str(blob, "access") != NULL ? json_str(blob, "access") : "";

    jo_object(call->out, key);
    jo_str(call->out, "user_id", c->user_id);
    jo_str(call->out, "tenant_id", c->project_id);
    jo_str(call->out, "access", access);
    jo_str(call->out, "secret", json_str(blob, "secret"));
    jo_str(call->out, "trust_id", json_str(blob, "trust_id"));
    links_emit_at(call, call->out, path, access);
    jo_end_object(call->out);
}

/* A delegated token has to do with the keys that were made by the same leave, in its project. */
static int
within_leave(const struct auth *who, const struct credential *c)
{
    return (who->delegation == AUTH_DIRECT && !is_by_signature(who))
           || (strcmp(c->project_id, who->project_id) == 0 && strcmp(c->delegation_id, who->delegation_id) == 0);
}

static int
refuse_others(struct rest_call *call, const struct credential *c, struct cairn_error *err)
{
    return within_leave(call->auth, c) ? 0 : cairn_fail(err, CAIRN_DENIED, "EC2 credential does not match the project scope or the leave of the delegated token");
}

static int
ec2_list(struct rest_call *call, struct cairn_error *err)
{
    const char *user = rest_param(call, "user_id");
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (must_exist(call->tx, "user", "users", user, err) < 0
        || tx_query(call->tx, &rows, err, "select id from credentials where user_id = ? and type = '" CREDENTIAL_EC2 "' order by created_us, id", "s", user) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "credentials");
    while ((got = rows_next(rows, err)) > 0) {
        CLEANUP_CREDENTIAL struct credential c = { 0 };

        if (credential_load(call->tx, row_text(rows, "id"), &c, err) < 0)
            return -1;
        if (within_leave(call->auth, &c))
            write_credential(call, NULL, &c);
    }
    jo_end_array(call->out);
    list_links(call);
    jo_end_object(call->out);
    return got;
}

/* The one that the path names, of the user that it names. */
static int
load(struct rest_call *call, struct credential *c, struct cairn_error *err)
{
    const char *access = rest_param(call, "credential_id");
    char id[ACCESS_ID];

    credential_access_id(access, id);
    if (credential_load(call->tx, id, c, err) < 0)
        return err->code == CAIRN_NOT_FOUND ? cairn_fail(err, CAIRN_NOT_FOUND, "Could not find credential: %.80s.", access) : -1;
    if (strcmp(c->user_id, rest_param(call, "user_id")) != 0 || strcasecmp(c->type, CREDENTIAL_EC2) != 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find credential: %.80s.", access);
    return refuse_others(call, c, err);
}

static int
ec2_show(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_CREDENTIAL struct credential c = { 0 };

    if (load(call, &c, err) < 0)
        return -1;
    jo_object(call->out, NULL);
    write_credential(call, "credential", &c);
    jo_end_object(call->out);
    return 0;
}

static int
ec2_delete(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_CREDENTIAL struct credential c = { 0 };

    if (load(call, &c, err) < 0 || refuse_restricted(call, err) < 0)
        return -1;
    return tx_exec(call->tx, err, "delete from credentials where id = ?", "s", c.id);
}

static const struct rest_attr create_body[] = {
    { .name = "tenant_id", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 64 },
    { .name = NULL }
};

static char *
new_blob(const struct auth *who)
{
    char access[ID_HEX], secret[ID_HEX];
    CLEANUP_JSON json_t *blob = json_object();
    char *text;

    id_hex(access);
    id_hex(secret);
    json_object_set_new(blob, "access", json_string(access));
    json_object_set_new(blob, "secret", json_string(secret));
    explicit_bzero(secret, sizeof secret);
    if (who->delegation == AUTH_BY_TRUST)
        json_object_set_new(blob, "trust_id", json_string(who->delegation_id));
    else if (who->delegation == AUTH_BY_APP_CRED)
        json_object_set_new(blob, "app_cred_id", json_string(who->delegation_id));
    else if (who->delegation == AUTH_BY_OAUTH)
        json_object_set_new(blob, "access_token_id", json_string(who->delegation_id));
    text = json_text(blob);
    return text;
}

static int
ec2_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_CREDENTIAL struct credential c = { .user_id = xstrdup(rest_param(call, "user_id")), .project_id = xstrdup(rest_str(call, "tenant_id")),
                                               .type = xstrdup(CREDENTIAL_EC2), .blob = new_blob(call->auth),
                                               .delegation_id = xstrdup(call->auth->delegation_id) };
    CLEANUP_JSON json_t *blob = json_of_column(c.blob);
    char id[ACCESS_ID];

    if (is_by_signature(call->auth))
        return cairn_fail(err, CAIRN_DENIED, "This cannot be done with a token that came by an EC2 signature.");
    credential_access_id(json_str(blob, "access"), id);
    c.id = xstrdup(id);
    if (refuse_restricted(call, err) < 0 || must_exist(call->tx, "user", "users", c.user_id, err) < 0
        || must_exist(call->tx, "project", "projects", c.project_id, err) < 0 || refuse_others(call, &c, err) < 0
        || credential_store(call->tx, &c, "{}", err) < 0)
        return -1;
    jo_object(call->out, NULL);
    write_credential(call, "credential", &c);
    jo_end_object(call->out);
    return 0;
}

const struct rest_route identity_ec2_credential_routes[] = {
    { .method = "GET",    .path = PATH, .rule = "identity:ec2_list_credentials", .status = 200, .handle = ec2_list },
    { .method = "POST",   .path = PATH, .rule = "identity:ec2_create_credential", .status = 201, .body = create_body, .handle = ec2_create },
    { .method = "GET",    .path = PATH "/{credential_id}", .rule = "identity:ec2_get_credential", .status = 200, .handle = ec2_show },
    { .method = "DELETE", .path = PATH "/{credential_id}", .rule = "identity:ec2_delete_credential", .status = 204, .handle = ec2_delete },
    { .method = NULL }
};
