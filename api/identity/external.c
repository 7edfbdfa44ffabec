/* external.c: see external.h. */
#include "config.h"
#include "identity/external.h"

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/thread.h"
#include "identity/identity.h"
#include "identity/resources.h"
#include "identity/revoke.h"
#include "plugin/auth.h"

#define LOG_MODULE "identity"
#include "base/log.h"

#define STEP 500                        /* users renewed in one transaction */
#define PUBLIC_ID 65                    /* 64 hex digits and NUL */

/* "user" and "group": the same steps on two tables. */
struct kind { const char *name, *table; int (*goes)(struct tx *tx, const char *id, struct cairn_error *err); };
static const struct kind users = { "user", "users", user_goes };
static const struct kind groups = { "group", "groups_", group_goes };

static void
public_id(const char *domain_id, const struct kind *kind, const char *local_id, char out[PUBLIC_ID])
{
    CLEANUP_STR struct str text = STR_INIT;
    unsigned char digest[32];
    unsigned len = sizeof digest;

    str_add_n(&text, domain_id, strlen(domain_id) + 1);         /* NULs part what could else run together */
    str_add_n(&text, kind->name, strlen(kind->name) + 1);
    str_add(&text, local_id);
    EVP_Digest(text.text, text.len, digest, &len, EVP_sha256(), NULL);
    for (unsigned i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* --- which domains, which plugin */

/* The instance that serves a domain: it is called by the domain's name or id; NULL: none does. */
static struct driver *
server_of(const struct rest_env *env, const char *domain_id, const char *domain_name)
{
    struct driver *d;

    if (env->plugins == NULL)
        return NULL;
    d = domain_name != NULL ? plugins_get(env->plugins, CAIRN_AUTH, domain_name) : NULL;
    return d != NULL || domain_id == NULL ? d : plugins_get(env->plugins, CAIRN_AUTH, domain_id);
}

static int
any(void *arg, struct driver *d)
{
    (void)d;
    return *(int *)arg = 1;
}

static int
any_servers(const struct rest_env *env)
{
    int found = 0;

    if (env->plugins != NULL)
        plugins_each(env->plugins, CAIRN_AUTH, any, &found);
    return found;
}

/* Both of a domain, by one of them; '*ret_id' NULL: there is none such.  malloc'd. */
static int
find_domain(struct tx *tx, const char *id, const char *name, char **ret_id, char **ret_name, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got = id != NULL ? tx_query(tx, &rows, err, "select id, name from domains where id = ?", "s", id)
                         : tx_query(tx, &rows, err, "select id, name from domains where name = ?", "s", name);

    *ret_id = *ret_name = NULL;
    if (got < 0 || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got > 0) {
        *ret_id = xstrdup(row_text(rows, "id"));
        *ret_name = xstrdup(row_text(rows, "name"));
    }
    return 0;
}

/* --- rows */

/* A copy goes with all that hangs on it; its tokens are worth nothing if it comes back. */
static int
drop(struct tx *tx, const struct kind *kind, const char *id, struct cairn_error *err)
{
    char sql[64];
    struct revocation what = { .user_id = id };

    snprintf(sql, sizeof sql, "delete from %s where id = ?", kind->table);
    if (kind->goes(tx, id, err) < 0 || tx_exec(tx, err, sql, "s", id) < 0)
        return -1;
    return kind == &users ? revoke_add(tx, &what, identity_state.lifetime_us, err) : 0;
}

/* The name is free for this id: another copy that has it was renamed or replaced there.  '*ret' 0: somebody of the catalog's own has it. */
static int
free_name(struct tx *tx, const struct kind *kind, const char *domain_id, const char *name, const char *id, int *ret, struct cairn_error *err)
{
    CLEANUP_FREE char *holder = NULL;
    char sql[96];
    int is_copy;

    snprintf(sql, sizeof sql, "select id from %s where domain_id = ? and name = ? and id <> ?", kind->table);
    *ret = 1;
    if (tx_text(tx, &holder, err, sql, "sss", domain_id, name, id) < 0)
        return -1;
    if (holder == NULL)
        return 0;
    if (external_is(tx, holder, &is_copy, err) < 0)
        return -1;
    *ret = is_copy;
    return is_copy ? drop(tx, kind, holder, err) : 0;
}

static int
note_id(struct tx *tx, const struct kind *kind, const char *domain_id, const char *local_id, const char *id, struct cairn_error *err)
{
    return tx_exec(tx, err, "insert into external_ids (public_id, kind, domain_id, local_id) values (?, ?, ?, ?) on conflict do nothing", "ssss", id, kind->name, domain_id,
                   local_id);
}

/* '*ret_changed' is set to 1 if a row changed. */
static int
store_user(struct tx *tx, const char *domain_id, const struct cairn_auth_user *u, char id[PUBLIC_ID], int *ret_changed, struct cairn_error *err)
{
    struct revocation what = { .user_id = id };
    int64_t was;
    int is_free;

    public_id(domain_id, &users, u->id, id);
    if (free_name(tx, &users, domain_id, u->name, id, &is_free, err) < 0)
        return -1;
    if (!is_free) {
        log_warn("user '%s' of domain %s is left out: the catalog has a user of that name there", u->name, domain_id);
        id[0] = '\0';
        return 0;
    }
    if (tx_int(tx, &was, -1, err, "select enabled from users where id = ?", "s", id) < 0)
        return -1;
    if (was < 0) {
        *ret_changed = 1;
        return tx_exec(tx, err, "insert into users (id, domain_id, name, description, email, enabled, created_us) values (?, ?, ?, nullif(?, ''), nullif(?, ''), ?, ?)",
                       "sssssii", id, domain_id, u->name, u->description, u->email, (int64_t)u->enabled, clock_us()) < 0 ? -1
               : note_id(tx, &users, domain_id, u->id, id, err);
    }
    if (tx_exec(tx, err,
                "update users set name = ?, description = nullif(?, ''), email = nullif(?, ''), enabled = ? where id = ?"
                " and (name <> ? or coalesce(description, '') <> ? or coalesce(email, '') <> ? or enabled <> ?)", "sssissssi", u->name, u->description, u->email,
                (int64_t)u->enabled, id, u->name, u->description, u->email, (int64_t)u->enabled) < 0)
        return -1;
    *ret_changed |= tx_changes(tx) > 0;
    return was && !u->enabled ? revoke_add(tx, &what, identity_state.lifetime_us, err) : 0;
}

static int
store_group(struct tx *tx, const char *domain_id, const struct cairn_auth_group *g, char id[PUBLIC_ID], int *ret_changed, struct cairn_error *err)
{
    int is_free;

    public_id(domain_id, &groups, g->id, id);
    if (free_name(tx, &groups, domain_id, g->name, id, &is_free, err) < 0)
        return -1;
    if (!is_free) {
        log_warn("group '%s' of domain %s is left out: the catalog has a group of that name there", g->name, domain_id);
        id[0] = '\0';
        return 0;
    }
    if (tx_exec(tx, err,
                "insert into groups_ (id, domain_id, name, description, created_us) values (?, ?, ?, ?, ?)"
                " on conflict (id) do update set name = excluded.name, description = excluded.description"
                " where groups_.name <> excluded.name or groups_.description <> excluded.description", "ssssi", id, domain_id, g->name, g->description, clock_us()) < 0)
        return -1;
    *ret_changed |= tx_changes(tx) > 0;
    return note_id(tx, &groups, domain_id, g->id, id, err);
}

/* --- what a plugin lists, kept until the transaction: none is open while it is asked */
struct list_of { void *items; size_t size, count, cap; };

static int
collect(void *arg, const void *item)
{
    struct list_of *l = arg;

    if (l->count == l->cap) {
        l->cap = l->cap > 0 ? l->cap * 2 : 64;
        l->items = xrealloc(l->items, l->cap * l->size);
    }
    memcpy((char *)l->items + l->count++ * l->size, item, l->size);
    return 0;
}

static void
list_of_free(struct list_of *l)
{
    free(l->items);
}
#define CLEANUP_LIST CLEANUP(list_of_free)
#define USERS_LIST { .size = sizeof(struct cairn_auth_user) }
#define GROUPS_LIST { .size = sizeof(struct cairn_auth_group) }
static const struct cairn_auth_user *user_at(const struct list_of *l, size_t i) { return (const struct cairn_auth_user *)l->items + i; }
static const struct cairn_auth_group *group_at(const struct list_of *l, size_t i) { return (const struct cairn_auth_group *)l->items + i; }

/* The copies of the domain that hold a membership of 'user' which the list does not. */
static int
store_memberships(struct tx *tx, const char *domain_id, const char *user, const struct list_of *in, int *ret_changed, struct cairn_error *err)
{
    CLEANUP_STR struct str keep = STR_INIT;
    CLEANUP_FREE char *sql = NULL;

    for (size_t i = 0; i < in->count; i++) {
        char group[PUBLIC_ID];

        if (store_group(tx, domain_id, group_at(in, i), group, ret_changed, err) < 0)
            return -1;
        if (group[0] == '\0')
            continue;
        str_addf(&keep, "%s'%s'", keep.len > 0 ? ", " : "", group);     /* hex digits */
        if (tx_exec(tx, err, "insert into group_members (group_id, user_id) values (?, ?) on conflict do nothing", "ss", group, user) < 0)
            return -1;
        *ret_changed |= tx_changes(tx) > 0;
    }
    sql = xasprintf("delete from group_members where user_id = ? and group_id in (select public_id from external_ids where kind = 'group' and domain_id = ?)"
                    " and group_id not in (%s)", keep.len > 0 ? keep.text : "''");
    if (tx_exec(tx, err, sql, "ss", user, domain_id) < 0)
        return -1;
    *ret_changed |= tx_changes(tx) > 0;
    return 0;
}

/* --- one user, before a login */
struct target { struct driver *server; char *domain_id, *local_id, *public_id; };   /* local_id NULL: by name */

static void
target_free(struct target *t)
{
    driver_put(t->server);
    free(t->domain_id);
    free(t->local_id);
    free(t->public_id);
}

static int
load_ids(struct tx *tx, const char *id, struct target *t, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (tx_query(tx, &rows, err, "select domain_id, local_id from external_ids where public_id = ? and kind = 'user'", "s", id) < 0 || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got > 0) {
        t->domain_id = xstrdup(row_text(rows, "domain_id"));
        t->local_id = xstrdup(row_text(rows, "local_id"));
        t->public_id = xstrdup(id);
    }
    return 0;
}

/* t->server NULL afterwards: not one of a plugin's. */
static int
find_target(const struct rest_env *env, const char *id, const char *name, const char *domain_id, const char *domain_name, struct target *t, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_FREE char *found_id = NULL;
    CLEANUP_FREE char *found_name = NULL;

    *t = (struct target){ 0 };
    if (!any_servers(env))
        return 0;
    if (tx_begin(env->catalog, TX_READ, &tx, err) < 0 || (id != NULL && load_ids(tx, id, t, err) < 0))
        return -1;
    if (id != NULL && t->domain_id == NULL)
        return 0;
    if (find_domain(tx, t->domain_id != NULL ? t->domain_id : domain_id, domain_name, &found_id, &found_name, err) < 0)
        return -1;
    if (found_id == NULL)
        return 0;
    t->server = server_of(env, found_id, found_name);
    if (t->domain_id == NULL)
        t->domain_id = steal(&found_id);
    if (t->public_id == NULL && name != NULL
        && tx_text(tx, &t->public_id, err, "select u.id from users u join external_ids e on e.public_id = u.id where u.domain_id = ? and u.name = ?", "ss", t->domain_id, name) < 0)
        return -1;
    return 0;
}

/* The plugin does not know them (any more). */
static int
forget_user(const struct rest_env *env, const struct target *t, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    if (t->public_id == NULL)
        return 0;
    if (tx_begin(env->catalog, TX_WRITE, &tx, err) < 0 || drop(tx, &users, t->public_id, err) < 0 || identity_changed(tx, err) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

static int
store_one(const struct rest_env *env, const struct target *t, const struct cairn_auth_user *user, const struct list_of *in, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    char id[PUBLIC_ID];
    int changed = 0;

    if (tx_begin(env->catalog, TX_WRITE, &tx, err) < 0 || store_user(tx, t->domain_id, user, id, &changed, err) < 0)
        return -1;
    if (id[0] != '\0' && store_memberships(tx, t->domain_id, id, in, &changed, err) < 0)
        return -1;
    if (!changed)
        return 0;
    return identity_changed(tx, err) < 0 ? -1 : tx_commit(steal(&tx), err);
}

/* What is wrong with the directory is for the operator; a stranger hears that it does not answer. */
static int
silent(const struct target *t, struct cairn_error *err)
{
    if (err->code == CAIRN_DENIED || err->code == CAIRN_NOT_FOUND)
        return -1;
    log_warn("[auth:%s]: %s", driver_instance(t->server), err->message);
    return cairn_fail(err, CAIRN_UNAVAILABLE, "The directory of this user's domain does not answer; try again in a moment.");
}

int
external_renew_user(const struct rest_env *env, const char *id, const char *name, const char *domain_id, const char *domain_name, struct cairn_error *err)
{
    CLEANUP(target_free) struct target t;
    CLEANUP_LIST struct list_of in = GROUPS_LIST;
    struct cairn_sink sink = { collect, &in };
    struct cairn_auth_user user;
    int rc;

    if (find_target(env, id, name, domain_id, domain_name, &t, err) < 0)
        return -1;
    if (t.server == NULL)
        return 0;
    rc = t.local_id != NULL ? auth_user_get(t.server, t.local_id, &user, err) : auth_user_find(t.server, name, &user, err);
    if (rc < 0 && err->code == CAIRN_NOT_FOUND) {
        cairn_error_clear(err);
        return forget_user(env, &t, err);
    }
    if (rc < 0)
        return silent(&t, err);
    if (auth_user_groups(t.server, user.id, &sink, err) < 0) {
        if (err->code != CAIRN_UNSUPPORTED)
            return silent(&t, err);
        cairn_error_clear(err);
    }
    return store_one(env, &t, &user, &in, err);
}

int
external_authenticate(const struct rest_env *env, const char *user_id, const char *secret, struct cairn_error *err)
{
    CLEANUP(target_free) struct target t;

    if (find_target(env, user_id, NULL, NULL, NULL, &t, err) < 0)
        return -1;
    if (t.server == NULL)
        return cairn_fail(err, CAIRN_DENIED, "nobody knows this user's password");
    return auth_authenticate(t.server, t.local_id, secret, err) < 0 ? silent(&t, err) : 0;
}

/* --- guards */
int
external_is(struct tx *tx, const char *id, int *ret, struct cairn_error *err)
{
    int64_t found;

    if (tx_int(tx, &found, 0, err, "select 1 from external_ids where public_id = ?", "s", id) < 0)
        return -1;
    *ret = found != 0;
    return 0;
}

int
external_guard(struct rest_call *call, const char *id, struct cairn_error *err)
{
    CLEANUP_FREE char *domain_id = NULL;
    CLEANUP_FREE char *domain_name = NULL;
    CLEANUP_DRIVER struct driver *server = NULL;
    int is_copy;

    if (external_is(call->tx, id, &is_copy, err) < 0)
        return -1;
    if (!is_copy && any_servers(call->env)) {
        if (find_domain(call->tx, id, NULL, &domain_id, &domain_name, err) < 0)
            return -1;
        server = domain_id != NULL ? server_of(call->env, domain_id, domain_name) : NULL;
    }
    return is_copy || server != NULL ? cairn_fail(err, CAIRN_DENIED, "The users and groups of this domain are kept elsewhere; here they can only be read.") : 0;
}

/* --- a whole domain */
struct directory { struct list_of users, groups, *members; };       /* members: one list for each group */

static void
directory_free(struct directory *d)
{
    for (size_t i = 0; d->members != NULL && i < d->groups.count; i++)
        free(d->members[i].items);
    free(d->members);
    free(d->users.items);
    free(d->groups.items);
}

static int
read_directory(struct driver *server, struct directory *d, struct cairn_error *err)
{
    struct cairn_sink users_sink = { collect, &d->users }, groups_sink = { collect, &d->groups };

    if (auth_user_list(server, &users_sink, err) < 0)
        return -1;
    if (auth_group_list(server, &groups_sink, err) < 0) {
        if (err->code != CAIRN_UNSUPPORTED)
            return -1;
        cairn_error_clear(err);
        return 0;
    }
    d->members = xcalloc(d->groups.count + 1, sizeof *d->members);
    for (size_t i = 0; i < d->groups.count; i++) {
        struct cairn_sink sink = { collect, &d->members[i] };

        d->members[i].size = sizeof(struct cairn_auth_user);
        if (auth_group_users(server, group_at(&d->groups, i)->id, &sink, err) < 0)
            return -1;
    }
    return 0;
}

/* Ids, sorted, to look up and to walk beside rows in the same order. */
struct ids { char (*id)[PUBLIC_ID]; size_t count; };

static void
ids_free(struct ids *ids)
{
    free(ids->id);
}
#define CLEANUP_IDS CLEANUP(ids_free)

static int
by_id(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void
ids_of(const char *domain_id, const struct kind *kind, const struct list_of *list, struct ids *ret)
{
    ret->count = list->count;
    ret->id = xcalloc(list->count + 1, PUBLIC_ID);
    for (size_t i = 0; i < list->count; i++)
        public_id(domain_id, kind, kind == &users ? user_at(list, i)->id : group_at(list, i)->id, ret->id[i]);
    qsort(ret->id, ret->count, PUBLIC_ID, by_id);
}

static int
ids_have(const struct ids *ids, const char *id)
{
    return ids->count > 0 && bsearch(id, ids->id, ids->count, PUBLIC_ID, by_id) != NULL;
}

/* The ids that a statement selects as "id", and that 'ids' lacks. */
static int
collect_others(struct tx *tx, const struct ids *ids, struct ids *ret, const char *sql, const char *a, const char *b, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    size_t cap = 0;
    int got;

    if ((b != NULL ? tx_query(tx, &rows, err, sql, "ss", a, b) : tx_query(tx, &rows, err, sql, "s", a)) < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0) {
        const char *id = row_text(rows, "id");

        if (ids_have(ids, id))
            continue;
        if (ret->count == cap) {
            cap = cap > 0 ? cap * 2 : 16;
            ret->id = xrealloc(ret->id, cap * PUBLIC_ID);
        }
        snprintf(ret->id[ret->count++], PUBLIC_ID, "%s", id);
    }
    return got;
}

/* Copies that the plugin no longer lists. */
static int
drop_others(struct tx *tx, const struct kind *kind, const char *domain_id, const struct ids *listed, int *ret_changed, struct cairn_error *err)
{
    CLEANUP_IDS struct ids gone = { 0 };

    if (collect_others(tx, listed, &gone, "select public_id as id from external_ids where domain_id = ? and kind = ?", domain_id, kind->name, err) < 0)
        return -1;
    for (size_t i = 0; i < gone.count; i++) {
        if (drop(tx, kind, gone.id[i], err) < 0)
            return -1;
        *ret_changed = 1;
    }
    return 0;
}

static int
store_members(struct tx *tx, const char *domain_id, const char *group, const struct list_of *members, int *ret_changed, struct cairn_error *err)
{
    CLEANUP_IDS struct ids listed = { 0 };
    CLEANUP_IDS struct ids gone = { 0 };

    ids_of(domain_id, &users, members, &listed);
    if (collect_others(tx, &listed, &gone, "select user_id as id from group_members where group_id = ?", group, NULL, err) < 0)
        return -1;
    for (size_t i = 0; i < gone.count; i++) {
        if (tx_exec(tx, err, "delete from group_members where group_id = ? and user_id = ?", "ss", group, gone.id[i]) < 0)
            return -1;
        *ret_changed = 1;
    }
    for (size_t i = 0; i < listed.count; i++) {
        if (tx_exec(tx, err, "insert into group_members (group_id, user_id) select ?, id from users where id = ? on conflict do nothing", "ss", group, listed.id[i]) < 0)
            return -1;
        *ret_changed |= tx_changes(tx) > 0;
    }
    return 0;
}

static int
store_some_users(struct tx *tx, const char *domain_id, const struct directory *d, size_t from, int *ret_changed, struct cairn_error *err)
{
    char id[PUBLIC_ID];

    for (size_t i = from; i < d->users.count && i < from + STEP; i++) {
        if (store_user(tx, domain_id, user_at(&d->users, i), id, ret_changed, err) < 0)
            return -1;
    }
    return 0;
}

static int
store_one_group(struct tx *tx, const char *domain_id, const struct directory *d, size_t i, int *ret_changed, struct cairn_error *err)
{
    char id[PUBLIC_ID];

    if (store_group(tx, domain_id, group_at(&d->groups, i), id, ret_changed, err) < 0)
        return -1;
    return id[0] != '\0' ? store_members(tx, domain_id, id, &d->members[i], ret_changed, err) : 0;
}

static int
drop_rest(struct tx *tx, const char *domain_id, const struct directory *d, size_t unused, int *ret_changed, struct cairn_error *err)
{
    CLEANUP_IDS struct ids listed_users = { 0 };
    CLEANUP_IDS struct ids listed_groups = { 0 };

    (void)unused;
    ids_of(domain_id, &users, &d->users, &listed_users);
    ids_of(domain_id, &groups, &d->groups, &listed_groups);
    return drop_others(tx, &users, domain_id, &listed_users, ret_changed, err) < 0 ? -1 : drop_others(tx, &groups, domain_id, &listed_groups, ret_changed, err);
}

/* One step in a transaction of its own, so that other writers have their turn. */
static int
in_tx(const struct rest_env *env, const char *domain_id, const struct directory *d, size_t at,
      int (*step)(struct tx *tx, const char *domain_id, const struct directory *d, size_t at, int *ret_changed, struct cairn_error *err), struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    int changed = 0;

    if (tx_begin(env->catalog, TX_WRITE, &tx, err) < 0 || step(tx, domain_id, d, at, &changed, err) < 0)
        return -1;
    if (!changed)
        return 0;
    return identity_changed(tx, err) < 0 ? -1 : tx_commit(steal(&tx), err);
}

static int
domain_served(const struct rest_env *env, const char *instance, char **ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    return tx_begin(env->catalog, TX_READ, &tx, err) < 0 ? -1 : tx_text(tx, ret, err, "select id from domains where name = ? or id = ?", "ss", instance, instance);
}

int
external_renew_domain(const struct rest_env *env, const char *instance, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *server = plugins_get(env->plugins, CAIRN_AUTH, instance);
    CLEANUP(directory_free) struct directory d = { .users = USERS_LIST, .groups = GROUPS_LIST };
    CLEANUP_FREE char *domain_id = NULL;

    if (server == NULL || domain_served(env, instance, &domain_id, err) < 0)
        return -1;
    if (domain_id == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no domain '%s' for the users of [auth:%s]", instance, instance);
    if (read_directory(server, &d, err) < 0) {
        if (err->code != CAIRN_UNSUPPORTED)
            return -1;
        cairn_error_clear(err);         /* known one by one, as they log in */
        return 0;
    }
    for (size_t i = 0; i < d.users.count; i += STEP) {
        if (in_tx(env, domain_id, &d, i, store_some_users, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < d.groups.count; i++) {
        if (in_tx(env, domain_id, &d, i, store_one_group, err) < 0)
            return -1;
    }
    return in_tx(env, domain_id, &d, 0, drop_rest, err);
}

/* --- the thread */
static struct {
    const struct rest_env *env;
    int64_t every_ms;
    pthread_t thread;
    int runs;
    struct mutex lock;
    struct cond wake;
    int stop GUARDED_BY(lock);
} renewal = { .lock = MUTEX_INIT };

static int
renew_one(void *arg, struct driver *d)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    (void)arg;
    if (external_renew_domain(renewal.env, driver_instance(d), &err) < 0)
        log_warn("the users of domain '%s' are as they were: %s", driver_instance(d), err.message);
    return 0;
}

static void *
renew_for_ever(void *arg)
{
    int stop;

    (void)arg;
    do {
        plugins_each(renewal.env->plugins, CAIRN_AUTH, renew_one, NULL);
        mutex_lock(&renewal.lock);
        if (!renewal.stop)
            cond_wait_ms(&renewal.wake, &renewal.lock, renewal.every_ms);
        stop = renewal.stop;
        mutex_unlock(&renewal.lock);
    } while (!stop);
    return NULL;
}

int
identity_external_start(const struct rest_env *env, struct cairn_error *err)
{
    if (!any_servers(env))
        return 0;
    renewal.env = env;
    renewal.every_ms = config_int(env->config, IDENTITY_SECTION, "external_refresh");
    renewal.stop = 0;
    cond_init(&renewal.wake);
    renewal.runs = pthread_create(&renewal.thread, NULL, renew_for_ever, NULL) == 0;
    return renewal.runs ? 0 : cairn_fail(err, CAIRN_INTERNAL, "cannot start the thread that renews the users of other directories");
}

void
identity_external_stop(void)
{
    if (!renewal.runs)
        return;
    mutex_lock(&renewal.lock);
    renewal.stop = 1;
    cond_signal(&renewal.wake);
    mutex_unlock(&renewal.lock);
    pthread_join(renewal.thread, NULL);
    cond_destroy(&renewal.wake);
    renewal.runs = 0;
}
