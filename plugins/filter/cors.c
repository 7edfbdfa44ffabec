/* cors.c: filter "cors": lets pages of other origins, a dashboard's, use the API from a browser. */

#include <cairn/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Written by configure(), then only read. */
struct cors {
    const char *origins;                /* "a,b"; NULL: nobody */
    const char *methods, *headers, *expose;
    int credentials;
    char max_age[24];
};

static const struct cairn_key cors_origins = CAIRN_KEY("allowed_origins", CAIRN_KEY_LIST, NULL, "origins that may call, as 'https://dash.example', or '*' for all; none without this key");
static const struct cairn_key cors_methods = CAIRN_KEY("allow_methods", CAIRN_KEY_LIST, "GET,PUT,POST,DELETE,PATCH,HEAD", "methods that they may use");
static const struct cairn_key cors_headers = CAIRN_KEY("allow_headers", CAIRN_KEY_LIST,
    "Content-Type,X-Auth-Token,X-Subject-Token,X-Openstack-Request-Id,OpenStack-API-Version,X-OpenStack-Nova-API-Version,If-Match,Range",
    "request headers that they may send");
static const struct cairn_key cors_expose = CAIRN_KEY("expose_headers", CAIRN_KEY_LIST,
    "X-Auth-Token,X-Subject-Token,X-Openstack-Request-Id,X-Compute-Request-Id,OpenStack-API-Version,X-OpenStack-Nova-API-Version,Location,ETag",
    "reply headers that they may read");
static const struct cairn_key cors_credentials = CAIRN_KEY("allow_credentials", CAIRN_KEY_BOOL, "no", "whether browsers may send cookies along; never together with '*'");
static const struct cairn_key cors_max_age = CAIRN_KEY("max_age", CAIRN_KEY_DURATION, "1h", "how long a browser may remember the answer to a preflight");
static const struct cairn_key *const cors_keys[] = { &cors_origins, &cors_methods, &cors_headers, &cors_expose, &cors_credentials, &cors_max_age, NULL };

static int
cors_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    struct cors *c = calloc(1, sizeof *c);

    if (c == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    c->origins = host->get_string(host->instance, "allowed_origins");
    c->methods = host->get_string(host->instance, "allow_methods");
    c->headers = host->get_string(host->instance, "allow_headers");
    c->expose = host->get_string(host->instance, "expose_headers");
    c->credentials = host->get_int(host->instance, "allow_credentials") != 0;
    snprintf(c->max_age, sizeof c->max_age, "%lld", (long long)host->get_int(host->instance, "max_age") / 1000);
    if (c->credentials && c->origins != NULL && strcmp(c->origins, "*") == 0) {
        free(c);
        return cairn_fail(err, CAIRN_INVALID, "allow_credentials = yes needs named origins: with '*' every page of the web could act as its visitor");
    }
    *ret_self = c;
    return 0;
}

static void
cors_destroy(void *self)
{
    free(self);
}

/* Is 'word' one of the comma-separated 'list'? */
static int
is_in(const char *list, const char *word)
{
    size_t len = strlen(word);

    while (list != NULL && *list != '\0') {
        size_t n = strcspn(list, ",");

        if (n == len && strncmp(list, word, len) == 0)
            return 1;
        list += n + (list[n] == ',');
    }
    return 0;
}

static int
is_allowed(const struct cors *c, const char *origin)
{
    return c->origins != NULL && (strcmp(c->origins, "*") == 0 || is_in(c->origins, origin));
}

static uint32_t
cors_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    const struct cors *c = self;
    const char *origin = http->header(req, "Origin"), *method = http->header(req, "Access-Control-Request-Method");

    if (origin == NULL || method == NULL || strcmp(http->method(req), "OPTIONS") != 0 || !is_allowed(c, origin))
        return CAIRN_FILTER_PASS;
    if (is_in(c->methods, method)) {
        http->set_reply_header(req, "Access-Control-Allow-Methods", c->methods);
        http->set_reply_header(req, "Access-Control-Allow-Headers", c->headers);
        http->set_reply_header(req, "Access-Control-Max-Age", c->max_age);
    }
    http->reply(req, 200, "text/plain", "", 0);
    return CAIRN_FILTER_REPLIED;
}

static void
cors_after(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    const struct cors *c = self;
    const char *origin = http->header(req, "Origin");
    const char *vary;
    char both[256];

    if (c->origins == NULL)
        return;
    vary = http->reply_header(req, "Vary");
    snprintf(both, sizeof both, "%s%sOrigin", vary != NULL ? vary : "", vary != NULL ? ", " : "");
    http->set_reply_header(req, "Vary", both);
    if (origin == NULL || !is_allowed(c, origin))
        return;
    http->set_reply_header(req, "Access-Control-Allow-Origin", strcmp(c->origins, "*") == 0 ? "*" : origin);
    http->set_reply_header(req, "Access-Control-Expose-Headers", c->expose);
    if (c->credentials)
        http->set_reply_header(req, "Access-Control-Allow-Credentials", "true");
}

static const struct cairn_filter_plugin cors_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, "cors", struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "cross-origin requests of browsers",
    .keys        = cors_keys,
    .configure   = cors_configure,
    .destroy     = cors_destroy,
    .before      = cors_before,
    .after       = cors_after,
};
CAIRN_DRIVER_EXPORT(cors_filter)
