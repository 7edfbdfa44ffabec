/* delegated.c: see delegated.h. */
#include "config.h"
#include "identity/delegated.h"

#include "base/clock.h"
#include "identity/resources.h"
#include "identity/who.h"

int
is_by_signature(const struct auth *who)
{
    for (unsigned i = 0; i < who->methods_count; i++) {
        if (strcmp(who->methods[i], token_method_names[TOKEN_BIT_EC2]) == 0)
            return 1;
    }
    return 0;
}

int
refuse_handed_on(struct rest_call *call, struct cairn_error *err)
{
    const struct auth *who = call->auth;

    if (who->delegation == AUTH_BY_TRUST || who->delegation == AUTH_BY_OAUTH || is_by_signature(who))
        return cairn_fail(err, CAIRN_DENIED, "This cannot be done with a token whose rights were handed on by a trust, an OAuth access token or an EC2 credential.");
    return 0;
}

int
refuse_restricted(struct rest_call *call, struct cairn_error *err)
{
    if (call->auth->delegation == AUTH_BY_APP_CRED && call->auth->restricted)
        return cairn_fail(err, CAIRN_DENIED, "This cannot be done with an application credential that is not unrestricted.");
    return 0;
}

int
refuse_delegated(struct rest_call *call, struct cairn_error *err)
{
    if (call->auth->delegation == AUTH_BY_APP_CRED)
        return cairn_fail(err, CAIRN_DENIED, "This cannot be done with an application credential.");
    return refuse_handed_on(call, err);
}

const struct rest_attr role_ref_attrs[] = {
    { .name = "id",   .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 64 },
    { .name = "name", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 255 },
    { .name = NULL }
};

int
find_role(struct tx *tx, const json_t *role, char **ret, struct cairn_error *err)
{
    const char *id = json_str(role, "id"), *name = json_str(role, "name");
    int got;

    if ((id != NULL) == (name != NULL))
        return cairn_fail(err, CAIRN_INVALID, "A role is given by its id or by its name.");
    got = id != NULL ? tx_text(tx, ret, err, "select id from roles where id = ?", "s", id)
                     : tx_text(tx, ret, err, "select id from roles where name = ? and domain_id = ''", "s", name);
    if (got < 0)
        return -1;
    return *ret != NULL ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Could not find role: %.80s.", id != NULL ? id : name);
}

int
handed_roles(struct rest_call *call, const char *sql, const char *id, const char *role,
             void (*write)(struct rest_call *call, const char *key, struct json_out *out, struct rows *row), struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    const char *only = role != NULL ? role : "";
    int got;

    if (tx_query(call->tx, &rows, err, sql, "sss", id, only, only) < 0 || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got == 0 && role != NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find role: %.80s.", role);
    jo_object(call->out, NULL);
    if (role != NULL) {
        write(call, "role", call->out, rows);
    } else {
        jo_array(call->out, "roles");
        for (; got > 0; got = rows_next(rows, err))
            write(call, NULL, call->out, rows);
        jo_end_array(call->out);
        list_links(call);
    }
    jo_end_object(call->out);
    return got < 0 ? -1 : 0;
}

int
read_expiry(const char *text, int64_t *ret_us, struct cairn_error *err)
{
    *ret_us = 0;
    if (text == NULL || text[0] == '\0')
        return 0;
    if (clock_parse(text, ret_us) < 0)
        return cairn_fail(err, CAIRN_INVALID, "The 'expires_at' must be a time like 2030-01-01T00:00:00Z, and not '%.64s'.", text);
    if (*ret_us <= clock_us())
        return cairn_fail(err, CAIRN_INVALID, "The 'expires_at' must not be before now: %.64s.", text);
    return 0;
}

int
has_role_id(const struct auth *who, const char *role_id)
{
    for (unsigned i = 0; i < who->roles_count; i++) {
        if (strcmp(who->role_ids[i], role_id) == 0)
            return 1;
    }
    return 0;
}

int
rights_on(struct tx *tx, const char *user_id, const char *project_id, struct auth **ret, struct cairn_error *err)
{
    struct token token = { .scope = AUTH_PROJECT };

    snprintf(token.user_id, sizeof token.user_id, "%s", user_id);
    snprintf(token.target_id, sizeof token.target_id, "%s", project_id);
    return who_resolve(tx, &token, NULL, ret, err);
}
