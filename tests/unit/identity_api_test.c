/* identity_api_test.c: the identity service from request to reply: logins, scopes, revocation, personas, resources. */
#include "config.h"
#include "identity_testing.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/ids.h"
#include "identity/password.h"
#include "identity/revoke.h"
#include "unit.h"

static char *admin;             /* a token for the project "admin" */

static void
setup(void)
{
    bed_open();
    admin = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    ck_assert_ptr_nonnull(admin);
}

static void
teardown(void)
{
    free(admin);
    bed_close();
}

static int
status(const char *token, const char *method, const char *path, const char *body)
{
    return bed_ask(token, method, path, NULL, NULL, body)->status;
}

/* GET /v3/auth/tokens of 'subject' by 'token'. */
static int
validates(const char *token, const char *subject)
{
    CLEANUP_FREE char *headers = xasprintf("X-Subject-Token: %s\n", subject);

    return bed_ask(token, "GET", "/v3/auth/tokens", NULL, headers, NULL)->status;
}

static void
grant(const char *project, const char *user, const char *role)
{
    CLEANUP_FREE char *query = xasprintf("name=%s", role);
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/roles", query, NULL, NULL);
    const char *id = json_str(json_array_get(json_object_get(r->json, "roles"), 0), "id");
    CLEANUP_FREE char *path = xasprintf("/v3/projects/%s/users/%s/roles/%s", project, user, id);

    ck_assert_int_eq(status(admin, "PUT", path, NULL), 204);
}

/* A user with a role on a project of theirs; ids are malloc'd. */
static void
make_member(const char *name, const char *role, char **user, char **project)
{
    CLEANUP_FREE char *u = xasprintf("{\"name\":\"%s\",\"password\":\"pw\"}", name);
    CLEANUP_FREE char *p = xasprintf("{\"name\":\"%s\"}", name);

    *user = bed_make(admin, "/v3/users", "user", u);
    *project = bed_make(admin, "/v3/projects", "project", p);
    grant(*project, *user, role);
}

static char *
scope_of(const char *project)
{
    return xasprintf("{\"project\":{\"id\":\"%s\"}}", project);
}

/* --- logins */
START_TEST(discovery_needs_no_token)
{
    ck_assert_int_eq(status(NULL, "GET", "/", NULL), 300);
    ck_assert_int_eq(status(NULL, "GET", "/v3", NULL), 200);
    ck_assert_int_eq(status(NULL, "GET", "/v3/users", NULL), 401);
}
END_TEST

START_TEST(wrong_user_and_wrong_password_are_told_alike)
{
    static const char *const identities[] = {
        "{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"admin\",\"password\":\"wrong\",\"domain\":{\"id\":\"default\"}}}}",
        "{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"nobody\",\"password\":\"wrong\",\"domain\":{\"id\":\"default\"}}}}",
        "{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"admin\",\"password\":\"" PASSWORD "\",\"domain\":{\"name\":\"Nowhere\"}}}}",
        "{\"methods\":[\"password\"],\"password\":{\"user\":{\"id\":\"0123456789abcdef0123456789abcdef\",\"password\":\"" PASSWORD "\"}}}",
    };
    CLEANUP_FREE char *first = NULL;
    unsigned long before, after, remembered;

    for (size_t i = 0; i < ARRAY_LEN(identities); i++) {
        CLEANUP_FREE char *body = xasprintf("{\"auth\":{\"identity\":%s}}", identities[i]);
        const struct wire_reply *r;

        password_counts(&before, &remembered);
        r = bed_ask(NULL, "POST", "/v3/auth/tokens", NULL, NULL, body);
        password_counts(&after, &remembered);
        ck_assert_int_eq(r->status, 401);
        ck_assert_uint_eq(after, before + 1);           /* each costs one hash */
        if (first == NULL)
            first = xstrdup(r->text);
        ck_assert_str_eq(r->text, first);
    }
    ck_assert_ptr_nonnull(strstr(first, "The request you have made requires authentication."));
}
END_TEST

static void *
hold_the_gate(void *arg)
{
    while (!atomic_load((atomic_int *)arg))
        (void)password_verify("holder", "x", "$2b$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", NULL);
    return NULL;
}

START_TEST(a_login_that_finds_no_room_is_told_when_to_come_again)
{
    pthread_t holder;
    CLEANUP_FREE char *token = NULL;
    atomic_int enough = 0;
    int busy = 0, tries = 0;

    password_limits(1, 0);
    ck_assert_int_eq(pthread_create(&holder, NULL, hold_the_gate, &enough), 0);
    do {
        token = bed_login("nobody", "x", NULL);         /* costs a hash, so it wants through the gate */
        ck_assert_ptr_null(token);
        if (wire_header("Retry-After") != NULL)
            busy = 1;
    } while (!busy && ++tries < 1000);
    atomic_store(&enough, 1);
    pthread_join(holder, NULL);
    password_limits(2, 10);
    ck_assert_int_eq(busy, 1);
    token = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    ck_assert_ptr_nonnull(token);
}
END_TEST

START_TEST(ill_formed_logins_are_bad_requests)
{
    static const char *const bodies[] = {
        "{}", "[]", "{\"auth\":{}}", "{\"auth\":{\"identity\":{\"methods\":[]}}}", "{\"auth\":{\"identity\":{\"methods\":[\"password\"]}}}",
        "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"a\",\"password\":\"b\"}}}}}",
        "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"a\",\"password\":5,\"domain\":{\"id\":\"default\"}}}}}}",
        "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"password\":\"b\"}}}}}",
        "{\"auth\":{\"identity\":{\"methods\":[\"token\"],\"token\":{\"id\":\"x\"}},\"scope\":{\"project\":{\"id\":\"x\"},\"domain\":{\"id\":\"x\"}}}}",
        "{\"auth\":{\"identity\":{\"methods\":[\"token\"],\"token\":{\"id\":\"x\"}},\"scope\":{\"system\":{\"all\":false}}}}",
        "{\"auth\":{\"identity\":{\"methods\":[\"token\"],\"token\":{\"id\":\"x\"}},\"scope\":{\"project\":{\"name\":\"x\"}}}}",
    };

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        ck_assert_msg(status(NULL, "POST", "/v3/auth/tokens", bodies[i]) == 400, "%s", bodies[i]);
    ck_assert_int_eq(status(NULL, "POST", "/v3/auth/tokens", "{\"auth\":{\"identity\":{\"methods\":[\"palmistry\"]}}}"), 401);
}
END_TEST

