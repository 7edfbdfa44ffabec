/* flow_test.c: what the engine promises: order, resumption after a crash, undo, retries, calling off, and that nobody waits for the hung. */
#include <config.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/config.h"
#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "flow/flow.h"
#include "plugin/compute.h"
#include "plugin_module.h"
#include "unit_cloud.h"

static char story_path[256];
static struct engine *engine;
static sem_t entered, gate;
static _Atomic int inside, most_inside;

/* The story of what ran survives a crash of the process that wrote it. */
static void
tell(const char *fmt, const char *a, const char *b)
{
    char line[128];
    int fd = open(story_path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    int len = snprintf(line, sizeof line, fmt, a, b);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, line, (size_t)len), len);
    close(fd);
}

static const char *
story(void)
{
    static char text[4096];
    int fd = open(story_path, O_RDONLY);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

    if (fd >= 0)
        close(fd);
    text[len > 0 ? len : 0] = '\0';
    return text;
}

/* The payload says which step shall fail, how, and how often: {"fail": "b", "code": 10, "times": 1}. */
static int
maybe_fail(struct flow_run *run, const char *step, struct cairn_error *e)
{
    const char *fail = json_str(run->payload, "fail");
    int64_t times = json_int(run->payload, "times", 1);

    if (fail == NULL || strcmp(fail, step) != 0 || times <= 0)
        return 0;
    json_object_set_new(run->payload, "times", json_integer(times - 1));
    return cairn_fail(e, (uint32_t)json_int(run->payload, "code", CAIRN_INTERNAL), "step %s does not work", step);
}

static int
do_run(struct flow_run *run, const char *step, struct cairn_error *e)
{
    const char *hold = json_str(run->payload, "hold");
    int now = ++inside;

    if (now > most_inside)
        most_inside = now;
    tell("%s.%s ", run->object_id, step);
    if (hold != NULL && strcmp(hold, step) == 0) {
        sem_post(&entered);
        sem_wait(&gate);
        if (flow_cancelled(run)) {
            inside--;
            return cairn_fail(e, CAIRN_CANCELLED, "called off");
        }
    }
    inside--;
    return maybe_fail(run, step, e);
}

static int run_a(struct flow_run *run, struct cairn_error *e) { return do_run(run, "a", e); }
static int run_b(struct flow_run *run, struct cairn_error *e) { return do_run(run, "b", e); }
static int run_d(struct flow_run *run, struct cairn_error *e) { return do_run(run, "d", e); }
static int undo_a(struct flow_run *run, struct cairn_error *e) { (void)e; tell("%s.-%s ", run->object_id, "a"); return 0; }
static int undo_b(struct flow_run *run, struct cairn_error *e) { tell("%s.-%s ", run->object_id, "b"); return maybe_fail(run, "-b", e); }
static int undo_d(struct flow_run *run, struct cairn_error *e) { (void)e; tell("%s.-%s ", run->object_id, "d"); return 0; }

/* Records count in the catalog: exactly once each, whatever happened. */
static int
count(struct tx *tx, struct flow_run *run, const char *what, int by, struct cairn_error *e)
{
    char name[128];

    snprintf(name, sizeof name, "%s.%s", run->object_id, what);
    if (tx_exec(tx, e, "insert into settings (name, value) values (?, '0') on conflict (name) do nothing", "s", name) < 0)
        return -1;
    return tx_exec(tx, e, "update settings set value = value + ? where name = ?", "is", (int64_t)by, name);
}
static int rec_a(struct flow_run *run, struct tx *tx, struct cairn_error *e) { return count(tx, run, "a", 1, e); }
static int rec_c(struct flow_run *run, struct tx *tx, struct cairn_error *e) { return count(tx, run, "c", 1, e) < 0 ? -1 : maybe_fail(run, "c", e); }
static int unrec_a(struct flow_run *run, struct tx *tx, struct cairn_error *e) { return count(tx, run, "a", -1, e); }
static int unrec_c(struct flow_run *run, struct tx *tx, struct cairn_error *e) { return count(tx, run, "c", -1, e); }
static int begun(struct flow_run *run, struct tx *tx, struct cairn_error *e) { return count(tx, run, "begun", 1, e); }
static int done(struct flow_run *run, struct tx *tx, struct cairn_error *e) { return count(tx, run, "done", 1, e); }

