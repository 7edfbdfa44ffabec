/* control.c: the daemon's end of control.h. */
#include "config.h"
#define LOG_MODULE "daemon"
#include "daemon/control.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "daemon/control_line.h"
#include "identity/identity.h"
#include "rest/policy.h"

#define TALK_MS 5000                    /* for a client to say its line, and to take the answer */
#define RUNNING_MAX 256
#define FINDINGS_MAX 500               /* told one by one; the others are counted */

struct control {
    char *path;                         /* owned; of the socket */
    int fd, stop[2];                    /* the pipe's other end closes: stop */
    pthread_t thread;
    struct plugins *plugins;            /* borrowed; as are the next two */
    struct policy *policy;
    const char *policy_file;
    struct reconciler_options audit;    /* catalog NULL: none */
    int64_t started_ms;
};

/* --- commands: each fills 'reply', or fails */
static int
do_status(struct control *c, const json_t *request, json_t *reply, struct cairn_error *err)
{
    (void)request;
    (void)err;
    json_object_set_new(reply, "version", json_string(PACKAGE_VERSION));
    json_object_set_new(reply, "pid", json_integer(getpid()));
    json_object_set_new(reply, "up_ms", json_integer(clock_mono_ms() - c->started_ms));
    return 0;
}

static int
do_log(struct control *c, const json_t *request, json_t *reply, struct cairn_error *err)
{
    const char *levels = json_str(request, "levels");
    CLEANUP_FREE char *now = NULL;

    (void)c;
    if (levels != NULL && log_set_levels(levels, err) < 0)
        return -1;
    now = log_get_levels();
    json_object_set_new(reply, "levels", json_string(now));
    if (levels != NULL)
        log_info("log levels are now '%s'", now);
    return 0;
}

static int
do_refresh(struct control *c, const json_t *request, json_t *reply, struct cairn_error *err)
{
    (void)c;
    (void)request;
    (void)reply;
    (void)err;
    identity_refresh();
    return 0;
}

static int
add_driver(void *arg, struct driver *driver)
{
    json_t *list = arg, *one = json_object();
    const struct cairn_driver *table = driver_table(driver);
    struct cairn_health health = { .size = sizeof health };
    struct cairn_error err = CAIRN_ERROR_INIT;
    int got = driver_health(driver, &health, &err);

    json_object_set_new(one, "kind", json_string(kind_name(table->kind)));
    json_object_set_new(one, "instance", json_string(driver_instance(driver)));
    json_object_set_new(one, "driver", json_string(table->name));
    json_object_set_new(one, "version", json_string(table->version != NULL ? table->version : ""));
    json_object_set_new(one, "healthy", json_boolean(got == 0 && health.ok));
    json_object_set_new(one, "health", json_string(got == 0 ? health.text : err.message));
    json_array_append_new(list, one);
    return 0;
}

static int
do_drivers(struct control *c, const json_t *request, json_t *reply, struct cairn_error *err)
{
    json_t *list = json_array();

    (void)request;
    json_object_set_new(reply, "drivers", list);
    if (c->plugins == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no drivers are loaded here");
    for (uint32_t kind = CAIRN_COMPUTE; kind <= CAIRN_AUTH; kind++)
        plugins_each(c->plugins, kind, add_driver, list);
    return 0;
}

static int
do_running(struct control *c, const json_t *request, json_t *reply, struct cairn_error *err)
{
    struct driver_running *calls = xcalloc(RUNNING_MAX, sizeof *calls);
    size_t n = c->plugins != NULL ? plugins_running(c->plugins, calls, RUNNING_MAX) : 0;
    json_t *list = json_array();

    (void)request;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        json_t *one = json_object();

        json_object_set_new(one, "instance", json_string(calls[i].instance));
        json_object_set_new(one, "operation", json_string(calls[i].operation));
        json_object_set_new(one, "object", json_string(calls[i].object));
        json_object_set_new(one, "request_id", json_string(calls[i].request_id));
        json_object_set_new(one, "for_ms", json_integer(calls[i].for_ms));
        json_object_set_new(one, "overdue", json_boolean(calls[i].overdue));
        json_array_append_new(list, one);
    }
    free(calls);
    json_object_set_new(reply, "calls", list);
    return 0;
}

static int
do_reload(struct control *c, const json_t *request, json_t *reply, struct cairn_error *err)
{
    const char *kind = json_str(request, "kind"), *instance = json_str(request, "instance");

    (void)reply;
    if (c->plugins == NULL || kind == NULL || instance == NULL || kind_of(kind) == 0)
        return cairn_fail(err, CAIRN_INVALID, "reload needs the kind and the instance of a driver that is loaded");
    return plugins_reload(c->plugins, kind_of(kind), instance, err);
}

/* A bad file is refused with its line, and the rules stay as they were. */
static int
do_policy(struct control *c, const json_t *request, json_t *reply, struct cairn_error *err)
{
    (void)request;
    (void)reply;
    if (c->policy == NULL || c->policy_file == NULL)
        return cairn_fail(err, CAIRN_INVALID, "no policy file is configured: [daemon] policy = FILE");
    if (policy_load(c->policy, c->policy_file, err) < 0)
        return cairn_error_context(err, "policy is unchanged");
    log_info("policy read again from '%s'", c->policy_file);
    return 0;
}

