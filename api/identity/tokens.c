/* tokens.c: /auth/tokens: from credentials to a token, and what a token is worth. */
#include "config.h"
#include "identity/resources.h"

#include "base/clock.h"
#include "identity/delegated.h"
#include "identity/delegation.h"
#include "identity/external.h"
#include "identity/issue.h"
#include "identity/login.h"
#include "identity/password.h"
#include "identity/proof.h"
#include "identity/revoke.h"
#include "identity/sessions.h"
#include "identity/token.h"
#include "identity/token_body.h"
#include "identity/who.h"

int
proof_refused(struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_UNAUTHENTICATED, "The request you have made requires authentication.");
}

int
proof_veil(struct cairn_error *err)
{
    return err->code == CAIRN_NOT_FOUND || err->code == CAIRN_UNAUTHENTICATED || err->code == CAIRN_DENIED ? proof_refused(err) : -1;
}

/* --- the body */
static const struct rest_attr domain_attrs[] = {
    { .name = "id", .type = REST_STRING, .flags = REST_CREATE | REST_NULL }, { .name = "name", .type = REST_STRING, .flags = REST_CREATE | REST_NULL }, { .name = NULL }
};
static const struct rest_attr user_attrs[] = {
    { .name = "id",       .type = REST_STRING, .flags = REST_CREATE | REST_NULL },
    { .name = "name",     .type = REST_STRING, .flags = REST_CREATE | REST_NULL },
    { .name = "password", .type = REST_STRING, .flags = REST_CREATE | REST_SECRET, .max = PASSWORD_MAX },
    { .name = "domain",   .type = REST_OBJECT, .flags = REST_CREATE | REST_NULL, .of = domain_attrs },
    { .name = NULL }
};
static const struct rest_attr password_attrs[] = { { .name = "user", .type = REST_OBJECT, .flags = REST_CREATE | REST_REQUIRED, .of = user_attrs }, { .name = NULL } };
static const struct rest_attr totp_user_attrs[] = {
    { .name = "id",       .type = REST_STRING, .flags = REST_CREATE | REST_NULL },
    { .name = "name",     .type = REST_STRING, .flags = REST_CREATE | REST_NULL },
    { .name = "passcode", .type = REST_STRING, .flags = REST_CREATE | REST_SECRET | REST_REQUIRED, .max = 16 },
    { .name = "domain",   .type = REST_OBJECT, .flags = REST_CREATE | REST_NULL, .of = domain_attrs },
    { .name = NULL }
};
static const struct rest_attr totp_attrs[] = { { .name = "user", .type = REST_OBJECT, .flags = REST_CREATE | REST_REQUIRED, .of = totp_user_attrs }, { .name = NULL } };
static const struct rest_attr owner_attrs[] = {
    { .name = "id",     .type = REST_STRING, .flags = REST_CREATE | REST_NULL },
    { .name = "name",   .type = REST_STRING, .flags = REST_CREATE | REST_NULL },
    { .name = "domain", .type = REST_OBJECT, .flags = REST_CREATE | REST_NULL, .of = domain_attrs },
    { .name = NULL }
};
static const struct rest_attr app_cred_attrs[] = {
    { .name = "id",     .type = REST_STRING, .flags = REST_CREATE | REST_NULL },
    { .name = "name",   .type = REST_STRING, .flags = REST_CREATE | REST_NULL },
    { .name = "secret", .type = REST_STRING, .flags = REST_CREATE | REST_SECRET | REST_REQUIRED, .max = PASSWORD_MAX },
    { .name = "user",   .type = REST_OBJECT, .flags = REST_CREATE | REST_NULL, .of = owner_attrs },
    { .name = NULL }
};
static const struct rest_attr token_attrs[] = {
    { .name = "id", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED | REST_SECRET, .max = 4096 }, { .name = NULL }
};
static const struct rest_attr method_item[] = { { .name = "", .type = REST_STRING, .max = 64 }, { .name = NULL } };
static const struct rest_attr identity_attrs[] = {
    { .name = "methods",  .type = REST_LIST,   .flags = REST_CREATE | REST_REQUIRED, .of = method_item, .min = 1, .max = 16 },
    { .name = "password", .type = REST_OBJECT, .flags = REST_CREATE, .of = password_attrs },
    { .name = "token",    .type = REST_OBJECT, .flags = REST_CREATE, .of = token_attrs },
    { .name = "application_credential", .type = REST_OBJECT, .flags = REST_CREATE, .of = app_cred_attrs },
    { .name = "totp",     .type = REST_OBJECT, .flags = REST_CREATE, .of = totp_attrs },
    { .name = "oauth1",   .type = REST_JSON,   .flags = REST_CREATE },
    { .name = NULL }
};
static const struct rest_attr auth_attrs[] = {
    { .name = "identity", .type = REST_OBJECT, .flags = REST_CREATE | REST_REQUIRED, .of = identity_attrs },
    { .name = "scope",    .type = REST_JSON,   .flags = REST_CREATE },
    { .name = NULL }
};

