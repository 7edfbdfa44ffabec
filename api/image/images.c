/* images.c: the resource "images": its table, create, JSON patch, delete, deactivate and reactivate. */
#include <config.h>
#define LOG_MODULE "image"
#include "image/private.h"

#include <string.h>
#include <strings.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "plugin/storage.h"
#include "task/task.h"

#define PATCH_OPS_MAX 1000

/* --- how an image looks */

static int
emit_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *id = row_text(row, "id");

    (void)call;
    (void)err;
    jo_strf(out, "self", "/v2/images/%s", id);
    jo_strf(out, "file", "/v2/images/%s/file", id);
    jo_str(out, "schema", "/v2/schemas/image");
    return 0;
}

static const struct rest_attr attrs[] = {
    { .name = "id",               .type = REST_UUID,   .flags = REST_READ | REST_SORT },
    { .name = "name",             .type = REST_STRING, .flags = REST_READ | REST_SORT | REST_NULL },
    { .name = "status",           .type = REST_STRING, .flags = REST_READ | REST_SORT },
    { .name = "visibility",       .type = REST_STRING, .flags = REST_READ | REST_SORT },
    { .name = "protected",        .type = REST_BOOL,   .flags = REST_READ },
    { .name = "os_hidden",        .column = "t.hidden", .type = REST_BOOL, .flags = REST_READ },
    { .name = "owner",            .type = REST_STRING, .flags = REST_READ | REST_SORT | REST_NULL },
    { .name = "disk_format",      .type = REST_STRING, .flags = REST_READ | REST_SORT | REST_NULL },
    { .name = "container_format", .type = REST_STRING, .flags = REST_READ | REST_SORT | REST_NULL },
    { .name = "min_disk",         .column = "t.min_disk_gib", .type = REST_INT, .flags = REST_READ | REST_SORT },
    { .name = "min_ram",          .column = "t.min_ram_mib", .type = REST_INT, .flags = REST_READ | REST_SORT },
    { .name = "size",             .column = "t.size_bytes", .type = REST_INT, .flags = REST_READ | REST_SORT | REST_NULL },
    { .name = "virtual_size",     .column = "t.virtual_size_bytes", .type = REST_INT, .flags = REST_READ | REST_SORT | REST_NULL },
    { .name = "checksum",         .type = REST_STRING, .flags = REST_READ | REST_NULL },
    { .name = "os_hash_algo",     .type = REST_STRING, .flags = REST_READ | REST_NULL },
    { .name = "os_hash_value",    .type = REST_STRING, .flags = REST_READ | REST_NULL },
    { .name = "created_at",       .column = "t.created_us", .type = REST_TIME, .flags = REST_READ | REST_SORT },
    { .name = "updated_at",       .column = "t.updated_us", .type = REST_TIME, .flags = REST_READ | REST_SORT },
    { .name = "self",             .type = REST_STRING, .flags = REST_READ | REST_NO_COLUMN, .emit = emit_links },
    { .name = NULL }
};

static int
emit_tag(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_str(out, NULL, row_text(row, "tag"));
    return 0;
}

/* Custom properties stand beside the attributes. */
static int
emit_properties(struct rest_call *call, struct json_out *out, struct rest_group *group, struct cairn_error *err)
{
    struct rows *row;
    int rc;

    (void)call;
    while ((rc = rest_group_next(group, &row, err)) == 1)
        jo_str(out, row_text(row, "name"), row_text(row, "value"));
    return rc;
}

/* "fast,slow": every store that has the bytes, in order; left out while there are none. */
static int
emit_stores(struct rest_call *call, struct json_out *out, struct rest_group *group, struct cairn_error *err)
{
    CLEANUP_STR struct str list = STR_INIT;
    struct rows *row;
    int rc;

    (void)call;
    while ((rc = rest_group_next(group, &row, err)) == 1)
        str_addf(&list, "%s%s", list.len > 0 ? "," : "", row_text(row, "store"));
    if (list.len > 0)
        jo_str(out, "stores", list.text);
    return rc;
}

