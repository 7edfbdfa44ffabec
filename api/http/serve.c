/* serve.c: the steps of a request as MHD calls them: head, body, end; and the sleep of its connection while a worker has it. */
#include "config.h"
#define LOG_MODULE "http"
#include "http/internal.h"
#include "base/clock.h"
#include "base/log.h"
#include <string.h>
#include <strings.h>

static struct conn *
conn_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* MHD has read the request line: the request begins.  If the lines after it are none of HTTP, MHD answers by itself and may forget this one. */
void *
serve_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct http_server *s = cls;
    struct conn *c = conn_of(mhd);

    serve_abandoned(s, c);
    atomic_fetch_add(&s->requests, 1);
    return c->fresh = request_new(s, uri);
}

void
serve_abandoned(struct http_server *s, struct conn *c)
{
    if (c->fresh == NULL)
        return;
    request_put(c->fresh);
    c->fresh = NULL;
    atomic_fetch_sub(&s->requests, 1);
}

static void
count_reply(struct cairn_request *req)
{
    struct mount *m = (struct mount *)(uintptr_t)req->mount;    /* its counters are atomic */
    int class = req->status / 100;

    if (m == NULL)
        return;
    atomic_fetch_add(&m->replies[class > 0 && class < CLASS_MAX ? class : 0], 1);
    atomic_fetch_add(&m->seconds_us, (uint64_t)(clock_us() - req->started_us));
}

void
serve_completed(void *cls, struct MHD_Connection *mhd, void **con_cls, enum MHD_RequestTerminationCode how)
{
    struct http_server *s = cls;
    struct cairn_request *req = *con_cls;

    (void)how;
    *con_cls = NULL;
    if (req == NULL)
        return;
    conn_of(mhd)->fresh = NULL;
    if (req->conn != NULL) {
        atomic_store(&req->conn->in_body, 0);
        atomic_store(&req->conn->waiting_since_ms, clock_mono_ms());
    }
    count_reply(req);
    body_gone(req);
    request_put(req);
    atomic_fetch_sub(&s->requests, 1);
}

void
request_refuse(struct cairn_request *req)
{
    atomic_fetch_add(&req->server->busy_total, 1);
    http_reply_header(req, "Retry-After", "1");
    request_faultf(req, 503, CAIRN_UNAVAILABLE, "The server is busy; try again.");
}

/* --- jobs: the connection sleeps, the worker replies, wakes it, and touches the request no more */

static void
run_handler(struct cairn_request *req)
{
    log_set_request(req->id);
    req->mount->app->handle(req->mount->app->self, req);
    if (req->reply == REPLY_NONE && req->stream == NULL && !req->moved) {
        log_error("%s %s: '%s' gave no reply", req->method, req->uri, req->mount->app->name);
        request_faultf(req, 500, CAIRN_INTERNAL, "The request was not answered.");
    }
    log_set_request(NULL);
}

static void
handler_job(void *arg)
{
    struct cairn_request *req = arg;

    req->moved = 0;
    run_handler(req);
    if (req->moved) {
        if (request_begin(req, handler_job, req))
            return;
        request_refuse(req);
    }
    MHD_resume_connection(req->mhd);
}

/* Here or on a worker; 1: on a worker, or refused: the connection goes on at its next step. */
static int
start_handler(struct cairn_request *req, enum phase job_phase)
{
    if (!req->blocking) {
        run_handler(req);
        return 0;
    }
    req->phase = job_phase;
    atomic_store(&req->conn->waiting_since_ms, 0);
    MHD_suspend_connection(req->mhd);
    if (request_begin(req, handler_job, req))
        return 1;
    request_refuse(req);
    MHD_resume_connection(req->mhd);
    return 1;
}

/* --- the head */

struct head { unsigned count, lengths, codings, hosts; int bad; };

static enum MHD_Result
check_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct head *h = cls;

    (void)kind;
    h->count++;
    h->lengths += strcasecmp(name, "Content-Length") == 0;
    h->codings += strcasecmp(name, "Transfer-Encoding") == 0;
    h->hosts += strcasecmp(name, "Host") == 0;
    if (value != NULL && !str_is_utf8(value, strlen(value)))
        h->bad = 1;
    return MHD_YES;
}

/* What is ambiguous is refused: two readers of it might disagree where the next request begins. */
static int
head_is_sane(struct cairn_request *req)
{
    struct head h = { 0 };
    const char *coding = http_header(req, "Transfer-Encoding");

    MHD_get_connection_values(req->mhd, MHD_HEADER_KIND, check_header, &h);
    if (h.bad)
        request_faultf(req, 400, CAIRN_INVALID, "A header is not valid UTF-8.");
    else if (h.count > HTTP_HEADERS_MAX)
        request_faultf(req, 431, CAIRN_INVALID, "More than %d headers.", HTTP_HEADERS_MAX);
    else if (h.lengths > 1 || h.hosts > 1 || h.codings > 1 || (h.lengths > 0 && h.codings > 0))
        request_faultf(req, 400, CAIRN_INVALID, "Content-Length, Transfer-Encoding and Host may stand in a request once, and the first two not together.");
    else if (coding != NULL && strcasecmp(coding, "chunked") != 0)
        request_faultf(req, 501, CAIRN_UNSUPPORTED, "Transfer-Encoding '%s' is not known; 'chunked' is.", coding);
    else if (req->bad_uri)
        request_faultf(req, 400, CAIRN_INVALID, "The URL is not valid: a broken %%-escape, a NUL, bytes that are not UTF-8, or too many parameters.");
    return req->reply == REPLY_NONE;
}

