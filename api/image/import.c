/* import.c: POST .../import: staged bytes, bytes from the web, or copies in further stores become an image's, by a flow. */
#include <config.h>
#include "image/tasks.h"

#include <string.h>
#include "base/clock.h"
#include "flow/image.h"
#include "task/task.h"

const char *const image_import_methods[] = { "glance-direct", "web-download", "copy-image", NULL };

static const struct rest_attr method_body[] = {
    { .name = "name", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED },
    { .name = "uri",  .type = REST_TEXT,   .flags = REST_CREATE, .max = 2048 },
    { .name = "*",    .type = REST_JSON,   .flags = REST_CREATE },
    { .name = NULL }
};
static const struct rest_attr store_item[] = { { .name = "", .type = REST_STRING, .min = 1 }, { .name = NULL } };
static const struct rest_attr import_body[] = {
    { .name = "method",                  .type = REST_OBJECT, .flags = REST_CREATE | REST_REQUIRED, .of = method_body },
    { .name = "stores",                  .type = REST_LIST,   .flags = REST_CREATE, .of = store_item, .max = 100 },
    { .name = "all_stores",              .type = REST_BOOL,   .flags = REST_CREATE, .dflt = "false" },
    { .name = "all_stores_must_succeed", .type = REST_BOOL,   .flags = REST_CREATE, .dflt = "true" },
    { .name = NULL }
};

int
image_import_check(struct rest_call *call, const char *method, struct cairn_error *err)
{
    static const struct { const char *method, *status; } needs[] = { { "glance-direct", "uploading" }, { "web-download", "queued" }, { "copy-image", "active" } };
    const char *status = row_text(call->object, "status"), *id = row_text(call->object, "id");
    int64_t open;

    if (!image_is_choice(image_import_methods, method))
        return cairn_fail(err, CAIRN_INVALID, "Unknown import method name '%.60s'.", method);
    if (row_text(call->object, "disk_format") == NULL)
        return cairn_fail(err, CAIRN_INVALID, "'disk_format' needs to be set before import.");
    if (row_text(call->object, "container_format") == NULL)
        return cairn_fail(err, CAIRN_INVALID, "'container_format' needs to be set before import.");
    for (size_t i = 0; i < ARRAY_LEN(needs); i++)
        if (strcmp(needs[i].method, method) == 0 && strcmp(needs[i].status, status) != 0)
            return cairn_fail(err, CAIRN_CONFLICT, "Import method %s is for images of status '%s': image %s is '%s'.", method, needs[i].status, id, status);
    if (strcmp(method, "glance-direct") == 0 && row_text(call->object, "staged_handle") == NULL)
        return cairn_fail(err, CAIRN_CONFLICT, "The data of image %s are not staged yet.", id);
    if (task_open(call->tx, id, &open, err) < 0)
        return -1;
    return open == 0 ? 0 : cairn_fail(err, CAIRN_CONFLICT, "Image %s has an import under way.", id);
}

int
image_import_start(struct rest_call *call, const struct image_import *import, char ret_task[ID_UUID], struct cairn_error *err)
{
    CLEANUP_JSON json_t *payload = json_pack("{s:s, s:O, s:b}", "method", import->method, "stores", import->stores, "must", import->all_must_succeed);
    CLEANUP_FREE char *input = json_text(import->input);
    CLEANUP_FREE char *format = NULL;
    int64_t now = clock_us();
    const struct task_new task = { .kind = "image-import", .object_type = "image", .object_id = import->image_id, .payload = payload,
                                   .request_id = http_request_id(call->req), .project_id = call->auth->project_id, .user_id = call->auth->user_id };

    id_uuid(ret_task);
    json_object_set_new(payload, "task", json_string(ret_task));
    if (tx_text(call->tx, &format, err, "select disk_format from images where id = ?", "s", import->image_id) < 0)
        return -1;
    json_object_set_new(payload, "format", json_string(format));
    if (import->uri != NULL)
        json_object_set_new(payload, "uri", json_string(import->uri));
    if (import->sha512 != NULL)
        json_object_set_new(payload, "sha512", json_string(import->sha512));
    if (tx_exec(call->tx, err, "delete from image_tasks where expires_us < ?", "i", now) < 0)
        return -1;
    if (tx_exec(call->tx, err, "insert into image_tasks (id, type, status, owner, image_id, request_id, user_id, input, created_us, updated_us)"
                " values (?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?)", "sssssssii", ret_task, import->type, call->auth->project_id, import->image_id,
                http_request_id(call->req), call->auth->user_id, input, now, now) < 0)
        return -1;
    if (strcmp(import->method, "copy-image") != 0 &&
        tx_exec(call->tx, err, "update images set status = 'importing', updated_us = ? where id = ?", "is", now, import->image_id) < 0)
        return -1;
    if (image_set_stores(call->tx, import->image_id, import->stores, NULL, err) < 0)
        return -1;
    return task_add(call->tx, &task, NULL, err);
}