static const struct rest_child children[] = {
    { .name = "stores", .sql = "select parent, store from (select image_id as parent, store from image_copies union all select id as parent, store from images"
      " where store is not null) s where parent in (%IDS%) order by parent, store", .emit_group = emit_stores },
    { .name = "tags", .sql = "select image_id as parent, tag from image_tags where image_id in (%IDS%) order by image_id, tag", .emit = emit_tag },
    { .name = "properties", .sql = "select image_id as parent, name, value from image_properties where image_id in (%IDS%) order by image_id, name",
      .emit_group = emit_properties },
    { .name = NULL }
};

const struct rest_resource images_resource = {
    .name = "image", .plural = "images", .noun = "image",
    .path = "/v2/images", .table = "images",
    .owner_column = "t.owner",
    .visible = "t.owner = :project or t.visibility in ('public', 'community') or (t.visibility = 'shared' and exists (select 1 from image_members m"
               " where m.image_id = t.id and m.member = :project))",
    .admin_all = 1,
    .attrs = attrs, .children = children,
    .ops = REST_LIST_OP | REST_SHOW_OP,
    .rules = { .list = "get_images", .show = "get_image" },
    .default_sort = "created_us desc, id desc",
    .narrow = image_narrow,
};

/* --- create */

static int
parse(struct rest_call *call, json_t **ret, struct cairn_error *err)
{
    size_t len;
    const char *text = rest_raw(call, &len);

    if (len == 0)
        return cairn_fail(err, CAIRN_INVALID, "Request body must be a JSON document.");
    return json_parse(text, len, ret, err) < 0 ? cairn_error_context(err, "Malformed JSON in request body") : 0;
}

static int
image_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *body = NULL;
    CLEANUP_JSON json_t *doc = document_new();
    CLEANUP_FREE char *location = NULL;
    char id[ID_UUID];
    const char *name;
    json_t *value;

    if (parse(call, &body, err) < 0)
        return -1;
    if (!json_is_object(body))
        return cairn_fail(err, CAIRN_INVALID, "Request body must be a JSON object.");
    if (call->auth->project_id[0] != '\0')
        json_object_set_new(doc, "owner", json_string(call->auth->project_id));
    id_uuid(id);
    json_object_foreach(body, name, value)
        if (document_set(call, doc, name, value, err) < 0)
            return -1;
    if (json_str(doc, "id") != NULL)
        snprintf(id, sizeof id, "%s", json_str(doc, "id"));
    for (char *c = id; *c != '\0'; c++)
        *c = (char)(*c >= 'A' && *c <= 'F' ? *c + 32 : *c);
    if (image_quota(call, json_str(doc, "owner"), "image_count_total", 1, err) < 0 || document_insert(call, id, doc, err) < 0)
        return -1;
    location = rest_url(call, "/v2/images/%s", id);
    rest_header(call, "Location", location);
    image_store_headers(call);
    return rest_emit_object(call, &images_resource, NULL, id, err);
}

/* --- JSON patch */

/* "/name", with ~1 and ~0, to a name. */
static int
pointer_name(const char *path, char **ret, struct cairn_error *err)
{
    CLEANUP_STR struct str name = STR_INIT;

    if (path == NULL || path[0] != '/' || path[1] == '\0')
        return cairn_fail(err, CAIRN_INVALID, "Invalid JSON pointer for this resource: '%.80s'. It is '/' and the name of an attribute.", path != NULL ? path : "");
    if (str_starts(path, "/locations"))
        return cairn_fail(err, CAIRN_DENIED, "It's not allowed to update locations: this cloud does not show them.");
    for (const char *at = path + 1; *at != '\0'; at++) {
        if (*at == '/')
            return cairn_fail(err, CAIRN_INVALID, "Invalid JSON pointer for this resource: '%.80s' has more than one part.", path);
        if (*at == '~' && at[1] != '0' && at[1] != '1')
            return cairn_fail(err, CAIRN_INVALID, "Invalid JSON pointer for this resource: in '%.80s' a '~' is not followed by 0 or 1.", path);
        if (*at == '~')
            str_add_c(&name, *++at == '1' ? '/' : '~');
        else
            str_add_c(&name, *at);
    }
    *ret = str_take(&name);
    return 0;
}

