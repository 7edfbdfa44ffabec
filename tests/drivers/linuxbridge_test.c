/* linuxbridge_test.c: the linuxbridge driver on a real kernel: real bridges, nftables, dnsmasq; guests are namespaces behind tapguest.
 *
 *     linuxbridge_test DRIVER.so TAPGUEST
 *
 * Runs inside a lab (linuxbridge.sh makes one): what it does to the network it does to its own namespace. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cairn/network.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CLOUD "c1000000-0000-4000-8000-00000000c10d"
#define OTHER "c2000000-0000-4000-8000-00000000c20d"
#define NET_A "aaaaaaaa-0000-4000-8000-0000000000a0"
#define NET_B "bbbbbbbb-0000-4000-8000-0000000000b0"
#define NET_H "cccccccc-0000-4000-8000-0000000000c0"
#define G_WEB "dddddddd-0000-4000-8000-0000000000d1"
#define G_ALL "dddddddd-0000-4000-8000-0000000000d2"
#define G_BAD "dddddddd-0000-4000-8000-0000000000d3"

static char tmp[256];
static const char *tapguest;
static int failures, checks;

#define CHECK(cond, ...) check((cond) != 0, #cond, __LINE__, __VA_ARGS__)
CAIRN_PRINTF(4, 5) static void
check(int ok, const char *text, int line, const char *fmt, ...)
{
    va_list ap;

    checks++;
    failures += !ok;
    printf("%s %d - ", ok ? "ok" : "not ok", checks);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf(ok ? "\n" : "   (line %d: %s)\n", line, text);
    fflush(stdout);
}

static double
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Shell command of the test itself; its exit status. */
CAIRN_PRINTF(1, 2) static int
sh(const char *fmt, ...)
{
    char cmd[2048];
    va_list ap;
    int st;

    va_start(ap, fmt);
    vsnprintf(cmd, sizeof cmd, fmt, ap);
    va_end(ap);
    st = system(cmd);
    return WIFEXITED(st) ? WEXITSTATUS(st) : 255;
}

CAIRN_PRINTF(1, 2) static char *
sh_text(const char *fmt, ...)
{
    static char out[65536];
    char cmd[2048];
    va_list ap;
    FILE *f;
    size_t n;

    va_start(ap, fmt);
    vsnprintf(cmd, sizeof cmd, fmt, ap);
    va_end(ap);
    f = popen(cmd, "r");
    n = f != NULL ? fread(out, 1, sizeof out - 1, f) : 0;
    out[n] = '\0';
    if (f != NULL)
        pclose(f);
    return out;
}

/* The daemon's side -------------------------------------------------------------------------------------------------------- */

static char last_log[1024];

static void
host_log(struct cairn_instance *inst, uint32_t level, const char *fmt, ...)
{
    va_list ap;

    (void)inst;
    va_start(ap, fmt);
    vsnprintf(last_log, sizeof last_log, fmt, ap);
    va_end(ap);
    printf("# log %u: %s\n", level, last_log);
}

static const char *const settings[][2] = {
    { "physical_networks", "host:-,wire:phys0,gone:nosuchdev" }, { "vxlan_port", "4789" }, { "dns_servers", "192.0.2.53" }, { "host_nat", "1" },
};

static const char *
host_string(struct cairn_instance *inst, const char *key)
{
    (void)inst;
    for (size_t i = 0; i < LEN(settings); i++)
        if (strcmp(settings[i][0], key) == 0)
            return settings[i][1];
    return NULL;
}

static int64_t
host_int(struct cairn_instance *inst, const char *key)
{
    const char *s = host_string(inst, key);

    return s != NULL ? atoll(s) : 0;
}

static uint32_t
host_cancelled(struct cairn_op *op)
{
    (void)op;
    return 0;
}

static int
host_run(struct cairn_instance *inst, struct cairn_op *op, const struct cairn_child *c, char **ret_output, size_t *ret_len, int32_t *ret_status,
         struct cairn_error *err)
{
    char in_path[300], out_path[300], err_path[300], ns[128];
    int in, out, er, st;
    char *text;
    off_t len;
    pid_t pid;

    (void)inst;
    (void)op;
    snprintf(in_path, sizeof in_path, "%s/in.XXXXXX", tmp);
    snprintf(out_path, sizeof out_path, "%s/out.XXXXXX", tmp);
    snprintf(err_path, sizeof err_path, "%s/err.XXXXXX", tmp);
    in = mkostemp(in_path, O_CLOEXEC);
    out = mkostemp(out_path, O_CLOEXEC);
    er = mkostemp(err_path, O_CLOEXEC);
    unlink(in_path);
    unlink(out_path);
    unlink(err_path);
    if (in < 0 || out < 0 || er < 0 || (c->input_len > 0 && write(in, c->input, c->input_len) != (ssize_t)c->input_len))
        return cairn_fail_errno(err, errno, "test: files");
    lseek(in, 0, SEEK_SET);
    pid = fork();
    if (pid == 0) {
        if (c->netns != NULL) {
            int fd;

            snprintf(ns, sizeof ns, "/run/netns/%s", c->netns);
            fd = open(ns, O_RDONLY | O_CLOEXEC);
            if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
                _exit(126);
        }
        dup2(in, 0);
        dup2(out, 1);
        dup2(er, 2);
        execvp(c->argv[0], (char *const *)(uintptr_t)c->argv);
        _exit(127);
    }
    waitpid(pid, &st, 0);
    st = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
    len = lseek(out, 0, SEEK_END);
    text = calloc(1, (size_t)len + 1);
    if (text != NULL && pread(out, text, (size_t)len, 0) != len)
        text[0] = '\0';
    if (ret_output != NULL && text != NULL)
        *ret_output = text;
    else
        free(text);
    if (ret_len != NULL)
        *ret_len = (size_t)len;
    if (ret_status != NULL)
        *ret_status = st;
    close(in);
    close(out);
    if (st != 0 && (c->flags & CAIRN_CHILD_ANY_STATUS) == 0) {
        char why[800] = "";

        if (pread(er, why, sizeof why - 1, 0) < 0)
            why[0] = '\0';
        close(er);
        if (getenv("VERBOSE") != NULL)
            printf("# %s ended with %d: %s\n# input: %.*s\n", c->argv[0], st, why, (int)c->input_len, c->input != NULL ? c->input : "");
        if (ret_output != NULL) {
            free(*ret_output);
            *ret_output = NULL;
        }
        return cairn_fail(err, st == 127 ? CAIRN_NOT_FOUND : CAIRN_INTERNAL, "%s ended with %d: %s", c->argv[0], st, why);
    }
    close(er);
    return 0;
}

struct cairn_sink {
    struct cairn_net_item items[32];
    int len;
};

static int32_t
host_emit(struct cairn_sink *sink, const void *item)
{
    if (sink->len < (int)LEN(sink->items))
        memcpy(&sink->items[sink->len++], item, sizeof sink->items[0]);
    return 0;
}

