/* identity_delegation_test.c: application credentials, access rules and trusts: what is handed on, and how it ends. */
#include "config.h"
#include "identity_testing.h"
#include "unit.h"

#include "base/clock.h"
#include "rest/auth.h"

static char *admin;             /* a token for the project "admin" */
static char *ann, *home, *ann_token;            /* a member of the project "home" */
static char *bob, *bob_token;                   /* somebody else, without a scope */

static int
status(const char *token, const char *method, const char *path, const char *body)
{
    return bed_ask(token, method, path, NULL, NULL, body)->status;
}

static char *
role_id(const char *name)
{
    CLEANUP_FREE char *query = xasprintf("name=%s", name);
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/roles", query, NULL, NULL);

    return xstrdup(json_str(json_array_get(json_object_get(r->json, "roles"), 0), "id"));
}

static void
assign(const char *method, const char *user, const char *project, const char *role)
{
    CLEANUP_FREE char *id = role_id(role);
    CLEANUP_FREE char *path = xasprintf("/v3/projects/%s/users/%s/roles/%s", project, user, id);

    ck_assert_int_eq(status(admin, method, path, NULL), 204);
}

static void
setup(void)
{
    CLEANUP_FREE char *scope = NULL;

    bed_open();
    admin = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    ck_assert_ptr_nonnull(admin);
    ann = bed_make(admin, "/v3/users", "user", "{\"name\":\"ann\",\"password\":\"pw\"}");
    bob = bed_make(admin, "/v3/users", "user", "{\"name\":\"bob\",\"password\":\"pw\"}");
    home = bed_make(admin, "/v3/projects", "project", "{\"name\":\"home\"}");
    assign("PUT", ann, home, "member");
    assign("PUT", ann, home, "manager");
    scope = xasprintf("{\"project\":{\"id\":\"%s\"}}", home);
    ann_token = bed_login("ann", "pw", scope);
    bob_token = bed_login("bob", "pw", NULL);
    ck_assert_ptr_nonnull(ann_token);
    ck_assert_ptr_nonnull(bob_token);
}

static void
teardown(void)
{
    free(admin);
    free(ann);
    free(home);
    free(ann_token);
    free(bob);
    free(bob_token);
    bed_close();
}

static const struct wire_reply *
describe(const char *token)
{
    CLEANUP_FREE char *headers = xasprintf("X-Subject-Token: %s\nOpenStack-Identity-Access-Rules: 1.0\n", token);

    return bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL);
}

static int
told_roles(const char *token)
{
    return (int)json_array_size(json_object_get(json_object_get(describe(token)->json, "token"), "roles"));
}

/* --- application credentials */
static char *
app_creds_path(const char *user)
{
    return xasprintf("/v3/users/%s/application_credentials", user);
}

/* Makes one as ann; id and secret are malloc'd. */
static void
make_app_cred(const char *token, const char *fields, char **id, char **secret)
{
    CLEANUP_FREE char *path = app_creds_path(ann);
    CLEANUP_FREE char *body = xasprintf("{\"application_credential\":%s}", fields);
    const struct wire_reply *r = bed_ask(token, "POST", path, NULL, NULL, body);

    ck_assert_msg(r->status == 201, "%d %s", r->status, r->text);
    *id = xstrdup(bed_text(r, "application_credential.id"));
    *secret = xstrdup(bed_text(r, "application_credential.secret"));
    ck_assert_ptr_nonnull(*secret);
}

static char *
app_cred_login(const char *id, const char *secret)
{
    CLEANUP_FREE char *identity = xasprintf("{\"methods\":[\"application_credential\"],\"application_credential\":{\"id\":\"%s\",\"secret\":\"%s\"}}", id, secret);

    return bed_login_as(identity, NULL);
}

START_TEST(an_application_credential_logs_in_by_id_or_name_and_says_so)
{
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *by_id = NULL;
    CLEANUP_FREE char *by_name = NULL;
    CLEANUP_FREE char *identity = NULL;
    const struct wire_reply *r;

    make_app_cred(ann_token, "{\"name\":\"robot\",\"roles\":[{\"name\":\"member\"}]}", &id, &secret);
    by_id = app_cred_login(id, secret);
    ck_assert_ptr_nonnull(by_id);
    identity = xasprintf("{\"methods\":[\"application_credential\"],\"application_credential\":{\"name\":\"robot\",\"secret\":\"%s\",\"user\":{\"name\":\"ann\","
                         "\"domain\":{\"id\":\"default\"}}}}", secret);
    by_name = bed_login_as(identity, NULL);
    ck_assert_ptr_nonnull(by_name);
    r = describe(by_id);
    ck_assert_str_eq(bed_text(r, "token.application_credential.id"), id);
    ck_assert_str_eq(bed_text(r, "token.project.id"), home);
    ck_assert_str_eq(bed_text(r, "token.user.id"), ann);
    ck_assert(json_is_true(json_object_get(json_object_get(json_object_get(r->json, "token"), "application_credential"), "restricted")));
    ck_assert_int_eq(told_roles(by_id), 2);             /* member, and the reader that it implies */
    ck_assert_ptr_null(app_cred_login(id, "wrong"));
    ck_assert_ptr_null(app_cred_login("nothing", secret));
    ck_assert_ptr_nonnull(strstr(bed_ask(NULL, "GET", "/v3", NULL, NULL, NULL)->text, "v3"));
    free(identity);
    identity = xasprintf("{\"methods\":[\"application_credential\"],\"application_credential\":{\"id\":\"%s\",\"secret\":\"%s\"}}", id, secret);
    ck_assert_ptr_null(bed_login_as(identity, "{\"domain\":{\"id\":\"default\"}}"));
    ck_assert_ptr_null(bed_login_as(identity, "\"unscoped\""));
}
END_TEST