struct patch_op { const char *op, *path; const json_t *value; };

/* 2.1: {"op": "add", "path": "/x", "value": 1}; 2.0: {"add": "/x", "value": 1}. */
static int
read_op(const json_t *item, int old, struct patch_op *ret, struct cairn_error *err)
{
    static const char *const ops[] = { "add", "replace", "remove" };
    size_t i;

    if (!json_is_object(item))
        return cairn_fail(err, CAIRN_INVALID, "Operations must be JSON objects.");
    *ret = (struct patch_op){ .op = json_str(item, "op"), .path = json_str(item, "path"), .value = json_object_get(item, "value") };
    for (i = 0; i < ARRAY_LEN(ops); i++) {
        if (old && json_object_get(item, ops[i]) != NULL)
            *ret = (struct patch_op){ .op = ops[i], .path = json_str(item, ops[i]), .value = ret->value };
        if (ret->op != NULL && strcmp(ret->op, ops[i]) == 0)
            break;
    }
    if (i == ARRAY_LEN(ops))
        return cairn_fail(err, CAIRN_INVALID, "Operations must be add, replace or remove, not '%.40s'.", ret->op != NULL ? ret->op : "");
    if (strcmp(ret->op, "remove") != 0 && ret->value == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Operation \"%s\" requires a member named \"value\".", ret->op);
    return 0;
}

static int
apply_op(struct rest_call *call, json_t *doc, const struct patch_op *op, int old, struct cairn_error *err)
{
    CLEANUP_FREE char *name = NULL;
    int there;

    if (pointer_name(op->path, &name, err) < 0)
        return -1;
    if (strcmp(op->op, "remove") == 0)
        return document_remove(doc, name, err);
    there = image_field(name) != NULL || json_object_get(doc, name) != NULL;
    if (strcmp(op->op, "replace") == 0 && !there && !str_starts(name, "os_glance_"))
        return cairn_fail(err, CAIRN_CONFLICT, "Property %.80s does not exist.", name);
    if (strcmp(op->op, "add") == 0 && old && there && image_field(name) == NULL)
        return cairn_fail(err, CAIRN_CONFLICT, "Property %.80s already present.", name);
    return document_set(call, doc, name, op->value, err);
}

static int
patch_type(const struct rest_call *call, int *ret_old, struct cairn_error *err)
{
    const char *type = http_header(call->req, "Content-Type");
    size_t len = type != NULL ? strcspn(type, "; ") : 0;
    static const char v21[] = "application/openstack-images-v2.1-json-patch", v20[] = "application/openstack-images-v2.0-json-patch";

    *ret_old = type != NULL && len == sizeof v20 - 1 && strncasecmp(type, v20, len) == 0;
    if (*ret_old || (type != NULL && len == sizeof v21 - 1 && strncasecmp(type, v21, len) == 0))
        return 0;
    return cairn_fail_tag(err, CAIRN_INVALID, "415", "Unsupported Content-Type '%.80s': images are updated by %s.", type != NULL ? type : "", v21);
}

static int
image_patch(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *id = xstrdup(row_text(call->object, "id"));
    CLEANUP_JSON json_t *body = NULL;
    CLEANUP_JSON json_t *doc = NULL;
    struct patch_op op = { 0 };
    json_t *item;
    size_t i;
    int old;

    if (patch_type(call, &old, err) < 0 || parse(call, &body, err) < 0)
        return -1;
    if (!json_is_array(body) || json_array_size(body) > PATCH_OPS_MAX)
        return cairn_fail(err, CAIRN_INVALID, "Request body must be a JSON array of at most %d operation objects.", PATCH_OPS_MAX);
    if (document_load(call, &doc, err) < 0)
        return -1;
    json_array_foreach(body, i, item)
        if (read_op(item, old, &op, err) < 0 || apply_op(call, doc, &op, old, err) < 0)
            return -1;
    if (json_array_size(body) > 0 && document_update(call, id, doc, err) < 0)
        return -1;
    return rest_emit_object(call, &images_resource, NULL, id, err);
}

/* --- delete */

struct bytes { struct driver *store; char *handle; };

