/* info.c: pages about the service: /info, what it can, and /endpoints, where an object is. */
#include "config.h"
#include "object/private.h"

#include <inttypes.h>
#include <string.h>

#include "flow/object_sync.h"
#include "object/signed.h"

/* --- /info */

static void
info_feature(void *arg, const char *filter, const char *json)
{
    jo_raw(arg, filter, json);
}

static void
write_all(struct object_call *c, struct str *body)
{
    static const struct { const char *name; int64_t value; } limits[] = {
        { "max_file_size", OBJECT_FILE_MAX }, { "max_meta_name_length", OBJECT_META_NAME_MAX }, { "max_meta_value_length", OBJECT_META_VALUE_MAX },
        { "max_meta_count", OBJECT_META_COUNT_MAX }, { "max_meta_overall_size", OBJECT_META_SIZE_MAX }, { "max_header_size", OBJECT_HEADER_MAX },
        { "max_object_name_length", OBJECT_NAME_MAX }, { "container_listing_limit", OBJECT_LISTING_MAX }, { "account_listing_limit", OBJECT_LISTING_MAX },
        { "max_account_name_length", OBJECT_ACCOUNT_NAME_MAX }, { "max_container_name_length", OBJECT_CONTAINER_NAME_MAX }, { "extra_header_count", 0 },
    };
    struct json_out out;

    jo_init(&out, body);
    jo_object(&out, NULL);
    jo_object(&out, "swift");
    jo_str(&out, "version", PACKAGE_VERSION);
    jo_bool(&out, "strict_cors_mode", 1);
    jo_bool(&out, "account_autocreate", 1);
    jo_bool(&out, "allow_account_management", 1);
    jo_bool(&out, "allow_open_expired", 0);
    jo_str(&out, "auto_create_account_prefix", ".");
    jo_array(&out, "valid_api_versions");
    jo_str(&out, NULL, "v1");
    jo_str(&out, NULL, "v1.0");
    jo_end_array(&out);
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        jo_int(&out, limits[i].name, limits[i].value);
    jo_array(&out, "policies");
    for (unsigned i = 0; i < c->service->policies_count; i++) {
        jo_object(&out, NULL);
        jo_str(&out, "name", c->service->policies[i].name);
        jo_str(&out, "aliases", c->service->policies[i].name);
        if (i == 0)
            jo_bool(&out, "default", 1);
        jo_end_object(&out);
    }
    jo_end_array(&out);
    jo_end_object(&out);
    http_feature_each(c->req, info_feature, &out);
    jo_end_object(&out);
}

/* "swift.policies" goes out of its section, "tempurl" whole. */
static void
leave_out(json_t *info, const char *section)
{
    CLEANUP_FREE char *copy = xstrdup(section);
    char *save = NULL, *name = strtok_r(copy, ".", &save);

    for (char *next; name != NULL && (next = strtok_r(NULL, ".", &save)) != NULL; name = next)
        info = json_object_get(info, name);
    if (name != NULL)
        json_object_del(info, name);
}

/* 0: not signed; 1: by an operator; -1: it says so, and is not. */
static int
is_operator(struct object_call *c, struct cairn_error *err)
{
    const char *sig = http_query(c->req, "swiftinfo_sig"), *expires = http_query(c->req, "swiftinfo_expires");
    const char *key = config_string(c->service->env.config, "object", "info_admin_key");
    const char *const methods[] = { "GET", c->is_head ? "HEAD" : "GET" };
    int64_t until;
    int fits = 0;

    if ((sig == NULL || *sig == '\0') && (expires == NULL || *expires == '\0'))
        return 0;
    if (key == NULL || *key == '\0')
        return object_fail(err, 403, "%s", "");
    if (sig == NULL || expires == NULL || str_to_int(expires, 0, INT64_MAX, &until) < 0 || until < clock_us() / 1000000)
        return access_refused(c, err);
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        CLEANUP_FREE char *text = xasprintf("%s\n%" PRId64 "\n/info", methods[i], until);

        fits |= signed_fits(sig, key, text);
    }
    return fits ? 1 : object_fail(err, 401, "%s", "");
}

