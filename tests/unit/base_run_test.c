/* base_run_test.c: children run in a clean room, end in time, and tell what they did. */
#include "config.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/run.h"
#include "base/str.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct run_result result;

static int
run(const struct cairn_child *child, struct cairn_error *err)
{
    run_result_free(&result);
    return run_child(child, NULL, NULL, &result, err);
}

static void
drop(void)
{
    run_result_free(&result);
    scratch_drop();
}

START_TEST(output_is_captured)
{
    struct cairn_child child = { .argv = ARGV("sh", "-c", "echo out; echo err >&2") };

    expect_ok(run(&child, err));
    ck_assert_str_eq(result.out, "out\n");
    ck_assert_uint_eq(result.out_len, 4);
    ck_assert_str_eq(result.errtext, "err\n");
    ck_assert_int_eq(result.status, 0);
}
END_TEST

START_TEST(the_shorthand_gives_the_output)
{
    CLEANUP_FREE char *out = NULL;

    expect_ok(run_argv(err, 10000, &out, "echo", "a b", "$HOME", NULL));
    ck_assert_str_eq(out, "a b $HOME\n");       /* no shell in between */
    expect_ok(run_argv(err, 10000, NULL, "true", NULL));
    expect_error(run_argv(err, 10000, NULL, "false", NULL), CAIRN_INTERNAL, "'false' failed with status 1");
}
END_TEST

START_TEST(a_failure_shows_the_command_and_the_last_line)
{
    struct cairn_child child = { .argv = ARGV("sh", "-c", "echo first >&2; echo the reason >&2; exit 3") };

    expect_error(run(&child, err), CAIRN_INTERNAL, "exit 3' failed with status 3: the reason");
    ck_assert_ptr_null(result.out);
}
END_TEST

START_TEST(any_status_is_fine_if_asked_for)
{
    struct cairn_child child = { .argv = ARGV("sh", "-c", "exit 7"), .flags = CAIRN_CHILD_ANY_STATUS };

    expect_ok(run(&child, err));
    ck_assert_int_eq(result.status, 7);
    child.argv = ARGV("sh", "-c", "kill -9 $$");
    expect_ok(run(&child, err));
    ck_assert_int_eq(result.status, 128 + SIGKILL);
}
END_TEST

START_TEST(a_missing_program_is_not_found)
{
    struct cairn_child child = { .argv = ARGV("no-such-program") };

    expect_error(run(&child, err), CAIRN_NOT_FOUND, "'no-such-program' is not installed");
    child.argv = ARGV("/nonexistent/program");
    expect_error(run(&child, err), CAIRN_NOT_FOUND, "cannot run '/nonexistent/program': No such file");
    child.argv = ARGV("/etc/passwd");
    expect_error(run(&child, err), CAIRN_DENIED, "cannot run '/etc/passwd'");
}
END_TEST

START_TEST(input_comes_by_stdin)
{
    CLEANUP_STR struct str big = STR_INIT;
    struct cairn_child child = { .argv = ARGV("cat"), .output_max = 4 << 20 };

    expect_ok(run(&child, err));        /* /dev/null: ends at once */
    ck_assert_str_eq(result.out, "");
    for (int i = 0; i < 300000; i++)
        str_add(&big, "0123456789");
    child.input = big.text;
    child.input_len = big.len;
    expect_ok(run(&child, err));
    ck_assert_uint_eq(result.out_len, big.len);
    ck_assert_mem_eq(result.out, big.text, big.len);
}
END_TEST

START_TEST(output_has_a_bound_and_stderr_keeps_its_end)
{
    struct cairn_child child = { .argv = ARGV("sh", "-c", "seq 1 100000; seq 1 100000 >&2"), .output_max = 10 };

    expect_ok(run(&child, err));
    ck_assert_str_eq(result.out, "1\n2\n3\n4\n5\n");
    ck_assert_uint_eq(strlen(result.errtext), 4096);
    ck_assert(str_ends(result.errtext, "99999\n100000\n"));
}
END_TEST

