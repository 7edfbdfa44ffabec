/* subnets.c: the resource "subnets": ranges, gateways, pools, DHCP. */
#include <config.h>
#include "network/private.h"

#include <string.h>

#define POOLS_MAX 64

static const char *const v6_modes[] = { "slaac", "dhcpv6-stateful", "dhcpv6-stateless", NULL };

struct pool { ip_number first, last; };
struct pools { struct pool at[POOLS_MAX]; size_t n; };

#define INVALID(err, ...) cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for operation: " __VA_ARGS__)

/* --- pools */

/* What hosts may have, without the gateway. */
static void
pools_default(const struct prefix *p, const char *gateway, struct pools *ret)
{
    struct pool all;
    struct ip gw;

    prefix_hosts(p, &all.first, &all.last);
    ret->n = 0;
    if (gateway == NULL || ip_parse(gateway, &gw) < 0 || gw.n < all.first || gw.n > all.last) {
        ret->at[ret->n++] = all;
        return;
    }
    if (gw.n > all.first)
        ret->at[ret->n++] = (struct pool){ all.first, gw.n - 1 };
    if (gw.n < all.last)
        ret->at[ret->n++] = (struct pool){ gw.n + 1, all.last };
}

static int
pools_read(const struct prefix *p, const json_t *list, struct pools *ret, struct cairn_error *err)
{
    ip_number first, last;
    const json_t *item;
    size_t i;

    prefix_hosts(p, &first, &last);
    ret->n = 0;
    json_array_foreach(list, i, item) {
        const char *start = json_str(item, "start"), *end = json_str(item, "end");
        struct ip a, b;

        if (ip_parse(start, &a) < 0 || ip_parse(end, &b) < 0 || a.version != p->version || b.version != p->version || a.n > b.n)
            return cairn_fail_tag(err, CAIRN_INVALID, "InvalidAllocationPool", "The allocation pool %s-%s is not valid.", start, end);
        if (a.n < first || b.n > last)
            return cairn_fail_tag(err, CAIRN_INVALID, "OutOfBoundsAllocationPool", "The allocation pool %s-%s spans beyond the subnet cidr.", start, end);
        for (size_t k = 0; k < ret->n; k++)
            if (a.n <= ret->at[k].last && ret->at[k].first <= b.n)
                return cairn_fail_tag(err, CAIRN_CONFLICT, "OverlappingAllocationPools", "Found overlapping allocation pools: %s-%s overlaps another one.", start, end);
        ret->at[ret->n++] = (struct pool){ a.n, b.n };
    }
    return 0;
}

static int
pools_write(struct tx *tx, const char *subnet_id, int version, const struct pools *pools, struct cairn_error *err)
{
    char first[ADDRESS_TEXT], last[ADDRESS_TEXT];

    if (tx_exec(tx, err, "delete from subnet_pools_ranges where subnet_id = ?", "s", subnet_id) < 0)
        return -1;
    for (size_t i = 0; i < pools->n; i++)
        if (tx_exec(tx, err, "insert into subnet_pools_ranges (subnet_id, first_ip, last_ip) values (?, ?, ?)", "sss", subnet_id,
                    ip_text(version, pools->at[i].first, first), ip_text(version, pools->at[i].last, last)) < 0)
            return -1;
    return 0;
}

static int
gateway_outside_pools(const char *gateway, const struct pools *pools, int version, struct cairn_error *err)
{
    char first[ADDRESS_TEXT], last[ADDRESS_TEXT];
    struct ip gw;

    if (gateway == NULL || ip_parse(gateway, &gw) < 0)
        return 0;
    for (size_t i = 0; i < pools->n; i++)
        if (gw.n >= pools->at[i].first && gw.n <= pools->at[i].last)
            return cairn_fail_tag(err, CAIRN_CONFLICT, "GatewayConflictWithAllocationPools", "Gateway ip %s conflicts with allocation pool %s-%s.", gateway,
                                  ip_text(version, pools->at[i].first, first), ip_text(version, pools->at[i].last, last));
    return 0;
}

/* --- checks */

static int
check_gateway(const struct prefix *p, const char *gateway, struct cairn_error *err)
{
    struct ip gw;

    if (gateway == NULL)
        return 0;
    if (ip_parse(gateway, &gw) < 0 || gw.version != p->version)
        return INVALID(err, "gateway_ip '%s' does not match the ip_version '%d'.", gateway, p->version);
    if (p->version == 6 && gw.n >> 118 == 0x3fa)        /* fe80::/10 */
        return 0;
    if (!prefix_has(p, &gw) || (p->version == 4 && p->len < 31 && (gw.n == p->first || gw.n == p->last)))
        return INVALID(err, "Gateway is not valid on subnet: %s.", gateway);
    return 0;
}