START_TEST(every_scope_is_what_was_asked)
{
    static const struct { const char *scope; const char *has, *has_not; } cases[] = {
        { PROJECT_SCOPE, "project", "domain" },
        { "{\"project\":{\"name\":\"admin\",\"domain\":{\"name\":\"Default\"}}}", "catalog", "system" },
        { "{\"project\":{\"name\":\"admin\",\"domain\":{\"name\":\"default\"}}}", "catalog", "system" },
        { "{\"domain\":{\"id\":\"default\"}}", "domain", "project" },
        { "{\"domain\":{\"name\":\"Default\"}}", "roles", "project" },
        { "{\"system\":{\"all\":true}}", "system", "project" },
        { "\"unscoped\"", "user", "roles" },
        { "{\"unscoped\":{}}", "user", "catalog" },
        { NULL, "project", "domain" },          /* the admin's default project */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP_FREE char *token = bed_login("admin", PASSWORD, cases[i].scope);
        const struct wire_reply *r;
        json_t *told;

        ck_assert_msg(token != NULL, "%s", cases[i].scope);
        ck_assert_int_eq(validates(token, token), 200);
        r = bed_ask(NULL, "GET", "/v3", NULL, NULL, NULL);
        ck_assert_int_eq(r->status, 200);
        validates(token, token);
        r = bed_ask(token, "GET", "/v3/auth/tokens", NULL, NULL, NULL);
        ck_assert_int_eq(r->status, 404);       /* no X-Subject-Token */
        {
            CLEANUP_FREE char *headers = xasprintf("X-Subject-Token: %s\n", token);

            r = bed_ask(token, "GET", "/v3/auth/tokens", NULL, headers, NULL);
        }
        told = json_object_get(r->json, "token");
        ck_assert_msg(json_object_get(told, cases[i].has) != NULL, "%s lacks %s", cases[i].scope, cases[i].has);
        ck_assert_msg(json_object_get(told, cases[i].has_not) == NULL, "%s has %s", cases[i].scope, cases[i].has_not);
    }
    ck_assert_ptr_null(bed_login("admin", PASSWORD, "{\"project\":{\"name\":\"service\",\"domain\":{\"id\":\"default\"}}}"));
    ck_assert_ptr_null(bed_login("admin", PASSWORD, "{\"project\":{\"id\":\"nowhere\"}}"));
}
END_TEST

START_TEST(a_token_for_a_token_ends_when_the_first_one_does)
{
    CLEANUP_FREE char *identity = xasprintf("{\"methods\":[\"token\"],\"token\":{\"id\":\"%s\"}}", admin);
    CLEANUP_FREE char *second = NULL;
    CLEANUP_FREE char *expires = NULL;
    CLEANUP_FREE char *chain = NULL;
    CLEANUP_FREE char *headers = xasprintf("X-Subject-Token: %s\n", admin);
    const struct wire_reply *r;

    r = bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL);
    expires = xstrdup(bed_text(r, "token.expires_at"));
    chain = xstrdup(json_string_value(json_array_get(json_object_get(json_object_get(r->json, "token"), "audit_ids"), 0)));
    clock_move(10 * 1000000LL);
    second = bed_login_as(identity, "{\"domain\":{\"id\":\"default\"}}");
    ck_assert_ptr_nonnull(second);
    free(headers);
    headers = xasprintf("X-Subject-Token: %s\n", second);
    r = bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL);
    ck_assert_str_eq(bed_text(r, "token.expires_at"), expires);
    ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(r->json, "token"), "methods")), 2);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(json_object_get(r->json, "token"), "audit_ids"), 1)), chain);
    clock_move(-10 * 1000000LL);
}
END_TEST

/* --- the end of tokens */
START_TEST(a_token_expires)
{
    clock_move(4 * 3600 * 1000000LL + 1000000);
    ck_assert_int_eq(status(admin, "GET", "/v3/users", NULL), 401);
    clock_move(-4 * 3600 * 1000000LL - 1000000);
}
END_TEST

START_TEST(a_revoked_token_is_dead_at_once_and_stays_dead_after_a_restart)
{
    CLEANUP_FREE char *victim = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    CLEANUP_FREE char *headers = xasprintf("X-Subject-Token: %s\n", victim);

    ck_assert_int_eq(status(victim, "GET", "/v3/users", NULL), 200);
    ck_assert_int_eq(bed_ask(admin, "DELETE", "/v3/auth/tokens", NULL, headers, NULL)->status, 204);
    ck_assert_int_eq(status(victim, "GET", "/v3/users", NULL), 401);
    ck_assert_int_eq(validates(admin, victim), 404);
    ck_assert_int_eq(status(admin, "GET", "/v3/users", NULL), 200);
    bed_reopen();
    ck_assert_int_eq(status(victim, "GET", "/v3/users", NULL), 401);
    ck_assert_int_eq(status(admin, "GET", "/v3/users", NULL), 200);
}
END_TEST

