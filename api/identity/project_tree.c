/* project_tree.c: see project_tree.h. */
#include "config.h"
#include "identity/project_tree.h"

#include "identity/resources.h"

#define NESTING_MAX 16          /* more than any hierarchy has */
#define COLUMNS "p.id, p.parent_id, p.domain_id, p.name, p.description, p.enabled"

static const char parents_sql[] =
    "with recursive x(depth, id, parent_id, domain_id, name, description, enabled) as"
    " (select 0, " COLUMNS " from projects p where p.id = ? union select x.depth + 1, " COLUMNS " from projects p join x on p.id = x.parent_id)";
static const char subtree_sql[] =
    "with recursive x(depth, id, parent_id, domain_id, name, description, enabled) as"
    " (select 0, " COLUMNS " from projects p where p.id = ? union select x.depth + 1, " COLUMNS " from projects p join x on p.parent_id = x.id)";

/* {id: {id: null}}: each below the one that it hangs under ('down'), or each holding the next one up, and the last one the domain. */
struct place { char id[65]; json_t *object; };      /* object is borrowed from the tree */

static json_t *
ids_tree(struct rows *rows, const char *self, int down, const char *domain, struct cairn_error *err)
{
    CLEANUP_JSON json_t *root = json_object();
    struct place *places = xcalloc(1, sizeof *places);
    size_t n = 1;
    int got;

    snprintf(places[0].id, sizeof places[0].id, "%s", self);
    places[0].object = root;
    while ((got = rows_next(rows, err)) > 0) {
        const char *id = row_text(rows, "id"), *parent = row_text(rows, "parent_id");
        json_t *mine = json_object();
        size_t at = n - 1;

        for (size_t i = 0; down && i < n; i++) {
            if (str_eq(places[i].id, parent))
                at = i;
        }
        json_object_set_new(places[at].object, id, mine);
        places = xrealloc(places, (n + 1) * sizeof *places);
        snprintf(places[n].id, sizeof places[n].id, "%s", id);
        places[n++].object = mine;
    }
    if (!down && domain != NULL)
        json_object_set_new(places[n - 1].object, domain, json_object());
    free(places);
    return got < 0 ? NULL : steal(&root);
}

/* Empty objects are null on the wire. */
static void
write_ids(struct json_out *out, const char *key, const json_t *tree, int depth)
{
    const char *id;
    json_t *below;

    if (json_object_size(tree) == 0 || depth > NESTING_MAX) {
        jo_null(out, key);
        return;
    }
    jo_object(out, key);
    json_object_foreach((json_t *)(uintptr_t)tree, id, below)
        write_ids(out, id, below, depth + 1);
    jo_end_object(out);
}

/* {project: [limit, ...]} of a tree, for ?include_limits. */
static json_t *
limits_of_tree(struct rest_call *call, const char *sql, const char *id, struct cairn_error *err)
{
    CLEANUP_FREE char *whole = xasprintf("%s select l.project_id as project_id, l.id as id, r.service_id as service_id, r.region_id as region_id,"
                                         " r.resource_name as resource_name, l.resource_limit as resource_limit, l.description as description"
                                         " from x join limits l on l.project_id = x.id join registered_limits r on r.id = l.registered_limit_id order by l.id", sql);
    CLEANUP_ROWS struct rows *rows = NULL;
    CLEANUP_JSON json_t *all = json_object();
    int got;

    if (tx_query(call->tx, &rows, err, whole, "s", id) < 0)
        return NULL;
    while ((got = rows_next(rows, err)) > 0) {
        const char *project = row_text(rows, "project_id");
        json_t *mine = json_object_get(all, project);

        if (mine == NULL) {
            mine = json_array();
            json_object_set_new(all, project, mine);
        }
        json_array_append_new(mine, json_pack("{s:s, s:s, s:n, s:s, s:s?, s:s, s:I, s:s?}", "id", row_text(rows, "id"), "project_id", project, "domain_id",
                                              "service_id", row_text(rows, "service_id"), "region_id", row_text(rows, "region_id"), "resource_name",
                                              row_text(rows, "resource_name"), "resource_limit", (json_int_t)row_int(rows, "resource_limit"), "description",
                                              row_text(rows, "description")));
    }
    return got < 0 ? NULL : steal(&all);
}

/* 'limits' NULL: they are not wanted. */
static int
write_list(struct rest_call *call, struct json_out *out, const char *key, struct rows *rows, const json_t *limits, struct cairn_error *err)
{
    int got;

    jo_array(out, key);
    while ((got = rows_next(rows, err)) > 0) {
        const char *domain = row_text(rows, "domain_id");

        jo_object(out, NULL);
        jo_object(out, "project");
        jo_str(out, "id", row_text(rows, "id"));
        jo_str(out, "name", row_text(rows, "name"));
        jo_str(out, "domain_id", domain);
        jo_str(out, "parent_id", row_null(rows, "parent_id") ? domain : row_text(rows, "parent_id"));
        jo_str(out, "description", row_text(rows, "description"));
        jo_bool(out, "enabled", row_int(rows, "enabled") != 0);
        jo_bool(out, "is_domain", 0);
        links_emit_at(call, out, "/v3/projects", row_text(rows, "id"));
        if (limits != NULL) {
            const json_t *mine = json_object_get(limits, row_text(rows, "id"));

            jo_array(out, "limits");
            for (size_t i = 0; i < json_array_size(mine); i++)
                jo_json(out, NULL, json_array_get(mine, i));
            jo_end_array(out);
        }
        jo_end_object(out);
        jo_end_object(out);
    }
    jo_end_array(out);
    return got;
}

static int
emit(struct rest_call *call, struct json_out *out, struct rows *row, const char *key, const char *sql, struct cairn_error *err)
{
    CLEANUP_FREE char *as_list = xasprintf("%s_as_list", key);
    CLEANUP_FREE char *as_ids = xasprintf("%s_as_ids", key);
    CLEANUP_FREE char *whole = NULL;
    CLEANUP_ROWS struct rows *rows = NULL;
    CLEANUP_JSON json_t *tree = NULL;
    int list = rest_query(call, as_list) != NULL, ids = rest_query(call, as_ids) != NULL;
    const char *id = row_text(row, "id");

    if (call->route != NULL || !str_eq(rest_param(call, "id"), id) || (!list && !ids))
        return 0;
    if (list && ids)
        return cairn_fail(err, CAIRN_INVALID, "Cannot use %s and %s query params at the same time.", as_list, as_ids);
    /* The list has what the caller may enter, the ids have all. */
    whole = xasprintf("%s select id, parent_id%s from x where depth > 0%s order by depth, id", sql, list ? ", domain_id, name, description, enabled" : "",
                      list ? " and id in (" PROJECTS_OF_USER ")" : "");
    if (tx_query(call->tx, &rows, err, whole, list ? "sss" : "s", id, call->auth->user_id, call->auth->user_id) < 0)
        return -1;
    if (list) {
        CLEANUP_JSON json_t *limits = NULL;

        if (rest_query(call, "include_limits") != NULL && (limits = limits_of_tree(call, sql, id, err)) == NULL)
            return -1;
        return write_list(call, out, key, rows, limits, err);
    }
    if ((tree = ids_tree(rows, id, sql == subtree_sql, row_text(row, "domain_id"), err)) == NULL)
        return -1;
    write_ids(out, key, tree, 0);
    return 0;
}

int
project_parents_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    return emit(call, out, row, "parents", parents_sql, err);
}

int
project_subtree_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err)
{
    return emit(call, out, row, "subtree", subtree_sql, err);
}