static int
failed(struct flow_run *run, struct tx *tx, const struct cairn_error *cause, struct cairn_error *e)
{
    char name[128];

    snprintf(name, sizeof name, "%s.cause", run->object_id);
    return tx_exec(tx, e, "insert into settings (name, value) values (?, ?)", "ss", name, cause->message) < 0 ? -1 :
           count(tx, run, "failed", 1, e);
}

static const struct flow_step steps[] = {
    { "a", run_a, rec_a, undo_a, unrec_a },
    { "b", run_b, NULL, undo_b, NULL },
    { "nothing", NULL, NULL, NULL, NULL },
    { "c", NULL, rec_c, NULL, unrec_c },
    { "d", run_d, NULL, undo_d, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};
static const struct flow normal = { .kind = "normal", .steps = steps, .begun = begun, .done = done, .failed = failed, .max_attempts = 3,
                                    .event = "compute_test" };
static const struct flow stubborn = { .kind = "stubborn", .steps = steps, .done = done, .failed = failed, .keep_going = 1 };

static int
pause_run(struct flow_run *run, struct cairn_error *e)
{
    CLEANUP_DRIVER struct driver *d = plugins_get(run->plugins, CAIRN_COMPUTE, "one");

    return compute_server_pause(d, run->object_id, e);
}
static const struct flow_step pause_steps[] = { { "pause", pause_run, NULL, NULL, NULL }, { NULL, NULL, NULL, NULL, NULL } };
static const struct flow pausing = { .kind = "pause", .steps = pause_steps, .done = done, .failed = failed, .max_attempts = 1 };

static int
progress_run(struct flow_run *run, struct cairn_error *e)
{
    (void)e;
    run->op->progress(run->op->arg, 0.5);
    sem_post(&entered);
    sem_wait(&gate);
    return 0;
}
static const struct flow_step progress_steps[] = { { "half", progress_run, NULL, NULL, NULL }, { NULL, NULL, NULL, NULL, NULL } };
static const struct flow progressing = { .kind = "progress", .steps = progress_steps };

static void
setup(void)
{
    unit_begin();
    snprintf(story_path, sizeof story_path, "%s/story", scratch);
    sem_init(&entered, 0, 0);
    sem_init(&gate, 0, 0);
    flow_register(&normal);
    flow_register(&stubborn);
    flow_register(&pausing);
    flow_register(&progressing);
}

static void
start(unsigned workers, const char *owner, const char *crash_at)
{
    struct engine_options options = { .catalog = catalog, .plugins = plugins, .config = config, .owner = owner, .workers = workers };

    crash_set(crash_at);

    ck_assert_msg(engine_start(&options, &engine, &err) == 0, "%s", err.message);
}

static void
teardown(void)
{
    engine_stop(engine);
    unit_end();
}

static void
add_at(const char *kind, const char *object, const char *payload, int64_t not_before_us, char ret_id[ID_UUID])
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_JSON json_t *json = json_of_column(payload);
    struct task_new task = { .kind = kind, .object_type = "server", .object_id = object, .host = "", .payload = json,
                             .request_id = "req-test", .not_before_us = not_before_us };

    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_msg(task_add(tx, &task, ret_id, &err) == 0, "%s", err.message);
    ck_assert_int_eq(tx_commit(steal(&tx), &err), 0);
}

static void add(const char *kind, const char *object, const char *payload) { add_at(kind, object, payload, 0, NULL); }

static void
cancel(const char *object)
{
    CLEANUP_TX struct tx *tx = NULL;

    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_int_eq(task_cancel_object(tx, object, &err), 0);
    ck_assert_int_eq(tx_commit(steal(&tx), &err), 0);
}

/* A single text out of the catalog; "" for none. */
static const char *
ask(const char *sql)
{
    static char buf[1200];
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_FREE char *text = NULL;

    ck_assert_int_eq(tx_begin(catalog, TX_READ, &tx, &err), 0);
    ck_assert_msg(tx_text(tx, &text, &err, sql, "") == 0, "%s", err.message);
    snprintf(buf, sizeof buf, "%s", text != NULL ? text : "");
    return buf;
}

