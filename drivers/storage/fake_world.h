/* fake_world.h: storage driver "fake": what its two halves share. */
#ifndef DRIVERS_STORAGE_FAKE_WORLD_H
#define DRIVERS_STORAGE_FAKE_WORLD_H
#include "fake.h"

struct fake_snapshot {
    struct fake_snapshot *next;
    char id[64];
    uint64_t size_bytes;
    struct disk disk;
};
struct fake_volume {
    struct fake_volume *next, **prev_next;
    char id[64];                /* the handle too */
    char source[132];
    uint32_t source_kind;
    uint64_t size_bytes;
    struct disk disk;
    struct fake_snapshot *snapshots;    /* owned */
};
struct fake_item {              /* an image or a blob */
    char name[208];
    int64_t created_us;
    struct bytes *bytes;        /* one reference */
};

struct fake_world {
    struct sim_world world;     /* its lock guards the rest */
    struct sim_map volumes;     /* struct fake_volume, which also stand in a list */
    struct fake_volume *volumes_first;
    uint64_t provisioned_bytes;
    struct sim_map shelves[2];  /* struct fake_item */
    struct bytes_budget budget;
};
struct fake {
    struct sim_instance inst;
};

struct fake_world *fake_world_of(void *self);
/* The rules' part of every operation, then the lock; pair with fake_leave(), which answers its 'rc'. */
int fake_enter(void *self, struct cairn_op *op, const char *name, struct cairn_error *err);
int fake_leave(void *self, int rc);
int fake_name_ok(const char *name, size_t max);         /* as the file driver's names */
void fake_keep(void *value);                            /* for sim_map_free(): the values are freed elsewhere */

/* -- fake_store.c -- */
void fake_store_end(struct fake_world *world);
/* Borrowed; the lock is held.  NULL: CAIRN_NOT_FOUND. */
struct bytes *fake_image_get(struct fake_world *world, const char *handle, struct cairn_error *err);
uint64_t fake_virtual_size(const struct bytes *image, uint32_t format);

int fake_image_open(void *self, const char *id, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err);
int fake_image_write(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err);
int fake_image_commit(void *self, struct cairn_stream *stream, char ret_handle[256], struct cairn_error *err);
int fake_image_read(void *self, const char *handle, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err);
int fake_image_fd(void *self, const char *handle, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err);
int fake_image_info(void *self, const char *handle, struct cairn_blob_info *ret_info, struct cairn_error *err);
int fake_image_delete(void *self, const char *handle, struct cairn_error *err);
int fake_image_list(void *self, struct cairn_sink *sink, struct cairn_error *err);
int fake_blob_open(void *self, const char *key, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err);
int fake_blob_write(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err);
int fake_blob_commit(void *self, struct cairn_stream *stream, struct cairn_error *err);
int fake_blob_read(void *self, const char *key, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err);
int fake_blob_fd(void *self, const char *key, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err);
int fake_blob_info(void *self, const char *key, struct cairn_blob_info *ret_info, struct cairn_error *err);
int fake_blob_delete(void *self, const char *key, struct cairn_error *err);
int fake_blob_list(void *self, const char *after, struct cairn_sink *sink, struct cairn_error *err);
void fake_stream_abort(void *self, struct cairn_stream *stream);
#endif
