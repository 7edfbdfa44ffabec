/* audit_books.c: checks of the catalog against itself: what belongs together is there together. */
#include "config.h"
#define LOG_MODULE "reconcile"
#include "flow/audit.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/network.h"
#include "flow/server.h"

/* --- allocations */

static int
allocation_drop(struct audit *a, struct tx *tx, const char *id, struct cairn_error *err)
{
    (void)a;
    return tx_exec(tx, err,
                   "delete from allocations where consumer_id = ? and not exists (select 1 from servers s where s.id = allocations.consumer_id"
                   " and s.deleted_us is null and s.host_id = allocations.host_id)", "s", id);
}

/* What a server's flavor takes of a host, as its creation claims it. */
struct claim { int64_t vcpus, ram_mib, disk_gib; };

static struct claim
claim_of(const char *flavor_text)
{
    CLEANUP_JSON json_t *flavor = json_of_column(flavor_text);

    return (struct claim){ json_int(flavor, "vcpus", 1), json_int(flavor, "ram", 1),
                           json_int(flavor, "disk", 0) + json_int(flavor, "ephemeral", 0) + (json_int(flavor, "swap", 0) + 1023) / 1024 };
}

struct claim_row {
    const char *id, *host_id, *project_id, *user_id;
    struct claim has, wants;
    int there;
};

#define CLAIMS "select s.id as id, s.host_id as host_id, s.project_id as project_id, s.user_id as user_id, s.flavor as flavor, a.vcpus as vcpus," \
    " a.ram_mib as ram_mib, a.disk_gib as disk_gib from servers s left join allocations a on a.consumer_id = s.id and a.host_id = s.host_id" \
    " where s.deleted_us is null and s.host_id is not null and not " AUDIT_OPEN("s.id")

static int
claim_wrong(struct rows *r, struct arena *arena, struct claim_row *c)
{
    c->wants = claim_of(row_text(r, "flavor"));
    c->has = (struct claim){ row_int(r, "vcpus"), row_int(r, "ram_mib"), row_int(r, "disk_gib") };
    c->there = !row_null(r, "vcpus");
    c->id = arena_strdup(arena, row_text(r, "id"));
    c->host_id = arena_strdup(arena, row_text(r, "host_id"));
    c->project_id = arena_strdup(arena, row_text(r, "project_id"));
    c->user_id = arena_strdup(arena, row_text(r, "user_id"));
    return !c->there || c->has.vcpus != c->wants.vcpus || c->has.ram_mib != c->wants.ram_mib || c->has.disk_gib != c->wants.disk_gib;
}

/* 1: repaired; 0: it is right by now; -1. */
static int
claim_mend(struct audit *a, const char *id, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    CLEANUP_TX struct tx *tx = NULL;
    struct rows *r = NULL;
    struct claim_row c;
    int wrong;

    if (tx_begin(a->o->catalog, TX_WRITE, &tx, err) < 0 || tx_query(tx, &r, err, CLAIMS " and s.id = ?", "s", id) < 0)
        return -1;
    wrong = rows_next(r, err);
    if (wrong == 1)
        wrong = claim_wrong(r, &arena, &c);
    rows_close(r);
    if (wrong <= 0)
        return wrong;
    if (tx_exec(tx, err, "delete from allocations where consumer_id = ? and host_id = ?", "ss", c.id, c.host_id) < 0 ||
        tx_exec(tx, err, "insert into allocations (consumer_id, host_id, vcpus, ram_mib, disk_gib, project_id, user_id) values (?, ?, ?, ?, ?, ?, ?)",
                "ssiiiss", c.id, c.host_id, c.wants.vcpus, c.wants.ram_mib, c.wants.disk_gib, c.project_id, c.user_id) < 0)
        return -1;
    return tx_commit(steal(&tx), err) < 0 ? -1 : 1;
}

static int
claims_wrong(struct audit *a, struct arena *arena, struct ptrs *ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_begin(a->o->catalog, TX_READ, &tx, err) < 0 || tx_query(tx, &r, err, CLAIMS, "") < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        CLEANUP_ARENA struct arena scratch = ARENA_INIT;
        struct claim_row c, *keep;

        if (!claim_wrong(r, &scratch, &c))
            continue;
        keep = arena_alloc(arena, sizeof *keep);
        *keep = c;
        keep->id = arena_strdup(arena, c.id);
        ptrs_add(arena, ret, keep);
    }
    return rc;
}

