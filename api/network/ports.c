/* ports.c: the resource "ports". */
#include <config.h>
#include "network/private.h"

#include <ctype.h>
#include <string.h>
#include "base/clock.h"

#define PAIRS_MAX 10
#define OPTIONS_MAX 32
#define MAC_PREFIX "fa:16:3e"

/* --- telling */

/* Only a port that is plugged in somewhere matters to hosts: whoever plugs it in reads all of it then, and of its network. */
int
port_tell(struct rest_call *call, const char *port_id, const char *network_id, struct cairn_error *err)
{
    CLEANUP_FREE char *host = NULL;

    if (tx_text(call->tx, &host, err, "select host from ports where id = ?", "s", port_id) < 0)
        return -1;
    if (host == NULL || host[0] == '\0')
        return 0;
    return port_changed(call->tx, port_id, network_request(call), err) < 0 ? -1 : network_changed(call->tx, network_id, network_request(call), err);
}

int
port_new_mac(struct tx *tx, const char *network_id, char ret[ID_MAC], struct cairn_error *err)
{
    int64_t used = 1;

    for (int i = 0; i < 16 && used > 0; i++) {
        id_mac(MAC_PREFIX, ret);
        if (tx_int(tx, &used, 0, err, "select count(*) from ports where network_id = ? and mac_address = ?", "ss", network_id, ret) < 0)
            return -1;
    }
    return used == 0 ? 0 : cairn_fail_tag(err, CAIRN_UNAVAILABLE, "MacAddressGenerationFailure", "Unable to generate unique mac on network %s.", network_id);
}

int
port_remove(struct rest_call *call, const char *port_id, const char *network_id, struct cairn_error *err)
{
    /* Its hosts are told while the rows lead to them yet; by the time they look it is gone. */
    return port_tell(call, port_id, network_id, err) < 0 || port_tell_groups(call, port_id, err) < 0
        || tx_exec(call->tx, err, "delete from fixed_ips where port_id = ?", "s", port_id) < 0
        || tx_exec(call->tx, err, "delete from port_security_groups where port_id = ?", "s", port_id) < 0
        || tx_exec(call->tx, err, "delete from network_tags where resource_id = ?", "s", port_id) < 0
        || tx_exec(call->tx, err, "delete from ports where id = ?", "s", port_id) < 0 ? -1 : 0;
}

/* --- checks of what DHCP and filters are told: nothing of a user's may reach a configuration file unchecked */

static int
check_options(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    const json_t *option;
    size_t i;

    (void)call;
    json_array_foreach(value, i, option) {
        const char *name = json_str(option, "opt_name"), *text = json_str(option, "opt_value");

        for (const char *s = name; s != NULL && *s != '\0'; s++)
            if (!isalnum((unsigned char)*s) && *s != '-' && *s != '_')
                return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for extra_dhcp_opts. Reason: '%s' is no name of a DHCP option.", name);
        for (const char *s = text; s != NULL && *s != '\0'; s++)
            if (iscntrl((unsigned char)*s))
                return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for extra_dhcp_opts. Reason: the value of '%s' has control characters.", name);
    }
    return 0;
}

static int
check_pairs(const json_t *pairs, int port_security, struct cairn_error *err)
{
    const json_t *pair;
    char address[ADDRESS_TEXT], hint[ADDRESS_TEXT];
    size_t i;

    if (json_array_size(pairs) > 0 && !port_security)
        return cairn_fail_tag(err, CAIRN_CONFLICT, "AddressPairAndPortSecurityRequired", "Port Security must be enabled in order to have allowed address pairs on a port.");
    json_array_foreach(pairs, i, pair) {
        if (address_cidr(json_str(pair, "ip_address"), 1, address, hint) < 0)
            return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for allowed_address_pairs. Reason: '%.60s' is not a valid IP address or CIDR.",
                                  json_str(pair, "ip_address"));
        for (size_t k = 0; k < i; k++)
            if (json_equal(json_array_get(pairs, k), pair))
                return cairn_fail_tag(err, CAIRN_INVALID, "DuplicateAddressPairInRequest", "Request contains duplicate address pair: mac_address %s ip_address %s.",
                                      json_str(pair, "mac_address"), json_str(pair, "ip_address"));
    }
    return 0;
}

