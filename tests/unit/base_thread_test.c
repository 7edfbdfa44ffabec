/* base_thread_test.c: waits that a moved clock ends, and the pool of workers. */
#include "config.h"
#include "unit.h"

#include "base/clock.h"
#include "base/thread.h"

struct gate {
    struct mutex lock;
    struct cond turn;
    int waiting, open, done;
};

static struct gate gate;

static void
set_up(void)
{
    memset(&gate, 0, sizeof gate);
    mutex_init(&gate.lock);
    cond_init(&gate.turn);
}

static void
tear_down(void)
{
    cond_destroy(&gate.turn);
    mutex_destroy(&gate.lock);
}

/* Waits until 'n' threads stand at the gate, or have gone through. */
static void
await(const int *counter, int n)
{
    mutex_lock(&gate.lock);
    while (*counter < n)
        cond_wait(&gate.turn, &gate.lock);
    mutex_unlock(&gate.lock);
}

static void
open_gate(void)
{
    mutex_lock(&gate.lock);
    gate.open = 1;
    cond_broadcast(&gate.turn);
    mutex_unlock(&gate.lock);
}

static void
pass_gate(void *arg)
{
    (void)arg;
    mutex_lock(&gate.lock);
    gate.waiting++;
    cond_broadcast(&gate.turn);
    while (!gate.open)
        cond_wait(&gate.turn, &gate.lock);
    gate.done++;
    cond_broadcast(&gate.turn);
    mutex_unlock(&gate.lock);
}

static void *
wait_an_hour(void *arg)
{
    struct cond never;
    int *late = arg;

    cond_init(&never);
    mutex_lock(&gate.lock);
    gate.waiting++;
    cond_broadcast(&gate.turn);
    *late = cond_wait_ms(&never, &gate.lock, 3600000);
    mutex_unlock(&gate.lock);
    cond_destroy(&never);
    return NULL;
}

START_TEST(a_moved_clock_ends_waits)
{
    pthread_t threads[4];
    int late[4] = { 0 };

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, wait_an_hour, &late[i]), 0);
    await(&gate.waiting, 4);
    clock_move(INT64_C(3601) * 1000000);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(late[i], 1);
    }
}
END_TEST

START_TEST(a_wait_ends_when_its_time_has_passed)
{
    int64_t began = clock_mono_ms();

    mutex_lock(&gate.lock);
    ck_assert_int_eq(cond_wait_ms(&gate.turn, &gate.lock, 30), 1);
    ck_assert_int_eq(cond_wait_ms(&gate.turn, &gate.lock, 0), 1);
    ck_assert_int_eq(cond_wait_ms(&gate.turn, &gate.lock, -5), 1);
    mutex_unlock(&gate.lock);
    ck_assert_int_ge(clock_mono_ms() - began, 30);
}
END_TEST

static void *
signal_soon(void *arg)
{
    mutex_lock(&gate.lock);
    gate.open = 1;
    cond_signal(&gate.turn);
    mutex_unlock(&gate.lock);
    return arg;
}

/* The deadline is one of the clock that the condition waits by: else the wait is a loop that burns until its time has passed. */
START_TEST(a_wait_costs_no_time_of_the_processor)
{
    static struct mutex lock = MUTEX_INIT;
    static struct cond never = COND_INIT;
    struct timespec before, after;

    ck_assert_int_eq(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before), 0);
    mutex_lock(&lock);
    ck_assert_int_eq(cond_wait_ms(&never, &lock, 300), 1);
    mutex_unlock(&lock);
    ck_assert_int_eq(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after), 0);
    ck_assert_int_lt((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000, 100);
}
END_TEST

START_TEST(a_signal_ends_a_wait)
{
    pthread_t thread;
    int late = 0;

    mutex_lock(&gate.lock);
    ck_assert_int_eq(pthread_create(&thread, NULL, signal_soon, NULL), 0);
    while (!gate.open && !late)
        late = cond_wait_ms(&gate.turn, &gate.lock, 30000);
    mutex_unlock(&gate.lock);
    pthread_join(thread, NULL);
    ck_assert_int_eq(late, 0);
}
END_TEST

