/* external.c: see external.h: one user at a login, and who may not be changed. */
#include "config.h"
#include "identity/external.h"

#include "identity/copies.h"
#include "identity/identity.h"
#include "identity/who.h"

#define LOG_MODULE "identity"
#include "base/log.h"

/* --- which domains, which plugin */

struct driver *
external_server(const struct rest_env *env, const char *domain_id, const char *domain_name)
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

int
external_any(const struct rest_env *env)
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
                         : tx_query(tx, &rows, err, "select id, name from domains where id = " WHO_DOMAIN_MEANT, "ss", name, name);

    *ret_id = *ret_name = NULL;
    if (got < 0 || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got > 0) {
        *ret_id = xstrdup(row_text(rows, "id"));
        *ret_name = xstrdup(row_text(rows, "name"));
    }
    return 0;
}

/* The groups of the directory that the user is in are those of the list, and no others. */
static int
store_memberships(struct tx *tx, const char *domain_id, const char *user, const struct copy_list *in, int *ret_changed, struct cairn_error *err)
{
    CLEANUP_STR struct str keep = STR_INIT;
    CLEANUP_FREE char *sql = NULL;

    for (size_t i = 0; i < in->count; i++) {
        char group[COPY_ID];

        if (copy_store_group(tx, domain_id, group_at(in, i), group, ret_changed, err) < 0)
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
    if (!external_any(env))
        return 0;
    if (tx_begin(env->catalog, TX_READ, &tx, err) < 0 || (id != NULL && load_ids(tx, id, t, err) < 0))
        return -1;
    if (id != NULL && t->domain_id == NULL)
        return 0;
    if (find_domain(tx, t->domain_id != NULL ? t->domain_id : domain_id, domain_name, &found_id, &found_name, err) < 0)
        return -1;
    if (found_id == NULL)
        return 0;
    t->server = external_server(env, found_id, found_name);
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
    if (tx_begin(env->catalog, TX_WRITE, &tx, err) < 0 || copy_drop(tx, &copy_users, t->public_id, err) < 0 || identity_changed(tx, err) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

static int
store_one(const struct rest_env *env, const struct target *t, const struct cairn_auth_user *user, const struct copy_list *in, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    char id[COPY_ID];
    int changed = 0;

    if (tx_begin(env->catalog, TX_WRITE, &tx, err) < 0 || copy_store_user(tx, t->domain_id, user, id, &changed, err) < 0)
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
external_renew_user(struct rest_call *call, const char *id, const char *name, const char *domain_id, const char *domain_name, struct cairn_error *err)
{
    CLEANUP(target_free) struct target t;
    CLEANUP_LIST struct copy_list in = GROUPS_LIST;
    const struct rest_env *env = call->env;
    struct cairn_sink sink = { copy_collect, &in };
    struct cairn_auth_user user;
    int rc;

    if (find_target(env, id, name, domain_id, domain_name, &t, err) < 0)
        return -1;
    if (t.server == NULL)
        return 0;
    if (rest_move(call, t.server, err) < 0)
        return -1;
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
    if (!is_copy && external_any(call->env)) {
        if (find_domain(call->tx, id, NULL, &domain_id, &domain_name, err) < 0)
            return -1;
        server = domain_id != NULL ? external_server(call->env, domain_id, domain_name) : NULL;
    }
    return is_copy || server != NULL ? cairn_fail(err, CAIRN_DENIED, "The users and groups of this domain are kept elsewhere; here they can only be read.") : 0;
}
