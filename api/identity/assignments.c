/* assignments.c: GET /role_assignments: who has which role where, as given, or as it works out (groups, inheritance, implied roles). */
#include "config.h"
#include "identity/resources.h"

/* One row of the answer; 'from' is where an inherited one was given, 'group_id' the group that a user has it by, 'prior_id' the role
 * that implies it. */
static const char given_sql[] =
    "select case when a.actor_type = 'user' then a.actor_id else '' end as user_id, case when a.actor_type = 'group' then a.actor_id else '' end as group_id,"
    " a.target_type as target_type, a.target_id as target_id, a.role_id as role_id, a.inherited as inherited, '' as from_type, '' as from_id,"
    " '' as via_group, '' as prior_id from assignments a where 1 = 1";

/* The effective ones, from where each was given to where it counts.  The %s are: which hierarchy is of interest; which assignments; and
 * conditions on the target for each of three origins: given right there, inherited from a domain, inherited from a project above. */
static const char effective_sql[] =
    "with recursive tree(top, id) as (%s), src as %s,"
    " imp(prior_id, id) as (select prior_id, implied_id from implied_roles union select i.prior_id, n.implied_id from imp i join implied_roles n on n.prior_id = i.id),"
    " e(actor_type, actor_id, target_type, target_id, role_id, from_type, from_id) as ("
    "select a.actor_type, a.actor_id, a.target_type, a.target_id, a.role_id, '', '' from src a where a.inherited = 0%s"
    " union all select a.actor_type, a.actor_id, 'project', p.id, a.role_id, 'domains', a.target_id from src a join projects p on p.domain_id = a.target_id"
    " where a.inherited = 1 and a.target_type = 'domain'%s"
    " union all select a.actor_type, a.actor_id, 'project', t.id, a.role_id, 'projects', a.target_id from tree t cross join src a"
    " where a.target_type = 'project' and a.target_id = t.top and a.inherited = 1%s),"
    " u(user_id, target_type, target_id, role_id, from_type, from_id, via_group) as ("
    "select e.actor_id, e.target_type, e.target_id, e.role_id, e.from_type, e.from_id, '' from e where e.actor_type = 'user'"
    " union all select m.user_id, e.target_type, e.target_id, e.role_id, e.from_type, e.from_id, e.actor_id from e join group_members m on m.group_id = e.actor_id"
    " where e.actor_type = 'group'),"
    " x(user_id, target_type, target_id, role_id, from_type, from_id, via_group, prior_id) as ("
    "select user_id, target_type, target_id, role_id, from_type, from_id, via_group, '' from u"
    " union all select u.user_id, u.target_type, u.target_id, imp.id, u.from_type, u.from_id, u.via_group, u.role_id from u join imp on imp.prior_id = u.role_id)";
static const char all_assignments[] = "not materialized (select * from assignments)";
static const char assignments_of_user[] =
    "(select a.* from (select 'user' as type, ? as id union all select 'group', group_id from group_members where user_id = ?) w"
    " cross join assignments a on a.actor_type = w.type and a.actor_id = w.id)";
/* Everything below everything, or what is above one project. */
static const char whole_tree[] =
    "select p.parent_id, p.id from projects p where p.parent_id is not null union select t.top, p.id from tree t join projects p on p.parent_id = t.id";
static const char tree_above[] =
    "select p.parent_id, p.id from projects p where p.id = ? and p.parent_id is not null"
    " union select p.parent_id, t.id from tree t join projects p on p.id = t.top where p.parent_id is not null";
static const char effective_select[] =
    "select x.user_id as user_id, '' as group_id, x.target_type as target_type, x.target_id as target_id, x.role_id as role_id, 0 as inherited,"
    " x.from_type as from_type, x.from_id as from_id, x.via_group as via_group, x.prior_id as prior_id"
    " from x where x.role_id in (select id from roles where domain_id = '')";

struct filter {
    const char *role, *user, *group, *project, *domain;
    int system, inherited, effective, names, subtree;
};

