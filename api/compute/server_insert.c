/* server_insert.c: a server that is wished for becomes rows, an allocation and a task; see server_create.c. */
#include "config.h"
#include "compute/server_wish.h"

#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "flow/server.h"
#include "network/network_api.h"
#include "rest/address.h"

void
server_hostname(const char *name, char ret[64])
{
    size_t n = 0;

    /* Letters, digits, '-' and '.' of the name; everything else that separates becomes '-'. */
    for (; *name != '\0' && n < 63; name++) {
        unsigned char c = (unsigned char)*name;

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')
            ret[n++] = (char)c;
        else if (c >= 'A' && c <= 'Z')
            ret[n++] = (char)(c - 'A' + 'a');
        else if ((c == ' ' || c == '_' || c == '.') && n > 0)
            ret[n++] = '-';
    }
    while (n > 0 && ret[n - 1] == '-')
        n--;
    ret[n] = '\0';
    for (n = 0; ret[n] == '-'; n++)
        ;
    memmove(ret, ret + n, strlen(ret + n) + 1);
}

static int
config_drive_wanted(struct rest_call *call, const struct wish *w)
{
    const char *property = json_str(w->image_properties, "img_config_drive");

    return rest_bool(call, "config_drive", 0) || (property != NULL && strcmp(property, "mandatory") == 0);
}

static int
insert_disk(struct rest_call *call, const char *server_id, const char *role, const char *store, int64_t size, int64_t boot_index, const char *image_id,
            struct cairn_error *err)
{
    char id[ID_UUID];

    id_uuid(id);
    return tx_exec(call->tx, err,
                   "insert into server_disks (id, server_id, role, store, size_bytes, boot_index, image_id, created_us) values (?, ?, ?, ?, ?, ?, ?, ?)",
                   "ssssiisi", id, server_id, role, store, size, boot_index, image_id, clock_us());
}

