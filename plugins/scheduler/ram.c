/* ram.c: scheduler plugin "ram": prefers hosts with much free memory (a negative weight fills hosts up instead). */
#include <cairn/scheduler.h>

static double
ram_weigh(void *self, const struct cairn_place_request *request, const struct cairn_place_host *host)
{
    (void)self;
    (void)request;
    return host->ram_mib_capacity - host->ram_mib_used;
}

static const struct cairn_scheduler_plugin ram_plugin = {
    CAIRN_DRIVER_HEAD(CAIRN_SCHEDULER, "ram", struct cairn_scheduler_plugin),
    .version = "1",
    .description = "prefers hosts with much free memory",
    .threads = CAIRN_THREADS_PARALLEL,
    .weigh = ram_weigh,
};
CAIRN_DRIVER_EXPORT(ram_plugin)
