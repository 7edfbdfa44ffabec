/* federation.c: the resources "identity_providers", their "protocols", "mappings" and "service_providers": who is trusted to say who somebody is.
 *
 * What a mapping does is mapping.c's.  Logins through a browser are not spoken: see federation_auth.c. */
#include "config.h"
#include "identity/resources.h"

#include "base/clock.h"
#include "base/ids.h"
#include "identity/mapping.h"

#define FEDERATION "/v3/OS-FEDERATION"
#define ID_MAX 64

/* Ids of the client's choice stand in URLs. */
static int
id_ok(const json_t *body, struct cairn_error *err)
{
    const char *id = json_str(body, "id");

    if (id[0] != '\0' && str_utf8_len(id) <= ID_MAX && strpbrk(id, "/?#%") == NULL)
        return 0;
    return cairn_fail(err, CAIRN_INVALID, "The id in the URL must have 1 to %d characters, none of them '/', '?', '#' or '%%'.", ID_MAX);
}

/* --- identity providers */
#define IDPS FEDERATION "/identity_providers"
static const struct rest_attr remote_item[] = { { .name = "", .type = REST_STRING, .min = 1, .max = 255 }, { .name = NULL } };

static int
idp_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *id = row_text(row, "id");
    CLEANUP_FREE char *self = rest_url(call, IDPS "/%s", id);
    CLEANUP_FREE char *protocols = rest_url(call, IDPS "/%s/protocols", id);

    (void)err;
    jo_object(out, "links");
    jo_str(out, "self", self);
    jo_str(out, "protocols", protocols);
    jo_end_object(out);
    return 0;
}

static int
remote_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_str(out, NULL, row_text(row, "remote_id"));
    return 0;
}

static const struct rest_attr idp_attrs[] = {
    { .name = "id",          .column = "t.id",          .type = REST_STRING, .flags = REST_READ | REST_FILTER },
    SAME_ID,
    { .name = "domain_id",   .column = "t.domain_id",   .type = REST_STRING, .flags = REST_READ | REST_CREATE | REST_NULL | REST_FILTER, .max = 64 },
    FIXED("domain_id"),
    { .name = "enabled",     .column = "t.enabled",     .type = REST_BOOL,   .flags = REST_WRITE | REST_FILTER, .dflt = "false" },
    { .name = "description", .column = "t.description", .type = REST_TEXT,   .flags = REST_WRITE | REST_NULL },
    { .name = "authorization_ttl", .column = "t.authorization_ttl", .type = REST_INT, .flags = REST_WRITE | REST_NULL, .min = 0, .max = 525600 },
    { .name = "remote_ids",  .type = REST_LIST, .of = remote_item, .flags = REST_CREATE | REST_UPDATE | REST_NULL | REST_UNIQUE | REST_NO_COLUMN, .max = 64 },
    { .name = "links", .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = idp_links },
    { .name = NULL }
};
static const struct rest_child idp_children[] = {
    { .name = "remote_ids", .sql = "select r.idp_id as parent, r.remote_id as remote_id from idp_remote_ids r where r.idp_id in (%IDS%) order by parent, remote_id",
      .emit = remote_emit },
    { .name = NULL }
};

/* A provider's users live in a domain; one that names none gets its own. */
static int
domain_of_idp(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    const char *domain = json_str(body, "domain_id");
    CLEANUP_FREE char *description = NULL;
    char fresh[ID_HEX];

    if (domain != NULL)
        return must_exist(call->tx, "domain", "domains", domain, err);
    id_hex(fresh);
    description = xasprintf("Auto generated federated domain for Identity Provider: %s", json_str(body, "id"));
    json_object_set_new(body, "domain_id", json_string(fresh));
    return tx_exec(call->tx, err, "insert into domains (id, name, description, created_us) values (?, ?, ?, ?)", "sssi", fresh, fresh, description, clock_us());
}

static int
idp_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    return id_ok(body, err) < 0 || known_only(idp_attrs, REST_CREATE, json_object_get(call->document, "identity_provider"), err) < 0 ? -1 : domain_of_idp(call, body, err);
}

static int
idp_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    (void)old;
    if (json_object_size(body) == 0)
        return cairn_fail(err, CAIRN_INVALID, "Nothing is to be changed: at least one attribute is needed.");
    return known_only(idp_attrs, REST_UPDATE, json_object_get(call->document, "identity_provider"), err);
}

