/* netdesc.c: what network drivers are told: networks, ports and security groups as the catalog has them. */
#include "config.h"
#define LOG_MODULE "flow"

#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "flow/network.h"

static const struct { const char *name; int number; } protocols[] = {
    { "icmp", 1 }, { "igmp", 2 }, { "ipip", 4 }, { "tcp", 6 }, { "egp", 8 }, { "udp", 17 }, { "dccp", 33 }, { "ipv6-encap", 41 },
    { "ipv6-route", 43 }, { "ipv6-frag", 44 }, { "rsvp", 46 }, { "gre", 47 }, { "esp", 50 }, { "ah", 51 }, { "ipv6-icmp", 58 },
    { "icmpv6", 58 }, { "ipv6-nonxt", 59 }, { "ipv6-opts", 60 }, { "ospf", 89 }, { "pgm", 113 }, { "vrrp", 112 }, { "sctp", 132 },
    { "udplite", 136 }, { "any", -1 },
};

int
protocol_number(const char *protocol)
{
    int64_t n;

    if (protocol == NULL)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
        if (strcmp(protocols[i].name, protocol) == 0)
            return protocols[i].number;
    return str_to_int(protocol, 0, 255, &n) == 0 ? (int)n : -2;
}

/* A JSON array of strings as an array in the arena. */
static const char *const *
strings_of(struct arena *a, const char *column, uint32_t *ret_count)
{
    CLEANUP_JSON json_t *list = json_of_column(column);
    struct ptrs out = { NULL, 0, 0 };
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
        if (json_is_string(item))
            ptrs_add(a, &out, arena_strdup(a, json_string_value(item)));
    *ret_count = (uint32_t)out.n;
    return (const char *const *)out.at;
}

static const struct cairn_subnet *
subnet_of_row(struct arena *a, struct rows *r)
{
    struct cairn_subnet *s = arena_alloc(a, sizeof *s);
    CLEANUP_JSON json_t *routes = json_of_column(row_text(r, "host_routes"));
    const char *ra = row_text(r, "ipv6_ra_mode"), *mode = ra != NULL ? ra : row_text(r, "ipv6_address_mode");
    struct ptrs list = { NULL, 0, 0 };
    const json_t *item;
    size_t i;

    s->size = sizeof *s;
    s->id = arena_strdup(a, row_text(r, "id"));
    s->ip_version = (uint32_t)row_int(r, "ip_version");
    s->dhcp = row_int(r, "enable_dhcp") != 0;
    s->ra_mode = mode == NULL ? 0 : strcmp(mode, "slaac") == 0 ? 1 : strcmp(mode, "dhcpv6-stateful") == 0 ? 2 : 3;
    s->cidr = arena_strdup(a, row_text(r, "cidr"));
    s->gateway = arena_strdup(a, row_text(r, "gateway_ip"));
    s->dhcp_address = arena_strdup(a, row_text(r, "dhcp_ip"));
    s->dns = strings_of(a, row_text(r, "dns_nameservers"), &s->dns_count);
    json_array_foreach(routes, i, item) {
        struct cairn_route *route = arena_alloc(a, sizeof *route);

        route->destination = arena_strdup(a, json_str(item, "destination"));
        route->nexthop = arena_strdup(a, json_str(item, "nexthop"));
        if (route->destination != NULL && route->nexthop != NULL)
            ptrs_add(a, &list, route);
    }
    s->routes = (const struct cairn_route *const *)list.at;
    s->routes_count = (uint32_t)list.n;
    return s;
}

/* Extra DHCP options of a port: [{"opt_name","opt_value","ip_version"}]. */
static const struct cairn_pair *const *
options_of(struct arena *a, const char *column, uint32_t *ret_count)
{
    CLEANUP_JSON json_t *list = strcmp(column, "[]") != 0 ? json_of_column(column) : NULL;
    struct ptrs out = { NULL, 0, 0 };
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item) {
        struct cairn_pair *p = arena_alloc(a, sizeof *p);

        p->name = arena_strdup(a, json_str(item, "opt_name"));
        p->value = arena_strdup(a, json_str(item, "opt_value"));
        if (p->name != NULL && p->value != NULL)
            ptrs_add(a, &out, p);
    }
    *ret_count = (uint32_t)out.n;
    return (const struct cairn_pair *const *)out.at;
}

static uint32_t
type_of(const char *name)
{
    static const struct { const char *name; uint32_t type; } types[] = {
        { "local", CAIRN_NET_LOCAL }, { "flat", CAIRN_NET_FLAT }, { "vlan", CAIRN_NET_VLAN }, { "vxlan", CAIRN_NET_VXLAN },
        { "geneve", CAIRN_NET_GENEVE },
    };

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    return 0;
}

