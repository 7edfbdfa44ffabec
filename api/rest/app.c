/* app.c: the application at the end of a pipeline: one request from its head to its reply, in the order that rest.h promises. */
#include <config.h>
#define LOG_MODULE "rest"
#include "rest/engine.h"

#include <string.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "rest/list.h"
#include "task/task.h"

static int
collect_query(void *arg, const char *name, const char *value)
{
    struct call *c = arg;

    if (c->query_count == REST_QUERY_MAX)
        return c->query_cut = 1;
    c->query_names[c->query_count] = name;
    c->query_values[c->query_count++] = value;
    return 0;
}

static struct call *
call_new(struct rest_api *api, struct cairn_request *req)
{
    struct call *c = xcalloc(1, sizeof *c);

    c->api = api;
    c->started_us = clock_us();
    c->pub.service = api->service;
    c->pub.env = &api->env;
    c->pub.req = req;
    c->pub.auth = auth_ref(http_auth(req));
    c->pub.out = &c->out;
    if (api->service->versioning != NULL)
        c->pub.version = api->service->versioning->min;
    jo_init(&c->out, &c->text);
    http_query_each(req, collect_query, c);
    return c;
}

/* --- the head: which rows of the table, and what they need */

static void
free_match(void *arg)
{
    match_free(arg);
    free(arg);
}

static int
same_method(const struct variant *v, const struct variant *first)
{
    return strcmp(v->method, first->method) == 0;
}

static void
refuse(struct rest_api *api, struct cairn_request *req, const struct match *m)
{
    struct call *c = call_new(api, req);
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (api->service->open_unknown || m->open)
        http_set_public(req);
    if (m->allow[0] == '\0') {
        cairn_fail(&err, CAIRN_NOT_FOUND, "The resource could not be found.");
        fault_reply(&c->pub, 404, &err);
    } else {
        rest_header(&c->pub, "Allow", m->allow);
        cairn_fail(&err, CAIRN_INVALID, "The method %.16s is not allowed for this resource.", http_method(req));
        fault_reply(&c->pub, 405, &err);
    }
    call_free(c);
}

/* Where the suffix says nothing: a path that there is not, or the end of a parameter's value. */
static void
match_without_suffix(struct rest_api *api, struct cairn_request *req, struct match *m)
{
    const char *path = http_path(req);
    CLEANUP_FREE char *stem = xstrndup(path, strlen(path) - strlen(".json"));
    char *last = m->params_count > 0 ? m->params[m->params_count - 1] : NULL;

    if (m->allow[0] == '\0')
        router_match(api->router, http_method(req), stem, m);
    else if (last != NULL && str_ends(path, last) && str_ends(last, ".json"))
        last[strlen(last) - strlen(".json")] = '\0';
}

static void
app_route(void *self, struct cairn_request *req)
{
    struct rest_api *api = self;
    struct match *m = xmalloc(sizeof *m);
    int blocking, slow = 0, public = 1;
    const struct variant *first;

    if (api->service->strict_slash && strcmp(http_path(req), "/") != 0 && str_ends(http_path(req), "/"))
        *m = (struct match){ .allow = "" };
    else
        router_match(api->router, http_method(req), http_path(req), m);
    if (api->service->json_suffix && str_ends(http_path(req), ".json"))
        match_without_suffix(api, req, m);
    http_set_note(req, "rest.match", m, free_match);
    first = m->variants;
    if (first == NULL) {
        refuse(api, req, m);
        return;
    }
    blocking = strcmp(first->method, "GET") != 0;
    for (const struct variant *v = first; v != NULL; v = v->next) {
        if (!same_method(v, first))
            continue;
        public &= (v->flags & REST_PUBLIC) != 0;
        if (v->flags & REST_BLOCKING)
            blocking = 1;
        if (v->flags & REST_INLINE)
            blocking = 0;
        slow |= (v->flags & REST_SLOW) != 0;
        if (v->flags & REST_STREAM)
            http_set_body(req, HTTP_BODY_STREAM, 0);
    }
    if (public)
        http_set_public(req);
    if (slow)
        http_set_slow(req);
    else if (blocking)
        http_set_blocking(req);
}

/* --- the body */

static int
parse_document(struct call *c, struct cairn_error *err)
{
    size_t len = 0;
    const char *text = http_body(c->pub.req, &len);

    if (len == 0)
        return cairn_fail(err, CAIRN_INVALID, "The request has no body: a JSON object is expected.");
    if (json_parse(text, len, &c->document, err) < 0) {
        cairn_error_context(err, "Malformed request body");
        return -1;
    }
    if (!json_is_object(c->document))
        return cairn_fail(err, CAIRN_INVALID, "Malformed request body: a JSON object is expected.");
    c->pub.document = c->document;
    return 0;
}

