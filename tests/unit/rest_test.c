/* rest_test.c: what the resource engine promises to services and clients, shown with a toy service on the real schema. */
#include <config.h>
#include <stdio.h>
#include <string.h>
#include "service.h"

static struct http_app *app;

/* --- the toy: "things" are rows of security_groups, their parts rows of security_group_rules */

static int
emit_part(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *e)
{
    (void)call;
    (void)e;
    jo_str(out, NULL, row_text(row, "direction"));
    return 0;
}

static int
emit_count(struct rest_call *call, struct json_out *out, struct rest_group *group, struct cairn_error *e)
{
    struct rows *row;
    int64_t n = 0;
    int more;

    (void)call;
    while ((more = rest_group_next(group, &row, e)) > 0)
        n += row_int(row, "one");
    jo_int(out, "parts_count", n);
    return more;
}

static int
emit_upper(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *e)
{
    (void)call;
    (void)e;
    jo_strf(out, "label", "%s/%s", row_text(row, "project_id"), row_text(row, "name"));
    return 0;
}

static const struct rest_attr spot_attrs[] = {
    { .name = "x", .type = REST_INT, .flags = REST_REQUIRED, .min = 0, .max = 10 },
    { .name = "kind", .type = REST_ENUM, .choices = (const char *const[]){ "round", "square", NULL }, .dflt = "\"round\"" },
    { 0 },
};
static const struct rest_attr word_attrs[] = { { .name = "", .type = REST_STRING, .min = 1, .max = 5 }, { 0 } };

static const struct rest_attr thing_attrs[] = {
    { .name = "id", .column = "t.id", .type = REST_UUID, .flags = REST_READ | REST_FILTER | REST_SORT },
    { .name = "name", .column = "t.name", .type = REST_STRING, .flags = REST_WRITE | REST_REQUIRED | REST_FILTER | REST_SORT | REST_TRIM, .min = 1, .max = 20 },
    { .name = "description", .column = "t.description", .type = REST_TEXT, .flags = REST_WRITE | REST_DETAIL, .max = 100, .dflt = "\"\"" },
    { .name = "stateful", .column = "t.stateful", .type = REST_BOOL, .flags = REST_WRITE | REST_FILTER | REST_LAX, .dflt = "true", .write_policy = "thing:set_stateful" },
    { .name = "is_default", .column = "t.is_default", .type = REST_BOOL, .flags = REST_READ | REST_FILTER, .read_policy = "thing:see_default" },
    { .name = "project_id", .column = "t.project_id", .type = REST_ID, .flags = REST_READ | REST_CREATE | REST_FILTER },
    { .name = "created_at", .column = "t.created_us", .type = REST_TIME, .flags = REST_READ | REST_SORT },
    { .name = "revision_number", .column = "t.revision", .type = REST_INT, .flags = REST_READ | REST_SORT | REST_FILTER },
    { .name = "label", .type = REST_STRING, .flags = REST_READ | REST_NO_COLUMN, .emit = emit_upper, .since = REST_V(2, 5) },
    { .name = "spots", .type = REST_LIST, .flags = REST_CREATE | REST_NO_COLUMN, .of = spot_attrs, .max = 3 },
    { .name = "words", .type = REST_LIST, .flags = REST_CREATE | REST_NO_COLUMN | REST_UNIQUE, .of = word_attrs, .max = 3 },
    { .name = "spot", .type = REST_OBJECT, .flags = REST_CREATE | REST_NO_COLUMN, .of = spot_attrs },
    { .name = "meta", .type = REST_MAP, .flags = REST_CREATE | REST_NO_COLUMN, .max = 8 },
    { .name = "uuid", .type = REST_UUID, .flags = REST_CREATE | REST_NO_COLUMN | REST_NULL },
    { .name = "cidr", .type = REST_CIDR, .flags = REST_CREATE | REST_NO_COLUMN },
    { .name = "ip", .type = REST_IP, .flags = REST_CREATE | REST_NO_COLUMN },
    { .name = "mac", .type = REST_MAC, .flags = REST_CREATE | REST_NO_COLUMN },
    { .name = "when", .type = REST_TIME, .flags = REST_CREATE | REST_NO_COLUMN },
    { .name = "password", .type = REST_STRING, .flags = REST_CREATE | REST_NO_COLUMN | REST_SECRET, .max = 4 },
    { .name = "since5", .type = REST_INT, .flags = REST_CREATE | REST_NO_COLUMN, .since = REST_V(2, 5), .until = REST_V(2, 6) },
    { 0 },
};
static const struct rest_child thing_children[] = {
    { .name = "parts", .sql = "select security_group_id as parent, direction from security_group_rules where security_group_id in (%IDS%) order by security_group_id, id",
      .emit = emit_part },
    { .name = "parts_count", .sql = "select security_group_id as parent, 1 as one from security_group_rules where security_group_id in (%IDS%) order by security_group_id",
      .emit_group = emit_count, .flags = REST_DETAIL },
    { 0 },
};
static int after_deletes;

static int
count_delete(struct rest_call *call, struct cairn_error *e)
{
    (void)call;
    (void)e;
    after_deletes++;
    return 0;
}

static const struct rest_resource things = {
    .name = "thing", .plural = "things", .noun = "Thing", .path = "/things", .table = "security_groups", .owner_column = "t.project_id", .admin_all = 2,
    .attrs = thing_attrs, .children = thing_children, .ops = REST_ALL_OPS | REST_DETAIL_OP,
    .rules = { "thing:list", "thing:show", "thing:create", "thing:update", "thing:delete", NULL }, .default_sort = "created_us desc, id desc",
    .after_delete = count_delete, .tags_type = "things",
};

static int
say_version(struct rest_call *call, struct cairn_error *e)
{
    (void)e;
    jo_object(call->out, NULL);
    jo_strf(call->out, "row", "%d.%d", call->route->since.major, call->route->since.minor);
    jo_end_object(call->out);
    return 0;
}

