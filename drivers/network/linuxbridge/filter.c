/* filter.c: nftables: security groups and anti-spoofing on taps, isolation and masquerading of networks.
 *
 * Rules of groups live in a table of family bridge, where both ends of every frame are known by name: prerouting has what a guest sends,
 * postrouting what it is to get, be it from another guest, from the host or routed.  Bridges ask br_netfilter to show their IP frames to
 * the inet hooks in between, where connections are tracked; a table of family inet there leaves one bit in the packet's mark, REPLY: "this
 * answers a connection that was begun the other way, or belongs to one".  The bridge chains accept by that bit and ask the groups for
 * everything else, so packets in the direction in which a connection was begun meet the rules every time: a rule that is taken away
 * ends what it had allowed at once, and what is still allowed is not disturbed.
 *
 *     bridge prerouting -250   check   c_<port>   MAC, ARP, IP, ND sources; no DHCP server, no router advertisements
 *     inet   prerouting -450   zone               each isolated network tracks its connections apart: addresses may overlap
 *     inet   prerouting -150   reply_in           REPLY
 *     bridge prerouting   50   egress  o_<port>   -> g_<group>_out
 *     inet   postrouting -150  reply_out          REPLY of what the host sends or routes to a bridge
 *     bridge postrouting   0   ingress i_<port>   -> g_<group>_in
 *
 * What nft is told is made from parsed numbers and checked ids only; one script is one transaction: nft.c. */
#include "linuxbridge.h"
#include <inttypes.h>

#define REPLY "0x10000000"
#define NOT_REPLY "0xefffffff"

/* Group members' sets: m4_<group>, m6_<group>. */
static const char base_script[] =
    "table bridge %1$s {\n"
    " map check { type ifname : verdict; }\n"
    " map egress { type ifname : verdict; }\n"
    " map ingress { type ifname : verdict; }\n"
    " chain check { type filter hook prerouting priority -250; policy accept; }\n"
    " chain check_local { type filter hook input priority -250; policy accept; }\n"
    " chain egress { type filter hook prerouting priority 50; policy accept; }\n"
    " chain ingress { type filter hook postrouting priority 0; policy accept; }\n"
    "}\n"
    "table inet %1$s {\n"
    " set bridges { type ifname; }\n"
    " set isolated { type ifname; }\n"
    " set nat { type ifname; }\n"
    " map zones { typeof iifname : ct zone; }\n"
    " chain reply { }\n"
    " chain zone { type filter hook prerouting priority -450; policy accept; }\n"
    " chain reply_in { type filter hook prerouting priority -150; policy accept; }\n"
    " chain reply_out { type filter hook postrouting priority -150; policy accept; }\n"
    " chain to_host { type filter hook input priority -10; policy accept; }\n"
    " chain through_host { type filter hook forward priority -10; policy accept; }\n"
    " chain nat { type nat hook postrouting priority 100; policy accept; }\n"
    "}\n"
    "flush chain bridge %1$s check\nflush chain bridge %1$s check_local\nflush chain bridge %1$s egress\nflush chain bridge %1$s ingress\n"
    "flush chain inet %1$s reply\nflush chain inet %1$s zone\nflush chain inet %1$s reply_in\nflush chain inet %1$s reply_out\n"
    "flush chain inet %1$s to_host\nflush chain inet %1$s through_host\nflush chain inet %1$s nat\n"
    "table bridge %1$s {\n"
    " chain check { iifname vmap @check; }\n"
    " chain check_local { iifname vmap @check; }\n"     /* frames to 01:80:c2:00:00:0x skip prerouting, and the bridge learns from them */
    " chain egress { iifname vmap @egress; }\n"
    " chain ingress { oifname vmap @ingress; }\n"
    "}\n"
    "table inet %1$s {\n"
    " chain reply {\n"
    "  meta mark set meta mark & " NOT_REPLY "\n"
    "  ct state established ct direction reply meta mark set meta mark | " REPLY "\n"
    "  ct state related meta mark set meta mark | " REPLY "\n"
    " }\n"
    " chain zone { ct zone set iifname map @zones; }\n"
    " chain reply_in { iifname @bridges jump reply; }\n"
    " chain reply_out { oifname @bridges jump reply; }\n"
    " chain to_host { iifname @isolated drop; }\n"
    " chain through_host {\n"
    "  iifname @isolated oifname != @isolated drop\n"
    "  oifname @isolated iifname != @isolated drop\n"
    " }\n"
    " chain nat { meta nfproto ipv4 iifname @nat oifname != @bridges masquerade; }\n"
    "}\n";

