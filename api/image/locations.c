/* locations.c: where an image's bytes are, and taking over those that a URI names. */
#include <config.h>
#include "image/tasks.h"

#include <string.h>
#include "flow/image.h"

static int
emit_locations(struct rest_call *call, const char *id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(call->tx, &r, err, "select store, handle from images where id = ? and store is not null union all select store, handle from image_copies"
                 " where image_id = ? order by 1", "ss", id, id) < 0)
        return -1;
    jo_array(call->out, NULL);
    while ((rc = rows_next(r, err)) == 1) {
        jo_object(call->out, NULL);
        jo_strf(call->out, "url", "cairn://%s/%s", row_text(r, "store"), row_text(r, "handle"));
        jo_object(call->out, "metadata");
        jo_str(call->out, "store", row_text(r, "store"));
        jo_end_object(call->out);
        jo_end_object(call->out);
    }
    jo_end_array(call->out);
    return rc;
}

static int
locations_get(struct rest_call *call, struct cairn_error *err)
{
    return emit_locations(call, row_text(call->object, "id"), err);
}

static const struct rest_attr validation_body[] = {
    { .name = "os_hash_algo",  .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .max = 64 },
    { .name = "os_hash_value", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .max = 128 },
    { .name = NULL }
};
static const struct rest_attr location_body[] = {
    { .name = "url",             .type = REST_TEXT,   .flags = REST_CREATE | REST_REQUIRED, .max = 2048 },
    { .name = "validation_data", .type = REST_OBJECT, .flags = REST_CREATE, .of = validation_body },
    { .name = "metadata",        .type = REST_JSON,   .flags = REST_CREATE },
    { .name = NULL }
};

/* What the URI names is fetched as web-download does it; the image becomes active when it is here and has the hash that was promised. */
static int
location_add(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *id = xstrdup(row_text(call->object, "id"));
    CLEANUP_DRIVER struct driver *store = NULL;
    CLEANUP_JSON json_t *stores = NULL;
    CLEANUP_JSON json_t *input = NULL;
    const json_t *promise = rest_value(call, "validation_data");
    struct image_import import = { .type = "api_image_import", .image_id = id, .method = "web-download", .uri = rest_str(call, "url"), .all_must_succeed = 1 };
    char task[ID_UUID];

    if (promise != NULL) {
        import.sha512 = json_str(promise, "os_hash_value");
        if (strcmp(json_str(promise, "os_hash_algo"), "sha512") != 0 || strlen(import.sha512) != 128 || strspn(import.sha512, "0123456789abcdef") != 128)
            return cairn_fail(err, CAIRN_INVALID, "validation_data is for os_hash_algo sha512 and 128 lower case hexadecimal digits.");
    }
    if (image_import_check(call, import.method, err) < 0 || image_uri_check(call->env->config, import.uri, err) < 0 ||
        image_store_open(call->env, NULL, &store, err) < 0)
        return -1;
    stores = json_pack("[s]", driver_instance(store));
    input = json_pack("{s:s, s:O}", "image_id", id, "location", call->document);
    import.stores = stores;
    import.input = input;
    if (image_import_start(call, &import, task, err) < 0)
        return -1;
    jo_array(call->out, NULL);
    jo_object(call->out, NULL);
    jo_str(call->out, "url", import.uri);
    jo_object(call->out, "metadata");
    jo_end_object(call->out);
    jo_end_object(call->out);
    jo_end_array(call->out);
    return 0;
}

const struct rest_route image_location_routes[] = {
    { .method = "GET", .path = "/v2/images/{image_id}/locations", .rule = "fetch_image_location", .status = 200, .object = &images_resource,
      .handle = locations_get },
    { .method = "POST", .path = "/v2/images/{image_id}/locations", .rule = "add_image_location", .status = 200, .object = &images_resource,
      .body = location_body, .handle = location_add },
    { .method = NULL }
};