START_TEST(the_environment_is_clean)
{
    static const char *const extra[] = { "MARK=1", "LANG=xx", NULL };
    struct cairn_child child = { .argv = ARGV("env"), .env = extra };

    setenv("SECRET_OF_THE_DAEMON", "x", 1);
    expect_ok(run(&child, err));
    ck_assert_ptr_null(strstr(result.out, "SECRET"));
    ck_assert_ptr_nonnull(strstr(result.out, "MARK=1\n"));
    ck_assert_ptr_nonnull(strstr(result.out, "LANG=xx\n"));
    ck_assert_ptr_null(strstr(result.out, "LANG=C"));
    ck_assert_ptr_nonnull(strstr(result.out, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"));
}
END_TEST

START_TEST(no_descriptor_is_inherited)
{
    struct cairn_child child = { .argv = ARGV("ls", "/proc/self/fd") };

    for (int i = 0; i < 20; i++)
        ck_assert_int_ge(open("/dev/null", O_RDONLY), 0);      /* without O_CLOEXEC, on purpose */
    expect_ok(run(&child, err));
    ck_assert_str_eq(result.out, "0\n1\n2\n3\n");       /* 3: the folder that ls reads */
}
END_TEST

START_TEST(closed_standard_descriptors_do_no_harm)
{
    struct cairn_child child = { .argv = ARGV("sh", "-c", "cat; echo out; echo err >&2"), .input = "in\n", .input_len = 3 };

    close(0);
    close(1);
    expect_ok(run(&child, err));
    ck_assert_str_eq(result.out, "in\nout\n");
    ck_assert_str_eq(result.errtext, "err\n");
}
END_TEST

START_TEST(signals_are_as_new_in_the_child)
{
    struct cairn_child child = { .argv = ARGV("grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status") };
    unsigned long blocked = 1, ignored = 1;
    sigset_t all;

    signal(SIGPIPE, SIG_IGN);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    expect_ok(run(&child, err));
    ck_assert_int_eq(sscanf(result.out, "SigBlk: %lx SigIgn: %lx", &blocked, &ignored), 2);
    ck_assert_uint_eq(blocked, 0);
    ck_assert_uint_eq(ignored & ~0x180000000ul, 0);     /* 32 and 33 are libc's own */
}
END_TEST

START_TEST(limits_hold)
{
    struct cairn_child child = { .argv = ARGV("sh", "-c", "ulimit -t; ulimit -v; ulimit -c"), .limit_cpu_s = 5, .limit_as_bytes = 1 << 30 };

    expect_ok(run(&child, err));
    ck_assert_str_eq(result.out, "5\n1048576\n0\n");
}
END_TEST

/* The process whose id stands in the file is gone, or dead and not yet collected. */
static int
is_gone(const char *pid_file)
{
    char path[64], state = 'Z';
    int pid = 0;
    FILE *f = fopen(pid_file, "r");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%d", &pid), 1);
    fclose(f);
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    f = fopen(path, "r");
    if (f != NULL) {
        if (fscanf(f, "%*d %*s %c", &state) != 1)
            state = 'Z';
        fclose(f);
    }
    return state == 'Z' || state == 'X';
}

static void
await_gone(const char *pid_file)
{
    for (int i = 0; i < 500 && !is_gone(pid_file); i++)
        usleep(10000);          /* a signal was sent; its receiver needs a moment to die */
    ck_assert(is_gone(pid_file));
}

START_TEST(a_deadline_ends_the_whole_group)
{
    CLEANUP_FREE char *script = xasprintf("sleep 300 & echo $! > %s; wait", scratch_path("pid"));
    struct cairn_child child = { .argv = ARGV("sh", "-c", script), .timeout_ms = 300 };

    expect_error(run(&child, err), CAIRN_TIMEOUT, "did not end within 300 ms and was stopped");
    await_gone(scratch_path("pid"));
}
END_TEST

/* Moves the clock past the deadline, then past the grace, as soon as the child runs. */
static void *
move_when_started(void *arg)
{
    struct stat st;

    for (int i = 0; i < 3; i++) {
        while (stat(arg, &st) < 0 || st.st_size == 0)
            usleep(1000);
        clock_move(INT64_C(3600) * 1000000);
        usleep(600000);         /* longer than the runner's look at the clock */
    }
    return NULL;
}

START_TEST(who_ignores_the_polite_signal_is_killed)
{
    CLEANUP_FREE char *path = xstrdup(scratch_path("pid"));
    CLEANUP_FREE char *script = xasprintf("trap '' TERM; sleep 300 & echo $! > %s; wait; sleep 300", path);
    struct cairn_child child = { .argv = ARGV("sh", "-c", script), .timeout_ms = 3600000 };
    pthread_t mover;

    ck_assert_int_eq(pthread_create(&mover, NULL, move_when_started, path), 0);
    expect_error(run(&child, err), CAIRN_TIMEOUT, "did not end within");
    pthread_join(mover, NULL);
    await_gone(path);
}
END_TEST

static int
is_cancelled(void *arg)
{
    return access(arg, F_OK) == 0;
}

START_TEST(a_cancelled_task_stops_its_child)
{
    CLEANUP_FREE char *path = xstrdup(scratch_path("pid"));
    CLEANUP_FREE char *script = xasprintf("echo $$ > %s; exec sleep 300", path);
    struct cairn_child child = { .argv = ARGV("sh", "-c", script), .timeout_ms = 60000 };

    expect_error(run_child(&child, is_cancelled, path, NULL, err), CAIRN_CANCELLED, "was cancelled");
    await_gone(path);
}
END_TEST

START_TEST(a_daemon_that_keeps_the_pipes_is_not_waited_for)
{
    CLEANUP_FREE char *script = xasprintf("setsid sleep 300 & echo $! > %s; echo done", scratch_path("pid"));
    struct cairn_child child = { .argv = ARGV("sh", "-c", script), .timeout_ms = 30000 };
    int64_t began = clock_mono_ms();
    int pid = 0;
    FILE *f;

    expect_ok(run(&child, err));
    ck_assert_str_eq(result.out, "done\n");
    ck_assert_int_lt(clock_mono_ms() - began, 20000);
    f = fopen(scratch_path("pid"), "r");
    ck_assert_int_eq(fscanf(f, "%d", &pid), 1);
    fclose(f);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
}
END_TEST

START_TEST(a_network_namespace_must_exist_and_have_a_name)
{
    struct cairn_child child = { .argv = ARGV("true"), .netns = "cairn-none" };

    expect_error(run(&child, err), CAIRN_NOT_FOUND, "cannot open network namespace 'cairn-none'");
    child.netns = "../x";
    expect_error(run(&child, err), CAIRN_INVALID, "'../x' cannot be the name");
}
END_TEST

START_TEST(a_child_runs_in_its_network_namespace)
{
    char name[32];
    struct cairn_child child = { .argv = ARGV("ip", "-o", "link"), .netns = name };
    struct cairn_error why = CAIRN_ERROR_INIT;

    snprintf(name, sizeof name, "cairn-unit-%d", (int)getpid());
    if (run_argv(&why, 10000, NULL, "ip", "netns", "add", name, NULL) < 0) {
        printf("SKIP a_child_runs_in_its_network_namespace: %s\n", why.message);
        return;
    }
    expect_ok(run(&child, err));
    expect_ok(run_argv(err, 10000, NULL, "ip", "netns", "del", name, NULL));
    ck_assert(str_starts(result.out, "1: lo:"));
    ck_assert_ptr_null(strstr(result.out, "\n2:"));
}
END_TEST

static int
remember(void *arg, const struct cairn_child *child, struct run_result *ret, struct cairn_error *err)
{
    (void)err;
    for (size_t i = 0; child->argv[i] != NULL; i++)
        str_addf(arg, "%s;", child->argv[i]);
    ret->out = xstrdup("recorded");
    ret->out_len = 8;
    return 0;
}

START_TEST(tests_can_record_instead_of_run)
{
    CLEANUP_STR struct str seen = STR_INIT;
    CLEANUP_FREE char *out = NULL;

    run_record(remember, &seen);
    expect_ok(run_argv(err, 1000, &out, "reboot", "--now", NULL));
    run_record(NULL, NULL);
    ck_assert_str_eq(seen.text, "reboot;--now;");
    ck_assert_str_eq(out, "recorded");
}
END_TEST

static void *
run_some(void *arg)
{
    for (int i = 0; i < 10; i++) {
        CLEANUP_FREE char *out = NULL;

        expect_ok(run_argv(err, 20000, &out, "echo", "x", NULL));
        ck_assert_str_eq(out, "x\n");
    }
    return arg;
}

START_TEST(many_threads_run_children_at_once)
{
    pthread_t threads[8];

    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_some, NULL), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("base: children");
    TCase *t = tcase_create("run");

    tcase_add_checked_fixture(t, scratch_make, drop);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, output_is_captured);
    tcase_add_test(t, the_shorthand_gives_the_output);
    tcase_add_test(t, a_failure_shows_the_command_and_the_last_line);
    tcase_add_test(t, any_status_is_fine_if_asked_for);
    tcase_add_test(t, a_missing_program_is_not_found);
    tcase_add_test(t, input_comes_by_stdin);
    tcase_add_test(t, output_has_a_bound_and_stderr_keeps_its_end);
    tcase_add_test(t, the_environment_is_clean);
    tcase_add_test(t, no_descriptor_is_inherited);
    tcase_add_test(t, closed_standard_descriptors_do_no_harm);
    tcase_add_test(t, signals_are_as_new_in_the_child);
    tcase_add_test(t, limits_hold);
    tcase_add_test(t, a_deadline_ends_the_whole_group);
    tcase_add_test(t, who_ignores_the_polite_signal_is_killed);
    tcase_add_test(t, a_cancelled_task_stops_its_child);
    tcase_add_test(t, a_daemon_that_keeps_the_pipes_is_not_waited_for);
    tcase_add_test(t, a_network_namespace_must_exist_and_have_a_name);
    tcase_add_test(t, a_child_runs_in_its_network_namespace);
    tcase_add_test(t, tests_can_record_instead_of_run);
    tcase_add_test(t, many_threads_run_children_at_once);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
