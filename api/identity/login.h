/* login.h: a secret against a user who was looked up, by all the rules: lockout, hash, state, expiry.
 *
 * Strangers learn nothing: whoever does not know the password gets one answer for every reason, after one hash's time. */
#ifndef IDENTITY_LOGIN_H
#define IDENTITY_LOGIN_H
#include "identity/who.h"
#include "rest/rest.h"

#define LOGIN_EXPIRED_TOO 1u    /* an expired password will do: it is about to be changed */

/* 1 in '*ret': too many failures lock the user out.  For other secrets than passwords, too. */
int login_locked(struct catalog *catalog, const struct who_user *user, int *ret, struct cairn_error *err);
/* 0, or -1 with CAIRN_UNAUTHENTICATED in words for the client (an expired password is told to who knows it), or CAIRN_UNAVAILABLE.  'user' zeroed: there
 * is none of that name.  Slow: no transaction may be open. */
int login_password(const struct rest_env *env, const struct who_user *user, const char *secret, unsigned flags, struct cairn_error *err);
#endif
