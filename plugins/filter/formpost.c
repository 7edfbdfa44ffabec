/* formpost.c: filter "formpost": forms of browsers put objects under a prefix that their signature opens.  The service reads them, since the
 * signature comes in the body; this switches it on and says which digests may sign. */

#include <cairn/filter.h>
#include <stdlib.h>

#include "object/signed.h"

static const struct cairn_key formpost_digests = CAIRN_KEY("allowed_digests", CAIRN_KEY_LIST, SIGNED_DIGESTS, "digests that may sign: sha1, sha256, sha512");
static const struct cairn_key *const formpost_keys[] = { &formpost_digests, NULL };

struct formpost { char feature[100]; };

static int
formpost_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    const char *list = host->get_string(host->instance, "allowed_digests");
    struct formpost *f = calloc(1, sizeof *f);
    char json[64];

    if (f == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    if (signed_list_json(list != NULL ? list : "", json, sizeof json) < 0) {
        free(f);
        return cairn_fail(err, CAIRN_INVALID, "allowed_digests = %s: some of sha1, sha256, sha512", list != NULL ? list : "");
    }
    snprintf(f->feature, sizeof f->feature, "{\"allowed_digests\":[%s]}", json);
    *ret_self = f;
    return 0;
}

/* The loader wants an operation; what a form says is not known yet. */
static uint32_t
formpost_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    (void)self, (void)http, (void)req;
    return CAIRN_FILTER_PASS;
}

static const char *
formpost_feature(void *self)
{
    const struct formpost *f = self;

    return f->feature;
}

static const struct cairn_filter_plugin formpost_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, "formpost", struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "signed forms put objects",
    .keys        = formpost_keys,
    .configure   = formpost_configure,
    .destroy     = free,
    .before      = formpost_before,
    .feature     = formpost_feature,
};
CAIRN_DRIVER_EXPORT(formpost_filter)
