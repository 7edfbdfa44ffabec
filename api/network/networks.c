/* networks.c: the resource "networks". */
#include <config.h>
#include "network/private.h"

#include <inttypes.h>
#include <string.h>

#define MTU_MIN        68
#define VXLAN_OVERHEAD 50       /* IPv4, UDP, VXLAN and the inner Ethernet head */

static const char *const types[] = { "local", "flat", "vlan", "vxlan", NULL };
static const struct rest_attr zone_item[] = { { .name = "", .type = REST_STRING, .min = 1, .max = 255 }, { 0 } };

/* --- segments */

static int
is_physical(const struct rest_env *env, const char *name)
{
    CLEANUP_FREE char *list = xstrdup(network_setting_text(env, "physical_networks", "physnet1,public"));
    char *rest = list;

    for (char *at = strsep(&rest, ","); at != NULL; at = strsep(&rest, ","))
        if (strcmp(at + strspn(at, " "), name) == 0)
            return 1;
    return 0;
}

static int
segment_used(struct tx *tx, const char *type, const char *physical, int64_t segment, int *ret, struct cairn_error *err)
{
    int64_t n;

    if (tx_int(tx, &n, 0, err, "select count(*) from networks where type = ? and coalesce(physical, '') = ? and coalesce(segment, -1) = ?", "ssi", type,
               physical != NULL ? physical : "", segment) < 0)
        return -1;
    *ret = n > 0;
    return 0;
}

/* A free VLAN id or VNI: a few random tries, then the lowest gap. */
static int
segment_pick(struct rest_call *call, const char *type, const char *physical, int64_t *ret, struct cairn_error *err)
{
    int vlan = strcmp(type, "vlan") == 0, used = 1;
    int64_t min = network_setting(call->env, vlan ? "vlan_min" : "vni_min", 1), max = network_setting(call->env, vlan ? "vlan_max" : "vni_max", vlan ? 4094 : 16777215);

    for (int i = 0; i < 16 && used; i++) {
        uint32_t random;

        id_random(&random, sizeof random);
        *ret = min + (int64_t)(random % (uint64_t)(max - min + 1));
        if (segment_used(call->tx, type, physical, *ret, &used, err) < 0)
            return -1;
    }
    for (*ret = min; used && *ret <= max; ++*ret)
        if (segment_used(call->tx, type, physical, *ret, &used, err) < 0)
            return -1;
        else if (!used)
            break;
    return used ? cairn_fail_tag(err, CAIRN_UNAVAILABLE, "NoNetworkAvailable", "Unable to create the network. No tenant network is available for allocation.") : 0;
}

static int
segment_check(struct rest_call *call, const char *type, const char *physical, int has_segment, int64_t segment, struct cairn_error *err)
{
    int wants_physical = strcmp(type, "flat") == 0 || strcmp(type, "vlan") == 0, has_ids = strcmp(type, "vlan") == 0 || strcmp(type, "vxlan") == 0, used = 0;
    int64_t max = strcmp(type, "vlan") == 0 ? 4094 : 16777215;

    if (wants_physical && physical == NULL)
        return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for operation: physical_network required for %s provider network.", type);
    if (wants_physical && !is_physical(call->env, physical))
        return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for operation: physical_network '%.64s' unknown for %s provider network.", physical, type);
    if (!wants_physical && physical != NULL)
        return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for operation: provider:physical_network specified for %s network.", type);
    if (!has_ids && has_segment)
        return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for operation: segmentation_id specified for %s provider network.", type);
    if (has_ids && has_segment && (segment < 1 || segment > max))
        return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for operation: segmentation_id out of range (1 through %" PRId64 ").", max);
    if (strcmp(type, "flat") == 0) {
        if (segment_used(call->tx, type, physical, -1, &used, err) < 0)
            return -1;
        if (used)
            return cairn_fail_tag(err, CAIRN_CONFLICT, "FlatNetworkInUse", "Unable to create the flat network. Physical network %s is in use.", physical);
    } else if (has_segment) {
        if (segment_used(call->tx, type, physical, segment, &used, err) < 0)
            return -1;
        if (used)
            return cairn_fail_tag(err, CAIRN_CONFLICT, strcmp(type, "vlan") == 0 ? "VlanIdInUse" : "TunnelIdInUse",
                                  "Unable to create the network. The %s %" PRId64 " is in use.", strcmp(type, "vlan") == 0 ? "VLAN" : "tunnel ID", segment);
    }
    return 0;
}

static int
zones_check(struct rest_call *call, const json_t *hints, struct cairn_error *err)
{
    const json_t *zone;
    int64_t n;
    size_t i;

    json_array_foreach(hints, i, zone) {
        if (tx_int(call->tx, &n, 0, err, "select count(*) from hosts where availability_zone = ?", "s", json_string_value(zone)) < 0)
            return -1;
        if (n == 0)
            return cairn_fail_tag(err, CAIRN_NOT_FOUND, "AvailabilityZoneNotFound", "AvailabilityZone %s could not be found.", json_string_value(zone));
    }
    return 0;
}

