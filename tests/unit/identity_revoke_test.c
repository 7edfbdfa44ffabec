/* identity_revoke_test.c: tokens die at once with what they stand on, and only they; what that costs does not grow with the tokens ever issued. */
#include "config.h"
#include "identity_testing.h"

#include "base/clock.h"
#include "identity/revoke.h"
#include "identity/sessions.h"
#include "unit.h"

static char *admin, *domain, *project, *other_project, *user, *bystander, *group;

static void
put(const char *fmt, const char *a, const char *b, const char *role)
{
    CLEANUP_FREE char *query = xasprintf("name=%s", role);
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/roles", query, NULL, NULL);
    CLEANUP_FREE char *path = xasprintf(fmt, a, b, json_str(json_array_get(json_object_get(r->json, "roles"), 0), "id"));

    ck_assert_int_eq(bed_ask(admin, "PUT", path, NULL, NULL, NULL)->status, 204);
}
#define ON_PROJECT "/v3/projects/%s/users/%s/roles/%s"
#define ON_DOMAIN "/v3/domains/%s/users/%s/roles/%s"
#define GROUP_ON_PROJECT "/v3/projects/%s/groups/%s/roles/%s"

static char *
make_in_domain(const char *path, const char *key, const char *name)
{
    CLEANUP_FREE char *fields = xasprintf("{\"name\":\"%s\",\"domain_id\":\"%s\"%s}", name, domain, strcmp(key, "user") == 0 ? ",\"password\":\"pw\"" : "");

    return bed_make(admin, path, key, fields);
}

static void
setup(void)
{
    bed_open();
    admin = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    domain = bed_make(admin, "/v3/domains", "domain", "{\"name\":\"d\"}");
    project = make_in_domain("/v3/projects", "project", "p");
    other_project = make_in_domain("/v3/projects", "project", "q");
    user = make_in_domain("/v3/users", "user", "ann");
    bystander = make_in_domain("/v3/users", "user", "bob");
    group = make_in_domain("/v3/groups", "group", "g");
    put(ON_PROJECT, project, user, "member");
    put(ON_PROJECT, other_project, user, "reader");
    put(ON_PROJECT, project, bystander, "reader");
    put(ON_DOMAIN, domain, user, "reader");
}

static void
teardown(void)
{
    char **all[] = { &admin, &domain, &project, &other_project, &user, &bystander, &group };

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        free(*all[i]);
        *all[i] = NULL;
    }
    bed_close();
}

static char *
login_by_id(const char *id, const char *secret, const char *what, const char *target)
{
    CLEANUP_FREE char *identity = xasprintf("{\"methods\":[\"password\"],\"password\":{\"user\":{\"id\":\"%s\",\"password\":\"%s\"}}}", id, secret);
    CLEANUP_FREE char *scope = what != NULL ? xasprintf("{\"%s\":{\"id\":\"%s\"}}", what, target) : xstrdup("\"unscoped\"");

    return bed_login_as(identity, scope);
}

static int
lives(const char *token)
{
    return bed_ask(token, "GET", "/v3/auth/projects", NULL, NULL, NULL)->status == 200;
}

/* --- what ends a token, and what it leaves alone */
enum { ANN_P = 1, ANN_Q = 2, ANN_D = 4, ANN_UNSCOPED = 8, BOB_P = 16, ALL = 31 };

static const struct { const char *what, *method, *path, *body; unsigned die; const char *undo; } ends_[] = {
    { "user disabled", "PATCH", "/v3/users/$u", "{\"user\":{\"enabled\":false}}", ANN_P | ANN_Q | ANN_D | ANN_UNSCOPED, "{\"user\":{\"enabled\":true}}" },
    { "user's password set", "PATCH", "/v3/users/$u", "{\"user\":{\"password\":\"other\"}}", ANN_P | ANN_Q | ANN_D | ANN_UNSCOPED, NULL },
    { "user's password changed", "POST", "/v3/users/$u/password", "{\"user\":{\"original_password\":\"pw\",\"password\":\"other\"}}", ANN_P | ANN_Q | ANN_D | ANN_UNSCOPED, NULL },
    { "user deleted", "DELETE", "/v3/users/$u", NULL, ANN_P | ANN_Q | ANN_D | ANN_UNSCOPED, NULL },
    { "project disabled", "PATCH", "/v3/projects/$p", "{\"project\":{\"enabled\":false}}", ANN_P | BOB_P, "{\"project\":{\"enabled\":true}}" },
    { "project deleted", "DELETE", "/v3/projects/$p", NULL, ANN_P | BOB_P, NULL },
    { "domain disabled", "PATCH", "/v3/domains/$d", "{\"domain\":{\"enabled\":false}}", ALL, "{\"domain\":{\"enabled\":true}}" },
    { "role taken", "DELETE", "/v3/projects/$p/users/$u/roles/$member", NULL, ANN_P, NULL },
    { "user renamed", "PATCH", "/v3/users/$u", "{\"user\":{\"name\":\"anna\"}}", 0, NULL },
};

