/* filters.c: runs a pipeline's filters over a request, and the accessor table that they see it through. */
#include "config.h"
#define LOG_MODULE "http"
#include "http/internal.h"
#include "base/log.h"
#include <string.h>
#include <strings.h>

/* Written before http_start(), then only read. */
static int (*authenticator)(void *arg, const char *token, struct auth **ret, struct cairn_error *err);
static void *authenticator_arg;

void
http_set_authenticator(int (*fn)(void *arg, const char *token, struct auth **ret, struct cairn_error *err), void *arg)
{
    authenticator = fn;
    authenticator_arg = arg;
}

int
filters_authenticate(struct cairn_request *req, const char *token, struct cairn_error *err)
{
    struct auth *auth = NULL;

    if (authenticator == NULL)
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "no identity service runs here");
    if (authenticator(authenticator_arg, token, &auth, err) < 0)
        return -1;
    if (!auth_may_ask(auth, req->mount->app->name, req->method, req->mount->prefix, http_path(req))) {
        auth_put(auth);
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "the access rules of this token's application credential do not have this request");
    }
    if (req->auth != NULL)
        auth_put(req->auth);
    req->auth = auth;
    return 0;
}

/* --- the accessors */

static void
set_request_header(struct cairn_request *req, const char *name, const char *value)
{
    field_set(&req->headers, name, value);
}

/* The route may be another one now: what the old one said about itself is forgotten, and the later filters see the new one. */
static void
set_path(struct cairn_request *req, const char *path)
{
    char *copy = path[0] == '/' ? xstrdup(path) : xasprintf("/%s", path);
    unsigned replies;

    free(req->below_owned);
    req->below_owned = copy;
    req->below = copy;
    req->is_public = req->blocking = 0;
    req->lane = NULL;
    req->body_mode = HTTP_BODY_BUFFER;
    req->body_max = 0;
    reply_drop(req);
    replies = req->replies;
    req->mount->app->route(req->mount->app->self, req);
    req->replies = replies;             /* the filter that called has not replied, its route has */
    req->replaceable = req->reply != REPLY_NONE;
}

/* Who it is, for filters that count by it. */
static void *
note(const struct cairn_request *req, const char *name)
{
    const struct auth *a = req->auth;
    const char *text = NULL;

    if (a != NULL && strncmp(name, "identity.", 9) == 0) {
        if (strcmp(name + 9, "user_id") == 0)
            text = a->user_id;
        else if (strcmp(name + 9, "project_id") == 0)
            text = a->project_id;
        else if (strcmp(name + 9, "domain_id") == 0)
            text = a->domain_id;
    }
    return text != NULL ? (void *)(uintptr_t)text : http_note(req, name);
}

static void
set_body_limit(struct cairn_request *req, uint64_t bytes)
{
    if (bytes > 0 && (req->limit == 0 || bytes < req->limit))
        req->limit = (size_t)bytes;
}

static void
reply(struct cairn_request *req, uint32_t status, const char *type, const void *body, size_t len)
{
    struct str text = STR_INIT;

    if (len > 0)
        str_add_n(&text, body, len);
    http_reply(req, (int)status, type != NULL ? type : "text/plain", &text);
}

static void
fault(struct cairn_request *req, uint32_t status, const struct cairn_error *err)
{
    request_fault(req, (int)status, err);
}

static uint32_t
reply_status(const struct cairn_request *req)
{
    return (uint32_t)req->status;
}

static const char *
reply_header(const struct cairn_request *req, const char *name)
{
    const struct field *f = field_find(req->reply_headers, name);

    if (f == NULL && strcasecmp(name, "Content-Type") == 0)
        return req->type;
    return f != NULL ? f->value : NULL;
}

static void
set_reply_header(struct cairn_request *req, const char *name, const char *value)
{
    if (value == NULL)
        field_remove(&req->reply_headers, name);
    else
        http_reply_header(req, name, value);
}

static uint32_t
is_public(const struct cairn_request *req)
{
    return (uint32_t)req->is_public;
}

static int
ask(struct cairn_request *req, const char *what, const char *argument, char **ret_text, void (**ret_release)(void *), struct cairn_error *err)
{
    const struct http_app *app = req->mount->app;

    *ret_release = free;
    if (app->ask == NULL)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "service '%s' answers no questions", app->name);
    return app->ask(app->self, req, what, argument, ret_text, err);
}

static const struct cairn_http http_table = {
    .size = sizeof(struct cairn_http),
    .method = http_method,
    .path = http_path,
    .full_path = http_full_path,
    .query = http_query,
    .header = http_header,
    .client_address = http_client,
    .request_id = http_request_id,
    .content_length = request_content_length,
    .set_request_header = set_request_header,
    .set_path = set_path,
    .set_note = http_set_note,
    .note = note,
    .set_body_limit = set_body_limit,
    .reply = reply,
    .fault = fault,
    .status = reply_status,
    .reply_header = reply_header,
    .set_reply_header = set_reply_header,
    .authenticate = filters_authenticate,
    .is_public = is_public,
    .base_url = http_base_url,
    .ask = ask,
};

/* --- features */

static const char *
feature_of(const struct filter *f)
{
    return f->table->feature != NULL ? f->table->feature(f->self) : NULL;
}

const char *
http_feature(const struct cairn_request *req, const char *filter)
{
    for (unsigned i = 0; i < req->mount->filters_count; i++)
        if (strcmp(req->mount->filters[i].table->name, filter) == 0)
            return feature_of(&req->mount->filters[i]);
    return NULL;
}

void
http_feature_each(const struct cairn_request *req, void (*fn)(void *arg, const char *filter, const char *json), void *arg)
{
    for (unsigned i = 0; i < req->mount->filters_count; i++) {
        const char *json = feature_of(&req->mount->filters[i]);

        if (json != NULL)
            fn(arg, req->mount->filters[i].table->name, json);
    }
}

/* --- running them */

void
filters_before(struct cairn_request *req)
{
    const struct mount *m = req->mount;

    while (req->filters_run < m->filters_count) {
        const struct filter *f = &m->filters[req->filters_run++];
        unsigned before = req->replies;

        if (f->table->before == NULL)
            continue;
        if (f->table->before(f->self, &http_table, req) == CAIRN_FILTER_REPLIED && req->replies == before) {
            log_error("filter '%s' says that it has replied, but has not", driver_instance(f->driver));
            request_faultf(req, 500, CAIRN_INTERNAL, "a filter failed");
        }
        if (req->replies != before)
            return;
    }
}

void
filters_after(struct cairn_request *req)
{
    while (req->filters_run > 0) {
        const struct filter *f = &req->mount->filters[--req->filters_run];

        if (f->table->after != NULL)
            f->table->after(f->self, &http_table, req);
    }
}