int
network_check_seen(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *network = NULL;

    if (rest_load(call, &network_networks, json_string_value(value), &network, err) == 0)
        return 0;
    if (err->code == CAIRN_NOT_FOUND)
        snprintf(err->tag, sizeof err->tag, "NetworkNotFound");
    return -1;
}

/* --- hooks */

static int
check_mtu(struct rest_call *call, const char *type, int64_t mtu, int64_t *ret_max, struct cairn_error *err)
{
    *ret_max = network_setting(call->env, "mtu", 1500) - (strcmp(type, "vxlan") == 0 ? VXLAN_OVERHEAD : 0);
    if (mtu != 0 && mtu < MTU_MIN)
        return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for operation: MTU must be at least %d, which IPv4 needs.", MTU_MIN);
    if (mtu > *ret_max)
        return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for operation: Requested MTU is too big, maximum is %" PRId64 ".", *ret_max);
    return 0;
}

static int
network_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    const char *type = json_str(body, "provider:network_type"), *physical = json_str(body, "provider:physical_network");
    int has_segment = json_is_integer(json_object_get(body, "provider:segmentation_id"));
    int64_t segment = json_int(body, "provider:segmentation_id", 0), mtu = json_int(body, "mtu", 0), max;

    if (network_same_project(body, err) < 0 || network_take_quota(call, network_body_project(call, body), "network", err) < 0
        || zones_check(call, json_object_get(body, "availability_zone_hints"), err) < 0)
        return -1;
    if (type == NULL && (physical != NULL || has_segment))
        return cairn_fail_tag(err, CAIRN_INVALID, "InvalidInput", "Invalid input for operation: network_type required.");
    if (type == NULL) {
        type = network_setting_text(call->env, "tenant_type", "local");
        json_object_set_new(body, "provider:network_type", json_string(type));
    }
    if (segment_check(call, type, physical, has_segment, segment, err) < 0 || check_mtu(call, type, mtu, &max, err) < 0)
        return -1;
    if (mtu == 0)
        json_object_set_new(body, "mtu", json_integer(max));
    if (!has_segment && (strcmp(type, "vlan") == 0 || strcmp(type, "vxlan") == 0)) {
        if (segment_pick(call, type, physical, &segment, err) < 0)
            return -1;
        json_object_set_new(body, "provider:segmentation_id", json_integer(segment));
    }
    return 0;
}

static int
network_after_create(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    return network_changed(call->tx, json_str(body, "id"), network_request(call), err);
}

static int
network_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    const char *id = row_text(old, "id");
    int64_t others, max;

    if (check_mtu(call, row_text(old, "type"), json_int(body, "mtu", 0), &max, err) < 0)
        return -1;
    if (json_object_get(body, "mtu") != NULL && json_int(body, "mtu", 0) == 0)
        json_object_set_new(body, "mtu", json_integer(max));
    if (row_int(old, "shared") && json_is_false(json_object_get(body, "shared"))) {
        if (tx_int(call->tx, &others, 0, err, "select count(*) from ports where network_id = ? and project_id <> ? and device_owner not like 'network:%'", "ss", id,
                   row_text(old, "project_id")) < 0)
            return -1;
        if (others > 0)
            return cairn_fail_tag(err, CAIRN_CONFLICT, "InvalidSharedSetting", "Unable to reconfigure sharing settings for network %s. Multiple tenants are using it.", id);
    }
    return 0;
}

static int
network_after_update(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    (void)body;
    return network_changed(call->tx, row_text(call->object, "id"), network_request(call), err);
}

