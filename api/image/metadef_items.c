/* metadef_items.c: objects, properties and tags of metadata definition namespaces: three kinds of named JSON, one set of handlers. */
#include <config.h>
#include "image/metadef.h"

#include <string.h>
#include "base/clock.h"

/* --- what may stand in them: a subset of JSON schema */

static const char *const types[] = { "array", "boolean", "integer", "number", "object", "string", NULL };
static const struct rest_attr text_item[] = { { .name = "", .type = REST_STRING, .max = 255 }, { .name = NULL } };
static const struct rest_attr any_item[] = { { .name = "", .type = REST_JSON }, { .name = NULL } };
static const struct rest_attr items_body[] = {
    { .name = "type", .type = REST_ENUM, .flags = REST_CREATE, .choices = types },
    { .name = "enum", .type = REST_LIST, .flags = REST_CREATE, .of = any_item, .max = 1000 },
    { .name = NULL }
};

#define PROPERTY_VALUE                                                                                                    \
    { .name = "title",           .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .max = 255 },                 \
    { .name = "type",            .type = REST_ENUM,   .flags = REST_CREATE | REST_REQUIRED, .choices = types },           \
    { .name = "description",     .type = REST_TEXT,   .flags = REST_CREATE },                                             \
    { .name = "operators",       .type = REST_LIST,   .flags = REST_CREATE, .of = text_item, .max = 100 },                \
    { .name = "default",         .type = REST_JSON,   .flags = REST_CREATE },                                             \
    { .name = "readonly",        .type = REST_BOOL,   .flags = REST_CREATE },                                             \
    { .name = "minimum",         .type = REST_REAL,   .flags = REST_CREATE },                                             \
    { .name = "maximum",         .type = REST_REAL,   .flags = REST_CREATE },                                             \
    { .name = "minLength",       .type = REST_INT,    .flags = REST_CREATE, .min = 0, .max = INT32_MAX },                 \
    { .name = "maxLength",       .type = REST_INT,    .flags = REST_CREATE, .min = 0, .max = INT32_MAX },                 \
    { .name = "pattern",         .type = REST_STRING, .flags = REST_CREATE, .max = 1000 },                                \
    { .name = "enum",            .type = REST_LIST,   .flags = REST_CREATE, .of = any_item, .max = 1000 },                \
    { .name = "items",           .type = REST_OBJECT, .flags = REST_CREATE, .of = items_body },                           \
    { .name = "uniqueItems",     .type = REST_BOOL,   .flags = REST_CREATE },                                             \
    { .name = "minItems",        .type = REST_INT,    .flags = REST_CREATE, .min = 0, .max = INT32_MAX },                 \
    { .name = "maxItems",        .type = REST_INT,    .flags = REST_CREATE, .min = 0, .max = INT32_MAX },                 \
    { .name = "additionalItems", .type = REST_BOOL,   .flags = REST_CREATE }

/* Inside an object or a namespace the name is the key; there a client may repeat it. */
const struct rest_attr metadef_property_body[] = {
    { .name = "name", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = METADEF_NAME_MAX }, PROPERTY_VALUE, { .name = NULL }
};
static const struct rest_attr named_property_body[] = {
    { .name = "name", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = METADEF_NAME_MAX }, PROPERTY_VALUE,
    METADEF_READ_ONLY("created_at"), METADEF_READ_ONLY("updated_at"), { .name = NULL }
};
static const struct rest_attr property_values[] = { { .name = "*", .type = REST_OBJECT, .flags = REST_CREATE, .of = metadef_property_body }, { .name = NULL } };
const struct rest_attr metadef_object_body[] = {
    { .name = "name",        .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = METADEF_NAME_MAX },
    { .name = "description", .type = REST_TEXT,   .flags = REST_CREATE },
    { .name = "required",    .type = REST_LIST,   .flags = REST_CREATE, .of = text_item, .max = 1000, .dflt = "[]" },
    { .name = "properties",  .type = REST_OBJECT, .flags = REST_CREATE, .of = property_values, .dflt = "{}" },
    METADEF_READ_ONLY("self"), METADEF_READ_ONLY("schema"), METADEF_READ_ONLY("created_at"), METADEF_READ_ONLY("updated_at"),
    { .name = NULL }
};
const struct rest_attr metadef_tag_body[] = {
    { .name = "name", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = METADEF_NAME_MAX },
    METADEF_READ_ONLY("created_at"), METADEF_READ_ONLY("updated_at"), { .name = NULL }
};

