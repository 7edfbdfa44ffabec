/* identity_compliance_test.c: what [security_compliance] demands of passwords and logins, from request to reply. */
#include "config.h"
#include "identity_testing.h"

#include "base/clock.h"
#include "base/json.h"
#include "identity/compliance.h"
#include "identity/password.h"
#include "unit.h"

#define DAY INT64_C(86400000000)
#define SECTION "[security_compliance]\n"

static char *admin, *user, *path, *password_path;
static int64_t moved;

static void
setup(void)
{
    bed_open();
    admin = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    user = bed_make(admin, "/v3/users", "user", "{\"name\":\"ann\",\"password\":\"one1\"}");
    path = xasprintf("/v3/users/%s", user);
    password_path = xasprintf("%s/password", path);
    moved = 0;
}

static void
teardown(void)
{
    clock_move(-moved);
    free(admin);
    free(user);
    free(path);
    free(password_path);
    bed_close();
}

static void
later(int64_t us)
{
    clock_move(us);
    moved += us;
}

/* The administrator's old token may be over. */
static void
admin_again(void)
{
    free(admin);
    admin = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    ck_assert_ptr_nonnull(admin);
}

static int
logs_in(const char *name, const char *secret)
{
    CLEANUP_FREE char *token = bed_login(name, secret, NULL);

    return token != NULL;
}

static int
change(const char *old, const char *new)
{
    CLEANUP_FREE char *body = xasprintf("{\"user\":{\"original_password\":\"%s\",\"password\":\"%s\"}}", old, new);

    return bed_ask(NULL, "POST", password_path, NULL, NULL, body)->status;
}

static const struct wire_reply *
patch(const char *fields)
{
    CLEANUP_FREE char *body = xasprintf("{\"user\":%s}", fields);

    return bed_ask(admin, "PATCH", path, NULL, NULL, body);
}

/* The text of a refused login; malloc'd. */
static char *
refusal(const char *name, const char *secret)
{
    CLEANUP_FREE char *body = xasprintf("{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"%s\",\"password\":\"%s\","
                                        "\"domain\":{\"id\":\"default\"}}}}}}", name, secret);
    const struct wire_reply *r = bed_ask(NULL, "POST", "/v3/auth/tokens", NULL, NULL, body);

    ck_assert_int_eq(r->status, 401);
    return xstrdup(r->text);
}

/* --- lockout */
START_TEST(failures_in_a_row_lock_a_user_out_until_the_time_is_over)
{
    bed_configure(SECTION "lockout_failure_attempts = 3\nlockout_duration = 60\n");
    for (int i = 0; i < 2; i++)
        ck_assert(!logs_in("ann", "bad"));
    ck_assert(logs_in("ann", "one1"));          /* and the count begins anew */
    for (int i = 0; i < 3; i++)
        ck_assert(!logs_in("ann", "bad"));
    ck_assert(!logs_in("ann", "one1"));
    ck_assert_int_eq(change("one1", "two2"), 401);
    later(59 * 1000000);
    ck_assert(!logs_in("ann", "bad"));          /* does not make it longer */
    later(2 * 1000000);
    ck_assert(logs_in("ann", "one1"));
    ck_assert(logs_in("admin", PASSWORD));
}
END_TEST

/* OSSA-2021-003: neither words nor work tell a stranger that an account is locked, disabled or not there. */
START_TEST(a_locked_user_looks_like_none_to_strangers)
{
    CLEANUP_FREE char *nobody = refusal("nobody", "bad");
    CLEANUP_FREE char *wrong = refusal("ann", "bad");
    CLEANUP_FREE char *locked = NULL;
    CLEANUP_FREE char *locked_right = NULL;
    CLEANUP_FREE char *disabled = NULL;
    unsigned long before, after, remembered;

    bed_configure(SECTION "lockout_failure_attempts = 1\n");
    free(refusal("ann", "bad"));
    password_counts(&before, &remembered);
    locked = refusal("ann", "bad");
    password_counts(&after, &remembered);
    ck_assert_uint_eq(after, before + 1);
    locked_right = refusal("ann", "one1");
    ck_assert_int_eq(patch("{\"enabled\":false}")->status, 200);
    disabled = refusal("ann", "one1");
    ck_assert_str_eq(nobody, wrong);
    ck_assert_str_eq(nobody, locked);
    ck_assert_str_eq(nobody, locked_right);
    ck_assert_str_eq(nobody, disabled);
}
END_TEST