static int
remote_ids_store(struct rest_call *call, const char *idp, const json_t *body, struct cairn_error *err)
{
    const json_t *ids = json_object_get(body, "remote_ids");
    size_t i;
    json_t *id;

    if (ids == NULL)
        return identity_changed(call->tx, err);
    if (tx_exec(call->tx, err, "delete from idp_remote_ids where idp_id = ?", "s", idp) < 0)
        return -1;
    json_array_foreach((json_t *)(uintptr_t)ids, i, id) {
        if (tx_exec(call->tx, err, "insert into idp_remote_ids (remote_id, idp_id) values (?, ?)", "ss", json_string_value(id), idp) < 0)
            return err->code != CAIRN_EXISTS ? -1 : cairn_fail(err, CAIRN_EXISTS, "Duplicate remote ID: %s", json_string_value(id));
    }
    return identity_changed(call->tx, err);
}

static int
idp_after_create(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    return remote_ids_store(call, json_str(body, "id"), body, err);
}

static int
idp_after_update(struct rest_call *call, const json_t *body, struct cairn_error *err)
{
    return remote_ids_store(call, row_text(call->object, "id"), body, err);
}

const struct rest_resource identity_providers = {
    .name = "identity_provider", .plural = "identity_providers", .noun = "Identity Provider", .path = IDPS, .table = "identity_providers", .visible = "1 = 1",
    .admin_all = 1, .attrs = idp_attrs, .children = idp_children, .ops = REST_LIST_OP | REST_SHOW_OP | REST_PUT_OP | REST_UPDATE_OP | REST_DELETE_OP,
    .update_method = "PATCH",
    .rules = { "identity:list_identity_providers", "identity:get_identity_provider", "identity:create_identity_provider", "identity:update_identity_provider",
               "identity:delete_identity_provider", NULL },
    .default_sort = "t.id", .before_create = idp_before_create, .after_create = idp_after_create, .before_update = idp_before_update,
    .after_update = idp_after_update, .after_delete = changed_hook_delete,
};

/* --- mappings */
#define MAPPINGS FEDERATION "/mappings"
static int
mapping_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, MAPPINGS, row_text(row, "id"));
}

static const struct rest_attr mapping_attrs[] = {
    { .name = "id",             .column = "t.id",             .type = REST_STRING, .flags = REST_READ },
    SAME_ID,
    { .name = "rules",          .column = "t.rules",          .type = REST_JSON,   .flags = REST_WRITE | REST_REQUIRED },
    { .name = "schema_version", .column = "t.schema_version", .type = REST_STRING, .flags = REST_WRITE | REST_NULL, .max = 5 },
    { .name = "links", .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = mapping_links },
    { .name = NULL }
};

/* The rules are always given whole. */
static int
mapping_fold(json_t *body, struct cairn_error *err)
{
    if (json_str(body, "schema_version") == NULL)
        json_object_set_new(body, "schema_version", json_string(MAPPING_DEFAULT_VERSION));
    return mapping_check(json_object_get(body, "rules"), json_str(body, "schema_version"), err);
}

static int
mapping_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    return id_ok(body, err) < 0 || known_only(mapping_attrs, REST_CREATE, json_object_get(call->document, "mapping"), err) < 0 ? -1 : mapping_fold(body, err);
}

static int
mapping_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    (void)old;
    return known_only(mapping_attrs, REST_UPDATE, json_object_get(call->document, "mapping"), err) < 0 ? -1 : mapping_fold(body, err);
}

const struct rest_resource identity_mappings = {
    .name = "mapping", .plural = "mappings", .noun = "mapping", .path = MAPPINGS, .table = "federation_mappings", .visible = "1 = 1", .admin_all = 1,
    .attrs = mapping_attrs, .ops = REST_LIST_OP | REST_SHOW_OP | REST_PUT_OP | REST_UPDATE_OP | REST_DELETE_OP, .update_method = "PATCH",
    .rules = { "identity:list_mappings", "identity:get_mapping", "identity:create_mapping", "identity:update_mapping", "identity:delete_mapping", NULL },
    .default_sort = "t.id", .before_create = mapping_before_create, .before_update = mapping_before_update,
};

/* --- service providers: other clouds that believe this one */
#define SPS FEDERATION "/service_providers"
static int
sp_links(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, SPS, row_text(row, "id"));
}