/* --- the kinds */

static const struct kind {
    const char *name, *plural, *param;
    int links;                          /* shown with self and schema */
    int times;                          /* shown with created_at and updated_at */
    int keyed;                          /* a list is an object by name, not an array */
} kinds[] = {
    { "object",   "objects",    "object_name",   1, 1, 0 },
    { "property", "properties", "property_name", 0, 0, 1 },
    { "tag",      "tags",       "tag_name",      0, 1, 0 },
};

static const struct kind *
kind_named(const char *name)
{
    const struct kind *k = kinds;

    while (strcmp(k->name, name) != 0)
        k++;
    return k;
}

static const struct kind *
route_kind(const struct rest_call *call)
{
    const char *at = call->route->path + strlen(METADEF_NAMESPACE "/");
    const struct kind *k = kinds;

    while (!str_starts(at, k->plural))
        k++;
    return k;
}

/* --- how they look */

/* 'prefix' goes before the keys of "properties" and before the names in "required". */
static void
emit_member(struct json_out *out, const char *key, const json_t *value, const char *prefix)
{
    const char *name;
    json_t *item;
    size_t i;

    if (prefix == NULL || (strcmp(key, "properties") != 0 && strcmp(key, "required") != 0)) {
        jo_json(out, key, value);
        return;
    }
    if (json_is_array(value)) {
        jo_array(out, key);
        json_array_foreach(value, i, item)
            jo_strf(out, NULL, "%s%s", prefix, json_string_value(item));
        jo_end_array(out);
        return;
    }
    jo_object(out, key);
    json_object_foreach((json_t *)(uintptr_t)value, name, item) {
        CLEANUP_FREE char *full = xasprintf("%s%s", prefix, name);

        jo_json(out, full, item);
    }
    jo_end_object(out);
}

static void
emit_item(struct json_out *out, const struct kind *k, const char *ns, struct rows *row, const char *prefix, int in_list)
{
    CLEANUP_JSON json_t *body = json_of_column(row_text(row, "body"));
    CLEANUP_FREE char *name = xasprintf("%s%s", k->keyed && prefix != NULL ? prefix : "", row_text(row, "name"));
    char created[CLOCK_TEXT], updated[CLOCK_TEXT];
    const char *key;
    json_t *value;

    clock_format(row_int(row, "created_us"), CLOCK_Z, created);
    clock_format(row_int(row, "updated_us"), CLOCK_Z, updated);
    jo_object(out, in_list && k->keyed ? name : NULL);
    jo_str(out, "name", name);
    json_object_foreach(body, key, value)
        emit_member(out, key, value, prefix);
    if (k->times) {
        jo_str(out, "created_at", created);
        jo_str(out, "updated_at", updated);
    }
    if (k->links) {
        jo_strf(out, "self", "/v2/metadefs/namespaces/%s/%s/%s", ns, k->plural, name);
        jo_strf(out, "schema", "/v2/schemas/metadefs/%s", k->name);
    }
    jo_end_object(out);
}

static int
emit_all(struct rest_call *call, const struct kind *k, const char *ns, const char *prefix, struct rows *rows, int even_empty, struct cairn_error *err)
{
    struct json_out *out = call->out;
    int rc, any = 0;

    while ((rc = rows_next(rows, err)) == 1) {
        if (!any++)
            k->keyed ? jo_object(out, k->plural) : jo_array(out, k->plural);
        emit_item(out, k, ns, rows, prefix, 1);
    }
    if (!any && even_empty)
        k->keyed ? jo_object(out, k->plural) : jo_array(out, k->plural);
    if (any || even_empty)
        k->keyed ? jo_end_object(out) : jo_end_array(out);
    return rc;
}

