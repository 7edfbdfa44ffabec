/* rbd.h: storage driver "rbd": what its parts share.  Volumes and images are RBD images, blobs are RADOS objects, all in one Ceph cluster.
 *
 *     rbd.c          settings, life cycle, figures, the table
 *     rbd_link.c     the connection: made in bounded time, made anew when the cluster threw us out; errors; the key for QEMU
 *     rbd_image.c    RBD images: opening, deleting with regard to clones, leftovers of a crash
 *     rbd_volume.c   volumes;  rbd_snapshot.c  their snapshots and bytes;  rbd_copy.c  volumes that are filled by qemu-img
 *     rbd_store.c    images of the image store;  rbd_blob.c  writing blobs;  rbd_blob_read.c  reading and listing them
 *
 * In each pool the cloud has RADOS namespaces of its own, so that clouds and whatever else is in the pool never meet:
 *
 *     NS            "volume-ID", "image-ID"; "part-..." is not whole yet and becomes one of them by its new name, at once
 *     NS.blobs      "KEY": the head of a blob, made last; what it is stands in an attribute; a small one's bytes are in it
 *     NS.chunks     "STREAM.NUMBER.KEY": the bytes of larger ones
 *
 * An image that is not whole, and chunk 0 of a blob that is not whole, is watched by whoever writes it; without a watcher it is a leftover.
 * Clones are of format 2: what has clones can be deleted, goes to the namespace's trash, and is purged with the last of them.
 *
 * Functions of librados and librbd answer 0 or -errno; ours are named ceph_ since rbd_ and rados_ are taken. */
#ifndef DRIVERS_STORAGE_RBD_H
#define DRIVERS_STORAGE_RBD_H

#include <cairn/storage.h>
#include <pthread.h>
#include <rados/librados.h>
#include <rbd/librbd.h>

#define CEPH_NAME    96         /* an RBD image's name with its NUL: librbd has no more */
#define CEPH_HANDLE  256
#define CEPH_PART    "part-"
#define CEPH_VOLUME  "volume-"
#define CEPH_IMAGE   "image-"
#define CEPH_SNAP    "cairn"    /* an image's snapshot that volumes are cloned from */
#define CEPH_READERS 16
#define CEPH_HEADS   64

/* A connection.  Everything opened by it holds a reference. */
struct ceph_link {
    struct ceph_pool *pool;
    rados_t cluster;
    rados_ioctx_t volumes, images, blobs, chunks;
    unsigned refs;              /* pool->lock */
    int dead;                   /* pool->lock; the cluster refuses this client from now on */
};

/* An open image kept for the next read. */
struct ceph_reader {
    struct ceph_link *link;     /* a reference; NULL: free */
    char name[CEPH_NAME];
    rbd_image_t image;
    uint64_t size;
    uint64_t used;              /* pool->clock at the last use */
};

/* What a blob's head says. */
struct ceph_head {
    char key[CEPH_HANDLE];
    uint64_t size, chunk, stream;       /* chunk 0: the bytes are in the head */
    int64_t created_us;
};

/* One instance.  Written by configure() and start(), then only read, but for what the lock guards. */
struct ceph_pool {
    const struct cairn_host *host;      /* borrowed */
    const char *conf, *user, *keyring;  /* borrowed from the settings; keyring may be NULL */
    const char *volumes, *images, *blobs;       /* names of pools */
    const char *space;                  /* the namespace */
    uint32_t connect_ms, timeout_ms, convert_ms;
    uint32_t left_s;            /* how old a thing without watcher is before it is a leftover: between create and watch it has none */
    uint64_t chunk;                     /* bytes of a RADOS object */
    uint32_t order;                     /* its logarithm */
    uint32_t depth;                     /* of clones of clones */
    char hosts[256], secret[256];       /* for struct cairn_connection */
    char tool_conf[512];                /* for qemu-img */

    pthread_mutex_t lock;               /* never held while the cluster is asked */
    struct ceph_link *link;             /* NULL: none */
    struct ceph_reader readers[CEPH_READERS];
    struct ceph_head heads[CEPH_HEADS]; /* of large blobs, by hash: they never change */
    uint64_t clock;
    uint64_t provisioned;               /* as it was at 'provisioned_at' */
    int64_t provisioned_at;             /* seconds, 0: never */
};

#define CEPH_CLEANUP(fn) __attribute__((cleanup(fn), unused))

