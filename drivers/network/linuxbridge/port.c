/* port.c: ports: a persistent tap on the network's bridge, filtered before it is up. */
#include "linuxbridge.h"
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

/* Makes a tap that outlives the descriptor.  There already is success: the alias tells whose it is. */
static int
tap_make(const char *name, struct cairn_error *err)
{
    CLEANUP_FD int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    struct ifreq req = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };

    if (fd < 0)
        return cairn_fail_errno(err, errno, "cannot open /dev/net/tun");
    memcpy(req.ifr_name, name, strlen(name) + 1);
    if (ioctl(fd, TUNSETIFF, &req) < 0 || ioctl(fd, TUNSETPERSIST, 1UL) < 0)
        return cairn_fail_errno(err, errno, "cannot make tap '%s'", name);
    return 0;
}

static int
check_port(const struct cairn_port *port, struct cairn_error *err)
{
    uint8_t mac[6];

    if (lb_check_id("port", port->id, err) < 0 || lb_check_id("network", port->network_id, err) < 0)
        return -1;
    if (lb_mac_parse(port->mac, mac) < 0 || (mac[0] & 1) != 0)
        return cairn_fail(err, CAIRN_INVALID, "port %s: '%.32s' is not a MAC address of one device", port->id,
                          port->mac != NULL ? port->mac : "");
    return 0;
}

int
port_plug(void *self, const struct cairn_port *port, struct cairn_nic *ret_nic, struct cairn_error *err)
{
    struct lb *lb = self;
    struct cairn_nic nic = { .size = sizeof nic, .kind = CAIRN_NIC_TAP, .checksum_offload = 1 };
    char bridge_name[IFNAMSIZ], tap_name[IFNAMSIZ], alias[128];
    struct lb_link bridge, tap;
    CLEANUP_FD int nl = -1;
    int there;

    if (check_port(port, err) < 0 || (nl = rtnl_open(NULL, err)) < 0)
        return -1;
    lb_device(bridge_name, LB_BRIDGE, port->network_id);
    lb_device(tap_name, LB_TAP, port->id);
    lb_alias(lb, alias, "port", port->id);
    there = rtnl_link(nl, bridge_name, &bridge, err);
    if (there == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "network %s is not on this host", port->network_id);
    if (there < 0 || (there = rtnl_link(nl, tap_name, &tap, err)) < 0)
        return -1;
    if (there && tap.alias[0] != '\0' && strcmp(tap.alias, alias) != 0)
        return cairn_fail(err, CAIRN_EXISTS, "device '%s' belongs to something else: %s", tap_name, tap.alias);

    /* Filter first: no frame passes a tap whose rules do not stand. */
    if (filter_port(lb, port, tap_name, err) < 0)
        return cairn_error_context(err, "port %s", port->id);
    if (!there && (tap_make(tap_name, err) < 0 || netns_sysctl("ipv6", tap_name, "disable_ipv6", "1", err) < 0
                   || rtnl_link(nl, tap_name, &tap, err) != 1))
        return cairn_error_context(err, "port %s", port->id);
    if (rtnl_change(nl, &tap, &(struct lb_change){ bridge.mtu, bridge.index, port->admin_up ? 1 : 0, alias }, err) < 0)
        return cairn_error_context(err, "port %s", port->id);

    nic.mtu = bridge.mtu;
    snprintf(nic.id, sizeof nic.id, "%s", port->id);
    snprintf(nic.mac, sizeof nic.mac, "%s", port->mac);
    snprintf(nic.device, sizeof nic.device, "%s", tap_name);
    snprintf(nic.bridge, sizeof nic.bridge, "%s", bridge_name);
    snprintf(nic.tag, sizeof nic.tag, "%s", port->tag != NULL ? port->tag : "");
    memcpy(ret_nic, &nic, ret_nic->size != 0 && ret_nic->size < sizeof nic ? ret_nic->size : sizeof nic);
    return 0;
}

int
port_unplug(void *self, const char *id, struct cairn_error *err)
{
    struct lb *lb = self;
    char tap[IFNAMSIZ];
    CLEANUP_FD int nl = -1;

    if (lb_check_id("port", id, err) < 0 || (nl = rtnl_open(NULL, err)) < 0)
        return -1;
    lb_device(tap, LB_TAP, id);
    if (rtnl_delete(nl, tap, err) < 0)
        return -1;
    return filter_port_remove(lb, id, tap, err);
}
