/* cairn/compute.h: what a compute driver does: it runs servers. */
#ifndef CAIRN_COMPUTE_H
#define CAIRN_COMPUTE_H

#include <cairn/driver.h>
#include <cairn/connection.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers are those of the compute API's power_state. */
enum cairn_power {
    CAIRN_POWER_NONE = 0,       /* unknown or in between */
    CAIRN_POWER_RUNNING = 1,
    CAIRN_POWER_PAUSED = 3,
    CAIRN_POWER_SHUTDOWN = 4,
    CAIRN_POWER_CRASHED = 6,
    CAIRN_POWER_SUSPENDED = 7,
};

#define CAIRN_COMPUTE_CAN_SUSPEND       (UINT64_C(1) << 0)
#define CAIRN_COMPUTE_CAN_PAUSE         (UINT64_C(1) << 1)
#define CAIRN_COMPUTE_CAN_HOTPLUG_DISK  (UINT64_C(1) << 2)
#define CAIRN_COMPUTE_CAN_HOTPLUG_NIC   (UINT64_C(1) << 3)
#define CAIRN_COMPUTE_CAN_LIVE_MIGRATE  (UINT64_C(1) << 4)
#define CAIRN_COMPUTE_CAN_RESCUE        (UINT64_C(1) << 5)
#define CAIRN_COMPUTE_ROOT_TREES        (UINT64_C(1) << 6)      /* wants root file systems (containers), not disks */
#define CAIRN_COMPUTE_SIMULATED         (UINT64_C(1) << 7)      /* nothing real behind it: not for production */

enum cairn_disk_role {
    CAIRN_DISK_ROOT = 1, CAIRN_DISK_EPHEMERAL = 2, CAIRN_DISK_SWAP = 3, CAIRN_DISK_VOLUME = 4, CAIRN_DISK_CONFIG = 5, CAIRN_DISK_RESCUE = 6,
};
enum cairn_disk_bus {
    CAIRN_BUS_DEFAULT = 0, CAIRN_BUS_VIRTIO = 1, CAIRN_BUS_SCSI = 2, CAIRN_BUS_IDE = 3, CAIRN_BUS_SATA = 4, CAIRN_BUS_USB = 5,
};
#define CAIRN_DISK_CDROM        1u
#define CAIRN_DISK_READ_ONLY    2u
#define CAIRN_DISK_SHAREABLE    4u      /* multi-attach */

struct cairn_disk {
    uint32_t size;
    uint32_t role;
    uint32_t bus;
    uint32_t flags;
    int32_t boot_index;         /* 0 first; -1 never */
    uint32_t reserved;
    const char *id;             /* volume's or disk's UUID: the serial that the guest sees */
    const char *target;         /* "vda"; NULL: the driver chooses and tells by 'ret_target' where there is one */
    const char *tag;            /* device role tag or NULL */
    const struct cairn_connection *source;
};

enum cairn_nic_kind {
    CAIRN_NIC_TAP = 1,          /* 'device' is a tap that exists and is plugged already; the guest's end is opened by name */
    CAIRN_NIC_BRIDGE = 2,       /* make a tap on bridge 'bridge' */
    CAIRN_NIC_OVS = 3,          /* make a tap on the OVS bridge 'bridge', iface-id = id */
    CAIRN_NIC_VETH = 4,         /* for containers: move 'device' into the guest */
};
/* Written by the network driver's port_plug(), read by the compute driver. */
struct cairn_nic {
    uint32_t size;
    uint32_t kind;
    uint32_t mtu;               /* bytes */
    uint32_t checksum_offload;  /* 0: switch it off in the guest's device (OVS userspace datapath) */
    char id[64];                /* port UUID */
    char mac[32];
    char device[32];
    char bridge[32];
    char model[32];             /* "virtio"; empty: the driver's default */
    char tag[64];               /* device role tag */
};

enum cairn_graphics { CAIRN_GRAPHICS_NONE = 0, CAIRN_GRAPHICS_VNC = 1, CAIRN_GRAPHICS_SPICE = 2 };

