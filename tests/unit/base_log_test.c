/* base_log_test.c: the form of a line, the levels, and lines that come too often. */
#include "config.h"
#define LOG_MODULE "unit"
#include "unit.h"

#include <regex.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

static void
set_up(void)
{
    scratch_make();
    expect_ok(log_open(scratch_path("log"), CAIRN_LOG_INFO, err));
}

static void
tear_down(void)
{
    expect_ok(log_open(NULL, CAIRN_LOG_INFO, err));
    scratch_drop();
}

static const char *
read_log(const char *name)
{
    static char text[65536];
    FILE *f = fopen(scratch_path(name), "r");
    size_t len;

    ck_assert_ptr_nonnull(f);
    len = fread(text, 1, sizeof text - 1, f);
    text[len] = '\0';
    fclose(f);
    return text;
}

static int
lines(const char *text)
{
    int n = 0;

    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

START_TEST(a_line_has_time_level_module_request_and_text)
{
    const char *form = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z info  unit \\[req-1\\] a=1 b=two\n"
                       "[^ ]+ warn  unit \\[-\\] none\n$";
    regex_t re;

    log_set_request("req-1");
    ck_assert_str_eq(log_request(), "req-1");
    log_info("a=%d b=%s", 1, "two");
    log_set_request(NULL);
    ck_assert_str_eq(log_request(), "");
    log_warn("none");
    log_debug("not at this level");
    ck_assert_int_eq(regcomp(&re, form, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&re, read_log("log"), 0, NULL, 0) == 0, "%s", read_log("log"));
    regfree(&re);
}
END_TEST

START_TEST(a_text_cannot_forge_a_line)
{
    log_set_request("a\nb");
    log_info("one\n2026-01-01T00:00:00.000Z error flow [-] forged \x1b[31m");
    log_set_request("");
    ck_assert_int_eq(lines(read_log("log")), 1);
    ck_assert_ptr_nonnull(strstr(read_log("log"), "[a?b] one\\n2026"));
    ck_assert_ptr_null(strchr(read_log("log"), 0x1b));
}
END_TEST

START_TEST(a_long_text_is_cut)
{
    CLEANUP_STR struct str s = STR_INIT;

    for (int i = 0; i < 10000; i++)
        str_add_c(&s, 'x');
    log_info("%s", s.text);
    ck_assert_uint_le(strlen(read_log("log")), 4096);
    ck_assert(str_ends(read_log("log"), "xxx...\n"));
}
END_TEST

START_TEST(levels_are_set_per_module)
{
    CLEANUP_FREE char *levels = NULL;

    expect_ok(log_set_levels("flow=debug,http=warn,info", err));
    ck_assert_int_eq(log_enabled("flow", CAIRN_LOG_DEBUG), 1);
    ck_assert_int_eq(log_enabled("http", CAIRN_LOG_INFO), 0);
    ck_assert_int_eq(log_enabled("http", CAIRN_LOG_WARN), 1);
    ck_assert_int_eq(log_enabled("other", CAIRN_LOG_INFO), 1);
    ck_assert_int_eq(log_enabled("other", CAIRN_LOG_DEBUG), 0);
    levels = log_get_levels();
    ck_assert_str_eq(levels, "flow=debug,http=warn,info");
    expect_ok(log_set_levels("debug", err));        /* names nobody: the default holds for all again */
    ck_assert_int_eq(log_enabled("http", CAIRN_LOG_DEBUG), 1);
}
END_TEST

START_TEST(wrong_levels_change_nothing)
{
    expect_ok(log_set_levels("flow=debug,warn", err));
    expect_error(log_set_levels("flow=error,loud", err), CAIRN_INVALID, "'loud' is no log level");
    expect_error(log_set_levels("flow=", err), CAIRN_INVALID, "'flow=' is no log level");
    expect_error(log_set_levels("=info", err), CAIRN_INVALID, "names no module");
    ck_assert_int_eq(log_enabled("flow", CAIRN_LOG_DEBUG), 1);
    ck_assert_int_eq(log_enabled("other", CAIRN_LOG_INFO), 0);
}
END_TEST

static void
complain(int n)
{
    log_warn("the disk is slow: %d", n);
}

START_TEST(a_line_that_repeats_is_counted)
{
    for (int i = 0; i < 100; i++)
        complain(1);
    ck_assert_int_eq(lines(read_log("log")), 10);
    clock_move(1500000);
    log_info("something else");
    ck_assert_ptr_nonnull(strstr(read_log("log"), "warn  unit [-] 90 more times: the disk is slow: 1\n"));
    ck_assert_int_eq(lines(read_log("log")), 12);
    complain(1);
    ck_assert_int_eq(lines(read_log("log")), 13);
}
END_TEST

START_TEST(different_lines_from_one_place_are_all_written)
{
    for (int i = 0; i < 100; i++)
        complain(i);
    ck_assert_int_eq(lines(read_log("log")), 100);
}
END_TEST

START_TEST(after_rotation_a_new_file_is_written)
{
    CLEANUP_FREE char *old = xstrdup(scratch_path("log"));

    log_info("before");
    ck_assert_int_eq(rename(old, scratch_path("log.1")), 0);
    log_info("between");
    log_reopen();
    log_info("after");
    ck_assert_int_eq(lines(read_log("log.1")), 2);
    ck_assert_int_eq(lines(read_log("log")), 1);
    ck_assert_ptr_nonnull(strstr(read_log("log"), "after"));
}
END_TEST

START_TEST(a_log_that_cannot_be_opened_is_an_error)
{
    expect_error(log_open("/nonexistent/folder/log", CAIRN_LOG_INFO, err), CAIRN_NOT_FOUND, "cannot open log file '/nonexistent/folder/log'");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("base: log");
    TCase *t = tcase_create("log");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_line_has_time_level_module_request_and_text);
    tcase_add_test(t, a_text_cannot_forge_a_line);
    tcase_add_test(t, a_long_text_is_cut);
    tcase_add_test(t, levels_are_set_per_module);
    tcase_add_test(t, wrong_levels_change_nothing);
    tcase_add_test(t, a_line_that_repeats_is_counted);
    tcase_add_test(t, different_lines_from_one_place_are_all_written);
    tcase_add_test(t, after_rotation_a_new_file_is_written);
    tcase_add_test(t, a_log_that_cannot_be_opened_is_an_error);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