static void
table_name(const struct lb *lb, char ret[80])
{
    snprintf(ret, 80, "cairn-%s", lb->host->cloud_id);
}

int
filter_start(struct lb *lb, struct cairn_error *err)
{
    CLEANUP_TEXT struct lb_text t = { 0 };
    char table[80];

    table_name(lb, table);
    lb_add(&t, base_script, table);
    return nft_run(lb, &t, NULL, err) < 0 ? cairn_error_context(err, "cannot set up the packet filter") : 0;
}

/* Runs the script; if that fails, perhaps because somebody flushed the rule set, makes the tables again and tries once more. */
static int
filter_run(struct lb *lb, const struct lb_text *script, struct cairn_error *err)
{
    if (nft_run(lb, script, NULL, NULL) == 0)
        return 0;
    return filter_start(lb, err) < 0 ? -1 : nft_run(lb, script, NULL, err);
}

/* Networks ------------------------------------------------------------------------------------------------------------------ */

/* nft has no "delete if there" that old versions know: add, then delete. */
static void
set_member(struct lb_text *t, const char *table, const char *set, const char *device, int member)
{
    lb_add(t, "add element inet %s %s { \"%s\" }\n", table, set, device);
    if (!member)
        lb_add(t, "delete element inet %s %s { \"%s\" }\n", table, set, device);
}

/* An element of a map cannot be deleted by adding it first, for its value may differ: it may fail, then it is not there. */
static void
zone_forget(struct lb *lb, const char *table, const char *bridge)
{
    CLEANUP_TEXT struct lb_text t = { 0 };

    lb_add(&t, "delete element inet %s zones { \"%s\" }\n", table, bridge);
    nft_run(lb, &t, NULL, NULL);
}

int
filter_network(struct lb *lb, const struct lb_link *bridge, int is_host, int nat, struct cairn_error *err)
{
    CLEANUP_TEXT struct lb_text t = { 0 };
    char table[80];

    table_name(lb, table);
    set_member(&t, table, "bridges", bridge->name, 1);
    set_member(&t, table, "isolated", bridge->name, !is_host);
    set_member(&t, table, "nat", bridge->name, nat);
    if (is_host)
        zone_forget(lb, table, bridge->name);
    else
        lb_add(&t, "add element inet %s zones { \"%s\" : %u }\n", table, bridge->name, (unsigned)bridge->index % 65534u + 1u);
    if (filter_run(lb, &t, NULL) == 0)
        return 0;
    /* The bridge was made anew since: it has another number now. */
    zone_forget(lb, table, bridge->name);
    return filter_run(lb, &t, err);
}

int
filter_network_remove(struct lb *lb, const char *bridge, struct cairn_error *err)
{
    CLEANUP_TEXT struct lb_text t = { 0 };
    char table[80];

    table_name(lb, table);
    set_member(&t, table, "bridges", bridge, 0);
    set_member(&t, table, "isolated", bridge, 0);
    set_member(&t, table, "nat", bridge, 0);
    zone_forget(lb, table, bridge);
    return filter_run(lb, &t, err);
}

/* Ports --------------------------------------------------------------------------------------------------------------------- */

#define MAX_PAIRS 64

struct source {                 /* who a port may say it is */
    uint8_t mac[6];
    struct lb_addr addr;        /* a network for an allowed address pair */
};