START_TEST(a_chosen_secret_works_and_is_shown_once)
{
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *path = NULL;
    const struct wire_reply *r;

    make_app_cred(ann_token, "{\"name\":\"robot\",\"secret\":\"open sesame\",\"description\":\"d\"}", &id, &secret);
    ck_assert_str_eq(secret, "open sesame");
    token = app_cred_login(id, secret);
    ck_assert_ptr_nonnull(token);
    ck_assert_int_eq(told_roles(token), 3);             /* manager, member, reader */
    path = xasprintf("/v3/users/%s/application_credentials/%s", ann, id);
    r = bed_ask(ann_token, "GET", path, NULL, NULL, NULL);
    ck_assert_int_eq(r->status, 200);
    ck_assert_ptr_null(strstr(r->text, "sesame"));
    ck_assert_ptr_null(strstr(r->text, "hash"));
    ck_assert_str_eq(bed_text(r, "application_credential.project_id"), home);
}
END_TEST

START_TEST(application_credentials_are_their_users_own)
{
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *ann_path = app_creds_path(ann);
    CLEANUP_FREE char *bob_path = app_creds_path(bob);
    CLEANUP_FREE char *one = NULL;
    CLEANUP_FREE char *crossed = NULL;

    make_app_cred(ann_token, "{\"name\":\"robot\"}", &id, &secret);
    one = xasprintf("%s/%s", ann_path, id);
    crossed = xasprintf("%s/%s", bob_path, id);
    ck_assert_int_eq(status(bob_token, "GET", ann_path, NULL), 403);
    ck_assert_int_eq(status(bob_token, "GET", one, NULL), 403);
    ck_assert_int_eq(status(bob_token, "GET", crossed, NULL), 403);
    ck_assert_int_eq(status(bob_token, "DELETE", crossed, NULL), 403);
    ck_assert_int_eq(status(bob_token, "POST", ann_path, "{\"application_credential\":{\"name\":\"x\",\"id\":\"y\"}}"), 403);
    ck_assert_int_eq(status(admin, "POST", ann_path, "{\"application_credential\":{\"name\":\"x\"}}"), 403);
    ck_assert_int_eq(status(bob_token, "POST", bob_path, "{\"application_credential\":{\"name\":\"x\"}}"), 400);      /* no project */
    ck_assert_int_eq(status(admin, "GET", one, NULL), 200);
    ck_assert_int_eq(status(ann_token, "POST", ann_path, "{\"application_credential\":{\"name\":\"robot\"}}"), 409);
    ck_assert_int_eq(status(ann_token, "POST", ann_path, "{\"application_credential\":{\"name\":\"r\",\"roles\":[{\"name\":\"admin\"}]}}"), 400);
    ck_assert_int_eq(status(ann_token, "POST", ann_path, "{\"application_credential\":{\"name\":\"r\",\"roles\":[{\"name\":\"nope\"}]}}"), 404);
    ck_assert_int_eq(status(ann_token, "POST", ann_path, "{\"application_credential\":{\"name\":\"r\",\"expires_at\":\"soon\"}}"), 400);
    ck_assert_int_eq(status(ann_token, "POST", ann_path, "{\"application_credential\":{\"name\":\"r\",\"expires_at\":\"2001-01-01T00:00:00Z\"}}"), 400);
    ck_assert_int_eq(status(ann_token, "DELETE", one, NULL), 204);
    ck_assert_int_eq(status(ann_token, "GET", one, NULL), 404);
}
END_TEST

