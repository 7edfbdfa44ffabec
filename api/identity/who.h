/* who.h: from ids to a struct auth: users, the scopes they may have, and the roles that count there. */
#ifndef IDENTITY_WHO_H
#define IDENTITY_WHO_H
#include <jansson.h>
#include "catalog/catalog.h"
#include "identity/token.h"
#include "rest/auth.h"

/* One user, as far as a login needs it.  All strings are owned: who_user_free(). */
struct who_user {
    char *id, *name, *domain_id, *domain_name;
    char *default_project_id;           /* NULL: none */
    char *hash;                         /* NULL: no password */
    int64_t password_expires_us;        /* 0: never */
    int enabled;                        /* and the domain is enabled, and they were not away for too long */
    int external;                       /* a plugin knows the password: external.h */
    json_t *options;                    /* never NULL once loaded */
    int64_t failed_count, active_day;   /* see compliance.h */
};
void who_user_free(struct who_user *u);
#define CLEANUP_WHO_USER CLEANUP(who_user_free)
/* By id, or by name within a domain given by id or name (all but one of these may be NULL).  CAIRN_NOT_FOUND. */
int who_user_load(struct tx *tx, const char *id, const char *name, const char *domain_id, const char *domain_name, struct who_user *ret,
                  struct cairn_error *err);

/* Finds an enabled project or domain by id, or by name (a project's within a domain given by id or name).  '*ret_id' is malloc'd.
 * CAIRN_NOT_FOUND: none such, or disabled. */
int who_find_project(struct tx *tx, const char *id, const char *name, const char *domain_id, const char *domain_name, char **ret_id,
                     struct cairn_error *err);
int who_find_domain(struct tx *tx, const char *id, const char *name, char **ret_id, struct cairn_error *err);
/* SQL: the id of the domain of a name, given twice: written as it is, or, where one alone can be meant, in another case. */
#define WHO_DOMAIN_MEANT "coalesce((select id from domains where name = ?)," \
                         " (select min(id) from domains where lower(name) = lower(?) having count(*) = 1))"

/* Everything a request needs to know about the bearer of such a token; 'token_text' may be NULL.  CAIRN_UNAUTHENTICATED: the user, the scope or the
 * last role in it is gone or disabled. */
int who_resolve(struct tx *tx, const struct token *token, const char *token_text, struct auth **ret, struct cairn_error *err);
/* A copy of 'draft' and all it points to in one block with one reference; NULL strings become "". */
struct auth *who_pack(const struct auth *draft);
#endif