static int
check_modes(const struct prefix *p, const char *ra, const char *address, int dhcp, struct cairn_error *err)
{
    if (ra == NULL && address == NULL)
        return 0;
    if (p->version == 4)
        return INVALID(err, "ipv6_ra_mode and ipv6_address_mode are not valid when ip_version is 4.");
    if (!dhcp)
        return INVALID(err, "ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False.");
    if (ra != NULL && address != NULL && strcmp(ra, address) != 0)
        return INVALID(err, "ipv6_ra_mode set to '%s' with ipv6_address_mode set to '%s' is not valid. If both attributes are set, they must be the same value.", ra, address);
    if (((address != NULL && strcmp(address, "dhcpv6-stateful") != 0) || (ra != NULL && strcmp(ra, "dhcpv6-stateful") != 0)) && p->len != 64)
        return INVALID(err, "Invalid CIDR for IPv6 address mode. IPv6 address modes that use SLAAC or DHCPv6-stateless require a /64 prefix.");
    return 0;
}

/* Name servers and routes have the subnet's IP version, or DHCP could not tell them. */
static int
check_lists(const json_t *body, int version, struct cairn_error *err)
{
    const json_t *item;
    struct prefix to;
    struct ip ip;
    size_t i;

    json_array_foreach(json_object_get(body, "dns_nameservers"), i, item)
        if (ip_parse(json_string_value(item), &ip) < 0 || ip.version != version)
            return INVALID(err, "dns_nameserver '%s' does not match the ip_version '%d'.", json_string_value(item), version);
    json_array_foreach(json_object_get(body, "host_routes"), i, item)
        if (prefix_parse(json_str(item, "destination"), &to) < 0 || ip_parse(json_str(item, "nexthop"), &ip) < 0 || to.version != version || ip.version != version)
            return INVALID(err, "host route '%s via %s' does not match the ip_version '%d'.", json_str(item, "destination"), json_str(item, "nexthop"), version);
    return 0;
}

static int
check_overlap(struct rest_call *call, const char *network_id, const struct prefix *p, const char *cidr, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct prefix other;
    int more;

    if (tx_query(call->tx, &r, err, "select cidr from subnets where network_id = ?", "s", network_id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0)
        if (prefix_parse(row_text(r, "cidr"), &other) == 0 && prefix_overlap(p, &other))
            return INVALID(err, "Requested subnet with cidr: %s for network: %s overlaps with another subnet.", cidr, network_id);
    return more;
}

/* --- hooks */

static void
default_gateway(const struct prefix *p, json_t *body)
{
    char text[ADDRESS_TEXT];
    struct ip gw = { p->version, p->first + 1 };

    json_object_set_new(body, "gateway_ip", p->first < p->last && prefix_has(p, &gw) ? json_string(ip_text(p->version, gw.n, text)) : json_null());
}

static int
subnet_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    const char *cidr = json_str(body, "cidr");
    int64_t version = json_int(body, "ip_version", 0);
    struct pools pools;
    struct prefix p;

    if (network_same_project(body, err) < 0 || network_take_quota(call, network_body_project(call, body), "subnet", err) < 0)
        return -1;
    if (cidr == NULL)
        return cairn_fail_tag(err, CAIRN_INVALID, "BadSubnetsRequest", "Bad subnets request: a subnetpool must be specified in the absence of a cidr.");
    if (prefix_parse(cidr, &p) < 0 || p.len == 0)
        return INVALID(err, "'%s' is no range for a subnet: 0 is not allowed as CIDR prefix length.", cidr);
    if (version != p.version)
        return INVALID(err, "cidr '%s' does not match the ip_version '%d'", cidr, (int)version);
    if (p.version == 4 && p.first >> 28 == 0xe)
        return INVALID(err, "'%s' is a multicast range.", cidr);
    if (check_overlap(call, json_str(body, "network_id"), &p, cidr, err) < 0)
        return -1;
    if (json_object_get(body, "gateway_ip") == NULL)
        default_gateway(&p, body);
    if (check_gateway(&p, json_str(body, "gateway_ip"), err) < 0
        || check_modes(&p, json_str(body, "ipv6_ra_mode"), json_str(body, "ipv6_address_mode"), json_bool(body, "enable_dhcp", 1), err) < 0
        || check_lists(body, p.version, err) < 0)
        return -1;
    if (json_array_size(json_object_get(body, "allocation_pools")) == 0)
        return 0;
    if (pools_read(&p, json_object_get(body, "allocation_pools"), &pools, err) < 0)
        return -1;
    return gateway_outside_pools(json_str(body, "gateway_ip"), &pools, p.version, err);
}

static int
tell_network(struct rest_call *call, const char *network_id, struct cairn_error *err)
{
    return dhcp_port_refresh(call, network_id, err) < 0 ? -1 : network_changed(call->tx, network_id, network_request(call), err);
}

