/* copies.h: the rows of users and groups that a plugin knows; between external.c (one user, at a login) and external_renew.c (a whole domain). */
#ifndef IDENTITY_COPIES_H
#define IDENTITY_COPIES_H
#include "catalog/catalog.h"
#include "plugin/auth.h"

#define COPY_ID 65                      /* 64 hex digits and NUL */

/* "user" and "group": the same steps on two tables. */
struct copy_kind { const char *name, *table; int (*goes)(struct tx *tx, const char *id, struct cairn_error *err); };
extern const struct copy_kind copy_users, copy_groups;

/* The id here of what the plugin of this domain calls 'local_id'. */
void copy_id(const char *domain_id, const struct copy_kind *kind, const char *local_id, char out[COPY_ID]);
/* Makes the row what the plugin says, and sets '*ret_changed' to 1 if it was another.  'id' gets its id; "": left out, for the name is taken by one of the
 * catalog's own.  Who is no longer enabled loses their tokens. */
int copy_store_user(struct tx *tx, const char *domain_id, const struct cairn_auth_user *u, char id[COPY_ID], int *ret_changed, struct cairn_error *err);
int copy_store_group(struct tx *tx, const char *domain_id, const struct cairn_auth_group *g, char id[COPY_ID], int *ret_changed, struct cairn_error *err);
/* A copy goes with all that hangs on it; its tokens are worth nothing if it comes back. */
int copy_drop(struct tx *tx, const struct copy_kind *kind, const char *id, struct cairn_error *err);

/* What a plugin lists, kept until the transaction: none is open while it is asked. */
struct copy_list { void *items; size_t size, count, cap; };
int copy_collect(void *arg, const void *item);          /* of a cairn_sink whose arg is a copy_list */
void copy_list_free(struct copy_list *l);
#define CLEANUP_LIST CLEANUP(copy_list_free)
#define USERS_LIST { .size = sizeof(struct cairn_auth_user) }
#define GROUPS_LIST { .size = sizeof(struct cairn_auth_group) }
static inline const struct cairn_auth_user *user_at(const struct copy_list *l, size_t i) { return (const struct cairn_auth_user *)l->items + i; }
static inline const struct cairn_auth_group *group_at(const struct copy_list *l, size_t i) { return (const struct cairn_auth_group *)l->items + i; }
#endif
