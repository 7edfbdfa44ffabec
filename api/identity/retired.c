/* retired.c: what clients of old still ask for: revocation events, and the certificates of tokens that were signed (410). */
#include "config.h"
#include "identity/resources.h"

#include "base/clock.h"
#include "identity/revoke.h"

static int
gone(struct rest_call *call, struct cairn_error *err)
{
    (void)call;
    return cairn_fail(err, CAIRN_GONE, "This API is no longer available: there are no PKI tokens any more.");
}

static void
write_time(struct rest_call *call, const char *key, int64_t us)
{
    char text[CLOCK_TEXT];

    jo_str(call->out, key, clock_format(us, CLOCK_MICRO_Z, text));
}

/* What an event does not name it does not have. */
static int
events_list(struct rest_call *call, struct cairn_error *err)
{
    static const char *const fields[] = { "user_id", "project_id", "domain_id", "role_id", "audit_id", "audit_chain_id" };
    static const struct { const char *kind, *field; } delegations[] = {
        { REVOKED_TRUST, "OS-TRUST:trust_id" }, { REVOKED_ACCESS_TOKEN, "OS-OAUTH1:access_token_id" }, { REVOKED_APP_CRED, "application_credential_id" }
    };
    const char *since = rest_query(call, "since"), *delegation, *delegation_id;
    CLEANUP_ROWS struct rows *rows = NULL;
    int64_t since_us = 0;
    int got;

    if (since != NULL && clock_parse(since, &since_us) < 0)
        return cairn_fail(err, CAIRN_INVALID, "invalid date format %.60s", since);
    if (tx_query(call->tx, &rows, err,
                 "select user_id, project_id, domain_id, role_id, audit_id, audit_chain_id, delegation, delegation_id, issued_before_us, revoked_us from revocations where revoked_us >= ? order by seq",
                 "i", since_us) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "events");
    while ((got = rows_next(rows, err)) > 0) {
        jo_object(call->out, NULL);
        for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
            const char *value = row_text(rows, fields[i]);

            if (value[0] != '\0')
                jo_str(call->out, fields[i], value);
        }
        delegation = row_text(rows, "delegation");
        delegation_id = row_text(rows, "delegation_id");
        for (size_t i = 0; i < ARRAY_LEN(delegations); i++) {
            if (strcmp(delegation, delegations[i].kind) == 0)
                jo_str(call->out, delegations[i].field, delegation_id);
        }
        write_time(call, "issued_before", row_int(rows, "issued_before_us"));
        write_time(call, "revoked_at", row_int(rows, "revoked_us"));
        jo_end_object(call->out);
    }
    jo_end_array(call->out);
    list_links(call);
    jo_end_object(call->out);
    return got;
}

#define GONE(path_) { .method = "GET", .path = path_, .status = 200, .flags = REST_PUBLIC | REST_NO_TX, .handle = gone }
const struct rest_route identity_retired_routes[] = {
    { .method = "GET", .path = "/v3/OS-REVOKE/events", .rule = "identity:list_revoke_events", .status = 200, .handle = events_list },
    GONE("/v3/OS-SIMPLE-CERT/ca"),
    GONE("/v3/OS-SIMPLE-CERT/certificates"),
    GONE("/v3/auth/tokens/OS-PKI/revoked"),
    { .method = NULL }
};
