/* check_network.c: what a network driver promises: <cairn/network.h>.  A real one makes bridges: run it in a namespace of its own. */
#include "config.h"
#include "check.h"

#include <sys/socket.h>

#include "plugin/network.h"

#define OP(name) offsetof(struct cairn_network_driver, name)

/* -- helpers: a network 192.0.2.0/24 with DHCP, and a port in it -- */

struct lan {
    char id[ID_UUID], subnet_id[ID_UUID], group_id[ID_UUID], port_id[ID_UUID], server_id[ID_UUID], mac[ID_MAC];
    struct cairn_net net;
    struct cairn_subnet subnet;
    const struct cairn_subnet *subnets[1];
    struct cairn_lease lease;
    const struct cairn_lease *leases[1];
    struct cairn_security_group group;
    struct cairn_security_rule rule;
    const struct cairn_security_rule *rules[1];
    struct cairn_port port;
    struct cairn_fixed_ip fixed;
    const struct cairn_fixed_ip *fixed_ips[1];
    const char *groups[1];
};

static void
lan_init(struct check *c, struct lan *l)
{
    memset(l, 0, sizeof *l);
    id_uuid(l->id);
    id_uuid(l->subnet_id);
    id_uuid(l->group_id);
    id_uuid(l->port_id);
    id_uuid(l->server_id);
    id_mac("fa:16:3e", l->mac);
    l->subnet = (struct cairn_subnet){ .size = sizeof l->subnet, .ip_version = 4, .dhcp = 1, .id = l->subnet_id, .cidr = "192.0.2.0/24",
                                       .gateway = "192.0.2.1", .dhcp_address = "192.0.2.2" };
    l->subnets[0] = &l->subnet;
    l->lease = (struct cairn_lease){ .size = sizeof l->lease, .port_id = l->port_id, .mac = l->mac, .address = "192.0.2.10",
                                     .subnet_id = l->subnet_id, .host_name = "check" };
    l->leases[0] = &l->lease;
    l->net = (struct cairn_net){ .size = sizeof l->net, .type = CAIRN_NET_LOCAL, .mtu = 1450, .admin_up = 1, .id = l->id, .project_id = "check",
                                 .subnets = l->subnets, .subnets_count = 1, .leases = l->leases, .leases_count = 1 };
    if (c->physical != NULL) {
        l->net.type = CAIRN_NET_FLAT;
        l->net.physical = c->physical;
    }
    l->rule = (struct cairn_security_rule){ .size = sizeof l->rule, .ingress = 1, .ip_version = 4, .protocol = 6, .port_min = 22, .port_max = 22,
                                            .id = l->subnet_id, .remote_cidr = "0.0.0.0/0" };
    l->rules[0] = &l->rule;
    l->group = (struct cairn_security_group){ .size = sizeof l->group, .id = l->group_id, .rules = l->rules, .rules_count = 1 };
    l->fixed = (struct cairn_fixed_ip){ l->subnet_id, "192.0.2.10" };
    l->fixed_ips[0] = &l->fixed;
    l->groups[0] = l->group_id;
    l->port = (struct cairn_port){ .size = sizeof l->port, .admin_up = 1, .port_security = 1, .id = l->port_id, .network_id = l->id, .mac = l->mac,
                                   .device_id = l->server_id, .device_owner = "compute:nova", .fixed_ips = l->fixed_ips, .fixed_ips_count = 1,
                                   .groups = l->groups, .groups_count = 1 };
    if (!check_has(c, OP(group_apply)))
        l->port.groups_count = 0;
}

static unsigned
networks(struct check *c, const char *id, unsigned *ret_total)
{
    struct check_list list;

    check_list_init(&list, offsetof(struct cairn_net_item, id), id);
    EXPECT(OK, network_network_list(c->d, &list.sink, &c->err));
    if (ret_total != NULL)
        *ret_total = list.total;
    return list.matching;
}

static unsigned
ports(struct check *c, const char *id, unsigned *ret_total)
{
    struct check_list list;

    check_list_init(&list, offsetof(struct cairn_net_item, id), id);
    EXPECT(OK, network_port_list(c->d, &list.sink, &c->err));
    if (ret_total != NULL)
        *ret_total = list.total;
    return list.matching;
}

