/* zone.c: scheduler plugin "zone": a server that names an availability zone stays in it. */
#include <string.h>
#include <cairn/scheduler.h>

static uint32_t
zone_filter(void *self, const struct cairn_place_request *request, const struct cairn_place_host *host)
{
    (void)self;
    return request->availability_zone == NULL || strcmp(request->availability_zone, host->availability_zone) == 0;
}

static const struct cairn_scheduler_plugin zone_plugin = {
    CAIRN_DRIVER_HEAD(CAIRN_SCHEDULER, "zone", struct cairn_scheduler_plugin),
    .version = "1",
    .description = "only hosts of the availability zone that was asked for",
    .threads = CAIRN_THREADS_PARALLEL,
    .filter = zone_filter,
};
CAIRN_DRIVER_EXPORT(zone_plugin)
