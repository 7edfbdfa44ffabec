/* linuxbridge_test.c: the linuxbridge driver on a real kernel: real bridges, nftables, dnsmasq; guests are namespaces behind tapguest.
 *
 *     linuxbridge_test DRIVER.so TAPGUEST
 *
 * Runs inside a lab (linuxbridge.sh makes one): what it does to the network it does to its own namespace. */
#include "linuxbridge_bed.h"

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