/* Every source of the port: its fixed addresses, the link-local one, the allowed pairs.  '*ret' is malloc'd. */
static int
port_sources(const struct cairn_port *port, struct source **ret, size_t *ret_len, struct cairn_error *err)
{
    size_t len = 0, max = (size_t)port->fixed_ips_count + port->pairs_count + 1;
    CLEANUP_FREE struct source *s = NULL;
    uint8_t mac[6];

    if (lb_mac_parse(port->mac, mac) < 0)
        return cairn_fail(err, CAIRN_INVALID, "port %s: '%.32s' is not a MAC address", port->id, port->mac != NULL ? port->mac : "");
    if (port->pairs_count > MAX_PAIRS)
        return cairn_fail(err, CAIRN_INVALID, "port %s has %u allowed address pairs; %u is the limit", port->id, port->pairs_count, MAX_PAIRS);
    if ((s = calloc(max, sizeof *s)) == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    for (uint32_t i = 0; i < port->fixed_ips_count; i++, len++) {
        memcpy(s[len].mac, mac, 6);
        if (lb_addr_parse(port->fixed_ips[i]->address, &s[len].addr) < 0)
            return cairn_fail(err, CAIRN_INVALID, "port %s: '%.64s' is not an address", port->id, port->fixed_ips[i]->address);
        s[len].addr.prefix = 8 * lb_addr_len(&s[len].addr);
    }
    memcpy(s[len].mac, mac, 6);
    s[len].addr = (struct lb_addr){ AF_INET6, 128, { 0xfe, 0x80, 0, 0, 0, 0, 0, 0,
                                    mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] } };
    len++;
    for (uint32_t i = 0; i < port->pairs_count; i++, len++) {
        const struct cairn_pair *pair = port->address_pairs[i];

        if (lb_addr_parse(pair->name, &s[len].addr) < 0)
            return cairn_fail(err, CAIRN_INVALID, "port %s: '%.64s' is not a network", port->id, pair->name != NULL ? pair->name : "");
        lb_addr_base(&s[len].addr);
        memcpy(s[len].mac, mac, 6);
        if (pair->value != NULL && pair->value[0] != '\0' && lb_mac_parse(pair->value, s[len].mac) < 0)
            return cairn_fail(err, CAIRN_INVALID, "port %s: '%.32s' is not a MAC address", port->id, pair->value);
    }
    *ret = s;
    *ret_len = len;
    s = NULL;
    return 0;
}

/* A match of an address in a header field: "ip saddr 10.0.0.1"; nothing is left to match for "all of them". */
static const char *
addr_match(char buf[96], const char *field, const struct lb_addr *a)
{
    char text[LB_ADDR_TEXT];

    if (a->prefix == 0)
        buf[0] = '\0';
    else
        snprintf(buf, 96, "%s %s", field, lb_addr_text(a, 0, text));
    return buf;
}

static void
check_chain(struct lb_text *t, const char *id, const struct source *s, size_t len)
{
    char match[96], mac[18];

    lb_add(t, " chain n_%s {\n", id);           /* what a neighbour advertisement may be about */
    for (size_t i = 0; i < len; i++)
        if (s[i].addr.family == AF_INET6) {
            int bits = s[i].addr.prefix & ~7;   /* raw fields are whole bytes: at worst a little wider */

            if (bits == 0) {
                lb_add(t, "  return\n");
                continue;
            }
            lb_add(t, "  @th,64,%d 0x", bits);
            for (int b = 0; b < bits / 8; b++)
                lb_add(t, "%02x", s[i].addr.bytes[b]);
            lb_add(t, " return\n");
        }
    lb_add(t, "  drop\n }\n chain c_%s {\n"
              "  ether daddr & ff:ff:ff:ff:ff:f0 == 01:80:c2:00:00:00 drop\n"
              "  ether type != { ip, arp, ip6 } drop\n"
              "  ether type ip udp sport 67 udp dport 68 drop\n"
              "  ether type ip6 udp sport 547 udp dport 546 drop\n"
              "  icmpv6 type { 134, 137 } drop\n"
              "  icmpv6 type 136 jump n_%s\n", id, id);
    lb_mac_text(s[0].mac, mac);
    lb_add(t, "  ether saddr %s ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept\n"
              "  ether saddr %s arp saddr ether %s arp saddr ip 0.0.0.0 accept\n"
              "  ether saddr %s ip6 saddr :: icmpv6 type { 131, 135, 143 } accept\n", mac, mac, mac, mac);
    for (size_t i = 0; i < len; i++) {
        lb_mac_text(s[i].mac, mac);
        if (s[i].addr.family == AF_INET) {
            lb_add(t, "  ether saddr %s ether type ip %s accept\n", mac, addr_match(match, "ip saddr", &s[i].addr));
            lb_add(t, "  ether saddr %s arp saddr ether %s %s accept\n", mac, mac, addr_match(match, "arp saddr ip", &s[i].addr));
        } else
            lb_add(t, "  ether saddr %s ether type ip6 %s accept\n", mac, addr_match(match, "ip6 saddr", &s[i].addr));
    }
    lb_add(t, "  drop\n }\n");
}

