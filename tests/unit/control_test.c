/* control_test.c: the control socket: both ends, and who may not use it wrongly. */
#include "config.h"
#include <check.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/run.h"
#include "base/str.h"
#include "daemon/control.h"
#include "daemon/control_line.h"
#include "rest/policy.h"
#include "unit.h"

static struct control *control;
static struct cairn_error err;
static struct policy *policy;
static char *policy_file;

static void
setup(void)
{
    struct control_options o = { 0 };

    cairn_error_clear(&err);
    scratch_make();
    o.run_dir = scratch;
    o.policy_file = policy_file = xasprintf("%s/policy.json", scratch);
    ck_assert_int_eq(policy_new(&policy, &err), 0);
    ck_assert_int_eq(policy_add_defaults(policy, (const struct policy_default[]){ { "thing:do", "role:admin", "" }, { NULL, NULL, NULL } }, &err), 0);
    o.policy = policy;
    ck_assert_msg(control_start(&o, &control, &err) == 0, "%s", err.message);
}

static void
teardown(void)
{
    control_stop(control);
    policy_free(policy);
    free(policy_file);
    scratch_drop();
}

static int
ask(const char *text, json_t **ret)
{
    CLEANUP_JSON json_t *request = json_loads(text, 0, NULL);

    cairn_error_clear(&err);
    return control_ask(scratch, request, 10000, ret, &err);
}

static int
raw_connect(void)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(sa.sun_path, sizeof sa.sun_path, "%s/%s", scratch, CONTROL_SOCKET);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

START_TEST(the_daemon_tells_how_it_is)
{
    CLEANUP_JSON json_t *reply = NULL;

    ck_assert_msg(ask("{\"command\":\"status\"}", &reply) == 0, "%s", err.message);
    ck_assert_int_eq(json_int(reply, "pid", 0), getpid());
    ck_assert_str_eq(json_str(reply, "version"), PACKAGE_VERSION);
}
END_TEST

static int
reader_may(void)
{
    const char *const roles[] = { "reader" };
    struct auth who = { .user_id = "u", .project_id = "p", .domain_id = "", .roles = roles, .roles_count = 1 };

    return policy_check(policy, "thing:do", &who, NULL, NULL);
}

START_TEST(policy_is_read_again_and_a_bad_file_changes_nothing)
{
    CLEANUP_JSON json_t *reply = NULL;
    CLEANUP_JSON json_t *again = NULL;

    ck_assert(!reader_may());
    scratch_write("policy.json", "{\"thing:do\": \"role:reader\"}\n");
    ck_assert_msg(ask("{\"command\":\"policy\"}", &reply) == 0, "%s", err.message);
    ck_assert(reader_may());
    scratch_write("policy.json", "{\n\"thing:do\": \"role:admin or\"}\n");
    ck_assert_int_eq(ask("{\"command\":\"policy\"}", &again), -1);
    ck_assert_msg(strstr(err.message, "policy.json:2") != NULL && strstr(err.message, "unchanged") != NULL, "%s", err.message);
    ck_assert(reader_may());
}
END_TEST

START_TEST(log_levels_change_and_wrong_ones_change_nothing)
{
    CLEANUP_JSON json_t *reply = NULL;
    CLEANUP_JSON json_t *after = NULL;
    json_t *none = NULL;

    ck_assert_int_eq(ask("{\"command\":\"log\",\"levels\":\"flow=debug,error\"}", &reply), 0);
    ck_assert_int_eq(log_enabled("flow", CAIRN_LOG_DEBUG), 1);
    ck_assert_int_eq(log_enabled("http", CAIRN_LOG_INFO), 0);
    ck_assert_int_eq(ask("{\"command\":\"log\",\"levels\":\"loud\"}", &none), -1);
    ck_assert_int_eq(ask("{\"command\":\"log\"}", &after), 0);
    ck_assert_str_eq(json_str(after, "levels"), json_str(reply, "levels"));
}
END_TEST

START_TEST(what_is_not_there_is_said)
{
    json_t *reply = NULL;

    ck_assert_int_eq(ask("{\"command\":\"dance\"}", &reply), -1);
    ck_assert_str_eq(err.message, "cairnd knows no command 'dance'");
    ck_assert_int_eq(ask("{}", &reply), -1);
    ck_assert_int_eq(ask("{\"command\":\"drivers\"}", &reply), -1);
    ck_assert_int_eq(ask("{\"command\":\"audit\"}", &reply), -1);
    ck_assert_int_eq(ask("{\"command\":\"reload\",\"kind\":\"storage\",\"instance\":\"x\"}", &reply), -1);
}
END_TEST

START_TEST(rubbish_is_answered_and_the_next_one_served)
{
    CLEANUP_JSON json_t *reply = NULL;
    CLEANUP_STR struct str line = STR_INIT;
    CLEANUP_FREE char *endless = xcalloc(1, CONTROL_REQUEST_MAX + 8192);
    int fd = raw_connect();

    ck_assert_int_eq(control_write_line(fd, 5000, "{{{{", &err), 0);
    ck_assert_int_eq(control_read_line(fd, 5000, CONTROL_REPLY_MAX, &line, &err), 0);
    ck_assert_ptr_nonnull(strstr(line.text, "\"ok\":false"));
    close(fd);
    fd = raw_connect();
    close(fd);                          /* says nothing */
    memset(endless, 'x', CONTROL_REQUEST_MAX + 8191);
    fd = raw_connect();
    control_write_line(fd, 5000, endless, NULL);
    close(fd);
    ck_assert_msg(ask("{\"command\":\"status\"}", &reply) == 0, "%s", err.message);
}
END_TEST

START_TEST(the_socket_is_for_its_owner_alone)
{
    CLEANUP_FREE char *path = xasprintf("%s/%s", scratch, CONTROL_SOCKET);
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(without_a_daemon_the_error_says_where_it_was_looked_for)
{
    json_t *reply = NULL;
    CLEANUP_JSON json_t *request = json_pack("{s:s}", "command", "status");

    ck_assert_int_eq(control_ask("/tmp/no-such-folder", request, 1000, &reply, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.message, "/tmp/no-such-folder/" CONTROL_SOCKET));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("control");
    TCase *t = tcase_create("socket");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_daemon_tells_how_it_is);
    tcase_add_test(t, policy_is_read_again_and_a_bad_file_changes_nothing);
    tcase_add_test(t, log_levels_change_and_wrong_ones_change_nothing);
    tcase_add_test(t, what_is_not_there_is_said);
    tcase_add_test(t, rubbish_is_answered_and_the_next_one_served);
    tcase_add_test(t, the_socket_is_for_its_owner_alone);
    tcase_add_test(t, without_a_daemon_the_error_says_where_it_was_looked_for);
    suite_add_tcase(s, t);
    return run_suite(s);
}