/* --- the scope that is asked for */
enum scope_wish { WISH_DEFAULT, WISH_UNSCOPED, WISH_PROJECT, WISH_DOMAIN, WISH_SYSTEM, WISH_TRUST };
struct scope { enum scope_wish wish; const char *id, *name, *domain_id, *domain_name; };       /* borrowed from the body */

int
proof_need_one_of(const char *id, const char *name, const char *what, struct cairn_error *err)
{
    return id != NULL || name != NULL ? 0 : cairn_fail(err, CAIRN_INVALID, "Expecting to find id or name in %s.", what);
}

static int
read_scope(const json_t *scope, struct scope *ret, struct cairn_error *err)
{
    const json_t *project = json_object_get(scope, "project"), *domain = json_object_get(scope, "domain"), *system = json_object_get(scope, "system"),
                 *trust = json_object_get(scope, "OS-TRUST:trust");
    int unscoped = json_object_get(scope, "unscoped") != NULL || str_eq(json_string_value(scope), "unscoped");

    *ret = (struct scope){ .wish = WISH_DEFAULT };
    if (scope == NULL || json_is_null(scope))
        return 0;
    if (!unscoped && !json_is_object(scope))
        return cairn_fail(err, CAIRN_INVALID, "The scope must be an object with project, domain or system, or \"unscoped\".");
    if ((project != NULL) + (domain != NULL) + (system != NULL) + (trust != NULL) + unscoped > 1)
        return cairn_fail(err, CAIRN_INVALID, "Only one of project, domain, system, OS-TRUST:trust and unscoped can be the scope.");
    if (unscoped) {
        ret->wish = WISH_UNSCOPED;
    } else if (project != NULL) {
        *ret = (struct scope){ WISH_PROJECT, json_str(project, "id"), json_str(project, "name"), json_str(json_object_get(project, "domain"), "id"),
                               json_str(json_object_get(project, "domain"), "name") };
        if (proof_need_one_of(ret->id, ret->name, "project", err) < 0 || (ret->id == NULL && proof_need_one_of(ret->domain_id, ret->domain_name, "the project's domain", err) < 0))
            return -1;
    } else if (domain != NULL) {
        *ret = (struct scope){ WISH_DOMAIN, json_str(domain, "id"), json_str(domain, "name"), NULL, NULL };
        return proof_need_one_of(ret->id, ret->name, "domain", err);
    } else if (trust != NULL) {
        *ret = (struct scope){ WISH_TRUST, json_str(trust, "id"), NULL, NULL, NULL };
        if (ret->id == NULL)
            return cairn_fail(err, CAIRN_INVALID, "Expecting to find id in OS-TRUST:trust.");
    } else if (system != NULL) {
        ret->wish = WISH_SYSTEM;
        if (!json_bool(system, "all", 0))
            return cairn_fail(err, CAIRN_INVALID, "The scope system must be {\"all\": true}.");
    }
    return 0;
}

/* --- methods */
void
proof_free(struct proof *p)
{
    free(p->user_id);
}

int
proof_user(struct proof *proof, const char *user_id, struct cairn_error *err)
{
    if (proof->user_id != NULL)
        return strcmp(proof->user_id, user_id) == 0 ? 0 : proof_refused(err);
    proof->user_id = xstrdup(user_id);
    return 0;
}