/* What is above the rate is dropped; the burst lets the largest frames that offloading makes pass. */
static void
limit_rule(struct lb_text *t, uint64_t bps)
{
    uint64_t rate = bps / 8 > 0 ? bps / 8 : 1, burst = rate / 8;

    if (burst < 131072)
        burst = 131072;
    if (burst > UINT32_MAX)
        burst = UINT32_MAX;
    if (bps != 0)
        lb_add(t, "  limit rate over %" PRIu64 " bytes/second burst %" PRIu64 " bytes drop\n", rate, burst);
}

static void
port_chains(struct lb_text *t, const struct cairn_port *port, const struct source *s, size_t len)
{
    char mac[18];

    check_chain(t, port->id, s, len);
    lb_add(t, " chain o_%s {\n", port->id);
    limit_rule(t, port->qos_egress_bps);
    lb_add(t, "  ether type arp accept\n"
              "  ether type ip udp sport 68 udp dport 67 accept\n"
              "  ether type ip6 udp sport 546 udp dport 547 accept\n"
              "  ip daddr 169.254.169.254 tcp dport 80 accept\n"
              "  icmpv6 type { 131, 132, 133, 135, 136, 143 } accept\n");
    for (uint32_t i = 0; i < port->groups_count; i++)
        lb_add(t, "  meta mark & " REPLY " != 0 jump g_%s_reply\n  jump g_%s_out\n", port->groups[i], port->groups[i]);
    lb_add(t, "  drop\n }\n chain i_%s {\n  ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 ether daddr != { ", port->id);
    for (size_t i = 0; i < len; i++) {          /* each MAC once */
        size_t same = 0;

        while (memcmp(s[same].mac, s[i].mac, 6) != 0)
            same++;
        if (same == i)
            lb_add(t, "%s%s", i > 0 ? ", " : "", lb_mac_text(s[i].mac, mac));
    }
    lb_add(t, " } drop\n");
    limit_rule(t, port->qos_ingress_bps);
    lb_add(t, "  ether type arp accept\n"
              "  ether type ip udp sport 67 udp dport 68 accept\n"
              "  ether type ip6 udp sport 547 udp dport 546 accept\n"
              "  ip saddr 169.254.169.254 tcp sport 80 accept\n"
              "  icmpv6 type { 130, 131, 132, 134, 135, 136, 143 } accept\n");
    for (uint32_t i = 0; i < port->groups_count; i++)
        lb_add(t, "  meta mark & " REPLY " != 0 jump g_%s_reply\n  jump g_%s_in\n", port->groups[i], port->groups[i]);
    lb_add(t, "  drop\n }\n");
}

static const char *const port_kinds = "ncoi";

static void
port_declare(struct lb_text *t, const char *table, const char *id)
{
    for (const char *k = port_kinds; *k != '\0'; k++)
        lb_add(t, "add chain bridge %s %c_%s\nflush chain bridge %s %c_%s\n", table, *k, id, table, *k, id);
}

static void
port_elements(struct lb_text *t, const char *table, const char *verb, const char *id, const char *tap)
{
    lb_add(t, "%s element bridge %s check { \"%s\" : goto c_%s }\n"
              "%s element bridge %s egress { \"%s\" : goto o_%s }\n"
              "%s element bridge %s ingress { \"%s\" : goto i_%s }\n",
           verb, table, tap, id, verb, table, tap, id, verb, table, tap, id);
}

