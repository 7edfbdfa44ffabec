/* flavors.c: the compute resource "flavors", with access lists and extra specs. */
#include "config.h"
#include "compute/compute.h"

#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"

/* Public flavors and those that the project was given; administrators choose by is_public (None: all). */
static int
flavor_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    const char *is_public = rest_query(call, "is_public");
    int wanted;

    if (!call->auth->is_admin) {
        str_add(where, " and t.disabled = 0 and (t.is_public = 1 or exists (select 1 from flavor_access a where a.flavor_id = t.id and"
                       " a.project_id = ?))");
        rest_push_text(values, call->auth->project_id);
    } else if (is_public == NULL) {
        str_add(where, " and t.is_public = 1");
    } else if (strcasecmp(is_public, "none") != 0) {
        if (compute_to_bool(is_public, &wanted) < 0)
            return cairn_fail(err, CAIRN_INVALID, "Invalid is_public filter [%.64s]", is_public);
        str_add(where, " and t.is_public = ?");
        rest_push_int(values, wanted);
    }
    for (int i = 0; i < 2; i++) {
        static const char *const names[] = { "minDisk", "minRam" }, *const columns[] = { "disk_gib", "ram_mib" };
        const char *text = rest_query(call, names[i]);
        int64_t n;

        if (text == NULL)
            continue;
        if (str_to_int(text, 0, INT32_MAX, &n) < 0)
            return cairn_fail(err, CAIRN_INVALID, "Invalid %s filter [%.64s]", names[i], text);
        str_addf(where, " and t.%s >= ?", columns[i]);
        rest_push_int(values, n);
    }
    return 0;
}

static int
emit_swap(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    int64_t swap = row_int(row, "swap_mib");

    (void)err;
    /* Before 2.75 no swap is an empty string. */
    if (swap == 0 && !rest_since(call, 2, 75))
        jo_str(out, "swap", "");
    else
        jo_int(out, "swap", swap);
    return 0;
}

static int
emit_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    compute_links(call, out, "flavors", row_text(row, "id"));
    return 0;
}

static int
emit_spec(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call, (void)err;
    jo_str(out, row_text(row, "name"), row_text(row, "value"));
    return 0;
}