/* A server as it shall be.  Borrowed for the call. */
struct cairn_server {
    uint32_t size;
    uint32_t vcpus;
    uint64_t ram_bytes;
    const char *id;             /* UUID; names the domain */
    const char *name;           /* display name: for people, never for paths or commands */
    const char *project_id;
    const char *user_id;
    const char *flavor_name;
    const char *image_id;       /* may be NULL */
    const struct cairn_disk *const *disks;
    uint32_t disks_count;
    uint32_t nics_count;
    const struct cairn_nic *const *nics;
    const struct cairn_pair *const *properties;     /* image hw_* and flavor hw:* properties, flavor's first; unknown ones are ignored */
    uint32_t properties_count;
    uint32_t graphics;
    uint32_t power_on;          /* 1: running after create; 0: defined only */
    uint32_t rescue;            /* 1: disks hold a rescue disk that boots first */
    const char *console_log;    /* path the serial console is to be written to, or NULL: the driver's own */
};

/* What a host can carry, and what carries it. */
struct cairn_compute_info {
    uint32_t size;
    uint32_t vcpus;             /* physical threads */
    uint64_t ram_bytes;
    char hypervisor_type[32];   /* "QEMU", "LXC", "fake" */
    char hypervisor_version[32];/* "7.2.0" */
    uint32_t hypervisor_version_number;     /* 7002000 */
    uint32_t accelerated;       /* 1: hardware virtualization runs (probed by running it) */
    char arch[32];              /* "x86_64" */
    char cpu_model[128];
    char cpu_info_json[2048];   /* {"arch":...,"model":...,"vendor":...,"topology":{...},"features":[...]} */
};

/* One element of server_list(). */
struct cairn_server_state {
    uint32_t size;
    uint32_t power;             /* enum cairn_power */
    char id[64];
    char reason[128];           /* why it is down, if known */
};

struct cairn_server_stats {     /* one element of server_stats(); counters since boot, 0 if unknown */
    uint32_t size;
    uint32_t power;
    char id[64];
    uint64_t cpu_ns;
    uint64_t uptime_s;
    uint64_t ram_bytes, ram_used_bytes;
    uint64_t disk_read_bytes, disk_read_ops, disk_write_bytes, disk_write_ops;
    uint64_t net_rx_bytes, net_rx_packets, net_tx_bytes, net_tx_packets;
};

enum cairn_console_kind { CAIRN_CONSOLE_VNC = 1, CAIRN_CONSOLE_SPICE = 2, CAIRN_CONSOLE_SERIAL = 3 };
struct cairn_console {          /* where a console proxy connects */
    uint32_t size;
    uint32_t kind;
    uint32_t port;              /* 0: a unix socket */
    char host[256];
    char path[256];
};

enum cairn_reboot { CAIRN_REBOOT_SOFT = 0, CAIRN_REBOOT_HARD = 1 };

struct cairn_migration {
    uint32_t size;
    uint32_t live;              /* 0: the guest is off */
    uint32_t copy_storage;      /* 1: disks are not shared: copy them */
    uint32_t max_downtime_ms;
    uint64_t bandwidth_bytes;   /* per second; 0: unlimited */
    const char *target_uri;     /* from the target's migrate_prepare() */
};
struct cairn_migration_progress {
    uint32_t size;
    uint32_t state;             /* 0 none, 1 running, 2 completed, 3 failed */
    uint64_t ram_total, ram_done, ram_remaining;
    uint64_t disk_total, disk_done, disk_remaining;
};

/* All operations: any worker thread.  Object = server->id or 'id'.  '*required*' must not be NULL.
 * Common errors: CAIRN_UNAVAILABLE (the hypervisor does not answer; worth a retry), CAIRN_NOT_FOUND (no such server here),
 * CAIRN_CONFLICT (its power state forbids it), CAIRN_INTERNAL. */
struct cairn_compute_driver {
    CAIRN_DRIVER_COMMON;

    /* *required*  What this host has.  Called at start and when the daemon refreshes the inventory. */
    int (*host_info)(void *self, struct cairn_compute_info *ret_info, struct cairn_error *err);

    /* *required*  Calls host->emit(sink, struct cairn_server_state) for every server of this cloud (cloud_id) on this host. */
    int (*server_list)(void *self, struct cairn_sink *sink, struct cairn_error *err);

    /* *required*  As one element of server_list().  Error: CAIRN_NOT_FOUND. */
    int (*server_state)(void *self, const char *id, struct cairn_server_state *ret_state, struct cairn_error *err);

    /* *required*  Defines the server and, if power_on, starts it.  There and the same -> success, starting it if it is off.  There and
     * different -> redefined.  Disks and NICs exist. */
    int (*server_create)(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);

    /* *required*  Stops it at once and forgets it with all the driver's own files of it (console log, saved memory).  Leaves disks and taps. */
    int (*server_destroy)(void *self, struct cairn_op *op, const char *id, struct cairn_error *err);

