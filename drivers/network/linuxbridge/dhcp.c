/* dhcp.c: DHCP: one dnsmasq per network in the network's namespace.
 *
 * dnsmasq outlives the daemon; it is found again by its pid file, and it is ours and current when its command line and namespace are what
 * they would be if it were started now.  Ports come and go in two files that it reads again on SIGHUP, which loses no lease; a change of
 * subnets, or a lease of a port that is gone, starts another one with the leases that still hold.  Whatever users say is written as a checked number, address, name or plain word: see option_value(). */
#include "linuxbridge.h"
#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LEASE_TIME "86400s"
#define MAX_ARGS 160
#define TAG ",set:p"            /* in the hosts file: options of a port */

struct paths {
    char dir[1024];
    char hosts[1100], options[1100], leases[1100], pid[1100], untold[1100];
};

static int
paths_of(const struct lb *lb, const char *id, struct paths *p, struct cairn_error *err)
{
    if ((size_t)snprintf(p->dir, sizeof p->dir, "%s/%s", lb->host->state_dir, id) >= sizeof p->dir)
        return cairn_fail(err, CAIRN_INVALID, "the state directory's path is too long");
    snprintf(p->hosts, sizeof p->hosts, "%s/hosts", p->dir);
    snprintf(p->options, sizeof p->options, "%s/options", p->dir);
    snprintf(p->leases, sizeof p->leases, "%s/leases", p->dir);
    snprintf(p->pid, sizeof p->pid, "%s/dnsmasq.pid", p->dir);
    snprintf(p->untold, sizeof p->untold, "%s/untold", p->dir);
    return 0;
}

/* The process ------------------------------------------------------------------------------------------------------------------ */

/* A pidfd of the dnsmasq that belongs to 'pid_path', or -1; its command line in '*ret_line' (free() it).  The pidfd is taken before the
 * look at /proc, so it cannot mean another process. */
static int
find(const char *pid_path, char **ret_line, size_t *ret_len, pid_t *ret_pid)
{
    size_t len;
    CLEANUP_FREE char *text = lb_read_file(pid_path, 32, &len);
    char want[1200], proc[64], *line;
    long pid = text != NULL ? strtol(text, NULL, 10) : 0;
    int fd;

    if (pid <= 1 || pid > INT32_MAX || (fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0)) < 0)
        return -1;
    snprintf(proc, sizeof proc, "/proc/%ld/cmdline", pid);
    snprintf(want, sizeof want, "--pid-file=%s", pid_path);
    line = lb_read_file(proc, 64 * 1024, &len);
    if (line != NULL && len > 0 && line[len - 1] == '\0') {
        for (const char *p = line; p < line + len; p += strlen(p) + 1)
            if (strcmp(p, want) == 0) {
                *ret_line = line;
                *ret_len = len;
                *ret_pid = (pid_t)pid;
                return fd;
            }
    }
    free(line);
    close(fd);
    return -1;
}

static int
send_signal(int pidfd, int sig)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

static int
stop(const char *pid_path, struct cairn_error *err)
{
    CLEANUP_FREE char *line = NULL;
    size_t len;
    pid_t pid;
    CLEANUP_FD int fd = find(pid_path, &line, &len, &pid);
    struct pollfd p = { .fd = fd, .events = POLLIN };

    if (fd >= 0) {
        send_signal(fd, SIGTERM);
        if (poll(&p, 1, 2000) == 0) {
            send_signal(fd, SIGKILL);
            if (poll(&p, 1, 2000) == 0)
                return cairn_fail(err, CAIRN_UNAVAILABLE, "dnsmasq (process %d) does not end", (int)pid);
        }
    }
    unlink(pid_path);
    return 0;
}

