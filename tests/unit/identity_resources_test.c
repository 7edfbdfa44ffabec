/* identity_resources_test.c: what identity keeps for others: policies, endpoint filters, limits, domains' configuration, federation. */
#include "config.h"
#include "identity_testing.h"

#include "identity/mapping.h"
#include "unit.h"

static char *admin;             /* a token for the project "admin" */
static char *admin_project;

static void
setup(void)
{
    const struct wire_reply *r;

    bed_open();
    admin = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    ck_assert_ptr_nonnull(admin);
    r = bed_ask(admin, "GET", "/v3/projects", "name=admin", NULL, NULL);
    admin_project = xstrdup(json_str(json_array_get(json_object_get(r->json, "projects"), 0), "id"));
}

static void
teardown(void)
{
    free(admin);
    free(admin_project);
    bed_close();
}

/* A request as the administrator; the path is a format.  Single quotes of a body stand for double ones. */
CAIRN_PRINTF(3, 4) static const struct wire_reply *
ask(const char *method, const char *body, const char *fmt, ...)
{
    CLEANUP_FREE char *copy = xstrdup(body);
    char path[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(path, sizeof path, fmt, ap);
    va_end(ap);
    for (char *p = copy; p != NULL && *p != '\0'; p++) {
        if (*p == '\'')
            *p = '"';
    }
    return bed_ask(admin, method, path, NULL, NULL, copy);
}
#define EXPECT(status_, ...) \
    do { \
        const struct wire_reply *r_ = ask(__VA_ARGS__); \
        ck_assert_msg(r_->status == (status_), "answers %d, not %d: %s", r_->status, (status_), r_->text); \
    } while (0)

static size_t
count(const char *list, const char *path)
{
    const struct wire_reply *r = ask("GET", NULL, "%s", path);

    ck_assert_msg(r->status == 200, "%s answers %d: %s", path, r->status, r->text);
    return json_array_size(json_object_get(r->json, list));
}

static char *
make(const char *path, const char *key, const char *fields)
{
    CLEANUP_FREE char *copy = xstrdup(fields);

    for (char *p = copy; *p != '\0'; p++) {
        if (*p == '\'')
            *p = '"';
    }
    return bed_make(admin, path, key, copy);
}

static char *
make_endpoint(const char *service, const char *region, const char *interface)
{
    CLEANUP_FREE char *fields = xasprintf("{'service_id':'%s','region_id':'%s','interface':'%s','url':'http://x/'}", service, region, interface);

    return make("/v3/endpoints", "endpoint", fields);
}

static char *
compute_service(void)
{
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/services", "type=compute", NULL, NULL);

    return xstrdup(json_str(json_array_get(json_object_get(r->json, "services"), 0), "id"));
}

/* A member's token for a project of theirs. */
static char *
member(const char *name, const char *project)
{
    CLEANUP_FREE char *fields = xasprintf("{'name':'%s','password':'pw'}", name);
    CLEANUP_FREE char *user = make("/v3/users", "user", fields);
    CLEANUP_FREE char *query = xstrdup("name=member");
    CLEANUP_FREE char *role = xstrdup(json_str(json_array_get(json_object_get(bed_ask(admin, "GET", "/v3/roles", query, NULL, NULL)->json, "roles"), 0), "id"));
    CLEANUP_FREE char *scope = xasprintf("{\"project\":{\"id\":\"%s\"}}", project);

    EXPECT(204, "PUT", NULL, "/v3/projects/%s/users/%s/roles/%s", project, user, role);
    return bed_login(name, "pw", scope);
}

/* --- policies */
START_TEST(a_stored_policy_is_kept_as_it_came)
{
    CLEANUP_FREE char *id = make("/v3/policies", "policy", "{'type':'application/json','blob':'{}','note':'mine'}");
    const struct wire_reply *r = ask("GET", NULL, "/v3/policies/%s", id);

    ck_assert_str_eq(bed_text(r, "policy.blob"), "{}");
    ck_assert_str_eq(bed_text(r, "policy.note"), "mine");
    EXPECT(200, "PATCH", "{'policy':{'type':'text/plain'}}", "/v3/policies/%s", id);
    ck_assert_uint_eq(count("policies", "/v3/policies"), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(bed_ask(admin, "GET", "/v3/policies", "type=text/plain", NULL, NULL)->json, "policies")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(bed_ask(admin, "GET", "/v3/policies", "type=x", NULL, NULL)->json, "policies")), 0);
    EXPECT(400, "POST", "{'policy':{'type':'x','blob':{}}}", "/v3/policies");
    EXPECT(400, "POST", "{'policy':{'type':'x'}}", "/v3/policies");
    EXPECT(400, "PATCH", "{'policy':{'id':'another'}}", "/v3/policies/%s", id);
    EXPECT(400, "PATCH", "{'user':{'id':'another'}}", "/v3/users/%s", "me");
    {
        CLEANUP_FREE char *same = xasprintf("{'policy':{'id':'%s'}}", id);

        EXPECT(200, "PATCH", same, "/v3/policies/%s", id);
    }
    EXPECT(204, "DELETE", NULL, "/v3/policies/%s", id);
    EXPECT(404, "GET", NULL, "/v3/policies/%s", id);
}
END_TEST

static void
in_force(const char *endpoint, const char *policy)
{
    const struct wire_reply *r = ask("GET", NULL, "/v3/endpoints/%s/OS-ENDPOINT-POLICY/policy", endpoint);

    if (policy == NULL)
        ck_assert_int_eq(r->status, 404);
    else
        ck_assert_str_eq(bed_text(r, "policy.id"), policy);
}

