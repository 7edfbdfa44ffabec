/* auth.h: who makes a request: what a checked token says.  Plain data, immutable once made; never built from headers. */
#ifndef REST_AUTH_H
#define REST_AUTH_H
#include <stdint.h>
#include "base/ids.h"

enum auth_scope { AUTH_UNSCOPED, AUTH_PROJECT, AUTH_DOMAIN, AUTH_SYSTEM };

/* By whose leave: the user's own, or part of somebody's rights that they handed on. */
enum auth_delegation { AUTH_DIRECT, AUTH_BY_TRUST, AUTH_BY_APP_CRED, AUTH_BY_OAUTH };
/* What an application credential's tokens may ask: a type of service, a method, and a path with {name}, * (one segment) and ** (any). */
struct auth_rule { const char *id, *service, *method, *path; };

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
    enum auth_delegation delegation;
    const char *delegation_id;          /* trust, application credential or access token; "" when direct */
    const char *delegation_name;        /* the application credential's name, the access token's consumer; "" otherwise */
    const char *trustor_id, *trustee_id;        /* of a trust; "" otherwise */
    int impersonation;                  /* of a trust: user_id is the trustor's, not the trustee's */
    int restricted;                     /* of an application credential: must not make others, nor trusts */
    const struct auth_rule *rules;      /* NULL: may ask anything */
    unsigned rules_count;
    unsigned refs;                      /* auth_ref / auth_put */
    unsigned remembered;                /* sessions.c: where; written before anybody else has it */
};
struct auth *auth_ref(struct auth *a);
void auth_put(struct auth *a);          /* NULL is allowed; frees one block */
int auth_has_role(const struct auth *a, const char *name);
/* 1 unless access rules forbid this request; 'service' is the application's name, 'path' the decoded one below 'mount'.  Rules may give paths with or
 * without the mount. */
int auth_may_ask(const struct auth *a, const char *service, const char *method, const char *mount, const char *path);
#endif