START_TEST(an_administrator_unlocks_by_enabling)
{
    bed_configure(SECTION "lockout_failure_attempts = 2\nlockout_duration = 0\n");
    for (int i = 0; i < 2; i++)
        ck_assert(!logs_in("ann", "bad"));
    later(3000 * DAY);
    ck_assert(!logs_in("ann", "one1"));         /* for ever */
    admin_again();
    ck_assert_int_eq(patch("{\"enabled\":true}")->status, 200);
    ck_assert(logs_in("ann", "one1"));
}
END_TEST

START_TEST(the_operator_lets_a_locked_and_disabled_admin_in)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct identity_bootstrap b = { .base_url = BASE_URL, .admin_password = "third3", .reset_password = 1 };

    bed_configure(SECTION "lockout_failure_attempts = 1\nlockout_duration = 0\nchange_password_upon_first_use = yes\n");
    ck_assert(!logs_in("admin", "bad"));
    ck_assert(!logs_in("admin", PASSWORD));
    ck_assert_int_eq(identity_set_password(bed.catalog, NULL, "admin", "second2", &err), 0);
    ck_assert(logs_in("admin", "second2"));
    ck_assert(!logs_in("admin", "bad"));
    ck_assert_int_eq(identity_bootstrap(bed.catalog, &b, &err), 0);
    ck_assert(logs_in("admin", "third3"));
    ck_assert(!logs_in("admin", "second2"));
    ck_assert_int_eq(identity_set_password(bed.catalog, "Default", "nobody", "x", &err), -1);
    ck_assert_int_eq(err.code, CAIRN_NOT_FOUND);
}
END_TEST

START_TEST(a_user_whose_option_says_so_is_never_locked)
{
    bed_configure(SECTION "lockout_failure_attempts = 1\n");
    ck_assert_int_eq(patch("{\"options\":{\"ignore_lockout_failure_attempts\":true}}")->status, 200);
    for (int i = 0; i < 3; i++)
        ck_assert(!logs_in("ann", "bad"));
    ck_assert(logs_in("ann", "one1"));
}
END_TEST

START_TEST(without_configuration_failures_are_not_written)
{
    CLEANUP_TX struct tx *tx = NULL;
    struct cairn_error err = CAIRN_ERROR_INIT;
    int64_t count;

    ck_assert(!logs_in("ann", "bad"));
    ck_assert(logs_in("ann", "one1"));
    ck_assert_int_eq(tx_begin(bed.catalog, TX_READ, &tx, &err), 0);
    ck_assert_int_eq(tx_int(tx, &count, -1, &err, "select failed_count + coalesce(active_day, 0) from users where id = ?", "s", user), 0);
    ck_assert_int_eq(count, 0);
}
END_TEST

/* --- expiry */
START_TEST(a_password_expires_and_can_still_be_changed)
{
    CLEANUP_FREE char *told = NULL;
    CLEANUP_FREE char *stranger = NULL;
    const struct wire_reply *r;

    bed_configure(SECTION "password_expires_days = 30\n");
    ck_assert(logs_in("ann", "one1"));                  /* set before: has no end */
    r = patch("{\"password\":\"two2\"}");
    ck_assert_ptr_nonnull(bed_text(r, "user.password_expires_at"));
    later(29 * DAY);
    ck_assert(logs_in("ann", "two2"));
    later(1 * DAY + 1000000);
    told = refusal("ann", "two2");
    ck_assert_ptr_nonnull(strstr(told, "The password is expired and needs to be changed for user"));
    stranger = refusal("ann", "bad");
    ck_assert_ptr_null(strstr(stranger, "expired"));
    ck_assert_int_eq(change("bad", "three3"), 401);
    ck_assert_int_eq(change("two2", "three3"), 204);
    ck_assert(logs_in("ann", "three3"));
    admin_again();
    ck_assert_int_eq(patch("{\"options\":{\"ignore_password_expiry\":true},\"password\":\"four4\"}")->status, 200);
    r = bed_ask(admin, "GET", path, NULL, NULL, NULL);
    ck_assert_ptr_null(bed_text(r, "user.password_expires_at"));
    later(100 * DAY);
    ck_assert(logs_in("ann", "four4"));
}
END_TEST

