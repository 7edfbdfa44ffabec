/* file.h: storage driver "file": the pool that its parts share.  file.c life cycle and table, file_volume.c volumes, file_store.c
 * images and blobs, file_tmp.c files that appear whole or not at all, file_qcow2.c the little of qcow2 that is read and written here.
 *
 *     DIR/.lock                shared by every live instance; who gets it alone may sweep
 *     DIR/volumes/ID.FORMAT    the name is the handle and pins the format: nothing is ever probed
 *     DIR/base/ID              what volume ID lies over: a hard link of its own to the image's bytes, so that deleting the image or
 *                              another volume takes nothing away; the bytes go with their last link
 *     DIR/images/ID  DIR/blobs/HH/KEY  DIR/tmp/
 */
#ifndef DRIVERS_STORAGE_FILE_H
#define DRIVERS_STORAGE_FILE_H

#include <cairn/storage.h>
#include <sys/stat.h>
#include <sys/types.h>

#define FILE_HANDLE 256         /* bytes of a handle with its NUL */
#define FILE_LITTLE (UINT64_C(1) << 20)     /* thin things begin with less than this */
#define FILE_PATH   1024        /* of a path with its NUL: struct cairn_connection has no more */

/* One instance, e.g. [storage:fast].  Written by configure() and start(), then only read: no lock. */
struct file_pool {
    const struct cairn_host *host;      /* borrowed; outlives the pool */
    char dir[FILE_PATH / 2];
    uint64_t reserved_bytes;            /* of the file system, never given out */
    uint32_t format;                    /* enum cairn_disk_format of new volumes */
    uint32_t convert_ms;                /* deadline of a copy */
    int lock_fd, volumes_fd, base_fd, images_fd, blobs_fd, tmp_fd;      /* owned; -1 before start() */
};

/* -- names -- */
/* 1: may be a file's name: [A-Za-z0-9._-], no '.' in front, at most 'max' characters.  Everything that comes from outside passes here. */
int file_name_ok(const char *name, size_t max);
int file_name_check(const char *what, const char *name, size_t max, struct cairn_error *err);
const char *file_format_name(uint32_t format);          /* "qcow2", as qemu-img says it */

/* -- files that appear whole -- */
struct file_tmp {
    int fd;                     /* owned */
    char name[48];              /* in tmp/, or empty: the file has no name yet and vanishes with the descriptor */
};
/* 'named': somebody else must open it by its path. */
int file_tmp_open(const struct file_pool *pool, int named, struct file_tmp *ret_tmp, struct cairn_error *err);
/* Makes the bytes durable, then gives them their name.  Answers 0 or an errno (EEXIST: the name is taken).  The file stays open. */
int file_tmp_publish(const struct file_pool *pool, struct file_tmp *tmp, int dir_fd, const char *name);
void file_tmp_drop(const struct file_pool *pool, struct file_tmp *tmp);
int file_pread_all(int fd, void *buf, size_t len, uint64_t offset, size_t *ret_len);    /* errno or 0 */
int file_pwrite_all(int fd, const void *buf, size_t len, uint64_t offset);              /* errno or 0 */
/* Copies all of 'from' into 'to', sharing blocks where the file system can.  errno or 0; ECANCELED when 'op' was called off. */
int file_copy(const struct file_pool *pool, struct cairn_op *op, int from, int to, uint64_t size);
/* Free for us, reserve taken off. */
int file_free_bytes(const struct file_pool *pool, uint64_t *ret_total, uint64_t *ret_free, struct cairn_error *err);
int file_room_for(const struct file_pool *pool, uint64_t bytes, struct cairn_error *err);
/* Calls fn for each name in the directory that file_name_ok() accepts; a nonzero answer ends it. */
int file_each_name(int dir_fd, int (*fn)(void *arg, const char *name), void *arg, struct cairn_error *err);

/* -- qcow2 -- */
struct file_qcow2 {
    uint64_t size_bytes;        /* virtual */
    uint64_t incompatible;      /* feature bits */
    uint64_t snapshots_offset;
    uint32_t snapshots_count;
    uint32_t encrypted;
    char backing[256];          /* empty: none */
    char backing_format[16];    /* as the header says, never probed */
};
int file_qcow2_read(int fd, struct file_qcow2 *ret_header, struct cairn_error *err);
/* CAIRN_INVALID unless the bytes stand alone: no backing file, data file, encryption or feature that is not known here. */
int file_qcow2_standalone(const struct file_qcow2 *header, struct cairn_error *err);
/* Writes an empty image into an empty file.  'backing' may be NULL. */
int file_qcow2_write(int fd, uint64_t size_bytes, const char *backing, const char *backing_format, struct cairn_error *err);
/* 1 there, 0 not, -1 error. */
int file_qcow2_has_snapshot(int fd, const struct file_qcow2 *header, const char *name, struct cairn_error *err);

