/* projects.c: the resource "projects": a hierarchy below each domain.  Domains are shown here too, as projects that are domains. */
#include "config.h"
#include "identity/resources.h"

#include "base/clock.h"
#include "base/ids.h"
#include "identity/project_tree.h"
#include "identity/revoke.h"

#define DEPTH_MAX 5             /* projects above each other */
#define STRICT_DEPTH_MAX 2      /* with limits that keep to two levels */
#define TAGS_MAX 80

static int
links_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)err;
    return links_emit_at(call, out, "/v3/projects", row_text(row, "id"));
}

static int
tag_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    (void)call;
    (void)err;
    jo_str(out, NULL, row_text(row, "tag"));
    return 0;
}

static int
tag_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    (void)call;
    return strpbrk(json_string_value(value), "/,") != NULL ? cairn_fail(err, CAIRN_INVALID, "A tag may not hold a slash or a comma.") : 0;
}

static const struct rest_attr tag_item[] = {
    { .name = "", .type = REST_STRING, .min = 1, .max = 255, .check = tag_check }, { .name = NULL }
};
#define TAGS(flags_) \
    { .name = "tags", .type = REST_LIST, .of = tag_item, .flags = (flags_) | REST_NO_COLUMN | REST_UNIQUE, .max = TAGS_MAX }

static const struct rest_attr project_attrs[] = {
    { .name = "id",          .column = "t.id",          .type = REST_ID,     .flags = REST_READ },
    SAME_ID,
    { .name = "name",        .column = "t.name",        .type = REST_STRING, .flags = REST_READ | REST_UPDATE | REST_FILTER | REST_SORT | REST_TRIM, .min = 1, .max = 64 },
    { .name = "domain_id",   .column = "t.domain_id",   .type = REST_STRING, .flags = REST_READ | REST_UPDATE | REST_NULL | REST_FILTER, .max = 64 },
    { .name = "parent_id",   .column = "t.parent_id",   .type = REST_STRING, .flags = REST_READ | REST_UPDATE | REST_NULL | REST_FILTER, .max = 64 },
    { .name = "description", .column = "t.description", .type = REST_TEXT,   .flags = REST_READ | REST_UPDATE | REST_NULL },
    { .name = "enabled",     .column = "t.enabled",     .type = REST_BOOL,   .flags = REST_READ | REST_UPDATE | REST_FILTER },
    { .name = "is_domain",   .column = "t.is_domain",   .type = REST_BOOL,   .flags = REST_READ | REST_UPDATE | REST_FILTER },
    { .name = "options",     .column = "t.options",     .type = REST_JSON,   .flags = REST_READ | REST_UPDATE, .emit = options_emit },
    { .name = "extra",       .column = "t.extra",       .type = REST_JSON,   .flags = REST_READ | REST_UPDATE, .emit = extra_emit },
    TAGS(REST_UPDATE),
    { .name = "parents",     .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN, .emit = project_parents_emit },
    { .name = "subtree",     .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN, .emit = project_subtree_emit },
    { .name = "links",       .type = REST_JSON, .flags = REST_READ | REST_NO_COLUMN, .emit = links_emit },
    { .name = NULL }
};
static const struct rest_attr project_create_attrs[] = {
    { .name = "name",        .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED | REST_TRIM, .min = 1, .max = 64 },
    { .name = "domain_id",   .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 64 },
    { .name = "parent_id",   .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 64 },
    { .name = "description", .type = REST_TEXT,   .flags = REST_CREATE | REST_NULL, .dflt = "\"\"" },
    { .name = "enabled",     .type = REST_BOOL,   .flags = REST_CREATE, .dflt = "true" },
    { .name = "is_domain",   .type = REST_BOOL,   .flags = REST_CREATE, .dflt = "false" },
    { .name = "options",     .type = REST_OBJECT, .flags = REST_CREATE, .dflt = "{}" },
    TAGS(REST_CREATE),
    { .name = "id",          .type = REST_ID, .flags = REST_READ },
    { .name = "links",       .type = REST_JSON, .flags = REST_READ },
    { .name = NULL }
};

