/* large.c: dynamic large objects: the bytes of all objects that share a prefix, one behind the other. */
#include "config.h"
#include "object/private.h"

#include <string.h>

#define SEGMENTS_MAX 10000

struct assembly { struct reading *r; EVP_MD_CTX *md5; int64_t count; };

static int
add_segment(void *arg, struct object *o, struct cairn_error *err)
{
    struct assembly *a = arg;

    (void)err;
    chain_blob(a->r->bytes, o->store, o->blob, 0, o->size);
    EVP_DigestUpdate(a->md5, o->etag, strlen(o->etag));
    a->r->size += o->size;
    if (o->updated_us > a->r->modified_us)
        a->r->modified_us = o->updated_us;
    a->count++;
    return 0;
}

void
large_etag(EVP_MD_CTX *md5, char buf[35])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    EVP_DigestFinal_ex(md5, digest, &len);
    buf[0] = '"';
    for (unsigned i = 0; i < 16; i++)
        snprintf(buf + 1 + 2 * i, 3, "%02x", digest[i]);
    memcpy(buf + 33, "\"", 2);
}

int
dlo_assemble(struct object_call *c, struct tx *tx, struct reading *r, struct cairn_error *err)
{
    CLEANUP_FREE char *plain = object_unquote(json_str(r->object.meta, "x-object-manifest"));
    CLEANUP_CONTAINER struct container k = { 0 };
    struct assembly a = { .r = r };
    char etag[35];
    char *slash = plain != NULL ? strchr(plain, '/') : NULL;
    int found, rc = 0;

    if (slash == NULL)
        return object_fail(err, 409, "The manifest is damaged");
    *slash = '\0';
    if ((found = container_find(tx, r->container.account, plain, &k, err)) < 0 || (found && access_objects(c, tx, &k, MAY_READ, err) < 0))
        return -1;
    a.md5 = EVP_MD_CTX_new();
    if (a.md5 == NULL || EVP_DigestInit_ex(a.md5, EVP_md5(), NULL) != 1)
        rc = cairn_fail(err, CAIRN_INTERNAL, "MD5 cannot be had from libcrypto");
    if (rc == 0 && found)
        rc = listing_each(tx, k.id, slash + 1, NULL, SEGMENTS_MAX + 1, add_segment, &a, err);
    if (rc == 0 && a.count > SEGMENTS_MAX)
        rc = object_fail(err, 409, "The manifest has more than %d segments", SEGMENTS_MAX);
    if (r->walk != NULL && (r->walk->segments += a.count) > SLO_WALK_SEGMENTS_MAX && rc == 0)
        rc = object_fail(err, 409, "The manifests have more than %d segments", SLO_WALK_SEGMENTS_MAX);
    if (rc == 0) {
        large_etag(a.md5, etag);
        r->etag = xstrdup(etag);
    }
    EVP_MD_CTX_free(a.md5);
    r->is_large = 1;
    return rc;
}