int
metadef_emit_items(struct rest_call *call, const char *ns, const char *kind, const char *prefix, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;

    if (tx_query(call->tx, &rows, err, "select name, body, created_us, updated_us from metadef_items where namespace = ? and kind = ? order by name", "ss", ns,
                 kind) < 0)
        return -1;
    return emit_all(call, kind_named(kind), ns, prefix, rows, 0, err);
}

static int
show(struct rest_call *call, const struct kind *k, const char *ns, const char *name, const char *prefix, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int rc;

    if (tx_query(call->tx, &rows, err, "select name, body, created_us, updated_us from metadef_items where namespace = ? and kind = ? and name = ?", "sss", ns,
                 k->name, name) < 0 || (rc = rows_next(rows, err)) < 0)
        return -1;
    if (rc == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "The metadata definition %s with name=%.80s was not found in namespace=%s.", k->name, name, ns);
    emit_item(call->out, k, ns, rows, prefix, 0);
    return 0;
}

/* --- writing */

static char *
body_text(const json_t *body)
{
    CLEANUP_JSON json_t *copy = json_copy((json_t *)(uintptr_t)body);

    json_object_del(copy, "name");
    return json_text(copy);
}

int
metadef_add_item(struct rest_call *call, const char *ns, const char *kind, const json_t *body, struct cairn_error *err)
{
    CLEANUP_FREE char *text = body_text(body);
    const char *name = json_str(body, "name");
    int64_t now = clock_us();

    if (tx_exec(call->tx, err, "insert into metadef_items (namespace, kind, name, body, created_us, updated_us) values (?, ?, ?, ?, ?, ?)", "ssssii", ns, kind,
                name, text, now, now) < 0)
        return err->code == CAIRN_EXISTS
                   ? cairn_fail(err, CAIRN_EXISTS, "A metadata definition %s with name=%s already exists in namespace=%s.", kind, name, ns) : -1;
    return 0;
}

static int
item_create(struct rest_call *call, struct cairn_error *err)
{
    const struct kind *k = route_kind(call);
    const char *ns = row_text(call->object, "namespace");

    if (metadef_add_item(call, ns, k->name, call->body, err) < 0)
        return -1;
    return show(call, k, ns, rest_str(call, "name"), NULL, err);
}

/* A tag's name stands in the path. */
static int
tag_create(struct rest_call *call, struct cairn_error *err)
{
    const char *ns = row_text(call->object, "namespace"), *name = rest_param(call, "tag_name");
    CLEANUP_JSON json_t *body = json_pack("{s:s}", "name", name);

    if (str_utf8_len(name) > METADEF_NAME_MAX)
        return cairn_fail(err, CAIRN_INVALID, "A tag has at most %d characters.", METADEF_NAME_MAX);
    if (metadef_add_item(call, ns, "tag", body, err) < 0)
        return -1;
    return show(call, kind_named("tag"), ns, name, NULL, err);
}

static const struct rest_attr tag_item[] = { { .name = "", .type = REST_OBJECT, .of = metadef_tag_body }, { .name = NULL } };
static const struct rest_attr tags_body[] = {
    { .name = "tags", .type = REST_LIST, .flags = REST_CREATE | REST_REQUIRED, .of = tag_item, .max = 1000 }, { .name = NULL }
};

