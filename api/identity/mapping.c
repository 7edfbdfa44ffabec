/* mapping.c: see mapping.h: rules at work on an assertion. */
#include "config.h"
#include "identity/mapping.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "base/json.h"

#define OUTPUT_MAX 65536        /* bytes of one text that was filled in */
#define DEPTH_MAX 8

/* --- remote: does the rule fit, and what did it find */
/* "a;b" as ["a", "b"]; NULL: the assertion does not say. */
static json_t *
values_of(const json_t *assertion, const char *type)
{
    const char *text = json_str(assertion, type), *end;
    json_t *list;

    if (text == NULL)
        return NULL;
    list = json_array();
    for (; (end = strchr(text, ';')) != NULL; text = end + 1)
        json_array_append_new(list, json_stringn(text, (size_t)(end - text)));
    json_array_append_new(list, json_string(text));
    return list;
}

/* The values that match ('keep' 1), or those that do not. */
static json_t *
sieve(const json_t *values, const json_t *list, int regex, int keep, struct cairn_error *err)
{
    CLEANUP_JSON json_t *left = json_array();
    size_t i;
    json_t *value;

    json_array_foreach((json_t *)(uintptr_t)values, i, value) {
        int found = mapping_match(list, regex, json_string_value(value), err);

        if (found < 0)
            return NULL;
        if (found == keep)
            json_array_append(left, value);
    }
    return steal(&left);
}

/* 1: the entry holds, and what it found is added to 'maps'; 0: it does not; -1. */
static int
entry_holds(const json_t *entry, const json_t *assertion, json_t *maps, struct cairn_error *err)
{
    static const struct { const char *key; int keep, maps; } conditions[] = {
        { "any_one_of", 1, 0 }, { "not_any_of", 1, 0 }, { "blacklist", 0, 1 }, { "whitelist", 1, 1 },
    };
    CLEANUP_JSON json_t *values = values_of(assertion, json_str(entry, "type"));
    int regex = json_bool(entry, "regex", 0);

    if (values == NULL)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
        const json_t *list = json_object_get(entry, conditions[i].key);
        CLEANUP_JSON json_t *left = NULL;

        if (list == NULL)
            continue;
        if ((left = sieve(values, list, regex, conditions[i].keep, err)) == NULL)
            return -1;
        if (!conditions[i].maps)
            return (json_array_size(left) > 0) == (strcmp(conditions[i].key, "any_one_of") == 0);
        json_array_append(maps, left);
        return 1;
    }
    json_array_append(maps, values);
    return 1;
}

static int
rule_fits(const json_t *rule, const json_t *assertion, json_t *maps, struct cairn_error *err)
{
    size_t i;
    json_t *entry;

    json_array_foreach(json_object_get(rule, "remote"), i, entry) {
        int holds = entry_holds(entry, assertion, maps, err);

        if (holds <= 0)
            return holds;
    }
    return 1;
}

/* --- local: texts with "{0}" filled in */
/* The number between the braces at 'p' ("{}": the next one); '*ret_end' is behind them.  NULL: it is no such place, or nothing was found for it. */
static const json_t *
place_value(const json_t *maps, const char *p, size_t *next, const char **ret_end)
{
    size_t number = 0, digits = 0;

    for (p++; isdigit((unsigned char)*p) && digits < 4; p++, digits++)
        number = number * 10 + (size_t)(*p - '0');
    if (*p != '}')
        return NULL;
    *ret_end = p + 1;
    return json_array_get(maps, digits > 0 ? number : (*next)++);
}

