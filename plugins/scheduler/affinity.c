/* affinity.c: scheduler plugin "affinity": members of a server group together or apart; by will (filter) or by wish (weigher). */
#include <string.h>
#include <cairn/scheduler.h>

static uint32_t
members_on(const struct cairn_place_request *request, const char *name)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < request->group_hosts_count; i++)
        n += strcmp(request->group_hosts[i], name) == 0;
    return n;
}

static uint32_t
affinity_filter(void *self, const struct cairn_place_request *request, const struct cairn_place_host *host)
{
    (void)self;
    if (request->group_policy == NULL || request->group_hosts_count == 0)
        return 1;                       /* the first member goes anywhere */
    if (strcmp(request->group_policy, "affinity") == 0)
        return members_on(request, host->name) > 0;
    if (strcmp(request->group_policy, "anti-affinity") == 0)
        return members_on(request, host->name) < (request->group_max_per_host > 0 ? request->group_max_per_host : 1);
    return 1;
}

static double
affinity_weigh(void *self, const struct cairn_place_request *request, const struct cairn_place_host *host)
{
    (void)self;
    if (request->group_policy == NULL)
        return 0;
    if (strcmp(request->group_policy, "soft-affinity") == 0)
        return members_on(request, host->name);
    if (strcmp(request->group_policy, "soft-anti-affinity") == 0)
        return -(double)members_on(request, host->name);
    return 0;
}

static const struct cairn_scheduler_plugin affinity_plugin = {
    CAIRN_DRIVER_HEAD(CAIRN_SCHEDULER, "affinity", struct cairn_scheduler_plugin),
    .version = "1",
    .description = "server groups: affinity and anti-affinity, hard and soft",
    .threads = CAIRN_THREADS_PARALLEL,
    .filter = affinity_filter,
    .weigh = affinity_weigh,
};
CAIRN_DRIVER_EXPORT(affinity_plugin)