static const struct rest_child project_children[] = {
    { .name = "tags", .sql = "select g.project_id as parent, g.tag as tag from project_tags g where g.project_id in (%IDS%) order by parent, tag", .emit = tag_emit },
    { .name = NULL }
};

/* --- tags */
static int
tags_store(struct tx *tx, const char *id, const json_t *tags, struct cairn_error *err)
{
    size_t i;
    json_t *tag;

    if (tx_exec(tx, err, "delete from project_tags where project_id = ?", "s", id) < 0)
        return -1;
    json_array_foreach(tags, i, tag) {
        if (tx_exec(tx, err, "insert into project_tags (project_id, tag) values (?, ?)", "ss", id, json_string_value(tag)) < 0)
            return -1;
    }
    return 0;
}

static void
push_tags(const char *list, struct str *where, struct rest_values *values, const char *each, const char *join)
{
    CLEANUP_FREE char *copy = xstrdup(list);
    char *save = NULL;
    int n = 0;

    str_add(where, "(");
    for (char *tag = strtok_r(copy, ",", &save); tag != NULL && n < TAGS_MAX; tag = strtok_r(NULL, ",", &save), n++) {
        str_addf(where, "%s%s", n > 0 ? join : "", each);
        rest_push_text(values, tag);
    }
    str_add(where, n > 0 ? ")" : "1 = 1)");
}

/* ?tags=a,b (all) tags-any= not-tags= not-tags-any= */
static void
narrow_tags(struct rest_call *call, struct str *where, struct rest_values *values)
{
    static const struct { const char *name; const char *lead; const char *join; } kinds[] = {
        { "tags", " and ", " and " }, { "tags-any", " and ", " or " }, { "not-tags", " and not ", " and " }, { "not-tags-any", " and not ", " or " },
    };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const char *list = rest_query(call, kinds[i].name);

        if (list == NULL || list[0] == '\0')
            continue;
        str_add(where, kinds[i].lead);
        push_tags(list, where, values, "exists (select 1 from project_tags g where g.project_id = t.id and g.tag = ?)", kinds[i].join);
    }
}

/* --- lists: GET /projects, /users/{user_id}/projects and /auth/projects */
static void
narrow_to_user(const char *user, struct str *where, struct rest_values *values)
{
    str_add(where, " and t.id in (" PROJECTS_OF_USER ")");
    rest_push_text(values, user);
    rest_push_text(values, user);
}

static int
project_narrow(struct rest_call *call, struct str *where, struct rest_values *values, struct cairn_error *err)
{
    const char *user = call->route != NULL ? rest_param(call, "user_id") : NULL;

    (void)err;
    if (call->route != NULL && strcmp(call->route->rule, "identity:get_auth_projects") == 0) {
        str_add(where, " and t.enabled = 1 and t.is_domain = 0");
        narrow_to_user(call->auth->user_id, where, values);
        return 0;
    }
    if (call->route != NULL && endpoint_filter_projects(call, where, values))
        return 0;
    if (user != NULL)
        narrow_to_user(user, where, values);
    if (rest_query(call, "is_domain") == NULL)
        str_add(where, " and t.is_domain = 0");
    narrow_tags(call, where, values);
    return user != NULL ? 0 : narrow_common(call, &identity_projects, where, values);
}

/* --- create */
struct parent { char *domain_id; int64_t enabled, depth; };

static void
parent_free(struct parent *p)
{
    free(p->domain_id);
}

