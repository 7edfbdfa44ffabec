/* groups.c: the resources "security-groups" and "security-group-rules". */
#include <config.h>
#include "network/private.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include "base/clock.h"

/* --- the project's own group */

static int
add_rule(struct tx *tx, const char *group_id, const char *project_id, const char *direction, const char *ethertype, int from_itself, struct cairn_error *err)
{
    int64_t now = clock_us();
    char id[ID_UUID];

    id_uuid(id);
    return tx_exec(tx, err,
                   "insert into security_group_rules (id, security_group_id, project_id, direction, ethertype, remote_group_id, created_us, updated_us)"
                   " values (?, ?, ?, ?, ?, ?, ?, ?)", "ssssssii", id, group_id, project_id, direction, ethertype, from_itself ? group_id : NULL, now, now);
}

/* What every new group lets out. */
static int
add_egress(struct tx *tx, const char *group_id, const char *project_id, struct cairn_error *err)
{
    return add_rule(tx, group_id, project_id, "egress", "IPv4", 0, err) < 0 ? -1 : add_rule(tx, group_id, project_id, "egress", "IPv6", 0, err);
}

int
group_default(struct tx *tx, const char *project_id, char ret_id[ID_UUID], struct cairn_error *err)
{
    CLEANUP_FREE char *id = NULL;
    int64_t now = clock_us();

    if (tx_text(tx, &id, err, "select id from security_groups where project_id = ? and is_default = 1", "s", project_id) < 0)
        return -1;
    if (id != NULL) {
        snprintf(ret_id, ID_UUID, "%s", id);
        return 0;
    }
    id_uuid(ret_id);
    if (tx_exec(tx, err,
                "insert into security_groups (id, project_id, name, description, is_default, created_us, updated_us)"
                " values (?, ?, 'default', 'Default security group', 1, ?, ?)", "ssii", ret_id, project_id, now, now) < 0
        || add_egress(tx, ret_id, project_id, err) < 0 || add_rule(tx, ret_id, project_id, "ingress", "IPv4", 1, err) < 0)
        return -1;
    return add_rule(tx, ret_id, project_id, "ingress", "IPv6", 1, err);
}

/* --- ports in groups */

static int
tell_members(struct rest_call *call, const char *port_id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int more;

    if (tx_query(call->tx, &r, err, "select security_group_id from port_security_groups where port_id = ?", "s", port_id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0)
        if (group_changed(call->tx, row_text(r, "security_group_id"), network_request(call), err) < 0)
            return -1;
    return more;
}

int
port_tell_groups(struct rest_call *call, const char *port_id, struct cairn_error *err)
{
    return tell_members(call, port_id, err);
}

int
group_set_port(struct rest_call *call, const char *port_id, const char *project_id, const char *const *ids, size_t count, struct cairn_error *err)
{
    char own[ID_UUID];
    const char *only = own;
    int64_t there;

    if (ids == NULL) {
        if (group_default(call->tx, project_id, own, err) < 0)
            return -1;
        ids = &only;
        count = 1;
    }
    if (tell_members(call, port_id, err) < 0 || tx_exec(call->tx, err, "delete from port_security_groups where port_id = ?", "s", port_id) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        /* Only the port's project's own, unless an admin puts it into another. */
        if (tx_int(call->tx, &there, 0, err, "select count(*) from security_groups where id = ? and (project_id = ? or ? = 1)", "ssi", ids[i], project_id,
                   (int64_t)(call->auth != NULL && call->auth->is_admin)) < 0)
            return -1;
        if (!there)
            return cairn_fail_tag(err, CAIRN_NOT_FOUND, "SecurityGroupNotFound", "Security group %.64s does not exist", ids[i]);
        if (tx_exec(call->tx, err, "insert into port_security_groups (port_id, security_group_id) values (?, ?) on conflict do nothing", "ss", port_id, ids[i]) < 0)
            return -1;
    }
    return tell_members(call, port_id, err);
}

/* --- groups */

static int
group_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    char own[ID_UUID];

    if (network_same_project(body, err) < 0)
        return -1;
    if (strcasecmp(json_str(body, "name"), "default") == 0)
        return cairn_fail_tag(err, CAIRN_CONFLICT, "SecurityGroupDefaultAlreadyExists", "Default security group already exists.");
    if (group_default(call->tx, network_body_project(call, body), own, err) < 0)
        return -1;
    return network_take_quota(call, network_body_project(call, body), "security_group", err);
}

static int
group_after_create(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    return add_egress(call->tx, json_str(body, "id"), network_body_project(call, body), err);
}