/* Where it shall be: what is asked for, all there are, X-Image-Meta-Store, or the default; in that order of the API. */
static int
targets(struct rest_call *call, json_t **ret, struct cairn_error *err)
{
    CLEANUP_JSON json_t *list = NULL;
    CLEANUP_DRIVER struct driver *first = NULL;
    const json_t *asked = rest_value(call, "stores");
    const char *header = http_header(call->req, "X-Image-Meta-Store");
    json_t *name;
    size_t i;

    if (rest_bool(call, "all_stores", 0)) {
        if (asked != NULL && json_array_size(asked) > 0)
            return cairn_fail(err, CAIRN_INVALID, "Only one of all_stores and stores may be given.");
        list = image_store_names(call->env);
    } else if (asked != NULL && json_array_size(asked) > 0) {
        list = json_copy((json_t *)(uintptr_t)asked);
    } else {
        if (image_store_open(call->env, header, &first, err) < 0)
            return -1;
        list = json_pack("[s]", driver_instance(first));
    }
    json_array_foreach(list, i, name) {
        CLEANUP_DRIVER struct driver *d = NULL;

        if (image_store_open(call->env, json_string_value(name), &d, err) < 0) {
            err->code = CAIRN_CONFLICT;
            return -1;
        }
        for (size_t k = 0; k < i; k++)
            if (json_equal(json_array_get(list, k), name))
                return cairn_fail(err, CAIRN_INVALID, "Store '%s' is named twice.", json_string_value(name));
    }
    *ret = steal(&list);
    return 0;
}

/* Those that do not have the image yet. */
static int
without_copies(struct rest_call *call, json_t *list, struct cairn_error *err)
{
    for (size_t i = json_array_size(list); i-- > 0; ) {
        const char *store = json_string_value(json_array_get(list, i));
        int64_t there;

        if (tx_int(call->tx, &there, 0, err, "select count(*) from image_copies where image_id = ? and store = ?", "ss", row_text(call->object, "id"), store) < 0)
            return -1;
        if (there == 0 && !str_eq(row_text(call->object, "store"), store))
            continue;
        if (!rest_bool(call, "all_stores", 0))
            return cairn_fail(err, CAIRN_CONFLICT, "Image %s is already present at store '%s'.", row_text(call->object, "id"), store);
        json_array_remove(list, i);
    }
    return 0;
}

static int
image_import(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *id = xstrdup(row_text(call->object, "id"));
    CLEANUP_JSON json_t *stores = NULL;
    CLEANUP_JSON json_t *input = NULL;
    const json_t *method = rest_value(call, "method");
    struct image_import import = { .type = "api_image_import", .image_id = id, .method = json_str(method, "name"), .uri = json_str(method, "uri"),
                                   .all_must_succeed = rest_bool(call, "all_stores_must_succeed", 1) };
    int copy = strcmp(import.method, "copy-image") == 0;
    char task[ID_UUID];

    if ((copy && rest_allow(call, "copy_image", err) < 0) || image_import_check(call, import.method, err) < 0 || targets(call, &stores, err) < 0 ||
        (copy && without_copies(call, stores, err) < 0))
        return -1;
    if (strcmp(import.method, "web-download") == 0 && image_uri_check(call->env->config, import.uri, err) < 0)
        return -1;
    if (image_quota(call, row_text(call->object, "owner"), "image_size_total", 0, err) < 0)
        return -1;
    input = json_pack("{s:s, s:O}", "image_id", id, "import_req", call->document);
    import.input = input;
    import.stores = stores;
    return image_import_start(call, &import, task, err);
}

const struct rest_route image_import_routes[] = {
    { .method = "POST", .path = "/v2/images/{image_id}/import", .rule = "import_image", .status = 202, .object = &images_resource, .body = import_body,
      .handle = image_import },
    { .method = NULL }
};
