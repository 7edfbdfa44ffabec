/* server.c: the listener: MHD's daemon with its limits, the pool of workers, the sweeper against slow and silent clients, start, stop and figures. */
#include "config.h"
#define LOG_MODULE "http"
#include "http/internal.h"
#include "base/clock.h"
#include "base/log.h"
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define STOP_MS 9900
#define SWEEP_MS 1000
#define HEAD_GRACE_S 30                 /* beyond the idle time-out: how long a head may take to come */
#define BODY_RATE_MIN 256               /* bytes a second */
#define QUEUE_PER_WORKER 64             /* jobs waiting before a new request is told to come again */
#define TLS_FILE_MAX (256u << 10)

struct tls { char *cert, *key; };

/* --- jobs */

struct job { struct http_server *server; void (*fn)(void *); void *arg; };

static void
job_main(void *cls)
{
    struct job *job = cls;

    job->fn(job->arg);
    atomic_fetch_sub(&job->server->jobs, 1);
    free(job);
}

/* A handler that finds 'queue_limit' jobs is refused; requests under way have one job each at most, and the pool's queue has room for all. */
static void
submit(struct http_server *s, void (*fn)(void *), void *arg)
{
    struct job *job = xmalloc(sizeof *job);

    *job = (struct job){ s, fn, arg };
    atomic_fetch_add(&s->jobs, 1);
    if (pool_submit(s->pool, job_main, job) < 0) {
        log_error("the workers' queue overflows");
        abort();
    }
}

int
request_begin(struct cairn_request *req, void (*fn)(void *), void *arg)
{
    struct http_server *s = req->server;

    if (req->lane != NULL)
        return lane_begin(req->lane, req, fn, arg);
    if (atomic_load(&s->jobs) >= s->queue_limit)
        return 0;
    submit(s, fn, arg);
    return 1;
}

void
request_submit(struct cairn_request *req, void (*fn)(void *), void *arg)
{
    if (req->lane != NULL)
        lane_submit(req->lane, req, fn, arg);
    else
        submit(req->server, fn, arg);
}

/* --- connections */

static void
connection_event(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode code)
{
    struct http_server *s = cls;
    struct conn *c = *context;

    switch (code) {
    case MHD_CONNECTION_NOTIFY_STARTED:
        c = xcalloc(1, sizeof *c);
        c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        atomic_init(&c->waiting_since_ms, clock_mono_ms());
        conn_address(c, mhd);
        *context = c;
        atomic_fetch_add(&s->connections, 1);
        atomic_fetch_add(&s->connections_total, 1);
        mutex_lock(&s->lock);
        c->next = s->conns;
        if (c->next != NULL)
            c->next->prev = c;
        s->conns = c;
        mutex_unlock(&s->lock);
        break;
    case MHD_CONNECTION_NOTIFY_CLOSED:
        mutex_lock(&s->lock);
        if (c->prev != NULL)
            c->prev->next = c->next;
        else
            s->conns = c->next;
        if (c->next != NULL)
            c->next->prev = c->prev;
        mutex_unlock(&s->lock);
        *context = NULL;
        serve_abandoned(s, c);
        free(c);
        atomic_fetch_sub(&s->connections, 1);
        break;
    }
}

/* MHD's own time-out starts again with each byte; a client that sends one now and then is caught here. */
static int
is_too_slow(const struct http_server *s, struct conn *c, int64_t now)
{
    int64_t since = atomic_load(&c->waiting_since_ms), seconds = (now - since) / 1000;

    if (since == 0)
        return 0;
    if (atomic_load(&c->in_body))
        return seconds > s->idle_timeout_s && atomic_load(&c->body_bytes) / (uint64_t)seconds < BODY_RATE_MIN;
    return seconds > (int64_t)s->idle_timeout_s + HEAD_GRACE_S;
}

