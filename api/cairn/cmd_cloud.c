/* cmd_cloud.c: status, hosts, drivers, reload, log. */
#include "config.h"
#include "cairn/tool.h"

#include "base/clock.h"
#include "base/json.h"
#include "plugin/plugin.h"
#include "schedule/schedule.h"

/* --- status */
static const struct { const char *what; const char *sql; } figures[] = {
    { "projects", "select count(*) from projects" },
    { "users", "select count(*) from users" },
    { "images", "select count(*) from images" },
    { "networks", "select count(*) from networks" },
    { "ports", "select count(*) from ports" },
    { "servers", "select count(*) from servers where deleted_us is null" },
    { "  of them active", "select count(*) from servers where deleted_us is null and vm_state = 'active'" },
    { "  of them in error", "select count(*) from servers where deleted_us is null and vm_state = 'error'" },
    { "open tasks", "select count(*) from tasks where state in ('queued', 'running', 'undoing')" },
    { "tasks that failed today", "select count(*) from tasks where state = 'failed' and finished_us > ?" },
};

static void
print_daemon(struct tool *t)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_JSON json_t *reply = NULL;
    char age[24];

    if (tool_ask(t, &reply, &err, "status", NULL) == 0)
        printf("daemon                   runs: version %s, pid %lld, up %s\n", json_str(reply, "version"), (long long)json_int(reply, "pid", 0),
               age_text(json_int(reply, "up_ms", 0) * 1000, age));
    else if (tool_daemon_runs(t))
        printf("daemon                   runs, but does not answer: %s\n", err.message);
    else
        puts("daemon                   does not run");
}

COMMAND(cmd_status)
{
    CLEANUP_TX struct tx *tx = NULL;
    int64_t up, all, n, now = clock_us();

    (void)argv;
    optind = 1;
    if (tool_arguments(argc, 0, 0, err) < 0 || tool_open(t, 0, err) < 0)
        return -1;
    printf("configuration            %s\n", t->config_path != NULL ? t->config_path : "built-in defaults");
    printf("catalog                  %s, schema %lld\n", t->catalog_url, (long long)catalog_schema_version(t->catalog));
    print_daemon(t);
    if (tx_begin(t->catalog, TX_READ, &tx, err) < 0
        || tx_int(tx, &up, 0, err, "select count(*) from hosts where forced_down = 0 and heartbeat_us > ?", "i", now - HOST_ALIVE_US) < 0
        || tx_int(tx, &all, 0, err, "select count(*) from hosts", "") < 0)
        return -1;
    printf("%-24s %lld of %lld up\n", "hosts", (long long)up, (long long)all);
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        int dated = strchr(figures[i].sql, '?') != NULL;
        int got = dated ? tx_int(tx, &n, 0, err, figures[i].sql, "i", now - INT64_C(86400000000)) : tx_int(tx, &n, 0, err, figures[i].sql, "");

        if (got < 0)
            return -1;
        printf("%-24s %lld\n", figures[i].what, (long long)n);
    }
    return 0;
}

/* --- hosts */
COMMAND(cmd_hosts)
{
    struct table *table;
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *rows = NULL;
    int64_t now = clock_us();
    char age[24];
    int got;

    (void)argv;
    optind = 1;
    if (tool_arguments(argc, 0, 0, err) < 0 || tool_open(t, 0, err) < 0 || tx_begin(t->catalog, TX_READ, &tx, err) < 0
        || tx_query(tx, &rows, err,
                    "select h.name as name, h.driver as driver, h.availability_zone as zone, h.enabled as enabled, h.forced_down as forced_down,"
                    " h.disabled_reason as reason, h.heartbeat_us as heartbeat_us, h.vcpus as vcpus, h.ram_mib as ram_mib, h.disk_gib as disk_gib,"
                    " h.vcpu_ratio as vcpu_ratio, h.ram_ratio as ram_ratio, h.disk_ratio as disk_ratio, h.reserved_vcpus as reserved_vcpus,"
                    " h.reserved_ram_mib as reserved_ram_mib, h.reserved_disk_gib as reserved_disk_gib, count(a.consumer_id) as servers,"
                    " coalesce(sum(a.vcpus), 0) as used_vcpus, coalesce(sum(a.ram_mib), 0) as used_ram, coalesce(sum(a.disk_gib), 0) as used_disk"
                    " from hosts h left join allocations a on a.host_id = h.id group by h.id order by h.name", "") < 0)
        return -1;
    table = table_new("NAME", "STATE", "DRIVER", "ZONE", "SERVERS", "VCPUS", "RAM MIB", "DISK GIB", "HEARTBEAT", "REMARK", NULL);
    while ((got = rows_next(rows, err)) > 0) {
        int64_t beat = row_int(rows, "heartbeat_us");
        int forced = row_int(rows, "forced_down") != 0;
        const char *reason = row_text(rows, "reason");

        table_add(table, "%s", row_text(rows, "name"));
        table_add(table, "%s%s", !forced && now - beat < HOST_ALIVE_US ? "up" : "down", row_int(rows, "enabled") ? "" : ", disabled");
        table_add(table, "%s", row_text(rows, "driver"));
        table_add(table, "%s", row_text(rows, "zone"));
        table_add(table, "%lld", (long long)row_int(rows, "servers"));
        table_add(table, "%lld/%.0f", (long long)row_int(rows, "used_vcpus"),
                  (double)(row_int(rows, "vcpus") - row_int(rows, "reserved_vcpus")) * row_real(rows, "vcpu_ratio"));
        table_add(table, "%lld/%.0f", (long long)row_int(rows, "used_ram"),
                  (double)(row_int(rows, "ram_mib") - row_int(rows, "reserved_ram_mib")) * row_real(rows, "ram_ratio"));
        table_add(table, "%lld/%.0f", (long long)row_int(rows, "used_disk"),
                  (double)(row_int(rows, "disk_gib") - row_int(rows, "reserved_disk_gib")) * row_real(rows, "disk_ratio"));
        table_add(table, "%s ago", age_text(now - beat, age));
        table_add(table, "%s", forced ? "forced down" : reason != NULL ? reason : "");
    }
    table_print(table, "no host has reported yet");
    return got;
}