/* Without realms nothing can be synced. */
static void
tell_realms(const struct object_call *c, json_t *info)
{
    json_t *realms = object_sync_realms(c->service->env.config);

    if (realms == NULL)
        json_object_del(info, "container_sync");
    else if (json_object_get(info, "container_sync") != NULL)
        json_object_set_new(info, "container_sync", json_pack("{s:O}", "realms", realms));
    json_decref(realms);
}

int
info_get(struct object_call *c, struct cairn_error *err)
{
    CLEANUP_STR struct str all = STR_INIT;
    CLEANUP_JSON json_t *info = NULL;
    CLEANUP_FREE char *sections = xstrdup(config_string(c->service->env.config, "object", "info_disallowed_sections"));
    CLEANUP_FREE char *text = NULL;
    json_t *left_out = json_array();
    struct str body = STR_INIT;
    char *save = NULL;
    int operator = config_int(c->service->env.config, "object", "expose_info") ? is_operator(c, err) : object_fail(err, 403, "%s", "");

    write_all(c, &all);
    if (operator < 0 || json_parse(all.text, all.len, &info, err) < 0) {
        json_decref(left_out);
        return -1;
    }
    tell_realms(c, info);
    for (char *one = sections != NULL ? strtok_r(sections, ", ", &save) : NULL; one != NULL; one = strtok_r(NULL, ", ", &save)) {
        leave_out(info, one);
        json_array_append_new(left_out, json_string(one));
    }
    if (operator)
        json_object_set_new(info, "admin", json_pack("{s:O}", "disallowed_sections", left_out));
    json_decref(left_out);
    text = json_text(info);
    str_add(&body, text);
    http_reply(c->req, 200, "application/json; charset=UTF-8", &body);
    return 0;
}

/* --- /endpoints */

/* What follows "endpoints"; NULL: another path. */
const char *
endpoints_path(const struct object_call *c)
{
    static const char *const roots[] = { "/v1/endpoints", "/endpoints" };
    const char *path = http_path(c->req);

    if (!object_has(c, "list_endpoints"))
        return NULL;
    if (strcmp(http_mount(c->req), "/endpoints") == 0)
        return path;
    for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
        size_t len = strlen(roots[i]);

        if (strncmp(path, roots[i], len) == 0 && (path[len] == '/' || path[len] == '\0'))
            return path + len;
    }
    return NULL;
}

/* Bytes are read and written through the service wherever they are: it is the one endpoint of each. */
int
endpoints_get(struct object_call *c, struct cairn_error *err)
{
    const char *what = endpoints_path(c), *mount = http_mount(c->req);
    int second = str_starts(what, "/v2/") || str_starts(what, "/v2.0/");
    CLEANUP_STR struct str url = STR_INIT;
    struct str body = STR_INIT;
    struct json_out out;

    if (second || str_starts(what, "/v1/") || str_starts(what, "/v1.0/"))
        what = strchr(what + 1, '/');
    if (what[strspn(what, "/")] == '\0')
        return object_fail(err, 400, "No account specified");
    if (strstr(what, "//") != NULL)
        return object_fail(err, 400, "Invalid path: %s", what);
    str_addf(&url, "%s%s/v1", http_base_url(c->req), strcmp(mount, "/") == 0 ? "" : strcmp(mount, "/endpoints") == 0 ? "/object-store" : mount);
    object_quote(what, &url);
    jo_init(&out, &body);
    if (second)
        jo_object(&out, NULL);
    jo_array(&out, second ? "endpoints" : NULL);
    jo_str(&out, NULL, url.text);
    jo_end_array(&out);
    if (second) {
        jo_object(&out, "headers");
        jo_end_object(&out);
        jo_end_object(&out);
    }
    http_reply(c->req, 200, "application/json", &body);
    return 0;
}
