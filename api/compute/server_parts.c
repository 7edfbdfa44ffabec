/* server_parts.c: what hangs below a server: metadata, tags, addresses, interfaces, security groups. */
#include "config.h"
#include "compute/compute.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"

/* --- metadata: a JSON object in the server's row */

int
server_metadata_check(struct rest_call *call, const json_t *metadata, struct cairn_error *err)
{
    const char *key;
    json_t *value;

    (void)call;
    json_object_foreach((json_t *)metadata, key, value) {
        size_t len = strlen(key);

        if (len == 0 || len > 255 || strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:. ") != len)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute metadata. The key '%.64s' is none: it has 1 to 255 letters, digits, blanks"
                                                  " and '-', '_', ':', '.'.", key);
        if (!json_is_string(value) || str_utf8_len(json_string_value(value)) > 255)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute metadata. The value of '%.64s' is a string of at most 255 characters.", key);
    }
    return 0;
}

static int
metadata_check(struct rest_call *call, const json_t *metadata, struct cairn_error *err)
{
    int64_t limit = rest_quota_limit(call->tx, call->env, "compute", row_text(call->object, "project_id"), "metadata_items");

    if (server_metadata_check(call, metadata, err) < 0)
        return -1;
    if (limit >= 0 && (int64_t)json_object_size(metadata) > limit)
        return cairn_fail(err, CAIRN_OVER_QUOTA, "Maximum number of metadata items exceeds %lld", (long long)limit);
    return 0;
}

static int
metadata_write(struct rest_call *call, const json_t *metadata, struct cairn_error *err)
{
    CLEANUP_FREE char *text = json_text(metadata);

    if (row_int(call->object, "locked") && !rest_allowed(call, "os_compute_api:os-lock-server:unlock:unlock_override"))
        return cairn_fail(err, CAIRN_CONFLICT, "Instance %s is locked", rest_param(call, "id"));
    if (metadata_check(call, metadata, err) < 0)
        return -1;
    return tx_exec(call->tx, err, "update servers set metadata = ?, updated_us = ? where id = ?", "sis", text, clock_us(), rest_param(call, "id"));
}

static int
metadata_reply(struct rest_call *call, const json_t *metadata)
{
    jo_object(call->out, NULL);
    jo_json(call->out, "metadata", metadata);
    jo_end_object(call->out);
    return 0;
}

static int
metadata_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *metadata = json_of_column(row_text(call->object, "metadata"));

    (void)err;
    return metadata_reply(call, metadata);
}

static int
metadata_add(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *metadata = json_of_column(row_text(call->object, "metadata"));

    json_object_update(metadata, call->body);
    return metadata_write(call, metadata, err) < 0 ? -1 : metadata_reply(call, metadata);
}

static int
metadata_replace(struct rest_call *call, struct cairn_error *err)
{
    return metadata_write(call, call->body, err) < 0 ? -1 : metadata_reply(call, call->body);
}

