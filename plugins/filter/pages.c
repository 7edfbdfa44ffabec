/* pages.c: filters "healthcheck" and "crossdomain": a fixed page each, for everybody.  Built once for each, with PAGE_NAME, PAGE_PATH, PAGE_TYPE
 * and PAGE_BODY. */

#include <cairn/filter.h>

static int
page_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    (void)host, (void)err;
    *ret_self = NULL;
    return 0;
}

static uint32_t
page_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    (void)self;
    if (strcmp(http->path(req), PAGE_PATH) != 0 && strcmp(http->full_path(req), PAGE_PATH) != 0)
        return CAIRN_FILTER_PASS;
    http->set_reply_header(req, "Content-Type", PAGE_TYPE);
    http->reply(req, 200, PAGE_TYPE, PAGE_BODY, sizeof PAGE_BODY - 1);
    return CAIRN_FILTER_REPLIED;
}

static const char *
page_feature(void *self)
{
    (void)self;
    return "{}";
}

static const struct cairn_filter_plugin page_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, PAGE_NAME, struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "serves " PAGE_PATH,
    .configure   = page_configure,
    .before      = page_before,
    .feature     = page_feature,
};
CAIRN_DRIVER_EXPORT(page_filter)
