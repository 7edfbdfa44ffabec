/* server_power.c: the one-step flows of a running server (start, stop, reboot, pause, suspend ...) and what guests do by themselves. */
#include "config.h"
#define LOG_MODULE "flow"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/server.h"
#include "plugin/compute.h"

extern const struct flow server_build_flow, server_delete_flow;

/* How long a guest may take to shut down by itself. */
#define GRACE_MS 60000

static int
with_description(struct flow_run *run, int (*fn)(struct driver *, struct flow_run *, const struct cairn_server *, struct cairn_error *),
                 struct cairn_error *err)
{
    CLEANUP_ARENA struct arena a = ARENA_INIT;
    CLEANUP_DRIVER struct driver *compute = server_compute_driver(run, err);
    const struct cairn_server *server;

    if (compute == NULL || (server = serverdesc_live(run, &a, run->object_id, err)) == NULL)
        return -1;
    return fn(compute, run, server, err);
}

static int
start_fn(struct driver *d, struct flow_run *run, const struct cairn_server *server, struct cairn_error *err)
{
    return compute_server_start(d, run->op, server, err);
}

static int
reboot_fn(struct driver *d, struct flow_run *run, const struct cairn_server *server, struct cairn_error *err)
{
    uint32_t type = json_bool(run->payload, "hard", 0) ? CAIRN_REBOOT_HARD : CAIRN_REBOOT_SOFT;

    return compute_server_reboot(d, run->op, server, type, GRACE_MS, err);
}

static int
resume_fn(struct driver *d, struct flow_run *run, const struct cairn_server *server, struct cairn_error *err)
{
    return compute_server_resume(d, run->op, server, err);
}

static int start_run(struct flow_run *run, struct cairn_error *err) { return with_description(run, start_fn, err); }
static int reboot_run(struct flow_run *run, struct cairn_error *err) { return with_description(run, reboot_fn, err); }
static int resume_run(struct flow_run *run, struct cairn_error *err) { return with_description(run, resume_fn, err); }

static int
stop_run(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *compute = server_compute_driver(run, err);

    return compute == NULL ? -1 : compute_server_stop(compute, run->op, run->object_id, GRACE_MS, err);
}

static int
pause_run(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *compute = server_compute_driver(run, err);

    return compute == NULL ? -1 : compute_server_pause(compute, run->object_id, err);
}

static int
unpause_run(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *compute = server_compute_driver(run, err);

    return compute == NULL ? -1 : compute_server_unpause(compute, run->object_id, err);
}

static int
suspend_run(struct flow_run *run, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *compute = server_compute_driver(run, err);

    return compute == NULL ? -1 : compute_server_suspend(compute, run->op, run->object_id, err);
}

/* What each flow leaves behind when it ends well. */
static const struct { const char *kind, *vm_state; uint32_t power; } after[] = {
    { "server-start", "active", CAIRN_POWER_RUNNING },       { "server-stop", "stopped", CAIRN_POWER_SHUTDOWN },
    { "server-reboot", "active", CAIRN_POWER_RUNNING },      { "server-pause", "paused", CAIRN_POWER_PAUSED },
    { "server-unpause", "active", CAIRN_POWER_RUNNING },     { "server-suspend", "suspended", CAIRN_POWER_SUSPENDED },
    { "server-resume", "active", CAIRN_POWER_RUNNING },
};

/* The task's kind is not in the run, so each flow has its own record through this. */
static int
settle(struct flow_run *run, struct tx *tx, size_t i, struct cairn_error *err)
{
    return tx_exec(tx, err,
                   "update servers set vm_state = ?, power_state = ?, task_state = null, updated_us = ?, fault_code = null, fault_message = null,"
                   " fault_details = null, fault_us = null where id = ? and deleted_us is null", "siis", after[i].vm_state, (int64_t)after[i].power,
                   clock_us(), run->object_id);
}

#define SETTLE(name, i) \
    static int name(struct flow_run *run, struct tx *tx, struct cairn_error *err) { return settle(run, tx, i, err); }
SETTLE(start_done, 0)
SETTLE(stop_done, 1)
SETTLE(reboot_done, 2)
SETTLE(pause_done, 3)
SETTLE(unpause_done, 4)
SETTLE(suspend_done, 5)
SETTLE(resume_done, 6)

/* Nothing was undone and nothing is lost: the server keeps the state it is really in, with a fault that says what failed.  A reboot
 * or start that failed may have left it off. */
static int
power_failed(struct flow_run *run, struct tx *tx, const struct cairn_error *cause, struct cairn_error *err)
{
    if (cause->code == CAIRN_CANCELLED)
        return 0;
    if (server_fault(tx, run->object_id, NULL, 500, cause->message, err) < 0)
        return -1;
    log_warn("server %s: %s", run->object_id, cause->message);
    return 0;
}

/* start, reboot and resume leave it in error: whoever asked must look. */
static int
boot_failed(struct flow_run *run, struct tx *tx, const struct cairn_error *cause, struct cairn_error *err)
{
    if (cause->code == CAIRN_CANCELLED)
        return 0;
    return server_fault(tx, run->object_id, "error", 500, cause->message, err);
}

