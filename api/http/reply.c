/* reply.c: what an application answers, kept until the network thread can hand it to MHD. */
#include "config.h"
#define LOG_MODULE "http"
#include "http/internal.h"
#include "base/log.h"
#include <string.h>
#include <strings.h>

#define PULL_BLOCK (16u << 10)

/* A stretch of text that fill() makes, given to MHD piece by piece.  One network thread. */
struct pull {
    struct cairn_request *req;          /* reference: free_fn() comes when MHD has let the connection go */
    int (*fill)(void *arg, struct str *out);
    void (*free_fn)(void *arg);
    void *arg;
    struct str text;
    size_t given;
    int ended;                          /* 1 properly, -1 cut */
};

/* --- what the application says */

int
http_replied(const struct cairn_request *req)
{
    return req->reply != REPLY_NONE && !req->replaceable;
}

/* A value that would break out of its line never reaches the wire. */
void
http_reply_header(struct cairn_request *req, const char *name, const char *value)
{
    if (name[0] == '\0' || name[strcspn(name, " \t\r\n:")] != '\0' || value[strcspn(value, "\r\n")] != '\0') {
        log_error("%s %s: reply header '%.32s' dropped: it has a line break", req->method, req->uri, name);
        return;
    }
    field_set(&req->reply_headers, name, value);
}

void
reply_drop(struct cairn_request *req)
{
    if (req->free_fn != NULL)
        req->free_fn(req->reply_arg);
    req->free_fn = NULL;
    if (req->fd >= 0)
        close(req->fd);
    req->fd = -1;
    str_free(&req->text);
    free(req->type);
    req->type = NULL;
    req->reply = REPLY_NONE;
}

/* 1: go on; 0: there is a reply already, this one is not taken. */
static int
begin(struct cairn_request *req, enum reply_kind kind, int status, const char *type)
{
    if (req->reply != REPLY_NONE) {
        if (!req->replaceable) {
            log_error("%s %s: a second reply (%d) to a request that has one (%d)", req->method, req->uri, status, req->status);
            return 0;
        }
        reply_drop(req);
        req->replaceable = 0;
    }
    req->reply = kind;
    req->replies++;
    req->status = status;
    req->type = xstrdup(type);
    return 1;
}

void
http_reply(struct cairn_request *req, int status, const char *type, struct str *body)
{
    if (begin(req, REPLY_TEXT, status, type)) {
        if (body != NULL) {
            req->text = *body;
            *body = (struct str)STR_INIT;
        }
    } else if (body != NULL) {
        str_free(body);
    }
}

void
http_reply_pull(struct cairn_request *req, int status, const char *type, int (*fill)(void *arg, struct str *out), void (*free_fn)(void *arg), void *arg)
{
    if (!begin(req, REPLY_PULL, status, type)) {
        if (free_fn != NULL)
            free_fn(arg);
        return;
    }
    req->fill = fill;
    req->free_fn = free_fn;
    req->reply_arg = arg;
}

void
http_reply_fd(struct cairn_request *req, int status, const char *type, int fd, uint64_t offset, uint64_t len)
{
    if (!begin(req, REPLY_FD, status, type)) {
        close(fd);
        return;
    }
    req->fd = fd;
    req->offset = offset;
    req->len = len;
}

void
http_reply_source(struct cairn_request *req, int status, const char *type, uint64_t len,
                  int (*read)(void *arg, uint64_t offset, void *buf, size_t max, size_t *ret_len, struct cairn_error *err),
                  void (*free_fn)(void *arg), void *arg)
{
    if (!begin(req, REPLY_SOURCE, status, type)) {
        if (free_fn != NULL)
            free_fn(arg);
        return;
    }
    req->len = len;
    req->read = read;
    req->free_fn = free_fn;
    req->reply_arg = arg;
}

/* --- what MHD gets */

