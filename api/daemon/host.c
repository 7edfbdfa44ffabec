/* host.c: reports hosts, keeps their heartbeat, follows guests' events. */
#include "config.h"
#define LOG_MODULE "host"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "daemon/host.h"
#include "flow/reconcile.h"
#include "flow/server.h"
#include "plugin/compute.h"
#include "plugin/storage.h"
#include "schedule/schedule.h"

#define HEARTBEAT_MS 15000
#define HOSTS_AT_ONCE 100               /* in a transaction: others write, too */

struct hosting {
    struct hosting_options o;
    struct engine *engine;
    struct reconciler *reconciler;
    char *name;
    /* What was reported last; only the thread that starts us, then one worker at a time, looks. */
    struct cairn_compute_info info;
    int64_t disk_gib;
    int reported;
    _Atomic int queued, running;        /* a report */
};

static const char *
host_setting(const struct hosting *h, const char *key)
{
    return config_string(h->o.config, "host", key);
}

/* Capacity of the pool that servers' disks come from; 0 when it cannot be asked now. */
static int64_t
disk_gib(const struct hosting *h)
{
    struct cairn_pool_info pool = { .size = sizeof pool };
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_DRIVER struct driver *store = plugins_get(h->o.plugins, CAIRN_STORAGE, host_setting(h, "storage"));

    if (store == NULL || storage_pool_info(store, &pool, &err) < 0) {
        log_warn("host %s: the storage pool does not say how large it is: %s", h->name, store == NULL ? "no storage driver" : err.message);
        return 0;
    }
    return (int64_t)(pool.total_bytes >> 30);
}

static int
report(struct hosting *h, const char *name, struct driver *compute, const struct cairn_compute_info *info, int64_t disk, struct tx *tx,
       struct cairn_error *err)
{
    struct host_report r = {
        .name = name, .driver = driver_instance(compute), .availability_zone = host_setting(h, "availability_zone"),
        .host_ip = host_setting(h, "ip"), .info = info, .disk_gib = disk, .vcpu_ratio = atof(host_setting(h, "vcpu_ratio")),
        .ram_ratio = atof(host_setting(h, "ram_ratio")), .disk_ratio = atof(host_setting(h, "disk_ratio")),
        .reserved_vcpus = config_int(h->o.config, "host", "reserved_vcpus"),
        .reserved_ram_mib = config_int(h->o.config, "host", "reserved_ram") >> 20,
        .reserved_disk_gib = config_int(h->o.config, "host", "reserved_disk") >> 30,
    };
    char id[ID_UUID];

    return host_report(tx, &r, id, err);
}

/* The i-th host's name: the real one, or 1 to 'simulated'. */
static const char *
name_of(const struct hosting *h, unsigned i, char buf[32])
{
    if (h->o.simulated == 0)
        return h->name;
    snprintf(buf, 32, "sim-%04u", i);
    return buf;
}

