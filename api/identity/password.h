/* password.h: passwords through the system's crypt(5): one scheme for new ones (yescrypt unless configured), whatever the library knows for old ones.
 *
 * Hashing is slow on purpose, so only so many run at once and only so many wait; whoever comes then is told to come again.
 * A secret that was verified is remembered for five minutes, as a keyed digest of user, stored hash and secret: it cannot outlive the hash.
 * Any thread that may wait; never a network thread. */
#ifndef IDENTITY_PASSWORD_H
#define IDENTITY_PASSWORD_H
#include <stddef.h>
#include <cairn/error.h>

#define PASSWORD_MAX 4096       /* bytes of a secret */

#define PASSWORD_BCRYPT_MAX 72  /* bytes that bcrypt looks at: a longer secret is refused, never cut */

/* The scheme of new hashes: "yescrypt", "scrypt" or "bcrypt", at a cost that it knows (0: a usual one).  CAIRN_INVALID.  Not beside other calls. */
int password_scheme(const char *name, unsigned cost, struct cairn_error *err);
/* At most 'parallel' hashes at once and 'waiting' callers in line.  May be called again. */
void password_limits(unsigned parallel, unsigned waiting);
/* '*ret_hash' is malloc'd.  CAIRN_INVALID: empty or too long; CAIRN_UNAVAILABLE: too many wait. */
int password_hash(const char *secret, char **ret_hash, struct cairn_error *err);
/* 0, or -1 with CAIRN_UNAUTHENTICATED (wrong) or CAIRN_UNAVAILABLE.  'hash' NULL: nobody has that name; costs the same and fails. */
int password_verify(const char *user_id, const char *secret, const char *hash, struct cairn_error *err);
/* 1: 'hash' is of another scheme or cost than new ones are: store a new one. */
int password_outdated(const char *hash);
/* How often a hash was computed, and a secret remembered. */
void password_counts(unsigned long *ret_hashed, unsigned long *ret_remembered);
#endif
