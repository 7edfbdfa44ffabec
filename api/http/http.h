/* http.h: the wire: listener, pipelines of filters, requests and replies.  Built on libmicrohttpd (epoll, a small thread pool).
 *
 * A request passes: mount point -> app->route() -> filters' before() -> body -> app->handle() -> filters' after() -> reply.
 * Network threads never wait: a handler that may wait (drivers, the disk, hashing) is marked blocking and runs on the worker pool
 * while its connection is suspended. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H
#include <cairn/filter.h>
#include "base/config.h"
#include "base/str.h"
#include "plugin/plugin.h"

struct http_server;

/* An application at the end of a pipeline. */
struct http_app {
    const char *name;           /* "compute": what pipeline.ini calls it */
    void *self;
    /* The head is there: find the route, say http_set_body(), http_set_public(), http_set_blocking().  Network thread; never waits.  May reply
     * at once (404). */
    void (*route)(void *self, struct cairn_request *req);
    /* The filters have passed and the body is whole (HTTP_BODY_BUFFER), or is about to come (HTTP_BODY_STREAM: call http_receive()). */
    void (*handle)(void *self, struct cairn_request *req);
    /* Replies in the service's dialect. */
    void (*fault)(void *self, struct cairn_request *req, uint32_t status, const struct cairn_error *err);
    /* Answers a filter's question with malloc'd text; may be NULL.  Network thread; never waits. */
    int (*ask)(void *self, struct cairn_request *req, const char *what, const char *argument, char **ret_text, struct cairn_error *err);
};

struct http_options {
    const char *address;        /* "127.0.0.1", "::", ... */
    uint16_t port;              /* 0: any; see http_port() */
    unsigned threads;           /* network threads */
    unsigned workers;           /* pool for blocking handlers; a lane that a handler moves to has half as many */
    unsigned slow_workers;      /* threads of the slow lane; 0: none, those above take it on */
    unsigned slow_waiting;      /* requests that may wait for them; more are told to come again */
    unsigned max_connections, max_per_address;
    unsigned idle_timeout_s;
    size_t header_max, body_max;        /* bytes; body_max for buffered bodies */
    const char *tls_cert, *tls_key;     /* paths, or NULL */
    const char *pipeline_path;  /* pipeline.ini, or NULL: the embedded one */
    const char *public_url;     /* "http://cloud.example:8774" for links when the Host header cannot be trusted; NULL: links follow Host */
};
/* apps: NULL-terminated.  Reads the pipeline, loads its filters, listens. */
int http_start(const struct http_options *options, struct plugins *plugins, struct http_app *const *apps, struct http_server **ret,
               struct cairn_error *err);
void http_stop(struct http_server *s);          /* finishes what runs, at most 10 s */
uint16_t http_port(const struct http_server *s);
void http_metrics(struct http_server *s, struct str *out);
/* Pages of the root application beside its index of services: fn() appends the page and answers its HTTP status; on a worker.  Strings are
 * borrowed for ever.  Before http_start() or while it runs; the same path again replaces. */
void http_register_text(const char *path, const char *content_type, int (*fn)(void *arg, struct str *out), void *arg);
/* "/metrics", and "/healthz": fn() answers 0 when all is well (200), -1 when not (503); the text says what. */
void http_register_metrics(void (*fn)(void *arg, struct str *out), void *arg);
void http_register_health(int (*fn)(void *arg, struct str *out), void *arg);
/* How tokens are checked for filters: set by identity before http_start().  -1: CAIRN_UNAUTHENTICATED. */
struct auth;
void http_set_authenticator(int (*fn)(void *arg, const char *token, struct auth **ret, struct cairn_error *err), void *arg);

