/* stored_directories.c: domains whose users an LDAP directory has by the configuration that clients keep through the API (domain_config.c).
 *
 * Each is an instance of the plugin "ldap" that is called by the domain's id, as one of a section [auth:ID] would be.  A section is the operator's word: it wins. */
#include "config.h"
#include "identity/external.h"

#include "base/config.h"
#include "base/thread.h"
#include "identity/identity.h"
#include "identity/resources.h"
#include "identity/seal.h"

#define LOG_MODULE "identity"
#include "base/log.h"

#define HANDED_MAX 64

/* What runs, {DOMAIN ID: {SETTING: TEXT}}.  The lock is held while instances are made and ended: nothing else waits for it. */
static struct {
    struct mutex lock;
    json_t *running GUARDED_BY(lock);
} stored = { .lock = MUTEX_INIT };

/* Options that the plugin has under the same name; the others (pools, emulation, ...) are kept for the client alone. */
static const char *const handed[] = {
    "url", "user", "password", "use_tls", "tls_cacertfile", "tls_req_cert", "query_scope", "page_size", "user_tree_dn", "user_filter", "user_objectclass",
    "user_id_attribute", "user_name_attribute", "user_mail_attribute", "user_description_attribute", "user_enabled_attribute", "user_enabled_mask",
    "user_enabled_invert", "user_enabled_default", "group_tree_dn", "group_filter", "group_objectclass", "group_id_attribute", "group_name_attribute",
    "group_desc_attribute", "group_member_attribute", "group_members_are_ids", NULL
};

static int
is_handed(const char *name)
{
    const char *const *at = handed;

    while (*at != NULL && strcmp(*at, name) != 0)
        at++;
    return *at != NULL;
}

/* --- what is stored */
/* A value as a section would have it; NULL: it is none. */
static json_t *
text_of(const char *json)
{
    CLEANUP_JSON json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);

    switch (json_typeof(value)) {
    case JSON_STRING:  return json_string_length(value) > 0 ? json_incref(value) : NULL;
    case JSON_TRUE:    return json_string("yes");
    case JSON_FALSE:   return json_string("no");
    case JSON_INTEGER: return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    default:           return NULL;
    }
}

static int
read_domains(struct tx *tx, json_t *wanted, json_t *names, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (tx_query(tx, &rows, err, "select d.id as id, d.name as name from domains d join domain_config c on c.domain_id = d.id"
                                 " where c.group_name = 'identity' and c.option_name = 'driver' and c.value = '\"ldap\"'", "") < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0) {
        const char *id = row_text(rows, "id");

        json_object_set_new(wanted, id, json_object());
        json_object_set_new(names, id, json_string(row_text(rows, "name")));
    }
    return got;
}

static int
read_options(struct tx *tx, json_t *wanted, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (tx_query(tx, &rows, err, "select domain_id, option_name, value from domain_config where group_name = 'ldap'", "") < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0) {
        json_t *settings = json_object_get(wanted, row_text(rows, "domain_id"));
        const char *name = row_text(rows, "option_name");
        json_t *text = text_of(row_text(rows, "value"));

        if (settings != NULL && text != NULL)
            json_object_set(settings, name, text);
        json_decref(text);
    }
    return got;
}

static int
read_secrets(struct tx *tx, json_t *wanted, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (tx_query(tx, &rows, err, "select id, domain_id, option_name, sealed from domain_secrets where group_name = 'ldap'", "") < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0) {
        json_t *settings = json_object_get(wanted, row_text(rows, "domain_id"));
        const char *id = row_text(rows, "id"), *name = row_text(rows, "option_name"), *sealed = row_text(rows, "sealed");
        char *text = NULL;

        if (settings == NULL)
            continue;
        if (unseal_text(identity_state.credential_keys, id, sealed, &text, err) < 0)
            return cairn_error_context(err, "the domain configuration's %s", id);
        json_object_set_new(settings, name, text_of(text));
        explicit_bzero(text, strlen(text));
        free(text);
    }
    return got;
}

/* Without trees of their own, users and groups are in the two that Keystone looks for below the suffix. */
static void
default_trees(json_t *settings)
{
    static const struct { const char *key, *unit; } trees[] = { { "user_tree_dn", "ou=Users" }, { "group_tree_dn", "ou=UserGroups" } };
    const char *suffix = json_str(settings, "suffix");

    for (size_t i = 0; suffix != NULL && i < ARRAY_LEN(trees); i++) {
        if (json_object_get(settings, trees[i].key) == NULL)
            json_object_set_new(settings, trees[i].key, json_sprintf("%s,%s", trees[i].unit, suffix));
    }
}