/* -- operations, file_volume.c -- */
int file_volume_create(void *self, struct cairn_op *op, const struct cairn_volume *vol, char ret_handle[256], struct cairn_error *err);
int file_volume_delete(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err);
int file_volume_extend(void *self, struct cairn_op *op, const char *handle, uint64_t size_bytes, struct cairn_error *err);
int file_volume_info(void *self, const char *handle, struct cairn_volume_info *ret_info, struct cairn_error *err);
int file_volume_list(void *self, struct cairn_sink *sink, struct cairn_error *err);
int file_volume_flatten(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err);
int file_volume_connect(void *self, struct cairn_op *op, const char *handle, const char *host_name, uint32_t read_only,
                        struct cairn_connection *ret_connection, struct cairn_error *err);
int file_volume_disconnect(void *self, struct cairn_op *op, const char *handle, const char *host_name, struct cairn_error *err);
int file_volume_changes(void *self, const char *handle, const char *since, struct cairn_sink *sink, struct cairn_error *err);
int file_volume_read(void *self, const char *handle, uint64_t offset, void *buf, size_t len, struct cairn_error *err);
int file_volume_write(void *self, const char *handle, uint64_t offset, const void *buf, size_t len, struct cairn_error *err);
int file_snapshot_create(void *self, struct cairn_op *op, const char *handle, const char *snapshot_id, char ret_handle[256],
                         struct cairn_error *err);
int file_snapshot_delete(void *self, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err);
int file_volume_revert(void *self, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err);

/* -- shared by the volume files -- */
struct file_volume {            /* a handle taken apart, and its file opened */
    char id[64];
    uint32_t format;
    int fd;                     /* owned */
    struct file_qcow2 header;   /* QCOW2 only */
    uint64_t size_bytes;        /* virtual */
    uint64_t used_bytes;
};
#define FILE_VOLUME_INIT { .fd = -1 }
/* CAIRN_NOT_FOUND when it is gone.  'flags' O_RDONLY or O_RDWR. */
int file_volume_open(const struct file_pool *pool, const char *handle, int flags, struct file_volume *ret_volume, struct cairn_error *err);
void file_volume_close(struct file_volume *volume);
/* CAIRN_CONFLICT when QEMU has it open for writing (or for reading, with 'alone'). */
int file_volume_idle(const struct file_volume *volume, const char *handle, int alone, struct cairn_error *err);
int file_path(const struct file_pool *pool, const char *folder, const char *name, char ret_path[FILE_PATH], struct cairn_error *err);
/* Gives volume 'id' a base of its own: a hard link to the bytes at 'name' in 'dir_fd'.  One from an attempt that failed is replaced. */
int file_base_link(const struct file_pool *pool, int dir_fd, const char *name, const char *id, struct cairn_error *err);
/* Runs qemu-img with limits.  argv begins with "qemu-img". */
int file_tool(const struct file_pool *pool, struct cairn_op *op, uint32_t timeout_ms, const char *const *argv, struct cairn_error *err);
/* Fills 'tmp' (named) with a copy, in the pool's format, at least as large as vol->size_bytes.  file_copy.c */
int file_fill_copy(const struct file_pool *pool, struct cairn_op *op, const struct cairn_volume *vol, struct file_tmp *tmp, struct cairn_error *err);
/* Sets a qcow2 file's virtual size; it only grows. */
int file_qcow2_grow(const struct file_pool *pool, struct cairn_op *op, const char *path, uint64_t size_bytes, struct cairn_error *err);
/* "VOLUME@SNAPSHOT" taken apart; with 'handle' given the volume part must be that. */
int file_snapshot_parse(const char *snapshot_handle, const char *handle, char ret_volume[FILE_HANDLE], char ret_id[64],
                        struct cairn_error *err);

/* -- operations, file_store.c -- */
int file_image_open(void *self, const char *id, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err);
int file_blob_open(void *self, const char *key, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err);
int file_stream_write(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err);
int file_image_commit(void *self, struct cairn_stream *stream, char ret_handle[256], struct cairn_error *err);
int file_blob_commit(void *self, struct cairn_stream *stream, struct cairn_error *err);
void file_stream_abort(void *self, struct cairn_stream *stream);
int file_image_read(void *self, const char *handle, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err);
int file_blob_read(void *self, const char *key, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err);
int file_image_fd(void *self, const char *handle, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err);
int file_blob_fd(void *self, const char *key, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err);
int file_image_info(void *self, const char *handle, struct cairn_blob_info *ret_info, struct cairn_error *err);
int file_blob_info(void *self, const char *key, struct cairn_blob_info *ret_info, struct cairn_error *err);
int file_image_delete(void *self, const char *handle, struct cairn_error *err);
int file_blob_delete(void *self, const char *key, struct cairn_error *err);
int file_image_list(void *self, struct cairn_sink *sink, struct cairn_error *err);
int file_blob_list(void *self, const char *after, struct cairn_sink *sink, struct cairn_error *err);
int file_image_connect(void *self, const char *handle, struct cairn_connection *ret_connection, struct cairn_error *err);
#endif