static int
do_spin(struct rest_call *call, struct cairn_error *e)
{
    int64_t turns = rest_int(call, "turns", -1);

    if (turns == 9)
        return cairn_fail(e, CAIRN_CONFLICT, "Thing %s is spinning", row_text(call->object, "id"));
    if (turns == 8)
        return cairn_fail(e, CAIRN_INTERNAL, "cannot open /secret/path");
    if (tx_exec(call->tx, e, "update security_groups set description = 'spun' where id = ?", "s", row_text(call->object, "id")) < 0)
        return -1;
    return turns == 7 ? cairn_fail(e, CAIRN_CONFLICT, "too late") : 0;
}

static int
guard(struct rest_call *call, const char *states, struct cairn_error *e)
{
    if (strcmp(states, "never") == 0)
        return cairn_fail(e, CAIRN_CONFLICT, "Cannot do this with thing %s", row_text(call->object, "id"));
    return 0;
}

static const struct rest_attr spin_body[] = { { .name = "turns", .type = REST_INT, .flags = REST_REQUIRED, .min = 1, .max = 9 }, { 0 } };
static const struct rest_attr query_attrs[] = { { .name = "depth", .type = REST_INT, .min = 1, .max = 3 }, { 0 } };

static const struct rest_route thing_routes[] = {
    { .method = "GET", .path = "/", .flags = REST_PUBLIC | REST_NO_VERSION, .handle = say_version },
    { .method = "GET", .path = "/row", .rule = "thing:list", .handle = say_version, .since = REST_V(2, 1), .until = REST_V(2, 9) },
    { .method = "GET", .path = "/row", .rule = "thing:list", .handle = say_version, .since = REST_V(2, 4), .until = REST_V(2, 7), .query = query_attrs },
    { .method = "POST", .path = "/things/{thing_id}/action", .action = "spin", .rule = "thing:update", .status = 202, .body = spin_body, .object = &things, .handle = do_spin },
    { .method = "POST", .path = "/things/{thing_id}/action", .action = "halt", .rule = "thing:update", .status = 202, .object = &things, .handle = do_spin, .states = "never" },
    { .method = "POST", .path = "/things/{thing_id}/action", .action = "late", .rule = "thing:update", .status = 202, .object = &things, .handle = do_spin, .since = REST_V(2, 8) },
    { 0 },
};

static const struct policy_default policies[] = {
    { "thing:list", "role:reader", "" }, { "thing:show", "role:reader", "" },
    { "thing:create", "role:admin or (role:member and project_id:%(project_id)s)", "" },
    { "thing:update", "role:admin or (role:member and project_id:%(project_id)s)", "" }, { "thing:delete", "role:admin or role:member", "" },
    { "thing:set_stateful", "role:admin", "" }, { "thing:see_default", "role:admin", "" }, { 0 },
};
static const struct rest_versioning versioning = { "toy", "X-Toy-API-Version", REST_V(2, 1), REST_V(2, 10) };
static const struct rest_resource *const resources[] = { &things, NULL };
static const struct rest_route *const routes[] = { thing_routes, NULL };
static const struct rest_service toy = {
    .name = "toy", .versioning = &versioning, .resources = resources, .routes = routes, .policies = policies, .request_id_headers = { "X-Openstack-Request-Id" },
    .paging = REST_PAGE_NOVA, .page_max = 1000, .unknown_is_error = 1, .strict_query = 1, .guard = guard,
};
static struct rest_service neutron_toy;

/* --- fixture */

static void
setup(void)
{
    service_begin();
    app = service_app(&toy);
}

static void
setup_neutron(void)
{
    neutron_toy = toy;
    neutron_toy.paging = REST_PAGE_NEUTRON;
    neutron_toy.page_max = 0;
    neutron_toy.strict_query = 0;
    service_begin();
    app = service_app(&neutron_toy);
}

static const struct wire_reply *
ask(struct auth *who, const char *method, const char *path, const char *query, const char *body)
{
    return wire_ask(app, who, method, path, query, NULL, body);
}

static const char *
message(const struct wire_reply *r)
{
    const char *text = json_str(json_object_get(r->json, "error"), "message");

    return text != NULL ? text : r->text;
}

#define ASSERT_SAYS(r, part) ck_assert_msg(strstr(message(r), (part)) != NULL, "'%s' does not say '%s'", message(r), (part))

static char *
make(struct auth *who, const char *name)
{
    CLEANUP_FREE char *body = xasprintf("{\"thing\": {\"name\": \"%s\"}}", name);
    const struct wire_reply *r = ask(who, "POST", "/things", NULL, body);

    ASSERT_STATUS(r, 201);
    return xstrdup(json_str(json_object_get(r->json, "thing"), "id"));
}

/* 'n' things of P1, 'same' of them at a time created in the same microsecond. */
static void
fill(int n, int same)
{
    struct tx *tx;

    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    for (int i = 0; i < n; i++) {
        char id[40], name[20];
        int64_t at = 1000000000LL + i / same;

        snprintf(id, sizeof id, "00000000-0000-4000-8000-%012d", (i * 7919) % 1000003);
        snprintf(name, sizeof name, "n%03d", i % 10);
        ck_assert_int_eq(tx_exec(tx, &err, "insert into security_groups (id, project_id, name, created_us, updated_us) values (?, '" P1 "', ?, ?, ?)", "ssii", id, name, at, at), 0);
        ck_assert_int_eq(tx_exec(tx, &err, "insert into security_group_rules (id, security_group_id, project_id, direction, ethertype, created_us, updated_us) "
                                           "select ?, ?, '" P1 "', 'ingress', 'IPv4', 0, 0 where 1 = ?", "ssi", id, id, (int64_t)(i % 2)), 0);
    }
    ck_assert_int_eq(tx_commit(tx, &err), 0);
}

/* --- routes */