/* depth: projects from the parent up to the domain. */
static int
parent_load(struct tx *tx, const char *id, struct parent *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (tx_query(tx, &rows, err, "select p.domain_id, p.enabled * d.enabled as enabled from projects p join domains d on d.id = p.domain_id where p.id = ?"
                 " union all select id, enabled from domains where id = ?", "ss", id, id) < 0
        || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find project: %.80s.", id);
    ret->domain_id = xstrdup(row_text(rows, "domain_id"));
    ret->enabled = row_int(rows, "enabled");
    return tx_int(tx, &ret->depth, 0, err,
                  "with recursive up(id, parent_id) as (select id, parent_id from projects where id = ?"
                  " union select p.id, p.parent_id from projects p join up on p.id = up.parent_id) select count(*) from up", "s", id);
}

static int
create_domain(struct rest_call *call, const char *id, const json_t *body, struct cairn_error *err)
{
    CLEANUP_FREE char *options = json_text(json_object_get(body, "options"));
    CLEANUP_FREE char *extra = json_text(json_object_get(body, "extra"));

    if (json_str(body, "parent_id") != NULL || json_str(body, "domain_id") != NULL)
        return cairn_fail(err, CAIRN_INVALID, "A project that is a domain has neither a parent_id nor a domain_id.");
    if (json_array_size(json_object_get(body, "tags")) > 0)
        return cairn_fail(err, CAIRN_INVALID, "A project that is a domain cannot have tags.");
    if (rest_allow(call, "identity:create_domain", err) < 0)
        return -1;
    if (tx_exec(call->tx, err, "insert into domains (id, name, description, enabled, options, extra, created_us) values (?, ?, ?, ?, ?, ?, ?)", "sssissi",
                id, json_str(body, "name"), json_str(body, "description"), (int64_t)json_bool(body, "enabled", 1), options, extra, clock_us()) < 0)
        return err->code != CAIRN_EXISTS ? -1
               : cairn_fail(err, CAIRN_EXISTS, "Conflict occurred attempting to store project - it is not permitted to have two projects acting as domains with the same name: %s.",
                            json_str(body, "name"));
    return 0;
}

static int
create_project(struct rest_call *call, const char *id, const json_t *body, struct cairn_error *err)
{
    CLEANUP_FREE char *options = json_text(json_object_get(body, "options"));
    CLEANUP_FREE char *extra = json_text(json_object_get(body, "extra"));
    CLEANUP(parent_free) struct parent parent = { 0 };
    const char *domain = json_str(body, "domain_id"), *parent_id = json_str(body, "parent_id");

    if (domain == NULL && parent_id == NULL)
        domain = default_domain(call);
    if (parent_id == NULL)
        parent_id = domain;
    if (parent_load(call->tx, parent_id, &parent, err) < 0)
        return err->code == CAIRN_NOT_FOUND ? cairn_fail(err, CAIRN_INVALID, "Could not find project: %.80s.", parent_id) : -1;
    if (domain != NULL && strcmp(domain, parent.domain_id) != 0)
        return cairn_fail(err, CAIRN_INVALID, "Cannot create project, since it specifies its domain_id %.80s, but specifies a parent in a different domain (%s).",
                          domain, parent.domain_id);
    if (!parent.enabled)
        return cairn_fail(err, CAIRN_INVALID, "Cannot create project since it specifies a parent or domain that is disabled: %.80s.", parent_id);
    if (identity_state.strict_two_level && parent.depth >= STRICT_DEPTH_MAX)
        return cairn_fail(err, CAIRN_DENIED, "Max hierarchy depth reached for %.80s branch: the enforcement model of limits is strict_two_level.", parent_id);
    if (parent.depth >= DEPTH_MAX)
        return cairn_fail(err, CAIRN_DENIED, "Max hierarchy depth reached for %.80s branch: at most %d projects above each other.", parent_id, DEPTH_MAX);
    if (tx_exec(call->tx, err,
                "insert into projects (id, domain_id, parent_id, name, description, enabled, options, extra, created_us) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                "sssssissi", id, parent.domain_id, strcmp(parent_id, parent.domain_id) == 0 ? NULL : parent_id, json_str(body, "name"),
                json_str(body, "description"), (int64_t)json_bool(body, "enabled", 1), options, extra, clock_us()) < 0)
        return err->code != CAIRN_EXISTS ? -1
               : cairn_fail(err, CAIRN_EXISTS, "Conflict occurred attempting to store project - it is not permitted to have two projects with the same name in one domain: %s.",
                            json_str(body, "name"));
    return tags_store(call->tx, id, json_object_get(body, "tags"), err);
}

static int
project_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_JSON json_t *body = json_deep_copy(call->body);
    char id[ID_HEX];

    id_hex(id);
    null_is_empty(body, "description");
    if (options_fold(NULL, body, options_resource, err) < 0 || extra_fold(project_create_attrs, NULL, body, err) < 0)
        return -1;
    if (json_bool(body, "is_domain", 0) ? create_domain(call, id, body, err) < 0 : create_project(call, id, body, err) < 0)
        return -1;
    if (identity_changed(call->tx, err) < 0)
        return -1;
    return rest_emit_object(call, &identity_projects, "project", id, err);
}

