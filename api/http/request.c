/* request.c: the request as applications and filters see it: accessors, notes, and what a route says about itself. */
#include "config.h"
#define LOG_MODULE "http"
#include "http/internal.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

/* --- lists of names and values */

void
field_add(struct field **list, const char *name, const char *value)
{
    size_t len = strlen(name) + 1;
    struct field *f = xmalloc(sizeof *f + len);

    memcpy(f->name, name, len);
    f->value = xstrdup(value);
    f->next = *list;
    *list = f;
}

const struct field *
field_find(const struct field *list, const char *name)
{
    while (list != NULL && strcasecmp(list->name, name) != 0)
        list = list->next;
    return list;
}

void
field_set(struct field **list, const char *name, const char *value)
{
    field_remove(list, name);
    field_add(list, name, value);
}

void
field_remove(struct field **list, const char *name)
{
    while (*list != NULL) {
        struct field *f = *list;

        if (strcasecmp(f->name, name) == 0) {
            *list = f->next;
            free(f->value);
            free(f);
        } else {
            list = &f->next;
        }
    }
}

void
field_free_all(struct field **list)
{
    while (*list != NULL) {
        struct field *f = *list;

        *list = f->next;
        free(f->value);
        free(f);
    }
}

/* --- life */

struct cairn_request *
request_new(struct http_server *s, const char *uri)
{
    struct cairn_request *req = xcalloc(1, sizeof *req);

    req->server = s;
    req->fd = -1;
    atomic_init(&req->refs, 1);
    req->started_us = clock_us();
    url_parse(req, uri);
    id_request(req->id);
    return req;
}

void
request_put(struct cairn_request *req)
{
    if (atomic_fetch_sub(&req->refs, 1) > 1)
        return;
    reply_drop(req);
    body_free(req);
    while (req->notes != NULL) {
        struct note *n = req->notes;

        req->notes = n->next;
        if (n->release != NULL)
            n->release(n->value);
        free(n);
    }
    if (req->auth != NULL)
        auth_put(req->auth);
    field_free_all(&req->headers);
    field_free_all(&req->reply_headers);
    str_free(&req->body);
    free(req->below_owned);
    free(req->base_url);
    free(req->query);
    free(req->uri);
    free(req->type);
    free(req);
}

static enum MHD_Result
copy_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct cairn_request *req = cls;

    (void)kind;
    if (value != NULL && field_find(req->headers, name) == NULL)
        field_add(&req->headers, name, value);
    return MHD_YES;
}

/* A stream's last callback may come when MHD has forgotten the connection: from here on the headers are our own. */
void
request_detach(struct cairn_request *req)
{
    http_base_url(req);
    MHD_get_connection_values(req->mhd, MHD_HEADER_KIND, copy_header, req);
    req->detached = 1;
}

void
conn_address(struct conn *c, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *sa = info != NULL ? info->client_addr : NULL;

    if (sa != NULL && sa->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, c->client, sizeof c->client);
    } else if (sa != NULL && sa->sa_family == AF_INET6) {
        const struct in6_addr *a = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;

        if (IN6_IS_ADDR_V4MAPPED(a))
            inet_ntop(AF_INET, &a->s6_addr[12], c->client, sizeof c->client);
        else
            inet_ntop(AF_INET6, a, c->client, sizeof c->client);
    }
}

int64_t
request_content_length(const struct cairn_request *req)
{
    const char *text = http_header(req, "Content-Length");
    int64_t len;

    if (text == NULL)
        return http_header(req, "Transfer-Encoding") != NULL ? -1 : 0;
    return str_to_int(text, 0, INT64_MAX, &len) < 0 ? -1 : len;
}

int
request_has_body(const struct cairn_request *req)
{
    return request_content_length(req) != 0;
}

/* --- accessors */

const char *
http_method(const struct cairn_request *req)
{
    return req->method;
}

const char *
http_path(const struct cairn_request *req)
{
    return req->below;
}

const char *
http_mount(const struct cairn_request *req)
{
    return req->mount != NULL ? req->mount->prefix : "";
}

const char *
http_full_path(const struct cairn_request *req)
{
    return req->uri;
}

int
http_is_bad_url(const struct cairn_request *req)
{
    return req->bad_uri;
}

const char *
http_query(const struct cairn_request *req, const char *name)
{
    for (size_t i = 0; i < req->query_len; i++)
        if (strcmp(req->query[i].name, name) == 0)
            return req->query[i].value;
    return NULL;
}

void
http_query_each(const struct cairn_request *req, int (*fn)(void *arg, const char *name, const char *value), void *arg)
{
    for (size_t i = 0; i < req->query_len; i++)
        if (fn(arg, req->query[i].name, req->query[i].value) != 0)
            return;
}

const char *
http_header(const struct cairn_request *req, const char *name)
{
    const struct field *f = field_find(req->headers, name);

    if (f != NULL)
        return f->value;
    return req->detached ? NULL : MHD_lookup_connection_value(req->mhd, MHD_HEADER_KIND, name);
}

