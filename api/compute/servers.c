/* servers.c: the compute resource "servers": what is shown of them, lists, update, delete. */
#include "config.h"
#include "compute/compute.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "flow/server.h"
#include "rest/address.h"

/* --- states */

/* One row for each way a status comes about; the first that fits wins.  task_state NULL: any other. */
static const struct { const char *vm_state, *task_state, *status; } status_table[] = {
    { "active", "rebooting", "REBOOT" },          { "active", "reboot_pending", "REBOOT" },   { "active", "reboot_started", "REBOOT" },
    { "active", "rebooting_hard", "HARD_REBOOT" },{ "active", "reboot_pending_hard", "HARD_REBOOT" },
    { "active", "rebuilding", "REBUILD" },        { "active", "resize_prep", "RESIZE" },      { "active", "resize_migrating", "RESIZE" },
    { "active", "migrating", "MIGRATING" },       { "active", NULL, "ACTIVE" },
    { "building", NULL, "BUILD" },
    { "stopped", "rebuilding", "REBUILD" },       { "stopped", "rebooting_hard", "HARD_REBOOT" }, { "stopped", NULL, "SHUTOFF" },
    { "paused", "rebooting_hard", "HARD_REBOOT" },{ "paused", NULL, "PAUSED" },
    { "suspended", "rebooting_hard", "HARD_REBOOT" }, { "suspended", NULL, "SUSPENDED" },
    { "rescued", NULL, "RESCUE" },                { "resized", NULL, "VERIFY_RESIZE" },
    { "error", "rebuilding", "REBUILD" },         { "error", "rebooting_hard", "HARD_REBOOT" },   { "error", NULL, "ERROR" },
    { "deleted", NULL, "DELETED" },               { "soft-delete", NULL, "SOFT_DELETED" },
    { "shelved", NULL, "SHELVED" },               { "shelved_offloaded", NULL, "SHELVED_OFFLOADED" },
};

const char *
server_status(const char *vm_state, const char *task_state)
{
    for (size_t i = 0; i < ARRAY_LEN(status_table); i++)
        if (strcmp(status_table[i].vm_state, vm_state) == 0 &&
            (status_table[i].task_state == NULL || (task_state != NULL && strcmp(status_table[i].task_state, task_state) == 0)))
            return status_table[i].status;
    return "UNKNOWN";
}

int
server_guard(struct rest_call *call, const char *states, struct cairn_error *err)
{
    CLEANUP_FREE char *list = xstrdup(states);
    const char *vm_state = row_text(call->object, "vm_state"), *task_state = row_text(call->object, "task_state");
    const char *id = rest_param(call, "id"), *action = call->route->action != NULL ? call->route->action : "change";
    char *save = NULL;
    int fits = 0;

    if (str_starts(action, "os-"))
        action += 3;
    if (row_int(call->object, "locked") && !rest_allowed(call, "os_compute_api:os-lock-server:unlock:unlock_override"))
        return cairn_fail(err, CAIRN_CONFLICT, "Instance %s is locked", id);
    for (char *s = strtok_r(list, ",", &save); s != NULL; s = strtok_r(NULL, ",", &save))
        fits |= strcmp(s, "*") == 0 || strcmp(s, vm_state) == 0;
    if (!fits)
        return cairn_fail(err, CAIRN_CONFLICT, "Cannot '%s' instance %s while it is in vm_state %s", action, id, vm_state);
    if (task_state != NULL)
        return cairn_fail(err, CAIRN_CONFLICT, "Cannot '%s' instance %s while it is in task_state %s", action, id, task_state);
    return 0;
}

/* --- what is shown */

static int
emit_status(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call, (void)err;
    jo_str(out, "status", server_status(row_text(row, "vm_state"), row_text(row, "task_state")));
    return 0;
}

static int
emit_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    compute_links(call, out, "servers", row_text(row, "id"));
    return 0;
}