static void idle(void) { ck_assert_int_eq(engine_wait_idle(engine, 20000), 0); }

START_TEST(steps_run_in_order_and_record_once)
{
    unit_catalog();
    start(2, "me", NULL);
    add("normal", "x", "{}");
    idle();
    ck_assert_str_eq(story(), "x.a x.b x.d ");
    ck_assert_str_eq(ask("select state from tasks"), "done");
    ck_assert_str_eq(ask("select value from settings where name = 'x.a'"), "1");
    ck_assert_str_eq(ask("select value from settings where name = 'x.c'"), "1");
    ck_assert_str_eq(ask("select value from settings where name = 'x.done'"), "1");
    ck_assert_str_eq(ask("select progress from tasks"), "1.0");
    ck_assert_str_eq(ask("select group_concat(name, ' ') from (select name from timeline where what = 'step' order by seq)"), "a b c d");
}
END_TEST

START_TEST(tasks_added_before_the_start_run_too)
{
    unit_catalog();
    add("normal", "x", "{}");
    start(1, "me", NULL);
    idle();
    ck_assert_str_eq(ask("select state from tasks"), "done");
}
END_TEST

START_TEST(failure_undoes_in_reverse_what_was_done_and_what_failed)
{
    unit_catalog();
    start(2, "me", NULL);
    add("normal", "x", "{\"fail\":\"d\",\"times\":9}");
    idle();
    ck_assert_str_eq(story(), "x.a x.b x.d x.-d x.-b x.-a ");
    ck_assert_str_eq(ask("select state || ' ' || error_code || ' ' || error from tasks"), "failed 14 step d does not work");
    ck_assert_str_eq(ask("select value from settings where name = 'x.a'"), "0");
    ck_assert_str_eq(ask("select value from settings where name = 'x.c'"), "0");
    ck_assert_str_eq(ask("select value from settings where name = 'x.failed'"), "1");
    ck_assert_str_eq(ask("select value from settings where name = 'x.cause'"), "step d does not work");
    ck_assert_str_eq(ask("select count(*) from timeline where what = 'fault' and detail = 'step d does not work'"), "1");
}
END_TEST

START_TEST(record_that_fails_leaves_nothing_of_its_step)
{
    unit_catalog();
    start(2, "me", NULL);
    add("normal", "x", "{\"fail\":\"c\",\"times\":9}");
    idle();
    ck_assert_str_eq(ask("select state from tasks"), "failed");
    ck_assert_str_eq(ask("select count(*) from settings where name = 'x.c' and value <> '0'"), "0");
    ck_assert_str_eq(story(), "x.a x.b x.-b x.-a ");
}
END_TEST

START_TEST(what_may_work_later_is_tried_again_with_backoff)
{
    unit_catalog();
    start(2, "me", NULL);
    add("normal", "x", "{\"fail\":\"b\",\"code\":10,\"times\":2}");
    idle();
    ck_assert_str_eq(story(), "x.a x.b ");
    ck_assert_str_eq(ask("select state || ' ' || attempts || ' ' || error from tasks"), "queued 1 step b does not work");
    clock_move(1100000);
    while (strcmp(story(), "x.a x.b x.b ") != 0)
        usleep(1000);
    idle();
    ck_assert_str_eq(ask("select attempts from tasks"), "2");
    clock_move(1100000);        /* the second pause is longer */
    idle();
    ck_assert_str_eq(story(), "x.a x.b x.b ");
    clock_move(1100000);
    while (strcmp(ask("select state from tasks"), "done") != 0)
        usleep(1000);
    ck_assert_str_eq(story(), "x.a x.b x.b x.b x.d ");
}
END_TEST

START_TEST(attempts_end)
{
    unit_catalog();
    start(2, "me", NULL);
    add("normal", "x", "{\"fail\":\"b\",\"code\":11,\"times\":9}");
    for (int i = 0; i < 3 && strcmp(ask("select state from tasks"), "failed") != 0; i++) {
        idle();
        clock_move(5000000);
        usleep(50000);
    }
    idle();
    ck_assert_str_eq(story(), "x.a x.b x.b x.b x.-b x.-a ");
    ck_assert_str_eq(ask("select state || ' ' || error_code from tasks"), "failed 11");
}
END_TEST

