/* server.h: flows of servers, and the descriptions that compute drivers are given.
 *
 * The states are those of the compute API: vm_state (active, building, stopped, paused, suspended, error, deleted...) and task_state.
 * A handler sets task_state and adds the task in one transaction; the flow's end clears it. */
#ifndef FLOW_SERVER_H
#define FLOW_SERVER_H
#include <cairn/compute.h>
#include "base/arena.h"
#include "flow/flow.h"

/* X(kind, instance action, event, task_state while it runs) */
#define SERVER_FLOWS(X) \
    X("server-build",   "create",  "compute__do_build_and_run_instance", "scheduling") \
    X("server-delete",  "delete",  "compute_terminate_instance", "deleting") \
    X("server-start",   "start",   "compute_start_instance", "powering-on") \
    X("server-stop",    "stop",    "compute_stop_instance", "powering-off") \
    X("server-reboot",  "reboot",  "compute_reboot_instance", "rebooting") \
    X("server-pause",   "pause",   "compute_pause_instance", "pausing") \
    X("server-unpause", "unpause", "compute_unpause_instance", "unpausing") \
    X("server-suspend", "suspend", "compute_suspend_instance", "suspending") \
    X("server-resume",  "resume",  "compute_resume_instance", "resuming")

void server_flows_register(void);

/* In the caller's transaction: sets task_state, writes the instance action, and adds the flow's task on the server's host.  For
 * "server-delete" open tasks are called off first: delete wins.  payload is borrowed, NULL: {}. */
int server_act(struct tx *tx, const char *server_id, const char *kind, const char *task_state, const json_t *payload, const char *request_id,
               const char *project_id, const char *user_id, struct cairn_error *err);

/* What the driver is told; everything in it lives in the arena.  Connects the disks and plugs the ports (both idempotent), so a worker
 * thread only. */
const struct cairn_server *serverdesc_live(struct flow_run *run, struct arena *a, const char *server_id, struct cairn_error *err);

/* The guest did something by itself (driver event, reconciler): the catalog follows unless a task is at work on the server. */
int server_power_seen(struct catalog *catalog, const char *server_id, uint32_t power, struct cairn_error *err);

/* The compute driver of the host that run->host names; the caller puts it. NULL: CAIRN_UNAVAILABLE. */
struct driver *server_compute_driver(struct flow_run *run, struct cairn_error *err);
/* Writes a fault on the server and its state; vm_state NULL: unchanged. */
int server_fault(struct tx *tx, const char *server_id, const char *vm_state, int code, const char *message, struct cairn_error *err);

/* --- what a guest may ask about itself (config drive and metadata service) */

/* Documents below the root: "openstack/latest/meta_data.json", "latest/meta-data/local-ipv4", "openstack", ...  '*ret_text' malloc'd.  Directories
 * list their entries, one a line.  CAIRN_NOT_FOUND: no such path. */
int metadata_document(struct tx *tx, const char *server_id, const char *path, char **ret_text, size_t *ret_len, const char **ret_type,
                      struct cairn_error *err);
/* A guest posts the password it made, encrypted for its owner, to "openstack/VERSION/password".  CAIRN_UNSUPPORTED: another path;
 * CAIRN_CONFLICT: set already. */
#define METADATA_PASSWORD_MAX 255
int metadata_set_password(struct tx *tx, const char *server_id, const char *path, const char *text, size_t len, struct cairn_error *err);
/* Calls fn for every file that a config drive holds. */
int metadata_files(struct tx *tx, const char *server_id, int (*fn)(void *arg, const char *path, const char *bytes, size_t len, struct cairn_error *err),
                   void *arg, struct cairn_error *err);
/* The server of a port's address in a network: identifies who asks. */
int metadata_whose(struct tx *tx, const char *network_id, const char *address, char ret_server_id[ID_UUID], struct cairn_error *err);

/* Makes the config drive of a server under state_dir (ISO 9660, label config-2); '*ret_path' malloc'd.  Replaces what is there. */
int config_drive_make(struct flow_run *run, const char *server_id, char **ret_path, struct cairn_error *err);
char *config_drive_path(const struct config *config, const char *server_id);
int config_drive_remove(const struct config *config, const char *server_id, struct cairn_error *err);
#endif