char *
compute_host_id(const char *project_id, const char *host, char ret[HOST_ID])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    ret[0] = '\0';
    if (host != NULL) {
        CLEANUP_FREE char *seed = xasprintf("%s%s", project_id, host);

        if (EVP_Digest(seed, strlen(seed), digest, &len, EVP_sha224(), NULL) != 1)
            len = 0;
    }
    for (unsigned i = 0; i < len && 2 * i + 2 < HOST_ID; i++)
        snprintf(ret + 2 * i, 3, "%02x", digest[i]);
    return ret;
}

static int
emit_host_id(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    char text[HOST_ID];

    (void)call, (void)err;
    jo_str(out, "hostId", compute_host_id(row_text(row, "project_id"), row_text(row, "host_name"), text));
    return 0;
}

static int
emit_image(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *id = row_text(row, "image_id");
    CLEANUP_FREE char *bookmark = NULL;

    (void)err;
    if (id == NULL || *id == '\0') {
        jo_str(out, "image", "");
        return 0;
    }
    bookmark = rest_url(call, "/images/%s", id);
    jo_object(out, "image");
    jo_str(out, "id", id);
    jo_array(out, "links");
    jo_object(out, NULL);
    jo_str(out, "rel", "bookmark");
    jo_str(out, "href", bookmark);
    jo_end_object(out);
    jo_end_array(out);
    jo_end_object(out);
    return 0;
}

static int
emit_flavor(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *text = row_text(row, "flavor"), *id = row_text(row, "flavor_id");

    (void)err;
    if (rest_since(call, 2, 47)) {
        jo_raw(out, "flavor", text);
        return 0;
    }
    CLEANUP_FREE char *bookmark = rest_url(call, "/flavors/%s", id);
    jo_object(out, "flavor");
    jo_str(out, "id", id);
    jo_array(out, "links");
    jo_object(out, NULL);
    jo_str(out, "rel", "bookmark");
    jo_str(out, "href", bookmark);
    jo_end_object(out);
    jo_end_array(out);
    jo_end_object(out);
    return 0;
}

/* Only while it may move, or once it is there. */
static int
emit_progress(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    static const char *const shown[] = { "ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING" };
    const char *status = server_status(row_text(row, "vm_state"), row_text(row, "task_state"));
    int64_t progress = row_int(row, "progress");

    (void)call, (void)err;
    for (size_t i = 0; i < ARRAY_LEN(shown); i++)
        if (strcmp(shown[i], status) == 0)
            jo_int(out, "progress", progress);
    return 0;
}

static int
emit_fault(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *vm_state = row_text(row, "vm_state"), *message = row_text(row, "fault_message"), *details = row_text(row, "fault_details");
    int64_t code = row_int(row, "fault_code"), at = row_int(row, "fault_us");
    char text[CLOCK_TEXT];

    (void)err;
    if (message == NULL || (strcmp(vm_state, "error") != 0 && strcmp(vm_state, "deleted") != 0))
        return 0;
    jo_object(out, "fault");
    jo_int(out, "code", code);
    jo_str(out, "created", clock_format(at, CLOCK_Z, text));
    jo_str(out, "message", message);
    if (details != NULL && call->auth->is_admin)
        jo_str(out, "details", details);
    jo_end_object(out);
    return 0;
}

static int
emit_config_drive(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call, (void)err;
    jo_str(out, "config_drive", row_int(row, "config_drive") ? "True" : "");
    return 0;
}

static int
usage_time(struct json_out *out, const char *name, struct rows *row, const char *column)
{
    char text[CLOCK_TEXT];

    if (row_null(row, column))
        jo_null(out, name);
    else
        jo_str(out, name, clock_format(row_int(row, column), CLOCK_MICRO, text));
    return 0;
}

static int
emit_launched(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call, (void)err;
    return usage_time(out, "OS-SRV-USG:launched_at", row, "launched_us");
}

static int
emit_terminated(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call, (void)err;
    return usage_time(out, "OS-SRV-USG:terminated_at", row, "terminated_us");
}

static int
emit_instance_name(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call, (void)err;
    jo_strf(out, "OS-EXT-SRV-ATTR:instance_name", "instance-%08llx", (unsigned long long)row_int(row, "number"));
    return 0;
}

