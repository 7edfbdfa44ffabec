/* network_test.c: what the network service promises, through its application. */
#include <config.h>
#include <stdio.h>
#include <string.h>
#include "network/ip.h"
#include "network/network_api.h"
#include "service.h"

static struct http_app *app;

static void
setup(void)
{
    service_begin();
    app = service_app(&network_service);
}

static const struct wire_reply *
ask(struct auth *who, const char *method, const char *path, const char *query, const char *body)
{
    return wire_ask(app, who, method, path, query, NULL, body);
}

static const json_t *
fault(const struct wire_reply *r)
{
    return json_object_get(r->json, "NeutronError");
}

#define ASSERT_FAULT(r, want, type_, part) do { const struct wire_reply *r_ = (r); ASSERT_STATUS(r_, want); \
    ck_assert_msg(str_eq(json_str(fault(r_), "type"), (type_)) && strstr(json_str(fault(r_), "message"), (part)) != NULL, "%s", r_->text); } while (0)

/* Asks, expects 'status', and answers the object's attribute as a copy. */
static char *
create(struct auth *who, const char *path, const char *key, const char *attr, const char *fmt, ...)
{
    const struct wire_reply *r;
    char body[2048];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(body, sizeof body, fmt, ap);
    va_end(ap);
    r = ask(who, "POST", path, NULL, body);
    ASSERT_STATUS(r, 201);
    return xstrdup(json_str(json_object_get(r->json, key), attr));
}

static char *
network(struct auth *who)
{
    return create(who, "/v2.0/networks", "network", "id", "{\"network\": {\"name\": \"net\"}}");
}

static char *
subnet(const char *network_id, const char *cidr, const char *more)
{
    return create(member, "/v2.0/subnets", "subnet", "id", "{\"subnet\": {\"network_id\": \"%s\", \"ip_version\": %d, \"cidr\": \"%s\"%s}}", network_id,
                  strchr(cidr, ':') != NULL ? 6 : 4, cidr, more);
}

static const struct wire_reply *
post_port(struct auth *who, const char *network_id, const char *more)
{
    CLEANUP_FREE char *body = xasprintf("{\"port\": {\"network_id\": \"%s\"%s}}", network_id, more);

    return ask(who, "POST", "/v2.0/ports", NULL, body);
}

static const struct wire_reply *
show(struct auth *who, const char *collection, const char *id)
{
    CLEANUP_FREE char *path = xasprintf("/v2.0/%s/%s", collection, id);

    return ask(who, "GET", path, NULL, NULL);
}

static const struct wire_reply *
drop(struct auth *who, const char *collection, const char *id)
{
    CLEANUP_FREE char *path = xasprintf("/v2.0/%s/%s", collection, id);

    return ask(who, "DELETE", path, NULL, NULL);
}

static const struct wire_reply *
put(struct auth *who, const char *collection, const char *id, const char *body)
{
    CLEANUP_FREE char *path = xasprintf("/v2.0/%s/%s", collection, id);

    return ask(who, "PUT", path, NULL, body);
}

static int
count(struct auth *who, const char *collection, const char *key, const char *query)
{
    CLEANUP_FREE char *path = xasprintf("/v2.0/%s", collection);
    const struct wire_reply *r = ask(who, "GET", path, query, NULL);

    ASSERT_STATUS(r, 200);
    return (int)json_array_size(json_object_get(r->json, key));
}

/* --- numbers */

START_TEST(addresses_are_numbers)
{
    char text[ADDRESS_TEXT];
    struct prefix p, q;
    struct ip ip;
    ip_number first, last;

    ck_assert_int_eq(prefix_parse("10.1.2.0/24", &p), 0);
    ck_assert_int_eq(ip_parse("10.1.2.255", &ip), 0);
    ck_assert_int_eq(prefix_has(&p, &ip), 1);
    prefix_hosts(&p, &first, &last);
    ck_assert_str_eq(ip_text(4, first, text), "10.1.2.1");
    ck_assert_str_eq(ip_text(4, last, text), "10.1.2.254");
    ck_assert_int_eq(prefix_parse("10.1.0.0/16", &q), 0);
    ck_assert_int_eq(prefix_overlap(&p, &q), 1);
    ck_assert_int_eq(prefix_parse("::/0", &q), 0);
    ck_assert_int_eq(prefix_overlap(&p, &q), 0);
    ck_assert_int_eq(prefix_parse("2001:db8::/64", &p), 0);
    ck_assert_str_eq(ip_text(6, prefix_eui64(&p, "fa:16:3e:12:34:56"), text), "2001:db8::f816:3eff:fe12:3456");
    prefix_hosts(&p, &first, &last);
    ck_assert_str_eq(ip_text(6, last, text), "2001:db8::ffff:ffff:ffff:ffff");
    ck_assert_int_eq(prefix_parse("10.0.0.0/33", &p), -1);
    ck_assert_int_eq(prefix_parse("10.0.0/8", &p), -1);
}
END_TEST

/* --- networks */

START_TEST(discovery_is_open_and_extensions_are_shown)
{
    const struct wire_reply *r = ask(NULL, "GET", "/", NULL, NULL);

    ASSERT_STATUS(r, 200);
    ck_assert_str_eq(json_str(json_array_get(json_object_get(r->json, "versions"), 0), "id"), "v2.0");
    ASSERT_STATUS(ask(NULL, "GET", "/v2.0", NULL, NULL), 401);
    ASSERT_STATUS(ask(member, "GET", "/v2.0", NULL, NULL), 200);
    ASSERT_STATUS(ask(member, "GET", "/v2.0/extensions/security-group", NULL, NULL), 200);
    ASSERT_FAULT(ask(member, "GET", "/v2.0/extensions/router", NULL, NULL), 404, "ExtensionNotFound", "router");
}
END_TEST

START_TEST(a_network_has_what_clients_expect)
{
    static const char *const keys[] = { "id", "name", "tenant_id", "project_id", "admin_state_up", "mtu", "status", "shared", "router:external", "subnets", "tags",
        "availability_zones", "availability_zone_hints", "description", "port_security_enabled", "created_at", "updated_at", "revision_number" };
    CLEANUP_FREE char *id = network(member);
    const struct wire_reply *r = show(member, "networks", id);
    json_t *n = json_object_get(r->json, "network");

    ASSERT_STATUS(r, 200);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        ck_assert_msg(json_object_get(n, keys[i]) != NULL, "no %s in %s", keys[i], r->text);
    ck_assert_str_eq(json_str(n, "status"), "ACTIVE");
    ck_assert_int_eq((int)json_int(n, "mtu", 0), 1500);
    ck_assert_ptr_null(json_object_get(n, "provider:network_type"));
    ck_assert_str_eq(json_str(json_object_get(show(admin, "networks", id)->json, "network"), "provider:network_type"), "local");
    ASSERT_FAULT(show(stranger, "networks", id), 404, "NetworkNotFound", "could not be found");
    ASSERT_STATUS(put(member, "networks", id, "{\"network\": {\"name\": \"new\", \"admin_state_up\": false}}"), 200);
    ASSERT_STATUS(put(reader, "networks", id, "{\"network\": {\"name\": \"new\"}}"), 403);
    ASSERT_STATUS(put(member, "networks", id, "{\"network\": {\"shared\": true}}"), 403);
    ASSERT_STATUS(put(admin, "networks", id, "{\"network\": {\"shared\": true}}"), 200);
    ASSERT_STATUS(show(stranger, "networks", id), 200);
    ASSERT_STATUS(put(stranger, "networks", id, "{\"network\": {\"name\": \"x\"}}"), 403);
    ASSERT_STATUS(drop(stranger, "networks", id), 403);
    ck_assert_int_eq(count(stranger, "networks", "networks", "shared=True"), 1);
    ck_assert_int_eq(count(stranger, "networks", "networks", "router:external=True"), 0);
    ASSERT_STATUS(drop(member, "networks", id), 204);
}
END_TEST