static const struct rest_attr flavor_attrs[] = {
    { .name = "id", .type = REST_STRING, .flags = REST_READ | REST_SORT },
    { .name = "name", .type = REST_STRING, .flags = REST_READ | REST_SORT },
    { .name = "ram", .column = "t.ram_mib", .type = REST_INT, .flags = REST_READ | REST_DETAIL },
    { .name = "disk", .column = "t.disk_gib", .type = REST_INT, .flags = REST_READ | REST_DETAIL },
    { .name = "swap", .type = REST_INT, .flags = REST_READ | REST_DETAIL | REST_NO_COLUMN, .emit = emit_swap },
    { .name = "OS-FLV-EXT-DATA:ephemeral", .column = "t.ephemeral_gib", .type = REST_INT, .flags = REST_READ | REST_DETAIL },
    { .name = "OS-FLV-DISABLED:disabled", .column = "t.disabled", .type = REST_BOOL, .flags = REST_READ | REST_DETAIL },
    { .name = "vcpus", .column = "t.vcpus", .type = REST_INT, .flags = REST_READ | REST_DETAIL | REST_SORT },
    { .name = "os-flavor-access:is_public", .column = "t.is_public", .type = REST_BOOL, .flags = REST_READ | REST_DETAIL },
    { .name = "rxtx_factor", .column = "t.rxtx_factor", .type = REST_REAL, .flags = REST_READ | REST_DETAIL },
    { .name = "description", .column = "t.description", .type = REST_TEXT, .flags = REST_READ | REST_NULL, .since = { 2, 55 } },
    { .name = "links", .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN, .emit = emit_links },
    { .name = "flavorid", .column = "t.id", .type = REST_STRING, .flags = REST_SORT },
    { .name = "memory_mb", .column = "t.ram_mib", .type = REST_INT, .flags = REST_SORT },
    { .name = "root_gb", .column = "t.disk_gib", .type = REST_INT, .flags = REST_SORT },
    { .name = NULL },
};
static const struct rest_attr flavor_query[] = {
    { .name = "created_at", .column = "t.created_us", .type = REST_TIME, .flags = REST_SORT },
    { .name = "updated_at", .column = "t.updated_us", .type = REST_TIME, .flags = REST_SORT },
    { .name = "description", .column = "t.description", .type = REST_TEXT, .flags = REST_SORT | REST_NULL },
    { .name = "disabled", .column = "t.disabled", .type = REST_INT, .flags = REST_SORT },
    { .name = "is_public", .column = "t.is_public", .type = REST_INT, .flags = REST_SORT },
    { .name = "ephemeral_gb", .column = "t.ephemeral_gib", .type = REST_INT, .flags = REST_SORT },
    { .name = "swap", .column = "t.swap_mib", .type = REST_INT, .flags = REST_SORT },
    { .name = "rxtx_factor", .column = "t.rxtx_factor", .type = REST_REAL, .flags = REST_SORT },
    { .name = "vcpu_weight", .type = REST_INT, .flags = REST_SORT | REST_NO_COLUMN },
    { .name = NULL },
};
static const struct rest_child flavor_children[] = {
    { .name = "extra_specs", .sql = "select flavor_id as parent, name, value from flavor_extra_specs where flavor_id in (%IDS%) order by flavor_id, name",
      .is_object = 1, .flags = REST_DETAIL, .since = { 2, 61 }, .read_policy = "os_compute_api:os-flavor-extra-specs:index", .emit = emit_spec },
    { .name = NULL },
};
static const char *const flavor_ignored[] = { "is_public", "minDisk", "minRam", NULL };

const struct rest_resource flavors_resource = {
    .name = "flavor", .plural = "flavors", .noun = "Flavor", .path = "/v2.1/flavors", .table = "flavors",
    .visible = "t.is_public = 1 or exists (select 1 from flavor_access a where a.flavor_id = t.id and a.project_id = :project)",
    .admin_all = 1, .attrs = flavor_attrs, .query = flavor_query, .children = flavor_children, .ops = REST_LIST_OP | REST_DETAIL_OP | REST_SHOW_OP,
    .rules = { .list = "os_compute_api:os-flavors:index", .show = "os_compute_api:os-flavors:index" },
    .default_sort = "id asc", .narrow = flavor_narrow, .ignored_query = flavor_ignored, .columns = "t.id, t.swap_mib",
};

/* --- create, update, delete */

static int
flavor_name_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    const char *s = json_string_value(value);

    (void)call;
    if (s == NULL || s[strspn(s, " \t")] == '\0')
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute name. A flavor's name cannot be empty or blank.");
    return 0;
}

static int
flavor_id_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    const char *s = json_string_value(value);

    (void)call;
    if (s == NULL)
        return 0;
    if (*s == '\0' || s[0] == ' ' || s[strlen(s) - 1] == ' ' ||
        s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. ")] != '\0')
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute flavorid. Value: %.64s. It may hold letters, digits, blanks, '.', '-' and"
                                              " '_', and no blank at the ends.", s);
    return 0;
}

