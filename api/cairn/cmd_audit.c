/* cmd_audit.c: the audit: by the daemon that runs, else with the drivers loaded here. */
#include "config.h"
#include "cairn/tool.h"

#include <limits.h>
#include <unistd.h>

#include "base/json.h"
#include "flow/reconcile.h"

static void
add_row(struct table *table, const char *check, const char *object, int repaired, const char *text)
{
    table_add(table, "%s", check);
    table_add(table, "%s", object);
    table_add(table, "%s", repaired ? "repaired" : "open");
    table_add(table, "%s", text);
}

static void
add_finding(void *arg, const struct audit_finding *finding)
{
    add_row(arg, finding->check, finding->object, finding->repaired, finding->text);
}

static int
ask_daemon(struct tool *t, int repair, struct table *table, int *ret_open, struct cairn_error *err)
{
    CLEANUP_JSON json_t *reply = NULL;
    size_t i;
    json_t *one;

    if ((repair ? tool_ask(t, &reply, err, "audit", "repair", "yes", NULL) : tool_ask(t, &reply, err, "audit", NULL)) < 0)
        return -1;
    json_array_foreach(json_object_get(reply, "findings"), i, one)
        add_row(table, json_str(one, "check"), json_str(one, "object"), json_bool(one, "repaired", 0), json_str(one, "text"));
    *ret_open = (int)json_int(reply, "open", 0);
    return 0;
}

/* This host's name as the daemon would have it. */
static int
run_here(struct tool *t, int repair, struct table *table, int *ret_open, struct cairn_error *err)
{
    char host[HOST_NAME_MAX + 1] = "localhost";
    const char *name = config_string(t->config, "host", "name");
    struct plugins_options po = { .config = t->config, .cloud_id = "", .state_dir = t->state_dir, .run_dir = t->run_dir,
                                  .path = config_string(t->config, "daemon", "driver_path") };
    struct reconciler_options o = { .catalog = t->catalog, .config = t->config };
    CLEANUP_FREE char *cloud_id = NULL;
    CLEANUP_TX struct tx *tx = NULL;
    int rc;

    gethostname(host, sizeof host - 1);
    po.host_name = o.host = name != NULL ? name : host;
    if (tx_begin(t->catalog, TX_READ, &tx, err) < 0 || tx_text(tx, &cloud_id, err, "select value from settings where name = 'cloud_id'", "") < 0)
        return -1;
    tx_rollback(steal(&tx));
    po.cloud_id = cloud_id != NULL ? cloud_id : "";
    if (plugins_open(&po, &o.plugins, err) < 0)
        return -1;
    rc = plugins_load_all(o.plugins, err) < 0 ? -1 : audit_run(&o, repair, add_finding, table, ret_open, err);
    plugins_close(o.plugins);
    return rc;
}

COMMAND(cmd_audit)
{
    static const struct option longs[] = { { "repair", no_argument, NULL, 'r' }, { NULL, 0, NULL, 0 } };
    struct table *table;
    int opt, repair = 0, still_open = 0, rc;

    while ((opt = getopt_long(argc, argv, "r", longs, NULL)) != -1) {
        if (opt != 'r')
            return tool_usage(err);
        repair = 1;
    }
    if (tool_arguments(argc, 0, 0, err) < 0 || tool_open(t, 0, err) < 0)
        return -1;
    table = table_new("CHECK", "OBJECT", "STATE", "FINDING", NULL);
    rc = tool_daemon_runs(t) ? ask_daemon(t, repair, table, &still_open, err) : run_here(t, repair, table, &still_open, err);
    table_print(table, rc < 0 ? "the audit did not come to its end" : "books and machine agree");
    if (rc < 0)
        return -1;
    return still_open == 0 ? 0 : cairn_fail(err, CAIRN_CONFLICT, "%d finding%s open%s", still_open, still_open == 1 ? " is" : "s are",
                                            repair ? "" : "; cairn audit --repair puts right what can be");
}
