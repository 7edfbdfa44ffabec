/* ops.h: every operation of every kind in one list each: what the door requires, and how long a call may take.
 *
 * X(operation, required, capability, deadline in seconds, flags): a table without a required operation is refused, and so is one that claims
 * a capability but leaves out an operation that belongs to it.  Inside the loader only. */
#ifndef PLUGIN_OPS_H
#define PLUGIN_OPS_H
#include <cairn/auth.h>
#include <cairn/compute.h>
#include <cairn/filter.h>
#include <cairn/network.h>
#include <cairn/scheduler.h>
#include <cairn/storage.h>

/* Takes no lock: lists, health, and what steers a call that runs. */
#define OP_BESIDE 1u
/* A quick question that somebody waits for: gives up soon when its object is busy, so that a call that hangs does not gather waiters. */
#define OP_BRIEF 2u

#define COMPUTE_OPS(X)                                                          \
    X(start,              0, 0,                               120, 0)           \
    X(health,             0, 0,                                20, OP_BESIDE)   \
    X(host_info,          1, 0,                                60, 0)           \
    X(server_list,        1, 0,                                60, OP_BESIDE)   \
    X(server_state,       1, 0,                                30, OP_BRIEF)    \
    X(server_create,      1, 0,                               600, 0)           \
    X(server_destroy,     1, 0,                               300, 0)           \
    X(server_start,       1, 0,                               300, 0)           \
    X(server_stop,        1, 0,                               120, 0)           \
    X(server_reboot,      0, 0,                               300, 0)           \
    X(server_pause,       0, CAIRN_COMPUTE_CAN_PAUSE,          60, 0)           \
    X(server_unpause,     0, CAIRN_COMPUTE_CAN_PAUSE,          60, 0)           \
    X(server_suspend,     0, CAIRN_COMPUTE_CAN_SUSPEND,       900, 0)           \
    X(server_resume,      0, CAIRN_COMPUTE_CAN_SUSPEND,       900, 0)           \
    X(server_rescue,      0, CAIRN_COMPUTE_CAN_RESCUE,        300, 0)           \
    X(server_unrescue,    0, CAIRN_COMPUTE_CAN_RESCUE,        300, 0)           \
    X(disk_attach,        0, CAIRN_COMPUTE_CAN_HOTPLUG_DISK,  120, 0)           \
    X(disk_detach,        0, CAIRN_COMPUTE_CAN_HOTPLUG_DISK,  180, 0)           \
    X(disk_resize,        0, 0,                                60, 0)           \
    X(disk_swap,          0, 0,                             21600, 0)           \
    X(nic_attach,         0, CAIRN_COMPUTE_CAN_HOTPLUG_NIC,   120, 0)           \
    X(nic_detach,         0, CAIRN_COMPUTE_CAN_HOTPLUG_NIC,   120, 0)           \
    X(snapshot_begin,     0, 0,                               120, 0)           \
    X(snapshot_end,       0, 0,                              3600, 0)           \
    X(console_log,        0, 0,                                20, OP_BRIEF)    \
    X(console_connect,    0, 0,                                20, OP_BRIEF)    \
    X(server_diagnostics, 0, 0,                                30, OP_BRIEF)    \
    X(server_stats,       0, 0,                                60, OP_BESIDE)   \
    X(server_inject_nmi,  0, 0,                                30, 0)           \
    X(server_set_password, 0, 0,                               60, 0)           \
    X(migrate_prepare,    0, CAIRN_COMPUTE_CAN_LIVE_MIGRATE,  300, 0)           \
    X(migrate_run,        0, CAIRN_COMPUTE_CAN_LIVE_MIGRATE, 86400, 0)          \
    X(migrate_progress,   0, CAIRN_COMPUTE_CAN_LIVE_MIGRATE,   30, OP_BESIDE)   \
    X(migrate_force,      0, 0,                                60, OP_BESIDE)   \
    X(migrate_abort,      0, CAIRN_COMPUTE_CAN_LIVE_MIGRATE,   60, OP_BESIDE)   \
    X(migrate_finish,     0, CAIRN_COMPUTE_CAN_LIVE_MIGRATE,  300, 0)