/* A pair without a MAC address means the port's own. */
static void
complete_pairs(json_t *pairs, const char *mac)
{
    json_t *pair;
    size_t i;

    json_array_foreach(pairs, i, pair)
        if (json_str(pair, "mac_address") == NULL)
            json_object_set_new(pair, "mac_address", json_string(mac));
}

/* --- create */

/* Ports go on networks of one's own and on shared ones.  What is external only is for routers and for admins. */
static int
may_use(const struct rest_call *call, struct rows *network, struct cairn_error *err)
{
    if (call->auth->is_admin || row_int(network, "shared") || str_eq(row_text(network, "project_id"), call->auth->project_id))
        return 0;
    return cairn_fail(err, CAIRN_DENIED, "Tenant %s not allowed to create port on this network", call->auth->project_id);
}

static int
check_owner(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    const char *owner = json_str(body, "device_owner");

    if (owner == NULL || !str_starts(owner, "network:"))
        return 0;
    if (strcmp(owner, "network:dhcp") == 0)
        return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for device_owner. Reason: a network's DHCP port is made by the network service itself.");
    return rest_allow(call, "create_port:device_owner", err);
}

static int
check_security(const json_t *body, int port_security, struct cairn_error *err)
{
    if (!port_security && json_array_size(json_object_get(body, "security_groups")) > 0)
        return cairn_fail_tag(err, CAIRN_INVALID, "PortSecurityAndIPRequiredForSecurityGroups", "Port security must be enabled and port must have an IP address in order to use security groups.");
    return check_pairs(json_object_get(body, "allowed_address_pairs"), port_security, err);
}

/* Merged as the API has it: an option without a value is no option. */
static json_t *
options_merge(const json_t *old, const json_t *change)
{
    json_t *all = old != NULL ? json_deep_copy(old) : json_array();
    const json_t *option;
    size_t i;

    json_array_foreach(change, i, option) {
        const char *name = json_str(option, "opt_name");

        for (size_t k = 0; k < json_array_size(all); k++) {
            const json_t *there = json_array_get(all, k);

            if (str_eq(json_str(there, "opt_name"), name) && json_int(there, "ip_version", 4) == json_int(option, "ip_version", 4)) {
                json_array_remove(all, k);
                break;
            }
        }
        if (json_str(option, "opt_value") != NULL)
            json_array_append(all, (json_t *)(uintptr_t)option);
    }
    return all;
}

static int
mac_free(struct rest_call *call, const char *network_id, const char *mac, struct cairn_error *err)
{
    int64_t used;

    if (tx_int(call->tx, &used, 0, err, "select count(*) from ports where network_id = ? and mac_address = ?", "ss", network_id, mac) < 0)
        return -1;
    return used == 0 ? 0 : cairn_fail_tag(err, CAIRN_CONFLICT, "MacAddressInUse",
                                          "Unable to complete operation for network %s. The mac address %s is in use.", network_id, mac);
}

static int
asks_for_address(const json_t *wishes)
{
    const json_t *wish;
    size_t i;

    json_array_foreach(wishes, i, wish)
        if (json_str(wish, "ip_address") != NULL)
            return 1;
    return 0;
}

static int
port_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    const char *network_id = json_str(body, "network_id");
    CLEANUP_ROWS struct rows *network = NULL;
    char mac[ID_MAC];

    if (network_same_project(body, err) < 0 || rest_load(call, &network_networks, network_id, &network, err) < 0 || may_use(call, network, err) < 0 || check_owner(call, body, err) < 0
        || network_take_quota(call, network_body_project(call, body), "port", err) < 0)
        return -1;
    if (asks_for_address(json_object_get(body, "fixed_ips")) && rest_allow(call, "create_port:fixed_ips", err) < 0)
        return -1;
    if (json_object_get(body, "port_security_enabled") == NULL)
        json_object_set_new(body, "port_security_enabled", json_boolean(row_int(network, "port_security")));
    if (check_security(body, json_bool(body, "port_security_enabled", 1), err) < 0)
        return -1;
    if (json_str(body, "mac_address") != NULL) {
        if (mac_free(call, network_id, json_str(body, "mac_address"), err) < 0)
            return -1;
    } else {
        if (port_new_mac(call->tx, network_id, mac, err) < 0)
            return -1;
        json_object_set_new(body, "mac_address", json_string(mac));
    }
    complete_pairs(json_object_get(body, "allowed_address_pairs"), json_str(body, "mac_address"));
    json_object_set_new(body, "extra_dhcp_opts", options_merge(NULL, json_object_get(body, "extra_dhcp_opts")));
    json_object_set_new(body, "status", json_string("DOWN"));
    return 0;
}