START_TEST(a_network_of_another_project_is_only_an_admins_to_make)
{
    ASSERT_FAULT(ask(member, "POST", "/v2.0/networks", NULL, "{\"network\": {\"tenant_id\": \"" P2 "\"}}"), 403, "PolicyNotAuthorized", "create_network");
    ASSERT_STATUS(ask(member, "POST", "/v2.0/networks", NULL, "{\"network\": {\"project_id\": \"" P2 "\"}}"), 403);
    ASSERT_STATUS(ask(admin, "POST", "/v2.0/networks", NULL, "{\"network\": {\"tenant_id\": \"" P2 "\"}}"), 201);
    ck_assert_int_eq(count(stranger, "networks", "networks", NULL), 1);
    ck_assert_int_eq(count(admin, "networks", "networks", "project_id=" P2), 1);
}
END_TEST

static const struct { const char *attrs; int status; const char *type, *says; } providers[] = {
    { "\"provider:network_type\": \"flat\", \"provider:physical_network\": \"public\"", 201, NULL, NULL },
    { "\"provider:network_type\": \"vlan\", \"provider:physical_network\": \"public\", \"provider:segmentation_id\": 7", 201, NULL, NULL },
    { "\"provider:network_type\": \"vlan\", \"provider:physical_network\": \"public\"", 201, NULL, NULL },
    { "\"provider:network_type\": \"vxlan\"", 201, NULL, NULL },
    { "\"provider:network_type\": \"flat\"", 400, "InvalidInput", "physical_network required" },
    { "\"provider:network_type\": \"flat\", \"provider:physical_network\": \"moon\"", 400, "InvalidInput", "unknown for flat" },
    { "\"provider:network_type\": \"vlan\", \"provider:physical_network\": \"public\", \"provider:segmentation_id\": 4095", 400, "InvalidInput", "out of range" },
    { "\"provider:network_type\": \"local\", \"provider:segmentation_id\": 4", 400, "InvalidInput", "segmentation_id specified" },
    { "\"provider:network_type\": \"gre\"", 400, "HTTPBadRequest", "is not one of" },
    { "\"provider:segmentation_id\": 4", 400, "InvalidInput", "network_type required" },
    { "\"mtu\": 1501", 400, "InvalidInput", "maximum is 1500" },
    { "\"mtu\": 1400", 201, NULL, NULL },
    { "\"mtu\": 67", 400, "InvalidInput", "at least 68" },
    { "\"dns_domain\": \"cloud.example.\"", 201, NULL, NULL },
    { "\"dns_domain\": \"a\\nserver=6.6.6.6\"", 400, "InvalidInput", "not a valid" },
    { "\"bogus\": 1", 400, "HTTPBadRequest", "bogus" },
    { "\"availability_zone_hints\": [\"moon\"]", 404, "AvailabilityZoneNotFound", "moon" },
};

START_TEST(how_a_network_is_carried_is_checked)
{
    CLEANUP_FREE char *body = xasprintf("{\"network\": {%s}}", providers[_i].attrs);
    const struct wire_reply *r = ask(admin, "POST", "/v2.0/networks", NULL, body);

    ASSERT_STATUS(r, providers[_i].status);
    if (providers[_i].type != NULL)
        ASSERT_FAULT(r, providers[_i].status, providers[_i].type, providers[_i].says);
    if (strstr(providers[_i].attrs, "provider:") != NULL && providers[_i].status == 201) {
        if (strstr(providers[_i].attrs, "flat") != NULL)
            ASSERT_FAULT(ask(admin, "POST", "/v2.0/networks", NULL, body), 409, "FlatNetworkInUse", "in use");
        ASSERT_STATUS(ask(member, "POST", "/v2.0/networks", NULL, body), 403);
    }
}
END_TEST

START_TEST(networks_stop_at_the_quota)
{
    ASSERT_STATUS(ask(member, "PUT", "/v2.0/quotas/" P1, NULL, "{\"quota\": {\"network\": 2}}"), 403);
    ASSERT_STATUS(ask(admin, "PUT", "/v2.0/quotas/" P1, NULL, "{\"quota\": {\"network\": 2}}"), 200);
    ASSERT_FAULT(ask(member, "POST", "/v2.0/networks", NULL, "{\"networks\": [{}, {}, {}]}"), 409, "OverQuota", "Quota exceeded for resources: ['network']");
    ck_assert_int_eq(count(member, "networks", "networks", NULL), 0);
    ASSERT_STATUS(ask(member, "POST", "/v2.0/networks", NULL, "{\"networks\": [{}, {}]}"), 201);
    ASSERT_FAULT(ask(member, "POST", "/v2.0/networks", NULL, "{\"network\": {}}"), 409, "OverQuota", "['network']");
    ck_assert_int_eq((int)json_int(json_object_get(ask(member, "GET", "/v2.0/quotas/" P1, NULL, NULL)->json, "quota"), "network", 0), 2);
    ck_assert_int_eq((int)json_int(json_object_get(json_object_get(ask(member, "GET", "/v2.0/quotas/" P1 "/details.json", NULL, NULL)->json, "quota"), "network"), "used", 0), 2);
    ASSERT_STATUS(ask(member, "GET", "/v2.0/quotas/" P2, NULL, NULL), 403);
    ASSERT_STATUS(ask(member, "GET", "/v2.0/quotas", NULL, NULL), 403);
    ck_assert_int_eq(count(admin, "quotas", "quotas", NULL), 1);
    ASSERT_STATUS(ask(admin, "DELETE", "/v2.0/quotas/" P1, NULL, NULL), 204);
    ASSERT_STATUS(ask(admin, "DELETE", "/v2.0/quotas/" P1, NULL, NULL), 404);
    ck_assert_int_eq((int)json_int(json_object_get(ask(member, "GET", "/v2.0/quotas/" P1, NULL, NULL)->json, "quota"), "network", 0), 100);
    ASSERT_STATUS(ask(admin, "PUT", "/v2.0/quotas/" P1, NULL, "{\"quota\": {\"network\": -2}}"), 400);
}
END_TEST

/* --- subnets */

