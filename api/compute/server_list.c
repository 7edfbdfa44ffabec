/* server_list.c: which servers a list holds and in what order: filters, sort keys, and who may use them.
 *
 * Administrators filter by everything.  Others do by what the table says; what they may not is dropped without a word, as the reference has it. */
#include "config.h"
#include "compute/compute.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define ALL_FILTERS "os_compute_api:servers:allow_all_filters"

/* The vm_states and task_states of a status as a condition on t; NULL: no such status. */
static const char *
status_condition(const char *status)
{
    static const struct { const char *status, *sql; } table[] = {
        { "ACTIVE", "(t.vm_state = 'active' and coalesce(t.task_state, '') not in ('rebooting', 'reboot_pending', 'reboot_started', 'rebooting_hard',"
                    " 'reboot_pending_hard', 'rebuilding', 'migrating'))" },
        { "BUILD", "t.vm_state = 'building'" },
        { "SHUTOFF", "(t.vm_state = 'stopped' and coalesce(t.task_state, '') not in ('rebuilding', 'rebooting_hard'))" },
        { "PAUSED", "t.vm_state = 'paused'" },
        { "SUSPENDED", "t.vm_state = 'suspended'" },
        { "ERROR", "t.vm_state = 'error'" },
        { "REBOOT", "(t.vm_state = 'active' and t.task_state in ('rebooting', 'reboot_pending', 'reboot_started'))" },
        { "HARD_REBOOT", "t.task_state in ('rebooting_hard', 'reboot_pending_hard')" },
        { "REBUILD", "t.task_state = 'rebuilding'" },
        { "MIGRATING", "t.task_state = 'migrating'" },
        { "RESCUE", "t.vm_state = 'rescued'" },
        { "VERIFY_RESIZE", "t.vm_state = 'resized'" },
        { "DELETED", "t.vm_state = 'deleted'" },
        { "SOFT_DELETED", "t.vm_state = 'soft-delete'" },
        { "SHELVED", "t.vm_state = 'shelved'" },
        { "SHELVED_OFFLOADED", "t.vm_state = 'shelved_offloaded'" },
    };

    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (strcasecmp(table[i].status, status) == 0)
            return table[i].sql;
    return NULL;
}

/* A regular expression; most are plain words, which match anywhere. */
static int
name_filter(struct rest_call *call, const char *parameter, const char *column, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    const char *pattern = rest_query(call, parameter);

    if (pattern == NULL)
        return 0;
    if (str_utf8_len(pattern) > 255)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameter %s. It is longer than 255 characters.", parameter);
    if (catalog_check_pattern(pattern, err) < 0)
        return cairn_error_context(err, "Invalid input for query parameter %s", parameter);
    str_addf(where, " and regexp_like(%s, ?, 'i')", column);
    rest_push_text(values, pattern);
    return 0;
}

/* The address filters look at ports: ip, ip6 as patterns. */
static int
address_filter(struct rest_call *call, const char *parameter, int version, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    CLEANUP_STR struct str inner = STR_INIT;

    if (rest_query(call, parameter) == NULL)
        return 0;
    if (name_filter(call, parameter, "f.ip_address", &inner, values, err) < 0)
        return -1;
    str_addf(where, " and exists (select 1 from ports p join fixed_ips f on f.port_id = p.id join subnets s on s.id = f.subnet_id"
                    " where p.device_id = t.id and s.ip_version = %d%s)", version, inner.text);
    return 0;
}

/* tags, tags-any, not-tags, not-tags-any: comma separated. */
static int
tag_filters(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    static const struct { const char *parameter; int any, negate; } kinds[] = {
        { "tags", 0, 0 }, { "tags-any", 1, 0 }, { "not-tags", 0, 1 }, { "not-tags-any", 1, 1 },
    };

    (void)err;
    for (size_t k = 0; k < ARRAY_LEN(kinds) && rest_since(call, 2, 26); k++) {
        CLEANUP_FREE char *list = xstrdup(rest_query(call, kinds[k].parameter));
        char *save = NULL;
        int64_t n = 0;

        if (list == NULL)
            continue;
        str_addf(where, " and %s(select count(*) from server_tags g where g.server_id = t.id and g.tag in (", kinds[k].negate ? "not " : "");
        for (char *tag = strtok_r(list, ",", &save); tag != NULL; tag = strtok_r(NULL, ",", &save), n++) {
            str_add(where, n > 0 ? ", ?" : "?");
            rest_push_text(values, tag);
        }
        if (n == 0)
            str_add(where, "null");
        str_addf(where, ")) >= %lld", (long long)(kinds[k].any || n == 0 ? 1 : n));
    }
    return 0;
}