static int
listed(const char *where, const char *query)
{
    const struct wire_reply *r = bed_ask(admin, "GET", where, query, NULL, NULL);

    ck_assert_msg(r->status == 200, "%s?%s: %s", where, query, r->text);
    return (int)json_array_size(json_object_get(r->json, "users"));
}

START_TEST(users_are_found_by_when_their_password_expires)
{
    CLEANUP_FREE char *group = bed_make(admin, "/v3/groups", "group", "{\"name\":\"g\"}");
    CLEANUP_FREE char *member = xasprintf("/v3/groups/%s/users/%s", group, user);
    CLEANUP_FREE char *members = xasprintf("/v3/groups/%s/users", group);
    CLEANUP_FREE char *exact = NULL;
    static const struct { const char *query; int hits; } cases[] = {
        { "password_expires_at=lt:2200-01-01T00:00:00Z", 1 }, { "password_expires_at=gt:2200-01-01T00:00:00Z", 0 },
        { "password_expires_at=lte:2200-01-01T00:00:00Z", 1 }, { "password_expires_at=gte:2001-01-01T00:00:00Z", 1 },
        { "password_expires_at=neq:2001-01-01T00:00:00Z", 1 }, { "password_expires_at=eq:2001-01-01T00:00:00Z", 0 },
    };

    bed_configure(SECTION "password_expires_days = 30\n");
    exact = xasprintf("password_expires_at=%s", bed_text(patch("{\"password\":\"two2\"}"), "user.password_expires_at"));
    ck_assert_int_eq(bed_ask(admin, "PUT", member, NULL, NULL, NULL)->status, 204);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ck_assert_int_eq(listed("/v3/users", cases[i].query), cases[i].hits);
        ck_assert_int_eq(listed(members, cases[i].query), cases[i].hits);
    }
    ck_assert_int_eq(listed("/v3/users", exact), 1);
    ck_assert_int_eq(bed_ask(admin, "GET", "/v3/users", "password_expires_at=soon", NULL, NULL)->status, 400);
}
END_TEST

START_TEST(a_first_password_must_be_changed_before_it_logs_in)
{
    CLEANUP_FREE char *bob = NULL;
    CLEANUP_FREE char *service = NULL;

    bed_configure(SECTION "change_password_upon_first_use = yes\n");
    ck_assert(logs_in("ann", "one1"));
    bob = bed_make(admin, "/v3/users", "user", "{\"name\":\"bob\",\"password\":\"one1\"}");
    service = bed_make(admin, "/v3/users", "user", "{\"name\":\"svc\",\"password\":\"one1\",\"options\":{\"ignore_change_password_upon_first_use\":true}}");
    ck_assert(!logs_in("bob", "one1"));
    ck_assert(logs_in("svc", "one1"));
    free(password_path);
    password_path = xasprintf("/v3/users/%s/password", bob);
    ck_assert_int_eq(change("one1", "two2"), 204);
    ck_assert(logs_in("bob", "two2"));
    ck_assert_int_eq(patch("{\"password\":\"reset5\"}")->status, 200);
    ck_assert(!logs_in("ann", "reset5"));
}
END_TEST

/* --- history, age, looks */
START_TEST(last_passwords_are_not_taken_again_but_by_an_administrator)
{
    bed_configure(SECTION "unique_last_password_count = 2\n");
    ck_assert_int_eq(change("one1", "two2"), 204);
    ck_assert_int_eq(change("two2", "two2"), 400);
    ck_assert_int_eq(change("two2", "one1"), 400);
    ck_assert_int_eq(change("two2", "three3"), 204);
    ck_assert_int_eq(change("three3", "one1"), 204);
    ck_assert_int_eq(patch("{\"password\":\"three3\"}")->status, 200);
    ck_assert(logs_in("ann", "three3"));
    ck_assert(!logs_in("ann", "one1"));                 /* history opens nothing */
    ck_assert_int_eq(patch("{\"password\":null}")->status, 200);
    ck_assert(!logs_in("ann", "three3"));
}
END_TEST

