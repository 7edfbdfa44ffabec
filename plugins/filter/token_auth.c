/* token_auth.c: filter "token_auth": no request passes without a valid token (X-Auth-Token, or Authorization: Bearer), unless its route is open to everybody. */

#include <cairn/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct token_auth {
    const char *uri;                    /* borrowed; NULL: follows the request */
    const char *path;
};

static const struct cairn_key token_auth_uri = CAIRN_KEY("www_authenticate_uri", CAIRN_KEY_STRING, NULL,
    "where a client without a token is sent; without this key the address it came by and identity_path");
static const struct cairn_key token_auth_path = CAIRN_KEY("identity_path", CAIRN_KEY_STRING, "/identity", "path of the identity service");
static const struct cairn_key *const token_auth_keys[] = { &token_auth_uri, &token_auth_path, NULL };

static int
token_auth_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    struct token_auth *f = calloc(1, sizeof *f);

    if (f == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    f->uri = host->get_string(host->instance, "www_authenticate_uri");
    f->path = host->get_string(host->instance, "identity_path");
    *ret_self = f;
    return 0;
}

static void
token_auth_destroy(void *self)
{
    free(self);
}

static int
is_refusal(uint32_t code)
{
    return code == CAIRN_UNAUTHENTICATED || code == CAIRN_DENIED || code == CAIRN_INVALID || code == CAIRN_NOT_FOUND;
}

static uint32_t
refuse(const struct token_auth *f, const struct cairn_http *http, struct cairn_request *req)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    char challenge[640];

    if (f->uri != NULL)
        snprintf(challenge, sizeof challenge, "Keystone uri=\"%s\"", f->uri);
    else
        snprintf(challenge, sizeof challenge, "Keystone uri=\"%s%s\"", http->base_url(req), f->path);
    http->set_reply_header(req, "WWW-Authenticate", challenge);
    cairn_fail(&err, CAIRN_UNAUTHENTICATED, "The request you have made requires authentication.");
    http->fault(req, 401, &err);
    return CAIRN_FILTER_REPLIED;
}

/* Whether the token is good cannot be found out now: that is no word on the token, and a client may try again. */
static uint32_t
cannot_tell(const struct cairn_http *http, struct cairn_request *req, const struct cairn_error *err)
{
    http->set_reply_header(req, "Retry-After", "1");
    http->fault(req, 503, err);
    return CAIRN_FILTER_REPLIED;
}

/* A token on an open route says who asks, when it is valid; when not, it is as if there were none. */
static uint32_t
token_auth_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    const struct token_auth *f = self;
    const char *token = http->header(req, "X-Auth-Token"), *bearer = http->header(req, "Authorization");
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (token == NULL && bearer != NULL && strncasecmp(bearer, "Bearer ", 7) == 0)
        token = bearer + 7;
    if (token != NULL && token[0] != '\0' && http->authenticate(req, token, &err) == 0)
        return CAIRN_FILTER_PASS;
    if (http->is_public(req))
        return CAIRN_FILTER_PASS;
    return token == NULL || token[0] == '\0' || is_refusal(err.code) ? refuse(f, http, req) : cannot_tell(http, req, &err);
}

static const struct cairn_filter_plugin token_auth_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, "token_auth", struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "checks X-Auth-Token",
    .keys        = token_auth_keys,
    .configure   = token_auth_configure,
    .destroy     = token_auth_destroy,
    .before      = token_auth_before,
};
CAIRN_DRIVER_EXPORT(token_auth_filter)