static int
same_namespace(pid_t pid, const char *netns)
{
    CLEANUP_FD int fd = netns_open(netns);
    struct stat a, b;
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
    return fd >= 0 && fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Is what runs what 'argv' would start?  The first word may have become a path. */
static int
same_command(const char *line, size_t len, const char *const *argv)
{
    const char *p = line + strlen(line) + 1;

    for (argv++; *argv != NULL; argv++, p += strlen(p) + 1)
        if (p >= line + len || strcmp(p, *argv) != 0)
            return 0;
    return p == line + len;
}

/* dnsmasq reads its files again without its privileges: "nobody" where the state directory lets everybody pass, else it stays root. */
static const char *
user_for(const char *dir)
{
    char path[1024];
    struct stat st;

    snprintf(path, sizeof path, "%s", dir);
    for (char *slash = path + strlen(path); slash != NULL && slash > path; slash = strrchr(path, '/')) {
        *slash = '\0';
        if (path[0] != '\0' && (stat(path, &st) < 0 || (st.st_mode & S_IXOTH) == 0))
            return "--user=root";
    }
    return "--user=nobody";
}

/* What it answers -------------------------------------------------------------------------------------------------------------- */

enum option_type { OPTION_ADDRESS, OPTION_ADDRESSES, OPTION_NUMBER, OPTION_WORD, OPTION_NAMES, OPTION_ROUTES };
struct option {
    const char *name;
    int number;
    enum option_type type;
    uint32_t max;                       /* of a number */
};
static const struct option options4[] = {
    { "time-offset",             2, OPTION_NUMBER, UINT32_MAX }, { "router",            3, OPTION_ADDRESSES, 0 },
    { "dns-server",              6, OPTION_ADDRESSES, 0 },       { "log-server",        7, OPTION_ADDRESSES, 0 },
    { "lpr-server",              9, OPTION_ADDRESSES, 0 },       { "hostname",         12, OPTION_WORD, 0 },
    { "boot-file-size",         13, OPTION_NUMBER, 65535 },      { "domain-name",      15, OPTION_WORD, 0 },
    { "swap-server",            16, OPTION_ADDRESS, 0 },         { "root-path",        17, OPTION_WORD, 0 },
    { "extension-path",         18, OPTION_WORD, 0 },            { "ip-forward-enable", 19, OPTION_NUMBER, 1 },
    { "default-ttl",            23, OPTION_NUMBER, 255 },        { "mtu",              26, OPTION_NUMBER, 65535 },
    { "router-discovery",       31, OPTION_NUMBER, 1 },          { "static-route",     33, OPTION_ADDRESSES, 0 },
    { "arp-timeout",            35, OPTION_NUMBER, UINT32_MAX }, { "tcp-ttl",          37, OPTION_NUMBER, 255 },
    { "tcp-keepalive",          38, OPTION_NUMBER, UINT32_MAX }, { "nis-domain",       40, OPTION_WORD, 0 },
    { "nis-server",             41, OPTION_ADDRESSES, 0 },       { "ntp-server",       42, OPTION_ADDRESSES, 0 },
    { "netbios-ns",             44, OPTION_ADDRESSES, 0 },       { "netbios-dd",       45, OPTION_ADDRESSES, 0 },
    { "netbios-nodetype",       46, OPTION_NUMBER, 255 },        { "netbios-scope",    47, OPTION_WORD, 0 },
    { "vendor-class",           60, OPTION_WORD, 0 },            { "nis+-domain",      64, OPTION_WORD, 0 },
    { "nis+-server",            65, OPTION_ADDRESSES, 0 },       { "tftp-server",      66, OPTION_WORD, 0 },
    { "bootfile-name",          67, OPTION_WORD, 0 },            { "smtp-server",      69, OPTION_ADDRESSES, 0 },
    { "pop3-server",            70, OPTION_ADDRESSES, 0 },       { "posix-timezone",  100, OPTION_WORD, 0 },
    { "tzdb-timezone",         101, OPTION_WORD, 0 },            { "domain-search",   119, OPTION_NAMES, 0 },
    { "classless-static-route", 121, OPTION_ROUTES, 0 },         { "tftp-server-address", 150, OPTION_ADDRESSES, 0 },
    { "config-file",           209, OPTION_WORD, 0 },            { "path-prefix",     210, OPTION_WORD, 0 },
    { "reboot-time",           211, OPTION_NUMBER, UINT32_MAX }, { "ms-classless-static-route", 249, OPTION_ROUTES, 0 },
    { "wpad",                  252, OPTION_WORD, 0 },            { "server-ip-address", 255, OPTION_ADDRESS, 0 },
};
static const struct option options6[] = {
    { "dns-server", 23, OPTION_ADDRESSES, 0 }, { "domain-search", 24, OPTION_NAMES, 0 }, { "sntp-server", 31, OPTION_ADDRESSES, 0 },
    { "information-refresh-time", 32, OPTION_NUMBER, UINT32_MAX }, { "ntp-server", 56, OPTION_ADDRESSES, 0 },
    { "bootfile-url", 59, OPTION_WORD, 0 },
};
static const struct {               /* names that clients use for the same */
    const char *name, *means;
} option_aliases[] = {
    { "boot-file", "bootfile-name" }, { "interface-mtu", "mtu" }, { "ntp-servers", "ntp-server" }, { "dns-servers", "dns-server" },
    { "domain-name-servers", "dns-server" }, { "routers", "router" }, { "tftp-server-name", "tftp-server" }, { "host-name", "hostname" },
};

/* By name, with or without "option:" or "option6:", or by number. */
static const struct option *
option_find(const char *name, int *ret_six)
{
    int six = strncmp(name, "option6:", 8) == 0;
    const struct option *table = six ? options6 : options4;
    size_t len = six ? ARRAY_LEN(options6) : ARRAY_LEN(options4);
    char number[12];

    *ret_six = six;
    name += six ? 8 : strncmp(name, "option:", 7) == 0 ? 7 : 0;
    for (size_t i = 0; i < ARRAY_LEN(option_aliases); i++)
        if (strcmp(name, option_aliases[i].name) == 0)
            name = option_aliases[i].means;
    for (size_t i = 0; i < len; i++) {
        snprintf(number, sizeof number, "%d", table[i].number);
        if (strcmp(name, table[i].name) == 0 || strcmp(name, number) == 0)
            return &table[i];
    }
    return NULL;
}

/* Letters, digits and 'more', nothing that dnsmasq's files give a meaning to. */
static int
is_word(const char *text, size_t len, const char *more, size_t max)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && (text[i] == '\0' || strchr(more, text[i]) == NULL))
            return 0;
    return len > 0 && len <= max;
}