static int
subnet_after_create(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    const char *id = json_str(body, "id"), *network_id = json_str(body, "network_id");
    struct pools pools;
    struct prefix p;

    if (prefix_parse(json_str(body, "cidr"), &p) < 0)
        return cairn_fail(err, CAIRN_INTERNAL, "a checked CIDR does not parse");
    if (json_array_size(json_object_get(body, "allocation_pools")) == 0)
        pools_default(&p, json_str(body, "gateway_ip"), &pools);
    else if (pools_read(&p, json_object_get(body, "allocation_pools"), &pools, err) < 0)
        return -1;
    if (pools_write(call->tx, id, p.version, &pools, err) < 0)
        return -1;
    if (subnet_is_slaac(json_str(body, "ipv6_ra_mode"), json_str(body, "ipv6_address_mode")) && addresses_join_slaac(call, network_id, id, err) < 0)
        return -1;
    return tell_network(call, network_id, err);
}

static int
stored_pools(struct rest_call *call, const char *subnet_id, struct pools *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int more;

    ret->n = 0;
    if (tx_query(call->tx, &r, err, "select first_ip, last_ip from subnet_pools_ranges where subnet_id = ?", "s", subnet_id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0) {
        struct ip a, b;

        if (ret->n < POOLS_MAX && ip_parse(row_text(r, "first_ip"), &a) == 0 && ip_parse(row_text(r, "last_ip"), &b) == 0)
            ret->at[ret->n++] = (struct pool){ a.n, b.n };
    }
    return more;
}

static int
subnet_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    const char *gateway = json_object_get(body, "gateway_ip") != NULL ? json_str(body, "gateway_ip") : row_text(old, "gateway_ip");
    int dhcp = json_bool(body, "enable_dhcp", row_int(old, "enable_dhcp") != 0);
    const json_t *list = json_object_get(body, "allocation_pools");
    struct pools pools;
    struct prefix p;

    if (prefix_parse(row_text(old, "cidr"), &p) < 0)
        return cairn_fail(err, CAIRN_CORRUPT, "subnet %s has no CIDR", row_text(old, "id"));
    if (check_gateway(&p, gateway, err) < 0 || check_lists(body, p.version, err) < 0
        || check_modes(&p, row_text(old, "ipv6_ra_mode"), row_text(old, "ipv6_address_mode"), dhcp, err) < 0)
        return -1;
    if (list != NULL ? pools_read(&p, list, &pools, err) < 0 : stored_pools(call, row_text(old, "id"), &pools, err) < 0)
        return -1;
    if (gateway_outside_pools(gateway, &pools, p.version, err) < 0)
        return -1;
    return list != NULL ? pools_write(call->tx, row_text(old, "id"), p.version, &pools, err) : 0;
}

static int
subnet_after_update(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    (void)body;
    return tell_network(call, row_text(call->object, "network_id"), err);
}

/* Addresses that the network itself or hosts on their own hold do not keep a subnet; others do. */
static int
subnet_before_delete(struct rest_call *call, struct rows *old, struct cairn_error *err)
{
    const char *id = row_text(old, "id");
    int slaac = subnet_is_slaac(row_text(old, "ipv6_ra_mode"), row_text(old, "ipv6_address_mode"));
    int64_t used;

    if (tx_int(call->tx, &used, 0, err,
               "select count(*) from fixed_ips f join ports p on p.id = f.port_id where f.subnet_id = ? and p.device_owner <> 'network:dhcp'"
               " and (? = 0 or p.device_owner like 'network:router%')", "si", id, (int64_t)slaac) < 0)
        return -1;
    if (used > 0)
        return cairn_fail_tag(err, CAIRN_CONFLICT, "SubnetInUse",
                              "Unable to complete operation on subnet %s: One or more ports have an IP allocation from this subnet.", id);
    return tx_exec(call->tx, err, "delete from fixed_ips where subnet_id = ?", "s", id);
}

static int
subnet_after_delete(struct rest_call *call, struct cairn_error *err)
{
    return tell_network(call, row_text(call->object, "network_id"), err);
}

/* --- tables */

static int
emit_pool(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_object(out, NULL);
    jo_str(out, "start", row_text(row, "first_ip"));
    jo_str(out, "end", row_text(row, "last_ip"));
    jo_end_object(out);
    return 0;
}

static const struct rest_attr address_item[] = { { .name = "", .type = REST_IP }, { 0 } };
static const struct rest_attr text_item[] = { { .name = "", .type = REST_STRING, .max = 255 }, { 0 } };
static const struct rest_attr route_item[] = {
    { .name = "destination", .type = REST_CIDR, .flags = REST_REQUIRED | REST_LAX },
    { .name = "nexthop", .type = REST_IP, .flags = REST_REQUIRED },
    { 0 },
};
static const struct rest_attr pool_item[] = {
    { .name = "start", .type = REST_IP, .flags = REST_REQUIRED },
    { .name = "end", .type = REST_IP, .flags = REST_REQUIRED },
    { 0 },
};