/* Makes 'object' the body; a null action is an empty one. */
static int
take_body(struct call *c, const char *key, json_t *object, struct cairn_error *err)
{
    if (object == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute of the body. '%s' is a required property.", key);
    if (json_is_null(object) && c->variant->action != NULL) {
        object = json_object();
        json_object_set_new(c->document, key, object);
    }
    if (!json_is_object(object))
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute %s. It is not of type 'object'.", key);
    c->given = json_deep_copy(object);
    c->pub.body = object;
    return 0;
}

/* Nothing beside 'key' but what the route takes there. */
static int
check_beside(const struct call *c, const char *key, struct cairn_error *err)
{
    const char *const *beside = c->variant->route != NULL ? c->variant->route->beside : NULL;
    const char *other;
    json_t *value;

    if (!c->pub.service->lone_key || c->document == NULL)
        return 0;
    json_object_foreach(c->document, other, value) {
        int known = strcmp(other, key) == 0;

        for (size_t i = 0; beside != NULL && beside[i] != NULL; i++)
            known |= strcmp(beside[i], other) == 0;
        if (!known)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for the body. Additional properties are not allowed ('%.60s' was unexpected beside '%s')", other, key);
    }
    return 0;
}

static int
read_body(struct call *c, struct cairn_error *err)
{
    const struct variant *v = c->variant;
    const struct rest_resource *r = v->resource;
    const struct rest_route *route = v->route;

    if (v->op == OP_TAGS_PUT)
        return parse_document(c, err);
    if (v->op == OP_CREATE || v->op == OP_UPDATE) {
        if (parse_document(c, err) < 0)
            return -1;
        if (c->pub.service->paging == REST_PAGE_GLANCE)
            return take_body(c, r->name, c->document, err);
        if (v->op == OP_CREATE && c->pub.service->paging == REST_PAGE_NEUTRON && json_is_array(json_object_get(c->document, r->plural)))
            return 0;
        return take_body(c, r->name, json_object_get(c->document, r->name), err);
    }
    if (v->action != NULL && check_beside(c, v->action, err) < 0)
        return -1;
    if (v->op != OP_ROUTE || route->body == NULL || (v->flags & (REST_RAW | REST_STREAM)))
        return 0;
    if (c->document == NULL && parse_document(c, err) < 0)
        return -1;
    if (v->action != NULL) {
        if (take_body(c, v->action, json_object_get(c->document, v->action), err) < 0)
            return -1;
    } else if (route->body_key != NULL) {
        if (check_beside(c, route->body_key, err) < 0 || take_body(c, route->body_key, json_object_get(c->document, route->body_key), err) < 0)
            return -1;
    } else if (take_body(c, "body", c->document, err) < 0) {
        return -1;
    }
    return schema_check(&c->pub, route->body, c->pub.body, CHECK_BODY, v->action != NULL ? v->action : route->body_key, err);
}

/* --- which row: version, then action; the newest that fits */

static int
choose_variant(struct call *c, struct cairn_error *err)
{
    const struct variant *first = c->match->variants;
    int actions = 0, known = 0, plain = 0;

    for (const struct variant *v = first; v != NULL; v = v->next)
        if (same_method(v, first)) {
            actions |= v->action != NULL;
            plain |= v->action == NULL;
        }
    if (actions && parse_document(c, err) < 0 && !plain)
        return -1;
    for (struct variant *v = c->match->variants; v != NULL; v = v->next) {
        if (!same_method(v, first) || (v->action != NULL && json_object_get(c->document, v->action) == NULL))
            continue;
        known = 1;
        if (!version_in(c->pub.version, v->since, v->until))
            continue;
        if (c->variant == NULL || (c->variant->action == NULL && v->action != NULL)
            || ((c->variant->action == NULL) == (v->action == NULL) && version_cmp(v->since, c->variant->since) > 0))
            c->variant = v;
    }
    if (c->variant != NULL)
        return 0;
    if (actions && !known) {
        const char *key = json_object_iter_key(json_object_iter(c->document));

        return cairn_fail(err, CAIRN_INVALID, "There is no such action: %.60s", key != NULL ? key : "(none)");
    }
    return cairn_fail(err, CAIRN_NOT_FOUND, "The resource could not be found.");
}

static int
has_no_version(const struct match *m)
{
    for (const struct variant *v = m->variants; v != NULL; v = v->next)
        if (same_method(v, m->variants) && (v->flags & REST_NO_VERSION))
            return 1;
    return 0;
}

/* --- transaction, object, policy */

static int
open_tx(struct call *c, struct cairn_error *err)
{
    int reads = strcmp(c->variant->method, "GET") == 0;

    if ((c->variant->flags & REST_NO_TX) && c->variant->resource == NULL)
        return 0;
    /* A handler that opens transactions itself: its object is looked at and judged in one that ends before it runs. */
    if (c->variant->flags & (REST_READ_TX | REST_NO_TX))
        reads = 1;
    if (c->variant->flags & REST_WRITE_TX)
        reads = 0;
    c->writes = !reads;
    return tx_begin(c->api->env.catalog, reads ? TX_READ : TX_WRITE, &c->pub.tx, err);
}

static int
load_object(struct call *c, struct cairn_error *err)
{
    const struct variant *v = c->variant;
    const char *id = rest_param(&c->pub, "id");

    if (v->resource == NULL || v->op == OP_LIST || v->op == OP_DETAIL || v->op == OP_CREATE || c->pub.tx == NULL)
        return 0;
    if (id == NULL && c->match->params_count > 0)
        id = c->match->params[0];
    if (id == NULL || object_load(&c->pub, v->resource, id, &c->pub.object, err) == 0)
        return 0;
    if (err->code == CAIRN_NOT_FOUND && c->pub.service->hide_unknown && !v->resource->tells_unknown && v->rule != NULL) {
        struct cairn_error denied = CAIRN_ERROR_INIT;

        if (rest_allow(&c->pub, v->rule, &denied) < 0)
            *err = denied;
    }
    return -1;
}

static int
check_policy(struct call *c, struct cairn_error *err)
{
    const struct variant *v = c->variant;

    if (v->rule == NULL || v->op == OP_CREATE)      /* create asks once its body is checked */
        return 0;
    if (rest_allow(&c->pub, v->rule, err) == 0)
        return v->op == OP_ROUTE && v->route->body != NULL ? schema_write_policies(&c->pub, v->route->body, CHECK_BODY, err) : 0;
    if (c->pub.object != NULL && c->pub.service->hide_forbidden) {
        const char *owner = NULL;
        char plain[64];

        if (v->resource->owner_column != NULL && plain_name(v->resource->owner_column, plain, sizeof plain) != NULL && rows_has(c->pub.object, plain))
            owner = row_text(c->pub.object, plain);
        if (owner == NULL || c->pub.auth == NULL || !str_eq(owner, c->pub.auth->project_id))
            return object_not_found(&c->pub, v->resource, row_text(c->pub.object, "id"), err);
    }
    return -1;
}

static int
run_op(struct call *c, struct cairn_error *err)
{
    const struct variant *v = c->variant;

    switch (v->op) {
    case OP_ROUTE:
        return v->route->handle(&c->pub, err);
    case OP_LIST:
        return rest_list(&c->pub, v->resource, 0, err);
    case OP_DETAIL:
        return rest_list(&c->pub, v->resource, 1, err);
    case OP_SHOW:
        return rest_emit_object(&c->pub, v->resource, c->pub.service->paging == REST_PAGE_GLANCE ? NULL : v->resource->name, row_text(c->pub.object, "id"), err);
    case OP_CREATE:
        return write_create(c, err);
    case OP_UPDATE:
        return write_update(c, err);
    case OP_DELETE:
        return write_delete(c, err);
    case OP_TAGS: case OP_TAGS_PUT: case OP_TAGS_CLEAR: case OP_TAG: case OP_TAG_PUT: case OP_TAG_CLEAR:
        return tags_run(c, err);
    }
    return cairn_fail(err, CAIRN_INTERNAL, "operation %d is unknown", (int)v->op);
}

static int
run(struct call *c, struct cairn_error *err)
{
    struct rest_call *call = &c->pub;
    const struct variant *v;

    if (!has_no_version(c->match) && version_choose(call, err) < 0)
        return -1;
    if (c->query_cut)
        return cairn_fail(err, CAIRN_INVALID, "More than %d query parameters.", REST_QUERY_MAX);
    if (choose_variant(c, err) < 0)
        return -1;
    v = c->variant;
    call->route = v->route;
    call->resource = v->resource;
    call->status = v->status;
    if ((v->flags & REST_PUBLIC) == 0 && call->auth == NULL)
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "The request you have made requires authentication.");
    if (v->op == OP_ROUTE && v->route->query != NULL && schema_check_query(call, v->route->query, err) < 0)
        return -1;
    if (read_body(c, err) < 0 || open_tx(c, err) < 0 || ((v->flags & REST_RULE_FIRST) && check_policy(c, err) < 0) || load_object(c, err) < 0
        || check_policy(c, err) < 0)
        return -1;
    if (v->op == OP_ROUTE && v->route->states != NULL && call->service->guard != NULL && call->service->guard(call, v->route->states, err) < 0)
        return -1;
    if (v->flags & REST_NO_TX) {
        rows_close(steal(&call->object));
        tx_rollback(steal(&call->tx));
    }
    return run_op(c, err);
}

