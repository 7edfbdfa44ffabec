/* linuxbridge_traffic.c: what passes between guests, their hosts and the world, and what does not; part of linuxbridge_test.c. */
#include "linuxbridge_bed.h"

static int
is_broken(void)
{
    memset(&sink, 0, sizeof sink);
    OK(drv->network_list(self, &sink, &err), "network_list");
    return listed(NET_A) != NULL ? (int)listed(NET_A)->broken : -1;
}

/* Leases come and go, hosts with options of their own ask in between: dnsmasq 2.86 to 2.90 would not live through that by SIGHUP alone. */
static void
dhcp_lives(void)
{
    for (int i = 0; i < 6; i++) {
        OK(drv->network_apply(self, net_a(i % 2), &err), "leases change");
        CHECK(sh("ip netns exec guest-a1 busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -s /bin/true >/dev/null 2>&1") == 0, "a1 is answered, time %d", i);
        CHECK(is_broken() == 0, "the DHCP server lives");
    }
    CHECK(sh("kill -9 $(cat %s/state/%s/dnsmasq.pid)", tmp, NET_A) == 0, "it is killed");
    usleep(100000);
    CHECK(is_broken() == 1, "the driver says that the network is broken");
    OK(drv->network_apply(self, net_a(1), &err), "applied again");
    CHECK(is_broken() == 0, "it is whole");
    CHECK(sh("ip netns exec guest-a1 busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -s /bin/true >/dev/null 2>&1") == 0, "and answers");
}

void
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
    dhcp_lives();
    for (int i = 0; i < 50 && sh("ip -n guest-a1 -6 addr show dev eth0 | grep -q '%s'", a1.ip6) != 0; i++)
        usleep(100000);
    CHECK(sh("ip -n guest-a1 -6 addr show dev eth0 | grep -q '%s'", a1.ip6) == 0, "a1 has its SLAAC address");
}

void
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

void
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

void
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

void
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

void
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
void
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

void
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
