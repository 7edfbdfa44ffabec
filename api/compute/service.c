/* service.c: the compute service's dialect: faults, versions, policies, and the list of its tables. */
#include "config.h"
#include "compute/compute.h"

#include <string.h>

#include "base/str.h"

static const struct { int status; const char *name; } fault_names[] = {
    { 400, "badRequest" }, { 401, "unauthorized" }, { 403, "forbidden" }, { 404, "itemNotFound" }, { 405, "badMethod" },
    { 409, "conflictingRequest" }, { 413, "overLimit" }, { 415, "badMediaType" }, { 429, "overLimit" }, { 501, "notImplemented" },
    { 503, "serviceUnavailable" },
};

static void
compute_fault(struct rest_call *call, int status, const struct cairn_error *err, struct json_out *out)
{
    const char *name = "computeFault";

    (void)call;
    for (size_t i = 0; i < ARRAY_LEN(fault_names); i++)
        if (fault_names[i].status == status)
            name = fault_names[i].name;
    jo_object(out, NULL);
    jo_object(out, name);
    jo_int(out, "code", status);
    jo_str(out, "message", err->message);
    jo_end_object(out);
    jo_end_object(out);
}

static int
compute_status(const struct cairn_error *err)
{
    switch (err->code) {
    case CAIRN_OVER_QUOTA: return 403;
    case CAIRN_NO_HOST:    return 500;
    case CAIRN_NO_SPACE:   return 400;
    default:               return 0;
    }
}

/* --- versions */

static const struct rest_release releases[] = {
    { "v2.0", "SUPPORTED", "/v2", "", "", "2011-01-21T11:33:21Z", "application/vnd.openstack.compute+json;version=2", "https://docs.openstack.org/" },
    { "v2.1", "CURRENT", "/v2.1", "2.93", "2.1", "2013-07-23T11:33:21Z", "application/vnd.openstack.compute+json;version=2.1",
      "https://docs.openstack.org/" },
    { 0 },
};

const struct rest_route version_routes[] = {
    { .method = "GET", .path = "/",      .status = 200, .flags = REST_DISCOVERY, .handle = rest_releases },
    { .method = "GET", .path = "/v2",    .status = 200, .flags = REST_DISCOVERY, .handle = rest_release },
    { .method = "GET", .path = "/v2.1",  .status = 200, .flags = REST_DISCOVERY, .handle = rest_release },
    { .method = NULL },
};

int
compute_to_bool(const char *text, int *ret)
{
    if (text[0] != '\0' && text[1] == '\0' && strchr("tTyYfFnN", text[0]) != NULL) {
        *ret = strchr("tTyY", text[0]) != NULL;
        return 0;
    }
    return str_to_bool(text, ret);
}

void
compute_links(struct rest_call *call, struct json_out *out, const char *what, const char *id)
{
    CLEANUP_FREE char *self = rest_url(call, "/v2.1/%s/%s", what, id);
    CLEANUP_FREE char *bookmark = rest_url(call, "/%s/%s", what, id);

    jo_array(out, "links");
    jo_object(out, NULL);
    jo_str(out, "rel", "self");
    jo_str(out, "href", self);
    jo_end_object(out);
    jo_object(out, NULL);
    jo_str(out, "rel", "bookmark");
    jo_str(out, "href", bookmark);
    jo_end_object(out);
    jo_end_array(out);
}

/* --- policies: the reference's names and personas */

