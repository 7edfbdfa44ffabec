/* engine_journal.c: what came of steps, written with the journal's own entry: both or neither. */
#include <config.h>
#define LOG_MODULE "flow"
#include "flow/engine_private.h"

#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/str.h"

/* How a task ends; 'action' is what the instance actions API calls it. */
struct ending { const char *state, *action; };
static const struct ending ended_done = { "done", "Success" };
static const struct ending ended_failed = { "failed", "Error" };
static const struct ending ended_cancelled = { "cancelled", "Error" };

void
crash_point(struct job *job, const char *step, const char *phase)
{
    crash_here("%s:%s:%s", job->kind, step, phase);
}

void
note_add(struct job *job, const char *what, const char *name, const char *detail, int64_t duration_us, uint32_t code)
{
    struct note *note;

    mutex_lock(&job->lock);
    if (job->notes_count < NOTES_MAX) {
        note = &job->notes[job->notes_count++];
        snprintf(note->what, sizeof note->what, "%s", what);
        snprintf(note->name, sizeof note->name, "%s", name);
        snprintf(note->detail, sizeof note->detail, "%s", detail != NULL ? detail : "");
        note->duration_us = duration_us;
        note->code = code;
    }
    mutex_unlock(&job->lock);
}

/* The job's own thread adds notes, so none comes while they are written; they are forgotten after the commit. */
static int
write_notes(struct job *job, struct tx *tx, struct cairn_error *err)
{
    for (unsigned i = 0; i < job->notes_count; i++) {
        const struct note *n = &job->notes[i];

        if (timeline_add(tx, job->run.request_id, job->run.object_id, job->run.task_id, n->what, n->name,
                         n->detail[0] != '\0' ? n->detail : NULL, n->duration_us, n->code, err) < 0)
            return -1;
    }
    return 0;
}

static void
forget_notes(struct job *job)
{
    mutex_lock(&job->lock);
    job->notes_count = 0;
    mutex_unlock(&job->lock);
}

/* Steps that are done count, whatever they told. */
static void
raise_progress(struct job *job, int64_t step)
{
    int64_t count = step;

    while (job->flow->steps[count].name != NULL)
        count++;
    mutex_lock(&job->lock);
    if (count > 0 && job->progress < (double)step / (double)count)
        job->progress = (double)step / (double)count;
    mutex_unlock(&job->lock);
}

static double
progress_of(struct job *job)
{
    double progress;

    mutex_lock(&job->lock);
    progress = job->progress;
    job->progress_dirty = 0;
    mutex_unlock(&job->lock);
    return progress;
}

static int
lost(struct job *job, struct cairn_error *err)
{
    job->lost = 1;
    return cairn_fail(err, CAIRN_GONE, "task %s is not ours any more", job->run.task_id);
}

/* The one journal entry: where the task stands. */
static int
write_state(struct job *job, struct tx *tx, const char *state, int64_t step, int64_t attempts, struct cairn_error *err)
{
    CLEANUP_FREE char *payload = json_text(job->run.payload);

    if (tx_exec(tx, err,
                "update tasks set state = ?, step = ?, attempts = ?, payload = ?, progress = ?, lease_until_us = ?"
                " where id = ? and lease_owner = ?", "siisdiss", state, step, attempts, payload, progress_of(job), clock_us() + LEASE_US,
                job->run.task_id, job->engine->owner) < 0)
        return -1;
    return tx_changes(tx) > 0 ? write_notes(job, tx, err) : lost(job, err);
}

static int
finish_event(struct job *job, struct tx *tx, const struct ending *ending, const struct cairn_error *cause, struct cairn_error *err)
{
    int64_t now = clock_us();

    if (job->flow == NULL || job->flow->event == NULL || strcmp(job->object_type, "server") != 0)
        return 0;
    if (tx_exec(tx, err, "update server_action_events set finished_us = ?, result = ?, traceback = ? where id = ?", "isss", now,
                ending->action, cause != NULL ? cause->message : NULL, job->run.task_id) < 0)
        return -1;
    return tx_exec(tx, err, "update server_actions set updated_us = ?, message = coalesce(?, message) where server_id = ? and request_id = ?",
                   "isss", now, cause != NULL ? "Error" : NULL, job->run.object_id, job->run.request_id);
}

/* The end of the task, with its hook; the claim of what comes next may ride along. */
static int
write_end(struct job *job, struct tx *tx, const struct ending *ending, int64_t step, const struct cairn_error *cause,
          struct cairn_error *err)
{
    const struct flow *flow = job->flow;
    CLEANUP_FREE char *payload = NULL;
    int rc = 0;

