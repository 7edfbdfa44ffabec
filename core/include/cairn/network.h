/* cairn/network.h: what a network driver does: it makes networks, ports and their rules so on this host.
 *
 * Level-triggered: each apply() describes how a thing shall be, whole, as often as the daemon likes; the driver makes the machine
 * so and changes nothing when it is so already.  remove() of what is gone is success. */
#ifndef CAIRN_NETWORK_H
#define CAIRN_NETWORK_H

#include <cairn/driver.h>
#include <cairn/compute.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CAIRN_NETWORK_CAN_DHCP          (UINT64_C(1) << 0)
#define CAIRN_NETWORK_CAN_SECURITY      (UINT64_C(1) << 1)
#define CAIRN_NETWORK_CAN_ROUTER        (UINT64_C(1) << 2)
#define CAIRN_NETWORK_CAN_FLOATING_IP   (UINT64_C(1) << 3)
#define CAIRN_NETWORK_CAN_QOS           (UINT64_C(1) << 4)
#define CAIRN_NETWORK_CAN_METADATA      (UINT64_C(1) << 5)
#define CAIRN_NETWORK_SIMULATED         (UINT64_C(1) << 6)

enum cairn_net_type { CAIRN_NET_LOCAL = 1, CAIRN_NET_FLAT = 2, CAIRN_NET_VLAN = 3, CAIRN_NET_VXLAN = 4, CAIRN_NET_GENEVE = 5 };

struct cairn_route {
    const char *destination;    /* CIDR */
    const char *nexthop;
};

struct cairn_subnet {
    uint32_t size;
    uint32_t ip_version;        /* 4 or 6 */
    uint32_t dhcp;              /* 1: answer DHCP */
    uint32_t ra_mode;           /* IPv6: 0 none, 1 slaac, 2 stateful, 3 stateless */
    const char *id;
    const char *cidr;
    const char *gateway;        /* NULL: none */
    const char *dhcp_address;   /* this network's DHCP and metadata address in the subnet; reserved by the daemon; NULL without dhcp */
    const char *const *dns;     /* addresses */
    uint32_t dns_count;
    uint32_t routes_count;
    const struct cairn_route *const *routes;
    const char *domain;         /* DNS domain for leases, or NULL */
};

struct cairn_lease {            /* what DHCP answers to whom */
    uint32_t size;
    uint32_t reserved;
    const char *port_id;
    const char *mac;
    const char *address;
    const char *subnet_id;
    const char *host_name;      /* a DNS label, checked; or NULL */
    const struct cairn_pair *const *options;    /* extra DHCP options: names of the driver's own table, values checked */
    uint32_t options_count;
    uint32_t reserved2;
};

struct cairn_net {
    uint32_t size;
    uint32_t type;              /* enum cairn_net_type */
    uint32_t segment;           /* VLAN id, VNI */
    uint32_t mtu;
    uint32_t external;
    uint32_t admin_up;
    const char *id;
    const char *project_id;
    const char *physical;       /* physical network's name, or NULL */
    const struct cairn_subnet *const *subnets;
    uint32_t subnets_count;
    uint32_t leases_count;
    const struct cairn_lease *const *leases;    /* of all ports in the network */
};

struct cairn_security_rule {
    uint32_t size;
    uint32_t ingress;           /* 1 to the guest, 0 from it */
    uint32_t ip_version;        /* 4 or 6 */
    int32_t protocol;           /* IP protocol number; -1 any */
    int32_t port_min, port_max; /* ICMP: type, code; -1 any */
    const char *id;
    const char *remote_cidr;    /* or NULL */
    const char *remote_group;   /* group id, or NULL: its members' addresses */
};
struct cairn_security_group {
    uint32_t size;
    uint32_t stateless;
    const char *id;
    const struct cairn_security_rule *const *rules;
    uint32_t rules_count;
    uint32_t members_count;
    const char *const *members; /* addresses of all ports in the group, for rules of groups that name it */
};

struct cairn_fixed_ip {
    const char *subnet_id;
    const char *address;
};

