/* who.c: see who.h.  Roles are always counted anew from the catalog: a token says where it is valid, never what it may do. */
#include "config.h"
#include "identity/who.h"

#include <stddef.h>

#include "base/json.h"
#include "base/str.h"
#include "identity/compliance.h"
#include "identity/delegation.h"

void
who_user_free(struct who_user *u)
{
    free(u->id);
    free(u->name);
    free(u->domain_id);
    free(u->domain_name);
    free(u->default_project_id);
    if (u->hash != NULL)
        explicit_bzero(u->hash, strlen(u->hash));
    free(u->hash);
    json_decref(u->options);
    *u = (struct who_user){ 0 };
}

#define USER_SELECT \
    "select u.id as id, u.name as name, u.enabled as enabled, u.default_project_id as default_project_id, d.id as domain_id," \
    " d.name as domain_name, d.enabled as domain_enabled, p.hash as hash, p.expires_us as expires_us, u.options as options," \
    " u.failed_count as failed_count, u.active_day as active_day, u.created_us as created_us," \
    " exists (select 1 from external_ids e where e.public_id = u.id) as external" \
    " from users u join domains d on d.id = u.domain_id" \
    " left join passwords p on p.id = (select q.id from passwords q where q.user_id = u.id order by q.created_us desc, q.id desc limit 1)"