static int
is_label(const char *text)
{
    return text != NULL && is_word(text, strlen(text), "-", 63) && text[0] != '-';
}

static int
is_domain(const char *text)
{
    return text != NULL && is_word(text, strlen(text), "-.", 253) && isalnum((unsigned char)text[0]);
}

static void
add_addr(struct lb_text *t, const struct lb_addr *a, int always)
{
    char text[LB_ADDR_TEXT];

    lb_add(t, a->family == AF_INET6 ? "[%s]" : "%s", lb_addr_text(a, always, text));
}

/* Appends ",value" as the option's type wants it.  -1: the value is not such a one. */
static int
option_value(struct lb_text *t, const struct option *o, int six, const char *value)
{
    size_t parts = 0, max = o->type == OPTION_ADDRESS ? 1 : 16;
    struct lb_addr a;
    char *end;

    if (value == NULL)
        return -1;
    switch (o->type) {
    case OPTION_NUMBER: {
        unsigned long long n = strtoull(value, &end, 10);

        if (!isdigit((unsigned char)value[0]) || *end != '\0' || n > o->max)
            return -1;
        lb_add(t, ",%llu", n);
        return 0;
    }
    case OPTION_WORD:
        if (!is_word(value, strlen(value), "._:/@%+=?&~-", 255))
            return -1;
        lb_add(t, ",%s", value);
        return 0;
    case OPTION_ADDRESS:
    case OPTION_ADDRESSES:
    case OPTION_NAMES:
    case OPTION_ROUTES:
        for (const char *p = value; ; p++) {
            size_t len = strcspn(p, ",");
            char part[256];

            while (len > 0 && *p == ' ')
                p++, len--;
            if (len == 0 || len >= sizeof part || parts == max)
                return -1;
            memcpy(part, p, len);
            part[len] = '\0';
            if (o->type == OPTION_NAMES) {
                if (!is_domain(part))
                    return -1;
                lb_add(t, ",%s", part);
            } else {
                int network = o->type == OPTION_ROUTES && parts % 2 == 0;

                if (lb_addr_parse(part, &a) < 0 || a.family != (six ? AF_INET6 : AF_INET) || (!network && strchr(part, '/') != NULL))
                    return -1;
                lb_add(t, ",");
                add_addr(t, &a, network);
            }
            parts++;
            p += len;
            if (*p == '\0')
                return o->type == OPTION_ROUTES && parts % 2 != 0 ? -1 : 0;
        }
    }
    return -1;
}

