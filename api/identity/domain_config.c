/* domain_config.c: the configuration of a domain: options of the groups that a domain may set for itself, and their defaults.
 *
 * What is secret is kept sealed and never shown. */
#include "config.h"
#include "identity/resources.h"

#include "base/config.h"
#include "identity/external.h"
#include "identity/seal.h"

#define VALUE_MAX 65535

enum { SHOWN, SECRET };
#define IDENTITY(name, dflt) { "identity", name, dflt, SHOWN }
#define LDAP(name, dflt) { "ldap", name, dflt, SHOWN }

/* The defaults are JSON. */
static const struct option { const char *group, *name, *dflt; int secret; } options[] = {
    IDENTITY("driver", "\"sql\""),
    IDENTITY("list_limit", "null"),
    LDAP("url", "\"ldap://localhost\""),
    LDAP("user", "null"),
    { "ldap", "password", "null", SECRET },
    LDAP("suffix", "\"cn=example,cn=com\""),
    LDAP("query_scope", "\"one\""),
    LDAP("page_size", "0"),
    LDAP("alias_dereferencing", "\"default\""),
    LDAP("debug_level", "null"),
    LDAP("chase_referrals", "null"),
    LDAP("user_tree_dn", "null"),
    LDAP("user_filter", "null"),
    LDAP("user_objectclass", "\"inetOrgPerson\""),
    LDAP("user_id_attribute", "\"cn\""),
    LDAP("user_name_attribute", "\"sn\""),
    LDAP("user_mail_attribute", "\"mail\""),
    LDAP("user_description_attribute", "\"description\""),
    LDAP("user_pass_attribute", "\"userPassword\""),
    LDAP("user_enabled_attribute", "\"enabled\""),
    LDAP("user_enabled_invert", "false"),
    LDAP("user_enabled_mask", "0"),
    LDAP("user_enabled_default", "\"True\""),
    LDAP("user_attribute_ignore", "[\"default_project_id\"]"),
    LDAP("user_default_project_id_attribute", "null"),
    LDAP("user_enabled_emulation", "false"),
    LDAP("user_enabled_emulation_dn", "null"),
    LDAP("user_enabled_emulation_use_group_config", "false"),
    LDAP("user_additional_attribute_mapping", "[]"),
    LDAP("group_tree_dn", "null"),
    LDAP("group_filter", "null"),
    LDAP("group_objectclass", "\"groupOfNames\""),
    LDAP("group_id_attribute", "\"cn\""),
    LDAP("group_name_attribute", "\"ou\""),
    LDAP("group_members_are_ids", "false"),
    LDAP("group_member_attribute", "\"member\""),
    LDAP("group_desc_attribute", "\"description\""),
    LDAP("group_attribute_ignore", "[]"),
    LDAP("group_additional_attribute_mapping", "[]"),
    LDAP("tls_cacertfile", "null"),
    LDAP("tls_cacertdir", "null"),
    LDAP("use_tls", "false"),
    LDAP("tls_req_cert", "\"demand\""),
    LDAP("use_pool", "true"),
    LDAP("pool_size", "10"),
    LDAP("pool_retry_max", "3"),
    LDAP("pool_retry_delay", "0.1"),
    LDAP("pool_connection_timeout", "-1"),
    LDAP("pool_connection_lifetime", "600"),
    LDAP("use_auth_pool", "true"),
    LDAP("auth_pool_size", "100"),
    LDAP("auth_pool_connection_lifetime", "60"),
};

static const struct option *
option_find(const char *group, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (strcmp(options[i].group, group) == 0 && (name == NULL || strcmp(options[i].name, name) == 0))
            return &options[i];
    }
    return NULL;
}

/* 'group' may be NULL: all; so may 'name'. */
static int
must_be_known(const char *group, const char *name, struct cairn_error *err)
{
    if (group != NULL && option_find(group, NULL) == NULL)
        return cairn_fail(err, CAIRN_DENIED, "Invalid domain specific configuration: Group %.60s is not supported for domain specific configurations.", group);
    if (name != NULL && option_find(group, name) == NULL)
        return cairn_fail(err, CAIRN_DENIED, "Invalid domain specific configuration: Option %.60s in group %.60s is not supported for domain specific configurations.",
                          name, group);
    return 0;
}