static struct cairn_sink sink;
static struct cairn_net_item *
listed(const char *id)
{
    for (int i = 0; i < sink.len; i++)
        if (strcmp(sink.items[i].id, id) == 0)
            return &sink.items[i];
    return NULL;
}

static struct cairn_host host = {
    .size = sizeof host, .abi = CAIRN_ABI, .name = "default", .cloud_id = CLOUD, .host_name = "here", .log = host_log,
    .get_string = host_string, .get_int = host_int, .cancelled = host_cancelled, .run = host_run, .emit = host_emit,
};
static const struct cairn_network_driver *drv;
static void *self;
static struct cairn_error err;

#define OK(call, ...) CHECK((cairn_error_clear(&err), (call) == 0) || (printf("# %s\n", err.message), 0), __VA_ARGS__)
#define FAILS(call, want, ...) CHECK((cairn_error_clear(&err), (call) < 0) && (printf("# %s\n", err.message), err.code == (want)), __VA_ARGS__)

/* Networks, ports, groups ---------------------------------------------------------------------------------------------------- */

static const char *const dns_a[] = { "192.0.2.1", "192.0.2.2" };
static const struct cairn_route route_a = { "198.51.100.0/24", "10.1.0.77" };
static const struct cairn_route *const routes_a[] = { &route_a };
static const struct cairn_subnet subnet_a = { .size = sizeof subnet_a, .ip_version = 4, .dhcp = 1, .id = "aaaaaaaa-0000-4000-8000-0000000000a4",
    .cidr = "10.1.0.0/24", .gateway = "10.1.0.1", .dhcp_address = "10.1.0.2", .dns = dns_a, .dns_count = 2, .routes_count = 1,
    .routes = routes_a, .domain = "cloud.example" };
static const struct cairn_subnet subnet_a6 = { .size = sizeof subnet_a6, .ip_version = 6, .dhcp = 1, .ra_mode = 1,
    .id = "aaaaaaaa-0000-4000-8000-0000000000a6", .cidr = "fd00:a::/64", .gateway = "fd00:a::1", .dhcp_address = "fd00:a::2" };
static const struct cairn_subnet subnet_b = { .size = sizeof subnet_b, .ip_version = 4, .dhcp = 0,
    .id = "bbbbbbbb-0000-4000-8000-0000000000b4", .cidr = "10.1.0.0/24", .gateway = "10.1.0.1" };
static const struct cairn_subnet subnet_h = { .size = sizeof subnet_h, .ip_version = 4, .dhcp = 1,
    .id = "cccccccc-0000-4000-8000-0000000000c4", .cidr = "10.9.0.0/24", .gateway = "10.9.0.1", .dhcp_address = "10.9.0.2" };
static const struct cairn_subnet *const subnets_a[] = { &subnet_a, &subnet_a6 };
static const struct cairn_subnet *const subnets_b[] = { &subnet_b };
static const struct cairn_subnet *const subnets_h[] = { &subnet_h };

struct guest {
    const char *ns, *id, *net, *mac, *ip, *ip6, *subnet;
    char device[32];
    pid_t copier;
};
static struct guest a1 = { "guest-a1", "10000000-0000-4000-8000-0000000000a1", NET_A, "fa:16:3e:00:00:a1", "10.1.0.11",
                           "fd00:a::f816:3eff:fe00:a1", "aaaaaaaa-0000-4000-8000-0000000000a4", "", 0 };
static struct guest a2 = { "guest-a2", "10000000-0000-4000-8000-0000000000a2", NET_A, "fa:16:3e:00:00:a2", "10.1.0.12",
                           "fd00:a::f816:3eff:fe00:a2", "aaaaaaaa-0000-4000-8000-0000000000a4", "", 0 };
static struct guest b1 = { "guest-b1", "10000000-0000-4000-8000-0000000000b1", NET_B, "fa:16:3e:00:00:b1", "10.1.0.11", NULL, "", "", 0 };
static struct guest b2 = { "guest-b2", "10000000-0000-4000-8000-0000000000b2", NET_B, "fa:16:3e:00:00:b2", "10.1.0.12", NULL, "", "", 0 };
static struct guest h1 = { "guest-h1", "10000000-0000-4000-8000-0000000000c1", NET_H, "fa:16:3e:00:00:c1", "10.9.0.11", NULL,
                           "cccccccc-0000-4000-8000-0000000000c4", "", 0 };

static const struct cairn_pair boot_file = { "bootfile-name", "pxe/boot.0" }, server_ip = { "option:150", "192.0.2.66" },
    evil = { "bootfile-name", "x\ndhcp-option=3,6.6.6.6" }, unknown = { "shell", "sh" };
static const struct cairn_pair *const options_a1[] = { &boot_file, &evil, &server_ip, &unknown };

static const struct cairn_net *
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
static const struct cairn_net net_b = { .size = sizeof net_b, .type = CAIRN_NET_LOCAL, .mtu = 1500, .admin_up = 1, .id = NET_B,
                                        .subnets = subnets_b, .subnets_count = 1 };
static const struct cairn_net *
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

static uint64_t qos_egress, qos_ingress;

/* A port with these groups ("WA": G_WEB and G_ALL). */
static int
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

struct rule {
    int ingress, version, protocol, min, max;
    const char *cidr, *group;
};

static int
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
#define GROUP(id, rules, members, n) group(id, rules, LEN(rules), members, n, 0)

/* Guests --------------------------------------------------------------------------------------------------------------------- */

static void
guest_start(struct guest *g)
{
    sh("ip netns add %s && ip -n %s link set lo up", g->ns, g->ns);
    g->copier = atoi(sh_text("%s %s %s eth0 %s", tapguest, g->device, g->ns, g->mac));
    CHECK(g->copier > 1, "guest %s runs behind %s", g->ns, g->device);
    sh("ip -n %s link set eth0 up", g->ns);
}

static void
guest_address(struct guest *g)
{
    sh("ip -n %s addr flush dev eth0 scope global; ip -n %s addr add %s/24 dev eth0", g->ns, g->ns, g->ip);
}

static void
guest_end(struct guest *g)
{
    if (g->copier > 1)
        kill(g->copier, SIGKILL);
    sh("ip netns del %s 2>/dev/null", g->ns);
}

static int
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
static int
ns_socket(const char *ns, int domain, int type, int protocol)
{
    struct ns_socket s = { ns, domain, type, protocol, -1 };
    pthread_t t;

    pthread_create(&t, NULL, ns_socket_thread, &s);
    pthread_join(t, NULL);
    return s.fd;
}

static struct sockaddr_in
addr4(const char *ip, int port)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    inet_pton(AF_INET, ip, &sa.sin_addr);
    return sa;
}