static int
allocations_right(struct audit *a, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    struct ptrs list = { NULL, 0, 0 };

    if (claims_wrong(a, &arena, &list, err) < 0)
        return -1;
    for (size_t i = 0; i < list.n; i++) {
        const struct claim_row *c = list.at[i];
        struct cairn_error why = CAIRN_ERROR_INIT;
        int mended = a->repair ? claim_mend(a, c->id, &why) : -1;

        if (mended == 0)
            continue;
        if (!c->there)
            audit_found(a, c->id, mended > 0, &why, "server %s is on a host, but claims nothing of it", c->id);
        else
            audit_found(a, c->id, mended > 0, &why, "server %s claims %lld VCPUs, %lld MiB, %lld GiB; its flavor takes %lld VCPUs, %lld MiB, %lld GiB",
                        c->id, (long long)c->has.vcpus, (long long)c->has.ram_mib, (long long)c->has.disk_gib, (long long)c->wants.vcpus,
                        (long long)c->wants.ram_mib, (long long)c->wants.disk_gib);
    }
    return 0;
}

/* --- what servers leave behind */

static int
disk_drop(struct audit *a, struct tx *tx, const char *id, struct cairn_error *err)
{
    (void)a;
    return tx_exec(tx, err, "delete from server_disks where id = ?", "s", id);
}

/* Those that have to learn that the port's addresses are gone, or where they are now. */
static int
port_tell(struct audit *a, struct tx *tx, const char *port_id, const char *network_id, const struct ptrs *groups, struct cairn_error *err)
{
    for (size_t i = 0; i < groups->n; i++)
        if (group_changed(tx, groups->at[i], a->request_id, err) < 0)
            return -1;
    return network_changed(tx, network_id, a->request_id, err) < 0 || port_changed(tx, port_id, a->request_id, err) < 0 ? -1 : 0;
}