/* What changed something is part of its object's story: the request's row commits with the change. */
static int
tell_story(struct call *c, struct cairn_error *err)
{
    const char *id = c->pub.object != NULL ? row_text(c->pub.object, "id") : json_str(c->pub.body, "id");
    CLEANUP_FREE char *name = NULL;

    if (!c->writes || c->pub.tx == NULL)
        return 0;
    name = xasprintf("%s %s%s%s", http_method(c->pub.req), http_full_path(c->pub.req), c->variant->action != NULL ? " " : "",
                     c->variant->action != NULL ? c->variant->action : "");
    return timeline_add(c->pub.tx, http_request_id(c->pub.req), id, NULL, "request", name, c->pub.auth != NULL ? c->pub.auth->user_id : NULL,
                        clock_us() - c->started_us, CAIRN_OK, err);
}

static int
finish(struct call *c, struct cairn_error *err)
{
    if (tell_story(c, err) < 0)
        return -1;
    rows_close(steal(&c->pub.object));
    if (c->pub.tx == NULL)
        return 0;
    crash_here("%s %s:commit", c->variant->method, c->variant->path);
    if (tx_commit(steal(&c->pub.tx), err) < 0)
        return -1;
    crash_here("%s %s:answer", c->variant->method, c->variant->path);
    return 0;
}

