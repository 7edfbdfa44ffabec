/* oauth_consumers.c: OS-OAUTH1: the resource "consumers": programs that users may hand rights to. */
#include "config.h"
#include "identity/resources.h"

#include "base/clock.h"
#include "base/ids.h"
#include "identity/oauth.h"
#include "identity/seal.h"

#define PATH "/v3/OS-OAUTH1/consumers"
#define SECRET_NOTE "identity.consumer-secret"

static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    const char *secret = http_note(call->req, SECRET_NOTE);

    (void)err;
    if (secret != NULL)                 /* told once, in the answer to the create */
        jo_str(out, "secret", secret);
    return links_emit_at(call, out, PATH, row_text(row, "id"));
}

static const struct rest_attr consumer_attrs[] = {
    { .name = "id",          .column = "t.id",          .type = REST_ID,   .flags = REST_READ },
    { .name = "description", .column = "t.description", .type = REST_TEXT, .flags = REST_READ },
    { .name = "extra",       .column = "t.extra",       .type = REST_JSON, .flags = REST_READ, .emit = extra_emit },
    { .name = "links",       .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN, .emit = links_emit },
    { .name = NULL }
};

const struct rest_resource identity_consumers = {
    .name = "consumer", .plural = "consumers", .noun = "Consumer", .path = PATH, .table = "oauth_consumers", .visible = "1 = 1", .admin_all = 1,
    .attrs = consumer_attrs, .ops = REST_LIST_OP | REST_SHOW_OP | REST_DELETE_OP,
    .rules = { "identity:list_consumers", "identity:get_consumer", NULL, NULL, "identity:delete_consumer", NULL },
    .default_sort = "t.created_us, t.id", .after_delete = changed_hook_delete, .columns = "t.id, t.extra",
};

static const struct rest_attr body_attrs[] = {
    { .name = "description", .type = REST_TEXT, .flags = REST_CREATE | REST_NULL, .max = 4096 },
    { .name = "id",          .type = REST_ID,   .flags = REST_READ },
    { .name = "links",       .type = REST_JSON, .flags = REST_READ },
    { .name = "extra",       .type = REST_JSON, .flags = REST_READ },
    { .name = "secret",      .type = REST_JSON, .flags = REST_CREATE },
    { .name = NULL }
};

static void
free_secret(void *arg)
{
    explicit_bzero(arg, strlen(arg));
    free(arg);
}

static int
consumer_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *body = json_deep_copy(call->body);
    CLEANUP_FREE char *extra = NULL;
    CLEANUP_FREE char *sealed = NULL;
    char *secret = oauth_new_secret();
    char id[ID_HEX];

    http_set_note(call->req, SECRET_NOTE, secret, free_secret);
    id_hex(id);
    json_object_del(body, "secret");
    if (extra_fold(body_attrs, NULL, body, err) < 0 || seal_text(identity_state.credential_keys, id, secret, &sealed, err) < 0)
        return -1;
    extra = json_text(json_object_get(body, "extra"));
    if (tx_exec(call->tx, err, "insert into oauth_consumers (id, description, sealed, key_number, extra, created_us) values (?, ?, ?, ?, ?, ?)", "sssisi", id,
                rest_str(call, "description"), sealed, (int64_t)seal_text_key(sealed), extra, clock_us()) < 0)
        return -1;
    return rest_emit_object(call, &identity_consumers, "consumer", id, err);
}

static int
consumer_update(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *body = json_deep_copy(call->body);
    CLEANUP_FREE char *extra = NULL;
    const char *id = row_text(call->object, "id");
    const json_t *given = json_object_get(call->document, "consumer");

    if (rest_given(call, "secret"))
        return cairn_fail(err, CAIRN_INVALID, "The secret of a consumer cannot be changed.");
    if (json_object_get(given, "id") != NULL && !str_eq(json_str(given, "id"), id))
        return cairn_fail(err, CAIRN_INVALID, "Cannot change consumer ID");
    if (extra_fold(body_attrs, call->object, body, err) < 0)
        return -1;
    if (rest_given(call, "description")
        && tx_exec(call->tx, err, "update oauth_consumers set description = ? where id = ?", "ss", rest_str(call, "description"), id) < 0)
        return -1;
    if (json_object_get(body, "extra") != NULL) {
        extra = json_text(json_object_get(body, "extra"));
        if (tx_exec(call->tx, err, "update oauth_consumers set extra = ? where id = ?", "ss", extra, id) < 0)
            return -1;
    }
    return rest_emit_object(call, &identity_consumers, "consumer", id, err);
}

const struct rest_route identity_consumer_routes[] = {
    { .method = "POST",  .path = PATH, .rule = "identity:create_consumer", .status = 201, .body = body_attrs, .body_key = "consumer", .handle = consumer_create },
    { .method = "PATCH", .path = PATH "/{consumer_id}", .rule = "identity:update_consumer", .status = 200, .object = &identity_consumers, .body = body_attrs,
      .body_key = "consumer", .handle = consumer_update },
    { .method = NULL }
};