START_TEST(tokens_die_with_what_they_stand_on)
{
    static const struct { const char *what; const char *method; const char *path; const char *body; int comes_back; } ends[] = {
        { "disabled user", "PATCH", "/v3/users/%2$s", "{\"user\":{\"enabled\":false}}", 0 },
        { "new password", "PATCH", "/v3/users/%2$s", "{\"user\":{\"password\":\"other\"}}", 0 },
        { "disabled project", "PATCH", "/v3/projects/%1$s", "{\"project\":{\"enabled\":false}}", 0 },
        { "deleted user", "DELETE", "/v3/users/%2$s", NULL, 0 },
        { "deleted project", "DELETE", "/v3/projects/%1$s", NULL, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        CLEANUP_FREE char *name = xasprintf("end%zu", i);
        CLEANUP_FREE char *user = NULL;
        CLEANUP_FREE char *project = NULL;
        CLEANUP_FREE char *scope = NULL;
        CLEANUP_FREE char *token = NULL;
        CLEANUP_FREE char *path = NULL;

        make_member(name, "member", &user, &project);
        scope = scope_of(project);
        token = bed_login(name, "pw", scope);
        ck_assert_ptr_nonnull(token);
        ck_assert_int_eq(validates(token, token), 200);
        path = bed_fill(ends[i].path, project, user, "", "");
        ck_assert_int_lt(status(admin, ends[i].method, path, ends[i].body), 300);
        ck_assert_msg(validates(token, token) == 401, "%s", ends[i].what);
        if (strcmp(ends[i].method, "PATCH") == 0) {     /* and does not rise again */
            status(admin, "PATCH", path, strstr(path, "users") != NULL ? "{\"user\":{\"enabled\":true}}" : "{\"project\":{\"enabled\":true}}");
            ck_assert_msg(validates(token, token) == 401, "%s, undone", ends[i].what);
        }
    }
}
END_TEST

START_TEST(a_role_taken_away_is_gone_from_the_tokens_that_are_out)
{
    CLEANUP_FREE char *user = NULL;
    CLEANUP_FREE char *project = NULL;
    CLEANUP_FREE char *scope = NULL;
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *path = NULL;
    const struct wire_reply *r;

    make_member("eve", "admin", &user, &project);
    grant(project, user, "reader");
    scope = scope_of(project);
    token = bed_login("eve", "pw", scope);
    ck_assert_int_eq(status(token, "GET", "/v3/users", NULL), 200);
    r = bed_ask(admin, "GET", "/v3/roles", "name=admin", NULL, NULL);
    path = xasprintf("/v3/projects/%s/users/%s/roles/%s", project, user, json_str(json_array_get(json_object_get(r->json, "roles"), 0), "id"));
    ck_assert_int_eq(status(admin, "DELETE", path, NULL), 204);
    ck_assert_int_eq(status(token, "GET", "/v3/users", NULL), 403);
    ck_assert_int_eq(validates(token, token), 200);
}
END_TEST

START_TEST(another_process_is_heard_within_the_poll)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct catalog *other;
    struct tx *tx;
    struct revocation what = { 0 };
    CLEANUP_FREE char *victim = bed_login("admin", PASSWORD, PROJECT_SCOPE);

    ck_assert_int_eq(status(victim, "GET", "/v3/users", NULL), 200);
    /* What identity_set_password() of another process leaves in the catalog, without this process's hooks. */
    ck_assert_int_eq(catalog_open(bed.url, &other, &err), 0);
    ck_assert_int_eq(tx_begin(other, TX_WRITE, &tx, &err), 0);
    ck_assert_int_eq(revoke_add(tx, &what, 0, &err), 0);        /* every token */
    ck_assert_int_eq(tx_exec(tx, &err, "update settings set value = cast(cast(value as bigint) + 1 as text) where name = 'identity.generation'", ""), 0);
    ck_assert_int_eq(tx_commit(tx, &err), 0);
    catalog_close(other);
    clock_move(1500000);
    ck_assert_int_eq(status(victim, "GET", "/v3/users", NULL), 401);
    clock_move(-1500000);
}
END_TEST

START_TEST(whoever_asks_for_rubbish_is_told_that_there_is_no_such_token)
{
    CLEANUP_FREE char *user = NULL;
    CLEANUP_FREE char *project = NULL;
    CLEANUP_FREE char *scope = NULL;
    CLEANUP_FREE char *token = NULL;

    make_member("bob", "member", &user, &project);
    scope = scope_of(project);
    token = bed_login("bob", "pw", scope);
    ck_assert_int_eq(validates(token, "rubbish"), 404);
    ck_assert_int_eq(validates(admin, "rubbish"), 404);
    ck_assert_int_eq(validates(token, admin), 403);             /* another's token: not to be seen */
    ck_assert_int_eq(validates(admin, token), 200);
    ck_assert_int_eq(status("rubbish", "GET", "/v3/users", NULL), 401);
}
END_TEST

/* --- personas */
START_TEST(personas_may_what_they_may)
{
    static const struct { const char *role; const char *method, *path; int expected; } cases[] = {
        { "member", "GET", "/v3/users", 403 },
        { "member", "GET", "/v3/projects", 403 },
        { "member", "GET", "/v3/domains", 403 },
        { "member", "GET", "/v3/roles", 403 },
        { "member", "GET", "/v3/services", 403 },
        { "member", "GET", "/v3/role_assignments", 403 },
        { "member", "GET", "/v3/regions", 200 },
        { "member", "GET", "/v3/auth/catalog", 200 },
        { "member", "GET", "/v3/auth/projects", 200 },
        { "member", "GET", "/v3/domains/default", 200 },
        { "member", "GET", "/v3/users/SELF", 200 },
        { "member", "GET", "/v3/users/SELF/projects", 200 },
        { "member", "GET", "/v3/users/SELF/groups", 200 },
        { "member", "GET", "/v3/projects/OWN", 200 },
        { "member", "GET", "/v3/projects/OTHER", 403 },
        { "member", "GET", "/v3/users/OTHER", 403 },
        { "member", "DELETE", "/v3/users/OTHER", 403 },
        { "member", "DELETE", "/v3/projects/OWN", 403 },
        { "reader", "GET", "/v3/users", 403 },
        { "manager", "GET", "/v3/roles", 200 },
        { "manager", "GET", "/v3/users", 403 },
        { "admin", "GET", "/v3/users/OTHER", 200 },
        { "admin", "GET", "/v3/users", 200 },
    };
    CLEANUP_FREE char *other = NULL;
    CLEANUP_FREE char *other_project = NULL;
    size_t made = 0;

    make_member("other", "member", &other, &other_project);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP_FREE char *name = xasprintf("persona%zu", made++);
        CLEANUP_FREE char *user = NULL;
        CLEANUP_FREE char *project = NULL;
        CLEANUP_FREE char *scope = NULL;
        CLEANUP_FREE char *token = NULL;
        CLEANUP_STR struct str path = STR_INIT;
        const char *p = cases[i].path, *what;

        make_member(name, cases[i].role, &user, &project);
        scope = scope_of(project);
        token = bed_login(name, "pw", scope);
        while (*p != '\0') {
            what = str_starts(p, "SELF") ? user : str_starts(p, "OWN") ? project : !str_starts(p, "OTHER") ? NULL
                   : strstr(cases[i].path, "users") != NULL ? other : other_project;
            if (what == NULL) {
                str_add_c(&path, *p++);
                continue;
            }
            str_add(&path, what);
            p += strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        }
        ck_assert_msg(status(token, cases[i].method, path.text, NULL) == cases[i].expected, "%s %s %s answers %d, not %d", cases[i].role,
                      cases[i].method, cases[i].path, bed_ask(token, cases[i].method, path.text, NULL, NULL, NULL)->status, cases[i].expected);
    }
}
END_TEST

/* Every route there is, with ids that name somebody else's things, as nobody and as a plain member of some project. */
struct walk { const char *token; const char *user, *project; int routes, open_to_all; };

static char *
with_ids(const char *path, const struct walk *w)
{
    struct str out = STR_INIT;

    while (*path != '\0') {
        size_t len = path[0] == '{' ? strcspn(path, "}") + 1 : 1;

        if (path[0] != '{')
            str_add_n(&out, path, 1);
        else if (str_starts(path, "{user_id}"))
            str_add(&out, w->user);
        else if (str_starts(path, "{project_id}"))
            str_add(&out, w->project);
        else if (str_starts(path, "{domain_id}"))
            str_add(&out, "default");
        else if (str_starts(path, "{option}"))
            str_add(&out, "password_regex");
        else
            str_add(&out, "0123456789abcdef0123456789abcdef");
        path += len;
    }
    return str_take(&out);
}

