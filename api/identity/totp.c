/* totp.c: passcodes by the clock (RFC 6238: SHA-1, six digits, windows of thirty seconds), from seeds that are credentials of type "totp". */
#include "config.h"
#include "identity/proof.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/clock.h"
#include "identity/compliance.h"
#include "identity/credential_store.h"
#include "identity/login.h"
#include "identity/resources.h"

#define WINDOW_US (INT64_C(30) * 1000000)
#define SEED_MAX 128
#define SEEDS_MAX 16

/* Base32 without regard to case, padding and blanks.  Its length; 0: not base32, or empty. */
static size_t
decode_seed(const char *text, uint8_t out[SEED_MAX])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    size_t len = 0;
    uint32_t bits = 0;
    unsigned count = 0;

    for (; *text != '\0' && *text != '='; text++) {
        const char *at = *text >= 'a' && *text <= 'z' ? strchr(digits, *text - 'a' + 'A') : strchr(digits, *text);

        if (*text == ' ')
            continue;
        if (at == NULL || len == SEED_MAX)
            return 0;
        bits = (bits << 5 | (uint32_t)(at - digits)) & 0xffff;
        if ((count += 5) >= 8) {
            count -= 8;
            out[len++] = (uint8_t)(bits >> count);
        }
    }
    return len;
}

static void
passcode(const uint8_t *seed, size_t len, int64_t window, char out[8])
{
    uint8_t counter[8], mac[EVP_MAX_MD_SIZE] = { 0 };
    unsigned mac_len = 0, at;
    uint32_t code;

    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)window >> (56 - 8 * i));
    HMAC(EVP_sha1(), seed, (int)len, counter, sizeof counter, mac, &mac_len);
    at = mac[19] & 15;
    code = ((uint32_t)mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 | (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    snprintf(out, 8, "%06u", (unsigned)(code % 1000000));
}

static int
seed_gives(const char *blob, const char *given)
{
    uint8_t seed[SEED_MAX];
    size_t len = decode_seed(blob, seed);
    int64_t now = clock_us() / WINDOW_US;
    char code[8];
    int found = 0;

    for (int64_t back = 0; len > 0 && back <= identity_state.totp_previous; back++) {
        passcode(seed, len, now - back, code);
        found |= strlen(given) == 6 && str_secret_eq(code, given, 6);
    }
    explicit_bzero(seed, sizeof seed);
    return found;
}

/* 1: one of the user's seeds gives this passcode. */
static int
user_gives(struct rest_call *call, const char *user_id, const char *given, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    struct rows *rows = NULL;
    char *ids[SEEDS_MAX] = { NULL };
    int count = 0, got, found = 0;

    if (tx_begin(call->env->catalog, TX_READ, &tx, err) < 0
        || tx_query(tx, &rows, err, "select id from credentials where user_id = ? and type = '" CREDENTIAL_TOTP "' order by created_us limit 16", "s", user_id) < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0 && count < SEEDS_MAX)
        ids[count++] = xstrdup(row_text(rows, "id"));
    rows_close(rows);
    for (int i = 0; i < count; i++) {
        CLEANUP_CREDENTIAL struct credential c = { 0 };

        if (got >= 0 && credential_load(tx, ids[i], &c, err) < 0)
            got = -1;
        else if (got >= 0)
            found |= seed_gives(c.blob, given);
        free(ids[i]);
    }
    return got < 0 ? -1 : found;
}

int
proof_by_totp(struct rest_call *call, const json_t *data, struct proof *proof, struct cairn_error *err)
{
    const json_t *user = json_object_get(data, "user");
    CLEANUP_WHO_USER struct who_user found = { 0 };
    int right, locked;

    if (proof_find_user(call, user, &found, err) < 0)
        return proof_veil(err);
    if ((right = user_gives(call, found.id, json_str(user, "passcode"), err)) < 0 || login_locked(call->env->catalog, &found, &locked, err) < 0)
        return -1;
    /* A million codes are soon tried: failures count as those of passwords do. */
    if (!right && compliance_counts(found.options) && compliance_failed(call->env->catalog, found.id, err) < 0)
        return -1;
    if (!right || locked || !found.enabled)
        return proof_refused(err);
    proof->methods |= TOKEN_BY_TOTP;
    return proof_user(proof, found.id, err);
}
