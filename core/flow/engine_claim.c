/* engine_claim.c: takes due tasks from the catalog, a lease on each: the oldest open task of an object only. */
#include <config.h>
#define LOG_MODULE "flow"
#include "flow/engine_private.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

#define COLUMNS "id, kind, object_type, object_id, host, state, step, payload, progress, attempts, cancel, error_code, error, request_id," \
                " project_id, user_id, started_us"
#define FIRST_OF_OBJECT " and not exists (select 1 from tasks o where o.object_id = t.object_id and o.seq < t.seq" \
                        " and o.state in ('queued', 'running', 'undoing'))"

/* " and host in ('', ?, ?)", or nothing. */
static void
add_hosts(const struct engine *e, struct str *sql, int any)
{
    if (e->hosts_count == 0)
        return;
    str_add(sql, any ? " and host in (''" : " and host in (");
    for (size_t i = 0; i < e->hosts_count; i++)
        str_add(sql, i > 0 || any ? ", ?" : "?");
    str_add(sql, ")");
}

static size_t
host_values(const struct engine *e, struct sql_value *values)
{
    for (size_t i = 0; i < e->hosts_count; i++)
        values[i] = (struct sql_value){ .type = 's', .p = e->hosts[i] };
    return e->hosts_count;
}

static struct sql_value
int_value(int64_t i)
{
    return (struct sql_value){ .type = 'i', .i = i };
}

static struct sql_value
text_value(const char *text)
{
    return (struct sql_value){ .type = text != NULL ? 's' : 'n', .p = text };
}

/* The statements stay the same for the life of the engine, so that the catalog prepares each once. */
void
claim_prepare(struct engine *e)
{
    struct str sql = STR_INIT;

    /* Left by the dead, or waiting to be undone again. */
    str_add(&sql, "select " COLUMNS " from tasks t where state in ('running', 'undoing') and lease_until_us <= ? and not_before_us <= ?");
    add_hosts(e, &sql, 1);
    str_add(&sql, FIRST_OF_OBJECT " limit ?");
    e->sql_resume = str_take(&sql);
    str_add(&sql, "select " COLUMNS " from tasks t where state = 'queued' and not_before_us <= ?");
    add_hosts(e, &sql, 1);
    str_add(&sql, FIRST_OF_OBJECT " order by not_before_us limit ?");
    e->sql_queued = str_take(&sql);
    str_add(&sql, "select min(at) as at from (select min(not_before_us) as at from tasks where state = 'queued' and not_before_us > ?");
    add_hosts(e, &sql, 1);
    str_add(&sql, " union all select min(not_before_us) from tasks where state = 'undoing' and not_before_us > ?");
    add_hosts(e, &sql, 1);
    str_add(&sql, " union all select min(lease_until_us) from tasks where state in ('running', 'undoing') and lease_until_us > ?"
                  " and lease_owner <> ?");
    add_hosts(e, &sql, 1);
    str_add(&sql, ") as due");
    e->sql_due = str_take(&sql);
}

static int
release(struct engine *e, const char *condition, int with_hosts, const char *owner, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_STR struct str sql = STR_INIT;
    struct sql_value values[HOSTS_MAX + 1];
    size_t n = 0;

    str_addf(&sql, "update tasks set lease_owner = null, lease_until_us = 0 where state in ('running', 'undoing') and %s", condition);
    values[n++] = text_value(owner);
    if (with_hosts) {
        add_hosts(e, &sql, 0);
        n += host_values(e, values + n);
    }
    if (tx_begin(e->catalog, TX_WRITE, &tx, err) < 0 || tx_exec_v(tx, err, sql.text, values, n) < 0)
        return -1;
    if (tx_changes(tx) > 0)
        log_debug("%lld task%s that had begun can go on", (long long)tx_changes(tx), tx_changes(tx) > 1 ? "s" : "");
    return tx_commit(steal(&tx), err);
}

int
claim_take_over(struct engine *e, struct cairn_error *err)
{
    return release(e, "lease_owner <> ?", 1, e->owner, err);
}

int
claim_release_all(struct engine *e, struct cairn_error *err)
{
    return release(e, "lease_owner = ?", 0, e->owner, err);
}