START_TEST(the_nearest_policy_is_in_force_for_an_endpoint)
{
    CLEANUP_FREE char *service = make("/v3/services", "service", "{'type':'thing'}");
    CLEANUP_FREE char *top = make("/v3/regions", "region", "{'id':'top'}");
    CLEANUP_FREE char *low = make("/v3/regions", "region", "{'id':'low','parent_region_id':'top'}");
    CLEANUP_FREE char *endpoint = make_endpoint(service, low, "public");
    CLEANUP_FREE char *other = make_endpoint(service, "RegionOne", "public");
    char *p[3];

    for (size_t i = 0; i < ARRAY_LEN(p); i++)
        p[i] = make("/v3/policies", "policy", "{'type':'x','blob':'{}'}");
    in_force(endpoint, NULL);
    EXPECT(404, "GET", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/services/%s", p[0], service);
    EXPECT(204, "PUT", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/services/%s", p[0], service);
    EXPECT(204, "GET", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/services/%s", p[0], service);
    in_force(endpoint, p[0]);
    EXPECT(204, "PUT", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/services/%s/regions/top", p[1], service);
    in_force(endpoint, p[1]);           /* of a region above */
    in_force(other, p[0]);
    EXPECT(204, "PUT", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/endpoints/%s", p[2], endpoint);
    in_force(endpoint, p[2]);
    EXPECT(204, "HEAD", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/endpoints/%s", p[2], endpoint);
    EXPECT(200, "HEAD", NULL, "/v3/endpoints/%s/OS-ENDPOINT-POLICY/policy", endpoint);
    EXPECT(204, "PUT", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/endpoints/%s", p[1], endpoint);      /* one policy a place */
    in_force(endpoint, p[1]);
    EXPECT(404, "GET", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/endpoints/%s", p[2], endpoint);
    ck_assert_uint_eq(json_array_size(json_object_get(ask("GET", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/endpoints", p[0])->json, "endpoints")), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(ask("GET", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/endpoints", p[1])->json, "endpoints")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(ask("GET", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/endpoints", p[2])->json, "endpoints")), 0);
    EXPECT(404, "PUT", NULL, "/v3/policies/nowhere/OS-ENDPOINT-POLICY/endpoints/%s", endpoint);
    EXPECT(404, "PUT", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/endpoints/nowhere", p[0]);
    EXPECT(204, "DELETE", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/services/%s/regions/top", p[1], service);
    EXPECT(404, "DELETE", NULL, "/v3/policies/%s/OS-ENDPOINT-POLICY/services/%s/regions/top", p[1], service);
    EXPECT(204, "DELETE", NULL, "/v3/policies/%s", p[1]);
    in_force(endpoint, p[0]);
    for (size_t i = 0; i < ARRAY_LEN(p); i++)
        free(p[i]);
}
END_TEST

/* --- endpoint groups and filters */
static size_t
catalog_endpoints(void)
{
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/auth/catalog", NULL, NULL, NULL);
    size_t n = 0, i;
    json_t *service;

    ck_assert_int_eq(r->status, 200);
    json_array_foreach(json_object_get(r->json, "catalog"), i, service)
        n += json_array_size(json_object_get(service, "endpoints"));
    return n;
}

START_TEST(a_project_sees_the_endpoints_that_it_is_given)
{
    CLEANUP_FREE char *service = make("/v3/services", "service", "{'type':'thing'}");
    CLEANUP_FREE char *one = make_endpoint(service, "RegionOne", "public");
    CLEANUP_FREE char *two = make_endpoint(service, "RegionOne", "internal");
    CLEANUP_FREE char *fields = xasprintf("{'name':'g','description':'d','filters':{'service_id':'%s','interface':'internal'}}", service);
    CLEANUP_FREE char *group = make("/v3/OS-EP-FILTER/endpoint_groups", "endpoint_group", fields);
    size_t all = catalog_endpoints();

    ck_assert_uint_gt(all, 2);
    EXPECT(404, "GET", NULL, "/v3/OS-EP-FILTER/projects/%s/endpoints/%s", admin_project, one);
    EXPECT(204, "PUT", NULL, "/v3/OS-EP-FILTER/projects/%s/endpoints/%s", admin_project, one);
    EXPECT(204, "HEAD", NULL, "/v3/OS-EP-FILTER/projects/%s/endpoints/%s", admin_project, one);
    ck_assert_uint_eq(catalog_endpoints(), 1);
    EXPECT(204, "PUT", NULL, "/v3/OS-EP-FILTER/endpoint_groups/%s/projects/%s", group, admin_project);
    ck_assert_uint_eq(catalog_endpoints(), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(ask("GET", NULL, "/v3/OS-EP-FILTER/endpoint_groups/%s/endpoints", group)->json, "endpoints")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(ask("GET", NULL, "/v3/OS-EP-FILTER/endpoint_groups/%s/projects", group)->json, "projects")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(ask("GET", NULL, "/v3/OS-EP-FILTER/endpoints/%s/projects", one)->json, "projects")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(ask("GET", NULL, "/v3/OS-EP-FILTER/endpoints/%s/projects", two)->json, "projects")), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(ask("GET", NULL, "/v3/OS-EP-FILTER/projects/%s/endpoint_groups", admin_project)->json, "endpoint_groups")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(ask("GET", NULL, "/v3/OS-EP-FILTER/projects/%s/endpoints", admin_project)->json, "endpoints")), 2);
    EXPECT(200, "GET", NULL, "/v3/OS-EP-FILTER/endpoint_groups/%s/projects/%s", group, admin_project);
    EXPECT(200, "HEAD", NULL, "/v3/OS-EP-FILTER/endpoint_groups/%s/projects/%s", group, admin_project);
    EXPECT(204, "DELETE", NULL, "/v3/OS-EP-FILTER/projects/%s/endpoints/%s", admin_project, one);
    EXPECT(404, "DELETE", NULL, "/v3/OS-EP-FILTER/projects/%s/endpoints/%s", admin_project, one);
    ck_assert_uint_eq(catalog_endpoints(), 1);
    EXPECT(204, "DELETE", NULL, "/v3/OS-EP-FILTER/endpoint_groups/%s", group);
    ck_assert_uint_eq(catalog_endpoints(), all);        /* nothing is given any more */
}
END_TEST

START_TEST(an_endpoint_group_filters_by_what_there_is)
{
    CLEANUP_FREE char *id = make("/v3/OS-EP-FILTER/endpoint_groups", "endpoint_group", "{'name':'g','filters':{'interface':'public'}}");
    const struct wire_reply *r;

    EXPECT(400, "POST", "{'endpoint_group':{'name':'g'}}", "/v3/OS-EP-FILTER/endpoint_groups");
    EXPECT(400, "POST", "{'endpoint_group':{'name':'g','filters':{}}}", "/v3/OS-EP-FILTER/endpoint_groups");
    EXPECT(400, "POST", "{'endpoint_group':{'name':'g','filters':{'colour':'red'}}}", "/v3/OS-EP-FILTER/endpoint_groups");
    EXPECT(400, "POST", "{'endpoint_group':{'name':'g','filters':{'interface':'secret'}}}", "/v3/OS-EP-FILTER/endpoint_groups");
    EXPECT(400, "PATCH", "{'endpoint_group':{'filters':{'colour':'red'}}}", "/v3/OS-EP-FILTER/endpoint_groups/%s", id);
    r = ask("PATCH", "{'endpoint_group':{'filters':{'region_id':'RegionOne'}}}", "/v3/OS-EP-FILTER/endpoint_groups/%s", id);
    ck_assert_int_eq(r->status, 200);
    ck_assert_str_eq(bed_text(r, "endpoint_group.filters.region_id"), "RegionOne");
    ck_assert_ptr_null(bed_text(r, "endpoint_group.filters.interface"));
    ck_assert_ptr_null(json_object_get(json_object_get(r->json, "endpoint_group"), "region_id"));
    EXPECT(200, "PATCH", "{'endpoint_group':{'description':'d'}}", "/v3/OS-EP-FILTER/endpoint_groups/%s", id);
    EXPECT(200, "HEAD", NULL, "/v3/OS-EP-FILTER/endpoint_groups/%s", id);
    EXPECT(404, "GET", NULL, "/v3/OS-EP-FILTER/endpoint_groups/nowhere/endpoints");
}
END_TEST

/* --- limits */
static char *
registered(const char *service, const char *region, const char *resource, int limit)
{
    CLEANUP_FREE char *where = region != NULL ? xasprintf("'region_id':'%s',", region) : xstrdup("");
    CLEANUP_FREE char *body = xasprintf("{'registered_limits':[{'service_id':'%s',%s'resource_name':'%s','default_limit':%d}]}", service, where, resource, limit);
    const struct wire_reply *r = ask("POST", body, "/v3/registered_limits");

    ck_assert_msg(r->status == 201, "answers %d %s", r->status, r->text);
    return xstrdup(json_str(json_array_get(json_object_get(r->json, "registered_limits"), 0), "id"));
}

static const struct wire_reply *
limit(const char *of, const char *id, const char *service, const char *resource, int value)
{
    CLEANUP_FREE char *body = xasprintf("{'limits':[{'%s':'%s','service_id':'%s','resource_name':'%s','resource_limit':%d}]}", of, id, service, resource, value);

    return ask("POST", body, "/v3/limits");
}

static char *
limit_id(const struct wire_reply *r)
{
    ck_assert_msg(r->status == 201, "answers %d %s", r->status, r->text);
    return xstrdup(json_str(json_array_get(json_object_get(r->json, "limits"), 0), "id"));
}

START_TEST(a_limit_needs_a_registered_one)
{
    CLEANUP_FREE char *service = compute_service();
    CLEANUP_FREE char *reg = registered(service, NULL, "cores", 10);
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *of_domain = NULL;
    const struct wire_reply *r;

    EXPECT(400, "POST", "{'registered_limits':[]}", "/v3/registered_limits");
    EXPECT(400, "POST", "{'registered_limits':[{'service_id':'x','resource_name':'x','default_limit':1}]}", "/v3/registered_limits");
    EXPECT(400, "POST", "{'registered_limits':[{'service_id':'x','resource_name':'x','default_limit':-2}]}", "/v3/registered_limits");
    {
        CLEANUP_FREE char *twice = xasprintf("{'registered_limits':[{'service_id':'%s','resource_name':'cores','default_limit':1}]}", service);
        CLEANUP_FREE char *more = xasprintf("{'registered_limits':[{'service_id':'%s','resource_name':'x','default_limit':1,'colour':'red'}]}", service);

        EXPECT(409, "POST", twice, "/v3/registered_limits");
        EXPECT(400, "POST", more, "/v3/registered_limits");
    }
    ck_assert_int_eq(limit("project_id", admin_project, service, "ram", 5)->status, 403);
    ck_assert_int_eq(limit("project_id", "nowhere", service, "cores", 5)->status, 400);
    ck_assert_int_eq(limit("colour", "red", service, "cores", 5)->status, 400);
    id = limit_id(limit("project_id", admin_project, service, "cores", 5));
    ck_assert_int_eq(limit("project_id", admin_project, service, "cores", 6)->status, 409);
    of_domain = limit_id(limit("project_id", "default", service, "cores", 50));          /* a domain's project is the domain */
    r = ask("GET", NULL, "/v3/limits/%s", of_domain);
    ck_assert_str_eq(bed_text(r, "limit.domain_id"), "default");
    ck_assert_ptr_null(bed_text(r, "limit.project_id"));
    r = ask("GET", NULL, "/v3/limits/%s", id);
    ck_assert_str_eq(bed_text(r, "limit.service_id"), service);
    ck_assert_str_eq(bed_text(r, "limit.resource_name"), "cores");
    r = ask("PATCH", "{'limit':{'resource_limit':7,'description':'more'}}", "/v3/limits/%s", id);
    ck_assert_int_eq((int)json_int(json_object_get(r->json, "limit"), "resource_limit", 0), 7);
    EXPECT(400, "PATCH", "{'limit':{'project_id':'x'}}", "/v3/limits/%s", id);
    EXPECT(400, "PATCH", "{'limit':{'resource_limit':'x'}}", "/v3/limits/%s", id);
    EXPECT(403, "PATCH", "{'registered_limit':{'default_limit':3}}", "/v3/registered_limits/%s", reg);  /* limits refer to it */
    EXPECT(403, "DELETE", NULL, "/v3/registered_limits/%s", reg);
    EXPECT(204, "DELETE", NULL, "/v3/limits/%s", id);
    EXPECT(204, "DELETE", NULL, "/v3/limits/%s", of_domain);
    EXPECT(200, "PATCH", "{'registered_limit':{'default_limit':3,'resource_name':'vcpus'}}", "/v3/registered_limits/%s", reg);
    ck_assert_uint_eq(json_array_size(json_object_get(bed_ask(admin, "GET", "/v3/registered_limits", "resource_name=vcpus", NULL, NULL)->json, "registered_limits")), 1);
    EXPECT(409, "DELETE", NULL, "/v3/services/%s", service);    /* in use */
    EXPECT(204, "DELETE", NULL, "/v3/registered_limits/%s", reg);
}
END_TEST

START_TEST(everybody_sees_their_own_limits)
{
    CLEANUP_FREE char *service = compute_service();
    CLEANUP_FREE char *reg = registered(service, "RegionOne", "cores", 10);
    CLEANUP_FREE char *mine = make("/v3/projects", "project", "{'name':'mine'}");
    CLEANUP_FREE char *token = member("m", mine);
    CLEANUP_FREE char *body = xasprintf("{'limits':[{'project_id':'%s','service_id':'%s','region_id':'RegionOne','resource_name':'cores','resource_limit':1},"
                                        "{'project_id':'%s','service_id':'%s','region_id':'RegionOne','resource_name':'cores','resource_limit':2}]}",
                                        mine, service, admin_project, service);
    const struct wire_reply *r = ask("POST", body, "/v3/limits");
    CLEANUP_FREE char *own = limit_id(r);
    CLEANUP_FREE char *foreign = xstrdup(json_str(json_array_get(json_object_get(r->json, "limits"), 1), "id"));
    CLEANUP_FREE char *path = xasprintf("/v3/limits/%s", own);
    CLEANUP_FREE char *foreign_path = xasprintf("/v3/limits/%s", foreign);
    CLEANUP_FREE char *gone = xasprintf("/v3/projects/%s", mine);

    ck_assert_uint_eq(count("limits", "/v3/limits"), 2);
    r = bed_ask(token, "GET", "/v3/limits", NULL, NULL, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(r->json, "limits")), 1);
    ck_assert_int_eq(bed_ask(token, "GET", path, NULL, NULL, NULL)->status, 200);
    ck_assert_int_eq(bed_ask(token, "GET", foreign_path, NULL, NULL, NULL)->status, 403);
    ck_assert_int_eq(bed_ask(token, "DELETE", path, NULL, NULL, NULL)->status, 403);
    ck_assert_uint_eq(json_array_size(json_object_get(bed_ask(token, "GET", "/v3/registered_limits", NULL, NULL, NULL)->json, "registered_limits")), 1);
    r = bed_ask(token, "GET", "/v3/limits/model", NULL, NULL, NULL);
    ck_assert_str_eq(bed_text(r, "model.name"), "flat");
    EXPECT(204, "DELETE", NULL, "%s", gone);
    ck_assert_uint_eq(count("limits", "/v3/limits"), 1);
}
END_TEST

START_TEST(strict_two_level_keeps_projects_within_their_domain)
{
    CLEANUP_FREE char *service = compute_service();
    CLEANUP_FREE char *reg = registered(service, NULL, "cores", 10);
    CLEANUP_FREE char *other = make("/v3/projects", "project", "{'name':'other'}");
    CLEANUP_FREE char *project = NULL;
    CLEANUP_FREE char *domain = NULL;
    CLEANUP_FREE char *nested = xasprintf("{'project':{'name':'nested','parent_id':'%s'}}", admin_project);
    CLEANUP_FREE char *both = NULL;

    bed_configure("[identity]\nenforcement_model = strict_two_level\n");
    ck_assert_str_eq(bed_text(ask("GET", NULL, "/v3/limits/model"), "model.name"), "strict_two_level");
    EXPECT(201, "POST", nested, "/v3/projects");
    {
        const struct wire_reply *r = bed_ask(admin, "GET", "/v3/projects", "name=nested", NULL, NULL);
        CLEANUP_FREE char *low = xasprintf("{'project':{'name':'low','parent_id':'%s'}}", json_str(json_array_get(json_object_get(r->json, "projects"), 0), "id"));

        EXPECT(403, "POST", low, "/v3/projects");
    }
    ck_assert_int_eq(limit("project_id", admin_project, service, "cores", 11)->status, 403);   /* above the default */
    ck_assert_int_eq(limit("project_id", admin_project, service, "cores", -1)->status, 403);   /* any number is above, too */
    project = limit_id(limit("project_id", admin_project, service, "cores", 10));
    ck_assert_int_eq(limit("domain_id", "default", service, "cores", 9)->status, 403);         /* below a project's */
    domain = limit_id(limit("domain_id", "default", service, "cores", 20));
    EXPECT(200, "PATCH", "{'limit':{'resource_limit':20}}", "/v3/limits/%s", project);
    EXPECT(403, "PATCH", "{'limit':{'resource_limit':21}}", "/v3/limits/%s", project);
    EXPECT(403, "PATCH", "{'limit':{'resource_limit':19}}", "/v3/limits/%s", domain);
    EXPECT(200, "PATCH", "{'limit':{'resource_limit':-1}}", "/v3/limits/%s", domain);
    EXPECT(200, "PATCH", "{'limit':{'resource_limit':-1}}", "/v3/limits/%s", project);
    ck_assert_int_eq(limit("project_id", other, service, "cores", 1000)->status, 201);
    /* A domain's and its project's in one request, in the wrong order. */
    free(reg);
    reg = registered(service, NULL, "ram", 1);
    both = xasprintf("{'limits':[{'project_id':'%s','service_id':'%s','resource_name':'ram','resource_limit':5},"
                     "{'domain_id':'default','service_id':'%s','resource_name':'ram','resource_limit':5}]}", other, service, service);
    EXPECT(201, "POST", both, "/v3/limits");
}
END_TEST

/* --- configuration of domains */
START_TEST(a_domain_keeps_its_configuration_and_shows_no_secrets)
{
    CLEANUP_FREE char *domain = make("/v3/domains", "domain", "{'name':'d'}");
    const struct wire_reply *r;

#define CONFIG "/v3/domains/%s/config"
    EXPECT(404, "GET", NULL, CONFIG, domain);
    EXPECT(201, "PUT", "{'config':{'ldap':{'url':'ldap://x','password':'hush'},'identity':{'driver':'ldap'}}}", CONFIG, domain);
    r = ask("GET", NULL, CONFIG, domain);
    ck_assert_str_eq(bed_text(r, "config.ldap.url"), "ldap://x");
    ck_assert_ptr_null(strstr(r->text, "hush"));
    {
        CLEANUP_TX struct tx *tx = NULL;
        int64_t plain, sealed;

        ck_assert_int_eq(tx_begin(bed.catalog, TX_READ, &tx, NULL), 0);
        ck_assert_int_eq(tx_int(tx, &plain, 0, NULL, "select count(*) from domain_config where value like '%hush%'", ""), 0);
        ck_assert_int_eq(tx_int(tx, &sealed, 0, NULL, "select count(*) from domain_secrets where sealed not like '%hush%'", ""), 0);
        ck_assert_int_eq(plain, 0);
        ck_assert_int_eq(sealed, 1);
    }
    EXPECT(200, "PUT", "{'config':{'ldap':{'url':'ldap://y','user_tree_dn':'ou=u','password':'hush'}}}", CONFIG, domain);
    EXPECT(404, "GET", NULL, CONFIG "/identity", domain);       /* PUT replaced all */
    ck_assert_str_eq(bed_text(ask("GET", NULL, CONFIG "/ldap/url", domain), "config.url"), "ldap://y");
    EXPECT(404, "GET", NULL, CONFIG "/ldap/password", domain);
    EXPECT(200, "HEAD", NULL, CONFIG "/ldap", domain);
    r = ask("PATCH", "{'config':{'ldap':{'url':'ldap://z'}}}", CONFIG "/ldap", domain);
    ck_assert_str_eq(bed_text(r, "config.ldap.url"), "ldap://z");
    ck_assert_str_eq(bed_text(r, "config.ldap.user_tree_dn"), "ou=u");
    EXPECT(200, "PATCH", "{'config':{'url':'ldap://a'}}", CONFIG "/ldap/url", domain);
    EXPECT(200, "PATCH", "{'config':{'password':'more'}}", CONFIG "/ldap/password", domain);
    EXPECT(404, "PATCH", "{'config':{'suffix':'x'}}", CONFIG "/ldap/suffix", domain);   /* not set before */
    EXPECT(403, "PATCH", "{'config':{'suffix':'x'}}", CONFIG "/ldap/url", domain);
    EXPECT(403, "PATCH", "{'config':{'identity':{'driver':'x'}}}", CONFIG "/ldap", domain);
    EXPECT(403, "PUT", "{'config':{}}", CONFIG, domain);
    EXPECT(403, "PUT", "{'config':{'ldap':'x'}}", CONFIG, domain);
    EXPECT(403, "PUT", "{'config':{'database':{'x':1}}}", CONFIG, domain);
    EXPECT(403, "PUT", "{'config':{'ldap':{'colour':'red'}}}", CONFIG, domain);
    EXPECT(403, "GET", NULL, CONFIG "/database", domain);
    EXPECT(404, "GET", NULL, CONFIG, "nowhere");
    EXPECT(204, "DELETE", NULL, CONFIG "/ldap/url", domain);
    EXPECT(404, "DELETE", NULL, CONFIG "/ldap/url", domain);
    EXPECT(204, "DELETE", NULL, CONFIG, domain);
    EXPECT(404, "GET", NULL, CONFIG, domain);
    r = ask("GET", NULL, "/v3/domains/config/default");
    ck_assert_str_eq(bed_text(r, "config.identity.driver"), "sql");
    ck_assert_ptr_null(strstr(r->text, "\"password\""));
    ck_assert_str_eq(bed_text(ask("GET", NULL, "/v3/domains/config/ldap/default"), "config.ldap.url"), "ldap://localhost");
    ck_assert_str_eq(bed_text(ask("GET", NULL, "/v3/domains/config/ldap/url/default"), "config.url"), "ldap://localhost");
    EXPECT(403, "GET", NULL, "/v3/domains/config/ldap/password/default");
    EXPECT(403, "GET", NULL, "/v3/domains/config/nothing/default");
}
END_TEST

START_TEST(everybody_may_read_what_passwords_must_look_like)
{
    CLEANUP_FREE char *mine = make("/v3/projects", "project", "{'name':'mine'}");
    CLEANUP_FREE char *token = member("m", mine);
    CLEANUP_FREE char *domain = make("/v3/domains", "domain", "{'name':'d'}");
    const struct wire_reply *r;

    bed_configure("[security_compliance]\npassword_regex = ^.{2,}$\npassword_regex_description = two at least\n");
    r = bed_ask(token, "GET", "/v3/domains/default/config/security_compliance", NULL, NULL, NULL);
    ck_assert_str_eq(bed_text(r, "config.security_compliance.password_regex"), "^.{2,}$");
    r = bed_ask(token, "GET", "/v3/domains/default/config/security_compliance/password_regex_description", NULL, NULL, NULL);
    ck_assert_str_eq(bed_text(r, "config.password_regex_description"), "two at least");
    EXPECT(403, "GET", NULL, "/v3/domains/default/config/security_compliance/lockout_duration");
    EXPECT(403, "GET", NULL, "/v3/domains/%s/config/security_compliance", domain);
    ck_assert_int_eq(bed_ask(token, "GET", "/v3/domains/default/config/ldap", NULL, NULL, NULL)->status, 403);
}
END_TEST

/* --- federation */
#define IDP "/v3/OS-FEDERATION/identity_providers/acme"
#define MAPPING "/v3/OS-FEDERATION/mappings/m"
#define RULES "[{'local':[{'user':{'name':'{0}'}},{'groups':'{1}','domain':{'id':'default'}}],'remote':[{'type':'User'},{'type':'Groups'}]}]"

START_TEST(identity_providers_are_made_under_the_clients_id)
{
    const struct wire_reply *r = ask("PUT", "{'identity_provider':{'description':'Acme','remote_ids':['https://acme/1','https://acme/2']}}", IDP);
    CLEANUP_FREE char *domain = NULL;

    ck_assert_msg(r->status == 201, "%s", r->text);
    ck_assert_str_eq(bed_text(r, "identity_provider.id"), "acme");
    ck_assert(json_is_false(json_object_get(json_object_get(r->json, "identity_provider"), "enabled")));
    ck_assert(json_is_null(json_object_get(json_object_get(r->json, "identity_provider"), "authorization_ttl")));
    ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(r->json, "identity_provider"), "remote_ids")), 2);
    ck_assert(str_ends(bed_text(r, "identity_provider.links.protocols"), IDP "/protocols"));
    domain = xstrdup(bed_text(r, "identity_provider.domain_id"));
    EXPECT(200, "GET", NULL, "/v3/domains/%s", domain);         /* its users' own */
    EXPECT(409, "PUT", "{'identity_provider':{}}", IDP);
    EXPECT(409, "PUT", "{'identity_provider':{'remote_ids':['https://acme/2']}}", "/v3/OS-FEDERATION/identity_providers/other");
    EXPECT(404, "GET", NULL, "/v3/OS-FEDERATION/identity_providers/other");     /* all of it was undone */
    EXPECT(404, "PUT", "{'identity_provider':{'domain_id':'nowhere'}}", "/v3/OS-FEDERATION/identity_providers/other");
    EXPECT(400, "PUT", "{'identity_provider':{'colour':'red'}}", "/v3/OS-FEDERATION/identity_providers/other");
    EXPECT(201, "PUT", "{'identity_provider':{'domain_id':'default','enabled':true,'authorization_ttl':10}}", "/v3/OS-FEDERATION/identity_providers/other");
    ck_assert_uint_eq(count("identity_providers", "/v3/OS-FEDERATION/identity_providers"), 2);
    r = bed_ask(admin, "GET", "/v3/OS-FEDERATION/identity_providers", "enabled=true", NULL, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(r->json, "identity_providers")), 1);
    r = bed_ask(admin, "GET", "/v3/OS-FEDERATION/identity_providers", "id=acme", NULL, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(r->json, "identity_providers")), 1);
    r = ask("PATCH", "{'identity_provider':{'enabled':true,'remote_ids':['https://acme/3']}}", IDP);
    ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(r->json, "identity_provider"), "remote_ids")), 1);
    EXPECT(400, "PATCH", "{'identity_provider':{'domain_id':'default'}}", IDP);
    EXPECT(400, "PATCH", "{'identity_provider':{}}", IDP);
    EXPECT(204, "DELETE", NULL, IDP);
    EXPECT(404, "GET", NULL, IDP);
}
END_TEST

START_TEST(protocols_belong_to_their_provider)
{
    const struct wire_reply *r;

    EXPECT(201, "PUT", "{'identity_provider':{}}", IDP);
    EXPECT(201, "PUT", "{'identity_provider':{}}", "/v3/OS-FEDERATION/identity_providers/other");
    EXPECT(201, "PUT", "{'mapping':{'rules':" RULES "}}", MAPPING);
    EXPECT(404, "PUT", "{'protocol':{'mapping_id':'m'}}", "/v3/OS-FEDERATION/identity_providers/nowhere/protocols/saml2");
    EXPECT(400, "PUT", "{'protocol':{'mapping_id':'nowhere'}}", IDP "/protocols/saml2");
    EXPECT(400, "PUT", "{'protocol':{}}", IDP "/protocols/saml2");
    r = ask("PUT", "{'protocol':{'mapping_id':'m','remote_id_attribute':'Issuer'}}", IDP "/protocols/saml2");
    ck_assert_int_eq(r->status, 201);
    ck_assert(str_ends(bed_text(r, "protocol.links.identity_provider"), IDP));
    ck_assert(str_ends(bed_text(r, "protocol.links.self"), IDP "/protocols/saml2"));
    EXPECT(409, "PUT", "{'protocol':{'mapping_id':'m'}}", IDP "/protocols/saml2");
    EXPECT(201, "PUT", "{'protocol':{'mapping_id':'m'}}", "/v3/OS-FEDERATION/identity_providers/other/protocols/saml2");
    ck_assert_uint_eq(count("protocols", IDP "/protocols"), 1);
    r = ask("PATCH", "{'protocol':{'mapping_id':'m','remote_id_attribute':'Iss'}}", IDP "/protocols/saml2");
    ck_assert_str_eq(bed_text(r, "protocol.remote_id_attribute"), "Iss");
    EXPECT(404, "PATCH", "{'protocol':{'mapping_id':'m'}}", IDP "/protocols/oidc");
    EXPECT(204, "DELETE", NULL, IDP "/protocols/saml2");
    EXPECT(404, "DELETE", NULL, IDP "/protocols/saml2");
    EXPECT(404, "GET", NULL, IDP "/protocols/saml2");
    EXPECT(200, "GET", NULL, "/v3/OS-FEDERATION/identity_providers/other/protocols/saml2");
    EXPECT(204, "DELETE", NULL, "/v3/OS-FEDERATION/identity_providers/other");
    EXPECT(404, "GET", NULL, "/v3/OS-FEDERATION/identity_providers/other/protocols/saml2");
    EXPECT(501, "GET", NULL, IDP "/protocols/saml2/auth");
    EXPECT(501, "POST", NULL, "/v3/auth/OS-FEDERATION/websso/saml2");
}
END_TEST

START_TEST(mappings_are_checked_when_they_are_made)
{
    const struct wire_reply *r;

    EXPECT(400, "PUT", "{'mapping':{'rules':[]}}", MAPPING);
    EXPECT(400, "PUT", "{'mapping':{}}", MAPPING);
    EXPECT(400, "PUT", "{'mapping':{'rules':" RULES ",'schema_version':'9'}}", MAPPING);
    r = ask("PUT", "{'mapping':{'rules':" RULES "}}", MAPPING);
    ck_assert_int_eq(r->status, 201);
    ck_assert_str_eq(bed_text(r, "mapping.schema_version"), "1.0");
    ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(r->json, "mapping"), "rules")), 1);
    r = ask("PATCH", "{'mapping':{'rules':[{'local':[{'group':{'id':'x'}}],'remote':[{'type':'y'}]}],'schema_version':'2.0'}}", MAPPING);
    ck_assert_str_eq(bed_text(r, "mapping.schema_version"), "2.0");
    EXPECT(400, "PATCH", "{'mapping':{'rules':[{'local':[]}]}}", MAPPING);
    EXPECT(204, "DELETE", NULL, MAPPING);
    EXPECT(404, "GET", NULL, MAPPING);
}
END_TEST

