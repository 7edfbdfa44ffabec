/* cairn/scheduler.h: plugins that choose hosts: filters say no, weighers say how much. */
#ifndef CAIRN_SCHEDULER_H
#define CAIRN_SCHEDULER_H

#include <cairn/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is to be placed.  Borrowed for the call. */
struct cairn_place_request {
    uint32_t size;
    uint32_t vcpus;
    uint64_t ram_mib, disk_gib;
    const char *server_id;
    const char *project_id;
    const char *availability_zone;      /* NULL: any */
    const char *forced_host;            /* NULL: any */
    const char *group_policy;           /* "affinity", "anti-affinity", "soft-..."; NULL: none */
    const char *const *group_hosts;     /* where members of the group are */
    uint32_t group_hosts_count;
    uint32_t properties_count;
    const struct cairn_pair *const *properties;     /* image properties and flavor extra specs */
    const char *const *ignore_hosts;
    uint32_t ignore_hosts_count;
    uint32_t hints_count;
    const struct cairn_pair *const *hints;
    uint32_t group_max_per_host;        /* "anti-affinity": so many members may share a host; 0: 1 */
};

struct cairn_place_host {
    uint32_t size;
    uint32_t enabled;
    uint32_t alive;
    uint32_t reserved;
    const char *name;
    const char *availability_zone;
    const char *hypervisor_type, *arch;
    /* capacity = (total - reserved) * ratio; used = sum of allocations */
    double vcpu_capacity, ram_mib_capacity, disk_gib_capacity;
    double vcpu_used, ram_mib_used, disk_gib_used;
    const struct cairn_pair *const *traits;
    uint32_t traits_count;
    uint32_t servers;
    /* What one server may have at most: the machine as it is, less what is reserved. */
    double vcpu_total, ram_mib_total, disk_gib_total;
};

struct cairn_scheduler_plugin {
    CAIRN_DRIVER_COMMON;        /* threads: CAIRN_THREADS_PARALLEL; both run inside a transaction and may not wait */
    /* 1: may go there.  NULL: every host may. */
    uint32_t (*filter)(void *self, const struct cairn_place_request *request, const struct cairn_place_host *host);
    /* Larger is better; normalised over the hosts by the daemon, then multiplied by the configured weight.  NULL: no opinion. */
    double (*weigh)(void *self, const struct cairn_place_request *request, const struct cairn_place_host *host);
};

#ifdef __cplusplus
}
#endif
#endif