START_TEST(a_subnet_gets_gateway_pools_and_a_dhcp_port)
{
    CLEANUP_FREE char *net = network(member);
    CLEANUP_FREE char *id = subnet(net, "10.0.0.0/24", "");
    json_t *s = json_object_get(show(member, "subnets", id)->json, "subnet"), *pool = json_array_get(json_object_get(s, "allocation_pools"), 0), *port;

    ck_assert_str_eq(json_str(s, "gateway_ip"), "10.0.0.1");
    ck_assert_str_eq(json_str(pool, "start"), "10.0.0.2");
    ck_assert_str_eq(json_str(pool, "end"), "10.0.0.254");
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(json_object_get(show(member, "networks", net)->json, "network"), "subnets"), 0)), id);
    port = json_array_get(json_object_get(ask(member, "GET", "/v2.0/ports", "device_owner=network:dhcp", NULL)->json, "ports"), 0);
    ck_assert_str_eq(json_str(json_array_get(json_object_get(port, "fixed_ips"), 0), "ip_address"), "10.0.0.2");
    {
        CLEANUP_FREE char *port_id = xstrdup(json_str(port, "id"));

        ASSERT_FAULT(drop(member, "ports", port_id), 409, "ServicePortInUse", "network:dhcp");
        ASSERT_FAULT(put(member, "ports", port_id, "{\"port\": {\"fixed_ips\": []}}"), 409, "ServicePortInUse", "network:dhcp");
    }
    ASSERT_STATUS(put(member, "subnets", id, "{\"subnet\": {\"enable_dhcp\": false}}"), 200);
    ck_assert_int_eq(count(member, "ports", "ports", NULL), 0);
    ASSERT_STATUS(put(member, "subnets", id, "{\"subnet\": {\"enable_dhcp\": true}}"), 200);
    ck_assert_int_eq(count(member, "ports", "ports", NULL), 1);
    ASSERT_STATUS(drop(member, "subnets", id), 204);
    ck_assert_int_eq(count(member, "ports", "ports", NULL), 0);
    ASSERT_STATUS(drop(member, "networks", net), 204);
}
END_TEST

static const struct { const char *attrs; int status; const char *type, *says; } subnets_[] = {
    { "\"cidr\": \"10.0.0.0/24\", \"gateway_ip\": null", 201, NULL, NULL },
    { "\"cidr\": \"10.0.0.0/24\", \"gateway_ip\": \"10.0.0.254\"", 201, NULL, NULL },
    { "\"cidr\": \"10.0.0.0/24\", \"gateway_ip\": \"10.0.0.255\"", 400, "InvalidInput", "Gateway is not valid" },
    { "\"cidr\": \"10.0.0.0/24\", \"gateway_ip\": \"10.0.1.1\"", 400, "InvalidInput", "Gateway is not valid" },
    { "\"cidr\": \"10.0.0.0/24\", \"gateway_ip\": \"fe80::1\"", 400, "InvalidInput", "does not match the ip_version" },
    { "\"cidr\": \"10.0.0.0/24\", \"allocation_pools\": [{\"start\": \"10.0.0.10\", \"end\": \"10.0.0.20\"}]", 201, NULL, NULL },
    { "\"cidr\": \"10.0.0.0/24\", \"allocation_pools\": [{\"start\": \"10.0.0.1\", \"end\": \"10.0.0.20\"}]", 409, "GatewayConflictWithAllocationPools", "10.0.0.1" },
    { "\"cidr\": \"10.0.0.0/24\", \"allocation_pools\": [{\"start\": \"10.0.0.30\", \"end\": \"10.0.0.20\"}]", 400, "InvalidAllocationPool", "10.0.0.30" },
    { "\"cidr\": \"10.0.0.0/24\", \"allocation_pools\": [{\"start\": \"10.0.0.30\", \"end\": \"10.0.1.20\"}]", 400, "OutOfBoundsAllocationPool", "10.0.1.20" },
    { "\"cidr\": \"10.0.0.0/24\", \"allocation_pools\": [{\"start\": \"10.0.0.30\", \"end\": \"10.0.0.40\"}, {\"start\": \"10.0.0.40\", \"end\": \"10.0.0.50\"}]", 409,
      "OverlappingAllocationPools", "overlap" },
    { "\"cidr\": \"10.0.0.1/24\"", 400, "HTTPBadRequest", "'10.0.0.0/24' is recommended" },
    { "\"cidr\": \"0.0.0.0/0\"", 400, "InvalidInput", "prefix length" },
    { "\"cidr\": \"2001:db8::/64\"", 400, "InvalidInput", "does not match the ip_version" },
    { "\"name\": \"x\"", 400, "BadSubnetsRequest", "cidr" },
    { "\"cidr\": \"10.0.0.0/24\", \"dns_nameservers\": [\"8.8.8.8\", \"1.1.1.1\"]", 201, NULL, NULL },
    { "\"cidr\": \"10.0.0.0/24\", \"dns_nameservers\": [\"dns.example\"]", 400, "HTTPBadRequest", "not a valid IP" },
    { "\"cidr\": \"10.0.0.0/24\", \"dns_nameservers\": [\"2001:db8::1\"]", 400, "InvalidInput", "ip_version" },
    { "\"cidr\": \"10.0.0.0/24\", \"host_routes\": [{\"destination\": \"10.20.0.0/24\", \"nexthop\": \"10.0.0.9\"}]", 201, NULL, NULL },
    { "\"cidr\": \"10.0.0.0/24\", \"host_routes\": [{\"destination\": \"10.20.0.0/24\"}]", 400, "HTTPBadRequest", "nexthop" },
    { "\"cidr\": \"10.0.0.0/24\", \"ipv6_ra_mode\": \"slaac\"", 400, "InvalidInput", "ip_version is 4" },
    { "\"cidr\": \"224.0.0.0/24\"", 400, "InvalidInput", "multicast" },
    { "\"cidr\": \"10.0.0.0/24\", \"ip_version\": 5", 400, "HTTPBadRequest", "ip_version" },
    { "\"cidr\": \"10.0.0.0/31\", \"gateway_ip\": null, \"enable_dhcp\": false", 201, NULL, NULL },
};

START_TEST(subnets_are_checked)
{
    CLEANUP_FREE char *net = network(member);
    CLEANUP_FREE char *body = xasprintf("{\"subnet\": {\"network_id\": \"%s\"%s, %s}}", net, strstr(subnets_[_i].attrs, "ip_version") ? "" : ", \"ip_version\": 4", subnets_[_i].attrs);
    const struct wire_reply *r = ask(member, "POST", "/v2.0/subnets", NULL, body);

    ASSERT_STATUS(r, subnets_[_i].status);
    if (subnets_[_i].type != NULL)
        ASSERT_FAULT(r, subnets_[_i].status, subnets_[_i].type, subnets_[_i].says);
}
END_TEST

START_TEST(subnets_of_a_network_do_not_overlap)
{
    CLEANUP_FREE char *net = network(member), *other = network(member);
    CLEANUP_FREE char *first = subnet(net, "10.0.0.0/16", "");
    CLEANUP_FREE char *body = xasprintf("{\"subnet\": {\"network_id\": \"%s\", \"ip_version\": 4, \"cidr\": \"10.0.7.0/24\"}}", net);
    CLEANUP_FREE char *theirs = NULL;

    free(subnet(other, "10.0.0.0/16", ""));
    ASSERT_FAULT(ask(member, "POST", "/v2.0/subnets", NULL, body), 400, "InvalidInput", "overlaps with another subnet");
    theirs = xasprintf("{\"subnet\": {\"network_id\": \"%s\", \"ip_version\": 4, \"cidr\": \"10.9.7.0/24\"}}", net);
    ASSERT_FAULT(ask(stranger, "POST", "/v2.0/subnets", NULL, theirs), 404, "NetworkNotFound", "could not be found");
    ASSERT_STATUS(show(stranger, "subnets", first), 404);
}
END_TEST