/* Nothing that was handed on mints something wider: OSSA-2026-005 and its kin. */
START_TEST(restricted_application_credentials_make_no_others)
{
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *free_id = NULL;
    CLEANUP_FREE char *free_secret = NULL;
    CLEANUP_FREE char *free_token = NULL;
    CLEANUP_FREE char *path = app_creds_path(ann);
    CLEANUP_FREE char *trust = NULL;
    CLEANUP_FREE char *again = NULL;
    CLEANUP_FREE char *identity = NULL;

    make_app_cred(ann_token, "{\"name\":\"tight\",\"roles\":[{\"name\":\"member\"}]}", &id, &secret);
    make_app_cred(ann_token, "{\"name\":\"loose\",\"roles\":[{\"name\":\"member\"}],\"unrestricted\":true}", &free_id, &free_secret);
    token = app_cred_login(id, secret);
    free_token = app_cred_login(free_id, free_secret);
    trust = xasprintf("{\"trust\":{\"trustor_user_id\":\"%s\",\"trustee_user_id\":\"%s\",\"impersonation\":true,\"project_id\":\"%s\",\"roles\":[{\"name\":\"member\"}]}}",
                      ann, bob, home);
    ck_assert_int_eq(status(token, "POST", path, "{\"application_credential\":{\"name\":\"x\"}}"), 403);
    ck_assert_int_eq(status(token, "POST", "/v3/OS-TRUST/trusts", trust), 403);
    ck_assert_int_eq(status(free_token, "POST", path, "{\"application_credential\":{\"name\":\"x\",\"roles\":[{\"name\":\"manager\"}]}}"), 400);
    ck_assert_int_eq(status(free_token, "POST", path, "{\"application_credential\":{\"name\":\"x\"}}"), 201);
    ck_assert_int_eq(status(free_token, "POST", "/v3/OS-TRUST/trusts", trust), 201);
    /* A token for such a token is another such token, of no other scope. */
    identity = xasprintf("{\"methods\":[\"token\"],\"token\":{\"id\":\"%s\"}}", token);
    again = bed_login_as(identity, NULL);
    ck_assert_ptr_nonnull(again);
    ck_assert_str_eq(bed_text(describe(again), "token.application_credential.id"), id);
    ck_assert_ptr_null(bed_login_as(identity, PROJECT_SCOPE));
    ck_assert_ptr_null(bed_login_as(identity, "\"unscoped\""));
}
END_TEST

/* What is unrestricted may hand on, but no more than it has: not another project, role or wider rules. */
START_TEST(unrestricted_application_credentials_hand_on_what_they_have)
{
    static const char rule[] = "{\"service\":\"identity\",\"method\":\"POST\",\"path\":\"/v3/**\"}";
    CLEANUP_FREE char *away = bed_make(admin, "/v3/projects", "project", "{\"name\":\"away\"}");
    CLEANUP_FREE char *path = app_creds_path(ann);
    CLEANUP_FREE char *ruled = xasprintf("{\"name\":\"ruled\",\"roles\":[{\"name\":\"member\"}],\"unrestricted\":true,\"access_rules\":[%s]}", rule);
    CLEANUP_FREE char *same = xasprintf("{\"application_credential\":{\"name\":\"same\",\"access_rules\":[%s]}}", rule);
    const struct { const char *project, *role; int status, of_ruled; } trusts[] = { { away, "member", 403, 403 }, { home, "manager", 404, 403 }, { home, "member", 201, 403 } };
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *ruled_id = NULL;
    CLEANUP_FREE char *ruled_secret = NULL;
    CLEANUP_FREE char *ruled_token = NULL;

    assign("PUT", ann, away, "member");
    make_app_cred(ann_token, "{\"name\":\"loose\",\"roles\":[{\"name\":\"member\"}],\"unrestricted\":true}", &id, &secret);
    make_app_cred(ann_token, ruled, &ruled_id, &ruled_secret);
    token = app_cred_login(id, secret);
    ruled_token = app_cred_login(ruled_id, ruled_secret);
    for (size_t i = 0; i < ARRAY_LEN(trusts); i++) {
        CLEANUP_FREE char *body = xasprintf("{\"trust\":{\"trustor_user_id\":\"%s\",\"trustee_user_id\":\"%s\",\"impersonation\":true,\"project_id\":\"%s\",\"roles\":[{\"name\":\"%s\"}]}}",
                                            ann, bob, trusts[i].project, trusts[i].role);

        ck_assert_int_eq(status(token, "POST", "/v3/OS-TRUST/trusts", body), trusts[i].status);
        ck_assert_int_eq(status(ruled_token, "POST", "/v3/OS-TRUST/trusts", body), trusts[i].of_ruled);
    }
    ck_assert_int_eq(status(ruled_token, "POST", path, "{\"application_credential\":{\"name\":\"free\"}}"), 403);
    ck_assert_int_eq(status(ruled_token, "POST", path, "{\"application_credential\":{\"name\":\"wide\",\"access_rules\":[{\"service\":\"compute\",\"method\":\"GET\",\"path\":\"/**\"}]}}"), 403);
    ck_assert_int_eq(status(ruled_token, "POST", path, same), 201);
}
END_TEST

