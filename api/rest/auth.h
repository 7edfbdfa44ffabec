/* auth.h: who makes a request: what a checked token says.  Plain data, immutable once made; never built from headers. */
#ifndef REST_AUTH_H
#define REST_AUTH_H
#include <stdint.h>
#include "base/ids.h"

enum auth_scope { AUTH_UNSCOPED, AUTH_PROJECT, AUTH_DOMAIN, AUTH_SYSTEM };

struct auth {
    enum auth_scope scope;
    const char *user_id, *user_name, *user_domain_id, *user_domain_name;
    const char *project_id, *project_name, *project_domain_id, *project_domain_name;    /* "" unless the scope has it */
    const char *domain_id, *domain_name;
    const char *const *roles;           /* names, implied ones included */
    const char *const *role_ids;
    unsigned roles_count;
    int is_admin;                       /* has the admin role in the present scope */
    const char *token_id;
    int64_t issued_us, expires_us;
    const char *audit_id, *audit_chain_id;
    const char *const *methods;
    unsigned methods_count;
    unsigned refs;                      /* auth_ref / auth_put */
};
struct auth *auth_ref(struct auth *a);
void auth_put(struct auth *a);          /* NULL is allowed; frees one block */
int auth_has_role(const struct auth *a, const char *name);
#endif
