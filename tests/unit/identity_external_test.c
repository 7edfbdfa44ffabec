/* identity_external_test.c: users whom a vendor's plugin knows, one by one: no more than the required operations, and rubbish among the answers. */
#include "config.h"
#include "identity_testing.h"

#include "base/config.h"
#include "identity/external.h"
#include "plugin/auth.h"
#include "unit.h"

static struct plugins *plugins;
static struct config *config;
static char *admin;

static void
setup(void)
{
    static const struct config_section none[] = { { NULL, NULL, NULL } };
    static const char *const prefixes[] = { "auth", NULL };
    struct plugins_options o = { .cloud_id = "c", .host_name = "h", .path = TEST_MODULES };

    bed_open();
    expect_ok(config_load_text("[auth:acme]\ndriver = acme\n", "test", none, prefixes, &config, err));
    o.config = config;
    o.state_dir = o.run_dir = scratch;
    expect_ok(plugins_open(&o, &plugins, err));
    expect_ok(plugins_load_all(plugins, err));
    admin = bed_login("admin", PASSWORD, PROJECT_SCOPE);
    free(bed_make(admin, "/v3/domains", "domain", "{\"name\":\"acme\"}"));
    bed_plugins(plugins);
}

static void
teardown(void)
{
    bed_plugins(NULL);
    plugins_close(plugins);
    config_free(config);
    free(admin);
    bed_close();
}

static int
login_status(const char *name, const char *secret)
{
    CLEANUP_FREE char *body = xasprintf("{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"%s\",\"password\":\"%s\","
                                        "\"domain\":{\"name\":\"acme\"}}}}}}", name, secret);

    return bed_ask(NULL, "POST", "/v3/auth/tokens", NULL, NULL, body)->status;
}

static size_t
users_called(const char *name)
{
    CLEANUP_FREE char *query = xasprintf("name=%s", name);

    return json_array_size(json_object_get(bed_ask(admin, "GET", "/v3/users", query, NULL, NULL)->json, "users"));
}

START_TEST(users_are_known_as_they_log_in)
{
    ck_assert_uint_eq(users_called("ann"), 0);
    ck_assert_int_eq(login_status("ann", "annsecret"), 201);
    ck_assert_uint_eq(users_called("ann"), 1);
    ck_assert_int_eq(login_status("ann", "bobsecret"), 401);
    ck_assert_int_eq(login_status("ann", ""), 401);
    ck_assert_int_eq(login_status("bob", "bobsecret"), 401);
    ck_assert_int_eq(login_status("nobody", "x"), 401);
    expect_ok(external_renew_domain(&bed.env, "acme", err));    /* there is no list: nobody is forgotten for it */
    ck_assert_uint_eq(users_called("ann"), 1);
}
END_TEST

START_TEST(rubbish_of_a_plugin_reaches_neither_catalog_nor_client)
{
    ck_assert_int_eq(login_status("bad", "badsecret"), 503);
    ck_assert_uint_eq(users_called("bad"), 0);
    ck_assert_int_eq(login_status("ann", "annsecret"), 201);
}
END_TEST

START_TEST(without_the_plugin_its_users_are_shut_out)
{
    ck_assert_int_eq(login_status("ann", "annsecret"), 201);
    bed_plugins(NULL);
    ck_assert_int_eq(login_status("ann", "annsecret"), 401);
    ck_assert_uint_eq(users_called("ann"), 1);
    bed_plugins(plugins);
    ck_assert_int_eq(login_status("ann", "annsecret"), 201);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("users from elsewhere");
    TCase *tc = tcase_create("external");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, users_are_known_as_they_log_in);
    tcase_add_test(tc, rubbish_of_a_plugin_reaches_neither_catalog_nor_client);
    tcase_add_test(tc, without_the_plugin_its_users_are_shut_out);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