static int
url_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    const char *url = json_string_value(value);

    (void)call;
    if ((str_starts(url, "http://") && url[7] != '\0') || (str_starts(url, "https://") && url[8] != '\0'))
        return 0;
    return cairn_fail(err, CAIRN_INVALID, "'%.100s' is not a URL: it begins with http:// or https://", url);
}

static const struct rest_attr sp_attrs[] = {
    { .name = "id",          .column = "t.id",          .type = REST_STRING, .flags = REST_READ | REST_FILTER },
    SAME_ID,
    { .name = "auth_url",    .column = "t.auth_url",    .type = REST_STRING, .flags = REST_WRITE | REST_REQUIRED, .max = 256, .check = url_check },
    { .name = "sp_url",      .column = "t.sp_url",      .type = REST_STRING, .flags = REST_WRITE | REST_REQUIRED, .max = 256, .check = url_check },
    { .name = "description", .column = "t.description", .type = REST_TEXT,   .flags = REST_WRITE | REST_NULL },
    { .name = "enabled",     .column = "t.enabled",     .type = REST_BOOL,   .flags = REST_WRITE | REST_FILTER, .dflt = "false" },
    { .name = "relay_state_prefix", .column = "t.relay_state_prefix", .type = REST_STRING, .flags = REST_WRITE | REST_NULL, .max = 256, .dflt = "\"ss:mem:\"" },
    { .name = "links", .flags = REST_READ | REST_NO_COLUMN, .type = REST_JSON, .emit = sp_links },
    { .name = NULL }
};

static int
sp_before_create(struct rest_call *call, json_t *body, struct cairn_error *err)
{
    return id_ok(body, err) < 0 ? -1 : known_only(sp_attrs, REST_CREATE, json_object_get(call->document, "service_provider"), err);
}

static int
sp_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    (void)old;
    if (json_object_size(body) == 0)
        return cairn_fail(err, CAIRN_INVALID, "Nothing is to be changed: at least one attribute is needed.");
    return known_only(sp_attrs, REST_UPDATE, json_object_get(call->document, "service_provider"), err);
}

const struct rest_resource identity_service_providers = {
    .name = "service_provider", .plural = "service_providers", .noun = "Service Provider", .path = SPS, .table = "service_providers", .visible = "1 = 1",
    .admin_all = 1, .attrs = sp_attrs, .ops = REST_LIST_OP | REST_SHOW_OP | REST_PUT_OP | REST_UPDATE_OP | REST_DELETE_OP, .update_method = "PATCH",
    .rules = { "identity:list_service_providers", "identity:get_service_provider", "identity:create_service_provider", "identity:update_service_provider",
               "identity:delete_service_provider", NULL },
    .default_sort = "t.id", .before_create = sp_before_create, .after_create = changed_hook, .before_update = sp_before_update, .after_update = changed_hook,
    .after_delete = changed_hook_delete,
};

/* --- protocols: of one provider each */
static const struct rest_attr protocol_body[] = {
    { .name = "mapping_id",          .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 64 },
    { .name = "remote_id_attribute", .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 64 },
    { .name = NULL }
};

static void
protocol_write(struct rest_call *call, const char *key, const char *idp, struct rows *row)
{
    const char *id = row_text(row, "id");
    CLEANUP_FREE char *self = rest_url(call, IDPS "/%s/protocols/%s", idp, id);
    CLEANUP_FREE char *provider = rest_url(call, IDPS "/%s", idp);

    jo_object(call->out, key);
    jo_str(call->out, "id", id);
    jo_str(call->out, "mapping_id", row_text(row, "mapping_id"));
    jo_str(call->out, "remote_id_attribute", row_text(row, "remote_id_attribute"));
    jo_object(call->out, "links");
    jo_str(call->out, "self", self);
    jo_str(call->out, "identity_provider", provider);
    jo_end_object(call->out);
    jo_end_object(call->out);
}

#define PROTOCOL_SQL "select id, mapping_id, remote_id_attribute from federation_protocols where idp_id = ?"