static int
time_filters(struct rest_call *call, int *ret_deleted_too, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    static const struct { const char *parameter, *op; int minor; } kinds[] = { { "changes-since", ">=", 1 }, { "changes-before", "<=", 66 } };
    int64_t at[2] = { 0, INT64_MAX };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const char *text = rest_query(call, kinds[i].parameter);

        if (text == NULL || !rest_since(call, 2, kinds[i].minor))
            continue;
        if (clock_parse(text, &at[i]) < 0)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameters %s. Value: %.64s. It is a time like 2026-01-31T12:00:00Z.",
                              kinds[i].parameter, text);
        str_addf(where, " and t.updated_us %s ?", kinds[i].op);
        rest_push_int(values, at[i]);
        *ret_deleted_too = 1;
    }
    if (at[0] > at[1])
        return cairn_fail(err, CAIRN_INVALID, "The value of changes-since must be less than or equal to changes-before.");
    return 0;
}

struct statuses { struct str *where; size_t seen, known; int deleted; };

static int
take_status(void *arg, const char *name, const char *value)
{
    struct statuses *s = arg;
    const char *sql;

    if (strcmp(name, "status") != 0)
        return 0;
    s->seen++;
    if ((sql = status_condition(value)) == NULL)
        return 0;
    str_addf(s->where, "%s%s", s->known++ > 0 ? " or " : " and (", sql);
    s->deleted |= strcasecmp(value, "deleted") == 0;
    return 0;
}

/* Any of several; those that there are not match nothing, and from 2.38 on they are a mistake when all are such. */
static int
status_filter(struct rest_call *call, struct str *where, int *ret_deleted_too, struct cairn_error *err)
{
    struct statuses s = { .where = where };

    http_query_each(call->req, take_status, &s);
    if (s.seen == 0)
        return 0;
    if (s.known == 0 && rest_since(call, 2, 38))
        return cairn_fail(err, CAIRN_INVALID, "Invalid status value");
    if (s.deleted && !call->auth->is_admin)
        return cairn_fail(err, CAIRN_DENIED, "Only administrators may list deleted instances");
    *ret_deleted_too |= s.deleted;
    str_add(where, s.known > 0 ? ")" : " and 1 = 0");
    return 0;
}

/* Whose servers, which only lists of all projects' can be asked; and deleted ones. */
static int
admin_filters(struct rest_call *call, int all_projects, struct str *where, struct rest_values *values, int *ret_deleted_too, struct cairn_error *err)
{
    static const char *const projects[] = { "project_id", "tenant_id" };
    static const char *const joined[] = { "block_device_mapping", "services", "metadata", "system_metadata", "info_cache", "security_groups", "pci_devices" };
    const char *deleted = rest_query(call, "deleted");
    int yes = 0;

    if (!rest_allowed(call, ALL_FILTERS))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(joined); i++)
        if (rest_query(call, joined[i]) != NULL)
            return cairn_fail(err, CAIRN_INVALID, "Invalid filter field: %s.", joined[i]);
    for (size_t i = 0; i < ARRAY_LEN(projects) && all_projects; i++)
        if (rest_query(call, projects[i]) != NULL) {
            str_add(where, " and t.project_id = ?");
            rest_push_text(values, rest_query(call, projects[i]));
        }
    if (deleted != NULL) {
        if (compute_to_bool(deleted, &yes) < 0)
            yes = 0;
        *ret_deleted_too = 1;
        str_addf(where, " and t.deleted_us is %snull", yes ? "not " : "");
    }
    return 0;
}

