/* policy_test.c: what the rule language promises. */
#include <config.h>
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "base/str.h"
#include "rest/policy.h"
#include "unit.h"

static struct policy *policy;
static struct cairn_error err;

static const char *
lookup(void *arg, const char *attr)
{
    const char *const *pairs = arg;

    for (; pairs != NULL && pairs[0] != NULL; pairs += 2)
        if (strcmp(pairs[0], attr) == 0)
            return pairs[1];
    return NULL;
}

static const char *const member_roles[] = { "member", "reader" };
static const char *const admin_roles[] = { "Admin" };
static const struct auth member = { .scope = AUTH_PROJECT, .user_id = "u1", .project_id = "p1", .domain_id = "", .roles = member_roles, .roles_count = 2, .refs = 1 };
static const struct auth admin = { .scope = AUTH_SYSTEM, .user_id = "u0", .project_id = "", .domain_id = "", .roles = admin_roles, .roles_count = 1, .is_admin = 1, .refs = 1 };
static const char *const mine[] = { "project_id", "p1", "user_id", "u1", "visibility", "public", "target.user.id", "u1", NULL };
static const char *const theirs[] = { "project_id", "p2", "user_id", "u2", "visibility", "private", NULL };

static void
setup(void)
{
    static const struct policy_default base[] = {
        { "admin_required", "role:admin or is_admin:1", "" }, { "owner", "user_id:%(user_id)s", "" }, { "admin_or_owner", "rule:admin_required or rule:owner", "" }, { 0 },
    };

    memset(&err, 0, sizeof err);
    ck_assert_int_eq(policy_new(&policy, &err), 0);
    ck_assert_int_eq(policy_add_defaults(policy, base, &err), 0);
}

static void
teardown(void)
{
    policy_free(policy);
}

static const struct { const char *rule; int admin_mine, member_mine, member_theirs, nobody; } truths[] = {
    { "",                                                         1, 1, 1, 1 },
    { "@",                                                        1, 1, 1, 1 },
    { "!",                                                        0, 0, 0, 0 },
    { "role:admin",                                               1, 0, 0, 0 },
    { "role:MEMBER",                                              0, 1, 1, 0 },
    { "not role:admin",                                           0, 1, 1, 1 },
    { "role:member and project_id:%(project_id)s",                0, 1, 0, 0 },
    { "role:admin or (role:member and project_id:%(project_id)s)", 1, 1, 0, 0 },
    { "role:admin or role:member and project_id:%(project_id)s",  1, 1, 0, 0 },
    { "(role:admin or role:member) and project_id:%(project_id)s", 0, 1, 0, 0 },
    { "not (role:admin or role:member)",                          0, 0, 0, 1 },
    { "NOT role:admin AND role:member",                           0, 1, 1, 0 },
    { "rule:admin_or_owner",                                      1, 1, 0, 0 },
    { "rule:admin_required",                                      1, 0, 0, 0 },
    { "is_admin:True",                                            1, 0, 0, 0 },
    { "user_id:%(target.user.id)s",                               0, 1, 0, 0 },
    { "user_id:%(no_such)s",                                      0, 0, 0, 0 },
    { "'public':%(visibility)s",                                  1, 1, 0, 1 },
    { "\"public\":%(visibility)s",                                1, 1, 0, 1 },
    { "field:things:visibility=public",                           1, 1, 0, 1 },
    { "system_scope:all",                                         1, 0, 0, 0 },
    { "project_id:p1",                                            0, 1, 1, 0 },
    { "no_credential:p1",                                         0, 0, 0, 0 },
    { "( role:member )",                                          0, 1, 1, 0 },
};

START_TEST(each_form_of_a_rule_has_its_truth)
{
    struct policy_default table[2] = { { "probe", truths[_i].rule, "" }, { 0 } };

    ck_assert_msg(policy_add_defaults(policy, table, &err) == 0, "%s", err.message);
    ck_assert_int_eq(policy_check(policy, "probe", &admin, lookup, (void *)mine), truths[_i].admin_mine);
    ck_assert_int_eq(policy_check(policy, "probe", &member, lookup, (void *)mine), truths[_i].member_mine);
    ck_assert_int_eq(policy_check(policy, "probe", &member, lookup, (void *)theirs), truths[_i].member_theirs);
    ck_assert_int_eq(policy_check(policy, "probe", NULL, lookup, (void *)mine), truths[_i].nobody);
}
END_TEST

static const struct { const char *rule, *says; } wrongs[] = {
    { "role:admin or", "a check is missing" },
    { "role:admin role:member", "'and', 'or' or the end is expected" },
    { "(role:admin", "')' is missing" },
    { "role:admin)", "'and', 'or' or the end is expected" },
    { "admin", "is no check" },
    { "project_id:%(project_id", "must begin '%(attribute)s'" },
    { "project_id:%s", "must begin '%(attribute)s'" },
    { "http://evil/%(x)s", "checks that ask another server are not supported" },
    { "field:things:visibility=~^pub", "patterns are not supported" },
    { "field:visibility", "is expected" },
    { "rule:nobody_defines_me", "refers to 'rule:nobody_defines_me', which nothing defines" },
    { "((((((((((((((((((((((((((((((((((((((((@))))))))))))))))))))))))))))))))))))))))", "nested too deeply" },
};