#define STEP(fn) static const struct flow_step fn##_steps[] = { { "power", fn, NULL, NULL, NULL }, { NULL, NULL, NULL, NULL, NULL } };
STEP(start_run)
STEP(stop_run)
STEP(reboot_run)
STEP(pause_run)
STEP(unpause_run)
STEP(suspend_run)
STEP(resume_run)

static const struct flow power_flows[] = {
    { .kind = "server-start",   .steps = start_run_steps,   .done = start_done,   .failed = boot_failed,  .event = "compute_start_instance" },
    { .kind = "server-stop",    .steps = stop_run_steps,    .done = stop_done,    .failed = power_failed, .event = "compute_stop_instance" },
    { .kind = "server-reboot",  .steps = reboot_run_steps,  .done = reboot_done,  .failed = boot_failed,  .event = "compute_reboot_instance" },
    { .kind = "server-pause",   .steps = pause_run_steps,   .done = pause_done,   .failed = power_failed, .event = "compute_pause_instance" },
    { .kind = "server-unpause", .steps = unpause_run_steps, .done = unpause_done, .failed = power_failed, .event = "compute_unpause_instance" },
    { .kind = "server-suspend", .steps = suspend_run_steps, .done = suspend_done, .failed = power_failed, .event = "compute_suspend_instance" },
    { .kind = "server-resume",  .steps = resume_run_steps,  .done = resume_done,  .failed = boot_failed,  .event = "compute_resume_instance" },
};

void
server_flows_register(void)
{
    flow_register(&server_build_flow);
    flow_register(&server_delete_flow);
    for (size_t i = 0; i < ARRAY_LEN(power_flows); i++)
        flow_register(&power_flows[i]);
}

static const char *
action_of(const char *kind)
{
#define X(k, action, event, task_state) if (strcmp(kind, k) == 0) return action;
    SERVER_FLOWS(X)
#undef X
    return kind;
}

int
server_act(struct tx *tx, const char *server_id, const char *kind, const char *task_state, const json_t *payload, const char *request_id,
           const char *project_id, const char *user_id, struct cairn_error *err)
{
    CLEANUP_FREE char *host = NULL;
    char action_id[ID_UUID];
    int64_t now = clock_us();
    struct task_new task = { .kind = kind, .object_type = "server", .object_id = server_id, .payload = payload, .request_id = request_id,
                             .project_id = project_id, .user_id = user_id };

    if (strcmp(kind, "server-delete") == 0 && task_cancel_object(tx, server_id, err) < 0)
        return -1;
    if (tx_text(tx, &host, err, "select h.name from servers s join hosts h on h.id = s.host_id where s.id = ?", "s", server_id) < 0)
        return -1;
    task.host = host != NULL ? host : "";
    id_uuid(action_id);
    if (tx_exec(tx, err, "update servers set task_state = ?, updated_us = ? where id = ?", "sis", task_state, now, server_id) < 0 ||
        tx_exec(tx, err,
                "insert into server_actions (id, server_id, action, request_id, user_id, project_id, message, started_us, updated_us)"
                " values (?, ?, ?, ?, ?, ?, null, ?, ?)", "ssssssii", action_id, server_id, action_of(kind), request_id, user_id, project_id,
                now, now) < 0)
        return -1;
    return task_add(tx, &task, NULL, err);
}

int
server_power_seen(struct catalog *catalog, const char *server_id, uint32_t power, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    const char *vm_state, *now_state;
    int64_t open = 0;
    int rc;

    if (tx_begin(catalog, TX_WRITE, &tx, err) < 0 || task_open(tx, server_id, &open, err) < 0)
        return -1;
    if (open > 0)                       /* a task is at work: it knows better */
        return 0;
    if (tx_query(tx, &r, err, "select vm_state, power_state from servers where id = ? and deleted_us is null and task_state is null", "s",
                 server_id) < 0 || (rc = rows_next(r, err)) < 0)
        return -1;
    if (rc == 0)
        return 0;
    vm_state = row_text(r, "vm_state");
    now_state = vm_state;
    if (power == (uint32_t)row_int(r, "power_state"))
        return 0;
    if (strcmp(vm_state, "active") == 0 || strcmp(vm_state, "stopped") == 0 || strcmp(vm_state, "paused") == 0 ||
        strcmp(vm_state, "suspended") == 0)
        now_state = power == CAIRN_POWER_RUNNING ? "active" : power == CAIRN_POWER_PAUSED ? "paused"
                  : power == CAIRN_POWER_SUSPENDED ? "suspended" : "stopped";
    log_info("server %s: the guest's power state is now %u, %s", server_id, power, now_state);
    char state[32];
    snprintf(state, sizeof state, "%s", now_state);
    rows_close(steal(&r));
    if (tx_exec(tx, err, "update servers set power_state = ?, vm_state = ?, updated_us = ? where id = ?", "isis", (int64_t)power, state, clock_us(),
                server_id) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}
