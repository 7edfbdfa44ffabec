/* addresses.c: which addresses a port has: given ones, ones out of the pools, and those that hosts make up themselves. */
#include <config.h>
#include "network/private.h"

#include <string.h>

#define PROBES 32       /* random tries before the whole subnet is looked through */

struct subnet {
    char id[ID_UUID];
    struct prefix prefix;
    int slaac, fits;            /* fits: its service types allow the port's owner */
};
struct subnet_list { struct subnet *at; size_t n; };

struct held { char subnet_id[ID_UUID], ip[ADDRESS_TEXT]; int keep; };
struct held_list { struct held *at; size_t n; };

int
subnet_is_slaac(const char *ra_mode, const char *address_mode)
{
    const char *mode = address_mode;

    (void)ra_mode;
    return mode != NULL && (strcmp(mode, "slaac") == 0 || strcmp(mode, "dhcpv6-stateless") == 0);
}

/* No service types: for everybody; else one of them begins the owner's name. */
static int
fits_owner(const char *service_types, const char *owner)
{
    CLEANUP_JSON json_t *types = json_loads(service_types, 0, NULL);
    const json_t *type;
    size_t i;

    if (json_array_size(types) == 0)
        return 1;
    json_array_foreach(types, i, type)
        if (json_is_string(type) && json_string_length(type) > 0 && str_starts(owner, json_string_value(type)))
            return 1;
    return 0;
}

