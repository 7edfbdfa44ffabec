/* root.c: the application at "/": an index of the services, and the pages that others register: /healthz, /metrics. */
#include "config.h"
#include "http/internal.h"
#include "base/json.h"
#include <string.h>

#define PAGES_MAX 16

struct page {
    const char *path, *type;
    int (*fn)(void *arg, struct str *out);
    void *arg;
};
static struct mutex pages_lock = MUTEX_INIT;
static struct page pages[PAGES_MAX] GUARDED_BY(pages_lock);
static unsigned pages_count GUARDED_BY(pages_lock);

void
http_register_text(const char *path, const char *content_type, int (*fn)(void *arg, struct str *out), void *arg)
{
    unsigned i;

    mutex_lock(&pages_lock);
    for (i = 0; i < pages_count && strcmp(pages[i].path, path) != 0; i++)
        ;
    if (i < PAGES_MAX) {
        pages[i] = (struct page){ .path = path, .type = content_type, .fn = fn, .arg = arg };
        if (i == pages_count)
            pages_count++;
    }
    mutex_unlock(&pages_lock);
}

static void (*metrics_fn)(void *arg, struct str *out);
static int (*health_fn)(void *arg, struct str *out);

static int
metrics_page(void *arg, struct str *out)
{
    metrics_fn(arg, out);
    return 200;
}

static int
health_page(void *arg, struct str *out)
{
    return health_fn(arg, out) == 0 ? 200 : 503;
}

void
http_register_metrics(void (*fn)(void *arg, struct str *out), void *arg)
{
    metrics_fn = fn;
    http_register_text("/metrics", "text/plain; version=0.0.4", metrics_page, arg);
}

void
http_register_health(int (*fn)(void *arg, struct str *out), void *arg)
{
    health_fn = fn;
    http_register_text("/healthz", "text/plain", health_page, arg);
}

static int
find_page(const char *path, struct page *ret)
{
    int found = 0;

    mutex_lock(&pages_lock);
    for (unsigned i = 0; i < pages_count && !found; i++) {
        if (strcmp(pages[i].path, path) == 0) {
            *ret = pages[i];
            found = 1;
        }
    }
    mutex_unlock(&pages_lock);
    return found;
}

static int
is_read(const struct cairn_request *req)
{
    return strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0;
}

static void
root_route(void *self, struct cairn_request *req)
{
    struct page page;
    int found = find_page(req->below, &page);

    (void)self;
    http_set_public(req);
    http_set_body(req, HTTP_BODY_BUFFER, 1);
    if (found && strcmp(req->below, "/healthz") == 0)
        http_move(req, "health");       /* it asks drivers */
    else if (found)
        http_set_blocking(req);
    if (!found && strcmp(req->below, "/") != 0) {
        request_faultf(req, 404, CAIRN_NOT_FOUND, "Nothing is served under this path.");
    } else if (!is_read(req)) {
        http_reply_header(req, "Allow", "GET, HEAD");
        request_faultf(req, 405, CAIRN_UNSUPPORTED, "This page can only be read.");
    }
}

static void
index_page(struct http_server *s, struct cairn_request *req, struct str *out)
{
    struct json_out o;

    jo_init(&o, out);
    jo_object(&o, NULL);
    jo_array(&o, "services");
    for (const struct mount *m = s->mounts; m != NULL; m = m->next) {
        if (m->prefix_len == 0)
            continue;
        jo_object(&o, NULL);
        jo_str(&o, "name", m->app->name);
        jo_strf(&o, "href", "%s%s/", http_base_url(req), m->prefix);
        jo_end_object(&o);
    }
    jo_end_array(&o);
    jo_end_object(&o);
}

static void
root_handle(void *self, struct cairn_request *req)
{
    struct str out = STR_INIT;
    struct page page;
    int status;

    if (find_page(req->below, &page)) {
        status = page.fn(page.arg, &out);
        http_reply(req, status, page.type, &out);
    } else {
        index_page(self, req, &out);
        http_reply(req, 200, "application/json", &out);
    }
}

struct http_app *
root_app(struct http_server *s)
{
    struct http_app *app = xcalloc(1, sizeof *app);

    app->name = "root";
    app->self = s;
    app->route = root_route;
    app->handle = root_handle;
    return app;
}

void
root_app_free(struct http_app *app)
{
    free(app);
}
