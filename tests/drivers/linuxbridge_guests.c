/* linuxbridge_guests.c: see linuxbridge_bed.h. */
#include "linuxbridge_bed.h"

/* Networks, ports, groups ---------------------------------------------------------------------------------------------------- */

static const char *const dns_a[] = { "192.0.2.1", "192.0.2.2" };
static const struct cairn_route route_a = { "198.51.100.0/24", "10.1.0.77" };
static const struct cairn_route *const routes_a[] = { &route_a };
const struct cairn_subnet subnet_a = { .size = sizeof subnet_a, .ip_version = 4, .dhcp = 1, .id = "aaaaaaaa-0000-4000-8000-0000000000a4",
    .cidr = "10.1.0.0/24", .gateway = "10.1.0.1", .dhcp_address = "10.1.0.2", .dns = dns_a, .dns_count = 2, .routes_count = 1,
    .routes = routes_a, .domain = "cloud.example" };
const struct cairn_subnet subnet_a6 = { .size = sizeof subnet_a6, .ip_version = 6, .dhcp = 1, .ra_mode = 1,
    .id = "aaaaaaaa-0000-4000-8000-0000000000a6", .cidr = "fd00:a::/64", .gateway = "fd00:a::1", .dhcp_address = "fd00:a::2" };
static const struct cairn_subnet subnet_b = { .size = sizeof subnet_b, .ip_version = 4, .dhcp = 0,
    .id = "bbbbbbbb-0000-4000-8000-0000000000b4", .cidr = "10.1.0.0/24", .gateway = "10.1.0.1" };
static const struct cairn_subnet subnet_h = { .size = sizeof subnet_h, .ip_version = 4, .dhcp = 1,
    .id = "cccccccc-0000-4000-8000-0000000000c4", .cidr = "10.9.0.0/24", .gateway = "10.9.0.1", .dhcp_address = "10.9.0.2" };
static const struct cairn_subnet *const subnets_a[] = { &subnet_a, &subnet_a6 };
static const struct cairn_subnet *const subnets_b[] = { &subnet_b };
static const struct cairn_subnet *const subnets_h[] = { &subnet_h };

struct guest a1 = { "guest-a1", "10000000-0000-4000-8000-0000000000a1", NET_A, "fa:16:3e:00:00:a1", "10.1.0.11",
                           "fd00:a::f816:3eff:fe00:a1", "aaaaaaaa-0000-4000-8000-0000000000a4", "", 0 };
struct guest a2 = { "guest-a2", "10000000-0000-4000-8000-0000000000a2", NET_A, "fa:16:3e:00:00:a2", "10.1.0.12",
                           "fd00:a::f816:3eff:fe00:a2", "aaaaaaaa-0000-4000-8000-0000000000a4", "", 0 };
struct guest b1 = { "guest-b1", "10000000-0000-4000-8000-0000000000b1", NET_B, "fa:16:3e:00:00:b1", "10.1.0.11", NULL, "", "", 0 };
struct guest b2 = { "guest-b2", "10000000-0000-4000-8000-0000000000b2", NET_B, "fa:16:3e:00:00:b2", "10.1.0.12", NULL, "", "", 0 };
struct guest h1 = { "guest-h1", "10000000-0000-4000-8000-0000000000c1", NET_H, "fa:16:3e:00:00:c1", "10.9.0.11", NULL,
                           "cccccccc-0000-4000-8000-0000000000c4", "", 0 };

static const struct cairn_pair boot_file = { "bootfile-name", "pxe/boot.0" }, server_ip = { "option:150", "192.0.2.66" },
    evil = { "bootfile-name", "x\ndhcp-option=3,6.6.6.6" }, unknown = { "shell", "sh" };
static const struct cairn_pair *const options_a1[] = { &boot_file, &evil, &server_ip, &unknown };

