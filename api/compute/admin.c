/* admin.c: hosts as the compute API shows them: services, availability zones; and its list of extensions. */
#include "config.h"
#include "compute/compute.h"

#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"

/* --- os-services: one nova-compute for each host, and the scheduler and conductor that this daemon is */

#define SERVICE_COLUMNS \
    "select id, number, name, availability_zone, enabled, disabled_reason, forced_down, heartbeat_us, updated_us from hosts"

static void
write_service(struct rest_call *call, struct rows *r)
{
    struct json_out *o = call->out;
    char text[CLOCK_TEXT];
    const char *id = row_text(r, "id"), *name = row_text(r, "name"), *zone = row_text(r, "availability_zone"), *reason = row_text(r, "disabled_reason");
    int64_t number = row_int(r, "number"), enabled = row_int(r, "enabled"), down = row_int(r, "forced_down"), beat = row_int(r, "heartbeat_us");

    (void)row_int(r, "updated_us");
    jo_object(o, NULL);
    if (rest_since(call, 2, 53))
        jo_str(o, "id", id);
    else
        jo_int(o, "id", number);
    jo_str(o, "binary", "nova-compute");
    jo_str(o, "host", name);
    jo_str(o, "zone", zone);
    jo_str(o, "status", enabled ? "enabled" : "disabled");
    jo_str(o, "state", down || beat < clock_us() - HOST_ALIVE_US ? "down" : "up");
    jo_str(o, "updated_at", clock_format(beat, CLOCK_MICRO, text));
    jo_str(o, "disabled_reason", reason);
    if (rest_since(call, 2, 11))
        jo_bool(o, "forced_down", (int)down);
    jo_end_object(o);
}

static int
services_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    const char *host = rest_query(call, "host"), *binary = rest_query(call, "binary");
    int rc;

    if (tx_query(call->tx, &r, err, SERVICE_COLUMNS " where (? is null or name = ?) and (? is null or ? = 'nova-compute') order by number", "ssss", host,
                 host, binary, binary) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "services");
    while ((rc = rows_next(r, err)) == 1)
        write_service(call, r);
    jo_end_array(call->out);
    jo_end_object(call->out);
    return rc;
}

static const char *const statuses[] = { "enabled", "disabled", NULL };
static const struct rest_attr service_body[] = {
    { .name = "status", .type = REST_ENUM, .choices = statuses, .flags = REST_CREATE },
    { .name = "disabled_reason", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 255 },
    { .name = "forced_down", .type = REST_BOOL, .flags = REST_CREATE },
    { .name = NULL },
};

