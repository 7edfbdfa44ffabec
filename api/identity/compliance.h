/* compliance.h: what an operator demands of passwords and logins: section [security_compliance], with Keystone's names and units.
 *
 * Everything is off until it is configured; then nothing is written at a login that a site without it would not write.
 * Threads: open and close as identity_open(); the rest any thread. */
#ifndef IDENTITY_COMPLIANCE_H
#define IDENTITY_COMPLIANCE_H
#include <jansson.h>
#include "base/config.h"
#include "catalog/catalog.h"

/* Options of a user that lift one rule each. */
#define OPTION_LOCK_PASSWORD    "lock_password"
#define OPTION_IGNORE_FIRST_USE "ignore_change_password_upon_first_use"
#define OPTION_IGNORE_EXPIRY    "ignore_password_expiry"
#define OPTION_IGNORE_LOCKOUT   "ignore_lockout_failure_attempts"
#define OPTION_IGNORE_INACTIVE  "ignore_user_inactivity"

/* 'config' NULL: nothing is demanded.  CAIRN_INVALID: the expression for passwords is none. */
int compliance_open(const struct config *config, struct cairn_error *err);
void compliance_close(void);

/* CAIRN_INVALID in the operator's words when the secret is not what passwords must look like.  May compute a while: no transaction. */
int compliance_fits(const char *secret, struct cairn_error *err);
/* How many passwords, the one in force included, a new one must differ from; never less than 1. */
unsigned compliance_history(void);
/* When a password chosen now ends; 0: never.  'by_user': they chose it themselves, else it may have to be changed at first use. */
int64_t compliance_expiry(const json_t *options, int by_user);
/* CAIRN_INVALID: a password that the user chose at 'since_us' is too young to be changed again. */
int compliance_old_enough(int64_t since_us, struct cairn_error *err);

/* Does the lockout count failures of a user with these options? */
int compliance_counts(const json_t *options);
/* 1: that many failures, the last at that time, shut the user out now. */
int compliance_locked(const json_t *options, int64_t failed_count, int64_t failed_us);
/* One more login failed: in a transaction of its own.  Those of a user who is shut out already do not count. */
int compliance_failed(struct catalog *catalog, const char *user_id, struct cairn_error *err);
/* A login: forgets failures and notes the day, if the rows say something else. */
int compliance_passed(struct catalog *catalog, const char *user_id, int64_t failed_count, int64_t active_day, struct cairn_error *err);
/* An administrator lets the user in again: failures are forgotten, inactivity counts from today. */
int compliance_pardon(struct tx *tx, const char *user_id, struct cairn_error *err);

/* 1: not seen for so long that the user counts as disabled.  'active_day' 0: never seen since 'created_us'. */
int compliance_inactive(const json_t *options, int64_t active_day, int64_t created_us);
/* The first day whose users are still active; 0: all are. */
int64_t compliance_active_since(void);
#endif