START_TEST(application_credentials_end_with_what_they_stand_on)
{
    static const struct { const char *what, *method, *path, *body; } ends[] = {
        { "deleted", "DELETE", "/v3/users/%1$s/application_credentials/%3$s", NULL },
        { "user disabled", "PATCH", "/v3/users/%1$s", "{\"user\":{\"enabled\":false}}" },
        { "project disabled", "PATCH", "/v3/projects/%2$s", "{\"project\":{\"enabled\":false}}" },
        { "role taken", "DELETE", "/v3/projects/%2$s/users/%1$s/roles/%4$s", NULL },
        { "user deleted", "DELETE", "/v3/users/%1$s", NULL },
    };

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        CLEANUP_FREE char *id = NULL;
        CLEANUP_FREE char *secret = NULL;
        CLEANUP_FREE char *token = NULL;
        CLEANUP_FREE char *path = NULL;
        CLEANUP_FREE char *role = role_id("member");

        make_app_cred(ann_token, "{\"name\":\"robot\",\"roles\":[{\"name\":\"member\"}]}", &id, &secret);
        token = app_cred_login(id, secret);
        ck_assert_ptr_nonnull(token);
        path = bed_fill(ends[i].path, ann, home, id, role);
        ck_assert_int_lt(status(admin, ends[i].method, path, ends[i].body), 300);
        ck_assert_msg(describe(token)->status == 404, "%s", ends[i].what);
        ck_assert_msg(app_cred_login(id, secret) == NULL, "%s", ends[i].what);
        if (i == 3) {                           /* and does not rise again with the role */
            assign("PUT", ann, home, "member");
            ck_assert_ptr_null(app_cred_login(id, secret));
        }
        teardown();
        setup();
    }
}
END_TEST

START_TEST(an_application_credential_expires_and_so_do_its_tokens)
{
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *fields = NULL;
    char when[CLOCK_TEXT];

    clock_format(clock_us() + INT64_C(60) * 1000000, CLOCK_MICRO_Z, when);
    fields = xasprintf("{\"name\":\"robot\",\"expires_at\":\"%s\"}", when);
    make_app_cred(ann_token, fields, &id, &secret);
    token = app_cred_login(id, secret);
    ck_assert_str_eq(bed_text(describe(token), "token.expires_at"), when);
    clock_move(INT64_C(61) * 1000000);
    ck_assert_int_eq(describe(token)->status, 404);
    ck_assert_ptr_null(app_cred_login(id, secret));
    clock_move(INT64_C(-61) * 1000000);
}
END_TEST

START_TEST(access_rules_are_kept_used_again_and_not_deleted_in_use)
{
    static const char fields[] = "{\"name\":\"%s\",\"access_rules\":[{\"service\":\"compute\",\"method\":\"GET\",\"path\":\"/v2.1/servers/*\"}]}";
    CLEANUP_FREE char *one = xasprintf(fields, "one");
    CLEANUP_FREE char *two = xasprintf(fields, "two");
    CLEANUP_FREE char *id = NULL;
    CLEANUP_FREE char *secret = NULL;
    CLEANUP_FREE char *id2 = NULL;
    CLEANUP_FREE char *secret2 = NULL;
    CLEANUP_FREE char *token = NULL;
    CLEANUP_FREE char *rules = xasprintf("/v3/users/%s/access_rules", ann);
    CLEANUP_FREE char *rule = NULL;
    CLEANUP_FREE char *path = NULL;
    CLEANUP_FREE char *headers = NULL;
    const struct wire_reply *r;

    make_app_cred(ann_token, one, &id, &secret);
    make_app_cred(ann_token, two, &id2, &secret2);
    r = bed_ask(ann_token, "GET", rules, NULL, NULL, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(r->json, "access_rules")), 1);
    rule = xasprintf("%s/%s", rules, json_str(json_array_get(json_object_get(r->json, "access_rules"), 0), "id"));
    ck_assert_int_eq(status(ann_token, "GET", rule, NULL), 200);
    ck_assert_int_eq(status(bob_token, "GET", rule, NULL), 403);
    ck_assert_int_eq(status(ann_token, "DELETE", rule, NULL), 403);
    token = app_cred_login(id, secret);
    r = describe(token);
    ck_assert_ptr_nonnull(strstr(r->text, "/v2.1/servers/*"));
    /* Who does not say that they know access rules must not take such a token for a whole one. */
    headers = xasprintf("X-Subject-Token: %s\n", token);
    ck_assert_int_eq(bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL)->status, 404);
    path = xasprintf("/v3/users/%s/application_credentials/%s", ann, id);
    ck_assert_int_eq(status(ann_token, "DELETE", path, NULL), 204);
    free(path);
    path = xasprintf("/v3/users/%s/application_credentials/%s", ann, id2);
    ck_assert_int_eq(status(ann_token, "DELETE", path, NULL), 204);
    ck_assert_int_eq(status(ann_token, "DELETE", rule, NULL), 204);
    ck_assert_int_eq(status(ann_token, "GET", rule, NULL), 404);
}
END_TEST

static char *make_trust(const char *token, const char *trustor, const char *trustee, const char *more);

