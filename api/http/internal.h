/* internal.h: what the files of api/http share: the server, its mounts, and the request with its phases.
 *
 * A request belongs to one thread at a time: to its network thread, or, while its connection is suspended, to the worker that runs its
 * job.  The two exceptions have their own lock: struct stream (body.c) and struct source (source.c). */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H
#include <microhttpd.h>
#include <stdatomic.h>
#include "base/ids.h"
#include "base/thread.h"
#include "http/http.h"
#include "rest/auth.h"

#define HTTP_DISCARD_MAX (1u << 20)     /* an answered request's body that is still read, so that the client sees the answer */
#define HTTP_HEADERS_MAX 128
#define HTTP_QUERY_MAX 512              /* parameters */
#define HTTP_FILTERS_MAX 32             /* in one pipeline */

/* A name and a value; 'value' NULL in request headers: removed. */
struct field {
    struct field *next;
    char *value;
    char name[];
};
void field_set(struct field **list, const char *name, const char *value);
void field_add(struct field **list, const char *name, const char *value);
const struct field *field_find(const struct field *list, const char *name);     /* case free */
void field_remove(struct field **list, const char *name);
void field_free_all(struct field **list);

/* --- pipelines */
struct filter {
    struct driver *driver;              /* reference */
    const struct cairn_filter_plugin *table;
    void *self;
};
enum { CLASS_MAX = 6 };                 /* status / 100 */
struct mount {
    struct mount *next;                 /* longest prefix first */
    char *prefix;                       /* "/compute"; "" for the root */
    size_t prefix_len;
    char *pipeline;
    struct filter filters[HTTP_FILTERS_MAX];
    unsigned filters_count;
    struct http_app *app;               /* borrowed */
    _Atomic uint64_t replies[CLASS_MAX], seconds_us;
};
int pipeline_load(const char *path, struct plugins *plugins, struct http_app *const *apps, struct mount **ret, struct cairn_error *err);
/* As above from text; 'lenient': mounts of applications that are not there are left out. */
int pipeline_parse(const char *text, const char *name, int lenient, struct plugins *plugins, struct http_app *const *apps,
                   struct mount **ret, struct cairn_error *err);
void pipeline_free(struct mount *mounts);
struct mount *pipeline_match(struct mount *mounts, const char *path);
extern const char pipeline_default[];

/* --- the server */
struct conn {                           /* one connection, for the sweeper */
    struct conn *next, *prev;           /* server's lock */
    int fd;
    char client[64];                    /* address; immutable */
    _Atomic int64_t waiting_since_ms;   /* when we began to wait for a request's head or body; 0: we do not wait */
    _Atomic uint64_t body_bytes;        /* of the body so far; 0 while waiting for the head */
    _Atomic int in_body;
    struct cairn_request *fresh;        /* begun, and its head not complete: MHD tells of its end no other way.  The connection's thread's */
};
struct http_server {
    struct MHD_Daemon *daemon;
    struct pool *pool;
    struct lane *slow;                  /* NULL: those above take it on */
    unsigned lane_threads;              /* of the lanes that handlers move to */
    struct mount *mounts;
    struct http_app *root;              /* owned */
    size_t body_max;
    unsigned idle_timeout_s, queue_limit;
    uint16_t port;
    int tls;
    char *public_url, *own_url;
    _Atomic int stopping;               /* new requests are refused */
    _Atomic int cut;                    /* those under way are cut */
    _Atomic unsigned jobs;              /* queued or running on the pool */
    _Atomic unsigned requests;          /* between head and completion */
    _Atomic uint64_t connections, connections_total, busy_total, swept_total, bytes_in;
    pthread_t sweeper;
    int sweeper_runs;
    struct mutex lock;
    struct cond wake;
    struct conn *conns GUARDED_BY(lock);
    struct lane *lanes GUARDED_BY(lock);
    int quit GUARDED_BY(lock);
};
/* A request's handler is to run: on its lane, or on the workers.  0: so many wait there, or hang, that it is refused. */
int request_begin(struct cairn_request *req, void (*fn)(void *), void *arg);
/* What a request still has to do: as above.  Cannot fail: a connection has one job at a time and the queues have room for all of them. */
void request_submit(struct cairn_request *req, void (*fn)(void *), void *arg);
void request_refuse(struct cairn_request *req);         /* 503, with Retry-After */

/* --- lanes (lane.c) */
struct lane;
/* Finds it by name, or makes it.  It stays until lanes_free(), which runs what is queued.  'waiting': handlers that may wait for its threads. */
struct lane *lane_get(struct http_server *s, const char *name, unsigned threads, unsigned waiting);
int lane_begin(struct lane *l, struct cairn_request *req, void (*fn)(void *), void *arg);
void lane_submit(struct lane *l, struct cairn_request *req, void (*fn)(void *), void *arg);
void lanes_sweep(struct http_server *s, int64_t now_ms);        /* refuses the handlers that waited for too long */
unsigned lanes_jobs(struct http_server *s);     /* queued or running */
void lanes_metrics(struct http_server *s, struct str *out);
void lanes_free(struct http_server *s);