static int
fill_text(const char *text, const json_t *maps, struct str *out, struct cairn_error *err)
{
    const char *p = text;
    size_t next = 0;

    while (*p != '\0') {
        const json_t *value;

        if ((p[0] == '{' && p[1] == '{') || (p[0] == '}' && p[1] == '}')) {
            str_add_c(out, *p);
            p += 2;
        } else if (*p != '{') {
            str_add_c(out, *p++);
        } else if ((value = place_value(maps, p, &next, &p)) == NULL) {
            return cairn_fail(err, CAIRN_INVALID, "the local side of a rule says '%.100s', but its remote side found no more than %zu values to fill in", text,
                              json_array_size(maps));
        } else if (json_array_size(value) == 1) {
            str_add(out, json_string_value(json_array_get(value, 0)));
        } else {
            CLEANUP_FREE char *list = mapping_list_text(value);

            str_add(out, list);
        }
        if (out->len > OUTPUT_MAX)
            return cairn_fail(err, CAIRN_INVALID, "what is filled in for '%.100s' is too long", text);
    }
    return 0;
}

/* 'local' with all its texts filled in.  New reference; NULL with an error. */
static json_t *
fill(const json_t *local, const json_t *maps, int depth, struct cairn_error *err)
{
    CLEANUP_JSON json_t *made = NULL;
    const char *key;
    json_t *member;
    size_t i;

    if (depth > DEPTH_MAX) {
        cairn_fail(err, CAIRN_INVALID, "the local side of a rule is nested too deeply");
        return NULL;
    }
    if (json_is_string(local)) {
        CLEANUP_STR struct str out = STR_INIT;

        return fill_text(json_string_value(local), maps, &out, err) < 0 ? NULL : json_string(out.text != NULL ? out.text : "");
    }
    made = json_is_array(local) ? json_array() : json_object();
    json_array_foreach((json_t *)(uintptr_t)local, i, member) {
        json_t *item = fill(member, maps, depth + 1, err);

        if (item == NULL)
            return NULL;
        json_array_append_new(made, item);
    }
    json_object_foreach((json_t *)(uintptr_t)local, key, member) {
        json_t *item = fill(member, maps, depth + 1, err);

        if (item == NULL)
            return NULL;
        json_object_set_new(made, key, item);
    }
    return steal(&made);
}

/* --- from filled-in local sides to one somebody */
static void
add_once(json_t *list, json_t *item)
{
    size_t i;
    json_t *there;

    json_array_foreach(list, i, there) {
        if (json_equal(there, item))
            return;
    }
    json_array_append(list, item);
}

/* "a", or "['a', 'b']". */
static json_t *
list_of_text(const char *text)
{
    json_t *list = mapping_list_parse(text);

    return list != NULL ? list : json_pack("[s]", text);
}

#define JSON_MARK "JSON:"

/* A name within 'domain', or a whole group as JSON behind "JSON:". */
static int
add_named_group(json_t *names, const char *text, json_t *domain, struct cairn_error *err)
{
    CLEANUP_JSON json_t *group = NULL;

    if (str_starts(text, JSON_MARK)) {
        if (json_parse(text + strlen(JSON_MARK), strlen(text) - strlen(JSON_MARK), &group, err) < 0)
            return -1;
        if (json_str(group, "name") == NULL)
            return cairn_fail(err, CAIRN_INVALID, "a group of the assertion has no name: %.100s", text);
    } else {
        group = json_pack("{s:s}", "name", text);
        if (domain != NULL)
            json_object_set(group, "domain", domain);
    }
    if (!json_is_object(json_object_get(group, "domain")))
        return cairn_fail(err, CAIRN_INVALID, "Invalid rule: groups are named ('%.100s'), so a 'domain' must be specified too", text);
    add_once(names, group);
    return 0;
}

static int
add_groups(const json_t *local, json_t *ids, json_t *names, struct cairn_error *err)
{
    json_t *group = json_object_get(local, "group"), *domain = json_object_get(local, "domain"), *item;
    const char *groups = json_str(local, "groups"), *group_ids = json_str(local, "group_ids");
    size_t i;

    if (json_object_get(group, "id") != NULL)
        add_once(ids, json_object_get(group, "id"));
    else if (group != NULL)
        add_once(names, group);
    if (groups != NULL) {
        CLEANUP_JSON json_t *list = list_of_text(groups);

        json_array_foreach(list, i, item) {
            if (add_named_group(names, json_string_value(item), domain, err) < 0)
                return -1;
        }
    }
    if (group_ids != NULL) {
        CLEANUP_JSON json_t *list = list_of_text(group_ids);

        json_array_foreach(list, i, item)
            add_once(ids, item);
    }
    return 0;
}

