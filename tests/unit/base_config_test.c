/* base_config_test.c: what a configuration may say and what is answered when it says something else. */
#include "config.h"
#include "unit.h"

#include <cairn/driver.h>

#include "base/config.h"
#include "base/str.h"

static const struct cairn_key daemon_keys[] = {
    CAIRN_KEY_RANGE("port", "8774", 1, 65535, "Where the daemon listens."),
    CAIRN_KEY("state_dir", CAIRN_KEY_PATH, "/var/lib/cairn", "Where all state is kept."),
    CAIRN_KEY("log_level", CAIRN_KEY_STRING, NULL, "How much is logged."),
    CAIRN_KEY("tls", CAIRN_KEY_BOOL, "no", "Whether TLS is spoken."),
    CAIRN_KEY("body_max", CAIRN_KEY_SIZE, "1M", "The largest request."),
    CAIRN_KEY("timeout", CAIRN_KEY_DURATION, "30s", "How long a client may take."),
    CAIRN_KEY("zones", CAIRN_KEY_LIST, "nova", "Zones that exist."),
    { .name = NULL },
};
static const struct cairn_key tls_keys[] = { CAIRN_KEY_REQ("cert", CAIRN_KEY_PATH, "The certificate."), { .name = NULL } };
static const struct config_section sections[] = {
    { "daemon", "The daemon.", daemon_keys }, { "tls", "TLS.", tls_keys }, { NULL, NULL, NULL },
};
static const char *const prefixes[] = { "storage", "network", NULL };

static const struct cairn_key pool_dir = CAIRN_KEY_REQ("dir", CAIRN_KEY_PATH, "Where the volumes lie.");
static const struct cairn_key pool_size = CAIRN_KEY("size", CAIRN_KEY_SIZE, "10G", "How much may be used.");
static const struct cairn_key pool_secret = CAIRN_KEY("secret", CAIRN_KEY_SECRET, NULL, "A secret.");
static const struct cairn_key *const pool_keys[] = { &pool_dir, &pool_size, &pool_secret, NULL };

static struct config *conf;

static void
load(const char *text)
{
    config_free(conf);
    conf = NULL;
    expect_ok(config_load_text(text, "cairn.conf", sections, prefixes, &conf, err));
}

static void
drop(void)
{
    config_free(conf);
    conf = NULL;
    scratch_drop();
}

START_TEST(without_a_file_the_defaults_hold)
{
    expect_ok(config_load(NULL, sections, prefixes, &conf, err));
    ck_assert_int_eq(config_int(conf, "daemon", "port"), 8774);
    ck_assert_str_eq(config_string(conf, "daemon", "state_dir"), "/var/lib/cairn");
    ck_assert_ptr_null(config_string(conf, "daemon", "log_level"));
    ck_assert_int_eq(config_int(conf, "daemon", "tls"), 0);
    ck_assert_int_eq(config_int(conf, "daemon", "body_max"), 1 << 20);
    ck_assert_int_eq(config_int(conf, "daemon", "timeout"), 30000);
    ck_assert_int_eq(config_has_section(conf, "daemon"), 0);
}
END_TEST

START_TEST(a_file_is_read)
{
    FILE *f = fopen(scratch_path("cairn.conf"), "w");

    fputs("# a comment\n[daemon]\nport = 80\n  tls=yes\nzones = a , b,,c ; the last is new\n\n[tls]\ncert = x.pem\n", f);
    fclose(f);
    expect_ok(config_load(scratch_path("cairn.conf"), sections, prefixes, &conf, err));
    ck_assert_int_eq(config_int(conf, "daemon", "port"), 80);
    ck_assert_int_eq(config_int(conf, "daemon", "tls"), 1);
    ck_assert_str_eq(config_string(conf, "daemon", "zones"), "a,b,c");
    ck_assert_int_eq(config_has_section(conf, "daemon"), 1);
}
END_TEST

START_TEST(a_file_that_is_missing_is_named)
{
    expect_error(config_load("/nonexistent/cairn.conf", sections, prefixes, &conf, err), CAIRN_NOT_FOUND, "'/nonexistent/cairn.conf'");
}
END_TEST