static int
tcp_listen(const char *ns, int port)
{
    int fd = ns_socket(ns, AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in sa = addr4("0.0.0.0", port);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 || listen(fd, 16) < 0)
        CHECK(0, "listen in %s on %d: %s", ns, port, strerror(errno));
    return fd;
}

static int
wait_for(int fd, short events, int ms)
{
    struct pollfd p = { .fd = fd, .events = events };

    return poll(&p, 1, ms) == 1;
}

/* A connection from 'ns', or -1. */
static int
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

static int
tcp(const char *ns, const char *ip, int port)
{
    int fd = tcp_connect(ns, ip, port);

    if (fd < 0)
        return 0;
    close(fd);
    return 1;
}

/* Does what one end writes reach the other? */
static int
flows(int from, int to)
{
    char c = 'x';

    if (write(from, &c, 1) != 1)
        return 0;
    return wait_for(to, POLLIN, 900) && read(to, &c, 1) == 1;
}

/* Sends a frame from one guest: does it get to the other's device? */
static int
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
static size_t
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

static size_t
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
static size_t
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

/* The story -------------------------------------------------------------------------------------------------------------------- */

static void
load(const char *path)
{
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    cairn_entry_fn entry;

    if (so == NULL) {
        printf("Bail out! %s\n", dlerror());
        exit(1);
    }
    *(void **)&entry = dlsym(so, CAIRN_ENTRY_SYMBOL);
    drv = (const struct cairn_network_driver *)(const void *)entry();
    CHECK(drv->abi == CAIRN_ABI && drv->kind == CAIRN_NETWORK && strcmp(drv->name, "linuxbridge") == 0, "the table names the driver");
}

static void
begin(void)
{
    struct cairn_health health = { .size = sizeof health };

    OK(drv->configure(&host, &self, &err), "configure");
    OK(drv->start(self, &err), "start");
    OK(drv->health(self, &health, &err), "health: %s", health.text);
    CHECK(health.ok, "health is good");
}

static void
end(void)
{
    drv->stop(self);
    drv->destroy(self);
    self = NULL;
}

static const struct rule all_out[] = { { 0, 4, -1, -1, -1, NULL, NULL }, { 0, 6, -1, -1, -1, NULL, NULL } };

static void
networks(void)
{
    double t0 = now_ms(), t1;
    char pid[64];

    OK(drv->network_apply(self, net_a(1), &err), "network A is made");
    t1 = now_ms();
    printf("# network_apply with DHCP: first %.1f ms", t1 - t0);
    snprintf(pid, sizeof pid, "%s", sh_text("cat %s/state/%s/dnsmasq.pid", tmp, NET_A));
    t0 = now_ms();
    cairn_error_clear(&err);
    int rc = drv->network_apply(self, net_a(1), &err);
    printf(", again %.1f ms\n", now_ms() - t0);
    CHECK(rc == 0, "network A again: no change");
    CHECK(strcmp(pid, sh_text("cat %s/state/%s/dnsmasq.pid", tmp, NET_A)) == 0 && atoi(pid) > 1, "dnsmasq was not restarted");
    t0 = now_ms();
    OK(drv->network_apply(self, &net_b, &err), "network B (same addresses) is made");
    printf("# network_apply without DHCP: %.1f ms\n", now_ms() - t0);
    OK(drv->network_apply(self, net_h(), &err), "network H (the host routes) is made");
    CHECK(sh("ip -o addr show dev cb%s | grep -q 'inet 10.9.0.1/24'", "000000000c0") == 0, "the host has H's gateway address");
    CHECK(sh("ip -o addr show dev cb000000000a0 | grep -q inet") != 0, "the host has no address on A");
    memset(&sink, 0, sizeof sink);
    OK(drv->network_list(self, &sink, &err), "network_list");
    CHECK(sink.len == 3 && listed(NET_A) != NULL && listed(NET_A)->up && listed(NET_H) != NULL, "lists the three networks");
    OK(drv->physical_check(self, "host", &err), "physical network 'host' exists");
    FAILS(drv->physical_check(self, "nowhere", &err), CAIRN_NOT_FOUND, "physical network 'nowhere' does not");
    FAILS(drv->physical_check(self, "gone", &err), CAIRN_NOT_FOUND, "a physical network without its device does not");
    struct cairn_net bad = net_b;

    bad.type = CAIRN_NET_FLAT;
    bad.physical = "nowhere";
    FAILS(drv->network_apply(self, &bad, &err), CAIRN_INVALID, "a flat network on an unknown physical network is refused");
    bad.type = CAIRN_NET_GENEVE;
    FAILS(drv->network_apply(self, &bad, &err), CAIRN_UNSUPPORTED, "GENEVE is unsupported");
    bad.id = "../../etc";
    FAILS(drv->network_apply(self, &bad, &err), CAIRN_INVALID, "an id that is no UUID is refused");
}

static void
ports(void)
{
    double t0 = now_ms();

    OK(GROUP(G_ALL, all_out, NULL, 0), "group ALL: everything out, nothing in");
    printf("# group_apply: %.1f ms\n", now_ms() - t0);
    t0 = now_ms();
    CHECK(plug(&a1, "A", 1, NULL), "port a1 is plugged");
    printf("# port_plug: first %.1f ms", now_ms() - t0);
    t0 = now_ms();
    int again = plug(&a1, "A", 1, NULL);
    printf(", again %.1f ms\n", now_ms() - t0);
    CHECK(again, "port a1 again: no change");
    CHECK(sh("ip -o link show dev %s | grep -q 'mtu 1450.*master cb000000000a0.*alias cairn:" CLOUD ":port:%s'", a1.device, a1.id) == 0
          || sh("ip -d link show dev %s | grep -q 'alias cairn:" CLOUD ":port:%s'", a1.device, a1.id) == 0, "its tap is marked");
    CHECK(plug(&a2, "A", 1, NULL) && plug(&b1, "A", 1, NULL) && plug(&b2, "A", 1, NULL) && plug(&h1, "A", 1, NULL), "more ports");
    memset(&sink, 0, sizeof sink);
    OK(drv->port_list(self, &sink, &err), "port_list");
    CHECK(sink.len == 5 && listed(a1.id) != NULL && strcmp(listed(a1.id)->device, a1.device) == 0, "lists the five ports");
    guest_start(&a1);
    guest_start(&a2);
    guest_start(&b1);
    guest_start(&b2);
    guest_start(&h1);
}

