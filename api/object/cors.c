/* cors.c: what pages of other origins may see of a container: X-Container-Meta-Access-Control-Allow-Origin, -Expose-Headers, -Max-Age.
 *
 * Containers say it for themselves; for the whole cloud the filter "cors" does. */
#include "config.h"
#include "object/private.h"

#include <string.h>
#include <strings.h>

/* What every page may read of a reply that it may have. */
#define ALWAYS "cache-control, content-language, content-type, expires, last-modified, pragma, etag, x-timestamp, x-trans-id, x-openstack-request-id"

struct cors { char *origins, *expose, *max_age; };

static void
cors_clear(struct cors *r)
{
    free(r->origins);
    free(r->expose);
    free(r->max_age);
}

static char *
copy_of(const struct container *k, const char *name)
{
    const char *value = json_str(k->meta, name);

    return value != NULL ? xstrdup(value) : NULL;
}

static int
rules(struct object_call *c, struct cors *ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    int found;

    *ret = (struct cors){ NULL, NULL, NULL };
    if (c->container == NULL)
        return 0;
    if (tx_begin(c->service->env.catalog, TX_READ, &tx, err) < 0 || (found = container_find(tx, c->account, c->container, &k, err)) < 0)
        return -1;
    if (found)
        *ret = (struct cors){ copy_of(&k, "x-container-meta-access-control-allow-origin"), copy_of(&k, "x-container-meta-access-control-expose-headers"),
                              copy_of(&k, "x-container-meta-access-control-max-age") };
    return 0;
}

static int
is_for_all(const char *origins)
{
    return origins != NULL && strcmp(origins, "*") == 0;
}

/* Origins stand there with spaces between them. */
static int
is_allowed(const char *origins, const char *origin)
{
    CLEANUP_FREE char *copy = xstrdup(origins != NULL ? origins : "");
    char *save = NULL;

    if (is_for_all(origins))
        return 1;
    for (char *one = strtok_r(copy, " ", &save); one != NULL; one = strtok_r(NULL, " ", &save))
        if (strcmp(one, origin) == 0)
            return 1;
    return 0;
}

static void
allow(struct object_call *c, const char *origins, const char *origin)
{
    http_reply_header(c->req, "Access-Control-Allow-Origin", is_for_all(origins) ? "*" : origin);
    if (!is_for_all(origins))
        http_reply_header(c->req, "Vary", "Origin");
}

static int
is_method(const char *method)
{
    static const char *const known[] = { "HEAD", "GET", "PUT", "POST", "COPY", "OPTIONS", "DELETE" };

    for (size_t i = 0; method != NULL && i < ARRAY_LEN(known); i++)
        if (strcmp(method, known[i]) == 0)
            return 1;
    return 0;
}

int
cors_preflight(struct object_call *c, struct cairn_error *err)
{
    const char *origin = http_header(c->req, "Origin"), *headers = http_header(c->req, "Access-Control-Request-Headers");
    CLEANUP(cors_clear) struct cors r = { NULL, NULL, NULL };

    http_reply_header(c->req, "Allow", OBJECT_METHODS);
    if (origin != NULL) {
        if (rules(c, &r, err) < 0)
            return -1;
        if (!is_method(http_header(c->req, "Access-Control-Request-Method")) || !is_allowed(r.origins, origin))
            return object_fail(err, 401, "%s", "");
        allow(c, r.origins, origin);
        http_reply_header(c->req, "Access-Control-Allow-Methods", OBJECT_METHODS);
        if (r.max_age != NULL)
            http_reply_header(c->req, "Access-Control-Max-Age", r.max_age);
        if (headers != NULL) {
            http_reply_header(c->req, "Access-Control-Allow-Headers", headers);
            http_reply_header(c->req, "Vary", is_for_all(r.origins) ? "Access-Control-Request-Headers" : "Origin, Access-Control-Request-Headers");
        }
    }
    http_reply_header(c->req, "Content-Type", "text/html; charset=UTF-8");
    http_reply(c->req, 200, NULL, NULL);
    return 0;
}

int
cors_headers(struct object_call *c, struct cairn_error *err)
{
    const char *origin = http_header(c->req, "Origin");
    CLEANUP(cors_clear) struct cors r = { NULL, NULL, NULL };
    CLEANUP_STR struct str expose = STR_INIT;

    if (origin == NULL)
        return 0;
    if (rules(c, &r, err) < 0)
        return -1;
    if (!is_allowed(r.origins, origin))
        return 0;
    allow(c, r.origins, origin);
    str_add(&expose, ALWAYS);
    for (char *save = NULL, *one = r.expose != NULL ? strtok_r(r.expose, " ", &save) : NULL; one != NULL; one = strtok_r(NULL, " ", &save))
        str_addf(&expose, ", %s", one);
    http_reply_header(c->req, "Access-Control-Expose-Headers", expose.text);
    free(c->exposed);
    c->exposed = str_take(&expose);
    return 0;
}

/* Metadata is exposed, too: each name as the reply has it. */
void
cors_expose(struct object_call *c, const json_t *meta)
{
    CLEANUP_STR struct str expose = STR_INIT;
    const char *name;
    json_t *value;

    if (c->exposed == NULL)
        return;
    str_add(&expose, c->exposed);
    json_object_foreach((json_t *)(uintptr_t)meta, name, value)
        str_addf(&expose, ", %s", name);
    http_reply_header(c->req, "Access-Control-Expose-Headers", expose.text);
}