static int
read_all(const struct rest_env *env, json_t *wanted, json_t *names, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    const char *id;
    json_t *settings;

    if (tx_begin(env->catalog, TX_READ, &tx, err) < 0 || read_domains(tx, wanted, names, err) < 0 || read_options(tx, wanted, err) < 0 || read_secrets(tx, wanted, err) < 0)
        return -1;
    json_object_foreach(wanted, id, settings)
        default_trees(settings);
    return 0;
}

/* --- what runs */
static int
start_one(const struct rest_env *env, const char *id, const char *name, const json_t *settings, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *section = plugins_get(env->plugins, CAIRN_AUTH, name);
    struct cairn_pair pairs[HANDED_MAX];
    size_t count = 0;

    if (section != NULL)
        return cairn_fail(err, CAIRN_EXISTS, "the section [auth:%s] is what counts", name);
    /* "file:PATH" is how an operator names a secret; whoever writes through the API reads no file of ours. */
    if (str_starts(json_str(settings, "password") != NULL ? json_str(settings, "password") : "", "file:"))
        return cairn_fail(err, CAIRN_DENIED, "a password may not begin with \"file:\"");
    for (const char *const *at = handed; *at != NULL; at++) {
        const char *text = json_str(settings, *at);

        if (text != NULL)
            pairs[count++] = (struct cairn_pair){ *at, text };
    }
    return plugins_load_with(env->plugins, CAIRN_AUTH, "ldap", id, pairs, count, err);
}

/* Those whose settings are no longer what they were begun with. */
static void stop_others(const struct rest_env *env, const json_t *wanted) REQUIRES(stored.lock);
static void
stop_others(const struct rest_env *env, const json_t *wanted)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    const char *id;
    json_t *settings;
    void *next;

    json_object_foreach_safe(stored.running, next, id, settings) {
        if (json_equal(settings, json_object_get(wanted, id)))
            continue;
        if (plugins_unload(env->plugins, CAIRN_AUTH, id, &err) < 0)
            log_warn("domain %s: %s", id, err.message);
        cairn_error_clear(&err);
        json_object_del(stored.running, id);
    }
}

static void
tell_unused(const char *id, json_t *settings)
{
    const char *name;
    json_t *value;

    json_object_foreach(settings, name, value) {
        if (!is_handed(name) && strcmp(name, "suffix") != 0)
            log_info("domain %s: its option %s of the group ldap is kept, and used by nobody here", id, name);
    }
}

static void start_new(const struct rest_env *env, json_t *wanted, const json_t *names) REQUIRES(stored.lock);
static void
start_new(const struct rest_env *env, json_t *wanted, const json_t *names)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    const char *id;
    json_t *settings;

    json_object_foreach(wanted, id, settings) {
        if (json_object_get(stored.running, id) != NULL)
            continue;
        if (start_one(env, id, json_str(names, id), settings, &err) < 0) {
            log_warn("the stored configuration of domain %s starts nothing: %s", id, err.message);
            cairn_error_clear(&err);
            continue;
        }
        tell_unused(id, settings);
        json_object_set(stored.running, id, settings);
    }
}

int
external_stored_wanted(const struct rest_env *env)
{
    return env->plugins != NULL && env->config != NULL && config_int(env->config, IDENTITY_SECTION, "domain_configurations_from_database") != 0;
}

void
external_follow_stored(const struct rest_env *env)
{
    CLEANUP_JSON json_t *wanted = json_object();
    CLEANUP_JSON json_t *names = json_object();
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (!external_stored_wanted(env))
        return;
    mutex_lock(&stored.lock);
    if (stored.running == NULL)
        stored.running = json_object();
    if (read_all(env, wanted, names, &err) < 0) {
        log_warn("directories of users are as they were: %s", err.message);
    } else {
        stop_others(env, wanted);
        start_new(env, wanted, names);
    }
    mutex_unlock(&stored.lock);
}

void
external_forget_stored(void)
{
    mutex_lock(&stored.lock);
    json_decref(stored.running);
    stored.running = NULL;
    mutex_unlock(&stored.lock);
}
