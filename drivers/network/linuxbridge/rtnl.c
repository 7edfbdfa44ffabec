/* rtnl.c: the few rtnetlink requests that the driver needs: devices, addresses, a route, a forwarding entry. */
#include "linuxbridge.h"
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

struct request {
    union {
        struct nlmsghdr head;
        char room[1024];
    };
};

static void
request_start(struct request *r, uint16_t type, uint16_t flags, const void *body, size_t len)
{
    memset(r, 0, sizeof *r);
    r->head.nlmsg_type = type;
    r->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    r->head.nlmsg_len = (uint32_t)NLMSG_SPACE(len);
    memcpy(NLMSG_DATA(&r->head), body, len);
}

/* Attributes are few and of known size: they fit. */
static struct rtattr *
put(struct request *r, unsigned type, const void *data, size_t len)
{
    struct rtattr *a = (struct rtattr *)(void *)(r->room + NLMSG_ALIGN(r->head.nlmsg_len));

    a->rta_type = (unsigned short)type;
    a->rta_len = (unsigned short)RTA_LENGTH(len);
    if (len > 0)
        memcpy(RTA_DATA(a), data, len);
    r->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->head.nlmsg_len) + RTA_ALIGN(a->rta_len));
    return a;
}

static void
put_u32(struct request *r, unsigned type, uint32_t value)
{
    put(r, type, &value, sizeof value);
}

static void
put_u8(struct request *r, unsigned type, uint8_t value)
{
    put(r, type, &value, sizeof value);
}

static void
put_text(struct request *r, unsigned type, const char *text)
{
    put(r, type, text, strlen(text) + 1);
}

static void
nest_end(struct request *r, struct rtattr *nest)
{
    nest->rta_len = (unsigned short)(r->room + r->head.nlmsg_len - (char *)nest);
}

static int
open_socket(void *arg, struct cairn_error *err)
{
    int *ret_fd = arg;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        return cairn_fail_errno(err, errno, "cannot open a netlink socket");
    *ret_fd = fd;
    return 0;
}

int
rtnl_open(const char *netns, struct cairn_error *err)
{
    int fd = -1;

    if (netns != NULL ? netns_run(netns, open_socket, &fd, err) < 0 : open_socket(&fd, err) < 0)
        return -1;
    return fd;
}

/* Sends and reads every answer.  0, or the errno that the kernel answered.  'fn' stops a dump's delivery by nonzero. */
static int
talk(int fd, struct request *r, int (*fn)(void *arg, const struct nlmsghdr *h), void *arg)
{
    static _Atomic uint32_t sequence;
    char *buf;
    size_t size = 64 * 1024;
    uint32_t seq = ++sequence;
    int result = -1, stopped = 0;

    r->head.nlmsg_seq = seq;
    r->head.nlmsg_flags |= NLM_F_ACK;
    if ((buf = malloc(size)) == NULL)
        return ENOMEM;
    if (send(fd, r, r->head.nlmsg_len, 0) < 0)
        result = errno;
    while (result < 0) {
        ssize_t n = recv(fd, buf, size, 0);
        int len = (int)n;

        if (n < 0) {
            if (errno == EINTR)
                continue;
            result = errno;
            break;
        }
        for (struct nlmsghdr *h = (struct nlmsghdr *)(void *)buf; result < 0 && NLMSG_OK(h, (unsigned)len); h = NLMSG_NEXT(h, len)) {
            if (h->nlmsg_seq != seq)
                continue;
            if (h->nlmsg_type == NLMSG_ERROR)
                result = -((const struct nlmsgerr *)NLMSG_DATA(h))->error;
            else if (h->nlmsg_type == NLMSG_DONE)
                result = 0;
            else if (fn != NULL && !stopped)
                stopped = fn(arg, h);
        }
    }
    free(buf);
    return result;
}