struct cairn_port {
    uint32_t size;
    uint32_t admin_up;
    uint32_t port_security;     /* 0: no filter, no anti-spoofing */
    uint32_t fixed_ips_count;
    const char *id;
    const char *network_id;
    const char *mac;
    const char *device_id;      /* server */
    const char *device_owner;
    const struct cairn_fixed_ip *const *fixed_ips;
    const char *const *groups;  /* security group ids; each was applied before */
    uint32_t groups_count;
    uint32_t pairs_count;
    const struct cairn_pair *const *address_pairs;      /* allowed: name = CIDR, value = MAC */
    uint64_t qos_egress_bps, qos_ingress_bps;   /* bits per second, 0: unlimited */
    const char *tag;            /* device role tag, or NULL */
};

struct cairn_router {
    uint32_t size;
    uint32_t admin_up;
    uint32_t snat;
    uint32_t interfaces_count;
    const char *id;
    const struct cairn_port *const *interfaces; /* inside */
    const struct cairn_port *gateway;           /* outside, or NULL */
    const char *gateway_next;                   /* next hop outside, or NULL */
    const struct cairn_route *const *routes;
    uint32_t routes_count;
    uint32_t reserved;
};
struct cairn_floating_ip {
    uint32_t size;
    uint32_t reserved;
    const char *id;
    const char *router_id;
    const char *floating_address;
    const char *fixed_address;
    const char *port_id;
};

struct cairn_net_item {         /* one element of network_list(), port_list(), group_list() */
    uint32_t size;
    uint32_t up;
    char id[64];
    char device[32];
    uint32_t broken;            /* something of it has died (its DHCP server): it is there, and wants to be applied again */
};

/* Object = the id in each struct.  Common errors: CAIRN_INVALID (a setting cannot be met: unknown physical network),
 * CAIRN_UNAVAILABLE (worth a retry), CAIRN_INTERNAL. */
struct cairn_network_driver {
    CAIRN_DRIVER_COMMON;

    /* *required*  Bridge or switch, DHCP and metadata addresses for a network on this host. */
    int (*network_apply)(void *self, const struct cairn_net *net, struct cairn_error *err);
    int (*network_remove)(void *self, const char *id, struct cairn_error *err);                    /* *required* */
    int (*network_list)(void *self, struct cairn_sink *sink, struct cairn_error *err);             /* *required*  of this cloud */

    /* *required*  Makes the port's device on its network (applied before), filters included, and tells what the guest is to be given.  A port
     * that is plugged already gets its new rules and addresses without losing a packet. */
    int (*port_plug)(void *self, const struct cairn_port *port, struct cairn_nic *ret_nic, struct cairn_error *err);
    int (*port_unplug)(void *self, const char *id, struct cairn_error *err);                       /* *required* */
    int (*port_list)(void *self, struct cairn_sink *sink, struct cairn_error *err);                /* *required*  of this cloud */

    /* A group's rules and members.  One bad rule does not stop the others: it is left out and logged.  Takes effect on running ports. */
    int (*group_apply)(void *self, const struct cairn_security_group *group, struct cairn_error *err);
    int (*group_remove)(void *self, const char *id, struct cairn_error *err);
    int (*group_list)(void *self, struct cairn_sink *sink, struct cairn_error *err);

    /* A TCP socket that listens on 169.254.169.254:80 inside the network; the daemon accepts on it and closes it.  Called again after a
     * restart.  Only valid between network_apply() and network_remove(). */
    int (*metadata_listen)(void *self, const char *network_id, int32_t *ret_fd, struct cairn_error *err);

    int (*router_apply)(void *self, const struct cairn_router *router, struct cairn_error *err);
    int (*router_remove)(void *self, const char *id, struct cairn_error *err);
    int (*router_list)(void *self, struct cairn_sink *sink, struct cairn_error *err);
    int (*floating_ip_apply)(void *self, const struct cairn_floating_ip *fip, struct cairn_error *err);
    int (*floating_ip_remove)(void *self, const char *id, struct cairn_error *err);

    /* Does physical network 'name' exist on this host?  CAIRN_NOT_FOUND if not. */
    int (*physical_check)(void *self, const char *name, struct cairn_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