static int
emit_zone(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *zone = row_text(row, "availability_zone");

    (void)call, (void)err;
    jo_str(out, "OS-EXT-AZ:availability_zone", zone != NULL ? zone : "");
    return 0;
}

static int
emit_host_status(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *host = row_text(row, "host_name");
    int64_t heartbeat = row_int(row, "host_heartbeat"), enabled = row_int(row, "host_enabled"), down = row_int(row, "host_down");

    (void)call, (void)err;
    jo_str(out, "host_status", host == NULL ? "" : down || heartbeat < clock_us() - HOST_ALIVE_US ? "DOWN" : enabled ? "UP" : "MAINTENANCE");
    return 0;
}

static int
emit_kernel(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call, (void)row, (void)err;
    jo_str(out, "OS-EXT-SRV-ATTR:kernel_id", "");
    return 0;
}

static int
emit_ramdisk(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call, (void)row, (void)err;
    jo_str(out, "OS-EXT-SRV-ATTR:ramdisk_id", "");
    return 0;
}

static int
emit_trusted(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call, (void)row, (void)err;
    jo_null(out, "trusted_image_certificates");
    return 0;
}

/* From 2.71 on a show and a change also name the server's group; lists never do. */
static int
emit_server_groups(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *id = row_text(row, "group_id");

    (void)err;
    if (call->route == NULL)
        return 0;
    jo_array(out, "server_groups");
    if (id != NULL)
        jo_str(out, NULL, id);
    jo_end_array(out);
    return 0;
}

/* No block storage service yet, so no server has volumes. */
static int
emit_volumes(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call, (void)row, (void)err;
    jo_array(out, "os-extended-volumes:volumes_attached");
    jo_end_array(out);
    return 0;
}

/* --- children */

void
server_address(struct json_out *out, struct address_lists *lists, struct rows *row, int extended)
{
    const char *label = row_text(row, "label");

    if (!lists->open || strcmp(label, lists->label) != 0) {
        server_addresses_end(out, lists);
        jo_array(out, label);
        snprintf(lists->label, sizeof lists->label, "%s", label);
        lists->open = 1;
    }
    jo_object(out, NULL);
    jo_int(out, "version", row_int(row, "ip_version"));
    jo_str(out, "addr", row_text(row, "ip_address"));
    if (extended) {
        jo_str(out, "OS-EXT-IPS:type", "fixed");
        jo_str(out, "OS-EXT-IPS-MAC:mac_addr", row_text(row, "mac_address"));
    }
    jo_end_object(out);
}

void
server_addresses_end(struct json_out *out, const struct address_lists *lists)
{
    if (lists->open)
        jo_end_array(out);
}

static int
emit_addresses(struct rest_call *call, struct json_out *out, struct rest_group *group, struct cairn_error *err)
{
    struct address_lists lists = { 0 };
    struct rows *row;
    int rc;

    (void)call;
    jo_object(out, "addresses");
    while ((rc = rest_group_next(group, &row, err)) == 1)
        server_address(out, &lists, row, 1);
    server_addresses_end(out, &lists);
    jo_end_object(out);
    return rc;
}

/* Left out when there are none. */
static int
emit_groups(struct rest_call *call, struct json_out *out, struct rest_group *group, struct cairn_error *err)
{
    struct rows *row;
    int open = 0, rc;

    (void)call;
    while ((rc = rest_group_next(group, &row, err)) == 1) {
        if (!open)
            jo_array(out, "security_groups");
        open = 1;
        jo_object(out, NULL);
        jo_str(out, "name", row_text(row, "name"));
        jo_end_object(out);
    }
    if (open)
        jo_end_array(out);
    return rc;
}

static int
emit_tag(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call, (void)err;
    jo_str(out, NULL, row_text(row, "tag"));
    return 0;
}

