/* rbd_blob_read.c: storage driver "rbd": reading and listing blobs, and finding what crashed writers left. */
#include "rbd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum { PARTS = 16, PAGE = 16384, INFOS = 64 };

/* -- heads -- */

static int
head_parse(const char *attr, const char *key, struct ceph_head *ret)
{
    *ret = (struct ceph_head){ .size = 0 };
    snprintf(ret->key, sizeof ret->key, "%s", key);
    return sscanf(attr, "1 %" SCNu64 " %" SCNu64 " %" SCNx64 " %" SCNd64, &ret->size, &ret->chunk, &ret->stream, &ret->created_us) == 4 &&
           (ret->chunk == 0 || ret->chunk >= 4096);
}

static int
head_of_attr(rados_xattrs_iter_t iter, const char *key, struct ceph_head *ret)
{
    const char *name, *value;
    char text[160];
    size_t len;

    while (rados_getxattrs_next(iter, &name, &value, &len) == 0 && name != NULL)
        if (strcmp(name, CEPH_HEAD_ATTR) == 0 && len < sizeof text) {
            memcpy(text, value, len);
            text[len] = '\0';
            return head_parse(text, key, ret);
        }
    return 0;
}

/* One round trip for both: what the blob is, and the bytes of a small one. */
int
ceph_head_read(struct ceph_link *link, const char *key, struct ceph_head *ret_head, uint64_t offset, void *buf, size_t len, size_t *ret_len,
               struct cairn_error *err)
{
    rados_read_op_t op = rados_create_read_op();
    rados_xattrs_iter_t iter = NULL;
    size_t got = 0;
    int attrs_rc = 0, read_rc = 0, rc, ok;

    rados_read_op_getxattrs(op, &iter, &attrs_rc);
    if (len > 0)
        rados_read_op_read(op, offset, len, buf, &got, &read_rc);
    rc = rados_read_op_operate(op, link->blobs, key, 0);
    ok = rc == 0 && attrs_rc == 0 && read_rc >= 0 && head_of_attr(iter, key, ret_head);
    if (iter != NULL)
        rados_getxattrs_end(iter);
    rados_release_read_op(op);
    if (rc == -ENOENT)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no blob '%s' in pool '%s'", key, link->pool->blobs);
    if (rc < 0)
        return ceph_fail(link, rc, err, "cannot read blob '%s'", key);
    if (!ok)
        return cairn_fail(err, CAIRN_CORRUPT, "blob '%s' does not say what it is", key);
    if (ret_len != NULL)
        *ret_len = got;
    return 0;
}

static size_t
head_slot(const char *key)
{
    uint32_t hash = 2166136261u;

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    return (hash ^ hash >> 16) % CEPH_HEADS;
}

void
ceph_head_forget(struct ceph_pool *pool, const char *key)
{
    struct ceph_head *head = &pool->heads[head_slot(key)];

    pthread_mutex_lock(&pool->lock);
    if (strcmp(head->key, key) == 0)
        head->key[0] = '\0';
    pthread_mutex_unlock(&pool->lock);
}

/* -- bytes -- */

static int
wait_for(rados_completion_t done, size_t want)
{
    int rc;

    rados_aio_wait_for_complete(done);
    rc = rados_aio_get_return_value(done);
    rados_aio_release(done);
    return rc < 0 ? rc : (size_t)rc == want ? 0 : -ENODATA;
}

/* The pieces of several chunks at the same time. */
int
ceph_chunks_read(struct ceph_link *link, const struct ceph_head *head, uint64_t offset, void *buf, size_t len, struct cairn_error *err)
{
    char name[CEPH_CHUNK_NAME], *to = buf;
    int failed = 0, rc;

    while (len > 0 && failed == 0) {
        rados_completion_t done[PARTS];
        size_t want[PARTS];
        unsigned n = 0;

        while (len > 0 && n < PARTS && failed == 0) {
            uint64_t in = offset % head->chunk;

            want[n] = head->chunk - in < len ? (size_t)(head->chunk - in) : len;
            ceph_chunk_name(head->stream, offset / head->chunk, head->key, name);
            if ((failed = rados_aio_create_completion2(NULL, NULL, &done[n])) < 0)
                break;
            if ((failed = rados_aio_read(link->chunks, name, done[n], to, want[n], in)) < 0) {
                rados_aio_release(done[n]);
                break;
            }
            to += want[n];
            offset += want[n];
            len -= want[n];
            n++;
        }
        for (unsigned i = 0; i < n; i++)
            if ((rc = wait_for(done[i], want[i])) < 0 && failed == 0)
                failed = rc;
    }
    if (failed == -ENOENT || failed == -ENODATA)
        return cairn_fail(err, CAIRN_CORRUPT, "bytes of blob '%s' are missing in pool '%s'", head->key, link->pool->blobs);
    return failed < 0 ? ceph_fail(link, failed, err, "cannot read blob '%s'", head->key) : 0;
}