int
filter_port(struct lb *lb, const struct cairn_port *port, const char *tap, struct cairn_error *err)
{
    CLEANUP_TEXT struct lb_text t = { 0 };
    CLEANUP_FREE struct source *sources = NULL;
    size_t len = 0;
    char table[80];

    if (!port->port_security && port->qos_egress_bps == 0 && port->qos_ingress_bps == 0)
        return filter_port_remove(lb, port->id, tap, err);
    table_name(lb, table);
    if (port->port_security && port_sources(port, &sources, &len, err) < 0)
        return -1;
    /* A group that was not applied yet has empty chains: nothing is allowed. */
    for (uint32_t i = 0; i < port->groups_count; i++) {
        if (lb_check_id("security group", port->groups[i], err) < 0)
            return -1;
        lb_add(&t, "add chain bridge %s g_%s_in\nadd chain bridge %s g_%s_out\nadd chain bridge %s g_%s_reply\n",
               table, port->groups[i], table, port->groups[i], table, port->groups[i]);
    }
    port_declare(&t, table, port->id);
    lb_add(&t, "table bridge %s {\n", table);
    if (port->port_security)
        port_chains(&t, port, sources, len);
    else {
        lb_add(&t, " chain c_%s { accept; }\n chain o_%s {\n", port->id, port->id);
        limit_rule(&t, port->qos_egress_bps);
        lb_add(&t, " }\n chain i_%s {\n", port->id);
        limit_rule(&t, port->qos_ingress_bps);
        lb_add(&t, " }\n");
    }
    lb_add(&t, "}\n");
    port_elements(&t, table, "add", port->id, tap);
    return filter_run(lb, &t, err);
}

int
filter_port_remove(struct lb *lb, const char *id, const char *tap, struct cairn_error *err)
{
    CLEANUP_TEXT struct lb_text t = { 0 };
    char table[80];

    table_name(lb, table);
    port_declare(&t, table, id);
    port_elements(&t, table, "add", id, tap);
    port_elements(&t, table, "delete", id, tap);
    for (const char *k = port_kinds; *k != '\0'; k++)
        lb_add(&t, "delete chain bridge %s %c_%s\n", table, *k, id);
    return filter_run(lb, &t, err);
}

/* Groups -------------------------------------------------------------------------------------------------------------------- */

static int
has_ports(int32_t protocol)
{
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP
           || protocol == IPPROTO_UDPLITE;
}

/* One rule of a group, or -1 with the reason why it cannot be one. */
static int
rule_text(struct lb_text *t, const struct cairn_security_rule *r, struct cairn_error *err)
{
    const char *ip = r->ip_version == 6 ? "ip6" : "ip", *field = r->ingress ? "saddr" : "daddr";
    int32_t protocol = r->protocol;
    char text[LB_ADDR_TEXT], remote[96] = "", service[64] = "";
    struct lb_addr cidr;

    if (r->ip_version != 4 && r->ip_version != 6)
        return cairn_fail(err, CAIRN_INVALID, "IP version %u", r->ip_version);
    if (r->remote_cidr != NULL) {
        if (lb_addr_parse(r->remote_cidr, &cidr) < 0 || cidr.family != (r->ip_version == 6 ? AF_INET6 : AF_INET))
            return cairn_fail(err, CAIRN_INVALID, "'%.64s' is not an IPv%u network", r->remote_cidr, r->ip_version);
        lb_addr_base(&cidr);
        if (cidr.prefix > 0)
            snprintf(remote, sizeof remote, "%s %s %s ", ip, field, lb_addr_text(&cidr, 0, text));
    } else if (r->remote_group != NULL) {
        if (lb_check_id("remote group", r->remote_group, err) < 0)
            return -1;
        snprintf(remote, sizeof remote, "%s %s @m%u_%s ", ip, field, r->ip_version, r->remote_group);
    }
    if (r->ip_version == 6 && protocol == IPPROTO_ICMP)
        protocol = IPPROTO_ICMPV6;
    if (protocol < -1 || protocol > 255)
        return cairn_fail(err, CAIRN_INVALID, "protocol %d", protocol);
    if (has_ports(protocol) && r->port_min >= 0) {
        if (r->port_min > 65535 || r->port_max > 65535 || r->port_min > r->port_max)
            return cairn_fail(err, CAIRN_INVALID, "ports %d to %d", r->port_min, r->port_max);
        snprintf(service, sizeof service, "meta l4proto %d th dport %d-%d ", protocol, r->port_min, r->port_max);
        if (r->port_min == r->port_max)
            snprintf(service, sizeof service, "meta l4proto %d th dport %d ", protocol, r->port_min);
    } else if ((protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) && r->port_min >= 0) {
        const char *icmp = protocol == IPPROTO_ICMP ? "icmp" : "icmpv6";

        if (r->port_min > 255 || r->port_max > 255)
            return cairn_fail(err, CAIRN_INVALID, "ICMP type %d, code %d", r->port_min, r->port_max);
        snprintf(service, sizeof service, "%s type %d ", icmp, r->port_min);
        if (r->port_max >= 0)
            snprintf(service + strlen(service), 24, "%s code %d ", icmp, r->port_max & 0xff);
    } else if (protocol >= 0) {
        if (r->port_min >= 0 || r->port_max >= 0)
            return cairn_fail(err, CAIRN_INVALID, "protocol %d with ports %d to %d", protocol, r->port_min, r->port_max);
        snprintf(service, sizeof service, "meta l4proto %d ", protocol);
    } else if (r->port_min >= 0 || r->port_max >= 0)
        return cairn_fail(err, CAIRN_INVALID, "ports %d to %d of any protocol", r->port_min, r->port_max);
    lb_add(t, "  ether type %s %s%saccept\n", ip, remote, service);
    return 0;
}