static const struct rest_child server_children[] = {
    { .name = "addresses", .flags = REST_DETAIL,
      .sql = "select p.device_id as parent, coalesce(nullif(n.name, ''), n.id) as label, f.ip_address as ip_address, s.ip_version as ip_version,"
             " p.mac_address as mac_address from ports p join networks n on n.id = p.network_id join fixed_ips f on f.port_id = p.id"
             " join subnets s on s.id = f.subnet_id where p.device_id in (%IDS%) order by p.device_id, 2, p.created_us, p.id, f.position",
      .emit_group = emit_addresses },
    { .name = "security_groups", .flags = REST_DETAIL,
      .sql = "select distinct p.device_id as parent, g.name as name from ports p join port_security_groups l on l.port_id = p.id"
             " join security_groups g on g.id = l.security_group_id where p.device_id in (%IDS%) order by 1, 2", .emit_group = emit_groups },
    { .name = "tags", .flags = REST_DETAIL, .since = { 2, 26 },
      .sql = "select server_id as parent, tag from server_tags where server_id in (%IDS%) order by server_id, tag", .emit = emit_tag },
    { .name = NULL },
};

#define EXTENDED "os_compute_api:os-extended-server-attributes"
#define SHOW (REST_READ | REST_DETAIL)
#define MADE (REST_READ | REST_DETAIL | REST_NO_COLUMN)
static const struct rest_attr server_attrs[] = {
    { .name = "id", .column = "t.id", .type = REST_UUID, .flags = REST_READ },
    { .name = "name", .column = "t.name", .type = REST_STRING, .flags = REST_READ },
    { .name = "links", .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN, .emit = emit_links },
    { .name = "status", .type = REST_STRING, .flags = MADE, .emit = emit_status },
    { .name = "tenant_id", .column = "t.project_id", .type = REST_ID, .flags = SHOW },
    { .name = "user_id", .column = "t.user_id", .type = REST_ID, .flags = SHOW },
    { .name = "metadata", .column = "t.metadata", .type = REST_MAP, .flags = SHOW },
    { .name = "hostId", .type = REST_STRING, .flags = MADE, .emit = emit_host_id },
    { .name = "image", .type = REST_JSON, .flags = MADE, .emit = emit_image },
    { .name = "flavor", .type = REST_JSON, .flags = MADE, .emit = emit_flavor },
    { .name = "created", .column = "t.created_us", .type = REST_TIME, .flags = SHOW },
    { .name = "updated", .column = "t.updated_us", .type = REST_TIME, .flags = SHOW },
    { .name = "accessIPv4", .column = "t.access_ip_v4", .type = REST_STRING, .flags = SHOW },
    { .name = "accessIPv6", .column = "t.access_ip_v6", .type = REST_STRING, .flags = SHOW },
    { .name = "key_name", .column = "t.key_name", .type = REST_STRING, .flags = SHOW | REST_NULL },
    { .name = "config_drive", .type = REST_STRING, .flags = MADE, .emit = emit_config_drive },
    { .name = "progress", .type = REST_INT, .flags = MADE, .emit = emit_progress },
    { .name = "fault", .type = REST_JSON, .flags = MADE, .emit = emit_fault },
    { .name = "OS-DCF:diskConfig", .column = "t.disk_config", .type = REST_STRING, .flags = SHOW },
    { .name = "OS-EXT-AZ:availability_zone", .type = REST_STRING, .flags = MADE, .emit = emit_zone },
    { .name = "OS-EXT-STS:vm_state", .column = "t.vm_state", .type = REST_STRING, .flags = SHOW },
    { .name = "OS-EXT-STS:task_state", .column = "t.task_state", .type = REST_STRING, .flags = SHOW | REST_NULL },
    { .name = "OS-EXT-STS:power_state", .column = "t.power_state", .type = REST_INT, .flags = SHOW },
    { .name = "OS-SRV-USG:launched_at", .type = REST_STRING, .flags = MADE, .emit = emit_launched },
    { .name = "OS-SRV-USG:terminated_at", .type = REST_STRING, .flags = MADE, .emit = emit_terminated },
    { .name = "os-extended-volumes:volumes_attached", .type = REST_JSON, .flags = MADE, .emit = emit_volumes },
    { .name = "OS-EXT-SRV-ATTR:host", .column = "h.name", .type = REST_STRING, .flags = SHOW | REST_NULL, .read_policy = EXTENDED },
    { .name = "OS-EXT-SRV-ATTR:hypervisor_hostname", .column = "h.name", .type = REST_STRING, .flags = SHOW | REST_NULL, .read_policy = EXTENDED },
    { .name = "OS-EXT-SRV-ATTR:instance_name", .type = REST_STRING, .flags = MADE, .read_policy = EXTENDED, .emit = emit_instance_name },
    { .name = "OS-EXT-SRV-ATTR:reservation_id", .column = "t.reservation_id", .type = REST_STRING, .flags = SHOW, .read_policy = EXTENDED,
      .since = { 2, 3 } },
    { .name = "OS-EXT-SRV-ATTR:launch_index", .column = "t.launch_index", .type = REST_INT, .flags = SHOW, .read_policy = EXTENDED, .since = { 2, 3 } },
    { .name = "OS-EXT-SRV-ATTR:hostname", .column = "t.hostname", .type = REST_STRING, .flags = SHOW, .read_policy = EXTENDED, .since = { 2, 3 },
      .until = { 2, 89 } },
    { .name = "OS-EXT-SRV-ATTR:hostname", .column = "t.hostname", .type = REST_STRING, .flags = SHOW, .since = { 2, 90 } },
    { .name = "OS-EXT-SRV-ATTR:kernel_id", .type = REST_STRING, .flags = MADE, .read_policy = EXTENDED, .since = { 2, 3 }, .emit = emit_kernel },
    { .name = "OS-EXT-SRV-ATTR:ramdisk_id", .type = REST_STRING, .flags = MADE, .read_policy = EXTENDED, .since = { 2, 3 }, .emit = emit_ramdisk },
    { .name = "OS-EXT-SRV-ATTR:root_device_name", .column = "t.root_device", .type = REST_STRING, .flags = SHOW, .read_policy = EXTENDED,
      .since = { 2, 3 } },
    { .name = "OS-EXT-SRV-ATTR:user_data", .column = "t.user_data", .type = REST_TEXT, .flags = SHOW | REST_NULL, .read_policy = EXTENDED,
      .since = { 2, 3 } },
    { .name = "locked", .column = "t.locked", .type = REST_BOOL, .flags = SHOW, .since = { 2, 9 } },
    { .name = "host_status", .type = REST_STRING, .flags = MADE, .read_policy = "os_compute_api:servers:show:host_status", .since = { 2, 16 },
      .emit = emit_host_status },
    { .name = "description", .column = "t.description", .type = REST_TEXT, .flags = SHOW | REST_NULL, .since = { 2, 19 } },
    { .name = "trusted_image_certificates", .type = REST_JSON, .flags = MADE, .since = { 2, 63 }, .emit = emit_trusted },
    { .name = "server_groups", .type = REST_JSON, .flags = MADE, .since = { 2, 71 }, .emit = emit_server_groups },
    { .name = "locked_reason", .column = "t.locked_reason", .type = REST_STRING, .flags = SHOW | REST_NULL, .since = { 2, 73 } },
    { .name = NULL },
};
const struct rest_resource servers_resource = {
    .name = "server", .plural = "servers", .noun = "Instance", .path = "/v2.1/servers", .table = "servers",
    .from = "servers t left join hosts h on h.id = t.host_id", .owner_column = "t.project_id",
    .visible = "t.project_id = :project", .exists = "t.deleted_us is null", .admin_all = 2,
    .attrs = server_attrs, .query = server_query, .children = server_children, .ops = REST_LIST_OP | REST_DETAIL_OP,
    .rules = { .list = "os_compute_api:servers:detail", .show = "os_compute_api:servers:show",
               .all = "os_compute_api:servers:detail:get_all_tenants" },
    .default_sort = "t.created_us desc, t.id desc", .narrow = server_narrow, .ignored_query = server_ignored,
    .columns = "t.id, t.vm_state, t.task_state, t.project_id, t.image_id, t.flavor, t.flavor_id, t.progress, t.fault_code, t.fault_message,"
               " t.fault_details, t.fault_us, t.config_drive, t.launched_us, t.terminated_us, t.number, t.availability_zone, t.group_id, h.name as host_name,"
               " h.heartbeat_us as host_heartbeat, h.enabled as host_enabled, h.forced_down as host_down",
};