/* Two delegations at once would be neither. */
int
proof_by_delegation(struct proof *proof, enum auth_delegation kind, const char *id, const char *project_id, int64_t expires_us, struct cairn_error *err)
{
    if (proof->delegation != AUTH_DIRECT || strlen(id) > TOKEN_ID_MAX || strlen(project_id) > TOKEN_ID_MAX)
        return proof_refused(err);
    proof->delegation = kind;
    snprintf(proof->delegation_id, sizeof proof->delegation_id, "%s", id);
    snprintf(proof->project_id, sizeof proof->project_id, "%s", project_id);
    if (expires_us != 0 && (proof->expires_us == 0 || expires_us < proof->expires_us))
        proof->expires_us = expires_us;
    return 0;
}

int
proof_find_user(struct rest_call *call, const json_t *user, struct who_user *ret, struct cairn_error *err)
{
    const json_t *domain = json_object_get(user, "domain");
    CLEANUP_TX struct tx *tx = NULL;

    if (proof_need_one_of(json_str(user, "id"), json_str(user, "name"), "user", err) < 0
        || (json_str(user, "id") == NULL && proof_need_one_of(json_str(domain, "id"), json_str(domain, "name"), "the user's domain", err) < 0)
        || external_renew_user(call, json_str(user, "id"), json_str(user, "name"), json_str(domain, "id"), json_str(domain, "name"), err) < 0
        || tx_begin(call->env->catalog, TX_READ, &tx, err) < 0)
        return -1;
    return who_user_load(tx, json_str(user, "id"), json_str(user, "name"), json_str(domain, "id"), json_str(domain, "name"), ret, err);
}