START_TEST(users_projects_and_roles_take_what_was_made_of_them)
{
    static const char fields[] = "{\"name\":\"one\",\"roles\":[{\"name\":\"errand\"}],\"access_rules\":[{\"service\":\"compute\",\"method\":\"GET\",\"path\":\"/v2.1/**\"}]}";

    for (int i = 0; i < 3; i++) {
        CLEANUP_FREE char *role = bed_make(admin, "/v3/roles", "role", "{\"name\":\"errand\"}");
        CLEANUP_FREE char *scope = xasprintf("{\"project\":{\"id\":\"%s\"}}", home);
        CLEANUP_FREE char *id = NULL;
        CLEANUP_FREE char *secret = NULL;
        CLEANUP_FREE char *token = NULL;
        CLEANUP_FREE char *path = NULL;

        assign("PUT", ann, home, "errand");
        free(ann_token);
        ann_token = bed_login("ann", "pw", scope);
        make_app_cred(ann_token, fields, &id, &secret);
        free(make_trust(ann_token, ann, bob, ",\"impersonation\":true"));
        token = app_cred_login(id, secret);
        ck_assert_ptr_nonnull(token);
        path = i == 0 ? xasprintf("/v3/users/%s", ann) : i == 1 ? xasprintf("/v3/projects/%s", home) : xasprintf("/v3/roles/%s", role);
        ck_assert_msg(status(admin, "DELETE", path, NULL) == 204, "%s: %d", path, status(admin, "DELETE", path, NULL));
        ck_assert_int_eq(describe(token)->status, 404);
        ck_assert_ptr_null(app_cred_login(id, secret));
        teardown();
        setup();
    }
}
END_TEST

