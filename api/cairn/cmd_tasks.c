/* cmd_tasks.c: tasks, and the story of a request or an object. */
#include "config.h"
#include "cairn/tool.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "flow/flow.h"
#include "flow/image.h"
#include "flow/network.h"
#include "flow/server.h"

#define ALL_MAX 500
#define STORY_MAX 5000

/* --- tasks */
static void
print_calls(struct tool *t)
{
    CLEANUP_JSON json_t *reply = NULL;
    struct table *table;
    size_t i;
    json_t *one;
    char age[24];

    if (tool_ask(t, &reply, NULL, "running", NULL) < 0 || json_array_size(json_object_get(reply, "calls")) == 0)
        return;
    puts("\nIn drivers at this moment:");
    table = table_new("DRIVER", "OPERATION", "OBJECT", "FOR", "REQUEST", NULL);
    json_array_foreach(json_object_get(reply, "calls"), i, one) {
        table_add(table, "%s", json_str(one, "instance"));
        table_add(table, "%s", json_str(one, "operation"));
        table_add(table, "%s", json_str(one, "object"));
        table_add(table, "%s%s", age_text(json_int(one, "for_ms", 0) * 1000, age), json_bool(one, "overdue", 0) ? ", overdue" : "");
        table_add(table, "%s", json_str(one, "request_id"));
    }
    table_print(table, "");
}

/* The step that is next, by its name where this program knows the flow. */
static void
add_step(struct table *table, const char *kind, int64_t step)
{
    const struct flow *flow = flow_find(kind);
    int64_t i = 0;

    while (flow != NULL && i < step && flow->steps[i].name != NULL)
        i++;
    if (flow != NULL && i == step && flow->steps[i].name != NULL)
        table_add(table, "%lld %s", (long long)step, flow->steps[i].name);
    else
        table_add(table, "%lld", (long long)step);
}

COMMAND(cmd_tasks)
{
    static const struct option longs[] = { { "all", no_argument, NULL, 'a' }, { NULL, 0, NULL, 0 } };
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *rows = NULL;
    struct table *table;
    int opt, all = 0, got;
    int64_t now = clock_us();
    char age[24];

    while ((opt = getopt_long(argc, argv, "a", longs, NULL)) != -1) {
        if (opt != 'a')
            return tool_usage(err);
        all = 1;
    }
    if (tool_arguments(argc, 0, 0, err) < 0 || tool_open(t, 0, err) < 0 || tx_begin(t->catalog, TX_READ, &tx, err) < 0
        || tx_query(tx, &rows, err,
                    "select id, kind, object_id, host, state, step, progress, attempts, cancel, not_before_us, error, created_us from tasks"
                    " where (? = 1 or state in ('queued', 'running', 'undoing')) order by created_us desc, id limit ?", "ii", (int64_t)all,
                    (int64_t)ALL_MAX) < 0)
        return -1;
    server_flows_register();
    image_flows_register();
    network_flows_register(0);
    table = table_new("ID", "KIND", "OBJECT", "HOST", "STATE", "STEP", "DONE", "TRIES", "AGE", "REMARK", NULL);
    while ((got = rows_next(rows, err)) > 0) {
        const char *error = row_text(rows, "error"), *host = row_text(rows, "host");
        int64_t wait = row_int(rows, "not_before_us") - now;
        int cancel = row_int(rows, "cancel") != 0;

        table_add(table, "%s", row_text(rows, "id"));
        table_add(table, "%s", row_text(rows, "kind"));
        table_add(table, "%s", row_text(rows, "object_id"));
        table_add(table, "%s", host[0] != '\0' ? host : "any");
        table_add(table, "%s", row_text(rows, "state"));
        add_step(table, row_text(rows, "kind"), row_int(rows, "step"));
        table_add(table, "%.0f %%", row_real(rows, "progress") * 100);
        table_add(table, "%lld", (long long)row_int(rows, "attempts"));
        table_add(table, "%s", age_text(now - row_int(rows, "created_us"), age));
        if (error != NULL)
            table_add(table, "%s", error);
        else if (cancel)
            table_add(table, "called off");
        else if (wait > 1000000 && strcmp(row_text(rows, "state"), "queued") == 0)
            table_add(table, "again in %s", age_text(wait, age));
        else
            table_add(table, "%s", "");
    }
    table_print(table, all ? "there was never a task" : "no task is open");
    rows_close(steal(&rows));
    if (got == 0)
        print_calls(t);
    return got;
}

