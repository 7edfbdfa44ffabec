/* passwords.c: see passwords.h. */
#include "config.h"
#include "identity/passwords.h"

#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"

int
passwords_clear(struct tx *tx, const char *user_id, struct cairn_error *err)
{
    return tx_exec(tx, err, "delete from passwords where user_id = ?", "s", user_id);
}

int
passwords_store(struct tx *tx, const char *user_id, const char *hash, struct cairn_error *err)
{
    char id[ID_HEX];

    id_hex(id);
    if (passwords_clear(tx, user_id, err) < 0)
        return -1;
    return tx_exec(tx, err, "insert into passwords (id, user_id, hash, created_us) values (?, ?, ?, ?)", "sssi", id, user_id, hash, clock_us());
}

int
passwords_still(struct tx *tx, const char *user_id, const char *hash, struct cairn_error *err)
{
    CLEANUP_FREE char *now = NULL;

    if (tx_text(tx, &now, err, "select hash from passwords where user_id = ? order by created_us desc, id desc limit 1", "s", user_id) < 0)
        return -1;
    return str_eq(now, hash) ? 0 : cairn_fail(err, CAIRN_CONFLICT, "The password was changed meanwhile.");
}