START_TEST(a_password_of_ones_own_must_be_kept_for_a_while)
{
    bed_configure(SECTION "minimum_password_age = 2\n");
    ck_assert_int_eq(change("one1", "two2"), 204);      /* an administrator had set that one */
    ck_assert_int_eq(change("two2", "three3"), 400);
    later(DAY);
    ck_assert_int_eq(change("two2", "three3"), 400);
    later(DAY + 1000000);
    ck_assert_int_eq(change("two2", "three3"), 204);
    admin_again();
    ck_assert_int_eq(patch("{\"password\":\"reset5\"}")->status, 200);
    ck_assert_int_eq(change("reset5", "four4"), 204);
}
END_TEST

START_TEST(a_password_that_does_not_look_right_is_refused_in_the_operators_words)
{
    const struct wire_reply *r;

    bed_configure(SECTION "password_regex = ^(?=.*\\d)(?=.*[a-zA-Z]).{7,}$\npassword_regex_description = seven characters with a letter and a digit\n");
    r = patch("{\"password\":\"short1\"}");
    ck_assert_int_eq(r->status, 400);
    ck_assert_ptr_nonnull(strstr(r->text, "seven characters with a letter and a digit"));
    ck_assert_ptr_null(strstr(r->text, "short1"));
    ck_assert_int_eq(bed_ask(admin, "POST", "/v3/users", NULL, NULL, "{\"user\":{\"name\":\"x\",\"password\":\"nodigits\"}}")->status, 400);
    ck_assert_int_eq(change("one1", "alsobad"), 400);
    ck_assert_int_eq(change("bad", "alsobad"), 401);    /* nobody learns the rules without the password */
    ck_assert_int_eq(change("one1", "longenough1"), 204);
    ck_assert_int_eq(patch("{\"name\":\"ann\"}")->status, 200);
}
END_TEST

START_TEST(an_expression_that_could_run_for_ever_does_not)
{
    CLEANUP_STR struct str body = STR_INIT;

    bed_configure(SECTION "password_regex = ^(a+)+$\n");
    str_add(&body, "{\"password\":\"");
    for (int i = 0; i < 400; i++)
        str_add_c(&body, 'a');
    str_add(&body, "!\"}");
    ck_assert_int_eq(patch(body.text)->status, 400);
}
END_TEST

START_TEST(a_locked_password_is_changed_by_administrators_alone)
{
    ck_assert_int_eq(patch("{\"options\":{\"lock_password\":true}}")->status, 200);
    ck_assert_int_eq(change("one1", "two2"), 400);
    ck_assert_int_eq(patch("{\"password\":\"two2\"}")->status, 200);
    ck_assert(logs_in("ann", "two2"));
    ck_assert_int_eq(patch("{\"options\":{\"no_such\":true}}")->status, 400);
}
END_TEST

/* --- inactivity */
START_TEST(who_stays_away_for_too_long_counts_as_disabled)
{
    CLEANUP_FREE char *token = NULL;
    const struct wire_reply *r;

    bed_configure("[identity]\ntoken_lifetime = 7d\n" SECTION "disable_user_account_days_inactive = 5\n");
    ck_assert_int_eq(patch("{\"options\":{\"ignore_user_inactivity\":false}}")->status, 200);
    later(3 * DAY);
    token = bed_login("ann", "one1", NULL);
    ck_assert_ptr_nonnull(token);
    admin_again();
    later(4 * DAY);
    ck_assert(logs_in("ann", "one1"));
    ck_assert(logs_in("admin", PASSWORD));
    later(5 * DAY);
    ck_assert(!logs_in("ann", "one1"));
    ck_assert(!logs_in("admin", PASSWORD));             /* everybody; the operator lets them in */
    ck_assert_int_eq(identity_set_password(bed.catalog, NULL, "admin", PASSWORD, NULL), 0);
    admin_again();
    r = bed_ask(admin, "GET", path, NULL, NULL, NULL);
    ck_assert(json_is_false(json_object_get(json_object_get(r->json, "user"), "enabled")));
    ck_assert_int_eq(listed("/v3/users", "enabled=true"), 1);
    ck_assert_int_eq(listed("/v3/users", "enabled=false"), 1);
    ck_assert_int_eq(patch("{\"enabled\":true}")->status, 200);
    ck_assert(logs_in("ann", "one1"));
    ck_assert_int_eq(patch("{\"options\":{\"ignore_user_inactivity\":true}}")->status, 200);
    later(50 * DAY);
    ck_assert(logs_in("ann", "one1"));
}
END_TEST

