/* rbd.c: storage driver "rbd": volumes, images and blobs in a Ceph cluster, which every host reaches. */
#include "rbd.h"

#include <inttypes.h>
#include <stdlib.h>

#define CHUNK_MIN (INT64_C(1) << 20)
#define CHUNK_MAX (INT64_C(32) << 20)

static const struct cairn_key key_conf = CAIRN_KEY("conf", CAIRN_KEY_PATH, "/etc/ceph/ceph.conf",
    "Ceph's configuration file: where the monitors are.");
static const struct cairn_key key_user = CAIRN_KEY("user", CAIRN_KEY_STRING, "cairn", "Ceph user, without \"client.\".");
static const struct cairn_key key_keyring = CAIRN_KEY("keyring", CAIRN_KEY_PATH, NULL,
    "File with the user's key; default: where conf says, most often /etc/ceph/ceph.client.USER.keyring.");
static const struct cairn_key key_pool = CAIRN_KEY("pool", CAIRN_KEY_STRING, "rbd", "Pool of the volumes.");
static const struct cairn_key key_images = CAIRN_KEY("image_pool", CAIRN_KEY_STRING, NULL, "Pool of the images; default: that of the volumes.");
static const struct cairn_key key_blobs = CAIRN_KEY("blob_pool", CAIRN_KEY_STRING, NULL,
    "Pool of the object store's bytes; default: that of the volumes.");
static const struct cairn_key key_space = CAIRN_KEY("namespace", CAIRN_KEY_STRING, NULL,
    "RADOS namespace that holds what is this cloud's in its pools; default: the cloud's id.");
static const struct cairn_key key_chunk = CAIRN_KEY("chunk", CAIRN_KEY_SIZE, "4M",
    "Size of the RADOS objects that new things are cut into: a power of two from 1M to 32M.");
static const struct cairn_key key_depth = CAIRN_KEY_RANGE("clone_depth", "5", 1, 16,
    "How many clones may stand on each other; a volume that would be one more is copied.");
static const struct cairn_key key_connect = CAIRN_KEY("connect_timeout", CAIRN_KEY_DURATION, "10s", "How long the monitors may take to answer.");
static const struct cairn_key key_timeout = CAIRN_KEY("timeout", CAIRN_KEY_DURATION, "20s",
    "How long one read or write of the cluster may take; guests wait for their own as long as it needs.");
static const struct cairn_key key_left = CAIRN_KEY("leftover_age", CAIRN_KEY_DURATION, "30s",
    "For how long nobody must have written something that is not whole before it is taken for a crash's leftover and removed.");
static const struct cairn_key key_convert = CAIRN_KEY("convert_timeout", CAIRN_KEY_DURATION, "1h", "How long one full copy of a disk may take.");
static const struct cairn_key *const ceph_keys[] = { &key_conf, &key_user, &key_keyring, &key_pool, &key_images, &key_blobs, &key_space, &key_chunk,
                                                     &key_depth, &key_connect, &key_timeout, &key_left, &key_convert, NULL };

/* -- life -- */

static uint32_t
ms_of(const struct cairn_host *host, const char *key)
{
    int64_t ms = host->get_int(host->instance, key);

    return ms > INT32_MAX ? (uint32_t)INT32_MAX : ms < 1000 ? 1000 : (uint32_t)ms;
}

static const char *
text_or(const struct cairn_host *host, const char *key, const char *other)
{
    const char *text = host->get_string(host->instance, key);

    return text != NULL && text[0] != '\0' ? text : other;
}

static int
check_names(const struct ceph_pool *pool, struct cairn_error *err)
{
    const struct { const char *key, *value; } names[] = {
        { "user", pool->user }, { "pool", pool->volumes }, { "image_pool", pool->images }, { "blob_pool", pool->blobs }, { "namespace", pool->space },
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!ceph_name_ok(names[i].value, 63))
            return cairn_fail(err, CAIRN_INVALID, "%s = '%s': need 1 to 63 of A-Z a-z 0-9 . _ -, without a dot in front", names[i].key, names[i].value);
    return 0;
}

static int
ceph_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    struct ceph_pool *pool = calloc(1, sizeof *pool);
    int64_t chunk = host->get_int(host->instance, "chunk");

    if (pool == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a pool");
    pthread_mutex_init(&pool->lock, NULL);
    pool->host = host;
    pool->conf = host->get_string(host->instance, "conf");
    pool->user = host->get_string(host->instance, "user");
    pool->keyring = text_or(host, "keyring", NULL);
    pool->volumes = host->get_string(host->instance, "pool");
    pool->images = text_or(host, "image_pool", pool->volumes);
    pool->blobs = text_or(host, "blob_pool", pool->volumes);
    pool->space = text_or(host, "namespace", host->cloud_id);
    pool->connect_ms = ms_of(host, "connect_timeout");
    pool->timeout_ms = ms_of(host, "timeout");
    pool->convert_ms = ms_of(host, "convert_timeout");
    pool->left_s = ms_of(host, "leftover_age") / 1000;
    pool->depth = (uint32_t)host->get_int(host->instance, "clone_depth");
    pool->chunk = (uint64_t)chunk;
    pool->order = (uint32_t)__builtin_ctzll((uint64_t)(chunk > 0 ? chunk : 1));
    if (chunk < CHUNK_MIN || chunk > CHUNK_MAX || (chunk & (chunk - 1)) != 0)
        cairn_fail(err, CAIRN_INVALID, "chunk = %" PRId64 ": need a power of two from 1M to 32M", chunk);
    else if (check_names(pool, err) == 0) {
        *ret_self = pool;
        return 0;
    }
    pthread_mutex_destroy(&pool->lock);
    free(pool);
    return -1;
}