START_TEST(unknown_paths_are_404_and_wrong_methods_405_with_allow)
{
    const struct wire_reply *r = ask(member, "GET", "/nothing", NULL, NULL);

    ASSERT_STATUS(r, 404);
    ck_assert_str_eq(r->type, "application/json");
    r = ask(member, "PATCH", "/things", NULL, NULL);
    ASSERT_STATUS(r, 405);
    ck_assert_ptr_nonnull(strstr(wire_header("Allow"), "GET"));
    ck_assert_ptr_nonnull(strstr(wire_header("Allow"), "POST"));
    ASSERT_STATUS(ask(member, "GET", "/things/", NULL, NULL), 200);
    ASSERT_STATUS(ask(member, "GET", "/things/detail", NULL, NULL), 200);
    ASSERT_STATUS(ask(member, "GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t", NULL, NULL), 404);
}
END_TEST

START_TEST(nobody_gets_401_but_for_public_routes)
{
    ASSERT_STATUS(ask(NULL, "GET", "/things", NULL, NULL), 401);
    ck_assert_ptr_nonnull(wire_header("WWW-Authenticate"));
    ASSERT_STATUS(ask(NULL, "GET", "/", NULL, NULL), 200);
    ck_assert_ptr_null(wire_header("OpenStack-API-Version"));
}
END_TEST

START_TEST(a_name_in_place_of_an_id_is_404)
{
    const struct wire_reply *r = ask(member, "GET", "/things/my-thing", NULL, NULL);

    ASSERT_STATUS(r, 404);
    ASSERT_SAYS(r, "Thing my-thing could not be found.");
}
END_TEST

static void
count_route(void *arg, const char *method, const char *path, const char *action, struct rest_version since, const char *rule)
{
    (void)method;
    (void)path;
    (void)action;
    (void)since;
    (void)rule;
    ++*(int *)arg;
}

START_TEST(each_route_is_told)
{
    int n = 0;

    rest_each_route(&toy, count_route, &n);
    ck_assert_int_eq(n, 6 + 6 + 6);
}
END_TEST

/* --- tables that must not start */

static int
starts(const struct rest_service *service)
{
    struct http_app *other = NULL;
    int ok = rest_app(service, &env, &other, &err);

    rest_app_free(other);
    return ok;
}

START_TEST(a_route_without_a_known_rule_does_not_start)
{
    static const struct rest_route none[] = { { .method = "GET", .path = "/open", .handle = say_version }, { 0 } };
    static const struct rest_route unknown[] = { { .method = "GET", .path = "/open", .rule = "thing:unheard_of", .handle = say_version }, { 0 } };
    static const struct rest_route twice[] = { { .method = "GET", .path = "/a/{x}", .rule = "thing:list", .handle = say_version },
                                               { .method = "GET", .path = "/a/{y}", .rule = "thing:list", .handle = say_version }, { 0 } };
    const struct rest_route *const sets[][2] = { { none, NULL }, { unknown, NULL }, { twice, NULL } };
    static const char *const says[] = { "has no policy rule", "thing:unheard_of", "stands in the tables twice" };
    struct rest_service s = toy;

    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        s.routes = sets[i];
        ck_assert_int_eq(starts(&s), -1);
        ck_assert_int_eq(err.code, CAIRN_INVALID);
        ck_assert_msg(strstr(err.message, says[i]) != NULL, "%s", err.message);
    }
}
END_TEST

START_TEST(a_column_that_does_not_exist_does_not_start)
{
    static const struct rest_attr attrs[] = { { .name = "id", .type = REST_UUID, .flags = REST_READ }, { .name = "no_column", .type = REST_STRING, .flags = REST_READ }, { 0 } };
    struct rest_resource r = things;
    const struct rest_resource *const list[] = { &r, NULL };
    struct rest_service s = toy;

    r.attrs = attrs;
    s.resources = list;
    s.routes = NULL;
    ck_assert_int_eq(starts(&s), -1);
    ck_assert_msg(strstr(err.message, "no_column") != NULL, "%s", err.message);
}
END_TEST

/* --- versions */

static const struct { const char *headers; int status; const char *version, *row; } asked[] = {
    { NULL, 200, "toy 2.1", "2.1" },
    { "OpenStack-API-Version: toy 2.3\n", 200, "toy 2.3", "2.1" },
    { "OpenStack-API-Version: toy 2.4\n", 200, "toy 2.4", "2.4" },
    { "OpenStack-API-Version: toy 2.7\n", 200, "toy 2.7", "2.4" },
    { "OpenStack-API-Version: toy 2.8\n", 200, "toy 2.8", "2.1" },
    { "OpenStack-API-Version: volume 3.1, toy 2.5\n", 200, "toy 2.5", "2.4" },
    { "OpenStack-API-Version: volume 3.1\n", 200, "toy 2.1", "2.1" },
    { "X-Toy-API-Version: 2.5\n", 200, "toy 2.5", "2.4" },
    { "OpenStack-API-Version: toy 2.8\nX-Toy-API-Version: 2.5\n", 200, "toy 2.8", "2.1" },
    { "OpenStack-API-Version: toy 2.10\n", 404, "toy 2.10", NULL },
    { "OpenStack-API-Version: toy latest\n", 404, "toy 2.10", NULL },
    { "OpenStack-API-Version: toy 2.11\n", 406, NULL, NULL },
    { "OpenStack-API-Version: toy 1.9\n", 406, NULL, NULL },
    { "OpenStack-API-Version: toy 2\n", 400, NULL, NULL },
    { "OpenStack-API-Version: toy 2.01\n", 400, NULL, NULL },
    { "OpenStack-API-Version: toy 2.x\n", 400, NULL, NULL },
    { "X-Toy-API-Version: two\n", 400, NULL, NULL },
};

START_TEST(the_version_selects_the_row_and_comes_back)
{
    const struct wire_reply *r = wire_ask(app, member, "GET", "/row", NULL, asked[_i].headers, NULL);

    ASSERT_STATUS(r, asked[_i].status);
    if (asked[_i].version != NULL)
        ck_assert_str_eq(wire_header("OpenStack-API-Version"), asked[_i].version);
    ck_assert_ptr_nonnull(wire_header("X-Toy-API-Version"));
    ck_assert_ptr_nonnull(strstr(wire_header("Vary"), "X-Toy-API-Version"));
    ck_assert_ptr_nonnull(wire_header("X-Openstack-Request-Id"));
    if (asked[_i].row != NULL)
        ck_assert_str_eq(json_str(r->json, "row"), asked[_i].row);
}
END_TEST

