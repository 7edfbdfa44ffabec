/* body.c: bodies: gathered in memory up to a limit, or streamed to a sink on the workers through two bounded buffers. */
#include "config.h"
#define LOG_MODULE "http"
#include "http/internal.h"
#include "base/clock.h"
#include "base/log.h"

#define CHUNK (256u << 10)              /* one buffer; a stream has two */
#define CHUNK_MIN (64u << 10)           /* so much is worth a job while more is to come */
#define OVER_MAX (UINT64_C(16) << 30)   /* read and dropped behind a stream that failed, at most; then the connection is cut */

/* The network thread fills one buffer while at most one job writes the other.  Lock order: this lock, then MHD's own. */
struct stream {
    struct cairn_request *req;
    struct http_sink sink;
    void *arg;
    struct str work;                    /* the running job's */
    struct mutex lock;
    struct str fill GUARDED_BY(lock);
    int running GUARDED_BY(lock);       /* a job is queued or runs; it holds a reference to the request */
    int suspended GUARDED_BY(lock);     /* the connection is; the job resumes it */
    int eof GUARDED_BY(lock);
    int gone GUARDED_BY(lock);
    int failed GUARDED_BY(lock);        /* 'error' says why */
    int closed GUARDED_BY(lock);        /* done() or aborted() was called */
    struct cairn_error error GUARDED_BY(lock);
};

uint64_t
body_limit(const struct cairn_request *req)
{
    size_t max = req->body_max;

    if (req->body_mode == HTTP_BODY_STREAM)
        return max != 0 ? max : UINT64_MAX;
    if (max == 0)
        max = req->server->body_max;
    return req->limit != 0 && req->limit < max ? req->limit : max;
}

void
body_too_large(struct cairn_request *req)
{
    request_faultf(req, 413, CAIRN_TOO_LARGE, "The body is larger than %llu bytes.", (unsigned long long)body_limit(req));
}

enum MHD_Result
body_discard(struct cairn_request *req, size_t *len)
{
    uint64_t max = req->stream != NULL ? OVER_MAX : HTTP_DISCARD_MAX;

    req->discarded += *len;
    *len = 0;
    return req->discarded > max ? MHD_NO : MHD_YES;
}

/* --- streams */

static void stream_job(void *arg);

static void
stream_kick(struct stream *st) REQUIRES(st->lock)
{
    st->running = 1;
    atomic_fetch_add(&st->req->refs, 1);
    request_submit(st->req, stream_job, st);
}

static void
stream_resume(struct stream *st) REQUIRES(st->lock)
{
    if (st->suspended) {
        st->suspended = 0;
        atomic_store(&st->req->conn->body_bytes, 0);
        atomic_store(&st->req->conn->waiting_since_ms, clock_mono_ms());
        MHD_resume_connection(st->req->mhd);
    }
}

static void
stream_swap(struct stream *st) REQUIRES(st->lock)
{
    struct str empty = st->work;

    st->work = st->fill;
    st->fill = empty;
}

/* The one call of done() or aborted(); the lock is not held meanwhile. */
static void
stream_close(struct stream *st) REQUIRES(st->lock)
{
    struct cairn_error error = st->error;
    int failed = st->failed, gone = st->gone;

    st->closed = 1;
    mutex_unlock(&st->lock);
    if (failed || gone)
        st->sink.aborted(st->arg, st->req, failed ? &error : NULL);
    else
        st->sink.done(st->arg, st->req);
    if (st->req->reply == REPLY_NONE && failed)
        request_fault(st->req, 500, &error);
    else if (st->req->reply == REPLY_NONE && !gone)
        request_faultf(st->req, 500, CAIRN_INTERNAL, "The request was not answered.");
    mutex_lock(&st->lock);
}