static int
ceph_start(void *self, struct cairn_error *err)
{
    return ceph_connect(self, err);
}

static void
ceph_stop(void *self)
{
    ceph_disconnect(self);
}

static void
ceph_destroy(void *self)
{
    struct ceph_pool *pool = self;

    pthread_mutex_destroy(&pool->lock);
    explicit_bzero(pool->secret, sizeof pool->secret);
    free(pool);
}

/* -- figures -- */

/* The number behind "NAME": in 'text'; -1: none. */
static int64_t
number_of(const char *text, const char *name)
{
    char quoted[64];
    const char *at;

    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    at = strstr(text, quoted);
    return at != NULL ? (int64_t)strtod(at + strlen(quoted), NULL) : -1;
}

/* What the monitors say of the volumes' pool: replicas are taken off, and every other pool's part is. */
static int
ask_space(struct ceph_link *link, uint64_t *ret_total, uint64_t *ret_free, struct cairn_error *err)
{
    static const char *command[] = { "{\"prefix\":\"df\",\"format\":\"json\"}" };
    char *out = NULL, *status = NULL, quoted[96], *at, *text;
    size_t out_len = 0, status_len = 0;
    int64_t left = -1, stored = -1;
    int rc = rados_mon_command(link->cluster, command, 1, "", 0, &out, &out_len, &status, &status_len);

    if (status != NULL)
        rados_buffer_free(status);
    if (rc < 0 || out == NULL) {
        if (out != NULL)
            rados_buffer_free(out);
        return ceph_fail(link, rc < 0 ? rc : -EIO, err, "cannot ask how much space there is");
    }
    text = strndup(out, out_len);
    rados_buffer_free(out);
    snprintf(quoted, sizeof quoted, "\"name\":\"%s\"", link->pool->volumes);
    if (text != NULL && (at = strstr(text, quoted)) != NULL) {
        at[strcspn(at, "}")] = '\0';
        left = number_of(at, "max_avail");
        stored = number_of(at, "stored");
    }
    free(text);
    if (left < 0 || stored < 0 || left + stored == 0)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the Ceph cluster does not say how much space pool '%s' has: does a manager (ceph-mgr) run?",
                          link->pool->volumes);
    *ret_free = (uint64_t)left;
    *ret_total = (uint64_t)(left + stored);
    return 0;
}

static int
ceph_health(void *self, struct cairn_health *ret_health, struct cairn_error *err)
{
    struct ceph_pool *pool = self;
    CEPH_LINK link = ceph_get(pool, err);
    uint64_t total = 0, left = 0;

    if (link == NULL || ask_space(link, &total, &left, err) < 0)
        return -1;
    ret_health->ok = 1;
    snprintf(ret_health->text, sizeof ret_health->text, "pool %.63s of %.80s: %" PRIu64 " of %" PRIu64 " MiB free", pool->volumes, pool->hosts, left >> 20,
             total >> 20);
    return 0;
}

static int
ceph_pool_info(void *self, struct cairn_pool_info *ret_info, struct cairn_error *err)
{
    CEPH_LINK link = ceph_get(self, err);

    if (link == NULL || ask_space(link, &ret_info->total_bytes, &ret_info->free_bytes, err) < 0 ||
        ceph_provisioned(link, &ret_info->provisioned_bytes, err) < 0)
        return -1;
    ret_info->thin = 1;
    return 0;
}

static const struct cairn_storage_driver ceph_driver = {
    CAIRN_DRIVER_HEAD(CAIRN_STORAGE, "rbd", struct cairn_storage_driver),
    .version = DRIVER_VERSION,
    .description = "volumes, images and blobs in a Ceph cluster",
    .threads = CAIRN_THREADS_PER_OBJECT,
    .keys = ceph_keys,
    .capabilities = CAIRN_STORAGE_CAN_VOLUMES | CAIRN_STORAGE_CAN_IMAGES | CAIRN_STORAGE_CAN_BLOBS | CAIRN_STORAGE_CAN_CLONE |
                    CAIRN_STORAGE_CAN_SNAPSHOT | CAIRN_STORAGE_CAN_REVERT | CAIRN_STORAGE_SHARED,
    .configure = ceph_configure,
    .start = ceph_start,
    .stop = ceph_stop,
    .destroy = ceph_destroy,
    .health = ceph_health,
    .pool_info = ceph_pool_info,
    .volume_create = ceph_volume_create,
    .volume_delete = ceph_volume_delete,
    .volume_extend = ceph_volume_extend,
    .volume_info = ceph_volume_info,
    .volume_list = ceph_volume_list,
    .volume_flatten = ceph_volume_flatten,
    .snapshot_create = ceph_snapshot_create,
    .snapshot_delete = ceph_snapshot_delete,
    .volume_revert = ceph_volume_revert,
    .volume_connect = ceph_volume_connect,
    .volume_disconnect = ceph_volume_disconnect,
    .volume_changes = ceph_volume_changes,
    .volume_read = ceph_volume_read,
    .volume_write = ceph_volume_write,
    .image_open = ceph_image_open,
    .image_write = ceph_image_write,
    .image_commit = ceph_image_commit,
    .image_abort = ceph_image_abort,
    .image_read = ceph_image_read,
    .image_info = ceph_image_info,
    .image_delete = ceph_image_delete,
    .image_list = ceph_image_list,
    .image_connect = ceph_image_connect,
    .blob_open = ceph_blob_open,
    .blob_write = ceph_blob_write,
    .blob_commit = ceph_blob_commit,
    .blob_abort = ceph_blob_abort,
    .blob_read = ceph_blob_read,
    .blob_info = ceph_blob_info,
    .blob_delete = ceph_blob_delete,
    .blob_list = ceph_blob_list,
};
CAIRN_DRIVER_EXPORT(ceph_driver)
