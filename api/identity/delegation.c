/* delegation.c: see delegation.h. */
#include "config.h"
#include "identity/delegation.h"

#include "base/clock.h"
#include "base/str.h"
#include "identity/who.h"

#define CHAIN_MAX 16            /* trusts that one redelegated trust may stand on */

void
delegation_free(struct delegation *d)
{
    free(d->user_id);
    free(d->grantor_id);
    free(d->name);
    free(d->trustor_id);
    free(d->trustee_id);
    free(d->project_id);
    for (unsigned i = 0; i < d->rules_count; i++) {
        free((char *)(uintptr_t)d->rules[i].id);
        free((char *)(uintptr_t)d->rules[i].service);
        free((char *)(uintptr_t)d->rules[i].method);
        free((char *)(uintptr_t)d->rules[i].path);
    }
    free(d->rules);
    *d = (struct delegation){ 0 };
}

static int
gone(struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_UNAUTHENTICATED, "what this token's rights were handed on by is no longer valid");
}

static int
first_row(struct rows *rows, struct cairn_error *err)
{
    int got = rows_next(rows, err);

    return got < 0 ? -1 : got == 0 ? gone(err) : 0;
}

static int
expired(int64_t expires_us)
{
    return expires_us != 0 && expires_us <= clock_us();
}

static char *
text_of(struct rows *rows, const char *column)
{
    const char *text = row_text(rows, column);

    return xstrdup(text != NULL ? text : "");
}

/* --- application credentials */
static int
load_rules(struct tx *tx, const char *id, struct delegation *d, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    unsigned cap = 0;
    int got;

    if (tx_query(tx, &rows, err,
                 "select r.id as id, r.service as service, r.method as method, r.path as path from application_credential_rules a"
                 " join access_rules r on r.id = a.access_rule_id where a.application_credential_id = ? order by r.id", "s", id) < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0) {
        if (d->rules_count == cap)
            d->rules = xrealloc(d->rules, (cap = cap > 0 ? cap * 2 : 8) * sizeof *d->rules);
        d->rules[d->rules_count++] = (struct auth_rule){ text_of(rows, "id"), text_of(rows, "service"), text_of(rows, "method"), text_of(rows, "path") };
    }
    return got;
}

static int
load_app_cred(struct tx *tx, const char *id, struct delegation *d, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;

    if (tx_query(tx, &rows, err, "select user_id, project_id, name, unrestricted, expires_us from application_credentials where id = ?", "s", id) < 0
        || first_row(rows, err) < 0)
        return -1;
    d->user_id = text_of(rows, "user_id");
    d->grantor_id = text_of(rows, "user_id");
    d->project_id = text_of(rows, "project_id");
    d->name = text_of(rows, "name");
    d->restricted = row_int(rows, "unrestricted") == 0;
    d->expires_us = row_int(rows, "expires_us");
    d->every_role = 1;
    if (expired(d->expires_us))
        return gone(err);
    return load_rules(tx, id, d, err);
}

/* --- access tokens */
static int
load_access_token(struct tx *tx, const char *id, struct delegation *d, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;

    if (tx_query(tx, &rows, err, "select user_id, project_id, consumer_id, expires_us from oauth_access_tokens where id = ?", "s", id) < 0
        || first_row(rows, err) < 0)
        return -1;
    d->user_id = text_of(rows, "user_id");
    d->grantor_id = text_of(rows, "user_id");
    d->project_id = text_of(rows, "project_id");
    d->name = text_of(rows, "consumer_id");
    d->expires_us = row_int(rows, "expires_us");
    return expired(d->expires_us) ? gone(err) : 0;
}

/* --- trusts */
#define ENABLED(user) "(select u.enabled * d.enabled from users u join domains d on d.id = u.domain_id where u.id = " user ")"

/* The chain from this trust up to the first one, whose trustor's rights all of it is made of. */
static int
walk_chain(struct tx *tx, const char *id, struct delegation *d, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    unsigned depth = 0;
    int got;

    if (tx_query(tx, &rows, err,
                 "with recursive chain(id, level) as (select ?, 0 union all select t.redelegated_trust_id, c.level + 1 from chain c join trusts t on t.id = c.id"
                 " where t.redelegated_trust_id is not null and c.level < 32)"
                 " select t.trustor_user_id as trustor, t.expires_us as expires_us, t.redelegation_count as redelegation_count, c.level as level,"
                 " coalesce(" ENABLED("t.trustor_user_id") ", 0) as trustor_enabled, coalesce(" ENABLED("t.trustee_user_id") ", 0) as trustee_enabled"
                 " from chain c join trusts t on t.id = c.id order by c.level", "s", id) < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0) {
        int64_t level = row_int(rows, "level"), count = row_int(rows, "redelegation_count"), trustor = row_int(rows, "trustor_enabled"),
                trustee = row_int(rows, "trustee_enabled");

        free(d->grantor_id);
        d->grantor_id = text_of(rows, "trustor");
        if (level != (int64_t)depth++ || depth > CHAIN_MAX || expired(row_int(rows, "expires_us")) || !trustor || !trustee || (level > 0 && count <= 0))
            return gone(err);
    }
    return got < 0 ? -1 : depth == 0 ? gone(err) : 0;
}

