/* thread.h: mutexes that clang's -Wthread-safety checks, and a bounded pool of worker threads. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define TS(x) __attribute__((x))
#else
#define TS(x)
#endif
#define LOCKABLE TS(capability("mutex"))
#define GUARDED_BY(m)       /* for readers: in C, clang cannot look up a lock that is a sibling member */
#define REQUIRES(...) TS(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) TS(locks_excluded(__VA_ARGS__))
#define ACQUIRES(...) TS(acquire_capability(__VA_ARGS__))
#define RELEASES(...) TS(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY TS(no_thread_safety_analysis)

struct LOCKABLE mutex { pthread_mutex_t m; };
#define MUTEX_INIT { PTHREAD_MUTEX_INITIALIZER }
void mutex_init(struct mutex *m);
void mutex_destroy(struct mutex *m);
void mutex_lock(struct mutex *m) ACQUIRES(m);
void mutex_unlock(struct mutex *m) RELEASES(m);

struct cond { pthread_cond_t c; };
#define COND_INIT { PTHREAD_COND_INITIALIZER }
void cond_init(struct cond *c);
void cond_destroy(struct cond *c);
void cond_wait(struct cond *c, struct mutex *m) REQUIRES(m);
int cond_wait_ms(struct cond *c, struct mutex *m, int64_t ms) REQUIRES(m);  /* 0: signalled, 1: time passed */
void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);

/* A pool of at most 'threads' workers that run jobs in the order they came; 'queue_max' waiting jobs at most. */
struct pool;
struct pool *pool_new(const char *name, unsigned threads, unsigned queue_max);
/* -1 when the queue is full: the caller answers "busy". */
int pool_submit(struct pool *p, void (*fn)(void *), void *arg);
/* The calling worker is stuck in something that overran its deadline: the pool may start one more thread until pool_unstuck().
 * At most 'threads' extra ones. */
void pool_stuck(struct pool *p);
void pool_unstuck(struct pool *p);
void pool_free(struct pool *p);             /* runs what is queued, then joins */
#endif
