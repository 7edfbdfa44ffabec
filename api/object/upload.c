/* upload.c: bytes on their way into a store: hashed as they pass, durable when sealed, without a name until then. */
#include "config.h"
#define LOG_MODULE "object"
#include "object/private.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

int
upload_open(struct upload *u, const struct object_service *s, const char *policy, int64_t size_hint, int64_t max, struct cairn_error *err)
{
    char id[ID_HEX];

    *u = (struct upload){ .max = max };
    id_hex(id);
    snprintf(u->key, sizeof u->key, "o%s", id);
    u->md5 = EVP_MD_CTX_new();
    if (u->md5 == NULL || EVP_DigestInit_ex(u->md5, EVP_md5(), NULL) != 1) {
        upload_drop(u);
        return cairn_fail(err, CAIRN_INTERNAL, "MD5 cannot be had from libcrypto");
    }
    if (policy_open(s, policy, &u->store, err) < 0 ||
        storage_blob_open(u->store, u->key, size_hint > 0 ? (uint64_t)size_hint : 0, &u->stream, err) < 0) {
        upload_drop(u);
        return -1;
    }
    return 0;
}

int
upload_write(struct upload *u, const void *bytes, size_t len, struct cairn_error *err)
{
    if ((int64_t)len > u->max - u->size)
        return object_fail(err, 413, "The object is larger than %" PRId64 " bytes.", u->max);
    EVP_DigestUpdate(u->md5, bytes, len);
    u->size += (int64_t)len;
    return storage_blob_write(u->store, u->stream, bytes, len, err);
}

int
upload_seal(struct upload *u, struct cairn_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    EVP_DigestFinal_ex(u->md5, digest, &len);
    for (unsigned i = 0; i < len; i++)
        snprintf(u->etag + 2 * i, 3, "%02x", digest[i]);
    return storage_blob_commit(u->store, steal(&u->stream), err);
}

static void
upload_free(struct upload *u)
{
    if (u->stream != NULL)
        storage_blob_abort(u->store, u->stream);
    driver_put(u->store);
    EVP_MD_CTX_free(u->md5);
    *u = (struct upload){ 0 };
}

void
upload_drop(struct upload *u)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (u->store != NULL && u->stream == NULL && u->etag[0] != '\0' && storage_blob_delete(u->store, u->key, &err) < 0)
        log_warn("blob %s is left for the audit: %s", u->key, err.message);
    upload_free(u);
}

void
upload_done(struct upload *u)
{
    upload_free(u);
}
