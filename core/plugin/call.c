/* call.c: what happens around every driver call, in one place: the lock of the thread model, the deadline, the trace, the counters. */
#include <config.h>
#define LOG_MODULE "driver"
#include "plugin/internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

enum { BRIEF_WAIT_MS = 2000 };

static _Thread_local struct call *current;
static _Thread_local struct cairn_op *thread_op;

struct cairn_op *
driver_op(void)
{
    return thread_op;
}

void
driver_set_op(struct cairn_op *op)
{
    thread_op = op;
}

struct call *
call_current(void)
{
    return current;
}

/* --- what the driver may ask while it runs --- */

static int
caller_cancelled(const struct call *c)
{
    return c->caller != NULL && c->caller->cancelled != NULL && c->caller->cancelled(c->caller->arg) != 0;
}

/* A call past its deadline is called off too: a driver that asks gets out. */
static int
call_cancelled(void *arg)
{
    struct call *c = arg;

    return clock_mono_ms() >= c->deadline_ms || caller_cancelled(c);
}

static void
call_progress(void *arg, double fraction)
{
    struct call *c = arg;

    if (c->caller != NULL && c->caller->progress != NULL)
        c->caller->progress(c->caller->arg, fraction);
}

/* --- lanes: who runs beside whom.  The first call with a key holds the lane; those behind it wait for their turn, in order --- */

static struct call *
holder_of(const struct call *c)
{
    struct call *other = c->driver->first;

    while (other != c && strcmp(other->lane, c->lane) != 0)
        other = other->next;
    return other == c ? NULL : other;
}

static void
lane_unlink(struct call *c)
{
    struct driver *d = c->driver;

    *(c->prev != NULL ? &c->prev->next : &d->first) = c->next;
    *(c->next != NULL ? &c->next->prev : &d->last) = c->prev;
}

static int
lane_refuse(const struct call *c, const struct call *holder, struct cairn_error *err)
{
    int stuck = clock_mono_ms() >= holder->deadline_ms;

    return cairn_fail(err, stuck || (c->info->flags & OP_BRIEF) != 0 ? CAIRN_UNAVAILABLE : CAIRN_TIMEOUT, "%s: waited for the call '%s' on %s, which %s", c->driver->label,
                      holder->info->name, holder->object != NULL ? holder->object : "this driver",
                      stuck ? "overran its deadline" : "is still running");
}

/* Waits until c->deadline_ms at most; then the call itself has 'timeout_ms'. */
static int
lane_take(struct call *c, uint32_t timeout_ms, struct cairn_error *err)
{
    struct driver *d = c->driver;
    const struct call *holder;
    int rc = 0;

    mutex_lock(&d->lock);
    c->prev = d->last;
    *(d->last != NULL ? &d->last->next : &d->first) = c;
    d->last = c;
    while ((holder = holder_of(c)) != NULL) {
        int64_t now = clock_mono_ms();
        int64_t until = holder->deadline_ms < c->deadline_ms ? holder->deadline_ms : c->deadline_ms;

        if (now >= until) {
            rc = lane_refuse(c, holder, err);
            lane_unlink(c);
            break;
        }
        cond_wait_ms(&c->turn, &d->lock, until - now);
    }
    c->deadline_ms = clock_mono_ms() + timeout_ms;
    mutex_unlock(&d->lock);
    return rc;
}

static void
lane_give(struct call *c)
{
    struct driver *d = c->driver;

    mutex_lock(&d->lock);
    lane_unlink(c);
    for (struct call *other = c->next; other != NULL; other = other->next)
        if (strcmp(other->lane, c->lane) == 0) {
            cond_signal(&other->turn);
            break;
        }
    mutex_unlock(&d->lock);
}

static const char *
lane_of(const struct call *c)
{
    if ((c->info->flags & OP_BESIDE) != 0)
        return NULL;
    switch ((enum cairn_threads)c->driver->module->table->threads) {
    case CAIRN_THREADS_SERIAL:
        return "";
    case CAIRN_THREADS_PER_OBJECT:
        return c->object;
    case CAIRN_THREADS_PARALLEL:
        return NULL;
    }
    return NULL;
}

/* --- the register of calls that run, and the watchdog over them --- */

static void
enrol(struct call *c)
{
    struct plugins *p = c->driver->set;

    mutex_lock(&p->calls_lock);
    c->run_prev = p->newest;
    *(p->newest != NULL ? &p->newest->run_next : &p->oldest) = c;
    p->newest = c;
    if (c->deadline_ms < p->watch_ms)
        cond_signal(&p->watch);
    mutex_unlock(&p->calls_lock);
}