static void
lease_options(const struct lb *lb, struct lb_text *t, const struct cairn_lease *lease)
{
    for (uint32_t i = 0; i < lease->options_count; i++) {
        const struct cairn_pair *pair = lease->options[i];
        CLEANUP_TEXT struct lb_text value = { 0 };
        int six;
        const struct option *o = option_find(pair->name, &six);

        if (o == NULL || option_value(&value, o, six, pair->value) < 0 || value.failed)
            lb->host->log(lb->host->instance, CAIRN_LOG_WARN, "port %s: DHCP option '%.64s' is left out: %s", lease->port_id, pair->name,
                          o == NULL ? "there is no such option" : "its value does not fit");
        else if (o->number == 255)
            lb_add(t, "tag:p%s,option:server-ip-address%s\n", lease->port_id, value.buf);
        else
            lb_add(t, "tag:p%s,%s%d%s\n", lease->port_id, six ? "option6:" : "", o->number, value.buf);
    }
}

/* Do addresses come from DHCP there?  Not with SLAAC and its stateless variant. */
static int
subnet_leases(const struct cairn_subnet *s)
{
    return s->dhcp && s->dhcp_address != NULL && (s->ip_version == 4 || s->ra_mode == 0 || s->ra_mode == 2);
}

/* A host has a tag where options are for it alone: see reread(). */
static int
hosts_text(const struct lb *lb, const struct cairn_net *net, struct lb_text *hosts, struct lb_text *options, struct cairn_error *err)
{
    for (uint32_t i = 0; i < net->leases_count; i++) {
        const struct cairn_lease *lease = net->leases[i];
        const struct cairn_subnet *subnet = NULL;
        char mac_text[18];
        struct lb_addr a;
        uint8_t mac[6];

        for (uint32_t j = 0; j < net->subnets_count && subnet == NULL; j++)
            if (lease->subnet_id != NULL && strcmp(net->subnets[j]->id, lease->subnet_id) == 0)
                subnet = net->subnets[j];
        if (subnet == NULL || !subnet->dhcp)
            continue;
        if (lb_check_id("port", lease->port_id, err) < 0)
            return -1;
        if (lb_mac_parse(lease->mac, mac) < 0 || lb_addr_parse(lease->address, &a) < 0) {
            lb->host->log(lb->host->instance, CAIRN_LOG_WARN, "port %s: no DHCP: its MAC or IP address is not one", lease->port_id);
            continue;
        }
        a.prefix = 8 * lb_addr_len(&a);
        lb_add(hosts, "%s", lb_mac_text(mac, mac_text));
        if (lease->options_count > 0)
            lb_add(hosts, TAG "%s", lease->port_id);
        if (subnet_leases(subnet)) {
            lb_add(hosts, ",");
            add_addr(hosts, &a, 0);
        }
        if (is_label(lease->host_name))
            lb_add(hosts, ",%s", lease->host_name);
        lb_add(hosts, "\n");
        if (lease->options_count > 0) {
            uint32_t first = 0;         /* a port with several addresses has its options once */

            while (strcmp(net->leases[first]->port_id, lease->port_id) != 0)
                first++;
            if (first == i)
                lease_options(lb, options, lease);
        }
    }
    return 0;
}

static void
dns_text(const struct lb *lb, struct lb_text *t, const struct cairn_subnet *s, const char *head)
{
    struct lb_addr a;
    int family = s->ip_version == 6 ? AF_INET6 : AF_INET;

    lb_add(t, "%sdns-server", head);
    for (uint32_t i = 0; i < s->dns_count; i++)
        if (lb_addr_parse(s->dns[i], &a) == 0 && a.family == family) {
            lb_add(t, ",");
            add_addr(t, &a, 0);
        }
    for (const char *p = s->dns_count == 0 ? lb->dns_servers : NULL; p != NULL && *p != '\0'; p += strcspn(p, ","), p += *p == ',') {
        char text[64];

        snprintf(text, sizeof text, "%.*s", (int)strcspn(p, ","), p);
        if (lb_addr_parse(text, &a) == 0 && a.family == family) {
            lb_add(t, ",");
            add_addr(t, &a, 0);
        }
    }
    lb_add(t, "\n");
}

