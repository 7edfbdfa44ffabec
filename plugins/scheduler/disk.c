/* disk.c: scheduler plugin "disk": prefers hosts with much free disk (a negative weight fills hosts up instead). */
#include <cairn/scheduler.h>

static double
disk_weigh(void *self, const struct cairn_place_request *request, const struct cairn_place_host *host)
{
    (void)self;
    (void)request;
    return host->disk_gib_capacity - host->disk_gib_used;
}

static const struct cairn_scheduler_plugin disk_plugin = {
    CAIRN_DRIVER_HEAD(CAIRN_SCHEDULER, "disk", struct cairn_scheduler_plugin),
    .version = "1",
    .description = "prefers hosts with much free disk",
    .threads = CAIRN_THREADS_PARALLEL,
    .weigh = disk_weigh,
};
CAIRN_DRIVER_EXPORT(disk_plugin)