/* What the body says of groups: none given means the project's default, if the port is one that groups filter. */
static int
set_groups(struct rest_call *call, const char *id, const char *project, const json_t *groups, struct cairn_error *err)
{
    size_t n = json_array_size(groups);
    CLEANUP_FREE const char **ids = NULL;

    if (groups == NULL)
        return group_set_port(call, id, project, NULL, 0, err);
    ids = xcalloc(n + 1, sizeof *ids);
    for (size_t i = 0; i < n; i++)
        ids[i] = json_string_value(json_array_get(groups, i));
    return group_set_port(call, id, project, ids, n, err);
}

static int
port_after_create(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    const char *owner = json_str(body, "device_owner") != NULL ? json_str(body, "device_owner") : "";
    struct port_addresses port = { .port_id = json_str(body, "id"), .network_id = json_str(body, "network_id"), .mac = json_str(body, "mac_address"), .device_owner = owner };
    const json_t *groups = json_object_get(body, "security_groups"), *wishes = json_object_get(body, "fixed_ips");

    if (json_is_null(groups))
        groups = NULL;
    if (json_is_null(wishes))
        wishes = NULL;
    if (addresses_set(call, &port, wishes, err) < 0)
        return -1;
    if (json_bool(body, "port_security_enabled", 1) && (groups != NULL || !str_starts(owner, "network:"))
        && set_groups(call, port.port_id, network_body_project(call, body), groups, err) < 0)
        return -1;
    return port_tell(call, port.port_id, port.network_id, err);
}

/* --- update */

static int
security_after_update(struct rest_call *call, struct rows *old, const json_t *body, struct cairn_error *err)
{
    int now = json_bool(body, "port_security_enabled", row_int(old, "port_security") != 0);
    int64_t groups = 0;

    if (json_object_get(body, "security_groups") == NULL && !now
        && tx_int(call->tx, &groups, 0, err, "select count(*) from port_security_groups where port_id = ?", "s", row_text(old, "id")) < 0)
        return -1;
    if (groups > 0)
        return cairn_fail_tag(err, CAIRN_CONFLICT, "PortSecurityPortHasSecurityGroup",
                              "Port has security group associated. Cannot disable port security or IP address until security group is removed.");
    if (!now && json_object_get(body, "allowed_address_pairs") == NULL) {
        CLEANUP_JSON json_t *pairs = json_loads(row_text(old, "address_pairs"), 0, NULL);

        if (json_array_size(pairs) > 0)
            return check_pairs(pairs, 0, err);
    }
    return check_security(body, now, err);
}

static int
port_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    const char *mac = json_str(body, "mac_address"), *network_id = row_text(old, "network_id");
    CLEANUP_JSON json_t *options = json_loads(row_text(old, "extra_dhcp_opts"), 0, NULL);

    if (security_after_update(call, old, body, err) < 0)
        return -1;
    if (json_object_get(body, "binding:host_id") != NULL && port_tell(call, row_text(old, "id"), network_id, err) < 0)     /* the host that has it now */
        return -1;
    if (json_str(body, "device_owner") != NULL && strcmp(json_str(body, "device_owner"), row_text(old, "device_owner")) != 0 && check_owner(call, body, err) < 0)
        return -1;
    if (strcmp(row_text(old, "device_owner"), "network:dhcp") == 0
        && (json_object_get(body, "fixed_ips") != NULL || json_object_get(body, "device_owner") != NULL || json_object_get(body, "device_id") != NULL))
        return cairn_fail_tag(err, CAIRN_CONFLICT, "ServicePortInUse", "Port %s follows its network's subnets: has device owner network:dhcp", row_text(old, "id"));
    if (asks_for_address(json_object_get(body, "fixed_ips")) && rest_allow(call, "update_port:fixed_ips", err) < 0)
        return -1;
    if (mac != NULL && strcmp(mac, row_text(old, "mac_address")) != 0) {
        if (strcmp(row_text(old, "vif_type"), "unbound") != 0)
            return cairn_fail_tag(err, CAIRN_CONFLICT, "PortBound",
                                  "Unable to complete operation on port %s, port is already bound, port type: %s, old_mac %s, new_mac %s.", row_text(old, "id"),
                                  row_text(old, "vif_type"), row_text(old, "mac_address"), mac);
        if (mac_free(call, network_id, mac, err) < 0)
            return -1;
    }
    complete_pairs(json_object_get(body, "allowed_address_pairs"), mac != NULL ? mac : row_text(old, "mac_address"));
    if (json_object_get(body, "extra_dhcp_opts") != NULL)
        json_object_set_new(body, "extra_dhcp_opts", options_merge(options, json_object_get(body, "extra_dhcp_opts")));
    return 0;
}