static void
add_finding(void *arg, const struct audit_finding *finding)
{
    json_t *list = arg, *one;

    if (json_array_size(list) == FINDINGS_MAX)
        return;
    one = json_object();
    json_object_set_new(one, "check", json_string(finding->check));
    json_object_set_new(one, "object", json_string(finding->object));
    json_object_set_new(one, "text", json_string(finding->text));
    json_object_set_new(one, "repaired", json_boolean(finding->repaired));
    json_array_append_new(list, one);
}

static int
do_audit(struct control *c, const json_t *request, json_t *reply, struct cairn_error *err)
{
    json_t *list = json_array();
    int still_open = 0;

    json_object_set_new(reply, "findings", list);
    if (c->audit.catalog == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "nothing can be audited here");
    if (audit_run(&c->audit, json_str(request, "repair") != NULL, add_finding, list, &still_open, err) < 0)
        return -1;
    json_object_set_new(reply, "open", json_integer(still_open));
    return 0;
}

static const struct command {
    const char *name;
    int (*run)(struct control *c, const json_t *request, json_t *reply, struct cairn_error *err);
} commands[] = {
    { "status", do_status }, { "log", do_log }, { "refresh", do_refresh }, { "drivers", do_drivers }, { "running", do_running },
    { "reload", do_reload }, { "policy", do_policy }, { "audit", do_audit },
};

/* --- one connection */
static int
run_line(struct control *c, const char *line, size_t len, json_t *reply, struct cairn_error *err)
{
    CLEANUP_JSON json_t *request = NULL;
    const char *name;

    if (json_parse(line, len, &request, err) < 0)
        return -1;
    name = json_str(request, "command");
    for (size_t i = 0; name != NULL && i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(c, request, reply, err);
    }
    return cairn_fail(err, CAIRN_INVALID, "cairnd knows no command '%.60s'", name != NULL ? name : "");
}

static int
peer_may(int fd)
{
    struct ucred who;
    socklen_t len = sizeof who;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && (who.uid == 0 || who.uid == geteuid());
}

static void
talk(struct control *c, int fd)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_JSON json_t *reply = json_object();
    CLEANUP_STR struct str line = STR_INIT;
    CLEANUP_FREE char *text = NULL;

    if (!peer_may(fd) || control_read_line(fd, TALK_MS, CONTROL_REQUEST_MAX, &line, &err) < 0)
        return;
    if (run_line(c, line.text, line.len, reply, &err) < 0) {
        json_object_clear(reply);
        json_object_set_new(reply, "error", json_string(err.message));
    }
    json_object_set_new(reply, "ok", json_boolean(err.code == CAIRN_OK));
    text = json_text(reply);
    control_write_line(fd, TALK_MS, text, &err);
}

static void *
serve(void *arg)
{
    struct control *c = arg;
    struct pollfd fds[2] = { { .fd = c->fd, .events = POLLIN }, { .fd = c->stop[0], .events = POLLIN } };

    for (;;) {
        int fd;

        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            log_error("the control socket is not served any more: %s", strerror(errno));
            return NULL;
        }
        if (fds[1].revents != 0)
            return NULL;
        if ((fds[0].revents & POLLIN) == 0 || (fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0)
            continue;
        talk(c, fd);
        close(fd);
    }
}

/* --- life */
static int
open_socket(struct control *c, struct cairn_error *err)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    mode_t mask;
    int bound;

    if (strlen(c->path) >= sizeof sa.sun_path)
        return cairn_fail(err, CAIRN_INVALID, "the path of the control socket is too long: '%s'", c->path);
    strcpy(sa.sun_path, c->path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        return cairn_fail_errno(err, errno, "cannot make a socket");
    if (unlink(c->path) < 0 && errno != ENOENT)
        return cairn_fail_errno(err, errno, "cannot replace '%s'", c->path);
    mask = umask(0177);                 /* never open to others, not for an instant */
    bound = bind(c->fd, (struct sockaddr *)&sa, sizeof sa);
    umask(mask);
    if (bound < 0 || listen(c->fd, 8) < 0)
        return cairn_fail_errno(err, errno, "cannot listen on '%s'", c->path);
    return 0;
}

int
control_start(const struct control_options *o, struct control **ret, struct cairn_error *err)
{
    struct control *c = xcalloc(1, sizeof *c);
    int rc;

    *c = (struct control){ .path = xasprintf("%s/%s", o->run_dir, CONTROL_SOCKET), .fd = -1, .stop = { -1, -1 }, .plugins = o->plugins,
                           .policy = o->policy, .policy_file = o->policy_file, .started_ms = clock_mono_ms() };
    if (o->audit != NULL)
        c->audit = *o->audit;
    if (open_socket(c, err) < 0)
        goto fail;
    if (pipe2(c->stop, O_CLOEXEC) < 0) {
        cairn_fail_errno(err, errno, "cannot make a pipe");
        goto fail;
    }
    rc = pthread_create(&c->thread, NULL, serve, c);
    if (rc != 0) {
        cairn_fail_errno(err, rc, "cannot start the control thread");
        goto fail;
    }
    *ret = c;
    return 0;
fail:
    for (int i = 0; i < 2; i++) {
        if (c->stop[i] >= 0)
            close(c->stop[i]);
    }
    if (c->fd >= 0)
        close(c->fd);
    free(c->path);
    free(c);
    return -1;
}

void
control_stop(struct control *c)
{
    if (c == NULL)
        return;
    close(c->stop[1]);
    pthread_join(c->thread, NULL);
    close(c->stop[0]);
    close(c->fd);
    unlink(c->path);
    free(c->path);
    free(c);
}
