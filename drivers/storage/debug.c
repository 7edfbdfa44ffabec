/* debug.c: storage driver "debug": the fake one, which misbehaves on command; see fake/debug.h. */
#include "fake.h"
#include "fake/debug.h"

#include <unistd.h>

#define DEBUG_FAKE fake_storage
#define DEBUG_TABLE debug_storage
static struct cairn_storage_driver debug_storage;       /* filled before main() or dlopen() goes on, then only read */

#define P(...) (void *self, __VA_ARGS__, struct cairn_error *err)
#define A(...) (self, __VA_ARGS__, err)
#define OP struct cairn_op *op
#define HANDLE const char *handle
#define SINK struct cairn_sink *sink
#define STREAM struct cairn_stream *stream
#define SPOIL_HANDLE SPOIL_TEXT(ret, 256)
#define SPOIL_FD if (rc == 0) close(*ret); *ret = -4711; *ret_size = UINT64_MAX; rc = 0

#define OPERATIONS(X)                                                                                                                   \
    X(pool_info, P(struct cairn_pool_info *ret), A(ret), SPOIL_STRUCT(ret))                                                             \
    X(volume_create, P(OP, const struct cairn_volume *vol, char ret[256]), A(op, vol, ret), SPOIL_HANDLE)                               \
    X(volume_delete, P(OP, HANDLE), A(op, handle), SPOIL_ERROR)                                                                         \
    X(volume_extend, P(OP, HANDLE, uint64_t size_bytes), A(op, handle, size_bytes), SPOIL_ERROR)                                        \
    X(volume_info, P(HANDLE, struct cairn_volume_info *ret), A(handle, ret), SPOIL_STRUCT(ret))                                         \
    X(volume_list, P(SINK), A(sink), SPOIL_LIST(struct cairn_volume_info))                                                              \
    X(volume_flatten, P(OP, HANDLE), A(op, handle), SPOIL_ERROR)                                                                        \
    X(snapshot_create, P(OP, HANDLE, const char *id, char ret[256]), A(op, handle, id, ret), SPOIL_HANDLE)                              \
    X(snapshot_delete, P(OP, HANDLE, const char *snapshot), A(op, handle, snapshot), SPOIL_ERROR)                                       \
    X(volume_revert, P(OP, HANDLE, const char *snapshot), A(op, handle, snapshot), SPOIL_ERROR)                                         \
    X(volume_connect, P(OP, HANDLE, const char *host_name, uint32_t read_only, struct cairn_connection *ret),                           \
      A(op, handle, host_name, read_only, ret), SPOIL_STRUCT(ret))                                                                      \
    X(volume_disconnect, P(OP, HANDLE, const char *host_name), A(op, handle, host_name), SPOIL_ERROR)                                   \
    X(volume_changes, P(HANDLE, const char *since, SINK), A(handle, since, sink), SPOIL_LIST(struct cairn_extent))                      \
    X(volume_read, P(HANDLE, uint64_t offset, void *buf, size_t len), A(handle, offset, buf, len), SPOIL_TEXT(buf, len))                \
    X(volume_write, P(HANDLE, uint64_t offset, const void *buf, size_t len), A(handle, offset, buf, len), SPOIL_ERROR)                  \
    X(image_open, P(const char *id, uint64_t hint, struct cairn_stream **ret), A(id, hint, ret),                                        \
      if (rc == 0) fake_storage.image_abort(self, *ret); *ret = NULL; rc = 0)                                                           \
    X(image_write, P(STREAM, const void *buf, size_t len), A(stream, buf, len), SPOIL_ERROR)                                            \
    X(image_commit, P(STREAM, char ret[256]), A(stream, ret), SPOIL_HANDLE)                                                             \
    X(image_read, P(HANDLE, uint64_t offset, void *buf, size_t len, size_t *ret), A(handle, offset, buf, len, ret),                     \
      *ret = len + 4711; rc = 0)                                                                                                        \
    X(image_fd, P(HANDLE, int32_t *ret, uint64_t *ret_size), A(handle, ret, ret_size), SPOIL_FD)                                        \
    X(image_info, P(HANDLE, struct cairn_blob_info *ret), A(handle, ret), SPOIL_STRUCT(ret))                                            \
    X(image_delete, P(HANDLE), A(handle), SPOIL_ERROR)                                                                                  \
    X(image_list, P(SINK), A(sink), SPOIL_LIST(struct cairn_blob_info))                                                                 \
    X(blob_open, P(const char *key, uint64_t hint, struct cairn_stream **ret), A(key, hint, ret),                                       \
      if (rc == 0) fake_storage.blob_abort(self, *ret); *ret = NULL; rc = 0)                                                            \
    X(blob_write, P(STREAM, const void *buf, size_t len), A(stream, buf, len), SPOIL_ERROR)                                             \
    X(blob_commit, P(STREAM), A(stream), SPOIL_ERROR)                                                                                   \
    X(blob_read, P(HANDLE, uint64_t offset, void *buf, size_t len, size_t *ret), A(handle, offset, buf, len, ret),                      \
      *ret = len + 4711; rc = 0)                                                                                                        \
    X(blob_fd, P(HANDLE, int32_t *ret, uint64_t *ret_size), A(handle, ret, ret_size), SPOIL_FD)                                         \
    X(blob_info, P(HANDLE, struct cairn_blob_info *ret), A(handle, ret), SPOIL_STRUCT(ret))                                             \
    X(blob_delete, P(HANDLE), A(handle), SPOIL_ERROR)                                                                                   \
    X(blob_list, P(const char *after, SINK), A(after, sink), SPOIL_LIST(struct cairn_blob_info))

OPERATIONS(DEBUG_WRAPPER)

__attribute__((constructor)) static void
debug_fill(void)
{
    debug_storage = fake_storage;       /* what is not wrapped stays the fake's */
    debug_storage.name = "debug";
    debug_storage.description = "a simulated pool that misbehaves on command";
    OPERATIONS(DEBUG_FILL)
}

CAIRN_DRIVER_EXPORT(debug_storage)
