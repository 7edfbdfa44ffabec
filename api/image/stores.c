/* stores.c: the stores that images can be in: which there are, which is meant, and taking an image out of one. */
#include <config.h>
#define LOG_MODULE "image"
#include "image/private.h"

#include <string.h>
#include "base/log.h"
#include "plugin/storage.h"

static int
keeps_images(struct driver *d)
{
    return (driver_capabilities(d) & CAIRN_STORAGE_CAN_IMAGES) != 0;
}

static int
first_store(void *arg, struct driver *d)
{
    struct driver **ret = arg;

    if (!keeps_images(d))
        return 0;
    *ret = driver_ref(d);
    return 1;
}

/* [host] image_store, else the first storage instance that keeps images. */
static struct driver *
default_store(const struct rest_env *env)
{
    const char *named = config_string(env->config, "host", "image_store");
    struct driver *d = NULL;

    if (named != NULL && named[0] != '\0')
        return plugins_get(env->plugins, CAIRN_STORAGE, named);
    plugins_each(env->plugins, CAIRN_STORAGE, first_store, &d);
    return d;
}

int
image_store_open(const struct rest_env *env, const char *name, struct driver **ret, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *d = name != NULL ? plugins_get(env->plugins, CAIRN_STORAGE, name) : default_store(env);

    if (name != NULL && (d == NULL || !keeps_images(d)))
        return cairn_fail(err, CAIRN_INVALID, "There is no store '%.80s': GET /v2/info/stores lists those that there are.", name);
    if (d == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "there is no storage instance for images");
    *ret = steal(&d);
    return 0;
}

static int
add_name(void *arg, struct driver *d)
{
    if (keeps_images(d))
        json_array_append_new(arg, json_string(driver_instance(d)));
    return 0;
}

json_t *
image_store_names(const struct rest_env *env)
{
    json_t *names = json_array();

    plugins_each(env->plugins, CAIRN_STORAGE, add_name, names);
    return names;
}

void
image_store_headers(struct rest_call *call)
{
    CLEANUP_JSON json_t *names = image_store_names(call->env);
    CLEANUP_STR struct str list = STR_INIT;
    json_t *name;
    size_t i;

    json_array_foreach(names, i, name)
        str_addf(&list, "%s%s", i > 0 ? "," : "", json_string_value(name));
    rest_header(call, "OpenStack-image-store-ids", list.text != NULL ? list.text : "");
    list.len = 0;
    for (const char *const *m = image_import_methods; *m != NULL; m++)
        str_addf(&list, "%s%s", list.len > 0 ? "," : "", *m);
    rest_header(call, "OpenStack-image-import-methods", list.text);
}

/* --- GET /v2/info/... */

static int
info_import(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    jo_object(call->out, NULL);
    jo_object(call->out, "import-methods");
    jo_str(call->out, "description", "Import methods available.");
    jo_str(call->out, "type", "array");
    jo_array(call->out, "value");
    for (const char *const *m = image_import_methods; *m != NULL; m++)
        jo_str(call->out, NULL, *m);
    jo_end_array(call->out);
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

struct listing { struct json_out *out; const char *first; int detail; };

static int
emit_store(void *arg, struct driver *d)
{
    struct listing *l = arg;
    const struct cairn_driver *table = driver_table(d);

    if (!keeps_images(d))
        return 0;
    jo_object(l->out, NULL);
    jo_str(l->out, "id", driver_instance(d));
    jo_str(l->out, "description", table->description != NULL ? table->description : "");
    if (str_eq(driver_instance(d), l->first))
        jo_str(l->out, "default", "true");
    if (l->detail) {
        jo_str(l->out, "type", table->name);
        jo_int(l->out, "weight", 0);
        jo_object(l->out, "properties");
        jo_end_object(l->out);
    }
    jo_end_object(l->out);
    return 0;
}

static int
list_stores(struct rest_call *call, int detail)
{
    CLEANUP_DRIVER struct driver *first = default_store(call->env);
    struct listing l = { call->out, first != NULL ? driver_instance(first) : NULL, detail };

    jo_object(call->out, NULL);
    jo_array(call->out, "stores");
    plugins_each(call->env->plugins, CAIRN_STORAGE, emit_store, &l);
    jo_end_array(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
info_stores(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    return list_stores(call, 0);
}

static int
info_stores_detail(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    return list_stores(call, 1);
}

/* --- DELETE /v2/stores/{store}/{image}: the first copy takes the place of the bytes that go */

static int
promote_copy(struct tx *tx, const char *id, struct cairn_error *err)
{
    if (tx_exec(tx, err, "update images set (store, handle) = (select store, handle from image_copies c where c.image_id = images.id order by store limit 1)"
                " where id = ?", "s", id) < 0)
        return -1;
    return tx_exec(tx, err, "delete from image_copies where image_id = ? and store = (select store from images where id = ?)", "ss", id, id);
}

static int
store_delete(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *first = NULL;
    CLEANUP_FREE char *handle = NULL;
    const char *store = rest_param(call, "store_id");
    int64_t copies;

    if (rest_load(call, &images_resource, rest_param(call, "image_id"), &call->object, err) < 0)
        return -1;
    id = xstrdup(row_text(call->object, "id"));
    first = xstrdup(row_text(call->object, "store"));
    if (strcmp(row_text(call->object, "status"), "active") != 0)
        return cairn_fail(err, CAIRN_CONFLICT, "Image %s is not active: its data cannot be deleted from one store.", id);
    if (row_int(call->object, "protected"))
        return cairn_fail(err, CAIRN_DENIED, "Image %s is protected and cannot be deleted.", id);
    if (tx_int(call->tx, &copies, 0, err, "select count(*) from image_copies where image_id = ?", "s", id) < 0)
        return -1;
    if (str_eq(first, store)) {
        if (copies == 0)
            return cairn_fail(err, CAIRN_DENIED, "Image %s is in store '%s' alone: delete the image instead.", id, store);
        handle = xstrdup(row_text(call->object, "handle"));
        if (promote_copy(call->tx, id, err) < 0)
            return -1;
    } else {
        if (tx_text(call->tx, &handle, err, "select handle from image_copies where image_id = ? and store = ?", "ss", id, store) < 0)
            return -1;
        if (handle == NULL)
            return cairn_fail(err, CAIRN_NOT_FOUND, "Image %s is not in a store '%.80s'.", id, store);
        if (tx_exec(call->tx, err, "delete from image_copies where image_id = ? and store = ?", "ss", id, store) < 0)
            return -1;
    }
    return image_drop(call, store, handle, err) < 0 ? -1 : image_touch(call->tx, id, err);
}

const struct rest_route image_store_routes[] = {
    { .method = "GET", .path = "/v2/info/import", .rule = "get_import_info", .status = 200, .flags = REST_NO_TX, .handle = info_import },
    { .method = "GET", .path = "/v2/info/stores", .rule = "get_stores_info", .status = 200, .flags = REST_NO_TX, .handle = info_stores },
    { .method = "GET", .path = "/v2/info/stores/detail", .rule = "stores_info_detail", .status = 200, .flags = REST_NO_TX, .handle = info_stores_detail },
    { .method = "DELETE", .path = "/v2/stores/{store_id}/{image_id}", .rule = "delete_image_location", .status = 204, .handle = store_delete },
    { .method = NULL }
};
