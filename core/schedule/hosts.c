/* hosts.c: the rows of hosts: what each has to give, and that it is alive. */
#include <config.h>
#include "schedule/schedule.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"

static int
add_host(struct tx *tx, const struct host_report *r, const char *id, int64_t now, struct cairn_error *err)
{
    /* The columns that a report refreshes are written by update_host(), which follows. */
    return tx_exec(tx, err,
                   "insert into hosts (id, number, name, driver, availability_zone, heartbeat_us, hypervisor_type, hypervisor_version, arch,"
                   " cpu_info, host_ip, vcpus, ram_mib, disk_gib, vcpu_ratio, ram_ratio, disk_ratio, reserved_vcpus, reserved_ram_mib,"
                   " reserved_disk_gib, created_us, updated_us)"
                   " values (?, (select coalesce(max(number), 0) + 1 from hosts), ?, ?, ?, ?, '', 0, '', '{}', '', 0, 0, 0, 1, 1, 1, 0, 0, 0,"
                   " ?, ?)", "ssssiii", id, r->name, r->driver, r->availability_zone, now, now, now);
}

static int
update_host(struct tx *tx, const struct host_report *r, const char *id, int64_t now, struct cairn_error *err)
{
    const struct cairn_compute_info *info = r->info;

    return tx_exec(tx, err,
                   "update hosts set driver = ?, availability_zone = ?, heartbeat_us = ?, hypervisor_type = ?, hypervisor_version = ?,"
                   " arch = ?, cpu_info = ?, host_ip = ?, vcpus = ?, ram_mib = ?, disk_gib = ?, vcpu_ratio = ?, ram_ratio = ?,"
                   " disk_ratio = ?, reserved_vcpus = ?, reserved_ram_mib = ?, reserved_disk_gib = ?, updated_us = ? where id = ?",
                   "ssisisssiiidddiiiis", r->driver, r->availability_zone, now, info->hypervisor_type,
                   (int64_t)info->hypervisor_version_number, info->arch, info->cpu_info_json[0] != '\0' ? info->cpu_info_json : "{}",
                   r->host_ip, (int64_t)info->vcpus, (int64_t)(info->ram_bytes >> 20), r->disk_gib, r->vcpu_ratio, r->ram_ratio,
                   r->disk_ratio, r->reserved_vcpus, r->reserved_ram_mib, r->reserved_disk_gib, now, id);
}

int
host_report(struct tx *tx, const struct host_report *report, char ret_id[ID_UUID], struct cairn_error *err)
{
    CLEANUP_FREE char *known = NULL;
    int64_t now = clock_us();
    char id[ID_UUID];

    if (strlen(report->name) > 255)
        return cairn_fail(err, CAIRN_INVALID, "host name '%.40s...' is longer than 255 characters", report->name);
    if (tx_text(tx, &known, err, "select id from hosts where name = ?", "s", report->name) < 0)
        return -1;
    if (known != NULL)
        snprintf(id, sizeof id, "%s", known);
    else
        id_uuid(id);
    if ((known == NULL && add_host(tx, report, id, now, err) < 0) || update_host(tx, report, id, now, err) < 0)
        return cairn_error_context(err, "host '%s'", report->name);
    memcpy(ret_id, id, sizeof id);
    return 0;
}

int
host_heartbeat(struct tx *tx, const char *name, struct cairn_error *err)
{
    if (tx_exec(tx, err, "update hosts set heartbeat_us = ? where name = ?", "is", clock_us(), name) < 0)
        return -1;
    return tx_changes(tx) > 0 ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "there is no host '%s'", name);
}