/* --- schemes */
START_TEST(an_old_hash_is_renewed_at_the_next_login)
{
    CLEANUP_FREE char *hash = NULL;
    CLEANUP_TX struct tx *tx = NULL;
    struct cairn_error err = CAIRN_ERROR_INIT;

    bed_configure("[identity]\npassword_scheme = bcrypt\npassword_cost = 4\n");
    ck_assert(!logs_in("ann", "bad"));
    ck_assert(logs_in("ann", "one1"));
    ck_assert_int_eq(tx_begin(bed.catalog, TX_READ, &tx, &err), 0);
    ck_assert_int_eq(tx_text(tx, &hash, &err, "select hash from passwords where user_id = ?", "s", user), 0);
    ck_assert_msg(str_starts(hash, "$2b$04$"), "%s", hash);
    ck_assert(logs_in("ann", "one1"));
}
END_TEST

/* --- configuration */
START_TEST(settings_that_cannot_be_are_told_at_the_start)
{
    static const struct config_section sections[] = { { COMPLIANCE_SECTION, "", compliance_keys }, { NULL, NULL, NULL } };
    static const char *const none[] = { NULL };
    static const struct { const char *text, *why; } cases[] = {
        { SECTION "password_regex = ^(a\n", "password_regex" },
        { SECTION "minimum_password_age = 5\npassword_expires_days = 5\n", "minimum_password_age must be less" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cairn_error err = CAIRN_ERROR_INIT;
        struct config *config;

        ck_assert_int_eq(config_load_text(cases[i].text, "test", sections, none, &config, &err), 0);
        ck_assert_int_eq(compliance_open(config, &err), -1);
        ck_assert_int_eq(err.code, CAIRN_INVALID);
        ck_assert_msg(strstr(err.message, cases[i].why) != NULL, "%s", err.message);
        config_free(config);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("identity_compliance");
    TCase *tc = tcase_create("compliance");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, failures_in_a_row_lock_a_user_out_until_the_time_is_over);
    tcase_add_test(tc, a_locked_user_looks_like_none_to_strangers);
    tcase_add_test(tc, an_administrator_unlocks_by_enabling);
    tcase_add_test(tc, the_operator_lets_a_locked_and_disabled_admin_in);
    tcase_add_test(tc, a_user_whose_option_says_so_is_never_locked);
    tcase_add_test(tc, without_configuration_failures_are_not_written);
    tcase_add_test(tc, a_password_expires_and_can_still_be_changed);
    tcase_add_test(tc, users_are_found_by_when_their_password_expires);
    tcase_add_test(tc, a_first_password_must_be_changed_before_it_logs_in);
    tcase_add_test(tc, last_passwords_are_not_taken_again_but_by_an_administrator);
    tcase_add_test(tc, a_password_of_ones_own_must_be_kept_for_a_while);
    tcase_add_test(tc, a_password_that_does_not_look_right_is_refused_in_the_operators_words);
    tcase_add_test(tc, an_expression_that_could_run_for_ever_does_not);
    tcase_add_test(tc, a_locked_password_is_changed_by_administrators_alone);
    tcase_add_test(tc, who_stays_away_for_too_long_counts_as_disabled);
    tcase_add_test(tc, an_old_hash_is_renewed_at_the_next_login);
    tcase_add_test(tc, settings_that_cannot_be_are_told_at_the_start);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