/* RFC 3442: a client that takes these ignores the router option, so the default route is in it too. */
static void
routes_text(struct lb_text *t, const char *head, const struct cairn_subnet *s, const struct lb_addr *self, const struct lb_addr *gateway)
{
    struct lb_addr to, via;

    lb_add(t, "%s169.254.169.254/32,", head);
    add_addr(t, self, 0);
    for (uint32_t i = 0; i < s->routes_count; i++)
        if (lb_addr_parse(s->routes[i]->destination, &to) == 0 && lb_addr_parse(s->routes[i]->nexthop, &via) == 0
            && to.family == AF_INET && via.family == AF_INET) {
            lb_addr_base(&to);
            lb_add(t, ",");
            add_addr(t, &to, 1);
            lb_add(t, ",");
            add_addr(t, &via, 0);
        }
    if (gateway != NULL) {
        lb_add(t, ",0.0.0.0/0,");
        add_addr(t, gateway, 0);
    }
    lb_add(t, "\n");
}

static int
options_text(const struct lb *lb, const struct cairn_net *net, struct lb_text *t, struct cairn_error *err)
{
    lb_add(t, "option:mtu,%u\n", net->mtu);
    for (uint32_t i = 0; i < net->subnets_count; i++) {
        const struct cairn_subnet *s = net->subnets[i];
        struct lb_addr gateway, self;
        char head[96], routes[128];
        int has_gateway = s->gateway != NULL;

        if (!s->dhcp || s->dhcp_address == NULL)
            continue;
        if (lb_addr_parse(s->dhcp_address, &self) < 0 || (has_gateway && lb_addr_parse(s->gateway, &gateway) < 0))
            return cairn_fail(err, CAIRN_INVALID, "subnet %s: its gateway or DHCP address is not an address", s->id);
        snprintf(head, sizeof head, "tag:s%s,%s:", s->id, s->ip_version == 6 ? "option6" : "option");
        dns_text(lb, t, s, head);
        if (is_domain(s->domain))
            lb_add(t, "%s%s,%s\n", head, s->ip_version == 6 ? "domain-search" : "domain-name", s->domain);
        if (s->ip_version == 6)
            continue;
        lb_add(t, "%srouter", head);    /* without an address: none, not dnsmasq's own */
        if (has_gateway) {
            lb_add(t, ",");
            add_addr(t, &gateway, 0);
        }
        lb_add(t, "\n");
        snprintf(routes, sizeof routes, "%sclassless-static-route,", head);
        routes_text(t, routes, s, &self, has_gateway ? &gateway : NULL);
        snprintf(routes, sizeof routes, "tag:s%s,249,", s->id);
        routes_text(t, routes, s, &self, has_gateway ? &gateway : NULL);
    }
    return 0;
}