START_TEST(ipv6_modes_must_agree)
{
    static const struct { const char *ra, *address; int status; } modes[] = {
        { "slaac", "slaac", 201 }, { "dhcpv6-stateless", "dhcpv6-stateless", 201 }, { "dhcpv6-stateful", "dhcpv6-stateful", 201 },
        { "slaac", "dhcpv6-stateful", 400 }, { "dhcpv6-stateless", "slaac", 400 }, { "dhcpv6-stateful", "dhcpv6-stateless", 400 },
    };
    CLEANUP_FREE char *net = network(member);
    CLEANUP_FREE char *body = xasprintf("{\"subnet\": {\"network_id\": \"%s\", \"ip_version\": 6, \"cidr\": \"2001:db8::/64\", \"ipv6_ra_mode\": \"%s\", \"ipv6_address_mode\": \"%s\"}}",
                                        net, modes[_i].ra, modes[_i].address);

    ASSERT_STATUS(ask(member, "POST", "/v2.0/subnets", NULL, body), modes[_i].status);
}
END_TEST

/* --- ports */

START_TEST(a_port_has_what_clients_expect)
{
    static const char *const keys[] = { "id", "name", "network_id", "tenant_id", "project_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner", "fixed_ips",
        "allowed_address_pairs", "extra_dhcp_opts", "security_groups", "description", "binding:vnic_type", "port_security_enabled", "dns_name", "dns_assignment", "tags",
        "created_at", "updated_at", "revision_number" };
    CLEANUP_FREE char *net = network(member);
    CLEANUP_FREE char *sub = subnet(net, "10.0.0.0/24", "");
    const struct wire_reply *r = post_port(member, net, "");
    json_t *p = json_object_get(r->json, "port"), *ip;
    struct prefix range;
    struct ip address;
    CLEANUP_FREE char *id = NULL;

    ASSERT_STATUS(r, 201);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        ck_assert_msg(json_object_get(p, keys[i]) != NULL, "no %s in %s", keys[i], r->text);
    ck_assert_ptr_null(json_object_get(p, "binding:host_id"));
    ck_assert(str_starts(json_str(p, "mac_address"), "fa:16:3e:"));
    ck_assert_int_eq((int)json_array_size(json_object_get(p, "security_groups")), 1);
    ip = json_array_get(json_object_get(p, "fixed_ips"), 0);
    ck_assert_str_eq(json_str(ip, "subnet_id"), sub);
    ck_assert_int_eq(prefix_parse("10.0.0.0/24", &range), 0);
    ck_assert_int_eq(ip_parse(json_str(ip, "ip_address"), &address), 0);
    ck_assert_int_eq(prefix_has(&range, &address), 1);
    id = xstrdup(json_str(p, "id"));
    ck_assert_ptr_nonnull(json_object_get(json_object_get(show(admin, "ports", id)->json, "port"), "binding:vif_type"));
    ASSERT_FAULT(show(stranger, "ports", id), 404, "PortNotFound", "could not be found");
    ASSERT_FAULT(drop(member, "networks", net), 409, "NetworkInUse", "There are one or more ports still in use on the network");
    ASSERT_FAULT(drop(member, "subnets", sub), 409, "SubnetInUse", "One or more ports have an IP allocation");
    ASSERT_STATUS(put(member, "ports", id, "{\"port\": {\"name\": \"p\", \"admin_state_up\": false, \"security_groups\": []}}"), 200);
    ck_assert_int_eq((int)json_array_size(json_object_get(json_object_get(show(member, "ports", id)->json, "port"), "security_groups")), 0);
    ASSERT_STATUS(drop(member, "ports", id), 204);
    ASSERT_STATUS(drop(member, "networks", net), 204);
    ck_assert_int_eq(count(admin, "ports", "ports", NULL), 0);
    ck_assert_int_eq(count(admin, "subnets", "subnets", NULL), 0);
}
END_TEST

START_TEST(addresses_are_given_once)
{
    CLEANUP_FREE char *net = network(member);
    CLEANUP_FREE char *sub = subnet(net, "10.0.0.0/29", "");        /* .1 gateway, .2 DHCP, .3 to .6 for ports */

    ASSERT_STATUS(post_port(member, net, ", \"fixed_ips\": [{\"ip_address\": \"10.0.0.5\"}]"), 201);
    ASSERT_FAULT(post_port(member, net, ", \"fixed_ips\": [{\"ip_address\": \"10.0.0.5\"}]"), 409, "IpAddressAlreadyAllocated", "10.0.0.5");
    ASSERT_FAULT(post_port(member, net, ", \"fixed_ips\": [{\"ip_address\": \"10.0.1.5\"}]"), 400, "InvalidIpForNetwork", "10.0.1.5");
    ASSERT_FAULT(post_port(member, net, ", \"fixed_ips\": [{\"ip_address\": \"10.0.0.7\"}]"), 400, "InvalidIpForSubnet", "10.0.0.7");
    ASSERT_FAULT(post_port(member, net, ", \"fixed_ips\": [{\"subnet_id\": \"00000000-0000-4000-8000-000000000000\"}]"), 400, "InvalidInput", "invalid subnet");
    ASSERT_FAULT(post_port(member, net, ", \"fixed_ips\": [{}]"), 400, "InvalidInput", "subnet_id or ip_address");
    for (int i = 0; i < 3; i++)
        ASSERT_STATUS(post_port(member, net, ""), 201);
    ASSERT_FAULT(post_port(member, net, ""), 409, "IpAddressGenerationFailure", "No more IP addresses available on network");
    ASSERT_STATUS(post_port(member, net, ", \"fixed_ips\": []"), 201);
    ck_assert_int_eq(count(member, "ports", "ports", "fixed_ips=ip_address=10.0.0.5"), 1);
    ck_assert_int_eq(count(member, "ports", "ports", "fixed_ips=ip_address_substr=10.0.0."), 5);
    ck_assert_int_eq(count(member, "ports", "ports", "fixed_ips=ip_address=10.0.0.5&fixed_ips=ip_address=10.0.0.2"), 2);
    {
        CLEANUP_FREE char *query = xasprintf("fixed_ips=ip_address=10.0.0.5&fixed_ips=subnet_id=%s", sub);

        ck_assert_int_eq(count(member, "ports", "ports", query), 1);
    }
    ASSERT_STATUS(ask(member, "GET", "/v2.0/ports", "fixed_ips=nonsense", NULL), 400);
}
END_TEST

