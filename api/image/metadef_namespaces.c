/* metadef_namespaces.c: the resource "namespaces" of the metadata definitions; create and show hold all that is inside. */
#include <config.h>
#include "image/metadef.h"

#include <string.h>
#include "base/clock.h"

static const char *const visibilities[] = { "private", "public", NULL };

int
metadef_read_only(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    (void)call;
    (void)value;
    return cairn_fail(err, CAIRN_DENIED, "Attributes self, schema, created_at and updated_at are read-only.");
}

static const struct rest_attr object_item[] = { { .name = "", .type = REST_OBJECT, .of = metadef_object_body }, { .name = NULL } };
static const struct rest_attr tag_item[] = { { .name = "", .type = REST_OBJECT, .of = metadef_tag_body }, { .name = NULL } };
static const struct rest_attr association_item[] = { { .name = "", .type = REST_OBJECT, .of = metadef_association_body }, { .name = NULL } };
static const struct rest_attr property_values[] = { { .name = "*", .type = REST_OBJECT, .flags = REST_CREATE, .of = metadef_property_body }, { .name = NULL } };

#define ITEMS_MAX 1000
const struct rest_attr metadef_namespace_body[] = {
    { .name = "namespace",    .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = METADEF_NAME_MAX },
    { .name = "display_name", .type = REST_STRING, .flags = REST_CREATE, .max = METADEF_NAME_MAX },
    { .name = "description",  .type = REST_STRING, .flags = REST_CREATE, .max = 500 },
    { .name = "visibility",   .type = REST_ENUM,   .flags = REST_CREATE, .choices = visibilities, .dflt = "\"private\"" },
    { .name = "protected",    .type = REST_BOOL,   .flags = REST_CREATE, .dflt = "false" },
    { .name = "owner",        .type = REST_STRING, .flags = REST_CREATE, .max = 255 },
    { .name = "resource_type_associations", .type = REST_LIST, .flags = REST_CREATE, .of = association_item, .max = ITEMS_MAX },
    { .name = "properties",   .type = REST_OBJECT, .flags = REST_CREATE, .of = property_values },
    { .name = "objects",      .type = REST_LIST,   .flags = REST_CREATE, .of = object_item, .max = ITEMS_MAX },
    { .name = "tags",         .type = REST_LIST,   .flags = REST_CREATE, .of = tag_item, .max = ITEMS_MAX },
    METADEF_READ_ONLY("self"), METADEF_READ_ONLY("schema"), METADEF_READ_ONLY("created_at"), METADEF_READ_ONLY("updated_at"),
    { .name = NULL }
};

/* --- how a namespace looks */

static int
emit_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_strf(out, "self", "/v2/metadefs/namespaces/%s", row_text(row, "namespace"));
    jo_str(out, "schema", "/v2/schemas/metadefs/namespace");
    return 0;
}

static const struct rest_attr attrs[] = {
    { .name = "namespace",    .type = REST_STRING, .flags = REST_READ | REST_SORT },
    { .name = "display_name", .type = REST_STRING, .flags = REST_READ | REST_HIDDEN_NULL },
    { .name = "description",  .type = REST_STRING, .flags = REST_READ | REST_HIDDEN_NULL },
    { .name = "visibility",   .type = REST_ENUM,   .flags = REST_READ | REST_FILTER, .choices = visibilities },
    { .name = "protected",    .type = REST_BOOL,   .flags = REST_READ },
    { .name = "owner",        .type = REST_STRING, .flags = REST_READ },
    { .name = "created_at",   .column = "t.created_us", .type = REST_TIME, .flags = REST_READ | REST_SORT },
    { .name = "updated_at",   .column = "t.updated_us", .type = REST_TIME, .flags = REST_READ | REST_SORT },
    { .name = "self",         .type = REST_STRING, .flags = REST_READ | REST_NO_COLUMN, .emit = emit_links },
    { .name = NULL }
};

static int
emit_associations(struct rest_call *call, struct json_out *out, struct rest_group *group, struct cairn_error *err)
{
    struct rows *row;
    int rc, any = 0;

    (void)call;
    while ((rc = rest_group_next(group, &row, err)) == 1) {
        char created[CLOCK_TEXT], updated[CLOCK_TEXT];

        if (!any++)
            jo_array(out, "resource_type_associations");
        jo_object(out, NULL);
        jo_str(out, "name", row_text(row, "resource_type"));
        if (row_text(row, "prefix") != NULL)
            jo_str(out, "prefix", row_text(row, "prefix"));
        if (row_text(row, "properties_target") != NULL)
            jo_str(out, "properties_target", row_text(row, "properties_target"));
        jo_str(out, "created_at", clock_format(row_int(row, "created_us"), CLOCK_Z, created));
        jo_str(out, "updated_at", clock_format(row_int(row, "updated_us"), CLOCK_Z, updated));
        jo_end_object(out);
    }
    if (any)
        jo_end_array(out);
    return rc;
}