/* The command line, one argument a line of 't'. */
static int
command_text(const struct cairn_net *net, const struct paths *p, struct lb_text *t, struct cairn_error *err)
{
    int ra = 0, router = 0;

    lb_add(t, "dnsmasq\n--conf-file=/dev/null\n--port=0\n--no-hosts\n--no-resolv\n--no-ping\n--bind-interfaces\n"
              "--interface=" LB_NS_DEVICE "\n--except-interface=lo\n--dhcp-authoritative\n--dhcp-ignore=tag:!known\n"
              "--dhcp-lease-max=65536\n--quiet-dhcp\n--quiet-dhcp6\n--quiet-ra\n%s\n--pid-file=%s\n--dhcp-leasefile=%s\n"
              "--dhcp-hostsfile=%s\n--dhcp-optsfile=%s\n", user_for(p->dir), p->pid, p->leases, p->hosts, p->options);
    for (uint32_t i = 0; i < net->subnets_count; i++) {
        const struct cairn_subnet *s = net->subnets[i];
        char text[LB_ADDR_TEXT];
        struct lb_addr cidr;

        if (!s->dhcp || s->dhcp_address == NULL)
            continue;
        if (lb_check_id("subnet", s->id, err) < 0)
            return -1;
        if (lb_addr_parse(s->cidr, &cidr) < 0 || cidr.family != (s->ip_version == 6 ? AF_INET6 : AF_INET))
            return cairn_fail(err, CAIRN_INVALID, "subnet %s: '%.64s' is not an IPv%u network", s->id, s->cidr, s->ip_version);
        lb_addr_base(&cidr);
        if (cidr.family == AF_INET) {
            struct lb_addr mask = { AF_INET, cidr.prefix, { 0xff, 0xff, 0xff, 0xff } };
            int prefix = cidr.prefix;
            char mask_text[LB_ADDR_TEXT];

            lb_addr_base(&mask);
            mask.prefix = cidr.prefix = 32;
            lb_add(t, "--dhcp-range=set:s%s,%s,static,%s," LEASE_TIME "\n", s->id, lb_addr_text(&cidr, 0, text),
                   lb_addr_text(&mask, 0, mask_text));
            cidr.prefix = prefix;
        } else {
            static const char *const modes[] = { "static", "ra-only", "static", "ra-stateless" };
            int prefix = cidr.prefix;

            if (s->ra_mode >= ARRAY_LEN(modes) || ((s->ra_mode & 1) != 0 && prefix != 64))
                return cairn_fail(err, CAIRN_INVALID, "subnet %s: router advertisement mode %u does not fit '%.64s'", s->id, s->ra_mode, s->cidr);
            cidr.prefix = 128;
            lb_add(t, "--dhcp-range=set:s%s,%s,%s,%d," LEASE_TIME "\n", s->id, lb_addr_text(&cidr, 0, text), modes[s->ra_mode], prefix);
            ra |= s->ra_mode != 0;
            router |= s->ra_mode != 0 && s->gateway != NULL;
        }
    }
    if (ra)
        lb_add(t, "--enable-ra\n--ra-param=" LB_NS_DEVICE ",mtu:%u,30,%u\n", net->mtu, router ? 1800u : 0u);
    return lb_text_done(t, err);
}

/* Do the hosts know this address (of this MAC, unless NULL)? */
static int
hosts_have(const struct lb_text *hosts, const char *mac, const char *address)
{
    size_t len = strlen(address);

    for (const char *line = hosts->buf; line != NULL && *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        if (mac != NULL && (strncmp(line, mac, strlen(mac)) != 0 || line[strlen(mac)] != ','))
            continue;
        for (const char *p = line; *p != '\n' && *p != '\0'; p += strcspn(p, ",[]\n"), p += *p == ',' || *p == '[' || *p == ']')
            if (strncmp(p, address, len) == 0 && strchr(",]\n", p[len]) != NULL)
                return 1;
    }
    return 0;
}

/* Reads dnsmasq's leases; those of ports that are gone or have other addresses now are not in 'kept'.  How many those are.
 * dnsmasq would keep such an address from its next owner until the lease ends. */
static size_t
leases_stale(const struct paths *p, const struct lb_text *hosts, struct lb_text *kept)
{
    size_t len, stale = 0;
    CLEANUP_FREE char *text = lb_read_file(p->leases, 16 << 20, &len);
    char *save = NULL;

    for (char *line = text != NULL ? strtok_r(text, "\n", &save) : NULL; line != NULL; line = strtok_r(NULL, "\n", &save)) {
        char who[64], address[64];
        uint8_t mac[6];

        /* "expiry MAC address name client"; IPv6: "expiry IAID address name DUID" */
        if (sscanf(line, "%*s %63s %63s %*s", who, address) == 2 && strncmp(line, "duid ", 5) != 0
            && !hosts_have(hosts, lb_mac_parse(who, mac) == 0 ? who : NULL, address))
            stale++;
        else
            lb_add(kept, "%s\n", line);
    }
    return stale;
}

/* Writes the files that have changed: what dnsmasq is to do about it.  It has been told when 'untold' is gone: should the daemon die before,
 * nobody knows what dnsmasq has read, and it starts anew.
 *
 * dnsmasq 2.86 to 2.90 links a host's tags to things on its stack while it answers that host, and frees the whole chain when it reads the file
 * again: it crashes, sooner or later.  So a dnsmasq that has read tags starts anew too; hosts without options of their own have none. */
