/* healthcheck.c: filter "healthcheck": a page for load balancers, which the presence of a file turns into 503. */

#include <cairn/filter.h>
#include <stdlib.h>
#include <unistd.h>

static const struct cairn_key health_file = CAIRN_KEY("disable_path", CAIRN_KEY_PATH, NULL, "while this file is there the answer is 503: the machine shall get no work");
static const struct cairn_key *const health_keys[] = { &health_file, NULL };

struct health { const char *file; };    /* borrowed; NULL: none */

static int
health_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    struct health *f = calloc(1, sizeof *f);

    if (f == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    f->file = host->get_string(host->instance, "disable_path");
    *ret_self = f;
    return 0;
}

static uint32_t
health_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    static const char ok[] = "OK", disabled[] = "DISABLED BY FILE";
    const struct health *f = self;
    int off;

    if ((strcmp(http->path(req), "/healthcheck") != 0 && strcmp(http->full_path(req), "/healthcheck") != 0) ||
        (strcmp(http->method(req), "GET") != 0 && strcmp(http->method(req), "HEAD") != 0))
        return CAIRN_FILTER_PASS;
    off = f->file != NULL && *f->file != '\0' && access(f->file, F_OK) == 0;
    http->set_reply_header(req, "Content-Type", "text/plain");
    http->reply(req, off ? 503 : 200, "text/plain", off ? disabled : ok, off ? sizeof disabled - 1 : sizeof ok - 1);
    return CAIRN_FILTER_REPLIED;
}

static const char *
health_feature(void *self)
{
    (void)self;
    return "{}";
}

static const struct cairn_filter_plugin health_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, "healthcheck", struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "serves /healthcheck",
    .keys        = health_keys,
    .configure   = health_configure,
    .destroy     = free,
    .before      = health_before,
    .feature     = health_feature,
};
CAIRN_DRIVER_EXPORT(health_filter)