START_TEST(attributes_come_and_go_with_versions)
{
    CLEANUP_FREE char *id = make(member, "one");
    CLEANUP_FREE char *path = xasprintf("/things/%s", id);
    const struct wire_reply *r = ask(member, "GET", path, NULL, NULL);

    ck_assert_ptr_null(json_object_get(json_object_get(r->json, "thing"), "label"));
    r = wire_ask(app, member, "GET", path, NULL, "OpenStack-API-Version: toy 2.5\n", NULL);
    ck_assert_str_eq(json_str(json_object_get(r->json, "thing"), "label"), P1 "/one");
    ASSERT_STATUS(ask(member, "POST", "/things", NULL, "{\"thing\": {\"name\": \"x\", \"since5\": 1}}"), 400);
    ASSERT_STATUS(wire_ask(app, member, "POST", "/things", NULL, "X-Toy-API-Version: 2.6\n", "{\"thing\": {\"name\": \"x\", \"since5\": 1}}"), 201);
    ASSERT_STATUS(wire_ask(app, member, "POST", "/things", NULL, "X-Toy-API-Version: 2.7\n", "{\"thing\": {\"name\": \"y\", \"since5\": 1}}"), 400);
}
END_TEST

/* --- bodies */

static const struct { const char *body; int status; const char *says; } bodies[] = {
    { "{\"thing\": {\"name\": \"a\"}}", 201, NULL },
    { "{\"thing\": {\"name\": \"  padded  \"}}", 201, NULL },
    { "{\"thing\": {\"name\": \"12345678901234567890\"}}", 201, NULL },
    { "{\"thing\": {\"name\": \"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\"}}", 201, NULL },
    { "{\"thing\": {\"name\": \"123456789012345678901\"}}", 400, "Invalid input for field/attribute name. Value: 123456789012345678901. It is too long" },
    { "{\"thing\": {\"name\": \"   \"}}", 400, "too short" },
    { "{\"thing\": {\"name\": 5}}", 400, "It is not of type 'string'" },
    { "{\"thing\": {\"name\": null}}", 400, "None is not allowed" },
    { "{\"thing\": {}}", 400, "'name' is a required property" },
    { "{\"thing\": {\"name\": \"a\", \"extra\": 1}}", 400, "Additional properties are not allowed ('extra' was unexpected)" },
    { "{\"thing\": {\"name\": \"a\", \"created_at\": \"2020-01-01T00:00:00Z\"}}", 400, "not allowed in POST" },
    { "{\"thing\": []}", 400, "It is not of type 'object'" },
    { "{\"thing\": null}", 400, "It is not of type 'object'" },
    { "{\"other\": {}}", 400, "'thing' is a required property" },
    { "[]", 400, "a JSON object is expected" },
    { "", 400, "has no body" },
    { "{\"thing\": ", 400, "Malformed request body" },
    { "{\"thing\": {\"name\": \"a\", \"spot\": {\"x\": 10}}}", 201, NULL },
    { "{\"thing\": {\"name\": \"a\", \"spot\": {\"x\": 11}}}", 400, "field/attribute spot.x. Value: 11. 11 is greater than the maximum of 10" },
    { "{\"thing\": {\"name\": \"a\", \"spot\": {\"x\": \"1\"}}}", 400, "It is not of type 'integer'" },
    { "{\"thing\": {\"name\": \"a\", \"spot\": {\"x\": true}}}", 400, "It is not of type 'integer'" },
    { "{\"thing\": {\"name\": \"a\", \"spot\": {}}}", 400, "'x' is a required property" },
    { "{\"thing\": {\"name\": \"a\", \"spot\": {\"x\": 1, \"y\": 2}}}", 400, "('y' was unexpected)" },
    { "{\"thing\": {\"name\": \"a\", \"spots\": [{\"x\": 1}, {\"x\": 2, \"kind\": \"oval\"}]}}", 400, "spots[1].kind. Value: oval. It is not one of ['round', 'square']" },
    { "{\"thing\": {\"name\": \"a\", \"spots\": [{\"x\": 1}, {\"x\": 2}, {\"x\": 3}, {\"x\": 4}]}}", 400, "at most 3 are allowed" },
    { "{\"thing\": {\"name\": \"a\", \"words\": [\"a\", \"b\"]}}", 201, NULL },
    { "{\"thing\": {\"name\": \"a\", \"words\": [\"a\", \"a\"]}}", 400, "non-unique" },
    { "{\"thing\": {\"name\": \"a\", \"words\": [\"toolong\"]}}", 400, "words[0]" },
    { "{\"thing\": {\"name\": \"a\", \"meta\": {\"k\": \"v\"}}}", 201, NULL },
    { "{\"thing\": {\"name\": \"a\", \"meta\": {\"k\": 1}}}", 400, "not of type 'string'" },
    { "{\"thing\": {\"name\": \"a\", \"meta\": {\"k\": \"123456789\"}}}", 400, "too long" },
    { "{\"thing\": {\"name\": \"a\", \"uuid\": null}}", 201, NULL },
    { "{\"thing\": {\"name\": \"a\", \"uuid\": \"x\"}}", 400, "It is not a 'uuid'" },
    { "{\"thing\": {\"name\": \"a\", \"cidr\": \"10.0.0.0/24\", \"ip\": \"2001:DB8::1\", \"mac\": \"FA-16-3E-00-00-01\"}}", 201, NULL },
    { "{\"thing\": {\"name\": \"a\", \"cidr\": \"10.0.0.1/24\"}}", 400, "'10.0.0.0/24' is recommended" },
    { "{\"thing\": {\"name\": \"a\", \"cidr\": \"10.0.0.0/33\"}}", 400, "isn't a valid IP subnet cidr" },
    { "{\"thing\": {\"name\": \"a\", \"ip\": \"10.0.0.256\"}}", 400, "not a valid IP address" },
    { "{\"thing\": {\"name\": \"a\", \"mac\": \"fa:16:3e:00:00\"}}", 400, "not a valid MAC address" },
    { "{\"thing\": {\"name\": \"a\", \"when\": \"yesterday\"}}", 400, "date-time" },
    { "{\"thing\": {\"name\": \"a\", \"stateful\": \"yes\"}}", 201, NULL },
    { "{\"thing\": {\"name\": \"a\", \"stateful\": 3}}", 400, "not of type 'boolean'" },
};