/* Another version of the flow may have had more steps. */
static int64_t
bounded_step(const struct flow *flow, int64_t step)
{
    int64_t count = 0;

    if (flow == NULL)
        return -1;
    while (flow->steps[count].name != NULL)
        count++;
    return step < -1 ? -1 : step > count ? count : step;
}

static struct job *
job_of_row(struct engine *e, struct rows *r)
{
    struct job *job = xcalloc(1, sizeof *job);
    const char *project = row_text(r, "project_id"), *user = row_text(r, "user_id"), *error = row_text(r, "error");

    job->engine = e;
    job->kind = xstrdup(row_text(r, "kind"));
    job->object_type = xstrdup(row_text(r, "object_type"));
    job->registered = registered_find(job->kind);
    job->flow = job->registered != NULL ? job->registered->flow : NULL;
    job->step = bounded_step(job->flow, row_int(r, "step"));
    job->attempts = row_int(r, "attempts");
    job->cancel = row_int(r, "cancel") != 0;
    job->undoing = strcmp(row_text(r, "state"), "undoing") == 0;
    job->fresh = row_null(r, "started_us");
    job->touched = !job->fresh;
    job->progress = row_real(r, "progress");
    job->cause.code = (uint32_t)row_int(r, "error_code");
    snprintf(job->cause.message, sizeof job->cause.message, "%s", error != NULL ? error : "");
    job->run = (struct flow_run){
        .engine = e, .catalog = e->catalog, .plugins = e->plugins, .config = e->config, .op = &job->op,
        .task_id = xstrdup(row_text(r, "id")), .object_id = xstrdup(row_text(r, "object_id")), .host = xstrdup(row_text(r, "host")),
        .request_id = xstrdup(row_text(r, "request_id")), .project_id = xstrdup(project != NULL ? project : ""),
        .user_id = xstrdup(user != NULL ? user : ""), .payload = json_of_column(row_text(r, "payload")),
    };
    mutex_init(&job->lock);
    return job;
}

void
job_free(struct job *job)
{
    if (job == NULL)
        return;
    if (job->run.scratch_free != NULL)
        job->run.scratch_free(job->run.scratch);
    json_decref(job->run.payload);
    free((char *)job->run.task_id);
    free((char *)job->run.object_id);
    free((char *)job->run.host);
    free((char *)job->run.request_id);
    free((char *)job->run.project_id);
    free((char *)job->run.user_id);
    free(job->kind);
    free(job->object_type);
    mutex_destroy(&job->lock);
    free(job);
}

/* Appends what the query answers to the chain. */
static int
collect(struct engine *e, struct tx *tx, const char *sql, unsigned times, int64_t now, unsigned want, struct job ***end, unsigned *count,
        struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    struct sql_value values[HOSTS_MAX + 3];
    size_t n = 0;
    int rc;

    while (times-- > 0)
        values[n++] = int_value(now);
    n += host_values(e, values + n);
    values[n++] = int_value(want);
    if (tx_query_v(tx, &rows, err, sql, values, n) < 0)
        return -1;
    while ((rc = rows_next(rows, err)) > 0) {
        struct job *job = job_of_row(e, rows);

        if (engine_holds(e, job->run.task_id)) {
            job_free(job);          /* the clock jumped: its lease is about to be renewed */
            continue;
        }
        **end = job;
        *end = &job->next;
        (*count)++;
    }
    return rc;
}

/* The instance actions API tells of each event from its beginning. */
static int
begin(struct job *job, struct tx *tx, int64_t now, struct cairn_error *err)
{
    if (!job->fresh || job->flow == NULL)
        return 0;
    if (job->flow->begun != NULL && !job->cancel && job->flow->begun(&job->run, tx, err) < 0)
        return -1;
    if (job->flow->event == NULL || strcmp(job->object_type, "server") != 0)
        return 0;
    return tx_exec(tx, err,
                   "insert into server_action_events (id, action_id, event, host, started_us)"
                   " select ?, id, ?, ?, ? from server_actions where server_id = ? and request_id = ? order by started_us desc limit 1",
                   "sssiss", job->run.task_id, job->flow->event, job->run.host, now, job->run.object_id, job->run.request_id);
}

