/* feature.c: filters that switch a feature of the object store on by standing in its pipeline, and say to clients with which limits.  The
 * features that work on the store's rows have their code in the service; this is built once for each, with FEATURE_NAME and FEATURE_JSON. */

#include <cairn/filter.h>

static int
feature_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    (void)host, (void)err;
    *ret_self = NULL;
    return 0;
}

/* The loader wants an operation; there is nothing to do here. */
static uint32_t
feature_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    (void)self, (void)http, (void)req;
    return CAIRN_FILTER_PASS;
}

static const char *
feature_json(void *self)
{
    (void)self;
    return FEATURE_JSON;
}

static const struct cairn_filter_plugin feature_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, FEATURE_NAME, struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "switches on the object store's " FEATURE_NAME,
    .configure   = feature_configure,
    .before      = feature_before,
    .feature     = feature_json,
};
CAIRN_DRIVER_EXPORT(feature_filter)