static ssize_t
pull_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct pull *p = cls;
    size_t n;

    (void)pos;
    if (p->given > 0 && p->given >= p->text.len - p->given) {    /* what is left is moved to the front before the text grows; it is the smaller part */
        p->text.len -= p->given;
        memmove(p->text.text, p->text.text + p->given, p->text.len);
        p->given = 0;
    }
    while (p->ended == 0 && p->text.len - p->given < max) {
        int more = p->fill(p->arg, &p->text);

        if (more <= 0)
            p->ended = more < 0 ? -1 : 1;
    }
    if (p->ended < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    n = p->text.len - p->given < max ? p->text.len - p->given : max;
    if (n == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    memcpy(buf, p->text.text + p->given, n);
    p->given += n;
    return (ssize_t)n;
}

static void
pull_free(void *cls)
{
    struct pull *p = cls;

    if (p->free_fn != NULL)
        p->free_fn(p->arg);
    str_free(&p->text);
    request_put(p->req);
    free(p);
}

/* The length of it all, without keeping any. */
static uint64_t
pull_measure(struct pull *p)
{
    uint64_t total = 0;
    int more;

    do {
        more = p->fill(p->arg, &p->text);
        total += p->text.len;
        str_reset(&p->text);
    } while (more > 0);
    return total;
}

static struct MHD_Response *
pull_response(struct cairn_request *req)
{
    struct pull *p = xcalloc(1, sizeof *p);

    p->req = req;
    atomic_fetch_add(&req->refs, 1);
    p->fill = req->fill;
    p->free_fn = req->free_fn;
    p->arg = req->reply_arg;
    req->free_fn = NULL;
    if (strcmp(req->method, "HEAD") == 0)       /* MHD would send the last chunk of a body that nobody waits for */
        return MHD_create_response_from_callback(pull_measure(p), PULL_BLOCK, pull_read, p, pull_free);
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PULL_BLOCK, pull_read, p, pull_free);
}

static struct MHD_Response *
make_response(struct cairn_request *req)
{
    struct MHD_Response *r;
    size_t len;

    switch (req->reply) {
    case REPLY_PULL:
        return pull_response(req);
    case REPLY_SOURCE:
        return source_response(req);
    case REPLY_FD:
        r = MHD_create_response_from_fd_at_offset64(req->len, req->fd, req->offset);
        if (r != NULL)
            req->fd = -1;
        return r;
    case REPLY_NONE:
    case REPLY_TEXT:
        break;
    }
    len = req->text.len;
    if (len == 0)
        return MHD_create_response_from_buffer(0, (void *)(uintptr_t)"", MHD_RESPMEM_PERSISTENT);
    r = MHD_create_response_from_buffer(len, req->text.text, MHD_RESPMEM_MUST_FREE);
    if (r != NULL)
        req->text = (struct str)STR_INIT;
    return r;
}

/* These have no body, and therefore no type. */
static int
is_bodyless(int status)
{
    return status == 204 || status == 304 || status < 200;
}

enum MHD_Result
reply_queue(struct cairn_request *req)
{
    struct MHD_Response *r;
    enum MHD_Result rc = MHD_YES;

    if (req->mount != NULL)
        filters_after(req);
    if (is_bodyless(req->status)) {
        reply_drop(req);
        req->reply = REPLY_TEXT;
    }
    r = make_response(req);
    if (r == NULL)
        return MHD_NO;
    if (req->type != NULL && field_find(req->reply_headers, "Content-Type") == NULL)
        rc = MHD_add_response_header(r, "Content-Type", req->type);
    for (const struct field *f = req->reply_headers; f != NULL; f = f->next)
        /* The library takes no empty value; readers cut blanks off. */
        if (MHD_add_response_header(r, f->name, f->value[0] != '\0' ? f->value : " ") != MHD_YES)
            log_warn("%s %s: reply header '%s' cannot be sent", req->method, req->uri, f->name);
    if (rc == MHD_YES)
        rc = MHD_queue_response(req->mhd, (unsigned)req->status, r);
    MHD_destroy_response(r);
    req->phase = PHASE_REPLIED;
    log_set_request(req->id);
    log_debug("%s %s %s: %d", req->client, req->method, req->uri, req->status);
    log_set_request(NULL);
    return rc;
}