int
ceph_blob_read(void *self, const char *key, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err)
{
    struct ceph_pool *pool = self;
    struct ceph_head head;
    CEPH_LINK link = NULL;
    size_t got = 0, at;
    int known;

    if (ceph_key_check(key, err) < 0 || (link = ceph_get(pool, err)) == NULL)
        return -1;
    at = head_slot(key);
    pthread_mutex_lock(&pool->lock);
    known = strcmp(pool->heads[at].key, key) == 0;
    head = pool->heads[at];
    pthread_mutex_unlock(&pool->lock);
    if (!known) {
        if (ceph_head_read(link, key, &head, offset, buf, len, &got, err) < 0)
            return -1;
        if (head.chunk == 0) {
            *ret_len = got;
            return 0;
        }
        pthread_mutex_lock(&pool->lock);
        pool->heads[at] = head;
        pthread_mutex_unlock(&pool->lock);
    }
    if (offset >= head.size)
        len = 0;
    else if (len > head.size - offset)
        len = (size_t)(head.size - offset);
    if (len > 0 && ceph_chunks_read(link, &head, offset, buf, len, err) < 0) {
        ceph_head_forget(pool, key);
        return -1;
    }
    *ret_len = len;
    return 0;
}

static void
info_fill(const struct ceph_head *head, struct cairn_blob_info *ret_info)
{
    snprintf(ret_info->key, sizeof ret_info->key, "%s", head->key);
    ret_info->size_bytes = head->size;
    ret_info->created_us = head->created_us;
}

int
ceph_blob_info(void *self, const char *key, struct cairn_blob_info *ret_info, struct cairn_error *err)
{
    struct ceph_head head;
    CEPH_LINK link = NULL;

    if (ceph_key_check(key, err) < 0 || (link = ceph_get(self, err)) == NULL || ceph_head_read(link, key, &head, 0, NULL, 0, NULL, err) < 0)
        return -1;
    info_fill(&head, ret_info);
    return 0;
}

/* -- leftovers -- */

/* Does anybody answer who watches this chunk 0? */
static int
is_watched(struct ceph_link *link, const char *name)
{
    char *reply = NULL;
    struct notify_ack_t *acks = NULL;
    struct notify_timeout_t *silent = NULL;
    size_t reply_len = 0, n_acks = 0, n_silent = 0;
    int rc = rados_notify2(link->chunks, name, "", 0, 5000, &reply, &reply_len), watched = 1;

    if (reply != NULL && rados_decode_notify_response(reply, reply_len, &acks, &n_acks, &silent, &n_silent) == 0) {
        watched = n_acks + n_silent > 0;        /* one that is silent may only be slow; the cluster drops it when it is dead */
        rados_free_notify_response(acks, n_acks, silent);
    } else if (rc == -ENOENT)
        watched = 0;
    if (reply != NULL)
        rados_buffer_free(reply);
    return watched;
}

static void
sweep_chunk(struct ceph_link *link, const char *name)
{
    const struct cairn_host *host = link->pool->host;
    struct cairn_error why = CAIRN_ERROR_INIT;
    struct ceph_head head;
    uint64_t stream, size;
    const char *key;
    time_t changed = 0;
    int at = 0;

    if (sscanf(name, "%16" SCNx64 ".00000000.%n", &stream, &at) != 1 || at != 26 || !ceph_name_ok(name + at, 200))
        return;
    key = name + at;
    if (rados_stat(link->chunks, name, &size, &changed) < 0 || changed > time(NULL) - link->pool->left_s || is_watched(link, name))
        return;
    /* asked last: the watch ends only after the head was made */
    if (ceph_head_read(link, key, &head, 0, NULL, 0, NULL, &why) == 0 ? head.stream == stream : why.code != CAIRN_NOT_FOUND)
        return;
    host->log(host->instance, CAIRN_LOG_INFO, "removing the bytes of blob '%s': whoever wrote them is gone", key);
    ceph_chunks_remove(link, stream, key, 0);
}

/* -- lists -- */