static void
rules_text(struct lb *lb, struct lb_text *t, const struct cairn_security_group *group, uint32_t ingress, int log)
{
    struct cairn_error why;

    for (uint32_t i = 0; i < group->rules_count; i++)
        if (!group->rules[i]->ingress == !ingress && rule_text(t, group->rules[i], &why) < 0 && log)
            lb->host->log(lb->host->instance, CAIRN_LOG_WARN, "security group %s: rule %.64s is left out: %s", group->id,
                          group->rules[i]->id != NULL ? group->rules[i]->id : "?", why.message);
}

static void
members_declare(struct lb_text *t, const char *table, const char *group)
{
    lb_add(t, "add set bridge %s m4_%s { type ipv4_addr; }\nadd set bridge %s m6_%s { type ipv6_addr; }\n", table, group, table, group);
}

static void
members_text(struct lb *lb, struct lb_text *t, const char *table, const struct cairn_security_group *group, int family)
{
    char text[LB_ADDR_TEXT];
    struct lb_addr a;
    uint32_t given = 0;

    for (uint32_t i = 0; i < group->members_count; i++) {
        if (lb_addr_parse(group->members[i], &a) < 0) {
            if (family == AF_INET)
                lb->host->log(lb->host->instance, CAIRN_LOG_WARN, "security group %s: member '%.64s' is left out: not an address", group->id,
                              group->members[i]);
            continue;
        }
        if (a.family != family)
            continue;
        a.prefix = 8 * lb_addr_len(&a);
        if (given++ == 0)
            lb_add(t, "add element bridge %s m%d_%s { ", table, family == AF_INET ? 4 : 6, group->id);
        lb_add(t, "%s%s", given > 1 ? ", " : "", lb_addr_text(&a, 0, text));
    }
    if (given > 0)
        lb_add(t, " }\n");
}

static void
group_declare(struct lb_text *t, const char *table, const char *id)
{
    static const char *const chains[] = { "in", "out", "reply" };

    for (size_t i = 0; i < ARRAY_LEN(chains); i++)
        lb_add(t, "add chain bridge %s g_%s_%s\nflush chain bridge %s g_%s_%s\n", table, id, chains[i], table, id, chains[i]);
    members_declare(t, table, id);
    lb_add(t, "flush set bridge %s m4_%s\nflush set bridge %s m6_%s\n", table, id, table, id);
}