/* -- rbd_link.c -- */
int ceph_connect(struct ceph_pool *pool, struct cairn_error *err);
void ceph_disconnect(struct ceph_pool *pool);
/* The connection, or a new one.  Put it. */
struct ceph_link *ceph_get(struct ceph_pool *pool, struct cairn_error *err);
struct ceph_link *ceph_ref(struct ceph_link *link);
void ceph_put(struct ceph_link *link);
static inline void ceph_put_at(struct ceph_link **link) { ceph_put(*link); }
#define CEPH_LINK CEPH_CLEANUP(ceph_put_at) struct ceph_link *
/* 'rc' is -errno.  A cluster that does not answer is CAIRN_UNAVAILABLE; always returns -1. */
CAIRN_PRINTF(4, 5) int ceph_fail(struct ceph_link *link, int rc, struct cairn_error *err, const char *fmt, ...);

/* -- rbd_image.c -- */
int ceph_name_ok(const char *name, size_t max);
/* PREFIX and an id that may be in a name, or CAIRN_INVALID. */
int ceph_name(const char *prefix, const char *id, char ret_name[CEPH_NAME], struct cairn_error *err);
/* A handle is its name: '*ret_id' is the part behind the prefix. */
int ceph_handle(const char *prefix, const char *handle, const char **ret_id, struct cairn_error *err);
void ceph_part_name(char ret_name[CEPH_NAME]);
void ceph_close_at(rbd_image_t *image);
#define CEPH_IMAGE_OPEN CEPH_CLEANUP(ceph_close_at) rbd_image_t
/* CAIRN_NOT_FOUND when there is none.  Reading leaves no trace; writing is seen by others as a watcher. */
int ceph_open(struct ceph_link *link, rados_ioctx_t io, const char *name, int write, rbd_image_t *ret_image, struct cairn_error *err);
int ceph_create(struct ceph_link *link, rados_ioctx_t io, const char *name, uint64_t size, struct cairn_error *err);
int ceph_clone(struct ceph_link *link, rados_ioctx_t from, const char *name, const char *snap, const char *to, struct cairn_error *err);
/* Deletes an image and its snapshots 'snap' and part-...; any other snapshot and any user of it is a CAIRN_CONFLICT.  Gone is success. */
int ceph_delete(struct ceph_link *link, rados_ioctx_t io, const char *name, const char *snap, struct cairn_error *err);
/* Removes a part that was not finished; what cannot be removed now is found by the next sweep. */
void ceph_drop(struct ceph_link *link, rados_ioctx_t io, const char *name);
/* Deletes what crashed writers left behind, and what waited in the trash for its last clone. */
void ceph_sweep(struct ceph_link *link, rados_ioctx_t io);
/* fn for each image whose name begins with the prefix; nonzero ends it. */
int ceph_each(struct ceph_link *link, rados_ioctx_t io, const char *prefix, int (*fn)(void *arg, const char *name), void *arg, struct cairn_error *err);
/* How many clones stand on each other below this image. */
unsigned ceph_depth(struct ceph_link *link, rbd_image_t image);
/* Purges the parent of what was just deleted or flattened, if it waits in the trash. */
struct ceph_parent { int trash; char pool[128], id[CEPH_NAME], name[CEPH_NAME]; };
void ceph_parent_of(rbd_image_t image, struct ceph_parent *ret);
void ceph_parent_purge(struct ceph_link *link, const struct ceph_parent *parent);
/* Reads through an image that is kept open; '*ret_len' is less than 'len' at the end. */
int ceph_read(struct ceph_pool *pool, rados_ioctx_t (*io)(struct ceph_link *), const char *name, uint64_t offset, void *buf, size_t len,
              size_t *ret_len, struct cairn_error *err);
/* Closes what is kept open of an image that goes or grows; NULL: everything. */
void ceph_forget(struct ceph_pool *pool, const char *name);
rados_ioctx_t ceph_io_volumes(struct ceph_link *link);
rados_ioctx_t ceph_io_images(struct ceph_link *link);
void ceph_connection(const struct ceph_pool *pool, const char *pool_name, const char *name, uint64_t size, struct cairn_connection *ret);

/* -- rbd_volume.c -- */
int ceph_volume_create(void *self, struct cairn_op *op, const struct cairn_volume *vol, char ret_handle[256], struct cairn_error *err);
int ceph_volume_delete(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err);
int ceph_volume_extend(void *self, struct cairn_op *op, const char *handle, uint64_t size_bytes, struct cairn_error *err);
int ceph_volume_info(void *self, const char *handle, struct cairn_volume_info *ret_info, struct cairn_error *err);
int ceph_volume_list(void *self, struct cairn_sink *sink, struct cairn_error *err);
int ceph_volume_flatten(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err);
int ceph_volume_connect(void *self, struct cairn_op *op, const char *handle, const char *host_name, uint32_t read_only,
                        struct cairn_connection *ret_connection, struct cairn_error *err);