static void
lan_up(struct check *c, struct lan *l)
{
    lan_init(c, l);
    EXPECT(OK, network_network_apply(c->d, &l->net, &c->err));
    if (l->port.groups_count > 0)
        EXPECT(OK, network_group_apply(c->d, &l->group, &c->err));
}

static void
lan_down(struct check *c, struct lan *l)
{
    EXPECT(OK, network_port_unplug(c->d, l->port_id, &c->err));
    if (l->port.groups_count > 0)
        EXPECT(OK, network_group_remove(c->d, l->group_id, &c->err));
    EXPECT(OK, network_network_remove(c->d, l->id, &c->err));
}

/* -- cases -- */

static void
network_life(struct check *c)
{
    unsigned before, after;
    struct lan l;

    networks(c, NULL, &before);
    lan_init(c, &l);
    EXPECT(OK, network_network_apply(c->d, &l.net, &c->err));
    EXPECT(OK, network_network_apply(c->d, &l.net, &c->err));
    REQUIRE(networks(c, l.id, &after) == 1 && after == before + 1, "applied twice, it is listed %u times", after - before);
    l.net.mtu = 1400;
    l.net.leases_count = 0;
    EXPECT(OK, network_network_apply(c->d, &l.net, &c->err));
    EXPECT(OK, network_network_remove(c->d, l.id, &c->err));
    EXPECT(OK, network_network_remove(c->d, l.id, &c->err));
    REQUIRE(networks(c, l.id, &after) == 0 && after == before, "the removed network is still listed");
}

static void
port_life(struct check *c)
{
    struct cairn_nic nic = { .size = sizeof nic }, again = { .size = sizeof again };
    unsigned before, after;
    struct lan l;

    ports(c, NULL, &before);
    lan_up(c, &l);
    EXPECT(OK, network_port_plug(c->d, &l.port, &nic, &c->err));
    REQUIRE(strcmp(nic.id, l.port_id) == 0 && strcmp(nic.mac, l.mac) == 0, "the NIC is '%s' with MAC '%s'", nic.id, nic.mac);
    REQUIRE(nic.kind >= CAIRN_NIC_TAP && nic.kind <= CAIRN_NIC_VETH, "the NIC is of kind %u", nic.kind);
    REQUIRE(nic.kind != CAIRN_NIC_TAP || nic.device[0] != '\0', "the tap has no name");
    REQUIRE(nic.mtu > 0 && nic.mtu <= 65535, "the NIC has an MTU of %u", nic.mtu);
    EXPECT(OK, network_port_plug(c->d, &l.port, &again, &c->err));
    REQUIRE(strcmp(nic.device, again.device) == 0, "plugged twice, it is '%s' and '%s'", nic.device, again.device);
    REQUIRE(ports(c, l.port_id, &after) == 1 && after == before + 1, "port_list has %u more than before", after - before);
    EXPECT(OK, network_port_unplug(c->d, l.port_id, &c->err));
    EXPECT(OK, network_port_unplug(c->d, l.port_id, &c->err));
    REQUIRE(ports(c, l.port_id, &after) == 0 && after == before, "the unplugged port is still listed");
    lan_down(c, &l);
}

static void
port_without_network(struct check *c)
{
    struct cairn_nic nic = { .size = sizeof nic };
    struct lan l;

    lan_init(c, &l);
    l.port.groups_count = 0;
    REQUIRE(network_port_plug(c->d, &l.port, &nic, &c->err) < 0, "a port was plugged into a network that was never applied");
    REQUIRE(ports(c, l.port_id, NULL) == 0, "the failed plug left a port");
}

static void
unknown_physical(struct check *c)
{
    struct lan l;

    lan_init(c, &l);
    l.net.type = CAIRN_NET_FLAT;
    l.net.physical = "no-such-wire";
    EXPECT(INVALID, network_network_apply(c->d, &l.net, &c->err));
    REQUIRE(networks(c, l.id, NULL) == 0, "the refused network is listed");
    if (check_has(c, OP(physical_check)))
        EXPECT(NOT_FOUND, network_physical_check(c->d, "no-such-wire", &c->err));
}