static int
each_object(struct ceph_link *link, rados_ioctx_t io, void (*fn)(void *arg, const char *name), void *arg, struct cairn_error *err)
{
    rados_list_ctx_t list;
    const char *name;
    int rc = rados_nobjects_list_open(io, &list);

    if (rc < 0)
        return ceph_fail(link, rc, err, "cannot list pool '%s'", link->pool->blobs);
    while ((rc = rados_nobjects_list_next(list, &name, NULL, NULL)) == 0)
        fn(arg, name);
    rados_nobjects_list_close(list);
    return rc == -ENOENT ? 0 : ceph_fail(link, rc, err, "cannot list pool '%s'", link->pool->blobs);
}

static void
sweep_one(void *arg, const char *name)
{
    sweep_chunk(arg, name);
}

/* The smallest PAGE names behind 'after': the cluster knows no order, so each page is a pass over all names; as a max-heap it takes
 * bounded memory. */
struct page {
    const char *after;          /* NULL or "": from the first */
    size_t len;
    char *names[PAGE];
};

static void
heap_down(struct page *page)
{
    size_t i = 0, largest = 0;

    for (;;) {
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < page->len; child++)
            if (strcmp(page->names[child], page->names[largest]) > 0)
                largest = child;
        if (largest == i)
            return;
        char *moved = page->names[i];

        page->names[i] = page->names[largest];
        page->names[largest] = moved;
        i = largest;
    }
}

static void
page_add(void *arg, const char *name)
{
    struct page *page = arg;
    char *copy;

    if ((page->after != NULL && strcmp(name, page->after) <= 0) || !ceph_name_ok(name, 200) ||
        (page->len == PAGE && strcmp(name, page->names[0]) >= 0) || (copy = strdup(name)) == NULL)
        return;
    if (page->len == PAGE) {
        free(page->names[0]);
        page->names[0] = copy;
        heap_down(page);
        return;
    }
    page->names[page->len++] = copy;
    for (size_t i = page->len - 1; i > 0 && strcmp(page->names[i], page->names[(i - 1) / 2]) > 0; i = (i - 1) / 2) {
        char *moved = page->names[i];

        page->names[i] = page->names[(i - 1) / 2];
        page->names[(i - 1) / 2] = moved;
    }
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Asks for the attributes of up to INFOS heads at the same time, then tells them in order.  1: the daemon wants no more. */
static int
emit_some(struct ceph_link *link, struct cairn_sink *sink, char *const *names, size_t n)
{
    rados_completion_t done[INFOS];
    char attrs[INFOS][160] = { "" };
    int enough = 0, rc;

    for (size_t i = 0; i < n; i++) {
        if (rados_aio_create_completion2(NULL, NULL, &done[i]) < 0)
            done[i] = NULL;
        else if (rados_aio_getxattr(link->blobs, names[i], done[i], CEPH_HEAD_ATTR, attrs[i], sizeof attrs[i] - 1) < 0) {
            rados_aio_release(done[i]);
            done[i] = NULL;
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct cairn_blob_info info = { .size = sizeof info };
        struct ceph_head head;

        if (done[i] == NULL)
            continue;
        rados_aio_wait_for_complete(done[i]);
        rc = rados_aio_get_return_value(done[i]);
        rados_aio_release(done[i]);
        if (rc < 0 || enough || !head_parse(attrs[i], names[i], &head))      /* deleted meanwhile */
            continue;
        info_fill(&head, &info);
        enough = link->pool->host->emit(sink, &info) != 0;
    }
    return enough;
}

int
ceph_blob_list(void *self, const char *after, struct cairn_sink *sink, struct cairn_error *err)
{
    CEPH_LINK link = ceph_get(self, err);
    struct page *page;
    char last[CEPH_HANDLE] = "";
    int enough = 0, full, rc = 0;

    if (link == NULL)
        return -1;
    if (after == NULL && each_object(link, link->chunks, sweep_one, link, err) < 0)
        return -1;
    if ((page = calloc(1, sizeof *page)) == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a list");
    do {
        page->len = 0;
        page->after = last[0] != '\0' ? last : after;
        rc = each_object(link, link->blobs, page_add, page, err);
        full = page->len == PAGE;
        qsort(page->names, page->len, sizeof page->names[0], compare_names);
        if (page->len > 0)
            snprintf(last, sizeof last, "%s", page->names[page->len - 1]);
        for (size_t i = 0; i < page->len && rc == 0 && !enough; i += INFOS)
            enough = emit_some(link, sink, page->names + i, page->len - i < INFOS ? page->len - i : INFOS);
        for (size_t i = 0; i < page->len; i++)
            free(page->names[i]);
    } while (rc == 0 && full && !enough);
    free(page);
    return rc;
}
