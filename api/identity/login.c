/* login.c: see login.h. */
#include "config.h"
#include "identity/login.h"

#include "base/clock.h"
#include "identity/compliance.h"
#include "identity/external.h"
#include "identity/password.h"
#include "identity/passwords.h"

static int
refused(struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_UNAUTHENTICATED, "The request you have made requires authentication.");
}

/* A better scheme has come since: the secret is at hand now.  Failing to store it harms nobody. */
static void
renew_hash(struct catalog *catalog, const struct who_user *user, const char *secret)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_FREE char *hash = NULL;

    if (password_hash(secret, &hash, NULL) < 0 || tx_begin(catalog, TX_WRITE, &tx, NULL) < 0)
        return;
    if (passwords_still(tx, user->id, user->hash, NULL) == 0
        && tx_exec(tx, NULL, "update passwords set hash = ? where user_id = ? and hash = ?", "sss", hash, user->id, user->hash) == 0)
        tx_commit(steal(&tx), NULL);
}

/* As the rows are now: while one guess was hashed, others may have filled the measure. */
int
login_locked(struct catalog *catalog, const struct who_user *user, int *ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    *ret = 0;
    if (!compliance_counts(user->options))
        return 0;
    if (tx_begin(catalog, TX_READ, &tx, err) < 0
        || tx_query(tx, &rows, err, "select failed_count, failed_us from users where id = ?", "s", user->id) < 0 || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got > 0)
        *ret = compliance_locked(user->options, row_int(rows, "failed_count"), row_int(rows, "failed_us"));
    return 0;
}

/* What a plugin says is asked each time, and nothing of it is remembered. */
static int
proved_elsewhere(const struct rest_env *env, const struct who_user *user, const char *secret, struct cairn_error *err)
{
    if (external_authenticate(env, user->id, secret, err) < 0) {
        if (err->code != CAIRN_DENIED && err->code != CAIRN_NOT_FOUND)
            return -1;
        /* A wrong password costs what an unknown name does. */
        if (password_verify(NULL, secret, NULL, err) < 0 && err->code == CAIRN_UNAVAILABLE)
            return -1;
        return refused(err);
    }
    return user->enabled ? 0 : refused(err);
}

int
login_password(const struct rest_env *env, const struct who_user *user, const char *secret, unsigned flags, struct cairn_error *err)
{
    struct catalog *catalog = env->catalog;
    int locked;

    if (user->external)
        return proved_elsewhere(env, user, secret, err);
    if (password_verify(user->id, secret, user->hash, err) < 0) {
        if (err->code != CAIRN_UNAUTHENTICATED)
            return -1;
        if (user->id != NULL && compliance_counts(user->options) && compliance_failed(catalog, user->id, err) < 0)
            return -1;
        return refused(err);
    }
    if (login_locked(catalog, user, &locked, err) < 0)
        return -1;
    if (locked || !user->enabled)
        return refused(err);
    if ((flags & LOGIN_EXPIRED_TOO) == 0 && user->password_expires_us != 0 && user->password_expires_us <= clock_us())
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "The password is expired and needs to be changed for user: %s.", user->id);
    if (password_outdated(user->hash))
        renew_hash(catalog, user, secret);
    return compliance_passed(catalog, user->id, user->failed_count, user->active_day, err);
}