static int
group_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    const char *name = json_str(body, "name");
    int64_t used;

    if (row_int(old, "is_default") && name != NULL && strcmp(name, row_text(old, "name")) != 0)
        return cairn_fail_tag(err, CAIRN_CONFLICT, "SecurityGroupCannotUpdateDefault", "Updating default security group not allowed.");
    if (!row_int(old, "is_default") && name != NULL && strcasecmp(name, "default") == 0)
        return cairn_fail_tag(err, CAIRN_CONFLICT, "SecurityGroupDefaultAlreadyExists", "Default security group already exists.");
    if (json_object_get(body, "stateful") == NULL || json_bool(body, "stateful", 1) == (row_int(old, "stateful") != 0))
        return 0;
    if (tx_int(call->tx, &used, 0, err, "select count(*) from port_security_groups where security_group_id = ?", "s", row_text(old, "id")) < 0)
        return -1;
    if (used > 0)
        return cairn_fail_tag(err, CAIRN_CONFLICT, "SecurityGroupInUse", "Security Group %s in use: its statefulness cannot change.", row_text(old, "id"));
    return 0;
}

static int
group_after_update(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    (void)body;
    return group_changed(call->tx, row_text(call->object, "id"), network_request(call), err);
}

/* Rules elsewhere that name the group go with it, as what they let in cannot be anybody any more. */
static int
forget_remote(struct rest_call *call, const char *id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int more;

    if (tx_query(call->tx, &r, err, "select distinct security_group_id as id from security_group_rules where remote_group_id = ? and security_group_id <> ?", "ss", id, id) < 0)
        return -1;
    while ((more = rows_next(r, err)) > 0)
        if (group_changed(call->tx, row_text(r, "id"), network_request(call), err) < 0)
            return -1;
    return more < 0 ? -1 : tx_exec(call->tx, err, "delete from security_group_rules where remote_group_id = ?", "s", id);
}

static int
group_before_delete(struct rest_call *call, struct rows *old, struct cairn_error *err)
{
    const char *id = row_text(old, "id");
    int64_t used;

    if (row_int(old, "is_default") && !(call->auth != NULL && call->auth->is_admin))
        return cairn_fail_tag(err, CAIRN_CONFLICT, "SecurityGroupCannotRemoveDefault", "Insufficient rights for removing default security group.");
    if (tx_int(call->tx, &used, 0, err, "select count(*) from port_security_groups where security_group_id = ?", "s", id) < 0)
        return -1;
    if (used > 0)
        return cairn_fail_tag(err, CAIRN_CONFLICT, "SecurityGroupInUse", "Security Group %s in use.", id);
    return forget_remote(call, id, err);
}

static int
group_after_delete(struct rest_call *call, struct cairn_error *err)
{
    return group_changed(call->tx, row_text(call->object, "id"), network_request(call), err);
}

/* A project that asks for its groups has at least "default": made before the list is read, and only then is anything written. */
static int
list_groups(struct rest_call *call, struct cairn_error *err)
{
    struct catalog *catalog = call->env->catalog;
    const char *project = call->auth->project_id;
    CLEANUP_TX struct tx *write = NULL;
    char own[ID_UUID];
    int64_t n = 1;

    if (tx_begin(catalog, TX_READ, &call->tx, err) < 0)
        return -1;
    if (project != NULL && project[0] != '\0' && tx_int(call->tx, &n, 0, err, "select count(*) from security_groups where project_id = ? and is_default = 1", "s", project) < 0)
        return -1;
    if (n == 0) {
        tx_rollback(steal(&call->tx));
        if (tx_begin(catalog, TX_WRITE, &write, err) < 0 || group_default(write, project, own, err) < 0 || tx_commit(steal(&write), err) < 0
            || tx_begin(catalog, TX_READ, &call->tx, err) < 0)
            return -1;
    }
    return rest_list(call, &network_groups, 0, err);
}

/* --- rules */

static int
has_ports(int protocol)
{
    return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
}

static int
check_icmp(int has_min, int64_t min, int has_max, int64_t max, struct cairn_error *err)
{
    if (has_min && (min < 0 || min > 255))
        return cairn_fail_tag(err, CAIRN_INVALID, "SecurityGroupInvalidIcmpValue", "Invalid value for ICMP type (port-range-min) %" PRId64 ". It must be 0 to 255.", min);
    if (has_max && (max < 0 || max > 255))
        return cairn_fail_tag(err, CAIRN_INVALID, "SecurityGroupInvalidIcmpValue", "Invalid value for ICMP code (port-range-max) %" PRId64 ". It must be 0 to 255.", max);
    if (!has_min && has_max)
        return cairn_fail_tag(err, CAIRN_INVALID, "SecurityGroupMissingIcmpType", "ICMP code (port-range-max) %" PRId64 " is provided but ICMP type (port-range-min) is missing.",
                              max);
    return 0;
}