START_TEST(stubborn_flow_is_never_undone)
{
    unit_catalog();
    start(2, "me", NULL);
    add("stubborn", "x", "{\"fail\":\"d\",\"code\":14,\"times\":8}");
    for (int i = 0; i < 30 && strcmp(ask("select state from tasks"), "done") != 0; i++) {
        clock_move(61000000);
        usleep(20000);
        idle();
    }
    ck_assert_str_eq(ask("select state from tasks"), "done");
    ck_assert_ptr_null(strstr(story(), "-"));
}
END_TEST

START_TEST(undo_that_will_not_work_is_passed_over)
{
    unit_catalog();
    start(2, "me", NULL);
    add("normal", "x", "{\"fail\":\"d\"}");
    idle();
    ck_assert_str_eq(ask("select state from tasks"), "failed");
    add("normal", "y", "{\"fail\":\"-b\",\"times\":99,\"hold\":\"b\"}");
    sem_wait(&entered);
    cancel("y");
    sem_post(&gate);
    for (int i = 0; i < 30 && strcmp(ask("select state from tasks where object_id = 'y'"), "cancelled") != 0; i++) {
        idle();
        clock_move(20000000);
        usleep(20000);
    }
    ck_assert_str_eq(ask("select state from tasks where object_id = 'y'"), "cancelled");
    ck_assert_ptr_nonnull(strstr(story(), "y.-a "));
}
END_TEST

START_TEST(called_off_task_is_undone_and_delete_wins)
{
    unit_catalog();
    start(2, "me", NULL);
    add("normal", "x", "{\"hold\":\"b\"}");
    sem_wait(&entered);
    cancel("x");
    add("stubborn", "x", "{}");
    sem_post(&gate);
    idle();
    ck_assert_str_eq(story(), "x.a x.b x.-b x.-a x.a x.b x.d ");
    ck_assert_str_eq(ask("select state || ' ' || error_code from tasks where kind = 'normal'"), "cancelled 12");
    ck_assert_str_eq(ask("select state from tasks where kind = 'stubborn'"), "done");
}
END_TEST

START_TEST(called_off_before_it_began_runs_nothing)
{
    unit_catalog();
    add_at("normal", "x", "{}", clock_us() + INT64_C(3600) * 1000000, NULL);
    start(1, "me", NULL);
    idle();
    ck_assert_str_eq(ask("select state from tasks"), "queued");
    cancel("x");
    idle();
    ck_assert_str_eq(ask("select state from tasks"), "cancelled");
    ck_assert_str_eq(story(), "");
    ck_assert_str_eq(ask("select value from settings where name = 'x.failed'"), "1");
    ck_assert_str_eq(ask("select value from settings where name = 'x.begun'"), "");
}
END_TEST

START_TEST(task_waits_for_its_time)
{
    unit_catalog();
    start(1, "me", NULL);
    add_at("normal", "x", "{}", clock_us() + INT64_C(3600) * 1000000, NULL);
    idle();
    ck_assert_str_eq(story(), "");
    clock_move(INT64_C(3601) * 1000000);
    while (strcmp(ask("select state from tasks"), "done") != 0)
        usleep(1000);
}
END_TEST

START_TEST(tasks_of_one_object_run_in_order_others_beside)
{
    unit_catalog();
    start(4, "me", NULL);
    add("normal", "x", "{\"hold\":\"a\"}");
    sem_wait(&entered);
    add("normal", "x", "{}");
    add("normal", "y", "{}");
    while (strcmp(ask("select state from tasks where object_id = 'y'"), "done") != 0)
        usleep(1000);
    ck_assert_str_eq(story(), "x.a y.a y.b y.d ");
    ck_assert_str_eq(ask("select state from tasks where object_id = 'x' and seq = 2"), "queued");
    sem_post(&gate);
    idle();
    ck_assert_str_eq(story(), "x.a y.a y.b y.d x.b x.d x.a x.b x.d ");
}
END_TEST

