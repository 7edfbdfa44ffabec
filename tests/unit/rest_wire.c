/* rest_wire.c: a wire without sockets. */
#include <config.h>
#include "rest_wire.h"

#include <string.h>
#include <strings.h>

struct note { char *name; void *value; void (*release)(void *); struct note *next; };

struct cairn_request {
    const char *method, *path, *headers, *body;
    char *names[64], *values[64];
    size_t count;
    struct auth *auth;
    struct note *notes;
    char *header_values[16];
    size_t header_count;
    int replied, public, blocking;
};

static struct wire_reply last;
static char *found_header;

void
wire_end(void)
{
    free(last.type);
    free(last.text);
    free(last.headers);
    if (last.json != NULL)
        json_decref(last.json);
    memset(&last, 0, sizeof last);
    free(found_header);
    found_header = NULL;
}

static char *
header_value(const char *headers, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = headers; at != NULL && *at != '\0'; at = strchr(at, '\n') != NULL ? strchr(at, '\n') + 1 : NULL)
        if (strncasecmp(at, name, len) == 0 && at[len] == ':')
            return xstrndup(at + len + 2, strcspn(at + len + 2, "\n"));
    return NULL;
}

const char *
wire_header(const char *name)
{
    free(found_header);
    found_header = header_value(last.headers, name);
    return found_header;
}

struct auth *
wire_auth(const char *user, const char *project, const char *roles)
{
    struct auth *a = xcalloc(1, sizeof *a + 8 * sizeof(char *) + 512);
    const char **names = (const char **)(a + 1);
    char *text = (char *)(names + 8), *at;

    snprintf(text, 512, "%s", roles);
    for (at = strtok(text, ","); at != NULL && a->roles_count < 8; at = strtok(NULL, ","))
        names[a->roles_count++] = at;
    a->roles = names;
    a->scope = project[0] != '\0' ? AUTH_PROJECT : AUTH_UNSCOPED;
    a->user_id = user;
    a->user_name = user;
    a->project_id = project;
    a->project_name = project;
    a->domain_id = "";
    a->user_domain_id = a->project_domain_id = "default";
    a->refs = 1;
    a->is_admin = auth_has_role(a, "admin");
    return a;
}

static void
split_query(struct cairn_request *req, const char *query)
{
    while (query != NULL && *query != '\0') {
        size_t len = strcspn(query, "&"), name = strcspn(query, "=&");

        req->names[req->count] = xstrndup(query, name);
        req->values[req->count++] = name < len ? xstrndup(query + name + 1, len - name - 1) : xstrdup("");
        query += len;
        query += *query == '&';
    }
}

const struct wire_reply *
wire_ask(struct http_app *app, struct auth *who, const char *method, const char *path, const char *query, const char *headers, const char *body)
{
    struct cairn_request req = { .method = method, .path = path, .headers = headers, .body = body, .auth = who };
    struct note *next;

    wire_end();
    split_query(&req, query);
    app->route(app->self, &req);
    if (!req.replied && who == NULL && !req.public) {
        struct cairn_error err = CAIRN_ERROR_INIT;

        cairn_fail(&err, CAIRN_UNAUTHENTICATED, "no token");
        app->fault(app->self, &req, 401, &err);
    } else if (!req.replied) {
        app->handle(app->self, &req);
    }
    for (struct note *n = req.notes; n != NULL; n = next) {
        next = n->next;
        if (n->release != NULL)
            n->release(n->value);
        free(n->name);
        free(n);
    }
    for (size_t i = 0; i < req.count; i++) {
        free(req.names[i]);
        free(req.values[i]);
    }
    for (size_t i = 0; i < req.header_count; i++)
        free(req.header_values[i]);
    if (last.text == NULL)
        last.text = xstrdup("");
    last.json = json_loads(last.text, 0, NULL);
    return &last;
}

/* --- what the engine asks of a wire */