const struct cairn_net *
net_a(int with_leases)
{
    static struct cairn_lease l1, l2;
    static const struct cairn_lease *leases[] = { &l1, &l2 };
    static struct cairn_net n;

    l1 = (struct cairn_lease){ .size = sizeof l1, .port_id = a1.id, .mac = a1.mac, .address = a1.ip, .subnet_id = a1.subnet, .host_name = "one",
                               .options = options_a1, .options_count = LEN(options_a1) };
    l2 = (struct cairn_lease){ .size = sizeof l2, .port_id = a2.id, .mac = a2.mac, .address = a2.ip, .subnet_id = a2.subnet };
    n = (struct cairn_net){ .size = sizeof n, .type = CAIRN_NET_VXLAN, .segment = 77, .mtu = 1450, .admin_up = 1, .id = NET_A,
                            .subnets = subnets_a, .subnets_count = 2, .leases = leases, .leases_count = with_leases ? 2 : 1 };
    return &n;
}
const struct cairn_net net_b = { .size = sizeof net_b, .type = CAIRN_NET_LOCAL, .mtu = 1500, .admin_up = 1, .id = NET_B,
                                        .subnets = subnets_b, .subnets_count = 1 };
const struct cairn_net *
net_h(void)
{
    static struct cairn_lease l1;
    static const struct cairn_lease *leases[] = { &l1 };
    static struct cairn_net n;

    l1 = (struct cairn_lease){ .size = sizeof l1, .port_id = h1.id, .mac = h1.mac, .address = h1.ip, .subnet_id = h1.subnet };
    n = (struct cairn_net){ .size = sizeof n, .type = CAIRN_NET_FLAT, .mtu = 1500, .admin_up = 1, .external = 1, .id = NET_H, .physical = "host",
                            .subnets = subnets_h, .subnets_count = 1, .leases = leases, .leases_count = 1 };
    return &n;
}

uint64_t qos_egress, qos_ingress;

/* A port with these groups ("WA": G_WEB and G_ALL). */
int
plug(struct guest *g, const char *groups, int security, const struct cairn_pair *pair)
{
    const struct cairn_fixed_ip ip4 = { g->subnet, g->ip }, ip6 = { "", g->ip6 };
    const struct cairn_fixed_ip *const ips[] = { &ip4, &ip6 };
    const struct cairn_pair *const pairs[] = { pair };
    const char *ids[4];
    uint32_t n = 0;
    struct cairn_nic nic = { .size = sizeof nic };
    struct cairn_port p = { .size = sizeof p, .admin_up = 1, .port_security = (uint32_t)security, .fixed_ips_count = g->ip6 != NULL ? 2 : 1,
                            .id = g->id, .network_id = g->net, .mac = g->mac, .fixed_ips = ips, .address_pairs = pairs,
                            .pairs_count = pair != NULL, .qos_egress_bps = qos_egress, .qos_ingress_bps = qos_ingress };
    int rc;

    for (; *groups != '\0'; groups++)
        ids[n++] = *groups == 'W' ? G_WEB : *groups == 'B' ? G_BAD : G_ALL;
    p.groups = ids;
    p.groups_count = n;
    cairn_error_clear(&err);
    rc = drv->port_plug(self, &p, &nic, &err);
    if (rc < 0)
        printf("# %s\n", err.message);
    else
        snprintf(g->device, sizeof g->device, "%s", nic.device);
    return rc == 0 && nic.kind == CAIRN_NIC_TAP && strcmp(nic.mac, g->mac) == 0;
}

int
group(const char *id, const struct rule *rules, uint32_t len, const char *const *members, uint32_t members_len, int stateless)
{
    struct cairn_security_rule r[16];
    const struct cairn_security_rule *list[16];
    struct cairn_security_group g = { .size = sizeof g, .stateless = (uint32_t)stateless, .id = id, .rules = list, .rules_count = len,
                                      .members = members, .members_count = members_len };

    for (uint32_t i = 0; i < len; i++) {
        r[i] = (struct cairn_security_rule){ .size = sizeof r[i], .ingress = (uint32_t)rules[i].ingress, .ip_version = (uint32_t)rules[i].version,
            .protocol = rules[i].protocol, .port_min = rules[i].min, .port_max = rules[i].max, .id = "rule", .remote_cidr = rules[i].cidr,
            .remote_group = rules[i].group };
        list[i] = &r[i];
    }
    return drv->group_apply(self, &g, &err);
}