int
server_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    const char *all = rest_query(call, "all_tenants");
    int deleted_too = 0, wanted = all != NULL;

    if (all != NULL && *all != '\0' && compute_to_bool(all, &wanted) < 0)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameters all_tenants. Value: %.32s. It is a boolean.", all);
    if (wanted &&
        rest_allow(call, call->list_detail ? "os_compute_api:servers:detail:get_all_tenants" : "os_compute_api:servers:index:get_all_tenants", err) < 0)
        return -1;
    if (name_filter(call, "name", "t.name", where, values, err) < 0 ||
        ((rest_since(call, 2, 90) || rest_allowed(call, ALL_FILTERS)) && name_filter(call, "hostname", "t.hostname", where, values, err) < 0) ||
        address_filter(call, "ip", 4, where, values, err) < 0 ||
        ((rest_since(call, 2, 5) || rest_allowed(call, ALL_FILTERS)) && address_filter(call, "ip6", 6, where, values, err) < 0) ||
        status_filter(call, where, &deleted_too, err) < 0 || admin_filters(call, wanted, where, values, &deleted_too, err) < 0 ||
        tag_filters(call, where, values, err) < 0 || time_filters(call, &deleted_too, where, values, err) < 0)
        return -1;
    if (!deleted_too)
        str_add(where, " and t.deleted_us is null");
    return 0;
}

/* --- what a column can tell */

#define ADMINS(name_, ...) { .name = name_, __VA_ARGS__, .read_policy = ALL_FILTERS }
/* For everybody from 2.83 on. */
#define ADMINS_283(name_, ...) \
    { .name = name_, __VA_ARGS__, .read_policy = ALL_FILTERS, .until = { 2, 82 } }, { .name = name_, __VA_ARGS__, .since = { 2, 83 } }
#define TEXT(column_) .column = column_, .type = REST_STRING, .flags = REST_FILTER
#define PATTERN(column_) .column = column_, .type = REST_STRING, .flags = REST_FILTER | REST_REGEX
#define SQL(condition) .type = REST_STRING, .flags = REST_FILTER | REST_NO_COLUMN, .filter = condition
#define SECOND(column_) .column = column_, .type = REST_TIME, .flags = REST_FILTER, .filter = column_ " / 1000000 = ? / 1000000"
#define SORT(name_, column_, type_) { .name = name_, .column = column_, .type = type_, .flags = REST_SORT }
#define SORT_NULL(name_, column_, type_) { .name = name_, .column = column_, .type = type_, .flags = REST_SORT | REST_NULL }
/* Sorting by these was never more than accepted. */
#define NO_SORT(name_) { .name = name_, .type = REST_STRING, .flags = REST_SORT | REST_NO_COLUMN, .until = { 2, 74 } }

