/* plugin_test.c: the loader refuses what is not fit for use, and the wrappers keep what a driver was promised. */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/str.h"
#include "plugin/compute.h"
#include "plugin/plugin.h"
#include "plugin_module.h"
#include "unit_cloud.h"

static const struct config_section sections[] = { { NULL, NULL, NULL } };

static char event_seen[128];

static void
on_event(void *arg, struct driver *d, const struct cairn_event *event)
{
    (void)arg;
    snprintf(event_seen, sizeof event_seen, "%s %u %s", driver_instance(d), event->type, event->object);
}

static void
setup(void)
{
    unsetenv("CAIRN_TEST_TABLE");
    unit_begin();
    unit_plugins("[compute:one]\ndriver = test\nsize = 2G\nfolder = here\n[compute:off]\ndriver = nosuch\nenabled = no\n", sections, TEST_MODULES, on_event);
}

static void
teardown(void)
{
    unit_end();
}

static const struct { const char *how; const char *words; } bad[] = {
    { "null", "returned no table" },
    { "abi", "was built for driver ABI 99; this daemon accepts 1 to 1" },
    { "size", "says that its table has 12 bytes" },
    { "kind", "is of kind 77, which this daemon does not know" },
    { "name", "needs a name of [a-z][a-z0-9_-]*" },
    { "other-name", "calls itself 'prova'; the file's name says 'test'" },
    { "threads", "has the unknown thread model 9" },
    { "key-name", "key 0 needs a name of [a-z][a-z0-9_]*" },
    { "key-default", "the default of key 'count' is wrong" },
    { "key-reserved", "key 'enabled' belongs to the daemon" },
    { "key-twice", "key 'size' is there twice" },
    { "required", "lacks the operation 'server_destroy', which every compute driver must have" },
    { "capability", "lacks the operation 'server_suspend', which a capability that it claims (0x1) stands for" },
};

