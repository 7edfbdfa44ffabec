/* cairnd.c: the composition root: reads the configuration, wires the floors together, runs. */
#include "config.h"
#define LOG_MODULE "daemon"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tree.h"
#include "catalog/catalog.h"
#include "compute/compute.h"
#include "daemon/host.h"
#include "daemon/services.h"
#include "daemon/settings.h"
#include "flow/flow.h"
#include "flow/image.h"
#include "flow/network.h"
#include "flow/object.h"
#include "flow/server.h"
#include "http/http.h"
#include "identity/identity.h"
#include "image/image.h"
#include "metadata/metadata.h"
#include "network/network_api.h"
#include "object/object.h"
#include "daemon/seed.h"
#include "daemon/control.h"

struct options {
    const char *config;
    const char *state_dir;
    const char *port_file;
    int simulate;
    unsigned sim_hosts;
    int port;                           /* -1: as configured */
    struct { const char *key, *value; } sets[32];
    size_t sets_count;
};

/* Everything that lives as long as the daemon, in the order it is made. */
struct daemon {
    struct options o;
    struct config *config;
    char *state_dir, *run_dir, *temp_dir, *base_url, *host_name;
    char cloud_id[ID_UUID];
    int lock_fd;
    struct catalog *catalog;
    struct plugins *plugins;
    struct scheduler *scheduler;
    struct policy *policy;
    struct rest_env env;
    struct http_app *apps[12];
    struct http_app *object;            /* one of them, which is not the engine's */
    struct http_server *http;
    struct metadata_server *metadata;
    struct engine *engine;
    struct hosting *hosting;
    struct object_keeper *keeper;
    struct control *control;
};

static const char usage[] =
    "Usage: cairnd [OPTION]...\n"
    "The Cairn cloud: OpenStack's core APIs in one daemon.\n"
    "\n"
    "  -c, --config FILE         configuration (default: CAIRN_CONFIG, ./run/cairn.conf, " CAIRN_SYSCONFDIR "/cairn/cairn.conf)\n"
    "  -s, --set SECTION.KEY=V   set one key as if it stood in the file; may be repeated\n"
    "      --simulate[=HOSTS]    simulated drivers and a fresh catalog in a temporary folder: the same APIs in milliseconds\n"
    "                            (1 host unless said otherwise; --set network:default.delay=2s and the like inject faults)\n"
    "      --state-dir DIR       keep the state here (with --simulate: instead of a temporary folder)\n"
    "  -p, --port PORT           listen on PORT (0: a free one)\n"
    "      --port-file FILE      write the port to FILE once requests are answered\n"
    "      --check               check configuration, drivers and API tables, then exit\n"
    "      --help-config[=md]    print every configuration key (md: as Markdown)\n"
    "      --routes              print every route that is served: service, method, path, action, first version, policy rule\n"
    "  -h, --help                this text\n"
    "  -V, --version             version\n"
    "\n"
    "Signals: TERM and INT stop it (tasks go on at the next start), HUP reopens the log and reads policy again.\n"
    "See cairnd(8), cairn.conf(5), cairn(8).\n";

static int
parse_set(struct options *o, char *text, struct cairn_error *err)
{
    char *value = strchr(text, '=');

    if (value == NULL || strchr(text, '.') == NULL || strchr(text, '.') > value)
        return cairn_fail(err, CAIRN_INVALID, "--set '%s': it is SECTION.KEY=VALUE, e.g. http.port=8000", text);
    if (o->sets_count == ARRAY_LEN(o->sets))
        return cairn_fail(err, CAIRN_INVALID, "--set can be given %zu times", ARRAY_LEN(o->sets));
    *value++ = '\0';
    o->sets[o->sets_count].key = text;
    o->sets[o->sets_count++].value = value;
    return 0;
}

static void
print_route(void *arg, const char *method, const char *path, const char *action, struct rest_version since, const char *rule)
{
    char version[16] = "";

    if (since.major > 0)
        snprintf(version, sizeof version, "%u.%u", since.major, since.minor);
    printf("%s\t%s\t%s\t%s\t%s\t%s\n", (const char *)arg, method, path, action != NULL ? action : "", version, rule != NULL ? rule : "");
}

static void
print_object_route(void *arg, const char *method, const char *path, const char *rule)
{
    (void)arg;
    printf("object-store\t%s\t%s\t\t\t%s\n", method, path, rule);
}

static void
print_routes(void)
{
    for (size_t i = 0; daemon_services[i] != NULL; i++)
        rest_each_route(daemon_services[i], print_route, (void *)(uintptr_t)daemon_services[i]->name);
    object_each_route(print_object_route, NULL);
}