static int
meta_reply(struct rest_call *call, const char *key, const char *value)
{
    jo_object(call->out, NULL);
    jo_object(call->out, "meta");
    jo_str(call->out, key, value);
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
meta_find(struct rest_call *call, json_t *metadata, const char **ret, struct cairn_error *err)
{
    *ret = json_str(metadata, rest_param(call, "key"));
    return *ret != NULL ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Metadata item was not found");
}

static int
meta_show(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *metadata = json_of_column(row_text(call->object, "metadata"));
    const char *value;

    return meta_find(call, metadata, &value, err) < 0 ? -1 : meta_reply(call, rest_param(call, "key"), value);
}

static int
meta_set(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *metadata = json_of_column(row_text(call->object, "metadata"));
    const char *key = rest_param(call, "key");
    json_t *value = json_object_get(call->body, key);

    if (value == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Request body and URI mismatch");
    if (json_object_size(call->body) != 1)
        return cairn_fail(err, CAIRN_INVALID, "Request body contains too many items");
    json_object_set(metadata, key, value);
    return metadata_write(call, metadata, err) < 0 ? -1 : meta_reply(call, key, json_string_value(value));
}

static int
meta_delete(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *metadata = json_of_column(row_text(call->object, "metadata"));
    const char *value;

    if (meta_find(call, metadata, &value, err) < 0)
        return -1;
    json_object_del(metadata, rest_param(call, "key"));
    return metadata_write(call, metadata, err);
}

static const struct rest_attr any_object[] = { { .name = "*", .type = REST_JSON, .flags = REST_CREATE | REST_OPEN }, { .name = NULL } };

/* --- tags */

#define TAGS_MAX 50

int
server_tag_check(const char *tag, struct cairn_error *err)
{
    if (tag == NULL || *tag == '\0' || str_utf8_len(tag) > 60)
        return cairn_fail(err, CAIRN_INVALID, "Tag '%.80s' is invalid. It has 1 to 60 characters.", tag != NULL ? tag : "");
    if (strpbrk(tag, "/,") != NULL)
        return cairn_fail(err, CAIRN_INVALID, "Tag '%.80s' is invalid. It may not hold '/' or ','.", tag);
    return 0;
}

static int
tags_reply(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(call->tx, &r, err, "select tag from server_tags where server_id = ? order by tag", "s", rest_param(call, "id")) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "tags");
    while ((rc = rows_next(r, err)) == 1)
        jo_str(call->out, NULL, row_text(r, "tag"));
    jo_end_array(call->out);
    jo_end_object(call->out);
    return rc;
}

static int
tags_touch(struct rest_call *call, struct cairn_error *err)
{
    return tx_exec(call->tx, err, "update servers set updated_us = ? where id = ?", "is", clock_us(), rest_param(call, "id"));
}

static int
tags_clear(struct rest_call *call, struct cairn_error *err)
{
    if (tx_exec(call->tx, err, "delete from server_tags where server_id = ?", "s", rest_param(call, "id")) < 0)
        return -1;
    return tags_touch(call, err);
}

static const struct rest_attr tag_item[] = { { .name = "", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 60 }, { .name = NULL } };
static const struct rest_attr tags_body[] = {
    { .name = "tags", .type = REST_LIST, .of = tag_item, .flags = REST_CREATE | REST_REQUIRED | REST_UNIQUE, .max = TAGS_MAX }, { .name = NULL },
};

static int
tags_replace(struct rest_call *call, struct cairn_error *err)
{
    const json_t *list = rest_value(call, "tags"), *tag;
    size_t i;

    if (tags_clear(call, err) < 0)
        return -1;
    json_array_foreach((json_t *)list, i, tag)
        if (server_tag_check(json_string_value(tag), err) < 0 ||
            tx_exec(call->tx, err, "insert into server_tags (server_id, tag) values (?, ?)", "ss", rest_param(call, "id"), json_string_value(tag)) < 0)
            return -1;
    return tags_reply(call, err);
}

static int
tag_there(struct rest_call *call, int64_t *ret, struct cairn_error *err)
{
    return tx_int(call->tx, ret, 0, err, "select count(*) from server_tags where server_id = ? and tag = ?", "ss", rest_param(call, "id"),
                  rest_param(call, "tag"));
}

static int
tag_missing(struct rest_call *call, struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_NOT_FOUND, "Server %s has no tag '%.60s'", rest_param(call, "id"), rest_param(call, "tag"));
}

static int
tag_show(struct rest_call *call, struct cairn_error *err)
{
    int64_t there;

    if (tag_there(call, &there, err) < 0)
        return -1;
    return there ? 0 : tag_missing(call, err);
}

static int
tag_put(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *location = xasprintf("%s%s", http_base_url(call->req), http_full_path(call->req));       /* encoded, as it came */
    int64_t there, n;

    if (server_tag_check(rest_param(call, "tag"), err) < 0 || tag_there(call, &there, err) < 0)
        return -1;
    rest_header(call, "Location", location);
    if (there) {
        call->status = 204;
        return 0;
    }
    if (tx_int(call->tx, &n, 0, err, "select count(*) from server_tags where server_id = ?", "s", rest_param(call, "id")) < 0)
        return -1;
    if (n >= TAGS_MAX)
        return cairn_fail(err, CAIRN_INVALID, "The number of tags exceeded the per-server limit %d", TAGS_MAX);
    return tx_exec(call->tx, err, "insert into server_tags (server_id, tag) values (?, ?)", "ss", rest_param(call, "id"), rest_param(call, "tag")) < 0
               ? -1 : tags_touch(call, err);
}

