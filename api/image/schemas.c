/* schemas.c: what an image and a member look like, for clients that ask before they speak. */
#include "config.h"

#include <string.h>

#include "image/private.h"

struct property { const char *name, *type; int null, read_only; };
static const struct property image_properties[] = {
    { "id", "string", 0, 0 }, { "name", "string", 1, 0 }, { "status", "string", 0, 1 }, { "visibility", "string", 0, 0 }, { "protected", "boolean", 0, 0 },
    { "os_hidden", "boolean", 0, 0 }, { "checksum", "string", 1, 1 }, { "os_hash_algo", "string", 1, 1 }, { "os_hash_value", "string", 1, 1 },
    { "owner", "string", 1, 0 }, { "size", "integer", 1, 1 }, { "virtual_size", "integer", 1, 1 }, { "container_format", "string", 1, 0 },
    { "disk_format", "string", 1, 0 }, { "created_at", "string", 0, 1 }, { "updated_at", "string", 0, 1 }, { "tags", "array", 0, 0 },
    { "min_ram", "integer", 0, 0 }, { "min_disk", "integer", 0, 0 }, { "self", "string", 0, 1 }, { "file", "string", 0, 1 }, { "schema", "string", 0, 1 },
    { NULL, NULL, 0, 0 },
};
static const struct property member_properties[] = {
    { "member_id", "string", 0, 0 }, { "image_id", "string", 0, 0 }, { "created_at", "string", 0, 1 }, { "updated_at", "string", 0, 1 },
    { "status", "string", 0, 0 }, { "schema", "string", 0, 1 }, { NULL, NULL, 0, 0 },
};

static void
write_schema(struct json_out *o, const char *key, const char *name, const struct property *p, int open)
{
    jo_object(o, key);
    jo_str(o, "name", name);
    jo_object(o, "properties");
    for (; p->name != NULL; p++) {
        jo_object(o, p->name);
        if (p->null) {
            jo_array(o, "type");
            jo_str(o, NULL, "null");
            jo_str(o, NULL, p->type);
            jo_end_array(o);
        } else {
            jo_str(o, "type", p->type);
        }
        if (p->read_only)
            jo_bool(o, "readOnly", 1);
        jo_end_object(o);
    }
    jo_end_object(o);
    if (open) {
        jo_object(o, "additionalProperties");
        jo_str(o, "type", "string");
        jo_end_object(o);
    }
    jo_end_object(o);
}

static int
schema_list(struct rest_call *call, const char *plural, const char *name, const struct property *p, int open)
{
    struct json_out *o = call->out;

    jo_object(o, NULL);
    jo_str(o, "name", plural);
    jo_object(o, "properties");
    jo_object(o, plural);
    jo_str(o, "type", "array");
    write_schema(o, "items", name, p, open);
    jo_end_object(o);
    jo_object(o, "schema");
    jo_str(o, "type", "string");
    jo_end_object(o);
    jo_end_object(o);
    jo_end_object(o);
    return 0;
}

static int
show_image(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    write_schema(call->out, NULL, "image", image_properties, 1);
    return 0;
}

static int
show_member(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    write_schema(call->out, NULL, "member", member_properties, 0);
    return 0;
}

static int show_images(struct rest_call *call, struct cairn_error *err) { (void)err; return schema_list(call, "images", "image", image_properties, 1); }
static int show_members(struct rest_call *call, struct cairn_error *err) { (void)err; return schema_list(call, "members", "member", member_properties, 0); }

#define SCHEMA .method = "GET", .rule = "get_schemas", .status = 200, .flags = REST_NO_TX
const struct rest_route image_schema_routes[] = {
    { SCHEMA, .path = "/v2/schemas/image", .handle = show_image },
    { SCHEMA, .path = "/v2/schemas/images", .handle = show_images },
    { SCHEMA, .path = "/v2/schemas/member", .handle = show_member },
    { SCHEMA, .path = "/v2/schemas/members", .handle = show_members },
    { .method = NULL },
};
