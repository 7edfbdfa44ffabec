/* crossdomain.c: filter "crossdomain": /crossdomain.xml, which says to plugins of browsers whose pages may come here. */

#define _GNU_SOURCE 1                   /* asprintf */
#include <cairn/filter.h>
#include <stdio.h>
#include <stdlib.h>

static const struct cairn_key crossdomain_policy =
    CAIRN_KEY("cross_domain_policy", CAIRN_KEY_STRING, "<allow-access-from domain=\"*\" secure=\"false\" />", "elements of the policy, as they shall stand in it");
static const struct cairn_key *const crossdomain_keys[] = { &crossdomain_policy, NULL };

struct crossdomain { char *page; };

static int
crossdomain_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    const char *policy = host->get_string(host->instance, "cross_domain_policy");
    struct crossdomain *f = calloc(1, sizeof *f);

    if (f == NULL || asprintf(&f->page, "<?xml version=\"1.0\"?>\n<!DOCTYPE cross-domain-policy SYSTEM \"http://www.adobe.com/xml/dtds/cross-domain-policy.dtd\" >\n"
                              "<cross-domain-policy>\n%s\n</cross-domain-policy>", policy != NULL ? policy : "") < 0) {
        free(f);
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    }
    *ret_self = f;
    return 0;
}

static void
crossdomain_destroy(void *self)
{
    struct crossdomain *f = self;

    free(f->page);
    free(f);
}

static uint32_t
crossdomain_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    const struct crossdomain *f = self;

    if ((strcmp(http->path(req), "/crossdomain.xml") != 0 && strcmp(http->full_path(req), "/crossdomain.xml") != 0) ||
        (strcmp(http->method(req), "GET") != 0 && strcmp(http->method(req), "HEAD") != 0))
        return CAIRN_FILTER_PASS;
    http->set_reply_header(req, "Content-Type", "application/xml");
    http->reply(req, 200, "application/xml", f->page, strlen(f->page));
    return CAIRN_FILTER_REPLIED;
}

static const char *
crossdomain_feature(void *self)
{
    (void)self;
    return "{}";
}

static const struct cairn_filter_plugin crossdomain_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, "crossdomain", struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "serves /crossdomain.xml",
    .keys        = crossdomain_keys,
    .configure   = crossdomain_configure,
    .destroy     = crossdomain_destroy,
    .before      = crossdomain_before,
    .feature     = crossdomain_feature,
};
CAIRN_DRIVER_EXPORT(crossdomain_filter)