START_TEST(workers_are_bounded_and_run_in_parallel)
{
    char name[16];

    unit_catalog();
    start(3, "me", NULL);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "s%d", i);
        add("normal", name, "{\"hold\":\"a\"}");
    }
    for (int i = 0; i < 3; i++)
        sem_wait(&entered);
    usleep(50000);
    ck_assert_int_eq(most_inside, 3);
    for (int i = 0; i < 5; i++)
        sem_post(&gate);
    idle();
    ck_assert_str_eq(ask("select count(*) from tasks where state = 'done'"), "5");
}
END_TEST

START_TEST(unknown_kind_fails_in_words)
{
    unit_catalog();
    start(1, "me", NULL);
    add("nonsense", "x", "{}");
    idle();
    ck_assert_str_eq(ask("select state || ': ' || error from tasks"), "failed: this version knows no work of the kind 'nonsense'");
}
END_TEST

START_TEST(stopped_engine_leaves_tasks_and_the_next_goes_on)
{
    unit_catalog();
    start(1, "me", NULL);
    add("normal", "x", "{\"hold\":\"a\"}");
    sem_wait(&entered);
    struct engine *first = engine;
    sem_post(&gate);
    engine_stop(first);
    engine = NULL;
    start(1, "other", NULL);
    idle();
    ck_assert_str_eq(ask("select state from tasks"), "done");
    ck_assert_str_eq(ask("select value from settings where name = 'x.a'"), "1");
    ck_assert_str_eq(ask("select value from settings where name = 'x.done'"), "1");
}
END_TEST

/* --- crashes: a child process kills itself at a given point; another engine finishes the story */

static const struct { const char *at, *payload, *state, *must; } crashes[] = {
    { "normal:a:before", "{}", "done", "x.a x.b x.d " },
    { "normal:a:run", "{}", "done", "x.a x.a x.b x.d " },
    { "normal:a:record", "{}", "done", "x.a x.b x.d " },
    { "normal:b:before", "{}", "done", "x.a x.b x.d " },
    { "normal:b:run", "{}", "done", "x.a x.b x.b x.d " },
    { "normal:b:record", "{}", "done", "x.a x.b x.d " },
    { "normal:c:before", "{}", "done", "x.a x.b x.b x.d " },
    { "normal:c:record", "{}", "done", "x.a x.b x.d " },
    { "normal:d:run", "{}", "done", "x.a x.b x.d x.d " },
    { "normal:d:record", "{}", "done", "x.a x.b x.d " },
    { "normal:d:undo", "{\"fail\":\"d\",\"times\":9}", "failed", "x.a x.b x.d x.-d x.-d x.-b x.-a " },
    { "normal:b:undo", "{\"fail\":\"d\",\"times\":9}", "failed", "x.a x.b x.d x.-d x.-b x.-b x.-a " },
    { "normal:a:undo", "{\"fail\":\"d\",\"times\":9}", "failed", "x.a x.b x.d x.-d x.-b x.-a x.-a " },
};