    if (cause == NULL && flow->done != NULL)
        rc = flow->done(&job->run, tx, err);
    if (cause != NULL && flow != NULL && flow->failed != NULL)
        rc = flow->failed(&job->run, tx, cause, err);
    if (rc < 0 || finish_event(job, tx, ending, cause, err) < 0)
        return -1;
    payload = json_text(job->run.payload);
    if (tx_exec(tx, err,
                "update tasks set state = ?, step = ?, payload = ?, progress = ?, lease_owner = null, lease_until_us = 0, finished_us = ?,"
                " error_code = ?, error = ? where id = ? and lease_owner = ?", "sisdiisss", ending->state, step, payload,
                cause == NULL ? 1.0 : progress_of(job), clock_us(), (int64_t)(cause != NULL ? cause->code : 0),
                cause != NULL ? cause->message : NULL, job->run.task_id, job->engine->owner) < 0)
        return -1;
    if (tx_changes(tx) == 0)
        return lost(job, err);
    if (write_notes(job, tx, err) < 0)
        return -1;
    return cause == NULL ? 0 : timeline_add(tx, job->run.request_id, job->run.object_id, job->run.task_id, "fault", job->kind,
                                            cause->message, 0, cause->code, err);
}

/* Commits the end of a job together with the claim of others, if they are wanted. */
static int
commit_end(struct job *job, struct tx *tx, struct cairn_error *err)
{
    struct engine *e = job->engine;
    struct job *chain = NULL;
    unsigned want = engine_may_claim(e);
    int64_t due_us = INT64_MAX;
    int more = 0;

    if (want > 0 && claim_in(e, tx, want, &chain, &more, &due_us, err) < 0) {
        tx_rollback(tx);
        engine_claimed(e, NULL, 1, INT64_MAX);
        return -1;
    }
    if (tx_commit(tx, err) == 0) {
        if (want > 0)
            engine_claimed(e, chain, more, due_us);
        return 0;
    }
    while (chain != NULL) {
        struct job *next = chain->next;

        job_free(chain);
        chain = next;
    }
    if (want > 0)
        engine_claimed(e, NULL, 1, INT64_MAX);
    return -1;
}

static int
record_steps(struct job *job, struct tx *tx, int64_t *ret_next, struct cairn_error *err)
{
    const struct flow_step *steps = job->flow->steps;
    int64_t n = job->step;

    do {
        if (n > job->step)
            crash_point(job, steps[n].name, "before");
        if (steps[n].record != NULL && steps[n].record(&job->run, tx, err) < 0)
            return -1;
        if (n > job->step && steps[n].record != NULL)
            note_add(job, "step", steps[n].name, job->kind, 0, 0);
        n++;
    } while (steps[n].name != NULL && steps[n].run == NULL);
    *ret_next = n;
    return 0;
}