START_TEST(bodies_are_held_to_their_tables)
{
    const struct wire_reply *r = ask(member, "POST", "/things", NULL, bodies[_i].body);

    ASSERT_STATUS(r, bodies[_i].status);
    if (bodies[_i].says != NULL)
        ASSERT_SAYS(r, bodies[_i].says);
}
END_TEST

START_TEST(a_secret_is_never_echoed)
{
    const struct wire_reply *r = ask(member, "POST", "/things", NULL, "{\"thing\": {\"name\": \"a\", \"password\": \"hunter2\"}}");

    ASSERT_STATUS(r, 400);
    ck_assert_ptr_null(strstr(r->text, "hunter2"));
}
END_TEST

/* --- create, show, update, delete */

START_TEST(a_thing_lives_and_dies)
{
    CLEANUP_FREE char *id = make(member, "  one ");
    CLEANUP_FREE char *path = xasprintf("/things/%s", id);
    const struct wire_reply *r = ask(member, "GET", path, NULL, NULL);
    json_t *thing = json_object_get(r->json, "thing");

    ASSERT_STATUS(r, 200);
    ck_assert_str_eq(json_str(thing, "id"), id);
    ck_assert_str_eq(json_str(thing, "name"), "one");
    ck_assert_str_eq(json_str(thing, "project_id"), P1);
    ck_assert_int_eq(json_bool(thing, "stateful", 0), 1);
    ck_assert_ptr_null(json_object_get(thing, "is_default"));
    ck_assert_int_eq((int)json_array_size(json_object_get(thing, "parts")), 0);
    ck_assert_int_eq((int)json_int(thing, "parts_count", -1), 0);
    ck_assert_int_eq((int)json_int(thing, "revision_number", -1), 0);
    r = ask(member, "PUT", path, NULL, "{\"thing\": {\"name\": \"two\"}}");
    ASSERT_STATUS(r, 200);
    ck_assert_str_eq(json_str(json_object_get(r->json, "thing"), "name"), "two");
    ck_assert_int_eq((int)json_int(json_object_get(r->json, "thing"), "revision_number", -1), 1);
    ASSERT_STATUS(wire_ask(app, member, "PUT", path, NULL, "If-Match: revision_number=0\n", "{\"thing\": {\"name\": \"x\"}}"), 409);
    ASSERT_STATUS(wire_ask(app, member, "PUT", path, NULL, "If-Match: revision_number=1\n", "{\"thing\": {\"name\": \"x\"}}"), 200);
    ASSERT_STATUS(ask(member, "PUT", path, NULL, "{\"thing\": {\"id\": \"1\"}}"), 400);
    after_deletes = 0;
    r = ask(member, "DELETE", path, NULL, NULL);
    ASSERT_STATUS(r, 204);
    ck_assert_str_eq(r->text, "");
    ck_assert_ptr_null(r->type);
    ck_assert_int_eq(after_deletes, 1);
    ASSERT_STATUS(ask(member, "DELETE", path, NULL, NULL), 404);
}
END_TEST

START_TEST(a_change_is_part_of_its_objects_story)
{
    CLEANUP_FREE char *id = make(member, "one"), *path = xasprintf("/things/%s", id), *name = NULL;
    struct tx *tx;
    int64_t n;

    ASSERT_STATUS(ask(member, "PUT", path, NULL, "{\"thing\": {\"name\": \"two\"}}"), 200);
    ASSERT_STATUS(ask(member, "PUT", path, NULL, "{\"thing\": {\"name\": 5}}"), 400);
    ASSERT_STATUS(ask(member, "GET", path, NULL, NULL), 200);
    ck_assert_int_eq(tx_begin(catalog, TX_READ, &tx, &err), 0);
    ck_assert_int_eq(tx_int(tx, &n, 0, &err, "select count(*) from timeline where object_id = ? and what = 'request'", "s", id), 0);
    ck_assert_int_eq((int)n, 2);
    ck_assert_int_eq(tx_text(tx, &name, &err, "select name from timeline where object_id = ? order by seq desc", "s", id), 0);
    tx_rollback(tx);
    ck_assert(str_starts(name, "PUT /toy/things/"));
}
END_TEST

START_TEST(another_projects_thing_is_not_there)
{
    CLEANUP_FREE char *id = make(member, "mine");
    CLEANUP_FREE char *path = xasprintf("/things/%s", id);

    ASSERT_STATUS(ask(stranger, "GET", path, NULL, NULL), 404);
    ASSERT_STATUS(ask(stranger, "PUT", path, NULL, "{\"thing\": {\"name\": \"stolen\"}}"), 404);
    ASSERT_STATUS(ask(stranger, "DELETE", path, NULL, NULL), 404);
    ASSERT_STATUS(ask(stranger, "GET", "/things", NULL, NULL), 200);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(stranger, "GET", "/things", NULL, NULL)->json, "things")), 0);
    ASSERT_STATUS(ask(admin, "GET", path, NULL, NULL), 200);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(admin, "GET", "/things", NULL, NULL)->json, "things")), 0);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(admin, "GET", "/things", "all_tenants=1", NULL)->json, "things")), 1);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(stranger, "GET", "/things", "all_tenants=1", NULL)->json, "things")), 0);
}
END_TEST