START_TEST(killed_at_any_point_it_ends_as_if_nothing_had_been)
{
    int done_well = strcmp(crashes[_i].state, "done") == 0, status;
    pid_t pid = fork();

    if (pid == 0) {
        unit_catalog();
        start(1, "dead", crashes[_i].at);
        add("normal", "x", crashes[_i].payload);
        pause();
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    unit_catalog();
    start(1, "heir", NULL);
    idle();
    ck_assert_str_eq(story(), crashes[_i].must);
    ck_assert_str_eq(ask("select state from tasks"), crashes[_i].state);
    ck_assert_str_eq(ask("select value from settings where name = 'x.begun'"), "1");
    ck_assert_str_eq(ask("select value from settings where name = 'x.a'"), done_well ? "1" : "0");
    ck_assert_str_eq(ask("select value from settings where name = 'x.c'"), done_well ? "1" : "0");
    ck_assert_str_eq(ask(done_well ? "select value from settings where name = 'x.done'" : "select value from settings where name = 'x.failed'"),
                     "1");
}
END_TEST

static struct driver *
load_driver(void)
{
    static const struct config_section sections[] = { { NULL, NULL, NULL } };

    unit_plugins("[compute:one]\ndriver = test\n", sections, TEST_MODULES, NULL);
    ck_assert_msg(plugins_load_all(plugins, &err) == 0, "%s", err.message);
    return plugins_get(plugins, CAIRN_COMPUTE, "one");
}

static void *
hurry(void *arg)
{
    for (;;) {
        usleep(10000);
        clock_move(1000000);
    }
    return arg;
}

/* In a process of its own: what is left behind of the engine ends with it. */
static void
stop_with_a_hung_call(void)
{
    struct test_self *self;
    CLEANUP_STR struct str metrics = STR_INIT;
    pthread_t thread;

    unit_catalog();
    self = driver_self(load_driver());
    start(1, "hung", NULL);
    add("pause", "wait-x", "{}");
    sem_wait(&self->entered);
    clock_move(INT64_C(61) * 1000000);
    do {
        str_reset(&metrics);
        engine_metrics(engine, &metrics);
    } while (strstr(metrics.text, "cairn_workers_hung 1\n") == NULL);
    pthread_create(&thread, NULL, hurry, NULL);
    engine_stop(engine);
    sem_post(&self->gate);              /* it comes back after all: and must touch nothing */
    usleep(50000);
    _exit(0);
}

START_TEST(stop_does_not_wait_for_ever_for_a_hung_call)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        stop_with_a_hung_call();
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    unit_catalog();
    ck_assert_str_eq(ask("select state || ' ' || (lease_owner is null) from tasks"), "running 1");
    struct driver *d = load_driver();
    struct test_self *self = driver_self(d);
    sem_post(&self->gate);
    start(1, "heir", NULL);
    idle();
    ck_assert_str_eq(ask("select state from tasks"), "done");
    driver_put(d);
}
END_TEST

START_TEST(hung_call_blocks_its_own_object_only)
{
    CLEANUP_STR struct str metrics = STR_INIT;
    struct test_self *self;
    struct driver *d;

    unit_catalog();
    d = load_driver();
    self = driver_self(d);
    start(1, "me", NULL);
    add("pause", "wait-x", "{}");
    sem_wait(&self->entered);
    add("pause", "wait-x", "{}");       /* the same object: it waits */
    add("pause", "y", "{}");            /* another: there is no worker for it yet */
    clock_move(INT64_C(61) * 1000000);
    while (strcmp(ask("select state from tasks where object_id = 'y'"), "done") != 0)
        usleep(1000);
    ck_assert_str_eq(ask("select group_concat(state) from (select state from tasks where object_id = 'wait-x' order by seq)"),
                     "running,queued");
    engine_metrics(engine, &metrics);
    ck_assert_ptr_nonnull(strstr(metrics.text, "cairn_workers_hung 1\n"));
    sem_post(&self->gate);
    sem_post(&self->gate);
    idle();
    ck_assert_str_eq(ask("select count(*) from tasks where state = 'done'"), "3");
    ck_assert_str_eq(ask("select count(*) from timeline where what = 'driver' and name = 'one server_pause'"), "3");
    driver_put(d);
}
END_TEST

START_TEST(progress_is_kept)
{
    unit_catalog();
    start(1, "me", NULL);
    add("progress", "x", "{}");
    sem_wait(&entered);
    while (strcmp(ask("select progress from tasks"), "0.5") != 0)
        usleep(1000);
    sem_post(&gate);
    idle();
}
END_TEST

START_TEST(lease_is_renewed_while_a_step_runs)
{
    unit_catalog();
    start(1, "me", NULL);
    add("normal", "x", "{\"hold\":\"a\"}");
    sem_wait(&entered);
    for (int i = 0; i < 5; i++) {
        clock_move(INT64_C(11) * 1000000);
        usleep(20000);
    }
    ck_assert_str_eq(ask("select lease_owner from tasks"), "me");
    char sql[120];
    snprintf(sql, sizeof sql, "select count(*) from tasks where lease_until_us > %lld", (long long)clock_us() + 10000000);
    while (strcmp(ask(sql), "1") != 0)
        usleep(1000);
    sem_post(&gate);
    idle();
    ck_assert_str_eq(story(), "x.a x.b x.d ");
}
END_TEST

