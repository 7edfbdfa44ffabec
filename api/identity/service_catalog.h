/* service_catalog.h: where the services are, as tokens and GET /auth/catalog tell it. */
#ifndef IDENTITY_SERVICE_CATALOG_H
#define IDENTITY_SERVICE_CATALOG_H
#include "base/json.h"
#include "catalog/catalog.h"

/* Fills "%(project_id)s", "$(project_id)s" (also tenant_id, user_id) and "%%" of an endpoint's URL in; appends to 'out'.
 * -1: the URL names something that is not there (no project in the scope, an unknown word) or is ill-formed: the endpoint is left out.
 * Either id may be NULL or "". */
int service_url(const char *url, const char *project_id, const char *user_id, struct str *out);
/* CAIRN_INVALID unless service_url() could ever fill it in. */
int service_url_check(const char *url, struct cairn_error *err);
/* Writes the array of enabled services with their enabled endpoints. */
int service_catalog(struct tx *tx, const char *project_id, const char *user_id, struct json_out *out, const char *key, struct cairn_error *err);
/* Writes "service_providers", the clouds that believe this one, unless there are none. */
int service_providers(struct tx *tx, struct json_out *out, struct cairn_error *err);
#endif
