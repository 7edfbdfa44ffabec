/* driver.c: network driver "linuxbridge": Linux bridges and taps, nftables, dnsmasq in network namespaces.  Start reading here. */
#include "linuxbridge.h"

static const struct cairn_key key_physical = CAIRN_KEY("physical_networks", CAIRN_KEY_LIST, "host:-",
    "Physical networks as name:device; the device joins the bridge of a flat network or carries a VLAN's; \"-\" is this host itself as router.");
static const struct cairn_key key_vxlan_local = CAIRN_KEY("vxlan_local", CAIRN_KEY_STRING, NULL,
    "This host's address for VXLAN tunnels; unset: VXLAN networks stay on this host.");
static const struct cairn_key key_vxlan_group = CAIRN_KEY("vxlan_group", CAIRN_KEY_STRING, NULL,
    "Multicast group by which the hosts' VXLAN tunnels find each other.");
static const struct cairn_key key_vxlan_peers = CAIRN_KEY("vxlan_peers", CAIRN_KEY_LIST, NULL,
    "The other hosts' vxlan_local addresses, where there is no multicast.");
static const struct cairn_key key_vxlan_port = CAIRN_KEY_RANGE("vxlan_port", "4789", 1, 65535, "UDP port of VXLAN.");
static const struct cairn_key key_dns = CAIRN_KEY("dns_servers", CAIRN_KEY_LIST, NULL,
    "Name servers that DHCP gives to guests whose subnet names none.");
static const struct cairn_key key_nat = CAIRN_KEY("host_nat", CAIRN_KEY_BOOL, "no",
    "Let guests of networks that this host routes (device \"-\") out by masquerading, with forwarding on for that bridge and the default route's device.");
static const struct cairn_key *const keys[] = {
    &key_physical, &key_vxlan_local, &key_vxlan_group, &key_vxlan_peers, &key_vxlan_port, &key_dns, &key_nat, NULL,
};

int
lb_run(const struct lb *lb, const char *netns, const char *const *argv, const char *input, size_t input_len, char **ret_output,
       struct cairn_error *err)
{
    struct cairn_child child = { .size = sizeof child, .timeout_ms = 30000, .argv = argv, .input = input, .input_len = input_len,
                                 .netns = netns, .output_max = 32 << 20 };

    return lb->host->run(lb->host->instance, NULL, &child, ret_output, NULL, NULL, err);
}

/* Life cycle ---------------------------------------------------------------------------------------------------------------- */

static int
check_physical(const char *list, struct cairn_error *err)
{
    for (const char *p = list; p != NULL && *p != '\0'; p += strcspn(p, ","), p += *p == ',') {
        size_t len = strcspn(p, ","), name = strcspn(p, ":,");

        if (name == 0 || name >= len || len - name - 1 == 0 || len - name - 1 >= IFNAMSIZ || memchr(p, '/', len) != NULL)
            return cairn_fail(err, CAIRN_INVALID, "physical_networks: '%.*s' is not name:device", (int)(len < 64 ? len : 64), p);
    }
    return 0;
}

static int
check_addresses(const char *key, const char *list, struct cairn_error *err)
{
    for (const char *p = list; p != NULL && *p != '\0'; p += strcspn(p, ","), p += *p == ',') {
        struct lb_addr a;
        char text[64];

        snprintf(text, sizeof text, "%.*s", (int)strcspn(p, ","), p);
        if (lb_addr_parse(text, &a) < 0 || strchr(text, '/') != NULL)
            return cairn_fail(err, CAIRN_INVALID, "%s: '%s' is not an address", key, text);
    }
    return 0;
}

static int
driver_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    struct lb *lb;
    size_t len = strlen(host->cloud_id);

    if (len == 0 || len > 36 || strspn(host->cloud_id, "0123456789abcdefghijklmnopqrstuvwxyz-") != len)
        return cairn_fail(err, CAIRN_INVALID, "cloud id '%.64s' is not a UUID in lower case", host->cloud_id);
    if ((lb = calloc(1, sizeof *lb)) == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    lb->host = host;
    lb->physical = host->get_string(host->instance, "physical_networks");
    lb->vxlan_local = host->get_string(host->instance, "vxlan_local");
    lb->vxlan_group = host->get_string(host->instance, "vxlan_group");
    lb->vxlan_peers = host->get_string(host->instance, "vxlan_peers");
    lb->vxlan_port = (uint32_t)host->get_int(host->instance, "vxlan_port");
    lb->dns_servers = host->get_string(host->instance, "dns_servers");
    lb->host_nat = (uint32_t)host->get_int(host->instance, "host_nat");
    if (check_physical(lb->physical, err) < 0 || check_addresses("vxlan_local", lb->vxlan_local, err) < 0
        || check_addresses("vxlan_group", lb->vxlan_group, err) < 0 || check_addresses("vxlan_peers", lb->vxlan_peers, err) < 0
        || check_addresses("dns_servers", lb->dns_servers, err) < 0) {
        free(lb);
        return -1;
    }
    *ret_self = lb;
    return 0;
}

/* Is the program there, and which version?  That is the first word of what it says of itself that is a number. */
static int
tool(struct lb *lb, const char *program, const char *option, struct cairn_error *err)
{
    const char *const argv[] = { program, option, NULL };
    CLEANUP_FREE char *out = NULL;
    size_t at = strlen(lb->tools);
    char *save = NULL, *word;

    if (lb_run(lb, NULL, argv, NULL, 0, &out, err) < 0)
        return cairn_error_context(err, "%s is needed", program);
    for (word = strtok_r(out, " \n-,", &save); word != NULL; word = strtok_r(NULL, " \n-,", &save))
        if (word[0] >= '0' && word[0] <= '9')
            break;
    snprintf(lb->tools + at, sizeof lb->tools - at, "%s %.24s, ", program, word != NULL ? word : "?");
    return 0;
}