/* --- update */
static int
refuse_change(const json_t *body, const char *key, const char *old, struct cairn_error *err)
{
    const json_t *value = json_object_get(body, key);

    if (value == NULL || str_eq(json_string_value(value), old))
        return 0;
    return cairn_fail(err, strcmp(key, "parent_id") == 0 ? CAIRN_DENIED : CAIRN_INVALID, "Update of `%s` is not allowed.", key);
}

/* A branch is enabled from above to below, and disabled from below to above. */
static int
enabled_may_be(struct rest_call *call, struct rows *old, int enabled, struct cairn_error *err)
{
    struct revocation what = { .project_id = row_text(old, "id") };
    int64_t hits;

    if (enabled) {
        if (tx_int(call->tx, &hits, 0, err,
                   "with recursive up(id, parent_id, enabled) as (select id, parent_id, 1 from projects where id = ?"
                   " union select p.id, p.parent_id, p.enabled from projects p join up on p.id = up.parent_id) select count(*) from up where enabled = 0", "s",
                   row_text(old, "id")) < 0)
            return -1;
        return hits == 0 ? 0 : cairn_fail(err, CAIRN_DENIED, "Cannot enable project %s since it has disabled parents.", row_text(old, "id"));
    }
    if (tx_int(call->tx, &hits, 0, err,
               "with recursive below(id, enabled) as (select id, enabled from projects where parent_id = ?"
               " union select p.id, p.enabled from projects p join below b on p.parent_id = b.id) select count(*) from below where enabled = 1", "s",
               row_text(old, "id")) < 0)
        return -1;
    if (hits > 0)
        return cairn_fail(err, CAIRN_DENIED, "Cannot disable project %s since its subtree contains enabled projects.", row_text(old, "id"));
    return row_int(old, "enabled") ? revoke_add(call->tx, &what, identity_state.lifetime_us, err) : 0;
}

/* What stands in 'body' goes to the domain's own row. */
static int
domain_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    const json_t *new_options = json_object_get(body, "options"), *new_extra = json_object_get(body, "extra");
    CLEANUP_FREE char *options = new_options != NULL ? json_text(new_options) : NULL;
    CLEANUP_FREE char *extra = new_extra != NULL ? json_text(new_extra) : NULL;
    const char *id = row_text(old, "id");
    struct revocation what = { .domain_id = id };
    int enabled = json_bool(body, "enabled", (int)row_int(old, "enabled"));

    if (!enabled && strcmp(id, "default") == 0)
        return cairn_fail(err, CAIRN_DENIED, "Cannot disable the domain 'default': this cloud's own administrators live in it.");
    if (row_int(old, "enabled") && !enabled && revoke_add(call->tx, &what, identity_state.lifetime_us, err) < 0)
        return -1;
    return tx_exec(call->tx, err,
                   "update domains set name = coalesce(?, name), description = coalesce(?, description), enabled = ?, options = coalesce(?, options),"
                   " extra = coalesce(?, extra) where id = ?", "ssisss", json_str(body, "name"), json_str(body, "description"), (int64_t)enabled, options,
                   extra, id);
}