START_TEST(service_providers_are_kept_with_their_addresses)
{
#define SP "/v3/OS-FEDERATION/service_providers/beta"
    const struct wire_reply *r = ask("PUT", "{'service_provider':{'auth_url':'https://beta/v3','sp_url':'https://beta/ecp'}}", SP);

    ck_assert_int_eq(r->status, 201);
    ck_assert_str_eq(bed_text(r, "service_provider.relay_state_prefix"), "ss:mem:");
    EXPECT(409, "PUT", "{'service_provider':{'auth_url':'https://beta/v3','sp_url':'https://beta/ecp'}}", SP);
    EXPECT(400, "PUT", "{'service_provider':{'auth_url':'https://beta/v3'}}", "/v3/OS-FEDERATION/service_providers/gamma");
    EXPECT(400, "PUT", "{'service_provider':{'auth_url':'beta','sp_url':'https://x'}}", "/v3/OS-FEDERATION/service_providers/gamma");
    EXPECT(400, "PUT", "{'service_provider':{'auth_url':'https://x','sp_url':'https://x','colour':'red'}}", "/v3/OS-FEDERATION/service_providers/gamma");
    EXPECT(200, "PATCH", "{'service_provider':{'enabled':true}}", SP);
    ck_assert_uint_eq(count("service_providers", "/v3/OS-FEDERATION/service_providers"), 1);
    EXPECT(204, "DELETE", NULL, SP);
    EXPECT(404, "GET", NULL, SP);
}
END_TEST

