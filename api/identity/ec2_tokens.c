/* ec2_tokens.c: /ec2tokens and /s3tokens: gateways ask what a signature of an AWS client is worth.
 *
 * Whoever holds any valid signature (a presigned address, say) could make a token of it, so services alone may ask: OSSA-2025-002. */
#include "config.h"
#include "identity/resources.h"

#include "base/clock.h"
#include "identity/credential_store.h"
#include "identity/delegation.h"
#include "identity/ec2_signature.h"
#include "identity/issue.h"
#include "identity/who.h"

/* Which key of the body gateways of all ages put it under. */
static const json_t *
request_of(const struct rest_call *call)
{
    static const char *const keys[] = { "credentials", "credential", "ec2Credentials" };

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (json_is_object(json_object_get(call->document, keys[i])))
            return json_object_get(call->document, keys[i]);
    }
    return NULL;
}

static int
load(struct rest_call *call, const char *access, struct credential *c, struct cairn_error *err)
{
    char id[ACCESS_ID];

    credential_access_id(access, id);
    if (credential_load(call->tx, id, c, err) < 0)
        return err->code == CAIRN_NOT_FOUND ? cairn_fail(err, CAIRN_NOT_FOUND, "EC2 access key not found.") : -1;
    return strcasecmp(c->type, CREDENTIAL_EC2) == 0 ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "EC2 access key not found.");
}

/* The token has what the credential was made by the leave of, and no more. */
static int
by_leave(const json_t *blob, struct token *token)
{
    static const struct { const char *key; enum auth_delegation kind; } leaves[] = {
        { "trust_id", AUTH_BY_TRUST }, { "app_cred_id", AUTH_BY_APP_CRED }, { "access_token_id", AUTH_BY_OAUTH }
    };

    for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
        const json_t *id = json_object_get(blob, leaves[i].key);

        if (id == NULL || json_is_null(id))
            continue;
        if (!json_is_string(id) || strlen(json_string_value(id)) > TOKEN_ID_MAX || token->delegation != AUTH_DIRECT)
            return -1;
        token->delegation = leaves[i].kind;
        snprintf(token->delegation_id, sizeof token->delegation_id, "%s", json_string_value(id));
    }
    return 0;
}

/* A credential that was made with a trust's token belongs to whom that token was; its tokens are the trustee's, as the trust's own are.  A trust's id
 * that anybody else wrote into a blob opens nothing. */
static int
trustee_of(struct tx *tx, struct token *token, struct cairn_error *err)
{
    CLEANUP_FREE char *trustee = NULL;

    if (token->delegation != AUTH_BY_TRUST)
        return 0;
    if (tx_text(tx, &trustee, err,
                "select trustee_user_id from trusts where id = ? and case when impersonation <> 0 then trustor_user_id else trustee_user_id end = ?", "ss",
                token->delegation_id, token->user_id) < 0)
        return -1;
    if (trustee == NULL || strlen(trustee) > TOKEN_ID_MAX)
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "The trust of this EC2 credential is gone.");
    snprintf(token->user_id, sizeof token->user_id, "%s", trustee);
    return 0;
}

static int
answer(struct rest_call *call, int with_token, int (*check)(const json_t *request, const char *secret, struct cairn_error *err), struct cairn_error *err)
{
    const json_t *request = request_of(call);
    CLEANUP_CREDENTIAL struct credential c = { 0 };
    CLEANUP_JSON json_t *blob = NULL;
    struct token token;
    struct auth *who = NULL;
    int result;

    if (json_str(request, "access") == NULL)
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "EC2 Signature not supplied");
    if (load(call, json_str(request, "access"), &c, err) < 0)
        return -1;
    blob = json_of_column(c.blob);
    if (json_str(blob, "secret") == NULL || json_str(blob, "secret")[0] == '\0')
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "This EC2 credential has no secret.");
    if (check(request, json_str(blob, "secret"), err) < 0)
        return -1;
    token_begin(&token, c.user_id, TOKEN_BY_EC2);
    token.scope = AUTH_PROJECT;
    snprintf(token.target_id, sizeof token.target_id, "%s", c.project_id);
    if (by_leave(blob, &token) < 0)
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "This EC2 credential stands on more than one delegation.");
    /* A trust that gives a number of tokens gives them by whatever way. */
    if (trustee_of(call->tx, &token, err) < 0 || delegation_use(call->tx, &token, err) < 0 || who_resolve(call->tx, &token, NULL, &who, err) < 0)
        return err->code == CAIRN_UNAUTHENTICATED ? cairn_fail(err, CAIRN_UNAUTHENTICATED, "User not valid for project.") : -1;
    result = token_answer(call, call->tx, &token, who, with_token, err);
    auth_put(who);
    return result;
}

static int
ec2_answer(struct rest_call *call, struct cairn_error *err)
{
    return answer(call, 1, ec2_signature_check, err);
}

static int
s3_answer(struct rest_call *call, struct cairn_error *err)
{
    return answer(call, 0, s3_signature_check, err);
}

static const struct rest_attr any_body[] = { { .name = "*", .type = REST_JSON, .flags = REST_CREATE }, { .name = NULL } };

const struct rest_route identity_ec2_token_routes[] = {
    { .method = "POST", .path = "/v3/ec2tokens", .rule = "identity:ec2tokens_validate", .status = 200, .body = any_body, .handle = ec2_answer },
    { .method = "POST", .path = "/v3/s3tokens",  .rule = "identity:s3tokens_validate",  .status = 200, .body = any_body, .handle = s3_answer },
    { .method = NULL }
};
