/* engine.c: the engine's threads: workers that run tasks, one that renews leases, one that runs timers. */
#include <config.h>
#define LOG_MODULE "flow"
#include "flow/flow.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "flow/engine_private.h"

enum { FLOWS_MAX = 128, STOP_WAIT_MS = 5000 };

/* --- the register of flows: written before engines start, then only read */

static struct registered registered[FLOWS_MAX];
static size_t registered_count;

void
flow_register(const struct flow *flow)
{
    struct registered *known = registered_find(flow->kind);

    if (known != NULL) {
        known->flow = flow;
        return;
    }
    if (registered_count == FLOWS_MAX)
        abort();
    registered[registered_count++].flow = flow;
}

struct registered *
registered_find(const char *kind)
{
    for (size_t i = 0; i < registered_count; i++)
        if (strcmp(registered[i].flow->kind, kind) == 0)
            return &registered[i];
    return NULL;
}

struct registered *
registered_at(size_t i)
{
    return i < registered_count ? &registered[i] : NULL;
}

const struct flow *
flow_find(const char *kind)
{
    const struct registered *r = registered_find(kind);

    return r != NULL ? r->flow : NULL;
}

/* --- workers */

static void *worker_main(void *arg);

/* A thread that takes no signals: those are for the main thread. */
static int
start_thread(pthread_t *ret, const char *name, void *(*fn)(void *), void *arg)
{
    sigset_t all, old;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(ret, NULL, fn, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc == 0)
        pthread_setname_np(*ret, name);
    return rc == 0 ? 0 : -1;
}

/* Starts workers until there are as many as there shall be: one more for each that hangs in a driver. */
static void staff(struct engine *e) REQUIRES(e->lock);
static void
staff(struct engine *e)
{
    pthread_t thread;

    while (!e->stopping && e->live < e->base + e->hung && e->live < e->most) {
        if (start_thread(&thread, "worker", worker_main, e) < 0) {
            log_error("cannot start a worker thread");
            return;
        }
        pthread_detach(thread);
        e->live++;
    }
}

static int is_quiet(const struct engine *e) REQUIRES(e->lock);
static int
is_quiet(const struct engine *e)
{
    return e->busy == 0 && e->queued == 0 && e->submit_count == 0 && !e->dirty && !e->claiming && e->due_us > clock_us();
}

static unsigned wanted(const struct engine *e) REQUIRES(e->lock);
static unsigned
wanted(const struct engine *e)
{
    unsigned room = e->idle + e->base;

    return room > e->queued ? room - e->queued : 0;
}

/* One piece of work, or a wait for some. */
static void work_once(struct engine *e) REQUIRES(e->lock);
static void
work_once(struct engine *e)
{
    if (e->submit_count > 0) {
        struct work work = e->submitted[e->submit_first];

        e->submit_first = (e->submit_first + 1) % SUBMIT_MAX;
        e->submit_count--;
        e->busy++;
        mutex_unlock(&e->lock);
        work.fn(work.arg);
        mutex_lock(&e->lock);
        e->busy--;
    } else if (e->queue != NULL) {
        struct job *job = e->queue;

        e->queue = job->next;
        e->queued--;
        e->busy++;
        mutex_unlock(&e->lock);
        job_run(job);
        mutex_lock(&e->lock);
        e->busy--;
    } else if (!e->claiming && e->dirty) {
        unsigned want = wanted(e) + 1;

        e->claiming = 1;
        e->dirty = 0;
        e->claims++;
        mutex_unlock(&e->lock);
        claim_now(e, want);
        mutex_lock(&e->lock);
    } else {
        e->idle++;
        if (is_quiet(e))
            cond_broadcast(&e->quiet);
        cond_wait(&e->work, &e->lock);
        e->idle--;
    }
}

static void *
worker_main(void *arg)
{
    struct engine *e = arg;

    mutex_lock(&e->lock);
    while (!e->stopping && e->live <= e->base + e->hung)
        work_once(e);
    e->live--;
    cond_broadcast(&e->quiet);
    cond_signal(&e->work);      /* it may have taken a signal meant for one that stays */
    mutex_unlock(&e->lock);
    return NULL;
}

void
engine_note_due(struct engine *e, int64_t due_us)
{
    mutex_lock(&e->lock);
    if (due_us < e->due_us) {
        e->due_us = due_us;
        cond_signal(&e->renew);
    }
    mutex_unlock(&e->lock);
}

