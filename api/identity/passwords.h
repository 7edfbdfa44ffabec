/* passwords.h: the rows of the table "passwords": the newest of a user is in force, older ones are history. */
#ifndef IDENTITY_PASSWORDS_H
#define IDENTITY_PASSWORDS_H
#include <jansson.h>
#include "catalog/catalog.h"

/* Makes 'hash' the password in force, with the expiry that the rules give; 'options' are the user's.  'by_user': they chose it themselves. */
int passwords_store(struct tx *tx, const char *user_id, const char *hash, const json_t *options, int by_user, struct cairn_error *err);
int passwords_clear(struct tx *tx, const char *user_id, struct cairn_error *err);
/* CAIRN_CONFLICT unless 'hash' is still the password in force. */
int passwords_still(struct tx *tx, const char *user_id, const char *hash, struct cairn_error *err);
/* May the user, who knows the password in force, make 'secret' the next one?  CAIRN_INVALID says why not: too soon, or used before.  Hashes for each
 * password that is remembered: opens its own transaction, and none may be open. */
int passwords_may_follow(struct catalog *catalog, const char *user_id, const char *secret, struct cairn_error *err);
#endif