static void
groups(struct check *c)
{
    struct check_list list;
    struct lan l;

    lan_init(c, &l);
    EXPECT(OK, network_group_apply(c->d, &l.group, &c->err));
    l.rule.port_max = 80;
    EXPECT(OK, network_group_apply(c->d, &l.group, &c->err));
    if (check_has(c, OP(group_list))) {
        check_list_init(&list, offsetof(struct cairn_net_item, id), l.group_id);
        EXPECT(OK, network_group_list(c->d, &list.sink, &c->err));
        REQUIRE(list.matching == 1, "group_list has the group %u times", list.matching);
    }
    EXPECT(OK, network_group_remove(c->d, l.group_id, &c->err));
    EXPECT(OK, network_group_remove(c->d, l.group_id, &c->err));
}

static void
one_bad_rule(struct check *c)           /* OSSA-2019-001, -002 */
{
    struct cairn_nic nic = { .size = sizeof nic };
    struct cairn_security_rule bad;
    const struct cairn_security_rule *rules[2];
    struct lan l;

    lan_up(c, &l);
    bad = l.rule;
    bad.remote_cidr = "300.1.2.3/99; drop";
    rules[0] = &bad;
    rules[1] = &l.rule;
    l.group.rules = rules;
    l.group.rules_count = 2;
    EXPECT(OK, network_group_apply(c->d, &l.group, &c->err));
    EXPECT(OK, network_port_plug(c->d, &l.port, &nic, &c->err));
    lan_down(c, &l);
}

static void
listens_for_metadata(struct check *c)
{
    struct lan l;
    int32_t fd = -1;
    int listening = 0;
    socklen_t len = sizeof listening;

    lan_up(c, &l);
    EXPECT(OK, network_metadata_listen(c->d, l.id, &fd, &c->err));
    REQUIRE(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening == 1, "descriptor %d is no socket that listens", fd);
    close(fd);
    EXPECT(OK, network_metadata_listen(c->d, l.id, &fd, &c->err));     /* after a restart */
    close(fd);
    lan_down(c, &l);
}

static void
routes(struct check *c)
{
    char id[ID_UUID];
    const struct cairn_port *inside[1];
    struct cairn_router router = { .size = sizeof router, .admin_up = 1, .interfaces_count = 1, .id = id, .interfaces = inside };
    struct lan l;

    id_uuid(id);
    lan_up(c, &l);
    l.fixed.address = "192.0.2.1";
    l.port.device_owner = "network:router_interface";
    inside[0] = &l.port;
    EXPECT(OK, network_router_apply(c->d, &router, &c->err));
    EXPECT(OK, network_router_apply(c->d, &router, &c->err));
    EXPECT(OK, network_router_remove(c->d, id, &c->err));
    EXPECT(OK, network_router_remove(c->d, id, &c->err));
    lan_down(c, &l);
}

static void
cycles(struct check *c)
{
    struct cairn_nic nic = { .size = sizeof nic };
    unsigned nets_before, nets_after, ports_before, ports_after;
    struct lan l;

    networks(c, NULL, &nets_before);
    ports(c, NULL, &ports_before);
    for (int i = 0; i < 5; i++) {
        lan_up(c, &l);
        EXPECT(OK, network_port_plug(c->d, &l.port, &nic, &c->err));
        lan_down(c, &l);
    }
    networks(c, NULL, &nets_after);
    ports(c, NULL, &ports_after);
    REQUIRE(nets_before == nets_after && ports_before == ports_after, "%u networks and %u ports are left", nets_after - nets_before,
            ports_after - ports_before);
}

static const struct check_case cases[] = {
    { "a network is applied as often as asked and removed for good", network_life, 0 },
    { "a port is plugged once and unplugged for good", port_life, 0 },
    { "a port needs its network", port_without_network, 0 },
    { "a physical network that is not there is refused", unknown_physical, 0 },
    { "security groups come, change and go", groups, OP(group_apply) },
    { "one bad rule does not stop the others", one_bad_rule, OP(group_apply) },
    { "metadata's socket listens, also after a restart", listens_for_metadata, OP(metadata_listen) },
    { "a router comes and goes", routes, OP(router_apply) },
    { "networks and ports come and go without a trace", cycles, 0 },
    { NULL, NULL, 0 },
};
const struct check_kind check_network = { CAIRN_NETWORK, CAIRN_NETWORK_SIMULATED, cases };
