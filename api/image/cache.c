/* cache.c: the API of the image cache.  Stores of this cloud are read in place, so there is no cache to manage: each call says so as the API does. */
#include <config.h>
#include "image/private.h"

static int
no_cache(struct rest_call *call, struct cairn_error *err)
{
    (void)call;
    return cairn_fail(err, CAIRN_NOT_FOUND, "Caching via API is not supported at this site: images are read where they are.");
}

#define ROUTE(method_, path_, rule_) { .method = (method_), .path = (path_), .rule = (rule_), .status = 404, .flags = REST_NO_TX, .handle = no_cache }
const struct rest_route image_cache_routes[] = {
    ROUTE("GET", "/v2/cache", "cache_list"),
    ROUTE("DELETE", "/v2/cache", "cache_delete"),
    ROUTE("POST", "/v2/cache/clean", "cache_clean"),
    ROUTE("POST", "/v2/cache/prune", "cache_prune"),
    ROUTE("GET", "/v2/cache/nodes/{image_id}", "cache_list"),
    ROUTE("PUT", "/v2/cache/{image_id}", "cache_image"),
    ROUTE("DELETE", "/v2/cache/{image_id}", "cache_delete"),
    { .method = NULL }
};