static int
load_subnets(struct tx *tx, const char *network_id, const char *owner, struct subnet_list *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int more;

    if (tx_query(tx, &r, err, "select id, cidr, ipv6_ra_mode, ipv6_address_mode, service_types from subnets where network_id = ? order by created_us, id", "s",
                 network_id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0) {
        struct subnet *s;

        ret->at = xrealloc(ret->at, (ret->n + 1) * sizeof *ret->at);
        s = &ret->at[ret->n++];
        memset(s, 0, sizeof *s);
        snprintf(s->id, sizeof s->id, "%s", row_text(r, "id"));
        if (prefix_parse(row_text(r, "cidr"), &s->prefix) < 0)
            return cairn_fail(err, CAIRN_CORRUPT, "subnet %s has the CIDR '%s'", s->id, row_text(r, "cidr"));
        s->slaac = subnet_is_slaac(row_text(r, "ipv6_ra_mode"), row_text(r, "ipv6_address_mode"));
        s->fits = fits_owner(row_text(r, "service_types"), owner);
    }
    return more;
}

static int
load_held(struct tx *tx, const char *port_id, struct held_list *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int more;

    if (tx_query(tx, &r, err, "select subnet_id, ip_address from fixed_ips where port_id = ? order by position", "s", port_id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0) {
        struct held *h;

        ret->at = xrealloc(ret->at, (ret->n + 1) * sizeof *ret->at);
        h = &ret->at[ret->n++];
        memset(h, 0, sizeof *h);
        snprintf(h->subnet_id, sizeof h->subnet_id, "%s", row_text(r, "subnet_id"));
        snprintf(h->ip, sizeof h->ip, "%s", row_text(r, "ip_address"));
    }
    return more;
}

/* --- free addresses */

struct pool { ip_number first, last; };

static int
load_pools(struct tx *tx, const char *subnet_id, struct pool **ret, size_t *ret_n, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int more;

    if (tx_query(tx, &r, err, "select first_ip, last_ip from subnet_pools_ranges where subnet_id = ?", "s", subnet_id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0) {
        struct ip first, last;

        if (ip_parse(row_text(r, "first_ip"), &first) < 0 || ip_parse(row_text(r, "last_ip"), &last) < 0)
            return cairn_fail(err, CAIRN_CORRUPT, "subnet %s has a pool that is none", subnet_id);
        *ret = xrealloc(*ret, (*ret_n + 1) * sizeof **ret);
        (*ret)[(*ret_n)++] = (struct pool){ first.n, last.n };
    }
    return more;
}

static int
is_used(struct tx *tx, const char *subnet_id, const char *ip, int *ret, struct cairn_error *err)
{
    int64_t n;

    if (tx_int(tx, &n, 0, err, "select count(*) from fixed_ips where subnet_id = ? and ip_address = ?", "ss", subnet_id, ip) < 0)
        return -1;
    *ret = n > 0;
    return 0;
}

static int
by_number(const void *a, const void *b)
{
    ip_number x = *(const ip_number *)a, y = *(const ip_number *)b;

    return x < y ? -1 : x > y;
}

static int
by_first(const void *a, const void *b)
{
    return by_number(&((const struct pool *)a)->first, &((const struct pool *)b)->first);
}

/* Walks over what is used, in order, to the first gap. */
static int
first_free(struct tx *tx, const struct subnet *s, struct pool *pools, size_t n, ip_number *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_FREE ip_number *used = NULL;
    size_t count = 0, cap = 0, at = 0;
    int more;

    if (tx_query(tx, &r, err, "select ip_address from fixed_ips where subnet_id = ?", "s", s->id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0) {
        struct ip ip;

        if (ip_parse(row_text(r, "ip_address"), &ip) < 0)
            continue;
        if (count == cap) {
            cap = cap > 0 ? 2 * cap : 64;
            used = xrealloc(used, cap * sizeof *used);
        }
        used[count++] = ip.n;
    }
    if (more < 0)
        return -1;
    if (count > 0)
        qsort(used, count, sizeof *used, by_number);
    if (n > 0)
        qsort(pools, n, sizeof *pools, by_first);
    for (size_t i = 0; i < n; i++) {
        ip_number want = pools[i].first;

        while (at < count && used[at] < want)
            at++;
        while (at < count && used[at] == want && want <= pools[i].last) {
            want++;
            at++;
        }
        if (want <= pools[i].last) {
            *ret = want;
            return 0;
        }
    }
    return cairn_fail_tag(err, CAIRN_NO_SPACE, "IpAddressGenerationFailure", "No more IP addresses available on subnet %s.", s->id);
}

static int
pick(struct tx *tx, const struct subnet *s, int lowest, char ret[ADDRESS_TEXT], struct cairn_error *err)
{
    CLEANUP_FREE struct pool *pools = NULL;
    ip_number total = 0, n = 0;
    size_t count = 0;
    int used = 1;

    if (load_pools(tx, s->id, &pools, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        total += pools[i].last - pools[i].first + 1;
    for (int probe = 0; probe < PROBES && total > 0 && !lowest && used; probe++) {
        uint64_t random[2];

        id_random(random, sizeof random);
        n = ((ip_number)random[0] << 64 | random[1]) % total;
        for (size_t i = 0; i < count; i++) {
            ip_number size = pools[i].last - pools[i].first + 1;

            if (n < size) {
                n += pools[i].first;
                break;
            }
            n -= size;
        }
        ip_text(s->prefix.version, n, ret);
        if (is_used(tx, s->id, ret, &used, err) < 0)
            return -1;
    }
    if (!used)
        return 0;
    if (first_free(tx, s, pools, count, &n, err) < 0)
        return -1;
    ip_text(s->prefix.version, n, ret);
    return 0;
}

/* --- giving */

static int
give(struct tx *tx, const struct port_addresses *port, const struct subnet *s, const char *ip, int position, struct cairn_error *err)
{
    int used;

    if (is_used(tx, s->id, ip, &used, err) < 0)
        return -1;
    if (used)
        return cairn_fail_tag(err, CAIRN_CONFLICT, "IpAddressAlreadyAllocated", "IP address %s already allocated in subnet %s", ip, s->id);
    return tx_exec(tx, err, "insert into fixed_ips (subnet_id, ip_address, port_id, position) values (?, ?, ?, ?)", "sssi", s->id, ip, port->port_id,
                   (int64_t)position);
}

static struct held *
held_in(struct held_list *held, const char *subnet_id, const char *ip)
{
    for (size_t i = 0; i < held->n; i++)
        if (!held->at[i].keep && (subnet_id == NULL || strcmp(held->at[i].subnet_id, subnet_id) == 0) && (ip == NULL || strcmp(held->at[i].ip, ip) == 0))
            return &held->at[i];
    return NULL;
}

static const struct subnet *
subnet_named(const struct subnet_list *all, const char *id)
{
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->at[i].id, id) == 0)
            return &all->at[i];
    return NULL;
}

/* The subnet of one wish, and that its address may be had there. */
static int
wished_subnet(const struct port_addresses *port, const struct subnet_list *all, const char *subnet_id, const char *ip_given, const struct subnet **ret,
              struct cairn_error *err)
{
    ip_number first, last;
    struct ip ip = { 0, 0 };
    const struct subnet *s = NULL;

    if (ip_given != NULL && ip_parse(ip_given, &ip) < 0)
        return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "'%s' is not a valid IP address", ip_given);
    if (subnet_id != NULL && (s = subnet_named(all, subnet_id)) == NULL)
        return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for operation: Failed to create port on network %s, because fixed_ips included invalid subnet %s.",
                              port->network_id, subnet_id);
    for (size_t i = 0; i < all->n && s == NULL && ip_given != NULL; i++)
        if (prefix_has(&all->at[i].prefix, &ip))
            s = &all->at[i];
    if (s == NULL)
        return ip_given != NULL
            ? cairn_fail_tag(err, CAIRN_INVALID, "InvalidIpForNetwork", "IP address %s is not a valid IP for any of the subnets on the specified network.", ip_given)
            : cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for operation: IP allocation requires subnet_id or ip_address.");
    if (ip_given != NULL) {
        prefix_hosts(&s->prefix, &first, &last);
        if (!prefix_has(&s->prefix, &ip) || ip.n < first || ip.n > last)
            return cairn_fail_tag(err, CAIRN_INVALID, "InvalidIpForSubnet", "IP address %s is not a valid IP for the specified subnet.", ip_given);
        if (s->slaac && !str_starts(port->device_owner, "network:") && ip.n != prefix_eui64(&s->prefix, port->mac))
            return cairn_fail_tag(err, CAIRN_INVALID, "AllocationOnAutoAddressSubnet", "IPv6 address %s cannot be directly assigned to a port on subnet %s as the subnet is configured for automatic addresses",
                                  ip_given, s->id);
    }
    *ret = s;
    return 0;
}

static int
give_wished(struct tx *tx, const struct port_addresses *port, const struct subnet_list *all, struct held_list *held, const json_t *wish, int position,
            struct cairn_error *err)
{
    const char *ip = json_str(wish, "ip_address");
    char text[ADDRESS_TEXT];
    const struct subnet *s = NULL;
    struct held *have;

    if (wished_subnet(port, all, json_str(wish, "subnet_id"), ip, &s, err) < 0)
        return -1;
    if ((have = held_in(held, s->id, ip)) != NULL) {
        have->keep = 1;
        return tx_exec(tx, err, "update fixed_ips set position = ? where subnet_id = ? and ip_address = ?", "iss", (int64_t)position, s->id, have->ip);
    }
    if (ip == NULL && s->slaac)
        ip = ip_text(6, prefix_eui64(&s->prefix, port->mac), text);
    if (ip == NULL) {
        if (pick(tx, s, 0, text, err) < 0)
            return -1;
        ip = text;
    }
    return give(tx, port, s, ip, position, err);
}

/* One address of each IP version, from the first subnet that has one. */
static int
give_any(struct tx *tx, const struct port_addresses *port, const struct subnet_list *all, int *position, struct cairn_error *err)
{
    for (int version = 4; version <= 6; version += 2) {
        int candidates = 0, done = 0;

        for (size_t i = 0; i < all->n && !done; i++) {
            const struct subnet *s = &all->at[i];
            char text[ADDRESS_TEXT];

            if (s->prefix.version != version || s->slaac || !s->fits)
                continue;
            candidates++;
            if (pick(tx, s, 0, text, err) < 0) {
                if (err->code != CAIRN_NO_SPACE)
                    return -1;
                continue;
            }
            if (give(tx, port, s, text, (*position)++, err) < 0)
                return -1;
            done = 1;
        }
        if (candidates > 0 && !done)
            return cairn_fail_tag(err, CAIRN_NO_SPACE, "IpAddressGenerationFailure", "No more IP addresses available on network %s.", port->network_id);
    }
    return 0;
}

static int
give_slaac(struct tx *tx, const struct port_addresses *port, const struct subnet_list *all, struct held_list *held, int *position, struct cairn_error *err)
{
    if (str_starts(port->device_owner, "network:"))
        return 0;
    for (size_t i = 0; i < all->n; i++) {
        const struct subnet *s = &all->at[i];
        char text[ADDRESS_TEXT];
        struct held *have;
        int used;

        if (!s->slaac || !s->fits)
            continue;
        ip_text(6, prefix_eui64(&s->prefix, port->mac), text);
        if ((have = held_in(held, s->id, text)) != NULL)
            have->keep = 1;
        if (is_used(tx, s->id, text, &used, err) < 0)
            return -1;
        if (!used && give(tx, port, s, text, (*position)++, err) < 0)
            return -1;
    }
    return 0;
}

static int
drop_rest(struct tx *tx, const struct held_list *held, struct cairn_error *err)
{
    for (size_t i = 0; i < held->n; i++)
        if (!held->at[i].keep
            && tx_exec(tx, err, "delete from fixed_ips where subnet_id = ? and ip_address = ?", "ss", held->at[i].subnet_id, held->at[i].ip) < 0)
            return -1;
    return 0;
}

/* Wishes with an address first, so that a random one does not take what is asked for later in the same body. */
static int
give_all_wished(struct rest_call *call, const struct port_addresses *port, const struct subnet_list *all, struct held_list *held, const json_t *wanted,
                int *position, struct cairn_error *err)
{
    int64_t max = network_setting(call->env, "max_fixed_ips", 5);
    const json_t *wish;
    size_t i;

    if ((int64_t)json_array_size(wanted) > max)
        return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for operation: Exceeded maximum amount of fixed ips per port.");
    for (int with_ip = 1; with_ip >= 0; with_ip--)
        json_array_foreach(wanted, i, wish)
            if ((json_str(wish, "ip_address") != NULL) == with_ip && give_wished(call->tx, port, all, held, wish, (int)i, err) < 0)
                return -1;
    *position = (int)json_array_size(wanted);
    return 0;
}

int
addresses_set(struct rest_call *call, const struct port_addresses *port, const json_t *wanted, struct cairn_error *err)
{
    struct subnet_list all = { NULL, 0 };
    struct held_list held = { NULL, 0 };
    int position = 0, ok = -1;

    if (load_subnets(call->tx, port->network_id, port->device_owner, &all, err) < 0 || load_held(call->tx, port->port_id, &held, err) < 0)
        goto out;
    if (wanted == NULL ? give_any(call->tx, port, &all, &position, err) < 0 : give_all_wished(call, port, &all, &held, wanted, &position, err) < 0)
        goto out;
    if ((wanted == NULL || json_array_size(wanted) > 0) && give_slaac(call->tx, port, &all, &held, &position, err) < 0)
        goto out;
    ok = drop_rest(call->tx, &held, err);
out:
    free(all.at);
    free(held.at);
    return ok;
}

int
addresses_add_lowest(struct rest_call *call, const struct port_addresses *port, const char *subnet_id, struct cairn_error *err)
{
    struct subnet_list all = { NULL, 0 };
    const struct subnet *s;
    char text[ADDRESS_TEXT];
    int ok = -1;

    if (load_subnets(call->tx, port->network_id, port->device_owner, &all, err) < 0)
        goto out;
    if ((s = subnet_named(&all, subnet_id)) == NULL) {
        cairn_fail(err, CAIRN_NOT_FOUND, "Subnet %s could not be found.", subnet_id);
        goto out;
    }
    if (pick(call->tx, s, 1, text, err) == 0)
        ok = give(call->tx, port, s, text, 0, err);
out:
    free(all.at);
    return ok;
}

int
addresses_join_slaac(struct rest_call *call, const char *network_id, const char *subnet_id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct prefix prefix;
    CLEANUP_FREE char *cidr = NULL;
    int more;

    if (tx_text(call->tx, &cidr, err, "select cidr from subnets where id = ?", "s", subnet_id) < 0 || cidr == NULL || prefix_parse(cidr, &prefix) < 0)
        return -1;
    if (tx_query(call->tx, &r, err, "select id, mac_address from ports where network_id = ? and device_owner not like 'network:%'", "s", network_id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0) {
        char text[ADDRESS_TEXT];

        ip_text(6, prefix_eui64(&prefix, row_text(r, "mac_address")), text);
        if (tx_exec(call->tx, err, "insert into fixed_ips (subnet_id, ip_address, port_id, position) values (?, ?, ?, 9)", "sss", subnet_id, text, row_text(r, "id")) < 0
            || port_changed(call->tx, row_text(r, "id"), network_request(call), err) < 0)
            return -1;
    }
    return more;
}