enum { OPT_SIMULATE = 256, OPT_STATE_DIR, OPT_PORT_FILE, OPT_CHECK, OPT_HELP_CONFIG, OPT_ROUTES };

/* 0 go on, 1 exit with success, -1 error. */
static int
parse_options(int argc, char **argv, struct options *o, int *ret_check, struct cairn_error *err)
{
    static const struct option longs[] = {
        { "config", required_argument, NULL, 'c' },       { "set", required_argument, NULL, 's' },
        { "simulate", optional_argument, NULL, OPT_SIMULATE }, { "state-dir", required_argument, NULL, OPT_STATE_DIR },
        { "port", required_argument, NULL, 'p' },         { "port-file", required_argument, NULL, OPT_PORT_FILE },
        { "check", no_argument, NULL, OPT_CHECK },        { "help-config", optional_argument, NULL, OPT_HELP_CONFIG },
        { "routes", no_argument, NULL, OPT_ROUTES },
        { "help", no_argument, NULL, 'h' },               { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    int64_t n;
    int c;

    o->port = -1;
    while ((c = getopt_long(argc, argv, "c:s:p:hV", longs, NULL)) != -1) {
        switch (c) {
        case 'c': o->config = optarg; break;
        case 's':
            if (parse_set(o, optarg, err) < 0)
                return -1;
            break;
        case 'p':
            if (str_to_int(optarg, 0, 65535, &n) < 0)
                return cairn_fail(err, CAIRN_INVALID, "--port '%s': a number from 0 to 65535", optarg);
            o->port = (int)n;
            break;
        case OPT_SIMULATE:
            o->simulate = 1;
            n = 1;
            if (optarg != NULL && str_to_int(optarg, 1, 9999, &n) < 0)
                return cairn_fail(err, CAIRN_INVALID, "--simulate '%s': a number of hosts from 1 to 9999", optarg);
            o->sim_hosts = (unsigned)n;
            break;
        case OPT_STATE_DIR: o->state_dir = optarg; break;
        case OPT_PORT_FILE: o->port_file = optarg; break;
        case OPT_CHECK: *ret_check = 1; break;
        case OPT_HELP_CONFIG: settings_print(optarg != NULL); return 1;
        case OPT_ROUTES: print_routes(); return 1;
        case 'h': fputs(usage, stdout); return 1;
        case 'V': puts("cairnd " PACKAGE_VERSION); return 1;
        default: return cairn_fail(err, CAIRN_INVALID, "try 'cairnd --help'");
        }
    }
    if (optind < argc)
        return cairn_fail(err, CAIRN_INVALID, "unexpected argument '%s'; try 'cairnd --help'", argv[optind]);
    return 0;
}

/* --set a.b=c: the key is behind the last dot before '='. */
static int
apply_sets(struct daemon *d, struct cairn_error *err)
{
    for (size_t i = 0; i < d->o.sets_count; i++) {
        CLEANUP_FREE char *section = xstrdup(d->o.sets[i].key);
        char *dot = strrchr(section, '.');

        *dot = '\0';
        if (config_set(d->config, section, dot + 1, d->o.sets[i].value, err) < 0)
            return -1;
    }
    return 0;
}

/* In a simulation everything that the configuration does not say is a scratch value. */
static int
simulate_settings(struct daemon *d, struct cairn_error *err)
{
    static const char *const unlimited[] = { "compute_instances", "compute_cores", "compute_ram", "network_port" };

    if (d->o.state_dir == NULL) {
        CLEANUP_FREE char *template = xasprintf("%s/cairn-sim-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");

        if (mkdtemp(template) == NULL)
            return cairn_fail_errno(err, errno, "cannot make a temporary folder '%s'", template);
        d->temp_dir = steal(&template);
    }
    for (size_t i = 0; i < ARRAY_LEN(unlimited); i++)
        if (config_set(d->config, "quota", unlimited[i], "-1", err) < 0)
            return -1;
    return 0;
}

static int
load_config(struct daemon *d, struct cairn_error *err)
{
    CLEANUP_FREE char *path = d->o.simulate && d->o.config == NULL ? NULL : settings_find(d->o.config);
    const char *dir;

    if (settings_load(path, d->o.simulate, &d->config, err) < 0 || (d->o.simulate && simulate_settings(d, err) < 0) || apply_sets(d, err) < 0)
        return -1;
    dir = d->o.state_dir != NULL ? d->o.state_dir : d->temp_dir;
    if (dir != NULL) {
        CLEANUP_FREE char *run = xasprintf("%s/run", dir);

        if (config_set(d->config, "daemon", "state_dir", dir, err) < 0 || config_set(d->config, "daemon", "run_dir", run, err) < 0)
            return -1;
    }
    d->state_dir = xstrdup(config_string(d->config, "daemon", "state_dir"));
    d->run_dir = xstrdup(config_string(d->config, "daemon", "run_dir"));
    crash_set(config_string(d->config, "debug", "crash_at"));
    return log_set_levels(config_string(d->config, "daemon", "log_levels"), err) < 0 ||
           log_open(config_string(d->config, "daemon", "log"), CAIRN_LOG_INFO, err) < 0 ||
           log_set_levels(config_string(d->config, "daemon", "log_levels"), err) < 0 ? -1 : 0;
}

/* One daemon for each state folder. */
static int
take_lock(struct daemon *d, struct cairn_error *err)
{
    CLEANUP_FREE char *path = xasprintf("%s/cairnd.pid", d->run_dir);
    char pid[32];

    if (tree_make(d->state_dir, 0711, err) < 0 || tree_make(d->run_dir, 0755, err) < 0)
        return -1;
    d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (d->lock_fd < 0)
        return cairn_fail_errno(err, errno, "cannot open '%s'", path);
    if (flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return cairn_fail(err, CAIRN_CONFLICT, "another cairnd runs on '%s' (see %s)", d->state_dir, path);
    snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(d->lock_fd, 0) < 0 || write(d->lock_fd, pid, strlen(pid)) < 0)
        return cairn_fail_errno(err, errno, "cannot write '%s'", path);
    return 0;
}

static int
open_catalog(struct daemon *d, struct cairn_error *err)
{
    CLEANUP_FREE char *url = config_string(d->config, "daemon", "catalog") != NULL ? xstrdup(config_string(d->config, "daemon", "catalog"))
                                                                                   : xasprintf("sqlite:%s/catalog.db", d->state_dir);
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_FREE char *id = NULL;

    if (catalog_open(url, &d->catalog, err) < 0 || tx_begin(d->catalog, TX_WRITE, &tx, err) < 0 ||
        tx_text(tx, &id, err, "select value from settings where name = 'cloud_id'", "") < 0)
        return -1;
    if (id != NULL) {
        snprintf(d->cloud_id, sizeof d->cloud_id, "%s", id);
        return 0;
    }
    id_uuid(d->cloud_id);
    if (tx_exec(tx, err, "insert into settings (name, value) values ('cloud_id', ?)", "s", d->cloud_id) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

static char *
own_name(const struct daemon *d)
{
    char name[HOST_NAME_MAX + 1] = "localhost";

    if (config_string(d->config, "host", "name") != NULL)
        return xstrdup(config_string(d->config, "host", "name"));
    gethostname(name, sizeof name - 1);
    return xstrdup(name);
}

static int
open_core(struct daemon *d, struct cairn_error *err)
{
    struct plugins_options po = { .config = d->config, .cloud_id = d->cloud_id, .state_dir = d->state_dir, .run_dir = d->run_dir,
                                  .path = config_string(d->config, "daemon", "driver_path"), .event = hosting_event, .event_arg = &d->hosting };

    d->host_name = own_name(d);
    po.host_name = d->host_name;
    if (plugins_open(&po, &d->plugins, err) < 0 || scheduler_open(d->plugins, d->config, &d->scheduler, err) < 0 ||
        policy_new(&d->policy, err) < 0)
        return -1;
    d->env = (struct rest_env){ .catalog = d->catalog, .plugins = d->plugins, .scheduler = d->scheduler, .config = d->config,
                                .policy = d->policy, .cloud_id = d->cloud_id, .state_dir = d->state_dir };
    return 0;
}

static int
open_apps(struct daemon *d, struct cairn_error *err)
{
    size_t n;

    if (identity_open(&d->env, err) < 0)
        return -1;
    for (n = 0; daemon_services[n] != NULL; n++)
        if (rest_app(daemon_services[n], &d->env, &d->apps[n], err) < 0)
            return cairn_error_context(err, "service %s", daemon_services[n]->name);
    if (object_app(&d->env, &d->object, err) < 0)
        return -1;
    d->apps[n] = d->object;
    if (config_string(d->config, "daemon", "policy") != NULL && policy_load(d->policy, config_string(d->config, "daemon", "policy"), err) < 0)
        return -1;
    return 0;
}

static int
listen_http(struct daemon *d, struct cairn_error *err)
{
    const struct config *c = d->config;
    struct http_options o = {
        .address = config_string(c, "http", "address"), .port = (uint16_t)(d->o.port >= 0 ? d->o.port : config_int(c, "http", "port")),
        .threads = (unsigned)config_int(c, "http", "threads"), .workers = (unsigned)config_int(c, "http", "workers"),
        .max_connections = (unsigned)config_int(c, "http", "max_connections"),
        .max_per_address = (unsigned)config_int(c, "http", "max_per_address"),
        .idle_timeout_s = (unsigned)(config_int(c, "http", "idle_timeout") / 1000), .header_max = (size_t)config_int(c, "http", "header_max"),
        .body_max = (size_t)config_int(c, "http", "body_max"), .tls_cert = config_string(c, "http", "tls_cert"),
        .tls_key = config_string(c, "http", "tls_key"), .pipeline_path = config_string(c, "daemon", "pipeline"),
        .public_url = config_string(c, "http", "public_url"),
    };

    identity_slow_lane(c, &o.slow_workers, &o.slow_waiting);
    if (http_start(&o, d->plugins, d->apps, &d->http, err) < 0)
        return -1;
    if (o.public_url != NULL)
        d->base_url = xstrdup(o.public_url);
    else
        d->base_url = xasprintf("%s://%s%s%s:%u", o.tls_cert != NULL ? "https" : "http", strchr(o.address, ':') != NULL ? "[" : "",
                                strcmp(o.address, "0.0.0.0") == 0 || strcmp(o.address, "::") == 0 ? d->host_name : o.address,
                                strchr(o.address, ':') != NULL ? "]" : "", http_port(d->http));
    return 0;
}

/* What runs servers: drivers, flows, this host.  Requests are answered already. */
static int
open_engine(struct daemon *d, struct cairn_error *err)
{
    const char *hosts[2] = { d->host_name, NULL };
    char owner[ID_UUID];
    struct engine_options eo = { .catalog = d->catalog, .plugins = d->plugins, .config = d->config, .owner = owner,
                                 .hosts = d->o.simulate ? NULL : hosts, .workers = (unsigned)config_int(d->config, "daemon", "workers") };
    struct hosting_options ho = { .catalog = d->catalog, .plugins = d->plugins, .config = d->config, .host_name = d->host_name,
                                  .simulated = d->o.simulate ? d->o.sim_hosts : 0 };
    struct object_keeper_options ko = { .catalog = d->catalog, .plugins = d->plugins, .config = d->config };

    id_uuid(owner);
    if (plugins_load_all(d->plugins, err) < 0 || metadata_start(d->catalog, &d->metadata, err) < 0)
        return -1;
    network_flows_register(d->o.simulate);
    network_on_applied(metadata_network_up, metadata_network_down, d->metadata);
    server_flows_register();
    image_flows_register();
    if (engine_start(&eo, &d->engine, err) < 0)
        return -1;
    ko.engine = d->engine;
    if (object_keeper_start(&ko, &d->keeper, err) < 0)
        return -1;
    return identity_external_start(&d->env, err) < 0 ? -1 : hosting_start(&ho, d->engine, &d->hosting, err);
}

/* What the operator's tool can ask of us. */
static int
open_control(struct daemon *d, struct cairn_error *err)
{
    struct reconciler_options audit = { .catalog = d->catalog, .plugins = d->plugins, .config = d->config,
                                        .host = d->o.simulate ? NULL : d->host_name };
    struct control_options o = { .run_dir = d->run_dir, .plugins = d->plugins, .audit = &audit, .policy = d->policy,
                                 .policy_file = config_string(d->config, "daemon", "policy") };

    return control_start(&o, &d->control, err);
}

static void
metrics_text(void *arg, struct str *out)
{
    struct daemon *d = arg;

    http_metrics(d->http, out);
    if (d->engine != NULL)
        engine_metrics(d->engine, out);
    plugins_metrics(d->plugins, out);
    scheduler_metrics(d->scheduler, out);
    identity_metrics(out);
}

struct health { struct str *out; int bad; };

static int
health_of(void *arg, struct driver *driver)
{
    struct health *h = arg;
    struct cairn_health health = { .size = sizeof health };
    struct cairn_error err = CAIRN_ERROR_INIT;
    int ok = driver_health(driver, &health, &err) == 0 && health.ok;

    str_addf(h->out, "%s %s: %s\n", ok ? "ok " : "BAD", driver_instance(driver), err.code != CAIRN_OK ? err.message : health.text);
    h->bad |= !ok;
    return 0;
}

/* 0: healthy. */
static int
health_text(void *arg, struct str *out)
{
    static const uint32_t kinds[] = { CAIRN_COMPUTE, CAIRN_STORAGE, CAIRN_NETWORK };
    struct daemon *d = arg;
    struct health h = { out, 0 };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        plugins_each(d->plugins, kinds[i], health_of, &h);
    return h.bad ? -1 : 0;
}

/* systemd's readiness protocol: one datagram, no library. */
static void
notify_ready(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    static const char text[] = "READY=1";
    int fd;

    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof sa.sun_path)
        return;
    memcpy(sa.sun_path, path, strlen(path));
    if (sa.sun_path[0] == '@')
        sa.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (sendto(fd, text, sizeof text - 1, 0, (struct sockaddr *)&sa, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) < 0)
        log_warn("systemd was not told that we are ready: %s", strerror(errno));
    close(fd);
}

static int
write_port_file(const struct daemon *d, struct cairn_error *err)
{
    CLEANUP_FREE char *tmp = NULL;
    CLEANUP_FILE FILE *f = NULL;

    if (d->o.port_file == NULL)
        return 0;
    tmp = xasprintf("%s.tmp", d->o.port_file);
    f = fopen(tmp, "we");
    if (f == NULL || fprintf(f, "%u\n", http_port(d->http)) < 0 || fflush(f) != 0 || rename(tmp, d->o.port_file) < 0)
        return cairn_fail_errno(err, errno, "cannot write '%s'", d->o.port_file);
    return 0;
}

static void
serve_until_signal(struct daemon *d, const sigset_t *signals)
{
    for (;;) {
        struct cairn_error err = CAIRN_ERROR_INIT;
        int sig = 0;

        sigwait(signals, &sig);
        if (sig != SIGHUP) {
            log_info("signal %d: stopping; tasks go on at the next start", sig);
            return;
        }
        log_reopen();
        if (config_string(d->config, "daemon", "policy") != NULL &&
            policy_load(d->policy, config_string(d->config, "daemon", "policy"), &err) < 0)
            log_error("policy is unchanged: %s", err.message);
        else
            log_info("log reopened, policy read again");
    }
}

static int
start(struct daemon *d, int check_only, struct cairn_error *err)
{
    if (load_config(d, err) < 0 || take_lock(d, err) < 0 || open_catalog(d, err) < 0 || open_core(d, err) < 0 || open_apps(d, err) < 0)
        return -1;
    if (check_only)
        return plugins_load_all(d->plugins, err);
    http_register_metrics(metrics_text, d);
    http_register_health(health_text, d);
    if (listen_http(d, err) < 0)
        return -1;
    if (d->o.simulate && seed_simulation(d->catalog, d->state_dir, d->base_url, err) < 0)
        return -1;
    if (open_engine(d, err) < 0 || open_control(d, err) < 0 || write_port_file(d, err) < 0)
        return -1;
    log_info("cairnd %s serves cloud %s at %s", PACKAGE_VERSION, d->cloud_id, d->base_url);
    notify_ready();
    return 0;
}

static void
stop(struct daemon *d)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    control_stop(d->control);
    identity_external_stop();
    if (d->http != NULL)
        http_stop(d->http);
    if (d->engine != NULL)
        engine_stop(d->engine);
    object_keeper_stop(d->keeper);
    hosting_stop(d->hosting);
    metadata_stop(d->metadata);
    for (size_t i = 0; i < ARRAY_LEN(d->apps); i++)
        if (d->apps[i] != NULL && d->apps[i] != d->object)
            rest_app_free(d->apps[i]);
    object_app_free(d->object);
    identity_close();
    scheduler_close(d->scheduler);
    if (d->plugins != NULL)
        plugins_close(d->plugins);
    policy_free(d->policy);
    if (d->catalog != NULL)
        catalog_close(d->catalog);
    if (d->temp_dir != NULL && tree_remove(d->temp_dir, &err) < 0)
        log_warn("%s", err.message);
    config_free(d->config);
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    free(d->state_dir);
    free(d->run_dir);
    free(d->temp_dir);
    free(d->base_url);
    free(d->host_name);
}

int
main(int argc, char **argv)
{
    struct daemon d = { .lock_fd = -1 };
    struct cairn_error err = CAIRN_ERROR_INIT;
    int check_only = 0, rc = parse_options(argc, argv, &d.o, &check_only, &err);
    sigset_t signals;

    if (rc != 0) {
        if (rc < 0)
            fprintf(stderr, "cairnd: %s\n", err.message);
        return rc < 0 ? 2 : 0;
    }
    umask(022);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    rc = start(&d, check_only, &err);
    if (rc < 0)
        fprintf(stderr, "cairnd: %s\n", err.message);
    else if (check_only)
        puts("cairnd: configuration, drivers and API tables are in order");
    else
        serve_until_signal(&d, &signals);
    stop(&d);
    return rc < 0 ? 1 : 0;
}
