/* capacity.c: scheduler plugin "capacity": a server goes where its processors, memory and disk still fit, overcommitment included. */
#include <cairn/scheduler.h>

/* One server is never larger than the machine, however far the host may be overcommitted. */
static int
fits(double wanted, double total, double capacity, double used)
{
    return wanted <= total && used + wanted <= capacity + 1e-6;
}

static uint32_t
capacity_filter(void *self, const struct cairn_place_request *request, const struct cairn_place_host *host)
{
    (void)self;
    return fits(request->vcpus, host->vcpu_total, host->vcpu_capacity, host->vcpu_used) &&
           fits((double)request->ram_mib, host->ram_mib_total, host->ram_mib_capacity, host->ram_mib_used) &&
           fits((double)request->disk_gib, host->disk_gib_total, host->disk_gib_capacity, host->disk_gib_used);
}

static const struct cairn_scheduler_plugin capacity_plugin = {
    CAIRN_DRIVER_HEAD(CAIRN_SCHEDULER, "capacity", struct cairn_scheduler_plugin),
    .version = "1",
    .description = "only hosts with room for the server",
    .threads = CAIRN_THREADS_PARALLEL,
    .filter = capacity_filter,
};
CAIRN_DRIVER_EXPORT(capacity_plugin)
