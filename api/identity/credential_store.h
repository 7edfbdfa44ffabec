/* credential_store.h: secrets in the catalog, sealed: blobs of credentials, secrets of OAuth consumers and tokens. */
#ifndef IDENTITY_CREDENTIAL_STORE_H
#define IDENTITY_CREDENTIAL_STORE_H
#include "catalog/catalog.h"
#include "identity/seal.h"

#define CREDENTIAL_EC2 "ec2"
#define CREDENTIAL_TOTP "totp"
#define CREDENTIALS_PER_USER_MAX 1000
#define ACCESS_ID 65                    /* an EC2 credential's id: SHA-256 of its access key, and NUL */

/* All owned.  project_id "" : none; delegation_id: what it was made by the leave of, "" the user's own right. */
struct credential { char *id, *user_id, *project_id, *type, *blob, *delegation_id; };
void credential_free(struct credential *c);     /* wipes the blob */
#define CLEANUP_CREDENTIAL CLEANUP(credential_free)

void credential_access_id(const char *access, char buf[ACCESS_ID]);
/* CAIRN_NOT_FOUND; CAIRN_CORRUPT: its key is gone.  'c' is zeroed by the caller. */
int credential_load(struct tx *tx, const char *id, struct credential *c, struct cairn_error *err);
/* CAIRN_EXISTS: there is one with this id; CAIRN_DENIED: the user has too many. */
int credential_store(struct tx *tx, const struct credential *c, const char *extra, struct cairn_error *err);
int credential_change(struct tx *tx, const char *id, const char *blob, struct cairn_error *err);

/* Seals everything that is not yet sealed with the newest key anew, in short transactions.  '*ret_count': how many that were. */
int credentials_migrate(struct catalog *catalog, struct key_ring *ring, int64_t *ret_count, struct cairn_error *err);
/* The oldest key that anything is sealed with; INT64_MAX: nothing is. */
int credentials_oldest_key(struct catalog *catalog, int64_t *ret_number, struct cairn_error *err);
#endif