/* Returns 1 if it had been found overdue. */
static int
discharge(struct call *c)
{
    struct plugins *p = c->driver->set;
    int overdue;

    mutex_lock(&p->calls_lock);
    *(c->run_prev != NULL ? &c->run_prev->run_next : &p->oldest) = c->run_next;
    *(c->run_next != NULL ? &c->run_next->run_prev : &p->newest) = c->run_prev;
    overdue = c->overdue;
    mutex_unlock(&p->calls_lock);
    return overdue;
}

static void
mark_overdue(struct call *c)
{
    c->overdue = 1;
    atomic_fetch_add(&c->driver->overdue, 1);
    atomic_fetch_add(&c->stats->overdue, 1);
    log_error("%s: the call '%s' on %s overran its deadline and runs since %" PRId64 " s%s%s", c->driver->label, c->info->name,
              c->object != NULL ? c->object : "no object", (clock_us() - c->begun_us) / 1000000, c->op.request_id != NULL ? ", request " : "",
              c->op.request_id != NULL ? c->op.request_id : "");
    if (c->caller != NULL && c->caller->overdue != NULL)
        c->caller->overdue(c->caller->arg, 1);
}

static void *
watchdog_main(void *arg)
{
    struct plugins *p = arg;

    mutex_lock(&p->calls_lock);
    while (!p->closing) {
        int64_t now = clock_mono_ms();

        p->watch_ms = INT64_MAX;
        for (struct call *c = p->oldest; c != NULL; c = c->run_next)
            if (!c->overdue) {
                if (now >= c->deadline_ms)
                    mark_overdue(c);
                else if (c->deadline_ms < p->watch_ms)
                    p->watch_ms = c->deadline_ms;
            }
        if (p->watch_ms == INT64_MAX)
            cond_wait(&p->watch, &p->calls_lock);
        else
            cond_wait_ms(&p->watch, &p->calls_lock, p->watch_ms - now);
    }
    mutex_unlock(&p->calls_lock);
    return NULL;
}

void
watchdog_start(struct plugins *p)
{
    if (pthread_create(&p->watchdog, NULL, watchdog_main, p) != 0)
        abort();
    pthread_setname_np(p->watchdog, "watchdog");
}

void
watchdog_stop(struct plugins *p)
{
    mutex_lock(&p->calls_lock);
    p->closing = 1;
    cond_broadcast(&p->watch);
    mutex_unlock(&p->calls_lock);
    pthread_join(p->watchdog, NULL);
}

size_t
plugins_running(struct plugins *p, struct driver_running *buf, size_t max)
{
    int64_t now = clock_us();
    size_t count = 0;

    mutex_lock(&p->calls_lock);
    for (struct call *c = p->oldest; c != NULL && count < max; c = c->run_next) {
        struct driver_running *r = &buf[count++];

        memset(r, 0, sizeof *r);
        r->kind = c->driver->kind;
        r->operation = c->info->name;
        r->for_ms = (now - c->begun_us) / 1000;
        r->overdue = c->overdue;
        snprintf(r->instance, sizeof r->instance, "%s", c->driver->instance);
        snprintf(r->object, sizeof r->object, "%s", c->object != NULL ? c->object : "");
        snprintf(r->request_id, sizeof r->request_id, "%s", c->op.request_id != NULL ? c->op.request_id : "");
    }
    mutex_unlock(&p->calls_lock);
    return count;
}

/* --- begin and end --- */

int
call_begin(struct call *c, struct driver *d, unsigned op, const char *object, const struct cairn_op *caller, uint32_t extra_ms,
           struct cairn_error *err)
{
    uint32_t timeout_ms;

