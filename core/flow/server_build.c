/* server_build.c: from a row to a running guest, and back to nothing. */
#include "config.h"
#define LOG_MODULE "flow"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/network.h"
#include "flow/server.h"
#include "plugin/compute.h"
#include "plugin/network.h"
#include "plugin/storage.h"
#include "schedule/schedule.h"

static int
set_task_state(struct tx *tx, const char *server_id, const char *task_state, struct cairn_error *err)
{
    return tx_exec(tx, err, "update servers set task_state = ?, updated_us = ? where id = ?", "sis", task_state, clock_us(), server_id);
}

/* Ids of a server's ports in the arena. */
static int
port_ids(struct flow_run *run, struct arena *a, struct ptrs *ret, struct cairn_error *err)
{
    struct rows *r = NULL;
    struct tx *tx;
    int rc;

    if (tx_begin(run->catalog, TX_READ, &tx, err) < 0)
        return -1;
    rc = tx_query(tx, &r, err, "select id from ports where device_id = ? order by created_us, id", "s", run->object_id);
    while (rc == 0 && (rc = rows_next(r, err)) == 1) {
        ptrs_add(a, ret, arena_strdup(a, row_text(r, "id")));
        rc = 0;
    }
    rows_close(r);
    tx_rollback(tx);
    return rc;
}

/* --- who has to learn that a server's ports leave the host: the networks with their DHCP, the groups whose members they were, on every host
 * that knows these members, and the groups that those groups' rules name */

struct neighbours { struct ptrs networks, groups, named; };

