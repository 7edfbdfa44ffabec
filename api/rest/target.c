/* target.c: what a policy rule is checked against: the loaded object, a row of a list, the body of a create, or the caller's own scope. */
#include <config.h>
#include "rest/engine.h"

#include <string.h>

struct target {
    struct rest_call *call;
    const struct rest_resource *resource;       /* of 'row' */
    struct rows *row;                           /* NULL: no object */
    int asked;                                  /* the object or body was looked at, so the answer is for this one only */
};

static const char *
row_value(const struct target *t, const char *name)
{
    const struct rest_attr *attr = attr_find(t->resource->attrs, name, t->call->version);
    char plain[64];
    const char *column;

    if (attr == NULL || (attr->flags & REST_NO_COLUMN) != 0) {
        if (strcmp(name, "project_id") != 0 && strcmp(name, "tenant_id") != 0)
            return NULL;
        column = t->resource->owner_column != NULL ? plain_name(t->resource->owner_column, plain, sizeof plain) : NULL;
        return column != NULL && rows_has(t->row, column) ? row_text(t->row, column) : NULL;
    }
    column = column_plain(attr, plain, sizeof plain);
    if (column == NULL)
        column = attr->name;
    if (!rows_has(t->row, column))
        return NULL;
    if (attr->type == REST_BOOL)
        return row_int(t->row, column) ? "True" : "False";
    return row_text(t->row, column);
}

static const char *
body_value(const struct target *t, const char *name)
{
    const struct call *c = call_of(t->call);
    const json_t *value = c->creating && t->call->body != NULL ? json_object_get(t->call->body, name) : NULL;

    /* Two names of one thing: whichever the body gives is the owner of what is created. */
    if (value == NULL && c->creating && strcmp(name, "project_id") == 0)
        value = json_object_get(t->call->body, "tenant_id");
    else if (value == NULL && c->creating && strcmp(name, "tenant_id") == 0)
        value = json_object_get(t->call->body, "project_id");
    if (json_is_boolean(value))
        return json_is_true(value) ? "True" : "False";
    return json_string_value(value);
}

static const char *
own_scope(const struct rest_call *call, const char *name)
{
    const struct auth *a = call->auth;

    if (a == NULL)
        return NULL;
    if (strcmp(name, "project_id") == 0 || strcmp(name, "tenant_id") == 0)
        return a->project_id != NULL && a->project_id[0] != '\0' ? a->project_id : NULL;
    if (strcmp(name, "user_id") == 0)
        return a->user_id;
    if (strcmp(name, "domain_id") == 0)
        return a->domain_id != NULL && a->domain_id[0] != '\0' ? a->domain_id : NULL;
    return NULL;
}

/* "target.user.id" is the object's "id" when a user is the object, else the path's {user_id}. */
static const char *
dotted(const struct target *t, const char *attr)
{
    const char *dot = strchr(attr, '.');
    char name[128];

    if (dot == NULL)
        return NULL;
    if (t->row != NULL && strncmp(attr, t->resource->name, (size_t)(dot - attr)) == 0 && t->resource->name[dot - attr] == '\0')
        return row_value(t, dot + 1);
    snprintf(name, sizeof name, "%.*s_%s", (int)(dot - attr), attr, dot + 1);
    return rest_param(t->call, name);
}

static const char *
lookup(void *arg, const char *attr)
{
    struct target *t = arg;
    const char *value = NULL;

    t->asked = 1;
    if (t->call->service->target != NULL && (value = t->call->service->target(t->call, attr)) != NULL)
        return value;
    if (str_starts(attr, "target."))
        return dotted(t, attr + 7);
    if (t->row != NULL)
        return row_value(t, attr);
    if ((value = body_value(t, attr)) == NULL && (value = rest_param(t->call, attr)) == NULL)
        value = own_scope(t->call, attr);
    return value;
}

/* '*ret_fixed' (may be NULL): 1 when the answer is the same for every object. */
int
target_allowed(struct rest_call *call, const char *rule, const struct rest_resource *resource, struct rows *row, int *ret_fixed)
{
    struct target t = { .call = call, .resource = resource, .row = resource != NULL ? row : NULL };
    int allowed = policy_check(call->env->policy, rule, call->auth, lookup, &t);

    if (ret_fixed != NULL)
        *ret_fixed = !t.asked;
    return allowed;
}
