/* linuxbridge.h: what the files of the linuxbridge driver share: the instance, the names of things, growing text.
 *
 *     driver.c   table, life cycle, lists          port.c    taps
 *     network.c  bridges, VXLAN, VLAN, host        filter.c  nftables: security groups, anti-spoofing
 *     dhcp.c     dnsmasq and its files             nft.c     how nftables is told
 *     rtnl.c     rtnetlink                         netns.c   namespaces                   names.c  names, addresses, text
 *
 * The kernel is the only memory: each object that the driver makes has a name derived from its id and, where the kernel keeps one, an
 * alias "cairn:<cloud>:<kind>:<id>".  Nothing is cached, so a crash at any point leaves what the next apply() or remove() understands. */
#ifndef LINUXBRIDGE_H
#define LINUXBRIDGE_H

#include <stdlib.h>
#include <unistd.h>
#include <net/if.h>
#include <netinet/in.h>
#include <cairn/network.h>

static inline void lb_cleanup_free(void *p) { free(*(void **)p); }
static inline void lb_cleanup_fd(int *fd) { if (*fd >= 0) close(*fd); }
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define CLEANUP_FREE CLEANUP(lb_cleanup_free)
#define CLEANUP_FD CLEANUP(lb_cleanup_fd)
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* One instance.  Written by configure() and start(), then only read: no lock. */
struct lb {
    const struct cairn_host *host;      /* borrowed; outlives the instance */
    const char *physical;               /* settings; borrowed from the host */
    const char *vxlan_local, *vxlan_group, *vxlan_peers, *dns_servers;
    uint32_t vxlan_port;
    uint32_t host_nat;
    void *nft;                          /* owned: libnftables' context, from start() to stop(); nft.c locks it */
    char tools[128];                    /* for health(): "ip 6.1.0, dnsmasq 2.90, " */
};

/* names.c ------------------------------------------------------------------------------------------------------------------ */

/* Kinds of devices: the second letter of a device's name. */
#define LB_BRIDGE 'b'
#define LB_TAP    't'
#define LB_VXLAN  'x'
#define LB_VLAN   'l'
#define LB_VETH   'v'   /* our end of the wire into a network's namespace */
#define LB_NS_DEVICE "dhcp0"            /* the other end */

/* A UUID in lower case: what is put in names of devices, chains and files.  CAIRN_INVALID otherwise. */
int lb_check_id(const char *what, const char *id, struct cairn_error *err);
/* "cb" + the last 11 hex digits: ids that begin with a time still differ there. */
void lb_device(char ret[IFNAMSIZ], char kind, const char *id);
void lb_netns(char ret[64], const char *network_id);
/* 'kind' is "network" or "port". */
void lb_alias(const struct lb *lb, char ret[128], const char *kind, const char *id);
/* The id inside an alias of this cloud and kind, or NULL. */
const char *lb_alias_id(const struct lb *lb, const char *alias, const char *kind);
/* A locally administered MAC that an id always gets; 'role' tells several of one id apart. */
void lb_mac(uint8_t ret[6], const char *id, uint8_t role);

struct lb_addr {
    int family;                         /* AF_INET or AF_INET6 */
    int prefix;
    uint8_t bytes[16];
};
#define LB_ADDR_TEXT (INET6_ADDRSTRLEN + 4)
/* Address or CIDR; without "/n" the prefix is the whole address.  0 or -1. */
int lb_addr_parse(const char *text, struct lb_addr *ret);
int lb_addr_len(const struct lb_addr *a);               /* 4 or 16 */
int lb_addr_in(const struct lb_addr *a, const struct lb_addr *net);
void lb_addr_base(struct lb_addr *a);                   /* clears the host's bits */
/* The address alone; with the prefix when that is shorter than the address or 'always'. */
const char *lb_addr_text(const struct lb_addr *a, int always, char buf[LB_ADDR_TEXT]);
int lb_mac_parse(const char *text, uint8_t ret[6]);
const char *lb_mac_text(const uint8_t mac[6], char buf[18]);

/* Growing text.  A failed allocation is remembered and told by lb_text_done(). */
struct lb_text {
    char *buf;
    size_t len, size;
    int failed;
};
#define CLEANUP_TEXT CLEANUP(lb_text_free)
void lb_add(struct lb_text *t, const char *fmt, ...) CAIRN_PRINTF(2, 3);
int lb_text_done(const struct lb_text *t, struct cairn_error *err);
void lb_text_free(struct lb_text *t);

int lb_write_file(const char *path, const char *text, struct cairn_error *err);         /* as it is: sysctl, sysfs */
/* The whole file, at most 'max' bytes; NULL if there is none. */
char *lb_read_file(const char *path, size_t max, size_t *ret_len);
int lb_same_file(const char *path, const struct lb_text *text);        /* Does the file say just that? */
/* Replaces the file as one.  1 changed, 0 was the same already, -1 error. */
int lb_replace_file(const char *path, const struct lb_text *text, struct cairn_error *err);

/* rtnl.c ------------------------------------------------------------------------------------------------------------------- */

