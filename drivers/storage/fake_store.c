/* fake_store.c: storage driver "fake": images and blobs.  Both are shelves of named bytes that are written once; one code serves both. */
#include "fake_world.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

enum shelf { IMAGES = 0, BLOBS = 1 };
static const size_t name_max[] = { [IMAGES] = 63, [BLOBS] = 200 };

struct cairn_stream {
    enum shelf shelf;
    char name[208];
    struct bytes *bytes;        /* owned until committed */
};

static void
item_free(struct fake_world *world, struct fake_item *item)
{
    if (item != NULL)
        bytes_put(item->bytes, &world->budget);
    free(item);
}

/* sim_map_free() knows no world: bytes are put first, items then. */
static int
item_drop_bytes(void *arg, void *value)
{
    bytes_put(((struct fake_item *)value)->bytes, &((struct fake_world *)arg)->budget);
    return 0;
}

void
fake_store_end(struct fake_world *world)
{
    for (int i = 0; i < 2; i++) {
        sim_map_each(&world->shelves[i], item_drop_bytes, world);
        sim_map_free(&world->shelves[i], free);
    }
}

/* The world is locked. */
static struct fake_item *
item_find(struct fake_world *world, enum shelf shelf, const char *name, struct cairn_error *err)
{
    struct fake_item *item = NULL;

    if (!fake_name_ok(name, name_max[shelf]))
        cairn_fail(err, CAIRN_INVALID, "'%.80s' cannot be a name here", name != NULL ? name : "(null)");
    else if ((item = sim_map_get(&world->shelves[shelf], name)) == NULL)
        cairn_fail(err, CAIRN_NOT_FOUND, "there is no '%s' in this simulation", name);
    return item;
}

struct bytes *
fake_image_get(struct fake_world *world, const char *handle, struct cairn_error *err)
{
    struct fake_item *item = item_find(world, IMAGES, handle, err);

    return item != NULL ? item->bytes : NULL;
}

/* A qcow2 image is kept as it came and never opened; only how large its disk is stands in its head. */
uint64_t
fake_virtual_size(const struct bytes *image, uint32_t format)
{
    unsigned char head[32];
    uint64_t size = 0;
    size_t got = 0;

    if (format != CAIRN_FORMAT_QCOW2 || bytes_read(image, 0, head, sizeof head, &got, NULL) < 0 || got < sizeof head ||
        memcmp(head, "QFI\xfb", 4) != 0)
        return image->len;
    for (int i = 24; i < 32; i++)
        size = size << 8 | head[i];
    return size;
}

/* -- streams -- */

static int
stream_open(void *self, enum shelf shelf, const char *op_name, const char *name, struct cairn_stream **ret_stream, struct cairn_error *err)
{
    struct cairn_stream *stream;

    if (!fake_name_ok(name, name_max[shelf]))
        return cairn_fail(err, CAIRN_INVALID, "'%.80s' cannot be a name here", name != NULL ? name : "(null)");
    if (sim_before(((struct fake *)self)->inst.sim, NULL, op_name, err) < 0)
        return -1;
    stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
    stream->shelf = shelf;
    snprintf(stream->name, sizeof stream->name, "%s", name);
    if ((stream->bytes = bytes_new(err)) == NULL) {
        free(stream);
        return -1;
    }
    *ret_stream = stream;
    return 0;
}

static int
stream_write(void *self, const char *op_name, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err)
{
    struct fake_world *world = fake_world_of(self);

    if (sim_before(((struct fake *)self)->inst.sim, NULL, op_name, err) < 0)
        return -1;
    return bytes_append(stream->bytes, &world->budget, &world->world.lock, buf, len, err);
}

void
fake_stream_abort(void *self, struct cairn_stream *stream)
{
    struct fake_world *world = fake_world_of(self);

    if (stream == NULL)
        return;
    pthread_mutex_lock(&world->world.lock);
    bytes_put(stream->bytes, &world->budget);
    pthread_mutex_unlock(&world->world.lock);
    free(stream);
}

static int
same_bytes(const struct bytes *a, const struct bytes *b)
{
    enum { STEP = 65536 };
    char *buf = malloc(2 * STEP);
    size_t got_a = 0, got_b = 0;
    int same = buf != NULL && a->len == b->len;

    for (uint64_t at = 0; same && at < a->len; at += STEP)
        same = bytes_read(a, at, buf, STEP, &got_a, NULL) == 0 && bytes_read(b, at, buf + STEP, STEP, &got_b, NULL) == 0 && got_a == got_b &&
               memcmp(buf, buf + STEP, got_a) == 0;
    free(buf);
    return same;
}

