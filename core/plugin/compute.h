/* compute.h: the one door to compute drivers: a wrapper for each operation of <cairn/compute.h>, where its contract stands.
 *
 * Each wrapper answers CAIRN_UNSUPPORTED when the driver leaves the operation out and CAIRN_UNAVAILABLE when the driver could not be started
 * yet; takes the lock of the driver's thread model; traces, counts and times the call; and turns rubbish in its results into CAIRN_INTERNAL.
 * 'op' may be NULL.  What a ret_ parameter points to is written on success only.  Any thread; may block as long as the driver does, so never
 * inside a transaction. */
#ifndef PLUGIN_COMPUTE_H
#define PLUGIN_COMPUTE_H
#include <cairn/compute.h>
#include "plugin/plugin.h"

int compute_host_info(struct driver *d, struct cairn_compute_info *ret_info, struct cairn_error *err);
int compute_server_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err);
int compute_server_state(struct driver *d, const char *id, struct cairn_server_state *ret_state, struct cairn_error *err);
int compute_server_create(struct driver *d, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);
int compute_server_destroy(struct driver *d, struct cairn_op *op, const char *id, struct cairn_error *err);
int compute_server_start(struct driver *d, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);
int compute_server_stop(struct driver *d, struct cairn_op *op, const char *id, uint32_t grace_ms, struct cairn_error *err);
int compute_server_reboot(struct driver *d, struct cairn_op *op, const struct cairn_server *server, uint32_t type, uint32_t grace_ms,
                          struct cairn_error *err);
int compute_server_pause(struct driver *d, const char *id, struct cairn_error *err);
int compute_server_unpause(struct driver *d, const char *id, struct cairn_error *err);
int compute_server_suspend(struct driver *d, struct cairn_op *op, const char *id, struct cairn_error *err);
int compute_server_resume(struct driver *d, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);
int compute_server_rescue(struct driver *d, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);
int compute_server_unrescue(struct driver *d, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err);
int compute_disk_attach(struct driver *d, struct cairn_op *op, const char *id, const struct cairn_disk *disk, char ret_target[32],
                        struct cairn_error *err);
int compute_disk_detach(struct driver *d, struct cairn_op *op, const char *id, const char *disk_id, struct cairn_error *err);
int compute_disk_resize(struct driver *d, const char *id, const char *disk_id, uint64_t size_bytes, struct cairn_error *err);
int compute_disk_swap(struct driver *d, struct cairn_op *op, const char *id, const char *disk_id, const struct cairn_disk *target,
                      struct cairn_error *err);
int compute_nic_attach(struct driver *d, struct cairn_op *op, const char *id, const struct cairn_nic *nic, struct cairn_error *err);
int compute_nic_detach(struct driver *d, struct cairn_op *op, const char *id, const char *nic_id, struct cairn_error *err);
int compute_snapshot_begin(struct driver *d, struct cairn_op *op, const char *id, const char *disk_id, uint32_t quiesce,
                           struct cairn_error *err);
int compute_snapshot_end(struct driver *d, struct cairn_op *op, const char *id, const char *disk_id, struct cairn_error *err);
int compute_console_log(struct driver *d, const char *id, size_t max_bytes, char **ret_text, size_t *ret_len, struct cairn_error *err);
int compute_console_connect(struct driver *d, const char *id, uint32_t kind, struct cairn_console *ret_console, struct cairn_error *err);
int compute_server_diagnostics(struct driver *d, const char *id, struct cairn_server_stats *ret_stats, struct cairn_error *err);
int compute_server_stats(struct driver *d, struct cairn_sink *sink, struct cairn_error *err);
int compute_server_inject_nmi(struct driver *d, const char *id, struct cairn_error *err);
int compute_server_set_password(struct driver *d, const char *id, const char *user, const char *password, struct cairn_error *err);
int compute_migrate_prepare(struct driver *d, struct cairn_op *op, const struct cairn_server *server, char ret_uri[256],
                            struct cairn_error *err);
int compute_migrate_run(struct driver *d, struct cairn_op *op, const struct cairn_server *server,
                        const struct cairn_migration *migration, struct cairn_error *err);
int compute_migrate_progress(struct driver *d, const char *id, struct cairn_migration_progress *ret_progress, struct cairn_error *err);
int compute_migrate_force(struct driver *d, const char *id, struct cairn_error *err);
int compute_migrate_abort(struct driver *d, const char *id, struct cairn_error *err);
int compute_migrate_finish(struct driver *d, struct cairn_op *op, const struct cairn_server *server, uint32_t is_target,
                           struct cairn_error *err);
#endif