#define ADMIN "role:admin"
#define READER "(role:reader and project_id:%(project_id)s) or role:admin"
#define MEMBER "(role:member and project_id:%(project_id)s) or role:admin"
const struct policy_default compute_policies[] = {
    { "context_is_admin", "role:admin", "Who is an administrator of compute" },
    { "os_compute_api:servers:index", READER, "List servers" },
    { "os_compute_api:servers:detail", READER, "List servers with details" },
    { "os_compute_api:servers:index:get_all_tenants", ADMIN, "List servers of all projects" },
    { "os_compute_api:servers:detail:get_all_tenants", ADMIN, "List servers of all projects with details" },
    { "os_compute_api:servers:allow_all_filters", ADMIN, "Filter lists of servers by whatever there is" },
    { "os_compute_api:servers:show", READER, "Show a server" },
    { "os_compute_api:servers:show:host_status", ADMIN, "Show the state of a server's host" },
    { "os_compute_api:os-extended-server-attributes", ADMIN, "Show a server's host and hypervisor" },
    { "os_compute_api:servers:create", MEMBER, "Create a server" },
    { "os_compute_api:servers:create:forced_host", ADMIN, "Create a server on a host of one's choice" },
    { "os_compute_api:servers:create:attach_network", "role:member or role:admin", "Create a server on networks" },
    { "compute:servers:create:requested_destination", ADMIN, "Name the host at create" },
    { "os_compute_api:servers:update", MEMBER, "Change a server" },
    { "os_compute_api:servers:delete", MEMBER, "Delete a server" },
    { "os_compute_api:os-deferred-delete:force", MEMBER, "Delete a server at once" },
    { "os_compute_api:servers:start", MEMBER, "Start a server" },
    { "os_compute_api:servers:stop", MEMBER, "Stop a server" },
    { "os_compute_api:servers:reboot", MEMBER, "Reboot a server" },
    { "os_compute_api:os-pause-server:pause", MEMBER, "Pause a server" },
    { "os_compute_api:os-pause-server:unpause", MEMBER, "Unpause a server" },
    { "os_compute_api:os-suspend-server:suspend", MEMBER, "Suspend a server" },
    { "os_compute_api:os-suspend-server:resume", MEMBER, "Resume a server" },
    { "os_compute_api:os-lock-server:lock", MEMBER, "Lock a server" },
    { "os_compute_api:os-lock-server:unlock", MEMBER, "Unlock a server" },
    { "os_compute_api:os-lock-server:unlock:unlock_override", ADMIN, "Act on a server that somebody else locked" },
    { "os_compute_api:os-admin-actions:reset_state", ADMIN, "Set a server's state in the catalog" },
    { "os_compute_api:os-console-output", MEMBER, "Read a server's console log" },
    { "os_compute_api:os-server-diagnostics", ADMIN, "Show a server's use of resources" },
    { "os_compute_api:ips:index", READER, "List a server's addresses" },
    { "os_compute_api:ips:show", READER, "Show a server's addresses in a network" },
    { "os_compute_api:server-metadata:index", READER, "List a server's metadata" },
    { "os_compute_api:server-metadata:show", READER, "Show one of a server's metadata" },
    { "os_compute_api:server-metadata:create", MEMBER, "Add to a server's metadata" },
    { "os_compute_api:server-metadata:update_all", MEMBER, "Replace a server's metadata" },
    { "os_compute_api:server-metadata:update", MEMBER, "Set one of a server's metadata" },
    { "os_compute_api:server-metadata:delete", MEMBER, "Remove one of a server's metadata" },
    { "os_compute_api:os-server-tags:index", READER, "List a server's tags" },
    { "os_compute_api:os-server-tags:show", READER, "Is a tag on a server" },
    { "os_compute_api:os-server-tags:update", MEMBER, "Put a tag on a server" },
    { "os_compute_api:os-server-tags:update_all", MEMBER, "Replace a server's tags" },
    { "os_compute_api:os-server-tags:delete", MEMBER, "Take a tag from a server" },
    { "os_compute_api:os-server-tags:delete_all", MEMBER, "Take all tags from a server" },
    { "os_compute_api:os-attach-interfaces:list", READER, "List a server's ports" },
    { "os_compute_api:os-attach-interfaces:show", READER, "Show a server's port" },
    { "os_compute_api:os-security-groups:list", READER, "List a server's security groups" },
    { "os_compute_api:os-server-password:show", READER, "Show the password that a server's guest posted" },
    { "os_compute_api:os-server-password:clear", MEMBER, "Forget that password" },
    { "os_compute_api:os-instance-actions:list", READER, "List what was done to a server" },
    { "os_compute_api:os-instance-actions:show", READER, "Show one thing that was done to a server" },
    { "os_compute_api:os-instance-actions:events", ADMIN, "Show the steps of what was done" },
    { "os_compute_api:os-instance-actions:events:details", ADMIN, "Show why a step failed" },
    { "os_compute_api:os-flavors:index", "@", "List flavors" },
    { "os_compute_api:os-flavor-manage:create", ADMIN, "Create a flavor" },
    { "os_compute_api:os-flavor-manage:update", ADMIN, "Change a flavor's description" },
    { "os_compute_api:os-flavor-manage:delete", ADMIN, "Delete a flavor" },
    { "os_compute_api:os-flavor-access", ADMIN, "List the projects that may use a flavor" },
    { "os_compute_api:os-flavor-access:add_tenant_access", ADMIN, "Let a project use a flavor" },
    { "os_compute_api:os-flavor-access:remove_tenant_access", ADMIN, "No longer let a project use a flavor" },
    { "os_compute_api:os-flavor-extra-specs:index", "@", "List a flavor's extra specs" },
    { "os_compute_api:os-flavor-extra-specs:show", "@", "Show one of a flavor's extra specs" },
    { "os_compute_api:os-flavor-extra-specs:create", ADMIN, "Add to a flavor's extra specs" },
    { "os_compute_api:os-flavor-extra-specs:update", ADMIN, "Set one of a flavor's extra specs" },
    { "os_compute_api:os-flavor-extra-specs:delete", ADMIN, "Remove one of a flavor's extra specs" },
    { "os_compute_api:os-keypairs:index", "user_id:%(user_id)s or role:admin", "List key pairs" },
    { "os_compute_api:os-keypairs:show", "user_id:%(user_id)s or role:admin", "Show a key pair" },
    { "os_compute_api:os-keypairs:create", "user_id:%(user_id)s or role:admin", "Create or import a key pair" },
    { "os_compute_api:os-keypairs:delete", "user_id:%(user_id)s or role:admin", "Delete a key pair" },
    { "os_compute_api:os-keypairs:other_users", ADMIN, "Work on another user's key pairs" },
    { "os_compute_api:os-server-groups:index", READER, "List server groups" },
    { "os_compute_api:os-server-groups:index:all_projects", ADMIN, "List server groups of all projects" },
    { "os_compute_api:os-server-groups:show", READER, "Show a server group" },
    { "os_compute_api:os-server-groups:create", MEMBER, "Create a server group" },
    { "os_compute_api:os-server-groups:delete", MEMBER, "Delete a server group" },
    { "os_compute_api:os-availability-zone:list", "@", "List availability zones" },
    { "os_compute_api:os-availability-zone:detail", ADMIN, "List availability zones with their hosts" },
    { "os_compute_api:os-hypervisors:list", ADMIN, "List hypervisors" },
    { "os_compute_api:os-hypervisors:list-detail", ADMIN, "List hypervisors with details" },
    { "os_compute_api:os-hypervisors:show", ADMIN, "Show a hypervisor" },
    { "os_compute_api:os-hypervisors:uptime", ADMIN, "Show since when a hypervisor is up" },
    { "os_compute_api:os-hypervisors:search", ADMIN, "Search hypervisors by name" },
    { "os_compute_api:os-hypervisors:servers", ADMIN, "List the servers of hypervisors" },
    { "os_compute_api:os-hypervisors:statistics", ADMIN, "Sum up the hypervisors" },
    { "os_compute_api:os-services:list", ADMIN, "List compute services" },
    { "os_compute_api:os-services:update", ADMIN, "Enable or disable a compute service" },
    { "os_compute_api:os-services:delete", ADMIN, "Forget a compute service that has no servers" },
    { "os_compute_api:limits", "@", "Show one's limits" },
    { "os_compute_api:limits:other_project", ADMIN, "Show another project's limits" },
    { "os_compute_api:os-quota-sets:show", "(role:reader and project_id:%(project_id)s) or role:admin", "Show a project's quota" },
    { "os_compute_api:os-quota-sets:detail", "(role:reader and project_id:%(project_id)s) or role:admin", "Show a project's quota and use" },
    { "os_compute_api:os-quota-sets:defaults", "@", "Show the default quota" },
    { "os_compute_api:os-quota-sets:update", ADMIN, "Set a project's quota" },
    { "os_compute_api:os-quota-sets:delete", ADMIN, "Give a project the default quota again" },
    { "os_compute_api:extensions", "@", "List extensions" },
    { NULL, NULL, NULL },
};

static const struct rest_resource *const resources[] = { &servers_resource, &flavors_resource, NULL };
static const struct rest_route *const routes[] = {
    version_routes, flavor_routes, keypair_routes, server_routes, server_action_routes, server_part_routes, instance_action_routes,
    admin_routes, hypervisor_routes, quota_routes, server_group_routes, NULL,
};
static const struct rest_versioning versioning = {
    .type = "compute", .legacy_header = "X-OpenStack-Nova-API-Version", .min = { 2, 1 }, .max = { 2, 93 },
};

const struct rest_service compute_service = {
    .name = "compute",
    .releases = releases,
    .versioning = &versioning,
    .resources = resources,
    .routes = routes,
    .policies = compute_policies,
    .request_id_headers = { "X-Compute-Request-Id", "X-Openstack-Request-Id", NULL },
    .time_style = REST_TIME_Z,
    .paging = REST_PAGE_NOVA,
    .page_max = 1000,
    .fault = compute_fault,
    .status_of = compute_status,
    .guard = server_guard,
    .not_found = "%s %s could not be found.",
    .unknown_is_error = 1,
    .lone_key = 1,
    .strict_query = 1,
    .strict_since = { 2, 75 },
};