static void
walk_route(void *arg, const char *method, const char *path, const char *action, struct rest_version since, const char *rule)
{
    static const char *const anybody[] = { "identity:get_region", "identity:list_regions", "identity:get_auth_catalog", "identity:get_auth_projects",
                                           "identity:get_auth_domains", "identity:get_auth_system", "identity:list_credentials",
                                           "identity:get_registered_limit", "identity:list_registered_limits", "identity:get_limit_model", "identity:list_limits",
                                           "identity:get_security_compliance_domain_config" };
    struct walk *w = arg;
    CLEANUP_FREE char *url = with_ids(path, w);
    int reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "DELETE") == 0;
    const char *body = reads ? NULL
        : "{\"user\":{\"name\":\"x\"},\"group\":{\"name\":\"x\"},\"project\":{\"name\":\"x\"},\"domain\":{\"name\":\"x\"},\"role\":{\"name\":\"x\"},"
          "\"application_credential\":{\"name\":\"x\"},\"consumer\":{},\"roles\":[{\"id\":\"x\"}],\"credential\":{\"type\":\"x\",\"blob\":\"x\",\"user_id\":\"x\"},\"tenant_id\":\"x\",\"trust\":{\"trustor_user_id\":\"x\",\"trustee_user_id\":\"x\",\"impersonation\":true},"
          "\"region\":{\"description\":\"x\"},\"service\":{\"type\":\"x\"},\"tags\":[],"
          "\"policy\":{\"type\":\"x\",\"blob\":\"x\"},\"endpoint_group\":{\"name\":\"x\",\"filters\":{\"interface\":\"public\"}},"
          "\"registered_limits\":[{\"service_id\":\"x\",\"resource_name\":\"x\",\"default_limit\":1}],\"registered_limit\":{\"default_limit\":1},"
          "\"limits\":[{\"service_id\":\"x\",\"resource_name\":\"x\",\"resource_limit\":1,\"domain_id\":\"x\"}],\"limit\":{\"resource_limit\":1},"
          "\"config\":{\"ldap\":{\"url\":\"x\"}},\"identity_provider\":{\"enabled\":true},\"protocol\":{\"mapping_id\":\"x\"},"
          "\"mapping\":{\"rules\":[{\"local\":[],\"remote\":[{\"type\":\"x\"}]}]},"
          "\"service_provider\":{\"auth_url\":\"http://x\",\"sp_url\":\"http://x\"},"
          "\"endpoint\":{\"interface\":\"public\",\"url\":\"http://x\",\"service_id\":\"0123456789abcdef0123456789abcdef\"}}";
    int got, open = 0;

    (void)action;
    (void)since;
    w->routes++;
    if (rule == NULL) {
        w->open_to_all++;
        return;
    }
    got = status(NULL, method, url, body);
    ck_assert_msg(got == 401, "nobody: %s %s answers %d", method, url, got);
    for (size_t i = 0; i < ARRAY_LEN(anybody); i++)
        open |= strcmp(rule, anybody[i]) == 0;
    got = status(w->token, method, url, body);
    if (!open)
        ck_assert_msg(got == 403 || got == 404, "a member: %s %s (%s) answers %d", method, url, rule, got);
    else
        ck_assert_msg(got == 200 || got == 404, "a member: %s %s (%s) answers %d", method, url, rule, got);
}

START_TEST(no_route_is_open_by_accident)
{
    CLEANUP_FREE char *other = NULL;
    CLEANUP_FREE char *other_project = NULL;
    CLEANUP_FREE char *user = NULL;
    CLEANUP_FREE char *project = NULL;
    CLEANUP_FREE char *scope = NULL;
    CLEANUP_FREE char *token = NULL;
    struct walk w = { 0 };

    make_member("other", "member", &other, &other_project);
    make_member("plain", "member", &user, &project);
    scope = scope_of(project);
    token = bed_login("plain", "pw", scope);
    w.token = token;
    w.user = other;
    w.project = other_project;
    rest_each_route(&identity_service, walk_route, &w);
    ck_assert_int_gt(w.routes, 110);
    ck_assert_int_eq(w.open_to_all, 19);        /* versions (2), login, change of password, OAuth by signature (2) and by secret; refusals: federated logins (6), SAML (3), PKI (3) */
}
END_TEST

START_TEST(a_domains_manager_rules_that_domain_only)
{
    CLEANUP_FREE char *domain = bed_make(admin, "/v3/domains", "domain", "{\"name\":\"acme\"}");
    CLEANUP_FREE char *fields = xasprintf("{\"name\":\"boss\",\"password\":\"pw\",\"domain_id\":\"%s\"}", domain);
    CLEANUP_FREE char *boss = bed_make(admin, "/v3/users", "user", fields);
    CLEANUP_FREE char *role = NULL;
    CLEANUP_FREE char *path = NULL;
    CLEANUP_FREE char *identity = xasprintf("{\"methods\":[\"password\"],\"password\":{\"user\":{\"id\":\"%s\",\"password\":\"pw\"}}}", boss);
    CLEANUP_FREE char *scope = xasprintf("{\"domain\":{\"id\":\"%s\"}}", domain);
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *mine = NULL;
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/roles", "name=manager", NULL, NULL);

    role = xstrdup(json_str(json_array_get(json_object_get(r->json, "roles"), 0), "id"));
    path = xasprintf("/v3/domains/%s/users/%s/roles/%s", domain, boss, role);
    ck_assert_int_eq(status(admin, "PUT", path, NULL), 204);
    token = bed_login_as(identity, scope);
    ck_assert_ptr_nonnull(token);
    mine = bed_make(token, "/v3/users", "user", "{\"name\":\"worker\",\"password\":\"pw\"}");           /* goes to the own domain */
    r = bed_ask(token, "GET", "/v3/users", NULL, NULL, NULL);
    ck_assert_int_eq(r->status, 200);
    ck_assert_uint_eq(json_array_size(json_object_get(r->json, "users")), 2);                           /* boss and worker, not admin */
    ck_assert_int_eq(bed_ask(token, "GET", "/v3/users", "domain_id=default", NULL, NULL)->status, 403);
    ck_assert_int_eq(status(token, "POST", "/v3/users", "{\"user\":{\"name\":\"x\",\"domain_id\":\"default\"}}"), 403);
    ck_assert_int_eq(status(token, "POST", "/v3/domains", "{\"domain\":{\"name\":\"x\"}}"), 403);
    ck_assert_int_eq(status(token, "POST", "/v3/projects", "{\"project\":{\"name\":\"x\",\"domain_id\":\"default\"}}"), 403);
    ck_assert_int_eq(status(token, "POST", "/v3/projects", "{\"project\":{\"name\":\"x\"}}"), 201);
    ck_assert_int_eq(status(token, "POST", "/v3/projects", "{\"project\":{\"name\":\"y\",\"is_domain\":true}}"), 403);
}
END_TEST

