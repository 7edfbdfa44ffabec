/* router.c: from method and path to rows of the route table: a tree of path segments, literals before parameters. */
#include <config.h>
#include "rest/engine.h"

#include <string.h>

#define SEGMENTS_MAX 16

struct node {
    char *segment;              /* literal; NULL for a parameter's node and the root */
    struct node **literals;
    size_t literals_count;
    struct node *param;
    struct variant *variants;   /* of any method that ends here */
    char allow[64];             /* these methods, for 405 */
    int open;                   /* all of them are for everybody */
};

struct router { struct node root; };

struct router *
router_new(void)
{
    return xcalloc(1, sizeof(struct router));
}

static void
node_clear(struct node *n)
{
    struct variant *v, *next;

    for (size_t i = 0; i < n->literals_count; i++) {
        node_clear(n->literals[i]);
        free(n->literals[i]);
    }
    if (n->param != NULL) {
        node_clear(n->param);
        free(n->param);
    }
    for (v = n->variants; v != NULL; v = next) {
        next = v->next;
        free((char *)(uintptr_t)v->path);
        free(v);
    }
    free(n->literals);
    free(n->segment);
}

void
router_free(struct router *r)
{
    if (r == NULL)
        return;
    node_clear(&r->root);
    free(r);
}

static struct node *
literal(const struct node *n, const char *segment, size_t len)
{
    for (size_t i = 0; i < n->literals_count; i++)
        if (strncmp(n->literals[i]->segment, segment, len) == 0 && n->literals[i]->segment[len] == '\0')
            return n->literals[i];
    return NULL;
}

static struct node *
child_make(struct node *n, const char *segment, size_t len)
{
    struct node *child;

    if (segment[0] == '{') {
        if (n->param == NULL)
            n->param = xcalloc(1, sizeof *n->param);
        return n->param;
    }
    if ((child = literal(n, segment, len)) != NULL)
        return child;
    child = xcalloc(1, sizeof *child);
    child->segment = xstrndup(segment, len);
    n->literals = xrealloc(n->literals, (n->literals_count + 1) * sizeof *n->literals);
    n->literals[n->literals_count++] = child;
    return child;
}

static void
allow_add(struct node *n, const char *method)
{
    size_t len = strlen(n->allow);

    if (strstr(n->allow, method) == NULL)
        snprintf(n->allow + len, sizeof n->allow - len, "%s%s", len > 0 ? ", " : "", method);
}

static int
overlap(const struct variant *a, const struct variant *b)
{
    return strcmp(a->method, b->method) == 0 && str_eq(a->action, b->action) && version_cmp(a->since, b->since) == 0;
}

int
router_add(struct router *r, struct variant *v, struct cairn_error *err)
{
    struct node *n = &r->root;
    unsigned params = 0;

    for (const char *at = v->path; *at != '\0';) {
        size_t len;

        at += strspn(at, "/");
        if ((len = strcspn(at, "/")) == 0)
            break;
        params += at[0] == '{';
        n = child_make(n, at, len);
        at += len;
    }
    if (params > REST_PARAMS_MAX)
        cairn_fail(err, CAIRN_INVALID, "route %s %s has more than %d parameters", v->method, v->path, REST_PARAMS_MAX);
    for (const struct variant *o = n->variants; o != NULL && params <= REST_PARAMS_MAX; o = o->next)
        if (overlap(o, v)) {
            params = REST_PARAMS_MAX + 1;
            cairn_fail(err, CAIRN_INVALID, "route %s %s%s%s stands in the tables twice (%s)", v->method, v->path, v->action != NULL ? " action " : "",
                       v->action != NULL ? v->action : "", o->path);
        }
    if (params > REST_PARAMS_MAX) {
        free((char *)(uintptr_t)v->path);
        free(v);
        return -1;
    }
    allow_add(n, v->method);
    n->open = (v->flags & REST_PUBLIC) != 0 && (n->variants == NULL || n->open);
    v->next = n->variants;
    n->variants = v;
    return 0;
}

struct walk {
    const char *segments[SEGMENTS_MAX];
    size_t lens[SEGMENTS_MAX];
    size_t count;
    size_t params[REST_PARAMS_MAX];     /* which segments are parameters */
    unsigned params_count;
};

static const struct node *
descend(const struct node *n, struct walk *w, size_t at)
{
    const struct node *child, *found;

    if (at == w->count)
        return n->variants != NULL ? n : NULL;
    if ((child = literal(n, w->segments[at], w->lens[at])) != NULL && (found = descend(child, w, at + 1)) != NULL)
        return found;
    if (n->param == NULL || w->params_count == REST_PARAMS_MAX)
        return NULL;
    w->params[w->params_count++] = at;
    if ((found = descend(n->param, w, at + 1)) == NULL)
        w->params_count--;
    return found;
}

void
router_match(const struct router *r, const char *method, const char *path, struct match *ret)
{
    struct walk w = { .count = 0 };
    const struct node *n;
    int head = strcmp(method, "HEAD") == 0;

    *ret = (struct match){ .allow = "" };
    for (const char *at = path; *at != '\0'; at += w.lens[w.count - 1]) {
        at += strspn(at, "/");
        if (*at == '\0')
            break;
        if (w.count == SEGMENTS_MAX)
            return;
        w.segments[w.count] = at;
        w.lens[w.count++] = strcspn(at, "/");
    }
    if ((n = descend(&r->root, &w, 0)) == NULL)
        return;
    ret->open = n->open;
    ret->allow = n->allow;
    for (struct variant *v = n->variants; v != NULL && ret->variants == NULL; v = v->next)
        if (strcmp(v->method, method) == 0)
            ret->variants = v;
    for (struct variant *v = n->variants; head && v != NULL && ret->variants == NULL; v = v->next)
        if (strcmp(v->method, "GET") == 0)
            ret->variants = v;
    for (unsigned i = 0; i < w.params_count; i++)
        ret->params[i] = xstrndup(w.segments[w.params[i]], w.lens[w.params[i]]);
    ret->params_count = w.params_count;
}

void
match_free(struct match *m)
{
    for (unsigned i = 0; i < m->params_count; i++)
        free(m->params[i]);
    m->params_count = 0;
}
