/* call.c: a request at work: what handlers ask of it. */
#include <config.h>
#include "rest/engine.h"
#include "plugin/plugin.h"

#include <inttypes.h>
#include <string.h>

void
call_free(struct call *c)
{
    if (c == NULL)
        return;
    rows_close(c->pub.object);
    tx_rollback(c->pub.tx);
    if (c->document != NULL)
        json_decref(c->document);
    if (c->given != NULL)
        json_decref(c->given);
    auth_put(c->pub.auth);
    str_free(&c->text);
    arena_free(&c->arena);
    free(c);
}

/* The path of the route in force holds the names, the match the values. */
const char *
rest_param(const struct rest_call *call, const char *name)
{
    const struct call *c = call_of(call);
    size_t len = strlen(name);
    unsigned i = 0;

    if (c->variant == NULL)
        return NULL;
    for (const char *at = strchr(c->variant->path, '{'); at != NULL && i < c->match->params_count; at = strchr(at + 1, '{'), i++)
        if (strncmp(at + 1, name, len) == 0 && at[1 + len] == '}')
            return c->match->params[i];
    return NULL;
}

const char *
rest_query(const struct rest_call *call, const char *name)
{
    const struct call *c = call_of(call);

    for (size_t i = 0; i < c->query_count; i++)
        if (strcmp(c->query_names[i], name) == 0)
            return c->query_values[i];
    return NULL;
}

const json_t *
rest_value(const struct rest_call *call, const char *name)
{
    return call->body != NULL ? json_object_get(call->body, name) : NULL;
}

const char *
rest_str(const struct rest_call *call, const char *name)
{
    return json_string_value(rest_value(call, name));
}

int64_t
rest_int(const struct rest_call *call, const char *name, int64_t dflt)
{
    const json_t *value = rest_value(call, name);

    return json_is_integer(value) ? json_integer_value(value) : dflt;
}

int
rest_bool(const struct rest_call *call, const char *name, int dflt)
{
    const json_t *value = rest_value(call, name);

    return json_is_boolean(value) ? json_is_true(value) : dflt;
}

int
rest_given(const struct rest_call *call, const char *name)
{
    const struct call *c = call_of(call);

    return c->given != NULL && json_object_get(c->given, name) != NULL;
}

const char *
rest_raw(const struct rest_call *call, size_t *ret_len)
{
    return http_body(call->req, ret_len);
}

void
rest_header(struct rest_call *call, const char *name, const char *value)
{
    http_reply_header(call->req, name, value);
}

char *
rest_url(const struct rest_call *call, const char *path_fmt, ...)
{
    struct str url = STR_INIT;
    char path[1024];
    va_list ap;

    va_start(ap, path_fmt);
    if (vsnprintf(path, sizeof path, path_fmt, ap) < 0)
        path[0] = '\0';
    va_end(ap);
    str_add(&url, http_base_url(call->req));
    str_add(&url, http_mount(call->req));
    str_add(&url, path);
    return str_take(&url);
}

void
rest_replied(struct rest_call *call)
{
    call_of(call)->replied = 1;
}

int
rest_move(struct rest_call *call, const struct driver *driver, struct cairn_error *err)
{
    CLEANUP_FREE char *lane = xasprintf("%s:%s", kind_name(driver_table(driver)->kind), driver_instance(driver));

    if (!http_move(call->req, lane))
        return 0;
    call_of(call)->moved = 1;
    return cairn_fail(err, CAIRN_CANCELLED, "the request goes on on the lane %s", lane);
}

int
rest_allowed(struct rest_call *call, const char *rule)
{
    return target_allowed(call, rule, call->resource, call->object, NULL);
}

int
rest_allow(struct rest_call *call, const char *rule, struct cairn_error *err)
{
    if (rest_allowed(call, rule))
        return 0;
    return cairn_fail(err, CAIRN_DENIED, "Policy doesn't allow %s to be performed.", rule);
}

int
rest_check(struct rest_call *call, const struct rest_attr *attrs, json_t *object, int creating, const char *where, struct cairn_error *err)
{
    return schema_check(call, attrs, object, creating ? CHECK_BODY : CHECK_PART, where, err);
}

/* --- values of a statement that is put together */

static struct sql_value *
push(struct rest_values *values)
{
    if (values->n == values->cap) {
        values->cap = values->cap > 0 ? 2 * values->cap : 16;
        values->v = xrealloc(values->v, values->cap * sizeof *values->v);
    }
    memset(&values->v[values->n], 0, sizeof *values->v);
    return &values->v[values->n++];
}

void
rest_push_text(struct rest_values *values, const char *text)
{
    struct sql_value *v = push(values);

    v->type = 's';
    v->p = xstrdup(text);
}

void
rest_push_int(struct rest_values *values, int64_t i)
{
    struct sql_value *v = push(values);

    v->type = 'i';
    v->i = i;
}

void
values_real(struct rest_values *values, double d)
{
    struct sql_value *v = push(values);

    v->type = 'd';
    v->d = d;
}

void
values_null(struct rest_values *values)
{
    push(values)->type = 'n';
}

void
values_free(struct rest_values *values)
{
    for (size_t i = 0; i < values->n; i++)
        if (values->v[i].type == 's')
            free((void *)(uintptr_t)values->v[i].p);
    free(values->v);
    memset(values, 0, sizeof *values);
}