START_TEST(a_users_domain_is_meant_in_any_case_where_it_alone_can_be)
{
    static const char who[] = "{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"admin\",\"password\":\"" PASSWORD "\",\"domain\":{\"name\":\"dEFAULT\"}}}}";
    CLEANUP_FREE char *first = bed_login_as(who, NULL);
    CLEANUP_FREE char *second = NULL;

    ck_assert_ptr_nonnull(first);
    free(bed_make(admin, "/v3/domains", "domain", "{\"name\":\"DEFAULT\"}"));
    second = bed_login_as(who, NULL);
    ck_assert_ptr_null(second);                                                 /* which of the two? */
}
END_TEST

/* An id that there is not, and one that is somebody else's, are the same to whoever may see neither. */
START_TEST(nobody_learns_by_asking_which_ids_there_are)
{
    static const char *const hidden[] = { "users", "groups", "projects", "domains", "services", "policies", "credentials", "limits" };
    static const char *const told[] = { "regions", "registered_limits", "OS-TRUST/trusts", "roles", "endpoints" };
    CLEANUP_FREE char *user = NULL;
    CLEANUP_FREE char *project = NULL;
    CLEANUP_FREE char *scope = NULL;
    CLEANUP_FREE char *token = NULL;

    make_member("mo", "manager", &user, &project);
    scope = scope_of(project);
    token = bed_login("mo", "pw", scope);
    for (size_t i = 0; i < ARRAY_LEN(hidden) + ARRAY_LEN(told); i++) {
        int hides = i < ARRAY_LEN(hidden);
        CLEANUP_FREE char *path = xasprintf("/v3/%s/0123456789abcdef0123456789abcdef", hides ? hidden[i] : told[i - ARRAY_LEN(hidden)]);

        ck_assert_msg(status(token, "GET", path, NULL) == (hides ? 403 : 404), "%s: %d", path, status(token, "GET", path, NULL));
        ck_assert_msg(status(admin, "GET", path, NULL) == 404, "%s", path);
        ck_assert_msg(status(admin, "DELETE", path, NULL) == 404, "%s", path);
    }
}
END_TEST

START_TEST(roles_of_a_domain_have_rules_of_their_own)
{
    CLEANUP_FREE char *role = bed_make(admin, "/v3/roles", "role", "{\"name\":\"inner\",\"domain_id\":\"default\"}");
    CLEANUP_FREE char *global = bed_make(admin, "/v3/roles", "role", "{\"name\":\"outer\"}");
    CLEANUP_FREE char *path = xasprintf("/v3/roles/%s", role);
    CLEANUP_FREE char *global_path = xasprintf("/v3/roles/%s", global);
    CLEANUP_FREE char *implied = xasprintf("/v3/roles/%s/implies/%s", role, global);
    CLEANUP_FREE char *reverse = xasprintf("/v3/roles/%s/implies/%s", global, role);
    CLEANUP_FREE char *user = NULL;
    CLEANUP_FREE char *project = NULL;
    CLEANUP_FREE char *scope = NULL;
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *grant_path = NULL;
    const struct wire_reply *r;

    make_member("mia", "manager", &user, &project);
    scope = scope_of(project);
    token = bed_login("mia", "pw", scope);
    ck_assert_int_eq(status(token, "GET", global_path, NULL), 200);
    ck_assert_int_eq(status(token, "GET", path, NULL), 403);
    ck_assert_int_eq(status(admin, "GET", path, NULL), 200);
    ck_assert_int_eq(status(admin, "GET", "/v3/roles/inner", NULL), 404);       /* by id alone: clients probe with names */
    ck_assert_int_eq(status(admin, "PUT", implied, NULL), 201);
    ck_assert_int_eq(status(admin, "PUT", implied, NULL), 409);
    ck_assert_int_eq(status(admin, "PUT", reverse, NULL), 403);
    /* It is in no token itself; what it implies is. */
    grant_path = xasprintf("/v3/projects/%s/users/%s/roles/%s", project, user, role);
    ck_assert_int_eq(status(admin, "PUT", grant_path, NULL), 204);
    free(token);
    token = bed_login("mia", "pw", scope);
    {
        CLEANUP_FREE char *headers = xasprintf("X-Subject-Token: %s\n", token);

        r = bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL);
    }
    ck_assert_ptr_nonnull(strstr(r->text, "\"outer\""));
    ck_assert_ptr_null(strstr(r->text, "\"inner\""));
}
END_TEST

START_TEST(grants_are_put_checked_listed_and_taken)
{
    static const struct { const char *put, *list; } forms[] = {
        { "/v3/projects/%1$s/users/%2$s/roles/%3$s", "/v3/projects/%1$s/users/%2$s/roles" },
        { "/v3/domains/default/users/%2$s/roles/%3$s", "/v3/domains/default/users/%2$s/roles" },
        { "/v3/system/users/%2$s/roles/%3$s", "/v3/system/users/%2$s/roles" },
        { "/v3/OS-INHERIT/domains/default/users/%2$s/roles/%3$s/inherited_to_projects", "/v3/OS-INHERIT/domains/default/users/%2$s/roles/inherited_to_projects" },
    };
    CLEANUP_FREE char *user = bed_make(admin, "/v3/users", "user", "{\"name\":\"u\"}");
    CLEANUP_FREE char *project = bed_make(admin, "/v3/projects", "project", "{\"name\":\"p\"}");
    CLEANUP_FREE char *role = bed_make(admin, "/v3/roles", "role", "{\"name\":\"r\"}");

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        CLEANUP_FREE char *put = bed_fill(forms[i].put, project, user, role, "");
        CLEANUP_FREE char *list = bed_fill(forms[i].list, project, user, role, "");
        CLEANUP_FREE char *nobody = bed_fill(forms[i].put, project, "nobody", role, "");
        const struct wire_reply *r;

        ck_assert_int_eq(status(admin, "HEAD", put, NULL), 404);
        ck_assert_int_eq(status(admin, "DELETE", put, NULL), 404);
        ck_assert_int_eq(status(admin, "PUT", nobody, NULL), 404);
        ck_assert_int_eq(status(admin, "PUT", put, NULL), 204);
        ck_assert_int_eq(status(admin, "PUT", put, NULL), 204);
        ck_assert_int_eq(status(admin, "HEAD", put, NULL), 204);
        ck_assert_int_eq(status(admin, "GET", put, NULL), 204);
        r = bed_ask(admin, "GET", list, NULL, NULL, NULL);
        ck_assert_uint_eq(json_array_size(json_object_get(r->json, "roles")), 1);
        ck_assert_int_eq(status(admin, "DELETE", put, NULL), 204);
        r = bed_ask(admin, "GET", list, NULL, NULL, NULL);
        ck_assert_uint_eq(json_array_size(json_object_get(r->json, "roles")), 0);
    }
}
END_TEST

