/* engine_private.h: what the files of the engine share.
 *
 * engine.c runs threads and queues, engine_claim.c takes tasks from the catalog, engine_run.c takes one task through its steps,
 * engine_journal.c writes what came of them.  Lock order: engine.lock, then job.lock.  Neither is held in a transaction, a step or a call. */
#ifndef FLOW_ENGINE_PRIVATE_H
#define FLOW_ENGINE_PRIVATE_H
#include <stdatomic.h>

#include "base/thread.h"
#include "flow/flow.h"

#define LEASE_US (INT64_C(30) * 1000000)
enum { RENEW_MS = 10000, BACKOFF_MAX_S = 60, NOTES_MAX = 64, SUBMIT_MAX = 1024, TIMERS_MAX = 32, HOSTS_MAX = 64 };

/* A flow and how its tasks ended. */
struct registered {
    const struct flow *flow;
    _Atomic uint64_t done, failed, cancelled, retried;
};
struct registered *registered_find(const char *kind);
struct registered *registered_at(size_t i);     /* NULL after the last */

/* A line for the timeline that waits for the next journal entry. */
struct note { char what[8]; char name[96]; char detail[80]; int64_t duration_us; uint32_t code; };

/* A task that this process has leased. */
struct job {
    struct engine *engine;
    struct registered *registered;      /* NULL: this version has no such flow */
    const struct flow *flow;            /* NULL likewise */
    char *kind, *object_type;           /* owned, as are the strings of 'run' */
    struct flow_run run;
    struct cairn_op op;
    int64_t step;                       /* the next one to do; undoing: the one to undo */
    int64_t attempts;
    int undoing;
    int touched;                        /* the present step may have been run */
    int fresh;                          /* was never claimed before */
    int lost;                           /* the lease is another's */
    struct cairn_error cause;           /* why it is undone */
    _Atomic uint32_t cancel_seen;       /* task_cancel_mark() at the last look at the row */
    _Atomic int cancel;                 /* it was called off */
    unsigned hung;                      /* engine.lock; driver calls of it that are overdue */

    struct mutex lock;
    double progress;                    /* lock */
    int progress_dirty;                 /* lock */
    struct note notes[NOTES_MAX];       /* lock */
    unsigned notes_count;               /* lock */

    struct job *next;                   /* queue; engine.lock */
    struct job *held_prev, *held_next;  /* every job; engine.lock */
};

struct timer { char name[40]; int64_t interval_ms, next_ms; void (*fn)(void *arg); void *arg; };
struct work { void (*fn)(void *arg); void *arg; };

struct engine {
    struct catalog *catalog;            /* all immutable */
    struct plugins *plugins;
    const struct config *config;
    char *owner;
    char *hosts[HOSTS_MAX];
    size_t hosts_count;                 /* 0: every host */
    char *sql_resume, *sql_queued, *sql_due;
    unsigned base, most;                /* threads */

    struct mutex lock;                  /* of everything below */
    struct cond work, quiet, renew, timer;
    struct job *queue, *queue_last;     /* claimed, waiting for a worker */
    unsigned queued;
    struct job *held;
    struct work submitted[SUBMIT_MAX];  /* ring */
    unsigned submit_first, submit_count;
    unsigned live, busy, idle, hung;    /* threads; hung: in a driver call that is overdue */
    int dirty, claiming, stopping;      /* dirty: there may be something to claim */
    int ending, abandoned;              /* the last worker has left; or those that hang were left behind */
    int progress_dirty;
    int64_t due_us;                     /* when a task that waits becomes due */
    struct timer timers[TIMERS_MAX];
    unsigned timers_count;
    pthread_t renew_thread, timer_thread;
    uint64_t claims;                    /* counter */
};

/* --- engine.c */
void engine_note_due(struct engine *e, int64_t due_us);
/* Takes the right to claim for as many jobs as are wanted now; 0: somebody else does, or none are wanted. */
unsigned engine_may_claim(struct engine *e);
/* Gives it back with what was claimed (a chain by 'next', may be NULL); 'more': there is more to be had; 'due_us': see above. */
void engine_claimed(struct engine *e, struct job *chain, int more, int64_t due_us);
int engine_stopping(struct engine *e);
int engine_holds(struct engine *e, const char *task_id);       /* 1: it is among the jobs of this process */
void engine_drop(struct engine *e, struct job *job);
void engine_hung(struct job *job, int on);
void engine_progressed(struct engine *e);

/* --- engine_claim.c */
void claim_prepare(struct engine *e);
/* At start: what others had leased on our hosts is free, for they are dead.  At the end: what we had. */
int claim_take_over(struct engine *e, struct cairn_error *err);
int claim_release_all(struct engine *e, struct cairn_error *err);
/* Leases up to 'want' tasks in the transaction.  '*ret_chain' is to be freed with job_free() should the transaction fail. */
int claim_in(struct engine *e, struct tx *tx, unsigned want, struct job **ret_chain, int *ret_more, int64_t *ret_due_us,
             struct cairn_error *err);
void claim_now(struct engine *e, unsigned want);        /* the same in its own */
int claim_renew(struct engine *e, struct cairn_error *err);
void job_free(struct job *job);

/* --- engine_run.c */
void job_run(struct job *job);          /* as far as it goes now; frees it */
int job_cancelled(void *job);

/* --- engine_journal.c: each in one transaction.  -1 with job->lost: the task is somebody else's now. */
/* Step 'job->step' and those after it that only record are done; the end of the flow as well, if they were the last. */
int journal_forward(struct job *job, int *ret_finished, struct cairn_error *err);
int journal_undo_begin(struct job *job, int64_t first, struct cairn_error *err);
int journal_undone(struct job *job, int64_t next, int *ret_finished, struct cairn_error *err);
int journal_retry(struct job *job, const struct cairn_error *why, int64_t not_before_us, struct cairn_error *err);
int journal_free(struct job *job, struct cairn_error *err);     /* gives the lease back */
int journal_progress(struct engine *e, struct cairn_error *err);
void note_add(struct job *job, const char *what, const char *name, const char *detail, int64_t duration_us, uint32_t code);
void crash_point(struct job *job, const char *step, const char *phase);
int64_t undo_before(const struct flow *flow, int64_t step);     /* the last step below 'step' that has something to undo, or -1 */
#endif
