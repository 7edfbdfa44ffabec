/* tasks.c: the resource "tasks", and the tasks of one image.  What a task does is the flow's business (flow/image_import.c). */
#include <config.h>
#include "image/tasks.h"

#include <string.h>
#include "base/clock.h"
#include "flow/image.h"

static const char *const types[] = { "api_image_import", "import", NULL };
static const char *const statuses[] = { "pending", "processing", "success", "failure", NULL };

static int
emit_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_strf(out, "self", "/v2/tasks/%s", row_text(row, "id"));
    jo_str(out, "schema", "/v2/schemas/task");
    return 0;
}

const struct rest_attr image_task_attrs[] = {
    { .name = "id",         .type = REST_UUID,   .flags = REST_READ | REST_SORT },
    { .name = "type",       .type = REST_ENUM,   .flags = REST_READ | REST_FILTER | REST_SORT, .choices = types },
    { .name = "status",     .type = REST_ENUM,   .flags = REST_READ | REST_FILTER | REST_SORT, .choices = statuses },
    { .name = "owner",      .type = REST_STRING, .flags = REST_READ | REST_FILTER },
    { .name = "image_id",   .type = REST_UUID,   .flags = REST_READ | REST_NULL },
    { .name = "request_id", .type = REST_STRING, .flags = REST_READ },
    { .name = "user_id",    .type = REST_STRING, .flags = REST_READ },
    { .name = "input",      .type = REST_JSON,   .flags = REST_READ | REST_DETAIL },
    { .name = "result",     .type = REST_JSON,   .flags = REST_READ | REST_DETAIL | REST_NULL },
    { .name = "message",    .type = REST_STRING, .flags = REST_READ | REST_DETAIL },
    { .name = "expires_at", .column = "t.expires_us", .type = REST_TIME, .flags = REST_READ | REST_NULL },
    { .name = "created_at", .column = "t.created_us", .type = REST_TIME, .flags = REST_READ | REST_SORT },
    { .name = "updated_at", .column = "t.updated_us", .type = REST_TIME, .flags = REST_READ | REST_SORT },
    { .name = "self",       .type = REST_STRING, .flags = REST_READ | REST_NO_COLUMN, .emit = emit_links },
    { .name = NULL }
};

const struct rest_resource image_tasks_resource = {
    .name = "task", .plural = "tasks", .noun = "task",
    .path = "/v2/tasks", .table = "image_tasks",
    .owner_column = "t.owner", .admin_all = 1,
    .attrs = image_task_attrs,
    .ops = REST_LIST_OP | REST_SHOW_OP,
    .rules = { .list = "tasks_api_access", .show = "tasks_api_access" },
    .default_sort = "t.created_us desc, t.id desc",
};

/* --- GET /v2/images/{image_id}/tasks */

static void
emit_task(struct json_out *out, struct rows *r)
{
    static const char *const texts[] = { "id", "type", "status", "owner", "image_id", "request_id", "user_id", "message" };
    char created[CLOCK_TEXT], updated[CLOCK_TEXT], expires[CLOCK_TEXT];

    jo_object(out, NULL);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        jo_str(out, texts[i], row_text(r, texts[i]));
    jo_raw(out, "input", row_text(r, "input"));
    jo_raw(out, "result", row_text(r, "result"));
    jo_str(out, "expires_at", row_null(r, "expires_us") ? NULL : clock_format(row_int(r, "expires_us"), CLOCK_Z, expires));
    jo_str(out, "created_at", clock_format(row_int(r, "created_us"), CLOCK_Z, created));
    jo_str(out, "updated_at", clock_format(row_int(r, "updated_us"), CLOCK_Z, updated));
    jo_end_object(out);
}

static int
image_tasks(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(call->tx, &r, err, "select id, type, status, owner, image_id, request_id, user_id, message, input, result, created_us, updated_us, expires_us"
                 " from image_tasks where image_id = ? order by created_us", "s", row_text(call->object, "id")) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "tasks");
    while ((rc = rows_next(r, err)) == 1)
        emit_task(call->out, r);
    jo_end_array(call->out);
    jo_end_object(call->out);
    return rc;
}