START_TEST(the_catalog_is_managed_and_kept_whole)
{
    CLEANUP_FREE char *region = bed_make(admin, "/v3/regions", "region", "{\"id\":\"R\",\"parent_region_id\":\"RegionOne\"}");
    CLEANUP_FREE char *service = bed_make(admin, "/v3/services", "service", "{\"type\":\"t\",\"name\":\"n\"}");
    CLEANUP_FREE char *fields = xasprintf("{\"service_id\":\"%s\",\"interface\":\"public\",\"url\":\"http://x/%%(project_id)s\",\"region_id\":\"%s\"}", service, region);
    CLEANUP_FREE char *endpoint = bed_make(admin, "/v3/endpoints", "endpoint", fields);
    CLEANUP_FREE char *path = xasprintf("/v3/endpoints/%s", endpoint);
    CLEANUP_FREE char *service_path = xasprintf("/v3/services/%s", service);
    const struct wire_reply *r;

    ck_assert_int_eq(status(admin, "PATCH", "/v3/regions/RegionOne", "{\"region\":{\"parent_region_id\":\"R\"}}"), 409);      /* a ring */
    ck_assert_int_eq(status(admin, "DELETE", "/v3/regions/R", NULL), 403);
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"endpoint\":{\"url\":\"http://x/%(secret)s\"}}"), 400);
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"endpoint\":{\"interface\":\"secret\"}}"), 400);
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"endpoint\":{\"service_id\":\"none\"}}"), 400);
    r = bed_ask(admin, "GET", "/v3/auth/catalog", NULL, NULL, NULL);
    ck_assert_ptr_null(strstr(r->text, "%("));
    ck_assert_ptr_nonnull(strstr(r->text, "\"type\":\"t\""));
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"endpoint\":{\"enabled\":false}}"), 200);
    r = bed_ask(admin, "GET", "/v3/auth/catalog", NULL, NULL, NULL);
    ck_assert_ptr_null(strstr(r->text, endpoint));
    ck_assert_int_eq(status(admin, "DELETE", service_path, NULL), 204);
    ck_assert_int_eq(status(admin, "GET", path, NULL), 404);                    /* went with its service */
    ck_assert_int_eq(status(admin, "DELETE", "/v3/regions/R", NULL), 204);
    ck_assert_int_eq(status(admin, "PUT", "/v3/regions/S", "{\"region\":{}}"), 201);
    ck_assert_int_eq(status(admin, "PUT", "/v3/regions/S", "{\"region\":{\"id\":\"T\"}}"), 400);
}
END_TEST

/* --- resources */
START_TEST(attributes_of_clients_own_are_kept)
{
    CLEANUP_FREE char *id = bed_make(admin, "/v3/users", "user", "{\"name\":\"x\",\"project_id\":\"p\",\"badge\":{\"no\":7},\"id\":\"mine\"}");
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s", id);
    const struct wire_reply *r = bed_ask(admin, "PATCH", path, NULL, NULL, "{\"user\":{\"badge\":null,\"shoe\":42}}");

    ck_assert_int_eq(r->status, 200);
    ck_assert_str_ne(id, "mine");
    ck_assert_str_eq(bed_text(r, "user.project_id"), "p");
    ck_assert_ptr_null(json_object_get(json_object_get(r->json, "user"), "badge"));
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(r->json, "user"), "shoe")), 42);
    ck_assert_ptr_null(json_object_get(json_object_get(r->json, "user"), "password"));
}
END_TEST

START_TEST(a_user_changes_their_password_with_the_old_one)
{
    CLEANUP_FREE char *id = bed_make(admin, "/v3/users", "user", "{\"name\":\"x\",\"password\":\"one\"}");
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s/password", id);
    CLEANUP_FREE char *token = bed_login("x", "one", NULL);

    ck_assert_int_eq(status(token, "POST", path, "{\"user\":{\"original_password\":\"bad\",\"password\":\"two\"}}"), 401);
    ck_assert_int_eq(status(token, "POST", path, "{\"user\":{\"original_password\":\"one\",\"password\":\"one\"}}"), 400);
    ck_assert_int_eq(status(token, "POST", path, "{\"user\":{\"original_password\":\"one\",\"password\":\"two\"}}"), 204);
    ck_assert_int_eq(validates(token, token), 401);
    ck_assert_ptr_null(bed_login("x", "one", NULL));
    free(token);
    token = bed_login("x", "two", NULL);
    ck_assert_ptr_nonnull(token);
}
END_TEST