/* --- show, update, delete */

static int
server_show(struct rest_call *call, struct cairn_error *err)
{
    return rest_emit_object(call, &servers_resource, "server", rest_param(call, "id"), err);
}

static int
ip_or_empty(const json_t *value, int family, const char *name, struct cairn_error *err)
{
    const char *s = json_string_value(value);
    char canonical[ADDRESS_TEXT];
    int got = 0;

    if (s == NULL || *s == '\0' || (address_ip(s, canonical, &got) == 0 && got == family))
        return 0;
    return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute %s. Value: %.64s. It is no IPv%d address.", name, s, family);
}

const char *
server_access_ip(const struct rest_call *call, const char *name, char *buf)
{
    const char *text = rest_str(call, name);
    int family;

    return text == NULL || *text == '\0' || address_ip(text, buf, &family) < 0 ? "" : buf;
}

int
server_access_v4_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    (void)call;
    return ip_or_empty(value, 4, "accessIPv4", err);
}

int
server_access_v6_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    (void)call;
    return ip_or_empty(value, 6, "accessIPv6", err);
}

int
server_name_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    const char *s = json_string_value(value);

    (void)call;
    if (s == NULL || s[strspn(s, " \t\r\n")] == '\0')
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute name. It cannot be blank.");
    if (s[0] == ' ' || s[strlen(s) - 1] == ' ')
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute name. It cannot begin or end with a blank.");
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute name. It cannot hold control characters.");
    return 0;
}

