/* network.c: networks: the bridge, what joins it to the world (VXLAN, VLAN, a physical device, the host itself), the namespace that
 * answers DHCP and metadata. */
#include "linuxbridge.h"
#include <arpa/inet.h>
#include <sys/socket.h>

#define METADATA_ADDRESS "169.254.169.254"
#define HOST_ITSELF "-"

/* Physical networks --------------------------------------------------------------------------------------------------------- */

/* The device of physical network 'name' by the setting "name:device,..."; "-" is the host itself.  1 found, 0 not. */
static int
physical_device(const struct lb *lb, const char *name, char ret[IFNAMSIZ])
{
    size_t len = strlen(name);

    for (const char *p = lb->physical; p != NULL && *p != '\0'; p += strcspn(p, ","), p += *p == ',') {
        size_t end = strcspn(p, ",");

        if (end > len + 1 && end - len - 1 < IFNAMSIZ && strncmp(p, name, len) == 0 && p[len] == ':') {
            snprintf(ret, IFNAMSIZ, "%.*s", (int)(end - len - 1), p + len + 1);
            return 1;
        }
    }
    return 0;
}

int
network_physical_check(void *self, const char *name, struct cairn_error *err)
{
    char device[IFNAMSIZ];
    struct lb_link link;
    CLEANUP_FD int nl = -1;
    int there;

    if (!physical_device(self, name, device))
        return cairn_fail(err, CAIRN_NOT_FOUND, "this host has no physical network '%.64s'", name);
    if (strcmp(device, HOST_ITSELF) == 0)
        return 0;
    if ((nl = rtnl_open(NULL, err)) < 0 || (there = rtnl_link(nl, device, &link, err)) < 0)
        return -1;
    return there ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "device '%s' of physical network '%s' is missing", device, name);
}

/* The uplink ---------------------------------------------------------------------------------------------------------------- */

static int
enslave(int nl, const char *device, int bridge, uint32_t mtu, const char *alias, struct cairn_error *err)
{
    struct lb_link link;
    int there = rtnl_link(nl, device, &link, err);

    if (there == 0)
        return cairn_fail(err, CAIRN_INVALID, "device '%s' is missing on this host", device);
    if (there < 0)
        return -1;
    if (link.master != 0 && link.master != bridge)
        return cairn_fail(err, CAIRN_INVALID, "device '%s' is in another bridge already", device);
    return rtnl_change(nl, &link, &(struct lb_change){ mtu, bridge, 1, alias }, err);
}

static int
uplink_vxlan(struct lb *lb, int nl, const struct cairn_net *net, const struct lb_link *bridge, const char *alias, struct cairn_error *err)
{
    struct lb_addr local, group;
    struct lb_link link;
    char name[IFNAMSIZ];
    int device = 0;

    if (lb->vxlan_local == NULL)        /* a cloud of one host: the bridge is the whole network */
        return 0;
    if (net->segment == 0 || net->segment > 0xffffff)
        return cairn_fail(err, CAIRN_INVALID, "network %s: VNI %u is not 1..16777215", net->id, net->segment);
    lb_device(name, LB_VXLAN, net->id);
    if (lb_addr_parse(lb->vxlan_local, &local) < 0 || (lb->vxlan_group != NULL && lb_addr_parse(lb->vxlan_group, &group) < 0))
        return cairn_fail(err, CAIRN_INVALID, "vxlan_local or vxlan_group is not an address");
    if (lb->vxlan_group != NULL && (device = rtnl_device_of(nl, &local, err)) <= 0)     /* multicast leaves by the device of vxlan_local */
        return device < 0 ? -1 : cairn_fail(err, CAIRN_INVALID, "vxlan_local: this host has no address %s", lb->vxlan_local);
    if (rtnl_vxlan(nl, name, net->segment, lb->vxlan_port, &local, lb->vxlan_group != NULL ? &group : NULL, device, err) < 0
        || enslave(nl, name, bridge->index, net->mtu, alias, err) < 0)
        return -1;
    if (rtnl_link(nl, name, &link, err) != 1)
        return -1;
    for (const char *p = lb->vxlan_peers; p != NULL && *p != '\0'; p += strcspn(p, ","), p += *p == ',') {
        char text[64];
        struct lb_addr peer;

        snprintf(text, sizeof text, "%.*s", (int)strcspn(p, ","), p);
        if (lb_addr_parse(text, &peer) < 0 || peer.family != local.family)
            return cairn_fail(err, CAIRN_INVALID, "vxlan_peers: '%s' is not an address like vxlan_local", text);
        if (!lb_addr_in(&peer, &local) && rtnl_flood_to(nl, link.index, &peer, err) < 0)
            return -1;
    }
    return 0;
}