START_TEST(a_port_keeps_the_addresses_that_still_fit)
{
    CLEANUP_FREE char *net = network(member), *id = NULL, *one = NULL, *both = NULL, *before = NULL;
    CLEANUP_FREE char *a = subnet(net, "10.0.0.0/24", ""), *b = subnet(net, "10.1.0.0/24", "");
    json_t *ips;

    id = create(member, "/v2.0/ports", "port", "id", "{\"port\": {\"network_id\": \"%s\", \"fixed_ips\": [{\"subnet_id\": \"%s\"}, {\"subnet_id\": \"%s\"}]}}", net, a, b);
    one = xasprintf("{\"port\": {\"fixed_ips\": [{\"subnet_id\": \"%s\"}]}}", a);
    both = xasprintf("{\"port\": {\"fixed_ips\": [{\"subnet_id\": \"%s\"}, {\"subnet_id\": \"%s\"}]}}", a, b);
    before = xstrdup(json_str(json_array_get(json_object_get(json_object_get(show(member, "ports", id)->json, "port"), "fixed_ips"), 0), "ip_address"));
    ips = json_object_get(json_object_get(put(member, "ports", id, one)->json, "port"), "fixed_ips");
    ck_assert_int_eq((int)json_array_size(ips), 1);
    ck_assert_str_eq(json_str(json_array_get(ips, 0), "ip_address"), before);
    ips = json_object_get(json_object_get(put(member, "ports", id, both)->json, "port"), "fixed_ips");
    ck_assert_int_eq((int)json_array_size(ips), 2);
    ck_assert_str_eq(json_str(json_array_get(ips, 0), "ip_address"), before);
}
END_TEST

START_TEST(slaac_addresses_come_by_themselves)
{
    CLEANUP_FREE char *net = network(member), *port = NULL, *sub = NULL;
    json_t *p;

    free(subnet(net, "10.0.0.0/24", ""));
    port = create(member, "/v2.0/ports", "port", "id", "{\"port\": {\"network_id\": \"%s\", \"mac_address\": \"fa:16:3e:12:34:56\"}}", net);
    sub = subnet(net, "2001:db8::/64", ", \"ipv6_ra_mode\": \"slaac\", \"ipv6_address_mode\": \"slaac\"");
    p = json_object_get(show(member, "ports", port)->json, "port");
    ck_assert_int_eq((int)json_array_size(json_object_get(p, "fixed_ips")), 2);
    ck_assert_str_eq(json_str(json_array_get(json_object_get(p, "fixed_ips"), 1), "ip_address"), "2001:db8::f816:3eff:fe12:3456");
    p = json_object_get(post_port(member, net, ", \"mac_address\": \"fa:16:3e:12:34:57\"")->json, "port");
    ck_assert_int_eq((int)json_array_size(json_object_get(p, "fixed_ips")), 2);
    ASSERT_FAULT(post_port(member, net, ", \"mac_address\": \"fa:16:3e:12:34:57\""), 409, "MacAddressInUse", "fa:16:3e:12:34:57");
    ASSERT_STATUS(drop(member, "subnets", sub), 204);
}
END_TEST

static const struct { const char *attrs; int status; const char *type; } port_cases[] = {
    { "\"allowed_address_pairs\": [{\"ip_address\": \"10.0.0.9\"}, {\"ip_address\": \"10.9.0.0/16\", \"mac_address\": \"fa:16:3e:00:00:01\"}]", 201, NULL },
    { "\"allowed_address_pairs\": [{\"ip_address\": \"10.0.0.9\"}, {\"ip_address\": \"10.0.0.9\"}]", 400, "DuplicateAddressPairInRequest" },
    { "\"allowed_address_pairs\": [{\"ip_address\": \"moon\"}]", 400, "InvalidInput" },
    { "\"allowed_address_pairs\": [{}]", 400, "HTTPBadRequest" },
    { "\"port_security_enabled\": false, \"allowed_address_pairs\": [{\"ip_address\": \"10.0.0.9\"}]", 409, "AddressPairAndPortSecurityRequired" },
    { "\"port_security_enabled\": false", 201, NULL },
    { "\"port_security_enabled\": false, \"security_groups\": [\"00000000-0000-4000-8000-000000000000\"]", 400, "PortSecurityAndIPRequiredForSecurityGroups" },
    { "\"security_groups\": [\"00000000-0000-4000-8000-000000000000\"]", 404, "SecurityGroupNotFound" },
    { "\"extra_dhcp_opts\": [{\"opt_name\": \"bootfile-name\", \"opt_value\": \"pxelinux.0\"}]", 201, NULL },
    { "\"extra_dhcp_opts\": [{\"opt_name\": \"a\\ndhcp-script=/bin/sh\", \"opt_value\": \"x\"}]", 400, "InvalidInput" },     /* OSSA-2021-005 */
    { "\"extra_dhcp_opts\": [{\"opt_name\": \"a\", \"opt_value\": \"x\\ndhcp-script=/bin/sh\"}]", 400, "InvalidInput" },
    { "\"dns_name\": \"web-1\"", 201, NULL },
    { "\"dns_name\": \"web 1\"", 400, "InvalidInput" },
    { "\"device_owner\": \"network:dhcp\"", 400, "InvalidInput" },
    { "\"binding:host_id\": \"host1\"", 403, "PolicyNotAuthorized" },
    { "\"binding:vnic_type\": \"direct\"", 400, "HTTPBadRequest" },
    { "\"mac_address\": \"fa:16:3e\"", 400, "HTTPBadRequest" },
    { "\"mac_address\": \"FA-16-3E-00-00-09\"", 201, NULL },
};

START_TEST(ports_are_checked)
{
    CLEANUP_FREE char *net = network(member), *more = xasprintf(", %s", port_cases[_i].attrs);
    const struct wire_reply *r = post_port(member, net, more);

    ASSERT_STATUS(r, port_cases[_i].status);
    if (port_cases[_i].type != NULL)
        ck_assert_str_eq(json_str(fault(r), "type"), port_cases[_i].type);
}
END_TEST

START_TEST(guests_of_a_shared_network_get_ports_but_no_privileges)
{
    CLEANUP_FREE char *net = create(admin, "/v2.0/networks", "network", "id", "{\"network\": {\"shared\": true}}");
    CLEANUP_FREE char *outside = create(admin, "/v2.0/networks", "network", "id", "{\"network\": {\"router:external\": true}}");
    CLEANUP_FREE char *theirs = network(stranger);

    ASSERT_STATUS(post_port(member, net, ""), 201);
    ASSERT_STATUS(post_port(member, net, ", \"mac_address\": \"fa:16:3e:00:00:01\""), 403);
    ASSERT_STATUS(post_port(member, net, ", \"port_security_enabled\": false"), 403);                     /* OSSA-2016-009: no way around the filters */
    ASSERT_STATUS(post_port(member, net, ", \"allowed_address_pairs\": [{\"ip_address\": \"10.0.0.1\"}]"), 403);
    ASSERT_STATUS(post_port(member, net, ", \"device_owner\": \"network:router_interface\""), 403);       /* OSSA-2014-... anti-spoofing by owner */
    ASSERT_STATUS(post_port(member, outside, ""), 403);
    ASSERT_FAULT(post_port(member, theirs, ""), 404, "NetworkNotFound", theirs);
    ck_assert_int_eq(count(member, "networks", "networks", "router:external=True"), 1);
    ASSERT_FAULT(put(admin, "networks", net, "{\"network\": {\"shared\": false}}"), 409, "InvalidSharedSetting", "Multiple tenants");
}
END_TEST

START_TEST(ports_of_one_request_come_together)
{
    CLEANUP_FREE char *net = network(member), *body = xasprintf("{\"ports\": [{\"network_id\": \"%s\"}, {\"network_id\": \"%s\"}]}", net, net);

    ASSERT_STATUS(ask(member, "POST", "/v2.0/ports", NULL, body), 201);
    ck_assert_int_eq(count(member, "ports", "ports", NULL), 2);
}
END_TEST

