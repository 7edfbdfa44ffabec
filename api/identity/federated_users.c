/* federated_users.c: "federated" of a user: under which names identity providers know them: see federated_users.h. */
#include "config.h"
#include "identity/federated_users.h"

#include "identity/resources.h"

#define NAMES_MAX 64

static const struct rest_attr protocol_item[] = {
    { .name = "protocol_id", .type = REST_STRING, .flags = REST_REQUIRED, .min = 1, .max = 64 },
    { .name = "unique_id",   .type = REST_STRING, .flags = REST_REQUIRED, .min = 1, .max = 255 },
    { .name = NULL }
};
const struct rest_attr federated_item[] = {
    { .name = "idp_id",    .type = REST_STRING, .flags = REST_REQUIRED, .min = 1, .max = 64 },
    { .name = "protocols", .type = REST_LIST, .of = protocol_item, .flags = REST_REQUIRED, .min = 1, .max = NAMES_MAX },
    { .name = NULL }
};

/* [{"idp_id": ..., "protocols": [{...}, ...]}, ...] out of rows in that order; who has none shows none. */
static int
emit_group(struct rest_call *call, struct json_out *out, struct rest_group *group, struct cairn_error *err)
{
    struct rows *row;
    char idp[256] = "";
    int got, any = 0;

    (void)call;
    while ((got = rest_group_next(group, &row, err)) > 0) {
        if (!any)
            jo_array(out, "federated");
        if (!any || strcmp(idp, row_text(row, "idp_id")) != 0) {
            if (any) {
                jo_end_array(out);
                jo_end_object(out);
            }
            snprintf(idp, sizeof idp, "%s", row_text(row, "idp_id"));
            jo_object(out, NULL);
            jo_str(out, "idp_id", idp);
            jo_array(out, "protocols");
        }
        any = 1;
        jo_object(out, NULL);
        jo_str(out, "protocol_id", row_text(row, "protocol_id"));
        jo_str(out, "unique_id", row_text(row, "unique_id"));
        jo_end_object(out);
    }
    if (any) {
        jo_end_array(out);
        jo_end_object(out);
        jo_end_array(out);
    }
    return got;
}

const struct rest_child federated_children[] = {
    { .name = "federated", .flags = REST_DETAIL, .emit_group = emit_group,
      .sql = "select f.user_id as parent, f.idp_id as idp_id, f.protocol_id as protocol_id, f.unique_id as unique_id from federated_users f"
             " where f.user_id in (%IDS%) order by parent, f.idp_id, f.protocol_id, f.unique_id" },
    { .name = NULL }
};

static int
store_one(struct tx *tx, const char *user, const char *idp, const json_t *name, struct cairn_error *err)
{
    const char *protocol = json_str(name, "protocol_id"), *unique = json_str(name, "unique_id");
    int64_t found;

    if (tx_int(tx, &found, 0, err, "select 1 from federation_protocols where idp_id = ? and id = ?", "ss", idp, protocol) < 0)
        return -1;
    if (!found)
        return cairn_fail(err, CAIRN_INVALID, "Could not find federated protocol %.64s for Identity Provider: %.64s.", protocol, idp);
    if (tx_exec(tx, err, "insert into federated_users (idp_id, protocol_id, unique_id, user_id) values (?, ?, ?, ?)", "ssss", idp, protocol, unique, user) < 0)
        return err->code != CAIRN_EXISTS ? -1
               : cairn_fail(err, CAIRN_EXISTS, "Conflict occurred attempting to store user - %.64s is known to %.64s already.", unique, idp);
    return 0;
}

int
federated_store(struct tx *tx, const char *user, const json_t *federated, struct cairn_error *err)
{
    size_t i, j;
    json_t *provider, *name;

    if (json_array_size(federated) == 0)
        return 0;
    if (tx_exec(tx, err, "delete from federated_users where user_id = ?", "s", user) < 0)
        return -1;
    json_array_foreach((json_t *)(uintptr_t)federated, i, provider) {
        const char *idp = json_str(provider, "idp_id");

        if (must_exist(tx, "Identity Provider", "identity_providers", idp, err) < 0)
            return err->code == CAIRN_NOT_FOUND ? cairn_fail(err, CAIRN_INVALID, "Could not find Identity Provider: %.64s.", idp) : -1;
        json_array_foreach(json_object_get(provider, "protocols"), j, name) {
            if (store_one(tx, user, idp, name, err) < 0)
                return -1;
        }
    }
    return 0;
}

void
federated_narrow(struct rest_call *call, struct str *where, struct rest_values *values)
{
    static const char *const keys[] = { "idp_id", "protocol_id", "unique_id" };
    int any = 0;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *value = rest_query(call, keys[i]);

        if (value == NULL)
            continue;
        str_addf(where, "%s f.%s = ?", any ? " and" : " and t.id in (select f.user_id from federated_users f where", keys[i]);
        rest_push_text(values, value);
        any = 1;
    }
    if (any)
        str_add(where, ")");
}