/* --- the request */
/* As it came: "HEAD" too.  An application serves HEAD as it serves GET; the body it replies with is not sent. */
const char *http_method(const struct cairn_request *req);
const char *http_path(const struct cairn_request *req);         /* decoded, below the mount point, begins with '/' */
const char *http_mount(const struct cairn_request *req);        /* "/compute" */
const char *http_full_path(const struct cairn_request *req);    /* as on the wire, without query */
int http_is_bad_url(const struct cairn_request *req);           /* it was refused for its URL: for an application's fault() */
const char *http_query(const struct cairn_request *req, const char *name);      /* first value; NULL absent */
/* Every parameter in order; stops when fn answers nonzero.  A key without '=' has value "". */
void http_query_each(const struct cairn_request *req, int (*fn)(void *arg, const char *name, const char *value), void *arg);
const char *http_header(const struct cairn_request *req, const char *name);
/* Every header once, changes by filters included; stops when fn answers nonzero. */
void http_header_each(const struct cairn_request *req, int (*fn)(void *arg, const char *name, const char *value), void *arg);
const char *http_client(const struct cairn_request *req);       /* address */
const char *http_request_id(const struct cairn_request *req);   /* "req-..." */
const char *http_base_url(const struct cairn_request *req);     /* "http://host:port" the client came by */
/* What the filter of this name in the request's pipeline says of its feature (JSON text); NULL: it is not there. */
const char *http_feature(const struct cairn_request *req, const char *filter);
void http_feature_each(const struct cairn_request *req, void (*fn)(void *arg, const char *filter, const char *json), void *arg);
struct auth *http_auth(const struct cairn_request *req);        /* who it is, once a filter authenticated; NULL: nobody */
void http_set_note(struct cairn_request *req, const char *name, void *value, void (*release)(void *));
void *http_note(const struct cairn_request *req, const char *name);

enum http_body { HTTP_BODY_BUFFER, HTTP_BODY_STREAM };
void http_set_body(struct cairn_request *req, enum http_body mode, size_t max);   /* max 0: the server's; for streams in bytes, 0: none */
/* Open to everybody.  A route that does not say so is refused with 401 when no filter has authenticated the request. */
void http_set_public(struct cairn_request *req);
void http_set_blocking(struct cairn_request *req);
/* Blocking, and it may compute for long: runs on the few threads of the slow lane, so that however many come, none waits for them who is not one. */
void http_set_slow(struct cairn_request *req);
/* Before a handler calls what may hang, a driver: the rest of the request runs on the threads of a lane of that name ("storage:fast"), and
 * those of all others go on.  From handle(), on a worker: 1: return at once and without a reply, it is called again, there; 0: it is there,
 * or on the lane of another driver that it calls as well: it stays on the first one's.
 * From route(): 0; the handler runs there from the beginning.  The body's sink and the reply's source run there, too. */
int http_move(struct cairn_request *req, const char *lane);
const char *http_body(const struct cairn_request *req, size_t *ret_len);         /* buffered; "" if none */

/* A streamed body: chunks of up to 1 MiB in order, on worker threads, never two at once; bounded buffers hold the client back meanwhile.
 * done() after the last byte (it replies).  aborted() when write() failed or the body grew beyond its limit: 'err' says why and a fault
 * is sent by aborted(); or when the client went away: 'err' is NULL and nobody hears a reply.  Exactly one of done/aborted is called,
 * on a worker.  Called from app->handle(); call nothing of 'req' after it there. */
struct http_sink {
    int (*write)(void *arg, const void *bytes, size_t len, struct cairn_error *err);
    void (*done)(void *arg, struct cairn_request *req);
    void (*aborted)(void *arg, struct cairn_request *req, const struct cairn_error *err);
};
void http_receive(struct cairn_request *req, const struct http_sink *sink, void *arg);

/* --- the reply: one of these, once */
void http_reply_header(struct cairn_request *req, const char *name, const char *value);         /* before the reply; replaces */
void http_reply(struct cairn_request *req, int status, const char *type, struct str *body);     /* takes body's bytes; NULL: none */
/* Pulled text: fill() appends at least one byte to 'out' and answers 1 (more), 0 (that was all) or -1 (cut the connection); network
 * thread; must not wait.  free_fn is called once.  Sent chunked. */
void http_reply_pull(struct cairn_request *req, int status, const char *type, int (*fill)(void *arg, struct str *out), void (*free_fn)(void *arg), void *arg);
/* A file by sendfile(); takes the descriptor. */
void http_reply_fd(struct cairn_request *req, int status, const char *type, int fd, uint64_t offset, uint64_t len);
/* Bytes that come from something that waits: read() on worker threads, up to 1 MiB ahead.  '*ret_len' 0: end. */
void http_reply_source(struct cairn_request *req, int status, const char *type, uint64_t len,
                       int (*read)(void *arg, uint64_t offset, void *buf, size_t max, size_t *ret_len, struct cairn_error *err),
                       void (*free_fn)(void *arg), void *arg);
int http_replied(const struct cairn_request *req);              /* and it stands: a filter may still replace what route() answered */
/* The service's fault for 'err'; status 0: the one that its code has there.  For what runs behind the handler: sinks. */
void http_fault(struct cairn_request *req, int status, const struct cairn_error *err);
#endif