/* One chunk, or the end.  What is left to do afterwards goes to the end of the pool's queue: uploads share the workers. */
static void
stream_job(void *arg)
{
    struct stream *st = arg;
    struct cairn_request *req = st->req;
    struct cairn_error err = CAIRN_ERROR_INIT;
    int rc = 0, again = 0;

    log_set_request(req->id);
    mutex_lock(&st->lock);
    if (!st->failed && !st->gone && st->work.len > 0) {
        mutex_unlock(&st->lock);
        rc = st->sink.write(st->arg, st->work.text, st->work.len, &err);
        str_reset(&st->work);
        mutex_lock(&st->lock);
        if (rc < 0 && !st->failed) {
            st->failed = 1;
            st->error = err;
        }
    }
    if (!st->closed && (st->failed || st->gone)) {
        stream_close(st);
    } else if (!st->closed && st->fill.len > 0 && (st->eof || st->suspended || st->fill.len >= CHUNK_MIN)) {
        stream_swap(st);
        again = 1;
    } else if (!st->closed && st->eof) {
        stream_close(st);
    }
    if (!again || !st->eof)             /* behind the last byte the connection sleeps until the reply is there */
        stream_resume(st);
    if (again)
        request_submit(req, stream_job, st);
    else
        st->running = 0;
    mutex_unlock(&st->lock);
    log_set_request(NULL);
    if (!again)
        request_put(req);
}

static enum MHD_Result
stream_take(struct stream *st, const char *data, size_t *len)
{
    struct cairn_request *req = st->req;

    mutex_lock(&st->lock);
    if (!st->failed && req->received + *len > body_limit(req)) {
        st->failed = 1;
        cairn_fail(&st->error, CAIRN_TOO_LARGE, "The body is larger than %llu bytes.", (unsigned long long)body_limit(req));
        if (!st->running)
            stream_kick(st);
    }
    if (st->failed) {
        mutex_unlock(&st->lock);
        return body_discard(req, len);
    }
    while (*len > 0 && !st->suspended) {
        size_t n = CHUNK - st->fill.len < *len ? CHUNK - st->fill.len : *len;

        str_add_n(&st->fill, data, n);
        data += n;
        *len -= n;
        req->received += n;
        if (!st->running && st->fill.len >= CHUNK_MIN) {
            stream_swap(st);
            stream_kick(st);
        } else if (st->fill.len == CHUNK) {
            st->suspended = 1;
            atomic_store(&req->conn->waiting_since_ms, 0);
            MHD_suspend_connection(req->mhd);
        }
    }
    mutex_unlock(&st->lock);
    return MHD_YES;
}

int
body_end(struct cairn_request *req)
{
    struct stream *st = req->stream;
    int waits;

    mutex_lock(&st->lock);
    st->eof = 1;
    waits = !st->closed || st->running;
    if (waits) {
        if (!st->running) {
            stream_swap(st);
            stream_kick(st);
        }
        st->suspended = 1;
        MHD_suspend_connection(req->mhd);
    }
    mutex_unlock(&st->lock);
    return waits;
}

void
body_gone(struct cairn_request *req)
{
    struct stream *st = req->stream;

    if (st == NULL)
        return;
    mutex_lock(&st->lock);
    st->gone = 1;
    if (!st->closed && !st->running)
        stream_kick(st);
    mutex_unlock(&st->lock);
}

void
body_free(struct cairn_request *req)
{
    struct stream *st = req->stream;

    if (st == NULL)
        return;
    str_free(&st->work);
    str_free(&st->fill);
    mutex_destroy(&st->lock);
    free(st);
    req->stream = NULL;
}

void
http_receive(struct cairn_request *req, const struct http_sink *sink, void *arg)
{
    struct stream *st = xcalloc(1, sizeof *st);

    st->req = req;
    st->sink = *sink;
    st->arg = arg;
    mutex_init(&st->lock);
    request_detach(req);
    req->stream = st;
}

/* --- both */

enum MHD_Result
body_take(struct cairn_request *req, const char *data, size_t *len)
{
    atomic_fetch_add(&req->server->bytes_in, *len);
    atomic_fetch_add(&req->conn->body_bytes, *len);
    if (atomic_load(&req->server->cut))
        return MHD_NO;
    if (req->phase == PHASE_DISCARD)
        return body_discard(req, len);
    if (req->stream != NULL)
        return stream_take(req->stream, data, len);
    if (req->body.len + *len > body_limit(req)) {
        body_too_large(req);
        str_free(&req->body);
        req->phase = PHASE_DISCARD;
        return body_discard(req, len);
    }
    str_add_n(&req->body, data, *len);
    *len = 0;
    return MHD_YES;
}