/* The mapping engine on what the catalog has: 0 and '*ret', or the error's code. */
static uint32_t
login_by(const char *protocol, const char *assertion, json_t **ret)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_JSON json_t *said = json_loads(assertion, 0, NULL);
    struct cairn_error err = CAIRN_ERROR_INIT;

    ck_assert_int_eq(tx_begin(bed.catalog, TX_READ, &tx, &err), 0);
    return mapping_login(tx, "acme", protocol, said, ret, &err) == 0 ? 0 : err.code;
}

START_TEST(an_assertion_finds_the_groups_that_are_there)
{
    CLEANUP_FREE char *group = make("/v3/groups", "group", "{'name':'dev'}");
    CLEANUP_JSON json_t *who = NULL;
    const char *good = "{\"User\":\"bob\",\"Groups\":\"dev;unknown\",\"Issuer\":\"https://acme/1\"}";

    ck_assert_uint_eq(login_by("saml2", good, &who), CAIRN_NOT_FOUND);
    EXPECT(201, "PUT", "{'identity_provider':{'remote_ids':['https://acme/1']}}", IDP);
    EXPECT(201, "PUT", "{'mapping':{'rules':" RULES "}}", MAPPING);
    EXPECT(201, "PUT", "{'protocol':{'mapping_id':'m','remote_id_attribute':'Issuer'}}", IDP "/protocols/saml2");
    ck_assert_uint_eq(login_by("saml2", good, &who), CAIRN_DENIED);     /* not enabled */
    EXPECT(200, "PATCH", "{'identity_provider':{'enabled':true}}", IDP);
    ck_assert_uint_eq(login_by("oidc", good, &who), CAIRN_NOT_FOUND);
    ck_assert_uint_eq(login_by("saml2", "{\"User\":\"bob\",\"Groups\":\"dev\",\"Issuer\":\"https://evil\"}", &who), CAIRN_DENIED);
    ck_assert_uint_eq(login_by("saml2", "{\"User\":\"bob\",\"Groups\":\"dev\"}", &who), CAIRN_INVALID);
    ck_assert_uint_eq(login_by("saml2", "{\"User\":\"bob\",\"Issuer\":\"https://acme/1\"}", &who), CAIRN_INVALID);
    ck_assert_uint_eq(login_by("saml2", good, &who), 0);
    ck_assert_str_eq(json_str(json_object_get(who, "user"), "name"), "bob");
    ck_assert_uint_eq(json_array_size(json_object_get(who, "group_ids")), 1);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(who, "group_ids"), 0)), group);
    EXPECT(200, "PATCH", "{'mapping':{'rules':[{'local':[{'group':{'id':'nowhere'}}],'remote':[{'type':'User'}]}]}}", MAPPING);
    json_decref(who);
    who = NULL;
    ck_assert_uint_eq(login_by("saml2", good, &who), CAIRN_INVALID);
}
END_TEST