int
who_user_load(struct tx *tx, const char *id, const char *name, const char *domain_id, const char *domain_name, struct who_user *ret,
              struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (id != NULL)
        got = tx_query(tx, &rows, err, USER_SELECT " where u.id = ?", "s", id);
    else if (domain_id != NULL)
        got = tx_query(tx, &rows, err, USER_SELECT " where u.name = ? and d.id = ?", "ss", name, domain_id);
    else
        got = tx_query(tx, &rows, err, USER_SELECT " where u.name = ? and d.id = " WHO_DOMAIN_MEANT, "sss", name, domain_name, domain_name);
    if (got < 0 || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find user: %s.", id != NULL ? id : name);
    *ret = (struct who_user){
        .id = xstrdup(row_text(rows, "id")),
        .name = xstrdup(row_text(rows, "name")),
        .domain_id = xstrdup(row_text(rows, "domain_id")),
        .domain_name = xstrdup(row_text(rows, "domain_name")),
        .default_project_id = xstrdup(row_text(rows, "default_project_id")),
        .hash = xstrdup(row_text(rows, "hash")),
        .password_expires_us = row_int(rows, "expires_us"),
        .enabled = (int)(row_int(rows, "enabled") & row_int(rows, "domain_enabled")),
        .external = row_int(rows, "external") != 0,
        .options = json_of_column(row_text(rows, "options")),
        .failed_count = row_int(rows, "failed_count"),
        .active_day = row_int(rows, "active_day"),
    };
    if (compliance_inactive(ret->options, ret->active_day, row_int(rows, "created_us")))
        ret->enabled = 0;
    return 0;
}

int
who_find_project(struct tx *tx, const char *id, const char *name, const char *domain_id, const char *domain_name, char **ret_id,
                 struct cairn_error *err)
{
    static const char by_id[] = "select p.id from projects p join domains d on d.id = p.domain_id where p.id = ? and p.enabled = 1 and d.enabled = 1";
    static const char by_name[] = "select p.id from projects p join domains d on d.id = p.domain_id where p.name = ? and p.enabled = 1"
                                  " and d.enabled = 1 and d.id = ?";
    static const char by_names[] = "select p.id from projects p join domains d on d.id = p.domain_id where p.name = ? and p.enabled = 1"
                                   " and d.enabled = 1 and d.id = " WHO_DOMAIN_MEANT;
    int got = id != NULL          ? tx_text(tx, ret_id, err, by_id, "s", id)
              : domain_id != NULL ? tx_text(tx, ret_id, err, by_name, "ss", name, domain_id)
                                  : tx_text(tx, ret_id, err, by_names, "sss", name, domain_name, domain_name);

    if (got < 0)
        return -1;
    return *ret_id != NULL ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Could not find project: %s.", id != NULL ? id : name);
}

int
who_find_domain(struct tx *tx, const char *id, const char *name, char **ret_id, struct cairn_error *err)
{
    int got = id != NULL ? tx_text(tx, ret_id, err, "select id from domains where id = ? and enabled = 1", "s", id)
                         : tx_text(tx, ret_id, err, "select id from domains where name = ? and enabled = 1", "s", name);

    /* Clients that grew up with a database that takes "default" for "Default" go on: where one domain alone can be meant, it is. */
    if (got == 0 && *ret_id == NULL && name != NULL && id == NULL)
        got = tx_text(tx, ret_id, err, "select min(id) from domains where lower(name) = lower(?) and enabled = 1 having count(*) = 1", "s", name);
    if (got < 0)
        return -1;
    return *ret_id != NULL ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Could not find domain: %s.", id != NULL ? id : name);
}

/* --- roles in effect: given to the user or a group of theirs, here or inherited from above, and all that these imply */
/* Every pair of who is meant and what is meant is one look into the primary key, however many assignments there are. */
#define ACTORS "actor(type, id) as (select 'user', ? union all select 'group', group_id from group_members where user_id = ?)"
#define ROLES \
    "r(id) as (select a.role_id from actor w cross join target g join assignments a on a.actor_type = w.type and a.actor_id = w.id" \
    " and a.target_type = g.type and a.target_id = g.id and a.inherited = g.inherited" \
    " union select i.implied_id from implied_roles i join r on i.prior_id = r.id)" \
    " select ro.id as id, ro.name as name, ro.domain_id as domain_id from r join roles ro on ro.id = r.id order by ro.name"

static int
query_roles(struct tx *tx, const char *user_id, enum auth_scope scope, const char *target_id, const char *domain_id, struct rows **ret,
            struct cairn_error *err)
{
    static const char project[] =
        "with recursive up(id, parent_id) as (select p.id, p.parent_id from projects p where p.id = ?"
        " union select p.id, p.parent_id from projects p join up on p.id = up.parent_id), " ACTORS ","
        " target(type, id, inherited) as (select 'project', ?, 0 union all select 'project', up.parent_id, 1 from up where up.parent_id is not null"
        " union all select 'domain', ?, 1), " ROLES;
    static const char other[] = "with recursive " ACTORS ", target(type, id, inherited) as (select ?, ?, 0), " ROLES;

    switch (scope) {
    case AUTH_PROJECT:
        return tx_query(tx, ret, err, project, "sssss", target_id, user_id, user_id, target_id, domain_id);
    case AUTH_DOMAIN:
        return tx_query(tx, ret, err, other, "ssss", user_id, user_id, "domain", target_id);
    case AUTH_SYSTEM:
        return tx_query(tx, ret, err, other, "ssss", user_id, user_id, "system", "all");
    case AUTH_UNSCOPED:
        break;
    }
    return cairn_fail(err, CAIRN_INTERNAL, "an unscoped token has no roles");
}

/* --- one block */
#define STRINGS(X) \
    X(user_id) X(user_name) X(user_domain_id) X(user_domain_name) X(project_id) X(project_name) X(project_domain_id) X(project_domain_name) \
    X(domain_id) X(domain_name) X(token_id) X(audit_id) X(audit_chain_id) X(delegation_id) X(delegation_name) X(trustor_id) X(trustee_id)

struct block { char *p; };

static const char *
keep(struct block *b, const char *text)
{
    char *at = b->p;
    size_t size = strlen(text != NULL ? text : "") + 1;

    memcpy(at, text != NULL ? text : "", size);
    b->p += size;
    return at;
}

static size_t
list_size(const char *const *list, unsigned count)
{
    size_t size = 0;

    for (unsigned i = 0; i < count; i++)
        size += strlen(list[i]) + 1;
    return size;
}

static void
keep_list(struct block *b, const char **at, const char *const *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        at[i] = keep(b, list[i]);
}

static struct auth_rule
keep_rule(struct block *b, const struct auth_rule *r)
{
    struct auth_rule kept;

    kept.id = keep(b, r->id);
    kept.service = keep(b, r->service);
    kept.method = keep(b, r->method);
    kept.path = keep(b, r->path);
    return kept;
}

struct auth *
who_pack(const struct auth *draft)
{
    size_t pointers = (size_t)draft->roles_count * 2 + draft->methods_count;
    size_t size = sizeof *draft + pointers * sizeof(char *) + draft->rules_count * sizeof *draft->rules;
    struct block b;
    struct auth *a;
    struct auth_rule *rules;
    const char **lists;

#define X(field) size += strlen(draft->field != NULL ? draft->field : "") + 1;
    STRINGS(X)
#undef X
    size += list_size(draft->roles, draft->roles_count) + list_size(draft->role_ids, draft->roles_count)
            + list_size(draft->methods, draft->methods_count);
    for (unsigned i = 0; i < draft->rules_count; i++)
        size += list_size((const char *const[]){ draft->rules[i].id, draft->rules[i].service, draft->rules[i].method, draft->rules[i].path }, 4);
    a = xmalloc(size);
    *a = *draft;
    lists = (const char **)(a + 1);
    rules = (struct auth_rule *)(lists + pointers);
    b.p = (char *)(rules + draft->rules_count);
#define X(field) a->field = keep(&b, draft->field);
    STRINGS(X)
#undef X
    keep_list(&b, lists, draft->roles, draft->roles_count);
    keep_list(&b, lists + draft->roles_count, draft->role_ids, draft->roles_count);
    keep_list(&b, lists + 2 * draft->roles_count, draft->methods, draft->methods_count);
    a->roles = lists;
    a->role_ids = lists + draft->roles_count;
    a->methods = lists + 2 * draft->roles_count;
    for (unsigned i = 0; i < draft->rules_count; i++)
        rules[i] = keep_rule(&b, &draft->rules[i]);
    a->rules = draft->rules_count > 0 ? rules : NULL;
    a->refs = 1;
    return a;
}

/* --- resolving */
struct names { char *id, *name, *domain_id, *domain_name; };

static void
names_free(struct names *n)
{
    free(n->id);
    free(n->name);
    free(n->domain_id);
    free(n->domain_name);
}

struct role_names { char **ids, **names; unsigned count; };

static void
role_names_free(struct role_names *r)
{
    for (unsigned i = 0; i < r->count; i++) {
        free(r->ids[i]);
        free(r->names[i]);
    }
    free(r->ids);
    free(r->names);
}

static int
gone(struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_UNAUTHENTICATED, "the token's user, scope or roles are no longer valid");
}