int ceph_volume_disconnect(void *self, struct cairn_op *op, const char *handle, const char *host_name, struct cairn_error *err);
int ceph_provisioned(struct ceph_link *link, uint64_t *ret_bytes, struct cairn_error *err);

/* -- rbd_snapshot.c -- */
/* "VOLUME@SNAPSHOT" taken apart; with 'handle' given the volume must be that. */
int ceph_snapshot_parse(const char *snapshot, const char *handle, char ret_volume[CEPH_NAME], const char **ret_id, struct cairn_error *err);
int ceph_snapshot_create(void *self, struct cairn_op *op, const char *handle, const char *snapshot_id, char ret_handle[256], struct cairn_error *err);
int ceph_snapshot_delete(void *self, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err);
int ceph_volume_revert(void *self, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err);
int ceph_volume_changes(void *self, const char *handle, const char *since, struct cairn_sink *sink, struct cairn_error *err);
int ceph_volume_read(void *self, const char *handle, uint64_t offset, void *buf, size_t len, struct cairn_error *err);
int ceph_volume_write(void *self, const char *handle, uint64_t offset, const void *buf, size_t len, struct cairn_error *err);

/* -- rbd_copy.c -- */
/* Fills the empty volume 'name', which is open as 'target', from an image that is no raw image, or from elsewhere. */
int ceph_fill(struct ceph_link *link, struct cairn_op *op, const struct cairn_volume *vol, const char *name, struct cairn_error *err);

/* -- rbd_store.c -- */
int ceph_image_open(void *self, const char *id, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err);
int ceph_image_write(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err);
int ceph_image_commit(void *self, struct cairn_stream *stream, char ret_handle[256], struct cairn_error *err);
void ceph_image_abort(void *self, struct cairn_stream *stream);
int ceph_image_read(void *self, const char *handle, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err);
int ceph_image_info(void *self, const char *handle, struct cairn_blob_info *ret_info, struct cairn_error *err);
int ceph_image_delete(void *self, const char *handle, struct cairn_error *err);
int ceph_image_list(void *self, struct cairn_sink *sink, struct cairn_error *err);
int ceph_image_connect(void *self, const char *handle, struct cairn_connection *ret_connection, struct cairn_error *err);

/* -- rbd_blob.c, rbd_blob_read.c -- */
int ceph_blob_open(void *self, const char *key, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err);
int ceph_blob_write(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err);
int ceph_blob_commit(void *self, struct cairn_stream *stream, struct cairn_error *err);
void ceph_blob_abort(void *self, struct cairn_stream *stream);
int ceph_blob_read(void *self, const char *key, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err);
int ceph_blob_info(void *self, const char *key, struct cairn_blob_info *ret_info, struct cairn_error *err);
int ceph_blob_delete(void *self, const char *key, struct cairn_error *err);
int ceph_blob_list(void *self, const char *after, struct cairn_sink *sink, struct cairn_error *err);

#define CEPH_CHUNK_NAME (CEPH_HANDLE + 32)
#define CEPH_HEAD_ATTR  "cairn"
void ceph_chunk_name(uint64_t stream, uint64_t number, const char *key, char ret_name[CEPH_CHUNK_NAME]);
/* Removes chunks 1 to count - 1, then 0: as long as one is there, the first is.  With 'count' 0 as many as there are. */
void ceph_chunks_remove(struct ceph_link *link, uint64_t stream, const char *key, uint64_t count);
/* Head as it is in the cluster, and, where the bytes are in it, those from 'offset'.  'buf' may be NULL. */
int ceph_head_read(struct ceph_link *link, const char *key, struct ceph_head *ret_head, uint64_t offset, void *buf, size_t len, size_t *ret_len,
                   struct cairn_error *err);
/* Bytes of the chunks; the range is within the blob. */
int ceph_chunks_read(struct ceph_link *link, const struct ceph_head *head, uint64_t offset, void *buf, size_t len, struct cairn_error *err);
int ceph_key_check(const char *key, struct cairn_error *err);
void ceph_head_forget(struct ceph_pool *pool, const char *key);
#endif