/* By all the rules that a login has. */
static int
must_be_enabled(struct tx *tx, const char *user_id, struct cairn_error *err)
{
    CLEANUP_WHO_USER struct who_user user = { 0 };

    if (who_user_load(tx, user_id, NULL, NULL, NULL, &user, err) < 0)
        return err->code == CAIRN_NOT_FOUND ? gone(err) : -1;
    return user.enabled ? 0 : gone(err);
}

static int
load_trust(struct tx *tx, const char *id, struct delegation *d, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;

    if (tx_query(tx, &rows, err,
                 "select trustor_user_id, trustee_user_id, project_id, impersonation, expires_us, redelegation_count, coalesce(remaining_uses, -1) as uses"
                 " from trusts where id = ?", "s", id) < 0 || first_row(rows, err) < 0)
        return -1;
    d->trustor_id = text_of(rows, "trustor_user_id");
    d->trustee_id = text_of(rows, "trustee_user_id");
    d->project_id = text_of(rows, "project_id");
    d->impersonation = row_int(rows, "impersonation") != 0;
    d->user_id = xstrdup(d->impersonation ? d->trustor_id : d->trustee_id);
    d->name = xstrdup("");
    d->expires_us = row_int(rows, "expires_us");
    d->remaining_uses = row_int(rows, "uses");
    d->redelegation_count = row_int(rows, "redelegation_count");
    d->every_role = 1;
    return walk_chain(tx, id, d, err) < 0 || must_be_enabled(tx, d->trustor_id, err) < 0 || must_be_enabled(tx, d->trustee_id, err) < 0 ? -1 : 0;
}

int
delegation_load(struct tx *tx, enum auth_delegation kind, const char *id, struct delegation *d, struct cairn_error *err)
{
    int result = -1;

    switch (kind) {
    case AUTH_BY_TRUST: result = load_trust(tx, id, d, err); break;
    case AUTH_BY_APP_CRED: result = load_app_cred(tx, id, d, err); break;
    case AUTH_BY_OAUTH: result = load_access_token(tx, id, d, err); break;
    case AUTH_DIRECT: return cairn_fail(err, CAIRN_INTERNAL, "a direct token is delegated by nobody");
    }
    if (result == 0 && d->trustor_id == NULL) {
        d->trustor_id = xstrdup("");
        d->trustee_id = xstrdup("");
        d->remaining_uses = -1;
    }
    return result;
}

int
delegation_use(struct tx *tx, struct token *token, struct cairn_error *err)
{
    CLEANUP_DELEGATION struct delegation d = { 0 };

    if (token->delegation == AUTH_DIRECT)
        return 0;
    if (delegation_load(tx, token->delegation, token->delegation_id, &d, err) < 0)
        return -1;
    if (d.expires_us != 0 && d.expires_us < token->expires_us)
        token->expires_us = d.expires_us;
    if (token->delegation != AUTH_BY_TRUST || d.remaining_uses < 0)
        return 0;
    if (tx_exec(tx, err, "update trusts set remaining_uses = remaining_uses - 1 where id = ? and remaining_uses > 0", "s", token->delegation_id) < 0)
        return -1;
    return tx_changes(tx) > 0 ? 0 : gone(err);
}

/* --- roles */
static int
position(const char *id, const char *const *ids, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(ids[i], id) == 0)
            return (int)i;
    }
    return -1;
}

/* The roles it was made of ("given"), and all that these imply. */
#define CLOSURE(table, column, given) \
    "with recursive r(id, given) as (select role_id, " given " from " table " where " column " = ? union select i.implied_id, 0 from implied_roles i join r on i.prior_id = r.id)" \
    " select id, max(given) as given from r group by id"

int
delegation_roles(struct tx *tx, enum auth_delegation kind, const char *id, const struct delegation *d, const char *const *role_ids, unsigned count,
                 unsigned char *keep, struct cairn_error *err)
{
    static const char *const sql[] = {
        [AUTH_BY_TRUST] = CLOSURE("trust_roles", "trust_id", "1"),
        [AUTH_BY_APP_CRED] = CLOSURE("application_credential_roles", "application_credential_id", "chosen"),
        [AUTH_BY_OAUTH] = CLOSURE("oauth_access_token_roles", "access_token_id", "0"),
    };
    CLEANUP_ROWS struct rows *rows = NULL;
    unsigned kept = 0;
    int got, at;

    if (tx_query(tx, &rows, err, sql[kind], "s", id) < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0) {
        int given = row_int(rows, "given") != 0;

        at = position(row_text(rows, "id"), role_ids, count);
        if (at < 0 && given && d->every_role)
            return gone(err);
        if (at >= 0 && !keep[at]) {
            keep[at] = 1;
            kept++;
        }
    }
    return got < 0 ? -1 : kept > 0 ? 0 : gone(err);
}
