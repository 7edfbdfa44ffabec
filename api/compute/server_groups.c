/* server_groups.c: the compute resource "os-server-groups": servers that shall be together or apart. */
#include "config.h"
#include "compute/compute.h"

#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"

static int
write_members(struct rest_call *call, const char *id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(call->tx, &r, err, "select id from servers where group_id = ? and deleted_us is null order by created_us, id", "s", id) < 0)
        return -1;
    jo_array(call->out, "members");
    while ((rc = rows_next(r, err)) == 1)
        jo_str(call->out, NULL, row_text(r, "id"));
    jo_end_array(call->out);
    return rc;
}

/* The object of one group, as an array's element (key NULL) or a member. */
static int
write_group(struct rest_call *call, struct rows *r, const char *key, struct cairn_error *err)
{
    struct json_out *o = call->out;
    CLEANUP_FREE char *id = xstrdup(row_text(r, "id"));
    const char *policy = row_text(r, "policy"), *rules = row_text(r, "rules"), *project = row_text(r, "project_id"), *user = row_text(r, "user_id");

    jo_object(o, key);
    jo_str(o, "id", id);
    jo_str(o, "name", row_text(r, "name"));
    if (rest_since(call, 2, 64)) {
        jo_str(o, "policy", policy);
        jo_raw(o, "rules", rules);
    } else {
        jo_array(o, "policies");
        jo_str(o, NULL, policy);
        jo_end_array(o);
        jo_object(o, "metadata");
        jo_end_object(o);
    }
    if (rest_since(call, 2, 13)) {
        jo_str(o, "project_id", project);
        jo_str(o, "user_id", user);
    }
    if (write_members(call, id, err) < 0)
        return -1;
    jo_end_object(o);
    return 0;
}

#define COLUMNS "select id, name, policy, rules, project_id, user_id from server_groups"

/* Members of a whole page come group by group; a project has few groups (quota). */
static int
groups_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    const char *all_text = rest_query(call, "all_projects"), *limit_text = rest_query(call, "limit"), *offset_text = rest_query(call, "offset");
    int64_t limit = 1000, offset = 0;
    int all = all_text != NULL && call->auth->is_admin, rc;

    if ((limit_text != NULL && str_to_int(limit_text, 0, INT32_MAX, &limit) < 0) ||
        (offset_text != NULL && str_to_int(offset_text, 0, INT32_MAX, &offset) < 0))
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameters limit or offset: they are whole numbers.");
    if (tx_query(call->tx, &r, err, COLUMNS " where ? or project_id = ? order by created_us, id limit ? offset ?", "isii", (int64_t)all,
                 call->auth->project_id, limit == 0 || limit > 1000 ? 1000 : limit, offset) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "server_groups");
    while ((rc = rows_next(r, err)) == 1)
        if (write_group(call, r, NULL, err) < 0)
            return -1;
    jo_end_array(call->out);
    jo_end_object(call->out);
    return rc;
}

static int
find_group(struct rest_call *call, struct rows **ret, struct cairn_error *err)
{
    int rc;

    if (tx_query(call->tx, ret, err, COLUMNS " where id = ? and (? or project_id = ?)", "sis", rest_param(call, "id"), (int64_t)call->auth->is_admin,
                 call->auth->project_id) < 0 || (rc = rows_next(*ret, err)) < 0)
        return -1;
    return rc == 1 ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Instance group %.64s could not be found.", rest_param(call, "id"));
}

static int
group_show(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;

    if (find_group(call, &r, err) < 0)
        return -1;
    jo_object(call->out, NULL);
    if (write_group(call, r, "server_group", err) < 0)
        return -1;
    jo_end_object(call->out);
    return 0;
}

static int
group_delete(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "id");

    if (tx_exec(call->tx, err, "delete from server_groups where id = ? and (? or project_id = ?)", "sis", id, (int64_t)call->auth->is_admin,
                call->auth->project_id) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Instance group %.64s could not be found.", id);
    return tx_exec(call->tx, err, "update servers set group_id = null where group_id = ?", "s", id);
}