/* --- the request */
enum phase {
    PHASE_NEW,          /* the head is not looked at yet */
    PHASE_HEAD_JOB,     /* a worker runs app->handle() of a streamed body */
    PHASE_BODY,         /* receiving */
    PHASE_DISCARD,      /* the reply is there, the body is read and dropped */
    PHASE_JOB,          /* a worker runs app->handle(), or the rest of a stream */
    PHASE_REPLIED,      /* MHD has the reply */
};
enum reply_kind { REPLY_NONE, REPLY_TEXT, REPLY_PULL, REPLY_FD, REPLY_SOURCE };
struct query { const char *name, *value; };
struct note { struct note *next; void *value; void (*release)(void *); char name[]; };
struct stream;

struct cairn_request {
    struct http_server *server;
    struct MHD_Connection *mhd;
    struct conn *conn;
    const struct mount *mount;          /* NULL until found */
    enum phase phase;
    _Atomic int refs;                   /* the connection; the job of a stream; a pulled reply; a source */
    char method[16];
    char id[ID_REQUEST];
    char client[64];                    /* a copy: the request may outlive its connection */
    char *base_url;                     /* made when asked for */
    int64_t started_us;                 /* monotonic enough for metrics */
    /* One block: the path as it came, the decoded path, the query's names and values. */
    char *uri, *path, *decoded;
    const char *below;                  /* within decoded: below the mount */
    char *below_owned;                  /* set by a filter's set_path() */
    struct query *query;
    size_t query_len;
    int bad_uri;
    struct field *headers;              /* changes to, or with 'detached' all of, the request's headers */
    int detached;                       /* headers are copied: MHD's may be gone */
    struct note *notes;
    struct auth *auth;
    unsigned filters_run;
    int is_public, blocking;
    struct lane *lane;                  /* whose threads run its jobs; NULL: the workers */
    int moved;                          /* its handler is to run again, on 'lane' */
    enum http_body body_mode;
    size_t body_max, limit;             /* of the route; of a filter (0: none) */
    struct str body;
    uint64_t received;
    struct stream *stream;
    uint64_t discarded;
    /* the reply */
    struct field *reply_headers;
    enum reply_kind reply;
    unsigned replies;                   /* times that somebody replied */
    int replaceable;                    /* what route() answered gives way to what a filter answers */
    int status;
    char *type;
    struct str text;
    int (*fill)(void *arg, struct str *out);
    int (*read)(void *arg, uint64_t offset, void *buf, size_t max, size_t *ret_len, struct cairn_error *err);
    void (*free_fn)(void *arg);
    void *reply_arg;
    int fd;
    uint64_t offset, len;
};

struct cairn_request *request_new(struct http_server *s, const char *uri);
void request_put(struct cairn_request *req);
/* Splits and decodes the URI; sets bad_uri. */
void url_parse(struct cairn_request *req, const char *uri);
int64_t request_content_length(const struct cairn_request *req);       /* -1: unknown */
int request_has_body(const struct cairn_request *req);
void request_detach(struct cairn_request *req);
void conn_address(struct conn *c, struct MHD_Connection *mhd);        /* reads who has connected */
/* Replies with a fault in the mount's dialect, or in a plain one where there is none. */
void request_fault(struct cairn_request *req, int status, const struct cairn_error *err);
CAIRN_PRINTF(4, 5) void request_faultf(struct cairn_request *req, int status, uint32_t code, const char *fmt, ...);

/* serve.c: what MHD calls for each step of a request; the suspension of a connection whose job a worker runs. */
enum MHD_Result serve_step(void *cls, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
                           const char *upload_data, size_t *upload_len, void **con_cls);
void *serve_uri(void *cls, const char *uri, struct MHD_Connection *mhd);
/* The connection ends: so does the request whose head was never complete. */
void serve_abandoned(struct http_server *s, struct conn *c);
void serve_completed(void *cls, struct MHD_Connection *mhd, void **con_cls, enum MHD_RequestTerminationCode how);

/* filters.c */
void filters_before(struct cairn_request *req);         /* until one of them replies */
void filters_after(struct cairn_request *req);
int filters_authenticate(struct cairn_request *req, const char *token, struct cairn_error *err);

/* body.c: the network thread's side. */
uint64_t body_limit(const struct cairn_request *req);   /* in force; UINT64_MAX: none */
void body_too_large(struct cairn_request *req);
enum MHD_Result body_take(struct cairn_request *req, const char *data, size_t *len);
int body_end(struct cairn_request *req);                /* of a stream; 1: it waits for the sink, suspended; 0: the reply is there */
void body_gone(struct cairn_request *req);              /* the connection ended; aborts a stream that is not finished */
void body_free(struct cairn_request *req);
/* Data that nobody wants: MHD_NO when there is too much of it. */
enum MHD_Result body_discard(struct cairn_request *req, size_t *len);

/* reply.c */
enum MHD_Result reply_queue(struct cairn_request *req);
void reply_drop(struct cairn_request *req);             /* frees what a reply that was never sent owns */
/* source.c */
struct MHD_Response *source_response(struct cairn_request *req);

/* root.c */
struct http_app *root_app(struct http_server *s);
void root_app_free(struct http_app *app);
#endif
