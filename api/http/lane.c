/* lane.c: lanes: threads of their own for requests that compute for long or call what may hang, so that nobody else waits for them. */
#include "config.h"
#define LOG_MODULE "http"
#include "http/internal.h"
#include "base/clock.h"
#include "base/log.h"
#include <inttypes.h>
#include <string.h>

#define PATIENCE_MS 60000               /* a request that has not begun by then is told to come again */

struct lane_job {
    struct lane_job *next;
    struct cairn_request *req;
    void (*fn)(void *arg);
    void *arg;
    int begins;                         /* it is a request's handler: there is nothing yet that would have to be undone */
    int64_t since_ms;
};

/* Jobs wait in the lane's own queue; the pool only has threads.  For each that hangs in a driver one more may run, up to twice as many. */
struct lane {
    struct lane *next;                  /* immutable once it is in the server's list; lanes stay until the server ends */
    struct http_server *server;
    char *name;
    unsigned threads, places;           /* 'places': handlers that run or wait; more are refused */
    struct pool *pool;
    struct mutex lock;
    unsigned handlers GUARDED_BY(lock), running GUARDED_BY(lock), stuck GUARDED_BY(lock);
    struct lane_job *first GUARDED_BY(lock), **end GUARDED_BY(lock);
};

static struct lane *
lane_new(struct http_server *s, const char *name, unsigned threads, unsigned waiting)
{
    struct lane *l = xcalloc(1, sizeof *l);

    l->server = s;
    l->name = xstrdup(name);
    l->threads = threads;
    l->places = threads + waiting;
    l->pool = pool_new("http-lane", 2 * threads, 2 * threads);
    mutex_init(&l->lock);
    l->end = &l->first;
    return l;
}

void
lanes_free(struct http_server *s)
{
    struct lane *next;

    for (struct lane *l = s->lanes; l != NULL; l = next) {
        next = l->next;
        pool_free(l->pool);
        mutex_destroy(&l->lock);
        free(l->name);
        free(l);
    }
}

static struct lane *
first_lane(struct http_server *s)
{
    struct lane *l;

    mutex_lock(&s->lock);
    l = s->lanes;
    mutex_unlock(&s->lock);
    return l;
}

struct lane *
lane_get(struct http_server *s, const char *name, unsigned threads, unsigned waiting)
{
    struct lane *l;

    mutex_lock(&s->lock);
    for (l = s->lanes; l != NULL && strcmp(l->name, name) != 0; l = l->next)
        ;
    if (l == NULL) {
        l = lane_new(s, name, threads, waiting);
        l->next = s->lanes;
        s->lanes = l;
    }
    mutex_unlock(&s->lock);
    return l;
}

/* --- running */

static unsigned
limit(const struct lane *l) REQUIRES(l->lock)
{
    return l->threads + (l->stuck < l->threads ? l->stuck : l->threads);
}

static struct lane_job *
take(struct lane *l) REQUIRES(l->lock)
{
    struct lane_job *j = l->first;

    if (j != NULL) {
        l->first = j->next;
        if (l->first == NULL)
            l->end = &l->first;
    }
    return j;
}

static void lane_main(void *arg);

static void
grow(struct lane *l) REQUIRES(l->lock)
{
    if (l->first == NULL || l->running >= limit(l))
        return;
    l->running++;
    if (pool_submit(l->pool, lane_main, l) < 0) {
        log_error("lane %s: no thread can be had", l->name);
        abort();
    }
}

/* From the watchdog of driver calls: one of our threads is stuck, or not any more. */
static void
call_overdue(void *arg, int on)
{
    struct lane *l = arg;

    mutex_lock(&l->lock);
    if (on)
        l->stuck++;
    else
        l->stuck--;
    grow(l);
    mutex_unlock(&l->lock);
}