static int
project_before_update(struct rest_call *call, struct rows *old, json_t *body, struct cairn_error *err)
{
    const json_t *is_domain = json_object_get(body, "is_domain"), *tags = json_object_get(body, "tags"), *enabled = json_object_get(body, "enabled");
    int domain = row_int(old, "is_domain") != 0;

    if (refuse_change(body, "parent_id", row_text(old, "parent_id"), err) < 0 || refuse_change(body, "domain_id", row_text(old, "domain_id"), err) < 0)
        return -1;
    if (is_domain != NULL && json_is_true(is_domain) != domain)
        return cairn_fail(err, CAIRN_INVALID, "Update of `is_domain` is not allowed.");
    json_object_del(body, "parent_id");
    json_object_del(body, "domain_id");
    json_object_del(body, "is_domain");
    null_is_empty(body, "description");
    if (immutable_guard("project", old, body, err) < 0 || options_fold(old, body, options_resource, err) < 0)
        return -1;
    if (domain && (tags != NULL || rest_allow(call, "identity:update_domain", err) < 0))
        return tags != NULL ? cairn_fail(err, CAIRN_INVALID, "A project that is a domain cannot have tags.") : -1;
    if (!domain && enabled != NULL && enabled_may_be(call, old, json_is_true(enabled), err) < 0)
        return -1;
    if (tags != NULL && tags_store(call->tx, row_text(old, "id"), tags, err) < 0)
        return -1;
    if (extra_fold(project_attrs, old, body, err) < 0)
        return -1;
    return domain ? domain_update(call, old, body, err) : 0;
}

static int
project_before_delete(struct rest_call *call, struct rows *old, struct cairn_error *err)
{
    const char *id = row_text(old, "id");
    int64_t children;

    if (row_int(old, "is_domain")) {
        if (rest_allow(call, "identity:delete_domain", err) < 0 || domain_may_go(call, old, err) < 0)
            return -1;
        return tx_exec(call->tx, err, "delete from domains where id = ?", "s", id);
    }
    if (immutable_guard("project", old, NULL, err) < 0
        || tx_int(call->tx, &children, 0, err, "select count(*) from projects where parent_id = ?", "s", id) < 0)
        return -1;
    if (children > 0)
        return cairn_fail(err, CAIRN_DENIED, "Cannot delete the project %s since it is not a leaf in the hierarchy.", id);
    return project_goes(call->tx, id, err);
}

const struct rest_resource identity_projects = {
    .name = "project", .plural = "projects", .noun = "project", .path = "/v3/projects", .table = "projects",
    .from = "(select id, domain_id, coalesce(parent_id, domain_id) as parent_id, name, description, enabled, 0 as is_domain, options, extra from projects"
            " union all select id, null, null, name, description, enabled, 1, options, extra from domains) t",
    .visible = "1 = 1", .admin_all = 1,
    .attrs = project_attrs, .children = project_children, .ops = REST_LIST_OP | REST_SHOW_OP | REST_UPDATE_OP | REST_DELETE_OP, .update_method = "PATCH",
    .rules = { "identity:list_projects", "identity:get_project", NULL, "identity:update_project", "identity:delete_project", NULL },
    .default_sort = "t.name, t.id",
    .before_update = project_before_update, .after_update = changed_hook, .before_delete = project_before_delete, .after_delete = changed_hook_delete,
    .narrow = project_narrow,
};

/* --- tags of one project */
static int
must_be_project(struct rest_call *call, struct cairn_error *err)
{
    return must_exist(call->tx, "project", "projects", rest_param(call, "project_id"), err);
}

static int
tags_write(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (tx_query(call->tx, &rows, err, "select tag from project_tags where project_id = ? order by tag", "s", rest_param(call, "project_id")) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "tags");
    while ((got = rows_next(rows, err)) > 0)
        jo_str(call->out, NULL, row_text(rows, "tag"));
    jo_end_array(call->out);
    list_links(call);
    jo_end_object(call->out);
    return got;
}

static int
tags_list(struct rest_call *call, struct cairn_error *err)
{
    return must_be_project(call, err) < 0 ? -1 : tags_write(call, err);
}

static int
tags_put(struct rest_call *call, struct cairn_error *err)
{
    if (must_be_project(call, err) < 0 || tags_store(call->tx, rest_param(call, "project_id"), rest_value(call, "tags"), err) < 0)
        return -1;
    return tags_write(call, err);
}