static int
net_subnets(struct tx *tx, struct arena *a, struct cairn_net *net, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct ptrs list = { NULL, 0, 0 };
    int rc;

    /* The address of DHCP and metadata is that of the network's own DHCP port in the subnet. */
    if (tx_query(tx, &r, err,
                 "select s.id as id, s.ip_version as ip_version, s.enable_dhcp as enable_dhcp, s.ipv6_ra_mode as ipv6_ra_mode,"
                 " s.ipv6_address_mode as ipv6_address_mode, s.cidr as cidr, s.gateway_ip as gateway_ip,"
                 " s.dns_nameservers as dns_nameservers, s.host_routes as host_routes,"
                 " (select f.ip_address from ports p join fixed_ips f on f.port_id = p.id"
                 "   where p.network_id = s.network_id and p.device_owner = 'network:dhcp' and f.subnet_id = s.id) as dhcp_ip"
                 " from subnets s where s.network_id = ? order by s.created_us, s.id", "s", net->id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        ptrs_add(a, &list, subnet_of_row(a, r));
    net->subnets = (const struct cairn_subnet *const *)list.at;
    net->subnets_count = (uint32_t)list.n;
    return rc;
}

static int
net_leases(struct tx *tx, struct arena *a, struct cairn_net *net, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct ptrs list = { NULL, 0, 0 };
    int rc;

    if (tx_query(tx, &r, err,
                 "select p.id as id, p.mac_address as mac, f.ip_address as ip, f.subnet_id as subnet, p.extra_dhcp_opts as opts,"
                 " coalesce(nullif(p.dns_name, ''), s.hostname) as host_name"
                 " from ports p join fixed_ips f on f.port_id = p.id left join servers s on s.id = p.device_id"
                 " where p.network_id = ? and p.host <> '' and p.device_owner <> 'network:dhcp' order by p.id, f.position", "s", net->id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        struct cairn_lease *l = arena_alloc(a, sizeof *l);

        l->size = sizeof *l;
        l->port_id = arena_strdup(a, row_text(r, "id"));
        l->mac = arena_strdup(a, row_text(r, "mac"));
        l->address = arena_strdup(a, row_text(r, "ip"));
        l->subnet_id = arena_strdup(a, row_text(r, "subnet"));
        l->host_name = arena_strdup(a, row_text(r, "host_name"));
        l->options = options_of(a, row_text(r, "opts"), &l->options_count);
        ptrs_add(a, &list, l);
    }
    net->leases = (const struct cairn_lease *const *)list.at;
    net->leases_count = (uint32_t)list.n;
    return rc;
}

const struct cairn_net *
netdesc_network(struct tx *tx, struct arena *a, const char *network_id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct cairn_net *net = arena_alloc(a, sizeof *net);
    int rc;

    if (tx_query(tx, &r, err,
                 "select project_id, type, physical, segment, mtu, external, admin_state_up from networks where id = ?", "s", network_id) < 0 ||
        (rc = rows_next(r, err)) < 0)
        return NULL;
    if (rc == 0) {
        cairn_fail(err, CAIRN_NOT_FOUND, "network %s is not in the catalog", network_id);
        return NULL;
    }
    net->size = sizeof *net;
    net->id = arena_strdup(a, network_id);
    net->project_id = arena_strdup(a, row_text(r, "project_id"));
    net->type = type_of(row_text(r, "type"));
    net->physical = arena_strdup(a, row_text(r, "physical"));
    net->segment = (uint32_t)row_int(r, "segment");
    net->mtu = (uint32_t)row_int(r, "mtu");
    net->external = row_int(r, "external") != 0;
    net->admin_up = row_int(r, "admin_state_up") != 0;
    if (net_subnets(tx, a, net, err) < 0 || net_leases(tx, a, net, err) < 0)
        return NULL;
    return net;
}

static int
port_addresses(struct tx *tx, struct arena *a, struct cairn_port *port, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_ROWS struct rows *g = NULL;
    struct ptrs ips = { NULL, 0, 0 }, groups = { NULL, 0, 0 };
    int rc;

    if (tx_query(tx, &r, err, "select subnet_id, ip_address from fixed_ips where port_id = ? order by position, ip_address", "s", port->id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        struct cairn_fixed_ip *ip = arena_alloc(a, sizeof *ip);

        ip->subnet_id = arena_strdup(a, row_text(r, "subnet_id"));
        ip->address = arena_strdup(a, row_text(r, "ip_address"));
        ptrs_add(a, &ips, ip);
    }
    if (rc < 0 || tx_query(tx, &g, err, "select security_group_id from port_security_groups where port_id = ? order by 1", "s", port->id) < 0)
        return -1;
    while ((rc = rows_next(g, err)) == 1)
        ptrs_add(a, &groups, arena_strdup(a, row_text(g, "security_group_id")));
    port->fixed_ips = (const struct cairn_fixed_ip *const *)ips.at;
    port->fixed_ips_count = (uint32_t)ips.n;
    port->groups = (const char *const *)groups.at;
    port->groups_count = (uint32_t)groups.n;
    return rc;
}

const struct cairn_port *
netdesc_port(struct tx *tx, struct arena *a, const char *port_id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_JSON json_t *pairs = NULL;
    struct cairn_port *port = arena_alloc(a, sizeof *port);
    struct ptrs list = { NULL, 0, 0 };
    const json_t *item;
    size_t i;
    int rc;

    if (tx_query(tx, &r, err,
                 "select network_id, mac_address, admin_state_up, port_security, device_id, device_owner, address_pairs, tag"
                 " from ports where id = ?", "s", port_id) < 0 || (rc = rows_next(r, err)) < 0)
        return NULL;
    if (rc == 0) {
        cairn_fail(err, CAIRN_NOT_FOUND, "port %s is not in the catalog", port_id);
        return NULL;
    }
    port->size = sizeof *port;
    port->id = arena_strdup(a, port_id);
    port->network_id = arena_strdup(a, row_text(r, "network_id"));
    port->mac = arena_strdup(a, row_text(r, "mac_address"));
    port->admin_up = row_int(r, "admin_state_up") != 0;
    port->port_security = row_int(r, "port_security") != 0;
    port->device_id = arena_strdup(a, row_text(r, "device_id"));
    port->device_owner = arena_strdup(a, row_text(r, "device_owner"));
    port->tag = arena_strdup(a, row_text(r, "tag"));
    pairs = json_of_column(row_text(r, "address_pairs"));
    json_array_foreach(pairs, i, item) {
        struct cairn_pair *p = arena_alloc(a, sizeof *p);

        p->name = arena_strdup(a, json_str(item, "ip_address"));
        p->value = arena_strdup(a, json_str(item, "mac_address") != NULL ? json_str(item, "mac_address") : port->mac);
        if (p->name != NULL)
            ptrs_add(a, &list, p);
    }
    port->address_pairs = (const struct cairn_pair *const *)list.at;
    port->pairs_count = (uint32_t)list.n;
    return port_addresses(tx, a, port, err) < 0 ? NULL : port;
}

static int
group_members(struct tx *tx, struct arena *a, struct cairn_security_group *group, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct ptrs list = { NULL, 0, 0 };
    int rc;

    if (tx_query(tx, &r, err,
                 "select f.ip_address as ip from port_security_groups g join fixed_ips f on f.port_id = g.port_id"
                 " where g.security_group_id = ? order by f.ip_address", "s", group->id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        ptrs_add(a, &list, arena_strdup(a, row_text(r, "ip")));
    group->members = (const char *const *)list.at;
    group->members_count = (uint32_t)list.n;
    return rc;
}

const struct cairn_security_group *
netdesc_group(struct tx *tx, struct arena *a, const char *group_id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct cairn_security_group *group = arena_alloc(a, sizeof *group);
    struct ptrs list = { NULL, 0, 0 };
    int64_t stateful;
    int rc;

    if (tx_int(tx, &stateful, -1, err, "select stateful from security_groups where id = ?", "s", group_id) < 0)
        return NULL;
    if (stateful < 0) {
        cairn_fail(err, CAIRN_NOT_FOUND, "security group %s is not in the catalog", group_id);
        return NULL;
    }
    group->size = sizeof *group;
    group->id = arena_strdup(a, group_id);
    group->stateless = stateful == 0;
    if (tx_query(tx, &r, err,
                 "select id, direction, ethertype, protocol, port_range_min, port_range_max, remote_ip_prefix, remote_group_id"
                 " from security_group_rules where security_group_id = ? order by created_us, id", "s", group_id) < 0)
        return NULL;
    while ((rc = rows_next(r, err)) == 1) {
        struct cairn_security_rule *rule = arena_alloc(a, sizeof *rule);

        rule->size = sizeof *rule;
        rule->id = arena_strdup(a, row_text(r, "id"));
        rule->ingress = strcmp(row_text(r, "direction"), "ingress") == 0;
        rule->ip_version = strcmp(row_text(r, "ethertype"), "IPv6") == 0 ? 6 : 4;
        rule->protocol = protocol_number(row_text(r, "protocol"));
        rule->port_min = row_null(r, "port_range_min") ? -1 : (int32_t)row_int(r, "port_range_min");
        rule->port_max = row_null(r, "port_range_max") ? -1 : (int32_t)row_int(r, "port_range_max");
        rule->remote_cidr = arena_strdup(a, row_text(r, "remote_ip_prefix"));
        rule->remote_group = arena_strdup(a, row_text(r, "remote_group_id"));
        if (rule->ip_version == 6 && rule->protocol == 1)
            rule->protocol = 58;        /* "icmp" of an IPv6 rule means ICMPv6 */
        if (rule->protocol == -2)
            log_warn("security group rule %s: protocol is unknown, rule left out", rule->id);
        else
            ptrs_add(a, &list, rule);
    }
    group->rules = (const struct cairn_security_rule *const *)list.at;
    group->rules_count = (uint32_t)list.n;
    return rc < 0 || group_members(tx, a, group, err) < 0 ? NULL : group;
}