/* --- trace */

/* Every request that has to do with the id: itself, or those that touched the object or made the task. */
#define REQUESTS \
    "(select ? as r union select request_id from timeline where object_id = ? or task_id = ? union select request_id from tasks where object_id = ? or id = ?)"

static int
print_tasks_of(struct tx *tx, const char *id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    struct table *table;
    int got;

    if (tx_query(tx, &rows, err,
                 "select id, kind, object_id, state, attempts, error from tasks where request_id in " REQUESTS " order by seq, created_us limit 100", "sssss",
                 id, id, id, id, id) < 0)
        return -1;
    table = table_new("TASK", "KIND", "OBJECT", "STATE", "TRIES", "ERROR", NULL);
    while ((got = rows_next(rows, err)) > 0) {
        const char *error = row_text(rows, "error");

        table_add(table, "%s", row_text(rows, "id"));
        table_add(table, "%s", row_text(rows, "kind"));
        table_add(table, "%s", row_text(rows, "object_id"));
        table_add(table, "%s", row_text(rows, "state"));
        table_add(table, "%lld", (long long)row_int(rows, "attempts"));
        table_add(table, "%s", error != NULL ? error : "");
    }
    table_print(table, "no task belongs to it");
    return got;
}

COMMAND(cmd_trace)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *rows = NULL;
    struct table *table;
    const char *id;
    int64_t first = 0, seen = 0;
    char when[40], request[64] = "";
    int got;

    optind = 1;
    if (tool_arguments(argc, 1, 1, err) < 0 || tool_open(t, 0, err) < 0)
        return -1;
    id = argv[1];
    if (tx_begin(t->catalog, TX_READ, &tx, err) < 0
        || tx_query(tx, &rows, err,
                    "select at_us, request_id, what, name, object_id, detail, duration_us, code from timeline where request_id in " REQUESTS
                    " order by at_us, seq limit ?", "sssssi", id, id, id, id, id, (int64_t)STORY_MAX) < 0)
        return -1;
    table = table_new("TIME", "AFTER", "REQUEST", "WHAT", "NAME", "TOOK", "OBJECT", "DETAIL", NULL);
    while ((got = rows_next(rows, err)) > 0) {
        const char *object = row_text(rows, "object_id"), *detail = row_text(rows, "detail"), *req = row_text(rows, "request_id");
        int64_t at = row_int(rows, "at_us"), code = row_int(rows, "code");

        first = seen++ == 0 ? at : first;
        table_add(table, "%s", time_text(at, when));
        table_add(table, "%.3f s", (double)(at - first) / 1e6);
        table_add(table, "%s", strcmp(request, req) != 0 ? req : "");
        snprintf(request, sizeof request, "%s", req);
        table_add(table, "%s", row_text(rows, "what"));
        table_add(table, "%s", row_text(rows, "name"));
        if (row_null(rows, "duration_us"))
            table_add(table, "%s", "");
        else
            table_add(table, "%.3f s", (double)row_int(rows, "duration_us") / 1e6);
        table_add(table, "%s", object != NULL ? object : "");
        table_add(table, "%s%s%s", code != 0 ? error_code_name((uint32_t)code) : "", code != 0 && detail != NULL ? ": " : "", detail != NULL ? detail : "");
    }
    rows_close(steal(&rows));
    if (got < 0) {
        table_print(table, "");
        return -1;
    }
    table_print(table, "the timeline knows nothing of it (old stories are swept: [daemon] keep_tasks)");
    putchar('\n');
    return print_tasks_of(tx, id, err);
}