static void
bytes_free(void *arg)
{
    struct bytes *b = arg;

    driver_put(b->store);
    free(b->handle);
    free(b);
}

/* What cannot be deleted now is found by the reconciler, which knows that no image has these bytes. */
static void
bytes_delete(void *arg)
{
    struct bytes *b = arg;
    struct cairn_error err = CAIRN_ERROR_INIT;

    crash_here("image-delete:bytes");
    if (storage_image_delete(b->store, b->handle, &err) < 0)
        log_warn("the bytes %s of a deleted image stay in store '%s' for now: %s", b->handle, driver_instance(b->store), err.message);
}

int
image_drop(struct rest_call *call, const char *store, const char *handle, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *d = store != NULL && handle != NULL ? plugins_get(call->env->plugins, CAIRN_STORAGE, store) : NULL;
    CLEANUP_FREE char *note = NULL;
    struct bytes *b;

    if (d == NULL)
        return 0;
    if (rest_move(call, d, err) < 0)
        return -1;
    b = xcalloc(1, sizeof *b);
    b->store = steal(&d);
    b->handle = xstrdup(handle);
    note = xasprintf("image.bytes %s %s", store, handle);
    http_set_note(call->req, note, b, bytes_free);
    tx_on_commit(call->tx, bytes_delete, b);
    return 0;
}

/* All that call->object has: its bytes, their copies, and what is staged. */
static int
drop_all(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (image_drop(call, row_text(call->object, "store"), row_text(call->object, "handle"), err) < 0 ||
        image_drop(call, row_text(call->object, "staged_store"), row_text(call->object, "staged_handle"), err) < 0 ||
        tx_query(call->tx, &r, err, "select store, handle from image_copies where image_id = ?", "s", row_text(call->object, "id")) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        if (image_drop(call, row_text(r, "store"), row_text(r, "handle"), err) < 0)
            return -1;
    return rc;
}

static int
image_delete(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *id = xstrdup(row_text(call->object, "id"));

    if (row_int(call->object, "protected"))
        return cairn_fail(err, CAIRN_DENIED, "Image %s is protected and cannot be deleted.", id);
    if (drop_all(call, err) < 0 || task_cancel_object(call->tx, id, err) < 0)
        return -1;
    return tx_exec(call->tx, err, "delete from images where id = ?", "s", id);
}

/* --- deactivate, reactivate */

static int
change_status(struct rest_call *call, const char *from, const char *to, struct cairn_error *err)
{
    CLEANUP_FREE char *id = xstrdup(row_text(call->object, "id"));
    const char *status = row_text(call->object, "status");

    if (strcmp(status, to) == 0)
        return 0;
    if (strcmp(status, from) != 0)
        return cairn_fail(err, CAIRN_DENIED, "Image status transition from %s to %s is not allowed.", status, to);
    return tx_exec(call->tx, err, "update images set status = ?, updated_us = ? where id = ?", "sis", to, clock_us(), id);
}

static int
image_deactivate(struct rest_call *call, struct cairn_error *err)
{
    return change_status(call, "active", "deactivated", err);
}

static int
image_reactivate(struct rest_call *call, struct cairn_error *err)
{
    return change_status(call, "deactivated", "active", err);
}

const struct rest_route image_routes[] = {
    { .method = "POST", .path = "/v2/images", .rule = "add_image", .status = 201, .flags = REST_RAW, .handle = image_create },
    { .method = "PATCH", .path = "/v2/images/{image_id}", .rule = "modify_image", .status = 200, .flags = REST_RAW, .object = &images_resource,
      .handle = image_patch },
    { .method = "DELETE", .path = "/v2/images/{image_id}", .rule = "delete_image", .status = 204, .object = &images_resource, .handle = image_delete },
    { .method = "POST", .path = "/v2/images/{image_id}/actions/deactivate", .rule = "deactivate", .status = 204, .object = &images_resource,
      .handle = image_deactivate },
    { .method = "POST", .path = "/v2/images/{image_id}/actions/reactivate", .rule = "reactivate", .status = 204, .object = &images_resource,
      .handle = image_reactivate },
    { .method = NULL }
};
