/* task.c: task rows: added, called off, counted and swept in the callers' transactions; who runs them is told at the commit. */
#include <config.h>
#include "task/task.h"

#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"

enum { LISTENERS_MAX = 16, MARKS = 1024 };

struct listener { void (*fn)(void *arg); void *arg; };
static struct mutex listeners_lock = MUTEX_INIT;
static struct listener listeners[LISTENERS_MAX] GUARDED_BY(listeners_lock);

/* How often tasks of objects of each bucket were called off. */
static _Atomic uint32_t marks[MARKS];

static _Atomic uint32_t *
mark_of(const char *object_id)
{
    uint32_t hash = 2166136261u;

    for (const unsigned char *p = (const unsigned char *)object_id; *p != '\0'; p++)
        hash = (hash ^ *p) * 16777619u;
    return &marks[hash % MARKS];
}

uint32_t
task_cancel_mark(const char *object_id)
{
    return atomic_load(mark_of(object_id));
}

void
task_listen(void (*fn)(void *arg), void *arg)
{
    size_t i = 0;

    mutex_lock(&listeners_lock);
    while (i < LISTENERS_MAX && listeners[i].fn != NULL)
        i++;
    if (i == LISTENERS_MAX)
        abort();
    listeners[i] = (struct listener){ fn, arg };
    mutex_unlock(&listeners_lock);
}

void
task_unlisten(void (*fn)(void *arg), void *arg)
{
    mutex_lock(&listeners_lock);
    for (size_t i = 0; i < LISTENERS_MAX; i++)
        if (listeners[i].fn == fn && listeners[i].arg == arg)
            listeners[i] = (struct listener){ NULL, NULL };
    mutex_unlock(&listeners_lock);
}

static void
tell_listeners(void *arg)
{
    (void)arg;
    mutex_lock(&listeners_lock);
    for (size_t i = 0; i < LISTENERS_MAX; i++)
        if (listeners[i].fn != NULL)
            listeners[i].fn(listeners[i].arg);
    mutex_unlock(&listeners_lock);
}

static void
bump_mark(void *arg)
{
    atomic_fetch_add((_Atomic uint32_t *)arg, 1);
    tell_listeners(NULL);
}

int
task_add(struct tx *tx, const struct task_new *task, char ret_id[ID_UUID], struct cairn_error *err)
{
    CLEANUP_FREE char *payload = task->payload != NULL ? json_text(task->payload) : NULL;
    int64_t now = clock_us();
    char id[ID_UUID];

    id_uuid(id);
    if (tx_exec(tx, err,
                "insert into tasks (id, kind, object_type, object_id, host, state, payload, not_before_us, lease_until_us, request_id,"
                " project_id, user_id, seq, created_us) values (?, ?, ?, ?, ?, 'queued', ?, ?, 0, ?, ?, ?,"
                " (select coalesce(max(seq), 0) + 1 from tasks where object_id = ?), ?)",
                "ssssssisss" "si", id, task->kind, task->object_type, task->object_id, task->host != NULL ? task->host : "",
                payload != NULL ? payload : "{}", task->not_before_us > 0 ? task->not_before_us : now,
                task->request_id != NULL ? task->request_id : "", task->project_id, task->user_id, task->object_id, now) < 0)
        return cairn_error_context(err, "task '%s' of %s", task->kind, task->object_id);
    tx_on_commit(tx, tell_listeners, NULL);
    if (ret_id != NULL)
        memcpy(ret_id, id, sizeof id);
    return 0;
}

/* One that waits for its time need not wait any longer: it is to be undone. */
int
task_cancel_object(struct tx *tx, const char *object_id, struct cairn_error *err)
{
    int64_t now = clock_us();

    if (tx_exec(tx, err,
                "update tasks set cancel = 1, not_before_us = case when not_before_us > ? then ? else not_before_us end"
                " where object_id = ? and state in ('queued', 'running')", "iis", now, now, object_id) < 0)
        return cairn_error_context(err, "calling off the tasks of %s", object_id);
    if (tx_changes(tx) > 0)
        tx_on_commit(tx, bump_mark, mark_of(object_id));
    return 0;
}

int
task_open(struct tx *tx, const char *object_id, int64_t *ret, struct cairn_error *err)
{
    return tx_int(tx, ret, 0, err, "select count(*) from tasks where object_id = ? and state in ('queued', 'running', 'undoing')", "s",
                  object_id);
}

int
task_sweep(struct tx *tx, int64_t before_us, int64_t max, struct cairn_error *err)
{
    if (tx_exec(tx, err,
                "delete from tasks where id in (select id from tasks where state in ('done', 'failed', 'cancelled') and finished_us < ?"
                " limit ?)", "ii", before_us, max) < 0)
        return -1;
    /* The oldest rows have the lowest numbers: no look at the others. */
    return tx_exec(tx, err,
                   "delete from timeline where seq in (select seq from (select seq, at_us from timeline order by seq limit ?) as oldest"
                   " where at_us < ?)", "ii", max, before_us);
}

int
timeline_add(struct tx *tx, const char *request_id, const char *object_id, const char *task_id, const char *what, const char *name,
             const char *detail, int64_t duration_us, uint32_t code, struct cairn_error *err)
{
    return tx_exec(tx, err,
                   "insert into timeline (seq, at_us, request_id, object_id, task_id, what, name, detail, duration_us, code)"
                   " select coalesce(max(seq), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ? from timeline", "issssssii", clock_us(),
                   request_id != NULL ? request_id : "", object_id, task_id, what, name, detail, duration_us, (int64_t)code);
}