/* --- create: "policies": ["affinity"] until 2.63, "policy": "affinity" from 2.64 on */

static const char *const policies[] = { "affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity", NULL };
static const struct rest_attr policy_item[] = {
    { .name = "", .type = REST_ENUM, .choices = policies, .flags = REST_CREATE }, { .name = NULL },
};
static const struct rest_attr rules_item[] = {
    { .name = "max_server_per_host", .type = REST_INT, .flags = REST_CREATE | REST_LAX, .min = 1, .max = INT32_MAX }, { .name = NULL },
};
static const struct rest_attr group_body[] = {
    { .name = "name", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255, .check = server_name_check },
    { .name = "policies", .type = REST_LIST, .of = policy_item, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 1, .until = { 2, 63 } },
    { .name = "policy", .type = REST_ENUM, .choices = policies, .flags = REST_CREATE | REST_REQUIRED, .since = { 2, 64 } },
    { .name = "rules", .type = REST_OBJECT, .of = rules_item, .flags = REST_CREATE, .since = { 2, 64 } },
    { .name = NULL },
};

static int
group_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_FREE char *rules = rest_value(call, "rules") != NULL ? json_text(rest_value(call, "rules")) : xstrdup("{}");
    const char *policy = rest_since(call, 2, 64) ? rest_str(call, "policy") : json_string_value(json_array_get(rest_value(call, "policies"), 0));
    char id[ID_UUID];
    int64_t used;

    if (str_starts(policy, "soft-") && !rest_since(call, 2, 15))
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute policies. Value: %s needs microversion 2.15.", policy);
    if (rest_value(call, "rules") != NULL && json_object_size(rest_value(call, "rules")) > 0 && strcmp(policy, "anti-affinity") != 0)
        return cairn_fail(err, CAIRN_INVALID, "Only anti-affinity policy supports rules.");
    if (tx_int(call->tx, &used, 0, err, "select count(*) from server_groups where project_id = ?", "s", call->auth->project_id) < 0)
        return -1;
    if (rest_quota(call, "compute", call->auth->project_id, "server_groups", used, 1, err) < 0) {
        if (err->code == CAIRN_OVER_QUOTA)
            return cairn_fail(err, CAIRN_OVER_QUOTA, "Quota exceeded, too many server groups.");
        return -1;
    }
    id_uuid(id);
    if (tx_exec(call->tx, err, "insert into server_groups (id, project_id, user_id, name, policy, rules, created_us) values (?, ?, ?, ?, ?, ?, ?)", "ssssssi",
                id, call->auth->project_id, call->auth->user_id, rest_str(call, "name"), policy, rules, clock_us()) < 0 ||
        tx_query(call->tx, &r, err, COLUMNS " where id = ?", "s", id) < 0 || rows_next(r, err) < 0)
        return -1;
    jo_object(call->out, NULL);
    if (write_group(call, r, "server_group", err) < 0)
        return -1;
    jo_end_object(call->out);
    return 0;
}

static const struct rest_attr list_query[] = {
    { .name = "all_projects", .type = REST_STRING },
    { .name = "limit", .type = REST_INT, .max = INT32_MAX },
    { .name = "offset", .type = REST_INT, .max = INT32_MAX },
    { .name = NULL },
};

#define GROUP "os_compute_api:os-server-groups:"
const struct rest_route server_group_routes[] = {
    { .method = "GET", .path = "/v2.1/os-server-groups", .rule = GROUP "index", .status = 200, .query = list_query, .handle = groups_list },
    { .method = "POST", .path = "/v2.1/os-server-groups", .rule = GROUP "create", .status = 200, .body = group_body, .body_key = "server_group",
      .handle = group_create },
    { .method = "GET", .path = "/v2.1/os-server-groups/{id}", .rule = GROUP "show", .status = 200, .handle = group_show },
    { .method = "DELETE", .path = "/v2.1/os-server-groups/{id}", .rule = GROUP "delete", .status = 204, .handle = group_delete },
    { .method = NULL },
};