static int
uplink_vlan(int nl, const struct cairn_net *net, const char *device, const struct lb_link *bridge, const char *alias, struct cairn_error *err)
{
    struct lb_link parent;
    char name[IFNAMSIZ];
    int there;

    if (net->segment == 0 || net->segment > 4094)
        return cairn_fail(err, CAIRN_INVALID, "network %s: VLAN id %u is not 1..4094", net->id, net->segment);
    if ((there = rtnl_link(nl, device, &parent, err)) < 0)
        return -1;
    if (!there)
        return cairn_fail(err, CAIRN_INVALID, "device '%s' is missing on this host", device);
    lb_device(name, LB_VLAN, net->id);
    if (rtnl_change(nl, &parent, &(struct lb_change){ 0, -1, 1, NULL }, err) < 0
        || rtnl_vlan(nl, name, parent.index, net->segment, err) < 0)
        return -1;
    return enslave(nl, name, bridge->index, net->mtu, alias, err);
}

/* The host as the network's router: it has the gateways' addresses, and masquerades when the operator wants it. */
static int
host_joins(struct lb *lb, int nl, const struct cairn_net *net, const struct lb_link *bridge, struct cairn_error *err)
{
    CLEANUP_FREE struct lb_addr *gateways = calloc(net->subnets_count + 1, sizeof *gateways);
    struct lb_addr cidr;
    size_t len = 0;
    int six = 0;

    if (gateways == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    for (uint32_t i = 0; i < net->subnets_count; i++) {
        const struct cairn_subnet *s = net->subnets[i];

        if (s->gateway == NULL)
            continue;
        if (lb_addr_parse(s->gateway, &gateways[len]) < 0 || lb_addr_parse(s->cidr, &cidr) < 0 || gateways[len].family != cidr.family)
            return cairn_fail(err, CAIRN_INVALID, "subnet %s: gateway '%.64s' does not fit '%.64s'", s->id, s->gateway, s->cidr);
        six |= cidr.family == AF_INET6;
        gateways[len++].prefix = cidr.prefix;
    }
    if (netns_sysctl("ipv6", bridge->name, "disable_ipv6", six ? "0" : "1", err) < 0)
        return -1;
    if (rtnl_addresses(nl, bridge->index, gateways, len, err) < 0)
        return cairn_error_context(err, "network %s", net->id);
    return lb->host_nat ? netns_sysctl("ipv4", bridge->name, "forwarding", "1", err) : 0;
}

/* Answers come in where the default route goes out: that device has to forward too. */
static int
uplinks_forward(struct cairn_error *err)
{
    size_t len;
    CLEANUP_FREE char *routes = lb_read_file("/proc/net/route", 1 << 20, &len);
    char *save = NULL, device[IFNAMSIZ];
    unsigned long destination;

    for (char *line = routes != NULL ? strtok_r(routes, "\n", &save) : NULL; line != NULL; line = strtok_r(NULL, "\n", &save))
        if (sscanf(line, "%15s %lx", device, &destination) == 2 && destination == 0
            && netns_sysctl("ipv4", device, "forwarding", "1", err) < 0)
            return -1;
    return 0;
}

/* The namespace ------------------------------------------------------------------------------------------------------------- */

struct inside {
    const struct cairn_net *net;
    int nl;
};

static int
inside_sysctl(void *arg, struct cairn_error *err)
{
    (void)arg;
    /* IPv6: addresses are ready at once, and what guests send by their router's advertisement goes on to the subnet's gateway. */
    return netns_sysctl("ipv6", LB_NS_DEVICE, "accept_dad", "0", err) < 0 || netns_sysctl("ipv6", LB_NS_DEVICE, "accept_ra", "0", err) < 0
           || netns_sysctl("ipv6", LB_NS_DEVICE, "forwarding", "1", err) < 0
           || netns_sysctl("ipv6", "all", "forwarding", "1", err) < 0 ? -1 : 0;
}

static int
has_dhcp(const struct cairn_net *net)
{
    for (uint32_t i = 0; i < net->subnets_count; i++)
        if (net->subnets[i]->dhcp && net->subnets[i]->dhcp_address != NULL)
            return 1;
    return 0;
}

static int
namespace_apply(struct lb *lb, int nl, const struct cairn_net *net, const struct lb_link *bridge, const char *netns, const char *alias,
                struct cairn_error *err)
{
    CLEANUP_FREE struct lb_addr *addrs = calloc(net->subnets_count + 1, sizeof *addrs);
    CLEANUP_FD int ns = -1;
    CLEANUP_FD int in = -1;
    struct lb_link link;
    struct lb_addr cidr;
    char veth[IFNAMSIZ];
    uint8_t mac[6];
    size_t len = 0;
    int there;

    if (addrs == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    lb_device(veth, LB_VETH, net->id);
    lb_mac(mac, net->id, 2);
    if (netns_make(lb, netns, err) < 0 || (in = rtnl_open(netns, err)) < 0 || (ns = netns_open(netns)) < 0
        || rtnl_veth(nl, veth, LB_NS_DEVICE, mac, ns, err) < 0)
        return -1;
    /* Our end without its peer: it leads into a namespace that is gone. */
    if ((there = rtnl_link(in, LB_NS_DEVICE, &link, err)) == 0) {
        if (rtnl_delete(nl, veth, err) < 0 || rtnl_veth(nl, veth, LB_NS_DEVICE, mac, ns, err) < 0)
            return -1;
        there = rtnl_link(in, LB_NS_DEVICE, &link, err);
    }
    if (there != 1 || netns_sysctl("ipv6", veth, "disable_ipv6", "1", err) < 0 || netns_run(netns, inside_sysctl, NULL, err) < 0
        || enslave(nl, veth, bridge->index, net->mtu, alias, err) < 0
        || rtnl_change(in, &link, &(struct lb_change){ net->mtu, -1, 1, NULL }, err) < 0)
        return -1;
    lb_addr_parse(METADATA_ADDRESS, &addrs[len++]);
    for (uint32_t i = 0; i < net->subnets_count; i++) {
        const struct cairn_subnet *s = net->subnets[i];

        if (!s->dhcp || s->dhcp_address == NULL)
            continue;
        if (lb_addr_parse(s->dhcp_address, &addrs[len]) < 0 || lb_addr_parse(s->cidr, &cidr) < 0 || addrs[len].family != cidr.family)
            return cairn_fail(err, CAIRN_INVALID, "subnet %s: DHCP address '%.64s' does not fit '%.64s'", s->id, s->dhcp_address, s->cidr);
        addrs[len++].prefix = cidr.prefix;
    }
    if (rtnl_addresses(in, link.index, addrs, len, err) < 0)
        return -1;
    for (uint32_t i = 0; i < net->subnets_count; i++) {
        const struct cairn_subnet *s = net->subnets[i];

        if (s->dhcp && s->ip_version == 6 && s->gateway != NULL && lb_addr_parse(s->gateway, &cidr) == 0
            && rtnl_default_route(in, link.index, &cidr, err) < 0)
            return -1;
    }
    return dhcp_apply(lb, net, netns, err);
}

static int
namespace_remove(struct lb *lb, int nl, const char *id, struct cairn_error *err)
{
    char netns[64], veth[IFNAMSIZ];

    lb_netns(netns, id);
    lb_device(veth, LB_VETH, id);
    return dhcp_remove(lb, id, err) < 0 || rtnl_delete(nl, veth, err) < 0 || netns_remove(netns, err) < 0 ? -1 : 0;
}

/* Operations ---------------------------------------------------------------------------------------------------------------- */

static int
check_net(struct lb *lb, const struct cairn_net *net, char device[IFNAMSIZ], struct cairn_error *err)
{
    if (lb_check_id("network", net->id, err) < 0)
        return -1;
    if (net->mtu < 68 || net->mtu > 65535)
        return cairn_fail(err, CAIRN_INVALID, "network %s: MTU %u is not 68..65535", net->id, net->mtu);
    device[0] = '\0';
    switch ((enum cairn_net_type)net->type) {
    case CAIRN_NET_LOCAL:
    case CAIRN_NET_VXLAN:
        return 0;
    case CAIRN_NET_FLAT:
    case CAIRN_NET_VLAN:
        if (net->physical == NULL || !physical_device(lb, net->physical, device))
            return cairn_fail(err, CAIRN_INVALID, "network %s: this host has no physical network '%.64s'", net->id,
                              net->physical != NULL ? net->physical : "");
        if (net->type == CAIRN_NET_VLAN && strcmp(device, HOST_ITSELF) == 0)
            return cairn_fail(err, CAIRN_INVALID, "network %s: physical network '%s' is this host itself and has no VLANs", net->id,
                              net->physical);
        return 0;
    case CAIRN_NET_GENEVE:
        return cairn_fail(err, CAIRN_UNSUPPORTED, "network %s: linuxbridge has no GENEVE networks", net->id);
    }
    return cairn_fail(err, CAIRN_INVALID, "network %s: type %u is unknown", net->id, net->type);
}

int
network_apply(void *self, const struct cairn_net *net, struct cairn_error *err)
{
    struct lb *lb = self;
    char name[IFNAMSIZ], device[IFNAMSIZ], alias[128], netns[64];
    struct lb_link bridge;
    CLEANUP_FD int nl = -1;
    uint8_t mac[6];
    int is_host;

    if (check_net(lb, net, device, err) < 0 || (nl = rtnl_open(NULL, err)) < 0)
        return -1;
    lb_device(name, LB_BRIDGE, net->id);
    lb_alias(lb, alias, "network", net->id);
    lb_netns(netns, net->id);
    lb_mac(mac, net->id, 1);
    is_host = strcmp(device, HOST_ITSELF) == 0;

    if (rtnl_bridge(nl, name, mac, err) < 0 || rtnl_link(nl, name, &bridge, err) != 1)
        return -1;
    /* The host hides from networks that it is no part of: no IPv6 address, no answer to ARP; filter.c drops the rest. */
    if ((!is_host && netns_sysctl("ipv6", name, "disable_ipv6", "1", err) < 0) || netns_sysctl("ipv4", name, "arp_ignore", is_host ? "1" : "8", err) < 0
        || filter_network(lb, &bridge, is_host, is_host && lb->host_nat, err) < 0
        || rtnl_change(nl, &bridge, &(struct lb_change){ net->mtu, -1, net->admin_up ? 1 : 0, alias }, err) < 0)
        return cairn_error_context(err, "network %s", net->id);
    /* Uplinks carry an alias that no list takes for a network. */
    lb_alias(lb, alias, "uplink", net->id);
    if ((net->type == CAIRN_NET_VXLAN && uplink_vxlan(lb, nl, net, &bridge, alias, err) < 0)
        || (net->type == CAIRN_NET_VLAN && uplink_vlan(nl, net, device, &bridge, alias, err) < 0)
        || (net->type == CAIRN_NET_FLAT && !is_host && enslave(nl, device, bridge.index, 0, NULL, err) < 0)
        || (is_host && host_joins(lb, nl, net, &bridge, err) < 0) || (is_host && lb->host_nat && uplinks_forward(err) < 0))
        return cairn_error_context(err, "network %s", net->id);
    lb_alias(lb, alias, "dhcp", net->id);
    if (has_dhcp(net) ? namespace_apply(lb, nl, net, &bridge, netns, alias, err) < 0 : namespace_remove(lb, nl, net->id, err) < 0)
        return cairn_error_context(err, "network %s", net->id);
    return 0;
}

int
network_remove(void *self, const char *id, struct cairn_error *err)
{
    static const char kinds[] = { LB_VXLAN, LB_VLAN, LB_BRIDGE };
    struct lb *lb = self;
    char name[IFNAMSIZ];
    CLEANUP_FD int nl = -1;

    if (lb_check_id("network", id, err) < 0 || (nl = rtnl_open(NULL, err)) < 0 || namespace_remove(lb, nl, id, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        lb_device(name, kinds[i], id);
        if (rtnl_delete(nl, name, err) < 0)
            return -1;
    }
    return filter_network_remove(lb, name, err);
}

static int
listen_here(void *arg, struct cairn_error *err)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(80) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

    inet_pton(AF_INET, METADATA_ADDRESS, &sa.sin_addr);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 || bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0
        || listen(fd, 128) < 0) {
        int e = errno;

        if (fd >= 0)
            close(fd);
        return cairn_fail_errno(err, e, "cannot listen on " METADATA_ADDRESS ":80");
    }
    *(int32_t *)arg = fd;
    return 0;
}

int
network_metadata_listen(void *self, const char *network_id, int32_t *ret_fd, struct cairn_error *err)
{
    char netns[64];

    (void)self;
    if (lb_check_id("network", network_id, err) < 0)
        return -1;
    lb_netns(netns, network_id);
    return netns_run(netns, listen_here, ret_fd, err) < 0 ? cairn_error_context(err, "network %s", network_id) : 0;
}