/* A flag of the query: there, and not "0" or "false". */
static int
flag(const struct rest_call *call, const char *name)
{
    const char *value = rest_query(call, name);
    int on = 1;

    return value != NULL && (str_to_bool(value, &on) < 0 || on);
}

static int
read_filter(struct rest_call *call, struct filter *f, struct cairn_error *err)
{
    const char *inherited = rest_query(call, "scope.OS-INHERIT:inherited_to"), *system = rest_query(call, "scope.system");

    *f = (struct filter){
        .role = rest_query(call, "role.id"), .user = rest_query(call, "user.id"), .group = rest_query(call, "group.id"),
        .project = rest_query(call, "scope.project.id"), .domain = rest_query(call, "scope.domain.id"), .system = system != NULL,
        .inherited = inherited != NULL, .effective = flag(call, "effective"), .names = flag(call, "include_names"),
        .subtree = flag(call, "include_subtree"),
    };
    if (f->user != NULL && f->group != NULL)
        return cairn_fail(err, CAIRN_INVALID, "Specify a user or group, not both.");
    if ((f->project != NULL) + (f->domain != NULL) + f->system > 1)
        return cairn_fail(err, CAIRN_INVALID, "Specify one of domain, project and system as the scope.");
    if (inherited != NULL && strcmp(inherited, "projects") != 0)
        return cairn_fail(err, CAIRN_INVALID, "scope.OS-INHERIT:inherited_to can only be 'projects'.");
    if (f->effective && f->group != NULL)
        return cairn_fail(err, CAIRN_INVALID, "Combining effective and group filter will always result in an empty list.");
    if (f->effective && f->inherited && f->domain != NULL)
        return cairn_fail(err, CAIRN_INVALID, "Combining effective, domain and inherited filters will always result in an empty list.");
    if (f->subtree && f->project == NULL)
        return cairn_fail(err, CAIRN_INVALID, "scope.project.id must be specified if include_subtree is also specified.");
    return f->subtree ? rest_allow(call, "identity:list_role_assignments_for_tree", err) : 0;
}

struct query { struct str sql; struct sql_value values[32]; size_t n; };        /* at most 14 values */

static void
bind(struct query *q, const char *text)
{
    q->values[q->n++] = (struct sql_value){ .type = 's', .p = text };
}

/* Conditions on the columns of the answer, which the query calls 'y'. */
static void
add_conditions(struct rest_call *call, const struct filter *f, struct query *q)
{
    const struct { const char *sql; const char *value; } simple[] = {
        { " and y.role_id = ?", f->role }, { " and y.user_id = ?", f->user }, { " and y.group_id = ?", f->group },
        { " and y.target_type = 'domain' and y.target_id = ?", f->domain },
        { " and y.target_type = 'project' and y.target_id = ?", f->subtree ? NULL : f->project },
    };

    for (size_t i = 0; i < ARRAY_LEN(simple); i++) {
        if (simple[i].value == NULL)
            continue;
        str_add(&q->sql, simple[i].sql);
        bind(q, simple[i].value);
    }
    if (f->subtree) {
        str_add(&q->sql, " and y.target_type = 'project' and y.target_id in (with recursive below(id) as (select id from projects where id = ?"
                         " union select p.id from projects p join below b on p.parent_id = b.id) select id from below)");
        bind(q, f->project);
    }
    if (f->system)
        str_add(&q->sql, " and y.target_type = 'system'");
    if (f->inherited)
        str_add(&q->sql, f->effective ? " and y.from_type <> ''" : " and y.inherited = 1");
    if (call->auth->scope == AUTH_DOMAIN && !call->auth->is_admin) {
        str_add(&q->sql, " and ((y.target_type = 'domain' and y.target_id = ?) or (y.target_type = 'project' and"
                         " y.target_id in (select id from projects where domain_id = ?)))");
        bind(q, call->auth->domain_id);
        bind(q, call->auth->domain_id);
    }
}

