/* size_limit.c: filter "size_limit": bounds the bodies that the server gathers in memory.  Streams have limits of their routes. */

#include <cairn/filter.h>
#include <stdlib.h>

struct size_limit {
    uint64_t max_bytes;                 /* immutable after configure() */
};

static const struct cairn_key size_limit_max = CAIRN_KEY("max_request_body_size", CAIRN_KEY_SIZE, "1M", "the largest body, in bytes");
static const struct cairn_key *const size_limit_keys[] = { &size_limit_max, NULL };

static int
size_limit_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    int64_t max = host->get_int(host->instance, "max_request_body_size");
    struct size_limit *f;

    if (max <= 0)
        return cairn_fail(err, CAIRN_INVALID, "max_request_body_size must be above 0");
    f = calloc(1, sizeof *f);
    if (f == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    f->max_bytes = (uint64_t)max;
    *ret_self = f;
    return 0;
}

static void
size_limit_destroy(void *self)
{
    free(self);
}

static uint32_t
size_limit_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    const struct size_limit *f = self;

    http->set_body_limit(req, f->max_bytes);
    return CAIRN_FILTER_PASS;
}

static const struct cairn_filter_plugin size_limit_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, "size_limit", struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "bounds the size of request bodies",
    .keys        = size_limit_keys,
    .configure   = size_limit_configure,
    .destroy     = size_limit_destroy,
    .before      = size_limit_before,
};
CAIRN_DRIVER_EXPORT(size_limit_filter)
