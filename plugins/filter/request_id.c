/* request_id.c: filter "request_id": tells each client the id of its request, and takes away headers that claim an identity. */

#include <cairn/filter.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct request_id {
    const struct cairn_host *host;      /* borrowed */
};

/* What other servers' middleware hands to applications in headers (OSSA-2026-001).  Nothing here believes them; a filter or an
 * application that somebody adds shall not meet them either. */
static const char *const identity_headers[] = {
    "X-User", "X-User-Id", "X-User-Name", "X-User-Domain-Id", "X-User-Domain-Name",
    "X-Tenant", "X-Tenant-Id", "X-Tenant-Name", "X-Project-Id", "X-Project-Name", "X-Project-Domain-Id", "X-Project-Domain-Name",
    "X-Domain-Id", "X-Domain-Name", "X-Role", "X-Roles", "X-Is-Admin-Project", "X-Identity-Status", "X-Service-Catalog",
    "X-Trust-Id", "X-Trustor-User-Id", "X-Trustee-User-Id", "OpenStack-System-Scope", "X-System-Scope", "X-Auth-Method",
    "X-Service-Identity-Status", "X-Service-User-Id", "X-Service-User-Name", "X-Service-User-Domain-Id", "X-Service-User-Domain-Name",
    "X-Service-Project-Id", "X-Service-Project-Name", "X-Service-Project-Domain-Id", "X-Service-Project-Domain-Name",
    "X-Service-Roles", "X-Token-Info", "X-Authorization-Scope",
};

static int
request_id_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    struct request_id *f = calloc(1, sizeof *f);

    if (f == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    f->host = host;
    *ret_self = f;
    return 0;
}

static void
request_id_destroy(void *self)
{
    free(self);
}

/* "req-" and a UUID: another service's request that this one is a part of. */
static int
is_request_id(const char *text)
{
    size_t i;

    if (strncmp(text, "req-", 4) != 0)
        return 0;
    text += 4;
    for (i = 0; i < 36; i++) {
        int dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return 0;
    }
    return text[36] == '\0';
}

static uint32_t
request_id_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    struct request_id *f = self;
    const char *global = http->header(req, "X-Openstack-Request-Id");
    size_t i;

    for (i = 0; i < sizeof identity_headers / sizeof identity_headers[0]; i++)
        if (http->header(req, identity_headers[i]) != NULL)
            http->set_request_header(req, identity_headers[i], NULL);
    if (global != NULL && is_request_id(global))
        f->host->log(f->host->instance, CAIRN_LOG_DEBUG, "%s is part of %s", http->request_id(req), global);
    else if (global != NULL)
        http->set_request_header(req, "X-Openstack-Request-Id", NULL);
    return CAIRN_FILTER_PASS;
}

static void
request_id_after(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    (void)self;
    http->set_reply_header(req, "X-Openstack-Request-Id", http->request_id(req));
}

static const struct cairn_filter_plugin request_id_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, "request_id", struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "answers with the request's id; drops headers that claim an identity",
    .configure   = request_id_configure,
    .destroy     = request_id_destroy,
    .before      = request_id_before,
    .after       = request_id_after,
};
CAIRN_DRIVER_EXPORT(request_id_filter)
