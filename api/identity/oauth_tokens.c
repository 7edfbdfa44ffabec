/* oauth_tokens.c: OS-OAUTH1: from a consumer's request token, which a user authorizes, to an access token, and with it to a token of the cloud.
 *
 * What consumers ask is signed and carries no token, so these routes are open; the signature is what they are checked by. */
#include "config.h"
#include "identity/resources.h"

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/ids.h"
#include "identity/delegated.h"
#include "identity/oauth.h"
#include "identity/oauth_signature.h"
#include "identity/proof.h"
#include "identity/seal.h"

#define FORM "application/x-www-form-urlencoded"

char *
oauth_new_secret(void)
{
    char a[ID_HEX], b[ID_HEX];
    char *secret;

    id_hex(a);
    id_hex(b);
    secret = xasprintf("%s%s", a, b);
    explicit_bzero(a, sizeof a);
    explicit_bzero(b, sizeof b);
    return secret;
}

/* --- the two kinds of tokens, and consumers */
struct grant { char *consumer_id, *project_id, *user_id, *verifier, *roles, *secret; int64_t expires_us; };

static void
grant_free(struct grant *g)
{
    free(g->consumer_id);
    free(g->project_id);
    free(g->user_id);
    free(g->verifier);
    free(g->roles);
    if (g->secret != NULL)
        explicit_bzero(g->secret, strlen(g->secret));
    free(g->secret);
}