    memset(c, 0, sizeof *c);
    c->driver = d;
    c->info = &d->info->ops[op];
    c->stats = &d->stats[op];
    c->caller = caller != NULL ? caller : thread_op;
    c->object = object;
    if (!op_present(d->module->table, c->info))
        return cairn_fail(err, CAIRN_UNSUPPORTED, "the %s driver '%s' cannot do '%s'", d->info->name, d->module->table->name, c->info->name);
    if (op > OP_HEALTH && instance_ready(d, err) < 0)
        return -1;
    timeout_ms = c->caller != NULL && c->caller->timeout_ms > 0 ? c->caller->timeout_ms : c->info->timeout_ms;
    timeout_ms = timeout_ms > UINT32_MAX - extra_ms ? UINT32_MAX : timeout_ms + extra_ms;
    c->deadline_ms = clock_mono_ms() + timeout_ms;
    c->op = (struct cairn_op){ .cancelled = call_cancelled, .progress = call_progress, .arg = c, .timeout_ms = timeout_ms,
                               .request_id = c->caller != NULL ? c->caller->request_id : NULL };
    c->lane = lane_of(c);
    if (c->lane != NULL) {
        int rc;

        cond_init(&c->turn);
        if ((c->info->flags & OP_BRIEF) != 0 && timeout_ms > BRIEF_WAIT_MS)
            c->deadline_ms = clock_mono_ms() + BRIEF_WAIT_MS;
        rc = lane_take(c, timeout_ms, err);
        cond_destroy(&c->turn);
        if (rc < 0)
            return -1;
    }
    c->begun_us = clock_us();
    atomic_fetch_add_explicit(&c->stats->running, 1, memory_order_relaxed);
    enrol(c);
    c->outer = current;
    current = c;
    crash_here("%s:before", c->info->name);
    return 0;
}

void
call_rubbish(struct call *c, int *rc, const char *what)
{
    if (*rc == 0)
        *rc = cairn_fail(&c->err, CAIRN_INTERNAL, "the %s driver '%s' answered '%s' with %s", c->driver->info->name,
                         c->driver->module->table->name, c->info->name, what);
}

/* A failure must say what failed; a person reads it. */
static void
mend_error(struct call *c)
{
    struct cairn_error *e = &c->err;

    e->message[sizeof e->message - 1] = '\0';
    e->tag[sizeof e->tag - 1] = '\0';
    for (unsigned char *p = (unsigned char *)e->message; *p != '\0'; p++)
        if (*p < 0x20 || *p == 0x7f)
            *p = ' ';
    if (!str_is_utf8(e->message, strlen(e->message)))
        for (unsigned char *p = (unsigned char *)e->message; *p != '\0'; p++)
            if (*p >= 0x80)
                *p = '?';
    if (!str_is_utf8(e->tag, strlen(e->tag)))
        e->tag[0] = '\0';
    if (e->code == CAIRN_OK || e->code > CAIRN_GONE)
        e->code = CAIRN_INTERNAL;
    if (e->message[0] == '\0')
        cairn_fail(e, e->code, "the %s driver '%s' failed '%s' without a message (%s)", c->driver->info->name, c->driver->module->table->name,
                   c->info->name, error_code_text(e->code));
    if (e->code == CAIRN_CANCELLED && !caller_cancelled(c) && clock_mono_ms() >= c->deadline_ms)
        cairn_fail(e, CAIRN_TIMEOUT, "%s: the call '%s' took longer than %u s", c->driver->label, c->info->name, c->op.timeout_ms / 1000);
}

int
call_end(struct call *c, int rc, struct cairn_error *err)
{
    int64_t took = clock_us() - c->begun_us;
    int overdue;

    crash_here("%s:after", c->info->name);
    if (rc > 0) {
        rc = 0;
        call_rubbish(c, &rc, "a positive number, which means nothing");
    }
    if (rc != 0)
        mend_error(c);
    current = c->outer;
    overdue = discharge(c);
    if (c->lane != NULL)
        lane_give(c);
    atomic_fetch_sub_explicit(&c->stats->running, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->stats->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->stats->errors, rc != 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->stats->total_us, took > 0 ? (uint64_t)took : 0, memory_order_relaxed);
    if (overdue) {
        atomic_fetch_sub(&c->driver->overdue, 1);
        log_warn("%s: the call '%s' on %s came back after %" PRId64 " s", c->driver->label, c->info->name,
                 c->object != NULL ? c->object : "no object", took / 1000000);
        if (c->caller != NULL && c->caller->overdue != NULL)
            c->caller->overdue(c->caller->arg, 0);
    }
    log_debug("%s: %s %s: %s, %" PRId64 " us", c->driver->label, c->info->name, c->object != NULL ? c->object : "-",
              rc == 0 ? "done" : c->err.message, took);
    if (c->caller != NULL && c->caller->trace != NULL)
        c->caller->trace(c->caller->arg, c->driver, c->info->name, c->object, took, rc == 0 ? CAIRN_OK : c->err.code);
    if (rc != 0 && err != NULL)
        *err = c->err;
    return rc != 0 ? -1 : 0;
}
