/* storage.h: the one door to storage drivers: a wrapper for each operation of <cairn/storage.h>, where its contract stands.
 *
 * Each wrapper answers CAIRN_UNSUPPORTED when the driver leaves the operation out and CAIRN_UNAVAILABLE when the driver could not be started
 * yet; takes the lock of the driver's thread model; traces, counts and times the call; and turns rubbish in its results into CAIRN_INTERNAL.
 * 'op' may be NULL.  What a ret_ parameter points to is written on success only.  Any thread; may block as long as the driver does, so never
 * inside a transaction. */
#ifndef PLUGIN_STORAGE_H
#define PLUGIN_STORAGE_H
#include <cairn/storage.h>
#include "plugin/plugin.h"

int storage_pool_info(struct driver *d, struct cairn_pool_info *ret_info, struct cairn_error *err);
int storage_volume_create(struct driver *d, struct cairn_op *op, const struct cairn_volume *vol, char ret_handle[256],
                          struct cairn_error *err);
int storage_volume_delete(struct driver *d, struct cairn_op *op, const char *handle, struct cairn_error *err);
int storage_volume_extend(struct driver *d, struct cairn_op *op, const char *handle, uint64_t size_bytes, struct cairn_error *err);
int storage_volume_info(struct driver *d, const char *handle, struct cairn_volume_info *ret_info, struct cairn_error *err);
int storage_volume_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err);
int storage_volume_flatten(struct driver *d, struct cairn_op *op, const char *handle, struct cairn_error *err);
int storage_snapshot_create(struct driver *d, struct cairn_op *op, const char *handle, const char *snapshot_id, char ret_handle[256],
                            struct cairn_error *err);
int storage_snapshot_delete(struct driver *d, struct cairn_op *op, const char *handle, const char *snapshot_handle,
                            struct cairn_error *err);
int storage_volume_revert(struct driver *d, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err);
int storage_volume_connect(struct driver *d, struct cairn_op *op, const char *handle, const char *host_name, uint32_t read_only,
                           struct cairn_connection *ret_connection, struct cairn_error *err);
int storage_volume_disconnect(struct driver *d, struct cairn_op *op, const char *handle, const char *host_name, struct cairn_error *err);
int storage_volume_export(struct driver *d, struct cairn_op *op, const char *handle, struct cairn_connection *ret_connection,
                          struct cairn_error *err);
int storage_volume_unexport(struct driver *d, struct cairn_op *op, const char *handle, struct cairn_error *err);
int storage_volume_changes(struct driver *d, const char *handle, const char *since, struct cairn_sink *sink, struct cairn_error *err);
int storage_volume_read(struct driver *d, const char *handle, uint64_t offset, void *buf, size_t len, struct cairn_error *err);
int storage_volume_write(struct driver *d, const char *handle, uint64_t offset, const void *buf, size_t len, struct cairn_error *err);
int storage_image_open(struct driver *d, const char *id, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err);
int storage_image_write(struct driver *d, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err);
int storage_image_commit(struct driver *d, struct cairn_stream *stream, char ret_handle[256], struct cairn_error *err);
void storage_image_abort(struct driver *d, struct cairn_stream *stream);
int storage_image_read(struct driver *d, const char *handle, uint64_t offset, void *buf, size_t len, size_t *ret_len,
                       struct cairn_error *err);
int storage_image_fd(struct driver *d, const char *handle, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err);
int storage_image_info(struct driver *d, const char *handle, struct cairn_blob_info *ret_info, struct cairn_error *err);
int storage_image_delete(struct driver *d, const char *handle, struct cairn_error *err);
int storage_image_list(struct driver *d, struct cairn_sink *sink, struct cairn_error *err);
int storage_image_connect(struct driver *d, const char *handle, struct cairn_connection *ret_connection, struct cairn_error *err);
int storage_blob_open(struct driver *d, const char *key, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err);
int storage_blob_write(struct driver *d, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err);
int storage_blob_commit(struct driver *d, struct cairn_stream *stream, struct cairn_error *err);
void storage_blob_abort(struct driver *d, struct cairn_stream *stream);
int storage_blob_read(struct driver *d, const char *key, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err);
int storage_blob_fd(struct driver *d, const char *key, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err);
int storage_blob_info(struct driver *d, const char *key, struct cairn_blob_info *ret_info, struct cairn_error *err);
int storage_blob_delete(struct driver *d, const char *key, struct cairn_error *err);
int storage_blob_list(struct driver *d, const char *after, struct cairn_sink *sink, struct cairn_error *err);
#endif
