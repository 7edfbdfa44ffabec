/* patch.c: PATCH of an image: a list of operations on paths (application/openstack-images-v2.1-json-patch). */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "image/private.h"

#define OPERATIONS_MAX 200

/* "/a~1b" -> "a/b"; only one level, but for tags. */
static int
pointer(const char *path, char *buf, size_t size, struct cairn_error *err)
{
    size_t n = 0;

    if (path == NULL || path[0] != '/' || path[1] == '\0')
        return cairn_fail(err, CAIRN_INVALID, "Pointer '%.64s' does not start with '/' or names nothing.", path != NULL ? path : "");
    for (const char *c = path + 1; *c != '\0'; c++) {
        char out = *c;

        if (*c == '~') {
            c++;
            if (*c != '0' && *c != '1')
                return cairn_fail(err, CAIRN_INVALID, "Pointer '%.64s' contains '~' that is not part of a recognized escape sequence.", path);
            out = *c == '0' ? '~' : '/';
        } else if (*c == '/') {
            return cairn_fail(err, CAIRN_INVALID, "Invalid JSON pointer '%.64s': one level is allowed.", path);
        }
        if (n + 1 >= size)
            return cairn_fail(err, CAIRN_INVALID, "Pointer '%.64s...' is too long.", path);
        buf[n++] = out;
    }
    buf[n] = '\0';
    return 0;
}

static int
property_there(struct rest_call *call, const char *id, const char *name, int64_t *ret, struct cairn_error *err)
{
    return tx_int(call->tx, ret, 0, err, "select count(*) from image_properties where image_id = ? and name = ?", "ss", id, name);
}

/* v2.1: {"op", "path", "value"}; v2.0: {"add": path, "value"}. */
static int
apply(struct rest_call *call, const char *id, const json_t *item, struct cairn_error *err)
{
    static const char *const ops[] = { "add", "replace", "remove" };
    const char *op = json_str(item, "op"), *path = json_str(item, "path");
    const json_t *value = json_object_get(item, "value");
    char name[1024];
    int64_t there = 1;

    for (size_t i = 0; op == NULL && i < ARRAY_LEN(ops); i++)
        if (json_object_get(item, ops[i]) != NULL) {
            op = ops[i];
            path = json_str(item, op);
        }
    if (op == NULL || (strcmp(op, "add") != 0 && strcmp(op, "replace") != 0 && strcmp(op, "remove") != 0))
        return cairn_fail(err, CAIRN_INVALID, "Operations must be one of add, replace, remove: '%.32s'", op != NULL ? op : "");
    if (pointer(path, name, sizeof name, err) < 0)
        return -1;
    if (strcmp(op, "remove") != 0 && value == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Operation \"%s\" requires a member named \"value\".", op);
    if (!image_is_base(name) && !image_is_reserved(name) && strcmp(op, "add") != 0 && property_there(call, id, name, &there, err) < 0)
        return -1;
    if (!there)
        return cairn_fail(err, CAIRN_CONFLICT, "Property %.255s does not exist.", name);
    return image_set(call, id, name, strcmp(op, "remove") == 0 ? NULL : value, 0, err);
}

int
image_patch(struct rest_call *call, struct cairn_error *err)
{
    const char *type = http_header(call->req, "Content-Type"), *id = rest_param(call, "id");
    CLEANUP_JSON json_t *list = NULL;
    const json_t *item;
    const char *text;
    size_t len, i;

    if (type == NULL || (!str_starts(type, "application/openstack-images-v2.1-json-patch") && !str_starts(type, "application/openstack-images-v2.0-json-patch")))
        return cairn_fail_tag(err, CAIRN_INVALID, "MediaType", "Accept-Patch: application/openstack-images-v2.1-json-patch, not '%.64s'", type != NULL ? type : "");
    if (!image_mine(call, call->object))
        return cairn_fail(err, CAIRN_DENIED, "You are not permitted to modify this image.");
    text = rest_raw(call, &len);
    if (json_parse(text, len, &list, err) < 0)
        return -1;
    if (!json_is_array(list) || json_array_size(list) > OPERATIONS_MAX)
        return cairn_fail(err, CAIRN_INVALID, "Request body must be a JSON array of at most %d operation objects.", OPERATIONS_MAX);
    json_array_foreach(list, i, item) {
        if (!json_is_object(item))
            return cairn_fail(err, CAIRN_INVALID, "Operations must be JSON objects.");
        if (apply(call, id, item, err) < 0)
            return -1;
    }
    if (image_touch(call->tx, id, err) < 0)
        return -1;
    return image_reply(call, id, err);
}
