/* cairn/storage.h: what a storage driver does: it keeps volumes, images and blobs. */
#ifndef CAIRN_STORAGE_H
#define CAIRN_STORAGE_H

#include <cairn/driver.h>
#include <cairn/connection.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CAIRN_STORAGE_CAN_VOLUMES       (UINT64_C(1) << 0)
#define CAIRN_STORAGE_CAN_IMAGES        (UINT64_C(1) << 1)
#define CAIRN_STORAGE_CAN_BLOBS         (UINT64_C(1) << 2)
#define CAIRN_STORAGE_CAN_CLONE         (UINT64_C(1) << 3)      /* copy-on-write clones of images, volumes, snapshots */
#define CAIRN_STORAGE_CAN_SNAPSHOT      (UINT64_C(1) << 4)
#define CAIRN_STORAGE_CAN_REVERT        (UINT64_C(1) << 5)
#define CAIRN_STORAGE_SHARED            (UINT64_C(1) << 6)      /* every host reaches it */
#define CAIRN_STORAGE_SIMULATED         (UINT64_C(1) << 7)

/* Handles name a thing in this pool for ever: printable ASCII without blank or '/', at most 255, made by the driver. */

enum cairn_source_kind { CAIRN_SOURCE_NONE = 0, CAIRN_SOURCE_IMAGE = 1, CAIRN_SOURCE_VOLUME = 2, CAIRN_SOURCE_SNAPSHOT = 3, CAIRN_SOURCE_CONNECTION = 4 };

struct cairn_volume {
    uint32_t size;
    uint32_t source_kind;
    uint64_t size_bytes;        /* multiple of 1 MiB; at least the source's virtual size */
    const char *id;             /* UUID */
    const char *source_handle;  /* image, volume or snapshot of this pool; NULL for NONE and CONNECTION */
    uint32_t source_format;     /* enum cairn_disk_format of the image; pinned when it was uploaded, never probed */
    uint32_t preallocate;
    const struct cairn_connection *source;      /* CONNECTION: copy from there */
    const struct cairn_pair *const *properties; /* volume type's extra specs */
    uint32_t properties_count;
    uint32_t reserved;
};

struct cairn_pool_info {
    uint32_t size;
    uint32_t thin;              /* 1: space is used as it is written */
    uint64_t total_bytes, free_bytes, provisioned_bytes;
};

struct cairn_volume_info {      /* one element of volume_list(), and of volume_info() */
    uint32_t size;
    uint32_t format;
    char id[64];                /* the id it was made with */
    char handle[256];
    uint64_t size_bytes;        /* virtual */
    uint64_t used_bytes;
};

/* Byte stores.  An image and a blob are both written once, by one stream, and appear whole at commit or not at all. */
struct cairn_stream;            /* the driver's own: one upload under way */

struct cairn_blob_info {
    uint32_t size;
    uint32_t reserved;
    char key[256];
    uint64_t size_bytes;
    int64_t created_us;
};

struct cairn_extent {           /* one element of volume_changes() */
    uint32_t size;
    uint32_t zero;              /* reads as zeros */
    uint64_t offset, length;
};

/* Object = vol->id, or the handle.  Common errors: CAIRN_NO_SPACE, CAIRN_NOT_FOUND, CAIRN_EXISTS (there, but different),
 * CAIRN_CONFLICT (in use, has snapshots or clones), CAIRN_UNAVAILABLE (worth a retry). */
struct cairn_storage_driver {
    CAIRN_DRIVER_COMMON;

    int (*pool_info)(void *self, struct cairn_pool_info *ret_info, struct cairn_error *err);       /* *required* */

    /* Creates the volume, or finds it as asked for already: a task may run this again after a crash.  New space reads as zeros.
     * '*ret_handle' is char[256]. */
    int (*volume_create)(void *self, struct cairn_op *op, const struct cairn_volume *vol, char ret_handle[256], struct cairn_error *err);
    int (*volume_delete)(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err);
    /* Never shrinks: CAIRN_INVALID.  The compute driver tells the guest. */
    int (*volume_extend)(void *self, struct cairn_op *op, const char *handle, uint64_t size_bytes, struct cairn_error *err);
    int (*volume_info)(void *self, const char *handle, struct cairn_volume_info *ret_info, struct cairn_error *err);
    /* emit(sink, struct cairn_volume_info) for every volume in the pool. */
    int (*volume_list)(void *self, struct cairn_sink *sink, struct cairn_error *err);
    /* Reverse of create from a source: the volume stands alone afterwards. */
    int (*volume_flatten)(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err);