/* With edge-triggered epoll MHD may take the last bytes together with the edge that told of the end, and then wait for another. */
static int
has_left(struct conn *c, int64_t now)
{
    int64_t since = atomic_load(&c->waiting_since_ms);
    char byte;

    return since != 0 && (atomic_load(&c->in_body) || now - since < 3 * SWEEP_MS) && recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void *
sweeper(void *arg)
{
    struct http_server *s = arg;

    mutex_lock(&s->lock);
    while (!s->quit) {
        int64_t now = clock_mono_ms();

        for (struct conn *c = s->conns; c != NULL; c = c->next) {
            int slow = is_too_slow(s, c, now);

            if (!slow && !has_left(c, now))
                continue;
            atomic_store(&c->waiting_since_ms, 0);
            atomic_fetch_add(&s->swept_total, (uint64_t)slow);
            shutdown(c->fd, SHUT_RDWR);         /* open: MHD reports the end, under our lock, before it closes */
        }
        mutex_unlock(&s->lock);
        lanes_sweep(s, now);
        mutex_lock(&s->lock);
        if (!s->quit)
            cond_wait_ms(&s->wake, &s->lock, SWEEP_MS);
    }
    mutex_unlock(&s->lock);
    return NULL;
}

/* --- start */

/* We decode for ourselves. */
static size_t
keep_escapes(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strlen(text);
}

static void
mhd_log(void *cls, const char *fmt, va_list ap)
{
    char line[512];
    size_t len;

    (void)cls;
    vsnprintf(line, sizeof line, fmt, ap);
    len = strcspn(line, "\n");
    line[len] = '\0';
    log_debug("%s", line);
}

struct listen_address { struct sockaddr_storage sa; unsigned flags; };

static int
parse_address(const struct http_options *o, struct listen_address *ret, struct cairn_error *err)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)&ret->sa;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&ret->sa;

    memset(ret, 0, sizeof *ret);
    if (inet_pton(AF_INET, o->address, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(o->port);
    } else if (inet_pton(AF_INET6, o->address, &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(o->port);
        ret->flags = IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr) ? MHD_USE_DUAL_STACK : MHD_USE_IPv6;
    } else {
        return cairn_fail(err, CAIRN_INVALID, "cannot listen on '%s': not an IPv4 or IPv6 address", o->address);
    }
    return 0;
}

static int
read_pem(const char *path, char **ret, struct cairn_error *err)
{
    CLEANUP_FILE FILE *f = fopen(path, "re");
    CLEANUP_FREE char *text = NULL;
    size_t len;

    if (f == NULL)
        return cairn_fail_errno(err, errno, "cannot open '%s'", path);
    text = xmalloc(TLS_FILE_MAX);
    len = fread(text, 1, TLS_FILE_MAX, f);
    if (len == TLS_FILE_MAX || ferror(f))
        return cairn_fail(err, CAIRN_INVALID, "cannot read '%s': longer than %u bytes, or broken", path, TLS_FILE_MAX);
    text[len] = '\0';
    *ret = steal(&text);
    return 0;
}

static void
tls_free(struct tls *tls)
{
    if (tls->key != NULL)
        explicit_bzero(tls->key, strlen(tls->key));
    free(tls->cert);
    free(tls->key);
}

static unsigned
at_least(unsigned value, unsigned dflt)
{
    return value != 0 ? value : dflt;
}

