/* reconcile.c: runs the checks of audit_*.c: once for an audit, again and again for the reconciler of a host. */
#include "config.h"
#define LOG_MODULE "reconcile"
#include "flow/reconcile.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "flow/audit.h"

#define INTERVAL_MS 300000
#define ROWS_MAX "2000"                 /* findings of one query in one run; the next run goes on */

struct reconciler {
    struct reconciler_options o;        /* immutable, as is 'host' */
    char *host;
    int64_t process_start_us;
    struct mutex lock;
    int busy, running, again;           /* lock; a run is queued or runs; it runs; another was asked for meanwhile */
    int started;                        /* the first run made everything again; of the run, as are these */
    struct arena seen_arena, now_arena;
    struct ptrs seen, now;              /* what the last run and this one noted with audit_seen_twice() */
};

static const struct audit_check *const tables[] = { audit_books, audit_servers, audit_network, audit_storage };

/* --- what checks use */

void
audit_found(struct audit *a, const char *object, int repaired, const struct cairn_error *why, const char *fmt, ...)
{
    struct audit_finding f = { .check = a->check->name, .object = object, .repaired = repaired };
    size_t len;
    va_list ap;

    va_start(ap, fmt);
    if (vsnprintf(f.text, sizeof f.text, fmt, ap) < 0)
        f.text[0] = '\0';
    va_end(ap);
    len = strlen(f.text);
    if (why != NULL && why->code != CAIRN_OK)
        snprintf(f.text + len, sizeof f.text - len, "; not repaired: %s", why->message);
    else if (a->check->remedy != NULL)
        snprintf(f.text + len, sizeof f.text - len, "; %s: %s", repaired ? "repaired" : "repair", a->check->remedy);
    a->open += !repaired;
    if (a->r != NULL)
        log_warn("%s: %s: %s", f.check, f.object, f.text);
    if (a->found != NULL)
        a->found(a->arg, &f);
}

const char *
audit_host(const struct audit *a)
{
    return a->o->host != NULL ? a->o->host : "";
}

static size_t
params(struct sql_value values[4], const char *p1, const char *p2, const char *p3, const char *p4)
{
    const char *given[4] = { p1, p2, p3, p4 };
    size_t n = 0;

    while (n < 4 && given[n] != NULL) {
        values[n] = (struct sql_value){ .type = 's', .p = given[n] };
        n++;
    }
    return n;
}

int
audit_ids(struct audit *a, struct arena *arena, struct ptrs *ret, struct cairn_error *err, const char *sql, const char *p1, const char *p2,
          const char *p3)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    struct sql_value values[4];
    size_t count = params(values, p1, p2, p3, NULL);
    int rc;

    if (tx_begin(a->o->catalog, TX_READ, &tx, err) < 0 || tx_query_v(tx, &r, err, sql, values, count) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        ptrs_add(arena, ret, arena_strdup(arena, row_text_at(r, 0)));
    return rc;
}

int
audit_count(struct audit *a, int64_t *ret, struct cairn_error *err, const char *sql, const char *p1, const char *p2, const char *p3, const char *p4)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    struct sql_value values[4];
    size_t count = params(values, p1, p2, p3, p4);
    int rc;

    if (tx_begin(a->o->catalog, TX_READ, &tx, err) < 0 || tx_query_v(tx, &r, err, sql, values, count) < 0 || (rc = rows_next(r, err)) < 0)
        return -1;
    *ret = rc == 1 ? row_int_at(r, 0) : 0;
    return 0;
}

int
audit_busy(struct audit *a, const char *object, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    int64_t open;

    if (tx_begin(a->o->catalog, TX_READ, &tx, err) < 0 || task_open(tx, object, &open, err) < 0)
        return -1;
    return open > 0;
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
audit_sort(struct ptrs *list)
{
    if (list->n > 1)
        qsort(list->at, list->n, sizeof *list->at, compare_texts);
}

int
audit_has(const struct ptrs *sorted, const char *text)
{
    return sorted->n > 0 && bsearch(&text, sorted->at, sorted->n, sizeof *sorted->at, compare_texts) != NULL;
}

int
audit_seen_twice(struct audit *a, const char *what)
{
    if (a->r == NULL)
        return 0;
    ptrs_add(&a->r->now_arena, &a->r->now, arena_strdup(&a->r->now_arena, what));
    return audit_has(&a->r->seen, what);
}

/* --- checks that are a query */

#define QUERY_HEAD "from ("
#define QUERY_TAIL ") f where not " AUDIT_OPEN("f.id") " and not " AUDIT_OPEN("f.owner")

struct suspect { const char *id, *detail; };

static int
suspects(struct audit *a, struct arena *arena, struct ptrs *ret, struct cairn_error *err)
{
    CLEANUP_FREE char *sql = xasprintf("select f.id as id, f.detail as detail " QUERY_HEAD "%s" QUERY_TAIL " limit " ROWS_MAX, a->check->find);
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_begin(a->o->catalog, TX_READ, &tx, err) < 0 || tx_query(tx, &r, err, sql, "") < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        struct suspect *s = arena_alloc(arena, sizeof *s);

        s->id = arena_strdup(arena, row_text(r, "id"));
        s->detail = arena_strdup(arena, row_text(r, "detail"));
        ptrs_add(arena, ret, s);
    }
    return rc;
}