static const struct { const char *text; const char *error; } wrong[] = {
    { "[daemon]\n\nprot = 1\n", "cairn.conf:3: unknown key 'prot' in section [daemon]; did you mean 'port'?" },
    { "[daemon]\nqwertz = 1\n", "cairn.conf:2: unknown key 'qwertz' in section [daemon]" },
    { "[deamon]\n", "cairn.conf:1: unknown section [deamon]; did you mean 'daemon'?" },
    { "\n[storge:fast]\n", "cairn.conf:2: unknown section [storge:fast]; did you mean 'storage'?" },
    { "[storage]\n", "needs an instance's name: write [storage:NAME]" },
    { "[storage:]\n", "needs an instance's name" },
    { "[daemon]\nport = 0\n", "cairn.conf:2: '0' is out of range for 'port': from 1 to 65535" },
    { "[daemon]\nport = eighty\n", "cairn.conf:2: 'eighty' is no whole number for 'port'" },
    { "[daemon]\ntls = perhaps\n", "'perhaps' is neither yes nor no for 'tls'" },
    { "[daemon]\nbody_max = much\n", "'much' is no size for 'body_max'" },
    { "[daemon]\ntimeout = long\n", "'long' is no duration for 'timeout'" },
    { "[daemon]\nport = 1\nport = 2\n", "cairn.conf:3: key 'port' of section [daemon] stands in line 2 already" },
    { "[storage:a]\nx = 1\nx = 1\n", "cairn.conf:3: key 'x' of section [storage:a] stands in line 2 already" },
    { "port = 1\n", "cairn.conf:1: key 'port' stands before the first [section]" },
    { "[daemon]\nport\n", "cairn.conf:2: neither '[section]' nor 'key = value'" },
    { "[daemon\n", "cairn.conf:1: " },
    { "[tls]\n", "section [tls] needs key 'cert': The certificate." },
    { "[storage:0123456789012345678901234567890123456789012345678]\n", "cairn.conf:1: a section's name is longer than 48 bytes" },
    { "[storage:a]\n0123456789012345678901234567890123456789012345678901 = 1\n", "cairn.conf:2: a key's name is longer than 48 bytes" },
};

START_TEST(mistakes_are_named_with_file_line_and_remedy)
{
    expect_error(config_load_text(wrong[_i].text, "cairn.conf", sections, prefixes, &conf, err), CAIRN_INVALID, wrong[_i].error);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_refused_not_cut)
{
    CLEANUP_STR struct str s = STR_INIT;

    str_add(&s, "[daemon]\nlog_level = ");
    for (int i = 0; i < 300; i++)
        str_add_c(&s, 'x');
    expect_error(config_load_text(s.text, "cairn.conf", sections, prefixes, &conf, err), CAIRN_INVALID, "cairn.conf:2: the line is longer than");
}
END_TEST

START_TEST(an_indented_key_is_a_key_of_its_own)
{
    load("[daemon]\nlog_level = a\n    port = 81\n");
    ck_assert_str_eq(config_string(conf, "daemon", "log_level"), "a");
    ck_assert_int_eq(config_int(conf, "daemon", "port"), 81);
}
END_TEST

START_TEST(keys_can_be_set_from_the_command_line)
{
    load("[daemon]\nport = 80\n");
    expect_ok(config_set(conf, "daemon", "port", "81", err));
    expect_ok(config_set(conf, "daemon", "port", "82", err));
    ck_assert_int_eq(config_int(conf, "daemon", "port"), 82);
    expect_error(config_set(conf, "daemon", "prot", "1", err), CAIRN_INVALID, "did you mean 'port'?");
    expect_error(config_set(conf, "daemon", "port", "x", err), CAIRN_INVALID, "'x' is no whole number");
    expect_ok(config_set(conf, "storage:new", "driver", "file", err));
    ck_assert_str_eq(config_raw(conf, "storage:new", "driver"), "file");
}
END_TEST

static void
collect(void *arg, const char *section, const char *instance)
{
    str_addf(arg, "%s/%s ", section, instance);
}

