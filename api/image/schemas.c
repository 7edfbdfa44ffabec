/* schemas.c: the schemas of metadata definitions and tasks, written from the tables that check bodies. */
#include <config.h>
#include "image/metadef.h"
#include "image/tasks.h"

#include <string.h>

static void write_attr(struct json_out *out, const char *key, const struct rest_attr *a);

static void
write_members(struct json_out *out, const struct rest_attr *attrs)
{
    int any = 0;

    if (strcmp(attrs->name, "*") == 0) {
        write_attr(out, "additionalProperties", attrs);
        return;
    }
    jo_bool(out, "additionalProperties", 0);
    for (const struct rest_attr *a = attrs; a->name != NULL; a++) {
        if ((a->flags & REST_REQUIRED) == 0)
            continue;
        if (!any++)
            jo_array(out, "required");
        jo_str(out, NULL, a->name);
    }
    if (any)
        jo_end_array(out);
    jo_object(out, "properties");
    for (const struct rest_attr *a = attrs; a->name != NULL; a++)
        write_attr(out, a->name, a);
    if (attrs == image_task_attrs)      /* "self" brings it along */
        write_attr(out, "schema", &(const struct rest_attr){ .type = REST_STRING, .flags = REST_READ });
    jo_end_object(out);
}

static void
write_type(struct json_out *out, const struct rest_attr *a, const char *type)
{
    if ((a->flags & REST_NULL) == 0) {
        jo_str(out, "type", type);
        return;
    }
    jo_array(out, "type");
    jo_str(out, NULL, "null");
    jo_str(out, NULL, type);
    jo_end_array(out);
}

static void
write_attr(struct json_out *out, const char *key, const struct rest_attr *a)
{
    jo_object(out, key);
    if (a->check == metadef_read_only || (a->flags & (REST_CREATE | REST_UPDATE | REST_READ)) == REST_READ)
        jo_bool(out, "readOnly", 1);
    switch (a->type) {
    case REST_STRING: case REST_TEXT: case REST_UUID: case REST_ID: case REST_TIME: case REST_IP: case REST_IPV4: case REST_IPV6: case REST_CIDR: case REST_MAC:
        write_type(out, a, "string");
        if (a->type == REST_TIME)
            jo_str(out, "format", "date-time");
        if (a->type == REST_STRING && a->max > 0)
            jo_int(out, "maxLength", a->max);
        break;
    case REST_ENUM:
        write_type(out, a, "string");
        jo_array(out, "enum");
        for (const char *const *c = a->choices; *c != NULL; c++)
            jo_str(out, NULL, *c);
        jo_end_array(out);
        break;
    case REST_INT:
        write_type(out, a, "integer");
        break;
    case REST_REAL:
        write_type(out, a, "number");
        break;
    case REST_BOOL:
        write_type(out, a, "boolean");
        break;
    case REST_OBJECT: case REST_MAP:
        write_type(out, a, "object");
        if (a->of != NULL)
            write_members(out, a->of);
        break;
    case REST_LIST:
        write_type(out, a, "array");
        if (a->of != NULL)
            write_attr(out, "items", a->of);
        break;
    case REST_JSON:                     /* anything, or what only the service writes */
        if (a->check == metadef_read_only)
            jo_str(out, "type", "string");
        break;
    }
    jo_end_object(out);
}

/* What GET /v2/schemas/... answers.  A list's schema wraps its item's: an array under the plural, or for properties an object by name. */
static const struct schema {
    const char *path, *name;
    const struct rest_attr *attrs;
    const char *list;                   /* NULL: of one thing */
    int keyed, paged;
} schemas[] = {
    { "metadefs/namespace",      "namespace",                  metadef_namespace_body,   NULL, 0, 0 },
    { "metadefs/namespaces",     "namespaces",                 metadef_namespace_body,   "namespaces", 0, 1 },
    { "metadefs/object",         "object",                     metadef_object_body,      NULL, 0, 0 },
    { "metadefs/objects",        "objects",                    metadef_object_body,      "objects", 0, 1 },
    { "metadefs/property",       "property",                   metadef_property_body,    NULL, 0, 0 },
    { "metadefs/properties",     "properties",                 metadef_property_body,    "properties", 1, 0 },
    { "metadefs/tag",            "tag",                        metadef_tag_body,         NULL, 0, 0 },
    { "metadefs/tags",           "tags",                       metadef_tag_body,         "tags", 0, 1 },
    { "metadefs/resource_type",  "resource_type_association",  metadef_association_body, NULL, 0, 0 },
    { "metadefs/resource_types", "resource_type_associations", metadef_association_body, "resource_type_associations", 0, 0 },
    { "task",                    "task",                       image_task_attrs,         NULL, 0, 0 },
    { "tasks",                   "tasks",                      image_task_attrs,         "tasks", 0, 1 },
};

static void
write_list(struct json_out *out, const struct schema *s)
{
    static const char *const pointers[] = { "schema", "first", "next" };

    jo_object(out, "properties");
    jo_object(out, s->list);
    jo_str(out, "type", s->keyed ? "object" : "array");
    jo_object(out, s->keyed ? "additionalProperties" : "items");
    jo_str(out, "type", "object");
    jo_str(out, "name", s[-1].name);
    write_members(out, s->attrs);
    jo_end_object(out);
    jo_end_object(out);
    for (size_t i = 0; s->paged && i < ARRAY_LEN(pointers); i++) {
        jo_object(out, pointers[i]);
        jo_str(out, "type", "string");
        jo_end_object(out);
    }
    jo_end_object(out);
    if (!s->paged)
        return;
    jo_array(out, "links");
    for (size_t i = 0; i < ARRAY_LEN(pointers); i++) {
        jo_object(out, NULL);
        jo_str(out, "rel", i == 0 ? "describedby" : pointers[i]);
        jo_strf(out, "href", "{%s}", pointers[i]);
        jo_end_object(out);
    }
    jo_end_array(out);
}

static int
schema_show(struct rest_call *call, struct cairn_error *err)
{
    const char *path = call->route->path + strlen("/v2/schemas/");
    const struct schema *s = schemas;

    (void)err;
    while (strcmp(s->path, path) != 0)
        s++;
    jo_object(call->out, NULL);
    jo_str(call->out, "name", s->name);
    if (s->list != NULL) {
        write_list(call->out, s);
    } else {
        jo_str(call->out, "type", "object");
        write_members(call->out, s->attrs);
    }
    jo_end_object(call->out);
    return 0;
}

#define SCHEMA(path_, rule_) { .method = "GET", .path = "/v2/schemas/" path_, .rule = (rule_), .status = 200, .flags = REST_NO_TX, .handle = schema_show }
const struct rest_route image_schema_routes[] = {
    SCHEMA("metadefs/namespace", "get_schema"),     SCHEMA("metadefs/namespaces", "get_schema"),
    SCHEMA("metadefs/object", "get_schema"),        SCHEMA("metadefs/objects", "get_schema"),
    SCHEMA("metadefs/property", "get_schema"),      SCHEMA("metadefs/properties", "get_schema"),
    SCHEMA("metadefs/tag", "get_schema"),           SCHEMA("metadefs/tags", "get_schema"),
    SCHEMA("metadefs/resource_type", "get_schema"), SCHEMA("metadefs/resource_types", "get_schema"),
    SCHEMA("task", "get_schema"),                   SCHEMA("tasks", "get_schema"),
    { .method = NULL }
};