START_TEST(action_tells_its_event)
{
    CLEANUP_TX struct tx *tx = NULL;

    unit_catalog();
    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_int_eq(tx_exec(tx, &err, "insert into server_actions (id, server_id, action, request_id, started_us, updated_us)"
                             " values ('A', 'x', 'create', 'req-test', 1, 1)", ""), 0);
    ck_assert_int_eq(tx_commit(steal(&tx), &err), 0);
    start(1, "me", NULL);
    add("normal", "x", "{\"hold\":\"a\",\"fail\":\"b\"}");
    sem_wait(&entered);
    ck_assert_str_eq(ask("select event || ' ' || (started_us > 0) || ' ' || (finished_us is null) from server_action_events"),
                     "compute_test 1 1");
    sem_post(&gate);
    idle();
    ck_assert_str_eq(ask("select result || ' ' || (finished_us > 0) || ' ' || traceback from server_action_events"),
                     "Error 1 step b does not work");
    ck_assert_str_eq(ask("select message from server_actions"), "Error");
}
END_TEST

static _Atomic int ticks, jobs;
static void tick(void *arg) { (void)arg; ticks++; }
static void job(void *arg) { (void)arg; jobs++; }

START_TEST(timers_and_submitted_work)
{
    unit_catalog();
    start(1, "me", NULL);
    engine_every(engine, "tick", 60000, tick, NULL);
    ck_assert_int_eq(ticks, 0);
    clock_move(INT64_C(60001) * 1000);
    while (ticks < 1)
        usleep(500);
    engine_poke(engine, "tick");
    while (ticks < 2)
        usleep(500);
    ck_assert_int_eq(engine_submit(engine, job, NULL), 0);
    while (jobs < 1)
        usleep(500);
}
END_TEST

START_TEST(sweep_removes_what_is_finished_and_old)
{
    CLEANUP_TX struct tx *tx = NULL;

    unit_catalog();
    start(1, "me", NULL);
    add("normal", "x", "{}");
    idle();
    add_at("normal", "y", "{}", clock_us() + INT64_C(3600) * 1000000, NULL);
    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_int_eq(task_sweep(tx, 1, 100, &err), 0);
    ck_assert_int_eq(task_sweep(tx, clock_us() + 1, 2, &err), 0);
    ck_assert_int_eq(tx_commit(steal(&tx), &err), 0);
    ck_assert_str_eq(ask("select group_concat(object_id) from tasks"), "y");
    ck_assert_str_eq(ask("select count(*) from timeline"), "2");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("flow");
    TCase *tc = tcase_create("flow");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, steps_run_in_order_and_record_once);
    tcase_add_test(tc, tasks_added_before_the_start_run_too);
    tcase_add_test(tc, failure_undoes_in_reverse_what_was_done_and_what_failed);
    tcase_add_test(tc, record_that_fails_leaves_nothing_of_its_step);
    tcase_add_test(tc, what_may_work_later_is_tried_again_with_backoff);
    tcase_add_test(tc, attempts_end);
    tcase_add_test(tc, stubborn_flow_is_never_undone);
    tcase_add_test(tc, undo_that_will_not_work_is_passed_over);
    tcase_add_test(tc, called_off_task_is_undone_and_delete_wins);
    tcase_add_test(tc, called_off_before_it_began_runs_nothing);
    tcase_add_test(tc, task_waits_for_its_time);
    tcase_add_test(tc, tasks_of_one_object_run_in_order_others_beside);
    tcase_add_test(tc, workers_are_bounded_and_run_in_parallel);
    tcase_add_test(tc, unknown_kind_fails_in_words);
    tcase_add_test(tc, stopped_engine_leaves_tasks_and_the_next_goes_on);
    tcase_add_loop_test(tc, killed_at_any_point_it_ends_as_if_nothing_had_been, 0, ARRAY_LEN(crashes));
    tcase_add_test(tc, hung_call_blocks_its_own_object_only);
    tcase_add_test(tc, stop_does_not_wait_for_ever_for_a_hung_call);
    tcase_add_test(tc, progress_is_kept);
    tcase_add_test(tc, lease_is_renewed_while_a_step_runs);
    tcase_add_test(tc, action_tells_its_event);
    tcase_add_test(tc, timers_and_submitted_work);
    tcase_add_test(tc, sweep_removes_what_is_finished_and_old);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
