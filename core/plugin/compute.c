/* compute.c: the wrappers of the compute operations. */
#include <config.h>
#include "plugin/compute.h"

#include <stdlib.h>
#include <string.h>

#include "plugin/internal.h"

#define OP(d, operation) ((const struct cairn_compute_driver *)(const void *)(d)->module->table)->operation
#define BEGIN(operation, object, op, extra_ms)                                                          \
    struct call call;                                                                                   \
    int rc;                                                                                             \
    if (call_begin(&call, d, OP_compute_##operation, object, op, extra_ms, err) < 0)                    \
        return -1
/* An operation that answers nothing but yes or no. */
#define PLAIN(operation, object, op, ...)                                                               \
    BEGIN(operation, object, op, 0);                                                                    \
    rc = OP(d, operation)(d->self, __VA_ARGS__, &call.err);                                             \
    return call_end(&call, rc, err)

static int
power_ok(uint32_t power)
{
    return power == CAIRN_POWER_NONE || power == CAIRN_POWER_RUNNING || power == CAIRN_POWER_PAUSED || power == CAIRN_POWER_SHUTDOWN ||
           power == CAIRN_POWER_CRASHED || power == CAIRN_POWER_SUSPENDED;
}

static int
state_ok(const void *item)
{
    const struct cairn_server_state *s = item;

    return power_ok(s->power) && text_ok(s->id, sizeof s->id, 0) && text_ok(s->reason, sizeof s->reason, 1);
}

static int
stats_ok(const void *item)
{
    const struct cairn_server_stats *s = item;

    return power_ok(s->power) && text_ok(s->id, sizeof s->id, 0);
}

int
compute_host_info(struct driver *d, struct cairn_compute_info *ret_info, struct cairn_error *err)
{
    struct cairn_compute_info info = { .size = sizeof info };
    BEGIN(host_info, NULL, NULL, 0);

    rc = OP(d, host_info)(d->self, &info, &call.err);
    if (rc == 0 && (info.vcpus == 0 || info.ram_bytes == 0))
        call_rubbish(&call, &rc, "a host without processors or memory");
    if (!text_ok(info.hypervisor_type, sizeof info.hypervisor_type, 0) || !text_ok(info.arch, sizeof info.arch, 0) ||
        !text_ok(info.hypervisor_version, sizeof info.hypervisor_version, 1) || !text_ok(info.cpu_model, sizeof info.cpu_model, 1) ||
        memchr(info.cpu_info_json, '\0', sizeof info.cpu_info_json) == NULL)
        call_rubbish(&call, &rc, "text that is missing, not printable or does not end");
    if (call_end(&call, rc, err) < 0)
        return -1;
    info.size = sizeof info;
    *ret_info = info;
    return 0;
}

int
compute_server_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err)
{
    struct list list;
    BEGIN(server_list, NULL, NULL, 0);

    list_begin(&list, sink, sizeof(struct cairn_server_state), state_ok);
    rc = OP(d, server_list)(d->self, &list.sink, &call.err);
    list_end(&list, &call, &rc);
    return call_end(&call, rc, err);
}

int
compute_server_state(struct driver *d, const char *id, struct cairn_server_state *ret_state, struct cairn_error *err)
{
    struct cairn_server_state state = { .size = sizeof state };
    BEGIN(server_state, id, NULL, 0);

    rc = OP(d, server_state)(d->self, id, &state, &call.err);
    if (rc == 0 && !state_ok(&state))
        call_rubbish(&call, &rc, "an unknown power state, or text that is not printable or does not end");
    if (call_end(&call, rc, err) < 0)
        return -1;
    state.size = sizeof state;
    *ret_state = state;
    return 0;
}

int
compute_server_create(struct driver *d, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err)
{
    PLAIN(server_create, server->id, op, &call.op, server);
}

int
compute_server_destroy(struct driver *d, struct cairn_op *op, const char *id, struct cairn_error *err)
{
    PLAIN(server_destroy, id, op, &call.op, id);
}

int
compute_server_start(struct driver *d, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err)
{
    PLAIN(server_start, server->id, op, &call.op, server);
}

int
compute_server_stop(struct driver *d, struct cairn_op *op, const char *id, uint32_t grace_ms, struct cairn_error *err)
{
    BEGIN(server_stop, id, op, grace_ms);

    rc = OP(d, server_stop)(d->self, &call.op, id, grace_ms, &call.err);
    return call_end(&call, rc, err);
}

int
compute_server_reboot(struct driver *d, struct cairn_op *op, const struct cairn_server *server, uint32_t type, uint32_t grace_ms,
                      struct cairn_error *err)
{
    BEGIN(server_reboot, server->id, op, grace_ms);

    rc = OP(d, server_reboot)(d->self, &call.op, server, type, grace_ms, &call.err);
    return call_end(&call, rc, err);
}

int
compute_server_pause(struct driver *d, const char *id, struct cairn_error *err)
{
    PLAIN(server_pause, id, NULL, id);
}

int
compute_server_unpause(struct driver *d, const char *id, struct cairn_error *err)
{
    PLAIN(server_unpause, id, NULL, id);
}

int
compute_server_suspend(struct driver *d, struct cairn_op *op, const char *id, struct cairn_error *err)
{
    PLAIN(server_suspend, id, op, &call.op, id);
}

int
compute_server_resume(struct driver *d, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err)
{
    PLAIN(server_resume, server->id, op, &call.op, server);
}

int
compute_server_rescue(struct driver *d, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err)
{
    PLAIN(server_rescue, server->id, op, &call.op, server);
}

int
compute_server_unrescue(struct driver *d, struct cairn_op *op, const struct cairn_server *server, struct cairn_error *err)
{
    PLAIN(server_unrescue, server->id, op, &call.op, server);
}

int
compute_disk_attach(struct driver *d, struct cairn_op *op, const char *id, const struct cairn_disk *disk, char ret_target[32],
                    struct cairn_error *err)
{
    char target[32] = "";
    BEGIN(disk_attach, id, op, 0);

    rc = OP(d, disk_attach)(d->self, &call.op, id, disk, target, &call.err);
    if (rc == 0 && !text_ok(target, sizeof target, 0))
        call_rubbish(&call, &rc, "a device name that is empty, too long or not printable");
    if (call_end(&call, rc, err) < 0)
        return -1;
    memcpy(ret_target, target, sizeof target);
    return 0;
}

int
compute_disk_detach(struct driver *d, struct cairn_op *op, const char *id, const char *disk_id, struct cairn_error *err)
{
    PLAIN(disk_detach, id, op, &call.op, id, disk_id);
}

int
compute_disk_resize(struct driver *d, const char *id, const char *disk_id, uint64_t size_bytes, struct cairn_error *err)
{
    PLAIN(disk_resize, id, NULL, id, disk_id, size_bytes);
}

int
compute_disk_swap(struct driver *d, struct cairn_op *op, const char *id, const char *disk_id, const struct cairn_disk *target,
                  struct cairn_error *err)
{
    PLAIN(disk_swap, id, op, &call.op, id, disk_id, target);
}

int
compute_nic_attach(struct driver *d, struct cairn_op *op, const char *id, const struct cairn_nic *nic, struct cairn_error *err)
{
    PLAIN(nic_attach, id, op, &call.op, id, nic);
}

int
compute_nic_detach(struct driver *d, struct cairn_op *op, const char *id, const char *nic_id, struct cairn_error *err)
{
    PLAIN(nic_detach, id, op, &call.op, id, nic_id);
}

int
compute_snapshot_begin(struct driver *d, struct cairn_op *op, const char *id, const char *disk_id, uint32_t quiesce,
                       struct cairn_error *err)
{
    PLAIN(snapshot_begin, id, op, &call.op, id, disk_id, quiesce);
}

int
compute_snapshot_end(struct driver *d, struct cairn_op *op, const char *id, const char *disk_id, struct cairn_error *err)
{
    PLAIN(snapshot_end, id, op, &call.op, id, disk_id);
}

int
compute_console_log(struct driver *d, const char *id, size_t max_bytes, char **ret_text, size_t *ret_len, struct cairn_error *err)
{
    char *text = NULL;
    size_t len = 0;
    BEGIN(console_log, id, NULL, 0);

    rc = OP(d, console_log)(d->self, id, max_bytes, &text, &len, &call.err);
    if (rc == 0 && (text == NULL || len > max_bytes))
        call_rubbish(&call, &rc, "no text, or more than was asked for");
    if (call_end(&call, rc, err) < 0) {
        free(text);
        return -1;
    }
    *ret_text = text;
    *ret_len = len;
    return 0;
}

int
compute_console_connect(struct driver *d, const char *id, uint32_t kind, struct cairn_console *ret_console, struct cairn_error *err)
{
    struct cairn_console console = { .size = sizeof console };
    BEGIN(console_connect, id, NULL, 0);

    rc = OP(d, console_connect)(d->self, id, kind, &console, &call.err);
    if (rc == 0 && (!text_ok(console.host, sizeof console.host, 1) || !text_ok(console.path, sizeof console.path, 1) ||
                    console.port > 65535 || (console.port == 0 ? console.path[0] != '/' : console.host[0] == '\0')))
        call_rubbish(&call, &rc, "a console without host and port or a socket");
    if (call_end(&call, rc, err) < 0)
        return -1;
    console.size = sizeof console;
    *ret_console = console;
    return 0;
}

int
compute_server_diagnostics(struct driver *d, const char *id, struct cairn_server_stats *ret_stats, struct cairn_error *err)
{
    struct cairn_server_stats stats = { .size = sizeof stats };
    BEGIN(server_diagnostics, id, NULL, 0);

    rc = OP(d, server_diagnostics)(d->self, id, &stats, &call.err);
    if (rc == 0 && !stats_ok(&stats))
        call_rubbish(&call, &rc, "an unknown power state or an id that is not printable");
    if (call_end(&call, rc, err) < 0)
        return -1;
    stats.size = sizeof stats;
    *ret_stats = stats;
    return 0;
}

int
compute_server_stats(struct driver *d, struct cairn_sink *sink, struct cairn_error *err)
{
    struct list list;
    BEGIN(server_stats, NULL, NULL, 0);

    list_begin(&list, sink, sizeof(struct cairn_server_stats), stats_ok);
    rc = OP(d, server_stats)(d->self, &list.sink, &call.err);
    list_end(&list, &call, &rc);
    return call_end(&call, rc, err);
}

int
compute_server_inject_nmi(struct driver *d, const char *id, struct cairn_error *err)
{
    PLAIN(server_inject_nmi, id, NULL, id);
}

int
compute_server_set_password(struct driver *d, const char *id, const char *user, const char *password, struct cairn_error *err)
{
    PLAIN(server_set_password, id, NULL, id, user, password);
}

int
compute_migrate_prepare(struct driver *d, struct cairn_op *op, const struct cairn_server *server, char ret_uri[256],
                        struct cairn_error *err)
{
    char uri[256] = "";
    BEGIN(migrate_prepare, server->id, op, 0);

    rc = OP(d, migrate_prepare)(d->self, &call.op, server, uri, &call.err);
    if (rc == 0 && !text_ok(uri, sizeof uri, 0))
        call_rubbish(&call, &rc, "a URI that is empty, too long or not printable");
    if (call_end(&call, rc, err) < 0)
        return -1;
    memcpy(ret_uri, uri, sizeof uri);
    return 0;
}

int
compute_migrate_run(struct driver *d, struct cairn_op *op, const struct cairn_server *server, const struct cairn_migration *migration,
                    struct cairn_error *err)
{
    PLAIN(migrate_run, server->id, op, &call.op, server, migration);
}

int
compute_migrate_progress(struct driver *d, const char *id, struct cairn_migration_progress *ret_progress, struct cairn_error *err)
{
    struct cairn_migration_progress progress = { .size = sizeof progress };
    BEGIN(migrate_progress, id, NULL, 0);

    rc = OP(d, migrate_progress)(d->self, id, &progress, &call.err);
    if (rc == 0 && progress.state > 3)
        call_rubbish(&call, &rc, "an unknown state");
    if (call_end(&call, rc, err) < 0)
        return -1;
    progress.size = sizeof progress;
    *ret_progress = progress;
    return 0;
}

int
compute_migrate_force(struct driver *d, const char *id, struct cairn_error *err)
{
    PLAIN(migrate_force, id, NULL, id);
}

int
compute_migrate_abort(struct driver *d, const char *id, struct cairn_error *err)
{
    PLAIN(migrate_abort, id, NULL, id);
}

int
compute_migrate_finish(struct driver *d, struct cairn_op *op, const struct cairn_server *server, uint32_t is_target,
                       struct cairn_error *err)
{
    PLAIN(migrate_finish, server->id, op, &call.op, server, is_target);
}