#define STORAGE_OPS(X)                                                          \
    X(start,              0, 0,                               120, 0)           \
    X(health,             0, 0,                                20, OP_BESIDE)   \
    X(pool_info,          1, 0,                                30, OP_BRIEF)    \
    X(volume_create,      0, CAIRN_STORAGE_CAN_VOLUMES,      3600, 0)           \
    X(volume_delete,      0, CAIRN_STORAGE_CAN_VOLUMES,       600, 0)           \
    X(volume_extend,      0, 0,                               120, 0)           \
    X(volume_info,        0, CAIRN_STORAGE_CAN_VOLUMES,        30, OP_BRIEF)    \
    X(volume_list,        0, CAIRN_STORAGE_CAN_VOLUMES,       120, OP_BESIDE)   \
    X(volume_flatten,     0, 0,                             21600, 0)           \
    X(snapshot_create,    0, CAIRN_STORAGE_CAN_SNAPSHOT,      300, 0)           \
    X(snapshot_delete,    0, CAIRN_STORAGE_CAN_SNAPSHOT,     3600, 0)           \
    X(volume_revert,      0, CAIRN_STORAGE_CAN_REVERT,       3600, 0)           \
    X(volume_connect,     0, CAIRN_STORAGE_CAN_VOLUMES,       120, 0)           \
    X(volume_disconnect,  0, CAIRN_STORAGE_CAN_VOLUMES,       120, 0)           \
    X(volume_export,      0, 0,                                60, 0)           \
    X(volume_unexport,    0, 0,                                60, 0)           \
    X(volume_changes,     0, 0,                               600, OP_BESIDE)   \
    X(volume_read,        0, 0,                                60, 0)           \
    X(volume_write,       0, 0,                                60, 0)           \
    X(image_open,         0, CAIRN_STORAGE_CAN_IMAGES,         60, 0)           \
    X(image_write,        0, CAIRN_STORAGE_CAN_IMAGES,        120, 0)           \
    X(image_commit,       0, CAIRN_STORAGE_CAN_IMAGES,        600, 0)           \
    X(image_abort,        0, CAIRN_STORAGE_CAN_IMAGES,         60, 0)           \
    X(image_read,         0, CAIRN_STORAGE_CAN_IMAGES,         60, 0)           \
    X(image_fd,           0, 0,                                30, OP_BRIEF)    \
    X(image_info,         0, CAIRN_STORAGE_CAN_IMAGES,         30, OP_BRIEF)    \
    X(image_delete,       0, CAIRN_STORAGE_CAN_IMAGES,        120, 0)           \
    X(image_list,         0, 0,                               120, OP_BESIDE)   \
    X(image_connect,      0, 0,                                60, 0)           \
    X(blob_open,          0, CAIRN_STORAGE_CAN_BLOBS,          60, 0)           \
    X(blob_write,         0, CAIRN_STORAGE_CAN_BLOBS,         120, 0)           \
    X(blob_commit,        0, CAIRN_STORAGE_CAN_BLOBS,         600, 0)           \
    X(blob_abort,         0, CAIRN_STORAGE_CAN_BLOBS,          60, 0)           \
    X(blob_read,          0, CAIRN_STORAGE_CAN_BLOBS,          60, 0)           \
    X(blob_fd,            0, 0,                                30, OP_BRIEF)    \
    X(blob_info,          0, CAIRN_STORAGE_CAN_BLOBS,          30, OP_BRIEF)    \
    X(blob_delete,        0, CAIRN_STORAGE_CAN_BLOBS,         120, 0)           \
    X(blob_list,          0, 0,                               120, OP_BESIDE)