    /* *required*  Boots it as 'server' describes it now (redefines first).  Running already -> success. */
    int (*server_start)(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);

    /* *required*  Off.  grace_ms > 0: asks the guest first and waits that long at most, then pulls the plug.  Off already -> success. */
    int (*server_stop)(void *self, struct cairn_op *op, const char *id, uint32_t grace_ms, struct cairn_error *err);

    /* Soft: asks the guest, as server_stop() with a grace; then starts it.  Hard: off, redefine, on. */
    int (*server_reboot)(void *self, struct cairn_op *op, const struct cairn_server *server, uint32_t type, uint32_t grace_ms,
                         struct cairn_error *err);

    int (*server_pause)(void *self, const char *id, struct cairn_error *err);
    int (*server_unpause)(void *self, const char *id, struct cairn_error *err);
    /* Saves memory to disk and stops; survives a host's reboot. */
    int (*server_suspend)(void *self, struct cairn_op *op, const char *id, struct cairn_error *err);
    int (*server_resume)(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);

    /* Restarts it with the rescue disk first, and back.  'server' has rescue set or not, and the disks that go with it. */
    int (*server_rescue)(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);
    int (*server_unrescue)(void *self, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);

    /* Hot where the guest runs, and in the definition.  '*ret_target' (char[32]) is the device name, "vdb". */
    int (*disk_attach)(void *self, struct cairn_op *op, const char *id, const struct cairn_disk *disk, char ret_target[32],
                       struct cairn_error *err);
    /* Waits until the guest let go.  Error: CAIRN_TIMEOUT (the guest did not). */
    int (*disk_detach)(void *self, struct cairn_op *op, const char *id, const char *disk_id, struct cairn_error *err);
    /* The volume has grown: tell the guest. */
    int (*disk_resize)(void *self, const char *id, const char *disk_id, uint64_t size_bytes, struct cairn_error *err);
    /* Copies disk_id's content to 'target' while the guest runs, then pivots. */
    int (*disk_swap)(void *self, struct cairn_op *op, const char *id, const char *disk_id, const struct cairn_disk *target,
                     struct cairn_error *err);
    int (*nic_attach)(void *self, struct cairn_op *op, const char *id, const struct cairn_nic *nic, struct cairn_error *err);
    int (*nic_detach)(void *self, struct cairn_op *op, const char *id, const char *nic_id, struct cairn_error *err);

    /* Makes disk 'disk_id' consistent for the storage driver to copy: begin freezes or redirects writes, end undoes that. */
    int (*snapshot_begin)(void *self, struct cairn_op *op, const char *id, const char *disk_id, uint32_t quiesce, struct cairn_error *err);
    int (*snapshot_end)(void *self, struct cairn_op *op, const char *id, const char *disk_id, struct cairn_error *err);

    /* The end of the serial console's log, at most max_bytes; '*ret_text' is malloc'd, free() it. */
    int (*console_log)(void *self, const char *id, size_t max_bytes, char **ret_text, size_t *ret_len, struct cairn_error *err);
    int (*console_connect)(void *self, const char *id, uint32_t kind, struct cairn_console *ret_console, struct cairn_error *err);

    int (*server_diagnostics)(void *self, const char *id, struct cairn_server_stats *ret_stats, struct cairn_error *err);
    /* emit(sink, struct cairn_server_stats) for every server of this cloud. */
    int (*server_stats)(void *self, struct cairn_sink *sink, struct cairn_error *err);
    int (*server_inject_nmi)(void *self, const char *id, struct cairn_error *err);
    int (*server_set_password)(void *self, const char *id, const char *user, const char *password, struct cairn_error *err);

    /* Migration: prepare on the target (answers a URI), run on the source (blocks, reports progress), finish or abort on both.  Progress, force
     * and abort run beside migrate_run() of the same server, whatever the thread model. */
    int (*migrate_prepare)(void *self, struct cairn_op *op, const struct cairn_server *server, char ret_uri[256], struct cairn_error *err);
    int (*migrate_run)(void *self, struct cairn_op *op, const struct cairn_server *server, const struct cairn_migration *migration,
                       struct cairn_error *err);
    int (*migrate_progress)(void *self, const char *id, struct cairn_migration_progress *ret_progress, struct cairn_error *err);
    int (*migrate_force)(void *self, const char *id, struct cairn_error *err);
    int (*migrate_abort)(void *self, const char *id, struct cairn_error *err);
    int (*migrate_finish)(void *self, struct cairn_op *op, const struct cairn_server *server, uint32_t is_target, struct cairn_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
