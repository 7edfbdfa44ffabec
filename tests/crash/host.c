/* host.c: the half of the daemon that does the work, for the crash test: drivers, engine and reconciler on a catalog that the test writes to.
 *
 *     host CONFIG serve [KIND:STEP:PHASE]     runs tasks until SIGTERM, or until it kills itself there
 *     host CONFIG audit                       prints what is not as the catalog says; 1: something is not
 *     host CONFIG idle                        0: no task is open */
#include "config.h"
#define LOG_MODULE "crash"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/str.h"
#include "catalog/catalog.h"
#include "flow/network.h"
#include "flow/reconcile.h"
#include "flow/server.h"

#define END { 0, 0, 0, 0, NULL, NULL, NULL, 0, 0 }
static const struct cairn_key daemon_keys[] = {
    CAIRN_KEY("state_dir", CAIRN_KEY_PATH, "/nowhere", "Where the cloud is."), CAIRN_KEY("run_dir", CAIRN_KEY_PATH, "/nowhere", "Where sockets are."), END,
};
static const struct cairn_key host_keys[] = { CAIRN_KEY("name", CAIRN_KEY_STRING, "crash", "This host."), END };
static const struct cairn_key http_keys[] = { CAIRN_KEY("port", CAIRN_KEY_INT, "0", "Of the whole daemon."), END };
static const struct config_section sections[] = {
    { "daemon", "It.", daemon_keys }, { "host", "Here.", host_keys }, { "http", "Not here.", http_keys }, { NULL, NULL, NULL },
};
static const char *const prefixes[] = { "compute", "storage", "network", NULL };

struct world {
    struct config *config;
    struct catalog *catalog;
    struct plugins *plugins;
    char *cloud_id;
};

static int
open_world(const char *path, int drivers, struct world *w, struct cairn_error *err)
{
    CLEANUP_FREE char *url = NULL;
    struct plugins_options po = { 0 };
    struct tx *tx;
    int rc;

    if (config_load(path, sections, prefixes, &w->config, err) < 0)
        return -1;
    po = (struct plugins_options){ .config = w->config, .host_name = config_string(w->config, "host", "name"),
                                   .state_dir = config_string(w->config, "daemon", "state_dir"), .run_dir = config_string(w->config, "daemon", "run_dir") };
    url = xasprintf("sqlite:%s/catalog.db", po.state_dir);
    if (catalog_open(url, &w->catalog, err) < 0 || tx_begin(w->catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    rc = tx_text(tx, &w->cloud_id, err, "select value from settings where name = 'cloud_id'", "");
    if (rc == 0 && w->cloud_id == NULL) {
        char id[ID_UUID];

        id_uuid(id);
        w->cloud_id = xstrdup(id);
        rc = tx_exec(tx, err, "insert into settings (name, value) values ('cloud_id', ?)", "s", id);
    }
    if (rc < 0) {
        tx_rollback(tx);
        return -1;
    }
    if (tx_commit(tx, err) < 0)
        return -1;
    po.cloud_id = w->cloud_id;
    if (drivers && (plugins_open(&po, &w->plugins, err) < 0 || plugins_load_all(w->plugins, err) < 0))
        return -1;
    network_flows_register(0);
    server_flows_register();
    return 0;
}

static void
close_world(struct world *w)
{
    if (w->plugins != NULL)
        plugins_close(w->plugins);
    if (w->catalog != NULL)
        catalog_close(w->catalog);
    config_free(w->config);
    free(w->cloud_id);
}

static int
serve(struct world *w, const char *crash_at, struct cairn_error *err)
{
    const char *hosts[] = { config_string(w->config, "host", "name"), NULL };
    char owner[ID_UUID];
    struct engine_options eo = { .catalog = w->catalog, .plugins = w->plugins, .config = w->config, .owner = owner, .hosts = hosts, .workers = 4,
                                 .crash_at = crash_at };
    struct reconciler_options ro = { .catalog = w->catalog, .plugins = w->plugins, .config = w->config, .host = hosts[0] };
    struct reconciler *reconciler;
    sigset_t signals;
    int sig;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    id_uuid(owner);
    if (engine_start(&eo, &ro.engine, err) < 0 || reconciler_start(&ro, &reconciler, err) < 0)
        return -1;
    puts("ready");
    fflush(stdout);
    sigwait(&signals, &sig);
    engine_stop(ro.engine);
    reconciler_stop(reconciler);
    return 0;
}

static void
print_finding(void *arg, const struct audit_finding *f)
{
    (void)arg;
    printf("%s %s: %s\n", f->check, f->object, f->text);
}

static int
audit(struct world *w, struct cairn_error *err)
{
    struct reconciler_options ro = { .catalog = w->catalog, .plugins = w->plugins, .config = w->config, .host = config_string(w->config, "host", "name") };
    int open;

    return audit_run(&ro, 0, print_finding, NULL, &open, err) < 0 ? -1 : open > 0;
}

static int
idle(struct world *w, struct cairn_error *err)
{
    int64_t open;
    struct tx *tx;
    int rc;

    if (tx_begin(w->catalog, TX_READ, &tx, err) < 0)
        return -1;
    rc = tx_int(tx, &open, 0, err, "select count(*) from tasks where state in ('queued', 'running', 'undoing')", "");
    tx_rollback(tx);
    return rc < 0 ? -1 : open > 0;
}

int
main(int argc, char **argv)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct world w = { 0 };
    sigset_t signals;
    int rc = -1;

    if (argc < 3) {
        fprintf(stderr, "usage: host CONFIG serve [KIND:STEP:PHASE] | audit | idle\n");
        return 2;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (log_open(NULL, CAIRN_LOG_INFO, &err) == 0 && open_world(argv[1], strcmp(argv[2], "idle") != 0, &w, &err) == 0) {
        if (strcmp(argv[2], "serve") == 0)
            rc = serve(&w, argc > 3 ? argv[3] : NULL, &err);
        else
            rc = strcmp(argv[2], "audit") == 0 ? audit(&w, &err) : idle(&w, &err);
    }
    if (rc < 0)
        fprintf(stderr, "host: %s\n", err.message);
    close_world(&w);
    return rc < 0 ? 2 : rc;
}