START_TEST(a_hierarchy_keeps_its_rules)
{
    CLEANUP_FREE char *top = bed_make(admin, "/v3/projects", "project", "{\"name\":\"p0\"}");
    CLEANUP_FREE char *below = NULL;
    CLEANUP_FREE char *path = xasprintf("/v3/projects/%s", top);
    CLEANUP_FREE char *parent = xstrdup(top);
    const struct wire_reply *r;

    for (int i = 1; i <= 5; i++) {
        CLEANUP_FREE char *body = xasprintf("{\"project\":{\"name\":\"p%d\",\"parent_id\":\"%s\"}}", i, parent);

        r = bed_ask(admin, "POST", "/v3/projects", NULL, NULL, body);
        ck_assert_int_eq(r->status, i < 5 ? 201 : 403);         /* five above each other */
        if (r->status == 201) {
            free(parent);
            parent = xstrdup(bed_text(r, "project.id"));
        }
    }
    ck_assert_int_eq(status(admin, "DELETE", path, NULL), 403);                                 /* not a leaf */
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"project\":{\"enabled\":false}}"), 403);   /* enabled ones below */
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"project\":{\"parent_id\":\"default2\"}}"), 403);
    r = bed_ask(admin, "GET", path, "subtree_as_ids", NULL, NULL);
    ck_assert_uint_eq(json_object_size(json_object_get(json_object_get(r->json, "project"), "subtree")), 1);
    below = xasprintf("/v3/projects/%s", parent);
    r = bed_ask(admin, "GET", below, "parents_as_list", NULL, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(r->json, "project"), "parents")), 0);     /* no role on any */
    r = bed_ask(admin, "GET", "/v3/users", "name=admin", NULL, NULL);
    {
        CLEANUP_FREE char *me = xstrdup(json_str(json_array_get(json_object_get(r->json, "users"), 0), "id"));

        grant(top, me, "reader");
    }
    r = bed_ask(admin, "GET", below, "parents_as_list", NULL, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(r->json, "project"), "parents")), 1);
    r = bed_ask(admin, "GET", below, "parents_as_list&include_limits", NULL, NULL);
    ck_assert(json_is_array(json_object_get(json_object_get(json_array_get(json_object_get(json_object_get(r->json, "project"), "parents"), 0), "project"), "limits")));
    r = bed_ask(admin, "GET", path, "parents_as_ids", NULL, NULL);
    ck_assert(json_is_null(json_object_get(json_object_get(json_object_get(r->json, "project"), "parents"), "default")));
    ck_assert_int_eq(status(admin, "POST", "/v3/projects", "{\"project\":{\"name\":\"x\",\"parent_id\":\"nowhere\"}}"), 400);
    ck_assert_int_eq(status(admin, "POST", "/v3/projects", "{\"project\":{\"name\":\"  \"}}"), 400);
    ck_assert_int_eq(bed_ask(admin, "GET", below, "parents_as_list&parents_as_ids", NULL, NULL)->status, 400);
}
END_TEST

START_TEST(a_domain_goes_only_when_disabled_and_takes_its_own_along)
{
    CLEANUP_FREE char *domain = bed_make(admin, "/v3/domains", "domain", "{\"name\":\"d\"}");
    CLEANUP_FREE char *user_fields = xasprintf("{\"name\":\"u\",\"password\":\"pw\",\"domain_id\":\"%s\"}", domain);
    CLEANUP_FREE char *project_fields = xasprintf("{\"name\":\"p\",\"domain_id\":\"%s\"}", domain);
    CLEANUP_FREE char *user = bed_make(admin, "/v3/users", "user", user_fields);
    CLEANUP_FREE char *project = bed_make(admin, "/v3/projects", "project", project_fields);
    CLEANUP_FREE char *path = xasprintf("/v3/domains/%s", domain);
    CLEANUP_FREE char *user_path = xasprintf("/v3/users/%s", user);
    int64_t left = -1;
    struct tx *tx;

    grant(project, user, "member");
    ck_assert_int_eq(status(admin, "DELETE", path, NULL), 403);
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"domain\":{\"enabled\":false}}"), 200);
    ck_assert_int_eq(status(admin, "DELETE", path, NULL), 204);
    ck_assert_int_eq(status(admin, "GET", user_path, NULL), 404);
    ck_assert_int_eq(tx_begin(bed.catalog, TX_READ, &tx, NULL), 0);
    ck_assert_int_eq(tx_int(tx, &left, 0, NULL, "select count(*) from assignments where actor_id = ?", "s", user), 0);
    tx_rollback(tx);
    ck_assert_int_eq(left, 0);
}
END_TEST

START_TEST(names_are_taken_once)
{
    static const struct { const char *path, *body; } twice[] = {
        { "/v3/users", "{\"user\":{\"name\":\"twin\"}}" }, { "/v3/projects", "{\"project\":{\"name\":\"twin\"}}" },
        { "/v3/groups", "{\"group\":{\"name\":\"twin\"}}" }, { "/v3/roles", "{\"role\":{\"name\":\"twin\"}}" },
        { "/v3/domains", "{\"domain\":{\"name\":\"twin\"}}" }, { "/v3/regions", "{\"region\":{\"id\":\"twin\"}}" },
    };

    for (size_t i = 0; i < ARRAY_LEN(twice); i++) {
        ck_assert_int_eq(status(admin, "POST", twice[i].path, twice[i].body), 201);
        ck_assert_msg(status(admin, "POST", twice[i].path, twice[i].body) == 409, "%s", twice[i].path);
    }
}
END_TEST

START_TEST(names_are_found_by_their_parts)
{
    static const struct { const char *query; size_t found; } cases[] = {
        { "name=alpha_1", 1 }, { "name=ALPHA_1", 0 }, { "name__contains=pha", 2 }, { "name__startswith=alpha_", 1 }, { "name__endswith=x1", 1 },
        { "name__contains=%", 0 }, { "name__icontains=ALPHA", 2 }, { "enabled=false", 1 }, { "name=beta&enabled=true", 0 },
    };

    free(bed_make(admin, "/v3/users", "user", "{\"name\":\"alpha_1\"}"));
    free(bed_make(admin, "/v3/users", "user", "{\"name\":\"alphax1\"}"));
    free(bed_make(admin, "/v3/users", "user", "{\"name\":\"beta\",\"enabled\":false}"));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct wire_reply *r = bed_ask(admin, "GET", "/v3/users", cases[i].query, NULL, NULL);

        ck_assert_int_eq(r->status, 200);
        ck_assert_msg(json_array_size(json_object_get(r->json, "users")) == cases[i].found, "%s finds %zu", cases[i].query,
                      json_array_size(json_object_get(r->json, "users")));
    }
}
END_TEST