int
journal_forward(struct job *job, int *ret_finished, struct cairn_error *err)
{
    const struct flow_step *steps = job->flow->steps;
    unsigned notes = job->notes_count;
    struct tx *tx;
    int64_t next = job->step, first = job->step;
    int last, rc;

    if (tx_begin(job->engine->catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    rc = steps[next].name != NULL ? record_steps(job, tx, &next, err) : 0;
    last = steps[next].name == NULL;
    raise_progress(job, next);
    if (rc == 0)
        rc = last ? write_end(job, tx, &ended_done, next, NULL, err) : write_state(job, tx, "running", next, 0, err);
    if (rc < 0)
        tx_rollback(tx);
    else
        rc = last ? commit_end(job, tx, err) : tx_commit(tx, err);
    if (rc < 0) {
        job->notes_count = notes;       /* those of steps that were rolled back */
        return -1;
    }
    for (int64_t i = first; i < next; i++)
        crash_point(job, steps[i].name, "record");
    forget_notes(job);
    job->step = next;
    job->attempts = 0;
    job->touched = 0;
    *ret_finished = last;
    if (last)
        atomic_fetch_add(&job->registered->done, 1);
    return 0;
}

int64_t
undo_before(const struct flow *flow, int64_t step)
{
    for (step--; step >= 0; step--)
        if (flow->steps[step].undo != NULL || flow->steps[step].record_undo != NULL)
            return step;
    return -1;
}

static int
write_failure(struct job *job, struct tx *tx, struct cairn_error *err)
{
    const struct ending *ending = job->cause.code == CAIRN_CANCELLED ? &ended_cancelled : &ended_failed;

    return write_end(job, tx, ending, -1, &job->cause, err);
}

static void
count_failure(struct job *job)
{
    if (job->registered != NULL)
        atomic_fetch_add(job->cause.code == CAIRN_CANCELLED ? &job->registered->cancelled : &job->registered->failed, 1);
}

int
journal_undo_begin(struct job *job, int64_t first, struct cairn_error *err)
{
    struct tx *tx;

    if (tx_begin(job->engine->catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    if (tx_exec(tx, err, "update tasks set error_code = ?, error = ? where id = ?", "iss", (int64_t)job->cause.code, job->cause.message,
                job->run.task_id) < 0 ||
        write_state(job, tx, "undoing", first, 0, err) < 0) {
        tx_rollback(tx);
        return -1;
    }
    if (tx_commit(tx, err) < 0)
        return -1;
    forget_notes(job);
    job->undoing = 1;
    job->step = first;
    job->attempts = 0;
    return 0;
}

int
journal_undone(struct job *job, int64_t next, int *ret_finished, struct cairn_error *err)
{
    const struct flow_step *step = job->flow != NULL && job->step >= 0 ? &job->flow->steps[job->step] : NULL;
    struct tx *tx;
    int rc = 0;

    if (tx_begin(job->engine->catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    if (job->undoing && step != NULL && step->record_undo != NULL)
        rc = step->record_undo(&job->run, tx, err);
    if (rc == 0)
        rc = next < 0 ? write_failure(job, tx, err) : write_state(job, tx, "undoing", next, 0, err);
    if (rc < 0) {
        tx_rollback(tx);
        return -1;
    }
    if ((next < 0 ? commit_end(job, tx, err) : tx_commit(tx, err)) < 0)
        return -1;
    forget_notes(job);
    job->step = next;
    job->attempts = 0;
    *ret_finished = next < 0;
    if (next < 0)
        count_failure(job);
    return 0;
}

int
journal_retry(struct job *job, const struct cairn_error *why, int64_t not_before_us, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    if (tx_begin(job->engine->catalog, TX_WRITE, &tx, err) < 0 ||
        write_state(job, tx, job->undoing ? "undoing" : "queued", job->step, job->attempts, err) < 0 ||
        tx_exec(tx, err, "update tasks set lease_owner = null, lease_until_us = 0, not_before_us = case when cancel = 1 and state = 'queued'"
                " then not_before_us else ? end where id = ?", "is", not_before_us, job->run.task_id) < 0)
        return -1;
    /* While it is undone the row keeps why. */
    if (!job->undoing && tx_exec(tx, err, "update tasks set error_code = ?, error = ? where id = ?", "iss", (int64_t)why->code,
                                 why->message, job->run.task_id) < 0)
        return -1;
    if (tx_commit(steal(&tx), err) < 0)
        return -1;
    if (job->registered != NULL)
        atomic_fetch_add(&job->registered->retried, 1);
    forget_notes(job);
    return 0;
}

int
journal_free(struct job *job, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    if (tx_begin(job->engine->catalog, TX_WRITE, &tx, err) < 0 ||
        tx_exec(tx, err, "update tasks set lease_owner = null, lease_until_us = 0 where id = ? and lease_owner = ?", "ss",
                job->run.task_id, job->engine->owner) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

/* Once a second at most, for all jobs in one transaction. */
int
journal_progress(struct engine *e, struct cairn_error *err)
{
    enum { MOST = 256 };
    char ids[MOST][ID_UUID];
    double progress[MOST];
    CLEANUP_TX struct tx *tx = NULL;
    size_t count = 0;

    mutex_lock(&e->lock);
    for (struct job *job = e->held; job != NULL && count < MOST; job = job->held_next) {
        mutex_lock(&job->lock);
        if (job->progress_dirty) {
            job->progress_dirty = 0;
            snprintf(ids[count], sizeof ids[count], "%s", job->run.task_id);
            progress[count++] = job->progress;
        }
        mutex_unlock(&job->lock);
    }
    mutex_unlock(&e->lock);
    if (count == 0)
        return 0;
    if (tx_begin(e->catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (tx_exec(tx, err, "update tasks set progress = ? where id = ? and lease_owner = ?", "dss", progress[i], ids[i], e->owner) < 0)
            return -1;
    return tx_commit(steal(&tx), err);
}
