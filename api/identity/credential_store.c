/* credential_store.c: see credential_store.h. */
#include "config.h"
#include "identity/credential_store.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/str.h"
#include "identity/resources.h"

#define BATCH 100

/* X(table): has id, sealed, key_number. */
#define TABLES(X) X(credentials) X(oauth_consumers) X(oauth_request_tokens) X(oauth_access_tokens) X(domain_secrets)

void
credential_free(struct credential *c)
{
    free(c->id);
    free(c->user_id);
    free(c->project_id);
    free(c->type);
    free(c->delegation_id);
    if (c->blob != NULL)
        explicit_bzero(c->blob, strlen(c->blob));
    free(c->blob);
    *c = (struct credential){ 0 };
}

void
credential_access_id(const char *access, char buf[ACCESS_ID])
{
    uint8_t hash[32];
    unsigned len = sizeof hash;

    EVP_Digest(access, strlen(access), hash, &len, EVP_sha256(), NULL);
    for (unsigned i = 0; i < sizeof hash; i++)
        snprintf(buf + 2 * i, 3, "%02x", hash[i]);
}

int
credential_load(struct tx *tx, const char *id, struct credential *c, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (tx_query(tx, &rows, err, "select id, user_id, coalesce(project_id, '') as project_id, type, sealed, delegation_id from credentials where id = ?", "s", id) < 0
        || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find credential: %.80s.", id);
    *c = (struct credential){ .id = xstrdup(row_text(rows, "id")), .user_id = xstrdup(row_text(rows, "user_id")),
                              .project_id = xstrdup(row_text(rows, "project_id")), .type = xstrdup(row_text(rows, "type")),
                              .delegation_id = xstrdup(row_text(rows, "delegation_id")) };
    if (unseal_text(identity_state.credential_keys, c->id, row_text(rows, "sealed"), &c->blob, err) < 0)
        return cairn_error_context(err, "credential %.80s", id);
    return 0;
}

int
credential_store(struct tx *tx, const struct credential *c, const char *extra, struct cairn_error *err)
{
    CLEANUP_FREE char *sealed = NULL;
    int64_t have;

    if (tx_int(tx, &have, 0, err, "select count(*) from credentials where user_id = ?", "s", c->user_id) < 0)
        return -1;
    if (have >= CREDENTIALS_PER_USER_MAX)
        return cairn_fail(err, CAIRN_DENIED, "Unable to create additional credentials, maximum of %d already exceeded for user.", CREDENTIALS_PER_USER_MAX);
    if (seal_text(identity_state.credential_keys, c->id, c->blob, &sealed, err) < 0)
        return -1;
    if (tx_exec(tx, err,
                "insert into credentials (id, user_id, project_id, type, sealed, key_number, extra, delegation_id, created_us) values (?, ?, nullif(?, ''), ?, ?, ?, ?, ?, ?)",
                "sssssissi", c->id, c->user_id, c->project_id, c->type, sealed, (int64_t)seal_text_key(sealed), extra,
                c->delegation_id != NULL ? c->delegation_id : "", clock_us()) < 0)
        return err->code == CAIRN_EXISTS ? cairn_fail(err, CAIRN_EXISTS, "Conflict occurred attempting to store credential - Duplicate entry found with ID %.80s.", c->id) : -1;
    return 0;
}

int
credential_change(struct tx *tx, const char *id, const char *blob, struct cairn_error *err)
{
    CLEANUP_FREE char *sealed = NULL;

    if (seal_text(identity_state.credential_keys, id, blob, &sealed, err) < 0)
        return -1;
    return tx_exec(tx, err, "update credentials set sealed = ?, key_number = ? where id = ?", "sis", sealed, (int64_t)seal_text_key(sealed), id);
}

/* --- rotation */
struct sealed_row { char *id, *sealed; };

static int
reseal(struct tx *tx, struct key_ring *ring, const char *table, const struct sealed_row *row, struct cairn_error *err)
{
    CLEANUP_FREE char *text = NULL;
    CLEANUP_FREE char *sealed = NULL;
    char sql[128];
    int result;

    if (unseal_text(ring, row->id, row->sealed, &text, err) < 0)
        return cairn_error_context(err, "%s %s", table, row->id);
    result = seal_text(ring, row->id, text, &sealed, err);
    explicit_bzero(text, strlen(text));
    if (result < 0)
        return -1;
    snprintf(sql, sizeof sql, "update %s set sealed = ?, key_number = ? where id = ?", table);
    return tx_exec(tx, err, sql, "sis", sealed, (int64_t)seal_text_key(sealed), row->id);
}

/* One batch in one transaction.  How many rows it did, or -1. */
static int
migrate_batch(struct catalog *catalog, struct key_ring *ring, const char *table, uint32_t primary, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    struct rows *rows = NULL;
    struct sealed_row batch[BATCH];
    char sql[160];
    int count = 0, got, result = -1;

    snprintf(sql, sizeof sql, "select id, sealed from %s where key_number <> ? order by id limit %d", table, BATCH);
    if (tx_begin(catalog, TX_WRITE, &tx, err) < 0 || tx_query(tx, &rows, err, sql, "i", (int64_t)primary) < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0 && count < BATCH) {
        batch[count].id = xstrdup(row_text(rows, "id"));
        batch[count++].sealed = xstrdup(row_text(rows, "sealed"));
    }
    rows_close(rows);
    if (got < 0)
        goto out;
    for (int i = 0; i < count; i++) {
        if (reseal(tx, ring, table, &batch[i], err) < 0)
            goto out;
    }
    if (tx_commit(steal(&tx), err) == 0)
        result = count;
out:
    for (int i = 0; i < count; i++) {
        free(batch[i].id);
        free(batch[i].sealed);
    }
    return result;
}

int
credentials_migrate(struct catalog *catalog, struct key_ring *ring, int64_t *ret_count, struct cairn_error *err)
{
    static const char *const tables[] = {
#define X(table) #table,
        TABLES(X)
#undef X
    };
    struct token_key primary;
    uint32_t number;

    keys_primary(ring, &primary);
    number = primary.number;
    explicit_bzero(&primary, sizeof primary);
    *ret_count = 0;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        int done;

        while ((done = migrate_batch(catalog, ring, tables[i], number, err)) > 0)
            *ret_count += done;
        if (done < 0)
            return -1;
    }
    return 0;
}

int
credentials_oldest_key(struct catalog *catalog, int64_t *ret_number, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    if (tx_begin(catalog, TX_READ, &tx, err) < 0)
        return -1;
    return tx_int(tx, ret_number, INT64_MAX, err,
                  "select min(key_number) from (select min(key_number) as key_number from credentials union all select min(key_number) from oauth_consumers"
                  " union all select min(key_number) from oauth_request_tokens union all select min(key_number) from oauth_access_tokens) k", "");
}