static int
port_groups(struct tx *tx, struct arena *arena, const char *port_id, struct ptrs *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(tx, &r, err, "select security_group_id as id from port_security_groups where port_id = ?", "s", port_id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        ptrs_add(arena, ret, arena_strdup(arena, row_text(r, "id")));
    return rc;
}

static int
port_free(struct audit *a, struct tx *tx, const char *id, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    struct ptrs groups = { NULL, 0, 0 };
    CLEANUP_FREE char *network_id = NULL;

    if (port_groups(tx, &arena, id, &groups, err) < 0 || tx_text(tx, &network_id, err, "select network_id from ports where id = ?", "s", id) < 0 ||
        tx_exec(tx, err, "delete from network_tags where resource_type = 'ports' and resource_id = ?"
                " and exists (select 1 from ports where id = ? and owned_by_server = 1)", "ss", id, id) < 0 ||
        tx_exec(tx, err, "delete from ports where id = ? and owned_by_server = 1", "s", id) < 0 ||
        tx_exec(tx, err, "update ports set device_id = '', device_owner = '', host = '', vif_type = 'unbound', status = 'DOWN', updated_us = ?"
                " where id = ?", "is", clock_us(), id) < 0)
        return -1;
    return port_tell(a, tx, id, network_id, &groups, err);
}

/* A port is where its server is. */
static int
port_rebind(struct audit *a, struct tx *tx, const char *id, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    struct ptrs groups = { NULL, 0, 0 };
    CLEANUP_FREE char *network_id = NULL;

    if (port_groups(tx, &arena, id, &groups, err) < 0 || tx_text(tx, &network_id, err, "select network_id from ports where id = ?", "s", id) < 0 ||
        tx_exec(tx, err, "update ports set host = coalesce((select h.name from servers s join hosts h on h.id = s.host_id where s.id = ports.device_id), ''),"
                " updated_us = ? where id = ?", "is", clock_us(), id) < 0 ||
        tx_exec(tx, err, "update ports set vif_type = 'unbound', status = 'DOWN' where id = ? and host = ''", "s", id) < 0)
        return -1;
    return port_tell(a, tx, id, network_id, &groups, err);
}

/* --- states that nobody works on */

static int
server_unstick(struct audit *a, struct tx *tx, const char *id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    char message[256], project_id[64], user_id[64];
    int building, deleting, rc;

    if (tx_query(tx, &r, err, "select vm_state, task_state, project_id, user_id from servers where id = ?", "s", id) < 0 ||
        (rc = rows_next(r, err)) < 0)
        return -1;
    if (rc == 0)
        return 0;
    deleting = row_text(r, "task_state") != NULL && strcmp(row_text(r, "task_state"), "deleting") == 0;
    building = strcmp(row_text(r, "vm_state"), "building") == 0;
    snprintf(project_id, sizeof project_id, "%s", row_text(r, "project_id"));
    snprintf(user_id, sizeof user_id, "%s", row_text(r, "user_id"));
    rows_close(steal(&r));
    if (deleting)
        return server_act(tx, id, "server-delete", "deleting", NULL, a->request_id, project_id, user_id, err);
    if (building) {
        snprintf(message, sizeof message, "Build of server %s was interrupted and cannot go on: delete it and create it again.", id);
        return server_fault(tx, id, "error", 500, message, err);
    }
    return tx_exec(tx, err, "update servers set task_state = null, updated_us = ? where id = ?", "is", clock_us(), id);
}

/* The task is its own object here, so that its being open does not hide it. */
static int
task_end(struct audit *a, struct tx *tx, const char *id, struct cairn_error *err)
{
    (void)a;
    return tx_exec(tx, err, "update tasks set state = 'cancelled', finished_us = ?, error_code = ?, error = 'the server is gone' where id = ?", "iis",
                   clock_us(), (int64_t)CAIRN_GONE, id);
}

const struct audit_check audit_books[] = {
    { .name = "task-without-server", .remedy = "end the task",
      .find = "select w.id as id, '' as owner, 'task ' || w.kind || ' waits for server ' || w.object_id || ', which is gone' as detail from tasks w"
              " left join servers s on s.id = w.object_id and s.deleted_us is null where w.object_type = 'server' and s.id is null"
              " and w.lease_owner is null and w.state in ('queued', 'running', 'undoing')",
      .repair = task_end },
    { .name = "server-stuck", .remedy = "go on with a delete, fail a build, else clear the task state",
      .find = "select s.id as id, s.id as owner, 'server is ' || s.vm_state || ', ' || coalesce(s.task_state, 'no task state') || ', but no task works on it'"
              " as detail from servers s where s.deleted_us is null and (s.task_state is not null or s.vm_state = 'building')",
      .repair = server_unstick },
    { .name = "allocation-without-server", .remedy = "delete the allocation",
      .find = "select a.consumer_id as id, a.consumer_id as owner, 'no server on host ' || h.name || ' holds what is allocated there' as detail"
              " from allocations a join hosts h on h.id = a.host_id left join servers s on s.id = a.consumer_id and s.deleted_us is null"
              " and s.host_id = a.host_id where s.id is null",
      .repair = allocation_drop },
    { .name = "allocation-of-server", .remedy = "write what its flavor takes", .fn = allocations_right },
    { .name = "disk-without-server", .remedy = "forget the disk",
      .find = "select d.id as id, d.server_id as owner, d.role || ' disk of server ' || d.server_id || ', which is deleted' as detail"
              " from server_disks d join servers s on s.id = d.server_id where s.deleted_us is not null",
      .repair = disk_drop },
    { .name = "port-without-server", .remedy = "delete the port, or free it if it was made before its server",
      .find = "select p.id as id, p.device_id as owner, 'port belongs to server ' || p.device_id || ', which is gone' as detail from ports p"
              " left join servers s on s.id = p.device_id where p.device_id <> '' and p.device_owner like 'compute:%' and"
              " (s.deleted_us is not null or (s.id is null and (p.owned_by_server = 1 or p.host <> '')))",
      .repair = port_free },
    { .name = "port-on-other-host", .remedy = "bind it to its server's host",
      .find = "select p.id as id, p.device_id as owner, 'port is bound to host ' || p.host || ', its server is on ' || coalesce(h.name, 'none') as detail"
              " from ports p join servers s on s.id = p.device_id left join hosts h on h.id = s.host_id where s.deleted_us is null and p.host <> ''"
              " and (h.name is null or h.name <> p.host)",
      .repair = port_rebind },
    { .name = "address-of-other-network", .remedy = "give the port another address",
      .find = "select p.id as id, p.device_id as owner, 'address ' || f.ip_address || ' is of subnet ' || u.id || ', which is in another network' as detail"
              " from fixed_ips f join ports p on p.id = f.port_id join subnets u on u.id = f.subnet_id where u.network_id <> p.network_id" },
    { .name = "network-without-dhcp", .remedy = "switch DHCP of its subnet off and on again",
      .find = "select n.id as id, n.id as owner, 'subnets of the network want DHCP, but it has no DHCP port' as detail from networks n where"
              " exists (select 1 from subnets u where u.network_id = n.id and u.enable_dhcp = 1 and u.ip_version = 4) and"
              " exists (select 1 from ports p where p.network_id = n.id and p.host <> '') and"
              " not exists (select 1 from ports p where p.network_id = n.id and p.device_owner = 'network:dhcp')" },
    { .name = NULL },
};