static char *
fill(const char *pattern)
{
    const struct { const char *mark, *value; } marks[] = { { "$member", NULL }, { "$u", user }, { "$p", project }, { "$d", domain } };
    struct str out = STR_INIT;

    while (*pattern != '\0') {
        size_t i;

        for (i = 0; i < ARRAY_LEN(marks) && !str_starts(pattern, marks[i].mark); i++)
            ;
        if (i == ARRAY_LEN(marks)) {
            str_add_c(&out, *pattern++);
            continue;
        }
        if (marks[i].value == NULL) {
            const struct wire_reply *r = bed_ask(admin, "GET", "/v3/roles", "name=member", NULL, NULL);

            str_add(&out, json_str(json_array_get(json_object_get(r->json, "roles"), 0), "id"));
        } else {
            str_add(&out, marks[i].value);
        }
        pattern += strlen(marks[i].mark);
    }
    return str_take(&out);
}

START_TEST(tokens_die_at_once_with_what_they_stand_on_and_only_they)
{
    CLEANUP_FREE char *path = fill(ends_[_i].path);
    char *tokens[5] = { login_by_id(user, "pw", "project", project), login_by_id(user, "pw", "project", other_project), login_by_id(user, "pw", "domain", domain),
                        login_by_id(user, "pw", NULL, NULL), login_by_id(bystander, "pw", "project", project) };

    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        ck_assert_msg(tokens[i] != NULL, "token %zu", i);
        ck_assert_msg(lives(tokens[i]), "token %zu", i);
    }
    ck_assert_int_lt(bed_ask(admin, ends_[_i].method, path, NULL, NULL, ends_[_i].body)->status, 300);
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
        ck_assert_msg(lives(tokens[i]) == !(ends_[_i].die >> i & 1), "%s: token %zu", ends_[_i].what, i);
    bed_reopen();
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
        ck_assert_msg(lives(tokens[i]) == !(ends_[_i].die >> i & 1), "%s, started again: token %zu", ends_[_i].what, i);
    if (ends_[_i].undo != NULL) {
        ck_assert_int_lt(bed_ask(admin, "PATCH", path, NULL, NULL, ends_[_i].undo)->status, 300);
        for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
            ck_assert_msg(lives(tokens[i]) == !(ends_[_i].die >> i & 1), "%s, undone: token %zu", ends_[_i].what, i);
    }
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
        free(tokens[i]);
}
END_TEST

START_TEST(a_role_that_is_deleted_is_gone_from_every_token)
{
    CLEANUP_FREE char *role = bed_make(admin, "/v3/roles", "role", "{\"name\":\"special\"}");
    CLEANUP_FREE char *grant = xasprintf("/v3/projects/%s/users/%s/roles/%s", other_project, bystander, role);
    CLEANUP_FREE char *path = xasprintf("/v3/roles/%s", role);
    CLEANUP_FREE char *token = NULL;

    ck_assert_int_eq(bed_ask(admin, "PUT", grant, NULL, NULL, NULL)->status, 204);
    token = login_by_id(bystander, "pw", "project", other_project);
    ck_assert(lives(token));
    ck_assert_int_eq(bed_ask(admin, "DELETE", path, NULL, NULL, NULL)->status, 204);
    ck_assert(!lives(token));           /* it was the last one there */
}
END_TEST

START_TEST(leaving_a_group_takes_its_roles_from_the_tokens_that_are_out)
{
    CLEANUP_FREE char *member = xasprintf("/v3/groups/%s/users/%s", group, bystander);
    CLEANUP_FREE char *path = xasprintf("/v3/groups/%s", group);
    CLEANUP_FREE char *first = NULL;
    CLEANUP_FREE char *second = NULL;

    put(GROUP_ON_PROJECT, other_project, group, "reader");
    ck_assert_int_eq(bed_ask(admin, "PUT", member, NULL, NULL, NULL)->status, 204);
    first = login_by_id(bystander, "pw", "project", other_project);
    ck_assert(lives(first));
    ck_assert_int_eq(bed_ask(admin, "DELETE", member, NULL, NULL, NULL)->status, 204);
    ck_assert(!lives(first));
    ck_assert_int_eq(bed_ask(admin, "PUT", member, NULL, NULL, NULL)->status, 204);
    second = login_by_id(bystander, "pw", "project", other_project);
    ck_assert(lives(second));
    ck_assert_int_eq(bed_ask(admin, "DELETE", path, NULL, NULL, NULL)->status, 204);
    ck_assert(!lives(second));
}
END_TEST

/* --- exchanges of one token for another, and the chain that they make */
static char *
exchange(const char *token)
{
    CLEANUP_FREE char *identity = xasprintf("{\"methods\":[\"token\"],\"token\":{\"id\":\"%s\"}}", token);
    CLEANUP_FREE char *scope = xasprintf("{\"project\":{\"id\":\"%s\"}}", project);

    return bed_login_as(identity, scope);
}