static void
reply(struct call *c)
{
    int bare = c->pub.status == 204 || c->pub.status == 205 || c->pub.status == 304 || c->text.len == 0;

    for (size_t i = 0; i < ARRAY_LEN(c->pub.service->request_id_headers); i++)
        if (c->pub.service->request_id_headers[i] != NULL)
            rest_header(&c->pub, c->pub.service->request_id_headers[i], http_request_id(c->pub.req));
    if (list_pending(c) == NULL)
        http_reply(c->pub.req, c->pub.status, bare ? NULL : "application/json", bare ? NULL : &c->text);
}

static void
app_handle(void *self, struct cairn_request *req)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct call *c = call_new(self, req);
    int failed;

    log_set_request(http_request_id(req));
    c->match = http_note(req, "rest.match");
    failed = run(c, &err) < 0;
    if (c->moved) {
        rows_close(steal(&c->pub.object));
        tx_rollback(steal(&c->pub.tx));
    } else if (failed) {
        rows_close(steal(&c->pub.object));
        tx_rollback(steal(&c->pub.tx));
        fault_reply(&c->pub, 0, &err);
    } else if (list_pending(c) != NULL) {
        reply(c);
        list_stream(c);
        c = NULL;
    } else if (finish(c, &err) < 0) {
        rows_close(steal(&c->pub.object));
        tx_rollback(steal(&c->pub.tx));
        fault_reply(&c->pub, 0, &err);
    } else if (!c->replied) {
        reply(c);
    }
    call_free(c);
    log_set_request(NULL);
}

static void
app_fault(void *self, struct cairn_request *req, uint32_t status, const struct cairn_error *err)
{
    struct call *c = call_new(self, req);

    fault_reply(&c->pub, status, err);
    call_free(c);
}

int
rest_app(const struct rest_service *service, const struct rest_env *env, struct http_app **ret, struct cairn_error *err)
{
    struct rest_api *api = xcalloc(1, sizeof *api);

    api->service = service;
    api->env = *env;
    api->router = router_new();
    api->app = (struct http_app){ .name = service->name, .self = api, .route = app_route, .handle = app_handle, .fault = app_fault };
    if (tables_check(api, err) < 0) {
        rest_app_free(&api->app);
        return -1;
    }
    *ret = &api->app;
    return 0;
}

void
rest_app_free(struct http_app *app)
{
    struct rest_api *api = app != NULL ? app->self : NULL;

    if (api == NULL)
        return;
    router_free(api->router);
    free(api->facts);
    free(api);
}