/* What others put on it keeps a network; its own DHCP port and subnets go with it. */
static int
network_before_delete(struct rest_call *call, struct rows *old, struct cairn_error *err)
{
    const char *id = row_text(old, "id");
    CLEANUP_STR struct str ids = STR_INIT, dhcp = STR_INIT;
    CLEANUP_ROWS struct rows *r = NULL;
    int more, shown = 0;

    if (tx_query(call->tx, &r, err, "select id, device_owner from ports where network_id = ? order by id", "s", id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0) {
        if (strcmp(row_text(r, "device_owner"), "network:dhcp") == 0)
            str_add(&dhcp, row_text(r, "id"));
        else if (shown++ < 10)
            str_addf(&ids, "%s%s", shown > 1 ? ", " : "", row_text(r, "id"));
    }
    if (more < 0)
        return -1;
    if (shown > 0)
        return cairn_fail_tag(err, CAIRN_CONFLICT, "NetworkInUse",
                              "Unable to complete operation on network %s. There are one or more ports still in use on the network, id for these ports is: %s.", id, ids.text);
    if ((dhcp.text != NULL && port_remove(call, dhcp.text, id, err) < 0)
        || tx_exec(call->tx, err, "delete from network_tags where resource_id in (select id from subnets where network_id = ?)", "s", id) < 0
        || tx_exec(call->tx, err, "delete from subnets where network_id = ?", "s", id) < 0)
        return -1;
    return 0;
}

static int
network_after_delete(struct rest_call *call, struct cairn_error *err)
{
    return network_changed(call->tx, row_text(call->object, "id"), network_request(call), err);
}

/* --- tables */

static int
emit_id(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_str(out, NULL, row_text(row, "item"));
    return 0;
}

static const struct rest_attr network_attrs[] = {
    ATTR_ID,
    ATTR_NAME,
    ATTR_PROJECT("network"),
    { .name = "admin_state_up", .column = "t.admin_state_up", .type = REST_BOOL, .flags = REST_WRITE | REST_FILTER | REST_SORT | REST_LAX, .dflt = "true" },
    { .name = "mtu", .column = "t.mtu", .type = REST_INT, .flags = REST_WRITE | REST_FILTER | REST_SORT | REST_LAX, .min = 0, .max = 65535 },
    { .name = "status", .column = "'ACTIVE'", .type = REST_STRING, .flags = REST_READ | REST_FILTER },
    { .name = "shared", .column = "t.shared", .type = REST_BOOL, .flags = REST_WRITE | REST_FILTER | REST_LAX, .dflt = "false", .write_policy = "create_network:shared" },
    { .name = "router:external", .column = "t.external", .type = REST_BOOL, .flags = REST_WRITE | REST_FILTER | REST_LAX, .dflt = "false",
      .write_policy = "create_network:router:external" },
    { .name = "availability_zone_hints", .column = "t.az_hints", .type = REST_LIST, .flags = REST_READ | REST_CREATE | REST_UNIQUE, .of = zone_item, .max = 16, .dflt = "[]" },
    ATTR_DESCRIPTION,
    { .name = "port_security_enabled", .column = "t.port_security", .type = REST_BOOL, .flags = REST_WRITE | REST_FILTER | REST_LAX, .dflt = "true",
      .write_policy = "create_network:port_security_enabled" },
    { .name = "dns_domain", .column = "t.dns_domain", .type = REST_STRING, .flags = REST_WRITE | REST_FILTER, .max = 255, .dflt = "\"\"",
      .check = network_check_dns },
    { .name = "provider:network_type", .column = "t.type", .type = REST_ENUM, .flags = REST_READ | REST_CREATE | REST_FILTER, .choices = types,
      .read_policy = "get_network:provider:network_type", .write_policy = "create_network:provider:network_type" },
    { .name = "provider:physical_network", .column = "t.physical", .type = REST_STRING, .flags = REST_READ | REST_CREATE | REST_NULL | REST_FILTER, .min = 1, .max = 64,
      .read_policy = "get_network:provider:physical_network", .write_policy = "create_network:provider:physical_network" },
    { .name = "provider:segmentation_id", .column = "t.segment", .type = REST_INT, .flags = REST_READ | REST_CREATE | REST_NULL | REST_FILTER | REST_LAX,
      .read_policy = "get_network:provider:segmentation_id", .write_policy = "create_network:provider:segmentation_id" },
    ATTR_TIMES,
    { 0 },
};

static const struct rest_child network_children[] = {
    { .name = "subnets", .emit = emit_id,
      .sql = "select network_id as parent, id as item from subnets where network_id in (%IDS%) order by network_id, created_us, id" },
    { .name = "availability_zones", .emit = emit_id,
      /* Zones with a port plugged in: stops at the first one of each zone, so a network with many ports costs no more. */
      .sql = "select n.id as parent, z.zone as item from networks n join (select distinct availability_zone as zone from hosts) z where n.id in (%IDS%)"
             " and exists (select 1 from ports p join hosts h on h.name = p.host where p.network_id = n.id and p.host > '' and h.availability_zone = z.zone)"
             " order by n.id, z.zone" },
    TAGS_CHILD,
    { 0 },
};

const struct rest_resource network_networks = {
    .name = "network", .plural = "networks", .noun = "Network", .path = "/v2.0/networks", .table = "networks", .owner_column = "t.project_id",
    .visible = "t.project_id = :project or t.shared = 1 or t.external = 1", .admin_all = 1,
    .attrs = network_attrs, .children = network_children, .ops = REST_ALL_OPS,
    .rules = { "get_network", "get_network", "create_network", "update_network", "delete_network", "admin_only" },
    .default_sort = "created_us, id",
    .before_create = network_before_create, .after_create = network_after_create, .before_update = network_before_update, .after_update = network_after_update,
    .before_delete = network_before_delete, .after_delete = network_after_delete, .tags_type = "networks",
};
