/* discovery.c: GET / and GET /v3: which versions there are, for anybody. */
#include "config.h"
#include "identity/resources.h"

static void
write_version(struct rest_call *call, const char *key)
{
    CLEANUP_FREE char *self = rest_url(call, "/v3/");

    jo_object(call->out, key);
    jo_str(call->out, "id", "v3.14");
    jo_str(call->out, "status", "stable");
    jo_str(call->out, "updated", "2020-04-07T00:00:00Z");
    jo_array(call->out, "links");
    jo_object(call->out, NULL);
    jo_str(call->out, "rel", "self");
    jo_str(call->out, "href", self);
    jo_end_object(call->out);
    jo_end_array(call->out);
    jo_array(call->out, "media-types");
    jo_object(call->out, NULL);
    jo_str(call->out, "base", "application/json");
    jo_str(call->out, "type", "application/vnd.openstack.identity-v3+json");
    jo_end_object(call->out);
    jo_end_array(call->out);
    jo_end_object(call->out);
}

static int
versions_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *location = rest_url(call, "/v3/");

    (void)err;
    jo_object(call->out, NULL);
    jo_object(call->out, "versions");
    jo_array(call->out, "values");
    write_version(call, NULL);
    jo_end_array(call->out);
    jo_end_object(call->out);
    jo_end_object(call->out);
    rest_header(call, "Location", location);
    return 0;
}

static int
version_show(struct rest_call *call, struct cairn_error *err)
{
    (void)err;
    jo_object(call->out, NULL);
    write_version(call, "version");
    jo_end_object(call->out);
    return 0;
}

const struct rest_route identity_discovery_routes[] = {
    { .method = "GET", .path = "/",   .status = 300, .flags = REST_PUBLIC | REST_NO_TX | REST_NO_VERSION, .handle = versions_list },
    { .method = "GET", .path = "/v3", .status = 200, .flags = REST_PUBLIC | REST_NO_TX | REST_NO_VERSION, .handle = version_show },
    { .method = NULL }
};