START_TEST(a_whole_chain_is_revoked_by_its_first_audit_id)
{
    CLEANUP_FREE char *first = login_by_id(user, "pw", NULL, NULL);
    CLEANUP_FREE char *second = exchange(first);
    CLEANUP_FREE char *third = exchange(second);
    CLEANUP_FREE char *apart = login_by_id(user, "pw", "project", project);
    CLEANUP_FREE char *headers = xasprintf("X-Subject-Token: %s\n", third);
    CLEANUP_FREE char *chain = NULL;
    CLEANUP_TX struct tx *tx = NULL;
    struct revocation what = { 0 };
    const struct wire_reply *r = bed_ask(admin, "GET", "/v3/auth/tokens", NULL, headers, NULL);
    json_t *ids = json_object_get(json_object_get(r->json, "token"), "audit_ids");

    ck_assert_uint_eq(json_array_size(ids), 2);
    chain = xstrdup(json_string_value(json_array_get(ids, 1)));
    what.chain_id = chain;
    expect_ok(tx_begin(bed.catalog, TX_WRITE, &tx, err));
    expect_ok(revoke_add(tx, &what, 0, err));
    expect_ok(identity_changed(tx, err));
    expect_ok(tx_commit(steal(&tx), err));
    ck_assert(!lives(first) && !lives(second) && !lives(third));
    ck_assert(lives(apart));
}
END_TEST

/* One token of a chain is revoked alone: the others were handed out for it and still stand. */
START_TEST(a_single_token_is_revoked_alone)
{
    CLEANUP_FREE char *first = login_by_id(user, "pw", NULL, NULL);
    CLEANUP_FREE char *second = exchange(first);
    CLEANUP_FREE char *headers = xasprintf("X-Subject-Token: %s\n", second);

    ck_assert_int_eq(bed_ask(second, "DELETE", "/v3/auth/tokens", NULL, headers, NULL)->status, 204);
    ck_assert(!lives(second));
    ck_assert(lives(first));
    ck_assert_int_eq(bed_ask(admin, "DELETE", "/v3/auth/tokens", NULL, headers, NULL)->status, 404);
}
END_TEST

/* --- cost */
static int64_t
rows_in(const char *sql)
{
    CLEANUP_TX struct tx *tx = NULL;
    int64_t n = -1;

    expect_ok(tx_begin(bed.catalog, TX_READ, &tx, err));
    expect_ok(tx_int(tx, &n, -1, err, sql, ""));
    return n;
}

/* Nothing of a token is kept, and one row ends any number of them. */
START_TEST(thousands_of_tokens_leave_nothing_behind_and_one_row_ends_them)
{
    CLEANUP_FREE char *first = login_by_id(user, "pw", "project", project);
    char *some[8] = { NULL };
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s", user);
    int64_t rows = rows_in("select count(*) from revocations");
    unsigned before;

    for (int i = 0; i < 2000; i++) {
        char *token = exchange(first);

        ck_assert_ptr_nonnull(token);
        if (i < 8)
            some[i] = token;
        else
            free(token);
    }
    ck_assert_int_eq(rows_in("select count(*) from revocations"), rows);
    before = revoke_count();
    ck_assert_int_eq(bed_ask(admin, "PATCH", path, NULL, NULL, "{\"user\":{\"enabled\":false}}")->status, 200);
    for (int i = 0; i < 8; i++) {
        ck_assert(!lives(some[i]));
        free(some[i]);
    }
    ck_assert_int_eq(rows_in("select count(*) from revocations"), rows + 1);
    ck_assert_uint_eq(revoke_count(), before + 1);
}
END_TEST

/* What no live token can meet is forgotten, in the catalog and in memory. */
START_TEST(revocations_do_not_gather)
{
    CLEANUP_FREE char *path = xasprintf("/v3/users/%s", user);

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 20; i++) {
            ck_assert_int_eq(bed_ask(admin, "PATCH", path, NULL, NULL, "{\"user\":{\"enabled\":false}}")->status, 200);
            ck_assert_int_eq(bed_ask(admin, "PATCH", path, NULL, NULL, "{\"user\":{\"enabled\":true}}")->status, 200);
        }
        clock_move(5 * 3600 * 1000000LL);       /* longer than a token lives */
        free(admin);
        admin = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    }
    ck_assert_int_eq(bed_ask(admin, "PATCH", path, NULL, NULL, "{\"user\":{\"enabled\":false}}")->status, 200);
    identity_refresh();
    ck_assert_int_le(rows_in("select count(*) from revocations"), 22);
    ck_assert_uint_le(revoke_count(), 22);
    clock_move(-15 * 3600 * 1000000LL);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("the end of tokens");
    TCase *tc = tcase_create("revocation");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, tokens_die_at_once_with_what_they_stand_on_and_only_they, 0, ARRAY_LEN(ends_));
    tcase_add_test(tc, a_role_that_is_deleted_is_gone_from_every_token);
    tcase_add_test(tc, leaving_a_group_takes_its_roles_from_the_tokens_that_are_out);
    tcase_add_test(tc, a_whole_chain_is_revoked_by_its_first_audit_id);
    tcase_add_test(tc, a_single_token_is_revoked_alone);
    tcase_add_test(tc, thousands_of_tokens_leave_nothing_behind_and_one_row_ends_them);
    tcase_add_test(tc, revocations_do_not_gather);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