START_TEST(providers_know_users_by_names_of_their_own)
{
    const struct wire_reply *r;
    CLEANUP_FREE char *id = NULL;

#define KNOWN "'federated':[{'idp_id':'acme','protocols':[{'protocol_id':'saml2','unique_id':'bob@acme'}]}]"
    EXPECT(201, "PUT", "{'identity_provider':{}}", IDP);
    EXPECT(201, "PUT", "{'mapping':{'rules':" RULES "}}", MAPPING);
    EXPECT(400, "POST", "{'user':{'name':'bob'," KNOWN "}}", "/v3/users");
    EXPECT(201, "PUT", "{'protocol':{'mapping_id':'m'}}", IDP "/protocols/saml2");
    r = ask("POST", "{'user':{'name':' bob '," KNOWN "}}", "/v3/users");
    ck_assert_msg(r->status == 201, "%s", r->text);
    ck_assert_str_eq(bed_text(r, "user.name"), "bob");
    id = xstrdup(bed_text(r, "user.id"));
    EXPECT(409, "POST", "{'user':{'name':'bob2'," KNOWN "}}", "/v3/users");
    r = ask("GET", NULL, "/v3/users/%s", id);
    ck_assert_ptr_nonnull(strstr(r->text, "\"unique_id\":\"bob@acme\""));
    r = bed_ask(admin, "GET", "/v3/users", "idp_id=acme&unique_id=bob@acme", NULL, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(r->json, "users")), 1);
    r = bed_ask(admin, "GET", "/v3/users", "idp_id=other", NULL, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(r->json, "users")), 0);
    r = ask("PATCH", "{'user':{'federated':[{'idp_id':'acme','protocols':[{'protocol_id':'saml2','unique_id':'rob'}]}]}}", "/v3/users/%s", id);
    ck_assert_ptr_nonnull(strstr(r->text, "\"rob\""));
    ck_assert_ptr_null(strstr(r->text, "bob@acme"));
    EXPECT(400, "PATCH", "{'user':{'federated':[{'idp_id':'acme','protocols':[]}]}}", "/v3/users/%s", id);
    EXPECT(204, "DELETE", NULL, IDP);
    r = ask("GET", NULL, "/v3/users/%s", id);
    ck_assert_ptr_null(strstr(r->text, "federated"));
}
END_TEST

