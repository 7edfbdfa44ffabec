/* external_renew.c: see external.h: whole domains, now and then, on a thread of its own. */
#include "config.h"
#include "identity/external.h"

#include "base/config.h"
#include "base/thread.h"
#include "identity/copies.h"
#include "identity/identity.h"

#define LOG_MODULE "identity"
#include "base/log.h"

#define STEP 500                        /* users renewed in one transaction */

/* --- a whole domain */
struct directory { struct copy_list users, groups, *members; };       /* members: one list for each group */

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
    struct cairn_sink users_sink = { copy_collect, &d->users }, groups_sink = { copy_collect, &d->groups };

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
        struct cairn_sink sink = { copy_collect, &d->members[i] };

        d->members[i].size = sizeof(struct cairn_auth_user);
        if (auth_group_users(server, group_at(&d->groups, i)->id, &sink, err) < 0)
            return -1;
    }
    return 0;
}

/* Ids, sorted, to look up and to walk beside rows in the same order. */
struct ids { char (*id)[COPY_ID]; size_t count; };

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
ids_of(const char *domain_id, const struct copy_kind *kind, const struct copy_list *list, struct ids *ret)
{
    ret->count = list->count;
    ret->id = xcalloc(list->count + 1, COPY_ID);
    for (size_t i = 0; i < list->count; i++)
        copy_id(domain_id, kind, kind == &copy_users ? user_at(list, i)->id : group_at(list, i)->id, ret->id[i]);
    qsort(ret->id, ret->count, COPY_ID, by_id);
}

static int
ids_have(const struct ids *ids, const char *id)
{
    return ids->count > 0 && bsearch(id, ids->id, ids->count, COPY_ID, by_id) != NULL;
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
            ret->id = xrealloc(ret->id, cap * COPY_ID);
        }
        snprintf(ret->id[ret->count++], COPY_ID, "%s", id);
    }
    return got;
}

/* Copies that the plugin no longer lists. */
static int
drop_others(struct tx *tx, const struct copy_kind *kind, const char *domain_id, const struct ids *listed, int *ret_changed, struct cairn_error *err)
{
    CLEANUP_IDS struct ids gone = { 0 };

    if (collect_others(tx, listed, &gone, "select public_id as id from external_ids where domain_id = ? and kind = ?", domain_id, kind->name, err) < 0)
        return -1;
    for (size_t i = 0; i < gone.count; i++) {
        if (copy_drop(tx, kind, gone.id[i], err) < 0)
            return -1;
        *ret_changed = 1;
    }
    return 0;
}

static int
store_members(struct tx *tx, const char *domain_id, const char *group, const struct copy_list *members, int *ret_changed, struct cairn_error *err)
{
    CLEANUP_IDS struct ids listed = { 0 };
    CLEANUP_IDS struct ids gone = { 0 };

    ids_of(domain_id, &copy_users, members, &listed);
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
    char id[COPY_ID];

    for (size_t i = from; i < d->users.count && i < from + STEP; i++) {
        if (copy_store_user(tx, domain_id, user_at(&d->users, i), id, ret_changed, err) < 0)
            return -1;
    }
    return 0;
}

static int
store_one_group(struct tx *tx, const char *domain_id, const struct directory *d, size_t i, int *ret_changed, struct cairn_error *err)
{
    char id[COPY_ID];

    if (copy_store_group(tx, domain_id, group_at(&d->groups, i), id, ret_changed, err) < 0)
        return -1;
    return id[0] != '\0' ? store_members(tx, domain_id, id, &d->members[i], ret_changed, err) : 0;
}

static int
drop_rest(struct tx *tx, const char *domain_id, const struct directory *d, size_t unused, int *ret_changed, struct cairn_error *err)
{
    CLEANUP_IDS struct ids listed_users = { 0 };
    CLEANUP_IDS struct ids listed_groups = { 0 };

    (void)unused;
    ids_of(domain_id, &copy_users, &d->users, &listed_users);
    ids_of(domain_id, &copy_groups, &d->groups, &listed_groups);
    return drop_others(tx, &copy_users, domain_id, &listed_users, ret_changed, err) < 0 ? -1 : drop_others(tx, &copy_groups, domain_id, &listed_groups, ret_changed, err);
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
        external_follow_stored(renewal.env);
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
    external_follow_stored(env);
    if (!external_any(env) && !external_stored_wanted(env))
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
    external_forget_stored();
    cond_destroy(&renewal.wake);
    renewal.runs = 0;
}