static const struct rest_child children[] = {
    { .name = "resource_type_associations", .sql = "select namespace as parent, resource_type, prefix, properties_target, created_us, updated_us"
      " from metadef_associations where namespace in (%IDS%) order by namespace, resource_type", .emit_group = emit_associations },
    { .name = NULL }
};

/* ?resource_types=A,B: namespaces that belong to one of them. */
static int
narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    const char *list = rest_query(call, "resource_types"), *sep = "";

    (void)err;
    if (list == NULL)
        return 0;
    str_add(where, " and exists (select 1 from metadef_associations a where a.namespace = t.namespace and a.resource_type in (");
    while (*list != '\0') {
        size_t len = strcspn(list, ",");
        CLEANUP_FREE char *item = xstrndup(list, len);

        str_addf(where, "%s?", sep);
        sep = ", ";
        rest_push_text(values, item);
        list += len + (list[len] == ',');
    }
    str_add(where, "))");
    return 0;
}

const struct rest_resource metadef_namespaces_resource = {
    .name = "namespace", .plural = "namespaces", .noun = "metadata definition namespace",
    .path = "/v2/metadefs/namespaces", .table = "metadef_namespaces",
    .id_column = "t.namespace", .owner_column = "t.owner",
    .visible = "t.owner = :project or t.visibility = 'public'", .admin_all = 1,
    .attrs = attrs, .children = children,
    .ops = REST_LIST_OP,
    .rules = { .list = "get_metadef_namespaces", .show = "get_metadef_namespace" },
    .default_sort = "t.created_us desc, t.namespace desc",
    .narrow = narrow,
};

/* --- show, create, update, delete */

static int
begin(struct rest_call *call, const char *ns, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    static const char *const texts[] = { "namespace", "display_name", "description", "visibility" };
    char created[CLOCK_TEXT], updated[CLOCK_TEXT];

    if (tx_query(call->tx, &r, err, "select namespace, display_name, description, visibility, protected, owner, created_us, updated_us from metadef_namespaces"
                 " where namespace = ?", "s", ns) < 0 || rows_next(r, err) < 0)
        return -1;
    jo_object(call->out, NULL);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (row_text(r, texts[i]) != NULL)
            jo_str(call->out, texts[i], row_text(r, texts[i]));
    jo_bool(call->out, "protected", (int)row_int(r, "protected"));
    jo_str(call->out, "owner", row_text(r, "owner"));
    jo_str(call->out, "created_at", clock_format(row_int(r, "created_us"), CLOCK_Z, created));
    jo_str(call->out, "updated_at", clock_format(row_int(r, "updated_us"), CLOCK_Z, updated));
    emit_links(call, call->out, r, err);
    return 0;
}

static int
whole(struct rest_call *call, const char *ns, const char *prefix, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc, any = 0;

    if (begin(call, ns, err) < 0 || metadef_emit_items(call, ns, "object", prefix, err) < 0 ||
        metadef_emit_items(call, ns, "property", prefix, err) < 0 || metadef_emit_items(call, ns, "tag", NULL, err) < 0 ||
        tx_query(call->tx, &r, err, "select resource_type, prefix, properties_target from metadef_associations where namespace = ? order by resource_type", "s",
                 ns) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        if (!any++)
            jo_array(call->out, "resource_type_associations");
        jo_object(call->out, NULL);
        jo_str(call->out, "name", row_text(r, "resource_type"));
        if (row_text(r, "prefix") != NULL)
            jo_str(call->out, "prefix", row_text(r, "prefix"));
        if (row_text(r, "properties_target") != NULL)
            jo_str(call->out, "properties_target", row_text(r, "properties_target"));
        jo_end_object(call->out);
    }
    if (any)
        jo_end_array(call->out);
    jo_end_object(call->out);
    return rc;
}

static int
namespace_show(struct rest_call *call, struct cairn_error *err)
{
    const char *ns = row_text(call->object, "namespace"), *type = rest_query(call, "resource_type");
    CLEANUP_FREE char *prefix = NULL;

    if (type != NULL && metadef_prefix(call, ns, type, &prefix, err) < 0)
        return -1;
    return whole(call, ns, prefix, err);
}

