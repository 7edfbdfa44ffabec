/* service.c: the identity service as a whole: its configuration, its life, its tables. */
#include "config.h"
#include "identity/identity.h"

#include "base/config.h"
#include "base/thread.h"
#include "identity/compliance.h"
#include "identity/password.h"
#include "identity/resources.h"
#include "identity/revoke.h"
#include "identity/sessions.h"

struct identity_state identity_state;

const struct cairn_key identity_keys[] = {
    CAIRN_KEY("token_lifetime", CAIRN_KEY_DURATION, "4h", "How long a token is valid; a minute to seven days."),
    CAIRN_KEY_RANGE("password_parallel", "2", 1, 64, "How many passwords are hashed at the same time."),
    CAIRN_KEY_RANGE("password_waiting", "200", 0, 100000, "How many requests may wait for that; more are told to come again (503)."),
    CAIRN_KEY("password_scheme", CAIRN_KEY_STRING, "yescrypt", "How new passwords are hashed: yescrypt, scrypt or bcrypt; older hashes are renewed at login."),
    CAIRN_KEY("external_refresh", CAIRN_KEY_DURATION, "5m", "How often the users and groups of [auth:DOMAIN] sections are read anew."),
    CAIRN_KEY("domain_configurations_from_database", CAIRN_KEY_BOOL, "no", "Domains whose configuration (API) says driver = ldap have their users in that directory."),
    CAIRN_KEY_RANGE("password_cost", "0", 0, 20, "Cost of a hash, in the scheme's own measure; 0: a usual one."),
    CAIRN_KEY("enforcement_model", CAIRN_KEY_STRING, "flat", "How limits of projects and domains depend on each other: flat or strict_two_level."),
    CAIRN_KEY("receipt_lifetime", CAIRN_KEY_DURATION, "5m", "How long a receipt of the first factors of a login is good for; a minute to an hour."),
    CAIRN_KEY("oauth_request_lifetime", CAIRN_KEY_DURATION, "8h", "How long an OAuth request token waits to be authorized and exchanged; 0: for ever."),
    CAIRN_KEY("oauth_access_lifetime", CAIRN_KEY_DURATION, "1d", "How long an OAuth access token is good for; 0: for ever."),
    CAIRN_KEY_RANGE("totp_previous_windows", "1", 0, 10, "Passcodes (TOTP) of how many windows of 30 seconds before the present one are taken, too."),
    { .name = NULL }
};

static int64_t
setting(const struct config *config, const char *key, int64_t dflt)
{
    return config != NULL ? config_int(config, IDENTITY_SECTION, key) : dflt;
}

int
identity_open(const struct rest_env *env, struct cairn_error *err)
{
    int64_t lifetime_ms = setting(env->config, "token_lifetime", INT64_C(4) * 3600 * 1000);
    const char *model = env->config != NULL ? config_string(env->config, IDENTITY_SECTION, "enforcement_model") : "flat";
    int64_t receipt_ms = setting(env->config, "receipt_lifetime", 300 * 1000);
    struct key_ring *keys, *credential_keys = NULL;

    if (strcmp(model, "flat") != 0 && strcmp(model, "strict_two_level") != 0)
        return cairn_fail(err, CAIRN_INVALID, "[identity] enforcement_model must be flat or strict_two_level, not '%s'", model);
    if (lifetime_ms < 60 * 1000 || lifetime_ms > INT64_C(7) * 24 * 3600 * 1000)
        return cairn_fail(err, CAIRN_INVALID, "[identity] token_lifetime must be between a minute and seven days");
    if (receipt_ms < 60 * 1000 || receipt_ms > 3600 * 1000)
        return cairn_fail(err, CAIRN_INVALID, "[identity] receipt_lifetime must be between a minute and an hour");
    if (password_scheme(env->config != NULL ? config_string(env->config, IDENTITY_SECTION, "password_scheme") : "yescrypt",
                        (unsigned)setting(env->config, "password_cost", 0), err) < 0)
        return cairn_error_context(err, "[identity] password_scheme, password_cost");
    password_limits((unsigned)setting(env->config, "password_parallel", 2), (unsigned)setting(env->config, "password_waiting", 200));
    if (compliance_open(env->config, err) < 0 || keys_open(env->state_dir, TOKEN_KEYS, &keys, err) < 0)
        return -1;
    if (keys_open(env->state_dir, CREDENTIAL_KEYS, &credential_keys, err) < 0 || sessions_open(env->catalog, keys, lifetime_ms * 1000, err) < 0) {
        keys_close(credential_keys);
        keys_close(keys);
        return -1;
    }
    identity_state = (struct identity_state){ .keys = keys, .credential_keys = credential_keys, .lifetime_us = lifetime_ms * 1000,
                                              .receipt_us = receipt_ms * 1000, .oauth_request_us = setting(env->config, "oauth_request_lifetime", INT64_C(8) * 3600 * 1000) * 1000,
                                              .oauth_access_us = setting(env->config, "oauth_access_lifetime", INT64_C(24) * 3600 * 1000) * 1000,
                                              .totp_previous = setting(env->config, "totp_previous_windows", 1),
                                              .strict_two_level = strcmp(model, "flat") != 0 };
    http_set_authenticator(identity_authenticate, NULL);
    return 0;
}

