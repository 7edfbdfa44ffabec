/* picture.c: the scheduler's picture of all hosts and what they hold: taken whole, followed in small, verified before use. */
#include <config.h>
#include "schedule/internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define HOST_COLUMNS "h.id as id, h.name as name, h.availability_zone as zone, h.enabled as enabled, h.forced_down as forced_down," \
                     " h.heartbeat_us as heartbeat_us, h.hypervisor_type as hypervisor_type, h.arch as arch, h.vcpus as vcpus," \
                     " h.ram_mib as ram_mib, h.disk_gib as disk_gib, h.vcpu_ratio as vcpu_ratio, h.ram_ratio as ram_ratio," \
                     " h.disk_ratio as disk_ratio, h.reserved_vcpus as reserved_vcpus, h.reserved_ram_mib as reserved_ram_mib," \
                     " h.reserved_disk_gib as reserved_disk_gib, coalesce(a.vcpus, 0) as used_vcpus, coalesce(a.ram_mib, 0) as used_ram_mib," \
                     " coalesce(a.disk_gib, 0) as used_disk_gib, coalesce(a.servers, 0) as servers"
#define SUMS "select host_id, sum(vcpus) as vcpus, sum(ram_mib) as ram_mib, sum(disk_gib) as disk_gib, count(*) as servers from allocations"

enum { CHANGES = 256 };

/* The hosts where something was placed or released lately, by this process.  A ring: who is too far behind takes a new picture. */
static struct mutex changes_lock = MUTEX_INIT;
static char changes[CHANGES][ID_UUID] GUARDED_BY(changes_lock);
static uint64_t changes_count GUARDED_BY(changes_lock);

void
change_note(const char *host_id)
{
    mutex_lock(&changes_lock);
    snprintf(changes[changes_count++ % CHANGES], ID_UUID, "%s", host_id);
    mutex_unlock(&changes_lock);
}

static void
seen_clear(struct seen_host *seen)
{
    free((char *)seen->host.name);
    free((char *)seen->host.availability_zone);
    free((char *)seen->host.hypervisor_type);
    free((char *)seen->host.arch);
}

void
picture_drop(struct scheduler *s)
{
    for (size_t i = 0; i < s->count; i++)
        seen_clear(&s->hosts[i]);
    free(s->hosts);
    s->hosts = NULL;
    s->count = 0;
}

static double
above_zero(double x)
{
    return x > 0 ? x : 0;
}

static void
see(struct seen_host *seen, struct rows *r)
{
    struct cairn_place_host *h = &seen->host;

    memset(seen, 0, sizeof *seen);
    snprintf(seen->id, sizeof seen->id, "%s", row_text(r, "id"));
    h->size = sizeof *h;
    h->name = xstrdup(row_text(r, "name"));
    h->availability_zone = xstrdup(row_text(r, "zone"));
    h->hypervisor_type = xstrdup(row_text(r, "hypervisor_type"));
    h->arch = xstrdup(row_text(r, "arch"));
    h->enabled = row_int(r, "enabled") != 0;
    seen->forced_down = row_int(r, "forced_down") != 0;
    seen->heartbeat_us = row_int(r, "heartbeat_us");
    h->vcpu_total = above_zero(row_real(r, "vcpus") - row_real(r, "reserved_vcpus"));
    h->ram_mib_total = above_zero(row_real(r, "ram_mib") - row_real(r, "reserved_ram_mib"));
    h->disk_gib_total = above_zero(row_real(r, "disk_gib") - row_real(r, "reserved_disk_gib"));
    h->vcpu_capacity = h->vcpu_total * row_real(r, "vcpu_ratio");
    h->ram_mib_capacity = h->ram_mib_total * row_real(r, "ram_ratio");
    h->disk_gib_capacity = h->disk_gib_total * row_real(r, "disk_ratio");
    h->vcpu_used = row_real(r, "used_vcpus");
    h->ram_mib_used = row_real(r, "used_ram_mib");
    h->disk_gib_used = row_real(r, "used_disk_gib");
    h->servers = (uint32_t)row_int(r, "servers");
}

int
picture_take(struct scheduler *s, struct tx *tx, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    size_t cap = s->count + 16;
    int rc;

    picture_drop(s);
    mutex_lock(&changes_lock);
    s->changes_seen = changes_count;
    mutex_unlock(&changes_lock);
    if (tx_query(tx, &rows, err, "select " HOST_COLUMNS " from hosts h left join (" SUMS " group by host_id) a on a.host_id = h.id"
                 " order by h.name", "") < 0)
        return -1;
    s->hosts = xcalloc(cap, sizeof *s->hosts);
    while ((rc = rows_next(rows, err)) > 0) {
        if (s->count == cap) {
            cap *= 2;
            s->hosts = xrealloc(s->hosts, cap * sizeof *s->hosts);
        }
        see(&s->hosts[s->count++], rows);
    }
    s->catalog = tx_catalog(tx);
    s->taken_ms = clock_mono_ms();
    return rc;
}

int
picture_refresh(struct seen_host *seen, struct tx *tx, int *ret_there, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    struct seen_host fresh;
    int rc;

    if (tx_query(tx, &rows, err, "select " HOST_COLUMNS " from hosts h left join (" SUMS " where host_id = ? group by host_id) a"
                 " on a.host_id = h.id where h.id = ?", "ss", seen->id, seen->id) < 0 || (rc = rows_next(rows, err)) < 0)
        return -1;
    *ret_there = rc;
    if (rc == 0)
        return 0;
    see(&fresh, rows);
    fresh.out = seen->out;
    fresh.weight = seen->weight;
    seen_clear(seen);
    *seen = fresh;
    return 0;
}

static struct seen_host *
find_seen(struct scheduler *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->hosts[i].id, id) == 0)
            return &s->hosts[i];
    return NULL;
}

int
picture_follow(struct scheduler *s, struct tx *tx, struct cairn_error *err)
{
    char ids[CHANGES][ID_UUID];
    size_t count = 0;
    int behind, there;

    mutex_lock(&changes_lock);
    behind = changes_count - s->changes_seen > CHANGES;
    for (; !behind && s->changes_seen < changes_count; s->changes_seen++)
        memcpy(ids[count++], changes[s->changes_seen % CHANGES], ID_UUID);
    mutex_unlock(&changes_lock);
    if (behind)
        return picture_take(s, tx, err);
    for (size_t i = 0; i < count; i++) {
        struct seen_host *seen = find_seen(s, ids[i]);

        if (seen != NULL && picture_refresh(seen, tx, &there, err) < 0)
            return -1;
    }
    return 0;
}