int
server_hostname_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    const char *s = json_string_value(value);

    (void)call;
    if (s == NULL || s[0] == '-' || s[strlen(s) - 1] == '-' || s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] != '\0')
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute hostname. It has letters, digits and '-', and no '-' at its ends.");
    return 0;
}

static const char *const disk_configs[] = { "AUTO", "MANUAL", NULL };
static const struct rest_attr server_update_body[] = {
    { .name = "name", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 255, .check = server_name_check },
    { .name = "OS-DCF:diskConfig", .type = REST_ENUM, .choices = disk_configs, .flags = REST_CREATE },
    { .name = "accessIPv4", .type = REST_STRING, .flags = REST_CREATE, .max = 45, .check = server_access_v4_check },
    { .name = "accessIPv6", .type = REST_STRING, .flags = REST_CREATE, .max = 45, .check = server_access_v6_check },
    { .name = "description", .type = REST_TEXT, .flags = REST_CREATE | REST_NULL, .max = 255, .since = { 2, 19 } },
    { .name = "hostname", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 63, .since = { 2, 90 },
      .check = server_hostname_check },
    { .name = NULL },
};

/* A change answers less than a show until 2.75. */
static int
emit_changed(struct rest_call *call, const char *id, struct cairn_error *err)
{
    static const char *const left_out[] = {
        "key_name", "config_drive", "security_groups", "os-extended-volumes:volumes_attached", "host_status", "OS-EXT-AZ:availability_zone",
        "OS-SRV-USG:launched_at", "OS-SRV-USG:terminated_at", "OS-EXT-STS:task_state", "OS-EXT-STS:vm_state", "OS-EXT-STS:power_state",
    };
    CLEANUP_STR struct str text = STR_INIT;
    CLEANUP_JSON json_t *whole = NULL;
    struct json_out inner, *outer = call->out;
    json_t *server, *list, *item, *value;
    const char *key;
    void *next;
    size_t i;
    int rc;

    if (rest_since(call, 2, 75))
        return rest_emit_object(call, &servers_resource, "server", id, err);
    jo_init(&inner, &text);
    call->out = &inner;
    rc = rest_emit_object(call, &servers_resource, "server", id, err);
    call->out = outer;
    if (rc < 0)
        return -1;
    whole = json_of_column(text.text);
    server = json_object_get(whole, "server");
    for (i = 0; i < ARRAY_LEN(left_out); i++)
        json_object_del(server, left_out[i]);
    json_object_foreach_safe(server, next, key, value)
        if (str_starts(key, "OS-EXT-SRV-ATTR:"))
            json_object_del(server, key);
    json_object_foreach(json_object_get(server, "addresses"), key, list)
        json_array_foreach(list, i, item) {
            json_object_del(item, "OS-EXT-IPS:type");
            json_object_del(item, "OS-EXT-IPS-MAC:mac_addr");
        }
    jo_object(outer, NULL);
    jo_json(outer, "server", server);
    jo_end_object(outer);
    return 0;
}