enum { UNCHANGED, REREAD, RESTART };
static int
write_files(const struct paths *p, const struct lb_text *hosts, const struct lb_text *options, struct cairn_error *err)
{
    size_t len;
    CLEANUP_FREE char *old = lb_read_file(p->hosts, 64 << 20, &len);
    int untold = access(p->untold, F_OK) == 0, tags = old != NULL && strstr(old, TAG) != NULL;
    CLEANUP_FD int fd = -1;

    if (!untold && lb_same_file(p->hosts, hosts) && lb_same_file(p->options, options))
        return UNCHANGED;
    if ((fd = open(p->untold, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) < 0)
        return cairn_fail_errno(err, errno, "cannot create %s", p->untold);
    if (lb_replace_file(p->hosts, hosts, err) < 0 || lb_replace_file(p->options, options, err) < 0)
        return -1;
    return untold || tags ? RESTART : REREAD;
}

int
dhcp_apply(struct lb *lb, const struct cairn_net *net, const char *netns, struct cairn_error *err)
{
    CLEANUP_TEXT struct lb_text hosts = { 0 };
    CLEANUP_TEXT struct lb_text options = { 0 };
    CLEANUP_TEXT struct lb_text command = { 0 };
    CLEANUP_TEXT struct lb_text before = { 0 };
    CLEANUP_TEXT struct lb_text leases = { 0 };
    CLEANUP_FREE char *running = NULL;
    CLEANUP_FD int fd = -1;
    const char *argv[MAX_ARGS];
    char *save = NULL;
    size_t argc = 0, len;
    struct paths p;
    int changed;
    pid_t pid;

    if (paths_of(lb, net->id, &p, err) < 0)
        return -1;
    if (mkdir(p.dir, 0755) < 0 && errno != EEXIST)
        return cairn_fail_errno(err, errno, "cannot create %s", p.dir);
    if (options_text(lb, net, &options, err) < 0
        || hosts_text(lb, net, &hosts, &options, err) < 0 || command_text(net, &p, &command, err) < 0
        || lb_text_done(&hosts, err) < 0 || lb_text_done(&options, err) < 0)
        return -1;
    for (char *word = strtok_r(command.buf, "\n", &save); word != NULL; word = strtok_r(NULL, "\n", &save)) {
        if (argc == MAX_ARGS - 1)
            return cairn_fail(err, CAIRN_INVALID, "network %s has too many subnets", net->id);
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    if ((changed = write_files(&p, &hosts, &options, err)) < 0)
        return -1;
    fd = find(p.pid, &running, &len, &pid);
    if (fd >= 0 && changed != RESTART && same_command(running, len, argv) && same_namespace(pid, netns) && leases_stale(&p, &hosts, &before) == 0) {
        if (changed == REREAD && send_signal(fd, SIGHUP) < 0)
            return cairn_fail_errno(err, errno, "cannot signal dnsmasq (process %d)", (int)pid);
        unlink(p.untold);
        return 0;
    }
    if (stop(p.pid, err) < 0)
        return -1;
    if (leases_stale(&p, &hosts, &leases) > 0 && (lb_text_done(&leases, err) < 0 || lb_replace_file(p.leases, &leases, err) < 0))
        return -1;
    if (lb_run(lb, netns, argv, NULL, 0, NULL, err) < 0)
        return -1;
    unlink(p.untold);
    return 0;
}

int
dhcp_alive(const struct lb *lb, const char *network_id)
{
    CLEANUP_FREE char *line = NULL;
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct paths p;
    size_t len;
    pid_t pid;

    if (paths_of(lb, network_id, &p, &err) < 0 || access(p.dir, F_OK) < 0)
        return 1;
    CLEANUP_FD int fd = find(p.pid, &line, &len, &pid);
    return fd >= 0;
}

int
dhcp_remove(struct lb *lb, const char *network_id, struct cairn_error *err)
{
    char temp[1200];
    struct paths p;

    if (paths_of(lb, network_id, &p, err) < 0 || stop(p.pid, err) < 0)
        return -1;
    for (const char *const *f = (const char *const[]){ p.hosts, p.options, p.leases, p.untold, NULL }; *f != NULL; f++) {
        unlink(*f);
        snprintf(temp, sizeof temp, "%s.new", *f);
        unlink(temp);
    }
    if (rmdir(p.dir) < 0 && errno != ENOENT)
        return cairn_fail_errno(err, errno, "cannot remove %s", p.dir);
    return 0;
}
