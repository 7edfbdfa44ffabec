/* passwords.h: the rows of the table "passwords". */
#ifndef IDENTITY_PASSWORDS_H
#define IDENTITY_PASSWORDS_H
#include "catalog/catalog.h"

/* Makes 'hash' the password in force. */
int passwords_store(struct tx *tx, const char *user_id, const char *hash, struct cairn_error *err);
int passwords_clear(struct tx *tx, const char *user_id, struct cairn_error *err);
/* CAIRN_CONFLICT unless 'hash' is still the password in force. */
int passwords_still(struct tx *tx, const char *user_id, const char *hash, struct cairn_error *err);
#endif
