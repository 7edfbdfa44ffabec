/* revoke.h: tokens that are dead before their time.  Events are rows; each process keeps those in memory that can still hit a live token.
 *
 * An event hits every token that it matches in all fields it has, and that was issued before it.  One row kills any number of tokens. */
#ifndef IDENTITY_REVOKE_H
#define IDENTITY_REVOKE_H
#include "catalog/catalog.h"
#include "rest/auth.h"

struct revocation {             /* NULL or "": any */
    const char *user_id, *project_id, *domain_id, *role_id, *audit_id, *chain_id;
    const char *delegation_id;  /* trust, application credential or access token */
    const char *delegation;     /* what it is, for those who list events: REVOKED_TRUST ... */
};
#define REVOKED_TRUST "trust"
#define REVOKED_APP_CRED "application_credential"
#define REVOKED_ACCESS_TOKEN "access_token"

/* Writes the event, and removes those older than 'keep_us' (0: none).  Call identity_changed() in the same transaction. */
int revoke_add(struct tx *tx, const struct revocation *what, int64_t keep_us, struct cairn_error *err);
/* Reads the rows that came since the last call.  Not for two threads at once. */
int revoke_load(struct tx *tx, int64_t keep_us, struct cairn_error *err);
int revoke_hits(const struct auth *who);        /* 1: dead */
void revoke_forget(void);                       /* frees all: close, tests */
unsigned revoke_count(void);
#endif