static int
server_update(struct rest_call *call, struct cairn_error *err)
{
    static const struct { const char *name, *sql; } columns[] = {
        { "name", "update servers set name = ? where id = ?" },
        { "OS-DCF:diskConfig", "update servers set disk_config = ? where id = ?" },
        { "accessIPv4", "update servers set access_ip_v4 = ? where id = ?" },
        { "accessIPv6", "update servers set access_ip_v6 = ? where id = ?" },
        { "description", "update servers set description = ? where id = ?" },
        { "hostname", "update servers set hostname = ? where id = ?" },
    };
    const char *id = rest_param(call, "id");

    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        char address[ADDRESS_TEXT];
        const char *value = str_starts(columns[i].name, "accessIP") ? server_access_ip(call, columns[i].name, address) : rest_str(call, columns[i].name);

        if (rest_given(call, columns[i].name) && tx_exec(call->tx, err, columns[i].sql, "ss", value, id) < 0)
            return -1;
    }
    if (tx_exec(call->tx, err, "update servers set updated_us = ? where id = ?", "is", clock_us(), id) < 0)
        return -1;
    return emit_changed(call, id, err);
}

/* Delete wins over whatever is being done; asked twice it is being done already. */
static int
server_delete(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "id"), *task_state = row_text(call->object, "task_state");

    if (row_int(call->object, "locked") && !rest_allowed(call, "os_compute_api:os-lock-server:unlock:unlock_override"))
        return cairn_fail(err, CAIRN_CONFLICT, "Instance %s is locked", id);
    if (task_state != NULL && strcmp(task_state, "deleting") == 0)
        return 0;
    return server_act(call->tx, id, "server-delete", "deleting", NULL, http_request_id(call->req), call->auth->project_id, call->auth->user_id, err);
}

static int
force_delete(struct rest_call *call, struct cairn_error *err)
{
    return server_delete(call, err);
}

static const char *const hints[] = { "os:scheduler_hints", "OS-SCH-HNT:scheduler_hints", NULL };

#define SERVER .object = &servers_resource
const struct rest_route server_routes[] = {
    { .method = "POST", .path = "/v2.1/servers", .rule = "os_compute_api:servers:create", .status = 202, .body = server_create_body,
      .body_key = "server", .beside = hints, .handle = server_create },
    { .method = "GET", .path = "/v2.1/servers/{id}", .rule = "os_compute_api:servers:show", .status = 200, SERVER, .handle = server_show },
    { .method = "PUT", .path = "/v2.1/servers/{id}", .rule = "os_compute_api:servers:update", .status = 200, .body = server_update_body,
      .body_key = "server", SERVER, .handle = server_update },
    { .method = "DELETE", .path = "/v2.1/servers/{id}", .rule = "os_compute_api:servers:delete", .status = 204, SERVER, .handle = server_delete },
    { .method = "POST", .path = "/v2.1/servers/{id}/action", .action = "forceDelete", .rule = "os_compute_api:os-deferred-delete:force",
      .status = 202, SERVER, .handle = force_delete },
    { .method = NULL },
};
