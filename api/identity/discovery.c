/* discovery.c: GET / and GET /v3: which versions there are, for anybody. */
#include "config.h"
#include "identity/resources.h"

const struct rest_release identity_releases[] = {
    { "v3.14", "stable", .path = "/v3", .updated = "2020-04-07T00:00:00Z", .media_type = "application/vnd.openstack.identity-v3+json" },
    { 0 },
};

const struct rest_route identity_discovery_routes[] = {
    { .method = "GET", .path = "/",   .status = 300, .flags = REST_DISCOVERY, .handle = rest_releases },
    { .method = "GET", .path = "/v3", .status = 200, .flags = REST_DISCOVERY, .handle = rest_release },
    { .method = NULL }
};