static int
add_all(struct rest_call *call, const char *ns, struct cairn_error *err)
{
    static const struct { const char *list, *kind; } lists[] = { { "objects", "object" }, { "tags", "tag" } };
    const char *name;
    json_t *value;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)rest_value(call, "resource_type_associations"), i, value)
        if (metadef_associate(call, ns, value, err) < 0)
            return -1;
    for (size_t k = 0; k < ARRAY_LEN(lists); k++)
        json_array_foreach((json_t *)(uintptr_t)rest_value(call, lists[k].list), i, value)
            if (metadef_add_item(call, ns, lists[k].kind, value, err) < 0)
                return -1;
    json_object_foreach((json_t *)(uintptr_t)rest_value(call, "properties"), name, value) {
        CLEANUP_JSON json_t *property = json_copy(value);

        json_object_set_new(property, "name", json_string(name));
        if (metadef_add_item(call, ns, "property", property, err) < 0)
            return -1;
    }
    return 0;
}

/* Whose it becomes: only an administrator gives it to another project. */
static int
owner_of(struct rest_call *call, const char *now, const char **ret, struct cairn_error *err)
{
    const char *given = rest_str(call, "owner");

    *ret = given != NULL ? given : now;
    if (given != NULL && !call->auth->is_admin && !str_eq(given, now))
        return cairn_fail(err, CAIRN_DENIED, "Owner can only be set to another project by an administrator.");
    return 0;
}

static int
namespace_create(struct rest_call *call, struct cairn_error *err)
{
    const char *ns = rest_str(call, "namespace"), *owner;
    CLEANUP_STR struct str encoded = STR_INIT;
    CLEANUP_FREE char *location = NULL;
    int64_t now = clock_us();

    if (owner_of(call, call->auth->project_id, &owner, err) < 0)
        return -1;
    if (tx_exec(call->tx, err, "insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_us, updated_us)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)", "ssssisii", ns, rest_str(call, "display_name"), rest_str(call, "description"), rest_str(call, "visibility"),
                (int64_t)rest_bool(call, "protected", 0), owner, now, now) < 0)
        return err->code == CAIRN_EXISTS ? cairn_fail(err, CAIRN_EXISTS, "The metadata definition namespace=%s already exists.", ns) : -1;
    if (add_all(call, ns, err) < 0)
        return -1;
    rest_add_encoded(&encoded, ns);
    location = rest_url(call, "/v2/metadefs/namespaces/%s", encoded.text);
    rest_header(call, "Location", location);
    return whole(call, ns, NULL, err);
}

static int
namespace_update(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *old = xstrdup(row_text(call->object, "namespace"));
    CLEANUP_FREE char *was = xstrdup(row_text(call->object, "owner"));
    const char *ns = rest_str(call, "namespace"), *owner;

    if (owner_of(call, was, &owner, err) < 0)
        return -1;
    if (tx_exec(call->tx, err, "update metadef_namespaces set namespace = ?, display_name = ?, description = ?, visibility = ?, protected = ?, owner = ?,"
                " updated_us = ? where namespace = ?", "ssssisis", ns, rest_str(call, "display_name"), rest_str(call, "description"),
                rest_str(call, "visibility"), (int64_t)rest_bool(call, "protected", 0), owner, clock_us(), old) < 0)
        return err->code == CAIRN_EXISTS ? cairn_fail(err, CAIRN_EXISTS, "The metadata definition namespace=%s already exists.", ns) : -1;
    if (begin(call, ns, err) < 0)
        return -1;
    jo_end_object(call->out);
    return 0;
}

static int
namespace_delete(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *ns = xstrdup(row_text(call->object, "namespace"));

    if (row_int(call->object, "protected"))
        return cairn_fail(err, CAIRN_DENIED, "Metadata definition namespace %s is protected and cannot be deleted.", ns);
    return tx_exec(call->tx, err, "delete from metadef_namespaces where namespace = ?", "s", ns);
}

#define OBJECT .object = &metadef_namespaces_resource
const struct rest_route metadef_namespace_routes[] = {
    { .method = "POST", .path = "/v2/metadefs/namespaces", .rule = "add_metadef_namespace", .status = 201, .body = metadef_namespace_body,
      .handle = namespace_create },
    { .method = "GET", .path = METADEF_NAMESPACE, .rule = "get_metadef_namespace", .status = 200, OBJECT, .handle = namespace_show },
    { .method = "PUT", .path = METADEF_NAMESPACE, .rule = "modify_metadef_namespace", .status = 200, OBJECT, .body = metadef_namespace_body,
      .handle = namespace_update },
    { .method = "DELETE", .path = METADEF_NAMESPACE, .rule = "delete_metadef_namespace", .status = 204, OBJECT, .handle = namespace_delete },
    { .method = NULL }
};