static void
add_effective(const struct filter *f, struct query *q)
{
    const char *project = f->subtree ? NULL : f->project;
    const char *nowhere = f->domain != NULL || f->system ? " and 1 = 0" : "";   /* what is inherited ends at projects */
    const char *here = project != NULL ? " and a.target_type = 'project' and a.target_id = ?" : f->domain != NULL ? " and a.target_type = 'domain' and a.target_id = ?" : "";

    str_addf(&q->sql, effective_sql, project != NULL ? tree_above : whole_tree, f->user != NULL ? assignments_of_user : all_assignments, here,
             project != NULL ? " and p.id = ?" : nowhere, nowhere);
    str_add(&q->sql, " ");
    if (project != NULL)
        bind(q, project);
    if (f->user != NULL) {
        bind(q, f->user);
        bind(q, f->user);
    }
    if (here[0] != '\0')
        bind(q, project != NULL ? project : f->domain);
    if (project != NULL)
        bind(q, project);
}

static void
build(struct rest_call *call, const struct filter *f, struct query *q)
{
    if (f->effective)
        add_effective(f, q);
    str_add(&q->sql, "select y.user_id as user_id, y.group_id as group_id, y.target_type as target_type, y.target_id as target_id, y.role_id as role_id,"
                     " y.inherited as inherited, y.from_type as from_type, y.from_id as from_id, y.via_group as via_group, y.prior_id as prior_id");
    if (f->names)
        str_add(&q->sql, ", u.name as user_name, u.domain_id as user_domain_id, ud.name as user_domain_name, g.name as group_name,"
                         " g.domain_id as group_domain_id, gd.name as group_domain_name, p.name as project_name, p.domain_id as project_domain_id,"
                         " pd.name as project_domain_name, d.name as domain_name, r.name as role_name, r.domain_id as role_domain_id, rd.name as role_domain_name");
    str_addf(&q->sql, " from (%s) y", f->effective ? effective_select : given_sql);
    if (f->names)
        str_add(&q->sql, " left join users u on u.id = y.user_id left join domains ud on ud.id = u.domain_id"
                         " left join groups_ g on g.id = y.group_id left join domains gd on gd.id = g.domain_id"
                         " left join projects p on p.id = y.target_id left join domains pd on pd.id = p.domain_id"
                         " left join domains d on d.id = y.target_id join roles r on r.id = y.role_id left join domains rd on rd.id = r.domain_id");
    str_add(&q->sql, " where 1 = 1");
    add_conditions(call, f, q);
    str_add(&q->sql, " order by y.target_type, y.target_id, y.user_id, y.group_id, y.role_id, y.via_group, y.prior_id");
}

/* --- writing */
static void
write_domain(struct json_out *out, const char *id, const char *name)
{
    jo_object(out, "domain");
    jo_str(out, "id", id);
    jo_str(out, "name", name);
    jo_end_object(out);
}

/* {"id": ..., "name": ..., "domain": {...}}; 'prefix' names the columns. */
static void
write_party(struct json_out *out, struct rows *rows, const char *key, const char *id, const char *prefix, int names, int shown)
{
    char name[32], domain[32], domain_name[32];

    snprintf(name, sizeof name, "%s_name", prefix);
    snprintf(domain, sizeof domain, "%s_domain_id", prefix);
    snprintf(domain_name, sizeof domain_name, "%s_domain_name", prefix);
    if (shown) {
        jo_object(out, key);
        jo_str(out, "id", id);
    }
    if (names) {                        /* read in any case: see catalog.h on columns that nobody reads */
        const char *name_value = row_text(rows, name), *domain_value = row_text(rows, domain), *domain_name_value = row_text(rows, domain_name);

        if (shown) {
            jo_str(out, "name", name_value);
            if (domain_value != NULL && domain_value[0] != '\0')
                write_domain(out, domain_value, domain_name_value);
        }
    }
    if (shown)
        jo_end_object(out);
}