/* These tags instead of those that are there; with X-Openstack-Append: true beside them. */
static int
tags_replace(struct rest_call *call, struct cairn_error *err)
{
    const char *ns = row_text(call->object, "namespace"), *append = http_header(call->req, "X-Openstack-Append");
    int keep = 0;
    json_t *tag;
    size_t i;

    if (append != NULL && str_to_bool(append, &keep) < 0)
        return cairn_fail(err, CAIRN_INVALID, "X-Openstack-Append is true or false, not '%.40s'.", append);
    if (!keep && tx_exec(call->tx, err, "delete from metadef_items where namespace = ? and kind = 'tag'", "s", ns) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "tags");
    json_array_foreach((json_t *)(uintptr_t)rest_value(call, "tags"), i, tag) {
        if (metadef_add_item(call, ns, "tag", tag, err) < 0)
            return -1;
        jo_json(call->out, NULL, tag);
    }
    jo_end_array(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
item_update(struct rest_call *call, struct cairn_error *err)
{
    const struct kind *k = route_kind(call);
    const char *ns = row_text(call->object, "namespace"), *old = rest_param(call, k->param), *name = rest_str(call, "name");
    CLEANUP_FREE char *text = body_text(call->body);

    if (tx_exec(call->tx, err, "update metadef_items set name = ?, body = ?, updated_us = ? where namespace = ? and kind = ? and name = ?", "ssisss", name, text,
                clock_us(), ns, k->name, old) < 0)
        return err->code == CAIRN_EXISTS
                   ? cairn_fail(err, CAIRN_EXISTS, "A metadata definition %s with name=%s already exists in namespace=%s.", k->name, name, ns) : -1;
    if (tx_changes(call->tx) == 0)
        name = old;                     /* show() says that it is not there */
    return show(call, k, ns, name, NULL, err);
}

/* --- reading */

/* By name, so that a marker is a name. */
static int
item_list(struct rest_call *call, struct cairn_error *err)
{
    const struct kind *k = route_kind(call);
    const char *ns = row_text(call->object, "namespace"), *limit = rest_query(call, "limit"), *marker = rest_query(call, "marker");
    const char *dir = rest_query(call, "sort_dir");
    CLEANUP_ROWS struct rows *rows = NULL;
    int64_t max = 1000;

    if (limit != NULL && str_to_int(limit, 0, INT32_MAX, &max) < 0)
        return cairn_fail(err, CAIRN_INVALID, "limit must be a number of 0 or more, not '%.40s'.", limit);
    if (tx_query(call->tx, &rows, err, dir != NULL && strcmp(dir, "desc") == 0
                 ? "select name, body, created_us, updated_us from metadef_items where namespace = ? and kind = ? and (? is null or name < ?) order by name desc limit ?"
                 : "select name, body, created_us, updated_us from metadef_items where namespace = ? and kind = ? and (? is null or name > ?) order by name limit ?",
                 "ssssi", ns, k->name, marker, marker, max < 1000 ? max : 1000) < 0)
        return -1;
    jo_object(call->out, NULL);
    if (emit_all(call, k, ns, NULL, rows, 1, err) < 0)
        return -1;
    if (!k->keyed) {
        jo_strf(call->out, "first", "/v2/metadefs/namespaces/%s/%s", ns, k->plural);
        jo_strf(call->out, "schema", "/v2/schemas/metadefs/%s", k->plural);
    }
    jo_end_object(call->out);
    return 0;
}

/* ?resource_type=T: the name in the path, and in the answer, has the prefix that T gives it. */
static int
item_show(struct rest_call *call, struct cairn_error *err)
{
    const struct kind *k = route_kind(call);
    const char *ns = row_text(call->object, "namespace"), *type = k->keyed ? rest_query(call, "resource_type") : NULL, *name = rest_param(call, k->param);
    CLEANUP_FREE char *prefix = NULL;

    if (type != NULL && metadef_prefix(call, ns, type, &prefix, err) < 0)
        return -1;
    if (prefix != NULL && prefix[0] != '\0') {
        if (!str_starts(name, prefix))
            return cairn_fail(err, CAIRN_NOT_FOUND, "Property %.80s does not start with the expected resource type association prefix of '%s'.", name, prefix);
        name += strlen(prefix);
    }
    return show(call, k, ns, name, prefix, err);
}

static int
item_delete(struct rest_call *call, struct cairn_error *err)
{
    const struct kind *k = route_kind(call);
    const char *ns = row_text(call->object, "namespace"), *name = rest_param(call, k->param);

    if (row_int(call->object, "protected"))
        return cairn_fail(err, CAIRN_DENIED, "Metadata definition namespace %s is protected: its %s cannot be deleted.", ns, k->plural);
    if (tx_exec(call->tx, err, "delete from metadef_items where namespace = ? and kind = ? and name = ?", "sss", ns, k->name, name) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "The metadata definition %s with name=%.80s was not found in namespace=%s.", k->name, name, ns);
    return 0;
}

static int
items_delete(struct rest_call *call, struct cairn_error *err)
{
    const struct kind *k = route_kind(call);
    const char *ns = row_text(call->object, "namespace");

    if (row_int(call->object, "protected"))
        return cairn_fail(err, CAIRN_DENIED, "Metadata definition namespace %s is protected: its %s cannot be deleted.", ns, k->plural);
    return tx_exec(call->tx, err, "delete from metadef_items where namespace = ? and kind = ?", "ss", ns, k->name);
}

#define OBJECTS    METADEF_NAMESPACE "/objects"
#define PROPERTIES METADEF_NAMESPACE "/properties"
#define TAGS       METADEF_NAMESPACE "/tags"
#define OBJECT     .object = &metadef_namespaces_resource
const struct rest_route metadef_item_routes[] = {
    { .method = "GET", .path = OBJECTS, .rule = "get_metadef_objects", .status = 200, OBJECT, .handle = item_list },
    { .method = "POST", .path = OBJECTS, .rule = "add_metadef_object", .status = 201, OBJECT, .body = metadef_object_body, .handle = item_create },
    { .method = "DELETE", .path = OBJECTS, .rule = "delete_metadef_object", .status = 204, OBJECT, .handle = items_delete },
    { .method = "GET", .path = OBJECTS "/{object_name}", .rule = "get_metadef_object", .status = 200, OBJECT, .handle = item_show },
    { .method = "PUT", .path = OBJECTS "/{object_name}", .rule = "modify_metadef_object", .status = 200, OBJECT, .body = metadef_object_body,
      .handle = item_update },
    { .method = "DELETE", .path = OBJECTS "/{object_name}", .rule = "delete_metadef_object", .status = 204, OBJECT, .handle = item_delete },
    { .method = "GET", .path = PROPERTIES, .rule = "get_metadef_properties", .status = 200, OBJECT, .handle = item_list },
    { .method = "POST", .path = PROPERTIES, .rule = "add_metadef_property", .status = 201, OBJECT, .body = named_property_body, .handle = item_create },
    { .method = "DELETE", .path = PROPERTIES, .rule = "remove_metadef_property", .status = 204, OBJECT, .handle = items_delete },
    { .method = "GET", .path = PROPERTIES "/{property_name}", .rule = "get_metadef_property", .status = 200, OBJECT, .handle = item_show },
    { .method = "PUT", .path = PROPERTIES "/{property_name}", .rule = "modify_metadef_property", .status = 200, OBJECT, .body = named_property_body,
      .handle = item_update },
    { .method = "DELETE", .path = PROPERTIES "/{property_name}", .rule = "remove_metadef_property", .status = 204, OBJECT, .handle = item_delete },
    { .method = "GET", .path = TAGS, .rule = "get_metadef_tags", .status = 200, OBJECT, .handle = item_list },
    { .method = "POST", .path = TAGS, .rule = "add_metadef_tags", .status = 201, OBJECT, .body = tags_body, .handle = tags_replace },
    { .method = "DELETE", .path = TAGS, .rule = "delete_metadef_tags", .status = 204, OBJECT, .handle = items_delete },
    { .method = "GET", .path = TAGS "/{tag_name}", .rule = "get_metadef_tag", .status = 200, OBJECT, .handle = item_show },
    { .method = "POST", .path = TAGS "/{tag_name}", .rule = "add_metadef_tag", .status = 201, OBJECT, .handle = tag_create },
    { .method = "PUT", .path = TAGS "/{tag_name}", .rule = "modify_metadef_tag", .status = 200, OBJECT, .body = metadef_tag_body, .handle = item_update },
    { .method = "DELETE", .path = TAGS "/{tag_name}", .rule = "delete_metadef_tag", .status = 204, OBJECT, .handle = item_delete },
    { .method = NULL }
};
