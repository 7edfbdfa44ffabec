/* delegation.h: rights that were handed on: what a trust, an application credential or an OAuth access token gives, and whether it still does.
 *
 * Asked at every check of such a token, so that a delegation ends with anything it stands on. */
#ifndef IDENTITY_DELEGATION_H
#define IDENTITY_DELEGATION_H
#include "catalog/catalog.h"
#include "identity/token.h"

struct delegation {
    char *user_id;              /* who the bearer is to others */
    char *grantor_id;           /* whose rights these are: roles count only as long as this user has them */
    char *name;                 /* of the application credential, id of the consumer; "" otherwise */
    char *trustor_id, *trustee_id;      /* "" unless a trust */
    char *project_id;           /* "" : none (a trust may be without) */
    int64_t expires_us;         /* 0: never */
    int64_t remaining_uses;     /* of a trust; -1: any number */
    int64_t redelegation_count;
    int impersonation, restricted;
    int every_role;             /* 1: worth nothing once one of its roles is gone; 0: what is left counts */
    struct auth_rule *rules;    /* access rules; NULL: none.  Strings are owned */
    unsigned rules_count;
};
void delegation_free(struct delegation *d);
#define CLEANUP_DELEGATION CLEANUP(delegation_free)

/* All of it must be valid now: not expired, everybody in it enabled, the whole chain of a redelegated trust.  CAIRN_UNAUTHENTICATED: it is not.  'd' is
 * zeroed by the caller.  How often a trust may still be used is the caller's business. */
int delegation_load(struct tx *tx, enum auth_delegation kind, const char *id, struct delegation *d, struct cairn_error *err);
/* For a new token whose delegation, bearer and target are set: ends it with the delegation at the latest, and counts one more use of a trust.  In the WRITE
 * transaction that the token is resolved in afterwards.  CAIRN_UNAUTHENTICATED: the trust is used up. */
int delegation_use(struct tx *tx, struct token *token, struct cairn_error *err);
/* Keeps of 'roles' (in effect for the grantor, those of domains included) what the delegation gives: sets the flag of each that does.  CAIRN_UNAUTHENTICATED: it gives
 * none, or one of those it was made of is lost. */
int delegation_roles(struct tx *tx, enum auth_delegation kind, const char *id, const struct delegation *d, const char *const *role_ids, unsigned count,
                     unsigned char *keep, struct cairn_error *err);
#endif
