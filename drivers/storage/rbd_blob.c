/* rbd_blob.c: storage driver "rbd": writing and deleting blobs.
 *
 * The head is made last and by one operation, so a blob is whole or not there.  What a small blob has is in its head: one operation for
 * all of it.  Larger ones are cut into chunks, written as they come; chunk 0 comes first and goes last, and is watched by its writer. */
#include "rbd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum { SLOTS = 4, FIRST = 4096, REMOVE_AT_ONCE = 16, HOLES = 32 };
#define PIECE (UINT64_C(256) << 10)     /* what is written at once, and the most that is in a head */

struct slot {
    char *buf;                  /* owned; stays as it is while 'done' is there */
    rados_completion_t done;    /* NULL: free */
};

struct cairn_stream {
    struct ceph_link *link;     /* a reference */
    struct slot slots[SLOTS];
    size_t slot, fill, room;    /* the one being filled, its bytes, its size */
    uint64_t number, written, cookie;   /* of the stream; its bytes without 'fill'; of the watch on chunk 0 */
    int watching, failed;       /* -errno of a write */
    char key[CEPH_HANDLE];
};

int
ceph_key_check(const char *key, struct cairn_error *err)
{
    return ceph_name_ok(key, 200) ? 0 : cairn_fail(err, CAIRN_INVALID, "'%.64s' is no blob key: need 1 to 200 of A-Z a-z 0-9 . _ -, without a dot in front",
                                                   key != NULL ? key : "(null)");
}

/* Numbers first: a key may hold dots. */
void
ceph_chunk_name(uint64_t stream, uint64_t number, const char *key, char ret_name[CEPH_CHUNK_NAME])
{
    snprintf(ret_name, CEPH_CHUNK_NAME, "%016" PRIx64 ".%08" PRIx64 ".%s", stream, number, key);
}

/* -- removing -- */

/* Removes chunks [from, from + n); answers how many were there. */
static unsigned
remove_some(struct ceph_link *link, uint64_t stream, const char *key, uint64_t from, unsigned n)
{
    rados_completion_t done[REMOVE_AT_ONCE] = { NULL };
    char name[CEPH_CHUNK_NAME];
    unsigned there = 0;

    for (unsigned i = 0; i < n; i++) {
        ceph_chunk_name(stream, from + i, key, name);
        if (rados_aio_create_completion2(NULL, NULL, &done[i]) < 0)
            done[i] = NULL;
        else if (rados_aio_remove(link->chunks, name, done[i]) < 0) {
            rados_aio_release(done[i]);
            done[i] = NULL;
        }
    }
    for (unsigned i = 0; i < n; i++)
        if (done[i] != NULL) {
            rados_aio_wait_for_complete(done[i]);
            there += rados_aio_get_return_value(done[i]) == 0;
            rados_aio_release(done[i]);
        }
    return there;
}

void
ceph_chunks_remove(struct ceph_link *link, uint64_t stream, const char *key, uint64_t count)
{
    unsigned missing = 0, n;

    /* Writes and removals run side by side, so a crash may leave holes, but no wider ones than that. */
    for (uint64_t at = 1; count > 0 ? at < count : missing < HOLES; at += n) {
        n = count > 0 && count - at < REMOVE_AT_ONCE ? (unsigned)(count - at) : REMOVE_AT_ONCE;
        missing = remove_some(link, stream, key, at, n) > 0 ? 0 : missing + n;
    }
    remove_some(link, stream, key, 0, 1);
}

/* -- streams -- */

static void
on_notify(void *arg, uint64_t notify_id, uint64_t handle, uint64_t notifier_id, void *data, size_t len)
{
    struct cairn_stream *stream = arg;
    char name[CEPH_CHUNK_NAME];

    (void)notifier_id, (void)data, (void)len;
    ceph_chunk_name(stream->number, 0, stream->key, name);
    rados_notify_ack(stream->link->chunks, name, notify_id, handle, NULL, 0);       /* somebody asks whether this writer lives */
}

static void
on_watch_lost(void *arg, uint64_t cookie, int rc)
{
    (void)arg, (void)cookie, (void)rc;          /* the commit asks whether the watch still stands */
}

static void
slot_wait(struct cairn_stream *stream, struct slot *slot)
{
    int rc;

    if (slot->done == NULL)
        return;
    rados_aio_wait_for_complete(slot->done);
    rc = rados_aio_get_return_value(slot->done);
    rados_aio_release(slot->done);
    slot->done = NULL;
    if (rc < 0 && stream->failed == 0)
        stream->failed = rc;
}

static void
slots_wait(struct cairn_stream *stream)
{
    for (size_t i = 0; i < SLOTS; i++)
        slot_wait(stream, &stream->slots[i]);
}