static void
write_scope(struct json_out *out, struct rows *rows, int names, int inherited)
{
    const char *type = row_text(rows, "target_type"), *id = row_text(rows, "target_id");
    int project = strcmp(type, "project") == 0, domain = strcmp(type, "domain") == 0;
    const char *domain_name = names ? row_text(rows, "domain_name") : NULL;

    jo_object(out, "scope");
    write_party(out, rows, "project", id, "project", names, project);
    if (domain) {
        jo_object(out, "domain");
        jo_str(out, "id", id);
        if (names)
            jo_str(out, "name", domain_name);
        jo_end_object(out);
    } else if (!project) {
        jo_object(out, "system");
        jo_bool(out, "all", 1);
        jo_end_object(out);
    }
    if (inherited)
        jo_str(out, "OS-INHERIT:inherited_to", "projects");
    jo_end_object(out);
}

static void
write_links(struct rest_call *call, struct rows *rows, int inherited)
{
    const char *type = row_text(rows, "target_type"), *user = row_text(rows, "user_id"), *group = row_text(rows, "group_id");
    const char *role = row_text(rows, "role_id"), *prior = row_text(rows, "prior_id"), *via = row_text(rows, "via_group");
    const char *from_type = row_text(rows, "from_type"), *from_id = row_text(rows, "from_id"), *target = row_text(rows, "target_id");
    const char *actors = via[0] != '\0' || user[0] == '\0' ? "groups" : "users", *actor = via[0] != '\0' ? via : user[0] != '\0' ? user : group;
    const char *given = prior[0] != '\0' ? prior : role;
    CLEANUP_FREE char *where = NULL;
    CLEANUP_FREE char *assignment = NULL;
    CLEANUP_FREE char *membership = rest_url(call, "/v3/groups/%s/users/%s", via, user);
    CLEANUP_FREE char *prior_url = rest_url(call, "/v3/roles/%s/implies/%s", prior, role);

    if (from_type[0] != '\0')
        where = xasprintf("/v3/OS-INHERIT/%s/%s", from_type, from_id);
    else if (strcmp(type, "system") == 0)
        where = xstrdup("/v3/system");
    else
        where = xasprintf("/v3/%s%ss/%s", inherited ? "OS-INHERIT/" : "", type, target);
    assignment = rest_url(call, "%s/%s/%s/roles/%s%s", where, actors, actor, given, inherited || from_type[0] != '\0' ? "/inherited_to_projects" : "");
    jo_object(call->out, "links");
    jo_str(call->out, "assignment", assignment);
    if (via[0] != '\0')
        jo_str(call->out, "membership", membership);
    if (prior[0] != '\0')
        jo_str(call->out, "prior_role", prior_url);
    jo_end_object(call->out);
}

static void
write_assignment(struct rest_call *call, struct rows *rows, int names)
{
    const char *user = row_text(rows, "user_id"), *group = row_text(rows, "group_id");
    int inherited = row_int(rows, "inherited") != 0 || row_text(rows, "from_type")[0] != '\0';

    jo_object(call->out, NULL);
    write_links(call, rows, inherited);
    write_party(call->out, rows, "role", row_text(rows, "role_id"), "role", names, 1);
    write_party(call->out, rows, "user", user, "user", names, user[0] != '\0');
    write_party(call->out, rows, "group", group, "group", names, group[0] != '\0');
    write_scope(call->out, rows, names, inherited);
    jo_end_object(call->out);
}

static int
assignments_list(struct rest_call *call, struct cairn_error *err)
{
    struct filter f;
    struct query q = { STR_INIT, { { 0 } }, 0 };
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (read_filter(call, &f, err) < 0)
        return -1;
    build(call, &f, &q);
    got = tx_query_v(call->tx, &rows, err, q.sql.text, q.values, q.n);
    str_free(&q.sql);
    if (got < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "role_assignments");
    while ((got = rows_next(rows, err)) > 0)
        write_assignment(call, rows, f.names);
    jo_end_array(call->out);
    list_links(call);
    jo_end_object(call->out);
    return got;
}

const struct rest_route identity_assignment_routes[] = {
    { .method = "GET", .path = "/v3/role_assignments", .rule = "identity:list_role_assignments", .status = 200, .handle = assignments_list },
    { .method = NULL }
};