static int
parse_link(const struct nlmsghdr *h, struct lb_link *ret)
{
    const struct ifinfomsg *info = NLMSG_DATA(h);
    int len = (int)IFLA_PAYLOAD(h);

    if (h->nlmsg_type != RTM_NEWLINK)
        return -1;
    memset(ret, 0, sizeof *ret);
    ret->index = info->ifi_index;
    ret->flags = info->ifi_flags;
    for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
        const char *text = RTA_DATA(a);
        int size = (int)RTA_PAYLOAD(a);

        switch (a->rta_type) {
        case IFLA_IFNAME:  snprintf(ret->name, sizeof ret->name, "%.*s", size, text); break;
        case IFLA_IFALIAS: snprintf(ret->alias, sizeof ret->alias, "%.*s", size, text); break;
        case IFLA_MTU:     memcpy(&ret->mtu, text, sizeof ret->mtu); break;
        case IFLA_MASTER:  memcpy(&ret->master, text, sizeof ret->master); break;
        case IFLA_ADDRESS: if (size == 6) memcpy(ret->mac, text, 6); break;
        }
    }
    return 0;
}

static int
take_link(void *arg, const struct nlmsghdr *h)
{
    parse_link(h, arg);
    return 1;
}

int
rtnl_link(int fd, const char *name, struct lb_link *ret, struct cairn_error *err)
{
    struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
    struct request r;
    int rc;

    request_start(&r, RTM_GETLINK, 0, &info, sizeof info);
    put_text(&r, IFLA_IFNAME, name);
    memset(ret, 0, sizeof *ret);
    rc = talk(fd, &r, take_link, ret);
    if (rc == ENODEV)
        return 0;
    if (rc != 0)
        return cairn_fail_errno(err, rc, "cannot look for network device '%s'", name);
    return ret->index > 0;
}

struct each_link {
    int (*fn)(void *arg, const struct lb_link *link);
    void *arg;
};

static int
give_link(void *arg, const struct nlmsghdr *h)
{
    const struct each_link *each = arg;
    struct lb_link link;

    return parse_link(h, &link) == 0 ? each->fn(each->arg, &link) : 0;
}

int
rtnl_links(int fd, int (*fn)(void *arg, const struct lb_link *link), void *arg, struct cairn_error *err)
{
    struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
    struct each_link each = { fn, arg };
    struct request r;
    int rc;

    request_start(&r, RTM_GETLINK, NLM_F_DUMP, &info, sizeof info);
    rc = talk(fd, &r, give_link, &each);
    return rc == 0 ? 0 : cairn_fail_errno(err, rc, "cannot list network devices");
}

/* Starts RTM_NEWLINK for a device of 'kind'; the caller adds data between this and new_link_send(). */
static void
new_link(struct request *r, const char *name, const char *kind, uint16_t flags, struct rtattr **ret_info, struct rtattr **ret_data)
{
    struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

    request_start(r, RTM_NEWLINK, (uint16_t)(NLM_F_CREATE | flags), &info, sizeof info);
    put_text(r, IFLA_IFNAME, name);
    *ret_info = put(r, IFLA_LINKINFO, NULL, 0);
    put_text(r, IFLA_INFO_KIND, kind);
    *ret_data = put(r, IFLA_INFO_DATA, NULL, 0);
}

static int
new_link_send(int fd, struct request *r, struct rtattr *info, struct rtattr *data, const char *name, const char *kind, struct cairn_error *err)
{
    int rc;

    nest_end(r, data);
    nest_end(r, info);
    rc = talk(fd, r, NULL, NULL);
    if (rc == 0 || rc == EEXIST)
        return 0;
    if (rc == EOPNOTSUPP)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "this kernel has no %s devices: cannot make '%s'", kind, name);
    return cairn_fail_errno(err, rc, "cannot make %s device '%s'", kind, name);
}

