/* audit_network.c: checks of networks, ports and security groups against the network driver. */
#include "config.h"
#define LOG_MODULE "reconcile"
#include "flow/audit.h"

#include <string.h>

#include "base/log.h"
#include "flow/network.h"
#include "plugin/network.h"

/* Ports of the host that is asked for twice, and those of them that have a device there. */
#define HERE "p.host <> '' and ('' = ? or p.host = ?)"
#define BOUND HERE " and p.vif_type not in ('unbound', 'binding_failed')"
#define QUIET " and not " AUDIT_OPEN("p.id") " and not " AUDIT_OPEN("p.device_id")

static const char networks_bound[] = "select distinct p.network_id as id from ports p where " HERE;
static const char networks_wanted[] = "select distinct p.network_id as id from ports p where " HERE QUIET;
/* The groups of bound ports, and those that their rules name. */
#define GROUPS(quiet) "with g as (select distinct m.security_group_id as id from port_security_groups m join ports p on p.id = m.port_id where " HERE quiet ")" \
    " select id from g union select r.remote_group_id from security_group_rules r join g on g.id = r.security_group_id where r.remote_group_id is not null"
static const char groups_bound[] = GROUPS("");
static const char groups_wanted[] = GROUPS(QUIET);
static const char ports_wanted[] = "select p.id as id from ports p join servers s on s.id = p.device_id where s.deleted_us is null and " BOUND QUIET;

struct listing { struct arena *arena; struct ptrs *list, *broken; };

static int
listing_add(void *arg, const void *item)
{
    struct listing *l = arg;
    const struct cairn_net_item *i = item;
    char *id = arena_strdup(l->arena, i->id);

    ptrs_add(l->arena, l->list, id);
    if (i->broken && l->broken != NULL)
        ptrs_add(l->arena, l->broken, id);
    return 0;
}

/* What the driver has, sorted, and what of it is broken (may be NULL); a driver without the operation has none.  0: there is no network driver. */
static int
list_items(struct audit *a, int (*fn)(struct driver *d, struct cairn_sink *sink, struct cairn_error *err), struct arena *arena, struct ptrs *ret,
           struct ptrs *ret_broken, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *net = plugins_get(a->o->plugins, CAIRN_NETWORK, NULL);
    struct listing l = { arena, ret, ret_broken };
    struct cairn_sink sink = { listing_add, &l };

    if (net == NULL)
        return 0;
    if (fn(net, &sink, err) < 0) {
        if (err->code != CAIRN_UNSUPPORTED)
            return -1;
        cairn_error_clear(err);
        return 0;
    }
    audit_sort(ret);
    return 1;
}

/* --- networks and groups: a sync makes either of them so, whatever is wrong */

struct kind {
    const char *word;
    int (*list)(struct driver *d, struct cairn_sink *sink, struct cairn_error *err);
    int (*sync)(struct catalog *catalog, struct plugins *plugins, const char *host, const char *id, struct cairn_error *err);
    const char *bound, *wanted;
};
static const struct kind kind_network = { "network", network_network_list, network_sync, networks_bound, networks_wanted };
static const struct kind kind_group = { "security group", network_group_list, group_sync, groups_bound, groups_wanted };

static int
sync_one(struct audit *a, const struct kind *k, const char *id, const char *what, struct cairn_error *err)
{
    struct cairn_error why = CAIRN_ERROR_INIT;
    int busy = audit_busy(a, id, err);

    if (busy != 0)
        return busy < 0 ? -1 : 0;
    audit_found(a, id, a->repair && k->sync(a->o->catalog, a->o->plugins, audit_host(a), id, &why) == 0, &why, "%s %s", k->word, what);
    return 0;
}

static int
check_kind(struct audit *a, const struct kind *k, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    struct ptrs has = { NULL, 0, 0 }, bound = { NULL, 0, 0 }, wanted = { NULL, 0, 0 }, broken = { NULL, 0, 0 };
    int rc = list_items(a, k->list, &arena, &has, &broken, err);

    if (rc <= 0)
        return rc;
    if (audit_ids(a, &arena, &bound, err, k->bound, audit_host(a), audit_host(a), NULL) < 0 ||
        audit_ids(a, &arena, &wanted, err, k->wanted, audit_host(a), audit_host(a), NULL) < 0)
        return -1;
    audit_sort(&bound);
    for (size_t i = 0; i < has.n; i++)
        if (!audit_has(&bound, has.at[i]) && sync_one(a, k, has.at[i], "is on this host, but no port of it is", err) < 0)
            return -1;
    for (size_t i = 0; i < wanted.n; i++)
        if (!audit_has(&has, wanted.at[i]) && sync_one(a, k, wanted.at[i], "is not on this host, but ports of it are", err) < 0)
            return -1;
    for (size_t i = 0; i < broken.n; i++)
        if (audit_has(&bound, broken.at[i]) && sync_one(a, k, broken.at[i], "does not work whole on this host", err) < 0)
            return -1;
    return 0;
}

static int networks_right(struct audit *a, struct cairn_error *err) { return check_kind(a, &kind_network, err); }
static int groups_right(struct audit *a, struct cairn_error *err) { return check_kind(a, &kind_group, err); }