static int
ids_of(struct tx *tx, const char *sql, const char *server_id, struct arena *a, struct ptrs *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(tx, &r, err, sql, "s", server_id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        ptrs_add(a, ret, arena_strdup(a, row_text(r, "id")));
    return rc;
}

/* Before the ports' rows change. */
static int
neighbours_read(struct tx *tx, const char *server_id, struct arena *a, struct neighbours *ret, struct cairn_error *err)
{
    if (ids_of(tx, "select distinct network_id as id from ports where device_id = ?", server_id, a, &ret->networks, err) < 0)
        return -1;
    if (ids_of(tx, "select distinct m.security_group_id as id from ports p join port_security_groups m on m.port_id = p.id where p.device_id = ?",
               server_id, a, &ret->groups, err) < 0)
        return -1;
    return ids_of(tx, "select distinct r.remote_group_id as id from ports p join port_security_groups m on m.port_id = p.id"
                  " join security_group_rules r on r.security_group_id = m.security_group_id"
                  " where p.device_id = ? and r.remote_group_id is not null", server_id, a, &ret->named, err);
}

/* The server may have been the last one on its host that needed them, so the host is named: no port's row leads to it any more. */
static int
neighbours_tell(struct flow_run *run, struct tx *tx, const struct neighbours *n, struct cairn_error *err)
{
    const struct { const struct ptrs *ids; const char *kind, *type; } here[] = {
        { &n->networks, "network-sync", "network" }, { &n->groups, "group-sync", "security_group" }, { &n->named, "group-sync", "security_group" },
    };

    for (size_t i = 0; i < n->groups.n; i++)
        if (group_changed(tx, n->groups.at[i], run->request_id, err) < 0)
            return -1;
    for (size_t k = 0; run->host[0] != '\0' && k < ARRAY_LEN(here); k++)
        for (size_t i = 0; i < here[k].ids->n; i++)
            if (network_sync_task(tx, here[k].kind, here[k].type, here[k].ids->at[i], run->host, run->request_id, err) < 0)
                return -1;
    return 0;
}

/* --- network: a host was claimed, and the ports were bound to it, by the transaction that made the server */

static int
build_begun(struct flow_run *run, struct tx *tx, struct cairn_error *err)
{
    return set_task_state(tx, run->object_id, "networking", err);
}

static int
network_run(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    CLEANUP_DRIVER struct driver *net = NULL;
    struct ptrs ids = { NULL, 0, 0 };
    struct cairn_nic nic;

    if (port_ids(run, &a, &ids, err) < 0)
        return -1;
    if (ids.n > 0 && (net = plugins_get(run->plugins, CAIRN_NETWORK, NULL)) == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no network driver is configured: add a [network:NAME] section");
    for (size_t i = 0; i < ids.n; i++)
        if (port_bring_up(run, net, ids.at[i], &nic, err) < 0)
            return -1;
    return 0;
}

static int
network_record(struct flow_run *run, struct tx *tx, struct cairn_error *err)
{
    return set_task_state(tx, run->object_id, "block_device_mapping", err);
}

static int
network_undo(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    CLEANUP_DRIVER struct driver *net = plugins_get(run->plugins, CAIRN_NETWORK, NULL);
    struct ptrs ids = { NULL, 0, 0 };

    if (port_ids(run, &a, &ids, err) < 0)
        return -1;
    for (size_t i = 0; net != NULL && i < ids.n; i++)
        if (port_take_down(run, net, ids.at[i], err) < 0)
            return -1;
    return 0;
}

/* --- disks */

struct disk_todo { const char *id, *role, *store, *handle, *image_id, *image_store, *image_handle, *image_format; uint64_t size_bytes; };

static int
read_disk_todos(struct flow_run *run, struct arena *a, struct ptrs *ret, struct cairn_error *err)
{
    struct rows *r = NULL;
    struct tx *tx;
    int rc;

    if (tx_begin(run->catalog, TX_READ, &tx, err) < 0)
        return -1;
    rc = tx_query(tx, &r, err,
                  "select d.id as id, d.role as role, d.store as store, d.handle as handle, d.size_bytes as size_bytes, d.image_id as image_id,"
                  " i.store as image_store, i.handle as image_handle, i.disk_format as image_format"
                  " from server_disks d left join images i on i.id = d.image_id where d.server_id = ? order by d.created_us, d.id", "s",
                  run->object_id);
    while (rc == 0 && (rc = rows_next(r, err)) == 1) {
        struct disk_todo *t = arena_alloc(a, sizeof *t);

        t->id = arena_strdup(a, row_text(r, "id"));
        t->role = arena_strdup(a, row_text(r, "role"));
        t->store = arena_strdup(a, row_text(r, "store"));
        t->handle = arena_strdup(a, row_text(r, "handle"));
        t->size_bytes = (uint64_t)row_int(r, "size_bytes");
        t->image_id = arena_strdup(a, row_text(r, "image_id"));
        t->image_store = arena_strdup(a, row_text(r, "image_store"));
        t->image_handle = arena_strdup(a, row_text(r, "image_handle"));
        t->image_format = arena_strdup(a, row_text(r, "image_format"));
        ptrs_add(a, ret, t);
        rc = 0;
    }
    rows_close(r);
    tx_rollback(tx);
    return rc;
}

/* An image of another store is reached by a connection instead of a clone. */
static int
volume_source(struct flow_run *run, const struct disk_todo *t, struct cairn_volume *vol, struct cairn_connection *conn, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *store = NULL;

    if (t->image_handle == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "image %s has no data: it was deleted or never uploaded", t->image_id);
    vol->source_format = strcmp(t->image_format, "qcow2") == 0 ? CAIRN_FORMAT_QCOW2 : CAIRN_FORMAT_RAW;
    if (strcmp(t->image_store, t->store) == 0) {
        vol->source_kind = CAIRN_SOURCE_IMAGE;
        vol->source_handle = t->image_handle;
        return 0;
    }
    store = plugins_get(run->plugins, CAIRN_STORAGE, t->image_store);
    if (store == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "image %s: storage instance '%s' is not loaded", t->image_id, t->image_store);
    conn->size = sizeof *conn;
    if (storage_image_connect(store, t->image_handle, conn, err) < 0)
        return -1;
    conn->format = vol->source_format;
    vol->source_kind = CAIRN_SOURCE_CONNECTION;
    vol->source = conn;
    return 0;
}

/* Makes one disk; '*ret_handle' is in the arena. */
static int
make_disk(struct flow_run *run, struct arena *a, const struct disk_todo *t, const char **ret_handle, struct cairn_error *err)
{
    struct cairn_volume vol = { .size = sizeof vol, .id = t->id, .size_bytes = t->size_bytes };
    struct cairn_connection conn = { 0 };
    CLEANUP_DRIVER struct driver *store = NULL;
    char handle[256];

    if (strcmp(t->role, "config") == 0) {
        CLEANUP_FREE char *path = NULL;

        if (config_drive_make(run, run->object_id, &path, err) < 0)
            return -1;
        *ret_handle = "config";
        return 0;
    }
    store = plugins_get(run->plugins, CAIRN_STORAGE, t->store);
    if (store == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "storage instance '%s' is not loaded", t->store);
    if ((t->image_id != NULL && volume_source(run, t, &vol, &conn, err) < 0) ||
        storage_volume_create(store, run->op, &vol, handle, err) < 0)
        return -1;
    *ret_handle = arena_strdup(a, handle);
    return 0;
}

static int
disks_run(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    struct ptrs todos = { NULL, 0, 0 };
    json_t *handles = json_object();

    json_object_set_new(run->payload, "handles", handles);
    if (read_disk_todos(run, &a, &todos, err) < 0)
        return -1;
    for (size_t i = 0; i < todos.n; i++) {
        const struct disk_todo *t = todos.at[i];
        const char *handle;

        if (flow_cancelled(run))
            return cairn_fail(err, CAIRN_CANCELLED, "the build was called off");
        if (make_disk(run, &a, t, &handle, err) < 0)
            return cairn_error_context(err, "%s disk", t->role);
        json_object_set_new(handles, t->id, json_string(handle));
        flow_progress(run, 0.3 + 0.5 * (double)(i + 1) / (double)todos.n);
    }
    return 0;
}

static int
disks_record(struct flow_run *run, struct tx *tx, struct cairn_error *err)
{
    const char *id;
    json_t *handle;

    json_object_foreach(json_object_get(run->payload, "handles"), id, handle)
        if (tx_exec(tx, err, "update server_disks set handle = ? where id = ?", "ss", json_string_value(handle), id) < 0)
            return -1;
    return set_task_state(tx, run->object_id, "spawning", err);
}

/* Deletes every disk of the server.  A disk whose handle was not journaled yet is looked for by its id. */
struct find_volume { const char *id; char handle[256]; };

static int
find_volume(void *arg, const void *item)
{
    struct find_volume *f = arg;
    const struct cairn_volume_info *info = item;

    if (strcmp(info->id, f->id) != 0)
        return 0;
    snprintf(f->handle, sizeof f->handle, "%s", info->handle);
    return 1;
}

static int
disks_undo(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    struct ptrs todos = { NULL, 0, 0 };

    if (read_disk_todos(run, &a, &todos, err) < 0 || config_drive_remove(run->config, run->object_id, err) < 0)
        return -1;
    for (size_t i = 0; i < todos.n; i++) {
        const struct disk_todo *t = todos.at[i];
        CLEANUP_DRIVER struct driver *store = NULL;
        struct find_volume f = { .id = t->id };
        struct cairn_sink sink = { find_volume, &f };

        if (strcmp(t->role, "config") == 0)
            continue;
        store = plugins_get(run->plugins, CAIRN_STORAGE, t->store);
        if (store == NULL)
            return cairn_fail(err, CAIRN_UNAVAILABLE, "storage instance '%s' is not loaded", t->store);
        if (t->handle != NULL)
            snprintf(f.handle, sizeof f.handle, "%s", t->handle);
        else if (storage_volume_list(store, &sink, err) < 0 && err->code != CAIRN_UNSUPPORTED)
            return -1;
        if (f.handle[0] != '\0' && storage_volume_delete(store, run->op, f.handle, err) < 0 && err->code != CAIRN_NOT_FOUND)
            return cairn_error_context(err, "%s disk", t->role);
    }
    cairn_error_clear(err);
    return 0;
}

static int
disks_record_undo(struct flow_run *run, struct tx *tx, struct cairn_error *err)
{
    return tx_exec(tx, err, "update server_disks set handle = null where server_id = ?", "s", run->object_id);
}

/* --- spawn */

static int
spawn_run(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    CLEANUP_DRIVER struct driver *compute = server_compute_driver(run, err);
    const struct cairn_server *server;

    if (compute == NULL || (server = serverdesc_live(run, &a, run->object_id, err)) == NULL)
        return -1;
    return compute_server_create(compute, run->op, server, err);
}

static int
spawn_undo(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *compute = server_compute_driver(run, err);

    if (compute == NULL)
        return -1;
    if (compute_server_destroy(compute, run->op, run->object_id, err) < 0 && err->code != CAIRN_NOT_FOUND)
        return -1;
    cairn_error_clear(err);
    return 0;
}

/* --- the ends */

static int
build_done(struct flow_run *run, struct tx *tx, struct cairn_error *err)
{
    int64_t now = clock_us();

    if (tx_exec(tx, err, "update ports set status = 'ACTIVE', updated_us = ? where device_id = ?", "is", now, run->object_id) < 0)
        return -1;
    return tx_exec(tx, err,
                   "update servers set vm_state = 'active', task_state = null, power_state = ?, progress = 100, launched_us = ?, updated_us = ?,"
                   " fault_code = null, fault_message = null, fault_details = null, fault_us = null where id = ?",
                   "iiis", (int64_t)CAIRN_POWER_RUNNING, now, now, run->object_id);
}

int
server_fault(struct tx *tx, const char *server_id, const char *vm_state, int code, const char *message, struct cairn_error *err)
{
    int64_t now = clock_us();

    return tx_exec(tx, err,
                   "update servers set vm_state = coalesce(?, vm_state), task_state = null, fault_code = ?, fault_message = ?, fault_us = ?,"
                   " updated_us = ? where id = ?", "sisiis", vm_state, (int64_t)code, message, now, now, server_id);
}

static int
unbind(struct flow_run *run, struct tx *tx, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    struct neighbours there = { 0 };

    if (neighbours_read(tx, run->object_id, &a, &there, err) < 0 ||
        tx_exec(tx, err, "update ports set host = '', vif_type = 'unbound', status = 'DOWN', updated_us = ? where device_id = ?", "is", clock_us(),
                run->object_id) < 0)
        return -1;
    return neighbours_tell(run, tx, &there, err);
}

/* The server keeps its ports, but no place. */
static int
build_failed(struct flow_run *run, struct tx *tx, const struct cairn_error *cause, struct cairn_error *err)
{
    char message[1200];

    snprintf(message, sizeof message, cause->code == CAIRN_CANCELLED ? "Build of server %s was called off: %s" : "Build of server %s failed: %s",
             run->object_id, cause->message);
    if (schedule_release(tx, run->object_id, err) < 0 || unbind(run, tx, err) < 0 ||
        tx_exec(tx, err, "update servers set host_id = null, launched_us = null where id = ?", "s", run->object_id) < 0)
        return -1;
    if (cause->code == CAIRN_CANCELLED)         /* a delete is behind it, and has set the states */
        return 0;
    return server_fault(tx, run->object_id, "error", 500, message, err);
}

/* --- delete: destroy, then everything that the server had; retried until it is done. */

static int
delete_settle(struct flow_run *run, struct tx *tx, struct cairn_error *err)
{
    int64_t now = clock_us();
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    struct neighbours there = { 0 };

    if (neighbours_read(tx, run->object_id, &a, &there, err) < 0)
        return -1;
    if (tx_exec(tx, err, "delete from ports where device_id = ? and owned_by_server = 1", "s", run->object_id) < 0 ||
        tx_exec(tx, err,
                "update ports set device_id = '', device_owner = '', host = '', vif_type = 'unbound', status = 'DOWN', updated_us = ?"
                " where device_id = ?", "is", now, run->object_id) < 0 ||
        tx_exec(tx, err, "delete from server_disks where server_id = ?", "s", run->object_id) < 0 ||
        tx_exec(tx, err, "delete from server_tags where server_id = ?", "s", run->object_id) < 0 ||
        tx_exec(tx, err, "delete from server_files where server_id = ?", "s", run->object_id) < 0 ||
        schedule_release(tx, run->object_id, err) < 0 || neighbours_tell(run, tx, &there, err) < 0)
        return -1;
    return tx_exec(tx, err,
                   "update servers set vm_state = 'deleted', task_state = null, power_state = 0, host_id = null, terminated_us = ?,"
                   " updated_us = ?, deleted_us = ? where id = ?", "iiis", now, now, now, run->object_id);
}

/* A server that never reached a host has nothing to destroy. */
static int
delete_spawn(struct flow_run *run, struct cairn_error *err)
{
    return run->host[0] != '\0' ? spawn_undo(run, err) : 0;
}

static int
delete_network(struct flow_run *run, struct cairn_error *err)
{
    return run->host[0] != '\0' ? network_undo(run, err) : 0;
}

static const struct flow_step build_steps[] = {
    { "network", network_run, network_record, network_undo, NULL },
    { "disks",   disks_run,   disks_record,   disks_undo,   disks_record_undo },
    { "spawn",   spawn_run,   NULL,           spawn_undo,   NULL },
    { NULL, NULL, NULL, NULL, NULL },
};
static const struct flow_step delete_steps[] = {
    { "destroy", delete_spawn,   NULL, NULL, NULL },
    { "unplug",  delete_network, NULL, NULL, NULL },
    { "disks",   disks_undo,     NULL, NULL, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};
const struct flow server_build_flow = {
    .kind = "server-build", .steps = build_steps, .begun = build_begun, .done = build_done, .failed = build_failed, .max_attempts = 3,
    .event = "compute__do_build_and_run_instance",
};
const struct flow server_delete_flow = {
    .kind = "server-delete", .steps = delete_steps, .done = delete_settle, .keep_going = 1, .event = "compute_terminate_instance",
};