START_TEST(instances_come_in_the_order_of_the_file)
{
    CLEANUP_STR struct str s = STR_INIT;

    load("[storage:b]\ndriver = file\n[network:x]\n[storage:a]\n");
    config_each_instance(conf, "storage", collect, &s);
    ck_assert_str_eq(s.text, "storage:b/b storage:a/a ");
    ck_assert_str_eq(config_raw(conf, "storage:b", "driver"), "file");
    ck_assert_ptr_null(config_raw(conf, "storage:a", "driver"));
}
END_TEST

START_TEST(an_instance_is_checked_against_its_driver)
{
    struct config_values *v = NULL;

    load("[storage:fast]\ndriver = file\ndir = pool\nsize = 5G\nenabled = no\n");
    expect_ok(config_check(conf, "storage:fast", pool_keys, "/state", &v, err));
    ck_assert_str_eq(config_values_string(v, "dir"), "/state/pool");
    ck_assert(config_values_int(v, "size") == INT64_C(5) << 30);
    ck_assert_str_eq(config_values_string(v, "driver"), "file");
    ck_assert_int_eq(config_values_int(v, "enabled"), 0);
    ck_assert_ptr_null(config_values_string(v, "secret"));
    ck_assert_ptr_null(config_values_string(v, "nothing"));
    config_values_free(v);
    load("[storage:fast]\ndriver = file\ndir = /pool\n");
    expect_ok(config_check(conf, "storage:fast", pool_keys, "/state", &v, err));
    ck_assert(config_values_int(v, "size") == INT64_C(10) << 30);
    ck_assert_int_eq(config_values_int(v, "enabled"), 1);
    config_values_free(v);
}
END_TEST

START_TEST(mistakes_in_an_instance_are_named)
{
    struct config_values *v = NULL;

    load("[storage:fast]\ndriver = file\ndir = pool\nsiez = 5G\n");
    expect_error(config_check(conf, "storage:fast", pool_keys, "/state", &v, err), CAIRN_INVALID,
                 "cairn.conf:4: unknown key 'siez' in section [storage:fast]; did you mean 'size'?");
    load("[storage:fast]\ndriver = file\n");
    expect_error(config_check(conf, "storage:fast", pool_keys, "/state", &v, err), CAIRN_INVALID, "section [storage:fast] needs key 'dir'");
    load("[storage:fast]\ndir = x\n");
    expect_error(config_check(conf, "storage:fast", pool_keys, "/state", &v, err), CAIRN_INVALID, "section [storage:fast] needs key 'driver'");
    load("[storage:fast]\ndriver = x\n");
    expect_ok(config_check(conf, "storage:fast", NULL, "/state", &v, err));     /* a driver without keys of its own */
    config_values_free(v);
}
END_TEST

START_TEST(a_secret_can_live_in_a_file)
{
    CLEANUP_FREE char *text = NULL;
    CLEANUP_FREE char *value = xasprintf("file:%s", scratch_path("secret"));
    FILE *f = fopen(scratch_path("secret"), "w");

    fputs("s3cret\n", f);
    fclose(f);
    expect_ok(config_parse_value(&pool_secret, value, NULL, &text, NULL, err));
    ck_assert_str_eq(text, "s3cret");
    expect_error(config_parse_value(&pool_secret, "file:/nonexistent/x", NULL, &text, NULL, err), CAIRN_NOT_FOUND, "which holds 'secret'");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("base: configuration");
    TCase *t = tcase_create("config");

    tcase_add_checked_fixture(t, scratch_make, drop);
    tcase_add_test(t, without_a_file_the_defaults_hold);
    tcase_add_test(t, a_file_is_read);
    tcase_add_test(t, a_file_that_is_missing_is_named);
    tcase_add_loop_test(t, mistakes_are_named_with_file_line_and_remedy, 0, (int)ARRAY_LEN(wrong));
    tcase_add_test(t, a_line_that_is_too_long_is_refused_not_cut);
    tcase_add_test(t, an_indented_key_is_a_key_of_its_own);
    tcase_add_test(t, keys_can_be_set_from_the_command_line);
    tcase_add_test(t, instances_come_in_the_order_of_the_file);
    tcase_add_test(t, an_instance_is_checked_against_its_driver);
    tcase_add_test(t, mistakes_in_an_instance_are_named);
    tcase_add_test(t, a_secret_can_live_in_a_file);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