START_TEST(bad_table_is_refused_in_words)
{
    setenv("CAIRN_TEST_TABLE", bad[_i].how, 1);
    ck_assert_int_eq(plugins_load(plugins, CAIRN_COMPUTE, "compute:one", "one", &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
    ck_assert_msg(strstr(err.message, bad[_i].words) != NULL, "%s", err.message);
    ck_assert_ptr_null(plugins_get(plugins, CAIRN_COMPUTE, NULL));
}
END_TEST

START_TEST(file_without_entry_is_refused)
{
    ck_assert_int_eq(plugins_load_with(plugins, CAIRN_COMPUTE, "/lib/x86_64-linux-gnu/libm.so.6", "m", NULL, 0, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
    ck_assert_msg(strstr(err.message, "does not export cairn_driver_entry") != NULL, "%s", err.message);
}
END_TEST

START_TEST(unknown_driver_is_refused_with_those_there_are)
{
    ck_assert_int_eq(plugins_load_with(plugins, CAIRN_COMPUTE, "tset", "one", NULL, 0, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_NOT_FOUND);
    ck_assert_msg(strstr(err.message, "there is no compute driver 'tset'") != NULL, "%s", err.message);
    ck_assert_msg(strstr(err.message, "there are: test") != NULL, "%s", err.message);
}
END_TEST

START_TEST(driver_of_another_kind_is_refused)
{
    ck_assert_int_eq(plugins_load_with(plugins, CAIRN_STORAGE, TEST_MODULES "/compute-test.so", "one", NULL, 0, &err), -1);
    ck_assert_msg(strstr(err.message, "is a compute driver; a storage driver is wanted") != NULL, "%s", err.message);
}
END_TEST

START_TEST(unknown_setting_is_refused_with_the_nearest)
{
    const struct cairn_pair pair = { "sise", "1G" };

    ck_assert_int_eq(plugins_load_with(plugins, CAIRN_COMPUTE, "test", "one", &pair, 1, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
    ck_assert_msg(strstr(err.message, "has no setting 'sise'; do you mean 'size'?") != NULL, "%s", err.message);
}
END_TEST

static struct driver *
load_one(void)
{
    struct driver *d;

    ck_assert_msg(plugins_load(plugins, CAIRN_COMPUTE, "compute:one", "one", &err) == 0, "%s", err.message);
    d = plugins_get(plugins, CAIRN_COMPUTE, "one");
    ck_assert_ptr_nonnull(d);
    return d;
}

START_TEST(settings_reach_the_driver_parsed)
{
    CLEANUP_DRIVER struct driver *d = load_one();
    struct test_self *self = driver_self(d);
    char path[128];
    struct stat st;

    ck_assert_int_eq(self->host->get_int(self->host->instance, "size"), INT64_C(2) << 30);
    snprintf(path, sizeof path, "%s/here", scratch);
    ck_assert_str_eq(self->host->get_string(self->host->instance, "folder"), path);
    ck_assert_ptr_null(self->host->get_string(self->host->instance, "undeclared"));
    ck_assert_int_eq(stat(self->host->state_dir, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0700);
}
END_TEST

START_TEST(all_sections_load_but_those_switched_off)
{
    ck_assert_msg(plugins_load_all(plugins, &err) == 0, "%s", err.message);
    CLEANUP_DRIVER struct driver *one = plugins_get(plugins, CAIRN_COMPUTE, "one");
    ck_assert_ptr_nonnull(one);
    ck_assert_ptr_null(plugins_get(plugins, CAIRN_COMPUTE, "off"));
    ck_assert_int_eq(plugins_load(plugins, CAIRN_COMPUTE, "compute:one", "one", &err), -1);
    ck_assert_int_eq(err.code, CAIRN_EXISTS);
}
END_TEST

START_TEST(missing_operation_is_unsupported)
{
    CLEANUP_DRIVER struct driver *d = load_one();

    ck_assert_int_eq(compute_server_suspend(d, NULL, "x", &err), -1);
    ck_assert_int_eq(err.code, CAIRN_UNSUPPORTED);
    ck_assert_str_eq(err.message, "the compute driver 'test' cannot do 'server_suspend'");
}
END_TEST

/* A table that ends earlier than ours: what lies beyond is not there, whatever the memory behind it says. */
START_TEST(older_table_is_completed_with_nothing)
{
    setenv("CAIRN_TEST_TABLE", "older", 1);
    ck_assert_int_eq(plugins_load(plugins, CAIRN_COMPUTE, "compute:one", "one", &err), -1);
    ck_assert_msg(strstr(err.message, "lacks the operation 'server_unpause', which a capability") != NULL, "%s", err.message);
}
END_TEST

static int
collect(void *arg, const void *item)
{
    const struct cairn_server_state *s = item;
    char *text = arg;
    size_t len = strlen(text);

    snprintf(text + len, 200 - len, "%s/%s ", s->id, s->reason);
    return 0;
}

START_TEST(lists_are_completed_and_checked)
{
    const struct cairn_pair pair = { "rubbish", "yes" };
    char text[200] = "", rubbish[200] = "";
    struct cairn_sink sink = { collect, text }, other = { collect, rubbish };
    CLEANUP_DRIVER struct driver *d = load_one();

    ck_assert_int_eq(compute_server_list(d, &sink, &err), 0);
    ck_assert_str_eq(text, "one/ two/ ");
    ck_assert_int_eq(plugins_load_with(plugins, CAIRN_COMPUTE, "test", "two", &pair, 1, &err), 0);
    CLEANUP_DRIVER struct driver *two = plugins_get(plugins, CAIRN_COMPUTE, "two");
    ck_assert_int_eq(compute_server_list(two, &other, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INTERNAL);
    ck_assert_str_eq(err.message, "the compute driver 'test' answered 'server_list' with 1 unusable elements among 3");
}
END_TEST

START_TEST(rubbish_becomes_an_internal_error)
{
    CLEANUP_DRIVER struct driver *d = load_one();
    struct cairn_server_state state;
    struct cairn_compute_info info;

    ck_assert_int_eq(compute_server_state(d, "bad-power", &state, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INTERNAL);
    ck_assert_int_eq(compute_server_state(d, "positive", &state, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INTERNAL);
    ck_assert_int_eq(compute_server_state(d, "silent", &state, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INTERNAL);
    ck_assert_str_eq(err.message, "the compute driver 'test' failed 'server_state' without a message (a fault of Cairn or of a driver)");
    ck_assert_int_eq(compute_server_state(d, "rubbish-error", &state, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INTERNAL);
    ck_assert_int_eq(strlen(err.message), sizeof err.message - 1);
    ck_assert_int_eq(err.message[0], '?');
    ck_assert_int_eq(compute_host_info(d, &info, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_INTERNAL);
    ck_assert_int_eq(compute_server_state(d, "fine", &state, &err), 0);
    ck_assert_str_eq(state.id, "fine");
}
END_TEST

static double progress_seen;
static void on_progress(void *arg, double fraction) { (void)arg; progress_seen = fraction; }
static int always(void *arg) { (void)arg; return 1; }

START_TEST(op_carries_progress_and_cancel)
{
    CLEANUP_DRIVER struct driver *d = load_one();
    struct cairn_server server = { .size = sizeof server, .id = "x" };
    struct cairn_op op = { .progress = on_progress, .cancelled = always };

    ck_assert_int_eq(compute_server_create(d, &op, &server, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_CANCELLED);
    ck_assert_double_eq(progress_seen, 1.0);
    ck_assert_int_eq(compute_server_create(d, NULL, &server, &err), 0);
}
END_TEST

START_TEST(children_and_events_of_a_driver)
{
    CLEANUP_DRIVER struct driver *d = load_one();

    ck_assert_msg(compute_server_destroy(d, NULL, "srv", &err) == 0, "%s", err.message);
    ck_assert_str_eq(event_seen, "one 2 srv");
}
END_TEST

struct job { struct driver *d; const char *id; int rc; struct cairn_error err; };

static void *
pause_job(void *arg)
{
    struct job *job = arg;

    job->rc = compute_server_pause(job->d, job->id, &job->err);
    return NULL;
}

/* Waits until 'count' calls are waiting or inside; there is no signal for "waits for its lane", so it looks. */
static void
await_running(unsigned count)
{
    struct driver_running buf[16];

    while (plugins_running(plugins, buf, 16) < count)
        usleep(500);
}

static void
run_three(struct driver *d, const char *const ids[3], int expect_most, const char *expect_order)
{
    struct test_self *self = driver_self(d);
    struct job jobs[3];
    pthread_t threads[3];

    for (int i = 0; i < 3; i++) {
        jobs[i] = (struct job){ .d = d, .id = ids[i] };
        pthread_create(&threads[i], NULL, pause_job, &jobs[i]);
        if (i == 0)
            sem_wait(&self->entered);
        usleep(20000);
    }
    for (int i = 0; i < 3; i++)
        sem_post(&self->gate);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_msg(jobs[i].rc == 0, "%s", jobs[i].err.message);
    }
    ck_assert_int_eq(self->most, expect_most);
    if (expect_order != NULL)
        ck_assert_str_eq(self->order, expect_order);
}

START_TEST(calls_of_one_object_run_in_order_one_at_a_time)
{
    static const char *const ids[] = { "wait-1", "wait-1", "wait-1" };
    CLEANUP_DRIVER struct driver *d = load_one();

    run_three(d, ids, 1, "wait-1 wait-1 wait-1 ");
}
END_TEST

START_TEST(calls_of_different_objects_run_side_by_side)
{
    static const char *const ids[] = { "wait-1", "wait-2", "wait-3" };
    CLEANUP_DRIVER struct driver *d = load_one();

    run_three(d, ids, 3, NULL);
}
END_TEST

START_TEST(serial_driver_runs_one_call_at_a_time)
{
    static const char *const ids[] = { "wait-1", "b", "c" };
    setenv("CAIRN_TEST_TABLE", "serial", 1);
    CLEANUP_DRIVER struct driver *d = load_one();

    run_three(d, ids, 1, "wait-1 b c ");
}
END_TEST

START_TEST(quick_question_about_a_busy_object_gives_up_soon)
{
    CLEANUP_DRIVER struct driver *d = load_one();
    struct test_self *self = driver_self(d);
    struct job busy = { .d = d, .id = "wait-busy" };
    struct cairn_server_state state;
    pthread_t thread;

    pthread_create(&thread, NULL, pause_job, &busy);
    sem_wait(&self->entered);
    ck_assert_int_eq(compute_server_state(d, "wait-busy", &state, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_UNAVAILABLE);
    ck_assert_str_eq(err.message, "compute:one: waited for the call 'server_pause' on wait-busy, which is still running");
    ck_assert_int_eq(compute_server_state(d, "idle", &state, &err), 0);
    sem_post(&self->gate);
    pthread_join(thread, NULL);
    ck_assert_int_eq(compute_server_state(d, "wait-busy", &state, &err), 0);
}
END_TEST

static int overdue_state = -1;
static void on_overdue(void *arg, int on) { (void)arg; __atomic_store_n(&overdue_state, on, __ATOMIC_SEQ_CST); }

static void *
pause_with_op(void *arg)
{
    struct cairn_op op = { .overdue = on_overdue, .request_id = "req-1" };

    driver_set_op(&op);
    pause_job(arg);
    driver_set_op(NULL);
    return NULL;
}

START_TEST(overdue_call_is_told_and_does_not_block_others)
{
    CLEANUP_DRIVER struct driver *d = load_one();
    struct test_self *self = driver_self(d);
    struct job hung = { .d = d, .id = "wait-hung" };
    struct driver_running running;
    struct cairn_health health;
    CLEANUP_STR struct str metrics = STR_INIT;
    pthread_t thread;

    pthread_create(&thread, NULL, pause_with_op, &hung);
    sem_wait(&self->entered);
    await_running(1);
    clock_move(INT64_C(61) * 1000000);
    while (__atomic_load_n(&overdue_state, __ATOMIC_SEQ_CST) != 1)
        usleep(500);
    ck_assert_int_eq(plugins_running(plugins, &running, 1), 1);
    ck_assert_int_eq(running.overdue, 1);
    ck_assert_str_eq(running.operation, "server_pause");
    ck_assert_str_eq(running.object, "wait-hung");
    ck_assert_str_eq(running.request_id, "req-1");
    ck_assert_int_ge(running.for_ms, 61000);
    ck_assert_int_eq(driver_health(d, &health, &err), 0);
    ck_assert_int_eq(health.ok, 0);
    ck_assert_str_eq(health.text, "1 call overran the deadline and did not come back");
    ck_assert_int_eq(compute_server_pause(d, "another", &err), 0);
    ck_assert_int_eq(compute_server_pause(d, "wait-hung", &err), -1);
    ck_assert_int_eq(err.code, CAIRN_UNAVAILABLE);
    ck_assert_str_eq(err.message, "compute:one: waited for the call 'server_pause' on wait-hung, which overran its deadline");
    sem_post(&self->gate);
    pthread_join(thread, NULL);
    ck_assert_int_eq(overdue_state, 0);
    ck_assert_int_eq(driver_health(d, &health, &err), 0);
    ck_assert_int_eq(health.ok, 1);
    plugins_metrics(plugins, &metrics);
    ck_assert_ptr_nonnull(strstr(metrics.text, "cairn_driver_calls_total{kind=\"compute\",instance=\"one\",operation=\"server_pause\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(metrics.text, "cairn_driver_overdue_total{kind=\"compute\",instance=\"one\",operation=\"server_pause\"} 1\n"));
}
END_TEST

START_TEST(start_that_cannot_yet_is_tried_again_on_use)
{
    const struct cairn_pair pair = { "fail_starts", "2" };
    struct cairn_health health;

    ck_assert_msg(plugins_load_with(plugins, CAIRN_COMPUTE, "test", "late", &pair, 1, &err) == 0, "%s", err.message);
    CLEANUP_DRIVER struct driver *d = plugins_get(plugins, CAIRN_COMPUTE, "late");
    struct test_self *self = driver_self(d);
    ck_assert_int_eq(driver_health(d, &health, &err), 0);
    ck_assert_int_eq(health.ok, 0);
    ck_assert_str_eq(health.text, "compute driver 'late' is not ready: the machine sleeps");
    ck_assert_int_eq(compute_server_pause(d, "x", &err), -1);
    ck_assert_int_eq(err.code, CAIRN_UNAVAILABLE);
    ck_assert_int_eq(self->starts, 1);      /* not again within 5 s */
    clock_move(6000000);
    ck_assert_int_eq(compute_server_pause(d, "x", &err), -1);
    ck_assert_int_eq(self->starts, 2);
    clock_move(6000000);
    ck_assert_int_eq(compute_server_pause(d, "x", &err), 0);
    ck_assert_int_eq(self->starts, 3);
}
END_TEST

START_TEST(start_that_never_can_refuses_the_load)
{
    const struct cairn_pair pair = { "fail_starts", "99" };

    ck_assert_int_eq(plugins_load_with(plugins, CAIRN_COMPUTE, "test", "never", &pair, 1, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_DENIED);
    ck_assert_str_eq(err.message, "cannot start the compute driver 'never': the machine sleeps");
}
END_TEST

START_TEST(reload_drains_the_old_instance)
{
    struct driver *old = load_one();
    struct test_self *self = driver_self(old);
    int stopped = 0;

    self->stopped = &stopped;
    ck_assert_msg(plugins_reload(plugins, CAIRN_COMPUTE, "one", &err) == 0, "%s", err.message);
    CLEANUP_DRIVER struct driver *d = plugins_get(plugins, CAIRN_COMPUTE, "one");
    ck_assert_ptr_ne(d, old);
    ck_assert_int_eq(stopped, 0);
    ck_assert_int_eq(compute_server_pause(old, "x", &err), 0);      /* who holds it may finish */
    driver_put(old);
    ck_assert_int_eq(stopped, 1);
    ck_assert_int_eq(compute_server_pause(d, "x", &err), 0);
}
END_TEST

static void
copy_file(const char *from, const char *to)
{
    char command[1024];

    snprintf(command, sizeof command, "cp %s %s.new && mv %s.new %s", from, to, to, to);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(reload_maps_the_file_that_replaced_the_old_one)
{
    char file[128];

    snprintf(file, sizeof file, "%s/compute-test.so", scratch);
    copy_file(TEST_MODULES "/compute-test.so", file);
    ck_assert_msg(plugins_load_with(plugins, CAIRN_COMPUTE, file, "one", NULL, 0, &err) == 0, "%s", err.message);
    CLEANUP_DRIVER struct driver *old = plugins_get(plugins, CAIRN_COMPUTE, "one");
    copy_file(TEST_MODULES "/compute-test.so", file);
    ck_assert_msg(plugins_reload(plugins, CAIRN_COMPUTE, "one", &err) == 0, "%s", err.message);
    CLEANUP_DRIVER struct driver *d = plugins_get(plugins, CAIRN_COMPUTE, "one");
    ck_assert(driver_table(d)->configure != driver_table(old)->configure);      /* other code */
    ck_assert_int_eq(compute_server_pause(d, "x", &err), 0);
}
END_TEST

START_TEST(file_that_all_may_write_is_refused)
{
    char file[128];

    snprintf(file, sizeof file, "%s/compute-test.so", scratch);
    copy_file(TEST_MODULES "/compute-test.so", file);
    ck_assert_int_eq(chmod(file, 0777), 0);
    ck_assert_int_eq(plugins_load_with(plugins, CAIRN_COMPUTE, file, "one", NULL, 0, &err), -1);
    ck_assert_int_eq(err.code, CAIRN_DENIED);
}
END_TEST

START_TEST(dump_tells_keys_and_operations)
{
    char *text = NULL;

    ck_assert_msg(plugin_dump(TEST_MODULES "/compute-test.so", &text, &err) == 0, "%s", err.message);
    ck_assert_ptr_nonnull(strstr(text, "kind: compute\nname: test\n"));
    ck_assert_ptr_nonnull(strstr(text, "  size (size, default \"1G\"): How large.\n"));
    ck_assert_ptr_nonnull(strstr(text, "  server_pause         yes\n"));
    ck_assert_ptr_nonnull(strstr(text, "  server_suspend       no\n"));
    free(text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("plugin");
    TCase *tc = tcase_create("plugin");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, bad_table_is_refused_in_words, 0, ARRAY_LEN(bad));
    tcase_add_test(tc, file_without_entry_is_refused);
    tcase_add_test(tc, unknown_driver_is_refused_with_those_there_are);
    tcase_add_test(tc, driver_of_another_kind_is_refused);
    tcase_add_test(tc, unknown_setting_is_refused_with_the_nearest);
    tcase_add_test(tc, settings_reach_the_driver_parsed);
    tcase_add_test(tc, all_sections_load_but_those_switched_off);
    tcase_add_test(tc, missing_operation_is_unsupported);
    tcase_add_test(tc, older_table_is_completed_with_nothing);
    tcase_add_test(tc, lists_are_completed_and_checked);
    tcase_add_test(tc, rubbish_becomes_an_internal_error);
    tcase_add_test(tc, op_carries_progress_and_cancel);
    tcase_add_test(tc, children_and_events_of_a_driver);
    tcase_add_test(tc, calls_of_one_object_run_in_order_one_at_a_time);
    tcase_add_test(tc, calls_of_different_objects_run_side_by_side);
    tcase_add_test(tc, serial_driver_runs_one_call_at_a_time);
    tcase_add_test(tc, quick_question_about_a_busy_object_gives_up_soon);
    tcase_add_test(tc, overdue_call_is_told_and_does_not_block_others);
    tcase_add_test(tc, start_that_cannot_yet_is_tried_again_on_use);
    tcase_add_test(tc, start_that_never_can_refuses_the_load);
    tcase_add_test(tc, reload_drains_the_old_instance);
    tcase_add_test(tc, reload_maps_the_file_that_replaced_the_old_one);
    tcase_add_test(tc, file_that_all_may_write_is_refused);
    tcase_add_test(tc, dump_tells_keys_and_operations);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
