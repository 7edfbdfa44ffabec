/* seal.c: see seal.h. */
#include "config.h"
#include "identity/seal.h"

#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/ids.h"
#include "base/str.h"

#define HEAD_LEN 4
#define NONCE_LEN 12
#define MAC_LEN 16
#define FORMAT_TEXT 3                   /* 1 and 2 are tokens and receipts */
_Static_assert(HEAD_LEN + NONCE_LEN + MAC_LEN == SEAL_MORE, "what sealing adds");

/* One pass over 'len' bytes; 'mac' is written when sealing and checked when not.  1: done. */
static int
gcm(int sealing, const uint8_t key[TOKEN_KEY_LEN], const uint8_t *head, const char *context, const uint8_t *in, size_t len, uint8_t *out, uint8_t mac[MAC_LEN])
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n, done = 0;

    if (ctx != NULL && len <= INT_MAX
        && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, head + HEAD_LEN, sealing) == 1
        && EVP_CipherUpdate(ctx, NULL, &n, head, HEAD_LEN) == 1
        && (context[0] == '\0' || EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)context, (int)strlen(context)) == 1)
        && EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1
        && (sealing || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, MAC_LEN, mac) == 1)
        && EVP_CipherFinal_ex(ctx, out + n, &n) == 1
        && (!sealing || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, MAC_LEN, mac) == 1))
        done = 1;
    EVP_CIPHER_CTX_free(ctx);
    return done;
}

int
seal(struct key_ring *ring, uint8_t format, const char *context, const uint8_t *in, size_t len, uint8_t *out, struct cairn_error *err)
{
    struct token_key key;
    int done;

    keys_primary(ring, &key);
    out[0] = format;
    out[1] = (uint8_t)(key.number >> 16);
    out[2] = (uint8_t)(key.number >> 8);
    out[3] = (uint8_t)key.number;
    id_random(out + HEAD_LEN, NONCE_LEN);
    done = gcm(1, key.bytes, out, context, in, len, out + HEAD_LEN + NONCE_LEN, out + HEAD_LEN + NONCE_LEN + len);
    explicit_bzero(&key, sizeof key);
    return done ? 0 : cairn_fail(err, CAIRN_INTERNAL, "a secret could not be sealed");
}

static uint32_t
key_number(const uint8_t *sealed)
{
    return (uint32_t)sealed[1] << 16 | (uint32_t)sealed[2] << 8 | sealed[3];
}

int
unseal(struct key_ring *ring, uint8_t format, const char *context, const uint8_t *in, size_t len, uint8_t *out, struct cairn_error *err)
{
    struct token_key key;
    uint8_t mac[MAC_LEN];
    int good;

    if (len < SEAL_MORE || in[0] != format)
        return cairn_fail(err, CAIRN_CORRUPT, "this was not sealed for this purpose");
    if (keys_find(ring, key_number(in), &key) < 0)
        return cairn_fail(err, CAIRN_CORRUPT, "this was sealed with key %u, which is gone", key_number(in));
    len -= SEAL_MORE;
    memcpy(mac, in + HEAD_LEN + NONCE_LEN + len, sizeof mac);
    good = gcm(0, key.bytes, in, context, in + HEAD_LEN + NONCE_LEN, len, out, mac);
    explicit_bzero(&key, sizeof key);
    return good ? 0 : cairn_fail(err, CAIRN_CORRUPT, "this was not sealed here, or was changed since");
}

int
seal_text(struct key_ring *ring, const char *context, const char *text, char **ret, struct cairn_error *err)
{
    size_t len = strlen(text);
    CLEANUP_FREE uint8_t *sealed = xmalloc(len + SEAL_MORE);

    if (seal(ring, FORMAT_TEXT, context, (const uint8_t *)text, len, sealed, err) < 0)
        return -1;
    *ret = str_base64(sealed, len + SEAL_MORE, 1);
    return 0;
}

int
unseal_text(struct key_ring *ring, const char *context, const char *sealed, char **ret, struct cairn_error *err)
{
    size_t len = 0;
    CLEANUP_FREE unsigned char *bytes = str_unbase64(sealed, strlen(sealed), 1, &len);
    char *text;

    if (bytes == NULL || len < SEAL_MORE)
        return cairn_fail(err, CAIRN_CORRUPT, "a sealed text is ill-formed");
    text = xmalloc(len - SEAL_MORE + 1);
    if (unseal(ring, FORMAT_TEXT, context, bytes, len, (uint8_t *)text, err) < 0) {
        free(text);
        return -1;
    }
    text[len - SEAL_MORE] = '\0';
    *ret = text;
    return 0;
}

uint32_t
seal_text_key(const char *sealed)
{
    size_t len = 0;
    CLEANUP_FREE unsigned char *bytes = str_unbase64(sealed, strlen(sealed), 1, &len);

    return bytes != NULL && len >= SEAL_MORE ? key_number(bytes) : 0;
}