static int
port_after_update(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    struct rows *old = call->object;
    const char *mac = json_str(body, "mac_address"), *owner = json_str(body, "device_owner");
    struct port_addresses port = { .port_id = row_text(old, "id"), .network_id = row_text(old, "network_id"), .mac = mac != NULL ? mac : row_text(old, "mac_address"),
                                   .device_owner = owner != NULL ? owner : row_text(old, "device_owner") };
    const json_t *groups = json_object_get(body, "security_groups"), *wishes = json_object_get(body, "fixed_ips");
    CLEANUP_JSON json_t *none = json_array();

    if (wishes != NULL && (addresses_set(call, &port, json_is_null(wishes) ? none : wishes, err) < 0 || port_tell_groups(call, port.port_id, err) < 0))
        return -1;
    if (groups != NULL && set_groups(call, port.port_id, row_text(old, "project_id"), json_is_null(groups) ? none : groups, err) < 0)
        return -1;
    return port_tell(call, port.port_id, port.network_id, err);
}

/* --- delete */

static int
port_before_delete(struct rest_call *call, struct rows *old, struct cairn_error *err)
{
    const char *owner = row_text(old, "device_owner");

    if (strcmp(owner, "network:dhcp") == 0 || str_starts(owner, "network:router") || strcmp(owner, "network:floatingip") == 0)
        return cairn_fail_tag(err, CAIRN_CONFLICT, "ServicePortInUse", "Port %s cannot be deleted directly via the port API: has device owner %s.", row_text(old, "id"), owner);
    return port_remove(call, row_text(old, "id"), row_text(old, "network_id"), err);
}

/* --- lists: fixed_ips=ip_address=A, subnet_id=S, ip_address_substr=T; security_groups=G */

struct narrowing { struct str *where; struct rest_values *values; int ips, bad; };

static int
narrow_one(void *arg, const char *name, const char *value)
{
    struct narrowing *n = arg;
    const char *equals = strchr(value, '=');

    if (strcmp(name, "security_groups") == 0) {
        str_add(n->where, " and exists (select 1 from port_security_groups pg where pg.port_id = t.id and pg.security_group_id = ?)");
        rest_push_text(n->values, value);
        return 0;
    }
    if (strcmp(name, "fixed_ips") != 0)
        return 0;
    if (equals == NULL) {
        n->bad = 1;
        return 1;
    }
    str_add(n->where, n->ips++ ? " or " : " and exists (select 1 from fixed_ips fi where fi.port_id = t.id and (");
    if (str_starts(value, "ip_address_substr=")) {
        CLEANUP_FREE char *pattern = xasprintf("%%%.64s%%", equals + 1);

        str_add(n->where, "fi.ip_address like ?");
        rest_push_text(n->values, pattern);
    } else if (str_starts(value, "ip_address=")) {
        char canonical[ADDRESS_TEXT];
        int family;

        str_add(n->where, "fi.ip_address = ?");
        rest_push_text(n->values, address_ip(equals + 1, canonical, &family) == 0 ? canonical : equals + 1);
    } else {
        str_add(n->where, "fi.subnet_id = ?");
        rest_push_text(n->values, equals + 1);
        n->bad = !str_starts(value, "subnet_id=");
    }
    return n->bad;
}

/* An address and a subnet narrow each other; several addresses are any of them: so subnets are asked for apart. */
struct pass { struct narrowing n; int subnets; };

static int
narrow_pass(void *arg, const char *name, const char *value)
{
    struct pass *p = arg;

    if (strcmp(name, "fixed_ips") == 0 ? str_starts(value, "subnet_id=") != p->subnets : p->subnets)
        return 0;
    return narrow_one(&p->n, name, value);
}

