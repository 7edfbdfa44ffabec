/* federation_auth.c: logins by way of a browser or another cloud, which are not spoken, each told so; and what a caller may have a token for. */
#include "config.h"
#include "identity/resources.h"

static int
not_spoken(struct rest_call *call, struct cairn_error *err)
{
    (void)call;
    return cairn_fail(err, CAIRN_UNSUPPORTED, "Federated logins need a web server in front that speaks SAML2 or OpenID Connect; this cloud does not support them.");
}

static int
no_idp(struct rest_call *call, struct cairn_error *err)
{
    (void)call;
    return cairn_fail(err, CAIRN_UNSUPPORTED, "This cloud does not act as a SAML2 identity provider for others.");
}

#define FEDERATION "/v3/OS-FEDERATION"
#define AUTH "/v3/auth/OS-FEDERATION"
#define LOGIN(method_, path_) { .method = method_, .path = path_, .status = 200, .flags = REST_PUBLIC | REST_NO_TX, .handle = not_spoken }

const struct rest_route identity_federation_auth_routes[] = {
    LOGIN("GET",  FEDERATION "/identity_providers/{idp_id}/protocols/{protocol_id}/auth"),
    LOGIN("POST", FEDERATION "/identity_providers/{idp_id}/protocols/{protocol_id}/auth"),
    LOGIN("GET",  AUTH "/identity_providers/{idp_id}/protocols/{protocol_id}/websso"),
    LOGIN("POST", AUTH "/identity_providers/{idp_id}/protocols/{protocol_id}/websso"),
    LOGIN("GET",  AUTH "/websso/{protocol_id}"),
    LOGIN("POST", AUTH "/websso/{protocol_id}"),
    { .method = "GET",  .path = FEDERATION "/saml2/metadata", .status = 200, .flags = REST_PUBLIC | REST_NO_TX, .handle = no_idp },
    { .method = "POST", .path = AUTH "/saml2",     .status = 200, .flags = REST_PUBLIC | REST_NO_TX, .handle = no_idp },
    { .method = "POST", .path = AUTH "/saml2/ecp", .status = 200, .flags = REST_PUBLIC | REST_NO_TX, .handle = no_idp },
    { .method = "GET",  .path = FEDERATION "/projects", .rule = "identity:get_auth_projects", .status = 200, .handle = scope_projects },
    { .method = "GET",  .path = FEDERATION "/domains",  .rule = "identity:get_auth_domains",  .status = 200, .handle = scope_domains },
    { .method = NULL }
};
