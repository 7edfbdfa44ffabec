/* signed.c: HMACs in hex and base64, made and judged. */
#include "object/signed.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

static const struct digest { const char *name; size_t hex; const EVP_MD *(*md)(void); } digests[] = {
    { "sha1", 40, EVP_sha1 }, { "sha256", 64, EVP_sha256 }, { "sha512", 128, EVP_sha512 },
};
#define DIGESTS (sizeof digests / sizeof digests[0])

/* '*ret_base64': what follows "NAME:"; NULL: it is hex. */
static const struct digest *
find(const char *sig, const char **ret_base64)
{
    *ret_base64 = NULL;
    for (size_t i = 0; i < DIGESTS; i++) {
        size_t len = strlen(digests[i].name);

        if (strncmp(sig, digests[i].name, len) == 0 && sig[len] == ':') {
            *ret_base64 = sig + len + 1;
            return &digests[i];
        }
        if (strlen(sig) == digests[i].hex && strspn(sig, "0123456789abcdefABCDEF") == digests[i].hex)
            return &digests[i];
    }
    return NULL;
}

const char *
signed_digest(const char *sig)
{
    const char *base64;
    const struct digest *d = find(sig, &base64);

    return d != NULL ? d->name : NULL;
}

static unsigned
mac(const struct digest *d, const char *key, const char *text, unsigned char raw[EVP_MAX_MD_SIZE])
{
    unsigned len = 0;

    return HMAC(d->md(), key, (int)strlen(key), (const unsigned char *)text, strlen(text), raw, &len) != NULL ? len : 0;
}

static void
to_hex(const unsigned char *raw, unsigned len, char *ret)
{
    for (unsigned i = 0; i < len; i++)
        snprintf(ret + 2 * i, 3, "%02x", raw[i]);
}

int
signed_fits(const char *sig, const char *key, const char *text)
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    char want[SIGNED_HEX], given[SIGNED_HEX];
    const char *base64;
    const struct digest *d = find(sig, &base64);
    unsigned len = d != NULL ? mac(d, key, text, raw) : 0;

    if (len == 0)
        return 0;
    if (base64 == NULL) {
        to_hex(raw, len, want);
        return CRYPTO_memcmp(want, sig, d->hex) == 0;
    }
    EVP_EncodeBlock((unsigned char *)want, raw, (int)len);
    snprintf(given, sizeof given, "%s", base64);
    for (char *p = given; *p != '\0'; p++)      /* the alphabet of URLs, too */
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    want[strcspn(want, "=")] = given[strcspn(given, "=")] = '\0';
    return strlen(want) == strlen(given) && CRYPTO_memcmp(want, given, strlen(want)) == 0;
}

int
signed_hex(const char *digest, const char *key, const char *text, char ret[SIGNED_HEX])
{
    unsigned char raw[EVP_MAX_MD_SIZE];

    for (size_t i = 0; i < DIGESTS; i++)
        if (strcmp(digests[i].name, digest) == 0) {
            unsigned len = mac(&digests[i], key, text, raw);

            to_hex(raw, len, ret);
            return len > 0 ? 0 : -1;
        }
    return -1;
}

int
signed_in_list(const char *list, const char *digest)
{
    size_t len = strlen(digest), n;

    for (const char *at = list + strspn(list, ", "); *at != '\0'; at += n, at += strspn(at, ", ")) {
        n = strcspn(at, ", ");
        if (n == len && strncmp(at, digest, len) == 0)
            return 1;
    }
    return 0;
}

int
signed_list_json(const char *list, char *buf, size_t size)
{
    size_t used = 0, n, known;

    if (size > 0)
        buf[0] = '\0';
    for (const char *at = list + strspn(list, ", "); *at != '\0'; at += n, at += strspn(at, ", ")) {
        n = strcspn(at, ", ");
        for (known = 0; known < DIGESTS && (strlen(digests[known].name) != n || strncmp(at, digests[known].name, n) != 0); known++)
            ;
        if (known == DIGESTS || used + n + 4 > size)
            return -1;
        used += (size_t)snprintf(buf + used, size - used, "%s\"%.*s\"", used > 0 ? "," : "", (int)n, at);
    }
    return used > 0 ? 0 : -1;
}
