/* external.h: domains whose users and groups a plugin knows: an instance [auth:DOMAIN] of kind "auth" serves the domain of that name (or id).
 *
 * Their rows in the catalog are copies: the rest of identity reads them as any other.  They are renewed for one user at each login, and for a whole domain every
 * [identity] external_refresh on a thread of its own.  Whoever is gone or disabled there loses their tokens with the next renewal.  Ids are derived from
 * domain, kind and the plugin's id, so they are the same again after everything was lost.
 *
 * Threads: start and stop from the composition root; the rest any thread that may wait, outside transactions unless a tx is passed. */
#ifndef IDENTITY_EXTERNAL_H
#define IDENTITY_EXTERNAL_H
#include "catalog/catalog.h"
#include "rest/rest.h"

/* Renews one user before they log in: by id, or by name within a domain given by id or name, as who_user_load() takes them.  Nothing to do for users of the
 * catalog's own.  Whom the plugin does not know (any more) is removed: who_user_load() will not find them.
 * Goes on on the plugin's lane (rest_move()). */
int external_renew_user(struct rest_call *call, const char *id, const char *name, const char *domain_id, const char *domain_name, struct cairn_error *err);
/* Does the plugin say that 'secret' is the user's?  0, or -1: CAIRN_DENIED no, CAIRN_UNAVAILABLE it does not answer. */
int external_authenticate(const struct rest_env *env, const char *user_id, const char *secret, struct cairn_error *err);
/* The instance that serves a domain, which is called by the domain's name or id; a new reference, NULL: none does.  And: are there any at all? */
struct driver *external_server(const struct rest_env *env, const char *domain_id, const char *domain_name);
int external_any(const struct rest_env *env);
/* 1: this user or group is a copy. */
int external_is(struct tx *tx, const char *id, int *ret, struct cairn_error *err);
/* CAIRN_DENIED for what would change a copy, or make a user or group in such a domain ('id' a user, group or domain). */
int external_guard(struct rest_call *call, const char *id, struct cairn_error *err);
/* [identity] domain_configurations_from_database: instances for the domains whose stored configuration names the driver "ldap"; those whose configuration
 * is no longer what it was end, or begin anew.  What cannot start is logged, and tried again with the next call.  Called at the start, after each change of
 * a configuration and before each renewal.  forget: the plugins are about to be closed. */
void external_follow_stored(const struct rest_env *env);
int external_stored_wanted(const struct rest_env *env);
void external_forget_stored(void);
/* Renews all of a domain: everybody, all groups, who is in which. */
int external_renew_domain(const struct rest_env *env, const char *instance, struct cairn_error *err);
#endif