static int
check_version(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    (void)call;
    if (json_integer_value(value) != 4 && json_integer_value(value) != 6)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for ip_version. Reason: '%d' is not in [4, 6].", (int)json_integer_value(value));
    return 0;
}

/* Pools are named by subnets of networks; there are no subnet pools here. */
static int
check_no_pool(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    (void)call;
    if (!json_is_null(value))
        return cairn_fail_tag(err, CAIRN_NOT_FOUND, "SubnetPoolNotFound", "Subnet pool %s could not be found.", json_string_value(value));
    return 0;
}

static const struct rest_attr subnet_attrs[] = {
    ATTR_ID,
    ATTR_NAME,
    ATTR_PROJECT("subnet"),
    { .name = "network_id", .column = "t.network_id", .type = REST_UUID, .flags = REST_READ | REST_CREATE | REST_REQUIRED | REST_FILTER | REST_SORT,
      .check = network_check_seen },
    { .name = "ip_version", .column = "t.ip_version", .type = REST_INT, .flags = REST_READ | REST_CREATE | REST_REQUIRED | REST_FILTER | REST_LAX | REST_SORT,
      .check = check_version },
    { .name = "cidr", .column = "t.cidr", .type = REST_CIDR, .flags = REST_READ | REST_CREATE | REST_FILTER | REST_SORT },
    { .name = "gateway_ip", .column = "t.gateway_ip", .type = REST_IP, .flags = REST_WRITE | REST_NULL | REST_FILTER | REST_SORT },
    { .name = "enable_dhcp", .column = "t.enable_dhcp", .type = REST_BOOL, .flags = REST_WRITE | REST_FILTER | REST_LAX | REST_SORT, .dflt = "true" },
    { .name = "ipv6_ra_mode", .column = "t.ipv6_ra_mode", .type = REST_ENUM, .flags = REST_READ | REST_CREATE | REST_NULL | REST_FILTER, .choices = v6_modes },
    { .name = "ipv6_address_mode", .column = "t.ipv6_address_mode", .type = REST_ENUM, .flags = REST_READ | REST_CREATE | REST_NULL | REST_FILTER, .choices = v6_modes },
    { .name = "dns_nameservers", .column = "t.dns_nameservers", .type = REST_LIST, .flags = REST_WRITE | REST_UNIQUE, .of = address_item, .max = 5, .dflt = "[]" },
    { .name = "host_routes", .column = "t.host_routes", .type = REST_LIST, .flags = REST_WRITE | REST_UNIQUE, .of = route_item, .max = 20, .dflt = "[]" },
    { .name = "allocation_pools", .type = REST_LIST, .flags = REST_CREATE | REST_UPDATE | REST_NO_COLUMN, .of = pool_item, .max = POOLS_MAX },
    { .name = "subnetpool_id", .column = "t.subnetpool_id", .type = REST_STRING, .flags = REST_READ | REST_CREATE | REST_NULL | REST_FILTER, .check = check_no_pool },
    { .name = "service_types", .column = "t.service_types", .type = REST_LIST, .flags = REST_WRITE | REST_UNIQUE, .of = text_item, .max = 16, .dflt = "[]",
      .write_policy = "create_subnet:service_types" },
    ATTR_DESCRIPTION,
    ATTR_TIMES,
    { 0 },
};

static const struct rest_child subnet_children[] = {
    { .name = "allocation_pools", .emit = emit_pool,
      .sql = "select subnet_id as parent, first_ip, last_ip from subnet_pools_ranges where subnet_id in (%IDS%) order by subnet_id, length(first_ip), first_ip" },
    TAGS_CHILD,
    { 0 },
};

const struct rest_resource network_subnets = {
    .name = "subnet", .plural = "subnets", .noun = "Subnet", .path = "/v2.0/subnets", .table = "subnets", .owner_column = "t.project_id",
    .visible = "t.project_id = :project or exists (select 1 from networks n where n.id = t.network_id and (n.shared = 1 or n.project_id = :project))", .admin_all = 1,
    .attrs = subnet_attrs, .children = subnet_children, .ops = REST_ALL_OPS,
    .rules = { "get_subnet", "get_subnet", "create_subnet", "update_subnet", "delete_subnet", "admin_only" }, .default_sort = "created_us, id",
    .before_create = subnet_before_create, .after_create = subnet_after_create, .before_update = subnet_before_update, .after_update = subnet_after_update,
    .before_delete = subnet_before_delete, .after_delete = subnet_after_delete, .tags_type = "subnets",
};