/* --- POST /v2/tasks: an image and its import at once */

static const struct rest_attr input_body[] = {
    { .name = "import_from",        .type = REST_TEXT,   .flags = REST_CREATE | REST_REQUIRED, .max = 2048 },
    { .name = "import_from_format", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED },
    { .name = "image_properties",   .type = REST_JSON,   .flags = REST_CREATE | REST_REQUIRED },
    { .name = NULL }
};
static const char *const wanted_types[] = { "import", NULL };
static const struct rest_attr task_body[] = {
    { .name = "type",  .type = REST_ENUM,   .flags = REST_CREATE | REST_REQUIRED, .choices = wanted_types },
    { .name = "input", .type = REST_OBJECT, .flags = REST_CREATE | REST_REQUIRED, .of = input_body },
    { .name = NULL }
};

static int
new_image(struct rest_call *call, const json_t *input, char id[ID_UUID], struct cairn_error *err)
{
    CLEANUP_JSON json_t *doc = document_new();
    CLEANUP_JSON json_t *format = json_copy(json_object_get(input, "import_from_format"));
    CLEANUP_JSON json_t *bare = json_string("bare");
    const json_t *properties = json_object_get(input, "image_properties");
    const char *name;
    json_t *value;

    if (!json_is_object(properties))
        return cairn_fail(err, CAIRN_INVALID, "image_properties is an object.");
    json_object_set_new(doc, "owner", json_string(call->auth->project_id));
    if (document_set(call, doc, "disk_format", format, err) < 0 || document_set(call, doc, "container_format", bare, err) < 0)
        return -1;
    json_object_foreach((json_t *)(uintptr_t)properties, name, value)
        if (document_set(call, doc, name, value, err) < 0)
            return -1;
    id_uuid(id);
    if (image_quota(call, call->auth->project_id, "image_count_total", 1, err) < 0)
        return -1;
    return document_insert(call, id, doc, err);
}

static int
task_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *store = NULL;
    CLEANUP_JSON json_t *stores = NULL;
    const json_t *input = rest_value(call, "input");
    char id[ID_UUID], task[ID_UUID];
    struct image_import import = { .type = "import", .image_id = id, .method = "web-download", .uri = json_str(input, "import_from"), .input = input,
                                   .all_must_succeed = 1 };

    if (image_uri_check(call->env->config, import.uri, err) < 0 || image_store_open(call->env, NULL, &store, err) < 0 || new_image(call, input, id, err) < 0)
        return -1;
    stores = json_pack("[s]", driver_instance(store));
    import.stores = stores;
    return image_import_start(call, &import, task, err) < 0 ? -1 : rest_emit_object(call, &image_tasks_resource, NULL, task, err);
}

/* Only what has ended can be forgotten. */
static int
task_delete(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *id = xstrdup(row_text(call->object, "id"));
    const char *status = row_text(call->object, "status");

    if (strcmp(status, "success") != 0 && strcmp(status, "failure") != 0)
        return cairn_fail(err, CAIRN_CONFLICT, "Task %s is %s: it can be deleted once it has ended.", id, status);
    return tx_exec(call->tx, err, "delete from image_tasks where id = ?", "s", id);
}

const struct rest_route image_task_routes[] = {
    { .method = "POST", .path = "/v2/tasks", .rule = "tasks_api_access", .status = 201, .body = task_body, .handle = task_create },
    { .method = "DELETE", .path = "/v2/tasks/{task_id}", .rule = "tasks_api_access", .status = 204, .object = &image_tasks_resource, .handle = task_delete },
    { .method = "GET", .path = "/v2/images/{image_id}/tasks", .rule = "get_image_tasks", .status = 200, .object = &images_resource, .handle = image_tasks },
    { .method = NULL }
};