static int
load_grant(struct tx *tx, const char *sql, const char *id, struct grant *g, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (tx_query(tx, &rows, err, sql, "s", id) < 0 || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find token: %.64s.", id);
    *g = (struct grant){ .consumer_id = xstrdup(row_text(rows, "consumer_id")), .project_id = xstrdup(row_text(rows, "project_id")),
                         .user_id = xstrdup(row_text(rows, "user_id")), .verifier = xstrdup(row_text(rows, "verifier")), .roles = xstrdup(row_text(rows, "roles")),
                         .expires_us = row_int(rows, "expires_us") };
    return unseal_text(identity_state.credential_keys, id, row_text(rows, "sealed"), &g->secret, err);
}

#define REQUEST_TOKEN "select consumer_id, project_id, user_id, verifier, roles, expires_us, sealed from oauth_request_tokens where id = ?"
#define ACCESS_TOKEN "select consumer_id, project_id, user_id, '' as verifier, '' as roles, expires_us, sealed from oauth_access_tokens where id = ?"

static int
consumer_secret(struct tx *tx, const char *id, char **ret, struct cairn_error *err)
{
    CLEANUP_FREE char *sealed = NULL;

    if (tx_text(tx, &sealed, err, "select sealed from oauth_consumers where id = ?", "s", id) < 0)
        return -1;
    if (sealed == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find Consumer: %.64s.", id);
    return unseal_text(identity_state.credential_keys, id, sealed, ret, err);
}

/* The signature, and that this very request was not made before. */
static int
check_request(struct tx *tx, const struct oauth_request *r, const char *consumer_id, const char *token_secret, struct cairn_error *err)
{
    CLEANUP_FREE char *secret = NULL;
    int64_t timestamp = 0;
    int result;

    if (consumer_secret(tx, consumer_id, &secret, err) < 0)
        return -1;
    result = oauth_check(r, secret, token_secret, err);
    explicit_bzero(secret, strlen(secret));
    if (result < 0 || str_eq(oauth_param(r, "oauth_signature_method"), OAUTH_PLAINTEXT))
        return result;
    if (str_to_int(oauth_param(r, "oauth_timestamp"), 0, INT64_MAX / 2, &timestamp) < 0
        || tx_exec(tx, err, "delete from oauth_nonces where timestamp_s < ?", "i", clock_us() / 1000000 - 2 * OAUTH_CLOCK_S) < 0)
        return -1;
    if (tx_exec(tx, err, "insert into oauth_nonces (consumer_id, timestamp_s, nonce) values (?, ?, ?)", "sis", consumer_id, timestamp, oauth_param(r, "oauth_nonce")) < 0)
        return err->code == CAIRN_EXISTS ? cairn_fail(err, CAIRN_UNAUTHENTICATED, "This request was made before: its nonce is used.") : -1;
    return 0;
}

static int
need(const struct oauth_request *r, const char *name, const char **ret, struct cairn_error *err)
{
    *ret = oauth_param(r, name);
    return *ret != NULL && (*ret)[0] != '\0' ? 0 : cairn_fail(err, CAIRN_INVALID, "Expecting to find %s in request.", name);
}

static void
reply_form(struct rest_call *call, const char *id, const char *secret, int64_t expires_us)
{
    struct str body = STR_INIT;
    char when[CLOCK_TEXT];

    str_addf(&body, "oauth_token=%s&oauth_token_secret=%s", id, secret);
    if (expires_us != 0)
        str_addf(&body, "&oauth_expires_at=%s", clock_format(expires_us, CLOCK_MICRO_Z, when));
    http_reply(call->req, 201, FORM, &body);
    rest_replied(call);
}

static int64_t
expiry(int64_t lifetime_us)
{
    return lifetime_us != 0 ? clock_us() + lifetime_us : 0;
}

/* --- POST /OS-OAUTH1/request_token */
static int
request_token_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_OAUTH struct oauth_request r = { .count = 0 };
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_FREE char *secret = oauth_new_secret();
    CLEANUP_FREE char *sealed = NULL;
    const char *consumer, *project = http_header(call->req, "Requested-Project-Id");
    int64_t expires_us = expiry(identity_state.oauth_request_us);
    char id[ID_HEX];

    if (oauth_read(call->req, &r, err) < 0 || need(&r, "oauth_consumer_key", &consumer, err) < 0)
        return -1;
    if (project == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Expecting to find Requested-Project-Id in request.");
    id_hex(id);
    if (tx_begin(call->env->catalog, TX_WRITE, &tx, err) < 0 || check_request(tx, &r, consumer, "", err) < 0
        || must_exist(tx, "project", "projects", project, err) < 0 || seal_text(identity_state.credential_keys, id, secret, &sealed, err) < 0
        || tx_exec(tx, err, "delete from oauth_request_tokens where expires_us < ?", "i", clock_us()) < 0
        || tx_exec(tx, err, "insert into oauth_request_tokens (id, consumer_id, project_id, sealed, key_number, expires_us) values (?, ?, ?, ?, ?, nullif(?, 0))", "ssssii", id,
                   consumer, project, sealed, (int64_t)seal_text_key(sealed), expires_us) < 0
        || tx_commit(steal(&tx), err) < 0)
        return -1;
    reply_form(call, id, secret, expires_us);
    return 0;
}

/* --- PUT /OS-OAUTH1/authorize/{request_token_id} */
static const struct rest_attr authorize_body[] = {
    { .name = "roles", .type = REST_LIST, .flags = REST_CREATE | REST_REQUIRED, .of = role_ref_attrs, .min = 1, .max = 64 },
    { .name = NULL }
};

static int
collect_roles(struct rest_call *call, const struct auth *who, json_t *ids, struct cairn_error *err)
{
    size_t i;
    json_t *role;

    json_array_foreach(rest_value(call, "roles"), i, role) {
        CLEANUP_FREE char *id = NULL;

        if (find_role(call->tx, role, &id, err) < 0)
            return -1;
        if (!has_role_id(who, id))
            return cairn_fail(err, CAIRN_UNAUTHENTICATED, "authorizing user does not have role required");
        json_array_append_new(ids, json_string(id));
    }
    return 0;
}

static int
authorize(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "request_token_id");
    CLEANUP(grant_free) struct grant g = { 0 };
    CLEANUP_JSON json_t *ids = json_array();
    CLEANUP_FREE char *roles = NULL;
    struct auth *who = NULL;
    char verifier[ID_HEX];
    int result;

    if (refuse_delegated(call, err) < 0 || load_grant(call->tx, REQUEST_TOKEN, id, &g, err) < 0)
        return -1;
    if (g.expires_us != 0 && g.expires_us <= clock_us())
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "Request token is expired");
    if (rights_on(call->tx, call->auth->user_id, g.project_id, &who, err) < 0)
        return err->code == CAIRN_UNAUTHENTICATED ? cairn_fail(err, CAIRN_UNAUTHENTICATED, "authorizing user does not have role required") : -1;
    result = collect_roles(call, who, ids, err);
    auth_put(who);
    if (result < 0)
        return -1;
    id_hex(verifier);
    roles = json_text(ids);
    if (tx_exec(call->tx, err, "update oauth_request_tokens set user_id = ?, verifier = ?, roles = ? where id = ?", "ssss", call->auth->user_id, verifier, roles, id) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_object(call->out, "token");
    jo_str(call->out, "oauth_verifier", verifier);
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

/* --- POST /OS-OAUTH1/access_token */
static int
store_access(struct tx *tx, const char *id, const struct grant *g, const char *secret, int64_t expires_us, struct cairn_error *err)
{
    CLEANUP_JSON json_t *roles = json_loads(g->roles, 0, NULL);
    CLEANUP_FREE char *sealed = NULL;
    size_t i;
    json_t *role;

    if (seal_text(identity_state.credential_keys, id, secret, &sealed, err) < 0
        || tx_exec(tx, err, "insert into oauth_access_tokens (id, consumer_id, project_id, user_id, sealed, key_number, expires_us) values (?, ?, ?, ?, ?, ?, nullif(?, 0))",
                   "sssssii", id, g->consumer_id, g->project_id, g->user_id, sealed, (int64_t)seal_text_key(sealed), expires_us) < 0)
        return -1;
    json_array_foreach(roles, i, role) {
        if (tx_exec(tx, err,
                    "insert into oauth_access_token_roles (access_token_id, role_id) select ?, id from roles where id = ?"
                    " on conflict (access_token_id, role_id) do nothing", "ss", id, json_string_value(role)) < 0)
            return -1;
    }
    return 0;
}

/* A request token is exchanged once. */
static int
exchange(struct tx *tx, const struct oauth_request *r, const char *id, const char *secret, int64_t expires_us, struct cairn_error *err)
{
    CLEANUP(grant_free) struct grant g = { 0 };
    const char *consumer, *token, *verifier;

    if (need(r, "oauth_consumer_key", &consumer, err) < 0 || need(r, "oauth_token", &token, err) < 0 || need(r, "oauth_verifier", &verifier, err) < 0
        || load_grant(tx, REQUEST_TOKEN, token, &g, err) < 0)
        return -1;
    if (g.expires_us != 0 && g.expires_us <= clock_us())
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "Request token is expired");
    if (strcmp(g.consumer_id, consumer) != 0)
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "Provided consumer key does not match stored consumer key.");
    if (check_request(tx, r, consumer, g.secret, err) < 0)
        return err->code == CAIRN_NOT_FOUND ? cairn_fail(err, CAIRN_UNAUTHENTICATED, "Provided consumer does not exist.") : -1;
    if (g.user_id == NULL)
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "Request Token does not have an authorizing user id.");
    if (strlen(verifier) != strlen(g.verifier) || !str_secret_eq(verifier, g.verifier, strlen(verifier)))
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "Provided verifier does not match stored verifier");
    if (store_access(tx, id, &g, secret, expires_us, err) < 0)
        return -1;
    return tx_exec(tx, err, "delete from oauth_request_tokens where id = ?", "s", token);
}