/* Simulated hosts from the 'first' to the 'last', or the real one.  Most often nothing changed since the last report but the time. */
static int
report_some(struct hosting *h, unsigned first, unsigned last, int same, struct driver *compute, const struct cairn_compute_info *info, int64_t disk,
            struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    if (tx_begin(h->o.catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    for (unsigned i = first; i <= last; i++) {
        char buf[32];
        const char *name = name_of(h, i, buf);

        if ((same ? host_heartbeat(tx, name, err) : report(h, name, compute, info, disk, tx, err)) < 0)
            return -1;
    }
    return tx_commit(steal(&tx), err);
}

static int
report_all(struct hosting *h, struct cairn_error *err)
{
    struct cairn_compute_info info;
    CLEANUP_DRIVER struct driver *compute = plugins_get(h->o.plugins, CAIRN_COMPUTE, NULL);
    unsigned count = h->o.simulated > 0 ? h->o.simulated : 1;
    int64_t disk;
    int same;

    if (compute == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no compute driver is configured: add a [compute:NAME] section");
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    if (compute_host_info(compute, &info, err) < 0)
        return -1;
    disk = disk_gib(h);
    same = h->reported && disk == h->disk_gib && memcmp(&info, &h->info, sizeof info) == 0;
    h->reported = 0;
    for (unsigned i = 1; i <= count; i += HOSTS_AT_ONCE)
        if (report_some(h, i, i + HOSTS_AT_ONCE <= count ? i + HOSTS_AT_ONCE - 1 : count, same, compute, &info, disk, err) < 0)
            return -1;
    h->info = info;
    h->disk_gib = disk;
    h->reported = 1;
    return 0;
}

/* A host is reported alive only while its hypervisor answers. */
static void
beat(void *arg)
{
    struct hosting *h = arg;
    struct cairn_error err = CAIRN_ERROR_INIT;

    h->running = 1;
    if (report_all(h, &err) < 0)
        log_warn("host %s: not reported: %s", h->name, err.message);
    h->running = 0;
    h->queued = 0;
}

/* On the timer's thread, which must not wait for a driver: a worker does it.  One that hangs is not joined by others. */
static void
heartbeat(void *arg)
{
    struct hosting *h = arg;

    if (atomic_exchange(&h->queued, 1) == 0 && engine_submit(h->engine, beat, h) < 0)
        h->queued = 0;
}

struct power_event {
    struct hosting *h;
    char id[64];
    uint32_t power;
};

static void
follow(void *arg)
{
    struct power_event *e = arg;
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (server_power_seen(e->h->o.catalog, e->id, e->power, &err) < 0)
        log_warn("server %s: its power state was not noted: %s", e->id, err.message);
    free(e);
}

void
hosting_event(void *hosting, struct driver *driver, const struct cairn_event *event)
{
    struct hosting *h = *(struct hosting **)hosting;
    struct power_event *e;

    if (h == NULL)
        return;
    switch (event->type) {
    case CAIRN_EVENT_SERVER_STATE:
    case CAIRN_EVENT_SERVER_GONE:
        if (event->object == NULL)
            return;
        e = xcalloc(1, sizeof *e);
        e->h = h;
        snprintf(e->id, sizeof e->id, "%s", event->object);
        e->power = event->type == CAIRN_EVENT_SERVER_GONE ? CAIRN_POWER_SHUTDOWN : (uint32_t)event->value;
        if (engine_submit(h->engine, follow, e) < 0)
            free(e);                    /* the reconciler's timer will see it */
        break;
    case CAIRN_EVENT_DRIVER_BACK:
        engine_poke(h->engine, "heartbeat");
        engine_poke(h->engine, "reconcile");
        break;
    case CAIRN_EVENT_DRIVER_LOST:
        log_warn("driver %s lost what it drives: %s", driver_instance(driver), event->reason != NULL ? event->reason : "no reason given");
        break;
    default:
        log_debug("driver %s: event %u of %s", driver_instance(driver), event->type, event->object != NULL ? event->object : "-");
    }
}

int
hosting_start(const struct hosting_options *options, struct engine *engine, struct hosting **ret, struct cairn_error *err)
{
    struct hosting *h = xcalloc(1, sizeof *h);
    struct reconciler_options ro = { .catalog = options->catalog, .plugins = options->plugins, .config = options->config, .engine = engine,
                                     .host = options->simulated > 0 ? NULL : options->host_name };

    h->o = *options;
    h->name = xstrdup(options->host_name);
    h->o.host_name = h->name;
    h->engine = engine;
    if (report_all(h, err) < 0) {
        log_warn("host %s: not reported yet: %s", h->name, err->message);
        cairn_error_clear(err);
    }
    if (reconciler_start(&ro, &h->reconciler, err) < 0) {
        free(h->name);
        free(h);
        return -1;
    }
    engine_every(engine, "heartbeat", HEARTBEAT_MS, heartbeat, h);
    *ret = h;
    return 0;
}

void
hosting_stop(struct hosting *h)
{
    if (h == NULL)
        return;
    reconciler_stop(h->reconciler);
    if (h->running)                     /* its worker hangs in a driver and was left behind: the process is about to end */
        return;
    free(h->name);
    free(h);
}