static int
port_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    for (int subnets_too = 0; subnets_too < 2; subnets_too++) {
        struct pass p = { .n = { .where = where, .values = values }, .subnets = subnets_too };

        http_query_each(call->req, narrow_pass, &p);
        if (p.n.bad)
            return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for fixed_ips. Reason: ip_address=, subnet_id= or ip_address_substr= is expected.");
        if (p.n.ips > 0)
            str_add(where, "))");
    }
    return 0;
}

/* --- tables */

static int
emit_fixed_ip(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_object(out, NULL);
    jo_str(out, "subnet_id", row_text(row, "subnet_id"));
    jo_str(out, "ip_address", row_text(row, "ip_address"));
    jo_end_object(out);
    return 0;
}

static int
emit_group(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_str(out, NULL, row_text(row, "security_group_id"));
    return 0;
}

/* What DNS says of each address: the given name, else one made of the address. */
static int
emit_assignment(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *domain = network_setting_text(call->env, "dns_domain", ""), *name = row_text(row, "dns_name");
    char made[ADDRESS_TEXT + 8];

    (void)err;
    if (domain[0] == '\0')
        domain = "openstacklocal";
    if (name[0] == '\0') {
        snprintf(made, sizeof made, "host-%s", row_text(row, "ip_address"));
        for (char *s = made; *s != '\0'; s++)
            if (*s == '.' || *s == ':')
                *s = '-';
        name = made;
    }
    jo_object(out, NULL);
    jo_str(out, "hostname", name);
    jo_str(out, "ip_address", row_text(row, "ip_address"));
    jo_strf(out, "fqdn", "%s.%s.", name, domain);
    jo_end_object(out);
    return 0;
}

static const char *const vnic_types[] = { "normal", NULL };
static const struct rest_attr ip_item[] = {
    { .name = "subnet_id", .type = REST_UUID },
    { .name = "ip_address", .type = REST_IP },
    { 0 },
};
static const struct rest_attr id_item[] = { { .name = "", .type = REST_STRING, .min = 1, .max = 64 }, { 0 } };
static const struct rest_attr pair_item[] = {
    { .name = "ip_address", .type = REST_STRING, .flags = REST_REQUIRED, .min = 1, .max = 64 },
    { .name = "mac_address", .type = REST_MAC },
    { 0 },
};
static const struct rest_attr option_item[] = {
    { .name = "opt_name", .type = REST_STRING, .flags = REST_REQUIRED, .min = 1, .max = 64 },
    { .name = "opt_value", .type = REST_STRING, .flags = REST_NULL, .min = 1, .max = 255 },
    { .name = "ip_version", .type = REST_INT, .flags = REST_LAX, .min = 4, .max = 6 },
    { 0 },
};

