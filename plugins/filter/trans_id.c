/* trans_id.c: filter "trans_id": the object store's X-Trans-Id, made of the request's id and the time. */

#include <cairn/filter.h>
#include <stdlib.h>
#include <time.h>

static int
trans_id_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    (void)host, (void)err;
    *ret_self = NULL;
    return 0;
}

static void
trans_id_after(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    const char *id = http->request_id(req);
    char text[48] = "tx";
    size_t n = 2;

    (void)self;
    for (id += strncmp(id, "req-", 4) == 0 ? 4 : 0; *id != '\0' && n < 23; id++)
        if (*id != '-')
            text[n++] = *id;
    snprintf(text + n, sizeof text - n, "-%010llx", (unsigned long long)time(NULL));
    http->set_reply_header(req, "X-Trans-Id", text);
}

static const struct cairn_filter_plugin trans_id_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, "trans_id", struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "answers with the object store's transaction id",
    .configure   = trans_id_configure,
    .after       = trans_id_after,
};
CAIRN_DRIVER_EXPORT(trans_id_filter)