START_TEST(an_enabled_service_provider_is_told_in_tokens)
{
    CLEANUP_FREE char *headers = xasprintf("X-Subject-Token: %s\n", admin);
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL);

    ck_assert_ptr_null(strstr(r->text, "service_providers"));
    EXPECT(201, "PUT", "{'service_provider':{'auth_url':'https://beta/v3','sp_url':'https://beta/ecp'}}", SP);
    r = bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL);
    ck_assert_ptr_null(strstr(r->text, "service_providers"));
    EXPECT(200, "PATCH", "{'service_provider':{'enabled':true}}", SP);
    r = bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL);
    ck_assert_ptr_nonnull(strstr(r->text, "\"service_providers\":[{\"id\":\"beta\""));
}
END_TEST

START_TEST(a_domain_takes_all_of_its_own_along)
{
    CLEANUP_FREE char *domain = make("/v3/domains", "domain", "{'name':'d'}");
    CLEANUP_FREE char *service = compute_service();
    CLEANUP_FREE char *reg = registered(service, NULL, "cores", 10);
    CLEANUP_FREE char *fields = xasprintf("{'name':'p','domain_id':'%s'}", domain);
    CLEANUP_FREE char *project = make("/v3/projects", "project", fields);
    CLEANUP_FREE char *idp = xasprintf("{'identity_provider':{'domain_id':'%s','remote_ids':['r']}}", domain);
    CLEANUP_FREE char *user_fields = xasprintf("{'name':'u','domain_id':'%s','federated':[{'idp_id':'acme','protocols':[{'protocol_id':'saml2','unique_id':'u'}]}]}", domain);
    CLEANUP_FREE char *user = NULL;

    EXPECT(201, "PUT", idp, IDP);
    EXPECT(201, "PUT", "{'mapping':{'rules':" RULES "}}", MAPPING);
    EXPECT(201, "PUT", "{'protocol':{'mapping_id':'m'}}", IDP "/protocols/saml2");
    user = make("/v3/users", "user", user_fields);
    ck_assert_int_eq(limit("project_id", project, service, "cores", 5)->status, 201);
    ck_assert_int_eq(limit("domain_id", domain, service, "cores", 5)->status, 201);
    EXPECT(201, "PUT", "{'config':{'ldap':{'url':'x','password':'y'}}}", CONFIG, domain);
    EXPECT(200, "PATCH", "{'domain':{'enabled':false}}", "/v3/domains/%s", domain);
    EXPECT(204, "DELETE", NULL, "/v3/domains/%s", domain);
    EXPECT(404, "GET", NULL, IDP);
    EXPECT(404, "GET", NULL, "/v3/users/%s", user);
    ck_assert_uint_eq(count("limits", "/v3/limits"), 0);
    EXPECT(204, "DELETE", NULL, "/v3/registered_limits/%s", reg);
    EXPECT(204, "DELETE", NULL, MAPPING);       /* is nobody's */
}
END_TEST

