/* delegated.h: what the resources that hand on rights have in common: who may not, roles by id or name, times of expiry. */
#ifndef IDENTITY_DELEGATED_H
#define IDENTITY_DELEGATED_H
#include "rest/rest.h"

/* CAIRN_DENIED for tokens of trusts, access tokens and EC2 signatures: what they make would outlive what they stand on. */
int refuse_handed_on(struct rest_call *call, struct cairn_error *err);
/* CAIRN_DENIED for tokens of application credentials that are not unrestricted. */
int refuse_restricted(struct rest_call *call, struct cairn_error *err);
/* CAIRN_DENIED for whatever is not the user's own right. */
int refuse_delegated(struct rest_call *call, struct cairn_error *err);
int is_by_signature(const struct auth *who);            /* the token came by /ec2tokens or /s3tokens */
/* A role as bodies name it, {"id"} or {"name"}. */
extern const struct rest_attr role_ref_attrs[];
/* {"id"} or {"name"}, not both: a global role.  '*ret' is malloc'd.  CAIRN_NOT_FOUND, CAIRN_INVALID. */
int find_role(struct tx *tx, const json_t *role, char **ret, struct cairn_error *err);
/* NULL or "": 0, never.  CAIRN_INVALID: no time, or past. */
int read_expiry(const char *text, int64_t *ret_us, struct cairn_error *err);
/* The whole answer about roles that were handed on: those of the delegation 'id', or 'role' alone (NULL: all).  'sql' takes the delegation's id, then the
 * role's id or '' twice, and gives the columns that 'write' reads.  CAIRN_NOT_FOUND: 'role' is none of them. */
int handed_roles(struct rest_call *call, const char *sql, const char *id, const char *role,
                 void (*write)(struct rest_call *call, const char *key, struct json_out *out, struct rows *row), struct cairn_error *err);
int has_role_id(const struct auth *who, const char *role_id);
/* What a user may do on a project by own right, as a token for it would say: auth_put() it.  CAIRN_UNAUTHENTICATED: nothing. */
int rights_on(struct tx *tx, const char *user_id, const char *project_id, struct auth **ret, struct cairn_error *err);
#endif
