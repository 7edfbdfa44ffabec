/* acme.c: a vendor's storage driver, as one would write it outside of Cairn: installed headers and libc, nothing else.
 *
 * It keeps blobs in a table in memory; volumes and images it does not do, and says so by leaving the operations out. */
#include <cairn/storage.h>

#include <stdlib.h>
#include <time.h>

#define BLOBS_MAX 64

struct blob {
    char key[201];
    char *bytes;
    size_t len;
    int64_t created_us;
};
/* Serial threads: the daemon takes the lock. */
struct acme {
    const struct cairn_host *host;
    struct blob blobs[BLOBS_MAX];
    size_t count;
    uint64_t limit;
};
struct cairn_stream {
    struct blob blob;
};

static const struct cairn_key key_limit = CAIRN_KEY("limit", CAIRN_KEY_SIZE, "1M", "The most that one blob may have.");
static const struct cairn_key *const acme_keys[] = { &key_limit, NULL };

static int
acme_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    struct acme *acme = calloc(1, sizeof *acme);

    if (acme == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory");
    acme->host = host;
    acme->limit = (uint64_t)host->get_int(host->instance, "limit");
    *ret_self = acme;
    return 0;
}

static void
acme_destroy(void *self)
{
    struct acme *acme = self;

    for (size_t i = 0; i < acme->count; i++)
        free(acme->blobs[i].bytes);
    free(acme);
}

static int
acme_pool_info(void *self, struct cairn_pool_info *ret_info, struct cairn_error *err)
{
    const struct acme *acme = self;

    (void)err;
    ret_info->total_bytes = BLOBS_MAX * acme->limit;
    ret_info->free_bytes = (BLOBS_MAX - acme->count) * acme->limit;
    ret_info->provisioned_bytes = acme->count * acme->limit;
    return 0;
}

static struct blob *
acme_find(struct acme *acme, const char *key)
{
    for (size_t i = 0; i < acme->count; i++)
        if (strcmp(acme->blobs[i].key, key) == 0)
            return &acme->blobs[i];
    return NULL;
}

static int
acme_blob_open(void *self, const char *key, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err)
{
    struct acme *acme = self;
    struct cairn_stream *stream;

    if (strlen(key) >= sizeof stream->blob.key || strchr(key, '/') != NULL)
        return cairn_fail(err, CAIRN_INVALID, "'%s' cannot be a key", key);
    if (size_hint > acme->limit)
        return cairn_fail(err, CAIRN_NO_SPACE, "a blob may have %llu bytes at most", (unsigned long long)acme->limit);
    stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory");
    strcpy(stream->blob.key, key);
    *ret_stream = stream;
    return 0;
}

static int
acme_blob_write(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err)
{
    struct acme *acme = self;
    char *bytes;

    if (len > acme->limit - stream->blob.len)
        return cairn_fail(err, CAIRN_NO_SPACE, "a blob may have %llu bytes at most", (unsigned long long)acme->limit);
    bytes = realloc(stream->blob.bytes, stream->blob.len + len + 1);
    if (bytes == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory");
    memcpy(bytes + stream->blob.len, buf, len);
    stream->blob.bytes = bytes;
    stream->blob.len += len;
    return 0;
}

static void
acme_blob_abort(void *self, struct cairn_stream *stream)
{
    (void)self;
    if (stream != NULL)
        free(stream->blob.bytes);
    free(stream);
}

static int
by_key(const void *a, const void *b)
{
    return strcmp(((const struct blob *)a)->key, ((const struct blob *)b)->key);
}

static int
acme_blob_commit(void *self, struct cairn_stream *stream, struct cairn_error *err)
{
    struct acme *acme = self;
    struct blob *there = acme_find(acme, stream->blob.key);
    int same = there != NULL && there->len == stream->blob.len && (there->len == 0 || memcmp(there->bytes, stream->blob.bytes, there->len) == 0);
    int rc = 0;

    if (there != NULL && !same)
        rc = cairn_fail(err, CAIRN_EXISTS, "'%s' is there with other bytes", stream->blob.key);
    else if (there == NULL && acme->count == BLOBS_MAX)
        rc = cairn_fail(err, CAIRN_NO_SPACE, "there are %d blobs already", BLOBS_MAX);
    else if (there == NULL) {
        stream->blob.created_us = (int64_t)time(NULL) * 1000000;
        acme->blobs[acme->count++] = stream->blob;
        stream->blob.bytes = NULL;
        qsort(acme->blobs, acme->count, sizeof acme->blobs[0], by_key);
    }
    acme_blob_abort(acme, stream);
    return rc;
}

static int
acme_blob_read(void *self, const char *key, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err)
{
    const struct blob *blob = acme_find(self, key);
    size_t left;

    if (blob == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no '%s'", key);
    left = offset < blob->len ? blob->len - (size_t)offset : 0;
    *ret_len = left < len ? left : len;
    if (*ret_len > 0)
        memcpy(buf, blob->bytes + offset, *ret_len);
    return 0;
}

static void
fill_info(const struct blob *blob, struct cairn_blob_info *ret_info)
{
    snprintf(ret_info->key, sizeof ret_info->key, "%s", blob->key);
    ret_info->size_bytes = blob->len;
    ret_info->created_us = blob->created_us;
}

static int
acme_blob_info(void *self, const char *key, struct cairn_blob_info *ret_info, struct cairn_error *err)
{
    const struct blob *blob = acme_find(self, key);

    if (blob == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no '%s'", key);
    fill_info(blob, ret_info);
    return 0;
}

static int
acme_blob_delete(void *self, const char *key, struct cairn_error *err)
{
    struct acme *acme = self;
    struct blob *blob = acme_find(acme, key);

    (void)err;
    if (blob == NULL)
        return 0;
    free(blob->bytes);
    memmove(blob, blob + 1, (size_t)(acme->blobs + acme->count - (blob + 1)) * sizeof *blob);
    acme->count--;
    return 0;
}

static int
acme_blob_list(void *self, const char *after, struct cairn_sink *sink, struct cairn_error *err)
{
    const struct acme *acme = self;

    (void)err;
    for (size_t i = 0; i < acme->count; i++) {
        struct cairn_blob_info info = { .size = sizeof info };

        fill_info(&acme->blobs[i], &info);
        if ((after == NULL || strcmp(info.key, after) > 0) && acme->host->emit(sink, &info) != 0)
            break;
    }
    return 0;
}

static const struct cairn_storage_driver acme_driver = {
    CAIRN_DRIVER_HEAD(CAIRN_STORAGE, "acme", struct cairn_storage_driver),
    .version = "7.3",
    .description = "blobs in Acme's memory",
    .threads = CAIRN_THREADS_SERIAL,
    .keys = acme_keys,
    .capabilities = CAIRN_STORAGE_CAN_BLOBS,
    .configure = acme_configure,
    .destroy = acme_destroy,
    .pool_info = acme_pool_info,
    .blob_open = acme_blob_open,
    .blob_write = acme_blob_write,
    .blob_commit = acme_blob_commit,
    .blob_abort = acme_blob_abort,
    .blob_read = acme_blob_read,
    .blob_info = acme_blob_info,
    .blob_delete = acme_blob_delete,
    .blob_list = acme_blob_list,
};
CAIRN_DRIVER_EXPORT(acme_driver)