struct header_walk {
    const struct cairn_request *req;
    int (*fn)(void *arg, const char *name, const char *value);
    void *arg;
    int stopped;
};

static enum MHD_Result
walk_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct header_walk *w = cls;

    (void)kind;
    if (value == NULL || field_find(w->req->headers, name) != NULL)
        return MHD_YES;
    w->stopped = w->fn(w->arg, name, value) != 0;
    return w->stopped ? MHD_NO : MHD_YES;
}

void
http_header_each(const struct cairn_request *req, int (*fn)(void *arg, const char *name, const char *value), void *arg)
{
    struct header_walk w = { req, fn, arg, 0 };

    for (const struct field *f = req->headers; f != NULL; f = f->next)
        if (f->value != NULL && fn(arg, f->name, f->value) != 0)
            return;
    if (!req->detached)
        MHD_get_connection_values(req->mhd, MHD_HEADER_KIND, walk_header, &w);
}

const char *
http_client(const struct cairn_request *req)
{
    return req->client;
}

const char *
http_request_id(const struct cairn_request *req)
{
    return req->id;
}

/* Only what a Host header may hold gets into links. */
static int
host_is_sane(const char *host)
{
    size_t len = strlen(host);

    return len > 0 && len < 256 &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") == len;
}

const char *
http_base_url(const struct cairn_request *req)
{
    struct cairn_request *own = (struct cairn_request *)(uintptr_t)req;     /* a cache: the answer never changes */
    const struct http_server *s = req->server;
    const char *host;

    if (s->public_url != NULL)
        return s->public_url;
    if (own->base_url == NULL) {
        host = http_header(req, "Host");
        if (host == NULL || !host_is_sane(host))
            own->base_url = xstrdup(s->own_url);
        else
            own->base_url = xasprintf("%s://%s", s->tls ? "https" : "http", host);
    }
    return own->base_url;
}

struct auth *
http_auth(const struct cairn_request *req)
{
    return req->auth;
}

void
http_set_note(struct cairn_request *req, const char *name, void *value, void (*release)(void *))
{
    size_t len = strlen(name) + 1;
    struct note *n;

    for (n = req->notes; n != NULL; n = n->next) {
        if (strcmp(n->name, name) == 0) {
            if (n->release != NULL && n->value != value)
                n->release(n->value);
            n->value = value;
            n->release = release;
            return;
        }
    }
    n = xmalloc(sizeof *n + len);
    memcpy(n->name, name, len);
    n->value = value;
    n->release = release;
    n->next = req->notes;
    req->notes = n;
}

void *
http_note(const struct cairn_request *req, const char *name)
{
    for (struct note *n = req->notes; n != NULL; n = n->next)
        if (strcmp(n->name, name) == 0)
            return n->value;
    return NULL;
}

void
http_set_body(struct cairn_request *req, enum http_body mode, size_t max)
{
    req->body_mode = mode;
    req->body_max = max;
}

void
http_set_public(struct cairn_request *req)
{
    req->is_public = 1;
}

void
http_set_blocking(struct cairn_request *req)
{
    req->blocking = 1;
}

void
http_set_slow(struct cairn_request *req)
{
    req->blocking = 1;
    req->lane = req->server->slow;
}

int
http_move(struct cairn_request *req, const char *name)
{
    struct lane *lane = lane_get(req->server, name, req->server->lane_threads, req->server->queue_limit);

    if (req->phase != PHASE_NEW) {
        assert(req->blocking);
        if (req->lane != NULL && req->lane != req->server->slow)
            return 0;
        req->moved = 1;
    }
    req->blocking = 1;
    req->lane = lane;
    return req->moved;
}

const char *
http_body(const struct cairn_request *req, size_t *ret_len)
{
    if (ret_len != NULL)
        *ret_len = req->body.len;
    return req->body.text != NULL ? req->body.text : "";
}

/* --- faults */

static void
plain_fault(struct cairn_request *req, int status, const struct cairn_error *err)
{
    struct str body = STR_INIT;
    struct json_out out;

    jo_init(&out, &body);
    jo_object(&out, NULL);
    jo_object(&out, "error");
    jo_int(&out, "code", status);
    jo_str(&out, "message", err->message);
    jo_end_object(&out);
    jo_end_object(&out);
    http_reply(req, status, "application/json", &body);
}

void
request_fault(struct cairn_request *req, int status, const struct cairn_error *err)
{
    if (req->mount != NULL && req->mount->app->fault != NULL)
        req->mount->app->fault(req->mount->app->self, req, (uint32_t)status, err);
    if (req->reply == REPLY_NONE)
        plain_fault(req, status != 0 ? status : 500, err);
}

void
http_fault(struct cairn_request *req, int status, const struct cairn_error *err)
{
    request_fault(req, status, err);
}

void
request_faultf(struct cairn_request *req, int status, uint32_t code, const char *fmt, ...)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    va_list ap;

    va_start(ap, fmt);
    cairn_vfail(&err, code, 0, NULL, fmt, ap);
    va_end(ap);
    request_fault(req, status, &err);
}