START_TEST(policy_forbids_by_role_owner_and_attribute)
{
    CLEANUP_FREE char *id = make(member, "mine");
    CLEANUP_FREE char *path = xasprintf("/things/%s", id);
    const struct wire_reply *r = ask(reader, "POST", "/things", NULL, "{\"thing\": {\"name\": \"a\"}}");

    ASSERT_STATUS(r, 403);
    ASSERT_SAYS(r, "Policy doesn't allow thing:create to be performed.");
    ASSERT_STATUS(ask(reader, "DELETE", path, NULL, NULL), 403);
    ASSERT_STATUS(ask(member, "POST", "/things", NULL, "{\"thing\": {\"name\": \"a\", \"project_id\": \"00000000000000000000000000000002\"}}"), 403);
    ASSERT_STATUS(ask(admin, "POST", "/things", NULL, "{\"thing\": {\"name\": \"a\", \"project_id\": \"00000000000000000000000000000002\"}}"), 201);
    ASSERT_STATUS(ask(member, "POST", "/things", NULL, "{\"thing\": {\"name\": \"a\", \"stateful\": true}}"), 201);
    ASSERT_STATUS(ask(member, "POST", "/things", NULL, "{\"thing\": {\"name\": \"a\", \"stateful\": false}}"), 403);
    ASSERT_STATUS(ask(member, "PUT", path, NULL, "{\"thing\": {\"stateful\": true}}"), 403);
    ASSERT_STATUS(ask(admin, "PUT", path, NULL, "{\"thing\": {\"stateful\": false}}"), 200);
    ck_assert_ptr_nonnull(json_object_get(json_object_get(ask(admin, "GET", path, NULL, NULL)->json, "thing"), "is_default"));
}
END_TEST

/* --- actions */

START_TEST(actions_are_chosen_by_their_key)
{
    CLEANUP_FREE char *id = make(member, "mine");
    CLEANUP_FREE char *path = xasprintf("/things/%s/action", id);
    CLEANUP_FREE char *show = xasprintf("/things/%s", id);
    const struct wire_reply *r = ask(member, "POST", path, NULL, "{\"spin\": {\"turns\": 2}}");

    ASSERT_STATUS(r, 202);
    ck_assert_str_eq(r->text, "");
    ck_assert_str_eq(json_str(json_object_get(ask(member, "GET", show, NULL, NULL)->json, "thing"), "description"), "spun");
    ASSERT_STATUS(ask(member, "POST", path, NULL, "{\"spin\": {\"turns\": 0}}"), 400);
    ASSERT_STATUS(ask(member, "POST", path, NULL, "{\"spin\": null}"), 400);
    ASSERT_STATUS(ask(member, "POST", path, NULL, "{\"spin\": 5}"), 400);
    r = ask(member, "POST", path, NULL, "{\"dance\": {}}");
    ASSERT_STATUS(r, 400);
    ASSERT_SAYS(r, "There is no such action: dance");
    ASSERT_STATUS(ask(member, "POST", path, NULL, "{\"halt\": null}"), 409);
    ASSERT_STATUS(ask(member, "POST", path, NULL, "{\"late\": null}"), 404);
    ASSERT_STATUS(wire_ask(app, member, "POST", path, NULL, "X-Toy-API-Version: 2.8\n", "{\"late\": null}"), 202);
    ASSERT_STATUS(ask(stranger, "POST", path, NULL, "{\"spin\": {\"turns\": 2}}"), 404);
    ASSERT_STATUS(ask(member, "POST", path, NULL, "{}"), 400);
}
END_TEST

START_TEST(a_failed_handler_changes_nothing_and_tells_no_internals)
{
    CLEANUP_FREE char *id = make(member, "mine");
    CLEANUP_FREE char *path = xasprintf("/things/%s/action", id);
    CLEANUP_FREE char *show = xasprintf("/things/%s", id);
    const struct wire_reply *r = ask(member, "POST", path, NULL, "{\"spin\": {\"turns\": 7}}");

    ASSERT_STATUS(r, 409);
    ASSERT_SAYS(r, "too late");
    ck_assert_str_eq(json_str(json_object_get(ask(member, "GET", show, NULL, NULL)->json, "thing"), "description"), "");
    r = ask(member, "POST", path, NULL, "{\"spin\": {\"turns\": 8}}");
    ASSERT_STATUS(r, 500);
    ck_assert_ptr_null(strstr(r->text, "secret"));
    ck_assert_str_eq(json_str(json_object_get(r->json, "error"), "title"), "Internal Server Error");
}
END_TEST

/* --- lists */

/* Follows the next links and answers how many pages there were; every thing must come exactly once. */
static int
walk(const char *query, int total)
{
    CLEANUP_JSON json_t *seen = json_object();
    CLEANUP_FREE char *at = xstrdup(query);
    int pages = 0;

    while (at != NULL) {
        const struct wire_reply *r = ask(member, "GET", "/things", at, NULL);
        json_t *list = json_object_get(r->json, "things"), *item, *links = json_object_get(r->json, "things_links");
        const char *href = json_str(json_array_get(links, 0), "href");
        size_t i;

        ASSERT_STATUS(r, 200);
        ck_assert_int_lt(pages++, 1000);
        json_array_foreach(list, i, item) {
            ck_assert_ptr_null(json_object_get(seen, json_str(item, "id")));
            json_object_set_new(seen, json_str(item, "id"), json_true());
        }
        free(at);
        at = href != NULL ? xstrdup(strchr(href, '?') + 1) : NULL;
        if (href != NULL)
            ck_assert(str_starts(href, "http://cloud.example:8774/toy/things?"));
    }
    ck_assert_int_eq((int)json_object_size(seen), total);
    return pages;
}

static const char *const walks[] = {
    "limit=7", "limit=7&sort_key=name&sort_dir=asc", "limit=7&sort_key=name&sort_dir=desc", "limit=7&sort_key=created_at&sort_dir=asc",
    "limit=7&sort_key=name&sort_key=created_at&sort_dir=asc&sort_dir=desc", "limit=7&sort_key=revision_number", "limit=1", "limit=100",
};

