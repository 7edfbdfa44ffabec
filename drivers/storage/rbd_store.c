/* rbd_store.c: storage driver "rbd": the image store.  An image is the bytes that were uploaded, whatever their format; a raw one is
 * what volumes are cloned from. */
#include "rbd.h"

#include <inttypes.h>
#include <stdlib.h>

enum { SLOTS = 4 };             /* writes in flight */
#define PIECE (UINT64_C(256) << 10)
#define STEP  (UINT64_C(1) << 30)       /* what an upload of unknown size grows by */

struct slot {
    char *buf;                  /* owned; stays as it is while 'done' is there */
    rbd_completion_t done;      /* NULL: free */
};

struct cairn_stream {
    struct ceph_link *link;     /* a reference */
    rbd_image_t image;
    struct slot slots[SLOTS];
    size_t slot, fill;          /* the one being filled, and its bytes */
    uint64_t size, written;     /* of the image; of the stream without 'fill' */
    int failed;                 /* -errno of a write */
    char part[CEPH_NAME], name[CEPH_NAME];
};

static void
slot_wait(struct cairn_stream *stream, struct slot *slot)
{
    int rc;

    if (slot->done == NULL)
        return;
    rbd_aio_wait_for_complete(slot->done);
    rc = (int)rbd_aio_get_return_value(slot->done);
    rbd_aio_release(slot->done);
    slot->done = NULL;
    if (rc < 0 && stream->failed == 0)
        stream->failed = rc;
}

static void
stream_free(struct cairn_stream *stream)
{
    for (size_t i = 0; i < SLOTS; i++) {
        slot_wait(stream, &stream->slots[i]);
        free(stream->slots[i].buf);
    }
    ceph_close_at(&stream->image);
    ceph_put(stream->link);
    free(stream);
}

void
ceph_image_abort(void *self, struct cairn_stream *stream)
{
    struct ceph_link *link;
    char part[CEPH_NAME];

    (void)self;
    if (stream == NULL)
        return;
    link = ceph_ref(stream->link);
    memcpy(part, stream->part, sizeof part);
    stream_free(stream);
    ceph_drop(link, link->images, part);
    ceph_put(link);
}

int
ceph_image_open(void *self, const char *id, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err)
{
    struct cairn_stream *stream;
    char name[CEPH_NAME];
    struct ceph_link *link;

    if (ceph_name(CEPH_IMAGE, id, name, err) < 0 || (link = ceph_get(self, err)) == NULL)
        return -1;
    if ((stream = calloc(1, sizeof *stream)) == NULL) {
        ceph_put(link);
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a stream");
    }
    stream->link = link;
    stream->size = size_hint > 0 ? size_hint : STEP;
    memcpy(stream->name, name, sizeof name);
    ceph_part_name(stream->part);
    if (ceph_create(link, link->images, stream->part, stream->size, err) < 0 || ceph_open(link, link->images, stream->part, 1, &stream->image, err) < 0) {
        ceph_image_abort(self, stream);
        return -1;
    }
    *ret_stream = stream;
    return 0;
}

static int
is_zero(const char *buf, size_t len)
{
    return len == 0 || (buf[0] == 0 && memcmp(buf, buf + 1, len - 1) == 0);
}

static int
submit(struct cairn_stream *stream, struct slot *slot, size_t len)
{
    int rc;

    if (stream->written + len > stream->size) {
        stream->size = stream->written + len + STEP;
        if ((rc = rbd_resize(stream->image, stream->size)) < 0)
            return rc;
    }
    if (is_zero(slot->buf, len))                /* a new image reads as zeros */
        return 0;
    if ((rc = rbd_aio_create_completion(NULL, NULL, &slot->done)) < 0)
        return rc;
    if ((rc = rbd_aio_write(stream->image, stream->written, len, slot->buf, slot->done)) < 0) {
        rbd_aio_release(slot->done);
        slot->done = NULL;
    }
    return rc;
}

/* Sends off what was gathered; the next slot is free then. */
static int
send_off(struct cairn_stream *stream, struct cairn_error *err)
{
    int rc = submit(stream, &stream->slots[stream->slot], stream->fill);

    if (rc < 0 && stream->failed == 0)
        stream->failed = rc;
    stream->written += stream->fill;
    stream->fill = 0;
    stream->slot = (stream->slot + 1) % SLOTS;
    slot_wait(stream, &stream->slots[stream->slot]);
    return stream->failed < 0 ? ceph_fail(stream->link, stream->failed, err, "cannot write '%s'", stream->name) : 0;
}

int
ceph_image_write(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err)
{
    const char *from = buf;

    (void)self;
    while (len > 0) {
        struct slot *slot = &stream->slots[stream->slot];
        size_t n = PIECE - stream->fill < len ? PIECE - stream->fill : len;

        if (slot->buf == NULL && (slot->buf = malloc(PIECE)) == NULL)
            return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a stream");
        memcpy(slot->buf + stream->fill, from, n);
        stream->fill += n;
        from += n;
        len -= n;
        if (stream->fill == PIECE && send_off(stream, err) < 0)
            return -1;
    }
    return 0;
}