/* From 2.53 on by id. */
static int
service_update(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    const char *id = rest_param(call, "id"), *status = rest_str(call, "status"), *reason = rest_str(call, "disabled_reason");
    int rc;

    if (!id_is_uuid(id))
        return cairn_fail(err, CAIRN_INVALID, "Invalid uuid %.64s", id);
    if (status == NULL && !rest_given(call, "forced_down"))
        return cairn_fail(err, CAIRN_INVALID, "No updates were requested. Fields 'status' or 'forced_down' should be specified.");
    if (reason != NULL && (status == NULL || strcmp(status, "disabled") != 0))
        return cairn_fail(err, CAIRN_INVALID, "Specifying 'disabled_reason' when status is 'enabled' is invalid.");
    if (tx_exec(call->tx, err,
                "update hosts set enabled = case when ? is null then enabled else ? end, disabled_reason = case when ? is null then disabled_reason else ? end,"
                " forced_down = case when ? then ? else forced_down end, updated_us = ? where id = ?", "siss" "iiis", status,
                (int64_t)(status != NULL && strcmp(status, "enabled") == 0), status, reason, (int64_t)rest_given(call, "forced_down"),
                (int64_t)rest_bool(call, "forced_down", 0), clock_us(), id) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Compute service %s could not be found.", id);
    if (tx_query(call->tx, &r, err, SERVICE_COLUMNS " where id = ?", "s", id) < 0 || (rc = rows_next(r, err)) < 0)
        return -1;
    jo_object(call->out, NULL);
    /* write_service() writes an array's element; here it is a member. */
    CLEANUP_STR struct str text = STR_INIT;
    struct json_out inner, *outer = call->out;
    jo_init(&inner, &text);
    call->out = &inner;
    write_service(call, r);
    call->out = outer;
    jo_raw(outer, "service", text.text);
    jo_end_object(call->out);
    return rc == 1 ? 0 : -1;
}

static const struct rest_attr old_service_body[] = {
    { .name = "host", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255 },
    { .name = "binary", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255 },
    { .name = "disabled_reason", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 255 },
    { .name = NULL },
};

/* Up to 2.52: PUT /os-services/enable and its kin. */
static int
service_switch(struct rest_call *call, int enabled, int with_reason, struct cairn_error *err)
{
    const char *host = rest_str(call, "host"), *binary = rest_str(call, "binary"), *reason = rest_str(call, "disabled_reason");

    if (with_reason && reason == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Missing disabled reason field");
    if (tx_exec(call->tx, err, "update hosts set enabled = ?, disabled_reason = ?, updated_us = ? where name = ? and ? = 'nova-compute'", "isiss",
                (int64_t)enabled, enabled ? NULL : reason, clock_us(), host, binary) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find binary %.64s on host %.255s.", binary, host);
    jo_object(call->out, NULL);
    jo_object(call->out, "service");
    jo_str(call->out, "host", host);
    jo_str(call->out, "binary", binary);
    jo_str(call->out, "status", enabled ? "enabled" : "disabled");
    if (with_reason)
        jo_str(call->out, "disabled_reason", reason);
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

static int service_enable(struct rest_call *call, struct cairn_error *err) { return service_switch(call, 1, 0, err); }
static int service_disable(struct rest_call *call, struct cairn_error *err) { return service_switch(call, 0, 0, err); }
static int service_disable_reason(struct rest_call *call, struct cairn_error *err) { return service_switch(call, 0, 1, err); }

/* 2.11 to 2.52: a host that an operator knows to be dead. */
static const struct rest_attr force_down_body[] = {
    { .name = "host", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255 },
    { .name = "binary", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255 },
    { .name = "forced_down", .type = REST_BOOL, .flags = REST_CREATE | REST_REQUIRED | REST_LAX },
    { .name = NULL },
};

static int
service_force_down(struct rest_call *call, struct cairn_error *err)
{
    const char *host = rest_str(call, "host"), *binary = rest_str(call, "binary");
    int down = rest_bool(call, "forced_down", 0);

    if (tx_exec(call->tx, err, "update hosts set forced_down = ?, updated_us = ? where name = ? and ? = 'nova-compute'", "iiss", (int64_t)down, clock_us(),
                host, binary) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find binary %.64s on host %.255s.", binary, host);
    jo_object(call->out, NULL);
    jo_object(call->out, "service");
    jo_str(call->out, "host", host);
    jo_str(call->out, "binary", binary);
    jo_bool(call->out, "forced_down", down);
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

/* What is gone and still runs comes back with its next report, under a new id. */
static int
service_delete(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "id");
    CLEANUP_FREE char *host = NULL;
    int64_t number = 0, servers;

    if (rest_since(call, 2, 53) ? !id_is_uuid(id) : str_to_int(id, 0, INT64_MAX, &number) < 0)
        return cairn_fail(err, CAIRN_INVALID, "Invalid service id %.64s", id);
    if (tx_text(call->tx, &host, err, "select id from hosts where (? and id = ?) or (not ? and number = ?)", "isii", (int64_t)rest_since(call, 2, 53), id,
                (int64_t)rest_since(call, 2, 53), number) < 0)
        return -1;
    if (host == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Service %.64s not found", id);
    if (tx_int(call->tx, &servers, 0, err, "select (select count(*) from servers where host_id = ? and deleted_us is null)"
                                           " + (select count(*) from allocations where host_id = ?)", "ss", host, host) < 0)
        return -1;
    if (servers > 0)
        return cairn_fail(err, CAIRN_CONFLICT, "Unable to delete compute service that is hosting instances. Migrate or delete the instances first.");
    return tx_exec(call->tx, err, "update servers set host_id = null where host_id = ?", "s", host) < 0 ||
           tx_exec(call->tx, err, "delete from hosts where id = ?", "s", host) < 0 ? -1 : 0;
}

/* --- availability zones */

static int
zones(struct rest_call *call, int detail, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct json_out *o = call->out;
    char current[256] = "", text[CLOCK_TEXT];
    int open = 0, rc;

    if (tx_query(call->tx, &r, err, "select availability_zone as zone, name, enabled, forced_down, heartbeat_us from hosts order by 1, 2", "") < 0)
        return -1;
    jo_object(o, NULL);
    jo_array(o, "availabilityZoneInfo");
    while ((rc = rows_next(r, err)) == 1) {
        const char *zone = row_text(r, "zone"), *name = row_text(r, "name");
        int64_t enabled = row_int(r, "enabled"), down = row_int(r, "forced_down"), beat = row_int(r, "heartbeat_us");

        if (!open || strcmp(zone, current) != 0) {
            if (open) {
                if (detail)
                    jo_end_object(o);
                jo_end_object(o);
            }
            open = 1;
            snprintf(current, sizeof current, "%s", zone);
            jo_object(o, NULL);
            jo_str(o, "zoneName", zone);
            jo_object(o, "zoneState");
            jo_bool(o, "available", 1);
            jo_end_object(o);
            if (detail)
                jo_object(o, "hosts");
            else
                jo_null(o, "hosts");
        }
        if (detail) {
            jo_object(o, name);
            jo_object(o, "nova-compute");
            jo_bool(o, "available", !down && beat >= clock_us() - HOST_ALIVE_US);
            jo_bool(o, "active", enabled != 0);
            jo_str(o, "updated_at", clock_format(beat, CLOCK_MICRO, text));
            jo_end_object(o);
            jo_end_object(o);
        }
    }
    if (open) {
        if (detail)
            jo_end_object(o);
        jo_end_object(o);
    }
    jo_end_array(o);
    jo_end_object(o);
    return rc;
}

static int zones_list(struct rest_call *call, struct cairn_error *err) { return zones(call, 0, err); }
static int zones_detail(struct rest_call *call, struct cairn_error *err) { return zones(call, 1, err); }

/* --- extensions: what of the old ones is served under its own paths here */

static const struct { const char *alias, *name; } extensions[] = {
    { "flavors", "Flavors" }, { "ips", "Ips" }, { "limits", "Limits" }, { "os-access-ips", "AccessIPs" }, { "os-admin-actions", "AdminActions" },
    { "os-availability-zone", "AvailabilityZone" }, { "os-config-drive", "ConfigDrive" }, { "os-console-output", "ConsoleOutput" },
    { "os-disk-config", "DiskConfig" },
    { "os-extended-availability-zone", "ExtendedAvailabilityZone" }, { "os-extended-server-attributes", "ExtendedServerAttributes" },
    { "os-extended-status", "ExtendedStatus" }, { "os-flavor-access", "FlavorAccess" }, { "os-flavor-extra-specs", "FlavorExtraSpecs" },
    { "os-flavor-manage", "FlavorManage" }, { "os-hypervisors", "Hypervisors" }, { "os-instance-actions", "InstanceActions" },
    { "os-keypairs", "Keypairs" }, { "os-lock-server", "LockServer" }, { "os-multiple-create", "MultipleCreate" },
    { "os-pause-server", "PauseServer" }, { "os-personality", "Personality" }, { "os-quota-sets", "Quotas" },
    { "os-scheduler-hints", "SchedulerHints" },
    { "os-server-diagnostics", "ServerDiagnostics" }, { "os-server-groups", "ServerGroups" }, { "os-server-password", "ServerPassword" },
    { "os-services", "Services" },
    { "os-suspend-server", "SuspendServer" }, { "os-used-limits", "UsedLimits" }, { "os-user-data", "UserData" },
    { "server-metadata", "ServerMetadata" }, { "servers", "Servers" }, { "versions", "Versions" },
};

static void
write_extension(struct json_out *o, size_t i, const char *key)
{
    jo_object(o, key);
    jo_str(o, "alias", extensions[i].alias);
    jo_str(o, "name", extensions[i].name);
    jo_strf(o, "description", "%s.", extensions[i].name);
    jo_str(o, "namespace", "http://docs.openstack.org/compute/ext/fake_xml");
    jo_str(o, "updated", "2014-12-03T00:00:00Z");
    jo_array(o, "links");
    jo_end_array(o);
    jo_end_object(o);
}

static int
extensions_list(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    jo_object(call->out, NULL);
    jo_array(call->out, "extensions");
    for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
        write_extension(call->out, i, NULL);
    jo_end_array(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
extension_show(struct rest_call *call, struct cairn_error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
        if (strcmp(extensions[i].alias, rest_param(call, "alias")) == 0) {
            jo_object(call->out, NULL);
            write_extension(call->out, i, "extension");
            jo_end_object(call->out);
            return 0;
        }
    return cairn_fail(err, CAIRN_NOT_FOUND, "Extension %.64s could not be found.", rest_param(call, "alias"));
}

static const struct rest_attr services_query[] = {
    { .name = "host", .type = REST_STRING }, { .name = "binary", .type = REST_STRING }, { .name = NULL },
};

#define SERVICES "os_compute_api:os-services:"
const struct rest_route admin_routes[] = {
    { .method = "GET", .path = "/v2.1/os-services", .rule = SERVICES "list", .status = 200, .query = services_query, .handle = services_list },
    { .method = "PUT", .path = "/v2.1/os-services/enable", .rule = SERVICES "update", .status = 200, .body = old_service_body, .handle = service_enable,
      .until = { 2, 52 } },
    { .method = "PUT", .path = "/v2.1/os-services/disable", .rule = SERVICES "update", .status = 200, .body = old_service_body,
      .handle = service_disable, .until = { 2, 52 } },
    { .method = "PUT", .path = "/v2.1/os-services/disable-log-reason", .rule = SERVICES "update", .status = 200, .body = old_service_body,
      .handle = service_disable_reason, .until = { 2, 52 } },
    { .method = "PUT", .path = "/v2.1/os-services/force-down", .rule = SERVICES "update", .status = 200, .body = force_down_body,
      .handle = service_force_down, .since = { 2, 11 }, .until = { 2, 52 } },
    { .method = "DELETE", .path = "/v2.1/os-services/{id}", .rule = SERVICES "delete", .status = 204, .handle = service_delete },
    { .method = "PUT", .path = "/v2.1/os-services/{id}", .rule = SERVICES "update", .status = 200, .body = service_body, .handle = service_update,
      .since = { 2, 53 } },
    { .method = "GET", .path = "/v2.1/os-availability-zone", .rule = "os_compute_api:os-availability-zone:list", .status = 200, .handle = zones_list },
    { .method = "GET", .path = "/v2.1/os-availability-zone/detail", .rule = "os_compute_api:os-availability-zone:detail", .status = 200,
      .handle = zones_detail },
    { .method = "GET", .path = "/v2.1/extensions", .rule = "os_compute_api:extensions", .status = 200, .handle = extensions_list },
    { .method = "GET", .path = "/v2.1/extensions/{alias}", .rule = "os_compute_api:extensions", .status = 200, .handle = extension_show },
    { .method = NULL },
};