static const struct rest_attr flavor_create_body[] = {
    { .name = "name", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255, .check = flavor_name_check },
    { .name = "id", .type = REST_STRING, .flags = REST_CREATE | REST_NULL | REST_LAX, .max = 255, .check = flavor_id_check },
    { .name = "ram", .type = REST_INT, .flags = REST_CREATE | REST_REQUIRED | REST_LAX, .min = 1, .max = INT32_MAX },
    { .name = "vcpus", .type = REST_INT, .flags = REST_CREATE | REST_REQUIRED | REST_LAX, .min = 1, .max = INT32_MAX },
    { .name = "disk", .type = REST_INT, .flags = REST_CREATE | REST_REQUIRED | REST_LAX, .min = 0, .max = INT32_MAX },
    { .name = "OS-FLV-EXT-DATA:ephemeral", .type = REST_INT, .flags = REST_CREATE | REST_LAX, .min = 0, .max = INT32_MAX, .dflt = "0" },
    { .name = "swap", .type = REST_INT, .flags = REST_CREATE | REST_LAX, .min = 0, .max = INT32_MAX, .dflt = "0" },
    { .name = "rxtx_factor", .type = REST_REAL, .flags = REST_CREATE | REST_LAX, .dflt = "1.0" },
    { .name = "os-flavor-access:is_public", .type = REST_BOOL, .flags = REST_CREATE | REST_LAX, .dflt = "true" },
    { .name = "description", .type = REST_TEXT, .flags = REST_CREATE | REST_NULL, .max = 65535, .since = { 2, 55 } },
    { .name = NULL },
};

static int
insert_flavor(struct tx *tx, const char *id, const char *name, const char *description, int64_t vcpus, int64_t ram, int64_t disk, int64_t ephemeral,
              int64_t swap, double rxtx, int is_public, struct cairn_error *err)
{
    int64_t now = clock_us();

    return tx_exec(tx, err,
                   "insert into flavors (id, number, name, description, vcpus, ram_mib, disk_gib, ephemeral_gib, swap_mib, rxtx_factor, is_public,"
                   " created_us, updated_us) values (?, (select coalesce(max(number), 0) + 1 from flavors), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   "sssiiiiidiii", id, name, description, vcpus, ram, disk, ephemeral, swap, rxtx, (int64_t)is_public, now, now);
}

static int
flavor_create(struct rest_call *call, struct cairn_error *err)
{
    char fresh[ID_UUID];
    const char *id = rest_str(call, "id");
    const json_t *rxtx = rest_value(call, "rxtx_factor");
    double factor = json_is_number(rxtx) ? json_number_value(rxtx) : 1.0;

    if (factor <= 0)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute rxtx_factor. It must be greater than 0.");
    if (id == NULL || strcmp(id, "auto") == 0) {
        id_uuid(fresh);
        id = fresh;
    }
    if (insert_flavor(call->tx, id, rest_str(call, "name"), rest_str(call, "description"), rest_int(call, "vcpus", 1), rest_int(call, "ram", 1),
                      rest_int(call, "disk", 0), rest_int(call, "OS-FLV-EXT-DATA:ephemeral", 0), rest_int(call, "swap", 0), factor,
                      rest_bool(call, "os-flavor-access:is_public", 1), err) < 0) {
        if (err->code == CAIRN_EXISTS)
            return cairn_fail(err, CAIRN_EXISTS, "Flavor with name %s or ID %s already exists.", rest_str(call, "name"), id);
        return -1;
    }
    return rest_emit_object(call, &flavors_resource, "flavor", id, err);
}

static const struct rest_attr flavor_update_body[] = {
    { .name = "description", .type = REST_TEXT, .flags = REST_CREATE | REST_REQUIRED | REST_NULL, .max = 65535 },
    { .name = NULL },
};

static int
flavor_update(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "id");

    if (tx_exec(call->tx, err, "update flavors set description = ?, updated_us = ? where id = ?", "sis", rest_str(call, "description"), clock_us(),
                id) < 0)
        return -1;
    return rest_emit_object(call, &flavors_resource, "flavor", id, err);
}

static int
flavor_delete(struct rest_call *call, struct cairn_error *err)
{
    return tx_exec(call->tx, err, "delete from flavors where id = ?", "s", rest_param(call, "id"));
}

/* --- extra specs */

