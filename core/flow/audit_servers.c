/* audit_servers.c: checks of servers against the hypervisor, and of config drives against servers. */
#include "config.h"
#define LOG_MODULE "reconcile"
#include "flow/audit.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "flow/server.h"
#include "plugin/compute.h"

/* What one compute driver instance has, by id. */
struct inventory {
    struct arena arena;
    struct ptrs list;                   /* struct domain */
};
struct domain { const char *id; uint32_t power; };

static int
inventory_add(void *arg, const void *item)
{
    struct inventory *inv = arg;
    const struct cairn_server_state *state = item;
    struct domain *d = arena_alloc(&inv->arena, sizeof *d);

    d->id = arena_strdup(&inv->arena, state->id);
    d->power = state->power;
    ptrs_add(&inv->arena, &inv->list, d);
    return 0;
}

static int
compare_domains(const void *a, const void *b)
{
    const struct domain *const *x = a, *const *y = b;

    return strcmp((*x)->id, (*y)->id);
}

static const struct domain *
inventory_find(const struct inventory *inv, const char *id)
{
    const struct domain key = { id, 0 }, *p = &key;
    const void **at = inv->list.n > 0 ? bsearch(&p, inv->list.at, inv->list.n, sizeof *inv->list.at, compare_domains) : NULL;

    return at != NULL ? *at : NULL;
}

/* Calls fn with every compute driver of the hosts that are looked at, and what it has. */
static int
each_driver(struct audit *a, int (*fn)(struct audit *a, struct driver *d, const struct inventory *inv, struct cairn_error *err), struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    struct ptrs names = { NULL, 0, 0 };
    int rc = 0;

    if (audit_ids(a, &arena, &names, err, "select distinct driver from hosts where '' = ? or name = ?", audit_host(a), audit_host(a), NULL) < 0)
        return -1;
    for (size_t i = 0; i < names.n && rc == 0; i++) {
        CLEANUP_DRIVER struct driver *d = plugins_get(a->o->plugins, CAIRN_COMPUTE, names.at[i]);
        struct inventory inv = { ARENA_INIT, { NULL, 0, 0 } };
        struct cairn_sink sink = { inventory_add, &inv };

        if (d == NULL)
            return cairn_fail(err, CAIRN_UNAVAILABLE, "compute driver instance '%s' is not loaded", (const char *)names.at[i]);
        rc = compute_server_list(d, &sink, err);
        if (rc == 0 && inv.list.n > 1)
            qsort(inv.list.at, inv.list.n, sizeof *inv.list.at, compare_domains);
        if (rc == 0)
            rc = fn(a, d, &inv, err);
        arena_free(&inv.arena);
    }
    return rc;
}

/* --- guests that no server is behind */

/* 1: nobody wants this guest here. */
static int
is_stray(struct audit *a, const char *id, const char *instance, struct cairn_error *err)
{
    int64_t known;
    int busy;

    if (audit_count(a, &known, err,
                    "select count(*) from servers s join hosts h on h.id = s.host_id where s.id = ? and s.deleted_us is null and h.driver = ?"
                    " and ('' = ? or h.name = ?)", id, instance, audit_host(a), audit_host(a)) < 0)
        return -1;
    if (known > 0)
        return 0;
    busy = audit_busy(a, id, err);
    return busy < 0 ? -1 : !busy;
}

static int
strays_of(struct audit *a, struct driver *d, const struct inventory *inv, struct cairn_error *err)
{
    for (size_t i = 0; i < inv->list.n; i++) {
        const struct domain *domain = inv->list.at[i];
        struct cairn_error why = CAIRN_ERROR_INIT;
        int stray = is_stray(a, domain->id, driver_instance(d), err);

        if (stray < 0)
            return -1;
        if (stray)
            audit_found(a, domain->id, a->repair && compute_server_destroy(d, NULL, domain->id, &why) == 0, &why,
                        "the hypervisor has guest %s, which is no server of this host", domain->id);
    }
    return 0;
}

static int
guests_known(struct audit *a, struct cairn_error *err)
{
    return each_driver(a, strays_of, err);
}

/* --- servers whose guest is not what the catalog says */

struct server_row { const char *id, *vm_state; uint32_t power; };

#define RUNNABLE "('active', 'paused', 'suspended')"

static int
server_rows(struct audit *a, const char *instance, struct arena *arena, struct ptrs *ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_begin(a->o->catalog, TX_READ, &tx, err) < 0 ||
        tx_query(tx, &r, err,
                 "select s.id as id, s.vm_state as vm_state, s.power_state as power_state from servers s join hosts h on h.id = s.host_id"
                 " where s.deleted_us is null and s.task_state is null and s.vm_state <> 'building' and h.driver = ? and ('' = ? or h.name = ?) and not "
                 AUDIT_OPEN("s.id"), "sss", instance, audit_host(a), audit_host(a)) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        struct server_row *s = arena_alloc(arena, sizeof *s);

        s->id = arena_strdup(arena, row_text(r, "id"));
        s->vm_state = arena_strdup(arena, row_text(r, "vm_state"));
        s->power = (uint32_t)row_int(r, "power_state");
        ptrs_add(arena, ret, s);
    }
    return rc;
}

