/* serverdesc.c: what compute drivers are told about a server, from the catalog, its disks and its ports. */
#include "config.h"
#define LOG_MODULE "flow"

#include <string.h>

#include "base/log.h"
#include "flow/network.h"
#include "flow/server.h"
#include "plugin/storage.h"

struct driver *
server_compute_driver(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_FREE char *instance = NULL;
    struct driver *d;
    struct tx *tx;
    int rc;

    if (tx_begin(run->catalog, TX_READ, &tx, err) < 0)
        return NULL;
    rc = tx_text(tx, &instance, err, "select driver from hosts where name = ?", "s", run->host);
    tx_rollback(tx);
    if (rc < 0)
        return NULL;
    d = plugins_get(run->plugins, CAIRN_COMPUTE, instance);
    if (d == NULL)
        cairn_fail(err, CAIRN_UNAVAILABLE, "host %s: compute driver instance '%s' is not loaded", run->host, instance != NULL ? instance : "");
    return d;
}

static uint32_t
bus_of(const char *name)
{
    static const char *const names[] = { "", "virtio", "scsi", "ide", "sata", "usb" };

    for (uint32_t i = 1; name != NULL && i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return CAIRN_BUS_DEFAULT;
}

static uint32_t
role_of(const char *name)
{
    static const char *const names[] = { "", "root", "ephemeral", "swap", "volume", "config", "rescue" };

    for (uint32_t i = 1; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return 0;
}

/* A disk as the catalog has it; 'store' and 'handle' are kept beside until it is connected. */
struct disk_row { struct cairn_disk *disk; const char *store, *handle; };

static int
read_disks(struct tx *tx, struct arena *a, const char *server_id, struct ptrs *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(tx, &r, err,
                 "select id, role, store, handle, bus, target, boot_index from server_disks where server_id = ?"
                 " order by case role when 'root' then 0 when 'config' then 2 else 1 end, created_us, id", "s", server_id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        struct disk_row *row = arena_alloc(a, sizeof *row);
        struct cairn_disk *d = arena_alloc(a, sizeof *d);

        d->size = sizeof *d;
        d->role = role_of(row_text(r, "role"));
        d->bus = bus_of(row_text(r, "bus"));
        d->boot_index = (int32_t)row_int(r, "boot_index");
        d->id = arena_strdup(a, row_text(r, "id"));
        d->target = arena_strdup(a, row_text(r, "target"));
        if (d->role == CAIRN_DISK_CONFIG)
            d->flags = CAIRN_DISK_CDROM | CAIRN_DISK_READ_ONLY;
        row->disk = d;
        row->store = arena_strdup(a, row_text(r, "store"));
        row->handle = arena_strdup(a, row_text(r, "handle"));
        if (row->handle == NULL) {
            /* Not made yet: an earlier step has to. */
            return cairn_fail(err, CAIRN_INTERNAL, "disk %s of server %s has not been made", d->id, server_id);
        }
        ptrs_add(a, ret, row);
    }
    return rc;
}

static int
connect_disk(struct flow_run *run, struct arena *a, const char *server_id, const struct disk_row *row, struct cairn_error *err)
{
    struct cairn_connection *conn = arena_alloc(a, sizeof *conn);

    conn->size = sizeof *conn;
    row->disk->source = conn;
    if (row->disk->role == CAIRN_DISK_CONFIG) {
        CLEANUP_FREE char *path = config_drive_path(run->config, server_id);

        conn->kind = CAIRN_CONN_FILE;
        conn->format = CAIRN_FORMAT_RAW;
        conn->read_only = 1;
        snprintf(conn->path, sizeof conn->path, "%s", path);
        return 0;
    }
    CLEANUP_DRIVER struct driver *store = plugins_get(run->plugins, CAIRN_STORAGE, row->store);
    if (store == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "disk %s of server %s: storage instance '%s' is not loaded", row->disk->id, server_id, row->store);
    if (storage_volume_connect(store, run->op, row->handle, run->host, 0, conn, err) < 0)
        return cairn_error_context(err, "disk %s of server %s", row->disk->id, server_id);
    return 0;
}

static void
add_properties(struct arena *a, struct ptrs *list, const json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value) {
        struct cairn_pair *p;

        if (!json_is_string(value))
            continue;
        p = arena_alloc(a, sizeof *p);
        p->name = arena_strdup(a, key);
        p->value = arena_strdup(a, json_string_value(value));
        ptrs_add(a, list, p);
    }
}

static int
read_server(struct tx *tx, struct arena *a, const char *server_id, struct cairn_server *s, struct ptrs *props, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_JSON json_t *flavor = NULL;
    CLEANUP_JSON json_t *image = NULL;
    int rc;

    if (tx_query(tx, &r, err, "select name, project_id, user_id, flavor, image_id, image_properties from servers where id = ?", "s",
                 server_id) < 0 || (rc = rows_next(r, err)) < 0)
        return -1;
    if (rc == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "server %s is not in the catalog", server_id);
    flavor = json_of_column(row_text(r, "flavor"));
    image = json_of_column(row_text(r, "image_properties"));
    s->size = sizeof *s;
    s->id = arena_strdup(a, server_id);
    s->name = arena_strdup(a, row_text(r, "name"));
    s->project_id = arena_strdup(a, row_text(r, "project_id"));
    s->user_id = arena_strdup(a, row_text(r, "user_id"));
    s->image_id = arena_strdup(a, row_text(r, "image_id"));
    s->vcpus = (uint32_t)json_int(flavor, "vcpus", 1);
    s->ram_bytes = (uint64_t)json_int(flavor, "ram", 64) << 20;
    s->flavor_name = arena_strdup(a, json_str(flavor, "original_name"));
    s->graphics = CAIRN_GRAPHICS_VNC;
    s->power_on = 1;
    add_properties(a, props, json_object_get(flavor, "extra_specs"));
    add_properties(a, props, image);
    return 0;
}

static int
read_ports(struct tx *tx, struct arena *a, const char *server_id, struct ptrs *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(tx, &r, err, "select id from ports where device_id = ? order by created_us, id", "s", server_id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        ptrs_add(a, ret, arena_strdup(a, row_text(r, "id")));
    return rc;
}

const struct cairn_server *
serverdesc_live(struct flow_run *run, struct arena *a, const char *server_id, struct cairn_error *err)
{
    struct cairn_server *s = arena_alloc(a, sizeof *s);
    struct ptrs props = { NULL, 0, 0 }, rows = { NULL, 0, 0 }, ports = { NULL, 0, 0 }, disks = { NULL, 0, 0 }, nics = { NULL, 0, 0 };
    CLEANUP_DRIVER struct driver *net = NULL;
    struct tx *tx;
    int rc;

    if (tx_begin(run->catalog, TX_READ, &tx, err) < 0)
        return NULL;
    rc = read_server(tx, a, server_id, s, &props, err) < 0 || read_disks(tx, a, server_id, &rows, err) < 0 ||
         read_ports(tx, a, server_id, &ports, err) < 0 ? -1 : 0;
    tx_rollback(tx);
    if (rc < 0)
        return NULL;
    for (size_t i = 0; i < rows.n; i++) {
        const struct disk_row *row = rows.at[i];

        if (connect_disk(run, a, server_id, row, err) < 0)
            return NULL;
        ptrs_add(a, &disks, row->disk);
    }
    if (ports.n > 0 && (net = plugins_get(run->plugins, CAIRN_NETWORK, NULL)) == NULL) {
        cairn_fail(err, CAIRN_UNAVAILABLE, "no network driver is configured: add a [network:NAME] section");
        return NULL;
    }
    for (size_t i = 0; i < ports.n; i++) {
        struct cairn_nic *nic = arena_alloc(a, sizeof *nic);

        if (port_bring_up(run, net, ports.at[i], nic, err) < 0)
            return NULL;
        ptrs_add(a, &nics, nic);
    }
    s->disks = (const struct cairn_disk *const *)disks.at;
    s->disks_count = (uint32_t)disks.n;
    s->nics = (const struct cairn_nic *const *)nics.at;
    s->nics_count = (uint32_t)nics.n;
    s->properties = (const struct cairn_pair *const *)props.at;
    s->properties_count = (uint32_t)props.n;
    return s;
}