unsigned
engine_may_claim(struct engine *e)
{
    unsigned want = 0;

    mutex_lock(&e->lock);
    if (!e->claiming && !e->stopping && e->queued == 0) {
        want = wanted(e);
        e->claiming = want > 0;
        e->dirty = want > 0 ? 0 : e->dirty;
        e->claims += want > 0;
    } else if (e->queued > 0 || e->claiming) {
        e->dirty = 1;           /* the object's next task became claimable */
    }
    mutex_unlock(&e->lock);
    return want;
}

static void hold(struct engine *e, struct job *job) REQUIRES(e->lock);
static void
hold(struct engine *e, struct job *job)
{
    job->held_prev = NULL;
    job->held_next = e->held;
    if (e->held != NULL)
        e->held->held_prev = job;
    e->held = job;
}

void
engine_claimed(struct engine *e, struct job *chain, int more, int64_t due_us)
{
    mutex_lock(&e->lock);
    while (chain != NULL) {
        struct job *job = chain;

        chain = job->next;
        job->next = NULL;
        *(e->queue != NULL ? &e->queue_last->next : &e->queue) = job;
        e->queue_last = job;
        e->queued++;
        hold(e, job);
        cond_signal(&e->work);
    }
    e->claiming = 0;
    if (due_us < e->due_us) {
        e->due_us = due_us;
        cond_signal(&e->renew);
    }
    if (more)
        e->dirty = 1;
    cond_signal(&e->work);
    if (is_quiet(e))
        cond_broadcast(&e->quiet);
    mutex_unlock(&e->lock);
}

int
engine_stopping(struct engine *e)
{
    int stopping;

    mutex_lock(&e->lock);
    stopping = e->stopping;
    mutex_unlock(&e->lock);
    return stopping;
}

int
engine_holds(struct engine *e, const char *task_id)
{
    struct job *job;

    mutex_lock(&e->lock);
    for (job = e->held; job != NULL && strcmp(job->run.task_id, task_id) != 0; job = job->held_next)
        ;
    mutex_unlock(&e->lock);
    return job != NULL;
}

void
engine_drop(struct engine *e, struct job *job)
{
    mutex_lock(&e->lock);
    *(job->held_prev != NULL ? &job->held_prev->held_next : &e->held) = job->held_next;
    if (job->held_next != NULL)
        job->held_next->held_prev = job->held_prev;
    mutex_unlock(&e->lock);
}

void
engine_hung(struct job *job, int on)
{
    struct engine *e = job->engine;

    mutex_lock(&e->lock);
    if (on) {
        if (job->hung++ == 0)
            e->hung++;
        staff(e);
    } else if (job->hung > 0 && --job->hung == 0) {
        e->hung--;
        cond_signal(&e->work);          /* one worker too many: it leaves */
    }
    if (e->abandoned) {
        mutex_unlock(&e->lock);
        for (;;)
            pause();                    /* what it would go on with is gone: the process is about to end */
    }
    mutex_unlock(&e->lock);
}

void
engine_progressed(struct engine *e)
{
    mutex_lock(&e->lock);
    if (!e->progress_dirty) {
        e->progress_dirty = 1;
        cond_signal(&e->renew);
    }
    mutex_unlock(&e->lock);
}

void
engine_wake(struct engine *e)
{
    mutex_lock(&e->lock);
    e->dirty = 1;
    if (e->idle > 0)
        cond_signal(&e->work);
    mutex_unlock(&e->lock);
}

static void
wake(void *arg)
{
    engine_wake(arg);
}

int
engine_wait_idle(struct engine *e, int64_t timeout_ms)
{
    int64_t until = clock_mono_ms() + timeout_ms, left;
    int quiet;

    mutex_lock(&e->lock);
    while (!(quiet = is_quiet(e)) && (left = until - clock_mono_ms()) > 0)
        cond_wait_ms(&e->quiet, &e->lock, left);
    mutex_unlock(&e->lock);
    return quiet ? 0 : -1;
}

int
engine_submit(struct engine *e, void (*fn)(void *arg), void *arg)
{
    int rc = -1;

    mutex_lock(&e->lock);
    if (!e->stopping && e->submit_count < SUBMIT_MAX) {
        e->submitted[(e->submit_first + e->submit_count++) % SUBMIT_MAX] = (struct work){ fn, arg };
        cond_signal(&e->work);
        rc = 0;
    }
    mutex_unlock(&e->lock);
    return rc;
}

/* --- leases and progress.  Who adds a task wakes a worker with its commit (task_listen()): nothing here looks for any. */

