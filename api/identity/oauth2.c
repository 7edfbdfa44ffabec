/* oauth2.c: OS-OAUTH2: the grant "client_credentials" of OAuth 2.0 (RFC 6749, 4.4): an application credential's id and secret for a bearer token. */
#include "config.h"
#include "identity/resources.h"

#include <strings.h>

#include "base/clock.h"
#include "identity/issue.h"
#include "identity/oauth_signature.h"
#include "identity/proof.h"

/* Faults have the words of the RFC. */
static int
fault(struct rest_call *call, int status, const char *error, const char *description)
{
    call->status = status;
    jo_object(call->out, NULL);
    jo_str(call->out, "error", error);
    jo_str(call->out, "error_description", description);
    jo_end_object(call->out);
    return 0;
}

static int
bad_client(struct rest_call *call)
{
    CLEANUP_FREE char *challenge = xasprintf("Keystone uri=\"%s%s\"", http_base_url(call->req), http_path(call->req));

    rest_header(call, "WWW-Authenticate", challenge);
    return fault(call, 401, "invalid_client", "Client authentication failed.");
}

/* Of "name=value&name=value"; malloc'd, NULL: absent. */
static char *
form_value(const char *form, size_t len, const char *name)
{
    size_t name_len = strlen(name);

    for (const char *at = form, *end = form + len, *next; at < end; at = next + 1) {
        if ((next = memchr(at, '&', (size_t)(end - at))) == NULL)
            next = end;
        if ((size_t)(next - at) > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
            char *value = xstrndup(at + name_len + 1, (size_t)(next - at) - name_len - 1);

            oauth_decode(value, 1);
            return value;
        }
    }
    return NULL;
}

/* {"id", "secret"} of the header, or of the form; NULL: neither. */
static json_t *
client_of(const struct rest_call *call, const char *form, size_t form_len)
{
    const char *header = http_header(call->req, "Authorization");
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *secret = NULL;

    if (header != NULL && strncasecmp(header, "Basic ", 6) == 0) {
        size_t len = 0;
        CLEANUP_FREE unsigned char *bytes = str_unbase64(header + 6, strlen(header + 6), 0, &len);
        const char *colon = bytes != NULL ? memchr(bytes, ':', len) : NULL;

        if (colon == NULL)
            return NULL;
        id = xstrndup((const char *)bytes, (size_t)(colon - (const char *)bytes));
        secret = xstrndup(colon + 1, len - strlen(id) - 1);
    } else {
        id = form_value(form, form_len, "client_id");
        secret = form_value(form, form_len, "client_secret");
    }
    if (id == NULL || secret == NULL || id[0] == '\0' || secret[0] == '\0' || !str_is_utf8(id, strlen(id)) || !str_is_utf8(secret, strlen(secret)))
        return NULL;
    return json_pack("{s:s, s:s}", "id", id, "secret", secret);
}

/* 1: '*ret' is a new token; 0: the client has proved nothing; -1: trouble of ours. */
static int
issue(struct rest_call *call, const json_t *client, struct token *token, struct cairn_error *err)
{
    CLEANUP(proof_free) struct proof proof = { 0 };
    CLEANUP_TX struct tx *tx = NULL;
    struct auth *who = NULL;
    int enough;

    if (proof_by_app_cred(call, client, &proof, err) < 0)
        return err->code == CAIRN_UNAUTHENTICATED || err->code == CAIRN_INVALID ? 0 : -1;
    token_of_proof(token, &proof);
    if (tx_begin(call->env->catalog, TX_READ, &tx, err) < 0 || (enough = factors_suffice(tx, proof.user_id, proof.methods, err)) < 0)
        return -1;
    if (!enough)
        return 0;
    if (who_resolve(tx, token, NULL, &who, err) < 0)
        return err->code == CAIRN_UNAUTHENTICATED ? 0 : -1;
    auth_put(who);
    return 1;
}

static int
token_create(struct rest_call *call, struct cairn_error *err)
{
    size_t len = 0;
    const char *form = rest_raw(call, &len);
    CLEANUP_FREE char *grant = form_value(form, len, "grant_type");
    CLEANUP_JSON json_t *client = NULL;
    struct token token;
    char text[TOKEN_TEXT_MAX];
    int issued;

    if (grant == NULL)
        return fault(call, 400, "invalid_request", "The parameter grant_type is required.");
    if (strcmp(grant, "client_credentials") != 0)
        return fault(call, 400, "unsupported_grant_type", "The only grant_type that is supported is client_credentials.");
    client = client_of(call, form, len);
    if (client == NULL)
        return bad_client(call);
    issued = issue(call, client, &token, err);
    if (issued < 0)
        return retry_later(call, err);
    cairn_error_clear(err);
    if (issued == 0)
        return bad_client(call);
    if (token_seal(identity_state.keys, &token, text, err) < 0)
        return -1;
    rest_header(call, "Cache-Control", "no-store");
    jo_object(call->out, NULL);
    jo_str(call->out, "access_token", text);
    jo_str(call->out, "token_type", "Bearer");
    jo_int(call->out, "expires_in", (token.expires_us - clock_us()) / 1000000);
    jo_end_object(call->out);
    return 0;
}

const struct rest_route identity_oauth2_routes[] = {
    { .method = "POST", .path = "/v3/OS-OAUTH2/token", .status = 200, .flags = REST_PUBLIC | REST_NO_TX | REST_RAW | REST_SLOW, .handle = token_create },
    { .method = NULL }
};