/* The instance that servers' disks come from. */
static int
disk_store(struct rest_call *call, char ret[64], struct cairn_error *err)
{
    const char *named = config_string(call->env->config, "host", "storage");
    CLEANUP_DRIVER struct driver *d = plugins_get(call->env->plugins, CAIRN_STORAGE, named);

    if (d == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no storage driver is ready: %s", named != NULL ? named : "configure a [storage:NAME] section");
    snprintf(ret, 64, "%s", driver_instance(d));
    return 0;
}

static int
insert_disks(struct rest_call *call, const struct wish *w, const char *server_id, struct cairn_error *err)
{
    int64_t disk = json_int(w->flavor, "disk", 0) * GIB, ephemeral = json_int(w->flavor, "ephemeral", 0) * GIB,
            swap = json_int(w->flavor, "swap", 0) << 20;
    char store[64];

    if (disk_store(call, store, err) < 0)
        return -1;
    if (disk == 0)                      /* a flavor without a disk size: as large as the image */
        disk = (w->image_virtual + 0xfffff) & ~INT64_C(0xfffff);
    if (insert_disk(call, server_id, "root", store, disk, 0, w->image_id, err) < 0 ||
        (ephemeral > 0 && insert_disk(call, server_id, "ephemeral", store, ephemeral, -1, NULL, err) < 0) ||
        (swap > 0 && insert_disk(call, server_id, "swap", store, swap, -1, NULL, err) < 0))
        return -1;
    return config_drive_wanted(call, w) ? insert_disk(call, server_id, "config", "", 0, -1, NULL, err) : 0;
}

static int
insert_ports(struct rest_call *call, const struct wish *w, const char *server_id, const char *host, struct cairn_error *err)
{
    char port_id[ID_UUID];

    for (size_t i = 0; i < w->nics_count; i++) {
        struct port_request p = {
            .network_id = w->nics[i].network_id, .port_id = w->nics[i].port_id, .fixed_ip = w->nics[i].fixed_ip, .tag = w->nics[i].tag,
            .project_id = call->auth->project_id, .device_id = server_id, .device_owner = "compute:nova",
            .host = host,
            .groups = (const char *const *)w->groups.at, .groups_count = (unsigned)w->groups.n, .request_id = http_request_id(call->req),
        };

        if (network_port_create(call, &p, port_id, err) < 0) {
            if (err->code == CAIRN_NOT_FOUND || err->code == CAIRN_NO_SPACE)    /* the reference's codes for a server's networks */
                err->code = CAIRN_INVALID;
            return -1;
        }
    }
    return 0;
}

static int
insert_server(struct rest_call *call, struct wish *w, const char *id, int64_t index, struct cairn_error *err)
{
    CLEANUP_FREE char *flavor = json_text(w->flavor);
    CLEANUP_FREE char *properties = json_text(w->image_properties);
    CLEANUP_FREE char *metadata = json_text(rest_value(call, "metadata"));
    char name[300], hostname[64], v4[ADDRESS_TEXT], v6[ADDRESS_TEXT];
    int64_t now = clock_us();

    snprintf(name, sizeof name, w->count > 1 ? "%s-%lld" : "%s", rest_str(call, "name"), (long long)(index + 1));
    if (rest_str(call, "hostname") != NULL)
        snprintf(hostname, sizeof hostname, "%s", rest_str(call, "hostname"));
    else
        server_hostname(name, hostname);
    if (hostname[0] == '\0')
        snprintf(hostname, sizeof hostname, "server-%s", id);
    return tx_exec(call->tx, err,
                   "insert into servers (id, number, project_id, user_id, name, description, az_requested, vm_state, task_state, image_id, image_name,"
                   " flavor_id, flavor, image_properties, key_name, key_data, key_type, user_data, config_drive, hostname, metadata, access_ip_v4,"
                   " access_ip_v6, disk_config, reservation_id, launch_index, group_id, created_us, updated_us) values (?, (select coalesce(max(number), 0)"
                   " + 1 from servers), ?, ?, ?, ?, ?, 'building', 'scheduling', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   "sssssssssssssssissssssisii", id, call->auth->project_id, call->auth->user_id, name,
                   rest_since(call, 2, 19) ? rest_str(call, "description") : name, w->zone, w->image_id, w->image_name, w->flavor_id, flavor, properties,
                   w->key_name, w->key_data, w->key_name != NULL ? "ssh" : NULL, rest_str(call, "user_data"), (int64_t)config_drive_wanted(call, w),
                   hostname, metadata, server_access_ip(call, "accessIPv4", v4), server_access_ip(call, "accessIPv6", v6),
                   rest_str(call, "OS-DCF:diskConfig"), w->reservation, index, w->group_id, now, now);
}

static const struct cairn_pair *const *
properties_of(struct wish *w, uint32_t *ret_count)
{
    const json_t *sets[] = { json_object_get(w->flavor, "extra_specs"), w->image_properties };
    struct ptrs list = { NULL, 0, 0 };
    const char *key;
    json_t *value;

    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        json_object_foreach((json_t *)sets[i], key, value) {
            struct cairn_pair *p = arena_alloc(&w->a, sizeof *p);

            p->name = key;
            p->value = json_string_value(value);
            ptrs_add(&w->a, &list, p);
        }
    *ret_count = (uint32_t)list.n;
    return (const struct cairn_pair *const *)list.at;
}

/* 1: placed on '*ret_host', a string of the wish; 0: no host has room, and the server says so; -1. */
static int
place_server(struct rest_call *call, struct wish *w, const char *id, const char **ret_host, struct cairn_error *err)
{
    struct cairn_place_request request = {
        .size = sizeof request, .vcpus = (uint32_t)json_int(w->flavor, "vcpus", 1), .ram_mib = (uint64_t)json_int(w->flavor, "ram", 1),
        .disk_gib = (uint64_t)(json_int(w->flavor, "disk", 0) + json_int(w->flavor, "ephemeral", 0) + (json_int(w->flavor, "swap", 0) + 1023) / 1024),
        .server_id = id, .project_id = call->auth->project_id, .availability_zone = w->zone, .forced_host = w->forced_host,
        .group_policy = w->group_policy, .group_hosts = (const char *const *)w->group_hosts.at, .group_hosts_count = (uint32_t)w->group_hosts.n,
        .group_max_per_host = (uint32_t)w->group_max_per_host,
    };
    char host_id[ID_UUID], host_name[256], message[1100];

    request.properties = properties_of(w, &request.properties_count);
    if (schedule_claim(call->tx, call->env->scheduler, &request, call->auth->user_id, host_id, host_name, err) == 0) {
        *ret_host = arena_strdup(&w->a, host_name);
        ptrs_add(&w->a, &w->group_hosts, (void *)(uintptr_t)*ret_host);
        return tx_exec(call->tx, err,
                       "update servers set host_id = ?, availability_zone = (select availability_zone from hosts where id = ?) where id = ?", "sss", host_id,
                       host_id, id) < 0 ? -1 : 1;
    }
    if (err->code != CAIRN_NO_HOST)
        return -1;
    snprintf(message, sizeof message, "No valid host was found. %s", err->message);
    cairn_error_clear(err);
    return timeline_add(call->tx, http_request_id(call->req), id, NULL, "fault", "schedule", message, 0, CAIRN_NO_HOST, err) < 0 ||
           server_fault(call->tx, id, "error", 500, message, err) < 0 ? -1 : 0;
}

static int
insert_tags(struct rest_call *call, const char *id, struct cairn_error *err)
{
    const json_t *tags = rest_value(call, "tags"), *tag;
    size_t i;

    json_array_foreach((json_t *)tags, i, tag)
        if (tx_exec(call->tx, err, "insert into server_tags (server_id, tag) values (?, ?)", "ss", id, json_string_value(tag)) < 0)
            return -1;
    return 0;
}

int
server_insert(struct rest_call *call, struct wish *w, int64_t index, char id[ID_UUID], struct cairn_error *err)
{
    const char *host;
    int placed;

    id_uuid(id);
    if (insert_server(call, w, id, index, err) < 0 || insert_tags(call, id, err) < 0 || server_files_insert(call, id, err) < 0 ||
        (placed = place_server(call, w, id, &host, err)) < 0)
        return -1;
    if (!placed)
        return 0;
    if (insert_disks(call, w, id, err) < 0 || insert_ports(call, w, id, host, err) < 0)
        return -1;
    return server_act(call->tx, id, "server-build", "scheduling", NULL, http_request_id(call->req), call->auth->project_id, call->auth->user_id, err);
}