/* However many terms a rule has, each counts: what was left out under "not" would have allowed. */
START_TEST(long_rules_are_true_to_their_last_term)
{
    CLEANUP_STR struct str rule = STR_INIT;
    struct policy_default table[] = { { "long", NULL, "" }, { "denied", "not rule:long", "" }, { 0 } };

    str_add(&rule, "role:member");
    for (int i = 0; i < 200; i++)
        str_addf(&rule, " or role:r%d", i);
    table[0].rule = rule.text;
    ck_assert_msg(policy_add_defaults(policy, table, &err) == 0, "%s", err.message);
    ck_assert(policy_check(policy, "long", &member, lookup, (void *)(uintptr_t)mine));
    ck_assert(!policy_check(policy, "denied", &member, lookup, (void *)(uintptr_t)mine));
    ck_assert(policy_check(policy, "denied", &admin, lookup, (void *)(uintptr_t)mine));
}
END_TEST

START_TEST(a_wrong_rule_is_refused_with_its_reason)
{
    struct policy_default table[2] = { { "probe", wrongs[_i].rule, "" }, { 0 } };

    ck_assert_int_eq(policy_add_defaults(policy, table, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
    ck_assert_msg(strstr(err.message, wrongs[_i].says) != NULL, "%s", err.message);
}
END_TEST

static int
load(const char *text)
{
    int ok;

    scratch_make();
    ok = policy_load(policy, scratch_write("policy.json", text), &err);
    scratch_drop();
    return ok;
}

START_TEST(a_file_overrides_and_its_removal_restores)
{
    ck_assert_int_eq(policy_check(policy, "admin_required", &member, NULL, NULL), 0);
    ck_assert_msg(load("{\"admin_required\": \"role:member\", \"own_alias\": \"rule:owner\"}") == 0, "%s", err.message);
    ck_assert_int_eq(policy_check(policy, "admin_required", &member, NULL, NULL), 1);
    ck_assert_int_eq(policy_known(policy, "own_alias"), 1);
    ck_assert_int_eq(load("{}"), 0);
    ck_assert_int_eq(policy_check(policy, "admin_required", &member, NULL, NULL), 0);
    ck_assert_int_eq(policy_known(policy, "own_alias"), 0);
    ck_assert_int_eq(policy_check(policy, "own_alias", &member, lookup, (void *)mine), 0);
}
END_TEST

START_TEST(a_bad_file_says_the_line_and_changes_nothing)
{
    ck_assert_int_eq(load("{\n\"owner\": \"@\",\n\"admin_required\": \"role:\"x\"}"), -1);
    ck_assert_int_eq(load("{\n\"owner\": \"@\",\n\"admin_required\": \"role:member and\"}"), -1);
    ck_assert_msg(strstr(err.message, ":3: rule 'admin_required': a check is missing") != NULL, "%s", err.message);
    ck_assert_int_eq(policy_check(policy, "owner", &member, lookup, (void *)theirs), 0);
    ck_assert_int_eq(load("{\"owner\": 5}"), -1);
    ck_assert_int_eq(load("{\"a\": \"rule:b\", \"b\": \"rule:a\"}"), -1);
    ck_assert_msg(strstr(err.message, "refers to itself") != NULL, "%s", err.message);
}
END_TEST

START_TEST(an_unknown_rule_denies)
{
    ck_assert_int_eq(policy_check(policy, "no:such:rule", &admin, lookup, (void *)mine), 0);
    ck_assert_int_eq(policy_known(policy, "no:such:rule"), 0);
}
END_TEST

START_TEST(explain_shows_the_tree_of_truths)
{
    CLEANUP_FREE char *text = policy_explain(policy, "admin_or_owner", &member, lookup, (void *)mine);

    ck_assert_ptr_nonnull(strstr(text, "admin_or_owner: allowed (default)"));
    ck_assert_ptr_nonnull(strstr(text, "role:admin: false"));
    ck_assert_ptr_nonnull(strstr(text, "user_id:%(user_id)s: true"));
}
END_TEST

START_TEST(two_defaults_of_one_name_are_refused)
{
    static const struct policy_default same[] = { { "owner", "user_id:%(user_id)s", "" }, { 0 } }, other[] = { { "owner", "@", "" }, { 0 } };

    ck_assert_int_eq(policy_add_defaults(policy, same, &err), 0);
    ck_assert_int_eq(policy_add_defaults(policy, other, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("policy");
    TCase *tc = tcase_create("policy");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, each_form_of_a_rule_has_its_truth, 0, (int)ARRAY_LEN(truths));
    tcase_add_test(tc, long_rules_are_true_to_their_last_term);
    tcase_add_loop_test(tc, a_wrong_rule_is_refused_with_its_reason, 0, (int)ARRAY_LEN(wrongs));
    tcase_add_test(tc, a_file_overrides_and_its_removal_restores);
    tcase_add_test(tc, a_bad_file_says_the_line_and_changes_nothing);
    tcase_add_test(tc, an_unknown_rule_denies);
    tcase_add_test(tc, explain_shows_the_tree_of_truths);
    tcase_add_test(tc, two_defaults_of_one_name_are_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