static void
dhcp(void)
{
    char script[300], env[300];
    FILE *f;

    snprintf(script, sizeof script, "%s/udhcpc.script", tmp);
    snprintf(env, sizeof env, "%s/lease", tmp);
    f = fopen(script, "w");
    if (f == NULL)
        return;
    fprintf(f, "#!/bin/sh\n[ \"$1\" = bound ] || exit 0\nenv | grep -E '^(ip|mask|router|mtu|dns|domain|lease|serverid|staticroutes|bootfile|opt150|hostname)=' > %s.$GUEST\nip addr flush dev eth0 scope global\nip addr add $ip/$mask dev eth0\n"
               "ip link set eth0 mtu $mtu\nset -- $staticroutes\n"
               "while [ $# -ge 2 ]; do ip route replace $1 via $2; shift 2; done\n", env);
    fclose(f);
    chmod(script, 0755);
    for (struct guest *const *g = (struct guest *[]){ &a1, &a2, &h1, NULL }; *g != NULL; g++) {
        CHECK(sh("GUEST=%s ip netns exec %s busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -s %s -O mtu -O staticroutes -O 150 -O bootfile -x hostname:x "
                 ">/dev/null 2>&1", (*g)->ns, (*g)->ns, script) == 0, "%s gets a lease", (*g)->ns);
        CHECK(sh("grep -qx 'ip=%s' %s.%s", (*g)->ip, env, (*g)->ns) == 0, "and it is %s", (*g)->ip);
    }
    static const struct {
        const char *line, *what;
    } want[] = {
        { "mask=24", "the netmask" }, { "router=10.1.0.1", "the router" }, { "mtu=1450", "the MTU" }, { "dns=192.0.2.1 192.0.2.2", "the name servers" },
        { "domain=cloud.example", "the domain" }, { "lease=86400", "the lease time" }, { "serverid=10.1.0.2", "the server" },
        { "staticroutes=169.254.169.254/32 10.1.0.2 198.51.100.0/24 10.1.0.77 0.0.0.0/0 10.1.0.1", "the static routes" },
        { "bootfile=pxe/boot.0", "the port's boot file; one that tried to add lines was left out" }, { "hostname=one", "the host name" }, { "opt150=c0000242", "an option by number" },
    };
    for (size_t i = 0; i < LEN(want); i++)
        CHECK(sh("grep -qxF '%s' %s.guest-a1", want[i].line, env) == 0, "a1 is told %s", want[i].what);
    CHECK(sh("grep -q 6.6.6.6 %s.guest-a1 %s/state/*/options", env, tmp) != 0, "no text of users becomes a setting of dnsmasq");
    CHECK(sh("grep -qx 'dns=192.0.2.53' %s.guest-h1", env) == 0, "h1 is told the driver's name server, for its subnet names none");
    CHECK(strstr(last_log, "shell") != NULL, "an option that does not exist is left out and logged");
    OK(drv->network_apply(self, net_a(0), &err), "a2's lease is taken away");
    usleep(100000);
    CHECK(sh("ip netns exec guest-a2 busybox udhcpc -i eth0 -n -q -f -t 2 -T 1 -s /bin/true >/dev/null 2>&1") != 0, "then nobody answers a2");
    OK(drv->network_apply(self, net_a(1), &err), "and given again");
    struct cairn_net moved = *net_a(1);
    struct cairn_lease heir = *moved.leases[0];
    const struct cairn_lease *heirs[] = { &heir };

    heir.address = a2.ip;
    moved.leases = heirs;
    moved.leases_count = 1;
    OK(drv->network_apply(self, &moved, &err), "a2 is gone and a1 inherits its address");
    CHECK(strstr(sh_text("ip netns exec guest-a1 busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -s /bin/true 2>&1"), "lease of 10.1.0.12 obtained") != NULL,
          "it gets it, though a2's lease had not ended");
    /* Every way of IPv6 is one that dnsmasq takes. */
    for (uint32_t mode = 0; mode < 4; mode++) {
        struct cairn_subnet six = subnet_a6;
        const struct cairn_subnet *const subnets[] = { &subnet_a, &six };
        struct cairn_lease lease = { .size = sizeof lease, .port_id = a1.id, .mac = a1.mac, .address = "fd00:a::11", .subnet_id = six.id };
        const struct cairn_lease *const leases[] = { &lease };
        int has;

        six.ra_mode = mode;
        moved.subnets = subnets;
        moved.leases = leases;
        OK(drv->network_apply(self, &moved, &err), "IPv6 with router advertisements %u", mode);
        has = sh("grep -q '\\[fd00:a::11\\]' %s/state/%s/hosts", tmp, NET_A) == 0;
        CHECK(has == (mode == 0 || mode == 2), "%s", has ? "DHCPv6 has the port's address" : "the guest makes its own address");
    }
    OK(drv->network_apply(self, net_a(1), &err), "as before");
    CHECK(strstr(sh_text("ip netns exec guest-a1 busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -s /bin/true 2>&1"), "lease of 10.1.0.11 obtained") != NULL,
          "a1 has its own address again");
    for (int i = 0; i < 50 && sh("ip -n guest-a1 -6 addr show dev eth0 | grep -q '%s'", a1.ip6) != 0; i++)
        usleep(100000);
    CHECK(sh("ip -n guest-a1 -6 addr show dev eth0 | grep -q '%s'", a1.ip6) == 0, "a1 has its SLAAC address");
}

static void
metadata(void)
{
    struct sockaddr_in peer = { 0 };
    socklen_t len = sizeof peer;
    char text[64] = "";
    int32_t fd = -1;
    int client, server = -1;

    OK(drv->metadata_listen(self, NET_A, &fd, &err), "metadata socket in network A");
    client = tcp_connect("guest-a1", "169.254.169.254", 80);
    CHECK(client >= 0, "a1 reaches 169.254.169.254:80");
    if (wait_for(fd, POLLIN, 1000))
        server = accept(fd, (struct sockaddr *)&peer, &len);
    inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
    CHECK(strcmp(text, a1.ip) == 0, "and is seen as %s", text);
    CHECK(server >= 0 && flows(server, client) && flows(client, server), "both ways");
    close(server);
    close(client);
    close(fd);
    OK(drv->metadata_listen(self, NET_A, &fd, &err), "the socket can be had again at once");
    close(fd);
    FAILS(drv->metadata_listen(self, NET_B, &fd, &err), CAIRN_NOT_FOUND, "a network without DHCP has none");
}

