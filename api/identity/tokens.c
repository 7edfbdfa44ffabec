/* tokens.c: /auth/tokens: from credentials to a token, and what a token is worth. */
#include "config.h"
#include "identity/resources.h"

#include "base/clock.h"
#include "identity/login.h"
#include "identity/password.h"
#include "identity/revoke.h"
#include "identity/sessions.h"
#include "identity/token.h"
#include "identity/token_body.h"
#include "identity/who.h"

#define UNAUTHORIZED "The request you have made requires authentication."

/* Every way to fail has the same words: nobody learns whether it was the name, the password, the project or the state of one of these. */
static int
unauthorized(struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_UNAUTHENTICATED, UNAUTHORIZED);
}

/* 404 and 409 of a look-up become the one answer, real trouble stays. */
static int
veil(struct cairn_error *err)
{
    return err->code == CAIRN_NOT_FOUND || err->code == CAIRN_UNAUTHENTICATED || err->code == CAIRN_DENIED ? unauthorized(err) : -1;
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
static const struct rest_attr token_attrs[] = {
    { .name = "id", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED | REST_SECRET, .max = 4096 }, { .name = NULL }
};
static const struct rest_attr method_item[] = { { .name = "", .type = REST_STRING, .max = 64 }, { .name = NULL } };
static const struct rest_attr identity_attrs[] = {
    { .name = "methods",  .type = REST_LIST,   .flags = REST_CREATE | REST_REQUIRED, .of = method_item, .min = 1, .max = 16 },
    { .name = "password", .type = REST_OBJECT, .flags = REST_CREATE, .of = password_attrs },
    { .name = "token",    .type = REST_OBJECT, .flags = REST_CREATE, .of = token_attrs },
    { .name = NULL }
};
static const struct rest_attr auth_attrs[] = {
    { .name = "identity", .type = REST_OBJECT, .flags = REST_CREATE | REST_REQUIRED, .of = identity_attrs },
    { .name = "scope",    .type = REST_JSON,   .flags = REST_CREATE },
    { .name = NULL }
};

/* --- the scope that is asked for */
enum scope_wish { WISH_DEFAULT, WISH_UNSCOPED, WISH_PROJECT, WISH_DOMAIN, WISH_SYSTEM };
struct scope { enum scope_wish wish; const char *id, *name, *domain_id, *domain_name; };       /* borrowed from the body */

static int
need_one_of(const char *id, const char *name, const char *what, struct cairn_error *err)
{
    return id != NULL || name != NULL ? 0 : cairn_fail(err, CAIRN_INVALID, "Expecting to find id or name in %s.", what);
}

static int
read_scope(const json_t *scope, struct scope *ret, struct cairn_error *err)
{
    const json_t *project = json_object_get(scope, "project"), *domain = json_object_get(scope, "domain"), *system = json_object_get(scope, "system");
    int unscoped = json_object_get(scope, "unscoped") != NULL || str_eq(json_string_value(scope), "unscoped");

    *ret = (struct scope){ .wish = WISH_DEFAULT };
    if (scope == NULL || json_is_null(scope))
        return 0;
    if (!unscoped && !json_is_object(scope))
        return cairn_fail(err, CAIRN_INVALID, "The scope must be an object with project, domain or system, or \"unscoped\".");
    if ((project != NULL) + (domain != NULL) + (system != NULL) + unscoped > 1)
        return cairn_fail(err, CAIRN_INVALID, "Only one of project, domain, system and unscoped can be the scope.");
    if (unscoped) {
        ret->wish = WISH_UNSCOPED;
    } else if (project != NULL) {
        *ret = (struct scope){ WISH_PROJECT, json_str(project, "id"), json_str(project, "name"), json_str(json_object_get(project, "domain"), "id"),
                               json_str(json_object_get(project, "domain"), "name") };
        if (need_one_of(ret->id, ret->name, "project", err) < 0 || (ret->id == NULL && need_one_of(ret->domain_id, ret->domain_name, "the project's domain", err) < 0))
            return -1;
    } else if (domain != NULL) {
        *ret = (struct scope){ WISH_DOMAIN, json_str(domain, "id"), json_str(domain, "name"), NULL, NULL };
        return need_one_of(ret->id, ret->name, "domain", err);
    } else if (system != NULL) {
        ret->wish = WISH_SYSTEM;
        if (!json_bool(system, "all", 0))
            return cairn_fail(err, CAIRN_INVALID, "The scope system must be {\"all\": true}.");
    }
    return 0;
}

/* --- methods: each proves the user, and may say when the new token must end at the latest */
struct proof { char *user_id; unsigned methods; int64_t expires_us; char chain_id[TOKEN_AUDIT]; };

static void
proof_free(struct proof *p)
{
    free(p->user_id);
}

static int
same_user(struct proof *proof, const char *user_id, struct cairn_error *err)
{
    if (proof->user_id != NULL)
        return strcmp(proof->user_id, user_id) == 0 ? 0 : unauthorized(err);
    proof->user_id = xstrdup(user_id);
    return 0;
}

static int
find_user(struct rest_call *call, const json_t *user, struct who_user *ret, struct cairn_error *err)
{
    const json_t *domain = json_object_get(user, "domain");
    CLEANUP_TX struct tx *tx = NULL;

    if (tx_begin(call->env->catalog, TX_READ, &tx, err) < 0)
        return -1;
    return who_user_load(tx, json_str(user, "id"), json_str(user, "name"), json_str(domain, "id"), json_str(domain, "name"), ret, err);
}

static int
by_password(struct rest_call *call, const json_t *data, struct proof *proof, struct cairn_error *err)
{
    const json_t *user = json_object_get(data, "user"), *domain = json_object_get(user, "domain");
    const char *secret = json_str(user, "password");
    CLEANUP_WHO_USER struct who_user found = { 0 };

    if (secret == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Expecting to find password in identity.password.user.");
    if (need_one_of(json_str(user, "id"), json_str(user, "name"), "user", err) < 0)
        return -1;
    if (json_str(user, "id") == NULL && need_one_of(json_str(domain, "id"), json_str(domain, "name"), "the user's domain", err) < 0)
        return -1;
    if (find_user(call, user, &found, err) < 0 && err->code != CAIRN_NOT_FOUND)
        return -1;
    if (login_password(call->env->catalog, &found, secret, 0, err) < 0)
        return -1;
    proof->methods |= TOKEN_BY_PASSWORD;
    return same_user(proof, found.id, err);
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
    snprintf(proof->chain_id, sizeof proof->chain_id, "%s", who->audit_chain_id);
    result = same_user(proof, who->user_id, err);
    auth_put(who);
    return result;
}

static const struct { const char *name; int (*prove)(struct rest_call *call, const json_t *data, struct proof *proof, struct cairn_error *err); } methods[] = {
    { "password", by_password },
    { "token", by_token },
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
        if (json_object_get(identity, methods[m].name) == NULL)
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
        break;
    }
    return 0;
}

/* Without a wish: the user's own project if that gives a token, else none. */
static int
resolve(struct tx *tx, const struct scope *scope, struct token *token, struct auth **ret, struct cairn_error *err)
{
    CLEANUP_FREE char *project = NULL;
    struct token scoped;

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
    return aim(tx, scope, token, err) < 0 || who_resolve(tx, token, NULL, ret, err) < 0 ? veil(err) : 0;
}

static int
answer(struct rest_call *call, const struct token *token, struct auth *who, struct cairn_error *err)
{
    CLEANUP_STR struct str body = STR_INIT;
    CLEANUP_TX struct tx *tx = NULL;
    char text[TOKEN_TEXT_MAX];

    if (token_seal(identity_state.keys, token, text, err) < 0 || tx_begin(call->env->catalog, TX_READ, &tx, err) < 0
        || token_body(tx, who, rest_query(call, "nocatalog") == NULL, &body, err) < 0)
        return -1;
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
    struct token token = { 0 };
    struct auth *who = NULL;
    struct tx *tx;
    int result;

    if (read_scope(rest_value(call, "scope"), &scope, err) < 0 || prove(call, &proof, err) < 0)
        return -1;
    token.methods = proof.methods;
    token.issued_us = clock_us();
    token.expires_us = proof.expires_us != 0 ? proof.expires_us : (token.issued_us + identity_state.lifetime_us) / 1000000 * 1000000;
    snprintf(token.user_id, sizeof token.user_id, "%s", proof.user_id);
    token_audit_id(token.audit_id);
    memcpy(token.chain_id, proof.chain_id[0] != '\0' ? proof.chain_id : token.audit_id, sizeof token.chain_id);
    if (tx_begin(call->env->catalog, TX_READ, &tx, err) < 0)
        return -1;
    result = resolve(tx, &scope, &token, &who, err);
    tx_rollback(tx);
    if (result == 0)
        result = answer(call, &token, who, err);
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

static int
token_show(struct rest_call *call, struct cairn_error *err)
{
    const struct auth *who = subject_token(call, err);
    CLEANUP_STR struct str body = STR_INIT;
    CLEANUP_TX struct tx *tx = NULL;
    int with_catalog = rest_query(call, "nocatalog") == NULL;

    if (who == NULL)
        return -1;
    if (!with_catalog || !session_text(who->token_id, &body)) {
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
