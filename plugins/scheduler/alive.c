/* alive.c: scheduler plugin "alive": no server goes to a host that is switched off, forced down or silent. */
#include <cairn/scheduler.h>

static uint32_t
alive_filter(void *self, const struct cairn_place_request *request, const struct cairn_place_host *host)
{
    (void)self;
    (void)request;
    return host->enabled && host->alive;
}

static const struct cairn_scheduler_plugin alive_plugin = {
    CAIRN_DRIVER_HEAD(CAIRN_SCHEDULER, "alive", struct cairn_scheduler_plugin),
    .version = "1",
    .description = "only hosts that are enabled and report themselves",
    .threads = CAIRN_THREADS_PARALLEL,
    .filter = alive_filter,
};
CAIRN_DRIVER_EXPORT(alive_plugin)
