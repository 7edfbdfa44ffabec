/* engine_run.c: takes one task through its steps: forward, again after a pause, or back. */
#include <config.h>
#define LOG_MODULE "flow"
#include "flow/engine_private.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

enum { ATTEMPTS = 5 };

/* Where a pass over a job came to. */
enum outcome { OUT_ENDED, OUT_PARKED, OUT_UNDO };

/* The row is read again only when tasks of the object, or of one with the same hash, were called off. */
int
job_cancelled(void *arg)
{
    struct job *job = arg;
    CLEANUP_TX struct tx *tx = NULL;
    uint32_t mark;
    int64_t cancel;

    if (job->undoing || (job->flow != NULL && job->flow->keep_going))
        return 0;
    if (job->cancel)
        return 1;
    mark = task_cancel_mark(job->run.object_id);
    if (mark == job->cancel_seen)
        return 0;
    if (tx_begin(job->engine->catalog, TX_READ, &tx, NULL) < 0 ||
        tx_int(tx, &cancel, 0, NULL, "select cancel from tasks where id = ?", "s", job->run.task_id) < 0)
        return 0;
    job->cancel_seen = mark;
    if (cancel != 0)
        job->cancel = 1;
    return cancel != 0;
}

int
flow_cancelled(struct flow_run *run)
{
    return job_cancelled(run->op->arg);
}

void
flow_progress(struct flow_run *run, double fraction)
{
    struct job *job = run->op->arg;

    fraction = fraction < 0 ? 0 : fraction > 1 ? 1 : fraction;
    mutex_lock(&job->lock);
    job->progress = fraction;
    job->progress_dirty = 1;
    mutex_unlock(&job->lock);
    engine_progressed(job->engine);
}

static int64_t
count_steps(const struct flow *flow)
{
    int64_t n = 0;

    while (flow->steps[n].name != NULL)
        n++;
    return n;
}

/* A driver tells how far its call has come: that is a part of a step. */
static void
op_progress(void *arg, double fraction)
{
    struct job *job = arg;

    if (!job->undoing)
        flow_progress(&job->run, ((double)job->step + fraction) / (double)count_steps(job->flow));
}

static void
op_overdue(void *arg, int on)
{
    engine_hung(arg, on);
}

static void
op_trace(void *arg, struct driver *d, const char *operation, const char *object, int64_t duration_us, uint32_t code)
{
    char name[96];

    snprintf(name, sizeof name, "%s %s", driver_instance(d), operation);
    note_add(arg, "driver", name, object, duration_us, code);
}

static enum outcome
called_off(struct job *job)
{
    cairn_fail(&job->cause, CAIRN_CANCELLED, "it was called off");
    return OUT_UNDO;
}

static int64_t
backoff_us(int64_t attempts)
{
    int64_t s = attempts > 6 ? BACKOFF_MAX_S : INT64_C(1) << (attempts > 0 ? attempts - 1 : 0);

    return (s > BACKOFF_MAX_S ? BACKOFF_MAX_S : s) * 1000000;
}

/* The journal cannot be written: the lease runs out by itself, and the task goes on where the journal says. */
static enum outcome
give_up_lease(struct job *job, const struct cairn_error *why)
{
    if (job->lost)
        log_warn("task %s (%s of %s): another worker has it", job->run.task_id, job->kind, job->run.object_id);
    else
        log_error("task %s (%s of %s) cannot be journaled: %s", job->run.task_id, job->kind, job->run.object_id, why->message);
    engine_note_due(job->engine, clock_us() + LEASE_US + 1000000);
    return OUT_PARKED;
}

static enum outcome
park(struct job *job, const struct cairn_error *why)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    int64_t at;

    job->attempts++;
    at = clock_us() + backoff_us(job->attempts);
    log_info("task %s (%s of %s, step %" PRId64 "): attempt %" PRId64 " failed, again in %" PRId64 " s: %s", job->run.task_id, job->kind,
             job->run.object_id, job->step, job->attempts, backoff_us(job->attempts) / 1000000, why->message);
    if (journal_retry(job, why, at, &err) < 0)
        return give_up_lease(job, &err);
    engine_note_due(job->engine, at);
    return OUT_PARKED;
}

static int
worth_a_retry(const struct job *job, const struct cairn_error *why)
{
    int64_t most = job->flow->max_attempts > 0 ? job->flow->max_attempts : ATTEMPTS;

    return (why->code == CAIRN_UNAVAILABLE || why->code == CAIRN_TIMEOUT) && job->attempts + 1 < most;
}