/* 1: repaired; 0: it is right by now; -1. */
static int
mend(struct audit *a, const char *id, struct cairn_error *err)
{
    CLEANUP_FREE char *sql = xasprintf("select count(*) " QUERY_HEAD "%s" QUERY_TAIL " and f.id = ?", a->check->find);
    CLEANUP_TX struct tx *tx = NULL;
    int64_t still = 0;

    if (tx_begin(a->o->catalog, TX_WRITE, &tx, err) < 0 || tx_int(tx, &still, 0, err, sql, "s", id) < 0)
        return -1;
    if (still == 0)
        return 0;
    return a->check->repair(a, tx, id, err) < 0 || tx_commit(steal(&tx), err) < 0 ? -1 : 1;
}

static int
run_query(struct audit *a, struct cairn_error *err)
{
    CLEANUP_ARENA struct arena arena = ARENA_INIT;
    struct ptrs list = { NULL, 0, 0 };

    if (suspects(a, &arena, &list, err) < 0)
        return -1;
    for (size_t i = 0; i < list.n; i++) {
        const struct suspect *s = list.at[i];
        struct cairn_error why = CAIRN_ERROR_INIT;
        int mended = a->repair && a->check->repair != NULL ? mend(a, s->id, &why) : -1;

        if (mended != 0)
            audit_found(a, s->id, mended > 0, &why, "%s", s->detail != NULL ? s->detail : "");
    }
    return 0;
}

/* --- a run */

/* A check that cannot be made is a finding, not the end. */
static void
run_check(struct audit *a, const struct audit_check *check)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (check->needs_drivers && a->o->plugins == NULL)
        return;
    a->check = check;
    if ((check->fn != NULL ? check->fn(a, &err) : run_query(a, &err)) < 0) {
        const struct audit_check failed = { .name = check->name };

        a->check = &failed;
        audit_found(a, "-", 0, NULL, "cannot be checked now: %s", err.message);
    }
}

static void
run_all(struct audit *a)
{
    id_request(a->request_id);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        for (const struct audit_check *check = tables[i]; check->name != NULL; check++)
            run_check(a, check);
}

int
audit_run(const struct reconciler_options *options, int repair, void (*found)(void *arg, const struct audit_finding *finding), void *arg,
          int *ret_open, struct cairn_error *err)
{
    struct audit a = { .o = options, .repair = repair, .found = found, .arg = arg };

    if (catalog_check(options->catalog, err) < 0)
        return -1;
    run_all(&a);
    *ret_open = a.open;
    return 0;
}

/* --- the reconciler */

/* When this process began: what the catalog says is under way since before then belongs to one that is dead. */
static int64_t
process_start_us(void)
{
    CLEANUP_FILE FILE *f = fopen("/proc/self/stat", "re");
    struct timespec boot;
    char line[1024], *p;
    unsigned long long ticks;

    if (f == NULL || fgets(line, sizeof line, f) == NULL || (p = strrchr(line, ')')) == NULL || clock_gettime(CLOCK_BOOTTIME, &boot) < 0 ||
        sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &ticks) != 1)
        return 0;               /* nothing counts as old */
    return clock_us() - ((int64_t)boot.tv_sec * 1000000 + boot.tv_nsec / 1000) + (int64_t)(ticks * 1000000 / (unsigned long long)sysconf(_SC_CLK_TCK));
}

static void
reconcile_once(struct reconciler *r)
{
    struct audit a = { .o = &r->o, .r = r, .repair = 1, .at_start = !r->started, .process_start_us = r->process_start_us };

    run_all(&a);
    r->started = 1;
    arena_free(&r->seen_arena);
    r->seen_arena = r->now_arena;
    r->seen = r->now;
    r->now_arena = (struct arena)ARENA_INIT;
    r->now = (struct ptrs){ NULL, 0, 0 };
    audit_sort(&r->seen);
    if (a.open > 0)
        log_warn("%d finding%s not repaired; see 'cairn audit'", a.open, a.open > 1 ? "s" : "");
}

static void
reconcile(void *arg)
{
    struct reconciler *r = arg;
    int again;

    mutex_lock(&r->lock);
    r->running = 1;
    do {
        mutex_unlock(&r->lock);
        reconcile_once(r);
        mutex_lock(&r->lock);
        again = r->again;
        r->again = 0;
    } while (again);
    r->busy = r->running = 0;
    mutex_unlock(&r->lock);
}

/* On the timer's thread, which must not wait: a worker does it. */
static void
reconcile_due(void *arg)
{
    struct reconciler *r = arg;
    int begin;

    mutex_lock(&r->lock);
    begin = !r->busy;
    r->again = r->busy;
    r->busy = 1;
    mutex_unlock(&r->lock);
    if (begin && engine_submit(r->o.engine, reconcile, r) < 0) {
        mutex_lock(&r->lock);
        r->busy = 0;            /* the workers are swamped, or end: the timer comes again */
        mutex_unlock(&r->lock);
    }
}

int
reconciler_start(const struct reconciler_options *options, struct reconciler **ret, struct cairn_error *err)
{
    struct reconciler *r;

    if (options->engine == NULL)
        return cairn_fail(err, CAIRN_INVALID, "a reconciler needs an engine that runs it");
    r = xcalloc(1, sizeof *r);
    r->o = *options;
    r->host = xstrdup(options->host);
    r->o.host = r->host;
    r->process_start_us = process_start_us();
    mutex_init(&r->lock);
    *ret = r;
    reconcile_due(r);
    engine_every(options->engine, "reconcile", INTERVAL_MS, reconcile_due, r);
    return 0;
}

void
reconciler_stop(struct reconciler *r)
{
    int running;

    if (r == NULL)
        return;
    mutex_lock(&r->lock);
    running = r->running;
    mutex_unlock(&r->lock);
    if (running)                /* its worker hangs in a driver and was left behind: the process is about to end */
        return;
    arena_free(&r->seen_arena);
    arena_free(&r->now_arena);
    mutex_destroy(&r->lock);
    free(r->host);
    free(r);
}