static void
groups(void)
{
    static const struct rule web[] = { { 1, 4, 6, 80, 81, "10.1.0.0/24", NULL } };
    static const struct rule icmp[] = { { 1, 4, 6, 80, 81, "10.1.0.0/24", NULL }, { 1, 4, 1, 8, 0, NULL, NULL }, { 1, 6, 1, -1, -1, NULL, NULL } };
    static const struct rule remote[] = { { 1, 4, 17, 53, 53, NULL, NULL }, { 1, 4, -1, -1, -1, NULL, G_ALL } };
    static const struct rule bad[] = { { 1, 4, 6, 90, 80, NULL, NULL }, { 1, 4, -1, -1, -1, "10.0.0.0/33", NULL }, { 1, 4, -1, -1, -1, "fd00::/8", NULL },
                                       { 1, 9, -1, -1, -1, NULL, NULL }, { 1, 4, 6, 8080, 8080, NULL, NULL }, { 1, 4, -1, -1, -1, NULL, "x } drop" },
                                       { 1, 4, 300, -1, -1, NULL, NULL } };
    static const char *const members1[] = { "10.1.0.11", "fd00:a::11", "rubbish" }, *const members2[] = { "10.1.0.99" };
    int l80 = tcp_listen("guest-a2", 80), l82 = tcp_listen("guest-a2", 82), c, s;

    CHECK(!ping("guest-a1", a2.ip) && !tcp("guest-a1", a2.ip, 80), "default: nothing comes in");
    OK(GROUP(G_WEB, web, NULL, 0), "group WEB: TCP 80 to 81 from the subnet");
    CHECK(plug(&a2, "AW", 1, NULL), "a2 gets group WEB while it runs");
    CHECK(tcp("guest-a1", a2.ip, 80), "TCP 80 passes");
    CHECK(!tcp("guest-a1", a2.ip, 82) && !ping("guest-a1", a2.ip), "TCP 82 and ping do not");
    OK(GROUP(G_WEB, icmp, NULL, 0), "WEB allows ping now");
    CHECK(ping("guest-a1", a2.ip), "and it takes effect on a running port");
    CHECK(ping("guest-a1", a2.ip6), "IPv6 too");
    CHECK(sh("ip netns exec guest-a1 ping -c1 -W1 -s 5000 %s >/dev/null", a2.ip) == 0
          && sh("ip netns exec guest-a1 ping -c1 -W1 -s 5000 %s >/dev/null", a2.ip6) == 0, "and packets in fragments");
    CHECK(!ping("guest-a2", a1.ip), "not the other way");

    while (wait_for(l80, POLLIN, 0))
        close(accept(l80, NULL, NULL));
    c = tcp_connect("guest-a1", a2.ip, 80);
    s = wait_for(l80, POLLIN, 1000) ? accept(l80, NULL, NULL) : -1;
    CHECK(c >= 0 && s >= 0 && flows(c, s) && flows(s, c), "a connection to port 80");
    OK(GROUP(G_WEB, web, NULL, 0), "a rule that it does not need is removed");
    CHECK(flows(c, s) && flows(s, c), "the connection lives on");
    CHECK(!ping("guest-a1", a2.ip), "ping ends at once");
    OK(group(G_WEB, icmp + 1, 2, NULL, 0, 0), "the rule that it needs is removed");
    CHECK(!flows(c, s), "the connection is cut though it was established");
    close(c);
    close(s);

    OK(GROUP(G_WEB, remote, NULL, 0), "WEB allows members of ALL; there are none");
    CHECK(!ping("guest-a1", a2.ip), "so ping is denied");
    OK(GROUP(G_ALL, all_out, members1, 3), "a1 becomes a member");
    CHECK(ping("guest-a1", a2.ip) && tcp("guest-a1", a2.ip, 82), "everything of a1 passes");
    OK(GROUP(G_ALL, all_out, members2, 1), "a1 leaves");
    CHECK(!ping("guest-a1", a2.ip), "and is denied");

    OK(GROUP(G_BAD, bad, NULL, 0), "a group with bad rules");
    CHECK(plug(&a2, "AB", 1, NULL), "a2 gets it");
    s = tcp_listen("guest-a2", 8080);
    CHECK(tcp("guest-a1", a2.ip, 8080) && !tcp("guest-a1", a2.ip, 82), "its one good rule works, the bad ones do nothing");
    close(s);

    OK(group(G_BAD, all_out, 0, NULL, 0, 0), "no rules at all");
    CHECK(plug(&a1, "B", 1, NULL), "a1 has no rule that lets anything out");
    OK(GROUP(G_WEB, icmp, NULL, 0), "a2 would let ping in");
    CHECK(plug(&a2, "AW", 1, NULL) && !ping("guest-a1", a2.ip), "but a1 may not send it");
    CHECK(plug(&a1, "A", 1, NULL) && ping("guest-a1", a2.ip), "until it may");

    static const struct rule out_only[] = { { 0, 4, 1, -1, -1, NULL, NULL } };
    OK(group(G_BAD, out_only, 1, NULL, 0, 1), "a stateless group");
    CHECK(plug(&a1, "B", 1, NULL) && !ping("guest-a1", a2.ip), "does not let answers in by itself");
    OK(group(G_BAD, out_only, 1, NULL, 0, 0), "the same, stateful");
    CHECK(ping("guest-a1", a2.ip), "does");
    CHECK(plug(&a1, "A", 1, NULL), "a1 is back to ALL");

    FAILS(drv->group_remove(self, G_ALL, &err), CAIRN_CONFLICT, "a group in use cannot be removed");
    OK(GROUP(G_ALL, all_out, NULL, 0), "(put back)");
    memset(&sink, 0, sizeof sink);
    OK(drv->group_list(self, &sink, &err), "group_list");
    CHECK(sink.len == 3 && listed(G_WEB) != NULL, "lists the three groups");
    close(l80);
    close(l82);
}

static void
overlap(void)
{
    static const struct rule in[] = { { 1, 4, -1, -1, -1, NULL, NULL } };
    int l = tcp_listen("guest-b2", 80);

    guest_address(&b1);
    guest_address(&b2);
    CHECK(!ping("guest-b1", b2.ip), "network B: a2's rules are not b2's");
    OK(GROUP(G_BAD, in, NULL, 0), "a group that lets everything in");
    CHECK(plug(&b2, "AB", 1, NULL) && ping("guest-b1", b2.ip) && tcp("guest-b1", b2.ip, 80), "network B: same addresses as A, own guests");
    CHECK(sh("grep -c zone= /proc/net/nf_conntrack >/dev/null") == 0, "its connections are tracked apart");
    CHECK(!tcp("guest-b1", "169.254.169.254", 80), "no metadata where there is no DHCP");
    close(l);
}