int
rtnl_bridge(int fd, const char *name, const uint8_t mac[6], struct cairn_error *err)
{
    struct request r;
    struct rtattr *info, *data;
    struct lb_link link;
    int there = rtnl_link(fd, name, &link, err);

    if (there < 0)
        return -1;
    new_link(&r, name, "bridge", 0, &info, &data);
    put_u32(&r, IFLA_BR_STP_STATE, 0);
    put_u8(&r, IFLA_BR_MCAST_SNOOPING, 0);
    put_u8(&r, IFLA_BR_NF_CALL_IPTABLES, 1);    /* conntrack sees what is bridged: see filter.c */
    put_u8(&r, IFLA_BR_NF_CALL_IP6TABLES, 1);
    nest_end(&r, data);
    nest_end(&r, info);
    /* Its own MAC, or it would change with the ports and guests would lose their gateway. */
    if (!there || memcmp(link.mac, mac, 6) != 0)
        put(&r, IFLA_ADDRESS, mac, 6);
    there = talk(fd, &r, NULL, NULL);
    return there == 0 ? 0 : cairn_fail_errno(err, there, "cannot make bridge '%s'", name);
}

int
rtnl_veth(int fd, const char *name, const char *peer, const uint8_t peer_mac[6], int peer_ns, struct cairn_error *err)
{
    struct ifinfomsg peer_info = { .ifi_family = AF_UNSPEC };
    struct request r;
    struct rtattr *info, *data, *end;

    new_link(&r, name, "veth", NLM_F_EXCL, &info, &data);
    end = put(&r, 1 /* VETH_INFO_PEER */, &peer_info, sizeof peer_info);
    put_text(&r, IFLA_IFNAME, peer);
    put(&r, IFLA_ADDRESS, peer_mac, 6);
    put_u32(&r, IFLA_NET_NS_FD, (uint32_t)peer_ns);
    nest_end(&r, end);
    return new_link_send(fd, &r, info, data, name, "veth", err);
}

int
rtnl_vxlan(int fd, const char *name, uint32_t vni, uint32_t port, const struct lb_addr *local, const struct lb_addr *group,
           int group_device, struct cairn_error *err)
{
    uint16_t port_be = htons((uint16_t)port);
    struct request r;
    struct rtattr *info, *data;

    new_link(&r, name, "vxlan", NLM_F_EXCL, &info, &data);
    put_u32(&r, IFLA_VXLAN_ID, vni);
    put(&r, IFLA_VXLAN_PORT, &port_be, sizeof port_be);
    put(&r, local->family == AF_INET ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6, local->bytes, (size_t)lb_addr_len(local));
    if (group != NULL)
        put(&r, group->family == AF_INET ? IFLA_VXLAN_GROUP : IFLA_VXLAN_GROUP6, group->bytes, (size_t)lb_addr_len(group));
    if (group_device > 0)
        put_u32(&r, IFLA_VXLAN_LINK, (uint32_t)group_device);
    put_u8(&r, IFLA_VXLAN_LEARNING, 1);
    return new_link_send(fd, &r, info, data, name, "VXLAN", err);
}

int
rtnl_vlan(int fd, const char *name, int parent, uint32_t vid, struct cairn_error *err)
{
    uint16_t id = (uint16_t)vid;
    struct request r;
    struct rtattr *info, *data;

    new_link(&r, name, "vlan", NLM_F_EXCL, &info, &data);
    put(&r, IFLA_VLAN_ID, &id, sizeof id);
    nest_end(&r, data);
    nest_end(&r, info);
    put_u32(&r, IFLA_LINK, (uint32_t)parent);
    parent = talk(fd, &r, NULL, NULL);
    if (parent == 0 || parent == EEXIST)
        return 0;
    if (parent == EOPNOTSUPP)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "this kernel has no VLAN devices: cannot make '%s'", name);
    return cairn_fail_errno(err, parent, "cannot make VLAN device '%s'", name);
}