static int
add_json_projects(json_t *projects, const char *text, struct cairn_error *err)
{
    CLEANUP_JSON json_t *list = NULL;
    size_t i;
    json_t *project;

    if (json_parse(text, strlen(text), &list, err) < 0)
        return cairn_error_context(err, "projects_json");
    json_array_foreach(list, i, project)
        json_array_append(projects, project);
    return 0;
}

/* Those of the last local side that has any; from schema 2.0 on, each in a domain. */
static int
take_projects(const json_t *local, int with_domain, json_t **projects, struct cairn_error *err)
{
    const char *more = json_str(local, "projects_json");
    json_t *given = json_object_get(local, "projects"), *domain = json_object_get(local, "domain"), *project;
    CLEANUP_JSON json_t *made = NULL;
    size_t i;

    if (given == NULL && more == NULL)
        return 0;
    made = given != NULL ? json_deep_copy(given) : json_array();
    if (more != NULL) {
        CLEANUP_JSON json_t *rule = NULL;

        if (add_json_projects(made, more, err) < 0)
            return -1;
        rule = json_pack("[{s:[{s:O}],s:[{s:s}]}]", "local", "projects", made, "remote", "type", "x");
        if (mapping_check(rule, "2.0", err) < 0)
            return cairn_error_context(err, "projects_json");
    }
    json_array_foreach(made, i, project) {
        if (with_domain && domain != NULL && json_object_get(project, "domain") == NULL)
            json_object_set(project, "domain", domain);
    }
    json_decref(*projects);
    *projects = steal(&made);
    return 0;
}

static int
gather(const json_t *locals, int with_domain, json_t **ret, struct cairn_error *err)
{
    CLEANUP_JSON json_t *user = NULL;
    CLEANUP_JSON json_t *ids = json_array();
    CLEANUP_JSON json_t *names = json_array();
    CLEANUP_JSON json_t *projects = json_array();
    json_t *local, *domain = NULL;
    size_t i;

    if (json_array_size(locals) == 0)
        return cairn_fail(err, CAIRN_INVALID, "Could not map any federated user properties to identity values: no rule of the mapping fits the assertion.");
    json_array_foreach((json_t *)(uintptr_t)locals, i, local) {
        if (user == NULL && json_object_get(local, "user") != NULL)
            user = json_deep_copy(json_object_get(local, "user"));      /* the first one counts */
        if (json_object_get(local, "domain") != NULL)
            domain = json_object_get(local, "domain");
        if (add_groups(local, ids, names, err) < 0 || take_projects(local, with_domain, &projects, err) < 0)
            return -1;
    }
    if (user == NULL)
        user = json_object();
    if (json_object_get(user, "type") == NULL)
        json_object_set_new(user, "type", json_string("ephemeral"));
    if (with_domain && domain != NULL && json_object_get(user, "domain") == NULL)
        json_object_set(user, "domain", domain);
    *ret = json_pack("{s:O,s:O,s:O,s:O}", "user", user, "group_ids", ids, "group_names", names, "projects", projects);
    return 0;
}

int
mapping_apply(const json_t *rules, const char *schema_version, const json_t *assertion, json_t **ret, struct cairn_error *err)
{
    CLEANUP_JSON json_t *locals = json_array();
    size_t i, j;
    json_t *rule, *local;

    json_array_foreach((json_t *)(uintptr_t)rules, i, rule) {
        CLEANUP_JSON json_t *maps = json_array();
        int fits = rule_fits(rule, assertion, maps, err);

        if (fits < 0)
            return -1;
        json_array_foreach(fits ? json_object_get(rule, "local") : NULL, j, local) {
            json_t *filled = fill(local, maps, 0, err);

            if (filled == NULL)
                return -1;
            json_array_append_new(locals, filled);
        }
    }
    return gather(locals, strcmp(schema_version, "1.0") != 0, ret, err);
}