static int
driver_start(void *self, struct cairn_error *err)
{
    static const char *const modprobe[] = { "modprobe", "br_netfilter", NULL };
    struct lb *lb = self;

    nft_stop(lb);
    lb->tools[0] = '\0';
    if (tool(lb, "ip", "-V", err) < 0 || tool(lb, "dnsmasq", "--version", err) < 0 || nft_start(lb, err) < 0)
        return -1;
    if (access("/proc/sys/net/bridge/bridge-nf-call-iptables", F_OK) < 0) {
        lb_run(lb, NULL, modprobe, NULL, 0, NULL, NULL);
        if (access("/proc/sys/net/bridge/bridge-nf-call-iptables", F_OK) < 0)
            return cairn_fail(err, CAIRN_UNAVAILABLE, "the kernel's bridges show no packets to the filter: load module br_netfilter");
    }
    return filter_start(lb, err);
}

static int
is_ours(void *arg, const struct lb_link *link)
{
    struct lb **ours = arg;

    if (lb_alias_id(*ours, link->alias, "network") == NULL && lb_alias_id(*ours, link->alias, "port") == NULL)
        return 0;
    *ours = NULL;
    return 1;
}

/* What is on the machine stays and works on; where there is nothing, nothing stays. */
static void
driver_stop(void *self)
{
    struct lb *unused = self;
    CLEANUP_FD int nl = rtnl_open(NULL, NULL);

    if (nl >= 0 && rtnl_links(nl, is_ours, &unused, NULL) == 0 && unused != NULL)
        filter_stop(self);
    nft_stop(self);
}

static void
driver_destroy(void *self)
{
    if (self != NULL)
        nft_stop(self);                 /* start() may have failed half way */
    free(self);
}

static int
driver_health(void *self, struct cairn_health *ret_health, struct cairn_error *err)
{
    struct lb *lb = self;
    struct cairn_health health = { .size = sizeof health, .ok = 1 };
    CLEANUP_FD int nl = rtnl_open(NULL, err);

    if (nl < 0)
        return -1;
    snprintf(health.text, sizeof health.text, "%snftables with br_netfilter", lb->tools);
    memcpy(ret_health, &health, ret_health->size != 0 && ret_health->size < sizeof health ? ret_health->size : sizeof health);
    return 0;
}

/* Lists --------------------------------------------------------------------------------------------------------------------- */

struct listing {
    const struct lb *lb;
    const char *kind;
    struct cairn_sink *sink;
    int (*whole)(const struct lb *lb, const char *id);  /* NULL: nothing but the device belongs to it */
};

static int
list_link(void *arg, const struct lb_link *link)
{
    const struct listing *l = arg;
    struct cairn_net_item item = { .size = sizeof item, .up = (link->flags & IFF_UP) != 0 };
    const char *id = lb_alias_id(l->lb, link->alias, l->kind);

    if (id == NULL)
        return 0;
    snprintf(item.id, sizeof item.id, "%s", id);
    snprintf(item.device, sizeof item.device, "%s", link->name);
    item.broken = l->whole != NULL && !l->whole(l->lb, id);
    return l->lb->host->emit(l->sink, &item);
}

static int
list(struct lb *lb, const char *kind, int (*whole)(const struct lb *lb, const char *id), struct cairn_sink *sink, struct cairn_error *err)
{
    struct listing l = { lb, kind, sink, whole };
    CLEANUP_FD int nl = rtnl_open(NULL, err);

    return nl < 0 ? -1 : rtnl_links(nl, list_link, &l, err);
}

static int
network_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    return list(self, "network", dhcp_alive, sink, err);
}

static int
port_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    return list(self, "port", NULL, sink, err);
}

/* Groups: filter.c has it all ----------------------------------------------------------------------------------------------- */

static int
group_apply(void *self, const struct cairn_security_group *group, struct cairn_error *err)
{
    return filter_group(self, group, err) < 0 ? cairn_error_context(err, "security group %s", group->id) : 0;
}

static int
group_remove(void *self, const char *id, struct cairn_error *err)
{
    return lb_check_id("security group", id, err) < 0 ? -1 : filter_group_remove(self, id, err);
}

static int
group_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    return filter_groups(self, sink, err);
}

static const struct cairn_network_driver linuxbridge_driver = {
    CAIRN_DRIVER_HEAD(CAIRN_NETWORK, "linuxbridge", struct cairn_network_driver),
    .version         = "1",
    .description     = "Linux bridges, VXLAN and VLAN, nftables, dnsmasq",
    .threads         = CAIRN_THREADS_PER_OBJECT,
    .keys            = keys,
    .capabilities    = CAIRN_NETWORK_CAN_DHCP | CAIRN_NETWORK_CAN_SECURITY | CAIRN_NETWORK_CAN_METADATA | CAIRN_NETWORK_CAN_QOS,
    .configure       = driver_configure,
    .start           = driver_start,
    .stop            = driver_stop,
    .destroy         = driver_destroy,
    .health          = driver_health,
    .network_apply   = network_apply,
    .network_remove  = network_remove,
    .network_list    = network_list,
    .port_plug       = port_plug,
    .port_unplug     = port_unplug,
    .port_list       = port_list,
    .group_apply     = group_apply,
    .group_remove    = group_remove,
    .group_list      = group_list,
    .metadata_listen = network_metadata_listen,
    .physical_check  = network_physical_check,
};
CAIRN_DRIVER_EXPORT(linuxbridge_driver)
