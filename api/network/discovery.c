/* discovery.c: what the service is: versions, resources, extensions, availability zones. */
#include <config.h>
#include "network/private.h"

#include <string.h>

const struct rest_release network_releases[] = { { "v2.0", "CURRENT", .path = "/v2.0" }, { 0 } };

static int
list_resources(struct rest_call *call, struct cairn_error *err)
{
    static const struct { const char *name, *collection; } all[] = {
        { "network", "networks" }, { "subnet", "subnets" }, { "port", "ports" }, { "security_group", "security-groups" },
        { "security_group_rule", "security-group-rules" }, { "quota", "quotas" }, { "extension", "extensions" }, { "availability_zone", "availability_zones" },
    };

    (void)err;
    jo_object(call->out, NULL);
    jo_array(call->out, "resources");
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        CLEANUP_FREE char *href = rest_url(call, "/v2.0/%s", all[i].collection);

        jo_object(call->out, NULL);
        jo_str(call->out, "name", all[i].name);
        jo_str(call->out, "collection", all[i].collection);
        jo_array(call->out, "links");
        jo_object(call->out, NULL);
        jo_str(call->out, "rel", "self");
        jo_str(call->out, "href", href);
        jo_end_object(call->out);
        jo_end_array(call->out);
        jo_end_object(call->out);
    }
    jo_end_array(call->out);
    jo_end_object(call->out);
    return 0;
}

/* Only what is served whole: clients switch features on by these. */
static const struct { const char *alias, *name, *description, *updated; } extensions[] = {
    { "allowed-address-pairs", "Allowed Address Pairs", "Addresses besides its own that a port may use", "2013-07-23T10:00:00-00:00" },
    { "availability_zone", "Availability Zone", "Zones that hosts are in", "2015-01-01T10:00:00-00:00" },
    { "binding", "Port Binding", "Where a port is plugged in", "2014-02-03T10:00:00-00:00" },
    { "dns-integration", "DNS Integration", "Names of ports", "2015-08-15T18:00:00-00:00" },
    { "external-net", "Neutron external network", "Networks to the outside", "2013-01-14T10:00:00-00:00" },
    { "extra_dhcp_opt", "Neutron Extra DHCP options", "DHCP options of a port", "2013-03-17T12:00:00-00:00" },
    { "ip-substring-filtering", "IP address substring filtering", "Ports by part of an address", "2017-11-28T09:00:00-00:00" },
    { "net-mtu", "Network MTU", "The MTU of a network", "2015-03-25T10:00:00-00:00" },
    { "net-mtu-writable", "Network MTU (writable)", "The MTU of a network can be chosen", "2017-07-12T00:00:00-00:00" },
    { "network_availability_zone", "Network Availability Zone", "Zones that a network reaches", "2015-01-01T10:00:00-00:00" },
    { "pagination", "Pagination support", "limit, marker and links", "2016-06-12T00:00:00-00:00" },
    { "port-security", "Port Security", "Filters of a port can be switched off", "2012-07-23T10:00:00-00:00" },
    { "project-id", "project_id field enabled", "tenant_id is also called project_id", "2016-09-09T09:09:09-09:09" },
    { "provider", "Provider Network", "How a network is carried", "2012-09-07T10:00:00-00:00" },
    { "quota_details", "Quota details management support", "Limits and use", "2017-02-10T10:00:00-00:00" },
    { "quotas", "Quota management support", "Limits of projects", "2012-07-29T10:00:00-00:00" },
    { "revision-if-match", "If-Match constraints based on revision_number", "Changes only to the revision that is meant", "2016-12-11T00:00:00-00:00" },
    { "security-group", "security-group", "Filters of ports", "2012-10-05T10:00:00-00:00" },
    { "sorting", "Sorting support", "sort_key and sort_dir", "2016-06-12T00:00:00-00:00" },
    { "standard-attr-description", "standard-attr-description", "Descriptions", "2016-02-10T10:00:00-00:00" },
    { "standard-attr-revisions", "Resource revision numbers", "revision_number counts changes", "2016-04-11T10:00:00-00:00" },
    { "standard-attr-tag", "Tag support for resources with standard attribute: network, port, security_group, subnet", "Tags", "2017-01-01T00:00:00-00:00" },
    { "standard-attr-timestamp", "Resource timestamps", "created_at and updated_at", "2016-09-12T10:00:00-00:00" },
    { "stateful-security-group", "Stateful security group", "Groups that do not follow connections", "2019-11-26T09:00:00-00:00" },
    { "subnet-service-types", "Subnet service types", "Subnets for ports of certain owners", "2016-03-15T18:00:00-00:00" },
};

static void
emit_extension(struct json_out *out, const char *key, size_t i)
{
    jo_object(out, key);
    jo_str(out, "alias", extensions[i].alias);
    jo_str(out, "name", extensions[i].name);
    jo_str(out, "description", extensions[i].description);
    jo_str(out, "updated", extensions[i].updated);
    jo_array(out, "links");
    jo_end_array(out);
    jo_end_object(out);
}

static int
list_extensions(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    jo_object(call->out, NULL);
    jo_array(call->out, "extensions");
    for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
        emit_extension(call->out, NULL, i);
    jo_end_array(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
show_extension(struct rest_call *call, struct cairn_error *err)
{
    const char *alias = rest_param(call, "alias");

    for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
        if (strcmp(extensions[i].alias, alias) == 0) {
            jo_object(call->out, NULL);
            emit_extension(call->out, "extension", i);
            jo_end_object(call->out);
            return 0;
        }
    return cairn_fail_tag(err, CAIRN_NOT_FOUND, "ExtensionNotFound", "Extension with alias %.64s does not exist", alias);
}

static int
list_zones(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int more;

    if (tx_query(call->tx, &r, err, "select availability_zone as zone, max(enabled) as enabled from hosts group by availability_zone order by availability_zone", "") < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "availability_zones");
    while ((more = rows_next(r, err)) > 0) {
        jo_object(call->out, NULL);
        jo_str(call->out, "name", row_text(r, "zone"));
        jo_str(call->out, "resource", "network");
        jo_str(call->out, "state", row_int(r, "enabled") ? "available" : "unavailable");
        jo_end_object(call->out);
    }
    jo_end_array(call->out);
    jo_end_object(call->out);
    return more;
}

const struct rest_route network_discovery_routes[] = {
    { .method = "GET", .path = "/", .flags = REST_DISCOVERY, .handle = rest_releases },
    { .method = "GET", .path = "/v2.0", .rule = "list_resources", .handle = list_resources },
    { .method = "GET", .path = "/v2.0/extensions", .rule = "get_extension", .handle = list_extensions },
    { .method = "GET", .path = "/v2.0/extensions/{alias}", .rule = "get_extension", .handle = show_extension },
    { .method = "GET", .path = "/v2.0/availability_zones", .rule = "get_availability_zone", .handle = list_zones },
    { 0 },
};
