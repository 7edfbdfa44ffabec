/* pool.c: a bounded pool of worker threads; they are started when there is work for them. */
#include <config.h>
#include "base/thread.h"

#include <signal.h>
#include <stdio.h>

#include "base/str.h"

struct job {
    void (*fn)(void *arg);
    void *arg;
};

enum worker_state { WORKER_NONE = 0, WORKER_LIVE, WORKER_DONE };

struct worker {
    struct pool *pool;
    pthread_t thread;
    enum worker_state state;        /* pool->lock; DONE: has left, to be joined */
};

struct pool {
    char name[16];
    unsigned threads, queue_max;    /* immutable */
    struct mutex lock;
    struct cond work;
    struct worker *workers;         /* 2 * threads: the second half stands in for stuck ones */
    struct job *jobs;               /* ring */
    unsigned ring;                  /* immutable */
    unsigned first GUARDED_BY(lock), queued GUARDED_BY(lock);
    unsigned alive GUARDED_BY(lock);
    unsigned busy GUARDED_BY(lock);     /* of the living: run a job.  The others wait for one, or are about to take one */
    unsigned stuck GUARDED_BY(lock);
    int closing GUARDED_BY(lock);
};

/* How many workers there may be now. */
static unsigned limit(const struct pool *p) REQUIRES(p->lock);
static unsigned
limit(const struct pool *p)
{
    return p->threads + (p->stuck < p->threads ? p->stuck : p->threads);
}

static void *
worker_main(void *arg)
{
    struct worker *w = arg;
    struct pool *p = w->pool;

    mutex_lock(&p->lock);
    while (p->alive <= limit(p)) {
        struct job job;

        if (p->queued == 0) {
            if (p->closing)
                break;
            cond_wait(&p->work, &p->lock);
            continue;
        }
        job = p->jobs[p->first];
        p->first = (p->first + 1) % p->ring;
        p->queued--;
        p->busy++;
        mutex_unlock(&p->lock);
        job.fn(job.arg);
        mutex_lock(&p->lock);
        p->busy--;
    }
    p->alive--;
    w->state = WORKER_DONE;
    if (p->queued > 0)
        cond_signal(&p->work);      /* it may have taken a signal meant for one that stays */
    mutex_unlock(&p->lock);
    return NULL;
}

/* Starts one more worker if there is work that no free one will take. */
static void grow(struct pool *p) REQUIRES(p->lock);
static void
grow(struct pool *p)
{
    sigset_t all, old;

    if (p->queued <= p->alive - p->busy || p->alive >= limit(p))
        return;
    for (unsigned i = 0; i < 2 * p->threads; i++) {
        struct worker *w = &p->workers[i];
        int rc;

        if (w->state == WORKER_LIVE)
            continue;
        if (w->state == WORKER_DONE)
            pthread_join(w->thread, NULL);      /* it holds nothing any more and is about to end */
        w->state = WORKER_NONE;
        w->pool = p;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);   /* signals are for the main thread */
        rc = pthread_create(&w->thread, NULL, worker_main, w);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (rc == 0) {
            pthread_setname_np(w->thread, p->name);
            w->state = WORKER_LIVE;
            p->alive++;
        }
        return;
    }
}

struct pool *
pool_new(const char *name, unsigned threads, unsigned queue_max)
{
    struct pool *p = xcalloc(1, sizeof *p);

    p->threads = threads > 0 ? threads : 1;
    p->queue_max = queue_max;
    p->ring = queue_max + 2 * p->threads;
    snprintf(p->name, sizeof p->name, "%s", name);
    p->workers = xcalloc(2 * (size_t)p->threads, sizeof *p->workers);
    p->jobs = xcalloc(p->ring, sizeof *p->jobs);
    mutex_init(&p->lock);
    cond_init(&p->work);
    return p;
}

int
pool_submit(struct pool *p, void (*fn)(void *), void *arg)
{
    int rc = -1;

    mutex_lock(&p->lock);
    /* A job that a free worker is about to take does not wait. */
    if (!p->closing && p->queued < p->queue_max + (limit(p) > p->busy ? limit(p) - p->busy : 0)) {
        p->jobs[(p->first + p->queued++) % p->ring] = (struct job){ fn, arg };
        grow(p);
        if (p->alive == 0)
            p->queued--;            /* no thread to be had: nobody would ever run it */
        else
            rc = 0;
        cond_signal(&p->work);
    }
    mutex_unlock(&p->lock);
    return rc;
}

void
pool_stuck(struct pool *p)
{
    mutex_lock(&p->lock);
    p->stuck++;
    grow(p);
    mutex_unlock(&p->lock);
}

void
pool_unstuck(struct pool *p)
{
    mutex_lock(&p->lock);
    if (p->stuck > 0)
        p->stuck--;
    if (p->alive > limit(p))
        cond_broadcast(&p->work);   /* an idle one leaves */
    mutex_unlock(&p->lock);
}

void
pool_free(struct pool *p)
{
    if (p == NULL)
        return;
    mutex_lock(&p->lock);
    p->closing = 1;
    cond_broadcast(&p->work);
    mutex_unlock(&p->lock);
    for (unsigned i = 0; i < 2 * p->threads; i++) {
        mutex_lock(&p->lock);
        int there = p->workers[i].state != WORKER_NONE;
        mutex_unlock(&p->lock);
        if (there)
            pthread_join(p->workers[i].thread, NULL);
    }
    cond_destroy(&p->work);
    mutex_destroy(&p->lock);
    free(p->workers);
    free(p->jobs);
    free(p);
}