static int
start_daemon(struct http_server *s, const struct http_options *o, struct cairn_error *err)
{
    CLEANUP(tls_free) struct tls tls = { NULL, NULL };
    struct listen_address where;
    struct MHD_OptionItem more[8];
    unsigned n = 0, flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    size_t memory = o->header_max < 4096 ? 4096 : o->header_max > (256u << 10) ? (256u << 10) : o->header_max;

    if (parse_address(o, &where, err) < 0)
        return -1;
    if (o->threads > 1)                 /* MHD warns about a pool of one */
        more[n++] = (struct MHD_OptionItem){ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)o->threads, NULL };
    if (o->max_per_address != 0)
        more[n++] = (struct MHD_OptionItem){ MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)o->max_per_address, NULL };
    if (s->tls) {
        if (read_pem(o->tls_cert, &tls.cert, err) < 0 || read_pem(o->tls_key, &tls.key, err) < 0)
            return -1;
        flags |= MHD_USE_TLS;
        more[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, tls.cert };
        more[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, tls.key };
    }
    more[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
    errno = 0;
    s->daemon = MHD_start_daemon(flags | where.flags, o->port, NULL, NULL, serve_step, s,
                                 MHD_OPTION_EXTERNAL_LOGGER, mhd_log, s,
                                 MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&where.sa,
                                 MHD_OPTION_URI_LOG_CALLBACK, serve_uri, s,
                                 MHD_OPTION_NOTIFY_COMPLETED, serve_completed, s,
                                 MHD_OPTION_NOTIFY_CONNECTION, connection_event, s,
                                 MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, s,
                                 MHD_OPTION_CONNECTION_LIMIT, at_least(o->max_connections, 1024),
                                 MHD_OPTION_CONNECTION_TIMEOUT, s->idle_timeout_s,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
                                 MHD_OPTION_STRICT_FOR_CLIENT, 1,
                                 MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u,
                                 MHD_OPTION_ARRAY, more,
                                 MHD_OPTION_END);
    if (s->daemon == NULL && errno != 0)
        return cairn_fail_errno(err, errno, "cannot listen on %s port %u", o->address, o->port);
    if (s->daemon == NULL)
        return cairn_fail(err, CAIRN_INTERNAL, "cannot start the listener on %s port %u%s", o->address, o->port,
                          s->tls ? " (is the TLS certificate and key a matching pair of PEM files?)" : "");
    s->port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return 0;
}

/* Without its daemon. */
static void
server_free(struct http_server *s)
{
    if (s->sweeper_runs) {
        mutex_lock(&s->lock);
        s->quit = 1;
        cond_broadcast(&s->wake);
        mutex_unlock(&s->lock);
        pthread_join(s->sweeper, NULL);
    }
    if (s->pool != NULL)
        pool_free(s->pool);
    lanes_free(s);
    pipeline_free(s->mounts);
    root_app_free(s->root);
    mutex_destroy(&s->lock);
    cond_destroy(&s->wake);
    free(s->public_url);
    free(s->own_url);
    free(s);
}

int
http_start(const struct http_options *o, struct plugins *plugins, struct http_app *const *apps, struct http_server **ret, struct cairn_error *err)
{
    struct http_server *s = xcalloc(1, sizeof *s);
    struct http_app *all[32];
    size_t n = 0;
    unsigned workers = at_least(o->workers, 8);

    mutex_init(&s->lock);
    cond_init(&s->wake);
    s->tls = o->tls_cert != NULL && o->tls_key != NULL;
    s->body_max = o->body_max != 0 ? o->body_max : 1u << 20;
    s->idle_timeout_s = at_least(o->idle_timeout_s, 60);
    s->queue_limit = workers * QUEUE_PER_WORKER;
    s->public_url = xstrdup(o->public_url);
    s->root = root_app(s);
    while (apps[n] != NULL && n < ARRAY_LEN(all) - 2) {
        all[n] = apps[n];
        n++;
    }
    assert(apps[n] == NULL);
    all[n++] = s->root;
    all[n] = NULL;
    if (pipeline_load(o->pipeline_path, plugins, all, &s->mounts, err) < 0) {
        server_free(s);
        return -1;
    }
    s->pool = pool_new("http", workers, s->queue_limit + workers + at_least(o->max_connections, 1024));
    s->lane_threads = workers < 4 ? 2 : workers / 2;
    if (o->slow_workers > 0)
        s->slow = lane_get(s, "slow", o->slow_workers, o->slow_waiting);
    s->sweeper_runs = pthread_create(&s->sweeper, NULL, sweeper, s) == 0;
    if (start_daemon(s, o, err) < 0) {
        server_free(s);
        return -1;
    }
    s->own_url = xasprintf(strchr(o->address, ':') != NULL ? "%s://[%s]:%u" : "%s://%s:%u", s->tls ? "https" : "http", o->address, s->port);
    log_info("listening on %s", s->own_url);
    *ret = s;
    return 0;
}

/* --- stop */