static int
check_ports(const json_t *body, int protocol, struct cairn_error *err)
{
    const json_t *a = json_object_get(body, "port_range_min"), *b = json_object_get(body, "port_range_max");
    int has_min = json_is_integer(a), has_max = json_is_integer(b);
    int64_t min = json_integer_value(a), max = json_integer_value(b);

    if (!has_min && !has_max)
        return 0;
    if (protocol == -1)
        return cairn_fail_tag(err, CAIRN_INVALID, "SecurityGroupProtocolRequiredWithPorts", "Must also specify protocol if port range is given.");
    if (protocol == 1 || protocol == 58)
        return check_icmp(has_min, min, has_max, max, err);
    if (!has_ports(protocol))
        return cairn_fail_tag(err, CAIRN_INVALID, "SecurityGroupInvalidProtocolForPort",
                              "Invalid protocol %s for port range, only supported for TCP, UDP, UDPLITE, SCTP and DCCP.", json_str(body, "protocol"));
    if (has_min && (min < 0 || min > 65535))
        return cairn_fail_tag(err, CAIRN_INVALID, "SecurityGroupInvalidPortValue", "Invalid value for port %" PRId64, min);
    if (has_max && (max < 0 || max > 65535))
        return cairn_fail_tag(err, CAIRN_INVALID, "SecurityGroupInvalidPortValue", "Invalid value for port %" PRId64, max);
    if (!has_min || !has_max || min > max)
        return cairn_fail_tag(err, CAIRN_INVALID, "SecurityGroupInvalidPortRange", "For TCP/UDP protocols, port_range_min must be <= port_range_max");
    return 0;
}

static int
check_remote(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    const char *remote = json_str(body, "remote_ip_prefix"), *group = json_str(body, "remote_group_id"), *ethertype = json_str(body, "ethertype");
    int version = strcmp(ethertype, "IPv6") == 0 ? 6 : 4;
    CLEANUP_ROWS struct rows *row = NULL;
    struct prefix p;

    if (remote != NULL && group != NULL)
        return cairn_fail_tag(err, CAIRN_INVALID, "SecurityGroupMultipleRemoteEntites", "Only one of remote_ip_prefix and remote_group_id may be provided.");
    if (remote != NULL && (prefix_parse(remote, &p) < 0 || p.version != version))
        return cairn_fail_tag(err, CAIRN_INVALID, "SecurityGroupRuleParameterConflict", "Conflicting value ethertype %s for CIDR %s", ethertype, remote);
    if (group == NULL || rest_load(call, &network_groups, group, &row, err) == 0)
        return 0;
    if (err->code == CAIRN_NOT_FOUND)
        snprintf(err->tag, sizeof err->tag, "SecurityGroupNotFound");
    return -1;
}

static int
check_duplicate(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    const json_t *min = json_object_get(body, "port_range_min"), *max = json_object_get(body, "port_range_max");
    CLEANUP_FREE char *id = NULL;

    if (tx_text(call->tx, &id, err,
                "select id from security_group_rules where security_group_id = ? and direction = ? and ethertype = ? and coalesce(protocol, '') = ?"
                " and coalesce(port_range_min, -1) = ? and coalesce(port_range_max, -1) = ? and coalesce(remote_ip_prefix, '') = ? and coalesce(remote_group_id, '') = ?",
                "ssssiiss", json_str(body, "security_group_id"), json_str(body, "direction"), json_str(body, "ethertype"),
                json_str(body, "protocol") != NULL ? json_str(body, "protocol") : "", json_is_integer(min) ? (int64_t)json_integer_value(min) : (int64_t)-1,
                json_is_integer(max) ? (int64_t)json_integer_value(max) : (int64_t)-1, json_str(body, "remote_ip_prefix") != NULL ? json_str(body, "remote_ip_prefix") : "",
                json_str(body, "remote_group_id") != NULL ? json_str(body, "remote_group_id") : "") < 0)
        return -1;
    return id == NULL ? 0 : cairn_fail_tag(err, CAIRN_CONFLICT, "SecurityGroupRuleExists", "Security group rule already exists. Rule id is %s.", id);
}