static int
spec_key_check(const char *key, struct cairn_error *err)
{
    if (*key == '\0' || strlen(key) > 255 ||
        key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.: ")] != '\0')
        return cairn_fail(err, CAIRN_INVALID, "Invalid extra spec key '%.64s': letters, digits, blanks, '-', '_', '.' and ':' are allowed.", key);
    return 0;
}

static int
spec_set(struct rest_call *call, const char *key, const json_t *value, struct cairn_error *err)
{
    char number[64];
    const char *text = json_string_value(value);

    if (spec_key_check(key, err) < 0)
        return -1;
    if (text == NULL && json_is_integer(value)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        text = number;
    } else if (text == NULL && json_is_real(value)) {
        snprintf(number, sizeof number, "%g", json_real_value(value));
        text = number;
    }
    if (text == NULL || strlen(text) > 255)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for extra spec '%.64s': it is a string of at most 255 characters or a number.", key);
    return tx_exec(call->tx, err,
                   "insert into flavor_extra_specs (flavor_id, name, value) values (?, ?, ?) on conflict (flavor_id, name) do update set value ="
                   " excluded.value", "sss", rest_param(call, "id"), key, text);
}

static int
specs_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(call->tx, &r, err, "select name, value from flavor_extra_specs where flavor_id = ? order by name", "s", rest_param(call, "id")) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_object(call->out, "extra_specs");
    while ((rc = rows_next(r, err)) == 1)
        jo_str(call->out, row_text(r, "name"), row_text(r, "value"));
    jo_end_object(call->out);
    jo_end_object(call->out);
    return rc;
}

static int
specs_create(struct rest_call *call, struct cairn_error *err)
{
    const char *key;
    json_t *value;

    if (json_object_size(call->body) == 0)
        return cairn_fail(err, CAIRN_INVALID, "extra_specs must hold at least one key");
    json_object_foreach(call->body, key, value)
        if (spec_set(call, key, value, err) < 0)
            return -1;
    jo_object(call->out, NULL);
    jo_json(call->out, "extra_specs", call->body);
    jo_end_object(call->out);
    return 0;
}