#define NETWORK_OPS(X)                                                          \
    X(start,              0, 0,                               120, 0)           \
    X(health,             0, 0,                                20, OP_BESIDE)   \
    X(network_apply,      1, 0,                                60, 0)           \
    X(network_remove,     1, 0,                                60, 0)           \
    X(network_list,       1, 0,                                60, OP_BESIDE)   \
    X(port_plug,          1, 0,                                60, 0)           \
    X(port_unplug,        1, 0,                                60, 0)           \
    X(port_list,          1, 0,                                60, OP_BESIDE)   \
    X(group_apply,        0, CAIRN_NETWORK_CAN_SECURITY,       60, 0)           \
    X(group_remove,       0, CAIRN_NETWORK_CAN_SECURITY,       60, 0)           \
    X(group_list,         0, 0,                                60, OP_BESIDE)   \
    X(metadata_listen,    0, CAIRN_NETWORK_CAN_METADATA,       30, 0)           \
    X(router_apply,       0, CAIRN_NETWORK_CAN_ROUTER,         60, 0)           \
    X(router_remove,      0, CAIRN_NETWORK_CAN_ROUTER,         60, 0)           \
    X(router_list,        0, 0,                                60, OP_BESIDE)   \
    X(floating_ip_apply,  0, CAIRN_NETWORK_CAN_FLOATING_IP,    60, 0)           \
    X(floating_ip_remove, 0, CAIRN_NETWORK_CAN_FLOATING_IP,    60, 0)           \
    X(physical_check,     0, 0,                                20, OP_BRIEF)

#define AUTH_OPS(X)                                                             \
    X(start,              0, 0,                                30, 0)           \
    X(health,             0, 0,                                20, OP_BESIDE)   \
    X(user_get,           1, 0,                                15, OP_BRIEF)    \
    X(user_find,          1, 0,                                15, OP_BRIEF)    \
    X(authenticate,       1, 0,                                15, OP_BRIEF)    \
    X(user_list,          0, 0,                               600, OP_BESIDE)   \
    X(group_list,         0, 0,                               600, OP_BESIDE)   \
    X(user_groups,        0, 0,                                15, OP_BRIEF)    \
    X(group_users,        0, 0,                                60, OP_BESIDE)

/* Plugins: called through their table by who uses them, for they may not wait. */
#define FILTER_OPS(X)                                                           \
    X(start,              0, 0,                               120, 0)           \
    X(health,             0, 0,                                20, OP_BESIDE)   \
    X(before,             0, 0,                                 0, OP_BESIDE)   \
    X(after,              0, 0,                                 0, OP_BESIDE)
#define SCHEDULER_OPS(X)                                                        \
    X(start,              0, 0,                               120, 0)           \
    X(health,             0, 0,                                20, OP_BESIDE)   \
    X(filter,             0, 0,                                 0, OP_BESIDE)   \
    X(weigh,              0, 0,                                 0, OP_BESIDE)

#define X(op, required, capability, seconds, flags) OP_compute_##op,
enum { COMPUTE_OPS(X) OP_compute_count };
#undef X
#define X(op, required, capability, seconds, flags) OP_storage_##op,
enum { STORAGE_OPS(X) OP_storage_count };
#undef X
#define X(op, required, capability, seconds, flags) OP_network_##op,
enum { NETWORK_OPS(X) OP_network_count };
#undef X
#define X(op, required, capability, seconds, flags) OP_auth_##op,
enum { AUTH_OPS(X) OP_auth_count };
#undef X
/* These two come first in every list. */
enum { OP_START = 0, OP_HEALTH = 1 };

struct op_info {
    const char *name;
    size_t offset;              /* of the function pointer in the kind's table */
    uint64_t capability;
    uint32_t required, timeout_ms, flags;
};
struct kind_info {
    const char *name;
    size_t table_size;          /* of this build */
    const struct op_info *ops;
    unsigned count;
    uint32_t any_of;            /* 1: at least one operation after health must be there */
};
/* NULL: no such kind, or none that this build has a use for. */
const struct kind_info *kind_info(uint32_t kind);
/* Is the operation there? */
int op_present(const void *table, const struct op_info *op);
#endif