static void
renew_once(struct engine *e, int64_t *next_renewal_ms, int progress, int holds)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (clock_mono_ms() >= *next_renewal_ms) {
        *next_renewal_ms = clock_mono_ms() + RENEW_MS;
        if (holds && claim_renew(e, &err) < 0)
            log_error("leases cannot be renewed: %s", err.message);
    }
    if (progress && journal_progress(e, &err) < 0)
        log_warn("progress cannot be written: %s", err.message);
}

static void *
renew_main(void *arg)
{
    struct engine *e = arg;
    int64_t next_renewal_ms = clock_mono_ms() + RENEW_MS, next_progress_ms = 0;

    mutex_lock(&e->lock);
    while (!e->ending) {
        int64_t now = clock_mono_ms(), until = next_renewal_ms;
        int64_t due_in_ms = e->due_us == INT64_MAX ? INT64_MAX : (e->due_us - clock_us() + 999) / 1000;
        int progress = e->progress_dirty && now >= next_progress_ms, holds = e->held != NULL;

        if (due_in_ms <= 0) {
            e->due_us = INT64_MAX;
            e->dirty = 1;
            cond_signal(&e->work);
        } else if (due_in_ms < until - now) {
            until = now + due_in_ms;
        }

        if (progress || now >= next_renewal_ms) {
            if (progress) {
                e->progress_dirty = 0;
                next_progress_ms = now + 1000;
            }
            mutex_unlock(&e->lock);
            renew_once(e, &next_renewal_ms, progress, holds);
            mutex_lock(&e->lock);
            continue;
        }
        if (e->progress_dirty && next_progress_ms < until)
            until = next_progress_ms;
        cond_wait_ms(&e->renew, &e->lock, until - now);
    }
    mutex_unlock(&e->lock);
    return NULL;
}

/* --- timers */

static void *
timer_main(void *arg)
{
    struct engine *e = arg;

    mutex_lock(&e->lock);
    while (!e->stopping) {
        int64_t now = clock_mono_ms();
        struct timer *due = NULL;

        for (unsigned i = 0; i < e->timers_count; i++)
            if (due == NULL || e->timers[i].next_ms < due->next_ms)
                due = &e->timers[i];
        if (due == NULL || due->next_ms == INT64_MAX) {
            cond_wait(&e->timer, &e->lock);
        } else if (due->next_ms > now) {
            cond_wait_ms(&e->timer, &e->lock, due->next_ms - now);
        } else {
            due->next_ms = due->interval_ms > 0 ? now + due->interval_ms : INT64_MAX;
            mutex_unlock(&e->lock);
            due->fn(due->arg);
            mutex_lock(&e->lock);
        }
    }
    mutex_unlock(&e->lock);
    return NULL;
}

void
engine_every(struct engine *e, const char *name, int64_t interval_ms, void (*fn)(void *arg), void *arg)
{
    mutex_lock(&e->lock);
    if (e->timers_count == TIMERS_MAX)
        abort();
    struct timer *t = &e->timers[e->timers_count++];
    *t = (struct timer){ .interval_ms = interval_ms, .fn = fn, .arg = arg };
    t->next_ms = interval_ms > 0 ? clock_mono_ms() + interval_ms : INT64_MAX;
    snprintf(t->name, sizeof t->name, "%s", name);
    cond_signal(&e->timer);
    mutex_unlock(&e->lock);
}

void
engine_poke(struct engine *e, const char *name)
{
    mutex_lock(&e->lock);
    for (unsigned i = 0; i < e->timers_count; i++)
        if (strcmp(e->timers[i].name, name) == 0)
            e->timers[i].next_ms = 0;
    cond_signal(&e->timer);
    mutex_unlock(&e->lock);
}

/* --- life */

static void
engine_free(struct engine *e)
{
    for (size_t i = 0; i < e->hosts_count; i++)
        free(e->hosts[i]);
    free(e->owner);
    free(e->sql_resume);
    free(e->sql_queued);
    free(e->sql_due);
    cond_destroy(&e->work);
    cond_destroy(&e->quiet);
    cond_destroy(&e->renew);
    cond_destroy(&e->timer);
    mutex_destroy(&e->lock);
    free(e);
}