/* A start makes the guest again.  1: noted, 0: by now the catalog says something else, -1. */
static int
note_missing(struct audit *a, const char *id, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    if (tx_begin(a->o->catalog, TX_WRITE, &tx, err) < 0 ||
        tx_exec(tx, err, "update servers set vm_state = 'stopped', power_state = ?, updated_us = ? where id = ? and deleted_us is null and"
                " task_state is null and vm_state in " RUNNABLE " and not " AUDIT_OPEN("servers.id"), "iis", (int64_t)CAIRN_POWER_SHUTDOWN, clock_us(),
                id) < 0)
        return -1;
    if (tx_changes(tx) == 0)
        return 0;
    return tx_commit(steal(&tx), err) < 0 ? -1 : 1;
}

static void
found_missing(struct audit *a, const struct server_row *s)
{
    struct cairn_error why = CAIRN_ERROR_INIT;
    int noted = a->repair ? note_missing(a, s->id, &why) : -1;

    if (noted != 0)
        audit_found(a, s->id, noted > 0, &why, "server is %s, but its guest is not on the host", s->vm_state);
}

static void
found_power(struct audit *a, const struct server_row *s, uint32_t power)
{
    struct cairn_error why = CAIRN_ERROR_INIT;
    int noted = a->repair && server_power_seen(a->o->catalog, s->id, power, &why) == 0;

    audit_found(a, s->id, noted, &why, "the server's power state is %u, its guest's is %u", s->power, power);
}

/* The inventory may be older than the row: a guest that seems to differ is asked again. */
static int
compare_server(struct audit *a, struct driver *d, const struct inventory *inv, const struct server_row *s, struct cairn_error *err)
{
    const struct domain *domain = inventory_find(inv, s->id);
    struct cairn_server_state state = { .size = sizeof state };
    int may_miss = strcmp(s->vm_state, "active") == 0 || strcmp(s->vm_state, "paused") == 0 || strcmp(s->vm_state, "suspended") == 0, busy;

    if (domain != NULL ? domain->power == s->power || domain->power == CAIRN_POWER_NONE : !may_miss)
        return 0;
    if (compute_server_state(d, s->id, &state, err) < 0) {
        if (err->code != CAIRN_NOT_FOUND)
            return -1;
        cairn_error_clear(err);
        if (may_miss)
            found_missing(a, s);
        return 0;
    }
    busy = audit_busy(a, s->id, err);
    if (busy == 0 && state.power != s->power && state.power != CAIRN_POWER_NONE)
        found_power(a, s, state.power);
    return busy < 0 ? -1 : 0;
}

static int
compare_driver(struct audit *a, struct driver *d, const struct inventory *inv, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    struct ptrs rows = { NULL, 0, 0 };

    if (server_rows(a, driver_instance(d), &arena, &rows, err) < 0)
        return -1;
    for (size_t i = 0; i < rows.n; i++)
        if (compare_server(a, d, inv, rows.at[i], err) < 0)
            return -1;
    return 0;
}

static int
guests_as_told(struct audit *a, struct cairn_error *err)
{
    return each_driver(a, compare_driver, err);
}

/* --- config drives */

/* The server that 'name' in the folder of config drives belongs to: "UUID.iso", or "UUID.iso.d" and "UUID.iso.tmp" while it is made. */
static int
drive_owner(const char *name, char ret_id[ID_UUID], int *ret_whole)
{
    if (strlen(name) < ID_UUID - 1)
        return -1;
    snprintf(ret_id, ID_UUID, "%.36s", name);
    *ret_whole = strcmp(name + ID_UUID - 1, ".iso") == 0;
    return id_is_uuid(ret_id) && str_starts(name + ID_UUID - 1, ".iso") ? 0 : -1;
}

static int
check_drive(struct audit *a, const char *name, struct cairn_error *err)
{
    struct cairn_error why = CAIRN_ERROR_INIT;
    char id[ID_UUID];
    int whole, busy;
    int64_t known = 0;

    if (drive_owner(name, id, &whole) < 0)
        return 0;
    if (whole && audit_count(a, &known, err,
                             "select count(*) from server_disks d join servers s on s.id = d.server_id join hosts h on h.id = s.host_id"
                             " where s.id = ? and d.role = 'config' and s.deleted_us is null and ('' = ? or h.name = ?)", id, audit_host(a),
                             audit_host(a), NULL) < 0)
        return -1;
    if (known > 0 || (busy = audit_busy(a, id, err)) == 1)
        return 0;
    if (busy < 0)
        return -1;
    audit_found(a, id, a->repair && config_drive_remove(a->o->config, id, &why) == 0, &why, whole ? "config drive '%s' belongs to no server of this host"
                : "'%s' was left by the making of a config drive", name);
    return 0;
}

static int
drives_known(struct audit *a, struct cairn_error *err)
{
    CLEANUP_FREE char *path = config_drive_path(a->o->config, "x");
    struct dirent *entry;
    DIR *dir;
    int rc = 0;

    *strrchr(path, '/') = '\0';
    dir = opendir(path);
    if (dir == NULL)
        return errno == ENOENT ? 0 : cairn_fail_errno(err, errno, "cannot read folder '%s'", path);
    while (rc == 0 && (entry = readdir(dir)) != NULL)
        rc = check_drive(a, entry->d_name, err);
    closedir(dir);
    return rc;
}

const struct audit_check audit_servers[] = {
    { .name = "guest-without-server", .needs_drivers = 1, .remedy = "destroy the guest", .fn = guests_known },
    { .name = "server-state", .needs_drivers = 1, .remedy = "the catalog follows the guest", .fn = guests_as_told },
    { .name = "config-drive-without-server", .needs_drivers = 1, .remedy = "delete it", .fn = drives_known },
    { .name = NULL },
};
