/* network_flows.c: the sync flows of networks, ports and security groups, and who asks for them. */
#include "config.h"
#define LOG_MODULE "flow"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "flow/network.h"
#include "plugin/network.h"

static struct {
    void (*applied)(void *arg, struct driver *net, const char *network_id);
    void (*removed)(void *arg, const char *network_id);
    void *arg;
} watcher;

/* In a simulation one driver instance serves every host, so a network is needed while any host needs it. */
static int shared_driver;

/* The ports that make 'host' need something, as a condition on ports p with one parameter. */
static const char *
bound_here(const char *host, const char **ret_value)
{
    *ret_value = shared_driver ? "" : host;
    return shared_driver ? "p.host > ?" : "p.host = ?";
}

void
network_on_applied(void (*applied)(void *arg, struct driver *net, const char *network_id),
                   void (*removed)(void *arg, const char *network_id), void *arg)
{
    watcher.applied = applied;
    watcher.removed = removed;
    watcher.arg = arg;
}

/* --- who asks */

int
network_sync_task(struct tx *tx, const char *kind, const char *object_type, const char *id, const char *host, const char *request_id,
                  struct cairn_error *err)
{
    struct task_new task = { .kind = kind, .object_type = object_type, .object_id = id, .host = host,
                             .request_id = request_id != NULL ? request_id : "" };
    int64_t queued;

    if (shared_driver && strcmp(object_type, "port") != 0)
        task.host = "";
    if (tx_int(tx, &queued, 0, err,
               "select count(*) from tasks where object_id = ? and kind = ? and host = ? and state = 'queued' and step = 0", "sss", id, kind,
               task.host) < 0)
        return -1;
    return queued > 0 ? 0 : task_add(tx, &task, NULL, err);
}

/* 'sql' has as many (0 to 2) parameters as it needs, each the id.  One sync task of 'kind' for each host that 'sql' names, unless one is queued already
 * that has not begun.  Where one driver serves all hosts, the first that is named stands for all. */