const char *http_method(const struct cairn_request *req) { return req->method; }
const char *http_path(const struct cairn_request *req) { return req->path; }
const char *http_mount(const struct cairn_request *req) { (void)req; return "/toy"; }
const char *http_base_url(const struct cairn_request *req) { (void)req; return "http://cloud.example:8774"; }
const char *http_request_id(const struct cairn_request *req) { (void)req; return "req-00000000-0000-4000-8000-000000000000"; }
const char *http_client(const struct cairn_request *req) { (void)req; return "127.0.0.1"; }
struct auth *http_auth(const struct cairn_request *req) { return req->auth; }
void http_set_body(struct cairn_request *req, enum http_body mode, size_t max) { (void)req; (void)mode; (void)max; }
void http_set_public(struct cairn_request *req) { req->public = 1; }
void http_set_blocking(struct cairn_request *req) { req->blocking = 1; }
void http_set_slow(struct cairn_request *req) { req->blocking = 1; }
int http_move(struct cairn_request *req, const char *lane) { (void)req; (void)lane; return 0; }
int http_replied(const struct cairn_request *req) { return req->replied; }

const char *
http_full_path(const struct cairn_request *req)
{
    static char path[1024];

    snprintf(path, sizeof path, "/toy%s", req->path);
    return path;
}

const char *
http_query(const struct cairn_request *req, const char *name)
{
    for (size_t i = 0; i < req->count; i++)
        if (strcmp(req->names[i], name) == 0)
            return req->values[i];
    return NULL;
}

void
http_query_each(const struct cairn_request *req, int (*fn)(void *arg, const char *name, const char *value), void *arg)
{
    for (size_t i = 0; i < req->count; i++)
        if (fn(arg, req->names[i], req->values[i]))
            return;
}

const char *
http_header(const struct cairn_request *req, const char *name)
{
    struct cairn_request *r = (struct cairn_request *)(uintptr_t)req;
    char *value = header_value(req->headers, name);

    if (value == NULL || r->header_count == ARRAY_LEN(r->header_values)) {
        free(value);
        return NULL;
    }
    return r->header_values[r->header_count++] = value;
}

void
http_set_note(struct cairn_request *req, const char *name, void *value, void (*release)(void *))
{
    struct note *n = xcalloc(1, sizeof *n);

    *n = (struct note){ xstrdup(name), value, release, req->notes };
    req->notes = n;
}

void *
http_note(const struct cairn_request *req, const char *name)
{
    for (const struct note *n = req->notes; n != NULL; n = n->next)
        if (strcmp(n->name, name) == 0)
            return n->value;
    return NULL;
}

const char *
http_body(const struct cairn_request *req, size_t *ret_len)
{
    *ret_len = req->body != NULL ? strlen(req->body) : 0;
    return req->body != NULL ? req->body : "";
}

void
http_receive(struct cairn_request *req, const struct http_sink *sink, void *arg)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (req->body != NULL && sink->write(arg, req->body, strlen(req->body), &err) < 0)
        sink->aborted(arg, req, &err);
    else
        sink->done(arg, req);
}

void
http_reply_header(struct cairn_request *req, const char *name, const char *value)
{
    char *old = last.headers;

    (void)req;
    last.headers = xasprintf("%s%s: %s\n", old != NULL ? old : "", name, value);
    free(old);
}

void
http_reply(struct cairn_request *req, int status, const char *type, struct str *body)
{
    req->replied++;
    last.status = status;
    last.type = xstrdup(type);
    last.text = body != NULL ? str_take(body) : xstrdup("");
}

void
http_reply_pull(struct cairn_request *req, int status, const char *type, int (*fill)(void *arg, struct str *out), void (*free_fn)(void *arg), void *arg)
{
    struct str all = STR_INIT;
    int more;

    req->replied++;
    last.status = status;
    last.type = xstrdup(type);
    do {
        more = fill(arg, &all);
        last.pulls++;
    } while (more > 0);
    if (more < 0)
        last.status = -1;
    free_fn(arg);
    last.text = str_take(&all);
}

void
http_reply_fd(struct cairn_request *req, int status, const char *type, int fd, uint64_t offset, uint64_t len)
{
    (void)offset;
    (void)len;
    req->replied++;
    last.status = status;
    last.type = xstrdup(type);
    close(fd);
}
