/* object.h: the object store service: Swift's v1 API as an application of the wire.
 *
 * It is not built on the resource engine: paths hold any text behind the container, bodies stream both ways and faults are text. */
#ifndef OBJECT_OBJECT_H
#define OBJECT_OBJECT_H
#include "rest/rest.h"

/* Adds the policy rules and reads [object] of the configuration. */
int object_app(const struct rest_env *env, struct http_app **ret, struct cairn_error *err);
void object_app_free(struct http_app *app);     /* NULL is allowed */
void object_each_route(void (*fn)(void *arg, const char *method, const char *path, const char *rule), void *arg);
extern const struct cairn_key object_keys[];    /* [object] */
extern const struct policy_default object_policies[];
#endif