/* The world is locked. */
static int
item_keep(struct fake_world *world, struct cairn_stream *stream, struct cairn_error *err)
{
    struct sim_map *map = &world->shelves[stream->shelf];
    struct fake_item *item = sim_map_get(map, stream->name);
    struct timespec now;

    if (item != NULL)
        return same_bytes(item->bytes, stream->bytes) ? 0 : cairn_fail(err, CAIRN_EXISTS, "'%s' is there with other bytes", stream->name);
    item = calloc(1, sizeof *item);
    if (item == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
    snprintf(item->name, sizeof item->name, "%s", stream->name);
    clock_gettime(CLOCK_REALTIME, &now);
    item->created_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    if (sim_map_put(map, item->name, item, err) < 0) {
        free(item);
        return -1;
    }
    item->bytes = stream->bytes;
    item->bytes->refs++;
    return 0;
}

/* Takes the stream in any case. */
static int
stream_commit(void *self, const char *op_name, struct cairn_stream *stream, struct cairn_error *err)
{
    int rc = fake_enter(self, NULL, op_name, err);

    if (rc == 0)
        rc = fake_leave(self, item_keep(fake_world_of(self), stream, err));
    fake_stream_abort(self, stream);
    return rc;
}

int
fake_image_open(void *self, const char *id, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err)
{
    (void)size_hint;
    return stream_open(self, IMAGES, "image_open", id, ret_stream, err);
}

int
fake_blob_open(void *self, const char *key, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err)
{
    (void)size_hint;
    return stream_open(self, BLOBS, "blob_open", key, ret_stream, err);
}

int
fake_image_write(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err)
{
    return stream_write(self, "image_write", stream, buf, len, err);
}

int
fake_blob_write(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err)
{
    return stream_write(self, "blob_write", stream, buf, len, err);
}

int
fake_image_commit(void *self, struct cairn_stream *stream, char ret_handle[256], struct cairn_error *err)
{
    char name[208];

    snprintf(name, sizeof name, "%s", stream->name);
    if (stream_commit(self, "image_commit", stream, err) < 0)
        return -1;
    snprintf(ret_handle, 256, "%s", name);
    return 0;
}

int
fake_blob_commit(void *self, struct cairn_stream *stream, struct cairn_error *err)
{
    return stream_commit(self, "blob_commit", stream, err);
}

/* -- reading -- */

/* A reference to the bytes, so that they can be read without the lock; give it back with bytes_leave(). */
static struct bytes *
bytes_enter(void *self, enum shelf shelf, const char *op_name, const char *name, struct cairn_error *err)
{
    struct fake_item *item;

    if (fake_enter(self, NULL, op_name, err) < 0)
        return NULL;
    item = item_find(fake_world_of(self), shelf, name, err);
    if (item != NULL)
        item->bytes->refs++;
    fake_leave(self, 0);
    return item != NULL ? item->bytes : NULL;
}

static int
bytes_leave(void *self, struct bytes *bytes, int rc)
{
    struct fake_world *world = fake_world_of(self);

    pthread_mutex_lock(&world->world.lock);
    bytes_put(bytes, &world->budget);
    return fake_leave(self, rc);
}

static int
shelf_read(void *self, enum shelf shelf, const char *op_name, const char *name, uint64_t offset, void *buf, size_t len, size_t *ret_len,
           struct cairn_error *err)
{
    struct bytes *bytes = bytes_enter(self, shelf, op_name, name, err);

    return bytes != NULL ? bytes_leave(self, bytes, bytes_read(bytes, offset, buf, len, ret_len, err)) : -1;
}

static int
shelf_fd(void *self, enum shelf shelf, const char *op_name, const char *name, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err)
{
    struct bytes *bytes = bytes_enter(self, shelf, op_name, name, err);
    char path[64];
    int fd;

    if (bytes == NULL)
        return -1;
    if (bytes->fd < 0)
        return bytes_leave(self, bytes, cairn_fail(err, CAIRN_UNSUPPORTED, "'%s' is in memory: it has no descriptor", name));
    snprintf(path, sizeof path, "/proc/self/fd/%d", bytes->fd);     /* a descriptor with a position of its own */
    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return bytes_leave(self, bytes, cairn_fail_errno(err, errno, "cannot open '%s'", name));
    *ret_fd = fd;
    *ret_size = bytes->len;
    return bytes_leave(self, bytes, 0);
}

static void
info_fill(const struct fake_item *item, struct cairn_blob_info *ret_info)
{
    snprintf(ret_info->key, sizeof ret_info->key, "%s", item->name);
    ret_info->size_bytes = item->bytes->len;
    ret_info->created_us = item->created_us;
}

static int
shelf_info(void *self, enum shelf shelf, const char *op_name, const char *name, struct cairn_blob_info *ret_info, struct cairn_error *err)
{
    struct fake_item *item;

    if (fake_enter(self, NULL, op_name, err) < 0)
        return -1;
    if ((item = item_find(fake_world_of(self), shelf, name, err)) != NULL)
        info_fill(item, ret_info);
    return fake_leave(self, item != NULL ? 0 : -1);
}

static int
shelf_delete(void *self, enum shelf shelf, const char *op_name, const char *name, struct cairn_error *err)
{
    struct fake_world *world = fake_world_of(self);

    if (!fake_name_ok(name, name_max[shelf]))
        return cairn_fail(err, CAIRN_INVALID, "'%.80s' cannot be a name here", name != NULL ? name : "(null)");
    if (fake_enter(self, NULL, op_name, err) < 0)
        return -1;
    item_free(world, sim_map_take(&world->shelves[shelf], name));
    return fake_leave(self, 0);
}

struct collecting {
    const struct fake_item **items;
    size_t len;
    const char *after;
};

static int
collect(void *arg, void *value)
{
    struct collecting *all = arg;
    const struct fake_item *item = value;

    if (all->after == NULL || strcmp(item->name, all->after) > 0)
        all->items[all->len++] = item;
    return 0;
}

static int
compare_items(const void *a, const void *b)
{
    return strcmp((*(const struct fake_item *const *)a)->name, (*(const struct fake_item *const *)b)->name);
}

static int
shelf_list(void *self, enum shelf shelf, const char *op_name, const char *after, struct cairn_sink *sink, struct cairn_error *err)
{
    const struct cairn_host *host = ((struct fake *)self)->inst.host;
    const struct sim_map *map = &fake_world_of(self)->shelves[shelf];
    struct collecting all = { NULL, 0, after };

    if (fake_enter(self, NULL, op_name, err) < 0)
        return -1;
    all.items = calloc(map->len + 1, sizeof *all.items);
    if (all.items == NULL)
        return fake_leave(self, cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory"));
    sim_map_each(map, collect, &all);
    qsort(all.items, all.len, sizeof *all.items, compare_items);
    for (size_t i = 0; i < all.len; i++) {
        struct cairn_blob_info info = { .size = sizeof info };

        info_fill(all.items[i], &info);
        if (host->emit(sink, &info) != 0)
            break;
    }
    free(all.items);
    return fake_leave(self, 0);
}

int
fake_image_read(void *self, const char *handle, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err)
{
    return shelf_read(self, IMAGES, "image_read", handle, offset, buf, len, ret_len, err);
}

int
fake_blob_read(void *self, const char *key, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err)
{
    return shelf_read(self, BLOBS, "blob_read", key, offset, buf, len, ret_len, err);
}

int
fake_image_fd(void *self, const char *handle, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err)
{
    return shelf_fd(self, IMAGES, "image_fd", handle, ret_fd, ret_size, err);
}

int
fake_blob_fd(void *self, const char *key, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err)
{
    return shelf_fd(self, BLOBS, "blob_fd", key, ret_fd, ret_size, err);
}

int
fake_image_info(void *self, const char *handle, struct cairn_blob_info *ret_info, struct cairn_error *err)
{
    return shelf_info(self, IMAGES, "image_info", handle, ret_info, err);
}

int
fake_blob_info(void *self, const char *key, struct cairn_blob_info *ret_info, struct cairn_error *err)
{
    return shelf_info(self, BLOBS, "blob_info", key, ret_info, err);
}

int
fake_image_delete(void *self, const char *handle, struct cairn_error *err)
{
    return shelf_delete(self, IMAGES, "image_delete", handle, err);
}

int
fake_blob_delete(void *self, const char *key, struct cairn_error *err)
{
    return shelf_delete(self, BLOBS, "blob_delete", key, err);
}

int
fake_image_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    return shelf_list(self, IMAGES, "image_list", NULL, sink, err);
}

int
fake_blob_list(void *self, const char *after, struct cairn_sink *sink, struct cairn_error *err)
{
    return shelf_list(self, BLOBS, "blob_list", after, sink, err);
}