START_TEST(pages_hold_each_row_once_whatever_ties)
{
    fill(100, 25);
    ck_assert_int_eq(walk(walks[_i], 100), strcmp(walks[_i], "limit=1") == 0 ? 100 : strcmp(walks[_i], "limit=100") == 0 ? 1 : 15);
}
END_TEST

START_TEST(a_long_list_is_streamed_whole)
{
    const struct wire_reply *r;
    json_t *list, *item;
    size_t i;
    int parts = 0;

    fill(700, 3);
    r = ask(member, "GET", "/things/detail", NULL, NULL);
    ASSERT_STATUS(r, 200);
    ck_assert_uint_gt(r->pulls, 4);
    list = json_object_get(r->json, "things");
    ck_assert_int_eq((int)json_array_size(list), 700);
    json_array_foreach(list, i, item) {
        ck_assert_int_eq((int)json_array_size(json_object_get(item, "parts")), (int)json_int(item, "parts_count", -1));
        parts += (int)json_int(item, "parts_count", -1);
    }
    ck_assert_int_eq(parts, 350);
}
END_TEST

START_TEST(the_service_bounds_a_page)
{
    fill(1001, 1);
    ck_assert_int_eq(walk("", 1001), 2);
    ck_assert_int_eq(walk("limit=100000", 1001), 2);
}
END_TEST

static const struct { const char *query; int status, count; const char *says; } lists[] = {
    { "name=n003", 200, 10, NULL }, { "name=n003&name=n004", 200, 20, NULL }, { "name=nobody", 200, 0, NULL },
    { "stateful=true", 200, 100, NULL }, { "stateful=false", 200, 0, NULL }, { "stateful=maybe", 400, 0, "A boolean is expected" },
    { "revision_number=0&name=n001", 200, 10, NULL }, { "revision_number=x", 400, 0, "An integer is expected" },
    { "id=00000000-0000-4000-8000-000000000000", 200, 1, NULL }, { "id=some-name", 200, 0, NULL },
    { "is_default=true", 200, 100, NULL },      /* not to be seen by a member: no answer by filtering */
    { "bogus=1", 400, 0, "'bogus' was unexpected" }, { "limit=-1", 400, 0, "limit" }, { "limit=x", 400, 0, "limit" },
    { "marker=nobody", 400, 0, "marker [nobody] not found" }, { "sort_key=description", 400, 0, "sort_key" }, { "sort_key=name&sort_dir=up", 400, 0, "sort_dir" },
};

START_TEST(lists_filter_and_refuse)
{
    const struct wire_reply *r;

    fill(100, 10);
    r = ask(member, "GET", "/things", lists[_i].query, NULL);
    ASSERT_STATUS(r, lists[_i].status);
    if (lists[_i].status == 200)
        ck_assert_int_eq((int)json_array_size(json_object_get(r->json, "things")), lists[_i].count);
    else
        ASSERT_SAYS(r, lists[_i].says);
}
END_TEST

START_TEST(brief_lists_leave_details_out)
{
    json_t *brief;

    free(make(member, "one"));
    brief = json_array_get(json_object_get(ask(member, "GET", "/things", NULL, NULL)->json, "things"), 0);

    ck_assert_ptr_nonnull(json_object_get(brief, "name"));
    ck_assert_ptr_null(json_object_get(brief, "description"));
    ck_assert_ptr_null(json_object_get(brief, "parts_count"));
    ck_assert_ptr_nonnull(json_object_get(json_array_get(json_object_get(ask(member, "GET", "/things/detail", NULL, NULL)->json, "things"), 0), "description"));
}
END_TEST

START_TEST(query_tables_bound_parameters)
{
    static const char headers[] = "X-Toy-API-Version: 2.5\n";

    ASSERT_STATUS(wire_ask(app, member, "GET", "/row", "depth=3", headers, NULL), 200);
    ASSERT_STATUS(wire_ask(app, member, "GET", "/row", "depth=4", headers, NULL), 400);
    ASSERT_STATUS(wire_ask(app, member, "GET", "/row", "depth=x", headers, NULL), 400);
    ASSERT_STATUS(wire_ask(app, member, "GET", "/row", "width=1", headers, NULL), 400);
}
END_TEST

/* --- the dialect of the network service */

START_TEST(fields_choose_what_is_shown)
{
    CLEANUP_FREE char *id = make(member, "one");
    CLEANUP_FREE char *path = xasprintf("/things/%s", id);
    json_t *thing = json_object_get(ask(member, "GET", path, "fields=id&fields=parts&fields=unheard", NULL)->json, "thing");

    ck_assert_int_eq((int)json_object_size(thing), 2);
    ck_assert_ptr_nonnull(json_object_get(thing, "parts"));
    thing = json_array_get(json_object_get(ask(member, "GET", "/things", "fields=name", NULL)->json, "things"), 0);
    ck_assert_int_eq((int)json_object_size(thing), 1);
}
END_TEST

START_TEST(many_are_created_by_one_request_or_none)
{
    const struct wire_reply *r = ask(member, "POST", "/things", NULL, "{\"things\": [{\"name\": \"a\"}, {\"name\": \"b\"}]}");

    ASSERT_STATUS(r, 201);
    ck_assert_int_eq((int)json_array_size(json_object_get(r->json, "things")), 2);
    ck_assert_str_eq(json_str(json_array_get(json_object_get(r->json, "things"), 1), "name"), "b");
    ASSERT_STATUS(ask(member, "POST", "/things", NULL, "{\"things\": [{\"name\": \"c\"}, {\"name\": 5}]}"), 400);
    ASSERT_STATUS(ask(member, "POST", "/things", NULL, "{\"things\": []}"), 400);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(member, "GET", "/things", NULL, NULL)->json, "things")), 2);
}
END_TEST