const struct rule all_out[] = { { 0, 4, -1, -1, -1, NULL, NULL }, { 0, 6, -1, -1, -1, NULL, NULL } };

/* Guests --------------------------------------------------------------------------------------------------------------------- */

void
guest_start(struct guest *g)
{
    sh("ip netns add %s && ip -n %s link set lo up", g->ns, g->ns);
    g->copier = atoi(sh_text("%s %s %s eth0 %s", tapguest, g->device, g->ns, g->mac));
    CHECK(g->copier > 1, "guest %s runs behind %s", g->ns, g->device);
    sh("ip -n %s link set eth0 up", g->ns);
}

void
guest_address(struct guest *g)
{
    sh("ip -n %s addr flush dev eth0 scope global; ip -n %s addr add %s/24 dev eth0", g->ns, g->ns, g->ip);
}

void
guest_end(struct guest *g)
{
    if (g->copier > 1)
        kill(g->copier, SIGKILL);
    sh("ip netns del %s 2>/dev/null", g->ns);
}

int
ping(const char *ns, const char *to)
{
    return sh("%s%s ping -c1 -W1 %s >/dev/null 2>&1", ns != NULL ? "ip netns exec " : "", ns != NULL ? ns : "", to) == 0;
}

struct ns_socket {
    const char *ns;
    int domain, type, protocol, fd;
};
static void *
ns_socket_thread(void *p)
{
    struct ns_socket *s = p;
    char path[128];
    int ns;

    if (s->ns != NULL) {
        snprintf(path, sizeof path, "/run/netns/%s", s->ns);
        ns = open(path, O_RDONLY | O_CLOEXEC);
        if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
            return NULL;
        close(ns);
    }
    s->fd = socket(s->domain, s->type | SOCK_CLOEXEC | SOCK_NONBLOCK, s->protocol);
    return NULL;
}
int
ns_socket(const char *ns, int domain, int type, int protocol)
{
    struct ns_socket s = { ns, domain, type, protocol, -1 };
    pthread_t t;

    pthread_create(&t, NULL, ns_socket_thread, &s);
    pthread_join(t, NULL);
    return s.fd;
}

struct sockaddr_in
addr4(const char *ip, int port)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    inet_pton(AF_INET, ip, &sa.sin_addr);
    return sa;
}

int
tcp_listen(const char *ns, int port)
{
    int fd = ns_socket(ns, AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in sa = addr4("0.0.0.0", port);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 || listen(fd, 16) < 0)
        CHECK(0, "listen in %s on %d: %s", ns, port, strerror(errno));
    return fd;
}

int
wait_for(int fd, short events, int ms)
{
    struct pollfd p = { .fd = fd, .events = events };

    return poll(&p, 1, ms) == 1;
}

/* A connection from 'ns', or -1. */
int
tcp_connect(const char *ns, const char *ip, int port)
{
    int fd = ns_socket(ns, AF_INET, SOCK_STREAM, 0), e = 0;
    struct sockaddr_in sa = addr4(ip, port);
    socklen_t len = sizeof e;

    if (connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0
        || (errno == EINPROGRESS && wait_for(fd, POLLOUT, 700) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) == 0 && e == 0))
        return fd;
    close(fd);
    return -1;
}

int
tcp(const char *ns, const char *ip, int port)
{
    int fd = tcp_connect(ns, ip, port);

    if (fd < 0)
        return 0;
    close(fd);
    return 1;
}

/* Does what one end writes reach the other? */
int
flows(int from, int to)
{
    char c = 'x';

    if (write(from, &c, 1) != 1)
        return 0;
    return wait_for(to, POLLIN, 900) && read(to, &c, 1) == 1;
}

