/* federated_users.h: "federated" of a user: [{"idp_id": ..., "protocols": [{"protocol_id": ..., "unique_id": ...}]}]. */
#ifndef IDENTITY_FEDERATED_USERS_H
#define IDENTITY_FEDERATED_USERS_H
#include "rest/rest.h"

extern const struct rest_attr federated_item[];         /* of a body's list */
extern const struct rest_child federated_children[];    /* of the resource "users" */
/* Puts these in place of a user's; none leaves them as they are.  CAIRN_INVALID: no such provider or protocol; CAIRN_EXISTS: somebody else's. */
int federated_store(struct tx *tx, const char *user, const json_t *federated, struct cairn_error *err);
/* ?idp_id=, ?protocol_id=, ?unique_id= */
void federated_narrow(struct rest_call *call, struct str *where, struct rest_values *values);
#endif
