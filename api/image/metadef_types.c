/* metadef_types.c: resource types of the metadata definitions, and which namespaces are about them. */
#include <config.h>
#include "image/metadef.h"

#include "base/clock.h"

const struct rest_attr metadef_association_body[] = {
    { .name = "name",              .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = METADEF_NAME_MAX },
    { .name = "prefix",            .type = REST_STRING, .flags = REST_CREATE, .max = METADEF_NAME_MAX },
    { .name = "properties_target", .type = REST_STRING, .flags = REST_CREATE, .max = METADEF_NAME_MAX },
    METADEF_READ_ONLY("created_at"), METADEF_READ_ONLY("updated_at"),
    { .name = NULL }
};

static int
types_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    char created[CLOCK_TEXT], updated[CLOCK_TEXT];
    int rc;

    if (tx_query(call->tx, &r, err, "select name, created_us, updated_us from metadef_resource_types order by name", "") < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "resource_types");
    while ((rc = rows_next(r, err)) == 1) {
        jo_object(call->out, NULL);
        jo_str(call->out, "name", row_text(r, "name"));
        jo_str(call->out, "created_at", clock_format(row_int(r, "created_us"), CLOCK_Z, created));
        jo_str(call->out, "updated_at", clock_format(row_int(r, "updated_us"), CLOCK_Z, updated));
        jo_end_object(call->out);
    }
    jo_end_array(call->out);
    jo_end_object(call->out);
    return rc;
}

static void
emit(struct json_out *out, struct rows *r)
{
    char created[CLOCK_TEXT], updated[CLOCK_TEXT];

    jo_object(out, NULL);
    jo_str(out, "name", row_text(r, "resource_type"));
    if (row_text(r, "prefix") != NULL)
        jo_str(out, "prefix", row_text(r, "prefix"));
    if (row_text(r, "properties_target") != NULL)
        jo_str(out, "properties_target", row_text(r, "properties_target"));
    jo_str(out, "created_at", clock_format(row_int(r, "created_us"), CLOCK_Z, created));
    jo_str(out, "updated_at", clock_format(row_int(r, "updated_us"), CLOCK_Z, updated));
    jo_end_object(out);
}

#define COLUMNS "select resource_type, prefix, properties_target, created_us, updated_us from metadef_associations where namespace = ?"

static int
associations_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(call->tx, &r, err, COLUMNS " order by resource_type", "s", row_text(call->object, "namespace")) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "resource_type_associations");
    while ((rc = rows_next(r, err)) == 1)
        emit(call->out, r);
    jo_end_array(call->out);
    jo_end_object(call->out);
    return rc;
}

/* A type that is new comes to be with its first association. */
int
metadef_associate(struct rest_call *call, const char *ns, const json_t *body, struct cairn_error *err)
{
    const char *name = json_str(body, "name");
    int64_t now = clock_us();

    if (tx_exec(call->tx, err, "insert into metadef_resource_types (name, created_us, updated_us) values (?, ?, ?) on conflict do nothing", "sii", name, now,
                now) < 0)
        return -1;
    if (tx_exec(call->tx, err, "insert into metadef_associations (namespace, resource_type, prefix, properties_target, created_us, updated_us)"
                " values (?, ?, ?, ?, ?, ?)", "ssssii", ns, name, json_str(body, "prefix"), json_str(body, "properties_target"), now, now) < 0)
        return err->code == CAIRN_EXISTS
                   ? cairn_fail(err, CAIRN_EXISTS, "The metadata definition resource-type association of resource-type=%s to namespace=%s already exists.", name, ns)
                   : -1;
    return 0;
}

static int
association_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    const char *ns = row_text(call->object, "namespace");

    if (metadef_associate(call, ns, call->body, err) < 0 ||
        tx_query(call->tx, &r, err, COLUMNS " and resource_type = ?", "ss", ns, rest_str(call, "name")) < 0 || rows_next(r, err) < 0)
        return -1;
    emit(call->out, r);
    return 0;
}

static int
association_delete(struct rest_call *call, struct cairn_error *err)
{
    const char *ns = row_text(call->object, "namespace"), *name = rest_param(call, "name");

    if (row_int(call->object, "protected"))
        return cairn_fail(err, CAIRN_DENIED, "Metadata definition namespace %s is protected: its associations cannot be removed.", ns);
    if (tx_exec(call->tx, err, "delete from metadef_associations where namespace = ? and resource_type = ?", "ss", ns, name) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "The metadata definition resource-type association of resource-type=%.80s to namespace=%s was not found.", name,
                          ns);
    return 0;
}

int
metadef_prefix(struct rest_call *call, const char *ns, const char *resource_type, char **ret, struct cairn_error *err)
{
    int64_t there;

    if (tx_text(call->tx, ret, err, "select prefix from metadef_associations where namespace = ? and resource_type = ?", "ss", ns, resource_type) < 0 ||
        tx_int(call->tx, &there, 0, err, "select count(*) from metadef_associations where namespace = ? and resource_type = ?", "ss", ns, resource_type) < 0)
        return -1;
    if (there == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "The metadata definition namespace=%s is not associated with resource-type=%.80s.", ns, resource_type);
    return 0;
}

#define TYPES  METADEF_NAMESPACE "/resource_types"
#define OBJECT .object = &metadef_namespaces_resource
const struct rest_route metadef_type_routes[] = {
    { .method = "GET", .path = "/v2/metadefs/resource_types", .rule = "list_metadef_resource_types", .status = 200, .handle = types_list },
    { .method = "GET", .path = TYPES, .rule = "get_metadef_resource_type", .status = 200, OBJECT, .handle = associations_list },
    { .method = "POST", .path = TYPES, .rule = "add_metadef_resource_type_association", .status = 201, OBJECT, .body = metadef_association_body,
      .handle = association_create },
    { .method = "DELETE", .path = TYPES "/{name}", .rule = "remove_metadef_resource_type_association", .status = 204, OBJECT, .handle = association_delete },
    { .method = NULL }
};