/* All bytes are in the cluster, the size is what it shall be, and volumes have a snapshot to be cloned from. */
static int
settle(struct cairn_stream *stream, struct cairn_error *err)
{
    int rc = 0;

    if (stream->fill > 0 && send_off(stream, err) < 0)
        return -1;
    for (size_t i = 0; i < SLOTS; i++)
        slot_wait(stream, &stream->slots[i]);
    if ((rc = stream->failed) == 0 && (rc = rbd_flush(stream->image)) == 0 && stream->size != stream->written)
        rc = rbd_resize(stream->image, stream->written);
    if (rc == 0 && (rc = rbd_snap_create(stream->image, CEPH_SNAP)) == 0)
        rc = rbd_snap_protect(stream->image, CEPH_SNAP);
    return rc < 0 ? ceph_fail(stream->link, rc, err, "cannot keep '%s'", stream->name) : 0;
}

/* 1: the image of that name has the stream's bytes: an upload that was committed before a crash is being done again. */
static int
same_bytes(struct ceph_pool *pool, struct cairn_stream *stream)
{
    enum { COMPARE = 1 << 20 };
    char *mine = malloc(2 * COMPARE);
    size_t got = 0, theirs = 0;
    int same = mine != NULL;

    for (uint64_t at = 0; same && at <= stream->written; at += COMPARE)         /* at the end both have nothing */
        same = ceph_read(pool, ceph_io_images, stream->part, at, mine, COMPARE, &got, NULL) == 0 &&
               ceph_read(pool, ceph_io_images, stream->name, at, mine + COMPARE, COMPARE, &theirs, NULL) == 0 && got == theirs &&
               memcmp(mine, mine + COMPARE, got) == 0;
    free(mine);
    ceph_forget(pool, stream->part);
    return same;
}

int
ceph_image_commit(void *self, struct cairn_stream *stream, char ret_handle[256], struct cairn_error *err)
{
    struct ceph_pool *pool = self;
    int rc;

    if (settle(stream, err) < 0) {
        ceph_image_abort(self, stream);
        return -1;
    }
    ceph_close_at(&stream->image);
    snprintf(ret_handle, 256, "%s", stream->name);
    rc = rbd_rename(stream->link->images, stream->part, stream->name);
    if (rc == 0) {
        stream_free(stream);
        return 0;
    }
    if (rc == -EEXIST && same_bytes(pool, stream))
        rc = 0;
    else
        rc = ceph_fail(stream->link, rc, err, "cannot keep '%s'", stream->name);
    ceph_image_abort(self, stream);
    return rc;
}

/* -- reading -- */

int
ceph_image_read(void *self, const char *handle, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err)
{
    const char *id;

    return ceph_handle(CEPH_IMAGE, handle, &id, err) < 0 ? -1 : ceph_read(self, ceph_io_images, handle, offset, buf, len, ret_len, err);
}

/* Made when its snapshot was: at the commit. */
static int
info_of(struct ceph_link *link, const char *name, struct cairn_blob_info *ret_info, struct cairn_error *err)
{
    CEPH_IMAGE_OPEN image = NULL;
    struct timespec made = { 0, 0 };
    uint64_t size, snap;
    int rc;

    if (ceph_open(link, link->images, name, 0, &image, err) < 0)
        return -1;
    if ((rc = rbd_get_size(image, &size)) < 0 ||
        (rc = rbd_snap_get_id(image, CEPH_SNAP, &snap) == 0 ? rbd_snap_get_timestamp(image, snap, &made) : rbd_get_create_timestamp(image, &made)) < 0)
        return ceph_fail(link, rc, err, "cannot read what '%s' is", name);
    snprintf(ret_info->key, sizeof ret_info->key, "%s", name);
    ret_info->size_bytes = size;
    ret_info->created_us = (int64_t)made.tv_sec * 1000000 + made.tv_nsec / 1000;
    return 0;
}

int
ceph_image_info(void *self, const char *handle, struct cairn_blob_info *ret_info, struct cairn_error *err)
{
    CEPH_LINK link = NULL;
    const char *id;

    if (ceph_handle(CEPH_IMAGE, handle, &id, err) < 0 || (link = ceph_get(self, err)) == NULL)
        return -1;
    return info_of(link, handle, ret_info, err);
}

int
ceph_image_delete(void *self, const char *handle, struct cairn_error *err)
{
    struct ceph_pool *pool = self;
    CEPH_LINK link = NULL;
    const char *id;

    if (ceph_handle(CEPH_IMAGE, handle, &id, err) < 0 || (link = ceph_get(pool, err)) == NULL)
        return -1;
    ceph_forget(pool, handle);
    return ceph_delete(link, link->images, handle, CEPH_SNAP, err);
}

int
ceph_image_connect(void *self, const char *handle, struct cairn_connection *ret_connection, struct cairn_error *err)
{
    struct ceph_pool *pool = self;
    struct cairn_blob_info info = { .size = sizeof info };

    if (ceph_image_info(self, handle, &info, err) < 0)
        return -1;
    /* RAW: the bytes as they are.  What they hold was pinned at upload and is for the caller to put here. */
    ceph_connection(pool, pool->images, handle, info.size_bytes, ret_connection);
    ret_connection->read_only = 1;
    return 0;
}

struct listing { struct ceph_link *link; struct cairn_sink *sink; };

static int
emit_image(void *arg, const char *name)
{
    struct listing *list = arg;
    struct cairn_blob_info info = { .size = sizeof info };

    if (!ceph_name_ok(name, CEPH_NAME) || info_of(list->link, name, &info, NULL) < 0)      /* deleted meanwhile */
        return 0;
    return list->link->pool->host->emit(list->sink, &info) != 0;
}

int
ceph_image_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    CEPH_LINK link = ceph_get(self, err);
    struct listing list = { link, sink };

    if (link == NULL)
        return -1;
    ceph_sweep(link, link->images);
    return ceph_each(link, link->images, CEPH_IMAGE, emit_image, &list, err);
}