static void
unwatch(struct cairn_stream *stream)
{
    if (!stream->watching)
        return;
    rados_unwatch2(stream->link->chunks, stream->cookie);
    rados_watch_flush(stream->link->cluster);   /* no callback runs from here on */
    stream->watching = 0;
}

static void
stream_free(struct cairn_stream *stream)
{
    slots_wait(stream);
    unwatch(stream);
    for (size_t i = 0; i < SLOTS; i++)
        free(stream->slots[i].buf);
    ceph_put(stream->link);
    free(stream);
}

static uint64_t
chunks_of(const struct cairn_stream *stream)
{
    uint64_t chunk = stream->link->pool->chunk;

    return (stream->written + chunk - 1) / chunk;
}

void
ceph_blob_abort(void *self, struct cairn_stream *stream)
{
    (void)self;
    if (stream == NULL)
        return;
    slots_wait(stream);
    unwatch(stream);
    if (stream->written > 0)
        ceph_chunks_remove(stream->link, stream->number, stream->key, chunks_of(stream));
    stream_free(stream);
}

int
ceph_blob_open(void *self, const char *key, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err)
{
    struct cairn_stream *stream;
    struct ceph_link *link;

    if (ceph_key_check(key, err) < 0 || (link = ceph_get(self, err)) == NULL)
        return -1;
    if ((stream = calloc(1, sizeof *stream)) == NULL) {
        ceph_put(link);
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a stream");
    }
    stream->link = link;
    stream->room = size_hint > PIECE ? PIECE : size_hint < FIRST ? FIRST : (size_t)size_hint;
    snprintf(stream->key, sizeof stream->key, "%s", key);
    while (getrandom(&stream->number, sizeof stream->number, 0) < 0 && errno == EINTR)
        ;
    *ret_stream = stream;
    return 0;
}

/* Chunk 0 must be there before it can be watched, and watched before anything else is. */
static int
first_piece(struct cairn_stream *stream, const char *buf, size_t len)
{
    char name[CEPH_CHUNK_NAME];
    int rc;

    ceph_chunk_name(stream->number, 0, stream->key, name);
    if ((rc = rados_write(stream->link->chunks, name, buf, len, 0)) < 0)
        return rc;
    rc = rados_watch3(stream->link->chunks, name, &stream->cookie, on_notify, on_watch_lost, stream->link->pool->left_s, stream);
    stream->watching = rc == 0;
    return rc;
}

static int
submit(struct cairn_stream *stream, struct slot *slot, size_t len)
{
    uint64_t chunk = stream->link->pool->chunk;
    char name[CEPH_CHUNK_NAME];
    int rc;

    if (stream->written == 0)
        return first_piece(stream, slot->buf, len);
    ceph_chunk_name(stream->number, stream->written / chunk, stream->key, name);     /* a chunk is a whole number of pieces */
    if ((rc = rados_aio_create_completion2(NULL, NULL, &slot->done)) < 0)
        return rc;
    if ((rc = rados_aio_write(stream->link->chunks, name, slot->done, slot->buf, len, stream->written % chunk)) < 0) {
        rados_aio_release(slot->done);
        slot->done = NULL;
    }
    return rc;
}

static int
send_off(struct cairn_stream *stream, struct cairn_error *err)
{
    int rc = submit(stream, &stream->slots[stream->slot], stream->fill);

    if (rc < 0 && stream->failed == 0)
        stream->failed = rc;
    stream->written += stream->fill;
    stream->fill = 0;
    stream->slot = (stream->slot + 1) % SLOTS;
    stream->room = PIECE;
    slot_wait(stream, &stream->slots[stream->slot]);
    return stream->failed < 0 ? ceph_fail(stream->link, stream->failed, err, "cannot write '%s'", stream->key) : 0;
}

/* Room for what comes: a small blob takes little memory. */
static int
grow(struct cairn_stream *stream, size_t len)
{
    struct slot *slot = &stream->slots[stream->slot];
    size_t room = stream->room;
    char *buf;

    while (room < PIECE && room - stream->fill < len)
        room *= 2;
    room = room > PIECE ? PIECE : room;
    if (slot->buf != NULL && room == stream->room)
        return 0;
    if ((buf = realloc(slot->buf, room)) == NULL)
        return -1;
    slot->buf = buf;
    stream->room = room;
    return 0;
}

int
ceph_blob_write(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err)
{
    const char *from = buf;
    size_t n;

    (void)self;
    while (len > 0) {
        if (stream->fill == PIECE && send_off(stream, err) < 0)     /* only when more comes: a blob of one piece fits its head */
            return -1;
        if (grow(stream, len) < 0)
            return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a stream");
        n = stream->room - stream->fill < len ? stream->room - stream->fill : len;
        memcpy(stream->slots[stream->slot].buf + stream->fill, from, n);
        stream->fill += n;
        from += n;
        len -= n;
    }
    return 0;
}