static int
tag_delete(struct rest_call *call, struct cairn_error *err)
{
    if (tx_exec(call->tx, err, "delete from server_tags where server_id = ? and tag = ?", "ss", rest_param(call, "id"), rest_param(call, "tag")) < 0)
        return -1;
    return tx_changes(call->tx) == 0 ? tag_missing(call, err) : tags_touch(call, err);
}

/* --- addresses */

/* Those in the network that is called 'only', or all (""). */
static int
write_addresses(struct rest_call *call, const char *only, int *ret_found, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct address_lists lists = { 0 };
    int rc;

    if (tx_query(call->tx, &r, err,
                 "select coalesce(nullif(n.name, ''), n.id) as label, f.ip_address as ip_address, s.ip_version as ip_version from ports p"
                 " join networks n on n.id = p.network_id join fixed_ips f on f.port_id = p.id join subnets s on s.id = f.subnet_id"
                 " where p.device_id = ? and (? = '' or coalesce(nullif(n.name, ''), n.id) = ?) order by 1, p.created_us, p.id, f.position", "sss",
                 rest_param(call, "id"), only, only) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        server_address(call->out, &lists, r, 0);
    server_addresses_end(call->out, &lists);
    *ret_found = lists.open;
    return rc;
}

static int
ips_list(struct rest_call *call, struct cairn_error *err)
{
    int found;

    jo_object(call->out, NULL);
    jo_object(call->out, "addresses");
    if (write_addresses(call, "", &found, err) < 0)
        return -1;
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
ips_show(struct rest_call *call, struct cairn_error *err)
{
    int found;

    jo_object(call->out, NULL);
    if (write_addresses(call, rest_param(call, "label"), &found, err) < 0)
        return -1;
    jo_end_object(call->out);
    return found ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Network %.255s not found for server", rest_param(call, "label"));
}

/* --- interfaces: the ports */

static int
write_interfaces(struct rest_call *call, const char *only, int *ret_found, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct json_out *o = call->out;
    char current[64] = "";
    int rc;

    *ret_found = 0;
    if (tx_query(call->tx, &r, err,
                 "select p.id as id, p.network_id as network_id, p.mac_address as mac, p.status as status, p.tag as tag, f.ip_address as ip,"
                 " f.subnet_id as subnet_id from ports p left join fixed_ips f on f.port_id = p.id where p.device_id = ? and (? is null or p.id = ?)"
                 " order by p.created_us, p.id, f.position", "sss", rest_param(call, "id"), only, only) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        const char *id = row_text(r, "id"), *ip = row_text(r, "ip"), *network = row_text(r, "network_id"), *mac = row_text(r, "mac"),
                   *status = row_text(r, "status"), *tag = row_text(r, "tag"), *subnet = row_text(r, "subnet_id");

        if (strcmp(id, current) != 0) {
            if (current[0] != '\0') {
                jo_end_array(o);
                jo_end_object(o);
            }
            snprintf(current, sizeof current, "%s", id);
            jo_object(o, only != NULL ? "interfaceAttachment" : NULL);
            jo_str(o, "port_id", id);
            jo_str(o, "net_id", network);
            jo_str(o, "mac_addr", mac);
            jo_str(o, "port_state", status);
            if (rest_since(call, 2, 70))
                jo_str(o, "tag", tag);
            jo_array(o, "fixed_ips");
            ++*ret_found;
        }
        if (ip != NULL) {
            jo_object(o, NULL);
            jo_str(o, "ip_address", ip);
            jo_str(o, "subnet_id", subnet);
            jo_end_object(o);
        }
    }
    if (current[0] != '\0') {
        jo_end_array(o);
        jo_end_object(o);
    }
    return rc;
}

static int
interfaces_list(struct rest_call *call, struct cairn_error *err)
{
    int found;

    jo_object(call->out, NULL);
    jo_array(call->out, "interfaceAttachments");
    if (write_interfaces(call, NULL, &found, err) < 0)
        return -1;
    jo_end_array(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
interface_show(struct rest_call *call, struct cairn_error *err)
{
    int found;

    jo_object(call->out, NULL);
    if (write_interfaces(call, rest_param(call, "port_id"), &found, err) < 0)
        return -1;
    jo_end_object(call->out);
    return found ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Instance %s does not have a port with id %.64s", rest_param(call, "id"),
                                  rest_param(call, "port_id"));
}

/* --- security groups of all its ports, with their rules */

/* Nothing for a row that a group without rules has in the join. */
static void
write_rule(struct json_out *o, struct rows *r)
{
    const char *cidr = row_text(r, "cidr"), *remote = row_text(r, "remote_name"), *remote_project = row_text(r, "remote_project"),
               *protocol = row_text(r, "protocol"), *group_id = row_text(r, "group_id"), *rule_id = row_text(r, "rule_id");
    int64_t from = row_int(r, "port_min"), to = row_int(r, "port_max");
    int no_from = row_null(r, "port_min"), no_to = row_null(r, "port_max");

    if (rule_id == NULL)
        return;
    jo_object(o, NULL);
    jo_str(o, "id", rule_id);
    jo_str(o, "parent_group_id", group_id);
    jo_str(o, "ip_protocol", protocol);
    if (no_from)
        jo_null(o, "from_port");
    else
        jo_int(o, "from_port", from);
    if (no_to)
        jo_null(o, "to_port");
    else
        jo_int(o, "to_port", to);
    jo_object(o, "group");
    if (remote != NULL) {
        jo_str(o, "name", remote);
        jo_str(o, "tenant_id", remote_project);
    }
    jo_end_object(o);
    jo_object(o, "ip_range");
    if (remote == NULL)
        jo_str(o, "cidr", cidr != NULL ? cidr : "0.0.0.0/0");
    jo_end_object(o);
    jo_end_object(o);
}

static int
groups_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    struct json_out *o = call->out;
    char current[64] = "";
    int rc;

    /* Ingress rules alone, as this old form of security groups knows no others. */
    if (tx_query(call->tx, &r, err,
                 "select g.id as group_id, g.name as name, g.description as description, g.project_id as project_id, r.id as rule_id,"
                 " r.protocol as protocol, r.port_range_min as port_min, r.port_range_max as port_max, r.remote_ip_prefix as cidr, m.name as remote_name,"
                 " m.project_id as remote_project from security_groups g left join security_group_rules r on r.security_group_id = g.id and"
                 " r.direction = 'ingress' left join security_groups m on m.id = r.remote_group_id where g.id in (select l.security_group_id from"
                 " port_security_groups l join ports p on p.id = l.port_id where p.device_id = ?) order by g.name, g.id, r.created_us, r.id", "s",
                 rest_param(call, "id")) < 0)
        return -1;
    jo_object(o, NULL);
    jo_array(o, "security_groups");
    while ((rc = rows_next(r, err)) == 1) {
        const char *id = row_text(r, "group_id"), *name = row_text(r, "name"), *description = row_text(r, "description"),
                   *project = row_text(r, "project_id");

        if (strcmp(id, current) != 0) {
            if (current[0] != '\0') {
                jo_end_array(o);
                jo_end_object(o);
            }
            snprintf(current, sizeof current, "%s", id);
            jo_object(o, NULL);
            jo_str(o, "id", id);
            jo_str(o, "name", name);
            jo_str(o, "description", description);
            jo_str(o, "tenant_id", project);
            jo_array(o, "rules");
        }
        write_rule(o, r);
    }
    if (current[0] != '\0') {
        jo_end_array(o);
        jo_end_object(o);
    }
    jo_end_array(o);
    jo_end_object(o);
    return rc;
}

/* --- the password that the guest encrypted for its owner */

static int
password_show(struct rest_call *call, struct cairn_error *err)
{
    const char *text = row_text(call->object, "guest_password");

    (void)err;
    jo_object(call->out, NULL);
    jo_str(call->out, "password", text != NULL ? text : "");
    jo_end_object(call->out);
    return 0;
}

static int
password_clear(struct rest_call *call, struct cairn_error *err)
{
    return tx_exec(call->tx, err, "update servers set guest_password = null where id = ?", "s", rest_param(call, "id"));
}

#define SERVER .object = &servers_resource
#define BASE "/v2.1/servers/{id}"
#define META "os_compute_api:server-metadata:"
#define TAGS "os_compute_api:os-server-tags:"
const struct rest_route server_part_routes[] = {
    { .method = "GET", .path = BASE "/metadata", .rule = META "index", .status = 200, SERVER, .handle = metadata_list },
    { .method = "POST", .path = BASE "/metadata", .rule = META "create", .status = 200, .body = any_object, .body_key = "metadata", SERVER,
      .handle = metadata_add },
    { .method = "PUT", .path = BASE "/metadata", .rule = META "update_all", .status = 200, .body = any_object, .body_key = "metadata", SERVER,
      .handle = metadata_replace },
    { .method = "GET", .path = BASE "/metadata/{key}", .rule = META "show", .status = 200, SERVER, .handle = meta_show },
    { .method = "PUT", .path = BASE "/metadata/{key}", .rule = META "update", .status = 200, .body = any_object, .body_key = "meta", SERVER,
      .handle = meta_set },
    { .method = "DELETE", .path = BASE "/metadata/{key}", .rule = META "delete", .status = 204, SERVER, .handle = meta_delete },
    { .method = "GET", .path = BASE "/tags", .rule = TAGS "index", .status = 200, SERVER, .handle = tags_reply, .since = { 2, 26 } },
    { .method = "PUT", .path = BASE "/tags", .rule = TAGS "update_all", .status = 200, .body = tags_body, SERVER, .handle = tags_replace,
      .since = { 2, 26 } },
    { .method = "DELETE", .path = BASE "/tags", .rule = TAGS "delete_all", .status = 204, SERVER, .handle = tags_clear, .since = { 2, 26 } },
    { .method = "GET", .path = BASE "/tags/{tag}", .rule = TAGS "show", .status = 204, SERVER, .handle = tag_show, .since = { 2, 26 } },
    { .method = "PUT", .path = BASE "/tags/{tag}", .rule = TAGS "update", .status = 201, SERVER, .handle = tag_put, .since = { 2, 26 } },
    { .method = "DELETE", .path = BASE "/tags/{tag}", .rule = TAGS "delete", .status = 204, SERVER, .handle = tag_delete, .since = { 2, 26 } },
    { .method = "GET", .path = BASE "/ips", .rule = "os_compute_api:ips:index", .status = 200, SERVER, .handle = ips_list },
    { .method = "GET", .path = BASE "/ips/{label}", .rule = "os_compute_api:ips:show", .status = 200, SERVER, .handle = ips_show },
    { .method = "GET", .path = BASE "/os-interface", .rule = "os_compute_api:os-attach-interfaces:list", .status = 200, SERVER,
      .handle = interfaces_list },
    { .method = "GET", .path = BASE "/os-interface/{port_id}", .rule = "os_compute_api:os-attach-interfaces:show", .status = 200, SERVER,
      .handle = interface_show },
    { .method = "GET", .path = BASE "/os-security-groups", .rule = "os_compute_api:os-security-groups:list", .status = 200, SERVER,
      .handle = groups_list },
    { .method = "GET", .path = BASE "/os-server-password", .rule = "os_compute_api:os-server-password:show", .status = 200, SERVER,
      .handle = password_show },
    { .method = "DELETE", .path = BASE "/os-server-password", .rule = "os_compute_api:os-server-password:clear", .status = 204, SERVER,
      .handle = password_clear },
    { .method = NULL },
};
