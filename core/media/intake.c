/* intake.c: see intake.h. */
#include "config.h"
#include "media/intake.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "media/inspect.h"
#include "plugin/storage.h"

struct intake {
    struct driver *store;               /* borrowed */
    struct cairn_stream *stream;        /* NULL: committed */
    struct inspect *inspect;
    struct inspect_result seen;
    EVP_MD_CTX *md5, *sha512;
    uint64_t size;
};

int
intake_open(struct driver *store, const char *name, uint64_t size_hint, struct intake **ret, struct cairn_error *err)
{
    CLEANUP_INTAKE struct intake *in = xcalloc(1, sizeof *in);

    in->store = store;
    in->inspect = inspect_new();
    in->md5 = EVP_MD_CTX_new();
    in->sha512 = EVP_MD_CTX_new();
    if (in->md5 == NULL || in->sha512 == NULL || EVP_DigestInit_ex(in->md5, EVP_md5(), NULL) != 1 || EVP_DigestInit_ex(in->sha512, EVP_sha512(), NULL) != 1)
        return cairn_fail(err, CAIRN_INTERNAL, "MD5 or SHA-512 cannot be had from libcrypto");
    if (storage_image_open(store, name, size_hint, &in->stream, err) < 0)
        return -1;
    *ret = steal(&in);
    return 0;
}

int
intake_write(struct intake *in, const void *bytes, size_t len, struct cairn_error *err)
{
    EVP_DigestUpdate(in->md5, bytes, len);
    EVP_DigestUpdate(in->sha512, bytes, len);
    inspect_add(in->inspect, bytes, len);
    in->size += len;
    return storage_image_write(in->store, in->stream, bytes, len, err);
}

uint64_t
intake_size(const struct intake *in)
{
    return in->size;
}

int
intake_verdict(struct intake *in, const char *format, struct cairn_error *err)
{
    inspect_finish(in->inspect, &in->seen);
    return inspect_verdict(format, &in->seen, err);
}

static void
hex(EVP_MD_CTX *ctx, char *ret)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    EVP_DigestFinal_ex(ctx, digest, &len);
    for (unsigned i = 0; i < len; i++)
        snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

int
intake_commit(struct intake *in, struct intake_facts *ret, struct cairn_error *err)
{
    if (storage_image_commit(in->store, steal(&in->stream), ret->handle, err) < 0)
        return -1;
    ret->size = in->size;
    ret->virtual_size = in->seen.virtual_bytes;
    hex(in->md5, ret->md5);
    hex(in->sha512, ret->sha512);
    return 0;
}

void
intake_free(struct intake *in)
{
    if (in == NULL)
        return;
    if (in->stream != NULL)
        storage_image_abort(in->store, in->stream);
    inspect_free(in->inspect);
    EVP_MD_CTX_free(in->md5);
    EVP_MD_CTX_free(in->sha512);
    free(in);
}

json_t *
intake_facts_json(const struct intake_facts *facts)
{
    return json_pack("{s:I, s:I, s:s, s:s}", "size", (json_int_t)facts->size, "virtual_size", (json_int_t)facts->virtual_size, "checksum", facts->md5,
                     "os_hash_value", facts->sha512);
}