static int
check_protocol(json_t *body, int *ret, struct cairn_error *err)
{
    const char *protocol = json_str(body, "protocol"), *ethertype = json_str(body, "ethertype");

    *ret = -1;
    if (protocol == NULL)
        return 0;
    if (strcmp(protocol, "any") == 0 || strcmp(protocol, "-1") == 0) {
        json_object_set_new(body, "protocol", json_null());
        return 0;
    }
    if ((*ret = protocol_number(protocol)) == -2)
        return cairn_fail_tag(err, CAIRN_INVALID, "SecurityGroupRuleInvalidProtocol",
                              "Security group rule protocol %.60s not supported. Only names of IP protocols and numbers from 0 to 255 are.", protocol);
    if (strcmp(ethertype, "IPv4") == 0 && (*ret == 58 || *ret == 41 || *ret == 43 || *ret == 44 || *ret == 59 || *ret == 60))
        return cairn_fail_tag(err, CAIRN_INVALID, "SecurityGroupEthertypeConflictWithProtocol", "Invalid ethertype %s for protocol %.60s.", ethertype, protocol);
    return 0;
}

static int
rule_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *group = NULL;
    int protocol;

    if (network_same_project(body, err) < 0)
        return -1;
    if (rest_load(call, &network_groups, json_str(body, "security_group_id"), &group, err) < 0) {
        if (err->code == CAIRN_NOT_FOUND)
            snprintf(err->tag, sizeof err->tag, "SecurityGroupNotFound");
        return -1;
    }
    json_object_set_new(body, "project_id", json_string(row_text(group, "project_id")));        /* a rule is its group's */
    json_object_del(body, "tenant_id");
    rows_close(steal(&group));
    if (check_protocol(body, &protocol, err) < 0 || check_ports(body, protocol, err) < 0 || check_remote(call, body, err) < 0 || check_duplicate(call, body, err) < 0)
        return -1;
    return network_take_quota(call, json_str(body, "project_id"), "security_group_rule", err);
}

static int
touch_group(struct rest_call *call, const char *group_id, struct cairn_error *err)
{
    if (tx_exec(call->tx, err, "update security_groups set revision = revision + 1, updated_us = ? where id = ?", "is", clock_us(), group_id) < 0)
        return -1;
    return group_changed(call->tx, group_id, network_request(call), err);
}

static int
rule_after_create(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    return touch_group(call, json_str(body, "security_group_id"), err);
}

/* While the rule leads to them yet, the hosts that have the group it names for its sake alone are told. */
static int
rule_before_delete(struct rest_call *call, struct rows *old, struct cairn_error *err)
{
    CLEANUP_FREE char *remote = NULL;

    if (tx_text(call->tx, &remote, err, "select remote_group_id from security_group_rules where id = ?", "s", row_text(old, "id")) < 0)
        return -1;
    return remote != NULL ? group_changed(call->tx, remote, network_request(call), err) : 0;
}

static int
rule_after_delete(struct rest_call *call, struct cairn_error *err)
{
    return touch_group(call, row_text(call->object, "security_group_id"), err);
}

/* --- tables */

static void
text_or_int(struct json_out *out, const char *name, struct rows *row)
{
    if (row_null(row, name))
        jo_null(out, name);
    else
        jo_int(out, name, row_int(row, name));
}

static int
emit_rule(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    static const char *const texts[] = { "id", "project_id", "security_group_id", "ethertype", "direction", "protocol", "remote_ip_prefix", "remote_group_id", "description" };
    char time[CLOCK_TEXT];

    (void)call;
    (void)err;
    jo_object(out, NULL);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        jo_str(out, texts[i], row_text(row, texts[i]));
    jo_str(out, "tenant_id", row_text(row, "project_id"));
    text_or_int(out, "port_range_min", row);
    text_or_int(out, "port_range_max", row);
    jo_str(out, "created_at", clock_format(row_int(row, "created_us"), CLOCK_Z, time));
    jo_str(out, "updated_at", clock_format(row_int(row, "updated_us"), CLOCK_Z, time));
    jo_int(out, "revision_number", row_int(row, "revision"));
    jo_end_object(out);
    return 0;
}

static const struct rest_attr group_attrs[] = {
    ATTR_ID,
    { .name = "name", .column = "t.name", .type = REST_STRING, .flags = REST_WRITE | REST_FILTER | REST_SORT, .max = 255, .dflt = "\"\"" },
    ATTR_PROJECT("security_group"),
    ATTR_DESCRIPTION,
    { .name = "stateful", .column = "t.stateful", .type = REST_BOOL, .flags = REST_WRITE | REST_FILTER | REST_LAX, .dflt = "true" },
    ATTR_TIMES,
    { 0 },
};

