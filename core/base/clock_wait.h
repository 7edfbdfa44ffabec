/* clock_wait.h: how thread.c tells clock.c who waits for time to pass, so that clock_move() can wake them.  Base only. */
#ifndef BASE_CLOCK_WAIT_H
#define BASE_CLOCK_WAIT_H
#include <pthread.h>
#include <stdint.h>

struct clock_waiter {
    pthread_cond_t *cond;
    uint64_t moves;                 /* how many moves it has seen; guarded by clock.c's lock */
    struct clock_waiter *prev, *next;
};

/* The caller holds the mutex that goes with 'cond' around all three, so that it is either before its wait (and asks the clock
 * afterwards) or in it (and is woken). */
void clock_waiter_add(struct clock_waiter *w, pthread_cond_t *cond);
int clock_waiter_moved(struct clock_waiter *w);     /* 1: the clock was moved since add or the last call */
void clock_waiter_remove(struct clock_waiter *w);
#endif
