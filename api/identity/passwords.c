/* passwords.c: see passwords.h. */
#include "config.h"
#include "identity/passwords.h"

#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include "identity/compliance.h"
#include "identity/password.h"

int
passwords_clear(struct tx *tx, const char *user_id, struct cairn_error *err)
{
    return tx_exec(tx, err, "delete from passwords where user_id = ?", "s", user_id);
}

int
passwords_store(struct tx *tx, const char *user_id, const char *hash, const json_t *options, int by_user, struct cairn_error *err)
{
    int64_t expires = compliance_expiry(options, by_user), now = clock_us(), last;
    char id[ID_HEX];

    /* Behind its predecessor, however coarse or wrong the clock. */
    if (tx_int(tx, &last, 0, err, "select max(created_us) from passwords where user_id = ?", "s", user_id) < 0)
        return -1;
    if (now <= last)
        now = last + 1;
    id_hex(id);
    if (tx_exec(tx, err, "insert into passwords (id, user_id, hash, created_us, expires_us, self_service) values (?, ?, ?, ?, nullif(?, 0), ?)", "sssiii", id, user_id,
                hash, now, expires, (int64_t)(by_user != 0)) < 0)
        return -1;
    return tx_exec(tx, err, "delete from passwords where user_id = ? and id not in (select id from passwords where user_id = ? order by created_us desc limit ?)", "ssi",
                   user_id, user_id, (int64_t)compliance_history());
}

int
passwords_still(struct tx *tx, const char *user_id, const char *hash, struct cairn_error *err)
{
    CLEANUP_FREE char *now = NULL;

    if (tx_text(tx, &now, err, "select hash from passwords where user_id = ? order by created_us desc, id desc limit 1", "s", user_id) < 0)
        return -1;
    return str_eq(now, hash) ? 0 : cairn_fail(err, CAIRN_CONFLICT, "The password was changed meanwhile.");
}

/* '*ret' an array of the hashes that a new password must not open, malloc'd, NULL at its end. */
static int
load_history(struct catalog *catalog, const char *user_id, char ***ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *rows = NULL;
    unsigned n = 0, max = compliance_history();
    int got, rc = 0;

    *ret = xcalloc(max + 1, sizeof **ret);
    if (tx_begin(catalog, TX_READ, &tx, err) < 0
        || tx_query(tx, &rows, err, "select hash, self_service * created_us as chosen_us from passwords where user_id = ? order by created_us desc, id desc limit ?", "si", user_id,
                    (int64_t)max) < 0)
        return -1;
    while (rc == 0 && (got = rows_next(rows, err)) != 0) {
        int64_t chosen = got > 0 ? row_int(rows, "chosen_us") : 0;

        if (got < 0 || (n == 0 && compliance_old_enough(chosen, err) < 0))
            rc = -1;
        else
            (*ret)[n++] = xstrdup(row_text(rows, "hash"));
    }
    return rc;
}

static void
history_free(char ***history)
{
    for (char **h = *history; h != NULL && *h != NULL; h++)
        free(*h);
    free(*history);
}

int
passwords_may_follow(struct catalog *catalog, const char *user_id, const char *secret, struct cairn_error *err)
{
    CLEANUP(history_free) char **history = NULL;

    if (load_history(catalog, user_id, &history, err) < 0)
        return -1;
    for (char **h = history; *h != NULL; h++) {
        if (password_verify(user_id, secret, *h, err) == 0)
            return cairn_fail(err, CAIRN_INVALID,
                              "The new password cannot be identical to a previous password. The total number which includes the new password must be unique is %u.",
                              compliance_history());
        if (err->code != CAIRN_UNAUTHENTICATED)
            return -1;
        cairn_error_clear(err);
    }
    return 0;
}