static int
load_scope(struct tx *tx, const struct token *token, struct names *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (token->scope == AUTH_PROJECT)
        got = tx_query(tx, &rows, err,
                       "select p.id as id, p.name as name, d.id as domain_id, d.name as domain_name from projects p"
                       " join domains d on d.id = p.domain_id where p.id = ? and p.enabled = 1 and d.enabled = 1", "s", token->target_id);
    else if (token->scope == AUTH_DOMAIN)
        got = tx_query(tx, &rows, err,
                       "select d.id as id, d.name as name, '' as domain_id, '' as domain_name from domains d where d.id = ? and d.enabled = 1",
                       "s", token->target_id);
    else
        return 0;
    if (got < 0 || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got == 0)
        return gone(err);
    *ret = (struct names){ xstrdup(row_text(rows, "id")), xstrdup(row_text(rows, "name")), xstrdup(row_text(rows, "domain_id")),
                           xstrdup(row_text(rows, "domain_name")) };
    return 0;
}

/* Roles of domains count for what they imply, and in what a delegation was made of; by themselves no token shows them. */
static int
load_roles(struct tx *tx, const struct token *token, const struct delegation *by, const char *user_id, const char *domain_id, struct role_names *ret,
           struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    CLEANUP(role_names_free) struct role_names all = { 0 };
    CLEANUP_FREE unsigned char *keep = NULL;
    unsigned cap = 0;
    int got;

    if (query_roles(tx, user_id, token->scope, token->target_id, domain_id, &rows, err) < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0) {
        if (all.count == cap) {
            cap = cap > 0 ? cap * 2 : 8;
            all.ids = xrealloc(all.ids, cap * sizeof *all.ids);
            all.names = xrealloc(all.names, cap * sizeof *all.names);
        }
        all.ids[all.count] = xstrdup(row_text(rows, "id"));
        all.names[all.count++] = row_text(rows, "domain_id")[0] == '\0' ? xstrdup(row_text(rows, "name")) : NULL;
    }
    if (got < 0)
        return -1;
    keep = xcalloc(all.count + 1, 1);
    if (token->delegation == AUTH_DIRECT)
        memset(keep, 1, all.count);
    else if (delegation_roles(tx, token->delegation, token->delegation_id, by, (const char *const *)all.ids, all.count, keep, err) < 0)
        return -1;
    ret->ids = xcalloc(all.count + 1, sizeof *ret->ids);
    ret->names = xcalloc(all.count + 1, sizeof *ret->names);
    for (unsigned i = 0; i < all.count; i++) {
        if (!keep[i] || all.names[i] == NULL)
            continue;
        ret->ids[ret->count] = steal(&all.ids[i]);
        ret->names[ret->count++] = steal(&all.names[i]);
    }
    return ret->count > 0 ? 0 : gone(err);
}