static enum outcome
step_failed(struct job *job, const struct cairn_error *why)
{
    if (job->flow->keep_going)
        return park(job, why);
    if (job_cancelled(job))
        return called_off(job);
    if (worth_a_retry(job, why))
        return park(job, why);
    job->cause = *why;
    if (why->code == CAIRN_CANCELLED)
        job->cause.code = CAIRN_INTERNAL;       /* nobody called it off */
    return OUT_UNDO;
}

static enum outcome
forward(struct job *job)
{
    const struct flow_step *steps = job->flow->steps;
    struct cairn_error err;
    int finished = 0;

    for (;;) {
        const struct flow_step *step = &steps[job->step];
        int64_t began;
        int rc = 0;

        cairn_error_clear(&err);
        if (engine_stopping(job->engine))
            return journal_free(job, &err) < 0 ? give_up_lease(job, &err) : OUT_PARKED;
        if (step->name != NULL) {
            if (job_cancelled(job))
                return called_off(job);
            crash_point(job, step->name, "before");
            if (step->run == NULL && step->record == NULL && steps[job->step + 1].name != NULL) {
                job->step++;            /* nothing was done, so there is nothing to write */
                job->touched = 0;
                continue;
            }
            began = clock_us();
            if (step->run != NULL) {
                job->touched = 1;
                rc = step->run(&job->run, &err);
            }
            note_add(job, "step", step->name, job->kind, clock_us() - began, rc < 0 ? err.code : 0);
            if (rc < 0)
                return step_failed(job, &err);
            crash_point(job, step->name, "run");
        }
        if (journal_forward(job, &finished, &err) < 0) {
            if (job->lost)
                return give_up_lease(job, &err);
            job->touched = 1;
            return step_failed(job, &err);
        }
        if (finished)
            return OUT_ENDED;
    }
}

/* An undo that will not work is told and passed over: what it leaves, the reconciler finds. */
static int
undo_one(struct job *job, const struct flow_step *step, struct cairn_error *err)
{
    int64_t began = clock_us();
    int rc = step->undo != NULL ? step->undo(&job->run, err) : 0;
    char name[96];

    snprintf(name, sizeof name, "undo %s", step->name);
    note_add(job, "step", name, job->kind, clock_us() - began, rc < 0 ? err->code : 0);
    crash_point(job, step->name, "undo");
    return rc;
}

/* The last step that was done, or the present one if it may have been begun; -1: nothing to undo. */
static int64_t
first_undo(const struct job *job)
{
    if (job->flow == NULL)
        return -1;
    return undo_before(job->flow, job->step + (job->touched && job->flow->steps[job->step].name != NULL));
}

static enum outcome
backward(struct job *job)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    int finished = 0;

    if (!job->undoing) {
        int64_t first = first_undo(job);

        job->step = first;
        if (first >= 0 && journal_undo_begin(job, first, &err) < 0)
            return give_up_lease(job, &err);
    }
    while (!finished) {
        const struct flow_step *step = job->step >= 0 ? &job->flow->steps[job->step] : NULL;
        int64_t next = step != NULL ? undo_before(job->flow, job->step) : -1;

        cairn_error_clear(&err);
        if (engine_stopping(job->engine))
            return journal_free(job, &err) < 0 ? give_up_lease(job, &err) : OUT_PARKED;
        if (step != NULL && undo_one(job, step, &err) < 0) {
            if (job->attempts + 1 < ATTEMPTS)
                return park(job, &err);
            log_error("task %s (%s of %s): step '%s' cannot be undone: %s", job->run.task_id, job->kind, job->run.object_id, step->name,
                      err.message);
        }
        if (journal_undone(job, next, &finished, &err) < 0) {
            struct cairn_error why = err;

            if (job->lost || (!job->undoing && journal_undo_begin(job, -1, &err) < 0))
                return give_up_lease(job, &err);
            return park(job, &why);
        }
    }
    return OUT_ENDED;
}

void
job_run(struct job *job)
{
    enum outcome outcome = OUT_UNDO;

    job->op = (struct cairn_op){ .cancelled = job_cancelled, .progress = op_progress, .arg = job, .request_id = job->run.request_id,
                                 .overdue = op_overdue, .trace = op_trace };
    log_set_request(job->run.request_id);
    driver_set_op(&job->op);
    if (job->flow == NULL)
        cairn_fail(&job->cause, CAIRN_INTERNAL, "this version knows no work of the kind '%s'", job->kind);
    else if (!job->undoing && job->step >= 0)
        outcome = forward(job);
    if (outcome == OUT_UNDO)
        backward(job);
    driver_set_op(NULL);
    log_set_request(NULL);
    engine_drop(job->engine, job);
    job_free(job);
}
