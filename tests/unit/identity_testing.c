/* identity_testing.c: see identity_testing.h. */
#include "config.h"
#include "identity_testing.h"

#include "base/config.h"
#include "base/log.h"
#include "identity/sessions.h"
#include "unit.h"

struct bed bed;
static struct plugins *bed_with;

static int (*authenticator)(void *arg, const char *token, struct auth **ret, struct cairn_error *err);
static void *authenticator_arg;

/* Stands in for the wire's, as rest_wire.c does for the rest of it. */
void
http_set_authenticator(int (*fn)(void *arg, const char *token, struct auth **ret, struct cairn_error *err), void *arg)
{
    authenticator = fn;
    authenticator_arg = arg;
}

static void
must(int rc, const struct cairn_error *err)
{
    ck_assert_msg(rc == 0, "%s", err->message);
}

static void
start(void)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    must(catalog_open(bed.url, &bed.catalog, &err), &err);
    bed.env = (struct rest_env){ .catalog = bed.catalog, .state_dir = scratch, .config = bed.config, .plugins = bed_with };
    must(policy_new(&bed.env.policy, &err), &err);
    must(identity_open(&bed.env, &err), &err);
    must(rest_app(&identity_service, &bed.env, &bed.app, &err), &err);
}

static void
stop(void)
{
    rest_app_free(bed.app);
    identity_close();
    policy_free(bed.env.policy);
    catalog_close(bed.catalog);
}

void
bed_open(void)
{
    struct identity_bootstrap b = { .base_url = BASE_URL, .admin_password = PASSWORD };
    struct cairn_error err = CAIRN_ERROR_INIT;

    log_set_levels("warn", NULL);
    scratch_make();
    bed.url = xasprintf("sqlite:%s/catalog.db", scratch);
    start();
    must(identity_bootstrap(bed.catalog, &b, &err), &err);
}

void
bed_close(void)
{
    wire_end();
    stop();
    config_free(bed.config);
    bed.config = NULL;
    free(bed.url);
    scratch_drop();
}

void
bed_reopen(void)
{
    stop();
    start();
}

void
bed_plugins(struct plugins *plugins)
{
    stop();
    bed_with = plugins;
    start();
}

void
bed_configure(const char *ini)
{
    static const struct config_section sections[] = {
        { IDENTITY_SECTION, "", identity_keys }, { COMPLIANCE_SECTION, "", compliance_keys }, { "quota", "", rest_quota_keys }, { NULL, NULL, NULL }
    };
    static const char *const none[] = { NULL };
    struct cairn_error err = CAIRN_ERROR_INIT;

    stop();
    config_free(bed.config);
    bed.config = NULL;
    if (ini != NULL)
        must(config_load_text(ini, "test", sections, none, &bed.config, &err), &err);
    start();
}

const struct wire_reply *
bed_ask(const char *token, const char *method, const char *path, const char *query, const char *headers, const char *body)
{
    struct auth *who = NULL;
    const struct wire_reply *reply;

    if (token != NULL && authenticator(authenticator_arg, token, &who, NULL) < 0)
        who = NULL;
    reply = wire_ask(bed.app, who, method, path, query, headers, body);
    auth_put(who);
    return reply;
}

char *
bed_login_as(const char *identity_json, const char *scope)
{
    CLEANUP_FREE char *body = xasprintf("{\"auth\":{\"identity\":%s%s%s}}", identity_json, scope != NULL ? ",\"scope\":" : "", scope != NULL ? scope : "");
    const struct wire_reply *r = bed_ask(NULL, "POST", "/v3/auth/tokens", NULL, NULL, body);

    return r->status == 201 ? xstrdup(wire_header("X-Subject-Token")) : NULL;
}

char *
bed_login(const char *user, const char *password, const char *scope)
{
    CLEANUP_FREE char *identity = xasprintf("{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"%s\",\"password\":\"%s\",\"domain\":{\"id\":\"default\"}}}}",
                                            user, password);

    return bed_login_as(identity, scope);
}

const char *
bed_text(const struct wire_reply *r, const char *path)
{
    CLEANUP_FREE char *copy = xstrdup(path);
    json_t *at = r->json;
    char *save = NULL;

    for (char *key = strtok_r(copy, ".", &save); key != NULL; key = strtok_r(NULL, ".", &save))
        at = json_object_get(at, key);
    return json_string_value(at);
}

char *
bed_make(const char *token, const char *path, const char *key, const char *fields)
{
    CLEANUP_FREE char *body = xasprintf("{\"%s\":%s}", key, fields);
    CLEANUP_FREE char *id_path = xasprintf("%s.id", key);
    const struct wire_reply *r = bed_ask(token, "POST", path, NULL, NULL, body);

    ck_assert_msg(r->status == 201, "POST %s answers %d %s", path, r->status, r->text);
    return xstrdup(bed_text(r, id_path));
}

char *
bed_fill(const char *pattern, const char *a, const char *b, const char *c, const char *d)
{
    const char *const words[] = { a, b, c, d };
    struct str out = STR_INIT;

    for (; *pattern != '\0'; pattern++)
        if (pattern[0] == '%' && pattern[1] >= '1' && pattern[1] <= '4' && pattern[2] == '$' && pattern[3] == 's') {
            str_add(&out, words[pattern[1] - '1']);
            pattern += 3;
        } else {
            str_add_c(&out, *pattern);
        }
    return str_take(&out);
}
