/* discovery.c: what clients ask first: the versions, and the schemas, which are written from the table of fields. */
#include <config.h>
#include "image/private.h"

#include <string.h>

/* Newest first.  2.6: import; 2.8: several stores; 2.10: deleting from one; 2.12: the tasks of an image; 2.13: usage; 2.15: stores
 * in detail; 2.17: locations.  2.14, 2.16 and 2.18 are the cache, which this cloud does not have. */
#define OLDER(v) { v, "SUPPORTED", .path = "/v2" }
const struct rest_release image_releases[] = {
    { "v2.17", "CURRENT", .path = "/v2" }, OLDER("v2.15"), OLDER("v2.13"), OLDER("v2.12"), OLDER("v2.11"), OLDER("v2.10"), OLDER("v2.9"), OLDER("v2.8"), OLDER("v2.7"), OLDER("v2.6"), OLDER("v2.5"),
    OLDER("v2.4"), OLDER("v2.3"), OLDER("v2.2"), OLDER("v2.1"), OLDER("v2.0"), { 0 },
};

/* --- schemas */

static void
write_type(struct json_out *out, const char *type, int nullable)
{
    if (!nullable) {
        jo_str(out, "type", type);
        return;
    }
    jo_array(out, "type");
    jo_str(out, NULL, "null");
    jo_str(out, NULL, type);
    jo_end_array(out);
}

static void
write_choices(struct json_out *out, const struct image_field *f)
{
    jo_array(out, "enum");
    if (f->nullable)
        jo_null(out, NULL);
    for (size_t i = 0; f->choices[i] != NULL; i++)
        jo_str(out, NULL, f->choices[i]);
    jo_end_array(out);
}

static void
write_field(struct json_out *out, const struct image_field *f)
{
    jo_object(out, f->name);
    jo_str(out, "description", f->help);
    if (f->access == FIELD_READ_ONLY || f->access == FIELD_RESERVED)
        jo_bool(out, "readOnly", 1);
    switch (f->kind) {
    case FIELD_UUID:
        jo_str(out, "pattern", "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$");
        write_type(out, "string", 0);
        break;
    case FIELD_TEXT: case FIELD_TIME:
        write_type(out, "string", f->nullable);
        if (f->max > 0)
            jo_int(out, "maxLength", f->max);
        break;
    case FIELD_ENUM:
        write_type(out, "string", f->nullable);
        write_choices(out, f);
        break;
    case FIELD_INT:
        write_type(out, "integer", f->nullable);
        break;
    case FIELD_BOOL:
        write_type(out, "boolean", 0);
        break;
    case FIELD_TAGS:
        write_type(out, "array", 0);
        jo_object(out, "items");
        jo_str(out, "type", "string");
        jo_int(out, "maxLength", f->max);
        jo_end_object(out);
        break;
    }
    jo_end_object(out);
}

static void
write_link(struct json_out *out, const char *rel, const char *href)
{
    jo_object(out, NULL);
    jo_str(out, "rel", rel);
    jo_str(out, "href", href);
    jo_end_object(out);
}

static void
write_image(struct json_out *out, const char *key)
{
    jo_object(out, key);
    jo_str(out, "name", "image");
    jo_object(out, "properties");
    for (const struct image_field *f = image_fields; f->name != NULL; f++)
        if (f->column != NULL || f->kind == FIELD_TAGS || strcmp(f->name, "self") == 0 || strcmp(f->name, "file") == 0 || strcmp(f->name, "stores") == 0 || strcmp(f->name, "schema") == 0)
            write_field(out, f);
    jo_end_object(out);
    jo_object(out, "additionalProperties");
    jo_str(out, "type", "string");
    jo_end_object(out);
    jo_array(out, "links");
    write_link(out, "self", "{self}");
    write_link(out, "enclosure", "{file}");
    write_link(out, "describedby", "{schema}");
    jo_end_array(out);
    jo_end_object(out);
}

static void
write_member(struct json_out *out, const char *key)
{
    static const char *const texts[] = { "member_id", "image_id", "created_at", "updated_at", "schema" };

    jo_object(out, key);
    jo_str(out, "name", "member");
    jo_object(out, "properties");
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        jo_object(out, texts[i]);
        jo_str(out, "type", "string");
        if (i >= 2)
            jo_bool(out, "readOnly", 1);
        jo_end_object(out);
    }
    jo_object(out, "status");
    jo_str(out, "type", "string");
    jo_array(out, "enum");
    for (size_t i = 0; image_member_statuses[i] != NULL; i++)
        jo_str(out, NULL, image_member_statuses[i]);
    jo_end_array(out);
    jo_end_object(out);
    jo_end_object(out);
    jo_end_object(out);
}

/* A page of them: {"images": [...], "first": ..., "next": ..., "schema": ...}. */
static void
write_list(struct json_out *out, const char *plural, void (*item)(struct json_out *out, const char *key), int paged)
{
    static const char *const pointers[] = { "schema", "first", "next" };

    jo_object(out, NULL);
    jo_str(out, "name", plural);
    jo_object(out, "properties");
    jo_object(out, plural);
    jo_str(out, "type", "array");
    item(out, "items");
    jo_end_object(out);
    for (size_t i = 0; i < (paged ? ARRAY_LEN(pointers) : 1); i++) {
        jo_object(out, pointers[i]);
        jo_str(out, "type", "string");
        jo_end_object(out);
    }
    jo_end_object(out);
    jo_array(out, "links");
    if (paged) {
        write_link(out, "first", "{first}");
        write_link(out, "next", "{next}");
    }
    write_link(out, "describedby", "{schema}");
    jo_end_array(out);
    jo_end_object(out);
}

static int
schema_image(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    write_image(call->out, NULL);
    return 0;
}

static int
schema_images(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    write_list(call->out, "images", write_image, 1);
    return 0;
}

static int
schema_member(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    write_member(call->out, NULL);
    return 0;
}

static int
schema_members(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    write_list(call->out, "members", write_member, 0);
    return 0;
}

const struct rest_route image_discovery_routes[] = {
    { .method = "GET", .path = "/", .status = 300, .flags = REST_DISCOVERY, .handle = rest_releases },
    { .method = "GET", .path = "/versions", .status = 200, .flags = REST_DISCOVERY, .handle = rest_releases },
    { .method = "GET", .path = "/v2/schemas/image", .rule = "get_schema", .status = 200, .flags = REST_NO_TX, .handle = schema_image },
    { .method = "GET", .path = "/v2/schemas/images", .rule = "get_schema", .status = 200, .flags = REST_NO_TX, .handle = schema_images },
    { .method = "GET", .path = "/v2/schemas/member", .rule = "get_schema", .status = 200, .flags = REST_NO_TX, .handle = schema_member },
    { .method = "GET", .path = "/v2/schemas/members", .rule = "get_schema", .status = 200, .flags = REST_NO_TX, .handle = schema_members },
    { .method = NULL }
};