static const struct rest_attr port_attrs[] = {
    ATTR_ID,
    ATTR_NAME,
    { .name = "network_id", .column = "t.network_id", .type = REST_UUID, .flags = REST_READ | REST_CREATE | REST_REQUIRED | REST_FILTER | REST_SORT,
      .check = network_check_seen },
    ATTR_PROJECT("port"),
    { .name = "mac_address", .column = "t.mac_address", .type = REST_MAC, .flags = REST_READ | REST_CREATE | REST_FILTER | REST_SORT, .write_policy = "create_port:mac_address" },
    { .name = "mac_address", .column = "t.mac_address", .type = REST_MAC, .flags = REST_UPDATE, .write_policy = "update_port:mac_address" },
    { .name = "admin_state_up", .column = "t.admin_state_up", .type = REST_BOOL, .flags = REST_WRITE | REST_FILTER | REST_LAX | REST_SORT, .dflt = "true" },
    { .name = "status", .column = "t.status", .type = REST_STRING, .flags = REST_READ | REST_FILTER | REST_SORT },
    { .name = "device_id", .column = "t.device_id", .type = REST_STRING, .flags = REST_WRITE | REST_FILTER | REST_SORT, .max = 255, .dflt = "\"\"" },
    { .name = "device_owner", .column = "t.device_owner", .type = REST_STRING, .flags = REST_WRITE | REST_FILTER | REST_SORT, .max = 255, .dflt = "\"\"" },
    { .name = "fixed_ips", .type = REST_LIST, .flags = REST_CREATE | REST_UPDATE | REST_NO_COLUMN | REST_NULL | REST_UNIQUE, .of = ip_item, .max = 1000 },
    { .name = "security_groups", .type = REST_LIST, .flags = REST_CREATE | REST_UPDATE | REST_NO_COLUMN | REST_NULL, .of = id_item, .max = 100 },
    { .name = "allowed_address_pairs", .column = "t.address_pairs", .type = REST_LIST, .flags = REST_READ | REST_CREATE, .of = pair_item, .max = PAIRS_MAX,
      .dflt = "[]", .write_policy = "create_port:allowed_address_pairs" },
    { .name = "allowed_address_pairs", .column = "t.address_pairs", .type = REST_LIST, .flags = REST_UPDATE, .of = pair_item, .max = PAIRS_MAX,
      .write_policy = "update_port:allowed_address_pairs" },
    { .name = "extra_dhcp_opts", .column = "t.extra_dhcp_opts", .type = REST_LIST, .flags = REST_WRITE, .of = option_item, .max = OPTIONS_MAX, .dflt = "[]",
      .check = check_options },
    ATTR_DESCRIPTION,
    { .name = "port_security_enabled", .column = "t.port_security", .type = REST_BOOL, .flags = REST_READ | REST_CREATE | REST_FILTER | REST_LAX,
      .write_policy = "create_port:port_security_enabled" },
    { .name = "port_security_enabled", .column = "t.port_security", .type = REST_BOOL, .flags = REST_UPDATE | REST_LAX, .write_policy = "update_port:port_security_enabled" },
    { .name = "dns_name", .column = "t.dns_name", .type = REST_STRING, .flags = REST_WRITE | REST_FILTER, .max = 255, .dflt = "\"\"", .check = network_check_dns },
    { .name = "binding:vnic_type", .column = "t.vnic_type", .type = REST_ENUM, .flags = REST_WRITE | REST_FILTER, .choices = vnic_types, .dflt = "\"normal\"",
      .write_policy = "create_port:binding:vnic_type" },
    { .name = "binding:host_id", .column = "t.host", .type = REST_STRING, .flags = REST_WRITE | REST_FILTER, .max = 255, .dflt = "\"\"",
      .read_policy = "get_port:binding:host_id", .write_policy = "create_port:binding:host_id" },
    { .name = "binding:profile", .column = "t.binding_profile", .type = REST_OBJECT, .flags = REST_WRITE, .dflt = "{}", .read_policy = "get_port:binding:profile",
      .write_policy = "create_port:binding:profile" },
    { .name = "binding:vif_type", .column = "t.vif_type", .type = REST_STRING, .flags = REST_READ | REST_FILTER, .read_policy = "get_port:binding:vif_type" },
    { .name = "binding:vif_details", .column = "case when t.vif_type in ('unbound', 'binding_failed') then '{}' else '{\"port_filter\": true}' end", .type = REST_OBJECT,
      .flags = REST_READ, .read_policy = "get_port:binding:vif_details" },
    ATTR_TIMES,
    { 0 },
};

static const struct rest_child port_children[] = {
    { .name = "fixed_ips", .emit = emit_fixed_ip,
      .sql = "select port_id as parent, subnet_id, ip_address from fixed_ips where port_id in (%IDS%) order by port_id, position, ip_address" },
    { .name = "security_groups", .emit = emit_group,
      .sql = "select port_id as parent, security_group_id from port_security_groups where port_id in (%IDS%) order by port_id, security_group_id" },
    { .name = "dns_assignment", .emit = emit_assignment,
      .sql = "select f.port_id as parent, f.ip_address as ip_address, p.dns_name as dns_name from fixed_ips f join ports p on p.id = f.port_id where f.port_id in (%IDS%)"
             " order by f.port_id, f.position, f.ip_address" },
    TAGS_CHILD,
    { 0 },
};

const struct rest_resource network_ports = {
    .name = "port", .plural = "ports", .noun = "Port", .path = "/v2.0/ports", .table = "ports", .owner_column = "t.project_id",
    .visible = "t.project_id = :project or exists (select 1 from networks n where n.id = t.network_id and n.project_id = :project)", .admin_all = 1,
    .attrs = port_attrs, .children = port_children, .ops = REST_ALL_OPS,
    .rules = { "get_port", "get_port", "create_port", "update_port", "delete_port", "admin_only" }, .default_sort = "created_us, id",
    .before_create = port_before_create, .after_create = port_after_create, .before_update = port_before_update, .after_update = port_after_update,
    .before_delete = port_before_delete, .narrow = port_narrow, .tags_type = "ports",
};