static void
pause_ms(int64_t ms)
{
    const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&t, NULL);
}

/* New requests are told to go away; those under way come to their end, or are cut.  1: no connection sleeps any more. */
static int
drain(struct http_server *s)
{
    for (int waited_ms = 0; waited_ms < STOP_MS && (atomic_load(&s->jobs) > 0 || lanes_jobs(s) > 0 || atomic_load(&s->requests) > 0); waited_ms += 5)
        pause_ms(5);
    atomic_store(&s->cut, 1);           /* from now on no connection goes to sleep */
    pause_ms(20);
    return atomic_load(&s->jobs) == 0 && lanes_jobs(s) == 0;
}

void
http_stop(struct http_server *s)
{
    MHD_socket listener;

    if (s == NULL)
        return;
    atomic_store(&s->stopping, 1);
    listener = MHD_quiesce_daemon(s->daemon);
    if (!drain(s)) {
        /* Their connections sleep, and MHD cannot end with sleepers; the process is about to end anyway, so all of it stays. */
        log_error("%u requests are stuck in calls that do not return; the listener is left to the end of the process",
                  atomic_load(&s->jobs) + lanes_jobs(s));
        return;
    }
    MHD_stop_daemon(s->daemon);
    if (listener != MHD_INVALID_SOCKET)
        close(listener);
    log_info("stopped");
    server_free(s);
}

uint16_t
http_port(const struct http_server *s)
{
    return s->port;
}

/* --- figures */

void
http_metrics(struct http_server *s, struct str *out)
{
    str_add(out, "# HELP cairn_http_requests_total Requests answered.\n# TYPE cairn_http_requests_total counter\n");
    for (struct mount *m = s->mounts; m != NULL; m = m->next)
        for (int i = 1; i < CLASS_MAX; i++)
            if (atomic_load(&m->replies[i]) != 0)
                str_addf(out, "cairn_http_requests_total{service=\"%s\",code=\"%dxx\"} %" PRIu64 "\n", m->app->name, i, atomic_load(&m->replies[i]));
    str_add(out, "# HELP cairn_http_request_seconds_total Time from the head of a request to the end of its reply.\n"
                 "# TYPE cairn_http_request_seconds_total counter\n");
    for (struct mount *m = s->mounts; m != NULL; m = m->next)
        str_addf(out, "cairn_http_request_seconds_total{service=\"%s\"} %.6f\n", m->app->name, (double)atomic_load(&m->seconds_us) / 1e6);
    str_addf(out, "# HELP cairn_http_connections Open connections.\n# TYPE cairn_http_connections gauge\ncairn_http_connections %" PRIu64 "\n",
             atomic_load(&s->connections));
    str_addf(out, "# HELP cairn_http_connections_total Connections accepted.\n# TYPE cairn_http_connections_total counter\n"
             "cairn_http_connections_total %" PRIu64 "\n", atomic_load(&s->connections_total));
    str_addf(out, "# HELP cairn_http_requests Requests under way.\n# TYPE cairn_http_requests gauge\ncairn_http_requests %u\n", atomic_load(&s->requests));
    str_addf(out, "# HELP cairn_http_jobs Requests on or waiting for a worker.\n# TYPE cairn_http_jobs gauge\ncairn_http_jobs %u\n", atomic_load(&s->jobs));
    lanes_metrics(s, out);
    str_addf(out, "# HELP cairn_http_busy_total Requests refused because the workers were busy.\n# TYPE cairn_http_busy_total counter\n"
             "cairn_http_busy_total %" PRIu64 "\n", atomic_load(&s->busy_total));
    str_addf(out, "# HELP cairn_http_slow_total Connections cut because the client was too slow.\n# TYPE cairn_http_slow_total counter\n"
             "cairn_http_slow_total %" PRIu64 "\n", atomic_load(&s->swept_total));
    str_addf(out, "# HELP cairn_http_received_bytes_total Bytes of bodies received.\n# TYPE cairn_http_received_bytes_total counter\n"
             "cairn_http_received_bytes_total %" PRIu64 "\n", atomic_load(&s->bytes_in));
}