static int
protocol_show(struct rest_call *call, struct cairn_error *err)
{
    const char *idp = rest_param(call, "idp_id"), *id = rest_param(call, "protocol_id");
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (tx_query(call->tx, &rows, err, PROTOCOL_SQL " and id = ?", "ss", idp, id) < 0 || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find federated protocol %.64s for Identity Provider: %.64s.", id, idp);
    jo_object(call->out, NULL);
    protocol_write(call, "protocol", idp, rows);
    jo_end_object(call->out);
    return 0;
}

static int
protocols_list(struct rest_call *call, struct cairn_error *err)
{
    const char *idp = rest_param(call, "idp_id");
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (must_exist(call->tx, "Identity Provider", "identity_providers", idp, err) < 0 || tx_query(call->tx, &rows, err, PROTOCOL_SQL " order by id", "s", idp) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "protocols");
    while ((got = rows_next(rows, err)) > 0)
        protocol_write(call, NULL, idp, rows);
    jo_end_array(call->out);
    list_links(call);
    jo_end_object(call->out);
    return got;
}

static int
mapping_is_there(struct rest_call *call, struct cairn_error *err)
{
    if (must_exist(call->tx, "mapping", "federation_mappings", rest_str(call, "mapping_id"), err) == 0)
        return 0;
    return err->code == CAIRN_NOT_FOUND ? cairn_fail(err, CAIRN_INVALID, "Invalid mapping id: %s", rest_str(call, "mapping_id")) : -1;
}

static int
protocol_put(struct rest_call *call, struct cairn_error *err)
{
    const char *idp = rest_param(call, "idp_id"), *id = rest_param(call, "protocol_id");
    CLEANUP_JSON json_t *named = json_pack("{s:s}", "id", id);

    if (id_ok(named, err) < 0 || known_only(protocol_body, 0, call->body, err) < 0
        || must_exist(call->tx, "Identity Provider", "identity_providers", idp, err) < 0 || mapping_is_there(call, err) < 0)
        return -1;
    if (tx_exec(call->tx, err, "insert into federation_protocols (idp_id, id, mapping_id, remote_id_attribute) values (?, ?, ?, ?)", "ssss", idp, id,
                rest_str(call, "mapping_id"), rest_str(call, "remote_id_attribute")) < 0)
        return err->code != CAIRN_EXISTS ? -1 : cairn_fail(err, CAIRN_EXISTS, "Conflict occurred attempting to store federation_protocol - Duplicate entry found with ID %s.", id);
    return protocol_show(call, err);
}

static int
protocol_patch(struct rest_call *call, struct cairn_error *err)
{
    const char *remote = rest_str(call, "remote_id_attribute");

    if (known_only(protocol_body, 0, call->body, err) < 0 || mapping_is_there(call, err) < 0)
        return -1;
    if (tx_exec(call->tx, err, "update federation_protocols set mapping_id = ?, remote_id_attribute = coalesce(?, remote_id_attribute) where idp_id = ? and id = ?",
                "ssss", rest_str(call, "mapping_id"), remote, rest_param(call, "idp_id"), rest_param(call, "protocol_id")) < 0)
        return -1;
    return protocol_show(call, err);
}

static int
protocol_delete(struct rest_call *call, struct cairn_error *err)
{
    const char *idp = rest_param(call, "idp_id"), *id = rest_param(call, "protocol_id");

    if (tx_exec(call->tx, err, "delete from federation_protocols where idp_id = ? and id = ?", "ss", idp, id) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find federated protocol %.64s for Identity Provider: %.64s.", id, idp);
    return identity_changed(call->tx, err);
}

#define PROTOCOL IDPS "/{idp_id}/protocols"
const struct rest_route identity_federation_routes[] = {
    { .method = "GET",    .path = PROTOCOL, .rule = "identity:list_protocols", .status = 200, .handle = protocols_list },
    { .method = "GET",    .path = PROTOCOL "/{protocol_id}", .rule = "identity:get_protocol",    .status = 200, .handle = protocol_show },
    { .method = "PUT",    .path = PROTOCOL "/{protocol_id}", .rule = "identity:create_protocol", .status = 201, .body = protocol_body, .body_key = "protocol", .handle = protocol_put },
    { .method = "PATCH",  .path = PROTOCOL "/{protocol_id}", .rule = "identity:update_protocol", .status = 200, .body = protocol_body, .body_key = "protocol", .handle = protocol_patch },
    { .method = "DELETE", .path = PROTOCOL "/{protocol_id}", .rule = "identity:delete_protocol", .status = 204, .handle = protocol_delete },
    { .method = NULL }
};