int
rtnl_change(int fd, const struct lb_link *link, const struct lb_change *change, struct cairn_error *err)
{
    struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = link->index };
    int is_up = (link->flags & IFF_UP) != 0, differs = 0, rc;
    struct request r;

    if (change->up >= 0 && change->up != is_up) {
        info.ifi_change = IFF_UP;
        info.ifi_flags = change->up ? IFF_UP : 0;
        differs = 1;
    }
    request_start(&r, RTM_NEWLINK, 0, &info, sizeof info);
    if (change->mtu != 0 && change->mtu != link->mtu) {
        put_u32(&r, IFLA_MTU, change->mtu);
        differs = 1;
    }
    if (change->master >= 0 && change->master != link->master) {
        put_u32(&r, IFLA_MASTER, (uint32_t)change->master);
        differs = 1;
    }
    if (change->alias != NULL && strcmp(change->alias, link->alias) != 0) {
        put(&r, IFLA_IFALIAS, change->alias, strlen(change->alias));
        differs = 1;
    }
    if (!differs)
        return 0;
    rc = talk(fd, &r, NULL, NULL);
    return rc == 0 ? 0 : cairn_fail_errno(err, rc, "cannot set up network device '%s'", link->name);
}

int
rtnl_delete(int fd, const char *name, struct cairn_error *err)
{
    struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
    struct request r;
    int rc;

    request_start(&r, RTM_DELLINK, 0, &info, sizeof info);
    put_text(&r, IFLA_IFNAME, name);
    rc = talk(fd, &r, NULL, NULL);
    return rc == 0 || rc == ENODEV ? 0 : cairn_fail_errno(err, rc, "cannot delete network device '%s'", name);
}

static int
address(int fd, uint16_t type, uint16_t flags, int index, const struct lb_addr *a, struct cairn_error *err)
{
    struct ifaddrmsg m = { .ifa_family = (uint8_t)a->family, .ifa_prefixlen = (uint8_t)a->prefix, .ifa_index = (uint32_t)index,
                           .ifa_flags = a->family == AF_INET6 ? IFA_F_NODAD : 0 };
    char text[LB_ADDR_TEXT];
    struct request r;
    int rc;

    request_start(&r, type, flags, &m, sizeof m);
    put(&r, IFA_LOCAL, a->bytes, (size_t)lb_addr_len(a));
    put(&r, IFA_ADDRESS, a->bytes, (size_t)lb_addr_len(a));
    if (a->family == AF_INET && a->prefix < 31) {
        struct lb_addr cast = *a;

        for (int bit = a->prefix; bit < 32; bit++)
            cast.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
        put(&r, IFA_BROADCAST, cast.bytes, 4);
    }
    rc = talk(fd, &r, NULL, NULL);
    if (rc == 0 || rc == (type == RTM_NEWADDR ? EEXIST : EADDRNOTAVAIL))
        return 0;
    return cairn_fail_errno(err, rc, "cannot %s address %s", type == RTM_NEWADDR ? "set" : "remove", lb_addr_text(a, 1, text));
}

/* The address that a message tells; family 0 if it tells none. */
static struct lb_addr
parse_address(const struct nlmsghdr *h)
{
    const struct ifaddrmsg *m = NLMSG_DATA(h);
    struct lb_addr a = { .family = m->ifa_family, .prefix = m->ifa_prefixlen };
    int len = (int)IFA_PAYLOAD(h), have = 0;

    if (h->nlmsg_type != RTM_NEWADDR || (a.family != AF_INET && a.family != AF_INET6)) {
        a.family = 0;
        return a;
    }
    for (const struct rtattr *p = IFA_RTA(m); RTA_OK(p, len); p = RTA_NEXT(p, len))
        if (p->rta_type == IFA_LOCAL || (p->rta_type == IFA_ADDRESS && !have)) {
            memcpy(a.bytes, RTA_DATA(p), (size_t)lb_addr_len(&a));
            have = p->rta_type == IFA_LOCAL;
        }
    return a;
}

struct stale {
    int index;
    const struct lb_addr *want;
    size_t want_len;
    struct lb_addr found[64];
    size_t len;
};