int
filter_group(struct lb *lb, const struct cairn_security_group *group, struct cairn_error *err)
{
    CLEANUP_TEXT struct lb_text t = { 0 };
    char table[80];

    if (lb_check_id("security group", group->id, err) < 0)
        return -1;
    table_name(lb, table);
    group_declare(&t, table, group->id);
    for (uint32_t i = 0; i < group->rules_count; i++)
        if (group->rules[i]->remote_group != NULL && lb_check_id("remote group", group->rules[i]->remote_group, NULL) == 0)
            members_declare(&t, table, group->rules[i]->remote_group);
    members_text(lb, &t, table, group, AF_INET);
    members_text(lb, &t, table, group, AF_INET6);
    lb_add(&t, "table bridge %s {\n chain g_%s_reply {\n%s }\n chain g_%s_in {\n", table, group->id, group->stateless ? "" : "  accept\n",
           group->id);
    rules_text(lb, &t, group, 1, 1);
    lb_add(&t, " }\n chain g_%s_out {\n", group->id);
    rules_text(lb, &t, group, 0, 1);
    lb_add(&t, " }\n}\n");
    return filter_run(lb, &t, err);
}

int
filter_group_remove(struct lb *lb, const char *id, struct cairn_error *err)
{
    CLEANUP_TEXT struct lb_text chains = { 0 };
    CLEANUP_TEXT struct lb_text sets = { 0 };
    char table[80];

    table_name(lb, table);
    group_declare(&chains, table, id);
    lb_add(&chains, "delete chain bridge %s g_%s_in\ndelete chain bridge %s g_%s_out\ndelete chain bridge %s g_%s_reply\n",
           table, id, table, id, table, id);
    members_declare(&sets, table, id);
    lb_add(&sets, "delete set bridge %s m4_%s\ndelete set bridge %s m6_%s\n", table, id, table, id);
    if (filter_run(lb, &chains, NULL) < 0) {
        CLEANUP_TEXT struct lb_text empty = { 0 };

        group_declare(&empty, table, id);       /* a port still has it: from now on it allows nothing */
        if (filter_run(lb, &empty, err) < 0)
            return -1;
        return cairn_fail(err, CAIRN_CONFLICT, "security group %s is in use by a port on this host", id);
    }
    /* A rule of another group may name this one still: then the empty set stays until that group is applied again and this removed. */
    if (nft_run(lb, &sets, NULL, NULL) < 0)
        lb->host->log(lb->host->instance, CAIRN_LOG_INFO, "security group %s is gone, but a rule of another group names it", id);
    return 0;
}

/* Calls fn for each chain of ours that belongs to a port or group; it stops at nonzero. */
static int
each_chain(struct lb *lb, int (*fn)(void *arg, const char *id, const char *suffix), void *arg, struct cairn_error *err)
{
    CLEANUP_TEXT struct lb_text t = { 0 };
    CLEANUP_FREE char *out = NULL;
    char table[80], *save = NULL;
    int ours = 0;

    lb_add(&t, "list chains bridge\n");
    if (nft_run(lb, &t, &out, err) < 0)
        return -1;
    table_name(lb, table);
    for (char *line = strtok_r(out, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        char name[128], id[37], suffix[8] = "";

        if (sscanf(line, "table bridge %127s {", name) == 1)
            ours = strcmp(name, table) == 0;
        else if (ours && sscanf(line, " chain %*1[gcoin]_%36[0-9a-f-]_%7s", id, suffix) >= 1 && fn(arg, id, suffix) != 0)
            break;
    }
    return 0;
}

struct groups {
    const struct lb *lb;
    struct cairn_sink *sink;
};

static int
give_group(void *arg, const char *id, const char *suffix)
{
    const struct groups *g = arg;
    struct cairn_net_item item = { .size = sizeof item, .up = 1 };

    snprintf(item.id, sizeof item.id, "%s", id);
    return strcmp(suffix, "in") == 0 ? g->lb->host->emit(g->sink, &item) : 0;
}

int
filter_groups(struct lb *lb, struct cairn_sink *sink, struct cairn_error *err)
{
    struct groups g = { lb, sink };

    return each_chain(lb, give_group, &g, err);
}

static int
note_chain(void *arg, const char *id, const char *suffix)
{
    (void)id;
    (void)suffix;
    return *(int *)arg = 1;
}

void
filter_stop(struct lb *lb)
{
    CLEANUP_TEXT struct lb_text t = { 0 };
    char table[80];
    int used = 0;

    if (each_chain(lb, note_chain, &used, NULL) < 0 || used)
        return;
    table_name(lb, table);
    lb_add(&t, "delete table bridge %s\ndelete table inet %s\n", table, table);
    nft_run(lb, &t, NULL, NULL);
}
