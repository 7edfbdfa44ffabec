/* storage.c: the wrappers of the storage operations. */
#include <config.h>
#include "plugin/storage.h"

#include <string.h>

#include "plugin/internal.h"

#define OP(d, operation) ((const struct cairn_storage_driver *)(const void *)(d)->module->table)->operation
#define BEGIN(operation, object, op)                                                                    \
    struct call call;                                                                                   \
    int rc;                                                                                             \
    if (call_begin(&call, d, OP_storage_##operation, object, op, 0, err) < 0)                           \
        return -1
#define PLAIN(operation, object, op, ...)                                                               \
    BEGIN(operation, object, op);                                                                       \
    rc = OP(d, operation)(d->self, __VA_ARGS__, &call.err);                                             \
    return call_end(&call, rc, err)
/* An operation that answers a handle. */
#define HANDLE(operation, object, op, ...)                                                              \
    char made[256] = "";                                                                                \
    BEGIN(operation, object, op);                                                                       \
    rc = OP(d, operation)(d->self, __VA_ARGS__, made, &call.err);                                       \
    check_handle(&call, &rc, made);                                                                     \
    if (call_end(&call, rc, err) < 0)                                                                   \
        return -1;                                                                                      \
    memcpy(ret_handle, made, sizeof made);                                                              \
    return 0
#define CONNECTION(operation, object, op, ...)                                                          \
    struct cairn_connection conn = { .size = sizeof conn };                                             \
    BEGIN(operation, object, op);                                                                       \
    rc = OP(d, operation)(d->self, __VA_ARGS__, &conn, &call.err);                                      \
    check_connection(&call, &rc, &conn);                                                                \
    if (call_end(&call, rc, err) < 0)                                                                   \
        return -1;                                                                                      \
    *ret_connection = conn;                                                                             \
    return 0
#define READ(operation, object)                                                                         \
    size_t got = 0;                                                                                     \
    BEGIN(operation, object, NULL);                                                                     \
    rc = OP(d, operation)(d->self, object, offset, buf, len, &got, &call.err);                          \
    if (rc == 0 && got > len)                                                                           \
        call_rubbish(&call, &rc, "more bytes than were asked for");                                     \
    if (call_end(&call, rc, err) < 0)                                                                   \
        return -1;                                                                                      \
    *ret_len = got;                                                                                     \
    return 0
#define OPEN_FD(operation, object)                                                                      \
    int32_t fd = -1;                                                                                    \
    uint64_t size = 0;                                                                                  \
    BEGIN(operation, object, NULL);                                                                     \
    rc = OP(d, operation)(d->self, object, &fd, &size, &call.err);                                      \
    check_fd(&call, &rc, fd);                                                                           \
    if (call_end(&call, rc, err) < 0)                                                                   \
        return -1;                                                                                      \
    *ret_fd = fd;                                                                                       \
    *ret_size = size;                                                                                   \
    return 0
#define OPEN_STREAM(operation, id)                                                                      \
    struct cairn_stream *stream = NULL;                                                                 \
    BEGIN(operation, id, NULL);                                                                         \
    rc = OP(d, operation)(d->self, id, size_hint, &stream, &call.err);                                  \
    if (rc == 0 && stream == NULL)                                                                      \
        call_rubbish(&call, &rc, "no stream");                                                          \
    if (call_end(&call, rc, err) < 0)                                                                   \
        return -1;                                                                                      \
    *ret_stream = stream;                                                                               \
    return 0
#define INFO(type, operation, object, is_ok)                                                            \
    struct type info = { .size = sizeof info };                                                         \
    BEGIN(operation, object, NULL);                                                                     \
    rc = OP(d, operation)(d->self, object, &info, &call.err);                                           \
    if (rc == 0 && !is_ok(&info))                                                                       \
        call_rubbish(&call, &rc, "text that is missing, not printable or does not end");                \
    if (call_end(&call, rc, err) < 0)                                                                   \
        return -1;                                                                                      \
    info.size = sizeof info;                                                                            \
    *ret_info = info;                                                                                   \
    return 0
#define LIST(type, operation, is_ok, ...)                                                               \
    struct list list;                                                                                   \
    BEGIN(operation, NULL, NULL);                                                                       \
    list_begin(&list, sink, sizeof(struct type), is_ok);                                                \
    rc = OP(d, operation)(d->self, __VA_ARGS__ &list.sink, &call.err);                                  \
    list_end(&list, &call, &rc);                                                                        \
    return call_end(&call, rc, err)
#define ABORT(operation)                                                                                \
    struct call call;                                                                                   \
    if (call_begin(&call, d, OP_storage_##operation, NULL, NULL, 0, NULL) < 0)                          \
        return;                                                                                         \
    OP(d, operation)(d->self, stream);                                                                  \
    call_end(&call, 0, NULL)

static int
volume_ok(const void *item)
{
    const struct cairn_volume_info *v = item;

    return text_ok(v->id, sizeof v->id, 1) && text_ok(v->handle, sizeof v->handle, 0);
}

static int
blob_ok(const void *item)
{
    const struct cairn_blob_info *b = item;

    return text_ok(b->key, sizeof b->key, 0);
}

static int
extent_ok(const void *item)
{
    const struct cairn_extent *e = item;

    return e->length > 0 && e->offset <= UINT64_MAX - e->length;
}

int
storage_pool_info(struct driver *d, struct cairn_pool_info *ret_info, struct cairn_error *err)
{
    struct cairn_pool_info info = { .size = sizeof info };
    BEGIN(pool_info, NULL, NULL);

    rc = OP(d, pool_info)(d->self, &info, &call.err);
    if (rc == 0 && info.free_bytes > info.total_bytes)
        call_rubbish(&call, &rc, "more free space than there is space");
    if (call_end(&call, rc, err) < 0)
        return -1;
    info.size = sizeof info;
    *ret_info = info;
    return 0;
}

int
storage_volume_create(struct driver *d, struct cairn_op *op, const struct cairn_volume *vol, char ret_handle[256],
                      struct cairn_error *err)
{
    HANDLE(volume_create, vol->id, op, &call.op, vol);
}

int
storage_volume_delete(struct driver *d, struct cairn_op *op, const char *handle, struct cairn_error *err)
{
    PLAIN(volume_delete, handle, op, &call.op, handle);
}

int
storage_volume_extend(struct driver *d, struct cairn_op *op, const char *handle, uint64_t size_bytes, struct cairn_error *err)
{
    PLAIN(volume_extend, handle, op, &call.op, handle, size_bytes);
}

int
storage_volume_info(struct driver *d, const char *handle, struct cairn_volume_info *ret_info, struct cairn_error *err)
{
    INFO(cairn_volume_info, volume_info, handle, volume_ok);
}

int
storage_volume_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err)
{
    LIST(cairn_volume_info, volume_list, volume_ok, );
}

int
storage_volume_flatten(struct driver *d, struct cairn_op *op, const char *handle, struct cairn_error *err)
{
    PLAIN(volume_flatten, handle, op, &call.op, handle);
}

int
storage_snapshot_create(struct driver *d, struct cairn_op *op, const char *handle, const char *snapshot_id, char ret_handle[256],
                        struct cairn_error *err)
{
    HANDLE(snapshot_create, handle, op, &call.op, handle, snapshot_id);
}

int
storage_snapshot_delete(struct driver *d, struct cairn_op *op, const char *handle, const char *snapshot_handle,
                        struct cairn_error *err)
{
    PLAIN(snapshot_delete, handle, op, &call.op, handle, snapshot_handle);
}

int
storage_volume_revert(struct driver *d, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err)
{
    PLAIN(volume_revert, handle, op, &call.op, handle, snapshot_handle);
}

int
storage_volume_connect(struct driver *d, struct cairn_op *op, const char *handle, const char *host_name, uint32_t read_only,
                       struct cairn_connection *ret_connection, struct cairn_error *err)
{
    CONNECTION(volume_connect, handle, op, &call.op, handle, host_name, read_only);
}

int
storage_volume_disconnect(struct driver *d, struct cairn_op *op, const char *handle, const char *host_name, struct cairn_error *err)
{
    PLAIN(volume_disconnect, handle, op, &call.op, handle, host_name);
}

int
storage_volume_export(struct driver *d, struct cairn_op *op, const char *handle, struct cairn_connection *ret_connection,
                      struct cairn_error *err)
{
    CONNECTION(volume_export, handle, op, &call.op, handle);
}

int
storage_volume_unexport(struct driver *d, struct cairn_op *op, const char *handle, struct cairn_error *err)
{
    PLAIN(volume_unexport, handle, op, &call.op, handle);
}

int
storage_volume_changes(struct driver *d, const char *handle, const char *since, struct cairn_sink *sink, struct cairn_error *err)
{
    LIST(cairn_extent, volume_changes, extent_ok, handle, since, );
}

int
storage_volume_read(struct driver *d, const char *handle, uint64_t offset, void *buf, size_t len, struct cairn_error *err)
{
    PLAIN(volume_read, handle, NULL, handle, offset, buf, len);
}

int
storage_volume_write(struct driver *d, const char *handle, uint64_t offset, const void *buf, size_t len, struct cairn_error *err)
{
    PLAIN(volume_write, handle, NULL, handle, offset, buf, len);
}

int
storage_image_open(struct driver *d, const char *id, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err)
{
    OPEN_STREAM(image_open, id);
}

int
storage_image_write(struct driver *d, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err)
{
    PLAIN(image_write, NULL, NULL, stream, buf, len);
}

int
storage_image_commit(struct driver *d, struct cairn_stream *stream, char ret_handle[256], struct cairn_error *err)
{
    HANDLE(image_commit, NULL, NULL, stream);
}

void
storage_image_abort(struct driver *d, struct cairn_stream *stream)
{
    ABORT(image_abort);
}

int
storage_image_read(struct driver *d, const char *handle, uint64_t offset, void *buf, size_t len, size_t *ret_len,
                   struct cairn_error *err)
{
    READ(image_read, handle);
}

int
storage_image_fd(struct driver *d, const char *handle, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err)
{
    OPEN_FD(image_fd, handle);
}

int
storage_image_info(struct driver *d, const char *handle, struct cairn_blob_info *ret_info, struct cairn_error *err)
{
    INFO(cairn_blob_info, image_info, handle, blob_ok);
}

int
storage_image_delete(struct driver *d, const char *handle, struct cairn_error *err)
{
    PLAIN(image_delete, handle, NULL, handle);
}

int
storage_image_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err)
{
    LIST(cairn_blob_info, image_list, blob_ok, );
}

int
storage_image_connect(struct driver *d, const char *handle, struct cairn_connection *ret_connection, struct cairn_error *err)
{
    CONNECTION(image_connect, handle, NULL, handle);
}

int
storage_blob_open(struct driver *d, const char *key, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err)
{
    OPEN_STREAM(blob_open, key);
}

int
storage_blob_write(struct driver *d, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err)
{
    PLAIN(blob_write, NULL, NULL, stream, buf, len);
}

int
storage_blob_commit(struct driver *d, struct cairn_stream *stream, struct cairn_error *err)
{
    PLAIN(blob_commit, NULL, NULL, stream);
}

void
storage_blob_abort(struct driver *d, struct cairn_stream *stream)
{
    ABORT(blob_abort);
}

int
storage_blob_read(struct driver *d, const char *key, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err)
{
    READ(blob_read, key);
}

int
storage_blob_fd(struct driver *d, const char *key, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err)
{
    OPEN_FD(blob_fd, key);
}

int
storage_blob_info(struct driver *d, const char *key, struct cairn_blob_info *ret_info, struct cairn_error *err)
{
    INFO(cairn_blob_info, blob_info, key, blob_ok);
}

int
storage_blob_delete(struct driver *d, const char *key, struct cairn_error *err)
{
    PLAIN(blob_delete, key, NULL, key);
}

int
storage_blob_list(struct driver *d, const char *after, struct cairn_sink *sink, struct cairn_error *err)
{
    LIST(cairn_blob_info, blob_list, blob_ok, after, );
}