/* --- security groups */

static char *
group(struct auth *who, const char *name)
{
    return create(who, "/v2.0/security-groups", "security_group", "id", "{\"security_group\": {\"name\": \"%s\"}}", name);
}

START_TEST(each_project_has_its_default_group)
{
    const struct wire_reply *r = ask(member, "GET", "/v2.0/security-groups", NULL, NULL);
    json_t *g = json_array_get(json_object_get(r->json, "security_groups"), 0);
    CLEANUP_FREE char *id = NULL;

    ASSERT_STATUS(r, 200);
    ck_assert_str_eq(json_str(g, "name"), "default");
    ck_assert_int_eq((int)json_array_size(json_object_get(g, "security_group_rules")), 4);
    ck_assert_int_eq(count(member, "security-groups", "security_groups", NULL), 1);
    ck_assert_int_eq(count(stranger, "security-groups", "security_groups", "name=default"), 1);
    id = xstrdup(json_str(json_array_get(json_object_get(ask(member, "GET", "/v2.0/security-groups", NULL, NULL)->json, "security_groups"), 0), "id"));
    ASSERT_FAULT(drop(member, "security-groups", id), 409, "SecurityGroupCannotRemoveDefault", "default");
    ASSERT_FAULT(put(member, "security-groups", id, "{\"security_group\": {\"name\": \"mine\"}}"), 409, "SecurityGroupCannotUpdateDefault", "default");
    ASSERT_FAULT(ask(member, "POST", "/v2.0/security-groups", NULL, "{\"security_group\": {\"name\": \"default\"}}"), 409, "SecurityGroupDefaultAlreadyExists", "exists");
    ASSERT_STATUS(drop(admin, "security-groups", id), 204);
}
END_TEST

START_TEST(a_group_lives_and_is_kept_while_used)
{
    CLEANUP_FREE char *id = group(member, "web"), *net = network(member), *more = xasprintf(", \"security_groups\": [\"%s\"]", id), *port = NULL;
    const struct wire_reply *r = show(member, "security-groups", id);

    ck_assert_int_eq((int)json_array_size(json_object_get(json_object_get(r->json, "security_group"), "security_group_rules")), 2);
    ASSERT_FAULT(put(member, "security-groups", id, "{\"security_group\": {\"name\": \"default\"}}"), 409, "SecurityGroupDefaultAlreadyExists", "exists");
    ASSERT_STATUS(put(member, "security-groups", id, "{\"security_group\": {\"name\": \"www\", \"description\": \"d\"}}"), 200);
    r = post_port(member, net, more);
    ASSERT_STATUS(r, 201);
    port = xstrdup(json_str(json_object_get(r->json, "port"), "id"));
    ASSERT_FAULT(drop(member, "security-groups", id), 409, "SecurityGroupInUse", "in use");
    ASSERT_FAULT(put(member, "ports", port, "{\"port\": {\"port_security_enabled\": false}}"), 409, "PortSecurityPortHasSecurityGroup", "security group");
    ASSERT_STATUS(put(member, "ports", port, "{\"port\": {\"port_security_enabled\": false, \"security_groups\": []}}"), 200);
    ASSERT_STATUS(drop(member, "security-groups", id), 204);
    ASSERT_FAULT(show(member, "security-groups", id), 404, "SecurityGroupNotFound", id);
    ck_assert_int_eq(count(member, "ports", "ports", "security_groups=none"), 0);
}
END_TEST

static const struct { const char *attrs; int status; const char *type, *says; } rules[] = {
    { "\"direction\": \"ingress\", \"protocol\": \"tcp\", \"port_range_min\": 22, \"port_range_max\": 22, \"remote_ip_prefix\": \"0.0.0.0/0\"", 201, NULL, NULL },
    { "\"direction\": \"ingress\", \"protocol\": 17", 201, NULL, NULL },
    { "\"direction\": \"ingress\", \"protocol\": \"any\", \"ethertype\": \"ipv6\"", 201, NULL, NULL },
    { "\"direction\": \"ingress\", \"protocol\": \"icmp\", \"port_range_min\": 8, \"port_range_max\": 0", 201, NULL, NULL },
    { "\"direction\": \"ingress\", \"protocol\": \"icmp\", \"port_range_min\": 8", 201, NULL, NULL },
    { "\"direction\": \"sideways\"", 400, "HTTPBadRequest", "is not one of" },
    { "\"direction\": \"ingress\", \"ethertype\": \"bad\"", 400, "HTTPBadRequest", "is not one of" },
    { "\"direction\": \"ingress\", \"protocol\": \"bad_name\"", 400, "SecurityGroupRuleInvalidProtocol", "bad_name" },
    { "\"direction\": \"ingress\", \"protocol\": 256", 400, "SecurityGroupRuleInvalidProtocol", "256" },
    { "\"direction\": \"ingress\", \"protocol\": \"tcp\", \"remote_ip_prefix\": \"192.168.1./24\"", 400, "HTTPBadRequest", "cidr" },
    { "\"direction\": \"ingress\", \"protocol\": \"tcp\", \"remote_ip_prefix\": \"192.168.1.1/33\"", 400, "HTTPBadRequest", "cidr" },
    { "\"direction\": \"ingress\", \"remote_ip_prefix\": \"::/0\"", 400, "SecurityGroupRuleParameterConflict", "Conflicting value ethertype IPv4 for CIDR" },
    { "\"direction\": \"ingress\", \"remote_group_id\": \"bad_group_id\"", 404, "SecurityGroupNotFound", "bad_group_id" },
    { "\"direction\": \"ingress\", \"protocol\": \"tcp\", \"port_range_min\": -16, \"port_range_max\": 80", 400, "SecurityGroupInvalidPortValue", "Invalid value for port -16" },
    { "\"direction\": \"ingress\", \"protocol\": \"tcp\", \"port_range_min\": 80, \"port_range_max\": 79", 400, "SecurityGroupInvalidPortRange", "port_range_min must be <= port_range_max" },
    { "\"direction\": \"ingress\", \"protocol\": \"tcp\", \"port_range_min\": 80, \"port_range_max\": 65536", 400, "SecurityGroupInvalidPortValue", "Invalid value for port 65536" },
    { "\"direction\": \"ingress\", \"protocol\": \"tcp\", \"port_range_min\": null, \"port_range_max\": 6", 400, "SecurityGroupInvalidPortRange", "port_range_min must be <=" },
    { "\"direction\": \"ingress\", \"protocol\": \"icmp\", \"port_range_min\": 1, \"port_range_max\": 256", 400, "SecurityGroupInvalidIcmpValue", "Invalid value for ICMP code" },
    { "\"direction\": \"ingress\", \"protocol\": \"icmp\", \"port_range_max\": 6", 400, "SecurityGroupMissingIcmpType", "ICMP type (port-range-min) is missing" },
    { "\"direction\": \"ingress\", \"protocol\": \"icmp\", \"port_range_min\": 300, \"port_range_max\": 1", 400, "SecurityGroupInvalidIcmpValue", "Invalid value for ICMP type" },
    { "\"direction\": \"ingress\", \"port_range_min\": 1, \"port_range_max\": 2", 400, "SecurityGroupProtocolRequiredWithPorts", "protocol" },
    { "\"direction\": \"ingress\", \"protocol\": \"esp\", \"port_range_min\": 1, \"port_range_max\": 2", 400, "SecurityGroupInvalidProtocolForPort", "esp" },
    { "\"direction\": \"ingress\", \"protocol\": \"icmpv6\"", 400, "SecurityGroupEthertypeConflictWithProtocol", "icmpv6" },
};