static int
by_password(struct rest_call *call, const json_t *data, struct proof *proof, struct cairn_error *err)
{
    const json_t *user = json_object_get(data, "user");
    const char *secret = json_str(user, "password");
    CLEANUP_WHO_USER struct who_user found = { 0 };

    if (secret == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Expecting to find password in identity.password.user.");
    if (proof_find_user(call, user, &found, err) < 0 && err->code != CAIRN_NOT_FOUND)
        return -1;
    if (login_password(call->env, &found, secret, 0, err) < 0)
        return -1;
    proof->methods |= TOKEN_BY_PASSWORD;
    return proof_user(proof, found.id, err);
}

/* What was handed on is not handed on by its token: who holds one asks for another of the same kind, or for none. */
static int
may_be_exchanged(const struct auth *who, struct cairn_error *err)
{
    if (who->delegation == AUTH_BY_TRUST || who->delegation == AUTH_BY_OAUTH || is_by_signature(who))
        return cairn_fail(err, CAIRN_DENIED, "A token whose rights were handed on by a trust, an OAuth access token or an EC2 credential cannot be exchanged for another.");
    return 0;
}

static int
by_token(struct rest_call *call, const json_t *data, struct proof *proof, struct cairn_error *err)
{
    struct auth *who;
    int result;

    (void)call;
    if (session_check(json_str(data, "id"), 0, &who, err) < 0)      /* clients expect 404 here: they then log in anew */
        return err->code == CAIRN_UNAUTHENTICATED ? cairn_fail(err, CAIRN_NOT_FOUND, "Could not find token.") : -1;
    proof->methods |= TOKEN_BY_TOKEN;
    for (unsigned i = 0; i < who->methods_count; i++) {
        for (unsigned bit = 0; bit < TOKEN_METHOD_COUNT; bit++) {
            if (strcmp(who->methods[i], token_method_names[bit]) == 0)
                proof->methods |= 1u << bit;
        }
    }
    proof->expires_us = who->expires_us;
    proof->rescoped = 1;
    proof->from = who->scope;
    snprintf(proof->chain_id, sizeof proof->chain_id, "%s", who->audit_chain_id);
    result = may_be_exchanged(who, err);
    if (result == 0 && who->delegation != AUTH_DIRECT)
        result = proof_by_delegation(proof, who->delegation, who->delegation_id, who->project_id, who->expires_us, err);
    if (result == 0)
        result = proof_user(proof, who->user_id, err);
    auth_put(who);
    return result;
}

static const struct { const char *name; proof_fn *prove; int needs_data; } methods[] = {
    { "password", by_password, 1 },
    { "token", by_token, 1 },
    { "application_credential", proof_by_app_cred, 1 },
    { "totp", proof_by_totp, 1 },
    { "oauth1", proof_by_oauth1, 0 },           /* its proof stands in the header Authorization */
};

static int
prove(struct rest_call *call, struct proof *proof, struct cairn_error *err)
{
    const json_t *identity = rest_value(call, "identity"), *list = json_object_get(identity, "methods");
    size_t i, m;
    json_t *name;
    unsigned done = 0;

    json_array_foreach(list, i, name) {
        for (m = 0; m < ARRAY_LEN(methods) && strcmp(methods[m].name, json_string_value(name)) != 0; m++)
            ;
        if (m == ARRAY_LEN(methods))
            return cairn_fail(err, CAIRN_UNAUTHENTICATED, "Attempted to authenticate with an unsupported method.");
        if (done & 1u << m)             /* named twice is proved once */
            continue;
        done |= 1u << m;
        if (methods[m].needs_data && json_object_get(identity, methods[m].name) == NULL)
            return cairn_fail(err, CAIRN_INVALID, "Expecting to find %s in identity.", methods[m].name);
        if (methods[m].prove(call, json_object_get(identity, methods[m].name), proof, err) < 0)
            return -1;
    }
    return 0;
}

/* --- issuing */
static int
set_target(struct token *token, enum auth_scope scope, const char *id, struct cairn_error *err)
{
    if (strlen(id) > TOKEN_ID_MAX)
        return cairn_fail(err, CAIRN_NOT_FOUND, "no such scope");
    token->scope = scope;
    snprintf(token->target_id, sizeof token->target_id, "%s", id);
    return 0;
}

static int
aim(struct tx *tx, const struct scope *scope, struct token *token, struct cairn_error *err)
{
    CLEANUP_FREE char *id = NULL;

    switch (scope->wish) {
    case WISH_PROJECT:
        if (who_find_project(tx, scope->id, scope->name, scope->domain_id, scope->domain_name, &id, err) < 0)
            return -1;
        return set_target(token, AUTH_PROJECT, id, err);
    case WISH_DOMAIN:
        if (who_find_domain(tx, scope->id, scope->name, &id, err) < 0)
            return -1;
        return set_target(token, AUTH_DOMAIN, id, err);
    case WISH_SYSTEM:
        token->scope = AUTH_SYSTEM;
        return 0;
    case WISH_DEFAULT:
    case WISH_UNSCOPED:
    case WISH_TRUST:                    /* aim_by_trust() has set it */
        break;
    }
    return 0;
}

/* A token of a delegation has the delegation's project, and nobody asks for another. */
static int
check_wish(const struct proof *proof, const struct scope *scope, struct cairn_error *err)
{
    if (proof->delegation == AUTH_BY_APP_CRED && scope->wish != WISH_DEFAULT)
        return proof->rescoped ? cairn_fail(err, CAIRN_DENIED, "A token of an application credential cannot be exchanged for one of another scope.")
                               : cairn_fail(err, CAIRN_UNAUTHENTICATED, "Application credentials cannot request a scope.");
    if (proof->delegation != AUTH_DIRECT && scope->wish == WISH_TRUST)
        return cairn_fail(err, CAIRN_DENIED, "A trust is used by its trustee, not by what the trustee handed on.");
    if (proof->rescoped && proof->from == AUTH_SYSTEM && (scope->wish == WISH_PROJECT || scope->wish == WISH_DOMAIN))
        return cairn_fail(err, CAIRN_DENIED, "A token for the system cannot be exchanged for one of a project or domain.");
    return 0;
}

static int
aim_by_trust(struct tx *tx, const char *id, struct token *token, struct cairn_error *err)
{
    CLEANUP_DELEGATION struct delegation trust = { 0 };
    CLEANUP_FREE char *trustee = NULL;

    if (tx_text(tx, &trustee, err, "select trustee_user_id from trusts where id = ?", "s", id) < 0)
        return -1;
    if (trustee == NULL || strlen(id) > TOKEN_ID_MAX)
        return proof_refused(err);
    if (strcmp(trustee, token->user_id) != 0)
        return cairn_fail(err, CAIRN_DENIED, "User is not a trustee.");
    if (delegation_load(tx, AUTH_BY_TRUST, id, &trust, err) < 0)
        return -1;
    if (trust.remaining_uses == 0)
        return proof_refused(err);
    token->delegation = AUTH_BY_TRUST;
    snprintf(token->delegation_id, sizeof token->delegation_id, "%s", id);
    return trust.project_id[0] != '\0' ? set_target(token, AUTH_PROJECT, trust.project_id, err) : 0;
}

/* A trust that no longer gives what it promised is refused as what it is: the trustee is known. */
static int
resolve_by_trust(struct tx *tx, const char *id, struct token *token, struct auth **ret, struct cairn_error *err)
{
    if (aim_by_trust(tx, id, token, err) < 0 || delegation_use(tx, token, err) < 0)
        return -1;
    if (who_resolve(tx, token, NULL, ret, err) < 0)
        return err->code == CAIRN_UNAUTHENTICATED ? cairn_fail(err, CAIRN_DENIED, "Trustee has no delegated roles.") : -1;
    return 0;
}

/* Without a wish: the user's own project if that gives a token, else none. */
static int
resolve(struct tx *tx, const struct scope *scope, struct token *token, struct auth **ret, struct cairn_error *err)
{
    CLEANUP_FREE char *project = NULL;
    struct token scoped;

    if (scope->wish == WISH_TRUST)
        return resolve_by_trust(tx, scope->id, token, ret, err);
    if (token->delegation != AUTH_DIRECT)
        return who_resolve(tx, token, NULL, ret, err) < 0 ? proof_veil(err) : 0;
    if (scope->wish == WISH_DEFAULT) {
        if (tx_text(tx, &project, err, "select default_project_id from users where id = ?", "s", token->user_id) < 0)
            return -1;
        scoped = *token;
        if (project != NULL && set_target(&scoped, AUTH_PROJECT, project, err) == 0) {
            if (who_resolve(tx, &scoped, NULL, ret, err) == 0) {
                *token = scoped;
                return 0;
            }
            if (err->code != CAIRN_UNAUTHENTICATED)
                return -1;
            cairn_error_clear(err);
        }
    }
    return aim(tx, scope, token, err) < 0 || who_resolve(tx, token, NULL, ret, err) < 0 ? proof_veil(err) : 0;
}

void
token_begin(struct token *token, const char *user_id, unsigned proved)
{
    *token = (struct token){ .methods = proved, .issued_us = clock_us() };
    token->expires_us = (token->issued_us + identity_state.lifetime_us) / 1000000 * 1000000;
    snprintf(token->user_id, sizeof token->user_id, "%s", user_id);
    token_audit_id(token->audit_id);
    memcpy(token->chain_id, token->audit_id, sizeof token->chain_id);
}

void
token_of_proof(struct token *token, const struct proof *proof)
{
    token_begin(token, proof->user_id, proof->methods);
    if (proof->expires_us != 0 && (proof->rescoped || proof->expires_us < token->expires_us))
        token->expires_us = proof->expires_us;
    if (proof->chain_id[0] != '\0')
        memcpy(token->chain_id, proof->chain_id, sizeof token->chain_id);
    if (proof->delegation == AUTH_DIRECT)
        return;
    token->delegation = proof->delegation;
    memcpy(token->delegation_id, proof->delegation_id, sizeof token->delegation_id);
    token->scope = AUTH_PROJECT;
    memcpy(token->target_id, proof->project_id, sizeof token->target_id);
}

int
token_answer(struct rest_call *call, struct tx *tx, const struct token *token, const struct auth *who, int with_token, struct cairn_error *err)
{
    CLEANUP_STR struct str body = STR_INIT;
    char text[TOKEN_TEXT_MAX];

    if (token_body(tx, who, rest_query(call, "nocatalog") == NULL, &body, err) < 0 || (with_token && token_seal(identity_state.keys, token, text, err) < 0))
        return -1;
    if (with_token)
        rest_header(call, "X-Subject-Token", text);
    rest_header(call, "Vary", "X-Auth-Token");
    jo_object(call->out, NULL);
    jo_raw(call->out, "token", body.text);
    jo_end_object(call->out);
    return 0;
}

static int
issue(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP(proof_free) struct proof proof = { 0 };
    struct scope scope;
    struct token token;
    struct auth *who = NULL;
    CLEANUP_TX struct tx *tx = NULL;
    int result;

    if (read_scope(rest_value(call, "scope"), &scope, err) < 0 || prove(call, &proof, err) < 0 || check_wish(&proof, &scope, err) < 0
        || factors_take_receipt(call, &proof, err) < 0)
        return -1;
    token_of_proof(&token, &proof);
    if (tx_begin(call->env->catalog, scope.wish == WISH_TRUST ? TX_WRITE : TX_READ, &tx, err) < 0
        || (result = factors_suffice(tx, proof.user_id, proof.methods, err)) < 0)
        return -1;
    if (result == 0) {
        tx_rollback(steal(&tx));
        return factors_answer(call, &proof, err);
    }
    result = resolve(tx, &scope, &token, &who, err);
    if (result == 0 && scope.wish == WISH_TRUST)
        result = tx_commit(steal(&tx), err);
    if (result == 0 && (tx != NULL || (result = tx_begin(call->env->catalog, TX_READ, &tx, err)) == 0))
        result = token_answer(call, tx, &token, who, 1, err);
    auth_put(who);
    return result;
}

static int
token_create(struct rest_call *call, struct cairn_error *err)
{
    return issue(call, err) < 0 ? retry_later(call, err) : 0;
}

/* --- X-Subject-Token */
static void
release_auth(void *arg)
{
    auth_put(arg);
}

const struct auth *
subject_token(struct rest_call *call, struct cairn_error *err)
{
    static const char note[] = "identity.subject", failed[] = "identity.no-subject";
    const char *subject = http_header(call->req, "X-Subject-Token");
    struct auth *who = http_note(call->req, note);

    if (who != NULL)
        return who;
    /* One verdict for a request: a token that was none when policy asked does not become one afterwards. */
    if (http_note(call->req, failed) == NULL) {
        if (subject != NULL && session_check(subject, rest_query(call, "allow_expired") != NULL && strcmp(http_method(call->req), "DELETE") != 0, &who, err) == 0) {
            http_set_note(call->req, note, who, release_auth);
            return who;
        }
        http_set_note(call->req, failed, call, NULL);
        if (subject != NULL && err->code != CAIRN_UNAUTHENTICATED)
            return NULL;
    }
    cairn_fail(err, CAIRN_NOT_FOUND, "Could not find token.");
    return NULL;
}

/* Who does not know access rules would take such a token for one that may do all. */
static int
knows_rules(struct rest_call *call, const struct auth *who, struct cairn_error *err)
{
    const char *version = http_header(call->req, "OpenStack-Identity-Access-Rules");

    return who->rules == NULL || (version != NULL && strtod(version, NULL) >= 1.0) ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Could not find token.");
}

static int
token_show(struct rest_call *call, struct cairn_error *err)
{
    const struct auth *who = subject_token(call, err);
    CLEANUP_STR struct str body = STR_INIT;
    CLEANUP_TX struct tx *tx = NULL;
    int with_catalog = rest_query(call, "nocatalog") == NULL;

    if (who == NULL || knows_rules(call, who, err) < 0)
        return -1;
    if (!with_catalog || !session_text(who, &body)) {
        str_reset(&body);
        if (tx_begin(call->env->catalog, TX_READ, &tx, err) < 0 || token_body(tx, who, with_catalog, &body, err) < 0)
            return -1;
        if (with_catalog)
            session_keep_text(who, body.text);
    }
    rest_header(call, "X-Subject-Token", who->token_id);
    rest_header(call, "Vary", "X-Auth-Token");
    jo_object(call->out, NULL);
    jo_raw(call->out, "token", body.text);
    jo_end_object(call->out);
    return 0;
}

static int
token_delete(struct rest_call *call, struct cairn_error *err)
{
    const struct auth *who = subject_token(call, err);
    struct revocation what = { 0 };

    if (who == NULL)
        return -1;
    what.audit_id = who->audit_id;
    if (tx_begin(call->env->catalog, TX_WRITE, &call->tx, err) < 0 || revoke_add(call->tx, &what, identity_state.lifetime_us, err) < 0)
        return -1;
    return identity_changed(call->tx, err);
}

#define TOKENS "/v3/auth/tokens"
const struct rest_route identity_token_routes[] = {
    { .method = "POST",   .path = TOKENS, .status = 201, .flags = REST_PUBLIC | REST_NO_TX | REST_SLOW, .body = auth_attrs, .body_key = "auth", .handle = token_create },
    { .method = "GET",    .path = TOKENS, .rule = "identity:validate_token", .status = 200, .flags = REST_NO_TX, .handle = token_show },
    { .method = "HEAD",   .path = TOKENS, .rule = "identity:check_token",    .status = 200, .flags = REST_NO_TX | REST_INLINE, .handle = token_show },
    { .method = "DELETE", .path = TOKENS, .rule = "identity:revoke_token",   .status = 204, .flags = REST_NO_TX, .handle = token_delete },
    { .method = NULL }
};
