/* source.c: replies whose bytes come from something that waits: a worker reads ahead, the connection sleeps when nothing is ready. */
#include "config.h"
#define LOG_MODULE "http"
#include "http/internal.h"
#include "base/log.h"
#include <string.h>

#define BLOCK (256u << 10)              /* one buffer; a source has two */

/* The network thread gives 'front' away while at most one job fills 'back'. */
struct source {
    struct http_server *server;
    struct MHD_Connection *mhd;
    struct cairn_request *req;          /* reference: both callbacks may come when MHD has let the connection go */
    int (*read)(void *arg, uint64_t offset, void *buf, size_t max, size_t *ret_len, struct cairn_error *err);
    void (*free_fn)(void *arg);
    void *arg;
    uint64_t len, read_to;              /* the job's */
    char *front;                        /* the network thread's */
    size_t front_len, given;
    struct mutex lock;
    char *back;                         /* the job's while it runs, else the lock's */
    size_t back_len GUARDED_BY(lock);
    int running GUARDED_BY(lock), suspended GUARDED_BY(lock), ended GUARDED_BY(lock), failed GUARDED_BY(lock), dead GUARDED_BY(lock);
};

static void
source_free(struct source *src)
{
    if (src->free_fn != NULL)
        src->free_fn(src->arg);
    request_put(src->req);
    mutex_destroy(&src->lock);
    free(src->front);
    free(src->back);
    free(src);
}

static void
source_job(void *cls)
{
    struct source *src = cls;
    struct cairn_error err = CAIRN_ERROR_INIT;
    uint64_t left = src->len - src->read_to;
    size_t n = 0, want = left < BLOCK ? (size_t)left : BLOCK;
    int rc = 0, dead;

    log_set_request(src->req->id);
    if (want > 0)
        rc = src->read(src->arg, src->read_to, src->back, want, &n, &err);
    if (rc == 0 && (n > want || (n == 0 && want > 0)))
        rc = cairn_fail(&err, CAIRN_CORRUPT, "the data ends after %llu of %llu bytes", (unsigned long long)src->read_to, (unsigned long long)src->len);
    if (rc < 0)
        log_error("a reply is cut off: %s", err.message);
    log_set_request(NULL);
    mutex_lock(&src->lock);
    src->running = 0;
    src->failed = rc < 0;
    src->back_len = rc < 0 ? 0 : n;
    src->read_to += src->back_len;
    src->ended = rc == 0 && src->read_to == src->len;
    dead = src->dead;
    if (src->suspended) {
        src->suspended = 0;
        MHD_resume_connection(src->mhd);
    }
    mutex_unlock(&src->lock);
    if (dead)
        source_free(src);
}

static void
source_kick(struct source *src) REQUIRES(src->lock)
{
    src->running = 1;
    request_submit(src->req, source_job, src);
}

static ssize_t
source_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct source *src = cls;
    ssize_t n = 0;

    (void)pos;
    mutex_lock(&src->lock);
    if (src->given == src->front_len && !src->running && src->back_len > 0) {
        char *empty = src->front;

        src->front = src->back;
        src->front_len = src->back_len;
        src->given = 0;
        src->back = empty != NULL ? empty : xmalloc(BLOCK);
        src->back_len = 0;
        if (!src->ended)
            source_kick(src);
    }
    if (src->given < src->front_len) {
        n = (ssize_t)(src->front_len - src->given < max ? src->front_len - src->given : max);
        memcpy(buf, src->front + src->given, (size_t)n);
        src->given += (size_t)n;
    } else if (src->failed || atomic_load(&src->server->cut)) {
        n = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (src->ended) {
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        src->suspended = 1;
        MHD_suspend_connection(src->mhd);
    }
    mutex_unlock(&src->lock);
    return n;
}

/* MHD lets go of it; a job that still reads does the rest. */
static void
source_release(void *cls)
{
    struct source *src = cls;
    int running;

    mutex_lock(&src->lock);
    src->dead = 1;
    running = src->running;
    mutex_unlock(&src->lock);
    if (!running)
        source_free(src);
}

struct MHD_Response *
source_response(struct cairn_request *req)
{
    struct source *src = xcalloc(1, sizeof *src);

    src->server = req->server;
    src->mhd = req->mhd;
    src->req = req;
    atomic_fetch_add(&req->refs, 1);
    src->read = req->read;
    src->free_fn = req->free_fn;
    src->arg = req->reply_arg;
    src->len = req->len;
    src->back = xmalloc(BLOCK);
    mutex_init(&src->lock);
    req->free_fn = NULL;
    mutex_lock(&src->lock);
    if (strcmp(req->method, "HEAD") != 0)
        source_kick(src);
    mutex_unlock(&src->lock);
    return MHD_create_response_from_callback(req->len, 32u << 10, source_read, src, source_release);
}