START_TEST(a_pool_runs_what_it_was_given)
{
    struct pool *pool = pool_new("test", 4, 100);

    gate.open = 1;
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(pool_submit(pool, pass_gate, NULL), 0);
    pool_free(pool);        /* waits for all */
    ck_assert_int_eq(gate.done, 100);
}
END_TEST

START_TEST(a_full_pool_says_busy)
{
    struct pool *pool = pool_new("test", 2, 3);

    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(pool_submit(pool, pass_gate, NULL), 0);    /* two run, three wait */
    await(&gate.waiting, 2);
    ck_assert_int_eq(pool_submit(pool, pass_gate, NULL), -1);
    open_gate();
    await(&gate.done, 5);
    ck_assert_int_eq(pool_submit(pool, pass_gate, NULL), 0);
    pool_free(pool);
    ck_assert_int_eq(gate.done, 6);
}
END_TEST

static int order[50], order_count;

static void
note(void *arg)
{
    mutex_lock(&gate.lock);
    order[order_count++] = (int)(intptr_t)arg;
    mutex_unlock(&gate.lock);
}

START_TEST(jobs_run_in_the_order_they_came)
{
    struct pool *pool = pool_new("test", 1, 50);

    order_count = 0;
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(pool_submit(pool, note, (void *)(intptr_t)i), 0);
    pool_free(pool);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(order[i], i);
}
END_TEST

START_TEST(a_stuck_worker_is_replaced)
{
    struct pool *pool = pool_new("test", 1, 10);
    static int one = 1;

    ck_assert_int_eq(pool_submit(pool, pass_gate, NULL), 0);
    await(&gate.waiting, 1);
    order_count = 0;
    ck_assert_int_eq(pool_submit(pool, note, &one), 0);
    pool_stuck(pool);               /* the job that waits gets a thread of its own */
    ck_assert_int_eq(pool_submit(pool, pass_gate, NULL), 0);
    await(&gate.waiting, 2);
    ck_assert_int_eq(order_count, 1);
    open_gate();
    pool_unstuck(pool);
    await(&gate.done, 2);
    ck_assert_int_eq(pool_submit(pool, note, &one), 0);
    pool_free(pool);
    ck_assert_int_eq(order_count, 2);
}
END_TEST

START_TEST(stuck_workers_are_replaced_once_each_and_no_more)
{
    struct pool *pool = pool_new("test", 2, 10);

    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(pool_submit(pool, pass_gate, NULL), 0);
    await(&gate.waiting, 2);
    for (int i = 0; i < 5; i++)
        pool_stuck(pool);
    await(&gate.waiting, 4);
    mutex_lock(&gate.lock);
    ck_assert_int_eq(cond_wait_ms(&gate.turn, &gate.lock, 50), 1);      /* a fifth would announce itself */
    ck_assert_int_eq(gate.waiting, 4);
    mutex_unlock(&gate.lock);
    for (int i = 0; i < 5; i++)
        pool_unstuck(pool);
    open_gate();
    pool_free(pool);
    ck_assert_int_eq(gate.done, 6);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("base: threads");
    TCase *t = tcase_create("thread");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_moved_clock_ends_waits);
    tcase_add_test(t, a_wait_ends_when_its_time_has_passed);
    tcase_add_test(t, a_wait_costs_no_time_of_the_processor);
    tcase_add_test(t, a_signal_ends_a_wait);
    tcase_add_test(t, a_pool_runs_what_it_was_given);
    tcase_add_test(t, a_full_pool_says_busy);
    tcase_add_test(t, jobs_run_in_the_order_they_came);
    tcase_add_test(t, a_stuck_worker_is_replaced);
    tcase_add_test(t, stuck_workers_are_replaced_once_each_and_no_more);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