static void
route(struct cairn_request *req)
{
    struct http_app *app = req->mount->app;

    app->route(app->self, req);
    req->replaceable = req->reply != REPLY_NONE;
    filters_before(req);
    req->replaceable = 0;
    if (req->reply == REPLY_NONE && !req->is_public && req->auth == NULL)
        request_faultf(req, 401, CAIRN_UNAUTHENTICATED, "The request you have made requires authentication.");
}

static void
head(struct cairn_request *req, struct MHD_Connection *mhd, const char *method)
{
    struct http_server *s = req->server;
    size_t prefix;

    req->mhd = mhd;
    req->conn = conn_of(mhd);
    req->conn->fresh = NULL;            /* from here on MHD tells of its end */
    memcpy(req->client, req->conn->client, sizeof req->client);
    atomic_store(&req->conn->waiting_since_ms, 0);
    memcpy(req->method, method, strnlen(method, sizeof req->method - 1));
    req->mount = pipeline_match(s->mounts, req->bad_uri ? req->uri : req->decoded);     /* whose words the fault is in */
    if (req->mount != NULL && !req->bad_uri) {
        prefix = req->mount->prefix_len;
        req->below = req->decoded[prefix] != '\0' ? req->decoded + prefix : "/";
    }
    if (strlen(method) >= sizeof req->method)
        request_faultf(req, 501, CAIRN_UNSUPPORTED, "This method is not known.");
    else if (atomic_load(&s->stopping)) {
        http_reply_header(req, "Retry-After", "5");
        request_faultf(req, 503, CAIRN_UNAVAILABLE, "The server is being stopped.");
    } else if (head_is_sane(req)) {
        if (req->mount != NULL)
            route(req);
        else
            request_faultf(req, 404, CAIRN_NOT_FOUND, "Nothing is served under this path.");
    }
    if (req->reply == REPLY_NONE && request_content_length(req) > 0 && (uint64_t)request_content_length(req) > body_limit(req))
        body_too_large(req);
}

/* The head is answered.  A client that waits for "100 Continue", or is about to send a lot, is told at once and the connection ends with
 * it; otherwise the body is read first, so that the answer is not lost with the connection. */
static enum MHD_Result
early_reply(struct cairn_request *req)
{
    if (http_header(req, "Expect") != NULL || request_content_length(req) > (int64_t)HTTP_DISCARD_MAX) {
        http_reply_header(req, "Connection", "close");
        return reply_queue(req);
    }
    req->phase = PHASE_DISCARD;
    return MHD_YES;
}

static enum MHD_Result
enter_body(struct cairn_request *req)
{
    if (req->reply != REPLY_NONE)
        return early_reply(req);
    req->phase = PHASE_BODY;
    return MHD_YES;
}

/* --- the steps */

static enum MHD_Result
end(struct cairn_request *req)
{
    atomic_store(&req->conn->in_body, 0);
    atomic_store(&req->conn->waiting_since_ms, 0);
    if (atomic_load(&req->server->cut))
        return MHD_NO;
    if (req->stream != NULL) {
        req->phase = PHASE_JOB;
        return body_end(req) ? MHD_YES : reply_queue(req);
    }
    return start_handler(req, PHASE_JOB) ? MHD_YES : reply_queue(req);
}

enum MHD_Result
serve_step(void *cls, struct MHD_Connection *mhd, const char *url, const char *method, const char *version, const char *upload_data,
           size_t *upload_len, void **con_cls)
{
    struct cairn_request *req = *con_cls;

    (void)cls;
    (void)url;
    (void)version;
    if (req == NULL)
        return MHD_NO;
    switch (req->phase) {
    case PHASE_NEW:
        head(req, mhd, method);
        if (req->reply == REPLY_NONE && req->body_mode == HTTP_BODY_STREAM && start_handler(req, PHASE_HEAD_JOB))
            return MHD_YES;
        return enter_body(req);
    case PHASE_HEAD_JOB:
        return enter_body(req);
    case PHASE_BODY:
    case PHASE_DISCARD:
        if (*upload_len > 0) {
            if (!atomic_exchange(&req->conn->in_body, 1))
                atomic_store(&req->conn->waiting_since_ms, clock_mono_ms());
            return body_take(req, upload_data, upload_len);
        }
        return req->phase == PHASE_DISCARD ? reply_queue(req) : end(req);
    case PHASE_JOB:
        return reply_queue(req);
    case PHASE_REPLIED:
        break;
    }
    return MHD_NO;
}