/* --- at the start of the daemon, after a reboot perhaps: DHCP servers, filters and the metadata service's sockets have to be there again */

static int
make_kind(struct audit *a, const struct kind *k, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    struct ptrs ids = { NULL, 0, 0 };

    if (audit_ids(a, &arena, &ids, err, k->bound, audit_host(a), audit_host(a), NULL) < 0)
        return -1;
    for (size_t i = 0; i < ids.n; i++) {
        struct cairn_error why = CAIRN_ERROR_INIT;

        if (k->sync(a->o->catalog, a->o->plugins, audit_host(a), ids.at[i], &why) < 0)
            audit_found(a, ids.at[i], 0, &why, "%s could not be made again", k->word);
    }
    return 0;
}

static int
make_ports(struct audit *a, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    CLEANUP_TX struct tx *tx = NULL;
    struct ptrs ids = { NULL, 0, 0 };

    if (audit_ids(a, &arena, &ids, err, ports_wanted, audit_host(a), audit_host(a), NULL) < 0)
        return -1;
    if (ids.n == 0)
        return 0;
    if (tx_begin(a->o->catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    for (size_t i = 0; i < ids.n; i++)
        if (port_changed(tx, ids.at[i], a->request_id, err) < 0)
            return -1;
    return tx_commit(steal(&tx), err);
}

static int
make_again(struct audit *a, struct cairn_error *err)
{
    if (!a->at_start)
        return 0;
    return make_kind(a, &kind_network, err) < 0 || make_kind(a, &kind_group, err) < 0 || make_ports(a, err) < 0 ? -1 : 0;
}

/* --- ports */

/* 1: the catalog has no such port here, and nobody works on it. */
static int
is_stray(struct audit *a, const char *id, struct cairn_error *err)
{
    int64_t here, busy;

    if (audit_count(a, &here, err, "select count(*) from ports p where p.id = ? and " BOUND, id, audit_host(a), audit_host(a), NULL) < 0 ||
        audit_count(a, &busy, err, "select count(*) from tasks w where w.state in ('queued', 'running', 'undoing') and (w.object_id = ? or"
                    " w.object_id in (select device_id from ports where id = ?))", id, id, NULL, NULL) < 0)
        return -1;
    return here == 0 && busy == 0;
}

static int
ports_known(struct audit *a, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    CLEANUP_DRIVER struct driver *net = plugins_get(a->o->plugins, CAIRN_NETWORK, NULL);
    struct ptrs has = { NULL, 0, 0 };
    int rc = list_items(a, network_port_list, &arena, &has, NULL, err);

    for (size_t i = 0; rc > 0 && i < has.n; i++) {
        struct cairn_error why = CAIRN_ERROR_INIT;
        int stray = is_stray(a, has.at[i], err);

        if (stray < 0)
            return -1;
        if (stray)
            audit_found(a, has.at[i], a->repair && network_port_unplug(net, has.at[i], &why) == 0, &why, "port is plugged on this host, but not bound to it");
    }
    return rc < 0 ? -1 : 0;
}

static int
plug(struct audit *a, const char *id, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    if (tx_begin(a->o->catalog, TX_WRITE, &tx, err) < 0 || port_changed(tx, id, a->request_id, err) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

static int
ports_plugged(struct audit *a, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    struct ptrs has = { NULL, 0, 0 }, wanted = { NULL, 0, 0 };

    /* Wanted first: a port that is unplugged in between was wanted then, and has an open task now. */
    if (audit_ids(a, &arena, &wanted, err, ports_wanted, audit_host(a), audit_host(a), NULL) < 0)
        return -1;
    if (wanted.n == 0 || list_items(a, network_port_list, &arena, &has, NULL, err) <= 0)
        return err->code != CAIRN_OK ? -1 : 0;
    for (size_t i = 0; i < wanted.n; i++) {
        struct cairn_error why = CAIRN_ERROR_INIT;
        int64_t still;

        if (audit_has(&has, wanted.at[i]))
            continue;
        if (audit_count(a, &still, err, "select count(*) from (select x.* from ports x where x.id = ?) p where " BOUND QUIET, wanted.at[i], audit_host(a),
                        audit_host(a), NULL) < 0)
            return -1;
        if (still > 0)
            audit_found(a, wanted.at[i], a->repair && plug(a, wanted.at[i], &why) == 0, &why, "port is bound to this host, but not plugged");
    }
    return 0;
}

const struct audit_check audit_network[] = {
    { .name = "network-again", .needs_drivers = 1, .fn = make_again },
    { .name = "network-on-host", .needs_drivers = 1, .remedy = "apply or remove it", .fn = networks_right },
    { .name = "group-on-host", .needs_drivers = 1, .remedy = "apply or remove it", .fn = groups_right },
    { .name = "port-without-binding", .needs_drivers = 1, .remedy = "unplug it", .fn = ports_known },
    { .name = "port-not-plugged", .needs_drivers = 1, .remedy = "plug it", .fn = ports_plugged },
    { .name = NULL },
};