/* Sends a frame from one guest: does it get to the other's device? */
int
frame_passes(struct guest *from, struct guest *to, const uint8_t *frame, size_t len)
{
    int out = ns_socket(from->ns, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), in = ns_socket(to->ns, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_halen = 6 };
    uint8_t got[2048];
    int passed = 0;
    double end;

    ll.sll_ifindex = atoi(sh_text("ip netns exec %s cat /sys/class/net/eth0/ifindex", from->ns));
    if (ll.sll_ifindex == 0)
        ll.sll_ifindex = atoi(sh_text("ip -n %s -o link show eth0", from->ns));
    if (sendto(out, frame, len, 0, (struct sockaddr *)&ll, sizeof ll) != (ssize_t)len)
        CHECK(0, "send a frame: %s", strerror(errno));
    for (end = now_ms() + 250; now_ms() < end && !passed; ) {
        ssize_t n = wait_for(in, POLLIN, 50) ? recv(in, got, sizeof got, MSG_TRUNC) : 0;

        /* The payload counts: a VLAN tag is taken out of the frame on the way up. */
        passed = n > 0 && memmem(got, sizeof got < (size_t)n ? sizeof got : (size_t)n, frame + len - 24, 24) != NULL;
    }
    close(out);
    close(in);
    return passed;
}

static size_t
mac_bytes(const char *mac, uint8_t *to)
{
    for (int i = 0; i < 6; i++)
        to[i] = (uint8_t)strtoul(mac + 3 * i, NULL, 16);
    return 6;
}

/* Ethernet + IPv4 + UDP with a marker; VLAN tag if 'vlan'. */
size_t
udp_frame(uint8_t *f, const char *src_mac, const char *src, const char *dst_mac, const char *dst, int sport, int dport, int vlan)
{
    static uint8_t serial;
    size_t n = mac_bytes(dst_mac, f), ip;
    uint32_t sum = 0;

    n += mac_bytes(src_mac, f + n);
    if (vlan)
        memcpy(f + n, "\x81\x00\x00\x05", 4), n += 4;
    memcpy(f + n, "\x08\x00", 2), n += 2;
    ip = n;
    memset(f + n, 0, 28 + 24);
    memcpy(f + n, "\x45\x00\x00\x34\x00\x01\x00\x00\x40\x11", 10);
    inet_pton(AF_INET, src, f + n + 12);
    inet_pton(AF_INET, dst, f + n + 16);
    for (int i = 0; i < 20; i += 2)
        sum += (uint32_t)(f[ip + i] << 8 | f[ip + i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    f[ip + 10] = (uint8_t)(sum >> 8);
    f[ip + 11] = (uint8_t)sum;
    n += 20;
    f[n] = (uint8_t)(sport >> 8), f[n + 1] = (uint8_t)sport, f[n + 2] = (uint8_t)(dport >> 8), f[n + 3] = (uint8_t)dport;
    f[n + 5] = 8 + 24;
    n += 8;
    memcpy(f + n, "cairn frame marker 00000", 24);
    f[n + 23] = ++serial;
    return n + 24;
}

size_t
arp_frame(uint8_t *f, const char *mac, const char *arp_mac, const char *ip)
{
    size_t n = mac_bytes("ff:ff:ff:ff:ff:ff", f);

    n += mac_bytes(mac, f + n);
    memcpy(f + n, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02", 10), n += 10;
    n += mac_bytes(arp_mac, f + n);
    inet_pton(AF_INET, ip, f + n), n += 4;
    n += mac_bytes("fa:16:3e:00:00:a2", f + n);
    inet_pton(AF_INET, "10.1.0.12", f + n), n += 4;
    return n;
}

/* Router (134) or neighbor (136) advertisement about 'target' to all nodes; the checksum is not looked at on the way. */
size_t
nd_frame(uint8_t *f, const char *mac, const char *src, int type, const char *target)
{
    size_t n = mac_bytes("33:33:00:00:00:01", f);

    n += mac_bytes(mac, f + n);
    memcpy(f + n, "\x86\xdd\x60\x00\x00\x00\x00\x18\x3a\xff", 10), n += 10;
    inet_pton(AF_INET6, src, f + n), n += 16;
    inet_pton(AF_INET6, "ff02::1", f + n), n += 16;
    memset(f + n, 0, 24);
    f[n] = (uint8_t)type;
    f[n + 4] = 0x20;
    inet_pton(AF_INET6, target, f + n + 8);
    return n + 24;
}