static void
spoofing(void)
{
    static const struct rule in[] = { { 1, 4, -1, -1, -1, NULL, NULL }, { 1, 6, -1, -1, -1, NULL, NULL } };
    static const struct cairn_pair pair = { "10.1.0.200/29", NULL }, pair_mac = { "10.1.0.0/24", "fa:16:3e:00:00:ee" };
    uint8_t f[256];

#define UDP(src_mac, src, sp, dp, vlan) frame_passes(&a1, &a2, f, udp_frame(f, src_mac, src, a2.mac, a2.ip, sp, dp, vlan))
    OK(GROUP(G_BAD, in, NULL, 0), "a2 lets everything in");
    CHECK(plug(&a2, "AB", 1, NULL), "(plugged)");
    CHECK(UDP(a1.mac, a1.ip, 1000, 1000, 0), "an honest frame passes");
    CHECK(!UDP(a1.mac, "10.1.0.99", 1000, 1000, 0), "a false IP source does not");
    CHECK(!UDP("fa:16:3e:00:00:a9", a1.ip, 1000, 1000, 0), "nor a false MAC source");
    CHECK(!UDP(a1.mac, a1.ip, 1000, 1000, 1), "nor a VLAN tag");
    CHECK(!UDP(a1.mac, a1.ip, 67, 68, 0), "nor a DHCP server's answer");
    CHECK(frame_passes(&a1, &a2, f, arp_frame(f, a1.mac, a1.mac, a1.ip)), "honest ARP passes");
    CHECK(!frame_passes(&a1, &a2, f, arp_frame(f, a1.mac, a1.mac, "10.1.0.1")), "ARP for the gateway's address does not");
    CHECK(!frame_passes(&a1, &a2, f, arp_frame(f, a1.mac, "fa:16:3e:00:00:a9", a1.ip)), "nor ARP for another MAC");
    CHECK(frame_passes(&a1, &a2, f, nd_frame(f, a1.mac, a1.ip6, 136, a1.ip6)), "an honest neighbor advertisement passes");
    CHECK(!frame_passes(&a1, &a2, f, nd_frame(f, a1.mac, a1.ip6, 136, "fd00:a::1")), "one for the gateway does not");
    CHECK(!frame_passes(&a1, &a2, f, nd_frame(f, a1.mac, "fe80::f816:3eff:fe00:a1", 134, "::")), "nor a router advertisement");
    CHECK(plug(&a1, "A", 1, &pair) && UDP(a1.mac, "10.1.0.201", 1000, 1000, 0) && !UDP(a1.mac, "10.1.0.210", 1000, 1000, 0),
          "an allowed address pair passes, what is beside it does not");
    CHECK(plug(&a1, "A", 1, &pair_mac) && UDP("fa:16:3e:00:00:ee", "10.1.0.99", 1000, 1000, 0) && !UDP(a1.mac, "10.1.0.99", 1000, 1000, 0),
          "a pair with a MAC is for that MAC");
    CHECK(plug(&a1, "", 0, NULL) && UDP("fa:16:3e:00:00:a9", "10.1.0.99", 1000, 1000, 0), "without port security everything passes");
    CHECK(plug(&a1, "A", 1, NULL) && !UDP(a1.mac, "10.1.0.99", 1000, 1000, 0), "until it is on again");
}

static void
host_traffic(void)
{
    static const struct rule ssh[] = { { 1, 4, 6, 22, 22, NULL, NULL }, { 0, 4, 1, -1, -1, NULL, NULL } };
    int guest22 = tcp_listen("guest-h1", 22), guest23 = tcp_listen("guest-h1", 23), host25 = tcp_listen(NULL, 25);

    OK(GROUP(G_BAD, ssh, NULL, 0), "ssh in, ping out");
    CHECK(plug(&h1, "B", 1, NULL), "h1 gets it");
    CHECK(tcp(NULL, h1.ip, 22), "the host reaches h1's ssh");
    CHECK(!tcp(NULL, h1.ip, 23) && !ping(NULL, h1.ip), "and nothing else");
    CHECK(ping("guest-h1", "10.9.0.1"), "h1 may ping the host");
    CHECK(!tcp("guest-h1", "10.9.0.1", 25), "but not connect to it");
    CHECK(plug(&h1, "A", 1, NULL) && tcp("guest-h1", "10.9.0.1", 25), "until its group lets it");
    CHECK(!tcp(NULL, h1.ip, 22), "and then ssh in is denied");
    /* a1 says the host's bridge is its router: the frames arrive there. */
    sh("ip -n guest-a1 route replace default via 10.1.0.1; ip -n guest-a1 neigh replace 10.1.0.1 dev eth0 lladdr $(cat /sys/class/net/cb000000000a0/address)");
    CHECK(!ping("guest-a1", "10.9.0.1") && !ping("guest-a1", "10.9.0.11"), "guests of A reach neither the host nor network H");
    CHECK(!ping(NULL, a1.ip), "the host does not reach guests of A");

    /* The world behind the host: masquerading. */
    sh("ip netns add world; ip link add w0 type veth peer name w1 netns world; ip addr add 203.0.113.1/24 dev w0; ip link set w0 up;"
       "ip -n world addr add 203.0.113.2/24 dev w1; ip -n world link set w1 up; ip route replace default via 203.0.113.2");
    OK(drv->network_apply(self, net_h(), &err), "network H again, now that there is a way out");
    CHECK(ping("guest-h1", "203.0.113.2"), "h1 gets out by masquerading, and the answers in");
    sh("ip route del default; ip link del w0; ip netns del world");
    close(guest22);
    close(guest23);
    close(host25);
}

/* A flat network on a device: the guest and a machine on the wire. */
static void
physical(void)
{
    struct cairn_net n = net_b;
    struct guest g = { "guest-p1", "10000000-0000-4000-8000-0000000000f1", "ffffffff-0000-4000-8000-0000000000f0", "fa:16:3e:00:00:f1", "10.1.0.11",
                       NULL, "", "", 0 };

    n.id = g.net;
    n.type = CAIRN_NET_FLAT;
    n.physical = "wire";
    FAILS(drv->network_apply(self, &n, &err), CAIRN_INVALID, "a flat network whose device is missing is refused");
    sh("ip netns add machine; ip link add phys0 type veth peer name eth0 netns machine; ip -n machine addr add 10.1.0.50/24 dev eth0;"
       "ip -n machine link set eth0 up");
    OK(drv->network_apply(self, &n, &err), "a flat network on a device");
    OK(drv->network_apply(self, &n, &err), "again");
    CHECK(plug(&g, "A", 1, NULL), "a port there");
    guest_start(&g);
    guest_address(&g);
    CHECK(ping("guest-p1", "10.1.0.50"), "its guest reaches a machine on the wire");
    CHECK(!ping("machine", "10.1.0.11"), "but not the other way");
    n.type = CAIRN_NET_VLAN;
    n.segment = 4095;
    FAILS(drv->network_apply(self, &n, &err), CAIRN_INVALID, "VLAN 4095 is refused");
    OK(drv->port_unplug(self, g.id, &err), "unplug");
    OK(drv->network_remove(self, n.id, &err), "remove");
    CHECK(sh("ip -o link show dev phys0 | grep -q master") != 0, "the device is free again");
    guest_end(&g);
    sh("ip link del phys0; ip netns del machine");
}