    int (*snapshot_create)(void *self, struct cairn_op *op, const char *handle, const char *snapshot_id, char ret_handle[256],
                           struct cairn_error *err);
    int (*snapshot_delete)(void *self, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err);
    int (*volume_revert)(void *self, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err);

    /* Makes the volume usable on host 'host_name' and tells how; the reverse.  Counted by the daemon: one connect for each user. */
    int (*volume_connect)(void *self, struct cairn_op *op, const char *handle, const char *host_name, uint32_t read_only,
                          struct cairn_connection *ret_connection, struct cairn_error *err);
    int (*volume_disconnect)(void *self, struct cairn_op *op, const char *handle, const char *host_name, struct cairn_error *err);
    /* Serves a local volume to other hosts (NBD with TLS), and ends that. */
    int (*volume_export)(void *self, struct cairn_op *op, const char *handle, struct cairn_connection *ret_connection, struct cairn_error *err);
    int (*volume_unexport)(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err);

    /* Backup: what differs from snapshot 'since' (NULL: what is not zero); emit(sink, struct cairn_extent), ascending. */
    int (*volume_changes)(void *self, const char *handle, const char *since, struct cairn_sink *sink, struct cairn_error *err);
    int (*volume_read)(void *self, const char *handle, uint64_t offset, void *buf, size_t len, struct cairn_error *err);
    int (*volume_write)(void *self, const char *handle, uint64_t offset, const void *buf, size_t len, struct cairn_error *err);

    /* The image store.  'id' is the image's UUID, 'size_hint' 0 if unknown.  image_write() is called in order from one thread at a
     * time; image_commit() makes the bytes durable and visible, takes the stream in any case, and answers the handle. */
    int (*image_open)(void *self, const char *id, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err);
    int (*image_write)(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err);
    int (*image_commit)(void *self, struct cairn_stream *stream, char ret_handle[256], struct cairn_error *err);
    void (*image_abort)(void *self, struct cairn_stream *stream);
    /* Reads exactly 'len' bytes unless the end comes first; '*ret_len' tells. */
    int (*image_read)(void *self, const char *handle, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err);
    /* A file descriptor of the image's bytes for sendfile(), or CAIRN_UNSUPPORTED.  The caller closes it. */
    int (*image_fd)(void *self, const char *handle, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err);
    int (*image_info)(void *self, const char *handle, struct cairn_blob_info *ret_info, struct cairn_error *err);
    int (*image_delete)(void *self, const char *handle, struct cairn_error *err);
    int (*image_list)(void *self, struct cairn_sink *sink, struct cairn_error *err);     /* emit struct cairn_blob_info */
    /* Where a tool of the daemon's (inspection, conversion) finds the image on this host, read-only. */
    int (*image_connect)(void *self, const char *handle, struct cairn_connection *ret_connection, struct cairn_error *err);

    /* Blobs: the object store's bytes, under keys that the caller makes ([A-Za-z0-9._-], at most 200).  As images. */
    int (*blob_open)(void *self, const char *key, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err);
    int (*blob_write)(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err);
    int (*blob_commit)(void *self, struct cairn_stream *stream, struct cairn_error *err);
    void (*blob_abort)(void *self, struct cairn_stream *stream);
    int (*blob_read)(void *self, const char *key, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err);
    int (*blob_fd)(void *self, const char *key, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err);
    int (*blob_info)(void *self, const char *key, struct cairn_blob_info *ret_info, struct cairn_error *err);
    int (*blob_delete)(void *self, const char *key, struct cairn_error *err);
    int (*blob_list)(void *self, const char *after, struct cairn_sink *sink, struct cairn_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