/* Two threads more than may hash, so that no processor idles while a login looks into the catalog. */
void
identity_slow_lane(const struct config *config, unsigned *ret_workers, unsigned *ret_waiting)
{
    *ret_workers = (unsigned)setting(config, "password_parallel", 2) + 2;
    *ret_waiting = (unsigned)setting(config, "password_waiting", 200);
}

void
identity_close(void)
{
    http_set_authenticator(NULL, NULL);
    sessions_close();
    compliance_close();
    keys_close(identity_state.credential_keys);
    keys_close(identity_state.keys);
    identity_state = (struct identity_state){ 0 };
}

int
identity_authenticate(void *arg, const char *token, struct auth **ret, struct cairn_error *err)
{
    (void)arg;
    return session_check(token, 0, ret, err);
}

int
identity_changed(struct tx *tx, struct cairn_error *err)
{
    return sessions_changed(tx, err);
}

void
identity_refresh(void)
{
    sessions_refresh();
}

void
identity_metrics(struct str *out)
{
    unsigned long hashed, remembered;

    password_counts(&hashed, &remembered);
    sessions_metrics(out);
    str_addf(out, "# TYPE cairn_password_checks_total counter\n"
                  "cairn_password_checks_total{result=\"hashed\"} %lu\ncairn_password_checks_total{result=\"remembered\"} %lu\n", hashed, remembered);
}

static const struct rest_resource *const resources[] = {
    &identity_domains, &identity_projects, &identity_users, &identity_groups, &identity_roles, &identity_regions, &identity_services,
    &identity_endpoints, &identity_stored_policies, &identity_endpoint_groups, &identity_registered_limits, &identity_limits, &identity_providers,
    &identity_mappings, &identity_service_providers, &identity_app_creds, &identity_access_rules, &identity_trusts, &identity_credentials, &identity_consumers, &identity_access_tokens, NULL
};
static const struct rest_route *const routes[] = {
    identity_discovery_routes, identity_token_routes, identity_scope_routes, identity_project_routes, identity_user_routes, identity_group_routes,
    identity_role_routes, identity_grant_routes, identity_assignment_routes, identity_region_routes, identity_endpoint_policy_routes,
    identity_endpoint_filter_routes, identity_limit_routes, identity_domain_config_routes, identity_federation_routes, identity_federation_auth_routes,
    identity_retired_routes, identity_app_cred_routes, identity_access_rule_routes, identity_trust_routes, identity_credential_routes,
    identity_ec2_credential_routes, identity_ec2_token_routes, identity_consumer_routes, identity_oauth_routes, identity_oauth2_routes, identity_access_token_routes, NULL
};

const struct rest_service identity_service = {
    .name = "identity",
    .releases = identity_releases,
    .releases_in_values = 1,
    .resources = resources,
    .routes = routes,
    .policies = identity_policies,
    .request_id_headers = { "X-Openstack-Request-Id" },
    .time_style = REST_TIME_MICRO_Z,
    .paging = REST_PAGE_KEYSTONE,
    .not_found = "Could not find %s: %s.",
    .target = identity_target,
    .open_unknown = 1,
    .hide_unknown = 1,
};