/* {"ldap": {"url": ...}, ...}: groups and options that there are, with values of a decent size. */
static int
domain_config_check(const json_t *config, struct cairn_error *err)
{
    const char *group, *name;
    json_t *members, *value;

    if (json_object_size(config) == 0)
        return cairn_fail(err, CAIRN_DENIED, "Invalid domain specific configuration: No options specified.");
    json_object_foreach((json_t *)(uintptr_t)config, group, members) {
        if (json_object_size(members) == 0)
            return cairn_fail(err, CAIRN_DENIED, "Invalid domain specific configuration: The value of group %.60s specified in the config should be a dictionary of options.",
                              group);
        json_object_foreach(members, name, value) {
            CLEANUP_FREE char *text = json_text(value);

            if (must_be_known(group, name, err) < 0)
                return -1;
            if (strlen(text) > VALUE_MAX)
                return cairn_fail(err, CAIRN_INVALID, "The value of option %s in group %s is too long.", name, group);
        }
    }
    return 0;
}

/* --- reading */
/* Writes {"config": ...} of what the rows say; '*ret_count' options were written.  With one option asked for, its group is left out. */
static int
write_config(struct rest_call *call, const char *domain, const char *group, const char *name, size_t *ret_count, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    CLEANUP_JSON json_t *config = json_object();
    int got;

    *ret_count = 0;
    if (tx_query(call->tx, &rows, err,
                 "select group_name, option_name, value from domain_config where domain_id = ? and (? is null or group_name = ?) and (? is null or option_name = ?)"
                 " order by group_name, option_name", "sssss", domain, group, group, name, name) < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0) {
        const char *of = row_text(rows, "group_name"), *option = row_text(rows, "option_name"), *text = row_text(rows, "value");
        const struct option *o = option_find(of, option);
        json_t *into = config;

        if (o == NULL || o->secret)
            continue;
        if (name == NULL && (into = json_object_get(config, of)) == NULL) {
            into = json_object();
            json_object_set_new(config, of, into);
        }
        json_object_set_new(into, option, json_loads(text, JSON_DECODE_ANY, NULL));
        ++*ret_count;
    }
    jo_object(call->out, NULL);
    jo_json(call->out, "config", config);
    jo_end_object(call->out);
    return got;
}