static int
tags_clear(struct rest_call *call, struct cairn_error *err)
{
    return must_be_project(call, err) < 0 ? -1 : tags_store(call->tx, rest_param(call, "project_id"), NULL, err);
}

static int
tag_is(struct rest_call *call, struct cairn_error *err)
{
    int64_t found;

    if (must_be_project(call, err) < 0
        || tx_int(call->tx, &found, 0, err, "select 1 from project_tags where project_id = ? and tag = ?", "ss", rest_param(call, "project_id"),
                  rest_param(call, "tag")) < 0)
        return -1;
    return found ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Could not find project tag: %.255s.", rest_param(call, "tag"));
}

static int
tag_put(struct rest_call *call, struct cairn_error *err)
{
    const char *tag = rest_param(call, "tag"), *id = rest_param(call, "project_id");
    CLEANUP_FREE char *url = NULL;
    int64_t count;

    if (must_be_project(call, err) < 0)
        return -1;
    if (tag[0] == '\0' || str_utf8_len(tag) > 255 || strpbrk(tag, "/,") != NULL)
        return cairn_fail(err, CAIRN_INVALID, "A tag has 1 to 255 characters, without slash and comma.");
    if (tx_int(call->tx, &count, 0, err, "select count(*) from project_tags where project_id = ? and tag <> ?", "ss", id, tag) < 0)
        return -1;
    if (count >= TAGS_MAX)
        return cairn_fail(err, CAIRN_INVALID, "A project can have at most %d tags.", TAGS_MAX);
    if (tx_exec(call->tx, err, "insert into project_tags (project_id, tag) values (?, ?) on conflict (project_id, tag) do nothing", "ss", id, tag) < 0)
        return -1;
    url = xasprintf("%s%s", http_base_url(call->req), http_full_path(call->req));        /* encoded, as it came */
    rest_header(call, "Location", url);
    return 0;
}

static int
tag_delete(struct rest_call *call, struct cairn_error *err)
{
    if (tag_is(call, err) < 0)
        return -1;
    return tx_exec(call->tx, err, "delete from project_tags where project_id = ? and tag = ?", "ss", rest_param(call, "project_id"), rest_param(call, "tag"));
}

static int
projects_of_user(struct rest_call *call, struct cairn_error *err)
{
    return must_exist(call->tx, "user", "users", rest_param(call, "user_id"), err) < 0 ? -1 : rest_list(call, &identity_projects, 1, err);
}

static const struct rest_attr tags_body[] = {
    { .name = "tags", .type = REST_LIST, .of = tag_item, .flags = REST_CREATE | REST_REQUIRED | REST_UNIQUE, .max = TAGS_MAX }, { .name = NULL }
};

#define TAG "/v3/projects/{project_id}/tags"
const struct rest_route identity_project_routes[] = {
    { .method = "POST",   .path = "/v3/projects", .rule = "identity:create_project", .status = 201, .body = project_create_attrs, .body_key = "project", .handle = project_create },
    { .method = "GET",    .path = "/v3/users/{user_id}/projects", .rule = "identity:list_user_projects", .status = 200, .handle = projects_of_user },
    { .method = "GET",    .path = TAG, .rule = "identity:list_project_tags", .status = 200, .handle = tags_list },
    { .method = "PUT",    .path = TAG, .rule = "identity:update_project_tags", .status = 200, .body = tags_body, .handle = tags_put },
    { .method = "DELETE", .path = TAG, .rule = "identity:delete_project_tags", .status = 204, .handle = tags_clear },
    { .method = "GET",    .path = TAG "/{tag}", .rule = "identity:get_project_tag", .status = 204, .handle = tag_is },
    { .method = "HEAD",   .path = TAG "/{tag}", .rule = "identity:get_project_tag", .status = 204, .flags = REST_READ_TX | REST_INLINE, .handle = tag_is },
    { .method = "PUT",    .path = TAG "/{tag}", .rule = "identity:create_project_tag", .status = 201, .handle = tag_put },
    { .method = "DELETE", .path = TAG "/{tag}", .rule = "identity:delete_project_tag", .status = 204, .handle = tag_delete },
    { .method = NULL }
};