const struct rest_attr server_query[] = {
    { .name = "image", TEXT("t.image_id") },
    { .name = "flavor", TEXT("t.flavor_id") },
    { .name = "reservation_id", TEXT("t.reservation_id") },
    { .name = "locked", .column = "t.locked", .type = REST_BOOL, .flags = REST_FILTER, .since = { 2, 73 },
      .filter = "case when t.locked = 0 then 0 else 1 end = ?" },
    ADMINS_283("user_id", TEXT("t.user_id")),
    ADMINS_283("key_name", PATTERN("t.key_name")),
    ADMINS_283("availability_zone", PATTERN("t.availability_zone")),
    ADMINS_283("vm_state", TEXT("t.vm_state")),
    ADMINS_283("task_state", TEXT("t.task_state")),
    ADMINS_283("power_state", SQL("cast(t.power_state as text) = ?")),
    ADMINS_283("progress", SQL("cast(t.progress as text) = ?")),
    ADMINS_283("config_drive", SQL("case when t.config_drive <> 0 then 'True' else '' end = ?")),
    ADMINS_283("created_at", SECOND("t.created_us")),
    ADMINS_283("launched_at", SECOND("t.launched_us")),
    ADMINS_283("terminated_at", SECOND("t.terminated_us")),
    ADMINS("host", TEXT("h.name")),
    ADMINS("node", TEXT("h.name")),
    ADMINS("uuid", TEXT("t.id")),
    ADMINS("image_ref", TEXT("t.image_id")),
    ADMINS("display_name", PATTERN("t.name")),
    ADMINS("description", PATTERN("t.description")),
    ADMINS("display_description", PATTERN("t.description")),
    ADMINS("root_device_name", PATTERN("t.root_device")),
    ADMINS("access_ip_v4", PATTERN("t.access_ip_v4")),
    ADMINS("access_ip_v6", PATTERN("t.access_ip_v6")),
    ADMINS("launch_index", SQL("cast(t.launch_index as text) = ?")),
    ADMINS("kernel_id", SQL("'' = ?")),
    ADMINS("ramdisk_id", SQL("'' = ?")),
    ADMINS("locked_by", SQL("case t.locked when 1 then 'owner' when 2 then 'admin' else '' end = ?")),
    ADMINS("auto_disk_config", .column = "t.disk_config", .type = REST_BOOL, .flags = REST_FILTER,
           .filter = "case when t.disk_config = 'AUTO' then 1 else 0 end = ?"),

    SORT("uuid", "t.id", REST_STRING), SORT("display_name", "t.name", REST_STRING), SORT_NULL("display_description", "t.description", REST_TEXT),
    SORT("created_at", "t.created_us", REST_TIME), SORT("updated_at", "t.updated_us", REST_TIME), SORT_NULL("launched_at", "t.launched_us", REST_TIME),
    SORT_NULL("terminated_at", "t.terminated_us", REST_TIME), SORT("vm_state", "t.vm_state", REST_STRING),
    SORT_NULL("task_state", "t.task_state", REST_STRING), SORT("power_state", "t.power_state", REST_INT), SORT("progress", "t.progress", REST_INT),
    SORT("project_id", "t.project_id", REST_STRING), SORT("user_id", "t.user_id", REST_STRING), SORT("hostname", "t.hostname", REST_STRING),
    SORT("image_ref", "t.image_id", REST_STRING), SORT("instance_type_id", "t.flavor_id", REST_STRING),
    SORT("launch_index", "t.launch_index", REST_INT), SORT("root_device_name", "t.root_device", REST_STRING),
    SORT("access_ip_v4", "t.access_ip_v4", REST_STRING), SORT("access_ip_v6", "t.access_ip_v6", REST_STRING),
    SORT("auto_disk_config", "t.disk_config", REST_STRING), SORT_NULL("availability_zone", "t.availability_zone", REST_STRING),
    SORT("config_drive", "t.config_drive", REST_INT), SORT_NULL("key_name", "t.key_name", REST_STRING), SORT("locked_by", "t.locked", REST_INT),
    { .name = "kernel_id", .type = REST_STRING, .flags = REST_SORT | REST_NO_COLUMN }, { .name = "ramdisk_id", .type = REST_STRING, .flags = REST_SORT | REST_NO_COLUMN },
    { .name = "host", .column = "h.name", .type = REST_STRING, .flags = REST_SORT | REST_NULL, .read_policy = ALL_FILTERS },
    { .name = "node", .column = "h.name", .type = REST_STRING, .flags = REST_SORT | REST_NULL, .read_policy = ALL_FILTERS },
    { .name = "locked", .column = "t.locked", .type = REST_INT, .flags = REST_SORT, .since = { 2, 73 } },
    { .name = "locked", .type = REST_INT, .flags = REST_SORT | REST_NO_COLUMN, .until = { 2, 72 } },
    NO_SORT("architecture"), NO_SORT("cell_name"), NO_SORT("cleaned"), NO_SORT("default_ephemeral_device"), NO_SORT("default_swap_device"),
    NO_SORT("deleted"), NO_SORT("deleted_at"), NO_SORT("disable_terminate"), NO_SORT("ephemeral_gb"), NO_SORT("ephemeral_key_uuid"), NO_SORT("id"),
    NO_SORT("key_data"), NO_SORT("launched_on"), NO_SORT("memory_mb"), NO_SORT("os_type"), NO_SORT("reservation_id"), NO_SORT("root_gb"),
    NO_SORT("shutdown_terminate"), NO_SORT("user_data"), NO_SORT("vcpus"), NO_SORT("vm_mode"),
    { .name = NULL },
};

/* What server_narrow() looks at. */
const char *const server_ignored[] = {
    "name", "hostname", "ip", "ip6", "status", "project_id", "tenant_id", "all_tenants", "changes-since", "changes-before", "tags", "tags-any", "not-tags",
    "not-tags-any", "deleted", "soft_deleted", "block_device_mapping", "services", "metadata", "system_metadata", "info_cache", "security_groups",
    "pci_devices", NULL,
};