START_TEST(rules_are_checked)
{
    CLEANUP_FREE char *id = group(member, "web"), *body = xasprintf("{\"security_group_rule\": {\"security_group_id\": \"%s\", %s}}", id, rules[_i].attrs);
    const struct wire_reply *r = ask(member, "POST", "/v2.0/security-group-rules", NULL, body);

    ASSERT_STATUS(r, rules[_i].status);
    if (rules[_i].type != NULL) {
        ASSERT_FAULT(r, rules[_i].status, rules[_i].type, rules[_i].says);
    } else {
        CLEANUP_FREE char *rule = xstrdup(json_str(json_object_get(r->json, "security_group_rule"), "id"));

        ASSERT_FAULT(ask(member, "POST", "/v2.0/security-group-rules", NULL, body), 409, "SecurityGroupRuleExists", rule);
        ASSERT_FAULT(ask(stranger, "POST", "/v2.0/security-group-rules", NULL, body), 404, "SecurityGroupNotFound", id);
        ASSERT_STATUS(show(stranger, "security-group-rules", rule), 404);
        ASSERT_STATUS(drop(reader, "security-group-rules", rule), 403);
        ASSERT_STATUS(drop(member, "security-group-rules", rule), 204);
    }
}
END_TEST

START_TEST(a_rule_goes_with_the_group_that_it_names)
{
    CLEANUP_FREE char *a = group(member, "a"), *b = group(member, "b");

    free(create(member, "/v2.0/security-group-rules", "security_group_rule", "id",
                "{\"security_group_rule\": {\"security_group_id\": \"%s\", \"direction\": \"ingress\", \"remote_group_id\": \"%s\"}}", a, b));
    ASSERT_STATUS(drop(member, "security-groups", b), 204);
    ck_assert_int_eq((int)json_array_size(json_object_get(json_object_get(show(member, "security-groups", a)->json, "security_group"), "security_group_rules")), 2);
}
END_TEST

START_TEST(a_revision_that_is_not_meant_is_412)
{
    CLEANUP_FREE char *id = network(member), *path = xasprintf("/v2.0/networks/%s", id);

    ASSERT_FAULT(wire_ask(app, member, "PUT", path, NULL, "If-Match: revision_number=7\n", "{\"network\": {\"name\": \"x\"}}"), 412, "RevisionNumberConstraintFailed", "7");
    ASSERT_STATUS(wire_ask(app, member, "PUT", path, NULL, "If-Match: revision_number=0\n", "{\"network\": {\"name\": \"x\"}}"), 200);
}
END_TEST

/* --- what hosts are told */

static int64_t
tasks(const char *kind, const char *host)
{
    struct tx *tx;
    int64_t n = -1;

    ck_assert_int_eq(tx_begin(catalog, TX_READ, &tx, &err), 0);
    ck_assert_int_eq(tx_int(tx, &n, 0, &err, "select count(*) from tasks where kind = ? and host = ?", "ss", kind, host), 0);
    tx_rollback(tx);
    return n;
}

static void
forget_tasks(void)
{
    struct tx *tx;

    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_int_eq(tx_exec(tx, &err, "delete from tasks", ""), 0);
    ck_assert_int_eq(tx_commit(tx, &err), 0);
}

static void
add_host(const char *name, int64_t number)
{
    struct tx *tx;

    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_msg(tx_exec(tx, &err,
                          "insert into hosts (id, number, name, driver, availability_zone, heartbeat_us, hypervisor_type, hypervisor_version, arch, cpu_info, host_ip, vcpus,"
                          " ram_mib, disk_gib, vcpu_ratio, ram_ratio, disk_ratio, reserved_vcpus, reserved_ram_mib, reserved_disk_gib, created_us, updated_us)"
                          " values (?, ?, ?, 'fake', 'nova', 0, 'fake', 1, 'x86_64', '{}', '127.0.0.1', 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0)", "sis", name, number, name) == 0,
                  "%s", err.message);
    ck_assert_int_eq(tx_commit(tx, &err), 0);
}

START_TEST(only_hosts_that_have_the_port_are_told)
{
    CLEANUP_FREE char *net = network(member), *port = NULL;

    add_host("one", 1);
    add_host("two", 2);
    port = create(member, "/v2.0/ports", "port", "id", "{\"port\": {\"network_id\": \"%s\"}}", net);
    ck_assert_int_eq((int)tasks("port-sync", "one"), 0);
    ASSERT_STATUS(put(admin, "ports", port, "{\"port\": {\"binding:host_id\": \"one\"}}"), 200);
    ck_assert_int_eq((int)tasks("port-sync", "one"), 1);
    ck_assert_int_eq((int)tasks("network-sync", "one"), 1);
    ck_assert_int_eq((int)tasks("port-sync", "two"), 0);
    ASSERT_STATUS(put(admin, "ports", port, "{\"port\": {\"binding:host_id\": \"two\"}}"), 200);
    ck_assert_int_eq((int)tasks("port-sync", "two"), 1);
    ASSERT_STATUS(ask(member, "GET", "/v2.0/availability_zones", NULL, NULL), 200);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(json_object_get(show(member, "networks", net)->json, "network"), "availability_zones"), 0)), "nova");
    ASSERT_STATUS(drop(member, "ports", port), 204);
    ck_assert_int_eq(count(member, "ports", "ports", NULL), 0);
}
END_TEST

START_TEST(rules_reach_the_hosts_of_a_groups_members)
{
    CLEANUP_FREE char *id = group(member, "web"), *net = network(member), *port = NULL, *body = NULL;

    add_host("one", 1);
    port = create(member, "/v2.0/ports", "port", "id", "{\"port\": {\"network_id\": \"%s\", \"security_groups\": [\"%s\"]}}", net, id);
    ASSERT_STATUS(put(admin, "ports", port, "{\"port\": {\"binding:host_id\": \"one\"}}"), 200);
    ck_assert_int_eq((int)tasks("group-sync", "one"), 0);
    body = xasprintf("{\"security_group_rule\": {\"security_group_id\": \"%s\", \"direction\": \"ingress\"}}", id);
    ASSERT_STATUS(ask(member, "POST", "/v2.0/security-group-rules", NULL, body), 201);      /* OSSA-2015-021: running servers get new rules */
    ck_assert_int_eq((int)tasks("group-sync", "one"), 1);
}
END_TEST

START_TEST(a_hosts_last_port_of_a_group_tells_it_when_it_goes)
{
    CLEANUP_FREE char *id = group(member, "web"), *net = network(member), *port = NULL;

    add_host("one", 1);
    port = create(member, "/v2.0/ports", "port", "id", "{\"port\": {\"network_id\": \"%s\", \"security_groups\": [\"%s\"]}}", net, id);
    ASSERT_STATUS(put(admin, "ports", port, "{\"port\": {\"binding:host_id\": \"one\"}}"), 200);
    forget_tasks();
    ASSERT_STATUS(drop(member, "ports", port), 204);
    ck_assert_int_eq((int)tasks("port-sync", "one"), 1);
    ck_assert_int_eq((int)tasks("group-sync", "one"), 1);
    ck_assert_int_eq((int)tasks("network-sync", "one"), 1);
}
END_TEST