struct lb_link {
    int index;
    unsigned flags;                     /* IFF_... */
    uint32_t mtu;
    int master;
    uint8_t mac[6];
    char name[IFNAMSIZ];
    char alias[256];
};
/* A netlink socket of the caller's namespace or of the one named.  -1 with err. */
int rtnl_open(const char *netns, struct cairn_error *err);
/* 1 there, 0 not, -1 error. */
int rtnl_link(int fd, const char *name, struct lb_link *ret, struct cairn_error *err);
/* Calls fn for each device; it stops at nonzero. */
int rtnl_links(int fd, int (*fn)(void *arg, const struct lb_link *link), void *arg, struct cairn_error *err);
int rtnl_bridge(int fd, const char *name, const uint8_t mac[6], struct cairn_error *err);      /* made, or its settings renewed */
int rtnl_veth(int fd, const char *name, const char *peer, const uint8_t peer_mac[6], int peer_ns, struct cairn_error *err);
int rtnl_vxlan(int fd, const char *name, uint32_t vni, uint32_t port, const struct lb_addr *local, const struct lb_addr *group,
               int group_device, struct cairn_error *err);
int rtnl_vlan(int fd, const char *name, int parent, uint32_t vid, struct cairn_error *err);
/* Changes what differs.  mtu 0, master -1, up -1, alias NULL: leave. */
struct lb_change {
    uint32_t mtu;
    int master;
    int up;
    const char *alias;
};
int rtnl_change(int fd, const struct lb_link *link, const struct lb_change *change, struct cairn_error *err);
int rtnl_delete(int fd, const char *name, struct cairn_error *err);    /* gone already is success */
/* Makes the device's addresses of global scope these, no more and no less. */
int rtnl_addresses(int fd, int index, const struct lb_addr *want, size_t len, struct cairn_error *err);
/* The index of the device that has the address; 0: none. */
int rtnl_device_of(int fd, const struct lb_addr *a, struct cairn_error *err);
int rtnl_default_route(int fd, int index, const struct lb_addr *via, struct cairn_error *err);
int rtnl_flood_to(int fd, int index, const struct lb_addr *peer, struct cairn_error *err);     /* VXLAN: unknown and broadcast go there too */

/* netns.c ------------------------------------------------------------------------------------------------------------------ */

/* Runs fn in a thread of its own inside the namespace; the process's other threads notice nothing.  Returns what fn returns. */
int netns_run(const char *name, int (*fn)(void *arg, struct cairn_error *err), void *arg, struct cairn_error *err);
int netns_make(const struct lb *lb, const char *name, struct cairn_error *err);
int netns_remove(const char *name, struct cairn_error *err);
int netns_open(const char *name);       /* a descriptor, or -1 when there is no such namespace */
/* Writes /proc/sys/net/<family>/conf/<device>/<key> of the caller's namespace; a kernel without it is no error. */
int netns_sysctl(const char *family, const char *device, const char *key, const char *value, struct cairn_error *err);

/* nft.c -------------------------------------------------------------------------------------------------------------------- */

int nft_start(struct lb *lb, struct cairn_error *err);
void nft_stop(struct lb *lb);
/* The script is done as a whole or not at all.  Its output in '*ret_output' (may be NULL), free() it. */
int nft_run(const struct lb *lb, const struct lb_text *script, char **ret_output, struct cairn_error *err);

/* filter.c ----------------------------------------------------------------------------------------------------------------- */

int filter_start(struct lb *lb, struct cairn_error *err);
/* Takes the tables away if no port or group uses them; the caller has seen that no network does. */
void filter_stop(struct lb *lb);
int filter_network(struct lb *lb, const struct lb_link *bridge, int is_host, int nat, struct cairn_error *err);
int filter_network_remove(struct lb *lb, const char *bridge, struct cairn_error *err);
int filter_port(struct lb *lb, const struct cairn_port *port, const char *tap, struct cairn_error *err);
int filter_port_remove(struct lb *lb, const char *id, const char *tap, struct cairn_error *err);
int filter_group(struct lb *lb, const struct cairn_security_group *group, struct cairn_error *err);
int filter_group_remove(struct lb *lb, const char *id, struct cairn_error *err);
int filter_groups(struct lb *lb, struct cairn_sink *sink, struct cairn_error *err);

/* dhcp.c ------------------------------------------------------------------------------------------------------------------- */

/* The network's dnsmasq in its namespace: started, told of new leases, or replaced because its subnets changed. */
int dhcp_apply(struct lb *lb, const struct cairn_net *net, const char *netns, struct cairn_error *err);
/* 0: its dnsmasq should run and does not. */
int dhcp_alive(const struct lb *lb, const char *network_id);
/* Ends it and forgets its files. */
int dhcp_remove(struct lb *lb, const char *network_id, struct cairn_error *err);

/* network.c, port.c -------------------------------------------------------------------------------------------------------- */

int network_apply(void *self, const struct cairn_net *net, struct cairn_error *err);
int network_remove(void *self, const char *id, struct cairn_error *err);
int network_metadata_listen(void *self, const char *network_id, int32_t *ret_fd, struct cairn_error *err);
int network_physical_check(void *self, const char *name, struct cairn_error *err);
int port_plug(void *self, const struct cairn_port *port, struct cairn_nic *ret_nic, struct cairn_error *err);
int port_unplug(void *self, const char *id, struct cairn_error *err);

/* Runs argv with 'input' to its end. */
int lb_run(const struct lb *lb, const char *netns, const char *const *argv, const char *input, size_t input_len, char **ret_output,
           struct cairn_error *err);

#endif