START_TEST(pages_go_back_as_they_came)
{
    CLEANUP_FREE char *first = NULL, *second = NULL, *href = NULL;
    const struct wire_reply *r;
    json_t *links;

    fill(10, 4);
    r = ask(member, "GET", "/things", "limit=4&fields=id", NULL);
    first = json_text(json_object_get(r->json, "things"));
    links = json_object_get(r->json, "things_links");
    ck_assert_int_eq((int)json_array_size(links), 2);
    ck_assert_str_eq(json_str(json_array_get(links, 0), "rel"), "next");
    href = xstrdup(strchr(json_str(json_array_get(links, 0), "href"), '?') + 1);
    r = ask(member, "GET", "/things", href, NULL);
    second = json_text(json_object_get(r->json, "things"));
    ck_assert_str_ne(first, second);
    links = json_object_get(r->json, "things_links");
    free(href);
    href = xstrdup(strchr(json_str(json_array_get(links, 1), "href"), '?') + 1);
    ck_assert_ptr_nonnull(strstr(href, "page_reverse=True"));
    r = ask(member, "GET", "/things", href, NULL);
    free(second);
    second = json_text(json_object_get(r->json, "things"));
    ck_assert_str_eq(first, second);
    ck_assert_ptr_null(json_object_get(ask(member, "GET", "/things", NULL, NULL)->json, "things_links"));
    ASSERT_STATUS(ask(member, "GET", "/things", "limit=2&marker=nobody", NULL), 404);
}
END_TEST

START_TEST(tags_are_kept_and_filter)
{
    CLEANUP_FREE char *id = make(member, "one");
    CLEANUP_FREE char *path = xasprintf("/things/%s/tags", id), *red = xasprintf("/things/%s/tags/red", id), *bad = xasprintf("/things/%s/tags/a,b", id);
    const struct wire_reply *r;

    free(make(member, "two"));
    r = ask(member, "PUT", path, NULL, "{\"tags\": [\"red\", \"big\"]}");
    ASSERT_STATUS(r, 200);
    ck_assert_int_eq((int)json_array_size(json_object_get(r->json, "tags")), 2);
    ASSERT_STATUS(ask(member, "GET", red, NULL, NULL), 204);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(member, "GET", "/things", "tags=red,big", NULL)->json, "things")), 1);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(member, "GET", "/things", "tags=red,small", NULL)->json, "things")), 0);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(member, "GET", "/things", "tags-any=red,small", NULL)->json, "things")), 1);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(member, "GET", "/things", "not-tags=red", NULL)->json, "things")), 1);
    ASSERT_STATUS(ask(member, "DELETE", red, NULL, NULL), 204);
    ASSERT_STATUS(ask(member, "DELETE", red, NULL, NULL), 404);
    ASSERT_STATUS(ask(member, "PUT", red, NULL, NULL), 201);
    ASSERT_STATUS(ask(member, "PUT", bad, NULL, NULL), 400);
    ASSERT_STATUS(ask(member, "PUT", path, NULL, "{\"tags\": [5]}"), 400);
    ASSERT_STATUS(ask(member, "PUT", path, NULL, "{}"), 400);
    ASSERT_STATUS(ask(stranger, "PUT", red, NULL, NULL), 404);      /* OSSA-2024-005: tags obey policy */
    ASSERT_STATUS(ask(reader, "PUT", red, NULL, NULL), 403);
    ASSERT_STATUS(ask(reader, "DELETE", path, NULL, NULL), 403);
    ASSERT_STATUS(ask(member, "DELETE", path, NULL, NULL), 204);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(member, "GET", path, NULL, NULL)->json, "tags")), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("rest");
    TCase *nova = tcase_create("engine"), *neutron = tcase_create("network dialect");

    tcase_set_timeout(nova, 60);
    tcase_add_checked_fixture(nova, setup, service_end);
    tcase_add_checked_fixture(neutron, setup_neutron, service_end);
    tcase_add_test(nova, unknown_paths_are_404_and_wrong_methods_405_with_allow);
    tcase_add_test(nova, nobody_gets_401_but_for_public_routes);
    tcase_add_test(nova, a_name_in_place_of_an_id_is_404);
    tcase_add_test(nova, each_route_is_told);
    tcase_add_test(nova, a_route_without_a_known_rule_does_not_start);
    tcase_add_test(nova, a_column_that_does_not_exist_does_not_start);
    tcase_add_loop_test(nova, the_version_selects_the_row_and_comes_back, 0, (int)ARRAY_LEN(asked));
    tcase_add_test(nova, attributes_come_and_go_with_versions);
    tcase_add_loop_test(nova, bodies_are_held_to_their_tables, 0, (int)ARRAY_LEN(bodies));
    tcase_add_test(nova, a_secret_is_never_echoed);
    tcase_add_test(nova, a_thing_lives_and_dies);
    tcase_add_test(nova, a_change_is_part_of_its_objects_story);
    tcase_add_test(nova, another_projects_thing_is_not_there);
    tcase_add_test(nova, policy_forbids_by_role_owner_and_attribute);
    tcase_add_test(nova, actions_are_chosen_by_their_key);
    tcase_add_test(nova, a_failed_handler_changes_nothing_and_tells_no_internals);
    tcase_add_loop_test(nova, pages_hold_each_row_once_whatever_ties, 0, (int)ARRAY_LEN(walks));
    tcase_add_test(nova, a_long_list_is_streamed_whole);
    tcase_add_test(nova, the_service_bounds_a_page);
    tcase_add_loop_test(nova, lists_filter_and_refuse, 0, (int)ARRAY_LEN(lists));
    tcase_add_test(nova, brief_lists_leave_details_out);
    tcase_add_test(nova, query_tables_bound_parameters);
    tcase_add_test(neutron, fields_choose_what_is_shown);
    tcase_add_test(neutron, many_are_created_by_one_request_or_none);
    tcase_add_test(neutron, pages_go_back_as_they_came);
    tcase_add_test(neutron, tags_are_kept_and_filter);
    suite_add_tcase(suite, nova);
    suite_add_tcase(suite, neutron);
    return run_suite(suite);
}