static int
sync_hosts(struct tx *tx, const char *kind, const char *object_type, const char *id, const char *request_id, const char *sql,
           struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    struct ptrs hosts = { NULL, 0, 0 };
    struct rows *r = NULL;
    int rc, marks = 0;

    for (const char *c = sql; *c != '\0'; c++)
        marks += *c == '?';
    if (tx_query(tx, &r, err, sql, &"ss"[2 - marks], id, id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        ptrs_add(&a, &hosts, arena_strdup(&a, row_text(r, "host")));
        if (shared_driver)
            break;
    }
    rows_close(r);
    if (rc < 0)
        return -1;
    for (size_t i = 0; i < hosts.n; i++)
        if (network_sync_task(tx, kind, object_type, id, hosts.at[i], request_id, err) < 0)
            return -1;
    return 0;
}

/* Hosts with a port that is in the group, or in one whose rules name it.  Asked host by host: a group may have many ports on few hosts. */
#define MEMBER_OR_NAMES "g.security_group_id in (select cast(? as text) union select security_group_id from security_group_rules where remote_group_id = ?)"
#define HOSTS_OF_GROUP "select h.name as host from hosts h where exists (select 1 from ports p join port_security_groups g on g.port_id = p.id" \
                       " where p.host = h.name and " MEMBER_OR_NAMES ")"
#define HOSTS_OF_NETWORK "select h.name as host from hosts h where exists (select 1 from ports p where p.network_id = ? and p.host = h.name)"

static int
row_exists(struct tx *tx, const char *sql, const char *id, int *ret, struct cairn_error *err)
{
    int64_t n;

    if (tx_int(tx, &n, 0, err, sql, "s", id) < 0)
        return -1;
    *ret = n > 0;
    return 0;
}

#define ALL_HOSTS "select name as host from hosts"

int
network_changed(struct tx *tx, const char *network_id, const char *request_id, struct cairn_error *err)
{
    int there;

    if (row_exists(tx, "select count(*) from networks where id = ?", network_id, &there, err) < 0)
        return -1;
    return sync_hosts(tx, "network-sync", "network", network_id, request_id,
                      there ? HOSTS_OF_NETWORK : ALL_HOSTS, err);
}

int
port_changed(struct tx *tx, const char *port_id, const char *request_id, struct cairn_error *err)
{
    int there;

    if (row_exists(tx, "select count(*) from ports where id = ?", port_id, &there, err) < 0)
        return -1;
    return sync_hosts(tx, "port-sync", "port", port_id, request_id,
                      there ? "select host from ports where id = ? and host <> ''" : ALL_HOSTS, err);
}

int
group_changed(struct tx *tx, const char *group_id, const char *request_id, struct cairn_error *err)
{
    int there;

    if (row_exists(tx, "select count(*) from security_groups where id = ?", group_id, &there, err) < 0)
        return -1;
    return sync_hosts(tx, "group-sync", "security_group", group_id, request_id,
                      there ? HOSTS_OF_GROUP : ALL_HOSTS, err);
}

/* --- what is done */

/* How new the catalog was that each network and group was last applied from: whoever comes with a port that was written before that need not
 * apply again.  Many servers that are built at once in one network share a few applies this way.  And since one apply of an object runs
 * at a time, what was read later is never overtaken by what was read before. */
struct applied {
    struct applied *next;
    char id[ID_UUID];
    int64_t read_us;                    /* 0: never, or removed */
    int64_t began_ms;                   /* when the apply or remove that runs began; 0: none runs */
    unsigned waiting;                   /* for its end */
};
#define APPLY_MS 60000                  /* what a driver has for one: longer, and it hangs */
#define PATIENCE_MS 1000                /* longer than that, and who waits is missing elsewhere */
static struct mutex applied_lock = MUTEX_INIT;
static struct cond applied_cond = COND_INIT;
static struct applied *applied_table[256] GUARDED_BY(applied_lock);

static struct applied **
applied_bucket(const char *id) REQUIRES(applied_lock)
{
    unsigned h = 5381;

    for (const char *c = id; *c != '\0'; c++)
        h = h * 33 + (unsigned char)*c;
    return &applied_table[h % 256];
}

static struct applied *
applied_find(const char *id) REQUIRES(applied_lock)
{
    struct applied **bucket = applied_bucket(id), *a;

    for (a = *bucket; a != NULL; a = a->next)
        if (strcmp(a->id, id) == 0)
            return a;
    a = xcalloc(1, sizeof *a);
    snprintf(a->id, sizeof a->id, "%s", id);
    a->next = *bucket;
    *bucket = a;
    return a;
}

/* What is not here, and nobody waits for, is forgotten. */
static void
applied_forget(struct applied *a) REQUIRES(applied_lock)
{
    struct applied **at = applied_bucket(a->id);

    if (a->read_us != 0 || a->began_ms != 0 || a->waiting > 0)
        return;
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    free(a);
}

/* The engine puts another worker in the place of one that waits for what takes long. */
static void tell_overdue(int on) REQUIRES(applied_lock);
static void
tell_overdue(int on)
{
    const struct cairn_op *op = driver_op();

    if (op == NULL || op->overdue == NULL)
        return;
    mutex_unlock(&applied_lock);        /* the engine's is never taken under ours */
    op->overdue(op->arg, on);
    mutex_lock(&applied_lock);
}

/* -1: what runs hangs. */
static int
await_idle(struct applied *a, struct cairn_error *err) REQUIRES(applied_lock)
{
    int64_t since_ms = clock_mono_ms(), left = 1;
    int told = 0;

    a->waiting++;
    for (;;) {
        int runs = a->began_ms != 0 && (left = a->began_ms + APPLY_MS - clock_mono_ms()) > 0;

        if (!runs && !told)
            break;
        if (!runs || (!told && clock_mono_ms() - since_ms >= PATIENCE_MS)) {
            told = runs;
            tell_overdue(runs);        /* and look again: somebody may have ended or begun meanwhile */
            continue;
        }
        cond_wait_ms(&applied_cond, &applied_lock, left < PATIENCE_MS ? left : PATIENCE_MS);
    }
    a->waiting--;
    return left > 0 ? 0 : cairn_fail(err, CAIRN_UNAVAILABLE, "the driver is still at work on it");
}

#define NOW (INT64_MAX - 1)             /* as 'since_us': whatever was applied is too old */

/* 1: somebody applied what was written before 'since_us'; 0: the caller must, and then calls applied_end(). */
static int
applied_begin(const char *id, int64_t since_us, struct cairn_error *err)
{
    struct applied *a;
    int done;

    mutex_lock(&applied_lock);
    a = applied_find(id);
    done = await_idle(a, err);          /* what runs may be a removal that does not know of the caller's port */
    if (done == 0)
        done = a->read_us > since_us && a->read_us <= clock_us();   /* the clock may have been put back */
    if (done == 0)
        a->began_ms = clock_mono_ms();
    mutex_unlock(&applied_lock);
    return done;
}

static void
applied_end(const char *id, int64_t read_us)
{
    mutex_lock(&applied_lock);
    struct applied *a = applied_find(id);
    a->began_ms = 0;
    a->read_us = read_us;
    cond_broadcast(&applied_cond);
    applied_forget(a);
    mutex_unlock(&applied_lock);
}

/* How new a snapshot is, above 0: the last change of a server that it has.  Not the time at which it was taken, for a change that was stamped before
 * that may have been committed behind it; but what was stamped before a change that is seen is seen too, since writers take turns. */
static int
newest(struct tx *tx, int64_t *ret, struct cairn_error *err)
{
    return tx_int(tx, ret, 1, err, "select max(updated_us) from servers", "");
}

/* '*ret_read_us' 0: it is not needed here, and was removed. */
static int
network_make_so(struct catalog *catalog, struct driver *net, const char *host, const char *network_id, int64_t *ret_read_us, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    const struct cairn_net *desc = NULL;
    CLEANUP_FREE char *sql = NULL;
    const char *value;
    struct tx *tx;
    int64_t needed = 0, read_us;

    sql = xasprintf("select 1 from ports p where p.network_id = ? and %s limit 1", bound_here(host, &value));
    if (tx_begin(catalog, TX_READ, &tx, err) < 0)
        return -1;
    if (newest(tx, &read_us, err) < 0 || tx_int(tx, &needed, 0, err, sql, "ss", network_id, value) < 0 ||
        (needed > 0 && (desc = netdesc_network(tx, &a, network_id, err)) == NULL)) {
        tx_rollback(tx);
        return -1;
    }
    tx_rollback(tx);
    *ret_read_us = needed > 0 ? read_us : 0;
    if (needed > 0)
        return network_network_apply(net, desc, err);
    if (watcher.removed != NULL)
        watcher.removed(watcher.arg, network_id);
    return network_network_remove(net, network_id, err);
}

/* Nothing to do when an apply read the catalog after 'since_us'. */
static int
network_sync_since(struct catalog *catalog, struct plugins *plugins, const char *host, const char *network_id, int64_t since_us,
                   struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *net = plugins_get(plugins, CAIRN_NETWORK, NULL);
    int64_t read_us = 0;
    int done;

    if (net == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no network driver is configured: add a [network:NAME] section");
    if ((done = applied_begin(network_id, since_us, err)) != 0)
        return done < 0 ? cairn_error_context(err, "network %s on host %s", network_id, host) : 0;
    if (network_make_so(catalog, net, host, network_id, &read_us, err) < 0) {
        applied_end(network_id, 0);
        return cairn_error_context(err, "network %s on host %s", network_id, host);
    }
    applied_end(network_id, read_us);
    if (read_us > 0 && watcher.applied != NULL)
        watcher.applied(watcher.arg, net, network_id);
    return 0;
}

int
network_sync(struct catalog *catalog, struct plugins *plugins, const char *host, const char *network_id, struct cairn_error *err)
{
    return network_sync_since(catalog, plugins, host, network_id, NOW, err);
}

static int
group_make_so(struct catalog *catalog, struct driver *net, const char *host, const char *group_id, int64_t *ret_read_us, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    CLEANUP_FREE char *sql = NULL;
    const struct cairn_security_group *desc = NULL;
    const char *value;
    struct tx *tx;
    int64_t needed = 0, read_us = 0;
    int rc;

    sql = xasprintf("select 1 from ports p join port_security_groups g on g.port_id = p.id where %s and " MEMBER_OR_NAMES " limit 1",
                    bound_here(host, &value));
    if (tx_begin(catalog, TX_READ, &tx, err) < 0)
        return -1;
    rc = newest(tx, &read_us, err);
    if (rc == 0)
        rc = tx_int(tx, &needed, 0, err, sql, "sss", value, group_id, group_id);
    if (rc == 0 && needed > 0 && (desc = netdesc_group(tx, &a, group_id, err)) == NULL)
        rc = -1;
    tx_rollback(tx);
    if (rc < 0)
        return -1;
    rc = needed > 0 ? network_group_apply(net, desc, err) : network_group_remove(net, group_id, err);
    *ret_read_us = needed > 0 ? read_us : 0;
    if (rc < 0 && err->code == CAIRN_UNSUPPORTED) {     /* a driver without security groups has nothing to make so */
        cairn_error_clear(err);
        rc = 0;
    }
    if (rc < 0 && needed == 0 && err->code == CAIRN_CONFLICT)   /* the port that left it is not made so yet: its own sync is on the way */
        err->code = CAIRN_UNAVAILABLE;
    return rc;
}

static int
group_sync_since(struct catalog *catalog, struct plugins *plugins, const char *host, const char *group_id, int64_t since_us, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *net = plugins_get(plugins, CAIRN_NETWORK, NULL);
    int64_t read_us = 0;
    int done;

    if (net == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no network driver is configured: add a [network:NAME] section");
    if ((done = applied_begin(group_id, since_us, err)) != 0)
        return done < 0 ? cairn_error_context(err, "security group %s on host %s", group_id, host) : 0;
    if (group_make_so(catalog, net, host, group_id, &read_us, err) < 0) {
        applied_end(group_id, 0);
        return cairn_error_context(err, "security group %s on host %s", group_id, host);
    }
    applied_end(group_id, read_us);
    return 0;
}

static int
group_ids(struct catalog *catalog, const char *sql, const char *id, struct arena *a, struct ptrs *ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_begin(catalog, TX_READ, &tx, err) < 0 || tx_query(tx, &r, err, sql, "ss", id, id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        ptrs_add(a, ret, arena_strdup(a, row_text(r, "id")));
    return rc;
}

/* With the groups that its rules name: they come to the host, and leave it, for its sake. */
int
group_sync(struct catalog *catalog, struct plugins *plugins, const char *host, const char *group_id, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    struct ptrs named = { NULL, 0, 0 };

    if (group_sync_since(catalog, plugins, host, group_id, NOW, err) < 0 ||
        group_ids(catalog, "select distinct remote_group_id as id from security_group_rules where security_group_id = ? and remote_group_id is not null"
                  " and remote_group_id <> ?", group_id, &a, &named, err) < 0)
        return -1;
    for (size_t i = 0; i < named.n; i++)
        if (group_sync_since(catalog, plugins, host, named.at[i], NOW, err) < 0)
            return -1;
    return 0;
}

/* The groups of a port, and those that their rules name, are there before it is plugged. */
static int
port_groups_sync(struct flow_run *run, const struct cairn_port *port, int64_t since_us, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    struct ptrs ids = { NULL, 0, 0 };

    if (group_ids(run->catalog, "select security_group_id as id from port_security_groups where port_id = ? union"
                  " select remote_group_id from security_group_rules where remote_group_id is not null and security_group_id in"
                  " (select security_group_id from port_security_groups where port_id = ?)", port->id, &a, &ids, err) < 0)
        return -1;
    for (size_t i = 0; i < ids.n; i++)
        if (group_sync_since(run->catalog, run->plugins, run->host, ids.at[i], since_us, err) < 0)
            return -1;
    return 0;
}

int
port_bring_up(struct flow_run *run, struct driver *net, const char *port_id, struct cairn_nic *ret_nic, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    const struct cairn_port *port;
    int64_t written_us;                 /* bound as well: a network has leases for ports that are */
    struct tx *tx;

    if (tx_begin(run->catalog, TX_READ, &tx, err) < 0)
        return -1;
    port = tx_int(tx, &written_us, 0, err, "select updated_us from ports where id = ?", "s", port_id) < 0 ? NULL : netdesc_port(tx, &a, port_id, err);
    tx_rollback(tx);
    if (port == NULL ||
        network_sync_since(run->catalog, run->plugins, run->host, port->network_id, written_us, err) < 0 ||
        port_groups_sync(run, port, written_us, err) < 0)
        return -1;
    memset(ret_nic, 0, sizeof *ret_nic);
    ret_nic->size = sizeof *ret_nic;
    if (network_port_plug(net, port, ret_nic, err) < 0)
        return cairn_error_context(err, "port %s", port_id);
    return 0;
}

int
port_take_down(struct flow_run *run, struct driver *net, const char *port_id, struct cairn_error *err)
{
    (void)run;
    return network_port_unplug(net, port_id, err) < 0 ? cairn_error_context(err, "port %s", port_id) : 0;
}

static int
network_sync_run(struct flow_run *run, struct cairn_error *err)
{
    return network_sync(run->catalog, run->plugins, run->host, run->object_id, err);
}

static int
group_sync_run(struct flow_run *run, struct cairn_error *err)
{
    return group_sync(run->catalog, run->plugins, run->host, run->object_id, err);
}

static int
port_sync_run(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *net = plugins_get(run->plugins, CAIRN_NETWORK, NULL);
    struct cairn_nic nic;
    struct tx *tx;
    CLEANUP_FREE char *sql = NULL;
    const char *value;
    int64_t bound = 0;
    int rc;

    if (net == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no network driver is configured: add a [network:NAME] section");
    if (tx_begin(run->catalog, TX_READ, &tx, err) < 0)
        return -1;
    /* The delete of a server unplugs its ports before their rows go: what comes in between must not plug them again. */
    sql = xasprintf("select count(*) from ports p where p.id = ? and %s and p.vif_type not in ('unbound', 'binding_failed')"
                    " and not exists (select 1 from servers s where s.id = p.device_id and s.task_state = 'deleting')", bound_here(run->host, &value));
    rc = tx_int(tx, &bound, 0, err, sql, "ss", run->object_id, value);
    tx_rollback(tx);
    if (rc < 0)
        return -1;
    return bound > 0 ? port_bring_up(run, net, run->object_id, &nic, err) : port_take_down(run, net, run->object_id, err);
}

static const struct flow_step network_steps[] = { { "apply", network_sync_run, NULL, NULL, NULL }, { NULL, NULL, NULL, NULL, NULL } };
static const struct flow_step group_steps[] = { { "apply", group_sync_run, NULL, NULL, NULL }, { NULL, NULL, NULL, NULL, NULL } };
static const struct flow_step port_steps[] = { { "apply", port_sync_run, NULL, NULL, NULL }, { NULL, NULL, NULL, NULL, NULL } };
static const struct flow flows[] = {
    { .kind = "network-sync", .steps = network_steps, .max_attempts = 8 },
    { .kind = "group-sync", .steps = group_steps, .max_attempts = 8 },
    { .kind = "port-sync", .steps = port_steps, .max_attempts = 8 },
};

void
network_flows_register(int one_driver_for_all_hosts)
{
    shared_driver = one_driver_for_all_hosts;
    for (size_t i = 0; i < ARRAY_LEN(flows); i++)
        flow_register(&flows[i]);
}