/* What a delegation says about its token must be what the token says. */
static int
load_delegation(struct tx *tx, const struct token *token, struct delegation *by, struct cairn_error *err)
{
    const char *bearer;

    if (token->delegation == AUTH_DIRECT)
        return 0;
    if (delegation_load(tx, token->delegation, token->delegation_id, by, err) < 0)
        return -1;
    bearer = token->delegation == AUTH_BY_TRUST ? by->trustee_id : by->user_id;
    if (strcmp(bearer, token->user_id) != 0 || strcmp(by->project_id, token->target_id) != 0 || (token->scope != AUTH_PROJECT && token->scope != AUTH_UNSCOPED))
        return gone(err);
    return 0;
}

static void
tell_delegation(struct auth *draft, const struct token *token, const struct delegation *by)
{
    if (token->delegation == AUTH_DIRECT)
        return;
    draft->delegation = token->delegation;
    draft->delegation_id = token->delegation_id;
    draft->delegation_name = by->name;
    draft->trustor_id = by->trustor_id;
    draft->trustee_id = by->trustee_id;
    draft->impersonation = by->impersonation;
    draft->restricted = by->restricted;
    draft->rules = by->rules;
    draft->rules_count = by->rules_count;
}

int
who_resolve(struct tx *tx, const struct token *token, const char *token_text, struct auth **ret, struct cairn_error *err)
{
    CLEANUP_WHO_USER struct who_user user = { 0 };
    CLEANUP(names_free) struct names scope = { 0 };
    CLEANUP(role_names_free) struct role_names roles = { 0 };
    CLEANUP_DELEGATION struct delegation by = { 0 };
    const char *methods[TOKEN_METHOD_COUNT];
    struct auth draft = { .scope = token->scope };

    if (load_delegation(tx, token, &by, err) < 0)
        return -1;
    if (who_user_load(tx, by.user_id != NULL ? by.user_id : token->user_id, NULL, NULL, NULL, &user, err) < 0)
        return err->code == CAIRN_NOT_FOUND ? gone(err) : -1;
    if (!user.enabled)
        return gone(err);
    if (load_scope(tx, token, &scope, err) < 0)
        return -1;
    if (token->scope != AUTH_UNSCOPED
        && load_roles(tx, token, &by, by.grantor_id != NULL ? by.grantor_id : token->user_id, scope.domain_id, &roles, err) < 0)
        return -1;
    tell_delegation(&draft, token, &by);
    draft.user_id = user.id;
    draft.user_name = user.name;
    draft.user_domain_id = user.domain_id;
    draft.user_domain_name = user.domain_name;
    if (token->scope == AUTH_PROJECT) {
        draft.project_id = scope.id;
        draft.project_name = scope.name;
        draft.project_domain_id = scope.domain_id;
        draft.project_domain_name = scope.domain_name;
    } else {
        draft.domain_id = scope.id;
        draft.domain_name = scope.name;
    }
    draft.roles = (const char *const *)roles.names;
    draft.role_ids = (const char *const *)roles.ids;
    draft.roles_count = roles.count;
    for (unsigned i = 0; i < roles.count; i++)
        draft.is_admin |= strcmp(roles.names[i], "admin") == 0;
    for (unsigned i = 0; i < TOKEN_METHOD_COUNT; i++) {
        if (token->methods & 1u << i)
            methods[draft.methods_count++] = token_method_names[i];
    }
    draft.methods = methods;
    draft.token_id = token_text;
    draft.issued_us = token->issued_us;
    draft.expires_us = token->expires_us;
    draft.audit_id = token->audit_id;
    draft.audit_chain_id = token->chain_id;
    *ret = who_pack(&draft);
    return 0;
}
