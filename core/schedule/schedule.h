/* schedule.h: placement: which host a server goes to.  The claim is made in the transaction that creates the server. */
#ifndef SCHEDULE_SCHEDULE_H
#define SCHEDULE_SCHEDULE_H
#include <cairn/compute.h>
#include <cairn/scheduler.h>
#include "base/config.h"
#include "base/ids.h"
#include "catalog/catalog.h"
#include "plugin/plugin.h"

struct scheduler;

/* Loads the filters and weighers that [scheduler] names: "filters = alive, capacity, image, zone, affinity", "weighers = ram:1.0, disk:0.1". */
extern const struct cairn_key scheduler_keys[];     /* of the section [scheduler] */
int scheduler_open(struct plugins *plugins, const struct config *config, struct scheduler **ret, struct cairn_error *err);
void scheduler_close(struct scheduler *s);
struct str;
void scheduler_metrics(struct scheduler *s, struct str *out);

/* Chooses a host, among them 'forced_host' alone ("HOST" or "ZONE:HOST") if there is one, and writes the allocation of request->server_id.  CAIRN_NO_HOST: the message says how many hosts each filter removed:
 * "no valid host: 12 hosts; alive removed 1, capacity removed 11 (largest free: 2 VCPUs, 512 MiB, 3 GiB)". */
int schedule_claim(struct tx *tx, struct scheduler *s, const struct cairn_place_request *request, const char *user_id,
                   char ret_host_id[ID_UUID], char ret_host_name[256], struct cairn_error *err);
/* Gives back what the consumer holds; nothing is success. */
int schedule_release(struct tx *tx, const char *consumer_id, struct cairn_error *err);

/* Registers or refreshes a host's row from what its driver says and what [host] sets.  Called at start and by a timer with the heartbeat. */
struct host_report {
    const char *name, *driver, *availability_zone, *host_ip;
    const struct cairn_compute_info *info;
    int64_t disk_gib;           /* of the storage that its servers use */
    double vcpu_ratio, ram_ratio, disk_ratio;
    int64_t reserved_vcpus, reserved_ram_mib, reserved_disk_gib;
};
int host_report(struct tx *tx, const struct host_report *report, char ret_id[ID_UUID], struct cairn_error *err);
int host_heartbeat(struct tx *tx, const char *name, struct cairn_error *err);
/* A host is alive while its heartbeat is younger than this. */
#define HOST_ALIVE_US (INT64_C(60) * 1000000)
#endif