START_TEST(groups_inheritance_and_implied_roles_work_out)
{
    CLEANUP_FREE char *user = bed_make(admin, "/v3/users", "user", "{\"name\":\"u\",\"password\":\"pw\"}");
    CLEANUP_FREE char *group = bed_make(admin, "/v3/groups", "group", "{\"name\":\"g\"}");
    CLEANUP_FREE char *top = bed_make(admin, "/v3/projects", "project", "{\"name\":\"top\"}");
    CLEANUP_FREE char *fields = xasprintf("{\"name\":\"leaf\",\"parent_id\":\"%s\"}", top);
    CLEANUP_FREE char *leaf = bed_make(admin, "/v3/projects", "project", fields);
    CLEANUP_FREE char *scope = scope_of(leaf);
    CLEANUP_FREE char *top_scope = scope_of(top);
    CLEANUP_FREE char *role = NULL;
    CLEANUP_FREE char *path = NULL;
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *query = xasprintf("effective&include_names&user.id=%s&scope.project.id=%s", user, leaf);
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/roles", "name=member", NULL, NULL);

    role = xstrdup(json_str(json_array_get(json_object_get(r->json, "roles"), 0), "id"));
    ck_assert_ptr_null(bed_login("u", "pw", scope));
    path = xasprintf("/v3/groups/%s/users/%s", group, user);
    ck_assert_int_eq(status(admin, "PUT", path, NULL), 204);
    free(path);
    path = xasprintf("/v3/OS-INHERIT/projects/%s/groups/%s/roles/%s/inherited_to_projects", top, group, role);
    ck_assert_int_eq(status(admin, "PUT", path, NULL), 204);
    ck_assert_int_eq(status(admin, "HEAD", path, NULL), 204);
    token = bed_login("u", "pw", scope);
    ck_assert_ptr_nonnull(token);
    ck_assert_ptr_null(bed_login("u", "pw", top_scope));        /* inherited to what is below, not to itself */
    r = bed_ask(admin, "GET", "/v3/role_assignments", query, NULL, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(r->json, "role_assignments")), 2);        /* member, and reader that it implies */
    r = bed_ask(token, "GET", "/v3/auth/projects", NULL, NULL, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(r->json, "projects")), 1);
    r = bed_ask(admin, "GET", "/v3/role_assignments", NULL, NULL, NULL);
    ck_assert_uint_ge(json_array_size(json_object_get(r->json, "role_assignments")), 4);
    ck_assert_int_eq(status(admin, "DELETE", path, NULL), 204);
    ck_assert_int_eq(validates(token, token), 401);
}
END_TEST

START_TEST(an_immutable_project_stays_as_it_is)
{
    CLEANUP_FREE char *id = bed_make(admin, "/v3/projects", "project", "{\"name\":\"rock\",\"options\":{\"immutable\":true}}");
    CLEANUP_FREE char *path = xasprintf("/v3/projects/%s", id);

    ck_assert_int_eq(status(admin, "DELETE", path, NULL), 403);
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"project\":{\"name\":\"sand\"}}"), 403);
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"project\":{\"options\":{\"immutable\":false}}}"), 200);
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"project\":{\"options\":{\"sticky\":true}}}"), 400);
    ck_assert_int_eq(status(admin, "DELETE", path, NULL), 204);
}
END_TEST

START_TEST(bootstrap_again_changes_addresses_only)
{
    struct identity_bootstrap b = { .base_url = "http://cloud.example:1", .admin_password = "ignored" };
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_FREE char *text = NULL;
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *path = NULL;
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/endpoints", NULL, NULL, NULL);
    size_t before = json_array_size(json_object_get(r->json, "endpoints"));

    ck_assert_int_eq(identity_bootstrap(bed.catalog, &b, &err), 0);
    r = bed_ask(admin, "GET", "/v3/endpoints", NULL, NULL, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(r->json, "endpoints")), before);
    ck_assert_ptr_null(strstr(r->text, "\"url\":\"" BASE_URL));
    ck_assert_ptr_nonnull(strstr(r->text, "http://cloud.example:1/compute/v2.1"));
    ck_assert_ptr_null(strstr(r->text, "cairn:"));
    /* An operator's own address stays. */
    id = xstrdup(json_str(json_array_get(json_object_get(r->json, "endpoints"), 0), "id"));
    path = xasprintf("/v3/endpoints/%s", id);
    ck_assert_int_eq(status(admin, "PATCH", path, "{\"endpoint\":{\"url\":\"http://mine.example\",\"note\":\"n\"}}"), 200);
    b.base_url = "http://third.example";
    ck_assert_int_eq(identity_bootstrap(bed.catalog, &b, &err), 0);
    r = bed_ask(admin, "GET", "/v3/endpoints", NULL, NULL, NULL);
    ck_assert_ptr_nonnull(strstr(r->text, "http://mine.example"));
    ck_assert_ptr_nonnull(strstr(r->text, "http://third.example/identity/v3"));
    text = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    ck_assert_ptr_nonnull(text);
    b.reset_password = 1;
    ck_assert_int_eq(identity_bootstrap(bed.catalog, &b, &err), 0);
    ck_assert_ptr_null(bed_login("admin", PASSWORD, PROJECT_SCOPE));
    ck_assert_int_eq(identity_set_password(bed.catalog, NULL, "admin", "third", &err), 0);
    free(text);
    text = bed_login("admin", "third", PROJECT_SCOPE);
    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(identity_set_password(bed.catalog, NULL, "nobody", "x", &err), -1);
    ck_assert_int_eq(err.code, CAIRN_NOT_FOUND);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("identity");
    TCase *t = tcase_create("api");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, discovery_needs_no_token);
    tcase_add_test(t, wrong_user_and_wrong_password_are_told_alike);
    tcase_add_test(t, a_login_that_finds_no_room_is_told_when_to_come_again);
    tcase_add_test(t, ill_formed_logins_are_bad_requests);
    tcase_add_test(t, every_scope_is_what_was_asked);
    tcase_add_test(t, a_token_for_a_token_ends_when_the_first_one_does);
    tcase_add_test(t, a_token_expires);
    tcase_add_test(t, a_revoked_token_is_dead_at_once_and_stays_dead_after_a_restart);
    tcase_add_test(t, tokens_die_with_what_they_stand_on);
    tcase_add_test(t, a_role_taken_away_is_gone_from_the_tokens_that_are_out);
    tcase_add_test(t, another_process_is_heard_within_the_poll);
    tcase_add_test(t, whoever_asks_for_rubbish_is_told_that_there_is_no_such_token);
    tcase_add_test(t, personas_may_what_they_may);
    tcase_add_test(t, no_route_is_open_by_accident);
    tcase_add_test(t, a_domains_manager_rules_that_domain_only);
    tcase_add_test(t, a_users_domain_is_meant_in_any_case_where_it_alone_can_be);
    tcase_add_test(t, nobody_learns_by_asking_which_ids_there_are);
    tcase_add_test(t, roles_of_a_domain_have_rules_of_their_own);
    tcase_add_test(t, grants_are_put_checked_listed_and_taken);
    tcase_add_test(t, the_catalog_is_managed_and_kept_whole);
    tcase_add_test(t, attributes_of_clients_own_are_kept);
    tcase_add_test(t, a_user_changes_their_password_with_the_old_one);
    tcase_add_test(t, a_hierarchy_keeps_its_rules);
    tcase_add_test(t, a_domain_goes_only_when_disabled_and_takes_its_own_along);
    tcase_add_test(t, names_are_taken_once);
    tcase_add_test(t, names_are_found_by_their_parts);
    tcase_add_test(t, groups_inheritance_and_implied_roles_work_out);
    tcase_add_test(t, an_immutable_project_stays_as_it_is);
    tcase_add_test(t, bootstrap_again_changes_addresses_only);
    suite_add_tcase(s, t);
    return run_suite(s);
}