static int
lease(struct engine *e, struct tx *tx, struct job *job, int64_t now, struct cairn_error *err)
{
    /* Before the row is read again: what is called off from now on shows as a change. */
    job->cancel_seen = task_cancel_mark(job->run.object_id);
    if (tx_exec(tx, err,
                "update tasks set state = case when state = 'undoing' then state else 'running' end, lease_owner = ?, lease_until_us = ?,"
                " started_us = coalesce(started_us, ?) where id = ?", "siis", e->owner, now + LEASE_US, now, job->run.task_id) < 0)
        return -1;
    return begin(job, tx, now, err);
}

static int
next_due(struct engine *e, struct tx *tx, int64_t now, int64_t *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    struct sql_value values[3 * HOSTS_MAX + 4];
    size_t n = 0;
    int rc;

    values[n++] = int_value(now);
    n += host_values(e, values + n);
    values[n++] = int_value(now);
    n += host_values(e, values + n);
    values[n++] = int_value(now);
    values[n++] = text_value(e->owner);
    n += host_values(e, values + n);
    if (tx_query_v(tx, &rows, err, e->sql_due, values, n) < 0 || (rc = rows_next(rows, err)) < 0)
        return -1;
    *ret = rc > 0 && !row_null(rows, "at") ? row_int(rows, "at") : INT64_MAX;
    return 0;
}

int
claim_in(struct engine *e, struct tx *tx, unsigned want, struct job **ret_chain, int *ret_more, int64_t *ret_due_us, struct cairn_error *err)
{
    struct job *chain = NULL, **end = &chain;
    int64_t now = clock_us();
    unsigned count = 0;
    int rc;

    *ret_due_us = INT64_MAX;
    rc = collect(e, tx, e->sql_resume, 2, now, want, &end, &count, err);
    if (rc == 0 && count < want)
        rc = collect(e, tx, e->sql_queued, 1, now, want - count, &end, &count, err);
    for (struct job *job = chain; rc == 0 && job != NULL; job = job->next)
        rc = lease(e, tx, job, now, err);
    *ret_more = count >= want;
    if (rc == 0 && !*ret_more)
        rc = next_due(e, tx, now, ret_due_us, err);
    if (rc == 0) {
        *ret_chain = chain;
        return 0;
    }
    while (chain != NULL) {
        struct job *next = chain->next;

        job_free(chain);
        chain = next;
    }
    return -1;
}

void
claim_now(struct engine *e, unsigned want)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_TX struct tx *tx = NULL;
    struct job *chain = NULL;
    int64_t due_us;
    int more;

    if (tx_begin(e->catalog, TX_WRITE, &tx, &err) == 0 && claim_in(e, tx, want, &chain, &more, &due_us, &err) == 0) {
        if (tx_commit(steal(&tx), &err) == 0) {
            engine_claimed(e, chain, more, due_us);
            return;
        }
        while (chain != NULL) {
            struct job *next = chain->next;

            job_free(chain);
            chain = next;
        }
    }
    log_error("tasks cannot be claimed: %s", err.message);
    engine_claimed(e, NULL, 0, clock_us() + INT64_C(1000000));
}

int
claim_renew(struct engine *e, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *rows = NULL;
    int rc;

    if (tx_begin(e->catalog, TX_WRITE, &tx, err) < 0 ||
        tx_exec(tx, err, "update tasks set lease_until_us = ? where lease_owner = ? and state in ('running', 'undoing')", "is",
                clock_us() + LEASE_US, e->owner) < 0 ||
        tx_query(tx, &rows, err, "select id from tasks where state = 'running' and lease_owner = ? and cancel = 1", "s", e->owner) < 0)
        return -1;
    /* Called off by another process. */
    while ((rc = rows_next(rows, err)) > 0) {
        const char *id = row_text(rows, "id");

        mutex_lock(&e->lock);
        for (struct job *job = e->held; job != NULL; job = job->held_next)
            if (strcmp(job->run.task_id, id) == 0)
                job->cancel = 1;
        mutex_unlock(&e->lock);
    }
    rows_close(steal(&rows));
    return rc < 0 ? -1 : tx_commit(steal(&tx), err);
}
