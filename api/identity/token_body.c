/* token_body.c: see token_body.h. */
#include "config.h"
#include "identity/token_body.h"

#include "base/clock.h"
#include "base/json.h"
#include "identity/service_catalog.h"

static void
write_time(struct json_out *out, const char *key, int64_t us)
{
    char text[CLOCK_TEXT];

    jo_str(out, key, clock_format(us, CLOCK_MICRO_Z, text));
}

static void
write_named(struct json_out *out, const char *key, const char *id, const char *name)
{
    jo_object(out, key);
    jo_str(out, "id", id);
    jo_str(out, "name", name);
    jo_end_object(out);
}

static int
write_user(struct tx *tx, const struct auth *who, struct json_out *out, struct cairn_error *err)
{
    int64_t expires_us;

    if (tx_int(tx, &expires_us, 0, err, "select expires_us from passwords where user_id = ? order by created_us desc, id desc limit 1", "s", who->user_id) < 0)
        return -1;
    jo_object(out, "user");
    write_named(out, "domain", who->user_domain_id, who->user_domain_name);
    jo_str(out, "id", who->user_id);
    jo_str(out, "name", who->user_name);
    if (expires_us != 0)
        write_time(out, "password_expires_at", expires_us);
    else
        jo_null(out, "password_expires_at");
    jo_end_object(out);
    return 0;
}

static void
write_scope(const struct auth *who, struct json_out *out)
{
    switch (who->scope) {
    case AUTH_PROJECT:
        jo_object(out, "project");
        write_named(out, "domain", who->project_domain_id, who->project_domain_name);
        jo_str(out, "id", who->project_id);
        jo_str(out, "name", who->project_name);
        jo_end_object(out);
        jo_bool(out, "is_domain", 0);
        break;
    case AUTH_DOMAIN:
        write_named(out, "domain", who->domain_id, who->domain_name);
        break;
    case AUTH_SYSTEM:
        jo_object(out, "system");
        jo_bool(out, "all", 1);
        jo_end_object(out);
        break;
    case AUTH_UNSCOPED:
        break;
    }
}

static void
write_trust(const struct auth *who, struct json_out *out)
{
    jo_object(out, "OS-TRUST:trust");
    jo_str(out, "id", who->delegation_id);
    jo_bool(out, "impersonation", who->impersonation);
    jo_object(out, "trustor_user");
    jo_str(out, "id", who->trustor_id);
    jo_end_object(out);
    jo_object(out, "trustee_user");
    jo_str(out, "id", who->trustee_id);
    jo_end_object(out);
    jo_end_object(out);
}

static void
write_app_cred(const struct auth *who, struct json_out *out)
{
    jo_object(out, "application_credential");
    jo_str(out, "id", who->delegation_id);
    jo_str(out, "name", who->delegation_name);
    jo_bool(out, "restricted", who->restricted);
    if (who->rules != NULL) {
        jo_array(out, "access_rules");
        for (unsigned i = 0; i < who->rules_count; i++) {
            jo_object(out, NULL);
            jo_str(out, "id", who->rules[i].id);
            jo_str(out, "service", who->rules[i].service);
            jo_str(out, "method", who->rules[i].method);
            jo_str(out, "path", who->rules[i].path);
            jo_end_object(out);
        }
        jo_end_array(out);
    }
    jo_end_object(out);
}

static void
write_delegation(const struct auth *who, struct json_out *out)
{
    switch (who->delegation) {
    case AUTH_BY_TRUST:
        write_trust(who, out);
        break;
    case AUTH_BY_APP_CRED:
        write_app_cred(who, out);
        break;
    case AUTH_BY_OAUTH:
        jo_object(out, "OS-OAUTH1");
        jo_str(out, "access_token_id", who->delegation_id);
        jo_str(out, "consumer_id", who->delegation_name);
        jo_end_object(out);
        break;
    case AUTH_DIRECT:
        break;
    }
}

int
token_body(struct tx *tx, const struct auth *who, int with_catalog, struct str *text, struct cairn_error *err)
{
    struct json_out out;

    jo_init(&out, text);
    jo_object(&out, NULL);
    jo_array(&out, "methods");
    for (unsigned i = 0; i < who->methods_count; i++)
        jo_str(&out, NULL, who->methods[i]);
    jo_end_array(&out);
    if (write_user(tx, who, &out, err) < 0)
        return -1;
    jo_array(&out, "audit_ids");
    jo_str(&out, NULL, who->audit_id);
    if (strcmp(who->audit_id, who->audit_chain_id) != 0)
        jo_str(&out, NULL, who->audit_chain_id);
    jo_end_array(&out);
    write_time(&out, "expires_at", who->expires_us);
    write_time(&out, "issued_at", who->issued_us);
    write_scope(who, &out);
    write_delegation(who, &out);
    if (who->scope != AUTH_UNSCOPED) {
        jo_array(&out, "roles");
        for (unsigned i = 0; i < who->roles_count; i++)
            write_named(&out, NULL, who->role_ids[i], who->roles[i]);
        jo_end_array(&out);
        if (with_catalog && service_catalog(tx, who->project_id, who->user_id, &out, "catalog", err) < 0)
            return -1;
    }
    if (with_catalog && service_providers(tx, &out, err) < 0)
        return -1;
    jo_end_object(&out);
    return 0;
}