/* --- the rest */
START_TEST(what_was_revoked_can_be_listed)
{
    CLEANUP_FREE char *user = make("/v3/users", "user", "{'name':'u','password':'pw'}");
    size_t before = count("events", "/v3/OS-REVOKE/events");

    EXPECT(200, "PATCH", "{'user':{'enabled':false}}", "/v3/users/%s", user);
    ck_assert_uint_gt(count("events", "/v3/OS-REVOKE/events"), before);
    ck_assert_int_eq(bed_ask(admin, "GET", "/v3/OS-REVOKE/events", "since=2999-01-01T00:00:00Z", NULL, NULL)->status, 200);
    ck_assert_int_eq(bed_ask(admin, "GET", "/v3/OS-REVOKE/events", "since=yesterday", NULL, NULL)->status, 400);
    EXPECT(410, "GET", NULL, "/v3/OS-SIMPLE-CERT/ca");
    EXPECT(410, "GET", NULL, "/v3/auth/tokens/OS-PKI/revoked");
}
END_TEST

int
main(void)
{
    const TTest *const tests[] = {
        a_stored_policy_is_kept_as_it_came, the_nearest_policy_is_in_force_for_an_endpoint, a_project_sees_the_endpoints_that_it_is_given,
        an_endpoint_group_filters_by_what_there_is, a_limit_needs_a_registered_one, everybody_sees_their_own_limits,
        strict_two_level_keeps_projects_within_their_domain, a_domain_keeps_its_configuration_and_shows_no_secrets,
        everybody_may_read_what_passwords_must_look_like, identity_providers_are_made_under_the_clients_id, protocols_belong_to_their_provider,
        mappings_are_checked_when_they_are_made, service_providers_are_kept_with_their_addresses, an_assertion_finds_the_groups_that_are_there,
        a_domain_takes_all_of_its_own_along, providers_know_users_by_names_of_their_own, an_enabled_service_provider_is_told_in_tokens, what_was_revoked_can_be_listed,
    };
    Suite *s = suite_create("identity resources");
    TCase *t = tcase_create("resources");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    for (size_t i = 0; i < ARRAY_LEN(tests); i++)
        tcase_add_test(t, tests[i]);
    suite_add_tcase(s, t);
    return run_suite(s);
}