static int
access_token_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_OAUTH struct oauth_request r = { .count = 0 };
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_FREE char *secret = oauth_new_secret();
    int64_t expires_us = expiry(identity_state.oauth_access_us);
    char id[ID_HEX];

    id_hex(id);
    if (oauth_read(call->req, &r, err) < 0 || tx_begin(call->env->catalog, TX_WRITE, &tx, err) < 0 || exchange(tx, &r, id, secret, expires_us, err) < 0
        || tx_commit(steal(&tx), err) < 0)
        return -1;
    reply_form(call, id, secret, expires_us);
    return 0;
}

/* --- the method "oauth1" */
/* A client that signs its body says so; then it must be this one. */
static int
body_fits(struct rest_call *call, const struct oauth_request *r)
{
    const char *given = oauth_param(r, "oauth_body_hash"), *body;
    CLEANUP_FREE char *wanted = NULL;
    uint8_t hash[20];
    unsigned hash_len = sizeof hash;
    size_t len = 0;

    if (given == NULL)
        return 1;
    body = http_body(call->req, &len);
    EVP_Digest(body, len, hash, &hash_len, EVP_sha1(), NULL);
    wanted = str_base64(hash, hash_len, 0);
    return strcmp(given, wanted) == 0;
}

int
proof_by_oauth1(struct rest_call *call, const json_t *data, struct proof *proof, struct cairn_error *err)
{
    CLEANUP_OAUTH struct oauth_request r = { .count = 0 };
    CLEANUP(grant_free) struct grant g = { 0 };
    CLEANUP_TX struct tx *tx = NULL;
    const char *token, *consumer;

    (void)data;
    if (oauth_read(call->req, &r, err) < 0 || need(&r, "oauth_token", &token, err) < 0 || need(&r, "oauth_consumer_key", &consumer, err) < 0
        || tx_begin(call->env->catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    if (load_grant(tx, ACCESS_TOKEN, token, &g, err) < 0)
        return proof_veil(err);
    if (strcmp(g.consumer_id, consumer) != 0 || !body_fits(call, &r) || (g.expires_us != 0 && g.expires_us <= clock_us()))
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "Could not validate the access token");
    if (check_request(tx, &r, consumer, g.secret, err) < 0)
        return proof_veil(err);
    if (tx_commit(steal(&tx), err) < 0)
        return -1;
    proof->methods |= TOKEN_BY_OAUTH1;
    if (proof_by_delegation(proof, AUTH_BY_OAUTH, token, g.project_id, g.expires_us, err) < 0)
        return -1;
    return proof_user(proof, g.user_id, err);
}

const struct rest_route identity_oauth_routes[] = {
    { .method = "POST", .path = "/v3/OS-OAUTH1/request_token", .status = 201, .flags = REST_PUBLIC | REST_NO_TX | REST_RAW, .handle = request_token_create },
    { .method = "POST", .path = "/v3/OS-OAUTH1/access_token",  .status = 201, .flags = REST_PUBLIC | REST_NO_TX | REST_RAW, .handle = access_token_create },
    { .method = "PUT",  .path = "/v3/OS-OAUTH1/authorize/{request_token_id}", .rule = "identity:authorize_request_token", .status = 200, .body = authorize_body,
      .handle = authorize },
    { .method = NULL }
};
