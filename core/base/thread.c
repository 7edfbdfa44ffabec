/* thread.c: mutexes and condition variables; a failure of either is a programming mistake and ends the process. */
#include <config.h>
#include "base/thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/clock_wait.h"

static void
must(int rc, const char *what)
{
    if (rc != 0) {
        fprintf(stderr, "cairn: %s: %s\n", what, strerror(rc));
        abort();
    }
}

void
mutex_init(struct mutex *m)
{
    must(pthread_mutex_init(&m->m, NULL), "mutex_init");
}

void
mutex_destroy(struct mutex *m)
{
    must(pthread_mutex_destroy(&m->m), "mutex_destroy");
}

void NO_THREAD_SAFETY
mutex_lock(struct mutex *m)
{
    must(pthread_mutex_lock(&m->m), "mutex_lock");
}

void NO_THREAD_SAFETY
mutex_unlock(struct mutex *m)
{
    must(pthread_mutex_unlock(&m->m), "mutex_unlock");
}

void
cond_init(struct cond *c)
{
    must(pthread_cond_init(&c->c, NULL), "cond_init");
}

void
cond_destroy(struct cond *c)
{
    must(pthread_cond_destroy(&c->c), "cond_destroy");
}

void
cond_wait(struct cond *c, struct mutex *m)
{
    must(pthread_cond_wait(&c->c, &m->m), "cond_wait");
}

int
cond_wait_ms(struct cond *c, struct mutex *m, int64_t ms)
{
    int64_t deadline = clock_mono_ms() + ms, left;
    struct clock_waiter waiter;
    struct timespec until;
    int rc = 0, late = 0;

    clock_waiter_add(&waiter, &c->c);
    for (;;) {
        left = deadline - clock_mono_ms();
        if (left <= 0) {
            late = 1;
            break;
        }
        if (left > 86400000)
            left = 86400000;            /* looks again once a day; keeps the sum below in range */
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += left / 1000;
        until.tv_nsec += (long)(left % 1000) * 1000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
        rc = pthread_cond_clockwait(&c->c, &m->m, CLOCK_MONOTONIC, &until);
        if (rc != ETIMEDOUT) {
            must(rc, "cond_clockwait");
            /* Signal or moved clock?  When both may be true it counts as a signal: one that is swallowed would be lost. */
            late = clock_waiter_moved(&waiter) && clock_mono_ms() >= deadline;
            break;
        }
    }
    clock_waiter_remove(&waiter);
    return late;
}

void
cond_signal(struct cond *c)
{
    must(pthread_cond_signal(&c->c), "cond_signal");
}

void
cond_broadcast(struct cond *c)
{
    must(pthread_cond_broadcast(&c->c), "cond_broadcast");
}