START_TEST(access_rules_fit_services_methods_and_paths)
{
    static const struct { const char *rule, *service, *method, *mount, *path; int fits; } cases[] = {
        { "/v2.1/servers", "compute", "GET", "/compute", "/v2.1/servers", 1 },
        { "/compute/v2.1/servers", "compute", "GET", "/compute", "/v2.1/servers", 1 },
        { "/v2.1/servers", "compute", "GET", "/compute", "/v2.1/servers/x", 0 },
        { "/v2.1/servers", "compute", "POST", "/compute", "/v2.1/servers", 0 },
        { "/v2.1/servers", "image", "GET", "/image", "/v2.1/servers", 0 },
        { "/v2.1/servers/*", "compute", "GET", "/compute", "/v2.1/servers/x", 1 },
        { "/v2.1/servers/*", "compute", "GET", "/compute", "/v2.1/servers/", 0 },
        { "/v2.1/servers/*", "compute", "GET", "/compute", "/v2.1/servers/x/ips", 0 },
        { "/v2.1/servers/*/ips", "compute", "GET", "/compute", "/v2.1/servers/x/ips", 1 },
        { "/v2.1/servers/{server_id}/ips", "compute", "GET", "/compute", "/v2.1/servers/x/ips", 1 },
        { "/v2.1/{a}/x/ips", "compute", "GET", "/compute", "/v2.1/a/b/x/ips", 0 },
        { "/v2.1/**", "compute", "GET", "/compute", "/v2.1/servers/x/ips", 1 },
        { "/v2.1/**/ips", "compute", "GET", "/compute", "/v2.1/servers/x/ips", 1 },
        { "/v2.1/**/ips", "compute", "GET", "/compute", "/v2.1/servers/x/ipx", 0 },
        { "**", "compute", "GET", "/compute", "/", 1 },
        { "/a.b", "compute", "GET", "/compute", "/axb", 0 },
        { "/v2.1/**a**a**a**a**a**a**a**a**a**a**a**a**b", "compute", "GET", "/compute", "/v2.1/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0 },
        { "/nothing", "identity", "GET", "/identity", "/v3/auth/tokens", 1 },
        { "/nothing", "identity", "DELETE", "/identity", "/v3/auth/tokens", 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct auth_rule rule = { "id", "compute", "GET", cases[i].rule };
        struct auth who = { .rules = &rule, .rules_count = 1 };

        ck_assert_msg(auth_may_ask(&who, cases[i].service, cases[i].method, cases[i].mount, cases[i].path) == cases[i].fits, "case %zu: %s %s", i, cases[i].rule,
                      cases[i].path);
    }
    ck_assert_int_eq(auth_may_ask(&(struct auth){ 0 }, "compute", "GET", "/compute", "/x"), 1);
    ck_assert_int_eq(auth_may_ask(&(struct auth){ .rules = &(struct auth_rule){ "i", "volumev3", "GET", "/v3/x" }, .rules_count = 1 }, "volume", "GET", "/volume", "/v3/x"), 1);
}
END_TEST

/* --- trusts */
static char *
make_trust(const char *token, const char *trustor, const char *trustee, const char *more)
{
    CLEANUP_FREE char *fields = xasprintf("{\"trustor_user_id\":\"%s\",\"trustee_user_id\":\"%s\",\"project_id\":\"%s\",\"roles\":[{\"name\":\"member\"}]%s}", trustor, trustee,
                                          home, more);

    return bed_make(token, "/v3/OS-TRUST/trusts", "trust", fields);
}

static char *
trust_login(const char *user, const char *trust)
{
    CLEANUP_FREE char *scope = xasprintf("{\"OS-TRUST:trust\":{\"id\":\"%s\"}}", trust);

    return bed_login(user, "pw", scope);
}

START_TEST(a_trustee_acts_with_the_roles_of_the_trust)
{
    CLEANUP_FREE char *trust = make_trust(ann_token, ann, bob, ",\"impersonation\":false");
    CLEANUP_FREE char *as_ann = make_trust(ann_token, ann, bob, ",\"impersonation\":true");
    CLEANUP_FREE char *token = trust_login("bob", trust);
    CLEANUP_FREE char *other = trust_login("bob", as_ann);
    CLEANUP_FREE char *path = xasprintf("/v3/OS-TRUST/trusts/%s", trust);
    const struct wire_reply *r;

    ck_assert_ptr_nonnull(token);
    ck_assert_ptr_nonnull(other);
    r = describe(token);
    ck_assert_str_eq(bed_text(r, "token.user.id"), bob);
    ck_assert_str_eq(bed_text(r, "token.project.id"), home);
    ck_assert_str_eq(bed_text(r, "token.OS-TRUST:trust.id"), trust);
    ck_assert_str_eq(bed_text(r, "token.OS-TRUST:trust.trustor_user.id"), ann);
    ck_assert_int_eq(told_roles(token), 2);
    ck_assert_str_eq(bed_text(describe(other), "token.user.id"), ann);
    ck_assert_str_eq(bed_text(describe(other), "token.OS-TRUST:trust.trustee_user.id"), bob);
    ck_assert_int_eq(status(ann_token, "GET", path, NULL), 200);
    ck_assert_int_eq(status(bob_token, "GET", path, NULL), 200);
    ck_assert_int_eq(status(bob_token, "DELETE", path, NULL), 403);
    ck_assert_ptr_null(trust_login("ann", trust));
    ck_assert_int_eq(status(ann_token, "DELETE", path, NULL), 204);
    ck_assert_int_eq(describe(token)->status, 404);
    ck_assert_int_eq(describe(other)->status, 200);
    ck_assert_int_eq(status(ann_token, "GET", path, NULL), 404);
}
END_TEST

START_TEST(trusts_are_listed_to_their_parties_alone)
{
    CLEANUP_FREE char *trust = make_trust(ann_token, ann, bob, ",\"impersonation\":false");
    CLEANUP_FREE char *as_trustor = xasprintf("trustor_user_id=%s", ann);
    CLEANUP_FREE char *as_trustee = xasprintf("trustee_user_id=%s", bob);
    CLEANUP_FREE char *smuggled = xasprintf("trustee_user_id=%s&trustee_user_id=x", bob);
    CLEANUP_FREE char *foreign = xasprintf("trustor_user_id=%s&trustor_user_id=%s", bob, ann);
    CLEANUP_FREE char *roles = xasprintf("/v3/OS-TRUST/trusts/%s/roles", trust);
    CLEANUP_FREE char *member = role_id("member");
    CLEANUP_FREE char *manager = role_id("manager");
    CLEANUP_FREE char *yes = xasprintf("%s/%s", roles, member);
    CLEANUP_FREE char *no = xasprintf("%s/%s", roles, manager);
    static const char path[] = "/v3/OS-TRUST/trusts";

    ck_assert_int_eq(bed_ask(ann_token, "GET", path, as_trustor, NULL, NULL)->status, 200);
    ck_assert_int_eq(bed_ask(ann_token, "GET", path, as_trustee, NULL, NULL)->status, 403);
    ck_assert_int_eq(bed_ask(bob_token, "GET", path, as_trustee, NULL, NULL)->status, 200);
    ck_assert_ptr_nonnull(strstr(bed_ask(bob_token, "GET", path, as_trustee, NULL, NULL)->text, trust));
    ck_assert_int_eq(bed_ask(bob_token, "GET", path, smuggled, NULL, NULL)->status, 200);
    ck_assert_ptr_null(strstr(bed_ask(bob_token, "GET", path, foreign, NULL, NULL)->text, trust));
    ck_assert_int_eq(bed_ask(bob_token, "GET", path, NULL, NULL, NULL)->status, 403);
    ck_assert_ptr_nonnull(strstr(bed_ask(admin, "GET", path, NULL, NULL, NULL)->text, trust));
    ck_assert_int_eq(status(bob_token, "GET", roles, NULL), 200);
    ck_assert_int_eq(status(bob_token, "GET", yes, NULL), 200);
    ck_assert_int_eq(status(bob_token, "HEAD", yes, NULL), 200);
    ck_assert_int_eq(status(bob_token, "HEAD", no, NULL), 404);
    ck_assert_int_eq(status(bob_token, "GET", no, NULL), 404);
}
END_TEST

START_TEST(trusts_end_with_what_they_stand_on)
{
    static const struct { const char *what, *method, *path, *body; int login; } ends[] = {
        { "trustor disabled", "PATCH", "/v3/users/%1$s", "{\"user\":{\"enabled\":false}}", 401 },
        { "trustor's new password", "PATCH", "/v3/users/%1$s", "{\"user\":{\"password\":\"new\"}}", 201 },
        { "project disabled", "PATCH", "/v3/projects/%2$s", "{\"project\":{\"enabled\":false}}", 403 },
        { "role taken", "DELETE", "/v3/projects/%2$s/users/%1$s/roles/%3$s", NULL, 403 },
        { "trustor deleted", "DELETE", "/v3/users/%1$s", NULL, 401 },
        { "trustee disabled", "PATCH", "/v3/users/%4$s", "{\"user\":{\"enabled\":false}}", 401 },
    };

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        CLEANUP_FREE char *trust = make_trust(ann_token, ann, bob, ",\"impersonation\":true");
        CLEANUP_FREE char *token = trust_login("bob", trust);
        CLEANUP_FREE char *role = role_id("manager");       /* it implies the member of the trust */
        CLEANUP_FREE char *member = role_id("member");
        CLEANUP_FREE char *path = bed_fill(ends[i].path, ann, home, member, bob);
        CLEANUP_FREE char *body = xasprintf("{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"id\":\"%s\",\"password\":\"pw\"}}},"
                                            "\"scope\":{\"OS-TRUST:trust\":{\"id\":\"%s\"}}}}", bob, trust);

        ck_assert_ptr_nonnull(token);
        if (i == 3)
            assign("DELETE", ann, home, "manager");
        ck_assert_int_lt(status(admin, ends[i].method, path, ends[i].body), 300);
        ck_assert_msg(describe(token)->status == 404, "%s: %s", ends[i].what, describe(token)->text);
        ck_assert_msg(status(NULL, "POST", "/v3/auth/tokens", body) == ends[i].login, "%s: %d", ends[i].what, status(NULL, "POST", "/v3/auth/tokens", body));
        teardown();
        setup();
    }
}
END_TEST

START_TEST(a_trust_is_used_as_often_as_it_says)
{
    CLEANUP_FREE char *trust = make_trust(ann_token, ann, bob, ",\"impersonation\":false,\"remaining_uses\":2");
    CLEANUP_FREE char *first = trust_login("bob", trust);
    CLEANUP_FREE char *second = trust_login("bob", trust);
    CLEANUP_FREE char *path = xasprintf("/v3/OS-TRUST/trusts/%s", trust);

    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_nonnull(second);
    ck_assert_ptr_null(trust_login("bob", trust));
    ck_assert_int_eq(describe(second)->status, 200);
    ck_assert_int_eq(status(ann_token, "GET", path, NULL), 404);
}
END_TEST

START_TEST(ill_formed_trusts_are_refused)
{
    static const struct { const char *fields; int expected; } cases[] = {
        { "\"trustee_user_id\":\"%2$s\",\"impersonation\":true", 400 },
        { "\"trustor_user_id\":\"%1$s\",\"trustee_user_id\":\"%2$s\"", 400 },
        { "\"trustor_user_id\":\"%1$s\",\"trustee_user_id\":\"%2$s\",\"impersonation\":\"yes\"", 400 },
        { "\"trustor_user_id\":\"%2$s\",\"trustee_user_id\":\"%1$s\",\"impersonation\":true,\"project_id\":\"%3$s\",\"roles\":[{\"name\":\"member\"}]", 403 },
        { "\"trustor_user_id\":\"%1$s\",\"trustee_user_id\":\"nobody\",\"impersonation\":true,\"project_id\":\"%3$s\",\"roles\":[{\"name\":\"member\"}]", 404 },
        { "\"trustor_user_id\":\"%1$s\",\"trustee_user_id\":\"%2$s\",\"impersonation\":true,\"project_id\":\"%3$s\",\"roles\":[]", 403 },
        { "\"trustor_user_id\":\"%1$s\",\"trustee_user_id\":\"%2$s\",\"impersonation\":true,\"project_id\":\"%3$s\",\"roles\":[{\"name\":\"admin\"}]", 404 },
        { "\"trustor_user_id\":\"%1$s\",\"trustee_user_id\":\"%2$s\",\"impersonation\":true,\"project_id\":\"nowhere\",\"roles\":[{\"name\":\"member\"}]", 404 },
        { "\"trustor_user_id\":\"%1$s\",\"trustee_user_id\":\"%2$s\",\"impersonation\":true,\"project_id\":\"%3$s\",\"roles\":[{\"name\":\"member\"}],\"remaining_uses\":0", 400 },
        { "\"trustor_user_id\":\"%1$s\",\"trustee_user_id\":\"%2$s\",\"impersonation\":true,\"project_id\":\"%3$s\",\"roles\":[{\"name\":\"member\"}],\"expires_at\":\"bad.123Z\"", 400 },
        { "\"trustor_user_id\":\"%1$s\",\"trustee_user_id\":\"%2$s\",\"impersonation\":true,\"project_id\":\"%3$s\",\"roles\":[{\"name\":\"member\"}],\"allow_redelegation\":true,\"remaining_uses\":5", 400 },
        { "\"trustor_user_id\":\"%1$s\",\"trustee_user_id\":\"%2$s\",\"impersonation\":true,\"project_id\":\"%3$s\",\"roles\":[{\"name\":\"member\"}],\"allow_redelegation\":true,\"redelegation_count\":9", 403 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP_FREE char *fields = bed_fill(cases[i].fields, ann, bob, home, "");
        CLEANUP_FREE char *body = xasprintf("{\"trust\":{%s}}", fields);
        const struct wire_reply *r = bed_ask(ann_token, "POST", "/v3/OS-TRUST/trusts", NULL, NULL, body);

        ck_assert_msg(r->status == cases[i].expected, "%s: %d %s", fields, r->status, r->text);
    }
}
END_TEST

START_TEST(a_trust_is_handed_on_shorter_and_never_wider)
{
    CLEANUP_FREE char *cid = bed_make(admin, "/v3/users", "user", "{\"name\":\"cid\",\"password\":\"pw\"}");
    CLEANUP_FREE char *first = make_trust(ann_token, ann, bob, ",\"impersonation\":false,\"allow_redelegation\":true,\"redelegation_count\":1");
    CLEANUP_FREE char *plain = make_trust(ann_token, ann, bob, ",\"impersonation\":false");
    CLEANUP_FREE char *token = trust_login("bob", first);
    CLEANUP_FREE char *plain_token = trust_login("bob", plain);
    CLEANUP_FREE char *second = make_trust(token, bob, cid, ",\"impersonation\":false,\"allow_redelegation\":true");
    CLEANUP_FREE char *cid_token = trust_login("cid", second);
    CLEANUP_FREE char *path = xasprintf("/v3/OS-TRUST/trusts/%s", first);
    static const struct { const char *more; int expected; } cases[] = {
        { "\"impersonation\":true,\"roles\":[{\"name\":\"member\"}]", 403 },
        { "\"impersonation\":false,\"roles\":[{\"name\":\"manager\"}]", 403 },
        { "\"impersonation\":false,\"roles\":[{\"name\":\"member\"}],\"remaining_uses\":3", 403 },
    };

    ck_assert_ptr_nonnull(cid_token);
    ck_assert_str_eq(bed_text(describe(cid_token), "token.user.id"), cid);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP_FREE char *body = xasprintf("{\"trust\":{\"trustor_user_id\":\"%s\",\"trustee_user_id\":\"%s\",\"project_id\":\"%s\",%s}}", bob, cid, home, cases[i].more);

        ck_assert_msg(status(token, "POST", "/v3/OS-TRUST/trusts", body) == cases[i].expected, "%s: %d", cases[i].more, status(token, "POST", "/v3/OS-TRUST/trusts", body));
    }
    {
        CLEANUP_FREE char *body = xasprintf("{\"trust\":{\"trustor_user_id\":\"%s\",\"trustee_user_id\":\"%s\",\"project_id\":\"%s\",\"impersonation\":false,"
                                            "\"roles\":[{\"name\":\"member\"}]}}", bob, cid, home);

        ck_assert_int_eq(status(plain_token, "POST", "/v3/OS-TRUST/trusts", body), 403);
    }
    /* The end of the first is the end of the chain. */
    ck_assert_int_eq(status(ann_token, "DELETE", path, NULL), 204);
    ck_assert_int_eq(describe(cid_token)->status, 404);
    ck_assert_ptr_null(trust_login("cid", second));
}
END_TEST

START_TEST(what_was_handed_on_is_not_exchanged)
{
    CLEANUP_FREE char *trust = make_trust(ann_token, ann, bob, ",\"impersonation\":true");
    CLEANUP_FREE char *token = trust_login("bob", trust);
    CLEANUP_FREE char *identity = xasprintf("{\"methods\":[\"token\"],\"token\":{\"id\":\"%s\"}}", token);
    CLEANUP_FREE char *body = xasprintf("{\"auth\":{\"identity\":%s}}", identity);
    CLEANUP_FREE char *path = app_creds_path(ann);

    ck_assert_int_eq(status(NULL, "POST", "/v3/auth/tokens", body), 403);
    ck_assert_int_eq(status(token, "POST", path, "{\"application_credential\":{\"name\":\"x\"}}"), 403);
    ck_assert_int_eq(status(token, "GET", path, NULL), 403);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("identity_delegation");
    TCase *t = tcase_create("application_credentials");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, an_application_credential_logs_in_by_id_or_name_and_says_so);
    tcase_add_test(t, a_chosen_secret_works_and_is_shown_once);
    tcase_add_test(t, application_credentials_are_their_users_own);
    tcase_add_test(t, restricted_application_credentials_make_no_others);
    tcase_add_test(t, unrestricted_application_credentials_hand_on_what_they_have);
    tcase_add_test(t, application_credentials_end_with_what_they_stand_on);
    tcase_add_test(t, an_application_credential_expires_and_so_do_its_tokens);
    tcase_add_test(t, access_rules_are_kept_used_again_and_not_deleted_in_use);
    tcase_add_test(t, users_projects_and_roles_take_what_was_made_of_them);
    tcase_add_test(t, access_rules_fit_services_methods_and_paths);
    suite_add_tcase(s, t);
    t = tcase_create("trusts");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_trustee_acts_with_the_roles_of_the_trust);
    tcase_add_test(t, trusts_are_listed_to_their_parties_alone);
    tcase_add_test(t, trusts_end_with_what_they_stand_on);
    tcase_add_test(t, a_trust_is_used_as_often_as_it_says);
    tcase_add_test(t, ill_formed_trusts_are_refused);
    tcase_add_test(t, a_trust_is_handed_on_shorter_and_never_wider);
    tcase_add_test(t, what_was_handed_on_is_not_exchanged);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    return run_suite(suite());
}