/* --- drivers */
static void
add_file(void *arg, const char *file, const struct cairn_driver *table)
{
    table_add(arg, "%s", kind_name(table->kind));
    table_add(arg, "%s", table->name);
    table_add(arg, "%s", table->version != NULL ? table->version : "");
    table_add(arg, "%s", table->description != NULL ? table->description : "");
    table_add(arg, "%s", file);
}

static int
print_loaded(struct tool *t, struct cairn_error *err)
{
    CLEANUP_JSON json_t *reply = NULL;
    struct table *table;
    size_t i;
    json_t *one;

    if (tool_ask(t, &reply, err, "drivers", NULL) < 0) {
        if (err->code != CAIRN_UNAVAILABLE)
            return -1;
        puts("the daemon does not run: nothing is loaded");
        cairn_error_clear(err);
        return 0;
    }
    table = table_new("KIND", "INSTANCE", "DRIVER", "VERSION", "HEALTH", NULL);
    json_array_foreach(json_object_get(reply, "drivers"), i, one) {
        table_add(table, "%s", json_str(one, "kind"));
        table_add(table, "%s", json_str(one, "instance"));
        table_add(table, "%s", json_str(one, "driver"));
        table_add(table, "%s", json_str(one, "version"));
        table_add(table, "%s%s%s", json_bool(one, "healthy", 0) ? "ok" : "BAD", json_str(one, "health")[0] != '\0' ? ": " : "", json_str(one, "health"));
    }
    table_print(table, "the daemon has loaded nothing");
    return 0;
}

COMMAND(cmd_drivers)
{
    static const struct option longs[] = { { "dump", required_argument, NULL, 'd' }, { NULL, 0, NULL, 0 } };
    CLEANUP_FREE char *text = NULL;
    struct table *table;
    const char *dump = NULL;
    int opt, got;

    while ((opt = getopt_long(argc, argv, "d:", longs, NULL)) != -1) {
        if (opt != 'd')
            return tool_usage(err);
        dump = optarg;
    }
    if (tool_arguments(argc, 0, 0, err) < 0)
        return -1;
    if (dump != NULL) {
        if (plugin_dump(dump, &text, err) < 0)
            return -1;
        fputs(text, stdout);
        return 0;
    }
    if (print_loaded(t, err) < 0)
        return -1;
    putchar('\n');
    table = table_new("KIND", "NAME", "VERSION", "DESCRIPTION", "FILE", NULL);
    got = plugins_scan(config_string(t->config, "daemon", "driver_path"), add_file, table, err);
    table_print(table, "no driver is in the search path");
    return got;
}

COMMAND(cmd_reload)
{
    CLEANUP_JSON json_t *reply = NULL;

    optind = 1;
    if (tool_arguments(argc, 2, 2, err) < 0 || tool_ask(t, &reply, err, "reload", "kind", argv[1], "instance", argv[2], NULL) < 0)
        return -1;
    printf("%s:%s is loaded anew\n", argv[1], argv[2]);
    return 0;
}

/* --- log */
COMMAND(cmd_log)
{
    CLEANUP_JSON json_t *reply = NULL;

    optind = 1;
    if (tool_arguments(argc, 0, 1, err) < 0)
        return -1;
    if ((argc > 1 ? tool_ask(t, &reply, err, "log", "levels", argv[1], NULL) : tool_ask(t, &reply, err, "log", NULL)) < 0)
        return -1;
    puts(json_str(reply, "levels"));
    return 0;
}