START_TEST(a_rule_that_goes_tells_the_hosts_of_the_group_it_named)
{
    CLEANUP_FREE char *id = group(member, "web"), *friends = group(member, "friends"), *net = network(member), *port = NULL, *rule = NULL;

    add_host("one", 1);
    port = create(member, "/v2.0/ports", "port", "id", "{\"port\": {\"network_id\": \"%s\", \"security_groups\": [\"%s\"]}}", net, id);
    ASSERT_STATUS(put(admin, "ports", port, "{\"port\": {\"binding:host_id\": \"one\"}}"), 200);
    rule = create(member, "/v2.0/security-group-rules", "security_group_rule", "id",
                  "{\"security_group_rule\": {\"security_group_id\": \"%s\", \"direction\": \"ingress\", \"remote_group_id\": \"%s\"}}", id, friends);
    forget_tasks();
    ASSERT_STATUS(drop(member, "security-group-rules", rule), 204);
    ck_assert_int_eq((int)tasks("group-sync", "one"), 2);       /* both */
}
END_TEST

/* --- as the compute service uses it */

struct booted { const char *network_id, *port_id, *fixed_ip; char id[ID_UUID]; int released, ok; };
static struct booted *boot;

static int
boot_handler(struct rest_call *call, struct cairn_error *e)
{
    struct port_request q = { .network_id = boot->network_id, .port_id = boot->port_id, .fixed_ip = boot->fixed_ip, .project_id = call->auth->project_id,
                              .device_id = "server-1", .device_owner = "compute:nova", .host = "h1" };

    if (boot->released)
        return network_port_release(call, boot->id, e);
    return network_port_create(call, &q, boot->id, e);
}

START_TEST(servers_get_ports_and_give_them_back)
{
    static const struct policy_default allow[] = { { "boot", "@", "" }, { 0 } };
    static const struct rest_route route[] = { { .method = "POST", .path = "/boot", .rule = "boot", .handle = boot_handler }, { 0 } };
    static const struct rest_route *const table[] = { route, NULL };
    static const struct rest_service service = { .name = "compute", .routes = table, .policies = allow, .paging = REST_PAGE_NOVA };
    CLEANUP_FREE char *net = network(member), *theirs = network(stranger), *own = NULL;
    struct booted b = { .network_id = net };
    struct http_app *compute;
    const json_t *port;

    free(subnet(net, "10.0.0.0/24", ""));
    boot = &b;
    compute = service_app(&service);
    ASSERT_STATUS(wire_ask(compute, member, "POST", "/boot", NULL, NULL, NULL), 200);
    ck_assert_int_eq(count(member, "ports", "ports", "device_id=server-1&device_owner=compute:nova"), 1);
    b.released = 1;
    ASSERT_STATUS(wire_ask(compute, member, "POST", "/boot", NULL, NULL, NULL), 200);
    ASSERT_STATUS(show(member, "ports", b.id), 404);
    b = (struct booted){ .network_id = net, .fixed_ip = "10.0.0.77" };
    ASSERT_STATUS(wire_ask(compute, member, "POST", "/boot", NULL, NULL, NULL), 200);
    ck_assert_int_eq(count(member, "ports", "ports", "fixed_ips=ip_address=10.0.0.77"), 1);
    ASSERT_STATUS(wire_ask(compute, member, "POST", "/boot", NULL, NULL, NULL), 409);
    own = create(member, "/v2.0/ports", "port", "id", "{\"port\": {\"network_id\": \"%s\"}}", net);
    b = (struct booted){ .port_id = own };
    ASSERT_STATUS(wire_ask(compute, member, "POST", "/boot", NULL, NULL, NULL), 200);
    port = json_object_get(show(admin, "ports", own)->json, "port");
    ck_assert_str_eq(json_str(port, "binding:host_id"), "h1");
    ck_assert_str_eq(json_str(port, "binding:vif_type"), "tap");
    ck_assert_str_eq(json_str(port, "status"), "BUILD");
    ASSERT_STATUS(wire_ask(compute, member, "POST", "/boot", NULL, NULL, NULL), 409);
    b.released = 1;
    ASSERT_STATUS(wire_ask(compute, member, "POST", "/boot", NULL, NULL, NULL), 200);
    port = json_object_get(show(admin, "ports", own)->json, "port");
    ck_assert_str_eq(json_str(port, "device_id"), "");
    ck_assert_str_eq(json_str(port, "binding:host_id"), "");
    b = (struct booted){ .network_id = theirs };
    ASSERT_STATUS(wire_ask(compute, member, "POST", "/boot", NULL, NULL, NULL), 404);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("network");
    TCase *tc = tcase_create("network");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, service_end);
    tcase_add_test(tc, addresses_are_numbers);
    tcase_add_test(tc, discovery_is_open_and_extensions_are_shown);
    tcase_add_test(tc, a_network_has_what_clients_expect);
    tcase_add_test(tc, a_network_of_another_project_is_only_an_admins_to_make);
    tcase_add_loop_test(tc, how_a_network_is_carried_is_checked, 0, (int)ARRAY_LEN(providers));
    tcase_add_test(tc, networks_stop_at_the_quota);
    tcase_add_test(tc, a_subnet_gets_gateway_pools_and_a_dhcp_port);
    tcase_add_loop_test(tc, subnets_are_checked, 0, (int)ARRAY_LEN(subnets_));
    tcase_add_test(tc, subnets_of_a_network_do_not_overlap);
    tcase_add_loop_test(tc, ipv6_modes_must_agree, 0, 6);
    tcase_add_test(tc, a_port_has_what_clients_expect);
    tcase_add_test(tc, addresses_are_given_once);
    tcase_add_test(tc, a_port_keeps_the_addresses_that_still_fit);
    tcase_add_test(tc, slaac_addresses_come_by_themselves);
    tcase_add_loop_test(tc, ports_are_checked, 0, (int)ARRAY_LEN(port_cases));
    tcase_add_test(tc, guests_of_a_shared_network_get_ports_but_no_privileges);
    tcase_add_test(tc, ports_of_one_request_come_together);
    tcase_add_test(tc, each_project_has_its_default_group);
    tcase_add_test(tc, a_group_lives_and_is_kept_while_used);
    tcase_add_loop_test(tc, rules_are_checked, 0, (int)ARRAY_LEN(rules));
    tcase_add_test(tc, a_rule_goes_with_the_group_that_it_names);
    tcase_add_test(tc, a_revision_that_is_not_meant_is_412);
    tcase_add_test(tc, only_hosts_that_have_the_port_are_told);
    tcase_add_test(tc, rules_reach_the_hosts_of_a_groups_members);
    tcase_add_test(tc, a_hosts_last_port_of_a_group_tells_it_when_it_goes);
    tcase_add_test(tc, a_rule_that_goes_tells_the_hosts_of_the_group_it_named);
    tcase_add_test(tc, servers_get_ports_and_give_them_back);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