static int
take_stale(void *arg, const struct nlmsghdr *h)
{
    struct stale *s = arg;
    const struct ifaddrmsg *m = NLMSG_DATA(h);
    struct lb_addr a = parse_address(h);

    if (a.family == 0 || (int)m->ifa_index != s->index || m->ifa_scope != RT_SCOPE_UNIVERSE)
        return 0;
    for (size_t i = 0; i < s->want_len; i++)
        if (s->want[i].prefix == a.prefix && s->want[i].family == a.family && memcmp(s->want[i].bytes, a.bytes, 16) == 0)
            return 0;
    s->found[s->len++] = a;
    return s->len == ARRAY_LEN(s->found);
}

int
rtnl_addresses(int fd, int index, const struct lb_addr *want, size_t len, struct cairn_error *err)
{
    struct ifaddrmsg m = { 0 };
    struct stale stale = { .index = index, .want = want, .want_len = len };
    struct request r;
    int rc;

    request_start(&r, RTM_GETADDR, NLM_F_DUMP, &m, sizeof m);
    rc = talk(fd, &r, take_stale, &stale);
    if (rc != 0)
        return cairn_fail_errno(err, rc, "cannot list addresses");
    for (size_t i = 0; i < stale.len; i++)
        if (address(fd, RTM_DELADDR, 0, index, &stale.found[i], err) < 0)
            return -1;
    for (size_t i = 0; i < len; i++)
        if (address(fd, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, &want[i], err) < 0)
            return -1;
    return 0;
}

struct owner {
    const struct lb_addr *addr;
    int index;
};

static int
take_owner(void *arg, const struct nlmsghdr *h)
{
    struct owner *o = arg;
    struct lb_addr a = parse_address(h);

    if (a.family != o->addr->family || memcmp(a.bytes, o->addr->bytes, sizeof a.bytes) != 0)
        return 0;
    o->index = (int)((const struct ifaddrmsg *)NLMSG_DATA(h))->ifa_index;
    return 1;
}

int
rtnl_device_of(int fd, const struct lb_addr *a, struct cairn_error *err)
{
    struct ifaddrmsg m = { 0 };
    struct owner owner = { a, 0 };
    struct request r;
    int rc;

    request_start(&r, RTM_GETADDR, NLM_F_DUMP, &m, sizeof m);
    rc = talk(fd, &r, take_owner, &owner);
    return rc == 0 ? owner.index : cairn_fail_errno(err, rc, "cannot list addresses");
}

int
rtnl_default_route(int fd, int index, const struct lb_addr *via, struct cairn_error *err)
{
    struct rtmsg m = { .rtm_family = (uint8_t)via->family, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
                       .rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST };
    struct request r;
    int rc;

    request_start(&r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &m, sizeof m);
    put(&r, RTA_GATEWAY, via->bytes, (size_t)lb_addr_len(via));
    put_u32(&r, RTA_OIF, (uint32_t)index);
    rc = talk(fd, &r, NULL, NULL);
    return rc == 0 || rc == EEXIST ? 0 : cairn_fail_errno(err, rc, "cannot set the default route");
}

int
rtnl_flood_to(int fd, int index, const struct lb_addr *peer, struct cairn_error *err)
{
    static const uint8_t any[6];
    struct ndmsg m = { .ndm_family = AF_BRIDGE, .ndm_ifindex = index, .ndm_state = NUD_PERMANENT | NUD_NOARP, .ndm_flags = NTF_SELF };
    struct request r;
    int rc;

    request_start(&r, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND, &m, sizeof m);
    put(&r, NDA_LLADDR, any, sizeof any);
    put(&r, NDA_DST, peer->bytes, (size_t)lb_addr_len(peer));
    rc = talk(fd, &r, NULL, NULL);
    return rc == 0 || rc == EEXIST ? 0 : cairn_fail_errno(err, rc, "cannot add a VXLAN peer");
}