static int
not_there(const char *domain, const char *group, const char *name, struct cairn_error *err)
{
    if (name != NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find option %.60s in group %.60s in domain configuration for domain %.80s.", name, group, domain);
    if (group != NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find group %.60s in domain configuration for domain %.80s.", group, domain);
    return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find any options in domain configuration for domain %.80s.", domain);
}

struct asked { const char *domain, *group, *name; };

static int
asked_of(struct rest_call *call, struct asked *ret, struct cairn_error *err)
{
    *ret = (struct asked){ rest_param(call, "domain_id"), rest_param(call, "group"), rest_param(call, "option") };
    return must_exist(call->tx, "domain", "domains", ret->domain, err) < 0 ? -1 : must_be_known(ret->group, ret->name, err);
}

static int
config_show(struct rest_call *call, struct cairn_error *err)
{
    struct asked a;
    size_t count;

    if (asked_of(call, &a, err) < 0 || write_config(call, a.domain, a.group, a.name, &count, err) < 0)
        return -1;
    return count > 0 ? 0 : not_there(a.domain, a.group, a.name, err);
}

/* What passwords must look like is for everybody who has to choose one; it is the cloud's, so only its first domain has it. */
static int
compliance_show(struct rest_call *call, struct cairn_error *err)
{
    static const char *const readable[] = { "password_regex", "password_regex_description" };
    const char *domain = rest_param(call, "domain_id"), *name = rest_param(call, "option");
    int shown = 0;

    if (must_exist(call->tx, "domain", "domains", domain, err) < 0)
        return -1;
    if (strcmp(domain, "default") != 0)
        return cairn_fail(err, CAIRN_DENIED, "Invalid domain specific configuration: Reading security compliance information for any domain other than the default"
                          " domain is not allowed or supported.");
    jo_object(call->out, NULL);
    jo_object(call->out, "config");
    if (name == NULL)
        jo_object(call->out, COMPLIANCE_SECTION);
    for (size_t i = 0; i < ARRAY_LEN(readable); i++) {
        if (name != NULL && strcmp(name, readable[i]) != 0)
            continue;
        jo_str(call->out, readable[i], call->env->config != NULL ? config_string(call->env->config, COMPLIANCE_SECTION, readable[i]) : NULL);
        shown++;
    }
    if (name == NULL)
        jo_end_object(call->out);
    jo_end_object(call->out);
    jo_end_object(call->out);
    return shown > 0 ? 0 : cairn_fail(err, CAIRN_DENIED, "Invalid domain specific configuration: Reading security compliance values other than password_regex and"
                                      " password_regex_description is not allowed.");
}

static int
defaults_show(struct rest_call *call, struct cairn_error *err)
{
    const char *group = rest_param(call, "group"), *name = rest_param(call, "option"), *now = NULL;

    if (must_be_known(group, name, err) < 0)
        return -1;
    if (name != NULL && option_find(group, name)->secret)
        return cairn_fail(err, CAIRN_DENIED, "Invalid domain specific configuration: Reading the default for option %s in group %s is not supported.", name, group);
    jo_object(call->out, NULL);
    jo_object(call->out, "config");
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const struct option *o = &options[i];

        if (o->secret || (group != NULL && strcmp(o->group, group) != 0) || (name != NULL && strcmp(o->name, name) != 0))
            continue;
        if (name == NULL && !str_eq(now, o->group)) {
            if (now != NULL)
                jo_end_object(call->out);
            now = o->group;
            jo_object(call->out, now);
        }
        jo_raw(call->out, o->name, o->dflt);
    }
    if (now != NULL)
        jo_end_object(call->out);
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

/* --- writing */
static int
secret_store(struct rest_call *call, const char *domain, const char *group, const char *name, const char *text, struct cairn_error *err)
{
    CLEANUP_FREE char *id = xasprintf("%s/%s/%s", domain, group, name);
    CLEANUP_FREE char *sealed = NULL;

    if (seal_text(identity_state.credential_keys, id, text, &sealed, err) < 0)
        return -1;
    return tx_exec(call->tx, err,
                   "insert into domain_secrets (id, domain_id, group_name, option_name, sealed, key_number) values (?, ?, ?, ?, ?, ?)"
                   " on conflict (id) do update set sealed = excluded.sealed, key_number = excluded.key_number", "sssssi", id, domain, group, name, sealed,
                   (int64_t)seal_text_key(sealed));
}

static void
follow(void *env)
{
    external_follow_stored(env);
}

/* Whoever is served by what is stored is so from the answer on. */
static int
config_changed(struct rest_call *call, struct cairn_error *err)
{
    if (external_stored_wanted(call->env))
        tx_on_commit(call->tx, follow, (void *)(uintptr_t)call->env);
    return identity_changed(call->tx, err);
}

/* 'group' NULL: all of the domain's; 'name' NULL: all of the group's. */
static int
forget(struct rest_call *call, const char *domain, const char *group, const char *name, struct cairn_error *err)
{
    static const char *const steps[] = {
        "delete from domain_config where domain_id = ? and (? is null or group_name = ?) and (? is null or option_name = ?)",
        "delete from domain_secrets where domain_id = ? and (? is null or group_name = ?) and (? is null or option_name = ?)",
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (tx_exec(call->tx, err, steps[i], "sssss", domain, group, group, name, name) < 0)
            return -1;
    }
    return 0;
}

static int
how_many(struct rest_call *call, const char *domain, const char *group, const char *name, int64_t *ret, struct cairn_error *err)
{
    return tx_int(call->tx, ret, 0, err,
                  "select count(*) from (select group_name, option_name from domain_config where domain_id = ?"
                  " union all select group_name, option_name from domain_secrets where domain_id = ?) x"
                  " where (? is null or group_name = ?) and (? is null or option_name = ?)", "ssssss", domain, domain, group, group, name, name);
}

static int
config_store(struct rest_call *call, const char *domain, const json_t *config, struct cairn_error *err)
{
    const char *group, *name;
    json_t *members, *value;

    json_object_foreach((json_t *)(uintptr_t)config, group, members) {
        json_object_foreach(members, name, value) {
            CLEANUP_FREE char *text = json_text(value);

            if (option_find(group, name)->secret) {
                if (secret_store(call, domain, group, name, text, err) < 0)
                    return -1;
                continue;
            }
            if (tx_exec(call->tx, err,
                        "insert into domain_config (domain_id, group_name, option_name, value) values (?, ?, ?, ?)"
                        " on conflict (domain_id, group_name, option_name) do update set value = excluded.value", "ssss", domain, group, name, text) < 0)
                return -1;
        }
    }
    return config_changed(call, err);
}

static int
config_put(struct rest_call *call, struct cairn_error *err)
{
    struct asked a;
    int64_t before;
    size_t count;

    if (asked_of(call, &a, err) < 0 || domain_config_check(call->body, err) < 0
        || how_many(call, a.domain, NULL, NULL, &before, err) < 0 || forget(call, a.domain, NULL, NULL, err) < 0
        || config_store(call, a.domain, call->body, err) < 0)
        return -1;
    if (before > 0)
        call->status = 200;
    return write_config(call, a.domain, NULL, NULL, &count, err);
}

static int
must_be_set(struct rest_call *call, const struct asked *a, struct cairn_error *err)
{
    int64_t found;

    if (how_many(call, a->domain, a->group, a->name, &found, err) < 0)
        return -1;
    return found > 0 ? 0 : not_there(a->domain, a->group, a->name, err);
}

/* With a group or option in the path, the body has just that, and it is there already. */
static int
config_patch(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *config = NULL;
    struct asked a;
    size_t count;

    if (asked_of(call, &a, err) < 0)
        return -1;
    config = a.name != NULL ? json_pack("{s:O}", a.group, call->body) : json_incref(call->body);
    if (domain_config_check(config, err) < 0)
        return -1;
    if (a.group != NULL && (json_object_size(config) != 1 || json_object_get(config, a.group) == NULL))
        return cairn_fail(err, CAIRN_DENIED, "Invalid domain specific configuration: Trying to update group %s, so that, and only that, group must be specified in the config.",
                          a.group);
    if (a.name != NULL && (json_object_size(call->body) != 1 || json_object_get(call->body, a.name) == NULL))
        return cairn_fail(err, CAIRN_DENIED, "Invalid domain specific configuration: Trying to update option %s in group %s, so that, and only that, option must be"
                          " specified in the config.", a.name, a.group);
    if ((a.group != NULL && must_be_set(call, &a, err) < 0) || config_store(call, a.domain, config, err) < 0)
        return -1;
    return write_config(call, a.domain, NULL, NULL, &count, err);
}

static int
config_delete(struct rest_call *call, struct cairn_error *err)
{
    struct asked a;

    if (asked_of(call, &a, err) < 0 || (a.group != NULL && must_be_set(call, &a, err) < 0))
        return -1;
    if (forget(call, a.domain, a.group, a.name, err) < 0)
        return -1;
    return config_changed(call, err);
}

static const struct rest_attr any_body[] = { { .name = "*", .type = REST_JSON, .flags = REST_CREATE | REST_NULL }, { .name = NULL } };

#define CONFIG "/v3/domains/{domain_id}/config"
#define AT(path_) \
    { .method = "GET",    .path = path_, .rule = "identity:get_domain_config",    .status = 200, .handle = config_show }, \
    { .method = "PATCH",  .path = path_, .rule = "identity:update_domain_config", .status = 200, .body = any_body, .body_key = "config", .handle = config_patch }, \
    { .method = "DELETE", .path = path_, .rule = "identity:delete_domain_config", .status = 204, .handle = config_delete }
#define COMPLIANCE(path_) \
    { .method = "GET", .path = path_, .rule = "identity:get_security_compliance_domain_config", .status = 200, .handle = compliance_show }
#define DEFAULT(path_) { .method = "GET", .path = path_, .rule = "identity:get_domain_config_default", .status = 200, .handle = defaults_show }

const struct rest_route identity_domain_config_routes[] = {
    { .method = "PUT", .path = CONFIG, .rule = "identity:create_domain_config", .status = 201, .body = any_body, .body_key = "config", .handle = config_put },
    AT(CONFIG),
    AT(CONFIG "/{group}"),
    AT(CONFIG "/{group}/{option}"),
    COMPLIANCE(CONFIG "/" COMPLIANCE_SECTION),
    COMPLIANCE(CONFIG "/" COMPLIANCE_SECTION "/{option}"),
    DEFAULT("/v3/domains/config/default"),
    DEFAULT("/v3/domains/config/{group}/default"),
    DEFAULT("/v3/domains/config/{group}/{option}/default"),
    { .method = NULL }
};