static const struct rest_child group_children[] = {
    { .name = "security_group_rules", .emit = emit_rule,
      .sql = "select security_group_id as parent, id, project_id, security_group_id, ethertype, direction, protocol, port_range_min, port_range_max, remote_ip_prefix,"
             " remote_group_id, description, created_us, updated_us, revision from security_group_rules where security_group_id in (%IDS%)"
             " order by security_group_id, created_us, id" },
    TAGS_CHILD,
    { 0 },
};

const struct rest_resource network_groups = {
    .name = "security_group", .plural = "security_groups", .noun = "Security group", .path = "/v2.0/security-groups", .table = "security_groups",
    .owner_column = "t.project_id", .admin_all = 1, .attrs = group_attrs, .children = group_children, .ops = REST_ALL_OPS & ~REST_LIST_OP,
    .rules = { "get_security_group", "get_security_group", "create_security_group", "update_security_group", "delete_security_group", "admin_only" },
    .default_sort = "created_us, id",
    .before_create = group_before_create, .after_create = group_after_create, .before_update = group_before_update, .after_update = group_after_update,
    .before_delete = group_before_delete, .after_delete = group_after_delete, .tags_type = "security-groups",
};

const struct rest_route network_group_routes[] = {
    { .method = "GET", .path = "/v2.0/security-groups", .rule = "get_security_group", .flags = REST_NO_TX | REST_BLOCKING, .handle = list_groups },
    { 0 },
};

static const char *const directions[] = { "ingress", "egress", NULL };
static const char *const ethertypes[] = { "IPv4", "IPv6", NULL };

static const struct rest_attr rule_attrs[] = {
    ATTR_ID,
    ATTR_PROJECT("security_group_rule"),
    { .name = "security_group_id", .column = "t.security_group_id", .type = REST_STRING, .flags = REST_READ | REST_CREATE | REST_REQUIRED | REST_FILTER | REST_SORT },
    { .name = "ethertype", .column = "t.ethertype", .type = REST_ENUM, .flags = REST_READ | REST_CREATE | REST_FILTER | REST_LAX | REST_SORT, .choices = ethertypes,
      .dflt = "\"IPv4\"" },
    { .name = "direction", .column = "t.direction", .type = REST_ENUM, .flags = REST_READ | REST_CREATE | REST_REQUIRED | REST_FILTER | REST_SORT, .choices = directions },
    { .name = "protocol", .column = "t.protocol", .type = REST_STRING, .flags = REST_READ | REST_CREATE | REST_NULL | REST_FILTER | REST_LAX | REST_SORT, .min = 1, .max = 40 },
    { .name = "port_range_min", .column = "t.port_range_min", .type = REST_INT, .flags = REST_READ | REST_CREATE | REST_NULL | REST_FILTER | REST_LAX | REST_SORT },
    { .name = "port_range_max", .column = "t.port_range_max", .type = REST_INT, .flags = REST_READ | REST_CREATE | REST_NULL | REST_FILTER | REST_LAX | REST_SORT },
    { .name = "remote_ip_prefix", .column = "t.remote_ip_prefix", .type = REST_CIDR, .flags = REST_READ | REST_CREATE | REST_NULL | REST_FILTER | REST_LAX | REST_SORT },
    { .name = "remote_group_id", .column = "t.remote_group_id", .type = REST_STRING, .flags = REST_READ | REST_CREATE | REST_NULL | REST_FILTER | REST_SORT },
    { .name = "description", .column = "t.description", .type = REST_STRING, .flags = REST_READ | REST_CREATE | REST_FILTER, .max = 255, .dflt = "\"\"" },
    ATTR_TIMES,
    { 0 },
};

const struct rest_resource network_rules = {
    .name = "security_group_rule", .plural = "security_group_rules", .noun = "Security group rule", .path = "/v2.0/security-group-rules", .table = "security_group_rules",
    .owner_column = "t.project_id", .admin_all = 1, .attrs = rule_attrs, .ops = REST_LIST_OP | REST_SHOW_OP | REST_CREATE_OP | REST_DELETE_OP,
    .rules = { "get_security_group_rule", "get_security_group_rule", "create_security_group_rule", NULL, "delete_security_group_rule", "admin_only" },
    .default_sort = "created_us, id", .before_create = rule_before_create, .after_create = rule_after_create, .before_delete = rule_before_delete,
    .after_delete = rule_after_delete,
};
