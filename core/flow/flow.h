/* flow.h: what the cloud does over time: tables of steps, journaled, resumed after a crash, undone on failure.
 *
 * A step's run() touches drivers and holds no transaction; its record() writes what came of it in the same transaction that journals
 * "step N done".  Both may be run again after a crash between them, so run() is idempotent.  When run() fails with
 * CAIRN_UNAVAILABLE or CAIRN_TIMEOUT, it is tried again (backoff 1, 2, 4... s) up to max_attempts; otherwise the steps done so far, and the one
 * that failed, are undone in reverse, each journaled, and failed() commits with the end of the task.  Cancelled tasks do the same.
 *
 *     kill -9 at any point, then start: the engine finds the task's lease expired (its owner is gone) and goes on at the journaled step.
 *     Tests kill it at "KIND:STEP:PHASE", phase one of before, run, record, undo (base/crash.h). */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H
#include "base/config.h"
#include "base/json.h"
#include "catalog/catalog.h"
#include "plugin/plugin.h"
#include "task/task.h"

struct engine;

struct flow_run {
    struct engine *engine;
    struct catalog *catalog;
    struct plugins *plugins;
    const struct config *config;
    const char *task_id, *object_id, *host, *request_id, *project_id, *user_id;     /* borrowed, never NULL */
    json_t *payload;            /* what was asked, and what steps noted (json_object_set_new): kept with the journal */
    struct cairn_op *op;        /* for driver calls: carries cancel, progress, request id */
    void *scratch;              /* for the flow's own use within one worker's run, freed with scratch_free */
    void (*scratch_free)(void *);
};

struct flow_step {
    const char *name;           /* "claim"; NULL ends the table */
    int (*run)(struct flow_run *run, struct cairn_error *err);                          /* may be NULL */
    int (*record)(struct flow_run *run, struct tx *tx, struct cairn_error *err);        /* may be NULL */
    int (*undo)(struct flow_run *run, struct cairn_error *err);                         /* may be NULL */
    int (*record_undo)(struct flow_run *run, struct tx *tx, struct cairn_error *err);   /* may be NULL */
};

struct flow {
    const char *kind;           /* "server-build" */
    const struct flow_step *steps;
    /* Commits with the first lease of the task, unless it was called off before; may be NULL. */
    int (*begun)(struct flow_run *run, struct tx *tx, struct cairn_error *err);
    /* Commits with the end of the task; either may be NULL.  'cause' of failed(): CAIRN_CANCELLED if it was called off. */
    int (*done)(struct flow_run *run, struct tx *tx, struct cairn_error *err);
    int (*failed)(struct flow_run *run, struct tx *tx, const struct cairn_error *cause, struct cairn_error *err);
    uint32_t max_attempts;      /* 0: 5 */
    uint32_t keep_going;        /* 1: never undone: a delete is retried (backoff up to 60 s) until it is done */
    const char *event;          /* name of its event in the instance actions API, "compute_run_instance"; NULL: none */
};
/* Before engine_start(); 'flow' is static. */
void flow_register(const struct flow *flow);
const struct flow *flow_find(const char *kind);
/* Progress of the whole task 0..1 (the engine adds the steps'). */
void flow_progress(struct flow_run *run, double fraction);
int flow_cancelled(struct flow_run *run);

struct engine_options {
    struct catalog *catalog;
    struct plugins *plugins;
    const struct config *config;
    const char *owner;          /* unique to this process */
    const char *const *hosts;   /* names served, NULL-terminated; NULL: every host in the catalog (simulation) */
    unsigned workers;           /* threads; for each that hangs in a driver one more is started, up to three times as many */
};
/* Releases leases of dead owners on its hosts, then runs tasks until engine_stop(). */
int engine_start(const struct engine_options *options, struct engine **ret, struct cairn_error *err);
/* Lets running steps end; tasks stay queued.  A driver call that overran its deadline is waited for 5 s at most; then its thread, and what
 * it uses of the engine, is left behind.  The catalog is closed and the drivers are put away after this. */
void engine_stop(struct engine *e);
void engine_wake(struct engine *e);
/* Tests: waits until no task is runnable.  -1 after timeout_ms. */
int engine_wait_idle(struct engine *e, int64_t timeout_ms);
/* Runs fn(arg) every interval_ms (0: never by itself) on the engine's timer thread (heartbeat, reconciler, sweeper), first when one interval
 * has passed, and at once when woken with its name.  One at a time: what takes long belongs into engine_submit(). */
void engine_every(struct engine *e, const char *name, int64_t interval_ms, void (*fn)(void *arg), void *arg);
void engine_poke(struct engine *e, const char *name);
/* Runs fn(arg) once on a worker thread soon. */
int engine_submit(struct engine *e, void (*fn)(void *arg), void *arg);
struct str;
void engine_metrics(struct engine *e, struct str *out);
#endif