static int
spec_show(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *value = NULL;
    const char *key = rest_param(call, "key");

    if (tx_text(call->tx, &value, err, "select value from flavor_extra_specs where flavor_id = ? and name = ?", "ss", rest_param(call, "id"), key) < 0)
        return -1;
    if (value == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Flavor %s has no extra specs with key %s.", rest_param(call, "id"), key);
    jo_object(call->out, NULL);
    jo_str(call->out, key, value);
    jo_end_object(call->out);
    return 0;
}

static int
spec_update(struct rest_call *call, struct cairn_error *err)
{
    const char *key = rest_param(call, "key");
    const json_t *value = json_object_get(call->body, key);

    if (value == NULL || json_object_size(call->body) != 1)
        return cairn_fail(err, CAIRN_INVALID, "Request body and URI mismatch: the body must hold the key '%.64s' alone", key);
    if (spec_set(call, key, value, err) < 0)
        return -1;
    return spec_show(call, err);
}

static int
spec_delete(struct rest_call *call, struct cairn_error *err)
{
    const char *key = rest_param(call, "key");

    if (tx_exec(call->tx, err, "delete from flavor_extra_specs where flavor_id = ? and name = ?", "ss", rest_param(call, "id"), key) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Flavor %s has no extra specs with key %s.", rest_param(call, "id"), key);
    return 0;
}

static const struct rest_attr any_object[] = { { .name = "*", .type = REST_JSON, .flags = REST_CREATE | REST_OPEN }, { .name = NULL } };

/* --- access */

static int
access_write(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    const char *id = rest_param(call, "id");
    int rc;

    if (tx_query(call->tx, &r, err, "select project_id from flavor_access where flavor_id = ? order by project_id", "s", id) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "flavor_access");
    while ((rc = rows_next(r, err)) == 1) {
        jo_object(call->out, NULL);
        jo_str(call->out, "flavor_id", id);
        jo_str(call->out, "tenant_id", row_text(r, "project_id"));
        jo_end_object(call->out);
    }
    jo_end_array(call->out);
    jo_end_object(call->out);
    return rc;
}

static int
access_list(struct rest_call *call, struct cairn_error *err)
{
    if (row_int(call->object, "is_public"))
        return cairn_fail(err, CAIRN_NOT_FOUND, "Access list not available for public flavors.");
    return access_write(call, err);
}

static const struct rest_attr access_body[] = {
    { .name = "tenant", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255 },
    { .name = NULL },
};

static int
access_add(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "id"), *project = rest_str(call, "tenant");

    int64_t known;

    /* Up to 2.6 access to a public flavor could be given, to no effect. */
    if (row_int(call->object, "is_public") && rest_since(call, 2, 7))
        return cairn_fail(err, CAIRN_CONFLICT, "Can not add access to a public flavor.");
    if (tx_int(call->tx, &known, 0, err, "select count(*) from projects where id = ?", "s", project) < 0)
        return -1;
    if (known == 0)
        return cairn_fail(err, CAIRN_INVALID, "Project ID %.64s is not a valid project.", project);
    if (tx_exec(call->tx, err, "insert into flavor_access (flavor_id, project_id) values (?, ?)", "ss", id, project) < 0) {
        if (err->code == CAIRN_EXISTS)
            return cairn_fail(err, CAIRN_EXISTS, "Flavor access already exists for flavor %s and project %s combination.", id, project);
        return -1;
    }
    return access_write(call, err);
}

static int
access_remove(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "id"), *project = rest_str(call, "tenant");

    if (tx_exec(call->tx, err, "delete from flavor_access where flavor_id = ? and project_id = ?", "ss", id, project) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Flavor access not found for %s / %s combination.", id, project);
    return access_write(call, err);
}

#define FLAVOR .object = &flavors_resource
#define MANAGE "os_compute_api:os-flavor-manage:"
#define SPECS "os_compute_api:os-flavor-extra-specs:"
const struct rest_route flavor_routes[] = {
    { .method = "POST", .path = "/v2.1/flavors", .rule = MANAGE "create", .status = 200, .body = flavor_create_body, .body_key = "flavor",
      .handle = flavor_create },
    { .method = "PUT", .path = "/v2.1/flavors/{id}", .rule = MANAGE "update", .status = 200, .body = flavor_update_body, .body_key = "flavor",
      FLAVOR, .flags = REST_RULE_FIRST, .handle = flavor_update, .since = { 2, 55 } },
    { .method = "DELETE", .path = "/v2.1/flavors/{id}", .rule = MANAGE "delete", .status = 202, FLAVOR, .flags = REST_RULE_FIRST, .handle = flavor_delete },
    { .method = "GET", .path = "/v2.1/flavors/{id}/os-extra_specs", .rule = SPECS "index", .status = 200, FLAVOR, .flags = REST_RULE_FIRST, .handle = specs_list },
    { .method = "POST", .path = "/v2.1/flavors/{id}/os-extra_specs", .rule = SPECS "create", .status = 200, .body = any_object,
      .body_key = "extra_specs", FLAVOR, .flags = REST_RULE_FIRST, .handle = specs_create },
    { .method = "GET", .path = "/v2.1/flavors/{id}/os-extra_specs/{key}", .rule = SPECS "show", .status = 200, FLAVOR, .flags = REST_RULE_FIRST, .handle = spec_show },
    { .method = "PUT", .path = "/v2.1/flavors/{id}/os-extra_specs/{key}", .rule = SPECS "update", .status = 200, .body = any_object, FLAVOR, .flags = REST_RULE_FIRST,
      .handle = spec_update },
    { .method = "DELETE", .path = "/v2.1/flavors/{id}/os-extra_specs/{key}", .rule = SPECS "delete", .status = 200, FLAVOR, .flags = REST_RULE_FIRST, .handle = spec_delete },
    { .method = "GET", .path = "/v2.1/flavors/{id}/os-flavor-access", .rule = "os_compute_api:os-flavor-access", .status = 200, FLAVOR, .flags = REST_RULE_FIRST,
      .handle = access_list },
    { .method = "POST", .path = "/v2.1/flavors/{id}/action", .action = "addTenantAccess", .rule = "os_compute_api:os-flavor-access:add_tenant_access",
      .status = 200, .body = access_body, FLAVOR, .flags = REST_RULE_FIRST, .handle = access_add },
    { .method = "POST", .path = "/v2.1/flavors/{id}/action", .action = "removeTenantAccess",
      .rule = "os_compute_api:os-flavor-access:remove_tenant_access", .status = 200, .body = access_body, FLAVOR, .flags = REST_RULE_FIRST, .handle = access_remove },
    { .method = NULL },
};

/* --- for servers */

int
flavor_find(struct rest_call *call, const char *id, struct rows **ret, struct cairn_error *err)
{
    struct rows *r = NULL;
    int rc;

    if (tx_query(call->tx, &r, err,
                 "select id, name, vcpus, ram_mib, disk_gib, ephemeral_gib, swap_mib, disabled from flavors t where id = ? and (is_public = 1 or ? or exists"
                 " (select 1 from flavor_access a where a.flavor_id = t.id and a.project_id = ?))", "sis", id, (int64_t)call->auth->is_admin,
                 call->auth->project_id) < 0)
        return -1;
    rc = rows_next(r, err);
    if (rc == 1 && row_int(r, "disabled") == 0) {
        *ret = r;
        return 0;
    }
    rows_close(r);
    return rc < 0 ? -1 : cairn_fail(err, CAIRN_INVALID, "Flavor %.64s could not be found.", id);
}

int
flavor_snapshot(struct rest_call *call, struct rows *flavor, json_t **ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_JSON json_t *specs = json_object();
    int rc;

    if (tx_query(call->tx, &r, err, "select name, value from flavor_extra_specs where flavor_id = ? order by name", "s", row_text(flavor, "id")) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        json_object_set_new(specs, row_text(r, "name"), json_string(row_text(r, "value")));
    if (rc < 0)
        return -1;
    *ret = json_pack("{s:I,s:I,s:I,s:I,s:I,s:s,s:O}", "vcpus", (json_int_t)row_int(flavor, "vcpus"), "ram", (json_int_t)row_int(flavor, "ram_mib"),
                     "disk", (json_int_t)row_int(flavor, "disk_gib"), "ephemeral", (json_int_t)row_int(flavor, "ephemeral_gib"), "swap",
                     (json_int_t)row_int(flavor, "swap_mib"), "original_name", row_text(flavor, "name"), "extra_specs", specs);
    return 0;
}

int
compute_seed_flavors(struct tx *tx, struct cairn_error *err)
{
    static const struct { const char *id, *name; int64_t vcpus, ram, disk; } seeds[] = {
        { "42", "m1.nano", 1, 128, 1 },   { "84", "m1.micro", 1, 192, 1 },   { "1", "m1.tiny", 1, 512, 1 },
        { "2", "m1.small", 1, 2048, 20 }, { "3", "m1.medium", 2, 4096, 40 }, { "4", "m1.large", 4, 8192, 80 },
    };
    int64_t have;

    if (tx_int(tx, &have, 0, err, "select count(*) from flavors", "") < 0)
        return -1;
    for (size_t i = 0; have == 0 && i < ARRAY_LEN(seeds); i++)
        if (insert_flavor(tx, seeds[i].id, seeds[i].name, NULL, seeds[i].vcpus, seeds[i].ram, seeds[i].disk, 0, 0, 1.0, 1, err) < 0)
            return -1;
    return 0;
}