static struct engine *
engine_new(const struct engine_options *options)
{
    struct engine *e = xcalloc(1, sizeof *e);

    e->catalog = options->catalog;
    e->plugins = options->plugins;
    e->config = options->config;
    e->owner = xstrdup(options->owner);
    for (const char *const *host = options->hosts; host != NULL && *host != NULL && e->hosts_count < HOSTS_MAX; host++)
        e->hosts[e->hosts_count++] = xstrdup(*host);
    e->base = options->workers > 0 ? options->workers : 4;
    e->most = e->base * 3;
    e->dirty = 1;
    e->due_us = INT64_MAX;
    mutex_init(&e->lock);
    cond_init(&e->work);
    cond_init(&e->quiet);
    cond_init(&e->renew);
    cond_init(&e->timer);
    claim_prepare(e);
    return e;
}

int
engine_start(const struct engine_options *options, struct engine **ret, struct cairn_error *err)
{
    struct engine *e = engine_new(options);

    if (claim_take_over(e, err) < 0) {
        engine_free(e);
        return -1;
    }
    if (start_thread(&e->renew_thread, "leases", renew_main, e) < 0 || start_thread(&e->timer_thread, "timers", timer_main, e) < 0)
        abort();
    mutex_lock(&e->lock);
    staff(e);
    mutex_unlock(&e->lock);
    task_listen(wake, e);
    *ret = e;
    return 0;
}

/* Waits until only those workers are left that hang in a driver, and a while for these; the number of them. */
static unsigned
await_workers(struct engine *e)
{
    int64_t until = 0, now;
    unsigned left;

    mutex_lock(&e->lock);
    while (e->live > 0) {
        now = clock_mono_ms();
        if (e->live > e->hung) {
            until = 0;
            cond_wait_ms(&e->quiet, &e->lock, 1000);
            continue;
        }
        until = until > 0 ? until : now + STOP_WAIT_MS;
        if (now >= until)
            break;
        cond_wait_ms(&e->quiet, &e->lock, until - now);
    }
    left = e->live;
    e->abandoned = left > 0;
    e->ending = 1;
    cond_broadcast(&e->renew);
    mutex_unlock(&e->lock);
    return left;
}

void
engine_stop(struct engine *e)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct job *job;
    unsigned left;

    if (e == NULL)
        return;
    task_unlisten(wake, e);
    mutex_lock(&e->lock);
    e->stopping = 1;
    cond_broadcast(&e->work);
    cond_broadcast(&e->timer);
    mutex_unlock(&e->lock);
    pthread_join(e->timer_thread, NULL);
    left = await_workers(e);
    pthread_join(e->renew_thread, NULL);
    if (claim_release_all(e, &err) < 0)
        log_error("leases cannot be given back: %s", err.message);
    while ((job = e->queue) != NULL) {
        e->queue = job->next;
        engine_drop(e, job);
        job_free(job);
    }
    if (left > 0)
        log_error("%u worker%s in a driver call that does not come back: left behind", left, left > 1 ? "s hang" : " hangs");
    else
        engine_free(e);
}

static void
gauge(struct str *out, const char *name, const char *type, const char *help, uint64_t value)
{
    str_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name, (unsigned long long)value);
}

void
engine_metrics(struct engine *e, struct str *out)
{
    struct registered *r;

    mutex_lock(&e->lock);
    gauge(out, "cairn_workers", "gauge", "Worker threads.", e->live);
    gauge(out, "cairn_workers_busy", "gauge", "Worker threads that run a task.", e->busy);
    gauge(out, "cairn_workers_hung", "gauge", "Worker threads in a driver call that overran its deadline.", e->hung);
    gauge(out, "cairn_tasks_waiting", "gauge", "Tasks that this process has claimed and not begun.", e->queued);
    gauge(out, "cairn_task_claims_total", "counter", "Looks into the catalog for tasks.", e->claims);
    mutex_unlock(&e->lock);
    str_add(out, "# HELP cairn_tasks_total Tasks by flow and how they ended; 'retried' counts attempts.\n# TYPE cairn_tasks_total counter\n");
    for (size_t i = 0; (r = registered_at(i)) != NULL; i++) {
        const struct { const char *result; uint64_t value; } rows[] = {
            { "done", r->done }, { "failed", r->failed }, { "cancelled", r->cancelled }, { "retried", r->retried },
        };

        for (size_t j = 0; j < ARRAY_LEN(rows); j++)
            if (rows[j].value > 0)
                str_addf(out, "cairn_tasks_total{kind=\"%s\",result=\"%s\"} %llu\n", r->flow->kind, rows[j].result,
                         (unsigned long long)rows[j].value);
    }
}