/* How many of 500 datagrams of 1000 bytes get from one guest to the other. */
static int
blast(const char *from, const char *to_ns, const char *to)
{
    int in = ns_socket(to_ns, AF_INET, SOCK_DGRAM, 0), out = ns_socket(from, AF_INET, SOCK_DGRAM, 0), n = 0;
    struct sockaddr_in sa = addr4(to, 9999), any = addr4("0.0.0.0", 9999);
    char data[1000] = "";

    bind(in, (struct sockaddr *)&any, sizeof any);
    for (int i = 0; i < 500; i++) {
        sendto(out, data, sizeof data, 0, (struct sockaddr *)&sa, sizeof sa);
        if (i % 10 == 9)
            usleep(1000);               /* the copier is no fast guest */
        while (recv(in, data, sizeof data, 0) > 0)
            n++;
    }
    while (wait_for(in, POLLIN, 200) && recv(in, data, sizeof data, 0) > 0)
        n++;
    close(in);
    close(out);
    return n;
}

static void
qos(void)
{
    static const struct rule in[] = { { 1, 4, -1, -1, -1, NULL, NULL } };
    int n;

    OK(GROUP(G_BAD, in, NULL, 0), "a2 lets everything in");
    CHECK(plug(&a2, "AB", 1, NULL) && plug(&a1, "A", 1, NULL), "(plugged)");
    n = blast("guest-a1", "guest-a2", a2.ip);
    CHECK(n > 400, "without a limit %d of 500 datagrams arrive", n);
    qos_ingress = 800000;
    CHECK(plug(&a2, "AB", 1, NULL), "a2 may get 800 kbit/s");
    n = blast("guest-a1", "guest-a2", a2.ip);
    CHECK(n > 80 && n < 250, "%d arrive", n);
    qos_ingress = 0;
    qos_egress = 800000;
    CHECK(plug(&a2, "AB", 1, NULL) && plug(&a1, "", 0, NULL), "a1 may send 800 kbit/s and has no filter");
    n = blast("guest-a1", "guest-a2", a2.ip);
    CHECK(n > 80 && n < 250, "%d arrive", n);
    qos_egress = 0;
    CHECK(plug(&a2, "AB", 1, NULL) && plug(&a1, "A", 1, NULL), "no limits again");
    n = blast("guest-a1", "guest-a2", a2.ip);
    CHECK(n > 400, "%d arrive", n);
}

/* Many ports at once from several threads, as the daemon does. */
static void *
plug_thread(void *arg)
{
    const char *ids[] = { G_ALL };
    struct cairn_error why = CAIRN_ERROR_INIT;
    char id[64], mac[32];
    intptr_t number = (intptr_t)arg, bad = 0;

    for (int i = 0; i < 5; i++) {
        struct cairn_nic nic = { .size = sizeof nic };
        struct cairn_port p = { .size = sizeof p, .admin_up = i % 2 == 0, .port_security = 1, .id = id, .network_id = NET_B, .mac = mac,
                                .groups = ids, .groups_count = 1 };

        snprintf(id, sizeof id, "20000000-0000-4000-8000-0000000%02x%03x", (unsigned)number, i);
        snprintf(mac, sizeof mac, "fa:16:3e:01:%02x:%02x", (unsigned)number, i);
        bad += drv->port_plug(self, &p, &nic, &why) < 0 || drv->port_unplug(self, id, &why) < 0;
    }
    if (bad > 0)
        printf("# %s\n", why.message);
    return (void *)bad;
}

static void
parallel(void)
{
    pthread_t t[8];
    intptr_t bad = 0;
    void *ret;
    double t0 = now_ms();

    for (intptr_t i = 0; i < 8; i++)
        pthread_create(&t[i], NULL, plug_thread, (void *)i);
    for (int i = 0; i < 8; i++) {
        pthread_join(t[i], &ret);
        bad += (intptr_t)ret;
    }
    CHECK(bad == 0, "eight threads plug and unplug five ports each (%.0f ms)", now_ms() - t0);
    CHECK(sh("nft list table bridge cairn-" CLOUD " | grep -q 20000000") != 0, "and leave no rule");
}

static void
down(void)
{
    struct cairn_nic nic = { .size = sizeof nic };
    struct cairn_port p = { .size = sizeof p, .id = a1.id, .network_id = NET_A, .mac = a1.mac };

    OK(drv->port_plug(self, &p, &nic, &err), "a1 is set down");
    CHECK(!ping("guest-a1", "10.1.0.2"), "nothing passes");
    memset(&sink, 0, sizeof sink);
    OK(drv->port_list(self, &sink, &err), "port_list");
    CHECK(listed(a1.id) != NULL && !listed(a1.id)->up, "says so");
    CHECK(plug(&a1, "A", 1, NULL), "and up again");
    p.id = "10000000-0000-4000-8000-0000000000ff";
    p.network_id = "ffffffff-0000-4000-8000-0000000000ff";
    FAILS(drv->port_plug(self, &p, &nic, &err), CAIRN_NOT_FOUND, "a port of a network that is not here is refused");
    p.network_id = NET_A;
    p.mac = "01:00:5e:00:00:01";
    FAILS(drv->port_plug(self, &p, &nic, &err), CAIRN_INVALID, "a group's MAC address too");
}

static void
restart(void)
{
    char pid[64];
    struct cairn_net one = *net_a(1);

    snprintf(pid, sizeof pid, "%s", sh_text("cat %s/state/%s/dnsmasq.pid", tmp, NET_A));
    end();
    CHECK(kill(atoi(pid), 0) == 0, "dnsmasq outlives the daemon");
    begin();
    OK(drv->network_apply(self, net_a(1), &err), "network A after a restart");
    CHECK(strcmp(pid, sh_text("cat %s/state/%s/dnsmasq.pid", tmp, NET_A)) == 0, "it is found again");
    one.subnets_count = 1;
    OK(drv->network_apply(self, &one, &err), "a subnet is taken away");
    CHECK(strcmp(pid, sh_text("cat %s/state/%s/dnsmasq.pid", tmp, NET_A)) != 0
          && atoi(sh_text("ps ax | grep -c '[d]nsmasq.*%s/state/" NET_A "'", tmp)) == 1, "so another dnsmasq runs, not two");
    sh("kill $(cat %s/state/%s/dnsmasq.pid); nft flush ruleset; ip link del cv000000000a0", tmp, NET_A);
    OK(drv->network_apply(self, net_a(1), &err), "dnsmasq killed, rules flushed, wire cut: apply mends");
    OK(GROUP(G_BAD, all_out, NULL, 0), "(group)");
    CHECK(plug(&a1, "A", 1, NULL) && plug(&a2, "A", 1, NULL) && !ping("guest-a1", a2.ip), "a port whose group's rules are gone is closed");
    CHECK(sh("ip netns exec guest-a1 busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -s /bin/true >/dev/null 2>&1") == 0, "DHCP answers again");
    sh("ip netns del cairn-" NET_A "; : > /run/netns/cairn-" NET_A);
    OK(drv->network_apply(self, net_a(1), &err), "the namespace is lost and a stale file in its place: apply mends");
    CHECK(sh("ip netns exec guest-a1 busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -s /bin/true >/dev/null 2>&1") == 0, "DHCP answers again");
    one = *net_a(1);
    one.subnets_count = 0;
    OK(drv->network_apply(self, &one, &err), "no subnets left");
    CHECK(access("/run/netns/cairn-" NET_A, F_OK) < 0, "then there is no namespace");
}