static int
write_head(struct cairn_stream *stream, const char *bytes, size_t len)
{
    rados_write_op_t op = rados_create_write_op();
    char attr[160];
    struct timespec now;
    int rc, n;

    clock_gettime(CLOCK_REALTIME, &now);
    n = snprintf(attr, sizeof attr, "1 %" PRIu64 " %" PRIu64 " %016" PRIx64 " %" PRId64, stream->written + len,
                 stream->written > 0 ? stream->link->pool->chunk : 0, stream->number, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    rados_write_op_create(op, LIBRADOS_CREATE_EXCLUSIVE, NULL);
    rados_write_op_setxattr(op, CEPH_HEAD_ATTR, attr, (size_t)n);
    if (len > 0)
        rados_write_op_write_full(op, bytes, len);
    rc = rados_write_op_operate(op, stream->link->blobs, stream->key, NULL, 0);
    rados_release_write_op(op);
    return rc;
}

/* 1: the blob of that key has the stream's bytes: an upload that was committed before a crash is being done again. */
static int
same_bytes(struct cairn_stream *stream, const char *bytes, size_t len)
{
    enum { COMPARE = 1 << 20 };
    struct ceph_head mine = { .size = stream->written, .chunk = stream->link->pool->chunk, .stream = stream->number }, head;
    char *buf = malloc(2 * COMPARE);
    size_t got = 0;
    int same;

    snprintf(mine.key, sizeof mine.key, "%s", stream->key);
    same = buf != NULL && ceph_head_read(stream->link, stream->key, &head, 0, buf, COMPARE, &got, NULL) == 0 && head.size == stream->written + len &&
           (head.chunk == 0) == (stream->written == 0);
    if (same && head.chunk == 0)
        same = got == len && (len == 0 || memcmp(buf, bytes, len) == 0);
    for (uint64_t at = 0; same && at < stream->written; at += got) {
        got = stream->written - at < COMPARE ? (size_t)(stream->written - at) : COMPARE;
        same = ceph_chunks_read(stream->link, &mine, at, buf, got, NULL) == 0 &&
               ceph_chunks_read(stream->link, &head, at, buf + COMPARE, got, NULL) == 0 && memcmp(buf, buf + COMPARE, got) == 0;
    }
    free(buf);
    return same;
}

int
ceph_blob_commit(void *self, struct cairn_stream *stream, struct cairn_error *err)
{
    struct slot *slot = &stream->slots[stream->slot];
    int rc = 0;

    if (stream->written > 0 && stream->fill > 0)
        rc = send_off(stream, err);
    if (rc == 0) {
        slots_wait(stream);
        if ((rc = stream->failed) == 0 && stream->watching && (rc = rados_watch_check(stream->link->chunks, stream->cookie)) > 0)
            rc = 0;                             /* else chunks may have been taken for leftovers */
        if (rc == 0)
            rc = write_head(stream, slot->buf, stream->fill);
        if (rc == 0) {
            stream_free(stream);
            return 0;
        }
        rc = rc == -EEXIST && same_bytes(stream, slot->buf, stream->fill) ? 0 : ceph_fail(stream->link, rc, err, "cannot keep '%s'", stream->key);
    }
    ceph_blob_abort(self, stream);
    return rc;
}

/* -- delete -- */

int
ceph_blob_delete(void *self, const char *key, struct cairn_error *err)
{
    struct ceph_pool *pool = self;
    struct cairn_error why = CAIRN_ERROR_INIT;
    struct ceph_head head;
    CEPH_LINK link = NULL;
    int rc;

    if (ceph_key_check(key, err) < 0 || (link = ceph_get(pool, err)) == NULL)
        return -1;
    ceph_head_forget(pool, key);
    if (ceph_head_read(link, key, &head, 0, NULL, 0, NULL, &why) < 0) {
        if (why.code == CAIRN_NOT_FOUND)
            return 0;
        if (why.code != CAIRN_CORRUPT) {        /* a damaged head can be deleted */
            if (err != NULL)
                *err = why;
            return -1;
        }
        head.chunk = 0;
    }
    if ((rc = rados_remove(link->blobs, key)) < 0 && rc != -ENOENT)
        return ceph_fail(link, rc, err, "cannot delete '%s'", key);
    if (head.chunk > 0)
        ceph_chunks_remove(link, head.stream, key, (head.size + head.chunk - 1) / head.chunk);
    return 0;
}
