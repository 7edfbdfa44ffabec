/* mapping_check.c: see mapping.h: whether rules are well-formed, and what is wrong with them if not. */
#include "config.h"
#include "identity/mapping.h"

#include <stdio.h>
#include <string.h>
#include "base/json.h"

#define RULES_MAX 1000
#define WHERE 160

static const char *const versions[] = { "1.0", "2.0", "3.0" };

CAIRN_PRINTF(3, 4) static int
wrong(struct cairn_error *err, const char *where, const char *fmt, ...)
{
    char what[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return cairn_fail(err, CAIRN_INVALID, "%s: %s", where, what);
}

/* An object with no other keys than those of 'keys', which ends with NULL. */
static int
object_with(const json_t *value, const char *where, const char *const *keys, struct cairn_error *err)
{
    const char *key;
    json_t *member;

    if (!json_is_object(value))
        return wrong(err, where, "it must be an object");
    json_object_foreach((json_t *)(uintptr_t)value, key, member) {
        size_t i = 0;

        while (keys[i] != NULL && strcmp(keys[i], key) != 0)
            i++;
        if (keys[i] == NULL)
            return wrong(err, where, "'%.60s' is not known here", key);
    }
    return 0;
}

static int
text_members(const json_t *object, const char *where, const char *const *keys, struct cairn_error *err)
{
    for (size_t i = 0; keys[i] != NULL; i++) {
        const json_t *value = json_object_get(object, keys[i]);

        if (value != NULL && !json_is_string(value))
            return wrong(err, where, "'%s' must be a text", keys[i]);
    }
    return 0;
}

/* --- local */
static int
domain_check(const json_t *domain, const char *where, struct cairn_error *err)
{
    static const char *const keys[] = { "id", "name", NULL };

    if (domain == NULL)
        return 0;
    return object_with(domain, where, keys, err) < 0 || text_members(domain, where, keys, err) < 0 ? -1 : 0;
}

static int
user_check(const json_t *user, const char *where, struct cairn_error *err)
{
    static const char *const keys[] = { "id", "name", "email", "domain", "type", NULL }, *const texts[] = { "id", "name", "email", "type", NULL };
    const char *type = json_str(user, "type");

    if (object_with(user, where, keys, err) < 0 || text_members(user, where, texts, err) < 0 || domain_check(json_object_get(user, "domain"), where, err) < 0)
        return -1;
    return type == NULL || strcmp(type, "ephemeral") == 0 || strcmp(type, "local") == 0 ? 0 : wrong(err, where, "'type' must be 'ephemeral' or 'local'");
}

static int
group_check(const json_t *group, const char *where, struct cairn_error *err)
{
    static const char *const by_id[] = { "id", NULL }, *const by_name[] = { "name", "domain", NULL }, *const name[] = { "name", NULL };

    if (json_object_get(group, "id") != NULL)
        return object_with(group, where, by_id, err) < 0 ? -1 : text_members(group, where, by_id, err);
    if (object_with(group, where, by_name, err) < 0 || text_members(group, where, name, err) < 0 || domain_check(json_object_get(group, "domain"), where, err) < 0)
        return -1;
    if (json_object_get(group, "name") == NULL || json_object_get(group, "domain") == NULL)
        return wrong(err, where, "a group has an 'id', or a 'name' and a 'domain'");
    return 0;
}

static int
projects_check(const json_t *projects, const char *where, int with_domain, struct cairn_error *err)
{
    static const char *const plain[] = { "name", "roles", NULL }, *const full[] = { "name", "roles", "domain", NULL }, *const name[] = { "name", NULL };
    size_t i, j;
    json_t *project, *role;

    if (!json_is_array(projects))
        return wrong(err, where, "it must be a list");
    json_array_foreach((json_t *)(uintptr_t)projects, i, project) {
        const json_t *roles = json_object_get(project, "roles");

        if (object_with(project, where, with_domain ? full : plain, err) < 0 || text_members(project, where, name, err) < 0
            || domain_check(json_object_get(project, "domain"), where, err) < 0)
            return -1;
        if (json_object_get(project, "name") == NULL || !json_is_array(roles))
            return wrong(err, where, "a project has a 'name' and a list of 'roles'");
        json_array_foreach((json_t *)(uintptr_t)roles, j, role) {
            if (object_with(role, where, name, err) < 0 || text_members(role, where, name, err) < 0)
                return -1;
            if (json_object_get(role, "name") == NULL)
                return wrong(err, where, "a role has a 'name'");
        }
    }
    return 0;
}

static int
local_check(const json_t *local, const char *where, const char *version, struct cairn_error *err)
{
    static const char *const keys[] = { "user", "projects", "group", "groups", "group_ids", "domain", NULL };
    static const char *const keys_3[] = { "user", "projects", "group", "groups", "group_ids", "domain", "projects_json", NULL };
    static const char *const texts[] = { "groups", "group_ids", "projects_json", NULL };
    const json_t *user = json_object_get(local, "user"), *group = json_object_get(local, "group"), *projects = json_object_get(local, "projects");

    if (object_with(local, where, strcmp(version, "3.0") == 0 ? keys_3 : keys, err) < 0 || text_members(local, where, texts, err) < 0
        || domain_check(json_object_get(local, "domain"), where, err) < 0)
        return -1;
    if ((user != NULL && user_check(user, where, err) < 0) || (group != NULL && group_check(group, where, err) < 0))
        return -1;
    return projects != NULL ? projects_check(projects, where, strcmp(version, "1.0") != 0, err) : 0;
}

/* --- remote */
static int
remote_check(const json_t *remote, const char *where, struct cairn_error *err)
{
    static const char *const conditions[] = { "any_one_of", "not_any_of", "blacklist", "whitelist", NULL };
    static const char *const keys[] = { "type", "any_one_of", "not_any_of", "blacklist", "whitelist", "regex", NULL };
    const json_t *regex = json_object_get(remote, "regex"), *list = NULL;
    int lists = 0;
    size_t i;
    json_t *item;

    if (object_with(remote, where, keys, err) < 0)
        return -1;
    if (!json_is_string(json_object_get(remote, "type")))
        return wrong(err, where, "'type' is needed: the name of what the assertion says");
    for (size_t k = 0; conditions[k] != NULL; k++) {
        if (json_object_get(remote, conditions[k]) != NULL) {
            list = json_object_get(remote, conditions[k]);
            lists++;
        }
    }
    if (lists > 1 || (lists == 0 && regex != NULL))
        return wrong(err, where, "there may be one of 'any_one_of', 'not_any_of', 'blacklist' and 'whitelist', and 'regex' beside one only");
    if (lists == 0)
        return 0;
    if (!json_is_array(list) || (regex != NULL && !json_is_boolean(regex)))
        return wrong(err, where, "the condition must be a list, and 'regex' true or false");
    json_array_foreach((json_t *)(uintptr_t)list, i, item) {
        if (!json_is_string(item))
            return wrong(err, where, "the condition must be a list of texts");
        if (json_is_true(regex) && mapping_regex_check(json_string_value(item), err) < 0)
            return -1;
    }
    return 0;
}

static int
each_check(const json_t *list, const char *rule, const char *key, const char *version, struct cairn_error *err)
{
    size_t i;
    json_t *item;

    if (!json_is_array(list) || json_array_size(list) > RULES_MAX)
        return wrong(err, rule, "'%s' is needed: a list of at most %d entries", key, RULES_MAX);
    json_array_foreach((json_t *)(uintptr_t)list, i, item) {
        char where[WHERE];

        snprintf(where, sizeof where, "%s.%s[%zu]", rule, key, i);
        if ((strcmp(key, "local") == 0 ? local_check(item, where, version, err) : remote_check(item, where, err)) < 0)
            return -1;
    }
    return 0;
}

int
mapping_check(const json_t *rules, const char *schema_version, struct cairn_error *err)
{
    static const char *const keys[] = { "local", "remote", NULL };
    size_t known = 0, i;
    json_t *rule;

    while (known < ARRAY_LEN(versions) && strcmp(versions[known], schema_version) != 0)
        known++;
    if (known == ARRAY_LEN(versions))
        return cairn_fail(err, CAIRN_INVALID, "there is no schema version '%.20s' of mappings: 1.0, 2.0 and 3.0 are known", schema_version);
    if (!json_is_array(rules) || json_array_size(rules) == 0 || json_array_size(rules) > RULES_MAX)
        return cairn_fail(err, CAIRN_INVALID, "rules must be a list of 1 to %d rules", RULES_MAX);
    json_array_foreach((json_t *)(uintptr_t)rules, i, rule) {
        char where[WHERE];

        snprintf(where, sizeof where, "rules[%zu]", i);
        if (object_with(rule, where, keys, err) < 0 || each_check(json_object_get(rule, "local"), where, "local", schema_version, err) < 0
            || each_check(json_object_get(rule, "remote"), where, "remote", schema_version, err) < 0)
            return -1;
        if (json_array_size(json_object_get(rule, "remote")) == 0)
            return wrong(err, where, "'remote' must not be empty");
    }
    return 0;
}