static void
other_cloud(void)
{
    struct cairn_host other_host = host;
    struct cairn_net n = net_b;
    void *ours = self;

    other_host.cloud_id = OTHER;
    n.id = "eeeeeeee-0000-4000-8000-0000000000e0";
    OK(drv->configure(&other_host, &self, &err), "another cloud on this host");
    OK(drv->start(self, &err), "starts");
    OK(drv->network_apply(self, &n, &err), "and makes a network");
    memset(&sink, 0, sizeof sink);
    OK(drv->network_list(self, &sink, &err), "it lists");
    CHECK(sink.len == 1 && listed(n.id) != NULL, "its own network only");
    memset(&sink, 0, sizeof sink);
    OK(drv->port_list(self, &sink, &err), "and no port of the first cloud");
    OK(drv->group_list(self, &sink, &err), "nor a group");
    CHECK(sink.len == 0, "(none)");
    OK(drv->network_remove(self, n.id, &err), "and removes it");
    end();
    self = ours;
    CHECK(sh("nft list tables | grep -q cairn-" OTHER) != 0 && sh("nft list tables | grep -q cairn-" CLOUD) == 0,
          "when it stops, its tables go and ours stay");
}

static const char *
vxlan_string(struct cairn_instance *inst, const char *key)
{
    return strcmp(key, "vxlan_local") == 0 ? "192.0.2.10" : strcmp(key, "vxlan_peers") == 0 ? "192.0.2.10,192.0.2.11,192.0.2.12"
           : host_string(inst, key);
}

static void
vxlan(void)
{
    struct cairn_host h = host;
    void *ours = self;
    char *text;

    /* The other host is a namespace with a VXLAN device of its own. */
    sh("ip netns add peer; ip link add u0 type veth peer name u1 netns peer; ip addr add 192.0.2.10/24 dev u0; ip link set u0 up;"
       "ip -n peer addr add 192.0.2.11/24 dev u1; ip -n peer link set u1 up;"
       "ip -n peer link add vx type vxlan id 77 local 192.0.2.11 remote 192.0.2.10 dstport 4789;"
       "ip -n peer addr add 10.1.0.60/24 dev vx; ip -n peer link set vx mtu 1400 up");
    h.get_string = vxlan_string;
    OK(drv->configure(&h, &self, &err), "an instance with VXLAN tunnels");
    OK(drv->start(self, &err), "starts");
    OK(drv->network_apply(self, net_a(1), &err), "makes network A again");
    OK(drv->network_apply(self, net_a(1), &err), "and again");
    text = sh_text("ip -d link show cx000000000a0; bridge fdb show dev cx000000000a0");
    CHECK(strstr(text, "vxlan id 77") != NULL && strstr(text, "local 192.0.2.10") != NULL && strstr(text, "dstport 4789") != NULL
          && strstr(text, "master cb000000000a0") != NULL, "its VXLAN device is in the bridge");
    CHECK(strstr(text, "00:00:00:00:00:00 dst 192.0.2.11") != NULL && strstr(text, "dst 192.0.2.12") != NULL
          && strstr(text, "dst 192.0.2.10") == NULL, "and floods to the peers, not to itself");
    OK(GROUP(G_ALL, all_out, NULL, 0), "(group ALL again)");
    CHECK(plug(&a1, "A", 1, NULL) && ping("guest-a1", "10.1.0.60"), "a1 reaches a guest of another host");
    sh("ip link del u0; ip netns del peer");
    end();
    self = ours;
}

static void
removal(void)
{
    struct guest *const all[] = { &a1, &a2, &b1, &b2, &h1 };
    static const char *const nets[] = { NET_A, NET_B, NET_H }, *const gs[] = { G_WEB, G_BAD, G_ALL };
    double t0;

    t0 = now_ms();
    OK(drv->port_unplug(self, a1.id, &err), "a1 is unplugged");
    printf("# port_unplug: %.1f ms\n", now_ms() - t0);
    for (size_t i = 0; i < LEN(all); i++)
        OK(drv->port_unplug(self, all[i]->id, &err), "port %s is gone%s", all[i]->ns, i == 0 ? " (again)" : "");
    for (size_t i = 0; i < LEN(gs); i++)
        OK(drv->group_remove(self, gs[i], &err), "group %s is gone", gs[i]);
    OK(drv->group_remove(self, gs[0], &err), "again");
    for (size_t i = 0; i < LEN(nets); i++)
        OK(drv->network_remove(self, nets[i], &err), "network %s is gone", nets[i]);
    OK(drv->network_remove(self, nets[0], &err), "again");
    for (size_t i = 0; i < LEN(all); i++)
        guest_end(all[i]);
    CHECK(sh("ip -o link | grep -v ' lo:'") != 0, "no device is left");
    CHECK(sh("ip netns list | grep .") != 0, "no namespace");
    CHECK(sh("ls -A %s/state | grep .", tmp) != 0, "no file");
    CHECK(sh("nft list ruleset | grep -E '(chain|set) (.*_)?[0-9a-f]{8}-|elements|[cC][bt]0'") != 0, "no chain, set or element");
    CHECK(sh("ps ax | grep '[d]nsmasq.*%s'", tmp) != 0, "no process");
    memset(&sink, 0, sizeof sink);
    OK(drv->network_list(self, &sink, &err), "lists");
    OK(drv->port_list(self, &sink, &err), "lists");
    OK(drv->group_list(self, &sink, &err), "lists");
    CHECK(sink.len == 0, "are empty");
}

int
main(int argc, char **argv)
{
    char state[300];

    if (argc != 3) {
        fprintf(stderr, "usage: linuxbridge_test DRIVER.so TAPGUEST\n");
        return 2;
    }
    tapguest = argv[2];
    snprintf(tmp, sizeof tmp, "%s/cairn-net-test.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    if (mkdtemp(tmp) == NULL)
        return 2;
    chmod(tmp, 0755);
    snprintf(state, sizeof state, "%s/state", tmp);
    mkdir(state, 0755);
    host.state_dir = host.run_dir = state;
    load(argv[1]);
    begin();
    networks();
    ports();
    dhcp();
    metadata();
    groups();
    overlap();
    spoofing();
    host_traffic();
    physical();
    qos();
    parallel();
    down();
    restart();
    other_cloud();
    vxlan();
    removal();
    end();
    CHECK(sh("nft list tables | grep -q cairn") != 0, "stop leaves no table when nothing is left");
    sh("nft flush ruleset; rm -rf %s", tmp);
    printf("1..%d\n# %d of %d failed\n", checks, failures, checks);
    return failures > 0;
}