static void
lane_main(void *arg)
{
    struct lane *l = arg;
    struct cairn_op op = { .overdue = call_overdue, .arg = l };
    struct lane_job *j;

    driver_set_op(&op);
    mutex_lock(&l->lock);
    while (l->running <= limit(l) && (j = take(l)) != NULL) {
        int begins = j->begins;
        char id[ID_REQUEST];

        mutex_unlock(&l->lock);
        memcpy(id, j->req->id, sizeof id);      /* the job may end the request */
        op.request_id = id;
        j->fn(j->arg);
        free(j);
        mutex_lock(&l->lock);
        l->handlers -= (unsigned)begins;
    }
    l->running--;
    mutex_unlock(&l->lock);
    driver_set_op(NULL);
}

static void
put(struct lane *l, struct cairn_request *req, void (*fn)(void *arg), void *arg, int begins) REQUIRES(l->lock)
{
    struct lane_job *j = xcalloc(1, sizeof *j);

    j->req = req;
    j->fn = fn;
    j->arg = arg;
    j->begins = begins;
    j->since_ms = clock_mono_ms();
    *l->end = j;
    l->end = &j->next;
    l->handlers += (unsigned)begins;
    grow(l);
}

int
lane_begin(struct lane *l, struct cairn_request *req, void (*fn)(void *arg), void *arg)
{
    int ok;

    mutex_lock(&l->lock);
    ok = l->handlers < l->places && l->stuck < 2 * l->threads;
    if (ok)
        put(l, req, fn, arg, 1);
    mutex_unlock(&l->lock);
    return ok;
}

void
lane_submit(struct lane *l, struct cairn_request *req, void (*fn)(void *arg), void *arg)
{
    mutex_lock(&l->lock);
    put(l, req, fn, arg, 0);
    mutex_unlock(&l->lock);
}

/* --- all of them */

/* Takes out the handlers that waited for too long; they are the oldest of their kind, but other jobs may stand between them. */
static struct lane_job *
impatient(struct lane *l, int64_t now)
{
    struct lane_job *out = NULL, **j;

    mutex_lock(&l->lock);
    for (j = &l->first; *j != NULL;) {
        struct lane_job *old = *j;

        if (!old->begins || now - old->since_ms < PATIENCE_MS) {
            j = &old->next;
            continue;
        }
        *j = old->next;
        old->next = out;
        out = old;
        l->handlers--;
    }
    l->end = j;
    mutex_unlock(&l->lock);
    return out;
}

void
lanes_sweep(struct http_server *s, int64_t now)
{
    for (struct lane *l = first_lane(s); l != NULL; l = l->next) {
        struct lane_job *next;

        for (struct lane_job *j = impatient(l, now); j != NULL; j = next) {
            next = j->next;
            request_refuse(j->req);
            MHD_resume_connection(j->req->mhd);
            free(j);
        }
    }
}

unsigned
lanes_jobs(struct http_server *s)
{
    unsigned n = 0;

    for (struct lane *l = first_lane(s); l != NULL; l = l->next) {
        mutex_lock(&l->lock);
        n += l->running;
        for (const struct lane_job *j = l->first; j != NULL; j = j->next)
            n++;
        mutex_unlock(&l->lock);
    }
    return n;
}

void
lanes_metrics(struct http_server *s, struct str *out)
{
    str_add(out, "# HELP cairn_http_lane_requests Requests whose handler runs or waits on a lane: logins and other hashing on \"slow\", each driver's on its own.\n"
                 "# TYPE cairn_http_lane_requests gauge\n");
    for (struct lane *l = first_lane(s); l != NULL; l = l->next) {
        mutex_lock(&l->lock);
        str_addf(out, "cairn_http_lane_requests{lane=\"%s\"} %u\n", l->name, l->handlers);
        mutex_unlock(&l->lock);
    }
    str_add(out, "# HELP cairn_http_lane_stuck Threads of a lane in a driver call that overran its deadline.\n# TYPE cairn_http_lane_stuck gauge\n");
    for (struct lane *l = first_lane(s); l != NULL; l = l->next) {
        mutex_lock(&l->lock);
        str_addf(out, "cairn_http_lane_stuck{lane=\"%s\"} %u\n", l->name, l->stuck);
        mutex_unlock(&l->lock);
    }
}
